/* http_multipart.c - the fields of a multipart/form-data body (RFC 7578) that are no files */
#include <string.h>

#include "http_forms.h"

#define PARTS_MAX 1000
#define HEAD_MAX  4096		/* bytes of a part's head */

struct parts {
	const char *at, *end;
	char *mark;		/* ours: "--boundary" */
	gsize mark_len;
};

/* The next mark from at; NULL: there is none. */
static const char *find(const struct parts *p, const char *at)
{
	return at < p->end ? memmem(at, (gsize)(p->end - at), p->mark, p->mark_len) : NULL;
}

/* Of "Content-Disposition: form-data; name=..." in a part's head; yours, or NULL. */
static char *disposition(const char *head, gsize len)
{
	static const char name[] = "content-disposition:";
	g_autofree char *text = g_strndup(head, MIN(len, HEAD_MAX));
	g_auto(GStrv) lines = g_strsplit(text, "\r\n", 20);

	for (char **line = lines; *line; line++)
		if (g_ascii_strncasecmp(*line, name, strlen(name)) == 0)
			return g_strdup(*line + strlen(name));
	return NULL;
}

static void take_part(struct json_object *map, const char *charset, const char *part, gsize len)
{
	const char *body = memmem(part, MIN(len, HEAD_MAX), "\r\n\r\n", 4);
	g_autofree char *said = body ? disposition(part, (gsize)(body - part)) : NULL;
	g_autofree char *name = said ? ht_type_param(said, "name") : NULL;
	g_autofree char *file = said ? ht_type_param(said, "filename") : NULL, *text = NULL;
	gsize text_len;

	if (!name || file)
		return;
	body += 4;
	text = ht_utf8(charset, body, len - (gsize)(body - part), &text_len);
	ht_add(map, name, json_object_new_string_len(text, (int)text_len));
}

/* Moves behind a mark; FALSE: it was the last one. */
static gboolean pass_mark(struct parts *p, const char *mark)
{
	p->at = mark + p->mark_len;
	return p->end - p->at >= 2 && memcmp(p->at, "--", 2) != 0;
}

static struct json_object *read_parts(struct parts *p, const char *charset, struct hg_err *err)
{
	struct json_object *map = json_object_new_object();
	const char *mark = find(p, p->at);

	for (guint n = 0; mark && pass_mark(p, mark); n++) {
		const char *part = p->at;

		mark = find(p, part);
		if (!mark || n >= PARTS_MAX) {
			json_object_put(map);
			return ht_refuse(err, HG_ERR_INPUT, mark ? "it has more than 1000 parts" : "its last part has no end");
		}
		/* The line end before a mark belongs to the mark (RFC 2046 section 5.1.1). */
		if (mark - part >= 2)
			take_part(map, charset, part, (gsize)(mark - part - 2));
	}
	return map;
}

struct json_object *ht_multipart_tree(const char *charset, const char *content_type, const char *bytes, gsize len,
				      struct hg_err *err)
{
	g_autofree char *boundary = ht_type_param(content_type, "boundary"), *mark = NULL;
	struct parts p = { .at = bytes, .end = bytes + len };

	if (!boundary || !*boundary || strlen(boundary) > 70)
		return ht_refuse(err, HG_ERR_INPUT, "its Content-Type names no boundary of 1 to 70 characters");
	mark = g_strconcat("--", boundary, NULL);
	p.mark = mark;
	p.mark_len = strlen(mark);
	return read_parts(&p, charset, err);
}
