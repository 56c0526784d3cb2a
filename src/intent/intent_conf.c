/* intent_conf.c - reads `intent:` of a configuration, and what was kept of it */
#include "intent_conf.h"

#include <string.h>

#include "json.h"
#include "text.h"

hg_intent_conf *hg_intent_conf_new(hg_intent *model)
{
	hg_intent_conf *conf = g_new0(hg_intent_conf, 1);

	conf->refs = 1;
	conf->model = model;
	conf->min_confidence = HG_INTENT_CONFIDENCE;
	conf->min_known = HG_INTENT_KNOWN;
	return conf;
}

hg_intent_conf *hg_intent_conf_ref(hg_intent_conf *conf)
{
	if (conf)
		g_atomic_int_inc(&conf->refs);
	return conf;
}

void hg_intent_conf_unref(hg_intent_conf *conf)
{
	if (!conf || !g_atomic_int_dec_and_test(&conf->refs))
		return;
	hg_intent_unref(conf->model);
	g_free(conf);
}

gboolean hg_intent_share_read(const hg_node *node, const char *what, guint *ret, hg_diag *diag)
{
	const char *text = node ? hg_node_text(node) : NULL;
	int share = hg_share_parse(text);
	g_autofree char *quoted = hg_node_quote(text ? text : "");

	if (!node)
		return TRUE;
	if (share >= 0) {
		*ret = (guint)share;
		return TRUE;
	}
	hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), "0.7 is seven of ten",
		    "%s must be a share from 0 to 1 with two digits behind the point at most, not %s", what, quoted);
	return FALSE;
}

static hg_intent *read_model(const hg_node *section, const hg_node *node, hg_diag *diag)
{
	const char *written = node ? hg_node_text(node) : NULL;
	g_autofree char *path = NULL, *hint = NULL;
	g_autoptr(GError) error = NULL;
	hg_intent *model;

	if (!written || hg_node_null(node) || !*written) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node ? node : section), HG_INTENT_EXAMPLE,
			    "intent: the file of a model is wanted, as headgatectl intent train makes it");
		return NULL;
	}
	path = hg_node_path(hg_node_place(node), written);
	model = hg_intent_load(path, &error);
	hint = model ? NULL : g_strdup_printf("headgatectl intent train --out %s FILE... makes it", written);
	if (!model)
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(node), g_file_test(path, G_FILE_TEST_EXISTS) ? NULL : hint,
			    "intent: model %s cannot be read: %s", written, error->message);
	return model;
}

hg_intent_conf *hg_intent_conf_read(const hg_node *section, hg_diag *diag)
{
	static const char *const keys[] = { "model", "min_confidence", "min_known", NULL };
	g_autoptr(hg_intent_conf) conf = hg_intent_conf_new(NULL);

	if (hg_node_null(section))
		return NULL;
	if (hg_node_type(section) != HG_NODE_MAP) {
		hg_diag_add(diag, HG_SEV_ERROR, hg_node_place(section), HG_INTENT_EXAMPLE,
			    "intent: is a map with the file of a model");
		return g_steal_pointer(&conf);
	}
	hg_node_check_keys(section, "intent", keys, diag);
	hg_intent_share_read(hg_node_get(section, "min_confidence"), "intent: min_confidence", &conf->min_confidence, diag);
	hg_intent_share_read(hg_node_get(section, "min_known"), "intent: min_known", &conf->min_known, diag);
	conf->model = read_model(section, hg_node_get(section, "model"), diag);
	return g_steal_pointer(&conf);
}

static void unref(gpointer conf)
{
	hg_intent_conf_unref(conf);
}

void hg_intent_conf_join(hg_conf *conf, hg_diag *diag)
{
	hg_intent_conf *read = hg_intent_conf_read(conf->intent, diag);

	if (read)
		hg_conf_lean_on(conf, read, unref, read->model ? hg_intent_hash(read->model) : NULL);
}

/* ---- with the rules that are kept ---- */

void hg_intent_conf_keep(const hg_intent_conf *conf, GString *out)
{
	char text[HG_SHARE_SIZE];

	hg_json_open(out, '{');
	hg_json_add_str(out, "sha256", conf->model ? hg_intent_hash(conf->model) : NULL);
	hg_json_add_str(out, "min_confidence", hg_share(conf->min_confidence, text));
	hg_json_add_str(out, "min_known", hg_share(conf->min_known, text));
	hg_json_close(out, '}');
}

static guint kept_share(const hg_node *kept, const char *key, guint fallback)
{
	const hg_node *node = hg_node_get(kept, key);
	int share = node ? hg_share_parse(hg_node_text(node)) : -1;

	return share < 0 ? fallback : (guint)share;
}

hg_intent_conf *hg_intent_conf_again(const hg_node *kept)
{
	hg_intent_conf *conf;

	if (hg_node_null(kept))
		return NULL;
	conf = hg_intent_conf_new(NULL);
	conf->min_confidence = kept_share(kept, "min_confidence", conf->min_confidence);
	conf->min_known = kept_share(kept, "min_known", conf->min_known);
	return conf;
}
