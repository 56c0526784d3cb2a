/* docs_walk.c - what schema, sample and man page share: the tree of dotted names, words for values */
#include "docs_walk.h"

#include <string.h>

#include "docs.h"

const char *hg_docs_rules_schema, *hg_docs_tests_schema;

static void entry_free(gpointer p)
{
	struct hg_docs_entry *e = p;

	g_free(e->word);
	g_free(e->prefix);
	g_free(e);
}

static gboolean has_word(const GPtrArray *level, const char *word)
{
	for (guint i = 0; i < level->len; i++)
		if (strcmp(((struct hg_docs_entry *)g_ptr_array_index(level, i))->word, word) == 0)
			return TRUE;
	return FALSE;
}

GPtrArray *hg_docs_level(const struct hg_option *table, const char *prefix)
{
	GPtrArray *level = g_ptr_array_new_with_free_func(entry_free);
	gsize skip = strlen(prefix);

	for (; table && table->name; table++) {
		struct hg_docs_entry *e;
		gsize length;

		if (strncmp(table->name, prefix, skip) != 0)
			continue;
		e = g_new0(struct hg_docs_entry, 1);
		length = strcspn(table->name + skip, ".");
		e->word = g_strndup(table->name + skip, length);
		if (table->name[skip + length])
			e->prefix = g_strndup(table->name, skip + length + 1);
		else
			e->opt = table;
		if (has_word(level, e->word))
			entry_free(e);
		else
			g_ptr_array_add(level, e);
	}
	return level;
}

const char *hg_docs_fallback(const struct hg_option *opt)
{
	return opt->fallback && strcmp(opt->fallback, HG_ADAPTER_DIR) == 0 ? NULL : opt->fallback;
}

gboolean hg_docs_is_list(const struct hg_option *opt)
{
	return opt->type == HG_OPT_STRINGS || opt->type == HG_OPT_SECRETS;
}

gboolean hg_docs_is_choice(const struct hg_option *opt)
{
	return opt->range && !strstr(opt->range, "..");
}

gboolean hg_docs_required(const struct hg_option *table, const char *prefix)
{
	for (; table && table->name; table++)
		if (g_str_has_prefix(table->name, prefix) && (table->flags & HG_OPT_REQUIRED))
			return TRUE;
	return FALSE;
}

static const char *kind_of(const struct hg_option *opt)
{
	static const char *const kinds[] = {
		[HG_OPT_STRING] = "text", [HG_OPT_SECRET] = "secret", [HG_OPT_URL] = "URL",
		[HG_OPT_PATH] = "path", [HG_OPT_ENUM] = "word", [HG_OPT_BOOL] = "true or false",
		[HG_OPT_INT] = "number", [HG_OPT_MSECS] = "time", [HG_OPT_BYTES] = "size",
		[HG_OPT_STRINGS] = "text or list of texts",
		[HG_OPT_SECRETS] = "secret or list of secrets", [HG_OPT_MAP] = "text or map of texts",
		[HG_OPT_TREE] = "map, list, or path of a YAML file that holds one", [HG_OPT_SECRET_MAP] = "map of secrets",
	};

	return kinds[opt->type];
}

/* "a|b|c" as "a, b or c" */
static char *choices(const char *range)
{
	g_auto(GStrv) words = g_strsplit(range, "|", -1);
	guint n = g_strv_length(words);
	GString *out = g_string_new(NULL);

	for (guint i = 0; i < n; i++)
		g_string_append_printf(out, "%s%s", !i ? "" : i + 1 == n ? " or " : ", ", words[i]);
	return g_string_free(out, FALSE);
}

char *hg_docs_values(const struct hg_option *opt)
{
	gboolean text = opt->type <= HG_OPT_PATH || opt->type == HG_OPT_MAP || hg_docs_is_list(opt);
	g_autofree char *words = NULL;
	g_auto(GStrv) side = NULL;
	const char *unit = text ? " characters" : "";

	if (!opt->range)
		return g_strdup(kind_of(opt));
	if (hg_docs_is_choice(opt)) {
		words = choices(opt->range);
		return hg_docs_is_list(opt) ? g_strdup_printf("list of %s", words)
					    : g_steal_pointer(&words);
	}
	side = g_strsplit(opt->range, "..", 2);
	if (!*side[0])
		return g_strdup_printf("%s, at most %s%s", kind_of(opt), side[1], unit);
	if (!*side[1])
		return g_strdup_printf("%s, at least %s%s", kind_of(opt), side[0], unit);
	if (strcmp(side[0], side[1]) == 0)
		return g_strdup(side[0]);
	return g_strdup_printf("%s, %s to %s%s", kind_of(opt), side[0], side[1], unit);
}
