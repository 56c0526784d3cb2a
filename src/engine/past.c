/* past.c - what goes out with a message besides itself: who says it, about which ticket, and what was said before */
#include "turn.h"

#include <string.h>

#define LOOK_BACK 50			/* messages of the conversation that are looked at */
#define REFS_MAX  21			/* one that is answered, and 20 before it */
#define PAST_MAX  10
#define PAST_BYTES (64 * 1024)

struct past {
	hg_arena *arena;
	const char **refs;
	gsize n_refs;
	struct hg_past *said;
	gsize n_said, bytes;
	const char *customer;		/* the contact's name, or NULL */
};

static gboolean has_ref(const struct past *past, const char *id)
{
	for (gsize i = 0; i < past->n_refs; i++)
		if (strcmp(past->refs[i], id) == 0)
			return TRUE;
	return FALSE;
}

static void add_ref(struct past *past, const char *id)
{
	if (id && *id && past->n_refs < REFS_MAX && !has_ref(past, id))
		past->refs[past->n_refs++] = id;
}

static const char *new_text(const hg_message *message)
{
	return message->reply_text && *message->reply_text ? message->reply_text : message->text;
}

static void add_said(struct past *past, const hg_message *message)
{
	gboolean ours = message->direction == HG_OUTBOUND;
	const char *text = new_text(message);
	gsize len = strlen(text);

	if (!len || message->revoked_ms || past->n_said >= PAST_MAX || past->bytes + len > PAST_BYTES)
		return;
	past->bytes += len;
	past->said[past->n_said++] = (struct hg_past){
		.size = sizeof(struct hg_past), .name = ours ? message->author_name : past->customer, .text = text,
		.at_ms = message->at_ms, .ours = ours,
	};
}

static gboolean is_said(const hg_message *message)
{
	return message->direction == HG_INBOUND || (message->direction == HG_OUTBOUND && !hg_message_is_copy(message));
}

/* The newest of the customer's first: that is what is answered, whatever we said since. */
static void take(struct past *past, const GPtrArray *messages, const char *channel, const char *answers)
{
	const hg_message *theirs = NULL;

	for (guint i = 0; i < messages->len && !theirs; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (message->direction == HG_INBOUND && message->external_id && g_strcmp0(message->channel, channel) == 0)
			theirs = message;
	}
	add_ref(past, answers ?: theirs ? theirs->external_id : NULL);
	for (guint i = 0; i < messages->len; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (!is_said(message))
			continue;
		if (g_strcmp0(message->channel, channel) == 0)
			add_ref(past, message->external_id);
		add_said(past, message);
	}
}

static gboolean read_number(hg_engine *engine, hg_arena *arena, const hg_thread *thread, struct hg_out *out, GError **error)
{
	hg_ticket *ticket = NULL;

	if (thread->ticket_n && !hg_store_ticket_get(engine->store, arena, thread->ticket_n, &ticket, error))
		return FALSE;
	out->number = ticket ? ticket->number : NULL;
	return TRUE;
}

static gboolean read_past(hg_engine *engine, hg_arena *arena, const hg_thread *thread, gint64 newest_n,
			  const char *channel, const char *answers, struct hg_out *out, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	struct past past = { .arena = arena };
	hg_contact *contact = NULL;

	if ((newest_n && !hg_store_message_list(engine->store, arena, newest_n, LOOK_BACK, messages, error)) ||
	    !hg_store_contact_get(engine->store, arena, thread->contact_n, &contact, error))
		return FALSE;
	past.refs = hg_arena_alloc(arena, (REFS_MAX + 1) * sizeof(*past.refs));
	past.said = hg_arena_alloc(arena, PAST_MAX * sizeof(*past.said));
	past.customer = contact ? contact->name : NULL;
	take(&past, messages, channel, answers);
	out->refs = past.n_refs ? past.refs : NULL;
	out->past = past.said;
	out->n_past = past.n_said;
	out->past_size = sizeof(*past.said);
	return TRUE;
}

gboolean hg_past_is_wanted(const hg_engine *engine, const char *channel)
{
	const struct hg_channel_conf *conf = channel ? hg_conf_channel(engine->conf, channel) : NULL;

	return conf && conf->desc && conf->desc->caps & HG_CAP_PAST;
}

gboolean hg_past_fill(hg_engine *engine, hg_arena *arena, const hg_thread *thread, gint64 newest_n, const char *channel,
		      const char *answers, struct hg_out *out, GError **error)
{
	if (!hg_past_is_wanted(engine, channel) || out->kind >= HG_REACTION)
		return TRUE;
	if (!out->subject)
		out->subject = thread->subject;
	return read_number(engine, arena, thread, out, error) &&
	       read_past(engine, arena, thread, newest_n, channel, answers, out, error);
}
