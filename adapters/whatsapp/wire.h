/* wire.h - names and limits of the WhatsApp Cloud API, and the channel's settings and state
 *
 * Source of protocol facts: Meta's developer documentation "WhatsApp Business Platform", pages
 * Webhooks, Messages, Media, Error codes, Business-scoped user ids (2025-11 to 2026-08), and
 * 360dialog's pages for what differs there. */
#pragma once
#include <headgate/adapter.h>

#define WA_TEXT_MAX      4096		/* characters of text.body */
#define WA_CAPTION_MAX   1024		/* characters */
#define WA_PARAM_MAX     1000		/* characters we put into a template's parameter */
#define WA_BODY_MAX      (4 * 1024 * 1024)	/* bytes of a webhook; Meta sends up to 3 MB */
#define WA_ITEMS_MAX     20000		/* messages and events of one webhook that are taken apart */
#define WA_BATCH_MAX     500		/* of them handed over at once; Meta puts up to 1000 into a webhook */
#define WA_WINDOW_MS     INT64_C(86400000)	/* free-form replies: 24 h after the customer's last */
#define WA_MEDIA_MS      INT64_C(604800000)	/* media ids of webhooks live 7 days */
#define WA_FILE_MAX      INT64_C(104857600)	/* bytes of the largest document, either way */
#define WA_PAIR_GAP_MS   INT64_C(6000)	/* one message per contact in 6 s on average ... */
#define WA_PAIR_BURST    INT64_C(45)	/* ... after a burst of 45 */
#define WA_LEARNED       512		/* people whose addresses we remember to have told */
#define WA_OPTED_OUT     131050		/* error code: the customer wants no marketing */
#define WA_MEDIA_HOST    "lookaside.fbsbx.com"	/* where media URLs of Meta lead */

struct wa_conf {
	char **phone_number_id;
	char *token;
	char **app_secret;
	char *verify_token;
	char *signature;		/* "on", "off" */
	char *url_token;
	char *base_url, *version;
	char *urls;			/* "graph", "flat" */
	char *auth_header;
	char *media_host;
	char *template_name, *template_language;
	int64_t rate;
	int64_t timeout;		/* ms */
};

struct whatsapp {
	const struct hg_host *host;	/* lent by the gateway, as is ch */
	struct hg_channel *ch;
	const struct wa_conf *conf;

	/* condition.c: what is known of the channel's well-being */
	struct hg_err trouble;		/* kind 0: sending works, as far as we know */
	int trouble_is;			/* HG_DOWN or HG_DEGRADED */
	bool unreachable;		/* the API did not answer the last time it was asked */
	bool forged;			/* webhooks were refused and none was in order since */
	int64_t forged_ms;		/* when that was last reported; 0: never */
	int told;			/* enum hg_condition the host knows; 0: none yet */
	struct hg_err told_err;
	uint64_t timer;			/* of the next look at the API; 0: none */
	int64_t wait_ms;		/* before that look, while there is trouble */
	size_t looking_at;		/* index of the number looked at */
	uint64_t troubles;		/* counts them ... */
	uint64_t troubles_then;		/* ... when the look began: one that came meanwhile is news */
	struct {			/* an operator asks of all numbers */
		size_t left;		/* answers that are waited for; 0: nobody asks */
		bool bad;
	} probe;

	uint64_t learned[WA_LEARNED];	/* hashes of what learn.c has told */
};
