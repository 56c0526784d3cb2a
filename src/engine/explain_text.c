/* explain_text.c - a decision as lines for people */
#include "explain_text.h"

#include <string.h>

#include "rules_intent.h"
#include "text.h"

#define WHY_MAX 3		/* conditions named for a rule that did not match */

static const char *base_name(const char *path)
{
	const char *slash = path ? strrchr(path, '/') : NULL;

	return slash ? slash + 1 : path ? path : "-";
}

static void line(GString *out, const char *word, const char *fmt, ...) G_GNUC_PRINTF(3, 4);
static void line(GString *out, const char *word, const char *fmt, ...)
{
	va_list args;

	g_string_append_printf(out, "    %-15s ", word);
	va_start(args, fmt);
	g_string_append_vprintf(out, fmt, args);
	va_end(args);
	g_string_append_c(out, '\n');
}

/* ---- why not ---- */

static void put_value(GString *out, struct json_object *value)
{
	const char *text = json_object_get_string(value);

	if (!text)
		g_string_append(out, "nothing");
	else if (json_object_is_type(value, json_type_string) && strchr(text, ' '))
		g_string_append_printf(out, "\"%s\"", text);
	else
		g_string_append(out, text);
}

static void put_reason(GString *out, struct json_object *cond, gboolean wanted)
{
	struct json_object *got = NULL;

	json_object_object_get_ex(cond, "got", &got);
	g_string_append_printf(out, "%s%s: wants %s%s, has ", out->len ? "; " : "", hg_json_str(cond, "cond"),
			       wanted ? "" : "anything but ", hg_json_str(cond, "want"));
	put_value(out, got);
	if (hg_json_str(cond, "note"))
		g_string_append_printf(out, " (%s)", hg_json_str(cond, "note"));
}

/* Gathers what stood in the way: below `not` that is what held. */
static void why(struct json_object *conds, gboolean wanted, guint *left, GString *out)
{
	for (size_t i = 0; conds && i < json_object_array_length(conds) && *left; i++) {
		struct json_object *cond = json_object_array_get_idx(conds, i);
		struct json_object *of = hg_json_arr(cond, "of");

		if (!hg_json_str(cond, "cond") || hg_json_bool(cond, "ok", FALSE) == wanted)
			continue;
		if (of) {
			why(of, g_strcmp0(hg_json_str(cond, "cond"), "not") == 0 ? !wanted : wanted, left, out);
		} else {
			put_reason(out, cond, wanted);
			--*left;
		}
	}
}

/* Another rule decided before it: its trace is a note and no comparison. */
static gboolean unreached(struct json_object *rule)
{
	struct json_object *conds = hg_json_arr(rule, "why");
	struct json_object *first = conds ? json_object_array_get_idx(conds, 0) : NULL;

	return hg_json_str(first, "note") && !hg_json_str(first, "cond");
}

/* ---- a rule, a decision ---- */

static void show_rule(GString *out, size_t number, struct json_object *rule)
{
	g_autofree char *head = g_strdup_printf("rule %zu", number);
	g_autoptr(GString) reasons = g_string_new(NULL);
	gboolean matched = hg_json_bool(rule, "matched", FALSE);
	guint left = WHY_MAX;

	if (!matched && unreached(rule))
		g_string_append(reasons, "not looked at");
	else if (!matched)
		why(hg_json_arr(rule, "why"), TRUE, &left, reasons);
	line(out, head, "%-5s  %s  %s:%" G_GINT64_FORMAT "%s%s", matched ? "MATCH" : "-", hg_json_str(rule, "rule"),
	     base_name(hg_json_str(rule, "file")), hg_json_int(rule, "line", 0), reasons->len ? "  " : "", reasons->str);
}

static void show_outcome(GString *out, const hg_decision *decision)
{
	if (decision->rule)
		line(out, "decision", "%s, by rule '%s' (%s:%d)", decision->action, decision->rule,
		     base_name(decision->file), decision->line);
	else if (strcmp(decision->on, "answer") == 0)
		line(out, "decision", "%s: it answers a question of the gateway's, so no rule is asked", decision->action);
	else if (strcmp(decision->on, "consent") == 0)
		line(out, "decision", "%s: it says whether the customer wants messages, so no rule is asked", decision->action);
	else if (strcmp(decision->on, "blocked") == 0)
		line(out, "decision", "%s: the customer is blocked, so no rule is asked", decision->action);
	else if (strcmp(decision->on, "start") == 0)
		line(out, "decision", "%s: we wrote first, so no rule is asked", decision->action);
	else if (strcmp(decision->action, "none") == 0 || strcmp(decision->on, "message") == 0)
		line(out, "decision", "%s: no rule decided", decision->action);
	else
		line(out, "decision", "%s: no rule decided, so the default or a deadline did", decision->action);
	if (decision->rule)
		line(out, "to change this", "edit %s:%d", decision->file ? decision->file : "-", decision->line);
}

/* Who was asked before the rules, and what came of it. */
static void show_hooks(GString *out, struct json_object *hooks)
{
	if (!hooks)
		return;
	json_object_object_foreach(hooks, name, hook) {
		g_autofree char *head = g_strdup_printf("hook %s", name);
		const char *outcome = hg_json_str(hook, "outcome"), *note = hg_json_str(hook, "note");
		gint64 ms = hg_json_int(hook, "ms", -1);

		if (ms >= 0)
			line(out, head, "%s after %" G_GINT64_FORMAT " ms%s%s", outcome ? outcome : "-", ms,
			     note ? ": " : "", note ? note : "");
		else
			line(out, head, "%s%s%s", outcome ? outcome : "-", note ? ": " : "", note ? note : "");
	}
}

void hg_explain_route(GString *out, const hg_ticket *ticket)
{
	g_string_append_printf(out, "  ticket %s\n", ticket->number);
	line(out, "queue", "%s%s%s", ticket->queue ? ticket->queue : "-", ticket->skill ? ", skill " : "",
	     ticket->skill ? ticket->skill : "");
	line(out, "assignee", "%s", ticket->routed ? ticket->routed : ticket->assignee ? ticket->assignee : "nobody");
}

static void show_intent(GString *out, struct json_object *intent)
{
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autoptr(GString) shown = g_string_new(NULL);
	struct hg_heard heard;

	if (!intent)
		return;
	hg_heard_read(json_object_to_json_string_ext(intent, JSON_C_TO_STRING_PLAIN), arena, &heard);
	hg_heard_show(&heard, shown);
	line(out, "intent", "%s", shown->str);
}

void hg_explain_show(GString *out, const hg_decision *decision, struct json_object *facts,
		     struct json_object *trace, const char *note)
{
	char at[HG_TIME_SIZE], span[HG_SPAN_SIZE];
	gint64 after_ms = hg_json_int(facts, "after_ms", 0);
	const char *proposal = hg_json_str(facts, "proposal"), *reason = hg_json_str(facts, "proposal_reason");

	hg_time(decision->at_ms, at);
	g_string_append_printf(out, "  %.10s %.8s  on %s%s%s\n", at, at + 11, decision->on, after_ms ? " " : "",
			       after_ms ? hg_span(after_ms, span) : "");
	if (proposal)
		line(out, "thread", "%s%s%s", proposal, reason ? ": " : "", reason ? reason : "");
	show_hooks(out, hg_json_obj(facts, "hooks"));
	show_intent(out, hg_json_obj(facts, "intent"));
	for (size_t i = 0; trace && i < json_object_array_length(trace); i++)
		show_rule(out, i + 1, json_object_array_get_idx(trace, i));
	show_outcome(out, decision);
	line(out, "config", "%.12s", decision->config_hash);
	if (note)
		line(out, "note", "%s", note);
}
