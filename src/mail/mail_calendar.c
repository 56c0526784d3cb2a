/* mail_calendar.c - what an invitation says, in words (RFC 5545) */
#include <string.h>

#include "mail_body.h"

#define VALUE_MAX 16384

/* The value of the first line of that name within the event; folds taken out, escapes too (sections 3.1, 3.3.11). */
static char *value_of(const char *ics, const char *name)
{
	gsize len = strlen(name);
	const char *p = strstr(ics, "BEGIN:VEVENT");
	GString *value = g_string_new(NULL);

	for (p = p ?: ics; p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL)
		if (!g_ascii_strncasecmp(p, name, len) && (p[len] == ':' || p[len] == ';'))
			break;
	if (p)
		for (p += strcspn(p, ":\n"), p += *p == ':'; *p && value->len < VALUE_MAX; p++) {
			if (*p == '\n' && (p[1] == ' ' || p[1] == '\t'))
				p++;
			else if (*p == '\n')
				break;
			else if (*p == '\\' && p[1] && p[1] != '\n')
				g_string_append_c(value, *++p == 'n' || *p == 'N' ? '\n' : *p);
			else
				g_string_append_c(value, *p);
		}
	return g_string_free(value, FALSE);
}

/* "20261121T090000Z" as people write it; what is none stays as it is. */
static char *time_text(const char *value)
{
	gsize digits = strspn(value, "0123456789");

	if (digits != 8)
		return g_strdup(value);
	if (value[8] == 'T' && strspn(value + 9, "0123456789") >= 4)
		return g_strdup_printf("%.4s-%.2s-%.2s %.2s:%.2s%s", value, value + 4, value + 6, value + 9, value + 11,
				       g_str_has_suffix(value, "Z") ? " UTC" : "");
	return g_strdup_printf("%.4s-%.2s-%.2s", value, value + 4, value + 6);
}

char *hg_calendar_text(const char *ics)
{
	static const char *const names[] = { "SUMMARY", "DTSTART", "LOCATION", "DESCRIPTION" };
	g_autoptr(GString) out = g_string_new(NULL);

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *value = value_of(ics, names[i]);
		g_autofree char *shown = i == 1 ? time_text(value) : NULL;

		g_strstrip(value);
		if (!*value)
			continue;
		if (out->len)
			g_string_append_c(out, '\n');
		g_string_append(out, shown ?: value);
	}
	return out->len ? g_string_free(g_steal_pointer(&out), FALSE) : NULL;
}
