/* messages.c - messages, attachments, receipts */
#include "late.h"

static const struct hg_column message_columns[] = {
	HG_COLUMN(hg_message, n, INT64, HG_C_N),
	HG_COLUMN(hg_message, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_message, thread_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_message, prev_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_message, direction, INT, HG_C_FIXED),
	HG_COLUMN(hg_message, author, INT, 0),
	HG_COLUMN(hg_message, kind, INT, 0),
	HG_COLUMN(hg_message, author_name, TEXT, 0),
	HG_COLUMN(hg_message, channel, TEXT, 0),
	HG_COLUMN(hg_message, external_id, TEXT, 0),
	HG_COLUMN(hg_message, address, TEXT, 0),
	HG_COLUMN(hg_message, our_address, TEXT, 0),
	HG_COLUMN(hg_message, subject, TEXT, 0),
	HG_COLUMN(hg_message, text, TEXT0, 0),
	HG_COLUMN(hg_message, html, TEXT, 0),
	HG_COLUMN(hg_message, payload, TEXT, 0),
	HG_COLUMN(hg_message, reply_text, TEXT, 0),
	HG_COLUMN(hg_message, answers, TEXT, 0),
	HG_COLUMN(hg_message, at_ms, INT64, 0),
	HG_COLUMN(hg_message, sent_ms, INT64, 0),
	HG_COLUMN(hg_message, edited_ms, INT64, 0),
	HG_COLUMN(hg_message, revoked_ms, INT64, 0),
	HG_COLUMN(hg_message, raw_n, REF, 0),
	HG_COLUMN(hg_message, delivery, INT, 0),
	HG_COLUMN(hg_message, conflict, INT, 0),
	HG_COLUMN(hg_message, parts, INT, 0),
	HG_COLUMN(hg_message, parts_sent, INT, 0),
	HG_COLUMN(hg_message, resent, INT, 0),
	HG_COLUMN(hg_message, error, TEXT, 0),
	HG_COLUMN(hg_message, advice, TEXT, 0),
	HG_COLUMN(hg_message, error_code, INT, 0),
	HG_COLUMN(hg_message, note, TEXT, 0),
	HG_COLUMN(hg_message, automatic, INT, 0),
	HG_COLUMN(hg_message, forwarded, INT, 0),
	HG_COLUMN(hg_message, echo, INT, 0),
	HG_COLUMN(hg_message, sender, INT, 0),
	HG_COLUMN(hg_message, reactions, TEXT, 0),
	HG_COLUMN(hg_message, erased_ms, INT64, 0),
	HG_COLUMN(hg_message, origin, TEXT, 0),
	HG_COLUMN(hg_message, noise, INT, 0),
	{ 0 }
};
static const struct hg_table message_table = { "message", message_columns, sizeof(hg_message), HG_NUMBERS_MESSAGE };

static const struct hg_column file_columns[] = {
	HG_COLUMN(hg_attachment, n, INT64, HG_C_N),
	HG_COLUMN(hg_attachment, id, ID, HG_C_FIXED),
	HG_COLUMN(hg_attachment, message_n, INT64, HG_C_FIXED),
	HG_COLUMN(hg_attachment, kind, INT, 0),
	HG_COLUMN(hg_attachment, state, INT, 0),
	HG_COLUMN(hg_attachment, name, TEXT, 0),
	HG_COLUMN(hg_attachment, type, TEXT, 0),
	HG_COLUMN(hg_attachment, bytes, INT64, 0),
	HG_COLUMN(hg_attachment, sha256, TEXT, 0),
	HG_COLUMN(hg_attachment, ref, TEXT, 0),
	HG_COLUMN(hg_attachment, expires_ms, INT64, 0),
	HG_COLUMN(hg_attachment, error, TEXT, 0),
	HG_COLUMN(hg_attachment, content_id, TEXT, 0),
	{ 0 }
};
static const struct hg_table file_table = { "attachment", file_columns, sizeof(hg_attachment), HG_NUMBERS_NONE };

static const struct hg_column receipt_columns[] = {
	HG_COLUMN(hg_receipt_row, n, INT64, HG_C_N),
	HG_COLUMN(hg_receipt_row, message_n, REF, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, channel, TEXT0, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, external_id, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, key, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, state, INT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, at_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, got_ms, INT64, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, code, INT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, reach, INT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, text, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, advice, TEXT, HG_C_FIXED),
	HG_COLUMN(hg_receipt_row, detail, TEXT, HG_C_FIXED),
	{ 0 }
};
static const struct hg_table receipt_table = { "receipt", receipt_columns, sizeof(hg_receipt_row), HG_NUMBERS_NONE };

/* ---- messages ---- */
gboolean hg_store_message_add(hg_store *store, hg_message *message, GError **error)
{
	static const struct hg_sql add = { HG_SQL_MESSAGE_ADD, NULL, HG_SQL_INSERT, &message_table };

	return hg_row_add(store, &add, message, error);
}

static const struct hg_sql message_by_n = { HG_SQL_MESSAGE_GET, NULL, HG_SQL_BY_N, &message_table };

gboolean hg_store_message_get(hg_store *store, hg_arena *arena, gint64 n, hg_message **ret, GError **error)
{
	return hg_row_by_n(store, &message_by_n, n, arena, ret, error);
}

gboolean hg_message_ahead(hg_store *store, const struct hg_range *range, GError **error)
{
	return hg_row_ahead(store, &message_table, range, error);
}

gboolean hg_store_message_by_id(hg_store *store, hg_arena *arena, const char *id, hg_message **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_MESSAGE_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &message_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_message_update(hg_store *store, const hg_message *message, GError **error)
{
	static const struct hg_sql update = { HG_SQL_MESSAGE_UPDATE, NULL, HG_SQL_UPDATE, &message_table };

	return hg_row_change(store, &update, message, "message", error);
}

gboolean hg_store_message_list(hg_store *store, hg_arena *arena, gint64 newest_n, guint limit, GPtrArray *ret,
			       GError **error)
{
	return hg_row_chain(store, &message_by_n, offsetof(hg_message, prev_n), newest_n, limit, arena, ret, error);
}

/* ---- attachments ---- */
gboolean hg_store_attachment_add(hg_store *store, hg_attachment *attachment, GError **error)
{
	static const struct hg_sql add = { HG_SQL_FILE_ADD, NULL, HG_SQL_INSERT, &file_table };

	return hg_row_add(store, &add, attachment, error);
}

gboolean hg_store_attachment_get(hg_store *store, hg_arena *arena, gint64 n, hg_attachment **ret, GError **error)
{
	static const struct hg_sql get = { HG_SQL_FILE_GET, "WHERE n = $1", HG_SQL_SELECT, &file_table };

	return hg_row_one(store, &get, HG_BIND(HG_I(n)), arena, ret, error);
}

gboolean hg_store_attachment_by_id(hg_store *store, hg_arena *arena, const char *id, hg_attachment **ret,
				   GError **error)
{
	static const struct hg_sql get = { HG_SQL_FILE_BY_ID, "WHERE id = $1", HG_SQL_SELECT, &file_table };

	return hg_row_one(store, &get, HG_BIND(HG_T(id)), arena, ret, error);
}

gboolean hg_store_attachment_update(hg_store *store, const hg_attachment *attachment, GError **error)
{
	static const struct hg_sql update = { HG_SQL_FILE_UPDATE, NULL, HG_SQL_UPDATE, &file_table };

	return hg_row_change(store, &update, attachment, "attachment", error);
}

gboolean hg_store_attachment_list(hg_store *store, hg_arena *arena, gint64 message_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_FILE_LIST, "WHERE message_n = $1 ORDER BY n", HG_SQL_SELECT,
					    &file_table };

	/* Whoever names a row writes it first. */
	if (hg_late_find(store, &message_table, message_n))
		return TRUE;
	return hg_row_all(store, &list, HG_BIND(HG_I(message_n)), arena, ret, error);
}

/* ---- receipts ---- */
gboolean hg_store_receipt_add(hg_store *store, hg_receipt_row *receipt, GError **error)
{
	static const struct hg_sql add = { HG_SQL_RECEIPT_ADD, NULL, HG_SQL_INSERT, &receipt_table };

	return hg_row_add(store, &add, receipt, error);
}

static void drop_doubles(GPtrArray *rows, guint first_new)
{
	for (guint i = first_new; i < rows->len; )
		for (guint k = 0; ; k++) {
			hg_receipt_row *a = rows->pdata[i], *b = rows->pdata[k];

			if (k >= first_new) {
				i++;
				break;
			}
			if (a->n == b->n) {
				g_ptr_array_remove_index(rows, i);
				break;
			}
		}
}

gboolean hg_store_receipt_parked(hg_store *store, hg_arena *arena, const char *channel, const char *external_id,
				 const char *key, gint64 now_ms, GPtrArray *ret, GError **error)
{
	static const struct hg_sql by_id = { HG_SQL_RECEIPT_BY_EXT, "WHERE message_n IS NULL AND channel = $1 "
					     "AND external_id = $2 AND got_ms >= $3 ORDER BY n", HG_SQL_SELECT, &receipt_table };
	static const struct hg_sql by_key = { HG_SQL_RECEIPT_BY_KEY, "WHERE message_n IS NULL AND channel = $1 "
					      "AND key = $2 AND got_ms >= $3 ORDER BY n", HG_SQL_SELECT, &receipt_table };
	gint64 since_ms = now_ms - HG_PARKED_KEEP_MS;
	guint by_id_end;

	if (external_id &&
	    !hg_row_all(store, &by_id, HG_BIND(HG_T(channel), HG_T(external_id), HG_I(since_ms)), arena, ret, error))
		return FALSE;
	by_id_end = ret->len;
	if (key && !hg_row_all(store, &by_key, HG_BIND(HG_T(channel), HG_T(key), HG_I(since_ms)), arena, ret, error))
		return FALSE;
	drop_doubles(ret, by_id_end);	/* most have both */
	return TRUE;
}

gboolean hg_store_receipt_adopt(hg_store *store, gint64 receipt_n, gint64 message_n, GError **error)
{
	static const struct hg_sql adopt = { HG_SQL_RECEIPT_ADOPT, "UPDATE receipt SET message_n = $1 "
					     "WHERE n = $2 AND message_n IS NULL", 0, NULL };
	gint64 changed;

	if (!hg_sql_run(store, &adopt, HG_BIND(HG_I(message_n), HG_I(receipt_n)), &changed, error))
		return FALSE;
	return changed ||
	       hg_fail(error, HG_ERROR_MISSING, "no receipt %" G_GINT64_FORMAT " is parked", receipt_n);
}

gboolean hg_store_receipt_list(hg_store *store, hg_arena *arena, gint64 message_n, GPtrArray *ret, GError **error)
{
	static const struct hg_sql list = { HG_SQL_RECEIPT_LIST, "WHERE message_n = $1 ORDER BY n", HG_SQL_SELECT,
					    &receipt_table };

	return hg_row_all(store, &list, HG_BIND(HG_I(message_n)), arena, ret, error);
}

/* Whoever else uses our provider account makes receipts that never find a message. */
gboolean hg_receipt_expire(hg_store *store, gint64 now_ms, gint64 *changed, GError **error)
{
	static const struct hg_sql expire = { HG_SQL_RECEIPT_EXPIRE, "DELETE FROM receipt WHERE n IN (SELECT n FROM "
					      "receipt WHERE message_n IS NULL AND got_ms < $1 LIMIT $2)", 0, NULL };
	gint64 gone;

	if (!hg_sql_run(store, &expire, HG_BIND(HG_I(now_ms - HG_PARKED_KEEP_MS), HG_I(HG_EXPIRE_BATCH)), &gone,
			error))
		return FALSE;
	*changed += gone;
	return TRUE;
}
