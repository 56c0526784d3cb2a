/* visitor_page_html.c - pages of our own, written: every value is escaped here and nowhere else */
#include "visitor_page.h"

#include <string.h>

#include "json.h"
#include "static_files.h"

#define LANGUAGES_MAX 16		/* of a header that are looked at */

/* ---- words ---- */

static struct json_object *words_of(const char *language)
{
	g_autofree char *name = g_strdup_printf("lang-%s.json", language);
	const struct hg_static *file = hg_static_get(&hg_widget_files, name);

	return file ? hg_json_parse((const char *)file->file->bytes, file->file->len, NULL, NULL) : NULL;
}

/* The key itself, where a language lacks it: seen, and not empty. */
static const char *word(struct json_object *words, const char *key)
{
	const char *text = hg_json_str(words, key);

	return text ? text : key;
}

char *hg_page_word(const char *language, const char *key)
{
	g_autoptr(json_object) words = words_of(language);

	return g_strdup(word(words, key));
}

/* Is it one of ours ("pt" is "pt-BR" where there is no other)?  Lent for ever. */
static const char *spoken(const char *tag)
{
	gsize main = strcspn(tag, "-_");

	for (gsize i = 0; hg_widget_files.files[i].name; i++) {
		const char *name = hg_widget_files.files[i].name;
		gsize len = g_str_has_prefix(name, "lang-") ? strcspn(name + 5, "-.") : 0;

		if (len && len == main && g_ascii_strncasecmp(name + 5, tag, len) == 0) {
			g_autofree char *own = g_strndup(name + 5, strcspn(name + 5, "."));

			return g_intern_string(own);	/* of as many as there are files */
		}
	}
	return NULL;
}

static gboolean is_offered(char *const *offered, const char *language)
{
	gsize len = strcspn(language, "-");

	for (char *const *one = offered; one && *one; one++)
		if (g_ascii_strncasecmp(*one, language, len) == 0)
			return TRUE;
	return !offered || !*offered;
}

const char *hg_page_language(const char *header, char *const *offered)
{
	g_auto(GStrv) tags = g_strsplit(header ?: "", ",", LANGUAGES_MAX);

	for (char **tag = tags; *tag; tag++) {
		char *name = g_strstrip(*tag);
		const char *found;

		name[strcspn(name, "; ,")] = '\0';
		found = spoken(name);
		if (found && is_offered(offered, found))
			return found;
	}
	if (offered && *offered && spoken(*offered))
		return spoken(*offered);
	return "en";
}

static const char *direction(const char *language)
{
	return g_str_has_prefix(language, "ar") || g_str_has_prefix(language, "he") || g_str_has_prefix(language, "fa")
		? "rtl" : "ltr";
}

/* ---- HTML ---- */

/* format is HTML; every %s in it is a text, escaped. */
G_GNUC_PRINTF(2, 3)
static void put(GString *out, const char *format, ...)
{
	g_autofree char *made = NULL;
	va_list args;

	va_start(args, format);
	made = g_markup_vprintf_escaped(format, args);
	va_end(args);
	g_string_append(out, made);
}

/* The name under which a file of the widget's is served; "" when it is not built. */
static const char *served(const char *name)
{
	const struct hg_static *file = hg_static_get(&hg_widget_files, name);

	return file ? file->name : "";
}

static void put_style(GString *out)
{
	put(out, "<link rel=\"stylesheet\" href=\"/widget/%s\">\n", served("page.css"));
}

static void put_head(GString *out, const struct visitor_page *page)
{
	put(out, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n", page->language,
	    direction(page->language));
	g_string_append(out, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1, viewport-fit=cover, "
			"interactive-widget=resizes-content\">\n<meta name=\"robots\" content=\"noindex\">\n");
	put(out, "<meta name=\"color-scheme\" content=\"%s\">\n<meta name=\"theme-color\" content=\"%s\">\n<title>%s</title>\n",
	    g_strcmp0(page->mode, "dark") == 0 ? "dark" : g_strcmp0(page->mode, "light") == 0 ? "light" : "light dark",
	    page->accent, page->title);
	put_style(out);
	/* Both are colours, see the options; no other style has a value in it. */
	put(out, "<style nonce=\"%s\">:root{--accent:%s;--on-accent:%s}</style>\n", page->nonce, page->accent, page->on_accent);
	if (!page->plain)
		g_string_append(out, "<script async src=\"/widget/v1.js\"></script>\n");
	if (!page->plain && page->embed)
		put(out, "<script defer src=\"/widget/%s\"></script>\n", served("page.js"));
	g_string_append(out, "</head>\n");
}

/* ---- what was said ---- */

static void put_files(GString *out, struct json_object *files)
{
	gsize n = files ? json_object_array_length(files) : 0;

	for (gsize i = 0; i < n; i++) {
		struct json_object *file = json_object_array_get_idx(files, i);
		const char *url = hg_json_str(file, "url");

		if (url)
			put(out, "<p><a href=\"%s&amp;download=1\" rel=\"noopener\">%s</a></p>\n", url,
			    hg_json_str(file, "name") ?: "file");
		else
			put(out, "<p>%s</p>\n", hg_json_str(file, "name") ?: "file");
	}
}

/* "2026-11-22T10:02:11.004Z": to the minute, and in whose time. */
static void put_time(GString *out, const char *at)
{
	if (at && strlen(at) > 16)
		put(out, " <time datetime=\"%s\">%.10s %.5s UTC</time>", at, at, at + 11);
}

static void put_message(GString *out, const struct visitor_page *page, struct json_object *words,
			struct json_object *message)
{
	struct json_object *author = hg_json_obj(message, "author");
	gboolean me = hg_json_bool(author, "me", FALSE), deleted = hg_json_bool(message, "deleted", FALSE);
	const char *name = hg_json_str(author, "name");

	put(out, "<li class=\"%s\"><p class=\"who\"><b>%s</b>", me ? "me" : "them",
	    me ? word(words, "you") : name ? name : page->title);
	put_time(out, hg_json_str(message, "at"));
	put(out, "</p>\n<p class=\"text\" dir=\"auto\">%s</p>\n", deleted ? word(words, "deleted")
	    : hg_json_str(message, "text") ?: "");
	if (!deleted)
		put_files(out, hg_json_arr(message, "files"));
	g_string_append(out, "</li>\n");
}

static void put_log(GString *out, const struct visitor_page *page, struct json_object *words)
{
	gsize n = page->messages ? json_object_array_length(page->messages) : 0;

	if (!n)
		return;
	put(out, "<section aria-label=\"%s\">\n<ol class=\"log\">\n", word(words, "log"));
	for (gsize i = 0; i < n; i++)
		put_message(out, page, words, json_object_array_get_idx(page->messages, i));
	put(out, "</ol>\n<p><a href=\"/chat/%s?plain=1\">%s</a></p>\n</section>\n", page->channel, word(words, "newest"));
}

/* ---- the form ---- */

static const char *given(const struct visitor_page *page, const char *what)
{
	return (strcmp(what, "name") == 0 ? page->name : strcmp(what, "email") == 0 ? page->email : page->phone) ?: "";
}

static void put_asked(GString *out, const struct visitor_page *page, struct json_object *words)
{
	for (char *const *what = page->ask; what && *what; what++) {
		put(out, "<label for=\"%s\">%s", *what, word(words, *what));
		if (!page->require)
			put(out, " <span>(%s)</span>", word(words, "optional"));
		put(out, "</label>\n<input id=\"%s\" name=\"%s\" type=\"%s\" autocomplete=\"%s\" maxlength=\"200\" value=\"%s\"%s>\n",
		    *what, *what, strcmp(*what, "email") == 0 ? "email" : strcmp(*what, "phone") == 0 ? "tel" : "text",
		    strcmp(*what, "phone") == 0 ? "tel" : *what, given(page, *what), page->require ? " required" : "");
	}
}

static void put_form(GString *out, const struct visitor_page *page, struct json_object *words)
{
	put(out, "<form id=\"form\" method=\"post\" action=\"/chat/%s?plain=1\">\n", page->channel);
	if (page->wrong)
		put(out, "<p class=\"wrong\" role=\"alert\">%s</p>\n", page->wrong);
	put_asked(out, page, words);
	put(out, "<label for=\"text\">%s</label>\n<textarea id=\"text\" name=\"text\" rows=\"5\" required "
	    "maxlength=\"%" G_GINT64_FORMAT "\" dir=\"auto\">\n", word(words, "write"), page->text_max);
	/* HTML drops one line break behind the tag: the one written above. */
	put(out, "%s</textarea>\n", page->text ?: "");
	/* Nobody sees it, people leave it empty. */
	g_string_append(out, "<p class=\"trap\" aria-hidden=\"true\"><label>Website <input name=\"website\" tabindex=\"-1\" "
			"autocomplete=\"off\"></label></p>\n");
	put(out, "<input type=\"hidden\" name=\"id\" value=\"%s\">\n<button>%s</button>\n</form>\n", page->id,
	    word(words, "send"));
}

static void put_plain(GString *out, const struct visitor_page *page, struct json_object *words)
{
	g_string_append(out, "<main>\n<header>");
	if (page->logo)
		put(out, "<img src=\"%s\" alt=\"\">", page->logo);
	put(out, "<h1>%s</h1></header>\n", page->title);
	if (page->greeting && *page->greeting)
		put(out, "<p class=\"greeting\">%s</p>\n", page->greeting);
	put_log(out, page, words);
	put_form(out, page, words);
	g_string_append(out, "</main>\n");
}

GString *hg_page_write(const struct visitor_page *page)
{
	g_autoptr(json_object) words = words_of(page->language);
	GString *out = g_string_sized_new(4096);

	put_head(out, page);
	g_string_append(out, "<body>\n");
	if (!page->plain)
		put(out, "<headgate-chat channel=\"%s\" locale=\"%s\" embed open></headgate-chat>\n", page->channel,
		    page->language);
	if (page->form) {
		g_string_append(out, page->plain ? "" : "<noscript>\n");
		put_plain(out, page, words);
		g_string_append(out, page->plain ? "" : "</noscript>\n");
	}
	g_string_append(out, "</body>\n</html>\n");
	return out;
}

GString *hg_page_write_notice(const char *language, const char *title, const char *key)
{
	g_autoptr(json_object) words = words_of(language);
	GString *out = g_string_new(NULL);

	put(out, "<!doctype html>\n<html lang=\"%s\" dir=\"%s\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
	    "content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n", language, direction(language), title);
	put_style(out);
	put(out, "</head>\n<body>\n<main>\n<h1>%s</h1>\n<p>%s</p>\n</main>\n</body>\n</html>\n", title, word(words, key));
	return out;
}

/* ---- what the browser may do with it (CSP level 3) ---- */

/* The origin of a URL, behind a blank; nothing when it is none, or would end the directive. */
static void add_origin(GString *out, const char *url)
{
	const char *host = url ? strstr(url, "://") : NULL;
	gsize len = host ? (gsize)(host - url) + 3 + strcspn(host + 3, "/?#") : 0;
	g_autofree char *origin = g_strndup(url ?: "", len);

	if (len && !strpbrk(origin, " ;,'\"\t\r\n"))
		g_string_append_printf(out, " %s", origin);
}

char *hg_page_policy(char *const *origins, gboolean embed, const char *logo, const char *public_url, const char *nonce)
{
	g_autoptr(GString) out = g_string_new("Content-Security-Policy: default-src 'none'; script-src 'self'; "
					      "connect-src 'self'; base-uri 'none'; form-action 'self'; "
					      "require-trusted-types-for 'script'; trusted-types 'none'");

	g_string_append_printf(out, "; style-src 'self' 'nonce-%s'; media-src 'self' blob:", nonce);
	add_origin(out, public_url);
	g_string_append(out, "; img-src 'self' blob: data:");
	add_origin(out, public_url);
	add_origin(out, logo);
	g_string_append(out, embed ? "; frame-ancestors 'self'" : "; frame-ancestors 'none'");
	for (char *const *one = origins; embed && one && *one; one++)
		add_origin(out, *one);
	return g_string_free(g_steal_pointer(&out), FALSE);
}
