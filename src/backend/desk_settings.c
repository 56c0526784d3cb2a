/* desk_settings.c - what a preset asks a configuration for, and what it was given */
#include "desk_read.h"

#include <string.h>

#include "json.h"
#include "secret.h"
#include "text.h"

#define GIVEN_AT "preset/samples/given"

/* ---- what it asks for ---- */

static void clear_setting(gpointer data)
{
	struct hg_desk_setting *setting = data;

	g_free(setting->name);
	g_free(setting->help);
	g_free(setting->fallback);
}

static gboolean is_name(const char *name)
{
	return g_ascii_islower(*name) && strlen(name) <= 64 &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == strlen(name);
}

/* The help alone, or { help: ..., default: ..., need: false }; secrets have no default. */
static void read_setting(struct ht_look *look, struct json_object *map, const char *key, gboolean secret,
			 struct hg_desk_setting *ret)
{
	static const char *const keys[] = { "help", "default", "need", NULL }, *const secret_keys[] = { "help", "need", NULL };
	struct json_object *value = ht_member(look, map, key, TRUE);
	gsize was;

	ret->name = g_strdup(key);
	ret->need = TRUE;
	if (!json_object_is_type(value, json_type_object)) {
		ret->help = ht_text(look, map, key, TRUE);
		return;
	}
	was = ht_enter(look, key);
	ht_keys(look, value, secret ? secret_keys : keys);
	ret->help = ht_text(look, value, "help", TRUE);
	ret->fallback = secret ? NULL : ht_text(look, value, "default", FALSE);
	ret->need = ht_bool(look, value, "need", !ret->fallback);
	if (ret->need && ret->fallback)
		ht_wrong(look, "need", "what has a default need not be given");
	ht_leave(look, was);
}

static GArray *read_map(struct ht_look *look, struct json_object *settings, const char *key, gboolean secret)
{
	GArray *all = g_array_new(FALSE, TRUE, sizeof(struct hg_desk_setting));
	struct json_object *map = ht_member(look, settings, key, FALSE);
	gsize was = ht_enter(look, key);

	g_array_set_clear_func(all, clear_setting);
	if (map && (!json_object_is_type(map, json_type_object) || json_object_object_length(map) > HG_DESK_SETTINGS)) {
		ht_wrong(look, NULL, "a map of at most %d names and what they are is wanted here", HG_DESK_SETTINGS);
	} else if (map) {
		json_object_object_foreach(map, name, value) {
			struct hg_desk_setting setting = { 0 };

			(void)value;
			if (!is_name(name))
				ht_wrong(look, name, "a name has up to 64 of the letters a-z, digits and _, a letter first");
			read_setting(look, map, name, secret, &setting);
			g_array_append_val(all, setting);
		}
	}
	ht_leave(look, was);
	return all;
}

void hg_desk_read_settings(hg_desk *desk, struct ht_look *look)
{
	static const char *const keys[] = { "url", "credentials", "values", NULL };
	struct json_object *settings = ht_member(look, desk->tree, "settings", FALSE);
	gsize was = ht_enter(look, "settings");

	if (settings)
		hg_desk_is_map(look, settings, keys);
	if (ht_member(look, settings, "url", FALSE))
		read_setting(look, settings, "url", FALSE, &desk->site);
	if (desk->site.fallback && !g_str_has_prefix(desk->site.fallback, "https://"))
		ht_wrong(look, "url", "an address that is the same for everybody begins with https://");
	desk->asked_secrets = read_map(look, settings, "credentials", TRUE);
	desk->asked_values = read_map(look, settings, "values", FALSE);
	ht_leave(look, was);
}

void hg_desk_clear_settings(hg_desk *desk)
{
	clear_setting(&desk->site);
	g_clear_pointer(&desk->asked_secrets, g_array_unref);
	g_clear_pointer(&desk->asked_values, g_array_unref);
	for (char **secret = desk->secrets; secret && *secret; secret++)
		hg_secret_free(*secret);
	g_free(desk->secrets);
	g_strfreev(desk->values);
	g_free(desk->url);
}

/* ---- what it was given ---- */

struct giving {
	hg_desk *desk;
	struct ht_look *look;
	const struct hg_desk_given *given;
	gboolean sample;		/* by samples: given: of the preset itself */
};

static const char *value_in(char *const *map, const char *name)
{
	const char *value = ht_given_value(map, name);

	return value && *value ? value : NULL;
}

/* The option that gives this secret. */
static const char *option_of(const char *secret)
{
	return strcmp(secret, "token") == 0 ? "token" : strcmp(secret, "webhook") == 0 ? "webhook_secret" : NULL;
}

static const char *secret_of(const struct giving *g, const char *name)
{
	const char *text = strcmp(name, "token") == 0 ? g->given->token : strcmp(name, "webhook") == 0 ? g->given->webhook : NULL;

	return text && *text ? text : value_in(g->given->credentials, name);
}

static void lacks(const struct giving *g, const struct hg_desk_setting *setting, gboolean secret)
{
	const char *option = !secret ? NULL : option_of(setting->name);
	g_autofree char *text = NULL, *where = NULL;

	if (g->sample)
		where = g_strdup_printf("'%s'", setting->name);
	else if (option || strcmp(setting->name, "url") == 0)
		where = g_strdup_printf("'%s'", option ? option : "url");
	else
		where = g_strdup_printf("'%s' under '%s'", setting->name, secret ? "credentials" : "values");
	text = g_strdup_printf("%s%.60s wants %s: %s", g->sample ? "for its samples preset " : "preset ",
			       g->given->preset ? g->given->preset : "", where, setting->help ? setting->help : "");
	ht_wrong_at(g->look, g->sample ? GIVEN_AT : "", text);
}

static void take_secrets(struct giving *g)
{
	g_autoptr(GPtrArray) all = g_ptr_array_new();

	for (guint i = 0; i < g->desk->asked_secrets->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(g->desk->asked_secrets, struct hg_desk_setting, i);
		const char *secret = secret_of(g, setting->name);

		if (secret) {
			g_ptr_array_add(all, g_strdup(setting->name));
			g_ptr_array_add(all, g_strdup(secret));
		} else if (setting->need) {
			lacks(g, setting, TRUE);
		}
	}
	g_ptr_array_add(all, NULL);
	g->desk->secrets = (char **)g_ptr_array_free(g_steal_pointer(&all), FALSE);
}

static void take_values(struct giving *g)
{
	g_autoptr(GStrvBuilder) all = g_strv_builder_new();

	for (guint i = 0; i < g->desk->asked_values->len; i++) {
		const struct hg_desk_setting *setting = &g_array_index(g->desk->asked_values, struct hg_desk_setting, i);
		const char *value = value_in(g->given->values, setting->name);

		value = value ? value : setting->fallback;
		if (value && *value)
			g_strv_builder_add_many(all, setting->name, value, NULL);
		else if (setting->need)
			lacks(g, setting, FALSE);
	}
	g->desk->values = g_strv_builder_end(all);
}

static gboolean is_asked(const GArray *asked, const char *name)
{
	for (guint i = 0; i < asked->len; i++)
		if (strcmp(g_array_index(asked, struct hg_desk_setting, i).name, name) == 0)
			return TRUE;
	return FALSE;
}

static void not_asked(const struct giving *g, const char *option, const char *name, const GArray *asked)
{
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	g_autofree char *text = NULL, *all = NULL, *at = g->sample ? g_strdup_printf(GIVEN_AT "/%s/%s",
			strcmp(option, "values") == 0 ? "values" : "secrets", name) : g_strdup_printf("%s/%s", option, name);
	const char *near, *preset = g->given->preset ? g->given->preset : "";

	for (guint i = 0; i < asked->len; i++)
		g_ptr_array_add(known, g_array_index(asked, struct hg_desk_setting, i).name);
	g_ptr_array_add(known, NULL);
	near = hg_nearest(name, (const char *const *)known->pdata);
	all = g_strjoinv(", ", (char **)known->pdata);
	if (near)
		text = g_strdup_printf("preset %.60s asks for no '%.60s': did you mean '%s'?", preset, name, near);
	else if (known->len > 1)
		text = g_strdup_printf("preset %.60s asks for no '%.60s'; it asks for %s", preset, name, all);
	else
		text = g_strdup_printf("preset %.60s asks for no %s", preset, option);
	ht_wrong_at(g->look, at, text);
}

static void check_map(const struct giving *g, const char *option, char *const *map, const GArray *asked)
{
	for (; map && map[0] && map[1]; map += 2) {
		if (!*map[0]) {
			g_autofree char *text = g_strdup_printf("'%s' is a map: { name: ... }", option);

			ht_wrong_at(g->look, option, text);
		} else if (!is_asked(asked, map[0])) {
			not_asked(g, option, map[0], asked);
		}
	}
}

static void check_option(const struct giving *g, const char *option, const char *secret, const char *value)
{
	g_autofree char *text = NULL;

	if (!value || is_asked(g->desk->asked_secrets, secret))
		return;
	text = g_strdup_printf("preset %.60s has no use for '%s'", g->given->preset ? g->given->preset : "", option);
	ht_wrong_at(g->look, option, text);
}

static void take_url(struct giving *g)
{
	const char *url = g->given->url ? g->given->url : g->desk->site.fallback;
	gsize len = url ? strlen(url) : 0;

	while (len && url[len - 1] == '/')
		len--;
	g->desk->url = len ? g_strndup(url, len) : NULL;
	if (!url && g->desk->site.need)
		lacks(g, &g->desk->site, FALSE);
	else if (g->given->url && !g->desk->site.name)
		ht_wrong_at(g->look, g->sample ? GIVEN_AT "/url" : "url", "the preset has an address of its own, and asks for none");
	else if (url && strpbrk(url, "?# "))
		ht_wrong_at(g->look, g->sample ? GIVEN_AT "/url" : "url", "only what stands before the path of each call is "
			    "wanted: https://desk.example, without a ? part");
}

static void take_all(struct giving *g)
{
	take_url(g);
	take_secrets(g);
	take_values(g);
	check_option(g, "token", "token", g->given->token);
	check_option(g, "webhook_secret", "webhook", g->given->webhook);
	check_map(g, "credentials", g->given->credentials, g->desk->asked_secrets);
	check_map(g, "values", g->given->values, g->desk->asked_values);
}

static void check_given(struct ht_look *look, struct json_object *given)
{
	static const char *const keys[] = { "url", "secrets", "values", "public_url", "now", "situation", NULL };
	g_autofree char *now = ht_text(look, given, "now", FALSE);

	ht_keys(look, given, keys);
	if (now && hg_time_parse(now) < 0)
		ht_wrong(look, "now", "a time such as 2026-11-22T10:00:00Z is wanted here");
}

/* A file alone: what its samples give stands for a configuration; without any, nothing is missed. */
static void take_sample(struct giving *g)
{
	struct json_object *given = hg_json_obj(hg_json_obj(g->desk->tree, "samples"), "given");
	g_autofree char *at = g_strdup(g->look->at->str), *url = NULL;
	g_auto(GStrv) secrets = NULL, values = NULL;
	struct hg_desk_given made = { .preset = g->given->preset };

	if (!given) {
		g->desk->secrets = g_new0(char *, 1);
		g->desk->values = g_new0(char *, 1);
		return;
	}
	g_string_assign(g->look->at, GIVEN_AT);
	made.url = url = ht_text(g->look, given, "url", FALSE);
	made.credentials = secrets = ht_read_map(g->look, given, "secrets");
	made.values = values = ht_read_map(g->look, given, "values");
	check_given(g->look, given);
	g_string_assign(g->look->at, at);
	g->given = &made;
	g->sample = TRUE;
	take_all(g);
	g->given = NULL;
}

void hg_desk_take_given(hg_desk *desk, const struct hg_desk_given *given, struct ht_look *look)
{
	struct giving g = { .desk = desk, .look = look, .given = given };

	if (given->sample)
		take_sample(&g);
	else
		take_all(&g);
}
