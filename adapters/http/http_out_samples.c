/* http_out_samples.c - the samples of a description that are about sending: what must become of them */
#include "http_out.h"

#include <string.h>

#include "http_body.h"
#include "http_tree.h"
#include "json.h"
#include "sample.h"
#include "text.h"

#define TOKEN "sample-token"

struct part {
	char *body;
	gsize len;
	int units;
	const char *coding;		/* static */
};

struct trial {
	const ht_desc *desc;
	const struct ht_conf *conf;
	gint64 now_ms;
	GString *wrong;			/* line by line; empty: passed */
};

G_GNUC_PRINTF(2, 3)
static void wrong(struct trial *t, const char *fmt, ...)
{
	va_list ap;

	if (t->wrong->len)
		g_string_append_c(t->wrong, '\n');
	va_start(ap, fmt);
	g_string_append_vprintf(t->wrong, fmt, ap);
	va_end(ap);
}

static void same(struct trial *t, const char *what, const char *want, const char *got)
{
	if (want && g_strcmp0(want, got) != 0)
		wrong(t, "%s: expected %s, got %s", what, want, got ? got : "nothing");
}

/* ---- the message ---- */

static int word_index(const char *word, const char *const *words)
{
	for (int i = 0; word && words[i]; i++)
		if (strcmp(words[i], word) == 0)
			return i;
	return 0;
}

static void make_file(struct json_object *given, struct hg_file *ret)
{
	static const char *const kinds[] = { "file", "image", "audio", "video", "sticker", NULL };
	static const int of[] = { HG_FILE, HG_IMAGE, HG_AUDIO, HG_VIDEO, HG_STICKER };

	*ret = (struct hg_file){ .size = sizeof(*ret), .kind = of[word_index(ht_sample_text(given, "kind"), kinds)],
				 .name = ht_sample_text(given, "name"), .type = ht_sample_text(given, "type"), .path = "sample", .bytes = 1 };
}

static struct hg_out message_of(struct json_object *given, const char **refs, const struct hg_file *file, gint64 now_ms)
{
	static const char *const kinds[] = { "text", "reaction", "edit", "revoke", "read", "typing", NULL };
	static const int of[] = { HG_TEXT, HG_REACTION, HG_EDIT, HG_REVOKE, HG_READ, HG_TYPING };
	const char *key = ht_sample_text(given, "key");

	return (struct hg_out){
		.size = sizeof(struct hg_out), .kind = of[word_index(ht_sample_text(given, "kind"), kinds)],
		.key = key ? key : "sample-key", .to = ht_sample_text(given, "to"), .from = ht_sample_text(given, "from"),
		.subject = ht_sample_text(given, "subject"), .text = ht_sample_text(given, "text"), .target = ht_sample_text(given, "target"),
		.name = ht_sample_text(given, "agent"), .refs = refs[0] ? refs : NULL, .files = file, .n_files = file ? 1 : 0,
		.file_size = sizeof(*file), .now_ms = now_ms,
	};
}

struct collecting {
	struct hg_plan plan;		/* first: add() gets a pointer to it */
	GArray *parts;
};

static void take_part(struct hg_plan *plan, const struct hg_part *part)
{
	struct part copy = { .body = g_memdup2(part->body, part->len), .len = part->len, .units = part->units,
			     .coding = part->coding };

	g_array_append_val(((struct collecting *)plan)->parts, copy);
}

static void clear_part(gpointer part)
{
	g_free(((struct part *)part)->body);
}

/* ---- a request ---- */

static const char *header_in(const GPtrArray *headers, const char *name)
{
	gsize len = strlen(name);

	for (guint i = 0; i < headers->len && headers->pdata[i]; i++) {
		const char *line = headers->pdata[i];

		if (g_ascii_strncasecmp(line, name, len) == 0 && g_str_has_prefix(line + len, ": "))
			return line + len + 2;
	}
	return NULL;
}

static void compare_headers(struct trial *t, struct json_object *want, const struct ht_made *made)
{
	json_object_object_foreach(want, name, value)
		same(t, name, json_object_get_string(value), header_in(made->headers, name));
}

static void compare_json(struct trial *t, struct json_object *want, const char *body, gsize len)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) got = hg_json_parse(body, len, NULL, &error);

	if (!got)
		wrong(t, "the body is no JSON: %s", error->message);
	else if (!json_object_equal(want, got))
		wrong(t, "body: expected %s, got %s", json_object_to_json_string_ext(want, JSON_C_TO_STRING_PLAIN), body);
}

static void compare_form(struct trial *t, struct json_object *want, const char *body, gsize len)
{
	struct hg_err err = { 0 };
	g_autoptr(json_object) got = ht_tree(HT_FORM, NULL, NULL, body, len, &err);

	if (!got || !json_object_equal(want, got))
		wrong(t, "fields: expected %s, got %s", json_object_to_json_string_ext(want, JSON_C_TO_STRING_PLAIN), body);
}

/* A file is { $file: true } there too. */
static struct json_object *fields_tree(const GArray *fields)
{
	struct json_object *tree = json_object_new_object();

	for (guint i = 0; fields && i < fields->len; i++) {
		const struct ht_field *field = &g_array_index(fields, struct ht_field, i);

		json_object_object_add(tree, field->name, field->value ? json_object_new_string(field->value)
								       : json_object_new_boolean(TRUE));
	}
	return tree;
}

static void compare_parts(struct trial *t, struct json_object *want, const GArray *fields)
{
	g_autoptr(json_object) got = fields_tree(fields);

	if (!json_object_equal(want, got))
		wrong(t, "parts: expected %s, got %s", json_object_to_json_string_ext(want, JSON_C_TO_STRING_PLAIN),
		      json_object_to_json_string_ext(got, JSON_C_TO_STRING_PLAIN));
}

static void compare_made(struct trial *t, struct json_object *want, const struct ht_made *made)
{
	struct json_object *member = NULL;

	same(t, "method", ht_sample_text(want, "method"), made->method);
	same(t, "url", ht_sample_text(want, "url"), made->url->str);
	same(t, "body", ht_sample_text(want, "body"), made->body->str);
	if (json_object_object_get_ex(want, "headers", &member))
		compare_headers(t, member, made);
	if (json_object_object_get_ex(want, "json", &member))
		compare_json(t, member, made->body->str, made->body->len);
	if (json_object_object_get_ex(want, "form", &member))
		compare_form(t, member, made->body->str, made->body->len);
	if (json_object_object_get_ex(want, "parts", &member))
		compare_parts(t, member, made->fields);
}

static void compare_part(struct trial *t, struct json_object *want, const struct part *part, const struct hg_out *message)
{
	struct hg_out out = *message;
	g_autoptr(json_object) tree = NULL;
	struct ht_say say = { .conf = t->conf, .token = TOKEN, .now_ms = t->now_ms };
	g_autofree char *units = g_strdup_printf("%d", part->units);
	g_auto(ht_made) made = { 0 };
	const ht_request *request;
	const char *why;

	out.body = part->body;
	out.len = part->len;
	say.part = tree = ht_part_read(t->conf, &out);
	request = ht_out_request(t->desc->out, &say);
	why = request ? ht_say_make(request, &say, &made) : "no request fits it";
	if (why) {
		wrong(t, "%s", why);
		return;
	}
	same(t, "units", ht_sample_text(want, "units"), units);
	same(t, "coding", ht_sample_text(want, "coding"), part->coding);
	compare_made(t, want, &made);
}

static void compare_all(struct trial *t, struct json_object *want, const GArray *parts, const struct hg_out *message)
{
	gsize n = json_object_is_type(want, json_type_array) ? json_object_array_length(want) : 0;

	if (n != parts->len)
		wrong(t, "requests: expected %zu, got %u", n, parts->len);
	for (gsize i = 0; i < MIN(n, parts->len); i++)
		compare_part(t, json_object_array_get_idx(want, i), &g_array_index(parts, struct part, i), message);
}

static void try_message(struct trial *t, struct json_object *sample)
{
	struct json_object *given = hg_json_obj(sample, "given"), *file = hg_json_obj(given, "file");
	const char *refs[] = { ht_sample_text(given, "ref"), NULL }, *refused = ht_sample_text(sample, "refused");
	struct hg_file one = { 0 };
	struct hg_out message;
	struct collecting all = { .plan = { sizeof(all.plan), take_part },
				  .parts = g_array_new(FALSE, TRUE, sizeof(struct part)) };
	struct hg_err err = { 0 };

	g_array_set_clear_func(all.parts, clear_part);
	if (file)
		make_file(file, &one);
	message = message_of(given, refs, file ? &one : NULL, t->now_ms);
	if (ht_out_plan(t->desc->out, t->conf, &message, &all.plan, &err)) {
		if (!refused || !strstr(err.text, refused))
			wrong(t, "refused: expected %s, got %s", refused ? refused : "that it is sent", err.text);
	} else if (refused) {
		wrong(t, "refused: expected %s, got %u requests", refused, all.parts->len);
	} else {
		struct json_object *want = hg_json_arr(sample, "requests");

		compare_all(t, want, all.parts, &message);
	}
	g_array_unref(all.parts);
}

/* ---- an answer ---- */

struct given_answer {
	struct hg_http_answer http;	/* first: header() gets a pointer to it */
	struct json_object *headers;
};

static const char *given_header(const struct hg_http_answer *http, const char *name)
{
	return ht_sample_header(((const struct given_answer *)http)->headers, name);
}

static void compare_verdict(struct trial *t, struct json_object *want, const struct ht_judged *got)
{
	static const char *const fates[] = { "sent", "retry", "failed", "ambiguous", NULL };
	static const char *const reaches[] = { "message", "contact", "channel", "account", NULL };
	const char *opted_out = ht_sample_text(want, "opted_out"), *retry = ht_sample_text(want, "retry");
	g_autofree char *code = g_strdup_printf("%d", got->result.code);

	same(t, "fate", ht_sample_text(want, "fate"), fates[got->result.fate]);
	same(t, "reach", ht_sample_text(want, "reach"), reaches[got->result.reach]);
	same(t, "id", ht_sample_text(want, "id"), got->id);
	same(t, "also", ht_sample_text(want, "also"), got->also[0]);
	same(t, "code", ht_sample_text(want, "code"), code);
	same(t, "opted_out", opted_out, got->opted_out ? "true" : "false");
	if (retry && hg_span_parse(retry) != got->result.retry_ms)
		wrong(t, "retry: expected %s, got %" G_GINT64_FORMAT " ms", retry, got->result.retry_ms);
}

static void try_answer(struct trial *t, struct json_object *sample)
{
	struct json_object *given = hg_json_obj(sample, "answer"), *json = NULL;
	struct given_answer answer = { .headers = hg_json_obj(given, "headers") };
	const char *body = ht_sample_text(given, "body");
	g_auto(ht_judged) verdict = { 0 };

	if (given && json_object_object_get_ex(given, "json", &json))
		body = json_object_to_json_string_ext(json, JSON_C_TO_STRING_PLAIN);
	answer.http = (struct hg_http_answer){ .size = sizeof(answer.http), .status = (int)hg_json_int(given, "status", 200),
					       .sent = true, .header = given_header, .body = body,
					       .len = body ? strlen(body) : 0 };
	ht_answer_read(t->desc->out->answer, t->desc, &answer.http, &verdict);
	compare_verdict(t, hg_json_obj(sample, "expect"), &verdict);
}

/* ---- all of them ---- */

/* A key that means nothing would be an expectation that nobody looks at. */
static void check_keys(struct trial *t, struct json_object *map, const char *const *keys)
{
	if (!json_object_is_type(map, json_type_object))
		return;
	json_object_object_foreach(map, key, value) {
		(void)value;
		if (!g_strv_contains(keys, key))
			wrong(t, "%s means nothing here", key);
	}
}

static void check_sample(struct trial *t, struct json_object *sample)
{
	static const char *const all[] = { "name", "seen", "made_up", "given", "requests", "refused", "answer", "expect", NULL };
	static const char *const given[] = { "to", "text", "from", "ref", "key", "kind", "target", "subject", "agent", "file", NULL };
	static const char *const request[] = { "method", "url", "headers", "units", "coding", "body", "json", "form", "parts", NULL };
	static const char *const answer[] = { "status", "headers", "body", "json", NULL };
	static const char *const expect[] = { "fate", "id", "also", "code", "reach", "retry", "opted_out", NULL };
	struct json_object *requests = hg_json_arr(sample, "requests");

	check_keys(t, sample, all);
	check_keys(t, hg_json_obj(sample, "given"), given);
	check_keys(t, hg_json_obj(sample, "answer"), answer);
	check_keys(t, hg_json_obj(sample, "expect"), expect);
	for (gsize i = 0; requests && i < json_object_array_length(requests); i++)
		check_keys(t, json_object_array_get_idx(requests, i), request);
	if (hg_json_obj(sample, "answer") ? !hg_json_obj(sample, "expect") : !requests && !ht_sample_text(sample, "refused"))
		wrong(t, "it does not say what is expected");
	if (!ht_sample_text(sample, "seen") == !hg_json_bool(sample, "made_up", FALSE))
		wrong(t, "say seen: where, or made_up: true");
}

guint ht_out_samples(const ht_desc *desc, struct json_object *samples, const struct ht_conf *conf, gint64 now_ms,
		     void (*tell)(void *arg, const struct hg_sample *), void *arg)
{
	gsize n = json_object_is_type(samples, json_type_array) ? json_object_array_length(samples) : 0;
	guint failed = 0;

	for (gsize i = 0; i < n; i++) {
		struct json_object *one = json_object_array_get_idx(samples, i);
		struct trial t = { .desc = desc, .conf = conf, .now_ms = now_ms, .wrong = g_string_new(NULL) };
		struct hg_sample sample = { .size = sizeof(sample), .name = ht_sample_text(one, "name"),
					    .made_up = hg_json_bool(one, "made_up", FALSE) };

		check_sample(&t, one);
		if (!desc->out)
			wrong(&t, "the description has no send");
		else if (hg_json_obj(one, "answer"))
			try_answer(&t, one);
		else
			try_message(&t, one);
		sample.passed = !t.wrong->len;
		sample.text = t.wrong->str;
		failed += !sample.passed;
		tell(arg, &sample);
		g_string_free(t.wrong, TRUE);
	}
	return failed;
}
