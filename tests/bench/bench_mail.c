/* bench_mail.c - what reading a mail costs: the parser alone, or the whole way through a helper process
 *
 * usage: bench_mail parse|helper MAIL MAILS [HELPER].  Prints mails a second, and microseconds of CPU for each, of this
 * process and of the helper.  Build it with -O2. */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "env.h"
#include "mail_helper.h"
#include "mail_parse.h"
#include "reply_text.h"

#define AHEAD 8		/* mails that wait for the helper */

struct run {
	struct event_base *base;
	hg_mail_helper *helper;
	char *mail;
	gsize len;
	guint given, taken, all;
};

static gint64 cpu_us(int whose)
{
	struct rusage usage;

	getrusage((__rusage_who_t)whose, &usage);
	return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000 + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void parse_all(const struct run *run)
{
	g_autoptr(hg_reply_words) words = hg_reply_words_new(NULL);
	const struct hg_mail_ask ask = { .words = words };

	for (guint i = 0; i < run->all; i++)
		hg_mail_free(hg_mail_parse(run->mail, run->len, &ask));
}

static void on_done(void *arg, hg_mail *mail, const GError *error);

static void give(struct run *run)
{
	static const struct hg_mail_ask ask = { .received_ms = 0 };

	for (; run->given < run->all && run->given < run->taken + AHEAD; run->given++)
		hg_mail_helper_parse(run->helper, run->mail, run->len, &ask, on_done, run);
}

static void on_done(void *arg, hg_mail *mail, const GError *error)
{
	struct run *run = arg;

	if (!mail)
		g_error("%s", error->message);
	hg_mail_free(mail);
	if (++run->taken == run->all)
		event_base_loopbreak(run->base);
	give(run);
}

static void help_all(struct run *run, const char *program)
{
	const struct hg_mail_helper_conf conf = { .program = program, .processes = 1, .timeout_ms = 60000, .cpu_ms = 60000,
		.memory = HG_MAIL_MEMORY };

	signal(SIGPIPE, SIG_IGN);
	run->base = event_base_new();
	run->helper = hg_mail_helper_new(run->base, &conf, NULL);
	g_assert_nonnull(run->helper);
	give(run);
	event_base_dispatch(run->base);
	hg_mail_helper_free(run->helper);
	event_base_free(run->base);
}

int main(int argc, char **argv)
{
	struct run run = { .taken = 0 };
	gint64 begin_ms, begin_us;
	guint64 all;

	if (argc < 4 || !g_ascii_string_to_unsigned(argv[3], 10, 1, G_MAXUINT32, &all, NULL) ||
	    !g_file_get_contents(argv[2], &run.mail, &run.len, NULL)) {
		fprintf(stderr, "usage: bench_mail parse|helper MAIL MAILS [HELPER]\n");
		return 2;
	}
	run.all = (guint)all;
	hg_mail_parse_prepare();
	begin_ms = hg_mono(hg_env_system());
	begin_us = cpu_us(RUSAGE_SELF);
	if (strcmp(argv[1], "parse") == 0)
		parse_all(&run);
	else
		help_all(&run, argc > 4 ? argv[4] : NULL);
	printf("{\"per_s\":%.1f,\"own_us\":%.2f,\"helper_us\":%.2f}\n",
	       run.all * 1000.0 / (double)MAX(hg_mono(hg_env_system()) - begin_ms, 1), (double)(cpu_us(RUSAGE_SELF) - begin_us) / run.all,
	       (double)cpu_us(RUSAGE_CHILDREN) / run.all);
	g_free(run.mail);
	return 0;
}
