/* doctor_there.c - what the daemon says of itself, and what those say whom it talks to */
#include "backend_verbs.h"
#include "doctor.h"

#include <string.h>

#include "env.h"
#include "http_client.h"
#include "text.h"

#define WAITS_MS (10 * 60 * 1000)	/* in the outbox, before it is worth a word */

static gsize count_of(struct json_object *list)
{
	return list ? json_object_array_length(list) : 0;
}

/* ---- what it says ---- */

static void look_at_versions(struct doctor *doctor)
{
	const char *version = hg_json_str(doctor->status, "version"), *hash = hg_json_str(doctor->status, "config_hash");

	if (g_strcmp0(version, PACKAGE_VERSION) != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "version", "restart headgated: a newer one is installed",
			    "headgated is %s, headgatectl is " PACKAGE_VERSION, version ?: "?");
	if (doctor->setup && g_strcmp0(hash, doctor->setup->conf->hash) != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "configuration", "headgatectl reload (or systemctl reload headgate)",
			    "the files have changed since the daemon read them");
}

static void look_at_daemons_clock(struct doctor *doctor)
{
	struct json_object *clock = hg_json_obj(doctor->status, "clock");
	const char *condition = hg_json_str(clock, "condition");
	char span[HG_SPAN_SIZE];

	if (g_strcmp0(condition, "up") != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "clock", "see that NTP works; a reload says that the machine's time is right",
			    "the daemon does not go by the machine's clock, which is %s off", hg_span(ABS(hg_json_int(clock, "off_ms", 0)), span));
	else
		doctor_find(doctor, DOCTOR_OK, "clock", NULL, "the daemon goes by the machine's");
}

static void look_at_part(struct doctor *doctor, const char *kind, struct json_object *part, const char *next)
{
	const char *condition = hg_json_str(part, "condition"), *error = hg_json_str(part, "error");
	g_autofree char *what = g_strdup_printf("%s %s", kind, hg_json_str(part, "name") ?: "?");
	gboolean up = g_strcmp0(condition, "up") == 0;

	doctor_find(doctor, up ? DOCTOR_OK : DOCTOR_PROBLEM, what, up ? NULL : next, "%s%s%s", condition ?: "unknown", error && !up ? ": " : "",
		    error && !up ? error : "");
}

static void look_at_parts(struct doctor *doctor, const char *list_name, const char *kind, const char *next)
{
	struct json_object *list = hg_json_arr(doctor->status, list_name);

	for (gsize i = 0; i < count_of(list); i++)
		look_at_part(doctor, kind, json_object_array_get_idx(list, i), next);
}

static void look_at_queue(struct doctor *doctor, struct json_object *count)
{
	g_autofree char *what = g_strdup_printf("%s %s", hg_json_str(count, "target") ?: "outbox", hg_json_str(count, "name") ?: "?");
	gint64 dead = hg_json_int(count, "dead", 0), unknown = hg_json_int(count, "unknown", 0), waiting = hg_json_int(count, "waiting", 0);
	const char *oldest = hg_json_str(count, "oldest");
	gint64 age_ms = oldest ? hg_now(hg_env_system()) - hg_time_parse(oldest) : 0;
	char span[HG_SPAN_SIZE];

	if (dead)
		doctor_find(doctor, DOCTOR_PROBLEM, what, "headgatectl dead list, and retry or discard each", "%" G_GINT64_FORMAT " were given up",
			    dead);
	if (unknown)
		doctor_find(doctor, DOCTOR_NOTE, what, "headgatectl outbox --state unknown, and settle each", "%" G_GINT64_FORMAT " may or may not "
			    "have arrived", unknown);
	if (waiting && age_ms > WAITS_MS)
		doctor_find(doctor, DOCTOR_PROBLEM, what, "see why it does not take them: headgatectl status", "%" G_GINT64_FORMAT " wait, the "
			    "oldest for %s", waiting, hg_span(age_ms, span));
}

static void look_at_outbox(struct doctor *doctor)
{
	struct json_object *list = hg_json_arr(doctor->status, "outbox");
	guint before = doctor->problems;

	for (gsize i = 0; i < count_of(list); i++)
		look_at_queue(doctor, json_object_array_get_idx(list, i));
	if (doctor->problems == before)
		doctor_find(doctor, DOCTOR_OK, "outbox", NULL, "nothing was given up or waits for long");
}

/* ---- what others say ---- */

static void look_at_checks(struct doctor *doctor, const char *what, const char *next, struct json_object *checks, gboolean *ok)
{
	for (gsize i = 0; i < count_of(checks); i++) {
		struct json_object *check = json_object_array_get_idx(checks, i);
		gboolean good = hg_json_bool(check, "ok", g_strcmp0(hg_json_str(check, "state"), "failed") != 0);
		const char *said = hg_json_str(check, "said") ?: hg_json_str(check, "text");

		*ok = *ok && good;
		if (!good)
			doctor_find(doctor, DOCTOR_PROBLEM, what, next, "%s: %s", hg_json_str(check, "check") ?: "?", said ?: "it is not well");
	}
}

/* Of providers that are asked; else NULL. */
static const char *provider_said(struct json_object *checks)
{
	for (gsize i = 0; i < count_of(checks); i++) {
		struct json_object *check = json_object_array_get_idx(checks, i);

		if (g_strcmp0(hg_json_str(check, "check"), "provider") == 0)
			return hg_json_str(check, "said");
	}
	return NULL;
}

static void probe_channel(struct doctor *doctor, const char *name)
{
	g_autofree char *path = ctl_path("/v1/channels/%s/probe", name), *what = g_strdup_printf("probe of %s", name);
	g_auto(ctl_reply) reply = { 0 };
	gboolean ok = TRUE;

	if (ctl_call(doctor->ctl, "POST", path, "{}", NULL, &reply) != CTL_DONE) {	/* it was said why */
		doctor_find(doctor, DOCTOR_PROBLEM, what, "where it is new in the file: headgatectl reload", "the daemon could not ask it");
		return;
	}
	look_at_checks(doctor, what, "compare its options and secrets with what its provider shows", hg_json_arr(reply.json, "checks"), &ok);
	if (ok)
		doctor_find(doctor, DOCTOR_OK, what, NULL, "%s", provider_said(hg_json_arr(reply.json, "checks")) ?: "it is well; its provider is not "
			    "asked beside what it does anyway");
}

static void probe_backend(struct doctor *doctor, const struct hg_backend_conf *backend)
{
	g_autofree char *what = g_strdup_printf("probe of %s", backend->name), *next = NULL;
	g_autoptr(GString) json = g_string_new("[");
	g_autoptr(json_object) checks = NULL;
	gboolean ok = TRUE;

	if (!backend->desk)
		return;
	next = g_strdup_printf("headgatectl backend probe %s says more", backend->name);
	ctl_backend_account(doctor->ctl, doctor->setup, backend, json);
	g_string_append_c(json, ']');
	checks = hg_json_parse(json->str, json->len, NULL, NULL);
	look_at_checks(doctor, what, next, checks, &ok);
	if (ok)
		doctor_find(doctor, DOCTOR_OK, what, NULL, "the helpdesk takes the account");
}

struct seen { int status; char instance[64]; char error[200]; };

static void on_livez(void *arg, const struct hg_client_answer *answer)
{
	struct seen *seen = arg;

	seen->status = answer->status;
	g_strlcpy(seen->instance, hg_client_header(answer, "Headgate-Instance") ?: "", sizeof(seen->instance));
	g_strlcpy(seen->error, answer->error ? answer->error : "", sizeof(seen->error));
}

/* Providers call us there: it must be we who answer, not a proxy's page or another gateway. */
static void probe_public_url(struct doctor *doctor)
{
	const char *base = doctor->setup->conf->gateway.public_url, *ours = hg_json_str(doctor->status, "instance");
	g_autofree char *url = base ? g_strconcat(base, "/livez", NULL) : NULL;
	struct seen seen = { 0 };

	if (!url) {
		doctor_find(doctor, DOCTOR_NOTE, "public address", "set gateway.public_url, where providers and helpdesks call", "it is not set");
		return;
	}
	hg_client_sync(&(struct hg_client_call){ .url = url, .private_ok = TRUE, .timeout_ms = 10000 }, on_livez, &seen);
	if (!seen.status)
		doctor_find(doctor, DOCTOR_PROBLEM, "public address", "see name, firewall, proxy and certificate; this was tried from this machine",
			    "%s cannot be reached: %s", url, seen.error);
	else if (!*seen.instance)
		doctor_find(doctor, DOCTOR_PROBLEM, "public address", "have the proxy pass /livez and /channel/ on to gateway.listen",
			    "%s is answered with %d, and not by a headgate", url, seen.status);
	else if (g_strcmp0(seen.instance, ours) != 0)
		doctor_find(doctor, DOCTOR_PROBLEM, "public address", "see where the proxy leads to", "another headgate answers at %s", url);
	else
		doctor_find(doctor, DOCTOR_OK, "public address", NULL, "%s leads here", url);
}

void doctor_probe(struct doctor *doctor)
{
	const hg_conf *conf = doctor->setup->conf;

	for (guint i = 0; doctor->status && i < conf->channels->len; i++)
		probe_channel(doctor, ((const struct hg_channel_conf *)conf->channels->pdata[i])->name);
	for (guint i = 0; i < conf->backends->len; i++)
		probe_backend(doctor, conf->backends->pdata[i]);
}

void doctor_look_there(struct doctor *doctor, gboolean probe)
{
	look_at_versions(doctor);
	look_at_daemons_clock(doctor);
	look_at_parts(doctor, "channels", "channel", "headgatectl channel show says more; what waits for it leaves when it is up");
	look_at_parts(doctor, "backends", "backend", "headgatectl backend probe says why; what waits for it leaves when it is up");
	look_at_parts(doctor, "hooks", "hook", "see whether what it names runs; messages are judged without its facts meanwhile");
	look_at_outbox(doctor);
	if (!probe || !doctor->setup)
		return;
	doctor_probe(doctor);
	probe_public_url(doctor);
}
