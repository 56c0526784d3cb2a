/* email.c - a mailbox as a channel: options, and the verbs the gateway calls */
#include "email.h"

#include <string.h>

#include "alarm.h"
#include "box.h"
#include "curl_base.h"
#include "email_check.h"
#include "email_plan.h"
#include "email_send.h"
#include "flow.h"
#include "imap_conn.h"
#include "inside.h"
#include "unpack.h"

#define C struct email_conf

static const struct hg_option options[] = {
	HG_OPTION(C, address, STRING, HG_OPT_REQUIRED, NULL, NULL,
		  "The address customers write to, and answers leave from."),
	HG_OPTION(C, aliases, STRINGS, 0, NULL, NULL,
		  "Other addresses whose mail comes into this mailbox."),
	HG_OPTION(C, user, STRING, 0, NULL, NULL,
		  "Whom to log in as; the address when it is not given."),
	HG_OPTION(C, password, SECRET, 0, NULL, NULL,
		  "Password of the mailbox; not with oauth."),
	HG_OPTION(C, ca_file, PATH, 0, NULL, NULL,
		  "Certificates (PEM) that mail servers are checked against, instead of the system's."),
	HG_OPTION(C, token_secret, SECRETS, HG_OPT_REQUIRED, NULL, NULL,
		  "Secret behind the tokens in our mails, at least 32 characters: an answer that carries one proves that its "
		  "writer got a mail of ours.  To change it, put the new one before the old."),
	HG_OPTION(C, authserv_ids, STRINGS, 0, NULL, NULL,
		  "Whose Authentication-Results are believed: the name your own mail server writes there."),
	HG_OPTION(C, arc_forwarders, STRINGS, 0, NULL, NULL,
		  "Domains of forwarders (lists, old addresses) whose own check of the sender is believed where your server "
		  "found their chain of seals (ARC) whole; in lower case."),
	HG_OPTION_AT(C, imap_host, "imap.host", STRING, HG_OPT_REQUIRED, NULL, NULL, "IMAP server."),
	HG_OPTION_AT(C, imap_port, "imap.port", INT, 0, NULL, "1..65535", "Its port; 993, or 143 without implicit TLS."),
	HG_OPTION_AT(C, imap_tls, "imap.tls", ENUM, 0, "implicit", "implicit|starttls|none",
		     "implicit: TLS from the first byte; starttls: required after the greeting; none: on loopback only."),
	HG_OPTION_AT(C, imap_auth, "imap.auth", ENUM, 0, "auto", "auto|plain|login|xoauth2|oauthbearer",
		     "How to log in; auto: plain, or xoauth2 with a token.  login is for servers that know nothing else."),
	HG_OPTION_AT(C, folders, "imap.folders", STRINGS, 0, "INBOX", NULL,
		     "Folders to read, each on a connection of its own.  Where one mail shows in several (Gmail's labels), "
		     "read INBOX alone."),
	HG_OPTION_AT(C, idle, "imap.idle", MSECS, 0, "9m", "10s..14m",
		     "How long to wait in IDLE before asking anew; shorter where connections die sooner."),
	HG_OPTION_AT(C, poll, "imap.poll", MSECS, 0, "30s", "1s..10m",
		     "How often to ask a server that cannot IDLE."),
	HG_OPTION_AT(C, max_size, "imap.max_size", BYTES, 0, "25MiB", "64KiB..30MiB",
		     "A larger mail is taken in part: its header and the beginning of its text, with a note; the whole stays in "
		     "the mailbox."),
	HG_OPTION_AT(C, backfill, "imap.backfill", MSECS, 0, NULL, "1h..3650d",
		     "Mail so old is imported when a folder is read for the first time; without it nothing that lies there."),
	HG_OPTION_AT(C, rescan, "imap.rescan", MSECS, 0, "7d", "1h..7d",
		     "Mail so old is read again when a folder got new UIDs, and dropped where it is known by its content; no "
		     "longer than window.dedupe."),
	HG_OPTION_AT(C, after, "imap.after", ENUM, 0, "seen", "seen|move|delete|nothing",
		     "What becomes of a mail over there when it is safe here."),
	HG_OPTION_AT(C, move_to, "imap.move_to", STRING, 0, NULL, NULL, "Folder for after: move; made when it is missing."),
	HG_OPTION_AT(C, smtp_host, "smtp.host", STRING, 0, NULL, NULL, "SMTP server that takes our mail; without it the mailbox is only read."),
	HG_OPTION_AT(C, smtp_port, "smtp.port", INT, 0, NULL, "1..65535", "Its port; 587, or 465 with implicit TLS, or 25 without any."),
	HG_OPTION_AT(C, smtp_tls, "smtp.tls", ENUM, 0, "starttls", "starttls|implicit|none",
		     "starttls: required after the greeting; implicit: TLS from the first byte; none: for a relay that wants no login, "
		     "or on loopback."),
	HG_OPTION_AT(C, smtp_transport, "smtp.transport", ENUM, 0, "curl", "curl|esmtp",
		     "curl: keeps connections, knows OAuth 2; esmtp: libesmtp, one mail at a time, TLS 1.2 at most, for relays in "
		     "one's own network."),
	HG_OPTION_AT(C, smtp_login, "smtp.login", BOOL, 0, "true", NULL, "false: for a relay that knows us by our address."),
	HG_OPTION_AT(C, smtp_user, "smtp.user", STRING, 0, NULL, NULL, "Whom to log in as for sending, where it is another than user."),
	HG_OPTION_AT(C, smtp_password, "smtp.password", SECRET, 0, NULL, NULL, "Password for sending, where it is another."),
	HG_OPTION_AT(C, smtp_connections, "smtp.connections", INT, 0, "2", "1..20", "Connections at once; each is kept for 30 s."),
	HG_OPTION_AT(C, smtp_timeout, "smtp.timeout", MSECS, 0, "50s", "5s..55s", "How long sending one mail may take."),
	HG_OPTION_AT(C, smtp_max_size, "smtp.max_size", BYTES, 0, "25MiB", "64KiB..50MiB", "Largest mail that is sent, with its files encoded."),
	HG_OPTION_AT(C, return_path, "smtp.return_path", ENUM, 0, "plain", "plain|token",
		     "Where bounces go: to the address, or to address+t.TOKEN, by which even one that says nothing of the mail is "
		     "matched; not every server lets us send so."),
	HG_OPTION(C, name, STRING, 0, "${name}", NULL,
		  "Name beside our address; ${name} is the agent's: '${name|Support} (Acme)'."),
	HG_OPTION(C, subject, STRING, 0, "Your message", NULL, "Subject of mail that has none to answer, and of automatic mail."),
	HG_OPTION(C, reply_to, ENUM, 0, "plus", "plus|plain",
		  "plus: answers go to address+t.TOKEN, which finds the conversation whatever a mailer does to the rest; the mail "
		  "server must deliver it like the address.  plain: for one that does not."),
	HG_OPTION(C, reply_domain, STRING, 0, NULL, NULL, "Domain of those addresses, where it is one of their own."),
	HG_OPTION(C, quote, ENUM, 0, "none", "none|last|all", "What was said before, below an answer: the customer's last message, or more."),
	HG_OPTION_AT(C, text_template, "template.text", STRING, 0, NULL, NULL,
		     "What stands around an answer: ${text} is the answer, ${name}, ${number} and ${subject} may stand beside it."),
	HG_OPTION_AT(C, html_template, "template.html", STRING, 0, NULL, NULL, "The same for HTML; every mail has HTML then."),
	HG_OPTION_AT(C, token_url, "oauth.token_url", URL, 0, NULL, NULL,
		     "Where access tokens are fetched (OAuth 2), such as https://oauth2.googleapis.com/token."),
	HG_OPTION_AT(C, client_id, "oauth.client_id", STRING, 0, NULL, NULL, "Id of the registered application."),
	HG_OPTION_AT(C, client_secret, "oauth.client_secret", SECRET, 0, NULL, NULL, "Its secret."),
	HG_OPTION_AT(C, refresh_token, "oauth.refresh_token", SECRET, 0, NULL, NULL,
		     "What the sign-in gave, for grant: refresh_token.  One that the provider exchanges is kept sealed; a new one "
		     "here takes its place."),
	HG_OPTION_AT(C, scope, "oauth.scope", STRING, 0, NULL, NULL,
		     "Scopes, separated by spaces; https://mail.google.com/ at Google."),
	HG_OPTION_AT(C, grant, "oauth.grant", ENUM, 0, "refresh_token", "refresh_token|client_credentials",
		     "refresh_token: somebody signed in; client_credentials: the application has rights of its own (Microsoft)."),
	HG_OPTION_END
};

/* ---- a channel's life ---- */

static void free_all(struct email *e)
{
	email_sender_free(e->sender);
	for (guint i = 0; i < e->boxes->len; i++)
		box_free(e->boxes->pdata[i]);
	g_ptr_array_unref(e->boxes);
	flow_done(e);
	email_unpack_done(e);
	email_oauth_done(e);
	email_timers_done(e);
	g_hash_table_destroy(e->places);
	hg_curl_free(e->curl);
	g_free(e);
}

static int refuse(struct email *e, const GError *error, struct hg_err *err)
{
	err->kind = HG_ERR_BROKEN;
	g_strlcpy(err->text, error->message, sizeof(err->text));
	free_all(e);
	return -1;
}

static int open_channel(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state,
			struct hg_err *err)
{
	g_autoptr(GError) error = NULL;
	struct event_base *base = host->inside ? host->inside(ch, HG_INSIDE_EVENT_BASE) : NULL;
	struct email *e;

	if (!base) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "this headgate is not the one the e-mail adapter was built with" };
		return -1;
	}
	if (email_check(conf, err))
		return -1;
	e = g_new0(struct email, 1);
	e->host = host;
	e->ch = ch;
	e->conf = conf;
	e->boxes = g_ptr_array_new();
	e->places = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	email_timers_init(e);
	email_oauth_init(e);
	e->base = base;
	e->curl = hg_curl_new(base, hg_imap_conn_done, NULL, &error);
	for (char **folder = e->conf->folders; !error && *folder; folder++) {
		struct box *box = box_new(e, *folder, &error);

		if (box)
			g_ptr_array_add(e->boxes, box);
	}
	if (!error)
		e->sender = email_sender_new(e, &error);
	if (error)
		return refuse(e, error, err);
	*state = e;
	return 0;
}

static void start(void *state)
{
	struct email *e = state;
	const struct hg_inside_take *take = e->host->inside(e->ch, HG_INSIDE_TAKE);

	email_places_read(e);
	if (take)
		take->serve(e->ch, email_take);
	e->offline = take && take->offline(e->ch);
	if (e->offline)
		return;
	email_alarm_start(e);
	for (guint i = 0; i < e->boxes->len; i++)
		box_start(e->boxes->pdata[i]);
}

void email_drained(struct email *e)
{
	if (e->stopping && flow_idle(e) && !email_unpack_busy(e) && !email_sender_busy(e->sender))
		e->host->drained(e->ch);
}

static void stop(void *state)
{
	struct email *e = state;

	e->stopping = TRUE;
	email_oauth_stop(e);
	for (guint i = 0; i < e->boxes->len; i++)
		box_stop(e->boxes->pdata[i]);
	flow_stop(e);
	email_drained(e);
}

static void close_channel(void *state)
{
	struct email *e = state;

	e->stopping = TRUE;
	email_oauth_stop(e);
	free_all(e);
}

static void health(void *state, struct hg_err *err)
{
	*err = ((struct email *)state)->told_err;
}

/* "folder/uidvalidity/uid": a folder's name may have slashes in it. */
static struct box *box_of(struct email *e, const char *id, guint32 *ret_validity, guint32 *ret_uid)
{
	const char *uid = strrchr(id, '/'), *validity = uid;

	while (validity && validity > id && validity[-1] != '/')
		validity--;
	if (!validity || validity <= id + 1)
		return NULL;
	*ret_validity = (guint32)g_ascii_strtoull(validity, NULL, 10);
	*ret_uid = (guint32)g_ascii_strtoull(uid + 1, NULL, 10);
	for (guint i = 0; i < e->boxes->len; i++) {
		struct box *box = e->boxes->pdata[i];
		gsize len = strlen(box->folder);

		if ((gsize)(validity - 1 - id) == len && strncmp(box->folder, id, len) == 0)
			return box;
	}
	return NULL;
}

static void settle(void *state, uint64_t ticket, const char *id)
{
	struct email *e = state;
	struct hg_err gone = { .kind = HG_ERR_GONE, .text = "its folder is not read any more" };
	struct hg_err offline = { .kind = HG_ERR_BUSY, .text = "capture mode: the mailbox is not opened" };
	guint32 validity, uid;
	struct box *box = box_of(e, id, &validity, &uid);

	if (strcmp(e->conf->after, "nothing") == 0 || email_was_taken(id))
		e->host->settled(e->ch, ticket, NULL);
	else if (e->offline)
		e->host->settled(e->ch, ticket, &offline);
	else if (!box)
		e->host->settled(e->ch, ticket, &gone);
	else
		box_settle(box, ticket, validity, uid);
}

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter),
	.name = "email",
	.version = "0.1.0",
	.summary = "E-mail: a mailbox by IMAP, answers by SMTP",
	.caps = HG_CAP_MEDIA | HG_CAP_HTML | HG_CAP_FIRST | HG_CAP_SINGLE | HG_CAP_PAST | HG_INSIDE_CAP_OFFLINE,
	.conf_size = sizeof(struct email_conf),
	.options = options,
	.check = email_check,
	.limits = email_limits,
	.plan = email_plan,
	.open = open_channel,
	.start = start,
	.stop = stop,
	.close = close_channel,
	.send = email_send,
	.health = health,
	.unpack = email_unpack,
	.settle = settle,
};
