/* test_store.c - what goes into the store comes out of it: contacts, threads, messages, tickets, log */
#include "store_fixture.h"

#include <string.h>

/* ---- contacts ---- */
static void a_contact_comes_back_as_it_was_put(void **state)
{
	struct world *w = *state;
	hg_contact *c, *got;

	in_txn(w, c = a_contact(w, "Ana");
	       c->username = "ana"; c->tier = "gold"; c->locale = "pt-BR"; c->fields = "{\"a\":1}";
	       c->opted_out = TRUE; c->conflicted = TRUE;
	       c->merged_into = a_contact(w, NULL)->n;
	       must(hg_store_contact_update(w->store, c, e)));
	must(hg_store_contact_by_id(w->store, w->arena, c->id, &got, e));
	assert_int_equal(got->n, c->n);
	assert_string_equal(got->id, c->id);
	assert_string_equal(got->name, "Ana");
	assert_string_equal(got->username, "ana");
	assert_string_equal(got->tier, "gold");
	assert_string_equal(got->locale, "pt-BR");
	assert_string_equal(got->fields, "{\"a\":1}");
	assert_true(got->opted_out && got->conflicted);
	assert_int_equal(got->created_ms, T0);
	assert_int_equal(got->merged_into, c->merged_into);
	must(hg_store_contact_get(w->store, w->arena, c->merged_into, &got, e));
	assert_null(got->name);
	assert_int_equal(got->merged_into, 0);
}

static void what_is_not_there_is_null_and_no_error(void **state)
{
	struct world *w = *state;
	hg_contact *c = (void *)1;
	hg_thread *t = (void *)1;
	hg_message *m = (void *)1;
	hg_event *v = (void *)1;
	hg_ticket *k = (void *)1;
	hg_alias *a = (void *)1;

	must(hg_store_contact_get(w->store, w->arena, 5, &c, e));
	must(hg_store_thread_by_id(w->store, w->arena, "thr_no", &t, e));
	must(hg_store_message_get(w->store, w->arena, -1, &m, e));
	must(hg_store_event_by_id(w->store, w->arena, "", &v, e));
	must(hg_store_ticket_by_number(w->store, w->arena, "TK-1", &k, e));
	must(hg_store_alias_find(w->store, w->arena, "tel:+1", &a, e));
	assert_true(!c && !t && !m && !v && !k && !a);
}

static void changing_what_is_not_there_is_told(void **state)
{
	struct world *w = *state;
	hg_contact c = { .n = 99 };
	hg_message m = { .n = 99, .text = "" };

	must(hg_store_begin(w->store, e));
	must_fail(HG_ERROR_MISSING, hg_store_contact_update(w->store, &c, e));
	must_fail(HG_ERROR_MISSING, hg_store_message_update(w->store, &m, e));
	must_fail(HG_ERROR_MISSING, hg_store_receipt_adopt(w->store, 4, 4, e));
	must_fail(HG_ERROR_MISSING, hg_store_idem_answer(w->store, "p", "k", "{}", e));
	hg_store_rollback(w->store);
}

static void an_address_belongs_to_one_contact(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_contact *ana, *bo;
	hg_alias alias, *got;

	must(hg_store_begin(w->store, e));
	ana = a_contact(w, "Ana");
	bo = a_contact(w, "Bo");
	alias = (hg_alias){ "tel:+447700900123", ana->n, HG_CLAIMED, T0 };
	must(hg_store_alias_add(w->store, &alias, e));
	must(hg_store_savepoint(w->store, e));
	alias.contact_n = bo->n;
	must_fail(HG_ERROR_CONFLICT, hg_store_alias_add(w->store, &alias, e));
	must(hg_store_rollback_to(w->store, e));
	alias.proof = HG_PROVEN;
	must(hg_store_alias_update(w->store, &alias, e));
	must(hg_store_commit(w->store, e));

	must(hg_store_alias_find(w->store, w->arena, "tel:+447700900123", &got, e));
	assert_int_equal(got->contact_n, bo->n);
	assert_int_equal(got->proof, HG_PROVEN);
	must(hg_store_alias_list(w->store, w->arena, bo->n, list, e));
	assert_int_equal(list->len, 1);
	in_txn(w, must(hg_store_alias_delete(w->store, "tel:+447700900123", e)));
	must(hg_store_alias_find(w->store, w->arena, "tel:+447700900123", &got, e));
	assert_null(got);
}

static void an_address_of_nobody_is_refused(void **state)
{
	struct world *w = *state;
	hg_alias alias = { "tel:+1", 77, HG_CLAIMED, T0 };

	must(hg_store_begin(w->store, e));
	must_fail(HG_ERROR_BROKEN, hg_store_alias_add(w->store, &alias, e));
	hg_store_rollback(w->store);
}

static void reach_moves_forward_only(void **state)
{
	struct world *w = *state;
	gint64 last = 7;

	must(hg_store_reach_get(w->store, "wa", "tel:+1", &last, e));
	assert_int_equal(last, 0);
	in_txn(w, must(hg_store_reach_in(w->store, "wa", "tel:+1", 200, e));
	       must(hg_store_reach_in(w->store, "wa", "tel:+1", 100, e)));
	must(hg_store_reach_get(w->store, "wa", "tel:+1", &last, e));
	assert_int_equal(last, 200);
	must(hg_store_reach_get(w->store, "sms", "tel:+1", &last, e));
	assert_int_equal(last, 0);
}

static void a_visitor_is_kept_by_browser_and_a_visit_by_thread(void **state)
{
	struct world *w = *state;
	const hg_visitor one = { .uri = "widget:a", .browser = "", .channel = "web", .since_ms = 1, .ended_ms = 2, .into = "widget:u",
				 .user = "user:default:7", .email = "mailto:a@example.com", .vouched = TRUE, .profile = "{}" };
	const hg_visit read = { .uri = "widget:a", .thread_n = 7, .read_n = 1, .mailed_n = 2, .mailed_ms = 3, .pushed_n = 4 };
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	hg_visitor *got, other = one;
	hg_visit *visit;

	other.browser = "b";
	other.ended_ms = 9;
	in_txn(w, must(hg_store_visitor_set(w->store, &one, e)); must(hg_store_visitor_set(w->store, &other, e));
	       must(hg_store_visit_add(w->store, "widget:a", 7, e)); must(hg_store_visit_set(w->store, &read, e));
	       must(hg_store_visit_add(w->store, "widget:a", 7, e)); must(hg_store_visit_add(w->store, "widget:a", 8, e));
	       must(hg_store_visit_add(w->store, "widget:b", 7, e)));
	must(hg_store_visitor_get(w->store, w->arena, "widget:a", NULL, &got, e));
	assert_true(got->since_ms == 1 && got->ended_ms == 2 && got->vouched);
	assert_string_equal(got->channel, "web");
	assert_string_equal(got->into, "widget:u");
	assert_string_equal(got->user, "user:default:7");
	assert_string_equal(got->email, "mailto:a@example.com");
	assert_string_equal(got->profile, "{}");
	must(hg_store_visitor_get(w->store, w->arena, "widget:b", NULL, &got, e));
	assert_null(got);
	must(hg_store_visit_get(w->store, w->arena, "widget:a", 7, &visit, e));
	assert_true(visit->read_n == 1 && visit->mailed_n == 2 && visit->mailed_ms == 3 && visit->pushed_n == 4);
	must(hg_store_visit_get(w->store, w->arena, "widget:b", 8, &visit, e));
	assert_null(visit);
	must(hg_store_visit_list(w->store, w->arena, 7, rows, e));
	assert_int_equal(rows->len, 2);
}

static void a_merge_is_kept_until_it_is_undone(void **state)
{
	struct world *w = *state;
	hg_merge merge = { .at_ms = 5, .why = "w", .moved = "{}" }, *got;

	must(hg_store_begin(w->store, e));
	merge.from_n = a_contact(w, "Ana")->n;
	merge.into_n = a_contact(w, "Bo")->n;
	must(hg_store_merge_add(w->store, &merge, e));
	merge.undone_ms = 8;
	must(hg_store_merge_update(w->store, &merge, e));
	merge.undone_ms = 0;
	merge.why = "again";
	must(hg_store_merge_add(w->store, &merge, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_merge_of(w->store, w->arena, merge.from_n, &got, e));
	assert_true(got->n == merge.n && got->into_n == merge.into_n && got->at_ms == 5 && !got->undone_ms);
	assert_string_equal(got->why, "again");
	must(hg_store_merge_of(w->store, w->arena, merge.into_n, &got, e));
	assert_null(got);
}

static void what_is_unread_is_counted_up_to_a_hundred(void **state)
{
	struct world *w = *state;
	const struct hg_view view = { .uri = "widget:a", .scope = "default" };
	hg_visit visit = { .uri = "widget:a" };
	hg_message *message = NULL;
	hg_thread *thread;
	gint64 read_n;
	guint unread;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, "Ana"), "");
	for (int i = 0; i < HG_UNREAD_MAX + 5; i++) {
		message = a_message(w, thread, HG_OUTBOUND, "hello");
		message->delivery = HG_DLV_SENT;
		must(hg_store_message_update(w->store, message, e));
	}
	visit.thread_n = thread->n;
	must(hg_store_visit_set(w->store, &visit, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_unread(w->store, w->arena, &view, thread, &unread, &read_n, e));
	assert_true(unread == HG_UNREAD_MAX && read_n == 0);
	visit.read_n = message->prev_n;
	in_txn(w, must(hg_store_visit_set(w->store, &visit, e)));
	must(hg_store_unread(w->store, w->arena, &view, thread, &unread, &read_n, e));
	assert_true(unread == 1 && read_n == message->prev_n);
}

static void consent_is_by_address_channel_and_our_address(void **state)
{
	struct world *w = *state;
	hg_consent one = { .uri = "tel:+1", .channel = "sms", .ours = "tel:+9", .state = HG_WISH_STOP, .source = "word",
			   .words = "STOP", .who = "Mia", .code = 7, .blocked = 1, .said_ms = 1, .heard_ms = 2,
			   .again_ms = 3, .told_ms = 4, .told_n = 5 };
	const struct hg_consent_query all = { .limit = 2 }, stops = { .state = HG_WISH_STOP, .channel = "wa", .limit = 9 },
		next = { .after_uri = "tel:+1", .after_channel = "sms", .after_ours = "tel:+9", .limit = 9 };
	g_autoptr(GPtrArray) rows = g_ptr_array_new();
	hg_consent two = one, *got;

	two.ours = "";
	two.channel = "wa";
	in_txn(w, must(hg_store_consent_set(w->store, &one, e)); must(hg_store_consent_set(w->store, &two, e));
	       two.state = HG_WISH_START; must(hg_store_consent_set(w->store, &two, e));
	       two.uri = "tel:+2"; two.state = HG_WISH_STOP; must(hg_store_consent_set(w->store, &two, e));
	       two.uri = "tel:+3"; two.state = HG_WISH_NONE; must(hg_store_consent_set(w->store, &two, e)));
	must(hg_store_consent_of(w->store, w->arena, "tel:+1", "sms", rows, e));
	assert_int_equal(rows->len, 1);
	got = rows->pdata[0];
	assert_string_equal(got->ours, "tel:+9");
	assert_string_equal(got->source, "word");
	assert_string_equal(got->words, "STOP");
	assert_string_equal(got->who, "Mia");
	assert_true(got->state == HG_WISH_STOP && got->code == 7 && got->blocked == 1 && got->said_ms == 1 &&
		    got->heard_ms == 2 && got->again_ms == 3 && got->told_ms == 4 && got->told_n == 5);
	g_ptr_array_set_size(rows, 0);
	must(hg_store_consent_of(w->store, w->arena, "tel:+1", NULL, rows, e));
	assert_int_equal(rows->len, 2);
	assert_int_equal(((hg_consent *)rows->pdata[1])->state, HG_WISH_START);
	g_ptr_array_set_size(rows, 0);
	must(hg_store_consent_list(w->store, w->arena, &all, rows, e));
	assert_int_equal(rows->len, 2);
	g_ptr_array_set_size(rows, 0);
	must(hg_store_consent_list(w->store, w->arena, &next, rows, e));
	assert_int_equal(rows->len, 2);	/* of NONE nothing is said */
	g_ptr_array_set_size(rows, 0);
	must(hg_store_consent_list(w->store, w->arena, &stops, rows, e));
	assert_int_equal(rows->len, 1);
	assert_string_equal(((hg_consent *)rows->pdata[0])->uri, "tel:+2");
}


/* ---- threads ---- */
static void a_thread_comes_back_as_it_was_put(void **state)
{
	/* Static, for what lies between its members is compared as well. */
	static const hg_thread like = { .scope = "default", .key = "", .subject = "Bill",
		.state = HG_THREAD_OPEN, .resolution = HG_RES_RESOLVED, .opened_ms = 1,
		.last_ms = 2, .first_message_ms = 3, .last_customer_ms = 4, .first_response_ms = 5, .first_bot_ms = 6,
		.closed_ms = 7, .converted_ms = 8, .messages = 9, .inbound = 10, .outbound = 11, .last_seq = 12,
		.last_event_n = 13, .last_message_n = 14, .channel = "wa", .reply_to = "tel:+1",
		.reply_from = "tel:+2", .last_in_n = 15, .tags = "[\"x\"]", .fields = "{}", .ticket_n = 16,
		.held = TRUE, .reopened = TRUE, .episode = 17, .episode_n = 18, .ep_opened_ms = 19, .ep_customer_ms = 20,
		.ep_bot_ms = 21, .ep_human_ms = 22, .ep_confirmed_ms = 23, .ep_inbound = 24, .ep_bot = 25, .ep_human = 26,
		.ep_real = 27, .noise = 28 };
	struct world *w = *state;
	hg_thread *t, *got, put;

	must(hg_store_begin(w->store, e));
	t = a_thread(w, a_contact(w, "Ana"), "");
	memcpy(&put, &like, sizeof(put));
	put.n = t->n;
	put.contact_n = t->contact_n;
	put.version = t->version;
	memcpy(put.id, t->id, sizeof(put.id));
	must(hg_store_thread_update(w->store, &put, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_thread_get(w->store, w->arena, t->n, &got, e));

	for (gsize i = 0; i < 8; i++) {
		const char *a[] = { put.id, put.scope, put.key, put.subject, put.channel, put.reply_to, put.tags, put.fields };
		const char *b[] = { got->id, got->scope, got->key, got->subject, got->channel, got->reply_to, got->tags,
				    got->fields };
		assert_string_equal(a[i], b[i]);
	}
	/* With the texts made the same, every byte must be. */
	got->scope = put.scope; got->key = put.key; got->subject = put.subject; got->channel = put.channel;
	got->reply_to = put.reply_to; got->tags = put.tags; got->fields = put.fields;
	assert_string_equal(got->reply_from, "tel:+2");
	got->reply_from = put.reply_from;
	assert_memory_equal(got, &put, sizeof(put));
}

static void fifty_first_messages_open_one_thread(void **state)
{
	struct world *w = *state;
	hg_contact *c;
	guint opened = 0;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	for (guint i = 0; i < 50; i++) {
		hg_thread t = { .contact_n = c->n, .scope = "default", .key = "", .state = HG_THREAD_OPEN };
		g_autoptr(GError) error = NULL;

		hg_id_new(&test_env, "thr", t.id);
		must(hg_store_savepoint(w->store, e));
		if (hg_store_thread_add(w->store, &t, &error)) {
			opened++;
			must(hg_store_release(w->store, e));
		} else {
			assert_true(g_error_matches(error, HG_ERROR, HG_ERROR_CONFLICT));
			must(hg_store_rollback_to(w->store, e));
		}
	}
	must(hg_store_commit(w->store, e));
	assert_int_equal(opened, 1);
	assert_int_equal(world_count(w, "SELECT COUNT(*) FROM thread"), 1);
}

static void other_scopes_keys_and_closed_threads_stand_beside_an_open_one(void **state)
{
	struct world *w = *state;
	hg_thread other = { .scope = "brand", .key = "", .state = HG_THREAD_OPEN };
	hg_thread *t;
	hg_contact *c;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	t = a_thread(w, c, "");
	a_thread(w, c, "group:1");
	other.contact_n = c->n;
	hg_id_new(&test_env, "thr", other.id);
	must(hg_store_thread_add(w->store, &other, e));
	t->state = HG_THREAD_CLOSED;
	must(hg_store_thread_update(w->store, t, e));
	a_thread(w, c, "");
	/* The closed one cannot be reopened while another is open. */
	t->state = HG_THREAD_OPEN;
	must(hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_CONFLICT, hg_store_thread_update(w->store, t, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_commit(w->store, e));
}

static void a_thread_read_before_anothers_change_is_not_written(void **state)
{
	struct world *w = *state;
	hg_thread *mine, *theirs;

	must(hg_store_begin(w->store, e));
	mine = a_thread(w, a_contact(w, "Ana"), "");
	must(hg_store_thread_get(w->store, w->arena, mine->n, &theirs, e));
	theirs->subject = "theirs";
	must(hg_store_thread_update(w->store, theirs, e));
	assert_int_equal(theirs->version, mine->version + 1);
	mine->subject = "mine";
	must_fail(HG_ERROR_STATE, hg_store_thread_update(w->store, mine, e));
	mine->state = HG_THREAD_CLOSED;		/* nor on the way that moves the state */
	must_fail(HG_ERROR_STATE, hg_store_thread_update(w->store, mine, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_thread_get(w->store, w->arena, mine->n, &theirs, e));
	assert_string_equal(theirs->subject, "theirs");
}

static guint threads_found(struct world *w, const struct hg_thread_query *query, gint64 *ret_first)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new();

	must(hg_store_thread_list(w->store, w->arena, query, list, e));
	for (guint i = 1; i < list->len; i++)
		assert_true(((hg_thread *)list->pdata[i])->n < ((hg_thread *)list->pdata[i - 1])->n);
	if (ret_first)
		*ret_first = list->len ? ((hg_thread *)list->pdata[0])->n : 0;
	return list->len;
}

static void threads_are_listed_newest_first_by_state_contact_and_channel(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) of = g_ptr_array_new();
	hg_contact *ana, *bo;
	hg_thread *t[6];
	gint64 first;

	must(hg_store_begin(w->store, e));
	ana = a_contact(w, "Ana");
	bo = a_contact(w, "Bo");
	for (int i = 0; i < 6; i++) {
		t[i] = a_thread(w, i % 2 ? bo : ana, i < 2 ? "" : i < 4 ? "k1" : "k2");
		t[i]->channel = i < 3 ? "wa" : "sms";
		t[i]->state = i == 5 ? HG_THREAD_CLOSED : HG_THREAD_OPEN;
		must(hg_store_thread_update(w->store, t[i], e));
	}
	must(hg_store_commit(w->store, e));

	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 100 }, &first), 6);
	assert_int_equal(first, t[5]->n);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 2, .before_n = t[5]->n }, &first), 2);
	assert_int_equal(first, t[4]->n);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .state = HG_THREAD_OPEN }, &first), 5);
	assert_int_equal(first, t[4]->n);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 2, .state = HG_THREAD_OPEN,
				       .before_n = t[4]->n }, &first), 2);
	assert_int_equal(first, t[3]->n);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .state = HG_THREAD_CLOSED }, NULL), 1);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .channel = "wa" }, NULL), 3);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .contact_id = bo->id }, NULL), 3);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .contact_id = bo->id,
				       .state = HG_THREAD_OPEN, .channel = "sms" }, NULL), 1);
	assert_int_equal(threads_found(w, &(struct hg_thread_query){ .limit = 9, .contact_id = "con_no" }, NULL), 0);

	must(hg_store_thread_of(w->store, w->arena, ana->n, "default", NULL, 2, of, e));
	assert_int_equal(of->len, 2);
	assert_int_equal(((hg_thread *)of->pdata[0])->n, t[4]->n);
	g_ptr_array_set_size(of, 0);
	must(hg_store_thread_of(w->store, w->arena, ana->n, "default", "", 9, of, e));
	assert_int_equal(of->len, 1);
}

/* ---- messages ---- */
static void a_message_comes_back_as_it_was_put(void **state)
{
	struct world *w = *state;
	hg_message put = { .direction = HG_OUTBOUND, .author = HG_BY_AGENT, .kind = HG_IMAGE, .author_name = "Bo",
		.channel = "wa", .external_id = "wamid.1", .address = "tel:+1", .our_address = "tel:+2",
		.subject = "s", .text = "h\xc3\xa9llo", .html = "<p>", .payload = "{}", .answers = "wamid.0",
		.at_ms = 1, .sent_ms = 2, .raw_n = 5, .delivery = HG_DLV_QUEUED, .parts = 2 };
	hg_message *got;
	hg_thread *t;

	must(hg_store_begin(w->store, e));
	t = a_thread(w, a_contact(w, "Ana"), "");
	put.thread_n = t->n;
	put.prev_n = a_message(w, t, HG_INBOUND, "hi")->n;
	hg_id_new(&test_env, "msg", put.id);
	must(hg_store_message_add(w->store, &put, e));
	put.edited_ms = 3; put.revoked_ms = 4; put.delivery = HG_DLV_FAILED; put.conflict = TRUE; put.parts_sent = 1;
	put.error = "no"; put.advice = "ring"; put.error_code = 131047; put.note = "n"; put.automatic = TRUE;
	put.forwarded = TRUE; put.echo = TRUE; put.reactions = "{\"tel:+1\":\"x\"}";
	must(hg_store_message_update(w->store, &put, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_message_by_id(w->store, w->arena, put.id, &got, e));
	assert_string_equal(got->text, "h\xc3\xa9llo");
	assert_string_equal(got->author_name, "Bo");
	assert_string_equal(got->external_id, "wamid.1");
	assert_string_equal(got->reactions, put.reactions);
	assert_string_equal(got->error, "no");
	assert_string_equal(got->answers, "wamid.0");
	assert_true(got->automatic && got->forwarded && got->echo && got->conflict);
	assert_int_equal(got->error_code, 131047);
	assert_int_equal(got->prev_n, put.prev_n);
	assert_int_equal(got->raw_n, 5);
	assert_int_equal(got->parts * 10 + got->parts_sent, 21);
	assert_int_equal(got->edited_ms * 10 + got->revoked_ms, 34);
	assert_int_equal(got->sent_ms, 2);
}

static void a_message_without_text_has_an_empty_one(void **state)
{
	struct world *w = *state;
	hg_message *m;

	in_txn(w, m = a_message(w, a_thread(w, a_contact(w, NULL), ""), HG_INBOUND, NULL));
	must(hg_store_message_get(w->store, w->arena, m->n, &m, e));
	assert_string_equal(m->text, "");
}

static void messages_and_events_are_listed_back_along_their_chains(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_thread *a, *b;

	must(hg_store_begin(w->store, e));
	a = a_thread(w, a_contact(w, "Ana"), "");
	b = a_thread(w, a_contact(w, "Bo"), "");
	for (int i = 0; i < 10; i++) {
		a_message(w, i % 2 ? a : b, HG_INBOUND, i % 2 ? "a" : "b");
		an_event(w, i % 2 ? a : b, i % 2 ? "message.received" : "message.sent");
	}
	must(hg_store_commit(w->store, e));
	must(hg_store_message_list(w->store, w->arena, a->last_message_n, 3, list, e));
	assert_int_equal(list->len, 3);
	for (guint i = 0; i < 3; i++)
		assert_string_equal(((hg_message *)list->pdata[i])->text, "a");
	must(hg_store_message_list(w->store, w->arena, ((hg_message *)list->pdata[2])->prev_n, 100, list, e));
	assert_int_equal(list->len, 5);
	g_ptr_array_set_size(list, 0);
	must(hg_store_event_list(w->store, w->arena, b->last_event_n, 100, list, e));
	assert_int_equal(list->len, 5);
	for (guint i = 0; i < 5; i++)
		assert_int_equal(((hg_event *)list->pdata[i])->seq, 5 - i);
	g_ptr_array_set_size(list, 0);
	must(hg_store_event_after(w->store, w->arena, 4, 3, list, e));
	assert_int_equal(list->len, 3);
	assert_int_equal(((hg_event *)list->pdata[0])->n, 5);
	g_ptr_array_set_size(list, 0);
	must(hg_store_message_list(w->store, w->arena, 0, 3, list, e));
	assert_int_equal(list->len, 0);
}

static void attachments_are_listed_in_order(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_attachment a = { .kind = HG_IMAGE, .state = HG_FILE_PENDING, .name = "a.png", .bytes = -1, .ref = "media/1",
			    .expires_ms = 9 }, b = a, *got;
	hg_message *m;

	must(hg_store_begin(w->store, e));
	m = a_message(w, a_thread(w, a_contact(w, "Ana"), ""), HG_INBOUND, "");
	a.message_n = b.message_n = m->n;
	hg_id_new(&test_env, "att", a.id);
	hg_id_new(&test_env, "att", b.id);
	must(hg_store_attachment_add(w->store, &a, e));
	must(hg_store_attachment_add(w->store, &b, e));
	b.state = HG_FILE_FAILED;
	b.type = "image/png";
	b.bytes = 12;
	b.sha256 = "00";
	b.error = "gone";
	must(hg_store_attachment_update(w->store, &b, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_attachment_list(w->store, w->arena, m->n, list, e));
	assert_int_equal(list->len, 2);
	assert_int_equal(((hg_attachment *)list->pdata[0])->n, a.n);
	must(hg_store_attachment_by_id(w->store, w->arena, b.id, &got, e));
	assert_string_equal(got->error, "gone");
	assert_string_equal(got->ref, "media/1");
	must(hg_store_attachment_get(w->store, w->arena, a.n, &got, e));
	assert_int_equal(got->bytes, -1);
	assert_int_equal(got->expires_ms, 9);
}

static void a_receipt_waits_until_its_message_is_known(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_receipt_row by_both = { .channel = "wa", .external_id = "x1", .key = "k1", .state = HG_R_SENT, .got_ms = T0 };
	hg_receipt_row by_key = { .channel = "wa", .key = "k1", .state = HG_R_FAILED, .code = 131026, .text = "no",
				  .detail = "{}", .got_ms = T0 };
	hg_receipt_row other = { .channel = "sms", .external_id = "x1", .state = HG_R_READ, .got_ms = T0 };
	hg_message *m;

	must(hg_store_begin(w->store, e));
	m = a_message(w, a_thread(w, a_contact(w, "Ana"), ""), HG_OUTBOUND, "hi");
	must(hg_store_receipt_add(w->store, &by_both, e));
	must(hg_store_receipt_add(w->store, &by_key, e));
	must(hg_store_receipt_add(w->store, &other, e));
	must(hg_store_receipt_parked(w->store, w->arena, "wa", "x1", "k1", test_now_ms, list, e));
	assert_int_equal(list->len, 2);		/* one has both names and is there once */
	assert_int_equal(((hg_receipt_row *)list->pdata[1])->code, 131026);
	for (guint i = 0; i < list->len; i++)
		must(hg_store_receipt_adopt(w->store, ((hg_receipt_row *)list->pdata[i])->n, m->n, e));
	must_fail(HG_ERROR_MISSING, hg_store_receipt_adopt(w->store, by_both.n, m->n, e));
	must(hg_store_commit(w->store, e));
	g_ptr_array_set_size(list, 0);
	must(hg_store_receipt_parked(w->store, w->arena, "wa", "x1", "k1", test_now_ms, list, e));
	assert_int_equal(list->len, 0);
	must(hg_store_receipt_list(w->store, w->arena, m->n, list, e));
	assert_int_equal(list->len, 2);
	assert_string_equal(((hg_receipt_row *)list->pdata[0])->external_id, "x1");
	must(hg_store_receipt_parked(w->store, w->arena, "sms", NULL, NULL, test_now_ms, list, e));
	assert_int_equal(list->len, 2);
}

/* ---- tickets ---- */
static hg_ticket *a_ticket(struct world *w, const hg_thread *thread, const char *pattern, gint64 first)
{
	hg_ticket *k = hg_arena_alloc(w->arena, sizeof(*k));

	*k = (hg_ticket){ .thread_n = thread->n, .state = HG_TICKET_REQUESTED, .subject = "Bill", .reason = "rule" };
	hg_id_new(&test_env, "tkt", k->id);
	must(hg_store_ticket_add(w->store, w->arena, k, pattern, first, e));
	return k;
}

static void tickets_are_numbered_on_without_repeating(void **state)
{
	struct world *w = *state;
	hg_contact *c;
	hg_ticket *k, *got;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	assert_string_equal(a_ticket(w, a_thread(w, c, "1"), "TK-%d", 1000)->number, "TK-1000");
	assert_string_equal(a_ticket(w, a_thread(w, c, "2"), "TK-%d", 1000)->number, "TK-1001");
	assert_string_equal(a_ticket(w, a_thread(w, c, "3"), "TK-%d", 5000)->number, "TK-5000");
	assert_string_equal(a_ticket(w, a_thread(w, c, "4"), "100%% %d", 1)->number, "100% 5001");
	k = a_ticket(w, a_thread(w, c, "5"), "TK-%d", 1);
	assert_string_equal(k->number, "TK-5002");
	k->state = HG_TICKET_SOLVED;
	k->priority = "high";
	k->confirmed = TRUE;
	k->external_status = "waiting";
	must(hg_store_ticket_update(w->store, k, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_ticket_by_number(w->store, w->arena, "TK-5002", &got, e));
	assert_string_equal(got->id, k->id);
	assert_string_equal(got->priority, "high");
	assert_string_equal(got->external_status, "waiting");
	assert_true(got->confirmed && got->state == HG_TICKET_SOLVED);
	must(hg_store_ticket_by_id(w->store, w->arena, k->id, &got, e));
	must(hg_store_ticket_get(w->store, w->arena, got->n, &got, e));
	assert_string_equal(got->number, "TK-5002");
}

static void a_taken_number_is_passed_over(void **state)
{
	struct world *w = *state;
	hg_contact *c;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	a_ticket(w, a_thread(w, c, "1"), "TK-%d", 7);
	must(hg_store_commit(w->store, e));
	world_plant(w, "DELETE FROM counter");	/* as after a restored backup */
	in_txn(w, assert_string_equal(a_ticket(w, a_thread(w, c, "2"), "TK-%d", 7)->number, "TK-8"));
}

/* R0.7: what the pattern may have besides the counter, and that the counter alone makes it unique. */
static void a_number_has_a_width_and_parts_of_the_date(void **state)
{
	static const struct { const char *pattern, *want; } cases[] = {
		{ "%Y-%06d", "1970-000007" }, { "%d/%m.%y", "8/01.70" }, { "100%% %03d", "100% 009" },
		{ "T%01d", "T10" }, { "%Y", NULL }, { "%06", NULL }, { "%x%d", NULL }, { "%d%", NULL },
	};
	struct world *w = *state;
	hg_contact *c;

	must(hg_store_begin(w->store, e));
	c = a_contact(w, "Ana");
	for (guint i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *key = g_strdup_printf("%u", i);
		hg_ticket k = { .state = HG_TICKET_REQUESTED, .subject = "s", .thread_n = a_thread(w, c, key)->n };

		hg_id_new(&test_env, "tkt", k.id);
		if (cases[i].want) {
			must(hg_store_ticket_add(w->store, w->arena, &k, cases[i].pattern, 7, e));
			assert_string_equal(k.number, cases[i].want);
		} else {
			must_fail(HG_ERROR_CONFIG, hg_store_ticket_add(w->store, w->arena, &k, cases[i].pattern, 7, e));
		}
	}
	must(hg_store_commit(w->store, e));
}

static void a_number_pattern_is_never_a_format(void **state)
{
	struct world *w = *state;
	hg_ticket k = { .state = HG_TICKET_REQUESTED, .subject = "s" };

	must(hg_store_begin(w->store, e));
	k.thread_n = a_thread(w, a_contact(w, "Ana"), "")->n;
	must_fail(HG_ERROR_CONFIG, hg_store_ticket_add(w->store, w->arena, &k, "TK-%s%n", 1, e));
	hg_store_rollback(w->store);
}

/* R0.19: opinions are kept per episode and read for a span of time. */
static void opinions_are_one_for_an_episode_and_read_by_time(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) got = g_ptr_array_new();
	hg_csat one = { .channel = "wa", .resolver = "human", .scale = "5", .comment = "quick" }, *newest;

	must(hg_store_begin(w->store, e));
	one.thread_n = a_thread(w, a_contact(w, "Ana"), "")->n;
	for (int i = 1; i <= 3; i++) {
		one.episode = one.score = i;
		one.at_ms = 1000 * i;
		must(hg_store_csat_add(w->store, &one, e));
	}
	must(hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_CONFLICT, hg_store_csat_add(w->store, &one, e));
	must(hg_store_rollback_to(w->store, e));
	must(hg_store_csat_of(w->store, w->arena, one.thread_n, &newest, e));
	assert_int_equal(newest->score, 3);
	must(hg_store_csat_list(w->store, w->arena, 1000, 3000, 0, 10, got, e));
	assert_int_equal(got->len, 2);
	assert_string_equal(((hg_csat *)got->pdata[0])->comment, "quick");
	g_ptr_array_set_size(got, 0);
	must(hg_store_csat_list(w->store, w->arena, 0, G_MAXINT64, newest->n - 1, 10, got, e));
	assert_int_equal(got->len, 1);
	must(hg_store_commit(w->store, e));
}

static void a_thread_has_one_open_ticket(void **state)
{
	struct world *w = *state;
	hg_ticket *first, second = { .state = HG_TICKET_REQUESTED, .subject = "s" };
	hg_thread *t;

	must(hg_store_begin(w->store, e));
	t = a_thread(w, a_contact(w, "Ana"), "");
	first = a_ticket(w, t, "TK-%d", 1);
	second.thread_n = t->n;
	hg_id_new(&test_env, "tkt", second.id);
	must(hg_store_savepoint(w->store, e));
	must_fail(HG_ERROR_CONFLICT, hg_store_ticket_add(w->store, w->arena, &second, "TK-%d", 1, e));
	must(hg_store_rollback_to(w->store, e));
	first->state = HG_TICKET_SOLVED;
	must(hg_store_ticket_update(w->store, first, e));
	must(hg_store_ticket_add(w->store, w->arena, &second, "TK-%d", 1, e));
	must(hg_store_commit(w->store, e));
}

static void a_ticket_has_one_place_in_each_helpdesk(void **state)
{
	struct world *w = *state;
	g_autoptr(GPtrArray) list = g_ptr_array_new();
	hg_link link = { .backend = "desk", .external_id = "42", .at_ms = T0 };
	hg_ticket *k, *got;

	must(hg_store_begin(w->store, e));
	k = a_ticket(w, a_thread(w, a_contact(w, "Ana"), ""), "TK-%d", 1);
	link.ticket_n = k->n;
	must(hg_store_link_set(w->store, &link, e));
	link.url = "https://desk.example/42";
	must(hg_store_link_set(w->store, &link, e));
	link.url = NULL;
	must(hg_store_link_set(w->store, &link, e));
	link.external_id = "43";
	must_fail(HG_ERROR_CONFLICT, hg_store_link_set(w->store, &link, e));
	link.backend = "crm";
	must(hg_store_link_set(w->store, &link, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_link_list(w->store, w->arena, k->n, list, e));
	assert_int_equal(list->len, 2);
	assert_string_equal(((hg_link *)list->pdata[1])->url, "https://desk.example/42");
	assert_string_equal(((hg_link *)list->pdata[0])->external_id, "43");
	must(hg_store_ticket_by_link(w->store, w->arena, "desk", "42", &got, e));
	assert_string_equal(got->id, k->id);
	must(hg_store_ticket_by_link(w->store, w->arena, NULL, "43", &got, e));
	assert_string_equal(got->id, k->id);
	must(hg_store_ticket_by_link(w->store, w->arena, "desk", "43", &got, e));
	assert_null(got);
}

/* ---- the log ---- */
static void an_event_remembers_what_it_is_about(void **state)
{
	struct world *w = *state;
	hg_decision d = { .at_ms = 1, .config_hash = "h", .on = "message", .action = "convert", .rule = "r",
			  .file = "rules.yaml", .line = 12, .facts = "{\"text\":\"x\"}" }, *got_d;
	hg_event v = { .type = "channel.down", .at_ms = 2, .data = "{\"c\":1}" }, *got;
	const char *text;
	hg_message *m;
	hg_thread *t;

	must(hg_store_begin(w->store, e));
	t = a_thread(w, a_contact(w, "Ana"), "");
	m = a_message(w, t, HG_INBOUND, "x");
	d.thread_n = t->n;
	d.message_n = v.message_n = m->n;
	must(hg_store_decision_add(w->store, &d, e));
	v.decision_n = d.n;
	hg_id_new(&test_env, "evt", v.id);
	must(hg_store_event_add(w->store, &v, e));
	must(hg_store_config_keep(w->store, "h", "rules: []", 1, e));
	must(hg_store_config_keep(w->store, "h", "never written", 2, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_event_by_id(w->store, w->arena, v.id, &got, e));
	assert_int_equal(got->thread_n, 0);
	assert_int_equal(got->decision_n, d.n);
	assert_string_equal(got->data, "{\"c\":1}");
	must(hg_store_decision_get(w->store, w->arena, d.n, &got_d, e));
	assert_string_equal(got_d->on, "message");
	assert_string_equal(got_d->rule, "r");
	assert_int_equal(got_d->line, 12);
	assert_string_equal(got_d->facts, d.facts);
	must(hg_store_config_get(w->store, w->arena, "h", &text, e));
	assert_string_equal(text, "rules: []");
	must(hg_store_config_get(w->store, w->arena, "none", &text, e));
	assert_null(text);
}

static void decisions_are_read_in_order_from_a_time_on(void **state)
{
	static const struct { gint64 since_ms, after_n; } cases[] = {
		{ 0, 0 }, { 100, 0 }, { 101, 1 }, { 110, 1 }, { 111, 2 }, { 190, 9 }, { 191, 10 }, { G_MAXINT64, 10 },
	};
	struct world *w = *state;
	g_autoptr(GPtrArray) got = g_ptr_array_new();
	gint64 after_n;

	must(hg_store_decision_since(w->store, 5, &after_n, e));
	assert_int_equal(after_n, 0);
	must(hg_store_begin(w->store, e));
	for (gint64 at_ms = 100; at_ms < 200; at_ms += 10) {
		hg_decision d = { .at_ms = at_ms, .config_hash = "h", .on = "message", .action = "wait" };

		must(hg_store_decision_add(w->store, &d, e));
	}
	must(hg_store_commit(w->store, e));
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		must(hg_store_decision_since(w->store, cases[i].since_ms, &after_n, e));
		if (after_n != cases[i].after_n)
			fail_msg("since %" G_GINT64_FORMAT ": %" G_GINT64_FORMAT, cases[i].since_ms, after_n);
	}
	must(hg_store_decision_after(w->store, w->arena, 3, 2, got, e));
	assert_int_equal(got->len, 2);
	assert_int_equal(((hg_decision *)g_ptr_array_index(got, 0))->at_ms, 130);
	assert_int_equal(((hg_decision *)g_ptr_array_index(got, 1))->at_ms, 140);
}

static hg_episode *an_episode(struct world *w, const hg_thread *thread, gint64 number, gint64 ended_ms)
{
	hg_episode *episode = hg_arena_alloc(w->arena, sizeof(*episode));

	*episode = (hg_episode){
		.thread_n = thread->n, .number = number, .channel = "wa", .scope = "default", .shadow = TRUE,
		.opened_ms = 1, .customer_ms = 2, .bot_ms = 3, .human_ms = 4, .ended_ms = ended_ms,
		.how = HG_END_CONVERTED, .confirmed_ms = 5, .inbound = 6, .real = 7, .bot = 8, .human = 9, .acked_ms = 10,
		.closed_ms = 11, .resolution = HG_RES_UNRESOLVED, .reopened_ms = 12, .reopen_gap_ms = 13,
		.dropped_ms = 14, .restored_ms = 15 };
	must(hg_store_episode_add(w->store, episode, e));
	return episode;
}

static void an_episode_comes_back_and_only_what_comes_later_changes(void **state)
{
	struct world *w = *state;
	hg_episode *put, *got;

	must(hg_store_begin(w->store, e));
	put = an_episode(w, a_thread(w, a_contact(w, "Ana"), ""), 3, T0);
	must(hg_store_episode_get(w->store, w->arena, put->n, &got, e));
	assert_string_equal(got->channel, "wa");
	assert_string_equal(got->scope, "default");
	got->channel = put->channel; got->scope = put->scope;
	assert_memory_equal(got, put, sizeof(*put));

	got->ended_ms = 99;		/* the past stays as it was */
	got->closed_ms = 100;
	must(hg_store_episode_update(w->store, got, e));
	must(hg_store_commit(w->store, e));
	must(hg_store_episode_get(w->store, w->arena, put->n, &got, e));
	assert_int_equal(got->ended_ms, T0);
	assert_int_equal(got->closed_ms, 100);
}

static void episodes_are_paged_by_their_ends_also_those_of_one_moment(void **state)
{
	struct world *w = *state;
	struct hg_episode_query query = { .since_ms = 10, .until_ms = 30, .limit = 2 };
	static const gint64 ends[] = { 9, 10, 20, 20, 20, 29, 30 };
	guint seen = 0;
	hg_thread *thread;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, "Ana"), "");
	for (gsize i = 0; i < G_N_ELEMENTS(ends); i++)
		an_episode(w, thread, (gint64)i + 1, ends[i]);
	must(hg_store_commit(w->store, e));
	for (;;) {
		g_autoptr(GPtrArray) page = g_ptr_array_new();
		const hg_episode *last;

		must(hg_store_episode_ended(w->store, w->arena, &query, page, e));
		if (!page->len)
			break;
		for (guint i = 0; i < page->len; i++)
			assert_int_equal(((hg_episode *)g_ptr_array_index(page, i))->ended_ms, ends[++seen]);
		last = g_ptr_array_index(page, page->len - 1);
		query.after_ms = last->ended_ms;
		query.after_n = last->n;
	}
	assert_int_equal(seen, 5);
}

static void drops_are_listed_newest_first_and_counted_while_open(void **state)
{
	struct world *w = *state;
	struct hg_drop_query query = { .since_ms = 20, .open_only = TRUE, .limit = 2 };
	g_autoptr(GPtrArray) page = g_ptr_array_new(), rest = g_ptr_array_new();
	static const gint64 dropped[] = { 0, 10, 20, 30, 30, 40 };
	const hg_episode *last;
	hg_thread *thread;
	gint64 open;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, "Ana"), "");
	for (gsize i = 0; i < G_N_ELEMENTS(dropped); i++) {
		hg_episode *episode = an_episode(w, thread, (gint64)i + 1, T0);

		episode->dropped_ms = dropped[i];
		episode->restored_ms = dropped[i] == 40 ? 41 : 0;
		must(hg_store_episode_update(w->store, episode, e));
	}
	must(hg_store_commit(w->store, e));
	must(hg_store_drops_open(w->store, &open, e));
	assert_int_equal(open, 4);
	must(hg_store_episode_dropped(w->store, w->arena, &query, page, e));
	assert_int_equal(page->len, 2);
	last = g_ptr_array_index(page, 1);
	assert_int_equal(last->dropped_ms, 30);
	query.before_ms = last->dropped_ms;
	query.before_n = last->n;
	must(hg_store_episode_dropped(w->store, w->arena, &query, rest, e));
	assert_int_equal(rest->len, 1);
	assert_int_equal(((hg_episode *)g_ptr_array_index(rest, 0))->dropped_ms, 20);
	query = (struct hg_drop_query){ .limit = 9 };
	must(hg_store_episode_dropped(w->store, w->arena, &query, rest, e));
	assert_int_equal(rest->len, 6);
}

static void raw_events_and_cursors_keep_every_byte(void **state)
{
	struct world *w = *state;
	const char bytes[] = "a\0b\xff";
	const void *got;
	const char *cursor;
	gint64 n, empty;
	gsize len;

	in_txn(w, must(hg_store_raw_add(w->store, "wa", "webhook", T0, bytes, 4, &n, e));
	       must(hg_store_raw_add(w->store, "wa", "webhook", T0, NULL, 0, &empty, e));
	       must(hg_store_cursor_set(w->store, "mail", "1:1", e));
	       must(hg_store_cursor_set(w->store, "mail", "1:2", e)));
	must(hg_store_raw_get(w->store, w->arena, n, &got, &len, e));
	assert_int_equal(len, 4);
	assert_memory_equal(got, bytes, 4);
	must(hg_store_raw_get(w->store, w->arena, empty, &got, &len, e));
	assert_true(got && len == 0);
	must(hg_store_raw_get(w->store, w->arena, 99, &got, &len, e));
	assert_null(got);
	must(hg_store_cursor_get(w->store, w->arena, "mail", &cursor, e));
	assert_string_equal(cursor, "1:2");
	must(hg_store_cursor_get(w->store, w->arena, "wa", &cursor, e));
	assert_null(cursor);
}

static void counts_say_how_much_there_is(void **state)
{
	struct world *w = *state;
	struct hg_store_stats stats;

	must(hg_store_stats(w->store, &stats, e));
	assert_true(stats.messages == 0 && stats.contacts == 0);
	in_txn(w, hg_thread *t = a_thread(w, a_contact(w, "Ana"), ""); a_message(w, t, HG_INBOUND, "x");
	       a_message(w, t, HG_INBOUND, "y"); an_event(w, t, "thread.opened"));
	must(hg_store_stats(w->store, &stats, e));
	assert_int_equal(stats.contacts, 1);
	assert_int_equal(stats.threads, 1);
	assert_int_equal(stats.open_threads, 1);
	assert_int_equal(stats.messages, 2);
	assert_int_equal(stats.events, 1);
	assert_true(stats.wal_bytes > 0 || w->options.url);
}

#define store_test(f) cmocka_unit_test_setup_teardown(f, world_new, world_free)
int main(void)
{
	const struct CMUnitTest tests[] = {
		store_test(a_contact_comes_back_as_it_was_put),
		store_test(what_is_not_there_is_null_and_no_error),
		store_test(changing_what_is_not_there_is_told),
		store_test(an_address_belongs_to_one_contact),
		store_test(an_address_of_nobody_is_refused),
		store_test(reach_moves_forward_only),
		store_test(consent_is_by_address_channel_and_our_address),
		store_test(a_visitor_is_kept_by_browser_and_a_visit_by_thread),
		store_test(a_merge_is_kept_until_it_is_undone),
		store_test(what_is_unread_is_counted_up_to_a_hundred),
		store_test(a_thread_comes_back_as_it_was_put),
		store_test(fifty_first_messages_open_one_thread),
		store_test(other_scopes_keys_and_closed_threads_stand_beside_an_open_one),
		store_test(a_thread_read_before_anothers_change_is_not_written),
		store_test(threads_are_listed_newest_first_by_state_contact_and_channel),
		store_test(a_message_comes_back_as_it_was_put),
		store_test(a_message_without_text_has_an_empty_one),
		store_test(messages_and_events_are_listed_back_along_their_chains),
		store_test(attachments_are_listed_in_order),
		store_test(a_receipt_waits_until_its_message_is_known),
		store_test(tickets_are_numbered_on_without_repeating),
		store_test(a_taken_number_is_passed_over),
		store_test(a_number_has_a_width_and_parts_of_the_date),
		store_test(a_number_pattern_is_never_a_format),
		store_test(opinions_are_one_for_an_episode_and_read_by_time),
		store_test(a_thread_has_one_open_ticket),
		store_test(a_ticket_has_one_place_in_each_helpdesk),
		store_test(an_event_remembers_what_it_is_about),
		store_test(decisions_are_read_in_order_from_a_time_on),
		store_test(an_episode_comes_back_and_only_what_comes_later_changes),
		store_test(episodes_are_paged_by_their_ends_also_those_of_one_moment),
		store_test(drops_are_listed_newest_first_and_counted_while_open),
		store_test(raw_events_and_cursors_keep_every_byte),
		store_test(counts_say_how_much_there_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
