/* node.c - the nodes that share the store: which there are, what each holds, and one that is to give its posts away */
#include "call.h"
#include "nodes.h"

static void write_posts(struct call *call, const GPtrArray *leases, const hg_member *member, gint64 now_ms)
{
	hg_json_key(call->out, "posts");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < leases->len; i++) {
		const hg_lease *lease = g_ptr_array_index(leases, i);

		if (lease->node_n == member->n && lease->until_ms > now_ms)
			hg_json_put_str(call->out, lease->name);
	}
	hg_json_close(call->out, ']');
}

static gboolean write_nodes(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) members = g_ptr_array_new(), leases = g_ptr_array_new();
	gint64 now_ms;

	if (!hg_store_clock(store, &now_ms, &call->error) ||
	    !hg_store_node_list(store, call->arena, members, &call->error) ||
	    !hg_store_lease_list(store, call->arena, leases, &call->error))
		return FALSE;
	for (guint i = 0; i < members->len; i++) {
		const hg_member *member = g_ptr_array_index(members, i);

		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "name", member->name);
		hg_json_add_str(call->out, "state", hg_node_state_word(member->state));
		hg_json_add_bool(call->out, "alive", member->state != HG_NODE_GONE && now_ms - member->seen_ms < HG_LEASE_MS);
		hg_json_add_str(call->out, "version", member->version);
		hg_json_add_int(call->out, "schema", member->schema);
		hg_json_add_time(call->out, "since", member->since_ms);
		hg_json_add_time(call->out, "seen", member->seen_ms);
		write_posts(call, leases, member, now_ms);
		hg_json_close(call->out, '}');
	}
	return TRUE;
}

void hg_read_nodes(struct call *call, hg_store *store)
{
	gboolean shared = hg_store_is_shared(store);

	hg_json_open(call->out, '{');
	hg_json_add_bool(call->out, "shared", shared);
	hg_json_key(call->out, "nodes");
	hg_json_open(call->out, '[');
	if (shared && !write_nodes(call, store))
		return;
	hg_json_close(call->out, ']');
	hg_json_close(call->out, '}');
}

static gboolean take_drain(struct call *call, hg_command *command, gboolean undo)
{
	static const struct call_member known[] = { { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);

	command->text = hg_arena_str(command->arena, call->param[0]);
	command->remove = undo;
	return body != NULL;
}

gboolean hg_write_drain(struct call *call, hg_command *command)
{
	return take_drain(call, command, FALSE);
}

gboolean hg_write_undrain(struct call *call, hg_command *command)
{
	return take_drain(call, command, TRUE);
}
