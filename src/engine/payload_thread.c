/* payload_thread.c - threads, contacts and tickets as JSON */
#include <string.h>

#include "json.h"
#include "payload_parts.h"
#include "text.h"

void hg_url_add(const struct hg_payload *payload, const char *key, const char *what, const char *id,
		GString *out)
{
	const char *base = payload->conf ? payload->conf->gateway.public_url : NULL;
	g_autofree char *url = base ? g_strdup_printf("%s/%s/%s", base, what, id) : NULL;

	hg_json_add_str(out, key, url);
}

/* ---- contact ---- */

static void write_address(const hg_alias *alias, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "uri", alias->uri);
	hg_json_add_str(out, "proof", hg_proof_word(alias->proof));
	hg_json_close(out, '}');
}

/* The first proven address of a scheme, without it: what a person only claims to be his would let
 * him write into somebody else's tickets. */
static const char *proven(const GPtrArray *aliases, const char *scheme)
{
	for (guint i = 0; i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof == HG_PROVEN && g_str_has_prefix(alias->uri, scheme))
			return alias->uri + strlen(scheme);
	}
	return NULL;
}

/* What other systems know the contact by: by its fields, else the channel's own id. */
static const char *external_id(const GPtrArray *aliases, struct json_object *fields)
{
	const char *set = hg_json_str(fields, "external_id");

	for (guint i = 0; !set && i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof == HG_PROVEN && !g_str_has_prefix(alias->uri, "mailto:") &&
		    !g_str_has_prefix(alias->uri, "tel:"))
			return alias->uri;
	}
	return set;
}

void hg_block_write(const hg_contact *contact, GString *out)
{
	if (!contact || !contact->blocked_ms) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_time(out, "since", contact->blocked_ms);
	hg_json_add_time(out, "until", contact->blocked_until_ms);
	hg_json_add_str(out, "reason", contact->blocked_why);
	hg_json_close(out, '}');
}

void hg_contact_write_members(const hg_contact *contact, const GPtrArray *aliases, GString *out)
{
	g_autoptr(json_object) fields =
		contact->fields ? hg_json_parse(contact->fields, strlen(contact->fields), NULL, NULL) : NULL;

	hg_json_add_str(out, "id", contact->id);
	hg_json_add_str(out, "name", contact->name);
	hg_json_opt_str(out, "username", contact->username);
	hg_json_add_str(out, "email", proven(aliases, "mailto:"));
	hg_json_add_str(out, "phone", proven(aliases, "tel:"));
	hg_json_add_str(out, "external_id", external_id(aliases, fields));
	hg_json_add_str(out, "tier", contact->tier);
	hg_json_add_str(out, "locale", contact->locale);
	hg_json_add_str(out, "tz", hg_json_str(fields, "tz"));
	hg_json_add_bool(out, "opted_out", contact->opted_out);
	hg_json_add_bool(out, "conflicted", contact->conflicted);
	hg_json_key(out, "addresses");
	hg_json_open(out, '[');
	for (guint i = 0; i < aliases->len; i++)
		write_address(g_ptr_array_index(aliases, i), out);
	hg_json_close(out, ']');
	hg_json_add_raw(out, "tags", contact->tags ? contact->tags : "[]");
	hg_json_add_raw(out, "fields", fields ? contact->fields : "{}");
}

static void write_contact(const hg_contact *contact, const GPtrArray *aliases, GString *out)
{
	hg_json_open(out, '{');
	hg_contact_write_members(contact, aliases, out);
	hg_json_close(out, '}');
}

gboolean hg_contact_add(const struct hg_payload *payload, const char *key, const hg_contact *contact,
			GString *out, GError **error)
{
	g_autoptr(GPtrArray) aliases = NULL;

	hg_json_key(out, key);
	if (!contact) {
		hg_json_put_raw(out, NULL);
		return TRUE;
	}
	if (payload->addresses && contact == payload->contact) {
		write_contact(contact, payload->addresses, out);
		return TRUE;
	}
	aliases = g_ptr_array_new();
	if (!hg_store_alias_list(payload->store, payload->arena, contact->n, aliases, error))
		return FALSE;
	write_contact(contact, aliases, out);
	return TRUE;
}

/* ---- ticket ---- */

static void write_link(const hg_link *link, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "backend", link->backend);
	hg_json_add_str(out, "id", link->external_id);
	hg_json_add_str(out, "number", link->number);
	hg_json_add_str(out, "url", link->url);
	hg_json_add_time(out, "at", link->at_ms);
	hg_json_close(out, '}');
}

gboolean hg_ticket_add(const struct hg_payload *payload, const hg_ticket *ticket, GString *out, GError **error)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();

	hg_json_key(out, "ticket");
	if (!ticket) {
		hg_json_put_raw(out, NULL);
		return TRUE;
	}
	if (ticket->n && !hg_store_link_list(payload->store, payload->arena, ticket->n, links, error))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", ticket->id);
	hg_json_add_str(out, "number", ticket->number);
	hg_json_add_str(out, "state", hg_ticket_state_word(ticket->state));
	if (ticket->shadow)
		hg_json_add_bool(out, "shadow", TRUE);
	hg_json_add_str(out, "subject", ticket->subject);
	hg_json_add_str(out, "priority", ticket->priority);
	hg_json_add_str(out, "category", ticket->category);
	hg_json_add_str(out, "type", ticket->type);
	hg_json_add_str(out, "reason", ticket->reason);
	hg_json_add_str(out, "agent", ticket->agent);
	hg_json_add_str(out, "queue", ticket->queue);
	hg_json_add_str(out, "skill", ticket->skill);
	hg_json_add_str(out, "assignee", ticket->assignee);
	hg_json_add_str(out, "routed", ticket->routed);
	hg_json_add_str(out, "status", ticket->status);
	hg_json_add_str(out, "external_status", ticket->external_status);
	hg_json_add_str(out, "requester", ticket->requester ? ticket->requester + strlen("mailto:") : NULL);
	hg_json_add_time(out, "created_at", ticket->created_ms);
	hg_json_add_time(out, "changed_at", ticket->changed_ms);
	hg_json_add_time(out, "acknowledged_at", ticket->acked_ms);
	hg_json_key(out, "links");
	hg_json_open(out, '[');
	for (guint i = 0; i < links->len; i++)
		write_link(g_ptr_array_index(links, i), out);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return TRUE;
}

/* ---- thread ---- */

void hg_subject_add(const struct hg_payload *payload, GString *out)
{
	const hg_ticket *ticket = payload->ticket;
	const hg_contact *contact = payload->contact;
	g_autofree char *made = NULL;

	if (ticket && ticket->subject && *ticket->subject) {
		hg_json_add_str(out, "subject", ticket->subject);
	} else if (payload->thread->subject && *payload->thread->subject) {
		hg_json_add_str(out, "subject", payload->thread->subject);
	} else {
		made = g_strconcat("Chat with ", contact && contact->name ? contact->name : "a customer", NULL);
		hg_json_add_str(out, "subject", made);
	}
}

void hg_clocks_add(const hg_thread *thread, GString *out)
{
	hg_json_add_time(out, "opened_at", thread->opened_ms);
	hg_json_add_time(out, "first_message_at", thread->first_message_ms);
	hg_json_add_time(out, "first_bot_response_at", thread->first_bot_ms);
	hg_json_add_time(out, "first_response_at", thread->first_response_ms);
	hg_json_add_time(out, "last_customer_message_at", thread->last_customer_ms);
	hg_json_add_time(out, "chat_closed_at", thread->closed_ms);
	hg_json_add_time(out, "converted_at", thread->converted_ms);
}

void hg_marks_add(const hg_thread *thread, GString *out)
{
	hg_json_add_raw(out, "tags", thread->tags ? thread->tags : "[]");
	hg_json_add_raw(out, "custom", thread->fields ? thread->fields : "{}");
}

static void put_ref(const struct hg_payload *payload, GString *out)
{
	const hg_thread *thread = payload->thread;

	hg_json_open(out, '{');
	hg_json_add_str(out, "id", thread->id);
	hg_url_add(payload, "url", "threads", thread->id, out);
	hg_json_add_str(out, "state", hg_thread_state_word(thread->state));
	if (thread->shadow)
		hg_json_add_bool(out, "shadow", TRUE);
}

void hg_thread_add_ref(const struct hg_payload *payload, GString *out)
{
	hg_json_key(out, "thread");
	put_ref(payload, out);
	hg_json_close(out, '}');
}

static void write_thread(const struct hg_payload *payload, GString *out)
{
	const hg_thread *thread = payload->thread;

	hg_json_add_str(out, "resolution", hg_resolution_word(thread->resolution));
	hg_json_add_bool(out, "held", thread->held);
	hg_json_add_bool(out, "reopened", thread->reopened);
	hg_json_add_str(out, "scope", hg_scope_shown(thread->scope));
	if (thread->key && *thread->key)
		hg_json_add_str(out, "key", thread->key);
	hg_json_add_str(out, "channel", thread->channel);
	hg_json_add_str(out, "channel_address", thread->reply_from);
	hg_json_add_str(out, "reply_to", thread->reply_to);
	hg_subject_add(payload, out);
	hg_clocks_add(thread, out);
	hg_json_add_time(out, "last_activity_at", thread->last_ms);
	hg_json_add_int(out, "messages", thread->messages);
	hg_json_add_int(out, "inbound", thread->inbound);
	hg_json_add_int(out, "outbound", thread->outbound);
	hg_json_add_int(out, "noise", thread->noise);
	hg_json_add_int(out, "sequence", thread->last_seq);
	hg_json_add_str(out, "queue", thread->queue);
	hg_json_add_str(out, "skill", thread->skill);
	hg_json_add_str(out, "assignee", thread->assignee);
	hg_json_add_str(out, "backend", thread->backend);
	hg_marks_add(thread, out);
}

/* ---- the newest episode: under way, or the last that ended ---- */

static void write_counts(gint64 customer_ms, gint64 bot_ms, gint64 human_ms, gint64 inbound, gint64 bot, gint64 human,
			 GString *out)
{
	hg_json_add_time(out, "first_message_at", customer_ms);
	hg_json_add_time(out, "first_bot_response_at", bot_ms);
	hg_json_add_time(out, "first_response_at", human_ms);
	hg_json_add_int(out, "inbound", inbound);
	hg_json_add_int(out, "bot_answers", bot);
	hg_json_add_int(out, "human_answers", human);
}

static void write_under_way(const hg_thread *thread, GString *out)
{
	hg_json_add_str(out, "layer", hg_layer_word(hg_layer_of(0, thread->ep_bot, thread->ep_human)));
	hg_json_add_time(out, "opened_at", thread->ep_opened_ms);
	write_counts(thread->ep_customer_ms, thread->ep_bot_ms, thread->ep_human_ms, thread->ep_inbound,
		     thread->ep_bot, thread->ep_human, out);
	hg_json_add_time(out, "confirmed_at", thread->ep_confirmed_ms);
}

static void write_ended(const hg_episode *row, GString *out)
{
	hg_json_add_str(out, "layer", hg_layer_word(hg_layer_of(row->ticket_n, row->bot, row->human)));
	hg_json_add_time(out, "opened_at", row->opened_ms);
	write_counts(row->customer_ms, row->bot_ms, row->human_ms, row->inbound, row->bot, row->human, out);
	hg_json_add_time(out, "confirmed_at", row->confirmed_ms);
	hg_json_add_time(out, "ended_at", row->ended_ms);
	hg_json_add_str(out, "ended", hg_ending_word(row->how));
	hg_json_add_time(out, "acknowledged_at", row->acked_ms);
	hg_json_add_time(out, "closed_at", row->closed_ms);
	hg_json_add_str(out, "resolution", hg_resolution_word(row->resolution));
	hg_json_add_time(out, "reopened_at", row->reopened_ms);
	hg_json_add_time(out, "dropped_at", row->dropped_ms);
	hg_json_add_time(out, "restored_at", row->restored_ms);
}

static gboolean add_episode(const struct hg_payload *payload, GString *out, GError **error)
{
	const hg_thread *thread = payload->thread;
	hg_episode *row = NULL;

	hg_json_key(out, "episode");
	if (!thread->ep_opened_ms && thread->episode_n &&
	    !hg_store_episode_get(payload->store, payload->arena, thread->episode_n, &row, error))
		return FALSE;
	if (!thread->ep_opened_ms && !row) {	/* ended before episodes were counted */
		hg_json_put_raw(out, NULL);
		return TRUE;
	}
	hg_json_open(out, '{');
	hg_json_add_int(out, "number", thread->episode);
	if (row)
		write_ended(row, out);
	else
		write_under_way(thread, out);
	hg_json_close(out, '}');
	return TRUE;
}

gboolean hg_payload_thread(const struct hg_payload *payload, GString *out, GError **error)
{
	put_ref(payload, out);
	write_thread(payload, out);
	hg_json_opt_str(out, "asked", payload->thread->asked);
	if (payload->thread->participants)
		hg_json_add_raw(out, "participants", payload->thread->participants);
	hg_json_opt_str(out, "related", payload->thread->related);
	if (!add_episode(payload, out, error) || !hg_csat_add(payload, out, error) ||
	    !hg_contact_add(payload, "contact", payload->contact, out, error) ||
	    !hg_ticket_add(payload, payload->ticket, out, error))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}
