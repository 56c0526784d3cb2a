/* rules_regex.h - PCRE2 with the limits that make an admin's pattern safe to run on a stranger's text */
#pragma once
#include <glib.h>

typedef struct hg_regex hg_regex;	/* never changed once made: many threads may search with it */

enum hg_regex_how {
	HG_REGEX_MATCHES,	/* a pattern, found anywhere unless it is anchored */
	HG_REGEX_EQUALS,	/* the text itself, with nothing but white space around it */
	HG_REGEX_CONTAINS,	/* the text itself, anywhere */
};

#define HG_REGEX_PATTERN_MAX 4096	/* bytes */
#define HG_REGEX_SUBJECT_MAX 65536	/* bytes; what is longer is searched up to here */

/* Letters match whatever their case.  NULL: error says why and after which part of it. */
hg_regex *hg_regex_new(const char *pattern, enum hg_regex_how how, GError **error);
void hg_regex_free(hg_regex *regex);	/* NULL is fine */

enum hg_found { HG_FOUND_NOT, HG_FOUND, HG_FOUND_GAVE_UP };
/* text is valid UTF-8.  GAVE_UP: a limit of steps or memory was hit, which counts as not found. */
enum hg_found hg_regex_find(const hg_regex *regex, const char *text, gsize len);

/* The same without machine code, as where systemd forbids that: it counts more steps. */
enum hg_found hg_regex_find_slowly(const hg_regex *regex, const char *text, gsize len);

/* What a person should know of a pattern that compiles, or NULL: that it finds something in every
 * text.  On which texts it gives up, rules_hostile.h finds out. */
const char *hg_regex_doubt(const hg_regex *regex);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_regex, hg_regex_free)
