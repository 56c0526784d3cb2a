/* reload.c - SIGHUP: a new generation for all parts, or none */
#include <string.h>
#include <systemd/sd-daemon.h>
#include "failpoint.h"
#include "json.h"
#include "log.h"
#include "parts.h"
#include "rows.h"

/* ---- what only a restart can change; said, so that nobody waits for it ---- */

static gboolean same_value(const struct hg_option *option, const void *old, const void *new)
{
	const void *a = (const char *)old + option->offset, *b = (const char *)new + option->offset;

	switch (option->type) {
	case HG_OPT_BOOL:
		return *(const bool *)a == *(const bool *)b;
	case HG_OPT_INT:
	case HG_OPT_MSECS:
	case HG_OPT_BYTES:
		return *(const int64_t *)a == *(const int64_t *)b;
	case HG_OPT_STRINGS:
	case HG_OPT_SECRETS:
	case HG_OPT_MAP:
	case HG_OPT_SECRET_MAP:
		return TRUE;		/* no such option needs a restart */
	default:
		return g_strcmp0(*(char *const *)a, *(char *const *)b) == 0;
	}
}

/* kept: JSON texts of their keys. */
static void warn_section(const char *name, const void *old, const void *new, GString *kept)
{
	const struct hg_section *section = hg_conf_sections;

	while (section->name && strcmp(section->name, name) != 0)
		section++;
	for (const struct hg_option *option = section->options; option && option->name; option++) {
		g_autofree char *key = g_strdup_printf("%s.%s", name, option->name);

		if (option->flags & HG_OPT_RELOAD || same_value(option, old, new))
			continue;
		hg_json_put_str(kept, key);
		hg_warn(NULL, "reload.restart_needed", "%s changes with a restart only", key);
	}
}

static void warn_restart(const hg_conf *old, const hg_conf *new, GString *kept)
{
	warn_section("gateway", &old->gateway, &new->gateway, kept);
	warn_section("store", &old->store, &new->store, kept);
	warn_section("console", &old->console, &new->console, kept);
	if (!old->gateway.tls_cert == !new->gateway.tls_cert)
		return;
	hg_json_put_str(kept, "gateway.tls_cert");
	hg_warn(NULL, "reload.restart_needed", "TLS is switched on or off with a restart only");
}

/* ---- the reload ---- */

static void log_diag(const hg_diag *diag, enum hg_level level, const char *event)
{
	g_autofree char *text = hg_diag_render(diag, FALSE);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (char **line = lines; *line; line++)
		if (**line)
			hg_log(level, NULL, event, "%s", *line);
}

/* What may still refuse: everything after it only takes over. */
static hg_setup *read_setup(hg_gateway *gateway, hg_diag *diag)
{
	g_autoptr(hg_setup) setup = hg_setup_read(gateway->setup->conf->path, diag);
	g_autoptr(GError) error = NULL;
	struct hg_server_conf conf;

	if (!setup) {
		log_diag(diag, HG_LOG_ERROR, "reload.error");
		return NULL;
	}
	log_diag(diag, HG_LOG_WARN, "reload.warning");
	hg_gateway_server_conf(gateway, setup->conf, &conf);
	if (hg_server_reload(gateway->server, &conf, &error))
		return g_steal_pointer(&setup);
	hg_err(NULL, "reload.error", "%s", error->message);
	hg_diag_add(diag, HG_SEV_ERROR, NULL, NULL, "%s", error->message);
	return NULL;
}

/* The gateway's own server has taken the same over already: this one refuses nothing. */
static void reload_console(hg_gateway *gateway, hg_conf *conf)
{
	g_autoptr(GError) error = NULL;
	struct hg_server_conf like;

	hg_gateway_server_conf(gateway, conf, &like);
	if (!hg_console_reload(gateway->console, conf, &like, &error))
		hg_err(NULL, "reload.error", "console: %s", error->message);
}

static void take_over(hg_gateway *gateway, hg_setup *new, GString *kept)
{
	g_autoptr(hg_setup) old = gateway->setup;

	gateway->setup = new;
	hg_clock_believe(gateway->clock);	/* somebody has acted, and has read what the log says of it */
	hg_gateway_log_as(new->conf);
	warn_restart(old->conf, new->conf, kept);
	hg_visitors_reload(gateway->visitors, new->conf);
	hg_gateway_hold(gateway);	/* what is new may have been paused when it was there before */
	hg_channels_reload(gateway->channels, new->conf);
	hg_forwarder_reload(gateway->forwarder, new->conf);
	hg_backs_reload(gateway->backs, new->conf);
	(void)HG_FAILPOINT(RELOAD_CHANNELS);
	hg_hooks_reload(gateway->hooks, new->conf);
	hg_api_reload(gateway->api, new->conf);
	reload_console(gateway, new->conf);
	hg_engine_reload(gateway->engine, new->conf, g_steal_pointer(&new->rules));
	gateway->reloaded_ms = hg_now(gateway->env);
	(void)HG_FAILPOINT(RELOAD_DONE);
	hg_setup_log(gateway->setup);
}

static void add_changed(const hg_conf *old, hg_setup *new, GString *out)
{
	g_autoptr(GPtrArray) changed = hg_conf_rows_changed(hg_doc_root(old->doc), hg_doc_root(new->conf->doc),
							    hg_gateway_adapter_options, new->loader);

	hg_json_key(out, "changed");
	hg_json_open(out, '[');
	for (guint i = 0; i < changed->len; i++)
		hg_json_put_str(out, changed->pdata[i]);
	hg_json_close(out, ']');
}

static void add_findings(const hg_conf *conf, const hg_diag *diag, GString *out)
{
	g_autofree char *findings = hg_diag_json(diag);

	hg_json_add_str(out, "file", conf->path);
	hg_json_add_raw(out, "findings", findings);
}

/* kept: keys that want a restart. */
static void add_outcome(const hg_gateway *gateway, const GString *kept, GString *out)
{
	g_autofree char *list = g_strdup_printf("[%s]", kept->str);

	hg_json_add_str(out, "hash", gateway->setup->conf->hash);
	hg_json_add_time(out, "at", gateway->reloaded_ms);
	hg_json_add_raw(out, "restart_needed", list);
}

static gboolean refuse(hg_gateway *gateway, const hg_diag *diag, GString *out)
{
	gateway->reload_refused = TRUE;
	hg_err(NULL, "reload.refused", "the old configuration stays in force");
	sd_notify(0, "READY=1\nSTATUS=reload refused, see the log");
	if (out)
		add_findings(gateway->setup->conf, diag, out);
	return FALSE;
}

gboolean hg_gateway_reload(hg_gateway *gateway, GString *out)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(GString) kept = g_string_new(NULL);
	hg_setup *new;

	if (gateway->stopping)
		return FALSE;
	sd_notify(0, "RELOADING=1");
	new = read_setup(gateway, diag);
	if (!new)
		return refuse(gateway, diag, out);
	(void)HG_FAILPOINT(RELOAD_READ);
	if (out)
		add_changed(gateway->setup->conf, new, out);
	take_over(gateway, new, kept);
	gateway->reload_refused = FALSE;
	hg_info(NULL, "reload.done", "%s", new->conf->path);
	sd_notify(0, "READY=1\nSTATUS=running");
	if (out) {
		add_findings(new->conf, diag, out);
		add_outcome(gateway, kept, out);
	}
	return TRUE;
}
