/* fetch.c - downloads: the adapter says what to call, the bytes go to a file, never through it */
#include "services.h"

#include <string.h>

#include "failpoint.h"
#include "hide.h"
#include "sniff.h"
#include "store.h"
#include "text.h"

#define FILE_MAX    (64 * 1024 * 1024)	/* bytes, where the config says nothing */
#define DOWNLOAD_MS 300000	/* the whole download, where the adapter says nothing */
#define REDIRECTS   3

struct fetch {				/* fetched() is due */
	guint64 ticket;
	hg_channel *ch;
	hg_dispatch *dispatch;		/* ours: job, and what was promised of the file */
	guint64 timer;			/* the deadline */
};

struct download {
	GList link;			/* in ch->downloads */
	hg_channel *ch;
	hg_dispatch *dispatch;		/* ours */
	guint64 call;			/* the client's */
	gint64 most;			/* bytes */
	hg_upload *upload;		/* NULL once finished or cancelled */
	GChecksum *sum;			/* with a promised hash */
	GThread *thread;		/* syncs the file; a loop must not wait for a disk */
	int fate;			/* enum hg_fate; with the rest, what becomes FETCHED */
	gint64 retry_ms, bytes;
	char sha256[65];
	char *type, *text;
};

static void submit(hg_channel *ch, struct hg_flight flight, const struct hg_fetch_result *result)
{
	hg_command *command = hg_ch_command(ch->name, HG_CMD_FETCHED);
	g_autofree char *shown = hg_hide_copy(result->text), *text = hg_text_valid(shown, -1, 500);

	hg_flight_ends(flight, command);
	command->fetched = *result;
	command->fetched.sha256 = hg_arena_str(command->arena, result->sha256);
	command->fetched.type = hg_arena_str(command->arena, result->type);
	command->fetched.text = hg_arena_str(command->arena, text);
	hg_ch_submit(ch->env, command);
}

static void refuse(hg_channel *ch, struct hg_flight flight, int fate, const char *text)
{
	struct hg_fetch_result result = { .fate = fate, .text = text };

	submit(ch, flight, &result);
}

/* ---- the download ends ---- */

static void download_free(struct download *d)
{
	g_queue_unlink(&d->ch->downloads, &d->link);
	if (d->upload)
		hg_upload_cancel(d->upload);
	g_clear_pointer(&d->sum, g_checksum_free);
	hg_dispatch_free(d->dispatch);
	g_free(d->type);
	g_free(d->text);
	g_free(d);
}

static void download_end(struct download *d)
{
	hg_channel *ch = d->ch;
	struct hg_fetch_result result = { .fate = d->fate, .retry_ms = d->retry_ms, .type = d->type,
					  .text = d->text };

	if (d->fate == HG_SENT) {
		result.sha256 = d->sha256;
		result.bytes = d->bytes;
		ch->counts.files++;
		ch->counts.file_bytes += (guint64)d->bytes;
	}
	(void)HG_FAILPOINT(FETCH_ENDED);
	submit(ch, hg_flight_of(d->dispatch), &result);
	download_free(d);
	hg_ch_progress(ch);
}

static void synced(void *arg)
{
	struct download *d = arg;

	g_thread_join(d->thread);
	download_end(d);
}

static void *sync_main(void *arg)
{
	struct download *d = arg;
	g_autoptr(GError) error = NULL;

	if (!hg_upload_finish(g_steal_pointer(&d->upload), d->sha256, &d->bytes, &error)) {
		d->fate = HG_RETRY;
		d->text = g_strdup_printf("the file cannot be kept: %s", error->message);
	}
	hg_loop_post(d->ch->loop, synced, d);
	return NULL;
}

static void fail(struct download *d, int fate, char *text)
{
	d->fate = fate;
	g_free(d->text);
	d->text = text;
}

/* ---- what came ---- */

static void judge_status(struct download *d, const struct hg_client_answer *a)
{
	/* 404 too comes again: providers' addresses are short-lived, and each attempt asks for a new
	 * one; when the file itself is gone, that question says so. */
	gboolean final = a->status == 410 || a->status == 451 || (a->status >= 300 && a->status < 400);
	gint64 wait = hg_client_retry_after(a, hg_ch_wall(d->ch));

	d->retry_ms = MAX(wait, 0);
	fail(d, final ? HG_FAILED : HG_RETRY, g_strdup_printf("the download was answered %d", a->status));
}

static void judge_code(struct download *d, const struct hg_client_answer *a)
{
	gboolean final = a->code == HG_CLIENT_CALL || a->code == HG_CLIENT_BLOCKED ||
			 a->code == HG_CLIENT_BIG || a->code == HG_CLIENT_REDIRECT;

	if (a->code == HG_CLIENT_BIG)
		fail(d, HG_FAILED, g_strdup_printf("the file has more than %" G_GINT64_FORMAT " bytes, the "
						   "channel's media_max", d->most));
	else if (d->fate != HG_SENT)
		return;			/* on_bytes() has said why */
	else
		fail(d, final ? HG_FAILED : HG_RETRY, g_strdup(a->error && *a->error ? a->error : "no answer"));
}

static void judge_file(struct download *d, const struct hg_client_answer *a)
{
	const char *promised = d->dispatch->attachment.sha256, *type = hg_client_header(a, "Content-Type");

	d->type = hg_text_valid(type, -1, 127);
	if (!hg_sniff_among(d->ch->set->media_types, d->type))
		fail(d, HG_FAILED, g_strdup_printf("files of type %s are not taken on this channel (media_types)",
						   d->type ? d->type : "unknown"));
	/* Bytes that are not those the provider vouched for: broken on the way, or exchanged. */
	else if (d->sum && g_ascii_strcasecmp(g_checksum_get_string(d->sum), promised) != 0)
		fail(d, HG_RETRY, g_strdup("the file's SHA-256 is not the one the provider promised"));
}

static void on_done(void *arg, const struct hg_client_answer *a)
{
	struct download *d = arg;

	d->call = 0;
	if (a->code != HG_CLIENT_OK)
		judge_code(d, a);
	else if (a->status < 200 || a->status > 299)
		judge_status(d, a);
	else
		judge_file(d, a);
	if (d->fate == HG_SENT)
		d->thread = g_thread_new("download", sync_main, d);
	else
		download_end(d);
}

static gboolean on_bytes(void *arg, const void *bytes, gsize len)
{
	struct download *d = arg;
	g_autoptr(GError) error = NULL;

	d->bytes += (gint64)len;
	if (d->bytes > d->most) {
		fail(d, HG_FAILED, g_strdup_printf("the file has more than %" G_GINT64_FORMAT " bytes, the "
						   "channel's media_max", d->most));
		return FALSE;
	}
	if (d->sum)
		g_checksum_update(d->sum, bytes, (gssize)len);
	if (!HG_FAILPOINT(FETCH_BYTES) && hg_upload_write(d->upload, bytes, len, &error))
		return TRUE;
	fail(d, HG_RETRY, g_strdup_printf("the file cannot be written: %s", error ? error->message : "a test says so"));
	return FALSE;
}

/* ---- the download begins ---- */

static gint64 most_bytes(const hg_channel *ch)
{
	return ch->set->media_max > 0 ? ch->set->media_max : FILE_MAX;
}

static gboolean is_hash(const char *hex)
{
	return hex && strlen(hex) == 64 && strspn(hex, "0123456789abcdefABCDEF") == 64;
}

/* Takes the dispatch.  NULL: the disk says no. */
static struct download *download_new(hg_channel *ch, hg_dispatch *dispatch, GError **error)
{
	hg_upload *upload = hg_upload_new(ch->env->attachments, error);
	struct download *d;

	if (!upload)
		return NULL;
	d = g_new0(struct download, 1);
	d->ch = ch;
	d->dispatch = dispatch;
	d->most = most_bytes(ch);
	d->upload = upload;
	d->fate = HG_SENT;
	if (is_hash(dispatch->attachment.sha256))
		d->sum = g_checksum_new(G_CHECKSUM_SHA256);
	d->link.data = d;
	g_queue_push_tail_link(&ch->downloads, &d->link);
	return d;
}

static void begin(hg_channel *ch, hg_dispatch *dispatch, const struct hg_http_call *get)
{
	g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GError) error = NULL;
	struct hg_flight flight = hg_flight_of(dispatch);
	struct hg_client_call call;
	struct download *d;

	if (!hg_http_convert(get, &call, hosts, &error)) {
		refuse(ch, flight, HG_FAILED, error->message);
		hg_dispatch_free(dispatch);
		return;
	}
	d = download_new(ch, dispatch, &error);
	if (!d) {
		refuse(ch, flight, HG_RETRY, error->message);
		hg_dispatch_free(dispatch);
		return;
	}
	call.timeout_ms = get->timeout_ms > 0 ? get->timeout_ms : DOWNLOAD_MS;
	call.max_reply = (gsize)d->most;
	call.redirects = get->body || (get->method && strcmp(get->method, "GET") != 0) ? 0 : REDIRECTS;
	call.on_body = on_bytes;
	call.on_body_arg = d;
	d->call = hg_client_call(ch->env->client, &call, on_done, d);
}

/* ---- asking the adapter ---- */

/* Takes the fetch off the table; its dispatch is the caller's now. */
static hg_dispatch *fetch_take(struct fetch *f)
{
	hg_dispatch *dispatch = f->dispatch;

	hg_loop_untimer(f->ch->loop, f->timer);
	g_hash_table_remove(f->ch->fetches, &f->ticket);
	return dispatch;
}

static void fetch_fail(struct fetch *f, int fate, const char *text)
{
	hg_channel *ch = f->ch;
	hg_dispatch *dispatch = fetch_take(f);

	refuse(ch, hg_flight_of(dispatch), fate, text);
	hg_dispatch_free(dispatch);
	hg_ch_progress(ch);
}

static void on_deadline(void *arg)
{
	struct fetch *f = arg;

	f->timer = 0;
	hg_ch_fault(f->ch, "fetch() got no fetched() in time");
	fetch_fail(f, HG_RETRY, "the adapter did not say in time where the file is");
}

/* Why it need not even be asked; or NULL. */
static char *hopeless(const hg_channel *ch, const hg_attachment *file)
{
	if (!ch->desc->fetch || !file->ref)
		return g_strdup("this channel cannot download files");
	if (file->expires_ms && file->expires_ms < hg_now(hg_loop_env(ch->loop)))
		return g_strdup("the provider kept the file until its expiry, which has passed");
	if (file->bytes > most_bytes(ch))
		return g_strdup_printf("the file has %" G_GINT64_FORMAT " bytes, the channel's media_max is %"
				       G_GINT64_FORMAT, file->bytes, most_bytes(ch));
	return NULL;
}

void hg_fetch_begin(hg_channel *ch, hg_dispatch *dispatch)
{
	g_autofree char *why = hopeless(ch, &dispatch->attachment);
	g_autofree char *ref = g_strdup(dispatch->attachment.ref);
	struct fetch *f;

	ch->counts.fetches++;
	if (why) {
		refuse(ch, hg_flight_of(dispatch), HG_FAILED, why);
		hg_dispatch_free(dispatch);
		return;
	}
	f = g_new0(struct fetch, 1);
	f->ticket = ++ch->last_ticket;
	f->ch = ch;
	f->dispatch = dispatch;
	f->timer = hg_loop_timer(ch->loop, hg_ch_answer_ms(ch), on_deadline, f);
	g_hash_table_insert(ch->fetches, &f->ticket, f);
	(void)HG_FAILPOINT(FETCH_BEGIN);
	/* Its answer may come before fetch() returns, and then f and the dispatch are gone. */
	ch->desc->fetch(ch->state, f->ticket, ref);
}

static void answer_error(struct fetch *f, const struct hg_err *err)
{
	g_autofree char *text = hg_err_text(err, "the adapter cannot say where the file is");

	fetch_fail(f, err && err->kind == HG_ERR_GONE ? HG_FAILED : HG_RETRY, text);
}

void hg_fetch_answer(hg_channel *ch, uint64_t ticket, const struct hg_http_call *theirs,
		     const struct hg_err *err)
{
	struct fetch *f;
	struct hg_http_call get;
	guint64 key = ticket;

	if (!ch->in_close && !hg_ch_may(ch, "fetched"))
		return;
	f = g_hash_table_lookup(ch->fetches, &key);
	if (!f) {
		ch->counts.late++;
		hg_warn(&ch->ctx, "fetch.late", "fetched() names ticket %" G_GUINT64_FORMAT ", which is unknown "
			"or was answered already; nothing was changed", key);
	} else if (!theirs) {
		answer_error(f, err);
	} else if (!hg_take_struct(&get, sizeof(get), theirs)) {
		hg_ch_fault(ch, "fetched(): the call's size is wrong");
		answer_error(f, NULL);
	} else if (ch->in_close || ch->phase == HG_PH_ENDING) {
		fetch_fail(f, HG_RETRY, "the channel closes");
	} else {
		begin(ch, fetch_take(f), &get);
	}
}

/* ---- the end ---- */

void hg_fetch_cancel(hg_channel *ch)
{
	GList *next;

	/* One whose file is being synced has no call any more, and is waited for. */
	for (GList *link = ch->downloads.head; link; link = next) {
		struct download *d = link->data;

		next = link->next;
		if (d->call)
			hg_client_cancel(ch->env->client, d->call);
	}
}

void hg_fetch_end(hg_channel *ch)
{
	GHashTableIter iter;
	void *value;

	for (;;) {
		g_hash_table_iter_init(&iter, ch->fetches);
		if (!g_hash_table_iter_next(&iter, NULL, &value))
			return;
		fetch_fail(value, HG_RETRY, "the channel closed");
	}
}
