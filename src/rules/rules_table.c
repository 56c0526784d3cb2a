/* rules_table.c - what rules can ask about: the one list that parsing, judging and docs read */
#include "rules_made.h"

#include <string.h>

#include "model.h"

const char *const hg_rule_events[] = {
	[HG_ON_MESSAGE] = "message", [HG_ON_SETTLE] = "settle", [HG_ON_FIRST_RESPONSE] = "first_response",
	[HG_ON_OPENED] = "thread.opened", [HG_ON_REOPENED] = "thread.reopened", [HG_ON_CLOSED] = "thread.closed",
	[HG_ON_IDLE] = "thread.idle", [HG_ON_CHANGED] = "thread.changed",
	[HG_ON_SENT] = "message.sent", [HG_ON_RECEIPT_FAILED] = "receipt.failed", [HG_ON_TICKET_STATUS] = "ticket.status",
	[HG_ON_UNANSWERED] = "unanswered", [HG_ON_BOT] = "bot", NULL,
};

const char *const hg_proposal_words[] = { "new", "join", "reopen", NULL };

const char *const hg_rule_values[] = {
	"contact.name", "contact.tier", "contact.locale", "contact.id", "language", "contact.field.", "channel", "adapter",
	"scope", "address", "text", "subject", "rule", "field.", "fact.", "queue", "skill", "agent", "previous_agent",
	"thread.id", "thread.url", "number", "intent", NULL,
};

guint hg_rule_event_bit(const char *on)
{
	for (guint i = 0; on && hg_rule_events[i]; i++)
		if (strcmp(hg_rule_events[i], on) == 0)
			return 1U << i;
	return 0;
}

static const char *const *proposals(void)
{
	return hg_proposal_words;
}

/* The words are the model's; lists of them are made once, from its enums. */
static const char *const *kinds(void)
{
	static const char *words[HG_REVOKE + 1];
	static gsize once;
	guint n = 0;

	if (g_once_init_enter(&once)) {
		for (int kind = HG_TEXT; kind <= HG_REVOKE; kind++)
			if (kind <= HG_UNSUPPORTED || kind >= HG_REACTION)
				words[n++] = hg_kind_word(kind);
		g_once_init_leave(&once, 1);
	}
	return words;
}

static const char *const *file_kinds(void)
{
	static const char *words[HG_STICKER - HG_IMAGE + 2];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (int kind = HG_IMAGE; kind <= HG_STICKER; kind++)
			words[kind - HG_IMAGE] = hg_kind_word(kind);
		g_once_init_leave(&once, 1);
	}
	return words;
}

static const char *const *states(void)
{
	static const char *words[HG_THREAD_CONVERTED + 1];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (int state = HG_THREAD_OPEN; state <= HG_THREAD_CONVERTED; state++)
			words[state - HG_THREAD_OPEN] = hg_thread_state_word(state);
		g_once_init_leave(&once, 1);
	}
	return words;
}

static const char *const *resolutions(void)
{
	static const char *words[HG_RES_UNRESOLVED + 2];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (int resolution = 0; resolution <= HG_RES_UNRESOLVED; resolution++)
			words[resolution] = hg_resolution_word(resolution);
		g_once_init_leave(&once, 1);
	}
	return words;
}

static const char *const *ticket_states(void)
{
	static const char *words[HG_TICKET_CLOSED + 1];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (int state = HG_TICKET_REQUESTED; state <= HG_TICKET_CLOSED; state++)
			words[state - HG_TICKET_REQUESTED] = hg_ticket_state_word(state);
		g_once_init_leave(&once, 1);
	}
	return words;
}

static const char *const *speakers(void)
{
	static const char *words[HG_BY_GATEWAY + 1];
	static gsize once;

	if (g_once_init_enter(&once)) {
		for (int author = HG_BY_CUSTOMER; author <= HG_BY_GATEWAY; author++)
			words[author - HG_BY_CUSTOMER] = hg_author_word(author);
		g_once_init_leave(&once, 1);
	}
	return words;
}

#define ROW(group_, name_, type_, field_, words_, help_)					\
	{ .group = (group_), .name = (name_), .type = HG_FACT_##type_,			\
	  .offset = G_STRUCT_OFFSET(struct hg_facts, field_), .words = (words_), .help = (help_) }

const struct hg_fact hg_rule_facts[] = {
	ROW(NULL, "channel", WORD, channel, NULL, "Channel the message came on, by its name in this file."),
	ROW(NULL, "adapter", WORD, adapter, NULL, "Adapter of that channel: whatsapp, fake, ..."),
	ROW(NULL, "scope", WORD, scope, NULL, "Scope (brand or department) of that channel."),
	ROW(NULL, "text", TEXT, text, NULL, "What the message says."),
	ROW(NULL, "words", WORDS, text, NULL, "Entries of word lists in the message."),
	ROW(NULL, "language", LANGUAGE, text, NULL,
	    "Language of the message by the word lists, else that of the contact's locale."),
	ROW(NULL, "intent", INTENT, text, NULL, "What the message is about, as the model of intent: says."),
	ROW(NULL, "kind", WORD, kind, kinds, "Kind of the message."),
	ROW(NULL, "attachment", BOOL, has_attachment, NULL, "The message has files."),
	ROW(NULL, "attachments", COUNT, files, NULL, "Files of the message."),
	ROW(NULL, "attachment_kind", TAGS, file_kinds, file_kinds, "The message has a file of this kind."),
	ROW(NULL, "automatic", BOOL, automatic, NULL, "A machine made the message: out of office, a bot."),
	ROW(NULL, "forwarded", BOOL, forwarded, NULL, "The message was forwarded by its sender."),
	ROW(NULL, "echo", BOOL, echo, NULL, "Staff said it outside of headgate, in a phone app."),
	ROW(NULL, "address", TEXT, address, NULL, "Address of the sender: tel:+447700900123."),
	ROW(NULL, "header", HEADERS, headers, NULL, "Headers of an e-mail: true when it is there, or how its text is."),
	ROW(NULL, "proposal", PROPOSAL, proposal, proposals,
	    "What threading proposes: a new thread, joining one, reopening one."),
	ROW(NULL, "tag", TAGS, tags, NULL, "The thread has this tag."),
	ROW(NULL, "fact", FIELDS, outside, NULL, "What hooks said when they were asked about the message."),
	ROW(NULL, "hours", HOURS, now_ms, NULL, "Within or outside of hours that have a name in hours:."),
	ROW("thread", "has_ticket", BOOL, has_ticket, NULL, "The thread has become a ticket."),
	ROW("thread", "state", WORD, thread_state, states, "State of the thread."),
	ROW("thread", "resolution", WORD, thread_resolution, resolutions, "How the thread ended."),
	ROW("thread", "reopened", BOOL, reopened, NULL, "It was closed before."),
	ROW("thread", "held", BOOL, held, NULL, "A rule or the default holds it back."),
	ROW("thread", "messages", COUNT, messages, NULL, "Messages in the thread, this one counted."),
	ROW("thread", "inbound", COUNT, inbound, NULL, "Messages of the customer."),
	ROW("thread", "outbound", COUNT, outbound, NULL, "Messages to the customer."),
	ROW("thread", "age", SPAN, age_ms, NULL, "Time since the thread began."),
	ROW("thread", "idle", SPAN, idle_ms, NULL, "Time since anything happened in it."),
	ROW("thread", "since_ticket", SPAN, since_ticket_ms, NULL, "Time since it became a ticket."),
	ROW("thread", "waiting", SPAN, waiting_ms, NULL, "Time the customer has been waiting for a person's answer."),
	ROW("thread", "confirmed", BOOL, confirmed, NULL, "The customer said that it is solved."),
	ROW("thread", "last_speaker", WORD, last_speaker, speakers, "Who spoke last before this message."),
	ROW("thread", "queue", WORD, queue, NULL, "The queue it is routed to."),
	ROW("thread", "assignee", WORD, assignee, NULL, "Who has it."),
	ROW("thread", "field", FIELDS, thread_fields, NULL, "Fields that rules set."),
	ROW("ticket", "status", WORD, ticket_status, NULL, "The helpdesk's own word for how the ticket stands."),
	ROW("ticket", "state", WORD, ticket_state, ticket_states, "State of the ticket."),
	ROW("helpdesk", "down", BOOL, helpdesk_down, NULL, "A helpdesk that hears of the conversation does not answer."),
	ROW("helpdesk", "for", LASTS, helpdesk_down_ms, NULL, "For how long it has not: 5m, or over and under what."),
	ROW("changed", "tag", TAGS, changed_tags, NULL, "On thread.changed: a tag that it got."),
	ROW("changed", "field", TAGS, changed_fields, NULL,
	    "On thread.changed: a field that was set or removed; subject, queue, skill, assignee."),
	ROW(NULL, "author", WORD, author, speakers, "Who said it, on message.sent: agent, bot, outside."),
	ROW("failure", "code", WORD, failure_code, NULL, "The provider's number of the error, on receipt.failed."),
	ROW("failure", "author", WORD, failure_author, speakers, "Who said what could not be delivered."),
	ROW("contact", "known", NOT, contact_new, NULL, "The contact has written before."),
	ROW("contact", "tag", TAGS, contact_tags, NULL, "The contact has this tag."),
	ROW("contact", "since_ticket", SPAN, contact_since_ticket_ms, NULL,
	    "Time since a conversation of the contact last became a ticket."),
	ROW("contact", "tier", WORD, contact_tier, NULL, "Tier of the customer."),
	ROW("contact", "locale", LOCALE, contact_locale, NULL,
	    "Language, de, or language and country, de-AT; de fits both."),
	ROW("contact", "opted_out", BOOL, opted_out, NULL, "The contact wants no messages."),
	ROW("contact", "name", TEXT, contact_name, NULL, "Name of the contact."),
	ROW("contact", "field", FIELDS, contact_fields, NULL, "Further attributes of the contact."),
	{ .name = NULL },
};
