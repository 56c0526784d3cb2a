/* profile.c - what people say of themselves: kept with the contact as claimed, and where a visitor's mail may go
 *
 * Nobody is found by any of it, and nothing of it is an address: anybody can type anybody's. */
#include "turn.h"

#include <string.h>

#include "json.h"

#define NAME_MAX_ 200		/* bytes of a name, a number */
#define MAILTO	  "mailto:"
#define DEPTH	  2

struct said {
	const char *name, *email, *phone, *locale;	/* or NULL */
};

static const char *word(hg_turn *turn, struct json_object *all, const char *member)
{
	const char *text = hg_json_str(all, member);
	g_autofree char *valid = text ? g_strstrip(hg_text_valid(text, -1, NAME_MAX_)) : NULL;

	if (!valid || !*valid || !hg_text_printable(valid) || strpbrk(valid, "\t\n"))
		return NULL;
	return hg_arena_str(turn->arena, valid);
}

/* FALSE: it says nothing that could be kept. */
static gboolean read_profile(hg_turn *turn, const char *json, struct said *ret)
{
	const struct hg_json_limits limits = { .max_depth = DEPTH };
	g_autoptr(json_object) all = json ? hg_json_parse(json, strlen(json), &limits, NULL) : NULL;
	const char *email;
	gboolean pure;

	*ret = (struct said){ 0 };
	if (!all || !json_object_is_type(all, json_type_object))
		return FALSE;
	ret->name = word(turn, all, "name");
	ret->phone = word(turn, all, "phone");
	ret->locale = word(turn, all, "locale");
	email = word(turn, all, "email");
	if (email && (ret->email = hg_answer_email(email, turn->arena, &pure)) && !pure)
		ret->email = NULL;
	return ret->name || ret->phone || ret->locale || ret->email;
}

static gboolean set_field(hg_turn *turn, hg_contact *contact, const char *name, const char *value)
{
	const char *old = value ? hg_fill_field(turn, contact->fields, name) : NULL;

	if (!value || g_strcmp0(old, value) == 0)
		return FALSE;
	contact->fields = hg_profile_field(turn, contact->fields, name, value);
	return TRUE;
}

const char *hg_profile_field(hg_turn *turn, const char *fields, const char *name, const char *value)
{
	g_autoptr(json_object) all = fields ? hg_json_parse(fields, strlen(fields), NULL, NULL) : NULL;

	if (!all || !json_object_is_type(all, json_type_object)) {
		g_clear_pointer(&all, json_object_put);
		all = json_object_new_object();
	}
	json_object_object_add(all, name, json_object_new_string(value));
	return hg_arena_str(turn->arena, json_object_to_json_string_ext(all, JSON_C_TO_STRING_PLAIN |
									JSON_C_TO_STRING_NOSLASHESCAPE));
}

/* What an anonymous visitor calls himself is the only name he has; one the site's server gave stays. */
static void keep_with_contact(hg_turn *turn, hg_case *kase, const char *uri, const struct said *said)
{
	hg_contact *contact = kase->contact;
	gboolean changed = FALSE;

	if (said->name && (!contact->name || hg_visitor_is_anonymous(uri)) && g_strcmp0(said->name, contact->name) != 0) {
		contact->name = said->name;
		changed = TRUE;
	}
	if (said->locale && !contact->locale) {
		contact->locale = said->locale;
		changed = TRUE;
	}
	changed |= set_field(turn, contact, "claimed_email", said->email);
	changed |= set_field(turn, contact, "claimed_phone", said->phone);
	kase->contact_changed |= changed;
}

static const char *written(hg_turn *turn, const struct said *said)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_opt_str(out, "name", said->name);
	hg_json_opt_str(out, "email", said->email);
	hg_json_opt_str(out, "phone", said->phone);
	hg_json_close(out, '}');
	return hg_arena_str(turn->arena, out->str);
}

/* What he said before and does not say now still counts. */
static void add_before(hg_turn *turn, const char *json, struct said *said)
{
	struct said before;

	if (!read_profile(turn, json, &before))
		return;
	said->name = said->name ?: before.name;
	said->email = said->email ?: before.email;
	said->phone = said->phone ?: before.phone;
}

gboolean hg_visitor_row(hg_turn *turn, const char *uri, hg_visitor **ret, GError **error)
{
	if (!hg_store_visitor_get(turn->store, turn->arena, uri, "", ret, error))
		return FALSE;
	if (*ret)
		return TRUE;
	*ret = hg_arena_alloc(turn->arena, sizeof(**ret));
	**ret = (hg_visitor){ .uri = uri, .browser = "", .channel = turn->command->channel, .since_ms = turn->now_ms };
	return TRUE;
}

static gboolean keep_with_visitor(hg_turn *turn, const char *uri, const struct said *now, GError **error)
{
	struct said said = *now;
	g_autofree char *email = NULL;
	hg_visitor *visitor;
	const char *profile;

	if (!hg_visitor_row(turn, uri, &visitor, error))
		return FALSE;
	add_before(turn, visitor->profile, &said);
	profile = written(turn, &said);
	if (g_strcmp0(profile, visitor->profile) == 0 || strcmp(profile, "{}") == 0)
		return TRUE;
	visitor->profile = profile;
	if (said.email && !visitor->vouched) {
		email = g_strconcat(MAILTO, said.email, NULL);
		visitor->email = hg_arena_str(turn->arena, email);
	}
	return hg_store_visitor_set(turn->store, visitor, error);
}

gboolean hg_profile_take(hg_turn *turn, hg_case *kase, const char *uri, const char *profile, GError **error)
{
	struct said said;

	if (!read_profile(turn, profile, &said))
		return TRUE;
	keep_with_contact(turn, kase, uri, &said);
	return !hg_visitor_is(uri) || keep_with_visitor(turn, uri, &said, error);
}

/* ---- who an identified visitor is ---- */

/* The first of his addresses of a scheme that the site's server vouches for. */
static const char *vouched(const struct hg_in *in, const char *scheme)
{
	for (gsize i = 1; i < in->n_from; i++)
		if (in->from[i].proof == HG_PROVEN && g_str_has_prefix(in->from[i].uri, scheme))
			return in->from[i].uri;
	return NULL;
}

gboolean hg_profile_vouched(hg_turn *turn, const struct hg_in *in, GError **error)
{
	const char *uri = in->n_from ? in->from[0].uri : NULL, *user, *email;
	hg_visitor *visitor;

	if (!hg_visitor_is(uri) || hg_visitor_is_anonymous(uri) || in->from[0].proof != HG_PROVEN)
		return TRUE;
	user = vouched(in, "user:");
	email = vouched(in, MAILTO);
	if (!hg_visitor_row(turn, uri, &visitor, error))
		return FALSE;
	if ((!user || g_strcmp0(user, visitor->user) == 0) &&
	    (!email || (visitor->vouched && g_strcmp0(email, visitor->email) == 0)))
		return TRUE;
	visitor->user = user ?: visitor->user;
	visitor->email = email ?: visitor->email;
	visitor->vouched |= email != NULL;
	return hg_store_visitor_set(turn->store, visitor, error);
}
