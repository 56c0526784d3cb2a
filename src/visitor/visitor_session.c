/* visitor_session.c - how a session begins, goes on and ends
 *
 * A session is a token and nothing else: a stranger who opens a thousand leaves no row behind.  Three ways lead
 * to one: nothing (a new anonymous visitor, for whom work may be asked), an old token (the same visitor goes on, with a
 * new token), and the word of the site's server (IDENTIFY; the anonymous one he was becomes part of him). */
#include <string.h>

#include "command.h"
#include "visitor_call.h"
#include "visitor_identity.h"

#define WORD_MAX 128
#define LOCALE_MAX 64
#define PROOF_MAX 256

struct session {
	struct visitor_who old;		/* of the token that came; id "": none did */
	gboolean vouched;		/* this time the site's server says who he is ... */
	const char *jti;		/* ... by a token of that id; the arena's, or NULL */
	char *browser;			/* the client's own word for itself, or NULL */
	char *token;			/* the new one */
	struct visitor_presence presence;
};

static void session_free(gpointer p)
{
	struct session *session = p;

	g_free(session->browser);
	g_free(session->token);
	g_free(session);
}

/* ---- may it begin? ---- */

static gboolean ask_proof(struct visitor_call *call)
{
	struct hg_env *env = hg_loop_env(call->visitors->env.loop);
	guint bits = (guint)call->set->proof.bits;
	g_autofree char *challenge = hg_visitor_proof_ask(call->visitors->proofs, env, call->channel->name, bits);

	call->more = g_string_new(NULL);
	hg_json_add_str(call->more, "challenge", challenge);
	hg_json_add_int(call->more, "bits", bits);
	return hg_visitor_wrong(call, 403, "proof-required", "find a nonce so that SHA-256(challenge + \".\" + nonce) begins "
				"with %u zero bits, and send both as \"proof\"", bits);
}

/* Work is asked of an address that opens many, or of all. */
static gboolean worked(struct visitor_call *call, struct json_object *body)
{
	struct json_object *proof = hg_json_obj(body, "proof");
	const char *challenge = hg_json_str(proof, "challenge"), *nonce = hg_json_str(proof, "nonce");
	gboolean always = strcmp(call->set->proof.ask, "always") == 0;

	if (strcmp(call->set->proof.ask, "never") == 0)
		return TRUE;
	if (challenge && nonce && strlen(challenge) <= PROOF_MAX &&
	    hg_visitor_proof_take(call->visitors->proofs, call->channel->name, challenge, nonce, call->now_ms))
		return TRUE;
	if (!always && hg_visitor_within(call, VISITOR_RATE_EASY))
		return TRUE;
	call->retry_s = 0;
	return ask_proof(call);
}

static gboolean begin_anonymous(struct visitor_call *call, struct json_object *body)
{
	struct hg_env *env = hg_loop_env(call->visitors->env.loop);

	if (call->set->identity.required)
		return hg_visitor_wrong(call, 403, "identity-required", "this channel is for those whom the site's server "
					"vouches for: send \"identity\"");
	if (!worked(call, body) || !hg_visitor_within(call, VISITOR_RATE_SESSIONS))
		return FALSE;
	hg_visitor_new_id(env, &call->who);
	hg_visitor_new_browser(env, &call->who);
	call->who.began_ms = call->now_ms;
	return TRUE;
}

/* ---- an old token ---- */

/* A token is renewed for a while after it expired.  Of one whom the site vouched for that is counted from its word, so
 * that a stolen one ends some day; an anonymous visitor has nothing but his token. */
static gboolean may_renew(const struct visitor_call *call, const struct visitor_who *old)
{
	gint64 from_ms = old->identified ? old->began_ms : old->expires_ms;

	return call->now_ms <= from_ms + call->set->session.remember_ms;
}

static gboolean read_old(struct visitor_call *call, const char *token, struct visitor_who *ret)
{
	if (!hg_visitor_token_read(call->visitors->token_key, token, call->arena, ret) ||
	    strcmp(ret->channel, call->channel->name) != 0)
		return hg_visitor_wrong(call, 401, "session-ended", "the token is none of this channel's; begin without one");
	return may_renew(call, ret) ||
	       hg_visitor_wrong(call, 401, "session-ended", "the token is too old; begin without one");
}

/* ---- the word of the site's server ---- */

static void take_browser(struct visitor_call *call, const struct session *session)
{
	if (session->old.id[0])
		g_strlcpy(call->who.browser, session->old.browser, sizeof call->who.browser);
	else if (session->browser)
		g_strlcpy(call->who.browser, session->browser, sizeof call->who.browser);
	else
		hg_visitor_new_browser(hg_loop_env(call->visitors->env.loop), &call->who);
}

static void take_vouched(struct visitor_call *call, const struct visitor_vouched *vouched)
{
	struct visitor_who *who = &call->who;

	hg_visitor_user_id(call->visitors->id_key, call->channel->scope, vouched->user, who);
	who->began_ms = call->now_ms;
	who->user = vouched->user;
	who->name = vouched->name;
	who->email = vouched->email;
	who->email_vouched = vouched->email_vouched;
	who->phone = vouched->phone;
	who->phone_vouched = vouched->phone_vouched;
}

static gboolean begin_identified(struct visitor_call *call, struct session *session, struct json_object *identity)
{
	g_autoptr(GError) error = NULL;
	struct visitor_vouched vouched;

	/* Who tries tokens, or uses one for a flood, is counted like who opens sessions. */
	if (!session->old.id[0] && !hg_visitor_within(call, VISITOR_RATE_SESSIONS))
		return FALSE;
	if (!hg_visitor_identity_read(call->set, identity, call->now_ms, call->arena, &vouched, &error))
		return hg_visitor_wrong(call, 401, "identity-refused", "%s", error->message);
	session->vouched = TRUE;
	session->jti = vouched.jti;
	take_vouched(call, &vouched);
	take_browser(call, session);
	return TRUE;
}

/* ---- POST /client/v1/session ---- */

/* What a browser calls itself, so that an answer that got lost can be asked for again: random, or it is of no use. */
static gboolean read_browser(struct visitor_call *call, struct session *session, const char *text)
{
	if (!text)
		return TRUE;
	if (strlen(text) < 16 || strspn(text, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "-_") != strlen(text))
		return hg_fail(&call->error, HG_ERROR_INPUT, "browser: 16 to %d random letters, digits, - and _ are wanted",
			       HG_BROWSER_MAX);
	session->browser = g_strdup(text);
	return TRUE;
}

static gboolean begin(struct visitor_call *call, struct session *session, struct json_object *body)
{
	struct json_object *identity = hg_json_obj(body, "identity");
	const char *token = hg_json_str(body, "token"), *website = hg_json_str(body, "website");

	if (!hg_visitor_origin(call) || !hg_visitor_within(call, VISITOR_RATE_KNOCKS))
		return FALSE;
	/* A field nobody sees: people leave it empty. */
	if (website && *website)
		return hg_visitor_wrong(call, 403, "refused", "this was filled in by a machine");
	if (!read_browser(call, session, hg_json_str(body, "browser")) || (token && !read_old(call, token, &session->old)))
		return FALSE;
	if (identity)
		return begin_identified(call, session, identity);
	if (!session->old.id[0])
		return begin_anonymous(call, body);
	if (call->set->identity.required && !session->old.identified)
		return hg_visitor_wrong(call, 403, "identity-required", "this channel is for those whom the site's server "
					"vouches for: send \"identity\"");
	call->who = session->old;
	return TRUE;
}

void hg_login_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "channel", CALL_TEXT, WORD_MAX },
		{ "token", CALL_TEXT, HG_VISITOR_TOKEN_MAX }, { "identity", CALL_OBJECT, 0 },
		{ "locale", CALL_TEXT, LOCALE_MAX }, { "proof", CALL_OBJECT, 0 }, { "website", CALL_TEXT, G_MAXSIZE },
		{ "browser", CALL_TEXT, HG_BROWSER_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);
	const char *channel = hg_json_str(body, "channel");
	struct session *session;

	if (!body || !hg_visitor_choose(call, channel ? channel : ""))
		return;
	session = g_new0(struct session, 1);
	call->extra = session;
	call->extra_free = session_free;
	if (!begin(call, session, body))
		return;
	call->locale = hg_arena_str(call->arena, hg_json_str(body, "locale"));
	call->who.channel = call->channel->name;
	call->who.issued_ms = call->now_ms;
	call->who.expires_ms = call->now_ms + call->set->session.life_ms;
	session->token = hg_visitor_token_make(call->visitors->token_key, &call->who);
	hg_visitor_look(call, &session->presence);
}

/* He had a session: has it ended since?  An identity that is still good begins another one then. */
static gboolean old_holds(struct visitor_call *call, hg_store *store, struct session *session)
{
	const struct visitor_who *old = &session->old;
	gint64 ended_ms = 0;

	if (!old->id[0])
		return TRUE;
	if (!hg_store_visitor_ended(store, old->uri, old->browser, &ended_ms, &call->error))
		return FALSE;
	if (old->issued_ms > ended_ms)
		return TRUE;
	if (!session->vouched)
		return hg_visitor_wrong(call, 401, "session-ended", "this session has ended; begin without a token");
	session->old.id[0] = '\0';	/* nothing of it counts: above all it is not joined to who comes now */
	return TRUE;
}

void hg_login_read(struct visitor_call *call, hg_store *store)
{
	struct session *session = call->extra;

	if (old_holds(call, store, session) && !session->vouched)
		hg_visitor_hello(call, store, session->token, &session->presence);
}

static void read_hello(struct visitor_call *call, hg_store *store)
{
	struct session *session = call->extra;

	g_string_truncate(call->out, 0);
	hg_visitor_hello(call, store, session->token, &session->presence);
}

static void greeted(struct visitor_call *call)
{
	const struct session *session = call->extra;

	hg_visitor_looked(call, &session->presence);
	hg_visitor_finish(call);
}

/* The engine has joined what he was to what he is: streams of what this browser was end. */
static void identified(struct visitor_call *call)
{
	const struct session *session = call->extra;
	const struct hg_visitor_live_ended was = { .channel = call->channel->name, .uri = session->old.uri,
		.browser = session->old.browser, .until_ms = call->now_ms, .reason = "identified" };

	if (session->old.id[0] && strcmp(session->old.uri, call->who.uri) != 0)
		hg_spread_end(call->visitors, &was);
	hg_visitor_read(call, read_hello, greeted);
}

static hg_command *identify(const struct visitor_call *call, const struct session *session, GError **error)
{
	g_autoptr(hg_command) command = hg_command_new(HG_CMD_IDENTIFY);
	g_autoptr(GArray) from = g_array_new(FALSE, FALSE, sizeof(struct hg_address));
	struct hg_in in = { .size = sizeof in, .kind = HG_IDENTITY, .name = call->who.name, .text = "" };
	const struct hg_batch batch = { .size = sizeof batch, .in = &in, .n_in = 1, .in_size = sizeof in };
	/* Who was somebody else by the site's word stays somebody else: two people at one computer. */
	const char *old = session->old.id[0] && !session->old.identified ? session->old.uri : NULL;

	hg_visitor_addresses(call, from);
	in.from = (struct hg_address *)(void *)from->data;
	in.n_from = from->len;
	if (!hg_command_set_batch(command, &batch, error))
		return NULL;
	command->visiting.uri = hg_arena_str(command->arena, old);
	command->visiting.browser = hg_arena_str(command->arena, call->who.browser);
	command->visiting.jti = hg_arena_str(command->arena, session->jti);
	return g_steal_pointer(&command);
}

void hg_login_end(struct visitor_call *call)
{
	const struct session *session = call->extra;
	hg_command *command;

	if (!session->vouched) {
		greeted(call);
		return;
	}
	call->denied = "identity-refused";	/* the site's token came from another browser before */
	call->denied_status = 401;
	command = identify(call, session, &call->error);
	if (command)
		hg_visitor_submit(call, command, identified);
	else
		hg_visitor_finish(call);
}

/* ---- DELETE /client/v1/session ---- */

static void logged_out(struct visitor_call *call)
{
	const struct hg_visitor_live_ended his = { .channel = call->channel->name, .uri = call->who.uri,
		.browser = call->who.browser, .until_ms = G_MAXINT64, .reason = "logout" };

	hg_spread_end(call->visitors, &his);
	g_string_truncate(call->out, 0);
	hg_visitor_finish(call);
}

void hg_login_logout(struct visitor_call *call)
{
	hg_command *command = hg_command_new(HG_CMD_LOGOUT);

	command->visiting.uri = hg_arena_str(command->arena, call->who.uri);
	command->visiting.browser = hg_arena_str(command->arena, call->who.browser);
	hg_visitor_submit(call, command, logged_out);
}
