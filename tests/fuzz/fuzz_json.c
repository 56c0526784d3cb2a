/* fuzz_json.c - strict JSON: what is taken can be written and taken again, json-c agrees that it
 * is JSON, and any bytes at all can be written as a string */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_again(struct json_object *tree)
{
	size_t len;
	const char *text = json_object_to_json_string_length(tree, JSON_C_TO_STRING_PLAIN, &len);
	g_autoptr(json_object) again = hg_json_parse(text, len, NULL, NULL);

	g_assert_nonnull(again);
	g_assert_true(json_object_equal(tree, again));
}

/* What json-c's own strict mode refuses must never be taken, and what is taken must mean the same to both. */
static void check_json_c(const uint8_t *data, size_t size, struct json_object *ours)
{
	struct json_tokener *tok = json_tokener_new_ex(64);
	struct json_object *tree;

	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	tree = json_tokener_parse_ex(tok, (const char *)data, (int)size);
	if (json_tokener_get_error(tok) == json_tokener_continue)
		tree = json_tokener_parse_ex(tok, "", 1);
	g_assert_nonnull(tree);
	g_assert_true(json_object_equal(tree, ours));
	g_assert_cmpstr(json_object_to_json_string_ext(tree, JSON_C_TO_STRING_PLAIN), ==,
			json_object_to_json_string_ext(ours, JSON_C_TO_STRING_PLAIN));
	json_object_put(tree);
	json_tokener_free(tok);
}

static void check_writer(const uint8_t *data, size_t size)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *valid = hg_text_valid((const char *)data, (gssize)size, 0);
	g_autoptr(json_object) tree = NULL;

	hg_json_open(out, '{');
	hg_json_key(out, "a");
	hg_json_put_strn(out, (const char *)data, size);
	hg_json_close(out, '}');
	tree = hg_json_parse(out->str, out->len, NULL, NULL);
	g_assert_cmpstr(hg_json_str(tree, "a"), ==, valid);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct hg_json_limits lax = { .duplicates = TRUE };
	g_autoptr(json_object) tree = hg_json_parse(data, size, NULL, NULL);
	g_autoptr(json_object) twice = hg_json_parse(data, size, &lax, NULL);

	if (tree) {
		g_assert_nonnull(twice);
		check_again(tree);
	}
	if (twice)
		check_json_c(data, size, twice);
	check_writer(data, size);
	return 0;
}
