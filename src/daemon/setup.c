/* setup.c - config file, adapters and rules, checked together */
#include "setup.h"
#include "desk.h"
#include "hook_answer.h"

#include "queues.h"
#include "log.h"

/* The keys of a map, NULL-ended; the strings are the document's. */
static const char **keys_of(const hg_node *map)
{
	guint n = map && hg_node_type(map) == HG_NODE_MAP ? hg_node_size(map) : 0;
	const char **keys = g_new0(const char *, n + 1);

	for (guint i = 0; i < n; i++)
		keys[i] = hg_node_key(map, i);
	return keys;
}

/* The rest of the configuration has errors: what is wrong with the rules is said all the same, by the
 * names of channels and backends that are written there. */
static void check_rules(const char *path, hg_diag *diag)
{
	g_autoptr(hg_diag) known = hg_diag_new();	/* what reading finds is in diag already */
	g_autoptr(hg_doc) doc = hg_doc_read(path, known);
	const hg_node *root = doc ? hg_doc_root(doc) : NULL;
	struct hg_rules_source source = { .fallback = "convert" };
	g_autoptr(hg_intent_conf) intent = NULL;
	g_autofree const char **channels = NULL, **backends = NULL;

	if (!root || hg_node_type(root) != HG_NODE_MAP)
		return;
	source.rules = hg_node_get(root, "rules");
	source.words = hg_node_get(root, "word_lists");
	source.hours = hg_node_get(root, "hours");
	source.queues = hg_node_get(root, "queues");
	source.intent = intent = hg_intent_conf_read(hg_node_get(root, "intent"), diag);
	channels = keys_of(hg_node_get(root, "channels"));
	backends = keys_of(hg_node_get(root, "backends"));
	source.channels = channels;
	source.backends = backends;
	if (source.rules && hg_node_type(source.rules) == HG_NODE_LIST)
		hg_rules_free(hg_rules_make(&source, diag));
}

static const hg_node *below(const hg_node *map, const char *key)
{
	return map && hg_node_type(map) == HG_NODE_MAP ? hg_node_get(map, key) : NULL;
}

/* A channel's tickets go to a queue that is there, as a rule's do. */
static void check_queues(const hg_conf *conf, const hg_rules *rules, hg_diag *diag)
{
	const char *const *names = hg_queues_names(hg_rules_queues(rules));
	const hg_node *channels = below(hg_doc_root(conf->doc), "channels");

	for (guint i = 0; *names && i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);
		const hg_node *queue = below(below(below(channels, channel->name), "ticket"), "queue");

		if (queue)
			hg_node_one_of(queue, "queue", names, diag);
	}
}

hg_setup *hg_setup_read(const char *path, hg_diag *diag)
{
	g_autoptr(hg_setup) setup = g_new0(hg_setup, 1);
	struct hg_adapter_finder finder;

	setup->loader = hg_loader_new(NULL);
	finder = hg_loader_finder(setup->loader);
	setup->conf = hg_conf_read(path, &finder, diag);
	if (!setup->conf) {
		check_rules(path, diag);
		return NULL;
	}
	hg_intent_conf_join(setup->conf, diag);
	hg_desks_compile(setup->conf, diag);
	setup->rules = hg_rules_of_conf(setup->conf, setup->conf->rules, diag);
	if (setup->rules) {
		check_queues(setup->conf, setup->rules, diag);
		hg_setup_check_carry(setup->conf, setup->rules, diag);
	}
	hg_hooks_check(setup->conf, diag);
	setup->trials = hg_trials_read(setup->conf, diag);
	return setup->rules && !hg_diag_count(diag, HG_SEV_ERROR) ? g_steal_pointer(&setup) : NULL;
}

void hg_setup_free(hg_setup *setup)
{
	if (!setup)
		return;
	hg_trials_free(setup->trials);
	hg_rules_free(setup->rules);
	hg_conf_unref(setup->conf);
	hg_loader_free(setup->loader);
	g_free(setup);
}

/* Adapters are loaded while the configuration is read, before it can say how the log is written. */
void hg_setup_log(const hg_setup *setup)
{
	const hg_intent *model = setup->conf->model ? setup->conf->model->model : NULL;

	for (guint i = 0; i < setup->conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(setup->conf->channels, i);
		struct hg_ctx ctx = HG_CTX(NULL, "channel", channel->name);

		hg_info(&ctx, "daemon.channel", "adapter %s %s", channel->adapter, channel->desc->version);
	}
	if (model)
		hg_info(NULL, "daemon.intent", "model %.12s knows %u intents from %u examples", hg_intent_hash(model),
			g_strv_length((char **)hg_intent_labels(model)), hg_intent_examples(model));
}

char *hg_setup_attachments(const hg_conf *conf)
{
	g_autofree char *dir = NULL;

	if (conf->store.attachments)
		return g_strdup(conf->store.attachments);
	dir = g_path_get_dirname(conf->store.path);
	return g_build_filename(dir, "attachments", NULL);
}

struct hg_store_options hg_setup_store(const hg_conf *conf, const char *attachments)
{
	return (struct hg_store_options){ .driver = conf->store.driver, .path = conf->store.path,
		.url = conf->store.url, .password = conf->store.password, .node = conf->store.node,
		.attachments = attachments, .files_in_database = hg_conf_files_in_database(&conf->store), .env = hg_env_system(), .ballast = conf->store.ballast,
		.min_free = conf->store.min_free };
}
