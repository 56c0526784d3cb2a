/* desk_run.c - an operation at a helpdesk: its steps, one call after the other */
#include "desk_run.h"

#include <string.h>

#include "desk_call.h"
#include "desk_session.h"
#include "desk_tree.h"
#include "json.h"

struct hg_desk_run {
	struct hg_desk_task task;
	hg_desk_ended_fn *done;
	void *arg;
	const GPtrArray *steps;		/* lent by the desk */
	struct json_object *root;	/* the situation with what was taken; a reference, as the next */
	struct json_object *taken;	/* flat: "ticket.id" */
	struct json_object *items;	/* of the step's `foreach`; NULL: it is made once */
	struct json_object *left;	/* files that were not taken, with "why"; NULL: none */
	guint step, at;			/* which step, which of its items */
	gboolean adopted;		/* an outcome said so */
	gboolean again;			/* logged in anew for this step already */
	hg_desk_run *login;		/* of whoever logs in; or NULL */
	gboolean waits;			/* somebody else logs in */
	hg_desk_call *call;		/* under way; or NULL */
	gboolean *gone;			/* while it is begun: set when it is over already */
};

static void go(hg_desk_run *run);

static const struct hg_desk_step *step_of(const hg_desk_run *run)
{
	return g_ptr_array_index(run->steps, run->step);
}

const char *hg_desk_taken(struct json_object *taken, const char *name)
{
	return hg_json_str(taken, name);
}

/* ---- ends ---- */

static void run_free(hg_desk_run *run)
{
	if (run->gone)
		*run->gone = TRUE;
	hg_desk_call_cancel(run->call);
	if (run->waits)
		hg_desk_session_forget(run->task.session, run);
	json_object_put(run->root);
	json_object_put(run->taken);
	json_object_put(run->items);
	json_object_put(run->left);
	g_free(run);
}

void hg_desk_run_cancel(hg_desk_run *run)
{
	if (run->login) {
		hg_desk_run_cancel(run->login);
		hg_desk_session_made(run->task.session, NULL);
	}
	run_free(run);
}

static void end(hg_desk_run *run, const struct hg_desk_ended *ended)
{
	struct hg_desk_ended all = *ended;

	all.taken = run->taken;
	all.left = run->left;
	if (run->adopted && all.word == HG_DESK_DONE)
		all.word = HG_DESK_ADOPT;
	run->done(run->arg, &all);
	run_free(run);
}

/* What an operation is for must have come of it. */
static void end_done(hg_desk_run *run, const struct hg_desk_ended *last)
{
	struct hg_desk_ended ended = { .word = HG_DESK_DONE, .status = last->status, .saved = last->saved, .type = last->type };
	g_autofree char *text = NULL;

	if (run->task.op == HG_DESK_FIND && !hg_desk_taken(run->taken, "ticket.id"))
		ended.word = HG_DESK_NONE;
	if (run->task.op == HG_DESK_FIND_MESSAGE && !hg_desk_taken(run->taken, "message.id"))
		ended.word = HG_DESK_NONE;
	if (run->task.op == HG_DESK_CREATE && !hg_desk_taken(run->taken, "ticket.id")) {
		text = g_strdup_printf("answered %d and named no ticket", last->status);
		ended.word = HG_DESK_REFUSED;
		ended.ours = TRUE;
		ended.text = text;
	}
	end(run, &ended);
}

static void end_more(hg_desk_run *run)
{
	struct json_object *progress = json_object_new_object();

	json_object_object_add(progress, "step", json_object_new_int64(run->step));
	json_object_object_add(progress, "at", json_object_new_int64(run->at));
	json_object_object_add(progress, "adopted", json_object_new_boolean(run->adopted));
	json_object_object_add(progress, "taken", json_object_get(run->taken));
	end(run, &(struct hg_desk_ended){ .word = HG_DESK_DONE, .more = TRUE, .progress = progress });
	json_object_put(progress);
}

/* ---- from step to step ---- */

/* Conditions look at what was taken as well. */
static gboolean applies(const hg_desk_run *run, const struct hg_desk_step *step)
{
	const hg_desk *desk = run->task.desk;
	struct ht_scope scope = { .root = run->root, .secrets = desk->secrets, .values = desk->values,
				  .now_ms = run->task.transport->now_ms(run->task.transport->ctx) };

	return ht_when_fits(step->when, &scope);
}

/* What an earlier step with foreach took of each answer may be a list: a list of lists is one list here. */
static void add_items(struct json_object *list, struct json_object *value, gboolean lists)
{
	if (!lists || !json_object_is_type(value, json_type_array)) {
		json_object_array_add(list, json_object_get(value));
		return;
	}
	for (gsize i = 0; i < json_object_array_length(value); i++)
		json_object_array_add(list, json_object_get(json_object_array_get_idx(value, i)));
}

static struct json_object *items_of(const hg_desk_run *run, const struct hg_desk_step *step)
{
	const hg_desk *desk = run->task.desk;
	struct ht_scope scope = { .root = run->root, .secrets = desk->secrets, .values = desk->values };
	g_autoptr(json_object) found = step->each == HG_DESK_FILES ? json_object_get(hg_desk_tree_get(run->root, "files")) :
					   ht_path_get(step->list, &scope);
	gboolean many = json_object_is_type(found, json_type_array);
	struct json_object *list = json_object_new_array();

	for (gsize i = 0; many && i < json_object_array_length(found); i++)
		add_items(list, json_object_array_get_idx(found, i), TRUE);
	if (found && !many)
		add_items(list, found, FALSE);
	return list;
}

/* To the next thing to be done, from this step and item on; FALSE: there is none. */
static gboolean advance(hg_desk_run *run)
{
	for (; run->step < run->steps->len; run->step++, run->at = 0) {
		const struct hg_desk_step *step = step_of(run);

		g_clear_pointer(&run->items, json_object_put);
		if (!applies(run, step))
			continue;
		if (step->each == HG_DESK_ONCE)
			return TRUE;
		run->items = items_of(run, step);
		if (run->at < MIN(json_object_array_length(run->items), HG_DESK_EACH))
			return TRUE;
	}
	return FALSE;
}

/* ---- what an answer gives ---- */

/* The answer for an item often says nothing of the item itself (the parts of a message: not who wrote it). */
static void add_change(const hg_desk_run *run, struct json_object *all, struct json_object *change)
{
	if (step_of(run)->each == HG_DESK_LIST && json_object_is_type(change, json_type_object) &&
	    !json_object_object_get_ex(change, "item", NULL))
		json_object_object_add(change, "item", json_object_get(json_object_array_get_idx(run->items, run->at)));
	json_object_array_add(all, json_object_get(change));
}

/* Several steps may find changes (tickets, and what was said on them): all of them are one list. */
static struct json_object *add_changes(const hg_desk_run *run, struct json_object *value)
{
	struct json_object *all = NULL;
	gsize n = json_object_is_type(value, json_type_array) ? json_object_array_length(value) : 0;

	if (json_object_object_get_ex(run->taken, "changes", &all))
		json_object_get(all);
	else
		all = json_object_new_array();
	if (!json_object_is_type(value, json_type_array))
		add_change(run, all, value);
	for (gsize i = 0; i < n; i++)
		add_change(run, all, json_object_array_get_idx(value, i));
	return all;
}

static gboolean finds_changes(const hg_desk_run *run, const char *name)
{
	return (run->task.op == HG_DESK_FETCH_CHANGES || run->task.op == HG_DESK_FETCH_CHANGE) && strcmp(name, "changes") == 0;
}

static void keep(hg_desk_run *run, const char *name, struct json_object *value)
{
	const struct hg_desk_step *step = step_of(run);
	struct json_object *all = value;

	if (finds_changes(run, name)) {
		all = add_changes(run, value);
	} else if (step->each != HG_DESK_ONCE) {
		struct json_object *list = NULL;

		if (run->at && json_object_object_get_ex(run->taken, name, &list) && json_object_is_type(list, json_type_array))
			json_object_get(list);
		else
			list = json_object_new_array();
		json_object_array_add(list, json_object_get(value));
		all = list;
	} else {
		json_object_get(all);
	}
	json_object_object_add(run->taken, name, json_object_get(all));
	hg_desk_tree_set(run->root, name, all);
	json_object_put(all);
}

static void take(hg_desk_run *run, const struct ht_scope *answer)
{
	const struct hg_desk_step *step = step_of(run);

	for (guint i = 0; i < step->takes->len; i++) {
		const struct hg_desk_take *take = g_ptr_array_index(step->takes, i);
		g_autofree char *text = ht_pick_text(take->pick, answer), *full = NULL;
		g_autoptr(json_object) value = text ? json_object_new_string(text) : ht_pick_json(take->pick, answer);

		if (!value)
			continue;
		full = step->name ? g_strconcat(step->name, ".", take->name, NULL) : NULL;
		if (full)
			keep(run, full, value);
		keep(run, take->name, value);	/* where a step is called what it takes, that counts */
	}
}

/* ---- logging in ---- */

static gboolean needs_login(const hg_desk_run *run)
{
	return run->task.op != HG_DESK_LOGIN && run->task.desk->ops[HG_DESK_LOGIN] && run->task.session;
}

/* What login could not do nobody can. */
static void end_login(hg_desk_run *run, const struct hg_desk_ended *login)
{
	gboolean later = login->word == HG_DESK_RETRY;
	g_autofree char *text = g_strdup_printf("login: %s", login->text ? login->text : "it gave nothing");

	end(run, &(struct hg_desk_ended){ .word = later ? HG_DESK_RETRY : HG_DESK_ACCOUNT, .status = login->status,
					   .retry_ms = login->retry_ms, .text = text });
}

static void logged_in(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_run *run = arg;

	run->login = NULL;
	hg_desk_session_made(run->task.session, ended);
	if (ended->word == HG_DESK_DONE)
		go(run);
	else
		end_login(run, ended);
}

static void session_over(void *arg, const struct hg_desk_ended *ended)
{
	hg_desk_run *run = arg;

	run->waits = FALSE;
	if (!ended || ended->word == HG_DESK_DONE)
		go(run);
	else
		end_login(run, ended);
}

static void log_in(hg_desk_run *run)
{
	struct hg_desk_task task = run->task;
	hg_desk_run *login;

	if (!hg_desk_session_begin(run->task.session, session_over, run)) {
		run->waits = TRUE;
		return;
	}
	task.op = HG_DESK_LOGIN;
	task.session = NULL;
	task.progress = NULL;
	task.stops = FALSE;
	task.save_fd = 0;
	login = hg_desk_run_start(&task, logged_in, run);
	if (login)	/* else it is over, and perhaps this run too */
		run->login = login;
}

/* The session that this was said in may be a newer one's by now. */
static void once_more(hg_desk_run *run, const struct hg_desk_ended *why)
{
	struct json_object *used = hg_desk_tree_get(run->root, "session");
	g_autofree char *text = NULL;

	if (!needs_login(run) || run->again) {
		text = g_strdup_printf("%s%s", run->again ? "logged in, and refused all the same: " : "", why->text);
		end(run, &(struct hg_desk_ended){ .word = HG_DESK_ACCOUNT, .status = why->status, .text = text });
		return;
	}
	run->again = TRUE;
	if (used == hg_desk_session_taken(run->task.session))
		hg_desk_session_end(run->task.session);
	go(run);
}

/* ---- one call ---- */

static void step_done(hg_desk_run *run, const struct hg_desk_ended *last)
{
	const struct hg_desk_step *step = step_of(run);
	gboolean stop = !step->safe && run->task.stops;

	run->again = FALSE;
	if (step->each == HG_DESK_ONCE)
		run->step++;
	else
		run->at++;
	if (!advance(run))
		end_done(run, last);
	else if (stop)
		end_more(run);
	else
		go(run);
}

static gboolean looks(int op)
{
	return op == HG_DESK_FIND || op == HG_DESK_FIND_MESSAGE;
}

/* The helpdesk goes on without this file: people have to hear of it. */
static void leave_out(hg_desk_run *run, const char *why)
{
	struct json_object *file = hg_desk_tree_copy(json_object_array_get_idx(run->items, run->at));

	if (!run->left)
		run->left = json_object_new_array();
	json_object_object_add(file, "why", json_object_new_string(why ? why : "it says nothing of why"));
	json_object_array_add(run->left, file);
}

static void answered(void *arg, const struct hg_desk_ended *judged, const struct ht_scope *answer)
{
	hg_desk_run *run = arg;

	run->call = NULL;
	switch (judged->word) {
	case HG_DESK_NONE:
		if (looks(run->task.op)) {
			end(run, judged);
			return;
		}
		if (step_of(run)->each == HG_DESK_FILES)
			leave_out(run, judged->text);
		break;
	case HG_DESK_ADOPT:
		run->adopted = TRUE;
		break;
	case HG_DESK_DONE:
		break;
	case HG_DESK_AGAIN:
		once_more(run, judged);
		return;
	default:
		end(run, judged);
		return;
	}
	if (answer)
		take(run, answer);
	step_done(run, judged);
}

/* The item of the step, and the session, are part of what may be said. */
static void set_the_scene(hg_desk_run *run)
{
	const struct hg_desk_step *step = step_of(run);

	if (run->items)
		json_object_object_add(run->root, step->each == HG_DESK_FILES ? "file" : "item",
				       json_object_get(json_object_array_get_idx(run->items, run->at)));
	if (run->task.session)
		json_object_object_add(run->root, "session", json_object_get(hg_desk_session_taken(run->task.session)));
}

static void go(hg_desk_run *run)
{
	if (needs_login(run) && !hg_desk_session_taken(run->task.session)) {
		log_in(run);
		return;
	}
	set_the_scene(run);
	run->call = hg_desk_call_new(&run->task, step_of(run), run->root, answered, run);
	hg_desk_call_go(run->call);
}

/* ---- the beginning ---- */

static void resume(hg_desk_run *run, struct json_object *progress)
{
	struct json_object *taken = hg_json_obj(progress, "taken");

	run->step = (guint)CLAMP(hg_json_int(progress, "step", 0), 0, (gint64)run->steps->len);
	run->at = (guint)CLAMP(hg_json_int(progress, "at", 0), 0, HG_DESK_EACH);
	run->adopted = hg_json_bool(progress, "adopted", FALSE);
	if (!taken)
		return;
	json_object_object_foreach(taken, name, value) {
		json_object_object_add(run->taken, name, json_object_get(value));
		hg_desk_tree_set(run->root, name, value);
	}
}

hg_desk_run *hg_desk_run_start(const struct hg_desk_task *task, hg_desk_ended_fn *done, void *arg)
{
	hg_desk_run *run = g_new0(hg_desk_run, 1);
	gboolean gone = FALSE;

	run->task = *task;
	run->done = done;
	run->arg = arg;
	run->steps = task->desk->ops[task->op];
	run->root = hg_desk_tree_copy(task->situation);
	run->taken = json_object_new_object();
	resume(run, task->progress);
	run->task.progress = NULL;
	run->gone = &gone;
	if (advance(run))
		go(run);
	else
		end_done(run, &(struct hg_desk_ended){ .word = HG_DESK_DONE });
	if (gone)
		return NULL;
	run->gone = NULL;
	return run;
}
