/* backup_call.c - POST /v1/backup: the daemon makes a backup of itself, below a directory an admin chose */
#include "backup.h"
#include "long_work.h"

#include <string.h>

#define NAME_MAX_BYTES 64

struct backup {
	char *dir;
	char **configs, **secrets;
	hg_long *work;
};

static void backup_free(void *arg)
{
	struct backup *backup = arg;

	g_free(backup->dir);
	g_strfreev(backup->configs);
	g_strfreev(backup->secrets);
	g_free(backup);
}

static gboolean tell(void *arg, const struct hg_backup_at *at)
{
	return hg_long_tell(arg, hg_backup_stage_word(at->stage), at->done, at->of);
}

static void make(hg_long *work, void *arg, GString *result, GError **error)
{
	struct backup *backup = arg;
	const struct hg_backup_options options = { .dir = backup->dir, .headgate = PACKAGE_VERSION,
		.configs = (const char *const *)backup->configs, .secrets = (const char *const *)backup->secrets,
		.tell = tell, .arg = work };
	hg_store *store = hg_long_open(work, error);
	g_auto(hg_manifest) manifest = { 0 };
	gint64 copied;

	if (store && hg_backup_make(store, &options, &manifest, &copied, error)) {
		hg_json_open(result, '{');
		hg_json_add_str(result, "backup", backup->dir);
		hg_json_add_int(result, "copied", copied);
		hg_json_key(result, "manifest");
		hg_manifest_write(result, &manifest);
		hg_json_close(result, '}');
	}
	hg_long_close(work, store);
}

/* A name is one step below the directory, whatever is in it. */
static gboolean is_name(const char *name)
{
	gsize len = strlen(name);

	return len && len <= NAME_MAX_BYTES && *name != '.' &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == len;
}

/* What it is called; NULL: the call has its error. */
static const char *name_of(struct call *call)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, NAME_MAX_BYTES }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	const char *name = body ? hg_json_str(body, "name") : NULL;

	if (call->error)
		return NULL;
	if (!call->conf->gateway.backup_dir)
		hg_fail(&call->error, HG_ERROR_STATE, "gateway.backup_dir is not set: the daemon makes backups below it and nowhere "
			"else; \"headgatectl backup DIR\" on its machine needs no such directory");
	else if (name && !is_name(name))
		hg_fail(&call->error, HG_ERROR_INPUT, "name must have letters, digits, dots, - and _ only, and begin with no dot");
	return call->error ? NULL : hg_arena_str(call->arena, name ? name : "headgate");
}

static void begin(struct call *call)
{
	struct backup *backup = g_new0(struct backup, 1);

	backup->dir = g_build_filename(call->conf->gateway.backup_dir, call->object, NULL);
	backup->configs = hg_doc_files(call->conf->doc);
	backup->secrets = hg_doc_references(call->conf->doc);
	if (!hg_long_begin(call, make, backup, backup_free))
		hg_call_finish(call);
}

void hg_backup_call(struct call *call)
{
	call->object = name_of(call);
	if (call->object)
		hg_audit_begin(call, begin);
	else
		hg_call_finish(call);
}
