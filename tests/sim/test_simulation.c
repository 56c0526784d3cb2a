/* test_simulation.c - thousands of random histories of two weeks each: what must hold holds after every step, all
 * comes to an end when faults end, the same again gives the same, and a model in another language agrees
 *
 * Histories are played with crashes, failing disks and peers with moods (sim.h), made again from the journal in a
 * store of their own, some of them played twice; hg_store_compare() says what is not the same.  Plain ones are
 * given to tests/sim/model.py, which says from the documentation alone what should have come of them.  A history
 * that fails is played alone, and shrunk as long as it fails.
 *
 *   test_simulation                       what the unit stage plays; HEADGATE_FULL=1: ten times as many
 *   test_simulation --seed N              one history, shrunk when it fails
 *   test_simulation --worlds FIRST COUNT  others, a hundred histories each, with progress */
#include "sim.h"

#include <glib/gstdio.h>
#include <string.h>

#include "rebuild.h"
#include "record.h"
#include "sim_confs.h"

#define WORLDS	  2	/* stores ... */
#define HISTORIES 100	/* ... and histories in each */
#define AGAIN	  4	/* each so many worlds is played twice: making it again is the harder test */

#ifdef __SANITIZE_ADDRESS__
/* What is freed is kept for a while to see who uses it all the same: a little is enough, for much of it
 * is slow. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=4:malloc_context_size=4";
}
#endif

/* ---- configurations: two in turn for each world ---- */

enum { SHIPPED, STRICT, CHATTY, BRIEF, PATIENT, N_CONFS };

static struct {
	char *dir;
	hg_conf *confs[N_CONFS];
	struct sim_counts counts;	/* of all worlds */
	gint64 modelled;		/* histories the model was given */
} shared;

/* Most are plain: the others cost three times as much. */
static struct sim_conf conf_for(guint32 seed)
{
	static const struct { int one, other; const char *plain; } turns[] = {
		{ CHATTY, STRICT, NULL }, { BRIEF, BRIEF, "brief" }, { PATIENT, PATIENT, "patient" },
		{ BRIEF, BRIEF, "brief" }, { PATIENT, PATIENT, "patient" },
		{ SHIPPED, STRICT, NULL }, { BRIEF, BRIEF, "brief" }, { PATIENT, PATIENT, "patient" },
		{ BRIEF, BRIEF, "brief" }, { PATIENT, PATIENT, "patient" },
	};
	gsize turn = (seed - 1) / HISTORIES % G_N_ELEMENTS(turns);

	return (struct sim_conf){ .confs = { shared.confs[turns[turn].one], shared.confs[turns[turn].other] },
				  .plain = turns[turn].plain };
}

static void copy_tree(const char *from, const char *to)
{
	g_autoptr(GDir) dir = g_dir_open(from, 0, NULL);
	const char *name;

	assert_non_null(dir);
	g_mkdir_with_parents(to, 0700);
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *a = g_build_filename(from, name, NULL), *b = g_build_filename(to, name, NULL);
		g_autofree char *text = NULL;
		gsize len;

		if (g_file_test(a, G_FILE_TEST_IS_DIR))
			copy_tree(a, b);
		else if (g_file_get_contents(a, &text, &len, NULL))
			assert_true(g_file_set_contents(b, text, (gssize)len, NULL));
	}
}

static void remove_tree(const char *path)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_tree(below);
	}
	if (dir)
		g_dir_close(dir);
	g_remove(path);
}

/* The first store of a process is made, others are copied of it: random numbers are drawn for the first alone. */
static void first_store(void)
{
	void *world;

	world_new(&world);
	world_free(&world);
}

static int shared_new(void **state)
{
	g_autofree char *rules = g_build_filename(g_getenv("srcdir") ?: ".", "etc/rules", NULL), *copy = NULL;
	(void)state;

	first_store();
	shared.dir = lab_dir();
	copy = g_build_filename(shared.dir, "rules", NULL);
	copy_tree(rules, copy);
	shared.confs[SHIPPED] = lab_conf_of(shared.dir, sim_shipped);
	shared.confs[STRICT] = lab_conf_of(shared.dir, sim_strict);
	shared.confs[CHATTY] = lab_conf_of(shared.dir, sim_forgetful);
	shared.confs[BRIEF] = lab_conf_of(shared.dir, sim_brief);
	shared.confs[PATIENT] = lab_conf_of(shared.dir, sim_patient);
	return 0;
}

static int shared_free(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(shared.confs); i++)
		hg_conf_unref(shared.confs[i]);
	remove_tree(shared.dir);
	g_free(shared.dir);
	return 0;
}

/* ---- comparing ---- */

/* Of a long text what is before the first letter that differs is left out. */
static gsize differs_from(const char *a, const char *b)
{
	gsize n = 0;

	while (a && b && a[n] && a[n] == b[n])
		n++;
	return n > 60 ? n - 60 : 0;
}

static void first_difference(void *arg, const struct hg_store_difference *d)
{
	gsize at = differs_from(d->was, d->is);
	char **why = arg;

	if (!*why)
		*why = g_strdup_printf("%s %s%s%s: %.300s, and then %.300s", d->table, d->row, d->column ? " " : "", d->column ?: "",
				       d->missing ? "there" : d->was ? d->was + at : (d->added ? "not there" : "NULL"),
				       d->added ? "there" : d->is ? d->is + at : (d->missing ? "not there" : "NULL"));
}

static char *compare(hg_sim *a, hg_sim *b)
{
	g_autoptr(hg_store) x = NULL, y = NULL;
	char *why = NULL;
	guint n;

	must((x = hg_store_open_reader(&a->lab->w->options, 0, e)));
	must((y = hg_store_open_reader(&b->lab->w->options, 0, e)));
	must(hg_store_compare(x, y, first_difference, &why, &n, e));
	return why;
}

static void not_again(void *arg, gint64 n, gint64 at_ms, const GError *error)
{
	char **why = arg;
	(void)at_ms;

	if (!*why)
		*why = g_strdup_printf("row %" G_GINT64_FORMAT " of the journal was done, and is refused now: %s", n,
				       error->message);
}

static hg_rules *rules_again(void *arg, const hg_conf *conf)
{
	(void)arg;
	return lab_rules(conf);
}

static char *make_again(hg_sim *sim)
{
	g_autofree char *path = g_build_filename(sim->lab->w->dir, "again.db", NULL);
	g_autofree char *files = g_build_filename(sim->lab->w->dir, "again", NULL);
	struct hg_rebuild_result result = { 0 };
	g_autoptr(GError) error = NULL;
	char *why = NULL;
	struct hg_rebuild_options options = {
		.from_path = sim->lab->w->options.path, .path = path, .attachments = files, .confs = shared.confs,
		.n_confs = G_N_ELEMENTS(shared.confs), .ports = lab_ports(sim->lab), .arg = &why, .rules = rules_again,
		.refused = not_again, .differs = first_difference,
	};

	if (!hg_rebuild(&options, &result, &error) && !why)
		why = g_strdup_printf("made again: %s", error->message);
	assert_int_equal(result.other, 0);
	return why;
}

/* ---- the model ---- */

/* NULL: it agrees. */
static char *ask_model(hg_sim *sim)
{
	g_autofree char *model = g_build_filename(g_getenv("srcdir") ?: ".", "tests", "sim", "model.py", NULL);
	g_autofree char *trace = g_build_filename(shared.dir, "trace", NULL), *said = NULL, *failed = NULL;
	const char *argv[] = { "/usr/bin/python3", "-B", model, trace, NULL };
	int status;

	if (!sim->trace)
		return NULL;
	sim_trace_end(sim);
	assert_true(g_file_set_contents(trace, sim->trace->str, (gssize)sim->trace->len, NULL));
	must(g_spawn_sync(NULL, (char **)argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, &said, &failed, &status, e));
	if (status == 0)
		return NULL;
	return g_strstrip(g_strdup(*said ? said : failed));
}

/* ---- a history alone ---- */

enum { NEEDS_LOOK = 1, NEEDS_TWICE = 2, NEEDS_AGAIN = 4 };

static void audit_says(void *arg, const char *invariant, const char *id, const char *remedy)
{
	char **why = arg;
	(void)remedy;

	/* I8: calls that were never answered, because the history ended. */
	if (!*why && strcmp(invariant, "I8") != 0)
		*why = g_strdup_printf("%s: %s", invariant, id);
}

static char *audit(hg_sim *sim)
{
	char *why = NULL;
	guint n;

	must(hg_store_fsck(sim->lab->w->store, NULL, audit_says, &why, &n, e));
	return why;
}

static char *play_again(hg_sim *sim, const struct history *histories, guint n)
{
	struct hg_sim *again = sim_new(conf_for(histories[0].seed));
	char *why;
	guint step;

	for (guint i = 0; i < n; i++)
		history_play(again, &histories[i], &step);
	why = compare(sim, again);
	sim_free(again);
	return why;
}

/* What is wrong with it; NULL: nothing. */
static char *play_alone(const struct history *history)
{
	hg_sim *sim = sim_new(conf_for(history->seed));
	char *why = NULL;
	guint step;

	if (!history_play(sim, history, &step))
		why = g_strdup_printf("%s, after step %u", sim->why, step + 1);
	why = why ?: audit(sim) ?: ask_model(sim) ?: sim->forgets ? NULL : make_again(sim);
	why = why ?: play_again(sim, history, 1);
	sim_free(sim);
	return why;
}

static gboolean same_kind(const char *a, const char *b)
{
	gsize n = strcspn(a, ":0123456789");	/* rows have other numbers in a shorter one */

	return b && strncmp(a, b, n) == 0;
}

/* Steps are left out, many and then single ones, as long as it still fails in the same way. */
static char *shrink(struct history *history, char *why)
{
	for (guint size = history->n / 2; size; size /= 2)
		for (guint at = 0; at + size <= history->n;) {
			struct history less = *history;
			char *still;

			memmove(&less.steps[at], &less.steps[at + size], (less.n - at - size) * sizeof(less.steps[0]));
			less.n -= size;
			still = less.n ? play_alone(&less) : NULL;
			if (same_kind(why, still)) {
				*history = less;
				g_free(why);
				why = still;
			} else {
				g_free(still);
				at += size;
			}
		}
	return why;
}

static guint32 wanted;		/* --seed; 0: all */

/* For who wants to see more of it. */
static void keep_store(const struct history *history)
{
	hg_sim *sim = sim_new(conf_for(history->seed));
	guint step;

	history_play(sim, history, &step);
	print_message("its store: %s\n", sim->lab->w->options.path);
}

static void tell(struct history *history)
{
	char *why = play_alone(history);

	if (!why)
		return;
	why = shrink(history, why);
	history_print(history);
	if (wanted)
		keep_store(history);
	fail_msg("seed %u: %s (test_simulation --seed %u)", history->seed, why, history->seed);
}

/* ---- many in one store ---- */

/* The model says which history it was. */
static void tell_named(struct history *histories, const char *why)
{
	guint32 seed = why && g_str_has_prefix(why, "seed ") ? (guint32)g_ascii_strtoull(why + 5, NULL, 10) : 0;

	if (why)
		g_printerr("%s\n", why);
	if (seed >= histories[0].seed && seed < histories[0].seed + HISTORIES)
		tell(&histories[seed - histories[0].seed]);
}

static void add_counts(const hg_sim *sim)
{
	struct sim_counts *all = &shared.counts;

	all->steps += sim->counts.steps;
	all->rounds += sim->counts.rounds;
	all->crashes += sim->counts.crashes;
	all->undone += sim->counts.undone;
	all->deliveries += sim->counts.deliveries;
	all->redelivered += sim->counts.redelivered;
	all->calls += sim->counts.calls;
	all->lost_answers += sim->counts.lost_answers;
	all->repeated += sim->counts.repeated;
	shared.modelled += sim->trace ? HISTORIES : 0;
}

static void a_world(guint32 first, gboolean again)
{
	g_autofree struct history *histories = g_new(struct history, HISTORIES);
	const struct sim_conf with = conf_for(first);
	hg_sim *sim = sim_new(with);
	char *why = NULL;
	guint step;

	for (guint i = 0; i < HISTORIES; i++) {
		history_make(&histories[i], first + i);
		if (!with.plain && history_forgets(first + i) && !history_forgets(first + i - 1))
			why = make_again(sim);
		if (why)
			break;
		if (history_play(sim, &histories[i], &step))
			continue;
		print_message("seed %u, after step %u: %s\n", histories[i].seed, step + 1, sim->why);
		tell(&histories[i]);
		fail_msg("seed %u fails only behind those from %u on", histories[i].seed, first);
	}
	why = why ?: audit(sim);
	why = why ?: ask_model(sim);
	why = why ?: with.plain ? make_again(sim) : NULL;
	why = why ?: again ? play_again(sim, histories, HISTORIES) : NULL;
	tell_named(histories, why);
	for (guint i = 0; why && i < HISTORIES; i++)
		tell(&histories[i]);	/* ends here when one of them is wrong alone */
	if (why)
		fail_msg("seeds from %u on: %s", first, why);
	add_counts(sim);
	sim_free(sim);
}

static guint from = 0, many = WORLDS;	/* --worlds */

static void write_records(gint64 histories)
{
	const struct sim_counts *all = &shared.counts;
	g_autofree char *figures = g_strdup_printf("{\"days\":%" G_GINT64_FORMAT ",\"steps\":%" G_GUINT64_FORMAT
		",\"rounds\":%" G_GUINT64_FORMAT ",\"crashes\":%" G_GUINT64_FORMAT ",\"transactions undone\":%" G_GUINT64_FORMAT
		",\"deliveries\":%" G_GUINT64_FORMAT ",\"redeliveries\":%" G_GUINT64_FORMAT ",\"calls\":%" G_GUINT64_FORMAT
		",\"answers lost\":%" G_GUINT64_FORMAT "}", histories * 14, all->steps, all->rounds, all->crashes, all->undone,
		all->deliveries, all->redelivered, all->calls, all->lost_answers);

	print_message("%" G_GINT64_FORMAT " histories: %s\n", histories, figures);
	record("sim.seeds", histories, 0, figures);
	record("sim.liveness", histories, 0, NULL);
	/* Notes of agents carry a canary that no event, no job and no customer may have. */
	record("leak.histories", histories, 0, NULL);
	record("sim.oracle", shared.modelled, 0, NULL);
}

static void histories_are_the_same_again_and_break_no_promise(void **state)
{
	guint worlds = many * (g_strcmp0(g_getenv("HEADGATE_FULL"), "1") == 0 ? 10 : 1);
	(void)state;

	for (guint i = from; i < from + worlds; i++)
		a_world(1 + i * HISTORIES, i % AGAIN == 1);
	write_records((gint64)worlds * HISTORIES);
}

static void one_history(void **state)
{
	struct history history;
	(void)state;

	history_make(&history, wanted);
	history_print(&history);
	tell(&history);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest all[] = { cmocka_unit_test(histories_are_the_same_again_and_break_no_promise) };
	const struct CMUnitTest one[] = { cmocka_unit_test(one_history) };

	if (argc == 3 && strcmp(argv[1], "--seed") == 0) {
		wanted = (guint32)g_ascii_strtoull(argv[2], NULL, 10);
		return cmocka_run_group_tests(one, shared_new, shared_free);
	}
	if (argc == 4 && strcmp(argv[1], "--worlds") == 0) {
		from = (guint)g_ascii_strtoull(argv[2], NULL, 10);
		many = (guint)g_ascii_strtoull(argv[3], NULL, 10);
	}
	return cmocka_run_group_tests(all, shared_new, shared_free);
}
