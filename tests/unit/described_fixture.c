/* described_fixture.c - requests made of a situation, for those who test what descriptions can say */
#include "described_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "json.h"
#include "said_shape.h"

struct json_object *desk_json(const char *text)
{
	g_autofree char *json = g_strdelimit(g_strdup(text), "'", '"');
	g_autoptr(GError) error = NULL;
	struct json_object *tree = hg_json_parse(json, strlen(json), NULL, &error);

	if (!tree)
		fail_msg("%s: %s", text, error->message);
	return tree;
}

static void keep_first(void *arg, const struct hg_err *err)
{
	struct hg_err *first = arg;

	if (!first->kind)
		*first = *err;
}

struct ht_look desk_look(struct hg_err *ret_err)
{
	*ret_err = (struct hg_err){ 0 };
	return (struct ht_look){ .at = g_string_new(NULL), .tell = keep_first, .arg = ret_err, .knows = TRUE, .secrets = shape_secrets,
				 .values = shape_values, .names = shape_names, .people = shape_people };
}

struct ht_made *desk_make(const char *description, struct json_object *situation, struct hg_err *ret_err)
{
	struct json_object *map = desk_json(description);
	struct ht_look look = desk_look(ret_err);
	g_autoptr(ht_request) request = ht_request_new(&look, map, TRUE);
	struct ht_voice voice = shape_voice(situation);
	struct ht_made *made = NULL;
	const char *why = NULL;
	static ht_request *kept;	/* what is made points into it */

	assert_true(!request == (ret_err->kind != 0));
	if (request) {
		made = g_new0(struct ht_made, 1);
		why = ht_request_make(request, &voice, made);
	}
	if (why) {
		g_strlcpy(ret_err->text, why, sizeof(ret_err->text));
		g_clear_pointer(&made, desk_made_free);
	}
	ht_request_free(kept);
	kept = g_steal_pointer(&request);
	json_object_put(map);
	g_string_free(look.at, TRUE);
	return made;
}

void desk_made_free(struct ht_made *made)
{
	if (made)
		ht_made_clear(made);
	g_free(made);
}

struct ht_made *desk_must_make(const char *request, struct json_object *situation)
{
	struct hg_err err;
	struct ht_made *made = desk_make(request, situation, &err);

	if (!made)
		fail_msg("%s: %s: %s", request, err.at, err.text);
	return made;
}
