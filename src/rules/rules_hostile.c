/* rules_hostile.c - runs patterns on what a stranger would write to make them give up
 *
 * Each repeat of a pattern is fed with what it repeats, behind a text that leads to it.  The pattern is read
 * roughly: a wrong guess costs a warning, never makes a wrong one, for the pattern itself is run. */
#include "rules_hostile.h"

#include <string.h>

#include "rules_made.h"
#include "text.h"

#define DEPTH_MAX   20		/* groups within each other */
#define SAMPLE_MAX  200		/* bytes of a beginning, or of what is repeated */
#define REPEATS_MIN 8		/* {2,8} and more counts as a repeat */
#define PATTERN_MS  20
#define ALL_MS	    2000
#define SLOW_MS	    2		/* a text that took so long is not tried at greater length */

struct reader {
	const char *at;
	guint depth;
	GPtrArray *texts;
};

typedef GPtrArray samples;	/* of char *: each is something the part may take */

static samples *samples_new(void)
{
	return g_ptr_array_new_with_free_func(g_free);
}

static void hostile_free(gpointer p)
{
	struct hg_hostile *hostile = p;

	g_free(hostile->before);
	g_free(hostile->again);
	g_free(hostile);
}

static void add_text(struct reader *r, const char *before, const char *again)
{
	struct hg_hostile *hostile;

	if (r->texts->len >= HG_HOSTILE_MAX || !*again || strlen(before) > SAMPLE_MAX || strlen(again) > SAMPLE_MAX)
		return;
	for (guint i = 0; i < r->texts->len; i++) {
		hostile = g_ptr_array_index(r->texts, i);
		if (strcmp(hostile->before, before) == 0 && strcmp(hostile->again, again) == 0)
			return;
	}
	hostile = g_new(struct hg_hostile, 1);
	*hostile = (struct hg_hostile){ g_strdup(before), g_strdup(again) };
	g_ptr_array_add(r->texts, hostile);
}

static void add_sample(samples *list, const char *text)
{
	g_ptr_array_add(list, g_strdup(text));
}

/* ---- the parts of a pattern ---- */

/* What \LETTER takes; NULL: it is the letter itself; "": no letter of the text. */
static const char *escape_takes(char letter)
{
	static const struct { const char *letters, *takes; } escapes[] = {
		{ "d", "1" }, { "wSDNXpP", "a" }, { "sh", " " }, { "WH", "!" }, { "nvR", "\n" }, { "t", "\t" },
		{ "r", "\r" }, { "bBAzZGKQE", "" }, { "0123456789gk", "" }, { "x", "a" },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(escapes); i++)
		if (strchr(escapes[i].letters, letter))
			return escapes[i].takes;
	return NULL;
}

/* r->at is behind the backslash. */
static void read_escape(struct reader *r, samples *list)
{
	const char letter = *r->at, *takes = letter ? escape_takes(letter) : "";
	char own[2] = { letter, 0 };

	if (!letter)
		return;
	r->at++;
	if (strchr("pPxgk", letter) && (*r->at == '{' || *r->at == '<')) {
		r->at += strcspn(r->at, "}>");
		r->at += *r->at != 0;
	}
	if (!takes)
		add_sample(list, own);
	else if (*takes)
		add_sample(list, takes);
	if (letter == 'w')
		add_sample(list, "1");
}

static void take_letter(struct reader *r, samples *list)
{
	const char *next = g_utf8_next_char(r->at);
	g_autofree char *letter = g_strndup(r->at, (gsize)(next - r->at));

	add_sample(list, letter);
	r->at = next;
}

/* r->at is behind the bracket.  A few of its members; of one that is turned round, what is likely. */
static void read_class(struct reader *r, samples *list)
{
	gboolean turned = *r->at == '^';

	r->at += turned;
	for (gboolean first = TRUE; *r->at && (first || *r->at != ']'); first = FALSE) {
		if (g_str_has_prefix(r->at, "[:")) {
			r->at += strcspn(r->at, "]");
			r->at += *r->at != 0;
			add_sample(list, "a");
		} else if (*r->at == '\\') {
			r->at++;
			read_escape(r, list);
		} else {
			take_letter(r, list);
		}
	}
	r->at += *r->at != 0;
	if (turned) {
		g_ptr_array_set_size(list, 0);
		add_sample(list, "a");
		add_sample(list, " ");
		add_sample(list, "1");
	}
}

static samples *read_choices(struct reader *r, const char *before);

/* r->at is behind the parenthesis.  Look-arounds take nothing, but what is in them may repeat. */
static void read_group(struct reader *r, const char *before, samples *list)
{
	gboolean looks = FALSE;

	if (*r->at == '*' || g_str_has_prefix(r->at, "?#")) {
		r->at += strcspn(r->at, ")");
	} else if (*r->at == '?') {
		looks = strchr("=!", r->at[1]) || (r->at[1] == '<' && strchr("=!", r->at[2]));
		r->at += strcspn(r->at, ":=!>')");
		/* 'name' has two of them. */
		if (*r->at == '\'')
			r->at += 1 + strcspn(r->at + 1, "')");
		r->at += *r->at && *r->at != ')';
	}
	if (*r->at != ')' && r->depth < DEPTH_MAX) {
		g_autoptr(GPtrArray) inner = NULL;

		r->depth++;
		inner = read_choices(r, before);
		r->depth--;
		for (guint i = 0; !looks && i < inner->len; i++)
			add_sample(list, g_ptr_array_index(inner, i));
	}
	r->at += *r->at == ')';
}

static void read_atom(struct reader *r, const char *before, samples *list)
{
	switch (*r->at) {
	case '(':
		r->at++;
		read_group(r, before, list);
		break;
	case '[':
		r->at++;
		read_class(r, list);
		break;
	case '\\':
		r->at++;
		read_escape(r, list);
		break;
	case '.':
		r->at++;
		add_sample(list, "a");
		break;
	case '^':
	case '$':
		r->at++;
		break;
	default:
		take_letter(r, list);
	}
}

/* TRUE when what stands before it is taken again and again. */
static gboolean read_repeat(struct reader *r)
{
	gboolean repeats = *r->at == '*' || *r->at == '+';
	const char *end = *r->at == '{' ? strchr(r->at, '}') : NULL;

	if (end && strspn(r->at + 1, "0123456789, ") == (gsize)(end - r->at - 1)) {
		const char *comma = memchr(r->at, ',', (gsize)(end - r->at));
		const char *most = comma ? comma + 1 : r->at + 1;

		repeats = most == end || g_ascii_strtoull(most, NULL, 10) >= REPEATS_MIN;
		r->at = end + 1;
	} else if (*r->at && strchr("*+?", *r->at)) {
		r->at++;
	}
	r->at += *r->at == '?' || *r->at == '+';
	return repeats;
}

static void feed_repeat(struct reader *r, const char *before, const samples *list)
{
	for (guint i = 0; i < list->len; i++)
		add_text(r, before, g_ptr_array_index(list, i));
	if (list->len > 1) {
		g_autofree char *both = g_strconcat(g_ptr_array_index(list, 0), g_ptr_array_index(list, 1), NULL);

		add_text(r, before, both);
	}
}

/* One of the choices: returns a text it takes, as far as it fits. */
static char *read_choice(struct reader *r, const char *before)
{
	g_autoptr(GString) all = g_string_new(before);
	gsize behind = all->len;

	while (*r->at && *r->at != '|' && *r->at != ')') {
		g_autoptr(GPtrArray) list = samples_new();

		read_atom(r, all->str, list);
		if (read_repeat(r))
			feed_repeat(r, all->str, list);
		if (list->len && all->len < SAMPLE_MAX)
			g_string_append(all, g_ptr_array_index(list, 0));
	}
	return g_strdup(all->str + behind);
}

static samples *read_choices(struct reader *r, const char *before)
{
	samples *list = samples_new();

	for (;;) {
		g_ptr_array_add(list, read_choice(r, before));
		if (*r->at != '|')
			return list;
		r->at++;
	}
}

GPtrArray *hg_hostile_texts(const char *pattern)
{
	struct reader reader = { .at = pattern, .texts = g_ptr_array_new_with_free_func(hostile_free) };

	while (*reader.at) {
		g_autoptr(GPtrArray) list = read_choices(&reader, "");

		reader.at += *reader.at != 0;	/* a parenthesis that closes nothing */
	}
	return reader.texts;
}

/* ---- running them ---- */

/* How long each text may still be tried; the time the last length took counts. */
struct probe {
	const struct hg_rules_pattern *pattern;
	struct hg_env *env;
	gint64 until_ms;
	gboolean slow[HG_HOSTILE_MAX];
};

static gboolean gives_up(struct probe *probe, guint i, const struct hg_hostile *hostile, gsize bytes)
{
	g_autoptr(GString) text = g_string_new(hostile->before);
	gint64 begin_ms = hg_mono(probe->env);
	gboolean found;

	while (text->len < bytes)
		g_string_append(text, hostile->again);
	g_string_append(text, "\x01!");
	found = hg_regex_find_slowly(probe->pattern->regex, text->str, text->len) == HG_FOUND_GAVE_UP;
	probe->slow[i] = hg_mono(probe->env) - begin_ms >= SLOW_MS;
	return found;
}

static void tell(const struct probe *probe, const struct hg_hostile *hostile, gsize bytes, hg_diag *diag)
{
	g_autofree char *before = hg_node_quote(hostile->before), *again = hg_node_quote(hostile->again);

	hg_diag_add(diag, HG_SEV_WARNING, &probe->pattern->place, "write it without a repeat inside a repeat",
		    "this pattern gives up (100,000 steps, then it does not match) on %s%s%s again and again, %zu bytes of it",
		    *hostile->before ? before : "", *hostile->before ? " and then " : "", again, bytes);
}

/* Short texts first: what gives up on these does so on longer ones, and soon. */
static void probe_pattern(struct probe *probe, hg_diag *diag)
{
	static const gsize lengths[] = { 64, 256, 1024, 4096 };
	g_autoptr(GPtrArray) texts = hg_hostile_texts(probe->pattern->text);

	for (gsize at = 0; at < G_N_ELEMENTS(lengths); at++)
		for (guint i = 0; i < texts->len; i++) {
			const struct hg_hostile *hostile = g_ptr_array_index(texts, i);

			if (probe->slow[i] || hg_mono(probe->env) > probe->until_ms)
				continue;
			if (gives_up(probe, i, hostile, lengths[at])) {
				tell(probe, hostile, lengths[at], diag);
				return;
			}
		}
}

guint hg_rules_probe(const hg_rules *rules, struct hg_env *env, hg_diag *diag)
{
	gint64 end_ms = hg_mono(env) + ALL_MS;

	for (guint i = 0; i < rules->patterns->len; i++) {
		struct probe probe = { .pattern = &g_array_index(rules->patterns, struct hg_rules_pattern, i), .env = env };
		gint64 now_ms = hg_mono(env);

		if (now_ms > end_ms)
			return rules->patterns->len - i;
		probe.until_ms = now_ms + PATTERN_MS;
		probe_pattern(&probe, diag);
	}
	return 0;
}
