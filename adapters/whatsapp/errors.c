/* errors.c - what the provider's error codes mean for us and for the agent
 *
 * Source: Meta, Error codes (2026-05).  The code decides, not the HTTP status it comes with.  First
 * match counts. */
#include "errors.h"
#include "pick.h"

#define HOUR_MS INT64_C(3600000)

#define RETRY(code, reach_, ms, text) \
	{ (code), (code), 0, HG_RETRY, HG_REACH_##reach_, (ms), 0, text }
#define PAUSE(code, text) \
	{ (code), (code), 0, HG_RETRY, HG_REACH_CHANNEL, HOUR_MS, HG_DEGRADED, text }
#define FINAL(first, last, reach_, text) \
	{ (first), (last), 0, HG_FAILED, HG_REACH_##reach_, 0, 0, text }
#define STOP(first, last, reach_, text) \
	{ (first), (last), 0, HG_FAILED, HG_REACH_##reach_, 0, HG_DOWN, text }

static const char busy[] = "WhatsApp limits how fast this number may send; headgate slows down and sends it later.";
static const char hiccup[] = "WhatsApp had a trouble of its own; headgate tries again.";
static const char rewrite[] = "WhatsApp refuses the form of this message; change what its words name and send it again.";
static const char template[] = "The template or its values are wrong; compare them with WhatsApp Manager and send it again.";
static const char rights[] = "The access token lacks a permission: give its system user whatsapp_business_messaging "
	"and whatsapp_business_management for this account, then make a new token.";

static const struct wa_error errors[] = {
	/* throttled */
	RETRY(4, CHANNEL, 0, busy),
	RETRY(80007, CHANNEL, 0, busy),
	RETRY(130429, CHANNEL, 0, busy),
	RETRY(131056, CONTACT, WA_PAIR_GAP_MS,
	      "Too many messages to this customer in a short time; headgate waits and sends it later."),

	/* spam and quality: a long pause, and somebody has to look */
	PAUSE(131048, "WhatsApp limits this number because customers blocked or reported it: look at its "
	      "quality in WhatsApp Manager; sending goes on after a pause."),
	PAUSE(131064, "WhatsApp limits this number: look at its messaging limits in WhatsApp Manager; "
	      "sending goes on after a pause."),
	PAUSE(133016, "The number was registered too often in a short time: wait, and look at it in "
	      "WhatsApp Manager; sending goes on after a pause."),

	/* transient */
	RETRY(1, MESSAGE, 0, hiccup),
	RETRY(2, MESSAGE, 0, hiccup),
	RETRY(131000, MESSAGE, 0, hiccup),
	RETRY(131016, MESSAGE, 0, hiccup),
	RETRY(131053, MESSAGE, 0, "WhatsApp could not take the file; headgate tries again."),
	RETRY(131057, CHANNEL, 0, "WhatsApp maintains this account at the moment; headgate tries again."),

	/* window */
	FINAL(WA_WINDOW_CLOSED, WA_WINDOW_CLOSED, MESSAGE,
	      "More than 24 hours have passed since the customer last wrote: send an approved template, or "
	      "wait until the customer writes again."),

	/* recipient */
	FINAL(131026, 131026, CONTACT,
	      "WhatsApp cannot deliver to this number: it may have no WhatsApp, an old version, or not have "
	      "accepted its terms. Use another channel."),
	FINAL(131021, 131021, CONTACT, "Sender and receiver are the same number."),
	FINAL(131030, 131030, CONTACT,
	      "This is a test number and the receiver is not on its list: add the receiver in the app's dashboard."),
	FINAL(131051, 131051, MESSAGE, "WhatsApp does not carry this kind of message; send it as text."),
	FINAL(131062, 131062, MESSAGE,
	      "This kind of message needs the customer's phone number: ask for it first."),
	FINAL(131049, 131049, MESSAGE,
	      "WhatsApp held this message back to spare the customer; sending it again soon will not help. "
	      "Wait until the customer writes, or use another channel."),
	FINAL(WA_OPTED_OUT, WA_OPTED_OUT, MESSAGE,
	      "The customer has opted out of marketing messages; answers to the customer's own questions still go through."),
	FINAL(130472, 130472, MESSAGE,
	      "WhatsApp takes this customer out of marketing messages in an experiment of its own; use "
	      "another channel, or wait until the customer writes."),
	FINAL(137000, 137000, CONTACT,
	      "The customer's security code has changed: make sure that it is still the same person before you "
	      "go on."),

	/* content */
	{ 100, 100, 33, HG_FAILED, HG_REACH_CHANNEL, 0, HG_DOWN,
	  "WhatsApp knows no such phone_number_id, or the token may not use it: compare both with "
	  "WhatsApp Manager." },
	FINAL(100, 100, MESSAGE, rewrite),
	FINAL(131008, 131009, MESSAGE, rewrite),
	FINAL(131063, 131063, MESSAGE, rewrite),
	FINAL(132000, 132012, MESSAGE, template),
	FINAL(132015, 132015, MESSAGE, "The template is paused for its low quality: use another, or improve it."),
	FINAL(132016, 132016, MESSAGE, "The template was disabled for its low quality: make a new one."),
	FINAL(132068, 132069, MESSAGE, "The flow is blocked or throttled: look at it in WhatsApp Manager."),

	/* account: everything waits until somebody has acted */
	STOP(0, 0, ACCOUNT, "WhatsApp could not check the access token: make a new one and put it into the config."),
	STOP(3, 3, ACCOUNT, rights),
	STOP(10, 10, ACCOUNT, rights),
	STOP(190, 190, ACCOUNT, "The access token has expired or was revoked: make a new one and put it into the config."),
	STOP(200, 299, ACCOUNT, rights),
	STOP(368, 368, ACCOUNT, "Meta blocked the account for a breach of its policies: see Business Support Home."),
	STOP(131005, 131005, ACCOUNT, rights),
	STOP(131031, 131031, ACCOUNT, "Meta locked the account: see Business Support Home."),
	STOP(131037, 131037, CHANNEL, "The number needs an approved display name: request one in WhatsApp Manager."),
	STOP(131042, 131042, ACCOUNT, "Meta cannot charge for messages: mend the payment method in WhatsApp Manager."),
	STOP(131044, 131044, ACCOUNT, "Meta cannot charge for messages: mend the payment method in WhatsApp Manager."),
	STOP(131045, 131045, CHANNEL, "The number is not registered with the Cloud API (any more): register it again."),
	STOP(130497, 130497, ACCOUNT, "Meta does not let this account write to customers of that country: see "
	     "Business Support Home."),
};

static const struct wa_error unknown = {
	.fate = HG_FAILED, .reach = HG_REACH_MESSAGE,
	.advice = "WhatsApp refused this message for the reason it gives.",
};

static const struct wa_error *find(int code, int subcode)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(*errors); i++)
		if (code >= errors[i].from && code <= errors[i].to &&
		    (!errors[i].subcode || errors[i].subcode == subcode))
			return &errors[i];
	return NULL;
}

const struct wa_error *wa_error_of(int code, int subcode)
{
	const struct wa_error *e = find(code, subcode);

	return e ? e : &unknown;
}

bool wa_error_known(int code, int subcode)
{
	return find(code, subcode) != NULL;
}

void wa_error_read(struct wa_pool *pool, struct json_object *error, struct wa_failure *ret)
{
	const char *title = wa_text(error, "message"), *details = wa_text(wa_obj(error, "error_data"), "details");

	if (!title)
		title = wa_text(error, "title");
	ret->code = (int)wa_int(error, "code", -1);
	ret->subcode = (int)wa_int(error, "error_subcode", 0);
	ret->text = wa_fmt(pool, "%s%s%s", title ? title : "no reason given", details ? "; " : "",
			   details ? details : "");
}
