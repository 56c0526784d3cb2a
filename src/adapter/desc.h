/* desc.h - is what an adapter says of itself complete and consistent? */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#define HG_ADAPTER_NAME_MAX    32	/* characters of [a-z0-9_-], a letter first */
#define HG_ADAPTER_CONF_MAX    65536	/* bytes of its conf struct */
#define HG_ADAPTER_OPTIONS_MAX 200
#define HG_ADAPTER_ROUTES_MAX  32
#define HG_ADAPTER_BODY_MAX    (64 * 1024 * 1024)	/* largest max_body of a route */

/* TRUE for a word that may name an adapter (and so, a file). */
gboolean hg_desc_name_ok(const char *name);

/* desc may have fewer or more fields than ours.  Returns our view of it, zeroed where it has none;
 * g_free() it.  NULL with error set (CONFIG): one line that says what its author has to mend. */
struct hg_adapter *hg_desc_take(const struct hg_adapter *desc, const char *name, GError **error);
