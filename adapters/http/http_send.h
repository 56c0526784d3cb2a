/* http_send.h - parts go out: one request each, some at a time, with a token where one is needed */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "http_out.h"
#include "token.h"
#include "health.h"

typedef struct ht_sender {
	const struct hg_host *host;	/* lent, as are ch, desc, conf, health */
	struct hg_channel *ch;
	const ht_desc *desc;
	const struct ht_conf *conf;
	struct hg_health *health;
	struct hg_token token;
	GQueue waiting;			/* struct sending: until others are answered */
	char *client_id, *client_secret;	/* as the token endpoint is told them; ours */
	guint flying;
	gboolean stopping;
} ht_sender;

/* With zeroed memory; in open().  All that is lent must stay until ht_sender_done(). */
void ht_sender_init(ht_sender *sender, const struct hg_host *host, struct hg_channel *ch, const ht_desc *desc,
		    const struct ht_conf *conf, struct hg_health *health);
void ht_sender_stop(ht_sender *sender);		/* nothing new begins */
void ht_sender_done(ht_sender *sender);		/* in close(): answers what still waits */

void ht_sender_send(ht_sender *sender, const struct hg_out *out);	/* send() of adapter.h */
