/* mail_auto.c - is it a machine's, is it spam, was it forwarded */
#include "mail_auto.h"

#include <stdlib.h>
#include <string.h>

#include "mail_words.h"

struct look {
	const hg_mail *mail;
	const struct hg_head *head;
	const struct hg_mail_parts *parts;
	const struct hg_mail_ask *ask;
	const char *subject;		/* folded */
};

static const char *token(struct look *look, const char *name)
{
	return hg_field_token(look->mail->arena, hg_head_get(look->head, name));
}

static gboolean has(struct look *look, const char *const *names)
{
	for (; *names; names++)
		if (hg_head_get(look->head, *names))
			return TRUE;
	return FALSE;
}

static gboolean begins(const char *subject, const char *const *words)
{
	for (; *words; words++)
		if (g_str_has_prefix(subject, *words))
			return TRUE;
	return FALSE;
}

static gboolean holds(const char *subject, const char *const *words)
{
	for (; *words; words++)
		if (strstr(subject, *words))
			return TRUE;
	return FALSE;
}

static const char *from_address(const hg_mail *mail)
{
	return mail->from.n ? mail->from.of[0].address : "";
}

static gboolean is_local(const hg_mail *mail, const char *const *locals)
{
	const char *address = from_address(mail), *name = mail->from.n ? mail->from.of[0].name : NULL, *at = strrchr(address, '@');
	g_autofree char *local = at ? g_ascii_strdown(address, at - address) : g_ascii_strdown(name ?: "", -1);

	return g_strv_contains(locals, local);
}

static gboolean is_ours(struct look *look)
{
	g_autofree char *lower = g_ascii_strdown(from_address(look->mail), -1);

	return look->ask->ours && *lower && g_strv_contains(look->ask->ours, lower);
}

static const char *report_type(struct look *look)
{
	const struct hg_mail_part *root = look->parts->of;
	const char *type = strcmp(root->type, "multipart/report") ? NULL : hg_params_get(&root->params, "report-type");

	return type ?: "";
}

static gboolean has_part(struct look *look, const char *type)
{
	for (gsize i = 0; i < look->parts->n; i++)
		if (!strcmp(look->parts->of[i].type, type) && look->parts->of[i].depth <= 2)
			return TRUE;
	return FALSE;
}

/* RFC 3464 and what came before it. */
static gboolean is_bounce(struct look *look)
{
	static const char *const daemons[] = { "mailer-daemon", "postmaster", "mail-daemon", "maildaemon", NULL };
	static const char *const headers[] = { "X-Failed-Recipients", NULL };
	gboolean null_sender = look->mail->sender && !*look->mail->sender;

	if (!g_ascii_strcasecmp(report_type(look), "delivery-status") || has_part(look, "message/delivery-status"))
		return TRUE;
	if (has(look, headers))
		return TRUE;
	return (null_sender || is_local(look->mail, daemons)) && holds(look->subject, hg_auto_bounce);
}

static gboolean is_receipt(struct look *look)
{
	return !g_ascii_strcasecmp(report_type(look), "disposition-notification") || has_part(look, "message/disposition-notification");
}

/* Auto-Submitted: anything but "no" (RFC 3834 section 5), and its cousins of before. */
static int by_headers(struct look *look)
{
	static const char *const replied[] = { "X-Autoreply", "X-Auto-Reply", "X-Autorespond", "X-Autoresponder", "X-Autoreply-From",
					       "X-Mail-Autoreply", "X-AutoReply-Sent", NULL };
	static const char *const generated[] = { "X-FC-Machinegenerated", "X-Cron-Env", "X-Feedback-ID-Machine", NULL };
	const char *submitted = token(look, "Auto-Submitted"), *precedence = token(look, "Precedence");
	g_autofree char *suppress = g_ascii_strdown(hg_field_text(look->mail->arena,
			hg_head_get(look->head, "X-Auto-Response-Suppress"), NULL) ?: "", -1);

	if (g_str_has_prefix(submitted, "auto-replied"))
		return HG_AUTO_REPLIED;
	if (*submitted && strcmp(submitted, "no") != 0)
		return HG_AUTO_GENERATED;
	if (!strcmp(precedence, "auto_reply") || has(look, replied))
		return HG_AUTO_REPLIED;
	/* "All" says: no answers of machines to this; what people write does not say so. */
	if (has(look, generated) || !strcmp(suppress, "all") || strstr(suppress, "all,") || strstr(suppress, ", all"))
		return HG_AUTO_GENERATED;
	return HG_AUTO_NONE;
}

static int by_list(struct look *look)
{
	static const char *const lists[] = { "List-Id", "List-Post", "X-Mailing-List", "Mailing-List", NULL };
	static const char *const bulk[] = { "List-Unsubscribe", "X-Mailchimp-Campaign-ID", "X-Campaign-Id", NULL };
	const char *precedence = token(look, "Precedence");

	if (has(look, lists) || !strcmp(precedence, "list"))
		return HG_AUTO_LIST;
	if (!strcmp(precedence, "bulk") || !strcmp(precedence, "junk") || has(look, bulk))
		return HG_AUTO_BULK;
	return HG_AUTO_NONE;
}

static int by_sender(struct look *look)
{
	static const char *const silent[] = { "no-reply", "noreply", "no_reply", "donotreply", "do-not-reply", "do_not_reply", "nobody",
					      "mailer-daemon", "postmaster", "nicht-antworten", "ne-pas-repondre", "noresponder", NULL };
	gboolean null_sender = look->mail->sender && !*look->mail->sender;

	if (null_sender)
		return look->mail->in_reply_to.n || look->mail->references.n ? HG_AUTO_REPLIED : HG_AUTO_GENERATED;
	return is_local(look->mail, silent) ? HG_AUTO_NO_REPLY : HG_AUTO_NONE;
}

/* The first reason in this order; an absence is told from other answers of machines by its words. */
static int why(struct look *look)
{
	gboolean absent = begins(look->subject, hg_auto_absent);
	int reason;

	if (look->mail->loop && look->ask->instance && !strcmp(look->mail->loop, look->ask->instance))
		return HG_AUTO_LOOP;
	if (is_bounce(look))
		return HG_AUTO_BOUNCE;
	if (is_receipt(look))
		return HG_AUTO_RECEIPT;
	if (is_ours(look))
		return HG_AUTO_OURS;
	reason = by_headers(look);
	if (reason == HG_AUTO_NONE)
		reason = by_list(look);
	/* Exchange writes absences with no header at all. */
	if (absent && reason != HG_AUTO_LIST && reason != HG_AUTO_BULK)
		return HG_AUTO_OUT_OF_OFFICE;
	return reason != HG_AUTO_NONE ? reason : by_sender(look);
}

/* The receiving server's word; nobody forges it against himself. */
static gboolean is_spam(struct look *look)
{
	const char *level = token(look, "X-MS-Exchange-Organization-SCL"), *action = token(look, "X-Rspamd-Action");
	const char *flag = token(look, "X-Spam-Flag"), *status = token(look, "X-Spam-Status");

	return g_str_has_prefix(flag, "yes") || g_str_has_prefix(status, "yes") || !strcmp(token(look, "X-Spam"), "yes") ||
	       g_str_has_prefix(action, "reject") || g_str_has_prefix(action, "add_header") ||
	       g_str_has_prefix(action, "add") || g_str_has_prefix(action, "rewrite") || strtol(level, NULL, 10) >= 5;
}

void hg_auto_read(hg_mail *mail, const struct hg_mail_parts *parts, const struct hg_mail_ask *ask)
{
	g_autofree char *subject = g_utf8_strdown(mail->subject, -1);
	struct look look = { .mail = mail, .head = &parts->of[0].head, .parts = parts, .ask = ask, .subject = subject };

	mail->loop = hg_field_text(mail->arena, hg_head_get(look.head, "X-Headgate-Loop"), NULL);
	mail->automatic = why(&look);
	mail->spam = is_spam(&look);
	mail->forwarded = begins(subject, hg_auto_forward);
}
