/* http_files.c - `files:` of a message: lists of them, or numbered fields (MediaUrl0, MediaUrl1, ...) */
#include <string.h>

#include "ways_in.h"

static void free_picks(gpointer data)
{
	struct ht_file_picks *p = data;

	ht_pick_free(p->url);
	ht_pick_free(p->type);
	ht_pick_free(p->name);
	ht_pick_free(p->size);
	ht_pick_free(p->sha256);
	g_free(p);
}

void ht_files_free(gpointer data)
{
	struct ht_files *f = data;

	ht_when_free(f->when);
	ht_path_free(f->each);
	ht_pick_free(f->count);
	g_ptr_array_unref(f->picks);
	g_free(f);
}

static void read_picks(struct ht_look *look, struct ht_files *f, struct json_object *map)
{
	struct ht_file_picks *p = g_new0(struct ht_file_picks, 1);

	p->url = ht_pick_new(look, map, "url", TRUE);
	p->type = ht_pick_new(look, map, "type", FALSE);
	p->name = ht_pick_new(look, map, "name", FALSE);
	p->size = ht_pick_new(look, map, "size", FALSE);
	p->sha256 = ht_pick_new(look, map, "sha256", FALSE);
	g_ptr_array_add(f->picks, p);
}

static gboolean is_numbered(struct json_object *map)
{
	const char *text = json_object_to_json_string_ext(map, JSON_C_TO_STRING_PLAIN);

	return strstr(text, "{n}") != NULL;
}

static void read_numbered(struct ht_look *look, struct ht_files *f, struct json_object *map)
{
	gint64 first = ht_int(look, map, "first", 0, 1, 0);
	guint errors = look->errors;

	f->numbered = TRUE;
	/* What is wrong with one is wrong with all. */
	for (guint n = 0; n < HT_FILES_MAX && look->errors == errors; n++) {
		struct json_object *copy = ht_numbered(map, (guint)first + n);

		read_picks(look, f, copy);
		json_object_put(copy);
	}
}

struct ht_files *ht_files_new(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "when", "each", "count", "first", "url", "type", "name", "size", "sha256", "kind",
					    "voice", NULL };
	static const char *const words[] = { "image", "audio", "video", "file", "sticker", NULL };
	static const int kinds[] = { HG_IMAGE, HG_AUDIO, HG_VIDEO, HG_FILE, HG_STICKER };
	struct ht_files *f;
	g_autofree char *each = NULL;
	int kind;

	if (!ht_keys(look, map, keys))
		return NULL;
	f = g_new0(struct ht_files, 1);
	f->picks = g_ptr_array_new_with_free_func(free_picks);
	f->when = ht_when_new(look, map, "when");
	each = ht_text(look, map, "each", FALSE);
	f->each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
	f->count = ht_pick_new(look, map, "count", FALSE);
	kind = ht_word(look, map, "kind", words, -1);
	f->kind = kind >= 0 ? kinds[kind] : 0;
	f->voice = ht_bool(look, map, "voice", FALSE);
	if (is_numbered(map))
		read_numbered(look, f, map);
	else
		read_picks(look, f, map);
	if (f->count && !f->numbered)
		ht_wrong(look, "count", "is for numbered fields: url: \"MediaUrl{n}\"");
	if (f->each && f->numbered)
		ht_wrong(look, "each", "fields are numbered, or a list is gone through: not both");
	return f;
}
