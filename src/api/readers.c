/* readers.c - a queue, some threads, one connection each */
#include "readers.h"

#include <string.h>

#define WAITING_MAX 256			/* reads that may wait for a thread; more is answered 503 */
#define SLOW_MS (5 * 60 * 1000)	/* an audit, which reads all files as well */

struct reader_job {
	void (*work)(hg_store *store, void *arg);	/* NULL: the thread ends */
	void (*done)(void *arg);
	void *arg;
};

struct hg_readers {
	hg_loop *loop;
	GAsyncQueue *queue;		/* of struct reader_job */
	GPtrArray *threads, *stores;
	GMutex lock;
	GPtrArray *slow;		/* under lock: connections lent out */
	gboolean ending;		/* under lock */
	guint apart;			/* under lock: threads of hg_readers_run_apart() */
	GCond came_back;		/* one of them has ended */
	struct hg_store_options options;	/* its strings are ours: */
	char *driver, *path, *url, *password, *attachments;
};

struct reader {
	hg_readers *readers;
	hg_store *store;
};

static void *reader_main(void *arg)
{
	struct reader *reader = arg;

	for (;;) {
		struct reader_job *job = g_async_queue_pop(reader->readers->queue);
		void (*work)(hg_store *store, void *arg) = job->work;

		if (work) {
			work(reader->store, job->arg);
			hg_loop_post(reader->readers->loop, job->done, job->arg);
		}
		g_free(job);
		if (!work)
			break;
	}
	g_free(reader);
	return NULL;
}

static void keep_options(hg_readers *readers, const struct hg_store_options *options)
{
	readers->driver = g_strdup(options->driver);
	readers->path = g_strdup(options->path);
	readers->attachments = g_strdup(options->attachments);
	readers->options = *options;
	readers->options.driver = readers->driver;
	readers->options.path = readers->path;
	readers->options.url = readers->url = g_strdup(options->url);
	readers->options.password = readers->password = g_strdup(options->password);
	readers->options.node = NULL;	/* a reader is nobody */
	readers->options.attachments = readers->attachments;
}

hg_store *hg_readers_open_slow(hg_readers *readers, GError **error)
{
	hg_store *store = hg_store_open_reader(&readers->options, SLOW_MS, error);
	gboolean ending;

	if (!store)
		return NULL;
	g_mutex_lock(&readers->lock);
	ending = readers->ending;
	if (!ending)
		g_ptr_array_add(readers->slow, store);
	g_mutex_unlock(&readers->lock);
	if (!ending)
		return store;
	hg_store_close(store);
	hg_fail(error, HG_ERROR_BUSY, "the daemon is stopping");
	return NULL;
}

void hg_readers_close_slow(hg_readers *readers, hg_store *store)
{
	if (!store)
		return;
	g_mutex_lock(&readers->lock);
	g_ptr_array_remove_fast(readers->slow, store);
	g_mutex_unlock(&readers->lock);
	hg_store_close(store);
}

/* Under the lock none of them can be closed meanwhile. */
void hg_readers_end_slow(hg_readers *readers)
{
	g_mutex_lock(&readers->lock);
	readers->ending = TRUE;
	for (guint i = 0; i < readers->slow->len; i++)
		hg_store_interrupt(g_ptr_array_index(readers->slow, i));
	g_mutex_unlock(&readers->lock);
}

gboolean hg_readers_ending(hg_readers *readers)
{
	gboolean ending;

	g_mutex_lock(&readers->lock);
	ending = readers->ending;
	g_mutex_unlock(&readers->lock);
	return ending;
}

hg_readers *hg_readers_new(const struct hg_store_options *options, guint threads, gint64 time_limit_ms,
			   hg_loop *loop, GError **error)
{
	hg_readers *readers = g_new0(hg_readers, 1);

	readers->loop = loop;
	keep_options(readers, options);
	g_mutex_init(&readers->lock);
	g_cond_init(&readers->came_back);
	readers->slow = g_ptr_array_new();
	readers->queue = g_async_queue_new();
	readers->threads = g_ptr_array_new();
	readers->stores = g_ptr_array_new_with_free_func((GDestroyNotify)hg_store_close);
	for (guint i = 0; i < threads; i++) {
		hg_store *store = hg_store_open_reader(options, time_limit_ms, error);
		struct reader *reader;

		if (!store) {
			hg_readers_free(readers);
			return NULL;
		}
		reader = g_new0(struct reader, 1);
		reader->readers = readers;
		reader->store = store;
		g_ptr_array_add(readers->stores, store);
		g_ptr_array_add(readers->threads, g_thread_new("hg-read", reader_main, reader));
	}
	return readers;
}

static void wait_apart(hg_readers *readers)
{
	g_mutex_lock(&readers->lock);
	while (readers->apart)
		g_cond_wait(&readers->came_back, &readers->lock);
	g_mutex_unlock(&readers->lock);
}

void hg_readers_free(hg_readers *readers)
{
	if (!readers)
		return;
	hg_readers_end_slow(readers);
	wait_apart(readers);
	for (guint i = 0; i < readers->threads->len; i++)
		g_async_queue_push(readers->queue, g_new0(struct reader_job, 1));
	for (guint i = 0; i < readers->threads->len; i++)
		g_thread_join(g_ptr_array_index(readers->threads, i));
	g_ptr_array_unref(readers->threads);
	g_ptr_array_unref(readers->stores);
	g_async_queue_unref(readers->queue);
	g_ptr_array_unref(readers->slow);
	g_mutex_clear(&readers->lock);
	g_cond_clear(&readers->came_back);
	g_free(readers->driver);
	g_free(readers->path);
	g_free(readers->url);
	if (readers->password)
		memset(readers->password, 0, strlen(readers->password));
	g_free(readers->password);
	g_free(readers->attachments);
	g_free(readers);
}

gboolean hg_readers_run(hg_readers *readers, void (*work)(hg_store *store, void *arg),
			void (*done)(void *arg), void *arg, GError **error)
{
	struct reader_job *job;

	if (g_async_queue_length(readers->queue) >= WAITING_MAX)
		return hg_fail(error, HG_ERROR_BUSY, "%d reads wait already; try again in a second", WAITING_MAX);
	job = g_new0(struct reader_job, 1);
	*job = (struct reader_job){ .work = work, .done = done, .arg = arg };
	g_async_queue_push(readers->queue, job);
	return TRUE;
}

/* ---- what takes minutes ---- */

struct apart {
	hg_readers *readers;
	void (*work)(void *arg);
	void (*done)(void *arg);
	void *arg;
};

static void *apart_main(void *arg)
{
	struct apart *apart = arg;
	hg_readers *readers = apart->readers;

	apart->work(apart->arg);
	hg_loop_post(readers->loop, apart->done, apart->arg);
	g_free(apart);
	g_mutex_lock(&readers->lock);
	readers->apart--;
	g_cond_signal(&readers->came_back);
	g_mutex_unlock(&readers->lock);
	return NULL;
}

static gboolean may_begin(hg_readers *readers)
{
	gboolean may;

	g_mutex_lock(&readers->lock);
	may = !readers->ending && readers->apart < HG_READERS_APART;
	readers->apart += may;
	g_mutex_unlock(&readers->lock);
	return may;
}

gboolean hg_readers_run_apart(hg_readers *readers, void (*work)(void *arg), void (*done)(void *arg), void *arg, GError **error)
{
	struct apart *apart;

	if (!may_begin(readers))
		return hg_fail(error, HG_ERROR_BUSY, "%d calls that take long are under way already, or the daemon stops; try again "
			       "later", HG_READERS_APART);
	apart = g_new0(struct apart, 1);
	*apart = (struct apart){ .readers = readers, .work = work, .done = done, .arg = arg };
	g_thread_unref(g_thread_new("hg-work", apart_main, apart));
	return TRUE;
}
