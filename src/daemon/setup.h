/* setup.h - from a config file to a checked generation: the daemon's start and `headgatectl check`
 * are this same code */
#pragma once
#include <glib.h>
#include "conf.h"
#include "load.h"
#include "rules.h"
#include "store.h"
#include "trial.h"

#define HG_CONF_DEFAULT "/etc/headgate/headgate.yaml"

typedef struct hg_setup {
	hg_loader *loader;		/* ours */
	hg_conf *conf;			/* ours */
	hg_rules *rules;		/* ours until the engine has them */
	hg_trials *trials;		/* ours; lent from conf */
} hg_setup;

/* Reads and checks everything that can be checked without a network or a database; diag says all
 * that is wrong.  NULL when there are errors. */
hg_setup *hg_setup_read(const char *path, hg_diag *diag);
void hg_setup_free(hg_setup *setup);
void hg_setup_log(const hg_setup *setup);	/* which adapters and which model are in force */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_setup, hg_setup_free)

/* carry.c: warns of replies, confirmations and questions that a channel cannot carry. */
void hg_setup_check_carry(const hg_conf *conf, const hg_rules *rules, hg_diag *diag);

/* Where the store of this configuration is; strings lent by conf and attachments. */
struct hg_store_options hg_setup_store(const hg_conf *conf, const char *attachments);
char *hg_setup_attachments(const hg_conf *conf);	/* yours */
