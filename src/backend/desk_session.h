/* desk_session.h - who logs in and who waits for it; for desk_run.c only */
#pragma once
#include "desk_run.h"

struct json_object *hg_desk_session_taken(const hg_desk_session *session);	/* lent; NULL: nobody is logged in */

/* Called once the login under way is over: ended says how; NULL: whoever was at it gave up, look again. */
typedef void hg_desk_session_over(void *arg, const struct hg_desk_ended *ended);
/* TRUE: you are to log in, and to say hg_desk_session_made().  FALSE: somebody is at it, over(arg) is called. */
gboolean hg_desk_session_begin(hg_desk_session *session, hg_desk_session_over *over, void *arg);
void hg_desk_session_forget(hg_desk_session *session, void *arg);	/* over(arg) is not wanted any more */
void hg_desk_session_made(hg_desk_session *session, const struct hg_desk_ended *ended);
