/* yaml.c - one YAML text to a tree of nodes, by libfyaml's events
 *
 * Events and not libfyaml's documents: those expand aliases by copying, and know the place of a
 * node only while it is unresolved.  Here an alias is the anchored node itself, and what it would
 * be when written out is counted against HG_DOC_NODES_MAX. */
#include <libfyaml.h>
#include <string.h>

#include "text.h"
#include "tree.h"

/* A list or map that is not at its end yet. */
struct open_node {
	hg_node *node;
	char *anchor;			/* or NULL */
	GPtrArray *items;		/* of a list; lent nodes */
	GArray *pairs;			/* of a map; struct hg_pair */
	GHashTable *keys;		/* of a map: key to itself, against duplicates */
	gboolean has_key;		/* the last pair waits for its value */
};

struct parse {
	hg_doc *doc;
	const char *name;		/* the arena's */
	hg_diag *diag;
	GPtrArray *stack;		/* of struct open_node, the innermost last */
	GHashTable *anchors;		/* name to const hg_node; "" holds none */
	const hg_node *root;
	guint documents;
	struct hg_place last;		/* of the event before: for what has no mark */
};

static void open_node_free(gpointer p)
{
	struct open_node *o = p;

	g_free(o->anchor);
	g_clear_pointer(&o->items, g_ptr_array_unref);
	g_clear_pointer(&o->pairs, g_array_unref);
	g_clear_pointer(&o->keys, g_hash_table_unref);
	g_free(o);
}

static gboolean fail_at(struct parse *p, const struct hg_place *place, const char *hint, const char *text)
{
	hg_diag_add(p->diag, HG_SEV_ERROR, place, hint, "%s", text);
	return FALSE;
}

static struct hg_place place_of(struct parse *p, struct fy_event *event)
{
	const struct fy_mark *mark = fy_event_start_mark(event);

	if (mark)
		p->last = (struct hg_place){ p->name, mark->line + 1, mark->column + 1 };
	return p->last;
}

static char *token_text(struct fy_token *token, gsize *ret_len)
{
	const char *text = token ? fy_token_get_text(token, ret_len) : NULL;

	return text ? g_strndup(text, *ret_len) : NULL;
}

static struct open_node *innermost(struct parse *p)
{
	return p->stack->len ? g_ptr_array_index(p->stack, p->stack->len - 1) : NULL;
}

static gboolean in_key(const struct parse *p)
{
	const struct open_node *in = innermost((struct parse *)p);

	return in && in->pairs && !in->has_key;
}

static gboolean add_key(struct parse *p, const hg_node *key)
{
	struct open_node *in = innermost(p);
	struct hg_pair pair = { key->text, key->place, NULL };

	if (strcmp(key->text, "<<") == 0 && key->plain)
		return fail_at(p, &key->place, "repeat a whole value with an alias: key: *name",
			       "merge keys (<<) are not part of YAML 1.2");
	if (!g_hash_table_add(in->keys, (gpointer)key->text)) {
		g_autofree char *quoted = hg_node_quote(key->text);

		hg_diag_add(p->diag, HG_SEV_ERROR, &key->place, NULL,
			    "%s is here a second time in the same map", quoted);
	}
	g_array_append_val(in->pairs, pair);
	in->has_key = TRUE;
	return TRUE;
}

/* A finished node goes into what it stands in. */
static gboolean add_node(struct parse *p, const hg_node *node)
{
	struct open_node *in = innermost(p);

	if (!in)
		p->root = node;
	else if (in->items)
		g_ptr_array_add(in->items, (gpointer)node);
	else if (!in->has_key)
		return add_key(p, node);
	else {
		g_array_index(in->pairs, struct hg_pair, in->pairs->len - 1).value = node;
		in->has_key = FALSE;
	}
	return TRUE;
}

static void set_anchor(struct parse *p, const char *anchor, const hg_node *node)
{
	if (anchor)
		g_hash_table_replace(p->anchors, g_strdup(anchor), (gpointer)node);
}

static gboolean refuse_tag(struct parse *p, struct fy_event *event)
{
	struct hg_place place = place_of(p, event);

	if (!fy_event_get_tag_token(event))
		return TRUE;
	return fail_at(p, &place, "put the value in quotes when it is text",
		       "tags (words that begin with !) have no meaning here");
}

static gboolean on_scalar(struct parse *p, struct fy_event *event)
{
	struct fy_token *token = event->scalar.value;
	const struct fy_mark *end = fy_event_end_mark(event);
	enum fy_scalar_style style = token ? fy_token_scalar_style(token) : FYSS_PLAIN;
	struct hg_place place = place_of(p, event);
	gsize len = 0;
	g_autofree char *text = token_text(token, &len), *anchor = NULL;
	hg_node *node;

	/* libfyaml marks the first character inside of the quotes. */
	if ((style == FYSS_SINGLE_QUOTED || style == FYSS_DOUBLE_QUOTED) && place.column > 1)
		place.column--;
	if (text && (strlen(text) != len || !g_utf8_validate(text, -1, NULL)))
		return fail_at(p, &place, NULL, "the text has a zero byte or is not UTF-8");
	node = hg_tree_node(p->doc, HG_NODE_SCALAR, &place);
	node->plain = style == FYSS_PLAIN;
	node->text = hg_arena_str(p->doc->arena, text ? text : "");
	node->end_line = end ? end->line + 1 : place.line;
	node->end_column = end ? end->column + 1 + !node->plain : place.column;
	anchor = token_text(event->scalar.anchor, &len);
	set_anchor(p, anchor, node);
	return refuse_tag(p, event) && add_node(p, node);
}

static gboolean on_alias(struct parse *p, struct fy_event *event)
{
	struct hg_place place = place_of(p, event);
	gsize len = 0;
	g_autofree char *name = token_text(event->alias.anchor, &len);
	const hg_node *node = name ? g_hash_table_lookup(p->anchors, name) : NULL;

	place.column = MAX(1, place.column - 1);	/* the mark is behind the star */
	/* The name is not repeated: an unquoted password may begin with a star. */
	if (!node)
		return fail_at(p, &place, "write text that begins with * in quotes",
			       "an alias (*) of an anchor (&) that does not stand finished above it");
	if (in_key(p) && node->type != HG_NODE_SCALAR)
		return fail_at(p, &place, NULL, "a key must be a word, not a list or a map");
	return add_node(p, node);
}

static gboolean on_open(struct parse *p, struct fy_event *event, gboolean map)
{
	struct hg_place place = place_of(p, event);
	struct fy_token *anchor = map ? event->mapping_start.anchor : event->sequence_start.anchor;
	struct open_node *o;
	gsize len = 0;

	if (in_key(p))
		return fail_at(p, &place, "write text that begins with [ or { in quotes",
			       "a key must be a word, not a list or a map");
	if (p->stack->len >= HG_DOC_DEPTH_MAX)
		return fail_at(p, &place, NULL, "lists and maps are nested too deep: more than "
			       G_STRINGIFY(HG_DOC_DEPTH_MAX) " levels");
	o = g_new0(struct open_node, 1);
	o->node = hg_tree_node(p->doc, map ? HG_NODE_MAP : HG_NODE_LIST, &place);
	o->anchor = token_text(anchor, &len);
	if (map) {
		o->pairs = g_array_new(FALSE, FALSE, sizeof(struct hg_pair));
		o->keys = g_hash_table_new(g_str_hash, g_str_equal);
	} else {
		o->items = g_ptr_array_new();
	}
	g_ptr_array_add(p->stack, o);
	return refuse_tag(p, event);
}

static gboolean on_close(struct parse *p, struct fy_event *event)
{
	struct open_node *o = g_ptr_array_steal_index(p->stack, p->stack->len - 1);
	const struct fy_mark *end = fy_event_end_mark(event);
	hg_node *node = o->node;
	gboolean fine;

	node->end_line = end ? end->line + 1 : node->place.line;
	node->end_column = end ? end->column + 1 : node->place.column;
	fine = o->pairs ? hg_tree_set_pairs(p->doc, node, (const struct hg_pair *)o->pairs->data,
					    o->pairs->len)
			: hg_tree_set_items(p->doc, node, (const hg_node *const *)o->items->pdata,
					    o->items->len);
	if (fine)
		set_anchor(p, o->anchor, node);
	open_node_free(o);
	if (!fine)
		return fail_at(p, &node->place, "aliases count as what they repeat",
			       "too much: more than " G_STRINGIFY(HG_DOC_NODES_MAX)
			       " values, or nested deeper than " G_STRINGIFY(HG_DOC_DEPTH_MAX));
	return add_node(p, node);
}

static gboolean on_event(struct parse *p, struct fy_event *event)
{
	switch (event->type) {
	case FYET_SCALAR:
		return on_scalar(p, event);
	case FYET_ALIAS:
		return on_alias(p, event);
	case FYET_MAPPING_START:
	case FYET_SEQUENCE_START:
		return on_open(p, event, event->type == FYET_MAPPING_START);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return on_close(p, event);
	case FYET_DOCUMENT_START:
		place_of(p, event);
		return p->documents++ == 0 ||
		       fail_at(p, &p->last, "write the parts as one, or use include:",
			       "a second document (---) begins here; one file holds one");
	default:
		return TRUE;
	}
}

/* What libfyaml found wrong; its places are right, its file name is a memory address. */
static void report_syntax(struct parse *p, struct fy_diag *fy)
{
	struct fy_diag_error *e;
	gboolean any = FALSE;

	for (void *at = NULL; (e = fy_diag_errors_iterate(fy, &at));) {
		struct hg_place place = { p->name, MAX(e->line, 1), MAX(e->column, 1) };

		hg_diag_add(p->diag, HG_SEV_ERROR, &place, NULL, "not YAML: %s", e->msg);
		any = TRUE;
	}
	if (!any && !hg_diag_count(p->diag, HG_SEV_ERROR)) {
		struct hg_place place = { p->name, MAX(p->last.line, 1), MAX(p->last.column, 1) };

		fail_at(p, &place, NULL, "not YAML 1.2 from here on");
	}
}

static gboolean run(struct parse *p, const char *text, gsize len)
{
	struct fy_diag_cfg diag_cfg = { .fp = NULL, .level = FYET_ERROR, .module_mask = ~0u };
	struct fy_diag *fy = NULL;
	struct fy_parse_cfg cfg = {
		.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2 | FYPCF_JSON_NONE,
	};
	struct fy_parser *parser;
	gboolean fine = TRUE, more = TRUE;

	fy = fy_diag_create(&diag_cfg);
	g_assert(fy);
	fy_diag_set_collect_errors(fy, true);
	cfg.diag = fy;
	parser = fy_parser_create(&cfg);
	g_assert(parser);
	fine = fy_parser_set_string(parser, text, len) == 0;
	while (fine && more) {
		struct fy_event *event = fy_parser_parse(parser);

		more = event && event->type != FYET_STREAM_END;
		fine = event && on_event(p, event);
		fy_parser_event_free(parser, event);
		if (!event || fy_parser_get_stream_error(parser)) {
			report_syntax(p, fy);
			fine = FALSE;
		}
	}
	fy_parser_destroy(parser);
	fy_diag_destroy(fy);
	return fine;
}

/* Of what libfyaml lets pass or reports without a place. */
static gboolean check_bytes(struct parse *p, const char *text, gsize len)
{
	struct hg_place place = { p->name, 1, 1 };
	const char *bad = NULL;

	if (len > HG_DOC_FILE_MAX)
		return fail_at(p, &(struct hg_place){ p->name, 0, 0 }, "split it with include:",
			       "the file has more than 1 MiB");
	if (g_utf8_validate_len(text, len, &bad) && !memchr(text, 0, len))
		return TRUE;
	if (!bad || memchr(text, 0, bad - text))
		bad = memchr(text, 0, len);
	for (const char *c = text; c < bad; c = g_utf8_next_char(c)) {
		place.line += *c == '\n';
		place.column = *c == '\n' ? 1 : place.column + 1;
	}
	hg_diag_add(p->diag, HG_SEV_ERROR, &place, "save the file as UTF-8",
		    "byte 0x%02x is not UTF-8 text", (guchar)*bad);
	return FALSE;
}

const hg_node *hg_yaml_parse(hg_doc *doc, const char *name, const char *text, gsize len, hg_diag *diag)
{
	struct parse p = { .doc = doc, .name = hg_arena_str(doc->arena, name), .diag = diag };
	gboolean fine;

	p.last = (struct hg_place){ p.name, 1, 1 };
	hg_diag_source(diag, name, text);
	if (!check_bytes(&p, text, len))
		return NULL;
	p.stack = g_ptr_array_new_with_free_func(open_node_free);
	p.anchors = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	fine = run(&p, text, len);
	g_ptr_array_unref(p.stack);
	g_hash_table_unref(p.anchors);
	if (!fine)
		return NULL;
	/* Nothing but comments: a map without anything. */
	return p.root ? p.root : hg_tree_node(doc, HG_NODE_MAP, &p.last);
}
