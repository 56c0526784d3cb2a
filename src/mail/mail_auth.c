/* mail_auth.c - Authentication-Results of a server we trust, and nobody else's
 *
 * Anybody can write this field into his mail.  Only the topmost one counts, and only when a server named in the
 * configuration wrote it: servers put theirs above what they got. */
#include "mail_auth.h"

#include <stdlib.h>
#include <string.h>

#define RESULTS_MAX 100		/* of one field */

/* What one field says; results are 'p'ass, 'f'ail or 0: anything else or nothing. */
struct verdicts {
	char dmarc, spf, dkim;		/* spf and dkim: of a domain that is From's */
	gboolean arc;			/* arc=pass */
};

/* A field's value in lower case without comments (RFC 8601 section 2.2 allows them anywhere); yours. */
static char *without_comments(const struct hg_field *field)
{
	GString *out = g_string_new(NULL);
	gboolean quoted = FALSE;
	guint depth = 0;

	for (gsize i = 0; i < MIN(field->len, HG_PART_HEAD_MAX); i++) {
		char c = field->value[i];

		if (c == '\\' && i + 1 < field->len) {
			i++;
			continue;
		}
		if (c == '"' && !depth)
			quoted = !quoted;
		else if (!quoted && c == '(')
			depth++;
		else if (!quoted && c == ')' && depth)
			depth--;
		else if (!depth)	/* what is quoted is a reason: it separates nothing */
			g_string_append_c(out, quoted && (c == ';' || c == '=') ? '_' : c == '\r' || c == '\n' || !c ? ' ' : g_ascii_tolower(c));
	}
	return g_string_free(out, FALSE);
}

static const char *domain_of(const char *value)
{
	const char *at = strrchr(value, '@');

	return at ? at + 1 : value;
}

/* DMARC's relaxed alignment (RFC 7489 section 3.1) as far as it goes without a list of public suffixes: the same
 * domain, or one is the other's parent; no top-level domain is anybody's parent. */
static gboolean is_aligned(const char *domain, const char *from)
{
	gsize a = strlen(domain), b = strlen(from);
	const char *shorter = a < b ? domain : from, *longer = a < b ? from : domain;
	gsize rest = strlen(longer) - strlen(shorter);

	if (!a || !b)
		return FALSE;
	if (!strcmp(domain, from))
		return TRUE;
	return rest && strchr(shorter, '.') && longer[rest - 1] == '.' && !strcmp(longer + rest, shorter);
}

static void note(char *place, const char *result)
{
	if (!strcmp(result, "pass"))
		*place = 'p';
	else if (!strcmp(result, "fail") && *place != 'p')
		*place = 'f';
}

/* One "method=result prop=value ..." */
static void read_result(const char *text, const char *from, struct verdicts *v)
{
	g_auto(GStrv) words = g_strsplit_set(text, " \t", RESULTS_MAX);
	const char *method = NULL, *result = NULL, *mail = NULL, *signer = NULL, *header = NULL;

	for (char **w = words; *w; w++) {
		char *equals = strchr(*w, '=');

		if (!equals)
			continue;
		*equals++ = '\0';
		if (!method) {
			method = *w;
			result = equals;
		} else if (!strcmp(*w, "smtp.mailfrom") || !strcmp(*w, "smtp.mail")) {
			mail = domain_of(equals);
		} else if (!strcmp(*w, "header.d") || (!signer && !strcmp(*w, "header.i"))) {
			signer = domain_of(equals);
		} else if (!strcmp(*w, "header.from")) {
			header = domain_of(equals);
		}
	}
	if (!method)
		return;
	/* "dmarc/1=pass" is allowed. */
	if (g_str_has_prefix(method, "dmarc") && (!header || !strcmp(header, from)))
		note(&v->dmarc, result);
	else if (g_str_has_prefix(method, "spf") && mail && is_aligned(mail, from))
		note(&v->spf, result);
	else if (g_str_has_prefix(method, "dkim") && strchr("/", method[4]) && signer && is_aligned(signer, from))
		note(&v->dkim, result);
	else if (!strcmp(method, "arc"))
		v->arc = !strcmp(result, "pass");
}

/* results: what stands behind the first semicolon. */
static struct verdicts read_results(const char *results, const char *from)
{
	g_auto(GStrv) parts = g_strsplit(results, ";", RESULTS_MAX);
	struct verdicts v = { 0 };

	for (char **part = parts; *part; part++)
		read_result(g_strstrip(*part), from, &v);
	return v;
}

/* The first word of the value: the server that says so. */
static gboolean is_trusted(const char *value, const char *const *ids)
{
	g_autofree char *id = NULL;

	value += strspn(value, " \t");
	id = g_strndup(value, strcspn(value, " \t;"));
	for (; ids && *ids; ids++)
		if (!g_ascii_strcasecmp(id, *ids))
			return TRUE;
	return FALSE;
}

/* ---- forwarders (RFC 8617) ---- */

static int instance_of(const char *value)
{
	const char *i = strstr(value, "i=");

	return i ? (int)strtol(i + 2, NULL, 10) : 0;
}

/* The field of that name with the highest instance, without comments; yours, or NULL. */
static char *latest(const struct hg_head *head, const char *name)
{
	char *best = NULL;

	for (const struct hg_field *f = hg_head_get(head, name); f; f = hg_head_next(head, name, f)) {
		char *value = without_comments(f);

		if (!best || instance_of(value) > instance_of(best)) {
			g_free(best);
			best = value;
		} else {
			g_free(value);
		}
	}
	return best;
}

static gboolean is_listed(const char *seal, const char *const *forwarders)
{
	g_auto(GStrv) tags = g_strsplit(seal, ";", RESULTS_MAX);

	for (char **tag = tags; *tag; tag++) {
		g_strstrip(*tag);
		if (g_str_has_prefix(*tag, "d=") && g_strv_contains(forwarders, g_strstrip(*tag + 2)))
			return TRUE;
	}
	return FALSE;
}

/* Our server says that the chain is whole, the admin trusts who sealed it last, and he had seen a pass. */
static gboolean forwarder_vouches(const struct hg_head *head, const char *from, const struct hg_mail_ask *ask)
{
	g_autofree char *seal = NULL, *saw = NULL;
	const char *results;
	struct verdicts v;

	if (!ask->arc_forwarders)
		return FALSE;
	seal = latest(head, "ARC-Seal");
	saw = latest(head, "ARC-Authentication-Results");
	if (!seal || !saw || instance_of(seal) != instance_of(saw) || !is_listed(seal, ask->arc_forwarders))
		return FALSE;
	results = strchr(saw, ';');		/* "i=1; server; results" */
	results = results ? strchr(results + 1, ';') : NULL;
	if (!results)
		return FALSE;
	v = read_results(results + 1, from);
	return v.dmarc == 'p' || (v.dmarc != 'f' && (v.spf == 'p' || v.dkim == 'p'));
}

static int judge(const struct verdicts *v)
{
	if (v->dmarc == 'p')
		return HG_SENDER_PASS;
	if (v->dmarc == 'f')
		return HG_SENDER_FAIL;
	if (v->spf == 'p' || v->dkim == 'p')
		return HG_SENDER_PASS;
	/* A signature breaks on its way through lists; the server his domain names as none of its own is told. */
	return v->spf == 'f' ? HG_SENDER_FAIL : HG_SENDER_NONE;
}

int hg_auth_read(const struct hg_head *head, const char *domain, gsize n_from, const struct hg_mail_ask *ask)
{
	const struct hg_field *field = hg_head_get(head, "Authentication-Results");
	g_autofree char *value = field ? without_comments(field) : NULL;
	const char *results = value ? strchr(value, ';') : NULL;
	struct verdicts v;
	int verdict;

	if (!results || !*domain || !is_trusted(value, ask->authserv_ids))
		return HG_SENDER_NONE;
	v = read_results(results + 1, domain);
	verdict = judge(&v);
	if (verdict != HG_SENDER_PASS && v.arc && forwarder_vouches(head, domain, ask))
		verdict = HG_SENDER_PASS;
	/* With several people in From nobody knows who was proven. */
	return verdict == HG_SENDER_PASS && n_from != 1 ? HG_SENDER_NONE : verdict;
}
