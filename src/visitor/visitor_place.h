/* visitor_place.h - how far somebody has got in the log, as he carries it about: "c1." and 22 characters
 *
 * Numbers of rows are shown to nobody: they tell how much there is.  So the number is one block of AES-128, with words
 * behind it that make another one recognisable as none of ours. */
#pragma once
#include <glib.h>

#define HG_PLACE_SIZE 28

struct hg_place_key { guint8 bytes[16]; };
void hg_place_key_make(struct hg_place_key *ret, const guint8 instance_key[32]);
void hg_place_write(const struct hg_place_key *key, gint64 n, char ret[HG_PLACE_SIZE]);
/* FALSE: we never wrote that. */
gboolean hg_place_read(const struct hg_place_key *key, const char *text, gint64 *ret_n);
