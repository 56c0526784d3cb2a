/* desk_plan.c - of what things an errand consists at a helpdesk: the thing itself, the rest of its text, its files */
#include "desk_plan.h"

static void add(const hg_desk *desk, struct hg_desk_plan *plan, int kind, int op, guint piece)
{
	struct hg_desk_thing thing = { kind, op, piece };

	if (desk->ops[op])
		g_array_append_val(plan->things, thing);
}

/* Does it say html and no plain text? */
static gboolean says_html(const hg_desk *desk, int op)
{
	const GPtrArray *steps = desk->ops[op];
	gboolean html = FALSE, text = FALSE;

	for (guint i = 0; steps && i < steps->len; i++) {
		const struct hg_desk_step *step = g_ptr_array_index(steps, i);

		html |= ht_request_has(step->request, "html");
		text |= ht_request_has(step->request, "text") || ht_request_has(step->request, "transcript");
	}
	return html && !text;
}

static int op_of(int errand)
{
	switch (errand) {
	case HG_ERRAND_CREATE:
		return HG_DESK_CREATE;
	case HG_ERRAND_APPEND:
		return HG_DESK_APPEND;
	case HG_ERRAND_NOTE:
		return HG_DESK_NOTE;
	case HG_ERRAND_STATUS:
		return HG_DESK_SET_STATUS;
	default:
		return HG_DESK_ATTACH;
	}
}

/* Of a text too long for one, what goes behind it: as a message, else as a note. */
static int rest_op(const hg_desk *desk, int op)
{
	if (op == HG_DESK_NOTE)
		return HG_DESK_NOTE;
	return desk->ops[HG_DESK_APPEND] ? HG_DESK_APPEND : HG_DESK_NOTE;
}

void hg_desk_plan_make(const hg_desk *desk, const struct hg_errand *errand, struct hg_desk_plan *ret)
{
	int op = op_of(errand->kind), rest = rest_op(desk, op);
	gint64 max = desk->ops[rest] ? desk->limits.max_text : 0;

	ret->things = g_array_new(FALSE, TRUE, sizeof(struct hg_desk_thing));
	ret->pieces = hg_desk_split(errand->text ? errand->text : "", max, says_html(desk, op));
	if (errand->kind == HG_ERRAND_NONE)
		return;
	add(desk, ret, HG_THING_WHOLE, op, 0);
	for (guint i = 1; ret->things->len && ret->pieces[i]; i++)
		add(desk, ret, HG_THING_REST, rest, i);
	if (op != HG_DESK_ATTACH && json_object_array_length(errand->files) && !hg_desk_op_takes_files(desk, op))
		add(desk, ret, HG_THING_FILES, HG_DESK_ATTACH, 0);
}

void hg_desk_plan_left(const hg_desk *desk, struct hg_desk_plan *plan)
{
	guint last = plan->things->len;

	if (!last || g_array_index(plan->things, struct hg_desk_thing, last - 1).kind != HG_THING_LEFT)
		add(desk, plan, HG_THING_LEFT, HG_DESK_NOTE, 0);
}

void hg_desk_plan_clear(struct hg_desk_plan *plan)
{
	g_strfreev(plan->pieces);
	g_array_unref(plan->things);
}
