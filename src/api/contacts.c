/* contacts.c - people: who is known, and all that is known of one of them */
#include <string.h>
#include "call.h"
#include "payload_parts.h"
#include "people.h"
#include "search.h"
#include "text.h"

#define SHOWN	    50
#define SHOWN_MOST  500
#define QUERY_MAX   200			/* bytes */
#define THREADS_MAX 20			/* of one, the newest */

/* ---- who may be seen: of those who see some channels only, who has written there ---- */

static void keep_seen(struct call *call, hg_store *store, GPtrArray *contacts)
{
	for (guint i = contacts->len; i > 0 && !call->error; i--)
		if (!hg_may_contact(call, store, ((const hg_contact *)g_ptr_array_index(contacts, i - 1))->n))
			g_ptr_array_remove_index(contacts, i - 1);
}

/* ---- one ---- */

static gboolean add_head(struct call *call, hg_store *store, const hg_contact *contact)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();

	if (!hg_store_alias_list(store, call->arena, contact->n, aliases, &call->error))
		return FALSE;
	hg_contact_write_members(contact, aliases, call->out);
	hg_json_add_time(call->out, "created_at", contact->created_ms);
	hg_json_add_time(call->out, "last_ticket_at", contact->last_ticket_ms);
	hg_json_key(call->out, "blocked");
	hg_block_write(contact, call->out);
	return TRUE;
}

/* Of a row that is there: contacts are never deleted. */
static const char *id_of(struct call *call, hg_store *store, gint64 n)
{
	hg_contact *contact = NULL;

	if (!n || !hg_store_contact_get(store, call->arena, n, &contact, &call->error))
		return NULL;
	return contact ? contact->id : NULL;
}

static void write_merge(struct call *call, hg_store *store, const hg_merge *merge)
{
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "contact", id_of(call, store, merge->from_n));
	hg_json_add_str(call->out, "into", id_of(call, store, merge->into_n));
	hg_json_add_time(call->out, "at", merge->at_ms);
	hg_json_add_str(call->out, "why", merge->why);
	hg_json_add_time(call->out, "undone_at", merge->undone_ms);
	hg_json_close(call->out, '}');
}

static gboolean add_merges(struct call *call, hg_store *store, const hg_contact *contact)
{
	g_autoptr(GPtrArray) merges = g_ptr_array_new();

	if (!hg_store_merge_list(store, call->arena, contact->n, merges, &call->error))
		return FALSE;
	hg_json_add_str(call->out, "merged_into", id_of(call, store, contact->merged_into));
	hg_json_key(call->out, "merges");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < merges->len; i++)
		write_merge(call, store, g_ptr_array_index(merges, i));
	hg_json_close(call->out, ']');
	return !call->error;
}

static gboolean add_consents(struct call *call, hg_store *store, const hg_contact *contact)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new(), rows = g_ptr_array_new();

	if (!hg_store_alias_list(store, call->arena, contact->n, aliases, &call->error))
		return FALSE;
	for (guint i = 0; i < aliases->len; i++)
		if (!hg_store_consent_of(store, call->arena, ((const hg_alias *)g_ptr_array_index(aliases, i))->uri, NULL, rows,
					 &call->error))
			return FALSE;
	hg_json_key(call->out, "consents");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < rows->len; i++)
		if (((const hg_consent *)g_ptr_array_index(rows, i))->state)
			hg_consent_write(g_ptr_array_index(rows, i), call->out);
	hg_json_close(call->out, ']');
	return TRUE;
}

static gboolean write_thread(struct call *call, hg_store *store, const hg_thread *thread)
{
	hg_ticket *ticket = NULL;

	if (thread->ticket_n && !hg_store_ticket_get(store, call->arena, thread->ticket_n, &ticket, &call->error))
		return FALSE;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "id", thread->id);
	hg_json_add_str(call->out, "state", hg_thread_state_word(thread->state));
	hg_json_add_str(call->out, "channel", thread->channel);
	hg_json_add_str(call->out, "subject", thread->subject);
	hg_json_add_int(call->out, "messages", thread->messages);
	hg_json_add_time(call->out, "opened_at", thread->opened_ms);
	hg_json_add_time(call->out, "last_activity_at", thread->last_ms);
	hg_json_add_str(call->out, "ticket", ticket ? ticket->number : NULL);
	hg_json_close(call->out, '}');
	return TRUE;
}

/* Whoever sees some channels only sees the conversations there; next is the older ones' cursor of GET /v1/threads. */
static gboolean add_threads(struct call *call, hg_store *store, const hg_contact *contact)
{
	struct hg_thread_query query = { .contact_id = contact->id, .limit = THREADS_MAX + 1 };
	g_autoptr(GPtrArray) threads = g_ptr_array_new();

	if (!hg_store_thread_list(store, call->arena, &query, threads, &call->error))
		return FALSE;
	hg_json_key(call->out, "threads");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < MIN(threads->len, THREADS_MAX); i++) {
		const hg_thread *thread = g_ptr_array_index(threads, i);

		if (hg_may_channel(call, thread->channel) && !write_thread(call, store, thread))
			return FALSE;
	}
	hg_json_close(call->out, ']');
	hg_json_add_str(call->out, "threads_next", threads->len > THREADS_MAX ?
			((const hg_thread *)g_ptr_array_index(threads, THREADS_MAX - 1))->id : NULL);
	return TRUE;
}

hg_contact *hg_call_contact(struct call *call, hg_store *store)
{
	hg_contact *contact = NULL;

	if (hg_id_is(call->param[0], "con") &&
	    !hg_store_contact_by_id(store, call->arena, call->param[0], &contact, &call->error))
		return NULL;
	if (!contact)
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no contact \"%.40s\"", call->param[0]);
	return contact;
}

static gboolean add_erasure(struct call *call, hg_store *store, const hg_contact *contact)
{
	hg_erasure *row = NULL;

	if (contact->erased_ms && !hg_store_erasure_of(store, call->arena, contact->n, &row, &call->error))
		return FALSE;
	hg_json_add_time(call->out, "erased_at", contact->erased_ms);
	hg_json_add_str(call->out, "erasure", row ? row->id : NULL);
	return TRUE;
}

gboolean hg_contact_write_all(struct call *call, hg_store *store, const hg_contact *contact)
{
	hg_json_open(call->out, '{');
	if (!add_head(call, store, contact) || !add_merges(call, store, contact) || !add_consents(call, store, contact) ||
	    !add_erasure(call, store, contact) || !add_threads(call, store, contact))
		return FALSE;
	hg_json_close(call->out, '}');
	return TRUE;
}

void hg_read_contact(struct call *call, hg_store *store)
{
	const hg_contact *contact = hg_call_contact(call, store);

	if (!contact)
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "contact");
	if (hg_contact_write_all(call, store, contact))
		hg_json_close(call->out, '}');
}

/* ---- who was forgotten ---- */

/* The index of what was said follows a moment later: 1 until nothing of him is in its file. */
static gboolean search_left(struct call *call, hg_store *store, const hg_erasure *row, gint64 *ret)
{
	struct hg_search_state state;
	gint64 last_n;

	if (!hg_store_event_since(store, row->at_ms + 1, &last_n, &call->error))
		return FALSE;
	hg_search_state(call->api->ports.search, &state);
	*ret = state.clean_n < last_n;
	return TRUE;
}

/* left: files, and the log, that are still to be deleted; what is removed holds when it is 0. */
void hg_read_erasure(struct call *call, hg_store *store)
{
	hg_erasure *row = NULL;
	gint64 left, index = 0;

	if (!hg_store_erasure_by_id(store, call->arena, call->param[0], &row, &call->error) ||
	    !hg_store_unlink_waits(store, &left, &call->error))
		return;
	if (!row) {
		hg_fail(&call->error, HG_ERROR_MISSING, "there is no erasure \"%.40s\"", call->param[0]);
		return;
	}
	if (!search_left(call, store, row, &index))
		return;
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "erasure");
	hg_erasure_write(row, id_of(call, store, row->contact_n), call->out);
	hg_json_add_int(call->out, "left", left + index);
	hg_json_close(call->out, '}');
}

/* ---- looking for some ---- */

/* An address, or how one begins: a number, or something with "@" or ":" in it. */
static gboolean is_address(const char *q)
{
	return strpbrk(q, "@:") || *q == '+' || (g_ascii_isdigit(*q) && strspn(q, "0123456789 -()./") == strlen(q));
}

/* "+44 7700 900-100" as it is kept: "+447700900100". */
static char *plain_address(const char *q)
{
	gboolean number = !strpbrk(q, "@:");
	GString *out = g_string_new(NULL);

	for (; *q; q++)
		if (!number || *q == '+' || g_ascii_isdigit(*q))
			g_string_append_c(out, g_ascii_tolower(*q));
	return g_string_free(out, FALSE);
}

/* Whatever scheme it is of, unless it says so; numbers also where the "+" before them was left out. */
static gboolean begins_of(struct call *call, hg_store *store, const char *plain, GPtrArray *ret)
{
	g_autoptr(GPtrArray) schemes = g_ptr_array_new();

	if (!hg_store_alias_schemes(store, call->arena, schemes, &call->error))
		return FALSE;
	for (guint i = 0; i < schemes->len; i++) {
		const char *scheme = g_ptr_array_index(schemes, i);

		if (g_str_has_prefix(plain, scheme)) {
			g_ptr_array_set_size(ret, 0);
			g_ptr_array_add(ret, g_strdup(plain));
			return TRUE;
		}
		if (g_ascii_isdigit(*plain))
			g_ptr_array_add(ret, g_strconcat(scheme, "+", plain, NULL));
		g_ptr_array_add(ret, g_strconcat(scheme, plain, NULL));
	}
	return TRUE;
}

static gboolean add_owner(struct call *call, hg_store *store, const hg_alias *alias, GHashTable *had, GPtrArray *contacts)
{
	hg_contact *contact = NULL;

	if (!g_hash_table_add(had, GSIZE_TO_POINTER((gsize)alias->contact_n)))
		return TRUE;
	if (!hg_store_contact_get(store, call->arena, alias->contact_n, &contact, &call->error))
		return FALSE;
	if (contact)
		g_ptr_array_add(contacts, contact);
	return TRUE;
}

/* *ret_next: the last address of a full page. */
static gboolean find_by_address(struct call *call, hg_store *store, const char *q, guint limit, GPtrArray *contacts,
				const char **ret_next)
{
	g_autoptr(GHashTable) had = g_hash_table_new(NULL, NULL);
	g_autoptr(GPtrArray) begins = g_ptr_array_new_with_free_func(g_free), aliases = g_ptr_array_new();
	const char *after = hg_request_query(call->req, "after");
	g_autofree char *plain = plain_address(q);

	if (!begins_of(call, store, plain, begins))
		return FALSE;
	for (guint i = 0; i < begins->len && aliases->len < limit; i++)
		if (!hg_store_alias_begin(store, call->arena, begins->pdata[i], after, limit - aliases->len, aliases,
					  &call->error))
			return FALSE;
	for (guint i = 0; i < aliases->len; i++)
		if (!add_owner(call, store, g_ptr_array_index(aliases, i), had, contacts))
			return FALSE;
	*ret_next = aliases->len >= limit ? ((const hg_alias *)g_ptr_array_index(aliases, aliases->len - 1))->uri : NULL;
	return TRUE;
}

static gboolean find_by_name(struct call *call, hg_store *store, const char *q, guint limit, GPtrArray *contacts,
			     const char **ret_next)
{
	const char *after = hg_request_query(call->req, "after"), *conflicted = hg_request_query(call->req, "conflicted");
	struct hg_contact_query query = { .words = q, .limit = limit, .conflicted = g_strcmp0(conflicted, "true") == 0 };
	hg_contact *last = NULL;
	gint64 next_n;

	if (conflicted && !query.conflicted)
		return hg_fail(&call->error, HG_ERROR_INPUT, "conflicted=%.20s: true is wanted, or nothing", conflicted);
	if (after && !hg_store_contact_by_id(store, call->arena, after, &last, &call->error))
		return FALSE;
	if (after && !last)
		return hg_fail(&call->error, HG_ERROR_MISSING, "after=%.40s: there is no such contact", after);
	query.before_n = last ? last->n : 0;
	if (!hg_store_contact_list(store, call->arena, &query, contacts, &next_n, &call->error))
		return FALSE;
	*ret_next = id_of(call, store, next_n);
	return !call->error;
}

static gboolean find_by_id(struct call *call, hg_store *store, const char *id, GPtrArray *contacts)
{
	hg_contact *contact = NULL;

	if (!hg_store_contact_by_id(store, call->arena, id, &contact, &call->error))
		return FALSE;
	if (contact)
		g_ptr_array_add(contacts, contact);
	return TRUE;
}

static gboolean find(struct call *call, hg_store *store, GPtrArray *contacts, const char **ret_next)
{
	guint limit = (guint)hg_call_number(call, "limit", 1, SHOWN_MOST, SHOWN);
	const char *q = hg_request_query(call->req, "q");

	if (call->error)
		return FALSE;
	if (q && strlen(q) > QUERY_MAX)
		return hg_fail(&call->error, HG_ERROR_LIMIT, "\"q\" has at most %d bytes", QUERY_MAX);
	if (q && hg_id_is(q, "con"))
		return find_by_id(call, store, q, contacts);
	if (q && is_address(q))
		return find_by_address(call, store, q, limit, contacts, ret_next);
	return find_by_name(call, store, q, limit, contacts, ret_next);
}

void hg_read_contacts(struct call *call, hg_store *store)
{
	g_autoptr(GPtrArray) contacts = g_ptr_array_new();
	const char *next = NULL;

	if (!find(call, store, contacts, &next))
		return;
	keep_seen(call, store, contacts);
	hg_json_open(call->out, '{');
	hg_json_key(call->out, "contacts");
	hg_json_open(call->out, '[');
	for (guint i = 0; i < contacts->len; i++) {
		hg_json_open(call->out, '{');
		if (!add_head(call, store, g_ptr_array_index(contacts, i)))
			return;
		hg_json_close(call->out, '}');
	}
	hg_json_close(call->out, ']');
	hg_json_opt_str(call->out, "next", next);
	hg_json_close(call->out, '}');
}
