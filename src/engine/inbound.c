/* inbound.c - a provider's delivery: each item has its own fate, none is lost, none stops the rest */
#include "turn.h"

#include <string.h>

#define ADDRESS_MAX 512		/* bytes of an address; longer ones are refused */

/* ---- the delivery as it came, kept once and only when something in it is new ---- */

struct batch {
	hg_turn *turn;
	gint64 raw_n;		/* 0: not kept yet */
};

static gboolean keep_raw(struct batch *batch, const struct hg_in *in, gint64 *ret_n, GError **error)
{
	const struct hg_batch *all = &batch->turn->command->batch;
	hg_turn *turn = batch->turn;

	if (batch->raw_n || all->raw_len) {
		if (!batch->raw_n && !hg_store_raw_add(turn->store, turn->command->channel, "delivery", turn->now_ms,
						       all->raw, all->raw_len, &batch->raw_n, error))
			return FALSE;
		*ret_n = batch->raw_n;
		return TRUE;
	}
	*ret_n = 0;
	return !in || !in->raw_len || hg_store_raw_add(turn->store, turn->command->channel, "item", turn->now_ms,
						       in->raw, in->raw_len, ret_n, error);
}

/* ---- provider ids ---- */

static const char *wide_space(hg_turn *turn)
{
	g_autofree char *space = g_strconcat("adapter:", turn->command->space ?: "", NULL);

	return hg_arena_str(turn->arena, space);
}

static const char *space_of(hg_turn *turn, const struct hg_in *in)
{
	return in->wide ? wide_space(turn) : turn->command->channel;
}

gboolean hg_inbound_find(hg_turn *turn, const char *id, hg_message **ret, GError **error)
{
	gint64 n = 0;

	*ret = NULL;
	if (!id || !*id)
		return TRUE;
	if (!hg_store_seen_find(turn->store, turn->command->channel, id, turn->now_ms, &n, error) ||
	    (!n && !hg_store_seen_find(turn->store, wide_space(turn), id, turn->now_ms, &n, error)))
		return FALSE;
	return !n || hg_store_message_get(turn->store, turn->arena, n, ret, error);
}

/* Later reactions, edits and references name the message by its id, whatever its dedupe key was. */
static gboolean remember(hg_turn *turn, const struct hg_in *in, const hg_message *message, GError **error)
{
	const char *key = in->dedupe ?: in->id;

	if (key && *key && !hg_store_seen_set(turn->store, space_of(turn, in), key, turn->now_ms, message->n, error))
		return FALSE;
	if (!in->id || !*in->id || in->id == key)
		return TRUE;
	return hg_store_seen_set(turn->store, turn->command->channel, in->id, turn->now_ms, message->n, error);
}

static gboolean is_new(hg_turn *turn, const struct hg_in *in, gboolean *ret, GError **error)
{
	const char *key = in->dedupe ?: in->id;
	gint64 first_n;

	*ret = TRUE;
	return !key || !*key || hg_store_seen(turn->store, space_of(turn, in), key, turn->now_ms,
					      turn->conf->window.dedupe_ms, ret, &first_n, error);
}

const char *hg_inbound_scope(const hg_turn *turn)
{
	const struct hg_channel_conf *conf = hg_conf_channel(turn->conf, turn->command->channel);

	return conf && conf->scope ? conf->scope : "default";
}

/* ---- files ---- */

static gboolean type_wanted(const struct hg_channel_conf *conf, const char *type)
{
	if (!conf || !conf->media_types)
		return TRUE;
	for (char **pattern = conf->media_types; *pattern; pattern++)
		if (g_pattern_match_simple(*pattern, type ?: ""))
			return TRUE;
	return FALSE;
}

static const char *file_refused(const struct hg_channel_conf *conf, const struct hg_file *file)
{
	if (conf && file->bytes > conf->media_max)
		return "larger than the channel's media_max";
	if (!type_wanted(conf, file->type))
		return "of a type the channel's media_types does not name";
	if (!file->data && (!file->ref || !*file->ref))
		return "the provider gave nothing to fetch it by";
	return NULL;
}

/* Bytes that came along: on disk, under their hash, before the commit that names them. */
static gboolean store_data(hg_turn *turn, const struct hg_file *file, hg_attachment *attachment, GError **error)
{
	hg_upload *upload = hg_upload_new(hg_store_attachments(turn->store), error);
	char sha256[65];
	gint64 bytes;

	if (!upload)
		return FALSE;
	if (!hg_upload_write(upload, file->data, (gsize)file->bytes, error)) {
		hg_upload_cancel(upload);
		return FALSE;
	}
	if (!hg_upload_finish(upload, sha256, &bytes, error))
		return FALSE;
	attachment->state = HG_FILE_STORED;
	attachment->sha256 = hg_arena_str(turn->arena, sha256);
	attachment->bytes = bytes;
	return TRUE;
}

static gboolean fetch_later(hg_turn *turn, const hg_case *kase, const hg_attachment *attachment, GError **error)
{
	return hg_outbox_add(turn, &(hg_job){
		.target = HG_TO_FETCH, .name = turn->command->channel, .lane = attachment->id,
		.due_ms = turn->now_ms, .thread_n = kase->thread->n, .message_n = attachment->message_n,
		.attachment_n = attachment->n, .file = -1 }, error);
}

static gboolean take_file(hg_turn *turn, const hg_case *kase, const hg_message *message,
			  const struct hg_file *file, GError **error)
{
	hg_attachment *attachment = hg_arena_alloc(turn->arena, sizeof(*attachment));
	const char *refused = file_refused(hg_conf_channel(turn->conf, turn->command->channel), file);

	hg_id_new(turn->engine->env, "att", attachment->id);
	*attachment = (hg_attachment){
		.message_n = message->n, .kind = file->kind, .state = refused ? HG_FILE_FAILED : HG_FILE_PENDING,
		.name = file->name, .type = file->type, .bytes = file->bytes, .sha256 = file->sha256,
		.ref = file->ref, .expires_ms = file->expires_ms, .error = refused,
	};
	hg_id_new(turn->engine->env, "att", attachment->id);
	if (!refused && file->data && !store_data(turn, file, attachment, error))
		return FALSE;
	if (!hg_store_attachment_add(turn->store, attachment, error))
		return FALSE;
	return attachment->state != HG_FILE_PENDING || fetch_later(turn, kase, attachment, error);
}

gboolean hg_inbound_files(hg_turn *turn, const hg_case *kase, const hg_message *message, const struct hg_in *in,
			  GError **error)
{
	for (gsize i = 0; i < in->n_files; i++)
		if (!take_file(turn, kase, message, &in->files[i], error))
			return FALSE;
	return TRUE;
}

/* ---- a message said by a person ---- */

static hg_message *make_message(hg_turn *turn, const struct hg_in *in, gint64 raw_n)
{
	hg_message *message = hg_arena_alloc(turn->arena, sizeof(*message));

	*message = (hg_message){
		.direction = in->echo ? HG_OUTBOUND : HG_INBOUND,
		.author = in->echo ? HG_BY_OUTSIDE : HG_BY_CUSTOMER,
		.kind = in->kind, .channel = turn->command->channel, .external_id = in->id,
		.address = in->n_from ? in->from[0].uri : NULL, .our_address = in->to,
		.subject = in->subject, .text = in->text, .payload = in->payload,
		.answers = in->refs ? in->refs[0] : NULL, .sent_ms = in->sent_ms, .raw_n = raw_n,
		.delivery = in->echo ? HG_DLV_SENT : HG_DLV_NONE, .note = in->note,
		.automatic = in->automatic, .forwarded = in->forwarded, .echo = in->echo,
	};
	if (in->echo)
		message->parts = message->parts_sent = 1;
	return message;
}

static gboolean put_in_thread(hg_turn *turn, hg_case *kase, const struct hg_in *in, hg_message *message,
			      GError **error)
{
	return hg_case_say(turn, kase, message, error) && remember(turn, in, message, error) &&
	       hg_inbound_files(turn, kase, message, in, error);
}

/* Where answers go from now on: to the address and channel of what the customer wrote last. */
static gboolean note_customer(hg_turn *turn, hg_case *kase, const struct hg_in *in, const hg_message *message,
			      gboolean late, GError **error)
{
	hg_thread *thread = kase->thread;
	gint64 said = in->sent_ms && in->sent_ms < turn->now_ms ? in->sent_ms : turn->now_ms;

	if (!thread->first_message_ms)
		thread->first_message_ms = turn->now_ms;
	if (!thread->reply_to || (!late && !in->automatic)) {
		thread->channel = message->channel;
		thread->reply_to = message->address;
		thread->reply_from = message->our_address;
		thread->last_in_n = message->n;
	}
	if (!late && !in->automatic)
		thread->last_customer_ms = turn->now_ms;
	if (!thread->subject && in->subject)
		thread->subject = in->subject;
	turn->count.messages++;
	return hg_store_reach_in(turn->store, message->channel, message->address, said, error);
}

static gboolean tell_message(hg_turn *turn, hg_case *kase, const hg_message *message,
			     const struct hg_judged *judged, gboolean opened, GError **error)
{
	struct hg_payload news = { .type = "thread.opened", .message = message };

	if (opened && !hg_event_tell(turn, kase, &news, error))
		return FALSE;
	news.type = "message.received";
	news.decision = &judged->decision;
	if (!hg_event_tell(turn, kase, &news, error))
		return FALSE;
	if (!kase->thread->ticket_n)
		return TRUE;
	news.type = "ticket.message";
	turn->count.joined++;
	return hg_event_tell(turn, kase, &news, error);
}

/* What no rule decided waits for settle, unless it waits already or nobody has to look at it. */
static gboolean undecided(hg_turn *turn, hg_case *kase, const struct hg_in *in, GError **error)
{
	const hg_thread *thread = kase->thread;
	hg_timer *timer = NULL;

	if (in->automatic)
		return TRUE;
	if (thread->held)
		return hg_thread_hold(turn, kase, error);
	if (thread->messages > 1 &&
	    !hg_store_timer_get(turn->store, turn->arena, thread->n, "settle", &timer, error))
		return FALSE;
	return timer || hg_timer_set(turn, thread->n, "settle", turn->now_ms + turn->conf->engine.settle_ms, NULL,
				     error);
}

static gboolean act_on(hg_turn *turn, hg_case *kase, const struct hg_in *in, const struct hg_judged *judged,
		       const struct hg_proposed *proposed, gboolean quiet, GError **error)
{
	/* A ticket is one already; a closed thread that was not reopened becomes none by this. */
	if (kase->thread->ticket_n || kase->thread->state == HG_THREAD_CLOSED)
		return TRUE;
	switch (judged->verdict.action) {
	case HG_ACT_CONVERT:
		return hg_convert_by_verdict(turn, kase, judged, error);
	case HG_ACT_HOLD:
		return hg_store_timer_clear(turn->store, kase->thread->n, "settle", error) &&
		       hg_thread_hold(turn, kase, error) && hg_thread_watch(turn, kase, error);
	case HG_ACT_IGNORE:
	case HG_ACT_JOIN:
		break;
	default:
		if (!quiet)
			return undecided(turn, kase, in, error);
	}
	/* Not decided by this, and nothing else to come: the first message starts the watch. */
	return proposed->thread || hg_thread_watch(turn, kase, error);
}

static const char *action_word(const struct hg_proposed *proposed, const struct hg_judged *judged)
{
	if (proposed->late)
		return "join";
	switch (judged->verdict.action) {
	case HG_ACT_CONVERT:
		return "convert";
	case HG_ACT_IGNORE:
		return "ignore";
	case HG_ACT_JOIN:
		return "join";
	case HG_ACT_HOLD:
		return "hold";
	default:
		return proposed->thread && proposed->thread->ticket_n ? "join" : "wait";
	}
}

/* Noise and machines never reopen: what they say is added to the thread as it is, closed or not,
 * so that the next real message still finds it within its window. */
static gboolean enter_thread(hg_turn *turn, hg_case *kase, const struct hg_proposed *proposed, const char *scope,
			     gboolean quiet, GError **error)
{
	kase->thread = proposed->thread;
	if (!kase->thread)
		return hg_thread_open(turn, kase, scope, proposed->key, error);
	if (quiet || kase->thread->state != HG_THREAD_CLOSED)
		return TRUE;
	return hg_thread_reopen(turn, kase, proposed->reason, error);
}

/* The decision says so: whoever wonders why it is this contact's thread finds it there. */
static void conflict_note(hg_turn *turn, const hg_case *kase, struct hg_proposed *proposed)
{
	g_autofree char *reason = NULL;

	if (!kase->contact->conflicted)
		return;
	reason = g_strconcat(proposed->reason, "; an address of the sender is proven to be another contact's too",
			     NULL);
	proposed->reason = hg_arena_str(turn->arena, reason);
}

static gboolean take_said(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	const char *scope = hg_inbound_scope(turn);
	struct hg_proposed proposed;
	struct hg_judged judged;
	hg_message *message;
	gboolean quiet;
	hg_case kase = { 0 };

	if (!hg_contact_resolve(turn, in, TRUE, &kase, error) ||
	    !hg_threading_propose(turn, &kase, in, scope, &proposed, error))
		return FALSE;
	conflict_note(turn, &kase, &proposed);
	if (!hg_judge(turn, &kase, "message", in, &proposed, &judged, error))
		return FALSE;
	quiet = proposed.late || in->automatic || judged.verdict.action == HG_ACT_IGNORE;
	turn->count.ignored += judged.verdict.action == HG_ACT_IGNORE;
	message = make_message(turn, in, raw_n);
	if (!enter_thread(turn, &kase, &proposed, scope, quiet, error) ||
	    !put_in_thread(turn, &kase, in, message, error) ||
	    !note_customer(turn, &kase, in, message, proposed.late, error) ||
	    !hg_judge_keep(turn, &kase, &judged, action_word(&proposed, &judged), message, error) ||
	    !tell_message(turn, &kase, message, &judged, !proposed.thread, error))
		return FALSE;
	/* A machine gets no machine's answer, and what is over is not answered by rules. */
	if (in->automatic || proposed.late)
		judged.verdict.replies = NULL;
	return hg_judge_apply(turn, &kase, &judged, error) &&
	       act_on(turn, &kase, in, &judged, &proposed, quiet, error) && hg_case_save(turn, &kase, error);
}

/* ---- what staff said outside of headgate ---- */

/* The newest thread that goes on; an echo opens and joins nothing else. */
static gboolean echo_thread(hg_turn *turn, hg_case *kase, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, hg_inbound_scope(turn), NULL, 8, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if (thread->state == HG_THREAD_CLOSED)
			continue;
		if (!kase->thread || thread->state == HG_THREAD_OPEN)
			kase->thread = thread;
		if (thread->state == HG_THREAD_OPEN)
			break;
	}
	return TRUE;
}

static gboolean take_echo(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", turn->command->channel);
	hg_message *message;
	hg_case kase = { 0 };

	if (!hg_contact_resolve(turn, in, FALSE, &kase, error) ||
	    (kase.contact && !echo_thread(turn, &kase, error)))
		return FALSE;
	if (!kase.thread) {
		hg_info(&ctx, "inbound.echo", "said outside of headgate to someone without an open thread: kept raw");
		return !kase.contact || hg_case_save(turn, &kase, error);
	}
	message = make_message(turn, in, raw_n);
	if (!put_in_thread(turn, &kase, in, message, error))
		return FALSE;
	if (!kase.thread->first_response_ms && kase.thread->inbound)
		kase.thread->first_response_ms = turn->now_ms;
	return hg_event_tell(turn, &kase, &(struct hg_payload){ .type = "message.sent", .message = message }, error) &&
	       hg_case_save(turn, &kase, error);
}

/* ---- one item ---- */

/* Only what can be told without the store: the rest shows when it is done. */
static const char *why_refused(const struct hg_in *in)
{
	if (in->kind >= HG_ACCOUNT)
		return NULL;
	if (!in->n_from)
		return "it names no sender";
	for (gsize i = 0; i < in->n_from; i++) {
		const char *uri = in->from[i].uri;

		if (!uri || !*uri || strlen(uri) > ADDRESS_MAX || !strchr(uri, ':'))
			return "an address of its sender is none";
	}
	return NULL;
}

/* A kind of a newer header, or nonsense: what it says can still be shown. */
static gboolean kind_known(int kind)
{
	return (kind >= HG_TEXT && kind <= HG_UNSUPPORTED) || (kind >= HG_REACTION && kind <= HG_REVOKE) ||
	       (kind >= HG_IDENTITY && kind <= HG_IGNORED);
}

static gboolean take_kind(hg_turn *turn, const struct hg_in *in, gint64 raw_n, GError **error)
{
	struct hg_in unknown = *in;

	if (!kind_known(in->kind)) {
		unknown.kind = HG_UNSUPPORTED;
		unknown.note = in->note ?: "of a kind this headgate does not know";
		return take_kind(turn, &unknown, raw_n, error);
	}
	if (in->kind >= HG_REACTION && in->kind <= HG_REVOKE)
		return hg_about_message(turn, in, raw_n, error);
	if (in->kind >= HG_IDENTITY)
		return hg_about_person(turn, in, error);
	return in->echo ? take_echo(turn, in, raw_n, error) : take_said(turn, in, raw_n, error);
}

static gboolean take_item(struct batch *batch, const struct hg_in *in, GError **error)
{
	hg_turn *turn = batch->turn;
	gint64 raw_n;
	gboolean fresh;

	if (!is_new(turn, in, &fresh, error))
		return FALSE;
	turn->count.inbound++;
	if (!fresh) {
		turn->count.duplicates++;
		return TRUE;
	}
	return keep_raw(batch, in, &raw_n, error) && take_kind(turn, in, raw_n, error);
}

/* A sender nobody can name still has said something: it is kept with the reason, for people to see
 * in the log and in the raw delivery. */
static gboolean keep_refused(struct batch *batch, const struct hg_in *in, const char *why, GError **error)
{
	struct hg_ctx channel = HG_CTX(NULL, "channel", batch->turn->command->channel);
	struct hg_ctx ctx = HG_CTX(&channel, "id", in->id ?: "(none)");
	hg_turn *turn = batch->turn;
	struct hg_in poor = *in;
	gboolean fresh;
	gint64 raw_n;

	if (!is_new(turn, in, &fresh, error))
		return FALSE;
	turn->count.inbound++;
	if (!fresh) {
		turn->count.duplicates++;
		return TRUE;
	}
	turn->count.refused++;
	hg_warn(&ctx, "inbound.refused", "kept as unsupported: %s", why);
	if (!keep_raw(batch, in, &raw_n, error))
		return FALSE;
	if (why_refused(in) || in->kind >= HG_REACTION || in->echo)
		return TRUE;
	poor.kind = HG_UNSUPPORTED;
	poor.note = why;
	poor.n_files = 0;
	poor.payload = NULL;
	return take_said(turn, &poor, raw_n, error);
}

/* ---- the batch ---- */

/* Undoes what a failed step began.  FALSE: the transaction itself is gone. */
static gboolean undo(struct batch *batch, const struct batch *before, guint events,
		     const struct hg_engine_stats *count, GError **error)
{
	hg_turn *turn = batch->turn;

	*batch = *before;
	turn->count = *count;
	turn->addresses_of = 0;
	g_ptr_array_set_size(turn->events, (gint)events);
	return hg_store_rollback_to(turn->store, error);
}

typedef gboolean step_fn(struct batch *batch, const void *item, const char *why, GError **error);

static gboolean in_savepoint(struct batch *batch, step_fn *step, const void *item, const char *why,
			     gboolean *ret_gone, GError **error)
{
	struct hg_engine_stats count = batch->turn->count;
	guint events = batch->turn->events->len;
	struct batch before = *batch;
	hg_store *store = batch->turn->store;

	*ret_gone = TRUE;
	batch->turn->gone = TRUE;
	if (!hg_store_savepoint(store, error))
		return FALSE;
	if (step(batch, item, why, error)) {
		*ret_gone = batch->turn->gone = !hg_store_release(store, error);
		return !*ret_gone;
	}
	*ret_gone = batch->turn->gone = !undo(batch, &before, events, &count, NULL);
	return FALSE;
}

static gboolean step_item(struct batch *batch, const void *item, const char *why, GError **error)
{
	return why ? keep_refused(batch, item, why, error) : take_item(batch, item, error);
}

static gboolean step_receipt(struct batch *batch, const void *item, const char *why G_GNUC_UNUSED, GError **error)
{
	return hg_receipt_take(batch->turn, item, error);
}

/* The delivery's end: how far the adapter has read, and deliveries with nothing in them. */
static gboolean step_end(struct batch *batch, const void *item G_GNUC_UNUSED, const char *why G_GNUC_UNUSED,
			 GError **error)
{
	const struct hg_batch *all = &batch->turn->command->batch;
	hg_turn *turn = batch->turn;
	gint64 raw_n;

	if (!all->n_in && !all->n_receipts && !keep_raw(batch, NULL, &raw_n, error))
		return FALSE;
	return !all->cursor || hg_store_cursor_set(turn->store, turn->command->channel, all->cursor, error);
}

static gboolean one_item(struct batch *batch, const struct hg_in *in, GError **error)
{
	g_autoptr(GError) why = NULL;
	const char *refused = why_refused(in);
	gboolean gone;

	if (in_savepoint(batch, step_item, in, refused, &gone, &why))
		return TRUE;
	if (gone || refused) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	/* The second time without what may have been too much; the first reason is told. */
	return in_savepoint(batch, step_item, in, hg_arena_str(batch->turn->arena, why->message), &gone, error);
}

/* A receipt that cannot be kept is worth a line, not a redelivery of all that came with it. */
static gboolean one_receipt(struct batch *batch, const struct hg_receipt *receipt, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "channel", batch->turn->command->channel);
	g_autoptr(GError) why = NULL;
	gboolean gone;

	if (in_savepoint(batch, step_receipt, receipt, NULL, &gone, &why))
		return TRUE;
	if (!gone && why->code != HG_ERROR_STORE) {
		batch->turn->count.refused++;
		hg_warn(&ctx, "receipt.refused", "%s", why->message);
		return TRUE;
	}
	g_propagate_error(error, g_steal_pointer(&why));
	return FALSE;
}

gboolean hg_inbound_batch(hg_turn *turn, GError **error)
{
	const struct hg_batch *all = &turn->command->batch;
	struct batch batch = { .turn = turn };
	gboolean gone;

	for (gsize i = 0; i < all->n_in; i++)
		if (!one_item(&batch, &all->in[i], error))
			return FALSE;
	for (gsize i = 0; i < all->n_receipts; i++)
		if (!one_receipt(&batch, &all->receipts[i], error))
			return FALSE;
	if (!all->cursor && (all->n_in || all->n_receipts))
		return TRUE;
	return in_savepoint(&batch, step_end, NULL, NULL, &gone, error);
}
