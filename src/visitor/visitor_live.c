/* visitor_live.c - the hub: who has news, and the reads that find out what */
#include "visitor_hub.h"

#include "env.h"
#include "log.h"
#include "metrics_text.h"

#define JOBS_MAX 16		/* on the reader pool at a time: the API's reads find room beside them */
#define AGAIN_MS 50		/* until the readers are asked again */

/* ---- birth and death ---- */

hg_visitor_live *hg_visitor_live_new(hg_loop *loop, hg_readers *readers, hg_conf *conf, const guint8 *key, gint64 last_n)
{
	hg_visitor_live *live = g_new0(hg_visitor_live, 1);

	live->loop = loop;
	live->readers = readers;
	live->conf = hg_conf_ref(conf);
	hg_place_key_make(&live->key, key);
	live->published_n = live->seen_n = last_n;
	live->audiences = g_hash_table_new(g_str_hash, g_str_equal);
	live->contacts = g_hash_table_new(g_int64_hash, g_int64_equal);
	live->peers = hg_peers_new();
	return live;
}

void hg_visitor_live_stop(hg_visitor_live *live)
{
	live->stopped = TRUE;
	hg_loop_untimer(live->loop, live->again);
	live->again = 0;
}

GPtrArray *hg_audience_all(hg_visitor_live *live)
{
	GPtrArray *all = g_ptr_array_new();
	GHashTableIter iter;
	gpointer audience;

	g_hash_table_iter_init(&iter, live->audiences);
	while (g_hash_table_iter_next(&iter, NULL, &audience))
		g_ptr_array_add(all, audience);
	return all;
}

/* Frees it as well when nobody reads for it. */
static void audience_end(struct audience *audience)
{
	for (guint left = audience->followers.length; left > 0; left--)
		hg_follow_bye(audience->followers.head->data, NULL);
}

static void end_all(hg_visitor_live *live)
{
	g_autoptr(GPtrArray) all = hg_audience_all(live);

	for (guint i = 0; i < all->len; i++)
		audience_end(g_ptr_array_index(all, i));
}

void hg_visitor_live_free(hg_visitor_live *live)
{
	if (!live)
		return;
	end_all(live);
	hg_loop_untimer(live->loop, live->again);
	hg_loop_untimer(live->loop, live->beat);
	g_hash_table_unref(live->contacts);
	g_hash_table_unref(live->audiences);
	hg_peers_free(live->peers);
	hg_conf_unref(live->conf);
	g_free(live);
}

void hg_visitor_live_reload(hg_visitor_live *live, hg_conf *conf)
{
	hg_conf *before = live->conf;

	live->conf = hg_conf_ref(conf);
	hg_conf_unref(before);
}

gint64 hg_live_published(const hg_visitor_live *live)
{
	return __atomic_load_n(&live->published_n, __ATOMIC_SEQ_CST);
}

const char *hg_visitor_live_place(hg_visitor_live *live, char ret[HG_PLACE_SIZE])
{
	hg_place_write(&live->key, hg_live_published(live), ret);
	return ret;
}

/* ---- audiences, by address and by contact ---- */

struct audience *hg_audience_of(hg_visitor_live *live, const char *uri)
{
	return g_hash_table_lookup(live->audiences, uri);
}

struct audience *hg_audience_enter(hg_visitor_live *live, const char *uri)
{
	struct audience *audience = hg_audience_of(live, uri);

	if (audience)
		return audience;
	audience = g_new0(struct audience, 1);
	audience->live = live;
	audience->uri = g_strdup(uri);
	audience->in_line.data = audience;
	audience->base_n = live->seen_n;
	audience->unknown = TRUE;
	g_hash_table_insert(live->audiences, audience->uri, audience);
	return audience;
}

static void forget_contact(struct audience *audience)
{
	hg_visitor_live *live = audience->live;
	struct audience *first = g_hash_table_lookup(live->contacts, &audience->contact_n), **at;

	if (!first)
		return;
	for (at = &first; *at; at = &(*at)->next)
		if (*at == audience)
			break;
	if (!*at)
		return;
	*at = audience->next;
	/* The key lies in the first one. */
	g_hash_table_remove(live->contacts, &audience->contact_n);
	if (first)
		g_hash_table_insert(live->contacts, &first->contact_n, first);
	audience->next = NULL;
}

static void note_contact(struct audience *audience, gint64 contact_n)
{
	hg_visitor_live *live = audience->live;
	struct audience *first;

	if (audience->contact_n == contact_n)
		return;
	forget_contact(audience);
	audience->contact_n = contact_n;
	if (!contact_n)
		return;
	first = g_hash_table_lookup(live->contacts, &contact_n);
	if (first) {
		audience->next = first->next;
		first->next = audience;
	} else {
		g_hash_table_insert(live->contacts, &audience->contact_n, audience);
	}
}

void hg_audience_leave(struct audience *audience)
{
	hg_visitor_live *live = audience->live;

	if (audience->followers.length || audience->running)
		return;
	if (audience->waiting)
		g_queue_unlink(&live->line, &audience->in_line);
	forget_contact(audience);
	g_hash_table_remove(live->audiences, audience->uri);
	g_free(audience->uri);
	g_free(audience);
}

/* ---- reading ---- */

struct job {				/* the loop's, then a reader's, then the loop's again */
	struct audience *audience;
	hg_conf *conf;			/* ours */
	const struct hg_channel_conf *channel;	/* conf's */
	struct visitor_news news;
	gint64 place;			/* of whom it is for */
	gint64 contact_n;
	gboolean only_contact;		/* nobody has missed anything: who is he? */
	GError *error;
};

static void job_free(struct job *job)
{
	hg_news_done(&job->news);
	hg_conf_unref(job->conf);
	g_clear_error(&job->error);
	g_free(job);
}

static gboolean is_ready(const struct follower *follower, gint64 goal_n)
{
	return !follower->full && follower->place < goal_n;
}

/* The one that is furthest behind and can hear of it. */
static struct follower *furthest(const struct audience *audience)
{
	struct follower *found = NULL;

	for (GList *at = audience->followers.head; at; at = at->next) {
		struct follower *follower = at->data;

		if (is_ready(follower, audience->goal_n) && (!found || follower->place < found->place))
			found = follower;
	}
	return found;
}

static void read_work(hg_store *store, void *arg)
{
	struct job *job = arg;
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct visitor_eyes eyes = { .store = store, .arena = arena, .conf = job->conf,
		.now_ms = hg_now(hg_loop_env(job->audience->live->loop)) };
	hg_alias *alias = NULL;

	if (!hg_eyes_open(&eyes, job->audience->uri, job->channel, &job->error) ||
	    !hg_store_alias_find(store, arena, job->audience->uri, &alias, &job->error))
		return;
	job->contact_n = eyes.view.contact_n > 0 ? eyes.view.contact_n : alias ? alias->contact_n : 0;
	if (!job->only_contact)
		hg_news_read(&eyes, &job->news, &job->error);
}

static void read_done(void *arg);
static void serve_line(hg_visitor_live *live);

static void ask_again(void *arg)
{
	hg_visitor_live *live = arg;

	live->again = 0;
	serve_line(live);
}

static struct job *new_job(struct audience *audience, const struct follower *follower)
{
	hg_visitor_live *live = audience->live;
	const struct follower *any = follower ? follower : audience->followers.head->data;
	const struct hg_channel_conf *channel = hg_conf_channel(live->conf, any->channel);
	struct job *job;

	if (!channel)
		return NULL;
	job = g_new0(struct job, 1);
	job->audience = audience;
	job->conf = hg_conf_ref(live->conf);
	job->channel = channel;
	job->only_contact = !follower;
	job->place = follower ? follower->place : 0;
	hg_news_init(&job->news);
	job->news.after_n = job->place;
	job->news.upto_n = live->seen_n;
	job->news.late = follower && follower->late;
	/* Who is behind the base has missed more than what is listed. */
	if (follower && !audience->all && !audience->unknown && follower->place >= audience->base_n) {
		job->news.n_threads = audience->n_threads;
		for (guint i = 0; i < audience->n_threads; i++)
			job->news.threads[i] = audience->threads[i];
	}
	return job;
}

/* Everybody has heard all there was, or will be asked for when he has read what he got. */
static void round_over(struct audience *audience)
{
	audience->base_n = MAX(audience->base_n, audience->goal_n);
	audience->n_threads = 0;
	audience->all = FALSE;
}

/* FALSE: the readers have no room. */
static gboolean begin_job(struct audience *audience)
{
	hg_visitor_live *live = audience->live;
	struct follower *follower = furthest(audience);
	struct job *job;

	if (!audience->followers.length || (!follower && !audience->unknown)) {
		round_over(audience);
		return TRUE;
	}
	job = new_job(audience, follower);
	if (!job)		/* its channel is gone, and leaves in a moment */
		return TRUE;
	if (!hg_readers_run(live->readers, read_work, read_done, job, NULL)) {
		job_free(job);
		return FALSE;
	}
	audience->running = TRUE;
	live->running++;
	live->stats.reads++;
	return TRUE;
}

static void serve_line(hg_visitor_live *live)
{
	while (live->line.length && live->running < JOBS_MAX && !live->again && !live->stopped) {
		struct audience *audience = live->line.head->data;

		if (!begin_job(audience)) {
			live->again = hg_loop_timer(live->loop, AGAIN_MS, ask_again, live);
			return;
		}
		g_queue_unlink(&live->line, &audience->in_line);
		audience->waiting = FALSE;
		hg_audience_leave(audience);
	}
}

void hg_audience_wait(struct audience *audience)
{
	hg_visitor_live *live = audience->live;

	if (audience->waiting || audience->running)
		return;
	audience->waiting = TRUE;
	g_queue_push_tail_link(&live->line, &audience->in_line);
	serve_line(live);
}

static void list_thread(struct audience *audience, gint64 thread_n)
{
	for (guint i = 0; i < audience->n_threads; i++)
		if (audience->threads[i] == thread_n)
			return;
	if (!thread_n || audience->n_threads == HG_NEWS_THREADS)
		audience->all = TRUE;
	else
		audience->threads[audience->n_threads++] = thread_n;
}

void hg_audience_news(struct audience *audience, gint64 thread_n)
{
	list_thread(audience, thread_n);
	audience->goal_n = MAX(audience->goal_n, audience->live->seen_n);
	hg_audience_wait(audience);
}

void hg_audience_look(struct audience *audience)
{
	audience->goal_n = MAX(audience->goal_n, audience->live->seen_n);
	hg_audience_wait(audience);
}

/* What was published while he was looked up went past him. */
static void know(struct audience *audience, const struct job *job)
{
	gboolean other = audience->contact_n != job->contact_n;

	audience->unknown = FALSE;
	note_contact(audience, job->contact_n);
	if (other && audience->live->seen_n > job->news.upto_n)
		hg_audience_news(audience, 0);
}

static void tell_found(struct audience *audience, struct job *job)
{
	if (audience->reset) {
		audience->reset = FALSE;
		hg_follow_reset(audience, job->news.upto_n);
	} else if (!job->only_contact) {
		hg_follow_deliver(audience, job->place, &job->news);
	}
}

static void read_done(void *arg)
{
	struct job *job = arg;
	struct audience *audience = job->audience;
	hg_visitor_live *live = audience->live;

	live->running--;
	/* Still running, so that nobody frees it meanwhile. */
	if (job->error) {
		/* Whoever listens comes again, from where he is; nothing is passed over. */
		hg_warn(NULL, "visitor.read_failed", "%s", job->error->message);
		audience_end(audience);
	} else if (audience->followers.length) {
		know(audience, job);
		tell_found(audience, job);
	}
	audience->running = FALSE;
	if (audience->followers.length && !live->stopped)
		hg_audience_wait(audience);
	else
		hg_audience_leave(audience);
	job_free(job);
	serve_line(live);
}

/* ---- news from the engine ---- */

struct fresh {
	gint64 thread_n, contact_n, from_contact_n;
	int kind;
};

struct newspaper {
	hg_visitor_live *live;
	gint64 last_n;
	GArray *fresh;
};

static void tell_contact(hg_visitor_live *live, gint64 contact_n, const struct fresh *fresh)
{
	struct audience *audience = contact_n ? g_hash_table_lookup(live->contacts, &contact_n) : NULL;

	for (; audience; audience = audience->next) {
		if (fresh->kind == NEWS_MERGED)
			audience->unknown = audience->reset = TRUE;
		hg_audience_news(audience, fresh->kind == NEWS_MERGED ? 0 : fresh->thread_n);
	}
}

static void deliver_paper(void *arg)
{
	struct newspaper *paper = arg;
	hg_visitor_live *live = paper->live;

	live->seen_n = MAX(live->seen_n, paper->last_n);
	for (guint i = 0; i < paper->fresh->len; i++) {
		const struct fresh *fresh = &g_array_index(paper->fresh, struct fresh, i);

		tell_contact(live, fresh->contact_n, fresh);
		if (fresh->from_contact_n != fresh->contact_n)
			tell_contact(live, fresh->from_contact_n, fresh);
	}
	g_array_unref(paper->fresh);
	g_free(paper);
}

static GArray *collect_fresh(const hg_event *const *events, guint n)
{
	GArray *list = g_array_sized_new(FALSE, FALSE, sizeof(struct fresh), n);

	for (guint i = 0; i < n; i++) {
		struct fresh fresh = { events[i]->thread_n, events[i]->contact_n, events[i]->from_contact_n,
				       hg_news_kind(events[i]->type) };

		if (fresh.kind && fresh.contact_n)
			g_array_append_val(list, fresh);
	}
	return list;
}

void hg_visitor_live_publish(hg_visitor_live *live, const hg_event *const *events, guint n)
{
	struct newspaper *paper;
	gint64 last_n = 0;

	for (guint i = 0; i < n; i++)
		last_n = MAX(last_n, events[i]->n);
	if (!last_n)
		return;
	/* First the place, then the look: who begins to follow looks the other way round. */
	__atomic_store_n(&live->published_n, last_n, __ATOMIC_SEQ_CST);
	if (!__atomic_load_n(&live->n_followers, __ATOMIC_SEQ_CST))
		return;
	paper = g_new0(struct newspaper, 1);
	*paper = (struct newspaper){ live, last_n, collect_fresh(events, n) };
	hg_loop_post(live->loop, deliver_paper, paper);
}

void hg_visitor_live_said(hg_visitor_live *live, const char *uri)
{
	struct audience *audience = hg_audience_of(live, uri);

	if (!audience)
		return;
	audience->unknown |= !audience->contact_n;
	hg_audience_news(audience, 0);
}

void hg_visitor_live_heard(hg_visitor_live *live, const char *uri)
{
	const struct audience *audience = hg_audience_of(live, uri);

	if (audience && !audience->contact_n)
		hg_visitor_live_said(live, uri);
}

gboolean hg_visitor_live_followed(const hg_visitor_live *live)
{
	return __atomic_load_n(&live->n_followers, __ATOMIC_SEQ_CST) > 0;
}

/* ---- figures ---- */

void hg_visitor_live_stats(const hg_visitor_live *live, struct hg_visitor_live_stats *ret)
{
	*ret = live->stats;
}

void hg_visitor_live_metrics(const hg_visitor_live *live, GString *out)
{
	static const struct { const char *name, *type, *help; gsize offset; } figures[] = {
		{ "headgate_visitor_streams", "gauge", "Live streams of visitors now.",
		  offsetof(struct hg_visitor_live_stats, streams) },
		{ "headgate_visitor_polls", "gauge", "Requests of visitors that wait for news now.",
		  offsetof(struct hg_visitor_live_stats, polls) },
		{ "headgate_visitor_events_total", "counter", "Live events told to visitors.",
		  offsetof(struct hg_visitor_live_stats, events) },
		{ "headgate_visitor_replays_total", "counter", "Visitors who came back and had missed something.",
		  offsetof(struct hg_visitor_live_stats, replays) },
		{ "headgate_visitor_resets_total", "counter", "Visitors who had to fetch everything anew.",
		  offsetof(struct hg_visitor_live_stats, resets) },
		{ "headgate_visitor_slow_total", "counter", "Live streams cut because nobody read them.",
		  offsetof(struct hg_visitor_live_stats, slow) },
		{ "headgate_visitor_streams_refused_total", "counter", "Live streams refused because there were too many.",
		  offsetof(struct hg_visitor_live_stats, refused) },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(figures); i++) {
		hg_metric_head(out, figures[i].name, figures[i].type, figures[i].help);
		hg_metric_int(out, figures[i].name, NULL, (gint64)G_STRUCT_MEMBER(guint64, &live->stats, figures[i].offset));
	}
}
