/* fuzz_said.c - requests of presets, made of what people wrote: they stay the same requests
 *
 * The first byte chooses the request, the rest are texts with a zero between them, one for each field that people
 * write; 255: the rest is the JSON of a request, which is made of hostile texts when it is in order. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "json.h"
#include "said_shape.h"

#define REQUESTS 9

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static ht_request *compile(struct json_object *map)
{
	g_autoptr(GString) at = g_string_new(NULL);
	struct ht_look look = { .at = at, .knows = TRUE, .secrets = shape_secrets, .values = shape_values, .names = shape_names,
				.people = shape_people };
	ht_request *request = ht_request_new(&look, map, TRUE);

	g_assert_true(!request == (look.errors > 0));
	return request;
}

static void check(const ht_request *request, char *const *texts, gboolean html)
{
	struct json_object *harmless = shape_situation(NULL), *hostile = shape_situation(texts);
	g_autofree char *why = shape_differs(request, harmless, hostile, html);

	if (why)
		g_error("%s", why);
	json_object_put(harmless);
	json_object_put(hostile);
}

/* Any request there can be; only whether it can be made is looked at: who writes it may count characters. */
static void play_request(const uint8_t *data, size_t size)
{
	static char *const texts[] = { (char *)"\"<${text}>", (char *)"a&b=c", (char *)"../x", (char *)"a b", (char *)"a\r\nb", NULL };
	struct json_object *map = hg_json_parse(data, size, NULL, NULL), *hostile;
	ht_request *request = json_object_is_type(map, json_type_object) ? compile(map) : NULL;
	struct ht_voice voice;
	struct ht_made made = { 0 };

	if (request) {
		hostile = shape_situation(texts);
		voice = shape_voice(hostile);
		ht_request_make(request, &voice, &made);
		for (guint i = 0; i + 1 < made.headers->len; i++)
			g_assert_true(!strpbrk(made.headers->pdata[i], "\r\n"));
		ht_made_clear(&made);
		json_object_put(hostile);
	}
	ht_request_free(request);
	json_object_put(map);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static ht_request *requests[REQUESTS];
	g_autofree char *rest = NULL;
	char *texts[SHAPE_TEXTS + 1] = { NULL };
	gsize n = 0, i, at = 0;

	if (size < 1)
		return 0;
	if (data[0] == 255) {
		play_request(data + 1, size - 1);
		return 0;
	}
	i = data[0] % REQUESTS;
	if (!requests[i]) {
		struct json_object *map = shape_json(shape_requests[i].json);

		requests[i] = compile(map);
		json_object_put(map);
	}
	rest = g_malloc(size);
	memcpy(rest, data + 1, size - 1);
	rest[size - 1] = '\0';
	for (; n < SHAPE_TEXTS && at < size; at += strlen(rest + at) + 1)
		texts[n++] = rest + at;
	check(requests[i], texts, shape_requests[i].html);
	return 0;
}
