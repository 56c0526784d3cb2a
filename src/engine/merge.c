/* merge.c - a contact becomes part of another one, and can be taken out again
 *
 * By itself only who was nothing but a browser is merged into whom he turned out to be: a contact with any other address
 * stays, whoever says so, unless people do.  What went along is kept beside it, as it was before. */
#include "turn.h"

#include <string.h>

#include "json.h"
#include "people.h"

#define THREADS_MAX 500		/* one browser's conversations; with more it stays a contact of its own */
#define PAGE	    100
#define DEEPEST	    7		/* who was merged into whom was merged: as far as hg_case_contact() goes, less one */

/* ---- what there is of a contact ---- */

static gboolean only_browsers(const GPtrArray *aliases)
{
	for (guint i = 0; i < aliases->len; i++)
		if (!hg_visitor_is_anonymous(((const hg_alias *)g_ptr_array_index(aliases, i))->uri))
			return FALSE;
	return TRUE;
}

static gboolean add_threads(hg_turn *turn, const hg_contact *contact, gboolean shadow, GPtrArray *ret, GError **error)
{
	struct hg_thread_query query = { .shadow = shadow, .contact_id = contact->id, .limit = PAGE };
	guint before;

	do {
		before = ret->len;
		if (!hg_store_thread_list(turn->store, turn->arena, &query, ret, error))
			return FALSE;
		if (ret->len > before)
			query.before_n = ((const hg_thread *)g_ptr_array_index(ret, ret->len - 1))->n;
	} while (ret->len == before + PAGE && ret->len <= THREADS_MAX);
	return TRUE;
}

/* ---- provenance ---- */

static void note_thread(GString *out, const hg_thread *thread)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", thread->id);
	hg_json_add_str(out, "key", thread->key);
	hg_json_add_str(out, "channel", thread->channel);
	hg_json_add_str(out, "reply_to", thread->reply_to);
	hg_json_add_str(out, "reply_from", thread->reply_from);
	hg_json_close(out, '}');
}

static const char *note_all(hg_turn *turn, const GPtrArray *aliases, const GPtrArray *threads)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "addresses");
	hg_json_open(out, '[');
	for (guint i = 0; i < aliases->len; i++)
		hg_json_put_str(out, ((const hg_alias *)g_ptr_array_index(aliases, i))->uri);
	hg_json_close(out, ']');
	hg_json_key(out, "threads");
	hg_json_open(out, '[');
	for (guint i = 0; i < threads->len; i++)
		note_thread(out, g_ptr_array_index(threads, i));
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	return hg_arena_mem(turn->arena, out->str, out->len);
}

/* ---- moving ---- */

static gboolean move_aliases(hg_turn *turn, const GPtrArray *aliases, gint64 to, GError **error)
{
	for (guint i = 0; i < aliases->len; i++) {
		hg_alias *alias = g_ptr_array_index(aliases, i);

		alias->contact_n = to;
		if (!hg_store_alias_update(turn->store, alias, error))
			return FALSE;
	}
	turn->addresses_of = 0;
	return TRUE;
}

/* A second one that is open beside another goes by a key of its own. */
static gboolean move_thread(hg_turn *turn, hg_thread *thread, hg_contact *to, GError **error)
{
	hg_case kase = { .contact = to, .thread = thread };

	thread->contact_n = to->n;
	if (thread->state == HG_THREAD_OPEN && !hg_thread_make_room(turn, &kase, error))
		return FALSE;
	return hg_store_thread_update(turn->store, thread, error);
}

/* Answers reach all of his devices, not the browser he had when nobody knew him.  uri NULL: they go where they went. */
static gboolean move_reply(hg_turn *turn, hg_thread *thread, const char *uri, GError **error)
{
	gint64 last_in_ms;

	if (!uri || !hg_visitor_is_anonymous(thread->reply_to))
		return TRUE;
	if (!hg_store_reach_get(turn->store, thread->channel, thread->reply_to, &last_in_ms, error) ||
	    (last_in_ms && !hg_store_reach_in(turn->store, thread->channel, uri, last_in_ms, error)))
		return FALSE;
	thread->reply_to = uri;
	return hg_store_visit_add(turn->store, uri, thread->n, error);
}

static gboolean move_threads(hg_turn *turn, const GPtrArray *threads, hg_contact *to, const char *uri, GError **error)
{
	for (guint i = 0; i < threads->len; i++) {
		hg_thread *thread = g_ptr_array_index(threads, i);

		if (!move_reply(turn, thread, uri, error) || !move_thread(turn, thread, to, error))
			return FALSE;
	}
	return TRUE;
}

static void inherit(hg_case *kase, const hg_contact *former)
{
	hg_contact *contact = kase->contact;

	kase->contact_changed = TRUE;
	contact->last_ticket_ms = MAX(contact->last_ticket_ms, former->last_ticket_ms);
	contact->name = contact->name ?: former->name;
	contact->opted_out |= former->opted_out;
	if (!contact->blocked_ms)
		hg_block_copy(former, contact);
}

/* In the newest of the conversations, where people look; of no conversation when there is none.  who: whose it is now. */
static gboolean tell(hg_turn *turn, hg_contact *who, const GPtrArray *threads, const struct hg_payload *news, GError **error)
{
	hg_case kase = { .contact = who, .thread = threads->len ? g_ptr_array_index(threads, 0) : NULL };
	struct hg_payload alone = *news;

	if (kase.thread)
		return hg_event_tell(turn, &kase, news, error) && hg_case_save(turn, &kase, error);
	alone.contact = who;
	return hg_event_tell(turn, NULL, &alone, error);
}

static void log_merge(const hg_contact *former, const hg_contact *into, const char *event, guint threads)
{
	struct hg_ctx ctx = HG_CTX(NULL, "contact", former->id);

	hg_info(&ctx, event, "%s %s, with %u conversations", strcmp(event, "contact.merged") == 0 ? "is part of" :
		"is no part any more of", into->id, threads);
}

/* former, with all that is listed, becomes part of kase->contact; saves the case. */
static gboolean merge(hg_turn *turn, hg_case *kase, hg_contact *former, const GPtrArray *aliases, const GPtrArray *threads,
		      const char *uri, const char *why, GError **error)
{
	hg_merge row = { .from_n = former->n, .into_n = kase->contact->n, .at_ms = turn->now_ms, .why = why };

	row.moved = note_all(turn, aliases, threads);
	former->merged_into = kase->contact->n;
	inherit(kase, former);
	if (!hg_store_merge_add(turn->store, &row, error) ||
	    !hg_store_contact_update(turn->store, former, error) ||
	    !move_aliases(turn, aliases, kase->contact->n, error) || !hg_case_save(turn, kase, error) ||
	    !move_threads(turn, threads, kase->contact, uri, error))
		return FALSE;
	log_merge(former, kase->contact, "contact.merged", threads->len);
	return tell(turn, kase->contact, threads, &(struct hg_payload){ .type = "contact.merged", .other = former,
									.reason = why }, error);
}

static gboolean add_all(hg_turn *turn, const hg_contact *former, GPtrArray *aliases, GPtrArray *threads, GError **error)
{
	return hg_store_alias_list(turn->store, turn->arena, former->n, aliases, error) &&
	       add_threads(turn, former, FALSE, threads, error) && add_threads(turn, former, TRUE, threads, error);
}

gboolean hg_merge_visitor(hg_turn *turn, hg_case *kase, hg_contact *former, const char *uri, hg_contact **ret_merged,
			  guint *ret_threads, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new(), threads = g_ptr_array_new();

	if (!add_all(turn, former, aliases, threads, error))
		return FALSE;
	if (!only_browsers(aliases) || threads->len > THREADS_MAX)
		return TRUE;
	if (!merge(turn, kase, former, aliases, threads, uri, "the site's server says who this visitor is", error))
		return FALSE;
	*ret_merged = former;
	*ret_threads = threads->len;
	return TRUE;
}

/* ---- by hand ---- */

/* How many merges lead to it one behind the other; more than most are not counted. */
static gboolean depth_of(hg_turn *turn, gint64 contact_n, guint most, guint *ret, GError **error)
{
	g_autoptr(GPtrArray) rows = g_ptr_array_new();

	*ret = 0;
	if (!most)
		return TRUE;
	if (!hg_store_merge_list(turn->store, turn->arena, contact_n, rows, error))
		return FALSE;
	for (guint i = 0; i < rows->len; i++) {
		const hg_merge *row = g_ptr_array_index(rows, i);
		guint below;

		if (row->into_n != contact_n || row->undone_ms)
			continue;
		if (!depth_of(turn, row->from_n, most - 1, &below, error))
			return FALSE;
		*ret = MAX(*ret, below + 1);
	}
	return TRUE;
}

static gboolean may_merge(hg_turn *turn, const hg_contact *former, const hg_contact *into, GError **error)
{
	guint depth;

	if (former->n == into->n)
		return hg_fail(error, HG_ERROR_INPUT, "contact %s cannot become part of itself", into->id);
	if (former->erased_ms || into->erased_ms)
		return hg_fail(error, HG_ERROR_STATE, "contact %s was erased", former->erased_ms ? former->id : into->id);
	if (!depth_of(turn, former->n, DEEPEST, &depth, error))
		return FALSE;
	return depth < DEEPEST || hg_fail(error, HG_ERROR_LIMIT, "contact %s is made of merged ones, %d deep: merge %s into it "
					  "instead", former->id, DEEPEST, into->id);
}

static void answer_merged(hg_turn *turn, const hg_contact *former, const hg_contact *into, guint threads)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "contact", into->id);
	hg_json_add_str(out, "merged", former->id);
	hg_json_add_int(out, "threads", threads);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

/* People have looked: whose address was in doubt is not any more. */
gboolean hg_merge_command(hg_turn *turn, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new(), threads = g_ptr_array_new();
	const hg_command *command = turn->command;
	g_autofree char *why = g_strconcat("merged by ", command->agent ?: command->principal ?: "the API", NULL);
	hg_contact *former;
	hg_case kase = { 0 };

	if (!hg_contact_load(turn, command->text, &former, error) ||
	    !hg_contact_load(turn, command->into, &kase.contact, error) ||
	    !may_merge(turn, former, kase.contact, error) || !add_all(turn, former, aliases, threads, error))
		return FALSE;
	if (threads->len > THREADS_MAX)
		return hg_fail(error, HG_ERROR_LIMIT, "contact %s has more than %d conversations: merge %s into it instead",
			       former->id, THREADS_MAX, kase.contact->id);
	if (former->conflicted && kase.contact->conflicted)
		former->conflicted = kase.contact->conflicted = FALSE;
	if (!merge(turn, &kase, former, aliases, threads, NULL, hg_arena_str(turn->arena, why), error))
		return FALSE;
	answer_merged(turn, former, kase.contact, threads->len);
	return TRUE;
}

/* ---- undone ---- */

/* What is still the other's: somebody may have given it to a third one since. */
static gboolean aliases_of(hg_turn *turn, struct json_object *uris, gint64 owner, GPtrArray *ret, GError **error)
{
	for (gsize i = 0; uris && i < json_object_array_length(uris); i++) {
		hg_alias *alias;

		if (!hg_store_alias_find(turn->store, turn->arena, json_object_get_string(json_object_array_get_idx(uris, i)),
					 &alias, error))
			return FALSE;
		if (alias && alias->contact_n == owner)
			g_ptr_array_add(ret, alias);
	}
	return TRUE;
}

static gboolean is_open_as(hg_turn *turn, const hg_contact *contact, const hg_thread *thread, const char *key, gboolean *ret,
			   GError **error)
{
	g_autoptr(GPtrArray) others = g_ptr_array_new();

	*ret = FALSE;
	if (!hg_store_thread_of(turn->store, turn->arena, contact->n, thread->scope, key, PAGE, others, error))
		return FALSE;
	for (guint i = 0; i < others->len; i++)
		*ret |= ((const hg_thread *)g_ptr_array_index(others, i))->state == HG_THREAD_OPEN;
	return TRUE;
}

/* Answers go where they went, unless they go to an address that is its own by now, or went to one that is not any more. */
static gboolean put_back(hg_turn *turn, hg_thread *thread, struct json_object *was, hg_contact *to, GError **error)
{
	const char *key = hg_json_str(was, "key") ?: "";
	hg_alias *alias = NULL;
	gboolean taken;

	if (thread->reply_to && !hg_store_alias_find(turn->store, turn->arena, thread->reply_to, &alias, error))
		return FALSE;
	if (!alias || alias->contact_n != to->n) {
		thread->channel = hg_arena_str(turn->arena, hg_json_str(was, "channel"));
		thread->reply_to = hg_arena_str(turn->arena, hg_json_str(was, "reply_to"));
		thread->reply_from = hg_arena_str(turn->arena, hg_json_str(was, "reply_from"));
	}
	if (!hg_moved_check(turn, to, thread, error) || !is_open_as(turn, to, thread, key, &taken, error))
		return FALSE;
	if (!taken)
		thread->key = hg_arena_str(turn->arena, key);
	return move_thread(turn, thread, to, error);
}

static gboolean threads_back(hg_turn *turn, struct json_object *all, gint64 owner, hg_contact *to, GPtrArray *ret,
			     GError **error)
{
	for (gsize i = 0; all && i < json_object_array_length(all); i++) {
		struct json_object *was = json_object_array_get_idx(all, i);
		hg_thread *thread;

		if (!hg_store_thread_by_id(turn->store, turn->arena, hg_json_str(was, "id"), &thread, error))
			return FALSE;
		if (!thread || thread->contact_n != owner)
			continue;
		if (!put_back(turn, thread, was, to, error))
			return FALSE;
		g_ptr_array_add(ret, thread);
	}
	return TRUE;
}

/* His tokens stay refused; the next time he is identified he is merged again. */
static gboolean forget_into(hg_turn *turn, const GPtrArray *aliases, GError **error)
{
	for (guint i = 0; i < aliases->len; i++) {
		hg_visitor *row;

		if (!hg_store_visitor_get(turn->store, turn->arena, ((const hg_alias *)g_ptr_array_index(aliases, i))->uri, "",
					  &row, error))
			return FALSE;
		if (!row || !row->into)
			continue;
		row->into = NULL;
		if (!hg_store_visitor_set(turn->store, row, error))
			return FALSE;
	}
	return TRUE;
}

static gboolean load_merged(hg_turn *turn, hg_contact **ret, hg_merge **ret_merge, GError **error)
{
	const char *id = turn->command->text;

	if (!hg_contact_by_id(turn, id, ret, error) ||
	    !hg_store_merge_of(turn->store, turn->arena, (*ret)->n, ret_merge, error))
		return FALSE;
	return ((*ret)->merged_into && !(*ret)->erased_ms && *ret_merge && !(*ret_merge)->undone_ms) ||
	       hg_fail(error, HG_ERROR_STATE, "contact %s is not part of another one", id);
}

static void answer(hg_turn *turn, const hg_contact *contact, const hg_contact *from, guint threads)
{
	GString *out = turn->engine->scratch;

	g_string_truncate(out, 0);
	hg_json_open(out, '{');
	hg_json_add_str(out, "contact", contact->id);
	hg_json_add_str(out, "from", from->id);
	hg_json_add_int(out, "threads", threads);
	hg_json_close(out, '}');
	turn->answer = hg_arena_mem(turn->arena, out->str, out->len);
}

/* Who of the two wants no messages is what their own addresses said. */
static gboolean fold_again(hg_turn *turn, hg_contact *contact, GError **error)
{
	hg_case kase = { .contact = contact };

	return hg_consent_fold(turn, &kase, error) && hg_case_save(turn, &kase, error);
}

gboolean hg_unmerge(hg_turn *turn, GError **error)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new(), threads = g_ptr_array_new();
	g_autofree char *why = g_strconcat("taken apart by ", turn->command->agent ?: turn->command->principal ?: "the API", NULL);
	g_autoptr(json_object) moved = NULL;
	hg_contact *contact, *from;
	hg_merge *merge;

	if (!load_merged(turn, &contact, &merge, error) || !hg_case_contact(turn, merge->into_n, &from, error))
		return FALSE;
	moved = hg_json_parse(merge->moved, strlen(merge->moved), NULL, error);
	if (!moved)
		return FALSE;
	merge->undone_ms = turn->now_ms;
	contact->merged_into = 0;
	if (!hg_store_merge_update(turn->store, merge, error) || !hg_store_contact_update(turn->store, contact, error) ||
	    !aliases_of(turn, hg_json_arr(moved, "addresses"), from->n, aliases, error) ||
	    !move_aliases(turn, aliases, contact->n, error) || !forget_into(turn, aliases, error) ||
	    !threads_back(turn, hg_json_arr(moved, "threads"), from->n, contact, threads, error) ||
	    !hg_moved_apart(turn, from, aliases, error) ||
	    !fold_again(turn, contact, error) || !fold_again(turn, from, error))
		return FALSE;
	log_merge(contact, from, "contact.unmerged", threads->len);
	return tell(turn, contact, threads, &(struct hg_payload){ .type = "contact.unmerged", .other = from,
								  .reason = hg_arena_str(turn->arena, why) }, error) &&
	       (answer(turn, contact, from, threads->len), TRUE);
}
