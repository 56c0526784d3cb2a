/* http_tree.c - what a body is written in, and the tree of it; XML and multipart are in files of their own */
#include "http_tree.h"

#include <string.h>

#include "http_forms.h"
#include "json.h"
#include "params.h"
#include "text.h"

static const char *const shapes[] = { "", "json", "form", "xml", "query", "multipart", "text", NULL };

int ht_shape_word(const char *word)
{
	for (int shape = HT_JSON; shapes[shape]; shape++)
		if (strcmp(word, shapes[shape]) == 0)
			return shape;
	return 0;
}

/* ---- Content-Type ---- */

/* "text/xml" of "Text/XML; charset=..." */
static char *media_type(const char *content_type)
{
	g_autofree char *type = g_strndup(content_type, strcspn(content_type, ";,"));

	return g_ascii_strdown(g_strstrip(type), -1);
}

int ht_shape_of(const char *content_type)
{
	g_autofree char *type = content_type ? media_type(content_type) : g_strdup("");

	if (strcmp(type, "application/x-www-form-urlencoded") == 0)
		return HT_FORM;
	if (strcmp(type, "multipart/form-data") == 0)
		return HT_MULTIPART;
	if (g_str_has_suffix(type, "/json") || g_str_has_suffix(type, "+json"))
		return HT_JSON;
	if (g_str_has_suffix(type, "/xml") || g_str_has_suffix(type, "+xml"))
		return HT_XML;
	return 0;
}

char *ht_type_param(const char *content_type, const char *name)
{
	const char *at = content_type ? strchr(content_type, ';') : NULL;
	gsize len = strlen(name);

	for (; at; at = strchr(at, ';')) {
		at++;
		at += strspn(at, " \t");
		if (g_ascii_strncasecmp(at, name, len) != 0 || at[len] != '=')
			continue;
		at += len + 1;
		if (*at == '"')
			return g_strndup(at + 1, strcspn(at + 1, "\""));
		return g_strndup(at, strcspn(at, "; \t,"));
	}
	return NULL;
}

char *ht_charset_of(const char *content_type)
{
	char *charset = ht_type_param(content_type, "charset");

	if (charset && *charset)
		return charset;
	g_free(charset);
	return NULL;
}

gboolean ht_charset_known(const char *charset)
{
	GIConv conv;

	if (!*charset || strlen(charset) > 40 || strspn(charset, HT_CHARSET_CHARS) != strlen(charset))
		return FALSE;
	conv = g_iconv_open("UTF-8", charset);
	if (conv == (GIConv)-1)
		return FALSE;
	g_iconv_close(conv);
	return TRUE;
}

/* A name that a stranger wrote: what is not known is read as UTF-8. */
static const char *usable(const char *charset)
{
	if (!charset || g_ascii_strcasecmp(charset, "utf-8") == 0 || g_ascii_strcasecmp(charset, "utf8") == 0)
		return NULL;
	return ht_charset_known(charset) ? charset : NULL;
}

char *ht_utf8(const char *charset, const void *bytes, gsize len, gsize *ret_len)
{
	char *text = usable(charset) ? hg_text_in_charset(bytes, len, charset) : hg_text_valid(bytes, (gssize)len, 0);

	if (ret_len)
		*ret_len = strlen(text);
	return text;
}

/* ---- trees ---- */

struct json_object *ht_refuse(struct hg_err *err, int kind, const char *text)
{
	*err = (struct hg_err){ .kind = kind };
	g_strlcpy(err->text, text, sizeof(err->text));
	return NULL;
}

static struct json_object *json_tree(const char *text, gsize len, struct hg_err *err)
{
	const struct hg_json_limits limits = { .max_bytes = HT_TREE_BYTES, .max_depth = HT_TREE_DEPTH,
		.max_memory = HT_TREE_NODES * 1024, .duplicates = TRUE };
	g_autoptr(GError) error = NULL;
	struct json_object *tree = hg_json_parse(text, len, &limits, &error);

	return tree ? tree : ht_refuse(err, HG_ERR_INPUT, error->message);
}

void ht_add(struct json_object *map, const char *name, struct json_object *value)
{
	struct json_object *there = NULL, *list;

	if (!json_object_object_get_ex(map, name, &there)) {
		json_object_object_add(map, name, value);
		return;
	}
	if (json_object_is_type(there, json_type_array)) {
		json_object_array_add(there, value);
		return;
	}
	list = json_object_new_array();
	json_object_array_add(list, json_object_get(there));
	json_object_array_add(list, value);
	json_object_object_add(map, name, list);
}

static struct json_object *params_tree(hg_params *params, struct hg_err *err)
{
	struct json_object *map;

	if (!params)
		return ht_refuse(err, HG_ERR_LIMIT, "there are more than 1000 parameters");
	map = json_object_new_object();
	for (gsize i = 0; i < hg_params_len(params); i++) {
		const struct hg_param *param = hg_params_at(params, i);

		ht_add(map, param->name, json_object_new_string(param->value));
	}
	hg_params_free(params);
	return map;
}

/* An address is ASCII, whatever charset its values are in. */
static struct json_object *query_tree(const char *charset, const char *target, gsize len, struct hg_err *err)
{
	const char *query = memchr(target, '?', len);

	if (!query)
		return json_object_new_object();
	return params_tree(hg_params_parse(query + 1, len - (gsize)(query + 1 - target), charset), err);
}

struct json_object *ht_tree(int shape, const char *charset, const char *content_type, const void *bytes, gsize len,
			    struct hg_err *err)
{
	g_autofree char *text = NULL;
	gsize text_len = len;

	if (len > HT_TREE_BYTES)
		return ht_refuse(err, HG_ERR_LIMIT, "the body has more than 1 MiB");
	charset = usable(charset);
	if (shape == HT_FORM)
		return params_tree(hg_params_parse(bytes, len, charset), err);
	if (shape == HT_MULTIPART)
		return ht_multipart_tree(charset, content_type, bytes, len, err);
	if (shape == HT_XML)
		return ht_xml_tree(charset, bytes, len, err);
	if (shape == HT_JSON && !charset)
		return json_tree(bytes, len, err);
	if (shape == HT_QUERY)
		return query_tree(charset, bytes, len, err);
	text = ht_utf8(charset, bytes, len, &text_len);
	if (shape == HT_JSON)
		return json_tree(text, text_len, err);
	return json_object_new_string_len(text, (int)text_len);
}
