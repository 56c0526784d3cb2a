/* queues.c - GET /v1/queues: who has how many tickets, and how many nobody has */
#include "call.h"
#include "queue_wait.h"
#include "queues.h"
#include "rules_hours.h"

struct look {
	struct call *call;
	hg_store *store;
	const hg_hours *hours;
	gint64 now_ms;
};

static gboolean in_hours(const struct look *look, int hours)
{
	return hours < 0 || hg_hours_open(look->hours, (guint)hours, look->now_ms, NULL);
}

static void write_skills(const struct hg_agent *agent, GString *out)
{
	hg_json_key(out, "skills");
	hg_json_open(out, '[');
	for (guint i = 0; agent->skills && agent->skills[i]; i++)
		hg_json_put_str(out, agent->skills[i]);
	hg_json_close(out, ']');
}

static gboolean write_agent(const struct look *look, const struct hg_agent *agent)
{
	GString *out = look->call->out;
	gint64 open;

	if (!hg_store_ticket_load(look->store, agent->id, &open, &look->call->error))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", agent->id);
	hg_json_add_str(out, "name", agent->name);
	hg_json_add_str(out, "email", agent->email);
	hg_json_add_int(out, "open", open);
	hg_json_key(out, "capacity");
	if (agent->capacity)
		hg_json_put_int(out, agent->capacity);
	else
		hg_json_put_raw(out, NULL);
	hg_json_add_bool(out, "in_hours", in_hours(look, agent->hours));
	write_skills(agent, out);
	hg_json_close(out, '}');
	return TRUE;
}

static guint present(const struct look *look, const struct hg_queue_conf *queue)
{
	guint n = 0;

	for (guint i = 0; i < queue->n_agents; i++)
		n += in_hours(look, queue->agents[i].hours);
	return n;
}

static gboolean write_queue(const struct look *look, const struct hg_queue_conf *queue)
{
	GString *out = look->call->out;
	guint there = present(look, queue);
	gint64 waiting, wait_ms;

	if (!hg_queue_expect(look->store, queue, there, look->now_ms, &waiting, &wait_ms, &look->call->error))
		return FALSE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", queue->name);
	hg_json_add_str(out, "assign", hg_assign_word(queue->assign));
	hg_json_add_bool(out, "in_hours", queue->n_agents ? there > 0 : in_hours(look, queue->hours));
	hg_json_add_int(out, "waiting", waiting);
	hg_json_key(out, "wait_ms");
	if (there)
		hg_json_put_int(out, wait_ms);
	else
		hg_json_put_raw(out, NULL);
	hg_json_key(out, "agents");
	hg_json_open(out, '[');
	for (guint i = 0; i < queue->n_agents; i++)
		if (!write_agent(look, &queue->agents[i]))
			return FALSE;
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return TRUE;
}

/* They were checked when the configuration was read: made again here, they belong to this call alone. */
void hg_read_queues(struct call *call, hg_store *store)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_hours) hours = hg_hours_read(call->conf->hours, diag);
	g_autoptr(hg_queues) queues = hours ? hg_queues_read(call->conf->queues, hours, diag) : NULL;
	const struct look look = { call, store, hours, hg_now(hg_env_system()) };

	if (!queues) {
		hg_fail(&call->error, HG_ERROR_BROKEN, "the queues of the configuration cannot be read any more");
		return;
	}
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "queues");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < hg_queues_count(queues); i++)
		if (!write_queue(&look, hg_queues_at(queues, i)))
			return;
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}
