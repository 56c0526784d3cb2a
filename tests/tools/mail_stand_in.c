/* mail_stand_in.c - a helper that a mail has taken over, or that falls to it: test_mail_helper.c puts it in the place
 * of headgate-mail.  It stands under the same limits; the first word of a mail says what becomes of it. */
#include <gmime/gmime.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include "json.h"
#include "mail_confine.h"
#include "mail_frame.h"
#include "reply_text.h"
#include "text.h"

static void say(const void *bytes, gsize len)
{
	if (write(STDIN_FILENO, bytes, len) < 0)
		_exit(3);
}

static guint32 number;

static void say_frame(guint32 json_len, guint64 data_len, const char *json, const char *data)
{
	const struct hg_frame_head head = { .json = json_len, .number = number, .data = data_len };
	guint8 bytes[HG_FRAME_HEAD];

	hg_frame_head_write(&head, bytes);
	say(bytes, sizeof(bytes));
	say(json, strlen(json));
	say(data, strlen(data));
}

/* Never comes back: somebody else has to end this. */
static void hang(void)
{
	char byte;

	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	_exit(4);
}

/* A right answer with something else in it. */
static char *changed(const void *raw, gsize len, const struct hg_mail_ask *ask, const char *from, const char *to)
{
	g_autoptr(hg_mail) mail = hg_mail_parse(raw, len, ask);
	g_autoptr(json_object) object = hg_mail_to_json(mail);
	const char *json = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	g_auto(GStrv) parts = g_strsplit(json, from, 2);

	if (!parts[0] || !parts[1])
		_exit(5);	/* what was to be changed is not there */
	return g_strconcat(parts[0], to, parts[1], NULL);
}

static void lie(const char *how, const void *raw, gsize len, const struct hg_mail_ask *ask)
{
	g_autofree char *size = changed(raw, len, ask, "\"size\":3", "\"size\":4");
	g_autofree char *hash = changed(raw, len, ask, "ba7816bf", "ba7816be");
	g_autofree char *more = changed(raw, len, ask, "{", "{\"more\":1,");
	g_autofree char *twice = changed(raw, len, ask, "{", "{\"text\":\"x\",");
	g_autofree char *right = changed(raw, len, ask, "{", "{");

	if (strcmp(how, "head") == 0)
		say("HTTP/1.1 200 OK\r\nServer: x\r\n\r\n", 30);
	else if (strcmp(how, "long") == 0)
		say_frame(G_MAXUINT32, 0, "{", "");
	else if (strcmp(how, "data") == 0)
		say_frame(2, G_GUINT64_CONSTANT(1) << 62, "{}", "");
	else if (strcmp(how, "wrap") == 0)
		say_frame(2, G_MAXUINT64, "{}", "");
	else if (strcmp(how, "json") == 0)
		say_frame(2, 0, "{]", "");
	else if (strcmp(how, "other") == 0)
		say_frame(13, 0, "{\"hello\":\"x\"}", "");
	else if (strcmp(how, "more") == 0)
		say_frame((guint32)strlen(more), 3, more, "abc");
	else if (strcmp(how, "twice") == 0)
		say_frame((guint32)strlen(twice), 3, twice, "abc");
	else if (strcmp(how, "size") == 0)
		say_frame((guint32)strlen(size), 3, size, "abc");
	else if (strcmp(how, "hash") == 0)
		say_frame((guint32)strlen(hash), 3, hash, "abc");
	else if (strcmp(how, "bytes") == 0)
		say_frame((guint32)strlen(right), 3, right, "xyz");
	else if (strcmp(how, "surplus") == 0)
		say_frame((guint32)strlen(right), 4, right, "abcd");
	else if (strcmp(how, "half") == 0)
		say_frame((guint32)strlen(right), 3, "{", ""), _exit(0);
	else if (strcmp(how, "right") == 0)
		say_frame((guint32)strlen(right), 3, right, "abc");
	else
		_exit(6);
}

static void eat(void)
{
	for (;;) {
		volatile char *bytes = g_malloc(1 << 20);

		bytes[1] = 1;
	}
}

/* What the pre-scan keeps from GMime: 3.2.13 calls itself for each group in a group. */
static void overflow(const char *header)
{
	g_autoptr(GString) list = g_string_new(NULL);

	for (guint i = 0; i < 2000000; i++)
		g_string_append(list, header);
	g_object_unref(internet_address_list_parse(NULL, list->str));
}

static hg_mail *parse(const void *raw, gsize len, const struct hg_mail_ask *ask)
{
	g_auto(GStrv) words = g_strsplit_set(raw, " \r\n", 3);

	number++;
	if (strcmp(words[0], "Overflow:") == 0)
		overflow(words[1]);
	else if (strcmp(words[0], "Spin:") == 0)
		for (volatile guint i = 0;; i++)
			;
	else if (strcmp(words[0], "Hang:") == 0)
		hang();
	else if (strcmp(words[0], "Eat:") == 0)
		eat();
	else if (strcmp(words[0], "Socket:") == 0)
		socket(AF_INET, SOCK_STREAM, 0);
	else if (strcmp(words[0], "Fork:") == 0)
		_exit(fork() == 0 ? 0 : 7);
	else if (strcmp(words[0], "Exec:") == 0)
		execl("/bin/true", "true", NULL);
	else if (strcmp(words[0], "Kill:") == 0)
		kill(getppid(), 0);
	else if (strcmp(words[0], "Open:") == 0)
		_exit(fopen("/etc/hostname", "r") ? 8 : 9);
	else if (strcmp(words[0], "Exit:") == 0)
		_exit(0);
	else if (strcmp(words[0], "Lie:") == 0)
		lie(words[1], raw, len, ask), hang();
	else if (strcmp(words[0], "Talk:") == 0)
		lie("right", raw, len, ask), lie("right", raw, len, ask), hang();
	else if (strcmp(words[0], "Stale:") == 0)
		number--, lie("right", raw, len, ask), hang();
	return hg_mail_parse(raw, len, ask);
}

int main(int argc, char **argv)
{
	const struct hg_mail_limits limits = { .cpu_ms = argc > 1 ? g_ascii_strtoll(argv[1], NULL, 10) : 1000,
		.memory = argc > 2 ? g_ascii_strtoll(argv[2], NULL, 10) : 0 };
	g_autoptr(hg_reply_words) words = hg_reply_words_new(NULL);

	hg_mail_parse_prepare();
	if (!hg_mail_confine(&limits, NULL))
		return 1;
	_exit(hg_mail_serve(STDIN_FILENO, &limits, parse, words, NULL) ? 0 : 1);
}
