/* manifest.c - what a backup says of itself, as JSON */
#include "backup.h"

#include <string.h>

#include "json.h"
#include "slurp.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define FORMAT "headgate-backup"
#define FORMAT_VERSION 1
#define MANIFEST_MAX (1 << 20)		/* bytes */
#define NAMES_MAX 1000

void hg_manifest_clear(struct hg_manifest *manifest)
{
	g_free(manifest->headgate);
	g_free(manifest->database);
	g_free(manifest->database_sha256);
	g_strfreev(manifest->configs);
	g_strfreev(manifest->config_paths);
	g_strfreev(manifest->secrets);
	*manifest = (struct hg_manifest){ 0 };
}

/* ---- writing ---- */
static void write_database(GString *out, const struct hg_manifest *manifest)
{
	hg_json_key(out, "database");
	hg_json_open(out, '{');
	hg_json_add_str(out, "file", manifest->database);
	hg_json_add_int(out, "bytes", manifest->database_bytes);
	hg_json_add_str(out, "sha256", manifest->database_sha256);
	hg_json_close(out, '}');
}

static void write_files(GString *out, const struct hg_manifest *manifest)
{
	hg_json_key(out, "attachments");
	hg_json_open(out, '{');
	hg_json_add_int(out, "files", manifest->files);
	hg_json_add_int(out, "bytes", manifest->file_bytes);
	hg_json_add_int(out, "missing", manifest->missing);
	hg_json_close(out, '}');
}

static void write_configs(GString *out, const struct hg_manifest *manifest)
{
	hg_json_key(out, "config");
	hg_json_open(out, '[');
	for (guint i = 0; manifest->configs && manifest->configs[i]; i++) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "file", manifest->configs[i]);
		hg_json_add_str(out, "from", manifest->config_paths[i]);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
	hg_json_key(out, "secrets");
	hg_json_open(out, '[');
	for (char **secret = manifest->secrets; secret && *secret; secret++)
		hg_json_put_str(out, *secret);
	hg_json_close(out, ']');
}

void hg_manifest_write(GString *out, const struct hg_manifest *manifest)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "format", FORMAT);
	hg_json_add_int(out, "version", FORMAT_VERSION);
	hg_json_add_str(out, "headgate", manifest->headgate);
	hg_json_add_str(out, "instance", manifest->instance);
	hg_json_add_int(out, "schema", manifest->schema);
	hg_json_add_time(out, "begun", manifest->begun_ms);
	hg_json_add_time(out, "done", manifest->done_ms);
	hg_json_add_time(out, "newest", manifest->newest_ms);
	write_database(out, manifest);
	write_files(out, manifest);
	write_configs(out, manifest);
	hg_json_close(out, '}');
}

/* ---- reading ---- */
static gboolean is_none(GError **error, const char *what)
{
	return hg_fail(error, HG_ERROR_INPUT, "%s: %s", HG_BACKUP_MANIFEST, what);
}

/* A file right here: the manifest may have come from anywhere. */
static gboolean is_plain(const char *name)
{
	return name && *name && *name != '.' && !strpbrk(name, "/\n\t") && strlen(name) < 256 && hg_text_printable(name);
}

static gboolean is_hash(const char *text)
{
	guint8 hash[32];

	return text && hg_unhex(text, hash, sizeof(hash));
}

static gboolean read_time(struct json_object *object, const char *key, gint64 *ret)
{
	const char *text = hg_json_str(object, key);

	*ret = text ? hg_time_parse(text) : 0;
	return *ret >= 0;
}

static gboolean read_database(struct json_object *object, struct hg_manifest *ret)
{
	struct json_object *database = hg_json_obj(object, "database"), *files = hg_json_obj(object, "attachments");
	const char *name = hg_json_str(database, "file"), *sha256 = hg_json_str(database, "sha256");

	if (!is_plain(name) || !g_str_has_suffix(name, ".db") || !is_hash(sha256))
		return FALSE;
	ret->database = g_strdup(name);
	ret->database_sha256 = g_strdup(sha256);
	ret->database_bytes = hg_json_int(database, "bytes", -1);
	ret->files = hg_json_int(files, "files", -1);
	ret->file_bytes = hg_json_int(files, "bytes", -1);
	ret->missing = hg_json_int(files, "missing", 0);
	return ret->database_bytes > 0 && ret->files >= 0 && ret->file_bytes >= 0 && ret->missing >= 0;
}

/* key NULL: texts, else that member of objects; FALSE: one is not there, or too many are. */
static gboolean read_names(struct json_object *list, const char *key, char ***ret)
{
	gsize n = list ? json_object_array_length(list) : 0;

	if (n > NAMES_MAX)
		return FALSE;
	*ret = g_new0(char *, n + 1);
	for (gsize i = 0; i < n; i++) {
		struct json_object *at = json_object_array_get_idx(list, i);
		const char *text = key ? hg_json_str(at, key) :
				   json_object_is_type(at, json_type_string) ? json_object_get_string(at) : NULL;

		if (!text)
			return FALSE;
		(*ret)[i] = g_strdup(text);
	}
	return TRUE;
}

static gboolean read_configs(struct json_object *object, struct hg_manifest *ret)
{
	struct json_object *configs = hg_json_arr(object, "config");

	if (!read_names(configs, "file", &ret->configs) || !read_names(configs, "from", &ret->config_paths) ||
	    !read_names(hg_json_arr(object, "secrets"), NULL, &ret->secrets))
		return FALSE;
	for (char **name = ret->configs; *name; name++)
		if (!is_plain(*name))
			return FALSE;
	return TRUE;
}

static gboolean read_all(struct json_object *object, struct hg_manifest *ret, GError **error)
{
	const char *instance = hg_json_str(object, "instance");

	if (g_strcmp0(hg_json_str(object, "format"), FORMAT) != 0)
		return is_none(error, "this is no backup of headgate's");
	if (hg_json_int(object, "version", 0) != FORMAT_VERSION)
		return is_none(error, "a newer headgate made this backup: restore it with that one");
	if (!instance || strlen(instance) != sizeof(ret->instance) - 1 || !read_database(object, ret) ||
	    !read_configs(object, ret) || !read_time(object, "begun", &ret->begun_ms) ||
	    !read_time(object, "done", &ret->done_ms) || !read_time(object, "newest", &ret->newest_ms))
		return is_none(error, "it is damaged: make the backup again, or take another one");
	g_strlcpy(ret->instance, instance, sizeof(ret->instance));
	ret->headgate = g_strdup(hg_json_str(object, "headgate"));
	ret->schema = (int)CLAMP(hg_json_int(object, "schema", 0), 0, G_MAXINT);
	return TRUE;
}

gboolean hg_manifest_parse(const char *text, gsize len, struct hg_manifest *ret, GError **error)
{
	const struct hg_json_limits limits = { .max_bytes = MANIFEST_MAX };
	g_autoptr(json_object) object = hg_json_parse(text, len, &limits, error);

	*ret = (struct hg_manifest){ 0 };
	if (!object) {
		g_prefix_error(error, "%s: ", HG_BACKUP_MANIFEST);
		return FALSE;
	}
	if (read_all(object, ret, error))
		return TRUE;
	hg_manifest_clear(ret);
	return FALSE;
}

gboolean hg_manifest_read(const char *dir, struct hg_manifest *ret, GError **error)
{
	g_autofree char *path = g_build_filename(dir, HG_BACKUP_MANIFEST, NULL);
	g_autoptr(GString) text = g_string_new(NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	gboolean done;

	*ret = (struct hg_manifest){ 0 };
	if (fd < 0 && errno == ENOENT)
		return hg_fail(error, HG_ERROR_MISSING, "%s is no backup, or one that was not finished: there is no %s in it",
			       dir, HG_BACKUP_MANIFEST);
	if (fd < 0)
		return hg_fail(error, HG_ERROR_DENIED, "%s: %s", path, g_strerror(errno));
	done = hg_slurp(fd, MANIFEST_MAX, "", text, error);
	close(fd);
	return done && hg_manifest_parse(text->str, text->len, ret, error);
}
