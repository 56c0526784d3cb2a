/* desk_stage.c - a network that is none: calls of a sample compared with what was expected, answered as it says */
#include "desk_stage.h"

#include <stdarg.h>
#include <string.h>

#include "http_tree.h"
#include "json.h"
#include "sample.h"
#include "text.h"

void hg_desk_stage_wrong(GString *wrong, const char *fmt, ...)
{
	va_list ap;

	if (wrong->len)
		g_string_append_c(wrong, '\n');
	va_start(ap, fmt);
	g_string_append_vprintf(wrong, fmt, ap);
	va_end(ap);
}

void hg_desk_stage_keys(struct json_object *map, const char *const *keys, GString *wrong)
{
	if (!json_object_is_type(map, json_type_object))
		return;
	json_object_object_foreach(map, key, value) {
		(void)value;
		if (!g_strv_contains(keys, key))
			hg_desk_stage_wrong(wrong, "%s means nothing here", key);
	}
}

static const char *plain(struct json_object *value)
{
	return json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
}

/* ---- what is sent ---- */

/* NULL: no such file. */
static GString *file_bytes(const struct hg_desk_stage *stage, const char *path)
{
	const char *base64 = hg_json_str(stage->files, path);
	gsize len = 0;
	g_autofree guchar *bytes = base64 ? g_base64_decode(base64, &len) : NULL;

	return base64 ? g_string_new_len((const char *)bytes, (gssize)len) : NULL;
}

static void add_file(const struct hg_desk_stage *stage, const struct hg_client_piece *piece, GString *body)
{
	g_autoptr(GString) bytes = file_bytes(stage, piece->path);
	g_autofree char *coded = bytes && piece->base64 ? hg_base64(bytes->str, bytes->len, FALSE) : NULL;

	if (coded)
		g_string_append(body, coded);
	else if (bytes)
		g_string_append_len(body, bytes->str, (gssize)bytes->len);
}

static GString *body_of(const struct hg_desk_stage *stage, const struct hg_client_call *call)
{
	GString *body = g_string_new_len(call->body, (gssize)call->len);

	for (gsize i = 0; i < call->n_pieces; i++) {
		if (call->pieces[i].path)
			add_file(stage, &call->pieces[i], body);
		else
			g_string_append_len(body, call->pieces[i].data, (gssize)call->pieces[i].len);
	}
	return body;
}

/* A file is { $file: its name }; a name that comes twice a list. */
static struct json_object *parts_tree(const struct hg_client_call *call)
{
	struct json_object *tree = json_object_new_object();

	for (gsize i = 0; i < call->n_parts; i++) {
		const struct hg_client_part *part = &call->parts[i];
		struct json_object *value = NULL, *before = NULL, *list;

		if (part->path) {
			value = json_object_new_object();
			json_object_object_add(value, "$file", json_object_new_string(part->filename ? part->filename : ""));
		} else {
			value = json_object_new_string_len(part->data, (int)part->len);
		}
		if (!json_object_object_get_ex(tree, part->name, &before)) {
			json_object_object_add(tree, part->name, value);
			continue;
		}
		list = json_object_is_type(before, json_type_array) ? json_object_get(before) : json_object_new_array();
		if (!json_object_is_type(before, json_type_array))
			json_object_array_add(list, json_object_get(before));
		json_object_array_add(list, value);
		json_object_object_add(tree, part->name, list);
	}
	return tree;
}

/* ---- compared ---- */

struct comparing {
	struct hg_desk_stage *stage;
	const struct hg_client_call *call;
	GString *body;
	gsize n;			/* which call, from 1 */
};

static void same(struct comparing *c, const char *what, const char *want, const char *got)
{
	if (want && g_strcmp0(want, got) != 0)
		hg_desk_stage_wrong(c->stage->wrong, "call %zu, %s: expected %s, got %s", c->n, what, want, got ? got : "nothing");
}

static const char *header_in(const char *const *headers, const char *name)
{
	gsize len = strlen(name);

	for (; headers && *headers; headers++)
		if (g_ascii_strncasecmp(*headers, name, len) == 0 && g_str_has_prefix(*headers + len, ": "))
			return *headers + len + 2;
	return NULL;
}

static void compare_headers(struct comparing *c, struct json_object *want)
{
	if (!json_object_is_type(want, json_type_object))
		return;
	json_object_object_foreach(want, name, value) {
		const char *got = header_in(c->call->headers, name);

		if (value)
			same(c, name, json_object_get_string(value), got);
		else if (got)
			hg_desk_stage_wrong(c->stage->wrong, "call %zu, %s: expected none, got %s", c->n, name, got);
	}
}

static void compare_json(struct comparing *c, struct json_object *want)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) got = hg_json_parse(c->body->str, c->body->len, NULL, &error);

	if (!got)
		hg_desk_stage_wrong(c->stage->wrong, "call %zu: the body is no JSON: %s", c->n, error->message);
	else if (!json_object_equal(want, got))
		hg_desk_stage_wrong(c->stage->wrong, "call %zu, body: expected %s, got %s", c->n, plain(want), plain(got));
}

/* All of both: 1 and "1" are one. */
static void compare_fields(struct comparing *c, struct json_object *want, struct json_object *got)
{
	g_autoptr(GString) wrong = g_string_new(NULL);

	if (got) {
		ht_compare(want, got, "", wrong);
		ht_compare(got, want, "", wrong);
	}
	if (!got || wrong->len)
		hg_desk_stage_wrong(c->stage->wrong, "call %zu, fields: expected %s, got %s", c->n, plain(want),
				    got ? plain(got) : c->body->str);
}

static void compare_body(struct comparing *c, struct json_object *want)
{
	struct json_object *member = NULL;
	struct hg_err err = { 0 };
	gsize len = 0;

	if (json_object_object_get_ex(want, "json", &member))
		compare_json(c, member);
	if (json_object_object_get_ex(want, "form", &member)) {
		g_autoptr(json_object) got = ht_tree(HT_FORM, NULL, NULL, c->body->str, c->body->len, &err);

		compare_fields(c, member, got);
	}
	if (json_object_object_get_ex(want, "parts", &member)) {
		g_autoptr(json_object) got = parts_tree(c->call);

		compare_fields(c, member, got);
	}
	if (json_object_object_get_ex(want, "body", NULL) || json_object_object_get_ex(want, "base64", NULL)) {
		g_autofree char *bytes = ht_sample_body(want, &len);

		if (len != c->body->len || memcmp(bytes, c->body->str, len) != 0)
			hg_desk_stage_wrong(c->stage->wrong, "call %zu, body: expected %s, got %s", c->n, bytes, c->body->str);
	}
}

static void compare(struct comparing *c, struct json_object *want)
{
	static const char *const keys[] = { "method", "url", "headers", "json", "form", "parts", "body", "base64", NULL };
	struct json_object *headers = NULL;

	if (!json_object_is_type(want, json_type_object)) {
		hg_desk_stage_wrong(c->stage->wrong, "call %zu: there is no request to compare it with", c->n);
		return;
	}
	hg_desk_stage_keys(want, keys, c->stage->wrong);
	same(c, "method", ht_sample_text(want, "method"), c->call->method ? c->call->method : "GET");
	same(c, "url", ht_sample_text(want, "url"), c->call->url);
	if (json_object_object_get_ex(want, "headers", &headers))
		compare_headers(c, headers);
	compare_body(c, want);
}

/* ---- answered ---- */

struct answering {
	struct hg_desk_answer answer;	/* first: header() gets a pointer to it */
	struct json_object *headers;
	const char *type;		/* where the headers name none; or NULL */
};

static const char *header_of(const void *from, const char *name)
{
	const struct answering *a = from;
	const char *said = ht_sample_header(a->headers, name);

	return said || g_ascii_strcasecmp(name, "Content-Type") != 0 ? said : a->type;
}

static gint64 retry_of(struct json_object *headers)
{
	const char *text = ht_sample_header(headers, "Retry-After");
	guint64 seconds;

	return text && g_ascii_string_to_unsigned(text, 10, 0, 86400, &seconds, NULL) ? (gint64)seconds * 1000 : -1;
}

static void answer_as(struct json_object *said, hg_desk_answered *done, void *arg)
{
	struct answering a = { .headers = hg_json_obj(said, "headers"), .type = ht_sample_type(said) };
	gsize len = 0;
	g_autofree char *body = ht_sample_body(said, &len);
	int status = (int)hg_json_int(said, "status", 200);

	a.answer = (struct hg_desk_answer){ .status = status, .sent = TRUE, .body = body, .len = len, .header = header_of, .from = &a,
					    .code = status >= 300 && status < 400 ? HG_CLIENT_REDIRECT : HG_CLIENT_OK,
					    .retry_ms = retry_of(a.headers) };
	done(arg, &a.answer);
}

static void answer_none(gboolean sent, const char *why, hg_desk_answered *done, void *arg)
{
	const struct hg_desk_answer answer = { .code = sent ? HG_CLIENT_TIMEOUT : HG_CLIENT_CONNECT, .sent = sent, .error = why,
					       .body = "", .retry_ms = -1 };

	done(arg, &answer);
}

static void play_call(struct hg_desk_stage *stage, const struct hg_client_call *call, struct json_object *one,
		      hg_desk_answered *done, void *arg)
{
	static const char *const keys[] = { "request", "answer", NULL };
	static const char *const said_keys[] = { "status", "headers", "json", "form", "body", "base64", "lost", NULL };
	struct comparing c = { stage, call, body_of(stage, call), stage->made };
	struct json_object *said = hg_json_obj(one, "answer");

	hg_desk_stage_keys(one, keys, stage->wrong);
	hg_desk_stage_keys(said, said_keys, stage->wrong);
	compare(&c, hg_json_obj(one, "request"));
	g_string_free(c.body, TRUE);
	if (!said || hg_json_bool(said, "lost", FALSE))
		answer_none(TRUE, "no answer came", done, arg);
	else
		answer_as(said, done, arg);
}

static void take_call(void *ctx, const struct hg_client_call *call, hg_desk_answered *done, void *arg)
{
	struct hg_desk_stage *stage = ctx;
	struct json_object *one = json_object_is_type(stage->calls, json_type_array) &&
				  stage->made < json_object_array_length(stage->calls) ?
				  json_object_array_get_idx(stage->calls, stage->made) : NULL;

	stage->made++;
	if (one) {
		play_call(stage, call, one, done, arg);
		return;
	}
	hg_desk_stage_wrong(stage->wrong, "call %zu is not expected: %s %s", stage->made, call->method ? call->method : "GET",
			    call->url);
	answer_none(FALSE, "samples have no network", done, arg);
}

static gint64 now_ms(void *ctx)
{
	return ((const struct hg_desk_stage *)ctx)->now_ms;
}

void hg_desk_stage_init(struct hg_desk_stage *stage, struct json_object *calls, struct json_object *files, gint64 now,
			GString *wrong)
{
	*stage = (struct hg_desk_stage){ .calls = calls, .files = files, .now_ms = now, .wrong = wrong,
		.transport = { .call = take_call, .now_ms = now_ms } };
	stage->transport.ctx = stage;
}

void hg_desk_stage_end(struct hg_desk_stage *stage)
{
	gsize n = json_object_is_type(stage->calls, json_type_array) ? json_object_array_length(stage->calls) : 0;

	if (stage->made < n)
		hg_desk_stage_wrong(stage->wrong, "call %zu was not made: %s %s", stage->made + 1,
				    ht_sample_text(hg_json_obj(json_object_array_get_idx(stage->calls, stage->made), "request"), "method"),
				    ht_sample_text(hg_json_obj(json_object_array_get_idx(stage->calls, stage->made), "request"), "url"));
}
