/* bench_engine.c - what one inbound message costs the engine's thread, SQLite on disk included
 *
 * bench_engine [MESSAGES] [GROUP] [JOURNAL] [ONLY]: a line for each kind of message (new contacts, known
 * ones, duplicates; those that become tickets with the helpdesk's answers): microseconds of CPU and wall
 * time, statements and kilobytes of the log for one.  ONLY: the kinds whose names contain it. */
#include <glib/gstdio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "check.h"
#include "conf.h"
#include "engine.h"
#include "rules.h"

static const char yaml[] =
	"config_version: 1\nstore: { min_free: 1MiB, journal: %s }\nticket: { confirm: \"\" }\n"
	"channels: { wa: { adapter: fake } }\n"
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

static double clock_us(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void submit(hg_engine *engine, guint contact, guint id, const char *text)
{
	hg_command *command = hg_command_new(HG_CMD_INBOUND);
	g_autofree char *uri = g_strdup_printf("tel:+4477%08u", contact);
	g_autofree char *name = g_strdup_printf("wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgg%08u", id);
	g_autofree char *raw = g_strdup_printf("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"1\","
		"\"changes\":[{\"value\":{\"messages\":[{\"from\":\"%s\",\"id\":\"%s\",\"timestamp\":\"1763632931\","
		"\"text\":{\"body\":\"%s\"},\"type\":\"text\"}]},\"field\":\"messages\"}]}]}", uri, name, text);
	struct hg_address from = { uri, HG_PROVEN };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = name, .text = text, .from = &from, .n_from = 1,
			    .to = "tel:+4930000", .name = "Ana Example" };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .raw = raw, .raw_len = strlen(raw) };

	command->channel = "wa";
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

struct spent { double cpu, wall; };

static void step(hg_engine *engine, struct spent *spent)
{
	double at = clock_us(CLOCK_MONOTONIC), was = clock_us(CLOCK_THREAD_CPUTIME_ID);
	gboolean ok;

	hg_engine_step(engine, &ok);
	spent->cpu += clock_us(CLOCK_THREAD_CPUTIME_ID) - was;
	spent->wall += clock_us(CLOCK_MONOTONIC) - at;
	if (!ok)
		abort();
}

struct kind { const char *what, *text; guint contacts_from, ids_of; };

static void run(hg_engine *engine, hg_store *store, const struct kind *kind, guint messages, guint group, guint first)
{
	struct hg_store_cost before = hg_store_cost(store), after;
	struct spent spent = { 0 };

	sent = 0;
	for (guint i = 0; i < messages; i += group) {
		for (guint j = i; j < MIN(i + group, messages); j++)
			submit(engine, kind->contacts_from + j, first + j, kind->text);
		answer(engine);
		step(engine, &spent);
	}
	while (flying->len) {
		answer(engine);
		step(engine, &spent);
	}
	after = hg_store_cost(store);
	printf("%-34s %7.1f %7.1f %10.1f %8.1f %8.2f\n", kind->what, spent.cpu / messages, spent.wall / messages,
	       (double)(after.statements - before.statements) / messages,
	       (double)(after.log_bytes - before.log_bytes) / 1024 / messages, (double)sent / messages);
}

/* In this order: the first makes the contacts that are known afterwards. */
static const struct kind kinds[] = {
	{ "new contact, undecided", "my invoice is wrong", 0, 0 },
	{ "the same again: duplicates", "my invoice is wrong", 0, 0 },
	{ "known contact, open thread", "and another thing", 0, 1 },
	{ "known contact, becomes a ticket", "please help", 0, 2 },
	{ "known contact, open ticket", "still waiting", 0, 3 },
	{ "end to end: new, becomes a ticket", "please help", 1u << 24, 4 },
};

int main(int argc, char **argv)
{
	static const struct hg_adapter_finder finder = { .find = find, .names = names };
	static const char *const channels[] = { "wa", NULL }, *const backends[] = { "desk", NULL };
	guint messages = argc > 1 ? (guint)atoi(argv[1]) : 20000, group = argc > 2 ? (guint)atoi(argv[2]) : 64;
	const struct hg_ports ports = { .plan = plan, .limits = limits, .dispatch = dispatch };
	g_autofree char *text = g_strdup_printf(yaml, argc > 3 ? argv[3] : "30d");
	g_autofree char *dir = g_dir_make_tmp("headgate-bench-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(dir, "bench.db", NULL);
	g_autofree char *files = g_build_filename(dir, "attachments", NULL);
	g_autofree char *rm = g_strdup_printf("rm -rf '%s'", dir);
	struct hg_store_options options = { .driver = "sqlite", .path = path, .attachments = files,
					    .env = hg_env_system() };
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(GError) error = NULL;
	hg_store *store = hg_store_open(&options, &error);
	struct hg_rules_source source = { .fallback = "convert", .channels = channels, .backends = backends };
	hg_engine *engine;
	hg_conf *conf;

	flying = g_array_new(FALSE, FALSE, sizeof(gint64));
	g_setenv("BENCH_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE);
	conf = hg_conf_make("bench.yaml", hg_doc_parse("bench.yaml", text, diag), &finder, diag);
	if (!store || !conf)
		g_error("%s", error ? error->message : hg_diag_render(diag, FALSE));
	source.rules = conf->rules;
	engine = hg_engine_new(conf, hg_rules_make(&source, diag), store, options.env, &ports);
	hg_engine_set_slots(engine, HG_TO_BACKEND, "desk", 256);
	printf("%-34s %7s %7s %10s %8s %8s\n", "a message", "CPU us", "wall us", "statements", "log KiB", "sent");
	for (guint i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (argc <= 4 || strstr(kinds[i].what, argv[4]))
			run(engine, store, &kinds[i], messages, group, kinds[i].ids_of << 24);
	printf("%u batches stored\n", stored);
	hg_engine_free(engine);
	hg_conf_unref(conf);
	hg_store_close(store);
	g_array_unref(flying);
	return g_spawn_command_line_sync(rm, NULL, NULL, NULL, NULL) ? 0 : 1;
}
