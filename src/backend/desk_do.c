/* desk_do.c - what one attempt of an event does at a helpdesk */
#include "desk_do.h"

#include <string.h>

#include "desk_plan.h"
#include "desk_say.h"
#include "desk_tree.h"
#include "json.h"

#define REFUSED_TRIES 6			/* what may be a bad deployment is believed after so many (about 2 hours) */
#define EVENT_MAX     (64 << 20)	/* bytes of an event's data */
#define MADE_MAX      64		/* ids of what was made by one event */
#define AT_WORK_MS    (30 * 1000)	/* what was given up may be at work over there for so long */
#define NO_TICKET "the ticket is not in the helpdesk yet: it waits for that"

struct hg_desk_do {
	hg_desk_line *line;
	const struct hg_backend_conf *backend;
	const hg_desk *desk;
	const hg_dispatch *dispatch;
	hg_desk_do_fn *done;
	void *arg;
	gint64 now_ms;
	struct json_object *data, *situation;	/* references, as the next two */
	struct json_object *progress;	/* of this attempt's end, if it goes on: "stage", "ticket", "made", "looked", "sure"; "lost":
					 * the ticket that was not there any more, "anew": it is made again; "left": files that were not taken */
	struct json_object *run;	/* of the stage's run; or NULL */
	struct hg_errand errand;
	struct hg_desk_plan plan;
	guint stage;
	gboolean doubt;			/* an earlier attempt of this stage may have arrived */
};

static void say(hg_desk_do *work);

/* ---- the end of an attempt ---- */

static void do_free(hg_desk_do *work)
{
	json_object_put(work->data);
	json_object_put(work->situation);
	json_object_put(work->progress);
	json_object_put(work->run);
	hg_errand_clear(&work->errand);
	hg_desk_plan_clear(&work->plan);
	g_free(work);
}

static void end(hg_desk_do *work, const struct hg_forward_result *result, int reached)
{
	struct json_object *ticket = hg_json_obj(work->progress, "ticket"), *made = hg_json_arr(work->progress, "made");
	struct hg_forward_result all = *result;
	const char *ids[MADE_MAX + 1] = { NULL };

	if (result->fate == HG_SENT || result->fate == HG_STEP || result->fate == HG_FAILED) {
		all.lost |= hg_json_str(work->progress, "lost") != NULL;
		all.external_id = hg_json_str(ticket, "id");
		all.number = hg_json_str(ticket, "number");
		all.url = hg_json_str(ticket, "url");
	}
	for (gsize i = 0; made && i < MIN(json_object_array_length(made), MADE_MAX); i++)
		ids[i] = json_object_get_string(json_object_array_get_idx(made, i));
	all.made = ids[0] ? ids : NULL;
	work->done(work->arg, &all, reached);
	do_free(work);
}

static void end_sent(hg_desk_do *work, int reached)
{
	end(work, &(struct hg_forward_result){ .fate = HG_SENT }, reached);
}

/* With what is done so far. */
static void end_with_progress(hg_desk_do *work, struct hg_forward_result *result, int reached)
{
	g_autoptr(json_object) progress = json_object_get(work->progress);
	const char *text;

	json_object_object_add(progress, "stage", json_object_new_int64(work->stage));
	if (work->run)
		json_object_object_add(progress, "run", json_object_get(work->run));
	else
		json_object_object_del(progress, "run");
	text = json_object_to_json_string_ext(progress, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
	result->body = text;
	result->len = strlen(text);
	end(work, result, reached);
}

static void end_step(hg_desk_do *work)
{
	end_with_progress(work, &(struct hg_forward_result){ .fate = HG_STEP }, HG_DESK_REACHED);
}

static void end_failed(hg_desk_do *work, const char *text)
{
	end(work, &(struct hg_forward_result){ .fate = HG_FAILED, .text = text }, HG_DESK_UNASKED);
}

/* Nothing was tried that could leave a doubt. */
static void end_later(hg_desk_do *work, const char *text, gint64 retry_ms, int reached)
{
	end_with_progress(work, &(struct hg_forward_result){ .fate = HG_RETRY, .text = text, .retry_ms = retry_ms }, reached);
}

static gboolean is_objection(int status)
{
	return status == 400 || status == 409 || status == 412 || status == 413 || status == 415 || status == 422;
}

/* Too many calls are no sign of illness; that nothing was sent is none either. */
static int reached_by(const struct hg_desk_ended *ended)
{
	if (ended->ours || ended->unsent)
		return HG_DESK_UNASKED;
	if (ended->word == HG_DESK_ACCOUNT || (ended->word == HG_DESK_RETRY && ended->status != 429))
		return HG_DESK_FAILED;
	return HG_DESK_REACHED;
}

/* What an end that is no success means for the event. */
static void end_badly(hg_desk_do *work, int op, const struct hg_desk_ended *ended)
{
	g_autofree char *text = g_strdup_printf("%s: %s", hg_desk_op_name(op), ended->text ? ended->text : "it did not work");
	gboolean objects = ended->word == HG_DESK_REFUSED && !ended->ours && is_objection(ended->status);
	gboolean believed = !objects || work->dispatch->job.steps + 1 >= REFUSED_TRIES;
	struct hg_forward_result result = { .fate = HG_RETRY, .status = ended->status, .text = text, .objects = objects,
					     .doubt = ended->doubt, .retry_ms = ended->retry_ms };

	if (ended->word == HG_DESK_ACCOUNT)
		result.account = TRUE;
	else if (ended->word == HG_DESK_GONE || (ended->word == HG_DESK_REFUSED && believed))
		result.fate = HG_FAILED;
	result.lost = ended->word == HG_DESK_GONE;
	end(work, &result, reached_by(ended));
}

/* ---- what was made ---- */

static void add_made(hg_desk_do *work, struct json_object *value)
{
	struct json_object *made = hg_json_arr(work->progress, "made");

	if (!made) {
		made = json_object_new_array();
		json_object_object_add(work->progress, "made", made);
	}
	if (json_object_is_type(value, json_type_array)) {
		for (gsize i = 0; i < json_object_array_length(value); i++)
			add_made(work, json_object_array_get_idx(value, i));
	} else if (json_object_is_type(value, json_type_string) && json_object_array_length(made) < MADE_MAX) {
		json_object_array_add(made, json_object_get(value));
	}
}

/* The ticket as the helpdesk calls it, and ids by which it will tell of what we did. */
static void keep(hg_desk_do *work, struct json_object *taken)
{
	static const char *const of_ticket[] = { "ticket.id", "ticket.number", "ticket.url", NULL };
	struct json_object *ticket = hg_json_obj(work->progress, "ticket"), *value = NULL;

	if (!ticket && hg_desk_taken(taken, "ticket.id")) {
		ticket = json_object_new_object();
		json_object_object_add(work->progress, "ticket", ticket);
	}
	for (const char *const *name = of_ticket; ticket && *name; name++) {
		if (!json_object_object_get_ex(taken, *name, &value) || !json_object_is_type(value, json_type_string))
			continue;
		json_object_object_add(ticket, *name + strlen("ticket."), json_object_get(value));
		hg_desk_tree_set(work->situation, *name, value);
	}
	if (ticket && !hg_json_str(ticket, "number") && hg_json_str(ticket, "id"))
		json_object_object_add(ticket, "number", json_object_new_string(hg_json_str(ticket, "id")));
	if (json_object_object_get_ex(taken, "made", &value))
		add_made(work, value);
	if (json_object_object_get_ex(taken, "message.id", &value))
		add_made(work, value);
}

static const struct hg_desk_thing *stage_of(const hg_desk_do *work)
{
	return &g_array_index(work->plan.things, struct hg_desk_thing, work->stage);
}

static void next_stage(hg_desk_do *work)
{
	work->stage++;
	g_clear_pointer(&work->run, json_object_put);
	json_object_object_del(work->progress, "sure");
	json_object_object_del(work->progress, "looked");
	if (work->stage < work->plan.things->len)
		end_step(work);
	else
		end_sent(work, HG_DESK_REACHED);
}

/* Files that the helpdesk goes on without: a note behind all else says which. */
static void keep_left(hg_desk_do *work, struct json_object *files)
{
	struct json_object *left = hg_json_arr(work->progress, "left");

	if (!files)
		return;
	if (!left) {
		left = json_object_new_array();
		json_object_object_add(work->progress, "left", left);
	}
	for (gsize i = 0; i < json_object_array_length(files); i++)
		json_object_array_add(left, json_object_get(json_object_array_get_idx(files, i)));
	hg_desk_plan_left(work->desk, &work->plan);
}

/* ---- a ticket that is not there any more ---- */

/* What a customer says has to be somewhere: where that can be looked for, a ticket takes its place. */
static gboolean may_be_made_anew(const hg_desk_do *work)
{
	return work->desk->ops[HG_DESK_CREATE] && work->desk->ops[HG_DESK_FIND] && !hg_json_str(work->progress, "lost") &&
	       hg_json_str(hg_json_obj(work->situation, "ticket"), "key");
}

static gboolean is_said(int op)
{
	return op == HG_DESK_APPEND || op == HG_DESK_ATTACH;
}

static void looked_for_lost(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_do *work = arg;
	const char *was = hg_json_str(hg_json_obj(work->situation, "ticket"), "id");
	gboolean there = ended->word == HG_DESK_DONE || ended->word == HG_DESK_ADOPT;

	if (there && g_strcmp0(hg_desk_taken(ended->taken, "ticket.id"), was) == 0) {
		end_failed(work, "the helpdesk says that the ticket is not there, and finds it when it is looked for");
		return;
	}
	if (!there && ended->word != HG_DESK_NONE) {
		end_badly(work, HG_DESK_FIND, ended);
		return;
	}
	json_object_object_add(work->progress, "lost", json_object_new_string(was));
	if (there) {
		keep(work, ended->taken);
	} else {
		json_object_object_add(work->progress, "anew", json_object_new_boolean(TRUE));
		json_object_object_del(work->progress, "ticket");
		g_clear_pointer(&work->run, json_object_put);
		work->stage = 0;
	}
	end_step(work);
}

/* By our id: it may have become another, and "not there" be said of all by a server that is broken. */
static void look_for_lost(hg_desk_do *work)
{
	const char *key = hg_json_str(hg_json_obj(work->situation, "ticket"), "key");

	json_object_object_add(work->situation, "external_id", json_object_new_string(key));
	hg_desk_line_ask(work->line, &(struct hg_desk_ask){ .op = HG_DESK_FIND, .situation = work->situation }, looked_for_lost, work);
}

static gboolean is_made_anew(const hg_desk_do *work)
{
	return hg_json_bool(work->progress, "anew", FALSE);
}

/* What was to be added to it is what the new one begins with. */
static void make_anew(hg_desk_do *work)
{
	static const char *const theirs[] = { "id", "number", "url", NULL };
	struct json_object *ticket = hg_json_obj(work->situation, "ticket");
	g_autofree char *text = work->errand.text;

	work->errand.kind = HG_ERRAND_CREATE;
	work->errand.text = g_strdup_printf("Ticket %s is not there any more: its conversation goes on here.\n\n%s",
					    hg_json_str(work->progress, "lost"), text ? text : "");
	for (const char *const *name = theirs; *name; name++)
		json_object_object_del(ticket, *name);
}

/* ---- doing it ---- */

static void acted(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_do *work = arg;

	if (ended->word == HG_DESK_GONE && may_be_made_anew(work) && is_said(stage_of(work)->op)) {
		look_for_lost(work);
		return;
	}
	/* How it stands is of no interest before somebody says something. */
	if (ended->word == HG_DESK_GONE && may_be_made_anew(work) && stage_of(work)->op == HG_DESK_SET_STATUS) {
		next_stage(work);
		return;
	}
	if (ended->word != HG_DESK_DONE && ended->word != HG_DESK_ADOPT && ended->word != HG_DESK_NONE) {
		end_badly(work, stage_of(work)->op, ended);
		return;
	}
	keep(work, ended->taken);
	keep_left(work, ended->left);
	if (!ended->more) {
		next_stage(work);
		return;
	}
	json_object_put(work->run);
	work->run = json_object_get(ended->progress);
	json_object_object_del(work->progress, "sure");
	end_step(work);
}

static void act(hg_desk_do *work)
{
	struct hg_desk_ask ask = { .op = stage_of(work)->op, .situation = work->situation, .progress = work->run,
				   .stops = TRUE };

	hg_desk_line_ask(work->line, &ask, acted, work);
}

/* ---- the ladder ---- */

/* Is the ticket itself still to be made by this stage's run? */
static gboolean makes_ticket(const hg_desk_do *work)
{
	return stage_of(work)->op == HG_DESK_CREATE && !hg_json_obj(work->progress, "ticket");
}

static void hold(hg_desk_do *work)
{
	const char *ref = hg_json_str(hg_json_obj(work->situation, "ticket"), "ref");
	g_autofree char *text = g_strdup_printf("nobody knows whether %s was created: the line was lost after it was asked for, "
		"and this helpdesk cannot be asked. Look for it there. If it is there, PUT /v1/tickets/%s/link with its id; if not, "
		"headgatectl outbox retry %" G_GINT64_FORMAT, ref ? ref : "the ticket", ref ? ref : "REF",
		work->dispatch->job.n);

	end_failed(work, text);
}

static void hold_files(hg_desk_do *work)
{
	const char *ref = hg_json_str(hg_json_obj(work->situation, "ticket"), "ref");
	gint64 n = work->dispatch->job.n;
	g_autofree char *text = g_strdup_printf("nobody knows whether a file was attached to %s: the line was lost after it was sent, and "
		"this helpdesk cannot be asked. Look for it there. If it is there, headgatectl dead discard %" G_GINT64_FORMAT
		"; if not, headgatectl dead retry %" G_GINT64_FORMAT, ref ? ref : "the ticket", n, n);

	end_failed(work, text);
}

/* Nobody can be asked any more. */
static void guess(hg_desk_do *work)
{
	if (g_strcmp0(work->backend->on_ambiguous, "resend") == 0)
		act(work);
	else if (makes_ticket(work))
		hold(work);
	else
		hold_files(work);
}

/* Nothing is there.  A search that is late may not know yet what came before it, and a call whose line was lost, by us or by
 * a daemon that died, may still be at work: it is asked once more, later.  Then the next attempt is as good as a first one,
 * which is on disk before it is made. */
static void none_found(hg_desk_do *work)
{
	if (!work->doubt) {
		act(work);
		return;
	}
	if (!hg_json_bool(work->progress, "looked", FALSE)) {
		json_object_object_add(work->progress, "looked", json_object_new_boolean(TRUE));
		end_later(work, "not found: looked for once more, in case it is still at work there, or the search is late",
			  MAX(work->desk->once.lag_ms, AT_WORK_MS), HG_DESK_REACHED);
		return;
	}
	json_object_object_del(work->progress, "looked");
	json_object_object_add(work->progress, "sure", json_object_new_boolean(TRUE));
	end_step(work);
}

/* What steps before it took, and what was found. */
static struct json_object *joined(struct json_object *before, struct json_object *found)
{
	struct json_object *all = hg_desk_tree_copy(before);

	json_object_object_foreach(found, name, value)
		json_object_object_add(all, name, json_object_get(value));
	return all;
}

/* It is there already.  What its further steps were to do (a first message, files) is not known: they are done. */
static void found(hg_desk_do *work, struct json_object *taken)
{
	const GPtrArray *steps = work->desk->ops[HG_DESK_CREATE];
	guint made = 0;

	keep(work, taken);
	taken = joined(hg_json_obj(work->run, "taken"), taken);
	for (guint i = 0; i < steps->len; i++) {
		const struct hg_desk_step *step = g_ptr_array_index(steps, i);

		for (guint j = 0; j < step->takes->len; j++)
			if (strcmp(((struct hg_desk_take *)g_ptr_array_index(step->takes, j))->name, "ticket.id") == 0)
				made = i + 1;
	}
	if (made >= steps->len) {
		json_object_put(taken);
		next_stage(work);
		return;
	}
	json_object_put(work->run);
	work->run = json_object_new_object();
	json_object_object_add(work->run, "step", json_object_new_int64(made));
	json_object_object_add(work->run, "adopted", json_object_new_boolean(TRUE));
	json_object_object_add(work->run, "taken", taken);
	end_step(work);
}

/* A further step of a creation has arrived: on with the one behind it. */
static void step_found(hg_desk_do *work)
{
	gint64 step = hg_json_int(work->run, "step", 0) + 1;

	if (step >= work->desk->ops[HG_DESK_CREATE]->len) {
		next_stage(work);
		return;
	}
	json_object_object_add(work->run, "step", json_object_new_int64(step));
	json_object_object_add(work->run, "at", json_object_new_int64(0));
	end_step(work);
}

static void looked(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_do *work = arg;
	gboolean there = ended->word == HG_DESK_DONE || ended->word == HG_DESK_ADOPT;
	int op = stage_of(work)->op;

	if (there && makes_ticket(work)) {
		found(work, ended->taken);
	} else if (there && op == HG_DESK_CREATE) {
		keep(work, ended->taken);
		step_found(work);
	} else if (there) {
		keep(work, ended->taken);
		next_stage(work);
	} else if (ended->word == HG_DESK_NONE) {
		none_found(work);
	} else {
		end_badly(work, makes_ticket(work) ? HG_DESK_FIND : HG_DESK_FIND_MESSAGE, ended);
	}
}

static void look(hg_desk_do *work, int op)
{
	hg_desk_line_ask(work->line, &(struct hg_desk_ask){ .op = op, .situation = work->situation }, looked, work);
}

static gboolean key_is_known(const hg_desk_do *work)
{
	return !work->desk->once.life_ms || work->now_ms - work->dispatch->job.doubt_ms < work->desk->once.life_ms;
}

static void climb_create(hg_desk_do *work)
{
	int by = work->desk->once.by;
	gboolean sure = hg_json_bool(work->progress, "sure", FALSE) && !work->doubt;

	if (by == HG_DESK_BY_KEY && work->doubt && !key_is_known(work))
		by = HG_DESK_BY_FIND;
	if (by == HG_DESK_BY_KEY)
		act(work);
	else if (by == HG_DESK_BY_FIND && work->desk->ops[HG_DESK_FIND] && !sure)
		look(work, HG_DESK_FIND);
	else if (work->doubt)
		guess(work);
	else
		act(work);
}

/* Does the preset put our id on files that are attached alone? */
static gboolean names_files(const hg_desk *desk)
{
	gboolean names = FALSE;

	for (guint i = 0; i < desk->ops[HG_DESK_ATTACH]->len; i++) {
		const struct hg_desk_step *step = g_ptr_array_index(desk->ops[HG_DESK_ATTACH], i);

		names |= ht_request_has(step->request, "key") || ht_request_has(step->request, "external_id");
	}
	return names;
}

/* What is said carries our id; so does what a creation says once there is a ticket. */
static gboolean can_be_looked_for(const hg_desk_do *work, const struct hg_desk_thing *stage)
{
	if (!work->desk->ops[HG_DESK_FIND_MESSAGE])
		return FALSE;
	return stage->op == HG_DESK_APPEND || stage->op == HG_DESK_NOTE || (stage->op == HG_DESK_CREATE && work->run) ||
	       (stage->op == HG_DESK_ATTACH && names_files(work->desk));
}

/* Does this step put a file on the ticket?  What only uploads takes something for a step behind it. */
static gboolean attaches(int op, const struct hg_desk_step *step)
{
	return !step->safe && (op == HG_DESK_ATTACH || (step->each == HG_DESK_FILES && !step->takes->len));
}

/* May a file be there already, without anything that keeps it from being there twice? */
static gboolean is_in_doubt(const hg_desk_do *work, const struct hg_desk_thing *stage)
{
	const GPtrArray *steps = work->desk->ops[stage->op];
	guint at = (guint)CLAMP(hg_json_int(work->run, "step", 0), 0, (gint64)steps->len);
	guint end = stage->op == HG_DESK_ATTACH ? steps->len : MIN(at + 1, steps->len);

	if (stage->op == HG_DESK_ATTACH && work->desk->once.by == HG_DESK_BY_KEY && names_files(work->desk) && key_is_known(work))
		return FALSE;
	for (; at < end; at++)
		if (attaches(stage->op, g_ptr_array_index(steps, at)))
			return TRUE;
	return FALSE;
}

static void climb(hg_desk_do *work)
{
	const struct hg_desk_thing *stage = stage_of(work);

	if (makes_ticket(work))
		climb_create(work);
	else if (work->doubt && can_be_looked_for(work, stage))
		look(work, HG_DESK_FIND_MESSAGE);
	else if (work->doubt && is_in_doubt(work, stage))
		guess(work);
	else
		act(work);
}

/* ---- a ticket nobody has named ---- */

static void searched(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_do *work = arg;

	if (ended->word == HG_DESK_DONE || ended->word == HG_DESK_ADOPT) {
		keep(work, ended->taken);
		say(work);
		climb(work);
	} else if (ended->word == HG_DESK_NONE) {
		end_later(work, NO_TICKET, 0, HG_DESK_REACHED);
	} else {
		end_badly(work, HG_DESK_FIND, ended);
	}
}

/* The link was lost, or the ticket is still to be made: by a dead letter that somebody looks after. */
static void search_ticket(hg_desk_do *work)
{
	const char *key = hg_json_str(hg_json_obj(work->situation, "ticket"), "key");

	if (!key) {
		end_sent(work, HG_DESK_UNASKED);	/* a conversation without a ticket */
		return;
	}
	if (!work->desk->ops[HG_DESK_FIND]) {
		if (work->desk->ops[HG_DESK_CREATE])
			end_later(work, NO_TICKET, 0, HG_DESK_UNASKED);
		else
			end_sent(work, HG_DESK_UNASKED);	/* tickets are not this desk's */
		return;
	}
	json_object_object_add(work->situation, "external_id", json_object_new_string(key));
	hg_desk_line_ask(work->line, &(struct hg_desk_ask){ .op = HG_DESK_FIND, .situation = work->situation }, searched, work);
}

/* ---- what is said ---- */

static void say(hg_desk_do *work)
{
	const struct hg_desk_thing *stage = stage_of(work);
	const char *event = work->dispatch->event.id, *id = event;
	const char *message = hg_json_str(hg_json_obj(work->data, "message"), "id");
	const char *key = hg_json_str(work->data, "idempotency_key");
	gboolean whole = stage->kind == HG_THING_WHOLE, left = stage->kind == HG_THING_LEFT;
	g_autofree char *about = left ? hg_errand_left(hg_json_arr(work->progress, "left")) : NULL;
	gboolean files = stage->kind == HG_THING_FILES || (whole && hg_desk_op_takes_files(work->desk, stage->op));

	if (work->errand.kind == HG_ERRAND_CREATE)
		id = hg_json_str(hg_json_obj(work->situation, "ticket"), "key") ?: event;
	else if (work->errand.kind == HG_ERRAND_APPEND && message)
		id = message;
	hg_desk_say_part(work->situation, &(struct hg_desk_part){
		.op = stage->op, .piece = stage->piece, .key = key ? key : event, .external_id = id,
		.tail = left ? "left" : stage->kind == HG_THING_FILES ? "files" : NULL,
		.text = left ? about : stage->kind == HG_THING_FILES || !work->errand.text ? NULL : work->plan.pieces[stage->piece],
		.files = files ? work->errand.files : NULL,
	});
}

/* ---- the beginning ---- */

static void read_progress(hg_desk_do *work)
{
	const hg_job *job = &work->dispatch->job;
	struct json_object *run = NULL;

	work->progress = job->body ? hg_json_parse(job->body, job->len, NULL, NULL) : NULL;
	if (!json_object_is_type(work->progress, json_type_object)) {
		json_object_put(work->progress);
		work->progress = json_object_new_object();
	}
	work->stage = (guint)CLAMP(hg_json_int(work->progress, "stage", 0), 0, G_MAXINT);
	if (json_object_object_get_ex(work->progress, "run", &run))
		work->run = json_object_get(run);
	/* Of another attempt than this: by a clock that was set back, a later one. */
	work->doubt = job->doubt_ms && job->doubt_ms != job->changed_ms;
}

/* What it is called over there, as far as that was found out by this job. */
static void recall_ticket(hg_desk_do *work)
{
	struct json_object *ticket = hg_json_obj(work->progress, "ticket");

	if (!ticket)
		return;
	json_object_object_foreach(ticket, name, value) {
		g_autofree char *path = g_strconcat("ticket.", name, NULL);

		hg_desk_tree_set(work->situation, path, value);
	}
}

static gboolean knows_ticket(const hg_desk_do *work)
{
	return hg_json_str(hg_json_obj(work->situation, "ticket"), "id") != NULL;
}

/* A ticket that is in this helpdesk, and not by us, was linked by hand, or found by what came from there. */
static gboolean is_nothing(const hg_desk_do *work)
{
	gboolean begun = hg_json_obj(work->progress, "ticket") || is_made_anew(work);

	return work->errand.kind == HG_ERRAND_NONE || (work->errand.kind == HG_ERRAND_CREATE && work->dispatch->link && !begun);
}

static void begin(hg_desk_do *work)
{
	if (!work->data) {
		end_failed(work, "the event cannot be read");
		return;
	}
	if (is_nothing(work) || work->stage >= work->plan.things->len) {
		if (!is_nothing(work) && !work->plan.things->len)
			end_failed(work, "this helpdesk's preset has no operation that adds to a ticket");
		else
			end_sent(work, HG_DESK_UNASKED);
		return;
	}
	say(work);
	if (work->errand.kind == HG_ERRAND_CREATE || knows_ticket(work))
		climb(work);
	else
		search_ticket(work);
}

void hg_desk_do_begin(hg_desk_line *line, const struct hg_backend_conf *backend, const hg_dispatch *dispatch,
		      gint64 now_ms, hg_desk_do_fn *done, void *arg)
{
	hg_desk_do *work = g_new0(hg_desk_do, 1);
	const struct hg_json_limits limits = { .max_bytes = EVENT_MAX, .max_depth = 64 };
	const char *data = dispatch->event.data;

	*work = (hg_desk_do){ .line = line, .backend = backend, .desk = backend->desk, .dispatch = dispatch, .done = done,
			      .arg = arg, .now_ms = now_ms };
	work->data = hg_json_parse(data, strlen(data), &limits, NULL);
	hg_errand_read(dispatch, work->data, work->desk, &work->errand);
	work->situation = hg_desk_say_event(dispatch, work->data, work->desk, now_ms);
	read_progress(work);
	if (is_made_anew(work))
		make_anew(work);
	hg_desk_plan_make(work->desk, &work->errand, &work->plan);
	if (hg_json_arr(work->progress, "left"))
		hg_desk_plan_left(work->desk, &work->plan);
	recall_ticket(work);
	begin(work);
}
