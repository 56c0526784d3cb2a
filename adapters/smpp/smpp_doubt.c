/* smpp_doubt.c - is this deliver_sm one that we had already? */
#include "smpp_doubt.h"

#include <string.h>

#define SLOW_MS	   10000	/* so long without our answer, and an operator may send it again on the same connection */
#define DOUBTS_MAX 2000		/* the oldest go first */

void smpp_doubts_init(struct smpp_doubts *doubts)
{
	doubts->all = g_array_new(FALSE, TRUE, sizeof(struct smpp_doubt));
}

void smpp_doubts_done(struct smpp_doubts *doubts)
{
	g_array_unref(doubts->all);
}

static struct smpp_doubt *at(const struct smpp_doubts *doubts, guint i)
{
	return &g_array_index(doubts->all, struct smpp_doubt, i);
}

static gboolean came_on(const struct smpp_doubt *doubt, guint bind, guint generation)
{
	return doubt->state != SMPP_DOUBTFUL && doubt->bind == bind && doubt->generation == generation;
}

static gboolean is_again(const struct smpp_doubt *had, const struct smpp_doubt *seen)
{
	if (had->hash != seen->hash)
		return FALSE;
	if (had->state == SMPP_DOUBTFUL)
		return TRUE;
	if (came_on(had, seen->bind, seen->generation) && had->sequence == seen->sequence)
		return TRUE;
	return had->state == SMPP_UNSTORED && seen->since_ms - had->since_ms >= SLOW_MS;
}

static void key_of(const struct smpp_doubt *doubt, char ret_key[SMPP_KEY_SIZE])
{
	g_snprintf(ret_key, SMPP_KEY_SIZE, "%016" G_GINT64_MODIFIER "x%" G_GINT64_MODIFIER "x", doubt->hash,
		   (guint64)doubt->first_ms);
}

void smpp_doubt_begin(struct smpp_doubts *doubts, const struct smpp_doubt *seen, gint64 now_ms, char ret_key[SMPP_KEY_SIZE])
{
	struct smpp_doubt mine = *seen;

	doubts->dirty = TRUE;
	mine.state = SMPP_UNSTORED;
	mine.first_ms = doubts->last_ms = MAX(now_ms, doubts->last_ms + 1);
	for (guint i = 0; i < doubts->all->len; i++) {
		if (!is_again(at(doubts, i), seen))
			continue;
		mine.first_ms = at(doubts, i)->first_ms;
		*at(doubts, i) = mine;
		key_of(&mine, ret_key);
		return;
	}
	if (doubts->all->len >= DOUBTS_MAX)
		g_array_remove_index(doubts->all, 0);
	g_array_append_val(doubts->all, mine);
	key_of(&mine, ret_key);
}

static struct smpp_doubt *find(struct smpp_doubts *doubts, guint bind, guint generation, guint32 sequence, guint *ret_i)
{
	for (guint i = 0; i < doubts->all->len; i++) {
		struct smpp_doubt *doubt = at(doubts, i);

		if (doubt->bind != bind || doubt->generation != generation || doubt->sequence != sequence)
			continue;
		*ret_i = i;
		return doubt;
	}
	return NULL;
}

void smpp_doubt_answered(struct smpp_doubts *doubts, guint bind, guint generation, guint32 sequence, guint32 mark)
{
	guint i;
	struct smpp_doubt *doubt = find(doubts, bind, generation, sequence, &i);

	if (!doubt || doubt->state != SMPP_UNSTORED)
		return;
	doubt->state = SMPP_ANSWERED;
	doubt->mark = mark;
}

void smpp_doubt_refused(struct smpp_doubts *doubts, guint bind, guint generation, guint32 sequence)
{
	guint i;

	if (find(doubts, bind, generation, sequence, &i))
		g_array_remove_index(doubts->all, i);
}

/* Keeps those that want() wants, in one pass. */
static void sift(struct smpp_doubts *doubts, gboolean (*want)(const struct smpp_doubt *, const void *), const void *arg)
{
	guint kept = 0;

	for (guint i = 0; i < doubts->all->len; i++)
		if (want(at(doubts, i), arg))
			*at(doubts, kept++) = *at(doubts, i);
	g_array_set_size(doubts->all, kept);
}

static gboolean is_open(const struct smpp_doubt *doubt, const void *arg)
{
	const struct smpp_doubt *proof = arg;

	/* Numbers are not used up within what one connection keeps open. */
	return !(doubt->state == SMPP_ANSWERED && came_on(doubt, proof->bind, proof->generation) &&
		 doubt->mark < proof->mark);
}

guint smpp_doubt_proven(struct smpp_doubts *doubts, guint bind, guint generation, guint32 number)
{
	struct smpp_doubt proof = { .bind = bind, .generation = generation, .mark = number };

	if (doubts->all->len)
		sift(doubts, is_open, &proof);
	return smpp_doubt_open(doubts, bind, generation);
}

guint smpp_doubt_open(const struct smpp_doubts *doubts, guint bind, guint generation)
{
	guint n = 0;

	for (guint i = 0; i < doubts->all->len; i++)
		n += at(doubts, i)->state == SMPP_ANSWERED && came_on(at(doubts, i), bind, generation);
	return n;
}

void smpp_doubt_broken(struct smpp_doubts *doubts, guint bind, guint generation)
{
	for (guint i = 0; i < doubts->all->len; i++)
		if (came_on(at(doubts, i), bind, generation))
			at(doubts, i)->state = SMPP_DOUBTFUL;
}

static gboolean is_young(const struct smpp_doubt *doubt, const void *before_ms)
{
	return doubt->state != SMPP_DOUBTFUL || doubt->first_ms >= *(const gint64 *)before_ms;
}

void smpp_doubt_expire(struct smpp_doubts *doubts, gint64 before_ms)
{
	if (doubts->all->len)
		sift(doubts, is_young, &before_ms);
}

/* ---- kept with the messages ---- */

#define ROOM 19		/* 8 bytes of hash and 6 of time, in base64 and without its padding */

char *smpp_doubts_cursor(const struct smpp_doubts *doubts)
{
	guint n = MIN(doubts->all->len, SMPP_DOUBTS_KEPT);
	GString *out = g_string_sized_new(n * ROOM + 2);

	g_string_append_c(out, '-');		/* an empty cursor moves nothing */
	for (guint i = doubts->all->len - n; i < doubts->all->len; i++) {
		guint64 both[] = { GUINT64_TO_BE(at(doubts, i)->hash), GUINT64_TO_BE((guint64)at(doubts, i)->first_ms << 16) };
		g_autofree char *text = g_base64_encode((const guchar *)both, 14);

		g_string_append_len(out, text, ROOM);
	}
	return g_string_free(out, FALSE);
}

void smpp_doubts_read(struct smpp_doubts *doubts, const char *cursor)
{
	for (const char *text = *cursor == '-' ? cursor + 1 : ""; strlen(text) >= ROOM; text += ROOM) {
		g_autofree char *one = g_strdup_printf("%.*s=", ROOM, text);
		struct smpp_doubt doubt = { .state = SMPP_DOUBTFUL };
		guint64 both[2] = { 0, 0 };
		gsize len;
		g_autofree guchar *bytes = g_base64_decode(one, &len);

		if (len != 14)
			return;
		memcpy(both, bytes, len);
		doubt.hash = GUINT64_FROM_BE(both[0]);
		doubt.first_ms = (gint64)(GUINT64_FROM_BE(both[1]) >> 16);
		doubts->last_ms = MAX(doubts->last_ms, doubt.first_ms);
		g_array_append_val(doubts->all, doubt);
		if (doubts->all->len >= SMPP_DOUBTS_KEPT)
			return;
	}
}
