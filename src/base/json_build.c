/* json_build.c - json-c's tree of a text that json_scan.c has passed
 *
 * Nothing is checked here, the scan has done it: the text is UTF-8 and one value after RFC 8259, of
 * bounded depth, with numbers that fit.  json-c's own parser looks at each byte in a state of its own
 * and cost twice as much as all the rest of reading a webhook. */
#include "json_build.h"

#include <string.h>

struct build {
	const guint8 *p, *end;
	GString *text;			/* of the string that is read, when it has escapes */
};

static struct json_object *build_value(struct build *build);

static void skip_space(struct build *build)
{
	while (build->p < build->end && (*build->p == ' ' || *build->p == '\n' || *build->p == '\t' || *build->p == '\r'))
		build->p++;
}

/* ---- strings ---- */

/* The four digits behind \u. */
static gunichar take_unit(struct build *build)
{
	gunichar unit = 0;

	for (int i = 2; i < 6; i++)
		unit = unit << 4 | (gunichar)g_ascii_xdigit_value((char)build->p[i]);
	build->p += 6;
	return unit;
}

static void take_escape(struct build *build)
{
	static const char names[] = "bfnrt", meant[] = "\b\f\n\r\t";
	gunichar unit;
	const char *name;

	if (build->p[1] != 'u') {
		name = strchr(names, build->p[1]);
		g_string_append_c(build->text, name ? meant[name - names] : (char)build->p[1]);
		build->p += 2;
		return;
	}
	unit = take_unit(build);
	if (unit >= 0xd800 && unit <= 0xdbff)
		unit = 0x10000 + ((unit - 0xd800) << 10) + (take_unit(build) - 0xdc00);
	g_string_append_unichar(build->text, unit);
}

/* Goes on to the next quote or backslash, of which there is one. */
static guint8 skip_plain(struct build *build)
{
	while (*build->p != '"' && *build->p != '\\')
		build->p++;
	return *build->p;
}

/* p is behind the opening quote, and behind the closing one afterwards.  Lent, until the next string. */
static const char *take_string(struct build *build, gsize *ret_len)
{
	const guint8 *start = build->p;

	if (skip_plain(build) == '"') {
		*ret_len = (gsize)(build->p++ - start);
		return (const char *)start;
	}
	g_string_truncate(build->text, 0);
	for (;;) {
		g_string_append_len(build->text, (const char *)start, build->p - start);
		if (*build->p == '"')
			break;
		take_escape(build);
		start = build->p;
		skip_plain(build);
	}
	build->p++;
	*ret_len = build->text->len;
	return build->text->str;
}

static struct json_object *build_string(struct build *build)
{
	gsize len;
	const char *text;

	build->p++;
	text = take_string(build, &len);
	return json_object_new_string_len(text, (int)len);
}

/* ---- numbers ---- */
static struct json_object *build_number(struct build *build)
{
	const guint8 *start = build->p;
	g_autofree char *text = NULL;
	guint64 whole;

	while (build->p < build->end && (g_ascii_isalnum(*build->p) || strchr("+-.", *build->p)))
		build->p++;
	text = g_strndup((const char *)start, (gsize)(build->p - start));
	if (strpbrk(text, ".eE"))
		return json_object_new_double_s(g_ascii_strtod(text, NULL), text);
	if (*text == '-')
		return json_object_new_int64(g_ascii_strtoll(text, NULL, 10));
	whole = g_ascii_strtoull(text, NULL, 10);
	return whole > G_MAXINT64 ? json_object_new_uint64(whole) : json_object_new_int64((gint64)whole);
}

/* ---- the rest ---- */
static gboolean at_end(struct build *build, char close)
{
	skip_space(build);
	if (*build->p != close)	/* NOLINT(bugprone-signed-char-misuse): close is a bracket */
		return FALSE;
	build->p++;
	return TRUE;
}

static void skip_comma(struct build *build)
{
	skip_space(build);
	if (*build->p == ',')
		build->p++;
}

static struct json_object *build_array(struct build *build)
{
	struct json_object *array = json_object_new_array_ext(4);

	build->p++;
	while (!at_end(build, ']')) {
		json_object_array_add(array, build_value(build));
		skip_comma(build);
	}
	return array;
}

/* A key that stands twice has its last value. */
static struct json_object *build_object(struct build *build)
{
	struct json_object *object = json_object_new_object();

	build->p++;
	while (!at_end(build, '}')) {
		g_autofree char *key = NULL;
		const char *text;
		gsize len;

		build->p++;
		text = take_string(build, &len);
		key = g_strndup(text, len);
		skip_space(build);
		build->p++;		/* the colon */
		json_object_object_add(object, key, build_value(build));
		skip_comma(build);
	}
	return object;
}

static struct json_object *build_value(struct build *build)
{
	skip_space(build);
	switch (*build->p) {
	case '{':
		return build_object(build);
	case '[':
		return build_array(build);
	case '"':
		return build_string(build);
	case 't':
		build->p += strlen("true");
		return json_object_new_boolean(TRUE);
	case 'f':
		build->p += strlen("false");
		return json_object_new_boolean(FALSE);
	case 'n':
		build->p += strlen("null");
		return NULL;		/* json-c's null */
	default:
		return build_number(build);
	}
}

struct json_object *hg_json_build(const void *bytes, gsize len)
{
	g_autoptr(GString) text = g_string_new(NULL);
	struct build build = { .p = bytes, .end = (const guint8 *)bytes + len, .text = text };

	return build_value(&build);
}
