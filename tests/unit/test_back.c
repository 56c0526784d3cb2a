/* test_back.c - what helpdesks tell becomes changes: cases, ids, echoes, order, texts, answers; and what presets get wrong */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "back.h"
#include "desk.h"
#include "json.h"
#include "proof.h"
#include "text.h"

#define NOW_MS G_GINT64_CONSTANT(1795341600000)		/* 2026-11-22T10:00:00Z */
#define T(text) ((char *)(text))

static char *secrets[] = { T("webhook"), T("made-up"), T("old"), T("former"), NULL };
static char *values[] = { T("account"), T("7"), NULL };
static char *statuses[] = { T("new"), T("open"), T("resolved"), T("solved"), T("merged into #1"), T("closed"), NULL };

/* What the rest of a preset has that ways back need. */
#define REST "\"statuses\":{\"from\":{\"new\":\"open\"}}," \
	     "\"operations\":{\"fetch_attachment\":[],\"fetch_change\":[],\"fetch_changes\":[]}"
#define NOBODY "\"hook\":{\"auth\":\"none\"}"

struct told {
	GString *all;			/* "AT: TEXT\n" of all that is wrong */
};

static void keep_told(void *arg, const struct hg_err *err)
{
	g_string_append_printf(((struct told *)arg)->all, "%s: %s\n", err->at, err->text);
}

static hg_back *read_preset(const char *json, GString *told)
{
	g_autoptr(json_object) preset = hg_json_parse(json, strlen(json), NULL, NULL);
	struct told keep = { told };
	struct ht_look look = { .at = g_string_new("preset"), .tell = keep_told, .arg = &keep, .knows = TRUE, .has_url = TRUE,
				.secrets = secrets, .values = values };
	hg_back *back;

	if (!preset)
		fail_msg("no JSON: %s", json);
	back = hg_back_new(&look, preset);
	g_string_free(look.at, TRUE);
	return back;
}

/* A desk with this way back: `back` and `poll` as JSON, or NULL. */
static hg_desk *desk_with(const char *back, const char *poll)
{
	g_autofree char *json = g_strdup_printf("{%s%s%s%s%s}", REST, back ? ",\"back\":" : "", back ? back : "",
						poll ? ",\"poll\":" : "", poll ? poll : "");
	g_autoptr(GString) told = g_string_new(NULL);
	hg_desk *desk = g_new0(hg_desk, 1);

	desk->back = read_preset(json, told);
	if (!desk->back)
		fail_msg("%s", told->str);
	desk->secrets = secrets;
	desk->values = values;
	desk->status_from = statuses;
	return desk;
}

static void free_desk(hg_desk *desk)
{
	hg_back_free(desk->back);
	g_free(desk);
}

static void assert_wrong(const char *json, const char *want)
{
	g_autoptr(GString) told = g_string_new(NULL);
	g_autoptr(hg_back) back = read_preset(json, told);

	if (back || !strstr(told->str, want))
		fail_msg("%s: not told '%s' but '%s'", json, want, told->str);
}

/* ---- requests ---- */

struct asked {
	struct hg_http_req pub;		/* first */
	const char *const *headers;	/* name, value, ..., NULL; or NULL */
	const char *const *query;
};

static const char *find(const char *const *pairs, const char *name)
{
	for (; pairs && pairs[0]; pairs += 2)
		if (g_ascii_strcasecmp(pairs[0], name) == 0)
			return pairs[1];
	return NULL;
}

static const char *get_header(const struct hg_http_req *req, const char *name)
{
	return find(((const struct asked *)(const void *)req)->headers, name);
}

static const char *get_query(const struct hg_http_req *req, const char *name)
{
	return find(((const struct asked *)(const void *)req)->query, name);
}

static const char *const as_json[] = { "Content-Type", "application/json", NULL };

static void hear_as(const hg_desk *desk, const char *method, const char *body, const char *const *headers,
		    const char *const *query, struct hg_back_heard *ret)
{
	struct asked asked = { .pub = { .size = sizeof(asked.pub), .method = method, .path = "hook", .peer = "192.0.2.7",
					.body = body, .len = strlen(body), .header = get_header, .query = get_query,
					.target = "/backend/desk/hook?a=b" },
			       .headers = headers, .query = query };
	struct hg_back_given given = { .desk = desk, .public_url = "https://chat.example.com", .now_ms = NOW_MS };

	hg_back_hear(&given, &asked.pub, ret);
}

static void hear(const hg_desk *desk, const char *body, struct hg_back_heard *ret)
{
	hear_as(desk, "POST", body, as_json, NULL, ret);
}

/* All changes as one text, "; " between them. */
static char *shown(const struct hg_back_heard *heard)
{
	GString *all = g_string_new(NULL);

	for (guint i = 0; i < heard->changes->len; i++) {
		if (i)
			g_string_append(all, "; ");
		hg_change_write(&g_array_index(heard->changes, struct hg_change, i), all);
	}
	return g_string_free(all, FALSE);
}

static void assert_hears(const char *back, const char *body, const char *want)
{
	hg_desk *desk = desk_with(back, NULL);
	g_auto(hg_back_heard) heard = { 0 };
	g_autofree char *got = NULL;

	hear(desk, body, &heard);
	got = shown(&heard);
	if (strcmp(got, want) != 0)
		fail_msg("of %s\n  got  %s\n  want %s\n  odd: %s", body, got, want, heard.odd_why ? heard.odd_why : "");
	free_desk(desk);
}

/* ---- kinds ---- */

static void test_each_kind_of_change_says_what_its_case_picks(void **state)
{
	(void)state;
	assert_hears("{" NOBODY ",\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"external\":\"x\",\"text\":\"body\","
		     "\"agent\":\"who\",\"at\":\"at\",\"number\":\"no\",\"url\":\"link\"}}]}",
		     "{\"id\":58,\"t\":7,\"x\":\"tkt_1\",\"body\":\" Hello\\r\\nAna \",\"who\":\"Ben\",\"at\":\"2026-11-22T09:59:00Z\","
		     "\"no\":\"#7\",\"link\":\"https://desk.example/7\"}",
		     "{\"kind\":\"reply\",\"id\":\"58\",\"ticket\":\"7\",\"external\":\"tkt_1\",\"number\":\"#7\","
		     "\"url\":\"https://desk.example/7\",\"text\":\"Hello\\nAna\",\"agent\":\"Ben\",\"at_ms\":1795341540000}");
	assert_hears("{" NOBODY ",\"cases\":[{\"note\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"body\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"body\":\"x\"}", "{\"kind\":\"note\",\"id\":\"a\",\"ticket\":\"7\",\"text\":\"x\"}");
	assert_hears("{" NOBODY ",\"cases\":[{\"status\":{\"id\":\"id\",\"ticket\":\"t\",\"status\":\"s\",\"order\":\"n\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"s\":\"resolved\",\"n\":60}",
		     "{\"kind\":\"status\",\"id\":\"a\",\"ticket\":\"7\",\"status\":\"solved\",\"said\":\"resolved\",\"order\":60}");
	assert_hears("{" NOBODY ",\"cases\":[{\"assign\":{\"id\":\"id\",\"ticket\":\"t\",\"assignee\":\"who\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"who\":\"ben@example.com\"}",
		     "{\"kind\":\"assign\",\"id\":\"a\",\"ticket\":\"7\",\"assignee\":\"ben@example.com\"}");
	assert_hears("{" NOBODY ",\"cases\":[{\"merge\":{\"id\":\"id\",\"ticket\":\"t\",\"into\":\"to\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"to\":9}", "{\"kind\":\"merge\",\"id\":\"a\",\"ticket\":\"7\",\"into\":\"9\"}");
	assert_hears("{" NOBODY ",\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}", "{\"id\":\"a\",\"t\":\"7\"}",
		     "{\"kind\":\"delete\",\"id\":\"a\",\"ticket\":\"7\"}");
	assert_hears("{" NOBODY ",\"cases\":[{\"look\":{\"id\":\"id\",\"ticket\":\"t\"}}]}", "{\"id\":\"a\",\"t\":\"7\"}",
		     "{\"kind\":\"look\",\"id\":\"a\",\"ticket\":\"7\"}");
}

static void test_nobody_is_assigned_where_the_name_is_empty(void **state)
{
	(void)state;
	assert_hears("{" NOBODY ",\"cases\":[{\"assign\":{\"id\":\"id\",\"ticket\":\"t\",\"assignee\":\"who\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"who\":null}",
		     "{\"kind\":\"assign\",\"id\":\"a\",\"ticket\":\"7\",\"assignee\":\"\"}");
}

static void test_an_order_is_a_number_or_a_time(void **state)
{
	(void)state;
	assert_hears("{" NOBODY ",\"cases\":[{\"status\":{\"id\":\"id\",\"ticket\":\"t\",\"status\":\"s\",\"order\":\"at\"}}]}",
		     "{\"id\":\"a\",\"t\":\"7\",\"s\":\"new\",\"at\":\"2026-11-22T09:59:00Z\"}",
		     "{\"kind\":\"status\",\"id\":\"a\",\"ticket\":\"7\",\"status\":\"open\",\"said\":\"new\",\"order\":1795341540000}");
}

/* ---- which case ---- */

static void test_the_first_case_that_fits_counts_and_also_lets_others_in(void **state)
{
	static const char back[] = "{" NOBODY ",\"cases\":["
		"{\"when\":{\"type\":\"x\"},\"ignore\":true},"
		"{\"when\":{\"said\":{\"exists\":true}},\"also\":true,\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"said\"}},"
		"{\"when\":{\"s\":{\"exists\":true}},\"status\":{\"id\":\"id\",\"ticket\":\"t\",\"status\":\"s\"}},"
		"{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}";

	(void)state;
	assert_hears(back, "{\"type\":\"x\",\"id\":1,\"t\":7,\"said\":\"a\"}", "");
	assert_hears(back, "{\"id\":1,\"t\":7,\"said\":\"a\",\"s\":\"new\"}",
		     "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"7\",\"text\":\"a\"}; "
		     "{\"kind\":\"status\",\"id\":\"1\",\"ticket\":\"7\",\"status\":\"open\",\"said\":\"new\"}");
	assert_hears(back, "{\"id\":1,\"t\":7}", "{\"kind\":\"delete\",\"id\":\"1\",\"ticket\":\"7\"}");
}

static void test_items_and_items_within_items_are_changes_each(void **state)
{
	(void)state;
	assert_hears("{\"hook\":{\"auth\":\"none\",\"each\":\"events[]\"},\"cases\":[{\"each\":\"notes[]\",\"note\":{\"id\":\"id\","
		     "\"ticket\":\"$up.t\",\"text\":\"x\",\"agent\":\"$root.by\"}}]}",
		     "{\"by\":\"Ben\",\"events\":[{\"t\":1,\"notes\":[{\"id\":1,\"x\":\"a\"},{\"id\":2,\"x\":\"b\"}]},"
		     "{\"t\":2,\"notes\":[{\"id\":3,\"x\":\"c\"}]}]}",
		     "{\"kind\":\"note\",\"id\":\"1\",\"ticket\":\"1\",\"text\":\"a\",\"agent\":\"Ben\"}; "
		     "{\"kind\":\"note\",\"id\":\"2\",\"ticket\":\"1\",\"text\":\"b\",\"agent\":\"Ben\"}; "
		     "{\"kind\":\"note\",\"id\":\"3\",\"ticket\":\"2\",\"text\":\"c\",\"agent\":\"Ben\"}");
}

static void test_what_our_own_account_said_is_an_echo(void **state)
{
	hg_desk *desk = desk_with("{" NOBODY ",\"own\":[{\"by\":{\"same\":\"$value:account\"}},{\"robot\":\"true\"}],\"cases\":["
				  "{\"note\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\"}}]}", NULL);
	static const struct { const char *body; guint own, changes; } rows[] = {
		{ "{\"id\":1,\"t\":7,\"x\":\"a\",\"by\":7}", 1, 0 }, { "{\"id\":1,\"t\":7,\"x\":\"a\",\"by\":8}", 0, 1 },
		{ "{\"id\":1,\"t\":7,\"x\":\"a\",\"robot\":true}", 1, 0 },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_auto(hg_back_heard) heard = { 0 };

		hear(desk, rows[i].body, &heard);
		assert_int_equal(heard.own, rows[i].own);
		assert_int_equal(heard.changes->len, rows[i].changes);
	}
	free_desk(desk);
}

/* ---- what is odd hurts nobody else ---- */

#define TEN(x)	x x x x x x x x x x
#define HUGE	TEN(TEN(TEN("123")))	/* more than an id may be */

static void test_an_item_that_cannot_be_read_leaves_its_neighbours_alone(void **state)
{
	static const char back[] = "{\"hook\":{\"auth\":\"none\",\"each\":\"[]\"},\"cases\":["
		"{\"when\":{\"k\":\"r\"},\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\"}},"
		"{\"when\":{\"k\":\"s\"},\"status\":{\"id\":\"id\",\"ticket\":\"t\",\"status\":\"x\"}},"
		"{\"when\":{\"k\":\"m\"},\"merge\":{\"id\":\"id\",\"ticket\":\"t\",\"into\":\"x\"}}]}";
	static const struct { const char *item, *why; } rows[] = {
		{ "{\"k\":\"r\",\"t\":7,\"x\":\"a\"}", "it has no id" },
		{ "{\"k\":\"r\",\"id\":1,\"x\":\"a\"}", "it does not say which ticket" },
		{ "{\"k\":\"r\",\"id\":1,\"t\":7,\"x\":\" \\n\"}", "nothing is said in it" },
		{ "{\"k\":\"s\",\"id\":1,\"t\":7,\"x\":\"parked\"}", "the status 'parked' is not in the preset's statuses.from" },
		{ "{\"k\":\"s\",\"id\":1,\"t\":7}", "there is no status" },
		{ "{\"k\":\"m\",\"id\":1,\"t\":7}", "what the ticket was merged into" },
		{ "{\"k\":\"r\",\"id\":1,\"t\":\"" HUGE "\",\"x\":\"a\"}", "" },
	};
	hg_desk *desk = desk_with(back, NULL);

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autofree char *body = g_strdup_printf("[%s,{\"k\":\"r\",\"id\":2,\"t\":8,\"x\":\"good\"},{\"k\":\"?\"}]", rows[i].item);
		g_auto(hg_back_heard) heard = { 0 };

		hear(desk, body, &heard);
		assert_int_equal(heard.verdict, HG_BACK_TAKEN);
		assert_int_equal(heard.odd, 1);
		assert_int_equal(heard.unmatched, 1);
		assert_non_null(strstr(heard.odd_why, rows[i].why));
		assert_int_equal(heard.changes->len, 1);
		assert_string_equal(g_array_index(heard.changes, struct hg_change, 0).text, "good");
	}
	free_desk(desk);
}

static void test_what_names_no_ticket_of_ours_may_be_skipped(void **state)
{
	hg_desk *desk = desk_with("{" NOBODY ",\"cases\":[{\"note\":{\"id\":\"id\",\"external\":\"x\",\"text\":\"a\",\"none\":\"skip\"}}]}",
				  NULL);
	g_auto(hg_back_heard) heard = { 0 };

	(void)state;
	hear(desk, "{\"id\":1,\"a\":\"b\"}", &heard);
	assert_int_equal(heard.ignored, 1);
	assert_int_equal(heard.odd, 0);
	free_desk(desk);
}

static void test_more_changes_than_fit_are_left_over(void **state)
{
	hg_desk *desk = desk_with("{\"hook\":{\"auth\":\"none\",\"each\":\"[]\"},\"cases\":[{\"also\":true,\"delete\":{\"id\":\"id\","
				  "\"ticket\":\"t\"}},{\"delete\":{\"id\":[{\"value\":\"b\"},\"id\"],\"ticket\":\"t\"}}]}", NULL);
	g_autoptr(GString) body = g_string_new("[");
	g_auto(hg_back_heard) heard = { 0 };

	(void)state;
	for (int i = 0; i < HG_BACK_CHANGES_MAX / 2 + 1; i++)
		g_string_append_printf(body, "%s{\"id\":%d,\"t\":1}", i ? "," : "", i);
	g_string_append_c(body, ']');
	hear(desk, body->str, &heard);
	assert_true(heard.left_over);
	assert_int_equal(heard.changes->len, HG_BACK_CHANGES_MAX);
	free_desk(desk);
}

/* ---- ids ---- */

static void test_ids_are_put_together_and_long_ones_hashed(void **state)
{
	static const char back[] = "{" NOBODY ",\"cases\":[{\"delete\":{\"id\":[{\"value\":\"txn\"},\"id\"],\"ticket\":\"t\"}}]}";
	hg_desk *desk = desk_with(back, NULL);
	g_autofree char *same = g_strnfill(HG_BACK_ID_MAX, 'x'), *body = g_strdup_printf("{\"t\":7,\"id\":\"%s\"}", same);
	g_auto(hg_back_heard) one = { 0 }, two = { 0 }, other = { 0 };

	(void)state;
	assert_hears(back, "{\"id\":58,\"t\":7}", "{\"kind\":\"delete\",\"id\":\"txn-58\",\"ticket\":\"7\"}");
	hear(desk, body, &one);
	hear(desk, body, &two);
	body[strlen(body) - 3] = 'y';
	hear(desk, body, &other);
	assert_int_equal(strlen(g_array_index(one.changes, struct hg_change, 0).id), 64);
	assert_string_equal(g_array_index(one.changes, struct hg_change, 0).id, g_array_index(two.changes, struct hg_change, 0).id);
	assert_string_not_equal(g_array_index(one.changes, struct hg_change, 0).id,
				g_array_index(other.changes, struct hg_change, 0).id);
	free_desk(desk);
}

/* A line break in an id would be one in logs and keys. */
static void test_ids_of_more_than_a_line_are_hashed(void **state)
{
	hg_desk *desk = desk_with("{" NOBODY ",\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}", NULL);
	g_auto(hg_back_heard) heard = { 0 };
	const struct hg_change *change;

	(void)state;
	hear(desk, "{\"id\":\"a\\nb\",\"t\":\"7\\n8\"}", &heard);
	change = &g_array_index(heard.changes, struct hg_change, 0);
	assert_int_equal(strlen(change->id), 64);
	assert_string_equal(change->ticket, "7 8");
	free_desk(desk);
}

/* ---- texts and files ---- */

#define HTML_CASE(more) "{" NOBODY ",\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"html\":\"h\"" more "}}]}"

static void test_html_becomes_text_without_what_was_quoted(void **state)
{
	static const char body[] = "{\"id\":1,\"t\":7,\"h\":\"<p>Good &amp; done</p><script>alert(1)</script>"
				   "<div class=\\\"gmail_quote\\\">On Monday Ana wrote:<blockquote>help</blockquote></div>\"}";

	(void)state;
	assert_hears(HTML_CASE(""), body, "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"7\",\"text\":\"Good & done\"}");
	assert_hears(HTML_CASE(",\"quotes\":\"keep\""), body, "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"7\","
		     "\"text\":\"Good & done\\n\\nOn Monday Ana wrote:\\n\\n> help\"}");
}

static void test_text_is_kept_unless_quotes_are_to_be_cut(void **state)
{
	static const char body[] = "{\"id\":1,\"t\":7,\"x\":\"Done.\\r\\n\\r\\nOn Mon, 1 Jan 2026 Ana <a@b.example> wrote:\\r\\n> help\"}";

	(void)state;
	assert_hears("{" NOBODY ",\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\"}}]}", body,
		     "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"7\","
		     "\"text\":\"Done.\\n\\nOn Mon, 1 Jan 2026 Ana <a@b.example> wrote:\\n> help\"}");
	assert_hears("{" NOBODY ",\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\",\"quotes\":\"cut\"}}]}", body,
		     "{\"kind\":\"reply\",\"id\":\"1\",\"ticket\":\"7\",\"text\":\"Done.\"}");
}

static void test_a_file_alone_is_something_said(void **state)
{
	hg_desk *desk = desk_with("{" NOBODY ",\"cases\":[{\"reply\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\",\"files\":{"
				  "\"each\":\"f[]\",\"url\":\"u\",\"name\":\"n\",\"type\":\"m\",\"size\":\"b\"}}}]}", NULL);
	g_auto(hg_back_heard) heard = { 0 };
	const struct hg_change *change;

	(void)state;
	hear(desk, "{\"id\":1,\"t\":7,\"f\":[{\"u\":\"https://desk.example/1\",\"n\":\"a.png\",\"m\":\"image/png\",\"b\":12}]}",
	     &heard);
	assert_int_equal(heard.changes->len, 1);
	change = &g_array_index(heard.changes, struct hg_change, 0);
	assert_string_equal(change->text, "");
	assert_int_equal(change->n_files, 1);
	assert_string_equal(change->files[0].ref, "https://desk.example/1");
	assert_string_equal(change->files[0].name, "a.png");
	assert_string_equal(change->files[0].type, "image/png");
	assert_int_equal(change->files[0].bytes, 12);
	assert_int_equal(change->files[0].kind, HG_IMAGE);
	free_desk(desk);
}

static void test_only_addresses_of_the_web_are_links(void **state)
{
	(void)state;
	assert_hears("{" NOBODY ",\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\",\"url\":\"u\"}}]}",
		     "{\"id\":1,\"t\":7,\"u\":\"javascript:alert(1)\"}", "{\"kind\":\"delete\",\"id\":\"1\",\"ticket\":\"7\"}");
}

/* ---- who calls ---- */

#define SIGNED "{\"hook\":{\"auth\":[{\"hmac\":{\"digest\":\"sha256\",\"secret\":[\"webhook\",\"old\"]," \
	       "\"over\":\"${header:X-At}.${body}\",\"at\":\"$header:X-Sign\"}},{\"within\":{\"at\":\"$header:X-At\",\"window\":\"5m\"}}]," \
	       "\"reply\":{\"accepted\":204,\"bad_signature\":{\"status\":403,\"body\":\"no\"},\"busy\":429}}," \
	       "\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}"

static int verdict_of(const hg_desk *desk, const char *secret, const char *at, const char *body, const char *sent, int *ret_status)
{
	g_autofree char *over = g_strconcat(at, ".", body, NULL), *hex = NULL;
	g_autoptr(GBytes) mac = hg_mac(HG_SHA256, secret, strlen(secret), over, strlen(over));
	g_auto(hg_back_heard) heard = { 0 };
	const char *headers[] = { "Content-Type", "application/json", "X-At", at, "X-Sign", NULL, NULL };

	hex = hg_hex(g_bytes_get_data(mac, NULL), g_bytes_get_size(mac));
	headers[5] = hex;
	hear_as(desk, "POST", sent, headers, NULL, &heard);
	*ret_status = heard.answer.status;
	assert_int_equal(heard.busy.status, heard.verdict == HG_BACK_TAKEN ? 429 : 503);
	return heard.verdict;
}

static void test_only_who_has_the_secret_is_heard_and_only_in_time(void **state)
{
	static const char body[] = "{\"id\":1,\"t\":7}";
	hg_desk *desk = desk_with(SIGNED, NULL);
	int status;

	(void)state;
	assert_int_equal(verdict_of(desk, "made-up", "1795341600", body, body, &status), HG_BACK_TAKEN);
	assert_int_equal(status, 204);
	assert_int_equal(verdict_of(desk, "former", "1795341600", body, body, &status), HG_BACK_TAKEN);
	assert_int_equal(verdict_of(desk, "wrong", "1795341600", body, body, &status), HG_BACK_FORGED);
	assert_int_equal(status, 403);
	assert_int_equal(verdict_of(desk, "made-up", "1795341600", body, "{\"id\":2,\"t\":7}", &status), HG_BACK_FORGED);
	assert_int_equal(verdict_of(desk, "made-up", "1795341000", body, body, &status), HG_BACK_FORGED);	/* stale */
	assert_int_equal(verdict_of(desk, "made-up", "1795342200", body, body, &status), HG_BACK_FORGED);	/* not yet */
	assert_int_equal(verdict_of(desk, "", "1795341600", body, body, &status), HG_BACK_FORGED);
	assert_true(hg_back_proves(desk->back));
	assert_false(hg_back_wants_url(desk->back));
	free_desk(desk);
}

static void test_a_handshake_is_answered_to_who_knows_the_token(void **state)
{
	static const char *const good[] = { "token", "made-up", "challenge", "<b>x", NULL };
	static const char *const bad[] = { "token", "guess", "challenge", "x", NULL };
	static const char *const empty[] = { "token", "made-up", NULL };
	hg_desk *desk = desk_with("{\"hook\":{\"auth\":\"none\",\"verify\":{\"token\":\"$query:token\",\"secret\":\"webhook\","
				  "\"echo\":\"$query:challenge\"}},\"cases\":[{\"ignore\":true}]}", NULL);
	g_auto(hg_back_heard) shaken = { 0 }, forged = { 0 }, nothing = { 0 }, put = { 0 };

	(void)state;
	hear_as(desk, "GET", "", NULL, good, &shaken);
	assert_int_equal(shaken.verdict, HG_BACK_SHAKEN);
	assert_int_equal(shaken.answer.status, 200);
	assert_memory_equal(shaken.answer.body, "<b>x", shaken.answer.len);
	assert_string_equal(shaken.answer.type, "text/plain; charset=utf-8");
	hear_as(desk, "GET", "", NULL, bad, &forged);
	assert_int_equal(forged.verdict, HG_BACK_FORGED);
	assert_int_equal(forged.answer.status, 401);
	hear_as(desk, "GET", "", NULL, empty, &nothing);
	assert_int_equal(nothing.verdict, HG_BACK_UNREADABLE);
	hear_as(desk, "PUT", "{}", as_json, NULL, &put);
	assert_int_equal(put.verdict, HG_BACK_METHOD);
	assert_int_equal(put.answer.status, 405);
	free_desk(desk);
}

static void test_a_handshake_echoes_no_page_of_a_strangers(void **state)
{
	g_autofree char *most = g_strnfill(4096, 'x'), *more = g_strnfill(4097, 'x');
	const char *query[] = { "token", "made-up", "challenge", most, NULL };
	hg_desk *desk = desk_with("{\"hook\":{\"auth\":\"none\",\"verify\":{\"token\":\"$query:token\",\"secret\":\"webhook\","
				  "\"echo\":\"$query:challenge\"}},\"cases\":[{\"ignore\":true}]}", NULL);
	g_auto(hg_back_heard) shaken = { 0 }, refused = { 0 };

	(void)state;
	hear_as(desk, "GET", "", NULL, query, &shaken);
	assert_int_equal(shaken.answer.len, 4096);
	query[3] = more;
	hear_as(desk, "GET", "", NULL, query, &refused);
	assert_int_equal(refused.verdict, HG_BACK_UNREADABLE);
	free_desk(desk);
}

/* Where nobody knows what the address was, no signature over it holds; those over the body do. */
static void test_without_a_public_url_no_address_is_proven(void **state)
{
	static const char *const auths[] = { "{\"digest\":{\"over\":\"${secret:webhook}${url}\",\"at\":\"$query:s\"}}", "\"none\"" };
	static const char *const query[] = { "s", "00", NULL };

	(void)state;
	for (int i = 0; i < 2; i++) {
		g_autofree char *back = g_strdup_printf("{\"hook\":{\"auth\":%s},\"cases\":[{\"ignore\":true}]}", auths[i]);
		hg_desk *desk = desk_with(back, NULL);
		struct asked asked = { .pub = { .size = sizeof(asked.pub), .method = "POST", .path = "hook", .body = "{}", .len = 2,
						.header = get_header, .query = get_query, .target = "/backend/desk/hook" },
				       .headers = as_json, .query = query };
		struct hg_back_given given = { .desk = desk, .now_ms = NOW_MS };
		g_auto(hg_back_heard) heard = { 0 };

		hg_back_hear(&given, &asked.pub, &heard);
		assert_int_equal(heard.verdict, i ? HG_BACK_TAKEN : HG_BACK_FORGED);
		free_desk(desk);
	}
}

static void test_a_hook_without_handshake_is_not_got(void **state)
{
	hg_desk *desk = desk_with(SIGNED, NULL);
	g_auto(hg_back_heard) heard = { 0 };

	(void)state;
	hear_as(desk, "GET", "", NULL, NULL, &heard);
	assert_int_equal(heard.verdict, HG_BACK_METHOD);
	free_desk(desk);
}

static void test_what_is_proven_and_cannot_be_read_is_told_so(void **state)
{
	static const char *const strange[] = { "Content-Type", "application/x-strange", NULL };
	hg_desk *desk = desk_with("{" NOBODY ",\"cases\":[{\"ignore\":true}]}", NULL);
	g_auto(hg_back_heard) broken = { 0 }, unknown = { 0 }, nothing = { 0 };

	(void)state;
	hear(desk, "{\"id\":", &broken);
	assert_int_equal(broken.verdict, HG_BACK_UNREADABLE);
	assert_int_equal(broken.answer.status, 400);
	hear_as(desk, "POST", "{}", strange, NULL, &unknown);
	assert_int_equal(unknown.verdict, HG_BACK_UNREADABLE);
	assert_non_null(strstr(unknown.why, "Content-Type"));
	hear(desk, "{}", &nothing);
	assert_int_equal(nothing.verdict, HG_BACK_TAKEN);
	assert_int_equal(nothing.ignored, 1);
	assert_false(hg_back_proves(desk->back));
	free_desk(desk);
}

static void test_other_forms_than_json_are_read_as_the_preset_says(void **state)
{
	hg_desk *desk = desk_with("{\"hook\":{\"auth\":\"none\",\"type\":\"form\",\"charset\":\"iso-8859-1\"},\"cases\":["
				  "{\"note\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\"}}]}", NULL);
	g_auto(hg_back_heard) heard = { 0 };

	(void)state;
	hear_as(desk, "POST", "id=1&t=7&x=caf%E9", NULL, NULL, &heard);
	assert_int_equal(heard.changes->len, 1);
	assert_string_equal(g_array_index(heard.changes, struct hg_change, 0).text, "caf\xc3\xa9");
	free_desk(desk);
}

/* ---- polls ---- */

static void sort(const hg_desk *desk, const char *json, gboolean poll, struct hg_back_heard *ret)
{
	g_autoptr(json_object) items = hg_json_parse(json, strlen(json), NULL, NULL);
	struct hg_back_given given = { .desk = desk, .now_ms = NOW_MS };

	hg_back_sort(&given, items, poll, ret);
}

static void test_polls_have_cases_of_their_own_or_those_of_the_hook(void **state)
{
	static const char back[] = "{\"hook\":{\"auth\":\"none\",\"each\":\"events[]\"},\"own\":{\"by\":\"us\"},\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}";
	hg_desk *own = desk_with(back, "{\"every\":\"1m\",\"each\":\"notes[]\",\"cases\":[{\"note\":{\"id\":\"id\",\"ticket\":\"$up.t\","
				       "\"text\":\"x\",\"agent\":\"$root.who\"}}]}");
	hg_desk *same = desk_with(back, "{\"every\":\"1m\"}");
	g_auto(hg_back_heard) polled = { 0 }, looked = { 0 }, shared = { 0 };
	g_autofree char *got = NULL;

	(void)state;
	sort(own, "[[{\"t\":1,\"who\":\"Ben\",\"notes\":[{\"id\":1,\"x\":\"a\",\"by\":\"us\"}]}],[{\"t\":2,\"notes\":[{\"id\":2,"
		  "\"x\":\"b\"}]}]]", TRUE, &polled);
	got = shown(&polled);
	assert_string_equal(got, "{\"kind\":\"note\",\"id\":\"1\",\"ticket\":\"1\",\"text\":\"a\",\"agent\":\"Ben\"}; "
			    "{\"kind\":\"note\",\"id\":\"2\",\"ticket\":\"2\",\"text\":\"b\"}");
	/* What fetch_change brings is as the hook's. */
	sort(own, "{\"id\":1,\"t\":7}", FALSE, &looked);
	assert_int_equal(g_array_index(looked.changes, struct hg_change, 0).kind, HG_CHANGE_DELETE);
	sort(same, "[{\"id\":1,\"t\":7},{\"id\":2,\"t\":7,\"by\":\"us\"}]", TRUE, &shared);
	assert_int_equal(shared.changes->len, 1);
	assert_int_equal(shared.own, 1);
	assert_true(hg_back_has_poll(own->back) && hg_back_has_hook(own->back));
	free_desk(own);
	free_desk(same);
}

static void test_nothing_and_null_are_no_items(void **state)
{
	hg_desk *desk = desk_with(NULL, "{\"cases\":[{\"delete\":{\"id\":\"id\",\"ticket\":\"t\"}}]}");
	struct hg_back_given given = { .desk = desk, .now_ms = NOW_MS };
	g_auto(hg_back_heard) nothing = { 0 }, nulls = { 0 };

	(void)state;
	hg_back_sort(&given, NULL, TRUE, &nothing);
	assert_int_equal(nothing.items, 0);
	sort(desk, "[null,[null]]", TRUE, &nulls);
	assert_int_equal(nulls.items, 0);
	assert_false(hg_back_has_hook(desk->back));
	free_desk(desk);
}

static void test_what_a_poll_brings_is_in_the_order_it_happened(void **state)
{
	hg_desk *desk = desk_with(NULL, "{\"every\":\"1m\",\"cases\":[{\"note\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\",\"at\":\"at\"}}]}");
	g_auto(hg_back_heard) newest_first = { 0 }, some_say_when = { 0 };
	g_autofree char *got = NULL, *as_it_came = NULL;

	(void)state;
	sort(desk, "[[{\"id\":3,\"t\":1,\"x\":\"c\",\"at\":1763632803},{\"id\":2,\"t\":1,\"x\":\"b\",\"at\":1763632802}],"
		   "[{\"id\":1,\"t\":1,\"x\":\"a\",\"at\":1763632802}]]", TRUE, &newest_first);
	got = shown(&newest_first);
	assert_string_equal(got, "{\"kind\":\"note\",\"id\":\"2\",\"ticket\":\"1\",\"text\":\"b\",\"at_ms\":1763632802000}; "
			    "{\"kind\":\"note\",\"id\":\"1\",\"ticket\":\"1\",\"text\":\"a\",\"at_ms\":1763632802000}; "
			    "{\"kind\":\"note\",\"id\":\"3\",\"ticket\":\"1\",\"text\":\"c\",\"at_ms\":1763632803000}");
	sort(desk, "[{\"id\":2,\"t\":1,\"x\":\"b\",\"at\":1763632802},{\"id\":1,\"t\":1,\"x\":\"a\"}]", TRUE, &some_say_when);
	as_it_came = shown(&some_say_when);
	assert_true(g_str_has_prefix(as_it_came, "{\"kind\":\"note\",\"id\":\"2\""));
	free_desk(desk);
}

static void test_what_was_said_goes_before_the_status_of_the_same_second(void **state)
{
	hg_desk *desk = desk_with(NULL, "{\"every\":\"1m\",\"cases\":[{\"when\":{\"x\":{\"exists\":true}},"
					"\"note\":{\"id\":\"id\",\"ticket\":\"t\",\"text\":\"x\",\"at\":\"at\"}},"
					"{\"delete\":{\"id\":\"id\",\"ticket\":\"t\",\"at\":\"at\"}}]}");
	g_auto(hg_back_heard) heard = { 0 };

	(void)state;
	sort(desk, "[{\"id\":1,\"t\":1,\"at\":1763632802},{\"id\":2,\"t\":1,\"x\":\"b\",\"at\":1763632802}]", TRUE, &heard);
	assert_int_equal(g_array_index(heard.changes, struct hg_change, 0).kind, HG_CHANGE_NOTE);
	assert_int_equal(g_array_index(heard.changes, struct hg_change, 1).kind, HG_CHANGE_DELETE);
	free_desk(desk);
}

/* ---- mistakes ---- */

#define WITH(back) "{" REST ",\"back\":" back "}"
#define CASE(words) WITH("{" NOBODY ",\"cases\":[" words "]}")

static void test_mistakes_of_presets_are_told_with_their_places(void **state)
{
	static const struct { const char *json, *want; } rows[] = {
		{ WITH("{\"hook\":{},\"cases\":[{\"ignore\":true}]}"), "preset/back/hook: 'auth' is missing" },
		{ WITH("{\"hook\":{\"auth\":\"none\",\"tpye\":\"json\"},\"cases\":[{\"ignore\":true}]}"),
		  "preset/back/hook/tpye: there is no 'tpye' here: did you mean 'type'?" },
		{ WITH("{\"hook\":{\"auth\":\"none\",\"type\":\"yaml\"},\"cases\":[{\"ignore\":true}]}"), "preset/back/hook/type: 'yaml' is none" },
		{ WITH("{\"hook\":{\"auth\":\"none\",\"charset\":\"x-none\"},\"cases\":[{\"ignore\":true}]}"),
		  "preset/back/hook/charset: there is no charset" },
		{ WITH("{\"hook\":{\"auth\":\"none\",\"each\":\"a[\"},\"cases\":[{\"ignore\":true}]}"), "preset/back/hook/each: the path" },
		{ WITH("{\"hook\":{\"auth\":\"none\",\"verify\":{\"token\":\"a\",\"secret\":\"nope\",\"echo\":\"b\"}},\"cases\":[{\"ignore\":true}]}"),
		  "'nope'" },
		{ WITH("{" NOBODY "}"), "preset/back: 'cases' is missing" },
		{ WITH("{" NOBODY ",\"cases\":[]}"), "preset/back/cases: a list of 1 to 32 cases" },
		{ WITH("{" NOBODY ",\"own\":7,\"cases\":[{\"ignore\":true}]}"), "preset/back/own: a map of paths" },
		{ WITH("{" NOBODY ",\"own\":[],\"cases\":[{\"ignore\":true}]}"), "preset/back/own: a map of conditions, or a list" },
		{ CASE("{\"when\":{\"a\":\"b\"}}"), "preset/back/cases/0: what is it?" },
		{ CASE("{\"repyl\":{}}"), "did you mean 'reply'?" },
		{ CASE("{\"reply\":{},\"note\":{}}"), "preset/back/cases/0/note: a case is one thing: 'reply' or 'note'" },
		{ CASE("{\"reply\":{\"ticket\":\"t\",\"text\":\"x\"}}"), "preset/back/cases/0/reply: 'id' is missing" },
		{ CASE("{\"reply\":{\"id\":\"i\",\"text\":\"x\"}}"), "preset/back/cases/0/reply: needs 'ticket'" },
		{ CASE("{\"reply\":{\"id\":\"i\",\"ticket\":\"t\"}}"), "preset/back/cases/0/reply: needs 'text', 'html' or 'files'" },
		{ CASE("{\"reply\":{\"id\":\"i\",\"ticket\":\"t\",\"text\":\"x\",\"status\":\"s\"}}"), "there is no 'status' here" },
		{ CASE("{\"reply\":{\"id\":\"i\",\"ticket\":\"t\",\"text\":\"x\",\"quotes\":\"drop\"}}"), "quotes: 'drop' is none of keep, cut" },
		{ CASE("{\"status\":{\"id\":\"i\",\"ticket\":\"t\"}}"), "preset/back/cases/0/status: 'status' is missing" },
		{ CASE("{\"assign\":{\"id\":\"i\",\"ticket\":\"t\"}}"), "'assignee' is missing" },
		{ CASE("{\"merge\":{\"id\":\"i\",\"ticket\":\"t\"}}"), "'into' is missing" },
		{ CASE("{\"delete\":{\"id\":[\"a\",\"b\",\"c\",\"d\",\"e\",\"f\",\"g\",\"h\",\"i\"],\"ticket\":\"t\"}}"),
		  "preset/back/cases/0/delete/id: must have at most 8" },
		{ CASE("{\"delete\":{\"id\":\"i\",\"ticket\":\"t\",\"none\":\"perhaps\"}}"), "none: 'perhaps' is none of unreadable, skip" },
		{ "{\"poll\":{\"every\":\"1m\"}}", "preset/poll: 'cases' is missing" },
		{ "{\"poll\":{\"evry\":\"1m\",\"cases\":[{\"ignore\":true}]}}", "did you mean 'every'?" },
		{ "{\"poll\":{\"cases\":[{\"ignore\":true}]}}", "preset/operations: 'fetch_changes' is missing" },
		{ "{\"back\":{" NOBODY ",\"cases\":[{\"look\":{\"id\":\"i\",\"ticket\":\"t\"}}]}}", "preset/operations: 'fetch_change' is missing" },
		{ "{\"back\":{" NOBODY ",\"cases\":[{\"status\":{\"id\":\"i\",\"ticket\":\"t\",\"status\":\"s\"}}]}}",
		  "preset/statuses: 'from' is missing" },
		{ "{\"back\":{" NOBODY ",\"cases\":[{\"note\":{\"id\":\"i\",\"ticket\":\"t\",\"files\":{\"url\":\"u\"}}}]}}",
		  "preset/operations: 'fetch_attachment' is missing" },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
		assert_wrong(rows[i].json, rows[i].want);
}

static void test_a_preset_without_a_way_back_has_none(void **state)
{
	g_autoptr(GString) told = g_string_new(NULL);

	(void)state;
	assert_null(read_preset("{" REST "}", told));
	assert_string_equal(told->str, "");
	assert_false(hg_back_has_hook(NULL) || hg_back_has_poll(NULL) || hg_back_proves(NULL) || hg_back_wants_url(NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_each_kind_of_change_says_what_its_case_picks),
		cmocka_unit_test(test_nobody_is_assigned_where_the_name_is_empty),
		cmocka_unit_test(test_an_order_is_a_number_or_a_time),
		cmocka_unit_test(test_the_first_case_that_fits_counts_and_also_lets_others_in),
		cmocka_unit_test(test_items_and_items_within_items_are_changes_each),
		cmocka_unit_test(test_what_our_own_account_said_is_an_echo),
		cmocka_unit_test(test_an_item_that_cannot_be_read_leaves_its_neighbours_alone),
		cmocka_unit_test(test_what_names_no_ticket_of_ours_may_be_skipped),
		cmocka_unit_test(test_more_changes_than_fit_are_left_over),
		cmocka_unit_test(test_ids_are_put_together_and_long_ones_hashed),
		cmocka_unit_test(test_ids_of_more_than_a_line_are_hashed),
		cmocka_unit_test(test_html_becomes_text_without_what_was_quoted),
		cmocka_unit_test(test_text_is_kept_unless_quotes_are_to_be_cut),
		cmocka_unit_test(test_a_file_alone_is_something_said),
		cmocka_unit_test(test_only_addresses_of_the_web_are_links),
		cmocka_unit_test(test_only_who_has_the_secret_is_heard_and_only_in_time),
		cmocka_unit_test(test_a_handshake_is_answered_to_who_knows_the_token),
		cmocka_unit_test(test_a_handshake_echoes_no_page_of_a_strangers),
		cmocka_unit_test(test_without_a_public_url_no_address_is_proven),
		cmocka_unit_test(test_a_hook_without_handshake_is_not_got),
		cmocka_unit_test(test_what_is_proven_and_cannot_be_read_is_told_so),
		cmocka_unit_test(test_other_forms_than_json_are_read_as_the_preset_says),
		cmocka_unit_test(test_polls_have_cases_of_their_own_or_those_of_the_hook),
		cmocka_unit_test(test_nothing_and_null_are_no_items),
		cmocka_unit_test(test_what_a_poll_brings_is_in_the_order_it_happened),
		cmocka_unit_test(test_what_was_said_goes_before_the_status_of_the_same_second),
		cmocka_unit_test(test_mistakes_of_presets_are_told_with_their_places),
		cmocka_unit_test(test_a_preset_without_a_way_back_has_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
