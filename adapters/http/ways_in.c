/* ways_in.c - reads `in:`, and finds the way that takes a request */
#include "ways_in.h"

#include <string.h>

#include "http_tree.h"
#include "proof.h"
#include "text.h"

#define SECRET_SEGMENT "$secret:"

static void free_in(gpointer data)
{
	struct ht_in *in = data;

	g_strfreev(in->path);
	g_strfreev(in->methods);
	g_free(in->charset);
	ht_path_free(in->charset_path);
	g_free(in->content_type);
	ht_auth_free(in->auth);
	ht_path_free(in->each);
	g_array_unref(in->cases);
	for (int i = 0; i < HT_OUTCOMES; i++)
		ht_reply_free(in->replies[i]);
	g_free(in);
}

/* ---- reading ---- */

static gboolean segment_ok(const char *segment, gboolean last)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.~";

	return (last && strcmp(segment, "*") == 0) || (*segment && strspn(segment, chars) == strlen(segment));
}

static void read_path(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	g_autofree char *path = ht_text(look, map, "path", FALSE);

	in->path = g_strsplit(path ? path : "webhook", "/", 16);
	for (char **segment = in->path; *segment; segment++) {
		if (g_str_has_prefix(*segment, SECRET_SEGMENT)) {
			in->proven = TRUE;
			ht_given(look, "path", "secret", *segment + strlen(SECRET_SEGMENT));
		} else if (!segment_ok(*segment, !segment[1])) {
			ht_wrong(look, "path", "'%.60s' is no path below the channel's: sms, hooks/sms, sms/$secret:NAME and * are",
				 path);
			return;
		}
	}
}

static void read_methods(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	static const char *const known[] = { "GET", "POST", "PUT", NULL };

	in->methods = ht_texts(look, map, "method");
	if (!in->methods)
		in->methods = g_strsplit("POST", ",", 1);
	for (char **method = in->methods; *method; method++)
		if (!g_strv_contains(known, *method))
			ht_wrong(look, "method", "'%.20s' is none of GET, POST, PUT", *method);
}

static void read_shape(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	static const char *const words[] = { "json", "form", "xml", "query", "multipart", "text", NULL };
	g_autofree char *charset = ht_text(look, map, "charset", FALSE);

	in->shape = 1 + ht_word(look, map, "type", words, -1);
	in->content_type = ht_text(look, map, "content_type", FALSE);
	if (charset && charset[0] == '$')
		in->charset_path = ht_take_path(look, "charset", charset, FALSE);
	else if (charset && !ht_charset_known(charset))
		ht_wrong(look, "charset", "there is no charset '%.40s' here; ISO-8859-1, UTF-16BE and the like are", charset);
	else
		in->charset = g_steal_pointer(&charset);
	if (!in->shape && g_strv_contains((const char *const *)in->methods, "GET"))
		in->shape = HT_QUERY;
}

static void read_case(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	static const char *const keys[] = { "when", "each", "message", "status", "consent", "verify", "ignore", NULL };
	g_autofree char *each = NULL;
	struct ht_case c;

	if (!ht_keys(look, map, keys))
		return;
	ht_case_read(look, map, &c);
	c.when = ht_when_new(look, map, "when");
	each = ht_text(look, map, "each", FALSE);
	c.each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
	g_array_append_val(in->cases, c);
}

static void read_cases(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	struct json_object *cases = ht_member(look, map, "cases", FALSE);
	gsize n = json_object_is_type(cases, json_type_array) ? json_object_array_length(cases) : 0, was;
	struct ht_case c;

	if (!cases) {		/* one of the words stands here itself */
		ht_case_read(look, map, &c);
		g_array_append_val(in->cases, c);
		return;
	}
	if (n < 1 || n > HT_CASES_MAX) {
		ht_wrong(look, "cases", "a list of 1 to %d cases is wanted here", HT_CASES_MAX);
		return;
	}
	was = ht_enter(look, "cases");
	for (gsize i = 0; i < n; i++) {
		gsize inner = ht_enter_at(look, i);

		read_case(look, json_object_array_get_idx(cases, i), in);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
}

/* A handshake that checks a token needs nothing else. */
static gboolean all_guarded(const struct ht_in *in)
{
	for (guint i = 0; i < in->cases->len; i++) {
		const struct ht_case *c = &g_array_index(in->cases, struct ht_case, i);

		if (c->kind != HT_VERIFY || !c->verify || !c->verify->token)
			return FALSE;
	}
	return in->cases->len > 0;
}

static void read_auth(struct ht_look *look, struct json_object *map, struct ht_in *in)
{
	if (ht_member(look, map, "auth", FALSE))
		in->auth = ht_auth_new(look, map, "auth");
	else if (!in->proven && !all_guarded(in))
		ht_wrong(look, NULL, "'auth' is missing: how do we know that it is the provider who calls?  token, basic, hmac and "
			 "others are in the README; auth: none believes everybody");
	in->proven = in->proven || ht_auth_proves(in->auth);
	if (ht_auth_wants_url(in->auth) && look->knows && !look->has_url)
		ht_wrong_at(look, "public_url", "the provider signs the address it calls: write the one it was given under "
			    "public_url: (https://chat.example.com)");
}

static struct ht_in *read_in(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "path", "method", "type", "charset", "content_type", "auth", "each", "cases", "message",
					    "status", "consent", "verify", "ignore", "reply", NULL };
	struct ht_in *in;
	g_autofree char *each = NULL;

	if (!ht_keys(look, map, keys))
		return NULL;
	in = g_new0(struct ht_in, 1);
	in->cases = g_array_new(FALSE, TRUE, sizeof(struct ht_case));
	g_array_set_clear_func(in->cases, ht_case_clear);
	read_path(look, map, in);
	read_methods(look, map, in);
	read_shape(look, map, in);
	each = ht_text(look, map, "each", FALSE);
	in->each = each ? ht_take_path(look, "each", each, TRUE) : NULL;
	read_cases(look, map, in);
	read_auth(look, map, in);
	ht_replies_read(look, map, in->replies);
	return in;
}

GPtrArray *ht_ways_new(struct ht_look *look, struct json_object *map)
{
	struct json_object *value = ht_member(look, map, "in", FALSE);
	g_autoptr(GPtrArray) ways = g_ptr_array_new_with_free_func(free_in);
	gboolean list = json_object_is_type(value, json_type_array);
	gsize n = list ? json_object_array_length(value) : 1, was;

	if (!value)
		return g_steal_pointer(&ways);
	if (n < 1 || n > HT_IN_MAX)
		ht_wrong(look, "in", "must have 1 to %d ways in", HT_IN_MAX);
	was = ht_enter(look, "in");
	for (gsize i = 0; i < MIN(n, HT_IN_MAX); i++) {
		gsize inner = list ? ht_enter_at(look, i) : look->at->len;
		struct ht_in *in = read_in(look, list ? json_object_array_get_idx(value, i) : value);

		if (in)
			g_ptr_array_add(ways, in);
		ht_leave(look, inner);
	}
	ht_leave(look, was);
	return g_steal_pointer(&ways);
}

/* ---- finding ---- */

static gboolean path_fits(const struct ht_in *in, const struct ht_conf *conf, const char *path)
{
	g_auto(GStrv) segments = g_strsplit(path, "/", 16);
	guint i;

	for (i = 0; in->path[i]; i++) {
		const char *want = in->path[i];

		if (strcmp(want, "*") == 0)
			return segments[i] != NULL;
		if (!segments[i])
			return FALSE;
		if (g_str_has_prefix(want, SECRET_SEGMENT)) {
			if (!hg_secret_is(ht_given_value(conf->secrets, want + strlen(SECRET_SEGMENT)), segments[i]))
				return FALSE;
		} else if (strcmp(want, segments[i]) != 0) {
			return FALSE;
		}
	}
	return !segments[i];
}

/* "text/xml" fits "text/xml; charset=utf-8". */
static gboolean type_fits(const struct ht_in *in, const char *type)
{
	gsize len = in->content_type ? strlen(in->content_type) : 0;

	if (!len)
		return TRUE;
	return type && g_ascii_strncasecmp(type, in->content_type, len) == 0 && (!type[len] || strchr("; \t", type[len]));
}

const struct ht_in *ht_ways_find(const ht_desc *desc, const struct ht_conf *conf, const struct hg_http_req *req, int *ret_status)
{
	int status = 404;

	for (guint i = 0; i < desc->in->len; i++) {
		const struct ht_in *in = g_ptr_array_index(desc->in, i);

		if (!path_fits(in, conf, req->path))
			continue;
		if (!g_strv_contains((const char *const *)in->methods, req->method)) {
			status = MAX(status, 405);
			continue;
		}
		if (type_fits(in, req->header(req, "Content-Type")))
			return in;
		status = 415;
	}
	*ret_status = status;
	return NULL;
}
