/* test_change.c - a change in a helpdesk as JSON and back; what is none, and what is too much */
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "change.h"
#include "fail.h"

static char *written(const hg_change *change)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_change_write(change, out);
	return g_strdup(out->str);
}

static const char all[] =
	"{\"kind\":\"reply\",\"id\":\"txn-58\",\"ticket\":\"77\",\"external\":\"TK-1\",\"number\":\"#77\","
	"\"url\":\"https://desk/77\",\"text\":\"Hello \\u001f \xc3\xa4\",\"html\":\"<p>Hello</p>\",\"agent\":\"Mia\","
	"\"status\":\"open\",\"said\":\"new\",\"assignee\":\"tom\",\"into\":\"78\",\"missing\":\"a.pdf: gone\",\"order\":58,"
	"\"at_ms\":-1,\"files\":[{\"kind\":2,\"name\":\"b.pdf\",\"type\":\"application/pdf\",\"sha256\":\"00\","
	"\"ref\":\"https://desk/b\",\"content_id\":\"c\",\"bytes\":-1,\"expires_ms\":5,\"voice\":true},{}]}";

static void every_member_comes_back(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GError) error = NULL;
	g_autofree char *again = NULL;
	hg_change change, copy;
	(void)state;

	if (!hg_change_read(arena, all, strlen(all), &change, &error))
		fail_msg("%s", error->message);
	again = written(&change);
	assert_string_equal(again, all);
	hg_change_copy(arena, &change, &copy);
	g_free(again);
	again = written(&copy);
	assert_string_equal(again, all);
	assert_string_equal(hg_change_lane(&change), "77");
	assert_string_equal(hg_change_key(arena, HG_CHANGE_LOOK, "5"), "look 5");
	assert_string_equal(hg_change_space(arena, "desk"), "backend:desk");
	assert_string_equal(hg_change_word(99), "?");
	for (int kind = 1; kind < HG_CHANGES; kind++)
		assert_int_equal(hg_change_of(hg_change_word(kind)), kind);
}

#define LONG_ID_AT 2

static void what_is_none_is_refused_and_says_why(void **state)
{
	g_autofree char *id = g_strnfill(HG_CHANGE_WORD_MAX + 1, 'x');
	g_autofree char *long_id = g_strdup_printf("{\"kind\":\"note\",\"ticket\":\"7\",\"id\":\"%s\"}", id);
	const struct { const char *json, *why; } wrong[] = {
		{ "[]", "a change is an object" },
		{ "{\"kind\":\"look\"", "" },
		{ long_id, "\"id\" has 2049 bytes" },
		{ "{}", "its kind is none" },
		{ "{\"kind\":\"reply\"}", "it has no id" },
		{ "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"\"}", "it names no ticket" },
		{ "{\"kind\":\"shout\"}", "\"kind\" is no member" },
		{ "{\"kind\":1}", "\"kind\" is no member" },
		{ "{\"kinds\":\"reply\"}", "\"kinds\" is no member" },
		{ "{\"id\":7}", "\"id\" is no member of a change, or not of this type" },
		{ "{\"order\":\"7\"}", "\"order\" is no member" },
		{ "{\"files\":{}}", "\"files\" is no member" },
		{ "{\"files\":[7]}", "\"files\" is no member" },
		{ "{\"files\":[{\"kind\":\"x\"}]}", "\"kind\" is no member" },
		{ "{\"files\":[{\"voice\":1}]}", "\"voice\" is no member" },
		{ "{\"files\":[{\"path\":\"/etc/passwd\"}]}", "\"path\" is no member" },
		{ "{\"kind\":\"status\",\"id\":\"1\",\"ticket\":\"7\"}", "does not say which" },
		{ "{\"kind\":\"status\",\"id\":\"1\",\"ticket\":\"7\",\"status\":\"requested\"}", "\"requested\" is no status" },
		{ "{\"kind\":\"assign\",\"id\":\"1\",\"ticket\":\"7\"}", "to whom" },
		{ "{\"kind\":\"merge\",\"id\":\"1\",\"ticket\":\"7\"}", "into which ticket" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(hg_arena) arena = hg_arena_new();
		g_autoptr(GError) error = NULL;
		hg_change change;

		if (hg_change_read(arena, wrong[i].json, strlen(wrong[i].json), &change, &error))
			fail_msg("case %zu is taken", i);
		assert_int_equal(error->code, i == LONG_ID_AT ? HG_ERROR_LIMIT : HG_ERROR_INPUT);
		if (!strstr(error->message, wrong[i].why))
			fail_msg("case %zu: %s", i, error->message);
	}
}

/* Ids lead somewhere and are never cut; words for people are. */
static void what_is_too_much_is_cut_or_refused(void **state)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autofree char *big = g_strnfill(HG_CHANGE_TEXT_MAX + 10, 'x');
	struct hg_file files[HG_CHANGE_FILES_MAX + 1] = { { .size = sizeof(files[0]), .data = big, .path = "/x" } };
	hg_change change = { .kind = HG_CHANGE_REPLY, .id = "1", .external = "TK-1", .text = big, .agent = big, .files = files,
			     .n_files = HG_CHANGE_FILES_MAX }, copy;
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_true(hg_change_check(&change, NULL));
	assert_string_equal(hg_change_lane(&change), "TK-1");
	hg_change_copy(arena, &change, &copy);
	assert_int_equal(strlen(copy.text), HG_CHANGE_TEXT_MAX);
	assert_int_equal(strlen(copy.agent), HG_CHANGE_WORD_MAX);
	assert_null(copy.files[0].data);
	assert_null(copy.files[0].path);
	change.n_files++;
	assert_false(hg_change_check(&change, &error));
	assert_int_equal(error->code, HG_ERROR_LIMIT);
	g_clear_error(&error);
	change.n_files = 0;
	change.ticket = "\xff";
	assert_false(hg_change_check(&change, &error));
	assert_string_equal(error->message, "its ticket is not valid UTF-8");
	g_clear_error(&error);
	change.ticket = big;
	assert_false(hg_change_check(&change, &error));
	assert_int_equal(error->code, HG_ERROR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_comes_back),
		cmocka_unit_test(what_is_none_is_refused_and_says_why),
		cmocka_unit_test(what_is_too_much_is_cut_or_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
