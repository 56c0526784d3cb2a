/* test_property.c - thousands of random histories: whatever happens, the same again gives the same,
 * byte for byte, and what must hold holds after every step
 *
 * Promises 3, 8 and 10: histories are played, played once more, and made again from the journal in a
 * store of their own; decisions, events, messages, threads, tickets and all that goes out are compared
 * (hg_store_compare() says what is not).  A history that fails is played alone, and shrunk as long as
 * it fails.  --seed N plays one; --worlds FIRST COUNT plays others than these; HEADGATE_FULL=1 ten times as many. */
#include "property_world.h"

#include <glib/gstdio.h>
#include <string.h>

#include "rebuild.h"
#include "record.h"

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

static struct {
	char *dir;
	hg_conf *confs[4];		/* shipped, strict, chatty, strict: by twos */
} shared;

static hg_conf *const *confs_of(guint32 seed)
{
	/* What is shipped is long to compile: one world in three. */
	return &shared.confs[(seed - 1) / HISTORIES % 3 ? 2 : 0];
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

static hg_conf *conf_of(const char *name, const char *yaml)
{
	g_autofree char *path = g_build_filename(shared.dir, name, NULL);

	assert_true(g_file_set_contents(path, yaml, -1, NULL));
	return lab_conf(path);
}

/* Memory is a disk that needs no waiting, where there is such a directory. */
static int shared_new(void **state)
{
	g_autofree char *rules = g_build_filename(g_getenv("srcdir") ?: ".", "etc/rules", NULL), *copy = NULL;
	(void)state;

	if (g_access("/dev/shm", W_OK) == 0)
		g_setenv("TMPDIR", "/dev/shm", FALSE);
	shared.dir = g_dir_make_tmp("headgate-property-XXXXXX", NULL);
	copy = g_build_filename(shared.dir, "rules", NULL);
	copy_tree(rules, copy);
	shared.confs[0] = conf_of("shipped.yaml", property_shipped);
	shared.confs[1] = conf_of("strict.yaml", property_strict);
	shared.confs[2] = conf_of("chatty.yaml", property_chatty);
	shared.confs[3] = hg_conf_ref(shared.confs[1]);
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

static void first_difference(void *arg, const struct hg_store_difference *d)
{
	char **why = arg;

	if (!*why)
		*why = g_strdup_printf("%s %s%s%s: %.300s, and then %.300s", d->table, d->row, d->column ? " " : "",
				       d->column ?: "", d->missing ? "there" : d->was ?: (d->added ? "not there" : "NULL"),
				       d->added ? "there" : d->is ?: (d->missing ? "not there" : "NULL"));
}

static char *compare(struct property_world *a, struct property_world *b)
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

static char *make_again(struct property_world *world)
{
	g_autofree char *path = g_build_filename(world->lab->w->dir, "again.db", NULL);
	g_autofree char *files = g_build_filename(world->lab->w->dir, "again", NULL);
	struct hg_rebuild_result result;
	char *why = NULL;
	struct hg_rebuild_options options = {
		.from_path = world->lab->w->options.path, .path = path, .attachments = files, .confs = shared.confs,
		.n_confs = G_N_ELEMENTS(shared.confs), .ports = lab_ports(world->lab), .arg = &why, .rules = rules_again,
		.refused = not_again, .differs = first_difference,
	};

	must(hg_rebuild(&options, &result, e));
	assert_int_equal(result.other, 0);
	return why;
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

static char *audit(struct property_world *world)
{
	char *why = NULL;
	guint n;

	must(hg_store_fsck(world->lab->w->store, NULL, audit_says, &why, &n, e));
	return why;
}

static char *play_again(struct property_world *world, const struct history *histories, guint n)
{
	struct property_world *again = property_world_new(confs_of(histories[0].seed));
	char *why;
	guint step;

	for (guint i = 0; i < n; i++)
		history_play(again, &histories[i], &step);
	why = compare(world, again);
	property_world_free(again);
	return why;
}

/* What is wrong with it; NULL: nothing. */
static char *play_alone(const struct history *history)
{
	struct property_world *world = property_world_new(confs_of(history->seed));
	char *why = NULL;
	guint step;

	if (!history_play(world, history, &step))
		why = g_strdup_printf("%s, after step %u", world->why, step + 1);
	why = why ?: audit(world) ?: make_again(world) ?: play_again(world, history, 1);
	property_world_free(world);
	return why;
}

static gboolean same_kind(const char *a, const char *b)
{
	gsize n = strcspn(a, ":");

	return b && strncmp(a, b, n + 1) == 0;
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
	struct property_world *world = property_world_new(confs_of(history->seed));
	guint step;

	history_play(world, history, &step);
	print_message("its store: %s\n", world->lab->w->options.path);
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
	fail_msg("seed %u: %s (test_property --seed %u)", history->seed, why, history->seed);
}

/* ---- many in one store ---- */

static void a_world(guint32 first, gboolean again)
{
	g_autofree struct history *histories = g_new(struct history, HISTORIES);
	struct property_world *world = property_world_new(confs_of(first));
	char *why = NULL;
	guint step;

	for (guint i = 0; i < HISTORIES; i++) {
		history_make(&histories[i], first + i);
		if (history_play(world, &histories[i], &step))
			continue;
		print_message("seed %u, after step %u: %s\n", histories[i].seed, step + 1, world->why);
		tell(&histories[i]);
		fail_msg("seed %u fails only behind those from %u on", histories[i].seed, first);
	}
	why = audit(world);
	why = why ?: make_again(world);
	why = why ?: again ? play_again(world, histories, HISTORIES) : NULL;
	for (guint i = 0; why && i < HISTORIES; i++)
		tell(&histories[i]);
	if (why)
		fail_msg("seeds from %u on: %s", first, why);
	property_world_free(world);
}

static guint from = 0, many = WORLDS;	/* --worlds */

static void histories_are_the_same_again_and_break_no_promise(void **state)
{
	guint worlds = many * (g_strcmp0(g_getenv("HEADGATE_FULL"), "1") == 0 ? 10 : 1);
	(void)state;

	for (guint i = from; i < from + worlds; i++)
		a_world(1 + i * HISTORIES, i % AGAIN == 0);
	record("property.histories", (gint64)worlds * HISTORIES, 0, NULL);
	/* Notes of agents carry a canary that no event and no job may have. */
	record("leak.histories", (gint64)worlds * HISTORIES, 0, NULL);
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
