/* mail_wire.c - the forms of addresses, msg-ids and one-line texts that may stand in a mail of ours */
#include "mail_wire.h"

#include <string.h>

#include "text.h"

#define ATOM "!#$%&'*+-/=?^_`{|}~"	/* beside letters and digits: RFC 5322 section 3.2.3 */

static gboolean is_atom(const char *text, gsize len)
{
	gboolean dot = TRUE;		/* one here would be the first, or follow another */

	for (gsize i = 0; i < len; i++) {
		if (text[i] == '.' ? dot : !g_ascii_isalnum(text[i]) && !strchr(ATOM, text[i]))
			return FALSE;
		dot = text[i] == '.';
	}
	return len && !dot;
}

static gboolean is_domain(const char *domain)
{
	gsize len = strlen(domain);

	if (!len || len > HG_MAIL_DOMAIN_MAX || domain[0] == '.' || domain[0] == '-' || domain[len - 1] == '.')
		return FALSE;
	for (const char *p = domain; *p; p++)
		if (!g_ascii_isalnum(*p) && *p != '-' && *p != '_' && (*p != '.' || p[1] == '.'))
			return FALSE;
	return TRUE;
}

/* Characters that neither end the address nor begin something else anywhere, even without the quotes. */
static gboolean is_quotable(const char *text, gsize len)
{
	for (gsize i = 0; i < len; i++)
		if (!g_ascii_isgraph(text[i]) || strchr("<>,;:()[]@", text[i]))
			return FALSE;
	return len > 0;
}

static char *quote(const char *local, gsize len, const char *domain)
{
	GString *out = g_string_new("\"");

	for (gsize i = 0; i < len; i++) {
		if (local[i] == '"' || local[i] == '\\')
			g_string_append_c(out, '\\');
		g_string_append_c(out, local[i]);
	}
	g_string_append_printf(out, "\"@%s", domain);
	return g_string_free(out, FALSE);
}

char *hg_mail_wire_address(const char *address)
{
	const char *at = address ? strrchr(address, '@') : NULL;
	gsize len = at ? (gsize)(at - address) : 0;

	if (!len || !is_domain(at + 1))
		return NULL;
	/* It may be in quotes already. */
	if (len > 2 && address[0] == '"' && at[-1] == '"' && is_atom(address + 1, len - 2))
		return g_strdup_printf("%.*s%s", (int)(len - 2), address + 1, at);
	if (len > HG_MAIL_LOCAL_MAX)
		return NULL;
	if (is_atom(address, len))
		return g_strdup(address);
	return is_quotable(address, len) && !strchr("\"", address[0]) ? quote(address, len, at + 1) : NULL;
}

gboolean hg_mail_id_ok(const char *id)
{
	gsize len = id ? strlen(id) : 0;

	if (!len || len > HG_MAIL_ID_MAX)
		return FALSE;
	for (const char *p = id; *p; p++)
		if (!g_ascii_isgraph(*p) || *p == '<' || *p == '>')
			return FALSE;
	return TRUE;
}

/* Joiners stay: emoji and several scripts are written with them. */
static gboolean is_unwanted(gunichar c)
{
	return hg_text_unseen(c) && c != 0x200c && c != 0x200d;
}

char *hg_mail_line(const char *text, gsize max_bytes)
{
	g_autofree char *valid = hg_text_valid(text ? text : "", -1, 0), *cut = NULL;
	GString *out = g_string_new(NULL);

	for (const char *p = valid; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);

		if (c == '\t' || c == '\n' || c == '\r' || c == 0x2028 || c == 0x2029 || g_unichar_isspace(c))
			c = ' ';
		if (!is_unwanted(c) && (c != ' ' || (out->len && out->str[out->len - 1] != ' ')))
			g_string_append_unichar(out, c);
	}
	/* Or a reader would decode what looks encoded (RFC 2047), CR LF in it and all. */
	g_string_replace(out, "=?", "= ?", 0);
	cut = hg_text_valid(out->str, (gssize)out->len, max_bytes);
	g_string_free(out, TRUE);
	return g_strdup(g_strchomp(cut));
}
