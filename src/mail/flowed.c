/* flowed.c - format=flowed unwrapped: RFC 3676, sections 4.1 to 4.5 */
#include "flowed.h"

#include <string.h>

struct flowed {
	GString *out;
	gboolean open;		/* the last line goes on in the next one */
	gsize depth;		/* of the last line */
};

static void take_line(struct flowed *flowed, const char *line, const char *end, gboolean delsp)
{
	gsize depth = 0;
	gboolean soft, signature;

	for (; line < end && *line == '>'; line++)
		depth++;
	if (line < end && *line == ' ')		/* stuffed; or what everybody writes behind a ">" */
		line++;
	signature = end - line == 3 && memcmp(line, "-- ", 3) == 0;
	soft = !signature && end > line && end[-1] == ' ';
	/* A change of depth ends a paragraph, and a signature's line begins one, whatever was before. */
	if (flowed->open && (depth != flowed->depth || signature)) {
		g_string_append_c(flowed->out, '\n');
		flowed->open = FALSE;
	}
	if (!flowed->open) {
		for (gsize i = 0; i < depth; i++)
			g_string_append_c(flowed->out, '>');
		if (depth && end > line)
			g_string_append_c(flowed->out, ' ');
	}
	g_string_append_len(flowed->out, line, end - line - (soft && delsp));
	if (!soft)
		g_string_append_c(flowed->out, '\n');
	flowed->open = soft;
	flowed->depth = depth;
}

char *hg_flowed_text(const char *text, gsize len, gboolean delsp)
{
	struct flowed flowed = { .out = g_string_sized_new(len + 1) };
	const char *end = text + len, *p = text;

	while (p < end) {
		const char *stop = memchr(p, '\n', (gsize)(end - p));

		take_line(&flowed, p, stop ? stop : end, delsp);
		p = stop ? stop + 1 : end;
	}
	/* No more than came: a last line without its end stays without. */
	if (flowed.out->len && flowed.out->str[flowed.out->len - 1] == '\n' && len && end[-1] != '\n')
		g_string_truncate(flowed.out, flowed.out->len - 1);
	return g_string_free(flowed.out, FALSE);
}
