/* lent_files.h - files a provider fetches from us while it sends them: by a name nobody can guess, for a while
 *
 * Such providers take no uploads, only URLs.  What is lent is kept in memory: when the process ends before the
 * provider came, the provider says that the file could not be had, and the message has failed for that reason. */
#pragma once
#include <glib.h>

#define HG_LENT_BYTES_MAX (64 << 20)	/* of all files of a channel; the oldest give way */
#define HG_LENT_MS	  (4 * 60 * 60 * 1000)	/* so long messages wait in providers' queues at most */

typedef struct hg_lent hg_lent;

hg_lent *hg_lent_new(void);
void hg_lent_free(hg_lent *lent);	/* NULL is fine */
/* The file at path (most bytes at most) under a name of 43 characters for URLs, made of secret and the message's key: the
 * same for each attempt.  NULL with error: it cannot be read, or is too big.  Yours. */
char *hg_lent_add(hg_lent *lent, const char *path, const char *type, gsize most, const char *secret, const char *key,
		  gint64 now_ms, GError **error);
/* Lent; NULL: there is none by that name (any more). */
GBytes *hg_lent_get(hg_lent *lent, const char *name, gint64 now_ms, const char **ret_type);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_lent, hg_lent_free)
