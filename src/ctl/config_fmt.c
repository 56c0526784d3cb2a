/* config_fmt.c - config fmt, config upgrade: the file laid out the usual way, or brought to the newest version */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "config_verbs.h"
#include "fmt.h"

#define SYNC_LINES 60			/* how far a line is looked for that both texts have */

/* ---- the difference of two texts: not the smallest there is, but a true one ---- */

/* The nearest lines that are equal; at the ends when there are none near. */
static void meet(char **a, char **b, guint *ret_a, guint *ret_b)
{
	for (guint sum = 1; sum < SYNC_LINES; sum++)
		for (guint i = 0; i <= sum && (!i || a[i - 1]); i++) {
			guint n = 0;

			while (n < sum - i && b[n])
				n++;
			if (n == sum - i && a[i] && b[n] && strcmp(a[i], b[n]) == 0) {
				*ret_a = i;
				*ret_b = n;
				return;
			}
		}
	*ret_a = MIN(g_strv_length(a), SYNC_LINES);
	*ret_b = MIN(g_strv_length(b), SYNC_LINES);
}

static void print_line(const struct ctl *ctl, char mark, enum ctl_look look, const char *line)
{
	g_autofree char *safe = ctl_safe(line, FALSE);

	printf("%s%c%s%s\n", ctl_look(ctl, look), mark, safe, ctl_look(ctl, CTL_PLAIN));
}

static void print_diff(const struct ctl *ctl, const char *path, const char *before, const char *after)
{
	g_auto(GStrv) old = g_strsplit(before, "\n", -1), new = g_strsplit(after, "\n", -1);
	char **a = old, **b = new;

	printf("--- %s\n+++ %s\n", path, path);
	while (*a || *b) {
		guint skip_a, skip_b;

		if (*a && *b && strcmp(*a, *b) == 0) {
			a++;
			b++;
			continue;
		}
		meet(a, b, &skip_a, &skip_b);
		printf("@@ -%zu +%zu @@\n", (gsize)(a - old) + 1, (gsize)(b - new) + 1);
		for (; skip_a && *a; skip_a--)
			print_line(ctl, '-', CTL_RED, *a++);
		for (; skip_b && *b; skip_b--)
			print_line(ctl, '+', CTL_GREEN, *b++);
	}
}

/* ---- writing ---- */

/* Mode and owner stay. */
static gboolean write_file(const struct ctl *ctl, const char *path, const char *text)
{
	g_autoptr(GError) error = NULL;
	struct stat was;

	if (stat(path, &was) == 0 &&
	    g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE,
				     (int)(was.st_mode & 0777), &error)) {
		if (chown(path, was.st_uid, was.st_gid) != 0 && geteuid() == 0)
			ctl_say_error(ctl, "%s: its owner could not be kept", path);
		return TRUE;
	}
	ctl_say_error(ctl, "%s: %s", path, error ? error->message : g_strerror(errno));
	return FALSE;
}

static void print_json(const char *path, gboolean changed, gboolean written)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "file", path);
	hg_json_add_bool(out, "changed", changed);
	hg_json_add_bool(out, "written", written);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

/* With --diff it is shown and not done. */
static int settle(const struct ctl *ctl, const char *path, const char *before, const char *after)
{
	gboolean changed = strcmp(before, after) != 0, show = ctl_given(ctl, "diff");

	if (changed && !show && !write_file(ctl, path, after))
		return CTL_REFUSED;
	if (ctl->json)
		print_json(path, changed, changed && !show);
	else if (changed && show)
		print_diff(ctl, path, before, after);
	else if (!ctl->quiet)
		printf("%s: %s\n", path, changed ? "changed" : "nothing to change");
	return changed && show ? CTL_NO : CTL_DONE;
}

static char *read_file(const struct ctl *ctl, const char *path, int *ret_code)
{
	g_autoptr(GError) error = NULL;
	char *text = NULL;
	gsize len = 0;

	if (g_file_get_contents(path, &text, &len, &error) && strlen(text) == len && len <= HG_DOC_FILE_MAX)
		return text;
	g_free(text);
	ctl_say_error(ctl, "%s", error ? error->message : "this is no configuration");
	*ret_code = error && g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_NOENT) ? CTL_MISSING : CTL_CONFIG;
	return NULL;
}

/* ---- fmt ---- */

static int fmt(struct ctl *ctl)
{
	const char *path = ctl_given(ctl, "FILE") ? ctl_value(ctl, "FILE") : ctl_config(ctl);
	g_autoptr(GError) error = NULL;
	int code = CTL_DONE;
	g_autofree char *before = read_file(ctl, path, &code);
	g_autofree char *after = before ? hg_conf_format(before, &error) : NULL;

	if (!before)
		return code;
	if (after)
		return settle(ctl, path, before, after);
	ctl_say_error(ctl, "%s: %s", path, error->message);
	return CTL_CONFIG;
}

/* ---- upgrade ---- */

/* Files from before versions were written have none; what they say means the same in version 1. */
static char *upgraded(const char *text, const hg_node *root)
{
	gsize comments = 0;

	if (hg_node_type(root) != HG_NODE_MAP || hg_node_get(root, "config_version"))
		return g_strdup(text);
	while (text[comments] == '#' || text[comments] == '\n' || g_str_has_prefix(text + comments, "---"))
		comments += strcspn(text + comments, "\n") + (strchr(text + comments, '\n') != NULL);
	return g_strdup_printf("%.*sconfig_version: 1\n%s", (int)comments, text, text + comments);
}

static void warn_deprecated(const struct ctl *ctl, const GPtrArray *rows)
{
	for (guint i = 0; i < rows->len; i++) {
		const struct hg_conf_row *row = rows->pdata[i];

		if (row->option && row->option->flags & HG_OPT_DEPRECATED)
			ctl_say_error(ctl, "%s:%d: %s is deprecated: %s", hg_node_place(row->node)->file, hg_node_place(row->node)->line,
				      row->key, row->option->help);
	}
}

static int upgrade(struct ctl *ctl)
{
	const char *path = ctl_given(ctl, "FILE") ? ctl_value(ctl, "FILE") : ctl_config(ctl);
	g_auto(ctl_written) written = { 0 };
	int code = CTL_DONE;
	g_autofree char *before = read_file(ctl, path, &code), *after = NULL;

	if (!before)
		return code;
	if (!ctl_written_read(ctl, path, FALSE, &written))
		return CTL_CONFIG;
	warn_deprecated(ctl, written.rows);
	after = upgraded(before, hg_doc_root(written.doc));
	return settle(ctl, path, before, after);
}

#define FILE_AND_DIFF .args = CTL_PARAMS({ "FILE", CTL_FILE, .help = "another one than the configuration", .flags = CTL_MAYBE }), \
	.options = CTL_PARAMS({ "diff", CTL_FLAG, NULL, "shows what would change, and changes nothing" })

const struct ctl_verb ctl_config_fmt = {
	.name = "fmt", .help = "lay the file out the usual way; comments stay", .run = fmt, FILE_AND_DIFF,
	.more = "Two blanks a level, lists below their key, one blank line at most.  The file is changed only when both texts are the same "
		"to who reads them.  Included files are not touched.",
	.exits = "0 done, 1 with --diff: something would change, 78 it cannot be read, or not be laid out without changing its meaning",
};

const struct ctl_verb ctl_config_upgrade = {
	.name = "upgrade", .help = "bring the file to the newest version of its format", .run = upgrade, FILE_AND_DIFF,
	.more = "The newest is config_version: 1.  Says of each key that is deprecated what stands in its place.",
	.exits = "0 done, 1 with --diff: something would change, 78 it cannot be read",
};
