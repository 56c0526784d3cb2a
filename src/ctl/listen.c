/* listen.c - a toy helpdesk: verifies every event, prints it, gives each ticket a number */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "http_server.h"
#include "loop.h"
#include "secret.h"
#include "setup.h"
#include "sign.h"

#define TOLERANCE_S 300			/* Standard Webhooks: how old an attempt may be */
#define SECRETS_MAX 4
#define BODY_MAX (16 * 1024 * 1024)

struct desk {
	struct ctl *ctl;
	hg_loop *loop;
	char *secrets[SECRETS_MAX + 1];
	guint n_secrets;
	gint64 port;
	gboolean tickets;
	gint64 next_number;
	GHashTable *seen;		/* event id -> ticket number of what was asked for, or 0 */
};

static void route(void *arg, const hg_request *req, struct hg_server_route *ret)
{
	(void)arg;
	if (strcmp(hg_request_method(req), "POST") != 0) {
		ret->refuse = 405;
		ret->why = "events come by POST";
	}
	ret->max_body = BODY_MAX;
}

/* NULL when it is genuine, else why it is not. */
static const char *refusal(struct desk *desk, const hg_request *req)
{
	const char *id = hg_request_header(req, "webhook-id"), *stamp = hg_request_header(req, "webhook-timestamp");
	const char *signature = hg_request_header(req, "webhook-signature");
	gint64 seconds, now = hg_now(hg_env_system()) / 1000;
	gsize len;
	const char *body = hg_request_body(req, &len);

	if (!id || !stamp || !signature)
		return "webhook-id, webhook-timestamp or webhook-signature is missing";
	if (!g_ascii_string_to_signed(stamp, 10, 0, G_MAXINT64, &seconds, NULL) || ABS(now - seconds) > TOLERANCE_S)
		return "webhook-timestamp is not within five minutes of now";
	return hg_sign_verify(desk->secrets, id, seconds, body, len, signature) ? NULL : "the signature is wrong";
}

static void print_event(struct desk *desk, struct json_object *event, gboolean again)
{
	struct ctl *ctl = desk->ctl;
	struct json_object *data = hg_json_obj(event, "data"), *message = hg_json_obj(data, "message");
	g_autofree char *clock = ctl_clock(hg_json_str(event, "timestamp")), *type = ctl_text(event, "type", "?");
	g_autofree char *number = ctl_text(hg_json_obj(data, "ticket"), "number", "");
	g_autofree char *who = ctl_text(hg_json_obj(data, "contact"), "name", ""), *text = ctl_text(message, "text", "");
	g_autofree char *subject = ctl_text(data, "subject", ""), *state = ctl_text(message, "delivery", "");
	const char *what = *text ? text : subject;

	printf("%s%s%s  %s%-16s%s ", ctl_look(ctl, CTL_DIM), clock, ctl_look(ctl, CTL_PLAIN), ctl_look(ctl, CTL_CYAN),
	       type, ctl_look(ctl, CTL_PLAIN));
	ctl_cell(number, 8);
	printf("%s%s%s%s%s%s\n", who, *what ? ": " : "", what, *state ? "  " : "", state, again ? "  (again, not new)" : "");
}

static void answer(struct desk *desk, hg_request *req, gint64 number)
{
	g_autoptr(GString) body = g_string_new("{}");

	if (number) {
		g_string_printf(body, "{\"ticket\":{\"id\":\"%" G_GINT64_FORMAT "\",\"number\":\"HD-%" G_GINT64_FORMAT
			"\",\"url\":\"http://127.0.0.1:%" G_GINT64_FORMAT "/tickets/%" G_GINT64_FORMAT "\"}}",
			number, number, desk->port, number);
	}
	hg_request_answer(req, &(struct hg_answer){ .status = 200, .type = "application/json",
		.body = body->str, .len = body->len });
}

/* What its ticket is numbered, 0 for none: the same when the event comes again. */
static gint64 number_for(struct desk *desk, const char *id, struct json_object *event, gboolean *ret_again)
{
	gpointer known;
	gint64 number = 0;

	*ret_again = g_hash_table_lookup_extended(desk->seen, id, NULL, &known);
	if (*ret_again)
		return GPOINTER_TO_INT(known);
	if (desk->tickets && g_strcmp0(hg_json_str(event, "type"), "ticket.requested") == 0)
		number = desk->next_number++;
	g_hash_table_insert(desk->seen, g_strdup(id), GINT_TO_POINTER((int)number));
	return number;
}

static void handle(void *arg, hg_request *req)
{
	struct desk *desk = arg;
	const char *why = refusal(desk, req), *id = hg_request_header(req, "webhook-id");
	g_autoptr(json_object) event = NULL;
	gboolean again;
	gint64 number;
	gsize len;
	const char *body = hg_request_body(req, &len);

	if (why) {
		ctl_say_error(desk->ctl, "refused a request from %s: %s", hg_request_peer(req), why);
		hg_request_problem(req, 401, "%s", why);
		return;
	}
	event = hg_json_parse(body, len, &(struct hg_json_limits){ .max_bytes = BODY_MAX, .max_depth = 64 }, NULL);
	if (!event) {
		hg_request_problem(req, 400, "the body is no JSON");
		return;
	}
	number = number_for(desk, id, event, &again);
	if (desk->ctl->json)
		ctl_put_json(json_object_to_json_string_ext(event, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
	else if (!desk->ctl->quiet)
		print_event(desk, event, again);
	fflush(stdout);
	answer(desk, req, number);
}

/* ---- start ---- */

static gboolean add_secret(struct desk *desk, const char *text)
{
	gsize len;
	guint8 *key = hg_sign_key(text, &len);

	if (!key || desk->n_secrets == SECRETS_MAX) {
		ctl_say_error(desk->ctl, "a secret is whsec_ and the base64 of 24 to 64 bytes; %d at most", SECRETS_MAX);
		hg_sign_key_free(key, len);
		return FALSE;
	}
	hg_sign_key_free(key, len);
	desk->secrets[desk->n_secrets++] = g_strdup(text);
	return TRUE;
}

static gboolean add_reference(struct desk *desk, const char *reference)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = hg_secret_read(reference, NULL, &error);

	if (text)
		return add_secret(desk, text);
	ctl_say_error(desk->ctl, "--secret %s", error->message);
	return FALSE;
}

/* Without --secret: those of the first backend. */
static gboolean add_configured(struct desk *desk)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_setup) setup = hg_setup_read(ctl_config(desk->ctl), diag);
	const struct hg_backend_conf *backend;

	if (!setup) {
		g_autofree char *text = hg_diag_render(diag, ctl_colours(desk->ctl, STDERR_FILENO));

		fputs(text, stderr);
		ctl_say_error(desk->ctl, "no --secret was given, and the configuration cannot be read");
		return FALSE;
	}
	if (!setup->conf->backends->len) {
		ctl_say_error(desk->ctl, "no --secret was given, and the configuration names no backend");
		return FALSE;
	}
	backend = g_ptr_array_index(setup->conf->backends, 0);
	for (char **secret = backend->secrets; secret && *secret; secret++)
		if (!add_secret(desk, *secret))
			return FALSE;
	return TRUE;
}

/* -1 to go on, else the exit code. */
static int read_args(struct desk *desk)
{
	desk->port = ctl_number(desk->ctl, "port", 8421);
	desk->tickets = !ctl_given(desk->ctl, "no-tickets");
	if (desk->port > 65535)
		return ctl_usage(desk->ctl, "--port %" G_GINT64_FORMAT ": a number from 0 to 65535 is wanted", desk->port);
	for (const char *const *secret = ctl_values(desk->ctl, "secret"); *secret; secret++)
		if (!add_reference(desk, *secret))
			return CTL_USAGE;
	return desk->n_secrets || add_configured(desk) ? -1 : CTL_CONFIG;
}

static void on_signal(evutil_socket_t number, short what, void *arg)
{
	(void)number;
	(void)what;
	hg_loop_stop(arg);
}

static int serve(struct desk *desk)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_server) server = NULL;
	g_autofree char *where = g_strdup_printf("127.0.0.1:%" G_GINT64_FORMAT, desk->port);
	struct hg_server_conf conf;
	struct event *stops[2];

	hg_server_conf_init(&conf);
	conf.route = route;
	conf.handle = handle;
	conf.arg = desk;
	server = hg_server_new(desk->loop, &conf, &error);
	if (!server || !hg_server_listen(server, where, FALSE, &error)) {
		ctl_say_error(desk->ctl, "%s", error->message);
		return CTL_AGAIN;
	}
	desk->port = hg_server_port(server, 0);
	if (!desk->ctl->quiet)
		fprintf(stderr, "helpdesk on http://127.0.0.1:%" G_GINT64_FORMAT "/ (Ctrl-C ends it)\n", desk->port);
	for (guint i = 0; i < 2; i++) {
		stops[i] = evsignal_new(hg_loop_base(desk->loop), i ? SIGTERM : SIGINT, on_signal, desk->loop);
		event_add(stops[i], NULL);
	}
	hg_loop_run(desk->loop);
	event_free(stops[0]);
	event_free(stops[1]);
	return CTL_DONE;
}

static int listen_for(struct ctl *ctl)
{
	struct desk desk = { .ctl = ctl, .next_number = 501 };
	g_autoptr(GError) error = NULL;
	int code = read_args(&desk);

	if (code < 0) {
		desk.loop = hg_loop_new(hg_env_system(), "listen", &error);
		desk.seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
		if (desk.loop) {
			code = serve(&desk);
		} else {
			ctl_say_error(ctl, "%s", error->message);
			code = CTL_NO;
		}
		hg_loop_free(desk.loop);
		g_hash_table_destroy(desk.seen);
	}
	for (guint i = 0; i < desk.n_secrets; i++)
		g_free(desk.secrets[i]);
	return code;
}

const struct ctl_verb ctl_verb_listen = {
	.name = "listen", .help = "a toy helpdesk: verifies and prints what arrives", .run = listen_for,
	.options = CTL_PARAMS({ "port", CTL_NUMBER, NULL, "listens on 127.0.0.1:N [8421]" },
			      { "secret", CTL_TEXT, "REF", "env:NAME, file:PATH or credential:NAME with a whsec_ secret "
				"[the secrets of the first backend of the configuration]", .flags = CTL_MANY },
			      { "no-tickets", CTL_FLAG, NULL, "answers without a ticket number" }),
	.more = "Gives each ticket a number.  Goes on until it is interrupted.",
};
