/* vonage_codes.c - what Vonage's numbers mean for us and for the agent
 *
 * Source: Vonage API Developer, "API errors: SMS API", "Delivery receipts: DLR error codes", "API errors: Messages
 * API".  What is not here fails this message only. */
#include "vonage_codes.h"

#include <string.h>

#include "gather.h"

#define RETRY(code, reach, ms, text)  { (code), HG_RETRY, HG_REACH_##reach, (ms), false, text }
#define FINAL(code, reach, text)      { (code), HG_FAILED, HG_REACH_##reach, 0, false, text }
#define STOPPED(code)		      { (code), HG_FAILED, HG_REACH_CONTACT, 0, true, opted_out }
#define END			      { 0, 0, 0, 0, false, NULL }

static const char opted_out[] = "The customer has told Vonage to get no more messages from this number: use another "
	"channel, or wait until the customer writes START.";
static const char throttled[] = "Vonage limits how fast this account may send; headgate slows down and sends it later.";
static const char hiccup[] = "Vonage had a trouble of its own; headgate tries again.";
static const char rewrite[] = "Vonage refuses the form of this message: look at the words of its refusal, and send it "
	"again in another form.";
static const char credentials[] = "Vonage does not accept the credentials: compare api_key, api_secret (or application_id "
	"and private_key) with the dashboard.";
static const char suspended[] = "Vonage has suspended the account: contact Vonage's support.";
static const char money[] = "The account has no credit at Vonage: top it up.";
static const char sender[] = "Vonage does not let this sender write to that number: rent or register a number there, and "
	"list it under from.";
static const char no_number[] = "There is no such number, or no text can reach it: check it, or use another channel.";
static const char gone[] = "The number is not in use any more: ask the customer for another, or use another channel.";
static const char away[] = "The customer's phone was off or out of reach: send it again later.";
static const char blocked[] = "The customer's carrier, or Vonage, blocks messages to this number: use another channel.";
static const char spam[] = "The carrier took the message for spam or refused what it says: write it in other words.";
static const char rules[] = "The rules of that country ask for a registered sender, text or consent: see Vonage's country "
	"page.";
static const char network[] = "The carrier had a trouble: send it again later.";
static const char demo[] = "The account is in demo mode and this number is not on its list: top the account up, or add "
	"the number in the dashboard.";

const struct hg_verdict vonage_sms_statuses[] = {
	RETRY(1, CHANNEL, 0, throttled),
	FINAL(2, MESSAGE, rewrite),
	FINAL(3, MESSAGE, rewrite),
	FINAL(4, ACCOUNT, credentials),
	RETRY(5, MESSAGE, 0, hiccup),
	FINAL(6, MESSAGE, no_number),
	FINAL(7, CONTACT, blocked),
	FINAL(8, ACCOUNT, suspended),
	FINAL(9, ACCOUNT, money),
	RETRY(10, CHANNEL, 0, throttled),
	FINAL(11, ACCOUNT, "The account may not use the SMS API: ask Vonage's support, or set api: messages."),
	FINAL(12, MESSAGE, "The message is longer than Vonage takes: send it in several."),
	FINAL(14, ACCOUNT, "Vonage does not accept our signature: compare signature and signature_secret with the dashboard."),
	FINAL(15, CHANNEL, sender),
	FINAL(22, MESSAGE, rewrite),
	FINAL(23, CHANNEL, "Vonage does not accept status_url: it must be a URL it can reach."),
	FINAL(29, CONTACT, demo),
	FINAL(32, ACCOUNT, "Vonage does not accept our signature beside a secret: it is a mistake of headgate's; set "
	      "sign_requests to no."),
	FINAL(33, CONTACT, gone),
	END
};

const struct hg_verdict vonage_sms_errors[] = {
	FINAL(1, MESSAGE, "The carrier does not say why: check the number."),
	FINAL(2, MESSAGE, away),
	FINAL(3, CONTACT, gone),
	FINAL(4, CONTACT, blocked),
	FINAL(5, CONTACT, "The customer changed carriers and something went wrong with it: the customer must ask the carrier."),
	FINAL(6, MESSAGE, spam),
	FINAL(7, MESSAGE, away),
	FINAL(8, MESSAGE, network),
	STOPPED(9),
	FINAL(10, MESSAGE, rewrite),
	FINAL(11, CONTACT, no_number),
	FINAL(12, CONTACT, no_number),
	FINAL(13, CONTACT, "The carrier holds the message back because of the customer's age."),
	FINAL(14, CONTACT, blocked),
	FINAL(15, CONTACT, "The customer's prepaid account cannot receive messages now: use another channel."),
	FINAL(16, CHANNEL, "The carrier takes no more messages from this account for now: contact Vonage's support."),
	FINAL(50, CHANNEL, rules),
	FINAL(51, CHANNEL, rules),
	FINAL(52, MESSAGE, rules),
	FINAL(53, CONTACT, rules),
	FINAL(54, MESSAGE, rules),
	FINAL(99, MESSAGE, "The carrier does not say why: send it again later."),
	END
};

const struct hg_verdict vonage_messages_errors[] = {
	RETRY(1000, CHANNEL, 0, throttled),
	FINAL(1010, MESSAGE, rewrite),
	FINAL(1020, MESSAGE, rewrite),
	FINAL(1021, MESSAGE, rewrite),
	FINAL(1022, MESSAGE, "The template or its values are wrong: compare them with the template."),
	RETRY(1030, MESSAGE, 0, hiccup),
	FINAL(1040, MESSAGE, no_number),
	FINAL(1050, CONTACT, blocked),
	FINAL(1060, ACCOUNT, suspended),
	FINAL(1070, ACCOUNT, money),
	FINAL(1080, ACCOUNT, "The account may not use this API: ask Vonage's support."),
	FINAL(1090, MESSAGE, "The message is longer than Vonage takes: send it in several."),
	RETRY(1100, MESSAGE, 0, hiccup),
	FINAL(1120, CHANNEL, sender),
	FINAL(1130, CHANNEL, "Vonage does not accept ttl: leave it out."),
	FINAL(1140, ACCOUNT, "The account may not use this: ask Vonage's support."),
	FINAL(1150, MESSAGE, rewrite),
	FINAL(1160, CONTACT, demo),
	FINAL(1170, CONTACT, no_number),
	FINAL(1180, MESSAGE, away),
	FINAL(1190, CONTACT, gone),
	FINAL(1200, CONTACT, "The customer changed carriers and something went wrong with it: the customer must ask the carrier."),
	FINAL(1210, MESSAGE, spam),
	FINAL(1220, MESSAGE, away),
	FINAL(1230, MESSAGE, network),
	STOPPED(1240),
	RETRY(1241, CHANNEL, 0, throttled),
	FINAL(1250, CONTACT, no_number),
	FINAL(1260, CONTACT, no_number),
	FINAL(1270, CONTACT, "The carrier holds the message back because of the customer's age."),
	FINAL(1280, CONTACT, blocked),
	FINAL(1290, CONTACT, "The customer's prepaid account cannot receive messages now: use another channel."),
	FINAL(1300, CONTACT, "The customer is not on this network: use another channel."),
	FINAL(1310, CONTACT, "The customer's phone cannot receive such a message: use another channel."),
	FINAL(1320, MESSAGE, "Vonage says that it had been sent before."),
	FINAL(1330, MESSAGE, "The carrier does not say why: check the number."),
	FINAL(1331, MESSAGE, network),
	FINAL(1340, MESSAGE, "The customer's last message is too long ago for a free answer: send a template, or use another "
	      "channel."),
	FINAL(1360, MESSAGE, "It could not be delivered in the time that ttl allows: send it again later."),
	FINAL(1370, CHANNEL, "The channel's link to Vonage has expired: renew it in the dashboard."),
	FINAL(1380, MESSAGE, "Vonage cannot fetch the file."),
	FINAL(1381, MESSAGE, "The file is too big for the channel."),
	FINAL(1382, MESSAGE, "The channel does not take this kind of file."),
	END
};

int vonage_error_code(struct json_object *error)
{
	const char *type = hg_json_word(error, "type"), *mark = type ? strchr(type, '#') : NULL;
	gint64 code = hg_json_number(error, "title", 0);

	if (!code && mark)
		code = hg_number_of(mark + 1, 0);
	return (int)CLAMP(code, 0, 99999);
}
