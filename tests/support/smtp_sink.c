/* smtp_sink.c - a mail server on loopback, a thread for each connection */
#include <config.h>

#include "smtp_sink.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct smtp_sink {
	int listener;
	guint port;
	GThread *acceptor;
	GMutex lock;			/* of all below */
	char *verb, *answer;
	GPtrArray *mails, *threads;
	GArray *sockets;
};

struct visit {
	struct smtp_sink *sink;
	int fd;
};

static gboolean say(int fd, const char *text)
{
	return send(fd, text, strlen(text), MSG_NOSIGNAL) == (gssize)strlen(text);
}

/* A line without its end; FALSE: the client has left. */
static gboolean read_line(int fd, GString *line)
{
	char c;

	g_string_truncate(line, 0);
	while (recv(fd, &c, 1, 0) == 1) {
		g_string_append_c(line, c);
		if (g_str_has_suffix(line->str, "\r\n")) {
			g_string_truncate(line, line->len - 2);
			return TRUE;
		}
	}
	return FALSE;
}

/* FALSE: it is over. */
static gboolean reply(struct visit *visit, const char *verb, const char *usual)
{
	g_autofree char *answer = NULL;

	g_mutex_lock(&visit->sink->lock);
	answer = g_strdup(!g_strcmp0(verb, visit->sink->verb) ? visit->sink->answer : usual);
	g_mutex_unlock(&visit->sink->lock);
	return *answer && say(visit->fd, answer);
}

static gboolean take_mail(struct visit *visit, GString *mail, GString *line)
{
	while (read_line(visit->fd, line)) {
		if (!strcmp(line->str, "."))
			break;
		g_string_append_printf(mail, "%s\r\n", line->str + (*line->str == '.'));
	}
	/* Before the answer: who has that may look. */
	g_mutex_lock(&visit->sink->lock);
	if (g_strcmp0(visit->sink->verb, "."))
		g_ptr_array_add(visit->sink->mails, g_strdup(mail->str));
	g_mutex_unlock(&visit->sink->lock);
	g_string_truncate(mail, 0);
	return reply(visit, ".", "250 2.0.0 taken\r\n");
}

static gboolean obey(struct visit *visit, GString *mail, GString *line)
{
	g_autofree char *verb = g_strndup(line->str, strcspn(line->str, " :"));

	if (!strcmp(verb, "MAIL") || !strcmp(verb, "RCPT"))
		g_string_append_printf(mail, "%s\r\n", line->str);
	if (!strcmp(verb, "EHLO"))
		return say(visit->fd, "250 sink.example\r\n");
	if (!strcmp(verb, "DATA"))
		return reply(visit, verb, "354 go on\r\n") && take_mail(visit, mail, line);
	return reply(visit, verb, "250 2.0.0 ok\r\n");
}

static gpointer serve(gpointer arg)
{
	g_autofree struct visit *visit = arg;
	g_autoptr(GString) mail = g_string_new(NULL), line = g_string_new(NULL);
	gboolean open = say(visit->fd, "220 sink.example\r\n");

	while (open && read_line(visit->fd, line))
		open = obey(visit, mail, line);
	g_mutex_lock(&visit->sink->lock);
	shutdown(visit->fd, SHUT_RDWR);
	g_mutex_unlock(&visit->sink->lock);
	return NULL;
}

static gpointer accept_all(gpointer arg)
{
	struct smtp_sink *sink = arg;
	int fd;

	while ((fd = accept(sink->listener, NULL, NULL)) >= 0) {
		struct visit *visit = g_new(struct visit, 1);

		*visit = (struct visit){ sink, fd };
		g_mutex_lock(&sink->lock);
		g_array_append_val(sink->sockets, fd);
		g_ptr_array_add(sink->threads, g_thread_new("sink", serve, visit));
		g_mutex_unlock(&sink->lock);
	}
	return NULL;
}

struct smtp_sink *smtp_sink_start(void)
{
	struct smtp_sink *sink = g_new0(struct smtp_sink, 1);
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);

	sink->mails = g_ptr_array_new_with_free_func(g_free);
	sink->threads = g_ptr_array_new();
	sink->sockets = g_array_new(FALSE, FALSE, sizeof(int));
	sink->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	g_assert_cmpint(bind(sink->listener, (struct sockaddr *)&at, len), ==, 0);
	g_assert_cmpint(listen(sink->listener, 16), ==, 0);
	getsockname(sink->listener, (struct sockaddr *)&at, &len);
	sink->port = ntohs(at.sin_port);
	sink->acceptor = g_thread_new("sink", accept_all, sink);
	return sink;
}

void smtp_sink_stop(struct smtp_sink *sink)
{
	shutdown(sink->listener, SHUT_RDWR);
	g_thread_join(sink->acceptor);
	for (guint i = 0; i < sink->sockets->len; i++)
		shutdown(g_array_index(sink->sockets, int, i), SHUT_RDWR);
	for (guint i = 0; i < sink->threads->len; i++)
		g_thread_join(g_ptr_array_index(sink->threads, i));
	for (guint i = 0; i < sink->sockets->len; i++)
		close(g_array_index(sink->sockets, int, i));
	close(sink->listener);
	g_ptr_array_unref(sink->mails);
	g_ptr_array_unref(sink->threads);
	g_array_unref(sink->sockets);
	g_free(sink->verb);
	g_free(sink->answer);
	g_free(sink);
}

guint smtp_sink_port(const struct smtp_sink *sink)
{
	return sink->port;
}

void smtp_sink_answer(struct smtp_sink *sink, const char *verb, const char *answer)
{
	g_mutex_lock(&sink->lock);
	g_free(sink->verb);
	g_free(sink->answer);
	sink->verb = answer ? g_strdup(verb) : NULL;
	sink->answer = g_strdup(answer);
	g_mutex_unlock(&sink->lock);
}

guint smtp_sink_count(struct smtp_sink *sink)
{
	guint n;

	g_mutex_lock(&sink->lock);
	n = sink->mails->len;
	g_mutex_unlock(&sink->lock);
	return n;
}

char *smtp_sink_mail(struct smtp_sink *sink, guint n)
{
	char *mail;

	g_mutex_lock(&sink->lock);
	mail = g_strdup(n < sink->mails->len ? sink->mails->pdata[n] : "");
	g_mutex_unlock(&sink->lock);
	return mail;
}
