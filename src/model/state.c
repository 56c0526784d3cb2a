/* state.c - the state machines as tables, and the functions that read them */
#include "state.h"

#include "fail.h"

/* A converted thread stays readable, takes messages on through its ticket and can be reopened
 * as a chat; a closed one is converted when it turns out to be unresolved. */
const struct hg_step hg_thread_steps[] = {
	{ HG_THREAD_OPEN,      HG_THREAD_CLOSED,    "closed by an agent, a rule or for idleness" },
	{ HG_THREAD_OPEN,      HG_THREAD_CONVERTED, "became a ticket" },
	{ HG_THREAD_CLOSED,    HG_THREAD_OPEN,      "the customer wrote again, or an agent reopened it" },
	{ HG_THREAD_CLOSED,    HG_THREAD_CONVERTED, "closed unresolved, or its ticket was reopened" },
	{ HG_THREAD_CONVERTED, HG_THREAD_CLOSED,    "its ticket was closed" },
	{ HG_THREAD_CONVERTED, HG_THREAD_OPEN,      "goes on as a chat; the ticket stays linked" },
	{ 0, 0, NULL },
};

/* The helpdesk leads, and we may see its steps late and not all of them (a poll every few
 * minutes): any step between its states is possible.  Nothing goes back to "requested". */
const struct hg_step hg_ticket_steps[] = {
	{ HG_TICKET_REQUESTED, HG_TICKET_OPEN,    "the helpdesk has it" },
	{ HG_TICKET_REQUESTED, HG_TICKET_PENDING, "its status came before its link" },
	{ HG_TICKET_REQUESTED, HG_TICKET_SOLVED,  "its status came before its link" },
	{ HG_TICKET_REQUESTED, HG_TICKET_CLOSED,  "refused, or its status came before its link" },
	{ HG_TICKET_OPEN,      HG_TICKET_PENDING, "waits for somebody" },
	{ HG_TICKET_OPEN,      HG_TICKET_SOLVED,  "solved" },
	{ HG_TICKET_OPEN,      HG_TICKET_CLOSED,  "closed" },
	{ HG_TICKET_PENDING,   HG_TICKET_OPEN,    "goes on" },
	{ HG_TICKET_PENDING,   HG_TICKET_SOLVED,  "solved" },
	{ HG_TICKET_PENDING,   HG_TICKET_CLOSED,  "closed" },
	{ HG_TICKET_SOLVED,    HG_TICKET_OPEN,    "reopened" },
	{ HG_TICKET_SOLVED,    HG_TICKET_PENDING, "reopened, and waits for somebody" },
	{ HG_TICKET_SOLVED,    HG_TICKET_CLOSED,  "closed" },
	{ HG_TICKET_CLOSED,    HG_TICKET_OPEN,    "reopened" },
	{ HG_TICKET_CLOSED,    HG_TICKET_PENDING, "reopened, and waits for somebody" },
	{ HG_TICKET_CLOSED,    HG_TICKET_SOLVED,  "reopened and solved between two looks" },
	{ 0, 0, NULL },
};

/* What is done is no state: the row is deleted.  Only a committed SENDING may leave us, so
 * nothing goes from QUEUED or PARKED to SENDING directly. */
const struct hg_step hg_job_steps[] = {
	{ HG_JOB_QUEUED,  HG_JOB_DUE,     "those before it in its lane are done" },
	{ HG_JOB_QUEUED,  HG_JOB_DEAD,    "given up while it waited" },
	{ HG_JOB_DUE,     HG_JOB_SENDING, "taken; its bytes are committed" },
	{ HG_JOB_DUE,     HG_JOB_QUEUED,  "one before it in its lane is tried again by hand" },
	{ HG_JOB_DUE,     HG_JOB_PARKED,  "its channel can do nothing now" },
	{ HG_JOB_DUE,     HG_JOB_UNKNOWN, "was to be sent again by a key that the provider knows no more" },
	{ HG_JOB_DUE,     HG_JOB_DEAD,    "given up: too old, or refused before it was sent" },
	{ HG_JOB_SENDING, HG_JOB_DUE,     "not sent for sure: again later" },
	{ HG_JOB_SENDING, HG_JOB_UNKNOWN, "left, and no answer came" },
	{ HG_JOB_SENDING, HG_JOB_PARKED,  "refused for a reason of the whole channel" },
	{ HG_JOB_SENDING, HG_JOB_DEAD,    "refused for good" },
	{ HG_JOB_UNKNOWN, HG_JOB_DUE,     "was not sent after all, or is sent again by policy" },
	{ HG_JOB_UNKNOWN, HG_JOB_DEAD,    "nobody will ever know" },
	{ HG_JOB_PARKED,  HG_JOB_DUE,     "someone has acted" },
	{ HG_JOB_PARKED,  HG_JOB_QUEUED,  "someone has acted; its lane has another head" },
	{ HG_JOB_PARKED,  HG_JOB_UNKNOWN, "its key was forgotten while its channel was down" },
	{ HG_JOB_PARKED,  HG_JOB_DEAD,    "given up while its channel was down" },
	{ HG_JOB_DEAD,    HG_JOB_DUE,     "tried again by hand" },
	{ HG_JOB_DEAD,    HG_JOB_QUEUED,  "tried again by hand, behind its lane's head" },
	{ 0, 0, NULL },
};

static gboolean step_exists(const struct hg_step *steps, int from, int to)
{
	for (; steps->from; steps++)
		if (steps->from == from && steps->to == to)
			return TRUE;
	return FALSE;
}

gboolean hg_thread_move(hg_thread *thread, int to, GError **error)
{
	if (!step_exists(hg_thread_steps, thread->state, to))
		return hg_fail(error, HG_ERROR_STATE, "thread %s is %s and cannot become %s",
			       thread->id, hg_thread_state_word(thread->state),
			       hg_thread_state_word(to));
	thread->state = to;
	return TRUE;
}

gboolean hg_ticket_move(hg_ticket *ticket, int to, GError **error)
{
	if (!step_exists(hg_ticket_steps, ticket->state, to))
		return hg_fail(error, HG_ERROR_STATE, "ticket %s is %s and cannot become %s",
			       ticket->number ?: ticket->id, hg_ticket_state_word(ticket->state),
			       hg_ticket_state_word(to));
	ticket->state = to;
	return TRUE;
}

gboolean hg_job_move(hg_job *job, int to, GError **error)
{
	if (!step_exists(hg_job_steps, job->state, to))
		return hg_fail(error, HG_ERROR_STATE,
			       "outbox job %" G_GINT64_FORMAT " to %s %s is %s and cannot become %s",
			       job->n, hg_target_word(job->target), job->name ?: "(none)",
			       hg_job_state_word(job->state), hg_job_state_word(to));
	job->state = to;
	return TRUE;
}

/* How far a delivery has come.  FAILED lies between SENT and DELIVERED: a provider may say
 * "failed" before or after "sent", and what reached the phone was delivered whatever else was
 * said.  Being a maximum, the result is the same in whatever order the receipts come. */
static int rank(int delivery)
{
	static const int ranks[] = {
		[HG_DLV_NONE] = 0, [HG_DLV_QUEUED] = 1, [HG_DLV_SENDING] = 2,
		[HG_DLV_UNKNOWN] = 3, [HG_DLV_SENT] = 4, [HG_DLV_FAILED] = 5,
		[HG_DLV_DELIVERED] = 6, [HG_DLV_READ] = 7, [HG_DLV_PLAYED] = 8,
		/* Some parts arrived and others failed: one part's receipt changes nothing. */
		[HG_DLV_PARTLY] = 9,
	};

	g_assert(delivery >= 0 && (gsize)delivery < G_N_ELEMENTS(ranks));
	return ranks[delivery];
}

int hg_delivery_fold(int now, int receipt_state, gboolean *ret_conflict)
{
	static const int said[] = {
		[HG_R_SENT] = HG_DLV_SENT, [HG_R_DELIVERED] = HG_DLV_DELIVERED,
		[HG_R_READ] = HG_DLV_READ, [HG_R_PLAYED] = HG_DLV_PLAYED,
		[HG_R_FAILED] = HG_DLV_FAILED,
	};
	int next;

	if (receipt_state < HG_R_SENT || receipt_state > HG_R_FAILED)
		return now;
	next = said[receipt_state];
	if (now != HG_DLV_PARTLY &&
	    ((next == HG_DLV_FAILED && rank(now) >= rank(HG_DLV_DELIVERED)) ||
	     (now == HG_DLV_FAILED && rank(next) >= rank(HG_DLV_DELIVERED))))
		*ret_conflict = TRUE;
	return rank(next) > rank(now) ? next : now;
}
