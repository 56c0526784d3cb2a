/* backend_probe.c - backend probe: asks the helpdesk itself whether a backend of the configuration would work */
#include <stdio.h>
#include <string.h>
#include "backend_verbs.h"
#include "back.h"
#include "desk_mail.h"
#include "desk_run.h"
#include "desk_say.h"
#include "env.h"
#include "http_client.h"
#include "text.h"

#define TAKEN_MAX 60		/* letters of what was found, of each */
#define LOOK_MS 1000		/* between two looks at the daemon's counts */
#define TICKET_TEXT "Made by headgatectl backend probe, to see whether tickets can be made here.  It may be closed and deleted."

struct probing {
	struct ctl *ctl;
	const struct hg_backend_conf *backend;
	const hg_desk *desk;		/* of it */
	const char *public_url;
	hg_desk_session *session;
	struct hg_desk_transport transport;
	char *ours;			/* our id of a ticket that nobody has */
	GString *json;			/* of the checks; NULL: told as they come */
	gboolean failed;
	gboolean mailed;		/* what was asked last would be a mail */
};

/* ---- telling ---- */

enum { OK, FAILS, SKIP };

static void tell(struct probing *p, int how, const char *what, const char *text)
{
	static const char *const words[] = { "ok", "FAIL", "-" };
	static const int looks[] = { CTL_GREEN, CTL_RED, CTL_DIM };
	g_autofree char *safe = ctl_safe(text ? text : "", FALSE);

	p->failed = p->failed || how == FAILS;
	if (p->json) {
		hg_json_open(p->json, '{');
		hg_json_add_str(p->json, "check", what);
		hg_json_add_str(p->json, "state", how == OK ? "ok" : how == FAILS ? "failed" : "skipped");
		hg_json_opt_str(p->json, "text", text);
		hg_json_close(p->json, '}');
		return;
	}
	if (p->ctl->quiet && how != FAILS)
		return;
	printf("%s%-4s%s  ", ctl_look(p->ctl, looks[how]), words[how], ctl_look(p->ctl, CTL_PLAIN));
	ctl_cell(what, 14);
	printf("  %s\n", safe);
	fflush(stdout);
}

/* ---- the network, without a loop ---- */

struct asked {
	hg_desk_answered *done;
	void *arg;
};

static const char *header_of(const void *from, const char *name)
{
	return hg_client_header(from, name);
}

static void on_answer(void *arg, const struct hg_client_answer *from)
{
	const struct asked *asked = arg;
	const struct hg_desk_answer answer = { .status = from->status, .code = from->code, .sent = from->sent, .error = from->error,
		.body = from->body, .len = from->len, .header = header_of, .from = from,
		.retry_ms = hg_client_retry_after(from, hg_now(hg_env_system())) };

	asked->done(asked->arg, &answer);
}

static void ask(void *ctx, const struct hg_client_call *call, hg_desk_answered *done, void *arg)
{
	struct probing *p = ctx;
	struct asked asked = { done, arg };

	p->mailed = hg_desk_mail_is(call);
	if (!p->mailed)
		hg_client_sync(call, on_answer, &asked);
	else
		done(arg, &(struct hg_desk_answer){ .code = HG_CLIENT_CALL, .error = "mails leave by the daemon", .body = "", .retry_ms = -1 });
}

static gint64 now_ms(void *ctx)
{
	(void)ctx;
	return hg_now(hg_env_system());
}

/* ---- operations ---- */

struct probed {
	int word;			/* enum hg_desk_outcome */
	char *text;
	struct json_object *taken;
};

static void probed_clear(struct probed *outcome)
{
	g_free(outcome->text);
	json_object_put(outcome->taken);
}
typedef struct probed probed;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(probed, probed_clear)

static void on_end(void *arg, const struct hg_desk_ended *ended)
{
	struct probed *outcome = arg;

	outcome->word = ended->word;
	outcome->text = g_strdup(ended->text);
	outcome->taken = json_object_get(ended->taken);
}

/* more: laid over what every operation may say; or NULL. */
static void run(struct probing *p, int op, const char *external, struct json_object *more, struct probed *ret)
{
	gint64 now = now_ms(NULL);
	g_autoptr(json_object) situation = hg_desk_say(hg_desk_op_name(op), external, now);

	json_object_object_add(situation, "external_id", json_object_new_string(external));
	if (more) {
		json_object_object_foreach(more, key, value)
			json_object_object_add(situation, key, json_object_get(value));
	}
	hg_desk_run_start(&(struct hg_desk_task){ .desk = p->desk, .op = op, .situation = situation, .transport = &p->transport,
		.session = p->session, .timeout_ms = p->backend->timeout_ms, .private_ok = p->backend->allow_private }, on_end, ret);
}

/* What was found, for people: "account: 5, inbox: Support". */
static char *found(struct json_object *taken)
{
	GString *out = g_string_new(NULL);

	json_object_object_foreach(taken, name, value) {
		g_autofree char *text = json_object_is_type(value, json_type_string) ?
					hg_text_valid(json_object_get_string(value), -1, TAKEN_MAX) : NULL;

		if (text)
			g_string_append_printf(out, "%s%s: %s", out->len ? ", " : "", name, text);
	}
	return g_string_free(out, FALSE);
}

static void say_failure(struct probing *p, const char *what, const struct probed *outcome)
{
	g_autofree char *text = NULL;

	if (p->mailed) {
		tell(p, SKIP, what, "it is a mail, which the daemon writes: headgatectl cannot try it");
		return;
	}
	text = g_strdup_printf("%s (%s)", outcome->text ? outcome->text : "it did not work",
						hg_desk_outcome_word(outcome->word));
	tell(p, FAILS, what, text);
}

/* FALSE: nothing else can work. */
static gboolean probe_account(struct probing *p)
{
	g_auto(probed) outcome = { 0 };
	g_autofree char *text = NULL;

	if (!p->desk->ops[HG_DESK_PROBE]) {
		tell(p, SKIP, "account", "the preset has no operation probe");
		return TRUE;
	}
	run(p, HG_DESK_PROBE, p->ours, NULL, &outcome);
	if (outcome.word != HG_DESK_DONE) {
		say_failure(p, "account", &outcome);
		return outcome.word != HG_DESK_ACCOUNT && outcome.word != HG_DESK_RETRY;
	}
	text = found(outcome.taken);
	tell(p, OK, "account", *text ? text : "credentials, rights and settings are right");
	return TRUE;
}

/* Nobody has this id: that is what it must find out. */
static void probe_find(struct probing *p)
{
	g_auto(probed) outcome = { 0 };

	if (!p->desk->ops[HG_DESK_FIND])
		return;
	run(p, HG_DESK_FIND, p->ours, NULL, &outcome);
	if (outcome.word == HG_DESK_NONE)
		tell(p, OK, "find", "tickets can be looked for by our id");
	else if (outcome.word == HG_DESK_DONE)
		tell(p, FAILS, "find", "it finds a ticket by an id that no ticket has: tickets would be taken for others");
	else
		say_failure(p, "find", &outcome);
}

static void probe_poll(struct probing *p)
{
	g_autoptr(json_object) more = json_object_new_object();
	g_auto(probed) outcome = { 0 };
	struct json_object *changes = NULL;
	g_autofree char *text = NULL;
	char iso[HG_TIME_SIZE];
	gint64 since = now_ms(NULL) - p->desk->poll.overlap_ms;

	if (!p->desk->ops[HG_DESK_FETCH_CHANGES] || !p->desk->poll.every_ms)
		return;
	hg_desk_say_time(more, "since", since);
	json_object_object_add(more, "cursor", json_object_new_string(hg_time(since, iso)));
	run(p, HG_DESK_FETCH_CHANGES, p->ours, more, &outcome);
	if (outcome.word != HG_DESK_DONE) {
		say_failure(p, "poll", &outcome);
		return;
	}
	json_object_object_get_ex(outcome.taken, "changes", &changes);
	text = g_strdup_printf("it can be asked what agents did; since %s: %zu", iso,
			       json_object_is_type(changes, json_type_array) ? json_object_array_length(changes) : 0);
	tell(p, OK, "poll", text);
}

/* ---- a ticket, when that is wanted ---- */

static struct json_object *ticket_situation(const struct probed *created)
{
	static const char stock[] = "{\"subject\":\"headgate probe\",\"text\":\"" TICKET_TEXT "\",\"html\":\"" TICKET_TEXT "\","
		"\"first\":true,\"files\":[],\"channel\":\"probe\",\"scope\":\"default\",\"origin\":\"headgatectl backend probe\","
		"\"ticket\":{\"ref\":\"probe\",\"key\":\"probe\",\"subject\":\"headgate probe\",\"tags\":[]},"
		"\"contact\":{\"id\":\"probe\",\"name\":\"headgate probe\"},\"requester\":{\"name\":\"headgate probe\","
		"\"first_name\":\"headgate\",\"last_name\":\"probe\",\"email\":\"probe@headgate.invalid\",\"proven\":false,"
		"\"policy\":\"synthetic\"},\"message\":{\"author\":\"contact\",\"channel\":\"probe\",\"kind\":\"text\"}}";
	struct json_object *situation = hg_json_parse(stock, strlen(stock), NULL, NULL);
	struct json_object *ticket = hg_json_obj(situation, "ticket");
	const char *id = created ? hg_desk_taken(created->taken, "ticket.id") : NULL;
	const char *number = created ? hg_desk_taken(created->taken, "ticket.number") : NULL;

	if (id)
		json_object_object_add(ticket, "id", json_object_new_string(id));
	if (id)
		json_object_object_add(ticket, "number", json_object_new_string(number ? number : id));
	return situation;
}

static void probe_write(struct probing *p, int op, const char *tail, const struct probed *created)
{
	g_autofree char *external = g_strconcat(p->ours, tail, NULL);
	g_autoptr(json_object) more = ticket_situation(created);
	const char *status = hg_desk_status_to(p->desk, "solved");
	g_auto(probed) outcome = { 0 };

	if (!p->desk->ops[op] || (op == HG_DESK_SET_STATUS && !status))
		return;
	if (status)
		json_object_object_add(more, "status", json_object_new_string(status));
	run(p, op, external, more, &outcome);
	if (outcome.word == HG_DESK_DONE || outcome.word == HG_DESK_ADOPT)
		tell(p, OK, hg_desk_op_name(op), op == HG_DESK_SET_STATUS ? status : NULL);
	else
		say_failure(p, hg_desk_op_name(op), &outcome);
}

/* A search may be late. */
static void probe_found(struct probing *p, const struct probed *created)
{
	const char *id = hg_desk_taken(created->taken, "ticket.id"), *other;
	g_auto(probed) outcome = { 0 };
	g_autofree char *text = NULL;

	if (!p->desk->ops[HG_DESK_FIND])
		return;
	g_usleep((gulong)(p->desk->once.lag_ms * 1000));
	run(p, HG_DESK_FIND, p->ours, NULL, &outcome);
	other = outcome.word == HG_DESK_DONE ? hg_desk_taken(outcome.taken, "ticket.id") : NULL;
	if (g_strcmp0(id, other) == 0) {
		tell(p, OK, "find", "the ticket is found by our id");
	} else if (outcome.word == HG_DESK_DONE || outcome.word == HG_DESK_NONE) {
		text = g_strdup_printf("ticket %s is not found by our id, but %s: an attempt in doubt could make it twice", id,
				       other ? other : "none");
		tell(p, FAILS, "find", text);
	} else {
		say_failure(p, "find", &outcome);
	}
}

static void probe_ticket(struct probing *p)
{
	g_autoptr(json_object) more = ticket_situation(NULL);
	g_auto(probed) created = { 0 };
	g_autofree char *text = NULL;

	run(p, HG_DESK_CREATE, p->ours, more, &created);
	if (created.word != HG_DESK_DONE && created.word != HG_DESK_ADOPT) {
		say_failure(p, "create", &created);
		return;
	}
	text = found(created.taken);
	tell(p, OK, "create", text);
	probe_found(p, &created);
	probe_write(p, HG_DESK_APPEND, ".2", &created);
	probe_write(p, HG_DESK_NOTE, ".3", &created);
	probe_write(p, HG_DESK_SET_STATUS, ".4", &created);
}

/* ---- the webhook ---- */

struct knock {
	int status;
	char *error;
};

static void on_knock(void *arg, const struct hg_client_answer *answer)
{
	struct knock *knock = arg;

	knock->status = answer->status;
	knock->error = answer->status ? NULL : g_strdup(answer->error);
}

/* From here to the address that the helpdesk is given, and back in: without a signature it must be refused. */
static void probe_hook(struct probing *p)
{
	static const char *const headers[] = { "Content-Type: application/json", NULL };
	g_autofree char *url = g_strdup_printf("%s/backend/%s/hook", p->public_url ? p->public_url : "", p->backend->name), *text = NULL;
	struct knock knock = { 0 };

	if (!hg_back_has_hook(p->desk->back))
		return;
	if (p->desk->no_hook) {
		tell(p, SKIP, "webhook", "not used: there is no secret for it in the configuration");
		return;
	}
	if (!p->public_url) {
		tell(p, FAILS, "webhook", "gateway.public_url is not set: where is the helpdesk to send its webhooks?");
		return;
	}
	hg_client_sync(&(struct hg_client_call){ .method = "POST", .url = url, .headers = headers, .body = "{}", .len = 2,
		.private_ok = TRUE, .timeout_ms = p->backend->timeout_ms }, on_knock, &knock);
	if (knock.status == 401)
		text = g_strdup_printf("%s leads here, and refuses what is not signed", url);
	else if (knock.status)
		text = g_strdup_printf("%s answers %d to a webhook without a signature, not 401: does it lead to a running headgated "
				       "with this backend?", url, knock.status);
	else
		text = g_strdup_printf("%s: %s", url, knock.error);
	tell(p, knock.status == 401 ? OK : FAILS, "webhook", text);
	g_free(knock.error);
}

struct counts {
	gint64 requests, forged;
};

static gboolean read_counts(struct probing *p, struct counts *ret)
{
	g_auto(ctl_reply) reply = { 0 };
	int code = ctl_call(p->ctl, "GET", "/v1/status", NULL, NULL, &reply);
	struct json_object *backends = hg_json_arr(reply.json, "backends");

	*ret = (struct counts){ 0 };
	for (gsize i = 0; backends && i < json_object_array_length(backends); i++) {
		struct json_object *one = json_object_array_get_idx(backends, i);
		struct json_object *counted = hg_json_obj(hg_json_obj(one, "back"), "counted");

		if (g_strcmp0(hg_json_str(one, "name"), p->backend->name) == 0)
			*ret = (struct counts){ hg_json_int(counted, "requests", 0), hg_json_int(counted, "forged", 0) };
	}
	return code == CTL_DONE;
}

/* The other half of the round trip: somebody does something over there, and the daemon hears of it. */
static void wait_for_hook(struct probing *p, gint64 wait_ms)
{
	struct counts before, now;
	gint64 end = hg_mono(hg_env_system()) + wait_ms;

	if (!read_counts(p, &before)) {
		p->failed = TRUE;
		return;
	}
	if (!p->json && !p->ctl->quiet)
		puts("      now do something in the helpdesk that it has a webhook for: answer a ticket, say");
	fflush(stdout);
	for (now = before; now.requests == before.requests && hg_mono(hg_env_system()) < end; g_usleep(LOOK_MS * 1000))
		if (!read_counts(p, &now))
			break;
	if (now.requests == before.requests)
		tell(p, FAILS, "round trip", "no webhook came: is it switched on there, and is its address right?");
	else if (now.forged > before.forged)
		tell(p, FAILS, "round trip", "a webhook came, and its signature does not hold: is the secret the same on both sides?");
	else
		tell(p, OK, "round trip", "a webhook came, and its signature holds");
}

/* ---- all of it ---- */

static void probe(struct probing *p, gboolean ticket, gint64 wait_ms)
{
	gboolean go_on = probe_account(p);

	if (go_on) {
		probe_find(p);
		probe_poll(p);
	}
	if (go_on && ticket)
		probe_ticket(p);
	probe_hook(p);
	if (wait_ms && !p->desk->no_hook)
		wait_for_hook(p, wait_ms);
}

static int finish(struct probing *p)
{
	if (p->json) {
		g_autofree char *checks = g_strdup_printf("[%s]", p->json->str);
		g_autoptr(GString) out = g_string_new(NULL);

		hg_json_open(out, '{');
		hg_json_add_str(out, "backend", p->backend->name);
		hg_json_add_str(out, "preset", p->desk->preset);
		hg_json_add_bool(out, "works", !p->failed);
		hg_json_add_raw(out, "checks", checks);
		hg_json_close(out, '}');
		ctl_put_json(out->str);
	}
	return p->failed ? CTL_NO : CTL_DONE;
}

int ctl_backend_probe(struct ctl *ctl, const char *name, gboolean ticket, gint64 wait_ms)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	const struct hg_backend_conf *backend = setup ? hg_conf_backend(setup->conf, name) : NULL;
	struct probing p = { .ctl = ctl, .backend = backend, .transport = { .call = ask, .now_ms = now_ms } };
	g_autoptr(GString) json = ctl->json ? g_string_new(NULL) : NULL;
	char id[HG_ID_SIZE];

	if (!setup)
		return CTL_CONFIG;
	if (!backend) {
		ctl_say_error(ctl, "there is no backend \"%s\" in %s", name, ctl_config(ctl));
		return CTL_MISSING;
	}
	if (!backend->desk) {
		ctl_say_error(ctl, "backend %s has no preset to probe it by: preset %s", name, backend->preset);
		return CTL_REFUSED;
	}
	hg_id_new(hg_env_system(), "probe", id);
	p.desk = backend->desk;
	p.public_url = setup->conf->gateway.public_url;
	p.ours = id;
	p.json = json;
	p.session = hg_desk_session_new();
	p.transport.ctx = &p;
	probe(&p, ticket, wait_ms);
	hg_desk_session_free(p.session);
	return finish(&p);
}

void ctl_backend_account(struct ctl *ctl, const hg_setup *setup, const struct hg_backend_conf *backend, GString *checks)
{
	struct probing p = { .ctl = ctl, .backend = backend, .desk = backend->desk, .transport = { .call = ask, .now_ms = now_ms },
			     .public_url = setup->conf->gateway.public_url, .json = checks };
	char id[HG_ID_SIZE];

	hg_id_new(hg_env_system(), "probe", id);
	p.ours = id;
	p.session = hg_desk_session_new();
	p.transport.ctx = &p;
	probe_account(&p);
	hg_desk_session_free(p.session);
}
