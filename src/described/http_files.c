/* http_files.c - files: where they can be fetched, and what is said of them */
#include "http_files.h"

#include <string.h>

#define LISTS_MAX 8

struct ht_files {
	ht_when *when;
	ht_path *each;			/* or NULL */
	ht_when *where;			/* of each; or NULL: all */
	ht_pick *count;			/* of numbered ones; or NULL */
	int kind;			/* enum hg_kind; 0: by the type */
	gboolean voice;
	GPtrArray *picks;		/* of struct ht_file_picks: one, or one for each number */
	gboolean numbered;
};

struct ht_file_picks {
	ht_pick *url, *type, *name, *size, *sha256;
};

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

static void free_files(gpointer data)
{
	struct ht_files *f = data;

	ht_when_free(f->when);
	ht_path_free(f->each);
	ht_when_free(f->where);
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

static struct ht_files *files_new(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "when", "each", "where", "count", "first", "url", "type", "name", "size", "sha256",
					    "kind", "voice", NULL };
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
	f->where = ht_when_new(look, map, "where");
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
	if (f->where && !f->each)
		ht_wrong(look, "where", "says which of 'each' are files, and there is no each; 'when' is for all of it");
	if (f->each && f->numbered)
		ht_wrong(look, "each", "fields are numbered, or a list is gone through: not both");
	return f;
}

GPtrArray *ht_files_read(struct ht_look *look, struct json_object *map)
{
	struct json_object *files = ht_member(look, map, "files", FALSE);
	gboolean list = json_object_is_type(files, json_type_array);
	gsize n = list ? json_object_array_length(files) : files ? 1 : 0, was = ht_enter(look, "files");
	GPtrArray *all = g_ptr_array_new_with_free_func(free_files);

	for (gsize i = 0; i < n && i < LISTS_MAX; i++) {
		gsize inner = list ? ht_enter_at(look, i) : look->at->len;
		struct ht_files *one = files_new(look, list ? json_object_array_get_idx(files, i) : files);

		if (one)
			g_ptr_array_add(all, one);
		ht_leave(look, inner);
	}
	if (n > LISTS_MAX)
		ht_wrong(look, NULL, "must have at most %d", LISTS_MAX);
	ht_leave(look, was);
	return all;
}

/* ---- finding ---- */

struct gathering {
	hg_arena *arena;
	const struct ht_files *files;
	GArray *all;			/* of struct hg_file */
};

static const char *text_of(const struct gathering *g, const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);

	return text && *text ? hg_arena_str(g->arena, text) : NULL;
}

int ht_file_kind(const char *type)
{
	if (!type)
		return HG_FILE;
	if (g_str_has_prefix(type, "image/"))
		return HG_IMAGE;
	if (g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}

/* FALSE: there is none. */
static gboolean add(struct gathering *g, const struct ht_file_picks *picks, const struct ht_scope *scope)
{
	struct hg_file file = { .size = sizeof(file), .bytes = -1 };
	g_autofree char *size = ht_pick_text(picks->size, scope);
	gint64 bytes;

	file.ref = text_of(g, picks->url, scope);
	if (!file.ref || g->all->len >= HT_FILES_MAX)
		return FALSE;
	file.type = text_of(g, picks->type, scope);
	file.name = text_of(g, picks->name, scope);
	file.sha256 = text_of(g, picks->sha256, scope);
	if (size && g_ascii_string_to_signed(size, 10, 0, G_MAXINT64, &bytes, NULL))
		file.bytes = bytes;
	file.kind = g->files->kind ? g->files->kind : ht_file_kind(file.type);
	file.voice = g->files->voice;
	g_array_append_val(g->all, file);
	return TRUE;
}

static void on_file(void *arg, const struct ht_scope *scope)
{
	struct gathering *g = arg;

	if (ht_when_fits(g->files->where, scope))
		add(g, g_ptr_array_index(g->files->picks, 0), scope);
}

/* As many as the counter says; without one, to the first that is not there. */
static void add_numbered(struct gathering *g, const struct ht_scope *scope)
{
	g_autofree char *count = ht_pick_text(g->files->count, scope);
	gint64 n = HT_FILES_MAX;

	if (count && !g_ascii_string_to_signed(count, 10, 0, HT_FILES_MAX, &n, NULL))
		n = HT_FILES_MAX;
	for (guint i = 0; i < g->files->picks->len && i < n; i++)
		if (!add(g, g_ptr_array_index(g->files->picks, i), scope) && !count)
			return;
}

void ht_files_find(const GPtrArray *files, const struct ht_scope *scope, hg_arena *arena, GArray *all)
{
	for (guint i = 0; i < files->len; i++) {
		struct gathering g = { arena, g_ptr_array_index(files, i), all };

		if (!ht_when_fits(g.files->when, scope))
			continue;
		if (g.files->numbered)
			add_numbered(&g, scope);
		else if (g.files->each)
			ht_path_each(g.files->each, scope, HT_FILES_MAX, on_file, &g);
		else
			on_file(&g, scope);
	}
}
