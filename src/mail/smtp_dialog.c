/* smtp_dialog.c - follows an SMTP session by its lines (RFC 5321), whoever holds the connection */
#include <string.h>

#include "smtp_made.h"
#include "text.h"

void hg_smtp_dialog_init(struct hg_smtp_dialog *dialog)
{
	memset(dialog, 0, sizeof(*dialog));
	dialog->words = g_string_new(NULL);
	dialog->line = g_string_new(NULL);
}

void hg_smtp_dialog_done(struct hg_smtp_dialog *dialog)
{
	g_string_free(dialog->words, TRUE);
	g_string_free(dialog->line, TRUE);
	dialog->words = dialog->line = NULL;
}

void hg_smtp_dialog_step(struct hg_smtp_dialog *dialog, int step)
{
	dialog->step = step;
	dialog->code = 0;
	dialog->more = FALSE;
	dialog->enhanced[0] = '\0';
	g_string_truncate(dialog->words, 0);
	g_string_truncate(dialog->line, 0);
}

static int step_of(const char *command, gsize len)
{
	static const struct { const char *verb; int step; } verbs[] = {
		{ "EHLO", HG_SMTP_EHLO }, { "HELO", HG_SMTP_EHLO }, { "STARTTLS", HG_SMTP_STARTTLS },
		{ "AUTH", HG_SMTP_AUTH }, { "MAIL", HG_SMTP_MAIL }, { "RCPT", HG_SMTP_RCPT }, { "DATA", HG_SMTP_DATA },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(verbs); i++) {
		gsize n = strlen(verbs[i].verb);

		if (len > n && !g_ascii_strncasecmp(command, verbs[i].verb, n) && !g_ascii_isalnum(command[n]))
			return verbs[i].step;
	}
	return -1;
}

static gboolean is_goodbye(const char *command, gsize len)
{
	return len >= 4 && (!g_ascii_strncasecmp(command, "QUIT", 4) || !g_ascii_strncasecmp(command, "RSET", 4));
}

/* What is no verb is the rest of a login.  Several commands at once (PIPELINING) are taken for the last. */
void hg_smtp_dialog_said(struct hg_smtp_dialog *dialog, const char *bytes, gsize len)
{
	const char *end = bytes + len;

	dialog->over |= dialog->step == HG_SMTP_END && is_goodbye(bytes, len);
	while (bytes < end && !dialog->over && dialog->step < HG_SMTP_BODY) {
		const char *eol = memchr(bytes, '\n', (gsize)(end - bytes));
		gsize n = (gsize)((eol ? eol + 1 : end) - bytes);
		int step = step_of(bytes, n);

		dialog->over = dialog->step != HG_SMTP_AUTH && is_goodbye(bytes, n);
		if (step >= 0)
			hg_smtp_dialog_step(dialog, step);
		if (step == HG_SMTP_EHLO) {
			dialog->begun = TRUE;
			dialog->dsn = dialog->size = FALSE;	/* what was offered before TLS was anybody's */
		}
		bytes += n;
	}
}

/* "5.1.1 " at the beginning of the words: RFC 3463.  Returns what it takes. */
static gsize take_enhanced(struct hg_smtp_dialog *dialog, const char *words)
{
	gsize n = strspn(words, "0123456789.");

	if (n < 5 || n >= sizeof(dialog->enhanced) || words[1] != '.' || words[n - 1] == '.' ||
	    (words[0] != '2' && words[0] != '4' && words[0] != '5') || (words[n] && words[n] != ' '))
		return 0;
	g_strlcpy(dialog->enhanced, words, n + 1);
	return n + (words[n] == ' ');
}

static void take_offer(struct hg_smtp_dialog *dialog, const char *words)
{
	gsize n = strcspn(words, " ");

	dialog->dsn |= n == 3 && !g_ascii_strncasecmp(words, "DSN", 3);
	dialog->size |= n == 4 && !g_ascii_strncasecmp(words, "SIZE", 4);
}

/* TRUE: the reply is whole. */
static gboolean take_line(struct hg_smtp_dialog *dialog)
{
	g_autofree char *line = hg_text_valid(dialog->line->str, (gssize)dialog->line->len, 0);
	const char *words = strlen(line) > 4 ? line + 4 : "";

	g_string_truncate(dialog->line, 0);
	g_strchomp(line);
	if (strspn(line, "0123456789") != 3 || (line[3] && line[3] != ' ' && line[3] != '-'))
		return FALSE;		/* no reply: whoever waits for one waits in vain */
	if (!dialog->more)
		g_string_truncate(dialog->words, 0);
	dialog->code = (int)g_ascii_strtoull(line, NULL, 10);
	dialog->more = line[3] == '-';
	words += take_enhanced(dialog, words);
	if (*words && dialog->words->len + strlen(words) < HG_SMTP_WORDS_MAX)
		g_string_append_printf(dialog->words, "%s%s", dialog->words->len ? " " : "", words);
	if (dialog->step == HG_SMTP_EHLO && dialog->code == 250)
		take_offer(dialog, words);
	if (dialog->step == HG_SMTP_CONNECT)
		dialog->step = HG_SMTP_GREETING;
	dialog->logged_in |= dialog->step == HG_SMTP_AUTH && dialog->code == 235;
	if (dialog->more)
		dialog->code = 0;	/* until it is whole */
	return !dialog->more;
}

guint hg_smtp_dialog_heard(struct hg_smtp_dialog *dialog, const char *bytes, gsize len)
{
	guint whole = 0;

	for (gsize i = 0; i < len && !dialog->over; i++) {
		if (bytes[i] == '\n')
			whole += take_line(dialog);
		else if (dialog->line->len < HG_SMTP_LINE_MAX)
			g_string_append_c(dialog->line, bytes[i]);
	}
	return whole;
}

/* RFC 3461 section 4: xtext. */
static void put_xtext(GString *out, const char *text)
{
	for (; *text; text++) {
		if (!g_ascii_isgraph(*text) || *text == '+' || *text == '=')
			g_string_append_printf(out, "+%02X", (guint8)*text);
		else
			g_string_append_c(out, *text);
	}
}

char *hg_smtp_mail_options(const struct hg_smtp_dialog *dialog, gsize size, const char *envelope_id)
{
	GString *out = g_string_new(NULL);

	if (dialog->size)
		g_string_append_printf(out, " SIZE=%zu", size);
	if (dialog->dsn && envelope_id) {
		g_string_append(out, " RET=HDRS ENVID=");
		put_xtext(out, envelope_id);
	}
	return g_string_free(out, FALSE);
}

const char *hg_smtp_rcpt_options(const struct hg_smtp_dialog *dialog, const char *envelope_id)
{
	return dialog->dsn && envelope_id ? " NOTIFY=FAILURE,DELAY" : "";
}
