/* http_request.c - one kind of request that sends something: how it is described, and what it is for a message */
#include "http_request.h"

#include <openssl/crypto.h>
#include <string.h>

#include "http_body.h"
#include "http_tree.h"
#include "text.h"

#define HEADERS_MAX 32

const char *const ht_request_keys[] = {
	"when", "method", "url", "query", "headers", "basic", "bearer", "json", "form", "parts", "xml", "raw", "type",
	"charset", NULL
};

struct header {
	char *name;
	ht_fill *value;
};

struct ht_request {
	ht_when *when;			/* or NULL */
	gboolean files, kinds;		/* when speaks of a file, of a kind */
	char *method, *charset;		/* charset: or NULL */
	ht_fill *url, *type;		/* type: or NULL */
	ht_body *query, *body;		/* or NULL; body: of body_kind */
	int body_kind;			/* 0: none, text or a file; enum ht_body_kind */
	gboolean file;			/* raw is a file's bytes */
	ht_fill *text;			/* of xml, raw; or NULL */
	ht_fill *user, *password, *bearer;	/* or NULL */
	GArray *headers;		/* of struct header */
};

static void clear_header(gpointer data)
{
	struct header *header = data;

	g_free(header->name);
	ht_fill_free(header->value);
}

void ht_request_free(ht_request *r)
{
	if (!r)
		return;
	ht_when_free(r->when);
	g_free(r->method);
	ht_fill_free(r->type);
	g_free(r->charset);
	ht_fill_free(r->url);
	ht_body_free(r->query);
	ht_body_free(r->body);
	ht_fill_free(r->text);
	ht_fill_free(r->user);
	ht_fill_free(r->password);
	ht_fill_free(r->bearer);
	g_array_unref(r->headers);
	g_free(r);
}

gboolean ht_request_takes_files(const ht_request *request)
{
	return request->files;
}

gboolean ht_request_takes_kinds(const ht_request *request)
{
	return request->kinds;
}

/* ---- reading ---- */

static ht_fill *read_fill(struct ht_look *look, struct json_object *map, const char *key, int escape, gboolean need)
{
	g_autofree char *text = ht_text(look, map, key, need);

	return text ? ht_fill_new(look, key, text, escape, look->names, look->people) : NULL;
}

static void read_when(struct ht_look *look, struct json_object *map, ht_request *r)
{
	struct json_object *when = ht_member(look, map, "when", FALSE);

	r->when = ht_when_new(look, map, "when");
	if (!json_object_is_type(when, json_type_object))
		return;
	json_object_object_foreach(when, path, condition) {
		(void)condition;
		r->files = r->files || strcmp(path, "file") == 0 || g_str_has_prefix(path, "file.");
		r->kinds = r->kinds || strcmp(path, "kind") == 0;
	}
}

/* RFC 9110 section 5.1. */
static gboolean is_token(const char *name)
{
	return *name && strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == strlen(name);
}

static void read_headers(struct ht_look *look, struct json_object *map, ht_request *r)
{
	struct json_object *headers = ht_member(look, map, "headers", FALSE);
	gsize was = ht_enter(look, "headers");

	if (headers && (!json_object_is_type(headers, json_type_object) ||
			json_object_object_length(headers) > HEADERS_MAX))
		ht_wrong(look, NULL, "is a map of at most %d names and values", HEADERS_MAX);
	else if (headers) {
		json_object_object_foreach(headers, name, value) {
			struct header header = { .value = read_fill(look, headers, name, HT_HEADER, TRUE) };

			(void)value;
			if (!is_token(name))
				ht_wrong(look, name, "is no name of a header");
			header.name = g_strdup(name);
			g_array_append_val(r->headers, header);
		}
	}
	ht_leave(look, was);
}

static void read_credentials(struct ht_look *look, struct json_object *map, ht_request *r)
{
	static const char *const keys[] = { "user", "password", NULL };
	struct json_object *basic = ht_member(look, map, "basic", FALSE);
	gsize was;

	r->bearer = read_fill(look, map, "bearer", HT_HEADER, FALSE);
	if (!basic)
		return;
	was = ht_enter(look, "basic");
	if (ht_keys(look, basic, keys)) {
		r->user = read_fill(look, basic, "user", HT_HEADER, TRUE);
		r->password = read_fill(look, basic, "password", HT_HEADER, TRUE);
	}
	ht_leave(look, was);
	if (r->bearer)
		ht_wrong(look, "bearer", "there is basic too, and a request has one of them");
}

/* A document with all values in it must be one that can be read. */
static gboolean some_value(void *ctx, const char *name, GString *out)
{
	(void)ctx;
	(void)name;
	g_string_append(out, "x");
	return TRUE;
}

static void check_xml(struct ht_look *look, const ht_fill *xml)
{
	g_autoptr(GString) document = g_string_new(NULL);
	struct hg_err err = { 0 };

	ht_fill_run(xml, some_value, NULL, NULL, document);
	json_object_put(ht_tree(HT_XML, NULL, NULL, document->str, document->len, &err));
	if (err.kind)
		ht_wrong(look, "xml", "%s", err.text);
}

/* { $file: true } */
static void read_raw(struct ht_look *look, struct json_object *map, ht_request *r)
{
	static const char *const keys[] = { "$file", NULL };
	struct json_object *raw = ht_member(look, map, "raw", TRUE);
	gsize was;

	if (!json_object_is_type(raw, json_type_object)) {
		r->text = read_fill(look, map, "raw", HT_RAW, TRUE);
		return;
	}
	was = ht_enter(look, "raw");
	r->file = ht_keys(look, raw, keys) && ht_bool(look, raw, "$file", FALSE);
	if (!r->file)
		ht_wrong(look, NULL, "is a text, or { $file: true }: the bytes of a file");
	ht_leave(look, was);
}

static const char *usual_type(gsize i, gboolean file)
{
	static const char *const types[] = { "application/json", "application/x-www-form-urlencoded", NULL, "text/xml",
					     "text/plain" };

	return file ? "${file.type|application/octet-stream}" : types[i];
}

static const char *const bodies[] = { "json", "form", "parts", "xml", "raw", NULL };

static gboolean has_body(struct json_object *map)
{
	for (gsize i = 0; bodies[i]; i++)
		if (json_object_object_get_ex(map, bodies[i], NULL))
			return TRUE;
	return FALSE;
}

static void read_body(struct ht_look *look, struct json_object *map, ht_request *r)
{
	const char *const *keys = bodies;
	const char *found = NULL;

	for (gsize i = 0; keys[i]; i++) {
		if (!json_object_object_get_ex(map, keys[i], NULL))
			continue;
		if (found)
			ht_wrong(look, keys[i], "there is %s too, and a request has one body", found);
		found = keys[i];
		if (i <= 2) {
			ht_body_free(r->body);
			r->body_kind = (int)i + HT_BODY_JSON;
			r->body = ht_body_new(look, map, keys[i], r->body_kind);
		} else {
			g_clear_pointer(&r->text, ht_fill_free);
			if (i == 3)
				r->text = read_fill(look, map, keys[i], HT_XML_DOC, TRUE);
			else
				read_raw(look, map, r);
			if (i == 3 && r->text)
				check_xml(look, r->text);
		}
		if (!r->type && usual_type(i, r->file))
			r->type = ht_fill_new(look, "type", usual_type(i, r->file), HT_HEADER, look->names, look->people);
	}
}

static void read_type(struct ht_look *look, struct json_object *map, ht_request *r)
{
	static const char *const methods[] = { "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", NULL };
	int method = ht_word(look, map, "method", methods, has_body(map) ? 1 : 0);

	r->method = g_strdup(methods[MAX(method, 0)]);
	r->type = read_fill(look, map, "type", HT_HEADER, FALSE);
	r->charset = ht_text(look, map, "charset", FALSE);
	if (r->charset && !ht_charset_known(r->charset))
		ht_wrong(look, "charset", "no such charset is known here");
}

ht_request *ht_request_new(struct ht_look *look, struct json_object *map, gboolean need_url)
{
	g_autoptr(ht_request) r = g_new0(ht_request, 1);
	guint errors = look->errors;

	r->headers = g_array_new(FALSE, TRUE, sizeof(struct header));
	g_array_set_clear_func(r->headers, clear_header);
	read_when(look, map, r);
	read_type(look, map, r);
	r->url = read_fill(look, map, "url", HT_URL, need_url);
	if (json_object_object_get_ex(map, "query", NULL))
		r->query = ht_body_new(look, map, "query", HT_BODY_QUERY);
	read_headers(look, map, r);
	read_credentials(look, map, r);
	read_body(look, map, r);
	if (look->errors != errors)
		return NULL;
	return g_steal_pointer(&r);
}

gboolean ht_request_has(const ht_request *r, const char *name)
{
	if (r->file && strcmp(name, "file.") == 0)
		return TRUE;
	for (guint i = 0; i < r->headers->len; i++)
		if (ht_fill_has(g_array_index(r->headers, struct header, i).value, name))
			return TRUE;
	return ht_fill_has(r->url, name) || ht_fill_has(r->text, name) || ht_fill_has(r->user, name) ||
	       ht_fill_has(r->password, name) || ht_fill_has(r->bearer, name) || ht_body_has(r->query, name) ||
	       ht_body_has(r->body, name) || ht_fill_has(r->type, name);
}

const char *ht_request_method(const ht_request *request)
{
	return request->method;
}

const ht_when *ht_request_when(const ht_request *request)
{
	return request->when;
}

/* ---- making ---- */

static const char *add_header(GPtrArray *headers, const char *name, const char *before, const ht_fill *value,
			      const struct ht_voice *voice)
{
	GString *line = g_string_new(name);
	const char *why;

	g_string_append_printf(line, ": %s", before);
	why = ht_fill_run(value, voice->value, voice->ctx, NULL, line);
	g_ptr_array_add(headers, g_string_free(line, FALSE));
	return why;
}

/* RFC 7617. */
static const char *add_basic(const ht_request *r, GPtrArray *headers, const struct ht_voice *voice)
{
	g_autoptr(GString) pair = g_string_new(NULL);
	g_autofree char *coded = NULL;
	const char *why = ht_fill_run(r->user, voice->value, voice->ctx, NULL, pair);

	if (!why && strchr(pair->str, ':'))
		why = "a user's name has a colon in it, and cannot be sent so";
	g_string_append_c(pair, ':');
	if (!why)
		why = ht_fill_run(r->password, voice->value, voice->ctx, NULL, pair);
	coded = hg_base64(pair->str, pair->len, FALSE);
	g_ptr_array_add(headers, g_strdup_printf("Authorization: Basic %s", coded));
	OPENSSL_cleanse(pair->str, pair->len);
	return why;
}

static const char *add_type(const ht_request *r, GPtrArray *headers, const struct ht_voice *voice)
{
	const char *why = add_header(headers, "Content-Type", "", r->type, voice);
	char **line = (char **)&headers->pdata[headers->len - 1];

	if (r->charset) {
		char *whole = g_strconcat(*line, "; charset=", r->charset, NULL);

		g_free(*line);
		*line = whole;
	}
	return why;
}

static const char *make_headers(const ht_request *r, const struct ht_voice *voice, GPtrArray *headers)
{
	const char *why = NULL;

	for (guint i = 0; !why && i < r->headers->len; i++) {
		const struct header *header = &g_array_index(r->headers, struct header, i);

		why = add_header(headers, header->name, "", header->value, voice);
	}
	if (!why && r->user)
		why = add_basic(r, headers, voice);
	if (!why && r->bearer)
		why = add_header(headers, "Authorization", "Bearer ", r->bearer, voice);
	if (!why && r->type && r->body_kind != HT_BODY_PARTS)
		why = add_type(r, headers, voice);
	g_ptr_array_add(headers, NULL);
	return why;
}

static const char *make_url(const ht_request *r, const struct ht_voice *voice, GString *url)
{
	g_autoptr(GString) query = g_string_new(NULL);
	const char *why = r->url ? ht_fill_run(r->url, voice->value, voice->ctx, r->charset, url) : NULL;

	if (!why && r->query)
		why = ht_body_form(r->query, voice, r->charset, query);
	if (query->len)
		g_string_append_printf(url, "%c%s", strchr(url->str, '?') ? '&' : '?', query->str);
	return why;
}

/* A body without a form of its own may be in another charset. */
static void recode(GString *body, const char *charset)
{
	gsize n = 0;
	g_autofree char *coded = charset ? g_convert_with_fallback(body->str, (gssize)body->len, charset, "UTF-8", "?",
								   NULL, &n, NULL) : NULL;

	if (coded) {
		g_string_truncate(body, 0);
		g_string_append_len(body, coded, (gssize)n);
	}
}

static const char *add_file(const struct ht_voice *voice, GArray *pieces)
{
	struct ht_piece piece = { .at = 0 };

	piece.file = json_object_get(ht_voice_file(voice, "file"));
	if (!piece.file)
		return "there is no file to send";
	g_array_append_val(pieces, piece);
	return NULL;
}

static const char *make_body(const ht_request *r, const struct ht_voice *voice, struct ht_made *ret)
{
	const char *why = NULL;

	if (r->body_kind == HT_BODY_JSON)
		why = ht_body_json(r->body, voice, ret->body, ret->pieces = ht_pieces_new());
	else if (r->body_kind == HT_BODY_FORM)
		why = ht_body_form(r->body, voice, r->charset, ret->body);
	else if (r->body_kind == HT_BODY_PARTS)
		why = ht_body_parts(r->body, voice, ret->fields = ht_fields_new());
	else if (r->file)
		why = add_file(voice, ret->pieces = ht_pieces_new());
	else if (r->text) {
		why = ht_fill_run(r->text, voice->value, voice->ctx, NULL, ret->body);
		recode(ret->body, r->charset);
	}
	return why;
}

const char *ht_request_make(const ht_request *r, const struct ht_voice *voice, struct ht_made *ret)
{
	const char *why;
	gsize most = voice->max_bytes ? voice->max_bytes : HT_BODY_BYTES;

	*ret = (struct ht_made){ .method = r->method, .url = g_string_new(NULL), .body = g_string_new(NULL),
				 .headers = g_ptr_array_new_with_free_func(g_free) };
	why = make_url(r, voice, ret->url);
	if (!why)
		why = make_headers(r, voice, ret->headers);
	if (!why)
		why = make_body(r, voice, ret);
	return why || ret->body->len <= most ? why : "the request is too long";
}

static void wipe(GString *text)
{
	if (text) {
		OPENSSL_cleanse(text->str, text->len);
		g_string_free(text, TRUE);
	}
}

void ht_made_clear(struct ht_made *made)
{
	wipe(made->url);
	wipe(made->body);
	g_clear_pointer(&made->headers, g_ptr_array_unref);
	g_clear_pointer(&made->fields, g_array_unref);
	g_clear_pointer(&made->pieces, g_array_unref);
	made->url = made->body = NULL;
}
