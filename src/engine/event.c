/* event.c - the threads' log, and the jobs that carry its entries to the backends */
#include "turn.h"

#include "json.h"
#include "text.h"

#include <string.h>

/* What a helpdesk that names no events is told of threads with a ticket.  thread.opened and
 * .reopened and message.received are left out: ticket.requested, .reopened and .message say the
 * same in the helpdesk's terms. */
static const char *const default_events[] = {
	"ticket.*", "message.sent", "message.status", "message.edited", "message.deleted", "message.reacted",
	"thread.closed", "contact.*", "csat.*", "drop.detected", NULL
};

static gboolean matches(const char *const *patterns, const char *type)
{
	for (; *patterns; patterns++)
		if (g_pattern_match_simple(*patterns, type))
			return TRUE;
	return FALSE;
}

static gboolean wants(const struct hg_backend_conf *backend, const struct hg_payload *news, gboolean has_ticket)
{
	const char *type = news->type;

	if (backend->events)
		return matches((const char *const *)backend->events, type);
	/* What was left out of the ticket is edited and taken back without it. */
	if (news->message && news->message->noise == HG_NOISE_MARKED)
		return FALSE;
	/* Who wants no messages is for whoever might write to him; who cannot be reached, for whoever can call him. */
	return has_ticket ? matches(default_events, type) :
	       strcmp(type, "contact.consent") == 0 || strcmp(type, "contact.erased") == 0 || strcmp(type, "contact.unreachable_reply") == 0;
}

/* Of a conversation on trial, or of a channel that is: the log and live views have it, nobody else. */
static gboolean on_trial(const hg_turn *turn, const hg_case *kase, const struct hg_payload *news)
{
	const struct hg_channel_conf *channel = !kase && news->name ? hg_conf_channel(turn->conf, news->name) : NULL;

	return kase ? kase->thread->shadow : channel && channel->shadow;
}

/* The one that rules chose for this thread; NULL: any. */
static const char *only_backend(hg_turn *turn, const hg_case *kase)
{
	const char *name = kase ? kase->thread->backend : NULL;
	struct hg_ctx ctx = HG_CTX(NULL, "thread", kase ? kase->thread->id : "");

	if (!name || hg_conf_backend(turn->conf, name))
		return name;
	hg_warn(&ctx, "route.gone", "its backend %s is not configured any more: all others hear of it", name);
	return NULL;
}

/* What a backend itself just said is no news to it.  A notice goes to whom its rule names, whatever
 * they want to hear otherwise. */
static gboolean goes_to(const hg_turn *turn, const hg_case *kase, const struct hg_backend_conf *backend,
			const struct hg_payload *news, const char *only)
{
	gboolean has_ticket = kase && kase->thread->ticket_n && !hg_requester_waits(kase->thread);

	if (news->notice && news->notice->to)
		return g_strv_contains(news->notice->to, backend->name);
	if (only && strcmp(only, backend->name) != 0)
		return FALSE;
	if (news->notice)
		return TRUE;
	return wants(backend, news, has_ticket) && g_strcmp0(turn->origin, backend->name) != 0;
}

static gboolean forward(hg_turn *turn, const hg_case *kase, const hg_event *event, const struct hg_payload *news,
			GError **error)
{
	const char *only = only_backend(turn, kase);

	for (guint i = 0; i < turn->conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(turn->conf->backends, i);
		hg_job job = {
			.target = HG_TO_BACKEND, .name = backend->name, .due_ms = turn->now_ms,
			.lane = kase ? kase->thread->id : event->id, .thread_n = event->thread_n,
			.event_n = event->n, .file = -1,
		};

		if (goes_to(turn, kase, backend, news, only) && !hg_outbox_add(turn, &job, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean event_add(hg_turn *turn, hg_case *kase, hg_event *event, GError **error)
{
	hg_thread *thread = kase ? kase->thread : NULL;

	hg_id_new(turn->engine->env, "evt", event->id);
	event->at_ms = turn->now_ms;
	event->data = hg_arena_mem(turn->arena, turn->engine->scratch->str, turn->engine->scratch->len);
	if (thread) {
		event->thread_n = thread->n;
		event->seq = thread->last_seq + 1;
		event->prev_n = thread->last_event_n;
		event->shadow = thread->shadow;
		event->channel = thread->channel;
	}
	if (kase && kase->contact)
		event->contact_n = kase->contact->n;
	if (!hg_store_event_add(turn->store, event, error))
		return FALSE;
	if (thread) {
		thread->last_seq = event->seq;
		thread->last_event_n = event->n;
		kase->thread_changed = TRUE;
	}
	g_ptr_array_add(turn->events, event);
	return TRUE;
}

gboolean hg_turn_addresses(hg_turn *turn, gint64 contact_n, GError **error)
{
	g_autoptr(GPtrArray) rows = NULL;
	GPtrArray *kept;

	if (turn->addresses_of == contact_n)
		return TRUE;
	rows = g_ptr_array_new();
	if (!hg_store_alias_list(turn->store, turn->arena, contact_n, rows, error))
		return FALSE;
	/* Looked at only, and as old as the arena gets: there is nothing to be freed. */
	kept = hg_arena_alloc(turn->arena, sizeof(*kept));
	kept->len = rows->len;
	kept->pdata = hg_arena_alloc(turn->arena, (rows->len + 1) * sizeof(gpointer));
	for (guint i = 0; i < rows->len; i++)
		kept->pdata[i] = rows->pdata[i];
	turn->addresses = kept;
	turn->addresses_of = contact_n;
	return TRUE;
}

gboolean hg_event_tell(hg_turn *turn, hg_case *kase, const struct hg_payload *news, GError **error)
{
	hg_event *event = hg_arena_alloc(turn->arena, sizeof(*event));
	struct hg_payload payload = *news;

	payload.store = turn->store;
	payload.conf = turn->conf;
	payload.arena = turn->arena;
	payload.at_ms = turn->now_ms;
	if (kase) {
		if (!hg_case_ticket(turn, kase, error))
			return FALSE;
		if (kase->contact && !hg_turn_addresses(turn, kase->contact->n, error))
			return FALSE;
		payload.thread = kase->thread;
		payload.contact = kase->contact;
		payload.addresses = kase->contact ? turn->addresses : NULL;
		payload.ticket = kase->ticket;
	}
	g_string_truncate(turn->engine->scratch, 0);
	if (!hg_payload_write(&payload, turn->engine->scratch, error))
		return FALSE;
	event->type = news->type;
	event->contact_n = news->contact ? news->contact->n : 0;
	event->from_contact_n = news->other ? news->other->n : 0;
	event->message_n = news->message ? news->message->n : 0;
	event->decision_n = news->decision ? news->decision->n : 0;
	event->rule = news->decision ? news->decision->rule : NULL;
	event->channel = news->consent ? news->consent->channel : news->name;
	return event_add(turn, kase, event, error) &&
	       (on_trial(turn, kase, news) || forward(turn, kase, event, news, error));
}

/* Of what is in the log and the live views only: no helpdesk hears of it. */
static void begin_quiet(hg_turn *turn, const hg_case *kase)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_key(out, "thread");
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", kase->thread->id);
	hg_json_close(out, '}');
}

static gboolean end_quiet(hg_turn *turn, hg_case *kase, const char *type, const hg_message *message, GError **error)
{
	hg_event *event = hg_arena_alloc(turn->arena, sizeof(*event));

	hg_json_close(turn->engine->scratch, '}');
	event->type = type;
	event->message_n = message->n;
	return event_add(turn, kase, event, error);
}

gboolean hg_event_note(hg_turn *turn, hg_case *kase, const hg_message *note, GError **error)
{
	GString *out = turn->engine->scratch;

	begin_quiet(turn, kase);
	hg_json_key(out, "note");
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", note->id);
	hg_json_opt_str(out, "author", note->author_name);
	hg_json_close(out, '}');
	return end_quiet(turn, kase, "message.noted", note, error);
}

gboolean hg_event_marked(hg_turn *turn, hg_case *kase, const hg_message *message, gboolean forwarded, const char *by, GError **error)
{
	GString *out = turn->engine->scratch;

	begin_quiet(turn, kase);
	hg_json_key(out, "message");
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", message->id);
	hg_json_add_bool(out, "noise", message->noise != HG_NOISE_NOT);
	hg_json_close(out, '}');
	hg_json_add_bool(out, "already_forwarded", forwarded);
	hg_json_add_str(out, "by", by);
	return end_quiet(turn, kase, HG_EVENT_MARKED, message, error);
}

void hg_event_key(hg_turn *turn, const char *const *words, char ret_key[HG_KEY_SIZE])
{
	g_autoptr(GString) all = g_string_sized_new(160);
	g_autofree char *text = NULL;
	guint8 mac[32];

	/* With its NUL each word stands apart: "a","bc" is not "ab","c". */
	for (; *words; words++)
		g_string_append_len(all, *words, (gssize)strlen(*words) + 1);
	hg_hmac_make(turn->engine->keyed, all->str, all->len, mac);
	text = hg_base64(mac, sizeof(mac), TRUE);
	g_strlcpy(ret_key, text, HG_KEY_SIZE);
}
