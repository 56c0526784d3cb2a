/* postgres_pipe.c - statements of a bold transaction: sent one behind the other, and waited for only where something is read
 *
 * A bold transaction has no savepoints: what fails in it fails all of it, and it is done again with care.  So it does no harm to
 * hear of a failure late, at the next statement that is read or before the commit at the latest.
 * Whatever is read is waited for with a Sync and not with a Flush: only then the server knows that it is our turn to speak, and
 * throws a node out that stops there. */
#include "postgres_db.h"

#include <string.h>

#define UNSYNCED_MAX 16384	/* bytes: less than libpq sends by itself, so that nothing is under way without a Sync behind it */
#define SENT_MAX 1000		/* answers that may wait in sockets */

/* What an answer is expected to. */
struct sent {
	struct hg_pg_stmt *made;	/* NULL: a Sync */
	const char *must;		/* what has to be changed by it; NULL: it may change nothing */
	gboolean prepares;
	gboolean posted;		/* nobody looks at what it says */
};

void hg_pg_pipe_begin(hg_store *store)
{
	struct hg_pg *pg = store->pg;

	if (!pg->sent)
		pg->sent = g_array_new(FALSE, FALSE, sizeof(struct sent));
	pg->unsynced = 0;
	pg->piped = PQenterPipelineMode(pg->conn) == 1;
}

void hg_pg_pipe_free(struct hg_pg *pg)
{
	if (pg->sent)
		g_array_unref(pg->sent);
	g_clear_error(&pg->failed);
}

/* The first that failed is why. */
static void note_failed(hg_store *store, GError *error)
{
	struct hg_pg *pg = store->pg;

	if (!hg_pg_is_lost(store))
		store->wants_care |= store->bold;
	if (pg->failed)
		g_error_free(error);
	else
		pg->failed = error;
}

gboolean hg_pg_pipe_fail(hg_store *store, GError **error)
{
	if (!store->pg->failed)
		return TRUE;
	g_propagate_error(error, g_error_copy(store->pg->failed));
	return FALSE;
}

static void answer_is(hg_store *store, const struct sent *sent, const PGresult *result)
{
	struct hg_pg *pg = store->pg;
	GError *error = NULL;

	switch (PQresultStatus(result)) {
	case PGRES_COMMAND_OK:
	case PGRES_TUPLES_OK:
		if (sent->posted && !hg_pg_count(store, sent->made, result, sent->must, &error))
			note_failed(store, error);
		return;
	case PGRES_PIPELINE_ABORTED:	/* by one before it, which has said why */
		break;
	default:
		hg_pg_fail(store, result, sent->made->text, &error);
		note_failed(store, error);
		break;
	}
	if (sent->prepares)
		sent->made->session = 0;
	if (!pg->failed) {
		hg_pg_fail(store, NULL, sent->made->text, &error);
		note_failed(store, error);
	}
}

/* One answer.  *ret (may be NULL): the last one's that was no Sync; yours. */
static void take(hg_store *store, const struct sent *sent, PGresult **ret)
{
	PGresult *result = PQgetResult(store->pg->conn);

	if (!sent->made) {
		PQclear(result);
		return;
	}
	answer_is(store, sent, result);
	if (result)
		PQclear(PQgetResult(store->pg->conn));		/* the NULL behind each */
	if (ret && !sent->prepares) {
		PQclear(*ret);
		*ret = result;
	} else {
		PQclear(result);
	}
}

static gboolean send_sync(hg_store *store)
{
	struct sent sync = { 0 };

	store->pg->unsynced = 0;
	if (!PQpipelineSync(store->pg->conn))
		return FALSE;
	g_array_append_val(store->pg->sent, sync);
	return TRUE;
}

/* Of all that was sent.  *ret (may be NULL): what the last one said, yours. */
static gboolean read_all(hg_store *store, PGresult **ret, GError **error)
{
	struct hg_pg *pg = store->pg;
	gboolean asked = !pg->sent->len || send_sync(store);

	store->cost.waits += pg->sent->len != 0;
	for (guint i = 0; asked && i < pg->sent->len; i++)
		take(store, &g_array_index(pg->sent, struct sent, i), ret);
	g_array_set_size(pg->sent, 0);
	if (hg_pg_is_lost(store) || !asked) {
		GError *lost = NULL;

		hg_pg_fail(store, NULL, "what was sent", &lost);
		note_failed(store, lost);
	}
	return hg_pg_pipe_fail(store, error);
}

gboolean hg_pg_pipe_read(hg_store *store, GError **error)
{
	return read_all(store, NULL, error);
}

/* The connection is as it was before: answers that nobody read are read now. */
gboolean hg_pg_pipe_end(hg_store *store, GError **error)
{
	struct hg_pg *pg = store->pg;
	gboolean ok;

	if (!pg->piped)
		return TRUE;
	ok = read_all(store, NULL, error);
	pg->piped = FALSE;
	g_clear_error(&pg->failed);
	if (!PQexitPipelineMode(pg->conn) && !hg_pg_is_lost(store))
		hg_pg_disconnect(pg);
	return ok;
}

/* ---- sending ---- */

static gboolean fail_send(hg_store *store, const struct hg_pg_stmt *made, GError **error)
{
	GError *failed = NULL;

	hg_pg_fail(store, NULL, made->text, &failed);
	note_failed(store, failed);
	return hg_pg_pipe_fail(store, error);
}

static gboolean send_prepare(hg_store *store, struct hg_pg_stmt *made)
{
	struct sent sent = { .made = made, .prepares = TRUE };

	if (made->session == store->pg->session)
		return TRUE;
	if (!PQsendPrepare(store->pg->conn, made->name, made->text, made->n, made->types))
		return FALSE;
	made->session = store->pg->session;
	g_array_append_val(store->pg->sent, sent);
	store->pg->unsynced += strlen(made->text);
	return TRUE;
}

static gboolean send_one(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, const struct sent *sent, GError **error)
{
	struct hg_pg *pg = store->pg;

	if (!hg_pg_pipe_fail(store, error))
		return FALSE;
	if (!send_prepare(store, made) ||
	    !PQsendQueryPrepared(pg->conn, made->name, made->n, bound->values, bound->lengths, bound->formats, 1))
		return fail_send(store, made, error);
	g_array_append_val(pg->sent, *sent);
	pg->unsynced += bound->size;
	return TRUE;
}

PGresult *hg_pg_pipe_ask(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, GError **error)
{
	struct sent sent = { .made = made };
	PGresult *result = NULL;

	if (!send_one(store, made, bound, &sent, error))
		return NULL;
	if (read_all(store, &result, error))
		return result;
	PQclear(result);
	return NULL;
}

gboolean hg_pg_pipe_post(hg_store *store, struct hg_pg_stmt *made, const struct hg_pg_bound *bound, const char *must, GError **error)
{
	struct hg_pg *pg = store->pg;
	struct sent sent = { .made = made, .must = must, .posted = TRUE };

	if (!send_one(store, made, bound, &sent, error))
		return FALSE;
	pg->posted++;
	if (pg->sent->len >= SENT_MAX)
		return read_all(store, NULL, error);
	return pg->unsynced < UNSYNCED_MAX || send_sync(store) || fail_send(store, made, error);
}
