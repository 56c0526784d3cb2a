/* words.c - the enums of the model as words, each written once */
#include "model.h"

#include <string.h>

/* What no table knows: shown instead of stopping a list that has one odd row. */
static const char unknown[] = "?";

#define WORD(table, at) \
	((at) >= 0 && (gsize)(at) < G_N_ELEMENTS(table) && (table)[at] ? (table)[at] : unknown)

const char *hg_kind_word(int kind)
{
	static const char *const words[] = {
		[HG_TEXT] = "text", [HG_IMAGE] = "image", [HG_AUDIO] = "audio", [HG_VIDEO] = "video",
		[HG_FILE] = "file", [HG_STICKER] = "sticker", [HG_LOCATION] = "location",
		[HG_CONTACTS] = "contacts", [HG_BUTTON] = "button", [HG_FORM] = "form",
		[HG_ORDER] = "order", [HG_CALL] = "call", [HG_SYSTEM] = "system",
		[HG_UNSUPPORTED] = "unsupported",
		[HG_REACTION] = "reaction", [HG_EDIT] = "edit", [HG_REVOKE] = "revoke",
		[HG_IDENTITY] = "identity", [HG_CONSENT] = "consent", [HG_ACCOUNT] = "account",
		[HG_IGNORED] = "ignored",
		[HG_READ] = "read", [HG_TYPING] = "typing",
	};

	return WORD(words, kind);
}

const char *hg_thread_state_word(int state)
{
	static const char *const words[] = {
		[HG_THREAD_OPEN] = "open", [HG_THREAD_CLOSED] = "closed",
		[HG_THREAD_CONVERTED] = "converted",
	};

	return WORD(words, state);
}

const char *hg_resolution_word(int resolution)
{
	static const char *const words[] = {
		[HG_RES_UNKNOWN] = "unknown", [HG_RES_RESOLVED] = "resolved",
		[HG_RES_UNRESOLVED] = "unresolved",
	};

	return WORD(words, resolution);
}

const char *hg_ending_word(int how)
{
	static const char *const words[] = { [HG_END_CLOSED] = "closed", [HG_END_CONVERTED] = "converted" };

	return WORD(words, how);
}

int hg_layer_of(gint64 ticket_n, gint64 bot, gint64 human)
{
	return ticket_n ? HG_LAYER_TICKET : human ? HG_LAYER_CONVERSATION : bot ? HG_LAYER_BOT : HG_LAYER_NONE;
}

const char *hg_layer_word(int layer)
{
	static const char *const words[] = {
		[HG_LAYER_NONE] = "none", [HG_LAYER_BOT] = "bot", [HG_LAYER_CONVERSATION] = "conversation",
		[HG_LAYER_TICKET] = "ticket",
	};

	return WORD(words, layer);
}

const char *hg_direction_word(int direction)
{
	static const char *const words[] = {
		[HG_INBOUND] = "inbound", [HG_OUTBOUND] = "outbound", [HG_NOTE] = "note",
		[HG_SYSTEM_LINE] = "system",
	};

	return WORD(words, direction);
}

const char *hg_author_word(int author)
{
	static const char *const words[] = {
		[HG_BY_CUSTOMER] = "customer", [HG_BY_AGENT] = "agent", [HG_BY_BOT] = "bot",
		[HG_BY_RULE] = "rule", [HG_BY_OUTSIDE] = "outside", [HG_BY_GATEWAY] = "gateway",
	};

	return WORD(words, author);
}

const char *hg_scope_shown(const char *scope)
{
	return scope && g_str_has_prefix(scope, HG_SHADOW_SCOPE) ? scope + strlen(HG_SHADOW_SCOPE) : scope;
}

const char *hg_delivery_word(int delivery)
{
	static const char *const words[] = {
		[HG_DLV_NONE] = "none", [HG_DLV_QUEUED] = "queued", [HG_DLV_SENDING] = "sending",
		[HG_DLV_UNKNOWN] = "unknown", [HG_DLV_SENT] = "sent",
		[HG_DLV_DELIVERED] = "delivered", [HG_DLV_READ] = "read",
		[HG_DLV_PLAYED] = "played", [HG_DLV_PARTLY] = "partly", [HG_DLV_FAILED] = "failed",
	};

	return WORD(words, delivery);
}

static const char *const ticket_states[] = {
	[HG_TICKET_REQUESTED] = "requested", [HG_TICKET_OPEN] = "open",
	[HG_TICKET_PENDING] = "pending", [HG_TICKET_SOLVED] = "solved",
	[HG_TICKET_CLOSED] = "closed",
};

const char *hg_ticket_state_word(int state)
{
	return WORD(ticket_states, state);
}

int hg_ticket_state_of(const char *word)
{
	for (gsize i = 1; word && i < G_N_ELEMENTS(ticket_states); i++)
		if (strcmp(word, ticket_states[i]) == 0)
			return (int)i;
	return 0;
}

const char *hg_job_state_word(int state)
{
	static const char *const words[] = {
		[HG_JOB_QUEUED] = "queued", [HG_JOB_DUE] = "due", [HG_JOB_SENDING] = "sending",
		[HG_JOB_UNKNOWN] = "unknown", [HG_JOB_PARKED] = "parked", [HG_JOB_DEAD] = "dead",
	};

	return WORD(words, state);
}

const char *hg_target_word(int target)
{
	static const char *const words[] = {
		[HG_TO_CHANNEL] = "channel", [HG_TO_BACKEND] = "backend", [HG_TO_FETCH] = "fetch",
		[HG_TO_HOOK] = "hook", [HG_TO_UNPACK] = "unpack", [HG_TO_SETTLE] = "settle",
		[HG_FROM_BACKEND] = "change",
	};

	return WORD(words, target);
}

int hg_target_of(const char *word)
{
	for (int target = HG_TO_CHANNEL; word && target < HG_TARGETS; target++)
		if (g_strcmp0(word, hg_target_word(target)) == 0)
			return target;
	return 0;
}

const char *hg_question_word(int state)
{
	static const char *const words[] = {
		[HG_QUESTION_OPEN] = "open", [HG_QUESTION_ANSWERED] = "answered", [HG_QUESTION_CACHED] = "cached",
		[HG_QUESTION_SHARED] = "shared", [HG_QUESTION_LATE] = "late", [HG_QUESTION_FAILED] = "failed",
		[HG_QUESTION_SKIPPED] = "skipped",
	};

	return WORD(words, state);
}

const char *hg_receipt_word(int state)
{
	static const char *const words[] = {
		[HG_R_SENT] = "sent", [HG_R_DELIVERED] = "delivered", [HG_R_READ] = "read",
		[HG_R_PLAYED] = "played", [HG_R_FAILED] = "failed",
	};

	return WORD(words, state);
}

const char *hg_file_state_word(int state)
{
	static const char *const words[] = {
		[HG_FILE_PENDING] = "pending", [HG_FILE_STORED] = "stored",
		[HG_FILE_FAILED] = "failed",
	};

	return WORD(words, state);
}

const char *hg_proof_word(int proof)
{
	static const char *const words[] = {
		[HG_CLAIMED] = "claimed", [HG_PROVEN] = "proven", [HG_FORMER] = "former",
	};

	return WORD(words, proof);
}

const char *hg_wish_word(int wish)
{
	static const char *const words[] = {
		[HG_WISH_NONE] = "none", [HG_WISH_START] = "start", [HG_WISH_STOP] = "stop",
	};

	return WORD(words, wish);
}

const char *hg_sender_word(int sender)
{
	static const char *const words[] = {
		[HG_SENDER_NONE] = "none", [HG_SENDER_PASS] = "pass", [HG_SENDER_FAIL] = "fail",
	};

	return WORD(words, sender);
}
