/* backup_verb.c - backup, restore: a copy of the store, whether it is whole, and the way back */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "backup.h"
#include "long_run.h"
#include "text.h"

static gboolean tell(void *arg, const struct hg_backup_at *at)
{
	return ctl_long_tell(arg, hg_backup_stage_word(at->stage), at->done, at->of);
}

/* Stopped by hand is partly done: what is there is of use to the next run. */
static int failed(struct ctl *ctl, struct ctl_long *run, const GError *error, const char *go_on)
{
	ctl_long_end(run, go_on);
	if (run->stopped)
		return CTL_PARTLY;
	ctl_say_error(ctl, "%s", error->message);
	return ctl_exit_of(error);
}

/* ---- backup ---- */

static void print_made(const struct ctl *ctl, const char *dir, const struct hg_manifest *manifest, gint64 copied)
{
	g_autofree char *database = ctl_bytes(manifest->database_bytes), *files = ctl_bytes(manifest->file_bytes);
	g_autofree char *safe = ctl_safe(dir, FALSE);
	char begun[HG_TIME_SIZE];

	if (ctl->quiet)
		return;
	printf("%s  database %s, %" G_GINT64_FORMAT " attachments %s (%" G_GINT64_FORMAT " new)\n", safe, database, manifest->files,
	       files, copied);
	printf("all that was acknowledged before %.19s UTC is in it; look at it with: headgatectl backup --verify %s\n",
	       hg_time(manifest->begun_ms, begun), safe);
	if (manifest->secrets && *manifest->secrets)
		printf("not in it are %u secrets: the configuration in it names them\n", g_strv_length(manifest->secrets));
}

static int made(struct ctl *ctl, const char *dir, const struct hg_manifest *manifest, gint64 copied)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (ctl->json) {
		hg_json_open(out, '{');
		hg_json_key(out, "result");
		hg_json_open(out, '{');
		hg_json_add_str(out, "backup", dir);
		hg_json_add_int(out, "copied", copied);
		hg_json_key(out, "manifest");
		hg_manifest_write(out, manifest);
		hg_json_close(out, '}');
		hg_json_close(out, '}');
		ctl_put_json(out->str);
	} else {
		print_made(ctl, dir, manifest, copied);
	}
	if (!manifest->missing)
		return CTL_DONE;
	ctl_say_error(ctl, "%" G_GINT64_FORMAT " attachments were missing or damaged before: \"headgatectl fsck\" names them",
		      manifest->missing);
	return CTL_PARTLY;
}

static int make(struct ctl *ctl, const char *dir, struct ctl_place *place)
{
	g_autofree char *go_on = g_strconcat("headgatectl backup ", dir, NULL);
	g_auto(GStrv) configs = hg_doc_files(place->doc), secrets = hg_doc_references(place->doc);
	struct ctl_long run;
	const struct hg_backup_options options = { .dir = dir, .headgate = PACKAGE_VERSION,
		.configs = (const char *const *)configs, .secrets = (const char *const *)secrets, .tell = tell, .arg = &run };
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_store) store = hg_store_open_reader(&place->options, 0, &error);
	g_auto(hg_manifest) manifest = { 0 };
	gint64 copied;

	ctl_long_begin(&run, ctl);
	if (!store || !hg_backup_make(store, &options, &manifest, &copied, &error))
		return failed(ctl, &run, error, go_on);
	ctl_long_end(&run, go_on);
	return made(ctl, dir, &manifest, copied);
}

/* ---- backup --daemon: the daemon writes, we listen ---- */

struct told { struct ctl *ctl; struct ctl_long run; int code; };

static int code_of_status(gint64 status)
{
	return status == 503 ? CTL_AGAIN : status == 404 ? CTL_MISSING : status == 409 ? CTL_REFUSED : CTL_NO;
}

static void print_result(struct told *told, struct json_object *result)
{
	struct json_object *manifest = hg_json_obj(result, "manifest");
	g_autofree char *dir = ctl_text(result, "backup", "?");
	g_autofree char *database = ctl_bytes(hg_json_int(hg_json_obj(manifest, "database"), "bytes", 0));

	told->code = hg_json_int(hg_json_obj(manifest, "attachments"), "missing", 0) ? CTL_PARTLY : CTL_DONE;
	if (!told->ctl->json && !told->ctl->quiet)
		printf("%s  database %s, %" G_GINT64_FORMAT " attachments, on the daemon's machine\n", dir, database,
		       hg_json_int(hg_json_obj(manifest, "attachments"), "files", 0));
}

static gboolean take_line(void *arg, const char *text)
{
	struct told *told = arg;
	g_autoptr(json_object) line = hg_json_parse(text, strlen(text), NULL, NULL);
	struct json_object *progress = hg_json_obj(line, "progress"), *result = hg_json_obj(line, "result");
	struct json_object *error = hg_json_obj(line, "error");

	if (told->ctl->json)
		ctl_put_json(text);
	if (progress && !told->ctl->json)
		return ctl_long_tell(&told->run, hg_json_str(progress, "stage") ?: "?", hg_json_int(progress, "done", 0),
				     hg_json_int(progress, "of", 0));
	if (result)
		print_result(told, result);
	if (error) {
		ctl_say_error(told->ctl, "%s", hg_json_str(error, "detail") ?: "the daemon could not");
		told->code = code_of_status(hg_json_int(error, "status", 500));
	}
	return !result && !error;
}

static int by_daemon(struct ctl *ctl, const char *name)
{
	g_autoptr(GString) body = g_string_new(NULL);
	g_autofree char *go_on = g_strconcat("headgatectl backup --daemon ", name ?: "", NULL);
	struct told told = { .ctl = ctl, .code = CTL_NO };
	int code;

	hg_json_open(body, '{');
	hg_json_opt_str(body, "name", name);
	hg_json_close(body, '}');
	ctl_long_begin(&told.run, ctl);
	code = ctl_stream_post(ctl, "/v1/backup", body->str, take_line, &told);
	ctl_long_end(&told.run, go_on);
	return told.run.stopped ? CTL_PARTLY : code != CTL_DONE ? code : told.code;
}

/* ---- backup --verify ---- */

struct verifying { struct ctl *ctl; GString *json; };

static void print_breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	struct verifying *verifying = arg;
	g_autofree char *safe = ctl_safe(id, FALSE);

	if (!verifying->ctl->json) {
		printf("%s  %s  %s\n", invariant, safe, remedy);
		return;
	}
	hg_json_open(verifying->json, '{');
	hg_json_add_str(verifying->json, "invariant", invariant);
	hg_json_add_str(verifying->json, "id", id);
	hg_json_add_str(verifying->json, "remedy", remedy);
	hg_json_close(verifying->json, '}');
}

static void verified(const struct verifying *verifying, const char *dir, const struct hg_manifest *manifest, guint breaches)
{
	g_autofree char *safe = ctl_safe(dir, FALSE);
	char begun[HG_TIME_SIZE];

	if (verifying->ctl->json) {
		g_autoptr(GString) out = g_string_new("{");

		g_string_append_printf(out, "\"breaches\":[%s],\"count\":%u,\"manifest\":", verifying->json->str, breaches);
		hg_manifest_write(out, manifest);
		g_string_append_c(out, '}');
		ctl_put_json(out->str);
	} else if (!verifying->ctl->quiet) {
		printf("%s  of %.19s UTC, headgate %s, schema %d: %s\n", safe, hg_time(manifest->begun_ms, begun),
		       manifest->headgate ?: "?", manifest->schema, breaches ? "not whole" : "whole");
	}
}

static int verify(struct ctl *ctl, const char *dir)
{
	g_autofree char *go_on = g_strconcat("headgatectl backup --verify ", dir, NULL);
	g_autoptr(GString) json = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct verifying verifying = { ctl, json };
	g_auto(hg_manifest) manifest = { 0 };
	struct ctl_long run;
	guint breaches;

	ctl_long_begin(&run, ctl);
	if (!hg_backup_check(dir, hg_env_system(), tell, &run, print_breach, &verifying, &manifest, &breaches, &error))
		return failed(ctl, &run, error, go_on);
	ctl_long_end(&run, go_on);
	verified(&verifying, dir, &manifest, breaches);
	return breaches ? CTL_NO : CTL_DONE;
}

static int backup(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "DIR");
	g_autofree char *dir = name ? g_canonicalize_filename(name, NULL) : NULL;
	struct ctl_place place;
	int code;

	if (ctl_given(ctl, "daemon") && ctl_given(ctl, "verify"))
		return ctl_usage(ctl, "--verify looks at a directory here, --daemon makes one there: one of them is wanted");
	if (ctl_given(ctl, "daemon"))
		return by_daemon(ctl, name);
	if (!dir)
		return ctl_usage(ctl, "DIR is wanted: the directory that the backup is made in");
	if (ctl_given(ctl, "verify"))
		return verify(ctl, dir);
	code = ctl_place_read(ctl, &place) ? make(ctl, dir, &place) : CTL_CONFIG;
	ctl_place_clear(&place);
	return code;
}

const struct ctl_verb ctl_verb_backup = {
	.name = "backup", .help = "copy the store, while the daemon works, or look whether a copy is whole", .run = backup,
	.args = CTL_PARAMS({ "DIR", CTL_DIR, .help = "where it is made; again it costs what is new", .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "verify", CTL_FLAG, .help = "make none: check all sums of the one in DIR, and audit its database" },
			      { "daemon", CTL_FLAG, .help = "the daemon makes it, below its gateway.backup_dir; DIR is a name there [headgate]" }),
	.more = "Kept are the database, attachments, and the files of the configuration: no secrets, but their names. All that was "
		"acknowledged before it began is in it.\n\n"
		"The directory is as private as the store. What was interrupted goes on with the same command; the backup before it "
		"stays whole until the new one is.",
	.exits = "0 done and whole, 1 not whole, 4 there is no backup in DIR, 5 the store is no file but PostgreSQL's, 6 stopped by "
		 "Ctrl-C, or attachments were missing, 75 another one is under way, 78 others may look into DIR, or other things are in it",
	.example = "backup /var/backups/headgate\nbackup --verify /var/backups/headgate",
};

/* ---- restore ---- */

static void print_restored(const struct ctl *ctl, const struct ctl_place *place, const struct hg_restored *restored)
{
	g_autofree char *path = ctl_safe(place->store.path, FALSE), *aside = ctl_safe(restored->aside, FALSE);
	g_auto(GStrv) erased = g_strsplit(restored->erased ?: "", " ", -1);

	if (ctl->quiet)
		return;
	printf("%s is restored, with %" G_GINT64_FORMAT " attachments that were not there\n", path, restored->copied);
	if (restored->in_doubt)
		printf("%" G_GINT64_FORMAT " messages and events waited to be sent then and may have been sent since: they are asked "
		       "about, looked up, or wait for you in \"headgatectl outbox --state unknown\"\n", restored->in_doubt);
	if (*erased)
		printf("erased since that backup, and there again; erase them once more when headgated runs:\n");
	for (char **id = erased; *id; id++)
		printf("  headgatectl contact erase %s\n", *id);
	if (restored->aside)
		printf("what was there is %s; to undo this, stop headgated and: mv %s %s\n", aside, aside, path);
	printf("look at it with: headgatectl db check; then start headgated\n");
}

static void print_restored_json(const struct ctl_place *place, const struct hg_restored *restored)
{
	g_auto(GStrv) erased = g_strsplit(restored->erased ?: "", " ", -1);
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "result");
	hg_json_open(out, '{');
	hg_json_add_str(out, "store", place->store.path);
	hg_json_opt_str(out, "aside", restored->aside);
	hg_json_add_int(out, "in_doubt", restored->in_doubt);
	hg_json_add_int(out, "copied", restored->copied);
	hg_json_add_int(out, "missing", restored->missing);
	hg_json_key(out, "erased");
	hg_json_open(out, '[');
	for (char **id = erased; *id; id++)
		hg_json_put_str(out, *id);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static gboolean there_is_one(const struct ctl_place *place)
{
	struct stat st;

	return stat(place->store.path, &st) == 0 && st.st_size > 0;
}

static void free_restored(struct hg_restored *restored)
{
	g_free(restored->aside);
	g_free(restored->erased);
}

static int restore_from(struct ctl *ctl, const char *dir, const struct ctl_place *place)
{
	g_autofree char *go_on = g_strconcat("headgatectl restore ", dir, NULL);
	struct ctl_long run;
	const struct hg_restore_options options = { .dir = dir, .store = &place->options, .replace = there_is_one(place),
		.nothing_sent = ctl_given(ctl, "as-is"), .tell = tell, .arg = &run };
	g_autoptr(GError) error = NULL;
	struct hg_restored restored;
	gboolean done;

	ctl_long_begin(&run, ctl);
	done = hg_restore(&options, &restored, &error);
	if (!done) {
		free_restored(&restored);
		return failed(ctl, &run, error, go_on);
	}
	ctl_long_end(&run, go_on);
	if (ctl->json)
		print_restored_json(place, &restored);
	else
		print_restored(ctl, place, &restored);
	if (restored.missing)
		ctl_say_error(ctl, "%" G_GINT64_FORMAT " attachments were not in the backup, or damaged: \"headgatectl db check\" names "
			      "them", restored.missing);
	free_restored(&restored);
	return restored.missing ? CTL_PARTLY : CTL_DONE;
}

static int restore(struct ctl *ctl)
{
	g_autofree char *dir = g_canonicalize_filename(ctl_value(ctl, "DIR"), NULL);
	struct ctl_place place;
	int code = CTL_CONFIG;

	if (!ctl_place_read(ctl, &place))
		;
	else if (there_is_one(&place) && !ctl_may(ctl, "There is a store at %s. It is put aside, under another name beside it.",
						  place.store.path))
		code = ctl->exit;
	else
		code = restore_from(ctl, dir, &place);
	ctl_place_clear(&place);
	return code;
}

const struct ctl_verb ctl_verb_restore = {
	.name = "restore", .help = "put a backup in the place of the store, while no daemon runs", .run = restore, .asks = TRUE,
	.args = CTL_PARAMS({ "DIR", CTL_DIR, .help = "the backup" }),
	.options = CTL_PARAMS({ "as-is", CTL_FLAG, .help = "nothing was sent since the backup was made, as when a store moves to another machine" }),
	.more = "Where the store is says the configuration; the one in the backup is for you to look at, and not put in place. What "
		"waited to be sent when the backup was made may have been sent since: unless --as-is is given, it is treated like "
		"what a crash interrupted, so that nobody gets it twice.\n\n"
		"Providers and helpdesks may deliver again what they have told since: what is known is not taken twice. What was "
		"erased since has to be erased again, and tokens revoked since have to be revoked again.",
	.exits = "0 done, 1 the backup is not whole, 4 there is none in DIR, 5 there is a store and --yes was not given, or it is to "
		 "be PostgreSQL's, 6 stopped, or attachments are missing, 78 a daemon runs, or a newer headgate made the backup",
	.example = "restore /var/backups/headgate",
};
