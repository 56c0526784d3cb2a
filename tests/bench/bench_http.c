/* bench_http.c - a yardstick: the HTTP reader answering 200 without any work
 *
 * bench_http [ADDRESS:PORT] prints the port it listens on and serves until it is killed. */
#include <stdio.h>

#include "env.h"
#include "http_server.h"
#include "loop.h"

static void route(void *arg, const hg_request *req, struct hg_server_route *ret_route)
{
	(void)arg;
	(void)req;
	ret_route->max_body = 1 << 20;
}

static void handle(void *arg, hg_request *req)
{
	static const struct hg_answer ok = { .status = 200, .type = "text/plain", .body = "ok\n", .len = 3 };

	(void)arg;
	hg_request_answer(req, &ok);
}

int main(int argc, char **argv)
{
	struct hg_server_conf conf;
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_loop) loop = hg_loop_new(hg_env_system(), "bench", &error);
	g_autoptr(hg_server) server = NULL;

	hg_server_conf_init(&conf);
	conf.route = route;
	conf.handle = handle;
	conf.max_per_address = conf.max_connections;
	if (loop)
		server = hg_server_new(loop, &conf, &error);
	if (!server || !hg_server_listen(server, argc > 1 ? argv[1] : "127.0.0.1:0", FALSE, &error)) {
		fprintf(stderr, "bench_http: %s\n", error->message);
		return 1;
	}
	printf("%u\n", hg_server_port(server, 0));
	fflush(stdout);
	hg_loop_run(loop);
	return 0;
}
