/* bench_engine.c - what one inbound message costs the engine's thread, SQLite on disk included
 *
 * bench_engine [MESSAGES] [GROUP] [JOURNAL]: prints microseconds of CPU and wall time a message for new
 * contacts, for known ones with an open ticket, and for duplicates. */
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
	"config_version: 1\nstore: { min_free: 1MiB, journal: %s }\n"
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

static void dispatch(void *ctx, hg_dispatch *dispatch)
{
	(void)ctx;
	hg_dispatch_free(dispatch);
}

static guint stored;

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

static void run(hg_engine *engine, const char *what, guint messages, guint group, guint contacts, guint first,
		const char *text)
{
	double cpu = 0, wall = 0, at, was;
	gboolean ok;

	for (guint i = 0; i < messages; i += group) {
		for (guint j = i; j < MIN(i + group, messages); j++)
			submit(engine, j % contacts, first + j, text);
		at = clock_us(CLOCK_MONOTONIC);
		was = clock_us(CLOCK_THREAD_CPUTIME_ID);
		hg_engine_step(engine, &ok);
		cpu += clock_us(CLOCK_THREAD_CPUTIME_ID) - was;
		wall += clock_us(CLOCK_MONOTONIC) - at;
		if (!ok)
			abort();
	}
	printf("%-34s %7.1f us CPU %7.1f us wall a message\n", what, cpu / messages, wall / messages);
}

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

	g_setenv("BENCH_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE);
	conf = hg_conf_make("bench.yaml", hg_doc_parse("bench.yaml", text, diag), &finder, diag);
	if (!store || !conf)
		g_error("%s", error ? error->message : hg_diag_render(diag, FALSE));
	source.rules = conf->rules;
	engine = hg_engine_new(conf, hg_rules_make(&source, diag), store, options.env, &ports);
	run(engine, "new contact, undecided", messages, group, messages, 0, "my invoice is wrong");
	run(engine, "the same again: duplicates", messages, group, messages, 0, "my invoice is wrong");
	run(engine, "known contact, open thread", messages, group, messages, 1u << 24, "and another thing");
	run(engine, "known contact, becomes a ticket", messages, group, messages, 2u << 24, "please help");
	run(engine, "known contact, open ticket", messages, group, messages, 3u << 24, "still waiting");
	printf("%u batches stored\n", stored);
	hg_engine_free(engine);
	hg_conf_unref(conf);
	hg_store_close(store);
	return g_spawn_command_line_sync(rm, NULL, NULL, NULL, NULL) ? 0 : 1;
}
