/* conf.c - makes one generation of the typed configuration from a document */
#include "conf.h"

#include <string.h>

#include "check.h"
#include "fail.h"
#include "options.h"
#include "tables.h"
#include "text.h"

struct load {
	hg_conf *conf;
	const struct hg_adapter_finder *finder;
	hg_diag *diag;
};

/* ---- freeing ---- */

static void channel_free(gpointer p)
{
	struct hg_channel_conf *c = p;

	if (c->options && c->desc->options)
		hg_options_clear(c->desc->options, c->options);
	g_free(c->options);
	hg_options_clear(hg_channel_options, c);
	g_free(c->name);
	g_free(c);
}

static void backend_free(gpointer p)
{
	struct hg_backend_conf *b = p;

	if (b->desk)
		b->desk_free(b->desk);
	hg_options_clear(hg_backend_options, b);
	g_free(b->name);
	g_free(b);
}

static void hook_free(gpointer p)
{
	struct hg_hook_conf *h = p;

	hg_options_clear(hg_hook_options, h);
	g_free(h->name);
	g_free(h);
}

static void token_free(gpointer p)
{
	struct hg_token_conf *t = p;

	hg_options_clear(hg_token_options, t);
	g_free(t->name);
	g_free(t);
}

hg_conf *hg_conf_ref(hg_conf *conf)
{
	g_atomic_int_inc(&conf->refs);
	return conf;
}

void hg_conf_depend_on(hg_conf *conf, const char *text)
{
	g_autofree char *both = g_strdup_printf("%s %s", conf->hash, text);

	g_free(conf->hash);
	conf->hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
}

void hg_conf_lean_on(hg_conf *conf, struct hg_intent_conf *model, GDestroyNotify model_free, const char *checksum)
{
	conf->model = model;
	conf->model_free = model_free;
	if (checksum)
		hg_conf_depend_on(conf, checksum);
}

void hg_conf_unref(hg_conf *conf)
{
	if (!conf || !g_atomic_int_dec_and_test(&conf->refs))
		return;
	g_ptr_array_unref(conf->channels);
	g_ptr_array_unref(conf->backends);
	g_ptr_array_unref(conf->hooks);
	g_ptr_array_unref(conf->tokens);
	hg_options_clear(hg_top_options, conf);
	hg_options_clear(hg_gateway_options, &conf->gateway);
	hg_options_clear(hg_store_options, &conf->store);
	hg_options_clear(hg_report_options, &conf->report);
	hg_options_clear(hg_console_options, &conf->console);
	hg_options_clear(hg_files_options, &conf->files);
	hg_options_clear(hg_alarms_options, &conf->alarms);
	hg_options_clear(hg_window_options, &conf->window);
	hg_options_clear(hg_retention_options, &conf->retention);
	hg_options_clear(hg_ticket_options, &conf->ticket);
	hg_options_clear(hg_rating_options, &conf->rating);
	hg_options_clear(hg_prompt_options, &conf->close_prompt);
	g_free(conf->path);
	g_free(conf->hash);
	if (conf->model)
		conf->model_free(conf->model);
	hg_doc_free(conf->doc);
	g_free(conf);
}

/* ---- looking up ---- */

const struct hg_channel_conf *hg_conf_channel(const hg_conf *conf, const char *name)
{
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *c = g_ptr_array_index(conf->channels, i);

		if (strcmp(c->name, name) == 0)
			return c;
	}
	return NULL;
}

const struct hg_backend_conf *hg_conf_backend(const hg_conf *conf, const char *name)
{
	for (guint i = 0; i < conf->backends->len; i++) {
		const struct hg_backend_conf *b = g_ptr_array_index(conf->backends, i);

		if (strcmp(b->name, name) == 0)
			return b;
	}
	return NULL;
}

const struct hg_hook_conf *hg_conf_hook(const hg_conf *conf, const char *name)
{
	for (guint i = 0; i < conf->hooks->len; i++) {
		const struct hg_hook_conf *h = g_ptr_array_index(conf->hooks, i);

		if (strcmp(h->name, name) == 0)
			return h;
	}
	return NULL;
}

/* ---- channels ---- */

/* Two tables share a channel's map: each is told of the other's first words. */
static GPtrArray *first_words(const struct hg_option *table)
{
	GPtrArray *words = g_ptr_array_new_with_free_func(g_free);

	for (; table && table->name; table++)
		g_ptr_array_add(words, g_strndup(table->name, strcspn(table->name, ".")));
	g_ptr_array_add(words, NULL);
	return words;
}

static const struct hg_adapter *find_adapter(struct load *l, const hg_node *map, const char *what)
{
	const hg_node *node = hg_node_get(map, "adapter");
	const char *name = node ? hg_node_text(node) : NULL, *near;
	g_autoptr(GError) error = NULL;
	g_autofree char *hint = NULL, *quoted = NULL;
	const struct hg_adapter *desc;

	if (!name || hg_node_null(node))
		return NULL;
	desc = l->finder->find(l->finder->ctx, name, &error);
	if (desc)
		return desc;	// cppcheck-suppress returnDanglingLifetime ; the adapter is not the error's
	quoted = hg_node_quote(name);
	if (error && !g_error_matches(error, HG_ERROR, HG_ERROR_MISSING)) {
		hg_diag_add(l->diag, HG_SEV_ERROR, hg_node_place(node), NULL,
			    "%s: adapter %s cannot be loaded: %s", what, quoted, error->message);
		return NULL;
	}
	/* The finder's own words say where it looked, and what it found there. */
	near = error ? NULL : hg_nearest(name, l->finder->names(l->finder->ctx));
	hint = near ? g_strdup_printf("did you mean '%s'?", near) : NULL;
	hg_diag_add(l->diag, HG_SEV_ERROR, hg_node_place(node), hint, "%s: %s%s", what,
		    error ? error->message : "there is no adapter ", error ? "" : quoted);
	return NULL;
}

struct checked {
	struct load *l;
	const struct hg_channel_conf *c;
	const hg_node *map;
	const char *what;
};

/* Where the adapter says it is, as near as that can be found.  Without a kind it is a warning. */
static void tell_wrong(void *arg, const struct hg_err *err)
{
	const struct checked *checked = arg;
	g_autoptr(hg_doc) doc = NULL;
	const struct hg_place *place = NULL;

	if (*err->at)
		place = hg_options_place(checked->c->desc->options, checked->map, err->at, checked->l->diag, &doc);
	hg_diag_add(checked->l->diag, err->kind ? HG_SEV_ERROR : HG_SEV_WARNING, place ? place : &checked->c->place, NULL, "%s: %s",
		    checked->what, err->text);
}

/* A description in a file of its own decides as well: the hash depends on it. */
static void lean_on_trees(struct load *l, const struct hg_channel_conf *c)
{
	for (const struct hg_option *opt = c->desc->options; opt && opt->name; opt++) {
		const char *tree = opt->type == HG_OPT_TREE ? *(char *const *)((const char *)c->options + opt->offset) : NULL;

		if (tree)
			hg_conf_depend_on(l->conf, tree);
	}
}

static void check_adapter(struct load *l, const struct hg_channel_conf *c, const hg_node *map, const char *what)
{
	struct checked checked = { l, c, map, what };
	struct hg_err err = { 0 };

	if (HG_HAS(c->desc, check_all)) {
		c->desc->check_all(c->options, tell_wrong, &checked);
	} else if (HG_HAS(c->desc, check) && c->desc->check(c->options, &err) != 0) {
		err.kind = err.kind ? err.kind : HG_ERR_CONFIG;
		tell_wrong(&checked, &err);
	}
}

static void fill_adapter(struct load *l, struct hg_channel_conf *c, const hg_node *map, const char *what)
{
	g_autoptr(GPtrArray) common = first_words(hg_channel_options);

	c->options = g_malloc0(c->desc->conf_size);
	if (c->desc->options &&
	    !hg_options_fill(c->desc->options, map, what, (const char *const *)common->pdata,
			     c->options, l->diag))
		return;
	lean_on_trees(l, c);
	check_adapter(l, c, map, what);
}

static gboolean is_common(const char *key)
{
	for (const struct hg_option *opt = hg_channel_options; opt->name; opt++)
		if (strlen(key) == strcspn(opt->name, ".") && g_str_has_prefix(opt->name, key))
			return TRUE;
	return FALSE;
}

/* Without its adapter nobody knows which other keys are right, or secret. */
static void set_aside(struct load *l, const hg_node *map, GPtrArray *ret_others)
{
	for (guint i = 0; i < hg_node_size(map); i++) {
		g_ptr_array_insert(ret_others, 0, g_strdup(hg_node_key(map, i)));
		if (!is_common(hg_node_key(map, i)))
			hg_node_hide(hg_node_value(map, i), l->diag);
	}
}

static void read_channel(struct load *l, const char *name, const struct hg_place *place, const hg_node *map)
{
	struct hg_channel_conf *c = g_new0(struct hg_channel_conf, 1);
	g_autofree char *what = g_strdup_printf("channel %s", name);
	g_autoptr(GPtrArray) others = NULL;
	gboolean is_map = hg_node_type(map) == HG_NODE_MAP;

	c->name = g_strdup(name);
	c->place = *place;
	c->index = l->conf->channels->len;
	c->desc = is_map ? find_adapter(l, map, what) : NULL;
	g_ptr_array_add(l->conf->channels, c);
	others = first_words(c->desc ? c->desc->options : NULL);
	if (!is_map)
		hg_node_hide(map, l->diag);
	else if (!c->desc)
		set_aside(l, map, others);
	hg_options_fill(hg_channel_options, map, what, (const char *const *)others->pdata, c, l->diag);
	hg_check_scope(c->scope, what, map, l->diag);
	hg_window_inherit(hg_node_get(map, "window"), what, &l->conf->window, &c->window, l->diag);
	hg_retention_inherit(hg_node_get(map, "retention"), &l->conf->retention, &c->retention);
	if (c->desc)
		fill_adapter(l, c, map, what);
}

/* ---- backends, hooks, tokens ---- */

static void read_backend(struct load *l, const char *name, const struct hg_place *place, const hg_node *map)
{
	struct hg_backend_conf *b = g_new0(struct hg_backend_conf, 1);
	g_autofree char *what = g_strdup_printf("backend %s", name);

	b->name = g_strdup(name);
	b->place = *place;
	b->node = map;
	b->poll_ms = b->max_file = -1;
	g_ptr_array_add(l->conf->backends, b);
	hg_options_fill(hg_backend_options, map, what, NULL, b, l->diag);
	hg_check_backend(b, map, l->diag);
}

static void read_hook(struct load *l, const char *name, const struct hg_place *place, const hg_node *map)
{
	static const char *const also[] = { "default", NULL };
	struct hg_hook_conf *h = g_new0(struct hg_hook_conf, 1);
	g_autofree char *what = g_strdup_printf("hook %s", name);

	h->name = g_strdup(name);
	h->place = *place;
	h->fallback = hg_node_get(map, "default");
	g_ptr_array_add(l->conf->hooks, h);
	hg_options_fill(hg_hook_options, map, what, also, h, l->diag);
	hg_check_hook(h, l->conf, map, l->diag);
}

static void read_token(struct load *l, const char *name, const struct hg_place *place, const hg_node *map)
{
	struct hg_token_conf *t = g_new0(struct hg_token_conf, 1);
	g_autofree char *what = g_strdup_printf("token %s", name);

	t->name = g_strdup(name);
	hg_options_fill(hg_token_options, map, what, NULL, t, l->diag);
	hg_check_token(t, l->conf, place, map, l->diag);
	g_ptr_array_add(l->conf->tokens, t);
}

/* A map of names: calls read for each of them. */
static void read_named(struct load *l, const hg_node *map, const char *what,
		       void (*read)(struct load *, const char *, const struct hg_place *, const hg_node *))
{
	if (hg_node_null(map))
		return;
	if (hg_node_type(map) != HG_NODE_MAP) {
		hg_diag_add(l->diag, HG_SEV_ERROR, hg_node_place(map), NULL,
			    "%s must be a map of names", what);
		return;
	}
	for (guint i = 0; i < hg_node_size(map); i++) {
		const char *name = hg_node_key(map, i);

		if (hg_check_name(name, what, hg_node_key_place(map, i), l->diag))
			read(l, name, hg_node_key_place(map, i), hg_node_value(map, i));
	}
}

/* ---- the whole ---- */

static void read_api(struct load *l, const hg_node *api)
{
	static const char *const keys[] = { "tokens", NULL };

	if (!hg_node_null(api) && hg_node_check_keys(api, "api", keys, l->diag))
		read_named(l, hg_node_get(api, "tokens"), "api.tokens", read_token);
}

static const hg_node *read_list(struct load *l, const hg_node *root, const char *key)
{
	const hg_node *list = hg_node_get(root, key);

	if (hg_node_null(list))
		return NULL;
	if (hg_node_type(list) == HG_NODE_LIST)
		return list;
	hg_diag_add(l->diag, HG_SEV_ERROR, hg_node_place(list), NULL,
		    "%s must be a list: each entry begins with '- name:'", key);
	return NULL;
}

const char *hg_conf_adapter_dir(void)
{
	const char *dir = g_getenv("HEADGATE_ADAPTER_DIR");

	return dir && *dir ? dir : NULL;
}

/* The environment goes before the file: a build that is not installed, packagers' tests. */
static void choose_adapter_dir(struct load *l)
{
	struct hg_gateway_conf *gateway = &l->conf->gateway;
	const char *dir = hg_conf_adapter_dir();

	if (dir) {
		g_free(gateway->adapter_dir);
		gateway->adapter_dir = g_strdup(dir);
	}
	if (gateway->adapter_dir && l->finder->look_in)
		l->finder->look_in(l->finder->ctx, gateway->adapter_dir);
}

static void read_sections(struct load *l, const hg_node *root)
{
	hg_conf *conf = l->conf;

	hg_options_fill(hg_top_options, root, "", hg_top_keys, conf, l->diag);
	hg_options_fill(hg_gateway_options, hg_node_get(root, "gateway"), "gateway", NULL, &conf->gateway,
			l->diag);
	hg_options_fill(hg_store_options, hg_node_get(root, "store"), "store", NULL, &conf->store, l->diag);
	hg_options_fill(hg_window_options, hg_node_get(root, "window"), "window", NULL, &conf->window,
			l->diag);
	hg_options_fill(hg_ticket_options, hg_node_get(root, "ticket"), "ticket", NULL, &conf->ticket,
			l->diag);
	hg_options_fill(hg_rating_options, hg_node_get(root, "rating"), "rating", NULL, &conf->rating, l->diag);
	hg_options_fill(hg_prompt_options, hg_node_get(root, "close_prompt"), "close_prompt", NULL,
			&conf->close_prompt, l->diag);
	hg_options_fill(hg_report_options, hg_node_get(root, "report"), "report", NULL, &conf->report,
			l->diag);
	hg_options_fill(hg_console_options, hg_node_get(root, "console"), "console", NULL, &conf->console, l->diag);
	hg_options_fill(hg_files_options, hg_node_get(root, "files"), "files", NULL, &conf->files, l->diag);
	hg_check_store(&conf->store, hg_node_get(root, "store"), l->diag);
	hg_check_files(&conf->files, hg_node_get(root, "files"), l->diag);
	hg_options_fill(hg_alarms_options, hg_node_get(root, "alarms"), "alarms", NULL, &conf->alarms, l->diag);
	hg_check_gateway(&conf->gateway, hg_node_get(root, "gateway"), l->diag);
	hg_window_read(hg_node_get(root, "window"), "window", &conf->window, l->diag);
	hg_check_window(&conf->window, hg_node_get(root, "window"), l->diag);
	hg_options_fill(hg_retention_options, hg_node_get(root, "retention"), "retention", NULL, &conf->retention, l->diag);
	hg_check_ticket(&conf->ticket, hg_node_get(root, "ticket"), l->diag);
	choose_adapter_dir(l);
	read_named(l, hg_node_get(root, "channels"), "channels", read_channel);
	read_named(l, hg_node_get(root, "backends"), "backends", read_backend);
	read_named(l, hg_node_get(root, "hooks"), "hooks", read_hook);
	read_api(l, hg_node_get(root, "api"));
	hg_check_texts(conf, root, l->diag);
	hg_check_retention(conf, root, l->diag);
	hg_check_alarms(conf, hg_node_get(root, "alarms"), l->diag);
	conf->words = hg_node_get(root, "word_lists");
	conf->hours = hg_node_get(root, "hours");
	conf->queues = hg_node_get(root, "queues");
	conf->intent = hg_node_get(root, "intent");
	conf->rules = read_list(l, root, "rules");
	conf->tests = read_list(l, root, "tests");
}

static hg_conf *conf_new(const char *path, hg_doc *doc)
{
	hg_conf *conf = g_new0(hg_conf, 1);

	conf->refs = 1;
	conf->path = g_strdup(path);
	conf->doc = doc;
	conf->hash = g_strdup(hg_doc_hash(doc));
	conf->channels = g_ptr_array_new_with_free_func(channel_free);
	conf->backends = g_ptr_array_new_with_free_func(backend_free);
	conf->hooks = g_ptr_array_new_with_free_func(hook_free);
	conf->tokens = g_ptr_array_new_with_free_func(token_free);
	return conf;
}

hg_conf *hg_conf_make(const char *path, hg_doc *doc, const struct hg_adapter_finder *finder, hg_diag *diag)
{
	g_autoptr(hg_conf) conf = conf_new(path, doc);
	struct load l = { conf, finder, diag };

	read_sections(&l, hg_doc_root(doc));
	return hg_diag_count(diag, HG_SEV_ERROR) ? NULL : g_steal_pointer(&conf);
}

hg_conf *hg_conf_read(const char *path, const struct hg_adapter_finder *finder, hg_diag *diag)
{
	hg_doc *doc = hg_doc_read(path, diag);

	return doc ? hg_conf_make(path, doc, finder, diag) : NULL;
}
