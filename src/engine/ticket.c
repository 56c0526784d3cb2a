/* ticket.c - what the helpdesk says of a ticket: that it has it, and how it stands */
#include "turn.h"

#include <string.h>

static gboolean same_link(hg_turn *turn, const hg_link *link, gboolean *ret, GError **error)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_link_list(turn->store, turn->arena, link->ticket_n, links, error))
		return FALSE;
	for (guint i = 0; i < links->len; i++) {
		const hg_link *old = g_ptr_array_index(links, i);

		*ret |= g_strcmp0(old->backend, link->backend) == 0 &&
			g_strcmp0(old->external_id, link->external_id) == 0 &&
			(!link->number || g_strcmp0(old->number, link->number) == 0) &&
			(!link->url || g_strcmp0(old->url, link->url) == 0);
	}
	return TRUE;
}

/* An event that was taken stays taken, whatever ticket the answer names. */
gboolean hg_ticket_is_other(hg_turn *turn, const hg_ticket *ticket, const char *backend, const char *external_id,
			    gboolean *ret, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", backend);
	g_autoptr(GPtrArray) links = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_link_list(turn->store, turn->arena, ticket->n, links, error))
		return FALSE;
	for (guint i = 0; i < links->len; i++) {
		const hg_link *old = g_ptr_array_index(links, i);

		if (strcmp(old->backend, backend) || !strcmp(old->external_id, external_id))
			continue;
		hg_warn(&ctx, "backend.other_ticket", "ticket %s is %s there, and an answer names %s: the first stays",
			ticket->id, old->external_id, external_id);
		*ret = TRUE;
	}
	return TRUE;
}

static gboolean ticket_goes(hg_turn *turn, hg_case *kase, int to, GError **error)
{
	if (kase->ticket->state == to)
		return TRUE;
	if (!hg_ticket_move(kase->ticket, to, error))
		return FALSE;
	kase->ticket->changed_ms = turn->now_ms;
	kase->ticket_changed = TRUE;
	return TRUE;
}

gboolean hg_ticket_acked(hg_turn *turn, hg_case *kase, GError **error)
{
	if (kase->ticket->acked_ms)
		return TRUE;
	kase->ticket->acked_ms = turn->now_ms;
	kase->ticket_changed = TRUE;
	return hg_episode_acked(turn, kase, error);
}

gboolean hg_ticket_link(hg_turn *turn, hg_case *kase, const hg_link *link, GError **error)
{
	gboolean known;

	if (!same_link(turn, link, &known, error))
		return FALSE;
	if (known)
		return TRUE;
	if (!hg_store_link_set(turn->store, link, error) || !hg_ticket_acked(turn, kase, error) ||
	    (kase->ticket->state == HG_TICKET_REQUESTED && !ticket_goes(turn, kase, HG_TICKET_OPEN, error)) ||
	    !hg_event_tell(turn, kase, &(struct hg_payload){ .type = "ticket.linked", .name = link->backend }, error))
		return FALSE;
	/* What is to be said on it may wait for it. */
	if (!hg_outbox_hurry(turn, HG_TO_BACKEND, link->backend, kase->thread->id, error))
		return FALSE;
	/* What we say to the customer the backend does not know yet, and that it could not be said neither. */
	turn->origin = NULL;
	return !link->number || !*link->number || hg_confirm(turn, kase, link->number, error);
}

gboolean hg_ticket_moved(hg_turn *turn, hg_case *kase, const hg_link *link, const char *by, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", link->backend);
	g_autofree char *text = NULL;
	hg_link *old;

	if (!hg_store_link_get(turn->store, turn->arena, link->ticket_n, link->backend, &old, error))
		return FALSE;
	if (!old || strcmp(old->external_id, link->external_id) == 0)
		return hg_ticket_link(turn, kase, link, error);
	text = g_strdup_printf("%s: the conversation goes on in ticket %s, which took the place of %s%s%s%s.", link->backend,
			       link->external_id, old->external_id, by ? " (" : "", by ?: "", by ? ")" : "");
	hg_warn(&ctx, "ticket.moved", "ticket %s: %s took the place of %s%s%s", kase->ticket->id, link->external_id, old->external_id,
		by ? ", said " : "", by ?: "");
	old->external_id = link->external_id;
	old->number = link->number;
	old->url = link->url;
	old->moved_ms = turn->now_ms;
	return hg_store_link_move(turn->store, old, error) &&
	       hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "ticket.linked", .name = link->backend }, error);
}

gboolean hg_ticket_lost(hg_turn *turn, hg_case *kase, const char *backend, GError **error)
{
	g_autofree char *text = NULL;
	hg_link *link;

	if (!hg_case_ticket(turn, kase, error))
		return FALSE;
	if (!kase->ticket)
		return TRUE;
	if (!hg_store_link_get(turn->store, turn->arena, kase->ticket->n, backend, &link, error))
		return FALSE;
	text = g_strdup_printf("%s has no ticket %s any more: what was to be added to it is a dead letter. \"headgatectl ticket relink %s ID\" "
			       "names another ticket, \"headgatectl ticket retry %s\" sends it there.", backend,
			       link ? link->external_id : kase->ticket->number, kase->ticket->number, kase->ticket->number);
	return hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error);
}

/* Words of common helpdesks beside the model's own; "new" is an open ticket nobody took yet. */
static int state_of(const char *word)
{
	static const struct { const char *word; int state; } more[] = {
		{ "new", HG_TICKET_OPEN }, { "on-hold", HG_TICKET_PENDING }, { "hold", HG_TICKET_PENDING },
		{ "resolved", HG_TICKET_SOLVED },
	};
	int state;

	for (gsize i = 0; i < G_N_ELEMENTS(more); i++)
		if (g_ascii_strcasecmp(word, more[i].word) == 0)
			return more[i].state;
	state = hg_ticket_state_of(word);
	return state == HG_TICKET_REQUESTED ? 0 : state;
}

/* The conversation follows its ticket: over when it is, open again when it is. */
static gboolean thread_follows(hg_turn *turn, hg_case *kase, GError **error)
{
	if (!hg_ticket_is_open(kase->ticket))
		return kase->thread->state == HG_THREAD_CLOSED ||
		       hg_thread_close(turn, kase, HG_RES_RESOLVED, "the helpdesk closed the ticket", error);
	return kase->thread->state != HG_THREAD_CLOSED ||
	       (hg_thread_reopen(turn, kase, "the helpdesk reopened the ticket", error) &&
		hg_listen(turn, kase, &(struct hg_asked){ .event = HG_ON_REOPENED }, NULL, error));
}

gboolean hg_ticket_assign(hg_turn *turn, hg_case *kase, const char *who)
{
	const char *assignee = who && *who ? hg_assign_name(turn, kase->ticket->queue, who) : NULL;

	if (!who || g_strcmp0(assignee, kase->ticket->assignee) == 0)
		return FALSE;
	kase->ticket->assignee = kase->thread->assignee = assignee;
	kase->ticket->changed_ms = turn->now_ms;
	kase->ticket_changed = kase->thread_changed = TRUE;
	return TRUE;
}

gboolean hg_ticket_status(hg_turn *turn, hg_case *kase, const char *said, const char *assignee, GError **error)
{
	int to = said ? state_of(said) : kase->ticket->state;

	if (!to)
		return hg_fail(error, HG_ERROR_INPUT, "\"%.40s\" is no status: new, open, pending, solved and closed are",
			       said);
	return hg_ticket_becomes(turn, kase, to, said, assignee, error);
}

gboolean hg_ticket_becomes(hg_turn *turn, hg_case *kase, int to, const char *said, const char *assignee, GError **error)
{
	const char *word = said ?: kase->ticket->external_status ?: hg_ticket_state_word(kase->ticket->state);
	gboolean was_open = hg_ticket_is_open(kase->ticket), moved = hg_ticket_assign(turn, kase, assignee);

	if (!moved && kase->ticket->state == to && (!said || g_strcmp0(kase->ticket->external_status, word) == 0))
		return TRUE;
	if (!ticket_goes(turn, kase, to, error) || !hg_ticket_acked(turn, kase, error))
		return FALSE;
	kase->ticket->external_status = said ?: kase->ticket->external_status;
	kase->ticket_changed = TRUE;
	if (!hg_event_tell(turn, kase, &(struct hg_payload){ .type = "ticket.status", .reason = word }, error) ||
	    !hg_listen(turn, kase, &(struct hg_asked){ .event = HG_ON_TICKET_STATUS }, NULL, error))
		return FALSE;
	return hg_ticket_is_open(kase->ticket) == was_open || thread_follows(turn, kase, error);
}
