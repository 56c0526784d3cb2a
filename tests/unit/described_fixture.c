/* described_fixture.c - requests made of a situation, for those who test what descriptions can say */
#include "described_fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "json.h"

static char *secrets[] = { (char *)"token", (char *)"s:1/2", NULL };
static char *values[] = { (char *)"Location", (char *)"here", (char *)"queue", (char *)"General", (char *)"field", (char *)"External ID", NULL };
static const char *const names[] = { "url", "key", "text", "subject", "ticket.", "contact.", "message.", "file.name", "file.type",
				     "file.base64", "file.dataurl", "now", "external_id", "value:", "secret:", NULL };
static const char *const people[] = { "text", "subject", "ticket.subject", "contact.name", "contact.email", "file.name",
				      "file.type", NULL };

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
	return (struct ht_look){ .at = g_string_new(NULL), .tell = keep_first, .arg = ret_err, .knows = TRUE, .secrets = secrets,
				 .values = values, .names = names, .people = people };
}

/* A name is a path into the situation. */
static gboolean value_of(void *ctx, const char *name, GString *out)
{
	struct ht_scope scope = { .root = ctx, .secrets = secrets, .values = values };
	gboolean given = g_str_has_prefix(name, "value:") || g_str_has_prefix(name, "secret:");
	g_autofree char *why = NULL, *text = NULL, *spelled = g_strconcat(given ? "$" : "", name, NULL);
	g_autoptr(ht_path) path = ht_path_new(spelled, FALSE, &why);

	text = path ? ht_path_text(path, &scope) : NULL;
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

struct ht_made *desk_make(const char *description, struct json_object *situation, struct hg_err *ret_err)
{
	struct json_object *map = desk_json(description);
	struct ht_look look = desk_look(ret_err);
	g_autoptr(ht_request) request = ht_request_new(&look, map, TRUE);
	struct ht_voice voice = { .value = value_of, .ctx = situation, .scope = { .root = situation, .secrets = secrets,
				  .values = values } };
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
