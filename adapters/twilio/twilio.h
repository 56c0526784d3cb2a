/* twilio.h - the channel's settings and state, and names and limits of Twilio's messaging API
 *
 * Sources: Twilio's documentation, pages "Twilio's request to your incoming message Webhook URL", "Message resource",
 * "Media subresource", "Webhooks security", "Webhook connection overrides", "Error and Warning Dictionary" and
 * "WhatsApp" (2025-11 to 2026-10); SignalWire, "Compatibility API". */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "health.h"
#include "lent_files.h"

#define TWILIO_BODY_MAX	   1600		/* UTF-16 units of Body; longer is refused with 21617 */
#define TWILIO_HOOK_MAX	   (256 * 1024)	/* bytes of a webhook */
#define TWILIO_MEDIA_COUNT 10		/* files in a message */
#define TWILIO_MMS_MAX	   (5 << 20)	/* bytes of the files of one MMS; one file of WhatsApp: */
#define TWILIO_WA_MAX	   (16 << 20)
#define TWILIO_WINDOW_MS   INT64_C(86400000)	/* WhatsApp: free text this long after the customer's last */
#define TWILIO_POLL_MS	   INT64_C(3600000)
#define TWILIO_WHATSAPP	   "whatsapp:"

struct twilio_conf {
	char *account_sid;
	char **auth_token;
	char **signing_key;		/* in place of auth_token, for webhooks; or NULL */
	char *api_key, *api_secret;	/* or NULL */
	char *webhook_url;
	char **from;
	char *messaging_service;
	char *base_url;
	char *opt_out;			/* "provider", "own" */
	char *text, *long_text;		/* as hg_sms_policy has them */
	char *country;
	char *template_sid;		/* or NULL */
	int64_t validity, timeout;	/* ms; validity 0: the provider's */
	int64_t rate;
};

struct twilio {
	const struct hg_host *host;	/* lent by the gateway, as is ch */
	struct hg_channel *ch;
	const struct twilio_conf *conf;
	struct hg_health health;
	hg_lent *lent;			/* ours: files on their way out */

	/* twilio_poll.c: what was asked back so far */
	char *page;			/* ours: path of the next page; NULL: begin */
	gint64 since_ms;		/* as poll() was told, of this round */
	gint64 until_ms;		/* what is older is not wanted */
	gint64 newest_ms;		/* of what was seen in this round */
	guint pages;
};

/* Does a channel that sends as this reach WhatsApp? */
static inline gboolean twilio_is_whatsapp(const char *sender)
{
	return g_ascii_strncasecmp(sender, TWILIO_WHATSAPP, sizeof(TWILIO_WHATSAPP) - 1) == 0;
}
