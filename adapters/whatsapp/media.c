/* media.c - files that come by id: how they are named, asked for and fetched
 *
 * An id leads to a URL that lives five minutes and wants the same token, so it is asked for anew on
 * each attempt, and the token goes to the hosts it belongs to and nowhere else. */
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "condition.h"
#include "media.h"
#include "pick.h"

#define ID_MAX     128
#define SHA_BYTES  32
#define FETCH_MS   INT64_C(300000)	/* of a whole download */

bool wa_media_id_ok(const char *id)
{
	size_t len = strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-");

	return len && !id[len] && len <= ID_MAX;
}

const char *wa_media_ref(struct wa_pool *pool, const char *number, const char *id)
{
	return wa_fmt(pool, "%s/%s", number, id);
}

static const char *hex_of(struct wa_pool *pool, const unsigned char *bytes)
{
	char *hex = wa_new(pool, 2 * SHA_BYTES + 1);

	for (size_t i = 0; i < SHA_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return hex;
}

const char *wa_media_sha256(struct wa_pool *pool, const char *said)
{
	unsigned char bytes[3 * 16];
	size_t len = said ? strlen(said) : 0;

	if (len == 2 * SHA_BYTES && strspn(said, "0123456789abcdefABCDEF") == len) {
		char *hex = wa_dup(pool, said);

		for (char *c = hex; *c; c++)
			*c = *c >= 'A' && *c <= 'F' ? (char)(*c - 'A' + 'a') : *c;
		return hex;
	}
	/* 44 characters of base64, of which the last is padding: 33 bytes, the last of them void */
	if (len != 44 || said[43] != '=' || said[42] == '=' ||
	    EVP_DecodeBlock(bytes, (const unsigned char *)said, 44) != SHA_BYTES + 1)
		return NULL;
	return hex_of(pool, bytes);
}

/* ---- fetching ---- */

struct fetching {
	struct whatsapp *wa;
	struct wa_pool *pool;		/* ours */
	uint64_t ticket;
};

__attribute__((format(printf, 3, 4)))
static void give_up(struct fetching *f, int kind, const char *fmt, ...)
{
	struct hg_err err = { .kind = kind };
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(err.text, sizeof(err.text), fmt, ap);
	va_end(ap);
	f->wa->host->fetched(f->wa->ch, f->ticket, NULL, &err);
}

static void fetching_free(struct fetching *f)
{
	wa_pool_free(f->pool);
	free(f);
}

/* The URL with the carrier's host in the place of Meta's. */
static const char *rewrite(struct fetching *f, const char *url)
{
	const char *host = f->wa->conf->media_host, *rest = strstr(url, "://");

	if (!host || !*host || !rest)
		return url;
	rest += 3;
	return wa_fmt(f->pool, "https://%s%s", host, rest + strcspn(rest, "/?#"));
}

static bool equal(const char *a, const char *b)
{
	return a && b && !strcmp(a, b);
}

/* The admin named base_url and media_host, so those may be private; any other place is a stranger's
 * word: Meta's media host only, by https, and no private address. */
static void hand_over(struct fetching *f, const char *url)
{
	const struct wa_conf *conf = f->wa->conf;
	const char *hosts[] = { WA_MEDIA_HOST, wa_api_host(f->pool, conf->base_url), NULL };
	const char *headers[] = { wa_api_auth(f->pool, conf), NULL };
	const char *to = rewrite(f, url), *origin = wa_api_origin(f->pool, to);
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = to, .headers = headers,
		.timeout_ms = FETCH_MS, .max_reply = WA_FILE_MAX,
	};

	if (!origin) {
		give_up(f, HG_ERR_INPUT, "the provider's media URL is no plain URL");
		return;
	}
	get.stranger = to == url && !equal(origin, wa_api_origin(f->pool, conf->base_url));
	if (get.stranger) {
		get.hosts = hosts;
		if (strncmp(origin, "https:", 6)) {
			give_up(f, HG_ERR_INPUT, "the provider's media URL is not https");
			return;
		}
	}
	f->wa->host->fetched(f->wa->ch, f->ticket, &get, NULL);
}

static void refused(struct fetching *f, const struct hg_http_answer *answer, struct json_object *root)
{
	const struct wa_error *error;
	struct wa_failure failure;

	wa_error_read(f->pool, wa_obj(root, "error"), &failure);
	if ((failure.code == 100 && failure.subcode == 33) || (failure.code < 0 && answer->status == 404)) {
		give_up(f, HG_ERR_GONE, "WhatsApp no longer has this file: media ids live 7 days");
		return;
	}
	error = wa_error_of(failure.code, failure.subcode);
	if (failure.code >= 0 && error->condition) {
		wa_condition_failed(f->wa, error, &failure);
		give_up(f, HG_ERR_DENIED, "%.180s", error->advice);
	} else
		give_up(f, HG_ERR_BUSY, "WhatsApp did not hand out the file (HTTP %d, %d: %.120s)",
			answer->status, failure.code, failure.text);
}

static void located(void *arg, const struct hg_http_answer *answer)
{
	struct fetching *f = arg;
	struct hg_err err = { 0 };
	struct json_object *root = NULL;
	const char *url;

	if (!answer->status) {
		give_up(f, HG_ERR_BUSY, "%s", answer->error ? answer->error : "no answer");
		fetching_free(f);
		return;
	}
	root = f->wa->host->json(answer->body ? answer->body : "", answer->len, &err);
	url = wa_text(root, "url");
	if (answer->status < 200 || answer->status > 299)
		refused(f, answer, root);
	else if (!url)
		give_up(f, HG_ERR_BROKEN, "WhatsApp's answer names no URL of the file");
	else
		hand_over(f, url);
	json_object_put(root);
	fetching_free(f);
}

void wa_media_fetch(void *state, uint64_t ticket, const char *ref)
{
	struct whatsapp *wa = state;
	const char *slash = strchr(ref, '/');
	struct fetching *f = calloc(1, sizeof(*f));
	struct hg_http_call get = { .size = sizeof(get), .method = "GET" };
	const char *headers[2] = { NULL, NULL };

	if (!f)
		abort();
	f->wa = wa;
	f->pool = wa_pool_new();
	f->ticket = ticket;
	if (!slash || !wa_media_id_ok(slash + 1)) {
		give_up(f, HG_ERR_GONE, "this is no reference to a file of WhatsApp");
		fetching_free(f);
		return;
	}
	headers[0] = wa_api_auth(f->pool, wa->conf);
	get.headers = headers;
	get.timeout_ms = wa->conf->timeout;
	get.url = wa_api_media_url(f->pool, wa->conf, wa_dupn(f->pool, ref, (size_t)(slash - ref)), slash + 1);
	wa->host->http(wa->ch, &get, located, f);
}
