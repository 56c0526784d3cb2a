/* number.c - telephone numbers as providers and people write them
 *
 * What is certain is read, the rest stays as it came: a number that is not there is worse than one that is odd. */
#include "number.h"

#include "gsm.h"
#include "number_plan.h"
#include "text.h"

#include <string.h>

#define TEXT_MAX 64		/* bytes of what is read at all */
#define E164_MIN 7		/* digits; the shortest there are (Niue, Saint Helena) have seven */
#define E164_MAX 15		/* ITU-T E.164 section 6 */
#define SHORT_MIN 3
#define SHORT_MAX 8
#define PLUS_SHORT_MAX 6	/* short codes with a plus before them, which some providers write before anything */
#define SENDER_MAX 11		/* 3GPP TS 23.040 section 9.1.2.5: ten octets of seven bits */

struct digits {
	char digits[24];
	guint n;
	gboolean plus;
};

/* ---- reading ---- */

static const char *without_scheme(const char *text)
{
	static const char *const schemes[] = { "tel:", "sms:", "mms:", "rcs:", "whatsapp:" };

	for (gsize i = 0; i < G_N_ELEMENTS(schemes); i++)
		if (g_ascii_strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return text + strlen(schemes[i]);
	return text;
}

/* What people put between digits, and what they cannot see (marks of direction, when it was copied). */
static gboolean between(gunichar c)
{
	return c == '-' || c == '.' || c == '(' || c == ')' || c == '/' || (c >= 0x2010 && c <= 0x2015) || c == 0x2212 ||
	       g_unichar_isspace(c) || hg_text_unseen(c);
}

/* "(0)" behind a country code is for those who dial within it. */
static const char *after_trunk_hint(const char *p, const struct digits *d)
{
	return d->plus && d->n && g_str_has_prefix(p, "(0)") ? p + 3 : p;
}

/* FALSE: there is more in it than a number.  Parameters of a tel: URI (RFC 3966) are none of ours. */
static gboolean read_digits(const char *text, struct digits *d)
{
	const char *p = text;

	*d = (struct digits){ 0 };
	while (*(p = after_trunk_hint(p, d)) && *p != ';') {
		gunichar c = g_utf8_get_char(p);

		if ((c == '+' || c == 0xff0b) && !d->n && !d->plus)
			d->plus = TRUE;
		else if (g_unichar_isdigit(c) && d->n + 1 < sizeof(d->digits))
			d->digits[d->n++] = (char)('0' + g_unichar_digit_value(c));
		else if (!between(c))
			return FALSE;
		p = g_utf8_next_char(p);
	}
	return d->n > 0;
}

/* ---- telling what they are ---- */

static void set(struct hg_number *ret, int kind, const char *scheme, const char *digits)
{
	ret->kind = kind;
	g_snprintf(ret->uri, sizeof(ret->uri), "%s%s", scheme, digits);
}

static gboolean long_enough(const struct hg_number_plan *plan, const char *national)
{
	gsize n = strlen(national);

	return n >= plan->min && n <= plan->max;
}

/* FALSE: no E.164 number has so many digits. */
static gboolean international(const char *digits, struct hg_number *ret)
{
	char whole[24];
	const char *national;
	const struct hg_number_plan *plan = hg_number_plan(digits, &national);

	if (*digits == '0')	/* no country's code begins so */
		return FALSE;
	/* Where a national number is dialled behind a 0, none begins with one: it was written too many. */
	if (plan && strcmp(plan->trunk, "0") == 0 && national[0] == '0' && national[1] != '0')
		national++;
	if (plan)
		g_snprintf(whole, sizeof(whole), "%u%s", plan->code, national);
	else
		g_strlcpy(whole, digits, sizeof(whole));
	if (strlen(whole) < E164_MIN || strlen(whole) > E164_MAX)
		return FALSE;
	set(ret, HG_NUMBER_E164, "tel:+", whole);
	ret->odd = !plan || !long_enough(plan, national);
	return TRUE;
}

static gboolean fits_international(const char *digits)
{
	const char *national;
	const struct hg_number_plan *plan = hg_number_plan(digits, &national);

	return plan && strlen(digits) >= E164_MIN && strlen(digits) <= E164_MAX && long_enough(plan, national);
}

static gboolean national(const char *digits, const struct hg_number_plan *plan, struct hg_number *ret)
{
	char whole[32];

	if (!long_enough(plan, digits) || (strcmp(plan->trunk, "0") == 0 && *digits == '0'))
		return FALSE;
	g_snprintf(whole, sizeof(whole), "%u%s", plan->code, digits);
	return international(whole, ret);
}

/* What is dialled to get out of a country where it is not 00. */
static const char *way_out(const struct hg_number_plan *plan)
{
	switch (plan ? plan->code : 0) {
	case 1:
		return "011";
	case 7:
	case 375:
	case 992:
	case 993:
		return "810";
	case 53:
		return "119";
	case 61:
		return "0011";
	case 81:
		return "010";
	default:
		return "00";
	}
}

/* As it is dialled in a country: 07700 900123, 2012 3456, (202) 555-0123, 8 912 345-67-89; or with its code, but
 * without plus. */
static gboolean at_home(const struct digits *d, const struct hg_number_plan *plan, struct hg_number *ret)
{
	const char *out = way_out(plan), *rest;
	gsize trunk = strlen(plan->trunk);

	if (g_str_has_prefix(d->digits, out) && fits_international(d->digits + strlen(out)))
		return international(d->digits + strlen(out), ret);
	if (trunk && g_str_has_prefix(d->digits, plan->trunk) && national(d->digits + trunk, plan, ret))
		return TRUE;
	/* Less than that is a short code, unless the country has no longer numbers, or they are dialled as they are. */
	if (d->n < E164_MIN || (d->n <= SHORT_MAX && trunk && d->n < plan->max))
		return FALSE;
	if (!trunk && national(d->digits, plan, ret))
		return TRUE;
	if (hg_number_plan(d->digits, &rest) == plan && long_enough(plan, rest))
		return international(d->digits, ret);
	return national(d->digits, plan, ret);
}

static gboolean classify(const struct digits *d, const char *country, gboolean e164, struct hg_number *ret)
{
	const struct hg_number_plan *plan = country ? hg_number_plan_of(country) : NULL;

	if (d->plus && international(d->digits, ret))
		return TRUE;
	if (g_str_has_prefix(d->digits, "00") && fits_international(d->digits + 2))
		return international(d->digits + 2, ret);
	if (!d->plus && e164 && (d->n > SHORT_MAX || fits_international(d->digits)) &&
	    international(d->digits, ret))
		return TRUE;
	if (!d->plus && plan && at_home(d, plan, ret))
		return TRUE;
	if (d->n < SHORT_MIN || d->n > (d->plus ? PLUS_SHORT_MAX : SHORT_MAX))
		return FALSE;
	set(ret, HG_NUMBER_SHORT, "short:", d->digits);
	return TRUE;
}

/* A sender's name: letters among what short messages can say, no address of another kind. */
static gboolean is_name(const char *text)
{
	gboolean letters = FALSE;
	int septets = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p)) {
		gunichar c = g_utf8_get_char(p);
		int width = hg_gsm_width(c, HG_GSM_DEFAULT, HG_GSM_DEFAULT);

		if (!width || c == '@' || c == ':' || c == '+')
			return FALSE;
		letters |= g_unichar_isalpha(c);
		septets += width;
	}
	return letters && septets <= SENDER_MAX;
}

gboolean hg_number_parse(const char *text, const char *country, gboolean e164, struct hg_number *ret)
{
	g_autofree char *trimmed = NULL;
	struct digits d;
	const char *bare;

	*ret = (struct hg_number){ 0 };
	if (!text || strlen(text) > TEXT_MAX || !g_utf8_validate(text, -1, NULL))
		return FALSE;
	trimmed = g_strstrip(g_strdup(text));
	for (const char *p = trimmed; *p; p++)
		if ((guint8)*p < 0x20 || *p == 0x7f)
			return FALSE;
	if (!*trimmed)
		return FALSE;
	bare = without_scheme(trimmed);
	if (read_digits(bare, &d) && classify(&d, country, e164, ret))
		return TRUE;
	if (bare == trimmed && !d.plus && is_name(bare))
		set(ret, HG_NUMBER_NAME, "name:", bare);
	else
		set(ret, HG_NUMBER_OPAQUE, "raw:", trimmed);
	return TRUE;
}

/* ---- and back ---- */

static const char *after(const char *uri, const char *scheme)
{
	return uri && g_str_has_prefix(uri, scheme) ? uri + strlen(scheme) : NULL;
}

char *hg_number_dial(const char *uri, gboolean plus)
{
	const char *digits = after(uri, "tel:+") ?: after(uri, "short:");

	if (!digits || !*digits || digits[strspn(digits, "0123456789")])
		return NULL;
	return g_strconcat(plus && *uri == 't' ? "+" : "", digits, NULL);
}

char *hg_number_sender(const char *uri, gboolean plus)
{
	const char *name = after(uri, "name:");

	return name && *name ? g_strdup(name) : hg_number_dial(uri, plus);
}

const char *hg_number_country(const char *uri)
{
	const char *digits = after(uri, "tel:+"), *rest;
	const struct hg_number_plan *plan = digits ? hg_number_plan(digits, &rest) : NULL;

	return plan ? hg_number_plan_country(plan, rest) : NULL;
}

/* Mexico took the 1 out of mobile numbers in 2019, Brazil put a 9 before those of eight digits by 2016 (theirs began
 * with 6 to 9, which no other number does).  What was stored before is still told by WhatsApp and by some carriers. */
char *hg_number_twin(const char *uri)
{
	const char *digits = after(uri, "tel:+");

	if (!digits)
		return NULL;
	if (g_str_has_prefix(digits, "521") && strlen(digits) == 13)
		return g_strconcat("tel:+52", digits + 3, NULL);
	if (g_str_has_prefix(digits, "52") && strlen(digits) == 12)
		return g_strconcat("tel:+521", digits + 2, NULL);
	if (!g_str_has_prefix(digits, "55") || strlen(digits) < 5)
		return NULL;
	if (strlen(digits) == 12 && digits[4] >= '6')
		return g_strdup_printf("tel:+%.4s9%s", digits, digits + 4);
	if (strlen(digits) == 13 && digits[4] == '9' && digits[5] >= '6')
		return g_strdup_printf("tel:+%.4s%s", digits, digits + 5);
	return NULL;
}
