/* http_in.h - requests of the provider: judged, read, handed over, answered */
#pragma once
#include "description.h"
#include "health.h"
#include "http_sns.h"

/* One channel's inbound side. */
typedef struct ht_inlet ht_inlet;

/* All is lent; health may be NULL (samples). */
ht_inlet *ht_inlet_new(const struct hg_host *host, struct hg_channel *ch, const ht_desc *desc, const struct ht_conf *conf,
		       struct hg_health *health);
void ht_inlet_free(ht_inlet *inlet);		/* NULL is fine */
/* As handle() of a route; what rep points to lives until the next call. */
void ht_inlet_take(ht_inlet *inlet, const struct hg_http_req *req, struct hg_http_rep *rep);
ht_certs *ht_inlet_certs(ht_inlet *inlet);	/* lent: samples fill it */
