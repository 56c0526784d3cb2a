/* twilio_errors.c - what Twilio's error codes mean for us and for the agent
 *
 * Source: Twilio, "Error and Warning Dictionary" (2026-10).  They come in the answer to a send, or in a status
 * callback long after it. */
#include "twilio_errors.h"

#define MINUTE INT64_C(60000)

#define MESSAGE(code, text) { (code), HG_FAILED, HG_REACH_MESSAGE, 0, false, text }
#define CONTACT(code, text) { (code), HG_FAILED, HG_REACH_CONTACT, 0, false, text }
#define CHANNEL(code, text) { (code), HG_FAILED, HG_REACH_CHANNEL, 0, false, text }
#define ACCOUNT(code, text) { (code), HG_FAILED, HG_REACH_ACCOUNT, 0, false, text }
#define OPT_OUT(code, text) { (code), HG_FAILED, HG_REACH_CONTACT, 0, true, text }
#define LATER(code, ms, text) { (code), HG_RETRY, HG_REACH_CHANNEL, (ms), false, text }
#define AGAIN(code, ms, text) { (code), HG_RETRY, HG_REACH_MESSAGE, (ms), false, text }

static const char credentials[] = "Twilio does not accept account_sid with auth_token or api_key: an admin must put good ones into the config.";
static const char suspended[] = "The Twilio account is suspended or closed: an admin must look at its console, and at its billing.";
static const char sender[] = "Twilio does not let this channel's sender send messages: an admin must compare `from` and "
	"`messaging_service` with the numbers in Twilio's console.";
static const char service[] = "The messaging service cannot send: an admin must look at it, and at its sender pool, in Twilio's console.";
static const char no_number[] = "This is no number that messages can be sent to. Ask for another, or use another channel.";
static const char unreachable[] = "The phone is off, out of reach, or takes no messages. Try again later, or use another channel.";
static const char carrier[] = "The carrier, or Twilio, filtered this message: say it in other words, without links, and send it again.";
static const char slower[] = "Twilio limits how fast this channel may send; headgate slows down and sends it later.";
static const char hiccup[] = "Twilio, or the network behind it, had a trouble of its own: send it again.";
static const char a2p[] = "Carriers in the US want this sender registered (A2P 10DLC, toll-free verification): an admin must do so in Twilio's console.";
static const char media[] = "The file could not be had, or is too big or of a kind that this channel does not carry: send a link.";
static const char content[] = "WhatsApp refuses the form of this message: say it in another way and send it again.";
static const char template[] = "The template or its values are wrong: compare them with the Content Template Builder and send it again.";
static const char wa_account[] = "WhatsApp refuses this sender or its business account: an admin must look at it in Twilio's console and Meta's business manager.";

const struct hg_verdict twilio_errors[] = {
	/* the account */
	ACCOUNT(10001, suspended),
	ACCOUNT(10002, "A Twilio trial account cannot do this: an admin must upgrade it."),
	ACCOUNT(20003, credentials),
	ACCOUNT(20005, suspended),
	ACCOUNT(20006, credentials),
	ACCOUNT(20008, "These are Twilio's test credentials, which send nothing: an admin must put the live ones into the config."),
	ACCOUNT(20010, suspended),
	ACCOUNT(20101, credentials),
	ACCOUNT(20151, credentials),
	ACCOUNT(20403, credentials),
	CHANNEL(20404, "Twilio knows no such account: an admin must look at account_sid and base_url."),
	ACCOUNT(30002, suspended),
	ACCOUNT(90010, suspended),

	/* too fast, too much */
	LATER(14107, 0, slower),
	LATER(20429, 0, slower),
	LATER(21611, MINUTE, "The queue of this sender is full at Twilio; headgate waits and sends it later."),
	LATER(30001, MINUTE, slower),
	LATER(63017, 0, slower),
	AGAIN(63018, 6000, "Too many messages of this sender, or to this customer, in a short time; headgate waits and sends it later."),
	LATER(30022, MINUTE, slower),
	CHANNEL(30023, "The daily number of messages of this sender (A2P 10DLC) is used up: an admin may raise it; it begins anew the next day."),
	CHANNEL(30027, "The daily number of messages to T-Mobile is used up: it begins anew the next day."),
	CHANNEL(63038, "The daily number of messages of this account is used up: an admin may have it raised; it begins anew the next day."),
	AGAIN(21730, 5 * MINUTE, "Twilio maintains its system at the moment; headgate tries again."),

	/* who is written to */
	MESSAGE(21211, no_number),
	MESSAGE(21217, no_number),
	MESSAGE(21401, no_number),
	MESSAGE(21604, no_number),
	CONTACT(21214, unreachable),
	ACCOUNT(21219, "A Twilio trial account writes to verified numbers only: an admin must upgrade it."),
	CHANNEL(21408, "Sending to this country is switched off in the account's geo permissions: an admin must allow it in Twilio's console."),
	ACCOUNT(21608, "A Twilio trial account writes to verified numbers only: an admin must upgrade it."),
	OPT_OUT(21610, "This customer has stopped messages from this number, and Twilio sends none until he writes START. Use another channel."),
	CONTACT(21612, "Messages from this number do not reach that one. Use another channel."),
	CONTACT(21614, no_number),
	CONTACT(30003, unreachable),
	CONTACT(30004, "This customer's phone or carrier blocks messages from this number. Use another channel."),
	CONTACT(30005, "There is no such number (any more). Ask for another, or use another channel."),
	CONTACT(30006, "This is a land line, or a carrier that cannot be reached with messages. Use another channel."),
	CONTACT(30011, "This phone takes no pictures by MMS: send a link."),
	CONTACT(63003, "This number has no WhatsApp, or no such account. Use another channel."),
	OPT_OUT(63014, "This customer has blocked this sender. Use another channel."),
	CONTACT(63015, "A WhatsApp sandbox writes only to those who joined it."),
	CONTACT(63024, "WhatsApp cannot deliver to this number: it may have no WhatsApp, or an old one. Use another channel."),
	MESSAGE(63031, "Sender and receiver are the same number."),
	MESSAGE(63032, "WhatsApp does not let this message through to this customer, for reasons of its own. Wait until the customer writes, or use another channel."),
	OPT_OUT(63033, "This customer has blocked this sender. Use another channel."),
	CONTACT(63036, "This phone cannot be reached by RCS at the moment. Use another channel."),

	/* who writes */
	CHANNEL(21212, sender),
	CHANNEL(21213, sender),
	CHANNEL(21407, sender),
	CHANNEL(21603, sender),
	CHANNEL(21606, sender),
	CHANNEL(21607, sender),
	CHANNEL(21616, sender),
	CHANNEL(21701, service),
	CHANNEL(21702, service),
	CHANNEL(21703, service),
	CHANNEL(21704, service),
	CHANNEL(21705, service),
	CHANNEL(21709, service),
	CHANNEL(30018, "The carriers of this country want this sender registered: an admin must do so in Twilio's console."),
	CHANNEL(30024, sender),
	CHANNEL(30032, a2p),
	CHANNEL(30034, a2p),
	CHANNEL(63001, wa_account),
	CHANNEL(63002, wa_account),
	CHANNEL(63007, sender),
	CHANNEL(63008, wa_account),
	CHANNEL(63020, wa_account),
	CHANNEL(63022, wa_account),
	CHANNEL(63035, "The RCS agent is not launched yet: an admin must have it approved."),
	CHANNEL(63051, wa_account),
	CHANNEL(63058, wa_account),

	/* what is written */
	MESSAGE(21602, "There is nothing in this message."),
	MESSAGE(21617, "The message is too long for Twilio: shorten it and send it again."),
	MESSAGE(21618, content),
	MESSAGE(21619, content),
	MESSAGE(21620, media),
	CHANNEL(21609, "Twilio cannot call webhook_url for receipts: an admin must make it one with a public host name."),
	CHANNEL(21621, "This sender cannot send files: send a link, or an admin must enable MMS."),
	CHANNEL(21622, "The account cannot send files: send a link, or an admin must enable MMS."),
	MESSAGE(21623, "Too many files in one message: send fewer."),
	MESSAGE(21654, template),
	MESSAGE(21655, template),
	MESSAGE(21656, template),
	MESSAGE(11751, media),
	MESSAGE(12300, media),
	MESSAGE(30007, carrier),
	MESSAGE(30008, hiccup),
	MESSAGE(30009, hiccup),
	MESSAGE(30010, "The message costs more than the account allows."),
	MESSAGE(30012, "The message has waited longer than `validity`, and was not sent: send it again."),
	MESSAGE(30016, "Sender and receiver are not of one channel (SMS, WhatsApp)."),
	MESSAGE(30017, hiccup),
	MESSAGE(30019, media),
	MESSAGE(30036, "The message has waited longer than `validity`, and was not sent: send it again."),
	MESSAGE(30410, hiccup),
	MESSAGE(63005, content),
	MESSAGE(63006, content),
	MESSAGE(63009, hiccup),
	MESSAGE(63010, hiccup),
	MESSAGE(63011, hiccup),
	MESSAGE(63012, hiccup),
	MESSAGE(63013, "WhatsApp refuses this message because of its policy: say it in another way."),
	MESSAGE(63016, "More than 24 hours have passed since the customer last wrote: send an approved template, or wait until he writes again."),
	MESSAGE(63019, media),
	MESSAGE(63021, content),
	MESSAGE(63023, hiccup),
	MESSAGE(63025, hiccup),
	MESSAGE(63026, "WhatsApp takes this for spam: say it in another way."),
	MESSAGE(63027, template),
	MESSAGE(63028, template),
	MESSAGE(63029, template),
	MESSAGE(63030, content),
	MESSAGE(63034, media),
	MESSAGE(63037, media),
	MESSAGE(63040, template),
	MESSAGE(63041, "The template is paused for its low quality: use another, or improve it."),
	MESSAGE(63042, "The template was disabled for its low quality: make a new one."),
	MESSAGE(92005, template),
	{ 0 },
};
