/* mail_compose.c - subject, templates and quotes */
#include "mail_compose.h"

#include <string.h>

#include "fail.h"
#include "template.h"
#include "text.h"

#define TEXT	     "${text}"
#define SUBJECT_READ 1000		/* bytes of a foreign subject that are looked at */

/* ---- subject ---- */

/* What mailers of many languages put before an answered subject, in lower case; with [2], (2) or ^2 behind it. */
static const char *const prefixes[] = {
	"re", "aw", "antw", "antwort", "sv", "vs", "ref", "rép", "rif", "r", "res", "odp", "ynt", "vá", "bls", "回复", "回覆", "답장",
	"відп", "отв", "на", "تعقيب", "השב", "σχετ", NULL };

/* Bytes of one prefix with its colon and spaces at the beginning of text; 0: none. */
static gsize prefix_len(const char *text)
{
	g_autofree char *lower = g_utf8_strdown(text, -1);

	for (const char *const *prefix = prefixes; *prefix; prefix++) {
		gsize n = strlen(*prefix);

		if (strncmp(lower, *prefix, n) != 0)
			continue;
		n += strspn(lower + n, "[(^0123456789])");
		n += strspn(lower + n, " ");
		if (lower[n] == ':')
			n++;
		else if (g_str_has_prefix(lower + n, "："))
			n += strlen("：");
		else
			continue;
		return n + strspn(lower + n, " ");
	}
	return 0;
}

/* Lower case may have another length than what it was made of: prefixes have not. */
static const char *without_prefixes(const char *text)
{
	gsize n;

	while ((n = prefix_len(text)) && n <= strlen(text))
		text += n;
	return text;
}

static char *without_number(const char *text, const char *mark)
{
	GString *out = g_string_new(text);

	if (mark)
		g_string_replace(out, mark, "", 0);
	g_strstrip(out->str);
	return g_string_free(out, FALSE);
}

char *hg_mail_subject(const char *subject, const char *number, const char *fallback, gboolean answers)
{
	g_autofree char *valid = hg_text_valid(subject ? subject : "", -1, SUBJECT_READ);
	g_autofree char *mark = number && *number ? g_strdup_printf("[%s]", number) : NULL;
	g_autofree char *bare = without_number(valid, mark), *once = without_number(without_prefixes(bare), NULL);
	g_autofree char *short_one = hg_text_valid(*once ? once : fallback, -1, 200);

	return g_strdup_printf("%s%s%s%s", answers ? "Re: " : "", short_one, mark ? " " : "", mark ? mark : "");
}

/* ---- templates ---- */

struct values {
	const struct hg_mail_words *words;
	gboolean html;
	char *held;			/* ours: the value that is lent */
};

static const char *value_of(void *ctx, const char *name)
{
	struct values *values = ctx;
	const struct hg_mail_words *words = values->words;
	const char *value = !strcmp(name, "name") ? words->name : !strcmp(name, "number") ? words->number :
			    !strcmp(name, "subject") ? words->subject : NULL;

	g_free(values->held);
	values->held = !value ? NULL : values->html ? g_markup_escape_text(value, -1) : g_strdup(value);
	return values->held;
}

gboolean hg_mail_template_check(const char *text, GError **error)
{
	static const char *const names[] = { "text", "name", "number", "subject", NULL };
	g_autofree char *hint = NULL;
	const char *at = strstr(text, TEXT);

	if (strlen(text) > HG_MAIL_TEMPLATE_MAX)
		return hg_fail(error, HG_ERROR_CONFIG, "it has %zu bytes, at most %d fit", strlen(text), HG_MAIL_TEMPLATE_MAX);
	if (!hg_template_check(text, names, &hint, error)) {
		if (hint)
			g_prefix_error(error, "did you mean ${%s}? ", hint);
		return FALSE;
	}
	if (!at || strstr(at + 1, TEXT))
		return hg_fail(error, HG_ERROR_CONFIG, TEXT " must stand in it once: that is where the answer goes");
	return TRUE;
}

/* The text itself is no value of the template's: values are short. */
static void put_templated(GString *out, const char *template, const struct hg_mail_words *words, const char *text, gboolean html)
{
	const char *at = template ? strstr(template, TEXT) : NULL;
	struct values values = { words, html, NULL };
	g_autofree char *before = at ? g_strndup(template, (gsize)(at - template)) : NULL;

	if (at)
		hg_template_fill(before, value_of, &values, HG_MAIL_TEMPLATE_MAX, out);
	g_string_append(out, text);
	if (at)
		hg_template_fill(at + strlen(TEXT), value_of, &values, HG_MAIL_TEMPLATE_MAX, out);
	g_free(values.held);
}

/* ---- what was said before ---- */

static char *attribution(const struct hg_mail_said *said)
{
	g_autoptr(GDateTime) at = g_date_time_new_from_unix_utc(said->at_ms / 1000);
	g_autofree char *when = at ? g_date_time_format(at, "%Y-%m-%d %H:%M UTC") : g_strdup("before");

	return g_strdup_printf("On %s, %s wrote:", when, said->name && *said->name ? said->name : "you");
}

static void put_quoted(GString *out, const char *text)
{
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	guint n = g_strv_length(lines);

	while (n && !*lines[n - 1])
		n--;
	for (guint i = 0; i < n; i++)
		g_string_append_printf(out, "%s%s\n", *lines[i] == '>' ? ">" : *lines[i] ? "> " : ">", lines[i]);
}

/* Whole texts, as many as fit: half of one says something else than the whole. */
static gboolean fits(const struct hg_mail_words *words, gsize i, gsize *sum)
{
	*sum += words->said[i].text ? strlen(words->said[i].text) : 0;
	return *sum <= HG_MAIL_QUOTE_MAX;
}

static void put_history(GString *out, const struct hg_mail_words *words)
{
	gsize sum = 0;

	for (gsize i = 0; i < words->n_said && fits(words, i, &sum); i++) {
		g_autofree char *valid = hg_text_valid(words->said[i].text ? words->said[i].text : "", -1, 0);
		g_autofree char *who = attribution(&words->said[i]);

		if (!g_str_has_suffix(out->str, "\n"))
			g_string_append_c(out, '\n');
		g_string_append_printf(out, "\n%s\n", who);
		put_quoted(out, valid);
	}
}

char *hg_mail_compose_text(const struct hg_mail_words *words)
{
	GString *out = g_string_new(NULL);

	put_templated(out, words->text_template, words, words->text ? words->text : "", FALSE);
	put_history(out, words);
	return g_string_free(out, FALSE);
}

/* ---- HTML ---- */

static void put_escaped(GString *out, const char *text)
{
	g_autofree char *valid = hg_text_valid(text ? text : "", -1, 0), *escaped = g_markup_escape_text(valid, -1);
	g_auto(GStrv) lines = g_strsplit(escaped, "\n", -1);
	g_autofree char *joined = g_strjoinv("<br>\n", lines);

	g_string_append(out, joined);
}

static void put_html_history(GString *out, const struct hg_mail_words *words)
{
	gsize sum = 0;

	for (gsize i = 0; i < words->n_said && fits(words, i, &sum); i++) {
		g_autofree char *who = attribution(&words->said[i]);

		g_string_append(out, "\n<div>");
		put_escaped(out, who);
		g_string_append(out, "</div>\n<blockquote type=\"cite\">");
		put_escaped(out, words->said[i].text);
		g_string_append(out, "</blockquote>");
	}
}

char *hg_mail_compose_html(const struct hg_mail_words *words)
{
	g_autoptr(GString) said = NULL, marked = NULL;

	if (!words->html && !words->html_template)
		return NULL;
	said = g_string_new(NULL);
	if (words->html)
		g_string_append(said, words->html);
	else
		put_escaped(said, words->text);
	marked = g_string_new("<div class=\"" HG_MAIL_MARK "\">");
	put_templated(marked, words->html_template, words, said->str, TRUE);
	g_string_append(marked, "</div>");
	put_html_history(marked, words);
	g_string_append_c(marked, '\n');
	return g_string_free(g_steal_pointer(&marked), FALSE);
}
