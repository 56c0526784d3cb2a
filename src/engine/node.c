/* node.c - a node that is to give its posts to others before it is stopped, or may have some again */
#include "posts.h"
#include "turn.h"

#include "json.h"

static void answer(hg_turn *turn, const hg_member *member)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "node");
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", member->name);
	hg_json_add_str(out, "state", hg_node_state_word(member->state));
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	turn->answer = hg_arena_str(turn->arena, out->str);
}

gboolean hg_node_drain(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_member *member;

	if (turn->engine->fed)	/* whoever does it again is no node */
		return TRUE;
	if (!hg_store_is_shared(turn->store))
		return hg_fail(error, HG_ERROR_STATE, "this store has one node only: nobody else could do its work; stop it, and what "
			       "is under way ends first");
	if (!hg_store_node_by_name(turn->store, turn->arena, command->text, &member, error))
		return FALSE;
	if (!member)
		return hg_fail(error, HG_ERROR_MISSING, "there is no node \"%.64s\"", command->text);
	if (member->state == HG_NODE_GONE)
		return hg_fail(error, HG_ERROR_STATE, "node \"%.64s\" is gone: it holds nothing", command->text);
	member->state = command->remove ? HG_NODE_RUNNING : HG_NODE_DRAINING;
	answer(turn, member);
	hg_posts_hasten(turn->engine->posts);
	return hg_store_node_state(turn->store, member->n, member->state, error);
}
