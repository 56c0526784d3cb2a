/* engine_fixture.c - an engine on a real store, with a channel and a helpdesk that are fakes */
#include "engine_fixture.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <unistd.h>

#include "log.h"
#include "nodes.h"
#include "store_postgres.h"

/* ---- the fake channel ---- */

static gboolean plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out, GArray *parts,
		     struct hg_err *err)
{
	g_auto(GStrv) texts = g_strsplit(out->text, "\n\n", -1);
	hg_lab *lab = ctx;

	(void)channel;
	if (lab->window_ms && out->now_ms - out->last_in_ms > lab->window_ms && !out->template_json) {
		err->kind = HG_ERR_WINDOW;
		g_strlcpy(err->text, "the reply window closed", sizeof(err->text));
		return FALSE;
	}
	for (guint i = 0; i == 0 || texts[i]; i++) {
		g_autofree char *body = g_strconcat("send:", texts[i] ?: "", NULL);
		struct hg_part part = { .size = sizeof(part), .body = hg_arena_str(arena, body),
					.len = strlen(body), .file = -1, .text = hg_arena_str(arena, texts[i]) };

		if (lab->billed) {
			part.units = (int)MAX(strlen(body + 5), 10);
			part.left = part.units - (int)strlen(body + 5);
			part.coding = "gsm7";
		}
		g_array_append_val(parts, part);
		if (!texts[i])
			break;
	}
	return TRUE;
}

static gboolean limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	hg_lab *lab = ctx;

	*ret = lab->limits;
	*ret_caps = lab->caps_of ? lab->caps_of(channel) : lab->caps;
	return !lab->gone;
}

static void tell(hg_lab *lab, const hg_command *command, const char *answer, const GError *error)
{
	if (lab->told)
		lab->told(lab->told_arg, command, answer, error);
}

static void dispatch(void *ctx, hg_dispatch *dispatch)
{
	hg_lab *lab = ctx;

	tell(lab, NULL, NULL, NULL);
	g_ptr_array_add(lab->out, dispatch);
}

static void kept(void *ctx, gint64 event_n)
{
	hg_lab *lab = ctx;

	lab->kept_n = event_n;
}

static void publish(void *ctx, const hg_event *const *events, guint n)
{
	hg_lab *lab = ctx;

	tell(lab, NULL, NULL, NULL);
	for (guint i = 0; i < n; i++)
		g_ptr_array_add(lab->published, g_strdup(events[i]->type));
	if (lab->heard)
		lab->heard(lab->heard_arg, events, n);
}

static void nothing(void *state, const struct hg_out *out)
{
	(void)state;
	(void)out;
}

static void settle_nothing(void *state, uint64_t ticket, const char *id)
{
	(void)state;
	(void)ticket;
	(void)id;
}

static const struct hg_option no_options[] = { HG_OPTION_END };
static const struct hg_adapter fake_adapter = {
	.size = sizeof(fake_adapter), .name = "fake", .version = "1", .summary = "a test's",
	.conf_size = 8, .options = no_options, .send = nothing, .settle = settle_nothing,
};
static const struct hg_adapter asking_adapter = {
	.size = sizeof(asking_adapter), .name = "asking", .version = "1", .summary = "a test's",
	.conf_size = 8, .options = no_options, .send = nothing, .ask = nothing,
};

static const struct hg_adapter mail_adapter = {
	.size = sizeof(mail_adapter), .name = "mail", .version = "1", .summary = "a test's", .caps = HG_CAP_PAST,
	.conf_size = 8, .options = no_options, .send = nothing, .settle = settle_nothing,
};

static const struct hg_adapter *find(void *ctx, const char *name, GError **error)
{
	(void)ctx;
	(void)error;
	return strcmp(name, "asking") == 0 ? &asking_adapter : strcmp(name, "mail") == 0 ? &mail_adapter : &fake_adapter;
}

static const char *const *names(void *ctx)
{
	static const char *const all[] = { "fake", "asking", "mail", NULL };

	(void)ctx;
	return all;
}

/* ---- making ---- */

static const char base_yaml[] =
	"config_version: 1\n"
	"store: { min_free: 1MiB }\n";
static const char channels_yaml[] =
	"channels:\n"
	"  wa: { adapter: fake }\n"
	"  sms: { adapter: fake }\n"
	"  other: { adapter: fake, scope: brand }\n"
	"  asks: { adapter: asking }\n"
	"  again: { adapter: fake, on_ambiguous: resend }\n";
static const char backends_yaml[] =
	"backends:\n"
	"  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n";

static const struct hg_adapter_finder finder = { .find = find, .names = names };

hg_conf *lab_conf(const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_conf *conf;

	g_setenv("LAB_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE);
	conf = hg_conf_read(path, &finder, diag);
	if (!conf) {
		g_autofree char *why = hg_diag_render(diag, FALSE);

		fail_msg("%s", why);
	}
	return conf;
}

hg_conf *lab_conf_of(const char *dir, const char *yaml)
{
	g_autofree char *path = g_build_filename(dir, "conf.yaml", NULL);
	hg_conf *conf;

	assert_true(g_file_set_contents(path, yaml, -1, NULL));
	conf = lab_conf(path);
	assert_int_equal(g_remove(path), 0);
	return conf;
}

char *lab_dir(void)
{
	char *dir;

	if (g_access("/dev/shm", W_OK) == 0)
		g_setenv("TMPDIR", "/dev/shm", FALSE);
	dir = g_dir_make_tmp("headgate-lab-XXXXXX", NULL);
	assert_non_null(dir);
	return dir;
}

static hg_conf *make_conf(const char *yaml)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autofree char *text = g_strconcat(base_yaml, yaml && strstr(yaml, "channels:") ? "" : channels_yaml,
					    yaml && strstr(yaml, "backends:") ? "" : backends_yaml, yaml ?: "", NULL);
	hg_doc *doc;
	hg_conf *conf;

	g_setenv("LAB_SECRET", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", TRUE);
	doc = hg_doc_parse("lab.yaml", text, diag);
	conf = doc ? hg_conf_make("lab.yaml", doc, &finder, diag) : NULL;
	if (!conf) {
		g_autofree char *why = hg_diag_render(diag, FALSE);

		fail_msg("%s", why);
	}
	return conf;
}

hg_rules *lab_rules(const hg_conf *conf)
{
	static const char *const channels[] = { "wa", "sms", "other", "asks", "again", NULL };
	const char *backends[9] = { NULL };
	g_autoptr(hg_diag) diag = hg_diag_new();
	const struct hg_rules_source source = { .rules = conf->rules, .words = conf->words, .hours = conf->hours,
		.queues = conf->queues, .fallback = conf->engine.fallback, .channels = channels, .backends = backends };
	hg_rules *rules;

	for (guint i = 0; i < conf->backends->len && i < G_N_ELEMENTS(backends) - 1; i++)
		backends[i] = ((const struct hg_backend_conf *)g_ptr_array_index(conf->backends, i))->name;
	rules = hg_rules_make(&source, diag);

	if (!rules) {
		g_autofree char *why = hg_diag_render(diag, FALSE);

		fail_msg("%s", why);
	}
	return rules;
}

static void posts(void *ctx, const char *post, gboolean is_held, gint64 fence, gint64 until_mono_ms)
{
	hg_lab *lab = ctx;

	assert_true(is_held ? fence > 0 && until_mono_ms > test_now_ms : !fence && !until_mono_ms);
	if (is_held)
		g_hash_table_insert(lab->held, g_strdup(post), g_memdup2(&until_mono_ms, sizeof(until_mono_ms)));
	else
		assert_true(g_hash_table_remove(lab->held, post));
}

static void joined(void *ctx, gint64 since_ms)
{
	((hg_lab *)ctx)->joined_ms = since_ms;
}

struct hg_ports lab_ports(hg_lab *lab)
{
	return (struct hg_ports){ .ctx = lab, .plan = plan, .limits = limits, .dispatch = dispatch, .kept = kept, .publish = publish,
				  .posts = posts, .joined = joined };
}

static gboolean try_engine(hg_lab *lab, GError **error)
{
	const struct hg_ports ports = lab_ports(lab);

	lab->engine = hg_engine_new(lab->conf, lab_rules(lab->conf), lab->w->store, &test_env, &ports);
	if (lab->w->options.url)
		hg_engine_set_node(lab->engine, lab->w->options.node, HG_LEASE_MS, lab->joined_ms);
	return hg_engine_recover(lab->engine, error);
}

static void make_engine(hg_lab *lab)
{
	must(try_engine(lab, e));
}

static void no_log(void *arg, enum hg_level level, const char *event, const char *line)
{
	(void)arg;
	(void)event;
	if (level >= HG_LOG_ERROR && g_getenv("LAB_LOG"))
		print_message("%s\n", line);
}

hg_lab *lab_new_with(hg_conf *conf)
{
	void *state;

	world_new(&state);
	return lab_new_on(conf, state);
}

static hg_lab *lab_alloc(hg_conf *conf, struct world *w)
{
	hg_lab *lab = g_new0(hg_lab, 1);

	hg_log_set_sink(no_log, NULL);
	lab->w = w;
	lab->conf = hg_conf_ref(conf);
	lab->out = g_ptr_array_new();
	lab->held = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	lab->published = g_ptr_array_new_with_free_func(g_free);
	lab->limits.size = sizeof(lab->limits);
	return lab;
}

hg_lab *lab_new_on(hg_conf *conf, struct world *w)
{
	hg_lab *lab = lab_alloc(conf, w);

	make_engine(lab);
	return lab;
}

hg_lab *lab_new_tried(hg_conf *conf, struct world *w)
{
	hg_lab *lab = lab_alloc(conf, w);

	if (try_engine(lab, NULL))
		return lab;
	lab_end(lab);
	return NULL;
}

hg_lab *lab_new(const char *yaml)
{
	hg_conf *conf = make_conf(yaml);
	hg_lab *lab = lab_new_with(conf);

	hg_conf_unref(conf);
	return lab;
}

static void drop_out(hg_lab *lab)
{
	for (guint i = 0; i < lab->out->len; i++)
		hg_dispatch_free(g_ptr_array_index(lab->out, i));
	g_ptr_array_set_size(lab->out, 0);
}

void lab_free(hg_lab *lab)
{
	void *state = lab->w;

	lab_end(lab);
	world_free(&state);
}

void lab_end(hg_lab *lab)
{
	hg_engine_free(lab->engine);
	hg_conf_unref(lab->conf);
	drop_out(lab);
	g_ptr_array_unref(lab->out);
	g_hash_table_destroy(lab->held);
	g_ptr_array_unref(lab->published);
	g_free(lab->answer);
	g_free(lab->error_text);
	g_free(lab);
	hg_log_set_sink(NULL, NULL);
}

void lab_restart(hg_lab *lab)
{
	hg_engine_free(lab->engine);
	drop_out(lab);
	world_reopen(lab->w);
	make_engine(lab);
}

void lab_reload_with(hg_lab *lab, hg_conf *conf)
{
	hg_conf_ref(conf);
	hg_conf_unref(lab->conf);
	lab->conf = conf;
	hg_engine_reload(lab->engine, lab->conf, lab_rules(lab->conf));
}

void lab_reload(hg_lab *lab, const char *yaml)
{
	hg_conf *conf = make_conf(yaml);

	lab_reload_with(lab, conf);
	hg_conf_unref(conf);
}

void lab_run(hg_lab *lab)
{
	gboolean ok = TRUE;
	int rounds = 0;

	if (lab->by_hand)
		return;
	while (hg_engine_step(lab->engine, &ok) == 0 && ok)
		assert_true(++rounds < 1000);
	assert_true(ok);
}

void lab_wait(hg_lab *lab, gint64 ms)
{
	test_now_ms += ms;
	lab_run(lab);
}

/* ---- coming in ---- */

static void batch_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	hg_lab *lab = arg;

	tell(lab, command, answer, error);
	if (error)
		lab->refused++;
	else
		lab->stored++;
}

static void submit_batch(hg_lab *lab, const char *channel, const struct hg_batch *batch)
{
	hg_command *command = hg_command_new(HG_CMD_INBOUND);

	command->channel = hg_arena_str(command->arena, channel);
	command->space = lab->space ?: "fake";
	command->done = batch_done;
	command->done_arg = lab;
	must(hg_command_set_batch(command, batch, e));
	must(hg_engine_submit(lab->engine, command, e));
}

void lab_queue(hg_lab *lab, const char *channel, const struct hg_in *in, gsize n)
{
	g_autofree struct hg_in *items = g_new(struct hg_in, n);
	g_autoptr(GPtrArray) ids = g_ptr_array_new_with_free_func(g_free);

	for (gsize i = 0; i < n; i++) {
		items[i] = in[i];
		items[i].size = sizeof(items[i]);
		if (!items[i].id) {
			g_ptr_array_add(ids, g_strdup_printf("wamid.%u", ++lab->ids));
			items[i].id = ids->pdata[ids->len - 1];
		}
	}
	submit_batch(lab, channel, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = items, .n_in = n,
		     .in_size = sizeof(*items), .raw = "{\"raw\":1}", .raw_len = 9 });
}

void lab_in(hg_lab *lab, const char *channel, const struct hg_in *in, gsize n)
{
	lab_queue(lab, channel, in, n);
	lab_run(lab);
}

struct hg_in lab_text(const char *uri, const char *text)
{
	static struct hg_address addresses[64];
	static guint next;
	struct hg_address *address = &addresses[next++ % G_N_ELEMENTS(addresses)];

	*address = (struct hg_address){ uri, HG_PROVEN };
	return (struct hg_in){ .size = sizeof(struct hg_in), .kind = HG_TEXT, .text = text, .from = address,
			       .n_from = 1, .to = "tel:+4930000", .name = "Ana" };
}

const char *lab_say(hg_lab *lab, const char *uri, const char *text)
{
	static char id[32];
	struct hg_in in = lab_text(uri, text);

	lab_in(lab, "wa", &in, 1);
	g_snprintf(id, sizeof(id), "wamid.%u", lab->ids);
	return id;
}

void lab_raw(hg_lab *lab, const char *channel, const char *group, const char *key, const char *bytes)
{
	struct hg_in in = { .size = sizeof(in), .kind = HG_RAW, .dedupe = key, .group = group, .text = "",
			    .raw = bytes, .raw_len = strlen(bytes) };

	submit_batch(lab, channel, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
		     .in_size = sizeof(in) });
	lab_run(lab);
}

void lab_receipt_at(hg_lab *lab, const char *channel, const struct hg_receipt *receipt)
{
	submit_batch(lab, channel, &(struct hg_batch){ .size = sizeof(struct hg_batch), .receipts = receipt,
		     .n_receipts = 1, .receipt_size = sizeof(*receipt) });
	lab_run(lab);
}

void lab_receipt(hg_lab *lab, const char *channel, int state, const char *id, const char *key)
{
	lab_receipt_at(lab, channel, &(struct hg_receipt){
		.size = sizeof(struct hg_receipt), .state = state, .id = id, .key = key, .at_ms = test_now_ms,
		.code = state == HG_R_FAILED ? 131026 : 0,
		.text = state == HG_R_FAILED ? "undeliverable" : NULL });
}

/* ---- API ---- */

static void api_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	hg_lab *lab = arg;

	tell(lab, command, answer, error);
	g_free(lab->answer);
	g_free(lab->error_text);
	lab->answer = g_strdup(answer);
	lab->error = error ? error->code : 0;
	lab->error_text = g_strdup(error ? error->message : NULL);
}

hg_command *lab_command(hg_lab *lab, int kind, const char *thread_id)
{
	hg_command *command = hg_command_new(kind);

	command->principal = "token:desk";
	command->thread_id = hg_arena_str(command->arena, thread_id);
	command->reply.thread_id = command->thread_id;
	command->reply.kind = HG_TEXT;
	command->done = api_done;
	command->done_arg = lab;
	return command;
}

void lab_do(hg_lab *lab, hg_command *command)
{
	must(hg_engine_submit(lab->engine, command, e));
	lab_run(lab);
}

void lab_reply(hg_lab *lab, const char *thread_id, const char *text)
{
	hg_command *command = lab_command(lab, HG_CMD_REPLY, thread_id);

	command->reply.text = hg_arena_str(command->arena, text);
	command->reply.agent = "Mia";
	lab_do(lab, command);
	if (lab->error)
		fail_msg("reply: %s", lab->error_text);
}

/* ---- going out ---- */

hg_dispatch *lab_take(hg_lab *lab, int target)
{
	for (guint i = 0; i < lab->out->len; i++) {
		hg_dispatch *dispatch = g_ptr_array_index(lab->out, i);

		if (dispatch->job.target == target) {
			g_ptr_array_remove_index(lab->out, i);
			return dispatch;
		}
	}
	return NULL;
}

static hg_command *result_of(hg_dispatch *dispatch, int kind)
{
	hg_command *command = hg_command_new(kind);

	assert_non_null(dispatch);
	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->asked = dispatch->ask;
	if (kind == HG_CMD_FORWARDED)
		command->backend = hg_arena_str(command->arena, dispatch->job.name);
	else
		command->channel = hg_arena_str(command->arena, dispatch->job.name);
	return command;
}

static void result_done(hg_lab *lab, hg_dispatch *dispatch, hg_command *command)
{
	must(hg_engine_submit(lab->engine, command, e));
	hg_dispatch_free(dispatch);
	lab_run(lab);
}

void lab_sent(hg_lab *lab, hg_dispatch *dispatch, const struct hg_result *result)
{
	hg_command *command = result_of(dispatch, HG_CMD_SENT);

	command->sent = *result;
	command->sent.size = sizeof(command->sent);
	command->sent.id = hg_arena_str(command->arena, result->id);
	result_done(lab, dispatch, command);
}

void lab_forwarded(hg_lab *lab, hg_dispatch *dispatch, const struct hg_forward_result *result)
{
	hg_command *command = result_of(dispatch, HG_CMD_FORWARDED);

	command->forwarded = *result;
	command->forwarded.external_id = hg_arena_str(command->arena, result->external_id);
	result_done(lab, dispatch, command);
}

void lab_fetched(hg_lab *lab, hg_dispatch *dispatch, const struct hg_fetch_result *result)
{
	hg_command *command = result_of(dispatch, HG_CMD_FETCHED);

	command->fetched = *result;
	result_done(lab, dispatch, command);
}

void lab_unpacked(hg_lab *lab, hg_dispatch *dispatch, int fate, const struct hg_in *in, const char *why)
{
	hg_command *command = result_of(dispatch, HG_CMD_UNPACKED);

	command->fate = fate;
	command->space = "fake";
	command->text = hg_arena_str(command->arena, why);
	if (in)
		must(hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = in, .n_in = 1,
					  .in_size = sizeof(*in) }, e));
	result_done(lab, dispatch, command);
}

void lab_recall(hg_lab *lab, hg_dispatch *dispatch, const char *const *refs)
{
	hg_command *command = result_of(dispatch, HG_CMD_RECALL);

	command->space = "fake";
	command->refs = hg_command_words(command, refs);
	result_done(lab, dispatch, command);
}

void lab_settled(hg_lab *lab, hg_dispatch *dispatch, int fate)
{
	hg_command *command = result_of(dispatch, HG_CMD_SETTLED);

	command->fate = fate;
	command->text = fate == HG_RETRY ? "the mailbox is read-only" : NULL;
	result_done(lab, dispatch, command);
}

void lab_changes(hg_lab *lab, const hg_change *changes, gsize n, const char *raw, const char *cursor)
{
	hg_command *command = lab_command(lab, HG_CMD_CHANGES, NULL);

	command->backend = "desk";
	must(hg_command_set_changes(command, changes, n, raw, raw ? strlen(raw) : 0, cursor, e));
	lab_do(lab, command);
}

void lab_changed(hg_lab *lab, hg_dispatch *dispatch, int fate, const hg_change *changes, gsize n, const char *why)
{
	hg_command *command = result_of(dispatch, HG_CMD_CHANGED);

	must(hg_command_set_changes(command, changes ? changes : &dispatch->change, changes ? n : 1, NULL, 0, NULL, e));
	command->fate = fate;
	command->text = why;
	result_done(lab, dispatch, command);
}

void lab_apply(hg_lab *lab)
{
	hg_dispatch *dispatch;

	while ((dispatch = lab_take(lab, HG_FROM_BACKEND)))
		lab_changed(lab, dispatch, HG_SENT, NULL, 0, NULL);
}

void lab_condition(hg_lab *lab, int target, const char *name, int condition)
{
	hg_command *command = hg_command_new(HG_CMD_CONDITION);

	if (target == HG_TO_BACKEND)
		command->backend = hg_arena_str(command->arena, name);
	else
		command->channel = hg_arena_str(command->arena, name);
	command->condition = condition;
	must(hg_engine_submit(lab->engine, command, e));
	lab_run(lab);
}

const char *lab_desk(hg_lab *lab)
{
	static GString *types;
	hg_dispatch *dispatch;

	if (!types)
		types = g_string_new(NULL);
	g_string_truncate(types, 0);
	while ((dispatch = lab_take(lab, HG_TO_BACKEND))) {
		g_string_append_printf(types, "%s%s", types->len ? " " : "", dispatch->event.type);
		lab_forwarded(lab, dispatch, &(struct hg_forward_result){ .fate = HG_SENT, .status = 200 });
	}
	return types->str;
}

/* ---- looking ---- */

static char *query(hg_lab *lab, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	sqlite3 *db = NULL;
	char *text = NULL;

	if (lab->w->options.url)
		return postgres_text(lab->w->options.url, sql);
	assert_int_equal(sqlite3_open_v2(lab->w->options.path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(db));
	if (sqlite3_step(stmt) == SQLITE_ROW)
		text = g_strdup((const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return text;
}

char *lab_value(hg_lab *lab, const char *fmt, ...)
{
	g_autofree char *sql = NULL;
	va_list args;

	va_start(args, fmt);
	sql = g_strdup_vprintf(fmt, args);
	va_end(args);
	return query(lab, sql);
}

gint64 lab_count(hg_lab *lab, const char *fmt, ...)
{
	g_autofree char *sql = NULL;
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	sql = g_strdup_vprintf(fmt, args);
	va_end(args);
	text = query(lab, sql);
	return text ? g_ascii_strtoll(text, NULL, 10) : -1;
}

const char *lab_thread(hg_lab *lab)
{
	static char id[HG_ID_SIZE];
	g_autofree char *text = lab_value(lab, "SELECT id FROM thread ORDER BY n DESC LIMIT 1");

	g_strlcpy(id, text ?: "", sizeof(id));
	return id;
}

guint lab_told(hg_lab *lab, const char *type)
{
	guint n = 0;

	for (guint i = 0; i < lab->published->len; i++)
		n += strcmp(g_ptr_array_index(lab->published, i), type) == 0;
	return n;
}

static void breach(void *arg, const char *invariant, const char *id, const char *remedy)
{
	(void)arg;
	fail_msg("%s: %s: %s", invariant, id, remedy);
}

void lab_audit(hg_lab *lab)
{
	guint breaches;

	must(hg_store_fsck(lab->w->store, lab->w->options.attachments, breach, NULL, &breaches, e));
	assert_int_equal(breaches, 0);
}
