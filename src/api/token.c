/* token.c - tokens of the store over the API; on the loop
 *
 * A secret is made here and told to who asked for it, once: commands, the journal and the store have its hash alone.  The
 * table of keys follows the store: it is changed after the commit, and before the answer. */
#include <string.h>
#include "call.h"
#include "env.h"
#include "log.h"
#include "payload.h"
#include "text.h"

#define SECRET_BYTES  32
#define NAME_MOST     64
#define WORDS_MOST    64
#define EXPIRES_MOST  (10 * 366 * G_GINT64_CONSTANT(86400000))
#define LIST	      100
#define LIST_MOST     500
#define LOAD	      4000		/* more than there can be: see TOKENS_MAX of the engine */

char *hg_token_secret(hg_api *api, const char *prefix, guint8 ret_hash[32])
{
	struct hg_env *env = hg_loop_env(api->loop);
	g_autofree char *word = NULL;
	guint8 bytes[SECRET_BYTES];
	char *secret;

	env->random(env, bytes, sizeof bytes);
	word = hg_base64(bytes, sizeof bytes, TRUE);
	secret = g_strconcat(prefix, word, NULL);
	hg_sha256(secret, strlen(secret), ret_hash);
	return secret;
}

/* ---- after the commit ---- */

const hg_token *hg_token_keep(hg_arena *arena, const hg_token *made)
{
	hg_token *token = hg_arena_alloc(arena, sizeof(*token));

	*token = *made;
	token->name = hg_arena_str(arena, made->name);
	token->hash = hg_arena_mem(arena, made->hash, made->hash_len);
	token->scopes = hg_arena_str(arena, made->scopes);
	token->channels = hg_arena_str(arena, made->channels);
	token->made_by = hg_arena_str(arena, made->made_by);
	return token;
}

/* The secret, which the engine does not know, goes into its answer. */
void hg_token_say_secret(struct call *call)
{
	g_autoptr(GString) more = g_string_new(NULL);

	if (!call->extra || !g_str_has_suffix(call->out->str, "}"))
		return;
	g_string_append_c(more, ',');
	hg_json_key(more, "secret");
	hg_json_put_str(more, call->extra);
	g_string_append_c(more, '}');
	g_string_truncate(call->out, call->out->len - 1);
	g_string_append_len(call->out, more->str, (gssize)more->len);
}

gboolean hg_api_load(hg_api *api, hg_store *store, GError **error)
{
	struct hg_token_query query = { .good_at_ms = hg_api_now(api), .limit = LOAD };
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) tokens = g_ptr_array_new();

	if (!hg_store_token_rev(store, &api->follow.seen.rev, error) || !hg_store_token_list(store, arena, &query, tokens, error))
		return FALSE;
	api->follow.seen.n = G_MAXINT64;
	api->follow.shared = hg_store_is_shared(store);
	for (guint i = 0; i < tokens->len; i++)
		hg_keys_put(api->keys, g_ptr_array_index(tokens, i));
	return TRUE;
}

/* ---- making ---- */

/* A list of texts as words with spaces between; *ret NULL when there is none. */
static gboolean read_words(struct call *call, struct json_object *body, const char *key, hg_arena *arena, const char **ret)
{
	struct json_object *list = hg_json_arr(body, key);
	gsize n = list ? json_object_array_length(list) : 0;
	g_autoptr(GString) words = g_string_new(NULL);

	*ret = NULL;
	if (!list)
		return TRUE;
	if (!n || n > WORDS_MOST)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"%s\" names 1 to %d", key, WORDS_MOST);
	for (gsize i = 0; i < n; i++) {
		struct json_object *value = json_object_array_get_idx(list, i);
		const char *word = json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";

		if (strcmp(key, "scopes") == 0 ? !hg_scope_of_word(word) : !hg_conf_channel(call->conf, word))
			return hg_fail(&call->error, HG_ERROR_INPUT, "\"%s\": there is no %s \"%.60s\"", key,
				       strcmp(key, "scopes") == 0 ? "scope" : "channel", word);
		g_string_append_printf(words, "%s%s", i ? " " : "", word);
	}
	*ret = hg_arena_str(arena, words->str);
	return TRUE;
}

static gboolean read_name(struct call *call, const char *name)
{
	gsize len = name ? strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-") : 0;

	return (len && len <= NAME_MOST && !name[len]) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"name\" has 1 to %d of the letters a-z, digits and -", NAME_MOST);
}

static gboolean read_expires(struct call *call, const char *text, gint64 *ret_ms)
{
	gint64 now_ms = hg_api_now(call->api), span = text ? hg_span_parse(text) : -1;

	*ret_ms = 0;
	if (!text)
		return TRUE;
	*ret_ms = span > 0 ? now_ms + span : hg_time_parse(text);
	return (*ret_ms > now_ms && *ret_ms < now_ms + EXPIRES_MOST) ||
	       hg_fail(&call->error, HG_ERROR_INPUT, "\"expires\" is a span such as 30d, or a time to come such as "
		       "2027-01-31T00:00:00Z, within ten years");
}

gboolean hg_write_token(struct call *call, hg_command *command)
{
	static const struct call_member known[] = { { "name", CALL_TEXT, NAME_MOST },
		{ "scopes", CALL_LIST, 0 }, { "channels", CALL_LIST, 0 }, { "expires", CALL_TEXT, 40 }, { 0 } };
	g_autoptr(json_object) body = hg_call_body(call, known);
	struct hg_token_wish *wish = &command->wish;

	if (!body || !read_name(call, hg_json_str(body, "name")) ||
	    !read_words(call, body, "scopes", command->arena, &wish->scopes) ||
	    !read_words(call, body, "channels", command->arena, &wish->channels) ||
	    !read_expires(call, hg_json_str(body, "expires"), &wish->expires_ms))
		return FALSE;
	if (!wish->scopes)
		return hg_fail(&call->error, HG_ERROR_INPUT, "\"scopes\" is missing: what may it do?");
	wish->kind = HG_TOKEN_API;
	wish->name = hg_arena_str(command->arena, hg_json_str(body, "name"));
	command->idem_key = NULL;	/* the same answer again would be one without the secret */
	call->extra = hg_token_secret(call->api, HG_TOKEN_PREFIX, wish->hash);
	call->extra_free = g_free;
	return TRUE;
}

gboolean hg_write_token_revoke(struct call *call, hg_command *command)
{
	command->text = hg_arena_str(command->arena, call->param[0]);
	return TRUE;
}

/* ---- looking ---- */

static gboolean list_query(struct call *call, hg_store *store, struct hg_token_query *ret)
{
	const char *all = hg_request_query(call->req, "all"), *before = hg_request_query(call->req, "before");
	hg_token *last = NULL;

	*ret = (struct hg_token_query){ .kind = HG_TOKEN_API, .limit = (guint)hg_call_number(call, "limit", 1, LIST_MOST, LIST) + 1 };
	if (call->error)
		return FALSE;
	if (all && strcmp(all, "true") != 0 && strcmp(all, "false") != 0)
		return hg_fail(&call->error, HG_ERROR_INPUT, "all=%.20s: true or false is wanted", all);
	ret->good_at_ms = g_strcmp0(all, "true") == 0 ? 0 : hg_api_now(call->api);
	if (before && !hg_store_token_by_id(store, call->arena, before, &last, &call->error))
		return FALSE;
	ret->before_n = last ? last->n : 0;
	return !before || last || hg_fail(&call->error, HG_ERROR_MISSING, "before=%.40s: there is no such token", before);
}

static void write_strv(GString *out, const char *key, char *const *words)
{
	hg_json_key(out, key);
	if (!words) {
		hg_json_put_raw(out, NULL);
		return;
	}
	hg_json_open(out, '[');
	for (; *words; words++)
		hg_json_put_str(out, *words);
	hg_json_close(out, ']');
}

static void write_configured(struct call *call)
{
	hg_json_key(call->out, "configured");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < call->conf->tokens->len; i++) {
		const struct hg_token_conf *token = g_ptr_array_index(call->conf->tokens, i);

		hg_json_open(call->out, '{');
		hg_json_add_str(call->out, "name", token->name);
		write_strv(call->out, "scopes", token->scopes);
		write_strv(call->out, "channels", token->channels);
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, ']');
}

void hg_read_tokens(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) tokens = g_ptr_array_new();
	struct hg_token_query query;
	guint shown;

	if (!list_query(call, store, &query) || !hg_store_token_list(store, call->arena, &query, tokens, &call->error))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "tokens");
	hg_json_open(call->out, '[');
	shown = MIN(tokens->len, query.limit - 1);
	for (guint i = 0; i < shown; i++)
		hg_token_write(g_ptr_array_index(tokens, i), call->out);
	hg_json_close(call->out, ']');
	write_configured(call);
	if (tokens->len > shown)
		hg_json_add_str(call->out, "next", ((const hg_token *)g_ptr_array_index(tokens, shown - 1))->id);
	hg_json_close(call->out, '}');
}

/* ---- without a request ---- */

struct errand {				/* a command of ours about a token */
	hg_api *api;
	hg_arena *arena;
	const hg_token *made;		/* or NULL */
	GError *error;
	token_then_fn *then;		/* or NULL */
	void *arg;
};

static void errand_over(void *arg)
{
	struct errand *errand = arg;

	if (errand->made)
		hg_api_token_changed(errand->api, errand->made);
	if (errand->then)
		errand->then(errand->arg, errand->made, errand->error);
	g_clear_error(&errand->error);
	hg_arena_free(errand->arena);
	g_free(errand);
}

/* On the engine's thread. */
static void errand_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	struct errand *errand = arg;

	(void)answer;
	if (error)
		errand->error = g_error_copy(error);
	else if (command->made)
		errand->made = hg_token_keep(errand->arena, command->made);
	hg_loop_post(errand->api->loop, errand_over, errand);
}

void hg_token_errand(hg_api *api, hg_command *command, token_then_fn *then, void *arg)
{
	struct errand *errand = g_new0(struct errand, 1);

	*errand = (struct errand){ .api = api, .arena = hg_arena_new(), .then = then, .arg = arg };
	command->done = errand_done;
	command->done_arg = errand;
	if (api->ports.submit(api->ports.ctx, command, &errand->error))
		return;
	hg_command_free(command);
	errand_over(errand);
}

void hg_api_note_use(hg_api *api, const struct hg_principal *who)
{
	const char *id = hg_keys_touch(api->keys, who, hg_api_now(api));
	hg_command *command;

	if (!id)
		return;
	command = hg_command_new(HG_CMD_TOKEN_USED);
	command->text = hg_arena_str(command->arena, id);
	hg_token_errand(api, command, NULL, NULL);	/* where it failed, it is said again in an hour */
}
