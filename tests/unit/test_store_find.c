/* test_store_find.c - lists of conversations: whatever filters are put together, the list is what one would pick by hand */
#include "store_fixture.h"

#include <string.h>

#define THREADS 240
#define QUERIES 600

static guint32 seed = 20261122;

static guint pick(guint n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static const char *of(const char *const *words, guint n)
{
	guint i = pick(n + 1);

	return i < n ? words[i] : NULL;
}

static const char *const queues[] = { "sales", "billing" }, *const people[] = { "ann", "ben", "cleo" },
	*const channels[] = { "wa", "sms", "mail" }, *const words[] = { "late", "urgent" }, *const tags[] = { "vip", "refund", "b2b" };

struct row { hg_thread *thread; hg_ticket *ticket; const char *tags[4]; };

static hg_ticket *a_ticket(struct world *w, hg_thread *thread)
{
	hg_ticket *ticket = hg_arena_alloc(w->arena, sizeof(*ticket));

	*ticket = (hg_ticket){ .thread_n = thread->n, .state = HG_TICKET_OPEN, .subject = "s", .reason = "test", .category = of(words, 2),
			       .priority = of(words, 2), .created_ms = test_now_ms, .changed_ms = test_now_ms };
	hg_id_new(&test_env, "tkt", ticket->id);
	must(hg_store_ticket_add(w->store, w->arena, ticket, "TK-%d", 1, e));
	thread->ticket_n = ticket->n;
	return ticket;
}

/* Everything by chance, and changed once more in another transaction. */
static void fill(struct world *w, struct row *rows, hg_contact *const *contacts)
{
	for (guint i = 0; i < THREADS; i++) {
		struct row *row = &rows[i];
		const char key[] = { (char)('a' + i % 26), (char)('a' + i / 26), 0 };
		guint n = 0;

		test_now_ms += 1000;
		row->thread = a_thread(w, contacts[pick(5)], hg_arena_str(w->arena, key));
		row->thread->channel = channels[pick(3)];
		row->thread->queue = of(queues, 2);
		row->thread->assignee = of(people, 3);
		row->thread->shadow = pick(6) == 0;
		row->thread->waiting_ms = pick(3) ? 0 : test_now_ms;
		for (guint t = 0; t < 3; t++)
			if (pick(3) == 0)
				row->tags[n++] = tags[t];
		if (pick(2))
			row->ticket = a_ticket(w, row->thread);
		row->thread->state = row->ticket ? HG_THREAD_CONVERTED : pick(2) ? HG_THREAD_OPEN : HG_THREAD_CLOSED;
		must(hg_store_thread_update(w->store, row->thread, e));
		must(hg_store_thread_tags(w->store, row->thread->n, NULL, row->tags, e));
	}
}

static gboolean is_text(const char *wanted, const char *is)
{
	return !wanted || (*wanted ? is && strcmp(wanted, is) == 0 : !is);
}

/* By hand: the sentence of the documentation for each filter. */
static gboolean fits(const struct row *row, const struct hg_thread_query *query, gint64 contact_n)
{
	const hg_thread *t = row->thread;

	if (query->state && t->state != query->state)
		return FALSE;
	if (t->shadow != query->shadow || (query->contact_id && t->contact_n != contact_n))
		return FALSE;
	if (query->channel && strcmp(t->channel, query->channel) != 0)
		return FALSE;
	if (query->channels && !g_strv_contains(query->channels, t->channel))
		return FALSE;
	if (query->tag && !g_strv_contains((const char *const *)row->tags, query->tag))
		return FALSE;
	if (!is_text(query->queue, t->queue) || !is_text(query->assignee, t->assignee))
		return FALSE;
	if ((query->category && (!row->ticket || !is_text(query->category, row->ticket->category))) ||
	    (query->priority && (!row->ticket || !is_text(query->priority, row->ticket->priority))))
		return FALSE;
	if (t->opened_ms < query->since_ms || (query->until_ms && t->opened_ms >= query->until_ms))
		return FALSE;
	if (query->has_ticket && (query->has_ticket > 0) != (row->ticket != NULL))
		return FALSE;
	return !query->waiting || (t->waiting_ms && t->state != HG_THREAD_CLOSED);
}

static struct hg_thread_query ask(hg_contact *const *contacts, gint64 *ret_contact_n)
{
	static const char *const limits[2][3] = { { "sms", NULL }, { "mail", "wa", NULL } };
	guint who = pick(15);
	struct hg_thread_query query = { .limit = 1 + pick(60), .shadow = pick(5) == 0, .state = pick(3) ? 0 : 1 + (int)pick(3),
		.channel = pick(3) ? NULL : of(channels, 3), .tag = pick(3) ? NULL : of(tags, 3), .queue = pick(3) ? NULL : of(queues, 2),
		.assignee = pick(3) ? NULL : of(people, 3), .category = pick(4) ? NULL : of(words, 2),
		.priority = pick(4) ? NULL : of(words, 2), .has_ticket = (int)pick(5) - 2, .waiting = pick(5) == 0,
		.since_ms = pick(4) ? 0 : T0 + 1000 * (gint64)pick(THREADS), .until_ms = pick(4) ? 0 : T0 + 1000 * (gint64)pick(THREADS) };

	if (ABS(query.has_ticket) > 1)
		query.has_ticket = 0;
	if (pick(12) == 0)
		query.queue = "";
	if (pick(12) == 0)
		query.assignee = "";
	if (pick(6) == 0)
		query.channels = limits[pick(2)];
	*ret_contact_n = who < 5 ? contacts[who]->n : 0;
	query.contact_id = who < 5 ? contacts[who]->id : NULL;
	return query;
}

/* Page by page, to the end. */
static void compare(struct world *w, const struct row *rows, struct hg_thread_query *query, gint64 contact_n)
{
	guint at = THREADS;

	for (;;) {
		g_autoptr(GPtrArray) page = g_ptr_array_new();
		gint64 looked_n;

		must(hg_store_thread_find(w->store, w->arena, query, page, &looked_n, e));
		assert_int_equal(looked_n, 0);
		for (guint i = 0; i < page->len; i++) {
			while (at > 0 && !fits(&rows[at - 1], query, contact_n))
				at--;
			assert_true(at > 0);
			at--;
			assert_string_equal(((const hg_thread *)page->pdata[i])->id, rows[at].thread->id);
		}
		if (page->len < query->limit)
			break;
		query->before_n = rows[at].thread->n;
	}
	while (at > 0 && !fits(&rows[at - 1], query, contact_n))
		at--;
	assert_int_equal(at, 0);
}

static void a_list_is_what_one_would_pick_by_hand(void **state)
{
	struct world *w = *state;
	struct row *rows = hg_arena_alloc(w->arena, THREADS * sizeof(*rows));
	hg_contact *contacts[5];

	must(hg_store_begin(w->store, e));
	for (guint i = 0; i < G_N_ELEMENTS(contacts); i++)
		contacts[i] = a_contact(w, "somebody");
	fill(w, rows, contacts);
	must(hg_store_commit(w->store, e));
	for (guint i = 0; i < QUERIES; i++) {
		gint64 contact_n;
		struct hg_thread_query query = ask(contacts, &contact_n);

		compare(w, rows, &query, contact_n);
	}
}

/* ---- tickets ---- */

static const char *const desks[] = { "desk", "law" };
enum { LINK = 1, WAITS = 2, GIVEN_UP = 4 };

/* Bits of how its ticket stands at each helpdesk. */
static void send_on(struct world *w, const struct row *row, guint stands[2])
{
	for (guint d = 0; d < 2; d++) {
		stands[d] = pick(8);
		if (stands[d] & LINK)
			must(hg_store_link_set(w->store, &(hg_link){ .ticket_n = row->ticket->n, .backend = desks[d], .external_id = row->thread->id,
								     .at_ms = test_now_ms }, e));
		for (guint bit = GIVEN_UP; bit >= WAITS; bit /= 2) {		/* before one that waits */
			hg_job job = { .target = HG_TO_BACKEND, .name = desks[d], .lane = row->thread->id, .thread_n = row->thread->n, .file = -1,
				       .due_ms = test_now_ms, .created_ms = test_now_ms };

			if (stands[d] & bit)
				must(hg_store_job_add(w->store, &job, e));
			if (stands[d] & bit & GIVEN_UP)
				must(hg_store_job_dead(w->store, &job, test_now_ms, NULL, e));
		}
	}
}

static gboolean ticket_fits(const struct row *row, const guint stands[2], const struct hg_ticket_query *query)
{
	guint there = 0;

	if (!row->ticket || row->ticket->shadow != query->shadow || (query->state && row->ticket->state != query->state) ||
	    (query->channel && strcmp(query->channel, row->thread->channel) != 0) || row->ticket->created_ms < query->since_ms ||
	    (query->until_ms && row->ticket->created_ms >= query->until_ms))
		return FALSE;
	for (guint d = 0; d < 2; d++)
		there |= !query->backend || strcmp(query->backend, desks[d]) == 0 ? stands[d] : 0;
	if (query->work)
		return (there & (query->work == HG_WORK_FAILED ? GIVEN_UP : WAITS)) != 0;
	return !query->backend || there != 0;
}

static void compare_tickets(struct world *w, const struct row *rows, guint (*stands)[2])
{
	struct hg_ticket_query query = { .limit = 1 + pick(60), .shadow = pick(5) == 0, .state = pick(3) ? 0 : HG_TICKET_OPEN + (int)pick(2),
		.work = (int)pick(3), .backend = pick(2) ? NULL : desks[pick(2)], .channel = pick(3) ? NULL : of(channels, 3),
		.since_ms = pick(4) ? 0 : T0 + 1000 * (gint64)pick(THREADS), .until_ms = pick(4) ? 0 : T0 + 1000 * (gint64)pick(THREADS) };
	g_autoptr(GPtrArray) page = g_ptr_array_new();
	guint at = THREADS;

	do {
		g_ptr_array_set_size(page, 0);
		must(hg_store_ticket_list(w->store, w->arena, &query, page, e));
		for (guint i = 0; i < page->len; i++) {
			do
				assert_true(at-- > 0);
			while (!ticket_fits(&rows[at], stands[at], &query));
			assert_string_equal(((const hg_ticket *)page->pdata[i])->id, rows[at].ticket->id);
			query.before_n = rows[at].ticket->n;
		}
	} while (page->len == query.limit);
	while (at-- > 0)
		assert_false(ticket_fits(&rows[at], stands[at], &query));
}

static void a_list_of_tickets_is_what_one_would_pick_by_hand(void **state)
{
	struct world *w = *state;
	struct row *rows = hg_arena_alloc(w->arena, THREADS * sizeof(*rows));
	guint (*stands)[2] = hg_arena_alloc(w->arena, THREADS * sizeof(*stands));
	hg_contact *contacts[5];

	must(hg_store_begin(w->store, e));
	for (guint i = 0; i < G_N_ELEMENTS(contacts); i++)
		contacts[i] = a_contact(w, "somebody");
	fill(w, rows, contacts);
	for (guint i = 0; i < THREADS; i++)
		if (rows[i].ticket)
			send_on(w, &rows[i], stands[i]);
	must(hg_store_commit(w->store, e));
	for (guint i = 0; i < QUERIES / 4; i++)
		compare_tickets(w, rows, stands);
}

static void a_tag_taken_away_is_not_found_by_any_more(void **state)
{
	struct world *w = *state;
	static const char *const was[] = { "vip", "refund", NULL }, *const is[] = { "refund", "b2b", NULL };
	struct hg_thread_query query = { .limit = 10, .tag = "vip" };
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_thread *thread;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, "Ana"), "");
	must(hg_store_thread_tags(w->store, thread->n, NULL, was, e));
	must(hg_store_thread_tags(w->store, thread->n, was, is, e));
	must(hg_store_commit(w->store, e));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thread_tag"), 2);
	must(hg_store_thread_list(w->store, w->arena, &query, list, e));
	assert_int_equal(list->len, 0);
	query.tag = "b2b";
	must(hg_store_thread_list(w->store, w->arena, &query, list, e));
	assert_int_equal(list->len, 1);
}

/* Who was merged is still asked for by the id that others wrote down. */
static void the_contact_may_be_called_by_who_became_part_of_him(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct hg_thread_query query = { .limit = 10 };
	hg_contact *ana, *also;

	must(hg_store_begin(w->store, e));
	ana = a_contact(w, "Ana");
	also = a_contact(w, "Ana too");
	a_thread(w, ana, "");
	also->merged_into = ana->n;
	must(hg_store_contact_update(w->store, also, e));
	must(hg_store_commit(w->store, e));
	query.contact_id = also->id;
	must(hg_store_thread_list(w->store, w->arena, &query, list, e));
	assert_int_equal(list->len, 1);
	query.contact_id = "con_nobody";
	g_ptr_array_set_size(list, 0);
	must(hg_store_thread_list(w->store, w->arena, &query, list, e));
	assert_int_equal(list->len, 0);
}

/* 30,000 conversations, of which none is wanted that no index knows: one call looks at so many, and says where it ended. */
static void one_call_looks_at_so_many(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	struct hg_thread_query query = { .limit = 10, .queue = "" };
	gint64 looked_n, all_n = 0;
	guint calls = 0;

	w->unplanned = TRUE;
	must(hg_store_begin(w->store, e));
	a_thread(w, a_contact(w, "Ana"), "");
	must(hg_store_commit(w->store, e));
	world_plant(w, "WITH RECURSIVE c(x) AS (SELECT 2 UNION ALL SELECT x + 1 FROM c "
		    "WHERE x < 30001) INSERT INTO thread (n, id, contact_n, scope, key, state, resolution, version, opened_ms, last_ms, "
		    "first_message_ms, last_customer_ms, first_response_ms, first_bot_ms, closed_ms, converted_ms, messages, inbound, outbound, "
		    "last_seq, held, reopened, queue) SELECT x, 'thr_' || x, 1, 'default', 'k' || x, 2, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, "
		    "'sales' FROM c");
	do {
		must(hg_store_thread_find(w->store, w->arena, &query, list, &looked_n, e));
		assert_true(!looked_n || !all_n || looked_n < all_n);
		query.before_n = all_n = looked_n;
		calls++;
	} while (looked_n);
	assert_int_equal(calls, 2);
	assert_int_equal(list->len, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_list_is_what_one_would_pick_by_hand, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_list_of_tickets_is_what_one_would_pick_by_hand, world_new, world_free),
		cmocka_unit_test_setup_teardown(a_tag_taken_away_is_not_found_by_any_more, world_new, world_free),
		cmocka_unit_test_setup_teardown(the_contact_may_be_called_by_who_became_part_of_him, world_new, world_free),
		cmocka_unit_test_setup_teardown(one_call_looks_at_so_many, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
