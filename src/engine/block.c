/* block.c - who is kept out: what he writes is kept and is noise, nobody answers him, and nothing becomes a ticket of it */
#include "turn.h"

#include "json.h"

#include <string.h>

#define THREADS_MAX 100		/* of his that are open */

void hg_block_copy(const hg_contact *from, hg_contact *to)
{
	to->blocked_ms = from->blocked_ms;
	to->blocked_until_ms = from->blocked_until_ms;
	to->blocked_why = from->blocked_why;
}

gboolean hg_block_check(const hg_turn *turn, const hg_contact *contact, GError **error)
{
	if (contact && contact->erased_ms)
		return hg_fail(error, HG_ERROR_STATE, "the customer was erased: nobody knows where an answer would go");
	if (!contact || !hg_contact_is_blocked(contact, turn->now_ms))
		return TRUE;
	return hg_fail(error, HG_ERROR_STATE, "the customer is blocked%s%s; headgatectl contact unblock %s lets him in again",
		       contact->blocked_why ? ": " : "", contact->blocked_why ?: "", contact->id);
}

gboolean hg_contact_by_id(hg_turn *turn, const char *id, hg_contact **ret, GError **error)
{
	*ret = NULL;
	if (id && hg_id_is(id, "con") && !hg_store_contact_by_id(turn->store, turn->arena, id, ret, error))
		return FALSE;
	if (!*ret)
		hg_fail(error, HG_ERROR_MISSING, "there is no contact %.60s", id ?: "without an id");
	return *ret != NULL;
}

gboolean hg_contact_load(hg_turn *turn, const char *id, hg_contact **ret, GError **error)
{
	hg_contact *top;

	if (!hg_contact_by_id(turn, id, ret, error))
		return FALSE;
	if (!(*ret)->merged_into)
		return TRUE;
	return hg_case_contact(turn, (*ret)->merged_into, &top, error) &&
	       hg_fail(error, HG_ERROR_STATE, "contact %s is part of %s: name that one", (*ret)->id, top ? top->id : "another one");
}

/* What is open is over: nobody shall wait for an answer to it, nor a deadline make a ticket of it. */
static gboolean end_threads(hg_turn *turn, const hg_contact *contact, const char *reason, GError **error)
{
	for (int shadow = FALSE; shadow <= TRUE; shadow++) {
		struct hg_thread_query query = { .state = HG_THREAD_OPEN, .shadow = shadow, .contact_id = contact->id,
						 .limit = THREADS_MAX };
		g_autoptr(GPtrArray) threads = g_ptr_array_new();

		if (!hg_store_thread_list(turn->store, turn->arena, &query, threads, error))
			return FALSE;
		for (guint i = 0; i < threads->len; i++) {
			hg_case kase;

			if (!hg_case_load(turn, ((const hg_thread *)g_ptr_array_index(threads, i))->n, &kase, error) ||
			    !hg_thread_end(turn, &kase, reason, error) || !hg_case_save(turn, &kase, error))
				return FALSE;
		}
	}
	return TRUE;
}

/* In the newest of his conversations, where people look. */
static gboolean tell(hg_turn *turn, hg_contact *contact, const char *type, const char *reason, GError **error)
{
	struct hg_thread_query query = { .contact_id = contact->id, .limit = 1 };
	struct hg_payload news = { .type = type, .reason = reason, .contact = contact };
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	hg_case kase;

	if (!hg_store_thread_list(turn->store, turn->arena, &query, threads, error))
		return FALSE;
	if (!threads->len)
		return hg_event_tell(turn, NULL, &news, error);
	return hg_case_load(turn, ((const hg_thread *)g_ptr_array_index(threads, 0))->n, &kase, error) &&
	       hg_event_tell(turn, &kase, &news, error) && hg_case_save(turn, &kase, error);
}

static void answer(hg_turn *turn, const hg_contact *contact)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "contact", contact->id);
	hg_json_key(out, "blocked");
	hg_block_write(contact, out);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

static gboolean unblock(hg_turn *turn, hg_contact *contact, const char *by, GError **error)
{
	g_autofree char *why = g_strconcat("let in again by ", by, NULL);

	if (!hg_contact_is_blocked(contact, turn->now_ms))
		return hg_fail(error, HG_ERROR_STATE, "contact %s is not blocked", contact->id);
	hg_block_copy(&(hg_contact){ 0 }, contact);
	return hg_store_contact_update(turn->store, contact, error) &&
	       tell(turn, contact, "contact.unblocked", hg_arena_str(turn->arena, why), error);
}

static gboolean block(hg_turn *turn, hg_contact *contact, const char *by, GError **error)
{
	const hg_command *command = turn->command;
	g_autofree char *why = g_strdup_printf("blocked by %s%s%s", by, command->subject ? ": " : "", command->subject ?: "");
	const char *reason = hg_arena_str(turn->arena, why);

	gint64 until_ms = command->retry_ms ? turn->now_ms + command->retry_ms : command->until_ms;

	if (until_ms && until_ms <= turn->now_ms)
		return hg_fail(error, HG_ERROR_INPUT, "until when he is to be blocked has gone by");
	contact->blocked_ms = contact->blocked_ms ? contact->blocked_ms : turn->now_ms;
	contact->blocked_until_ms = until_ms;
	contact->blocked_why = command->subject;
	return hg_store_contact_update(turn->store, contact, error) && end_threads(turn, contact, reason, error) &&
	       tell(turn, contact, "contact.blocked", reason, error);
}

gboolean hg_block_command(hg_turn *turn, GError **error)
{
	const char *by = turn->command->agent ?: turn->command->principal ?: "the API";
	struct hg_ctx ctx = HG_CTX(NULL, "contact", turn->command->text ?: "");
	hg_contact *contact;

	if (!hg_contact_load(turn, turn->command->text, &contact, error) ||
	    !(turn->command->remove ? unblock(turn, contact, by, error) : block(turn, contact, by, error)))
		return FALSE;
	hg_info(&ctx, turn->command->remove ? "contact.unblocked" : "contact.blocked", "by %s", by);
	answer(turn, contact);
	return TRUE;
}
