/* db_copy.c - db copy: everything of one database into another one, of the other kind */
#include <stdio.h>
#include <string.h>
#include "db_verbs.h"
#include "long_run.h"
#include "transfer.h"

/* "sqlite:/var/lib/headgate/headgate.db", "postgresql://headgate@db.example/headgate" */
static gboolean read_place(struct ctl *ctl, const char *option, struct hg_store_options *ret)
{
	const char *text = ctl_value(ctl, option);

	*ret = (struct hg_store_options){ .env = hg_env_system(), .node = "db copy" };
	if (g_str_has_prefix(text, "sqlite:")) {
		ret->driver = "sqlite";
		ret->path = text + strlen("sqlite:");
	} else if (g_str_has_prefix(text, "postgresql:")) {
		ret->driver = "postgresql";
		ret->url = text;
	} else {
		ctl_say_error(ctl, "--%s \"%s\": it begins with sqlite: (and the path of a file) or postgresql: (and where the database is)",
			      option, text);
		return FALSE;
	}
	return TRUE;
}

static gboolean tell(void *arg, const struct hg_transfer_at *at)
{
	g_autofree char *stage = g_strdup_printf("%s %s", at->verifying ? "comparing" : "copying", at->table);

	return ctl_long_tell(arg, stage, at->rows, at->of);
}

/* files: NULL: they were not copied. */
static char *sum_as_json(const struct hg_transfer_sum *sum, const struct hg_transfer_files *files)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_int(out, "tables", sum->tables);
	hg_json_add_int(out, "rows", sum->rows);
	hg_json_add_int(out, "new_rows", sum->new_rows);
	if (files) {
		hg_json_add_int(out, "files", files->files);
		hg_json_add_int(out, "new_files", files->new_files);
		hg_json_add_int(out, "missing_files", files->missing);
	}
	hg_json_close(out, '}');
	return g_string_free(g_steal_pointer(&out), FALSE);
}

static void print_sum(struct ctl *ctl, const struct hg_transfer_sum *sum, const struct hg_transfer_files *files)
{
	g_autofree char *text = ctl->json ? sum_as_json(sum, files) : NULL;

	if (text) {
		ctl_put_json(text);
		return;
	}
	if (files && files->missing)
		ctl_say_error(ctl, "%" G_GINT64_FORMAT " files are missing or damaged: \"headgatectl db check\" names them", files->missing);
	if (ctl->quiet)
		return;
	printf("%" G_GINT64_FORMAT " rows of %" G_GINT64_FORMAT " tables are the same in both; %" G_GINT64_FORMAT " of them came now\n",
	       sum->rows, sum->tables, sum->new_rows);
	if (files)
		printf("%" G_GINT64_FORMAT " files, %" G_GINT64_FORMAT " of them came now\n", files->files, files->new_files);
	else
		printf("files are where they were: store.attachments has to name their directory on every node\n");
}

static int say(struct ctl *ctl, struct ctl_long *run, const GError *error)
{
	ctl_long_end(run, "the same command");
	if (!run->stopped)
		ctl_say_error(ctl, "%s", error->message);
	return ctl_exit_of(error);
}

static int copy_between(struct ctl *ctl, hg_store *from, const struct hg_store_options *from_options, hg_store *to,
			const struct hg_store_options *to_options, struct ctl_long *run)
{
	gboolean into_server = to_options->url != NULL;
	const char *dir = ctl_value(ctl, "attachments");
	struct hg_transfer_sum sum;
	struct hg_transfer_files files = { 0 };
	g_autoptr(GError) error = NULL;

	if (!hg_store_transfer(from, to, tell, run, &sum, &error) ||
	    (dir && !hg_store_transfer_files(from, into_server ? to_options : from_options, into_server, dir, tell, run, &files, &error)))
		return say(ctl, run, error);
	ctl_long_end(run, NULL);
	print_sum(ctl, &sum, dir ? &files : NULL);
	return files.missing ? CTL_PARTLY : CTL_DONE;
}

static int copy(struct ctl *ctl)
{
	struct hg_store_options from_options, to_options;
	g_autoptr(hg_store) from = NULL;
	g_autoptr(hg_store) to = NULL;
	g_autoptr(GError) error = NULL;
	struct ctl_long run;

	if (!read_place(ctl, "from", &from_options) || !read_place(ctl, "to", &to_options))
		return CTL_USAGE;
	if (from_options.path && !g_file_test(from_options.path, G_FILE_TEST_EXISTS)) {
		ctl_say_error(ctl, "there is no store at %s", from_options.path);
		return CTL_MISSING;
	}
	ctl_long_begin(&run, ctl);
	from = hg_store_open(&from_options, &error);
	if (from) {
		to_options.key = hg_store_instance_key(from);
		to = hg_store_open(&to_options, &error);
	}
	if (!to)
		return say(ctl, &run, error);
	return copy_between(ctl, from, &from_options, to, &to_options, &run);
}

const struct ctl_verb ctl_verb_db_copy = {
	.name = "copy", .help = "everything of one database into another one, of the other kind, while no daemon runs", .run = copy,
	.options = CTL_PARAMS({ "from", CTL_TEXT, "WHERE", "sqlite:PATH or postgresql://...", .flags = CTL_NEEDED },
			      { "to", CTL_TEXT, "WHERE", "the same; it is made, or empty, or what a run before left", .flags = CTL_NEEDED },
			      { "attachments", CTL_DIR, "DIR", "files too: from this directory into PostgreSQL, or out of it into this directory" }),
	.more = "From a file to a server that several nodes share, or back. Stopped at any moment it goes on where it was when it is run "
		"again. In the end all rows are read on both sides and compared by count and SHA-256; \"db check\" then audits "
		"what they mean. Files stay in their directory, unless --attachments names it: for store.attachments_in: database. A password is taken from PGPASSWORD or a password file (PGPASSFILE).",
	.exits = "0 done, 4 there is nothing at the first place, 5 the second one has rows of its own, 6 files are missing or damaged, 75 stopped, 78 one of them cannot be opened, or a daemon runs",
};
