/* reload.c - SIGHUP: a new generation for all parts, or none */
#include <string.h>
#include <systemd/sd-daemon.h>
#include "log.h"
#include "parts.h"

/* What only a restart can change; said, so that nobody waits for it. */
static void warn_restart(const hg_conf *old, const hg_conf *new)
{
	if (g_strcmp0(old->gateway.listen, new->gateway.listen) != 0)
		hg_warn(NULL, "reload.restart_needed", "gateway.listen changes with a restart only");
	if (g_strcmp0(old->gateway.socket, new->gateway.socket) != 0)
		hg_warn(NULL, "reload.restart_needed", "gateway.socket changes with a restart only");
	if (g_strcmp0(old->store.path, new->store.path) != 0 || g_strcmp0(old->store.driver, new->store.driver) != 0)
		hg_warn(NULL, "reload.restart_needed", "store changes with a restart only");
}

static void log_diag(const hg_diag *diag)
{
	g_autofree char *text = hg_diag_render(diag, FALSE);
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);

	for (char **line = lines; *line; line++)
		if (**line)
			hg_err(NULL, "reload.refused", "%s", *line);
}

void hg_gateway_reload(hg_gateway *gateway)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_setup *old = gateway->setup;
	hg_setup *new;

	if (gateway->stopping)
		return;
	sd_notify(0, "RELOADING=1");
	new = hg_setup_read(old->conf->path, diag);
	if (!new) {
		log_diag(diag);
		hg_err(NULL, "reload.refused", "the old configuration stays in force");
		sd_notify(0, "READY=1\nSTATUS=reload refused, see the log");
		return;
	}
	warn_restart(old->conf, new->conf);
	gateway->setup = new;
	hg_channels_reload(gateway->channels, new->conf);
	hg_forwarder_reload(gateway->forwarder, new->conf);
	hg_api_reload(gateway->api, new->conf);
	hg_engine_reload(gateway->engine, new->conf, g_steal_pointer(&new->rules));
	old->rules = NULL;		/* the engine frees them when it has changed over */
	hg_setup_free(old);
	gateway->reloaded_ms = hg_now(gateway->env);
	hg_info(NULL, "reload.done", "%s", new->conf->path);
	sd_notify(0, "READY=1\nSTATUS=running");
}
