/* test_engine_random.c - months of random days: a moody provider, a moody helpdesk, crashes
 *
 * Every seed plays the same history each time; HG_SEEDS=FIRST:COUNT plays others.  What must hold in
 * the end: each message once, each answer sent once where that can be known and never twice where
 * it cannot, every event told in order and without a gap, one open thread a matter, the store's own
 * invariants. */
#include "engine_fixture.h"

#include <stdlib.h>
#include <string.h>

#define PEOPLE	 6
#define STEPS	 250
#define SEEDS	 8

struct accepted {		/* by the provider, under one key */
	guint times;
	char *id;
	int receipts;		/* told so far: sent, delivered, read */
	gboolean echoes;	/* its receipts carry the key */
};

struct play {
	hg_lab *lab;
	guint32 seed;
	guint messages;		/* ids of customers' messages, 0 .. messages-1 */
	guint answers;		/* accepted by the API */
	GHashTable *provider;	/* key -> struct accepted */
	guint provider_ids;
	GHashTable *desk;	/* thread -> last seq told, as pointer */
	guint deliveries;
	gboolean calm;		/* nothing fails any more */
};

static guint dice(struct play *play, guint sides)
{
	play->seed = play->seed * 1664525u + 1013904223u;
	return (play->seed >> 8) % sides;
}

static void accepted_free(void *data)
{
	struct accepted *accepted = data;

	g_free(accepted->id);
	g_free(accepted);
}

/* ---- customers ---- */

static void message_in(struct play *play, guint n)
{
	static const char *const texts[] = { "hi", "my invoice is wrong", "help", "thanks", "and?" };
	g_autofree char *id = g_strdup_printf("in.%u", n), *uri = g_strdup_printf("tel:+4477009%02u", n % PEOPLE);
	g_autofree char *other = g_strdup_printf("whatsapp:GB.%u", n % PEOPLE);
	struct hg_address from[2] = { { uri, HG_PROVEN }, { other, HG_PROVEN } };
	struct hg_in in = lab_text(uri, texts[n % G_N_ELEMENTS(texts)]);

	in.id = id;
	in.from = from;
	in.n_from = 1 + (n / PEOPLE) % 2;
	in.automatic = n % 17 == 0;
	lab_in(play->lab, n % 3 ? "wa" : "asks", &in, 1);
}

static void customer(struct play *play)
{
	/* One in four is a redelivery of something. */
	if (play->messages && !dice(play, 4))
		message_in(play, dice(play, play->messages));
	else
		message_in(play, play->messages++);
}

/* ---- agents ---- */

/* Noise, or not after all; of what the customer said last. */
static void mark(struct play *play, const char *thread)
{
	g_autofree char *message = lab_value(play->lab, "SELECT m.id FROM message AS m JOIN thread AS t ON t.n = m.thread_n WHERE t.id = '%s' "
					     "AND m.direction = 1 ORDER BY m.n DESC LIMIT 1", thread);
	hg_command *command = lab_command(play->lab, HG_CMD_NOISE, NULL);

	command->text = hg_arena_str(command->arena, message);
	command->remove = dice(play, 2) != 0;
	lab_do(play->lab, command);
	assert_int_equal(play->lab->error, message ? 0 : HG_ERROR_MISSING);
}

static void agent(struct play *play)
{
	static const char *const one_tag[] = { "x", NULL };
	gint64 threads = lab_count(play->lab, "SELECT count(*) FROM thread");
	g_autofree char *thread = NULL;
	hg_command *command;
	int kind;

	if (!threads)
		return;
	thread = lab_value(play->lab, "SELECT id FROM thread WHERE n = %u", 1 + dice(play, (guint)threads));
	if (!dice(play, 8)) {
		mark(play, thread);
		return;
	}
	kind = (const int[]){ HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_REPLY, HG_CMD_CLOSE, HG_CMD_CONVERT, HG_CMD_NOTE,
			      HG_CMD_REOPEN, HG_CMD_PATCH }[dice(play, 8)];
	command = lab_command(play->lab, kind, thread);
	command->reply.text = dice(play, 3) ? "one" : "one\n\ntwo";
	command->text = "because";
	command->resolution = (int)dice(play, 3);
	command->add_tags = dice(play, 2) ? one_tag : NULL;
	lab_do(play->lab, command);
	/* Closing what is closed is an error, and that is all it is. */
	assert_true(!play->lab->error || play->lab->error == HG_ERROR_STATE);
}

/* ---- the provider ---- */

static struct accepted *accept_send(struct play *play, const hg_dispatch *dispatch)
{
	struct accepted *accepted = g_hash_table_lookup(play->provider, dispatch->out.key);

	if (!accepted) {
		accepted = g_new0(struct accepted, 1);
		accepted->id = g_strdup_printf("out.%u", play->provider_ids++);
		accepted->echoes = strcmp(dispatch->job.name, "wa") == 0;
		g_hash_table_insert(play->provider, g_strdup(dispatch->out.key), accepted);
	}
	accepted->times++;
	return accepted;
}

static void provider_sends(struct play *play, hg_dispatch *dispatch)
{
	struct accepted *accepted;

	switch (play->calm ? 0 : dice(play, 8)) {
	case 0:
	case 1:
	case 2:
	case 3:
		accepted = accept_send(play, dispatch);
		lab_sent(play->lab, dispatch, &(struct hg_result){ .fate = HG_SENT, .id = accepted->id });
		break;
	case 4:		/* done, and the answer got lost */
		accept_send(play, dispatch);
		/* fall through */
	case 5:		/* not done, and nobody knows */
		lab_sent(play->lab, dispatch, &(struct hg_result){ .fate = HG_AMBIGUOUS });
		break;
	case 6:
		lab_sent(play->lab, dispatch, &(struct hg_result){ .fate = HG_RETRY });
		break;
	default:
		lab_sent(play->lab, dispatch, &(struct hg_result){ .fate = HG_FAILED, .text = "no" });
	}
}

static void provider(struct play *play, hg_dispatch *dispatch)
{
	struct accepted *known;

	if (!dispatch->ask) {
		provider_sends(play, dispatch);
		return;
	}
	known = g_hash_table_lookup(play->provider, dispatch->out.key);
	lab_sent(play->lab, dispatch, known ? &(struct hg_result){ .fate = HG_SENT, .id = known->id } :
					      &(struct hg_result){ .fate = HG_RETRY });
}

static void receipts(struct play *play, gboolean all)
{
	static const int states[] = { HG_R_SENT, HG_R_DELIVERED, HG_R_READ };
	GHashTableIter iter;
	gpointer key, value;

	g_hash_table_iter_init(&iter, play->provider);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		struct accepted *accepted = value;

		while (accepted->receipts < 3 && (all || !dice(play, 6)))
			lab_receipt(play->lab, accepted->echoes ? "wa" : "asks", states[accepted->receipts++],
				    accepted->id, accepted->echoes ? key : NULL);
	}
}

/* ---- the helpdesk ---- */

static void desk(struct play *play, hg_dispatch *dispatch)
{
	gpointer thread = (gpointer)(gintptr)dispatch->event.thread_n;
	gint64 last = (gintptr)g_hash_table_lookup(play->desk, thread);
	struct hg_forward_result result = { .fate = HG_SENT, .status = 200 };

	/* At least once and in order: never one that is older than the newest it said yes to. */
	if (dispatch->event.thread_n)
		assert_true(dispatch->event.seq > last);
	if (!play->calm && !dice(play, 5))
		result = (struct hg_forward_result){ .fate = HG_RETRY, .status = 503 };
	else if (dispatch->event.thread_n)
		g_hash_table_insert(play->desk, thread, (gpointer)(gintptr)dispatch->event.seq);
	if (!dice(play, 4))
		result.external_id = "77";
	if (result.external_id) {
		static char id[32];

		g_snprintf(id, sizeof(id), "ext%" G_GINT64_FORMAT, dispatch->event.thread_n);
		result.external_id = id;
	}
	play->deliveries += result.fate == HG_SENT;
	lab_forwarded(play->lab, dispatch, &result);
}

static void outside(struct play *play, guint most)
{
	for (guint i = 0; i < most; i++) {
		hg_dispatch *dispatch = lab_take(play->lab, HG_TO_CHANNEL);

		if (dispatch)
			provider(play, dispatch);
		dispatch = lab_take(play->lab, HG_TO_BACKEND);
		if (dispatch)
			desk(play, dispatch);
	}
}

/* The process dies with calls under way: some were heard, none was answered. */
static void crash(struct play *play)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(play->lab, HG_TO_CHANNEL))) {
		if (!dispatch->ask && dice(play, 2))
			accept_send(play, dispatch);
		lab_drop(dispatch);
	}
	lab_restart(play->lab);
	lab_run(play->lab);
}

static void step(struct play *play)
{
	switch (dice(play, 12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		customer(play);
		break;
	case 4:
	case 5:
		agent(play);
		break;
	case 6:
		receipts(play, FALSE);
		break;
	case 7:
		lab_wait(play->lab, (gint64)dice(play, 3600) * 1000);
		break;
	case 8:
		lab_wait(play->lab, (gint64)dice(play, 5) * DAY_MS / 4);
		break;
	case 9:
		if (!dice(play, 3))
			crash(play);
		break;
	default:
		outside(play, 1 + dice(play, 5));
	}
}

/* Faults end; everything has to come to rest in bounded time. */
static void come_to_rest(struct play *play)
{
	play->calm = TRUE;
	for (int i = 0; i < 60; i++) {
		for (guint n = 0; n < 200 && play->lab->out->len; n++)
			outside(play, 4);
		receipts(play, TRUE);
		lab_wait(play->lab, 4 * HOUR_MS);
	}
	assert_int_equal(play->lab->out->len, 0);
}

static void check(struct play *play)
{
	hg_lab *lab = play->lab;
	GHashTableIter iter;
	gpointer key, value;

	lab_counts(lab, play->messages, "SELECT count(*) FROM message WHERE direction = 1");
	lab_counts(lab, play->messages, "SELECT count(DISTINCT external_id) FROM message WHERE direction = 1");
	lab_counts(lab, PEOPLE, "SELECT CASE WHEN count(*) > %d THEN count(*) ELSE %d END FROM contact", PEOPLE, PEOPLE);
	lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE state IN (1, 2, 3, 5)");
	lab_counts(lab, 0, "SELECT count(*) FROM ticket a JOIN ticket b ON a.thread_n = b.thread_n AND a.n < b.n");
	/* Held sends are never sent a second time; the key is asked for or echoed where it can be. */
	g_hash_table_iter_init(&iter, play->provider);
	while (g_hash_table_iter_next(&iter, &key, &value)) {
		const struct accepted *accepted = value;

		assert_int_equal(accepted->times, 1);
		/* Its receipts settled it, and show in the thread. */
		lab_counts(lab, 0, "SELECT count(*) FROM message WHERE parts = 1 AND external_id = '%s' AND delivery <> %d",
			   accepted->id, HG_DLV_READ);
		if (accepted->echoes)
			lab_counts(lab, 0, "SELECT count(*) FROM outbox WHERE key = '%s'", (const char *)key);
	}
	/* What the provider has is not shown as failed, queued or on its way. */
	lab_counts(lab, 0, "SELECT count(*) FROM message WHERE direction = 2 AND delivery IN (1, 2)");
	assert_true(play->deliveries > 0);
	lab_audit(lab);
}

static void play_one(guint32 seed)
{
	struct play play = { .seed = seed * 2654435761u };

	play.lab = lab_new("window: { dedupe: 90d }\nrules:\n"
		"  - name: noise\n    when: { text: { matches: '^(hi|thanks)$' } }\n    do: { ignore: noise }\n"
		"  - name: help\n    when: { text: { matches: help } }\n    do: { convert: {} }\n"
		"  - name: closed\n    on: thread.closed\n    when: { thread: { resolution: unresolved } }\n"
		"    do: { convert: {} }\n"
		"  - { name: late, on: { unanswered: 30m }, do: { tag: late, convert: } }\n"
		"  - { name: bot, on: { bot: 3m }, do: { reply: still there } }\n"
		"  - { name: marked, on: [thread.changed, thread.reopened], when: { tag: x }, do: { set: { a: b }, convert: } }\n"
		"  - { name: lost, on: [receipt.failed, ticket.status], do: { reply: sorry } }\n");
	play.lab->caps = seed % 2 ? HG_CAP_ECHO : 0;
	play.provider = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, accepted_free);
	play.desk = g_hash_table_new(g_direct_hash, g_direct_equal);
	for (int i = 0; i < STEPS; i++)
		step(&play);
	come_to_rest(&play);
	check(&play);
	g_hash_table_destroy(play.provider);
	g_hash_table_destroy(play.desk);
	lab_free(play.lab);
}

static void random_days_end_well(void **state)
{
	const char *wish = g_getenv("HG_SEEDS");
	guint first = 1, count = SEEDS;
	(void)state;

	if (wish) {
		g_auto(GStrv) parts = g_strsplit(wish, ":", 2);

		first = (guint)g_ascii_strtoull(parts[0], NULL, 10);
		count = parts[1] ? (guint)g_ascii_strtoull(parts[1], NULL, 10) : 1;
	}
	for (guint seed = first; seed < first + count; seed++) {
		print_message("seed %u\n", seed);
		play_one(seed);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_days_end_well),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
