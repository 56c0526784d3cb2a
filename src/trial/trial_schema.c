/* trial_schema.c - the language of tests as JSON Schema, for editors that check while one types */
#include "json.h"
#include "trial_made.h"

static const char step[] =
	"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	"\"at\":{\"description\":\"When, since the test began: +2h.\",\"$ref\":\"#/$defs/time\"},"
	"\"after\":{\"description\":\"How long after the step before: 3d.\",\"$ref\":\"#/$defs/time\"},"
	"\"from\":{\"description\":\"The customer's address or addresses.\",\"$ref\":\"#/$defs/values\"},"
	"\"channel\":{\"description\":\"The channel the message comes on.\",\"type\":\"string\"},"
	"\"text\":{\"description\":\"What the customer says.\",\"$ref\":\"#/$defs/value\"},"
	"\"name\":{\"$ref\":\"#/$defs/value\"},"
	"\"id\":{\"description\":\"The provider's id; the same again is a duplicate.\",\"$ref\":\"#/$defs/value\"},"
	"\"answers\":{\"description\":\"The id of the message it answers or is about.\",\"$ref\":\"#/$defs/value\"},"
	"\"subject\":{\"$ref\":\"#/$defs/value\"},\"kind\":{\"type\":\"string\"},"
	"\"automatic\":{\"type\":\"boolean\"},\"forwarded\":{\"type\":\"boolean\"},\"echo\":{\"type\":\"boolean\"},"
	"\"files\":{\"description\":\"Names of files that come with it.\",\"$ref\":\"#/$defs/values\"},"
	"\"facts\":{\"description\":\"What hooks answer, by their names.\",\"type\":\"object\"},"
	"\"reply\":{\"description\":\"What an agent answers.\",\"$ref\":\"#/$defs/value\"},"
	"\"bot\":{\"description\":\"A bot answers, not a person.\",\"type\":\"boolean\"},"
	"\"note\":{\"description\":\"What an agent notes.\",\"$ref\":\"#/$defs/value\"},"
	"\"close\":{\"description\":\"An agent closes it.\",\"enum\":[\"unknown\",\"resolved\",\"unresolved\"]},"
	"\"ask\":{\"description\":\"With close: the customer is asked first whether it is solved.\",\"type\":\"boolean\"},"
	"\"reopen\":{\"enum\":[true]},\"convert\":{\"description\":\"An agent makes a ticket of it.\",\"enum\":[true]},"
	"\"status\":{\"description\":\"The helpdesk's status of the ticket.\",\"type\":\"string\"},"
	"\"headers\":{\"description\":\"Headers of an e-mail.\",\"type\":\"object\",\"minProperties\":1,"
	"\"additionalProperties\":{\"$ref\":\"#/$defs/value\"}},"
	"\"tag\":{\"description\":\"An agent tags it.\",\"$ref\":\"#/$defs/values\"},"
	"\"untag\":{\"description\":\"An agent takes tags away.\",\"$ref\":\"#/$defs/values\"},"
	"\"set\":{\"description\":\"An agent sets fields.\",\"type\":\"object\",\"minProperties\":1,"
	"\"additionalProperties\":{\"$ref\":\"#/$defs/value\"}},"
	"\"undelivered\":{\"description\":\"What was said last cannot be delivered; the provider's number of the error.\","
	"\"$ref\":\"#/$defs/number\"},"
	"\"helpdesk\":{\"description\":\"It does not answer any more, or does again.\",\"enum\":[\"down\",\"up\"]},"
	"\"agent\":{\"$ref\":\"#/$defs/value\"},\"priority\":{\"$ref\":\"#/$defs/value\"},"
	"\"category\":{\"$ref\":\"#/$defs/value\"},\"expect\":{\"$ref\":\"#/$defs/expect\"}}}";

static void add_shapes(GString *out)
{
	hg_json_add_raw(out, "value", "{\"type\":[\"string\",\"number\",\"boolean\"]}");
	hg_json_add_raw(out, "values", "{\"anyOf\":[{\"$ref\":\"#/$defs/value\"},"
			"{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/value\"}}]}");
	hg_json_add_raw(out, "time", "{\"type\":\"string\",\"pattern\":\"^[+]?([0-9]+(ms|s|m|h|d|w))+$\"}");
	hg_json_add_raw(out, "number", "{\"type\":\"integer\",\"minimum\":0}");
	hg_json_add_raw(out, "count", "{\"anyOf\":[{\"$ref\":\"#/$defs/number\"},{\"type\":\"object\","
			"\"additionalProperties\":false,\"minProperties\":1,\"properties\":{"
			"\"at_least\":{\"$ref\":\"#/$defs/number\"},\"at_most\":{\"$ref\":\"#/$defs/number\"}}}]}");
	hg_json_add_raw(out, "step", step);
}

static void add_expect(GString *out)
{
	hg_json_key(out, "expect");
	g_string_append(out, "{\"type\":\"object\",\"additionalProperties\":false,\"minProperties\":1,\"properties\":");
	hg_json_open(out, '{');
	hg_trial_expect_schema(out);
	hg_json_close(out, '}');
	g_string_append_c(out, '}');
}

char *hg_trials_schema(void)
{
	GString *out = g_string_sized_new(4096);
	g_autofree char *items = g_strdup_printf(
		"{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"name\",\"given\"],\"properties\":{"
		"\"name\":{\"type\":\"string\",\"minLength\":1},"
		"\"clock\":{\"description\":\"When it begins: 2026-01-05T09:00:00Z.\",\"type\":\"string\"},"
		"\"given\":{\"type\":\"array\",\"minItems\":1,\"maxItems\":%d,\"items\":{\"$ref\":\"#/$defs/step\"}},"
		"\"wait\":{\"description\":\"How long the clock goes on behind the last step.\","
		"\"$ref\":\"#/$defs/time\"},\"expect\":{\"$ref\":\"#/$defs/expect\"}}}", HG_TRIAL_STEPS_MAX);

	hg_json_open(out, '{');
	hg_json_add_str(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
	hg_json_add_str(out, "title", "Tests of headgate's rules");
	hg_json_add_str(out, "type", "array");
	hg_json_add_int(out, "maxItems", HG_TRIALS_MAX);
	hg_json_add_raw(out, "items", items);
	hg_json_key(out, "$defs");
	hg_json_open(out, '{');
	add_shapes(out);
	add_expect(out);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	return g_string_free(out, FALSE);
}
