/* console.c - the console's listener: its page and files, signing in and out, and the way to the API */
#include "console.h"

#include <json-c/json.h>
#include <string.h>

#include "asked.h"
#include "cookie.h"
#include "json.h"
#include "log.h"
#include "sessions.h"
#include "static_files.h"
#include "text.h"

#define COOKIE "hg_console"
#define ASSETS "/assets/"
#define SESSION "/console/session"
#define LOGIN_MAX 4096			/* bytes of the body that signs in */
#define NAME_MAX_BYTES 64

struct hg_console {
	hg_loop *loop;
	hg_api *api;			/* lent */
	hg_conf *conf;			/* ours: a reference */
	hg_server *server;		/* NULL: nothing listens */
	hg_sessions *sessions;
};

/* ---- what every answer of our own says to the browser ---- */

static const char policy[] = "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
	"img-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'; "
	"require-trusted-types-for 'script'; trusted-types 'none'";

static const char *const page_headers[] = { policy, "Referrer-Policy: no-referrer", "X-Frame-Options: DENY",
	"Cross-Origin-Opener-Policy: same-origin", "Cross-Origin-Resource-Policy: same-origin",
	"Permissions-Policy: camera=(), geolocation=(), microphone=()", NULL };

static const char *const file_headers[] = { "Cross-Origin-Resource-Policy: same-origin", NULL };

/* ---- who asks, and from where ---- */

static const struct hg_principal *who_of(hg_console *console, const hg_request *req, char **ret_secret)
{
	g_autofree char *secret = hg_cookie_get(hg_request_header(req, "Cookie"), COOKIE, HG_SESSION_SECRET_MAX);
	const struct hg_principal *who = secret ? hg_sessions_find(console->sessions, secret) : NULL;

	if (ret_secret)
		*ret_secret = who ? g_steal_pointer(&secret) : NULL;
	return who;
}

static gboolean is_look(const hg_request *req)
{
	const char *method = hg_request_method(req);

	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

/* A page of our own, or no page at all: what other sites have a browser ask for is none of ours. */
static gboolean is_ours(const hg_request *req)
{
	const char *origin = hg_request_header(req, "Origin"), *site = hg_request_header(req, "Sec-Fetch-Site");

	if (origin && !hg_origin_is_host(origin, hg_request_header(req, "Host")))
		return FALSE;
	if (site && strcmp(site, "same-origin") != 0 && !(is_look(req) && strcmp(site, "none") == 0))
		return FALSE;
	return is_look(req) || hg_request_header(req, "X-Headgate-Console");
}

static gboolean is_page(const char *path)
{
	return strcmp(path, "/") == 0 || g_str_has_prefix(path, ASSETS);
}

static gboolean is_api(const char *path)
{
	return g_str_has_prefix(path, "/v1/");
}

/* ---- which requests are wanted ---- */

static void refuse(struct hg_server_route *route, int status, const char *type, const char *why)
{
	route->refuse = status;
	route->type = type;
	route->why = why;
}

static void route_api(hg_console *console, const hg_request *req, struct hg_server_route *route)
{
	const struct hg_principal *who = who_of(console, req, NULL);

	if (who)
		hg_api_route_as(console->api, req, who, route);
	else
		refuse(route, 401, HG_PROBLEM_TYPE "unauthorized", "you are not signed in, or not any more");
}

static void route_own(const hg_request *req, struct hg_server_route *route)
{
	const char *method = hg_request_method(req);
	gboolean session = strcmp(hg_request_path(req), SESSION) == 0;

	route->max_body = session && strcmp(method, "POST") == 0 ? LOGIN_MAX : 0;
	if (is_look(req) || (session && (strcmp(method, "POST") == 0 || strcmp(method, "DELETE") == 0)))
		return;
	refuse(route, 405, HG_PROBLEM_TYPE "method-not-allowed", "this path has no such method");
	route->header = session ? "Allow: GET, HEAD, POST, DELETE" : "Allow: GET, HEAD";
}

static void route_request(void *arg, const hg_request *req, struct hg_server_route *route)
{
	hg_console *console = arg;
	const char *path = hg_request_path(req);

	if (!is_page(path) && !is_api(path) && strcmp(path, SESSION) != 0)
		refuse(route, 404, HG_PROBLEM_TYPE "not-found", "the console has nothing at this path");
	else if (!is_page(path) && !is_ours(req))
		refuse(route, 403, HG_PROBLEM_TYPE "forbidden", "only the console's own pages may ask this");
	else if (is_api(path))
		route_api(console, req, route);
	else
		route_own(req, route);
}

/* ---- files ---- */

static void answer_file(hg_request *req)
{
	const char *path = hg_request_path(req);
	gboolean page = strcmp(path, "/") == 0, exact = FALSE;
	const struct hg_static *found = page ? hg_static_get(&hg_console_files, "index.html")
					     : hg_static_find(&hg_console_files, path + strlen(ASSETS), &exact);

	/* The page has its policy at its own path and nowhere else. */
	if (!found || (!page && strcmp(found->file->name, "index.html") == 0))
		hg_request_problem(req, 404, "the console has no such file");
	else
		hg_static_answer(req, found, exact ? HG_STATIC_FOR_EVER : "Cache-Control: no-cache",
				 page ? page_headers : file_headers);
}

/* ---- signing in and out ---- */

static void answer_problem(hg_request *req, const GError *error)
{
	g_autoptr(GString) body = g_string_new(NULL);
	const char *word;
	int status;

	hg_asked_problem(error, &status, &word);
	hg_asked_refuse(body, status, word, error->message, NULL);
	hg_request_answer(req, &(struct hg_answer){ .status = status, .type = "application/problem+json",
		.body = body->str, .len = body->len });
}

static gboolean is_https(const hg_console *console)
{
	return console->conf->console.public_url && g_str_has_prefix(console->conf->console.public_url, "https://");
}

/* secret NULL: takes it away. */
static char *cookie(const hg_console *console, const char *secret)
{
	return g_strdup_printf("Set-Cookie: " COOKIE "=%s; Path=/; Max-Age=%d; HttpOnly; SameSite=Strict%s", secret ?: "",
			       secret ? (int)(HG_SESSION_LIFE_MS / 1000) : 0, is_https(console) ? "; Secure" : "");
}

static void write_session(const hg_console *console, const struct hg_principal *who, const char *secret, GString *out)
{
	gint64 ends_ms = 0;

	hg_sessions_ends(console->sessions, secret, &ends_ms);
	hg_json_open(out, '{');
	hg_json_add_str(out, "principal", who->name);
	hg_json_add_str(out, "role", hg_role_of(who->scopes));
	hg_json_key(out, "scopes");
	hg_json_open(out, '[');
	for (guint i = 0; i < HG_SCOPES; i++)
		if (who->scopes & (1U << i))
			hg_json_put_str(out, hg_scope_word(1U << i));
	hg_json_close(out, ']');
	hg_json_add_time(out, "expires_at", ends_ms);
	hg_json_add_str(out, "gateway", console->conf->gateway.name);
	hg_json_add_str(out, "version", PACKAGE_VERSION);
	hg_json_add_str(out, "public_url", console->conf->gateway.public_url);
	hg_json_close(out, '}');
}

static void answer_session(hg_console *console, hg_request *req, const struct hg_principal *who, const char *secret,
			   gboolean begins)
{
	g_autofree char *set = begins ? cookie(console, secret) : NULL;
	g_autoptr(GString) out = g_string_new(NULL);

	write_session(console, who, secret, out);
	hg_request_answer(req, &(struct hg_answer){ .status = begins ? 201 : 200, .type = "application/json",
		.headers = (const char *const[]){ set, NULL }, .body = out->str, .len = out->len });
}

static void audit(hg_console *console, const hg_request *req, const struct hg_principal *who, const char *action)
{
	hg_api_audit(console->api, &(struct hg_api_deed){ .principal = who->name, .capacity = who->capacity, .action = action,
							  .outcome = "ok", .source = hg_request_peer(req) });
}

static void sign_in(hg_console *console, hg_request *req)
{
	static const struct call_member known[] = { { "secret", CALL_TEXT, HG_SESSION_SECRET_MAX }, { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) body = hg_asked_body(req, known, &error);
	const char *given = body ? hg_json_str(body, "secret") : NULL;
	const struct hg_principal *who;
	g_autofree char *secret = body ? hg_sessions_open(console->sessions, given ?: "", &who, &error) : NULL;

	if (!secret) {
		struct hg_ctx ctx = HG_CTX(NULL, "peer", hg_request_peer(req));

		hg_warn(&ctx, "console.refused", "%s", error->message);
		answer_problem(req, error);
		return;
	}
	hg_info(NULL, "console.signed_in", "%s, as %s", who->name, hg_role_of(who->scopes));
	audit(console, req, who, "console.sign_in");
	answer_session(console, req, who, secret, TRUE);
}

static void sign_out(hg_console *console, hg_request *req, const struct hg_principal *who, const char *secret)
{
	gboolean everywhere = g_strcmp0(hg_request_query(req, "everywhere"), "true") == 0;
	g_autofree char *unset = cookie(console, NULL);

	audit(console, req, who, "console.sign_out");
	hg_info(NULL, "console.signed_out", "%u sessions ended", hg_sessions_end(console->sessions, secret, everywhere));
	hg_request_answer(req, &(struct hg_answer){ .status = 204,
		.headers = (const char *const[]){ unset, "Clear-Site-Data: \"cache\", \"storage\"", NULL } });
}

static void handle_session(hg_console *console, hg_request *req)
{
	const char *method = hg_request_method(req);
	g_autofree char *secret = NULL;
	const struct hg_principal *who;

	if (strcmp(method, "POST") == 0) {
		sign_in(console, req);
		return;
	}
	who = who_of(console, req, &secret);
	if (!who)
		hg_request_problem(req, 401, "you are not signed in, or not any more");
	else if (strcmp(method, "DELETE") == 0)
		sign_out(console, req, who, secret);
	else
		answer_session(console, req, who, secret, FALSE);
}

static void handle(void *arg, hg_request *req)
{
	hg_console *console = arg;
	const char *path = hg_request_path(req);
	const struct hg_principal *who;

	if (is_page(path)) {
		answer_file(req);
	} else if (strcmp(path, SESSION) == 0) {
		handle_session(console, req);
	} else {
		who = who_of(console, req, NULL);	/* he may have signed out while the body came */
		if (who)
			hg_api_handle_as(console->api, req, who);
		else
			hg_request_problem(req, 401, "you are not signed in, or not any more");
	}
}

/* ---- invitations ---- */

static gboolean is_name(const char *name)
{
	gsize len = strlen(name);

	return len && len <= NAME_MAX_BYTES && hg_text_printable(name) && !strchr(name, ' ');
}

static char *base_url(const hg_console *console)
{
	const char *listen = console->conf->console.listen, *colon = strrchr(listen, ':');

	if (console->conf->console.public_url)
		return g_strdup(console->conf->console.public_url);
	return g_strdup_printf("http://%.*s:%u", colon ? (int)(colon - listen) : 0, listen, hg_console_port(console));
}

gboolean hg_console_invite(hg_console *console, const char *name, const char *role, GString *out, GError **error)
{
	guint32 scopes = hg_role_scopes(role ?: "admin");
	g_autofree char *secret = NULL, *url = NULL, *base = NULL, *principal = NULL;

	if (!scopes)
		return hg_fail(error, HG_ERROR_INPUT, "\"role\" is viewer, operator or admin");
	if (!name || !is_name(name))
		return hg_fail(error, HG_ERROR_INPUT, "\"name\" says who it is for: up to %d bytes without blanks", NAME_MAX_BYTES);
	if (!hg_console_port(console))
		return hg_fail(error, HG_ERROR_STATE, "the console is not served: %s", console->conf->console.enabled ?
			       "its port could not be taken, the log says why" : "console.enabled is false");
	secret = hg_sessions_invite(console->sessions, name, scopes, error);
	if (!secret)
		return FALSE;
	base = base_url(console);
	url = g_strdup_printf("%s/#login=%s", base, secret);
	principal = g_strconcat("console:", name, NULL);
	hg_json_add_str(out, "url", url);
	hg_json_add_str(out, "principal", principal);
	hg_json_add_str(out, "role", hg_role_of(scopes));
	hg_json_add_time(out, "expires_at", hg_now(hg_loop_env(console->loop)) + HG_SESSION_LINK_MS);
	return TRUE;
}

/* ---- life ---- */

static void server_conf(hg_console *console, const struct hg_server_conf *like, struct hg_server_conf *ret)
{
	*ret = *like;
	ret->route = route_request;
	ret->handle = handle;
	ret->arg = console;
	ret->tls_cert = ret->tls_key = NULL;	/* loopback; a proxy in front speaks TLS */
}

/* What keeps the console from being served keeps no message from its way: it is said, and all else goes on. */
static void begin(hg_console *console, const struct hg_server_conf *like)
{
	g_autoptr(GError) error = NULL;
	struct hg_server_conf conf;

	server_conf(console, like, &conf);
	console->server = hg_server_new(console->loop, &conf, &error);
	if (console->server && hg_server_listen(console->server, console->conf->console.listen, FALSE, &error)) {
		hg_info(NULL, "console.ready", "on %s, port %u; \"headgatectl console\" prints a link that signs you in",
			console->conf->console.listen, hg_console_port(console));
		return;
	}
	hg_warn(NULL, "console.not_served", "%s; change console.listen, or set console.enabled: false", error->message);
	g_clear_pointer(&console->server, hg_server_free);
}

hg_console *hg_console_new(hg_loop *loop, hg_api *api, hg_conf *conf, const struct hg_server_conf *like)
{
	hg_console *console = g_new0(hg_console, 1);

	console->loop = loop;
	console->api = api;
	console->conf = hg_conf_ref(conf);
	console->sessions = hg_sessions_new(hg_loop_env(loop));
	if (conf->console.enabled)
		begin(console, like);
	return console;
}

gboolean hg_console_reload(hg_console *console, hg_conf *conf, const struct hg_server_conf *like, GError **error)
{
	struct hg_server_conf wanted;
	hg_conf *old = console->conf;

	server_conf(console, like, &wanted);
	if (console->server && !hg_server_reload(console->server, &wanted, error))
		return FALSE;
	console->conf = hg_conf_ref(conf);
	hg_conf_unref(old);
	return TRUE;
}

void hg_console_drain(hg_console *console, void (*done)(void *arg), void *arg)
{
	if (console->server)
		hg_server_drain(console->server, done, arg);
	else
		done(arg);
}

guint hg_console_port(const hg_console *console)
{
	return console->server ? hg_server_port(console->server, 0) : 0;
}

void hg_console_free(hg_console *console)
{
	if (!console)
		return;
	hg_server_free(console->server);
	hg_sessions_free(console->sessions);
	hg_conf_unref(console->conf);
	g_free(console);
}
