/* search_call.c - GET /v1/search: what was said, and what conversations are called */
#include <string.h>
#include "call.h"
#include "payload.h"
#include "search.h"

#define BATCH	 100			/* hits of one look into the index */
#define LOOK_MAX 2000			/* hits looked at for one page: others may be of other channels, or of no such conversation */

struct looking {
	struct call *call;
	hg_store *store;
	struct hg_thread_query query;
	gint64 contact_n;
	gint64 place;			/* behind which it goes on */
	guint looked, found, wanted;
	gboolean all, complete;		/* all: nothing is behind place */
	GHashTable *seen;		/* numbers of threads; of a list of threads each is told once; else NULL */
};

static gboolean read_place(struct call *call, gint64 *ret)
{
	*ret = hg_call_number(call, "before", 1, G_MAXINT64, 0);
	return !call->error;
}

static void write_snippet(GString *out, const struct hg_search_hit *hit)
{
	hg_json_key(out, "snippet");
	hg_json_open(out, '{');
	hg_json_add_str(out, "text", hit->snippet);
	hg_json_key(out, "marks");
	hg_json_open(out, '[');
	for (guint i = 0; i < hit->n_marks; i++) {
		hg_json_open(out, '[');
		hg_json_put_int(out, hit->marks[i].from);
		hg_json_put_int(out, hit->marks[i].len);
		hg_json_close(out, ']');
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

/* FALSE with no error: it is gone meanwhile, and not told of. */
static gboolean write_message(struct call *call, hg_store *store, const struct hg_search_hit *hit)
{
	hg_message *message = NULL;

	if (!hit->message_n) {
		hg_json_add_str(call->out, "in", "thread");
		return TRUE;
	}
	if (!hg_store_message_get(store, call->arena, hit->message_n, &message, &call->error))
		return FALSE;
	hg_json_add_str(call->out, "in", "message");
	hg_json_opt_str(call->out, "message_id", message ? message->id : NULL);
	if (message) {
		hg_json_add_str(call->out, "direction", hg_direction_word(message->direction));
		hg_json_add_time(call->out, "at", message->at_ms);
	}
	return TRUE;
}

static gboolean write_hit(struct looking *looking, const struct hg_search_hit *hit, const hg_thread *thread)
{
	struct call *call = looking->call;
	hg_contact *contact = NULL;

	if (!hg_store_contact_get(looking->store, call->arena, thread->contact_n, &contact, &call->error))
		return FALSE;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "thread_id", thread->id);
	hg_json_add_str(call->out, "state", hg_thread_state_word(thread->state));
	hg_json_add_str(call->out, "channel", thread->channel);
	hg_json_opt_str(call->out, "contact_id", contact ? contact->id : NULL);
	hg_json_add_str(call->out, "contact_name", contact ? contact->name : NULL);
	if (!write_message(call, looking->store, hit))
		return FALSE;
	write_snippet(call->out, hit);
	hg_json_close(call->out, '}');
	return TRUE;
}

static gboolean write_thread(struct looking *looking, const hg_thread *thread)
{
	struct hg_payload payload;

	return hg_call_payload(looking->call, looking->store, thread, &payload) &&
	       hg_payload_thread(&payload, looking->call->out, &looking->call->error);
}

/* What was revoked or erased is not shown, also where the index does not know it yet. */
static gboolean is_there(struct looking *looking, const struct hg_search_hit *hit, gboolean *ret)
{
	struct call *call = looking->call;
	hg_message *message = NULL;

	*ret = TRUE;
	if (!hit->message_n)
		return TRUE;
	if (!hg_store_message_get(looking->store, call->arena, hit->message_n, &message, &call->error))
		return FALSE;
	*ret = message && !message->revoked_ms;
	return TRUE;
}

static gboolean take_hit(struct looking *looking, const struct hg_search_hit *hit)
{
	struct call *call = looking->call;
	hg_thread *thread = NULL;
	gboolean fits = FALSE;

	looking->place = hit->place;
	looking->looked++;
	if (looking->seen && g_hash_table_contains(looking->seen, &hit->thread_n))
		return TRUE;
	if (!hg_store_thread_get(looking->store, call->arena, hit->thread_n, &thread, &call->error) || !is_there(looking, hit, &fits) ||
	    (thread && fits && !hg_store_thread_fits(looking->store, call->arena, thread, &looking->query, looking->contact_n, &fits,
						      &call->error)))
		return FALSE;
	if (!thread || !fits)
		return TRUE;
	looking->found++;
	if (!looking->seen)
		return write_hit(looking, hit, thread);
	g_hash_table_add(looking->seen, g_memdup2(&hit->thread_n, sizeof hit->thread_n));
	return write_thread(looking, thread);
}

/* Until the page is full, or enough was looked at. */
static gboolean look(struct looking *looking, const char *q)
{
	struct call *call = looking->call;

	while (!looking->all && looking->found < looking->wanted && looking->looked < LOOK_MAX) {
		g_autoptr(GPtrArray) hits = g_ptr_array_new();

		if (!hg_search_find(call->api->ports.search, looking->store, call->arena, q, looking->place, BATCH, hits,
				    &looking->complete, &call->error))
			return FALSE;
		looking->all = hits->len < BATCH;
		for (guint i = 0; i < hits->len && looking->found < looking->wanted; i++) {
			if (!take_hit(looking, g_ptr_array_index(hits, i)))
				return FALSE;
			looking->all &= i + 1 == hits->len || looking->found < looking->wanted;
		}
	}
	return TRUE;
}

void hg_read_search_as(struct call *call, hg_store *store, const char *q, gboolean threads)
{
	g_autoptr(GHashTable) seen = threads ? g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL) : NULL;
	struct looking looking = { .call = call, .store = store, .seen = seen };

	if (!hg_call_thread_query(call, &looking.query) || !read_place(call, &looking.place))
		return;
	if (looking.query.contact_id && !hg_store_contact_resolved(store, call->arena, looking.query.contact_id, &looking.contact_n, &call->error))
		return;
	looking.wanted = looking.query.limit - 1;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, threads ? "threads" : "results");
	hg_json_open(call->out, '[');
	if (!look(&looking, q))
		return;
	hg_json_close(call->out, ']');
	hg_json_add_bool(call->out, "complete", looking.complete);
	if (!looking.all) {
		g_autofree char *next = g_strdup_printf("%" G_GINT64_FORMAT, looking.place);

		hg_json_add_str(call->out, "next", next);	/* ?before= of the next page */
	}
	hg_json_close(call->out, '}');
}

void hg_read_search(struct call *call, hg_store *store)
{
	const char *q = hg_request_query(call->req, "q");

	if (q)
		hg_read_search_as(call, store, q, FALSE);
	else
		hg_fail(&call->error, HG_ERROR_INPUT, "q= is missing: the words to look for");
}
