/* test_state.c - words and state machines: every step that is possible, and every one that is not */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "fail.h"
#include "state.h"

/* ---- every from x to, against what is meant, written out once more by hand ---- */
static gboolean possible(const char *const *rows, int from, int to)
{
	return rows[from - 1][to - 1] == 'x';
}

static void check_machine(int states, const char *const *rows, gboolean (*move)(int from, int to, GError **error))
{
	for (int from = 1; from <= states; from++)
		for (int to = 1; to <= states; to++) {
			g_autoptr(GError) error = NULL;

			if (move(from, to, &error) != possible(rows, from, to))
				fail_msg("%d to %d: %s", from, to, error ? error->message : "was let through");
			if (!possible(rows, from, to) && !g_error_matches(error, HG_ERROR, HG_ERROR_STATE))
				fail_msg("%d to %d: wrong code: %s", from, to, error ? error->message : "no error");
		}
}

static gboolean move_thread(int from, int to, GError **error)
{
	hg_thread thread = { .id = "thr_x", .state = from };
	gboolean moved = hg_thread_move(&thread, to, error);

	assert_int_equal(thread.state, moved ? to : from);
	return moved;
}

static gboolean move_ticket(int from, int to, GError **error)
{
	hg_ticket ticket = { .number = "TK-1", .state = from };
	gboolean moved = hg_ticket_move(&ticket, to, error);

	assert_int_equal(ticket.state, moved ? to : from);
	return moved;
}

static gboolean move_job(int from, int to, GError **error)
{
	hg_job job = { .n = 7, .target = HG_TO_CHANNEL, .name = "wa", .state = from };
	gboolean moved = hg_job_move(&job, to, error);

	assert_int_equal(job.state, moved ? to : from);
	return moved;
}

static void a_thread_makes_only_the_steps_of_its_table(void **state)
{
	static const char *const rows[] = {
		/* open closed converted */
		".xx",	/* open */
		"x.x",	/* closed */
		"xx.",	/* converted */
	};
	(void)state;

	check_machine(3, rows, move_thread);
}

static void a_ticket_never_becomes_requested_again(void **state)
{
	static const char *const rows[] = {
		/* requested open pending solved closed */
		".xxxx",
		"..xxx",
		".x.xx",
		".xx.x",
		".xxx.",
	};
	(void)state;

	check_machine(5, rows, move_ticket);
}

static void only_a_due_job_is_sent(void **state)
{
	static const char *const rows[] = {
		/* queued due sending unknown parked dead */
		".x...x",	/* queued */
		"x.xxxx",	/* due */
		".x.xxx",	/* sending */
		".x...x",	/* unknown */
		"xx.x.x",	/* parked */
		"xx....",	/* dead */
	};
	(void)state;

	check_machine(6, rows, move_job);
}

static void a_step_says_which_words_it_was_about(void **state)
{
	hg_job job = { .n = 7, .target = HG_TO_BACKEND, .name = "desk", .state = HG_JOB_QUEUED };
	g_autoptr(GError) error = NULL;
	(void)state;

	assert_false(hg_job_move(&job, HG_JOB_SENDING, &error));
	assert_string_equal(error->message, "outbox job 7 to backend desk is queued and cannot become sending");
}

/* What has no name or number yet is named by what it has. */
static void a_step_of_what_has_no_name_says_so(void **state)
{
	hg_job job = { .n = 8, .target = HG_TO_FETCH, .state = HG_JOB_DEAD };
	hg_ticket ticket = { .id = "tkt_x", .state = HG_TICKET_OPEN };
	g_autoptr(GError) first = NULL, second = NULL;
	(void)state;

	assert_false(hg_job_move(&job, HG_JOB_SENDING, &first));
	assert_non_null(strstr(first->message, "outbox job 8 to"));
	assert_non_null(strstr(first->message, "(none) is dead and cannot become sending"));
	assert_false(hg_ticket_move(&ticket, HG_TICKET_REQUESTED, &second));
	assert_string_equal(second->message, "ticket tkt_x is open and cannot become requested");
}

static void nonsense_states_go_nowhere(void **state)
{
	(void)state;

	for (int odd = -1; odd <= 99; odd += 50) {
		hg_thread thread = { .state = odd };

		for (int to = -1; to <= 4; to++)
			assert_false(hg_thread_move(&thread, to, NULL));
	}
}

/* ---- deliveries ---- */
static const int receipts6[6] = { HG_R_SENT, HG_R_DELIVERED, HG_R_READ, HG_R_PLAYED, HG_R_FAILED, HG_R_DELIVERED };

static void permute(int *order, int at, int n, void (*visit)(const int *order, void *arg), void *arg)
{
	if (at == n) {
		visit(order, arg);
		return;
	}
	for (int i = at; i < n; i++) {
		int kept = order[at];

		order[at] = order[i];
		order[i] = kept;
		permute(order, at + 1, n, visit, arg);
		order[i] = order[at];
		order[at] = kept;
	}
}

struct folds { int orders, n, start, want; gboolean want_conflict; const int *receipts; };

static void fold_order(const int *order, void *arg)
{
	struct folds *folds = arg;
	gboolean conflict = FALSE;
	int now = folds->start;

	for (int i = 0; i < folds->n; i++) {
		int next = hg_delivery_fold(now, folds->receipts[order[i]], &conflict);

		now = next;
	}
	folds->orders++;
	if (now != folds->want || conflict != folds->want_conflict)
		fail_msg("order %d: shows %s, conflict %d", folds->orders, hg_delivery_word(now), conflict);
}

static void six_receipts_in_all_720_orders_show_one_state(void **state)
{
	struct folds folds = { 0, 6, HG_DLV_SENDING, HG_DLV_PLAYED, TRUE, receipts6 };
	int order[6] = { 0, 1, 2, 3, 4, 5 };
	(void)state;

	permute(order, 0, 6, fold_order, &folds);
	assert_int_equal(folds.orders, 720);
}

static void every_set_of_receipts_shows_one_state_in_whatever_order(void **state)
{
	(void)state;

	for (int set = 1; set < 32; set++) {
		int some[5], order[5] = { 0, 1, 2, 3, 4 }, n = 0;
		struct folds folds = { .start = HG_DLV_QUEUED, .receipts = some };
		gboolean arrived = FALSE, failed = FALSE;

		for (int r = HG_R_SENT; r <= HG_R_FAILED; r++)
			if (set & 1 << (r - 1)) {
				some[n++] = r;
				failed |= r == HG_R_FAILED;
				arrived |= r >= HG_R_DELIVERED && r <= HG_R_PLAYED;
			}
		folds.n = n;
		folds.want_conflict = failed && arrived;
		folds.want = set & 8 ? HG_DLV_PLAYED : set & 4 ? HG_DLV_READ : set & 2 ? HG_DLV_DELIVERED
			     : failed ? HG_DLV_FAILED : HG_DLV_SENT;
		permute(order, 0, n, fold_order, &folds);
	}
}

static void a_delivery_folds_as_its_table_says(void **state)
{
	static const struct { int now, receipt, want; gboolean conflict; } cases[] = {
		{ HG_DLV_NONE,      HG_R_SENT,      HG_DLV_SENT,      FALSE },
		{ HG_DLV_UNKNOWN,   HG_R_SENT,      HG_DLV_SENT,      FALSE },
		{ HG_DLV_DELIVERED, HG_R_SENT,      HG_DLV_DELIVERED, FALSE },
		{ HG_DLV_SENT,      HG_R_FAILED,    HG_DLV_FAILED,    FALSE },
		{ HG_DLV_FAILED,    HG_R_SENT,      HG_DLV_FAILED,    FALSE },
		{ HG_DLV_READ,      HG_R_FAILED,    HG_DLV_READ,      TRUE  },
		{ HG_DLV_FAILED,    HG_R_READ,      HG_DLV_READ,      TRUE  },
		{ HG_DLV_PARTLY,    HG_R_DELIVERED, HG_DLV_PARTLY,    FALSE },
		{ HG_DLV_PARTLY,    HG_R_FAILED,    HG_DLV_PARTLY,    FALSE },
		{ HG_DLV_SENT,      99,             HG_DLV_SENT,      FALSE },
		{ HG_DLV_SENT,      0,              HG_DLV_SENT,      FALSE },
		{ HG_DLV_SENT,      HG_R_FAILED + 1, HG_DLV_SENT,     FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		gboolean conflict = FALSE;
		int got = hg_delivery_fold(cases[i].now, cases[i].receipt, &conflict);

		if (got != cases[i].want || conflict != cases[i].conflict)
			fail_msg("case %zu: %s, conflict %d", i, hg_delivery_word(got), conflict);
	}
}

static void a_conflict_once_seen_stays(void **state)
{
	gboolean conflict = TRUE;
	(void)state;

	hg_delivery_fold(HG_DLV_SENT, HG_R_DELIVERED, &conflict);
	assert_true(conflict);
}

/* ---- words ---- */
static void every_state_has_a_word_of_its_own(void **state)
{
	static const struct { const char *(*word)(int); int first, last; } tables[] = {
		{ hg_kind_word, HG_TEXT, HG_UNSUPPORTED }, { hg_kind_word, HG_REACTION, HG_REVOKE },
		{ hg_kind_word, HG_IDENTITY, HG_IGNORED }, { hg_kind_word, HG_READ, HG_TYPING },
		{ hg_thread_state_word, HG_THREAD_OPEN, HG_THREAD_CONVERTED },
		{ hg_resolution_word, HG_RES_UNKNOWN, HG_RES_UNRESOLVED },
		{ hg_direction_word, HG_INBOUND, HG_SYSTEM_LINE },
		{ hg_author_word, HG_BY_CUSTOMER, HG_BY_GATEWAY },
		{ hg_delivery_word, HG_DLV_NONE, HG_DLV_FAILED },
		{ hg_ticket_state_word, HG_TICKET_REQUESTED, HG_TICKET_CLOSED },
		{ hg_job_state_word, HG_JOB_QUEUED, HG_JOB_DEAD }, { hg_target_word, HG_TO_CHANNEL, HG_FROM_BACKEND },
		{ hg_question_word, HG_QUESTION_OPEN, HG_QUESTION_SKIPPED },
		{ hg_receipt_word, HG_R_SENT, HG_R_FAILED }, { hg_file_state_word, HG_FILE_PENDING, HG_FILE_FAILED },
		{ hg_proof_word, HG_CLAIMED, HG_FORMER },
	};
	(void)state;

	for (gsize t = 0; t < G_N_ELEMENTS(tables); t++) {
		assert_string_equal(tables[t].word(-1), "?");
		assert_string_equal(tables[t].word(1000), "?");
		for (int i = tables[t].first; i <= tables[t].last; i++) {
			assert_string_not_equal(tables[t].word(i), "?");
			for (int k = tables[t].first; k < i; k++)
				assert_string_not_equal(tables[t].word(i), tables[t].word(k));
		}
	}
}

static void a_ticket_state_is_read_back_from_its_word(void **state)
{
	(void)state;

	for (int i = HG_TICKET_REQUESTED; i <= HG_TICKET_CLOSED; i++)
		assert_int_equal(hg_ticket_state_of(hg_ticket_state_word(i)), i);
	assert_int_equal(hg_ticket_state_of("Closed"), 0);
	assert_int_equal(hg_ticket_state_of(""), 0);
	assert_int_equal(hg_ticket_state_of(NULL), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_makes_only_the_steps_of_its_table),
		cmocka_unit_test(a_ticket_never_becomes_requested_again),
		cmocka_unit_test(only_a_due_job_is_sent),
		cmocka_unit_test(a_step_says_which_words_it_was_about),
		cmocka_unit_test(a_step_of_what_has_no_name_says_so),
		cmocka_unit_test(nonsense_states_go_nowhere),
		cmocka_unit_test(six_receipts_in_all_720_orders_show_one_state),
		cmocka_unit_test(every_set_of_receipts_shows_one_state_in_whatever_order),
		cmocka_unit_test(a_delivery_folds_as_its_table_says),
		cmocka_unit_test(a_conflict_once_seen_stays),
		cmocka_unit_test(every_state_has_a_word_of_its_own),
		cmocka_unit_test(a_ticket_state_is_read_back_from_its_word),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
