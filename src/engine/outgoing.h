/* outgoing.h - a message on its way out, until it is queued: what reply.c and reply_own.c share */
#pragma once
#include "turn.h"

struct hg_outgoing {
	const struct hg_reply *reply;
	int author;			/* enum hg_author */
	const char *author_name;
	gboolean automatic;
	const char *channel, *to, *from;
	gint64 last_in_ms;
	const hg_consent *said;		/* what the customer said of messages to there; or NULL */
	gboolean about_consent;		/* it answers that: also where he wants no more */
	gboolean given;			/* channel and to (and from, if it is known) are where it goes: that was looked at */
	gboolean copy;			/* it goes to channel and to, and says what was said behind past_n (0: from the first) */
	gint64 past_n;
	const char *origin;		/* backend whose agent said it over there; or NULL */
	const char *answers;		/* provider's id of what it answers or is about, or NULL */
	GArray *parts;			/* of struct hg_part */
};

/* Where it goes, whether the customer wants it, what parts it has.  Nothing is written. */
gboolean hg_outgoing_prepare(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, GError **error);
/* The message's row, not added to its thread yet. */
hg_message *hg_outgoing_message(hg_turn *turn, const struct hg_outgoing *out);
/* Its files, which are stored already. */
gboolean hg_outgoing_files(hg_turn *turn, const hg_message *message, const struct hg_reply *reply, GError **error);
/* Nobody waits for an error here: it becomes a message that failed, which the agent hears of. */
gboolean hg_outgoing_fail(hg_turn *turn, hg_case *kase, const struct hg_outgoing *out, const GError *why, hg_message **ret,
			  GError **error);
/* In its thread and on its way. */
gboolean hg_outgoing_queue(hg_turn *turn, hg_case *kase, struct hg_outgoing *out, hg_message **ret, GError **error);
