/* test_backup.c - a backup is of one moment and whole, or says that it is not; and a restore ends with the old store or
 * the new one, wherever it is killed */
#include "store_fixture.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "backup.h"

/* ---- a store with files, and a place for backups ---- */
typedef struct place { char *backup, *config; } place;	/* ours */

static place place_of(struct world *w)
{
	place p = { g_build_filename(w->dir, "backup", NULL), g_build_filename(w->dir, "headgate.yaml", NULL) };

	assert_true(g_file_set_contents(p.config, "config_version: 1\n", -1, NULL));
	return p;
}

static void place_free(place *p)
{
	g_free(p->backup);
	g_free(p->config);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(place, place_free)

static char *a_file(struct world *w, const hg_message *message, const char *text)
{
	hg_attachment a = { .message_n = message->n, .state = HG_FILE_STORED, .name = "a.txt", .type = "text/plain" };
	char *sha256 = g_malloc(65);
	hg_upload *upload;

	must((upload = hg_upload_new(w->options.attachments, e)));
	must(hg_upload_write(upload, text, strlen(text), e));
	must(hg_upload_finish(upload, sha256, &a.bytes, e));
	a.sha256 = sha256;
	hg_id_new(&test_env, "att", a.id);
	must(hg_store_attachment_add(w->store, &a, e));
	return sha256;
}

/* Some conversations with files, large enough for several steps of the copy. */
static void fill(struct world *w, guint threads)
{
	g_autofree char *big = g_strnfill(20000, 'x');
	gint64 raw_n;

	in_txn(w, for (guint i = 0; i < threads; i++) {
		hg_thread *thread = a_thread(w, a_contact(w, "Ana"), "");
		g_autofree char *text = g_strdup_printf("file %u of %s", i, thread->id);

		must(hg_store_raw_add(w->store, "wa", "webhook", test_now_ms, big, strlen(big), &raw_n, e));
		g_free(a_file(w, a_message(w, thread, HG_INBOUND, big), text));
		an_event(w, thread, "message.received");
	});
}

static hg_store *reader_of(struct world *w)
{
	hg_store *reader;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	return reader;
}

static gboolean backup(struct world *w, const char *dir, hg_backup_tell *tell, void *arg, struct hg_manifest *ret, gint64 *ret_copied,
		       GError **error)
{
	g_autofree char *config = g_build_filename(w->dir, "headgate.yaml", NULL);
	const char *const configs[] = { config, NULL }, *const secrets[] = { "env:TOKEN", NULL };
	const struct hg_backup_options options = { dir, "1.2.3", configs, secrets, tell, arg };
	g_autoptr(hg_store) reader = reader_of(w);
	gint64 copied;

	return hg_backup_make(reader, &options, ret, ret_copied ? ret_copied : &copied, error);
}

static struct said { guint many; char first[400]; } said;

static void note(void *arg, const char *invariant, const char *id, const char *remedy)
{
	(void)arg;
	if (!said.many++)
		g_snprintf(said.first, sizeof(said.first), "%s %s: %s", invariant, id, remedy);
}

static guint check(const char *dir)
{
	g_auto(hg_manifest) manifest = { 0 };
	guint breaches = 99;

	said = (struct said){ 0 };
	must(hg_backup_check(dir, &test_env, NULL, NULL, note, NULL, &manifest, &breaches, e));
	assert_int_equal(breaches, said.many);
	return breaches;
}

/* Another store's place beside the first. */
static struct hg_store_options elsewhere(struct world *w)
{
	struct hg_store_options options = w->options;

	options.path = g_build_filename(w->dir, "other", "headgate.db", NULL);
	options.attachments = g_build_filename(w->dir, "other", "attachments", NULL);
	return options;
}

static void elsewhere_free(struct hg_store_options *options)
{
	g_free((char *)options->path);
	g_free((char *)options->attachments);
}

static gboolean restore(const char *dir, const struct hg_store_options *to, gboolean replace, gboolean nothing_sent,
			struct hg_restored *ret, GError **error)
{
	const struct hg_restore_options options = { .dir = dir, .store = to, .replace = replace, .nothing_sent = nothing_sent };

	return hg_restore(&options, ret, error);
}

static void differs(void *arg, const struct hg_store_difference *d)
{
	(void)arg;
	fail_msg("%s %s %s: %s, %s", d->table, d->row, d->column ?: "", d->was ?: "NULL", d->is ?: "NULL");
}

static guint audit(hg_store *store)
{
	guint breaches = 99;

	said = (struct said){ 0 };
	must(hg_store_fsck(store, hg_store_attachments(store), note, NULL, &breaches, e));
	return breaches;
}

/* ---- there and back ---- */
static void what_is_restored_is_what_was_kept_row_by_row(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	struct hg_store_options to = elsewhere(w);
	g_autoptr(hg_store) again = NULL;
	struct hg_restored restored;
	gint64 copied;
	guint n = 99;

	fill(w, 20);
	must(backup(w, p.backup, NULL, NULL, &manifest, &copied, e));
	assert_int_equal(copied, 20);
	assert_int_equal(manifest.files, 20);
	assert_int_equal(manifest.missing, 0);
	assert_int_equal(manifest.schema, hg_store_schema(w->store));
	assert_string_equal(manifest.secrets[0], "env:TOKEN");
	if (check(p.backup))
		fail_msg("%s", said.first);
	must(restore(p.backup, &to, FALSE, TRUE, &restored, e));
	assert_null(restored.aside);
	assert_int_equal(restored.copied, 20);
	must((again = hg_store_open(&to, e)));
	if (audit(again))
		fail_msg("%s", said.first);
	must(hg_store_compare(w->store, again, differs, NULL, &n, e));
	assert_int_equal(n, 0);
	assert_memory_equal(hg_store_instance_key(w->store), hg_store_instance_key(again), 32);
	elsewhere_free(&to);
}

static void a_backup_tells_nobody_what_is_in_it(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	g_autofree char *database = NULL, *config = NULL, *text = NULL;
	struct stat st;

	fill(w, 1);
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	database = g_build_filename(p.backup, manifest.database, NULL);
	config = g_build_filename(p.backup, "config", "1-headgate.yaml", NULL);
	assert_int_equal(stat(p.backup, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0700);
	assert_int_equal(stat(database, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(stat(config, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_true(g_file_get_contents(config, &text, NULL, NULL));
	assert_string_equal(text, "config_version: 1\n");
	/* Where others may look in already, none is made. */
	g_chmod(p.backup, 0755);
	hg_manifest_clear(&manifest);
	must_fail(HG_ERROR_CONFIG, backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
}

/* ---- while others write ---- */
struct meanwhile { struct world *w; gint64 told, before; };

static gboolean write_meanwhile(void *arg, const struct hg_backup_at *at)
{
	struct meanwhile *meanwhile = arg;

	if (at->stage == HG_BACKUP_DATABASE && at->done < at->of) {
		assert_true(meanwhile->told++ < 100);	/* begun anew each time, it would never end */
		fill(meanwhile->w, 2);
		hg_store_tend(meanwhile->w->store, HG_LOAD_NONE);	/* and copies its log back */
	}
	return TRUE;
}

static void a_backup_is_of_one_moment_whatever_is_written_meanwhile(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	struct meanwhile meanwhile = { .w = w };
	struct hg_store_options to = elsewhere(w);
	g_autoptr(hg_store) again = NULL;
	struct hg_store_stats was, is;
	struct hg_restored restored;

	fill(w, 150);
	must(hg_store_stats(w->store, &was, e));
	must(backup(w, p.backup, write_meanwhile, &meanwhile, &manifest, NULL, e));
	assert_true(meanwhile.told > 2);
	if (check(p.backup))
		fail_msg("%s", said.first);
	must(restore(p.backup, &to, FALSE, FALSE, &restored, e));
	must((again = hg_store_open(&to, e)));
	must(hg_store_stats(again, &is, e));
	assert_int_equal(is.messages, was.messages);
	assert_int_equal(is.threads, was.threads);
	must(hg_store_stats(w->store, &is, e));
	assert_int_equal(is.messages, was.messages + 2 * meanwhile.told);
	assert_int_equal(audit(again), 0);
	elsewhere_free(&to);
}

static gboolean erase_meanwhile(void *arg, const struct hg_backup_at *at)
{
	struct meanwhile *meanwhile = arg;

	if (at->stage == HG_BACKUP_FILES && !meanwhile->told++) {
		g_autofree char *command = g_strdup_printf("rm -r %s/[0-9a-f][0-9a-f]", meanwhile->w->options.attachments);

		assert_int_equal(system(command), 0);		/* NOLINT: a test's own directory */
		world_plant(meanwhile->w, "UPDATE attachment SET state = 3, sha256 = NULL");
	}
	return TRUE;
}

static void what_is_erased_meanwhile_makes_it_begin_again(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	struct meanwhile meanwhile = { .w = w };

	fill(w, 5);
	must(backup(w, p.backup, erase_meanwhile, &meanwhile, &manifest, NULL, e));
	assert_int_equal(manifest.missing, 0);
	assert_int_equal(manifest.files, 0);
	if (check(p.backup))
		fail_msg("%s", said.first);
}

static void what_was_lost_before_is_said_and_does_not_stop_it(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	g_autofree char *lost = NULL, *changed = NULL, *lost_path = NULL, *changed_path = NULL;
	hg_message *message;

	fill(w, 3);
	in_txn(w, message = a_message(w, a_thread(w, a_contact(w, "Bo"), ""), HG_INBOUND, "");
	       lost = a_file(w, message, "lost"); changed = a_file(w, message, "changed"));
	lost_path = hg_attachment_path(w->options.attachments, lost);
	changed_path = hg_attachment_path(w->options.attachments, changed);
	assert_int_equal(unlink(lost_path), 0);
	assert_true(g_file_set_contents(changed_path, "CHANGED", -1, NULL));
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	assert_int_equal(manifest.files, 3);
	assert_int_equal(manifest.missing, 2);
	assert_int_equal(check(p.backup), 2);
	assert_non_null(strstr(said.first, "I13 att_"));
}

/* ---- again, and stopped ---- */
static guint files_below(const char *dir)
{
	g_autofree char *command = g_strdup_printf("find %s -type f -name '*[0-9a-f][0-9a-f][0-9a-f]' | wc -l", dir), *out = NULL;
	const char *argv[] = { "/bin/sh", "-c", command, NULL };

	assert_true(g_spawn_sync(NULL, (char **)argv, NULL, 0, NULL, NULL, &out, NULL, NULL, NULL));
	return (guint)g_ascii_strtoull(out, NULL, 10);
}

static void again_it_costs_what_is_new_and_keeps_nothing_that_is_gone(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) first = { 0 }, second = { 0 };
	g_autofree char *old = NULL;
	gint64 copied;

	fill(w, 6);
	must(backup(w, p.backup, NULL, NULL, &first, NULL, e));
	fill(w, 2);
	world_plant(w, "UPDATE attachment SET state = 3, sha256 = NULL WHERE n <= 4");
	test_now_ms += 60000;
	must(backup(w, p.backup, NULL, NULL, &second, &copied, e));
	assert_int_equal(copied, 2);
	assert_int_equal(second.files, 4);
	assert_int_equal(files_below(p.backup), 4);
	old = g_build_filename(p.backup, first.database, NULL);
	assert_false(g_file_test(old, G_FILE_TEST_EXISTS));
	if (check(p.backup))
		fail_msg("%s", said.first);
}

struct stop { guint at, told; };

static gboolean stop_at(void *arg, const struct hg_backup_at *at)
{
	struct stop *stop = arg;
	(void)at;

	return stop->told++ < stop->at;
}

static void stopped_anywhere_it_leaves_the_one_before(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) first = { 0 }, kept = { 0 };
	struct stop stop = { 0 };
	gboolean done = FALSE;

	fill(w, 30);
	must(backup(w, p.backup, NULL, NULL, &first, NULL, e));
	fill(w, 30);
	for (guint i = 0; !done; i++) {
		g_auto(hg_manifest) manifest = { 0 };
		g_autoptr(GError) error = NULL;

		test_now_ms += 1000;
		stop = (struct stop){ .at = i };
		done = backup(w, p.backup, stop_at, &stop, &manifest, NULL, &error);
		if (done)
			break;
		assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_BUSY));
		must(hg_manifest_read(p.backup, &kept, e));
		assert_string_equal(kept.database, first.database);
		hg_manifest_clear(&kept);
		assert_int_equal(check(p.backup), 0);
	}
	assert_true(stop.told > 30);
	assert_int_equal(check(p.backup), 0);
}

/* ---- damage ---- */
static void spoil(const char *path, long at)
{
	FILE *file = fopen(path, "r+b");
	int c;

	assert_non_null(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	c = fgetc(file);
	assert_int_equal(fseek(file, at, SEEK_SET), 0);
	fputc(c ^ 1, file);
	fclose(file);
}

static void each_damage_to_a_backup_is_found_and_none_is_restored(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 }, none = { 0 };
	struct hg_store_options to = elsewhere(w);
	g_autofree char *database = NULL, *config = NULL, *text = NULL, *path = g_build_filename(p.backup, HG_BACKUP_MANIFEST, NULL);
	struct hg_restored restored;
	guint n;

	fill(w, 3);
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	database = g_build_filename(p.backup, manifest.database, NULL);
	config = g_build_filename(p.backup, "config", "1-headgate.yaml", NULL);
	assert_int_equal(check(p.backup), 0);
	spoil(database, 5000);
	assert_int_equal(check(p.backup), 1);
	assert_non_null(strstr(said.first, "B1 the database"));
	must_fail(HG_ERROR_INPUT, restore(p.backup, &to, FALSE, FALSE, &restored, e));
	assert_false(g_file_test(to.path, G_FILE_TEST_EXISTS));
	spoil(database, 5000);
	assert_int_equal(check(p.backup), 0);
	g_unlink(config);
	assert_int_equal(check(p.backup), 1);
	assert_true(g_file_get_contents(path, &text, NULL, NULL));
	g_unlink(path);
	must_fail(HG_ERROR_MISSING, hg_backup_check(p.backup, &test_env, NULL, NULL, note, NULL, &none, &n, e));
	must_fail(HG_ERROR_MISSING, restore(p.backup, &to, FALSE, FALSE, &restored, e));
	assert_true(g_file_set_contents(path, "{}", -1, NULL));
	must_fail(HG_ERROR_INPUT, restore(p.backup, &to, FALSE, FALSE, &restored, e));
	elsewhere_free(&to);
}

static void manifests_from_anywhere_name_nothing_outside(void **state)
{
	static const char good[] = "{\"format\":\"headgate-backup\",\"version\":1,\"headgate\":\"1\",\"instance\":\"0123456789abcdef\",\"schema\":1,"
		"\"begun\":null,\"done\":null,\"newest\":null,\"database\":{\"file\":\"%s\",\"bytes\":1,\"sha256\":\"%s\"},"
		"\"attachments\":{\"files\":0,\"bytes\":0,\"missing\":0},\"config\":[{\"file\":\"%s\",\"from\":\"/x\"}],\"secrets\":[]}";
	g_autofree char *hash = g_strnfill(64, 'a');
	const struct { const char *database, *hash, *config; gboolean fine; } cases[] = {
		{ "headgate-1.db", hash, "1-headgate.yaml", TRUE },
		{ "../headgate.db", hash, "1-a", FALSE }, { "/etc/x.db", hash, "1-a", FALSE }, { ".db", hash, "1-a", FALSE },
		{ "", hash, "1-a", FALSE }, { "passwd", hash, "1-a", FALSE }, { "a\\nb.db", hash, "1-a", FALSE },
		{ "a.db", "12", "1-a", FALSE }, { "a.db", hash, "../1-a", FALSE }, { "a.db", hash, "", FALSE },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *text = g_strdup_printf(good, cases[i].database, cases[i].hash, cases[i].config);
		g_auto(hg_manifest) manifest = { 0 };

		if (cases[i].fine)
			must(hg_manifest_parse(text, strlen(text), &manifest, e));
		else
			must_fail(HG_ERROR_INPUT, hg_manifest_parse(text, strlen(text), &manifest, e));
	}
}

/* ---- restoring ---- */
static void a_store_that_is_there_is_put_aside_only_when_that_is_said(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	struct hg_restored restored;

	fill(w, 2);
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	must_fail(HG_ERROR_CONFIG, restore(p.backup, &w->options, TRUE, FALSE, &restored, e));	/* it is open: a daemon runs */
	fill(w, 3);
	hg_store_close(g_steal_pointer(&w->store));
	must_fail(HG_ERROR_STATE, restore(p.backup, &w->options, FALSE, FALSE, &restored, e));
	must(restore(p.backup, &w->options, TRUE, FALSE, &restored, e));
	assert_true(g_str_has_prefix(restored.aside, w->options.path));
	must((w->store = hg_store_open(&w->options, e)));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM message"), 2);
	hg_store_close(g_steal_pointer(&w->store));
	/* The way back from it is a change of names. */
	assert_int_equal(g_rename(restored.aside, w->options.path), 0);
	must((w->store = hg_store_open(&w->options, e)));
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM message"), 5);
	g_free(restored.aside);
}

static void a_backup_of_a_newer_headgate_is_refused(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	g_autofree char *path = g_build_filename(p.backup, HG_BACKUP_MANIFEST, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	struct hg_store_options to = elsewhere(w);
	struct hg_restored restored;

	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	manifest.schema++;
	hg_manifest_write(text, &manifest);
	assert_true(g_file_set_contents(path, text->str, -1, NULL));
	must_fail(HG_ERROR_CONFIG, restore(p.backup, &to, FALSE, FALSE, &restored, e));
	elsewhere_free(&to);
}

static void to_tell(struct world *w)
{
	hg_event event = { .type = "contact.unmerged", .at_ms = test_now_ms, .data = "{}" };
	hg_job job = { .target = HG_TO_BACKEND, .name = "desk", .lane = "thr", .due_ms = T0, .file = -1 };

	hg_id_new(&test_env, "evt", event.id);
	must(hg_store_event_add(w->store, &event, e));
	job.event_n = event.n;
	must(hg_store_job_add(w->store, &job, e));
}

static void what_waited_may_have_been_sent_since(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	struct hg_store_options to = elsewhere(w);
	struct hg_restored restored;
	g_autoptr(hg_store) again = NULL;
	hg_job *job;

	in_txn(w, a_job(w, HG_TO_CHANNEL, "wa", "thr", T0); a_job(w, HG_TO_CHANNEL, "wa", "thr", T0);
	       to_tell(w); a_job(w, HG_TO_UNPACK, "mail", "box", T0));
	test_now_ms += 5000;
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	must(restore(p.backup, &to, FALSE, FALSE, &restored, e));
	assert_int_equal(restored.in_doubt, 3);
	must((again = hg_store_open(&to, e)));
	for (gint64 n = 1; n <= 2; n++) {
		must(hg_store_job_get(again, w->arena, n, &job, e));
		assert_int_equal(job->state, HG_JOB_SENDING);
		assert_int_equal(job->changed_ms, T0 + 5000);
	}
	must(hg_store_job_get(again, w->arena, 3, &job, e));
	assert_int_equal(job->state, HG_JOB_DUE);
	assert_int_equal(job->doubt_ms, T0 + 5000);
	must(hg_store_job_get(again, w->arena, 4, &job, e));
	assert_int_equal(job->state, HG_JOB_DUE);
	assert_int_equal(job->doubt_ms, 0);
	assert_int_equal(audit(again), 0);
	elsewhere_free(&to);
}

/* ---- killed ---- */
static guint kill_at, steps;	/* 0: never */

static void step(void)
{
	if (kill_at && ++steps == kill_at)
		_exit(42);
}

int __real_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to);
int __wrap_rename(const char *from, const char *to)
{
	step();
	return __real_rename(from, to);
}

int __real_unlink(const char *path);
int __wrap_unlink(const char *path);
int __wrap_unlink(const char *path)
{
	step();
	return __real_unlink(path);
}

/* TRUE: it was killed before it was done. */
static gboolean killed_at(guint at, const char *dir, const struct hg_store_options *to)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct hg_restored restored;

		kill_at = at;
		_exit(restore(dir, to, TRUE, TRUE, &restored, NULL) ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 1);
	return WEXITSTATUS(status) == 42;
}

static gint64 messages_in(const struct hg_store_options *at, gboolean *ret_refused)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_store) store = hg_store_open(at, &error);
	struct hg_store_stats stats;

	*ret_refused = !store;
	if (store) {
		must(hg_store_stats(store, &stats, e));
		return stats.messages;
	}
	assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_CONFIG));
	assert_non_null(strstr(error->message, "restore"));
	return -1;
}

/* Databases put aside. */
static guint asides(const char *dir)
{
	g_autoptr(GDir) list = g_dir_open(dir, 0, NULL);
	const char *name;
	guint n = 0;

	while ((name = g_dir_read_name(list)))
		n += strstr(name, ".db-before-") && !g_str_has_suffix(name, "-wal");
	return n;
}

/* The store had two messages; the backup has seven. */
static void killed_anywhere_the_store_is_the_old_or_the_new_one(void **state)
{
	struct world *w = *state;
	g_auto(place) p = place_of(w);
	g_auto(hg_manifest) manifest = { 0 };
	guint refusals = 0, olds = 0, news = 0;
	gboolean killed = TRUE;

	fill(w, 7);
	must(backup(w, p.backup, NULL, NULL, &manifest, NULL, e));
	for (guint i = 1; killed; i++) {
		g_autofree char *dir = g_strdup_printf("%s/kill%u", w->dir, i), *path = g_build_filename(dir, "headgate.db", NULL);
		g_autofree char *files = g_build_filename(dir, "attachments", NULL);
		struct world old = { .options = { .driver = "sqlite", .path = path, .attachments = files, .env = &test_env }, .arena = w->arena };
		struct hg_restored restored;
		gboolean refused;
		gint64 n;

		must((old.store = hg_store_open(&old.options, e)));
		fill(&old, 2);
		hg_store_close(old.store);
		killed = killed_at(i, p.backup, &old.options);
		n = messages_in(&old.options, &refused);
		if (refused || n == 2) {
			refusals += refused;
			olds += !refused;
			must(restore(p.backup, &old.options, TRUE, TRUE, &restored, e));
			g_free(restored.aside);
			n = messages_in(&old.options, &refused);
		} else {
			news++;
		}
		assert_int_equal(n, 7);
		assert_int_equal(asides(dir), 1);
	}
	assert_true(refusals >= 2 && olds >= 2 && news >= 1);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	all_only_on_sqlite();
	const struct CMUnitTest tests[] = {
		store_test(what_is_restored_is_what_was_kept_row_by_row),
		store_test(a_backup_tells_nobody_what_is_in_it),
		store_test(a_backup_is_of_one_moment_whatever_is_written_meanwhile),
		store_test(what_is_erased_meanwhile_makes_it_begin_again),
		store_test(what_was_lost_before_is_said_and_does_not_stop_it),
		store_test(again_it_costs_what_is_new_and_keeps_nothing_that_is_gone),
		store_test(stopped_anywhere_it_leaves_the_one_before),
		store_test(each_damage_to_a_backup_is_found_and_none_is_restored),
		cmocka_unit_test(manifests_from_anywhere_name_nothing_outside),
		store_test(a_store_that_is_there_is_put_aside_only_when_that_is_said),
		store_test(a_backup_of_a_newer_headgate_is_refused),
		store_test(what_waited_may_have_been_sent_since),
		store_test(killed_anywhere_the_store_is_the_old_or_the_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
