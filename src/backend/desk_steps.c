/* desk_steps.c - reads the operations of a preset: steps, what their answers mean, what is captured */
#include "desk_read.h"

#include <string.h>

#include "text.h"

struct reading {
	struct ht_look *look;
	hg_desk *desk;
	int op;
	hg_desk_known *known;
	gboolean has_login;
};

/* ---- freeing ---- */

static void rule_free(gpointer data)
{
	struct hg_desk_rule *rule = data;

	if (rule->statuses)
		g_array_unref(rule->statuses);
	ht_when_free(rule->when);
	ht_pick_free(rule->text);
	ht_pick_free(rule->retry_after);
	g_free(rule);
}

static void take_free(gpointer data)
{
	struct hg_desk_take *take = data;

	g_free(take->name);
	ht_pick_free(take->pick);
	g_free(take);
}

static void step_free(gpointer data)
{
	struct hg_desk_step *step = data;

	g_free(step->name);
	ht_path_free(step->list);
	ht_request_free(step->request);
	g_ptr_array_unref(step->rules);
	g_ptr_array_unref(step->takes);
	g_free(step);
}

/* ---- outcomes ---- */

/* 201, "200-299" */
static gboolean range_of(const char *text, struct hg_desk_range *ret)
{
	g_auto(GStrv) side = g_strsplit(text, "-", 2);
	guint64 low, high;

	if (!side[0] || !g_ascii_string_to_unsigned(side[0], 10, 100, 599, &low, NULL))
		return FALSE;
	high = low;
	if (side[1] && (!g_ascii_string_to_unsigned(side[1], 10, 100, 599, &high, NULL) || high < low))
		return FALSE;
	*ret = (struct hg_desk_range){ (int)low, (int)high };
	return TRUE;
}

static GArray *read_statuses(struct ht_look *look, struct json_object *map)
{
	g_auto(GStrv) texts = ht_texts(look, map, "status");
	GArray *all = texts ? g_array_new(FALSE, TRUE, sizeof(struct hg_desk_range)) : NULL;

	for (char **text = texts; text && *text; text++) {
		struct hg_desk_range range = { 0 };

		if (range_of(*text, &range))
			g_array_append_val(all, range);
		else
			ht_wrong(look, "status", "a status from 100 to 599 or a range such as 200-299 is wanted here, not '%.60s'",
				 *text);
	}
	return all;
}

static void read_rule(struct reading *r, struct json_object *map, struct hg_desk_step *step)
{
	static const char *const keys[] = { "status", "when", "is", "text", "retry_after", NULL };
	struct hg_desk_rule *rule = g_new0(struct hg_desk_rule, 1);
	int word;

	g_ptr_array_add(step->rules, rule);
	if (!hg_desk_is_map(r->look, map, keys))
		return;
	ht_member(r->look, map, "is", TRUE);
	word = ht_word(r->look, map, "is", hg_desk_outcome_words, 0);
	rule->is = HG_DESK_DONE + MAX(word, 0);
	rule->statuses = read_statuses(r->look, map);
	rule->when = ht_when_new(r->look, map, "when");
	rule->text = ht_pick_new(r->look, map, "text", FALSE);
	rule->retry_after = ht_pick_new(r->look, map, "retry_after", FALSE);
	if (word >= 0 && rule->is == HG_DESK_AGAIN && (!r->has_login || r->op == HG_DESK_LOGIN))
		ht_wrong(r->look, "is", r->has_login ? "login cannot log in again" : "there is no operation login");
	if (rule->retry_after && rule->is != HG_DESK_RETRY)
		ht_wrong(r->look, "retry_after", "retry_after is for the outcome retry");
}

static void read_rules(struct reading *r, struct json_object *map, struct hg_desk_step *step)
{
	struct json_object *list = ht_member(r->look, map, "outcomes", FALSE);
	gsize was = ht_enter(r->look, "outcomes"), n;

	n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	if (list && (n < 1 || n > HG_DESK_RULES))
		ht_wrong(r->look, NULL, "a list of 1 to %d rows is wanted here: - { status: 409, is: adopt }", HG_DESK_RULES);
	for (gsize i = 0; i < MIN(n, HG_DESK_RULES); i++) {
		gsize inner = ht_enter_at(r->look, i);

		read_rule(r, json_object_array_get_idx(list, i), step);
		ht_leave(r->look, inner);
	}
	ht_leave(r->look, was);
}

/* ---- captures ---- */

static gboolean is_capture(const char *name)
{
	return g_ascii_islower(*name) && strlen(name) <= 64 && name[strlen(name) - 1] != '.' && !strstr(name, "..") &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_.") == strlen(name);
}

static void read_take(struct reading *r, struct json_object *map, const char *name, struct hg_desk_step *step)
{
	struct hg_desk_take *take = g_new0(struct hg_desk_take, 1);

	take->name = g_strdup(name);
	g_ptr_array_add(step->takes, take);
	if (!is_capture(name))
		ht_wrong(r->look, name, "what is taken has a name of a-z, digits, _ and dots within: ticket.id, upload");
	else if (hg_desk_known_own(r->op, name))
		ht_wrong(r->look, name, "%s is headgate's own, and would be hidden: take it under another name", name);
	take->pick = ht_pick_new(r->look, map, name, TRUE);
}

static void read_takes(struct reading *r, struct json_object *map, struct hg_desk_step *step)
{
	struct json_object *takes = ht_member(r->look, map, "take", FALSE);
	gsize was = ht_enter(r->look, "take");

	if (takes && (!json_object_is_type(takes, json_type_object) || json_object_object_length(takes) > HG_DESK_TAKES)) {
		ht_wrong(r->look, NULL, "a map of at most %d names and where they stand is wanted here: { ticket.id: id }",
			 HG_DESK_TAKES);
	} else if (takes) {
		json_object_object_foreach(takes, name, value) {
			(void)value;
			read_take(r, takes, name, step);
		}
	}
	ht_leave(r->look, was);
}

/* Later steps may name what this one took. */
static void add_takes(struct reading *r, const struct hg_desk_step *step)
{
	g_autofree char *prefix = step->name ? g_strconcat(step->name, ".", NULL) : NULL;

	for (guint i = 0; i < step->takes->len; i++) {
		const struct hg_desk_take *take = step->takes->pdata[i];

		hg_desk_known_add(r->known, "", take->name);
		if (prefix)
			hg_desk_known_add(r->known, prefix, take->name);
	}
}

/* ---- one step ---- */

static void read_each(struct reading *r, struct json_object *map, struct hg_desk_step *step)
{
	g_autofree char *text = ht_text(r->look, map, "foreach", FALSE);

	if (!text)
		return;
	step->each = strcmp(text, "files") == 0 ? HG_DESK_FILES : HG_DESK_LIST;
	if (step->each == HG_DESK_FILES)
		return;
	step->list = ht_take_path(r->look, "foreach", text, FALSE);
	if (step->list && !hg_desk_known_has(r->known, text))
		ht_wrong(r->look, "foreach", "there is no '%.60s' here: files, or a list that a step before took", text);
}

static void check_when(struct reading *r, struct json_object *map)
{
	struct json_object *when = ht_member(r->look, map, "when", FALSE);
	gsize was = ht_enter(r->look, "when");

	if (json_object_is_type(when, json_type_object)) {
		json_object_object_foreach(when, path, condition) {
			const char *near = hg_nearest(path, hg_desk_known_all(r->known));

			(void)condition;
			if (hg_desk_known_has(r->known, path))
				continue;
			if (near)
				ht_wrong(r->look, path, "there is never a '%.60s' here: did you mean '%s'?", path, near);
			else
				ht_wrong(r->look, path, "there is never a '%.60s' here", path);
		}
	}
	ht_leave(r->look, was);
}

/* RFC 9110 section 9.2.1 */
static gboolean is_safe(const ht_request *request)
{
	const char *method = request ? ht_request_method(request) : "";

	return strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
}

static const char **step_keys(void)
{
	static const char *const own[] = { "name", "foreach", "safe", "outcomes", "take" };
	guint n = g_strv_length((char **)ht_request_keys);
	const char **keys = g_new0(const char *, n + G_N_ELEMENTS(own) + 1);

	for (gsize i = 0; i < G_N_ELEMENTS(own); i++)
		keys[i] = own[i];
	for (guint i = 0; i < n; i++)
		keys[G_N_ELEMENTS(own) + i] = ht_request_keys[i];
	return keys;
}

static void read_step(struct reading *r, struct json_object *map, GPtrArray *steps)
{
	struct hg_desk_step *step = g_new0(struct hg_desk_step, 1);
	g_autofree const char **keys = step_keys();
	guint mark;

	step->rules = g_ptr_array_new_with_free_func(rule_free);
	step->takes = g_ptr_array_new_with_free_func(take_free);
	g_ptr_array_add(steps, step);
	if (!hg_desk_is_map(r->look, map, keys))
		return;
	step->name = ht_text(r->look, map, "name", FALSE);
	if (step->name && (!is_capture(step->name) || strchr(step->name, '.') || hg_desk_known_has(r->known, step->name)))
		ht_wrong(r->look, "name", "a step has a name of its own, of a-z, digits and _, that nothing else has");
	read_each(r, map, step);
	mark = hg_desk_known_each(r->known, step->each);
	check_when(r, map);
	step->own_url = r->op == HG_DESK_FETCH_ATTACHMENT && !ht_member(r->look, map, "url", FALSE);
	r->look->names = hg_desk_known_all(r->known);
	r->look->people = hg_desk_people;
	step->request = ht_request_new(r->look, map, !step->own_url);
	step->when = step->request ? ht_request_when(step->request) : NULL;
	step->safe = ht_bool(r->look, map, "safe", is_safe(step->request));
	hg_desk_known_cut(r->known, mark);
	read_rules(r, map, step);
	read_takes(r, map, step);
	add_takes(r, step);
}

/* ---- operations ---- */

gboolean hg_desk_captures(const hg_desk *desk, int op, const char *name)
{
	for (guint i = 0; desk->ops[op] && i < desk->ops[op]->len; i++) {
		const struct hg_desk_step *step = desk->ops[op]->pdata[i];

		for (guint j = 0; j < step->takes->len; j++)
			if (strcmp(((struct hg_desk_take *)step->takes->pdata[j])->name, name) == 0)
				return TRUE;
	}
	return FALSE;
}

static gboolean takes_any(const hg_desk *desk, int op)
{
	guint n = 0;

	for (guint i = 0; i < desk->ops[op]->len; i++)
		n += ((const struct hg_desk_step *)desk->ops[op]->pdata[i])->takes->len;
	return n > 0;
}

/* What an operation is for is what one of its steps must take. */
static void check_captures(struct reading *r)
{
	static const struct { int op; const char *name, *why; } needs[] = {
		{ HG_DESK_CREATE, "ticket.id", "nobody could write to the ticket any more" },
		{ HG_DESK_FIND, "ticket.id", "nobody would know what was found" },
		{ HG_DESK_FIND_MESSAGE, "message.id", "nobody would know whether it is there" },
		{ HG_DESK_FETCH_CHANGES, "changes", "nothing would come of it" },
		{ HG_DESK_FETCH_CHANGE, "changes", "nothing would come of it" },
	};

	if (r->op == HG_DESK_LOGIN && !takes_any(r->desk, r->op))
		ht_wrong(r->look, NULL, "no step takes anything (take: { token: ... }): others would know nothing of it");
	for (gsize i = 0; i < G_N_ELEMENTS(needs); i++)
		if (needs[i].op == r->op && !hg_desk_captures(r->desk, r->op, needs[i].name))
			ht_wrong(r->look, NULL, "no step takes %s (take: { %s: ... }): %s", needs[i].name, needs[i].name,
				 needs[i].why);
}

/* A list of steps; one may stand alone. */
static void read_operation(struct reading *r, struct json_object *value)
{
	gboolean list = json_object_is_type(value, json_type_array);
	gsize n = list ? json_object_array_length(value) : 1;
	guint errors = r->look->errors;

	r->desk->ops[r->op] = g_ptr_array_new_with_free_func(step_free);
	if (n < 1 || n > HG_DESK_STEPS)
		ht_wrong(r->look, NULL, "an operation has 1 to %d steps, not %zu", HG_DESK_STEPS, n);
	for (gsize i = 0; i < MIN(n, HG_DESK_STEPS); i++) {
		gsize was = list ? ht_enter_at(r->look, i) : r->look->at->len;

		read_step(r, list ? json_object_array_get_idx(value, i) : value, r->desk->ops[r->op]);
		ht_leave(r->look, was);
	}
	if (r->look->errors == errors)
		check_captures(r);
}

static GPtrArray *captures_of(const hg_desk *desk, int op)
{
	GPtrArray *names = g_ptr_array_new();

	for (guint i = 0; desk->ops[op] && i < desk->ops[op]->len; i++) {
		const struct hg_desk_step *step = desk->ops[op]->pdata[i];

		for (guint j = 0; j < step->takes->len; j++)
			g_ptr_array_add(names, ((struct hg_desk_take *)step->takes->pdata[j])->name);
	}
	return names;
}

void hg_desk_read_operations(hg_desk *desk, struct ht_look *look)
{
	struct json_object *map = ht_member(look, desk->tree, "operations", TRUE), *value = NULL;
	gsize was = ht_enter(look, "operations");

	if (map)
		ht_keys(look, map, hg_desk_op_words);
	/* login comes first: what it takes, the others name. */
	for (int op = 0; op < HG_DESK_OPS && json_object_is_type(map, json_type_object); op++) {
		g_autoptr(GPtrArray) session = captures_of(desk, HG_DESK_LOGIN);
		g_autoptr(hg_desk_known) known = hg_desk_known_new(op, session);
		struct reading r = { .look = look, .desk = desk, .op = op, .known = known,
				     .has_login = json_object_object_get_ex(map, "login", NULL) };
		gsize inner;

		if (!json_object_object_get_ex(map, hg_desk_op_words[op], &value))
			continue;
		inner = ht_enter(look, hg_desk_op_words[op]);
		read_operation(&r, value);
		ht_leave(look, inner);
	}
	look->names = look->people = NULL;
	ht_leave(look, was);
}
