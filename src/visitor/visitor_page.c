/* visitor_page.c - GET and POST /chat/NAME
 *
 * Where scripts run the page is the widget and nothing else, and knows nobody.  The form in it is a client of the client
 * API like any other: what it asks goes the same way (visitor_inner.h), with the token in a cookie that no other site's
 * page can have sent (SameSite=Strict, RFC 6265bis section 5.2). */
#include "visitor_page.h"

#include <string.h>

#include "colour.h"
#include "cookie.h"
#include "params.h"
#include "text.h"
#include "visitor_inner.h"

#define FIELD_MAX 400			/* bytes of a field that is shown again */

struct page {				/* a request's own */
	struct visitor_page view;
	hg_params *form;		/* POST; NULL: GET */
	char *token;			/* of the cookie, then the new one; or NULL */
	gboolean had;			/* a cookie came */
	char nonce[HG_PAGE_NONCE_SIZE], id[HG_PAGE_NONCE_SIZE];
	char *wrong;			/* ours: what view.wrong says */
	int status;			/* of the answer; 0: 200 */
};

static void page_free(void *arg)
{
	struct page *page = arg;

	json_object_put(page->view.messages);
	hg_params_free(page->form);
	g_free(page->token);
	g_free(page->wrong);
	g_free(page);
}

/* ---- the answer ---- */

static gboolean is_https(const struct visitor_call *call)
{
	return call->conf->gateway.public_url && g_str_has_prefix(call->conf->gateway.public_url, "https://");
}

/* For this page alone, and gone when the session cannot be renewed any more. */
static char *cookie(const struct visitor_call *call, const char *token)
{
	gint64 age_s = (call->set->session.life_ms + call->set->session.remember_ms) / 1000;

	return g_strdup_printf("Set-Cookie: " HG_PAGE_COOKIE "=%s; Path=/chat/%s; Max-Age=%" G_GINT64_FORMAT
			       "; HttpOnly; SameSite=Strict%s", token ?: "", call->channel->name, token ? age_s : 0,
			       is_https(call) ? "; Secure" : "");
}

/* A referrer tells our own page where a form came from, and nobody else. */
#define PAGE_HEADERS "Referrer-Policy: same-origin", "Cross-Origin-Opener-Policy: same-origin-allow-popups", \
	"Permissions-Policy: geolocation=(), microphone=(self), camera=(self)", "Vary: Accept-Language, Cookie"

static void answer(struct visitor_call *call, const struct page *page, const GString *html)
{
	const struct hg_visitor_conf *set = call->set;
	g_autofree char *policy = hg_page_policy(set ? set->origins : NULL, page->view.embed, set ? set->theme.logo : NULL,
						 call->conf->gateway.public_url, page->nonce);
	g_autofree char *session = set && (page->token || page->had) ? cookie(call, page->token) : NULL;
	const char *headers[] = { policy, PAGE_HEADERS, session, NULL };

	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = page->status ? page->status : 200,
		.type = "text/html; charset=utf-8", .headers = headers, .body = html->str, .len = html->len });
	hg_visitor_finish(call);
}

static void write_page(struct visitor_call *call)
{
	struct page *page = call->extra;
	g_autoptr(GString) html = hg_page_write(&page->view);

	answer(call, page, html);
}

/* People see this, not programs. */
static void notice(struct visitor_call *call, int status)
{
	struct page *page = call->extra;
	g_autoptr(GString) html = hg_page_write_notice(page->view.language, call->conf->gateway.name, "down");

	g_clear_error(&call->error);
	page->status = status;
	answer(call, page, html);
}

/* ---- what is asked ---- */

static void random_word(const struct visitor_call *call, char ret[HG_PAGE_NONCE_SIZE])
{
	struct hg_env *env = hg_loop_env(call->visitors->env.loop);
	g_autofree char *text = NULL;
	guint8 bytes[16];

	env->random(env, bytes, sizeof bytes);
	text = hg_base64(bytes, sizeof bytes, TRUE);
	g_strlcpy(ret, text, HG_PAGE_NONCE_SIZE);
}

static void fill_look(struct visitor_call *call, struct visitor_page *view)
{
	const struct hg_visitor_conf *set = call->set;
	guint32 accent = 0;

	view->channel = call->channel->name;
	view->title = set->title ? set->title : call->conf->gateway.name;
	view->greeting = hg_visitor_text(set->greeting, view->language);
	view->logo = set->theme.logo;
	view->accent = set->theme.accent;
	view->on_accent = set->theme.on_accent ? set->theme.on_accent
			  : hg_colour_parse(set->theme.accent, &accent) ? hg_colour_on(accent) : "#ffffff";
	view->mode = set->theme.mode;
	view->text_max = set->text_max;
	/* Who has to be vouched for has a script that says so. */
	view->form = set->form && !set->identity.required;
	view->ask = set->prechat.ask;
	view->require = set->prechat.require;
}

static struct page *page_new(struct visitor_call *call)
{
	struct page *page = g_new0(struct page, 1);
	struct visitor_page *view = &page->view;

	call->extra = page;
	call->extra_free = page_free;
	random_word(call, page->nonce);
	random_word(call, page->id);
	view->nonce = page->nonce;
	view->id = page->id;
	view->embed = hg_request_query(call->req, "embed") != NULL;
	view->plain = hg_request_query(call->req, "plain") != NULL;
	view->language = "en";
	return page;
}

/* FALSE: answered. */
static gboolean begin(struct visitor_call *call)
{
	struct page *page = page_new(call);
	const char *accepted = hg_request_header(call->req, "Accept-Language");

	page->view.language = hg_page_language(accepted, NULL);
	if (!hg_visitor_choose(call, call->param[0]) || !call->set->page) {
		gboolean busy = g_error_matches(call->error, HG_ERROR, HG_ERROR_BUSY);

		call->set = NULL;
		notice(call, busy ? 503 : 404);
		return FALSE;
	}
	page->view.language = hg_page_language(accepted, call->set->languages);
	fill_look(call, &page->view);
	page->token = hg_cookie_get(hg_request_header(call->req, "Cookie"), HG_PAGE_COOKIE, HG_VISITOR_TOKEN_MAX);
	page->had = page->token != NULL;
	return TRUE;
}

/* ---- what was said before, for the form ---- */

static void have_messages(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;

	if (inner->out)
		page->view.messages = json_object_get(hg_json_arr(inner->out, "messages"));
	write_page(call);
}

static void have_threads(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;
	struct json_object *list = hg_json_arr(inner->out, "threads");
	const char *id = list && json_object_array_length(list) ? hg_json_str(json_object_array_get_idx(list, 0), "id") : NULL;
	g_autofree char *path = NULL;

	if (!id) {
		write_page(call);
		return;
	}
	path = g_strdup_printf("/client/v1/threads/%s/messages", id);
	hg_visitor_inner(call, "GET", path, NULL, page->token, have_messages);
}

/* A session that is over is forgotten: the next message begins another. */
static void have_session(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;
	const char *token = hg_json_str(inner->out, "token");

	g_free(page->token);
	page->token = g_strdup(token);
	if (token)
		hg_visitor_inner(call, "GET", "/client/v1/threads", NULL, token, have_threads);
	else
		write_page(call);
}

static struct json_object *session_body(const struct visitor_call *call, const struct page *page)
{
	struct json_object *body = json_object_new_object();
	const char *website = page->form ? hg_params_get(page->form, "website") : NULL;

	json_object_object_add(body, "channel", json_object_new_string(call->channel->name));
	json_object_object_add(body, "locale", json_object_new_string(page->view.language));
	if (page->token)
		json_object_object_add(body, "token", json_object_new_string(page->token));
	if (website)
		json_object_object_add(body, "website", json_object_new_string(website));
	return body;
}

void hg_page_get(struct visitor_call *call)
{
	struct page *page;

	if (!begin(call))
		return;
	page = call->extra;
	if (page->token && page->view.form)
		hg_visitor_inner(call, "POST", "/client/v1/session", session_body(call, page), NULL, have_session);
	else
		write_page(call);
}

/* ---- POST: the form ---- */

static const char *field(const struct page *page, const char *name)
{
	const char *value = hg_params_get(page->form, name);

	return value && strlen(value) <= FIELD_MAX ? value : NULL;
}

/* What is wrong, in his language where the widget has words for it. */
static const char *word_of(const char *problem)
{
	return strcmp(problem, "too-many") == 0 || strcmp(problem, "proof-required") == 0 ? "busy"
	       : strcmp(problem, "profile-required") == 0 ? "needed" : NULL;
}

/* The page again, with what he wrote: nothing of it is to be typed twice. */
static void refuse(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;
	struct visitor_page *view = &page->view;
	const char *word = word_of(inner->word);

	page->wrong = word ? hg_page_word(view->language, word) : g_strdup(inner->detail);
	page->status = inner->status;
	view->wrong = page->wrong;
	view->text = hg_params_get(page->form, "text");
	view->name = field(page, "name");
	view->email = field(page, "email");
	view->phone = field(page, "phone");
	view->plain = TRUE;
	write_page(call);
}

/* Behind it the browser asks for the page, so that a reload sends nothing again (RFC 9110, section 15.4.4). */
static void said(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;
	g_autofree char *session = NULL, *where = NULL;

	if (inner->status >= 400) {
		refuse(call, inner);
		return;
	}
	session = cookie(call, page->token);
	where = g_strdup_printf("Location: /chat/%s?plain=1", call->channel->name);
	hg_request_answer(g_steal_pointer(&call->req), &(struct hg_answer){ .status = 303,
		.headers = (const char *const[]){ where, session, "Referrer-Policy: same-origin", NULL } });
	hg_visitor_finish(call);
}

static struct json_object *said_body(const struct page *page)
{
	static const char *const asked[] = { "name", "email", "phone" };
	struct json_object *body = json_object_new_object(), *profile = json_object_new_object();

	for (guint i = 0; i < G_N_ELEMENTS(asked); i++) {
		const char *value = field(page, asked[i]);

		if (value && *value)
			json_object_object_add(profile, asked[i], json_object_new_string(value));
	}
	json_object_object_add(body, "id", json_object_new_string(field(page, "id") ?: page->id));
	json_object_object_add(body, "text", json_object_new_string(hg_params_get(page->form, "text") ?: ""));
	json_object_object_add(body, "locale", json_object_new_string(page->view.language));
	json_object_object_add(body, "profile", profile);
	return body;
}

static void say(struct visitor_call *call, const struct visitor_inner *inner)
{
	struct page *page = call->extra;
	const char *token = hg_json_str(inner->out, "token");

	/* His session is over: he goes on as somebody new. */
	if (!token && page->token && inner->status == 401) {
		g_clear_pointer(&page->token, g_free);
		hg_visitor_inner(call, "POST", "/client/v1/session", session_body(call, page), NULL, say);
		return;
	}
	if (!token) {
		refuse(call, inner);
		return;
	}
	g_free(page->token);
	page->token = g_strdup(token);
	hg_visitor_inner(call, "POST", "/client/v1/threads", said_body(page), page->token, said);
}

/* A browser says where a form comes from (Fetch standard, section 3.2; Fetch Metadata): from here, or it is none of ours. */
static gboolean is_from_here(struct visitor_call *call)
{
	const char *origin = hg_request_header(call->req, "Origin"), *site = hg_request_header(call->req, "Sec-Fetch-Site");

	return (!origin || hg_visitor_origin_own(call, origin)) && (!site || strcmp(site, "same-origin") == 0);
}

void hg_page_post(struct visitor_call *call)
{
	struct page *page;
	const char *body;
	gsize len;

	if (!begin(call))
		return;
	page = call->extra;
	body = hg_request_body(call->req, &len);
	page->form = hg_params_parse(body, len, NULL);
	if (!page->form || !page->view.form || !is_from_here(call))
		notice(call, 403);
	else
		hg_visitor_inner(call, "POST", "/client/v1/session", session_body(call, page), NULL, say);
}
