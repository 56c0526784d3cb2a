/* docs_walk.h - what schema, sample and man page share: the tree of dotted names, words for values */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

/* One level of a table: an option, or the word that several dotted names begin with. */
struct hg_docs_entry {
	char *word;			/* ours: "imap", "host" */
	const struct hg_option *opt;	/* NULL: a map, whose entries have prefix */
	char *prefix;			/* ours: "imap."; NULL for an option */
};

/* Of the names that begin with prefix (""), in the table's order; of struct hg_docs_entry. */
GPtrArray *hg_docs_level(const struct hg_option *table, const char *prefix);
/* Default as people read it; NULL when there is none.  Not the path of this build's adapters. */
const char *hg_docs_fallback(const struct hg_option *opt);
/* "time, 1s to 1h", "convert, hold or ignore", "secret"; yours to free. */
char *hg_docs_values(const struct hg_option *opt);
/* TRUE when the table or what is below prefix in it has something required. */
gboolean hg_docs_required(const struct hg_option *table, const char *prefix);
gboolean hg_docs_is_list(const struct hg_option *opt);
/* Is the range a set of words ("a|b")? */
gboolean hg_docs_is_choice(const struct hg_option *opt);
