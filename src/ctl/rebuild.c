/* rebuild.c - rebuild: a store made again from another one's journal, and compared with it */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "channels.h"
#include "ctl.h"
#include "env.h"
#include "log.h"
#include "rebuild.h"
#include "text.h"

#define CONFIGS_MAX 64
#define TELL_MS (10 * 1000)		/* between two lines of progress */
#define BAR_MS 100
#define SHOWN_MAX 80			/* bytes of a value */

struct run {
	struct ctl *ctl;
	hg_conf *conf;			/* in force; lent */
	gint64 started_ms, told_ms;
	gint64 first_n;			/* the row the first word of progress was about */
	gboolean bar, show;
	GHashTable *tables;		/* told of; its count of differences, boxed in the pointer */
	GString *json;			/* the list of differences */
};

/* ---- progress ---- */

static void tell(void *arg, gint64 n, gint64 last_n, gint64 at_ms)
{
	struct run *run = arg;
	gint64 now = hg_mono(hg_env_system()), took = now - run->started_ms;
	char at[HG_TIME_SIZE], span[HG_SPAN_SIZE];

	if (!run->first_n)
		run->first_n = n;
	if (run->ctl->quiet || now - run->told_ms < (run->bar ? BAR_MS : TELL_MS) || n == run->first_n)
		return;
	run->told_ms = now;
	hg_span((last_n - n) * took / n, span);
	fprintf(stderr, run->bar ? "\r%3.0f %%  up to %.16s, %s to go        " : "headgatectl: %.0f %%, up to %.16s, %s to go\n",
		(double)n * 100 / (double)last_n, hg_time(at_ms, at), span);
}

static void end_bar(const struct run *run)
{
	if (run->bar && !run->ctl->quiet)
		fprintf(stderr, "\r%60s\r", "");
}

/* ---- what the rebuild asks and says ---- */

static void no_log(void *arg, enum hg_level level, const char *event, const char *line)
{
	(void)arg;
	(void)level;
	(void)event;
	(void)line;
}


static void in_force(void *arg, hg_conf *conf)
{
	((struct run *)arg)->conf = conf;
}

static hg_rules *rules_of(void *arg, const hg_conf *conf)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	(void)arg;

	return hg_rules_of_conf(conf, conf->rules, diag);
}

static gboolean port_plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out, GArray *parts,
			  struct hg_err *err)
{
	return hg_conf_plan(((struct run *)ctx)->conf, channel, arena, out, parts, err);
}

static gboolean port_limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	return hg_conf_limits(((struct run *)ctx)->conf, channel, ret, ret_caps);
}

static void refused(void *arg, gint64 n, gint64 at_ms, const GError *why)
{
	const struct run *run = arg;
	char at[HG_TIME_SIZE];

	if (run->show && !run->ctl->json)
		printf("row %" G_GINT64_FORMAT ", %s: not done again: %s\n", n, hg_time(at_ms, at), why->message);
}

static void other(void *arg, gint64 n, gint64 at_ms, const char *hash)
{
	const struct run *run = arg;
	char at[HG_TIME_SIZE];

	if (!run->ctl->quiet)
		fprintf(stderr, "headgatectl: row %" G_GINT64_FORMAT ", %s: another configuration was in force (%.12s)\n", n,
			hg_time(at_ms, at), hash);
}

/* What a customer said stays out of the terminal: it is looked at in the stores. */
static char *shown(const char *value)
{
	g_autofree char *safe = value ? ctl_safe(value, FALSE) : g_strdup("nothing");

	if (strlen(safe) <= SHOWN_MAX)
		return g_steal_pointer(&safe);
	return g_strdup_printf("%zu bytes", strlen(value));	/* analyser: "nothing" is short */
}

static gboolean has_words(const struct hg_store_difference *d)
{
	static const char *const kept_back[] = { "text", "html", "payload", "data", "body", "bytes", "facts", "subject", NULL };

	return d->column && g_strv_contains(kept_back, d->column);
}

static void print_difference(const struct hg_store_difference *d)
{
	g_autofree char *row = ctl_safe(d->row, FALSE), *was = shown(d->was), *is = shown(d->is);

	if (!d->column)
		printf("%s %s: %s\n", d->table, row, d->missing ? "is not there now" : "was not there then");
	else if (has_words(d))
		printf("%s %s: %s is another one\n", d->table, row, d->column);
	else
		printf("%s %s: %s was %s, is %s\n", d->table, row, d->column, was, is);
}

static void difference_json(GString *out, const struct hg_store_difference *d)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "table", d->table);
	hg_json_add_str(out, "row", d->row);
	if (d->column)
		hg_json_add_str(out, "column", d->column);
	hg_json_add_bool(out, "missing", d->missing);
	hg_json_add_bool(out, "added", d->added);
	hg_json_close(out, '}');
}

static void differs(void *arg, const struct hg_store_difference *d)
{
	struct run *run = arg;
	gsize n = GPOINTER_TO_SIZE(g_hash_table_lookup(run->tables, d->table));

	g_hash_table_insert(run->tables, g_strdup(d->table), GSIZE_TO_POINTER(n + 1));
	if (n && !run->show)
		return;
	end_bar(run);
	if (run->ctl->json)
		difference_json(run->json, d);
	else
		print_difference(d);
}

/* ---- the verb ---- */

static void print_result(const struct run *run, const struct hg_rebuild_result *result)
{
	char first[HG_TIME_SIZE], last[HG_TIME_SIZE];
	gint64 took_ms = MAX(1, hg_mono(hg_env_system()) - run->started_ms);

	printf("%" G_GINT64_FORMAT " turns done again, from %.19s to %.19s UTC\n", result->rows,
	       hg_time(result->first_ms, first), hg_time(result->last_ms, last));
	if (result->refused)
		printf("%" G_GINT64_FORMAT " of them could not be done again\n", result->refused);
	if (result->other)
		printf("another configuration was in force %" G_GINT64_FORMAT " times: this is what would have been\n",
		       result->other);
	printf("%s%s%s\n", ctl_look(run->ctl, result->differences ? CTL_YELLOW : CTL_GREEN), result->differences ?
	       "the two stores differ" : "the two stores are the same, row by row", ctl_look(run->ctl, CTL_PLAIN));
	if (!run->ctl->quiet)
		printf("in %.1f s, %" G_GINT64_FORMAT " turns a second\n", (double)took_ms / 1000,
		       result->rows * 1000 / took_ms);
}

static void print_json(const struct run *run, const struct hg_rebuild_result *result)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_int(out, "turns", result->rows);
	hg_json_add_time(out, "first", result->first_ms);
	hg_json_add_time(out, "last", result->last_ms);
	hg_json_add_int(out, "refused", result->refused);
	hg_json_add_int(out, "other_configurations", result->other);
	hg_json_add_int(out, "different_rows", result->differences);
	hg_json_key(out, "differences");
	g_string_append_printf(out, "[%s]", run->json->str);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int exit_of(const GError *error)
{
	return error->code == HG_ERROR_STATE ? CTL_REFUSED : error->code == HG_ERROR_CONFIG ? CTL_CONFIG : CTL_NO;
}

static int rebuild(struct run *run, const char *from, const char *to, hg_conf *const *confs, gsize n)
{
	g_autofree char *from_path = g_canonicalize_filename(from, NULL), *path = g_canonicalize_filename(to, NULL);
	g_autofree char *attachments = g_strconcat(path, "-attachments", NULL), *dir = g_path_get_dirname(from_path);
	g_autofree char *from_attachments = n && confs[0]->store.attachments ? g_strdup(confs[0]->store.attachments) :
						g_build_filename(dir, "attachments", NULL);
	struct hg_rebuild_options options = {
		.from_path = from_path, .from_attachments = from_attachments, .path = path, .attachments = attachments, .confs = confs, .n_confs = n,
		.ports = { .ctx = run, .plan = port_plan, .limits = port_limits }, .arg = run, .rules = rules_of,
		.in_force = in_force, .progress = tell, .refused = refused, .other = other, .differs = differs,
	};
	struct hg_rebuild_result result;
	g_autoptr(GError) error = NULL;
	gboolean ok;

	hg_log_set_sink(no_log, NULL);	/* what was logged then is not said again */
	ok = hg_rebuild(&options, &result, &error);
	hg_log_set_sink(NULL, NULL);
	end_bar(run);
	if (!ok) {
		ctl_say_error(run->ctl, "%s", error->message);
		return exit_of(error);
	}
	if (run->ctl->json)
		print_json(run, &result);
	else
		print_result(run, &result);
	return result.differences ? CTL_NO : CTL_DONE;
}

static int with_configs(struct run *run, const char *from, const char *to, const GPtrArray *paths)
{
	g_autoptr(GPtrArray) setups = g_ptr_array_new_with_free_func((GDestroyNotify)hg_setup_free);
	g_autofree hg_conf **confs = g_new0(hg_conf *, paths->len);

	for (guint i = 0; i < paths->len; i++) {
		hg_setup *setup = ctl_setup(run->ctl, paths->pdata[i]);

		if (!setup)
			return CTL_CONFIG;
		g_ptr_array_add(setups, setup);
		confs[i] = setup->conf;
	}
	return rebuild(run, from, to, confs, paths->len);
}

static int run_rebuild(struct ctl *ctl)
{
	g_autoptr(GPtrArray) paths = g_ptr_array_new();
	g_autoptr(GHashTable) tables = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_autoptr(GString) json = g_string_new(NULL);
	struct run run = { .ctl = ctl, .started_ms = hg_mono(hg_env_system()), .bar = isatty(STDERR_FILENO),
			   .tables = tables, .json = json, .show = ctl_given(ctl, "show") };

	run.told_ms = run.started_ms;
	for (const char *const *path = ctl_values(ctl, "config"); *path; path++)
		g_ptr_array_add(paths, (gpointer)*path);
	if (!paths->len)
		g_ptr_array_add(paths, (gpointer)ctl_config(ctl));
	return with_configs(&run, ctl_value(ctl, "from"), ctl_value(ctl, "to"), paths);
}

const struct ctl_verb ctl_verb_rebuild = {
	.name = "rebuild", .help = "do all that a store's journal says again", .run = run_rebuild,
	.options = CTL_PARAMS({ "from", CTL_FILE, "OLD.db", "the store whose journal is read; a daemon may run on it", .flags = CTL_NEEDED },
			      { "to", CTL_FILE, "NEW.db", "is made; or an earlier copy of OLD.db, which is brought up to date",
				.flags = CTL_NEEDED },
			      { "config", CTL_FILE, NULL, "as it was in force", NULL, 'c', CTL_MANY },
			      { "show", CTL_FLAG, NULL, "every difference, not only the first of each table" }),
	.more = "The same commands with the same clock and random numbers give the same decisions: compares the two stores row by "
		"row, and says whether they did.  With another configuration, says what would have come of it.  Nothing is sent "
		"to anybody.",
	.exits = "0 the same, 1 something differs, 5 the journal does not reach back far enough",
};
