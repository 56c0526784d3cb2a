/* http_out.c - `send:` of a description is read */
#include "http_out.h"

#include <string.h>

#include "sms_text.h"
#include "text.h"

#define REQUESTS_MAX 16
#define RATE_MAX     10000

static const char *const keys[] = {
	"requests", "to", "sms", "max_chars", "max_caption", "max_file", "rate", "oauth2", "answer", NULL
};

static void free_request(gpointer request)
{
	ht_request_free(request);
}

void ht_out_free(ht_out *out)
{
	if (!out)
		return;
	g_ptr_array_unref(out->requests);
	ht_answer_free(out->answer);
	g_strfreev(out->to);
	g_free(out->token_url);
	ht_fill_free(out->client_id);
	ht_fill_free(out->client_secret);
	g_free(out->scope);
	g_free(out);
}

/* ---- parts of it ---- */

static void add_request(struct ht_look *look, struct json_object *map, ht_out *out)
{
	ht_request *request = ht_request_new(look, map, TRUE);

	if (request)
		g_ptr_array_add(out->requests, request);
}

static void read_requests(struct ht_look *look, struct json_object *send, ht_out *out)
{
	struct json_object *list = ht_member(look, send, "requests", FALSE);
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0, was, each;

	if (!list) {
		add_request(look, send, out);
		return;
	}
	if (json_object_object_get_ex(send, "url", NULL))
		ht_wrong(look, "url", "each of the requests has its own");
	was = ht_enter(look, "requests");
	if (!n || n > REQUESTS_MAX)
		ht_wrong(look, NULL, "is a list of 1 to %d requests", REQUESTS_MAX);
	for (gsize i = 0; i < MIN(n, REQUESTS_MAX); i++) {
		each = ht_enter_at(look, i);
		if (ht_keys(look, json_object_array_get_idx(list, i), ht_request_keys))
			add_request(look, json_object_array_get_idx(list, i), out);
		ht_leave(look, each);
	}
	ht_leave(look, was);
}

static void read_sms(struct ht_look *look, struct json_object *send, ht_out *out)
{
	static const char *const known[] = { "max_segments", "max_chars", "wide_ref", "coding", NULL };
	static const char *const codings[] = { "by_text", "gsm7", "ucs2", "latin1", "ascii", NULL };
	struct json_object *sms = ht_member(look, send, "sms", FALSE);
	gsize was;

	out->max_chars = (guint)ht_int(look, send, "max_chars", 1, 1000000, 0);
	if (!sms)
		return;
	was = ht_enter(look, "sms");
	if (out->max_chars)
		ht_wrong(look, NULL, "has a max_chars of its own");
	out->sms = TRUE;
	if (ht_keys(look, sms, known)) {
		out->max_segments = (guint)ht_int(look, sms, "max_segments", 1, 255, 0);
		out->max_chars = (guint)ht_int(look, sms, "max_chars", 1, 100000, 0);
		out->wide_ref = ht_bool(look, sms, "wide_ref", FALSE);
		out->coding = MAX(ht_word(look, sms, "coding", codings, 0), 0);
	}
	ht_leave(look, was);
}

static void read_rate(struct ht_look *look, struct json_object *send, ht_out *out)
{
	static const char *const known[] = { "per_second", "burst", "at_once", "contact_gap", "contact_burst", NULL };
	struct json_object *rate = ht_member(look, send, "rate", FALSE);
	gsize was;

	if (!rate)
		return;
	was = ht_enter(look, "rate");
	if (ht_keys(look, rate, known)) {
		out->per_second = ht_int(look, rate, "per_second", 1, RATE_MAX, 0);
		out->burst = ht_int(look, rate, "burst", 1, RATE_MAX, 0);
		out->at_once = ht_int(look, rate, "at_once", 1, RATE_MAX, 0);
		out->contact_gap = ht_span(look, rate, "contact_gap", 0);
		out->contact_burst = ht_int(look, rate, "contact_burst", 1, RATE_MAX, 0);
		if (out->burst && !out->per_second)
			ht_wrong(look, "burst", "says nothing without per_second");
		if (out->contact_burst && !out->contact_gap)
			ht_wrong(look, "contact_burst", "says nothing without contact_gap");
	}
	ht_leave(look, was);
}

static ht_fill *read_credential(struct ht_look *look, struct json_object *map, const char *key)
{
	static const char *const names[] = { "secret:", "value:", NULL };
	g_autofree char *text = ht_text(look, map, key, TRUE);

	return text ? ht_fill_new(look, key, text, HT_WHOLE, names, NULL) : NULL;
}

static void read_oauth(struct ht_look *look, struct json_object *send, ht_out *out)
{
	static const char *const known[] = { "url", "client_id", "client_secret", "scope", "basic", NULL };
	struct json_object *oauth = ht_member(look, send, "oauth2", FALSE);
	gsize was;

	if (!oauth)
		return;
	was = ht_enter(look, "oauth2");
	if (ht_keys(look, oauth, known)) {
		out->token_url = ht_text(look, oauth, "url", TRUE);
		out->client_id = read_credential(look, oauth, "client_id");
		out->client_secret = read_credential(look, oauth, "client_secret");
		out->scope = ht_text(look, oauth, "scope", FALSE);
		out->basic = ht_bool(look, oauth, "basic", FALSE);
		if (out->token_url && !g_str_has_prefix(out->token_url, "https://") &&
		    !g_str_has_prefix(out->token_url, "http://127.0.0.1"))
			ht_wrong(look, "url", "would send a secret in the clear: use https");
	}
	ht_leave(look, was);
}

static void read_to(struct ht_look *look, struct json_object *send, ht_out *out)
{
	static const char *const usual[] = { "tel", "short", NULL };

	out->to = ht_texts(look, send, "to");
	if (!out->to)
		out->to = g_strdupv((char **)usual);
	for (char **scheme = out->to; *scheme; scheme++)
		if (!**scheme || strspn(*scheme, "abcdefghijklmnopqrstuvwxyz0123456789-") != strlen(*scheme))
			ht_wrong(look, "to", "names what stands before the colon of an address: tel, short");
}

static void read_files(struct ht_look *look, struct json_object *send, ht_out *out)
{
	g_autofree char *text = ht_text(look, send, "max_file", FALSE);

	out->max_caption = ht_int(look, send, "max_caption", 0, 100000, 0);
	out->max_file = text ? hg_bytes_parse(text) : 0;
	if (out->max_file < 0)
		ht_wrong(look, "max_file", "is a size: 5MB, 16MiB");
}

static void check_token(struct ht_look *look, const ht_out *out)
{
	for (guint i = 0; i < out->requests->len; i++)
		if (!out->token_url && ht_request_has(out->requests->pdata[i], "token"))
			ht_wrong(look, NULL, "${token} needs oauth2, which says where it comes from");
}

/* ---- the whole ---- */

static gboolean check_keys(struct ht_look *look, struct json_object *send)
{
	const char *all[64];
	gsize n = 0;

	for (gsize i = 0; keys[i]; i++)
		all[n++] = keys[i];
	for (gsize i = 0; ht_request_keys[i]; i++)
		all[n++] = ht_request_keys[i];
	all[n] = NULL;
	return ht_keys(look, send, all);
}

ht_out *ht_out_new(struct ht_look *look, struct json_object *send, const ht_desc *desc)
{
	g_autoptr(ht_out) out = g_new0(ht_out, 1);
	struct json_object *answer;
	guint errors = look->errors;
	gsize was;

	(void)desc;
	out->requests = g_ptr_array_new_with_free_func(free_request);
	if (!check_keys(look, send))
		return NULL;
	read_requests(look, send, out);
	read_to(look, send, out);
	read_sms(look, send, out);
	read_files(look, send, out);
	read_rate(look, send, out);
	read_oauth(look, send, out);
	answer = ht_member(look, send, "answer", FALSE);
	was = ht_enter(look, "answer");
	out->answer = ht_answer_new(look, answer);
	ht_leave(look, was);
	check_token(look, out);
	return look->errors == errors ? g_steal_pointer(&out) : NULL;
}

const ht_request *ht_out_request(const ht_out *out, struct ht_say *say)
{
	for (guint i = 0; i < out->requests->len; i++)
		if (ht_request_fits(out->requests->pdata[i], say))
			return out->requests->pdata[i];
	return NULL;
}
