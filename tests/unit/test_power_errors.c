/* test_power_errors.c - each I/O operation of an engine's store fails, once or from then on: what is there
 * afterwards is what was acknowledged
 *
 * A short day is played through the engine on a disk that fails at its nth operation (power_disk.h): with
 * I/O errors, for want of room, for want of memory.  Among its groups is one of fifty commands, of which
 * some are refused and some break a rule of the store.  Then the disk is well again, and the store is opened
 * as at a start: every message that was acknowledged is there once; of what was refused for want of room
 * nothing is; of a group whose commit failed in another way all or nothing; fsck finds nothing; and
 * everything sent again is there once.  A sync that failed is not tried again, and stops the engine.
 *
 * Alone it looks at each 29th operation; --thin N: at each Nth; --jobs N: so many processes;
 * --one ERROR FOREVER OPERATION: this one. */
#include "engine_fixture.h"
#include "turn.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "apart.h"
#include "command_pack.h"
#include "power_disk.h"
#include "record.h"
#include "sqlite_db.h"

#ifdef __SANITIZE_ADDRESS__
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "quarantine_size_mb=1:malloc_context_size=4";
}
#endif

#define TRIES 4		/* rounds until a day on a disk that stays broken is given up */
#define GROUP 50

static struct {
	guint jobs, thin;
	gboolean one, for_ever;
	guint error, operation;
	char *dir;		/* ours */
	hg_conf *conf;
} opts = { .thin = 29 };

static const char *const error_names[POWER_ERRORS] = { "I/O error", "no room", "no memory" };

static const char yaml[] =
	"config_version: 1\n"
	"store: { min_free: 1MiB, journal: 1d }\n"
	"backends: { desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" } }\n"
	"channels: { wa: { adapter: fake }, sms: { adapter: fake } }\n"
	"rules: [ { name: help, when: { text: { contains: help } }, do: { convert: { priority: high } } } ]\n";

/* ---- a day ---- */
struct sent {
	char *id;		/* ours: the provider's */
	guint group;
	guint acked, refused;
	GString *packed;	/* ours */
};

struct day {
	struct world *w;
	hg_lab *lab;		/* NULL: it did not begin */
	GPtrArray *sent;	/* of struct sent */
	guint group;
	gboolean opened;	/* the store, and nothing had failed */
	gboolean over;		/* the engine, or whoever looks after it, has given up */
};

static void sent_free(gpointer arg)
{
	struct sent *sent = arg;

	g_free(sent->id);
	g_string_free(sent->packed, TRUE);
	g_free(sent);
}

static void heard(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct sent *sent = arg;
	(void)command;
	(void)answer;

	sent->acked += !error;
	sent->refused += error != NULL;
}

static void submit(struct day *day, struct sent *sent)
{
	hg_command *command;

	must(hg_command_unpack(sent->packed->str, sent->packed->len, &command, e));
	command->done = heard;
	command->done_arg = sent;
	if (hg_engine_submit(day->lab->engine, command, NULL))
		return;
	sent->refused++;
	hg_command_free(command);
}

static void send(struct day *day, const char *id, const char *uri, const char *text, const char *raw)
{
	struct sent *sent = g_new0(struct sent, 1);
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_INBOUND);
	struct hg_in in = lab_text(uri, text);

	sent->id = g_strdup(id);
	sent->group = day->group;
	sent->packed = g_string_new(NULL);
	in.id = id;
	in.raw = raw;
	in.raw_len = raw ? strlen(raw) : 0;
	command->channel = "wa";
	command->space = "fake";
	must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in) }, e));
	hg_command_pack(command, HG_PACK_ALL, sent->packed);
	g_ptr_array_add(day->sent, sent);
	submit(day, sent);
}

static void send_numbered(struct day *day, guint n, const char *text)
{
	g_autofree char *id = g_strdup_printf("in.%u", n), *uri = g_strdup_printf("tel:+4477009%05u", n % 40);

	send(day, id, uri, text, NULL);
}

/* Until there is nothing to do, or no hope. */
static void pump(struct day *day)
{
	gboolean ok = TRUE;
	guint failed = 0;

	while (!day->over && (hg_engine_step(day->lab->engine, &ok) == 0 || !ok)) {
		day->over = hg_engine_broken(day->lab->engine) || (!ok && ++failed == TRIES);
		test_now_ms += ok ? 0 : 1000;
	}
	day->over |= hg_engine_broken(day->lab->engine);
	day->group++;
}

static void nobody_hears(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	(void)arg;
	(void)command;
	(void)answer;
	(void)error;
}

static void submit_unheard(struct day *day, hg_command *command)
{
	command->done = nobody_hears;
	if (!hg_engine_submit(day->lab->engine, command, NULL))
		hg_command_free(command);
}

/* A reply to a thread that does not exist is refused; one that is made twice with one key is made once. */
static void reply(struct day *day, const char *thread, const char *key)
{
	hg_command *command = lab_command(day->lab, HG_CMD_REPLY, thread);

	command->reply.text = "an answer";
	command->idem_key = hg_arena_str(command->arena, key);
	submit_unheard(day, command);
}

static void outside_answers(struct day *day)
{
	hg_dispatch *dispatch;

	while (!day->over && (dispatch = lab_take(day->lab, HG_TO_BACKEND))) {
		hg_command *command = hg_command_new(HG_CMD_FORWARDED);

		command->job_n = dispatch->job.n;
		command->backend = hg_arena_str(command->arena, dispatch->job.name);
		command->forwarded = (struct hg_forward_result){ .fate = HG_SENT, .status = 200 };
		submit_unheard(day, command);
		hg_dispatch_free(dispatch);
		pump(day);
	}
}

static void fifty_at_once(struct day *day)
{
	for (guint i = 0; i < GROUP; i++) {
		if (i % 10 == 3)
			reply(day, "thr_01kbqarjndf02rg7j88badafh7", "nowhere");
		else if (i % 10 == 7)
			send_numbered(day, 100 + i - 1, "help");	/* the one before it once more */
		else
			send_numbered(day, 100 + i, i % 3 ? "my invoice" : "help");
	}
	pump(day);
}

/* Four of a group, and more that wait: each group is committed before the disk has it, and the next is worked on
 * meanwhile. */
static void three_groups_one_behind_the_other(struct day *day)
{
	day->lab->engine->group_max = 4;
	for (guint i = 0; i < 12; i++) {
		send_numbered(day, 300 + i, i % 3 ? "my invoice" : "help");
		day->group += i % 4 == 3;
	}
	pump(day);
	day->lab->engine->group_max = G_MAXUINT;
}

static void play(struct day *day)
{
	g_autofree char *much = g_strnfill(300000, 'x');

	for (guint i = 0; i < 3 && !day->over; i++) {
		send_numbered(day, i, i ? "help" : "hello");
		pump(day);
	}
	if (!day->over)
		fifty_at_once(day);
	outside_answers(day);
	if (!day->over)
		three_groups_one_behind_the_other(day);
	pump(day);			/* nothing to do: the log is copied back */
	test_now_ms += 2 * MINUTE_MS;	/* settle, sweeps */
	pump(day);
	if (!day->over) {
		send(day, "in.much", "tel:+447700900500", "much", much);
		pump(day);
	}
	for (guint i = 0; i < 2 && !day->over; i++) {
		send_numbered(day, 200 + i, "and on");
		pump(day);
	}
}

/* ---- life ---- */
static void begin(struct day *day)
{
	struct world *w = day->w;

	if (!w->store)
		w->store = hg_store_open(&w->options, NULL);
	if (!w->store)
		return;
	day->opened = !power_disk_failed();
	/* With little memory it writes before it commits: then SQLite undoes the whole group by itself. */
	sqlite3_exec(w->store->db, "PRAGMA cache_size = 90", NULL, NULL, NULL);
	day->lab = lab_new_tried(opts.conf, w);
	day->over = !day->lab;
}

static void end(struct day *day)
{
	if (day->lab)
		lab_end(day->lab);
	day->lab = NULL;
	if (day->w->store)
		hg_store_close(g_steal_pointer(&day->w->store));
}

static struct day *day_new(guint number)
{
	struct day *day = g_new0(struct day, 1);
	char *dir = g_strdup_printf("%s/%u", opts.dir, number);

	test_now_ms = T0;
	g_mkdir(dir, 0700);
	day->w = world_at(dir);
	day->w->unplanned = TRUE;
	day->sent = g_ptr_array_new_with_free_func(sent_free);
	return day;
}

static void day_free(struct day *day)
{
	void *w = day->w;

	end(day);
	world_free(&w);
	g_ptr_array_unref(day->sent);
	g_free(day);
}

/* ---- what is there ---- */
static gint64 stored(struct day *day, const char *id)
{
	return lab_count(day->lab, "SELECT count(*) FROM message WHERE direction = 1 AND external_id = '%s'", id);
}

static char *check_sent(struct day *day, const struct sent *sent, enum power_error error, int *doubtful)
{
	gint64 n = stored(day, sent->id);

	if (sent->acked + sent->refused > 1)
		return g_strdup_printf("%s was answered %u times", sent->id, sent->acked + sent->refused);
	if (n > 1 || (sent->acked && n != 1))
		return g_strdup_printf("%s was %s, and is there %d times", sent->id, sent->acked ? "acknowledged" : "refused", (int)n);
	if (sent->acked || !n)
		return NULL;
	/* What was refused is there: another of its group may be the same message, and was. */
	for (guint i = 0; i < day->sent->len; i++) {
		const struct sent *other = day->sent->pdata[i];

		if (other->acked && strcmp(other->id, sent->id) == 0)
			return NULL;
	}
	/* Or it is not known: a commit that reached the disk and whose sync failed. */
	if (error != POWER_NO_ROOM && (*doubtful < 0 || *doubtful == (int)sent->group)) {
		*doubtful = (int)sent->group;
		return NULL;
	}
	return g_strdup_printf("%s was refused, and is there", sent->id);
}

static char *check_all(struct day *day, enum power_error error)
{
	int doubtful = -1;
	char *why = NULL;

	for (guint i = 0; i < day->sent->len && !why; i++)
		why = check_sent(day, day->sent->pdata[i], error, &doubtful);
	/* All of the group or nothing of it. */
	for (guint i = 0; i < day->sent->len && !why && doubtful >= 0; i++) {
		const struct sent *sent = day->sent->pdata[i];

		if ((int)sent->group == doubtful && !stored(day, sent->id))
			why = g_strdup_printf("half of a group is there: %s is not", sent->id);
	}
	return why;
}

static void breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	char **why = arg;
	(void)remedy;

	if (!*why)
		*why = g_strdup_printf("fsck: %s: %s", invariant, id);
}

static char *fsck(struct day *day)
{
	char *why = NULL;
	guint n;

	must(hg_store_fsck(day->w->store, NULL, breach, &why, &n, e));
	return why;
}

static char *send_again(struct day *day)
{
	for (guint i = 0; i < day->sent->len; i++) {
		struct sent *sent = day->sent->pdata[i];

		sent->acked = sent->refused = 0;
		submit(day, sent);
	}
	pump(day);
	for (guint i = 0; i < day->sent->len; i++) {
		const struct sent *sent = day->sent->pdata[i];

		if (!sent->acked || stored(day, sent->id) != 1)
			return g_strdup_printf("%s was sent again, and is there %d times", sent->id, (int)stored(day, sent->id));
	}
	return NULL;
}

static char *recover(struct day *day, enum power_error error)
{
	char *why;

	day->over = FALSE;
	must((day->w->store = hg_store_open(&day->w->options, e)));
	begin(day);
	assert_non_null(day->lab);
	why = check_all(day, error);
	why = why ?: fsck(day);
	why = why ?: send_again(day);
	return why ?: fsck(day);
}

/* ---- one failure ---- */
static char *check_stop(const struct day *day)
{
	const char *failed = power_disk_failed();

	/* A store that is made for the first time has nothing in it, SQLite takes back its first page, and there is no engine yet. */
	if (!day->opened)
		return NULL;
	if (power_disk_syncs_after())
		return g_strdup_printf("%s failed, and a sync was tried after it", failed);
	if (failed && g_str_has_prefix(failed, "sync") && day->lab && !hg_engine_broken(day->lab->engine))
		return g_strdup_printf("%s failed, and the engine goes on", failed);
	return NULL;
}

/* What is wrong; NULL: nothing.  *ret_passed: operations of the day, *ret_failed: it came to the failure. */
static char *fail_at(guint number, enum power_error error, gboolean for_ever, guint operation, guint *ret_passed,
		     gboolean *ret_failed)
{
	struct day *day = day_new(number);
	char *why;

	power_disk_fail(operation, for_ever, error);
	begin(day);
	if (day->lab && !day->over)
		play(day);
	why = check_stop(day);
	end(day);
	why = why ?: check_stop(day);
	*ret_passed = power_disk_passed();
	*ret_failed = power_disk_failed() != NULL;
	if (why)
		why = g_strdup_printf("%s (%s)", why, power_disk_failed());
	power_disk_heal();
	why = why ?: recover(day, error);
	day_free(day);
	return why;
}

/* ---- all of them ---- */
struct share { guint failures, found, error, for_ever, operation; };

static void look_at(struct share *share, guint number, guint error, guint for_ever, guint operation, guint *ret_passed)
{
	gboolean failed;
	char *why;

	share->error = error;
	share->for_ever = for_ever;
	share->operation = operation;
	why = fail_at(number, (enum power_error)error, for_ever != 0, operation, ret_passed, &failed);
	share->failures += failed;
	if (!why)
		return;
	if (share->found++ < 5)
		print_message("%s, %s, operation %u: %s\n    again: test_power_errors --one %u %u %u\n", error_names[error],
			      for_ever ? "for ever" : "once", operation, why, error, for_ever, operation);
	g_free(why);
}

static void work(void *arg, guint number, void *mine)
{
	guint end, passed;
	(void)arg;

	for (guint error = 0; error < POWER_ERRORS; error++)
		for (guint for_ever = 0; for_ever < 2; for_ever++) {
			look_at(mine, number, error, for_ever, 0, &end);	/* none fails: how many are there? */
			for (guint n = 1 + number * opts.thin; n <= end; n += opts.thin * opts.jobs)
				look_at(mine, number, error, for_ever, n, &passed);
		}
}

static void died(void *arg, const void *his, int status)
{
	const struct share *share = his;
	(void)arg;

	fail_msg("%s: the process that looked at it died (%d): test_power_errors --one %u %u %u", error_names[share->error],
		 status, share->error, share->for_ever, share->operation);
}

static void every_failure_leaves_what_was_acknowledged(void **state)
{
	const struct apart apart = { work, died, NULL, NULL, opts.jobs, sizeof(struct share) };
	struct share *shares = apart_run(&apart);
	guint failures = 0, found = 0;
	(void)state;

	for (guint i = 0; i < opts.jobs; i++) {
		failures += shares[i].failures;
		found += shares[i].found;
	}
	apart_free(&apart, shares);
	print_message("%u operations failed, %u findings\n", failures, found);
	record("power.errors", failures, found, NULL);
	assert_true(failures > 100 / opts.thin);
	assert_int_equal(found, 0);
}

static void one_failure(void **state)
{
	struct share share = { 0 };
	guint passed;
	(void)state;

	look_at(&share, 0, opts.error, opts.for_ever, opts.operation, &passed);
	print_message("%u operations\n", passed);
	assert_int_equal(share.found, 0);
}

static int all_new(void **state)
{
	(void)state;
	opts.dir = lab_dir();
	opts.conf = lab_conf_of(opts.dir, yaml);
	return 0;
}

static int all_free(void **state)
{
	(void)state;
	hg_conf_unref(opts.conf);
	assert_int_equal(g_rmdir(opts.dir), 0);
	g_free(opts.dir);
	return 0;
}

static guint number_of(const char *text)
{
	return text ? (guint)g_ascii_strtoull(text, NULL, 10) : 0;
}

int main(int argc, char **argv)
{
	all_only_on_sqlite();
	const struct CMUnitTest tests[] = { cmocka_unit_test(every_failure_leaves_what_was_acknowledged) };
	const struct CMUnitTest one[] = { cmocka_unit_test(one_failure) };

	opts.jobs = g_get_num_processors();
	for (int i = 1; i + 1 < argc; i += 2) {
		if (strcmp(argv[i], "--thin") == 0)
			opts.thin = MAX(1, number_of(argv[i + 1]));
		else if (strcmp(argv[i], "--jobs") == 0)
			opts.jobs = MAX(1, number_of(argv[i + 1]));
		else if (strcmp(argv[i], "--one") == 0 && i + 3 < argc) {
			opts.one = TRUE;
			opts.error = MIN(number_of(argv[i + 1]), POWER_ERRORS - 1);
			opts.for_ever = number_of(argv[i + 2]) != 0;
			opts.operation = number_of(argv[i + 3]);
		}
	}
	power_disk_plant();
	return opts.one ? cmocka_run_group_tests(one, all_new, all_free) : cmocka_run_group_tests(tests, all_new, all_free);
}
