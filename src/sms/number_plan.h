/* number_plan.h - what is known of the world's telephone numbers: enough to tell one from something else */
#pragma once
#include <glib.h>

struct hg_number_plan {
	guint16 code;		/* +44 */
	char    country[3];	/* the biggest of those that share it; "" for satellites and the like */
	char    trunk[3];	/* dialled before a national number, and no part of it; "" where there is none (Italy's 0
				 * is a part of it) */
	guint8  min, max;	/* digits of a national number, of a fixed line or a mobile telephone */
};

/* By the beginning of digits (international, without plus); or NULL: nobody has that code. */
const struct hg_number_plan *hg_number_plan(const char *digits, const char **ret_national);
/* ISO 3166, whatever its case; or NULL. */
const struct hg_number_plan *hg_number_plan_of(const char *country);
/* Which of those that share the code: told apart for +1 and +7; or NULL. */
const char *hg_number_plan_country(const struct hg_number_plan *plan, const char *national);
