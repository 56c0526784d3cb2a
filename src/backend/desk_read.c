/* desk_read.c - a preset as a whole, compiled for what one backend gives it */
#include "desk_read.h"

#include <string.h>

#include "back.h"
#include "json.h"
#include "text.h"

#define PER_MINUTE_MOST 100000
#define AT_ONCE_MOST 64
#define TEXT_LEAST 200			/* characters: what is split into smaller pieces nobody can read */
#define TEXT_MOST (16 << 20)
#define POLL_MS (60 * 1000)		/* where a preset that can be polled does not say */
#define POLL_LEAST_MS 1000
#define POLL_MOST_MS (24 * 60 * 60 * 1000)
#define OVERLAP_MS (5 * 60 * 1000)
#define FILE_MOST (G_GINT64_CONSTANT(2) << 30)

void hg_desk_free(hg_desk *desk)
{
	if (!desk)
		return;
	for (int op = 0; op < HG_DESK_OPS; op++)
		g_clear_pointer(&desk->ops[op], g_ptr_array_unref);
	hg_back_free(desk->back);
	hg_desk_clear_settings(desk);
	g_strfreev(desk->status_to);
	g_strfreev(desk->status_from);
	g_free(desk->file);
	g_free(desk->preset);
	g_free(desk->name);
	g_free(desk->about);
	g_free(desk->proof.version);
	g_free(desk->proof.date);
	g_free(desk->proof.how);
	g_strfreev(desk->proof.sources);
	json_object_put(desk->tree);
	g_free(desk);
}

gboolean hg_desk_is_map(struct ht_look *look, struct json_object *map, const char *const *keys)
{
	return ht_keys(look, map, keys) || json_object_is_type(map, json_type_object);
}

/* ---- proof ---- */

static gboolean is_day(const char *text)
{
	g_autofree char *time = g_strconcat(text, "T00:00:00Z", NULL);

	return strlen(text) == strlen("2026-11-22") && hg_time_parse(time) >= 0;
}

static void read_proof(hg_desk *desk, struct ht_look *look)
{
	static const char *const keys[] = { "state", "version", "date", "how", "sources", NULL };
	static const char *const states[] = { "documented", "proven", NULL };
	struct json_object *proof = ht_member(look, desk->tree, "proof", TRUE);
	gsize was = ht_enter(look, "proof");

	desk->proof.state = HG_DESK_DOCUMENTED;
	if (proof && hg_desk_is_map(look, proof, keys)) {
		ht_member(look, proof, "state", TRUE);
		desk->proof.state = HG_DESK_DOCUMENTED + MAX(ht_word(look, proof, "state", states, 0), 0);
		desk->proof.version = ht_text(look, proof, "version", FALSE);
		desk->proof.date = ht_text(look, proof, "date", TRUE);
		desk->proof.how = ht_text(look, proof, "how", desk->proof.state == HG_DESK_PROVEN);
		desk->proof.sources = ht_texts(look, proof, "sources");
		if (desk->proof.date && !is_day(desk->proof.date))
			ht_wrong(look, "date", "a day such as 2026-11-22 is wanted here");
		if (!desk->proof.sources && desk->proof.state == HG_DESK_DOCUMENTED)
			ht_wrong(look, NULL, "'sources' is missing: what is documented is documented somewhere");
	}
	if (!desk->proof.sources)
		desk->proof.sources = g_new0(char *, 1);
	ht_leave(look, was);
}

/* ---- limits, once ---- */

static gint64 read_bytes(struct ht_look *look, struct json_object *map, const char *key, gint64 fallback)
{
	g_autofree char *text = ht_text(look, map, key, FALSE);
	gint64 bytes = text ? hg_bytes_parse(text) : fallback;

	if (bytes >= 0 && bytes <= FILE_MOST)
		return bytes;
	ht_wrong(look, key, "a size such as 64KiB or 20MB is wanted here, of at most 2GiB, not '%.60s'", text);
	return fallback;
}

static void read_limits(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	static const char *const keys[] = { "at_once", "per_minute", "max_file", "max_text", NULL };
	struct json_object *limits = ht_member(look, desk->tree, "limits", FALSE);
	gsize was = ht_enter(look, "limits");

	if (limits)
		ht_keys(look, limits, keys);
	desk->limits.at_once = (guint)ht_int(look, limits, "at_once", 1, AT_ONCE_MOST, 4);
	desk->limits.per_minute = (guint)ht_int(look, limits, "per_minute", 1, PER_MINUTE_MOST, 0);
	desk->limits.max_file = read_bytes(look, limits, "max_file", 10 << 20);
	desk->limits.max_text = ht_int(look, limits, "max_text", TEXT_LEAST, TEXT_MOST, 0);
	if (given->at_once > 0)
		desk->limits.at_once = MIN(desk->limits.at_once, (guint)given->at_once);
	if (given->rate > 0)
		desk->limits.per_minute = (guint)MIN(given->rate, PER_MINUTE_MOST);
	if (given->max_file >= 0)
		desk->limits.max_file = given->max_file;
	ht_leave(look, was);
}

static gboolean says_key(const hg_desk *desk)
{
	const GPtrArray *steps = desk->ops[HG_DESK_CREATE];

	for (guint i = 0; steps && i < steps->len; i++) {
		const struct hg_desk_step *step = steps->pdata[i];

		if (step->request && ht_request_has(step->request, "key"))
			return TRUE;
	}
	return FALSE;
}

/* The rung of the ladder that a preset claims must be there. */
static void check_once(const hg_desk *desk, struct ht_look *look)
{
	if (desk->once.by == HG_DESK_BY_KEY && !says_key(desk))
		ht_wrong(look, "by", "no step of create sends ${key}: the helpdesk could not know an attempt that comes again");
	if (desk->once.by == HG_DESK_BY_FIND && !desk->ops[HG_DESK_FIND])
		ht_wrong(look, "by", "there is no operation find");
	if (desk->once.by != HG_DESK_BY_KEY && ht_member(look, ht_member(look, desk->tree, "once", FALSE), "life", FALSE))
		ht_wrong(look, "life", "life is how long a helpdesk knows a key (by: key)");
	if (!desk->ops[HG_DESK_CREATE])
		ht_wrong(look, NULL, "there is no operation create");
}

static void read_once(hg_desk *desk, struct ht_look *look)
{
	static const char *const keys[] = { "by", "life", "lag", NULL }, *const bys[] = { "none", "key", "find", NULL };
	struct json_object *once = ht_member(look, desk->tree, "once", desk->ops[HG_DESK_CREATE] != NULL);
	gsize was = ht_enter(look, "once");

	if (once && hg_desk_is_map(look, once, keys)) {
		ht_member(look, once, "by", TRUE);
		desk->once.by = MAX(ht_word(look, once, "by", bys, 0), 0);
		desk->once.life_ms = ht_span(look, once, "life", 0);
		desk->once.lag_ms = ht_span(look, once, "lag", 0);
		check_once(desk, look);
	}
	ht_leave(look, was);
}

/* ---- statuses ---- */

static const char *const ours[] = { "open", "pending", "solved", "closed", NULL };

static char **read_statuses(struct ht_look *look, struct json_object *statuses, const char *key, gboolean to)
{
	char **map = ht_read_map(look, statuses, key);
	gsize was = ht_enter(look, key);

	for (char **pair = map; pair && pair[0] && pair[1]; pair += 2) {
		const char *word = to ? pair[0] : pair[1];

		if (!g_strv_contains(ours, word))
			ht_wrong(look, pair[0], "headgate knows open, pending, solved and closed, not '%.60s'", word);
	}
	ht_leave(look, was);
	return map;
}

static void read_all_statuses(hg_desk *desk, struct ht_look *look)
{
	static const char *const keys[] = { "to", "from", NULL };
	struct json_object *statuses = ht_member(look, desk->tree, "statuses", desk->ops[HG_DESK_SET_STATUS] != NULL);
	gsize was = ht_enter(look, "statuses");

	if (statuses && hg_desk_is_map(look, statuses, keys)) {
		desk->status_to = read_statuses(look, statuses, "to", TRUE);
		desk->status_from = read_statuses(look, statuses, "from", FALSE);
		if (desk->ops[HG_DESK_SET_STATUS] && !desk->status_to)
			ht_wrong(look, NULL, "'to' is missing: what set_status is to say");
	}
	ht_leave(look, was);
}

/* ---- the way back ---- */

static void read_poll(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	struct json_object *poll = ht_member(look, desk->tree, "poll", FALSE);
	gsize was = ht_enter(look, "poll");

	if (poll && !desk->ops[HG_DESK_FETCH_CHANGES])
		ht_wrong(look, NULL, "there is no operation fetch_changes");
	desk->poll.every_ms = ht_span(look, poll, "every", POLL_MS);
	desk->poll.overlap_ms = ht_span(look, poll, "overlap", OVERLAP_MS);
	if (desk->poll.every_ms && (desk->poll.every_ms < POLL_LEAST_MS || desk->poll.every_ms > POLL_MOST_MS))
		ht_wrong(look, "every", "from 1s to 1d, or 0s for never");
	if (given->poll_ms >= 0)
		desk->poll.every_ms = given->poll_ms;
	if (!desk->ops[HG_DESK_FETCH_CHANGES])
		desk->poll.every_ms = 0;
	ht_leave(look, was);
}

static gboolean speaks_of(struct json_object *value, const char *name)
{
	const char *json = value ? json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN) : "";
	g_autofree char *quoted = g_strdup_printf("\"%s\"", name), *ref = g_strdup_printf("secret:%s", name);

	return strstr(json, quoted) || strstr(json, ref);
}

/* A secret that may be left out, and was, closes the door that it locks. */
static gboolean lacks_lock(const hg_desk *desk)
{
	struct json_object *hook = hg_json_obj(hg_json_obj(desk->tree, "back"), "hook"), *auth = NULL;

	if (hook)
		json_object_object_get_ex(hook, "auth", &auth);
	for (guint i = 0; auth && i < desk->asked_secrets->len; i++) {
		const char *name = g_array_index(desk->asked_secrets, struct hg_desk_setting, i).name;

		if (!ht_given_value(desk->secrets, name) && speaks_of(auth, name))
			return TRUE;
	}
	return FALSE;
}

static void read_back(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	desk->back = hg_back_new(look, desk->tree);
	desk->no_hook = !hg_back_has_hook(desk->back) || lacks_lock(desk);
	if (desk->back && !desk->no_hook && hg_back_wants_url(desk->back) && !given->sample && !look->has_url)
		ht_wrong_at(look, "", "its webhooks are signed over the address that is called: gateway.public_url is wanted");
	read_poll(desk, given, look);
}

/* ---- the whole ---- */

/* Names of what is asked for, by turns with nothing: as ht_given() looks them up. */
static char **asked_names(const GArray *asked)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	for (guint i = 0; i < asked->len; i++)
		g_strv_builder_add_many(all, g_array_index(asked, struct hg_desk_setting, i).name, "", NULL);
	return g_strv_builder_end(all);
}

static void read_inside(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	g_auto(GStrv) secrets = asked_names(desk->asked_secrets), values = asked_names(desk->asked_values);

	look->knows = look->asks = TRUE;
	look->secrets = secrets;
	look->values = values;
	hg_desk_read_operations(desk, look);
	read_limits(desk, given, look);
	read_once(desk, look);
	read_all_statuses(desk, look);
	read_back(desk, given, look);
	look->secrets = look->values = NULL;
}

static void check_samples(hg_desk *desk, struct ht_look *look)
{
	static const char *const keys[] = { "given", "operations", "back", "polls", NULL };
	struct json_object *samples = ht_member(look, desk->tree, "samples", FALSE);
	gsize was = ht_enter(look, "samples");

	if (samples)
		ht_keys(look, samples, keys);
	ht_leave(look, was);
}

static void read_all(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	static const char *const keys[] = { "name", "about", "proof", "settings", "limits", "once", "poll", "statuses",
					    "operations", "back", "samples", NULL };

	if (!hg_desk_is_map(look, desk->tree, keys))
		return;
	desk->name = ht_text(look, desk->tree, "name", TRUE);
	desk->about = ht_text(look, desk->tree, "about", FALSE);
	read_proof(desk, look);
	hg_desk_read_settings(desk, look);
	hg_desk_take_given(desk, given, look);
	read_inside(desk, given, look);
	check_samples(desk, look);
}

hg_desk *hg_desk_new(const char *json, const struct hg_desk_given *given, struct ht_look *look)
{
	const struct hg_json_limits limits = { .duplicates = TRUE };
	g_autoptr(hg_desk) desk = g_new0(hg_desk, 1);
	g_autoptr(GString) at = g_string_new("preset");
	g_autoptr(GError) error = NULL;

	look->at = at;
	desk->file = g_strdup(given->file);
	desk->preset = g_strdup(given->preset);
	desk->tree = hg_json_parse(json, strlen(json), &limits, &error);
	if (!desk->tree)
		ht_wrong(look, NULL, "%s", error->message);
	else
		read_all(desk, given, look);
	look->at = NULL;
	return look->errors ? NULL : g_steal_pointer(&desk);
}
