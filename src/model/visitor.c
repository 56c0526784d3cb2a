/* visitor.c - who a visitor's address says he is, and which messages are for his eyes */
#include "model.h"

#include <string.h>

gboolean hg_visitor_is(const char *uri)
{
	return uri && g_str_has_prefix(uri, HG_VISITOR_SCHEME);
}

gboolean hg_visitor_is_anonymous(const char *uri)
{
	return hg_visitor_is(uri) && strlen(uri + strlen(HG_VISITOR_SCHEME)) == HG_VISITOR_ANONYMOUS;
}

gboolean hg_message_is_copy(const hg_message *message)
{
	return message->direction == HG_OUTBOUND && message->author == HG_BY_GATEWAY && message->payload &&
	       (g_str_has_prefix(message->payload, HG_COPY_UNSEEN) ||
		g_str_has_prefix(message->payload, HG_COPY_TRANSCRIPT));
}

/* Reactions, edits and revocations of ours are rows too, about other messages. */
gboolean hg_message_is_answer(const hg_message *message)
{
	return message->direction == HG_OUTBOUND && message->kind < HG_REACTION && message->delivery != HG_DLV_NONE &&
	       message->delivery != HG_DLV_FAILED && !hg_message_is_copy(message);
}

gboolean hg_message_is_for_visitor(const hg_message *message)
{
	return message->direction == HG_INBOUND || hg_message_is_answer(message);
}
