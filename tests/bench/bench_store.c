/* bench_store.c - the store's yardstick: the rows of one inbound text of a new contact, committed
 * in groups by a bare loop
 *
 *     bench_store [-d DIRECTORY] [-n MESSAGES] [-s] [GROUP...]
 *
 * Prints a line for each group size: row sets a second, CPU microseconds (user and system) for
 * one.  -s: each in a savepoint of its own, as the engine does. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store.h"

/* ---- the size of things, as a WhatsApp Cloud API text notification has them ---- */
#define RAW_BYTES 822
static char raw[RAW_BYTES];
static const char facts[] = "{\"channel\":\"wa-main\",\"text\":\"my invoice 4711 is wrong, can you help?\",\"thread\":{\"new\":true,"
	"\"has_ticket\":false,\"messages\":1,\"scope\":\"default\"},\"contact\":{\"new\":true,\"locale\":\"en\"},\"proposal\":\"new\"}";
static const char opened[] = "{\"thread\":{\"id\":\"thr_01kagbdr5wfananananananana\",\"scope\":\"default\",\"channel\":\"wa-main\"},"
	"\"contact\":{\"id\":\"con_01kagbdr5wfananananananana\",\"name\":\"Ana Souza\"}}";
static const char received[] = "{\"thread\":{\"id\":\"thr_01kagbdr5wfananananananana\"},\"message\":{\"id\":\"msg_01kagbdr5wfananananananana\","
	"\"direction\":\"inbound\",\"kind\":\"text\",\"text\":\"my invoice 4711 is wrong, can you help?\",\"channel\":\"wa-main\",\"from\":"
	"\"tel:+447700900123\",\"at\":\"2026-11-20T10:02:11.004Z\"}}";

static void must(gboolean done, GError *error)
{
	if (done)
		return;
	fprintf(stderr, "bench_store: %s\n", error ? error->message : "failed");
	exit(1);
}

/* ---- the rows of one message ---- */
struct set { gint64 number, now_ms; hg_contact contact; hg_thread thread; hg_message message; };

static void add_person(hg_store *store, struct hg_env *env, struct set *set, const char *uri)
{
	hg_alias alias = { uri, 0, HG_PROVEN, set->now_ms };
	GError *error = NULL;

	set->contact = (hg_contact){ .name = "Ana Souza", .created_ms = set->now_ms };
	hg_id_new(env, "con", set->contact.id);
	must(hg_store_contact_add(store, &set->contact, &error), error);
	alias.contact_n = set->contact.n;
	must(hg_store_alias_add(store, &alias, &error) &&
	     hg_store_reach_in(store, "wa-main", uri, set->now_ms, &error), error);
}

static void add_message(hg_store *store, struct hg_env *env, struct set *set, const char *uri, const char *external_id)
{
	hg_thread *thread = &set->thread;
	GError *error = NULL;
	gint64 raw_n;

	must(hg_store_raw_add(store, "wa-main", "webhook", set->now_ms, raw, sizeof(raw), &raw_n, &error), error);
	*thread = (hg_thread){ .contact_n = set->contact.n, .scope = "default", .key = "", .state = HG_THREAD_OPEN,
		.opened_ms = set->now_ms, .last_ms = set->now_ms, .first_message_ms = set->now_ms,
		.last_customer_ms = set->now_ms, .channel = "wa-main", .reply_to = uri, .reply_from = "tel:+447700900999" };
	hg_id_new(env, "thr", thread->id);
	must(hg_store_thread_add(store, thread, &error), error);
	set->message = (hg_message){ .thread_n = thread->n, .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_TEXT, .channel = "wa-main", .external_id = external_id, .address = uri,
		.our_address = "tel:+447700900999", .text = "my invoice 4711 is wrong, can you help?",
		.at_ms = set->now_ms, .sent_ms = set->now_ms - 900, .raw_n = raw_n };
	hg_id_new(env, "msg", set->message.id);
	must(hg_store_message_add(store, &set->message, &error), error);
	thread->messages = thread->inbound = 1;
	thread->last_message_n = thread->last_in_n = set->message.n;
}

static void add_event(hg_store *store, struct hg_env *env, struct set *set, const char *type, const char *data,
		      gint64 decision_n)
{
	hg_thread *thread = &set->thread;
	hg_event event = { .thread_n = thread->n, .seq = thread->last_seq + 1, .prev_n = thread->last_event_n, .type = type,
			   .at_ms = set->now_ms, .message_n = set->message.n, .decision_n = decision_n, .data = data };
	GError *error = NULL;

	hg_id_new(env, "evt", event.id);
	must(hg_store_event_add(store, &event, &error), error);
	thread->last_seq = event.seq;
	thread->last_event_n = event.n;
}

static void add_log(hg_store *store, struct hg_env *env, struct set *set)
{
	hg_decision decision = { .thread_n = set->thread.n, .message_n = set->message.n, .at_ms = set->now_ms,
		.config_hash = "9f86d081884c7d659a2feaa0c55ad015", .on = "message", .action = "wait", .facts = facts };
	hg_timer settle = { set->thread.n, "settle", set->now_ms + 20000, NULL };
	GError *error = NULL;

	must(hg_store_decision_add(store, &decision, &error), error);
	add_event(store, env, set, "thread.opened", opened, 0);
	add_event(store, env, set, "message.received", received, decision.n);
	must(hg_store_thread_update(store, &set->thread, &error) && hg_store_timer_set(store, &settle, &error), error);
}

static void add_set(hg_store *store, struct hg_env *env, gint64 number)
{
	struct set set = { .number = number, .now_ms = hg_now(env) };
	char uri[40], external_id[64];
	GError *error = NULL;
	gboolean is_new;
	gint64 message_n;

	/* Numbers of people are spread over the index as real ones are. */
	g_snprintf(uri, sizeof(uri), "tel:+44%010u", (guint)(number * 2654435761u));
	g_snprintf(external_id, sizeof(external_id), "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgUM0E%016" G_GINT64_MODIFIER "x", number);
	must(hg_store_seen(store, "wa-main", external_id, set.now_ms, 7 * G_GINT64_CONSTANT(86400000), &is_new, &message_n,
			   &error), error);
	add_person(store, env, &set, uri);
	add_message(store, env, &set, uri, external_id);
	must(hg_store_seen_set(store, "wa-main", external_id, set.now_ms, set.message.n, &error), error);
	add_log(store, env, &set);
}

/* ---- the loop ---- */
static void run_group(hg_store *store, struct hg_env *env, gint64 first, guint group, gboolean savepoints)
{
	GError *error = NULL;

	must(hg_store_begin(store, &error), error);
	for (guint i = 0; i < group; i++) {
		must(!savepoints || hg_store_savepoint(store, &error), error);
		add_set(store, env, first + i);
		must(!savepoints || hg_store_release(store, &error), error);
	}
	must(hg_store_commit(store, &error), error);
	hg_store_tend(store, TRUE, 0);
}

static double cpu_us(void)
{
	struct rusage use;

	getrusage(RUSAGE_SELF, &use);
	return (double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
	       (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec);
}

static gint64 run(hg_store *store, struct hg_env *env, gint64 first, gint64 messages, guint group, gboolean savepoints)
{
	gint64 begun = g_get_monotonic_time(), done = 0;
	double cpu = cpu_us(), seconds;

	while (done < messages) {
		run_group(store, env, first + done, group, savepoints);
		done += group;
	}
	cpu = cpu_us() - cpu;
	seconds = (double)(g_get_monotonic_time() - begun) / 1e6;
	printf("store group=%u sets=%" G_GINT64_FORMAT " sets_per_s=%.0f cpu_us=%.1f\n", group, done,
	       (double)done / seconds, cpu / (double)done);
	fflush(stdout);
	return done;
}

static void fill_raw(void)
{
	for (gsize i = 0; i < sizeof(raw); i++)
		raw[i] = (char)('a' + i % 26);
}

int main(int argc, char **argv)
{
	static const guint usual[] = { 1, 16, 64, 256 };
	g_autofree char *made = NULL, *path = NULL, *attachments = NULL;
	struct hg_store_options options = { .driver = "sqlite", .env = hg_env_system() };
	gint64 messages = 50000, number = 1;
	gboolean savepoints = FALSE;
	const char *dir = NULL;
	GError *error = NULL;
	hg_store *store;
	int option;

	while ((option = getopt(argc, argv, "d:n:s")) != -1)
		switch (option) {
		case 'd': dir = optarg; break;
		case 'n': messages = g_ascii_strtoll(optarg, NULL, 10); break;
		case 's': savepoints = TRUE; break;
		default: return 2;
		}
	if (!dir)
		dir = made = g_dir_make_tmp("headgate-bench-XXXXXX", &error);
	must(dir != NULL, error);
	options.path = path = g_build_filename(dir, "bench.db", NULL);
	options.attachments = attachments = g_build_filename(dir, "attachments", NULL);
	fill_raw();
	store = hg_store_open(&options, &error);
	must(store != NULL, error);
	if (optind < argc)
		for (int i = optind; i < argc; i++)
			number += run(store, options.env, number, messages, (guint)atol(argv[i]), savepoints);
	else
		for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
			number += run(store, options.env, number, usual[i] == 1 ? messages / 4 : messages, usual[i], savepoints);
	hg_store_close(store);
	return 0;
}
