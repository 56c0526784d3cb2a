/* token.c - tokens of the API: made, used and revoked; their secrets stay with who asked for them */
#include "turn.h"

#include "json.h"
#include "text.h"

#include <string.h>

#define TOKENS_MAX 1000			/* good at the same time */
#define PAGE	   200			/* rows read at a time */

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

/* ---- who makes links to the console ---- */

#define PROGRAM "token:"		/* principals that have a token begin so */

static const struct hg_token_conf *conf_of(const hg_conf *conf, const char *name)
{
	for (guint i = 0; i < conf->tokens->len; i++) {
		const struct hg_token_conf *one = g_ptr_array_index(conf->tokens, i);

		if (strcmp(one->name, name) == 0)
			return one;
	}
	return NULL;
}

/* May the principal still let somebody in? */
static gboolean may_invite(hg_engine *engine, const char *principal, gint64 now_ms, gboolean *ret, GError **error)
{
	const char *name = g_str_has_prefix(principal, PROGRAM) ? principal + strlen(PROGRAM) : NULL;
	const struct hg_token_conf *conf = name ? conf_of(engine->conf, name) : NULL;
	hg_token *stored;

	*ret = TRUE;
	if (!name)
		return TRUE;
	if (conf) {
		*ret = !conf->channels && g_strv_contains((const char *const *)conf->scopes, "admin");
		return TRUE;
	}
	if (!hg_store_token_named(engine->store, engine->round, HG_TOKEN_API, name, now_ms, &stored, error))
		return FALSE;
	*ret = stored != NULL;
	return TRUE;
}

static gboolean end_where_gone(hg_engine *engine, const char *maker, gint64 now_ms, GError **error)
{
	gboolean may;

	if (!may_invite(engine, maker, now_ms, &may, error))
		return FALSE;
	return (may && !g_hash_table_contains(engine->rekeyed, maker)) || hg_store_token_end_made_by(engine->store, maker, now_ms, error);
}

/* By their changes, of which ours are the last: each maker is met before his rows become the newest. */
gboolean hg_token_adopt(hg_engine *engine, gint64 now_ms, GError **error)
{
	g_autoptr(GHashTable) met = g_hash_table_new(g_str_hash, g_str_equal);
	struct hg_token_place at = { 0 };
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	do {
		g_ptr_array_set_size(rows, 0);
		if (!hg_store_token_changed(engine->store, engine->round, &at, PAGE, rows, error))
			return FALSE;
		for (guint i = 0; i < rows->len; i++) {
			const hg_token *token = g_ptr_array_index(rows, i);

			at = (struct hg_token_place){ token->rev, token->n };
			if (token->kind != HG_TOKEN_API && hg_token_is_good(token, now_ms) && g_hash_table_add(met, (char *)token->made_by) &&
			    !end_where_gone(engine, token->made_by, now_ms, error))
				return FALSE;
		}
	} while (rows->len == PAGE);
	return TRUE;
}

void hg_token_compare(hg_engine *engine, const hg_conf *conf)
{
	if (!engine->adopting)			/* else those of the one before were not acted on yet */
		g_hash_table_remove_all(engine->rekeyed);
	for (guint i = 0; i < engine->conf->tokens->len; i++) {
		const struct hg_token_conf *old = g_ptr_array_index(engine->conf->tokens, i), *new = conf_of(conf, old->name);

		if (new && !hg_equal_secret(old->token, strlen(old->token), new->token, strlen(new->token)))
			g_hash_table_add(engine->rekeyed, g_strconcat(PROGRAM, old->name, NULL));
	}
}

/* ---- making ---- */

static gboolean name_is_free(hg_turn *turn, const char *name, GError **error)
{
	hg_token *other;

	if (conf_of(turn->conf, name))
		return hg_fail(error, HG_ERROR_CONFLICT, "api.tokens of the configuration has a token \"%s\": choose another name",
			       name);
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

/* It was asked for when he still could. */
static gboolean maker_holds(hg_turn *turn, const hg_token *token, GError **error)
{
	gboolean may = TRUE;

	if (token->kind == HG_TOKEN_LINK && !may_invite(turn->engine, token->made_by, turn->now_ms, &may, error))
		return FALSE;
	return may || hg_fail(error, HG_ERROR_DENIED, "%s is good no more", token->made_by);
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
	if (!maker_holds(turn, token, error) || (wish->kind == HG_TOKEN_API && !name_is_free(turn, wish->name, error)) ||
	    !there_is_room(turn, wish->kind, error))
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
