/* test_visitor_page.c - pages of our own: nothing in a value becomes markup, and browsers are told what is ours */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "json.h"
#include "static_files.h"
#include "visitor_page.h"

#define BYTES(literal) (const guint8 *)literal
#define WORDS "{\"you\":\"Du\",\"send\":\"Senden\",\"write\":\"Nachricht\",\"log\":\"Verlauf\",\"newest\":\"Neues\"," \
	"\"name\":\"Name\",\"email\":\"E-Mail\",\"optional\":\"freiwillig\",\"deleted\":\"weg\"}"
static const struct hg_static_file files[] = {
	{ "lang-ar.json", BYTES("{}"), NULL, 2, 0 },
	{ "lang-de.json", BYTES(WORDS), NULL, sizeof WORDS - 1, 0 },
	{ "lang-en.json", BYTES("{\"send\":\"Send\"}"), NULL, 15, 0 },
	{ "lang-pt-BR.json", BYTES("{}"), NULL, 2, 0 },
	{ "page.css", BYTES("p{}"), NULL, 3, 0 },
	{ "page.js", BYTES("1"), NULL, 1, 0 },
	{ "v1.js", BYTES("1"), NULL, 1, 0 },
	{ 0 },
};
struct hg_static_set hg_widget_files = { .files = files, .plain = "v1.js" };

static struct visitor_page page_of(const char *value)
{
	return (struct visitor_page){
		.channel = "web", .title = value, .greeting = value, .logo = value, .language = "de", .accent = "#1b5e9b",
		.on_accent = "#ffffff", .mode = "auto", .plain = TRUE, .form = TRUE, .text_max = 2000, .wrong = value,
		.text = value, .name = value, .email = value, .phone = value, .id = "id", .nonce = "nonce",
	};
}

static void a_page_has_the_widget_and_the_form_for_who_has_no_script(void **state)
{
	struct visitor_page page = page_of("Acme");
	g_autoptr(GString) html = NULL;
	(void)state;

	page.plain = FALSE;
	html = hg_page_write(&page);
	assert_non_null(strstr(html->str, "<html lang=\"de\" dir=\"ltr\">"));
	assert_non_null(strstr(html->str, "<script async src=\"/widget/v1.js\"></script>"));
	assert_non_null(strstr(html->str, "<headgate-chat channel=\"web\" locale=\"de\" embed open></headgate-chat>"));
	assert_non_null(strstr(html->str, "<noscript>\n<main>"));
	assert_non_null(strstr(html->str, "<button>Senden</button>"));
	assert_null(strstr(html->str, "page-6b86b273ff.js"));	/* the bridge is for who embeds it */
	g_string_free(g_steal_pointer(&html), TRUE);
	page.embed = TRUE;
	html = hg_page_write(&page);
	assert_non_null(strstr(html->str, "<script defer src=\"/widget/page-6b86b273ff.js\"></script>"));
	g_string_free(g_steal_pointer(&html), TRUE);
	page.plain = TRUE;
	html = hg_page_write(&page);
	assert_null(strstr(html->str, "<script"));
	assert_null(strstr(html->str, "<noscript"));
}

static struct json_object *messages_of(const char *text)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '[');
	hg_json_open(out, '{');
	hg_json_key(out, "author");
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", text);
	hg_json_add_bool(out, "me", FALSE);
	hg_json_close(out, '}');
	hg_json_add_str(out, "text", text);
	hg_json_add_str(out, "at", text);
	hg_json_key(out, "files");
	hg_json_open(out, '[');
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", text);
	hg_json_add_str(out, "url", text);
	hg_json_close(out, '}');
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	hg_json_close(out, ']');
	return hg_json_parse(out->str, out->len, NULL, NULL);
}

static void no_value_becomes_markup(void **state)
{
	static const char *const values[] = {
		"<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
		"</textarea><script>alert(1)</script>", "</title><svg onload=alert(1)>", "&lt;script&gt;", "%s%n",
	};
	char *ask[] = { (char *)"name", (char *)"email", (char *)"phone", NULL };
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(values); i++) {
		struct visitor_page page = page_of(values[i]);
		g_autoptr(json_object) messages = messages_of(values[i]);
		g_autoptr(GString) html = NULL;

		page.ask = ask;
		page.messages = messages;
		html = hg_page_write(&page);
		if (strstr(html->str, "alert(1)") && (strstr(html->str, values[i]) || strstr(html->str, "<script>") ||
						      strstr(html->str, "<img src=x") || strstr(html->str, "<svg")))
			fail_msg("%s is in the page as it is", values[i]);
	}
}

static void what_was_filled_in_is_there_again(void **state)
{
	struct visitor_page page = page_of("a & b");
	char *ask[] = { (char *)"name", NULL };
	g_autoptr(GString) html = NULL;
	(void)state;

	page.ask = ask;
	html = hg_page_write(&page);
	assert_non_null(strstr(html->str, ">\na &amp; b</textarea>"));
	assert_non_null(strstr(html->str, "name=\"name\" type=\"text\" autocomplete=\"name\" maxlength=\"200\" value=\"a &amp; b\">"));
	assert_non_null(strstr(html->str, "role=\"alert\">a &amp; b</p>"));
	assert_non_null(strstr(html->str, "(freiwillig)"));
	assert_non_null(strstr(html->str, "maxlength=\"2000\""));
	g_string_free(g_steal_pointer(&html), TRUE);
	page.require = TRUE;
	html = hg_page_write(&page);
	assert_null(strstr(html->str, "(freiwillig)"));
	assert_non_null(strstr(html->str, "value=\"a &amp; b\" required>"));
}

static void a_browser_gets_its_language(void **state)
{
	char *german[] = { (char *)"de", NULL };
	static const struct { const char *header, *want; } cases[] = {
		{ NULL, "en" }, { "", "en" }, { "de", "de" }, { "de-AT, en;q=0.5", "de" }, { "xx, ar;q=0.3", "ar" },
		{ "pt", "pt-BR" }, { "PT-br", "pt-BR" }, { "../../x", "en" }, { "d", "en" }, { "deu", "en" }, { "*", "en" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		assert_string_equal(hg_page_language(cases[i].header, NULL), cases[i].want);
	assert_string_equal(hg_page_language("ar, en", german), "de");
	assert_string_equal(hg_page_language("de-CH", german), "de");
}

static void only_our_own_runs_and_only_listed_pages_frame_it(void **state)
{
	char *origins[] = { (char *)"https://www.acme.example", (char *)"https://*.acme.example", NULL };
	g_autofree char *alone = hg_page_policy(origins, FALSE, NULL, NULL, "abc");
	g_autofree char *framed = hg_page_policy(origins, TRUE, "https://img.example/logo.png", "https://chat.example", "abc");
	g_autofree char *odd = hg_page_policy(NULL, TRUE, "https://x;script-src *//logo.png", NULL, "abc");
	(void)state;

	assert_non_null(strstr(alone, "default-src 'none'; script-src 'self'; connect-src 'self'"));
	assert_non_null(strstr(alone, "style-src 'self' 'nonce-abc'"));
	assert_true(g_str_has_suffix(alone, "frame-ancestors 'none'"));
	assert_non_null(strstr(framed, "img-src 'self' blob: data: https://chat.example https://img.example;"));
	assert_true(g_str_has_suffix(framed, "frame-ancestors 'self' https://www.acme.example https://*.acme.example"));
	assert_null(strstr(odd, "script-src *"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_page_has_the_widget_and_the_form_for_who_has_no_script),
		cmocka_unit_test(no_value_becomes_markup),
		cmocka_unit_test(what_was_filled_in_is_there_again),
		cmocka_unit_test(a_browser_gets_its_language),
		cmocka_unit_test(only_our_own_runs_and_only_listed_pages_frame_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
