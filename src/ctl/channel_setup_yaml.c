/* channel_setup_yaml.c - a new channel's section: written, and read as the daemon would */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "channel_setup.h"
#include "check.h"
#include "secret.h"

#define STAND_IN "HEADGATE_SETUP_STANDS_IN"

/* ---- values ---- */

static gboolean is_number(const struct hg_option *option, const char *value)
{
	return option->type >= HG_OPT_BOOL && option->type <= HG_OPT_BYTES && *value &&
	       strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") == strlen(value);
}

/* Where the file is that the reference stands in, for those that are relative. */
static gboolean can_be_read(const struct setup *setup, const char *reference)
{
	struct hg_place place = { setup->file ? setup->file : ctl_config(setup->ctl), 0, 0 };
	char *secret = hg_secret_read(reference, &place, NULL);
	gboolean there = secret != NULL;

	hg_secret_free(secret);
	return there;
}

static void put_one(const struct setup *setup, const struct hg_option *option, const char *value, gboolean checked, GString *out)
{
	if (is_number(option, value))
		g_string_append(out, value);
	else if (setup_is_secret(option) && checked && (g_str_has_prefix(value, "file:") || !can_be_read(setup, value)))
		hg_json_put_str(out, "env:" STAND_IN);
	else
		hg_json_put_str(out, value);
}

/* "a, b" of an option that takes a list is one. */
static char *value_of(const struct setup *setup, const struct hg_option *option, const char *text, gboolean checked)
{
	gboolean list = (option->type == HG_OPT_STRINGS || option->type == HG_OPT_SECRETS) && strchr(text, ',');
	g_auto(GStrv) all = g_strsplit(text, list ? "," : "\n", -1);
	GString *out = g_string_new(list ? "[" : NULL);

	for (char **one = all; *one; one++) {
		g_autoptr(GString) item = g_string_new(NULL);

		put_one(setup, option, g_strstrip(*one), checked, item);
		g_string_append_printf(out, "%s%s", one == all ? "" : ", ", item->str);
	}
	return g_string_free(g_string_append(out, list ? "]" : ""), FALSE);
}

/* ---- the section ---- */

/* "imap.host" is host inside imap: the maps are made as they are met. */
static void plant(struct json_object *map, const char *name, const char *value)
{
	g_auto(GStrv) words = g_strsplit(name, ".", -1);
	char **word = words;

	for (; word[1]; word++) {
		struct json_object *inner = NULL;

		if (!json_object_object_get_ex(map, *word, &inner))
			json_object_object_add(map, *word, inner = json_object_new_object());
		map = inner;
	}
	json_object_object_add(map, *word, json_object_new_string(value));
}

static void put_map(struct json_object *map, int indent, GString *out)	/* NOLINT(misc-no-recursion): as deep as names have dots */
{
	json_object_object_foreach(map, key, value) {
		g_string_append_printf(out, "%*s%s:", indent, "", key);
		if (json_object_is_type(value, json_type_object)) {
			g_string_append_c(out, '\n');
			put_map(value, indent + 2, out);
		} else {
			g_string_append_printf(out, " %s\n", json_object_get_string(value));
		}
	}
}

void setup_render(struct setup *setup, GString *out, gboolean checked)
{
	g_autoptr(json_object) map = json_object_new_object();

	for (const struct hg_option *option = setup->adapter->options; option && option->name; option++) {
		const char *text = g_hash_table_lookup(setup->answers, option->name);
		g_autofree char *value = text && *text ? value_of(setup, option, text, checked) : NULL;

		if (value)
			plant(map, option->name, value);
	}
	g_string_append_printf(out, "channels:\n  %s:\n    adapter: %s\n", setup->name, setup->adapter->name);
	put_map(map, 4, out);
}

/* ---- is it right? ---- */

gboolean setup_check(struct setup *setup)
{
	g_autoptr(GString) text = g_string_new(NULL);
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_loader) loader = hg_loader_new(setup->adapter_dir);
	struct hg_adapter_finder finder = hg_loader_finder(loader);
	g_autofree char *said = NULL;
	hg_doc *doc;
	hg_conf *conf;

	finder.look_in = NULL;		/* this text does not say where adapters are */
	g_setenv(STAND_IN, "stands-in-for-a-secret-that-is-not-there-yet", TRUE);	/* NOLINT(concurrency-mt-unsafe): headgatectl has one thread */
	setup_render(setup, text, TRUE);
	g_string_append(text, "config_version: 1\n");
	doc = hg_doc_parse(setup->file ? setup->file : "the section", text->str, diag);
	conf = doc ? hg_conf_make("the section", doc, &finder, diag) : NULL;
	said = hg_diag_render(diag, ctl_colours(setup->ctl, STDERR_FILENO));
	fputs(said, stderr);
	if (!conf)
		return FALSE;
	hg_conf_unref(conf);
	return TRUE;
}
