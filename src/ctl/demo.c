/* demo.c - the verb "demo": a headgate in a folder of its own, in capture mode, that simulated customers talk to */
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"

#define READY_MS (60 * 1000)
#define SLICE_MS 500
#define LOOK_US	 (200 * 1000)		/* between two looks whether it is to end */
#define KEY_SIZE 24			/* bytes of a made-up secret */

static const char config[] =
	"# What \"headgatectl demo\" runs.  Nothing leaves it: what would go out is kept (headgatectl capture).\n"
	"config_version: 1\n"
	"gateway: { name: Demo, listen: 127.0.0.1:0, socket: headgate.sock, capture: true, log_level: warn }\n"
	"store: { path: headgate.db }\n"
	"settle: 1s\n"
	"ticket: { number: TK-%d, first_number: 1042 }\n"
	"channels:\n"
	"  wa-main:\n"
	"    adapter: whatsapp\n"
	"    phone_number_id: \"109876543210\"\n"
	"    token: file:secret\n"
	"    app_secret: file:secret\n"
	"    verify_token: file:secret\n"
	"rules:\n"
	"  - name: thanks and greetings\n"
	"    when: { text: { matches: '^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$' }, thread: { has_ticket: false } }\n"
	"    do: { ignore: noise }\n"
	"  - name: asks for a human\n"
	"    when: { text: { matches: '\\b(human|agent)\\b' } }\n"
	"    do: { convert: { priority: high, category: escalation } }\n"
	"backends:\n"
	"  desk: { url: \"https://desk.example/headgate\", secrets: file:whsec }\n";

static const char script[] =
	"# Ana greets, which is noise; asks, which the provider delivers twice; and wants a human, which makes a ticket.\n"
	"steps:\n"
	"  - say: { channel: wa-main, from: \"+447700900123\", name: Ana, text: \"Hello!\" }\n"
	"    name: greeting\n"
	"    expect: { action: ignore, rule: thanks and greetings, ticket: none }\n"
	"  - say: { channel: wa-main, from: \"+447700900123\", name: Ana, text: \"My order 4711 is late\" }\n"
	"    name: question\n"
	"    expect: { thread: greeting, ticket: new, within: 30s }\n"
	"  - again: question\n"
	"    expect: { new: false }\n"
	"  - say: { channel: wa-main, from: \"+447700900123\", name: Ana, text: \"Is there a human?\" }\n"
	"    expect: { thread: question, ticket: joined }\n"
	"  - reply: { to: question, text: \"Yes: it leaves today.\" }\n"
	"    expect: { delivery: sent }\n"
	"  - say: { channel: wa-main, from: \"+447700900456\", name: Bo, text: \"thanks\" }\n"
	"    expect: { action: ignore, ticket: none }\n";

struct demo {
	struct ctl *ctl;
	char *self, *folder, *config;	/* this program; where all of it lies; its configuration */
	GPid daemon;
	GString *steps;			/* --json: what was done */
	gboolean failed;
};

static volatile sig_atomic_t asked_to_end;

static void on_end(int number)
{
	(void)number;
	asked_to_end = 1;
}

/* ---- files ---- */

static gboolean put(const struct demo *demo, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(demo->folder, name, NULL);
	g_autoptr(GError) error = NULL;

	if (g_file_set_contents_full(path, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, &error))
		return TRUE;
	ctl_say_error(demo->ctl, "%s", error->message);
	return FALSE;
}

/* Secrets of nobody: no provider and no helpdesk has ever heard of them. */
static gboolean put_secrets(const struct demo *demo)
{
	struct hg_env *env = hg_env_system();
	g_autofree char *key = NULL, *signing = NULL;
	guint8 bytes[KEY_SIZE];

	env->random(env, bytes, sizeof(bytes));
	key = g_base64_encode(bytes, sizeof(bytes));
	signing = g_strconcat("whsec_", key, NULL);
	return put(demo, "secret", key) && put(demo, "whsec", signing);
}

static gboolean make_folder(struct demo *demo)
{
	const char *dir = ctl_value(demo->ctl, "dir");
	g_autoptr(GError) error = NULL;

	if (!dir)
		demo->folder = g_dir_make_tmp("headgate-demo-XXXXXX", &error);
	else if (g_mkdir(dir, 0700) == 0)
		demo->folder = g_canonicalize_filename(dir, NULL);
	if (!demo->folder) {
		ctl_say_error(demo->ctl, "%s%s%s", dir ? dir : error->message, dir ? ": " : "", dir ? g_strerror(errno) : "");
		return FALSE;
	}
	demo->config = g_build_filename(demo->folder, "headgate.yaml", NULL);
	return put(demo, "headgate.yaml", config) && put(demo, "story.yaml", script) && put_secrets(demo);
}

static void remove_all(const char *path)
{
	GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *inside = g_build_filename(path, name, NULL);

		remove_all(inside);
	}
	if (dir)
		g_dir_close(dir);
	g_remove(path);
}

/* ---- processes ---- */

/* The daemon that came with this program, else the one that is found. */
static char *daemon_path(const struct demo *demo)
{
	g_autofree char *dir = g_path_get_dirname(demo->self);
	static const char *const places[] = { "headgated", "../sbin/headgated", "../libexec/headgated" };

	for (gsize i = 0; i < G_N_ELEMENTS(places); i++) {
		char *path = g_build_filename(dir, places[i], NULL);

		if (g_file_test(path, G_FILE_TEST_IS_EXECUTABLE))
			return path;
		g_free(path);
	}
	return g_find_program_in_path("headgated");
}

static gboolean has_ended(struct demo *demo)
{
	gboolean ended = waitpid(demo->daemon, NULL, WNOHANG) == demo->daemon;

	if (ended)
		demo->daemon = 0;
	return ended;
}

static void say_log(const struct demo *demo, const char *path)
{
	g_autofree char *text = NULL, *safe = NULL;

	g_file_get_contents(path, &text, NULL, NULL);
	safe = ctl_safe(text, TRUE);
	ctl_say_error(demo->ctl, "the daemon did not begin; it said:");
	fputs(safe, stderr);
}

static gboolean start(struct demo *demo)
{
	g_autofree char *path = daemon_path(demo), *log = g_build_filename(demo->folder, "headgated.log", NULL);
	g_autofree char *socket = g_build_filename(demo->folder, "headgate.sock", NULL), *why = NULL;
	const char *argv[] = { path, "-c", demo->config, NULL };
	g_autoptr(GError) error = NULL;
	int fd;

	if (!path) {
		ctl_say_error(demo->ctl, "headgated is not beside this program, and not in PATH");
		return FALSE;
	}
	fd = open(log, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || !g_spawn_async_with_pipes_and_fds(NULL, argv, NULL, G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDIN_FROM_DEV_NULL, NULL, NULL,
							-1, fd, fd, NULL, NULL, 0, &demo->daemon, NULL, NULL, NULL, &error)) {
		ctl_say_error(demo->ctl, "%s: %s", fd < 0 ? log : path, error ? error->message : g_strerror(errno));
		return FALSE;
	}
	close(fd);
	for (gint64 waited_ms = 0; waited_ms < READY_MS; waited_ms += SLICE_MS) {
		g_free(why);
		why = ctl_wait_ready(socket, FALSE, SLICE_MS);
		if (!why || has_ended(demo))
			break;
	}
	if (why)
		say_log(demo, log);
	return !why;
}

static void stop(struct demo *demo)
{
	if (!demo->daemon)
		return;
	kill(demo->daemon, SIGTERM);
	waitpid(demo->daemon, NULL, 0);
}

/* ---- the story ---- */

/* A command as somebody could type it, and what it prints.  words: behind headgatectl, with blanks between. */
static gboolean run(struct demo *demo, const char *about, const char *words)
{
	g_auto(GStrv) split = g_strsplit(words, " ", -1);
	g_autoptr(GPtrArray) argv = g_ptr_array_new();
	g_autoptr(GError) error = NULL;
	gboolean json = demo->ctl->json, silent = json || demo->ctl->quiet;
	const char *first[] = { demo->self, "-c", demo->config, "--color", ctl_colours(demo->ctl, STDOUT_FILENO) ? "always" : "never" };
	int status = 0;

	if (!silent)
		printf("\n%s%s%s\n%s$ headgatectl -c %s %s%s\n", ctl_look(demo->ctl, CTL_BOLD), about, ctl_look(demo->ctl, CTL_PLAIN),
		       ctl_look(demo->ctl, CTL_DIM), demo->config, words, ctl_look(demo->ctl, CTL_PLAIN));
	fflush(stdout);
	for (gsize i = 0; i < G_N_ELEMENTS(first); i++)
		g_ptr_array_add(argv, (gpointer)first[i]);
	for (char **word = split; *word; word++)
		g_ptr_array_add(argv, *word);
	g_ptr_array_add(argv, NULL);
	if (!g_spawn_sync(demo->folder, (char **)argv->pdata, NULL, silent ? G_SPAWN_STDOUT_TO_DEV_NULL : G_SPAWN_CHILD_INHERITS_STDIN, NULL,
			  NULL, NULL, NULL, &status, &error))
		ctl_say_error(demo->ctl, "%s", error->message);
	hg_json_open(demo->steps, '{');
	hg_json_add_str(demo->steps, "command", words);
	hg_json_add_bool(demo->steps, "ok", !error && status == 0);
	hg_json_close(demo->steps, '}');
	demo->failed |= error || status != 0;
	return !demo->failed;
}

static void play(struct demo *demo)
{
	if (run(demo, "Two customers write, as their provider would deliver it:", "simulate script story.yaml") &&
	    run(demo, "What became of it:", "thread list") && run(demo, "The ticket:", "ticket list"))
		run(demo, "What would have left this gateway, to the helpdesk and to Ana's phone:", "capture");
}

static void print_json(const struct demo *demo)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_bool(out, "ok", !demo->failed);
	hg_json_add_str(out, "config", demo->config);
	hg_json_key(out, "steps");
	g_string_append_printf(out, "[%s]", demo->steps->str);
	hg_json_close(out, '}');
	ctl_put_json(out->str);
	fflush(stdout);
}

/* Until Ctrl-C, or the daemon's own end. */
static void stay(struct demo *demo)
{
	if (!demo->ctl->json && !demo->ctl->quiet)
		printf("\nIt goes on until Ctrl-C.  From another terminal:\n"
		       "  headgatectl -c %s tail\n"
		       "  headgatectl -c %s simulate wa-main --from +15550100 --name Cleo --text \"I want a human\"\n"
		       "  headgatectl -c %s explain ID\n", demo->config, demo->config, demo->config);
	fflush(stdout);
	while (!asked_to_end && !has_ended(demo))
		g_usleep(LOOK_US);
}

/* ---- the verb ---- */

static void handle_end(void)
{
	const struct sigaction action = { .sa_handler = on_end, .sa_flags = (int)SA_RESETHAND };

	sigaction(SIGINT, &action, NULL);	/* a second one ends the program */
	sigaction(SIGTERM, &action, NULL);
}

static void end(struct demo *demo)
{
	gboolean keep = ctl_given(demo->ctl, "dir") || (demo->failed && demo->folder);

	stop(demo);
	if (demo->folder && !keep)
		remove_all(demo->folder);
	else if (demo->folder && !demo->ctl->quiet)
		fprintf(stderr, "headgatectl: configuration, store and log are in %s\n", demo->folder);
	g_string_free(demo->steps, TRUE);
	g_free(demo->self);
	g_free(demo->folder);
	g_free(demo->config);
}

static int demo(struct ctl *ctl)
{
	struct demo demo = { .ctl = ctl, .self = g_file_read_link("/proc/self/exe", NULL), .steps = g_string_new(NULL) };

	if (!demo.self)
		demo.self = g_strdup("headgatectl");
	handle_end();
	demo.failed = !make_folder(&demo) || !start(&demo);
	if (!demo.failed)
		play(&demo);
	if (ctl->json)
		print_json(&demo);
	if (!demo.failed && !ctl_given(ctl, "once") && !asked_to_end)
		stay(&demo);
	end(&demo);
	return demo.failed ? CTL_NO : CTL_DONE;
}

const struct ctl_verb ctl_verb_demo = {
	.name = "demo", .help = "see what headgate does, with simulated customers and nothing that leaves it", .run = demo,
	.options = CTL_PARAMS({ "once", CTL_FLAG, NULL, "ends after the story instead of waiting for Ctrl-C" },
			      { "dir", CTL_DIR, NULL, "a folder that is made for it, and stays [one that goes away]" }),
	.more = "Starts a headgated of its own, in capture mode, on a port that is free: needs no account, no root and no configuration, and "
		"touches nothing of a headgate that runs here.  A story is played, with the commands that show what came of it; then it is yours.",
	.exits = "0 it went as it should, 1 it did not",
	.example = "demo --once",
};
