/* live_fixture.c - the hub of live events between an engine and real sockets */
#include "live_fixture.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "json.h"
#include "visitor_json.h"

#define PATIENCE_S 20
#define READ_MS 5000

/* Where the links of files come from is not of interest here. */
gboolean hg_visitor_file_link(const struct visitor_eyes *eyes, const hg_attachment *file, GString *ret_url)
{
	(void)eyes;
	g_string_append_printf(ret_url, "https://chat.example/%s", file->id);
	return file->kind == HG_IMAGE;
}

/* ---- the server: who asks says who he is ---- */

static void route(void *arg, const hg_request *req, struct hg_server_route *ret)
{
	(void)arg;
	(void)req;
	ret->max_body = 0;
}

static void handle(void *arg, hg_request *req)
{
	struct hub *hub = arg;
	g_autoptr(GError) error = NULL;
	const char *wait = hg_request_query(req, "wait");
	const struct hg_visitor_follower who = {
		.uri = hg_request_query(req, "uri"), .channel = "wa", .browser = hg_request_query(req, "browser"),
		.issued_ms = test_now_ms, .expires_ms = hub->expires_ms ? hub->expires_ms : G_MAXINT64,
		.cursor = hg_request_query(req, "cursor"), .wait_ms = wait ? atoll(wait) * 1000 : -1, .most = hub->most,
	};

	if (!hg_visitor_live_follow(hub->live, req, &who, &error))
		hg_request_problem(req, error->code == HG_ERROR_BUSY ? 503 : 429, "%s", error->message);
}

/* ---- the hub ---- */

static gint64 wall(struct hg_env *env)
{
	(void)env;
	return test_now_ms;
}

static void heard(void *arg, const hg_event *const *events, guint n)
{
	struct hub *hub = arg;

	if (!hub->deaf)
		hg_visitor_live_publish(hub->live, events, n);
}

static void start(struct hub *hub)
{
	struct hg_server_conf conf;
	gint64 last_n;

	hub->env = *hg_env_system();
	hub->env.wall_ms = wall;
	hub->loop = hg_loop_new(&hub->env, "test", NULL);
	must((hub->readers = hg_readers_new(&hub->lab->w->options, 2, READ_MS, hub->loop, e)));
	must(hg_store_event_last(hub->lab->w->store, &last_n, e));
	hub->live = hg_visitor_live_new(hub->loop, hub->readers, hub->lab->conf,
					hg_store_instance_key(hub->lab->w->store), last_n);
	hg_server_conf_init(&conf);
	conf.route = route;
	conf.handle = handle;
	conf.arg = hub;
	conf.write_ms = 60 * 1000;
	must((hub->server = hg_server_new(hub->loop, &conf, e)));
	must(hg_server_listen(hub->server, "127.0.0.1:0", FALSE, e));
	must(hg_loop_start(hub->loop, e));
}

struct hub *hub_with(const char *gateway)
{
	struct hub *hub = g_new0(struct hub, 1);
	g_autofree char *yaml = g_strdup_printf("gateway: { name: Acme%s }\n", gateway);

	hub->most = 8;
	/* Thousands of commits: a disk would only make them slower. */
	if (access("/dev/shm", W_OK) == 0)
		g_setenv("TMPDIR", "/dev/shm", FALSE);
	hub->lab = lab_new(yaml);
	hub->lab->heard = heard;
	hub->lab->heard_arg = hub;
	start(hub);
	return hub;
}

int hub_new(void **state)
{
	*state = hub_with("");
	return 0;
}

static void stop_reading(void *arg)
{
	struct hub *hub = arg;

	hg_visitor_live_stop(hub->live);
}

int hub_free(void **state)
{
	struct hub *hub = *state;

	hub_call(hub, stop_reading, hub);
	hg_readers_free(hub->readers);
	hg_loop_stop(hub->loop);
	hg_loop_join(hub->loop);
	hg_server_free(hub->server);
	hg_visitor_live_free(hub->live);
	hg_loop_free(hub->loop);
	lab_free(hub->lab);
	g_free(hub);
	return 0;
}

struct errand { hg_loop_fn *fn; void *arg; GAsyncQueue *done; };

static void run_errand(void *arg)
{
	struct errand *errand = arg;

	errand->fn(errand->arg);
	g_async_queue_push(errand->done, errand);
}

void hub_call(struct hub *hub, hg_loop_fn *fn, void *arg)
{
	struct errand errand = { fn, arg, g_async_queue_new() };

	hg_loop_post(hub->loop, run_errand, &errand);
	assert_non_null(g_async_queue_timeout_pop(errand.done, PATIENCE_S * G_USEC_PER_SEC));
	g_async_queue_unref(errand.done);
}

static void no_work(hg_store *store, void *arg)
{
	(void)store;
	(void)arg;
}

static void tell_done(void *arg)
{
	g_async_queue_push(arg, arg);
}

/* Jobs run in the order they were begun, on two threads: behind two that do nothing, two more loops, all is done. */
void hub_settle(struct hub *hub)
{
	GAsyncQueue *done = g_async_queue_new();

	for (int i = 0; i < 6; i++) {
		must(hg_readers_run(hub->readers, no_work, tell_done, done, e));
		assert_non_null(g_async_queue_timeout_pop(done, PATIENCE_S * G_USEC_PER_SEC));
	}
	g_async_queue_unref(done);
}

char *hub_place(struct hub *hub)
{
	char place[HG_PLACE_SIZE];

	return g_strdup(hg_visitor_live_place(hub->live, place));
}

struct ending { struct hub *hub; const struct hg_visitor_live_ended *which; };

static void end_on_loop(void *arg)
{
	struct ending *ending = arg;

	hg_visitor_live_end(ending->hub->live, ending->which);
}

void hub_end(struct hub *hub, const struct hg_visitor_live_ended *which)
{
	hub_call(hub, end_on_loop, &(struct ending){ hub, which });
}

struct said { struct hub *hub; const char *uri; };

static void said_on_loop(void *arg)
{
	struct said *said = arg;

	hg_visitor_live_said(said->hub->live, said->uri);
}

void hub_said(struct hub *hub, const char *uri)
{
	hub_call(hub, said_on_loop, &(struct said){ hub, uri });
}

struct saying { struct hub *hub; struct hg_out out; };

static void say_on_loop(void *arg)
{
	struct saying *saying = arg;

	hg_visitor_live_say(saying->hub->live, "wa", &saying->out);
}

void hub_say(struct hub *hub, int kind, const char *uri, const char *target)
{
	hub_call(hub, say_on_loop, &(struct saying){ hub, { .size = sizeof(struct hg_out), .kind = kind, .to = uri,
		 .target = target, .name = "Mia" } });
}

/* ---- ears ---- */

static int connect_to(struct hub *hub, int receive_buffer)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(hg_server_port(hub->server, 0)),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { PATIENCE_S, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (receive_buffer)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

static void ask(int fd, const char *uri, const char *cursor, int wait_s)
{
	g_autofree char *more = cursor ? g_strdup_printf("&cursor=%s", cursor) : g_strdup("");
	g_autofree char *wait = wait_s >= 0 ? g_strdup_printf("&wait=%d", wait_s) : g_strdup("");
	g_autofree char *text = g_strdup_printf("GET /events?uri=%s%s%s HTTP/1.0\r\n\r\n", uri, more, wait);

	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (gssize)strlen(text));
}

/* FALSE: the end. */
static gboolean more(struct ear *ear)
{
	char bytes[16384];
	ssize_t n = recv(ear->fd, bytes, sizeof(bytes), 0);

	if (n < 0)
		fail_msg("nothing came for %d s", PATIENCE_S);
	g_string_append_len(ear->bytes, bytes, n);
	return n > 0;
}

/* Up to and with end; NULL: it does not come.  Yours. */
static char *take(struct ear *ear, const char *end)
{
	char *at, *taken;

	while (!(at = strstr(ear->bytes->str, end)))
		if (!more(ear))
			return NULL;
	taken = g_strndup(ear->bytes->str, (gsize)(at - ear->bytes->str));
	g_string_erase(ear->bytes, 0, at - ear->bytes->str + (gssize)strlen(end));
	return taken;
}

static struct ear *open_with(struct hub *hub, const char *uri, const char *cursor, int receive_buffer)
{
	struct ear *ear = g_new0(struct ear, 1);
	g_autofree char *head = NULL;

	ear->fd = connect_to(hub, receive_buffer);
	ear->bytes = g_string_new(NULL);
	ask(ear->fd, uri, cursor, -1);
	head = take(ear, "\r\n\r\n");
	assert_non_null(head);
	ear->status = atoi(head + strlen("HTTP/1.1 "));
	return ear;
}

struct ear *ear_open(struct hub *hub, const char *uri, const char *cursor)
{
	return open_with(hub, uri, cursor, 0);
}

struct ear *ear_open_small(struct hub *hub, const char *uri, const char *cursor)
{
	return open_with(hub, uri, cursor, 4096);
}

/* TRUE: an event, not only an id or a comment. */
static gboolean read_block(struct ear *ear, const char *block)
{
	g_auto(GStrv) lines = g_strsplit(block, "\n", -1);

	g_clear_pointer(&ear->type, g_free);
	g_clear_pointer(&ear->data, json_object_put);
	for (char **line = lines; *line; line++) {
		if (g_str_has_prefix(*line, "id: ")) {
			g_free(ear->id);
			ear->id = g_strdup(*line + 4);
		} else if (g_str_has_prefix(*line, "event: ")) {
			ear->type = g_strdup(*line + 7);
		} else if (g_str_has_prefix(*line, "data: ")) {
			ear->data = json_tokener_parse(*line + 6);
			assert_non_null(ear->data);
		} else {
			assert_true(**line == ':' || !**line);
		}
	}
	return ear->type != NULL;
}

const char *ear_next(struct ear *ear)
{
	gint64 end_ms = hg_mono(hg_env_system()) + PATIENCE_S * 1000;

	for (;;) {
		g_autofree char *block = take(ear, "\n\n");

		if (!block)
			return "";
		if (read_block(ear, block))
			return ear->type;
		if (hg_mono(hg_env_system()) > end_ms)
			fail_msg("nothing but beats for %d s", PATIENCE_S);
	}
}

void ear_close(struct ear *ear)
{
	if (!ear)
		return;
	close(ear->fd);
	g_string_free(ear->bytes, TRUE);
	g_free(ear->id);
	g_free(ear->type);
	json_object_put(ear->data);
	g_free(ear);
}

const char *json_word(struct json_object *at, const char *path)
{
	g_auto(GStrv) keys = g_strsplit(path, ".", -1);

	for (char **key = keys; *key; key++) {
		if (json_object_is_type(at, json_type_array))
			at = json_object_array_get_idx(at, (gsize)atoi(*key));
		else if (!json_object_object_get_ex(at, *key, &at))
			return NULL;
	}
	return at ? json_object_get_string(at) : NULL;
}

const char *ear_word(const struct ear *ear, const char *path)
{
	return json_word(ear->data, path);
}

/* ---- polls ---- */

struct json_object *poll_once(struct hub *hub, const char *uri, const char *cursor, int wait_s, int *ret_status)
{
	struct ear ear = { .fd = connect_to(hub, 0), .bytes = g_string_new(NULL) };
	struct json_object *answer;
	g_autofree char *head = NULL;

	ask(ear.fd, uri, cursor, wait_s);
	head = take(&ear, "\r\n\r\n");
	assert_non_null(head);
	if (ret_status)
		*ret_status = atoi(head + strlen("HTTP/1.1 "));
	while (more(&ear))
		;
	answer = json_tokener_parse(ear.bytes->str);
	assert_non_null(answer);
	close(ear.fd);
	g_string_free(ear.bytes, TRUE);
	return answer;
}

char *poll_types(struct json_object *answer)
{
	struct json_object *events = NULL;
	GString *types = g_string_new(NULL);

	assert_true(json_object_object_get_ex(answer, "events", &events));
	for (gsize i = 0; i < json_object_array_length(events); i++)
		g_string_append_printf(types, "%s%s", i ? "," : "",
				       json_word(json_object_array_get_idx(events, i), "type"));
	return g_string_free(types, FALSE);
}
