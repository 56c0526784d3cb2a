/* back_sort.c - items of a helpdesk as changes: which case each is, and what it says
 *
 * No item can hurt its neighbours: what cannot be read is counted, and told of. */
#include "back_made.h"

#include <string.h>

#include "desk.h"
#include "html_text.h"
#include "text.h"

#define LISTS_DEEP 2

struct sorting {
	const struct hg_back_given *given;
	const hg_back *back;
	gboolean poll;
	struct hg_back_heard *heard;
	const struct hg_back_case *c;	/* of what on_inner() is given */
};

void hg_back_heard_init(struct hg_back_heard *heard)
{
	*heard = (struct hg_back_heard){ .verdict = HG_BACK_TAKEN, .arena = hg_arena_new(),
					 .changes = g_array_new(FALSE, TRUE, sizeof(struct hg_change)) };
	heard->answer = (struct hg_http_outcome){ .size = sizeof(heard->answer), .status = 200 };
	heard->busy = (struct hg_http_outcome){ .size = sizeof(heard->busy), .status = 503 };
}

void hg_back_heard_clear(struct hg_back_heard *heard)
{
	g_clear_pointer(&heard->changes, g_array_unref);
	g_clear_pointer(&heard->arena, hg_arena_free);
}

/* ---- what an item says ---- */

static void odd(struct sorting *s, const char *why)
{
	s->heard->odd++;
	if (!s->heard->odd_why)
		s->heard->odd_why = hg_arena_str(s->heard->arena, why);
}

/* One line, without what cannot be seen: an id, a name. */
static const char *word_of(struct sorting *s, const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);

	if (!text || !*g_strstrip(text))
		return NULL;
	for (char *p = text; *p; p++)
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	return hg_arena_str(s->heard->arena, text);
}

/* "txn-58"; a long one (a text is in it, where a helpdesk has nothing better) is its hash.  NULL: a part is not there. */
static const char *id_of(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope)
{
	g_autoptr(GString) id = g_string_new(NULL);
	g_autofree char *hex = NULL;
	guint8 hash[32];

	for (guint i = 0; i < c->id->len; i++) {
		g_autofree char *part = ht_pick_text(g_ptr_array_index(c->id, i), scope);

		if (!part || !*part)
			return NULL;
		g_string_append_printf(id, "%s%s", i ? "-" : "", part);
	}
	if (id->len <= HG_BACK_ID_MAX && hg_text_printable(id->str) && !strpbrk(id->str, "\n\t"))
		return hg_arena_str(s->heard->arena, id->str);
	hg_sha256(id->str, id->len, hash);
	hex = hg_hex(hash, sizeof(hash));
	return hg_arena_str(s->heard->arena, hex);
}

/* A number is itself, a time its milliseconds. */
static gint64 order_of(const ht_pick *pick, const struct ht_scope *scope)
{
	g_autofree char *text = ht_pick_text(pick, scope);
	gint64 n;

	if (text && g_ascii_string_to_signed(text, 10, 0, G_MAXINT64, &n, NULL))
		return n;
	return text ? ht_pick_time(pick, scope) : 0;
}

static char *cut(const struct sorting *s, const struct hg_back_case *c, char *text, const struct hg_html_hints *hints)
{
	g_autofree char *whole = text;

	if (!c->cut || !s->back->words)
		return g_steal_pointer(&whole);
	return hg_reply_text(s->back->words, whole, NULL, hints, NULL);
}

/* Lines end with LF, and nothing is at either end.  NULL: nothing was said. */
static const char *said(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope)
{
	g_autofree char *plain = ht_pick_text(c->text, scope), *html = plain ? NULL : ht_pick_text(c->html, scope), *text = NULL;
	struct hg_html_hints hints = { .quote_line = -1 };
	g_autoptr(GString) lines = NULL;

	if (html)
		text = cut(s, c, hg_html_text(html, strlen(html), &hints), &hints);
	else if (plain) {
		lines = g_string_new(plain);
		g_string_replace(lines, "\r\n", "\n", 0);
		text = cut(s, c, g_strdup(lines->str), NULL);
	}
	return text && *g_strstrip(text) ? hg_arena_str(s->heard->arena, text) : NULL;
}

static void take_files(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope, struct hg_change *change)
{
	g_autoptr(GArray) all = g_array_new(FALSE, TRUE, sizeof(struct hg_file));

	ht_files_find(c->files, scope, s->heard->arena, all);
	change->n_files = MIN(all->len, HG_BACK_FILES_MAX);
	if (all->len)
		change->files = hg_arena_mem(s->heard->arena, all->data, change->n_files * sizeof(struct hg_file));
}

static gboolean take_said(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope, struct hg_change *change)
{
	change->text = said(s, c, scope);
	change->agent = word_of(s, c->agent, scope);
	take_files(s, c, scope, change);
	if (!change->text && change->n_files)
		change->text = "";
	if (!change->text)
		odd(s, "nothing is said in it: there is neither text nor a file");
	return change->text != NULL;
}

static gboolean take_status(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope, struct hg_change *change)
{
	g_autofree char *why = NULL;

	change->said = word_of(s, c->status, scope);
	change->status = change->said ? hg_desk_status_from(s->given->desk, change->said) : NULL;
	if (change->status)
		return TRUE;
	why = change->said ? g_strdup_printf("the status '%.60s' is not in the preset's statuses.from", change->said)
			   : g_strdup("there is no status where one should be");
	odd(s, why);
	return FALSE;
}

static gboolean take_kind(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope, struct hg_change *change)
{
	switch (c->kind) {
	case HG_CHANGE_REPLY:
	case HG_CHANGE_NOTE:
		return take_said(s, c, scope, change);
	case HG_CHANGE_STATUS:
		return take_status(s, c, scope, change);
	case HG_CHANGE_ASSIGN:
		change->assignee = word_of(s, c->assignee, scope);
		if (!change->assignee)
			change->assignee = "";
		return TRUE;
	case HG_CHANGE_MERGE:
		change->into = word_of(s, c->into, scope);
		if (!change->into)
			odd(s, "it does not say what the ticket was merged into");
		return change->into != NULL;
	default:
		return TRUE;
	}
}

static guint most(const struct sorting *s)
{
	return s->poll ? HG_BACK_PAGE_MAX : HG_BACK_CHANGES_MAX;
}

/* Bounded as it will be kept; what nobody can keep must not take the others with it. */
static void add(struct sorting *s, const struct hg_change *change)
{
	g_autoptr(GError) error = NULL;
	struct hg_change kept;

	if (s->heard->changes->len >= most(s)) {
		s->heard->left_over = TRUE;
		return;
	}
	if (!hg_change_check(change, &error)) {
		odd(s, error->message);
		return;
	}
	hg_change_copy(s->heard->arena, change, &kept);
	g_array_append_val(s->heard->changes, kept);
}

/* Only the web's addresses are shown to people as links. */
static const char *link_of(struct sorting *s, const ht_pick *pick, const struct ht_scope *scope)
{
	const char *url = word_of(s, pick, scope);

	return url && (g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://")) ? url : NULL;
}

static void take(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope)
{
	struct hg_change change = { .kind = c->kind };

	if (!c->kind) {
		s->heard->ignored++;
		return;
	}
	change.id = id_of(s, c, scope);
	change.ticket = word_of(s, c->ticket, scope);
	change.external = word_of(s, c->external, scope);
	if (!change.id || (!change.ticket && !change.external)) {
		if (c->skip)
			s->heard->ignored++;
		else
			odd(s, change.id ? "it does not say which ticket it is about" : "it has no id, or only a part of one");
		return;
	}
	change.number = word_of(s, c->number, scope);
	change.url = link_of(s, c->url, scope);
	change.order = order_of(c->order, scope);
	change.at_ms = ht_pick_time(c->at, scope);
	if (take_kind(s, c, scope, &change))
		add(s, &change);
}

/* ---- which case ---- */

static void on_inner(void *arg, const struct ht_scope *scope)
{
	struct sorting *s = arg;

	take(s, s->c, scope);
}

static void take_case(struct sorting *s, const struct hg_back_case *c, const struct ht_scope *scope)
{
	struct sorting inner = *s;

	inner.c = c;
	if (!c->each)
		take(s, c, scope);
	else if (!ht_path_each(c->each, scope, most(s), on_inner, &inner))
		s->heard->left_over = TRUE;
}

static gboolean is_own(const struct sorting *s, const struct ht_scope *scope)
{
	const GPtrArray *own = hg_back_own(s->back, s->poll);

	for (guint i = 0; own && i < own->len; i++)
		if (ht_when_fits(g_ptr_array_index(own, i), scope))
			return TRUE;
	return FALSE;
}

static void on_item(void *arg, const struct ht_scope *scope)
{
	struct sorting *s = arg;
	const GArray *cases = hg_back_cases(s->back, s->poll);
	gboolean any = FALSE, more = TRUE;

	s->heard->items++;
	if (is_own(s, scope)) {
		s->heard->own++;
		return;
	}
	for (guint i = 0; cases && more && i < cases->len; i++) {
		const struct hg_back_case *c = &g_array_index(cases, struct hg_back_case, i);

		if (!ht_when_fits(c->when, scope))
			continue;
		any = TRUE;
		more = c->also;
		take_case(s, c, scope);
	}
	if (!any)
		s->heard->unmatched++;
}

void hg_back_sort_root(const struct hg_back_given *given, const struct ht_scope *scope, gboolean poll, const ht_path *each,
		       struct hg_back_heard *ret)
{
	struct sorting s = { .given = given, .back = given->desk->back, .poll = poll, .heard = ret };

	if (!each)
		on_item(&s, scope);
	else if (!ht_path_each(each, scope, most(&s), on_item, &s))
		ret->left_over = TRUE;
}

/* Each stands for itself: $root is the item.  Steps with foreach take lists of lists. */
static void sort_items(const struct hg_back_given *given, struct ht_scope *scope, struct json_object *items, gboolean poll,
		       guint depth, struct hg_back_heard *ret)
{
	gboolean list = json_object_is_type(items, json_type_array);

	if (list && depth < LISTS_DEEP) {
		for (gsize i = 0; i < json_object_array_length(items) && !ret->left_over; i++)
			sort_items(given, scope, json_object_array_get_idx(items, i), poll, depth + 1, ret);
		return;
	}
	scope->root = scope->item = items;
	/* What fetch_change took are items already: the hook's `each` takes its whole body apart. */
	if (items)
		hg_back_sort_root(given, scope, poll, poll ? given->desk->back->poll.each : NULL, ret);
}

/* Of one second ("Send and solve") what is said goes before what it led to: an answer on a solved ticket opens it again. */
static gint by_time(gconstpointer a, gconstpointer b)
{
	const struct hg_change *one = a, *other = b;
	gint time = (one->at_ms > other->at_ms) - (one->at_ms < other->at_ms);

	return time ? time : (one->kind >= HG_CHANGE_STATUS) - (other->kind >= HG_CHANGE_STATUS);
}

/* Lists begin with the newest as often as with the oldest: where all say when, they are put in the order it happened. */
static void put_in_order(GArray *changes)
{
	for (guint i = 0; i < changes->len; i++)
		if (!g_array_index(changes, struct hg_change, i).at_ms)
			return;
	g_array_sort(changes, by_time);
}

void hg_back_sort(const struct hg_back_given *given, struct json_object *items, gboolean poll, struct hg_back_heard *ret)
{
	g_autoptr(ht_memo) memo = ht_memo_new();
	struct ht_scope scope = { .memo = memo, .now_ms = given->now_ms, .secrets = given->desk->secrets,
				  .values = given->desk->values };

	hg_back_heard_init(ret);
	sort_items(given, &scope, items, poll, 0, ret);
	put_in_order(ret->changes);
}
