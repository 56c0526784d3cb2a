/* smtp_judge.c - what an ended session means for the mail: one table for both transports */
#include <string.h>

#include "mail_wire.h"
#include "smtp_made.h"

static const char *const step_names[] = {
	[HG_SMTP_CONNECT] = "connecting", [HG_SMTP_GREETING] = "the greeting", [HG_SMTP_EHLO] = "EHLO",
	[HG_SMTP_STARTTLS] = "STARTTLS", [HG_SMTP_AUTH] = "the login", [HG_SMTP_MAIL] = "MAIL FROM",
	[HG_SMTP_RCPT] = "RCPT TO", [HG_SMTP_DATA] = "DATA", [HG_SMTP_BODY] = "the mail itself",
	[HG_SMTP_END] = "the end of the mail",
};

/* A class of enhanced codes (RFC 3463): "5.1." */
static gboolean is_about(const struct hg_smtp_dialog *dialog, char subject)
{
	return dialog->enhanced[0] && dialog->enhanced[2] == subject && dialog->enhanced[3] == '.';
}

/* The server is at fault, or has no room: X.3, and 421, which ends the connection (RFC 5321 section 3.8). */
static gboolean is_servers(const struct hg_smtp_dialog *dialog)
{
	return dialog->code == 421 || (dialog->code < 500 && is_about(dialog, '3'));
}

/* Up to MAIL everything is about us and our login, but for the size that MAIL may announce.  RCPT is about whom
 * we write to: a stranger's server must not be able to stop the channel by what it answers there, so that even
 * "relay access denied" reaches no further, unless it wants a login (530).  Later it is about this mail. */
static int reach_of(const struct hg_smtp_dialog *dialog)
{
	if (is_servers(dialog) || dialog->code == 530)
		return HG_REACH_CHANNEL;
	if (dialog->step < HG_SMTP_MAIL)
		return HG_REACH_CHANNEL;
	if (dialog->step == HG_SMTP_MAIL)
		return dialog->code == 552 || !strcmp(dialog->enhanced, "5.3.4") ? HG_REACH_MESSAGE : HG_REACH_CHANNEL;
	if (dialog->step == HG_SMTP_RCPT)
		return is_about(dialog, '7') || is_about(dialog, '3') || !strcmp(dialog->enhanced, "5.2.2") ?
			HG_REACH_MESSAGE : HG_REACH_CONTACT;
	return HG_REACH_MESSAGE;
}

static void judge_trouble(const struct hg_smtp_dialog *dialog, enum hg_smtp_trouble trouble, struct hg_smtp_answer *ret)
{
	if (dialog->step == HG_SMTP_END) {
		ret->fate = HG_AMBIGUOUS;
		ret->reach = HG_REACH_MESSAGE;
	} else if (trouble == HG_SMTP_INSECURE || trouble == HG_SMTP_LOGIN) {
		ret->fate = HG_FAILED;
		ret->reach = HG_REACH_CHANNEL;
	} else if (trouble == HG_SMTP_OURS) {
		ret->fate = HG_FAILED;
		ret->reach = HG_REACH_MESSAGE;
	} else {
		ret->fate = HG_RETRY;
		ret->reach = dialog->step < HG_SMTP_MAIL ? HG_REACH_CHANNEL : HG_REACH_MESSAGE;
	}
}

/* ---- the id that a relay gives ---- */

/* "eu-west-1" of "email-smtp.eu-west-1.amazonaws.com"; yours or NULL. */
static char *ses_region(const char *host)
{
	g_auto(GStrv) labels = g_strsplit(host ? host : "", ".", 5);

	if (g_strv_length(labels) != 4 || !g_str_has_prefix(labels[0], "email-smtp") ||
	    g_ascii_strcasecmp(labels[2], "amazonaws"))
		return NULL;
	return g_ascii_strdown(labels[1], -1);
}

/* Amazon SES puts an id of its own in the place of our Message-ID: the word behind "Ok", at email.amazonses.com or
 * at REGION.amazonses.com.  Yours or NULL. */
static char *ses_id(const char *words, const char *host)
{
	g_autofree char *region = ses_region(host), *id = NULL;
	gsize n;

	if (!region || g_ascii_strncasecmp(words, "Ok ", 3))
		return NULL;
	words += 3;
	n = strspn(words, "0123456789abcdefABCDEF-");
	if (n < 32 || n > 80 || (words[n] && words[n] != ' '))
		return NULL;
	id = g_strndup(words, n);
	return g_strdup_printf("%s@%s.amazonses.com", id, strcmp(region, "us-east-1") ? region : "email");
}

/* What stands as <id@host> in the answer (Microsoft's servers), or yours made of it; NULL: the server says nothing
 * by which the mail could be found again.  Numbers of queues are no ids: anybody could guess them. */
static char *remote_id(const char *words, const char *host)
{
	const char *open = strchr(words, '<'), *end = open ? strchr(open, '>') : NULL;

	if (end) {
		g_autofree char *id = g_strndup(open + 1, (gsize)(end - open - 1));

		if (strchr(id, '@') && hg_mail_id_ok(id))
			return g_steal_pointer(&id);
	}
	return ses_id(words, host);
}

/* ---- all of it ---- */

void hg_smtp_judge(const struct hg_smtp_dialog *dialog, enum hg_smtp_trouble trouble, const char *words,
		   const char *host, struct hg_smtp_answer *ret, char **ret_held)
{
	gboolean refused = dialog->code >= 400 && dialog->code <= 599;

	*ret = (struct hg_smtp_answer){ .step = dialog->step, .code = refused ? dialog->code : 0 };
	*ret_held = NULL;
	if (dialog->step == HG_SMTP_END && dialog->code == 250) {
		ret->fate = HG_SENT;
		ret->code = 250;
		*ret_held = remote_id(dialog->words->str, host);
		ret->remote_id = *ret_held;
	} else if (refused) {
		ret->fate = dialog->code < 500 ? HG_RETRY : HG_FAILED;
		ret->reach = reach_of(dialog);
	} else {
		judge_trouble(dialog, trouble, ret);
		*ret_held = g_strdup_printf("%s (at %s)", words && *words ? words : "the connection ended",
					    step_names[dialog->step]);
		ret->text = *ret_held;
		return;
	}
	ret->enhanced = dialog->enhanced[0] ? dialog->enhanced : NULL;
	ret->text = dialog->words->str;
}
