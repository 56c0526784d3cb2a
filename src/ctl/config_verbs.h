/* config_verbs.h - inside of the verb config */
#pragma once
#include "ctl.h"
#include "rows.h"

/* A configuration as it is written, with no look at secrets. */
typedef struct ctl_written {
	hg_doc *doc;
	hg_loader *loader;
	GPtrArray *rows;		/* of struct hg_conf_row */
} ctl_written;
/* Of a file (NULL: the configuration).  FALSE: said. */
gboolean ctl_written_read(const struct ctl *ctl, const char *path, gboolean all, ctl_written *ret);
void ctl_written_clear(ctl_written *written);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ctl_written, ctl_written_clear)
const struct hg_option *ctl_adapter_options(void *loader, const char *adapter);

/* ---- config_yaml.c ---- */

/* The rows as YAML that means the same; origin: with the place of each behind it. */
void ctl_rows_yaml(const GPtrArray *rows, gboolean origin, GString *out);

extern const struct ctl_verb ctl_config_explain, ctl_config_search;	/* config_explain.c */
extern const struct ctl_verb ctl_config_fmt, ctl_config_upgrade;	/* config_fmt.c */
