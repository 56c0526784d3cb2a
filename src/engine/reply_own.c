/* reply_own.c - what the gateway says by itself: to answers of rules, in its own words, copies of what was said */
#include "outgoing.h"

/* What would reach the customer though the window is closed. */
static const char *closed_advice(hg_turn *turn, const struct hg_outgoing *out)
{
	const struct hg_channel_conf *conf = out->channel ? hg_conf_channel(turn->conf, out->channel) : NULL;
	g_autofree char *advice = NULL;

	if (!conf || !conf->closed_template.name)
		return NULL;
	advice = g_strdup_printf("The template \"%s\" (%s) would reach him: send it as \"template\" of a reply over the API.",
				 conf->closed_template.name, conf->closed_template.language);
	return hg_arena_str(turn->arena, advice);
}

/* Of what a person says the error itself says what he can do, but for the names only the configuration knows. */
static const char *advice_for(hg_turn *turn, const struct hg_outgoing *out, int code)
{
	if (!out->automatic)
		return code == HG_ERROR_WINDOW ? closed_advice(turn, out) : NULL;
	if (code == HG_ERROR_WINDOW)
		return "Write to the customer on another channel, or with a template.";
	if (code == HG_ERROR_OPTED_OUT)
		return "Tell the customer on another channel, if he has to know it.";
	return "Tell the customer yourself.";
}

gboolean hg_outgoing_fail(hg_turn *turn, hg_case *kase, const struct hg_outgoing *out, const GError *why, hg_message **ret,
			  GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase->thread->id);
	hg_message *message = hg_outgoing_message(turn, out);

	hg_warn(&ctx, "reply.refused", "%s is not sent: %s", out->automatic ? "an automatic message" :
		"an answer of the helpdesk's", why->message);
	message->delivery = HG_DLV_FAILED;
	message->parts = 0;
	message->error = hg_arena_str(turn->arena, why->message);
	message->advice = advice_for(turn, out, why->code);
	*ret = message;
	return hg_case_say(turn, kase, message, error) && hg_outgoing_files(turn, message, out->reply, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "message.status", .message = message,
							       .reason = message->error }, error) &&
	       hg_listen_failed(turn, kase, message, HG_DLV_NONE, error);
}

/* On trial: rules and people see in the conversation what would have been said. */
static gboolean keep_unsent(hg_turn *turn, hg_case *kase, const struct hg_outgoing *out, GError **error)
{
	hg_message *message = hg_outgoing_message(turn, out);

	message->delivery = HG_DLV_NONE;
	message->parts = 0;
	message->note = "on trial: not sent";
	return hg_case_say(turn, kase, message, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "message.status", .message = message,
							       .reason = message->note }, error);
}

static gboolean say_automatic(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, GError **error)
{
	g_autoptr(GError) why = NULL;
	hg_message *message;
	gboolean may;

	if (!hg_outgoing_prepare(turn, kase, out, &why)) {
		if (why->code != HG_ERROR_STORE)
			return hg_outgoing_fail(turn, kase, out, why, &message, error);
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	if (!hg_sender_may_be_told(turn, kase, out->channel, out->to, &may, error))
		return FALSE;
	if (!may)
		return hg_case_line(turn, kase, "An automatic message was not sent: this address had one within the last "
				    "24 hours.", error);
	return kase->thread->shadow ? keep_unsent(turn, kase, out, error) : hg_outgoing_queue(turn, kase, out, &message, error);
}

gboolean hg_reply_automatic(hg_turn *turn, hg_case *kase, int author, const char *name, const char *text,
			    GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply reply = { .text = text, .kind = HG_TEXT };

	return say_automatic(turn, kase, &(struct hg_outgoing){ .reply = &reply, .author = author, .author_name = name,
			     .automatic = TRUE, .parts = parts }, error);
}

gboolean hg_reply_consent(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply reply = { .text = text, .kind = HG_TEXT };

	return say_automatic(turn, kase, &(struct hg_outgoing){ .reply = &reply, .author = HG_BY_GATEWAY, .automatic = TRUE,
			     .about_consent = TRUE, .parts = parts }, error);
}

static gboolean window_closed(hg_turn *turn, const hg_thread *thread, gboolean *ret, GError **error)
{
	const struct hg_ports *ports = &turn->engine->ports;
	struct hg_limits limits = { .size = sizeof(limits) };
	gint64 last_in_ms = 0;
	unsigned caps;

	*ret = FALSE;
	if (!thread->channel || !thread->reply_to || !ports->limits(ports->ctx, thread->channel, &limits, &caps) ||
	    !limits.window_ms)
		return TRUE;
	if (!hg_store_reach_get(turn->store, thread->channel, thread->reply_to, &last_in_ms, error))
		return FALSE;
	*ret = turn->now_ms - last_in_ms >= limits.window_ms;
	return TRUE;
}

gboolean hg_reply_or_template(hg_turn *turn, hg_case *kase, const char *text, const char *template_json, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply reply = { .text = text, .kind = HG_TEXT };
	gboolean closed = FALSE;

	if (template_json && !window_closed(turn, kase->thread, &closed, error))
		return FALSE;
	reply.template_json = closed ? template_json : NULL;
	return say_automatic(turn, kase, &(struct hg_outgoing){ .reply = &reply, .author = HG_BY_GATEWAY, .automatic = TRUE,
			     .parts = parts }, error);
}

gboolean hg_reply_copy(hg_turn *turn, hg_case *kase, const struct hg_copy *copy, hg_message **ret, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply reply = { .text = copy->text, .payload = copy->payload, .files = copy->files, .n_files = copy->n_files,
				  .kind = HG_TEXT };
	struct hg_outgoing out = {
		.reply = &reply, .author = HG_BY_GATEWAY, .author_name = copy->name, .copy = TRUE, .channel = copy->channel,
		.to = copy->to, .past_n = copy->past_n, .parts = parts,
	};

	return hg_outgoing_prepare(turn, kase, &out, error) && hg_outgoing_queue(turn, kase, &out, ret, error);
}

gboolean hg_reply_question(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply reply = { .text = text, .kind = HG_TEXT };
	struct hg_outgoing out = { .reply = &reply, .author = HG_BY_GATEWAY, .automatic = TRUE, .parts = parts };
	hg_message *message;
	gboolean may;

	if (kase->thread->shadow)
		return hg_fail(error, HG_ERROR_STATE, "the channel is on trial: nothing is said on it");
	if (!hg_outgoing_prepare(turn, kase, &out, error) ||
	    !hg_sender_may_be_told(turn, kase, out.channel, out.to, &may, error))
		return FALSE;
	if (!may)
		return hg_fail(error, HG_ERROR_LIMIT, "this address had an automatic message within the last 24 hours");
	return hg_outgoing_queue(turn, kase, &out, &message, error);
}
