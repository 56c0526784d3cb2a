/* static_files.c - names of what browsers load: each content has its own, so that it may be kept for ever */
#include "static_files.h"

#include <string.h>

#include "text.h"

#define HASH_LETTERS 10			/* as widget/build.py has them */

static const char *type_of(const char *name)
{
	static const struct { const char *suffix, *type; } types[] = {
		{ ".js", "text/javascript; charset=utf-8" }, { ".css", "text/css; charset=utf-8" },
		{ ".html", "text/html; charset=utf-8" }, { ".yaml", "application/yaml" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(name, types[i].suffix))
			return types[i].type;
	return "application/json";
}

static void prepare(struct hg_static *ret, const struct hg_static_file *file, const char *plain)
{
	const char *dot = strrchr(file->name, '.');
	g_autofree char *hex = NULL;
	guint8 hash[32];

	hg_sha256(file->bytes, file->len, hash);
	hex = hg_hex(hash, sizeof hash);
	ret->file = file;
	ret->type = type_of(file->name);
	g_snprintf(ret->tag, sizeof ret->tag, "%.*s", HASH_LETTERS, hex);
	if (g_strcmp0(file->name, plain) == 0)
		g_strlcpy(ret->name, plain, sizeof ret->name);
	else
		g_snprintf(ret->name, sizeof ret->name, "%.*s-%s%s", (int)(dot - file->name), file->name, ret->tag, dot);
}

static const struct hg_static *all(struct hg_static_set *set)
{
	if (g_once_init_enter(&set->made)) {
		for (gsize i = 0; i < HG_STATIC_MAX - 1 && set->files[i].name; i++)
			prepare(&set->served[i], &set->files[i], set->plain);
		g_once_init_leave(&set->made, 1);
	}
	return set->served;
}

const struct hg_static *hg_static_get(struct hg_static_set *set, const char *name)
{
	for (const struct hg_static *s = all(set); s->file; s++)
		if (strcmp(s->file->name, name) == 0)
			return s;
	return NULL;
}

/* "app-ffffffffff.js": what "app-0a1b2c3d4e.js" was once called, or will be. */
static gboolean is_other_version(const struct hg_static *s, const char *path)
{
	const char *dash = strrchr(s->name, '-');
	gsize stem = dash ? (gsize)(dash - s->name) + 1 : 0;

	if (!dash || strlen(path) != strlen(s->name) || strncmp(path, s->name, stem) != 0 ||
	    strcmp(path + stem + HASH_LETTERS, s->name + stem + HASH_LETTERS) != 0)
		return FALSE;
	return strspn(path + stem, "0123456789abcdef") >= HASH_LETTERS;
}

const struct hg_static *hg_static_find(struct hg_static_set *set, const char *path, gboolean *ret_exact)
{
	for (const struct hg_static *s = all(set); s->file; s++) {
		*ret_exact = strcmp(path, s->name) == 0;
		if (*ret_exact || is_other_version(s, path)) {
			*ret_exact = *ret_exact && g_strcmp0(path, set->plain) != 0;
			return s;
		}
	}
	return NULL;
}

/* ---- what a request says ---- */

/* "q=0", "q=0.000": not wanted. */
static gboolean refused_by_weight(const char *parameters)
{
	const char *q = strstr(parameters, "q=");

	return q && q[2] == '0' && strspn(q + 3, ".0 ") == strlen(q + 3);
}

gboolean hg_static_takes_gzip(const char *header)
{
	g_auto(GStrv) codings = g_strsplit(header ?: "", ",", 32);

	for (char **coding = codings; *coding; coding++) {
		char *name = g_strstrip(*coding);
		gsize len = strcspn(name, "; \t");

		if ((len == 4 && g_ascii_strncasecmp(name, "gzip", 4) == 0) || (len == 1 && *name == '*'))
			return !refused_by_weight(name + len);
	}
	return FALSE;
}

gboolean hg_static_is_known(const char *header, const char *tag)
{
	g_auto(GStrv) tags = g_strsplit(header ?: "", ",", 32);
	g_autofree char *quoted = g_strdup_printf("\"%s\"", tag);

	for (char **one = tags; *one; one++) {
		const char *name = g_strstrip(*one);

		if (g_str_has_prefix(name, "W/"))	/* weakly: the same after all */
			name += 2;
		if (strcmp(name, quoted) == 0 || strcmp(name, "*") == 0)
			return TRUE;
	}
	return FALSE;
}

/* ---- the answer ---- */

void hg_static_answer(hg_request *req, const struct hg_static *found, const char *cache, const char *const *more)
{
	gboolean gzip = found->file->gzip && hg_static_takes_gzip(hg_request_header(req, "Accept-Encoding"));
	g_autofree char *tag = g_strconcat(found->tag, gzip ? "-gz" : "", NULL);
	g_autofree char *etag = g_strdup_printf("ETag: \"%s\"", tag);
	const char *headers[HG_STATIC_HEADERS_MAX + 5] = { "Vary: Accept-Encoding", cache, etag };
	gboolean known = hg_static_is_known(hg_request_header(req, "If-None-Match"), tag);
	guint n = 3;

	for (guint i = 0; more && more[i] && i < HG_STATIC_HEADERS_MAX; i++)
		headers[n++] = more[i];
	if (known) {
		hg_request_answer(req, &(struct hg_answer){ .status = 304, .headers = headers });
		return;
	}
	if (gzip)
		headers[n] = "Content-Encoding: gzip";
	hg_request_answer(req, &(struct hg_answer){ .status = 200, .type = found->type, .headers = headers,
		.body = gzip ? found->file->gzip : found->file->bytes,
		.len = gzip ? found->file->gzip_len : found->file->len });
}
