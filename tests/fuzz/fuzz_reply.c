/* fuzz_reply.c - any bytes as the answer to a request of ours: a complete answer or a reason, within bounds
 *
 * A far end that is one thread behind a unix socket reads the request, writes the bytes and hangs up. */
#include <pthread.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "http_client.h"

#define REPLY_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int listener;
static char socket_path[64];
static GMutex lock;		/* guards the reply: the client may be gone before it is sent */
static const uint8_t *reply;
static size_t reply_len;

static void set_reply(const uint8_t *bytes, size_t len)
{
	g_mutex_lock(&lock);
	reply = bytes;
	reply_len = len;
	g_mutex_unlock(&lock);
}

static char *take_reply(size_t *ret_len)
{
	char *copy;

	g_mutex_lock(&lock);
	copy = g_memdup2(reply, reply_len);
	*ret_len = reply_len;
	g_mutex_unlock(&lock);
	return copy;
}

static void serve(int fd)
{
	char request[4096];
	size_t have = 0, sent = 0, len;
	g_autofree char *bytes = take_reply(&len);
	ssize_t n;

	while (have < sizeof(request) - 1 && (n = read(fd, request + have, sizeof(request) - 1 - have)) > 0) {
		have += (size_t)n;
		request[have] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	while (sent < len && (n = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL)) > 0)
		sent += (size_t)n;
}

static void *far_end(void *unused)
{
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		serve(fd);
		close(fd);
	}
	return unused;
}

static void begin(void)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	pthread_t thread;

	g_snprintf(socket_path, sizeof(socket_path), "/tmp/headgate-fuzz-%d.sock", (int)getpid());
	unlink(socket_path);
	g_strlcpy(name.sun_path, socket_path, sizeof(name.sun_path));
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (bind(listener, (struct sockaddr *)&name, sizeof(name)) || listen(listener, 64) ||
	    pthread_create(&thread, NULL, far_end, NULL))
		abort();
}

static void check(void *arg, const struct hg_client_answer *answer)
{
	static const char *const names[] = { "Content-Type", "Retry-After", "Location", "x", "" };

	++*(int *)arg;
	g_assert_true(answer->status >= 0 && answer->status <= 999);
	g_assert_true(answer->error && answer->body && answer->body[answer->len] == '\0');
	g_assert_cmpint(answer->len, <=, REPLY_MAX);
	g_assert_true(answer->code || answer->status >= 200);	/* a complete answer is one */
	g_assert_true(!answer->code || *answer->error);
	g_assert_cmpint(hg_client_retry_after(answer, G_GINT64_CONSTANT(1795168931000)), >=, -1);
	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		const char *value = hg_client_header(answer, names[i]);

		g_assert_true(!value || !strpbrk(value, "\r\n"));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int times = 0;

	if (!listener)
		begin();
	set_reply(data, size);
	hg_client_sync(&(struct hg_client_call){ .url = "http://far/", .unix_path = socket_path, .private_ok = TRUE,
		.timeout_ms = 2000, .max_reply = REPLY_MAX, .gunzip = TRUE }, check, &times);
	set_reply(NULL, 0);
	g_assert_cmpint(times, ==, 1);
	return 0;
}
