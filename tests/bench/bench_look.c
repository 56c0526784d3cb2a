/* bench_look.c - how long it takes to find a conversation, and that a message was here before
 *
 *     bench_look DATABASE PEOPLE LOOKS
 *
 * In a store that bench_store has filled with so many people, numbered from 0: each look is for one of
 * them at random.  Prints the median and the 99th percentile, over groups of looks, of the microseconds
 * that one takes: for the thread (address, contact, thread) and for a remembered id. */
#include <stdio.h>
#include <stdlib.h>

#include "store.h"

#define EACH 16			/* looks timed together: one is hardly longer than the clock's tick */
#define WARM 10			/* one group in so many comes first and is not counted */

typedef void look_fn(hg_store *store, gint64 number);

static void must(gboolean done, GError *error)
{
	if (done)
		return;
	fprintf(stderr, "bench_look: %s\n", error ? error->message : "what was to be found is not there");
	exit(1);
}

static void find_thread(hg_store *store, gint64 number)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	GError *error = NULL;
	hg_alias *alias;
	char uri[40];

	g_snprintf(uri, sizeof(uri), "tel:+44%010u", (guint)(number * 2654435761u));
	must(hg_store_alias_find(store, arena, uri, &alias, &error) && alias, error);
	must(hg_store_thread_of(store, arena, alias->contact_n, "default", "", 1, threads, &error) && threads->len, error);
}

static void find_seen(hg_store *store, gint64 number)
{
	gint64 message_n;
	GError *error = NULL;
	char key[64];

	g_snprintf(key, sizeof(key), "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU%016" G_GINT64_MODIFIER "x", number);
	must(hg_store_seen_find(store, "wa-main", key, hg_now(hg_env_system()), &message_n, &error) && message_n, error);
}

static gint compare(gconstpointer a, gconstpointer b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static gint64 pick(gint64 people)
{
	guint64 dice;

	hg_env_system()->random(hg_env_system(), &dice, sizeof(dice));
	return (gint64)(dice % (guint64)people);
}

static void look(hg_store *store, const char *what, look_fn *find, gint64 people, guint looks)
{
	g_autoptr(GArray) took = g_array_new(FALSE, FALSE, sizeof(double));
	guint groups = MAX(looks / EACH, 1);

	for (guint i = 0; i < groups + groups / WARM; i++) {
		gint64 numbers[EACH], begun;
		double us;

		for (guint j = 0; j < EACH; j++)
			numbers[j] = pick(people);
		begun = g_get_monotonic_time();
		for (guint j = 0; j < EACH; j++)
			find(store, numbers[j]);
		us = (double)(g_get_monotonic_time() - begun) / EACH;
		if (i >= groups / WARM)
			g_array_append_val(took, us);
	}
	g_array_sort(took, compare);
	printf("%s p50_us=%.2f p99_us=%.2f\n", what, g_array_index(took, double, groups / 2),
	       g_array_index(took, double, groups - 1 - groups / 100));
}

int main(int argc, char **argv)
{
	struct hg_store_options options = { .driver = "sqlite", .env = hg_env_system(), .attachments = "/nonexistent" };
	gint64 people = argc == 4 ? g_ascii_strtoll(argv[2], NULL, 10) : 0;
	guint looks = argc == 4 ? (guint)g_ascii_strtoull(argv[3], NULL, 10) : 0;
	GError *error = NULL;
	hg_store *store;

	if (people <= 0 || !looks) {
		fputs("usage: bench_look DATABASE PEOPLE LOOKS\n", stderr);
		return 2;
	}
	options.path = argv[1];
	store = hg_store_open_reader(&options, 0, &error);
	must(store != NULL, error);
	look(store, "thread", find_thread, people, looks);
	look(store, "seen", find_seen, people, looks);
	hg_store_close(store);
	return 0;
}
