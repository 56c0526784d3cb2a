/* intent_conf.h - `intent:` of a configuration: a model, and the bar that its guesses have to reach */
#pragma once
#include "conf.h"
#include "intent.h"

#define HG_INTENT_CONFIDENCE 70		/* hundredths, when nothing is said */
#define HG_INTENT_KNOWN	     50
#define HG_INTENT_EXAMPLE    "intent: { model: shop.intent }"
#define HG_INTENT_NONE	     "this configuration has no model that could say what messages are about"

struct hg_intent_conf {		/* never changed once made */
	gint refs;
	hg_intent *model;		/* ours; NULL: it could not be read, or the rules are kept ones */
	guint min_confidence, min_known;	/* hundredths */
};
typedef struct hg_intent_conf hg_intent_conf;

hg_intent_conf *hg_intent_conf_new(hg_intent *model);	/* takes model over; the usual bar */
/* Reads the section and its model; diag says what is wrong, and then there is no model.  NULL: there is no
 * such section. */
hg_intent_conf *hg_intent_conf_read(const hg_node *section, hg_diag *diag);
/* The same for a whole configuration, which leans on it from here on: conf->model. */
void hg_intent_conf_join(hg_conf *conf, hg_diag *diag);
/* Appends what is kept of it with the rules: the model's checksum and the bar. */
void hg_intent_conf_keep(const hg_intent_conf *conf, GString *out);
hg_intent_conf *hg_intent_conf_again(const hg_node *kept);	/* NULL gives NULL */
hg_intent_conf *hg_intent_conf_ref(hg_intent_conf *conf);	/* NULL gives NULL */
void hg_intent_conf_unref(hg_intent_conf *conf);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_intent_conf, hg_intent_conf_unref)

/* A share, 0.7, in hundredths; node NULL: ret stays.  FALSE: diag says what was wanted. */
gboolean hg_intent_share_read(const hg_node *node, const char *what, guint *ret, hg_diag *diag);
