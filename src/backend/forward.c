/* forward.c - one attempt at a time: POST, judge the answer, tell the engine */
#include "forward.h"
#include <string.h>
#include "desk_do.h"
#include "desk_line.h"
#include "env.h"
#include "failpoint.h"
#include "json.h"
#include "log.h"
#include "sign.h"
#include "text.h"

#define BREAK_AFTER 5			/* failures in a row: the helpdesk is down, not the event bad */
#define PROBE_MS (60 * 1000)
#define REFUSED_TRIES 6			/* a 400, 413 or 422 is believed after so many (about 2 hours) */
#define ANSWER_MAX (64 * 1024)
#define SOON_MS 1			/* as soon as the outbox may */
#define STOPPED "not tried: headgate was stopped"
#define DOWN "not tried: other attempts failed"

/* What is known of one backend beyond its configuration; survives reloads. */
struct circuit {
	char *backend;
	guint failures;
	guint slots, flying;		/* attempts that may be made at once, and are */
	GQueue ready;			/* of hg_dispatch: for when there is room */
	gboolean down;			/* as the engine was told, or told itself by a 410 */
	gboolean gone;			/* 410: parked until a reload */
	guint64 probe_timer;
	gint64 last_ok_ms, last_failed_ms;
	char *last_error;
	hg_signer *signer;		/* while it is configured */
	hg_desk_line *line;		/* of one with a preset; or NULL */
	guint64 pace_timer;		/* its rate, or Retry-After, lets nothing more go for a while */
	hg_forwarder *forwarder;
};

struct hg_forwarder {
	hg_conf *conf;
	hg_loop *loop;
	hg_client *client;
	struct hg_forwarder_sink sink;
	guint reloads;
	gboolean stopped;
	GHashTable *circuits;		/* name -> struct circuit */
};

struct attempt {
	struct circuit *circuit;
	hg_dispatch *dispatch;
	hg_conf *conf;			/* at a preset's desk: a reference; else NULL */
	guint reloads;			/* when it began */
};

static void circuit_free(void *data)
{
	struct circuit *circuit = data;

	g_assert(g_queue_is_empty(&circuit->ready));
	hg_loop_untimer(circuit->forwarder->loop, circuit->probe_timer);
	hg_loop_untimer(circuit->forwarder->loop, circuit->pace_timer);
	hg_signer_free(circuit->signer);
	hg_desk_line_free(circuit->line);
	g_free(circuit->backend);
	g_free(circuit->last_error);
	g_free(circuit);
}

static struct circuit *circuit_of(hg_forwarder *forwarder, const char *backend)
{
	struct circuit *circuit = g_hash_table_lookup(forwarder->circuits, backend);

	if (circuit)
		return circuit;
	circuit = g_new0(struct circuit, 1);
	circuit->backend = g_strdup(backend);
	circuit->forwarder = forwarder;
	g_hash_table_insert(forwarder->circuits, circuit->backend, circuit);
	return circuit;
}

/* ---- the circuit: a backend that is down gets one attempt a minute, then a growing share ---- */

static void give_back(struct circuit *circuit, const char *why);
static void go_on(struct circuit *circuit);

/* What waits for a helpdesk's rate waits better in the outbox: it is not being sent then, should we end. */
static void tell_slots(struct circuit *circuit, guint ahead)
{
	struct hg_forwarder_sink *sink = &circuit->forwarder->sink;

	sink->slots(sink->arg, circuit->backend, circuit->pace_timer ? 0 : circuit->slots + ahead);
}

/* full: as many as are configured, so that others may lie ready. */
static void circuit_slots(struct circuit *circuit, guint slots, gboolean full)
{
	circuit->slots = slots;
	tell_slots(circuit, full && !circuit->line ? HG_FORWARD_AHEAD : 0);
	if (slots)
		go_on(circuit);
	else
		give_back(circuit, DOWN);
}

/* The engine notes it (an event, an alarm) and brings waiting retries forward: all of them when it
 * is up, one when it is to be tried (DEGRADED). */
static void circuit_condition(struct circuit *circuit, int condition, const char *text)
{
	hg_command *command = hg_command_new(HG_CMD_CONDITION);

	command->backend = hg_arena_str(command->arena, circuit->backend);
	command->condition = condition;
	command->text = hg_arena_str(command->arena, text);
	circuit->forwarder->sink.result(circuit->forwarder->sink.arg, command);
}

static void circuit_probe(void *arg)
{
	struct circuit *circuit = arg;

	circuit->probe_timer = 0;
	circuit_slots(circuit, 1, FALSE);
	circuit_condition(circuit, HG_DEGRADED, NULL);
}

static guint full_slots(const struct hg_backend_conf *backend)
{
	if (!backend)
		return 1;
	return backend->desk ? MAX(backend->desk->limits.at_once, 1) : (guint)backend->concurrency;
}

static void line_use(struct circuit *circuit, const struct hg_backend_conf *backend)
{
	hg_forwarder *forwarder = circuit->forwarder;

	if (!circuit->line && !backend->desk)
		return;
	if (!circuit->line)
		circuit->line = hg_desk_line_new(forwarder->loop, forwarder->client);
	hg_desk_line_mail(circuit->line, forwarder->sink.mail);
	hg_desk_line_use(circuit->line, forwarder->conf, backend);
	hg_loop_untimer(forwarder->loop, circuit->pace_timer);
	circuit->pace_timer = 0;
}

/* At the start, and after a reload: somebody has acted, so nothing waits for its minute. */
static void circuits_close(hg_forwarder *forwarder)
{
	for (guint i = 0; i < forwarder->conf->backends->len; i++) {
		const struct hg_backend_conf *backend = g_ptr_array_index(forwarder->conf->backends, i);
		struct circuit *circuit = circuit_of(forwarder, backend->name);

		hg_loop_untimer(forwarder->loop, circuit->probe_timer);
		circuit->probe_timer = 0;
		hg_signer_free(circuit->signer);
		circuit->signer = hg_signer_new(backend->secrets);
		line_use(circuit, backend);
		circuit->failures = 0;
		circuit->gone = FALSE;
		circuit_slots(circuit, full_slots(backend), TRUE);
	}
}

static void pace(struct circuit *circuit);

static void pace_rang(void *arg)
{
	struct circuit *circuit = arg;

	circuit->pace_timer = 0;
	tell_slots(circuit, 0);
	pace(circuit);
}

static void pace(struct circuit *circuit)
{
	gint64 wait = circuit->line ? hg_desk_line_wait(circuit->line) : 0;

	if (!wait || circuit->pace_timer)
		return;
	circuit->pace_timer = hg_loop_timer(circuit->forwarder->loop, wait, pace_rang, circuit);
	tell_slots(circuit, 0);
}

static void note_failure(struct circuit *circuit, const char *error, gint64 now)
{
	circuit->failures++;
	circuit->last_failed_ms = now;
	g_free(circuit->last_error);
	circuit->last_error = g_strdup(error);
}

static void circuit_open(struct circuit *circuit)
{
	circuit_slots(circuit, 0, FALSE);
	circuit->probe_timer = hg_loop_timer(circuit->forwarder->loop, PROBE_MS, circuit_probe, circuit);
}

static void circuit_failed(struct circuit *circuit, const char *error, gint64 now)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", circuit->backend);

	note_failure(circuit, error, now);
	if (circuit->failures < BREAK_AFTER || circuit->probe_timer)
		return;
	if (!circuit->down) {
		hg_warn(&ctx, "backend.down", "%u attempts in a row failed, the last with: %s; "
			"trying once a minute", circuit->failures, error);
		circuit->down = TRUE;
		circuit_condition(circuit, HG_DOWN, error);
	}
	circuit_open(circuit);
}

/* Nothing works until somebody has acted: no need to fail five times. */
static void circuit_break(struct circuit *circuit, const char *error, gint64 now)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", circuit->backend);

	note_failure(circuit, error, now);
	circuit->failures = MAX(circuit->failures, BREAK_AFTER);
	if (circuit->probe_timer)
		return;
	if (!circuit->down) {
		hg_err(&ctx, "backend.refused", "it refuses our credentials: %s; trying once a minute", error);
		circuit->down = TRUE;
		circuit_condition(circuit, HG_DOWN, error);
	}
	circuit_open(circuit);
}

static void circuit_worked(struct circuit *circuit, guint full, gint64 now)
{
	struct hg_ctx ctx = HG_CTX(NULL, "backend", circuit->backend);

	/* What had left before the 410 came says nothing about it. */
	if (circuit->gone)
		return;
	if (circuit->down) {
		hg_info(&ctx, "backend.up", "it answers again");
		circuit->down = FALSE;
		circuit_condition(circuit, HG_UP, NULL);
	}
	circuit->failures = 0;
	circuit->last_ok_ms = now;
	g_clear_pointer(&circuit->last_error, g_free);
	if (circuit->slots && circuit->slots < full)
		circuit_slots(circuit, MIN(circuit->slots * 2, full), circuit->slots * 2 >= full);
}

/* ---- making and ending ---- */

hg_forwarder *hg_forwarder_new(hg_conf *conf, hg_loop *loop, hg_client *client,
			       const struct hg_forwarder_sink *sink)
{
	hg_forwarder *forwarder = g_new0(hg_forwarder, 1);

	forwarder->conf = hg_conf_ref(conf);
	forwarder->loop = loop;
	forwarder->client = client;
	forwarder->sink = *sink;
	forwarder->circuits = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, circuit_free);
	circuits_close(forwarder);
	return forwarder;
}

void hg_forwarder_free(hg_forwarder *forwarder)
{
	if (!forwarder)
		return;
	hg_forwarder_stop(forwarder);
	g_hash_table_destroy(forwarder->circuits);
	hg_conf_unref(forwarder->conf);
	g_free(forwarder);
}

void hg_forwarder_stop(hg_forwarder *forwarder)
{
	GHashTableIter iter;
	void *circuit;

	forwarder->stopped = TRUE;
	g_hash_table_iter_init(&iter, forwarder->circuits);
	while (g_hash_table_iter_next(&iter, NULL, &circuit)) {
		give_back(circuit, STOPPED);
		if (((struct circuit *)circuit)->line)
			hg_desk_line_stop(((struct circuit *)circuit)->line);
	}
}

void hg_forwarder_reload(hg_forwarder *forwarder, hg_conf *conf)
{
	hg_conf *old = forwarder->conf;

	forwarder->conf = hg_conf_ref(conf);
	forwarder->reloads++;
	hg_conf_unref(old);
	circuits_close(forwarder);
}

/* ---- one attempt ---- */

char *hg_forward_body(const hg_event *event)
{
	GString *body = g_string_sized_new(strlen(event->data) + 128);

	hg_json_open(body, '{');
	hg_json_add_str(body, "type", event->type);
	hg_json_add_time(body, "timestamp", event->at_ms);
	hg_json_add_raw(body, "data", event->data);
	hg_json_close(body, '}');
	return g_string_free(body, FALSE);
}

/* Ids come as text or as numbers. */
static const char *text_member(struct json_object *obj, const char *key, hg_arena *arena)
{
	struct json_object *value;
	const char *text;

	if (!json_object_object_get_ex(obj, key, &value) || !value ||
	    json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
		return NULL;
	text = json_object_get_string(value);
	return *text && strlen(text) <= 512 && hg_text_printable(text) && !strpbrk(text, "\n\t") ?
	       hg_arena_str(arena, text) : NULL;
}

void hg_forward_read_ticket(const char *body, gsize len, hg_arena *arena,
			    struct hg_forward_result *result)
{
	gboolean may_name = len >= strlen("{\"ticket\":{}}");
	g_autoptr(json_object) answer = may_name ? hg_json_parse(body, len, NULL, NULL) : NULL;
	struct json_object *ticket = hg_json_obj(answer, "ticket");

	if (!ticket)
		return;
	result->external_id = text_member(ticket, "id", arena);
	result->number = text_member(ticket, "number", arena);
	result->url = text_member(ticket, "url", arena);
	if (result->url && !g_str_has_prefix(result->url, "https://") &&
	    !g_str_has_prefix(result->url, "http://"))
		result->url = NULL;
}

/* The helpdesk is there, and the event itself is what it objects to. */
static gboolean objects(const struct hg_client_answer *answer)
{
	return answer->status == 400 || answer->status == 413 || answer->status == 422;
}

/* What the outbox is to do after this answer. */
static void judge(const struct hg_client_answer *answer, const hg_job *job, gint64 now,
		  hg_arena *arena, struct hg_forward_result *result)
{
	result->status = answer->status;
	/* An answer that is too long for us to read says all the same that the event was taken. */
	if ((answer->code == HG_CLIENT_OK || answer->code == HG_CLIENT_BIG) && answer->status >= 200 &&
	    answer->status < 300) {
		result->fate = HG_SENT;
		if (answer->code == HG_CLIENT_OK)
			hg_forward_read_ticket(answer->body, answer->len, arena, result);
		return;
	}
	result->fate = HG_RETRY;
	if (answer->status)
		result->retry_ms = MAX(hg_client_retry_after(answer, now), 0);
	result->gone = answer->status == 410;
	if (answer->code == HG_CLIENT_OK || answer->code == HG_CLIENT_REDIRECT) {
		g_autofree char *text = g_strdup_printf("answered %d%s", answer->status,
			answer->status >= 300 && answer->status < 400 ? " (redirects are not followed)" : "");

		result->text = hg_arena_str(arena, text);
	} else {
		result->text = hg_arena_str(arena, answer->error);
	}
	/* A broken deployment says the same, so it is believed only after a while. */
	result->objects = objects(answer);
	if (result->objects && job->steps + 1 >= REFUSED_TRIES)
		result->fate = HG_FAILED;
}

static void tell(hg_forwarder *forwarder, hg_dispatch *dispatch, hg_command *command)
{
	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	command->backend = hg_arena_str(command->arena, dispatch->job.name);
	forwarder->sink.result(forwarder->sink.arg, command);
	hg_dispatch_free(dispatch);
}

static void not_tried(hg_forwarder *forwarder, hg_dispatch *dispatch, const char *why)
{
	hg_command *command = hg_command_new(HG_CMD_FORWARDED);

	command->forwarded = (struct hg_forward_result){ .fate = HG_RETRY, .retry_ms = SOON_MS,
							 .text = hg_arena_str(command->arena, why) };
	tell(forwarder, dispatch, command);
}

/* What lies ready waits better in the outbox when it cannot go soon. */
static void give_back(struct circuit *circuit, const char *why)
{
	hg_dispatch *dispatch;

	while ((dispatch = g_queue_pop_head(&circuit->ready)))
		not_tried(circuit->forwarder, dispatch, why);
}

/* stale: begun before the last reload, so that "gone" says nothing of what somebody has mended since. */
static void attempt_end(struct circuit *circuit, hg_dispatch *dispatch, gboolean stale,
			const struct hg_client_answer *answer)
{
	hg_forwarder *forwarder = circuit->forwarder;
	hg_command *command = hg_command_new(HG_CMD_FORWARDED);
	gint64 now = hg_now(hg_loop_env(forwarder->loop));
	const struct hg_backend_conf *backend = hg_conf_backend(forwarder->conf, circuit->backend);

	judge(answer, &dispatch->job, now, command->arena, &command->forwarded);
	if (command->forwarded.fate == HG_SENT || objects(answer))
		circuit_worked(circuit, full_slots(backend), now);
	else if (answer->code != HG_CLIENT_CANCELLED)
		circuit_failed(circuit, command->forwarded.text, now);
	(void)HG_FAILPOINT(FORWARD_ANSWERED);
	command->forwarded.gone &= !stale;
	if (command->forwarded.gone)
		circuit->down = circuit->gone = TRUE;
	tell(forwarder, dispatch, command);
}

static void attempt_done(void *arg, const struct hg_client_answer *answer)
{
	struct attempt *attempt = arg;
	struct circuit *circuit = attempt->circuit;

	circuit->flying--;
	attempt_end(circuit, attempt->dispatch, attempt->reloads != circuit->forwarder->reloads, answer);
	g_free(attempt);
	if (answer->code != HG_CLIENT_CANCELLED)	/* the client is going */
		go_on(circuit);
}

/* ---- one attempt at a helpdesk with a preset ---- */

static void copy_result(hg_command *command, const struct hg_forward_result *from)
{
	struct hg_forward_result *to = &command->forwarded;
	hg_arena *arena = command->arena;

	*to = *from;
	to->text = hg_arena_str(arena, from->text);
	to->external_id = hg_arena_str(arena, from->external_id);
	to->number = hg_arena_str(arena, from->number);
	to->url = hg_arena_str(arena, from->url);
	to->body = from->body ? hg_arena_mem(arena, from->body, from->len) : NULL;
	to->made = hg_command_words(command, from->made);
}

/* Refused credentials are no matter of luck: five more attempts would say the same. */
static void judge_desk(struct circuit *circuit, const struct hg_forward_result *result, int reached)
{
	hg_forwarder *forwarder = circuit->forwarder;
	gint64 now = hg_now(hg_loop_env(forwarder->loop));

	if (reached == HG_DESK_REACHED)
		circuit_worked(circuit, full_slots(hg_conf_backend(forwarder->conf, circuit->backend)), now);
	else if (reached == HG_DESK_FAILED && result->account)
		circuit_break(circuit, result->text, now);
	else if (reached == HG_DESK_FAILED)
		circuit_failed(circuit, result->text, now);
}

static void desk_done(void *arg, const struct hg_forward_result *result, int reached)
{
	struct attempt *attempt = arg;
	struct circuit *circuit = attempt->circuit;
	hg_command *command = hg_command_new(HG_CMD_FORWARDED);

	copy_result(command, result);
	circuit->flying--;
	judge_desk(circuit, result, reached);
	(void)HG_FAILPOINT(FORWARD_ANSWERED);
	tell(circuit->forwarder, attempt->dispatch, command);
	hg_conf_unref(attempt->conf);
	g_free(attempt);
	pace(circuit);
	go_on(circuit);
}

static void desk_begin(struct circuit *circuit, const struct hg_backend_conf *backend, hg_dispatch *dispatch)
{
	hg_forwarder *forwarder = circuit->forwarder;
	struct attempt *attempt = g_new0(struct attempt, 1);

	circuit->flying++;
	*attempt = (struct attempt){ .circuit = circuit, .dispatch = dispatch, .conf = hg_conf_ref(forwarder->conf) };
	(void)HG_FAILPOINT(FORWARD_BEGIN);
	hg_desk_do_begin(circuit->line, backend, dispatch, hg_now(hg_loop_env(forwarder->loop)), desk_done, attempt);
}

/* ---- one attempt at a webhook ---- */

static void attempt_begin(struct circuit *circuit, const struct hg_backend_conf *backend, hg_dispatch *dispatch)
{
	hg_forwarder *forwarder = circuit->forwarder;
	gint64 now_s = hg_now(hg_loop_env(forwarder->loop)) / 1000;
	g_autofree char *body = hg_forward_body(&dispatch->event);
	g_auto(GStrv) headers = hg_signer_headers(circuit->signer, dispatch->event.id, now_s, body, strlen(body));
	struct attempt *attempt = g_new0(struct attempt, 1);

	circuit->flying++;
	attempt->circuit = circuit;
	attempt->dispatch = dispatch;
	attempt->reloads = forwarder->reloads;
	(void)HG_FAILPOINT(FORWARD_BEGIN);
	hg_client_call(forwarder->client, &(struct hg_client_call){
		.method = "POST", .url = backend->url, .headers = (const char *const *)headers,
		.body = body, .len = strlen(body), .timeout_ms = backend->timeout_ms,
		.max_reply = ANSWER_MAX, .private_ok = backend->allow_private,
	}, attempt_done, attempt);
}

/* One is always tried: whoever claimed it may know better than we that the backend is back. */
static gboolean has_room(const struct circuit *circuit)
{
	return circuit->flying < MAX(circuit->slots, 1);
}

static void go_on(struct circuit *circuit)
{
	while (has_room(circuit) && !g_queue_is_empty(&circuit->ready))
		hg_forwarder_send(circuit->forwarder, g_queue_pop_head(&circuit->ready));
}

void hg_forwarder_send(hg_forwarder *forwarder, hg_dispatch *dispatch)
{
	const struct hg_backend_conf *backend = hg_conf_backend(forwarder->conf, dispatch->job.name);
	struct circuit *circuit = circuit_of(forwarder, dispatch->job.name);

	if (forwarder->stopped)
		not_tried(forwarder, dispatch, STOPPED);
	else if (!backend)		/* taken out of the configuration meanwhile: it may come back */
		not_tried(forwarder, dispatch, "this backend is not configured any more");
	else if (has_room(circuit) && backend->desk)
		desk_begin(circuit, backend, dispatch);
	else if (has_room(circuit))
		attempt_begin(circuit, backend, dispatch);
	else if (circuit->slots)
		g_queue_push_tail(&circuit->ready, dispatch);
	else
		not_tried(forwarder, dispatch, DOWN);
}

hg_desk_line *hg_forwarder_line(hg_forwarder *forwarder, const char *name)
{
	const struct hg_backend_conf *backend = hg_conf_backend(forwarder->conf, name);

	return backend && backend->desk ? circuit_of(forwarder, name)->line : NULL;
}

gboolean hg_forwarder_state(hg_forwarder *forwarder, guint n, struct hg_forwarder_state *ret)
{
	const struct hg_backend_conf *backend;
	struct circuit *circuit;

	if (n >= forwarder->conf->backends->len)
		return FALSE;
	backend = g_ptr_array_index(forwarder->conf->backends, n);
	circuit = circuit_of(forwarder, backend->name);
	*ret = (struct hg_forwarder_state){
		.backend = backend->name, .failures = circuit->failures,
		.broken = circuit->down, .last_error = circuit->last_error,
		.last_ok_ms = circuit->last_ok_ms, .last_failed_ms = circuit->last_failed_ms,
	};
	return TRUE;
}
