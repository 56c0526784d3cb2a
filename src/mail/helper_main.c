/* helper_main.c - headgate-mail: reads mails for headgated, without any rights; nobody else starts it */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mail_confine.h"
#include "mail_parse.h"
#include "reply_text.h"

/* headgate-mail CPU-MS MEMORY-BYTES, with the socket as standard input. */
static gboolean read_limits(int argc, char **argv, struct hg_mail_limits *ret)
{
	guint64 cpu_ms, memory;

	if (argc != 3 || !g_ascii_string_to_unsigned(argv[1], 10, 1, 3600 * 1000, &cpu_ms, NULL) ||
	    !g_ascii_string_to_unsigned(argv[2], 10, 0, G_MAXINT64, &memory, NULL))
		return FALSE;
	*ret = (struct hg_mail_limits){ .cpu_ms = (gint64)cpu_ms, .memory = (gint64)memory };
	return TRUE;
}

/* Once with all rights and once without: a kernel or a library with calls of its own that the filter does not know shows here, and not with everybody's mail. */
static void read_one(const hg_reply_words *words)
{
	static const char mail[] =
		"From: =?windows-1252?Q?J=F6rg?= <a@b.example>\r\nSubject: =?utf-8?B?4oKs?=\r\nDate: Tue, 3 Mar 2026 09:14:11 +0100\r\n"
		"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/html; "
		"charset=iso-2022-jp\r\n\r\n<p>\x1b$B@_\x1b(B<p>\r\n--x\r\nContent-Type: image/png; name=a.png\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\nYWJj\r\n--x--\r\n";
	const struct hg_mail_ask ask = { .words = words };

	hg_mail_free(hg_mail_parse(mail, sizeof(mail) - 1, &ask));
}

int main(int argc, char **argv)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(hg_reply_words) words = NULL;
	struct hg_mail_limits limits;

	if (!read_limits(argc, argv, &limits)) {
		fprintf(stderr, "headgate-mail is started by headgated and headgatectl; it takes no arguments of yours\n");
		return 2;
	}
	hg_mail_parse_prepare();
	words = hg_reply_words_new(&error);
	if (words)
		read_one(words);	/* whatever is read from files then is read now */
	if (!words || !hg_mail_confine(&limits, &error)) {
		fprintf(stderr, "headgate-mail: %s\n", error->message);
		return 1;
	}
	read_one(words);
	/* From here on it cannot say anything but answers; and what would run at exit may not. */
	_exit(hg_mail_serve(STDIN_FILENO, &limits, hg_mail_parse, words, NULL) ? 0 : 1);
}
