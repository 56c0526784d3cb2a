/* visitor_rate.h - what one visitor, and one address, may do on a channel */
#pragma once
#include <glib.h>
#include "visitor_conf.h"

typedef struct hg_visitor_rates hg_visitor_rates;

enum visitor_rate {
	VISITOR_RATE_SESSIONS,		/* new anonymous sessions of an address, and identities that do not hold */
	VISITOR_RATE_EASY,		/* new sessions of an address before work is asked for */
	VISITOR_RATE_MESSAGES,		/* of a visitor */
	VISITOR_RATE_ADDRESS,		/* messages of an address */
	VISITOR_RATE_UPLOADS,		/* of a visitor */
	VISITOR_RATE_REQUESTS,		/* of a visitor */
	VISITOR_RATE_KNOCKS,		/* of an address, for a session and with tokens that do not hold */
	VISITOR_RATES
};

/* seed keeps strangers from choosing ids that share a count. */
hg_visitor_rates *hg_visitor_rates_new(const struct hg_visitor_conf *conf, guint64 seed);
void hg_visitor_rates_free(hg_visitor_rates *rates);		/* NULL is fine */
G_DEFINE_AUTOPTR_CLEANUP_FUNC(hg_visitor_rates, hg_visitor_rates_free)
/* TRUE when conf says the same as the one they were made of: then what was counted may stay. */
gboolean hg_visitor_rates_fit(const hg_visitor_rates *rates, const struct hg_visitor_conf *conf);
/* Is this one by the address? */
gboolean hg_visitor_rate_is_of_address(enum visitor_rate which);
/* who: an address in text ("203.0.113.9"; of IPv6 its /64 network counts; what is none is never refused), or a
 * visitor's id.  FALSE: he has had what he may, and one more in *ret_wait_s seconds. */
gboolean hg_visitor_rate_take(hg_visitor_rates *rates, enum visitor_rate which, const char *who, gint64 now_ms,
			      gint64 *ret_wait_s);
