/* docs_man.c - headgate.yaml(5) in mdoc, from the option tables */
#include <string.h>

#include "conf.h"
#include "docs.h"
#include "docs_walk.h"

/* Of the words below; the tables' own changes need no new date. */
#define DATE "November 21, 2026"

static const char head[] =
	".\\\" Made from the option tables: headgatectl docs man\n"
	".Dd " DATE "\n"
	".Dt HEADGATE.YAML 5\n"
	".Os\n"
	".Sh NAME\n"
	".Nm headgate.yaml\n"
	".Nd configuration of headgated\n"
	".Sh DESCRIPTION\n"
	"The file is YAML 1.2 in UTF-8: a map of the sections below.\n"
	"It is read at start and again on\n"
	".Dv SIGHUP ;\n"
	"a file with mistakes changes nothing.\n"
	".Ql headgatectl check\n"
	"reads it in the same way and tells all mistakes at once, each with its line.\n"
	"Keys that are not known are mistakes.\n"
	".Ss Values\n"
	".Bl -tag -width Ds\n"
	".It time\n"
	"A number and its unit, without a blank between them:\n"
	".Cm ms , s , m , h , d ,\n"
	"as in 20s or 1h30m.\n"
	".It size\n"
	"A number of bytes, or a number and its unit:\n"
	".Cm KiB , MiB , GiB\n"
	"are powers of 1024,\n"
	".Cm kB , MB , GB\n"
	"powers of 1000.\n"
	".It path\n"
	"Relative ones are taken from the directory of the file they are written in.\n"
	".It secret\n"
	"Not the secret itself, which is a mistake, but where it is:\n"
	".Cm env : Ns Ar NAME ,\n"
	"a variable of the environment;\n"
	".Cm file : Ns Ar PATH ,\n"
	"a file that neither its group nor others may write;\n"
	".Cm credential : Ns Ar NAME ,\n"
	"a file in the directory that systemd names in\n"
	".Ev CREDENTIALS_DIRECTORY .\n"
	"One newline at the end does not belong to it.\n"
	"Secrets appear in no message and in no log.\n"
	".El\n"
	".Ss Several files\n"
	".Ic include\n"
	"at the top level takes a path or a list of paths.\n"
	"A relative path must stay below the directory of the file; a file elsewhere is named by its\n"
	"absolute path and must belong to root or to the user of the daemon, and be writable by him\n"
	"alone.\n"
	"Maps are joined key by key, lists one behind the other: those of the included files come first\n"
	"where\n"
	".Ic include\n"
	"stands above the list.\n"
	"Where two files give one value, that of the including file holds; two included files must not\n"
	"contradict each other.\n"
	"Included files may include others.\n"
	".Pp\n"
	"An anchor\n"
	".Pq Li &name\n"
	"and its aliases\n"
	".Pq Li *name\n"
	"repeat a value within a file.\n"
	".Sh OPTIONS\n"
	"Options marked\n"
	".Dq reload\n"
	"take effect when the file is read again; the others need their channel, or the daemon, to be\n"
	"started again.\n";

static const char tail[] =
	".Ss rules\n"
	"A list; the first rule that matches decides what becomes of a conversation.\n"
	"Each rule has a\n"
	".Ic name ,\n"
	"the event it waits for\n"
	".Pq Ic on ,\n"
	"conditions\n"
	".Pq Ic when\n"
	"and what is done\n"
	".Pq Ic do .\n"
	".Ss hours\n"
	"Business hours by name, for the condition\n"
	".Ic hours\n"
	"of rules: a time\n"
	".Ic zone ,\n"
	"days and times of day it is\n"
	".Ic open\n"
	"and\n"
	".Ic holidays .\n"
	".Ss queues\n"
	"Who may answer what, by name: how tickets are assigned\n"
	".Pq Ic assign : Cm none , round_robin No or Cm least_busy ,\n"
	".Ic agents\n"
	"with\n"
	".Ic name , email , capacity , hours\n"
	"and\n"
	".Ic skills ,\n"
	"the\n"
	".Ic hours\n"
	"of agents who have none of their own,\n"
	".Ic prefer_previous\n"
	"for whoever answered last time, and what customers are told when nobody is free\n"
	".Pq Ic overflow : text , closed , per_conversation .\n"
	".Ss intent\n"
	"What messages are about, for the condition\n"
	".Ic intent\n"
	"of rules:\n"
	".Ic model\n"
	"is the file that\n"
	".Xr headgatectl 1\n"
	".Cm intent train\n"
	"makes, from the directory of this file.\n"
	"A guess counts with a confidence of\n"
	".Ic min_confidence ,\n"
	"0.7 without, when at least\n"
	".Ic min_known\n"
	"of the words stood in the examples, 0.5 without.\n"
	"When the model is made again, a reload reads it.\n"
	".Ss word_lists\n"
	"Lists of words and phrases for the condition\n"
	".Ic words\n"
	"of rules: a language, below it names of lists, below them entries.\n"
	"Entries under the language\n"
	".Ic mul\n"
	"are of all languages.\n"
	"Lists of included files are joined with those of this file.\n"
	".Ss tests\n"
	"A list of made-up conversations and what the rules are to make of them.\n"
	"Each has a\n"
	".Ic name ,\n"
	"what happens\n"
	".Pq Ic given\n"
	"and what is to come of it\n"
	".Pq Ic expect .\n"
	".Xr headgatectl 1\n"
	".Cm test\n"
	"plays them.\n"
	".Sh ENVIRONMENT\n"
	".Bl -tag -width Ds\n"
	".It Ev CREDENTIALS_DIRECTORY\n"
	"Where secrets of the form\n"
	".Cm credential : Ns Ar NAME\n"
	"are.\n"
	"systemd sets it for units with\n"
	".Li LoadCredential= .\n"
	".It Ev HEADGATE_ADAPTER_DIR\n"
	"Directory of adapters; goes before\n"
	".Ic gateway.adapter_dir .\n"
	".El\n"
	".Sh FILES\n"
	".Bl -tag -width Ds\n"
	".It Pa /etc/headgate/headgate.yaml\n"
	"The file that is read when no other is named.\n"
	".El\n"
	".Sh EXAMPLES\n"
	".Bd -literal\n"
	"config_version: 1\n"
	"gateway: { name: Acme support, public_url: https://chat.acme.example }\n"
	"window: { join: 7d, reopen: 3d }\n"
	"backends:\n"
	"  desk:\n"
	"    url: https://desk.acme.example/hooks/headgate\n"
	"    secrets: credential:desk\n"
	".Ed\n"
	".Sh SEE ALSO\n"
	".Xr headgatectl 1 ,\n"
	".Xr headgated 8\n";

/* Text that roff takes as text: no escapes, no requests at the beginning of a line. */
static char *plain(const char *text)
{
	GString *out = g_string_new(NULL);

	if (*text == '.' || *text == '\'')
		g_string_append(out, "\\&");
	for (; *text; text++)
		if (*text == '\\')
			g_string_append(out, "\\e");
		else
			g_string_append_c(out, *text);
	return g_string_free(out, FALSE);
}

/* Help of one or more sentences: roff wants each to begin a line. */
static char *sentences(const char *text)
{
	g_autofree char *safe = plain(text);
	GString *out = g_string_new(NULL);

	for (const char *p = safe; *p; p++) {
		gsize blanks = *p == '.' ? strspn(p + 1, " ") : 0;

		g_string_append_c(out, *p);
		if (blanks && p[1 + blanks]) {
			g_string_append_c(out, '\n');
			p += blanks;
		}
	}
	return g_string_free(out, FALSE);
}

/* One argument of a macro: in quotes, so that its words are not taken as macros. */
static char *argument(const char *text)
{
	g_autofree char *safe = plain(text);
	g_auto(GStrv) parts = g_strsplit(safe, "\"", -1);
	g_autofree char *joined = g_strjoinv("\\(dq", parts);

	return g_strdup_printf("\"\\&%s\"", joined);
}

static void put_option(GString *out, const struct hg_option *opt)
{
	g_autofree char *values = hg_docs_values(opt), *name = argument(opt->name);
	g_autofree char *wanted = argument(values), *help = sentences(opt->help);
	const char *fallback = hg_docs_fallback(opt);

	g_string_append_printf(out, ".It Ic %s : Ar %s\n%s\n", name, wanted, help);
	if (opt->flags & HG_OPT_REQUIRED)
		g_string_append(out, "Required.\n");
	if (fallback) {
		g_autofree char *value = argument(fallback);

		g_string_append_printf(out, "Default:\n.Li %s .\n", value);
	}
	if (opt->flags & HG_OPT_DEPRECATED)
		g_string_append(out, "Deprecated.\n");
	if (opt->flags & HG_OPT_RELOAD)
		g_string_append(out, "(reload)\n");
}

static void put_table(GString *out, const struct hg_option *table)
{
	g_string_append(out, ".Bl -tag -width Ds\n");
	for (; table->name; table++)
		put_option(out, table);
	g_string_append(out, ".El\n");
}

static void put_section(GString *out, const struct hg_section *s)
{
	g_autofree char *help = sentences(s->help);

	g_string_append_printf(out, ".Ss %s\n%s\n", *s->name ? s->name : "Top level", help);
	if (s->many)
		g_string_append(out, "A map of names: each has 1 to 32 of the letters a-z, digits and -.\n");
	put_table(out, s->options);
	if (s->map) {
		g_autofree char *more = sentences(s->map->help), *sample = argument(s->map->sample);

		g_string_append_printf(out, ".Bl -tag -width Ds\n.It Ic %s : Ar map\n%s\nExample:\n.Li %s .\n.El\n",
				       s->map->name, more, sample);
	}
}

char *hg_docs_man(const struct hg_adapter *const *adapters)
{
	GString *out = g_string_new(head);

	for (const struct hg_section *s = hg_conf_sections; s->name; s++)
		put_section(out, s);
	for (; adapters && *adapters; adapters++) {
		g_autofree char *help =
			sentences((*adapters)->summary ? (*adapters)->summary : "");

		g_string_append_printf(out, ".Ss Channels with adapter: %s\n%s\n", (*adapters)->name, help);
		if ((*adapters)->options && (*adapters)->options->name)
			put_table(out, (*adapters)->options);
	}
	g_string_append(out, tail);
	return g_string_free(out, FALSE);
}
