/* rules_judge.c - facts in, decision out */
#include <math.h>
#include <string.h>

#include "json.h"
#include "model.h"
#include "rules_made.h"
#include "text.h"

#define FACT(facts, type_, offset_) G_STRUCT_MEMBER(type_, (facts), (offset_))

struct subject {		/* a text that patterns are looked for in */
	gsize offset;		/* of which fact */
	const char *text;	/* valid UTF-8, never NULL; NULL: not looked at yet */
	gsize len;
};

struct fields {			/* a fact that is a JSON object, read when it is first asked for */
	gsize offset;
	gboolean read;
	struct json_object *json;	/* ours; or NULL */
};

struct judge {
	const hg_rules *rules;
	const struct hg_facts *facts;
	hg_arena *arena;
	GString *trace;			/* NULL: none is made */
	struct subject subjects[3];	/* text, address, contact.name */
	struct fields fields[4];	/* of thread and contact, of hooks, headers */
	struct hg_spoken said;		/* the text as words */
	gboolean said_read;
	struct hg_heard heard;		/* what it is about */
	gboolean heard_read;
	const char *asked;		/* the same for hg_facts, when the model was asked; or NULL */
	GString *made;			/* for the trace: what the last test found; NULL without one */
	gboolean gave_up;		/* a pattern of this rule did */
	gboolean gave_up_now;		/* a pattern of this condition did */
};

/* An array that lives in an arena.  Only readers get to see it. */
struct room {
	GPtrArray array;	/* first: what the verdict points to */
	guint size;
};

static GPtrArray *add(hg_arena *arena, GPtrArray *array, const void *item)
{
	struct room *room = (struct room *)array;
	gpointer *wider;

	if (!room)
		room = hg_arena_alloc(arena, sizeof(*room));
	if (room->array.len == room->size) {
		room->size = room->size ? room->size * 2 : 4;
		wider = hg_arena_alloc(arena, room->size * sizeof(*wider));
		if (room->array.len)
			memcpy(wider, room->array.pdata, room->array.len * sizeof(*wider));
		room->array.pdata = wider;
	}
	room->array.pdata[room->array.len++] = (gpointer)item;
	return &room->array;
}

/* ---- conditions ---- */

/* "e" with an accent behind it is what "é" is: patterns have the second.  No more of it than can get into what
 * a search reads. */
static const char *whole_letters(struct judge *judge, const char *text)
{
	g_autofree char *start = NULL, *whole = NULL;

	if (g_str_is_ascii(text))
		return text;
	start = hg_text_valid(text, -1, 4 * HG_REGEX_SUBJECT_MAX);
	whole = hg_text_normal(start, G_NORMALIZE_NFC);
	return strcmp(whole, text) != 0 ? hg_arena_str(judge->arena, whole) : text;
}

static const struct subject *subject_of(struct judge *judge, gsize offset)
{
	struct subject *subject = judge->subjects;

	while (subject->text && subject->offset != offset)
		subject++;
	if (subject->text)
		return subject;
	subject->offset = offset;
	subject->text = FACT(judge->facts, const char *, offset);
	if (!subject->text)
		subject->text = "";
	subject->len = strlen(subject->text);
	/* Patterns are searched without looking for bad UTF-8 again. */
	if (!g_utf8_validate_len(subject->text, subject->len, NULL)) {
		g_autofree char *valid = hg_text_valid(subject->text, -1, 0);

		subject->text = hg_arena_str(judge->arena, valid);
	}
	subject->text = whole_letters(judge, subject->text);
	subject->len = strlen(subject->text);
	return subject;
}

/* Lent by the judge; NULL: there is no such field, or it is a list, an object or null. */
static const char *field_of(struct judge *judge, gsize offset, const char *name)
{
	struct fields *fields = judge->fields;
	struct json_object *value;
	const char *json;

	while (fields->read && fields->offset != offset)
		fields++;
	if (!fields->read) {
		json = FACT(judge->facts, const char *, offset);
		fields->offset = offset;
		fields->read = TRUE;
		fields->json = json ? hg_json_parse(json, strlen(json), NULL, NULL) : NULL;
	}
	if (!json_object_is_type(fields->json, json_type_object) ||
	    !json_object_object_get_ex(fields->json, name, &value))
		return NULL;
	switch (json_object_get_type(value)) {
	case json_type_null:
	case json_type_array:
	case json_type_object:
		return NULL;
	default:
		return json_object_get_string(value);
	}
}

/* What a condition on a text or a field is about; NULL: nothing was said, there is no such field. */
static const char *text_of(struct judge *judge, const struct hg_cond *cond)
{
	return cond->field ? field_of(judge, cond->fact->offset, cond->field) :
			     FACT(judge->facts, const char *, cond->fact->offset);
}

static gboolean one_of(const struct hg_cond *cond, const char *value)
{
	for (guint i = 0; value && i < cond->n; i++)
		if (g_ascii_strcasecmp(cond->words[i], value) == 0)
			return TRUE;
	return FALSE;
}

/* "de" is said of "de", "de-AT" and "de_AT". */
static gboolean is_locale(const struct hg_cond *cond, const char *locale)
{
	for (guint i = 0; locale && i < cond->n; i++) {
		gsize len = strlen(cond->words[i]);

		if (g_ascii_strncasecmp(cond->words[i], locale, len) == 0 && strchr("-_", locale[len]))
			return TRUE;
	}
	return FALSE;
}

static gboolean test_word(const struct hg_facts *facts, const struct hg_cond *cond)
{
	gsize offset = cond->fact->offset;
	int proposal;

	switch (cond->fact->type) {
	case HG_FACT_PROPOSAL:
		proposal = FACT(facts, int, offset);
		return proposal && one_of(cond, hg_proposal_words[proposal - 1]);
	case HG_FACT_LOCALE:
		return is_locale(cond, FACT(facts, const char *, offset));
	default:
		return one_of(cond, FACT(facts, const char *, offset));
	}
}

static gboolean test_truth(const struct hg_facts *facts, const struct hg_cond *cond)
{
	gboolean is = !!FACT(facts, gboolean, cond->fact->offset);

	return (cond->fact->type == HG_FACT_NOT ? !is : is) == cond->truth;
}

static gboolean test_number(const struct hg_facts *facts, const struct hg_cond *cond)
{
	gint64 is = FACT(facts, gint64, cond->fact->offset);

	if (is < 0)
		return FALSE;	/* not known */
	switch (cond->test) {
	case HG_TEST_EXACTLY:
		return is == cond->number;
	case HG_TEST_AT_LEAST:
		return is >= cond->number;
	case HG_TEST_AT_MOST:
		return is <= cond->number;
	case HG_TEST_OVER:
		return is > cond->number;
	default:
		return is < cond->number;
	}
}

static gboolean test_find(struct judge *judge, const struct hg_cond *cond)
{
	struct subject subject = { .text = text_of(judge, cond) };

	/* Nothing was said: not the same as an empty text. */
	if (!subject.text)
		return FALSE;
	if (cond->field) {
		subject.text = whole_letters(judge, subject.text);
		subject.len = strlen(subject.text);
	} else {
		subject = *subject_of(judge, cond->fact->offset);
	}
	for (guint i = 0; i < cond->n; i++) {
		enum hg_found found = hg_regex_find(cond->regexes[i], subject.text, subject.len);

		if (found == HG_FOUND)
			return TRUE;
		judge->gave_up_now |= found == HG_FOUND_GAVE_UP;
	}
	return FALSE;
}

static gboolean test_empty(struct judge *judge, const struct hg_cond *cond)
{
	const char *text = text_of(judge, cond);

	while (text && g_ascii_isspace(*text))
		text++;
	return (!text || !*text) == cond->truth;
}

/* What is no number is neither more nor less than one. */
static gboolean test_field_number(struct judge *judge, const struct hg_cond *cond)
{
	const char *text = text_of(judge, cond);
	char *end;
	double is;

	if (!text || !*text || g_ascii_isspace(*text))
		return FALSE;
	is = g_ascii_strtod(text, &end);
	if (*end || !isfinite(is))
		return FALSE;
	return cond->test == HG_TEST_AT_LEAST ? is >= (double)cond->number : is <= (double)cond->number;
}

static gboolean test_tag(const struct hg_facts *facts, const struct hg_cond *cond)
{
	const char *const *tags = FACT(facts, const char *const *, cond->fact->offset);

	for (; tags && *tags; tags++)
		if (one_of(cond, *tags))
			return TRUE;
	return FALSE;
}

static const struct hg_spoken *said_of(struct judge *judge, gsize offset)
{
	if (!judge->said_read) {
		hg_spoken_read(subject_of(judge, offset)->text, judge->arena, &judge->said);
		hg_words_number(judge->rules->words, &judge->said);
	}
	judge->said_read = TRUE;
	return &judge->said;
}

static gboolean test_lists(struct judge *judge, const struct hg_cond *cond)
{
	const struct hg_spoken *said = said_of(judge, cond->fact->offset);

	return hg_words_find(judge->rules->words, said, cond->ask, judge->made);
}

/* What the text says goes before what is known of its writer. */
static gboolean test_language(struct judge *judge, const struct hg_cond *cond)
{
	const char *is = hg_words_language(judge->rules->words, said_of(judge, cond->fact->offset));

	if (!is)
		is = judge->facts->contact_locale;
	if (judge->made)
		g_string_append(judge->made, is ? is : "not known");
	return is_locale(cond, is);
}

/* Rules that have a model ask it, kept ones go by what was said then. */
static const struct hg_heard *heard_of(struct judge *judge, gsize offset)
{
	const hg_intent_conf *intent = judge->rules->intent;
	const char *text = FACT(judge->facts, const char *, offset);

	if (judge->heard_read)
		return &judge->heard;
	judge->heard_read = TRUE;
	if (intent && intent->model && text) {
		hg_heard_ask(intent->model, said_of(judge, offset), judge->arena, &judge->heard);
		judge->asked = hg_heard_write(&judge->heard, judge->arena);
	} else if (judge->facts->intent) {
		hg_heard_read(judge->facts->intent, judge->arena, &judge->heard);
	} else {
		judge->heard.why = text ? "not asked" : "nothing was said";
	}
	return &judge->heard;
}

static gboolean test_intent(struct judge *judge, const struct hg_cond *cond)
{
	const struct hg_heard *heard = heard_of(judge, cond->fact->offset);
	gboolean sure = heard->confidence >= cond->min_confidence && heard->known >= cond->min_known;

	if (judge->made)
		hg_heard_show(heard, judge->made);
	if (!heard->label)
		return FALSE;
	return cond->test == HG_TEST_UNKNOWN ? sure != cond->truth : sure && one_of(cond, heard->label);
}

static gboolean test_hours(struct judge *judge, const struct hg_cond *cond)
{
	const hg_hours *hours = judge->rules->hours;
	gint64 now_ms = FACT(judge->facts, gint64, cond->fact->offset);
	gboolean found = FALSE;

	for (guint i = 0; hg_hours_names(hours)[i]; i++)
		if (cond->places & (G_GUINT64_CONSTANT(1) << i))
			found |= hg_hours_open(hours, i, now_ms, judge->made) == cond->truth;
	return found;
}

static gboolean test(struct judge *judge, const struct hg_cond *cond)
{
	switch (cond->test) {
	case HG_TEST_WORD:
		return test_word(judge->facts, cond);
	case HG_TEST_TRUTH:
		return test_truth(judge->facts, cond);
	case HG_TEST_FIND:
		return test_find(judge, cond);
	case HG_TEST_EMPTY:
		return test_empty(judge, cond);
	case HG_TEST_TAG:
		return test_tag(judge->facts, cond);
	case HG_TEST_PRESENT:
		return (text_of(judge, cond) != NULL) == cond->truth;
	case HG_TEST_FIELD:
		return one_of(cond, text_of(judge, cond));
	case HG_TEST_LISTS:
		return test_lists(judge, cond);
	case HG_TEST_HOURS:
		return test_hours(judge, cond);
	case HG_TEST_INTENT:
	case HG_TEST_UNKNOWN:
		return test_intent(judge, cond);
	case HG_TEST_LANGUAGE:
		return test_language(judge, cond);
	default:
		return cond->field ? test_field_number(judge, cond) : test_number(judge->facts, cond);
	}
}

static void trace_leaf(struct judge *judge, const struct hg_cond *cond, gboolean holds)
{
	const char *made = judge->made->str;	/* analyser: who traces has it */

	if (cond->field)
		made = field_of(judge, cond->fact->offset, cond->field);
	hg_json_open(judge->trace, '{');
	hg_json_add_str(judge->trace, "cond", cond->path);
	hg_json_add_str(judge->trace, "want", cond->want);
	hg_json_key(judge->trace, "got");
	hg_trace_value(judge->trace, cond, judge->facts, made);
	hg_json_add_bool(judge->trace, "ok", holds);
	if (judge->gave_up_now)
		hg_json_add_str(judge->trace, "note", "the pattern gave up at a limit: that is no match");
	hg_json_close(judge->trace, '}');
}

static gboolean holds_leaf(struct judge *judge, const struct hg_cond *cond)
{
	gboolean holds;

	judge->gave_up_now = FALSE;
	if (judge->made)
		g_string_truncate(judge->made, 0);
	holds = test(judge, cond);
	judge->gave_up |= judge->gave_up_now;
	if (judge->trace)
		trace_leaf(judge, cond, holds);
	return holds;
}

static gboolean holds(struct judge *judge, const struct hg_cond *cond);

/* Everything is compared, so that the trace shows all of it. */
static gboolean traced_items(struct judge *judge, const struct hg_cond *cond, gboolean all)
{
	gboolean value = all;

	for (guint i = 0; i < cond->n; i++) {
		gboolean one = holds(judge, cond->items[i]);

		value = all ? value && one : value || one;
	}
	return value;
}

/* The cheap ones first: most rules are out of question before a pattern is looked for. */
static gboolean quick_items(struct judge *judge, const struct hg_cond *cond, gboolean all)
{
	for (int costly = FALSE; costly <= TRUE; costly++)
		for (guint i = 0; i < cond->n; i++)
			if (cond->items[i]->costly == costly && holds(judge, cond->items[i]) != all)
				return !all;
	return all;
}

static gboolean holds_items(struct judge *judge, const struct hg_cond *cond)
{
	gboolean all = cond->test != HG_TEST_ANY;
	gboolean value = judge->trace ? traced_items(judge, cond, all) : quick_items(judge, cond, all);

	return cond->test == HG_TEST_NOT ? !value : value;
}

static gboolean holds(struct judge *judge, const struct hg_cond *cond)
{
	gboolean value;

	if (cond->test > HG_TEST_NOT)
		return holds_leaf(judge, cond);
	if (!judge->trace)
		return holds_items(judge, cond);
	hg_json_open(judge->trace, '{');
	hg_json_add_str(judge->trace, "cond", cond->path);
	hg_json_key(judge->trace, "of");
	hg_json_open(judge->trace, '[');
	value = holds_items(judge, cond);
	hg_json_close(judge->trace, ']');
	hg_json_add_bool(judge->trace, "ok", value);
	hg_json_close(judge->trace, '}');
	return value;
}

/* ---- rules ---- */

/* "thread.opened", "unanswered 10m". */
static void put_event(GString *out, const char *word, gint64 after_ms)
{
	char span[HG_SPAN_SIZE];

	g_string_append_printf(out, "%s%s", out->len ? " or " : "", word ? word : "?");
	if (after_ms)
		g_string_append_printf(out, " %s", hg_span(after_ms, span));
}

static void trace_on(struct judge *judge, const struct hg_rule *rule, gboolean holds_on)
{
	g_autoptr(GString) want = g_string_new(NULL), got = g_string_new(NULL);

	for (guint i = 0; hg_rule_events[i]; i++)
		if (rule->on & (1U << i))
			put_event(want, hg_rule_events[i], rule->after_ms);
	put_event(got, judge->facts->on, judge->facts->after_ms);
	hg_json_open(judge->trace, '{');
	hg_json_add_str(judge->trace, "cond", "on");
	hg_json_add_str(judge->trace, "want", want->str);
	hg_json_add_str(judge->trace, "got", got->str);
	hg_json_add_bool(judge->trace, "ok", holds_on);
	hg_json_close(judge->trace, '}');
}

static gboolean matches(struct judge *judge, const struct hg_rule *rule, guint on)
{
	gboolean asked = (rule->on & on) && rule->after_ms == judge->facts->after_ms;

	judge->gave_up = FALSE;
	if (judge->trace && (!asked || !rule->when))
		trace_on(judge, rule, asked);
	return asked && (!rule->when || holds_items(judge, rule->when));
}

static void trace_head(struct judge *judge, const struct hg_rule *rule)
{
	if (!judge->trace)
		return;
	hg_json_open(judge->trace, '{');
	hg_json_add_str(judge->trace, "rule", rule->name);
	hg_json_add_str(judge->trace, "file", rule->file);
	hg_json_add_int(judge->trace, "line", rule->line);
	hg_json_key(judge->trace, "why");
	hg_json_open(judge->trace, '[');
}

static void trace_end(struct judge *judge, gboolean matched)
{
	if (!judge->trace)
		return;
	hg_json_close(judge->trace, ']');
	hg_json_add_bool(judge->trace, "matched", matched);
	hg_json_close(judge->trace, '}');
}

static void trace_unreached(struct judge *judge, const struct hg_rule *rule, const struct hg_verdict *verdict)
{
	g_autofree char *note = NULL;

	if (!judge->trace)
		return;
	note = g_strdup_printf("not looked at: '%s' decided before it", verdict->rule);
	trace_head(judge, rule);
	hg_json_open(judge->trace, '{');
	hg_json_add_str(judge->trace, "note", note);
	hg_json_close(judge->trace, '}');
	trace_end(judge, FALSE);
}

static void add_tag(struct judge *judge, struct hg_verdict *verdict, const char *tag)
{
	for (guint i = 0; verdict->tags && i < verdict->tags->len; i++)
		if (strcmp(verdict->tags->pdata[i], tag) == 0)
			return;
	verdict->tags = add(judge->arena, verdict->tags, hg_arena_str(judge->arena, tag));
}

/* One array of all that this rule sets and what was set before it. */
static void add_sets(struct judge *judge, struct hg_verdict *verdict, const struct hg_rule *rule)
{
	guint had = verdict->sets ? verdict->sets->len : 0;
	GArray *sets = hg_arena_alloc(judge->arena, sizeof(*sets));
	struct hg_set *all = hg_arena_alloc(judge->arena, (had + rule->n_sets) * sizeof(*all));

	if (had)
		memcpy(all, verdict->sets->data, had * sizeof(*all));
	for (guint i = 0; i < rule->n_sets; i++) {
		guint at = 0;

		while (at < had && strcmp(all[at].name, rule->sets[i].name) != 0)
			at++;
		had = MAX(had, at + 1);
		all[at].name = hg_arena_str(judge->arena, rule->sets[i].name);
		all[at].value = hg_arena_str(judge->arena, rule->sets[i].value);
	}
	sets->data = (char *)all;
	sets->len = had;
	verdict->sets = sets;
}

static void add_notice(struct judge *judge, struct hg_verdict *verdict, const struct hg_rule *rule)
{
	struct hg_notice *notice = hg_arena_alloc(judge->arena, sizeof(*notice));
	guint n = rule->notice->to ? g_strv_length((char **)rule->notice->to) : 0;
	const char **to = n ? hg_arena_alloc(judge->arena, (n + 1) * sizeof(*to)) : NULL;

	for (guint i = 0; i < n; i++)
		to[i] = hg_arena_str(judge->arena, rule->notice->to[i]);
	*notice = (struct hg_notice){ .text = hg_arena_str(judge->arena, rule->notice->text), .to = to,
				      .rule = hg_arena_str(judge->arena, rule->name) };
	verdict->notices = add(judge->arena, verdict->notices, notice);
}

static void apply(struct judge *judge, struct hg_verdict *verdict, const struct hg_rule *rule)
{
	hg_arena *arena = judge->arena;

	verdict->matched = add(arena, verdict->matched, hg_arena_str(arena, rule->name));
	if (rule->asks)
		heard_of(judge, G_STRUCT_OFFSET(struct hg_facts, text));
	for (guint i = 0; i < rule->n_tags; i++)
		add_tag(judge, verdict, rule->tags[i]);
	if (rule->queue)
		verdict->queue = hg_arena_str(arena, rule->queue);
	if (rule->skill)
		verdict->skill = hg_arena_str(arena, rule->skill);
	if (rule->backend)
		verdict->backend = hg_arena_str(arena, rule->backend);
	if (rule->notice)
		add_notice(judge, verdict, rule);
	for (guint i = 0; i < rule->n_replies; i++)
		verdict->replies = add(arena, verdict->replies, hg_arena_str(arena, rule->replies[i]));
	if (rule->n_sets)
		add_sets(judge, verdict, rule);
}

static void decide(struct judge *judge, struct hg_verdict *verdict, const struct hg_rule *rule, guint index)
{
	verdict->action = rule->action;
	verdict->index = (int)index;
	verdict->line = rule->line;
	verdict->rule = hg_arena_str(judge->arena, rule->name);
	verdict->file = hg_arena_str(judge->arena, rule->file);
	verdict->word = hg_arena_str(judge->arena, rule->word);
	verdict->hold_ms = rule->hold_ms;
	verdict->priority = hg_arena_str(judge->arena, rule->priority);
	verdict->category = hg_arena_str(judge->arena, rule->category);
	verdict->type = hg_arena_str(judge->arena, rule->type);
	verdict->subject = hg_arena_str(judge->arena, rule->subject);
	verdict->assignee = hg_arena_str(judge->arena, rule->assignee);
	verdict->status = hg_arena_str(judge->arena, rule->status);
}

static void judge_rule(struct judge *judge, struct hg_verdict *verdict, const struct hg_rule *rule, guint on,
		       guint index)
{
	gboolean matched;

	trace_head(judge, rule);
	matched = matches(judge, rule, on);
	trace_end(judge, matched);
	if (judge->gave_up)
		verdict->gave_up = add(judge->arena, verdict->gave_up, hg_arena_str(judge->arena, rule->name));
	if (!matched)
		return;
	apply(judge, verdict, rule);
	if (rule->action != HG_ACT_NONE)
		decide(judge, verdict, rule, index);
}

void hg_rules_judge(const hg_rules *rules, const struct hg_facts *facts, hg_arena *arena,
		    struct hg_verdict *ret, GString *trace)
{
	g_autoptr(GString) made = trace ? g_string_new(NULL) : NULL;
	struct judge judge = { .rules = rules, .facts = facts, .arena = arena, .trace = trace, .made = made };
	struct hg_verdict verdict = { .action = HG_ACT_NONE, .index = -1 };
	guint on = hg_rule_event_bit(facts->on);

	if (trace)
		hg_json_open(trace, '[');
	for (guint i = 0; i < rules->n; i++) {
		if (verdict.action == HG_ACT_NONE)
			judge_rule(&judge, &verdict, &rules->rules[i], on, i);
		else if (trace)
			trace_unreached(&judge, &rules->rules[i], &verdict);
		else
			break;
	}
	if (trace)
		hg_json_close(trace, ']');
	for (gsize i = 0; i < G_N_ELEMENTS(judge.fields); i++)
		json_object_put(judge.fields[i].json);
	verdict.intent = judge.asked;
	*ret = verdict;
}

gboolean hg_rules_end_converts(int action, int fallback, const char *resolution)
{
	if (action != HG_ACT_NONE)
		return action == HG_ACT_CONVERT;
	return fallback == HG_ACT_CONVERT && g_strcmp0(resolution, hg_resolution_word(HG_RES_UNRESOLVED)) == 0;
}
