/* telnyx_send.c - one planned part goes to the provider; what the API's answers mean; which call downloads a file
 *
 * There is no idempotency key.  Our key stands in the query of webhook_url, which each event repeats and signs. */
#include "telnyx_send.h"

#include <string.h>

#include "arena.h"
#include "json.h"
#include "outside_url.h"
#include "telnyx_errors.h"
#include "telnyx_plan.h"
#include "telnyx_read.h"

#define FETCH_MS 300000

struct sending {			/* one call under way */
	struct telnyx *t;
	guint64 ticket;
	char *to, *from, *key;		/* ours; from may be NULL */
};

char *telnyx_url(const struct telnyx_conf *conf, const char *path)
{
	g_autofree char *root = g_strdup(conf->base_url);
	gsize len = strlen(root);

	while (len && root[len - 1] == '/')
		root[--len] = '\0';
	return g_strconcat(root, path, NULL);
}

char *telnyx_auth(const struct telnyx_conf *conf)
{
	return g_strconcat("Authorization: Bearer ", conf->api_key, NULL);
}

void telnyx_verdict(const struct hg_http_answer *answer, struct json_object *root, struct hg_result *ret)
{
	const struct hg_verdict *row;
	gint64 wait = hg_verdict_after(answer);
	const char *words = NULL;

	hg_verdict_http(answer, ret);
	if (answer->status / 100 == 2)
		return;
	ret->code = telnyx_error(root, &words);
	ret->text = ret->text ? ret->text : words;
	row = hg_verdict_find(telnyx_errors, ret->code);
	if (row && answer->status)
		hg_verdict_put(row, ret);
	/* It says how long; a row's time is a guess. */
	if (ret->fate == HG_RETRY && wait)
		ret->retry_ms = wait;
}

/* ---- sending ---- */

static void finish(struct sending *s, const struct hg_result *result)
{
	s->t->host->sent(s->t->ch, s->ticket, result);
	g_free(s->to);
	g_free(s->from);
	g_free(s->key);
	g_free(s);
}

static void fail(struct sending *s, const char *text, const char *advice)
{
	struct hg_result result = { .size = sizeof(result), .fate = HG_FAILED, .text = text, .advice = advice };

	finish(s, &result);
}

static void stored(void *arg, int outcome)
{
	(void)arg;
	(void)outcome;			/* said again by the next refusal */
}

/* The customer has stopped us over there: said by the failed send, and kept as his state. */
static void tell_consent(struct sending *s, const struct hg_result *result)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_in in;
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	telnyx_consent(s->to, s->from, s->key, result->code, result->text, arena, &in);
	s->t->host->emit(s->t->ch, &batch, stored, NULL);
}

static void taken(struct json_object *root, struct hg_result *ret)
{
	ret->id = hg_json_str(hg_json_obj(root, "data"), "id");
	if (ret->id && *ret->id)
		return;
	ret->fate = HG_AMBIGUOUS;
	ret->text = "the provider's answer names no message";
	ret->advice = "It may have arrived: an event of the provider will say so.";
}

static void posted(void *arg, const struct hg_http_answer *answer)
{
	struct sending *s = arg;
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;
	struct hg_result result = { .size = sizeof(result) };
	const struct hg_verdict *row;

	telnyx_verdict(answer, root, &result);
	if (result.fate == HG_SENT)
		taken(root, &result);
	hg_health_result(&s->t->health, answer, &result);
	row = hg_verdict_find(telnyx_errors, result.code);
	if (row && row->consent && result.fate == HG_FAILED)
		tell_consent(s, &result);
	finish(s, &result);
}

static void post(struct sending *s, struct json_object *body)
{
	const struct telnyx_conf *conf = s->t->conf;
	gboolean group = hg_json_arr(body, "to") != NULL;
	g_autofree char *url = telnyx_url(conf, group ? "/v2/messages/group_mms" : "/v2/messages"), *auth = telnyx_auth(conf);
	const char *headers[] = { auth, "Content-Type: application/json", "Accept: application/json", NULL };
	const char *text = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	struct hg_http_call call = { .size = sizeof(call), .method = "POST", .url = url, .headers = headers, .body = text,
				     .len = strlen(text), .timeout_ms = conf->timeout };

	s->t->host->http(s->t->ch, &call, posted, s);
}

/* The file of this part, lent to the provider; FALSE: the part has failed for it. */
static gboolean add_file(struct sending *s, const struct hg_out *out, struct json_object *body)
{
	struct telnyx *t = s->t;
	gsize index = (gsize)hg_json_int(body, TELNYX_FILE, 0), step = out->file_size ? out->file_size : sizeof(struct hg_file);
	const struct hg_file *file = index < out->n_files ? (const void *)((const char *)out->files + index * step) : NULL;
	g_autoptr(GError) error = NULL;
	g_autofree char *name = NULL, *url = NULL;
	struct json_object *urls;

	if (file && file->path)
		name = hg_lent_add(t->lent, file->path, file->type, TELNYX_MMS_MAX, t->conf->api_key, s->key,
				   t->host->now_ms(t->ch), &error);
	if (!name) {
		fail(s, error ? error->message : "the file of this part is missing",
		     "Attach the file again and send it once more.");
		return FALSE;
	}
	url = hg_outside_with(t->conf->webhook_url, "file", name);
	urls = json_object_new_array();
	json_object_array_add(urls, json_object_new_string(url));
	json_object_object_del(body, TELNYX_FILE);
	json_object_object_add(body, "media_urls", urls);
	return TRUE;
}

void telnyx_send(void *state, const struct hg_out *out)
{
	struct sending *s = g_new0(struct sending, 1);
	g_autoptr(json_object) body = out->len ? hg_json_parse(out->body, out->len, NULL, NULL) : NULL;
	g_autofree char *callback = NULL;

	s->t = state;
	s->ticket = out->ticket;
	s->to = g_strdup(out->to);
	s->from = g_strdup(out->from);
	s->key = g_strdup(out->key);
	if (!body || !json_object_is_type(body, json_type_object)) {
		fail(s, "this part has no body that can be read", NULL);
		return;
	}
	if (json_object_object_get_ex(body, TELNYX_FILE, NULL) && !add_file(s, out, body))
		return;
	callback = hg_outside_with(s->t->conf->webhook_url, "key", out->key);
	json_object_object_add(body, "webhook_url", json_object_new_string(callback));
	post(s, body);
}

/* ---- files that come ---- */

/* Their URLs are public and short-lived; they get no credentials, and no private address is reached by them. */
void telnyx_fetch(void *state, uint64_t ticket, const char *ref)
{
	static const char *const hosts[] = { ".telnyx.com", ".telnyxstorage.com", ".amazonaws.com", "s3.amazonaws.com",
					     "media.telnyx.com", NULL };
	struct telnyx *t = state;
	gboolean own = hg_same_origin(ref, t->conf->base_url);
	struct hg_err err = { .kind = HG_ERR_GONE };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = ref, .timeout_ms = FETCH_MS, .max_reply = 64 << 20,
				    .stranger = !own, .hosts = own ? NULL : hosts };

	if (own || g_str_has_prefix(ref, "https://")) {
		t->host->fetched(t->ch, ticket, &get, NULL);
		return;
	}
	g_strlcpy(err.text, "the provider's URL of the file is not https", sizeof(err.text));
	t->host->fetched(t->ch, ticket, NULL, &err);
}
