/* load.c - finds adapters on disk, refuses what cannot be trusted or does not fit, lends the rest */
#include "load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "desc.h"
#include "fail.h"
#include "log.h"
#include "text.h"

#define SUFFIX	    ".so"
#define VERSION_MAX 20		/* "hg_adapter_v0" to v19 are looked for, to say what was found */

struct hg_loader {
	char *dir;
	GHashTable *taken;		/* name -> const struct hg_adapter; neither is freed */
	GPtrArray *names;		/* strings, NULL-ended; as lent last */
};

/* Code once loaded stays, and so does our view of its table: both belong to the process.  This
 * keeps them reachable, so that a leak checker tells them from what was lost. */
static GMutex kept_lock;
static GHashTable *kept;	/* real file path -> const struct hg_adapter; under kept_lock */

hg_loader *hg_loader_new(const char *dir)
{
	hg_loader *loader = g_new0(hg_loader, 1);

	loader->dir = g_strdup(dir ? dir : HG_ADAPTER_DIR);
	loader->taken = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	loader->names = g_ptr_array_new_with_free_func(g_free);
	return loader;
}

void hg_loader_free(hg_loader *loader)
{
	if (!loader)
		return;
	g_hash_table_destroy(loader->taken);
	g_ptr_array_unref(loader->names);
	g_free(loader->dir);
	g_free(loader);
}

const char *hg_loader_dir(const hg_loader *loader)
{
	return loader->dir;
}

void hg_loader_look_in(hg_loader *loader, const char *dir)
{
	if (strcmp(loader->dir, dir) == 0)
		return;
	g_free(loader->dir);
	loader->dir = g_strdup(dir);
	g_hash_table_remove_all(loader->taken);
}

/* ---- what there is ---- */

static gint by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

const char *const *hg_loader_names(hg_loader *loader)
{
	g_autoptr(GDir) dir = g_dir_open(loader->dir, 0, NULL);
	const char *file;

	g_ptr_array_set_size(loader->names, 0);
	while (dir && (file = g_dir_read_name(dir)) && loader->names->len < HG_ADAPTER_FILES_MAX) {
		g_autofree char *name = NULL;

		if (!g_str_has_suffix(file, SUFFIX))
			continue;
		name = g_strndup(file, strlen(file) - strlen(SUFFIX));
		if (hg_desc_name_ok(name))
			g_ptr_array_add(loader->names, g_steal_pointer(&name));
	}
	g_ptr_array_sort(loader->names, by_name);
	g_ptr_array_add(loader->names, NULL);
	return (const char *const *)loader->names->pdata;
}

static gboolean not_found(hg_loader *loader, const char *name, GError **error)
{
	const char *const *names = hg_loader_names(loader);
	g_autofree char *list = g_strjoinv(", ", (char **)loader->names->pdata);
	const char *near = hg_nearest(name, names);

	if (!*names)
		return hg_fail(error, HG_ERROR_MISSING, "there is no adapter %s; %s holds none at all: is "
			       "gateway.adapter_dir right?", name, loader->dir);
	return hg_fail(error, HG_ERROR_MISSING, "there is no adapter %s in %s; there are: %s%s%s%s", name,
		       loader->dir, list, near ? " (did you mean " : "", near ? near : "", near ? "?)" : "");
}

/* ---- may it be loaded ---- */

/* Loading code is running it as ourselves: whoever can write it, or its directory, is us. */
static gboolean check_owner(const char *path, const struct stat *st, GError **error)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return hg_fail(error, HG_ERROR_DENIED, "%s belongs to user %u: it must be root's or that of "
			       "the daemon's user (%u)", path, st->st_uid, geteuid());
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return hg_fail(error, HG_ERROR_DENIED, "%s may be written by others (mode %04o): run "
			       "chmod go-w on it", path, st->st_mode & 07777);
	return TRUE;
}

static gboolean check_file(hg_loader *loader, const char *name, const char *path, GError **error)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	gboolean read = fd >= 0 && fstat(fd, &st) == 0;
	int err = errno;

	if (fd >= 0)
		close(fd);
	if (!read && err == ENOENT)
		return not_found(loader, name, error);
	if (!read)
		return hg_fail(error, HG_ERROR_DENIED, "%s cannot be read: %s", path, g_strerror(err));
	if (!S_ISREG(st.st_mode))
		return hg_fail(error, HG_ERROR_CONFIG, "%s is no file", path);
	if (!check_owner(path, &st, error))
		return FALSE;
	if (stat(loader->dir, &st) != 0)
		return hg_fail(error, HG_ERROR_DENIED, "%s: %s", loader->dir, g_strerror(errno));
	return check_owner(loader->dir, &st, error);
}

/* ---- loading ---- */

static gboolean no_symbol(void *lib, const char *path, GError **error)
{
	for (int v = 0; v < VERSION_MAX; v++) {
		g_autofree char *symbol = g_strdup_printf("hg_adapter_v%d", v);

		if (dlsym(lib, symbol))
			return hg_fail(error, HG_ERROR_CONFIG, "%s was built for another version of the "
				       "adapter interface (%s; this headgate speaks %s): build it again "
				       "with this headgate's header", path, symbol, HG_ADAPTER_SYMBOL);
	}
	return hg_fail(error, HG_ERROR_CONFIG, "%s is no adapter: it does not export %s", path,
		       HG_ADAPTER_SYMBOL);
}

static const struct hg_adapter *load(const char *name, const char *path, GError **error)
{
	void *lib = dlopen(path, RTLD_NOW | RTLD_LOCAL);
	const struct hg_adapter *desc;
	struct hg_adapter *ours;

	if (!lib) {
		/* NOLINTNEXTLINE(concurrency-mt-unsafe): glibc keeps a text for each thread */
		hg_fail(error, HG_ERROR_CONFIG, "%s cannot be loaded: %s", path, dlerror());
		return NULL;
	}
	desc = dlsym(lib, HG_ADAPTER_SYMBOL);
	if (!desc) {
		no_symbol(lib, path, error);
		dlclose(lib);
		return NULL;
	}
	ours = hg_desc_take(desc, name, error);
	if (!ours) {
		g_prefix_error(error, "%s: ", path);
		dlclose(lib);
		return NULL;
	}
	hg_info(NULL, "adapter.loaded", "%s %s from %s", ours->name, ours->version, path);
	return ours;
}

static const struct hg_adapter *load_once(const char *name, const char *path, GError **error)
{
	const struct hg_adapter *desc;

	g_mutex_lock(&kept_lock);
	if (!kept)
		kept = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	desc = g_hash_table_lookup(kept, path);
	if (!desc) {
		desc = load(name, path, error);
		if (desc)
			g_hash_table_insert(kept, g_strdup(path), (void *)desc);
	}
	g_mutex_unlock(&kept_lock);
	return desc;
}

const struct hg_adapter *hg_loader_get(hg_loader *loader, const char *name, GError **error)
{
	const struct hg_adapter *desc = g_hash_table_lookup(loader->taken, name);
	g_autofree char *file = NULL, *joined = NULL, *path = NULL;

	if (desc)
		return desc;
	if (!hg_desc_name_ok(name)) {
		hg_fail(error, HG_ERROR_CONFIG, "\"%.64s\" cannot be the name of an adapter: a-z, 0-9, _ and -, "
			"32 at most, a letter first", name);
		return NULL;
	}
	file = g_strconcat(name, SUFFIX, NULL);
	joined = g_build_filename(loader->dir, file, NULL);
	path = g_canonicalize_filename(joined, NULL);
	if (!check_file(loader, name, path, error))
		return NULL;
	desc = load_once(name, path, error);
	if (desc)
		g_hash_table_insert(loader->taken, g_strdup(name), (void *)desc);
	return desc;
}

/* ---- for the config reader ---- */

static const struct hg_adapter *finder_find(void *ctx, const char *name, GError **error)
{
	return hg_loader_get(ctx, name, error);
}

static const char *const *finder_names(void *ctx)
{
	return hg_loader_names(ctx);
}

static void finder_look_in(void *ctx, const char *dir)
{
	hg_loader_look_in(ctx, dir);
}

struct hg_adapter_finder hg_loader_finder(hg_loader *loader)
{
	return (struct hg_adapter_finder){ .find = finder_find, .names = finder_names, .ctx = loader,
					   .look_in = finder_look_in };
}
