/* console_session.c - sessions of the console: whose a cookie is, signing in by a link, and signing out; on the loop */
#include <string.h>
#include "call.h"
#include "text.h"

const struct hg_principal *hg_api_session(hg_api *api, const char *secret, GError **error)
{
	const struct hg_principal *who = secret ? hg_keys_find(api->keys, secret, HG_TOKEN_SESSION) : NULL;

	if (who && !hg_principal_holds(who, hg_api_now(api)))
		g_clear_pointer(&who, hg_principal_unref);
	if (!who) {
		hg_fail(error, HG_ERROR_DENIED, "you are not signed in, or not any more");
	} else if (hg_keys_doubted(api->keys)) {
		hg_fail(error, HG_ERROR_BUSY, HG_KEYS_IN_DOUBT);
		g_clear_pointer(&who, hg_principal_unref);
	} else {
		hg_api_note_use(api, who);
	}
	return who;
}

/* ---- in ---- */

struct sign_in {
	hg_api *api;
	guint8 link[32];		/* hash */
	char *secret;			/* of the session */
	const struct hg_principal *who;	/* ours; or NULL */
	GError *error;
	hg_api_signed_in_fn *done;
	void *arg;
};

static void sign_in_over(void *arg)
{
	struct sign_in *in = arg;

	in->done(in->arg, in->error ? NULL : in->who, in->secret, in->error);
	hg_principal_unref(in->who);
	g_clear_error(&in->error);
	g_free(in->secret);
	g_free(in);
}

static void session_made(void *arg, const hg_token *made, const GError *error)
{
	struct sign_in *in = arg;
	gint64 told_ms = hg_api_told_ms(in->api);

	in->who = made ? hg_keys_find(in->api->keys, in->secret, HG_TOKEN_SESSION) : NULL;
	if (error)
		in->error = g_error_copy(error);
	else if (!in->who)			/* it ended in the moment it began */
		hg_fail(&in->error, HG_ERROR_DENIED, "this session has ended");
	/* What the browser asks next may land at a node that has not heard of it yet. */
	if (in->who && told_ms)
		hg_loop_timer(in->api->loop, told_ms, sign_in_over, in);
	else
		sign_in_over(in);
}

/* Whoever guesses is refused here, and costs the engine nothing. */
static void link_work(hg_store *store, void *arg)
{
	struct sign_in *in = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_token *link = NULL;

	if (hg_store_token_by_hash(store, arena, in->link, &link, &in->error) && (!link || link->kind != HG_TOKEN_LINK))
		hg_fail(&in->error, HG_ERROR_DENIED, HG_LINK_GONE);
}

static void link_done(void *arg)
{
	struct sign_in *in = arg;
	hg_command *command;

	if (in->error) {
		sign_in_over(in);
		return;
	}
	command = hg_command_new(HG_CMD_TOKEN);
	command->principal = "console";
	command->wish.kind = HG_TOKEN_SESSION;
	memcpy(command->wish.link, in->link, sizeof(in->link));
	in->secret = hg_token_secret(in->api, "", command->wish.hash);
	hg_token_errand(in->api, command, session_made, in);
}

void hg_api_sign_in(hg_api *api, const char *link, hg_api_signed_in_fn *done, void *arg)
{
	struct sign_in *in = g_new0(struct sign_in, 1);

	*in = (struct sign_in){ .api = api, .done = done, .arg = arg };
	hg_sha256(link, strlen(link), in->link);
	if (!hg_readers_run(api->readers, link_work, link_done, in, &in->error))
		sign_in_over(in);
}

/* ---- out ---- */

struct sign_out {
	hg_api_signed_out_fn *done;
	void *arg;
};

static void session_ended(void *arg, const hg_token *made, const GError *error)
{
	struct sign_out *out = arg;

	(void)made;
	out->done(out->arg, g_error_matches(error, HG_ERROR, HG_ERROR_MISSING) ? NULL : error);
	g_free(out);
}

void hg_api_sign_out(hg_api *api, const struct hg_principal *who, gboolean everywhere, hg_api_signed_out_fn *done, void *arg)
{
	hg_command *command = hg_command_new(HG_CMD_TOKEN_REVOKE);
	struct sign_out *out = g_new0(struct sign_out, 1);

	*out = (struct sign_out){ done, arg };
	command->principal = hg_arena_str(command->arena, who->name);
	command->wish.kind = HG_TOKEN_SESSION;
	command->text = hg_arena_str(command->arena, hg_keys_id(api->keys, who));
	command->remove = everywhere;
	hg_token_errand(api, command, session_ended, out);
}
