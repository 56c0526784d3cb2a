/* mail_parse_verb.c - mail-parse: one mail from standard input, read as the daemon reads it, as JSON */
#include <event2/event.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "fail.h"
#include "mail_helper.h"
#include "slurp.h"

#define MAIL_MAX  (256 * 1024 * 1024)
#define KNOWN_MAX (4 * 1024 * 1024)

struct reading {
	struct event_base *base;
	hg_mail *mail;		/* ours, or NULL and error */
	GError *error;
};

struct mail_args {
	const char *const *authserv_ids, *const *ours;
	GPtrArray *known;				/* NULL-ended when read */
	GPtrArray *texts;				/* of known: ours */
};

static void on_done(void *arg, hg_mail *mail, const GError *error)
{
	struct reading *reading = arg;

	reading->mail = mail;
	reading->error = error ? g_error_copy(error) : NULL;
	event_base_loopbreak(reading->base);
}

static gboolean add_known(struct ctl *ctl, struct mail_args *args, const char *path)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = NULL;
	gsize len;

	if (!g_file_get_contents(path, &text, &len, &error) || len > KNOWN_MAX || !g_utf8_validate(text, (gssize)len, NULL)) {
		ctl_say_error(ctl, "%s: %s", path, error ? error->message : "at most 4 MiB of UTF-8 are a text that was sent");
		return FALSE;
	}
	g_ptr_array_add(args->known, text);
	g_ptr_array_add(args->texts, g_steal_pointer(&text));
	return TRUE;
}

static gboolean read_known(struct ctl *ctl, struct mail_args *args)
{
	for (const char *const *path = ctl_values(ctl, "known"); *path; path++)
		if (!add_known(ctl, args, *path))
			return FALSE;
	g_ptr_array_add(args->known, NULL);
	return TRUE;
}

static void read_mail(const GString *raw, const struct mail_args *args, struct reading *reading)
{
	const struct hg_mail_helper_conf conf = { .processes = 1, .timeout_ms = HG_MAIL_TIMEOUT_MS, .cpu_ms = HG_MAIL_CPU_MS,
		.memory = HG_MAIL_MEMORY };
	const struct hg_mail_ask ask = { .authserv_ids = args->authserv_ids,
		.ours = args->ours, .known = (const char *const *)args->known->pdata };
	hg_mail_helper *helper;

	reading->base = event_base_new();
	signal(SIGPIPE, SIG_IGN);	/* it may die before it has read all */
	helper = hg_mail_helper_new(reading->base, &conf, &reading->error);
	if (helper) {
		hg_mail_helper_parse(helper, raw->str, raw->len, &ask, on_done, reading);
		event_base_dispatch(reading->base);
	}
	hg_mail_helper_free(helper);
	event_base_free(reading->base);
}

static int print_mail(const struct ctl *ctl, const hg_mail *mail)
{
	const int form = JSON_C_TO_STRING_NOSLASHESCAPE |
			 (ctl->json ? JSON_C_TO_STRING_PLAIN : JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED);
	g_autoptr(json_object) json = hg_mail_to_json(mail);

	ctl_put_json(json_object_to_json_string_ext(json, form));
	return CTL_DONE;
}

static int tell(const struct ctl *ctl, const GError *error)
{
	ctl_say_error(ctl, "%s", error->message);
	return error->code == HG_ERROR_INPUT ? CTL_NO : error->code == HG_ERROR_CONFIG ? CTL_CONFIG : CTL_AGAIN;
}

static int parse(struct ctl *ctl, struct mail_args *args)
{
	g_autoptr(GString) raw = g_string_new(NULL);
	g_autoptr(hg_mail) mail = NULL;
	g_autoptr(GError) error = NULL;
	struct reading reading = { .mail = NULL };

	if (!read_known(ctl, args))
		return CTL_MISSING;
	if (isatty(STDIN_FILENO) && !ctl->quiet)
		fputs("reading a mail from standard input\n", stderr);
	if (!hg_slurp(STDIN_FILENO, MAIL_MAX, "", raw, &error)) {
		ctl_say_error(ctl, "standard input: %s", error->message);
		return CTL_NO;
	}
	read_mail(raw, args, &reading);
	mail = reading.mail;
	error = reading.error;
	return mail ? print_mail(ctl, mail) : tell(ctl, error);
}

static int mail_parse(struct ctl *ctl)
{
	struct mail_args args = { .authserv_ids = ctl_values(ctl, "authserv-id"), .ours = ctl_values(ctl, "address"),
		.known = g_ptr_array_new(), .texts = g_ptr_array_new_with_free_func(g_free) };
	int code = parse(ctl, &args);

	g_ptr_array_free(args.known, TRUE);
	g_ptr_array_free(args.texts, TRUE);
	return code;
}

const struct ctl_verb ctl_verb_mail_parse = {
	.name = "mail-parse", .help = "read one mail from standard input as the daemon does", .run = mail_parse,
	.options = CTL_PARAMS({ "authserv-id", CTL_TEXT, "NAME", "whose Authentication-Results are believed", .flags = CTL_MANY },
			      { "address", CTL_TEXT, "ADDRESS", "one of ours: mail from it is our own", .flags = CTL_MANY },
			      { "known", CTL_FILE, NULL, "a text that was sent before, so that the reply is told from it; the newest first",
				.flags = CTL_MANY }),
	.more = "Prints as JSON what the mail says, read in a process without rights; with --json on one line.  What it prints is told "
		"in doc/mail.md.",
	.exits = "0 read, 1 this mail cannot be read, 4 no such FILE, 78 headgate-mail does not work",
	.example = "mail-parse <mail.eml",
};
