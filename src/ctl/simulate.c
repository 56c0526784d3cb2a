/* simulate.c - a signed WhatsApp webhook, as the provider would post it, to the daemon's listener */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "env.h"
#include "http_client.h"
#include "setup.h"
#include "text.h"

struct args {
	const char *text, *from, *name, *id, *channel, *url;
};

/* A text option of a channel's adapter by name (the first of a list), or NULL. */
static const char *option_of(const struct hg_channel_conf *channel, const char *name)
{
	for (const struct hg_option *option = channel->desc->options; option && option->name; option++) {
		const char *field = (const char *)channel->options + option->offset;

		if (strcmp(option->name, name) != 0)
			continue;
		if (option->type == HG_OPT_STRINGS || option->type == HG_OPT_SECRETS) {
			char **list = *(char ***)(void *)field;

			return list ? list[0] : NULL;
		}
		return option->type <= HG_OPT_ENUM ? *(char **)(void *)field : NULL;
	}
	return NULL;
}

static const struct hg_channel_conf *find_channel(struct ctl *ctl, const hg_conf *conf, const char *adapter,
						  const char *name)
{
	for (guint i = 0; i < conf->channels->len; i++) {
		const struct hg_channel_conf *channel = g_ptr_array_index(conf->channels, i);

		if (strcmp(channel->adapter, adapter) == 0 && (!name || strcmp(channel->name, name) == 0))
			return channel;
	}
	ctl_say_error(ctl, "the configuration has no %s channel%s%s", adapter, name ? " named " : "", name ? name : "");
	return NULL;
}

/* The shape of a text notification (Cloud API, webhooks of the field "messages"). */
static char *whatsapp_body(const struct args *args, const char *number_id, const char *wamid)
{
	const char *digits = args->from[0] == '+' ? args->from + 1 : args->from;
	g_autofree char *stamp = g_strdup_printf("%" G_GINT64_FORMAT, hg_now(hg_env_system()) / 1000);
	GString *out = g_string_new("{\"object\":\"whatsapp_business_account\",\"entry\":[{\"id\":\"102290129340398\","
		"\"changes\":[{\"field\":\"messages\",\"value\":{\"messaging_product\":\"whatsapp\",\"metadata\":{"
		"\"display_phone_number\":\"15550783881\",\"phone_number_id\":");

	hg_json_put_str(out, number_id);
	g_string_append(out, "},\"contacts\":[{\"profile\":{\"name\":");
	hg_json_put_str(out, args->name);
	g_string_append(out, "},\"wa_id\":");
	hg_json_put_str(out, digits);
	g_string_append(out, "}],\"messages\":[{\"type\":\"text\"");
	hg_json_add_str(out, "from", digits);
	hg_json_add_str(out, "id", wamid);
	hg_json_add_str(out, "timestamp", stamp);
	g_string_append(out, ",\"text\":{\"body\":");
	hg_json_put_str(out, args->text);
	g_string_append(out, "}}]}}]}]}");
	return g_string_free(out, FALSE);
}

static void posted(void *arg, const struct hg_client_answer *answer)
{
	*(int *)arg = answer->code == HG_CLIENT_OK ? answer->status : 0;
}

static int say_outcome(struct ctl *ctl, const char *where, int status, const char *wamid)
{
	g_autoptr(GString) out = g_string_new(NULL);

	if (ctl->json) {
		hg_json_open(out, '{');
		hg_json_add_str(out, "id", wamid);
		hg_json_add_int(out, "status", status);
		hg_json_close(out, '}');
		ctl_put_json(out->str);
	} else if (status == 200 && !ctl->quiet) {
		printf("%s stored\n", wamid);
	}
	if (status == 200)
		return CTL_DONE;
	ctl_say_error(ctl, status ? "%s answered %d" : "%s does not answer", where, status);
	return status == 503 || status == 429 ? CTL_AGAIN : status == 404 ? CTL_MISSING : status ? CTL_REFUSED :
		CTL_UNREACHABLE;
}

/* Over the daemon's socket its channels answer as on its listener, whatever port or TLS that has. */
static int post(struct ctl *ctl, const struct args *args, const char *channel, const char *body, const char *secret)
{
	g_autofree char *url = g_strdup_printf("%s/channel/%s/webhook", args->url ? args->url : "http://headgate", channel);
	g_autofree char *hex = NULL, *header = NULL;
	guint8 mac[32];
	int status = 0;

	hg_hmac_sha256(secret, strlen(secret), body, strlen(body), mac);
	hex = hg_hex(mac, sizeof mac);
	header = g_strdup_printf("X-Hub-Signature-256: sha256=%s", hex);
	hg_client_sync(&(struct hg_client_call){ .method = "POST", .url = url, .body = body, .len = strlen(body),
		.headers = (const char *[]){ "Content-Type: application/json", header, NULL }, .private_ok = TRUE,
		.unix_path = args->url ? NULL : ctl_socket(ctl) }, posted, &status);
	return say_outcome(ctl, args->url ? url : ctl_socket(ctl), status, args->id);
}

static int simulate(struct ctl *ctl, const struct args *args)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	const struct hg_channel_conf *channel;
	g_autofree char *body = NULL;
	const char *secret, *number;
	struct args said = *args;
	char made[HG_ID_SIZE];

	if (!setup)
		return CTL_CONFIG;
	channel = find_channel(ctl, setup->conf, "whatsapp", args->channel);
	if (!channel)
		return CTL_MISSING;
	secret = option_of(channel, "app_secret");
	number = option_of(channel, "phone_number_id");
	if (!secret || !number) {
		ctl_say_error(ctl, "channel %s has no app_secret to sign with", channel->name);
		return CTL_CONFIG;
	}
	hg_id_new(hg_env_system(), "wamid", made);
	if (!said.id)
		said.id = made;
	body = whatsapp_body(&said, number, said.id);
	return post(ctl, &said, channel->name, body, secret);
}

static int whatsapp(struct ctl *ctl)
{
	const char *from = ctl_value(ctl, "from"), *name = ctl_value(ctl, "name");
	const struct args args = { .text = ctl_value(ctl, "text"), .from = from ? from : "+15550100",
		.name = name ? name : "Ana Example", .id = ctl_value(ctl, "id"), .channel = ctl_value(ctl, "channel"),
		.url = ctl_value(ctl, "url") };

	return simulate(ctl, &args);
}

static const struct ctl_verb whatsapp_verb = {
	.name = "whatsapp", .help = "as WhatsApp would post it", .run = whatsapp,
	.options = CTL_PARAMS({ "text", CTL_TEXT, NULL, "what the customer says", .flags = CTL_NEEDED },
			      { "from", CTL_TEXT, "NUMBER", "his number [+15550100]" }, { "name", CTL_TEXT, "NAME", "his name [Ana Example]" },
			      { "id", CTL_TEXT, "WAMID", "of the message [a new one]" },
			      { "channel", CTL_CHANNEL, NULL, "where it comes in [the first of the configuration]" },
			      { "url", CTL_TEXT, "URL", "of the listener, http://HOST:PORT [the daemon's socket]" }),
	.more = "Signs with the app secret of the configuration and posts to the daemon.",
	.example = "simulate whatsapp --text \"my order is late\"",
};

const struct ctl_verb ctl_verb_simulate = {
	.name = "simulate", .help = "send a message as a provider would", .subs = CTL_SUBS(&whatsapp_verb),
};
