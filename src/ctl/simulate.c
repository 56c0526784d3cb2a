/* simulate.c - what customers say, posted to the daemon as their providers would: signed with the channel's own secret */
#include "simulate.h"

#include <stdio.h>
#include <string.h>

#include "env.h"
#include "simulate_script.h"
#include "text.h"

#define TIMES_MAX 10000
#define LATER_MS  20000		/* what is read after it was stored (mail) */

const struct sim_adapter sim_adapters[] = {
	{ "whatsapp", "+447700900123", FALSE, sim_say_whatsapp, sim_receipt_whatsapp },
	{ "twilio", "+447700900123", FALSE, sim_say_twilio, sim_receipt_twilio },
	{ "vonage", "+447700900123", FALSE, sim_say_vonage, sim_receipt_vonage },
	{ "telnyx", "+447700900123", FALSE, sim_say_telnyx, sim_receipt_telnyx },
	{ "infobip", "+447700900123", FALSE, sim_say_infobip, sim_receipt_infobip },
	{ "http", "+447700900123", FALSE, sim_say_described, NULL },
	{ "smpp", "+447700900123", FALSE, sim_say_smpp, NULL },
	{ "email", "ana@example.org", TRUE, sim_say_email, NULL },
	{ "widget", NULL, TRUE, sim_say_visitor, NULL },
	{ NULL }
};

/* ---- which channel ---- */

const struct sim_adapter *sim_adapter_of(const struct hg_channel_conf *channel)
{
	for (const struct sim_adapter *adapter = sim_adapters; adapter->name; adapter++)
		if (strcmp(adapter->name, channel->adapter) == 0)
			return adapter;
	return NULL;
}

const struct hg_channel_conf *sim_channel_named(const struct sim *sim, const char *name)
{
	const struct hg_channel_conf *by_adapter = NULL;

	for (guint i = 0; i < sim->conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(sim->conf->channels, i);

		if (strcmp(channel->name, name) == 0)
			return channel;
		if (!by_adapter && strcmp(channel->adapter, name) == 0)
			by_adapter = channel;
	}
	return by_adapter;
}

const struct hg_channel_conf *sim_channel(struct sim *sim, const char *name)
{
	const struct hg_channel_conf *found = sim_channel_named(sim, name);
	g_autoptr(GPtrArray) known = g_ptr_array_new();
	const char *near;

	if (found)
		return found;
	for (guint i = 0; i < sim->conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(sim->conf->channels, i);

		g_ptr_array_add(known, channel->name);
		g_ptr_array_add(known, channel->adapter);
	}
	g_ptr_array_add(known, NULL);
	near = hg_nearest(name, (const char *const *)known->pdata);
	ctl_say_error(sim->ctl, "the configuration has no channel \"%s\", and none of such an adapter%s%s%s", name,
		      near ? "; did you mean \"" : "", near ? near : "", near ? "\"?" : "");
	return NULL;
}

/* ---- options of channels ---- */

static const void *field_of(const struct hg_channel_conf *channel, const char *name, int *ret_type)
{
	for (const struct hg_option *option = channel->desc->options; option && option->name; option++)
		if (strcmp(option->name, name) == 0) {
			*ret_type = option->type;
			return (const char *)channel->options + option->offset;
		}
	return NULL;
}

char **sim_options(const struct hg_channel_conf *channel, const char *name)
{
	int type = 0;
	const void *field = field_of(channel, name, &type);
	gboolean list = type == HG_OPT_STRINGS || type == HG_OPT_SECRETS || type == HG_OPT_MAP || type == HG_OPT_SECRET_MAP;

	return field && list ? *(char **const *)field : NULL;
}

const char *sim_option(const struct hg_channel_conf *channel, const char *name)
{
	char **list = sim_options(channel, name);
	int type = 0;
	const void *field = field_of(channel, name, &type);

	if (list)
		return list[0];
	return field && (type <= HG_OPT_ENUM || type == HG_OPT_TREE) ? *(char *const *)field : NULL;
}

const char *sim_secret(const struct hg_channel_conf *channel, const char *name, gboolean forged)
{
	const char *secret = sim_option(channel, name);

	return secret && *secret ? forged ? "not the secret of this channel" : secret : NULL;
}

const char *sim_ours(const struct hg_channel_conf *channel, const char *fallback)
{
	const char *from = sim_option(channel, "from");
	gboolean whatsapp = g_str_has_prefix(fallback, "whatsapp:");

	return from && whatsapp == g_str_has_prefix(from, "whatsapp:") ? from : fallback;
}

int sim_cannot_sign(struct sim *sim, const struct hg_channel_conf *channel, const char *what)
{
	ctl_say_error(sim->ctl, "channel %s has no %s to sign with", channel->name, what);
	return CTL_CONFIG;
}

char *sim_id(const char *prefix, guint hex)
{
	g_autofree char *a = g_uuid_string_random();
	GString *id = g_string_new(prefix);

	for (const char *c = a; *c && hex; c++)
		if (*c != '-') {
			g_string_append_c(id, *c);
			hex--;
		}
	return g_string_free(id, FALSE);
}

const char *sim_digits(const char *number)
{
	return number[0] == '+' ? number + 1 : number;
}

void sim_header(sim_call *call, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	g_ptr_array_add(call->headers, g_strdup_vprintf(fmt, ap));
	va_end(ap);
}

/* ---- said ---- */

static void print_outcome(const sim_call *call, const sim_outcome *outcome, gboolean again)
{
	printf("%s stored\n", call->id ? call->id : "it is");
	if (!outcome->message) {
		printf("  nothing new: it was known%s\n", again ? "" : ", or is no message");
		return;
	}
	printf("  message   %s\n  thread    %s %s, %s\n", outcome->message, outcome->thread, outcome->state ? outcome->state : "",
	       g_strcmp0(outcome->proposal, "new") == 0 ? "a new one" : outcome->proposal ? outcome->proposal : "");
	printf("  decision  %s%s%s\n", outcome->action ? outcome->action : "none", outcome->rule ? ", rule " : "",
	       outcome->rule ? outcome->rule : "");
	printf("  ticket    %s%s\n", outcome->ticket ? outcome->ticket : "none", outcome->joined ? ", joined" : "");
}

struct saying {
	struct sim *sim;
	const struct hg_channel_conf *channel;
	const struct sim_adapter *adapter;
	struct sim_said said;
	GString *json;			/* results; NULL: told as they come */
};

static int send_one(struct saying *s, sim_call *call, gboolean again)
{
	g_auto(sim_outcome) outcome = { 0 };
	gint64 since = sim_newest(s->sim);
	int code;

	sim_send(s->sim, call, &outcome);
	code = sim_outcome_code(s->sim, call, &outcome);
	if (code == CTL_DONE && since >= 0)
		sim_look(s->sim, s->channel, call, s->said.text, since, call->later && !again ? LATER_MS : 0, &outcome);
	if (s->json)
		sim_outcome_json(call, &outcome, s->json);
	else if (code == CTL_DONE && !s->sim->ctl->quiet)
		print_outcome(call, &outcome, again);
	return code;
}

static int say_one(struct saying *s, gboolean twice)
{
	g_auto(sim_call) call = { .method = "POST", .headers = g_ptr_array_new_with_free_func(g_free), .body = g_string_new(NULL),
				  .good = 200 };
	int code;

	s->said.at_ms = hg_now(hg_env_system());
	code = s->adapter->say(s->sim, s->channel, &s->said, &call);
	if (code == CTL_DONE)
		code = send_one(s, &call, FALSE);
	return code == CTL_DONE && twice ? send_one(s, &call, TRUE) : code;
}

static int say_all(struct saying *s, gint64 times, gboolean twice)
{
	g_autoptr(GString) json = g_string_new(NULL);
	int code = CTL_DONE;

	hg_json_open(json, '{');
	hg_json_key(json, "results");
	hg_json_open(json, '[');
	s->json = s->sim->ctl->json ? json : NULL;
	for (gint64 i = 0; i < times && code == CTL_DONE; i++)
		code = say_one(s, twice);
	hg_json_close(json, ']');
	hg_json_close(json, '}');
	if (s->json)
		ctl_put_json(json->str);
	return code;
}

static int wrong_use(struct ctl *ctl, const struct saying *s, gint64 times)
{
	if (s->said.files[0] && !s->adapter->files)
		return ctl_usage(ctl, "--file: the gateway would fetch it from the provider (%s); on mailboxes and chat channels it is sent along",
				 s->adapter->name);
	if (times < 1 || times > TIMES_MAX)
		return ctl_usage(ctl, "--times: from 1 to %d", TIMES_MAX);
	return times > 1 && s->said.id ? ctl_usage(ctl, "--times and --id: one id is one message; --duplicate sends it twice") : -1;
}

static int say(struct ctl *ctl, struct sim *sim, const char *name)
{
	struct saying s = { .sim = sim, .said = { .text = ctl_value(ctl, "text"), .from = ctl_value(ctl, "from"),
		.name = ctl_value(ctl, "name"), .subject = ctl_value(ctl, "subject"), .id = ctl_value(ctl, "id"), .key = ctl_value(ctl, "key"),
		.files = ctl_values(ctl, "file") } };
	gint64 times = ctl_number(ctl, "times", 1);
	int code;

	s.channel = sim_channel(sim, name);
	if (!s.channel)
		return CTL_MISSING;
	s.adapter = sim_adapter_of(s.channel);
	if (!s.adapter)
		return ctl_usage(ctl, "nobody can be simulated on channels of the adapter %s", s.channel->adapter);
	code = wrong_use(ctl, &s, times);
	if (code >= 0)
		return code;
	if (!s.said.from)
		s.said.from = s.adapter->from;
	return say_all(&s, times, ctl_given(ctl, "duplicate"));
}

static int simulate(struct ctl *ctl)
{
	const char *name = ctl_value(ctl, "NAME"), *file = ctl_value(ctl, "FILE");
	g_autoptr(hg_setup) setup = NULL;
	struct sim sim = { .ctl = ctl, .url = ctl_value(ctl, "url") };
	int code;

	if (file && strcmp(name, "script") != 0)
		return ctl_usage(ctl, "unexpected \"%s\": a file stands behind script", file);
	if (ctl_given(ctl, "channel"))		/* as it was before there were others than WhatsApp */
		name = ctl_value(ctl, "channel");
	if (!file && !ctl_value(ctl, "text"))
		return ctl_usage(ctl, "--text TEXT is wanted");
	setup = ctl_setup(ctl, ctl_config(ctl));
	if (!setup)
		return CTL_CONFIG;
	sim.conf = setup->conf;
	code = file ? sim_script(&sim, file, ctl_value(ctl, "key")) : say(ctl, &sim, name);
	g_clear_pointer(&sim.visitors, g_hash_table_destroy);
	return code;
}

const struct ctl_verb ctl_verb_simulate = {
	.name = "simulate", .help = "say something as a customer, through the provider's door", .run = simulate,
	.args = CTL_PARAMS({ "NAME", CTL_CHANNEL, .help = "a channel, an adapter: its first channel, or script" },
			   { "FILE", CTL_FILE, .help = "behind script: what is said, and what has to come of it (YAML)", .flags = CTL_MAYBE }),
	.options = CTL_PARAMS({ "text", CTL_TEXT, NULL, "what the customer says" },
			      { "from", CTL_TEXT, "ADDRESS", "his number or address [+447700900123]" },
			      { "name", CTL_TEXT, "NAME", "his name, where the provider tells it" },
			      { "subject", CTL_TEXT, NULL, "of a mail" },
			      { "file", CTL_FILE, NULL, "goes along, on mailboxes and chat channels", .flags = CTL_MANY },
			      { "id", CTL_TEXT, "ID", "the provider's, of the message [a new one]" },
			      { "times", CTL_NUMBER, "N", "so many messages, one behind the other [1]" },
			      { "duplicate", CTL_FLAG, NULL, "sends each twice, as a provider does that got no answer" },
			      { "key", CTL_FILE, NULL, "private key (PEM) where only the provider has one: Telnyx" },
			      { "url", CTL_TEXT, "URL", "of the listener, http://HOST:PORT [the daemon's socket]" },
			      { "channel", CTL_CHANNEL, NULL, "the same as NAME", .flags = CTL_HIDDEN }),
	.more = "Builds what the provider would send, signs it with the secret of the configuration, hands it to the daemon, and says "
		"what came of it.",
	.exits = "1 a script's expectation was not met, 4 no such channel, 5 the daemon refused it, 78 the configuration has nothing to sign with",
	.example = "simulate whatsapp --text \"my order is late\"\nsimulate script late-order.yaml",
};
