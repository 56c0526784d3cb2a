/* smpp.c - an operator or aggregator over SMPP as a channel: options, and the verbs the gateway calls */
#include "smpp.h"

#include <string.h>

#include "inside.h"
#include "smpp_bind.h"
#include "smpp_conf.h"
#include "smpp_deliver.h"
#include "smpp_plan.h"
#include "smpp_submit.h"
#include "sms_text.h"

#define C struct smpp_conf

static const struct hg_option options[] = {
	HG_OPTION(C, host, STRING, HG_OPT_REQUIRED, NULL, NULL, "The operator's SMPP server (SMSC)."),
	HG_OPTION(C, port, INT, 0, "2775", "1..65535", "Its port."),
	HG_OPTION(C, tls, BOOL, 0, "false", NULL, "TLS from the first byte; without it the password and all texts can be read on the way."),
	HG_OPTION(C, ca_file, PATH, 0, NULL, NULL, "Certificates (PEM) the server is checked against, instead of the system's."),
	HG_OPTION(C, cert_file, PATH, 0, NULL, NULL, "Certificate (PEM) that is shown to the server, where it wants one; with key_file."),
	HG_OPTION(C, key_file, PATH, 0, NULL, NULL, "Its private key (PEM)."),
	HG_OPTION(C, system_id, STRING, HG_OPT_REQUIRED, NULL, NULL, "Whom to log in as."),
	HG_OPTION(C, password, SECRET, 0, NULL, NULL, "Password of the account."),
	HG_OPTION(C, system_type, STRING, 0, NULL, NULL, "Kind of system, where the operator asks for one."),
	HG_OPTION(C, bind, ENUM, 0, "transceiver", "transceiver|pair|transmitter|receiver",
		  "transceiver: one connection for both ways; pair: a transmitter and a receiver; the others: one way only."),
	HG_OPTION(C, binds, INT, 0, "1", "1..16", "So many of them at the same time, where the operator allows it."),
	HG_OPTION(C, version, ENUM, 0, "3.4", "3.4|5.0", "interface_version that is shown."),
	HG_OPTION(C, address_range, STRING, 0, NULL, NULL, "Which of our numbers this bind is for, where the operator asks for it."),
	HG_OPTION(C, from, STRING, 0, NULL, NULL,
		  "Number, short code or name that messages are from, where the customer has not written to one of our numbers "
		  "before; without it the operator decides."),
	HG_OPTION(C, country, STRING, 0, NULL, NULL, "Country (ISO 3166) of numbers that the operator writes in their national form."),
	HG_OPTION(C, plus, BOOL, 0, "false", NULL, "Write international numbers with + to the operator."),
	HG_OPTION(C, ton_npi, MAP, 0, NULL, NULL,
		  "Type of number and numbering plan by kind of address, where the operator wants others than { international: 1/1, "
		  "short: 3/0, alphanumeric: 5/0, unknown: 0/0 }."),
	HG_OPTION(C, service_type, STRING, 0, NULL, NULL, "service_type of what is sent, where the operator asks for one."),
	HG_OPTION(C, priority, INT, 0, "0", "0..3", "priority_flag of what is sent."),
	HG_OPTION(C, validity, MSECS, 0, NULL, "1m..30d", "How long the operator tries to deliver; without it the operator decides."),
	HG_OPTION(C, alphabet, ENUM, 0, "gsm", "gsm|latin1|ascii",
		  "What the operator means by data_coding 0, both ways: ask, or look at how ä and @ arrive."),
	HG_OPTION(C, text, ENUM, 0, "smart", HG_SMS_TEXT_RANGE,
		  "smart: typographic quotes, dashes and the like become letters of GSM-7, so that they do not double the price; "
		  "transliterate: accents too; exact: nothing is changed."),
	HG_OPTION(C, language, ENUM, 0, "none", "none|turkish|spanish|portuguese",
		  "Letters of this language are sent by its national table where that takes fewer messages than UCS-2; phones must know it."),
	HG_OPTION(C, long_text, ENUM, 0, "concat", HG_SMS_LONG_RANGE,
		  "concat: the phone shows one long message; split: several messages, cut between words; refuse: the agent hears that it "
		  "is too long."),
	HG_OPTION(C, concat, ENUM, 0, "udh8", "udh8|udh16|sar|payload",
		  "How the pieces of a long text are told: a header before the text with a reference of 8 or 16 bits, TLVs, or one whole "
		  "message_payload that the operator cuts."),
	HG_OPTION(C, max_parts, INT, 0, "10", "1..50", "Pieces of one long message; what is longer goes on in another message."),
	HG_OPTION(C, receipts, ENUM, 0, "all", "all|failures|none", "Which delivery receipts are asked for."),
	HG_OPTION(C, response_id, ENUM, 0, "text", "text|decimal|hex",
		  "How the operator writes a message's id when it takes it; with decimal and hex they are compared as numbers."),
	HG_OPTION(C, receipt_id, ENUM, 0, "text", "text|decimal|hex", "How it writes the id in receipts."),
	HG_OPTION(C, utc_offset, STRING, 0, "+00:00", NULL, "Of the dates in receipts, such as +02:00."),
	HG_OPTION(C, id_tag, INT, 0, "0", "0..65535",
		  "Number of a TLV in which the operator gives each inbound message an id that it never uses again; 0: it gives none."),
	HG_OPTION(C, redelivery, MSECS, 0, "1h", "0s..1d",
		  "How long after a broken connection an inbound message with the same words, sender and receiver as one whose answer may "
		  "not have arrived is taken for the same; 0s: never."),
	HG_OPTION(C, part_wait, MSECS, 0, "5m", "10s..1d", "How long missing pieces of a long inbound message are waited for."),
	HG_OPTION(C, errors, MAP, 0, NULL, NULL,
		  "What is done about a command_status, where the operator means something of its own by it: { 0x45: contact }; one of "
		  "message, contact, throttle, retry, rebind, channel."),
	HG_OPTION(C, submit_window, INT, 0, "10", "1..100", "Messages on one bind that are not answered yet."),
	HG_OPTION(C, rate, INT, 0, "10", "1..1000", "Messages a second on all binds together."),
	HG_OPTION(C, enquire_link, MSECS, 0, "30s", "1s..10m", "After so long without a byte the operator is asked whether it is there."),
	HG_OPTION(C, response_timeout, MSECS, 0, "40s", "1s..50s", "How long the operator has for an answer."),
	HG_OPTION(C, bind_timeout, MSECS, 0, "30s", "1s..2m", "How long it has to take the bind."),
	HG_OPTION_END
};

/* ---- a channel's life ---- */

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	struct smpp *s;

	if (smpp_check(conf, err))
		return -1;
	s = g_new0(struct smpp, 1);
	s->host = host;
	s->ch = ch;
	s->conf = conf;
	s->binds = g_ptr_array_new_with_free_func(smpp_bind_free);
	g_queue_init(&s->queue);
	smpp_doubts_init(&s->doubts);
	*state = s;
	return 0;
}

static gboolean begin_bind(struct smpp *s, guint32 kind)
{
	struct smpp_bind *bind = smpp_bind_new(s, kind, s->binds->len + 1, &s->last_err);

	if (bind)
		g_ptr_array_add(s->binds, bind);
	return bind != NULL;
}

/* A receiver before its transmitter: receipts of what is sent then have where to go. */
static gboolean begin_binds(struct smpp *s)
{
	const char *how = s->conf->bind;
	gboolean pair = strcmp(how, "pair") == 0, fine = TRUE;

	for (int64_t i = 0; fine && i < s->conf->binds; i++) {
		if (pair || strcmp(how, "receiver") == 0)
			fine = begin_bind(s, SMPP_bind_receiver);
		if (fine && (pair || strcmp(how, "transmitter") == 0))
			fine = begin_bind(s, SMPP_bind_transmitter);
		if (fine && strcmp(how, "transceiver") == 0)
			fine = begin_bind(s, SMPP_bind_transceiver);
	}
	return fine;
}

static void start(void *state)
{
	struct smpp *s = state;
	const struct hg_inside_take *take = s->host->inside ? s->host->inside(s->ch, HG_INSIDE_TAKE) : NULL;

	smpp_doubts_read(&s->doubts, s->host->cursor(s->ch));
	if (take)
		take->serve(s->ch, smpp_deliver_given);
	if (take && take->offline(s->ch))
		return;
	if (!begin_binds(s))
		s->host->condition(s->ch, HG_DOWN, &s->last_err);
	smpp_state_look(s);
}

/* Written messages get their answers, stored ones too; then the operator is told. */
void smpp_stop_step(struct smpp *s)
{
	if (!s->stopping || s->drained || s->unstored || smpp_submit_busy(s))
		return;
	for (guint i = 0; i < s->binds->len; i++)
		smpp_bind_unbind(s->binds->pdata[i]);
	for (guint i = 0; i < s->binds->len; i++)
		if (((struct smpp_bind *)s->binds->pdata[i])->state == SMPP_CLOSING)
			return;
	s->drained = TRUE;
	s->host->drained(s->ch);
}

static void stop(void *state)
{
	struct smpp *s = state;

	s->stopping = TRUE;
	smpp_submit_flush(s, "the channel stops");
	smpp_stop_step(s);
}

static void close_channel(void *state)
{
	struct smpp *s = state;

	s->stopping = s->drained = TRUE;
	smpp_submit_free_all(s);
	g_ptr_array_unref(s->binds);
	smpp_doubts_done(&s->doubts);
	g_free(s);
}

static void health(void *state, struct hg_err *err)
{
	*err = ((struct smpp *)state)->told_err;
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "smpp",
	.version = "0.1.0",
	.summary = "SMS over SMPP 3.4: operators and aggregators",
	.caps = HG_CAP_RECEIPTS | HG_CAP_FIRST | HG_CAP_SINGLE | HG_CAP_WORDS | HG_INSIDE_CAP_OFFLINE,
	.conf_size = sizeof(struct smpp_conf),
	.options = options,
	.check = smpp_check,
	.limits = smpp_limits,
	.plan = smpp_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.send = smpp_send,
	.health = health,
};
