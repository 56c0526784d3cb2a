/* sim_power.c - rounds of the engine, power cuts in the middle of them, and time that goes by */
#include "sim.h"

#include "sqlite_db.h"

#define STOPS_MAX    60		/* of one time that goes by: then the daemon is slow */
#define ROUNDS_MAX   2000	/* at one moment: more is a circle */
#define DRAIN_STOPS  600
#define DRAIN_MS     (12 * DAY_MS)	/* a week of retries, idle threads and what they lead to */
#define NEVER_MS     (T0 + G_GINT64_CONSTANT(4000) * 24 * 3600000)	/* timers behind it only remember something */
#define LOOK_MS      60000	/* something is due that may not go yet */

guint32 sim_dice(hg_sim *sim, guint32 salt)
{
	guint32 x = sim->seed * 2654435761u ^ (++sim->calls_seen * 0x9e3779b9u) ^ salt * 0x85ebca6bu;

	x ^= x >> 16;
	x *= 0x7feb352du;
	x ^= x >> 15;
	x *= 0x846ca68bu;
	return x ^ x >> 16;
}

/* ---- strikes ---- */

static int on_commit(void *arg)
{
	hg_sim *sim = arg;
	enum strike strike = sim->strike;

	sim->strike = STRIKE_NONE;
	sim->dead |= strike == STRIKE_KILL_BEFORE || strike == STRIKE_KILL_AFTER;
	if (strike == STRIKE_FULL || strike == STRIKE_KILL_BEFORE)
		return 1;
	sim->committed = TRUE;
	return 0;
}

static gboolean is_writing(sqlite3 *db)
{
	for (sqlite3_stmt *stmt = sqlite3_next_stmt(db, NULL); stmt; stmt = sqlite3_next_stmt(db, stmt))
		if (sqlite3_stmt_busy(stmt) && !sqlite3_stmt_readonly(stmt))
			return TRUE;
	return FALSE;
}

/* A write inside a savepoint that is stopped: SQLite undoes the whole transaction around it, as on a full disk. */
static int on_progress(void *arg)
{
	hg_sim *sim = arg;
	sqlite3 *db = sim->lab->w->store->db;

	if (sim->strike != STRIKE_BREAK || sqlite3_get_autocommit(db) || !is_writing(db))
		return 0;
	sim->strike = STRIKE_NONE;
	return 1;
}

static void arm(hg_sim *sim)
{
	sqlite3 *db = sim->lab->w->store->db;

	sim->dead = sim->committed = FALSE;
	sqlite3_commit_hook(db, on_commit, sim);
	if (sim->strike == STRIKE_BREAK)
		sqlite3_progress_handler(db, (int)sim->strike_in, on_progress, sim);
}

static void disarm(hg_sim *sim)
{
	sim->strike = STRIKE_NONE;
	sqlite3_progress_handler(sim->lab->w->store->db, 0, NULL, NULL);
}

void sim_restart(hg_sim *sim)
{
	sim->counts.crashes++;
	sim_outside_crash(sim);
	sim_look_end(sim);
	sim->strike = STRIKE_NONE;
	sqlite3_commit_hook(sim->lab->w->store->db, NULL, NULL);
	lab_restart(sim->lab);
	sim_look_begin(sim);
	sim->dead = FALSE;
}

/* TRUE: there may be more to do at this moment. */
static gboolean one_round(hg_sim *sim)
{
	gboolean ok = TRUE;
	gint64 wait_ms;

	arm(sim);
	wait_ms = hg_engine_step(sim->lab->engine, &ok);
	sim->counts.rounds++;
	if (sim->committed)
		sim_trace_round(sim);
	if (sim->dead) {
		sim_restart(sim);
		return TRUE;
	}
	sim->counts.undone += !ok;
	return !ok || wait_ms == 0;
}

void sim_run(hg_sim *sim)
{
	guint rounds = 0;

	while (one_round(sim))
		if (++rounds > ROUNDS_MAX) {
			sim_wrong(sim, "the engine finds no end at one moment");
			break;
		}
	disarm(sim);
	sim_holds(sim);
}

/* ---- time ---- */

static gint64 next_due(hg_sim *sim)
{
	hg_store *store = sim->lab->w->store;
	gint64 timer_ms = sim_number(sim, "SELECT min(due_ms) FROM timer WHERE kind <> 'retention'", 0, 0), job_ms, waiting_ms, next_ms;

	must(hg_store_job_next(store, &job_ms, e));
	must(hg_store_waiting_next(store, &waiting_ms, e));
	/* Retention goes on for ever, every hour. */
	next_ms = MIN(MIN(timer_ms ?: G_MAXINT64, waiting_ms), job_ms);
	return next_ms > test_now_ms ? next_ms : test_now_ms + LOOK_MS;
}

/* What others do while the engine has nothing to do. */
static void outside_goes_on(hg_sim *sim)
{
	for (guint i = 0; i < 200 && !sim->why && !sim_outside_idle(sim); i++) {
		for (guint k = 0; k < 6; k++)
			sim_peer_acts(sim, sim->calm ? 0 : sim_dice(sim, i));
		sim_run(sim);
	}
}

static void stop_at(hg_sim *sim, gint64 at_ms)
{
	test_now_ms = at_ms;
	sim_run(sim);
	outside_goes_on(sim);
	sim_agents_again(sim);
	for (guint i = 0; i < 3; i++)
		sim_wire_any(sim, sim_dice(sim, i));
	sim_run(sim);
}

void sim_pass(hg_sim *sim, gint64 ms)
{
	gint64 until_ms = test_now_ms + ms;

	for (guint i = 0; i < STOPS_MAX && test_now_ms < until_ms && !sim->why && !sim->with.mild; i++)
		stop_at(sim, MIN(next_due(sim), until_ms));
	if (test_now_ms < until_ms && !sim->why)
		stop_at(sim, until_ms);
}

/* ---- the end ---- */

/* Somebody mends what was broken. */
static void all_up(hg_sim *sim)
{
	static const char *const backends[] = { "desk", "law" };

	for (guint i = 0; sim_channels[i]; i++)
		lab_condition(sim->lab, HG_TO_CHANNEL, sim_channels[i], HG_UP);
	sim_operator_resumes(sim);
	for (guint i = 0; i < G_N_ELEMENTS(backends); i++)
		lab_condition(sim->lab, HG_TO_BACKEND, backends[i], HG_UP);
}

static gboolean is_quiet(hg_sim *sim)
{
	return !sim->wires->len && !sim->asks->len && sim_outside_idle(sim);
}

static void bring_all(hg_sim *sim)
{
	for (guint i = sim->wires->len; i; i--)
		sim_wire_bring(sim, sim->wires->pdata[i - 1]);
	sim_agents_again(sim);
	sim_desk_polled(sim);
	sim_run(sim);
	outside_goes_on(sim);
}

static gboolean never_ends(hg_sim *sim)
{
	g_autofree char *what = sim_text(sim, "SELECT 'job ' || n || ' to ' || name || ' in state ' || state FROM outbox "
					 "WHERE state = 2 AND due_ms <= ?1 UNION ALL SELECT 'message ' || n FROM waiting "
					 "WHERE due_ms <= ?1 LIMIT 1", test_now_ms, 0);

	return sim_wrong(sim, "liveness: it never comes to an end: %u deliveries, %u calls, %u asked, %s", sim->wires->len,
			 sim->calls->len, sim->asks->len, what ?: "nothing is late");
}

gboolean sim_drain(hg_sim *sim)
{
	gint64 until_ms = test_now_ms + DRAIN_MS;

	sim->calm = TRUE;
	bring_all(sim);	/* an answer from before may say once more that all is down */
	all_up(sim);
	for (guint i = 0; i < DRAIN_STOPS && !sim->why; i++) {
		gint64 due_ms;

		bring_all(sim);
		if (!is_quiet(sim))
			continue;
		due_ms = next_due(sim);
		if (due_ms > NEVER_MS)
			return !sim->why;
		if (due_ms > until_ms)
			return sim_wrong(sim, "liveness: something still waits %d days after all faults ended", 12);
		test_now_ms = due_ms;
	}
	return sim->why ? FALSE : never_ends(sim);
}
