/* config_explain.c - config explain, config search: what keys there are, and what they mean */
#include <stdio.h>
#include <string.h>
#include "config_verbs.h"
#include "docs_walk.h"
#include "load.h"
#include "tables.h"

/* A key as the tables know it. */
struct entry {
	char *key;			/* "gateway.listen", "channels.NAME.token" */
	const struct hg_option *option;
	const char *adapter;		/* whose option of a channel it is; or NULL */
	const char *part;
};

static void entry_free(gpointer p)
{
	struct entry *entry = p;

	g_free(entry->key);
	g_free(entry);
}

/* ---- all keys there are ---- */

static void add_table(GPtrArray *entries, const char *part, const char *prefix, const struct hg_option *table, const char *adapter)
{
	for (; table && table->name; table++) {
		struct entry *entry = g_new0(struct entry, 1);

		*entry = (struct entry){ g_strconcat(prefix, table->name, NULL), table, adapter, part };
		g_ptr_array_add(entries, entry);
	}
}

static GPtrArray *all_entries(hg_loader *loader)
{
	GPtrArray *entries = g_ptr_array_new_with_free_func(entry_free);

	for (const struct hg_section *section = hg_conf_sections; section->name; section++) {
		g_autofree char *prefix = g_strdup_printf("%s%s", section->name, section->many ? ".NAME." : *section->name ? "." : "");

		add_table(entries, section->name, prefix, section->options, NULL);
	}
	for (const char *const *name = hg_loader_names(loader); *name; name++)
		add_table(entries, "channels", "channels.NAME.", ctl_adapter_options(loader, *name), *name);
	return entries;
}

/* "channels.wa-main.token": the name in it is any. */
static char *general(const char *key)
{
	for (const struct hg_section *section = hg_conf_sections; section->name; section++) {
		gsize len = strlen(section->name);
		const char *rest;

		if (!section->many || strncmp(key, section->name, len) != 0 || key[len] != '.')
			continue;
		rest = strchr(key + len + 1, '.');
		return g_strdup_printf("%s.NAME%s", section->name, rest ? rest : "");
	}
	return g_strdup(key);
}

/* The key itself, that of an adapter ("whatsapp.token"), or its last words ("token"). */
static gboolean is_meant(const struct entry *entry, const char *said, const char *key)
{
	gsize len = strlen(entry->key), said_len = strlen(said);
	g_autofree char *own = entry->adapter ? g_strdup_printf("%s.%s", entry->adapter, entry->option->name) : NULL;

	return strcmp(entry->key, key) == 0 || g_strcmp0(own, said) == 0 ||
	       (len > said_len && entry->key[len - said_len - 1] == '.' && strcmp(entry->key + len - said_len, said) == 0);
}

/* ---- what the configuration says of it ---- */

static gboolean is_of(const struct hg_conf_row *row, const struct entry *entry, const char *said)
{
	g_autofree char *key = general(row->key);

	return row->option == entry->option && strcmp(key, entry->key) == 0 && (strcmp(said, key) == 0 || strchr(said, '.') == NULL ||
	       strcmp(said, row->key) == 0 || g_str_has_suffix(key, said) || entry->adapter);
}

static void print_here(const ctl_written *written, const struct entry *entry, const char *said)
{
	for (guint i = 0; written->rows && i < written->rows->len; i++) {
		const struct hg_conf_row *row = written->rows->pdata[i];
		g_autofree char *value = NULL, *safe = NULL;

		if (!is_of(row, entry, said))
			continue;
		value = hg_conf_row_value(row);
		safe = ctl_safe(value, FALSE);
		printf("  here      %s: %s   %s:%d\n", row->key, safe, hg_node_place(row->node)->file, hg_node_place(row->node)->line);
	}
}

static const char *taken_over(const struct entry *entry)
{
	const struct hg_conf_row row = { .option = entry->option, .part = entry->part };

	if (!hg_conf_row_reloads(&row))
		return "wants a restart of headgated";
	if (entry->option->flags & HG_OPT_RELOAD)
		return "taken over by a reload";
	return "taken over by a reload, which begins the thing it belongs to anew";
}

static void print_entry(const struct ctl *ctl, const ctl_written *written, const struct entry *entry, const char *said)
{
	const struct hg_option *option = entry->option;
	const char *fallback = hg_docs_fallback(option);
	g_autofree char *values = hg_docs_values(option);
	int columns = ctl_columns();

	printf("%s%s%s%s%s\n", ctl_look(ctl, CTL_BOLD), entry->key, ctl_look(ctl, CTL_PLAIN), entry->adapter ? "   of adapter " : "",
	       entry->adapter ? entry->adapter : "");
	ctl_print_filled(option->help, 2, columns > 40 ? MIN(columns, 100) : 80);
	printf("  values    %s\n", values);
	printf("  default   %s\n", fallback ? fallback : option->flags & HG_OPT_REQUIRED ? "none; it has to be there" : "none");
	printf("  change    %s\n", taken_over(entry));
	if (option->flags & HG_OPT_DEPRECATED)
		puts("  deprecated");
	print_here(written, entry, said);
}

static void entry_json(GString *out, const struct entry *entry)
{
	g_autofree char *values = hg_docs_values(entry->option);

	hg_json_open(out, '{');
	hg_json_add_str(out, "key", entry->key);
	hg_json_opt_str(out, "adapter", entry->adapter);
	hg_json_add_str(out, "help", entry->option->help);
	hg_json_add_str(out, "values", values);
	hg_json_add_str(out, "default", hg_docs_fallback(entry->option));
	hg_json_add_bool(out, "required", (entry->option->flags & HG_OPT_REQUIRED) != 0);
	hg_json_add_str(out, "change", taken_over(entry));
	hg_json_close(out, '}');
}

static void entries_json(const GPtrArray *entries)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_key(out, "keys");
	hg_json_open(out, '[');
	for (guint i = 0; i < entries->len; i++)
		entry_json(out, entries->pdata[i]);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* A configuration that is not there has no say in what keys mean. */
static void look_into(const struct ctl *ctl, ctl_written *ret)
{
	if (g_file_test(ctl_config(ctl), G_FILE_TEST_EXISTS))
		(void)ctl_written_read(ctl, NULL, FALSE, ret);
}

static int no_such_key(const struct ctl *ctl, const GPtrArray *entries, const char *said)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < entries->len; i++) {
		const struct entry *entry = entries->pdata[i];
		const char *last = strrchr(entry->key, '.');

		g_ptr_array_add(names, entry->key);
		if (last && !strchr(said, '.'))
			g_ptr_array_add(names, (gpointer)(last + 1));
	}
	g_ptr_array_add(names, NULL);
	ctl_unknown(ctl, "key", said, (const char *const *)names->pdata);
	return CTL_MISSING;
}

static int explain(struct ctl *ctl)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	g_autoptr(GPtrArray) entries = all_entries(loader), meant = g_ptr_array_new();
	const char *said = ctl_value(ctl, "KEY");
	g_autofree char *key = general(said);
	g_auto(ctl_written) written = { 0 };

	for (guint i = 0; i < entries->len; i++)
		if (is_meant(entries->pdata[i], said, key))
			g_ptr_array_add(meant, entries->pdata[i]);
	if (!meant->len)
		return no_such_key(ctl, entries, said);
	if (ctl->json) {
		entries_json(meant);
		return CTL_DONE;
	}
	look_into(ctl, &written);
	for (guint i = 0; i < meant->len; i++)
		print_entry(ctl, &written, meant->pdata[i], said);
	return CTL_DONE;
}

/* ---- search ---- */

static gboolean speaks_of(const struct entry *entry, const char *word)
{
	g_autofree char *all = g_strdup_printf("%s %s %s", entry->key, entry->adapter ? entry->adapter : "", entry->option->help);
	g_autofree char *folded = g_utf8_casefold(all, -1), *wanted = g_utf8_casefold(word, -1);

	return strstr(folded, wanted) != NULL;
}

static void print_found(const struct ctl *ctl, const struct entry *entry)
{
	int columns = ctl_columns();

	printf("%s%s%s%s%s%s\n", ctl_look(ctl, CTL_CYAN), entry->key, ctl_look(ctl, CTL_PLAIN), entry->adapter ? "   (" : "",
	       entry->adapter ? entry->adapter : "", entry->adapter ? ")" : "");
	ctl_print_filled(entry->option->help, 4, columns > 40 ? MIN(columns, 100) : 80);
}

static int search(struct ctl *ctl)
{
	g_autoptr(hg_loader) loader = hg_loader_new(hg_conf_adapter_dir());
	g_autoptr(GPtrArray) entries = all_entries(loader), found = g_ptr_array_new();
	const char *word = ctl_value(ctl, "WORD");

	for (guint i = 0; i < entries->len; i++)
		if (speaks_of(entries->pdata[i], word))
			g_ptr_array_add(found, entries->pdata[i]);
	if (ctl->json)
		entries_json(found);
	for (guint i = 0; !ctl->json && i < found->len; i++)
		print_found(ctl, found->pdata[i]);
	if (found->len)
		return CTL_DONE;
	ctl_say_error(ctl, "no key and no help of one has \"%s\" in it; see headgate.yaml(5)", word);
	return CTL_MISSING;
}

const struct ctl_verb ctl_config_explain = {
	.name = "explain", .help = "what a key means, may be, is by default, and is here", .run = explain,
	.args = CTL_PARAMS({ "KEY", CTL_KEY, .help = "gateway.listen, channels.wa-main.token, whatsapp.token, or the last word of some" }),
	.exits = "0 explained, 4 there is no such key",
	.example = "config explain settle",
};

const struct ctl_verb ctl_config_search = {
	.name = "search", .help = "keys that have a word in their name or their help", .run = search,
	.args = CTL_PARAMS({ "WORD", .help = "or a part of one" }),
	.exits = "0 found, 4 nothing has it",
};
