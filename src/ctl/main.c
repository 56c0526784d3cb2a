/* main.c - headgatectl: global options, the verb, "did you mean" */
#include <locale.h>
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "log.h"
#include "setup.h"

const struct ctl_verb ctl_verbs[] = {
	{ "check", "[FILE] [--strict]", "check a configuration, everything at once",
	  "  --strict   plays its tests as well, and takes warnings for errors\n"
	  "Runs the daemon's own start-up code without starting it.\n"
	  "exit codes: 0 good, 1 with --strict: warnings or failed tests, 78 errors found\n", ctl_check },
	{ "test", "[FILE] [-k TEXT]", "play the tests of a configuration",
	  "  -k, --name TEXT   only those with TEXT in their name\n"
	  "Each is played through the engine, on a store and a clock of its own.\n"
	  "exit codes: 0 all passed, 1 a test failed, 78 errors in the configuration\n", ctl_test },
	{ "status", "", "what runs, and how it is",
	  "IN and OUT count messages since the start, QUEUE and DEAD what waits and what was given up.\n"
	  "exit codes: 0 all is well, 1 a channel or backend is not up\n", ctl_status },
	{ "tail", "[--thread ID | --shadow]", "follow events as they happen", NULL, ctl_tail },
	{ "thread", "list|show|reply|preview|note|convert|close|reopen|set ...", "read and steer conversations",
	  "  thread list [--state open|closed|converted] [--channel NAME] [--shadow] [--limit N]\n"
	  "  thread show ID\n"
	  "  thread reply ID TEXT [--agent NAME] [--to ADDRESS] [--channel NAME] [--key KEY]\n"
	  "  thread preview ID TEXT [--agent NAME] [--to ADDRESS] [--channel NAME]\n"
	  "  thread note ID TEXT [--agent NAME]\n"
	  "  thread convert ID [--agent NAME] [--priority WORD] [--category WORD] [--subject TEXT]\n"
	  "  thread close ID [--resolved|--unresolved|--ask] [--agent NAME]\n"
	  "  thread reopen ID [--agent NAME]\n"
	  "  thread set ID [--tag TAG]... [--untag TAG]... [--field NAME=VALUE]... [--unset NAME]...\n"
	  "             [--subject TEXT] [--queue NAME] [--skill NAME] [--assignee NAME] [--agent NAME]\n\n"
	  "  --key KEY   the same key again sends nothing twice [a new one for each call]\n", ctl_thread },
	{ "explain", "MESSAGE-ID|THREAD-ID", "why headgate decided what it did", NULL, ctl_explain },
	{ "rules", "try|replay ...", "judge a text, or all that was decided, by other rules",
	  "  rules try TEXT [--channel NAME] [--from ADDRESS] [--fact NAME=VALUE]...\n"
	  "      judges one text of somebody unknown by the configuration's rules; --fact is what a hook\n"
	  "      would have said\n"
	  "  rules replay [--since SPAN] [--config FILE] [--show changed]\n"
	  "      judges what the running daemon decided in the last SPAN [30d] by the rules of FILE, without\n"
	  "      effect; --show changed names the conversations.  The daemon is that of FILE's socket,\n"
	  "      unless a socket or a configuration is named before the verb\n", ctl_rules },
	{ "intent", "train|eval|try ...", "teach what messages are about, and see how well",
	  "  intent train --out MODEL FILE...\n"
	  "      makes a model of examples: lines of INTENT<tab>TEXT or {\"label\":...,\"text\":...}\n"
	  "  intent eval [--model MODEL] FILE... [--min-confidence N] [--min-known N] [--min-accuracy N]\n"
	  "      asks it about labelled messages that it was not made of: who is taken for whom;\n"
	  "      with --min-accuracy it ends with 1 when fewer best guesses are right\n"
	  "  intent try [--model MODEL] TEXT\n"
	  "      what it takes one text for, and because of which words\n\n"
	  "N is a share, 0.7.  Model and bar are those of the configuration when none are given; a model that is\n"
	  "named comes with a bar of 0.7 and, of the words known, 0.5.\n", ctl_intent },
	{ "mail-parse", "[OPTION]... <MAIL", "read one mail as the daemon does, and print what it says as JSON",
	  "  --authserv-id NAME   whose Authentication-Results are believed; may be repeated\n"
	  "  --address ADDRESS    one of ours: mail from it is our own; may be repeated\n"
	  "  --known FILE         a text that was sent before, so that the reply is told from it; may be repeated,\n"
	  "                       the newest first\n"
	  "With --json on one line.  What it prints is told in doc/mail.md.\n"
	  "exit codes: 0 read, 1 this mail cannot be read, 4 no such FILE, 78 headgate-mail does not work\n", ctl_mail_parse },
	{ "consent", "[list] | stop ADDRESS | start ADDRESS ...", "who wants no messages, and note that for somebody",
	  "  consent [list] [--address ADDRESS] [--channel NAME] [--state stop|start]\n"
	  "  consent stop|start ADDRESS --channel NAME [--our-address ADDRESS] [--reason TEXT] [--agent NAME]\n"
	  "      notes what a customer said elsewhere; without --our-address it is about all messages of the\n"
	  "      channel.  It is told to the helpdesks as contact.consent, with who noted it\n", ctl_consent },
	{ "outbox", "[--state WORD] | retry N | settle N arrived|resend", "what waits, failed or hangs in doubt",
	  "  --state WORD   queued, due, sending, unknown, parked or dead [dead]\n", ctl_outbox },
	{ "quarantine", "[list] | show N | retry N | drop N", "what came in and could not be read",
	  "A mail that its adapter could not read twice is kept here with its bytes, and those behind it went on.\n"
	  "show prints them, retry has it read again (after an upgrade, say), drop takes it out of the list.\n",
	  ctl_quarantine },
	{ "channel", "ask NAME [--since TIME]", "have a channel look for messages that did not come",
	  "  --since TIME   a span before now, a day or a time: 2h, 2026-11-20 [where it got to last]\n"
	  "For channels whose provider can be asked for what it has received. What is known already is not taken\n"
	  "twice, so asking for too much does no harm. It is done at the start and from time to time anyway.\n",
	  ctl_channel },
	{ "queue", "[list]", "who has how many tickets, and how many nobody has",
	  "TICKETS counts what is open: of a queue what nobody has yet, of an agent what he has in all queues,\n"
	  "behind the / what he takes.\n", ctl_queue },
	{ "simulate", "whatsapp --text TEXT ...", "send a message as a provider would",
	  "  simulate whatsapp --text TEXT [--from +15550100] [--name NAME] [--id WAMID] [--channel NAME]\n"
	  "                    [--url http://HOST:PORT]\n"
	  "Signs with the app secret of the configuration and posts to the daemon: over its socket, or to\n"
	  "the listener that --url names.\n", ctl_simulate },
	{ "listen", "[--port N] [--secret REF]... [--no-tickets]", "a toy helpdesk: verifies and prints what arrives",
	  "  --port N        listen on 127.0.0.1:N [8421]\n"
	  "  --secret REF    env:NAME, file:PATH or credential:NAME with a whsec_ secret; may be repeated\n"
	  "                  [the secrets of the first backend of the configuration]\n"
	  "  --no-tickets    answer without a ticket number\n", ctl_listen },
	{ "adapters", "[NAME]", "installed adapters and their options", NULL, ctl_adapters },
	{ "adapter", "test FILE|CHANNEL...", "play the samples of a description: requests, and what must come of them",
	  "  --adapter NAME   whose description FILE is [http]\n"
	  "Needs no network and no daemon: each sample goes through the adapter's own code.\n"
	  "exit codes: 0 all passed, 1 a sample failed or there is none, 4 no such file or channel,\n"
	  "78 errors in a description\n", ctl_adapter },
	{ "backend", "list|show|test|probe ...", "presets of helpdesks: which there are, what they want, whether they are right",
	  "  backend list\n"
	  "      all that are installed, and whether each was proven on the real thing or written from documentation\n"
	  "  backend show NAME|FILE\n"
	  "      what a preset wants in the configuration, what it can do, and where that is from\n"
	  "  backend test [NAME|FILE]...\n"
	  "      plays its samples without a network: what is called, and what comes of the answers.  Without a\n"
	  "      name those of all presets\n"
	  "  backend probe NAME [--ticket] [--wait SPAN]\n"
	  "      asks the helpdesk of a backend of the configuration itself: credentials, rights, fields, whether\n"
	  "      tickets can be looked for, what agents did, and whether its webhooks would reach the daemon.\n"
	  "      --ticket makes a ticket there, writes to it and solves it; --wait SPAN waits for a webhook\n"
	  "exit codes: 0 done, 1 a sample or a check failed, 4 no such preset or backend, 78 errors in a preset\n", ctl_backend },
	{ "docs", "schema|sample|man|api|client-api", "JSON Schema, sample and man page of the configuration; the API's calls",
	  NULL, ctl_docs },
	{ "report", "[--since TIME] [--by KEYS] [--csv|--json]", "what conversations came to: rates, times, opinions",
	  "  --since TIME   a span, a day or a time: 30d, 2026-11-01 [30d]\n"
	  "  --until TIME   [now]\n"
	  "  --by KEYS      channel, day, resolver, commas between [channel]\n"
	  "  --zone NAME    whose days are counted: Europe/Berlin [UTC]\n"
	  "  --csv          for a spreadsheet\n"
	  "  --episodes     instead of sums: every conversation, one a line, as CSV or --json\n"
	  "  report drops   the same as headgatectl drops\n", ctl_report },
	{ "drops", "[list|restore ...]", "conversations that nobody took over, and their repair",
	  "  drops [list] [--all] [--since TIME]\n"
	  "      those that are open; --all: also those that were restored\n"
	  "  drops restore THREAD...|--all [--since TIME] [--agent NAME] [--yes]\n"
	  "      makes tickets of them, or has the helpdesk asked again; --yes asks no question\n"
	  "exit codes: 0 done, 1 you said no, 6 some could not be restored\n", ctl_drops },
	{ "fsck", "", "audit the store of the running daemon", "exit codes: 0 sound, 1 breaches found\n", ctl_fsck },
	{ "rebuild", "--from OLD.db --to NEW.db [--config FILE]...", "do all that a store's journal says again",
	  "  --from OLD.db   the store whose journal is read; a daemon may run on it\n"
	  "  --to NEW.db     is made; or an earlier copy of OLD.db, which is brought up to date\n"
	  "  --config FILE   as it was in force; again for each other one that was\n"
	  "  --show          say every difference, not only the first of each table\n"
	  "The same commands with the same clock and random numbers give the same decisions: says whether they\n"
	  "did.  With another configuration, says what would have come of it.  Nothing is sent to anybody.\n"
	  "exit codes: 0 the same, 1 something differs, 5 the journal does not reach back far enough\n", ctl_rebuild },
	{ NULL }
};

static void print_all(void)
{
	puts("headgatectl - looks at and steers a running headgated\n\n"
	     "usage: headgatectl [OPTION]... VERB [ARGUMENT]...\n");
	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++)
		printf("  %-10s %s\n", verb->name, verb->help);
	puts("\n  -c, --config FILE   configuration [" HG_CONF_DEFAULT "]\n"
	     "  -s, --socket PATH   the daemon's socket [gateway.socket of the configuration]\n"
	     "      --json          one JSON object, or one a line for streams\n"
	     "      --color WHEN    auto, always or never [auto; NO_COLOR is honoured]\n"
	     "  -q, --quiet         nothing but errors\n"
	     "  -V, --version       print the version\n"
	     "  -h, --help          print this; \"headgatectl help VERB\" says more\n\n"
	     "exit codes: 0 done, 1 the answer is no, 2 usage, 3 daemon not reachable, 4 not found,\n"
	     "5 refused, 6 partly done, 75 try again, 78 wrong configuration");
}

void ctl_print_help(const struct ctl_verb *verb)
{
	if (!verb)
		print_all();
	else
		printf("usage: headgatectl %s%s%s\n\n%s\n%s%s", verb->name, *verb->usage ? " " : "", verb->usage,
		       verb->help, verb->more ? "\n" : "", verb->more ? verb->more : "");
}

static const struct ctl_verb *find_verb(const struct ctl *ctl, const char *name)
{
	const char *names[G_N_ELEMENTS(ctl_verbs) + 1];
	guint n = 0;

	for (const struct ctl_verb *verb = ctl_verbs; verb->name; verb++) {
		if (strcmp(verb->name, name) == 0)
			return verb;
		names[n++] = verb->name;
	}
	names[n++] = "help";
	names[n] = NULL;
	ctl_unknown(ctl, "verb", name, names);
	return NULL;
}

static int help(const struct ctl *ctl, const char *name)
{
	const struct ctl_verb *verb = name ? find_verb(ctl, name) : NULL;

	if (name && !verb)
		return CTL_USAGE;
	ctl_print_help(verb);
	return CTL_DONE;
}

int main(int argc, char **argv)
{
	struct ctl ctl = { .colour = "auto", .exit = -1 };

	setlocale(LC_CTYPE, "");	/* NOLINT(concurrency-mt-unsafe): there is one thread yet */
	hg_log_init(HG_LOG_LOGFMT, HG_LOG_WARN);
	if (ctl_next(&ctl, argc, argv, NULL) != -1)
		return ctl.exit;
	argc -= optind;
	argv += optind;
	if (!argc)
		return ctl_usage(&ctl, "a verb is wanted");
	if (strcmp(argv[0], "help") == 0)
		return help(&ctl, argc > 1 ? argv[1] : NULL);
	ctl.verb = find_verb(&ctl, argv[0]);
	if (!ctl.verb)
		return CTL_USAGE;
	optind = 0;		/* verbs read their own options */
	return ctl.verb->run(&ctl, argc, argv);
}
