/* changes.c - what helpdesks tell: kept before it is answered, each once; completed outside; applied
 *
 * A change is known by its kind and its id, however it came: a hook that is sent twice, and the poll that finds the same
 * again, find it done.  Each becomes a job, those of a ticket one behind the other; who takes it fetches what it lacks. */
#include "turn.h"

#include "json.h"

#include <string.h>

#define DAY_MS	     ((gint64)24 * 60 * 60 * 1000)
#define KNOWN_MS     (30 * DAY_MS)	/* ids are remembered that long */
#define LATE_MS	     (KNOWN_MS - DAY_MS)	/* of an answer: what is older may have been sent, and nobody knows */
#define UNKNOWN_MS   DAY_MS		/* a ticket nobody knows: its link may be under way that long ... */
#define OURS_SOON_MS 1000		/* ... and the answer to a call of ours says in a moment what is an echo ... */
#define OURS_WAIT_MS 20000		/* ... or never */
#define OURS	     (-1)		/* instead of a message: we did it ourselves */

/* ---- whose it is ---- */

static gboolean by_name(hg_store *store, hg_arena *arena, const char *name, hg_ticket **ret, GError **error)
{
	hg_thread *thread;

	if (hg_id_is(name, "tkt"))
		return hg_store_ticket_by_id(store, arena, name, ret, error);
	if (!hg_id_is(name, "thr"))
		return hg_store_ticket_by_number(store, arena, name, ret, error);
	if (!hg_store_thread_by_id(store, arena, name, &thread, error))
		return FALSE;
	return !thread || !thread->ticket_n || hg_store_ticket_get(store, arena, thread->ticket_n, ret, error);
}

/* What went to one helpdesk alone is none of another's business, and what is on trial nobody's. */
static gboolean is_its(hg_store *store, hg_arena *arena, const char *backend, hg_ticket **ticket, GError **error)
{
	hg_thread *thread;

	if (!*ticket)
		return TRUE;
	if (!hg_store_thread_get(store, arena, (*ticket)->thread_n, &thread, error))
		return FALSE;
	if (!thread || (*ticket)->shadow || (thread->backend && strcmp(thread->backend, backend) != 0))
		*ticket = NULL;
	return TRUE;
}

gboolean hg_change_ticket(hg_store *store, hg_arena *arena, const char *backend, const hg_change *change, hg_ticket **ret,
			  GError **error)
{
	*ret = NULL;
	if (change->ticket && *change->ticket &&
	    !hg_store_ticket_by_link(store, arena, backend, change->ticket, ret, error))
		return FALSE;
	if (*ret || !change->external || !*change->external)
		return TRUE;
	return by_name(store, arena, change->external, ret, error) && is_its(store, arena, backend, ret, error);
}

/* ---- heard ---- */

struct heard { guint news, known, foreign; };

/* Helpdesks tell of all their tickets.  Ours are those that are linked, or bear our name, or may be what became of an event
 * that is still under way. */
static gboolean may_be_ours(hg_turn *turn, const hg_change *change, gboolean *ret, GError **error)
{
	const char *backend = turn->command->backend;
	hg_ticket *ticket;

	*ret = change->external && *change->external;
	if (*ret)
		return TRUE;
	if (!hg_change_ticket(turn->store, turn->arena, backend, change, &ticket, error))
		return FALSE;
	*ret = ticket != NULL;
	return *ret || hg_store_job_before(turn->store, HG_TO_BACKEND, backend, G_MAXINT64, ret, error);
}

static gboolean is_news(hg_turn *turn, const char *backend, const hg_change *change, struct heard *count, gboolean *ret,
			GError **error)
{
	gint64 message_n;

	if (!may_be_ours(turn, change, ret, error))
		return FALSE;
	count->foreign += !*ret;
	if (!*ret)
		return TRUE;
	if (!hg_store_seen(turn->store, hg_change_space(turn->arena, backend),
			   hg_change_key(turn->arena, change->kind, change->id), turn->now_ms, KNOWN_MS, ret, &message_n, error))
		return FALSE;
	count->news += *ret;
	count->known += !*ret;
	return TRUE;
}

static gboolean keep_change(hg_turn *turn, const char *backend, const hg_change *change, gint64 raw_n, GError **error)
{
	GString *body = turn->engine->scratch;

	g_string_truncate(body, 0);
	hg_change_write(change, body);
	return hg_outbox_add(turn, &(hg_job){
		.target = HG_FROM_BACKEND, .name = backend, .lane = hg_change_lane(change), .due_ms = turn->now_ms,
		.key = change->id, .raw_n = raw_n, .file = -1, .body = hg_arena_mem(turn->arena, body->str, body->len),
		.len = body->len }, error);
}

/* The bytes are kept where something new is in them, or where nobody could say what is. */
static gboolean keep_raw(hg_turn *turn, const struct heard *count, gint64 *ret_n, GError **error)
{
	const struct hg_batch *hook = &turn->command->batch;

	*ret_n = 0;
	if (!hook->raw_len || (turn->command->n_changes && !count->news))
		return TRUE;
	turn->raw = hg_arena_alloc(turn->arena, sizeof(*turn->raw));
	if (!hg_store_raw_add(turn->store, hg_change_space(turn->arena, turn->command->backend), "hook", turn->now_ms, hook->raw,
			      hook->raw_len, turn->raw, error))
		return FALSE;
	*ret_n = turn->raw[0];
	return TRUE;
}

static gboolean keep_news(hg_turn *turn, struct heard *count, GError **error)
{
	const hg_command *command = turn->command;
	gboolean *news = hg_arena_alloc(turn->arena, (command->n_changes + 1) * sizeof(*news));
	gint64 raw_n;

	for (gsize i = 0; i < command->n_changes; i++)
		if (!is_news(turn, command->backend, &command->changes[i], count, &news[i], error))
			return FALSE;
	if (!keep_raw(turn, count, &raw_n, error))
		return FALSE;
	for (gsize i = 0; i < command->n_changes; i++)
		if (news[i] && !keep_change(turn, command->backend, &command->changes[i], raw_n, error))
			return FALSE;
	return TRUE;
}

static const char *answer_of(hg_turn *turn, const struct heard *count)
{
	g_autofree char *text = g_strdup_printf("{\"new\":%u,\"known\":%u,\"foreign\":%u}", count->news, count->known,
						count->foreign);

	return hg_arena_str(turn->arena, text);
}

gboolean hg_changes_heard(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	struct heard count = { 0 };

	if (!command->backend || !hg_conf_backend(turn->conf, command->backend))
		return hg_fail(error, HG_ERROR_MISSING, "there is no backend \"%.60s\"", command->backend ?: "");
	if (!keep_news(turn, &count, error))
		return FALSE;
	turn->answer = answer_of(turn, &count);
	return !command->batch.cursor ||
	       hg_store_cursor_set(turn->store, hg_change_space(turn->arena, command->backend), command->batch.cursor, error);
}

/* ---- echoes ---- */

gboolean hg_changes_ours(hg_turn *turn, const char *backend, const char *const *made, GError **error)
{
	static const int told[] = { HG_CHANGE_REPLY, HG_CHANGE_NOTE, HG_CHANGE_STATUS, HG_CHANGE_LOOK };
	const char *space = hg_change_space(turn->arena, backend);

	for (; made && *made; made++)
		for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
			if (!hg_store_seen_set(turn->store, space, hg_change_key(turn->arena, told[i], *made), turn->now_ms, OURS,
					       error))
				return FALSE;
	return TRUE;
}

/* Heard before the call that did it was answered. */
static gboolean is_echo(hg_turn *turn, const hg_job *job, const hg_change *change, gboolean *ret, GError **error)
{
	gint64 what;

	if (!hg_store_seen_find(turn->store, hg_change_space(turn->arena, job->name),
				hg_change_key(turn->arena, change->kind, change->id), turn->now_ms, &what, error))
		return FALSE;
	*ret = what == OURS;
	return TRUE;
}

/* What is due goes out in this round; done again from the journal it does so at the end of it. */
static gboolean is_under_way(const hg_turn *turn, const hg_job *job)
{
	return job->state == HG_JOB_SENDING || (job->state == HG_JOB_DUE && job->due_ms <= turn->now_ms);
}

/* While a call about this ticket is under way, what comes from there may be its doing. */
static gboolean may_be_echo(hg_turn *turn, const hg_job *job, const hg_case *kase, const hg_change *change, gboolean *ret,
			    GError **error)
{
	struct hg_job_query query = { .target = HG_TO_BACKEND, .name = job->name, .lane = kase->thread->id, .limit = 1 };
	g_autoptr(GPtrArray) jobs = g_ptr_array_new();

	*ret = FALSE;
	if ((change->kind != HG_CHANGE_REPLY && change->kind != HG_CHANGE_NOTE) ||
	    turn->now_ms - job->created_ms >= OURS_WAIT_MS)
		return TRUE;
	if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
		return FALSE;
	*ret = jobs->len && is_under_way(turn, g_ptr_array_index(jobs, 0));
	return TRUE;
}

/* ---- done with ---- */

static gboolean give_up(hg_turn *turn, hg_job *job, const char *why, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", job->name);

	job->error = why ?: "no reason given";
	hg_err(&ctx, "change.dead_letter", "what happened there is given up as job %" G_GINT64_FORMAT " after %d attempts: %s; "
	       "it is kept, see the outbox", job->n, job->attempts, job->error);
	return hg_outbox_end(turn, job, TRUE, error);
}

static gboolean again(hg_turn *turn, hg_job *job, gint64 most_ms, const char *why, gint64 retry_ms, GError **error)
{
	job->error = why;
	if (turn->now_ms - job->created_ms >= most_ms)
		return give_up(turn, job, why, error);
	return hg_outbox_again(turn, job, retry_ms, error);
}

gboolean hg_change_recover(hg_turn *turn, hg_job *job, const char *why, gint64 wait_ms, GError **error)
{
	if (wait_ms)
		return again(turn, job, UNKNOWN_MS, why, wait_ms, error);
	job->due_ms = turn->now_ms;
	return hg_job_move(job, HG_JOB_DUE, error) && hg_store_job_update(turn->store, job, error);
}

/* Not linked, and not by our name.  Who told of it may have been faster than the answer to the request that made it. */
static gboolean unknown_ticket(hg_turn *turn, hg_job *job, const hg_change *change, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", job->name);
	gboolean named = change->external && *change->external, waits;
	g_autofree char *why = g_strdup_printf("no ticket of ours is %.100s there%s%.100s", change->ticket ?: "(no id)",
					       named ? ", and we have none of the name " : "", named ? change->external : "");

	if (!hg_store_job_before(turn->store, HG_TO_BACKEND, job->name, job->n, &waits, error))
		return FALSE;
	if (named || (waits && turn->now_ms - job->created_ms < UNKNOWN_MS))
		return again(turn, job, UNKNOWN_MS, hg_arena_str(turn->arena, why), 0, error);
	hg_debug(&ctx, "change.foreign", "%s: the %s is none of ours", why, hg_change_word(change->kind));
	return hg_outbox_end(turn, job, FALSE, error);
}

/* What a hook only pointed to: each is a change of its own, as if it had been heard. */
static gboolean looked_at(hg_turn *turn, hg_job *job, GError **error)
{
	struct heard count = { 0 };

	for (gsize i = 0; i < turn->command->n_changes; i++) {
		const hg_change *change = &turn->command->changes[i];
		gboolean news;

		if (change->kind == HG_CHANGE_LOOK)
			return give_up(turn, job, "what was looked at says to look there again", error);
		if (!is_news(turn, job->name, change, &count, &news, error) ||
		    (news && !keep_change(turn, job->name, change, job->raw_n, error)))
			return FALSE;
	}
	return hg_outbox_end(turn, job, FALSE, error);
}

static gboolean is_too_late(const hg_turn *turn, const hg_change *change)
{
	return change->kind == HG_CHANGE_REPLY && change->at_ms && turn->now_ms - change->at_ms >= LATE_MS;
}

static gboolean apply(hg_turn *turn, hg_job *job, const hg_ticket *ticket, const hg_change *change, GError **error)
{
	gboolean echo, wait;
	hg_case kase;

	if (!hg_case_load(turn, ticket->thread_n, &kase, error) ||
	    !hg_store_ticket_get(turn->store, turn->arena, ticket->n, &kase.ticket, error) ||
	    !is_echo(turn, job, change, &echo, error))
		return FALSE;
	if (echo)
		return hg_outbox_end(turn, job, FALSE, error);
	if (!may_be_echo(turn, job, &kase, change, &wait, error))
		return FALSE;
	if (wait)
		return again(turn, job, UNKNOWN_MS, "a call of ours about this ticket is under way", OURS_SOON_MS, error);
	return hg_change_apply(turn, &kase, job->name, change, error) && hg_case_save(turn, &kase, error) &&
	       hg_outbox_end(turn, job, FALSE, error);
}

static gboolean complete(hg_turn *turn, hg_job *job, const hg_ticket *ticket, const hg_change *was, GError **error)
{
	const hg_command *command = turn->command;

	if (was->kind == HG_CHANGE_LOOK)
		return looked_at(turn, job, error);
	if (command->n_changes != 1 || command->changes[0].kind != was->kind || strcmp(command->changes[0].id, was->id) != 0)
		return give_up(turn, job, "it came back as something else than it was", error);
	if (is_too_late(turn, was))
		return give_up(turn, job, "the answer is four weeks old: whether the customer has it nobody remembers any more",
			       error);
	return apply(turn, job, ticket, &command->changes[0], error);
}

static gint64 patience(const hg_turn *turn, const hg_job *job)
{
	const struct hg_backend_conf *backend = hg_conf_backend(turn->conf, job->name);

	return backend ? backend->give_up_ms : UNKNOWN_MS;
}

gboolean hg_changes_done(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	g_autoptr(GError) why = NULL;
	hg_ticket *ticket;
	hg_change was;
	hg_job *job;

	if (!hg_result_job(turn, HG_FROM_BACKEND, &job, error))
		return FALSE;
	if (!job)
		return TRUE;
	if (!hg_change_read(turn->arena, job->body, job->len, &was, &why))
		return give_up(turn, job, hg_arena_str(turn->arena, why->message), error);
	if (!hg_change_ticket(turn->store, turn->arena, job->name, &was, &ticket, error))
		return FALSE;
	if (!ticket)
		return unknown_ticket(turn, job, &was, error);
	if (command->fate == HG_SENT)
		return complete(turn, job, ticket, &was, error);
	if (command->fate == HG_FAILED)
		return give_up(turn, job, command->text, error);
	return again(turn, job, patience(turn, job), command->text ?: "no reason given", command->retry_ms, error);
}
