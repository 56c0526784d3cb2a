/* bench_engine.c - what one inbound message costs the engine's thread, SQLite on disk included
 *
 * bench_engine [MESSAGES] [GROUP] [JOURNAL] [ONLY]: a line for each kind of message (new contacts, known
 * ones, duplicates; those that become tickets with the helpdesk's answers), of which all figures are for one:
 * microseconds of CPU and wall time, statements, kilobytes of the log, and what left.  ONLY: the kinds whose
 * names contain it.  Counts of the database's pages are the same on every machine, however busy it is: those
 * asked for, those that were not in the cache and were read, those written to the log, those copied back.
 *
 * bench_engine -d DIRECTORY -p PEOPLE [MESSAGES] [GROUP]: the same in a store that bench_store has filled with so
 * many people, which it adds to, for kinds that differ with the store's size: known people (evenly over all), new
 * ones, and redeliveries of what bench_store remembers. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "conf.h"
#include "engine.h"
#include "rules.h"

#define CHANNEL "wa-main"

static const char yaml[] =
	"config_version: 1\ndefault: %s\nstore: { min_free: 1MiB, journal: %s }\nticket: { confirm: \"\" }\n"
	"channels: { " CHANNEL ": { adapter: fake } }\n"
	"backends: { desk: { url: \"https://desk.example/\", secrets: \"env:BENCH_SECRET\" } }\n"
	"rules:\n"
	"  - name: thanks\n    when: { text: { matches: '^(hi|thanks)$' }, thread: { has_ticket: false } }\n"
	"    do: { ignore: noise }\n"
	"  - name: help\n    when: { text: { matches: '\\bhelp\\b' } }\n    do: { convert: { priority: high } }\n";

static const struct hg_option no_options[] = { HG_OPTION_END };
static const struct hg_adapter adapter = { .size = sizeof(adapter), .name = "fake", .version = "1", .summary = "",
					   .conf_size = 8, .options = no_options };

static const struct hg_adapter *find(void *ctx, const char *name, GError **error)
{
	(void)ctx;
	(void)name;
	(void)error;
	return &adapter;
}

static const char *const *names(void *ctx)
{
	static const char *const all[] = { "fake", NULL };

	(void)ctx;
	return all;
}

static gboolean plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out, GArray *parts,
		     struct hg_err *err)
{
	struct hg_part part = { .size = sizeof(part), .file = -1 };

	(void)ctx, (void)channel, (void)arena, (void)out, (void)err;
	g_array_append_val(parts, part);
	return TRUE;
}

static gboolean limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	(void)ctx, (void)channel;
	memset(ret, 0, sizeof(*ret));
	*ret_caps = 0;
	return TRUE;
}

static guint stored, sent;
static GArray *flying;		/* of gint64: jobs that left, to be answered with the next group */

static void dispatch(void *ctx, hg_dispatch *dispatch)
{
	(void)ctx;
	g_array_append_val(flying, dispatch->job.n);
	sent++;
	hg_dispatch_free(dispatch);
}

static void done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	(void)arg, (void)command, (void)answer;
	stored += !error;
}

/* Who says something, in words of what. */
struct said { char uri[40], user[40], id[64]; };

static void submit(hg_engine *engine, const struct said *said, const char *text)
{
	const char *uri = said->uri, *name = said->id;
	hg_command *command = hg_command_new(HG_CMD_INBOUND);
	g_autofree char *raw = g_strdup_printf("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\","
		"\"changes\":[{\"value\":{\"messages\":[{\"from\":\"%s\",\"id\":\"%s\",\"timestamp\":\"1763632931\","
		"\"text\":{\"body\":\"%s\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}", uri, name, text);
	struct hg_address from[] = { { uri, HG_PROVEN }, { said->user, HG_PROVEN } };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = name, .text = text, .from = from, .n_from = *said->user ? 2 : 1,
			    .to = "tel:+4930000", .name = "Ana Lima" };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .raw = raw, .raw_len = strlen(raw) };

	command->channel = CHANNEL;
	command->space = "fake";
	command->done = done;
	if (!hg_command_set_batch(command, &batch, NULL) || !hg_engine_submit(engine, command, NULL))
		abort();
}

/* The helpdesk took what left: "200", and no word of its own. */
static void answer(hg_engine *engine)
{
	for (guint i = 0; i < flying->len; i++) {
		hg_command *command = hg_command_new(HG_CMD_FORWARDED);

		command->backend = "desk";
		command->job_n = g_array_index(flying, gint64, i);
		command->forwarded = (struct hg_forward_result){ .fate = HG_SENT, .status = 200 };
		if (!hg_engine_submit(engine, command, NULL))
			abort();
	}
	g_array_set_size(flying, 0);
}

struct kind {
	const char *what, *text;
	guint contacts_from, ids_of;	/* numbers; the latter in 1 << 24 */
	void (*said)(const struct kind *kind, guint i, struct said *ret);	/* of a filled store */
};

/* ---- what was spent ---- */

struct spent { double cpu, wall, system; gint64 written; struct hg_store_cost store; };

static double clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static double system_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)use.ru_stime.tv_sec * 1e6 + (double)use.ru_stime.tv_usec;
}

/* Bytes that this process has given to write(), which are the store's. */
static gint64 written_bytes(void)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents("/proc/self/io", &text, NULL, NULL) || !(at = strstr(text, "wchar: ")))
		return 0;
	return g_ascii_strtoll(at + strlen("wchar: "), NULL, 10);
}

static struct spent spent_by_now(hg_store *store)
{
	return (struct spent){ clock_us(CLOCK_THREAD_CPUTIME_ID), clock_us(CLOCK_MONOTONIC), system_us(), written_bytes(),
			       hg_store_cost(store) };
}

static void add_spent(struct spent *to, const struct spent *since, const struct spent *now)
{
	to->cpu += now->cpu - since->cpu;
	to->wall += now->wall - since->wall;
	to->system += now->system - since->system;
	to->written += now->written - since->written;
	to->store.statements += now->store.statements - since->store.statements;
	to->store.log_bytes += now->store.log_bytes - since->store.log_bytes;
	to->store.pages += now->store.pages - since->store.pages;
	to->store.pages_read += now->store.pages_read - since->store.pages_read;
	to->store.page_bytes = now->store.page_bytes;
}

static void show_head(void)
{
	printf("%-34s %7s %7s %7s %10s %7s %7s %7s %7s %8s %6s\n", "a_message", "cpu_us", "sys_us", "wall_us", "statements", "pages",
	       "read", "logged", "copied", "log_KiB", "sent");
}

/* A page in the log has 24 bytes before it; what else was written went to the database. */
static void show(const char *what, const struct spent *spent, double n)
{
	double page = (double)spent->store.page_bytes, logged = (double)spent->store.log_bytes / page;
	double copied = ((double)spent->written - logged * (page + 24)) / page;

	printf("%-34s %7.1f %7.1f %7.1f %10.1f %7.1f %7.2f %7.2f %7.2f %8.2f %6.2f\n", what, spent->cpu / n, spent->system / n,
	       spent->wall / n, (double)spent->store.statements / n, (double)spent->store.pages / n,
	       (double)spent->store.pages_read / n, logged / n, MAX(copied, 0) / n, (double)spent->store.log_bytes / 1024 / n,
	       sent / n);
	fflush(stdout);
}

/* ---- messages ---- */

static void step(hg_engine *engine, hg_store *store, struct spent *spent)
{
	struct spent since = spent_by_now(store), now;
	gboolean ok;

	hg_engine_step(engine, &ok);
	now = spent_by_now(store);
	add_spent(spent, &since, &now);
	if (!ok)
		abort();
}

static void say(hg_engine *engine, const struct kind *kind, guint i)
{
	struct said said = { .user = "" };

	if (kind->said) {
		kind->said(kind, i, &said);
	} else {
		g_snprintf(said.uri, sizeof(said.uri), "tel:+4477%08u", kind->contacts_from + i);
		g_snprintf(said.id, sizeof(said.id), "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgg%08u", (kind->ids_of << 24) + i);
	}
	submit(engine, &said, kind->text);
}

static void run(hg_engine *engine, hg_store *store, const struct kind *kind, guint messages, guint group)
{
	struct spent spent = { 0 };

	sent = 0;
	for (guint i = 0; i < messages; i += group) {
		for (guint j = i; j < MIN(i + group, messages); j++)
			say(engine, kind, j);
		answer(engine);
		step(engine, store, &spent);
	}
	while (flying->len) {
		answer(engine);
		step(engine, store, &spent);
	}
	show(kind->what, &spent, messages);
}

/* In this order: the first makes the contacts that are known afterwards. */
static const struct kind kinds[] = {
	{ "new contact, undecided", "my invoice is wrong", 0, 0, NULL },
	{ "the same again: duplicates", "my invoice is wrong", 0, 0, NULL },
	{ "known contact, open thread", "and another thing", 0, 1, NULL },
	{ "known contact, becomes a ticket", "please help", 0, 2, NULL },
	{ "known contact, open ticket", "still waiting", 0, 3, NULL },
	{ "end to end: new, becomes a ticket", "please help", 1u << 24, 4, NULL },
};

/* ---- a store that was filled ---- */

static guint people;
static gint64 run_id;		/* of seconds: no two runs say the same */

/* Numbers as bench_store spreads them; the prime gives each person his turn, far from the one before. */
static void said_by(gint64 person, gint64 id, struct said *ret)
{
	guint number = (guint)(person * 2654435761u);

	g_snprintf(ret->uri, sizeof(ret->uri), "tel:+44%010u", number);
	g_snprintf(ret->user, sizeof(ret->user), "whatsapp:GB.7%010u", number);
	g_snprintf(ret->id, sizeof(ret->id), "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU%016" G_GINT64_MODIFIER "x", id);
}

static gint64 someone(guint i)
{
	return (gint64)((run_id + i) * 2654435761u % people);
}

static void said_known(const struct kind *kind, guint i, struct said *ret)
{
	(void)kind;
	said_by(someone(i), (run_id << 20) + i, ret);
}

static void said_new(const struct kind *kind, guint i, struct said *ret)
{
	(void)kind;
	said_by((1 << 30) + run_id + i, (run_id << 20) + (1 << 19) + i, ret);
}

static void said_again(const struct kind *kind, guint i, struct said *ret)
{
	gint64 person = someone(i);

	(void)kind;
	said_by(person, person, ret);
}

static const struct kind grown[] = {
	{ "known", "and another thing", 0, 0, said_known },
	{ "again", "My invoice", 0, 0, said_again },
	{ "new", "my invoice is wrong", 0, 0, said_new },
};

/* ---- the whole ---- */

struct bench { const char *dir, *journal, *only; guint messages, group; };

static struct bench arguments(int argc, char **argv)
{
	struct bench bench = { .journal = "30d", .messages = 20000, .group = 64 };
	int option;

	while ((option = getopt(argc, argv, "d:p:")) != -1)
		switch (option) {
		case 'd': bench.dir = optarg; break;
		case 'p': people = (guint)g_ascii_strtoull(optarg, NULL, 10); break;
		default: exit(2);
		}
	argc -= optind;
	argv += optind;
	if (argc > 0)
		bench.messages = (guint)atoi(argv[0]);
	if (argc > 1)
		bench.group = (guint)atoi(argv[1]);
	if (argc > 2)
		bench.journal = argv[2];
	if (argc > 3)
		bench.only = argv[3];
	if ((bench.dir != NULL) != (people > 0) || !bench.messages || !bench.group) {
		fputs("usage: bench_engine [-d DIRECTORY -p PEOPLE] [MESSAGES] [GROUP] [JOURNAL] [ONLY]\n", stderr);
		exit(2);
	}
	return bench;
}

static void run_all(hg_engine *engine, hg_store *store, const struct bench *bench)
{
	const struct kind *all = bench->dir ? grown : kinds;
	gsize n = bench->dir ? G_N_ELEMENTS(grown) : G_N_ELEMENTS(kinds);

	show_head();
	for (gsize i = 0; i < n; i++)
		if (!bench->only || strstr(all[i].what, bench->only))
			run(engine, store, &all[i], bench->messages, bench->group);
	if (!bench->dir)
		printf("%u batches stored\n", stored);
}

int main(int argc, char **argv)
{
	static const struct hg_adapter_finder finder = { .find = find, .names = names };
	static const char *const channels[] = { CHANNEL, NULL }, *const backends[] = { "desk", NULL };
	const struct hg_ports ports = { .plan = plan, .limits = limits, .dispatch = dispatch };
	const struct bench bench = arguments(argc, argv);
	/* Nothing of a filled store is decided by a timer: its work would be counted as that of what comes next. */
	const char *fallback = bench.dir ? "hold" : "convert";
	g_autofree char *text = g_strdup_printf(yaml, fallback, bench.journal);
	g_autofree char *made = bench.dir ? NULL : g_dir_make_tmp("headgate-bench-XXXXXX", NULL);
	g_autofree char *dir = g_canonicalize_filename(bench.dir ?: made, NULL);
	g_autofree char *path = g_build_filename(dir, "bench.db", NULL);
	g_autofree char *files = g_build_filename(dir, "attachments", NULL);
	g_autofree char *rm = g_strdup_printf("rm -rf '%s'", dir);
	struct hg_store_options options = { .driver = "sqlite", .path = path, .attachments = files,
					    .env = hg_env_system() };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(GError) error = NULL;
	hg_store *store = hg_store_open(&options, &error);
	struct hg_rules_source source = { .fallback = fallback, .channels = channels, .backends = backends };
	hg_engine *engine;
	hg_conf *conf;

	run_id = g_get_real_time() / G_USEC_PER_SEC % (1 << 14) << 15;
	flying = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_setenv("BENCH_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE);
	conf = hg_conf_make("bench.yaml", hg_doc_parse("bench.yaml", text, diag), &finder, diag);
	if (!store || !conf)
		g_error("%s", error ? error->message : hg_diag_render(diag, FALSE));
	source.rules = conf->rules;
	engine = hg_engine_new(conf, hg_rules_make(&source, diag), store, options.env, &ports);
	hg_engine_set_slots(engine, HG_TO_BACKEND, "desk", 256);
	run_all(engine, store, &bench);
	hg_engine_free(engine);
	hg_conf_unref(conf);
	hg_store_close(store);
	g_array_unref(flying);
	return bench.dir || g_spawn_command_line_sync(rm, NULL, NULL, NULL, NULL) ? 0 : 1;
}
