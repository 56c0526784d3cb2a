/* session.c - who sits at the console: a link is used up and a session begins, in one transaction; it goes on, and ends
 *
 * Both are rows of their own kinds beside the API's tokens: hashes alone, good in every process that reads this store. */
#include "turn.h"

static gboolean use_link(hg_turn *turn, hg_token **ret, GError **error)
{
	gboolean ours = FALSE;

	if (!hg_store_token_by_hash(turn->store, turn->arena, turn->command->wish.link, ret, error))
		return FALSE;
	/* Looked at first: what fails before it has written costs nobody else anything. */
	if (*ret && (*ret)->kind == HG_TOKEN_LINK && hg_token_is_good(*ret, turn->now_ms) &&
	    !hg_store_token_use_up(turn->store, *ret, turn->now_ms, &ours, error))
		return FALSE;
	return ours || hg_fail(error, HG_ERROR_DENIED, HG_LINK_GONE);
}

static gboolean make_room(hg_turn *turn, GError **error)
{
	hg_token *idlest = NULL;
	gint64 n;

	if (!hg_store_token_count(turn->store, HG_TOKEN_SESSION, turn->now_ms, &n, error))
		return FALSE;
	if (n < HG_SESSIONS_MAX)
		return TRUE;
	if (!hg_store_token_idlest(turn->store, turn->arena, HG_TOKEN_SESSION, turn->now_ms, &idlest, error))
		return FALSE;
	idlest->revoked_ms = turn->now_ms;
	return hg_store_token_update(turn->store, idlest, error);
}

gboolean hg_token_session_begin(hg_turn *turn, GError **error)
{
	hg_token *session = hg_arena_alloc(turn->arena, sizeof(*session)), *link = NULL;
	const struct hg_token_wish *wish = &turn->command->wish;

	if (!use_link(turn, &link, error) || !make_room(turn, error))
		return FALSE;
	/* Who made the link answers for the session: with his token both end. */
	*session = (hg_token){ .name = link->name, .kind = HG_TOKEN_SESSION, .hash = wish->hash, .hash_len = sizeof(wish->hash),
			       .scopes = link->scopes, .made_by = link->made_by, .made_ms = turn->now_ms };
	hg_token_session_go_on(session, turn->now_ms);
	hg_id_new(turn->engine->env, "tok", session->id);
	return hg_store_token_add(turn->store, session, error) && hg_token_answer(turn, session);
}

void hg_token_session_go_on(hg_token *session, gint64 now_ms)
{
	session->used_ms = now_ms / HG_TOKEN_HOUR_MS * HG_TOKEN_HOUR_MS;
	session->expires_ms = MIN(now_ms + HG_SESSION_IDLE_MS, session->made_ms + HG_SESSION_LIFE_MS);
}

gboolean hg_token_session_end(hg_turn *turn, GError **error)
{
	const char *id = turn->command->text ?: "";
	hg_token *session = NULL;

	if (!hg_store_token_by_id(turn->store, turn->arena, id, &session, error))
		return FALSE;
	if (!session || session->kind != HG_TOKEN_SESSION || session->revoked_ms)
		return hg_fail(error, HG_ERROR_MISSING, "this session has ended");
	session->revoked_ms = turn->now_ms;
	return hg_store_token_update(turn->store, session, error) &&
	       (!turn->command->remove ||
		hg_store_token_end_named(turn->store, HG_TOKEN_SESSION, session->name, turn->now_ms, error)) &&
	       hg_token_answer(turn, session);
}
