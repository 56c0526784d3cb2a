/* back_hear.c - a request of a helpdesk, from its bytes to its changes and its answer
 *
 * It is judged over the bytes as they came, before anything is made of them. */
#include "back_made.h"

#include <string.h>

#include "desk.h"
#include "http_tree.h"
#include "outside_url.h"
#include "proof.h"
#include "text.h"

#define ECHO_MAX 4096		/* bytes of a challenge */

struct hearing {
	const struct hg_back_given *given;
	const hg_back *back;
	const struct hg_http_req *req;
	struct hg_back_heard *heard;
	struct ht_scope scope;
};

static const char *get_header(const void *from, const char *name)
{
	const struct hg_http_req *req = from;

	return req->header(req, name);
}

static const char *get_query(const void *from, const char *name)
{
	const struct hg_http_req *req = from;

	return req->query(req, name);
}

/* ---- answers ---- */

/* What it points to lies in the arena afterwards. */
static void set_answer(struct hearing *h, enum ht_outcome which, int status, struct hg_http_outcome *ret)
{
	g_autoptr(GString) body = g_string_new(NULL);

	ht_reply_make(h->back->replies[which], status, &h->scope, ret, body);
	if (ret->body)
		ret->body = hg_arena_mem(h->heard->arena, body->str, body->len);
}

static void refuse(struct hearing *h, int verdict, const char *why)
{
	h->heard->verdict = verdict;
	h->heard->why = hg_arena_str(h->heard->arena, why);
	if (verdict == HG_BACK_FORGED)
		set_answer(h, HT_BAD_SIGNATURE, 401, &h->heard->answer);
	else if (verdict == HG_BACK_UNREADABLE)
		set_answer(h, HT_BAD_PAYLOAD, 400, &h->heard->answer);
	else
		h->heard->answer.status = 405;
}

/* ---- handshakes ---- */

static gboolean token_fits(const struct hearing *h)
{
	g_autofree char *given = ht_pick_text(h->back->verify.token, &h->scope);
	gboolean fits = FALSE;

	for (char **name = h->back->verify.secrets; *name; name++)
		fits |= hg_secret_is(ht_given_value(h->scope.secrets, *name), given);
	return fits;
}

static void shake_hands(struct hearing *h)
{
	g_autofree char *text = ht_pick_text(h->back->verify.echo, &h->scope);
	gsize len = text ? strlen(text) : 0;

	if (!token_fits(h)) {
		refuse(h, HG_BACK_FORGED, "the token of the handshake (verify)");
		return;
	}
	if (!len || len > ECHO_MAX) {
		refuse(h, HG_BACK_UNREADABLE, "there is nothing to answer the handshake with (verify: echo)");
		return;
	}
	h->heard->verdict = HG_BACK_SHAKEN;
	h->heard->answer.type = "text/plain; charset=utf-8";
	h->heard->answer.body = hg_arena_mem(h->heard->arena, text, len);
	h->heard->answer.len = len;
}

/* ---- what it says ---- */

static struct json_object *read_tree(const struct hearing *h, const char *charset, struct hg_err *err)
{
	const char *type = h->req->header(h->req, "Content-Type");
	int shape = h->back->shape ? h->back->shape : ht_shape_of(type);

	if (shape)
		return ht_tree(shape, charset, type, h->req->body, h->req->len, err);
	err->kind = HG_ERR_INPUT;
	g_strlcpy(err->text, "its Content-Type says nothing that is known here, and the preset no type:", sizeof(err->text));
	return NULL;
}

static void read_on(struct hearing *h, const char *charset)
{
	struct hg_err err = { 0 };
	struct json_object *tree = read_tree(h, charset, &err);

	if (!tree) {
		refuse(h, HG_BACK_UNREADABLE, err.text);
		return;
	}
	h->scope.root = h->scope.item = tree;
	hg_back_sort_root(h->given, &h->scope, FALSE, h->back->hook.each, h->heard);
	set_answer(h, h->heard->changes->len ? HT_ACCEPTED : HT_IGNORED, 200, &h->heard->answer);
	set_answer(h, HT_BUSY, 503, &h->heard->busy);
	json_object_put(tree);
}

static void judge(struct hearing *h, const char *url, const char *charset)
{
	struct ht_asked asked = { .req = h->req, .scope = &h->scope, .url = url };
	const char *why = NULL;

	if (strcmp(h->req->method, "GET") == 0 && h->back->verify.echo)
		shake_hands(h);
	else if (strcmp(h->req->method, "POST") != 0)
		refuse(h, HG_BACK_METHOD, "a hook is posted to");
	else if (ht_auth_judge(h->back->auth, &asked, &why) != HT_GENUINE)
		refuse(h, HG_BACK_FORGED, why);
	else
		read_on(h, charset);
}

void hg_back_hear(const struct hg_back_given *given, const struct hg_http_req *req, struct hg_back_heard *ret)
{
	const hg_back *back = given->desk->back;
	g_autofree char *url = given->public_url ? hg_outside_url(given->public_url, req) : NULL, *text = NULL;
	g_autofree char *charset = back->charset ? g_strdup(back->charset) : ht_charset_of(req->header(req, "Content-Type"));
	g_autoptr(ht_memo) memo = ht_memo_new();
	struct hearing h = { .given = given, .back = back, .req = req, .heard = ret };

	hg_back_heard_init(ret);
	h.scope = (struct ht_scope){ .memo = memo, .header = get_header, .query = get_query, .from = req,
		.method = req->method, .url = url, .path = req->path, .peer = req->peer, .now_ms = given->now_ms,
		.secrets = given->desk->secrets, .values = given->desk->values };
	text = ht_utf8(charset, req->body, req->len, &h.scope.len);
	h.scope.body = text;
	judge(&h, url, charset);
}
