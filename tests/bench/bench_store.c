/* bench_store.c - the store's yardstick: the rows of one inbound text of a new contact, committed
 * in groups by a bare loop
 *
 *     bench_store [-d DIRECTORY] [-u URL] [-n MESSAGES] [-s] [-f FIRST] [-a DAYS] [-l | -j] [GROUP...]
 *
 * Prints a line for each group size: row sets a second, CPU microseconds (user and system) for
 * one; at the end the process's anonymous memory.  -s: each in a savepoint of its own, as the
 * engine does.  Without -d in a temporary directory, which is removed.  -u: in that PostgreSQL database.
 *
 * To fill a store for other measurements: -f numbers the people from there on (tests/bench/load gives
 * the same addresses to the same numbers), -a makes it so many days ago, -l leaves out what is only
 * ever added at an end (raw delivery, decision, events) and the text, -j adds for each a
 * job that waits for the helpdesk "desk". */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "store.h"

/* ---- what a WhatsApp Cloud API text notification becomes, as long as tests/bench/load.c makes it ---- */
#define RAW_BYTES 822
#define TEXT \
	"My invoice 4711 of last month is wrong [us:0000003565912133], please look, please look," \
	" please look, please look, please look, please look, please look, please look," \
	" please look, please look, please look, please look, please look, please look," \
	" please look, please look, please look, please look, please look, plea"
#define PHONE "tel:+440796135283"
#define USER "whatsapp:GB.70796135283"
#define PLACE(more) \
	"{\"thread\":{\"id\":\"thr_01m7z78pwdf9fawvyz1teg01q2\",\"url\":null,\"state\":\"open\"}," \
	"\"sequence\":1,\"channel\":\"wa-main\",\"channel_address\":\"whatsapp:109876543210\"," \
	"\"reply_to\":\"" PHONE "\",\"scope\":\"default\",\"subject\":\"Chat with Ana Lima\"," more \
	"\"profile\":{\"url\":null},\"contact\":{\"id\":\"con_01m7z78pwdf9fawvyz1t1vvjx4\"," \
	"\"name\":\"Ana Lima\",\"email\":null,\"phone\":\"+440796135283\",\"external_id\":\"" USER \
	"\",\"tier\":null,\"locale\":null,\"tz\":null,\"opted_out\":false," \
	"\"addresses\":[{\"uri\":\"" PHONE "\",\"proof\":\"proven\"},{\"uri\":\"" USER "\"," \
	"\"proof\":\"proven\"}],\"fields\":{}},"
#define CLOCKS \
	"\"resolution\":\"unknown\",\"opened_at\":\"2026-11-21T14:13:20.906Z\"," \
	"\"first_message_at\":\"2026-11-21T14:13:20.906Z\",\"first_bot_response_at\":null," \
	"\"first_response_at\":null,\"last_customer_message_at\":\"2026-11-21T14:13:20.906Z\"," \
	"\"chat_closed_at\":null,\"converted_at\":null,\"tags\":[],\"custom\":{},"
#define MESSAGE \
	"\"message\":{\"id\":\"msg_01m7z78pwdf9fawvyz1yb1s24c\",\"direction\":\"inbound\"," \
	"\"author\":\"customer\",\"author_name\":null,\"kind\":\"text\",\"channel\":\"wa-main\"," \
	"\"address\":\"" PHONE "\",\"our_address\":\"whatsapp:109876543210\"," \
	"\"external_id\":\"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU0000000000000063\"," \
	"\"at\":\"2026-11-21T14:13:20.906Z\",\"sent_at\":\"2026-11-21T14:13:20.000Z\",\"text\":\"" \
	TEXT "\",\"attachments\":[]}}"
#define FACTS \
	"{\"on\":\"message\",\"now_ms\":1795270379912,\"channel\":\"wa-main\"," \
	"\"adapter\":\"whatsapp\",\"scope\":\"default\",\"kind\":\"text\",\"address\":\"" PHONE "\"," \
	"\"proposal\":\"new\",\"proposal_reason\":\"first message\",\"messages\":1,\"inbound\":1," \
	"\"contact_new\":true,\"contact_name\":\"Ana Lima\"}"
static char raw[RAW_BYTES];
static gboolean lean, with_jobs;
static const char facts[] = FACTS;
static const char opened[] = PLACE(CLOCKS) MESSAGE;
static const char received[] = PLACE("") "\"ticket\":null," MESSAGE;

static void must(gboolean done, GError *error)
{
	if (done)
		return;
	fprintf(stderr, "bench_store: %s\n", error ? error->message : "failed");
	exit(1);
}

/* ---- the rows of one message ---- */
struct set { gint64 number, now_ms; hg_contact contact; hg_thread thread; hg_message message; };

/* A person has a number and an id of this business. */
static void add_person(hg_store *store, struct hg_env *env, struct set *set, const char *uri, const char *user)
{
	hg_alias alias = { .uri = uri, .proof = HG_PROVEN, .since_ms = set->now_ms };
	GError *error = NULL;

	set->contact = (hg_contact){ .name = "Ana Lima", .created_ms = set->now_ms };
	hg_id_new(env, "con", set->contact.id);
	must(hg_store_contact_add(store, &set->contact, &error), error);
	alias.contact_n = set->contact.n;
	must(hg_store_alias_add(store, &alias, &error), error);
	alias.uri = user;
	must(hg_store_alias_add(store, &alias, &error) &&
	     hg_store_reach_in(store, "wa-main", uri, set->now_ms, &error), error);
}

static void add_message(hg_store *store, struct hg_env *env, struct set *set, const char *uri, const char *external_id)
{
	hg_thread *thread = &set->thread;
	GError *error = NULL;
	gint64 raw_n = 0;

	must(lean || hg_store_raw_add(store, "wa-main", "webhook", set->now_ms, raw, sizeof(raw), &raw_n, &error), error);
	*thread = (hg_thread){ .contact_n = set->contact.n, .scope = "default", .key = "", .state = HG_THREAD_OPEN,
		.opened_ms = set->now_ms, .last_ms = set->now_ms, .first_message_ms = set->now_ms,
		.last_customer_ms = set->now_ms, .channel = "wa-main", .reply_to = uri, .reply_from = "whatsapp:109876543210" };
	hg_id_new(env, "thr", thread->id);
	must(hg_store_thread_add(store, thread, &error), error);
	set->message = (hg_message){ .thread_n = thread->n, .direction = HG_INBOUND, .author = HG_BY_CUSTOMER,
		.kind = HG_TEXT, .channel = "wa-main", .external_id = external_id, .address = uri,
		.our_address = "whatsapp:109876543210", .text = lean ? "My invoice" : TEXT,
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

static void add_job(hg_store *store, struct set *set)
{
	hg_job job = { .target = HG_TO_BACKEND, .name = "desk", .lane = set->thread.id, .due_ms = set->now_ms,
		       .created_ms = set->now_ms, .changed_ms = set->now_ms, .thread_n = set->thread.n,
		       .event_n = set->thread.last_event_n, .file = -1 };
	GError *error = NULL;

	must(hg_store_job_add(store, &job, &error), error);
}

static void add_log(hg_store *store, struct hg_env *env, struct set *set)
{
	hg_decision decision = { .thread_n = set->thread.n, .message_n = set->message.n, .at_ms = set->now_ms,
		.config_hash = "c239c74e1c11c5769808a84d21fef7466dcc4cf2c333fe1aa8d9e977e28d0514",
		.on = "message", .action = "wait", .facts = facts };
	hg_timer settle = { set->thread.n, "settle", set->now_ms + 20000, NULL };
	GError *error = NULL;

	if (lean) {
		must(hg_store_thread_update(store, &set->thread, &error), error);
		return;
	}
	must(hg_store_decision_add(store, &decision, &error), error);
	add_event(store, env, set, "thread.opened", opened, 0);
	add_event(store, env, set, "message.received", received, decision.n);
	if (with_jobs)		/* and nothing else is due */
		add_job(store, set);
	else
		must(hg_store_timer_set(store, &settle, &error), error);
	must(hg_store_thread_update(store, &set->thread, &error), error);
}

static gint64 ago_ms;

static void add_set(hg_store *store, struct hg_env *env, gint64 number)
{
	struct set set = { .number = number, .now_ms = hg_now(env) - ago_ms };
	char uri[40], user[40], external_id[64];
	GError *error = NULL;
	gboolean is_new;
	gint64 message_n;

	/* Numbers of people are spread over the index as real ones are. */
	g_snprintf(uri, sizeof(uri), "tel:+44%010u", (guint)(number * 2654435761u));
	g_snprintf(user, sizeof(user), "whatsapp:GB.7%010u", (guint)(number * 2654435761u));
	g_snprintf(external_id, sizeof(external_id), "wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU%016" G_GINT64_MODIFIER "x", number);
	must(hg_store_seen(store, "wa-main", external_id, set.now_ms, 7 * G_GINT64_CONSTANT(86400000), &is_new, &message_n,
			   &error), error);
	add_person(store, env, &set, uri, user);
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
	hg_store_tend(store, HG_LOAD_FULL);
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

/* Anonymous memory of this process in KiB: what the store costs the daemon. */
static long anon_kib(void)
{
	g_autofree char *text = NULL;
	const char *at;

	if (!g_file_get_contents("/proc/self/status", &text, NULL, NULL) || !(at = strstr(text, "RssAnon:")))
		return -1;
	return strtol(at + strlen("RssAnon:"), NULL, 10);
}

/* Goes on behind what an earlier run left in the directory. */
static gint64 number_first(hg_store *store)
{
	struct hg_store_stats stats;
	GError *error = NULL;

	must(hg_store_stats(store, &stats, &error), error);
	return stats.contacts + 1;
}

static void remove_made(const char *dir, const char *path, const char *attachments)
{
	static const char *const suffixes[] = { "", "-lock", "-ballast" };
	g_autofree char *tmp = g_build_filename(attachments, "tmp", NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(suffixes); i++) {
		g_autofree char *name = g_strconcat(path, suffixes[i], NULL);

		unlink(name);
	}
	rmdir(tmp);
	rmdir(attachments);
	rmdir(dir);
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
	gint64 messages = 50000, number, first = -1;
	gboolean savepoints = FALSE;
	const char *dir = NULL;
	GError *error = NULL;
	hg_store *store;
	int option;

	while ((option = getopt(argc, argv, "a:d:f:jln:su:")) != -1)
		switch (option) {
		case 'd': dir = optarg; break;
		case 'n': messages = g_ascii_strtoll(optarg, NULL, 10); break;
		case 's': savepoints = TRUE; break;
		case 'u': options.driver = "postgresql"; options.url = optarg; break;
		case 'a': ago_ms = g_ascii_strtoll(optarg, NULL, 10) * 24 * 60 * 60 * 1000; break;
		case 'f': first = g_ascii_strtoll(optarg, NULL, 10); break;
		case 'j': with_jobs = TRUE; break;
		case 'l': lean = TRUE; break;
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
	number = first >= 0 ? first : number_first(store);
	if (optind < argc)
		for (int i = optind; i < argc; i++)
			number += run(store, options.env, number, messages, (guint)atol(argv[i]), savepoints);
	else
		for (gsize i = 0; i < G_N_ELEMENTS(usual); i++)
			number += run(store, options.env, number, usual[i] == 1 ? messages / 4 : messages, usual[i], savepoints);
	printf("store anon_kib=%ld\n", anon_kib());
	hg_store_close(store);
	if (made)
		remove_made(made, path, attachments);
	return 0;
}
