/* simulate_outcome.c - sent as a provider would, and what came of it by the daemon's own word */
#include <string.h>

#include "env.h"
#include "http_client.h"
#include "simulate.h"

#define LOOK_EVERY_MS 30

void sim_call_clear(sim_call *call)
{
	g_free(call->path);
	g_free(call->id);
	if (call->headers)
		g_ptr_array_unref(call->headers);
	if (call->body)
		g_string_free(call->body, TRUE);
	*call = (sim_call){ 0 };
}

void sim_outcome_clear(sim_outcome *outcome)
{
	char **const texts[] = { &outcome->message, &outcome->thread, &outcome->state, &outcome->proposal, &outcome->action,
				 &outcome->rule, &outcome->ticket };

	for (gsize i = 0; i < G_N_ELEMENTS(texts); i++)
		g_clear_pointer(texts[i], g_free);
	outcome->joined = FALSE;
	outcome->status = 0;
}

/* ---- asked ---- */

struct asked { int status; struct json_object *json; };

static void answered(void *arg, const struct hg_client_answer *answer)
{
	struct asked *asked = arg;

	asked->status = answer->code == HG_CLIENT_OK ? answer->status : 0;
	if (asked->status == 200)
		asked->json = hg_json_parse(answer->body, answer->len,
					    &(struct hg_json_limits){ .max_bytes = 16 * 1024 * 1024, .max_depth = 64 }, NULL);
}

struct json_object *sim_ask(struct sim *sim, const char *path)
{
	g_autofree char *url = g_strconcat("http://headgate", path, NULL);
	struct asked asked = { 0 };

	hg_client_sync(&(struct hg_client_call){ .url = url, .unix_path = ctl_socket(sim->ctl), .private_ok = TRUE,
		.max_reply = 16 * 1024 * 1024 }, answered, &asked);
	return asked.json;
}

static struct json_object *at(struct json_object *list, gsize i)
{
	return list && i < json_object_array_length(list) ? json_object_array_get_idx(list, i) : NULL;
}

gint64 sim_newest(struct sim *sim)
{
	g_autoptr(json_object) found = sim_ask(sim, "/v1/decisions?order=newest&limit=1");

	return found ? hg_json_int(at(hg_json_arr(found, "decisions"), 0), "number", 0) : -1;
}

/* ---- sent ---- */

static void posted(void *arg, const struct hg_client_answer *answer)
{
	*(int *)arg = answer->code == HG_CLIENT_OK ? answer->status : 0;
}

/* Over the daemon's socket its channels answer as on its listener, whatever port or TLS that has. */
void sim_send(struct sim *sim, sim_call *call, sim_outcome *ret)
{
	const char *base = call->api ? NULL : sim->url;
	g_autofree char *url = g_strconcat(base ? base : "http://headgate", call->path, NULL);
	gboolean get = strcmp(call->method, "GET") == 0;

	g_ptr_array_add(call->headers, NULL);
	hg_client_sync(&(struct hg_client_call){ .method = call->method, .url = url, .body = get ? NULL : call->body->str,
		.len = get ? 0 : call->body->len, .headers = (const char *const *)call->headers->pdata, .private_ok = TRUE,
		.unix_path = base ? NULL : ctl_socket(sim->ctl) }, posted, &ret->status);
	g_ptr_array_remove_index(call->headers, call->headers->len - 1);
}

/* ---- what came of it ---- */

static char *copy(struct json_object *object, const char *key)
{
	return g_strdup(hg_json_str(object, key));
}

static void read_thread(struct sim *sim, const char *said_at, sim_outcome *ret)
{
	g_autofree char *path = ctl_path("/v1/threads/%s", ret->thread);
	g_autoptr(json_object) found = sim_ask(sim, path);
	struct json_object *thread = hg_json_obj(found, "thread"), *ticket = hg_json_obj(thread, "ticket");
	const char *created = hg_json_str(ticket, "created_at");

	if (!thread)
		return;
	g_free(ret->state);
	g_free(ret->ticket);
	ret->state = copy(thread, "state");
	ret->ticket = copy(ticket, "number");
	ret->joined = created && said_at && strcmp(created, said_at) < 0;
}

void sim_look_again(struct sim *sim, sim_outcome *outcome)
{
	g_autofree char *path = outcome->message ? ctl_path("/v1/messages/%s", outcome->message) : NULL;
	g_autoptr(json_object) found = path ? sim_ask(sim, path) : NULL;

	if (found)
		read_thread(sim, hg_json_str(hg_json_obj(found, "message"), "at"), outcome);
}

static void read_decision(struct sim *sim, sim_outcome *ret)
{
	g_autofree char *path = ctl_path("/v1/messages/%s/explain", ret->message);
	g_autoptr(json_object) found = sim_ask(sim, path);
	struct json_object *decision = at(hg_json_arr(found, "decisions"), 0);

	ret->proposal = copy(decision, "proposal");
	ret->action = copy(decision, "action");
	ret->rule = copy(decision, "rule");
}

/* Where the provider names messages by an id, by that; else by their words. */
static gboolean is_it(struct json_object *message, const struct hg_channel_conf *channel, const sim_call *call, const char *text)
{
	const char *id = hg_json_str(message, "external_id");

	if (g_strcmp0(hg_json_str(message, "channel"), channel->name) != 0)
		return FALSE;
	if (call->id && !call->by_words)
		return g_strcmp0(id, call->id) == 0;
	return g_strcmp0(hg_json_str(message, "direction"), "inbound") == 0 && g_strcmp0(hg_json_str(message, "text"), text) == 0;
}

static gboolean take(struct sim *sim, const struct hg_channel_conf *channel, const sim_call *call, const char *text,
		     struct json_object *decision, sim_outcome *ret)
{
	const char *id = hg_json_str(decision, "message_id");
	g_autofree char *path = id ? ctl_path("/v1/messages/%s", id) : NULL;
	g_autoptr(json_object) found = path ? sim_ask(sim, path) : NULL;
	struct json_object *message = hg_json_obj(found, "message");

	if (!message || !is_it(message, channel, call, text))
		return FALSE;
	ret->message = g_strdup(id);
	ret->thread = copy(decision, "thread_id");
	read_decision(sim, ret);
	read_thread(sim, hg_json_str(message, "at"), ret);
	return TRUE;
}

static gboolean look_once(struct sim *sim, const struct hg_channel_conf *channel, const sim_call *call, const char *text, gint64 since,
			  sim_outcome *ret)
{
	g_autofree char *path = g_strdup_printf("/v1/decisions?limit=500&after=%" G_GINT64_FORMAT, since);
	g_autoptr(json_object) found = sim_ask(sim, path);
	struct json_object *decisions = hg_json_arr(found, "decisions");

	for (gsize i = 0; decisions && i < json_object_array_length(decisions); i++)
		if (take(sim, channel, call, text, at(decisions, i), ret))
			return TRUE;
	return FALSE;
}

void sim_look(struct sim *sim, const struct hg_channel_conf *channel, const sim_call *call, const char *text, gint64 since,
	      gint64 patience_ms, sim_outcome *ret)
{
	gint64 end = hg_mono(hg_env_system()) + patience_ms;

	while (!look_once(sim, channel, call, text, since, ret) && hg_mono(hg_env_system()) < end)
		g_usleep(LOOK_EVERY_MS * 1000);
}

/* ---- told ---- */

void sim_outcome_json(const sim_call *call, const sim_outcome *outcome, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", call->id);
	hg_json_add_int(out, "status", outcome->status);
	hg_json_add_str(out, "message_id", outcome->message);
	hg_json_add_str(out, "thread_id", outcome->thread);
	hg_json_add_str(out, "state", outcome->state);
	hg_json_add_str(out, "proposal", outcome->proposal);
	hg_json_add_str(out, "action", outcome->action);
	hg_json_add_str(out, "rule", outcome->rule);
	hg_json_add_str(out, "ticket", outcome->ticket);
	hg_json_add_bool(out, "joined", outcome->joined);
	hg_json_close(out, '}');
}

int sim_outcome_code(struct sim *sim, const sim_call *call, const sim_outcome *outcome)
{
	const char *where = sim->url ? sim->url : ctl_socket(sim->ctl);

	if (outcome->status == call->good || (call->again && outcome->status == call->again))
		return CTL_DONE;
	if (!outcome->status)
		ctl_say_error(sim->ctl, "%s does not answer", where);
	else
		ctl_say_error(sim->ctl, "%s answered %d to %.*s", where, outcome->status, (int)strcspn(call->path, "?"), call->path);
	switch (outcome->status) {
	case 0:
		return CTL_UNREACHABLE;
	case 404:
		return CTL_MISSING;
	case 429:
		return CTL_AGAIN;
	default:
		return CTL_REFUSED;
	}
}
