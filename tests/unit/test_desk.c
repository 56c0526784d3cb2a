/* test_desk.c - a preset compiled: what it was given counts, answers mean what it says, statuses are mapped */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "desk.h"
#include "json.h"

#define HEAD "{\"name\":\"Example\",\"proof\":{\"state\":\"documented\",\"date\":\"2026-11-22\",\"sources\":[\"https://a.example\"]},"
#define SETTINGS "\"settings\":{\"url\":\"where\",\"credentials\":{\"token\":\"key\",\"webhook\":{\"help\":\"lock\",\"need\":false}," \
	"\"password\":{\"help\":\"other\",\"need\":false}},\"values\":{\"queue\":{\"help\":\"q\",\"default\":\"General\"}," \
	"\"brand\":{\"help\":\"b\",\"need\":false}}},"
#define CREATE "\"create\":[{\"url\":\"${url}/t\",\"json\":{\"t\":\"${text}\"},\"take\":{\"ticket.id\":\"id\"}}]"
#define NONE "\"once\":{\"by\":\"none\"},"

struct wrongs {
	GString *all;
};

static void tell(void *arg, const struct hg_err *err)
{
	g_string_append_printf(((struct wrongs *)arg)->all, "%s: %s\n", err->at, err->text);
}

/* What is wrong goes to *ret_wrong, or fails the test when that is NULL. */
static hg_desk *read_desk(const char *json, const struct hg_desk_given *given, char **ret_wrong)
{
	static const struct hg_desk_given usual = { .preset = "example", .url = "https://desk.example/", .token = "k",
						    .rate = 0, .poll_ms = -1, .max_file = -1 };
	struct wrongs wrongs = { g_string_new(NULL) };
	struct ht_look look = { .tell = tell, .arg = &wrongs };
	hg_desk *desk = hg_desk_new(json, given ? given : &usual, &look);
	char *text = g_string_free(wrongs.all, FALSE);

	if (!ret_wrong && *text)
		fail_msg("%s", text);
	assert_int_equal(desk == NULL, *text != 0);
	if (ret_wrong)
		*ret_wrong = text;
	else
		g_free(text);
	return desk;
}

static void what_a_configuration_gives_is_what_templates_see(void **state)
{
	const char *credentials[] = { "password", "p", NULL }, *values[] = { "brand", "acme", NULL };
	const struct hg_desk_given given = { .url = "https://desk.example///", .token = "k", .webhook = "w",
		.credentials = (char *const *)credentials, .values = (char *const *)values, .rate = 7, .poll_ms = 0,
		.max_file = 5, .at_once = 3 };
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"limits\":{\"at_once\":9,\"per_minute\":100,\"max_file\":\"1MB\"},"
					    "\"operations\":{" CREATE "}}", &given, NULL);

	(void)state;
	assert_string_equal(desk->url, "https://desk.example");
	assert_string_equal(ht_given_value(desk->secrets, "token"), "k");
	assert_string_equal(ht_given_value(desk->secrets, "webhook"), "w");
	assert_string_equal(ht_given_value(desk->secrets, "password"), "p");
	assert_string_equal(ht_given_value(desk->values, "queue"), "General");
	assert_string_equal(ht_given_value(desk->values, "brand"), "acme");
	assert_int_equal(desk->limits.at_once, 3);
	assert_int_equal(desk->limits.per_minute, 7);
	assert_int_equal(desk->limits.max_file, 5);
	assert_int_equal(desk->poll.every_ms, 0);
}

static void what_was_not_given_is_not_there(void **state)
{
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"operations\":{" CREATE "}}", NULL, NULL);

	(void)state;
	assert_null(ht_given_value(desk->secrets, "webhook"));
	assert_null(ht_given_value(desk->values, "brand"));
	assert_int_equal(desk->limits.at_once, 4);
	assert_int_equal(desk->limits.per_minute, 0);
	assert_int_equal(desk->limits.max_file, 10 << 20);
}

/* A helpdesk with one address for everybody: nobody has to write it. */
static void an_address_may_be_the_presets_own(void **state)
{
	static const struct hg_desk_given given = { .token = "k", .poll_ms = -1, .max_file = -1 };
	g_autoptr(hg_desk) desk = read_desk(HEAD "\"settings\":{\"url\":{\"help\":\"h\",\"default\":\"https://api.example/\"},"
					    "\"credentials\":{\"token\":\"key\"}}," NONE "\"operations\":{" CREATE "}}", &given, NULL);

	(void)state;
	assert_string_equal(desk->url, "https://api.example");
}

static void steps_are_what_the_preset_says(void **state)
{
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS "\"once\":{\"by\":\"key\",\"life\":\"2h\"},\"operations\":{\"create\":["
		"{\"name\":\"up\",\"foreach\":\"files\",\"url\":\"${url}/u\",\"raw\":\"${file.name}\",\"take\":{\"upload\":\"id\"}},"
		"{\"when\":{\"up.upload\":{\"exists\":true}},\"foreach\":\"upload\",\"safe\":true,\"url\":\"${url}/t/${item}\","
		"\"headers\":{\"K\":\"${key}\"},\"take\":{\"ticket.id\":\"id\"}},"
		"{\"method\":\"GET\",\"url\":\"${url}/x/${ticket.id}\"}],"
		"\"fetch_attachment\":{\"headers\":{\"A\":\"${secret:token}\"}}}}", NULL, NULL);
	const struct hg_desk_step *step = desk->ops[HG_DESK_CREATE]->pdata[0];

	(void)state;
	assert_int_equal(desk->ops[HG_DESK_CREATE]->len, 3);
	assert_int_equal(step->each, HG_DESK_FILES);
	assert_false(step->safe);
	assert_null(step->when);
	assert_string_equal(((struct hg_desk_take *)step->takes->pdata[0])->name, "upload");
	step = desk->ops[HG_DESK_CREATE]->pdata[1];
	assert_int_equal(step->each, HG_DESK_LIST);
	assert_true(step->safe);
	assert_non_null(step->when);
	step = desk->ops[HG_DESK_CREATE]->pdata[2];
	assert_true(step->safe);
	step = desk->ops[HG_DESK_FETCH_ATTACHMENT]->pdata[0];
	assert_true(step->own_url);
	assert_null(desk->ops[HG_DESK_FIND]);
	assert_int_equal(desk->once.by, HG_DESK_BY_KEY);
	assert_int_equal(desk->once.life_ms, 2 * 60 * 60 * 1000);
}

/* ---- what answers mean ---- */

static int judged(const hg_desk *desk, int op, int status, const char *body, const struct hg_desk_rule **ret_rule)
{
	g_autoptr(json_object) root = hg_json_parse(body, strlen(body), NULL, NULL);
	struct ht_scope scope = { .root = root, .status = status };
	const struct hg_desk_step *step = desk->ops[op]->pdata[0];

	return hg_desk_judge(desk, op, step, &scope, ret_rule);
}

#define ANY(op) "\"" op "\":[{\"url\":\"${url}/x\"}]"
#define EVERY CREATE "," ANY("append") "," ANY("note") "," ANY("attach") "," ANY("probe") ",\"find\":[{\"url\":\"${url}/x\"," \
	"\"take\":{\"ticket.id\":\"id\"}}]"

static void answers_mean_what_they_usually_mean(void **state)
{
	static const struct { int op, status, is; } rows[] = {
		{ HG_DESK_CREATE, 200, HG_DESK_DONE }, { HG_DESK_CREATE, 204, HG_DESK_DONE }, { HG_DESK_CREATE, 401, HG_DESK_ACCOUNT },
		{ HG_DESK_CREATE, 403, HG_DESK_ACCOUNT }, { HG_DESK_CREATE, 404, HG_DESK_REFUSED }, { HG_DESK_APPEND, 404, HG_DESK_GONE },
		{ HG_DESK_NOTE, 404, HG_DESK_GONE }, { HG_DESK_ATTACH, 404, HG_DESK_GONE }, { HG_DESK_FIND, 404, HG_DESK_NONE },
		{ HG_DESK_PROBE, 404, HG_DESK_REFUSED }, { HG_DESK_CREATE, 400, HG_DESK_REFUSED }, { HG_DESK_CREATE, 409, HG_DESK_REFUSED },
		{ HG_DESK_CREATE, 408, HG_DESK_RETRY }, { HG_DESK_CREATE, 425, HG_DESK_RETRY }, { HG_DESK_CREATE, 429, HG_DESK_RETRY },
		{ HG_DESK_CREATE, 500, HG_DESK_RETRY }, { HG_DESK_CREATE, 503, HG_DESK_RETRY }, { HG_DESK_CREATE, 302, HG_DESK_ACCOUNT },
		{ HG_DESK_CREATE, 0, HG_DESK_RETRY },
	};
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"operations\":{" EVERY "}}", NULL, NULL);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		if (judged(desk, rows[i].op, rows[i].status, "{}", NULL) != rows[i].is)
			fail_msg("%s, %d", hg_desk_op_name(rows[i].op), rows[i].status);
}

/* A session that is over is begun again where there are sessions; never by login itself. */
static void an_unknown_session_is_begun_again(void **state)
{
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"operations\":{\"login\":{\"url\":\"${url}/l\",\"take\":{\"t\":\"t\"}},"
					    EVERY "}}", NULL, NULL);

	(void)state;
	assert_int_equal(judged(desk, HG_DESK_CREATE, 401, "{}", NULL), HG_DESK_AGAIN);
	assert_int_equal(judged(desk, HG_DESK_LOGIN, 401, "{}", NULL), HG_DESK_ACCOUNT);
}

/* RT says 403 of an unknown queue, Redmine 200 as nobody in particular: the preset's rows go before what is usual. */
static void a_presets_rows_go_first(void **state)
{
	const struct hg_desk_rule *rule;
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"operations\":{\"create\":[{\"url\":\"${url}/t\",\"take\":{"
		"\"ticket.id\":\"id\"},\"outcomes\":[{\"status\":403,\"when\":{\"error\":\"no such queue\"},\"is\":\"refused\","
		"\"text\":\"error\"},{\"status\":[\"200-201\",299],\"when\":{\"user\":\"anonymous\"},\"is\":\"account\"},"
		"{\"status\":418,\"is\":\"adopt\"}]}]}}", NULL, NULL);

	(void)state;
	assert_int_equal(judged(desk, HG_DESK_CREATE, 403, "{\"error\":\"no such queue\"}", &rule), HG_DESK_REFUSED);
	assert_non_null(rule->text);
	assert_int_equal(judged(desk, HG_DESK_CREATE, 403, "{\"error\":\"other\"}", &rule), HG_DESK_ACCOUNT);
	assert_null(rule);
	assert_int_equal(judged(desk, HG_DESK_CREATE, 201, "{\"user\":\"anonymous\"}", NULL), HG_DESK_ACCOUNT);
	assert_int_equal(judged(desk, HG_DESK_CREATE, 299, "{\"user\":\"anonymous\"}", NULL), HG_DESK_ACCOUNT);
	assert_int_equal(judged(desk, HG_DESK_CREATE, 250, "{\"user\":\"anonymous\"}", NULL), HG_DESK_DONE);
	assert_int_equal(judged(desk, HG_DESK_CREATE, 418, "{}", NULL), HG_DESK_ADOPT);
}

static void statuses_are_mapped_both_ways(void **state)
{
	g_autoptr(hg_desk) desk = read_desk(HEAD SETTINGS NONE "\"statuses\":{\"to\":{\"solved\":\"resolved\"},"
		"\"from\":{\"resolved\":\"solved\",\"*\":\"open\"}},\"operations\":{" CREATE "}}", NULL, NULL);
	g_autoptr(hg_desk) silent = read_desk(HEAD SETTINGS NONE "\"operations\":{" CREATE "}}", NULL, NULL);

	(void)state;
	assert_string_equal(hg_desk_status_to(desk, "solved"), "resolved");
	assert_null(hg_desk_status_to(desk, "pending"));
	assert_string_equal(hg_desk_status_from(desk, "resolved"), "solved");
	assert_string_equal(hg_desk_status_from(desk, "stalled"), "open");
	assert_null(hg_desk_status_from(silent, "resolved"));
}

/* A lock without a key: the door is shut, not open. */
static void a_webhook_whose_secret_was_not_given_is_closed(void **state)
{
	static const char preset[] = HEAD SETTINGS NONE "\"operations\":{" CREATE "},\"back\":{\"hook\":{\"auth\":{\"token\":{"
		"\"at\":\"$header:X\",\"secret\":\"webhook\"}}},\"cases\":[{\"ignore\":true}]}}";
	static const struct hg_desk_given locked = { .url = "https://desk.example", .token = "k", .webhook = "w", .poll_ms = -1,
						     .max_file = -1 };
	g_autoptr(hg_desk) open = read_desk(preset, NULL, NULL), closed = read_desk(preset, &locked, NULL);

	(void)state;
	assert_true(open->no_hook);
	assert_false(closed->no_hook);
}

static void words_and_numbers_belong_together(void **state)
{
	(void)state;
	for (int op = 0; op < HG_DESK_OPS; op++)
		assert_int_equal(hg_desk_op_of(hg_desk_op_name(op)), op);
	assert_int_equal(hg_desk_op_of("destroy"), -1);
	assert_null(hg_desk_op_name(HG_DESK_OPS));
	assert_string_equal(hg_desk_outcome_word(HG_DESK_DONE), "done");
	assert_string_equal(hg_desk_outcome_word(HG_DESK_AGAIN), "login");
	assert_null(hg_desk_outcome_word(0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_configuration_gives_is_what_templates_see),
		cmocka_unit_test(what_was_not_given_is_not_there),
		cmocka_unit_test(an_address_may_be_the_presets_own),
		cmocka_unit_test(steps_are_what_the_preset_says),
		cmocka_unit_test(answers_mean_what_they_usually_mean),
		cmocka_unit_test(an_unknown_session_is_begun_again),
		cmocka_unit_test(a_presets_rows_go_first),
		cmocka_unit_test(statuses_are_mapped_both_ways),
		cmocka_unit_test(a_webhook_whose_secret_was_not_given_is_closed),
		cmocka_unit_test(words_and_numbers_belong_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
