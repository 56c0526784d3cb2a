/* payload.c - the data member of every event: which parts each type has, and in which order */
#include "payload.h"

#include <string.h>

#include "json.h"
#include "payload_parts.h"

#define PREVIOUS_THREADS 10	/* of the contact, looked through for a ticket and an agent */
#define PREVIOUS_MESSAGES 50	/* of each of the last three */

enum part {
	PLACE   = 1 << 0,	/* channel, channel_address, scope, subject */
	MESSAGE = 1 << 1,
	TICKET  = 1 << 2,
	CLOCKS  = 1 << 3,	/* with resolution, tags and custom */
	WHOLE   = 1 << 4,	/* the conversation, the rule, what was before */
	STATUS  = 1 << 5,	/* what became of an outbound message */
	REASON  = 1 << 6,
	OTHER   = 1 << 7,	/* the other contact */
	CSAT    = 1 << 8,
	HEARD   = 1 << 10,	/* what rules took the message for */
	NAME    = 1 << 9,	/* of a channel; nothing of threads and contacts */
	NOTICE  = 1 << 11,	/* what people are to know */
	CHANGES = 1 << 12,	/* what an agent or the API changed */
	CONSENT = 1 << 13,	/* whether he wants messages; the message that says so, or null */
	TICKETS = 1 << 16,	/* that were his */
	BLOCKED = 1 << 15,	/* since when the contact is kept out, and until when */
	UNREAD  = 1 << 14,	/* answers a visitor did not see */
	ALARM   = 1 << 17,	/* what it is about; nothing of threads and contacts */
};

static const struct kind {
	const char *type;
	unsigned parts;
} kinds[] = {
	{ "thread.opened",     PLACE | CLOCKS | MESSAGE | REASON },
	{ "thread.closed",     PLACE | CLOCKS | TICKET | REASON },
	{ "thread.reopened",   PLACE | CLOCKS | TICKET | REASON },
	{ "thread.notice",     PLACE | CLOCKS | TICKET | NOTICE },
	{ "thread.changed",    PLACE | CLOCKS | TICKET | CHANGES | REASON },
	{ "message.received",  PLACE | MESSAGE | TICKET | HEARD },
	{ "message.edited",    PLACE | MESSAGE | TICKET },
	{ "message.deleted",   PLACE | MESSAGE | TICKET },
	{ "message.reacted",   PLACE | MESSAGE | TICKET },
	{ "message.sent",      PLACE | MESSAGE | TICKET },
	{ "message.status",    PLACE | STATUS | TICKET },
	{ "ticket.requested",  PLACE | CLOCKS | TICKET | WHOLE },
	{ "ticket.linked",     PLACE | TICKET },
	{ "ticket.message",    PLACE | TICKET | MESSAGE | HEARD },
	{ "ticket.reopened",   PLACE | CLOCKS | TICKET | REASON },
	{ "ticket.status",     PLACE | TICKET | REASON },
	{ "contact.merged",    OTHER | REASON },
	{ "contact.unmerged",  OTHER | REASON },
	{ "contact.blocked",   REASON | BLOCKED },
	{ "contact.unblocked", REASON | BLOCKED },
	{ "contact.erased",    TICKETS },
	{ "contact.consent",   TICKET | MESSAGE | CONSENT },
	{ "contact.unreachable_reply", PLACE | TICKET | UNREAD },
	{ "csat.received",     PLACE | TICKET | CSAT },
	{ "drop.detected",     PLACE | CLOCKS | TICKET | REASON },
	{ "channel.down",      NAME | REASON },
	{ "channel.up",        NAME | REASON },
	{ "channel.paused",    NAME | REASON },
	{ "channel.resumed",   NAME | REASON },
	{ "alarm.raised",      ALARM | REASON },
	{ "alarm.cleared",     ALARM | REASON },
	{ "message.quarantined", NAME | REASON },
	{ "loop.suspected",    NAME | REASON },
};

static const struct kind *kind_find(const char *type)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (g_strcmp0(type, kinds[i].type) == 0)
			return &kinds[i];
	return NULL;
}

const char *const *hg_payload_types(void)
{
	static const char *types[G_N_ELEMENTS(kinds) + 1];
	static gsize made;

	if (g_once_init_enter(&made)) {
		for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
			types[i] = kinds[i].type;
		g_once_init_leave(&made, 1);
	}
	return types;
}

/* ---- parts ---- */

static void add_place(const struct hg_payload *payload, GString *out)
{
	const hg_thread *thread = payload->thread;

	hg_json_add_str(out, "channel", thread->channel);
	hg_json_add_str(out, "channel_address", thread->reply_from);
	hg_json_add_str(out, "reply_to", thread->reply_to);
	hg_json_add_str(out, "scope", hg_scope_shown(thread->scope));
	hg_subject_add(payload, out);
}

static gboolean add_message(const struct hg_payload *payload, GString *out, GError **error)
{
	hg_json_key(out, "message");
	if (payload->message)
		return hg_payload_message(payload, payload->message, FALSE, out, error);
	hg_json_put_raw(out, NULL);
	return TRUE;
}

static void add_receipt(const hg_receipt_row *receipt, GString *out)
{
	hg_json_key(out, "receipt");
	if (!receipt) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "state", hg_receipt_word(receipt->state));
	hg_json_add_time(out, "at", receipt->at_ms);
	hg_json_add_str(out, "external_id", receipt->external_id);
	if (receipt->detail)
		hg_json_add_foreign(out, "detail", receipt->detail, strlen(receipt->detail));
	hg_json_close(out, '}');
}

static gboolean add_status(const struct hg_payload *payload, GString *out, GError **error)
{
	const hg_message *message = payload->message;
	g_autofree char *note = NULL;

	if (!message)
		return hg_fail(error, HG_ERROR_BROKEN, "a status without its message");
	note = hg_said_note(message);
	hg_json_add_str(out, "message_id", message->id);
	hg_json_add_str(out, "external_id", message->external_id);
	hg_json_add_str(out, "state", hg_delivery_word(message->delivery));
	hg_json_key(out, "error");
	hg_error_write(message, out);
	hg_json_add_str(out, "agent_note", note);
	add_receipt(payload->receipt, out);
	return add_message(payload, out, error);
}

static void add_rule(const struct hg_payload *payload, GString *out)
{
	const hg_decision *decision = payload->decision;
	const char *reason = payload->reason ? payload->reason : payload->ticket ? payload->ticket->reason : NULL;

	hg_json_key(out, "rule");
	if (!decision) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", decision->rule);
	hg_json_add_str(out, "file", decision->file);
	hg_json_key(out, "line");
	if (decision->line)
		hg_json_put_int(out, decision->line);
	else
		hg_json_put_raw(out, NULL);
	hg_json_add_str(out, "reason", reason);
	hg_json_add_str(out, "on", decision->on);
	hg_json_add_str(out, "config_hash", decision->config_hash);
	hg_json_close(out, '}');
}

static void write_csat(const hg_csat *csat, GString *out)
{
	hg_json_key(out, "csat");
	hg_json_open(out, '{');
	hg_json_add_int(out, "score", csat->score);
	hg_json_add_str(out, "scale", csat->scale);
	hg_json_add_str(out, "comment", csat->comment);
	hg_json_add_str(out, "resolver", csat->resolver);
	hg_json_add_str(out, "channel", csat->channel);
	hg_json_add_time(out, "at", csat->at_ms);
	hg_json_close(out, '}');
}

/* What was collected elsewhere is one of the thread's fields: {"csat":{"score":4,"comment":"..."}}, or a number. */
static void write_csat_field(const hg_thread *thread, GString *out)
{
	g_autoptr(json_object) fields = NULL;
	struct json_object *csat = NULL;

	if (thread->fields && strstr(thread->fields, "\"csat\""))
		fields = hg_json_parse(thread->fields, strlen(thread->fields), NULL, NULL);
	json_object_object_get_ex(fields, "csat", &csat);
	hg_json_add_raw(out, "csat", csat ? json_object_to_json_string_ext(csat, JSON_C_TO_STRING_NOSLASHESCAPE)
					  : NULL);
}

gboolean hg_csat_add(const struct hg_payload *payload, GString *out, GError **error)
{
	hg_csat *newest = NULL;

	if (!payload->csat && !hg_store_csat_of(payload->store, payload->arena, payload->thread->n, &newest, error))
		return FALSE;
	if (payload->csat || newest)
		write_csat(payload->csat ?: newest, out);
	else
		write_csat_field(payload->thread, out);
	return TRUE;
}

static void add_notice(const struct hg_notice *notice, GString *out)
{
	hg_json_key(out, "notice");
	hg_json_open(out, '{');
	hg_json_add_str(out, "text", notice ? notice->text : NULL);
	hg_json_add_str(out, "rule", notice ? notice->rule : NULL);
	hg_json_close(out, '}');
}

static void add_consent(const hg_consent *consent, GString *out)
{
	hg_json_key(out, "consent");
	if (consent)
		hg_consent_write(consent, out);
	else
		hg_json_put_raw(out, NULL);
}

/* ---- what was before ---- */

gboolean hg_payload_agent(const struct hg_payload *payload, const hg_thread *thread, const char **ret,
			  GError **error)
{
	g_autoptr(GPtrArray) messages = g_ptr_array_new();

	if (thread->last_message_n &&
	    !hg_store_message_list(payload->store, payload->arena, thread->last_message_n, PREVIOUS_MESSAGES,
				   messages, error))
		return FALSE;
	for (guint i = 0; i < messages->len; i++) {
		const hg_message *message = g_ptr_array_index(messages, i);

		if (message->author == HG_BY_AGENT && message->direction == HG_OUTBOUND && message->author_name) {
			*ret = message->author_name;
			break;
		}
	}
	return TRUE;
}

gboolean hg_payload_previous(const struct hg_payload *payload, const hg_ticket **ret_ticket,
			     const char **ret_agent, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	guint asked = 0;

	if (!hg_store_thread_of(payload->store, payload->arena, payload->thread->contact_n,
				payload->thread->scope, NULL, PREVIOUS_THREADS, threads, error))
		return FALSE;
	for (guint i = 0; i < threads->len; i++) {
		const hg_thread *thread = g_ptr_array_index(threads, i);
		hg_ticket *ticket = NULL;

		if (thread->n == payload->thread->n)
			continue;
		if (!*ret_agent && asked++ < 3 && !hg_payload_agent(payload, thread, ret_agent, error))
			return FALSE;
		if (*ret_ticket || !thread->ticket_n)
			continue;
		if (!hg_store_ticket_get(payload->store, payload->arena, thread->ticket_n, &ticket, error))
			return FALSE;
		*ret_ticket = ticket;
	}
	if (!*ret_agent && *ret_ticket)
		*ret_agent = (*ret_ticket)->assignee ? (*ret_ticket)->assignee : (*ret_ticket)->agent;
	return TRUE;
}

static gboolean add_previous(const struct hg_payload *payload, GString *out, GError **error)
{
	const hg_ticket *ticket = NULL;
	const char *agent = NULL;

	if (!hg_payload_previous(payload, &ticket, &agent, error))
		return FALSE;
	hg_json_key(out, "previous_ticket");
	if (ticket) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "id", ticket->id);
		hg_json_add_str(out, "number", ticket->number);
		hg_json_add_str(out, "state", hg_ticket_state_word(ticket->state));
		hg_json_add_str(out, "subject", ticket->subject);
		hg_json_add_time(out, "created_at", ticket->created_ms);
		hg_json_close(out, '}');
	} else {
		hg_json_put_raw(out, NULL);
	}
	hg_json_add_str(out, "previous_agent", agent);
	return TRUE;
}

/* ---- the whole conversation ---- */

static void add_files(const struct hg_payload *payload, const hg_talk *talk, GString *out)
{
	hg_json_key(out, "attachments");
	hg_json_open(out, '[');
	for (guint i = 0; i < talk->said->len; i++) {
		const hg_said *said = &g_array_index(talk->said, hg_said, i);

		for (guint j = 0; j < said->files->len && !said->message->revoked_ms; j++)
			hg_file_write(payload, g_ptr_array_index(said->files, j), said->message->id, out);
	}
	hg_json_close(out, ']');
}

static gboolean add_talk(const struct hg_payload *payload, GString *out, GError **error)
{
	g_auto(hg_talk) talk = { .said = NULL };
	g_autoptr(GString) transcript = g_string_new(NULL);

	if (!hg_talk_read(payload, &talk, error))
		return FALSE;
	hg_transcript_write(payload, &talk, transcript);
	hg_json_key(out, "transcript_text");
	hg_json_put_strn(out, transcript->str, transcript->len);
	hg_json_key(out, "messages");
	hg_json_open(out, '[');
	for (guint i = 0; i < talk.said->len; i++)
		if (!hg_said_write(payload, &g_array_index(talk.said, hg_said, i), out, error))
			return FALSE;
	hg_json_close(out, ']');
	hg_json_add_bool(out, "messages_cut", talk.cut);
	add_files(payload, &talk, out);
	return TRUE;
}

static void write_requester(const struct hg_payload *payload, const GPtrArray *aliases, GString *out)
{
	const char *uri = payload->ticket ? payload->ticket->requester : NULL, *channel = payload->thread->channel;
	const struct hg_channel_conf *conf = channel && payload->conf ? hg_conf_channel(payload->conf, channel) : NULL;
	const char *phone = NULL;
	gboolean proven = FALSE;

	for (guint i = 0; i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof != HG_PROVEN)
			continue;
		proven |= g_strcmp0(alias->uri, uri) == 0;
		if (!phone && g_str_has_prefix(alias->uri, "tel:"))
			phone = alias->uri + strlen("tel:");
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "email", uri ? uri + strlen("mailto:") : NULL);
	hg_json_add_bool(out, "proven", proven);
	hg_json_add_str(out, "name", payload->contact ? payload->contact->name : NULL);
	hg_json_add_str(out, "phone", phone);
	hg_json_add_str(out, "policy", conf && conf->requester ? conf->requester : "none");
	hg_json_close(out, '}');
}

/* Who the helpdesk is to look for or to make; an address that is not proven opens no door. */
static gboolean add_requester(const struct hg_payload *payload, GString *out, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	if (!payload->addresses && payload->contact &&
	    !hg_store_alias_list(payload->store, payload->arena, payload->contact->n, aliases, error))
		return FALSE;
	hg_json_key(out, "requester");
	write_requester(payload, payload->addresses ? payload->addresses : aliases, out);
	return TRUE;
}

/* What a helpdesk shows on the ticket, so that whoever reads it finds the conversation. */
static void add_origin(const struct hg_payload *payload, GString *out)
{
	const char *base = payload->conf ? payload->conf->gateway.public_url : NULL;
	const char *channel = payload->thread->channel;
	g_autofree char *text = g_strdup_printf("Originated from chat%s%s%s%s%s%s", channel ? " on " : "",
						channel ? channel : "", base ? ": " : "", base ? base : "",
						base ? "/threads/" : "", base ? payload->thread->id : "");

	hg_json_add_str(out, "origin", text);
}

static const hg_node *member(const hg_node *map, const char *key)
{
	return map && hg_node_type(map) == HG_NODE_MAP ? hg_node_get(map, key) : NULL;
}

/* What the configuration knows of him, for helpdesks that know people by their address. */
static void add_assignee(const struct hg_payload *payload, GString *out)
{
	const hg_node *queues = payload->conf ? payload->conf->queues : NULL;
	const hg_ticket *ticket = payload->ticket;
	const hg_node *agent = NULL;
	static const struct { const char *key, *member; } parts[] = {
		{ "name", "assignee_name" }, { "email", "assignee_email" },
	};

	if (queues && ticket && ticket->queue && ticket->assignee)
		agent = member(member(member(queues, ticket->queue), "agents"), ticket->assignee);
	for (gsize i = 0; i < G_N_ELEMENTS(parts); i++) {
		const hg_node *value = member(agent, parts[i].key);

		hg_json_add_str(out, parts[i].member, value ? hg_node_text(value) : NULL);
	}
}

static gboolean add_whole(const struct hg_payload *payload, GString *out, GError **error)
{
	const hg_ticket *ticket = payload->ticket;

	hg_json_add_str(out, "priority", ticket ? ticket->priority : NULL);
	hg_json_add_str(out, "type", ticket ? ticket->type : NULL);
	hg_json_add_str(out, "category", ticket ? ticket->category : NULL);
	hg_json_add_str(out, "queue", ticket ? ticket->queue : NULL);
	hg_json_add_str(out, "skill", ticket ? ticket->skill : NULL);
	hg_json_add_str(out, "language", payload->language);
	hg_json_add_str(out, "assignee", ticket ? ticket->assignee : NULL);
	add_assignee(payload, out);
	hg_json_add_str(out, "status", ticket ? ticket->status : NULL);
	hg_json_add_str(out, "converting_agent", ticket ? ticket->agent : NULL);
	if (!add_requester(payload, out, error))
		return FALSE;
	add_origin(payload, out);
	hg_json_add_str(out, "idempotency_key", payload->idempotency_key);
	add_rule(payload, out);
	return hg_csat_add(payload, out, error) && add_previous(payload, out, error) && add_talk(payload, out, error);
}

/* ---- events ---- */

static void add_thread_parts(const struct hg_payload *payload, unsigned parts, GString *out)
{
	if (parts & PLACE)
		add_place(payload, out);
	if (!(parts & CLOCKS))
		return;
	hg_json_add_str(out, "resolution", hg_resolution_word(payload->thread->resolution));
	hg_clocks_add(payload->thread, out);
	hg_marks_add(payload->thread, out);
}

static void add_profile(const struct hg_payload *payload, GString *out)
{
	hg_json_key(out, "profile");
	if (!payload->contact) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '{');
	hg_url_add(payload, "url", "contacts", payload->contact->id, out);
	hg_json_close(out, '}');
}

/* Thread and contact, which all events but a channel's have. */
static gboolean add_subjects(const struct hg_payload *payload, unsigned parts, GString *out, GError **error)
{
	const hg_thread *thread = payload->thread;

	if (thread)
		hg_thread_add_ref(payload, out);
	if (thread)
		hg_json_add_int(out, "sequence", payload->seq ? payload->seq : thread->last_seq + 1);
	if (thread)
		add_thread_parts(payload, parts, out);
	add_profile(payload, out);
	return hg_contact_add(payload, "contact", payload->contact, out, error);
}

static gboolean add_unread(const struct hg_payload_unread *unread, GString *out, GError **error)
{
	if (!unread)
		return hg_fail(error, HG_ERROR_BROKEN, "a reply nobody saw, without what it is");
	hg_json_key(out, "unread");
	hg_json_open(out, '{');
	hg_json_add_str(out, "visitor", unread->visitor);
	hg_json_add_int(out, "count", unread->count);
	hg_json_add_time(out, "since", unread->since_ms);
	hg_json_add_str(out, "message_id", unread->message_id);
	hg_json_add_str(out, "author", unread->author);
	hg_json_add_str(out, "preview", unread->preview);
	hg_json_close(out, '}');
	return TRUE;
}

static gboolean add_parts(const struct hg_payload *payload, unsigned parts, GString *out, GError **error)
{
	if (parts & (NAME | ALARM))
		hg_json_add_str(out, parts & NAME ? "channel" : "alarm", payload->name);
	else if (!add_subjects(payload, parts, out, error))
		return FALSE;
	if ((parts & OTHER) && !hg_contact_add(payload, "other", payload->other, out, error))
		return FALSE;
	if (parts & TICKETS)
		hg_json_add_raw(out, "tickets", payload->tickets ?: "[]");
	if (parts & BLOCKED) {
		hg_json_key(out, "blocked");
		hg_block_write(payload->contact, out);
	}
	if ((parts & TICKET) && !hg_ticket_add(payload, payload->ticket, out, error))
		return FALSE;
	if ((parts & MESSAGE) && !add_message(payload, out, error))
		return FALSE;
	hg_json_opt_str(out, "attachment_id", payload->file ? payload->file->id : NULL);
	if (parts & HEARD)
		hg_json_add_str(out, "ignored", payload->ignored);
	if ((parts & STATUS) && !add_status(payload, out, error))
		return FALSE;
	if ((parts & CSAT) && !hg_csat_add(payload, out, error))
		return FALSE;
	if (parts & NOTICE)
		add_notice(payload->notice, out);
	if (parts & CONSENT)
		add_consent(payload->consent, out);
	if ((parts & UNREAD) && !add_unread(payload->unread, out, error))
		return FALSE;
	if (parts & CHANGES)
		hg_json_add_raw(out, "changes", payload->changes ?: "{\"tags_added\":[],\"tags_removed\":[],\"fields\":[]}");
	if (parts & REASON)
		hg_json_add_str(out, "reason", payload->reason);
	return !(parts & WHOLE) || add_whole(payload, out, error);
}

gboolean hg_payload_write(const struct hg_payload *payload, GString *out, GError **error)
{
	const struct kind *kind = kind_find(payload->type);

	if (!kind)
		return hg_fail(error, HG_ERROR_BROKEN, "there is no event \"%s\"", payload->type);
	if ((kind->parts & PLACE) && !payload->thread)
		return hg_fail(error, HG_ERROR_BROKEN, "%s without a thread", payload->type);
	hg_json_open(out, '{');
	if (!add_parts(payload, kind->parts, out, error))
		return FALSE;
	hg_json_close(out, '}');
	return TRUE;
}
