/* email.h - a mailbox as a channel: its settings and its state */
#pragma once
#include <glib.h>
#include <headgate/adapter.h>

#include "email_oauth.h"
#include "email_timer.h"

struct event_base;
typedef struct hg_curl hg_curl;
struct box;
struct batch;
struct email_sender;

#define EMAIL_FOLDERS_MAX 8	/* each has a connection of its own; providers allow about 15 an account */

struct email_conf {
	char *address;
	char **aliases;
	char *user, *password;
	char *ca_file;
	char **token_secret;
	char **authserv_ids, **arc_forwarders;
	/* imap: */
	char *imap_host, *imap_tls, *imap_auth;
	int64_t imap_port;
	char **folders;
	int64_t idle, poll;		/* ms */
	int64_t max_size;
	int64_t backfill, rescan;	/* ms */
	char *after, *move_to;
	/* sending: */
	char *name, *subject, *reply_to, *reply_domain, *quote;
	char *text_template, *html_template;
	char *smtp_host, *smtp_tls, *smtp_transport;
	int64_t smtp_port;
	bool smtp_login;
	char *smtp_user, *smtp_password, *return_path;
	int64_t smtp_connections, smtp_max_size;
	int64_t smtp_timeout;		/* ms */
	/* oauth: */
	char *token_url, *client_id, *client_secret, *refresh_token, *scope, *grant;
};

/* What one side knows of its well-being; alarm.c makes the channel's condition of all. */
struct email_trouble {
	int condition;			/* HG_DEGRADED, HG_DOWN; 0: none that is known */
	struct hg_err err;
};

enum email_login { LOGIN_UNKNOWN = 0, LOGIN_GOOD, LOGIN_REFUSED };

struct email {
	const struct hg_host *host;	/* lent by the gateway, as are ch and conf */
	struct hg_channel *ch;
	const struct email_conf *conf;
	struct event_base *base;	/* lent: the channel's loop */
	gboolean offline;		/* no connection is made */
	hg_curl *curl;			/* of IMAP connections */
	struct email_timers timers;
	struct email_oauth oauth;
	gboolean stopping;

	/* box.c: one for each folder */
	GPtrArray *boxes;		/* struct box, ours */
	int login;			/* enum email_login: one box at a time tries until it is good */
	struct box *prober;		/* the one that tries, or NULL */
	gint64 login_again_ms;		/* monotonic: while it is refused, not before */

	/* flow.c: what was read is handed over, one batch at a time */
	GHashTable *places;		/* folder -> struct place, ours: what is on disk */
	GQueue outgoing;		/* struct batch, ours; the first may be with the host */
	gboolean emitting;
	guint emit_attempt;
	struct email_timer emit_timer;

	struct email_sender *sender;	/* email_send.c */

	/* alarm.c */
	struct email_timer alarm_timer;
	struct email_trouble sending;	/* set by the sending side, then email_report() */
	struct email_trouble reading;	/* mail is there and nobody can read it */
	int told;			/* enum hg_condition the host knows; 0: none yet */
	struct hg_err told_err;

	/* unpack.c */
	GQueue unpacking;		/* struct unpack */
	gboolean uses_helper;
};

gint64 email_now(void);			/* monotonic ms */
/* The channel is to end: tells the host when nothing is under way any more. */
void email_drained(struct email *e);
