/* test_search.c - full-text search: what is found, how far the index is, and that what is forgotten is nowhere in its file */
#include "store_fixture.h"

#include <glib/gstdio.h>
#include <string.h>

#include "search_made.h"

/* ---- what is asked ---- */

static void words_are_put_in_quotes_so_that_nothing_in_them_has_a_meaning(void **state)
{
	static const struct { const char *q, *match; } rows[] = {
		{ "printer", "(\"printer\")" },
		{ "  red   printer ", "(\"red\" AND \"printer\")" },
		{ "\"red printer\" paper", "(\"red printer\" AND \"paper\")" },
		{ "print*", "(\"print*\" *)" },
		{ "\"red pri\"*", "(\"red pri\" *)" },
		{ "printer -ink -\"no toner\"", "(\"printer\") NOT (\"ink\" OR \"no toner\")" },
		{ "AND OR NOT NEAR(a b)", "(\"AND\" AND \"OR\" AND \"NOT\" AND \"NEAR(a\" AND \"b)\")" },
		{ "name:ana ^x {text}:y", "(\"name:ana\" AND \"^x\" AND \"{text}:y\")" },
		{ "TK-1042", "(\"TK-1042\")" },
		{ "a\"b", "(\"a\" AND \"b\")" },
		{ "-- ! printer \"\" -", "(\"printer\")" },
		{ "\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbd\xd1\x82\xd0\xb5\xd1\x80", "(\"\xd0\xbf\xd1\x80\xd0\xb8\xd0\xbd\xd1\x82\xd0\xb5\xd1\x80\")" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
		g_autoptr(GString) match = g_string_new(NULL);

		must(hg_search_words(rows[i].q, match, e));
		assert_string_equal(match->str, rows[i].match);
	}
}

static void what_names_no_word_is_refused(void **state)
{
	static const char *const bad[] = { "", "   ", "!!! --", "-only -these", "\"\"", "*", "\xff\xfe" };
	g_autofree char *lengthy = g_strnfill(HG_SEARCH_QUERY_MAX + 1, 'a'), *many = g_strnfill(2 * HG_SEARCH_TERMS_MAX + 2, 'a');
	g_autoptr(GString) match = g_string_new(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		must_fail(HG_ERROR_INPUT, hg_search_words(bad[i], match, e));
	must_fail(HG_ERROR_INPUT, hg_search_words(lengthy, match, e));
	for (gsize i = 1; i < 2 * HG_SEARCH_TERMS_MAX + 2; i += 2)
		many[i] = ' ';
	must_fail(HG_ERROR_INPUT, hg_search_words(many, match, e));
}

/* ---- finding ---- */

static hg_search *begin(struct world *w, gboolean off)
{
	hg_search *search;

	must((search = hg_search_new(&(struct hg_search_options){ .store = &w->options, .off = off }, e)));
	return search;
}

static void catch_up(struct world *w, hg_search *search)
{
	struct hg_search_state state;
	gint64 last_n;

	must(hg_store_event_last(w->store, &last_n, e));
	hg_search_publish(search, last_n);
	do {
		g_usleep(500);
		hg_search_state(search, &state);
		assert_null(state.error);
	} while (state.behind || state.building);
}

/* Snippets of what is found, with the marked words in brackets, one a line. */
static const char *find_at(struct world *w, hg_search *search, const char *q, gint64 *place, guint limit)
{
	g_autoptr(GPtrArray) hits = g_ptr_array_new();
	g_autoptr(GString) out = g_string_new(NULL);
	g_autoptr(hg_store) reader = NULL;
	gboolean complete;

	must((reader = hg_store_open_reader(&w->options, 0, e)));
	must(hg_search_find(search, reader, w->arena, q, place ? *place : 0, limit, hits, &complete, e));
	for (guint i = 0; i < hits->len; i++) {
		const struct hg_search_hit *hit = g_ptr_array_index(hits, i);
		const char *text = hit->snippet;
		guint at = 0, mark = 0;

		g_string_append(out, out->len ? "\n" : "");
		for (; *text; text = g_utf8_next_char(text), at++) {
			if (mark < hit->n_marks && at == hit->marks[mark].from)
				g_string_append_c(out, '[');
			g_string_append_len(out, text, g_utf8_next_char(text) - text);
			if (mark < hit->n_marks && at + 1 == hit->marks[mark].from + hit->marks[mark].len) {
				g_string_append_c(out, ']');
				mark++;
			}
		}
		assert_int_equal(mark, hit->n_marks);
		if (place)
			*place = hit->place;
	}
	return hg_arena_str(w->arena, out->str);
}

static const char *find(struct world *w, hg_search *search, const char *q)
{
	return find_at(w, search, q, NULL, 50);
}

static hg_event *tell(struct world *w, hg_thread *thread, const char *type, gint64 message_n)
{
	hg_event *event = hg_arena_alloc(w->arena, sizeof *event);

	*event = (hg_event){ .thread_n = thread->n, .seq = ++thread->last_seq, .prev_n = thread->last_event_n, .type = type,
			     .at_ms = test_now_ms, .message_n = message_n, .data = "{}" };
	hg_id_new(&test_env, "evt", event->id);
	must(hg_store_event_add(w->store, event, e));
	thread->last_event_n = event->n;
	return event;
}

static hg_message *said(struct world *w, hg_thread *thread, const char *text)
{
	hg_message *message = a_message(w, thread, HG_INBOUND, text);

	tell(w, thread, "message.received", message->n);
	must(hg_store_thread_update(w->store, thread, e));
	return message;
}

static hg_thread *talk(struct world *w, const char *name, const char *const *texts)
{
	hg_thread *thread;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, name), "");
	for (; *texts; texts++)
		said(w, thread, *texts);
	must(hg_store_commit(w->store, e));
	return thread;
}

static const char *const talks[] = { "The red printer is out of paper", "Drucker l\xc3\xa4uft wieder, \xc3\xbc" "brigens",
	"red ink and a printer", "PRINTERS cost too much", NULL };

static void words_phrases_beginnings_and_what_must_not_be_there(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_search) search = begin(w, FALSE);
	gint64 place = 0;

	talk(w, "Ana Example", talks);
	catch_up(w, search);
	assert_string_equal(find(w, search, "printer"), "red ink and a [printer]\nThe red [printer] is out of paper");
	assert_string_equal(find(w, search, "\"red printer\""), "The [red printer] is out of paper");
	assert_string_equal(find(w, search, "Print*"), "[PRINTERS] cost too much\nred ink and a [printer]\nThe red [printer] is out of paper");
	assert_string_equal(find(w, search, "printer -ink"), "The red [printer] is out of paper");
	assert_string_equal(find(w, search, "printer zebra"), "");
	assert_string_equal(find(w, search, "LAUFT ubrigens"), "Drucker [l\xc3\xa4uft] wieder, [\xc3\xbc" "brigens]");
	/* Page by page. */
	assert_string_equal(find_at(w, search, "red", &place, 1), "[red] ink and a printer");
	assert_string_equal(find_at(w, search, "red", &place, 1), "The [red] printer is out of paper");
	assert_string_equal(find_at(w, search, "red", &place, 1), "");
}

static void what_a_conversation_is_called_by_is_found_too(void **state)
{
	struct world *w = *state;
	static const char *const one[] = { "hello", NULL };
	g_autoptr(hg_search) search = begin(w, FALSE);
	hg_thread *thread = talk(w, "Ana Example", one);
	hg_ticket *ticket = hg_arena_alloc(w->arena, sizeof(*ticket));
	hg_contact *contact = NULL;

	catch_up(w, search);
	assert_string_equal(find(w, search, "example"), "Ana [Example]");
	must(hg_store_begin(w->store, e));
	*ticket = (hg_ticket){ .thread_n = thread->n, .state = HG_TICKET_OPEN, .subject = "s", .reason = "r", .created_ms = test_now_ms,
			       .changed_ms = test_now_ms };
	hg_id_new(&test_env, "tkt", ticket->id);
	must(hg_store_ticket_add(w->store, w->arena, ticket, "TK-%d", 1042, e));
	must(hg_store_link_set(w->store, &(hg_link){ .ticket_n = ticket->n, .backend = "desk", .external_id = "88172", .at_ms = 1 }, e));
	thread->ticket_n = ticket->n;
	thread->tags = "[\"vip\",\"refund\"]";
	thread->subject = "Lost parcel";
	tell(w, thread, "ticket.requested", 0);
	must(hg_store_thread_update(w->store, thread, e));
	must(hg_store_commit(w->store, e));
	catch_up(w, search);
	assert_string_equal(find(w, search, "TK-1042"), "[TK-1042] 88172");
	assert_string_equal(find(w, search, "88172"), "TK-1042 [88172]");
	assert_string_equal(find(w, search, "refund"), "vip [refund]");
	assert_string_equal(find(w, search, "parcel"), "Lost [parcel]");
	/* A name that changes: the old one is found no more. */
	must(hg_store_begin(w->store, e));
	must(hg_store_contact_get(w->store, w->arena, thread->contact_n, &contact, e));
	contact->name = "Ana Sample";
	must(hg_store_contact_update(w->store, contact, e));
	{
		hg_event *event = hg_arena_alloc(w->arena, sizeof *event);
		g_autofree char *data = g_strdup_printf("{\"contact\":{\"id\":\"%s\"}}", contact->id);

		*event = (hg_event){ .type = "contact.updated", .at_ms = test_now_ms, .data = hg_arena_str(w->arena, data) };
		hg_id_new(&test_env, "evt", event->id);
		must(hg_store_event_add(w->store, event, e));
	}
	must(hg_store_commit(w->store, e));
	catch_up(w, search);
	assert_string_equal(find(w, search, "example"), "");
	assert_string_equal(find(w, search, "sample"), "Ana [Sample]");
}

/* A reader may see what the index has not got to yet: that is looked through as it is. */
static void what_is_not_in_the_index_yet_is_found_all_the_same(void **state)
{
	struct world *w = *state;
	g_autoptr(hg_search) search = begin(w, FALSE);
	static const char *const early[] = { "an early giraffe", NULL }, *const late[] = { "a late giraffe", NULL };
	hg_message *message = NULL;
	hg_thread *thread;

	talk(w, "Ana", early);
	catch_up(w, search);
	thread = talk(w, "Bo", late);
	assert_string_equal(find(w, search, "giraffe"), "a late [giraffe]\nan early [giraffe]");
	/* And what it has, but not as it is by now. */
	must(hg_store_begin(w->store, e));
	must(hg_store_message_get(w->store, w->arena, 1, &message, e));
	message->text = "an early zebra";
	must(hg_store_message_update(w->store, message, e));
	tell(w, thread, "message.edited", message->n);
	must(hg_store_commit(w->store, e));
	assert_string_equal(find(w, search, "giraffe"), "a late [giraffe]");
	assert_string_equal(find(w, search, "zebra"), "an early [zebra]");
	catch_up(w, search);
	assert_string_equal(find(w, search, "giraffe"), "a late [giraffe]");
	assert_string_equal(find(w, search, "zebra"), "an early [zebra]");
	must(hg_store_begin(w->store, e));
	message->revoked_ms = test_now_ms;
	must(hg_store_message_update(w->store, message, e));
	tell(w, thread, "message.deleted", message->n);
	must(hg_store_commit(w->store, e));
	catch_up(w, search);
	assert_string_equal(find(w, search, "zebra"), "");
}

static void what_was_there_before_the_index_is_read_backwards(void **state)
{
	struct world *w = *state;
	hg_thread *thread;

	must(hg_store_begin(w->store, e));
	thread = a_thread(w, a_contact(w, "Ana"), "");
	for (guint i = 0; i < 700; i++)
		said(w, thread, i == 3 ? "the oldest walrus" : i == 699 ? "the newest walrus" : "small talk");
	must(hg_store_commit(w->store, e));
	{
		g_autoptr(hg_search) search = begin(w, FALSE);

		catch_up(w, search);
		assert_string_equal(find(w, search, "walrus"), "the newest [walrus]\nthe oldest [walrus]");
		assert_string_equal(find(w, search, "ana"), "[Ana]");
	}
	{
		g_autoptr(hg_search) search = begin(w, TRUE);	/* and goes when it is turned off */
		g_autofree char *path = hg_search_path(w->options.path);

		assert_int_not_equal(g_access(path, F_OK), 0);
		assert_string_equal(find(w, search, "newest"), "the [newest] walrus");
	}
}

/* ---- its file ---- */

static gboolean holds(const char *path, const char *end, const char *word)
{
	g_autofree char *name = g_strconcat(path, end, NULL), *bytes = NULL;
	gsize len;

	return g_file_get_contents(name, &bytes, &len, NULL) && memmem(bytes, len, word, strlen(word));
}

static void an_index_that_is_damaged_or_of_another_database_is_made_again(void **state)
{
	struct world *w = *state;
	static const char *const one[] = { "a pangolin", NULL };
	g_autofree char *path = hg_search_path(w->options.path);

	talk(w, "Ana", one);
	for (guint how = 0; how < 3; how++) {
		g_autoptr(hg_search) search = NULL;

		if (how == 1)
			assert_true(g_file_set_contents(path, "this is no database, and it is long enough to look like one ......................"
							"...................................................", -1, NULL));
		if (how == 2) {
			guint8 other[32] = { 7 };
			g_autoptr(hg_index) index = NULL;

			g_unlink(path);
			must((index = hg_index_open(path, TRUE, other, e)));
		}
		search = begin(w, FALSE);
		catch_up(w, search);
		assert_string_equal(find(w, search, "pangolin"), "a [pangolin]");
	}
}

static void what_is_forgotten_is_nowhere_in_the_file(void **state)
{
	struct world *w = *state;
	static const char *const mine[] = { "my secret is Xylocanary7431 and nobody knows", "a second line of Xylocanary7431", NULL },
		*const other[] = { "somebody else's harmless words", NULL };
	g_autoptr(hg_search) search = begin(w, FALSE);
	g_autofree char *path = hg_search_path(w->options.path);
	hg_thread *thread = talk(w, "Xylocanary Person", mine);
	gint64 removed;

	talk(w, "Bo", other);
	catch_up(w, search);
	assert_true(holds(path, "", "Xylocanary7431") || holds(path, "-wal", "Xylocanary7431"));
	must(hg_search_forget(search, NULL, 0, &thread->n, 1, &removed, e));
	assert_int_equal(removed, 3);
	for (guint i = 0; i < 2; i++) {
		static const char *const ends[] = { "", "-wal" };

		assert_false(holds(path, ends[i], "Xylocanary7431"));
		assert_false(holds(path, ends[i], "xylocanary"));	/* as the index writes words */
		assert_false(holds(path, ends[i], "Xylocanary Person"));
	}
	assert_string_equal(find(w, search, "harmless"), "somebody else's [harmless] words");
	must(hg_search_forget(search, &(gint64){ 3 }, 1, NULL, 0, &removed, e));
	assert_int_equal(removed, 1);
	assert_string_equal(find(w, search, "harmless"), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_are_put_in_quotes_so_that_nothing_in_them_has_a_meaning),
		cmocka_unit_test(what_names_no_word_is_refused),
		cmocka_unit_test_setup_teardown(words_phrases_beginnings_and_what_must_not_be_there, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_a_conversation_is_called_by_is_found_too, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_is_not_in_the_index_yet_is_found_all_the_same, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_was_there_before_the_index_is_read_backwards, world_new, world_free),
		cmocka_unit_test_setup_teardown(an_index_that_is_damaged_or_of_another_database_is_made_again, world_new, world_free),
		cmocka_unit_test_setup_teardown(what_is_forgotten_is_nowhere_in_the_file, world_new, world_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
