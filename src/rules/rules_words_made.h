/* rules_words_made.h - inside of word lists, for the files that make and search them */
#pragma once
#include "rules_words.h"

/* That an entry ends here, in these lists of a language. */
struct hg_words_mark {
	guint32 lang;			/* one bit */
	guint64 lists;
	const char *entry;		/* as it was written */
	const struct hg_words_mark *next;
};

/* Entries as a tree of words: each form of spelling has one of its own. */
struct hg_words_tree {
	GHashTable *ids;		/* word to its number, from 1 */
	GHashTable *edges;		/* &struct hg_words_edge to itself */
	GPtrArray *marks;		/* by number of the node, 0 the root; of const struct hg_words_mark *, or NULL */
};

struct hg_words_edge {
	guint from, id, to;		/* nodes and a word's number */
};

struct hg_words {
	hg_arena *arena;
	GPtrArray *lists, *langs;	/* names, NULL-ended */
	struct hg_words_tree trees[HG_SPOKEN_FORMS];
	guint entries;
	guint32 every;			/* bit of HG_WORDS_EVERY; 0: it has no list */
};

guint hg_words_id(const hg_words *words, enum hg_spoken_form form, const char *word);	/* 0: not in them */
/* Where the word leads from a node; 0: nowhere. */
guint hg_words_step(const struct hg_words_tree *tree, guint from, guint id);
