/* simulate_raw.c - channels whose adapter fetches: a mail, a deliver_sm, handed in by the API (POST /v1/channels/NAME/take) */
#include <string.h>

#include "env.h"
#include "params.h"
#include "simulate.h"
#include "text.h"

#define FILE_MAX (20 * 1024 * 1024)
#define LINE	 76		/* of base64 (RFC 2045, section 6.8) */

static int hand_in(const struct hg_channel_conf *channel, gboolean broken, sim_call *ret)
{
	ret->path = ctl_path("/v1/channels/%s/take", channel->name);
	ret->api = TRUE;
	if (broken)
		g_string_truncate(ret->body, ret->body->len / 2);
	return CTL_DONE;
}

static int cannot_forge(struct sim *sim, const struct hg_channel_conf *channel)
{
	ctl_say_error(sim->ctl, "channel %s: nothing of it is signed that could be forged", channel->name);
	return CTL_USAGE;
}

const char *sim_media_type(const char *path)
{
	static const struct { const char *end, *type; } types[] = {
		{ ".txt", "text/plain" }, { ".pdf", "application/pdf" }, { ".png", "image/png" }, { ".jpg", "image/jpeg" },
		{ ".jpeg", "image/jpeg" }, { ".gif", "image/gif" }, { ".webp", "image/webp" }, { ".mp4", "video/mp4" },
		{ ".mp3", "audio/mpeg" }, { ".ogg", "audio/ogg" },
	};
	g_autofree char *name = g_ascii_strdown(path, -1);

	for (gsize i = 0; i < G_N_ELEMENTS(types); i++)
		if (g_str_has_suffix(name, types[i].end))
			return types[i].type;
	return "application/octet-stream";
}

/* ---- a mail (RFC 5322, 2045) ---- */

static void put_base64(GString *out, const void *bytes, gsize len)
{
	g_autofree char *code = hg_base64(bytes, len, FALSE);

	for (gsize i = 0; i < strlen(code); i += LINE)
		g_string_append_printf(out, "%.*s\r\n", LINE, code + i);
}

/* An encoded word (RFC 2047), so that nothing in it is syntax. */
static void put_word(GString *out, const char *text)
{
	g_autofree char *code = hg_base64(text, strlen(text), FALSE);

	g_string_append_printf(out, "=?UTF-8?B?%s?=", code);
}

static void put_head(const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *call)
{
	g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(said->at_ms / 1000);
	g_autofree char *date = g_date_time_format(when, "%a, %d %b %Y %H:%M:%S +0000");

	g_string_append(call->body, "From: ");
	if (said->name) {
		put_word(call->body, said->name);
		g_string_append_c(call->body, ' ');
	}
	g_string_append_printf(call->body, "<%s>\r\nTo: <%s>\r\nSubject: ", said->from, sim_option(channel, "address"));
	put_word(call->body, said->subject ? said->subject : "A simulated mail");
	g_string_append_printf(call->body, "\r\nDate: %s\r\nMessage-ID: <%s>\r\nMIME-Version: 1.0\r\n", date, call->id);
}

static void put_text(GString *out, const char *text)
{
	g_string_append(out, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
	put_base64(out, text, strlen(text));
}

static gboolean put_file(struct sim *sim, const char *path, const char *border, GString *out)
{
	g_autofree char *name = g_path_get_basename(path), *bytes = NULL;
	g_autoptr(GString) coded = g_string_new(NULL);
	g_autoptr(GError) error = NULL;
	gsize len = 0;

	if (!g_file_get_contents(path, &bytes, &len, &error) || len > FILE_MAX) {
		ctl_say_error(sim->ctl, "--file: %s", error ? error->message : "more than 20 MiB");
		return FALSE;
	}
	g_string_append_uri_escaped(coded, name, NULL, FALSE);
	g_string_append_printf(out, "\r\n--%s\r\nContent-Type: %s\r\nContent-Disposition: attachment; filename*=UTF-8''%s\r\n"
			       "Content-Transfer-Encoding: base64\r\n\r\n", border, sim_media_type(path), coded->str);
	put_base64(out, bytes, len);
	return TRUE;
}

int sim_say_email(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	g_autofree char *unique = sim_id("", 32), *border = g_strconcat("b-", unique, NULL);

	if (said->forged)
		return cannot_forge(sim, channel);
	if (!strchr(said->from, '@') || strpbrk(said->from, "<>\r\n"))
		return ctl_usage(sim->ctl, "--from: a mail address is wanted on channel %s", channel->name);
	ret->id = said->id ? g_strdup(said->id) : g_strconcat(unique, "@simulate.invalid", NULL);
	put_head(channel, said, ret);
	if (said->files[0])
		g_string_append_printf(ret->body, "Content-Type: multipart/mixed; boundary=%s\r\n\r\n--%s\r\n", border, border);
	put_text(ret->body, said->text);
	for (const char *const *file = said->files; *file; file++)
		if (!put_file(sim, *file, border, ret->body))
			return CTL_MISSING;
	if (said->files[0])
		g_string_append_printf(ret->body, "\r\n--%s--\r\n", border);
	sim_header(ret, "Content-Type: message/rfc822");
	ret->later = TRUE;
	return hand_in(channel, said->broken, ret);
}

/* ---- a deliver_sm (SMPP 3.4, section 4.6.1) ---- */

#define DELIVER_SM	0x00000005u
#define MESSAGE_PAYLOAD 0x0424		/* for what short_message cannot hold (section 5.3.2.32) */
#define SHORT_MAX	254
#define UCS2		8

static void put_number(GString *out, guint32 number, guint octets)
{
	while (octets--)
		g_string_append_c(out, (char)(number >> (8 * octets)));
}

static void put_c_text(GString *out, const char *text)
{
	g_string_append_len(out, text, (gssize)strlen(text) + 1);
}

static void put_address(GString *out, const char *number)
{
	gboolean international = number[0] == '+';

	put_number(out, international ? 1 : 0, 1);	/* type of number */
	put_number(out, 1, 1);				/* numbering plan: E.164 */
	put_c_text(out, sim_digits(number));
}

int sim_say_smpp(struct sim *sim, const struct hg_channel_conf *channel, const struct sim_said *said, sim_call *ret)
{
	g_autofree char *words = NULL;
	guint32 sequence = 0;
	gsize len = 0;

	if (said->forged)
		return cannot_forge(sim, channel);
	words = g_convert(said->text, -1, "UTF-16BE", "UTF-8", NULL, &len, NULL);
	if (!words || strlen(said->from) > 20)
		return ctl_usage(sim->ctl, "--text: UTF-8 is wanted; --from: a number");
	hg_env_system()->random(hg_env_system(), &sequence, sizeof(sequence));
	put_number(ret->body, 0, 4);
	put_number(ret->body, DELIVER_SM, 4);
	put_number(ret->body, 0, 4);
	put_number(ret->body, 1 + sequence % 0x7ffffffe, 4);
	put_c_text(ret->body, "");
	put_address(ret->body, said->from);
	put_address(ret->body, sim_ours(channel, "+15550100100"));
	put_number(ret->body, 0, 3);			/* esm_class, protocol_id, priority_flag */
	put_number(ret->body, 0, 2);			/* two empty times */
	put_number(ret->body, 0, 2);			/* registered_delivery, replace_if_present_flag */
	put_number(ret->body, UCS2, 1);
	put_number(ret->body, 0, 1);			/* sm_default_msg_id */
	put_number(ret->body, len > SHORT_MAX ? 0 : (guint32)len, 1);
	if (len > SHORT_MAX) {
		put_number(ret->body, MESSAGE_PAYLOAD, 2);
		put_number(ret->body, (guint32)len, 2);
	}
	g_string_append_len(ret->body, words, (gssize)len);
	for (guint i = 0; i < 4; i++)
		ret->body->str[i] = (char)(ret->body->len >> (8 * (3 - i)));
	sim_header(ret, "Content-Type: application/octet-stream");
	return hand_in(channel, said->broken, ret);
}
