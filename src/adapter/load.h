/* load.h - finds adapters on disk, refuses what cannot be trusted or does not fit, lends the rest */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "conf.h"

#define HG_ADAPTER_FILES_MAX 256	/* of one directory */

typedef struct hg_loader hg_loader;

/* dir NULL: where this headgate installs its own. */
hg_loader *hg_loader_new(const char *dir);
/* The adapters' code stays mapped until the process ends: a table lent by hg_loader_get() may be
 * used by a config generation that outlives the loader.  NULL is fine. */
void hg_loader_free(hg_loader *loader);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_loader, hg_loader_free)

const char *hg_loader_dir(const hg_loader *loader);
/* Looks there from now on; what is loaded stays. */
void hg_loader_look_in(hg_loader *loader, const char *dir);

/* Loads NAME.so of the directory, once.  The table is a copy of the adapter's with every field this
 * header knows: what an adapter built with an older header does not have is NULL or 0.  It stays
 * valid until the process ends.  NULL with error set: MISSING (with the names there are), DENIED
 * (others could have written the file), CONFIG (no adapter, another version, a table that is
 * wrong). */
const struct hg_adapter *hg_loader_get(hg_loader *loader, const char *name, GError **error);

/* Names of the files there now, sorted, ends with NULL; lent until the next call. */
const char *const *hg_loader_names(hg_loader *loader);

/* For hg_conf_read(); valid as long as the loader. */
struct hg_adapter_finder hg_loader_finder(hg_loader *loader);
