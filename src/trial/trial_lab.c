/* trial_lab.c - an engine on a throw-away store, with a clock that jumps and a world that takes everything */
#include "trial_lab.h"

#include <glib/gstdio.h>
#include <string.h>

#include "json.h"
#include "rules.h"

#define ROUNDS_MAX 10000	/* of what is due at one moment: more is a circle */
#define LOOK_BACK 100		/* messages, for the one that got lost */
#define START_RANDOM 88172645463325252u

/* ---- clock and random numbers ---- */

static gint64 lab_now(struct hg_env *env)
{
	return ((hg_lab *)(void *)env)->now_ms;
}

static void lab_random(struct hg_env *env, void *ret, gsize size)
{
	hg_lab *lab = (hg_lab *)(void *)env;
	guint8 *out = ret;

	for (gsize i = 0; i < size; i++) {
		lab->random ^= lab->random << 13;
		lab->random ^= lab->random >> 7;
		lab->random ^= lab->random << 17;
		out[i] = (guint8)(lab->random >> 24);
	}
}

/* ---- the world outside: any text fits, and goes out at once ---- */

static gboolean lab_plan(void *ctx, const char *channel, hg_arena *arena, const struct hg_out *out, GArray *parts,
			 struct hg_err *err)
{
	const char *text = out->text ? out->text : "";
	struct hg_part part = { .size = sizeof(part), .body = hg_arena_str(arena, text), .len = strlen(text), .file = -1 };

	(void)ctx;
	(void)channel;
	(void)err;
	g_array_append_val(parts, part);
	return TRUE;
}

static gboolean lab_limits(void *ctx, const char *channel, struct hg_limits *ret, unsigned *ret_caps)
{
	hg_lab *lab = ctx;

	*ret = (struct hg_limits){ .size = sizeof(*ret) };
	*ret_caps = 0;
	return hg_conf_channel(lab->trials->conf, channel) != NULL;
}

static void lab_dispatch(void *ctx, hg_dispatch *dispatch)
{
	g_queue_push_tail(&((hg_lab *)ctx)->out, dispatch);
}

/* What the test says the hook says; else what counts without an answer. */
static void answer_question(const hg_lab *lab, const char *name, hg_command *command)
{
	const struct hg_hook_conf *hook = hg_conf_hook(lab->trials->conf, name);
	const hg_node *said = lab->facts ? hg_node_get(lab->facts, name) : NULL;
	g_autoptr(GString) json = g_string_new(NULL);

	said = said ? said : hook->fallback;
	if (hg_node_null(said))
		g_string_append(json, "{}");
	else
		hg_node_json(said, json);
	command->facts.body = hg_arena_mem(command->arena, json->str, json->len);
	command->facts.len = json->len;
}

static hg_command *answer_of(hg_lab *lab, const hg_dispatch *dispatch)
{
	/* SHA-256 of nothing: a file in a test has a name and no bytes. */
	static const char empty[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
	static const int kinds[] = { [HG_TO_CHANNEL] = HG_CMD_SENT, [HG_TO_BACKEND] = HG_CMD_FORWARDED,
				     [HG_TO_FETCH] = HG_CMD_FETCHED, [HG_TO_HOOK] = HG_CMD_FACTS,
				     [HG_TO_UNPACK] = HG_CMD_UNPACKED, [HG_TO_SETTLE] = HG_CMD_SETTLED,
				     [HG_FROM_BACKEND] = HG_CMD_CHANGED };
	hg_command *command = hg_command_new(kinds[dispatch->job.target]);
	const char *name = hg_arena_str(command->arena, dispatch->job.name);
	g_autofree char *id = g_strdup_printf("sent-%u", ++lab->ids);

	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	if (dispatch->job.target == HG_TO_BACKEND)
		command->backend = name;
	else
		command->channel = name;
	command->sent = (struct hg_result){ .size = sizeof(command->sent), .fate = HG_SENT,
					    .id = hg_arena_str(command->arena, id) };
	command->forwarded = (struct hg_forward_result){ .fate = HG_SENT, .status = 200 };
	command->fetched = (struct hg_fetch_result){ .fate = HG_SENT, .sha256 = empty };
	if (dispatch->job.target == HG_TO_HOOK)
		answer_question(lab, name, command);
	return command;
}

/* ---- time goes on ---- */

static gboolean submit(hg_lab *lab, hg_command *command, GError **error)
{
	if (hg_engine_submit(lab->engine, command, error))
		return TRUE;
	hg_command_free(command);
	return FALSE;
}

static gboolean answer_all(hg_lab *lab, GError **error)
{
	hg_dispatch *dispatch;

	while ((dispatch = g_queue_pop_head(&lab->out))) {
		gboolean fine = submit(lab, answer_of(lab, dispatch), error);

		hg_dispatch_free(dispatch);
		if (!fine)
			return FALSE;
	}
	return TRUE;
}

/* Everything that is to be done at this moment.  *ret_ms: until the engine wants to be asked again. */
static gboolean settle(hg_lab *lab, gint64 *ret_ms, GError **error)
{
	gboolean ok = TRUE;
	guint rounds = 0;

	do {
		if (++rounds > ROUNDS_MAX)
			return hg_fail(error, HG_ERROR_BROKEN, "the engine finds no end at one moment");
		*ret_ms = hg_engine_step(lab->engine, &ok);
		if (!ok)
			return hg_fail(error, HG_ERROR_STORE, "the store in %s failed; is the disk full?", lab->dir);
		if (!g_queue_is_empty(&lab->out)) {
			*ret_ms = 0;
			if (!answer_all(lab, error))
				return FALSE;
		}
	} while (*ret_ms == 0);
	return TRUE;
}

/* When something is due next: the engine itself wakes now and then for nothing. */
static gboolean next_due(hg_lab *lab, gint64 *ret_ms, GError **error)
{
	gint64 timer_ms, job_ms;

	if (!hg_store_timer_next(lab->store, &timer_ms, error) || !hg_store_job_next(lab->store, &job_ms, error))
		return FALSE;
	*ret_ms = MIN(timer_ms, job_ms);
	return TRUE;
}

gboolean hg_lab_until(hg_lab *lab, gint64 at_ms, GError **error)
{
	gint64 wait_ms, due_ms;

	for (;;) {
		if (!settle(lab, &wait_ms, error) || !next_due(lab, &due_ms, error))
			return FALSE;
		if (lab->now_ms >= at_ms)
			return TRUE;
		lab->now_ms = MIN(at_ms, due_ms > lab->now_ms ? due_ms : lab->now_ms + wait_ms);
	}
}

/* ---- steps ---- */

static void step_done(void *arg, const hg_command *command, const char *answer, const GError *error)
{
	hg_lab *lab = arg;

	(void)command;
	(void)answer;
	g_free(lab->refused);
	lab->refused = error ? g_strdup(error->message) : NULL;
}

static gboolean run_command(hg_lab *lab, hg_command *command, char **ret_refused, GError **error)
{
	gint64 wait_ms;

	command->done = step_done;
	command->done_arg = lab;
	if (!submit(lab, command, error) || !settle(lab, &wait_ms, error))
		return FALSE;
	*ret_refused = g_steal_pointer(&lab->refused);
	return TRUE;
}

static struct hg_file *files_of(const struct hg_trial_step *step, hg_arena *arena, gsize *ret_n)
{
	gsize n = step->files ? g_strv_length((char **)step->files) : 0;
	struct hg_file *files = hg_arena_alloc(arena, MAX(n, 1) * sizeof(*files));

	for (gsize i = 0; i < n; i++)
		files[i] = (struct hg_file){ .size = sizeof(*files), .kind = HG_FILE, .name = step->files[i],
					     .bytes = -1, .ref = step->files[i] };
	*ret_n = n;
	return files;
}

static struct hg_address *addresses_of(const hg_lab *lab, hg_arena *arena, gsize *ret_n)
{
	gsize n = g_strv_length((char **)lab->from);
	struct hg_address *from = hg_arena_alloc(arena, n * sizeof(*from));

	for (gsize i = 0; i < n; i++)
		from[i] = (struct hg_address){ lab->from[i], HG_PROVEN };
	*ret_n = n;
	return from;
}

/* As the adapter of e-mail keeps them. */
static const char *payload_of(const struct hg_trial_step *step, hg_arena *arena)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (!step->headers)
		return NULL;
	hg_json_open(out, '{');
	hg_json_key(out, "headers");
	hg_json_open(out, '{');
	for (const char *const *header = step->headers; *header; header += 2)
		hg_json_add_str(out, header[0], header[1]);
	hg_json_close(out, '}');
	hg_json_close(out, '}');
	return hg_arena_str(arena, out->str);
}

static gboolean say(hg_lab *lab, const struct hg_trial_step *step, char **ret_refused, GError **error)
{
	const struct hg_channel_conf *channel = hg_conf_channel(lab->trials->conf, step->channel);
	hg_command *command = hg_command_new(HG_CMD_INBOUND);
	g_autofree char *id = g_strdup_printf("said-%u", ++lab->ids);
	const char *const refs[] = { step->answers, NULL };
	gboolean about = step->what >= HG_REACTION;
	struct hg_in in = { .size = sizeof(in), .kind = step->what, .id = step->id ? step->id : id,
		.echo = step->echo, .automatic = step->automatic, .forwarded = step->forwarded, .name = step->name,
		.subject = step->subject, .text = step->text ? step->text : "", .file_size = sizeof(struct hg_file),
		.refs = step->answers && !about ? refs : NULL, .target = about ? step->answers : NULL };

	in.payload = payload_of(step, command->arena);
	in.from = addresses_of(lab, command->arena, &in.n_from);
	in.files = files_of(step, command->arena, &in.n_files);
	command->channel = channel->name;
	command->space = channel->adapter;
	if (!hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .in = &in, .n_in = 1,
				  .in_size = sizeof(in), .raw = "{}", .raw_len = 2 }, error)) {
		hg_command_free(command);
		return FALSE;
	}
	return run_command(lab, command, ret_refused, error);
}

gboolean hg_lab_thread(hg_lab *lab, hg_arena *arena, hg_thread **ret, GError **error)
{
	g_autoptr(GPtrArray) threads = g_ptr_array_new();
	hg_alias *alias = NULL;
	hg_contact *contact = NULL;

	*ret = NULL;
	if (!lab->from)
		return TRUE;
	if (!hg_store_alias_find(lab->store, arena, lab->from[0], &alias, error) ||
	    (alias && !hg_store_contact_get(lab->store, arena, alias->contact_n, &contact, error)))
		return FALSE;
	if (!contact)
		return TRUE;
	if (!hg_store_thread_list(lab->store, arena, &(struct hg_thread_query){ .contact_id = contact->id, .limit = 1 },
				  threads, error))
		return FALSE;
	*ret = threads->len ? g_ptr_array_index(threads, 0) : NULL;
	return TRUE;
}

/* The members of other kinds are not read. */
static hg_command *desk_command(const struct hg_trial_step *step, int kind, const hg_thread *thread)
{
	hg_command *command = hg_command_new(kind);

	command->principal = "test";
	command->thread_id = command->reply.thread_id = hg_arena_str(command->arena, thread->id);
	command->agent = command->reply.agent = step->agent;
	command->priority = step->priority;
	command->category = step->category;
	command->resolution = step->what;
	command->ask = step->ask;
	command->reply.kind = HG_TEXT;
	command->reply.bot = step->bot;
	command->reply.text = step->text;
	command->text = kind == HG_CMD_NOTE || kind == HG_CMD_STATUS ? step->text : NULL;
	command->add_tags = step->tags;
	command->remove_tags = step->untags;
	command->set_fields = step->sets;
	return command;
}

static gboolean desk(hg_lab *lab, const struct hg_trial_step *step, int kind, char **ret_refused, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	hg_ticket *ticket = NULL;
	hg_command *command;
	hg_thread *thread;

	if (!hg_lab_thread(lab, arena, &thread, error))
		return FALSE;
	if (!thread) {
		*ret_refused = g_strdup("there is no conversation yet that this could be about");
		return TRUE;
	}
	if (thread->ticket_n && !hg_store_ticket_get(lab->store, arena, thread->ticket_n, &ticket, error))
		return FALSE;
	if (kind == HG_CMD_STATUS && !ticket) {
		*ret_refused = g_strdup("the conversation is no ticket whose status could change");
		return TRUE;
	}
	command = desk_command(step, kind, thread);
	command->ticket_ref = ticket ? hg_arena_str(command->arena, ticket->id) : NULL;
	return run_command(lab, command, ret_refused, error);
}

/* What we said last in the conversation and the provider took; *ret NULL: nothing. */
static gboolean last_said(hg_lab *lab, hg_arena *arena, const hg_message **ret, GError **error)
{
	g_autoptr(GPtrArray) newest = g_ptr_array_new();
	hg_thread *thread;

	*ret = NULL;
	if (!hg_lab_thread(lab, arena, &thread, error) ||
	    (thread && !hg_store_message_list(lab->store, arena, thread->last_message_n, LOOK_BACK, newest, error)))
		return FALSE;
	for (guint i = 0; i < newest->len && !*ret; i++) {
		const hg_message *message = g_ptr_array_index(newest, i);

		if (message->direction == HG_OUTBOUND && message->external_id && !message->echo)
			*ret = message;
	}
	return TRUE;
}

/* The provider says that it cannot be delivered. */
static gboolean lose(hg_lab *lab, const struct hg_trial_step *step, char **ret_refused, GError **error)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	const hg_message *message;
	hg_command *command;
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = HG_R_FAILED, .code = (int)step->code,
				      .text = "it could not be delivered" };

	if (!last_said(lab, arena, &message, error))
		return FALSE;
	if (!message) {
		*ret_refused = g_strdup("nothing was said yet that could get lost");
		return TRUE;
	}
	receipt.id = message->external_id;
	command = hg_command_new(HG_CMD_INBOUND);
	command->channel = hg_arena_str(command->arena, message->channel);
	if (!hg_command_set_batch(command, &(struct hg_batch){ .size = sizeof(struct hg_batch), .receipts = &receipt,
				  .n_receipts = 1, .receipt_size = sizeof(receipt), .raw = "{}", .raw_len = 2 }, error)) {
		hg_command_free(command);
		return FALSE;
	}
	return run_command(lab, command, ret_refused, error);
}

/* It does not answer any more, or does again. */
static gboolean helpdesk(hg_lab *lab, const struct hg_trial_step *step, char **ret_refused, GError **error)
{
	const GPtrArray *backends = lab->trials->conf->backends;

	for (guint i = 0; i < backends->len; i++) {
		hg_command *command = hg_command_new(HG_CMD_CONDITION);

		command->backend = hg_arena_str(command->arena, ((const struct hg_backend_conf *)g_ptr_array_index(backends, i))->name);
		command->condition = step->what;
		command->text = "a test says so";
		if (!run_command(lab, command, ret_refused, error))
			return FALSE;
	}
	return TRUE;
}

gboolean hg_lab_step(hg_lab *lab, const struct hg_trial_step *step, char **ret_refused, GError **error)
{
	static const int commands[] = { [HG_STEP_REPLY] = HG_CMD_REPLY, [HG_STEP_NOTE] = HG_CMD_NOTE,
		[HG_STEP_CLOSE] = HG_CMD_CLOSE, [HG_STEP_REOPEN] = HG_CMD_REOPEN, [HG_STEP_CONVERT] = HG_CMD_CONVERT,
		[HG_STEP_STATUS] = HG_CMD_STATUS, [HG_STEP_CHANGE] = HG_CMD_PATCH };

	*ret_refused = NULL;
	if (step->from)
		lab->from = step->from;
	lab->facts = step->facts;
	if (step->kind == HG_STEP_WAIT)
		return TRUE;
	if (step->kind == HG_STEP_SAY)
		return say(lab, step, ret_refused, error);
	if (step->kind == HG_STEP_LOST)
		return lose(lab, step, ret_refused, error);
	if (step->kind == HG_STEP_HELPDESK)
		return helpdesk(lab, step, ret_refused, error);
	return desk(lab, step, commands[step->kind], ret_refused, error);
}

/* ---- made and taken down ---- */

static gboolean open_store(hg_lab *lab, GError **error)
{
	g_autofree char *path = NULL, *attachments = NULL;

	lab->dir = g_dir_make_tmp("headgate-trial-XXXXXX", error);
	if (!lab->dir)
		return FALSE;
	path = g_build_filename(lab->dir, "headgate.db", NULL);
	attachments = g_build_filename(lab->dir, "attachments", NULL);
	lab->store = hg_store_open(&(struct hg_store_options){ .driver = "sqlite", .path = path,
				   .attachments = attachments, .env = &lab->env }, error);
	return lab->store != NULL;
}

static gboolean make_engine(hg_lab *lab, GError **error)
{
	const struct hg_ports ports = { .ctx = lab, .plan = lab_plan, .limits = lab_limits, .dispatch = lab_dispatch };
	g_autoptr(hg_diag) diag = hg_diag_new();
	hg_rules *rules = hg_rules_again(lab->trials->rules, diag);

	if (!rules)
		return hg_fail(error, HG_ERROR_CONFIG, "the rules cannot be read again");
	hg_rules_ask(rules, lab->trials->conf->model);
	lab->engine = hg_engine_new((hg_conf *)lab->trials->conf, rules, lab->store, &lab->env, &ports);
	return hg_engine_recover(lab->engine, error);
}

hg_lab *hg_lab_new(const hg_trials *trials, gint64 start_ms, GError **error)
{
	g_autoptr(hg_lab) lab = g_new0(hg_lab, 1);

	lab->env = (struct hg_env){ .wall_ms = lab_now, .mono_ms = lab_now, .random = lab_random };
	lab->now_ms = start_ms;
	lab->random = START_RANDOM;
	lab->trials = trials;
	g_queue_init(&lab->out);
	return open_store(lab, error) && make_engine(lab, error) ? g_steal_pointer(&lab) : NULL;
}

static void remove_below(const char *path)
{
	GDir *dir = g_file_test(path, G_FILE_TEST_IS_SYMLINK) ? NULL : g_dir_open(path, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *below = g_build_filename(path, name, NULL);

		remove_below(below);
	}
	if (dir)
		g_dir_close(dir);
	g_remove(path);
}

void hg_lab_free(hg_lab *lab)
{
	if (!lab)
		return;
	hg_engine_free(lab->engine);
	hg_store_close(lab->store);
	g_queue_clear_full(&lab->out, (GDestroyNotify)hg_dispatch_free);
	if (lab->dir)
		remove_below(lab->dir);
	g_free(lab->dir);
	g_free(lab->refused);
	g_free(lab);
}
