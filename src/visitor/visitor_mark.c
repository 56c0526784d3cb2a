/* visitor_mark.c - small things a visitor tells: what he has and has read, that he types, what he thinks of it, who he
 * says he is; and the transcript he asks for */
#include <string.h>

#include "visitor_call.h"

#define COMMENT_MAX 4096		/* bytes */

struct mark {				/* strings are the arena's */
	const char *message_id;
	gboolean on;			/* he types */
	struct hg_news_of of;
	const char *thread_id;
	gint64 score;
	const char *comment;		/* or NULL */
	const char *profile;		/* JSON */
};

static struct mark *mark_new(struct visitor_call *call)
{
	struct mark *mark = hg_arena_alloc(call->arena, sizeof *mark);

	call->extra = mark;
	return mark;
}

/* What the engine says of it is for no visitor. */
static void done(struct visitor_call *call)
{
	g_string_truncate(call->out, 0);
	hg_visitor_finish(call);
}

static hg_command *command_of(const struct visitor_call *call, int kind)
{
	hg_command *command = hg_command_new(kind);

	command->thread_id = hg_arena_str(command->arena, call->param[0]);
	command->visiting.uri = hg_arena_str(command->arena, call->who.uri);
	return command;
}

/* ---- had and read ---- */

void hg_mark_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "message", CALL_TEXT, HG_ID_SIZE }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);
	const char *id = hg_json_str(body, "message");

	if (!body)
		return;
	if (!id || !hg_id_is(id, "msg"))
		hg_fail(&call->error, HG_ERROR_INPUT, "message: the id of a message is wanted");
	else
		mark_new(call)->message_id = hg_arena_str(call->arena, id);
}

static void seen(struct visitor_call *call, int state)
{
	const struct mark *mark = call->extra;
	hg_command *command = command_of(call, HG_CMD_SEEN);

	command->visiting.message_id = hg_arena_str(command->arena, mark->message_id);
	command->visiting.state = state;
	hg_visitor_submit(call, command, done);
}

void hg_mark_read(struct visitor_call *call)
{
	seen(call, HG_R_READ);
}

void hg_mark_delivered(struct visitor_call *call)
{
	seen(call, HG_R_DELIVERED);
}

/* ---- he types: told to agents who look, and forgotten ---- */

void hg_mark_typing_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "on", CALL_BOOL, 0 }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);

	if (body)
		mark_new(call)->on = hg_json_bool(body, "on", TRUE);
}

void hg_mark_typing_read(struct visitor_call *call, hg_store *store)
{
	struct mark *mark = call->extra;
	hg_thread *thread;

	(void)store;
	if (!hg_visitor_find_thread(call, &thread))
		return;
	mark->of = (struct hg_news_of){ thread->n, thread->shadow, thread->channel };
	mark->thread_id = thread->id;
}

void hg_mark_typing(struct visitor_call *call)
{
	const struct mark *mark = call->extra;

	hg_spread_typing(call->visitors, &mark->of, mark->thread_id, mark->on);
	hg_visitor_finish(call);
}

/* ---- what he thinks of it ---- */

void hg_mark_rating_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "score", CALL_NUMBER, 0 }, { "comment", CALL_TEXT, COMMENT_MAX }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);
	const char *comment = hg_json_str(body, "comment");
	struct mark *mark;

	if (!body)
		return;
	if (!json_object_object_get_ex(body, "score", NULL)) {
		hg_fail(&call->error, HG_ERROR_INPUT, "score: a number of the scale is wanted");
		return;
	}
	mark = mark_new(call);
	mark->score = hg_json_int(body, "score", -1);
	mark->comment = comment && *comment ? hg_arena_str(call->arena, comment) : NULL;
}

void hg_mark_rating(struct visitor_call *call)
{
	const struct mark *mark = call->extra;
	hg_command *command = command_of(call, HG_CMD_RATE);

	command->visiting.score = mark->score;
	command->text = hg_arena_str(command->arena, mark->comment);
	hg_visitor_submit(call, command, done);
}

/* ---- a transcript ---- */

void hg_mark_transcript_begin(struct visitor_call *call)
{
	static const struct call_member none[] = { { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, none);

	if (body && !call->set->transcript)
		(void)hg_visitor_wrong(call, 403, "forbidden", "this channel sends no transcripts");
}

void hg_mark_transcript(struct visitor_call *call)
{
	call->denied = "unconfirmed";
	call->denied_status = 403;
	hg_visitor_submit(call, command_of(call, HG_CMD_TRANSCRIPT), done);
}

/* ---- who he says he is ---- */

void hg_mark_profile_begin(struct visitor_call *call)
{
	static const struct call_member known[] = { { "profile", CALL_OBJECT, 0 }, { 0 } };
	g_autoptr(json_object) body = hg_visitor_body(call, known);
	struct json_object *profile = hg_json_obj(body, "profile");
	const char *text;

	if (!body)
		return;
	if (!profile) {
		hg_fail(&call->error, HG_ERROR_INPUT, "profile: an object with name, email or phone is wanted");
		return;
	}
	text = hg_visitor_read_profile(call, profile);
	if (text)
		mark_new(call)->profile = text;
}

void hg_mark_profile(struct visitor_call *call)
{
	const struct mark *mark = call->extra;
	hg_command *command = command_of(call, HG_CMD_PROFILE);

	command->visiting.profile = hg_arena_str(command->arena, mark->profile);
	hg_visitor_submit(call, command, done);
}
