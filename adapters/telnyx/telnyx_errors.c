/* telnyx_errors.c - what Telnyx's error codes mean for us and for the agent
 *
 * Source: Telnyx, "Messaging error code reference" and "API error codes" (2026).  They come in the answer to a send, or in
 * message.finalized long after it. */
#include "telnyx_errors.h"

#define MINUTE INT64_C(60000)

#define MESSAGE(code, text) { (code), HG_FAILED, HG_REACH_MESSAGE, 0, false, text }
#define CONTACT(code, text) { (code), HG_FAILED, HG_REACH_CONTACT, 0, false, text }
#define CHANNEL(code, text) { (code), HG_FAILED, HG_REACH_CHANNEL, 0, false, text }
#define ACCOUNT(code, text) { (code), HG_FAILED, HG_REACH_ACCOUNT, 0, false, text }
#define OPT_OUT(code, text) { (code), HG_FAILED, HG_REACH_CONTACT, 0, true, text }
#define LATER(code, ms, text) { (code), HG_RETRY, HG_REACH_CHANNEL, (ms), false, text }

static const char credentials[] = "Telnyx does not accept the API key: an admin must put a good one into the config.";
static const char account[] = "The Telnyx account cannot send at the moment: an admin must look at it, and at its balance, in the portal.";
static const char sender[] = "Telnyx does not let this channel's sender send: an admin must compare `from` and "
	"`messaging_profile_id` with the portal.";
static const char a2p[] = "Carriers in the US want this sender registered (10DLC campaign, toll-free verification): an admin must do so in the portal.";
static const char no_number[] = "This is no number that messages can be sent to. Ask for another, or use another channel.";
static const char filtered[] = "A carrier, or Telnyx, filtered this message: say it in other words, without links, and send it again.";
static const char hiccup[] = "The network did not deliver it: send it again, or use another channel.";
static const char late[] = "The message was not delivered in time: send it again.";
static const char content[] = "Telnyx refuses the form of this message: change what its words name and send it again.";
static const char too_long[] = "The message is too long for Telnyx: shorten it and send it again.";
static const char slower[] = "Telnyx limits how fast this channel may send; headgate slows down and sends it later.";

const struct hg_verdict telnyx_errors[] = {
	/* the request as such */
	CHANNEL(10001, sender),
	MESSAGE(10002, no_number),
	MESSAGE(10003, content),
	MESSAGE(10004, content),
	CHANNEL(10005, "Telnyx knows no such resource: an admin must look at base_url and messaging_profile_id."),
	ACCOUNT(10009, credentials),
	ACCOUNT(10010, credentials),
	LATER(10011, 0, slower),
	MESSAGE(10015, content),
	MESSAGE(10016, no_number),
	ACCOUNT(10038, account),
	ACCOUNT(10039, account),
	ACCOUNT(20001, credentials),
	ACCOUNT(20002, credentials),
	ACCOUNT(20006, account),
	ACCOUNT(20012, account),
	ACCOUNT(20013, account),
	ACCOUNT(20014, account),
	ACCOUNT(20100, "The balance of the Telnyx account is used up: an admin must add to it."),

	/* on the way to the phone */
	CONTACT(40001, "This is a land line, or a number that messages do not reach. Use another channel."),
	MESSAGE(40002, filtered),
	CHANNEL(40003, "A carrier blocks this sender for good as spam: an admin must use another, or ask Telnyx."),
	CONTACT(40004, "The receiver's carrier rejects messages from this number. Use another channel."),
	MESSAGE(40005, late),
	MESSAGE(40006, "The receiver's carrier is out of reach at the moment: send it again later."),
	MESSAGE(40007, hiccup),
	MESSAGE(40008, hiccup),
	MESSAGE(40009, content),
	CHANNEL(40010, a2p),
	MESSAGE(40011, "The carrier took this for too much at once: send it again later."),
	CONTACT(40012, no_number),
	CHANNEL(40013, sender),
	MESSAGE(40014, late),
	MESSAGE(40015, filtered),
	CHANNEL(40016, "The daily number of messages to T-Mobile is used up: it begins anew the next day."),
	MESSAGE(40017, filtered),
	CHANNEL(40018, "The number of messages to AT&T is used up for now: an admin may have it raised."),

	/* what was set up */
	CHANNEL(40100, sender),
	CHANNEL(40150, a2p),
	CHANNEL(40151, sender),
	OPT_OUT(40300, "This customer has stopped messages from this number, and Telnyx sends none until he writes START. Use another channel."),
	MESSAGE(40301, content),
	MESSAGE(40302, too_long),
	MESSAGE(40304, content),
	CHANNEL(40305, sender),
	CHANNEL(40306, sender),
	CHANNEL(40307, sender),
	CHANNEL(40308, "This sender cannot send files: send a link, or an admin must enable MMS."),
	CHANNEL(40309, "Sending to this country is not allowed by the messaging profile: an admin must list it in the portal."),
	MESSAGE(40310, no_number),
	CHANNEL(40311, sender),
	CHANNEL(40312, "The messaging profile is disabled: an admin must look at it in the portal."),
	ACCOUNT(40313, account),
	ACCOUNT(40314, account),
	CHANNEL(40315, sender),
	MESSAGE(40316, "There is nothing in this message."),
	MESSAGE(40317, content),
	LATER(40318, MINUTE, "The queue of this sender is full at Telnyx; headgate waits and sends it later."),
	MESSAGE(40319, "This number does not take messages of this kind: send it as text."),
	LATER(40320, MINUTE, "Telnyx cannot use this sender at the moment; headgate waits and sends it later."),
	CHANNEL(40321, sender),
	MESSAGE(40322, filtered),
	MESSAGE(40328, too_long),
	CHANNEL(40329, a2p),
	CHANNEL(40330, a2p),
	CHANNEL(40331, a2p),
	{ 0 },
};
