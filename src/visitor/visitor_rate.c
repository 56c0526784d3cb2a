/* visitor_rate.c - token buckets of a channel, by visitor and by address */
#include "visitor_rate.h"

#include <math.h>
#include <string.h>

#include "http_address.h"
#include "text.h"

#define MINUTE_S 60.0
#define HOUR_S	 3600.0
#define KNOCKS	 10			/* times what one visitor may ask: an office is behind one address */

struct spec { gint64 n; double per_s; };	/* so many in that time */

struct hg_visitor_rates {
	struct spec specs[VISITOR_RATES];
	hg_buckets *buckets[VISITOR_RATES];
};

static void read_specs(const struct hg_visitor_conf *conf, struct spec ret[VISITOR_RATES])
{
	ret[VISITOR_RATE_SESSIONS] = (struct spec){ conf->rate.sessions, HOUR_S };
	ret[VISITOR_RATE_EASY] = (struct spec){ conf->proof.after, HOUR_S };
	ret[VISITOR_RATE_MESSAGES] = (struct spec){ conf->rate.messages, MINUTE_S };
	ret[VISITOR_RATE_ADDRESS] = (struct spec){ conf->rate.address, MINUTE_S };
	ret[VISITOR_RATE_UPLOADS] = (struct spec){ conf->rate.uploads, HOUR_S };
	ret[VISITOR_RATE_REQUESTS] = (struct spec){ conf->rate.requests, MINUTE_S };
	ret[VISITOR_RATE_KNOCKS] = (struct spec){ KNOCKS * conf->rate.requests, MINUTE_S };
}

hg_visitor_rates *hg_visitor_rates_new(const struct hg_visitor_conf *conf, guint64 seed)
{
	hg_visitor_rates *rates = g_new0(hg_visitor_rates, 1);

	read_specs(conf, rates->specs);
	for (int i = 0; i < VISITOR_RATES; i++)
		if (rates->specs[i].n > 0)
			rates->buckets[i] = hg_buckets_new((double)rates->specs[i].n / rates->specs[i].per_s,
							   (double)rates->specs[i].n, seed + (guint64)i);
	return rates;
}

void hg_visitor_rates_free(hg_visitor_rates *rates)
{
	if (!rates)
		return;
	for (int i = 0; i < VISITOR_RATES; i++)
		hg_buckets_free(rates->buckets[i]);
	g_free(rates);
}

gboolean hg_visitor_rates_fit(const hg_visitor_rates *rates, const struct hg_visitor_conf *conf)
{
	struct spec specs[VISITOR_RATES];

	read_specs(conf, specs);
	for (int i = 0; i < VISITOR_RATES; i++)
		if (specs[i].n != rates->specs[i].n)
			return FALSE;
	return TRUE;
}

gboolean hg_visitor_rate_is_of_address(enum visitor_rate which)
{
	return which == VISITOR_RATE_SESSIONS || which == VISITOR_RATE_EASY || which == VISITOR_RATE_ADDRESS ||
	       which == VISITOR_RATE_KNOCKS;
}

/* Buckets are kept by address; a visitor's id becomes one, of which the first half counts. */
static gboolean key_of(enum visitor_rate which, const char *who, struct hg_address *ret)
{
	guint8 hash[32];

	if (hg_visitor_rate_is_of_address(which))
		return hg_address_parse(who, strlen(who), ret);
	hg_sha256(who, strlen(who), hash);
	memcpy(ret->bytes, hash, sizeof ret->bytes);
	ret->bytes[0] |= 0x80;		/* never an IPv4 address in its mapped form */
	return TRUE;
}

gboolean hg_visitor_rate_take(hg_visitor_rates *rates, enum visitor_rate which, const char *who, gint64 now_ms,
			      gint64 *ret_wait_s)
{
	const struct spec *spec = &rates->specs[which];
	struct hg_address key;

	*ret_wait_s = spec->n > 0 ? (gint64)ceil(spec->per_s / (double)spec->n) : (gint64)spec->per_s;
	if (!key_of(which, who, &key))
		return TRUE;
	return spec->n > 0 && hg_buckets_take(rates->buckets[which], &key, now_ms);
}
