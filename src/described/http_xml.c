/* http_xml.c - an XML document as a tree: GMarkup reads it, which knows no entities but the five and no DTD */
#include <string.h>

#include "http_forms.h"
#include "text.h"

struct element {
	char *name;			/* ours */
	struct json_object *map;	/* NULL: no attribute and no child so far */
	GString *text;
};

struct xml {
	GPtrArray *open;		/* struct element, the outermost first */
	struct json_object *root;
	guint nodes;
};

static void free_element(gpointer data)
{
	struct element *e = data;

	json_object_put(e->map);
	g_string_free(e->text, TRUE);
	g_free(e->name);
	g_free(e);
}

/* Without the prefix of its namespace, which every sender chooses for himself. */
static const char *local(const char *name)
{
	const char *colon = strrchr(name, ':');

	return colon && colon[1] ? colon + 1 : name;
}

static struct json_object *map_of(struct element *e)
{
	if (!e->map)
		e->map = json_object_new_object();
	return e->map;
}

static gboolean count(struct xml *x, guint n, GError **error)
{
	x->nodes += n;
	if (x->nodes <= HT_TREE_NODES)
		return TRUE;
	g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT, "it has more than %d elements and attributes",
		    HT_TREE_NODES);
	return FALSE;
}

static void on_start(GMarkupParseContext *context, const char *name, const char **names, const char **values,
		     gpointer data, GError **error)
{
	struct xml *x = data;
	struct element *e;

	(void)context;
	if (x->open->len >= HT_TREE_DEPTH) {
		g_set_error(error, G_MARKUP_ERROR, G_MARKUP_ERROR_INVALID_CONTENT,
			    "it has more than %d elements within each other", HT_TREE_DEPTH);
		return;
	}
	if (!count(x, 1 + g_strv_length((char **)names), error))
		return;
	e = g_new0(struct element, 1);
	e->name = g_strdup(local(name));
	e->text = g_string_new(NULL);
	g_ptr_array_add(x->open, e);
	for (; *names; names++, values++) {
		g_autofree char *key = g_strconcat("@", local(*names), NULL);

		if (!g_str_has_prefix(*names, "xmlns"))
			json_object_object_add(map_of(e), key, json_object_new_string(*values));
	}
}

static struct json_object *value_of(struct element *e)
{
	gboolean blank = e->text->str[strspn(e->text->str, " \t\r\n")] == '\0';

	if (!e->map)
		return json_object_new_string_len(e->text->str, (int)e->text->len);
	if (!blank)
		ht_add(e->map, "#text", json_object_new_string_len(e->text->str, (int)e->text->len));
	return json_object_get(e->map);
}

static void on_end(GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
	struct xml *x = data;
	struct element *e = g_ptr_array_index(x->open, x->open->len - 1);
	struct json_object *value = value_of(e), *around;

	(void)context;
	(void)name;
	(void)error;
	if (x->open->len > 1) {
		around = map_of(g_ptr_array_index(x->open, x->open->len - 2));
	} else {
		x->root = x->root ? x->root : json_object_new_object();
		around = x->root;
	}
	ht_add(around, e->name, value);
	g_ptr_array_set_size(x->open, (int)x->open->len - 1);
}

static void on_text(GMarkupParseContext *context, const char *text, gsize len, gpointer data, GError **error)
{
	struct xml *x = data;
	struct element *e = x->open->len ? g_ptr_array_index(x->open, x->open->len - 1) : NULL;

	(void)context;
	(void)error;
	if (e)
		g_string_append_len(e->text, text, (gssize)len);
}

/* encoding="..." of the declaration (XML 1.0 section 4.3.3), which is ASCII; or NULL. */
static char *declared(const char *bytes, gsize len)
{
	g_autofree char *head = g_strndup(bytes, MIN(len, 200));
	const char *end = strstr(head, "?>"), *at = strstr(head, "encoding");
	char quote;
	char *charset;

	if (!g_str_has_prefix(head, "<?xml") || !end || !at || at > end)
		return NULL;
	at += strlen("encoding");
	at += strspn(at, " \t\r\n=");
	quote = *at;
	if (quote != '"' && quote != '\'')
		return NULL;
	charset = g_strndup(at + 1, strspn(at + 1, HT_CHARSET_CHARS));
	if (*charset)
		return charset;
	g_free(charset);
	return NULL;
}

static gboolean parse(struct xml *x, const char *text, gsize len, GError **error)
{
	static const GMarkupParser parser = { .start_element = on_start, .end_element = on_end, .text = on_text };
	g_autoptr(GMarkupParseContext) context =
		g_markup_parse_context_new(&parser, G_MARKUP_TREAT_CDATA_AS_TEXT, x, NULL);

	return g_markup_parse_context_parse(context, text, (gssize)len, error) &&
	       g_markup_parse_context_end_parse(context, error);
}

struct json_object *ht_xml_tree(const char *charset, const char *bytes, gsize len, struct hg_err *err)
{
	g_autofree char *said = charset ? NULL : declared(bytes, len), *text = NULL;
	g_autoptr(GError) error = NULL;
	struct xml x = { .open = g_ptr_array_new_with_free_func(free_element) };
	gsize text_len;

	text = ht_utf8(charset ? charset : said, bytes, len, &text_len);
	if (!parse(&x, text, text_len, &error))
		g_clear_pointer(&x.root, json_object_put);
	g_ptr_array_unref(x.open);
	if (x.root)
		return x.root;
	return ht_refuse(err, HG_ERR_INPUT, error ? error->message : "there is no element in it");
}
