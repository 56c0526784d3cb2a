/* docs_schema.c - the option tables as JSON Schema (2020-12), for editors and machines
 *
 * It may be kinder than hg_conf_read() (a URL is checked by its beginning) and never refuses what
 * that accepts in a whole file. */
#include <string.h>

#include "conf.h"
#include "docs.h"
#include "docs_walk.h"
#include "json.h"
#include "options.h"
#include "tables.h"

#define DIALECT "https://json-schema.org/draft/2020-12/schema"
#define SPAN_PATTERN "^([0-9]+(ms|s|m|h|d))+$"
#define SIZE_PATTERN "^[0-9]+([kKMG]?B|[KMG]iB)?$"
#define REF_PATTERN                                                                                  \
	"^(env:[A-Za-z0-9_]{1,255}|credential:[A-Za-z0-9_@-][A-Za-z0-9_.@-]{0,254}|file:.+)$"
#define NAME_PATTERN "^[a-z0-9-]{1," G_STRINGIFY(HG_NAME_MAX) "}$"

static void add_types(GString *out, const char *first, const char *second)
{
	hg_json_key(out, "type");
	hg_json_open(out, '[');
	hg_json_put_str(out, first);
	hg_json_put_str(out, second);
	hg_json_close(out, ']');
}

static void add_choices(GString *out, const char *range)
{
	g_auto(GStrv) words = g_strsplit(range, "|", -1);

	hg_json_key(out, "enum");
	hg_json_open(out, '[');
	for (char **w = words; *w; w++)
		hg_json_put_str(out, *w);
	hg_json_close(out, ']');
}

/* Bounds that JSON Schema can say: of numbers and of lengths. */
static void add_bounds(GString *out, const char *range, const char *least, const char *most)
{
	g_auto(GStrv) side = g_strsplit(range ? range : "..", "..", 2);

	if (*side[0])
		hg_json_add_int(out, least, g_ascii_strtoll(side[0], NULL, 10));
	if (*side[1])
		hg_json_add_int(out, most, g_ascii_strtoll(side[1], NULL, 10));
}

static void add_text(GString *out, const struct hg_option *opt)
{
	/* 4711 and 1.5 are texts too, as they are written. */
	add_types(out, "string", "number");
	add_bounds(out, opt->range, "minLength", "maxLength");
}

static void add_pattern(GString *out, const char *pattern)
{
	hg_json_add_str(out, "type", "string");
	hg_json_add_str(out, "pattern", pattern);
}

/* Members that describe one value; of a list, one item. */
static void add_value(GString *out, const struct hg_option *opt)
{
	switch (opt->type) {
	case HG_OPT_SECRET:
	case HG_OPT_SECRETS:
	case HG_OPT_SECRET_MAP:
		add_pattern(out, REF_PATTERN);
		break;
	case HG_OPT_URL:
		add_pattern(out, "^[hH][tT][tT][pP][sS]?://[^#]+$");
		break;
	case HG_OPT_PATH:
		add_pattern(out, ".");
		break;
	case HG_OPT_BOOL:
		hg_json_add_str(out, "type", "boolean");
		break;
	case HG_OPT_INT:
		hg_json_add_str(out, "type", "integer");
		add_bounds(out, opt->range, "minimum", "maximum");
		break;
	case HG_OPT_MSECS:
		add_pattern(out, SPAN_PATTERN);
		break;
	case HG_OPT_BYTES:
		add_types(out, "string", "integer");
		hg_json_add_str(out, "pattern", SIZE_PATTERN);
		break;
	default:
		if (hg_docs_is_choice(opt))
			add_choices(out, opt->range);
		else
			add_text(out, opt);
	}
}

/* One value, or several of them in an array or object: least and each are its words for that. */
static void add_several(GString *out, const struct hg_option *opt, const char *type, const char *least,
			const char *each)
{
	hg_json_key(out, "anyOf");
	hg_json_open(out, '[');
	hg_json_open(out, '{');
	add_value(out, opt);
	hg_json_close(out, '}');
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", type);
	hg_json_add_int(out, least, 1);
	hg_json_key(out, each);
	hg_json_open(out, '{');
	add_value(out, opt);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	hg_json_close(out, ']');
}

static void add_secret_map(GString *out, const struct hg_option *opt)
{
	hg_json_add_str(out, "type", "object");
	hg_json_add_int(out, "minProperties", 1);
	hg_json_key(out, "additionalProperties");
	hg_json_open(out, '{');
	add_value(out, opt);
	hg_json_close(out, '}');
}

static void add_default(GString *out, const struct hg_option *opt)
{
	const char *text = hg_docs_fallback(opt);

	if (!text)
		return;
	hg_json_key(out, "default");
	if (opt->type == HG_OPT_INT || opt->type == HG_OPT_BOOL)
		hg_json_put_raw(out, text);
	else
		hg_json_put_str(out, text);
}

/* By age: HG_OPT_AGES. */
static void add_ages(GString *out, const struct hg_option *opt)
{
	hg_json_key(out, "anyOf");
	hg_json_open(out, '[');
	hg_json_open(out, '{');
	add_value(out, opt);
	hg_json_close(out, '}');
	hg_json_put_raw(out, "{\"type\":\"array\",\"minItems\":1,\"maxItems\":" G_STRINGIFY(HG_AGES_MAX) ",\"items\":"
			"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"within\",\"do\"],"
			"\"properties\":{\"within\":{\"type\":\"string\",\"pattern\":\"" SPAN_PATTERN "\"},"
			"\"do\":{\"enum\":[\"join\",\"reopen\"]}}}}");
	hg_json_close(out, ']');
}

static void put_option(GString *out, const struct hg_option *opt)
{
	g_autofree char *values = hg_docs_values(opt);
	g_autofree char *help = g_strdup_printf("%s (%s)", opt->help, values);

	hg_json_open(out, '{');
	hg_json_add_str(out, "description", help);
	if (hg_docs_is_list(opt))
		add_several(out, opt, "array", "minItems", "items");
	else if (opt->type == HG_OPT_MAP)
		add_several(out, opt, "object", "minProperties", "additionalProperties");
	else if (opt->type == HG_OPT_SECRET_MAP)
		add_secret_map(out, opt);
	else if (opt->type == HG_OPT_TREE)
		hg_json_add_raw(out, "type", "[\"object\",\"array\",\"string\"]");
	else if (opt->flags & HG_OPT_AGES)
		add_ages(out, opt);
	else
		add_value(out, opt);
	/* The default of a list is written as text in the table: "[red, green]". */
	if (!hg_docs_is_list(opt))
		add_default(out, opt);
	if (opt->flags & HG_OPT_DEPRECATED)
		hg_json_add_bool(out, "deprecated", TRUE);
	hg_json_close(out, '}');
}

static void put_map(GString *out, const struct hg_option *table, const char *prefix, const char *help,
		    const struct hg_section_map *map);

static void add_properties(GString *out, const struct hg_option *table, const char *prefix)
{
	g_autoptr(GPtrArray) level = hg_docs_level(table, prefix);

	for (guint i = 0; i < level->len; i++) {
		const struct hg_docs_entry *e = g_ptr_array_index(level, i);

		hg_json_key(out, e->word);
		if (e->opt)
			put_option(out, e->opt);
		else
			put_map(out, table, e->prefix, NULL, NULL);
	}
}

static void put_required(GString *out, const struct hg_option *table, const char *prefix)
{
	g_autoptr(GPtrArray) level = hg_docs_level(table, prefix);

	for (guint i = 0; i < level->len; i++) {
		const struct hg_docs_entry *e = g_ptr_array_index(level, i);

		if (e->opt ? (e->opt->flags & HG_OPT_REQUIRED) != 0 : hg_docs_required(table, e->prefix))
			hg_json_put_str(out, e->word);
	}
}

/* The options below prefix as a map.  A section whose options are all commented out is null. */
static void put_map(GString *out, const struct hg_option *table, const char *prefix, const char *help,
		    const struct hg_section_map *map)
{
	hg_json_open(out, '{');
	hg_json_opt_str(out, "description", help);
	if (hg_docs_required(table, prefix))
		hg_json_add_str(out, "type", "object");
	else
		add_types(out, "object", "null");
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	add_properties(out, table, prefix);
	if (map)
		hg_json_add_raw(out, map->name, map->schema);
	hg_json_close(out, '}');
	hg_json_key(out, "required");
	hg_json_open(out, '[');
	put_required(out, table, prefix);
	hg_json_close(out, ']');
	hg_json_add_bool(out, "additionalProperties", FALSE);
	hg_json_close(out, '}');
}

/* ---- channels: which options there are depends on the adapter ---- */

static void put_adapter(GString *out, const struct hg_adapter *adapter)
{
	hg_json_open(out, '{');
	hg_json_opt_str(out, "description", adapter->summary);
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	add_properties(out, hg_channel_options, "");
	add_properties(out, adapter->options, "");
	hg_json_close(out, '}');
	hg_json_key(out, "required");
	hg_json_open(out, '[');
	put_required(out, hg_channel_options, "");
	put_required(out, adapter->options, "");
	hg_json_close(out, ']');
	hg_json_add_bool(out, "additionalProperties", FALSE);
	hg_json_close(out, '}');
}

static void put_adapter_case(GString *out, const char *name)
{
	hg_json_open(out, '{');
	hg_json_key(out, "if");
	hg_json_open(out, '{');
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	hg_json_key(out, "adapter");
	hg_json_open(out, '{');
	hg_json_add_str(out, "const", name);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	hg_json_key(out, "then");
	hg_json_open(out, '{');
	{
		g_autofree char *ref = g_strconcat("#/$defs/adapter-", name, NULL);

		hg_json_add_str(out, "$ref", ref);
	}
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

static void put_channel(GString *out, const struct hg_adapter *const *adapters)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "type", "object");
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	add_properties(out, hg_channel_options, "");
	hg_json_close(out, '}');
	hg_json_key(out, "required");
	hg_json_open(out, '[');
	put_required(out, hg_channel_options, "");
	hg_json_close(out, ']');
	if (adapters && *adapters) {
		/* Adapters that this schema has not seen may have any options. */
		hg_json_key(out, "allOf");
		hg_json_open(out, '[');
		for (; *adapters; adapters++)
			put_adapter_case(out, (*adapters)->name);
		hg_json_close(out, ']');
	}
	hg_json_close(out, '}');
}

/* ---- the top level ---- */

static void put_named(GString *out, const char *ref, const char *help)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "description", help);
	add_types(out, "object", "null");
	hg_json_key(out, "propertyNames");
	hg_json_open(out, '{');
	hg_json_add_str(out, "pattern", NAME_PATTERN);
	hg_json_close(out, '}');
	hg_json_key(out, "additionalProperties");
	hg_json_open(out, '{');
	hg_json_add_str(out, "$ref", ref);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

/* "#/$defs/channels"; a dot would do, but reads like a file name. */
static char *ref_of(const struct hg_section *section)
{
	g_autofree char *name = g_strdelimit(g_strdup(section->name), ".", '-');

	return g_strconcat("#/$defs/", name, NULL);
}

static void add_section(GString *out, const struct hg_section *section)
{
	g_autofree char *ref = ref_of(section);
	const char *dot = strchr(section->name, '.');
	g_autofree char *outer = dot ? g_strndup(section->name, dot - section->name) : NULL;

	if (outer) {
		hg_json_key(out, outer);
		hg_json_open(out, '{');
		add_types(out, "object", "null");
		hg_json_add_bool(out, "additionalProperties", FALSE);
		hg_json_key(out, "properties");
		hg_json_open(out, '{');
	}
	hg_json_key(out, dot ? dot + 1 : section->name);
	if (section->many)
		put_named(out, ref, section->help);
	else
		put_map(out, section->options, "", section->help, NULL);
	if (outer) {
		hg_json_close(out, '}');
		hg_json_close(out, '}');
	}
}

#define ANY_MAPS "{\"type\":\"array\",\"items\":{\"type\":\"object\"}}"

/* A list may be missing behind its key, when all of it is commented out. */
static void add_list_of(GString *out, const char *key, const char *schema)
{
	hg_json_key(out, key);
	hg_json_open(out, '{');
	hg_json_key(out, "anyOf");
	hg_json_open(out, '[');
	hg_json_put_raw(out, schema);
	hg_json_put_raw(out, "{\"type\":\"null\"}");
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

/* The rules' schema is one of its own, and the tests' too; as a part of ours its references start from
 * our root, and only a root names its dialect. */
static void add_foreign(GString *out, const char *key, const char *foreign)
{
	g_autoptr(GString) schema = g_string_new(foreign ? foreign : ANY_MAPS);
	g_autofree char *below = g_strdup_printf("\"#/$defs/%s/$defs/", key);

	g_string_replace(schema, "\"#/$defs/", below, 0);
	g_string_replace(schema, "\"$schema\":\"" DIALECT "\",", "", 0);
	hg_json_add_raw(out, key, schema->str);
}

#define WEBHOOK "{\"if\":{\"properties\":{\"preset\":{\"const\":\"webhook\"}}},\"then\":{\"required\":[\"url\",\"secrets\"]}," \
	"\"else\":{\"properties\":{\"secrets\":false}}}"

/* What a preset wants, it says itself; the one without a file is described here. */
static void put_backend(GString *out, const struct hg_section *section)
{
	hg_json_open(out, '{');
	hg_json_key(out, "allOf");
	hg_json_open(out, '[');
	put_map(out, section->options, "", NULL, section->map);
	hg_json_put_raw(out, WEBHOOK);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

static void add_defs(GString *out, const struct hg_adapter *const *adapters)
{
	hg_json_key(out, "$defs");
	hg_json_open(out, '{');
	for (const struct hg_section *s = hg_conf_sections; s->name; s++) {
		g_autofree char *ref = ref_of(s);

		if (!s->many)
			continue;
		hg_json_key(out, ref + strlen("#/$defs/"));
		if (s->options == hg_channel_options)
			put_channel(out, adapters);
		else if (s->options == hg_backend_options)
			put_backend(out, s);
		else
			put_map(out, s->options, "", NULL, s->map);
	}
	add_foreign(out, "rules", hg_docs_rules_schema);
	add_foreign(out, "tests", hg_docs_tests_schema);
	for (; adapters && *adapters; adapters++) {
		g_autofree char *key = g_strconcat("adapter-", (*adapters)->name, NULL);

		hg_json_key(out, key);
		put_adapter(out, *adapters);
	}
	hg_json_close(out, '}');
}

#define INCLUDE                                                                                      \
	"{\"description\":\"Files whose content is joined with this one's.\",\"anyOf\":["            \
	"{\"type\":\"string\",\"minLength\":1},"                                                     \
	"{\"type\":\"array\",\"items\":{\"type\":\"string\",\"minLength\":1}}]}"

#define TIMES "\"type\":\"string\",\"pattern\":\"^[0-2][0-9]:[0-5][0-9]-[0-2][0-9]:[0-5][0-9]$\""
#define HOURS                                                                                        \
	"{\"description\":\"Business hours by name, for hours: in rules.\",\"type\":\"object\",\"maxProperties\":64," \
	"\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":false,"                     \
	"\"required\":[\"zone\",\"open\"],\"properties\":{"                                                \
	"\"zone\":{\"description\":\"Europe/Berlin, UTC\",\"type\":\"string\",\"minLength\":1},"              \
	"\"open\":{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":false,\"patternProperties\":{" \
	"\"^(mon|tue|wed|thu|fri|sat|sun)(-(mon|tue|wed|thu|fri|sat|sun))?$\":{\"anyOf\":["               \
	"{" TIMES "},{\"type\":\"array\",\"items\":{" TIMES "}}]}}},"                                    \
	"\"holidays\":{\"type\":[\"array\",\"null\"],\"maxItems\":400,\"items\":{\"type\":\"string\","         \
	"\"pattern\":\"^([0-9]{4}-)?[01][0-9]-[0-3][0-9]$\"}}}}}"

#define SAID                                                                                         \
	"\"anyOf\":[{\"type\":\"string\",\"maxLength\":1000},{\"type\":\"object\",\"minProperties\":1,"       \
	"\"maxProperties\":50,\"additionalProperties\":{\"type\":\"string\",\"maxLength\":1000}}]"
#define QUEUES                                                                                       \
	"{\"description\":\"Who may answer what: queues by name, with their agents.\",\"type\":\"object\","   \
	"\"maxProperties\":64,\"additionalProperties\":{\"type\":[\"object\",\"null\"],"                   \
	"\"additionalProperties\":false,\"properties\":{"                                              \
	"\"assign\":{\"enum\":[\"none\",\"round_robin\",\"least_busy\"]},"                               \
	"\"prefer_previous\":{\"description\":\"Who answered the customer last time comes first.\","     \
	"\"type\":\"boolean\"},"                                                                         \
	"\"hours\":{\"description\":\"A name under hours:.\",\"type\":\"string\"},"                      \
	"\"agents\":{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":200,"                     \
	"\"additionalProperties\":{\"type\":[\"object\",\"null\"],\"additionalProperties\":false,"       \
	"\"properties\":{\"name\":{\"type\":\"string\"},\"email\":{\"type\":\"string\",\"format\":\"email\"}," \
	"\"capacity\":{\"description\":\"Open tickets he has at most.\",\"type\":\"integer\","            \
	"\"minimum\":1,\"maximum\":1000},\"hours\":{\"type\":\"string\"},"                              \
	"\"skills\":{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"array\",\"items\":{\"type\":\"string\"}," \
	"\"minItems\":1,\"maxItems\":50}]}}}},"                                                         \
	"\"overflow\":{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"              \
	"\"text\":{\"description\":\"Said when all are busy; ${wait} is how long it may take.\","      \
	SAID "},"                                                                                         \
	"\"closed\":{\"description\":\"Said out of hours; ${opens} is when they end.\","               \
	SAID "},"                                                                                         \
	"\"per_conversation\":{\"description\":\"What one takes an agent: 10m.\",\"type\":\"string\"}}}}}}"
#define INTENT                                                                                       \
	"{\"description\":\"A model that says what messages are about, for intent: in rules.\","            \
	"\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"model\"],\"properties\":{"        \
	"\"model\":{\"description\":\"Its file, as headgatectl intent train makes it.\",\"type\":\"string\"," \
	"\"minLength\":1},"                                                                             \
	"\"min_confidence\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"default\":0.7},"              \
	"\"min_known\":{\"type\":\"number\",\"minimum\":0,\"maximum\":1,\"default\":0.5}}}"

#define WORD_LISTS                                                                                   \
	"{\"description\":\"Language to name to entries: what words: looks for.\",\"type\":\"object\","      \
	"\"additionalProperties\":{\"type\":\"object\",\"additionalProperties\":{\"type\":\"array\","          \
	"\"items\":{\"type\":[\"string\",\"number\",\"boolean\"],\"maxLength\":120}}}}"

char *hg_docs_schema(const struct hg_adapter *const *adapters)
{
	GString *out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "$schema", DIALECT);
	hg_json_add_str(out, "title", "headgate.yaml");
	hg_json_add_str(out, "type", "object");
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	add_properties(out, hg_top_options, "");
	hg_json_add_raw(out, "include", INCLUDE);
	for (const struct hg_section *s = hg_conf_sections; s->name; s++)
		if (*s->name)
			add_section(out, s);
	add_list_of(out, "rules", "{\"$ref\":\"#/$defs/rules\"}");
	add_list_of(out, "tests", "{\"$ref\":\"#/$defs/tests\"}");
	hg_json_add_raw(out, "word_lists", WORD_LISTS);
	hg_json_add_raw(out, "hours", HOURS);
	hg_json_add_raw(out, "queues", QUEUES);
	hg_json_add_raw(out, "intent", INTENT);
	hg_json_close(out, '}');
	hg_json_add_bool(out, "additionalProperties", FALSE);
	/* What is required may stand in an included file. */
	hg_json_add_raw(out, "if", "{\"required\":[\"include\"]}");
	hg_json_add_raw(out, "else", "{\"required\":[\"config_version\"]}");
	add_defs(out, adapters);
	hg_json_close(out, '}');
	g_string_append_c(out, '\n');
	return g_string_free(out, FALSE);
}
