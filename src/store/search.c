/* search.c - the index that follows the log: a thread of its own, and what it has not got to yet
 *
 * It reads events as they were published, so nothing gets into the index that a power loss could take back. What was said
 * before there was an index is read backwards from the newest, between what is new. */
#include "search_made.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "failpoint.h"
#include "log.h"

#define LOWEST 19		/* nice(2) */
#define PAUSE_MS (30 * 1000)	/* after a failure */

char *hg_search_path(const char *store_path)
{
	const char *end = g_str_has_suffix(store_path, ".db") ? store_path + strlen(store_path) - 3 : store_path + strlen(store_path);
	g_autofree char *stem = g_strndup(store_path, (gsize)(end - store_path));

	return g_strconcat(stem, "-search.db", NULL);
}

static void remove_file(const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm" };

	for (guint i = 0; i < G_N_ELEMENTS(ends); i++) {
		g_autofree char *name = g_strconcat(path, ends[i], NULL);

		if (g_unlink(name) != 0 && errno != ENOENT)
			hg_warn(NULL, "search.remove_failed", "%s: %s", name, g_strerror(errno));
	}
}

/* ---- the index: opened, and made again when it is none ---- */

static void drop_readers(hg_search *search)
{
	g_mutex_lock(&search->lock);
	search->generation++;
	g_ptr_array_set_size(search->readers, 0);
	g_mutex_unlock(&search->lock);
}

/* The event it ended at must be the same one still: else the database is an older one, or another. */
static gboolean is_of_store(hg_search *search, hg_arena *arena, const struct hg_index_state *state)
{
	hg_event *event = NULL;

	return !state->event_n || (hg_store_event_get(search->store, arena, state->event_n, &event, NULL) && event &&
				   g_strcmp0(event->id, state->event_id) == 0);
}

static void note_state(hg_search *search, const struct hg_index_state *state)
{
	g_mutex_lock(&search->lock);
	search->indexed_n = state->event_n;
	search->low_n = state->low_n;
	search->state.building = state->low_n > 1;
	if (!state->forgetting)
		search->state.clean_n = state->event_n;
	g_mutex_unlock(&search->lock);
}

/* What is said from now on comes by events, what was said before from the newest message down. */
static gboolean begin_new(hg_search *search, hg_arena *arena, struct hg_index_state *state, GError **error)
{
	hg_event *event = NULL;

	if (state->event_n || state->low_n)
		return TRUE;
	state->event_n = search->newest_event;
	if (state->event_n && !hg_store_event_get(search->store, arena, state->event_n, &event, error))
		return FALSE;
	state->event_id = event ? event->id : NULL;
	state->low_n = search->newest_message + 1;
	return hg_index_set_state(search->index, state, error);
}

static gboolean open_once(hg_search *search, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_index_state state;

	search->index = hg_index_open(search->path, TRUE, search->instance, error);
	if (!search->index || !hg_index_get_state(search->index, arena, &state, error))
		return FALSE;
	if (!is_of_store(search, arena, &state))
		return hg_fail(error, HG_ERROR_STORE, "the search index is of another database");
	if (!begin_new(search, arena, &state, error))
		return FALSE;
	note_state(search, &state);
	return TRUE;
}

/* Under write.  An index that cannot be used is made again, once. */
static gboolean open_index(hg_search *search, GError **error)
{
	g_autoptr(GError) why = NULL;

	if (search->index)
		return TRUE;
	if (open_once(search, &why))
		return TRUE;
	hg_warn(NULL, "search.made_again", "%s: it is made again", why->message);
	g_clear_pointer(&search->index, hg_index_close);
	remove_file(search->path);
	drop_readers(search);
	if (open_once(search, error))
		return TRUE;
	g_clear_pointer(&search->index, hg_index_close);
	return FALSE;
}

static void close_if_damaged(hg_search *search)
{
	if (!search->index || !hg_index_damaged(search->index))
		return;
	g_clear_pointer(&search->index, hg_index_close);
	remove_file(search->path);
	drop_readers(search);
}

/* ---- at work ---- */

static gboolean one_step(hg_search *search, gboolean *ret_more, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_index_state state, was;

	*ret_more = FALSE;
	if (!hg_index_get_state(search->index, arena, &state, error))
		return FALSE;
	was = state;
	if (!hg_index_begin(search->index, error))
		return FALSE;
	search->dropped = FALSE;
	if (!hg_search_follow_events(search, arena, &state, ret_more, error) || !hg_search_go_back(search, arena, &state, ret_more, error) ||
	    !hg_search_sweep(search, arena, ret_more, error)) {
		hg_index_rollback(search->index);
		return FALSE;
	}
	state.forgetting |= search->dropped;
	*ret_more |= state.forgetting;
	if (((state.event_n != was.event_n || state.low_n != was.low_n || state.forgetting != was.forgetting) && !hg_index_set_state(search->index, &state, error)) ||
	    !hg_index_commit(search->index, error)) {
		hg_index_rollback(search->index);
		return FALSE;
	}
	note_state(search, &state);
	return TRUE;
}

static gboolean scrub_again(hg_search *search, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_index_state state;

	if (!hg_index_get_state(search->index, arena, &state, error))
		return FALSE;
	if (!state.forgetting)
		return TRUE;
	state.forgetting = FALSE;
	if (!hg_index_scrub(search->index, error) || !hg_index_set_state(search->index, &state, error))
		return FALSE;
	note_state(search, &state);
	return TRUE;
}

/* Under write. */
static gboolean work(hg_search *search, gboolean *ret_more, GError **error)
{
	gboolean done = open_index(search, error) && scrub_again(search, error) && one_step(search, ret_more, error);

	if (!done)
		close_if_damaged(search);
	return done;
}

static void note_failure(hg_search *search, const GError *error)
{
	if (error)
		hg_warn(NULL, "search.failed", "%s; it is tried again in %d s", error->message, PAUSE_MS / 1000);
	g_mutex_lock(&search->lock);
	search->state.error = error ? g_intern_string("the index cannot be written; the log says why") : NULL;
	g_mutex_unlock(&search->lock);
}

static void sleep_a_while(hg_search *search, gboolean failed)
{
	g_mutex_lock(&search->lock);
	while (!search->stop && (failed || __atomic_load_n(&search->published_n, __ATOMIC_SEQ_CST) <= search->indexed_n)) {
		gint64 ms = failed ? PAUSE_MS : SWEEP_MS;

		if (!g_cond_wait_until(&search->wake, &search->lock, g_get_monotonic_time() + ms * 1000))
			break;
	}
	g_mutex_unlock(&search->lock);
}

static gboolean is_stopped(hg_search *search)
{
	gboolean stop;

	g_mutex_lock(&search->lock);
	stop = search->stop;
	g_mutex_unlock(&search->lock);
	return stop;
}

static void *search_main(void *arg)
{
	hg_search *search = arg;

	setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), LOWEST);
	while (!is_stopped(search)) {
		g_autoptr(GError) error = NULL;
		gboolean more = FALSE;

		(void)HG_FAILPOINT(SEARCH_STEP);
		g_mutex_lock(&search->write);
		work(search, &more, &error);
		g_mutex_unlock(&search->write);
		note_failure(search, error);
		if (error || !more)
			sleep_a_while(search, error != NULL);
	}
	return NULL;
}

/* ---- life ---- */

static gboolean look_at_store(hg_search *search, const struct hg_store_options *options, GError **error)
{
	struct hg_store_stats stats;

	search->store = hg_store_open_reader(options, 0, error);
	if (!search->store || !hg_store_event_last(search->store, &search->published_n, error) ||
	    !hg_store_stats(search->store, &stats, error))
		return FALSE;
	search->newest_event = search->published_n;
	search->newest_message = stats.messages;
	memcpy(search->instance, hg_store_instance_key(search->store), sizeof search->instance);
	return TRUE;
}

hg_search *hg_search_new(const struct hg_search_options *options, GError **error)
{
	g_autoptr(hg_search) search = g_new0(hg_search, 1);

	search->off = search->state.off = options->off;
	search->state.clean_n = options->off ? G_MAXINT64 : 0;
	search->env = options->store->env;
	search->path = hg_search_path(options->store->path);
	search->readers = g_ptr_array_new_with_free_func((GDestroyNotify)hg_index_close);
	g_mutex_init(&search->lock);
	g_mutex_init(&search->write);
	g_cond_init(&search->wake);
	if (!look_at_store(search, options->store, error))
		return NULL;
	if (search->off)
		remove_file(search->path);
	else
		search->thread = g_thread_new("hg-search", search_main, search);
	return g_steal_pointer(&search);
}

void hg_search_free(hg_search *search)
{
	if (!search)
		return;
	g_mutex_lock(&search->lock);
	search->stop = TRUE;
	g_cond_broadcast(&search->wake);
	g_mutex_unlock(&search->lock);
	if (search->thread)
		g_thread_join(search->thread);
	hg_index_close(search->index);
	g_ptr_array_unref(search->readers);
	if (search->store)
		hg_store_close(search->store);
	g_mutex_clear(&search->lock);
	g_mutex_clear(&search->write);
	g_cond_clear(&search->wake);
	g_free(search->path);
	g_free(search);
}

void hg_search_kept(hg_search *search, gint64 event_n)
{
	gint64 before_n = __atomic_load_n(&search->published_n, __ATOMIC_SEQ_CST);

	while (before_n < event_n && !__atomic_compare_exchange_n(&search->published_n, &before_n, event_n, FALSE, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST))
		;
}

void hg_search_publish(hg_search *search, gint64 event_n)
{
	hg_search_kept(search, event_n);
	g_mutex_lock(&search->lock);
	g_cond_signal(&search->wake);
	g_mutex_unlock(&search->lock);
}

void hg_search_state(hg_search *search, struct hg_search_state *ret)
{
	gint64 published_n = __atomic_load_n(&search->published_n, __ATOMIC_SEQ_CST);

	g_mutex_lock(&search->lock);
	*ret = search->state;
	ret->behind = search->off ? 0 : MAX(0, published_n - search->indexed_n);
	g_mutex_unlock(&search->lock);
}

/* ---- forgetting ---- */

static gboolean drop_places(hg_search *search, const gint64 *message_n, gsize n_messages, const gint64 *thread_n, gsize n_threads,
			    gint64 *ret_removed, GError **error)
{
	for (gsize i = 0; i < n_messages; i++)
		if (!hg_index_drop(search->index, 2 * message_n[i], ret_removed, error))
			return FALSE;
	for (gsize i = 0; i < n_threads; i++)
		if (!hg_search_drop_thread(search, thread_n[i], ret_removed, error))
			return FALSE;
	return TRUE;
}

/* Under write.  That there is something to be written anew is kept with what was deleted: nothing of it is left behind by a crash. */
static gboolean forget(hg_search *search, const gint64 *message_n, gsize n_messages, const gint64 *thread_n, gsize n_threads,
		       gint64 *ret_removed, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_index_state state;

	if (!open_index(search, error) || !hg_index_begin(search->index, error))
		return FALSE;
	if (hg_index_get_state(search->index, arena, &state, error) &&
	    drop_places(search, message_n, n_messages, thread_n, n_threads, ret_removed, error)) {
		state.forgetting = TRUE;
		if (hg_index_set_state(search->index, &state, error) && hg_index_commit(search->index, error))
			return scrub_again(search, error);
	}
	hg_index_rollback(search->index);
	return FALSE;
}

gboolean hg_search_forget(hg_search *search, const gint64 *message_n, gsize n_messages, const gint64 *thread_n, gsize n_threads,
			  gint64 *ret_removed, GError **error)
{
	gboolean done;

	*ret_removed = 0;
	if (search->off)
		return TRUE;
	g_mutex_lock(&search->write);
	done = forget(search, message_n, n_messages, thread_n, n_threads, ret_removed, error);
	if (!done)
		close_if_damaged(search);
	g_mutex_unlock(&search->write);
	return done;
}
