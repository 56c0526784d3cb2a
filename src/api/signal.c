/* signal.c - read marks and typing signs: passed on at once, never stored */
#include "call.h"

#define NAME_MAX_BYTES 200

struct target {
	const char *channel;
	struct hg_out out;
};

/* The customer's last message, as the provider knows it. */
static void signal_work(hg_store *store, void *arg)
{
	struct call *call = arg;
	struct target *target = call->extra;
	hg_thread *thread = NULL;
	hg_message *message = NULL;

	if (!hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error))
		return;
	if (!thread) {
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no thread \"%.40s\"", call->param[0]);
		return;
	}
	if (thread->last_in_n &&
	    !hg_store_message_get(store, call->arena, thread->last_in_n, &message, &call->error))
		return;
	if (!message || !message->external_id) {
		hg_fail(&call->error, HG_ERROR_STATE, "the customer has written nothing here yet");
		return;
	}
	target->channel = thread->channel;
	target->out.to = thread->reply_to;
	target->out.from = thread->reply_from;
	target->out.target = message->external_id;
}

static void signal_done(void *arg)
{
	struct call *call = arg;
	struct target *target = call->extra;

	if (!call->error && call->api->ports.signal(call->api->ports.ctx, target->channel, &target->out, &call->error))
		g_string_assign(call->out, "{}");
	hg_call_finish(call);
}

static void signal_start(struct call *call, int kind)
{
	static const struct call_member known[] = { { "agent", CALL_TEXT, NAME_MAX_BYTES }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct target *target;

	if (!body) {
		hg_call_finish(call);
		return;
	}
	target = g_new0(struct target, 1);
	target->out.name = hg_arena_str(call->arena, hg_json_str(body, "agent"));
	target->out.size = sizeof target->out;
	target->out.kind = kind;
	call->extra = target;
	call->extra_free = g_free;
	if (!hg_readers_run(call->api->readers, signal_work, signal_done, call, &call->error))
		hg_call_finish(call);
}

void hg_signal_read(struct call *call)
{
	signal_start(call, HG_READ);
}

void hg_signal_typing(struct call *call)
{
	signal_start(call, HG_TYPING);
}
