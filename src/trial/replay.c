/* replay.c - stored decisions made again by other rules, and what becomes of their threads */
#include "replay.h"

#include <string.h>

#include "report.h"

#define NOT_ASKED "not asked"

struct thread {
	char *id;			/* ours */
	guint channel;			/* index */
	gboolean before, after;		/* it is a ticket: by what was decided, by the other rules */
	gboolean waits, held, changed;	/* by the other rules */
	gint64 converted_ms;		/* by the other rules; 0: not, or before the first decision seen */
	gint64 settle_ms;		/* when it is to be asked of what nobody was asked then; 0: never */
	struct hg_facts facts;		/* for that; strings in arena */
	hg_arena *arena;		/* or NULL */
};

struct waiting {
	struct thread *thread;		/* lent */
	gint64 settle_ms;		/* thread's, unless it waits no more, or anew */
};

struct hg_replay {
	const hg_conf *conf;
	const hg_rules *rules;
	GHashTable *threads;		/* id -> struct thread, ours */
	GQueue waiting;			/* of struct waiting: who is to be asked of, the first one first */
	GArray *steps, *channels, *changes;
	GStringChunk *words;		/* each once, so that the same ones are at the same place */
	hg_arena *scratch;
	guint scratched;		/* judgements since scratch was new */
	struct hg_replay_result sum;
};

static void thread_free(void *data)
{
	struct thread *thread = data;

	hg_arena_free(thread->arena);
	g_free(thread->id);
	g_free(thread);
}

hg_replay *hg_replay_new(const hg_conf *conf, const hg_rules *rules)
{
	hg_replay *replay = g_new0(hg_replay, 1);

	replay->conf = conf;
	replay->rules = rules;
	replay->threads = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, thread_free);
	g_queue_init(&replay->waiting);
	replay->words = g_string_chunk_new(1024);
	replay->steps = g_array_new(FALSE, TRUE, sizeof(struct hg_replay_step));
	replay->channels = g_array_new(FALSE, TRUE, sizeof(struct hg_replay_channel));
	replay->changes = g_array_new(FALSE, TRUE, sizeof(struct hg_replay_change));
	return replay;
}

void hg_replay_free(hg_replay *replay)
{
	if (!replay)
		return;
	g_queue_clear_full(&replay->waiting, g_free);
	g_hash_table_unref(replay->threads);
	g_array_unref(replay->steps);
	g_array_unref(replay->channels);
	g_array_unref(replay->changes);
	g_string_chunk_free(replay->words);
	hg_arena_free(replay->scratch);
	g_free(replay);
}

/* ---- counting ---- */

/* Not interned for ever: names of rules are anybody's who may try some. */
static const char *word(hg_replay *replay, const char *text)
{
	return text ? g_string_chunk_insert_const(replay->words, text) : NULL;
}

static guint channel_of(hg_replay *replay, const char *name)
{
	struct hg_replay_channel channel = { .name = word(replay, name ? name : "-") };

	for (guint i = 0; i < replay->channels->len; i++)
		if (g_array_index(replay->channels, struct hg_replay_channel, i).name == channel.name)
			return i;
	g_array_append_val(replay->channels, channel);
	return replay->channels->len - 1;
}

static void count_step(hg_replay *replay, const char *from, const char *to)
{
	struct hg_replay_step step = { word(replay, from), word(replay, to), 1 };

	for (guint i = 0; i < replay->steps->len; i++) {
		struct hg_replay_step *known = &g_array_index(replay->steps, struct hg_replay_step, i);

		if (known->from == step.from && known->to == step.to) {
			known->n++;
			return;
		}
	}
	g_array_append_val(replay->steps, step);
}

static void change(hg_replay *replay, struct thread *thread, const char *on, const char *from, const char *to,
		   const char *rule, gint64 at_ms)
{
	struct hg_replay_change entry = { thread->id, word(replay, on), word(replay, from), word(replay, to),
					  word(replay, rule), at_ms };

	replay->sum.changed++;
	replay->sum.changed_threads += !thread->changed;
	thread->changed = TRUE;
	count_step(replay, from, to);
	if (replay->changes->len < HG_REPLAY_CHANGES_MAX)
		g_array_append_val(replay->changes, entry);
}

/* ---- one decision again ---- */

/* What was not kept for a thread's sake may go after a while. */
static hg_arena *scratch(hg_replay *replay)
{
	if (replay->scratched++ % 256 == 0) {
		hg_arena_free(replay->scratch);
		replay->scratch = hg_arena_new();
	}
	return replay->scratch;
}

static int fallback_of(const hg_replay *replay)
{
	return hg_rules_fallback(replay->rules) ? hg_rules_fallback(replay->rules) : HG_ACT_CONVERT;
}

static gboolean makes_ticket(const hg_replay *replay, const struct hg_facts *facts, int action)
{
	if (strcmp(facts->on, "thread.closed") == 0)
		return hg_rules_end_converts(action, fallback_of(replay), facts->thread_resolution);
	return action == HG_ACT_CONVERT;
}

/* What the engine makes of it when no rule decides. */
static const char *undecided(const hg_replay *replay, const struct hg_facts *facts)
{
	if (strcmp(facts->on, "message") == 0)
		return facts->has_ticket ? "join" : "wait";
	if (strcmp(facts->on, "settle") == 0)
		return hg_action_word(fallback_of(replay));
	return strcmp(facts->on, "first_response") == 0 ? facts->hold_then ? facts->hold_then : "convert" : "none";
}

/* Asked because somebody has to decide, not because something happened. */
static gboolean is_question(const char *on)
{
	return strcmp(on, "message") == 0 || strcmp(on, "settle") == 0 || strcmp(on, "first_response") == 0;
}

static const char *judge(hg_replay *replay, const struct hg_facts *facts, const char **ret_rule)
{
	struct hg_verdict verdict;

	hg_rules_judge(replay->rules, facts, scratch(replay), &verdict, NULL);
	replay->sum.gave_up += verdict.gave_up != NULL && verdict.gave_up->len > 0;
	*ret_rule = verdict.rule;
	if (strcmp(facts->on, "first_response") == 0)
		return "convert";	/* whatever rules say: nobody waits unseen */
	/* There is nothing to join when nothing came. */
	if (verdict.action == HG_ACT_JOIN && strcmp(facts->on, "settle") == 0)
		return "ignore";
	/* What happens to a thread makes a ticket of it or nothing. */
	if (!is_question(facts->on))
		return !facts->has_ticket && makes_ticket(replay, facts, verdict.action) ? "convert" : "none";
	return verdict.action == HG_ACT_NONE ? undecided(replay, facts) : hg_action_word(verdict.action);
}

/* The thread as it would be by the other rules. */
static void set_thread(const struct thread *thread, struct hg_facts *facts)
{
	facts->held = thread->held;
	if (facts->has_ticket == thread->after)
		return;
	facts->has_ticket = thread->after;
	facts->since_ticket_ms = thread->after ? MAX(0, facts->now_ms - thread->converted_ms) : -1;
	if (g_strcmp0(facts->thread_state, "closed") != 0)
		facts->thread_state = thread->after ? "converted" : "open";
}

static void stop_waiting(struct thread *thread)
{
	thread->waits = FALSE;
	thread->settle_ms = 0;
	g_clear_pointer(&thread->arena, hg_arena_free);
}

static void became(struct thread *thread, const char *action, gint64 at_ms)
{
	gboolean holds = strcmp(action, "hold") == 0, converts = strcmp(action, "convert") == 0;

	if (thread->after)
		return;
	if (holds || converts)
		stop_waiting(thread);
	if (holds)
		thread->held = TRUE;
	if (!converts)
		return;
	thread->after = TRUE;
	thread->held = FALSE;
	thread->converted_ms = at_ms;
}

/* ---- what nobody was asked then ---- */

static void keep_facts(struct thread *thread, const struct hg_facts *facts)
{
	g_autoptr(GString) json = g_string_new(NULL);

	hg_facts_write(facts, FALSE, json);
	hg_arena_free(thread->arena);
	thread->arena = hg_arena_new();
	/* What was written a line above can be read. */
	if (!hg_facts_read(json->str, thread->arena, &thread->facts, NULL))
		g_assert_not_reached();
	thread->facts.on = "settle";
	thread->facts.kind = thread->facts.address = thread->facts.proposal_reason = NULL;
	thread->facts.automatic = thread->facts.forwarded = thread->facts.echo = FALSE;
	thread->facts.has_attachment = FALSE;
	thread->facts.proposal = 0;
}

static void wait_on(hg_replay *replay, struct thread *thread, const struct hg_replay_entry *entry)
{
	struct waiting *waiting;

	if (thread->after || thread->held || entry->facts->automatic || thread->waits)
		return;
	thread->waits = TRUE;
	/* Where it waited then as well, the answer is in what follows. */
	if (strcmp(entry->action, "wait") == 0)
		return;
	thread->settle_ms = entry->at_ms + replay->conf->engine.settle_ms;
	keep_facts(thread, entry->facts);
	waiting = g_new(struct waiting, 1);
	*waiting = (struct waiting){ thread, thread->settle_ms };
	g_queue_push_tail(&replay->waiting, waiting);
}

static void ask_late(hg_replay *replay, struct thread *thread)
{
	gint64 due_ms = thread->settle_ms;
	const char *action, *rule;

	thread->facts.now_ms = due_ms;
	set_thread(thread, &thread->facts);
	action = judge(replay, &thread->facts, &rule);
	stop_waiting(thread);
	replay->sum.added++;
	change(replay, thread, "settle", NOT_ASKED, action, rule, due_ms);
	became(thread, action, due_ms);
}

/* Everybody waits as long, so who began first is asked of first. */
static void ask_all_late(hg_replay *replay, gint64 now_ms)
{
	struct waiting *waiting;

	while ((waiting = g_queue_peek_head(&replay->waiting)) && waiting->settle_ms <= now_ms) {
		if (waiting->thread->settle_ms == waiting->settle_ms)
			ask_late(replay, waiting->thread);
		g_free(g_queue_pop_head(&replay->waiting));
	}
}

/* ---- a stored decision ---- */

static struct thread *thread_of(hg_replay *replay, const struct hg_replay_entry *entry)
{
	struct thread *thread = g_hash_table_lookup(replay->threads, entry->thread_id);

	if (thread)
		return thread;
	thread = g_new0(struct thread, 1);
	thread->id = g_strdup(entry->thread_id);
	thread->channel = channel_of(replay, entry->facts->channel);
	/* What came before the first decision seen is as it was. */
	thread->before = thread->after = entry->facts->has_ticket;
	thread->held = entry->facts->held;
	thread->waits = strcmp(entry->facts->on, "settle") == 0;
	g_hash_table_insert(replay->threads, thread->id, thread);
	g_array_index(replay->channels, struct hg_replay_channel, thread->channel).conversations++;
	replay->sum.threads++;
	return thread;
}

/* Would anybody have asked? */
static gboolean is_asked(const struct thread *thread, const char *on)
{
	if (strcmp(on, "message") == 0)
		return TRUE;
	if (strcmp(on, "settle") == 0)
		return thread->waits && !thread->after;
	if (strcmp(on, "first_response") == 0)
		return thread->held && !thread->after;
	/* At its end a thread with a ticket is not asked about; at what else happens it is. */
	return !thread->after || (strcmp(on, "thread.closed") != 0 && strcmp(on, "thread.idle") != 0);
}

/* A message that came too late to change its thread is added to it, whatever rules say. */
static gboolean is_late(const struct hg_replay_entry *entry)
{
	return strcmp(entry->facts->on, "message") == 0 && strcmp(entry->action, "join") == 0 && !entry->rule &&
	       !entry->facts->has_ticket;
}

static void compare(hg_replay *replay, struct thread *thread, const struct hg_replay_entry *entry,
		    const char *action, const char *rule)
{
	if (strcmp(action, entry->action) != 0)
		change(replay, thread, entry->facts->on, entry->action, action, rule, entry->at_ms);
	else
		replay->sum.other_rule += g_strcmp0(rule, entry->rule) != 0;
}

static void decide(hg_replay *replay, struct thread *thread, const struct hg_replay_entry *entry)
{
	gboolean late = is_late(entry);
	const char *action, *rule = NULL;

	if (!is_asked(thread, entry->facts->on)) {
		change(replay, thread, entry->facts->on, entry->action, NOT_ASKED, NULL, entry->at_ms);
		return;
	}
	set_thread(thread, entry->facts);
	action = late ? "join" : judge(replay, entry->facts, &rule);
	compare(replay, thread, entry, action, rule);
	if (strcmp(entry->facts->on, "settle") == 0)
		stop_waiting(thread);
	if (strcmp(action, "wait") == 0)
		wait_on(replay, thread, entry);
	else if (!late)
		became(thread, action, entry->at_ms);
}

void hg_replay_take(hg_replay *replay, const struct hg_replay_entry *entry)
{
	struct thread *thread;

	if (!entry->facts || !entry->facts->on) {
		replay->sum.unreadable++;
		return;
	}
	if (strcmp(entry->facts->on, "answer") == 0 || strcmp(entry->facts->on, "consent") == 0 ||
	    strcmp(entry->facts->on, "blocked") == 0 || strcmp(entry->facts->on, "start") == 0)
		return;		/* no rules were asked, and none would be */
	replay->sum.decisions++;
	ask_all_late(replay, entry->at_ms);
	thread = thread_of(replay, entry);
	thread->before |= entry->facts->has_ticket || strcmp(entry->action, "convert") == 0;
	decide(replay, thread, entry);
}

void hg_replay_end(hg_replay *replay, gint64 now_ms)
{
	ask_all_late(replay, now_ms);
}

/* ---- the result ---- */

static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct hg_replay_change *left = a, *right = b;

	if (left->at_ms != right->at_ms)
		return left->at_ms < right->at_ms ? -1 : 1;
	return strcmp(left->thread_id, right->thread_id);
}

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(((const struct hg_replay_channel *)a)->name, ((const struct hg_replay_channel *)b)->name);
}

static gint by_number(gconstpointer a, gconstpointer b)
{
	const struct hg_replay_step *left = a, *right = b;

	if (left->n != right->n)
		return left->n > right->n ? -1 : 1;
	return left->from != right->from ? strcmp(left->from, right->from) : strcmp(left->to, right->to);
}

/* Threads know their channel by its place: after this nothing more is to be taken. */
void hg_replay_get(hg_replay *replay, struct hg_replay_result *ret)
{
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, replay->threads);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct thread *thread = value;
		struct hg_replay_channel *channel = &g_array_index(replay->channels, struct hg_replay_channel,
								   thread->channel);

		channel->before += thread->before;
		channel->after += thread->after;
	}
	g_array_sort(replay->channels, by_name);
	g_array_sort(replay->changes, by_time);
	g_array_sort(replay->steps, by_number);
	*ret = replay->sum;
	ret->steps = replay->steps;
	ret->channels = replay->channels;
	ret->changes = replay->changes;
}

double hg_replay_rate(gint64 tickets, gint64 conversations)
{
	return hg_report_percent(tickets, conversations);
}

const char *hg_replay_band(gint64 tickets, gint64 conversations)
{
	return conversations ? hg_report_conversion_band(hg_report_percent(tickets, conversations)) : "-";
}
