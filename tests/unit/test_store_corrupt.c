/* test_store_corrupt.c - a store that was damaged while nobody had it open: bytes flipped, files cut, the log
 * swapped or deleted
 *
 * Each damaged copy is opened as at a start, audited, and an engine takes a message with it.  It ends in one
 * of these ways: refused with words that say what to do; found by fsck; every row as it was; an earlier state,
 * where the log was damaged (what it held is gone, and nothing in the file can say so); or, where the
 * byte was one of a value, a changed value: SQLite's pages have no sum, so these are counted and told, not
 * forbidden.  Never a crash, a hang, or half of a commit from a damaged log. --seed N plays one. */
#include "engine_fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "power_day.h"
#include "record.h"
#include "sqlite_db.h"

#define DAMAGES 1000
#define SAYINGS 40

static struct {
	char *dir;		/* ours */
	hg_conf *conf;
	GBytes *db, *wal, *old_wal;	/* a store that was not closed, with its log, and one of before */
	GArray *states;		/* of guint64: hashes, in order */
	guint jobs;
	gint64 seed;		/* -1: all */
} all = { .seed = -1 };

static const char yaml[] =
	"config_version: 1\n"
	"store: { min_free: 1MiB, journal: 1d }\n"
	"backends: { desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" } }\n"
	"channels: { wa: { adapter: fake }, sms: { adapter: fake } }\n"
	"rules: [ { name: help, when: { text: { contains: help } }, do: { convert: { priority: high } } } ]\n";

/* ---- the store ---- */
static GBytes *file_of(struct world *w, const char *suffix)
{
	char *bytes = NULL;
	gsize len = 0;

	assert_true(g_file_get_contents(world_path(w, suffix), &bytes, &len, NULL));
	return g_bytes_new_take(bytes, len);
}

static void note_state(hg_lab *lab)
{
	guint64 hash = power_hash(lab->w->store->db);

	g_array_append_val(all.states, hash);
}

/* A step has one commit at most. */
static void run(hg_lab *lab)
{
	gboolean ok = TRUE;

	note_state(lab);
	while (hg_engine_step(lab->engine, &ok) == 0) {
		assert_true(ok);
		note_state(lab);
	}
	note_state(lab);
}

/* Copied while it is open: the database as it was after the last checkpoint, and a log of what came since. */
static void make_store(void)
{
	hg_lab *lab = lab_new_with(all.conf);

	for (guint i = 0; i < SAYINGS; i++) {
		g_autofree char *uri = g_strdup_printf("tel:+4477009%05u", i % 7);
		struct hg_in in = lab_text(uri, i % 3 ? "my invoice" : "help");

		lab_queue(lab, "wa", &in, 1);
		run(lab);
		if (i < SAYINGS / 2)
			run(lab);		/* nothing to do: the log is copied back */
		if (i == SAYINGS / 2)
			all.old_wal = file_of(lab->w, "-wal");
	}
	all.db = file_of(lab->w, "");
	all.wal = file_of(lab->w, "-wal");
	lab_free(lab);
}

/* ---- damage ---- */
enum how { FLIP_DB, FLIP_WAL, CUT_DB, CUT_WAL, SWAP_WAL, DELETE_WAL, HOWS };
static const char *const how_names[HOWS] = { "bytes of the database", "bytes of the log", "database cut", "log cut",
					     "log swapped", "log deleted" };

static void flip(GByteArray *bytes, GRand *dice)
{
	for (gint n = g_rand_int_range(dice, 1, 9); n; n--)
		bytes->data[g_rand_int_range(dice, 0, (gint)bytes->len)] ^= (guint8)g_rand_int_range(dice, 1, 256);
}

static void put(const char *dir, const char *name, const GByteArray *bytes)
{
	g_autofree char *path = g_build_filename(dir, name, NULL);

	assert_true(g_file_set_contents(path, (const char *)bytes->data, bytes->len, NULL));
}

static GByteArray *copy(GBytes *bytes)
{
	return g_byte_array_append(g_byte_array_new(), g_bytes_get_data(bytes, NULL), (guint)g_bytes_get_size(bytes));
}

static enum how damage(const char *dir, guint32 seed)
{
	g_autoptr(GRand) dice = g_rand_new_with_seed(seed);
	enum how how = (enum how)g_rand_int_range(dice, 0, HOWS);
	g_autoptr(GByteArray) db = copy(all.db), wal = copy(how == SWAP_WAL ? all.old_wal : all.wal);

	if (how == FLIP_DB)
		flip(db, dice);
	else if (how == FLIP_WAL)
		flip(wal, dice);
	else if (how == CUT_DB)
		g_byte_array_set_size(db, (guint)g_rand_int_range(dice, 0, (gint)db->len));
	else if (how == CUT_WAL)
		g_byte_array_set_size(wal, (guint)g_rand_int_range(dice, 0, (gint)wal->len));
	put(dir, "headgate.db", db);
	if (how != DELETE_WAL)
		put(dir, "headgate.db-wal", wal);
	return how;
}

/* ---- what came of it ---- */
struct share { guint seed, n, refused, found, same, earlier, changed, wrong; };

static void breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	(void)invariant;
	(void)id;
	assert_true(strlen(remedy) > 10);
	++*(guint *)arg;
}

/* Rows in which values cannot be read any more count as none that was ever there. */
static int state_of(hg_store *store)
{
	guint64 hash = power_hash(store->db);

	for (guint i = 0; i < all.states->len; i++)
		if (g_array_index(all.states, guint64, i) == hash)
			return (int)i;
	return -1;
}

/* It works, or it says why not: the message is answered in either case. */
static void take_a_message(struct world *w)
{
	hg_lab *lab = lab_new_tried(all.conf, w);
	struct hg_in in = lab_text("tel:+447700900003", "is anybody there?");
	gboolean ok = TRUE;

	if (!lab)
		return;
	lab_queue(lab, "wa", &in, 1);
	for (guint i = 0; i < 20 && (hg_engine_step(lab->engine, &ok) == 0 || !ok) && !hg_engine_broken(lab->engine); i++)
		continue;
	assert_true(lab->stored + lab->refused == 1 || hg_engine_broken(lab->engine));
	lab_end(lab);
}

static void judge(struct share *share, struct world *w, enum how how)
{
	guint breaches = 0, n;
	int state;

	must(hg_store_fsck(w->store, NULL, breach, &breaches, &n, e));
	state = breaches ? -1 : state_of(w->store);
	share->found += breaches != 0;
	share->same += !breaches && state == (int)all.states->len - 1;
	share->earlier += !breaches && state >= 0 && state < (int)all.states->len - 1;
	share->changed += !breaches && state < 0;
	/* A log is whole frames with sums: of it a commit is there or not. */
	if (!breaches && state < 0 && how != FLIP_DB && how != CUT_DB) {
		print_message("seed %u, %s: half of a commit is there, and fsck finds nothing\n", share->seed, how_names[how]);
		share->wrong++;
	}
	if (!breaches && state >= 0 && state < (int)all.states->len - 1 && (how == FLIP_DB || how == CUT_DB)) {
		print_message("seed %u, %s: rows are gone, and fsck finds nothing\n", share->seed, how_names[how]);
		share->wrong++;
	}
	take_a_message(w);
}

static void look_at(struct share *share, guint number, guint32 seed)
{
	char *dir = g_strdup_printf("%s/%u", all.dir, number);
	struct world *w = world_at(dir);
	g_autoptr(GError) error = NULL;
	void *done = w;
	enum how how;

	share->seed = seed;
	share->n++;
	w->unplanned = TRUE;
	g_mkdir(dir, 0700);
	how = damage(dir, seed);
	w->store = hg_store_open(&w->options, &error);
	if (w->store) {
		judge(share, w, how);
	} else {
		share->refused++;
		assert_non_null(strstr(error->message, "headgate.db"));
		assert_true(strstr(error->message, "backup") || strstr(error->message, "fsck"));
	}
	world_free(&done);
}

static void work(void *arg, guint number, void *mine)
{
	(void)arg;
	for (guint seed = number; seed < DAMAGES; seed += all.jobs)
		if (all.seed < 0 || seed == (guint)all.seed)
			look_at(mine, number, seed);
}

static void died(void *arg, const void *his, int status)
{
	(void)arg;
	fail_msg("the process that looked at damage %u died (%d): test_store_corrupt --seed %u",
		 ((const struct share *)his)->seed, status, ((const struct share *)his)->seed);
}

static void damage_is_refused_found_or_harmless(void **state)
{
	const struct apart apart = { work, died, NULL, NULL, all.jobs, sizeof(struct share) };
	struct share *shares = apart_run(&apart), sum = { 0 };
	g_autofree char *figures = NULL;
	(void)state;

	for (guint i = 0; i < all.jobs; i++) {
		sum.n += shares[i].n;
		sum.refused += shares[i].refused;
		sum.found += shares[i].found;
		sum.same += shares[i].same;
		sum.earlier += shares[i].earlier;
		sum.changed += shares[i].changed;
		sum.wrong += shares[i].wrong;
	}
	apart_free(&apart, shares);
	print_message("%u damages: %u refused, %u found by fsck, %u harmless, %u back to an earlier state (the log was damaged), "
		      "%u with a changed value\n", sum.n, sum.refused, sum.found, sum.same, sum.earlier, sum.changed);
	figures = g_strdup_printf("{\"refused\":%u,\"found_by_fsck\":%u,\"harmless\":%u,\"earlier_state\":%u,\"changed_value\":%u}",
				  sum.refused, sum.found, sum.same, sum.earlier, sum.changed);
	record("power.corrupt", sum.n, sum.wrong, figures);
	assert_int_equal(sum.wrong, 0);
	assert_true(all.seed >= 0 || (sum.refused && sum.found && sum.same && sum.earlier));
}

static int all_new(void **state)
{
	(void)state;
	all.dir = lab_dir();
	all.conf = lab_conf_of(all.dir, yaml);
	all.states = g_array_new(FALSE, FALSE, sizeof(guint64));
	make_store();
	return 0;
}

static int all_free(void **state)
{
	(void)state;
	hg_conf_unref(all.conf);
	g_bytes_unref(all.db);
	g_bytes_unref(all.wal);
	g_bytes_unref(all.old_wal);
	g_array_unref(all.states);
	assert_int_equal(g_rmdir(all.dir), 0);
	g_free(all.dir);
	return 0;
}

int main(int argc, char **argv)
{
	all_only_on_sqlite();
	const struct CMUnitTest tests[] = { cmocka_unit_test(damage_is_refused_found_or_harmless) };

	all.jobs = g_get_num_processors();
	if (argc == 3 && strcmp(argv[1], "--seed") == 0)
		all.seed = g_ascii_strtoll(argv[2], NULL, 10);
	return cmocka_run_group_tests(tests, all_new, all_free);
}
