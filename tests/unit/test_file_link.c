/* test_file_link.c - signed links: which of them hold */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "file_link.h"

#define ID    "att_01m7zvs4v0f0qvdxeg183g31se"
#define OTHER "att_01m7zvs4v0f0qvdxeg183g31sf"
#define NOW_MS G_GINT64_CONSTANT(1795291911000)
#define ENDS_S (NOW_MS / 1000 + 3600)

static const guint8 own[32] = "0123456789abcdef0123456789abcde", another[32] = "other";
static const guint8 zeros[32], but_one[32] = { [31] = 1 };
static char old_text[] = "old-secret-0123456789-0123456789", new_text[] = "new-secret-0123456789-0123456789";
static char *old_secret[] = { old_text, NULL }, *both[] = { new_text, old_text, NULL }, *renewed[] = { new_text, NULL };
static char *none[] = { NULL };

struct parts { char *ends, *mark; };

static struct parts made(const struct hg_link_keys *keys, int kind, const char *id)
{
	g_autofree char *link = hg_link_make(keys, kind, id, ENDS_S);
	char *mark = strstr(link, "&s=");

	assert_true(g_str_has_prefix(link, "?e="));
	assert_non_null(mark);
	return (struct parts){ g_strndup(link + 3, (gsize)(mark - link) - 3), g_strdup(mark + 3) };
}

static void parts_free(struct parts *parts)
{
	g_free(parts->ends);
	g_free(parts->mark);
}

static int look(const struct hg_link_keys *keys, int kind, const char *id, const char *ends, const char *mark, gint64 now_ms)
{
	gint64 ends_s = -1;
	int fate = hg_link_look(keys, kind, id, ends, mark, now_ms, &ends_s);

	assert_int_equal(ends_s, fate == HG_LINK_HOLDS ? ENDS_S : 0);
	return fate;
}

static void a_link_holds_for_its_file_until_its_end(void **state)
{
	const struct hg_link_keys keys = { own, NULL }, theirs = { another, NULL };
	struct parts parts = made(&keys, HG_LINK_FILE, ID);
	(void)state;

	assert_int_equal(strlen(parts.mark), 22);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, parts.mark, ENDS_S * 1000 - 1), HG_LINK_HOLDS);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, parts.mark, ENDS_S * 1000), HG_LINK_EXPIRED);
	assert_int_equal(look(&keys, HG_LINK_FILE, OTHER, parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_FILE, "", parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_VISITOR, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&theirs, HG_LINK_FILE, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	parts_free(&parts);
	/* All of the key counts. */
	parts = made(&(struct hg_link_keys){ but_one, NULL }, HG_LINK_FILE, ID);
	assert_int_equal(look(&(struct hg_link_keys){ zeros, NULL }, HG_LINK_FILE, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&(struct hg_link_keys){ but_one, NULL }, HG_LINK_FILE, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_HOLDS);
	parts_free(&parts);
	parts = made(&keys, HG_LINK_VISITOR, ID);
	assert_int_equal(look(&keys, HG_LINK_VISITOR, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, parts.mark, NOW_MS), HG_LINK_NONE);
	parts_free(&parts);
}

/* Links are in pages, programs and tickets: what they are signed with stays. */
static void a_link_is_what_it_was(void **state)
{
	const struct hg_link_keys keys = { own, NULL };
	g_autofree char *link = hg_link_make(&keys, HG_LINK_VISITOR, ID, 1795291911);
	g_autofree char *other = hg_link_make(&keys, HG_LINK_FILE, ID, 1795291911);
	(void)state;

	assert_string_equal(link, "?e=1795291911&s=SnVId4iTKIdM-h8exdoV7A");
	assert_string_equal(other, "?e=1795291911&s=jLnsP5g_ixJrFORwBErO0A");
}

static void no_mark_but_the_right_one_is_good(void **state)
{
	const struct hg_link_keys keys = { own, both };
	struct parts parts = made(&keys, HG_LINK_FILE, ID);
	gsize len = strlen(parts.mark);
	g_autofree char *longer = g_strconcat(parts.mark, "A", NULL), *shorter = g_strndup(parts.mark, len - 1);
	(void)state;

	for (gsize bit = 0; bit < len * 8; bit++) {
		g_autofree char *wrong = g_strdup(parts.mark);

		wrong[bit / 8] ^= (char)(1 << bit % 8);
		assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, wrong, NOW_MS), HG_LINK_NONE);
	}
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, longer, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, shorter, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, "", NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, parts.ends, NULL, NOW_MS), HG_LINK_NONE);
	parts_free(&parts);
}

static void an_end_is_written_in_one_way(void **state)
{
	static const char *const wrong[] = { "", "0", "x", "-1", "+1795295511", " 1795295511", "1795295511 ", "01795295511",
					     "1795295512", "1795295510", "0x6b020b17", "9999999999999", "17952955110", NULL };
	const struct hg_link_keys keys = { own, NULL };
	struct parts parts = made(&keys, HG_LINK_FILE, ID);
	(void)state;

	assert_string_equal(parts.ends, "1795295511");
	for (const char *const *ends = wrong; *ends; ends++)
		assert_int_equal(look(&keys, HG_LINK_FILE, ID, *ends, parts.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&keys, HG_LINK_FILE, ID, NULL, parts.mark, NOW_MS), HG_LINK_NONE);
	parts_free(&parts);
}

/* So that none is too big to be counted in milliseconds. */
static void an_end_has_twelve_digits_at_most(void **state)
{
	static const gint64 ends[] = { 999999999999, 1000000000000 };
	const struct hg_link_keys keys = { own, NULL };
	gint64 ends_s;
	(void)state;

	for (int i = 0; i < 2; i++) {
		g_autofree char *link = hg_link_make(&keys, HG_LINK_FILE, ID, ends[i]);
		g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, ends[i]);

		assert_int_equal(hg_link_look(&keys, HG_LINK_FILE, ID, text, strstr(link, "&s=") + 3, NOW_MS, &ends_s),
				 i ? HG_LINK_NONE : HG_LINK_HOLDS);
	}
}

static void keys_are_changed_with_or_without_a_time_in_which_both_are_good(void **state)
{
	const struct hg_link_keys first = { own, NULL }, empty = { own, none }, old = { own, old_secret }, change = { own, both },
				  last = { own, renewed };
	struct parts by_store = made(&first, HG_LINK_FILE, ID), by_old = made(&old, HG_LINK_FILE, ID),
		     by_new = made(&change, HG_LINK_FILE, ID);
	(void)state;

	assert_int_equal(look(&empty, HG_LINK_FILE, ID, by_store.ends, by_store.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&old, HG_LINK_FILE, ID, by_store.ends, by_store.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&old, HG_LINK_FILE, ID, by_old.ends, by_old.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&change, HG_LINK_FILE, ID, by_old.ends, by_old.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&last, HG_LINK_FILE, ID, by_old.ends, by_old.mark, NOW_MS), HG_LINK_NONE);
	assert_int_equal(look(&change, HG_LINK_FILE, ID, by_new.ends, by_new.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&last, HG_LINK_FILE, ID, by_new.ends, by_new.mark, NOW_MS), HG_LINK_HOLDS);
	assert_int_equal(look(&old, HG_LINK_FILE, ID, by_new.ends, by_new.mark, NOW_MS), HG_LINK_NONE);
	parts_free(&by_store);
	parts_free(&by_old);
	parts_free(&by_new);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_holds_for_its_file_until_its_end),
		cmocka_unit_test(a_link_is_what_it_was),
		cmocka_unit_test(no_mark_but_the_right_one_is_good),
		cmocka_unit_test(an_end_is_written_in_one_way),
		cmocka_unit_test(an_end_has_twelve_digits_at_most),
		cmocka_unit_test(keys_are_changed_with_or_without_a_time_in_which_both_are_good),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
