/* smtp_try.c - sends mails by src/mail/smtp.h, as tests/functional/test_smtp.py tells it
 *
 *	smtp_try HOST PORT [--tls starttls|implicit|none] [--esmtp] [--ca FILE] [--user NAME] [--bearer TOKEN]
 *		[--timeout MS] [--connections N] [--from ADDRESS] [--to ADDRESS]... [--envid ID] [--mails N] [--serial] <MAIL
 *
 * The password is in SMTP_TRY_PASSWORD.  Prints an object of JSON for each answer: fate, reach, step, code, enhanced,
 * text, remote_id.  --serial: one after the other, not all at once. */
#include <config.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "env.h"
#include "json.h"
#include "loop.h"
#include "smtp.h"

struct try {
	hg_loop *loop;
	hg_smtp *smtp;
	struct hg_smtp_conf conf;
	struct hg_smtp_mail mail;
	GPtrArray *to;
	guint left, pending;
	gboolean serial;
};

static void begin(struct try *try);

static void put(const struct hg_smtp_answer *answer)
{
	static const char *const steps[] = { "connect", "greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data",
					     "body", "end" };
	static const char *const fates[] = { "sent", "retry", "failed", "ambiguous" };
	static const char *const reaches[] = { "message", "contact", "channel", "account" };
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "fate", fates[answer->fate]);
	hg_json_add_str(out, "reach", reaches[answer->reach]);
	hg_json_add_str(out, "step", steps[answer->step]);
	hg_json_add_int(out, "code", answer->code);
	hg_json_add_str(out, "enhanced", answer->enhanced);
	hg_json_add_str(out, "text", answer->text);
	hg_json_add_str(out, "remote_id", answer->remote_id);
	hg_json_close(out, '}');
	puts(out->str);
	fflush(stdout);
}

static void on_done(void *arg, const struct hg_smtp_answer *answer)
{
	struct try *try = arg;

	put(answer);
	try->pending--;
	begin(try);
	if (!try->pending)
		hg_loop_stop(try->loop);
}

static void begin(struct try *try)
{
	while (try->left && (!try->serial || !try->pending)) {
		try->left--;
		try->pending++;
		hg_smtp_send(try->smtp, &try->mail, on_done, try);
	}
}

static gboolean option(struct try *try, const char *name, const char *value)
{
	static const char *const tls[] = { "starttls", "implicit", "none", NULL };

	if (!strcmp(name, "--tls"))
		for (try->conf.tls = 0; tls[try->conf.tls] && strcmp(tls[try->conf.tls], value); )
			try->conf.tls++;
	else if (!strcmp(name, "--ca"))
		try->conf.ca_file = value;
	else if (!strcmp(name, "--user"))
		try->conf.user = value;
	else if (!strcmp(name, "--bearer"))
		try->mail.bearer = value;
	else if (!strcmp(name, "--timeout"))
		try->conf.timeout_ms = g_ascii_strtoll(value, NULL, 10);
	else if (!strcmp(name, "--connections"))
		try->conf.connections = (guint)g_ascii_strtoull(value, NULL, 10);
	else if (!strcmp(name, "--from"))
		try->mail.from = value;
	else if (!strcmp(name, "--to"))
		g_ptr_array_add(try->to, (char *)value);
	else if (!strcmp(name, "--envid"))
		try->mail.envelope_id = value;
	else if (!strcmp(name, "--mails"))
		try->left = (guint)g_ascii_strtoull(value, NULL, 10);
	else
		return FALSE;
	return TRUE;
}

static gboolean read_arguments(struct try *try, int argc, char **argv)
{
	if (argc < 3)
		return FALSE;
	try->conf.host = argv[1];
	try->conf.port = (int)g_ascii_strtoll(argv[2], NULL, 10);
	for (int i = 3; i < argc; i++) {
		if (!strcmp(argv[i], "--esmtp"))
			try->conf.esmtp = TRUE;
		else if (!strcmp(argv[i], "--serial"))
			try->serial = TRUE;
		else if (i + 1 == argc || !option(try, argv[i], argv[i + 1]))
			return FALSE;
		else
			i++;
	}
	if (!try->to->len)
		g_ptr_array_add(try->to, (char *)"ana@example.com");
	g_ptr_array_add(try->to, NULL);
	try->mail.to = (const char *const *)try->to->pdata;
	return TRUE;
}

static void read_mail(GString *mail)
{
	char bytes[65536];
	size_t n;

	while ((n = fread(bytes, 1, sizeof(bytes), stdin)) > 0)
		g_string_append_len(mail, bytes, (gssize)n);
}

int main(int argc, char **argv)
{
	g_autoptr(GPtrArray) to = g_ptr_array_new();
	g_autoptr(GString) mail = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	struct try try = { .left = 1, .to = to, .mail.from = "support@acme.example" };

	if (!read_arguments(&try, argc, argv)) {
		fprintf(stderr, "see the top of tests/tools/smtp_try.c\n");
		return 2;
	}
	try.conf.password = getenv("SMTP_TRY_PASSWORD");
	read_mail(mail);
	try.mail.bytes = mail->str;
	try.mail.len = mail->len;
	try.loop = hg_loop_new(hg_env_system(), "try", NULL);
	try.smtp = hg_smtp_new(hg_loop_base(try.loop), &try.conf, &error);
	if (!try.smtp) {
		fprintf(stderr, "%s\n", error->message);
		hg_loop_free(try.loop);
		return 1;
	}
	begin(&try);
	hg_loop_run(try.loop);
	hg_smtp_free(try.smtp);
	hg_loop_free(try.loop);
	return 0;
}
