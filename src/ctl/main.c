/* main.c - headgatectl: global options, the verb, "did you mean" */
#include <getopt.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "log.h"
#include "setup.h"
#include "text.h"

const struct ctl_verb ctl_verbs[] = {
	{ "check", "[FILE]", "check a configuration, everything at once",
	  "Runs the daemon's own start-up code without starting it.\nexit codes: 0 good, 78 errors found\n", ctl_check },
	{ "status", "", "what runs, and how it is",
	  "exit codes: 0 all well, 1 a channel or backend is not up\n", ctl_status },
	{ "tail", "[--thread ID]", "follow events and decisions as they happen", NULL, ctl_tail },
	{ "thread", "list|show|reply|note|convert|close|reopen ...", "read and steer conversations",
	  "  thread list [--state open|closed|converted] [--limit N]\n"
	  "  thread show ID\n"
	  "  thread reply ID TEXT [--agent NAME] [--to ADDRESS --channel NAME] [--key KEY]\n"
	  "  thread note ID TEXT [--agent NAME]\n"
	  "  thread convert ID [--agent NAME] [--priority WORD] [--category WORD] [--subject TEXT]\n"
	  "  thread close ID [--resolved|--unresolved] [--agent NAME]\n"
	  "  thread reopen ID [--agent NAME]\n", ctl_thread },
	{ "explain", "MESSAGE-ID|THREAD-ID", "why headgate decided what it did", NULL, ctl_explain },
	{ "outbox", "[--state WORD] | retry N | settle N arrived|resend", "what waits, failed or hangs in doubt",
	  "Without --state the dead letters are listed.\n", ctl_outbox },
	{ "simulate", "whatsapp --text TEXT ...", "send a message as a provider would",
	  "  simulate whatsapp --text TEXT [--from +15550100] [--name NAME] [--id WAMID] [--channel NAME]\n"
	  "                    [--url http://HOST:PORT]\n"
	  "Signs with the app secret of the configuration and posts to the daemon's listener.\n", ctl_simulate },
	{ "listen", "[--port N] [--secret REF]... [--no-tickets]", "a toy helpdesk: verifies and prints what arrives",
	  "  --port N        listen on 127.0.0.1:N [8421]\n"
	  "  --secret REF    env:NAME, file:PATH or credential:NAME with a whsec_ secret; may be repeated\n"
	  "                  [the secrets of the first backend of the configuration]\n"
	  "  --no-tickets    answer without a ticket number\n", ctl_listen },
	{ "adapters", "[NAME]", "installed adapters and their options", NULL, ctl_adapters },
	{ "docs", "schema|sample|man", "JSON Schema, commented sample, man page of the configuration", NULL, ctl_docs },
	{ "fsck", "", "audit the store of the running daemon", "exit codes: 0 sound, 1 breaches found\n", ctl_fsck },
	{ NULL }
};

static void print_help(FILE *to)
{
	fputs("headgatectl - looks at and steers a running headgated\n\n"
	      "usage: headgatectl [OPTION]... VERB [ARGUMENT]...\n\n", to);
	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++)
		fprintf(to, "  %-9s %s\n", verb->name, verb->help);
	fputs("\n  -c, --config FILE   configuration [" HG_CONF_DEFAULT "]\n"
	      "  -s, --socket PATH   the daemon's socket [gateway.socket of the configuration]\n"
	      "      --json          one JSON object, or one a line for streams\n"
	      "      --color WHEN    auto, always or never [auto; NO_COLOR is honoured]\n"
	      "  -q, --quiet         nothing but errors\n"
	      "  -V, --version       print the version\n"
	      "  -h, --help          print this; \"headgatectl help VERB\" says more\n\n"
	      "exit codes: 0 done, 1 the answer is no, 2 usage, 3 daemon not reachable, 4 not found,\n"
	      "5 refused, 6 partly done, 75 try again, 78 wrong configuration\n", to);
}

static int print_verb_help(const char *name)
{
	for (const struct ctl_verb *verb = ctl_verbs; name && verb->name; verb++) {
		if (strcmp(verb->name, name) != 0)
			continue;
		printf("usage: headgatectl %s %s\n\n%s\n%s%s", verb->name, verb->usage, verb->help,
		       verb->more ? "\n" : "", verb->more ? verb->more : "");
		return CTL_DONE;
	}
	print_help(name ? stderr : stdout);
	return name ? CTL_USAGE : CTL_DONE;
}

static int unknown_verb(const struct ctl *ctl, const char *name)
{
	const char *names[G_N_ELEMENTS(ctl_verbs)];
	const char *near;
	guint n = 0;

	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++)
		names[n++] = verb->name;
	names[n] = NULL;
	near = hg_nearest(name, names);
	ctl_say_error(ctl, "there is no verb \"%s\"%s%s%s; see headgatectl --help", name,
		      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return CTL_USAGE;
}

static gboolean wants_colour(const char *when, int fd)
{
	if (strcmp(when, "auto") != 0)
		return strcmp(when, "always") == 0;
	return isatty(fd) && !g_getenv("NO_COLOR") && g_strcmp0(g_getenv("TERM"), "dumb") != 0;
}

/* -1 to go on, else the exit code. */
static int read_options(struct ctl *ctl, int argc, char **argv)
{
	static const struct option names[] = {
		{ "config", required_argument, NULL, 'c' }, { "socket", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' }, { "color", required_argument, NULL, 'C' },
		{ "quiet", no_argument, NULL, 'q' }, { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' }, { 0 } };
	const char *when = "auto";
	int c;

	while ((c = getopt_long(argc, argv, "+c:s:qVh", names, NULL)) != -1) {
		switch (c) {
		case 'c': ctl->config = optarg; break;
		case 's': ctl->socket = optarg; break;
		case 'j': ctl->json = TRUE; break;
		case 'C': when = optarg; break;
		case 'q': ctl->quiet = TRUE; break;
		case 'V': puts("headgatectl " PACKAGE_VERSION); return CTL_DONE;
		case 'h': print_help(stdout); return CTL_DONE;
		default: fputs("see headgatectl --help\n", stderr); return CTL_USAGE;
		}
	}
	if (strcmp(when, "auto") != 0 && strcmp(when, "always") != 0 && strcmp(when, "never") != 0)
		return ctl_usage(ctl, NULL, "--color is auto, always or never");
	ctl->colour = !ctl->json && wants_colour(when, STDOUT_FILENO);
	ctl->colour_err = wants_colour(when, STDERR_FILENO);
	return -1;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { 0 };
	int code;

	setlocale(LC_CTYPE, "");
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_WARN);
	code = read_options(&ctl, argc, argv);
	if (code >= 0)
		return code;
	argc -= optind;
	argv += optind;
	if (!argc) {
		print_help(stderr);
		return CTL_USAGE;
	}
	if (strcmp(argv[0], "help") == 0)
		return print_verb_help(argv[1]);
	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++) {
		if (strcmp(verb->name, argv[0]) != 0)
			continue;
		if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
			return print_verb_help(argv[0]);
		optind = 0;		/* verbs read their own options */
		return verb->run(&ctl, argc, argv);
	}
	return unknown_verb(&ctl, argv[0]);
}
