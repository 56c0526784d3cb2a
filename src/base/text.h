/* text.h - UTF-8, spans, encodings and comparisons */
#pragma once
#include <glib.h>

/* A copy with invalid UTF-8 and NUL replaced by U+FFFD, and at most max_bytes long (0: no limit),
 * cut between characters.  Yours to free; NULL gives NULL. */
char *hg_text_valid(const char *bytes, gssize len, gsize max_bytes);
/* g_utf8_normalize(), which takes time by the square of what it composes, in pieces that do not touch: linear.
 * More than 256 marks on one letter may stay apart.  text is valid UTF-8; yours to free. */
char *hg_text_normal(const char *text, GNormalizeMode mode);
/* Small letters without their marks, as far as that can be told: what is looked for without regard to either.  text is valid
 * UTF-8; yours to free. */
char *hg_text_folded(const char *text);
/* FALSE for C0 controls other than tab and newline, DEL, and invalid UTF-8. */
gboolean hg_text_printable(const char *text);
/* Controls, DEL, what ends lines, and what is seen only by what it does to its neighbours: joiners, marks that turn
 * the reading direction, tags. */
gboolean hg_text_unseen(gunichar c);
/* A file's name as it may be offered to somebody who saves it: no path, nothing unseen, no device's name, no dot at
 * either end, HG_FILE_NAME_MAX bytes at most with its extension kept.  NULL when nothing is left of it; yours. */
#define HG_FILE_NAME_MAX 255
char *hg_file_name(const char *name);

/* "250ms", "20s", "5m", "7d", "1h30m"; a bare number is refused.  Returns -1 when it is none. */
gint64 hg_span_parse(const char *text);
#define HG_SPAN_SIZE 32
const char *hg_span(gint64 ms, char ret_text[HG_SPAN_SIZE]);	/* "3m2s": two units at most */
/* "16KiB", "5MB", "100" (bytes).  Returns -1 when it is none. */
gint64 hg_bytes_parse(const char *text);

/* "0.7", "0.75", "1": a share in hundredths, 0 to 100.  Returns -1 when it is none. */
int hg_share_parse(const char *text);
#define HG_SHARE_SIZE 16
const char *hg_share(guint hundredths, char ret_text[HG_SHARE_SIZE]);	/* "0.70" */

/* The nearest of names (NULL-ended) by edit distance, when near enough to be a typing error; or NULL. */
const char *hg_nearest(const char *word, const char *const *names);

#define HG_TIME_SIZE 32
const char *hg_time(gint64 utc_ms, char ret_text[HG_TIME_SIZE]);	/* RFC 3339, UTC, milliseconds */
gint64 hg_time_parse(const char *rfc3339);			/* -1 when it is none */

/* Constant time in the bytes; lengths may differ (then FALSE). */
gboolean hg_equal_secret(const void *a, gsize a_len, const void *b, gsize b_len);
char *hg_hex(const void *bytes, gsize len);			/* yours to free */
gboolean hg_unhex(const char *hex, guint8 *ret_bytes, gsize want);	/* exactly want bytes */
char *hg_base64(const void *bytes, gsize len, gboolean url);	/* url: RFC 4648 section 5, no padding */
/* A key made ready once: the tag of each text then costs a tenth of what hg_hmac_sha256() takes. */
typedef struct evp_mac_ctx_st hg_hmac;
hg_hmac *hg_hmac_new(const void *key, gsize key_len);
void hg_hmac_free(hg_hmac *hmac);		/* NULL is fine */
void hg_hmac_make(hg_hmac *hmac, const void *data, gsize len, guint8 ret_mac[32]);
/* HMAC-SHA256, SHA-256 of whole buffers. */
void hg_hmac_sha256(const void *key, gsize key_len, const void *data, gsize len, guint8 ret_mac[32]);
void hg_sha256(const void *data, gsize len, guint8 ret_hash[32]);
