/* explain.c - why headgate decided what it did */
#include "call.h"
#include "explain.h"

void hg_read_explain_thread(struct call *call, hg_store *store)
{
	hg_thread *thread = NULL;

	if (!hg_store_thread_by_id(store, call->arena, call->param[0], &thread, &call->error))
		return;
	if (thread)
		hg_explain_thread(store, call->arena, thread, call->out, &call->error);
	else
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no thread \"%.40s\"", call->param[0]);
}

void hg_read_explain_message(struct call *call, hg_store *store)
{
	hg_message *message = NULL;

	if (!hg_store_message_by_id(store, call->arena, call->param[0], &message, &call->error))
		return;
	if (message)
		hg_explain_message(store, call->arena, message, call->out, &call->error);
	else
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no message \"%.40s\"", call->param[0]);
}
