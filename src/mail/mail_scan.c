/* mail_scan.c - the header of a mail or of a part as fields, from any bytes */
#include "mail_scan.h"

#include <string.h>

const char *hg_line_end(const char *p, const char *end, const char **ret_next)
{
	const char *stop = memchr(p, '\n', (gsize)(end - p));

	*ret_next = stop ? stop + 1 : end;
	if (!stop)
		stop = end;
	while (stop > p && stop[-1] == '\r')
		stop--;
	return stop;
}

/* How long the name of the field is that a line begins with; 0: it begins none (RFC 5322 section 2.2, and white
 * space before the colon as RFC 5322 section 4.5 remembers it). */
static gsize field_name(const char *p, const char *end)
{
	gsize name = 0, space;

	while (p + name < end && p[name] > ' ' && p[name] < 0x7f && p[name] != ':')
		name++;
	for (space = name; p + space < end && (p[space] == ' ' || p[space] == '\t');)
		space++;
	return p + space < end && p[space] == ':' ? name : 0;
}

/* Names that say that a line belongs to a mail's header and not to somebody's sentence. */
static gboolean is_known(const char *name, gsize len)
{
	static const char *const known[] = {
		"from", "to", "cc", "subject", "date", "received", "message-id", "mime-version", "content-type", "return-path",
		"delivered-to", "reply-to", "sender", "in-reply-to", "references", "content-transfer-encoding", "dkim-signature",
	};

	for (gsize i = 0; i < G_N_ELEMENTS(known); i++)
		if (strlen(known[i]) == len && !g_ascii_strncasecmp(name, known[i], len))
			return TRUE;
	return FALSE;
}

/* Where the last line with a known name before the first empty one begins; NULL: there is none. */
static const char *last_known(const char *p, const char *end)
{
	const char *last = NULL;

	for (const char *next; p < end; p = next) {
		const char *stop = hg_line_end(p, end, &next);
		gsize name = field_name(p, stop);

		if (stop == p)
			break;
		if (name && is_known(p, name))
			last = p;
	}
	return last;
}

/* What programs put before a mail: a byte order mark, an mbox line, empty lines. */
static const char *skip_front(const char *p, const char *end)
{
	const char *start, *next;

	if (end - p >= 3 && !memcmp(p, "\xef\xbb\xbf", 3))
		p += 3;
	start = p;
	while (p < end && (*p == '\r' || *p == '\n'))
		p++;
	if (p > start && (p == end || last_known(p, end) == NULL))
		return start;		/* an empty header is one */
	if ((end - p >= 5 && !memcmp(p, "From ", 5)) || (end - p >= 6 && !memcmp(p, ">From ", 6))) {
		const char *stop = hg_line_end(p, end, &next);

		if (!field_name(p, stop))
			p = next;
	}
	return p;
}

struct scan {
	const char *end;
	const char *known;		/* last_known() of the first line that was no field */
	gboolean asked;			/* known was looked for */
	GArray *fields;
	struct hg_head *head;
};

static gboolean is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The field that a line begins, with the lines that continue it.  A line of white space continues it only where
 * more of the header follows. */
static const char *take_field(struct scan *scan, const char *p, gsize name)
{
	const char *next, *stop = hg_line_end(p, scan->end, &next), *value = p + name;
	struct hg_field field = { .name = p, .name_len = name };

	while (*value++ != ':')
		;
	while (next < scan->end && (*next == ' ' || *next == '\t')) {
		const char *after, *fold = hg_line_end(next, scan->end, &after), *c = next;

		while (c < fold && (*c == ' ' || *c == '\t'))
			c++;
		if (c == fold) {
			const char *unused, *following = hg_line_end(after, scan->end, &unused);

			if (after == scan->end || (*after != ' ' && *after != '\t' && !field_name(after, following)))
				break;
		}
		stop = fold;
		next = after;
	}
	while (value < stop && is_space(*value))
		value++;
	while (stop > value && is_space(stop[-1]))
		stop--;
	field.value = value;
	field.len = (gsize)(stop - value);
	g_array_append_val(scan->fields, field);
	return next;
}

/* One line; returns the next, or NULL: the header ends, and *ret_body is where the body begins. */
static const char *take_line(struct scan *scan, const char *p, const char **ret_body)
{
	const char *next, *stop = hg_line_end(p, scan->end, &next), *c = p;
	gsize name = field_name(p, stop);

	while (c < stop && (*c == ' ' || *c == '\t'))
		c++;
	if (c == stop) {
		*ret_body = next;
		return NULL;
	}
	if (name)
		return take_field(scan, p, name);
	/* A line that is none of a header: rubbish in it, or the body of a mail without an empty line. */
	scan->head->junk = TRUE;
	if (!scan->asked) {
		scan->known = last_known(p, scan->end);
		scan->asked = TRUE;
	}
	if (scan->known && p < scan->known)
		return next;
	*ret_body = p;
	return NULL;
}

/* Behind a header that is too long: its end is looked for, its fields are not. */
static const char *skip_rest(const char *p, const char *end)
{
	for (const char *next; p < end; p = next)
		if (hg_line_end(p, end, &next) == p)
			return next;
	return end;
}

void hg_head_scan(hg_arena *arena, const char *bytes, gsize len, gsize most, gboolean top, struct hg_head *ret)
{
	const char *end = bytes + len, *start = top ? skip_front(bytes, end) : bytes, *p = start, *body = end;
	struct scan scan = { .end = end, .head = ret,
			     .fields = g_array_new(FALSE, FALSE, sizeof(struct hg_field)),
			     .asked = !top };	/* in a part, such a line may be a boundary */

	memset(ret, 0, sizeof(*ret));
	while (p && p < end) {
		if ((gsize)(p - bytes) > most) {
			ret->cut = TRUE;
			body = top ? skip_rest(p, end) : p;
			break;
		}
		p = take_line(&scan, p, &body);
	}
	if (top && !scan.fields->len && body > start &&
	    !(*start == '\r' || *start == '\n')) {	/* analyser: what is longer than nothing is there */
		ret->junk = TRUE;
		body = start;
	}
	ret->n = scan.fields->len;
	ret->of = hg_arena_mem(arena, scan.fields->data, ret->n * sizeof(struct hg_field));
	ret->body = body;
	ret->body_len = (gsize)(end - body);
	g_array_free(scan.fields, TRUE);
}

const struct hg_field *hg_head_next(const struct hg_head *head, const char *name, const struct hg_field *after)
{
	gsize len = strlen(name);

	for (const struct hg_field *f = after ? after + 1 : head->of; f < head->of + head->n; f++)
		if (f->name_len == len && !g_ascii_strncasecmp(f->name, name, len))
			return f;
	return NULL;
}

gsize hg_head_count(const struct hg_head *head, const char *name)
{
	gsize n = 0;

	for (const struct hg_field *f = hg_head_get(head, name); f; f = hg_head_next(head, name, f))
		n++;
	return n;
}
