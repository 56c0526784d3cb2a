/* webhook.c - the helpdesks that are told by webhook: which there are, a test of one, and whether a signature is right */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "http_client.h"
#include "sign.h"
#include "slurp.h"
#include "text.h"

#define BODY_MAX (16 * 1024 * 1024)
#define TOLERANCE_S 300			/* Standard Webhooks: how old an attempt may be */
#define SHOWN_MAX 300			/* bytes of an answer */

static gboolean is_webhook(const struct hg_backend_conf *backend)
{
	return g_strcmp0(backend->preset, "webhook") == 0;
}

/* ---- list ---- */

static void print_one(const struct ctl *ctl, GString *out, const char *name, const char *kind, const char *url, char *const *events)
{
	g_autofree char *all = events ? g_strjoinv(" ", (char **)(gpointer)events) : NULL;

	if (ctl->json) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "name", name);
		hg_json_add_str(out, "kind", kind);
		hg_json_add_str(out, "url", url);
		hg_json_add_str(out, "events", all);
		hg_json_close(out, '}');
		return;
	}
	ctl_cell(name, 16);
	ctl_cell(kind, 9);
	printf("%s  %s\n", url, all ? all : "(those of tickets)");
}

static void print_all(const struct ctl *ctl, const hg_conf *conf)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "webhooks");
	hg_json_open(out, '[');
	for (guint i = 0; i < conf->backends->len; i++) {
		const struct hg_backend_conf *backend = conf->backends->pdata[i];

		if (is_webhook(backend))
			print_one(ctl, out, backend->name, "backend", backend->url, backend->events);
	}
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = conf->hooks->pdata[i];
		char *const asked[] = { (char *)"facts", NULL };

		print_one(ctl, out, hook->name, "hook", hook->url, asked);
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	if (ctl->json)
		ctl_put_json(out->str);
}

static int list(struct ctl *ctl)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));

	if (!setup)
		return CTL_CONFIG;
	if (!ctl->json)
		printf("%s%-16s %-9s %s%s\n", ctl_look(ctl, CTL_BOLD), "NAME", "KIND", "URL, EVENTS", ctl_look(ctl, CTL_PLAIN));
	print_all(ctl, setup->conf);
	return CTL_DONE;
}

/* ---- one of them ---- */

/* name NULL: the first.  NULL: said. */
static const struct hg_backend_conf *find(const struct ctl *ctl, const hg_conf *conf, const char *name)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < conf->backends->len; i++) {
		const struct hg_backend_conf *backend = conf->backends->pdata[i];

		if (!is_webhook(backend))
			continue;
		if (!name || strcmp(backend->name, name) == 0)
			return backend;
		g_ptr_array_add(names, backend->name);
	}
	g_ptr_array_add(names, NULL);
	if (name)
		ctl_unknown(ctl, "backend that is told by webhook", name, (const char *const *)names->pdata);
	else
		ctl_say_error(ctl, "the configuration has no backend that is told by webhook");
	return NULL;
}

/* ---- send-test ---- */

struct outcome { int status; gboolean sent; enum hg_client_code code; char *error, *body; gint64 took_ms; };

static void answered(void *arg, const struct hg_client_answer *answer)
{
	struct outcome *outcome = arg;

	outcome->status = answer->status;
	outcome->code = answer->code;
	outcome->error = g_strdup(answer->error);
	outcome->body = g_strndup(answer->body, MIN(answer->len, SHOWN_MAX));
}

static char *test_event(gint64 now_ms)
{
	GString *body = g_string_new(NULL);

	hg_json_open(body, '{');
	hg_json_add_str(body, "type", "gateway.test");
	hg_json_add_time(body, "timestamp", now_ms);
	hg_json_key(body, "data");
	hg_json_open(body, '{');
	hg_json_add_str(body, "text", "headgatectl webhook send-test has sent this; there is nothing to do");
	hg_json_close(body, '}');
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

static void post(const struct hg_backend_conf *backend, const char *id, struct outcome *ret)
{
	gint64 now_ms = hg_now(hg_env_system()), started = hg_mono(hg_env_system());
	g_autofree char *body = test_event(now_ms);
	g_auto(GStrv) headers = hg_sign_headers(backend->secrets, id, now_ms / 1000, body, strlen(body));

	hg_client_sync(&(struct hg_client_call){ .method = "POST", .url = backend->url, .body = body, .len = strlen(body),
		.headers = (const char *const *)headers, .private_ok = backend->allow_private, .timeout_ms = backend->timeout_ms },
		answered, ret);
	ret->took_ms = hg_mono(hg_env_system()) - started;
}

static void print_outcome(const struct ctl *ctl, const struct hg_backend_conf *backend, const char *id,
			  const struct outcome *outcome, gboolean fine)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *body = ctl_safe(outcome->body, FALSE);

	if (!ctl->json && ctl->quiet && fine)
		return;
	if (!ctl->json) {
		printf("%s  %s  ", backend->url, id);
		if (outcome->code == HG_CLIENT_OK)
			printf("%d in %" G_GINT64_FORMAT " ms  %s\n", outcome->status, outcome->took_ms, body);
		else
			printf("%s\n", outcome->error);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "backend", backend->name);
	hg_json_add_str(out, "url", backend->url);
	hg_json_add_str(out, "id", id);
	hg_json_add_int(out, "status", outcome->status);
	hg_json_add_str(out, "error", *outcome->error ? outcome->error : NULL);
	hg_json_add_int(out, "took_ms", outcome->took_ms);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static const char *advice(const struct outcome *outcome)
{
	if (outcome->code == HG_CLIENT_BLOCKED)
		return "allow_private: true lets a backend be on a private network";
	if (outcome->code != HG_CLIENT_OK)
		return "is the address right, and does a firewall let headgate out?";
	if (outcome->status == 401 || outcome->status == 403)
		return "the receiver does not take the signature: are its secret and its clock right?";
	return "a receiver answers 2xx to what it does not know";
}

static int send_test(struct ctl *ctl)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	const struct hg_backend_conf *backend = setup ? find(ctl, setup->conf, ctl_value(ctl, "NAME")) : NULL;
	struct outcome outcome = { 0 };
	char id[HG_ID_SIZE];
	gboolean fine;

	if (!setup || !backend)
		return setup ? CTL_MISSING : CTL_CONFIG;
	hg_id_new(hg_env_system(), "evt", id);
	post(backend, id, &outcome);
	fine = outcome.code == HG_CLIENT_OK && outcome.status >= 200 && outcome.status < 300;
	print_outcome(ctl, backend, id, &outcome, fine);
	if (!fine)
		ctl_say_error(ctl, "%s", advice(&outcome));
	g_free(outcome.error);
	g_free(outcome.body);
	return fine ? CTL_DONE : CTL_NO;
}

/* ---- verify ---- */

/* NULL: the signature is right. */
static const char *wrong(struct ctl *ctl, const struct hg_backend_conf *backend, const GString *body)
{
	gint64 stamp = ctl_number(ctl, "timestamp", 0), now = hg_now(hg_env_system()) / 1000;

	if (!hg_sign_verify(backend->secrets, ctl_value(ctl, "id"), stamp, body->str, body->len, ctl_value(ctl, "signature")))
		return "the signature is wrong: another secret, or not the bytes that were sent (a body that was parsed and written again, "
		       "say, or one with a line break more)";
	return ABS(now - stamp) > TOLERANCE_S && !ctl_given(ctl, "old") ?
	       "the signature is right, but the time is not within five minutes of now; --old takes it" : NULL;
}

static int verify(struct ctl *ctl)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	const struct hg_backend_conf *backend = setup ? find(ctl, setup->conf, ctl_value(ctl, "NAME")) : NULL;
	g_autoptr(GString) body = g_string_new(NULL), out = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	const char *why;

	if (!setup || !backend)
		return setup ? CTL_MISSING : CTL_CONFIG;
	if (!hg_slurp(STDIN_FILENO, BODY_MAX, "", body, &error)) {
		ctl_say_error(ctl, "standard input: %s", error->message);
		return CTL_NO;
	}
	why = wrong(ctl, backend, body);
	hg_json_open(out, '{');
	hg_json_add_bool(out, "valid", !why);
	hg_json_add_str(out, "error", why);
	hg_json_close(out, '}');
	if (ctl->json)
		ctl_put_json(out->str);
	else if (why)
		ctl_say_error(ctl, "%s", why);
	else if (!ctl->quiet)
		printf("signed by headgate with a secret of %s\n", backend->name);
	return why ? CTL_NO : CTL_DONE;
}

/* ---- the verb ---- */

static const struct ctl_verb list_verb = {
	.name = "list", .help = "who is told or asked, and where", .usual = TRUE, .run = list,
};

static const struct ctl_verb test_verb = {
	.name = "send-test", .help = "send a signed test event from here, and tell of the answer", .run = send_test,
	.args = CTL_PARAMS({ "NAME", CTL_BACKEND, .help = "of a backend [the first]", .flags = CTL_MAYBE }),
	.more = "The event is gateway.test, which nothing else sends.  It goes from this program, not through the daemon.",
	.exits = "0 answered with 2xx, 1 answered otherwise or not at all, 4 no such backend",
};

static const struct ctl_verb verify_verb = {
	.name = "verify", .help = "is a request signed by headgate? Its body comes from standard input", .run = verify,
	.args = CTL_PARAMS({ "NAME", CTL_BACKEND, .help = "whose secrets count [the first backend's]", .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "id", CTL_TEXT, "ID", "header webhook-id", .flags = CTL_NEEDED },
			      { "timestamp", CTL_NUMBER, NULL, "header webhook-timestamp", .flags = CTL_NEEDED },
			      { "signature", CTL_TEXT, NULL, "header webhook-signature", .flags = CTL_NEEDED },
			      { "old", CTL_FLAG, NULL, "takes one that is older than five minutes" }),
	.exits = "0 it is, 1 it is not, 4 no such backend",
};

const struct ctl_verb ctl_verb_webhook = {
	.name = "webhook", .help = "helpdesks that are told by webhook: list, test, and check of signatures",
	.subs = CTL_SUBS(&list_verb, &test_verb, &verify_verb),
};
