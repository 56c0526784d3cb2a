/* http_body_inside.h - a body as it was read; for http_body.c, http_body_say.c and http_body_fields.c */
#pragma once
#include "http_body.h"
#include "http_change.h"

enum ht_node_kind {
	HT_N_FIXED = 1, HT_N_TEXT, HT_N_NUMBER, HT_N_TRUTH, HT_N_CHOICE, HT_N_LIST, HT_N_MAP, HT_N_DOCUMENT, HT_N_FILE,
	HT_N_CUT, HT_N_VALUE, HT_N_TABLE, HT_N_EACH, HT_N_CODED,
};

struct ht_body {
	int kind;		/* enum ht_node_kind */
	char *name;		/* as a member of a map, of a table; or NULL */
	ht_fill *key;		/* as a member whose name is a template; or NULL */
	char *fixed;		/* FIXED: JSON ... */
	char *plain;		/* ... and as a field's text, NULL: null */
	ht_fill *fill;		/* TEXT, NUMBER, CUT; DOCUMENT: of XML, HTML; TABLE: of; CODED: what stands before */
	ht_when *when;		/* TRUTH, CHOICE */
	ht_path *path;		/* VALUE, EACH */
	ht_change *change;	/* CUT; or NULL */
	gint64 max;		/* CUT: characters; 0: all */
	char *type;		/* DOCUMENT in parts: its media type; or NULL */
	const char *file;	/* CODED: "file" or "item"; EACH: "file" when that is a name of its items too, or NULL */
	GPtrArray *kids;	/* LIST, MAP, TABLE; CHOICE: then, perhaps else; DOCUMENT: of JSON; EACH: what each is */
};

extern const char ht_too_long[], ht_no_file[];

struct ht_said {			/* one node, decided */
	const ht_body *body;		/* NULL: nothing stands there */
	struct json_object *value;	/* of VALUE; a reference */
	char *text;			/* of CUT; ours */
};
void ht_said_clear(struct ht_said *said);
typedef struct ht_said ht_said;
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(ht_said, ht_said_clear)

/* What there is to be said of a node; ret is for ht_said_clear() either way.  NULL, or why it cannot be said. */
const char *ht_decide(const ht_body *body, const struct ht_voice *voice, struct ht_said *ret);
/* As the text of a field or string; *ret_there FALSE: there is none. */
const char *ht_said_text(const struct ht_said *said, const struct ht_voice *voice, GString *out, gboolean *ret_there);
/* Is more than the voice may say in out? */
gboolean ht_is_full(const struct ht_voice *voice, const GString *out);

/* Says one thing as it is for each item. */
struct ht_saying {
	const ht_body *each;
	const struct ht_voice *voice;
	const char *(*say)(struct ht_saying *saying, const ht_body *body, const struct ht_voice *voice);
	GString *out;
	GArray *pieces, *fields;	/* or NULL */
	const char *name;		/* of a field */
	const char *why;		/* NULL: fine so far */
};
const char *ht_say_each(struct ht_saying *saying);	/* say() for each item, until it says why not */
