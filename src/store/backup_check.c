/* backup_check.c - is a backup whole: its sums, and the audit of the database in it */
#include <errno.h>
#include <string.h>

#include "backup_inside.h"
#include "file_sum.h"

#define B_REMEDY "make the backup again, or take another one"

struct check {
	const char *dir;
	struct hg_backup_at at;
	hg_backup_tell *tell;
	void *tell_arg;
	hg_fsck_report *report;
	void *report_arg;
	guint breaches;
	gboolean stopped;
};

static void breach(struct check *check, const char *id)
{
	check->breaches++;
	check->report(check->report_arg, "B1", id, B_REMEDY);
}

static gboolean heard(void *arg, const void *bytes, gsize len)
{
	struct check *check = arg;
	(void)bytes;

	check->at.done += (gint64)len;
	check->stopped = check->tell && !check->tell(check->tell_arg, &check->at);
	return !check->stopped;
}

/* FALSE: stopped. */
static gboolean check_database(struct check *check, const struct hg_manifest *manifest, gboolean *ret_sound)
{
	g_autofree char *path = g_build_filename(check->dir, manifest->database, NULL);
	char hex[65];
	gint64 bytes;
	gboolean whole = hg_file_sum(path, heard, check, hex, &bytes);

	*ret_sound = whole && strcmp(hex, manifest->database_sha256) == 0 && bytes == manifest->database_bytes;
	if (!check->stopped && !*ret_sound)
		breach(check, whole ? "the database is not the one that was kept" : "the database cannot be read");
	return !check->stopped;
}

static void check_configs(struct check *check, const struct hg_manifest *manifest)
{
	for (char **name = manifest->configs; *name; name++) {
		g_autofree char *path = g_build_filename(check->dir, "config", *name, NULL);
		g_autofree char *id = g_strconcat("config/", *name, " is missing", NULL);

		if (!g_file_test(path, G_FILE_TEST_IS_REGULAR))
			breach(check, id);
	}
}

/* What was under way then is judged by the time of then. */
struct then { struct hg_env env; gint64 ms; struct hg_env *now; };

static gint64 then_ms(struct hg_env *env)
{
	return ((struct then *)env)->ms;
}

static gint64 then_mono_ms(struct hg_env *env)
{
	return hg_mono(((struct then *)env)->now);
}

static gboolean check_store(struct check *check, const struct hg_manifest *manifest, struct hg_env *env, GError **error)
{
	g_autofree char *path = g_build_filename(check->dir, manifest->database, NULL);
	g_autofree char *attachments = g_build_filename(check->dir, "attachments", NULL);
	struct then then = { *env, manifest->begun_ms, env };
	g_autoptr(hg_store) store = NULL;
	guint breaches = 0;

	then.env.wall_ms = then_ms;
	then.env.mono_ms = then_mono_ms;
	store = hg_backup_open(path, attachments, &then.env, error);
	if (!store || !hg_store_fsck(store, attachments, check->report, check->report_arg, &breaches, error))
		return FALSE;
	check->breaches += breaches;
	return TRUE;
}

gboolean hg_backup_check(const char *dir, struct hg_env *env, hg_backup_tell *tell, void *tell_arg, hg_fsck_report *report,
			 void *report_arg, struct hg_manifest *ret, guint *ret_breaches, GError **error)
{
	struct check check = { .dir = dir, .tell = tell, .tell_arg = tell_arg, .report = report, .report_arg = report_arg };
	gboolean sound, done;

	if (!hg_manifest_read(dir, ret, error))
		return FALSE;
	check.at = (struct hg_backup_at){ HG_BACKUP_CHECK, 0, ret->database_bytes };
	check_configs(&check, ret);
	done = check_database(&check, ret, &sound) || hg_fail(error, HG_ERROR_BUSY, "stopped");
	/* The audit's questions are those of this program's schema. */
	if (done && sound && ret->schema == hg_schema_newest())
		done = check_store(&check, ret, env, error);
	*ret_breaches = check.breaches;
	if (!done)
		hg_manifest_clear(ret);
	return done;
}
