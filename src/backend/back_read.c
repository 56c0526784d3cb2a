/* back_read.c - reads `back:` and `poll:` of a preset; every mistake is told with its place */
#include "back_made.h"

#include <string.h>

#include "http_tree.h"

#define ID_PARTS_MAX 8		/* of one id */
#define OWN_MAX	     8

static const char *const kinds[] = { "ignore", "reply", "note", "status", "assign", "merge", "delete", "look", NULL };

/* ---- freeing ---- */

void hg_back_case_clear(gpointer data)
{
	struct hg_back_case *c = data;
	ht_pick *const picks[] = { c->ticket, c->external, c->number, c->url, c->order, c->at, c->text, c->html,
				   c->agent, c->status, c->assignee, c->into };

	for (gsize i = 0; i < G_N_ELEMENTS(picks); i++)
		ht_pick_free(picks[i]);
	ht_when_free(c->when);
	ht_path_free(c->each);
	g_clear_pointer(&c->id, g_ptr_array_unref);
	g_clear_pointer(&c->files, g_ptr_array_unref);
}

static void clear_side(struct hg_back_side *side)
{
	ht_path_free(side->each);
	g_clear_pointer(&side->own, g_ptr_array_unref);
	g_clear_pointer(&side->cases, g_array_unref);
}

void hg_back_free(hg_back *back)
{
	if (!back)
		return;
	clear_side(&back->hook);
	clear_side(&back->poll);
	ht_auth_free(back->auth);
	g_free(back->charset);
	for (int i = 0; i < HT_OUTCOMES; i++)
		ht_reply_free(back->replies[i]);
	ht_pick_free(back->verify.token);
	ht_pick_free(back->verify.echo);
	g_strfreev(back->verify.secrets);
	hg_reply_words_free(back->words);
	g_free(back);
}

/* ---- cases ---- */

/* Keys that a kind has beside those that say which ticket. */
static const char *const *keys_of(int kind)
{
	static const char *const said[] = { "id", "ticket", "external", "number", "url", "order", "at", "none", "text", "html",
					    "quotes", "agent", "files", NULL };
	static const char *const status[] = { "id", "ticket", "external", "number", "url", "order", "at", "none", "status", NULL };
	static const char *const assign[] = { "id", "ticket", "external", "number", "url", "order", "at", "none", "assignee",
					      NULL };
	static const char *const merge[] = { "id", "ticket", "external", "number", "url", "order", "at", "none", "into", NULL };
	static const char *const which[] = { "id", "ticket", "external", "number", "url", "order", "at", "none", NULL };

	switch (kind) {
	case HG_CHANGE_REPLY:
	case HG_CHANGE_NOTE:
		return said;
	case HG_CHANGE_STATUS:
		return status;
	case HG_CHANGE_ASSIGN:
		return assign;
	case HG_CHANGE_MERGE:
		return merge;
	default:
		return which;
	}
}

static void read_id(struct ht_look *look, struct json_object *map, struct hg_back_case *c)
{
	c->id = ht_picks_new(look, map, "id", ID_PARTS_MAX);
	if (!ht_member(look, map, "id", FALSE))
		ht_wrong(look, NULL, "'id' is missing: by what a change that is told again, by hook or by poll, is known; a list of "
			 "picks is put together: [ { value: comment }, comment.id ]");
}

static void read_which(struct ht_look *look, struct json_object *map, struct hg_back_case *c)
{
	static const char *const words[] = { "unreadable", "skip", NULL };

	read_id(look, map, c);
	c->ticket = ht_pick_new(look, map, "ticket", FALSE);
	c->external = ht_pick_new(look, map, "external", FALSE);
	c->number = ht_pick_new(look, map, "number", FALSE);
	c->url = ht_pick_new(look, map, "url", FALSE);
	c->order = ht_pick_new(look, map, "order", FALSE);
	c->at = ht_pick_new(look, map, "at", FALSE);
	c->skip = ht_word(look, map, "none", words, 0) == 1;
	if (!ht_member(look, map, "ticket", FALSE) && !ht_member(look, map, "external", FALSE))
		ht_wrong(look, NULL, "needs 'ticket' (the helpdesk's id of the ticket) or 'external' (ours, where the helpdesk keeps "
			 "it): which ticket is it about?");
}

static void read_said(struct ht_look *look, struct json_object *map, struct hg_back_case *c)
{
	static const char *const words[] = { "keep", "cut", NULL };

	c->text = ht_pick_new(look, map, "text", FALSE);
	c->html = ht_pick_new(look, map, "html", FALSE);
	c->agent = ht_pick_new(look, map, "agent", FALSE);
	c->cut = ht_word(look, map, "quotes", words, ht_member(look, map, "html", FALSE) != NULL) == 1;
	c->files = ht_files_read(look, map);
	if (!ht_member(look, map, "text", FALSE) && !ht_member(look, map, "html", FALSE) && !c->files->len)
		ht_wrong(look, NULL, "needs 'text', 'html' or 'files': what was said?");
}

static void read_kind(struct ht_look *look, struct json_object *map, struct hg_back_case *c)
{
	if (!ht_keys(look, map, keys_of(c->kind)))
		return;
	read_which(look, map, c);
	if (c->kind == HG_CHANGE_REPLY || c->kind == HG_CHANGE_NOTE)
		read_said(look, map, c);
	else if (c->kind == HG_CHANGE_STATUS)
		c->status = ht_pick_new(look, map, "status", TRUE);
	else if (c->kind == HG_CHANGE_ASSIGN)
		c->assignee = ht_pick_new(look, map, "assignee", TRUE);
	else if (c->kind == HG_CHANGE_MERGE)
		c->into = ht_pick_new(look, map, "into", TRUE);
}

/* Which of the kinds the map names; -1: none, or several (told). */
static int kind_in(struct ht_look *look, struct json_object *map)
{
	int kind = -1;

	for (int i = 0; kinds[i]; i++) {
		if (!ht_member(look, map, kinds[i], FALSE))
			continue;
		if (kind >= 0) {
			ht_wrong(look, kinds[i], "a case is one thing: '%s' or '%s', not both; make two cases of it, the first with "
				 "also: true", kinds[kind], kinds[i]);
			return -1;
		}
		kind = i;
	}
	if (kind < 0)
		ht_wrong(look, NULL, "what is it? reply, note, status, assign, merge, delete, look or ignore is missing");
	return kind;
}

static void read_case(struct ht_look *look, struct json_object *map, GArray *cases)
{
	static const char *const keys[] = { "when", "each", "also", "ignore", "reply", "note", "status", "assign", "merge", "delete",
					    "look", NULL };
	struct hg_back_case c = { 0 };
	g_autofree char *each = NULL;
	int kind;
	gsize was;

	G_STATIC_ASSERT(HG_CHANGE_REPLY == 1 && HG_CHANGE_LOOK == 7 && HG_CHANGES == 8);
	if (!ht_keys(look, map, keys))
		return;
	kind = kind_in(look, map);
	if (kind < 0)
		return;
	c.kind = kind;
	c.when = ht_when_new(look, map, "when");
	each = ht_text(look, map, "each", FALSE);
	c.each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
	c.also = ht_bool(look, map, "also", FALSE);
	was = ht_enter(look, kinds[kind]);
	if (c.kind)
		read_kind(look, ht_member(look, map, kinds[kind], FALSE), &c);
	ht_leave(look, was);
	g_array_append_val(cases, c);
}

static GArray *read_cases(struct ht_look *look, struct json_object *map)
{
	struct json_object *list = ht_member(look, map, "cases", FALSE);
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0, was;
	GArray *cases;

	if (!list)
		return NULL;
	cases = g_array_new(FALSE, TRUE, sizeof(struct hg_back_case));
	g_array_set_clear_func(cases, hg_back_case_clear);
	if (n < 1 || n > HG_BACK_CASES_MAX)
		ht_wrong(look, "cases", "a list of 1 to %d cases is wanted here", HG_BACK_CASES_MAX);
	was = ht_enter(look, "cases");
	for (gsize i = 0; i < MIN(n, HG_BACK_CASES_MAX); i++) {
		gsize inner = ht_enter_at(look, i);

		read_case(look, json_object_array_get_idx(list, i), cases);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
	return cases;
}

/* ---- our own account ---- */

static void free_when(gpointer when)
{
	ht_when_free(when);
}

static void read_one_own(struct ht_look *look, struct json_object *map, const char *key, GPtrArray *own)
{
	ht_when *when = ht_when_new(look, map, key);

	if (when)
		g_ptr_array_add(own, when);
}

/* `own:` is conditions, or a list of such. */
static GPtrArray *read_own(struct ht_look *look, struct json_object *map)
{
	struct json_object *list = ht_member(look, map, "own", FALSE);
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0, was;
	GPtrArray *own = list ? g_ptr_array_new_with_free_func(free_when) : NULL;

	if (list && !json_object_is_type(list, json_type_array)) {
		read_one_own(look, map, "own", own);
		return own;
	}
	if (list && (n < 1 || n > OWN_MAX))
		ht_wrong(look, "own", "a map of conditions, or a list of 1 to %d such maps, is wanted here", OWN_MAX);
	was = ht_enter(look, "own");
	for (gsize i = 0; i < MIN(n, OWN_MAX); i++) {
		g_autofree char *at = g_strdup_printf("%zu", i);
		struct json_object *wrap = json_object_new_object();

		json_object_object_add(wrap, at, json_object_get(json_object_array_get_idx(list, i)));
		read_one_own(look, wrap, at, own);
		json_object_put(wrap);
	}
	ht_leave(look, was);
	return own;
}

/* ---- the hook ---- */

static void read_shape(struct ht_look *look, struct json_object *map, hg_back *back)
{
	static const char *const words[] = { "json", "form", "xml", "multipart", "text", NULL };
	static const int shapes[] = { HT_JSON, HT_FORM, HT_XML, HT_MULTIPART, HT_TEXT };
	int i = ht_word(look, map, "type", words, -1);

	back->shape = i >= 0 ? shapes[i] : 0;
	back->charset = ht_text(look, map, "charset", FALSE);
	if (back->charset && !ht_charset_known(back->charset))
		ht_wrong(look, "charset", "there is no charset '%.40s' here; ISO-8859-1, UTF-16BE and the like are", back->charset);
}

static void read_verify(struct ht_look *look, struct json_object *map, hg_back *back)
{
	static const char *const keys[] = { "token", "secret", "echo", NULL };
	struct json_object *verify = ht_member(look, map, "verify", FALSE);
	gsize was = ht_enter(look, "verify");

	if (verify && ht_keys(look, verify, keys)) {
		back->verify.token = ht_pick_new(look, verify, "token", TRUE);
		ht_member(look, verify, "secret", TRUE);
		back->verify.secrets = ht_texts(look, verify, "secret");
		back->verify.echo = ht_pick_new(look, verify, "echo", TRUE);
	}
	for (char **name = back->verify.secrets; name && *name; name++)
		ht_given(look, "secret", "secret", *name);
	ht_leave(look, was);
}

static void read_hook(struct ht_look *look, struct json_object *map, hg_back *back)
{
	static const char *const keys[] = { "auth", "type", "charset", "each", "verify", "reply", NULL };
	struct json_object *hook = ht_member(look, map, "hook", FALSE);
	g_autofree char *each = NULL;
	gsize was = ht_enter(look, "hook");

	if (hook && ht_keys(look, hook, keys)) {
		back->hook.there = TRUE;
		if (ht_member(look, hook, "auth", FALSE))
			back->auth = ht_auth_new(look, hook, "auth");
		else
			ht_wrong(look, NULL, "'auth' is missing: how do we know that it is the helpdesk who calls?  token, basic, hmac "
				 "and others there are; auth: none believes everybody");
		each = ht_text(look, hook, "each", FALSE);
		back->hook.each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
		read_shape(look, hook, back);
		read_verify(look, hook, back);
		ht_replies_read(look, hook, back->replies);
	}
	ht_leave(look, was);
}

/* ---- the whole ---- */

static gboolean any_case(const hg_back *back, gboolean (*is)(const struct hg_back_case *c))
{
	const GArray *both[] = { back->hook.cases, back->poll.cases };

	for (gsize side = 0; side < G_N_ELEMENTS(both); side++)
		for (guint i = 0; both[side] && i < both[side]->len; i++)
			if (is(&g_array_index(both[side], struct hg_back_case, i)))
				return TRUE;
	return FALSE;
}

static gboolean has_files(const struct hg_back_case *c)
{
	return c->files && c->files->len;
}

static gboolean is_look(const struct hg_back_case *c)
{
	return c->kind == HG_CHANGE_LOOK;
}

static gboolean is_status(const struct hg_back_case *c)
{
	return c->kind == HG_CHANGE_STATUS;
}

static gboolean cuts(const struct hg_back_case *c)
{
	return c->cut;
}

static struct json_object *member_of(struct json_object *map, const char *outer, const char *inner)
{
	struct json_object *value = NULL, *deeper = NULL;

	if (json_object_is_type(map, json_type_object) && json_object_object_get_ex(map, outer, &value) &&
	    json_object_is_type(value, json_type_object))
		json_object_object_get_ex(value, inner, &deeper);
	return deeper;
}

/* What cases need of the rest of the preset. */
static void check_others(struct ht_look *look, struct json_object *preset, const hg_back *back)
{
	if (any_case(back, has_files) && !member_of(preset, "operations", "fetch_attachment"))
		ht_wrong(look, "operations", "'fetch_attachment' is missing: a case of the way back tells of files");
	if (any_case(back, is_look) && !member_of(preset, "operations", "fetch_change"))
		ht_wrong(look, "operations", "'fetch_change' is missing: a case of the way back says 'look'");
	if (any_case(back, is_status) && !member_of(preset, "statuses", "from"))
		ht_wrong(look, "statuses", "'from' is missing: a case of the way back tells of a status, and from says what the "
			 "helpdesk's words are to us: { new: open, resolved: solved, \"*\": open }");
	if (back->poll.there && !member_of(preset, "operations", "fetch_changes"))
		ht_wrong(look, "operations", "'fetch_changes' is missing: it is what poll runs");
}

static void read_back(struct ht_look *look, struct json_object *preset, hg_back *back)
{
	static const char *const keys[] = { "hook", "own", "cases", NULL };
	struct json_object *map = ht_member(look, preset, "back", FALSE);
	gsize was = ht_enter(look, "back");

	if (map && ht_keys(look, map, keys)) {
		read_hook(look, map, back);
		back->hook.own = read_own(look, map);
		back->hook.cases = read_cases(look, map);
		if (!back->hook.cases)
			ht_wrong(look, NULL, "'cases' is missing: what is to be made of what the helpdesk tells");
	}
	ht_leave(look, was);
}

static void read_poll(struct ht_look *look, struct json_object *preset, hg_back *back)
{
	static const char *const keys[] = { "every", "overlap", "each", "own", "cases", NULL };
	struct json_object *map = ht_member(look, preset, "poll", FALSE);
	g_autofree char *each = NULL;
	gsize was = ht_enter(look, "poll");

	if (map && ht_keys(look, map, keys)) {
		back->poll.there = TRUE;
		each = ht_text(look, map, "each", FALSE);
		back->poll.each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
		back->poll.own = read_own(look, map);
		back->poll.cases = read_cases(look, map);
		if (!back->poll.cases && !ht_member(look, preset, "back", FALSE))
			ht_wrong(look, NULL, "'cases' is missing: what is to be made of what fetch_changes finds");
	}
	ht_leave(look, was);
}

hg_back *hg_back_new(struct ht_look *look, struct json_object *preset)
{
	g_autoptr(hg_back) back = g_new0(hg_back, 1);
	guint errors = look->errors;

	read_back(look, preset, back);
	read_poll(look, preset, back);
	if (look->errors == errors)
		check_others(look, preset, back);
	if (look->errors != errors || (!back->hook.cases && !back->poll.cases))
		return NULL;
	if (any_case(back, cuts))
		back->words = hg_reply_words_new(NULL);
	return g_steal_pointer(&back);
}

/* ---- looking at it ---- */

const GArray *hg_back_cases(const hg_back *back, gboolean poll)
{
	return poll && back->poll.cases ? back->poll.cases : back->hook.cases;
}

const GPtrArray *hg_back_own(const hg_back *back, gboolean poll)
{
	/* Other items than the hook's look otherwise: what says that they are ours stands there too. */
	return poll && back->poll.cases ? back->poll.own : back->hook.own;
}

gboolean hg_back_has_hook(const hg_back *back)
{
	return back && back->hook.there;
}

gboolean hg_back_has_poll(const hg_back *back)
{
	return back && back->poll.there;
}

gboolean hg_back_wants_url(const hg_back *back)
{
	return back && ht_auth_wants_url(back->auth);
}

gboolean hg_back_proves(const hg_back *back)
{
	return back && ht_auth_proves(back->auth);
}
