/* docs_sample.c - headgate.yaml with every option, its default and what it is for
 *
 * A comment begins with "# ", an option that is commented out with "#" and its name: taking these
 * away gives a file that the schema accepts. */
#include <string.h>

#include "conf.h"
#include "docs.h"
#include "docs_walk.h"
#include "tables.h"

#define WIDTH 98

static const char head[] =
	"# Configuration of headgate; headgate.yaml(5) tells more, and \"headgatectl check\" whether it\n"
	"# is right.  Made from the option tables (headgatectl docs sample): each option that is\n"
	"# commented out shows its default, or an example where it has none.\n"
	"#\n"
	"# Times are written 250ms, 20s, 5m, 12h, 7d; sizes 64KiB, 100MiB.  Relative paths are taken\n"
	"# from the directory of this file.  Secrets are not written here but referred to:\n"
	"#   env:NAME         a variable of the environment\n"
	"#   file:PATH        a file that only its owner may write\n"
	"#   credential:NAME  of systemd's LoadCredential=\n"
	"# include: takes a file or a list of files whose content is joined with this one's.\n"
	"\n"
	"#include: [rules/noise.yaml, rules/escalation.yaml]\n\n";

static const char tail[] =
	"\n# What becomes of conversations: the first rule that matches decides.\n"
	"rules:\n"
	"#- name: thanks and greetings\n"
	"#  when: { text: { matches: '^\\W*(hi|hello|thanks|thank you)\\W*$' }, thread: { has_ticket: false } }\n"
	"#  do: { ignore: noise }\n"
	"\n# When somebody is there, for conditions such as hours: { closed: office }.\n"
	"#hours:\n"
	"#  office: { zone: Europe/Berlin, open: { mon-fri: 09:00-18:00 }, holidays: [01-01, 2026-12-24] }\n"
	"\n# Who may answer what; a rule says queue: billing.  least_busy, round_robin or none.\n"
	"#queues:\n"
	"#  billing:\n"
	"#    assign: least_busy\n"
	"#    hours: office\n"
	"#    agents: { mia: { capacity: 5, email: mia@acme.example }, tom: { capacity: 3, skills: [de] } }\n"
	"#    overflow: { text: \"All of us are busy; it may take ${wait}.\", closed: \"We are back at ${opens}.\" }\n"
	"\n# Words of your own, which are added to those of rules/words, for conditions such as\n"
	"# words: { any: [human] }.  A language, or mul for all of them; a list; its entries.\n"
	"#word_lists:\n"
	"#  en: { human: [front desk], greeting: [ahoy] }\n"
	"\n# A model that says what messages are about, for conditions such as intent: refund.  headgatectl\n"
	"# intent train makes it.\n"
	"#intent: { model: shop.intent, min_confidence: 0.7, min_known: 0.5 }\n"
	"\n# What the rules are to do with made-up conversations; headgatectl test plays them.\n"
	"tests:\n"
	"#- name: a bare hello makes no ticket\n"
	"#  given: [ { channel: main, from: \"+447700900123\", text: hello! } ]\n"
	"#  expect: { tickets: 0, rule: thanks and greetings }\n"
	"#- name: what nobody decides is a ticket at last\n"
	"#  given: [ { channel: main, from: \"+447700900123\", text: it is late }, { after: 1h, expect: { tickets: 1 } } ]\n";

/* Words of text in lines that begin with indent and "# ". */
static void put_comment(GString *out, const char *indent, const char *text)
{
	g_auto(GStrv) words = g_strsplit(text, " ", -1);
	gsize at = 0;

	for (char **w = words; *w; w++) {
		if (!at || at + 1 + strlen(*w) > WIDTH) {
			g_string_append_printf(out, "%s%s# %s", at ? "\n" : "", indent, *w);
			at = strlen(indent) + 2 + strlen(*w);
		} else {
			g_string_append_printf(out, " %s", *w);
			at += 1 + strlen(*w);
		}
	}
	g_string_append_c(out, '\n');
}

/* Plain where YAML reads it as the same text. */
static char *scalar(const struct hg_option *opt, const char *text)
{
	g_auto(GStrv) parts = NULL;
	g_autofree char *inner = NULL;

	if (hg_docs_is_list(opt) || opt->type == HG_OPT_INT || opt->type == HG_OPT_BOOL)
		return g_strdup(text);
	if (*text && strcmp(text, "off") != 0 && strcmp(text, "on") != 0 &&
	    strspn(text, "0123456789") != strlen(text) &&
	    !strpbrk(text, "#{}[]&*!|>'\"%@`, ") && !g_str_has_suffix(text, ":"))
		return g_strdup(text);
	parts = g_strsplit(text, "'", -1);
	inner = g_strjoinv("''", parts);
	return g_strdup_printf("'%s'", inner);
}

/* The default, or something of the right kind. */
static char *example(const struct hg_option *opt)
{
	const char *fallback = hg_docs_fallback(opt);
	g_auto(GStrv) range = g_strsplit_set(opt->range ? opt->range : "", "|.", 2);
	const char *dot = strrchr(opt->name, '.');

	if (fallback)
		return scalar(opt, fallback);
	switch (opt->type) {
	case HG_OPT_SECRET:
	case HG_OPT_SECRETS: {
		g_autofree char *name = g_strdelimit(g_strdup(opt->name), "_.", '-');

		return g_strconcat("credential:", name, NULL);
	}
	case HG_OPT_URL:
		return g_strdup("https://host.example");
	case HG_OPT_SECRET_MAP:
		return g_strdup("{ name: credential:name }");
	case HG_OPT_TREE:
		return g_strdup_printf("/path/to/%s.yaml", dot ? dot + 1 : opt->name);
	case HG_OPT_PATH:
		return g_strdup_printf("/path/to/%s", dot ? dot + 1 : opt->name);
	case HG_OPT_BOOL:
		return g_strdup("false");
	case HG_OPT_INT:
	case HG_OPT_MSECS:
	case HG_OPT_BYTES:
		return g_strdup(*range && **range ? *range : opt->type == HG_OPT_INT ? "1" : "1s");
	default:
		return g_strdup(hg_docs_is_choice(opt) ? *range : "\"...\"");
	}
}

/* What the comment says besides help: kind of value, and whether it must be there. */
static void put_option(GString *out, const char *indent, const char *word, const struct hg_option *opt,
		       gboolean live)
{
	g_autofree char *values = hg_docs_values(opt), *value = example(opt);
	g_autofree char *help = g_strdup_printf("%s (%s%s%s)", opt->help, values,
						opt->flags & HG_OPT_REQUIRED   ? "; required"
						: !opt->fallback               ? "; no default"
									       : "",
						opt->flags & HG_OPT_DEPRECATED ? "; deprecated" : "");

	put_comment(out, indent, help);
	g_string_append_printf(out, "%s%s%s: %s\n", indent, live ? "" : "#", word, value);
}

static void put_table(GString *out, const char *indent, const struct hg_option *table, const char *prefix)
{
	g_autoptr(GPtrArray) level = hg_docs_level(table, prefix);
	g_autofree char *deeper = g_strconcat(indent, "  ", NULL);

	for (guint i = 0; i < level->len; i++) {
		const struct hg_docs_entry *e = g_ptr_array_index(level, i);

		if (e->opt) {
			put_option(out, indent, e->word, e->opt, FALSE);
			continue;
		}
		g_string_append_printf(out, "%s#%s:\n", indent, e->word);
		put_table(out, deeper, table, e->prefix);
	}
}

static void put_channel(GString *out, const struct hg_adapter *adapter)
{
	put_comment(out, "  ", adapter->summary ? adapter->summary : adapter->name);
	g_string_append_printf(out, "  #%s:\n    #adapter: %s\n", adapter->name, adapter->name);
	put_table(out, "    ", adapter->options, "");
	/* The common options, but for the adapter's name, which is there. */
	put_table(out, "    ", hg_channel_options + 1, "");
}

static void put_channels(GString *out, const struct hg_adapter *const *adapters)
{
	if (!adapters || !*adapters) {
		g_string_append(out, "  #main:\n");
		put_table(out, "    ", hg_channel_options, "");
	}
	for (; adapters && *adapters; adapters++) {
		put_channel(out, *adapters);
		if (adapters[1])
			g_string_append_c(out, '\n');
	}
}

static void put_section(GString *out, const struct hg_section *s, const struct hg_adapter *const *adapters)
{
	const char *dot = strchr(s->name, '.');
	const char *indent = dot ? "    " : "  ";

	g_string_append_c(out, '\n');
	put_comment(out, "", s->help);
	if (dot)
		g_string_append_printf(out, "%.*s:\n  #%s:\n", (int)(dot - s->name), s->name, dot + 1);
	else
		g_string_append_printf(out, "%s:\n", s->name);
	if (s->options == hg_channel_options) {
		put_channels(out, adapters);
	} else if (s->many) {
		g_autofree char *deeper = g_strconcat(indent, "  ", NULL);

		g_string_append_printf(out, "%s#main:\n", indent);
		put_table(out, deeper, s->options, "");
		if (s->map) {
			put_comment(out, deeper, s->map->help);
			g_string_append_printf(out, "%s#%s: %s\n", deeper, s->map->name, s->map->sample);
		}
	} else {
		put_table(out, indent, s->options, "");
	}
}

char *hg_docs_sample(const struct hg_adapter *const *adapters)
{
	GString *out = g_string_new(head);

	for (const struct hg_option *opt = hg_top_options; opt->name; opt++)
		put_option(out, "", opt->name, opt, opt == hg_top_options);
	for (const struct hg_section *s = hg_conf_sections; s->name; s++)
		if (*s->name)
			put_section(out, s, adapters);
	g_string_append(out, tail);
	return g_string_free(out, FALSE);
}
