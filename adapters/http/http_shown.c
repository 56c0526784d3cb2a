/* http_shown.c - what came of a request as JSON, and what of it is not as it was expected */
#include <string.h>

#include "http_samples.h"
#include "text.h"

static void add_text(struct json_object *map, const char *key, const char *text)
{
	json_object_object_add(map, key, text ? json_object_new_string(text) : NULL);
}

static void add_time(struct json_object *map, const char *key, gint64 ms)
{
	char text[HG_TIME_SIZE];

	add_text(map, key, ms ? hg_time(ms, text) : NULL);
}

static const char *kind_word(int kind)
{
	static const struct { int kind; const char *word; } words[] = {
		{ HG_TEXT, "text" }, { HG_IMAGE, "image" }, { HG_AUDIO, "audio" }, { HG_VIDEO, "video" }, { HG_FILE, "file" },
		{ HG_STICKER, "sticker" }, { HG_UNSUPPORTED, "unsupported" }, { HG_REACTION, "reaction" }, { HG_EDIT, "edit" },
		{ HG_REVOKE, "revoke" }, { HG_CONSENT, "consent" }, { HG_IGNORED, "ignored" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (words[i].kind == kind)
			return words[i].word;
	return "other";
}

static struct json_object *files_of(const struct hg_in *in)
{
	struct json_object *list = json_object_new_array();

	for (gsize i = 0; i < in->n_files; i++) {
		struct json_object *file = json_object_new_object();

		add_text(file, "kind", kind_word(in->files[i].kind));
		add_text(file, "url", in->files[i].ref);
		add_text(file, "type", in->files[i].type);
		add_text(file, "name", in->files[i].name);
		add_text(file, "sha256", in->files[i].sha256);
		json_object_object_add(file, "size", in->files[i].bytes < 0 ? NULL : json_object_new_int64(in->files[i].bytes));
		json_object_object_add(file, "voice", json_object_new_boolean(in->files[i].voice));
		json_object_array_add(list, file);
	}
	return list;
}

static struct json_object *also_of(const struct hg_in *in)
{
	struct json_object *list = json_object_new_array();

	for (gsize i = 1; i < in->n_from; i++)
		json_object_array_add(list, json_object_new_string(in->from[i].uri));
	return list;
}

static struct json_object *piece_of(const struct hg_in *in)
{
	struct json_object *piece = in->part_ref ? json_object_new_object() : NULL;

	if (!piece)
		return NULL;
	add_text(piece, "ref", in->part_ref);
	json_object_object_add(piece, "part", json_object_new_int(in->part));
	json_object_object_add(piece, "total", json_object_new_int(in->parts));
	return piece;
}

struct json_object *ht_shown_message(const struct hg_in *in)
{
	struct json_object *map = json_object_new_object();
	gboolean consent = in->kind == HG_CONSENT;

	add_text(map, "kind", kind_word(in->kind));
	add_text(map, "id", in->id);
	add_text(map, "dedupe", in->dedupe);
	add_text(map, "from", in->n_from ? in->from[0].uri : NULL);
	json_object_object_add(map, "also", also_of(in));
	json_object_object_add(map, "proven", json_object_new_boolean(in->n_from && in->from[0].proof == HG_PROVEN));
	add_text(map, "to", in->to);
	add_text(map, "name", in->name);
	add_text(map, "username", in->username);
	add_text(map, "group", in->group);
	add_text(map, "subject", in->subject);
	add_text(map, "word", consent ? in->text : NULL);
	add_text(map, "text", consent ? in->reply_text : in->text);
	add_text(map, "payload", in->payload);
	add_text(map, "answers", in->refs ? in->refs[0] : NULL);
	add_text(map, "target", in->target);
	add_text(map, "note", in->note);
	json_object_object_add(map, "code", json_object_new_int(in->code));
	json_object_object_add(map, "files", files_of(in));
	json_object_object_add(map, "parts", piece_of(in));
	add_time(map, "sent", in->sent_ms);
	return map;
}

struct json_object *ht_shown_receipt(const struct hg_receipt *r)
{
	static const char *const states[] = { "", "sent", "delivered", "read", "played", "failed" };
	static const char *const reaches[] = { "message", "contact", "channel", "account" };
	struct json_object *map = json_object_new_object();

	add_text(map, "state", states[r->state]);
	add_text(map, "id", r->id);
	add_text(map, "key", r->key);
	add_text(map, "to", r->to);
	json_object_object_add(map, "code", json_object_new_int(r->code));
	add_text(map, "reach", reaches[r->reach]);
	add_text(map, "text", r->text);
	add_text(map, "advice", r->advice);
	add_time(map, "at", r->at_ms);
	return map;
}

const char *ht_shown_list(const struct hg_in *in)
{
	if (in->kind == HG_CONSENT)
		return "consent";
	return in->kind == HG_IGNORED || in->kind == HG_UNSUPPORTED ? "kept" : "messages";
}

/* ---- comparing ---- */
