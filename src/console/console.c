/* console.c - the console's listener: its page and files, signing in and out, and the way to the API */
#include "console.h"

#include <json-c/json.h>
#include <string.h>

#include "asked.h"
#include "cookie.h"
#include "json.h"
#include "keys.h"
#include "log.h"
#include "model.h"
#include "principal.h"
#include "static_files.h"
#include "text.h"

#define COOKIE "hg_console"
#define ASSETS "/assets/"
#define SESSION "/console/session"
#define LOGIN_MAX 4096			/* bytes of the body that signs in */
#define SECRET_MAX 64			/* bytes of a secret, with its end */

struct hg_console {
	hg_loop *loop;
	hg_api *api;			/* lent */
	hg_conf *conf;			/* ours: a reference */
	hg_server *server;		/* NULL: nothing listens */
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

/* A reference; NULL: the error says why. */
static const struct hg_principal *who_of(hg_console *console, const hg_request *req, GError **error)
{
	g_autofree char *secret = hg_cookie_get(hg_request_header(req, "Cookie"), COOKIE, SECRET_MAX);

	return hg_api_session(console->api, secret, error);
}

static int status_of(const GError *error)
{
	return g_error_matches(error, HG_ERROR, HG_ERROR_BUSY) ? 503 : 401;
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
	g_autoptr(GError) error = NULL;
	const struct hg_principal *who = who_of(console, req, &error);

	if (who)
		hg_api_route_as(console->api, req, who, route);
	else if (status_of(error) == 503)
		refuse(route, 503, HG_PROBLEM_TYPE "busy", HG_KEYS_IN_DOUBT);
	else
		refuse(route, 401, HG_PROBLEM_TYPE "unauthorized", "you are not signed in, or not any more");
	hg_principal_unref(who);
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

static void write_session(const hg_console *console, const struct hg_principal *who, GString *out)
{
	hg_json_open(out, '{');
	hg_json_add_str(out, "principal", who->name);
	hg_json_add_str(out, "role", hg_role_of(who->scopes));
	hg_json_key(out, "scopes");
	hg_json_open(out, '[');
	for (guint i = 0; i < HG_SCOPES; i++)
		if (who->scopes & (1U << i))
			hg_json_put_str(out, hg_scope_word(1U << i));
	hg_json_close(out, ']');
	hg_json_add_time(out, "expires_at", who->expires_ms);
	hg_json_add_str(out, "gateway", console->conf->gateway.name);
	hg_json_add_str(out, "version", PACKAGE_VERSION);
	hg_json_add_str(out, "public_url", console->conf->gateway.public_url);
	hg_json_close(out, '}');
}

/* secret NULL: of one that goes on. */
static void answer_session(hg_console *console, hg_request *req, const struct hg_principal *who, const char *secret)
{
	g_autofree char *set = secret ? cookie(console, secret) : NULL;
	g_autoptr(GString) out = g_string_new(NULL);

	write_session(console, who, out);
	hg_request_answer(req, &(struct hg_answer){ .status = secret ? 201 : 200, .type = "application/json",
		.headers = (const char *const[]){ set, NULL }, .body = out->str, .len = out->len });
}

static void audit(hg_console *console, const hg_request *req, const struct hg_principal *who, const char *action)
{
	hg_api_audit(console->api, &(struct hg_api_deed){ .principal = who->name, .capacity = who->capacity, .action = action,
							  .outcome = "ok", .source = hg_request_peer(req) });
}

struct asking {				/* a request that waits for the store */
	hg_console *console;
	hg_request *req;
	const struct hg_principal *who;	/* ours; or NULL */
};

static struct asking *asking_new(hg_console *console, hg_request *req, const struct hg_principal *who)
{
	struct asking *asking = g_new(struct asking, 1);

	*asking = (struct asking){ console, req, who };
	return asking;
}

static void asking_free(struct asking *asking)
{
	hg_principal_unref(asking->who);
	g_free(asking);
}

static void refuse_sign_in(hg_request *req, const GError *error)
{
	struct hg_ctx ctx = HG_CTX(NULL, "peer", hg_request_peer(req));

	hg_warn(&ctx, "console.refused", "%s", error->message);
	answer_problem(req, error);
}

static void signed_in(void *arg, const struct hg_principal *who, const char *secret, const GError *error)
{
	struct asking *asking = arg;

	if (error) {
		refuse_sign_in(asking->req, error);
	} else {
		hg_info(NULL, "console.signed_in", "%s, as %s", who->name, hg_role_of(who->scopes));
		audit(asking->console, asking->req, who, "console.sign_in");
		answer_session(asking->console, asking->req, who, secret);
	}
	asking_free(asking);
}

static void sign_in(hg_console *console, hg_request *req)
{
	static const struct call_member known[] = { { "secret", CALL_TEXT, SECRET_MAX }, { 0 } };
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) body = hg_asked_body(req, known, &error);

	if (body)
		hg_api_sign_in(console->api, hg_json_str(body, "secret") ?: "", signed_in, asking_new(console, req, NULL));
	else
		refuse_sign_in(req, error);
}

static void signed_out(void *arg, const GError *error)
{
	struct asking *asking = arg;
	g_autofree char *unset = cookie(asking->console, NULL);

	if (error) {
		answer_problem(asking->req, error);
	} else {
		audit(asking->console, asking->req, asking->who, "console.sign_out");
		hg_info(NULL, "console.signed_out", "%s", asking->who->name);
		hg_request_answer(asking->req, &(struct hg_answer){ .status = 204,
			.headers = (const char *const[]){ unset, "Clear-Site-Data: \"cache\", \"storage\"", NULL } });
	}
	asking_free(asking);
}

/* Takes who. */
static void sign_out(hg_console *console, hg_request *req, const struct hg_principal *who)
{
	gboolean everywhere = g_strcmp0(hg_request_query(req, "everywhere"), "true") == 0;

	hg_api_sign_out(console->api, who, everywhere, signed_out, asking_new(console, req, who));
}

static void handle_session(hg_console *console, hg_request *req)
{
	const char *method = hg_request_method(req);
	g_autoptr(GError) error = NULL;
	const struct hg_principal *who;

	if (strcmp(method, "POST") == 0) {
		sign_in(console, req);
		return;
	}
	who = who_of(console, req, &error);
	if (!who) {
		hg_request_problem(req, status_of(error), "%s", error->message);
	} else if (strcmp(method, "DELETE") == 0) {
		sign_out(console, req, who);
	} else {
		answer_session(console, req, who, NULL);
		hg_principal_unref(who);
	}
}

static void handle(void *arg, hg_request *req)
{
	hg_console *console = arg;
	const char *path = hg_request_path(req);
	g_autoptr(GError) error = NULL;
	const struct hg_principal *who;

	if (is_page(path)) {
		answer_file(req);
	} else if (strcmp(path, SESSION) == 0) {
		handle_session(console, req);
	} else {
		who = who_of(console, req, &error);	/* he may have signed out while the body came */
		if (who)
			hg_api_handle_as(console->api, req, who);
		else
			hg_request_problem(req, status_of(error), "%s", error->message);
		hg_principal_unref(who);
	}
}

char *hg_console_url(const hg_console *console, GError **error)
{
	const char *listen = console->conf->console.listen, *colon = strrchr(listen, ':');

	if (!hg_console_port(console)) {
		hg_fail(error, HG_ERROR_STATE, "the console is not served: %s", console->conf->console.enabled ?
			"its port could not be taken, the log says why" : "console.enabled is false");
		return NULL;
	}
	if (console->conf->console.public_url)
		return g_strdup(console->conf->console.public_url);
	return g_strdup_printf("http://%.*s:%u", colon ? (int)(colon - listen) : 0, listen, hg_console_port(console));
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
	hg_conf_unref(console->conf);
	g_free(console);
}
