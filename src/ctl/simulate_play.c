/* simulate_play.c - plays a script, step by step, and says where what came of it is not what was expected */
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "env.h"
#include "simulate_script.h"

#define LOOK_EVERY_MS 30
#define ANSWER_MS     30000

struct play {
	struct sim *sim;
	const char *key;
	GPtrArray *steps;
	GString *json;			/* or NULL */
	guint failed;
};

/* ---- a line that breaks ---- */

static int connect_socket(struct sim *sim)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_strlcpy(at.sun_path, ctl_socket(sim->ctl), sizeof(at.sun_path));
	if (fd >= 0 && connect(fd, (const struct sockaddr *)&at, sizeof(at)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static gboolean write_all(int fd, const char *bytes, gsize len)
{
	while (len) {
		ssize_t n = send(fd, bytes, len, MSG_NOSIGNAL);

		if (n <= 0)
			return FALSE;
		bytes += n;
		len -= (gsize)n;
	}
	return TRUE;
}

/* cut: half of the request, and no more.  Else all of it; the line ends when the answer is there, unread. */
static gboolean send_and_break(struct sim *sim, const sim_call *call, gboolean cut)
{
	g_autoptr(GString) request = g_string_new(NULL);
	int fd = connect_socket(sim);
	struct pollfd wait = { fd, POLLIN, 0 };
	gboolean sent;

	if (fd < 0)
		return FALSE;
	g_string_printf(request, "%s %s HTTP/1.1\r\nHost: headgate\r\nContent-Length: %zu\r\n", call->method, call->path, call->body->len);
	for (guint i = 0; i < call->headers->len; i++)
		g_string_append_printf(request, "%s\r\n", (const char *)call->headers->pdata[i]);
	g_string_append(request, "\r\n");
	g_string_append_len(request, call->body->str, (gssize)call->body->len);
	sent = write_all(fd, request->str, cut ? request->len - MAX(call->body->len / 2, 1) : request->len);
	if (sent && !cut)
		sent = poll(&wait, 1, ANSWER_MS) == 1;
	close(fd);
	return sent;
}

/* ---- what is done ---- */

static gboolean good(const struct sim_step *step, const sim_call *call)
{
	return step->outcome.status == call->good || (call->again && step->outcome.status == call->again);
}

static int send_step(struct play *p, struct sim_step *step, sim_call *call)
{
	gint64 since = sim_newest(p->sim);
	gboolean later = call->later && step->kind == SIM_SAY;

	if (since < 0) {
		ctl_say_error(p->sim->ctl, "no headgated answers at %s; is it running?", ctl_socket(p->sim->ctl));
		return CTL_UNREACHABLE;
	}
	if (step->fault == SIM_CUT || step->fault == SIM_LOST) {
		if (!send_and_break(p->sim, call, step->fault == SIM_CUT))
			return CTL_UNREACHABLE;
		step->outcome.status = step->fault == SIM_LOST ? call->good : 0;
	} else {
		sim_send(p->sim, call, &step->outcome);
		if (!step->outcome.status)
			return sim_outcome_code(p->sim, call, &step->outcome);
	}
	if (good(step, call))
		sim_look(p->sim, step->set, call, step->kind == SIM_SAY ? step->said.text : step->of->said.text, since,
			 later ? step->expect.within_ms * 4 : 0, &step->outcome);
	return CTL_DONE;
}

static int play_say(struct play *p, struct sim_step *step)
{
	const struct sim_adapter *adapter = sim_adapter_of(step->set);
	int code;

	step->said.key = p->key;
	step->said.at_ms = hg_now(hg_env_system()) - step->ago_ms;
	step->said.forged = step->fault == SIM_FORGED;
	step->said.broken = step->fault == SIM_BROKEN;
	if (!step->said.from)
		step->said.from = adapter->from;
	code = adapter->say(p->sim, step->set, &step->said, &step->call);
	return code == CTL_DONE ? send_step(p, step, &step->call) : code;
}

static int play_again(struct play *p, struct sim_step *step)
{
	step->set = step->of->set;
	return send_step(p, step, &step->of->call);
}

static int play_reply(struct play *p, struct sim_step *step)
{
	g_autofree char *path = step->of->outcome.thread ? ctl_path("/v1/threads/%s/replies", step->of->outcome.thread) : NULL;
	g_autofree char *unique = g_uuid_string_random(), *header = g_strdup_printf("Idempotency-Key: \"%s\"", unique);
	g_autoptr(GString) body = g_string_new(NULL);
	g_auto(ctl_reply) reply = { 0 };
	int code;

	step->set = step->of->set;
	if (!path)
		return CTL_NO;
	hg_json_open(body, '{');
	hg_json_add_str(body, "text", step->text);
	hg_json_add_str(body, "agent", "simulate");
	hg_json_close(body, '}');
	code = ctl_call(p->sim->ctl, "POST", path, body->str, (const char *const[]){ "Content-Type: application/json", header, NULL }, &reply);
	step->outcome.status = reply.status;
	if (code == CTL_DONE)
		step->message = g_strdup(hg_json_str(hg_json_obj(reply.json, "message"), "id"));
	return code;
}

static struct json_object *message_of(struct play *p, const char *id)
{
	g_autofree char *path = ctl_path("/v1/messages/%s", id);

	return sim_ask(p->sim, path);
}

/* The provider has to have taken it before it can say more of it. */
static struct json_object *wait_sent(struct play *p, const struct sim_step *step)
{
	gint64 end = hg_mono(hg_env_system()) + step->expect.within_ms;

	for (;;) {
		struct json_object *found = message_of(p, step->of->message);

		if (hg_json_str(hg_json_obj(found, "message"), "external_id") || hg_mono(hg_env_system()) >= end)
			return found;
		json_object_put(found);
		g_usleep(LOOK_EVERY_MS * 1000);
	}
}

static int play_receipt(struct play *p, struct sim_step *step)
{
	g_autoptr(json_object) found = step->of->message ? wait_sent(p, step) : NULL;
	struct json_object *message = hg_json_obj(found, "message");
	const char *address = hg_json_str(message, "address"), *colon = address ? strchr(address, ':') : NULL;
	const struct sim_receipt receipt = { .id = hg_json_str(message, "external_id"), .to = colon ? colon + 1 : address,
		.state = step->state, .key = p->key, .at_ms = hg_now(hg_env_system()) };
	const struct sim_adapter *adapter;
	int code;

	step->set = step->of->set;
	adapter = sim_adapter_of(step->set);
	if (!adapter->receipt || !receipt.id || !receipt.to)
		return ctl_usage(p->sim->ctl, adapter->receipt ? "a receipt: the provider has not taken the reply" :
				 "receipts are not simulated on channels of this adapter");
	code = adapter->receipt(p->sim, step->set, &receipt, &step->call);
	step->message = g_strdup(step->of->message);
	if (code == CTL_DONE)
		sim_send(p->sim, &step->call, &step->outcome);
	return code;
}

static int play_look(struct sim_step *step)
{
	sim_outcome *from = &step->of->outcome, *to = &step->outcome;

	*to = (sim_outcome){ .status = from->status, .message = g_strdup(from->message), .thread = g_strdup(from->thread),
		.proposal = g_strdup(from->proposal), .action = g_strdup(from->action), .rule = g_strdup(from->rule) };
	return CTL_DONE;
}

static int do_step(struct play *p, struct sim_step *step)
{
	switch (step->kind) {
	case SIM_SAY:
		return play_say(p, step);
	case SIM_AGAIN:
		return play_again(p, step);
	case SIM_REPLY:
		return play_reply(p, step);
	case SIM_RECEIPT:
		return play_receipt(p, step);
	case SIM_LOOK:
		return play_look(step);
	default:
		g_usleep((gulong)step->wait_ms * 1000);
		return CTL_DONE;
	}
}

/* ---- what was expected ---- */

static char *differs(const char *what, const char *want, const char *is)
{
	return want && g_strcmp0(want, is) != 0 ? g_strdup_printf("%s: expected %s, it is %s", what, want, is ? is : "none") : NULL;
}

static const struct sim_step *by_name(const struct play *p, const char *name)
{
	const struct sim_step *found = NULL;

	for (guint i = 0; i < p->steps->len; i++) {
		const struct sim_step *step = p->steps->pdata[i];

		if (g_strcmp0(step->name, name) == 0)
			found = found ? found : step;
	}
	return found;
}

static char *delivery_of(struct play *p, const struct sim_step *step)
{
	g_autoptr(json_object) found = step->message ? message_of(p, step->message) : NULL;

	return g_strdup(hg_json_str(hg_json_obj(found, "message"), "delivery"));
}

static const char *yes(gboolean is)
{
	return is ? "true" : "false";
}

static gboolean was_taken(const struct sim_step *step)
{
	const sim_call *call = step->kind == SIM_AGAIN ? &step->of->call : &step->call;

	return step->kind == SIM_REPLY ? step->message != NULL : step->kind >= SIM_LOOK || good(step, call);
}

/* What is not as expected: yours; NULL: nothing. */
static char *judge(struct play *p, struct sim_step *step)
{
	const struct sim_expect *want = &step->expect;
	const sim_outcome *is = &step->outcome;
	const char *ticket = is->ticket ? is->joined ? "joined" : "new" : "none";
	g_autofree char *delivery = want->delivery ? delivery_of(p, step) : NULL;
	int taken = want->taken >= 0 ? want->taken : step->fault == SIM_BROKEN ? -1 : step->fault != SIM_FORGED && step->fault != SIM_CUT;
	const struct { const char *what, *want, *is; } facts[] = {
		{ "taken", taken >= 0 ? yes(taken) : NULL, yes(was_taken(step)) },
		{ "new", want->fresh >= 0 ? yes(want->fresh) : NULL, yes(is->message != NULL) },
		{ "proposal", want->proposal, is->proposal }, { "action", want->action, is->action }, { "rule", want->rule, is->rule },
		{ "state", want->state, is->state }, { "ticket", want->ticket, ticket },
		{ "thread", want->thread ? by_name(p, want->thread)->outcome.thread : NULL, is->thread }, { "delivery", want->delivery, delivery },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(facts); i++) {
		char *wrong = differs(facts[i].what, facts[i].want, facts[i].is);

		if (wrong)
			return wrong;
	}
	return NULL;
}

/* Tickets and receipts take a moment: until it is as expected, or the time is over. */
static char *judge_in_time(struct play *p, struct sim_step *step)
{
	gint64 end = hg_mono(hg_env_system()) + step->expect.within_ms;
	char *wrong;

	if (step->kind == SIM_LOOK)
		sim_look_again(p->sim, &step->outcome);
	while ((wrong = judge(p, step)) && hg_mono(hg_env_system()) < end &&
	       (step->expect.state || step->expect.ticket || step->expect.delivery)) {
		g_free(wrong);
		g_usleep(LOOK_EVERY_MS * 1000);
		sim_look_again(p->sim, &step->outcome);
	}
	return wrong;
}

/* ---- told ---- */

static const char *const kind_words[] = { "", "say", "again", "reply", "receipt", "look", "wait" };

static void tell(struct play *p, const struct sim_step *step, const char *wrong)
{
	const struct hg_place *place = hg_node_place(step->node);
	const char *about = step->name ? step->name : step->channel ? step->channel : "";

	if (p->json) {
		hg_json_open(p->json, '{');
		hg_json_add_int(p->json, "line", place->line);
		hg_json_add_str(p->json, "does", kind_words[step->kind]);
		hg_json_add_str(p->json, "name", step->name);
		hg_json_add_bool(p->json, "passed", !wrong);
		hg_json_add_str(p->json, "wrong", wrong);
		hg_json_add_str(p->json, "message_id", step->message ? step->message : step->outcome.message);
		hg_json_add_str(p->json, "thread_id", step->outcome.thread);
		hg_json_close(p->json, '}');
	} else if (!p->sim->ctl->quiet && !wrong) {
		printf("ok    %-8s %s\n", kind_words[step->kind], about);
	} else if (wrong) {
		printf("FAIL  %-8s %s\n      %s:%d:%d: %s\n", kind_words[step->kind], about, place->file, place->line, place->column, wrong);
	}
	fflush(stdout);
}

static int play_step(struct play *p, struct sim_step *step)
{
	int code = do_step(p, step);
	g_autofree char *wrong = NULL;

	if (code == CTL_UNREACHABLE || code == CTL_CONFIG)
		return code;
	wrong = code == CTL_DONE ? judge_in_time(p, step) : g_strdup("it could not be done");
	p->failed += wrong != NULL;
	tell(p, step, wrong);
	return CTL_DONE;
}

int sim_script_play(struct sim *sim, GPtrArray *steps, const char *key)
{
	g_autoptr(GString) json = g_string_new(NULL);
	struct play p = { .sim = sim, .key = key, .steps = steps, .json = sim->ctl->json ? json : NULL };
	int code = CTL_DONE;

	hg_json_open(json, '{');
	hg_json_key(json, "steps");
	hg_json_open(json, '[');
	for (guint i = 0; i < steps->len && code == CTL_DONE; i++)
		code = play_step(&p, steps->pdata[i]);
	hg_json_close(json, ']');
	hg_json_add_int(json, "failed", p.failed);
	hg_json_close(json, '}');
	if (p.json)
		ctl_put_json(json->str);
	else if (!sim->ctl->quiet && code == CTL_DONE)
		printf("%u step%s, %u failed\n", steps->len, steps->len == 1 ? "" : "s", p.failed);
	return code != CTL_DONE ? code : p.failed ? CTL_NO : CTL_DONE;
}
