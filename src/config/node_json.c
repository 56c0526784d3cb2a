/* node_json.c - a node as JSON: what is kept of it, and what others read */
#include "node.h"

#include <string.h>

#include "json.h"

/* JSON knows no 007 and no +5: these are texts (codes, numbers of telephones). */
static gboolean is_number(const char *text)
{
	const char *digits = text + (*text == '-');

	return g_ascii_isdigit(digits[0]) && (digits[0] != '0' || !digits[1]) &&
	       g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, NULL, NULL);
}

static gboolean is_bare(const hg_node *node)
{
	const char *text = hg_node_text(node);

	return hg_node_plain(node) && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || is_number(text));
}

void hg_node_json(const hg_node *node, GString *out)
{
	switch (hg_node_type(node)) {
	case HG_NODE_LIST:
		hg_json_open(out, '[');
		for (guint i = 0; i < hg_node_size(node); i++)
			hg_node_json(hg_node_at(node, i), out);
		hg_json_close(out, ']');
		break;
	case HG_NODE_MAP:
		hg_json_open(out, '{');
		for (guint i = 0; i < hg_node_size(node); i++) {
			hg_json_put_str(out, hg_node_key(node, i));
			g_string_append_c(out, ':');
			hg_node_json(hg_node_value(node, i), out);
		}
		hg_json_close(out, '}');
		break;
	case HG_NODE_SCALAR:
	default:
		if (hg_node_null(node))
			hg_json_put_raw(out, "null");
		else if (is_bare(node))
			hg_json_put_raw(out, hg_node_text(node));
		else
			hg_json_put_str(out, hg_node_text(node));
	}
}
