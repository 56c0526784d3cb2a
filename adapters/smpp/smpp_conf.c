/* smpp_conf.c - what the options say, read where it is needed */
#include "smpp_conf.h"

#include <stdarg.h>
#include <string.h>

#include "number.h"

#define SESSIONS_MAX 32			/* a channel's, at the host */

int smpp_fail(struct hg_err *err, int kind, const char *fmt, ...)
{
	va_list args;

	err->kind = kind;
	va_start(args, fmt);
	g_vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return -1;
}

static gboolean is_set(const char *text)
{
	return text && *text;
}

/* ---- statuses ---- */

static const struct { guint32 status; const char *name; int act; const char *text; } statuses[] = {
#define SMPP_ROW(status, name, act, text) { status, "ESME_" #name, SMPP_ACT_##act, text },
	SMPP_STATUSES(SMPP_ROW)
#undef SMPP_ROW
};

static int act_of(const char *word)
{
#define SMPP_ROW(act, text) if (strcmp(word, #act) == 0) return SMPP_ACT_##act;
	SMPP_ACTS(SMPP_ROW)
#undef SMPP_ROW
	return SMPP_ACT_none;
}

/* "0x45", "69" */
static gboolean status_of(const char *text, guint32 *ret)
{
	gboolean hex = g_ascii_strncasecmp(text, "0x", 2) == 0;
	guint64 number;

	if (!g_ascii_string_to_unsigned(hex ? text + 2 : text, hex ? 16 : 10, 1, G_MAXUINT32, &number, NULL))
		return FALSE;
	*ret = (guint32)number;
	return TRUE;
}

struct smpp_verdict smpp_verdict_of(const struct smpp_conf *conf, guint32 status)
{
	struct smpp_verdict verdict = { SMPP_ACT_message, "", "an error of the operator's own" };
	guint32 own;

	for (gsize i = 0; i < G_N_ELEMENTS(statuses); i++)
		if (statuses[i].status == status)
			verdict = (struct smpp_verdict){ statuses[i].act, statuses[i].name, statuses[i].text };
	for (char **row = conf->errors; row && row[0] && row[1]; row += 2)
		if (status_of(row[0], &own) && own == status)
			verdict.act = act_of(row[1]);
	return verdict;
}

static int check_errors(const struct smpp_conf *conf, struct hg_err *err)
{
	guint32 status;

	for (char **row = conf->errors; row && row[0] && row[1]; row += 2) {
		if (!status_of(row[0], &status))
			return smpp_fail(err, HG_ERR_CONFIG, "errors: \"%.40s\" is no command_status: 0x45, say", row[0]);
		if (!act_of(row[1]))
			return smpp_fail(err, HG_ERR_CONFIG, "errors: %.40s: \"%.40s\" is none of message, contact, throttle, "
					 "retry, rebind, channel", row[0], row[1]);
	}
	return 0;
}

/* ---- types of addresses ---- */

static const struct { const char *kind; struct smpp_ton ton; } kinds[] = {
	/* Sections 5.2.5 and 5.2.6: 1 international, 3 network specific, 5 alphanumeric; 1 ISDN (E.164). */
	{ "international", { 1, 1 } }, { "short", { 3, 0 } }, { "alphanumeric", { 5, 0 } }, { "unknown", { 0, 0 } },
};

/* "3/0" */
static gboolean ton_read(const char *text, struct smpp_ton *ret)
{
	if (!g_ascii_isdigit(text[0]) || text[1] != '/' || strspn(text + 2, "0123456789") != strlen(text + 2) ||
	    !text[2] || strlen(text + 2) > 2)
		return FALSE;
	*ret = (struct smpp_ton){ (guint)(text[0] - '0'), (guint)g_ascii_strtoull(text + 2, NULL, 10) };
	return ret->ton <= 6 && ret->npi <= 18;
}

struct smpp_ton smpp_ton_of(const struct smpp_conf *conf, const char *kind)
{
	struct smpp_ton ton = { 0, 0 };

	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].kind, kind) == 0)
			ton = kinds[i].ton;
	for (char **row = conf->ton_npi; row && row[0] && row[1]; row += 2)
		if (strcmp(row[0], kind) == 0)
			ton_read(row[1], &ton);
	return ton;
}

static gboolean is_kind(const char *word)
{
	for (gsize i = 0; i < G_N_ELEMENTS(kinds); i++)
		if (strcmp(kinds[i].kind, word) == 0)
			return TRUE;
	return FALSE;
}

static int check_addresses(const struct smpp_conf *conf, struct hg_err *err)
{
	struct hg_number number;
	struct smpp_ton ton;

	for (char **row = conf->ton_npi; row && row[0] && row[1]; row += 2) {
		if (!is_kind(row[0]))
			return smpp_fail(err, HG_ERR_CONFIG, "ton_npi: \"%.40s\" is none of international, short, "
					 "alphanumeric, unknown", row[0]);
		if (!ton_read(row[1], &ton))
			return smpp_fail(err, HG_ERR_CONFIG, "ton_npi: %s: \"%.40s\" is no type (0 to 6) and numbering plan "
					 "(0 to 18): 3/0, say", row[0], row[1]);
	}
	if (is_set(conf->country) && (strlen(conf->country) != 2 || !g_ascii_isupper(conf->country[0]) ||
				      !g_ascii_isupper(conf->country[1])))
		return smpp_fail(err, HG_ERR_CONFIG, "country \"%.10s\" is no code of ISO 3166: GB, say", conf->country);
	if (is_set(conf->from) && (strlen(conf->from) > 20 || !hg_number_parse(conf->from, conf->country, TRUE, &number) ||
				   number.kind == HG_NUMBER_OPAQUE))
		return smpp_fail(err, HG_ERR_CONFIG, "from \"%.40s\" is no number, short code or name of up to 11 letters",
				 conf->from);
	return 0;
}

/* ---- the rest ---- */

/* "+02:00" */
gboolean smpp_offset(const char *text, gint64 *ret_ms)
{
	const char *t = text;
	int hours, minutes;

	if ((t[0] != '+' && t[0] != '-') || strlen(t) != 6 || t[3] != ':' || !g_ascii_isdigit(t[1]) || !g_ascii_isdigit(t[2]) ||
	    !g_ascii_isdigit(t[4]) || !g_ascii_isdigit(t[5]))
		return FALSE;
	hours = (t[1] - '0') * 10 + t[2] - '0';
	minutes = (t[4] - '0') * 10 + t[5] - '0';
	*ret_ms = (t[0] == '-' ? -1 : 1) * (gint64)(hours * 60 + minutes) * 60000;
	return hours <= 14 && minutes < 60;
}

static int check_words(const struct smpp_conf *conf, struct hg_err *err)
{
	static const struct { const char *name; gsize offset, most; } words[] = {
		{ "system_id", offsetof(struct smpp_conf, system_id), 15 },
		{ "password", offsetof(struct smpp_conf, password), 64 },
		{ "system_type", offsetof(struct smpp_conf, system_type), 12 },
		{ "address_range", offsetof(struct smpp_conf, address_range), 40 },
		{ "service_type", offsetof(struct smpp_conf, service_type), 5 },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(words); i++) {
		const char *word = *(char *const *)((const char *)conf + words[i].offset);

		if (word && strlen(word) > words[i].most)
			return smpp_fail(err, HG_ERR_CONFIG, "%s has %zu characters, SMPP has room for %zu", words[i].name,
					 strlen(word), words[i].most);
	}
	return 0;
}

static int check_link(const struct smpp_conf *conf, struct hg_err *err)
{
	gboolean pair = strcmp(conf->bind, "pair") == 0;

	if (!conf->tls && (is_set(conf->ca_file) || is_set(conf->cert_file) || is_set(conf->key_file)))
		return smpp_fail(err, HG_ERR_CONFIG, "ca_file, cert_file and key_file need tls: true");
	if (is_set(conf->cert_file) != is_set(conf->key_file))
		return smpp_fail(err, HG_ERR_CONFIG, "cert_file and key_file need each other");
	if (conf->binds * (pair ? 2 : 1) > SESSIONS_MAX)
		return smpp_fail(err, HG_ERR_CONFIG, "%d pairs are more than %d connections", (int)conf->binds, SESSIONS_MAX);
	return 0;
}

int smpp_check(const void *arg, struct hg_err *err)
{
	const struct smpp_conf *conf = arg;
	gint64 offset;

	if (check_words(conf, err) || check_link(conf, err) || check_addresses(conf, err) || check_errors(conf, err))
		return -1;
	if (!smpp_offset(conf->utc_offset, &offset))
		return smpp_fail(err, HG_ERR_CONFIG, "utc_offset \"%.20s\" is none: +02:00, say", conf->utc_offset);
	if (strcmp(conf->language, "none") != 0 && (strcmp(conf->alphabet, "gsm") != 0 || strncmp(conf->concat, "udh", 3) != 0))
		return smpp_fail(err, HG_ERR_CONFIG, "language needs alphabet: gsm and concat: udh8 or udh16: the letters are named "
				 "in a header before the text");
	return 0;
}
