/* twilio_read.h - what Twilio sends, as messages and receipts */
#pragma once
#include <json-c/json.h>

#include "arena.h"
#include "params.h"
#include "twilio.h"

/* What one request or one listed message becomes; all in the arena, ready to be emitted. */
struct twilio_found {
	struct hg_in in[2];
	gsize n_in;
	struct hg_receipt receipt;
	gsize n_receipts;
	gboolean message;		/* TwiML is expected as answer */
};

/* A verified webhook: params of form or query.  query: of its target, where our key stands in status callbacks; or NULL.
 * body: kept raw where nothing can be made of it. */
void twilio_read_hook(const struct twilio_conf *conf, const hg_params *params, const hg_params *query, const void *body,
		      gsize len, gint64 now_ms, hg_arena *arena, struct twilio_found *ret);
/* One element of Messages.json; FALSE: it is none that a customer sent to this channel, or is older than since_ms (then
 * *ret_ms is its time all the same, 0 when it has none). */
gboolean twilio_read_listed(const struct twilio_conf *conf, struct json_object *message, gint64 since_ms, hg_arena *arena,
			    struct hg_in *ret, gint64 *ret_ms);

/* "Thu, 24 Aug 2023 05:01:45 +0000" (RFC 2822) as UTC ms; 0 when it is none. */
gint64 twilio_time(const char *text);
/* The address behind "+4477...", "whatsapp:+44...", "whatsapp:GB.1349...", "12345", "ACME": for a person (ours FALSE),
 * where SMS and WhatsApp of one number are one, or for our own (ours TRUE), where they differ; or NULL. */
const char *twilio_address(const struct twilio_conf *conf, const char *text, gboolean ours, hg_arena *arena);
/* HG_CONSENT "stop": the provider refused a message to this address because of it. */
void twilio_consent(const char *customer, const char *ours, int code, const char *note, hg_arena *arena, struct hg_in *ret);
