/* test_mail_corpus.c - difficult mails, each with what must be read in it (tests/data/mail)
 *
 * NAME.eml is the mail, NAME.json says why it is there and what its fields are: those that are named, and of an
 * attachment its named members, must be so.  What "ask" holds, the daemon tells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "mail_parse.h"
#include "reply_text.h"
#include "text.h"

#define ASK_MAX 8

static hg_reply_words *words;

struct mail_case {
	char *name;
	char *bytes;			/* of exactly len, so that a look behind it is found */
	gsize len;
	struct json_object *want;
	const char *lists[3][ASK_MAX];
	struct hg_mail_ask ask;
};

static char *path_of(const char *name)
{
	const char *top = g_getenv("srcdir");

	return g_build_filename(top ?: ".", "tests/data/mail", name, NULL);
}

static const char *const *list_of(struct json_object *ask, const char *key, const char **room)
{
	struct json_object *list = hg_json_arr(ask, key);

	for (gsize i = 0; list && i < json_object_array_length(list) && i < ASK_MAX - 1; i++)
		room[i] = json_object_get_string(json_object_array_get_idx(list, i));
	return list ? room : NULL;
}

static void read_ask(struct mail_case *c)
{
	struct json_object *ask = hg_json_obj(c->want, "ask");
	const char *received = hg_json_str(ask, "received");

	c->ask.authserv_ids = list_of(ask, "authserv_ids", c->lists[0]);
	c->ask.ours = list_of(ask, "ours", c->lists[1]);
	c->ask.arc_forwarders = list_of(ask, "arc_forwarders", c->lists[2]);
	c->ask.instance = hg_json_str(ask, "instance");
	c->ask.received_ms = received ? hg_time_parse(received) : 0;
	c->ask.words = words;
}

static struct mail_case *case_new(const char *json_name)
{
	g_autofree char *stem = g_strndup(json_name, strlen(json_name) - strlen(".json"));
	g_autofree char *eml = g_strconcat(stem, ".eml", NULL), *eml_path = path_of(eml), *json_path = path_of(json_name);
	g_autofree char *bytes = NULL, *text = NULL;
	struct mail_case *c = g_new0(struct mail_case, 1);
	g_autoptr(GError) error = NULL;
	gsize len = 0;

	if (!g_file_get_contents(eml_path, &bytes, &c->len, &error) || !g_file_get_contents(json_path, &text, &len, &error))
		fail_msg("%s", error->message);
	c->name = g_steal_pointer(&stem);
	c->bytes = g_memdup2(bytes, c->len);
	c->want = hg_json_parse(text, len, NULL, &error);
	if (!c->want)
		fail_msg("%s: %s", json_path, error->message);
	read_ask(c);
	return c;
}

static void case_free(void *data)
{
	struct mail_case *c = data;

	g_free(c->name);
	g_free(c->bytes);
	json_object_put(c->want);
	g_free(c);
}

static GPtrArray *cases;

static int compare_names(const void *a, const void *b)
{
	return strcmp((*(const struct mail_case *const *)a)->name, (*(const struct mail_case *const *)b)->name);
}

static int read_cases(void **state)
{
	g_autofree char *folder = path_of("");
	GDir *dir = g_dir_open(folder, 0, NULL);
	const char *name;

	(void)state;
	assert_non_null(dir);
	hg_mail_parse_prepare();
	words = hg_reply_words_new(NULL);
	assert_non_null(words);
	cases = g_ptr_array_new_with_free_func(case_free);
	while ((name = g_dir_read_name(dir)))
		if (g_str_has_suffix(name, ".json"))
			g_ptr_array_add(cases, case_new(name));
	g_dir_close(dir);
	g_ptr_array_sort(cases, compare_names);
	return 0;
}

static int free_cases(void **state)
{
	(void)state;
	g_ptr_array_free(cases, TRUE);
	hg_reply_words_free(words);
	return 0;
}

static gboolean has_all(struct json_object *got, struct json_object *want)
{
	json_object_object_foreach(want, key, value)
		if (!json_object_equal(json_object_object_get(got, key), value))
			return FALSE;
	return TRUE;
}

/* Attachments by their named members; of warnings, the named ones must be there. */
static gboolean is_so(const char *key, struct json_object *got, struct json_object *want)
{
	gsize n = json_object_is_type(want, json_type_array) ? json_object_array_length(want) : 0;

	if (!strcmp(key, "attachments")) {
		gboolean so = json_object_array_length(got) == n;

		for (gsize i = 0; so && i < n; i++)
			so = has_all(json_object_array_get_idx(got, i), json_object_array_get_idx(want, i));
		return so;
	}
	if (!strcmp(key, "warnings")) {
		for (gsize i = 0; i < n; i++) {
			gboolean found = FALSE;

			for (gsize j = 0; !found && j < json_object_array_length(got); j++)
				found = json_object_equal(json_object_array_get_idx(got, j), json_object_array_get_idx(want, i));
			if (!found)
				return FALSE;
		}
		return TRUE;
	}
	return json_object_equal(got, want);
}

static guint check_case(const struct mail_case *c)
{
	g_autoptr(hg_mail) mail = hg_mail_parse(c->bytes, c->len, &c->ask);
	g_autoptr(json_object) got = hg_mail_to_json(mail);
	guint wrong = 0;

	json_object_object_foreach(c->want, key, value) {
		struct json_object *field = json_object_object_get(got, key);

		if (!strcmp(key, "why") || !strcmp(key, "ask") || is_so(key, field, value))
			continue;
		fprintf(stderr, "%s (%s): %s:\n  got  %s\n", c->name, hg_json_str(c->want, "why"), key, json_object_to_json_string(field));
		fprintf(stderr, "  want %s\n", json_object_to_json_string(value));
		wrong++;
	}
	return wrong;
}

static void each_mail_is_read_as_it_was_meant(void **state)
{
	guint wrong = 0;

	(void)state;
	assert_true(cases->len >= 150);
	for (guint i = 0; i < cases->len; i++)
		wrong += check_case(g_ptr_array_index(cases, i));
	assert_int_equal(wrong, 0);
}

/* What the helper writes is what the daemon reads, member by member. */
static void json_comes_back_as_it_went(void **state)
{
	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct mail_case *c = g_ptr_array_index(cases, i);
		g_autoptr(hg_mail) mail = hg_mail_parse(c->bytes, c->len, &c->ask), back = NULL;
		g_autoptr(json_object) once = hg_mail_to_json(mail), read = NULL, twice = NULL;
		const char *text = json_object_to_json_string_ext(once, JSON_C_TO_STRING_PLAIN);
		g_autoptr(GError) error = NULL;

		read = hg_json_parse(text, strlen(text), NULL, &error);
		if (!read || !(back = hg_mail_from_json(read, &error)))
			fail_msg("%s: %s", c->name, error->message);
		twice = hg_mail_to_json(back);
		assert_true(json_object_equal(once, twice));
	}
}

/* Half a mail is a mail too: what a full disk or a dead connection left. */
static void a_mail_cut_anywhere_is_still_read(void **state)
{
	guint cuts = 0;

	(void)state;
	for (guint i = 0; i < cases->len; i++) {
		const struct mail_case *c = g_ptr_array_index(cases, i);

		for (gsize len = i % 17; len < c->len; len += 17, cuts++) {
			g_autofree char *start = g_memdup2(c->bytes, len);
			g_autoptr(hg_mail) mail = hg_mail_parse(start, len, &c->ask);

			assert_true(g_utf8_validate(mail->text, -1, NULL) && g_utf8_validate(mail->subject, -1, NULL));
		}
	}
	assert_true(cuts > 2000);
}

/* The same mail in two mailboxes has one hash; another with the same Message-ID has its own (failure 4). */
static void the_hash_tells_mails_apart_and_not_their_ways(void **state)
{
	static const char one[] = "Received: from a\r\nDelivered-To: x@example.org\r\nMessage-ID: <m@x>\r\nFrom: a@x.example\r\n"
		"Date: Mon, 16 Nov 2026 10:00:00 +0000\r\nSubject: s\r\n\r\nparcel 1\r\n";
	static const char same[] = "Delivered-To: y@example.org\nReceived: from b\nFrom: a@x.example\nMessage-ID: <m@x>\n"
		"Date: Mon, 16 Nov 2026 10:00:00 +0000\nSubject: s\n\nparcel 1\n";
	static const char other[] = "Message-ID: <m@x>\r\nFrom: a@x.example\r\nDate: Mon, 16 Nov 2026 10:00:00 +0000\r\n"
		"Subject: s\r\n\r\nparcel 2\r\n";
	struct hg_mail_ask ask = { .received_ms = 1794830400000 }, later = { .received_ms = 1794834000000 };
	g_autoptr(hg_mail) a = hg_mail_parse(one, strlen(one), &ask), b = hg_mail_parse(same, strlen(same), &later),
			   c = hg_mail_parse(other, strlen(other), &ask);

	(void)state;
	assert_string_equal(a->content_hash, b->content_hash);
	assert_string_not_equal(a->content_hash, c->content_hash);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_mail_is_read_as_it_was_meant),
		cmocka_unit_test(json_comes_back_as_it_went),
		cmocka_unit_test(a_mail_cut_anywhere_is_still_read),
		cmocka_unit_test(the_hash_tells_mails_apart_and_not_their_ways),
	};

	return cmocka_run_group_tests(tests, read_cases, free_cases);
}
