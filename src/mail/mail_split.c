/* mail_split.c - a mail's parts, found in one pass over its lines */
#include "mail_split.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail_words.h"

#define BOUNDARY_MAX 998	/* RFC 2046 allows 70 */
#define GUESS_WITHIN 65536	/* bytes in which a boundary nobody declared is looked for */

struct level {			/* an open multipart */
	int part;
	const char *boundary;
	gsize len;
	gboolean ended;		/* its last boundary was read: what follows is nobody's */
};

struct splitter {
	hg_arena *arena;
	const char *hint, *end;
	GArray *parts;
	struct level levels[HG_DEPTH_MAX];
	guint depth;
	int open;		/* the part whose body is being read; -1: none */
	struct hg_mail_parts *ret;
};

static struct hg_mail_part *part_at(struct splitter *s, int i)
{
	return &g_array_index(s->parts, struct hg_mail_part, i);
}

/* ---- what a header says of a part ---- */

static gboolean is_token(const char *p, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (p[i] <= ' ' || p[i] >= 0x7f || strchr("()<>@,;:\\\"/[]?=", p[i]))
			return FALSE;
	return len > 0;
}

/* "type/subtype", or what stands for a type that is none (RFC 2045 section 5.2). */
static const char *valid_type(struct splitter *s, const struct hg_mail_part *part)
{
	const char *type = part->params.first, *slash = strchr(type, '/');
	gboolean file = hg_params_get(&part->params, "name") || hg_params_get(&part->disposition, "filename") ||
			!strcmp(part->disposition.first, "attachment");

	if (slash && is_token(type, (gsize)(slash - type)) && is_token(slash + 1, strlen(slash + 1)))
		return type;
	if (!strcmp(type, "html"))
		return "text/html";
	if (part->parent >= 0 && !*type && !strcmp(part_at(s, part->parent)->type, "multipart/digest"))
		return "message/rfc822";
	if (!strcmp(type, "multipart"))
		return "multipart/mixed";
	return file && *type && strcmp(type, "text") ? "application/octet-stream" : "text/plain";
}

static void read_head(struct splitter *s, struct hg_mail_part *part)
{
	hg_params_read(s->arena, hg_head_get(&part->head, "Content-Type"), s->hint, &part->params);
	hg_params_read(s->arena, hg_head_get(&part->head, "Content-Disposition"), s->hint, &part->disposition);
	part->encoding = hg_field_token(s->arena, hg_head_get(&part->head, "Content-Transfer-Encoding"));
	part->type = valid_type(s, part);
	part->body = part->head.body;
	part->len = part->head.body_len;
}

/* A line "--x" with a part's header below it: somebody's boundary. */
static const char *guess_boundary(struct splitter *s, const struct hg_mail_part *part)
{
	const char *end = part->body + MIN(part->len, GUESS_WITHIN);

	for (const char *p = part->body, *next; p < end; p = next) {
		const char *stop = hg_line_end(p, end, &next);

		if (stop - p > 2 && stop - p < BOUNDARY_MAX && !memcmp(p, "--", 2) && end - next > 8 &&
		    !g_ascii_strncasecmp(next, "content-", 8)) {
			s->ret->guessed = TRUE;
			return hg_arena_mem(s->arena, p + 2, (gsize)(stop - p - 2));
		}
	}
	return NULL;
}

/* Opens a multipart; one that cannot be opened is a text of what stands in it. */
static void open_part(struct splitter *s, int i)
{
	struct hg_mail_part *part = part_at(s, i);
	char *boundary;
	gsize len;

	s->open = i;
	if (strncmp(part->type, "multipart/", 10))
		return;
	boundary = (char *)hg_params_get(&part->params, "boundary");
	/* Only for the mail itself: a look through all of it for each part would not be linear. */
	if (boundary && *boundary && i == 0) {
		g_autofree char *line = g_strconcat("--", boundary, NULL);

		if (!memmem(part->body, part->len, line, strlen(line)))
			boundary = NULL;
	}
	if (!boundary || !*boundary)
		boundary = (char *)guess_boundary(s, part);
	len = boundary ? strlen(boundary) : 0;
	while (len && g_ascii_isspace(boundary[len - 1]))
		len--;
	if (!len || len > BOUNDARY_MAX)
		return;
	if (s->depth == HG_DEPTH_MAX) {
		s->ret->too_deep = TRUE;
		part->type = "application/octet-stream";
		return;
	}
	part->multipart = TRUE;
	s->open = -1;
	s->levels[s->depth++] = (struct level){ .part = i, .boundary = boundary, .len = len };
}

/* ---- lines ---- */

/* The innermost open multipart whose boundary the line is, one that has ended only when no other is; -1: none. */
static int level_of(struct splitter *s, const char *p, const char *stop, gboolean *ret_last)
{
	int ended = -1;

	for (guint i = s->depth; i-- > 0;) {
		const struct level *level = &s->levels[i];
		const char *rest = p + 2 + level->len;

		if ((gsize)(stop - p) < level->len + 2 || memcmp(p + 2, level->boundary, level->len))
			continue;
		*ret_last = stop - rest >= 2 && rest[0] == '-' && rest[1] == '-';
		if (*ret_last)
			rest += 2;
		while (rest < stop && (*rest == ' ' || *rest == '\t'))
			rest++;
		if (rest == stop && !level->ended)
			return (int)i;
		if (rest == stop && ended < 0)
			ended = (int)i;
	}
	return ended;
}

/* The line break before a boundary belongs to it (RFC 2046 section 5.1.1). */
static void close_part(struct splitter *s, int i, const char *p)
{
	struct hg_mail_part *part = part_at(s, i);

	if (p < part->body)
		p = part->body;
	if (p > part->body && p[-1] == '\n')
		p--;
	if (p > part->body && p[-1] == '\r')
		p--;
	part->len = (gsize)(p - part->body);
}

static void close_open(struct splitter *s, const char *p)
{
	if (s->open >= 0)
		close_part(s, s->open, p);
	s->open = -1;
}

static void close_levels(struct splitter *s, guint down_to, const char *p)
{
	while (s->depth > down_to) {
		const struct level *level = &s->levels[--s->depth];

		close_part(s, level->part, p);
		if (!level->ended)
			s->ret->unclosed = TRUE;
	}
}

/* A new part of the level's multipart, from the line behind its boundary on; returns where its body begins. */
static const char *begin_part(struct splitter *s, const char *p)
{
	struct hg_mail_part part = { .parent = s->levels[s->depth - 1].part, .depth = s->depth };

	hg_head_scan(s->arena, p, (gsize)(s->end - p), HG_PART_HEAD_MAX, FALSE, &part.head);
	read_head(s, &part);
	part_at(s, part.parent)->children++;
	g_array_append_val(s->parts, part);
	open_part(s, (int)s->parts->len - 1);
	return part.body;
}

static gboolean header_hides_boundary(struct splitter *s, const char *p)
{
	const char *unused, *stop = hg_line_end(p, s->end, &unused);
	gboolean last;

	return stop - p >= 2 && !memcmp(p, "--", 2) && level_of(s, p, stop, &last) >= 0;
}

static const char *take_boundary(struct splitter *s, guint level, gboolean last, const char *p, const char *next)
{
	close_open(s, p);
	close_levels(s, level + 1, p);
	if (last) {
		s->levels[level].ended = TRUE;
		return next;
	}
	if (s->parts->len >= HG_PARTS_MAX) {
		s->ret->too_many = TRUE;
		return s->end;
	}
	if (next >= s->end || header_hides_boundary(s, next))
		return next;		/* nothing stands between two boundaries */
	return begin_part(s, next);
}

static void split_lines(struct splitter *s, const char *p)
{
	while (p < s->end && s->depth) {
		const char *next, *stop;
		gboolean last;
		int level = -1;

		if (*p == '-' && s->end - p > 2 && p[1] == '-') {
			stop = hg_line_end(p, s->end, &next);
			level = level_of(s, p, stop, &last);
		} else {
			next = memchr(p, '\n', (gsize)(s->end - p));
			next = next ? next + 1 : s->end;
		}
		p = level >= 0 ? take_boundary(s, (guint)level, last, p, next) : next;
	}
}

/* A multipart in which no part begins is a text: what stands in it is all there is. */
static void mend_empty(struct splitter *s)
{
	for (guint i = 0; i < s->parts->len; i++) {
		struct hg_mail_part *part = part_at(s, (int)i);

		if (!strncmp(part->type, "multipart/", 10) && !part->children) {
			part->multipart = FALSE;
			part->type = "text/plain";
			s->ret->unclosed = TRUE;
		}
	}
}

void hg_split(hg_arena *arena, const struct hg_head *head, const char *hint, struct hg_mail_parts *ret)
{
	struct splitter s = { .arena = arena, .hint = hint, .end = head->body + head->body_len, .open = -1, .ret = ret,
			      .parts = g_array_new(FALSE, TRUE, sizeof(struct hg_mail_part)) };
	struct hg_mail_part root = { .head = *head, .parent = -1 };

	memset(ret, 0, sizeof(*ret));
	read_head(&s, &root);
	g_array_append_val(s.parts, root);
	open_part(&s, 0);
	split_lines(&s, head->body);
	if (s.open > 0)
		part_at(&s, s.open)->len = (gsize)(s.end - part_at(&s, s.open)->body);
	close_levels(&s, 0, s.end);
	mend_empty(&s);
	ret->n = s.parts->len;
	ret->of = hg_arena_mem(arena, s.parts->data, ret->n * sizeof(struct hg_mail_part));
	g_array_free(s.parts, TRUE);
}

int hg_part_next(const struct hg_mail_parts *parts, int parent, int after)
{
	guint depth = parts->of[parent].depth;

	for (gsize i = (gsize)(after < 0 ? parent : after) + 1; i < parts->n && parts->of[i].depth > depth; i++)
		if (parts->of[i].parent == parent)
			return (int)i;
	return -1;
}

/* ---- transfer encodings ---- */

static GMimeContentEncoding encoding_of(const char *name)
{
	if (strstr(name, "base64"))
		return GMIME_CONTENT_ENCODING_BASE64;
	if (strstr(name, "quoted"))
		return GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE;
	if (strstr(name, "uue") || strstr(name, "uuencode"))
		return GMIME_CONTENT_ENCODING_UUENCODE;
	return GMIME_CONTENT_ENCODING_DEFAULT;
}

/* Lists put a footer below what is encoded: where base64 ends and other lines begin. */
static gsize base64_len(const char *bytes, gsize len)
{
	const char *end = bytes + len;
	gboolean padded = FALSE;

	for (const char *p = bytes, *next; p < end; p = next) {
		const char *stop = hg_line_end(p, end, &next);

		if (padded && stop > p)
			return (gsize)(p - bytes);
		padded |= stop > p && stop[-1] == '=';
	}
	return len;
}

/* Declared base64, but words with spaces between them. */
static gboolean is_no_base64(const char *bytes, gsize len)
{
	gsize others = 0, n = MIN(len, 4096);

	for (gsize i = 0; i < n; i++)
		others += !g_ascii_isalnum(bytes[i]) && !memchr("+/=\r\n", bytes[i], 5);
	return others > 2 + n / 20;
}

const char *hg_part_bytes(hg_arena *arena, const struct hg_mail_part *part, gsize *ret_len)
{
	GMimeContentEncoding encoding = encoding_of(part->encoding);
	gsize len = part->len, made, space, rest = 0;
	GMimeFilter *filter;
	char *out, *copy;

	*ret_len = len;
	if (encoding == GMIME_CONTENT_ENCODING_DEFAULT || !len)
		return part->body;
	if (encoding == GMIME_CONTENT_ENCODING_BASE64 && !strncmp(part->type, "text/", 5)) {
		len = base64_len(part->body, len);
		rest = part->len - len;
		if (is_no_base64(part->body, len))
			return part->body;
	}
	filter = g_mime_filter_basic_new(encoding, FALSE);
	g_mime_filter_complete(filter, (char *)part->body, len, 0, &out, &made, &space);
	copy = hg_arena_alloc(arena, made + rest + 2);
	if (made)
		memcpy(copy, out, made);
	if (rest && made && copy[made - 1] != '\n')
		copy[made++] = '\n';
	if (rest)
		memcpy(copy + made, part->body + len, rest);
	g_object_unref(filter);
	*ret_len = made + rest;
	return copy;
}
