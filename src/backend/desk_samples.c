/* desk_samples.c - plays the samples of a preset: the code that runs operations and reads hooks, between made-up tickets and
 * a network that writes down what is called */
#include "desk_samples.h"

#include <string.h>

#include "back.h"
#include "change.h"
#include "desk_say.h"
#include "desk_stage.h"
#include "json.h"
#include "sample.h"
#include "text.h"

#define SAMPLES_MAX 1000
#define NOW_MS	    G_GINT64_CONSTANT(1795341600000)	/* where the samples do not say: 2026-11-22T10:00:00Z */

/* What samples lay theirs over: somebody writes by WhatsApp, and a ticket is made of it.  Texts have what bodies must escape. */
static const char stock[] = "{"
	"\"key\":\"01jd8zq0p8f4t9m2n5v7x3k6ab\",\"subject\":\"Chat with Ana <Ruiz>\","
	"\"text\":\"Where is \\\"my\\\" order?\\nIt is #7 & late\","
	"\"channel\":\"wa\",\"scope\":\"default\",\"language\":\"en\","
	"\"origin\":\"Originated from chat on wa: https://chat.example.com/threads/thr_1\",\"first\":true,\"files\":[],"
	"\"ticket\":{\"ref\":\"TK-1042\",\"key\":\"tkt_01jd8zq0p8f4t9m2n5v7x3k6ab\",\"subject\":\"Chat with Ana <Ruiz>\","
		"\"priority\":\"high\",\"category\":\"billing\",\"status\":\"open\",\"tags\":[\"vip\"],\"reason\":\"rule\"},"
	"\"thread\":{\"id\":\"thr_1\",\"url\":\"https://chat.example.com/threads/thr_1\"},"
	"\"contact\":{\"id\":\"con_1\",\"name\":\"Ana Ruiz\",\"email\":\"ana@example.com\",\"phone\":\"+34600111222\",\"locale\":\"en\"},"
	"\"requester\":{\"email\":\"ana@example.com\",\"name\":\"Ana Ruiz\",\"first_name\":\"Ana\",\"last_name\":\"Ruiz\","
		"\"phone\":\"+34600111222\",\"proven\":true,\"policy\":\"real\"},"
	"\"message\":{\"id\":\"msg_1\",\"author\":\"contact\",\"channel\":\"wa\",\"kind\":\"text\",\"at\":\"2026-11-22T09:59:00.000Z\"}}";
/* ... and one that is there already. */
static const char linked[] = "{\"external_id\":\"msg_1\",\"ticket\":{\"id\":\"7\",\"number\":\"7\"}}";
static const char unlinked[] = "{\"external_id\":\"tkt_01jd8zq0p8f4t9m2n5v7x3k6ab\"}";

struct play {
	const hg_desk *desk;
	struct json_object *given;	/* of the samples; lent, or NULL */
	gint64 now_ms;
	void (*tell)(void *arg, const struct hg_sample *sample);
	void *arg;
	guint failed;
};

/* ---- the situation ---- */

/* Member by member; null takes away. */
static void lay_over(struct json_object *below, struct json_object *above)
{
	if (!json_object_is_type(above, json_type_object))
		return;
	json_object_object_foreach(above, key, value) {
		struct json_object *member = NULL;

		if (!value)
			json_object_object_del(below, key);
		else if (json_object_is_type(value, json_type_object) && json_object_object_get_ex(below, key, &member) &&
			 json_object_is_type(member, json_type_object))
			lay_over(member, value);
		else
			json_object_object_add(below, key, json_object_get(value));
	}
}

static struct json_object *copy_of(struct json_object *value)
{
	struct json_object *copy = NULL;

	json_object_deep_copy(value, &copy, NULL);
	return copy;
}

/* Each gets a path, under which its bytes lie in files. */
static void give_paths(struct json_object *situation, struct json_object *files)
{
	struct json_object *list = hg_json_arr(situation, "files");

	for (gsize i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *file = json_object_array_get_idx(list, i);
		g_autofree char *path = g_strdup_printf("sample/%zu", i), *coded = NULL, *bytes = NULL;
		gsize len = 0;

		if (!json_object_is_type(file, json_type_object))
			continue;
		bytes = ht_sample_body(file, &len);
		coded = hg_base64(bytes, len, FALSE);
		json_object_object_add(files, path, json_object_new_string(coded));
		json_object_object_add(file, "path", json_object_new_string(path));
		if (!json_object_object_get_ex(file, "size", NULL))
			json_object_object_add(file, "size", json_object_new_int64((gint64)len));
		json_object_object_del(file, "body");
		json_object_object_del(file, "base64");
	}
}

/* Times may be written as such, and HTML follows from the text. */
static void complete(struct json_object *situation, gint64 now_ms)
{
	const char *since = hg_json_str(situation, "since"), *text = hg_json_str(situation, "text");
	g_autofree char *html = text && !json_object_object_get_ex(situation, "html", NULL) ? hg_desk_html(text) : NULL;

	if (html)
		json_object_object_add(situation, "html", json_object_new_string(html));
	if (since && hg_time_parse(since) > 0)
		hg_desk_say_time(situation, "since", hg_time_parse(since));
	if (!json_object_object_get_ex(situation, "now", NULL))
		hg_desk_say_time(situation, "now", now_ms);
}

static struct json_object *situation_of(const struct play *p, int op, struct json_object *sample, struct json_object *files)
{
	gboolean begins = op == HG_DESK_CREATE || op == HG_DESK_FIND;
	const char *more = begins ? unlinked : linked;
	struct json_object *situation = hg_json_parse(stock, strlen(stock), NULL, NULL);
	g_autoptr(json_object) place = hg_json_parse(more, strlen(more), NULL, NULL);
	g_autoptr(json_object) given = copy_of(hg_json_obj(p->given, "situation"));
	g_autoptr(json_object) own = copy_of(hg_json_obj(sample, "situation"));

	json_object_object_add(situation, "op", json_object_new_string(hg_desk_op_name(op)));
	lay_over(situation, place);
	lay_over(situation, given);
	lay_over(situation, own);
	give_paths(situation, files);
	complete(situation, p->now_ms);
	return situation;
}

/* ---- operations, polls ---- */

struct playing {
	struct play *play;
	struct json_object *sample, *expect;	/* lent */
	GString *wrong;
	gboolean ended;
};

static void compare_word(struct playing *playing, const char *what, const char *got)
{
	const char *want = ht_sample_text(playing->expect, what);

	if (want && g_strcmp0(want, got) != 0)
		hg_desk_stage_wrong(playing->wrong, "%s: expected %s, got %s", what, want, got ? got : "nothing");
}

static void compare_text(struct playing *playing, const char *got)
{
	const char *want = ht_sample_text(playing->expect, "text");

	if (want && (!got || !strstr(got, want)))
		hg_desk_stage_wrong(playing->wrong, "text: expected \"%s\" in it, got %s", want, got ? got : "nothing");
}

static void compare_retry(struct playing *playing, gint64 got)
{
	const char *want = ht_sample_text(playing->expect, "retry");
	char text[HG_SPAN_SIZE];

	if (want && hg_span_parse(want) != got)
		hg_desk_stage_wrong(playing->wrong, "retry: expected %s, got %s", want, hg_span(got, text));
}

/* What hg_change_write() says of each; a list. */
static struct json_object *shown(const GArray *changes)
{
	struct json_object *list = json_object_new_array();

	for (guint i = 0; i < changes->len; i++) {
		g_autoptr(GString) json = g_string_new(NULL);

		hg_change_write(&g_array_index(changes, struct hg_change, i), json);
		json_object_array_add(list, hg_json_parse(json->str, json->len, NULL, NULL));
	}
	return list;
}

static void compare_changes(struct playing *playing, const struct hg_back_heard *heard)
{
	struct json_object *want = hg_json_arr(playing->expect, "changes");
	g_autoptr(json_object) got = shown(heard->changes), none = json_object_new_array();

	ht_compare(want ? want : none, got, "changes", playing->wrong);
	if (heard->odd != (guint)hg_json_int(playing->expect, "unreadable", 0))
		hg_desk_stage_wrong(playing->wrong, "unreadable: %u of %u items%s%s", heard->odd, heard->items,
				    heard->odd_why ? ": " : "", heard->odd_why ? heard->odd_why : "");
}

static struct hg_back_given back_given(const struct play *p)
{
	return (struct hg_back_given){ .desk = p->desk, .public_url = ht_sample_text(p->given, "public_url"), .now_ms = p->now_ms };
}

static void compare_poll(struct playing *playing, struct json_object *taken, gboolean poll)
{
	const struct hg_back_given given = back_given(playing->play);
	struct json_object *changes = NULL;
	g_auto(hg_back_heard) heard = { 0 };

	json_object_object_get_ex(taken, "changes", &changes);
	hg_back_sort(&given, changes, poll, &heard);
	compare_changes(playing, &heard);
	compare_word(playing, "cursor", hg_desk_taken(taken, "cursor"));
	compare_word(playing, "more", hg_desk_taken(taken, "more"));
}

static void ended(void *arg, const struct hg_desk_ended *end)
{
	struct playing *playing = arg;
	struct json_object *take = hg_json_obj(playing->expect, "take");
	int op = hg_desk_op_of(ht_sample_text(playing->sample, "op"));
	gboolean good = end->word == HG_DESK_DONE || end->word == HG_DESK_ADOPT;

	playing->ended = TRUE;
	compare_word(playing, "outcome", hg_desk_outcome_word(end->word));
	compare_text(playing, end->text);
	compare_retry(playing, end->retry_ms);
	if (take)
		ht_compare(take, end->taken, "take", playing->wrong);
	if (good && (op == HG_DESK_FETCH_CHANGES || op == HG_DESK_FETCH_CHANGE))
		compare_poll(playing, end->taken, op == HG_DESK_FETCH_CHANGES);
	if (playing->wrong->len && end->text && !ht_sample_text(playing->expect, "text"))
		hg_desk_stage_wrong(playing->wrong, "it says: %s", end->text);
}

static void play_operation(struct play *p, struct json_object *sample, GString *wrong)
{
	int op = hg_desk_op_of(ht_sample_text(sample, "op"));
	g_autoptr(json_object) files = json_object_new_object(), situation = situation_of(p, op, sample, files);
	struct playing playing = { p, sample, hg_json_obj(sample, "expect"), wrong, FALSE };
	hg_desk_session *session = hg_desk_session_new();
	struct hg_desk_stage stage;
	hg_desk_run *run;

	hg_desk_stage_init(&stage, hg_json_arr(sample, "calls"), files, p->now_ms, wrong);
	if (hg_json_obj(sample, "session"))
		hg_desk_session_set(session, hg_json_obj(sample, "session"));
	run = hg_desk_run_start(&(struct hg_desk_task){ .desk = p->desk, .op = op, .situation = situation,
		.transport = &stage.transport, .session = session }, ended, &playing);
	if (run)
		hg_desk_run_cancel(run);
	if (!playing.ended)
		hg_desk_stage_wrong(wrong, "it did not come to an end");
	hg_desk_stage_end(&stage);
	hg_desk_session_free(session);
}

static gboolean check_operation(const struct play *p, struct json_object *sample, gboolean poll, GString *wrong)
{
	static const char *const keys[] = { "name", "seen", "made_up", "op", "situation", "session", "calls", "expect", NULL };
	static const char *const expect[] = { "outcome", "take", "text", "retry", "changes", "cursor", "more", "unreadable", NULL };
	const char *word = ht_sample_text(sample, "op");
	int op = word ? hg_desk_op_of(word) : -1;

	hg_desk_stage_keys(sample, keys, wrong);
	hg_desk_stage_keys(hg_json_obj(sample, "expect"), expect, wrong);
	if (!hg_json_arr(sample, "calls") || !ht_sample_text(hg_json_obj(sample, "expect"), "outcome"))
		hg_desk_stage_wrong(wrong, "it needs calls, and the outcome to expect");
	if (op < 0 || !p->desk->ops[op])
		hg_desk_stage_wrong(wrong, "op: the preset has no operation %s", word ? word : "(none is named)");
	else if (poll != (op == HG_DESK_FETCH_CHANGES || op == HG_DESK_FETCH_CHANGE))
		hg_desk_stage_wrong(wrong, "op: fetch_changes and fetch_change stand under polls:, all others under operations:");
	return !wrong->len;
}

/* ---- hooks ---- */

static void compare_reply(struct playing *playing, const struct hg_back_heard *heard)
{
	struct json_object *want = NULL;
	g_autoptr(json_object) reply = json_object_new_object();

	json_object_object_add(reply, "status", json_object_new_int(heard->answer.status));
	json_object_object_add(reply, "type", heard->answer.type ? json_object_new_string(heard->answer.type) : NULL);
	json_object_object_add(reply, "body", json_object_new_string_len(heard->answer.body ? heard->answer.body : "",
									  (int)heard->answer.len));
	if (!json_object_object_get_ex(playing->expect, "reply", &want))
		return;
	if (json_object_is_type(want, json_type_object))
		ht_compare(want, reply, "reply", playing->wrong);
	else
		ht_compare(want, json_object_object_get(reply, "status"), "reply", playing->wrong);
}

static void play_hook(struct play *p, struct json_object *sample, GString *wrong)
{
	const struct hg_back_given given = back_given(p);
	struct playing playing = { p, sample, hg_json_obj(sample, "expect"), wrong, TRUE };
	g_auto(ht_sample_request) request = { 0 };
	g_auto(hg_back_heard) heard = { 0 };

	ht_sample_request_make(hg_json_obj(sample, "request"), "/backend/sample/", "hook", &request);
	hg_back_hear(&given, &request.pub, &heard);
	compare_reply(&playing, &heard);
	compare_changes(&playing, &heard);
	if (wrong->len && heard.why)
		hg_desk_stage_wrong(wrong, "it says: %s", heard.why);
}

static gboolean check_hook(const struct play *p, struct json_object *sample, GString *wrong)
{
	static const char *const keys[] = { "name", "seen", "made_up", "request", "expect", NULL };
	static const char *const request[] = { "method", "peer", "query", "headers", "json", "form", "body", "base64", NULL };
	static const char *const expect[] = { "reply", "changes", "unreadable", NULL };

	hg_desk_stage_keys(sample, keys, wrong);
	hg_desk_stage_keys(hg_json_obj(sample, "request"), request, wrong);
	hg_desk_stage_keys(hg_json_obj(sample, "expect"), expect, wrong);
	if (!hg_json_obj(sample, "request") || !hg_json_obj(sample, "expect"))
		hg_desk_stage_wrong(wrong, "it needs a request, and what to expect of it");
	if (!hg_back_has_hook(p->desk->back))
		hg_desk_stage_wrong(wrong, "the preset has no back: hook:");
	return !wrong->len;
}

/* ---- all of them ---- */

enum kind { OPERATION, HOOK, POLL };

static void play_sample(struct play *p, struct json_object *sample, int kind)
{
	g_autoptr(GString) wrong = g_string_new(NULL);
	const char *name = ht_sample_text(sample, "name");
	gboolean made_up = hg_json_bool(sample, "made_up", FALSE);
	struct hg_sample told = { .size = sizeof(told), .name = name ? name : "(without a name)", .made_up = made_up };

	if (!json_object_is_type(sample, json_type_object))
		hg_desk_stage_wrong(wrong, "a sample is a map: { name: ..., expect: ... }");
	else if (!ht_sample_text(sample, "seen") == !made_up)
		hg_desk_stage_wrong(wrong, "say seen: where, or made_up: true");
	else if (kind == HOOK && check_hook(p, sample, wrong))
		play_hook(p, sample, wrong);
	else if (kind != HOOK && check_operation(p, sample, kind == POLL, wrong))
		play_operation(p, sample, wrong);
	told.passed = !wrong->len;
	told.text = wrong->len ? wrong->str : NULL;
	p->failed += !told.passed;
	p->tell(p->arg, &told);
}

guint hg_desk_samples(const hg_desk *desk, void (*tell)(void *arg, const struct hg_sample *sample), void *arg)
{
	static const char *const lists[] = { "operations", "back", "polls" };
	static const int kinds[] = { OPERATION, HOOK, POLL };
	struct json_object *samples = hg_json_obj(desk->tree, "samples"), *given = hg_json_obj(samples, "given");
	const char *now = ht_sample_text(given, "now");
	struct play p = { .desk = desk, .given = given, .now_ms = now ? hg_time_parse(now) : NOW_MS, .tell = tell, .arg = arg };

	for (gsize i = 0; i < G_N_ELEMENTS(lists); i++) {
		struct json_object *list = hg_json_arr(samples, lists[i]);

		for (gsize j = 0; list && j < MIN(json_object_array_length(list), SAMPLES_MAX); j++)
			play_sample(&p, json_object_array_get_idx(list, j), kinds[i]);
	}
	return p.failed;
}
