/* token.c - tokens of the API: made, used and revoked; their secrets stay with who asked for them */
#include "turn.h"

#include "json.h"

#include <string.h>

#define TOKENS_MAX 1000			/* good at the same time */

static void write_words(GString *out, const char *key, const char *words)
{
	g_auto(GStrv) list = words ? g_strsplit(words, " ", -1) : NULL;

	hg_json_key(out, key);
	if (!list) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '[');
	for (char **word = list; *word; word++)
		hg_json_put_str(out, *word);
	hg_json_close(out, ']');
}

void hg_token_write(const hg_token *token, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", token->id);
	hg_json_add_str(out, "name", token->name);
	write_words(out, "scopes", token->scopes);
	write_words(out, "channels", token->channels);
	hg_json_add_str(out, "made_by", token->made_by);
	hg_json_add_time(out, "made_at", token->made_ms);
	hg_json_add_time(out, "expires_at", token->expires_ms);
	hg_json_add_time(out, "revoked_at", token->revoked_ms);
	hg_json_add_time(out, "used_at", token->used_ms);
	hg_json_close(out, '}');
}

gboolean hg_token_answer(hg_turn *turn, hg_token *token)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_key(out, "token");
	hg_token_write(token, out);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
	turn->made = token;
	turn->object = token->id;
	return TRUE;
}

gboolean hg_token_is_good(const hg_token *token, gint64 now_ms)
{
	return !token->revoked_ms && (!token->expires_ms || token->expires_ms > now_ms);
}

/* ---- making ---- */

static gboolean name_is_free(hg_turn *turn, const char *name, GError **error)
{
	hg_token *other;

	for (guint i = 0; i < turn->conf->tokens->len; i++)
		if (strcmp(((const struct hg_token_conf *)g_ptr_array_index(turn->conf->tokens, i))->name, name) == 0)
			return hg_fail(error, HG_ERROR_CONFLICT, "api.tokens of the configuration has a token \"%s\": "
				       "choose another name", name);
	return hg_store_token_named(turn->store, turn->arena, HG_TOKEN_API, name, turn->now_ms, &other, error) &&
	       (!other || hg_fail(error, HG_ERROR_CONFLICT, "there is a token \"%s\" (%s): revoke it first, or choose "
				  "another name", name, other->id));
}

static gboolean there_is_room(hg_turn *turn, int kind, GError **error)
{
	gint64 n;

	if (!hg_store_token_count(turn->store, kind, turn->now_ms, &n, error))
		return FALSE;
	if (kind == HG_TOKEN_LINK)
		return n < HG_LINKS_MAX || hg_fail(error, HG_ERROR_LIMIT, "%d links wait to be used already; they end after %d minutes",
						   HG_LINKS_MAX, HG_LINK_MS / 60000);
	return n < TOKENS_MAX || hg_fail(error, HG_ERROR_LIMIT, "there are %d tokens already: revoke some", TOKENS_MAX);
}

gboolean hg_token_make(hg_turn *turn, GError **error)
{
	const struct hg_token_wish *wish = &turn->command->wish;
	hg_token *token = hg_arena_alloc(turn->arena, sizeof(*token));

	*token = (hg_token){ .name = wish->name, .kind = wish->kind, .hash = wish->hash, .hash_len = sizeof(wish->hash),
			     .scopes = wish->scopes, .channels = wish->channels,
			     .made_by = turn->command->principal ?: "", .made_ms = turn->now_ms,
			     .expires_ms = wish->kind == HG_TOKEN_LINK ? turn->now_ms + HG_LINK_MS : wish->expires_ms };
	if (wish->kind == HG_TOKEN_SESSION)
		return hg_token_session_begin(turn, error);
	if (!token->name || !token->scopes || wish->kind < HG_TOKEN_API || wish->kind >= HG_TOKEN_KINDS)
		return hg_fail(error, HG_ERROR_INPUT, "a token has a name, a kind and scopes");
	if ((wish->kind == HG_TOKEN_API && !name_is_free(turn, wish->name, error)) || !there_is_room(turn, wish->kind, error))
		return FALSE;
	hg_id_new(turn->engine->env, "tok", token->id);
	return hg_store_token_add(turn->store, token, error) && hg_token_answer(turn, token);
}

/* ---- what comes later ---- */

static gboolean find(hg_turn *turn, hg_token **ret, GError **error)
{
	const char *id = turn->command->text ?: "";

	return hg_store_token_by_id(turn->store, turn->arena, id, ret, error) &&
	       (*ret || hg_fail(error, HG_ERROR_MISSING, "there is no token \"%.40s\"; those of the configuration are taken out of "
				"api.tokens", id));
}

/* The console's links that it made, and who came in by them, go with it. */
static gboolean end_its_sessions(hg_turn *turn, const hg_token *token, GError **error)
{
	g_autofree char *principal = g_strconcat("token:", token->name, NULL);

	return hg_store_token_end_made_by(turn->store, principal, turn->now_ms, error);
}

gboolean hg_token_revoke(hg_turn *turn, GError **error)
{
	hg_token *token;

	if (turn->command->wish.kind == HG_TOKEN_SESSION)
		return hg_token_session_end(turn, error);
	if (!find(turn, &token, error))
		return FALSE;
	if (token->kind != HG_TOKEN_API)
		return hg_fail(error, HG_ERROR_MISSING, "%s is no token of the API", token->id);
	if (token->revoked_ms)
		return hg_fail(error, HG_ERROR_STATE, "token %s is revoked already", token->id);
	token->revoked_ms = turn->now_ms;
	return hg_store_token_update(turn->store, token, error) && end_its_sessions(turn, token, error) &&
	       hg_token_answer(turn, token);
}

gboolean hg_token_used(hg_turn *turn, GError **error)
{
	hg_token *token;

	if (!find(turn, &token, error))
		return FALSE;
	if (!hg_token_is_good(token, turn->now_ms))
		return hg_fail(error, HG_ERROR_STATE, "token %s is good no more", token->id);
	token->used_ms = turn->now_ms / HG_TOKEN_HOUR_MS * HG_TOKEN_HOUR_MS;
	if (token->kind == HG_TOKEN_SESSION)
		hg_token_session_go_on(token, turn->now_ms);
	return hg_store_token_update(turn->store, token, error) && hg_token_answer(turn, token);
}
