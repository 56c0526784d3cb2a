/* rules_schema.c - the language of rules as JSON Schema, for editors that check while one types */
#include <string.h>

#include "json.h"
#include "rules_made.h"

static void add_enum(GString *out, const char *const *words)
{
	hg_json_key(out, "enum");
	hg_json_open(out, '[');
	for (; *words; words++)
		hg_json_put_str(out, *words);
	hg_json_close(out, ']');
}

static void open_property(GString *out, const char *name, const char *help)
{
	hg_json_key(out, name);
	hg_json_open(out, '{');
	hg_json_opt_str(out, "description", help);
}

static void add_ref(GString *out, const char *name, const char *help, const char *ref)
{
	open_property(out, name, help);
	hg_json_add_str(out, "$ref", ref);
	hg_json_close(out, '}');
}

/* One of words, or a list of such; words NULL: any scalar. */
static void add_one_or_more(GString *out, const char *const *words)
{
	if (!words) {
		hg_json_add_str(out, "$ref", "#/$defs/values");
		return;
	}
	hg_json_key(out, "anyOf");
	hg_json_open(out, '[');
	hg_json_open(out, '{');
	add_enum(out, words);
	hg_json_close(out, '}');
	hg_json_put_raw(out, "{\"type\":\"array\",\"minItems\":1,\"items\":");
	hg_json_open(out, '{');
	add_enum(out, words);
	g_string_append(out, "}}");
	hg_json_close(out, ']');
}

static void add_fact(GString *out, const struct hg_fact *fact)
{
	static const char *const refs[] = {
		[HG_FACT_TEXT] = "#/$defs/text", [HG_FACT_COUNT] = "#/$defs/count",
		[HG_FACT_SPAN] = "#/$defs/span", [HG_FACT_LASTS] = "#/$defs/lasts", [HG_FACT_FIELDS] = "#/$defs/fields",
		[HG_FACT_HEADERS] = "#/$defs/fields",
		[HG_FACT_WORDS] = "#/$defs/words",
		[HG_FACT_HOURS] = "#/$defs/hours",
		[HG_FACT_INTENT] = "#/$defs/intent",
		[HG_FACT_LANGUAGE] = NULL,
	};

	open_property(out, fact->name, fact->help);
	if (fact->type == HG_FACT_BOOL || fact->type == HG_FACT_NOT)
		hg_json_add_str(out, "type", "boolean");
	else if (refs[fact->type])
		hg_json_add_str(out, "$ref", refs[fact->type]);
	else
		add_one_or_more(out, fact->words ? fact->words() : NULL);
	hg_json_close(out, '}');
}

static void open_map(GString *out)
{
	hg_json_add_str(out, "type", "object");
	hg_json_add_bool(out, "additionalProperties", FALSE);
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
}

static void add_group(GString *out, const char *group)
{
	open_property(out, group, NULL);
	hg_json_add_int(out, "minProperties", 1);
	open_map(out);
	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++)
		if (g_strcmp0(fact->group, group) == 0)
			add_fact(out, fact);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

static void add_when(GString *out)
{
	const char *last = NULL;

	hg_json_key(out, "when");
	hg_json_open(out, '{');
	hg_json_add_str(out, "description", "All conditions must hold; none: the rule always matches.");
	open_map(out);
	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++)
		if (!fact->group)
			add_fact(out, fact);
	for (const struct hg_fact *fact = hg_rule_facts; fact->name; fact++) {
		if (fact->group && g_strcmp0(fact->group, last) != 0)
			add_group(out, fact->group);
		last = fact->group;
	}
	hg_json_add_raw(out, "all", "{\"description\":\"Each of these holds.\",\"$ref\":\"#/$defs/conditions\"}");
	hg_json_add_raw(out, "any", "{\"description\":\"One of these holds.\",\"$ref\":\"#/$defs/conditions\"}");
	hg_json_add_raw(out, "not", "{\"description\":\"These do not all hold.\",\"$ref\":\"#/$defs/some\"}");
	hg_json_close(out, '}');
	hg_json_close(out, '}');
}

static void add_shapes(GString *out)
{
	hg_json_add_raw(out, "value", "{\"type\":[\"string\",\"number\",\"boolean\"],\"minLength\":1}");
	hg_json_add_raw(out, "values",
		"{\"anyOf\":[{\"$ref\":\"#/$defs/value\"},"
		"{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/value\"}}]}");
	hg_json_add_raw(out, "conditions",
		"{\"type\":\"array\",\"minItems\":1,\"items\":{\"$ref\":\"#/$defs/some\"}}");
	hg_json_add_raw(out, "some", "{\"$ref\":\"#/$defs/when\",\"minProperties\":1}");
	hg_json_add_raw(out, "text",
		"{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,\"properties\":{"
		"\"matches\":{\"description\":\"A regular expression (PCRE2), found anywhere; letters whatever "
		"their case.\",\"$ref\":\"#/$defs/values\"},"
		"\"equals\":{\"description\":\"The whole text, white space around it aside.\","
		"\"$ref\":\"#/$defs/values\"},"
		"\"contains\":{\"description\":\"A part of the text.\",\"$ref\":\"#/$defs/values\"},"
		"\"empty\":{\"type\":\"boolean\"}}}");
	hg_json_add_raw(out, "words",
		"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
		"\"only\":{\"description\":\"Nothing but entries of these lists, in one language.\","
		"\"$ref\":\"#/$defs/values\"},"
		"\"any\":{\"description\":\"An entry of these lists somewhere.\",\"$ref\":\"#/$defs/values\"},"
		"\"begins\":{\"description\":\"An entry of these lists at the beginning.\","
		"\"$ref\":\"#/$defs/values\"},"
		"\"fillers\":{\"description\":\"Lists whose entries may stand between: only, begins.\","
		"\"$ref\":\"#/$defs/values\"},"
		"\"lang\":{\"description\":\"Languages; all of the word lists when left out.\","
		"\"$ref\":\"#/$defs/values\"},"
		"\"accents\":{\"description\":\"Accents count: si is not s\\u00ed.\",\"type\":\"boolean\"}},"
		"\"oneOf\":[{\"required\":[\"only\"]},{\"required\":[\"any\"]},{\"required\":[\"begins\"]}]}");
	hg_json_add_raw(out, "hours",
		"{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,\"maxProperties\":1,"
		"\"properties\":{\"open\":{\"description\":\"One of these is open.\",\"$ref\":\"#/$defs/values\"},"
		"\"closed\":{\"description\":\"One of these is closed.\",\"$ref\":\"#/$defs/values\"}}}");
	hg_json_add_raw(out, "share", "{\"type\":\"number\",\"minimum\":0,\"maximum\":1}");
	hg_json_add_raw(out, "intent",
		"{\"anyOf\":[{\"$ref\":\"#/$defs/values\"},{\"type\":\"object\",\"additionalProperties\":false,"
		"\"properties\":{\"is\":{\"description\":\"One of these.\",\"$ref\":\"#/$defs/values\"},"
		"\"unknown\":{\"description\":\"No intent reaches the bar.\",\"type\":\"boolean\"},"
		"\"min_confidence\":{\"$ref\":\"#/$defs/share\"},\"min_known\":{\"$ref\":\"#/$defs/share\"}},"
		"\"oneOf\":[{\"required\":[\"is\"]},{\"required\":[\"unknown\"]}]}]}");
	hg_json_add_raw(out, "number", "{\"type\":\"integer\",\"minimum\":0}");
	hg_json_add_raw(out, "count",
		"{\"anyOf\":[{\"$ref\":\"#/$defs/number\"},{\"type\":\"object\",\"additionalProperties\":false,"
		"\"minProperties\":1,\"properties\":{\"at_least\":{\"$ref\":\"#/$defs/number\"},"
		"\"at_most\":{\"$ref\":\"#/$defs/number\"}}}]}");
	hg_json_add_raw(out, "time",
		"{\"type\":\"string\",\"description\":\"20s, 5m, 1h30m, 7d\",\"pattern\":\"^([0-9]+(ms|s|m|h|d|w))+$\"}");
	hg_json_add_raw(out, "span",
		"{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,\"properties\":{"
		"\"over\":{\"$ref\":\"#/$defs/time\"},\"under\":{\"$ref\":\"#/$defs/time\"}}}");
	hg_json_add_raw(out, "lasts", "{\"anyOf\":[{\"$ref\":\"#/$defs/time\"},{\"$ref\":\"#/$defs/span\"}]}");
	hg_json_add_raw(out, "fields",
		"{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"anyOf\":["
		"{\"$ref\":\"#/$defs/values\"},{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,"
		"\"properties\":{\"matches\":{\"$ref\":\"#/$defs/values\"},\"equals\":{\"$ref\":\"#/$defs/values\"},"
		"\"contains\":{\"$ref\":\"#/$defs/values\"},\"empty\":{\"type\":\"boolean\"},"
		"\"at_least\":{\"$ref\":\"#/$defs/number\"},\"at_most\":{\"$ref\":\"#/$defs/number\"}}}]}}");
}

static void add_actions(GString *out)
{
	hg_json_add_raw(out, "yes", "{\"enum\":[true,null]}");
	hg_json_add_raw(out, "set",
		"{\"type\":\"object\",\"minProperties\":1,\"propertyNames\":{\"pattern\":\"^[a-z0-9_.-]{1,64}$\"},"
		"\"additionalProperties\":{\"$ref\":\"#/$defs/value\"}}");
	hg_json_add_raw(out, "do",
		"{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,"
		"\"description\":\"One of convert, ignore, hold and join decides; the others add up.\","
		"\"properties\":{"
		"\"convert\":{\"description\":\"Make a ticket of the thread.\",\"type\":[\"object\",\"null\"],"
		"\"additionalProperties\":false,\"properties\":{"
		"\"priority\":{\"$ref\":\"#/$defs/value\",\"examples\":[\"low\",\"normal\",\"high\",\"urgent\"]},"
		"\"category\":{\"$ref\":\"#/$defs/value\"},\"type\":{\"$ref\":\"#/$defs/value\"},"
		"\"subject\":{\"$ref\":\"#/$defs/value\"},\"queue\":{\"$ref\":\"#/$defs/value\"},"
		"\"skill\":{\"$ref\":\"#/$defs/value\"},\"assignee\":{\"$ref\":\"#/$defs/value\"},"
		"\"status\":{\"$ref\":\"#/$defs/value\"},\"custom\":{\"$ref\":\"#/$defs/set\"}}},"
		"\"ignore\":{\"description\":\"No ticket; reports count by this word.\",\"type\":\"string\","
		"\"pattern\":\"^[a-z0-9_.-]{1,64}$\"},"
		"\"hold\":{\"description\":\"No ticket yet: a bot or an agent answers in the thread.\","
		"\"anyOf\":[{\"$ref\":\"#/$defs/yes\"},{\"type\":\"object\",\"additionalProperties\":false,"
		"\"required\":[\"for\"],\"properties\":{\"for\":{\"description\":\"How long without an answer.\","
		"\"$ref\":\"#/$defs/value\"},\"then\":{\"enum\":[\"convert\",\"ignore\"]}}}]},"
		"\"join\":{\"description\":\"Add it to the thread that is proposed; no ticket for it alone.\","
		"\"$ref\":\"#/$defs/yes\"},"
		"\"tag\":{\"description\":\"Tags the thread.\",\"$ref\":\"#/$defs/values\"},"
		"\"set\":{\"description\":\"Fields of the thread, and so of the ticket.\",\"$ref\":\"#/$defs/set\"},"
		"\"notify\":{\"description\":\"Tells people: a note, and an event for helpdesks.\",\"anyOf\":["
		"{\"$ref\":\"#/$defs/value\"},{\"type\":\"object\",\"additionalProperties\":false,"
		"\"required\":[\"text\"],\"properties\":{\"text\":{\"$ref\":\"#/$defs/value\"},"
		"\"to\":{\"description\":\"Backends; all when left out.\",\"$ref\":\"#/$defs/values\"}}}]},"
		"\"queue\":{\"description\":\"The queue its ticket goes to.\",\"$ref\":\"#/$defs/value\"},"
		"\"skill\":{\"description\":\"What who answers has to know.\",\"$ref\":\"#/$defs/value\"},"
		"\"backend\":{\"description\":\"The only backend that hears of it.\",\"$ref\":\"#/$defs/value\"},"
		"\"reply\":{\"description\":\"Said to the customer at once.\",\"$ref\":\"#/$defs/value\","
		"\"maxLength\":4096}}}");
}

/* Words, or one of the two events that have a time. */
static void add_on(GString *out)
{
	const char *words[HG_ON_UNANSWERED + 1] = { NULL };

	memcpy(words, hg_rule_events, HG_ON_UNANSWERED * sizeof(*words));
	open_property(out, "on", "What the rule is asked about; a message when left out.");
	add_one_or_more(out, words);
	g_string_truncate(out, out->len - 1);	/* one more in its list */
	for (int event = HG_ON_UNANSWERED; event <= HG_ON_BOT; event++)
		g_string_append_printf(out, ",{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"%s\"],"
				       "\"properties\":{\"%s\":{\"$ref\":\"#/$defs/time\"}}}",
				       hg_rule_event_word(event), hg_rule_event_word(event));
	g_string_append_c(out, ']');
	hg_json_close(out, '}');
}

static void add_rule(GString *out)
{
	hg_json_add_str(out, "type", "object");
	hg_json_add_bool(out, "additionalProperties", FALSE);
	hg_json_add_raw(out, "required", "[\"name\",\"do\"]");
	hg_json_key(out, "properties");
	hg_json_open(out, '{');
	hg_json_add_raw(out, "name", "{\"type\":\"string\",\"minLength\":1,\"maxLength\":120}");
	add_on(out);
	add_ref(out, "when", NULL, "#/$defs/when");
	add_ref(out, "do", NULL, "#/$defs/do");
	hg_json_close(out, '}');
}

char *hg_rules_schema(void)
{
	GString *out = g_string_sized_new(8192);

	hg_json_open(out, '{');
	hg_json_add_str(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
	hg_json_add_str(out, "title", "Rules of headgate");
	hg_json_add_str(out, "type", "array");
	hg_json_add_int(out, "maxItems", HG_RULES_MAX);
	hg_json_key(out, "items");
	hg_json_open(out, '{');
	add_rule(out);
	hg_json_close(out, '}');
	hg_json_key(out, "$defs");
	hg_json_open(out, '{');
	add_when(out);
	add_shapes(out);
	add_actions(out);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}
