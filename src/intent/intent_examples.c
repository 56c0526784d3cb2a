/* intent_examples.c - labelled examples from files: what people wrote, and what it was about */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fail.h"
#include "intent_made.h"
#include "json.h"
#include "slurp.h"
#include "text.h"

struct hg_examples {
	hg_arena *arena;
	GArray *list;			/* of struct hg_example */
	gsize bytes;			/* of all texts */
	guint dropped;
};

hg_examples *hg_examples_new(void)
{
	hg_examples *examples = g_new0(hg_examples, 1);

	examples->arena = hg_arena_new();
	examples->list = g_array_new(FALSE, FALSE, sizeof(struct hg_example));
	return examples;
}

void hg_examples_free(hg_examples *examples)
{
	if (!examples)
		return;
	g_array_unref(examples->list);
	hg_arena_free(examples->arena);
	g_free(examples);
}

guint hg_examples_count(const hg_examples *examples)
{
	return examples->list->len;
}

const struct hg_example *hg_examples_at(const hg_examples *examples, guint i)
{
	return &g_array_index(examples->list, struct hg_example, i);
}

guint hg_examples_dropped(const hg_examples *examples)
{
	return examples->dropped;
}

/* ---- a file ---- */

GString *hg_intent_slurp(const char *path, GError **error)
{
	g_autoptr(GString) out = g_string_new(NULL);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	gboolean fine;

	if (fd < 0) {
		hg_fail(error, HG_ERROR_MISSING, "%s", g_strerror(errno));
		return NULL;
	}
	fine = fstat(fd, &st) == 0 ? S_ISREG(st.st_mode) || hg_fail(error, HG_ERROR_INPUT, "it is not a regular file")
				   : hg_fail(error, HG_ERROR_BROKEN, "%s", g_strerror(errno));
	fine = fine && hg_slurp(fd, HG_INTENT_BYTES_MAX, "", out, error);
	close(fd);
	return fine ? g_steal_pointer(&out) : NULL;
}

/* ---- a line ---- */

struct lines {
	hg_examples *examples;
	hg_diag *diag;
	struct hg_place place;
	gboolean fine;
};

static void wrong(struct lines *l, int column, const char *hint, const char *text)
{
	struct hg_place place = l->place;

	place.column = column;
	hg_diag_add(l->diag, HG_SEV_ERROR, &place, hint, "%s", text);
	l->fine = FALSE;
}

static void add(struct lines *l, const char *label, const char *text)
{
	hg_examples *examples = l->examples;
	struct hg_example one = { .file = l->place.file, .line = (guint)l->place.line };

	if (!hg_intent_label_valid(label)) {
		wrong(l, 1, "refund, opening-hours",
		      "an intent's name has 1 to 64 small letters, digits, '_', '.' and '-'");
		return;
	}
	if (strlen(text) > HG_SPOKEN_BYTES_MAX) {
		wrong(l, 0, NULL, "this text has more than 16 KiB: of a message no more is looked at");
		return;
	}
	if (examples->list->len == HG_INTENT_EXAMPLES_MAX) {
		wrong(l, 0, NULL, "this is one example more than the 200000 that are possible");
		return;
	}
	one.label = hg_arena_str(examples->arena, label);
	one.text = hg_arena_str(examples->arena, text);
	examples->bytes += strlen(text);
	g_array_append_val(examples->list, one);
}

static void add_json(struct lines *l, const char *line)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(json_object) object = hg_json_parse(line, strlen(line), NULL, &error);
	const char *label = hg_json_str(object, "label"), *text = hg_json_str(object, "text");

	if (!object)
		wrong(l, 0, "a line that begins with { is JSON", error->message);
	else if (!label || !text)
		wrong(l, 0, "{\"label\": \"refund\", \"text\": \"I want my money back\"}", "a label and a text are wanted");
	else
		add(l, label, text);
}

static void add_tabbed(struct lines *l, char *line)
{
	char *tab = strchr(line, '\t');

	if (!tab) {
		wrong(l, 0, "refund<TAB>I want my money back", "there is no tab between the intent and what was written");
		return;
	}
	*tab = '\0';
	if (!*g_strstrip(tab + 1))
		wrong(l, 0, NULL, "there is nothing behind the tab");
	else
		add(l, g_strchomp(line), tab + 1);
}

static void add_line(struct lines *l, char *line)
{
	if (!g_utf8_validate(line, -1, NULL))
		wrong(l, 0, "iconv -f latin1 -t utf-8", "this line is not UTF-8");
	else if (*line == '{')
		add_json(l, line);
	else if (*line != '#' && line[strspn(line, " \t\r")])
		add_tabbed(l, line);
}

gboolean hg_examples_take(hg_examples *examples, const char *name, const char *bytes, gsize len, hg_diag *diag)
{
	struct lines l = { .examples = examples, .diag = diag, .fine = TRUE };
	const char *at = bytes, *end = bytes + len;

	l.place.file = hg_arena_str(examples->arena, name);
	if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (at < end && examples->list->len <= HG_INTENT_EXAMPLES_MAX) {
		const char *newline = memchr(at, '\n', (gsize)(end - at)) ?: end;
		g_autofree char *line = g_strndup(at, (gsize)(newline - at));

		l.place.line++;
		if (memchr(at, '\0', (gsize)(newline - at)))
			wrong(&l, 0, NULL, "there is a NUL in this line");
		else
			add_line(&l, line);
		at = newline + 1;
		if (examples->bytes > HG_INTENT_BYTES_MAX) {
			wrong(&l, 0, NULL, "all examples have more than 64 MiB");
			break;
		}
	}
	return l.fine;
}

gboolean hg_examples_read(hg_examples *examples, const char *path, hg_diag *diag)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) text = hg_intent_slurp(path, &error);
	struct hg_place place = { path, 0, 0 };

	if (text)
		return hg_examples_take(examples, path, text->str, text->len, diag);
	hg_diag_add(diag, HG_SEV_ERROR, &place, NULL, "cannot read it: %s", error->message);	/* analyser: NULL comes with an error */
	return FALSE;
}

/* ---- before they are learned from ---- */

static int by_label_and_text(const void *a, const void *b)
{
	const struct hg_example *one = a, *other = b;
	int order = strcmp(one->label, other->label);

	return order ? order : strcmp(one->text, other->text);
}

static void drop_repeated(hg_examples *examples)
{
	struct hg_example *list = (struct hg_example *)(void *)examples->list->data;
	guint n = 0;

	for (guint i = 0; i < examples->list->len; i++)
		if (!n || by_label_and_text(&list[n - 1], &list[i]) != 0)
			list[n++] = list[i];
	examples->dropped += examples->list->len - n;
	g_array_set_size(examples->list, n);
}

static void warn_contradictions(const hg_examples *examples, hg_diag *diag)
{
	g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);

	for (guint i = 0; i < examples->list->len; i++) {
		const struct hg_example *one = hg_examples_at(examples, i), *other = g_hash_table_lookup(seen, one->text);
		struct hg_place place = { one->file, (int)one->line, 0 };

		if (!other)
			g_hash_table_insert(seen, (char *)one->text, (void *)one);
		else
			hg_diag_add(diag, HG_SEV_WARNING, &place, NULL, "the same text is %s here and %s in %s:%u",
				    one->label, other->label, other->file, other->line);
	}
}

static gboolean check_enough(const hg_examples *examples, hg_diag *diag)
{
	static const struct hg_place nowhere = { .file = NULL };
	guint labels = 0, of_label = 0;
	gboolean fine = TRUE;

	for (guint i = 0; i < examples->list->len; i++) {
		const struct hg_example *one = hg_examples_at(examples, i);
		gboolean last = i + 1 == examples->list->len || strcmp(hg_examples_at(examples, i + 1)->label, one->label) != 0;

		of_label++;
		if (!last)
			continue;
		labels++;
		if (of_label < 2) {
			hg_diag_add(diag, HG_SEV_ERROR, &(struct hg_place){ one->file, (int)one->line, 0 },
				    "20 are a beginning, 50 are good", "'%s' has one example only", one->label);
			fine = FALSE;
		}
		of_label = 0;
	}
	if (labels >= 2 && labels <= HG_INTENT_LABELS_MAX)
		return fine;
	hg_diag_add(diag, HG_SEV_ERROR, &nowhere, NULL, "examples of 2 to %d intents are wanted, here are those of %u",
		    HG_INTENT_LABELS_MAX, labels);
	return FALSE;
}

gboolean hg_examples_settle(hg_examples *examples, hg_diag *diag)
{
	g_array_sort(examples->list, by_label_and_text);
	drop_repeated(examples);
	warn_contradictions(examples, diag);
	return check_enough(examples, diag);
}
