/* adapter_test.c - adapter test: the samples that a description holds, played without a network */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "fail.h"
#include "load.h"
#include "options.h"

static int run(struct ctl_samples *t, const char *what, const struct hg_adapter *adapter, const void *conf)
{
	struct hg_err err = { 0 };
	int rc;

	ctl_samples_begin(t, what);
	rc = adapter->samples(conf, ctl_samples_tell, t, &err);
	ctl_samples_end(t);
	if (rc < 0)
		ctl_say_error(t->ctl, "%s: %s", what, err.text);
	return rc < 0 ? CTL_CONFIG : CTL_DONE;
}

/* ---- a description in a file ---- */

/* The option that holds a description; NULL: the adapter has none. */
static const struct hg_option *tree_of(const struct hg_adapter *adapter)
{
	const struct hg_option *opt = adapter->options;

	while (opt && opt->name && opt->type != HG_OPT_TREE)
		opt++;
	return opt && opt->name ? opt : NULL;
}

struct checking {
	const struct hg_option *tree;
	const hg_node *map;
	hg_diag *diag;
};

/* What a channel would have to add (a secret, its public_url) is not the file's to say. */
static void on_wrong(void *arg, const struct hg_err *err)
{
	const struct checking *c = arg;
	gsize len = strlen(c->tree->name);
	g_autoptr(hg_doc) doc = NULL;

	if (*err->at && strncmp(err->at, c->tree->name, len) == 0 && (!err->at[len] || err->at[len] == '/'))
		hg_diag_add(c->diag, err->kind ? HG_SEV_ERROR : HG_SEV_WARNING,
			    hg_options_place(c->tree, c->map, err->at, c->diag, &doc), NULL, "%s", err->text);
}

/* One option of the table alone. */
static void *fill(const struct hg_adapter *adapter, const struct hg_option *tree, const hg_node *map, hg_diag *diag)
{
	const struct hg_option table[] = { *tree, { .name = NULL } };
	void *conf = g_malloc0(adapter->conf_size);
	struct checking c = { table, map, diag };

	if (hg_options_fill(table, map, "", NULL, conf, diag) && HG_HAS(adapter, check_all))
		adapter->check_all(conf, on_wrong, &c);
	return conf;
}

static void clear(const struct hg_option *tree, void *conf)
{
	const struct hg_option table[] = { *tree, { .name = NULL } };

	hg_options_clear(table, conf);
	g_free(conf);
}

static hg_doc *map_of(const struct hg_option *tree, const char *path, hg_diag *diag)
{
	g_autoptr(GString) text = g_string_new(NULL);

	hg_json_open(text, '{');
	hg_json_add_str(text, tree->name, path);
	hg_json_close(text, '}');
	return hg_doc_parse("arguments", text->str, diag);
}

static int test_file(struct ctl_samples *t, const struct hg_adapter *adapter, const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	const struct hg_option *tree = tree_of(adapter);
	g_autoptr(hg_doc) doc = map_of(tree, path, diag);
	void *conf = doc ? fill(adapter, tree, hg_doc_root(doc), diag) : NULL;
	g_autofree char *wrong = hg_diag_count(diag, HG_SEV_ERROR) ? hg_diag_render(diag, ctl_colours(t->ctl, STDERR_FILENO)) : NULL;
	int code = CTL_CONFIG;

	if (wrong)
		fputs(wrong, stderr);
	else if (conf)
		code = run(t, path, adapter, conf);
	if (conf)
		clear(tree, conf);
	return code;
}

/* ---- a channel of the configuration ---- */

static int test_channel(struct ctl_samples *t, const char *name)
{
	g_autoptr(hg_setup) setup = ctl_setup(t->ctl, ctl_config(t->ctl));
	const struct hg_channel_conf *channel = setup ? hg_conf_channel(setup->conf, name) : NULL;

	if (!setup)
		return CTL_CONFIG;
	if (!channel) {
		ctl_say_error(t->ctl, "there is no channel \"%s\" in %s, and no such file", name, ctl_config(t->ctl));
		return CTL_MISSING;
	}
	if (!HG_HAS(channel->desc, samples)) {
		ctl_say_error(t->ctl, "channel %s: adapter %s has no samples", name, channel->adapter);
		return CTL_REFUSED;
	}
	return run(t, name, channel->desc, channel->options);
}

/* ---- all that was named ---- */

static const struct hg_adapter *adapter_of(struct ctl_samples *t, hg_loader *loader, const char *name, int *ret_code)
{
	g_autoptr(GError) error = NULL;
	const struct hg_adapter *adapter = hg_loader_get(loader, name, &error);

	*ret_code = CTL_MISSING;
	if (!adapter)
		ctl_say_error(t->ctl, "%s", error->message);
	else if (!HG_HAS(adapter, samples) || !tree_of(adapter))
		ctl_say_error(t->ctl, "adapter %s has no descriptions with samples", name);
	else
		return adapter;
	return NULL;
}

static int test_all(struct ctl_samples *t, const char *adapter_name, const char *const *names)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	int worst = CTL_DONE;

	for (; *names; names++) {
		int code = CTL_MISSING;
		const struct hg_adapter *adapter = ctl_is_file(*names) ? adapter_of(t, loader, adapter_name, &code) : NULL;

		if (adapter)
			code = test_file(t, adapter, *names);
		else if (!ctl_is_file(*names))
			code = test_channel(t, *names);
		worst = MAX(worst, code);
	}
	return worst ? worst : ctl_samples_result(t);
}

static int test(struct ctl *ctl)
{
	g_autoptr(GString) out = g_string_new(NULL);
	struct ctl_samples t = { .ctl = ctl };
	const char *adapter = ctl_value(ctl, "adapter");
	int code;

	ctl_samples_open(&t, out);
	code = test_all(&t, adapter ? adapter : "http", ctl_values(ctl, "FILE|CHANNEL"));
	ctl_samples_close(&t, out);
	return code;
}

const struct ctl_verb ctl_adapter_test = {
	.name = "test", .help = "requests that a description holds, and what must come of them", .run = test,
	.args = CTL_PARAMS({ "FILE|CHANNEL", CTL_FILE, .help = "a description, or a channel that has one", .flags = CTL_MANY }),
	.options = CTL_PARAMS({ "adapter", CTL_ADAPTER, NULL, "whose description FILE is [http]" }),
	.more = "Needs no network and no daemon: each sample goes through the adapter's own code.",
	.exits = "0 all passed, 1 a sample failed or there is none, 4 no such file or channel, 78 errors in a description",
};
