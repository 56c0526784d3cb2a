/* desc.c - is what an adapter says of itself complete and consistent?
 *
 * An adapter's author meets these lines first: each names the row and what to write instead. */
#include "desc.h"

#include <string.h>

#include "fail.h"
#include "options.h"
#include "tables.h"
#include "text.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define FLAGS	(HG_OPT_REQUIRED | HG_OPT_RELOAD | HG_OPT_DEPRECATED)

gboolean hg_desc_name_ok(const char *name)
{
	gsize len = name ? strspn(name, LETTERS "0123456789_-") : 0;

	return len && len <= HG_ADAPTER_NAME_MAX && !name[len] && strchr(LETTERS, name[0]);
}

/* ---- options ---- */

static gboolean opt_name_ok(const char *name)
{
	gsize len = strspn(name, LETTERS "0123456789_.");

	return len && len <= 64 && !name[len] && strchr(LETTERS, name[0]) && !strstr(name, "..") &&
	       name[len - 1] != '.';
}

static gsize opt_size(int type)
{
	if (type == HG_OPT_BOOL)
		return sizeof(bool);
	return type == HG_OPT_INT || type == HG_OPT_MSECS || type == HG_OPT_BYTES ? sizeof(int64_t)
										  : sizeof(void *);
}

static gboolean is_number(int type)
{
	return type == HG_OPT_INT || type == HG_OPT_MSECS || type == HG_OPT_BYTES;
}

/* One side of a number's range; "" is an open one. */
static gboolean bound_ok(int type, const char *text, gint64 *ret)
{
	if (!*text)
		return TRUE;
	if (type == HG_OPT_INT)
		return g_ascii_string_to_signed(text, 10, G_MININT64, G_MAXINT64, ret, NULL);
	*ret = type == HG_OPT_MSECS ? hg_span_parse(text) : hg_bytes_parse(text);
	return *ret >= 0;
}

static gboolean range_ok(int type, const char *range)
{
	const char *dots = range ? strstr(range, "..") : NULL;
	gint64 least = G_MININT64, most = G_MAXINT64;
	g_autofree char *low = NULL;

	if (!range)
		return type != HG_OPT_ENUM;
	if (!dots)
		return !is_number(type) && type != HG_OPT_BOOL && *range && *range != '|' &&
		       !strstr(range, "||") && !g_str_has_suffix(range, "|");
	low = g_strndup(range, (gsize)(dots - range));
	/* Of texts the bounds are lengths. */
	type = is_number(type) ? type : HG_OPT_INT;
	return bound_ok(type, low, &least) && bound_ok(type, dots + 2, &most) && least <= most;
}

/* "media_max" and the like stand beside the adapter's own, in the same map. */
static gboolean is_common(const char *name)
{
	gsize first = strcspn(name, ".");

	for (const struct hg_option *o = hg_channel_options; o->name; o++)
		if (strcspn(o->name, ".") == first && strncmp(o->name, name, first) == 0)
			return TRUE;
	return FALSE;
}

static const char *opt_wrong(const struct hg_adapter *d, const struct hg_option *o)
{
	gboolean secret = o->type == HG_OPT_SECRET || o->type == HG_OPT_SECRETS || o->type == HG_OPT_SECRET_MAP;

	if (!opt_name_ok(o->name))
		return "its name is not made of a-z, 0-9, _ and single dots";
	if (is_common(o->name))
		return "its name is that of an option which every channel has";
	if (o->type < HG_OPT_STRING || o->type > HG_OPT_SECRET_MAP)
		return "its type is unknown to this headgate";
	if (o->flags & ~(unsigned)FLAGS)
		return "it has flags unknown to this headgate";
	if (o->offset > d->conf_size || d->conf_size - o->offset < opt_size(o->type))
		return "its offset lies outside of conf_size";
	if (o->offset % opt_size(o->type))
		return "its offset is not aligned for its type";
	if (!range_ok(o->type, o->range))
		return "its range cannot be read: \"1..10\", \"1s..1h\", \"1KiB..1MiB\" or \"this|that\"";
	if ((o->flags & HG_OPT_REQUIRED) && o->fallback)
		return "it is required and has a default";
	if (o->type == HG_OPT_TREE && (o->fallback || o->range))
		return "a tree has a default or a range";
	if (secret && o->fallback)
		return "a secret has a default";
	return o->help && *o->help ? NULL : "it has no help";
}

static gboolean overlaps(const struct hg_option *a, const struct hg_option *b)
{
	return a->offset < b->offset + opt_size(b->type) && b->offset < a->offset + opt_size(a->type);
}

static gboolean check_options(const struct hg_adapter *d, GError **error)
{
	const struct hg_option *o = d->options;

	for (guint n = 0; o && o[n].name; n++) {
		const char *wrong = n < HG_ADAPTER_OPTIONS_MAX ? opt_wrong(d, &o[n])
							       : "there are more than 200 options";

		for (guint i = 0; i < n && !wrong; i++)
			wrong = strcmp(o[i].name, o[n].name) == 0 ? "its name stands there twice"
				: overlaps(&o[i], &o[n])	  ? "its field is another option's too"
								  : NULL;
		if (wrong)
			return hg_fail(error, HG_ERROR_CONFIG, "option %u (%.64s): %s", n + 1, o[n].name, wrong);
	}
	return TRUE;
}

/* The config reader itself says whether the defaults can be read. */
static gboolean check_fallbacks(const struct hg_adapter *d, GError **error)
{
	g_autoptr(GArray) table = g_array_new(TRUE, TRUE, sizeof(struct hg_option));
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree void *conf = g_malloc0(MAX(d->conf_size, 1));
	g_autofree char *what = NULL;
	gboolean fine;

	for (const struct hg_option *o = d->options; o && o->name; o++) {
		struct hg_option copy = *o;

		copy.flags &= ~(unsigned)HG_OPT_REQUIRED;
		g_array_append_val(table, copy);
	}
	fine = hg_options_fill((const struct hg_option *)(void *)table->data, NULL, "options", NULL, conf, diag);
	hg_options_clear((const struct hg_option *)(void *)table->data, conf);
	if (fine)
		return TRUE;
	what = hg_diag_render(diag, FALSE);
	return hg_fail(error, HG_ERROR_CONFIG, "%s", g_strchomp(what));
}

/* ---- routes ---- */

static gboolean method_ok(const char *method)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", NULL };

	return method && g_strv_contains(methods, method);
}

static gboolean path_ok(const char *path)
{
	gsize len = strspn(path, LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./");
	gboolean star = strcmp(path + len, "*") == 0 && (!len || path[len - 1] == '/');

	if (star)
		return len <= 128 && path[0] != '/' && !strstr(path, "//") && !strstr(path, "..");
	return len && len <= 128 && !path[len] && path[0] != '/' && path[len - 1] != '/' &&
	       !strstr(path, "//") && !strstr(path, "..");
}

static const char *route_wrong(const struct hg_route *r)
{
	if (!method_ok(r->method))
		return "its method is none of GET, POST, PUT, DELETE, HEAD, OPTIONS";
	if (!path_ok(r->path))
		return "its path is not made of words with single slashes between them, or of such and a star behind a slash";
	if (r->max_body > HG_ADAPTER_BODY_MAX)
		return "max_body is more than 64 MiB";
	return r->handle ? NULL : "it has no handle()";
}

static gboolean check_routes(const struct hg_adapter *d, GError **error)
{
	const struct hg_route *r = d->routes;

	for (guint n = 0; r && r[n].path; n++) {
		const char *wrong = n < HG_ADAPTER_ROUTES_MAX ? route_wrong(&r[n]) : "there are more than 32";

		for (guint i = 0; i < n && !wrong; i++)
			if (strcmp(r[i].path, r[n].path) == 0 && strcmp(r[i].method, r[n].method) == 0)
				wrong = "it stands there twice";
		if (wrong)
			return hg_fail(error, HG_ERROR_CONFIG, "route %u (%.64s): %s", n + 1, r[n].path, wrong);
	}
	return TRUE;
}

/* ---- verbs: what makes no sense without the other ---- */

static const char *verbs_wrong(const struct hg_adapter *d)
{
	if (!d->open || !d->close)
		return "open() and close() are needed";
	if (d->plan && !d->send)
		return "plan() without send()";
	if (d->ask && !d->send)
		return "ask() without send()";
	if ((d->caps & (HG_CAP_KEY | HG_CAP_ECHO | HG_CAP_TEMPLATES | HG_CAP_FIRST)) && !d->send)
		return "caps speak of sending, and there is no send()";
	if (!d->send && !d->routes && !d->poll && !d->start)
		return "it has no way in or out: routes, poll(), start() or send()";
	return NULL;
}

static const char *words_wrong(const struct hg_adapter *d)
{
	if (!d->version || !*d->version || !hg_text_printable(d->version) || strlen(d->version) > 64)
		return "version is missing or no short line";
	if (!d->summary || !*d->summary || !hg_text_printable(d->summary) || strlen(d->summary) > 200)
		return "summary is missing or no short line";
	if (d->conf_size > HG_ADAPTER_CONF_MAX)
		return "conf_size is more than 64 KiB";
	if (d->options && d->options[0].name && !d->conf_size)
		return "there are options and conf_size is 0";
	return verbs_wrong(d);
}

struct hg_adapter *hg_desc_take(const struct hg_adapter *theirs, const char *name, GError **error)
{
	g_autofree struct hg_adapter *d = g_new0(struct hg_adapter, 1);
	const char *wrong;

	/* The first header of this symbol ends with check_all(); a growing one adds behind it. */
	if (theirs->size < offsetof(struct hg_adapter, open) || theirs->size > 65536) {
		hg_fail(error, HG_ERROR_CONFIG, "size is %zu: write .size = sizeof(struct hg_adapter)",
			theirs->size);
		return NULL;
	}
	memcpy(d, theirs, MIN(theirs->size, sizeof(*d)));
	d->size = sizeof(*d);
	if (!d->name || strcmp(d->name, name) != 0) {
		hg_fail(error, HG_ERROR_CONFIG, "its name is \"%.64s\", which must be the file's, \"%s\"",
			d->name ? d->name : "", name);
		return NULL;
	}
	wrong = words_wrong(d);
	if (wrong) {
		hg_fail(error, HG_ERROR_CONFIG, "%s", wrong);
		return NULL;
	}
	if (!check_options(d, error) || !check_routes(d, error) || !check_fallbacks(d, error))
		return NULL;
	return g_steal_pointer(&d);
}
