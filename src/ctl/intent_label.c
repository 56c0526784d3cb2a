/* intent_label.c - intent label: what customers said lately, and what it was about, asked of a person; examples come of it */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "env.h"
#include "intent_verbs.h"
#include "text.h"

#define USUAL	   50			/* texts without --limit */
#define SINCE_MS   (30LL * 24 * 3600 * 1000)
#define ANSWER_MAX 256			/* bytes of a line that is typed */
#define SHOWN_MAX  2000			/* bytes of a text that is shown */

struct labelling {
	struct ctl *ctl;
	hg_intent_conf *conf;		/* or NULL: nothing is guessed */
	GHashTable *known;		/* texts that have a label, or are in line: owned */
	GPtrArray *labels;		/* names: owned; NULL-ended while a near one is looked for */
	GPtrArray *texts;		/* in line; lent by known */
	gint64 want;
	gint64 labelled, passed;
	FILE *to;
};

enum said { SAID_LABEL, SAID_PASS, SAID_END };

static void clear(struct labelling *l)
{
	g_clear_pointer(&l->conf, hg_intent_conf_unref);
	g_clear_pointer(&l->known, g_hash_table_unref);
	g_clear_pointer(&l->labels, g_ptr_array_unref);
	g_clear_pointer(&l->texts, g_ptr_array_unref);
	if (l->to)
		fclose(l->to);
}

static gboolean has_label(const struct labelling *l, const char *label)
{
	return g_ptr_array_find_with_equal_func(l->labels, label, g_str_equal, NULL);
}

static void add_label(struct labelling *l, const char *label)
{
	if (!has_label(l, label))
		g_ptr_array_add(l->labels, g_strdup(label));
}

/* ---- what is known already ---- */

static gboolean read_examples(struct labelling *l, const char *path)
{
	g_autoptr(hg_diag) diag = hg_diag_new();
	g_autoptr(hg_examples) examples = hg_examples_new();

	if (access(path, F_OK) != 0)
		return TRUE;
	if (!hg_examples_read(examples, path, diag))
		return intent_fine(l->ctl, diag);
	for (guint i = 0; i < hg_examples_count(examples); i++) {
		const struct hg_example *one = hg_examples_at(examples, i);

		g_hash_table_add(l->known, g_strdup(one->text));
		add_label(l, one->label);
	}
	return TRUE;
}

/* A configuration without a model is no mistake here: there has to be a first one.  FALSE: *ret_code. */
static gboolean read_model(struct labelling *l, int *ret_code)
{
	const struct intent_args args = { .model = ctl_value(l->ctl, "model"), .min_confidence = -1, .min_known = -1, .min_accuracy = -1 };

	if (!args.model)
		return TRUE;
	l->conf = intent_open(l->ctl, &args, ret_code);
	for (const char *const *label = l->conf ? hg_intent_labels(l->conf->model) : NULL; label && *label; label++)
		add_label(l, *label);
	return l->conf != NULL;
}

/* ---- what customers said ---- */

/* Lent by the model and the arena. */
static void guess(const struct labelling *l, const char *text, hg_arena *arena, struct hg_intent_guess *ret)
{
	struct hg_spoken said;

	*ret = (struct hg_intent_guess){ 0 };
	if (!l->conf)
		return;
	hg_spoken_read(text, arena, &said);
	hg_intent_guess(l->conf->model, &said, arena, ret);
}

static gboolean is_sure(const struct labelling *l, const char *text)
{
	const char *below = ctl_value(l->ctl, "below");
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_intent_guess found;

	guess(l, text, arena, &found);
	return below && found.label && found.confidence >= (guint)hg_share_parse(below);
}

static void take(void *arg, struct json_object *decision)
{
	struct labelling *l = arg;
	const char *text = hg_json_str(decision, "text");
	g_autofree char *valid = text ? hg_text_valid(text, -1, 0) : NULL;

	if (!valid || !*g_strstrip(valid) || (gint64)l->texts->len >= l->want || g_hash_table_contains(l->known, valid) || is_sure(l, valid))
		return;
	g_ptr_array_add(l->texts, valid);
	g_hash_table_add(l->known, g_steal_pointer(&valid));
}

/* Newest first, and page by page until there are enough. */
static int collect(struct labelling *l)
{
	char time[HG_TIME_SIZE];
	gint64 since_ms = hg_now(hg_env_system()) - ctl_span(l->ctl, "since", SINCE_MS);
	g_autofree char *path = ctl_path("/v1/decisions?order=newest&since=%s", hg_time(MAX(0, since_ms), time)), *from = NULL;
	int code = CTL_DONE;

	do {
		struct ctl_pages pages = { .path = path, .list = "decisions", .cursor = "before", .from = from, .most = CTL_PAGE,
					   .each = take, .arg = l };

		code = ctl_pages(l->ctl, &pages);
		g_free(from);
		from = pages.next;
	} while (code == CTL_DONE && from && (gint64)l->texts->len < l->want);
	return code;
}

/* ---- asking ---- */

static const char *near_label(struct labelling *l, const char *word)
{
	const char *near;

	g_ptr_array_add(l->labels, NULL);
	near = hg_nearest(word, (const char *const *)l->labels->pdata);
	g_ptr_array_set_size(l->labels, (gint)l->labels->len - 1);
	return near;
}

static void list_labels(const struct labelling *l)
{
	for (guint i = 0; i < l->labels->len; i++)
		fprintf(stderr, "  %s\n", (const char *)g_ptr_array_index(l->labels, i));
	if (!l->labels->len)
		fprintf(stderr, "  (none yet: type the first)\n");
}

/* A slip of the finger is no new intent: what is not known yet is wanted twice. */
static gboolean takes_label(struct labelling *l, const char *word, char *asked)
{
	const char *near;

	if (!hg_intent_label_valid(word)) {
		fprintf(stderr, "  a name has small letters, digits, _, . and -\n");
		return FALSE;
	}
	if (has_label(l, word) || !l->labels->len || strcmp(asked, word) == 0)
		return TRUE;
	g_strlcpy(asked, word, ANSWER_MAX);
	near = near_label(l, word);
	fprintf(stderr, "  there is no intent \"%s\" yet%s%s%s; the same again makes it one\n", word, near ? ", but \"" : "", near ? near : "",
		near ? "\"" : "");
	return FALSE;
}

/* What is typed until it is an answer.  guessed: or NULL. */
static enum said ask(struct labelling *l, const char *guessed, char answer[ANSWER_MAX])
{
	char asked[ANSWER_MAX] = "";

	for (;;) {
		fprintf(stderr, "label%s%s%s: ", guessed ? " [" : "", guessed ? guessed : "", guessed ? "]" : "");
		fflush(stderr);
		if (!fgets(answer, ANSWER_MAX, stdin) || strcmp(g_strstrip(answer), "!") == 0)
			return SAID_END;
		if (strcmp(answer, "/") == 0 || (!*answer && !guessed))
			return SAID_PASS;
		if (!*answer)
			g_strlcpy(answer, guessed, ANSWER_MAX);
		if (strcmp(answer, "?") == 0)
			list_labels(l);
		else if (takes_label(l, answer, asked))
			return SAID_LABEL;
	}
}

static gboolean keep(struct labelling *l, const char *label, const char *text)
{
	g_autoptr(GString) line = g_string_new(NULL);

	hg_json_open(line, '{');
	hg_json_add_str(line, "label", label);
	hg_json_add_str(line, "text", text);
	hg_json_close(line, '}');
	if (fprintf(l->to, "%s\n", line->str) < 0 || fflush(l->to) != 0) {
		ctl_say_error(l->ctl, "%s: %s", ctl_value(l->ctl, "out"), g_strerror(errno));
		return FALSE;
	}
	if (l->ctl->json)
		ctl_put_json(line->str);
	add_label(l, label);
	l->labelled++;
	return TRUE;
}

/* FALSE: enough. */
static gboolean ask_about(struct labelling *l, guint i)
{
	const char *text = g_ptr_array_index(l->texts, i);
	g_autofree char *cut = hg_text_valid(text, -1, SHOWN_MAX), *safe = ctl_safe(cut, FALSE);
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct hg_intent_guess found;
	char answer[ANSWER_MAX], confidence[HG_SHARE_SIZE];
	enum said said;

	guess(l, text, arena, &found);
	fprintf(stderr, "\n%u of %u: \"%s\"\n", i + 1, l->texts->len, safe);
	if (found.label)
		fprintf(stderr, "  taken for %s, confidence %s\n", found.label, hg_share(found.confidence, confidence));
	said = ask(l, found.label, answer);
	l->passed += said == SAID_PASS;
	return said == SAID_PASS || (said == SAID_LABEL && keep(l, answer, text));
}

static int label_all(struct labelling *l)
{
	const char *out = ctl_value(l->ctl, "out");
	int fd = open(out, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

	l->to = fd < 0 ? NULL : fdopen(fd, "a");
	if (!l->to) {
		ctl_say_error(l->ctl, "%s: %s", out, g_strerror(errno));
		return CTL_REFUSED;
	}
	if (!l->ctl->quiet)
		fprintf(stderr, "Type what each is about; nothing but Enter takes the guess.  ? says which intents there are, / passes it over, "
			"! ends.\n");
	for (guint i = 0; i < l->texts->len && ask_about(l, i); i++)
		;
	if (!l->ctl->quiet)
		fprintf(stderr, "\n%" G_GINT64_FORMAT " labelled, %" G_GINT64_FORMAT " passed over; the same again goes on, and "
			"headgatectl intent train --out MODEL %s ... makes a model of them\n", l->labelled, l->passed, out);
	return ferror(l->to) ? CTL_REFUSED : CTL_DONE;
}

/* ---- the verb ---- */

static int label(struct ctl *ctl)
{
	struct labelling l = { .ctl = ctl, .want = ctl_number(ctl, "limit", USUAL) };
	int code = CTL_CONFIG;

	l.known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	l.labels = g_ptr_array_new_with_free_func(g_free);
	l.texts = g_ptr_array_new();
	if (ctl_given(ctl, "below") && !ctl_given(ctl, "model"))
		code = ctl_usage(ctl, "--below wants a --model that guesses");
	else if (read_model(&l, &code))
		code = read_examples(&l, ctl_value(ctl, "out")) ? collect(&l) : CTL_NO;
	if (code == CTL_DONE && !l.texts->len) {
		ctl_say_error(ctl, "nothing was said that has no label yet; --since looks further back");
		code = CTL_NO;
	} else if (code == CTL_DONE) {
		code = label_all(&l);
	}
	clear(&l);
	return code;
}

const struct ctl_verb ctl_intent_label = {
	.name = "label", .help = "say what messages of the running daemon are about, and keep them as examples", .run = label,
	.options = CTL_PARAMS({ "out", CTL_FILE, "EXAMPLES", "where they are added", .flags = CTL_NEEDED },
			      { "model", CTL_FILE, "MODEL", "guesses, so that Enter is often enough [nobody guesses]" },
			      { "below", CTL_SHARE, NULL, "only those of which the model is less sure than that" },
			      { "since", CTL_SPAN, NULL, "what was said in the last SPAN [30d]" },
			      { "limit", CTL_NUMBER, NULL, "how many at most [50]" }),
	.more = "Asks for one after the other, the newest first; texts that EXAMPLES has are not asked for again, so it can be ended at any "
		"time and gone on with.  Answers may come from a pipe, a line each.  The file has customers' words: it is made for its owner "
		"alone, and what is erased in the store stays in it.  --json is a line for each that got a label.",
	.exits = "0 done, 1 there is nothing to label, or EXAMPLES cannot be read",
	.example = "intent label --out more.jsonl --model shop.intent --below 0.7",
};
