/* serve.c - which part answers a request: channels, helpdesks' hooks, the API, what visitors reach, or health */
#include <string.h>
#include "parts.h"

#define API_PREFIX "/v1/"

static gboolean is_api(const char *path)
{
	return g_str_has_prefix(path, API_PREFIX) || strcmp(path, "/metrics") == 0;
}

static gboolean is_health(const char *path)
{
	return strcmp(path, "/livez") == 0 || strcmp(path, "/readyz") == 0;
}

static void route_health(const hg_request *req, struct hg_server_route *route)
{
	const char *method = hg_request_method(req);

	route->max_body = 0;
	if (strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0)
		return;
	route->refuse = 405;
	route->why = "health is only looked at";
	route->header = "Allow: GET, HEAD";
}

void hg_gateway_route(void *arg, const hg_request *req, struct hg_server_route *route)
{
	hg_gateway *gateway = arg;
	const char *path = hg_request_path(req);

	if (g_str_has_prefix(path, HG_CHANNEL_PREFIX)) {
		hg_channels_route(gateway->channels, req, route);
	} else if (g_str_has_prefix(path, HG_BACKS_PREFIX)) {
		hg_backs_route(gateway->backs, req, route);
	} else if (is_api(path)) {
		hg_api_route(gateway->api, req, route);
	} else if (hg_files_own(path)) {
		hg_files_route(req, route);
	} else if (hg_visitors_own(path)) {
		hg_visitors_route(gateway->visitors, req, route);
	} else if (is_health(path)) {
		route_health(req, route);
	} else {
		route->refuse = 404;
		route->why = "there is nothing at this path";
	}
}

static void answer_text(hg_request *req, int status, const char *text)
{
	hg_request_answer(req, &(struct hg_answer){ .status = status, .type = "text/plain",
		.body = text, .len = strlen(text) });
}

/* Whoever calls our public address can see that it is we who answer there. */
static void answer_alive(const hg_gateway *gateway, hg_request *req)
{
	g_autofree char *instance = g_strconcat("Headgate-Instance: ", gateway->instance, NULL);
	const char *const headers[] = { instance, NULL };

	hg_request_answer(req, &(struct hg_answer){ .status = 200, .type = "text/plain", .body = "ok\n", .len = 3,
		.headers = headers });
}

static void look_for_down(void *arg, const struct hg_channel_status *status)
{
	if (status->condition == HG_DOWN && strcmp(status->state, "paused") != 0 && strcmp(status->state, "away") != 0)
		*(gboolean *)arg = TRUE;
}

/* For who waits until messages flow, and not only until they are kept.  Names are not for strangers, who may ask this. */
static gboolean is_cut_off(hg_gateway *gateway, const hg_request *req)
{
	gboolean down = FALSE;

	if (g_strcmp0(hg_request_query(req, "channels"), "1") == 0)
		hg_channels_list(gateway->channels, look_for_down, &down);
	return down;
}

/* /livez: the loop turns.  /readyz: what comes in can be stored; ?channels=1: and no channel is down. */
static void handle_health(hg_gateway *gateway, hg_request *req)
{
	if (strcmp(hg_request_path(req), "/livez") == 0)
		answer_alive(gateway, req);
	else if (gateway->stopping)
		answer_text(req, 503, "stopping\n");
	else if (hg_engine_broken(gateway->engine))
		answer_text(req, 503, "the store is broken\n");
	else if (is_cut_off(gateway, req))
		answer_text(req, 503, "a channel is down\n");
	else
		answer_text(req, 200, "ready\n");
}

void hg_gateway_handle(void *arg, hg_request *req)
{
	hg_gateway *gateway = arg;
	const char *path = hg_request_path(req);

	if (g_str_has_prefix(path, HG_CHANNEL_PREFIX))
		hg_channels_handle(gateway->channels, req);
	else if (g_str_has_prefix(path, HG_BACKS_PREFIX))
		hg_backs_handle(gateway->backs, req);
	else if (is_api(path))
		hg_api_handle(gateway->api, req);
	else if (hg_files_own(path))
		hg_files_handle(gateway->api, req);
	else if (hg_visitors_own(path))
		hg_visitors_handle(gateway->visitors, req);
	else
		handle_health(gateway, req);
}
