/* load.c - posts signed WhatsApp text webhooks over keep-alive connections and times the answers
 *
 *     load --port PORT --secret SECRET [--connections 64] [--count 50000] [--seconds S]
 *          [--contacts R] [--duplicates PERCENT] [--rate PER_SECOND] [--first N] [--path PATH]
 *          [--redeliver] [--status 200]
 *
 * Closed loop: each connection posts again as soon as it is answered.  With --rate an open one:
 * requests fall due evenly, wait for a free connection when there is none, and are timed from the
 * moment they were due.  Message number N always has the same id and, without --contacts, a sender
 * of its own.  With --redeliver what was refused with 503 is posted again after a second, until it is
 * taken, as providers do.  Prints one line of JSON; exit code 1 when anything but 200 (or the --status
 * that is wanted) came back. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "wire.h"

#define BODY_BYTES 822		/* of a real text notification */
#define MAC_BYTES 32
#define SILENCE_MS 20000	/* without any answer for so long, the server is taken for dead */
#define DUPLICATES_BACK 1000	/* a duplicate repeats one of so many messages before it */
#define SCATTER 2654435761u
#define AGAIN_US 1000000	/* what was refused is due again */

/* ---- what is asked for ---- */
static struct {
	char *secret, *path;
	int port, connections, rate, duplicates, status;
	gboolean redeliver;
	gint64 count, contacts, first;
	double seconds;
} plan = { .connections = 64, .count = 50000, .status = 200 };

static const GOptionEntry options[] = {
	{ "port", 0, 0, G_OPTION_ARG_INT, &plan.port, "of the server on 127.0.0.1", "PORT" },
	{ "path", 0, 0, G_OPTION_ARG_STRING, &plan.path, "of the webhook [/channel/wa-main/webhook]", "PATH" },
	{ "secret", 0, 0, G_OPTION_ARG_STRING, &plan.secret, "the channel's app_secret", "SECRET" },
	{ "connections", 0, 0, G_OPTION_ARG_INT, &plan.connections, "at the same time [64]", "N" },
	{ "count", 0, 0, G_OPTION_ARG_INT64, &plan.count, "requests [50000]", "N" },
	{ "seconds", 0, 0, G_OPTION_ARG_DOUBLE, &plan.seconds, "at most so long [no limit]", "S" },
	{ "rate", 0, 0, G_OPTION_ARG_INT, &plan.rate, "requests a second, open loop [0: closed loop]", "N" },
	{ "contacts", 0, 0, G_OPTION_ARG_INT64, &plan.contacts, "senders that take turns [0: all new]", "R" },
	{ "duplicates", 0, 0, G_OPTION_ARG_INT, &plan.duplicates, "share of redeliveries [0]", "PERCENT" },
	{ "first", 0, 0, G_OPTION_ARG_INT64, &plan.first, "number of the first message [0]", "N" },
	{ "redeliver", 0, 0, G_OPTION_ARG_NONE, &plan.redeliver, "post again what was refused with 503", NULL },
	{ "status", 0, 0, G_OPTION_ARG_INT, &plan.status, "answers that are wanted [200]", "N" },
	{ NULL, 0, 0, 0, NULL, NULL, NULL }
};

G_GNUC_NORETURN G_GNUC_PRINTF(1, 2) static void die(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	fputs("load: ", stderr);
	vfprintf(stderr, fmt, args);
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

/* ---- the request: one template, patched for each message ---- */
static struct {
	char bytes[2048];
	gsize len, body;
	char *mac, *phone[2], *user[2], *wamid, *sent;	/* places to patch */
	gsize fixed;				/* bytes of the body before the first of them */
	EVP_MD_CTX *inner, *outer, *work;	/* HMAC begun: key and fixed part are hashed once */
} request;

/* Zeroes are patched: numbers of the sender, end of the message's id, microseconds of the monotonic
 * clock, which is the same for all processes. */
static const char body_before[] =
	"{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"330011223344556\",\"changes\":[{\"value\":"
	"{\"messaging_product\":\"whatsapp\",\"metadata\":{\"display_phone_number\":\"442071838750\","
	"\"phone_number_id\":\"109876543210\"},\"contacts\":[{\"profile\":{\"name\":\"Ana Lima\"},\"wa_id\":\"447000000000\","
	"\"user_id\":\"GB.70000000000\"}],\"messages\":[{\"from\":\"447000000000\",\"from_user_id\":\"GB.70000000000\","
	"\"id\":\"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU0000000000000000\",\"timestamp\":\"";
static const char body_text[] =
	"\",\"type\":\"text\",\"text\":{\"body\":\"My invoice 4711 of last month is wrong [us:0000000000000000]";
static const char body_after[] = "\"}}]},\"field\":\"messages\"}]}]}";

static char *place(const char *from, const char *what)
{
	char *at = strstr(from, what);

	g_assert(at);
	return at + strlen(what);
}

static void add_body(GString *out)
{
	gsize from = out->len;

	g_string_append_printf(out, "%s%" G_GINT64_FORMAT "%s", body_before, g_get_real_time() / G_USEC_PER_SEC, body_text);
	while (out->len - from + strlen(body_after) < BODY_BYTES)
		g_string_append(out, ", please look");
	g_string_truncate(out, from + BODY_BYTES - strlen(body_after));
	g_string_append(out, body_after);
}

static void begin_mac(void)
{
	guint8 pad[64] = { 0 };

	g_assert(strlen(plan.secret) <= sizeof(pad));
	memcpy(pad, plan.secret, strlen(plan.secret));
	request.inner = EVP_MD_CTX_new();
	request.outer = EVP_MD_CTX_new();
	request.work = EVP_MD_CTX_new();
	for (gsize i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36;
	EVP_DigestInit_ex(request.inner, EVP_sha256(), NULL);
	EVP_DigestUpdate(request.inner, pad, sizeof(pad));
	EVP_DigestUpdate(request.inner, request.bytes + request.body, request.fixed);
	for (gsize i = 0; i < sizeof(pad); i++)
		pad[i] ^= 0x36 ^ 0x5c;
	EVP_DigestInit_ex(request.outer, EVP_sha256(), NULL);
	EVP_DigestUpdate(request.outer, pad, sizeof(pad));
}

static void make_request(void)
{
	g_autoptr(GString) out = g_string_new(NULL);
	char *body;

	g_string_append_printf(out, "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nAccept: */*\r\n"
			       "User-Agent: facebookexternalua\r\nContent-Type: application/json\r\n"
			       "X-Hub-Signature-256: sha256=%064d\r\nContent-Length: %d\r\n\r\n",
			       plan.path ?: "/channel/wa-main/webhook", plan.port, 0, BODY_BYTES);
	request.body = out->len;
	add_body(out);
	g_assert(out->len < sizeof(request.bytes));
	memcpy(request.bytes, out->str, out->len + 1);
	request.len = out->len;
	body = request.bytes + request.body;
	request.mac = place(request.bytes, "sha256=");
	request.phone[0] = place(body, "\"wa_id\":\"44");
	request.user[0] = place(body, "\"user_id\":\"GB.7");
	request.phone[1] = place(body, "\"from\":\"44");
	request.user[1] = place(body, "\"from_user_id\":\"GB.7");
	request.wamid = place(body, "FQIAEhgU");
	request.sent = place(body, "[us:");
	request.fixed = (gsize)(request.phone[0] - body);
	begin_mac();
}

static void put_digits(char *to, int n, guint64 value, guint base)
{
	while (n--) {
		to[n] = "0123456789ABCDEF"[value % base];
		value /= base;
	}
}

static void sign(void)
{
	guint8 mac[MAC_BYTES];

	EVP_MD_CTX_copy_ex(request.work, request.inner);
	EVP_DigestUpdate(request.work, request.bytes + request.body + request.fixed, BODY_BYTES - request.fixed);
	EVP_DigestFinal_ex(request.work, mac, NULL);
	EVP_MD_CTX_copy_ex(request.work, request.outer);
	EVP_DigestUpdate(request.work, mac, sizeof(mac));
	EVP_DigestFinal_ex(request.work, mac, NULL);
	for (int i = 0; i < MAC_BYTES; i++) {
		request.mac[2 * i] = "0123456789abcdef"[mac[i] >> 4];
		request.mac[2 * i + 1] = "0123456789abcdef"[mac[i] & 15];
	}
}

static void patch(gint64 number, gint64 sent_us)
{
	guint64 sender = (guint64)number;

	/* Prime, so that each of the contacts has its turn, and 32 bits name each sender once: both in an
	 * order that neither rows nor indexes like. */
	if (plan.contacts)
		sender = sender * SCATTER % (guint64)plan.contacts;
	sender = (guint32)(sender * SCATTER);
	for (int i = 0; i < 2; i++) {
		put_digits(request.phone[i], 10, sender, 10);
		put_digits(request.user[i], 10, sender, 10);
	}
	put_digits(request.wamid, 16, (guint64)number, 16);
	put_digits(request.sent, 16, (guint64)sent_us, 10);
	sign();
}

/* ---- which message is next ---- */
static struct {
	gint64 begun_us, started, fresh, answered, refused, redelivered;
	GArray *took_us;		/* of guint32 */
	int status;			/* of one that was refused */
	GQueue again;			/* of struct again, by their time */
} run;

struct again {
	gint64 number, due_us;
};

static gint64 next_number(void)
{
	gint64 i = run.started;
	gboolean again = run.fresh && (i + 1) * plan.duplicates / 100 > i * plan.duplicates / 100;

	if (again)
		return plan.first + run.fresh - 1 - i % MIN(run.fresh, DUPLICATES_BACK);
	return plan.first + run.fresh++;
}

static gboolean more_fresh(gint64 now_us)
{
	return run.started < plan.count &&
	       (plan.seconds <= 0 || (double)(now_us - run.begun_us) < plan.seconds * G_USEC_PER_SEC);
}

static gint64 fresh_due_us(gint64 now_us)
{
	if (!more_fresh(now_us))
		return G_MAXINT64;
	return plan.rate ? run.begun_us + run.started * G_USEC_PER_SEC / plan.rate : now_us;
}

static gint64 again_due_us(void)
{
	const struct again *again = g_queue_peek_head(&run.again);

	return again ? again->due_us : G_MAXINT64;
}

static gint64 due_us(gint64 now_us)
{
	return MIN(again_due_us(), fresh_due_us(now_us));
}

static gboolean more_to_start(gint64 now_us)
{
	return due_us(now_us) < G_MAXINT64;
}

/* The message that is due, and since when. */
static gint64 take_due(gint64 now_us, gint64 *ret_due_us)
{
	struct again *again;
	gint64 number;

	*ret_due_us = due_us(now_us);
	if (again_due_us() > *ret_due_us) {
		number = next_number();
		run.started++;
		return number;
	}
	again = g_queue_pop_head(&run.again);
	number = again->number;
	g_free(again);
	run.redelivered++;
	return number;
}

/* ---- connections ---- */
struct conn {
	int fd;
	gint64 due_us, number;
	gsize got;
	char in[4096];
};
static struct conn *conns;
static GPtrArray *idle;
static int poll_fd;

static void connect_one(struct conn *conn)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((guint16)plan.port),
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = conn };
	int on = 1;

	conn->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (conn->fd < 0 || connect(conn->fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("cannot connect to 127.0.0.1:%d: %s", plan.port, g_strerror(errno));
	setsockopt(conn->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	epoll_ctl(poll_fd, EPOLL_CTL_ADD, conn->fd, &event);
	g_ptr_array_add(idle, conn);
}

static void post(struct conn *conn, gint64 now_us)
{
	conn->number = take_due(now_us, &conn->due_us);
	conn->got = 0;
	patch(conn->number, conn->due_us);
	/* A thousand bytes always fit into an empty socket. */
	if (send(conn->fd, request.bytes, request.len, MSG_NOSIGNAL) != (ssize_t)request.len)
		die("cannot send: %s", g_strerror(errno));
}

/* They take turns: one left alone too long would be closed by the server. */
static void feed(gint64 now_us)
{
	while (idle->len && more_to_start(now_us) && due_us(now_us) <= now_us)
		post(g_ptr_array_remove_index(idle, 0), now_us);
}

static void answered(struct conn *conn, gint64 now_us)
{
	guint32 took_us = (guint32)MAX(now_us - conn->due_us, 0);
	int status = conn->got > 12 ? (int)g_ascii_strtoll(conn->in + strlen("HTTP/1.1 "), NULL, 10) : 0;

	run.answered++;
	if (status == plan.status) {
		g_array_append_val(run.took_us, took_us);
	} else if (status == 503 && plan.redeliver) {
		struct again *again = g_new(struct again, 1);

		*again = (struct again){ conn->number, now_us + AGAIN_US };
		g_queue_push_tail(&run.again, again);
	} else {
		run.refused++;
		run.status = status;
	}
	g_ptr_array_add(idle, conn);
}

static void take_in(struct conn *conn)
{
	ssize_t n = recv(conn->fd, conn->in + conn->got, sizeof(conn->in) - 1 - conn->got, MSG_DONTWAIT);
	gint64 now_us = g_get_monotonic_time();
	gsize head;

	if (n <= 0)
		die("the server closed a connection after %" G_GINT64_FORMAT " answers%s%.*s", run.answered,
		    conn->got ? ": " : "", (int)conn->got, conn->in);
	conn->got += (gsize)n;
	conn->in[conn->got] = '\0';
	head = wire_head(conn->in, conn->got);
	if (!head || conn->got < head + wire_length(conn->in, head))
		return;
	answered(conn, now_us);
	feed(now_us);
}

/* ---- the run ---- */
static void wait_for_answers(gint64 now_us)
{
	struct epoll_event events[256];
	gint64 wait_us = SILENCE_MS * 1000;
	gboolean waits_for_due = idle->len && more_to_start(now_us);
	struct timespec wait;
	int n;

	if (waits_for_due)
		wait_us = CLAMP(due_us(now_us) - now_us, 0, wait_us);
	wait = (struct timespec){ wait_us / G_USEC_PER_SEC, wait_us % G_USEC_PER_SEC * 1000 };
	n = epoll_pwait2(poll_fd, events, G_N_ELEMENTS(events), &wait, NULL);
	if (n == 0 && !waits_for_due)
		die("no answer for %d s; %" G_GINT64_FORMAT " of %" G_GINT64_FORMAT " came", SILENCE_MS / 1000,
		    run.answered, run.started + run.redelivered);
	for (int i = 0; i < n; i++)
		take_in(events[i].data.ptr);
}

static void run_all(void)
{
	gint64 now_us = g_get_monotonic_time();

	run.begun_us = now_us;
	run.took_us = g_array_sized_new(FALSE, FALSE, sizeof(guint32), (guint)plan.count);
	while (more_to_start(now_us) || run.answered < run.started + run.redelivered) {
		feed(now_us);
		wait_for_answers(now_us);
		now_us = g_get_monotonic_time();
	}
}

static void report(void)
{
	double seconds = (double)(g_get_monotonic_time() - run.begun_us) / G_USEC_PER_SEC, cpu_us;
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	cpu_us = (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
		 (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
	g_array_sort(run.took_us, wire_compare);
	printf("{\"connections\":%d,\"requests\":%" G_GINT64_FORMAT ",\"ok\":%u,\"refused\":%" G_GINT64_FORMAT
	       ",\"redelivered\":%" G_GINT64_FORMAT ",\"fresh\":%" G_GINT64_FORMAT ",\"seconds\":%.3f,\"rate\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,"
	       "\"max_ms\":%.3f,\"load_cpu_us\":%.2f}\n", plan.connections, run.answered, run.took_us->len,
	       run.refused, run.redelivered, run.fresh, seconds, run.took_us->len / seconds, wire_percentile_ms(run.took_us, 0.5),
	       wire_percentile_ms(run.took_us, 0.99), wire_percentile_ms(run.took_us, 1),
	       cpu_us / (double)MAX(run.answered, 1));
	if (run.refused)
		die("%" G_GINT64_FORMAT " answers were not %d, the last %d", run.refused, plan.status, run.status);
}

int main(int argc, char **argv)
{
	g_autoptr(GOptionContext) context = g_option_context_new("- post signed WhatsApp webhooks and time the answers");
	g_autoptr(GError) error = NULL;

	g_option_context_add_main_entries(context, options, NULL);
	if (!g_option_context_parse(context, &argc, &argv, &error))
		die("%s", error->message);
	if (plan.port <= 0 || !plan.secret || plan.connections <= 0 || plan.count <= 0)
		die("--port and --secret are required, --connections and --count above 0; see --help");
	make_request();
	poll_fd = epoll_create1(EPOLL_CLOEXEC);
	idle = g_ptr_array_new();
	conns = g_new0(struct conn, plan.connections);
	for (int i = 0; i < plan.connections; i++)
		connect_one(&conns[i]);
	run_all();
	report();
	return 0;
}
