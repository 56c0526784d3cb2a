/* widget_plan.c - an answer is one part, whatever is in it: browsers read the message itself, files and all */
#include "widget.h"

#include <glib.h>
#include <string.h>

#include "conf_wrong.h"
#include "json.h"

#define EMOJI_MAX 64		/* bytes of a reaction */

static gboolean is_set(const char *text)
{
	return text && *text;
}

static gboolean choice_fits(struct json_object *choice)
{
	const char *id = hg_json_str(choice, "id"), *title = hg_json_str(choice, "title");

	return is_set(id) && strlen(id) <= WIDGET_CHOICE_ID && is_set(title) && g_utf8_strlen(title, -1) <= WIDGET_CHOICE &&
	       json_object_object_length(choice) == 2;
}

/* { "choices": [{ "id", "title" }] }: what the visitor may answer with by one touch. */
static int check_choices(const char *payload, struct hg_err *err)
{
	g_autoptr(json_object) all = hg_json_parse(payload, strlen(payload), NULL, NULL);
	struct json_object *choices = hg_json_arr(all, "choices");
	gsize n = choices ? json_object_array_length(choices) : 0;

	if (!n || json_object_object_length(all) != 1)
		return hg_refuse(err, HG_ERR_INPUT,
				 "payload on a chat widget is { \"choices\": [{ \"id\", \"title\" }] }, and nothing else");
	if (n > WIDGET_CHOICES_MAX)
		return hg_refuse(err, HG_ERR_LIMIT, "payload has %zu choices, at most %d fit", n, WIDGET_CHOICES_MAX);
	for (gsize i = 0; i < n; i++)
		if (!choice_fits(json_object_array_get_idx(choices, i)))
			return hg_refuse(err, HG_ERR_INPUT,
					 "payload: choice %zu needs an id of at most %d bytes and a title of at most %d "
					 "characters, and has nothing else", i + 1, WIDGET_CHOICE_ID, WIDGET_CHOICE);
	return 0;
}

static int check_said(const struct hg_out *out, struct hg_err *err)
{
	if (is_set(out->template_json))
		return hg_refuse(err, HG_ERR_UNSUPPORTED, "a chat widget has no templates: write the text");
	if (!is_set(out->text) && !out->n_files)
		return hg_refuse(err, HG_ERR_INPUT, "there is no text and no file in it");
	return is_set(out->payload) ? check_choices(out->payload, err) : 0;
}

static int check_about(const struct hg_out *out, struct hg_err *err)
{
	if (out->kind == HG_REACTION && out->text && strlen(out->text) > EMOJI_MAX)
		return hg_refuse(err, HG_ERR_INPUT, "a reaction is one emoji");
	if (out->kind == HG_EDIT && !is_set(out->text))
		return hg_refuse(err, HG_ERR_INPUT, "an edit needs the new text; to take a message back, revoke it");
	return 0;
}

int widget_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct hg_part whole = { .size = sizeof(whole), .file = -1, .text = out->text };
	int rc;

	(void)conf;
	switch (out->kind) {
	case HG_TEXT:
		rc = check_said(out, err);
		break;
	case HG_REACTION:
	case HG_EDIT:
	case HG_REVOKE:
		rc = check_about(out, err);
		break;
	default:
		rc = hg_refuse(err, HG_ERR_UNSUPPORTED, "a chat widget cannot carry this");
	}
	if (rc == 0)
		plan->add(plan, &whole);
	return rc;
}
