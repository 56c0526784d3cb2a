/* number_plan.c - country codes, what is dialled before a national number, and how long those are
 *
 * Codes: ITU-T list of E.164 assigned country codes.  Lengths and trunk prefixes: the countries' numbering plans as
 * libphonenumber's metadata of 2026 sums them up (shortest and longest national number of a fixed line or a mobile
 * telephone); tests/functional/test_sms_oracles.py asks libphonenumber-js. */
#include "number_plan.h"

#include <stdlib.h>
#include <string.h>

/* By code, as text: no code is the beginning of another. */
static const struct hg_number_plan plans[] = {
	{ 1, "US", "1", 10, 10 }, { 20, "EG", "0", 8, 10 }, { 211, "SS", "0", 9, 9 }, { 212, "MA", "0", 9, 9 },
	{ 213, "DZ", "0", 8, 9 }, { 216, "TN", "", 8, 8 }, { 218, "LY", "0", 9, 9 }, { 220, "GM", "", 7, 9 },
	{ 221, "SN", "", 9, 9 }, { 222, "MR", "", 8, 8 }, { 223, "ML", "", 8, 8 }, { 224, "GN", "", 8, 9 },
	{ 225, "CI", "", 10, 10 }, { 226, "BF", "", 8, 8 }, { 227, "NE", "", 8, 8 }, { 228, "TG", "", 8, 8 },
	{ 229, "BJ", "", 10, 10 }, { 230, "MU", "", 7, 8 }, { 231, "LR", "0", 7, 9 }, { 232, "SL", "0", 8, 8 },
	{ 233, "GH", "0", 9, 9 }, { 234, "NG", "0", 10, 10 }, { 235, "TD", "", 8, 8 }, { 236, "CF", "", 8, 8 },
	{ 237, "CM", "", 9, 9 }, { 238, "CV", "", 7, 7 }, { 239, "ST", "", 7, 7 }, { 240, "GQ", "", 9, 9 },
	{ 241, "GA", "", 7, 8 }, { 242, "CG", "", 9, 9 }, { 243, "CD", "0", 7, 10 }, { 244, "AO", "", 9, 9 },
	{ 245, "GW", "", 9, 9 }, { 246, "IO", "", 7, 7 }, { 247, "AC", "", 5, 5 }, { 248, "SC", "", 7, 7 },
	{ 249, "SD", "0", 9, 9 }, { 250, "RW", "0", 8, 9 }, { 251, "ET", "0", 9, 9 }, { 252, "SO", "0", 6, 9 },
	{ 253, "DJ", "", 8, 8 }, { 254, "KE", "0", 7, 9 }, { 255, "TZ", "0", 9, 9 }, { 256, "UG", "0", 9, 9 },
	{ 257, "BI", "", 8, 8 }, { 258, "MZ", "", 8, 9 }, { 260, "ZM", "0", 9, 9 }, { 261, "MG", "0", 9, 9 },
	{ 262, "RE", "0", 9, 9 }, { 263, "ZW", "0", 9, 9 }, { 264, "NA", "0", 8, 9 }, { 265, "MW", "0", 7, 9 },
	{ 266, "LS", "", 8, 8 }, { 267, "BW", "", 7, 8 }, { 268, "SZ", "", 8, 8 }, { 269, "KM", "", 7, 7 },
	{ 27, "ZA", "0", 5, 9 }, { 290, "SH", "", 4, 5 }, { 291, "ER", "0", 7, 7 }, { 297, "AW", "", 7, 7 },
	{ 298, "FO", "", 6, 6 }, { 299, "GL", "", 6, 6 }, { 30, "GR", "", 10, 10 }, { 31, "NL", "0", 9, 11 },
	{ 32, "BE", "0", 8, 9 }, { 33, "FR", "0", 9, 9 }, { 34, "ES", "", 9, 9 }, { 350, "GI", "", 8, 8 },
	{ 351, "PT", "", 9, 9 }, { 352, "LU", "", 4, 11 }, { 353, "IE", "0", 7, 10 }, { 354, "IS", "", 7, 9 },
	{ 355, "AL", "0", 8, 9 }, { 356, "MT", "", 8, 8 }, { 357, "CY", "", 8, 8 }, { 358, "FI", "0", 5, 10 },
	{ 359, "BG", "0", 6, 9 }, { 36, "HU", "06", 8, 9 }, { 370, "LT", "0", 8, 8 }, { 371, "LV", "", 8, 8 },
	{ 372, "EE", "", 7, 8 }, { 373, "MD", "0", 8, 8 }, { 374, "AM", "0", 8, 8 }, { 375, "BY", "8", 9, 9 },
	{ 376, "AD", "", 6, 9 }, { 377, "MC", "0", 8, 9 }, { 378, "SM", "", 8, 10 }, { 380, "UA", "0", 9, 9 },
	{ 381, "RS", "0", 7, 12 }, { 382, "ME", "0", 8, 8 }, { 383, "XK", "0", 8, 12 },
	{ 385, "HR", "0", 8, 9 }, { 386, "SI", "0", 8, 8 }, { 387, "BA", "0", 8, 9 }, { 389, "MK", "0", 8, 8 },
	{ 39, "IT", "", 6, 11 }, { 40, "RO", "0", 6, 9 }, { 41, "CH", "0", 9, 9 }, { 420, "CZ", "", 9, 9 },
	{ 421, "SK", "0", 6, 9 }, { 423, "LI", "0", 7, 9 }, { 43, "AT", "0", 4, 13 }, { 44, "GB", "0", 9, 10 },
	{ 45, "DK", "", 8, 8 }, { 46, "SE", "0", 7, 9 }, { 47, "NO", "", 8, 8 }, { 48, "PL", "", 7, 9 },
	{ 49, "DE", "0", 5, 13 }, { 500, "FK", "", 5, 5 }, { 501, "BZ", "", 7, 7 }, { 502, "GT", "", 8, 8 },
	{ 503, "SV", "", 8, 8 }, { 504, "HN", "", 8, 8 }, { 505, "NI", "", 8, 8 }, { 506, "CR", "", 8, 8 },
	{ 507, "PA", "", 7, 8 }, { 508, "PM", "0", 6, 9 }, { 509, "HT", "", 8, 8 }, { 51, "PE", "0", 8, 9 },
	{ 52, "MX", "", 10, 10 }, { 53, "CU", "0", 6, 10 }, { 54, "AR", "0", 10, 11 },
	{ 55, "BR", "0", 10, 11 }, { 56, "CL", "", 9, 9 }, { 57, "CO", "0", 8, 10 }, { 58, "VE", "0", 10, 10 },
	{ 590, "GP", "0", 9, 9 }, { 591, "BO", "0", 8, 8 }, { 592, "GY", "", 7, 7 }, { 593, "EC", "0", 8, 9 },
	{ 594, "GF", "0", 9, 9 }, { 595, "PY", "0", 7, 9 }, { 596, "MQ", "0", 9, 9 }, { 597, "SR", "", 6, 7 },
	{ 598, "UY", "0", 8, 8 }, { 599, "CW", "", 7, 8 }, { 60, "MY", "0", 8, 10 }, { 61, "AU", "0", 9, 9 },
	{ 62, "ID", "0", 7, 12 }, { 63, "PH", "0", 6, 10 }, { 64, "NZ", "0", 8, 10 }, { 65, "SG", "", 8, 8 },
	{ 66, "TH", "0", 8, 9 }, { 670, "TL", "", 7, 8 }, { 672, "NF", "", 6, 6 }, { 673, "BN", "", 7, 7 },
	{ 674, "NR", "", 7, 7 }, { 675, "PG", "", 7, 8 }, { 676, "TO", "", 5, 7 }, { 677, "SB", "", 5, 7 },
	{ 678, "VU", "", 5, 7 }, { 679, "FJ", "", 7, 7 }, { 680, "PW", "", 7, 7 }, { 681, "WF", "", 6, 6 },
	{ 682, "CK", "", 5, 5 }, { 683, "NU", "", 4, 7 }, { 685, "WS", "", 5, 10 }, { 686, "KI", "0", 5, 8 },
	{ 687, "NC", "", 6, 6 }, { 688, "TV", "", 5, 7 }, { 689, "PF", "", 8, 8 }, { 690, "TK", "", 4, 7 },
	{ 691, "FM", "", 7, 7 }, { 692, "MH", "1", 7, 7 }, { 7, "RU", "8", 10, 10 }, { 800, "", "", 8, 8 },
	{ 808, "", "", 8, 8 }, { 81, "JP", "0", 9, 10 }, { 82, "KR", "0", 5, 10 }, { 84, "VN", "0", 9, 10 },
	{ 850, "KP", "0", 8, 10 }, { 852, "HK", "", 8, 8 }, { 853, "MO", "", 8, 8 }, { 855, "KH", "0", 8, 9 },
	{ 856, "LA", "0", 8, 10 }, { 86, "CN", "0", 7, 11 }, { 870, "", "", 9, 12 }, { 878, "", "", 12, 12 },
	{ 880, "BD", "0", 6, 10 }, { 881, "", "", 9, 10 }, { 882, "", "", 7, 12 }, { 883, "", "", 8, 12 },
	{ 886, "TW", "0", 8, 9 }, { 888, "", "", 11, 11 }, { 90, "TR", "0", 10, 10 },
	{ 91, "IN", "0", 10, 10 }, { 92, "PK", "0", 9, 10 }, { 93, "AF", "0", 9, 9 }, { 94, "LK", "0", 9, 9 },
	{ 95, "MM", "0", 6, 10 }, { 960, "MV", "", 7, 7 }, { 961, "LB", "0", 7, 8 }, { 962, "JO", "0", 8, 9 },
	{ 963, "SY", "0", 8, 9 }, { 964, "IQ", "0", 8, 10 }, { 965, "KW", "", 8, 8 }, { 966, "SA", "0", 9, 9 },
	{ 967, "YE", "0", 7, 9 }, { 968, "OM", "", 8, 8 }, { 970, "PS", "0", 8, 9 }, { 971, "AE", "0", 8, 9 },
	{ 972, "IL", "0", 8, 12 }, { 973, "BH", "", 8, 8 }, { 974, "QA", "", 8, 8 }, { 975, "BT", "", 7, 8 },
	{ 976, "MN", "0", 8, 10 }, { 977, "NP", "0", 8, 10 }, { 979, "", "", 9, 9 }, { 98, "IR", "0", 6, 10 },
	{ 992, "TJ", "", 9, 9 }, { 993, "TM", "8", 8, 8 }, { 994, "AZ", "0", 9, 9 }, { 995, "GE", "0", 9, 9 },
	{ 996, "KG", "0", 9, 9 }, { 998, "UZ", "", 9, 9 },
};

/* Countries that share a code with a bigger one. */
static const struct shared {
	char  country[3];
	guint code;
} shared[] = {
	{ "AX", 358 }, { "BL", 590 }, { "BQ", 599 }, { "CC", 61 }, { "CX", 61 }, { "EH", 212 }, { "GG", 44 },
	{ "IM", 44 }, { "JE", 44 }, { "KZ", 7 }, { "MF", 590 }, { "SJ", 47 }, { "TA", 290 }, { "VA", 39 },
	{ "YT", 262 },
};

/* Of +1 what is not the United States (NANPA's list of geographic area codes), by area code. */
static const struct area {
	guint code;
	char  country[3];
} areas[] = {
	{ 204, "CA" }, { 226, "CA" }, { 236, "CA" }, { 242, "BS" }, { 246, "BB" }, { 249, "CA" },
	{ 250, "CA" }, { 257, "CA" }, { 263, "CA" }, { 264, "AI" }, { 268, "AG" }, { 284, "VG" },
	{ 289, "CA" }, { 306, "CA" }, { 340, "VI" }, { 343, "CA" }, { 345, "KY" }, { 354, "CA" },
	{ 365, "CA" }, { 367, "CA" }, { 368, "CA" }, { 382, "CA" }, { 403, "CA" }, { 416, "CA" },
	{ 418, "CA" }, { 428, "CA" }, { 431, "CA" }, { 437, "CA" }, { 438, "CA" }, { 441, "BM" },
	{ 450, "CA" }, { 468, "CA" }, { 473, "GD" }, { 474, "CA" }, { 506, "CA" }, { 514, "CA" },
	{ 519, "CA" }, { 548, "CA" }, { 579, "CA" }, { 581, "CA" }, { 584, "CA" }, { 587, "CA" },
	{ 604, "CA" }, { 613, "CA" }, { 639, "CA" }, { 647, "CA" }, { 649, "TC" }, { 658, "JM" },
	{ 664, "MS" }, { 670, "MP" }, { 671, "GU" }, { 672, "CA" }, { 683, "CA" }, { 684, "AS" },
	{ 705, "CA" }, { 709, "CA" }, { 721, "SX" }, { 742, "CA" }, { 753, "CA" }, { 758, "LC" },
	{ 767, "DM" }, { 778, "CA" }, { 780, "CA" }, { 782, "CA" }, { 784, "VC" }, { 787, "PR" },
	{ 807, "CA" }, { 809, "DO" }, { 819, "CA" }, { 825, "CA" }, { 829, "DO" }, { 849, "DO" },
	{ 867, "CA" }, { 868, "TT" }, { 869, "KN" }, { 873, "CA" }, { 876, "JM" }, { 879, "CA" },
	{ 902, "CA" }, { 905, "CA" }, { 939, "PR" }, { 942, "CA" },
};

static int compare_plans(const void *key, const void *element)
{
	const guint *want = key;
	const struct hg_number_plan *plan = element;
	char code[4], other[4];

	g_snprintf(code, sizeof(code), "%u", *want % 1000);
	g_snprintf(other, sizeof(other), "%u", plan->code % 1000u);
	return strcmp(code, other);
}

static const struct hg_number_plan *by_code(guint code)
{
	return bsearch(&code, plans, G_N_ELEMENTS(plans), sizeof(plans[0]), compare_plans);
}

const struct hg_number_plan *hg_number_plan(const char *digits, const char **ret_national)
{
	guint code = 0;

	for (guint n = 1; n <= 3 && g_ascii_isdigit(digits[n - 1]); n++) {
		const struct hg_number_plan *plan;

		code = code * 10 + (guint)(digits[n - 1] - '0');
		plan = code ? by_code(code) : NULL;
		if (plan) {
			*ret_national = digits + n;
			return plan;
		}
	}
	return NULL;
}

const struct hg_number_plan *hg_number_plan_of(const char *country)
{
	for (gsize i = 0; i < G_N_ELEMENTS(plans); i++)
		if (*plans[i].country && g_ascii_strcasecmp(plans[i].country, country) == 0)
			return &plans[i];
	for (gsize i = 0; i < G_N_ELEMENTS(shared); i++)
		if (g_ascii_strcasecmp(shared[i].country, country) == 0)
			return by_code(shared[i].code);
	for (gsize i = 0; i < G_N_ELEMENTS(areas); i++)
		if (g_ascii_strcasecmp(areas[i].country, country) == 0)
			return by_code(1);
	return NULL;
}

static int compare_areas(const void *key, const void *element)
{
	const guint *want = key;
	const struct area *area = element;

	return (int)*want - (int)area->code;
}

const char *hg_number_plan_country(const struct hg_number_plan *plan, const char *national)
{
	const struct area *area;
	guint code = 0;

	if (plan->code == 7 && (*national == '6' || *national == '7'))
		return "KZ";
	if (plan->code != 1)
		return *plan->country ? plan->country : NULL;
	for (guint i = 0; i < 3 && g_ascii_isdigit(national[i]); i++)
		code = code * 10 + (guint)(national[i] - '0');
	area = bsearch(&code, areas, G_N_ELEMENTS(areas), sizeof(areas[0]), compare_areas);
	return area ? area->country : plan->country;
}
