/* consent.c - who wants no messages: a state of (address, channel, our address he means)
 *
 * The newest word counts: one about the address of ours that a message would come from, or about the channel as a whole. */
#include "turn.h"

#include "number.h"
#include "people.h"

#include <string.h>

#define THREADS_MAX 20		/* of the contact, looked through for what has not left yet */
#define JOBS_MAX    100		/* of each */

/* ---- what counts ---- */

/* Where nobody knows which of our addresses it will come from, any STOP may be the one that counts. */
static gboolean is_about(const hg_consent *said, const char *ours)
{
	if (said->state == HG_WISH_NONE)
		return FALSE;
	if (!*said->ours)
		return TRUE;
	return ours ? strcmp(said->ours, ours) == 0 : said->state == HG_WISH_STOP;
}

static const hg_consent *newest(const GPtrArray *rows, const char *ours)
{
	const hg_consent *best = NULL;

	for (guint i = 0; i < rows->len; i++) {
		const hg_consent *said = g_ptr_array_index(rows, i);

		if (!is_about(said, ours))
			continue;
		if (!best || said->said_ms > best->said_ms ||
		    (said->said_ms == best->said_ms && said->state == HG_WISH_STOP))
			best = said;
	}
	return best;
}

gboolean hg_consent_find(hg_store *store, hg_arena *arena, const char *channel, const char *uri, const char *ours,
			 const hg_consent **ret, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	g_autofree char *twin = hg_number_twin(uri);	/* which the carrier may call it next time */
	g_autofree char *erased = hg_store_address_hash(store, uri);	/* all that is left of who was erased */

	*ret = NULL;
	if (!hg_store_consent_of(store, arena, uri, channel, rows, error) ||
	    !hg_store_consent_of(store, arena, erased, channel, rows, error) ||
	    (twin && !hg_store_consent_of(store, arena, twin, channel, rows, error)))
		return FALSE;
	*ret = newest(rows, ours);
	return TRUE;
}

gboolean hg_consent_hears(const hg_engine *engine, const char *channel)
{
	const struct hg_channel_conf *conf = hg_conf_channel(engine->conf, channel);
	struct hg_limits limits = { .size = sizeof(limits) };
	unsigned caps = 0;

	if (conf && g_strcmp0(conf->consent.words, "auto") != 0)
		return g_strcmp0(conf->consent.words, "yes") == 0;
	return conf && engine->ports.limits(engine->ports.ctx, channel, &limits, &caps) && (caps & HG_CAP_WORDS);
}

/* Where the provider speaks of advertising, people may answer all the same. */
static gboolean stops_people(const hg_engine *engine, const struct hg_channel_conf *conf, const char *channel)
{
	if (!conf || g_strcmp0(conf->consent.stops, "auto") == 0)
		return hg_consent_hears(engine, channel);
	return g_strcmp0(conf->consent.stops, "all") == 0;
}

gboolean hg_consent_bars(const hg_engine *engine, const hg_consent *said, gboolean automatic, gint64 last_in_ms)
{
	const struct hg_channel_conf *conf;

	if (!said || said->state != HG_WISH_STOP)
		return FALSE;
	if (automatic)
		return TRUE;
	conf = hg_conf_channel(engine->conf, said->channel);
	if (!stops_people(engine, conf, said->channel))
		return FALSE;
	return !conf || said->blocked || last_in_ms <= said->said_ms ||
	       g_strcmp0(conf->consent.written_again, "answer") != 0;
}

/* ---- who wants none at all ---- */

static gboolean is_lifted(const hg_consent *stop, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const hg_consent *said = g_ptr_array_index(rows, i);

		if (said->state == HG_WISH_START && said->said_ms > stop->said_ms && (!*said->ours || !*stop->ours) &&
		    strcmp(said->channel, stop->channel) == 0)
			return TRUE;
	}
	return FALSE;
}

static guint stops_in(const GPtrArray *rows)
{
	guint n = 0;

	for (guint i = 0; i < rows->len; i++) {
		const hg_consent *said = g_ptr_array_index(rows, i);

		n += said->state == HG_WISH_STOP && !is_lifted(said, rows);
	}
	return n;
}

gboolean hg_consent_fold(hg_turn *turn, hg_case *kase, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();
	gboolean out = FALSE;

	if (!hg_store_alias_list(turn->store, turn->arena, kase->contact->n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len && !out; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);
		g_autoptr(GPtrArray) rows = g_ptr_array_new();

		if (alias->proof == HG_FORMER)
			continue;
		if (!hg_store_consent_of(turn->store, turn->arena, alias->uri, NULL, rows, error))
			return FALSE;
		out = stops_in(rows) > 0;
	}
	kase->contact_changed |= kase->contact->opted_out != out;
	kase->contact->opted_out = out;
	return TRUE;
}

/* ---- taking it in ---- */

static hg_consent *row_of(hg_turn *turn, const GPtrArray *rows, const char *uri, const char *channel, const char *ours)
{
	hg_consent *row;

	for (guint i = 0; i < rows->len; i++) {
		row = g_ptr_array_index(rows, i);
		if (strcmp(row->ours, ours) == 0)
			return row;
	}
	row = hg_arena_alloc(turn->arena, sizeof(*row));
	*row = (hg_consent){ .uri = uri, .channel = channel, .ours = ours };
	return row;
}

/* Said before what is known and heard after it.  What an agent noted is no word of his: a STOP goes before it. */
static gboolean is_stale(const hg_consent *known, const struct hg_wished *wished)
{
	return known->state && known->state != wished->state && wished->said_ms < known->said_ms &&
	       (wished->state == HG_WISH_START || g_strcmp0(known->source, "agent") != 0);
}

static void write_down(const hg_turn *turn, hg_consent *row, const struct hg_wished *wished, const hg_consent *before)
{
	gboolean again = row->state == wished->state;

	row->blocked = wished->state == HG_WISH_STOP && (wished->blocked || (again && row->blocked));
	/* That the provider refuses it says no more than what counts already. */
	if (again && before == row && g_strcmp0(wished->source, "send") == 0) {
		row->code = wished->code;
		return;
	}
	row->state = wished->state;
	row->source = wished->source;
	row->words = wished->words;
	row->who = wished->who;
	row->code = wished->code;
	row->said_ms = MAX(wished->said_ms, before && wished->state == HG_WISH_STOP ? before->said_ms : 0);
	row->heard_ms = turn->now_ms;
}

/* *ret NULL: what was said is older than what is known. */
static gboolean take_one(hg_turn *turn, const char *uri, const struct hg_wishing *to, const struct hg_wished *wished,
			 const hg_consent **ret, gboolean *ret_news, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	const hg_consent *before;
	hg_consent *row;
	guint stops;
	int state;

	*ret = NULL;
	if (!hg_store_consent_of(turn->store, turn->arena, uri, to->channel, rows, error))
		return FALSE;
	before = newest(rows, to->ours);
	state = before ? before->state : HG_WISH_NONE;
	stops = stops_in(rows);
	row = row_of(turn, rows, uri, to->channel, to->ours);
	if (before && is_stale(before, wished))
		return TRUE;
	write_down(turn, row, wished, before);
	*ret = row;
	*ret_news |= state != wished->state || (wished->state == HG_WISH_START && stops);
	return hg_store_consent_set(turn->store, row, error);
}

/* What waits for a later attempt is looked at now: it fails, and the agent hears why. */
static gboolean hasten(hg_turn *turn, const hg_case *kase, const char *channel, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, kase->thread->scope, NULL, THREADS_MAX, threads,
				error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++) {
		const hg_thread *thread = g_ptr_array_index(threads, i);
		struct hg_job_query query = { .target = HG_TO_CHANNEL, .name = channel, .lane = thread->id, .limit = JOBS_MAX };
		g_autoptr(GPtrArray) jobs = g_ptr_array_new();

		if (!hg_store_job_list(turn->store, turn->arena, &query, jobs, error))
			return FALSE;
		for (guint j = 0; j < jobs->len; j++) {
			hg_job *job = g_ptr_array_index(jobs, j);

			if (job->state != HG_JOB_DUE || job->due_ms <= turn->now_ms)
				continue;
			job->due_ms = turn->now_ms;
			if (!hg_store_job_update(turn->store, job, error))
				return FALSE;
			hg_targets_wake(turn->engine->targets, job->target, job->name, job->due_ms);
		}
	}
	return TRUE;
}

static gboolean tell(hg_turn *turn, hg_case *kase, const hg_consent *consent, const hg_message *message, GError **error)
{
	struct hg_ctx channel = HG_CTX(NULL, "channel", consent->channel);
	struct hg_ctx ctx = HG_CTX(&channel, "contact", kase->contact ? kase->contact->id : "(unknown)");
	struct hg_payload news = { .type = "contact.consent", .name = consent->channel, .consent = consent, .message = message,
				   .contact = kase->contact };

	hg_info(&ctx, "contact.consent", "%s (by %s)", consent->state == HG_WISH_STOP ? "wants no more messages" :
		"wants messages", consent->source);
	hg_tally_note_channel(turn, consent->channel, consent->state == HG_WISH_STOP ? HG_TALLY_STOP : HG_TALLY_START);
	return hg_event_tell(turn, kase->thread ? kase : NULL, &news, error);
}

/* Who said it himself said it in the conversation. */
static gboolean note_line(hg_turn *turn, hg_case *kase, const hg_consent *consent, GError **error)
{
	g_autofree char *line = NULL;

	if (!kase->thread || g_strcmp0(consent->source, "word") == 0)
		return TRUE;
	line = consent->state == HG_WISH_STOP ? g_strdup(hg_consent_why(turn->arena, consent)) :
	       g_strdup_printf("messages to %s on channel %s are allowed again", consent->uri, consent->channel);
	*line = g_ascii_toupper(*line);
	return hg_case_line(turn, kase, hg_arena_str(turn->arena, line), error);
}

gboolean hg_consent_take(hg_turn *turn, hg_case *kase, const struct hg_wishing *to, const struct hg_wished *wished,
			 const hg_message *message, gboolean *ret_news, GError **error)
{
	const hg_consent *first = NULL, *row;

	*ret_news = FALSE;
	for (gsize i = 0; i < to->n_uris; i++) {
		if (!take_one(turn, to->uris[i], to, wished, &row, ret_news, error))
			return FALSE;
		first = first ?: row;
	}
	if (!first || (kase->contact && !hg_consent_fold(turn, kase, error)))
		return first == NULL;
	if (kase->thread && wished->state == HG_WISH_STOP && !hasten(turn, kase, to->channel, error))
		return FALSE;
	turn->consent = first;
	return !*ret_news || (note_line(turn, kase, first, error) && tell(turn, kase, first, message, error));
}

/* Same person, same channel, new address. */
gboolean hg_consent_move(hg_turn *turn, const char *channel, const char *from, const char *to, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new(), there = g_ptr_array_new();

	if (!hg_store_consent_of(turn->store, turn->arena, from, channel, rows, error) ||
	    (rows->len && !hg_store_consent_of(turn->store, turn->arena, to, channel, there, error)))
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const hg_consent *old = g_ptr_array_index(rows, i);
		hg_consent row = *old;

		row.uri = to;
		if (row_of(turn, there, to, channel, old->ours)->said_ms <= old->said_ms &&
		    !hg_store_consent_set(turn->store, &row, error))
			return FALSE;
	}
	return TRUE;
}

/* ---- by hand ---- */

/* The conversation where people see it: the contact's newest on the channel; kase->thread stays NULL: there is none. */
static gboolean find_thread(hg_turn *turn, hg_case *kase, const char *channel, const char *scope, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_thread_of(turn->store, turn->arena, kase->contact->n, scope, NULL, THREADS_MAX, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if (g_strcmp0(thread->channel, channel) != 0)
			continue;
		if (!kase->thread || (kase->thread->state == HG_THREAD_CLOSED && thread->state != HG_THREAD_CLOSED))
			kase->thread = thread;
	}
	return TRUE;
}

gboolean hg_consent_feedback(hg_turn *turn, hg_case *kase, const struct hg_wishing *to, const struct hg_wished *wished,
			     const char *scope, GError **error)
{
	gboolean news;

	return (!kase->contact || find_thread(turn, kase, to->channel, scope, error)) &&
	       hg_consent_take(turn, kase, to, wished, NULL, &news, error) && hg_case_save(turn, kase, error);
}

static gboolean load_owner(hg_turn *turn, const char *uri, hg_case *kase, GError **error)
{
	hg_alias *alias;

	if (!hg_store_alias_find(turn->store, turn->arena, uri, &alias, error))
		return FALSE;
	return !alias || hg_case_contact(turn, alias->contact_n, &kase->contact, error);
}

gboolean hg_consent_command(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	const char *uri = command->text;
	const struct hg_wishing to = { .channel = command->channel, .ours = command->number ?: "", .uris = &uri, .n_uris = 1 };
	const struct hg_wished wished = {
		.state = g_strcmp0(command->status, "stop") == 0 ? HG_WISH_STOP : HG_WISH_START, .source = "agent",
		.words = command->subject, .who = command->agent ?: command->principal, .said_ms = turn->now_ms,
	};
	GString *out = turn->engine->scratch;
	hg_case kase = { 0 };

	if (!hg_conf_channel(turn->conf, command->channel))
		return hg_fail(error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", command->channel);
	if (!load_owner(turn, uri, &kase, error) ||
	    !hg_consent_feedback(turn, &kase, &to, &wished, hg_inbound_scope(turn), error))
		return FALSE;
	if (!turn->consent)
		return hg_fail(error, HG_ERROR_STATE, "what is known of it is newer than now: look at the clock");
	g_string_assign(out, "{\"consent\":");
	hg_consent_write(turn->consent, out);
	g_string_append_c(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	return TRUE;
}
