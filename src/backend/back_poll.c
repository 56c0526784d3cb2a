/* back_poll.c - asks helpdesks what has happened since: a hook can be lost, and some have none
 *
 * The place where the next poll begins is a time and, where the preset takes one, the helpdesk's own cursor.  It moves when the
 * last page is on disk.  It is a time of the helpdesk's, whose clock stamps what happens there, where that is behind ours.
 * What a poll finds that was heard before is known by its id. */
#include "backs_inside.h"

#include <string.h>

#include "desk_say.h"
#include "json.h"

#define PAGES_MAX    500		/* of one poll */
#define PAGE_BYTES   (8 * 1024 * 1024)
#define KEEP_EACH_MS (10 * 60 * 1000)	/* a poll that found nothing moves the stored place as seldom */
#define SOON_MS	     1000
#define CURSOR_MAX   1024
#define BEHIND_MAX   (24 * 60 * 60 * 1000)	/* a clock that is further off is broken, and would have us ask for all there is */
#define BEHIND_TOLD  (60 * 1000)

static void poll_now(void *arg);

/* ---- the place ---- */

/* "1763632800000 CURSOR", or the number alone. */
static void read_place(struct hg_way *way)
{
	g_autofree char *name = g_strconcat(HG_CHANGE_SPACE, way->name, NULL);
	g_autofree char *text = way->backs->env.cursor(way->backs->env.ctx, name);
	g_auto(GStrv) halves = text ? g_strsplit(text, " ", 2) : NULL;

	way->placed = TRUE;
	g_clear_pointer(&way->cursor, g_free);
	if (!halves || !halves[0] || !g_ascii_string_to_signed(halves[0], 10, 1, G_MAXINT64, &way->place_ms, NULL)) {
		way->place_ms = hg_way_now(way);	/* the first poll ever: what was before us is not ours */
		return;
	}
	way->kept_ms = way->place_ms;
	way->cursor = g_strdup(halves[1]);
}

static char *place_text(gint64 place_ms, const char *cursor)
{
	return g_strdup_printf("%" G_GINT64_FORMAT "%s%s", place_ms, cursor ? " " : "", cursor ? cursor : "");
}

/* ---- when ---- */

static void plan(struct hg_way *way, gint64 ms)
{
	const struct hg_backend_conf *backend = hg_way_backend(way);

	if (way->timer || way->polling || hg_way_rests(way) || !backend || !hg_back_has_poll(backend->desk->back) ||
	    backend->desk->poll.every_ms <= 0)
		return;
	way->timer = hg_loop_timer(way->backs->env.loop, ms, poll_now, way);
}

static void plan_next(struct hg_way *way, gint64 least_ms)
{
	const struct hg_backend_conf *backend = hg_way_backend(way);

	plan(way, MAX(backend ? backend->desk->poll.every_ms : 0, least_ms));
}

void hg_poll_plan(struct hg_way *way)
{
	plan(way, SOON_MS);
}

void hg_poll_stop(struct hg_way *way)
{
	hg_loop_untimer(way->backs->env.loop, way->timer);
	way->timer = 0;
}

/* ---- whose time ---- */

/* When this poll began: by the clock that is behind, ours or the helpdesk's.  What happened since then has a later time there. */
static gint64 begun(const struct hg_way *way)
{
	hg_desk_line *line = way->backs->env.line(way->backs->env.ctx, way->name);
	gint64 behind = line ? hg_desk_line_behind(line) : 0;

	return way->begun_ms - (behind > BEHIND_MAX ? 0 : behind);
}

static void tell_clock(struct hg_way *way)
{
	gint64 behind = way->begun_ms - begun(way);
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	if (behind > BEHIND_TOLD && !way->behind)
		hg_warn(&ctx, "back.clock", "the helpdesk's clock is %" G_GINT64_FORMAT " s behind ours: set both by NTP; what happened "
			"since is asked for by its clock", behind / 1000);
	way->behind = behind > BEHIND_TOLD;
}

/* ---- the end of one ---- */

static void finish(struct hg_way *way, gint64 least_ms)
{
	way->polling = FALSE;
	g_clear_pointer(&way->more, g_free);
	plan_next(way, least_ms);
}

static void fail(struct hg_way *way, const char *why, gint64 retry_ms)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	way->count.polls_failed++;
	/* The same again says nothing new. */
	if (g_strcmp0(way->poll_error, why) != 0 && !way->backs->stopped)
		hg_warn(&ctx, "back.poll_failed", "what happened since cannot be asked for: %s; it is tried again", why);
	g_free(way->poll_error);
	way->poll_error = g_strdup(why);
	finish(way, retry_ms);
}

static void worked(struct hg_way *way)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	if (way->poll_error)
		hg_info(&ctx, "back.poll_works", "what happened since can be asked for again");
	g_clear_pointer(&way->poll_error, g_free);
	way->place_ms = way->until_ms;
	tell_clock(way);
	way->count.polls++;
	way->count.last_poll_ms = hg_way_now(way);
	finish(way, 0);
}

/* ---- a page ---- */

struct page {
	struct hg_way *way;
	gboolean last;
	char *cursor, *more;		/* ours; or NULL */
	gint64 kept_ms;			/* the place that was stored with it; 0: none */
	struct hg_back_heard heard;	/* ours */
	gboolean begun;			/* some of it was given to be stored ... */
	guint at, storing;		/* ... of its changes: stored, and being stored */
	gint64 news;
};

static void page_free(struct page *p)
{
	g_free(p->cursor);
	g_free(p->more);
	hg_back_heard_clear(&p->heard);
	g_free(p);
}

static void ask(struct hg_way *way);
static void store_page(struct page *p);

/* What a hook was to tell, and did not. */
static void count_found(struct hg_way *way, gint64 news)
{
	const struct hg_backend_conf *backend = hg_way_backend(way);
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);

	if (!news || !backend || !hg_back_has_hook(backend->desk->back) || backend->desk->no_hook)
		return;
	way->count.found_by_poll += (guint64)news;
	hg_info(&ctx, "back.found_by_poll", "%" G_GINT64_FORMAT " changes were found that its hook had not told of", news);
}

static void page_done(struct page *p)
{
	struct hg_way *way = p->way;

	count_found(way, p->news);
	if (p->heard.left_over) {
		fail(way, "it found more changes than fit in one answer: the preset's pages are too long", 0);
		page_free(p);
		return;
	}
	g_free(way->cursor);
	way->cursor = g_steal_pointer(&p->cursor);
	g_free(way->more);
	way->more = g_steal_pointer(&p->more);
	if (p->kept_ms)
		way->kept_ms = p->kept_ms;
	if (p->last)
		worked(way);
	else
		ask(way);
	page_free(p);
}

static void on_stored(void *arg, gint64 news, const GError *error)
{
	struct page *p = arg;

	p->news += news;
	p->at += p->storing;
	if (!error) {
		store_page(p);
		return;
	}
	fail(p->way, error->message, 0);
	page_free(p);
}

/* The stored place moves with what was found, and once in a while. */
static char *place_to_keep(struct page *p)
{
	struct hg_way *way = p->way;
	gboolean moved = g_strcmp0(p->cursor, way->cursor) != 0;
	gint64 place_ms = p->last ? way->until_ms : way->place_ms;

	/* Without a cursor of theirs, pages behind this one would be lost to a crash. */
	if ((!p->last && !p->cursor) || p->heard.left_over)
		return NULL;
	if (!p->heard.changes->len && !moved && place_ms - way->kept_ms < KEEP_EACH_MS)
		return NULL;
	p->kept_ms = place_ms;
	return place_text(place_ms, p->cursor);
}

/* As many at a time as one command takes; the place goes with the last of them. */
static void store_page(struct page *p)
{
	guint left = p->heard.changes->len - p->at, n = MIN(left, HG_BACK_CHANGES_MAX);
	gboolean over = p->begun && !left;
	g_autofree char *place = n == left && !over ? place_to_keep(p) : NULL;
	const struct hg_change *all = hg_way_changes(&p->heard);	/* NULL where there are none */
	struct hg_way_news news = { .changes = n ? all + p->at : NULL, .n = n, .cursor = place };

	p->begun = TRUE;
	p->storing = n;
	if (over || (!n && !place)) {
		page_done(p);
	} else if (!hg_way_store(p->way, &news, on_stored, p)) {
		fail(p->way, "what was found cannot be stored now", 0);
		page_free(p);
	}
}

static gboolean says_more(const char *text)
{
	return text && *text && strcmp(text, "false") != 0 && strcmp(text, "0") != 0;
}

static struct json_object *changes_of(struct json_object *taken)
{
	struct json_object *changes = NULL;

	json_object_object_get_ex(taken, "changes", &changes);
	return changes;
}

static char *text_of(struct json_object *taken, const char *name)
{
	const char *text = hg_desk_taken(taken, name);

	return text && *text && strlen(text) <= CURSOR_MAX ? g_strdup(text) : NULL;
}

static void take_page(struct hg_way *way, const struct hg_backend_conf *backend, struct json_object *taken)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", way->name);
	struct page *p = g_new0(struct page, 1);
	struct hg_back_given given;

	hg_way_given(way, backend, &given);
	hg_back_sort(&given, changes_of(taken), TRUE, &p->heard);
	hg_way_count(way, &p->heard);
	p->way = way;
	p->cursor = text_of(taken, "cursor");
	if (!p->cursor)
		p->cursor = g_strdup(way->cursor);
	p->more = text_of(taken, "more");
	/* A page that names itself as the next would come for ever. */
	p->last = !says_more(p->more) || (g_strcmp0(p->more, way->more) == 0 && g_strcmp0(p->cursor, way->cursor) == 0);
	if (!p->last && ++way->page >= PAGES_MAX) {
		hg_warn(&ctx, "back.poll_long", "there is more than %d pages of what happened since: the rest is asked for next time",
			PAGES_MAX);
		p->last = TRUE;
		way->until_ms = way->place_ms;
	} else {
		way->until_ms = begun(way);
	}
	store_page(p);
}

static void on_page(void *arg, const struct hg_desk_ended *ended)
{
	struct hg_way *way = arg;
	const struct hg_backend_conf *backend = hg_way_backend(way);
	gboolean good = ended->word == HG_DESK_DONE || ended->word == HG_DESK_ADOPT || ended->word == HG_DESK_NONE;

	g_clear_pointer(&way->asked, json_object_put);
	if (!backend || hg_way_rests(way))
		finish(way, 0);
	else if (good)
		take_page(way, backend, ended->taken);
	else
		fail(way, ended->text ? ended->text : "it cannot be asked", ended->retry_ms);
}

/* ---- asking ---- */

static struct json_object *situation(const struct hg_way *way, const hg_desk *desk)
{
	g_autofree char *key = g_strdup_printf("poll-%" G_GINT64_FORMAT "-%u", way->begun_ms, way->page);
	struct json_object *s = hg_desk_say("fetch_changes", key, hg_way_now(way));

	hg_desk_say_time(s, "since", MAX(way->place_ms - desk->poll.overlap_ms, 1));
	if (way->cursor)
		json_object_object_add(s, "cursor", json_object_new_string(way->cursor));
	if (way->more)
		json_object_object_add(s, "more", json_object_new_string(way->more));
	return s;
}

static void ask(struct hg_way *way)
{
	const struct hg_backend_conf *backend = hg_way_backend(way);
	hg_desk_line *line = backend ? way->backs->env.line(way->backs->env.ctx, way->name) : NULL;
	struct hg_desk_ask ask = { .op = HG_DESK_FETCH_CHANGES, .patient = TRUE, .max_reply = PAGE_BYTES };

	if (!line || hg_way_rests(way)) {
		finish(way, 0);
		return;
	}
	ask.situation = way->asked = situation(way, backend->desk);
	hg_desk_line_ask(line, &ask, on_page, way);
}

static void poll_now(void *arg)
{
	struct hg_way *way = arg;

	way->timer = 0;
	way->polling = TRUE;
	if (!way->placed)
		read_place(way);
	way->begun_ms = hg_way_now(way);
	way->page = 0;
	ask(way);
}
