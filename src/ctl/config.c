/* config.c - the verb "config": what a configuration says, and what is in force */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "config_verbs.h"
#include "docs_verb.h"
#include "load.h"

const struct hg_option *ctl_adapter_options(void *loader, const char *adapter)
{
	const struct hg_adapter *found = hg_loader_get(loader, adapter, NULL);

	return found ? found->options : NULL;
}

gboolean ctl_written_read(const struct ctl *ctl, const char *path, gboolean all, ctl_written *ret)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *wrong = NULL;

	memset(ret, 0, sizeof *ret);
	ret->doc = hg_doc_read(path ? path : ctl_config(ctl), diag);
	if (!ret->doc) {
		wrong = hg_diag_render(diag, ctl_colours(ctl, STDERR_FILENO));
		fputs(wrong, stderr);
		return FALSE;
	}
	ret->loader = hg_loader_new(hg_conf_adapter_dir());
	ret->rows = hg_conf_rows(hg_doc_root(ret->doc), all, ctl_adapter_options, ret->loader);
	return TRUE;
}

void ctl_written_clear(ctl_written *written)
{
	g_clear_pointer(&written->rows, g_ptr_array_unref);
	g_clear_pointer(&written->doc, hg_doc_free);
	g_clear_pointer(&written->loader, hg_loader_free);
}

/* ---- show ---- */

/* "gateway" is also what is below it. */
static gboolean is_below(const char *key, const char *of)
{
	gsize len = strlen(of);

	return strncmp(key, of, len) == 0 && (!key[len] || key[len] == '.');
}

static int no_such_key(const struct ctl *ctl, const GPtrArray *rows, const char *key)
{
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	for (guint i = 0; i < rows->len; i++)
		g_ptr_array_add(names, ((struct hg_conf_row *)rows->pdata[i])->key);
	g_ptr_array_add(names, NULL);
	ctl_unknown(ctl, "key", key, (const char *const *)names->pdata);
	return CTL_MISSING;
}

static void print_rows(const struct ctl *ctl, const GPtrArray *rows, gboolean origin)
{
	g_autoptr(GString) out = g_string_new(NULL);
	g_autofree char *safe = NULL;

	if (!ctl->json) {
		ctl_rows_yaml(rows, origin, out);
		safe = isatty(STDOUT_FILENO) ? ctl_safe(out->str, TRUE) : NULL;
		fputs(safe ? safe : out->str, stdout);
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "file", ctl_config(ctl));
	hg_json_key(out, "values");
	hg_json_open(out, '[');
	for (guint i = 0; i < rows->len; i++)
		hg_conf_row_json(rows->pdata[i], out);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int show(struct ctl *ctl)
{
	g_auto(ctl_written) written = { 0 };
	g_autoptr(GPtrArray) chosen = g_ptr_array_new();
	const char *key = ctl_value(ctl, "KEY");

	if (!ctl_written_read(ctl, NULL, ctl_given(ctl, "effective"), &written))
		return CTL_CONFIG;
	for (guint i = 0; i < written.rows->len; i++)
		if (!key || is_below(((struct hg_conf_row *)written.rows->pdata[i])->key, key))
			g_ptr_array_add(chosen, written.rows->pdata[i]);
	if (key && !chosen->len)
		return no_such_key(ctl, written.rows, key);
	print_rows(ctl, chosen, ctl_given(ctl, "origin"));
	return CTL_DONE;
}

/* ---- diff ---- */

struct difference { const char *key; char *file, *running; gboolean reloads; };

static void difference_free(gpointer p)
{
	struct difference *difference = p;

	g_free(difference->file);
	g_free(difference->running);
	g_free(difference);
}

/* Key -> value as JSON, of what the daemon says. */
static GHashTable *values_of(struct json_object *reply)
{
	GHashTable *values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	struct json_object *list = hg_json_arr(reply, "values");

	for (gsize i = 0; list && i < json_object_array_length(list); i++) {
		struct json_object *row = json_object_array_get_idx(list, i);

		g_hash_table_insert(values, g_strdup(hg_json_str(row, "key") ?: ""), row);
	}
	return values;
}

static char *text_of(struct json_object *row)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(row, "value", &value);
	return g_strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* As json-c writes it, so that two texts are equal when the values are. */
static char *again(const char *json)
{
	g_autoptr(json_object) value = hg_json_parse(json, strlen(json), NULL, NULL);

	return g_strdup(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

static void add_difference(GPtrArray *all, const char *key, char *file, char *running, gboolean reloads)
{
	struct difference *difference = g_new0(struct difference, 1);

	*difference = (struct difference){ key, file, running, reloads };
	g_ptr_array_add(all, difference);
}

static GPtrArray *compare(const GPtrArray *rows, GHashTable *running)
{
	GPtrArray *all = g_ptr_array_new_with_free_func(difference_free);
	GHashTableIter iter;
	gpointer key, row;

	for (guint i = 0; i < rows->len; i++) {
		const struct hg_conf_row *mine = rows->pdata[i];
		struct json_object *theirs = g_hash_table_lookup(running, mine->key);
		g_autofree char *json = hg_conf_row_value(mine), *value = again(json), *was = theirs ? text_of(theirs) : NULL;

		if (g_strcmp0(value, was) != 0)
			add_difference(all, mine->key, g_steal_pointer(&value), g_steal_pointer(&was), hg_conf_row_reloads(mine));
		g_hash_table_remove(running, mine->key);
	}
	g_hash_table_iter_init(&iter, running);		/* what is left the file does not say any more */
	while (g_hash_table_iter_next(&iter, &key, &row))
		add_difference(all, hg_json_str(row, "key"), NULL, text_of(row), hg_json_bool(row, "reloads", TRUE));
	return all;
}

static void put_difference(GString *out, const struct difference *difference)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "key", difference->key);
	hg_json_add_raw(out, "running", difference->running);
	hg_json_add_raw(out, "file", difference->file);
	hg_json_add_bool(out, "reloads", difference->reloads);
	hg_json_close(out, '}');
}

static void diff_json(const struct ctl *ctl, const GPtrArray *all)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "file", ctl_config(ctl));
	hg_json_key(out, "differences");
	hg_json_open(out, '[');
	for (guint i = 0; i < all->len; i++)
		put_difference(out, all->pdata[i]);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static void print_side(const struct ctl *ctl, char mark, enum ctl_look look, const char *key, const char *value)
{
	g_autofree char *safe = value ? ctl_safe(value, FALSE) : NULL;

	if (safe)
		printf("%s%c %s: %s%s\n", ctl_look(ctl, look), mark, key, safe, ctl_look(ctl, CTL_PLAIN));
}

static void diff_text(const struct ctl *ctl, const GPtrArray *all, const char *file)
{
	guint restart = 0;

	if (!all->len && !ctl->quiet)
		printf("%s is what runs\n", file);
	if (!all->len)
		return;
	printf("- running\n+ %s\n", file);
	for (guint i = 0; i < all->len; i++) {
		const struct difference *difference = all->pdata[i];

		restart += !difference->reloads;
		print_side(ctl, '-', CTL_RED, difference->key, difference->running);
		print_side(ctl, '+', CTL_GREEN, difference->key, difference->file);
		if (!difference->reloads)
			puts("  (wants a restart)");
	}
	if (!ctl->quiet)
		printf("%u difference%s; headgatectl reload takes %s over\n", all->len, all->len == 1 ? "" : "s",
		       !restart ? all->len == 1 ? "it" : "them" : restart < all->len ? "the others" : "none of them");
}

static int diff(struct ctl *ctl)
{
	g_auto(ctl_written) written = { 0 };
	g_auto(ctl_reply) reply = { 0 };
	g_autoptr(GHashTable) running = NULL;
	g_autoptr(GPtrArray) all = NULL;
	int code = ctl_call(ctl, "GET", "/v1/config", NULL, NULL, &reply);
	const char *file = ctl->config ? ctl->config : hg_json_str(reply.json, "file");

	if (code != CTL_DONE)
		return code;
	if (!ctl_written_read(ctl, file, FALSE, &written))
		return CTL_CONFIG;
	running = values_of(reply.json);
	all = compare(written.rows, running);
	if (ctl->json)
		diff_json(ctl, all);
	else
		diff_text(ctl, all, file);
	return all->len ? CTL_NO : CTL_DONE;
}

/* ---- the verb ---- */

static int schema(struct ctl *ctl)
{
	(void)ctl;
	return ctl_print_schema();
}

static const struct ctl_verb show_verb = {
	.name = "show", .help = "what it says, with all that is included, as YAML", .usual = TRUE, .run = show,
	.args = CTL_PARAMS({ "KEY", CTL_KEY, .help = "only that and what is below: gateway, channels.wa-main", .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "effective", CTL_FLAG, NULL, "also what holds by default" },
			      { "origin", CTL_FLAG, NULL, "with the file and line of each" }),
	.more = "Secrets are shown as they are written: where they are, never what they are.",
	.exits = "0 shown, 4 there is no such key, 78 it cannot be read",
};

static const struct ctl_verb diff_verb = {
	.name = "diff", .help = "what a reload would change: the running daemon's against the file", .run = diff,
	.more = "The file is the one that the daemon reads, or that of --config.  Secrets are compared by where they are; that the "
		"secret itself has changed is not seen.",
	.exits = "0 the same, 1 they differ, 3 no daemon, 78 the file cannot be read",
};

static const struct ctl_verb schema_verb = {
	.name = "schema", .help = "the JSON Schema of the file, for editors", .run = schema,
};

const struct ctl_verb ctl_verb_config = {
	.name = "config", .help = "what the configuration says, what keys mean, what runs",
	.subs = CTL_SUBS(&show_verb, &ctl_config_explain, &ctl_config_search, &diff_verb, &ctl_config_fmt, &ctl_config_upgrade,
			 &schema_verb),
};
