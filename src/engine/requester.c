/* requester.c - by which address a helpdesk is to know the customer, and the ticket's request to it
 *
 * What he only says is his is handed on as such (proven: false) and kept with the contact as a field, never as
 * an address: nobody is found by it. */
#include "turn.h"

#include <string.h>

#include "answer.h"
#include "phrases.h"

#define CLAIMED "claimed_email"		/* the contact's field */
#define MAILTO	"mailto:"

static const struct hg_channel_conf *channel_of(const hg_turn *turn, const hg_thread *thread)
{
	return thread->channel ? hg_conf_channel(turn->conf, thread->channel) : NULL;
}

static gboolean is_policy(const hg_turn *turn, const hg_thread *thread, const char *policy)
{
	const struct hg_channel_conf *channel = channel_of(turn, thread);

	return channel && g_strcmp0(channel->requester, policy) == 0;
}

/* ---- which address ---- */

/* The first proven address of a scheme, or NULL. */
static gboolean proven(hg_turn *turn, const hg_case *kase, const char *scheme, const char **ret, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	*ret = NULL;
	if (!hg_store_alias_list(turn->store, turn->arena, kase->contact->n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len && !*ret; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof == HG_PROVEN && g_str_has_prefix(alias->uri, scheme))
			*ret = alias->uri;
	}
	return TRUE;
}

static gboolean synthetic(hg_turn *turn, hg_case *kase, const char **ret, GError **error)
{
	const struct hg_channel_conf *channel = channel_of(turn, kase->thread);
	struct hg_set own[] = { { "phone", NULL }, { NULL, NULL } };
	g_autofree char *uri = NULL;
	const char *phone, *address;

	if (!proven(turn, kase, "tel:+", &phone, error))
		return FALSE;
	own[0].value = phone ? phone + strlen("tel:+") : kase->contact->id;
	if (!hg_fill_line(turn, kase, &(struct hg_filling){ .own = own }, channel->requester_address, &address, error))
		return FALSE;
	uri = g_strconcat(MAILTO, address, NULL);
	*ret = hg_arena_str(turn->arena, uri);
	return TRUE;
}

static void keep_claimed(hg_turn *turn, hg_case *kase, const char *email)
{
	kase->contact->fields = hg_profile_field(turn, kase->contact->fields, CLAIMED, email);
	kase->contact_changed = TRUE;
}

/* The agent who converts has said it: the helpdesk knows him by that, and it is proven by nothing. */
static gboolean take_told(hg_turn *turn, hg_case *kase, const char *given, const char **ret, GError **error)
{
	gboolean pure = FALSE;
	const char *email = hg_answer_email(given, turn->arena, &pure);
	g_autofree char *uri = email && pure ? g_strconcat(MAILTO, email, NULL) : NULL;

	if (!uri)
		return hg_fail(error, HG_ERROR_INPUT, "\"requester\" is no e-mail address: ann@example.com is wanted");
	*ret = hg_arena_str(turn->arena, uri);
	keep_claimed(turn, kase, email);
	return TRUE;
}

gboolean hg_requester_find(hg_turn *turn, hg_case *kase, const char **ret, GError **error)
{
	const char *claimed;
	g_autofree char *uri = NULL;

	if (turn->command && turn->command->kind == HG_CMD_CONVERT && turn->command->external_id)
		return take_told(turn, kase, turn->command->external_id, ret, error);
	if (!proven(turn, kase, MAILTO, ret, error))
		return FALSE;
	if (*ret)
		return TRUE;
	/* A mail's sender: he may be another, but there is where answers go. */
	if (kase->thread->reply_to && g_str_has_prefix(kase->thread->reply_to, MAILTO)) {
		*ret = kase->thread->reply_to;
		return TRUE;
	}
	if (is_policy(turn, kase->thread, "synthetic"))
		return synthetic(turn, kase, ret, error);
	claimed = is_policy(turn, kase->thread, "ask") ? hg_fill_field(turn, kase->contact->fields, CLAIMED) : NULL;
	uri = claimed ? g_strconcat(MAILTO, claimed, NULL) : NULL;
	*ret = hg_arena_str(turn->arena, uri);
	return TRUE;
}

/* ---- the request ---- */

gboolean hg_requester_send(hg_turn *turn, hg_case *kase, const hg_decision *decision, GError **error)
{
	static const char *const missing[] = { "requester_missing" };	/* the channel wants an address */

	if (!kase->ticket->requester && (is_policy(turn, kase->thread, "real") || is_policy(turn, kase->thread, "ask")))
		hg_marks_tag(turn, kase, missing, 1, NULL, NULL, NULL);
	return hg_convert_request(turn, kase, &(struct hg_conversion){ .reason = kase->ticket->reason,
								       .decision = decision }, error);
}

gboolean hg_requester_waits(const hg_thread *thread)
{
	return g_strcmp0(thread->asked, "email") == 0;
}

gboolean hg_requester_ask(hg_turn *turn, hg_case *kase, const hg_decision *decision, gboolean *ret_asked, GError **error)
{
	const struct hg_channel_conf *channel = channel_of(turn, kase->thread);
	g_autofree char *number = decision ? g_strdup_printf("%" G_GINT64_FORMAT, decision->n) : NULL;

	*ret_asked = FALSE;
	/* Who has not written does not expect questions. */
	if (kase->ticket->requester || kase->thread->asked || !kase->thread->inbound || kase->contact->opted_out ||
	    !is_policy(turn, kase->thread, "ask"))
		return TRUE;
	if (!hg_ask_now(turn, kase, "email", channel->ask_text, HG_SAY_EMAIL, ret_asked, error))
		return FALSE;
	return !*ret_asked || hg_timer_set(turn, kase->thread->n, "email", turn->now_ms + channel->ask_wait_ms, number, error);
}

/* ---- the answer, or none ---- */

/* number: of the decision that made the ticket, as the timer keeps it; or NULL. */
static gboolean send_late(hg_turn *turn, hg_case *kase, const char *number, GError **error)
{
	hg_decision *decision = NULL;
	gint64 n = 0;

	kase->thread->asked = NULL;
	kase->thread_changed = TRUE;
	if (number && g_ascii_string_to_signed(number, 10, 1, G_MAXINT64, &n, NULL) &&
	    !hg_store_decision_get(turn->store, turn->arena, n, &decision, error))
		return FALSE;
	return hg_requester_send(turn, kase, decision, error) && hg_confirm_plan(turn, kase, error) &&
	       hg_ask_rating(turn, kase, "converted", error);
}

gboolean hg_requester_due(hg_turn *turn, hg_case *kase, const hg_timer *timer, GError **error)
{
	if (!hg_requester_waits(kase->thread))
		return TRUE;
	return hg_case_ticket(turn, kase, error) && send_late(turn, kase, timer->data, error);
}

gboolean hg_requester_now(hg_turn *turn, hg_case *kase, const char *email, GError **error)
{
	g_autofree char *uri = email ? g_strconcat(MAILTO, email, NULL) : NULL;
	hg_timer *timer;

	if (!hg_case_ticket(turn, kase, error) ||
	    !hg_store_timer_get(turn->store, turn->arena, kase->thread->n, "email", &timer, error) ||
	    !hg_store_timer_clear(turn->store, kase->thread->n, "email", error))
		return FALSE;
	if (uri) {
		kase->ticket->requester = hg_arena_str(turn->arena, uri);
		kase->ticket_changed = TRUE;
		keep_claimed(turn, kase, email);
	}
	return send_late(turn, kase, timer ? timer->data : NULL, error);
}
