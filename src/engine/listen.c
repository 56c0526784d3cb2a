/* listen.c - events that rules can be on beside messages and deadlines, judged when they happen
 *
 * What rules do because of an event is no event for them again: nothing goes round in circles. */
#include "turn.h"

/* Two machines, one of which cannot be reached: no automatic word about another that was lost. */
static void keep_quiet(const struct hg_asked *asked, struct hg_judged *judged)
{
	if ((asked->in && asked->in->automatic) || (asked->ours && asked->ours->automatic))
		judged->verdict.replies = NULL;
}

/* A ticket of it now?  At its end, what no rule decided is for `default:`. */
static gboolean is_for_ticket(const hg_turn *turn, const hg_case *kase, int event, int action)
{
	if (kase->thread->ticket_n)
		return FALSE;
	return event == HG_ON_CLOSED ? hg_rules_end_converts(action, hg_judge_default(turn),
							     hg_resolution_word(kase->thread->resolution)) :
				       action == HG_ACT_CONVERT;
}

static gboolean judge(hg_turn *turn, hg_case *kase, const struct hg_asked *asked, const hg_message *message,
		      GError **error)
{
	struct hg_judged judged;
	gboolean converts;

	if (!hg_judge(turn, kase, asked, &judged, error))
		return FALSE;
	keep_quiet(asked, &judged);
	converts = is_for_ticket(turn, kase, asked->event, judged.verdict.action);
	return hg_judge_keep(turn, kase, &judged, converts ? "convert" : "none", message, error) &&
	       hg_judge_apply(turn, kase, &judged, error) &&
	       (!converts || hg_convert_judged(turn, kase, &judged, "default", error));
}

gboolean hg_listen_always(hg_turn *turn, hg_case *kase, const struct hg_asked *asked, const hg_message *message,
			  GError **error)
{
	gboolean was_deaf = turn->deaf, fine;

	turn->deaf = TRUE;
	fine = judge(turn, kase, asked, message, error);
	turn->deaf = was_deaf;
	return fine;
}

gboolean hg_listen(hg_turn *turn, hg_case *kase, const struct hg_asked *asked, const hg_message *message,
		   GError **error)
{
	return turn->deaf || !hg_rules_listen(turn->engine->rules, asked->event) ||
	       hg_listen_always(turn, kase, asked, message, error);
}

gboolean hg_listen_failed(hg_turn *turn, hg_case *kase, const hg_message *message, int before, GError **error)
{
	gboolean failed = message->delivery == HG_DLV_FAILED || message->delivery == HG_DLV_PARTLY;

	/* Of several parts each may fail: it is told of once. */
	return !failed || before == HG_DLV_FAILED || before == HG_DLV_PARTLY ||
	       hg_listen(turn, kase, &(struct hg_asked){ .event = HG_ON_RECEIPT_FAILED, .ours = message }, message,
			 error);
}

gboolean hg_listen_sent(hg_turn *turn, hg_case *kase, const hg_message *message, GError **error)
{
	return hg_listen(turn, kase, &(struct hg_asked){ .event = HG_ON_SENT, .ours = message }, message, error);
}
