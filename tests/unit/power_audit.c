/* power_audit.c - is everything there that somebody heard of, and nothing half? */
#include "power_audit.h"

#include <glib/gstdio.h>
#include <string.h>

#include "command_pack.h"
#include "power_image.h"
#include "sqlite_db.h"

#define DEDUPE_MS (12 * HOUR_MS)	/* less than any configuration's window, and than answers are kept */
#define AFTER 2				/* commands nobody had heard of yet that are sent, too */

struct power_auditor *power_auditor_new(const struct power_day *day, char *dir)
{
	struct power_auditor *auditor = g_new0(struct power_auditor, 1);

	auditor->day = day;
	auditor->dir = dir;
	auditor->redelivered = g_new0(gboolean, day->states->len + 1);
	auditor->known = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
	return auditor;
}

void power_auditor_free(struct power_auditor *auditor)
{
	g_free(auditor->dir);
	g_free(auditor->redelivered);
	g_hash_table_unref(auditor->known);
	g_free(auditor);
}

/* ---- which state is it? ---- */
static guint states_by(const struct power_day *day, guint cut)
{
	guint n = 0;

	while (n < day->states->len && g_array_index(day->states, struct power_state, n).at <= cut)
		n++;
	return n;
}

/* The last state somebody heard of; -1: nobody had heard anything. */
static int told_by(const struct power_day *day, guint cut)
{
	int state = -1;

	for (guint i = 0; i < day->told->len && g_array_index(day->told, struct power_told, i).at <= cut; i++)
		state = (int)g_array_index(day->told, struct power_told, i).state;
	return state;
}

static int state_find(const struct power_day *day, guint64 hash, int from, int to)
{
	for (int i = MIN(to, (int)day->states->len - 1); i >= from; i--)
		if (g_array_index(day->states, struct power_state, i).hash == hash)
			return i;
	return -1;
}

/* The commit under way may have held as well. */
static char *check_state(const struct power_day *day, guint cut, guint64 hash, int *ret_state)
{
	int told = told_by(day, cut), last = (int)states_by(day, cut), found;

	*ret_state = state_find(day, hash, MAX(told, 0), last);
	if (told < 0 || *ret_state >= 0)
		return NULL;
	found = state_find(day, hash, 0, (int)day->states->len);
	return found < 0 ? g_strdup_printf("HALF: the store is in a state it never was in (somebody heard of state %d)", told) :
	       g_strdup_printf("LOST: somebody had heard of state %d, and state %d is there", told, found);
}

/* ---- everything again ---- */
#define ROWS "SELECT (SELECT count(*) FROM message) || ' messages, ' || (SELECT count(*) FROM thread) || ' threads, ' || " \
	"(SELECT count(*) FROM ticket) || ' tickets, ' || (SELECT count(*) FROM event) || ' events, ' || " \
	"(SELECT count(*) FROM outbox) || ' jobs, ' || (SELECT count(*) FROM waiting) || ' waiting'"

struct answered { guint yes, no; char *answer; };

static void again_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct answered *answered = arg;
	(void)command;

	answered->yes += !error;
	answered->no += error != NULL;
	g_free(answered->answer);
	answered->answer = g_strdup(error ? error->message : answer);
}

/* FALSE: a command that may not be sent again, for it has no key to know it by. */
static gboolean again(hg_lab *lab, const struct power_command *kept, struct answered *answered)
{
	hg_command *command;

	must(hg_command_unpack(kept->packed->str, kept->packed->len, &command, e));
	if (command->kind != HG_CMD_INBOUND && !command->idem_key) {
		hg_command_free(command);
		return FALSE;
	}
	command->done = again_done;
	command->done_arg = answered;
	must(hg_engine_submit(lab->engine, command, e));
	lab_run(lab);
	return TRUE;
}

/* What was answered is answered in the same way, and changes nothing. */
static char *again_is_nothing(hg_lab *lab, const struct power_command *kept, struct answered *answered)
{
	if (!again(lab, kept, answered))
		return NULL;
	if (answered->no)
		return g_strdup_printf("what was answered before is refused now: %s", answered->answer);
	if (kept->kind != HG_CMD_INBOUND && g_strcmp0(kept->answer, answered->answer) != 0)
		return g_strdup_printf("answered before: %s; now: %s", kept->answer, answered->answer);
	return NULL;
}

static char *rows_differ(hg_lab *lab, const char *before, const char *what)
{
	g_autofree char *now = lab_value(lab, "%s", ROWS);

	return strcmp(now, before) == 0 ? NULL : g_strdup_printf("%s: before %s, now %s", what, before, now);
}

static char *redeliver_told(struct power_auditor *auditor, hg_lab *lab, guint cut, guint *ret_next)
{
	g_autofree char *before = lab_value(lab, "%s", ROWS);
	struct answered answered = { 0 };
	char *why = NULL;
	guint i;

	for (i = 0; i < auditor->day->commands->len && !why; i++) {
		const struct power_command *kept = auditor->day->commands->pdata[i];

		if (kept->at > cut)
			break;
		if (kept->now_ms < test_now_ms - DEDUPE_MS)
			continue;
		why = again_is_nothing(lab, kept, &answered);
	}
	*ret_next = i;
	auditor->redeliveries += answered.yes;
	g_free(answered.answer);
	return why ?: rows_differ(lab, before, "sent again what was acknowledged");
}

/* Nobody had heard of these: they are done once. */
static char *redeliver_others(struct power_auditor *auditor, hg_lab *lab, guint next)
{
	const GPtrArray *commands = auditor->day->commands;
	struct answered answered = { 0 };
	char *why = NULL;

	for (guint i = next; i < MIN(next + AFTER, commands->len) && !why; i++) {
		const struct power_command *kept = commands->pdata[i];
		g_autofree char *before = NULL;

		/* An answer to a customer names a thread that may not be there yet. */
		if (kept->kind != HG_CMD_INBOUND)
			continue;
		again(lab, kept, &answered);
		before = lab_value(lab, "%s", ROWS);
		again(lab, kept, &answered);
		why = rows_differ(lab, before, "sent twice");
	}
	if (!why && answered.no)
		why = g_strdup_printf("what was done on the day is refused: %s", answered.answer);
	g_free(answered.answer);
	return why;
}

static char *redeliver(struct power_auditor *auditor, hg_lab *lab, guint cut)
{
	guint next;
	char *why;

	lab_run(lab);
	why = redeliver_told(auditor, lab, cut, &next);
	return why ?: redeliver_others(auditor, lab, next);
}

/* ---- the audit ---- */
static void breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	char **why = arg;
	(void)remedy;

	if (!*why)
		*why = g_strdup_printf("fsck: %s: %s", invariant, id);
}

static char *fsck(hg_lab *lab)
{
	g_autoptr(GError) error = NULL;
	char *why = NULL;
	guint n;

	if (!hg_store_fsck(lab->w->store, NULL, breach, &why, &n, &error))
		return g_strdup_printf("fsck: %s", error->message);
	return why;
}

static char *audit_open(struct power_auditor *auditor, struct world *w, guint cut, guint64 hash)
{
	int state;
	char *why = check_state(auditor->day, cut, hash, &state);
	hg_lab *lab;

	if (why) {
		void *done = w;

		world_free(&done);
		return why;
	}
	test_now_ms = state < 0 ? T0 : g_array_index(auditor->day->states, struct power_state, state).now_ms + 1000;
	lab = lab_new_on(auditor->day->confs[0], w);
	why = fsck(lab);
	if (!why && state >= 0 && !auditor->redelivered[state]) {
		auditor->redelivered[state] = TRUE;
		why = redeliver(auditor, lab, cut);
		why = why ?: fsck(lab);
	}
	lab_free(lab);
	return why;
}

static char *audit_new(struct power_auditor *auditor, guint cut, guint64 *ret_hash)
{
	struct world *w = world_at(g_strdup(auditor->dir));
	g_autoptr(GError) error = NULL;
	void *done = w;
	char *why;

	w->unplanned = TRUE;
	w->store = hg_store_open(&w->options, &error);
	if (w->store)
		return audit_open(auditor, w, cut, *ret_hash = power_hash(w->store->db));
	why = g_strdup_printf("the store does not open: %s", error->message);
	world_free(&done);
	return why;
}

char *power_audit(struct power_auditor *auditor, const GPtrArray *files, guint cut)
{
	guint64 sum = power_files_sum(files), hash = 0;
	const guint64 *known = g_hash_table_lookup(auditor->known, &sum);
	int state = -1;
	char *why = known ? check_state(auditor->day, cut, *known, &state) : NULL;

	if (why || (known && (state < 0 || auditor->redelivered[state])))
		return why;
	g_mkdir(auditor->dir, 0700);
	power_files_put(files, auditor->day->trace, auditor->dir);
	why = audit_new(auditor, cut, &hash);
	if (!why)
		g_hash_table_insert(auditor->known, g_memdup2(&sum, sizeof(sum)), g_memdup2(&hash, sizeof(hash)));
	return why;
}
