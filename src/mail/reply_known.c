/* reply_known.c - what we ourselves sent, found again in an answer, in whatever language and however it was wrapped
 *
 * Only letters and digits count.  A line is ours when each stretch of PIECE of its letters stands in a text we sent,
 * so that other line breaks, ">" and list marks make no difference. */
#include "reply_lines.h"

#include <string.h>

#define PIECE	  12		/* letters */
#define KNOWN_MAX (128 * 1024)	/* letters of all that we sent, the newest first */
#define RUN_MIN	  24		/* letters of lines that are taken for ours, in one of them or several */
#define BASE	  1099511628211u

struct known {
	guint64 *slots;		/* ours; 0: free */
	gsize mask, taken;
};

static gboolean find(const struct known *known, guint64 hash, gsize *ret_slot)
{
	gsize slot = (hash ^ hash >> 29) & known->mask;

	hash |= !hash;
	while (known->slots[slot] && known->slots[slot] != hash)
		slot = (slot + 1) & known->mask;
	*ret_slot = slot;
	return known->slots[slot] != 0;
}

static void put(struct known *known, guint64 hash)
{
	gsize slot;

	if (!find(known, hash, &slot))
		known->slots[slot] = hash | !hash;
}

static void letters_of(const char *text, gsize len, GArray *out)
{
	g_array_set_size(out, 0);
	for (const char *p = text, *end = text + len; p < end; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (!g_unichar_isalnum(c))
			continue;
		c = g_unichar_tolower(c);
		g_array_append_val(out, c);
	}
}

static guint64 power(void)
{
	guint64 power = 1;

	for (guint i = 0; i < PIECE; i++)
		power *= BASE;
	return power;
}

/* Each stretch of PIECE letters; or all of them together when there are fewer. */
static gboolean each_piece(const GArray *letters, gboolean (*fn)(struct known *known, guint64 hash), struct known *known)
{
	const guint64 out = power();
	guint64 hash = 0;

	for (guint i = 0; i < letters->len; i++) {
		hash = hash * BASE + g_array_index(letters, gunichar, i);
		if (i >= PIECE)
			hash -= out * g_array_index(letters, gunichar, i - PIECE);
		if (i + 1 >= PIECE && !fn(known, hash))
			return FALSE;
	}
	return letters->len >= PIECE || fn(known, ~hash);
}

static gboolean put_piece(struct known *known, guint64 hash)
{
	put(known, hash);
	return TRUE;
}

static gboolean has_piece(struct known *known, guint64 hash)
{
	gsize slot;

	return find(known, hash, &slot);
}

static gsize next_break(const char *text)
{
	return strcspn(text, "\n");
}

/* Lines by themselves for those that are short, and the whole for those that were wrapped otherwise. */
static void learn(struct known *known, const char *text, GArray *letters)
{
	letters_of(text, strlen(text), letters);
	if (known->taken + letters->len > KNOWN_MAX)
		g_array_set_size(letters, (guint)(KNOWN_MAX - known->taken));
	known->taken += letters->len;
	if (letters->len >= PIECE)
		each_piece(letters, put_piece, known);
	for (const char *p = text; *p; p += next_break(p), p += *p == '\n') {
		letters_of(p, next_break(p), letters);
		if (letters->len && letters->len < PIECE && known->taken < KNOWN_MAX) {
			each_piece(letters, put_piece, known);
			known->taken++;
		}
	}
}

static void known_init(struct known *known, const char *const *texts, GArray *letters)
{
	gsize bytes = 0, size = 1024;

	for (guint i = 0; texts[i] && bytes < KNOWN_MAX; i++)
		bytes += strlen(texts[i]);
	while (size < MIN(bytes, KNOWN_MAX) * 4)
		size *= 2;
	*known = (struct known){ .slots = g_new0(guint64, size), .mask = size - 1 };
	for (guint i = 0; texts[i] && known->taken < KNOWN_MAX; i++)
		learn(known, texts[i], letters);
}

/* Of the lines from..to, which are ours, empty or too short to tell. */
struct run {
	gsize from, to;
	guint letters, lines, longest;
};

static void end_run(struct reply *reply, struct run *run)
{
	if (run->lines && run->letters >= RUN_MIN && run->longest >= PIECE) {
		for (gsize i = run->from; i < run->to; i++) {
			if (reply->lines[i].kind == REPLY_TEXT)
				reply->lines[i].kind = REPLY_QUOTE;
		}
		reply->sure = TRUE;
	}
	*run = (struct run){ .from = 0 };
}

void reply_mark_known(struct reply *reply, const char *const *texts)
{
	g_autoptr(GArray) letters = g_array_new(FALSE, FALSE, sizeof(gunichar));
	struct run run = { .from = 0 };
	struct known known;

	if (!texts || !texts[0])
		return;
	known_init(&known, texts, letters);
	for (gsize i = 0; i < reply->n; i++) {
		const struct reply_line *line = &reply->lines[i];

		if (line->kind == REPLY_EMPTY)
			continue;
		letters_of(line->at, MIN(line->len, REPLY_LINE_MAX * 20), letters);
		if (!letters->len)
			continue;
		if (!each_piece(letters, has_piece, &known)) {
			end_run(reply, &run);
			continue;
		}
		run.from = run.lines ? run.from : i;
		run.to = i + 1;
		run.lines++;
		run.letters += letters->len;
		run.longest = MAX(run.longest, letters->len);
	}
	end_run(reply, &run);
	g_free(known.slots);
}
