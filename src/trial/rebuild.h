/* rebuild.h - a store made again from another one's journal: the same commands, clock and random
 * numbers, so the same decisions */
#pragma once
#include <glib.h>
#include "conf.h"
#include "engine.h"
#include "rules.h"
#include "store.h"

struct hg_rebuild_options {
	const char *from_path;
	const char *from_attachments;	/* where its files lie; or NULL: large raw bytes count as erased */
	/* An absolute path: nothing lies there yet, or an earlier copy of the other store, which is brought
	 * up to date. */
	const char *path, *attachments;
	hg_conf *const *confs;			/* each configuration there was; one not known: the first */
	gsize n_confs;
	struct hg_ports ports;			/* plan and limits are asked; nothing is dispatched or published */
	void *arg;				/* of what follows */
	/* Of a configuration whose rules the old store did not keep: new ones, the engine's then.  NULL: it cannot. */
	hg_rules *(*rules)(void *arg, const hg_conf *conf);
	/* This configuration is in force now: for the ports.  May be NULL. */
	void (*in_force)(void *arg, hg_conf *conf);
	/* Now and then; may be NULL. */
	void (*progress)(void *arg, gint64 row_n, gint64 last_n, gint64 at_ms);
	/* A command or timer that was carried out then and is refused now; may be NULL. */
	void (*refused)(void *arg, gint64 row_n, gint64 at_ms, const GError *why);
	/* No configuration with this hash was given: the first is taken for it.  May be NULL. */
	void (*other)(void *arg, gint64 row_n, gint64 at_ms, const char *hash);
	hg_store_differs *differs;
};

struct hg_rebuild_result {
	gint64 rows, refused, first_ms, last_ms;
	gint64 other;			/* beginnings with a configuration that was not given */
	guint differences;		/* between the two stores, at the end */
};

/* STATE: the journal does not begin where the store at path ends; says what to do. */
gboolean hg_rebuild(const struct hg_rebuild_options *options, struct hg_rebuild_result *ret, GError **error);
