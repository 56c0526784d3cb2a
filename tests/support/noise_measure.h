/* noise_measure.h - how well rules tell noise from requests, on labelled messages
 *
 * The held half of the labelled messages is worth something only as long as nobody has looked at it:
 * of those files nothing but counts leaves this. */
#pragma once
#include <glib.h>
#include "rules.h"

struct noise_count {
	guint noise, noise_caught;	/* labelled noise; of them taken for noise */
	guint requests, requests_kept;	/* labelled something to do; of them not taken for noise */
	guint escalations, escalations_found;	/* of the requests: those who want a human; that an escalation rule found */
	guint escalated_else;		/* others that an escalation rule took */
};

/* The rules of a configuration file and what it includes.  NULL: said says what is wrong. */
hg_rules *noise_rules(const char *path, char **said);
/* Adds what is in a file of "LABEL<tab>TEXT" lines.  misses: those that were judged wrongly, and why, go to it;
 * NULL: none; never those of a held file.  FALSE: there is no such file. */
gboolean noise_measure(const hg_rules *rules, const char *path, struct noise_count *count, GString *misses);
double noise_share(guint part, guint of);	/* 1.0 of nothing */
double noise_precision(const struct noise_count *count);
