/* change_apply.c - one change of a helpdesk, as what it is here: an answer, a note, a status ... */
#include "outgoing.h"

#include <string.h>

/* ---- where the ticket is ---- */

/* A link that is missing is made: the answer that named the ticket never came.  What it is called may be news too. */
static gboolean repair_link(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, hg_link **ret,
			    GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", backend);
	gboolean named;

	if (!hg_store_link_get(turn->store, turn->arena, kase->ticket->n, backend, ret, error))
		return FALSE;
	named = *ret && ((change->number && !(*ret)->number) || (change->url && !(*ret)->url));
	if (!change->ticket || !*change->ticket || (*ret && (!named || strcmp((*ret)->external_id, change->ticket) != 0)))
		return TRUE;
	if (!*ret)
		hg_info(&ctx, "change.link_repaired", "ticket %s is %s there, as a %s of it shows", kase->ticket->id,
			change->ticket, hg_change_word(change->kind));
	turn->origin = backend;
	return hg_ticket_link(turn, kase, &(hg_link){
			.ticket_n = kase->ticket->n, .backend = backend, .external_id = change->ticket,
			.number = change->number, .url = change->url, .at_ms = turn->now_ms }, error) &&
	       hg_store_link_get(turn->store, turn->arena, kase->ticket->n, backend, ret, error);
}

/* It bears our name and is another than the one that is linked: a copy of it, or what was merged into it. */
static gboolean is_other(const hg_change *change, const hg_link *link)
{
	return link && change->ticket && *change->ticket && strcmp(link->external_id, change->ticket) != 0;
}

/* ---- said ---- */

static gboolean is_stored(const struct hg_file *file)
{
	return file->sha256 && strlen(file->sha256) == 64;
}

static void take_files(hg_turn *turn, const hg_change *change, struct hg_reply *reply)
{
	struct hg_file *files = hg_arena_alloc(turn->arena, (change->n_files + 1) * sizeof(*files));

	for (gsize i = 0; i < change->n_files; i++) {
		if (!is_stored(&change->files[i]))
			continue;
		files[reply->n_files] = change->files[i];
		if (!files[reply->n_files].kind)
			files[reply->n_files].kind = HG_FILE;
		reply->n_files++;
	}
	reply->files = files;
}

/* What they lack people hear of where they said it. */
static gboolean tell_missing(hg_turn *turn, hg_case *kase, const hg_change *change, const char *what, GError **error)
{
	g_autofree char *text = NULL;

	if (!change->missing || !*change->missing)
		return TRUE;
	text = g_strdup_printf("%s by %s came here without a part of it: %s.", what, change->agent ?: "an agent", change->missing);
	return hg_consent_tell(turn, kase, hg_arena_str(turn->arena, text), error);
}

static gboolean remember(hg_turn *turn, const char *backend, const hg_change *change, const hg_message *message, GError **error)
{
	return hg_store_seen_set(turn->store, hg_change_space(turn->arena, backend),
				 hg_change_key(turn->arena, change->kind, change->id), turn->now_ms, message->n, error);
}

static gboolean queue_or_fail(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, hg_message **ret, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (hg_outgoing_prepare(turn, kase, out, &why))
		return hg_outgoing_queue(turn, kase, out, ret, error) && hg_listen_sent(turn, kase, *ret, error);
	if (why->code == HG_ERROR_STORE) {
		g_propagate_error(error, g_steal_pointer(&why));
		return FALSE;
	}
	return hg_outgoing_fail(turn, kase, out, why, ret, error);
}

/* The helpdesk has to hear what becomes of it: nothing of this is its own news. */
static gboolean reply(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, GError **error)
{
	g_autoptr(GArray) parts = g_array_new(FALSE, TRUE, sizeof(struct hg_part));
	struct hg_reply said = { .agent = change->agent, .text = change->text ?: "", .html = change->html, .kind = HG_TEXT };
	struct hg_outgoing out = { .reply = &said, .author = HG_BY_AGENT, .author_name = change->agent, .origin = backend,
				   .parts = parts };
	hg_message *message;

	turn->origin = NULL;
	take_files(turn, change, &said);
	if (!*said.text && !said.n_files)
		return tell_missing(turn, kase, change, "An answer", error);
	return queue_or_fail(turn, kase, &out, &message, error) && remember(turn, backend, change, message, error) &&
	       tell_missing(turn, kase, change, "An answer", error);
}

static gboolean note(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, GError **error)
{
	struct hg_reply files = { .kind = HG_TEXT };
	hg_message *said = hg_arena_alloc(turn->arena, sizeof(*said));

	take_files(turn, change, &files);
	*said = (hg_message){
		.direction = HG_NOTE, .author = HG_BY_AGENT, .author_name = change->agent, .kind = HG_TEXT,
		.text = change->text ?: "", .html = change->html, .origin = backend, .note = change->missing,
	};
	return hg_case_say(turn, kase, said, error) && hg_outgoing_files(turn, said, &files, error) &&
	       hg_event_note(turn, kase, said, error) && remember(turn, backend, change, said, error);
}

/* ---- how the ticket stands ---- */

/* Hooks overtake each other, and a poll tells again what has changed since: an older status says how it was. */
static gboolean is_stale(const hg_change *change, const hg_link *link)
{
	gint64 order = change->order ? change->order : change->at_ms;

	return link && order && order < link->status_order;
}

static gboolean status(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, hg_link *link,
		       GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", backend);
	gint64 order = change->order ? change->order : change->at_ms;

	if (is_stale(change, link)) {
		hg_info(&ctx, "change.stale", "ticket %s: status \"%s\" is older than what it has by now, and is not applied",
			kase->ticket->id, change->said ?: change->status);
		return TRUE;
	}
	if (link && order) {
		link->status_order = order;
		if (!hg_store_link_update(turn->store, link, error))
			return FALSE;
	}
	return hg_ticket_becomes(turn, kase, change->status ? hg_ticket_state_of(change->status) : kase->ticket->state,
				 change->said ?: change->status, NULL, error);
}

static gboolean line(hg_turn *turn, hg_case *kase, const char *text, GError **error)
{
	return hg_case_line(turn, kase, hg_arena_str(turn->arena, text), error);
}

static gboolean merge(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, hg_link *link, GError **error)
{
	g_autofree char *text = g_strdup_printf("%s merged its ticket %s into %s: what is said here goes there now.", backend,
						link ? link->external_id : "", change->into);

	if (!link || strcmp(link->external_id, change->into) == 0)
		return TRUE;
	link->external_id = change->into;
	link->number = link->url = NULL;
	link->moved_ms = turn->now_ms;
	return hg_store_link_move(turn->store, link, error) && line(turn, kase, text, error) &&
	       hg_event_tell(turn, kase, &(struct hg_payload){ .type = "ticket.linked", .name = backend }, error);
}

static gboolean deleted(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, const hg_link *link,
			GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", backend);
	const char *id = link ? link->external_id : change->ticket ?: "";
	g_autofree char *text = g_strdup_printf("%s deleted its ticket %s.", backend, id);

	hg_warn(&ctx, "change.deleted", "ticket %s, %s there, was deleted in the helpdesk: it is closed here", kase->ticket->id, id);
	return line(turn, kase, text, error) &&
	       hg_ticket_becomes(turn, kase, HG_TICKET_CLOSED, "deleted", NULL, error);
}

gboolean hg_change_apply(hg_turn *turn, hg_case *kase, const char *backend, const hg_change *change, GError **error)
{
	hg_link *link;

	if (!repair_link(turn, kase, backend, change, &link, error))
		return FALSE;
	turn->origin = backend;
	if (change->kind == HG_CHANGE_REPLY)
		return reply(turn, kase, backend, change, error);
	if (change->kind == HG_CHANGE_NOTE)
		return note(turn, kase, backend, change, error);
	if (is_other(change, link))
		return TRUE;
	switch (change->kind) {
	case HG_CHANGE_STATUS:
		return status(turn, kase, backend, change, link, error);
	case HG_CHANGE_ASSIGN:
		return hg_ticket_status(turn, kase, NULL, change->assignee, error);
	case HG_CHANGE_MERGE:
		return merge(turn, kase, backend, change, link, error);
	case HG_CHANGE_DELETE:
		return deleted(turn, kase, backend, change, link, error);
	default:
		return hg_fail(error, HG_ERROR_BROKEN, "change %d is not known", change->kind);
	}
}
