/* check.h - what the option tables cannot say: values that depend on each other or have a grammar */
#pragma once
#include "conf.h"

/* Each reports to diag; map is where the values stand, or NULL. */
gboolean hg_check_name(const char *name, const char *what, const struct hg_place *place, hg_diag *diag);
void hg_check_files(const struct hg_files_conf *files, const hg_node *map, hg_diag *diag);
void hg_check_gateway(struct hg_gateway_conf *gateway, const hg_node *map, hg_diag *diag);
/* Where a channel says nothing, what all are kept for. */
void hg_retention_inherit(const hg_node *map, const struct hg_retention_conf *all, struct hg_retention_conf *own);
/* After all channels were read. */
void hg_check_retention(const hg_conf *conf, const hg_node *root, hg_diag *diag);
/* A database that is a server's: where it is, and no password where everybody sees it. */
void hg_check_store(const struct hg_store_conf *store, const hg_node *map, hg_diag *diag);
void hg_check_window(const struct hg_window_conf *window, const hg_node *map, hg_diag *diag);
void hg_check_scope(const char *scope, const char *what, const hg_node *map, hg_diag *diag);
/* `reopen` as a list by age, which the option table leaves to this; map: the window's, or NULL. */
void hg_window_read(const hg_node *map, const char *what, struct hg_window_conf *window, hg_diag *diag);
/* A channel's window, filled by its table: what it does not say itself is the gateway's. */
void hg_window_inherit(const hg_node *map, const char *what, const struct hg_window_conf *all,
		       struct hg_window_conf *window, hg_diag *diag);
/* All that customers are told; channels are read. */
void hg_check_texts(const hg_conf *conf, const hg_node *root, hg_diag *diag);
void hg_check_ticket(const struct hg_ticket_conf *ticket, const hg_node *map, hg_diag *diag);
void hg_check_backend(const struct hg_backend_conf *backend, const hg_node *map, hg_diag *diag);
/* conf: its channels are read already. */
/* Is there a channel of that name?  what: who names it, for the diagnosis. */
gboolean hg_check_channel(const hg_conf *conf, const char *name, const char *what, const struct hg_place *place, hg_diag *diag);
void hg_check_unseen(const struct hg_channel_conf *channel, const hg_conf *conf, const hg_node *map, hg_diag *diag);
void hg_check_hook(const struct hg_hook_conf *hook, const hg_conf *conf, const hg_node *map, hg_diag *diag);
void hg_check_alarms(const hg_conf *conf, const hg_node *map, hg_diag *diag);
/* conf: its channels are read already, and the tokens before it. */
void hg_check_token(const struct hg_token_conf *token, const hg_conf *conf, const struct hg_place *place,
		    const hg_node *map, hg_diag *diag);

/* hg_conf_read without the file: takes doc over.  For tests and fuzzing. */
hg_conf *hg_conf_make(const char *path, hg_doc *doc, const struct hg_adapter_finder *finder, hg_diag *diag);
