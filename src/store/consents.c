/* consents.c - what was said of messages from us: to an address, from one of ours or from a whole channel */
#include "sql.h"

static const struct hg_column consent_columns[] = {
	HG_COLUMN(hg_consent, uri, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_consent, channel, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_consent, ours, TEXT0, HG_C_KEY),
	HG_COLUMN(hg_consent, state, INT, 0),
	HG_COLUMN(hg_consent, source, TEXT, 0),
	HG_COLUMN(hg_consent, words, TEXT, 0),
	HG_COLUMN(hg_consent, who, TEXT, 0),
	HG_COLUMN(hg_consent, code, INT, 0),
	HG_COLUMN(hg_consent, blocked, INT, 0),
	HG_COLUMN(hg_consent, said_ms, INT64, 0),
	HG_COLUMN(hg_consent, heard_ms, INT64, 0),
	HG_COLUMN(hg_consent, again_ms, INT64, 0),
	HG_COLUMN(hg_consent, told_ms, INT64, 0),
	HG_COLUMN(hg_consent, told_n, INT64, 0),
	{ 0 }
};
static const struct hg_table consent_table = { "consent", consent_columns, sizeof(hg_consent), HG_NUMBERS_ALONE };

gboolean hg_store_consent_of(hg_store *store, hg_arena *arena, const char *uri, const char *channel, GPtrArray *ret,
			     GError **error)
{
	static const struct hg_sql on = { HG_SQL_CONSENT_ON, "WHERE uri = $1 AND channel = $2", HG_SQL_SELECT, &consent_table };
	static const struct hg_sql all = { HG_SQL_CONSENT_OF, "WHERE uri = $1", HG_SQL_SELECT, &consent_table };

	return channel ? hg_row_all(store, &on, HG_BIND(HG_T(uri), HG_T(channel)), arena, ret, error) :
			 hg_row_all(store, &all, HG_BIND(HG_T(uri)), arena, ret, error);
}

gboolean hg_store_consent_set(hg_store *store, const hg_consent *consent, GError **error)
{
	static const struct hg_sql set = { HG_SQL_CONSENT_SET, " ON CONFLICT (uri, channel, ours) DO UPDATE SET "
					   "state = excluded.state, source = excluded.source, words = excluded.words, "
					   "who = excluded.who, code = excluded.code, blocked = excluded.blocked, "
					   "said_ms = excluded.said_ms, heard_ms = excluded.heard_ms, "
					   "again_ms = excluded.again_ms, told_ms = excluded.told_ms, "
					   "told_n = excluded.told_n", HG_SQL_INSERT, &consent_table };

	return hg_row_update(store, &set, consent, NULL, error);
}

gboolean hg_store_consent_list(hg_store *store, hg_arena *arena, const struct hg_consent_query *query, GPtrArray *ret,
			       GError **error)
{
	static const struct hg_sql list = { HG_SQL_CONSENT_LIST, "WHERE (uri, channel, ours) > ($1, $2, $3) AND state <> 0 "
					    "AND ($4 = 0 OR state = $4) AND ($5 IS NULL OR channel = $5) "
					    "ORDER BY uri, channel, ours LIMIT $6", HG_SQL_SELECT, &consent_table };

	return hg_row_all(store, &list, HG_BIND(HG_T(query->after_uri ?: ""), HG_T(query->after_channel ?: ""),
						HG_T(query->after_ours ?: ""), HG_I(query->state), HG_T(query->channel),
						HG_I(query->limit)), arena, ret, error);
}
