/* rules_conf.c - the rules of a whole configuration, or others in their place */
#include "conf.h"
#include "rules.h"

/* Names of what the rules may refer to, NULL-ended; the strings are conf's. */
static const char **names_of(const GPtrArray *things, const char *(*name)(const void *thing))
{
	const char **names = g_new0(const char *, things->len + 1);

	for (guint i = 0; i < things->len; i++)
		names[i] = name(g_ptr_array_index(things, i));
	return names;
}

static const char *channel_name(const void *thing)
{
	return ((const struct hg_channel_conf *)thing)->name;
}

static const char *backend_name(const void *thing)
{
	return ((const struct hg_backend_conf *)thing)->name;
}

hg_rules *hg_rules_of_conf(const hg_conf *conf, const hg_node *rules, hg_diag *diag)
{
	g_autofree const char **channels = names_of(conf->channels, channel_name);
	g_autofree const char **backends = names_of(conf->backends, backend_name);
	const struct hg_rules_source source = { .rules = rules, .words = conf->words, .hours = conf->hours,
		.queues = conf->queues, .intent = conf->model, .fallback = conf->engine.fallback, .channels = channels,
		.backends = backends, .no_hooks = !conf->hooks->len };

	return hg_rules_make(&source, diag);
}
