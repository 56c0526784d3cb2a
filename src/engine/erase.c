/* erase.c - somebody is forgotten: at once as a person, then, in small steps, all that was said
 *
 * The command takes his name, his addresses and what is under way; from then on whoever writes from one of them is
 * somebody new.  A timer ("erase:N", of no thread) goes on with his conversations, with raw deliveries, and with the journal,
 * of which all goes that was written until then: what was done with him cannot be done again without him. */
#include "turn.h"

#include "json.h"
#include "people.h"

#include <string.h>

#define TIMER	     "erase:"
#define ROWS	     300	/* of messages, events and decisions in one step ... */
#define RAW_ROWS     500	/* ... of raw deliveries ... */
#define JOURNAL_ROWS 2000	/* ... and of the journal */
#define NEEDLE_LEAST 6		/* bytes: what is shorter stands in anybody's delivery */
#define NEEDLES_MOST 200
#define TICKETS_MOST 200	/* that helpdesks are told of */
#define OPEN_MOST    100	/* open threads of one of them */

/* ---- how much is gone: in the row as a JSON object ---- */

static void counts_read(const char *json, gint64 counts[HG_GONE_N])
{
	g_autoptr(json_object) object = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	for (int i = 0; i < HG_GONE_N; i++)
		counts[i] = hg_json_int(object, hg_gone_word(i), 0);
}

static const char *counts_write(hg_turn *turn, const gint64 counts[HG_GONE_N])
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	for (int i = 0; i < HG_GONE_N; i++)
		hg_json_add_int(out, hg_gone_word(i), counts[i]);
	hg_json_close(out, '}');
	return hg_arena_str(turn->arena, out->str);
}

/* ---- what raw deliveries are gone through for ---- */

/* Of "claimed:mailto:Ann@Example.org" the part that a provider would write, in small letters; NULL: it says nothing. */
static char *needle_of(const char *uri)
{
	const char *at = strrchr(uri, ':');

	at = at ? at + 1 : uri;
	at += *at == '+';
	return strlen(at) >= NEEDLE_LEAST ? g_ascii_strdown(at, -1) : NULL;
}

static gboolean add_needles(hg_turn *turn, gint64 contact_n, GString *out, guint *n, GPtrArray *uris, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	if (!hg_store_alias_list(turn->store, turn->arena, contact_n, aliases, error))
		return FALSE;
	for (guint i = 0; i < aliases->len; i++) {
		const char *uri = ((const hg_alias *)g_ptr_array_index(aliases, i))->uri;
		g_autofree char *needle = needle_of(uri);

		g_ptr_array_add(uris, (gpointer)uri);
		if (needle && (*n)++ < NEEDLES_MOST)
			hg_json_put_str(out, needle);
	}
	return TRUE;
}

/* ---- the person ---- */

/* Of what is only claimed the address itself may be another's: his rows stay. */
static gboolean forget_address(hg_turn *turn, const char *uri, gint64 counts[HG_GONE_N], GError **error)
{
	static const char *const marks[] = { "claimed:", "failed:" };
	const char *plain = uri;
	hg_alias *alias = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(marks); i++)
		plain += g_str_has_prefix(plain, marks[i]) ? strlen(marks[i]) : 0;
	if (!hg_store_forget_address(turn->store, uri, counts, error) ||
	    (plain != uri && !hg_store_alias_find(turn->store, turn->arena, plain, &alias, error)))
		return FALSE;
	return plain == uri || alias || hg_store_forget_address(turn->store, plain, counts, error);
}

/* What has not left never does; of what may have, nobody will hear. */
static gboolean end_message(hg_turn *turn, const hg_job *job, GError **error)
{
	hg_message *message = NULL;

	if (job->target != HG_TO_CHANNEL || !job->message_n)
		return TRUE;
	if (!hg_store_message_get(turn->store, turn->arena, job->message_n, &message, error))
		return FALSE;
	if (!message || (message->delivery != HG_DLV_QUEUED && message->delivery != HG_DLV_SENDING))
		return TRUE;
	message->delivery = job->state == HG_JOB_SENDING || message->parts_sent ? HG_DLV_UNKNOWN : HG_DLV_FAILED;
	return hg_store_message_update(turn->store, message, error);
}

static gboolean end_jobs(hg_turn *turn, gint64 contact_n, gint64 counts[HG_GONE_N], GError **error)
{
	g_autoptr(GArray) jobs = g_array_new(FALSE, FALSE, sizeof(gint64));

	if (!hg_store_jobs_of(turn->store, contact_n, jobs, error))
		return FALSE;
	for (guint i = 0; i < jobs->len; i++) {
		hg_job *job;

		if (!hg_store_job_get(turn->store, turn->arena, g_array_index(jobs, gint64, i), &job, error) ||
		    (job && (!end_message(turn, job, error) || !hg_outbox_end(turn, job, FALSE, error))))
			return FALSE;
		counts[HG_GONE_JOBS] += job != NULL;
	}
	return TRUE;
}

static gboolean forget_person(hg_turn *turn, const GArray *family, const char **ret_needles, gint64 counts[HG_GONE_N],
			      GError **error)
{
	g_autoptr(GPtrArray) uris = g_ptr_array_new();
	g_autoptr(GString) needles = g_string_new(NULL);
	guint n = 0;

	hg_json_open(needles, '[');
	for (guint i = 0; i < family->len; i++)
		if (!add_needles(turn, g_array_index(family, gint64, i), needles, &n, uris, error) ||
		    !end_jobs(turn, g_array_index(family, gint64, i), counts, error))
			return FALSE;
	hg_json_close(needles, ']');
	*ret_needles = hg_arena_str(turn->arena, needles->str);
	for (guint i = 0; i < uris->len; i++)
		if (!forget_address(turn, g_ptr_array_index(uris, i), counts, error))
			return FALSE;
	for (guint i = 0; i < family->len; i++)
		if (!hg_store_forget_person(turn->store, g_array_index(family, gint64, i), turn->now_ms, counts, error))
			return FALSE;
	turn->addresses_of = 0;
	return TRUE;
}

/* By then nobody's: what is told of the end names nobody. */
static gboolean end_threads(hg_turn *turn, const GArray *family, GError **error)
{
	for (guint i = 0; i < family->len; i++) {
		g_autoptr(GPtrArray) threads = g_ptr_array_new();
		struct hg_thread_query query = { .state = HG_THREAD_OPEN, .limit = OPEN_MOST };
		hg_contact *contact;

		if (!hg_store_contact_get(turn->store, turn->arena, g_array_index(family, gint64, i), &contact, error))
			return FALSE;
		query.contact_id = contact->id;
		if (!hg_store_thread_list(turn->store, turn->arena, &query, threads, error))
			return FALSE;
		query.shadow = TRUE;
		if (!hg_store_thread_list(turn->store, turn->arena, &query, threads, error))
			return FALSE;
		for (guint j = 0; j < threads->len; j++) {
			hg_case kase = { .contact = contact, .thread = g_ptr_array_index(threads, j) };

			kase.thread->subject = kase.thread->reply_to = NULL;
			if (!hg_thread_end(turn, &kase, "the customer was erased", error) || !hg_case_save(turn, &kase, error))
				return FALSE;
		}
	}
	return TRUE;
}

/* ---- what helpdesks are told: which of their tickets were his ---- */

static gboolean write_ticket(hg_turn *turn, const hg_thread *thread, GString *out, GError **error)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	hg_ticket *ticket;

	if (!hg_store_ticket_get(turn->store, turn->arena, thread->ticket_n, &ticket, error) ||
	    (ticket && !hg_store_link_list(turn->store, turn->arena, ticket->n, links, error)))
		return FALSE;
	if (!ticket)
		return TRUE;
	hg_json_open(out, '{');
	hg_json_add_str(out, "thread_id", thread->id);
	hg_json_add_str(out, "number", ticket->number);
	hg_json_key(out, "links");
	hg_json_open(out, '[');
	for (guint i = 0; i < links->len; i++) {
		const hg_link *link = g_ptr_array_index(links, i);

		hg_json_open(out, '{');
		hg_json_add_str(out, "backend", link->backend);
		hg_json_add_str(out, "id", link->external_id);
		hg_json_close(out, '}');
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return TRUE;
}

static gboolean tickets_of(hg_turn *turn, const GArray *family, const char **ret, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	guint told = 0;

	hg_json_open(out, '[');
	for (guint i = 0; i < family->len; i++) {
		gint64 n = 0;

		do {
			hg_thread *thread = NULL;

			if (!hg_store_thread_behind(turn->store, g_array_index(family, gint64, i), n, &n, error) ||
			    (n && !hg_store_thread_get(turn->store, turn->arena, n, &thread, error)))
				return FALSE;
			if (thread && thread->ticket_n && !thread->shadow && told++ < TICKETS_MOST &&
			    !write_ticket(turn, thread, out, error))
				return FALSE;
		} while (n && told < TICKETS_MOST);
	}
	hg_json_close(out, ']');
	*ret = hg_arena_str(turn->arena, out->str);
	return TRUE;
}

/* ---- a step ---- */

struct step {
	hg_turn *turn;
	hg_erasure *row;
	gint64 counts[HG_GONE_N];
	guint left;			/* rows that this step may touch */
};

static gboolean forget_message(struct step *step, const hg_message *message, GError **error)
{
	hg_store *store = step->turn->store;
	gint64 now_ms = step->turn->now_ms;

	return hg_store_forget_files(store, message->n, now_ms, step->counts, error) &&
	       hg_store_forget_raw_of(store, message->n, now_ms, step->counts, error) &&
	       hg_store_forget_text(store, message->n, now_ms, step->counts, error);
}

/* From the newest row of a chain back, as far as this step goes; *next_n 0: to its end. */
#define WALK(name, type, get, forget)								\
	static gboolean name(struct step *step, gint64 *next_n, GError **error)			\
	{											\
		while (*next_n && step->left) {							\
			g_autoptr(hg_arena) arena = hg_arena_new();				\
			type one;								\
												\
			if (!get(step->turn->store, arena, *next_n, &one, error) ||		\
			    (one && !(forget)))							\
				return FALSE;							\
			*next_n = one ? one->prev_n : 0;					\
			step->left--;								\
		}										\
		return TRUE;									\
	}
WALK(walk_messages, hg_message *, hg_store_message_get, forget_message(step, one, error))
WALK(walk_events, hg_event *, hg_store_event_get, hg_store_forget_event(step->turn->store, one->n, step->counts, error))
WALK(walk_decisions, hg_decision *, hg_store_decision_get,
     hg_store_forget_decision(step->turn->store, one->n, step->counts, error))

/* One conversation, message by message over as many steps as it takes; then, at once, what told of it. */
static gboolean do_thread(struct step *step, gint64 n, gboolean *ret_over, GError **error)
{
	hg_erasure *row = step->row;
	hg_thread *thread;

	if (!hg_store_thread_get(step->turn->store, step->turn->arena, n, &thread, error))
		return FALSE;
	*ret_over = FALSE;
	/* 3n: messages, 3n + 1: events, 3n + 2: decisions. */
	if (row->thread_n < 3 * n) {
		row->thread_n = 3 * n;
		row->next_n = thread->last_message_n;
	}
	if (row->thread_n == 3 * n) {
		if (!walk_messages(step, &row->next_n, error))
			return FALSE;
		if (row->next_n)
			return TRUE;
		row->thread_n++;
		row->next_n = thread->last_event_n;
	}
	if (row->thread_n == 3 * n + 1) {
		if (!walk_events(step, &row->next_n, error))
			return FALSE;
		if (row->next_n)
			return TRUE;
		row->thread_n++;
		row->next_n = thread->last_decision_n;
	}
	if (!walk_decisions(step, &row->next_n, error))
		return FALSE;
	*ret_over = !row->next_n;
	return !*ret_over || hg_store_forget_thread(step->turn->store, n, step->turn->now_ms, step->counts, error);
}

/* In the order of their numbers, over all who he is. */
static gboolean next_thread(struct step *step, const GArray *family, gint64 after_n, gint64 *ret, GError **error)
{
	*ret = 0;
	for (guint i = 0; i < family->len; i++) {
		gint64 n;

		if (!hg_store_thread_behind(step->turn->store, g_array_index(family, gint64, i), after_n, &n, error))
			return FALSE;
		if (n && (!*ret || n < *ret))
			*ret = n;
	}
	return TRUE;
}

static gboolean do_threads(struct step *step, GError **error)
{
	g_autoptr(GArray) family = g_array_new(FALSE, FALSE, sizeof(gint64));
	hg_erasure *row = step->row;
	gboolean over = TRUE;
	gint64 n;

	if (!hg_store_family(step->turn->store, row->contact_n, family, error))
		return FALSE;
	while (step->left && over) {
		/* thread_n is 3n + 2 when n is over, and less than that while it is not. */
		gint64 after_n = row->thread_n ? (row->thread_n % 3 == 2 && !row->next_n ? row->thread_n / 3 : row->thread_n / 3 - 1) : 0;

		if (!next_thread(step, family, after_n, &n, error))
			return FALSE;
		if (!n) {
			row->phase = HG_ERASING_RAW;
			row->next_n = 0;
			return TRUE;
		}
		if (!do_thread(step, n, &over, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean do_raw(struct step *step, GError **error)
{
	g_autoptr(json_object) list = hg_json_parse(step->row->needles, strlen(step->row->needles), NULL, error);
	gsize n = list ? json_object_array_length(list) : 0;
	const char **needles = hg_arena_alloc(step->turn->arena, (n + 1) * sizeof(*needles));

	if (!list)
		return FALSE;
	for (gsize i = 0; i < n; i++)
		needles[i] = json_object_get_string(json_object_array_get_idx(list, i));
	step->left = 0;
	if (n && !hg_store_forget_raw(step->turn->store, step->row->next_n, step->row->at_ms, RAW_ROWS, needles,
				      &step->row->next_n, step->counts, error))
		return FALSE;
	if (n && step->row->next_n)
		return TRUE;
	step->row->phase = HG_ERASING_JOURNAL;
	step->row->needles = NULL;
	return TRUE;
}

static gboolean do_journal(struct step *step, GError **error)
{
	gboolean left;

	step->left = 0;
	if (!hg_store_forget_journal(step->turn->store, step->row->journal_n, JOURNAL_ROWS, &left, step->counts, error))
		return FALSE;
	if (!left)
		step->row->phase = HG_ERASING_DONE;
	return TRUE;
}

/* ---- its end ---- */

/* Over what is said to whoever asked for it, but for this itself. */
static const char *proof_of(hg_turn *turn, const hg_erasure *row, const char *contact_id)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *hex = NULL;
	guint8 hash[32];

	hg_erasure_write_claim(row, contact_id, out);
	hg_sha256(out->str, out->len, hash);
	hex = hg_hex(hash, sizeof(hash));
	return hg_arena_str(turn->arena, hex);
}

static gboolean finish(struct step *step, GError **error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "erasure", step->row->id);
	hg_contact *contact;

	if (!hg_store_contact_get(step->turn->store, step->turn->arena, step->row->contact_n, &contact, error))
		return FALSE;
	step->row->done_ms = step->turn->now_ms;
	step->row->proof = proof_of(step->turn, step->row, contact->id);
	hg_info(&ctx, "contact.erased", "%s is forgotten: %" G_GINT64_FORMAT " messages, %" G_GINT64_FORMAT " files",
		contact->id, step->counts[HG_GONE_MESSAGES], step->counts[HG_GONE_FILES]);
	return hg_store_unlink_later(step->turn->store, "", step->turn->now_ms, error);
}

static const char *timer_of(hg_turn *turn, const hg_erasure *row)
{
	g_autofree char *kind = g_strdup_printf(TIMER "%" G_GINT64_FORMAT, row->n);

	return hg_arena_str(turn->arena, kind);
}

static gboolean go_on(hg_turn *turn, hg_erasure *row, gint64 counts[HG_GONE_N], GError **error)
{
	struct step step = { .turn = turn, .row = row, .left = ROWS };

	memcpy(step.counts, counts, sizeof(step.counts));
	if (row->phase == HG_ERASING_THREADS && !do_threads(&step, error))
		return FALSE;
	if (step.left && row->phase == HG_ERASING_RAW && !do_raw(&step, error))
		return FALSE;
	else if (step.left && row->phase == HG_ERASING_JOURNAL && !do_journal(&step, error))
		return FALSE;
	row->counts = counts_write(turn, step.counts);
	if (row->phase == HG_ERASING_DONE)
		return finish(&step, error) && hg_store_erasure_update(turn->store, row, error);
	return hg_store_erasure_update(turn->store, row, error) &&
	       hg_timer_set(turn, 0, timer_of(turn, row), turn->now_ms, NULL, error);
}

gboolean hg_erase_is(const char *timer_kind)
{
	return g_str_has_prefix(timer_kind, TIMER);
}

gboolean hg_erase_due(hg_turn *turn, const hg_timer *timer, GError **error)
{
	gint64 counts[HG_GONE_N], n = g_ascii_strtoll(timer->kind + strlen(TIMER), NULL, 10);
	hg_erasure *row;

	if (!hg_store_timer_clear(turn->store, 0, timer->kind, error) ||
	    !hg_store_erasure_get(turn->store, turn->arena, n, &row, error))
		return FALSE;
	if (!row || row->phase == HG_ERASING_DONE)
		return TRUE;
	counts_read(row->counts, counts);
	return go_on(turn, row, counts, error);
}

/* ---- the command ---- */

static void answer(hg_turn *turn, const hg_erasure *row, const char *contact_id)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_key(out, "erasure");
	hg_erasure_write(row, contact_id, out);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

static gboolean begin(hg_turn *turn, hg_contact *contact, hg_erasure *row, GError **error)
{
	g_autoptr(GArray) family = g_array_new(FALSE, FALSE, sizeof(gint64));
	struct hg_payload news = { .type = "contact.erased", .contact = contact };
	gint64 counts[HG_GONE_N] = { 0 };

	if (!hg_store_journal_last(turn->store, &row->journal_n, error) ||
	    !hg_store_family(turn->store, contact->n, family, error) ||
	    !tickets_of(turn, family, &news.tickets, error) ||
	    !forget_person(turn, family, &row->needles, counts, error))
		return FALSE;
	if (!hg_store_contact_get(turn->store, turn->arena, contact->n, &contact, error))
		return FALSE;
	news.contact = contact;
	row->counts = counts_write(turn, counts);
	return hg_event_tell(turn, NULL, &news, error) && end_threads(turn, family, error) &&
	       hg_store_erasure_add(turn->store, row, error) && go_on(turn, row, counts, error);
}

gboolean hg_erase_command(hg_turn *turn, GError **error)
{
	const hg_command *command = turn->command;
	hg_erasure *row = NULL;
	hg_contact *contact;

	if (!hg_contact_load(turn, command->text, &contact, error))
		return FALSE;
	if (contact->erased_ms && !hg_store_erasure_of(turn->store, turn->arena, contact->n, &row, error))
		return FALSE;
	if (row) {	/* asked again: what has become of it */
		answer(turn, row, contact->id);
		return TRUE;
	}
	if (g_strcmp0(command->subject, contact->id) != 0)
		return hg_fail(error, HG_ERROR_INPUT, "\"confirm\" is to be the contact's id once more: %s; this cannot be undone",
			       contact->id);
	row = hg_arena_alloc(turn->arena, sizeof(*row));
	hg_id_new(turn->engine->env, "era", row->id);
	row->contact_n = contact->n;
	row->who = command->agent ?: command->principal;
	row->at_ms = turn->now_ms;
	row->phase = HG_ERASING_THREADS;
	if (!begin(turn, contact, row, error))
		return FALSE;
	answer(turn, row, contact->id);
	return TRUE;
}
