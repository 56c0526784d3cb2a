/* http_item_files.c - the files of a message: where they can be fetched, and what is said of them */
#include <string.h>

#include "http_item.h"
#include "text.h"

struct gathering {
	struct ht_harvest *h;
	const struct ht_files *files;
	GArray *all;			/* of struct hg_file */
};

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

/* FALSE: there is none. */
static gboolean add(struct gathering *g, const struct ht_file_picks *picks, const struct ht_scope *scope)
{
	struct hg_file file = { .size = sizeof(file), .bytes = -1 };
	g_autofree char *size = ht_pick_text(picks->size, scope);
	gint64 bytes;

	file.ref = ht_item_text(g->h, picks->url, scope);
	if (!file.ref || g->all->len >= HT_FILES_MAX)
		return FALSE;
	file.type = ht_item_text(g->h, picks->type, scope);
	file.name = ht_item_text(g->h, picks->name, scope);
	file.sha256 = ht_item_text(g->h, picks->sha256, scope);
	if (size && g_ascii_string_to_signed(size, 10, 0, G_MAXINT64, &bytes, NULL))
		file.bytes = bytes;
	file.kind = g->files->kind ? g->files->kind : kind_of(file.type);
	file.voice = g->files->voice;
	g_array_append_val(g->all, file);
	return TRUE;
}

static void on_file(void *arg, const struct ht_scope *scope)
{
	struct gathering *g = arg;

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

void ht_item_files(struct ht_harvest *h, const GPtrArray *files, const struct ht_scope *scope, struct hg_in *in)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct hg_file));

	for (guint i = 0; i < files->len; i++) {
		struct gathering g = { h, g_ptr_array_index(files, i), all };

		if (!ht_when_fits(g.files->when, scope))
			continue;
		if (g.files->numbered)
			add_numbered(&g, scope);
		else if (g.files->each)
			ht_path_each(g.files->each, scope, HT_FILES_MAX, on_file, &g);
		else
			on_file(&g, scope);
	}
	if (!all->len)
		return;
	in->files = hg_arena_mem(h->arena, all->data, all->len * sizeof(struct hg_file));
	in->n_files = all->len;
	in->file_size = sizeof(struct hg_file);
}
