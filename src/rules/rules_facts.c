/* rules_facts.c - facts as JSON and back, and as words in a trace */
#include <string.h>

#include "fail.h"
#include "json.h"
#include "rules_made.h"
#include "text.h"

#define SHOWN_MAX 120		/* bytes of a text that a trace shows */
#define TAGS_MAX  1000

enum form { STR = 1, TEXT, HEADERS, FLAG, COUNT, SPAN, TIME, PROPOSAL, TAGS, OBJECT };

/* What is not known (NULL, FALSE, 0, a span of -1) is left out. */
static const struct member {
	const char *key;
	enum form form;
	gsize offset;
} members[] = {
#define MEMBER(form_, field_) { #field_, form_, G_STRUCT_OFFSET(struct hg_facts, field_) }
	MEMBER(STR, on), MEMBER(TIME, after_ms), MEMBER(TIME, now_ms), MEMBER(STR, hold_then),
	MEMBER(STR, channel), MEMBER(STR, adapter), MEMBER(STR, scope), MEMBER(TEXT, text),
	MEMBER(HEADERS, headers),
	MEMBER(STR, kind), MEMBER(STR, address),
	MEMBER(FLAG, automatic), MEMBER(FLAG, forwarded), MEMBER(FLAG, echo), MEMBER(FLAG, has_attachment),
	MEMBER(COUNT, files), MEMBER(TAGS, file_kinds),
	MEMBER(TAGS, changed_tags), MEMBER(TAGS, changed_fields), MEMBER(STR, author), MEMBER(STR, failure_code), MEMBER(STR, failure_author),
	MEMBER(PROPOSAL, proposal), MEMBER(STR, proposal_reason),
	MEMBER(STR, thread_state), MEMBER(STR, thread_resolution),
	MEMBER(FLAG, has_ticket), MEMBER(FLAG, reopened), MEMBER(FLAG, held),
	MEMBER(COUNT, messages), MEMBER(COUNT, inbound), MEMBER(COUNT, outbound),
	MEMBER(SPAN, age_ms), MEMBER(SPAN, idle_ms), MEMBER(SPAN, since_ticket_ms), MEMBER(SPAN, waiting_ms),
	MEMBER(FLAG, confirmed), MEMBER(STR, ticket_status), MEMBER(STR, ticket_state),
	MEMBER(STR, queue), MEMBER(STR, assignee), MEMBER(STR, last_speaker), MEMBER(TAGS, tags),
	MEMBER(FLAG, contact_new), MEMBER(FLAG, opted_out),
	MEMBER(STR, contact_name), MEMBER(STR, contact_tier), MEMBER(STR, contact_locale),
	MEMBER(TAGS, contact_tags), MEMBER(SPAN, contact_since_ticket_ms),
	MEMBER(OBJECT, contact_fields), MEMBER(OBJECT, thread_fields),
	MEMBER(FLAG, helpdesk_down), MEMBER(SPAN, helpdesk_down_ms),
	MEMBER(OBJECT, intent), MEMBER(OBJECT, outside), MEMBER(OBJECT, hooks),
#undef MEMBER
};

static void write_tags(GString *out, const char *key, const char *const *tags)
{
	if (!tags || !*tags)
		return;
	hg_json_key(out, key);
	hg_json_open(out, '[');
	for (; *tags; tags++)
		hg_json_put_str(out, *tags);
	hg_json_close(out, ']');
}

static void write_number(GString *out, const struct member *member, const struct hg_facts *facts)
{
	gint64 number = G_STRUCT_MEMBER(gint64, facts, member->offset);

	if (number != (member->form == SPAN ? -1 : 0))
		hg_json_add_int(out, member->key, number);
}

static void write_member(GString *out, const struct member *member, const struct hg_facts *facts)
{
	int proposal;

	switch (member->form) {
	case STR:
	case TEXT:
		hg_json_opt_str(out, member->key, G_STRUCT_MEMBER(const char *, facts, member->offset));
		break;
	case FLAG:
		if (G_STRUCT_MEMBER(gboolean, facts, member->offset))
			hg_json_add_bool(out, member->key, TRUE);
		break;
	case PROPOSAL:
		proposal = G_STRUCT_MEMBER(int, facts, member->offset);
		hg_json_opt_str(out, member->key, proposal ? hg_proposal_words[proposal - 1] : NULL);
		break;
	case TAGS:
		write_tags(out, member->key, G_STRUCT_MEMBER(const char *const *, facts, member->offset));
		break;
	case OBJECT:
	case HEADERS:
		if (G_STRUCT_MEMBER(const char *, facts, member->offset))
			hg_json_add_raw(out, member->key,
					G_STRUCT_MEMBER(const char *, facts, member->offset));
		break;
	case COUNT:
	case SPAN:
	case TIME:
		write_number(out, member, facts);
		break;
	}
}

void hg_facts_write(const struct hg_facts *facts, gboolean text_too, GString *out)
{
	hg_json_open(out, '{');
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if ((members[i].form != TEXT && members[i].form != HEADERS) || text_too)
			write_member(out, &members[i], facts);
	hg_json_close(out, '}');
}

/* ---- and back ---- */

static gboolean read_tags(struct json_object *value, hg_arena *arena, const char *const **ret)
{
	size_t n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;
	const char **tags;

	if (!json_object_is_type(value, json_type_array) || n > TAGS_MAX)
		return FALSE;
	tags = hg_arena_alloc(arena, (n + 1) * sizeof(*tags));
	for (size_t i = 0; i < n; i++) {
		struct json_object *tag = json_object_array_get_idx(value, i);

		if (!json_object_is_type(tag, json_type_string))
			return FALSE;
		tags[i] = hg_arena_str(arena, json_object_get_string(tag));
	}
	*ret = n ? tags : NULL;
	return TRUE;
}

static gboolean read_proposal(struct json_object *value, int *ret)
{
	for (int i = 0; hg_proposal_words[i]; i++) {
		if (strcmp(json_object_get_string(value), hg_proposal_words[i]) == 0) {
			*ret = i + 1;
			return TRUE;
		}
	}
	return FALSE;
}

/* The form says which JSON type is right, so it is looked at first. */
static gboolean read_member(const struct member *member, struct json_object *value, hg_arena *arena,
			    struct hg_facts *facts)
{
	void *into = G_STRUCT_MEMBER_P(facts, member->offset);
	enum json_type is = json_object_get_type(value);

	switch (member->form) {
	case STR:
	case TEXT:
		*(const char **)into = hg_arena_str(arena, json_object_get_string(value));
		return is == json_type_string;
	case FLAG:
		*(gboolean *)into = json_object_get_boolean(value) ? TRUE : FALSE;
		return is == json_type_boolean;
	case PROPOSAL:
		return is == json_type_string && read_proposal(value, into);
	case TAGS:
		return read_tags(value, arena, into);
	case OBJECT:
	case HEADERS:
		*(const char **)into = hg_arena_str(arena, json_object_to_json_string_ext(
							value, JSON_C_TO_STRING_NOSLASHESCAPE));
		return is == json_type_object;
	case COUNT:
	case SPAN:
	case TIME:
	default:
		*(gint64 *)into = json_object_get_int64(value);
		return is == json_type_int;
	}
}

static void facts_init(struct hg_facts *facts)
{
	memset(facts, 0, sizeof(*facts));
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++)
		if (members[i].form == SPAN)
			G_STRUCT_MEMBER(gint64, facts, members[i].offset) = -1;
}

gboolean hg_facts_read(const char *json, hg_arena *arena, struct hg_facts *ret, GError **error)
{
	g_autoptr(json_object) root = hg_json_parse(json, strlen(json), NULL, error);

	return root && hg_facts_take(root, arena, ret, error);
}

gboolean hg_facts_take(struct json_object *root, hg_arena *arena, struct hg_facts *ret, GError **error)
{
	struct hg_facts facts;

	if (!json_object_is_type(root, json_type_object))
		return hg_fail(error, HG_ERROR_INPUT, "facts are no JSON object");
	facts_init(&facts);
	for (gsize i = 0; i < G_N_ELEMENTS(members); i++) {
		struct json_object *value;

		if (json_object_object_get_ex(root, members[i].key, &value) &&
		    !read_member(&members[i], value, arena, &facts))
			return hg_fail(error, HG_ERROR_INPUT, "fact '%s' has the wrong type", members[i].key);
	}
	*ret = facts;
	return TRUE;
}

/* ---- for people ---- */

static void show_text(GString *out, const char *text)
{
	gsize len = strlen(text);
	g_autofree char *cut = len > SHOWN_MAX ? hg_text_valid(text, -1, SHOWN_MAX) : NULL;
	g_autofree char *shown = cut ? g_strconcat(cut, "...", NULL) : NULL;

	hg_json_put_str(out, shown ? shown : text);
}

static void show_tags(GString *out, const char *const *tags)
{
	g_autofree char *joined = tags ? g_strjoinv(", ", (char **)tags) : NULL;

	show_text(out, joined && *joined ? joined : "none");
}

static void show_number(GString *out, gint64 number, gboolean span)
{
	char text[HG_SPAN_SIZE];

	if (number < 0)
		hg_json_put_str(out, "not known");
	else if (span)
		hg_json_put_str(out, hg_span(number, text));
	else
		hg_json_put_int(out, number);
}

void hg_trace_value(GString *out, const struct hg_cond *cond, const struct hg_facts *facts, const char *made)
{
	gsize offset = cond->fact->offset;
	const char *text;
	int proposal;

	switch (cond->fact->type) {
	case HG_FACT_BOOL:
		hg_json_put_bool(out, G_STRUCT_MEMBER(gboolean, facts, offset));
		return;
	case HG_FACT_NOT:
		hg_json_put_bool(out, !G_STRUCT_MEMBER(gboolean, facts, offset));
		return;
	case HG_FACT_COUNT:
	case HG_FACT_SPAN:
	case HG_FACT_LASTS:
		show_number(out, G_STRUCT_MEMBER(gint64, facts, offset), cond->fact->type != HG_FACT_COUNT);
		return;
	case HG_FACT_TAGS:
		show_tags(out, G_STRUCT_MEMBER(const char *const *, facts, offset));
		return;
	case HG_FACT_PROPOSAL:
		proposal = G_STRUCT_MEMBER(int, facts, offset);
		hg_json_put_str(out, proposal ? hg_proposal_words[proposal - 1] : NULL);
		return;
	case HG_FACT_INTENT:
		hg_json_put_str(out, made);	/* whole, with its reasons */
		return;
	case HG_FACT_FIELDS:
	case HG_FACT_HEADERS:
	case HG_FACT_WORDS:
	case HG_FACT_HOURS:
	case HG_FACT_LANGUAGE:
		text = made;
		break;
	default:
		text = G_STRUCT_MEMBER(const char *, facts, offset);
	}
	if (text)
		show_text(out, text);
	else
		hg_json_put_raw(out, NULL);
}
