/* unpack.c - raw mails on disk become messages: parsed by the helper process, given back with what their headers prove
 *
 * A mail that belongs to a conversation is read twice: its references tell which, and what we said there tells which
 * of its lines are not its writer's. */
#include "email.h"

#include <string.h>

#include "alarm.h"
#include "fail.h"
#include "mail_helper.h"
#include "message.h"
#include "stamp.h"
#include "unpack.h"

struct unpack {
	GList link;			/* in e->unpacking */
	struct email *e;		/* NULL: the channel is gone */
	guint64 ticket;
	gboolean recalled;
	guint8 *raw;			/* ours: stamped */
	gsize len;
	struct stamp stamp;
};

/* One set of processes for all mailboxes of a loop, made when the first mail is to be read: a hundred idle ones
 * cost nothing. */
static struct {
	hg_mail_helper *helper;
	guint users;			/* channels that have used it */
} shared;

static hg_mail_helper *helper_of(struct email *e, GError **error)
{
	static const struct hg_mail_helper_conf conf = { .processes = 1, .timeout_ms = 30000, .cpu_ms = HG_MAIL_CPU_MS,
							 .memory = HG_MAIL_MEMORY };

	if (!e->uses_helper) {
		e->uses_helper = TRUE;
		shared.users++;
	}
	if (!shared.helper)
		shared.helper = hg_mail_helper_new(e->base, &conf, error);
	return shared.helper;
}

static void unpack_free(struct unpack *u)
{
	if (u->e)
		g_queue_unlink(&u->e->unpacking, &u->link);
	g_free(u->raw);
	g_free(u);
}

/* Where it is not the mail's fault, mails wait and lose nothing; that they do is told. */
static void fail(struct email *e, guint64 ticket, const GError *error)
{
	gboolean poison = error->domain == HG_ERROR && error->code == HG_ERROR_INPUT;
	struct hg_err err = { .kind = poison ? HG_ERR_INPUT : HG_ERR_BUSY };

	g_strlcpy(err.text, error->message, sizeof(err.text));
	e->host->unpacked(e->ch, ticket, NULL, &err);
	if (poison || e->stopping || !g_error_matches(error, HG_ERROR, HG_ERROR_CONFIG))
		return;
	e->reading.condition = HG_DEGRADED;
	e->reading.err.kind = HG_ERR_CONFIG;
	g_snprintf(e->reading.err.text, sizeof(e->reading.err.text), "mail is stored and waits to be read: %.180s",
		   error->message);
	email_report(e);
}

static void works(struct email *e)
{
	if (!e->reading.condition)
		return;
	e->reading = (struct email_trouble){ 0 };
	email_report(e);
}

static void parsed(void *arg, hg_mail *parsed_mail, const GError *error)
{
	struct unpack *u = arg;
	g_autoptr(hg_mail) mail = parsed_mail;
	g_autoptr(hg_arena) arena = hg_arena_new();
	struct email *e = u->e;
	struct message message;

	if (e && !mail) {
		fail(e, u->ticket, error);
	} else if (e) {
		works(e);
		message_read(arena, e->conf, mail, &u->stamp, &message);
		if (!u->recalled && message.in.refs && message.in.refs[0])
			e->host->recall(e->ch, u->ticket, message.in.refs);
		else
			e->host->unpacked(e->ch, u->ticket, &message.batch, NULL);
	}
	unpack_free(u);
	if (e)
		email_drained(e);
}

void email_unpack(void *state, const struct hg_raw *raw)
{
	struct email *e = state;
	g_autoptr(GError) error = NULL;
	hg_mail_helper *helper = helper_of(e, &error);
	g_autoptr(hg_arena) arena = hg_arena_new();
	g_autofree char *instance = email_instance(e->conf);
	struct hg_mail_ask ask;
	struct unpack *u;
	gsize line;

	if (!helper) {
		fail(e, raw->ticket, error);
		return;
	}
	u = g_new0(struct unpack, 1);
	u->e = e;
	u->ticket = raw->ticket;
	u->recalled = raw->recalled;
	u->raw = g_memdup2(raw->bytes, raw->len);
	u->len = raw->len;
	u->link.data = u;
	g_queue_push_tail_link(&e->unpacking, &u->link);
	line = stamp_read(u->raw, u->len, &u->stamp);
	ask = (struct hg_mail_ask){ .authserv_ids = (const char *const *)e->conf->authserv_ids,
				    .arc_forwarders = (const char *const *)e->conf->arc_forwarders,
				    .ours = message_ours(arena, e->conf), .instance = instance,
				    .known = raw->known, .received_ms = u->stamp.received_ms };
	hg_mail_helper_parse(helper, u->raw + line, u->len - line, &ask, parsed, u);
}

guint email_unpack_busy(const struct email *e)
{
	return e->unpacking.length;
}

void email_unpack_done(struct email *e)
{
	GList *link;

	while ((link = g_queue_pop_head_link(&e->unpacking)))
		((struct unpack *)link->data)->e = NULL;
	if (!e->uses_helper || --shared.users)
		return;
	hg_mail_helper_free(g_steal_pointer(&shared.helper));
}
