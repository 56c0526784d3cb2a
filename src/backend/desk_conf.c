/* desk_conf.c - finds the presets that a configuration names, and tells what is wrong with them and with what they got */
#include <string.h>

#include "desk.h"
#include "desk_mail.h"
#include "options.h"
#include "text.h"

#define YAML ".yaml"

/* ---- where presets are ---- */

const char *hg_desk_dir(void)
{
	const char *dir = g_getenv("HEADGATE_PRESET_DIR");

	return dir && *dir ? dir : HG_PRESET_DIR;
}

static gboolean is_path(const char *preset)
{
	return g_str_has_suffix(preset, YAML) || strchr(preset, '/');
}

char *hg_desk_path(const char *preset, const struct hg_place *place)
{
	g_autofree char *file = NULL;

	if (is_path(preset))
		return hg_node_path(place, preset);
	file = g_strconcat(preset, YAML, NULL);
	return g_build_filename(hg_desk_dir(), file, NULL);
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

char **hg_desk_names(void)
{
	GPtrArray *names = g_ptr_array_new();
	g_autoptr(GDir) dir = g_dir_open(hg_desk_dir(), 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, YAML) && *file != '.')
			g_ptr_array_add(names, g_strndup(file, strlen(file) - strlen(YAML)));
	g_ptr_array_sort(names, by_name);
	g_ptr_array_add(names, NULL);
	return (char **)g_ptr_array_free(names, FALSE);
}

/* "zammad" of "/etc/headgate/backends/zammad.yaml" */
static char *name_of(const char *path)
{
	char *name = g_path_get_basename(path);

	if (g_str_has_suffix(name, YAML))
		name[strlen(name) - strlen(YAML)] = '\0';
	return name;
}

/* ---- what is wrong ---- */

struct telling {
	hg_diag *diag;
	const hg_node *root;			/* of the preset */
	const struct hg_backend_conf *backend;	/* or NULL */
};

/* In the preset where it says, in the backend where that is meant. */
static void tell(void *arg, const struct hg_err *err)
{
	const struct telling *t = arg;
	gsize skip = strlen("preset");
	const struct hg_place *place;

	if (!g_str_has_prefix(err->at, "preset")) {
		g_autofree char *at = g_strconcat("/", err->at, NULL);

		place = hg_node_place_at(t->backend ? t->backend->node : NULL, at, t->backend ? &t->backend->place : NULL);
		hg_diag_add(t->diag, HG_SEV_ERROR, place, NULL, "backend %s: %s", t->backend ? t->backend->name : "", err->text);
		return;
	}
	place = hg_node_place_at(t->root, err->at + skip, hg_node_place(t->root));
	hg_diag_add(t->diag, err->kind ? HG_SEV_ERROR : HG_SEV_WARNING, place, NULL, "%s", err->text);
}

static hg_desk *make(hg_doc *doc, struct hg_desk_given *given, const struct hg_backend_conf *backend, hg_conf *conf,
		     hg_diag *diag)
{
	g_autofree char *name = name_of(given->file);
	g_autoptr(GString) json = g_string_new(NULL);
	struct telling telling = { .diag = diag, .root = hg_doc_root(doc), .backend = backend };
	struct ht_look look = { .tell = tell, .arg = &telling, .has_url = !conf || conf->gateway.public_url };

	given->preset = name;
	hg_node_json(hg_doc_root(doc), json);
	if (conf)
		hg_conf_depend_on(conf, json->str);
	/* A preset holds no secrets, but speaks of them. */
	hg_node_show(hg_doc_root(doc), diag);
	return hg_desk_new(json->str, given, &look);
}

hg_desk *hg_desk_read(const char *path, hg_diag *diag)
{
	struct hg_desk_given given = { .file = path, .sample = TRUE, .rate = -1, .poll_ms = -1, .max_file = -1 };
	g_autoptr(hg_doc) doc = hg_doc_read_tree(path, NULL, diag);

	return doc ? make(doc, &given, NULL, NULL, diag) : NULL;
}

/* ---- those of a configuration ---- */

static const struct hg_place *preset_place(const struct hg_backend_conf *backend)
{
	return hg_node_place_at(backend->node, "/preset", &backend->place);
}

static void unknown(const struct hg_backend_conf *backend, hg_diag *diag)
{
	g_auto(GStrv) names = hg_desk_names();
	g_autoptr(GPtrArray) all = g_ptr_array_new();
	g_autofree char *hint = NULL, *quoted = hg_node_quote(backend->preset);
	const char *near;

	g_ptr_array_add(all, (gpointer)"webhook");
	for (char **name = names; *name; name++)
		g_ptr_array_add(all, *name);
	g_ptr_array_add(all, NULL);
	near = hg_nearest(backend->preset, (const char *const *)all->pdata);
	hint = near ? g_strdup_printf("did you mean '%s'?", near)
		    : g_strdup_printf("headgatectl backend list says which there are; one of your own is named by its path, "
				      "./%.40s" YAML, backend->preset);
	hg_diag_add(diag, HG_SEV_ERROR, preset_place(backend), hint, "backend %s: there is no preset %s in %s", backend->name,
		    quoted, hg_desk_dir());
}

/* Does a step of it write a mail? */
static gboolean writes_mail(const hg_desk *desk)
{
	struct ht_scope scope = { .root = desk->tree };
	g_autoptr(ht_path) path = ht_path_new("operations.create[0].url", FALSE, NULL);
	g_autofree char *url = ht_path_text(path, &scope);

	return url && g_str_has_prefix(url, HG_DESK_MAIL_URL) && ht_given_value(desk->values, "channel");
}

static gboolean check_mail(const hg_conf *conf, const struct hg_backend_conf *backend, hg_diag *diag)
{
	const char *name = ht_given_value(backend->desk->values, "channel");
	const struct hg_channel_conf *channel = name ? hg_conf_channel(conf, name) : NULL;
	const struct hg_place *place = hg_node_place_at(backend->node, "/values/channel", &backend->place);

	if (channel && strcmp(channel->adapter, "email") == 0)
		return TRUE;
	if (!channel)
		hg_diag_add(diag, HG_SEV_ERROR, place, "mails to the helpdesk leave by a channel with adapter: email",
			    "backend %s: there is no channel \"%.60s\"", backend->name, name ? name : "");
	else
		hg_diag_add(diag, HG_SEV_ERROR, place, "mails to the helpdesk leave by a channel with adapter: email",
			    "backend %s: channel \"%.60s\" is none that sends mail (adapter: %.60s)", backend->name, name, channel->adapter);
	return FALSE;
}

static void compile(hg_conf *conf, struct hg_backend_conf *backend, hg_diag *diag)
{
	const struct hg_place *place = preset_place(backend);
	g_autofree char *path = hg_desk_path(backend->preset, place);
	struct hg_desk_given given = { .file = path, .url = backend->url, .token = backend->token,
		.webhook = backend->webhook_secret, .credentials = backend->credentials, .values = backend->values,
		.rate = backend->rate, .poll_ms = backend->poll_ms, .max_file = backend->max_file,
		.at_once = backend->concurrency };
	g_autoptr(hg_doc) doc = NULL;

	if (!is_path(backend->preset) && !g_file_test(path, G_FILE_TEST_EXISTS)) {
		unknown(backend, diag);
		return;
	}
	doc = hg_doc_read_tree(path, place, diag);
	if (!doc)
		return;
	backend->desk = make(doc, &given, backend, conf, diag);
	backend->desk_free = hg_desk_free;
	if (backend->desk && writes_mail(backend->desk) && !check_mail(conf, backend, diag))
		g_clear_pointer(&backend->desk, hg_desk_free);
}

void hg_desks_compile(hg_conf *conf, hg_diag *diag)
{
	for (guint i = 0; i < conf->backends->len; i++) {
		struct hg_backend_conf *backend = g_ptr_array_index(conf->backends, i);

		if (strcmp(backend->preset, "webhook") != 0)
			compile(conf, backend, diag);
	}
}
