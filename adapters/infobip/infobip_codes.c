/* infobip_codes.c - what Infobip's numbers mean for us and for the agent
 *
 * Source: Infobip, "Response status and error codes": general status codes, general error codes, MMS error codes.
 * What is not here fails this message only. */
#include "infobip_codes.h"

#define HOUR_MS INT64_C(3600000)

#define RETRY(code, reach, ms, text)  { (code), HG_RETRY, HG_REACH_##reach, (ms), false, text }
#define FINAL(code, reach, text)      { (code), HG_FAILED, HG_REACH_##reach, 0, false, text }
#define STOPPED(code, text)	      { (code), HG_FAILED, HG_REACH_CONTACT, 0, true, text }
#define END			      { 0, 0, 0, 0, false, NULL }

static const char opted_out[] = "The customer wants no more messages from this number: use another channel, or wait until "
	"the customer writes START.";
static const char blocked[] = "The number is on the blocklist, by the customer's wish or the operator's: use another "
	"channel; an admin can look at the blocklist in Infobip's portal.";
static const char no_number[] = "There is no such number, or no text can reach it: check it, or use another channel.";
static const char money[] = "The account has no credit at Infobip: top it up.";
static const char sender[] = "Infobip does not let this sender write there: register it, or list another under from.";
static const char route[] = "The account may not send there: ask Infobip to set it up.";
static const char away[] = "The customer's phone was off or out of reach: send it again later.";
static const char network[] = "The network had a trouble: send it again later.";
static const char spam[] = "The operator refused what the message says: write it in other words.";
static const char flood[] = "Infobip holds back so many messages to one number; headgate sends it later.";
static const char too_long[] = "The message is longer than Infobip takes: send it in several.";

const struct hg_verdict infobip_statuses[] = {
	FINAL(4, MESSAGE, "The operator refused the message."),
	FINAL(6, CONTACT, route),
	FINAL(8, CONTACT, no_number),
	FINAL(9, MESSAGE, "The message could not be delivered: check the number, or send it again later."),
	FINAL(10, CONTACT, "The number is in a register of those who want no such messages (DND): use another channel."),
	FINAL(11, CHANNEL, sender),
	FINAL(12, ACCOUNT, money),
	FINAL(13, CHANNEL, sender),
	STOPPED(14, blocked),
	FINAL(15, MESSAGE, away),
	FINAL(17, ACCOUNT, money),
	FINAL(18, CONTACT, "The account is in trial and may write to registered numbers only: ask Infobip to lift that."),
	FINAL(19, ACCOUNT, route),
	RETRY(20, CONTACT, HOUR_MS / 2, flood),
	RETRY(21, MESSAGE, 0, "Infobip had a trouble of its own; headgate tries again."),
	FINAL(24, MESSAGE, "Infobip refuses the form of this message."),
	FINAL(25, MESSAGE, too_long),
	FINAL(29, MESSAGE, "Whether it arrived is not known: the network did not say. Ask the customer."),
	FINAL(51, MESSAGE, no_number),
	FINAL(52, CONTACT, no_number),
	FINAL(77, MESSAGE, too_long),
	FINAL(87, MESSAGE, "Infobip took the message for fraud: ask its support."),
	FINAL(100, MESSAGE, "Infobip refused the message: look at the words of its refusal."),
	END
};

const struct hg_verdict infobip_errors[] = {
	FINAL(1, CONTACT, no_number),
	FINAL(5, CONTACT, no_number),
	FINAL(6, MESSAGE, away),
	FINAL(9, CONTACT, no_number),
	FINAL(11, CONTACT, no_number),
	FINAL(12, CONTACT, no_number),
	FINAL(13, CONTACT, "The customer's line is barred: use another channel."),
	FINAL(27, MESSAGE, away),
	FINAL(31, MESSAGE, away),
	FINAL(32, MESSAGE, network),
	FINAL(34, MESSAGE, network),
	FINAL(256, MESSAGE, "The memory of the customer's phone is full: send it again later."),
	FINAL(352, CONTACT, no_number),
	FINAL(355, MESSAGE, too_long),
	FINAL(368, CHANNEL, sender),
	FINAL(375, CHANNEL, sender),
	FINAL(433, ACCOUNT, route),
	FINAL(488, CHANNEL, sender),
	FINAL(500, MESSAGE, network),
	FINAL(560, CONTACT, blocked),
	FINAL(561, MESSAGE, spam),
	FINAL(566, CONTACT, "The operator blocks messages to this number: use another channel."),
	FINAL(568, CONTACT, no_number),
	FINAL(569, CONTACT, "The customer's line is suspended: use another channel."),
	FINAL(572, CHANNEL, sender),
	STOPPED(573, opted_out),
	FINAL(581, CONTACT, "The customer's prepaid account cannot receive messages now: use another channel."),
	FINAL(603, MESSAGE, spam),
	STOPPED(604, blocked),
	FINAL(607, MESSAGE, spam),
	FINAL(629, CONTACT, no_number),
	FINAL(2048, MESSAGE, network),
	FINAL(2049, CONTACT, blocked),
	FINAL(2050, CONTACT, "The operator blocks messages to this number: use another channel."),
	STOPPED(2052, blocked),
	FINAL(2053, CHANNEL, sender),
	FINAL(3041, CONTACT, no_number),
	FINAL(4098, MESSAGE, away),
	FINAL(4101, MESSAGE, away),
	FINAL(4103, MESSAGE, "Too many messages to this number in a short time: send it again later."),
	FINAL(4104, MESSAGE, "The same message went to this number too often: send it again later, or in other words."),
	FINAL(15011, CONTACT, "The operator blocks messages to this number: use another channel."),
	FINAL(15013, MESSAGE, spam),
	STOPPED(15015, opted_out),
	END
};
