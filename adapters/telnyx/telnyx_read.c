/* telnyx_read.c - what Telnyx sends, as messages and receipts
 *
 * Source: Telnyx, "Receiving webhooks", "Group MMS". */
#include "telnyx_read.h"

#include <string.h>

#include "json.h"
#include "number.h"
#include "params.h"
#include "proof.h"
#include "telnyx_errors.h"
#include "text.h"

#define PEOPLE_MAX 20			/* in a group */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static char *joined(hg_arena *arena, const char *a, const char *b)
{
	g_autofree char *text = g_strconcat(a, b, NULL);

	return hg_arena_str(arena, text);
}

const char *telnyx_address(const struct telnyx_conf *conf, const char *text, hg_arena *arena)
{
	struct hg_number number;

	return is_set(text) && hg_number_parse(text, conf->country, FALSE, &number) ? hg_arena_str(arena, number.uri) : NULL;
}

gboolean telnyx_is_ours(const struct telnyx_conf *conf, const char *uri)
{
	struct hg_number number;

	for (char **from = conf->from; uri && from && *from; from++)
		if (hg_number_parse(*from, conf->country, FALSE, &number) && !strcmp(number.uri, uri))
			return TRUE;
	return FALSE;
}

static struct json_object *at(struct json_object *array, gsize i)
{
	return array && i < json_object_array_length(array) ? json_object_array_get_idx(array, i) : NULL;
}

static gsize length(struct json_object *array)
{
	return array ? json_object_array_length(array) : 0;
}

int telnyx_error(struct json_object *obj, const char **ret_text)
{
	struct json_object *error = at(hg_json_arr(obj, "errors"), 0);
	const char *code = hg_json_str(error, "code"), *detail = hg_json_str(error, "detail");
	guint64 number = 0;

	*ret_text = detail ? detail : hg_json_str(error, "title");
	if (code && g_ascii_string_to_unsigned(code, 10, 0, G_MAXINT32, &number, NULL))
		return (int)number;
	return (int)CLAMP(hg_json_int(error, "code", 0), 0, G_MAXINT32);
}

/* ---- who ---- */

static void set_people(struct json_object *message, const struct telnyx_conf *conf, hg_arena *arena, struct hg_in *in)
{
	const char *uri = telnyx_address(conf, hg_json_str(hg_json_obj(message, "from"), "phone_number"), arena);
	g_autofree char *twin = uri ? hg_number_twin(uri) : NULL;
	struct hg_address *list = hg_arena_alloc(arena, 2 * sizeof(*list));

	if (uri)
		list[in->n_from++] = (struct hg_address){ uri, HG_PROVEN };
	if (twin)
		list[in->n_from++] = (struct hg_address){ hg_arena_str(arena, twin), HG_PROVEN };
	in->from = list;
}

static int compare_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static gsize add_numbers(struct json_object *array, const struct telnyx_conf *conf, hg_arena *arena, const char **list, gsize n)
{
	for (gsize i = 0; i < length(array) && n < PEOPLE_MAX; i++) {
		const char *uri = telnyx_address(conf, hg_json_str(at(array, i), "phone_number"), arena);

		if (uri)
			list[n++] = uri;
	}
	return n;
}

/* A conversation of several is one of its own, known by all who are in it but us: whoever of them writes, it is the
 * same.  "+14155550100,+14155550123", as group messages are addressed. */
static const char *group_of(struct json_object *message, const struct telnyx_conf *conf, const char *from, const char *ours,
			    hg_arena *arena)
{
	g_autoptr(GString) text = g_string_new(NULL);
	const char *list[PEOPLE_MAX + 1];
	const char *before = "";
	gsize n = 0;

	if (!from || (!length(hg_json_arr(message, "cc")) && length(hg_json_arr(message, "to")) < 2))
		return NULL;
	list[n++] = from;
	n = add_numbers(hg_json_arr(message, "to"), conf, arena, list, n);
	n = add_numbers(hg_json_arr(message, "cc"), conf, arena, list, n);
	qsort(list, n, sizeof(*list), compare_texts);
	for (gsize i = 0; i < n; i++) {
		if (!g_strcmp0(list[i], ours) || !strcmp(list[i], before))
			continue;
		g_string_append_printf(text, "%s%s", text->len ? "," : "", strchr(list[i], ':') + 1);
		before = list[i];
	}
	return hg_arena_str(arena, text->str);
}

/* Which of those it was sent to is our number: one that is listed, else the first. */
static const char *our_address(struct json_object *message, const struct telnyx_conf *conf, hg_arena *arena)
{
	static const char *const keys[] = { "to", "cc" };
	const char *first = NULL;

	for (gsize k = 0; k < G_N_ELEMENTS(keys); k++) {
		struct json_object *array = hg_json_arr(message, keys[k]);

		for (gsize i = 0; i < MIN(length(array), PEOPLE_MAX); i++) {
			const char *uri = telnyx_address(conf, hg_json_str(at(array, i), "phone_number"), arena);

			if (telnyx_is_ours(conf, uri))
				return uri;
			first = first ? first : uri;
		}
	}
	return first;
}

/* ---- what ---- */

static int kind_of(const char *type)
{
	if (!type)
		return HG_FILE;
	if (g_str_has_prefix(type, "image/"))
		return HG_IMAGE;
	if (g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}

static gboolean is_sha256(const char *text)
{
	return text && strlen(text) == 64 && strspn(text, "0123456789abcdefABCDEF") == 64;
}

static void set_files(struct json_object *message, hg_arena *arena, struct hg_in *in)
{
	struct json_object *media = hg_json_arr(message, "media");
	gsize n = MIN(length(media), TELNYX_FILES_MAX);
	struct hg_file *files = n ? hg_arena_alloc(arena, n * sizeof(*files)) : NULL;

	for (gsize i = 0; i < n; i++) {
		struct json_object *one = at(media, i);
		const char *url = hg_json_str(one, "url"), *sum = hg_json_str(one, "hash_sha256");
		const char *type = hg_json_str(one, "content_type");

		if (!sum)
			sum = hg_json_str(one, "sha256");
		if (is_set(url))
			files[in->n_files++] = (struct hg_file){
				.size = sizeof(*files), .kind = kind_of(type), .type = hg_arena_str(arena, type),
				.sha256 = is_sha256(sum) ? hg_arena_str(arena, sum) : NULL,
				.bytes = hg_json_int(one, "size", -1), .ref = hg_arena_str(arena, url),
			};
	}
	in->files = files;
	in->file_size = sizeof(*files);
	in->kind = in->n_files ? files[0].kind : HG_TEXT;
}

/* autoresponse_type: Telnyx has read STOP, START or HELP, in words of its customer's choice, and answered. */
static void set_consent(struct json_object *message, struct hg_in *in)
{
	static const struct { const char *part, *word; } words[] = {
		{ "out", "stop" }, { "stop", "stop" }, { "in", "start" }, { "start", "start" }, { "help", "help" }, { "info", "help" },
	};
	const char *said = hg_json_str(message, "autoresponse_type");
	g_autofree char *type = said ? g_ascii_strdown(said, -1) : NULL;
	const char *end = type ? strrchr(type, '_') : NULL;

	in->answered = is_set(type);
	for (gsize i = 0; type && i < G_N_ELEMENTS(words); i++)
		if (!strcmp(end ? end + 1 : type, words[i].part)) {
			in->kind = HG_CONSENT;
			in->reply_text = in->text;
			in->text = words[i].word;
			in->n_files = 0;
			return;
		}
}

gboolean telnyx_read_message(const struct telnyx_conf *conf, struct json_object *message, hg_arena *arena, struct hg_in *ret)
{
	const char *id = hg_json_str(message, "id"), *direction = hg_json_str(message, "direction");
	const char *text = hg_json_str(message, "text"), *at_text = hg_json_str(message, "received_at");

	*ret = (struct hg_in){ .size = sizeof(*ret), .file_size = sizeof(struct hg_file), .text = "" };
	if (!is_set(id) || !direction || strcmp(direction, "inbound"))
		return FALSE;
	ret->id = hg_arena_str(arena, id);
	ret->text = hg_arena_str(arena, text ? text : "");
	ret->subject = is_set(hg_json_str(message, "subject")) ? hg_arena_str(arena, hg_json_str(message, "subject")) : NULL;
	ret->sent_ms = at_text ? MAX(hg_time_parse(at_text), 0) : 0;
	ret->to = our_address(message, conf, arena);
	set_people(message, conf, arena, ret);
	ret->group = group_of(message, conf, ret->n_from ? ret->from[0].uri : NULL, ret->to, arena);
	set_files(message, arena, ret);
	set_consent(message, ret);
	return ret->n_from > 0;
}

/* ---- receipts ---- */

static const struct { const char *word; int state; } states[] = {
	{ "queued", HG_R_SENT },	     { "sending", HG_R_SENT },	      { "sent", HG_R_SENT },
	{ "delivery_unconfirmed", HG_R_SENT }, { "delivered", HG_R_DELIVERED }, { "webhook_delivered", HG_R_DELIVERED },
	{ "sending_failed", HG_R_FAILED },   { "delivery_failed", HG_R_FAILED }, { "expired", HG_R_FAILED },
};

static int state_of(const char *word)
{
	for (gsize i = 0; word && i < G_N_ELEMENTS(states); i++)
		if (!strcmp(states[i].word, word))
			return states[i].state;
	return 0;
}

/* Of all receivers: failed when it failed for any, delivered when it was for all; 0: none is known. */
static int worst_state(struct json_object *message)
{
	struct json_object *to = hg_json_arr(message, "to");
	int worst = 0;

	for (gsize i = 0; i < MIN(length(to), PEOPLE_MAX); i++) {
		int state = state_of(hg_json_str(at(to, i), "status"));

		if (state == HG_R_FAILED || !worst || (worst != HG_R_FAILED && state && state < worst))
			worst = state;
	}
	return worst;
}

void telnyx_consent(const char *customer, const char *ours, const char *dedupe, int code, const char *note, hg_arena *arena,
		    struct hg_in *ret)
{
	struct hg_address *from = hg_arena_alloc(arena, sizeof(*from));

	*from = (struct hg_address){ customer, HG_PROVEN };
	*ret = (struct hg_in){ .size = sizeof(*ret), .kind = HG_CONSENT, .text = "stop", .from = from, .n_from = 1,
			       .to = ours, .code = code, .note = note, .file_size = sizeof(struct hg_file) };
	ret->dedupe = joined(arena, "consent:", dedupe);
}

static void set_failure(const struct telnyx_conf *conf, struct json_object *message, hg_arena *arena, struct telnyx_found *ret)
{
	const char *ours = telnyx_address(conf, hg_json_str(hg_json_obj(message, "from"), "phone_number"), arena), *words;
	struct hg_receipt *receipt = &ret->receipt;
	const struct hg_verdict *row;

	receipt->code = telnyx_error(message, &words);
	receipt->text = hg_arena_str(arena, words ? words : hg_json_str(at(hg_json_arr(message, "to"), 0), "status"));
	row = hg_verdict_find(telnyx_errors, receipt->code);
	if (!row)
		return;
	receipt->reach = row->reach;
	receipt->advice = row->advice;
	if (!row->consent || !receipt->to)
		return;
	telnyx_consent(receipt->to, ours, receipt->id, row->code, receipt->text, arena, &ret->in);
	ret->n_in = 1;
}

static gint64 time_of(struct json_object *data, struct json_object *message, gint64 now_ms)
{
	const char *text = hg_json_str(message, "completed_at");
	gint64 ms;

	if (!text)
		text = hg_json_str(data, "occurred_at");
	ms = text ? hg_time_parse(text) : -1;
	return ms > 0 && ms <= now_ms ? ms : now_ms;
}

/* Our key stands in the URL this event was sent to, which the event repeats: there it is signed, in the target not. */
static const char *key_of(struct json_object *message, hg_arena *arena)
{
	g_autoptr(hg_params) query = hg_params_query(hg_json_str(message, "webhook_url"));

	return hg_arena_str(arena, hg_params_get(query, "key"));
}

static gboolean read_status(const struct telnyx_conf *conf, struct json_object *data, struct json_object *message, gint64 now_ms,
			    hg_arena *arena, struct telnyx_found *ret)
{
	const char *id = hg_json_str(message, "id");
	struct hg_receipt *receipt = &ret->receipt;
	int state = worst_state(message);

	if (!is_set(id) || !state)
		return FALSE;
	*receipt = (struct hg_receipt){ .size = sizeof(*receipt), .state = state, .id = hg_arena_str(arena, id) };
	receipt->key = key_of(message, arena);
	receipt->to = telnyx_address(conf, hg_json_str(at(hg_json_arr(message, "to"), 0), "phone_number"), arena);
	receipt->at_ms = time_of(data, message, now_ms);
	ret->n_receipts = 1;
	if (state == HG_R_FAILED)
		set_failure(conf, message, arena, ret);
	return TRUE;
}

/* ---- which of the two ---- */

static void set_unsupported(const void *body, gsize len, const char *note, hg_arena *arena, struct hg_in *in)
{
	g_autoptr(GBytes) hash = hg_digest(HG_SHA256, body, len);
	g_autofree char *hex = hg_hex(g_bytes_get_data(hash, NULL), g_bytes_get_size(hash));

	in->kind = in->n_from ? HG_UNSUPPORTED : HG_IGNORED;
	in->dedupe = in->id ? NULL : hg_arena_str(arena, hex);
	in->note = note;
	in->text = "";
	in->raw = hg_arena_mem(arena, body, len);
	in->raw_len = len;
}

/* WhatsApp and RCS by this way have content of their own, which is not read here. */
static gboolean has_content(const struct hg_in *in)
{
	return *in->text || in->n_files || in->subject;
}

void telnyx_read_hook(const struct telnyx_conf *conf, struct json_object *root, const void *body, gsize len, gint64 now_ms,
		      hg_arena *arena, struct telnyx_found *ret)
{
	struct json_object *data = hg_json_obj(root, "data"), *message = hg_json_obj(data, "payload");
	const char *event = hg_json_str(data, "event_type"), *direction = hg_json_str(message, "direction");

	*ret = (struct telnyx_found){ .in = { .size = sizeof(ret->in), .file_size = sizeof(struct hg_file), .text = "" } };
	if (event && direction && !strcmp(direction, "outbound") && g_str_has_prefix(event, "message.") &&
	    read_status(conf, data, message, now_ms, arena, ret))
		return;
	ret->n_in = 1;
	if (event && !strcmp(event, "message.received") && telnyx_read_message(conf, message, arena, &ret->in)) {
		if (!has_content(&ret->in))
			set_unsupported(body, len, "a message whose content is of an unknown kind", arena, &ret->in);
		return;
	}
	set_unsupported(body, len, "no message and no status that is known", arena, &ret->in);
}
