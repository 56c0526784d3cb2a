/* receipt.c - what providers say later of what we sent: every one is kept, the display folds them */
#include "turn.h"

#include <string.h>

/* ---- which message ---- */

static gboolean find_message(hg_turn *turn, const char *id, const char *key, gint64 *ret_n, GError **error)
{
	const char *channel = turn->command->channel;
	g_autofree char *by_key = key && *key ? g_strconcat("key:", key, NULL) : NULL;

	*ret_n = 0;
	if (by_key && !hg_store_seen_find(turn->store, channel, by_key, turn->now_ms, ret_n, error))
		return FALSE;
	return *ret_n || !id || !*id ||
	       hg_store_seen_find(turn->store, hg_ids_space(turn, channel), id, turn->now_ms, ret_n, error);
}

/* Providers repeat themselves; the rows there are few, and looking costs less than an index. */
static gboolean is_known(hg_turn *turn, const hg_receipt_row *row, GPtrArray *rows, gboolean *ret, GError **error)
{
	*ret = FALSE;
	if (row->message_n ? !hg_store_receipt_list(turn->store, turn->arena, row->message_n, rows, error) :
			     !hg_store_receipt_parked(turn->store, turn->arena, row->channel, row->external_id,
						      row->key, turn->now_ms, rows, error))
		return FALSE;
	for (guint i = 0; i < rows->len && !*ret; i++) {
		const hg_receipt_row *old = g_ptr_array_index(rows, i);

		*ret = old->state == row->state && old->at_ms == row->at_ms && old->code == row->code &&
		       g_strcmp0(old->external_id, row->external_id) == 0 && g_strcmp0(old->key, row->key) == 0;
	}
	return TRUE;
}

/* ---- folding ---- */

static const char *part_of(const hg_receipt_row *row)
{
	return row->key ?: row->external_id ?: "";
}

/* One part's state by all that was said of it; the order does not matter. */
static int fold_part(const GPtrArray *rows, const char *part, gboolean *conflict)
{
	int state = HG_DLV_SENT;

	for (guint i = 0; i < rows->len; i++) {
		const hg_receipt_row *row = g_ptr_array_index(rows, i);

		if (strcmp(part_of(row), part) == 0)
			state = hg_delivery_fold(state, row->state, conflict);
	}
	return state;
}

/* A message of several parts is delivered when all of them are, and partly when some never will. */
static int fold_parts(const hg_message *message, const GPtrArray *rows, gboolean *conflict)
{
	g_autoptr(GHashTable) parts = g_hash_table_new(g_str_hash, g_str_equal);
	int least = HG_DLV_PLAYED, failed = 0, n = 0;

	for (guint i = 0; i < rows->len; i++) {
		const char *part = part_of(g_ptr_array_index(rows, i));
		int state;

		if (!g_hash_table_add(parts, (gpointer)part))
			continue;
		state = fold_part(rows, part, conflict);
		n++;
		if (state == HG_DLV_FAILED)
			failed++;
		else
			least = MIN(least, state);
	}
	if (failed)
		return failed == message->parts ? HG_DLV_FAILED : HG_DLV_PARTLY;
	return n == message->parts ? least : HG_DLV_SENT;
}

static void fold(hg_message *message, const GPtrArray *rows, const hg_receipt_row *row)
{
	gboolean conflict = message->conflict;
	int to;

	if (message->parts <= 1) {
		message->delivery = hg_delivery_fold(message->delivery, row->state, &conflict);
	} else if (message->delivery != HG_DLV_PARTLY) {
		to = fold_parts(message, rows, &conflict);
		if (to != HG_DLV_SENT || message->parts_sent >= message->parts)
			message->delivery = to;
	}
	message->conflict = conflict;
}

/* The reason is kept when the message failed by it, or when what was said before is in doubt. */
static void keep_reason(hg_message *message, const hg_receipt_row *row)
{
	if (row->state != HG_R_FAILED)
		return;
	message->error = row->text ?: "the provider could not deliver it and did not say why";
	message->error_code = row->code;
	message->advice = row->advice;
}

/* ---- what it settles ---- */

static gboolean waits_for_it(const hg_job *job, const char *key)
{
	if (job->target != HG_TO_CHANNEL || g_strcmp0(job->key, key) != 0)
		return FALSE;
	/* DUE again after an attempt: by its key, or because the provider had said "not sent". */
	return job->state == HG_JOB_UNKNOWN || (job->state == HG_JOB_DUE && job->attempts > 0);
}

/* A receipt with our key proves that the provider has it.  SENDING is left to its own answer. */
static gboolean settle(hg_turn *turn, hg_case *kase, hg_message *message, const hg_receipt_row *row, GError **error)
{
	struct hg_job_query query = { .target = HG_TO_CHANNEL, .message_n = message->n, .limit = 100 };
	g_autoptr(GPtrArray) jobs = NULL;

	if (!row->key || message->parts_sent >= message->parts)
		return TRUE;
	jobs = g_ptr_array_new();
	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++) {
		hg_job *job = g_ptr_array_index(jobs, i);

		if (!waits_for_it(job, row->key))
			continue;
		if (row->state == HG_R_FAILED)
			return hg_result_refused(turn, kase, message, job, row->code, row->text, row->advice, error);
		return hg_result_arrived(turn, kase, message, job, row->external_id, error);
	}
	return TRUE;
}

static gboolean apply(hg_turn *turn, hg_case *kase, hg_message *message, const GPtrArray *rows,
		      const hg_receipt_row *row, GError **error)
{
	int delivery = message->delivery;
	gboolean conflict = message->conflict;

	fold(message, rows, row);
	if (message->delivery == delivery && message->conflict == conflict)
		return TRUE;
	keep_reason(message, row);
	if (hg_visitor_is(message->address) && message->delivery >= HG_DLV_READ && message->delivery <= HG_DLV_PLAYED &&
	    !hg_visit_read(turn, message->address, message->thread_n, message->n, error))
		return FALSE;
	return hg_store_message_update(turn->store, message, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "message.status", .message = message,
							       .receipt = row }, error) &&
	       hg_listen_failed(turn, kase, message, delivery, error);
}

static hg_receipt_row *make_row(hg_turn *turn, const struct hg_receipt *receipt)
{
	hg_receipt_row *row = hg_arena_alloc(turn->arena, sizeof(*row));

	*row = (hg_receipt_row){
		.channel = turn->command->channel, .external_id = receipt->id && *receipt->id ? receipt->id : NULL,
		.key = receipt->key && *receipt->key ? receipt->key : NULL, .state = receipt->state,
		.at_ms = receipt->at_ms, .got_ms = turn->now_ms, .code = receipt->code, .reach = receipt->reach,
		.text = receipt->text, .advice = receipt->advice, .detail = receipt->detail,
	};
	return row;
}

static gboolean take_known(hg_turn *turn, hg_receipt_row *row, GPtrArray *rows, GError **error)
{
	hg_message *message;
	hg_case kase;

	if (!hg_store_message_get(turn->store, turn->arena, row->message_n, &message, error))
		return FALSE;
	/* About what a customer said, or about what was erased: kept, and that is all. */
	if (!message || message->direction != HG_OUTBOUND)
		return TRUE;
	g_ptr_array_add(rows, row);
	return hg_case_load(turn, message->thread_n, &kase, error) &&
	       settle(turn, &kase, message, row, error) && apply(turn, &kase, message, rows, row, error) &&
	       hg_case_save(turn, &kase, error);
}

/* Of what was erased nothing is kept any more. */
static gboolean is_erased(hg_turn *turn, gint64 message_n, gboolean *ret, GError **error)
{
	hg_message *message = NULL;

	if (message_n && !hg_store_message_get(turn->store, turn->arena, message_n, &message, error))
		return FALSE;
	*ret = message && message->erased_ms;
	return TRUE;
}

gboolean hg_receipt_take(hg_turn *turn, const struct hg_receipt *receipt, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	hg_receipt_row *row = make_row(turn, receipt);
	gboolean known, erased;

	if (row->state < HG_R_SENT || row->state > HG_R_FAILED || (!row->external_id && !row->key))
		return hg_fail(error, HG_ERROR_INPUT, "a receipt of state %d names no message", row->state);
	if (!find_message(turn, row->external_id, row->key, &row->message_n, error) ||
	    !is_known(turn, row, rows, &known, error) || !is_erased(turn, row->message_n, &erased, error))
		return FALSE;
	if (erased)
		return TRUE;
	if (known) {
		turn->count.duplicates++;
		return TRUE;
	}
	return hg_store_receipt_add(turn->store, row, error) &&
	       (!row->message_n || take_known(turn, row, rows, error));
}

gboolean hg_receipt_adopt(hg_turn *turn, hg_case *kase, hg_message *message, const char *id, const char *key,
			  GError **error)
{
	g_autoptr(GPtrArray) parked = g_ptr_array_new();
	g_autoptr(GPtrArray) rows = NULL;

	if (!id || !*id)
		return TRUE;
	if (!hg_store_receipt_parked(turn->store, turn->arena, message->channel, id, key, turn->now_ms, parked, error))
		return FALSE;
	for (guint i = 0; i < parked->len; i++) {
		hg_receipt_row *row = g_ptr_array_index(parked, i);

		if (!hg_store_receipt_adopt(turn->store, row->n, message->n, error))
			return FALSE;
		row->message_n = message->n;
	}
	if (!parked->len)
		return TRUE;
	rows = g_ptr_array_new();
	if (!hg_store_receipt_list(turn->store, turn->arena, message->n, rows, error))
		return FALSE;
	for (guint i = 0; i < parked->len; i++)
		if (!apply(turn, kase, message, rows, g_ptr_array_index(parked, i), error))
			return FALSE;
	return TRUE;
}

gboolean hg_receipt_verdict(hg_turn *turn, const hg_message *message, const char *key, int *ret, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	gboolean conflict = FALSE;

	*ret = 0;
	if (!key)
		return TRUE;
	if (!hg_store_receipt_list(turn->store, turn->arena, message->n, rows, error))
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const hg_receipt_row *row = g_ptr_array_index(rows, i);

		if (g_strcmp0(row->key, key) == 0)
			*ret = fold_part(rows, part_of(row), &conflict) == HG_DLV_FAILED ? -1 : 1;
	}
	return TRUE;
}
