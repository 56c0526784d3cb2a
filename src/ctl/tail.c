/* tail.c - events as they happen: the daemon's server-sent events, with or without a break between */
#include <stdio.h>
#include <string.h>
#include "ctl.h"
#include "env.h"
#include "text.h"

#define NAME_WIDTH 12
#define EVENT_BYTES (16 * 1024 * 1024)
#define QUOTE_MAX 80			/* bytes of a message's text in a line */
#define WAIT_MS (60 * 1000)		/* without --wait */
#define AGAIN_MS 250			/* before the first try to come back, doubled by each ... */
#define AGAIN_MOST_MS 2000

struct tail {
	struct ctl *ctl;
	char *place;			/* id of the newest event that was told; NULL: none yet */
	gboolean reset;			/* the next data says why the daemon could not go on from there */
	gboolean stopped;		/* who reads us has gone */
	gint64 told;			/* lines of the daemon's, of any kind, since it was connected to */
};

/* ---- an event, in a line ---- */

static void add_word(GString *out, struct json_object *object, const char *key)
{
	g_autofree char *word = ctl_text(object, key, "");

	if (*word)
		g_string_append_printf(out, "%s ", word);
}

/* What an event is about, in a few words. */
static char *event_text(struct json_object *data)
{
	struct json_object *message = hg_json_obj(data, "message");
	g_autofree char *text = hg_text_valid(hg_json_str(message, "text"), -1, QUOTE_MAX);
	g_autofree char *safe = ctl_safe(text, FALSE);
	GString *out = g_string_new(NULL);

	if (*safe)
		g_string_append_printf(out, "\"%s\" ", safe);
	add_word(out, hg_json_obj(data, "ticket"), "number");
	add_word(out, message, "delivery");
	add_word(out, data, "reason");
	return g_string_free(out, FALSE);
}

static void print_event(const struct ctl *ctl, struct json_object *event)
{
	struct json_object *data = hg_json_obj(event, "data");
	g_autofree char *clock = ctl_clock(hg_json_str(event, "timestamp")), *text = event_text(data);
	g_autofree char *channel = ctl_text(data, "channel", "-"), *type = ctl_text(event, "type", "?");

	printf("%s%s%s  ", ctl_look(ctl, CTL_DIM), clock, ctl_look(ctl, CTL_PLAIN));
	ctl_cell(channel, NAME_WIDTH);
	printf("%s%-16s%s  %s\n", ctl_look(ctl, CTL_CYAN), type, ctl_look(ctl, CTL_PLAIN), g_strchomp(text));
}

/* ---- the stream ---- */

/* What came between is not told, and who follows has to know that. */
static void say_reset(const struct ctl *ctl, struct json_object *data)
{
	gboolean old = g_strcmp0(hg_json_str(data, "reason"), "too-old") == 0;

	ctl_say_error(ctl, "reset: %s; what happened between is left out, and it goes on from now (\"thread list\" says how things "
		      "stand, GET /v1/events has what happened)", old ? "more events lie between than a stream goes back" :
		      "the daemon does not know the event it was to go on from");
}

/* The same line that the daemon's other form of the stream has. */
static void put_reset(const struct tail *tail, const char *data)
{
	g_autoptr(GString) line = g_string_new(NULL);

	hg_json_open(line, '{');
	hg_json_opt_str(line, "id", tail->place);
	hg_json_add_str(line, "type", "reset");
	hg_json_add_raw(line, "data", data);
	hg_json_close(line, '}');
	ctl_put_json(line->str);
}

static void take_data(struct tail *tail, const char *text)
{
	const struct hg_json_limits limits = { .max_bytes = EVENT_BYTES, .max_depth = 64 };
	g_autoptr(json_object) data = hg_json_parse(text, strlen(text), &limits, NULL);

	if (tail->reset)
		say_reset(tail->ctl, data);
	if (tail->ctl->json && tail->reset)
		put_reset(tail, text);
	else if (tail->ctl->json)
		ctl_put_json(text);
	else if (!tail->reset)
		print_event(tail->ctl, data);
	tail->reset = FALSE;
}

/* Of the daemon's each field is one line, data the last of an event. */
static gboolean take_line(void *arg, const char *line)
{
	struct tail *tail = arg;

	tail->told++;
	if (g_str_has_prefix(line, "id: ")) {
		g_free(tail->place);
		tail->place = g_strdup(line + strlen("id: "));
	} else if (strcmp(line, "event: reset") == 0) {
		tail->reset = TRUE;
	} else if (g_str_has_prefix(line, "data: ")) {
		take_data(tail, line + strlen("data: "));
	}
	tail->stopped = fflush(stdout) != 0;
	return !tail->stopped;
}

/* ---- going on where it broke ---- */

static int follow_once(struct tail *tail, const char *path, gboolean *ret_opened)
{
	g_autofree char *last = tail->place ? g_strconcat("Last-Event-ID: ", tail->place, NULL) : NULL;

	tail->told = 0;
	return ctl_stream(tail->ctl, path, (const char *const[]){ "Accept: text/event-stream", last, NULL }, take_line, tail, ret_opened);
}

static void say_end(const struct tail *tail)
{
	ctl_say_error(tail->ctl, "headgated has ended the stream%s%s", tail->place ? "; behind what was shown goes on: tail --after " : "",
		      tail->place ?: "");
}

static int follow(struct tail *tail, const char *path)
{
	gint64 wait_ms = ctl_given(tail->ctl, "once") ? 0 : ctl_span(tail->ctl, "wait", WAIT_MS), again_ms = AGAIN_MS, until_ms = 0;
	gboolean opened = FALSE;
	int code;

	for (;;) {
		code = follow_once(tail, path, &opened);
		if (!opened || tail->stopped || (code != CTL_UNREACHABLE && code != CTL_AGAIN))
			return code;
		if (tail->told || !until_ms) {		/* it was there until now */
			until_ms = hg_mono(hg_env_system()) + wait_ms;
			again_ms = AGAIN_MS;
			if (wait_ms && !tail->ctl->quiet)
				ctl_say_error(tail->ctl, "the stream broke; it goes on when headgated is back");
		}
		if (hg_mono(hg_env_system()) >= until_ms)
			break;
		g_usleep((gulong)again_ms * 1000);
		again_ms = MIN(again_ms * 2, AGAIN_MOST_MS);
	}
	say_end(tail);
	return code;
}

static int tail_events(struct ctl *ctl)
{
	g_autofree char *path = ctl_query(ctl, "/v1/events/stream", "thread channel contact rule since shadow");
	struct tail tail = { .ctl = ctl, .place = g_strdup(ctl_value(ctl, "after")) };
	int code;

	if (tail.place && ctl_given(ctl, "since"))
		code = ctl_usage(ctl, "--after and --since: one of them");
	else
		code = follow(&tail, path);
	g_free(tail.place);
	return code;
}

const struct ctl_verb ctl_verb_tail = {
	.name = "tail", .help = "follow events as they happen", .run = tail_events,
	.options = CTL_PARAMS({ "thread", CTL_TEXT, "ID", "those of one conversation" },
			      { "channel", CTL_CHANNEL, NULL, "those of one channel" },
			      { "contact", CTL_TEXT, "ID", "those of one person" },
			      { "rule", CTL_TEXT, "NAME", "what that rule decided" },
			      { "since", CTL_TIME, NULL, "begins with what happened since then" },
			      { "after", CTL_TEXT, "ID", "begins behind that event" },
			      { "wait", CTL_SPAN, NULL, "how long it tries to go on when the stream breaks [1m]" },
			      { "once", CTL_FLAG, NULL, "ends when the stream breaks" },
			      { "shadow", CTL_FLAG, NULL, "those of channels on trial, and no others" }),
	.more = "Goes on until it is interrupted; with several options, what fits all of them.  Where the daemon is started again, "
		"it goes on behind the event that was shown last, without a gap and without anything twice.  Where that cannot be, "
		"because too much lies between, it says \"reset\".",
	.exits = "3 no daemon answers, or it did not come back",
	.example = "tail --json | jq -r .type\ntail --channel wa-main --since 10m",
};
