/* twilio_sign.c - is this request Twilio's?  HMAC-SHA1 over the URL and all parameters
 *
 * Source: Twilio, "Webhooks security"; where that says nothing (repeated names, ports, queries), what its libraries for
 * Node and Python do. */
#include "twilio_sign.h"

#include <string.h>

#include "proof.h"

/* ---- what is signed ---- */

static int compare_bytes(const char *a, gsize a_len, const char *b, gsize b_len)
{
	int order = memcmp(a, b, MIN(a_len, b_len));

	return order ? order : (a_len > b_len) - (a_len < b_len);
}

static int compare_params(const void *a, const void *b)
{
	const struct hg_param *x = *(const struct hg_param *const *)a, *y = *(const struct hg_param *const *)b;
	int order = compare_bytes(x->name_bytes, x->name_len, y->name_bytes, y->name_len);

	return order ? order : compare_bytes(x->value_bytes, x->value_len, y->value_bytes, y->value_len);
}

/* Names in order, each with its value behind it; one value of a name counts once. */
static GString *joined(const hg_params *params)
{
	gsize n = hg_params_len(params);
	g_autofree const struct hg_param **sorted = g_new(const struct hg_param *, n + 1);
	GString *out = g_string_new(NULL);

	for (gsize i = 0; i < n; i++)
		sorted[i] = hg_params_at(params, i);
	qsort(sorted, n, sizeof(*sorted), compare_params);
	for (gsize i = 0; i < n; i++) {
		if (i && !compare_params(&sorted[i - 1], &sorted[i]))
			continue;
		g_string_append_len(out, sorted[i]->name_bytes, (gssize)sorted[i]->name_len);
		g_string_append_len(out, sorted[i]->value_bytes, (gssize)sorted[i]->value_len);
	}
	return out;
}

/* ---- spellings of the URL ---- */

/* The URL with its port shown where it is the scheme's own, or without it. */
static char *with_port(const char *url, gboolean port)
{
	gboolean tls = g_str_has_prefix(url, "https://");
	const char *own = tls ? ":443" : ":80", *colons = strstr(url, "://");
	const char *host = colons ? colons + 3 : url, *end = host + strcspn(host, "/?#");
	const char *bracket = memchr(host, ']', (gsize)(end - host));
	const char *from = bracket ? bracket : host, *colon = memchr(from, ':', (gsize)(end - from));
	g_autofree char *head = g_strndup(url, (gsize)((colon ? colon : end) - url));

	if (colon && strncmp(colon, own, (gsize)(end - colon)))
		return g_strdup(url);		/* another port is always shown */
	return g_strconcat(head, port ? own : "", end, NULL);
}

/* The query as it is written by those who take it apart first: RFC 3986 and "!'()*" stay as they are. */
static char *written_anew(const char *url)
{
	g_autoptr(hg_params) query = hg_params_query(url);
	GString *out = g_string_new_len(url, (gssize)strcspn(url, "?"));

	for (gsize i = 0; i < hg_params_len(query); i++) {
		g_string_append_c(out, i ? '&' : '?');
		g_string_append_uri_escaped(out, hg_params_at(query, i)->name, "!'()*", FALSE);
		g_string_append_c(out, '=');
		g_string_append_uri_escaped(out, hg_params_at(query, i)->value, "!'()*", FALSE);
	}
	return g_string_free(out, FALSE);
}

/* ---- does it hold? ---- */

static gboolean holds(const char *url, const GString *pairs, char *const *keys, const char *header)
{
	g_autofree char *data = g_malloc(strlen(url) + pairs->len + 1);
	gsize len = strlen(url);
	gboolean ok = FALSE;

	memcpy(data, url, len);
	memcpy(data + len, pairs->str, pairs->len);
	for (; *keys; keys++)		/* all of them, whichever fits */
		ok |= hg_mac_is(HG_SHA1, *keys, strlen(*keys), data, len + pairs->len, header);
	return ok;
}

static gboolean holds_somehow(const char *url, const GString *pairs, char *const *keys, const char *header)
{
	g_autofree char *anew = strchr(url, '?') ? written_anew(url) : NULL;
	const char *const spellings[] = { url, anew };
	gboolean ok = FALSE;

	for (gsize i = 0; i < G_N_ELEMENTS(spellings) && spellings[i] && !ok; i++) {
		g_autofree char *bare = with_port(spellings[i], FALSE), *full = with_port(spellings[i], TRUE);

		ok = holds(bare, pairs, keys, header) || holds(full, pairs, keys, header);
	}
	return ok;
}

gboolean twilio_signed(const char *url, const hg_params *params, char *const *keys, const char *header)
{
	g_autoptr(GString) pairs = NULL;

	if (!header || !keys)
		return FALSE;
	pairs = joined(params);
	return holds_somehow(url, pairs, keys, header);
}

gboolean twilio_signed_body(const char *url, const void *body, gsize len, char *const *keys, const char *header)
{
	g_autoptr(hg_params) query = hg_params_query(url);

	return hg_digest_is(HG_SHA256, body, len, hg_params_get(query, "bodySHA256")) &&
	       twilio_signed(url, NULL, keys, header);
}
