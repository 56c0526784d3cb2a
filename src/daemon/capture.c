/* capture.c - what would have left, kept, and answered as if it had */
#include "capture.h"

#include <string.h>

#include "json.h"
#include "log.h"
#include "parts.h"
#include "payload_parts.h"

#define KEPT_BYTES (32 * 1024 * 1024)	/* all together ... */
#define ONE_BYTES  (256 * 1024)		/* ... and what is shown of one */

struct captured {
	gint64 n;			/* outbox job */
	char *head, *payload;		/* members of an object; its JSON, cut; ours */
	gsize bytes;
};

struct hg_capture {
	hg_gateway *gateway;
	GQueue kept;			/* of struct captured, newest first */
	gsize bytes;
	guint64 total;
};

static void captured_free(void *arg)
{
	struct captured *captured = arg;

	g_free(captured->head);
	g_free(captured->payload);
	g_free(captured);
}

hg_capture *hg_capture_new(hg_gateway *gateway)
{
	hg_capture *capture = g_new0(hg_capture, 1);

	capture->gateway = gateway;
	g_queue_init(&capture->kept);
	hg_warn(NULL, "capture.on", "nothing leaves this gateway: headgatectl capture list shows what would have");
	return capture;
}

void hg_capture_free(hg_capture *capture)
{
	if (!capture)
		return;
	g_queue_clear_full(&capture->kept, captured_free);
	g_free(capture);
}

/* ---- kept ---- */

static void forget_oldest(hg_capture *capture)
{
	struct captured *captured = g_queue_pop_tail(&capture->kept);

	capture->bytes -= captured->bytes;
	captured_free(captured);
}

static void keep(hg_capture *capture, const hg_dispatch *dispatch, char *payload)
{
	struct captured *captured = g_new0(struct captured, 1);
	g_autoptr(GString) head = g_string_new(NULL);
	gsize len = strlen(payload);

	hg_json_add_int(head, "number", dispatch->job.n);
	hg_json_add_time(head, "at", hg_now(capture->gateway->env));
	hg_json_add_str(head, "target", hg_target_word(dispatch->job.target));
	hg_json_add_str(head, "name", dispatch->job.name);
	hg_json_opt_str(head, "event_type", dispatch->job.target == HG_TO_BACKEND ? dispatch->event.type : NULL);
	hg_json_opt_str(head, "to", dispatch->job.target == HG_TO_CHANNEL ? dispatch->out.to : NULL);
	captured->n = dispatch->job.n;
	captured->head = g_strdup(head->str);
	captured->payload = len <= ONE_BYTES ? payload : NULL;
	if (!captured->payload)
		g_free(payload);
	captured->bytes = head->len + (captured->payload ? len : 0);
	capture->bytes += captured->bytes;
	capture->total++;
	g_queue_push_head(&capture->kept, captured);
	while (capture->kept.length > HG_CAPTURED_MAX || capture->bytes > KEPT_BYTES)
		forget_oldest(capture);
}

static char *message_of(const hg_dispatch *dispatch)
{
	const struct hg_out *out = &dispatch->out;
	GString *json = g_string_new(NULL);

	hg_json_open(json, '{');
	hg_json_add_str(json, "to", out->to);
	hg_json_add_str(json, "from", out->from);
	hg_json_opt_str(json, "subject", out->subject);
	hg_json_add_str(json, "text", out->text);
	if (out->template_json)
		hg_json_add_raw(json, "template", out->template_json);
	hg_json_add_int(json, "part", dispatch->job.part + 1);
	if (out->body)
		hg_json_add_foreign(json, "body", out->body, out->len);
	hg_json_add_int(json, "files", (gint64)out->n_files);
	hg_json_close(json, '}');
	return g_string_free(json, FALSE);
}

static char *payload_of(const hg_dispatch *dispatch)
{
	GString *json;

	if (dispatch->job.target == HG_TO_BACKEND)
		return hg_forward_body(&dispatch->event);
	if (dispatch->job.target == HG_TO_CHANNEL)
		return message_of(dispatch);
	json = g_string_new(NULL);
	hg_json_open(json, '{');
	hg_json_opt_str(json, "attachment", dispatch->job.target == HG_TO_FETCH ? dispatch->attachment.id : NULL);
	if (dispatch->job.target == HG_TO_HOOK && dispatch->job.body)
		hg_json_add_foreign(json, "question", dispatch->job.body, dispatch->job.len);
	hg_json_close(json, '}');
	return g_string_free(json, FALSE);
}

/* ---- answered ---- */

static hg_command *sent(const hg_dispatch *dispatch)
{
	hg_command *command = hg_command_new(HG_CMD_SENT);
	g_autofree char *id = g_strdup_printf("captured-%" G_GINT64_FORMAT, dispatch->job.n);

	command->channel = hg_arena_str(command->arena, dispatch->job.name);
	command->sent = (struct hg_result){ .size = sizeof(command->sent), .fate = HG_SENT,
					    .id = hg_arena_str(command->arena, id) };
	return command;
}

/* .invalid leads nowhere (RFC 2606), and says so. */
static hg_command *forwarded(const hg_dispatch *dispatch)
{
	hg_command *command = hg_command_new(HG_CMD_FORWARDED);
	g_autofree char *number = g_strdup_printf("CAP-%" G_GINT64_FORMAT, dispatch->job.n);
	g_autofree char *url = g_strdup_printf("https://captured.invalid/%s", number);

	command->backend = hg_arena_str(command->arena, dispatch->job.name);
	command->forwarded.fate = HG_SENT;
	command->forwarded.status = 200;
	if (g_strcmp0(dispatch->event.type, "ticket.requested") != 0)
		return command;
	command->forwarded.external_id = hg_arena_str(command->arena, number);
	command->forwarded.number = command->forwarded.external_id;
	command->forwarded.url = hg_arena_str(command->arena, url);
	return command;
}

static hg_command *fetched(const hg_dispatch *dispatch)
{
	hg_command *command = hg_command_new(HG_CMD_FETCHED);

	command->channel = hg_arena_str(command->arena, dispatch->job.name);
	command->fetched.fate = HG_FAILED;
	command->fetched.text = "capture mode: files are not fetched";
	return command;
}

static hg_command *facts(void)
{
	hg_command *command = hg_command_new(HG_CMD_FACTS);

	command->facts.text = "capture mode: nobody is asked";
	return command;
}

static hg_command *answer_of(const hg_dispatch *dispatch)
{
	switch (dispatch->job.target) {
	case HG_TO_CHANNEL:
		return sent(dispatch);
	case HG_TO_BACKEND:
		return forwarded(dispatch);
	case HG_TO_FETCH:
		return fetched(dispatch);
	default:
		return facts();
	}
}

struct taken { hg_capture *capture; hg_dispatch *dispatch; };

static void on_loop(void *arg)
{
	g_autofree struct taken *taken = arg;
	hg_gateway *gateway = taken->capture->gateway;
	hg_dispatch *dispatch = taken->dispatch;
	hg_command *command = answer_of(dispatch);
	g_autoptr(GError) error = NULL;

	keep(taken->capture, dispatch, payload_of(dispatch));
	command->job_n = dispatch->job.n;
	command->fence = dispatch->fence;
	hg_dispatch_free(dispatch);
	if (hg_engine_submit(gateway->engine, command, &error))
		return;
	hg_err(NULL, "capture.answer_lost", "%s", error->message);
	hg_command_free(command);
}

gboolean hg_capture_take(hg_capture *capture, hg_dispatch *dispatch)
{
	struct taken *taken;
	int target = dispatch->job.target;

	/* A visitor reads his answers here. */
	if (target == HG_TO_CHANNEL && dispatch->out.to && hg_visitor_is(dispatch->out.to))
		return FALSE;
	if (target != HG_TO_CHANNEL && target != HG_TO_BACKEND && target != HG_TO_FETCH && target != HG_TO_HOOK)
		return FALSE;
	taken = g_new(struct taken, 1);
	*taken = (struct taken){ capture, dispatch };
	hg_loop_post(capture->gateway->loop, on_loop, taken);
	return TRUE;
}

/* ---- shown ---- */

static void write_one(const struct captured *captured, gboolean whole, GString *out)
{
	hg_json_open(out, '{');
	g_string_append(out, captured->head);
	if (whole)
		hg_json_add_raw(out, "payload", captured->payload);
	hg_json_close(out, '}');
}

void hg_capture_list(hg_capture *capture, guint limit, GString *out)
{
	hg_json_open(out, '{');
	hg_json_key(out, "captured");
	hg_json_open(out, '[');
	for (GList *link = capture ? capture->kept.head : NULL; link && limit--; link = link->next)
		write_one(link->data, FALSE, out);
	hg_json_close(out, ']');
	hg_json_add_bool(out, "on", capture != NULL);
	hg_json_add_int(out, "total", capture ? (gint64)capture->total : 0);
	hg_json_close(out, '}');
}

gboolean hg_capture_show(hg_capture *capture, gint64 n, GString *out)
{
	for (GList *link = capture ? capture->kept.head : NULL; link; link = link->next) {
		const struct captured *captured = link->data;

		if (captured->n != n)
			continue;
		hg_json_open(out, '{');
		hg_json_key(out, "captured");
		write_one(captured, TRUE, out);
		hg_json_close(out, '}');
		return TRUE;
	}
	return FALSE;
}
