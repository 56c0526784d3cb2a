/* qr_verb.c - the verb "qr": a channel's way in as a code for posters and boxes */
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "ctl.h"
#include "qr.h"

#define QUIET 4				/* modules of light around it: ISO/IEC 18004, clause 6.3.8 */

/* ---- where it leads ---- */

/* The first text of an option of the channel's adapter, or NULL. */
static const char *option_of(const struct hg_channel_conf *channel, const char *name)
{
	for (const struct hg_option *option = channel->desc->options; option && option->name; option++) {
		const char *field = (const char *)channel->options + option->offset;

		if (strcmp(option->name, name) != 0)
			continue;
		if (option->type == HG_OPT_STRINGS)
			return *(char ***)(gpointer)field ? (*(char ***)(gpointer)field)[0] : NULL;
		return option->type <= HG_OPT_ENUM ? *(char **)(gpointer)field : NULL;
	}
	return NULL;
}

static char *with_text(char *link, const char *key, const char *text)
{
	g_autofree char *before = link, *escaped = text ? g_uri_escape_string(text, NULL, FALSE) : NULL;

	return escaped ? g_strdup_printf("%s?%s=%s", before, key, escaped) : g_steal_pointer(&before);
}

static char *whatsapp_link(const struct ctl *ctl, const char *number)
{
	g_autoptr(GString) digits = g_string_new(NULL);

	if (!number) {
		ctl_say_error(ctl, "a WhatsApp channel's configuration does not say its number: name it with --number");
		return NULL;
	}
	for (; *number; number++)
		if (g_ascii_isdigit(*number))
			g_string_append_c(digits, *number);
	return g_strdup_printf("https://wa.me/%s", digits->str);
}

static char *chat_link(const struct ctl *ctl, const hg_conf *conf, const struct hg_channel_conf *channel)
{
	if (conf->gateway.public_url)
		return g_strdup_printf("%s/chat/%s", conf->gateway.public_url, channel->name);
	ctl_say_error(ctl, "the chat page has no address without gateway.public_url");
	return NULL;
}

/* What a telephone opens; NULL: said. */
static char *link_of(const struct ctl *ctl, const hg_conf *conf, const struct hg_channel_conf *channel)
{
	const char *number = ctl_value(ctl, "number"), *text = ctl_value(ctl, "text"), *address = option_of(channel, "address");
	const char *from = number ? number : option_of(channel, "from");
	char *link;

	if (strcmp(channel->adapter, "whatsapp") == 0) {
		link = whatsapp_link(ctl, number);
		return link ? with_text(link, "text", text) : NULL;
	}
	if (strcmp(channel->adapter, "widget") == 0)
		return chat_link(ctl, conf, channel);
	if (address && strchr(address, '@'))
		return with_text(g_strdup_printf("mailto:%s", address), "body", text);
	if (from && (from[0] == '+' || g_ascii_isdigit(from[0])))
		return with_text(g_strdup_printf("sms:%s", from), "body", text);
	ctl_say_error(ctl, "channel %s names no number and no address: name its number with --number", channel->name);
	return NULL;
}

/* ---- how it looks ---- */

static gboolean is_dark(const hg_qr *qr, int row, int column)
{
	return row >= 0 && column >= 0 && row < qr->size && column < qr->size && qr->dark[row][column];
}

/* Two rows a line.  Light is what is printed, so that it can be read on a dark terminal. */
static void print_blocks(const hg_qr *qr)
{
	static const char *const halves[] = { "█", "▀", "▄", " " };	/* by upper dark * 2 + lower dark, seen light on dark */

	for (int row = -QUIET; row < qr->size + QUIET; row += 2) {
		for (int column = -QUIET; column < qr->size + QUIET; column++) {
			gboolean below = row + 1 >= qr->size + QUIET || is_dark(qr, row + 1, column);

			fputs(halves[is_dark(qr, row, column) * 2 + below], stdout);
		}
		putchar('\n');
	}
}

static void print_ascii(const hg_qr *qr)
{
	for (int row = -QUIET; row < qr->size + QUIET; row++) {
		for (int column = -QUIET; column < qr->size + QUIET; column++)
			fputs(is_dark(qr, row, column) ? "  " : "##", stdout);
		putchar('\n');
	}
}

/* One path: a square of one for each dark module. */
static void print_svg(const hg_qr *qr)
{
	int side = qr->size + 2 * QUIET;

	printf("<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" shape-rendering=\"crispEdges\">"
	       "<path fill=\"#fff\" d=\"M0 0h%dv%dH0z\"/><path d=\"", side, side, side, side);
	for (int row = 0; row < qr->size; row++)
		for (int column = 0; column < qr->size; column++)
			if (qr->dark[row][column])
				printf("M%d %dh1v1h-1z", column + QUIET, row + QUIET);
	puts("\"/></svg>");
}

static void print_json(const char *name, const char *link, const hg_qr *qr)
{
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	hg_json_add_str(out, "channel", name);
	hg_json_add_str(out, "link", link);
	hg_json_key(out, "rows");
	hg_json_open(out, '[');
	for (int row = 0; row < qr->size; row++) {
		char line[sizeof qr->dark[0] + 1] = "";

		for (int column = 0; column < qr->size; column++)
			line[column] = qr->dark[row][column] ? '1' : '0';
		hg_json_put_str(out, line);
	}
	hg_json_close(out, ']');
	hg_json_close(out, '}');
	ctl_put_json(out->str);
}

static int draw(const struct ctl *ctl, const char *name, const char *link)
{
	hg_qr code;

	if (!hg_qr_make(link, &code)) {
		ctl_say_error(ctl, "%s: that is longer than the %d bytes of a code", link, HG_QR_MOST);
		return CTL_REFUSED;
	}
	if (ctl->json)
		print_json(name, link, &code);
	else if (ctl_given(ctl, "svg"))
		print_svg(&code);
	else if (ctl_unicode())
		print_blocks(&code);
	else
		print_ascii(&code);
	if (!ctl->json && !ctl->quiet)
		fprintf(stderr, "%s\n", link);
	return CTL_DONE;
}

static const struct hg_channel_conf *channel_of(const struct ctl *ctl, const hg_conf *conf, const char *name)
{
	const struct hg_channel_conf *channel = hg_conf_channel(conf, name);
	g_autoptr(GPtrArray) names = g_ptr_array_new();

	if (channel)
		return channel;
	for (guint i = 0; i < conf->channels->len; i++)
		g_ptr_array_add(names, ((struct hg_channel_conf *)conf->channels->pdata[i])->name);
	g_ptr_array_add(names, NULL);
	ctl_unknown(ctl, "channel", name, (const char *const *)names->pdata);
	return NULL;
}

static int qr(struct ctl *ctl)
{
	g_autoptr(hg_setup) setup = ctl_setup(ctl, ctl_config(ctl));
	const struct hg_channel_conf *channel = setup ? channel_of(ctl, setup->conf, ctl_value(ctl, "NAME")) : NULL;
	g_autofree char *link = NULL;

	if (!channel)
		return setup ? CTL_MISSING : CTL_CONFIG;
	link = link_of(ctl, setup->conf, channel);
	return link ? draw(ctl, channel->name, link) : CTL_REFUSED;
}

const struct ctl_verb ctl_verb_qr = {
	.name = "qr", .help = "a channel's way in as a QR code", .run = qr,
	.args = CTL_PARAMS({ "NAME", CTL_CHANNEL, .help = "of a channel" }),
	.options = CTL_PARAMS({ "number", CTL_TEXT, "NUMBER", "of the channel, where its configuration does not say it (WhatsApp)" },
			      { "text", CTL_TEXT, NULL, "what stands in the customer's message already" },
			      { "svg", CTL_FLAG, NULL, "as a picture" }),
	.more = "Leads to wa.me, to a text message, to a mail, or to the chat page.  The address itself is said on standard error.",
	.exits = "0 drawn, 4 no such channel, 5 nothing is known that it could lead to",
	.example = "qr web --svg >web.svg",
};
