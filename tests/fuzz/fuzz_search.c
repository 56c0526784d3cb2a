/* fuzz_search.c - any text as a search: it is refused with why, or the index understands it, and marks lie in what is shown */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "search_made.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Opened once. */
static hg_index *index_of(void)
{
	static const guint8 instance[32] = { 1 };
	static hg_index *index;
	g_autoptr(GError) error = NULL;

	if (!index)
		index = hg_index_open(NULL, TRUE, instance, &error);
	g_assert_no_error(error);
	return index;
}

/* One document: what is asked, without what has a meaning in it, so that some of it is found. */
static void put(hg_index *index, const char *q)
{
	g_autofree char *text = g_strdelimit(hg_text_valid(q, -1, 0), "\"*-", ' ');
	g_autoptr(GError) error = NULL;

	g_assert_true(hg_index_put(index, &(struct hg_doc){ .n = 2, .thread_n = 1, .text = text, .subject = "red printer" }, &error));
}

static void check_hit(const struct hg_search_hit *hit)
{
	glong len = g_utf8_strlen(hit->snippet, -1);

	g_assert_true(g_utf8_validate(hit->snippet, -1, NULL));
	g_assert_cmpuint(hit->n_marks, <=, HG_SEARCH_MARKS_MAX);
	for (guint i = 0; i < hit->n_marks; i++)
		g_assert_cmpint((glong)hit->marks[i].from + (glong)hit->marks[i].len, <=, len);
}

static void check_found(const char *q, const char *match)
{
	hg_index *index = index_of();
	g_autoptr(GPtrArray) hits = g_ptr_array_new();
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GError) error = NULL;

	put(index, q);
	g_assert_true(hg_index_find(index, arena, match, G_MAXINT64, 10, hits, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(hits->len, <=, 1);
	for (guint i = 0; i < hits->len; i++)
		check_hit(g_ptr_array_index(hits, i));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *q = g_strndup(size ? (const char *)data : "", size);
	g_autoptr(GString) match = g_string_new(NULL);
	g_autoptr(GError) error = NULL;

	if (hg_search_words(q, match, &error)) {
		g_assert_true(strlen(q) <= HG_SEARCH_QUERY_MAX && g_utf8_validate(match->str, -1, NULL));
		check_found(q, match->str);
	} else {
		g_assert_error(error, HG_ERROR, HG_ERROR_INPUT);
	}
	return 0;
}
