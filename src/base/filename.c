/* filename.c - a name somebody else gave a file, as one that may be offered for saving */
#include "text.h"

#include <string.h>

/* Devices of Windows, whatever extension follows. */
static gboolean is_device(const char *name)
{
	static const char *const devices[] = { "con", "prn", "aux", "nul", "com", "lpt", NULL };
	gsize stem = strcspn(name, ".");
	gboolean numbered = stem == 4 && g_ascii_isdigit(name[3]);

	for (const char *const *device = devices; *device; device++)
		if (g_ascii_strncasecmp(name, *device, 3) == 0)
			return numbered ? **device == 'c' || **device == 'l' : stem == 3;
	return FALSE;
}

/* What stays of one character: paths, quotes and wildcards become one that is harmless everywhere. */
static void put(GString *out, gunichar c)
{
	if (hg_text_unseen(c))
		return;
	g_string_append_unichar(out, c < 0x80 && strchr("/\\:*?\"<>|", (int)c) ? '_' : c);
}

/* No longer than allowed, and no dot at its end. */
static void cut(GString *name)
{
	if (name->len > HG_FILE_NAME_MAX) {	/* the end tells what it is */
		const char *dot = strrchr(name->str, '.');
		g_autofree char *end = g_strdup(dot && strlen(dot) <= 16 ? dot : "");
		g_autofree char *start = hg_text_valid(name->str, -1, HG_FILE_NAME_MAX - strlen(end));

		g_string_printf(name, "%s%s", start, end);
	}
	while (name->len && strchr(". ", name->str[name->len - 1]))
		g_string_truncate(name, name->len - 1);
}

char *hg_file_name(const char *name)
{
	g_autofree char *valid = hg_text_valid(name ? name : "", -1, 0);
	g_autoptr(GString) out = g_string_new(NULL);
	gsize dots;

	for (const char *p = valid; *p; p = g_utf8_next_char(p))
		put(out, g_utf8_get_char(p));
	dots = strspn(out->str, ". ");		/* hidden files, "..", ".htaccess" */
	g_string_erase(out, 0, (gssize)dots);
	cut(out);
	if (is_device(out->str)) {
		g_string_prepend_c(out, '_');
		cut(out);
	}
	return out->len ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
