/* outside.c - what hooks said becomes facts for rules, attributes of the contact, marks of the conversation */
#include "outside.h"

#include <string.h>

#include "hook_answer.h"
#include "json.h"
#include "rules.h"

#define FIELDS_MAX 100		/* of a contact, a thread, and of the facts about a message */
#define TAGS_MAX   100		/* of a thread */

static const char *written(struct json_object *json, hg_arena *arena)
{
	return hg_arena_str(arena, json_object_to_json_string_ext(json, JSON_C_TO_STRING_NOSLASHESCAPE));
}

static struct json_object *parsed(const char *json)
{
	return json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;
}

/* Ours to free; never NULL. */
static struct json_object *parsed_as(const char *json, enum json_type type)
{
	struct json_object *root = parsed(json);

	if (root && json_object_is_type(root, type))
		return root;
	json_object_put(root);
	return type == json_type_array ? json_object_new_array() : json_object_new_object();
}

/* ---- merging ---- */

/* null takes a field away; what is too much is left out. */
static gboolean merge_fields(struct json_object *into, struct json_object *more)
{
	gboolean changed = FALSE;

	if (!more)
		return FALSE;
	json_object_object_foreach(more, name, value) {
		struct json_object *old = NULL;
		gboolean had = json_object_object_get_ex(into, name, &old);

		if (value ? had && json_object_equal(old, value) : !had)
			continue;
		if (value && !had && json_object_object_length(into) >= FIELDS_MAX)
			continue;
		if (value)
			json_object_object_add(into, name, json_object_get(value));
		else
			json_object_object_del(into, name);
		changed = TRUE;
	}
	return changed;
}

static gboolean has_tag(struct json_object *tags, const char *tag)
{
	for (size_t i = 0; i < json_object_array_length(tags); i++)
		if (g_strcmp0(json_object_get_string(json_object_array_get_idx(tags, i)), tag) == 0)
			return TRUE;
	return FALSE;
}

static gboolean merge_tags(struct json_object *into, struct json_object *more)
{
	gboolean changed = FALSE;

	for (size_t i = 0; more && i < json_object_array_length(more); i++) {
		struct json_object *tag = json_object_array_get_idx(more, i);

		if (has_tag(into, json_object_get_string(tag)) || json_object_array_length(into) >= TAGS_MAX)
			continue;
		json_object_array_add(into, json_object_get(tag));
		changed = TRUE;
	}
	return changed;
}

/* A part of an answer into the same part of those before it: fields and a conversation's tags add up, all else
 * is said anew. */
static void merge_part(struct json_object *into, struct json_object *part, gboolean add_tags)
{
	if (!part)
		return;
	json_object_object_foreach(part, name, value) {
		struct json_object *had = NULL;

		json_object_object_get_ex(into, name, &had);
		if (had && strcmp(name, "fields") == 0)
			merge_fields(had, value);
		else if (had && add_tags && strcmp(name, "tags") == 0)
			merge_tags(had, value);
		else
			json_object_object_add(into, name, json_object_get(value));
	}
}

/* ---- all hooks together ---- */

struct fold {
	struct json_object *facts, *hooks, *known, *assumed, *thread;
};

static void note_hook(struct json_object *hooks, const hg_question *ask)
{
	struct json_object *one = json_object_new_object();

	json_object_object_add(one, "outcome", json_object_new_string(hg_question_word(ask->state)));
	if (ask->ms >= 0)
		json_object_object_add(one, "ms", json_object_new_int64(ask->ms));
	if (ask->note)
		json_object_object_add(one, "note", json_object_new_string(ask->note));
	json_object_object_add(hooks, ask->hook, one);
}

/* What is nearest to the message goes before the rest. */
static void add_facts(struct json_object *facts, struct json_object *answer, gboolean message_too)
{
	static const char *const words[] = { "intent", "sentiment", "language" };
	struct json_object *message = message_too ? hg_json_obj(answer, "message") : NULL, *value;

	merge_fields(facts, hg_json_obj(hg_json_obj(answer, "contact"), "fields"));
	merge_fields(facts, hg_json_obj(hg_json_obj(answer, "thread"), "fields"));
	merge_fields(facts, hg_json_obj(message, "fields"));
	for (gsize i = 0; i < G_N_ELEMENTS(words); i++)
		if (json_object_object_get_ex(message, words[i], &value))
			json_object_object_add(facts, words[i], json_object_get(value));
}

static void fold_one(struct fold *fold, const struct hg_hook_conf *hook, const hg_question *ask)
{
	g_autoptr(hg_diag) diag = hg_diag_new();	/* what is wrong with it was said when it was checked */
	gboolean said = ask->state == HG_QUESTION_ANSWERED || ask->state == HG_QUESTION_CACHED;
	g_autoptr(json_object) answer = said ? parsed(ask->answer) :
		hg_node_null(hook->fallback) ? NULL : hg_hook_answer_of_node(hook->fallback, hook->name, diag);

	note_hook(fold->hooks, ask);
	/* What was said of another message is not said of this one. */
	add_facts(fold->facts, answer, ask->state != HG_QUESTION_CACHED);
	merge_part(fold->thread, hg_json_obj(answer, "thread"), TRUE);
	if (ask->state == HG_QUESTION_ANSWERED)
		merge_part(fold->known, hg_json_obj(answer, "contact"), FALSE);
	else if (!said)
		merge_part(fold->assumed, hg_json_obj(answer, "contact"), FALSE);
}

static const char *take(struct json_object **json, hg_arena *arena)
{
	const char *text = json_object_object_length(*json) ? written(*json, arena) : NULL;

	g_clear_pointer(json, json_object_put);
	return text;
}

static const hg_question *ask_of(const GPtrArray *asks, const char *hook)
{
	for (guint i = 0; i < asks->len; i++) {
		const hg_question *ask = g_ptr_array_index(asks, i);

		if (strcmp(ask->hook, hook) == 0)
			return ask;
	}
	return NULL;
}

void hg_outside_fold(const hg_conf *conf, const GPtrArray *asks, hg_arena *arena, hg_outside *ret)
{
	struct fold fold = { json_object_new_object(), json_object_new_object(), json_object_new_object(),
			     json_object_new_object(), json_object_new_object() };

	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *hook = g_ptr_array_index(conf->hooks, i);
		const hg_question *ask = ask_of(asks, hook->name);

		if (ask)
			fold_one(&fold, hook, ask);
	}
	ret->facts = take(&fold.facts, arena);
	ret->hooks = take(&fold.hooks, arena);
	ret->known = take(&fold.known, arena);
	ret->assumed = take(&fold.assumed, arena);
	ret->thread = take(&fold.thread, arena);
}

/* ---- kept ---- */

static gboolean set_text(struct json_object *said, const char *name, hg_arena *arena, const char **text)
{
	const char *new = hg_json_str(said, name);

	if (!new || g_strcmp0(new, *text) == 0)
		return FALSE;
	*text = hg_arena_str(arena, new);
	return TRUE;
}

static gboolean set_fields(struct json_object *more, hg_arena *arena, const char **fields)
{
	g_autoptr(json_object) all = parsed_as(*fields, json_type_object);

	if (!merge_fields(all, more))
		return FALSE;
	*fields = written(all, arena);
	return TRUE;
}

gboolean hg_outside_contact(const char *known, hg_arena *arena, hg_contact *contact)
{
	g_autoptr(json_object) said = parsed(known), id = json_object_new_object();
	struct json_object *tags = hg_json_arr(said, "tags"), *external_id;
	gboolean changed;

	if (!said)
		return FALSE;
	changed = set_text(said, "tier", arena, &contact->tier);
	changed |= set_text(said, "locale", arena, &contact->locale);
	/* What people call themselves goes before what a company calls them. */
	changed |= !contact->name && set_text(said, "name", arena, &contact->name);
	if (json_object_object_get_ex(said, "external_id", &external_id))
		json_object_object_add(id, "external_id", json_object_get(external_id));
	changed |= set_fields(id, arena, &contact->fields);
	changed |= set_fields(hg_json_obj(said, "fields"), arena, &contact->fields);
	if (tags && g_strcmp0(contact->tags, written(tags, arena)) != 0) {
		contact->tags = written(tags, arena);
		changed = TRUE;
	}
	return changed;
}

static gboolean add_tags(struct json_object *more, hg_arena *arena, const char **tags)
{
	g_autoptr(json_object) all = parsed_as(*tags, json_type_array);

	if (!merge_tags(all, more))
		return FALSE;
	*tags = written(all, arena);
	return TRUE;
}

gboolean hg_outside_thread(const char *said, hg_arena *arena, hg_thread *thread)
{
	g_autoptr(json_object) part = parsed(said);
	gboolean changed = add_tags(hg_json_arr(part, "tags"), arena, &thread->tags);

	return changed | set_fields(hg_json_obj(part, "fields"), arena, &thread->fields);
}

/* ---- seen by the rules ---- */

static void see_tags(struct json_object *more, hg_arena *arena, const char *const **known)
{
	gsize n = *known ? g_strv_length((char **)*known) : 0, had = n;
	const char **tags;

	if (!more)
		return;
	tags = hg_arena_alloc(arena, (n + json_object_array_length(more) + 1) * sizeof(*tags));
	for (gsize i = 0; i < had; i++)
		tags[i] = (*known)[i];
	for (size_t i = 0; i < json_object_array_length(more); i++) {
		const char *tag = json_object_get_string(json_object_array_get_idx(more, i));

		if (!g_strv_contains(tags, tag))
			tags[n++] = hg_arena_str(arena, tag);
	}
	*known = n ? tags : NULL;
}

/* A default knows nothing of this contact: it fills what nobody else has said. */
static void see_assumed(struct json_object *assumed, hg_arena *arena, struct hg_facts *facts)
{
	g_autoptr(json_object) fields = NULL;

	if (!facts->contact_tier)
		set_text(assumed, "tier", arena, &facts->contact_tier);
	if (!facts->contact_locale)
		set_text(assumed, "locale", arena, &facts->contact_locale);
	if (!facts->contact_tags)
		see_tags(hg_json_arr(assumed, "tags"), arena, &facts->contact_tags);
	if (!facts->contact_name)
		set_text(assumed, "name", arena, &facts->contact_name);
	if (!hg_json_obj(assumed, "fields"))
		return;
	fields = parsed_as(written(hg_json_obj(assumed, "fields"), arena), json_type_object);
	if (facts->contact_fields) {
		g_autoptr(json_object) known = parsed(facts->contact_fields);

		merge_fields(fields, json_object_is_type(known, json_type_object) ? known : NULL);
	}
	facts->contact_fields = written(fields, arena);
}

void hg_outside_see(const hg_outside *outside, hg_arena *arena, struct hg_facts *facts)
{
	g_autoptr(json_object) thread = parsed(outside->thread), assumed = parsed(outside->assumed);

	facts->outside = outside->facts;
	facts->hooks = outside->hooks;
	see_tags(hg_json_arr(thread, "tags"), arena, &facts->tags);
	set_fields(hg_json_obj(thread, "fields"), arena, &facts->thread_fields);
	if (assumed)
		see_assumed(assumed, arena, facts);
}
