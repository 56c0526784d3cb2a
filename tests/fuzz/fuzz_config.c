/* fuzz_config.c - any text as a configuration: read and explained without a crash, within bounds,
 * and a node tree that hangs together */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "config_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* libfyaml 0.7.12 loses 2 KiB when a long quoted key is followed by a syntax error. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:libfyaml\n";
}

/* Returns the number of nodes, each alias counted again. */
static guint walk(const hg_node *node, guint depth)
{
	enum hg_node_type type = hg_node_type(node);
	guint n = 1;

	g_assert_cmpuint(depth, <=, HG_DOC_DEPTH_MAX);
	g_assert_nonnull(hg_node_place(node)->file);
	g_assert_cmpint(hg_node_place(node)->line, >, 0);
	g_assert_cmpint(hg_node_place(node)->column, >, 0);
	g_assert_true((hg_node_text(node) != NULL) == (type == HG_NODE_SCALAR));
	for (guint i = 0; type == HG_NODE_LIST && i < hg_node_size(node); i++)
		n += walk(hg_node_at(node, i), depth + 1);
	for (guint i = 0; type == HG_NODE_MAP && i < hg_node_size(node); i++) {
		g_assert_nonnull(hg_node_get(node, hg_node_key(node, i)));
		n += walk(hg_node_value(node, i), depth + 1);
	}
	g_assert_cmpuint(n, <=, HG_DOC_NODES_MAX);
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	g_autofree char *text = g_strndup((const char *)data, size);
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_doc *doc = hg_doc_parse("fuzz.yaml", text, diag);
	g_autoptr(hg_conf) conf = NULL;
	g_autofree char *shown = NULL, *json = NULL;

	if (doc) {
		walk(hg_doc_root(doc), 0);
		conf = hg_conf_make("fuzz.yaml", doc, &probe_finder, diag);
	}
	g_assert_true((conf == NULL) == (hg_diag_count(diag, HG_SEV_ERROR) > 0));
	shown = hg_diag_render(diag, TRUE);
	json = hg_diag_json(diag);
	g_assert_true(g_utf8_validate(shown, -1, NULL));
	g_assert_true(g_utf8_validate(json, -1, NULL));
	return 0;
}
