/* fill.c - what the ${names} in a rule's texts stand for in a conversation */
#include "turn.h"

#include "json.h"
#include "rules_intent.h"
#include "template.h"

#include <string.h>

struct fill {
	hg_turn *turn;
	hg_case *kase;
	const struct hg_filling *with;
	GError *error;			/* the store's: nothing further is asked of it */
};

typedef const char *value_fn(struct fill *fill, const char *name);

/* ---- what the store has to be asked for ---- */

static const char *text_of(struct fill *fill, const char *name)
{
	hg_message *last = NULL;

	(void)name;
	if (fill->with->facts && fill->with->facts->text)
		return fill->with->facts->text;
	if (!fill->kase->thread->last_in_n)
		return NULL;
	hg_store_message_get(fill->turn->store, fill->turn->arena, fill->kase->thread->last_in_n, &last, &fill->error);
	return last ? last->text : NULL;
}

static struct hg_payload view_of(const struct fill *fill)
{
	return (struct hg_payload){ .store = fill->turn->store, .conf = fill->turn->conf, .arena = fill->turn->arena,
				    .thread = fill->kase->thread };
}

static const char *agent_of(struct fill *fill, const char *name)
{
	const struct hg_payload view = view_of(fill);
	const char *agent = NULL;

	(void)name;
	hg_payload_agent(&view, fill->kase->thread, &agent, &fill->error);
	return agent ?: fill->kase->thread->assignee;
}

static const char *previous_of(struct fill *fill, const char *name)
{
	const struct hg_payload view = view_of(fill);
	const hg_ticket *ticket = NULL;
	const char *agent = NULL;

	(void)name;
	hg_payload_previous(&view, &ticket, &agent, &fill->error);
	return agent;
}

/* The number the customer knows: the helpdesk's when it gave one. */
static const char *number_of(struct fill *fill, const char *name)
{
	g_autoptr(GPtrArray) links = g_ptr_array_new();
	const hg_ticket *ticket;

	(void)name;
	if (!hg_case_ticket(fill->turn, fill->kase, &fill->error))
		return NULL;
	ticket = fill->kase->ticket;
	if (!ticket || !hg_store_link_list(fill->turn->store, fill->turn->arena, ticket->n, links, &fill->error))
		return NULL;
	for (guint i = 0; i < links->len; i++)
		if (((const hg_link *)g_ptr_array_index(links, i))->number)
			return ((const hg_link *)g_ptr_array_index(links, i))->number;
	return ticket->number;
}

static const char *language_of(struct fill *fill, const char *name)
{
	const char *language = NULL;

	(void)name;
	hg_speak_language(fill->turn, fill->kase, &language, &fill->error);
	return language;
}

/* ---- what is at hand ---- */

static const struct hg_channel_conf *channel_conf(const struct fill *fill)
{
	const struct hg_facts *facts = fill->with->facts;
	const char *name = facts && facts->channel ? facts->channel : fill->kase->thread->channel;

	return name ? hg_conf_channel(fill->turn->conf, name) : NULL;
}

static const char *channel_value(struct fill *fill, const char *name)
{
	const struct hg_channel_conf *conf = channel_conf(fill);

	if (!conf)
		return NULL;
	return strcmp(name, "channel") == 0 ? conf->name : strcmp(name, "adapter") == 0 ? conf->adapter : conf->scope;
}

static const char *contact_value(struct fill *fill, const char *name)
{
	const hg_contact *contact = fill->kase->contact;

	name += strlen("contact.");
	return strcmp(name, "name") == 0     ? contact->name
	       : strcmp(name, "tier") == 0   ? contact->tier
	       : strcmp(name, "locale") == 0 ? contact->locale
					     : contact->id;
}

static const char *thread_value(struct fill *fill, const char *name)
{
	const hg_thread *thread = fill->kase->thread;
	const char *base = fill->turn->conf->gateway.public_url;
	g_autofree char *url = NULL;

	if (strcmp(name, "queue") == 0)
		return thread->queue;
	if (strcmp(name, "skill") == 0)
		return thread->skill;
	if (strcmp(name, "subject") == 0)
		return thread->subject;
	if (strcmp(name, "address") == 0)
		return thread->reply_to;
	if (strcmp(name, "thread.id") == 0)
		return thread->id;
	url = base ? g_strdup_printf("%s/threads/%s", base, thread->id) : NULL;
	return hg_arena_str(fill->turn->arena, url);
}

/* By the bar of the configuration. */
static const char *intent_value(struct fill *fill, const char *name)
{
	const hg_intent_conf *bar = fill->turn->conf->model;
	const char *kept = fill->with->facts ? fill->with->facts->intent : NULL;
	struct hg_heard heard;

	(void)name;
	if (!kept || !bar)
		return NULL;
	hg_heard_read(kept, fill->turn->arena, &heard);
	return heard.confidence >= bar->min_confidence && heard.known >= bar->min_known ? heard.label : NULL;
}

static const char *rule_value(struct fill *fill, const char *name)
{
	(void)name;
	return fill->with->rule;
}

const char *hg_fill_field(hg_turn *turn, const char *json, const char *name)
{
	g_autoptr(json_object) fields = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;
	struct json_object *value = NULL;

	if (!fields || !json_object_object_get_ex(fields, name, &value) || !value ||
	    json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
		return NULL;
	return hg_arena_str(turn->arena, json_object_get_string(value));
}

/* ---- by name ---- */

static const char *field_value(struct fill *fill, const char *name)
{
	const char *contact = "contact.field.";

	if (g_str_has_prefix(name, "fact."))
		return fill->with->facts ? hg_fill_field(fill->turn, fill->with->facts->outside, name + strlen("fact.")) : NULL;
	if (g_str_has_prefix(name, contact))
		return hg_fill_field(fill->turn, fill->kase->contact->fields, name + strlen(contact));
	return hg_fill_field(fill->turn, fill->kase->thread->fields, name + strlen("field."));
}

static value_fn *finder_of(const char *name)
{
	static const struct { const char *name; value_fn *fn; } finders[] = {
		{ "contact.name", contact_value }, { "contact.tier", contact_value },
		{ "contact.locale", contact_value }, { "contact.id", contact_value },
		{ "channel", channel_value }, { "adapter", channel_value }, { "scope", channel_value },
		{ "address", thread_value }, { "text", text_of }, { "subject", thread_value },
		{ "rule", rule_value }, { "queue", thread_value }, { "skill", thread_value },
		{ "agent", agent_of }, { "previous_agent", previous_of }, { "thread.id", thread_value },
		{ "thread.url", thread_value }, { "number", number_of },
		{ "language", language_of }, { "intent", intent_value },
	};

	if (g_str_has_prefix(name, "field.") || g_str_has_prefix(name, "fact.") || g_str_has_prefix(name, "contact.field."))
		return field_value;
	for (gsize i = 0; i < G_N_ELEMENTS(finders); i++)
		if (strcmp(finders[i].name, name) == 0)
			return finders[i].fn;
	return NULL;
}

static const char *value(void *ctx, const char *name)
{
	struct fill *fill = ctx;
	value_fn *fn = finder_of(name);

	for (const struct hg_set *own = fill->with->own; own && own->name; own++)
		if (strcmp(own->name, name) == 0)
			return own->value;
	return fn && !fill->error ? fn(fill, name) : NULL;
}

gboolean hg_fill(hg_turn *turn, hg_case *kase, const struct hg_filling *with, const char *text, gsize max,
		 const char **ret, GError **error)
{
	struct fill fill = { turn, kase, with, NULL };
	g_autoptr(GString) out = NULL;

	*ret = text;
	if (!text || !strstr(text, "${"))
		return TRUE;
	out = g_string_new(NULL);
	hg_template_fill(text, value, &fill, max, out);
	*ret = hg_arena_mem(turn->arena, out->str, out->len);
	if (!fill.error)
		return TRUE;
	g_propagate_error(error, fill.error);
	return FALSE;
}

gboolean hg_fill_line(hg_turn *turn, hg_case *kase, const struct hg_filling *with, const char *text,
		      const char **ret, GError **error)
{
	char *line;

	if (!hg_fill(turn, kase, with, text, HG_FIELD_VALUE_MAX, ret, error))
		return FALSE;
	if (*ret == text)
		return TRUE;
	line = hg_arena_str(turn->arena, *ret);
	for (char *p = line; *p; p++)
		if (g_ascii_iscntrl(*p))
			*p = ' ';
	*ret = g_strstrip(line);
	return TRUE;
}
