/* seen.c - what was seen before
 *
 * Provider ids are kept as hashes in buckets of one day.  A look-up asks every kept day, but only
 * days that exist; expiry takes whole days, oldest first.  So the table needs no index by time
 * and the rows of today, which are asked for most, lie together. */
#include "late.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

#define DAY_MS G_GINT64_CONSTANT(86400000)
/* How long ids are kept at least: replies to older messages and late receipts name them long
 * after the dedupe window.  WhatsApp and most SMS carriers give up on a message within 30 days. */
#define KEEP_DAYS 30
#define HASH_SIZE HG_SEEN_HASH

/* ---- the hash of an id ---- */
/* Keyed, so that a stranger cannot make two ids meet; the space is set off from the id by its NUL. */
void hg_store_seen_hash(hg_store *store, const char *space, const char *key, guint8 ret_hash[HASH_SIZE])
{
	EVP_MAC_CTX *mac = hg_store_mac(store);
	gsize len;

	if (!EVP_MAC_init(mac, hg_store_instance_key(store), HASH_SIZE, NULL) ||
	    !EVP_MAC_update(mac, (const guint8 *)space, strlen(space) + 1) ||
	    !EVP_MAC_update(mac, (const guint8 *)key, strlen(key)) ||
	    !EVP_MAC_final(mac, ret_hash, &len, HASH_SIZE) || len != HASH_SIZE)
		g_error("OpenSSL: SipHash failed");
}

/* ---- days ---- */
static void days_add(GArray *days, gint64 day)
{
	guint at = 0;

	while (at < days->len && g_array_index(days, gint64, at) > day)
		at++;
	if (at == days->len || g_array_index(days, gint64, at) != day)
		g_array_insert_val(days, at, day);
}

/* The days there are, newest first.  Only the writer remembers them: it alone makes new ones. */
static gboolean days_load(hg_store *store, GArray *days, GError **error)
{
	/* One seek a day instead of a walk through all rows. */
	static const struct hg_sql before = { HG_SQL_SEEN_DAYS, "SELECT MAX(bucket) FROM seen WHERE bucket < $1", HG_SQL_ALONE, NULL };
	gint64 day = G_MAXINT64;

	for (;;) {
		if (!hg_sql_int(store, &before, HG_BIND(HG_I(day)), 0, &day, error))
			return FALSE;
		if (day <= 0)
			return TRUE;
		g_array_append_val(days, day);
	}
}

static gboolean days_get(hg_store *store, GArray **ret, GError **error)
{
	GArray *days = hg_store_seen_days(store);

	*ret = days;
	return days->len || days_load(store, days, error);
}

/* What is older may be gone or not: nobody shall see the difference.  A day longer than asked, because a
 * bucket's oldest rows are as old as its day. */
static gint64 oldest_day(hg_store *store, gint64 now_ms)
{
	return (now_ms - MAX(KEEP_DAYS * DAY_MS, hg_store_kept_ids_ms(store) + DAY_MS)) / DAY_MS;
}

/* ---- looking and remembering ---- */
struct seen { gint64 day, message_n, seen_ms; };	/* day 0: not there */

static gboolean seen_get(hg_store *store, gint64 day, const guint8 hash[HASH_SIZE], struct seen *ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_SEEN_GET, "SELECT message_n, seen_ms FROM seen "
					   "WHERE bucket = $1 AND hash = $2", HG_SQL_ALONE, NULL };
	hg_stmt *stmt = hg_stmt_open(store, &get, HG_BIND(HG_I(day), HG_B(hash, HASH_SIZE)), error);
	int more = stmt ? hg_stmt_next(stmt, error) : -1;

	if (more <= 0)
		return more == 0;
	*ret = (struct seen){ day, hg_stmt_int(stmt, 0), hg_stmt_int(stmt, 1) };
	hg_stmt_end(stmt);
	return TRUE;
}

static struct hg_late_seen *waiting_seen(hg_store *store, const guint8 hash[HASH_SIZE])
{
	struct hg_late_seen *late = hg_late_seen(store);

	return late && late->waits && memcmp(late->hash, hash, HASH_SIZE) == 0 ? late : NULL;
}

/* The newest of its rows not before oldest_day. */
static gboolean seen_look(hg_store *store, const guint8 hash[HASH_SIZE], gint64 oldest_day, struct seen *ret,
			  GError **error)
{
	GArray *days;

	*ret = (struct seen){ 0 };
	if (waiting_seen(store, hash) && !hg_late_write(store, error))
		return FALSE;
	if (!days_get(store, &days, error))
		return FALSE;
	for (guint i = 0; i < days->len && !ret->day; i++) {
		gint64 day = g_array_index(days, gint64, i);

		if (day < oldest_day)
			break;
		if (!seen_get(store, day, hash, ret, error))
			return FALSE;
	}
	return TRUE;
}

/* Who calls has loaded the days. */
static gboolean seen_put(hg_store *store, const guint8 hash[HASH_SIZE], gint64 now_ms, gint64 message_n,
			 GError **error)
{
	static const struct hg_sql put = { HG_SQL_SEEN_PUT, "INSERT INTO seen (bucket, hash, message_n, seen_ms) "
					   "VALUES ($1, $2, $3, $4) ON CONFLICT (bucket, hash) DO UPDATE "
					   "SET message_n = excluded.message_n, seen_ms = excluded.seen_ms", HG_SQL_ALONE, NULL };
	gint64 day = MAX(1, now_ms / DAY_MS);

	if (!hg_sql_run(store, &put, HG_BIND(HG_I(day), HG_B(hash, HASH_SIZE), HG_I(message_n), HG_I(now_ms)),
			NULL, error))
		return FALSE;
	/* Kept when the transaction is rolled back: one empty look-up a time until it expires. */
	days_add(hg_store_seen_days(store), day);
	return TRUE;
}

gboolean hg_seen_write(hg_store *store, const struct hg_late_seen *seen, GError **error)
{
	return seen_put(store, seen->hash, seen->now_ms, seen->message_n, error);
}

/* One at a time waits. */
static gboolean seen_add(hg_store *store, const guint8 hash[HASH_SIZE], gint64 now_ms, GError **error)
{
	struct hg_late_seen *late = hg_late_seen(store);

	if (!late || late->waits)
		return seen_put(store, hash, now_ms, 0, error);
	*late = (struct hg_late_seen){ .waits = TRUE, .now_ms = now_ms };
	memcpy(late->hash, hash, HASH_SIZE);
	return TRUE;
}

gboolean hg_store_seen(hg_store *store, const char *space, const char *key, gint64 now_ms, gint64 window_ms,
		       gboolean *ret_new, gint64 *ret_message_n, GError **error)
{
	guint8 hash[HASH_SIZE];
	struct seen seen;

	hg_store_seen_hash(store, space, key, hash);
	if (!seen_look(store, hash, (now_ms - window_ms) / DAY_MS, &seen, error))
		return FALSE;
	*ret_new = !seen.day || seen.seen_ms <= now_ms - window_ms;
	*ret_message_n = *ret_new ? 0 : seen.message_n;
	return !*ret_new || seen_add(store, hash, now_ms, error);
}

gboolean hg_store_seen_set(hg_store *store, const char *space, const char *key, gint64 now_ms, gint64 message_n,
			   GError **error)
{
	static const struct hg_sql set = { HG_SQL_SEEN_SET, "UPDATE seen SET message_n = $1 "
					   "WHERE bucket = $2 AND hash = $3", HG_SQL_ALONE, NULL };
	gint64 changed = 0, oldest = oldest_day(store, now_ms);
	guint8 hash[HASH_SIZE];
	struct hg_late_seen *late;
	GArray *days;

	hg_store_seen_hash(store, space, key, hash);
	late = waiting_seen(store, hash);
	if (late) {
		late->message_n = message_n;
		return TRUE;
	}
	if (!days_get(store, &days, error))
		return FALSE;
	/* Where it is remembered: a row of its own would make the dedupe window begin again. */
	for (guint i = 0; i < days->len && !changed && g_array_index(days, gint64, i) >= oldest; i++)
		if (!hg_sql_run(store, &set, HG_BIND(HG_I(message_n), HG_I(g_array_index(days, gint64, i)),
						     HG_B(hash, HASH_SIZE)), &changed, error))
			return FALSE;
	return changed || seen_put(store, hash, now_ms, message_n, error);
}

gboolean hg_store_seen_find(hg_store *store, const char *space, const char *key, gint64 now_ms,
			    gint64 *ret_message_n, GError **error)
{
	guint8 hash[HASH_SIZE];
	struct seen seen;

	hg_store_seen_hash(store, space, key, hash);
	if (!seen_look(store, hash, oldest_day(store, now_ms), &seen, error))
		return FALSE;
	*ret_message_n = seen.message_n;
	return TRUE;
}

/* ---- expiry ---- */
gboolean hg_seen_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_SEEN_EXPIRE, "DELETE FROM seen WHERE bucket = $1 AND hash IN "
					      "(SELECT hash FROM seen WHERE bucket = $1 LIMIT $2)", HG_SQL_ALONE, NULL };
	GArray *days;
	gint64 oldest, gone;

	if (!days_get(store, &days, error))
		return FALSE;
	if (!days->len)
		return TRUE;
	oldest = g_array_index(days, gint64, days->len - 1);
	if (oldest >= oldest_day(store, now_ms))
		return TRUE;
	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(oldest), HG_I(HG_EXPIRE_BATCH)), &gone, error))
		return FALSE;
	if (gone < HG_EXPIRE_BATCH)
		g_array_set_size(days, days->len - 1);
	*changed += gone;
	return TRUE;
}
