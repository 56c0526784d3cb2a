/* hide.c - secrets by their value: what peers say back to us is shown and kept without them */
#include "hide.h"

#include <string.h>

static GMutex lock;
static GPtrArray *known;	/* texts; of reloads too, since what was a secret may still be said */

void hg_hide_add(const char *secret)
{
	if (!secret || strlen(secret) < HG_HIDE_MIN)
		return;
	g_mutex_lock(&lock);
	if (!known)
		known = g_ptr_array_new();
	if (!g_ptr_array_find_with_equal_func(known, secret, g_str_equal, NULL) && known->len < HG_HIDE_MAX)
		g_ptr_array_add(known, g_strdup(secret));
	g_mutex_unlock(&lock);
}

static void cover(GString *text, gsize at, gsize len)
{
	g_string_erase(text, (gssize)at, (gssize)len);
	g_string_insert(text, (gssize)at, HG_HIDDEN);
}

static void hide_one(GString *text, const char *secret)
{
	gsize len = strlen(secret), from = 0;
	char *found;

	for (; (found = strstr(text->str + from, secret)); from += strlen(HG_HIDDEN)) {
		from = (gsize)(found - text->str);
		cover(text, from, len);
	}
	/* A text that was cut to a size may end in the middle of one. */
	for (gsize n = MIN(len - 1, text->len); n >= HG_HIDE_MIN; n--)
		if (!memcmp(text->str + text->len - n, secret, n)) {
			cover(text, text->len - n, n);
			return;
		}
}

void hg_hide(GString *text)
{
	g_mutex_lock(&lock);
	for (guint i = 0; known && i < known->len; i++)
		hide_one(text, known->pdata[i]);
	g_mutex_unlock(&lock);
}

char *hg_hide_copy(const char *text)
{
	GString *copy;

	if (!text)
		return NULL;
	copy = g_string_new(text);
	hg_hide(copy);
	return g_string_free(copy, FALSE);
}
