/* rows.h - a configuration as rows: each key, what stands there, and where that is said
 *
 * Made of the document as it is written: secrets are references here, never what they refer to.  What stands where a
 * reference should is not shown.  Rows are lent from document and tables: they live as long as both. */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>
#include "node.h"

struct hg_conf_row {
	char *key;			/* "channels.wa-main.phone_number_id" */
	const struct hg_option *option;	/* NULL: no table describes it (rules, queues), or nobody knows it */
	const hg_node *node;		/* what the file says; NULL: nothing, the default holds */
	const char *part;		/* of which section it is: "gateway", "channels"; "" of the top level */
};

/* Options of an adapter, NULL when there is none of that name.  Lent. */
typedef const struct hg_option *hg_conf_adapter_fn(void *ctx, const char *adapter);

/* Of struct hg_conf_row, in the order of the tables; names of channels and so on in the file's.  all: also what the
 * file does not say, with its default in the option. */
GPtrArray *hg_conf_rows(const hg_node *root, gboolean all, hg_conf_adapter_fn *adapter, void *ctx);
/* Keys that are written otherwise in new than in old, or in one of them only; their secrets are compared by what refers to
 * them.  Sorted; of char *, yours. */
GPtrArray *hg_conf_rows_changed(const hg_node *old, const hg_node *new, hg_conf_adapter_fn *adapter, void *ctx);
/* The row as a JSON object: key, value, what it is by default (default: true) or in which file and line. */
void hg_conf_row_json(const struct hg_conf_row *row, GString *out);
/* Its value as JSON; "null" where there is neither value nor default.  Yours. */
char *hg_conf_row_value(const struct hg_conf_row *row);
/* Is this scalar, with that key in front of it, to be shown as ***? */
gboolean hg_conf_row_hides(const struct hg_conf_row *row, const char *key, const char *text);
/* Does the daemon take a change of it over when it reads the file again?  FALSE: it has to be started again. */
gboolean hg_conf_row_reloads(const struct hg_conf_row *row);
