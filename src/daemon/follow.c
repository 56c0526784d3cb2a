/* follow.c - the thread that reads the log for this node's live views */
#include <config.h>

#include "follow.h"

#include <string.h>

#include "log.h"

#define POLL_MS 500		/* without hints */
#define LOOK_MS 250		/* pauses are looked at no more often */
#define PAGE 200		/* events of one read */
#define READ_LIMIT_MS 10000
#define AHEAD 4			/* pages the loop has not taken yet: more are not read before */
#define TELL_MAX 256		/* hints that wait */
#define HEARD_MAX 256		/* signs the loop has not taken yet */
#define TAG 8			/* letters */

struct hg_follower {
	hg_gateway *gateway;
	hg_conf *conf;			/* ours: its texts are the options' */
	struct hg_store_options options;
	char hint[TAG + 3];		/* "TAG c": this node has written something */
	gint64 poll_ms;
	gboolean echo;			/* a test's: what this node tells comes back to it */
	hg_store_watch *watch;
	gint n_heard;			/* atomic */
	gboolean watched;		/* the watch's: it has heard something, or could have */
	GThread *thread;

	GMutex lock;
	GCond wake;
	gboolean woken, stop;		/* under lock, as the rest */
	guint ahead;			/* pages */
	GQueue told;			/* of char *, ours */
	hg_store *reader;		/* set under lock, used by the thread alone */

	/* the thread's: */
	gint64 last_n;			/* all up to it was published */
	gint64 look_ms;			/* monotonic */
	guint pauses;
	gboolean away;			/* the log has said so */
};

/* ---- being woken ---- */

void hg_follower_wake(hg_follower *follow)
{
	if (!follow)
		return;
	g_mutex_lock(&follow->lock);
	follow->woken = TRUE;
	g_cond_signal(&follow->wake);
	g_mutex_unlock(&follow->lock);
}

const char *hg_follower_hint(const hg_follower *follow)
{
	return follow ? follow->hint : NULL;
}

gboolean hg_follower_tell(hg_follower *follow, char kind, const char *text)
{
	char *payload;

	if (!follow)
		return FALSE;
	payload = g_strdup_printf("%.*s %c%s", TAG, follow->hint, kind, text);
	g_mutex_lock(&follow->lock);
	if (strlen(payload) <= HG_HINT_MAX && follow->told.length < TELL_MAX)
		g_queue_push_tail(&follow->told, g_steal_pointer(&payload));
	follow->woken = TRUE;
	g_cond_signal(&follow->wake);
	g_mutex_unlock(&follow->lock);
	g_free(payload);
	return follow->echo;
}

struct heard {
	hg_follower *follow;
	char kind;
	char *text;			/* ours */
};

static void heard_on_loop(void *arg)
{
	struct heard *heard = arg;

	g_atomic_int_dec_and_test(&heard->follow->n_heard);
	hg_visitors_hear(heard->follow->gateway->visitors, heard->kind, heard->text);
	g_free(heard->text);
	g_free(heard);
}

/* That a session has ended may be among what nobody heard: who looks comes again, and is looked at. */
static void lost_on_loop(void *arg)
{
	hg_visitors_come_again(((hg_follower *)arg)->gateway->visitors);
}

static void note_lost(hg_follower *follow)
{
	if (follow->watched)
		hg_loop_post(follow->gateway->loop, lost_on_loop, follow);
	follow->watched = TRUE;
}

/* On the watch's thread. */
static void hear(void *arg, const char *payload)
{
	hg_follower *follow = arg;
	gboolean own = payload && strncmp(payload, follow->hint, TAG) == 0;
	struct heard *heard;

	if (payload && (strlen(payload) < TAG + 2 || payload[TAG] != ' '))
		return;
	if (!payload)
		note_lost(follow);
	if (!payload || payload[TAG + 1] == 'c') {
		if (!own)
			hg_engine_wake(follow->gateway->engine);
		hg_follower_wake(follow);
		return;
	}
	if ((own && !follow->echo) || g_atomic_int_get(&follow->n_heard) >= HEARD_MAX)
		return;
	heard = g_new0(struct heard, 1);
	*heard = (struct heard){ follow, payload[TAG + 1], g_strdup(payload + TAG + 2) };
	g_atomic_int_inc(&follow->n_heard);
	hg_loop_post(follow->gateway->loop, heard_on_loop, heard);
}

/* ---- the log ---- */

static void taken(void *arg)
{
	hg_follower *follow = arg;

	g_mutex_lock(&follow->lock);
	follow->ahead--;
	g_cond_signal(&follow->wake);
	g_mutex_unlock(&follow->lock);
}

/* What a node that was away has to catch up with does not all wait in memory. */
static void note_page(hg_follower *follow)
{
	g_mutex_lock(&follow->lock);
	follow->ahead++;
	g_mutex_unlock(&follow->lock);
	hg_loop_post(follow->gateway->loop, taken, follow);
	g_mutex_lock(&follow->lock);
	while (follow->ahead > AHEAD && !follow->stop)
		g_cond_wait(&follow->wake, &follow->lock);
	g_mutex_unlock(&follow->lock);
}

static gboolean is_stopped(hg_follower *follow)
{
	gboolean stop;

	g_mutex_lock(&follow->lock);
	stop = follow->stop;
	g_mutex_unlock(&follow->lock);
	return stop;
}

static gboolean fill_page(struct hg_follower_page *page, const GPtrArray *events, GError **error)
{
	gboolean ok = hg_store_follow_begin(page->store, events, error);

	for (guint i = 0; ok && i < events->len; i++)
		ok = hg_follower_fill(page, g_ptr_array_index(events, i), error);
	hg_store_follow_end(page->store);
	return ok;
}

static gboolean follow_page(hg_follower *follow, gboolean *ret_more, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) events = g_ptr_array_new();
	struct hg_follower_page page = { .store = follow->reader, .arena = arena };

	if (!hg_store_event_after(follow->reader, arena, follow->last_n, PAGE, events, error))
		return FALSE;
	if (!fill_page(&page, events, error))
		return FALSE;
	*ret_more = events->len == PAGE;
	if (!events->len)
		return TRUE;
	hg_gateway_publish(follow->gateway, (const hg_event *const *)events->pdata, events->len);
	follow->last_n = ((const hg_event *)g_ptr_array_index(events, events->len - 1))->n;
	return hg_follower_heard_of(&page, follow->gateway, events, error);
}

static gboolean follow_log(hg_follower *follow, GError **error)
{
	gboolean more = TRUE;

	while (more && !is_stopped(follow)) {
		if (!follow_page(follow, &more, error))
			return FALSE;
		if (more)
			note_page(follow);
	}
	return TRUE;
}

/* ---- what this node remembers ---- */

static gboolean look_at_pauses(hg_follower *follow, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	guint hash = 1;

	if (!hg_store_standing_list(follow->reader, arena, HG_STANDING_PAUSE, list, error))
		return FALSE;
	for (guint i = 0; i < list->len; i++)
		hash = hash * 31 + g_str_hash(((const hg_standing *)g_ptr_array_index(list, i))->name);
	if (hash != follow->pauses)
		hg_loop_post(follow->gateway->loop, hg_gateway_hold, follow->gateway);
	follow->pauses = hash;
	return TRUE;
}

static gboolean look_around(hg_follower *follow, GError **error)
{
	gint64 now_ms = hg_mono(follow->gateway->env);

	if (now_ms < follow->look_ms)
		return TRUE;
	follow->look_ms = now_ms + LOOK_MS;
	return look_at_pauses(follow, error);
}

/* ---- hints ---- */

static char *next_told(hg_follower *follow)
{
	char *payload;

	g_mutex_lock(&follow->lock);
	payload = g_queue_pop_head(&follow->told);
	g_mutex_unlock(&follow->lock);
	return payload;
}

/* One that could not be given waits at its place: that somebody has logged out is told when the database is back. */
static gboolean tell_all(hg_follower *follow, GError **error)
{
	char *payload;

	while ((payload = next_told(follow))) {
		if (!hg_store_hint(follow->reader, payload, error)) {
			g_mutex_lock(&follow->lock);
			g_queue_push_head(&follow->told, payload);
			g_mutex_unlock(&follow->lock);
			return FALSE;
		}
		g_free(payload);
	}
	return TRUE;
}

/* ---- the thread ---- */

static void set_reader(hg_follower *follow, hg_store *reader)
{
	hg_store *before;

	g_mutex_lock(&follow->lock);
	before = follow->reader;
	follow->reader = reader;
	g_mutex_unlock(&follow->lock);
	if (before)
		hg_store_close(before);
}

static gboolean step(hg_follower *follow, GError **error)
{
	if (!follow->watch)
		follow->watch = hg_store_watch_new(&follow->options, hear, follow, error);
	if (follow->watch && !follow->reader)
		set_reader(follow, hg_store_open_reader(&follow->options, READ_LIMIT_MS, error));
	return follow->watch && follow->reader && tell_all(follow, error) && follow_log(follow, error) && look_around(follow, error);
}

/* Once each way: a database that is away for an hour is not worth 7,200 lines. */
static void note(hg_follower *follow, const GError *error)
{
	if (error && !follow->away && !is_stopped(follow))
		hg_warn(NULL, "follow.away", "%s; who looks at this node hears nothing new until the store answers again", error->message);
	else if (!error && follow->away)
		hg_info(NULL, "follow.back", "the store answers again");
	follow->away = error != NULL;
}

static void sleep_a_while(hg_follower *follow)
{
	gint64 until = g_get_monotonic_time() + follow->poll_ms * 1000;

	g_mutex_lock(&follow->lock);
	while (!follow->stop && (!follow->woken || follow->away))
		if (!g_cond_wait_until(&follow->wake, &follow->lock, until))
			break;
	follow->woken = FALSE;
	g_mutex_unlock(&follow->lock);
}

static void *follow_main(void *arg)
{
	hg_follower *follow = arg;

	while (!is_stopped(follow)) {
		g_autoptr(GError) error = NULL;

		if (!step(follow, &error))
			set_reader(follow, NULL);
		note(follow, error);
		sleep_a_while(follow);
	}
	return NULL;
}

/* ---- life ---- */

/* A test may ask for it on a store of one node: 1, or how often it looks by itself in ms. */
static gint64 asked_for(void)
{
#ifdef HG_TEST_HOOKS
	const char *text = g_getenv("HEADGATE_TEST_FOLLOW");

	return text ? g_ascii_strtoll(text, NULL, 10) : 0;
#else
	return 0;
#endif
}

hg_follower *hg_follower_new(hg_gateway *gateway, const struct hg_store_options *options)
{
	hg_follower *follow;
	gint64 asked = asked_for();
	guint32 tag;

	if (!asked && !hg_store_is_shared(gateway->store))
		return NULL;
	follow = g_new0(hg_follower, 1);
	follow->gateway = gateway;
	follow->conf = hg_conf_ref(gateway->setup->conf);
	follow->options = *options;
	follow->last_n = gateway->last_event_n;
	follow->poll_ms = asked > 1 ? asked : POLL_MS;
	follow->echo = asked != 0;
	follow->pauses = 1;
	gateway->env->random(gateway->env, &tag, sizeof tag);
	g_snprintf(follow->hint, sizeof follow->hint, "%08x c", tag);
	g_mutex_init(&follow->lock);
	g_cond_init(&follow->wake);
	return follow;
}

void hg_follower_start(hg_follower *follow)
{
	if (follow)
		follow->thread = g_thread_new("follow", follow_main, follow);
}

void hg_follower_stop(hg_follower *follow)
{
	if (!follow)
		return;
	g_mutex_lock(&follow->lock);
	follow->stop = TRUE;
	if (follow->reader)
		hg_store_interrupt(follow->reader);
	g_cond_signal(&follow->wake);
	g_mutex_unlock(&follow->lock);
	if (follow->thread)
		g_thread_join(g_steal_pointer(&follow->thread));
	g_clear_pointer(&follow->watch, hg_store_watch_free);
	set_reader(follow, NULL);
}

void hg_follower_free(hg_follower *follow)
{
	if (!follow)
		return;
	hg_follower_stop(follow);
	g_queue_clear_full(&follow->told, g_free);
	g_mutex_clear(&follow->lock);
	g_cond_clear(&follow->wake);
	hg_conf_unref(follow->conf);
	g_free(follow);
}
