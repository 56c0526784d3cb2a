/* moved.c - an address is not his any more: what was answered there is answered at another one of his, or nowhere
 *
 * Whoever has it next would read what is said in a conversation that was forgotten: so none is, of whatever channel and scope, open
 * or closed.  Nowhere: until he writes again, or an agent says where. */
#include "turn.h"

#include <string.h>

#define PAGE	     100
#define MESSAGES_MAX 100	/* looked through for the last one that is his own */

/* Every conversation of his that is answered there. */
struct moving {
	const hg_contact *contact;
	const char *uri, *to;
};
typedef gboolean moving_step(hg_turn *turn, const struct moving *moving, hg_thread *thread, GError **error);

static gboolean for_all(hg_turn *turn, const struct moving *moving, moving_step *step, GError **error)
{
	gint64 before_n = G_MAXINT64;
	guint n;

	do {
		g_autoptr(GPtrArray) threads = g_ptr_array_new();

		if (!hg_store_thread_answered_at(turn->store, turn->arena, moving->contact->n, moving->uri, before_n, PAGE, threads,
						 error))
			return FALSE;
		for (guint i = 0; i < threads->len; i++) {
			hg_thread *thread = g_ptr_array_index(threads, i);

			before_n = thread->n;
			if (!step(turn, moving, thread, error))
				return FALSE;
		}
		n = threads->len;
	} while (n == PAGE);
	return TRUE;
}

/* ---- given up ---- */

static gboolean is_like(const char *one, const char *other)
{
	return strncmp(one, other, strcspn(other, ":") + 1) == 0;
}

/* Which of those he has now takes its place: one of the same kind if there is one.  What is also another's does not. */
static gboolean instead(hg_turn *turn, const hg_contact *contact, const struct hg_in *in, const char *uri, const char **ret,
			GError **error)
{
	*ret = NULL;
	for (gsize i = 0; i < in->n_from; i++) {
		const struct hg_address *address = &in->from[i];
		hg_alias *alias;

		if (address->proof != HG_PROVEN || (*ret && (is_like(*ret, uri) || !is_like(address->uri, uri))))
			continue;
		if (!hg_store_alias_find(turn->store, turn->arena, address->uri, &alias, error))
			return FALSE;
		if (alias && alias->contact_n == contact->n)
			*ret = address->uri;
	}
	return TRUE;
}

/* His reply window there and his wishes go with him. */
static gboolean carry(hg_turn *turn, const char *channel, const struct moving *moving, GError **error)
{
	gint64 last_in_ms;

	return hg_store_reach_get(turn->store, channel, moving->uri, &last_in_ms, error) &&
	       (!last_in_ms || hg_store_reach_in(turn->store, channel, moving->to, last_in_ms, error)) &&
	       hg_consent_move(turn, channel, moving->uri, moving->to, error);
}

/* The channel that told of it reaches him at the new one; others do when it is of the same kind. */
static gboolean move_thread(hg_turn *turn, const struct moving *moving, hg_thread *thread, GError **error)
{
	const char *to = moving->to;

	if (to && thread->channel && strcmp(thread->channel, turn->command->channel) != 0) {
		if (!is_like(to, moving->uri))
			to = NULL;
		else if (!carry(turn, thread->channel, moving, error))
			return FALSE;
	}
	thread->reply_to = to;
	return hg_store_thread_update(turn->store, thread, error);
}

gboolean hg_moved(hg_turn *turn, const hg_contact *contact, const struct hg_in *in, GError **error)
{
	for (gsize i = 0; i < in->n_from; i++) {
		struct moving moving = { .contact = contact, .uri = in->from[i].uri };

		if (in->from[i].proof != HG_FORMER)
			continue;
		if (!instead(turn, contact, in, moving.uri, &moving.to, error) ||
		    (moving.to && !carry(turn, turn->command->channel, &moving, error)) ||
		    !for_all(turn, &moving, move_thread, error))
			return FALSE;
	}
	return TRUE;
}

/* ---- taken apart ---- */

/* As threads know it: what is only claimed has marks before it where it is kept. */
static const char *bare(const char *uri)
{
	static const char *const marks[] = { "claimed:", "failed:" };

	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		if (g_str_has_prefix(uri, marks[i]))
			uri += strlen(marks[i]);
	return uri;
}

static gboolean is_own(hg_turn *turn, const hg_contact *contact, const char *uri, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_alias_list(turn->store, turn->arena, contact->n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len && !*ret; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		*ret = alias->proof != HG_FORMER && strcmp(bare(alias->uri), uri) == 0;
	}
	return TRUE;
}

/* Where he himself wrote last in it. */
static gboolean answer_own(hg_turn *turn, const hg_contact *contact, hg_thread *thread, GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();
	gboolean own = FALSE;

	if (!hg_store_message_list(turn->store, turn->arena, thread->last_message_n, MESSAGES_MAX, messages, error))
		return FALSE;
	thread->reply_to = NULL;
	for (guint i = 0; i < messages->len && !own; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (message->direction != HG_INBOUND || !message->address)
			continue;
		if (!is_own(turn, contact, message->address, &own, error))
			return FALSE;
		if (!own)
			continue;
		thread->channel = message->channel;
		thread->reply_to = message->address;
		thread->reply_from = message->our_address;
	}
	return TRUE;
}

gboolean hg_moved_check(hg_turn *turn, const hg_contact *contact, hg_thread *thread, GError **error)
{
	hg_alias *alias;
	gboolean own = FALSE;

	if (!thread->reply_to)
		return TRUE;
	/* Nobody's: who wrote from there was believed. */
	if (!hg_store_alias_find(turn->store, turn->arena, thread->reply_to, &alias, error) ||
	    (alias && !is_own(turn, contact, thread->reply_to, &own, error)))
		return FALSE;
	return !alias || own || answer_own(turn, contact, thread, error);
}

static gboolean check_thread(hg_turn *turn, const struct moving *moving, hg_thread *thread, GError **error)
{
	const char *was = thread->reply_to;

	if (!hg_moved_check(turn, moving->contact, thread, error))
		return FALSE;
	return thread->reply_to == was || hg_store_thread_update(turn->store, thread, error);
}

gboolean hg_moved_apart(hg_turn *turn, const hg_contact *contact, const GPtrArray *aliases, GError **error)
{
	for (guint i = 0; i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (!for_all(turn, &(struct moving){ .contact = contact, .uri = bare(alias->uri) }, check_thread, error))
			return FALSE;
	}
	return TRUE;
}
