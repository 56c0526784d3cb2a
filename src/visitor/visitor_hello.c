/* visitor_hello.c - what a session begins with: who he is to us, how the channel looks, whether somebody is there */
#include <string.h>

#include "colour.h"
#include "text.h"
#include "visitor_call.h"

#define REPLY_LOOK_MS  (5 * 60 * 1000)			/* how old the measured reply time may be */
#define DAY_MS	       G_GINT64_CONSTANT(86400000)
#define REPLY_ENOUGH   20				/* answers, for it to mean something */
#define REPLY_MOST     500				/* episodes that are looked at */

/* ---- languages ---- */

static const char *find(char **map, const char *name, gsize len)
{
	for (; map && *map; map += 2)
		if (strlen(map[0]) == len && g_ascii_strncasecmp(map[0], name, len) == 0)
			return map[1];
	return NULL;
}

/* "pt-BR", then "pt", then what is for all others. */
const char *hg_visitor_text(char **map, const char *locale)
{
	const char *text = locale ? find(map, locale, strlen(locale)) : NULL;

	if (!text && locale)
		text = find(map, locale, strcspn(locale, "-_"));
	return text ? text : find(map, "", 0);
}

static gboolean speaks(const char *offered, const char *locale)
{
	gsize len = strcspn(offered, "-_");

	return g_ascii_strcasecmp(offered, locale) == 0 ||
	       (strcspn(locale, "-_") == len && g_ascii_strncasecmp(offered, locale, len) == 0);
}

/* Of the languages the channel offers the one he asked for, else the first; where it names none, his. */
static const char *locale_of(const struct visitor_call *call)
{
	char **languages = call->set->languages;
	const char *first = languages ? *languages : NULL;

	for (char **one = languages; one && *one && call->locale; one++)
		if (speaks(*one, call->locale))
			return *one;
	if (first)
		return first;
	return call->locale && *call->locale ? call->locale : call->conf->gateway.language;
}

/* ---- who he is ---- */

struct known {
	const char *name, *email, *phone;	/* or NULL */
};

static const char *profile_text(hg_arena *arena, struct json_object *profile, const char *key, const char *before)
{
	const char *text = hg_json_str(profile, key);

	return before || !text || !*text ? before : hg_arena_str(arena, text);
}

static gboolean read_profile(struct visitor_call *call, const char *json, struct known *ret)
{
	g_autoptr(json_object) profile = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;

	ret->name = profile_text(call->arena, profile, "name", ret->name);
	ret->email = profile_text(call->arena, profile, "email", ret->email);
	ret->phone = profile_text(call->arena, profile, "phone", ret->phone);
	return TRUE;
}

/* Of one the site's server vouches for also what his contact says: he is that person. */
static gboolean read_contact(struct visitor_call *call, hg_store *store, struct known *ret)
{
	g_autoptr(GPtrArray) aliases = g_ptr_array_new();
	hg_contact *contact = NULL;
	gint64 n = call->eyes.view.contact_n;

	if (n <= 0)
		return TRUE;
	if (!hg_store_contact_get(store, call->arena, n, &contact, &call->error) ||
	    !hg_store_alias_list(store, call->arena, n, aliases, &call->error))
		return FALSE;
	if (contact && contact->name)
		ret->name = contact->name;
	for (guint i = 0; i < aliases->len; i++) {
		const hg_alias *alias = g_ptr_array_index(aliases, i);

		if (alias->proof != HG_PROVEN)
			continue;
		if (!ret->email && g_str_has_prefix(alias->uri, "mailto:"))
			ret->email = alias->uri + strlen("mailto:");
		if (!ret->phone && g_str_has_prefix(alias->uri, "tel:"))
			ret->phone = alias->uri + strlen("tel:");
	}
	return TRUE;
}

static gboolean read_known(struct visitor_call *call, hg_store *store, struct known *ret)
{
	hg_visitor *visitor = NULL;

	*ret = (struct known){ .name = call->who.name, .email = call->who.email, .phone = call->who.phone };
	if (!read_contact(call, store, ret) ||
	    !hg_store_visitor_get(store, call->arena, call->who.uri, "", &visitor, &call->error))
		return FALSE;
	if (visitor && !ret->email && visitor->email && g_str_has_prefix(visitor->email, "mailto:"))
		ret->email = visitor->email + strlen("mailto:");
	return !visitor || read_profile(call, visitor->profile, ret);
}

static const char *value_of(const struct known *known, const char *word)
{
	return strcmp(word, "name") == 0 ? known->name : strcmp(word, "email") == 0 ? known->email
		: strcmp(word, "phone") == 0 ? known->phone : NULL;
}

gboolean hg_visitor_missing(struct visitor_call *call, hg_store *store, struct json_object *given, GPtrArray *ret)
{
	struct known known;

	if (!read_known(call, store, &known))
		return FALSE;
	for (char **word = call->set->prechat.ask; word && *word; word++) {
		const char *said = hg_json_str(given, *word);

		if (!value_of(&known, *word) && !(said && *said))
			g_ptr_array_add(ret, *word);
	}
	return TRUE;
}

static void add_visitor(const struct visitor_call *call, const struct known *known, GString *out)
{
	static const char *const words[] = { "name", "email", "phone" };

	hg_json_key(out, "visitor");
	hg_json_open(out, '{');
	hg_json_add_str(out, "id", call->who.id);
	hg_json_add_str(out, "kind", call->who.identified ? "identified" : "anonymous");
	hg_json_add_str(out, "name", known->name);
	hg_json_add_str(out, "email", known->email);
	hg_json_key(out, "known");
	hg_json_open(out, '[');
	for (guint i = 0; i < G_N_ELEMENTS(words); i++)
		if (value_of(known, words[i]))
			hg_json_put_str(out, words[i]);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

/* ---- the channel ---- */

static void add_theme(const struct hg_visitor_conf *set, GString *out)
{
	guint32 accent = 0;

	hg_json_key(out, "theme");
	hg_json_open(out, '{');
	hg_json_add_str(out, "accent", set->theme.accent);
	hg_json_add_str(out, "on_accent", set->theme.on_accent ? set->theme.on_accent
			: hg_colour_parse(set->theme.accent, &accent) ? hg_colour_on(accent) : "#ffffff");
	hg_json_add_str(out, "mode", set->theme.mode);
	hg_json_add_str(out, "position", set->theme.position);
	hg_json_opt_str(out, "logo", set->theme.logo);
	hg_json_close(out, '}');
}

static void add_prechat(const struct hg_visitor_conf *set, const struct known *known, GString *out)
{
	gboolean any = FALSE;

	for (char **word = set->prechat.ask; word && *word; word++)
		any |= !value_of(known, *word);
	hg_json_key(out, "prechat");
	if (!any) {
		hg_json_put_raw(out, "null");
		return;
	}
	hg_json_open(out, '{');
	hg_json_key(out, "ask");
	hg_json_open(out, '[');
	for (char **word = set->prechat.ask; *word; word++)
		if (!value_of(known, *word))
			hg_json_put_str(out, *word);
	hg_json_close(out, ']');
	hg_json_add_bool(out, "require", set->prechat.require);
	hg_json_close(out, '}');
}

static void add_uploads(const struct hg_visitor_conf *set, GString *out)
{
	hg_json_key(out, "uploads");
	if (!set->uploads.on) {
		hg_json_put_raw(out, "null");
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_int(out, "max_bytes", set->uploads.max);
	hg_json_add_int(out, "max_files", set->uploads.count);
	hg_json_key(out, "types");
	hg_json_open(out, '[');
	for (char **type = set->uploads.types; type && *type; type++)
		hg_json_put_str(out, *type);
	hg_json_close(out, ']');
	hg_json_close(out, '}');
}

static void add_rating(const struct visitor_call *call, GString *out)
{
	const struct hg_rating_conf *rating = &call->conf->rating;
	const char *const *channels = (const char *const *)rating->channels;

	hg_json_key(out, "rating");
	if (!rating->ask || (channels && !g_strv_contains(channels, call->channel->name))) {
		hg_json_put_raw(out, "null");
		return;
	}
	hg_json_open(out, '{');
	hg_json_add_str(out, "scale", rating->scale);
	hg_json_close(out, '}');
}

/* ---- is somebody there? ---- */

static void look_at_hours(const struct visitor_call *call, struct visitor_presence *ret)
{
	const hg_hours *hours = call->visitors->hours;
	const char *const *names = hg_hours_names(hours);

	ret->open = -1;
	for (guint at = 0; call->set->hours && names[at]; at++) {
		if (strcmp(names[at], call->set->hours) != 0)
			continue;
		ret->open = hg_hours_open(hours, at, call->now_ms, NULL);
		ret->change_ms = hg_hours_change(hours, at, call->now_ms);
	}
}

void hg_visitor_look(const struct visitor_call *call, struct visitor_presence *ret)
{
	const struct visitor_place *place = hg_visitor_place(call);

	look_at_hours(call, ret);
	ret->reply_ms = place ? place->reply_ms : -1;
	ret->measure = place && strcmp(call->set->reply_time, "never") != 0 &&
		       (!place->reply_at_ms || call->now_ms - place->reply_at_ms > REPLY_LOOK_MS);
}

void hg_visitor_looked(const struct visitor_call *call, const struct visitor_presence *presence)
{
	struct visitor_place *place = hg_visitor_place(call);

	if (!place || !presence->measured)
		return;
	place->reply_ms = presence->reply_ms;
	place->reply_at_ms = call->now_ms;
}

static gint by_length(gconstpointer a, gconstpointer b)
{
	gint64 one = *(const gint64 *)a, two = *(const gint64 *)b;

	return one < two ? -1 : one > two;
}

static gboolean add_waits(struct visitor_call *call, hg_store *store, gint64 span_ms, GArray *waits)
{
	g_autoptr(GPtrArray) episodes = g_ptr_array_new();
	const struct hg_episode_query query = { .since_ms = call->now_ms - span_ms, .until_ms = call->now_ms + 1,
						.limit = REPLY_MOST };

	g_array_set_size(waits, 0);
	if (!hg_store_episode_ended(store, call->arena, &query, episodes, &call->error))
		return FALSE;
	for (guint i = 0; i < episodes->len; i++) {
		const hg_episode *episode = g_ptr_array_index(episodes, i);
		gint64 wait = episode->human_ms - episode->customer_ms;

		if (episode->human_ms && episode->customer_ms && wait >= 0 && !episode->shadow &&
		    g_strcmp0(episode->channel, call->channel->name) == 0)
			g_array_append_val(waits, wait);
	}
	return TRUE;
}

/* The median of what people waited for a person's first answer: of the last day, of two weeks where that is too little;
 * -1: that is, too. */
static gboolean measure(struct visitor_call *call, hg_store *store, struct visitor_presence *presence)
{
	static const gint64 spans[] = { DAY_MS, 14 * DAY_MS };
	g_autoptr(GArray) waits = g_array_new(FALSE, FALSE, sizeof(gint64));

	for (guint i = 0; i < G_N_ELEMENTS(spans) && waits->len < REPLY_ENOUGH; i++)
		if (!add_waits(call, store, spans[i], waits))
			return FALSE;
	g_array_sort(waits, by_length);
	presence->reply_ms = waits->len < REPLY_ENOUGH ? -1 : g_array_index(waits, gint64, waits->len / 2);
	presence->measured = TRUE;
	return TRUE;
}

static void add_presence(const struct visitor_call *call, const struct visitor_presence *presence, GString *out)
{
	hg_json_key(out, "hours");
	if (presence->open >= 0) {
		hg_json_open(out, '{');
		hg_json_add_bool(out, "open", presence->open);
		hg_json_add_time(out, "next_change", MAX(presence->change_ms, 0));
		hg_json_close(out, '}');
	} else {
		hg_json_put_raw(out, "null");
	}
	hg_json_key(out, "reply_time");
	if (strcmp(call->set->reply_time, "never") != 0 && presence->reply_ms >= 0) {
		hg_json_open(out, '{');
		hg_json_add_int(out, "seconds", (presence->reply_ms + 999) / 1000);
		hg_json_close(out, '}');
	} else {
		hg_json_put_raw(out, "null");
	}
}

static void add_channel(const struct visitor_call *call, const struct known *known,
			const struct visitor_presence *presence, GString *out)
{
	const struct hg_visitor_conf *set = call->set;
	const char *locale = locale_of(call);

	hg_json_key(out, "channel");
	hg_json_open(out, '{');
	hg_json_add_str(out, "name", call->channel->name);
	hg_json_add_str(out, "title", set->title ? set->title : call->conf->gateway.name);
	hg_json_add_str(out, "greeting", hg_visitor_text(set->greeting, locale));
	hg_json_add_str(out, "locale", locale);
	add_theme(set, out);
	add_prechat(set, known, out);
	add_presence(call, presence, out);
	add_uploads(set, out);
	add_rating(call, out);
	/* It goes by mail, to an address the site's server vouched for: only who has one may have it. */
	hg_json_add_bool(out, "transcript", set->transcript && call->channel->unseen.mail && call->who.email_vouched);
	hg_json_add_int(out, "text_max", set->text_max);
	hg_json_close(out, '}');
}

void hg_visitor_hello(struct visitor_call *call, hg_store *store, const char *token, struct visitor_presence *presence)
{
	char place[HG_PLACE_SIZE];
	struct known known;
	guint unread = 0;

	call->eyes = (struct visitor_eyes){ .store = store, .arena = call->arena, .conf = call->conf,
					    .now_ms = call->now_ms };
	/* The place first: what happens from now on is told, what happened before is fetched. */
	hg_visitor_live_place(call->visitors->live, place);
	if (!hg_eyes_open(&call->eyes, call->who.uri, call->channel, &call->error) || !read_known(call, store, &known) ||
	    !hg_eyes_unread(&call->eyes, &unread, &call->error) || (presence->measure && !measure(call, store, presence)))
		return;
	hg_json_open(call->out, '{');
	hg_json_add_str(call->out, "token", token);
	hg_json_add_time(call->out, "expires_at", call->who.expires_ms);
	add_visitor(call, &known, call->out);
	add_channel(call, &known, presence, call->out);
	hg_json_add_int(call->out, "unread", unread);
	hg_json_add_str(call->out, "cursor", place);
	hg_json_close(call->out, '}');
}
