/* mail_frame.c - the frames between the daemon and a helper */
#include "mail_frame.h"

#include <string.h>

#include "fail.h"
#include "json.h"
#include "text.h"

#define MAGIC "HGM1"
#define LIST_MAX 1000		/* addresses, servers and texts in a question */

/* ---- heads ---- */

void hg_frame_head_write(const struct hg_frame_head *head, guint8 ret[HG_FRAME_HEAD])
{
	guint32 json = GUINT32_TO_BE(head->json), number = GUINT32_TO_BE(head->number);
	guint64 data = GUINT64_TO_BE(head->data);

	memcpy(ret, MAGIC, 4);
	memcpy(ret + 4, &json, 4);
	memcpy(ret + 8, &data, 8);
	memcpy(ret + 16, &number, 4);
}

gboolean hg_frame_head_read(const guint8 bytes[HG_FRAME_HEAD], const struct hg_frame_head *most, struct hg_frame_head *ret,
			    GError **error)
{
	guint32 json, number;
	guint64 data;

	memcpy(&json, bytes + 4, 4);
	memcpy(&data, bytes + 8, 8);
	memcpy(&number, bytes + 16, 4);
	*ret = (struct hg_frame_head){ .json = GUINT32_FROM_BE(json), .number = GUINT32_FROM_BE(number),
		.data = GUINT64_FROM_BE(data) };
	if (memcmp(bytes, MAGIC, 4) != 0)
		return hg_fail(error, HG_ERROR_INPUT, "a frame does not begin as frames do");
	if (ret->json > most->json || ret->data > most->data)
		return hg_fail(error, HG_ERROR_INPUT, "a frame of %u and %" G_GUINT64_FORMAT " bytes is longer than any can be",
			       ret->json, ret->data);
	return TRUE;
}

struct hg_frame_head hg_frame_answer_max(gsize raw_len)
{
	/* A text stands in it up to three times, and as escapes takes up to six times its bytes; decoded files are
	 * shorter than what they were in, and those in attached mails come twice. */
	return (struct hg_frame_head){ .json = (guint32)MIN((guint64)raw_len * 18 + 1024 * 1024, 256 * 1024 * 1024),
		.data = (guint64)raw_len * 4 + 1024 * 1024 };
}

/* ---- the question ---- */

static void add_list(GString *json, const char *key, const char *const *of)
{
	if (!of)
		return;
	hg_json_key(json, key);
	hg_json_open(json, '[');
	for (guint i = 0; i < LIST_MAX && of[i]; i++)
		hg_json_put_str(json, of[i]);
	hg_json_close(json, ']');
}

/* The newest first, as many as fit. */
static void add_known(GString *json, const char *const *known)
{
	if (!known)
		return;
	hg_json_key(json, "known");
	hg_json_open(json, '[');
	for (guint i = 0; i < LIST_MAX && known[i] && json->len + strlen(known[i]) * 6 < HG_FRAME_ASK_MAX / 2; i++)
		hg_json_put_str(json, known[i]);
	hg_json_close(json, ']');
}

GString *hg_frame_ask_write(const struct hg_mail_ask *ask)
{
	GString *json = g_string_new(NULL);

	hg_json_open(json, '{');
	add_list(json, "authserv_ids", ask->authserv_ids);
	add_list(json, "ours", ask->ours);
	add_list(json, "arc_forwarders", ask->arc_forwarders);
	hg_json_opt_str(json, "instance", ask->instance);
	hg_json_add_int(json, "received_ms", ask->received_ms);
	add_known(json, ask->known);
	hg_json_close(json, '}');
	return json;
}

static const char *const *read_list(struct json_object *object, const char *key, hg_arena *arena)
{
	struct json_object *list = hg_json_arr(object, key);
	gsize n = list ? json_object_array_length(list) : 0, taken = 0;
	const char **of;

	if (!list)
		return NULL;
	of = hg_arena_alloc(arena, (n + 1) * sizeof(*of));
	for (gsize i = 0; i < n; i++) {
		struct json_object *each = json_object_array_get_idx(list, i);

		if (json_object_is_type(each, json_type_string))
			of[taken++] = hg_arena_str(arena, json_object_get_string(each));
	}
	return of;
}

gboolean hg_frame_ask_read(const char *json, gsize len, hg_arena *arena, struct hg_mail_ask *ret, GError **error)
{
	const struct hg_json_limits limits = { .max_bytes = HG_FRAME_ASK_MAX, .max_depth = 3 };
	g_autoptr(json_object) object = hg_json_parse(json, len, &limits, error);

	if (!object)
		return FALSE;
	*ret = (struct hg_mail_ask){
		.authserv_ids = read_list(object, "authserv_ids", arena), .ours = read_list(object, "ours", arena),
		.arc_forwarders = read_list(object, "arc_forwarders", arena), .known = read_list(object, "known", arena),
		.instance = hg_arena_str(arena, hg_json_str(object, "instance")),
		.received_ms = hg_json_int(object, "received_ms", 0),
	};
	return TRUE;
}

/* ---- the answer ---- */

static gboolean has_hash(const struct hg_mail_file *file, const guint8 *bytes)
{
	guint8 hash[32], said[32];

	hg_sha256(bytes, file->size, hash);
	return hg_unhex(file->sha256, said, 32) && memcmp(hash, said, 32) == 0;
}

/* Each file gets its share of the bytes behind the JSON. */
static gboolean give_bytes(hg_mail *mail, const void *data, gsize len, GError **error)
{
	const guint8 *bytes = len ? hg_arena_mem(mail->arena, data, len) : (const guint8 *)"";
	gsize at = 0;

	for (gsize i = 0; i < mail->n_files; i++) {
		struct hg_mail_file *file = &mail->files[i];

		if (file->size > len - at)
			return hg_fail(error, HG_ERROR_INPUT, "file %zu has %zu bytes, of which %zu came", i, file->size, len - at);
		if (!has_hash(file, bytes + at))
			return hg_fail(error, HG_ERROR_INPUT, "file %zu is not what its hash says", i);
		file->data = bytes + at;
		at += file->size;
	}
	return at == len || hg_fail(error, HG_ERROR_INPUT, "%zu bytes belong to no file", len - at);
}

hg_mail *hg_frame_answer_read(const char *json, gsize len, const void *data, gsize data_len, GError **error)
{
	const struct hg_json_limits limits = { .max_bytes = MAX(len, 1), .max_depth = 8, .max_memory = len * 40 + 1024 * 1024 };
	g_autoptr(json_object) object = hg_json_parse(json, len, &limits, error);
	g_autoptr(hg_mail) mail = object ? hg_mail_from_json(object, error) : NULL;

	if (!mail || !give_bytes(mail, data, data_len, error))
		return NULL;
	return g_steal_pointer(&mail);
}
