/* desk_session.c - a session at a helpdesk: one logs in, all others wait for it */
#include "desk_session.h"

struct waiting {
	hg_desk_session_over *over;
	void *arg;
};

struct hg_desk_session {
	struct json_object *taken;	/* a reference; NULL: nobody is logged in */
	gboolean busy;			/* somebody logs in */
	GQueue waiting;			/* of struct waiting */
};

hg_desk_session *hg_desk_session_new(void)
{
	hg_desk_session *session = g_new0(hg_desk_session, 1);

	g_queue_init(&session->waiting);
	return session;
}

void hg_desk_session_free(hg_desk_session *session)
{
	if (!session)
		return;
	g_queue_clear_full(&session->waiting, g_free);
	json_object_put(session->taken);
	g_free(session);
}

void hg_desk_session_end(hg_desk_session *session)
{
	g_clear_pointer(&session->taken, json_object_put);
}

void hg_desk_session_set(hg_desk_session *session, struct json_object *taken)
{
	hg_desk_session_end(session);
	session->taken = json_object_get(taken);
}

struct json_object *hg_desk_session_taken(const hg_desk_session *session)
{
	return session->taken;
}

gboolean hg_desk_session_begin(hg_desk_session *session, hg_desk_session_over *over, void *arg)
{
	struct waiting *waiting;

	if (!session->busy) {
		session->busy = TRUE;
		return TRUE;
	}
	waiting = g_new(struct waiting, 1);
	*waiting = (struct waiting){ over, arg };
	g_queue_push_tail(&session->waiting, waiting);
	return FALSE;
}

void hg_desk_session_forget(hg_desk_session *session, void *arg)
{
	for (GList *at = session->waiting.head; at; at = at->next) {
		struct waiting *waiting = at->data;

		if (waiting->arg != arg)
			continue;
		g_queue_delete_link(&session->waiting, at);
		g_free(waiting);
		return;
	}
}

/* Those who begin to wait while others are told wait for the next. */
void hg_desk_session_made(hg_desk_session *session, const struct hg_desk_ended *ended)
{
	guint n = session->waiting.length;

	session->busy = FALSE;
	if (ended && ended->word == HG_DESK_DONE)
		hg_desk_session_set(session, ended->taken);
	while (n-- && !g_queue_is_empty(&session->waiting)) {
		g_autofree struct waiting *waiting = g_queue_pop_head(&session->waiting);

		waiting->over(waiting->arg, ended);
	}
}
