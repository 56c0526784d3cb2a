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

enum { TEXT = CTL_OWN, FROM, NAME, ID, CHANNEL, URL };

/* argv[0] is "whatsapp".  FALSE: return ctl->exit. */
static gboolean read_args(struct ctl *ctl, int argc, char **argv, struct args *ret)
{
	static const struct option own[] = { { "text", required_argument, NULL, TEXT },
		{ "from", required_argument, NULL, FROM }, { "name", required_argument, NULL, NAME },
		{ "id", required_argument, NULL, ID }, { "channel", required_argument, NULL, CHANNEL },
		{ "url", required_argument, NULL, URL }, { 0 } };
	int c;

	*ret = (struct args){ .from = "+15550100", .name = "Ana Example" };
	while ((c = ctl_next(ctl, argc, argv, own)) != -1) {
		switch (c) {
		case TEXT: ret->text = optarg; break;
		case FROM: ret->from = optarg; break;
		case NAME: ret->name = optarg; break;
		case ID: ret->id = optarg; break;
		case CHANNEL: ret->channel = optarg; break;
		case URL: ret->url = optarg; break;
		default: return FALSE;
		}
	}
	if (optind < argc || !ret->text) {
		ctl->exit = optind < argc ? ctl_usage(ctl, "unexpected \"%s\"", argv[optind]) :
			ctl_usage(ctl, "--text TEXT is wanted");
		return FALSE;
	}
	return TRUE;
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

int ctl_simulate(struct ctl *ctl, int argc, char **argv)
{
	static const char *const known[] = { "whatsapp", NULL };
	struct args args;

	if (argc > 1 && argv[1][0] != '-' && strcmp(argv[1], known[0]) != 0)
		return ctl_unknown(ctl, "provider to simulate", argv[1], known);
	if (argc < 2 || argv[1][0] == '-')
		return ctl_arguments(ctl, argc, argv, 1, 1) ? CTL_USAGE : ctl->exit;
	return read_args(ctl, argc - 1, argv + 1, &args) ? simulate(ctl, &args) : ctl->exit;
}
