/* smpp_bind.c - one bind: a connection that is logged in, kept alive, and made again */
#include "smpp_bind.h"

#include <string.h>

#include "smpp_conf.h"
#include "smpp_deliver.h"
#include "smpp_submit.h"

#define DENIED_MS	(10 * 60 * 1000)	/* after a wrong password: operators lock accounts that hammer */
#define REFUSED_MS	(2 * 60 * 1000)		/* after any other refusal: the old connection may have to time out there */
#define PROBE_MS	1000			/* after an answer, until it is asked whether it arrived ... */
#define PROBE_AT	32			/* ... or when so many are open */
#define UNBIND_MS	2000
#define LINGER_MS	100			/* for the last answer, before the connection is dropped */

/* ---- writing ---- */

guint32 smpp_bind_next(struct smpp_bind *bind)
{
	/* Section 5.1.4: 1 to 0x7fffffff. */
	bind->sequence = bind->sequence >= 0x7fffffff ? 1 : bind->sequence + 1;
	return bind->sequence;
}

static gboolean write_pdu(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	g_autoptr(GByteArray) bytes = g_byte_array_sized_new(64);

	return smpp_pdu_write(pdu, bytes) && bind->smpp->host->write(bind->session, bytes->data, bytes->len) == 0;
}

guint32 smpp_bind_request(struct smpp_bind *bind, struct smpp_pdu *pdu)
{
	pdu->sequence = smpp_bind_next(bind);
	return write_pdu(bind, pdu) ? pdu->sequence : 0;
}

gboolean smpp_bind_answer(struct smpp_bind *bind, guint32 command, guint32 status, guint32 sequence)
{
	struct smpp_pdu pdu = { .command = command, .status = status, .sequence = sequence };

	return write_pdu(bind, &pdu);
}

void smpp_bind_drop(struct smpp_bind *bind, const char *why)
{
	bind->smpp->host->drop(bind->session, why);
}

static void rest(struct smpp_bind *bind, gint64 ms, const char *why)
{
	const struct hg_host *host = bind->smpp->host;

	if (HG_HAS(host, rest))
		host->rest(bind->session, ms, why);
	else
		host->drop(bind->session, why);
}

/* ---- logging in and out ---- */

gboolean smpp_bind_sends(const struct smpp_bind *bind)
{
	return bind->kind != SMPP_bind_receiver;
}

gboolean smpp_bind_can_send(const struct smpp_bind *bind)
{
	return smpp_bind_sends(bind) && bind->state == SMPP_BOUND &&
	       bind->flying < bind->room && smpp_now() >= bind->resume_ms;
}

static struct smpp_bind *bind_of(struct smpp *s, const struct hg_session *session)
{
	for (guint i = 0; i < s->binds->len; i++) {
		struct smpp_bind *bind = s->binds->pdata[i];

		if (bind->session == session)
			return bind;
	}
	return NULL;
}

static void on_up(void *state, struct hg_session *session)
{
	struct smpp_bind *bind = bind_of(state, session);
	struct smpp_pdu pdu = { 0 };
	const struct smpp_conf *conf;

	if (!bind || bind->smpp->stopping)
		return;
	conf = bind->smpp->conf;
	pdu.command = bind->kind;
	SMPP_TEXT(&pdu, system_id, conf->system_id);
	SMPP_TEXT(&pdu, password, conf->password);
	SMPP_TEXT(&pdu, system_type, conf->system_type);
	SMPP_NUMBER(&pdu, interface_version, strcmp(conf->version, "5.0") == 0 ? 0x50 : 0x34);
	SMPP_TEXT(&pdu, address_range, conf->address_range);
	bind->generation++;
	bind->sequence = 0;
	bind->enquire = 0;
	bind->pause_ms = bind->resume_ms = bind->probe_ms = 0;
	bind->room = (guint)conf->submit_window;
	bind->closing = NULL;
	bind->state = SMPP_BINDING;
	bind->due_ms = smpp_now() + conf->bind_timeout;
	smpp_bind_request(bind, &pdu);
	smpp_due(bind->smpp, bind->due_ms);
}

static void on_refused(struct smpp_bind *bind, guint32 status)
{
	struct smpp *s = bind->smpp;
	struct smpp_verdict verdict = smpp_verdict_of(s->conf, status);
	gboolean denied = status == SMPP_RBINDFAIL || status == SMPP_RINVPASWD || status == SMPP_RINVSYSID ||
			  status == SMPP_RINVSYSTYP;
	gboolean soon = status == SMPP_RSYSERR || status == SMPP_RTHROTTLED || status == SMPP_RMSGQFUL || status == SMPP_RX_T_APPN;
	char why[160];

	g_snprintf(why, sizeof(why), "%s refuses the bind: %s (0x%08x%s%s)", s->conf->system_id, verdict.text, status,
		   *verdict.name ? " " : "", verdict.name);
	smpp_fail(&s->last_err, denied ? HG_ERR_DENIED : HG_ERR_BROKEN, "%s", why);
	s->last_err.code = (int)status;
	bind->failed = TRUE;
	s->host->count(s->ch, "bind_refused");
	if (denied)
		rest(bind, DENIED_MS, why);
	else if (soon)
		smpp_bind_drop(bind, why);
	else
		rest(bind, REFUSED_MS, why);
	/* Nobody has to wait to see whether this passes. */
	if (denied)
		s->down_ms = s->down_ms ? 1 : 0;
}

static void on_bound(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;
	g_autofree char *name = smpp_value_text(&pdu->field[SMPP_F_system_id]);

	if (bind->state != SMPP_BINDING)
		return;
	if (pdu->status) {
		on_refused(bind, pdu->status);
		smpp_state_look(s);
		return;
	}
	bind->state = SMPP_BOUND;
	bind->due_ms = 0;
	bind->failed = FALSE;
	s->host->log(s->ch, 1, "smpp.bound", "bind %u: %s to %.40s", bind->number, smpp_command_name(bind->kind), name);
	smpp_state_look(s);
	smpp_submit_run(s);
}

void smpp_bind_unbind(struct smpp_bind *bind)
{
	struct smpp_pdu pdu = { .command = SMPP_unbind };

	if (bind->state != SMPP_BOUND)
		return;
	bind->state = SMPP_CLOSING;
	bind->due_ms = smpp_now() + UNBIND_MS;
	smpp_bind_request(bind, &pdu);
	smpp_due(bind->smpp, bind->due_ms);
}

/* What was written goes out first. */
static void drop_soon(struct smpp_bind *bind, const char *why)
{
	bind->state = SMPP_CLOSING;
	bind->closing = why;
	bind->due_ms = smpp_now() + LINGER_MS;
	smpp_due(bind->smpp, bind->due_ms);
}

static void on_unbind(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	smpp_bind_answer(bind, SMPP_unbind_resp, SMPP_ROK, pdu->sequence);
	drop_soon(bind, "the operator has unbound");
}

static void on_unbound(struct smpp_bind *bind)
{
	if (bind->state != SMPP_CLOSING)
		return;
	bind->state = SMPP_DOWN;
	bind->due_ms = 0;
	smpp_stop_step(bind->smpp);
}

/* ---- alive? ---- */

static void enquire(struct smpp_bind *bind)
{
	struct smpp_pdu pdu = { .command = SMPP_enquire_link };

	bind->enquire = smpp_bind_request(bind, &pdu);
	bind->enquire_due_ms = smpp_now() + bind->smpp->conf->response_timeout;
	bind->probe_ms = 0;
	smpp_due(bind->smpp, bind->enquire_due_ms);
}

void smpp_bind_probe(struct smpp_bind *bind)
{
	struct smpp *s = bind->smpp;
	guint open = smpp_doubt_open(&s->doubts, bind->number, bind->generation);

	if (!open || bind->enquire || bind->state != SMPP_BOUND)
		return;
	if (open >= PROBE_AT) {
		enquire(bind);
	} else if (!bind->probe_ms) {
		bind->probe_ms = smpp_now() + PROBE_MS;
		smpp_due(s, bind->probe_ms);
	}
}

static void on_idle(void *state, struct hg_session *session)
{
	struct smpp_bind *bind = bind_of(state, session);

	if (bind && bind->state == SMPP_BOUND && !bind->enquire)
		enquire(bind);
}

gint64 smpp_bind_tick(struct smpp_bind *bind, gint64 now)
{
	gint64 next = G_MAXINT64;

	if (bind->due_ms && bind->due_ms <= now) {
		const char *why = bind->closing ? bind->closing : "no answer to the bind";

		bind->due_ms = 0;
		if (bind->smpp->stopping)
			on_unbound(bind);
		else
			smpp_bind_drop(bind, why);
	}
	if (bind->enquire && bind->enquire_due_ms <= now) {
		bind->enquire = 0;
		smpp_bind_drop(bind, "no answer to enquire_link");
	}
	if (bind->probe_ms && bind->probe_ms <= now && bind->state == SMPP_BOUND) {
		bind->probe_ms = 0;
		enquire(bind);
	}
	next = bind->due_ms ? MIN(next, bind->due_ms) : next;
	next = bind->enquire ? MIN(next, bind->enquire_due_ms) : next;
	next = bind->probe_ms && bind->state == SMPP_BOUND ? MIN(next, bind->probe_ms) : next;
	return bind->resume_ms > now ? MIN(next, bind->resume_ms) : next;
}

/* ---- what comes in ---- */

/* An answer to what we sent: all that we had written before it has arrived there. */
static void on_answer(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	struct smpp *s = bind->smpp;

	if (!pdu->sequence || pdu->sequence > bind->sequence)
		return;
	smpp_doubt_proven(&s->doubts, bind->number, bind->generation, pdu->sequence);
	if (pdu->sequence == bind->enquire)
		bind->enquire = 0;
	smpp_bind_probe(bind);
	smpp_deliver_settle(s);
}

static void on_response(struct smpp_bind *bind, const struct smpp_pdu *pdu)
{
	on_answer(bind, pdu);
	switch (pdu->command) {
	case SMPP_bind_receiver_resp:
	case SMPP_bind_transmitter_resp:
	case SMPP_bind_transceiver_resp:
		on_bound(bind, pdu);
		break;
	case SMPP_unbind_resp:
		on_unbound(bind);
		break;
	case SMPP_generic_nack:
		/* Some refuse a bind with it. */
		if (bind->state == SMPP_BINDING && pdu->sequence == bind->sequence) {
			on_bound(bind, pdu);
			break;
		}
		/* fall through */
	case SMPP_submit_sm_resp:
	case SMPP_data_sm_resp:
		smpp_submit_answered(bind, pdu);
		break;
	default:
		break;
	}
}

static void on_request(struct smpp_bind *bind, const struct smpp_pdu *pdu, const guint8 *bytes, gsize len)
{
	switch (pdu->command) {
	case SMPP_enquire_link:
		smpp_bind_answer(bind, SMPP_enquire_link_resp, SMPP_ROK, pdu->sequence);
		break;
	case SMPP_unbind:
		on_unbind(bind, pdu);
		break;
	case SMPP_deliver_sm:
	case SMPP_data_sm:
		if (bind->state == SMPP_BOUND)
			smpp_deliver_take(bind, pdu, bytes, len);
		else
			smpp_bind_answer(bind, pdu->command | SMPP_RESP, SMPP_RINVBNDSTS, pdu->sequence);
		break;
	case SMPP_alert_notification:	/* a phone that can be reached again: nobody waits for it, nor for an answer */
	case SMPP_outbind:
		break;
	default:
		smpp_bind_answer(bind, SMPP_generic_nack, SMPP_RINVCMDID, pdu->sequence);
		break;
	}
}

static void on_pdu(struct smpp_bind *bind, const guint8 *bytes, gsize len)
{
	const struct smpp *s = bind->smpp;
	struct smpp_pdu pdu;
	int how = smpp_pdu_read(bytes, len, &pdu);

	s->host->log(s->ch, 0, "smpp.got", "bind %u: %s %u, status 0x%x, %zu bytes", bind->number,
		     smpp_command_name(pdu.command), pdu.sequence, pdu.status, len);
	if (how != SMPP_READ || pdu.odd)
		s->host->count(s->ch, how == SMPP_UNKNOWN ? "pdu_unknown" : how == SMPP_BROKEN ? "pdu_broken" : "pdu_odd");
	if (how == SMPP_UNKNOWN && smpp_is_resp(pdu.command))
		return;
	if (how == SMPP_BROKEN && pdu.command != SMPP_deliver_sm && pdu.command != SMPP_data_sm)
		smpp_bind_answer(bind, SMPP_generic_nack, SMPP_RINVCMDLEN, pdu.sequence);
	else if (how == SMPP_BROKEN && bind->state == SMPP_BOUND)
		smpp_deliver_broken(bind, &pdu, bytes, len);
	else if (smpp_is_resp(pdu.command))
		on_response(bind, &pdu);
	else
		on_request(bind, &pdu, bytes, len);
}

/* Where the next one begins nobody can tell: the peer hears why (section 3.3.4), and the connection is made anew. */
static size_t on_garbage(struct smpp_bind *bind, size_t len)
{
	bind->smpp->host->count(bind->smpp->ch, "pdu_garbage");
	smpp_bind_answer(bind, SMPP_generic_nack, SMPP_RINVCMDLEN, 0);
	drop_soon(bind, "the operator sends what is no PDU");
	return len;
}

static size_t on_data(void *state, struct hg_session *session, const void *data, size_t len)
{
	struct smpp_bind *bind = bind_of(state, session);
	const guint8 *bytes = data;
	size_t used = 0;
	gssize n;

	if (!bind || bind->closing)
		return len;
	while ((n = smpp_pdu_frame(bytes + used, len - used)) > 0) {
		on_pdu(bind, bytes + used, (size_t)n);
		used += (size_t)n;
	}
	smpp_deliver_flush(bind);
	return n < 0 ? used + on_garbage(bind, len - used) : used;
}

static void on_down(void *state, struct hg_session *session, const struct hg_err *err)
{
	struct smpp *s = state;
	struct smpp_bind *bind = bind_of(s, session);

	if (!bind)
		return;
	/* Why a bind was refused says more than that the connection ended then. */
	if (bind->state == SMPP_BOUND || s->last_err.kind != HG_ERR_DENIED)
		s->last_err = *err;
	bind->state = SMPP_DOWN;
	bind->failed = TRUE;
	bind->due_ms = bind->probe_ms = 0;
	bind->enquire = 0;
	smpp_doubt_broken(&s->doubts, bind->number, bind->generation);
	smpp_submit_lost(bind);
	smpp_state_look(s);
	smpp_submit_run(s);
	smpp_stop_step(s);
}

struct smpp_bind *smpp_bind_new(struct smpp *s, guint32 kind, guint number, struct hg_err *err)
{
	static const struct hg_session_ops ops = { .size = sizeof(ops), .up = on_up, .data = on_data, .idle = on_idle,
						   .down = on_down };
	struct hg_session_conf conf = {
		.size = sizeof(conf), .host = s->conf->host, .port = (int)s->conf->port, .tls = s->conf->tls,
		.idle_ms = s->conf->enquire_link, .ca_file = s->conf->ca_file, .cert_file = s->conf->cert_file,
		.key_file = s->conf->key_file,
	};
	struct hg_session *session = s->host->session(s->ch, &conf, &ops, err);
	struct smpp_bind *bind;

	if (!session)
		return NULL;
	bind = g_new0(struct smpp_bind, 1);
	*bind = (struct smpp_bind){ .smpp = s, .session = session, .number = number, .kind = kind };
	bind->waiting = g_hash_table_new(g_direct_hash, g_direct_equal);
	return bind;
}

void smpp_bind_free(void *data)
{
	struct smpp_bind *bind = data;

	g_hash_table_unref(bind->waiting);
	g_free(bind);
}
