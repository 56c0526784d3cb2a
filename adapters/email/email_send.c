/* email_send.c - a recipe becomes bytes on a thread, gets a token where the login wants one, and goes out by SMTP
 *
 *	building -> (waiting for an access token) -> sending -> answered
 *
 * Message-ID and token follow from the message's key, so that every attempt carries the same: whoever gets a mail twice
 * can drop one of them. */
#include "email_send.h"

#include <string.h>

#include "alarm.h"
#include "email_check.h"
#include "email_plan.h"
#include "mail_build.h"
#include "mail_compose.h"
#include "mail_token.h"
#include "message.h"
#include "smtp.h"
#include "template.h"
#include "text.h"

struct email_sender {
	struct email *e;		/* lent */
	hg_smtp *smtp;
	GQueue under_way;		/* of struct sending */
	gboolean renewed;		/* the access token was refused, and another was fetched */
	gboolean freeing;
};

struct sending {
	struct email_sender *sender;
	GList link;
	uint64_t ticket;
	struct email_recipe recipe;
	char token[HG_MAIL_TOKEN_LEN + 1];
	char *id, *reply_to, *return_path;	/* ours; reply_to: or NULL */
	char thread[HG_MAIL_TOKEN_LEN + 1];	/* token of recipe.thread; or "" */
	char *root;			/* ours: Message-ID that the mails of a thread answer; or NULL */
	char *instance;
	gsize max;
	GArray *files;			/* struct hg_mail_attachment: its strings are ours */
	GBytes *mail;			/* NULL until it is built */
	GError *error;
};

/* ---- ends ---- */

static void clear_file(void *data)
{
	struct hg_mail_attachment *file = data;

	g_free((char *)file->name);
	g_free((char *)file->type);
	g_free((char *)file->content_id);
	g_free((char *)file->path);
}

static void sending_free(struct sending *s)
{
	g_queue_unlink(&s->sender->under_way, &s->link);
	email_recipe_done(&s->recipe);
	g_free(s->id);
	g_free(s->root);
	g_free(s->reply_to);
	g_free(s->return_path);
	g_free(s->instance);
	g_array_unref(s->files);
	g_clear_pointer(&s->mail, g_bytes_unref);
	g_clear_error(&s->error);
	g_free(s);
}

static void answer(struct sending *s, const struct hg_result *result)
{
	struct email *e = s->sender->e;

	e->host->sent(e->ch, s->ticket, result);
	sending_free(s);
	if (!e->sender->freeing)
		email_drained(e);
}

static void fail(struct sending *s, int fate, int reach, const char *text, const char *advice)
{
	struct hg_result result = { .size = sizeof(result), .fate = fate, .reach = reach, .text = text, .advice = advice };

	answer(s, &result);
}

/* What the channel's alarm hears of the way out. */
static void report(struct email *e, const struct hg_smtp_answer *answer)
{
	e->sending = (struct email_trouble){ 0 };
	if (answer->fate != HG_SENT && answer->reach >= HG_REACH_CHANNEL) {
		e->sending.condition = answer->fate == HG_FAILED ? HG_DOWN : HG_DEGRADED;
		e->sending.err.kind = answer->step == HG_SMTP_AUTH ? HG_ERR_DENIED : HG_ERR_BUSY;
		e->sending.err.code = answer->code;
		g_snprintf(e->sending.err.text, sizeof(e->sending.err.text), "mail cannot be sent: %.200s", answer->text);
	}
	email_report(e);
}

static const char *advice_for(const struct hg_smtp_answer *answer)
{
	if (answer->fate == HG_AMBIGUOUS)
		return "Ask the customer whether the mail arrived before it is sent again.";
	if (answer->fate != HG_FAILED)
		return NULL;
	if (answer->reach == HG_REACH_CONTACT)
		return "Check the address, or reach the customer another way.";
	if (answer->reach >= HG_REACH_CHANNEL)
		return "It is kept and goes out when the mail server lets headgate send again.";
	return "Change the message, or send what is in its files as a link.";
}

/* "550 5.1.1 no such user" */
static char *words_of(const struct hg_smtp_answer *answer)
{
	if (!answer->code)
		return g_strdup(answer->text);
	return g_strdup_printf("%d %s%s%s", answer->code, answer->enhanced ? answer->enhanced : "", answer->enhanced ? " " : "",
			       answer->text ? answer->text : "");
}

/* A token may be refused before its time: another is fetched, once. */
static gboolean renew(struct email_sender *sender, const struct hg_smtp_answer *answer)
{
	gboolean refused = answer->step == HG_SMTP_AUTH && answer->fate == HG_FAILED && email_oauth_used(sender->e);
	gboolean again = refused && !sender->renewed && !sender->freeing;

	if (again)
		email_oauth_forget(sender->e);
	sender->renewed = refused;
	return again;
}

static void on_answer(void *arg, const struct hg_smtp_answer *smtp)
{
	struct sending *s = arg;
	struct email_sender *sender = s->sender;
	g_autofree char *words = words_of(smtp);
	const char *also[] = { *s->thread ? s->thread : s->token, smtp->remote_id, NULL };
	struct hg_result result = {
		.size = sizeof(result), .fate = smtp->fate, .reach = smtp->reach, .id = s->id, .code = smtp->code, .text = words,
		.advice = advice_for(smtp), .also = also,
	};

	if (renew(sender, smtp)) {
		fail(s, HG_RETRY, HG_REACH_CHANNEL, words, NULL);
		return;
	}
	if (!sender->freeing)
		report(sender->e, smtp);
	answer(s, &result);
}

/* ---- the way out ---- */

static void go(struct sending *s, const char *bearer)
{
	const char *to[] = { s->recipe.to, NULL };
	struct hg_smtp_mail mail = { .from = s->return_path, .to = to, .bearer = bearer };

	/* RFC 3461 section 4.4 takes 100 characters. */
	mail.envelope_id = strlen(s->id) <= 100 ? s->id : NULL;
	mail.bytes = g_bytes_get_data(s->mail, &mail.len);
	hg_smtp_send(s->sender->smtp, &mail, on_answer, s);
}

static void on_token(void *arg, const char *bearer)
{
	struct sending *s = arg;

	if (bearer)
		go(s, bearer);
	else
		fail(s, HG_RETRY, HG_REACH_CHANNEL, "there is no access token to log in with", NULL);
}

static void on_built(void *arg)
{
	struct sending *s = arg;
	struct email *e = s->sender->e;

	if (s->error)
		fail(s, HG_FAILED, HG_REACH_MESSAGE, s->error->message, "Change the message, or attach its files again.");
	else if (!s->mail)
		fail(s, HG_RETRY, HG_REACH_CHANNEL, "the channel closed before the mail was written", NULL);
	else if (email_oauth_used(e) && e->conf->smtp_login)
		email_oauth_token(e, on_token, s);
	else
		go(s, NULL);
}

/* On a thread of its own: reads files. */
static void work(void *arg, int stop_fd)
{
	struct sending *s = arg;
	const char *const root[] = { s->root, NULL };
	struct hg_mail_draft draft = {
		.from_name = s->recipe.name, .from = s->recipe.from, .reply_to = s->reply_to, .to = s->recipe.to,
		.subject = s->recipe.subject, .message_id = s->id, .token = s->token, .refs = s->root ? root : s->recipe.refs,
		.date_ms = s->recipe.date_ms, .instance = s->instance, .automatic = s->recipe.automatic, .text = s->recipe.text,
		.html = s->recipe.html, .files = (const void *)s->files->data, .n_files = s->files->len,
	};

	(void)stop_fd;
	s->mail = hg_mail_build(&draft, s->max, &s->error);
}

/* ---- what a sending is made of ---- */

static void copy_files(struct sending *s, const struct hg_out *out)
{
	s->files = g_array_new(FALSE, FALSE, sizeof(struct hg_mail_attachment));
	g_array_set_clear_func(s->files, clear_file);
	for (gsize i = 0; i < out->n_files; i++) {
		const struct hg_file *file = (const void *)((const char *)out->files + i * out->file_size);
		struct hg_mail_attachment copy = {
			.name = g_strdup(file->name), .type = g_strdup(file->type), .path = g_strdup(file->path),
			.content_id = HG_HAS(file, content_id) ? g_strdup(file->content_id) : NULL,
		};

		g_array_append_val(s->files, copy);
	}
}

/* Automatic mail has no return path, so that no machine can answer it with another (RFC 3834 section 3.3). */
static char *return_path_of(const struct sending *s, const struct email_conf *conf)
{
	if (s->recipe.automatic)
		return g_strdup("");
	return strcmp(conf->return_path, "token") == 0 ? email_reply_address(conf, s->recipe.from, s->token) : g_strdup(s->recipe.from);
}

/* A helpdesk answers to the thread, whichever of its mails it answers. */
static void fill_in_thread(struct sending *s, const struct email_conf *conf, const char *key)
{
	hg_mail_token(s->recipe.thread, conf->token_secret[0], strlen(conf->token_secret[0]), s->thread);
	s->reply_to = email_reply_address(conf, s->recipe.from, s->thread);
	if (strcmp(s->recipe.thread, key) != 0)
		s->root = g_strdup_printf("hg.%s%s", s->thread, strrchr(s->recipe.from, '@'));
}

static void fill_in(struct sending *s, const struct hg_out *out)
{
	const struct email_conf *conf = s->sender->e->conf;

	hg_mail_token(out->key, conf->token_secret[0], strlen(conf->token_secret[0]), s->token);
	s->id = g_strdup_printf("hg.%s%s", s->token, strrchr(s->recipe.from, '@'));
	if (s->recipe.thread)
		fill_in_thread(s, conf, out->key);
	else if (strcmp(conf->reply_to, "plus") == 0)
		s->reply_to = email_reply_address(conf, s->recipe.from, s->token);
	s->return_path = return_path_of(s, conf);
	s->instance = email_instance(conf);
	s->max = (gsize)conf->smtp_max_size;
}

/* Nothing goes out: the address is what is wanted. */
static void answer_address(struct sending *s)
{
	const char *also[] = { s->thread, NULL };

	answer(s, &(struct hg_result){ .size = sizeof(struct hg_result), .fate = HG_SENT, .id = s->reply_to, .also = also });
}

static gboolean read_recipe(struct sending *s, const struct hg_out *out)
{
	if (!email_recipe_read(out->body ? out->body : "", out->len, &s->recipe) || !out->key)
		return FALSE;
	if (!s->recipe.from)
		s->recipe.from = s->sender->e->conf->address;
	return strchr(s->recipe.from, '@') != NULL;
}

void email_send(void *state, const struct hg_out *out)
{
	struct email *e = state;
	struct sending *s;

	if (!out->ticket)		/* READ, TYPING: nothing of the kind */
		return;
	s = g_new0(struct sending, 1);
	s->sender = e->sender;
	s->ticket = out->ticket;
	s->link.data = s;
	copy_files(s, out);
	g_queue_push_tail_link(&e->sender->under_way, &s->link);
	if (!read_recipe(s, out)) {
		fail(s, HG_FAILED, HG_REACH_MESSAGE, "what was planned for this mail cannot be read", NULL);
	} else if (!e->sender->smtp) {
		fail(s, HG_FAILED, HG_REACH_CHANNEL, "this mailbox is only read: smtp.host is not set", NULL);
	} else {
		fill_in(s, out);
		if (s->recipe.asks && s->recipe.thread) {
			answer_address(s);
			return;
		}
		e->host->job(e->ch, work, on_built, s);
	}
}

/* ---- settings ---- */

static int tls_of(const struct email_conf *conf)
{
	return strcmp(conf->smtp_tls, "implicit") == 0 ? HG_SMTP_TLS_IMPLICIT :
	       strcmp(conf->smtp_tls, "none") == 0 ? HG_SMTP_TLS_NONE : HG_SMTP_TLS_STARTTLS;
}

static int port_of(const struct email_conf *conf)
{
	static const int usual[] = { [HG_SMTP_TLS_STARTTLS] = 587, [HG_SMTP_TLS_IMPLICIT] = 465, [HG_SMTP_TLS_NONE] = 25 };

	return conf->smtp_port ? (int)conf->smtp_port : usual[tls_of(conf)];
}

static void smtp_conf(const struct email_conf *conf, struct hg_smtp_conf *ret)
{
	*ret = (struct hg_smtp_conf){
		.host = conf->smtp_host, .port = port_of(conf), .tls = tls_of(conf), .ca_file = conf->ca_file,
		.esmtp = strcmp(conf->smtp_transport, "esmtp") == 0, .connections = (guint)conf->smtp_connections,
		.timeout_ms = conf->smtp_timeout,
	};
	if (!conf->smtp_login)
		return;
	ret->user = conf->smtp_user ? conf->smtp_user : conf->user ? conf->user : conf->address;
	ret->password = conf->token_url ? NULL : conf->smtp_password ? conf->smtp_password : conf->password;
}

static int check_words(const struct email_conf *conf, struct hg_err *err)
{
	static const char *const names[] = { "name", NULL };
	g_autofree char *hint = NULL;
	g_autoptr(GError) error = NULL;

	if (conf->name && !hg_template_check(conf->name, names, &hint, &error))
		return email_wrong(err, "name: %s", error->message);
	if (conf->text_template && !hg_mail_template_check(conf->text_template, &error))
		return email_wrong(err, "template.text: %s", error->message);
	if (conf->html_template && !hg_mail_template_check(conf->html_template, &error))
		return email_wrong(err, "template.html: %s", error->message);
	return 0;
}

/* Room for a token before the @: RFC 5321 allows 64 bytes there. */
static int check_reply_to(const struct email_conf *conf, const char *address, struct hg_err *err)
{
	gsize local = strcspn(address, "@");

	if ((strcmp(conf->reply_to, "plus") == 0 || strcmp(conf->return_path, "token") == 0) &&
	    local + strlen("+t.") + HG_MAIL_TOKEN_LEN > 64)
		return email_wrong(err, "%.80s has %zu characters before the @, and with a token at most 27 fit: set reply_to: plain and "
			     "smtp.return_path: plain", address, local);
	return 0;
}

int email_check_sending(const struct email_conf *conf, struct hg_err *err)
{
	g_autoptr(GError) error = NULL;
	struct hg_smtp_conf smtp;

	if (!conf->smtp_host)
		return 0;
	smtp_conf(conf, &smtp);
	if (!hg_smtp_conf_check(&smtp, &error))
		return email_wrong(err, "smtp: %s", error->message);
	if (smtp.esmtp && conf->token_url && conf->smtp_login)
		return email_wrong(err, "smtp.transport: libesmtp knows no OAuth 2: use curl, or login: false for a relay that wants none");
	if (check_words(conf, err) || check_reply_to(conf, conf->address, err))
		return -1;
	for (char **alias = conf->aliases; alias && *alias; alias++)
		if (check_reply_to(conf, *alias, err))
			return -1;
	return 0;
}

struct email_sender *email_sender_new(struct email *e, GError **error)
{
	struct email_sender *sender = g_new0(struct email_sender, 1);
	struct hg_smtp_conf conf;

	sender->e = e;
	if (!e->conf->smtp_host)
		return sender;
	smtp_conf(e->conf, &conf);
	sender->smtp = hg_smtp_new(e->base, &conf, error);
	if (!sender->smtp)
		g_clear_pointer(&sender, g_free);
	return sender;
}

gboolean email_sender_busy(const struct email_sender *sender)
{
	return sender && sender->under_way.length > 0;
}

void email_sender_free(struct email_sender *sender)
{
	if (!sender)
		return;
	sender->freeing = TRUE;
	hg_smtp_free(sender->smtp);
	/* What still waits for an access token was not sent. */
	while (sender->under_way.head)
		fail(sender->under_way.head->data, HG_RETRY, HG_REACH_CHANNEL, "the channel closed before the mail was sent", NULL);
	g_free(sender);
}
