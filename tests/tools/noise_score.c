/* noise_score.c - prints how well rules tell noise from requests
 *
 *	noise_score [--misses] CONFIG FILE.tsv...
 *
 * --misses names the messages that were judged wrongly; of held files only counts are printed. */
#include <stdlib.h>
#include <string.h>

#include "noise_measure.h"

static void print_row(const char *name, const struct noise_count *count)
{
	g_print("%-14s %6u %10.1f%% %9.1f%% %10u %9.1f%%", name, count->noise, 100 * noise_precision(count),
		100 * noise_share(count->noise_caught, count->noise), count->requests,
		100 * noise_share(count->requests_kept, count->requests));
	g_print(" %8u %9.1f%% %6u\n", count->escalations,
		100 * noise_share(count->escalations_found, count->escalations), count->escalated_else);
}

int main(int argc, char **argv)
{
	gboolean with_misses = argc > 1 && strcmp(argv[1], "--misses") == 0;
	int first = with_misses ? 2 : 1;
	g_autofree char *said = NULL;
	g_autoptr(hg_rules) rules = argc > first + 1 ? noise_rules(argv[first], &said) : NULL;
	g_autoptr(GString) misses = with_misses ? g_string_new(NULL) : NULL;

	if (!rules) {
		g_printerr("%s", said ? said : "usage: noise_score [--misses] CONFIG FILE.tsv...\n");
		return 2;
	}
	g_print("%-14s %6s %11s %10s %10s %10s %8s %10s %6s\n", "messages", "noise", "precision", "recall", "requests",
		"kept", "escalate", "found", "else");
	for (int i = first + 1; i < argc; i++) {
		struct noise_count count = { 0 };
		g_autofree char *name = g_path_get_basename(argv[i]);

		if (!noise_measure(rules, argv[i], &count, misses)) {
			g_printerr("%s: cannot be read\n", argv[i]);
			return 2;
		}
		print_row(name, &count);
	}
	if (misses)
		g_print("%s", misses->str);
	return 0;
}
