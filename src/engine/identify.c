/* identify.c - the site's server says who a visitor is: his addresses find his contact, and what he wrote before
 * nobody knew him comes along, once */
#include "turn.h"

#include <string.h>

#include "json.h"

#define USED (-1)		/* remembered of a site's token: that it was used, and by which browser; no message came of it */

/* ---- a token of the site's server counts for the browser that brought it first ---- */

static gboolean used_by(hg_turn *turn, const char *space, const char *key, gboolean *ret, GError **error)
{
	gint64 n;

	if (!hg_store_seen_find(turn->store, space, key, turn->now_ms, &n, error))
		return FALSE;
	*ret = n == USED;
	return TRUE;
}

static gboolean check_token(hg_turn *turn, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	g_autofree char *space = g_strconcat("identity:", turn->command->channel, NULL);
	g_autofree char *own = g_strconcat(visiting->jti ?: "", "\n", visiting->browser ?: "", NULL);
	gboolean used, ours;

	if (!visiting->jti || !*visiting->jti)
		return TRUE;
	if (!used_by(turn, space, visiting->jti, &used, error) || !used_by(turn, space, own, &ours, error))
		return FALSE;
	if (used && !ours)
		return hg_fail(error, HG_ERROR_DENIED, "this identity token was used by another browser: the site's server "
			       "makes one for each");
	return used || (hg_store_seen_set(turn->store, space, visiting->jti, turn->now_ms, USED, error) &&
			hg_store_seen_set(turn->store, space, own, turn->now_ms, USED, error));
}

/* ---- who he was until now ---- */

static gboolean find_former(hg_turn *turn, hg_contact **ret, GError **error)
{
	const char *uri = turn->command->visiting.uri;
	hg_alias *alias;

	*ret = NULL;
	if (!hg_visitor_is_anonymous(uri))
		return TRUE;
	if (!hg_store_alias_find(turn->store, turn->arena, uri, &alias, error))
		return FALSE;
	return !alias || hg_case_contact(turn, alias->contact_n, ret, error);
}

/* Whoever got hold of the anonymous session's token has nothing of it any more.  Of one who never wrote only this browser
 * is noted, for a while. */
static gboolean end_former(hg_turn *turn, const hg_contact *former, const char *into, GError **error)
{
	const struct hg_visiting *visiting = &turn->command->visiting;
	gboolean known = former || !visiting->browser;
	hg_visitor *row;

	if (!hg_visitor_is_anonymous(visiting->uri))
		return TRUE;
	if (!known)
		return hg_store_visitor_set(turn->store, &(hg_visitor){
			.uri = visiting->uri, .browser = visiting->browser, .channel = turn->command->channel,
			.since_ms = turn->now_ms, .ended_ms = turn->now_ms, .into = into }, error);
	if (!hg_visitor_row(turn, visiting->uri, &row, error))
		return FALSE;
	row->into = into;
	row->ended_ms = turn->now_ms;
	return hg_store_visitor_set(turn->store, row, error);
}

/* ---- the command ---- */

/* NULL: it does not say who it is. */
static const struct hg_in *said(const hg_turn *turn)
{
	const struct hg_batch *batch = &turn->command->batch;
	const struct hg_in *in = batch->n_in == 1 ? batch->in : NULL;

	if (!in || in->kind != HG_IDENTITY || !in->n_from || !hg_visitor_is(in->from[0].uri) ||
	    hg_visitor_is_anonymous(in->from[0].uri) || in->from[0].proof != HG_PROVEN)
		return NULL;
	for (gsize i = 0; i < in->n_from; i++)
		if (!in->from[i].uri || !strchr(in->from[i].uri, ':'))
			return NULL;
	return in;
}

static gboolean check(const hg_turn *turn, GError **error)
{
	if (strlen(turn->command->visiting.browser ?: "") > HG_BROWSER_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "the name of a browser has at most %d bytes", HG_BROWSER_MAX);
	return hg_conf_channel(turn->conf, turn->command->channel) != NULL ||
	       hg_fail(error, HG_ERROR_INPUT, "there is no channel \"%.60s\"", turn->command->channel ?: "");
}

static void answer(hg_turn *turn, const char *uri, const hg_contact *contact, const hg_contact *merged, guint threads)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "visitor", uri);
	hg_json_add_str(out, "contact", contact ? contact->id : NULL);
	hg_json_add_str(out, "merged", merged ? merged->id : NULL);
	hg_json_add_int(out, "threads", threads);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

/* Somebody nobody has heard of, on either side, becomes a contact when he writes: looking at a page costs no row. */
gboolean hg_identify(hg_turn *turn, GError **error)
{
	hg_contact *former, *merged = NULL;
	const struct hg_in *in = said(turn);
	hg_case kase = { 0 };
	guint threads = 0;

	if (!in)
		return hg_fail(error, HG_ERROR_INPUT, "it does not say which identified visitor it is");
	if (!check(turn, error) || !check_token(turn, error) || !find_former(turn, &former, error) ||
	    !hg_contact_resolve(turn, in, former != NULL, &kase, error))
		return FALSE;
	if (kase.contact && (!hg_profile_vouched(turn, in, error) ||
			     !hg_profile_take(turn, &kase, in->from[0].uri, in->profile, error)))
		return FALSE;
	if (former && former->n != kase.contact->n &&
	    !hg_merge_visitor(turn, &kase, former, in->from[0].uri, &merged, &threads, error))
		return FALSE;
	answer(turn, in->from[0].uri, kase.contact, merged, threads);
	return end_former(turn, former, in->from[0].uri, error) && hg_case_save(turn, &kase, error);
}
