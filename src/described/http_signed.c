/* http_signed.c - the values of a string that a provider signs, byte by byte as they came */
#include <string.h>

#include "http_auth.h"
#include "params.h"
#include "proof.h"
#include "template.h"
#include "text.h"

const char *const ht_signed_names[] = {
	"body", "url", "url_base", "url_decoded", "query", "method", "sorted_params", "sorted_pairs", "header:", "query:", "secret:",
	"value:", "md5(", "sha1(", "sha256(", "sha512(", "sha256raw(", "base64(", NULL,
};

/* "sha256(body)": the inside is a name too, as far down as that goes. */
static gboolean name_ok(const char *name)
{
	const char *open = strchr(name, '(');
	g_autofree char *inner = NULL;

	for (const char *const *known = ht_signed_names; *known; known++) {
		gsize len = strlen(*known);
		gboolean group = (*known)[len - 1] == ':';

		if (!open && (group ? g_str_has_prefix(name, *known) && name[len] : strcmp(name, *known) == 0))
			return TRUE;
		if (!open || !g_str_has_prefix(name, *known) || (*known)[len - 1] != '(')
			continue;
		if (!g_str_has_suffix(name, ")"))
			return FALSE;
		inner = g_strndup(open + 1, strlen(open + 1) - 1);
		return name_ok(inner);
	}
	return FALSE;
}

ht_fill *ht_signed_new(struct ht_look *look, const char *key, const char *text)
{
	const char *at = text;
	struct hg_template_piece piece;

	while (hg_template_next(&at, "ABCDEFGHIJKLMNOPQRSTUVWXYZ:()", &piece)) {
		g_autofree char *name = piece.name ? g_strndup(piece.name, piece.name_len) : NULL;

		if (name && strchr(name, '(') && !name_ok(name)) {
			ht_wrong(look, key, "${%.60s} means nothing here; md5, sha1, sha256, sha512, sha256raw and base64 take one "
				 "name in parentheses: ${sha256(body)}", name);
			return NULL;
		}
	}
	return ht_fill_new(look, key, text, HT_AS_IS, ht_signed_names, NULL);
}

static gboolean put(GString *out, const char *text)
{
	if (text)
		g_string_append(out, text);
	return text != NULL;
}

static gint by_bytes(gconstpointer a, gconstpointer b)
{
	const struct hg_param *x = *(const struct hg_param *const *)a, *y = *(const struct hg_param *const *)b;
	int order = memcmp(x->name_bytes, y->name_bytes, MIN(x->name_len, y->name_len));

	if (order)
		return order;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	order = memcmp(x->value_bytes, y->value_bytes, MIN(x->value_len, y->value_len));
	return order ? order : x->value_len < y->value_len ? -1 : x->value_len > y->value_len;
}

/* Of the form, or of the URL when there is no body; names by their bytes, a name's values too. */
static gboolean put_sorted(GString *out, const struct ht_asked *asked, const char *between, const char *behind)
{
	const struct hg_http_req *req = asked->req;
	g_autoptr(hg_params) params = req->len ? hg_params_parse(req->body, req->len, NULL)
					       : hg_params_query(req->target ? req->target : "");
	g_autoptr(GPtrArray) sorted = g_ptr_array_new();

	if (!params)
		return FALSE;
	for (gsize i = 0; i < hg_params_len(params); i++)
		g_ptr_array_add(sorted, (gpointer)hg_params_at(params, i));
	g_ptr_array_sort(sorted, by_bytes);
	for (guint i = 0; i < sorted->len; i++) {
		const struct hg_param *param = g_ptr_array_index(sorted, i);

		g_string_append(out, i ? behind : "");
		g_string_append_len(out, param->name_bytes, (gssize)param->name_len);
		g_string_append(out, between);
		g_string_append_len(out, param->value_bytes, (gssize)param->value_len);
	}
	return TRUE;
}

/* "sha256(body)": what is between the parentheses goes through the function before them. */
static gboolean put_function(GString *out, struct ht_asked *asked, const char *name, const char *open)
{
	g_autofree char *function = g_strndup(name, (gsize)(open - name)), *text = NULL;
	g_autofree char *inner = g_strndup(open + 1, strlen(open + 1) - 1);
	gboolean raw = g_str_has_suffix(function, "raw");
	g_autoptr(GString) value = g_string_new(NULL);
	g_autoptr(GBytes) sum = NULL;

	if (!g_str_has_suffix(name, ")") || !ht_signed_value(asked, inner, value))
		return FALSE;
	if (strcmp(function, "base64") == 0) {
		text = hg_base64(value->str, value->len, FALSE);
		return put(out, text);
	}
	if (raw)
		function[strlen(function) - strlen("raw")] = '\0';
	if (!hg_digest_of(function))
		return FALSE;
	sum = hg_digest(hg_digest_of(function), value->str, value->len);
	if (raw)
		g_string_append_len(out, g_bytes_get_data(sum, NULL), (gssize)g_bytes_get_size(sum));
	else
		put(out, text = hg_hex(g_bytes_get_data(sum, NULL), g_bytes_get_size(sum)));
	return TRUE;
}

static gboolean put_named(GString *out, const struct ht_asked *asked, const char *name)
{
	const struct ht_scope *scope = asked->scope;
	g_autofree char *path = g_strconcat("$", name, NULL), *why = NULL, *text = NULL;
	g_autoptr(ht_path) found = ht_path_new(path, FALSE, &why);

	text = found ? ht_path_text(found, scope) : NULL;
	return put(out, text);
}

/* The characters that HubSpot decodes before it signs, and no others (Validating requests, "Validate the v3 request
 * signature"). */
static void put_decoded(GString *out, const char *url)
{
	static const char decoded[] = ":/?@!$'()*,;";

	for (const char *at = url; *at; at++) {
		int high = *at == '%' ? g_ascii_xdigit_value(at[1]) : -1, low = high < 0 ? -1 : g_ascii_xdigit_value(at[2]);
		char c = (char)(high * 16 + low);

		if (high < 0 || low < 0 || !c || !strchr(decoded, c)) {
			g_string_append_c(out, *at);
		} else {
			g_string_append_c(out, c);
			at += 2;
		}
	}
}

gboolean ht_signed_value(void *ctx, const char *name, GString *out)
{
	struct ht_asked *asked = ctx;
	const struct hg_http_req *req = asked->req;
	const char *open = strchr(name, '('), *query = req->target ? strchr(req->target, '?') : NULL;

	if (open)
		return put_function(out, asked, name, open);
	if (strcmp(name, "body") == 0) {
		g_string_append_len(out, req->body, (gssize)req->len);
		return TRUE;
	}
	if (strcmp(name, "method") == 0)
		return put(out, req->method);
	if (strcmp(name, "url") == 0)
		return put(out, asked->url);
	if (strcmp(name, "url_decoded") == 0 && asked->url) {
		put_decoded(out, asked->url);
		return TRUE;
	}
	if (strcmp(name, "url_base") == 0 && asked->url) {
		g_string_append_len(out, asked->url, (gssize)strcspn(asked->url, "?"));
		return TRUE;
	}
	if (strcmp(name, "query") == 0)
		return put(out, query ? query + 1 : "");
	if (strcmp(name, "sorted_params") == 0)
		return put_sorted(out, asked, "", "");
	if (strcmp(name, "sorted_pairs") == 0)
		return put_sorted(out, asked, "=", "&");
	return strchr(name, ':') && put_named(out, asked, name);
}
