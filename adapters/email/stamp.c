/* stamp.c - what the server told of a mail, kept with its bytes as one header line above them */
#include "stamp.h"

#include <string.h>

#define NAME	 "X-Headgate-Received: "
#define STAMP_MAX 80

GBytes *stamp_put(const struct stamp *stamp, GBytes *const *parts, guint n)
{
	g_autofree char *line = g_strdup_printf(NAME "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\r\n", stamp->received_ms,
						stamp->whole);
	GByteArray *out;
	gsize all = strlen(line);

	for (guint i = 0; i < n; i++)
		all += parts[i] ? g_bytes_get_size(parts[i]) : 0;
	out = g_byte_array_sized_new((guint)all);
	g_byte_array_append(out, (const guint8 *)line, (guint)strlen(line));
	for (guint i = 0; i < n; i++) {
		gsize len = 0;
		const guint8 *bytes = parts[i] ? g_bytes_get_data(parts[i], &len) : NULL;

		if (len)
			g_byte_array_append(out, bytes, (guint)len);
	}
	return g_byte_array_free_to_bytes(out);
}

gsize stamp_read(const void *bytes, gsize len, struct stamp *ret)
{
	const char *end = memchr(bytes, '\n', MIN(len, STAMP_MAX));
	g_autofree char *line = end ? g_strndup(bytes, (gsize)(end - (const char *)bytes)) : NULL;
	char *rest;

	*ret = (struct stamp){ 0 };
	if (!line || !g_str_has_prefix(line, NAME))
		return 0;
	ret->received_ms = g_ascii_strtoll(line + strlen(NAME), &rest, 10);
	ret->whole = g_ascii_strtoll(rest, NULL, 10);
	return (gsize)(end - (const char *)bytes) + 1;
}
