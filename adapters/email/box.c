/* box.c - a folder's connection: commands, answers, what comes next, and the end of it */
#include "box.h"

#include <string.h>

#include "alarm.h"
#include "email.h"
#include "env.h"
#include "flow.h"
#include "imap_conn.h"
#include "text.h"

#define ANSWER_MS  60000	/* without a byte, then the connection is dead */
#define MOST	   (4 << 20)	/* bytes a command without mails may be answered with */
#define AGAIN_MAX  (5 * 60 * 1000)

struct box *box_new(struct email *e, const char *folder, GError **error)
{
	g_autofree char *quoted = hg_imap_folder(folder, error);
	struct box *box;

	if (!quoted)
		return NULL;
	box = g_new0(struct box, 1);
	box->e = e;
	box->folder = g_strdup(folder);
	box->quoted = g_steal_pointer(&quoted);
	box->found = g_array_new(FALSE, FALSE, sizeof(struct found));
	box->settling = g_array_new(FALSE, FALSE, sizeof(struct settle));
	box->success_ms = email_now();
	return box;
}

void box_free(struct box *box)
{
	hg_imap_conn_close(box->conn);
	hg_imap_reader_free(box->reader);
	flow_batch_free(box->batch);
	g_queue_clear_full(&box->settles, g_free);
	g_array_unref(box->settling);
	g_array_unref(box->found);
	g_free(box->failed);
	g_free(box->why);
	g_free(box->quoted);
	g_free(box->folder);
	g_free(box);
}

/* ---- what comes next ---- */

static gboolean has_work(const struct box *box)
{
	return box_wants_settle(box) || box_wants_fetch(box) || box_wants_look(box);
}

void box_go_on(struct box *box)
{
	if (box->phase != BOX_READY || box->failed || box->feeding)
		return;
	if (box->idle != IDLE_NO) {
		if (has_work(box))
			box_wake(box);
		return;
	}
	if (box->tag[0])
		return;
	/* In turns: neither a long backlog nor its flags wait for the other's end. */
	box->turn = !box->turn;
	if (box_wants_settle(box) && (box->turn || !box_wants_fetch(box)))
		box_settle_some(box);
	else if (box_wants_fetch(box))
		box_fetch(box);
	else if (box_wants_look(box))
		box_look(box);
	else if (!box->found->len)
		box_rest(box);
}

void box_stored(struct box *box)
{
	box->with_host--;
	box_go_on(box);
}

/* ---- commands ---- */

static void on_silence(void *arg)
{
	struct box *box = arg;
	gint64 quiet = email_now() - box->heard_ms;

	if (quiet >= ANSWER_MS || box->idle == IDLE_ENDING || box->idle == IDLE_ASKED)
		box_fail(box, "the server said nothing for %lld s", (long long)quiet / 1000);
	else
		box_silence(box, ANSWER_MS - quiet);
}

void box_silence(struct box *box, gint64 ms)
{
	email_timer_set(box->e, &box->silence, ms, on_silence, box);
}

void box_write(struct box *box, const char *line)
{
	g_autofree char *whole = g_strconcat(line, "\r\n", NULL);

	if (box->conn && !box->failed)
		hg_imap_conn_write(box->conn, whole, strlen(whole));
}

void box_command(struct box *box, box_done_fn *done, const char *fmt, ...)
{
	g_autofree char *command = NULL, *line = NULL;
	va_list args;

	g_assert(!box->tag[0]);
	va_start(args, fmt);
	command = g_strdup_vprintf(fmt, args);
	va_end(args);
	g_snprintf(box->tag, sizeof(box->tag), "%s%u", box->prefix, ++box->tags);
	box->done = done;
	box->mail = NULL;
	box->heard = 0;
	box->most = MOST;
	box->heard_ms = email_now();
	line = g_strconcat(box->tag, " ", command, NULL);
	box_silence(box, ANSWER_MS);
	box_write(box, line);
}

static void command_done(struct box *box, const struct hg_imap_answer *answer)
{
	box_done_fn *done = box->done;

	box->tag[0] = '\0';
	box->done = NULL;
	box->mail = NULL;
	email_timer_stop(&box->silence);
	if (answer->status == HG_IMAP_OK)
		box->success_ms = email_now();
	done(box, answer);
}

gboolean box_refused(struct box *box, const struct hg_imap_answer *answer, const char *what)
{
	g_autofree char *words = hg_text_valid(answer->words, -1, 120);

	if (answer->status == HG_IMAP_OK)
		return FALSE;
	box_fail(box, "the server refuses %s: %s", what, words);
	return TRUE;
}

/* ---- what the server says ---- */

static void status_came(struct box *box, const struct hg_imap_answer *answer)
{
	if (answer->status == HG_IMAP_BYE) {
		g_autofree char *words = hg_text_valid(answer->words, -1, 120);

		/* Microsoft ends what is logged in by a token with the token: expected, and the next one is new. */
		if (strstr(answer->words, "AccessTokenExpired"))
			email_oauth_forget(box->e);
		box_fail(box, "the server says goodbye: %s", words);
	} else if (strcmp(answer->code, "UIDVALIDITY") == 0)
		box->validity = answer->number;
	else if (strcmp(answer->code, "UIDNEXT") == 0)
		box->next_uid = answer->number;
}

static void capability_came(struct box *box, const char *words)
{
	box->can_idle = hg_imap_can(words, "IDLE");
	box->can_move = hg_imap_can(words, "MOVE");
	box->can_uidplus = hg_imap_can(words, "UIDPLUS");
	box->can_id = hg_imap_can(words, "ID");
}

static void on_response(void *arg, const struct hg_imap_response *response)
{
	struct box *box = arg;
	struct hg_imap_answer answer;

	if (box->failed)
		return;
	hg_imap_answer(response, &answer);
	if (answer.kind == HG_IMAP_DONE && strcmp(answer.tag, box->tag) == 0)
		command_done(box, &answer);
	else if (answer.kind == HG_IMAP_STATUS)
		status_came(box, &answer);
	else if (answer.kind == HG_IMAP_CAPABILITY)
		capability_came(box, answer.words);
	else if (answer.kind == HG_IMAP_GO_ON)
		box_idling(box);
	else if (answer.kind == HG_IMAP_EXISTS) {
		/* It may come at any time: before the "+" of IDLE, in the answer to a FETCH. */
		box->grown |= answer.number > box->exists;
		box->exists = answer.number;
	} else if (answer.kind == HG_IMAP_EXPUNGE)
		box->exists -= box->exists > 0;
	else if (answer.kind == HG_IMAP_FETCH && box->mail)
		box->mail(box, &answer.mail);
	hg_imap_answer_clear(&answer);
}

/* ---- the connection ---- */

static void lost(struct box *box, int end, const char *why, gboolean nonsense);

static void on_up(void *arg)
{
	struct box *box = arg;

	box->phase = BOX_OPENING;
	box->up_ms = email_now();
	box->reader = hg_imap_reader_new(on_response, box);
	box_open(box);
}

static void on_bytes(void *arg, const void *bytes, gsize len)
{
	struct box *box = arg;
	g_autoptr(GError) error = NULL;
	g_autofree char *failed = NULL;
	gboolean fine;

	box->heard += len;
	box->heard_ms = email_now();
	box->feeding = TRUE;
	fine = hg_imap_reader_feed(box->reader, bytes, len, &error);
	box->feeding = FALSE;
	failed = g_steal_pointer(&box->failed);
	if (!fine)
		lost(box, HG_IMAP_LOST, error->message, TRUE);
	else if (failed)
		lost(box, HG_IMAP_LOST, failed, FALSE);
	else if (box->heard > box->most)
		lost(box, HG_IMAP_LOST, "the server does not come to an end with its answer", TRUE);
	else
		box_go_on(box);
}

static void on_down(void *arg, int end, const char *text)
{
	struct box *box = arg;

	box->conn = NULL;
	lost(box, end, text, FALSE);
}

void box_fail(struct box *box, const char *fmt, ...)
{
	g_autofree char *why = NULL;
	va_list args;

	va_start(args, fmt);
	why = g_strdup_vprintf(fmt, args);
	va_end(args);
	if (!box->feeding)
		lost(box, HG_IMAP_LOST, why, FALSE);
	else if (!box->failed)
		box->failed = g_steal_pointer(&why);
}

/* ---- connecting ---- */

static const struct hg_imap_conn_ops ops = { on_up, on_bytes, on_down };

static int tls_of(const struct email_conf *conf)
{
	return strcmp(conf->imap_tls, "implicit") == 0 ? HG_IMAP_TLS_IMPLICIT :
	       strcmp(conf->imap_tls, "starttls") == 0 ? HG_IMAP_TLS_STARTTLS : HG_IMAP_TLS_NONE;
}

/* In curl's words: "+LOGIN" is the command LOGIN. */
static const char *mechanism_of(const struct email_conf *conf, gboolean bearer)
{
	if (strcmp(conf->imap_auth, "auto") == 0)
		return bearer ? "XOAUTH2" : "PLAIN";
	return strcmp(conf->imap_auth, "plain") == 0   ? "PLAIN" :
	       strcmp(conf->imap_auth, "login") == 0   ? "+LOGIN" :
	       strcmp(conf->imap_auth, "xoauth2") == 0 ? "XOAUTH2" : "OAUTHBEARER";
}

static void connect_with(struct box *box, const char *bearer)
{
	const struct email_conf *conf = box->e->conf;
	struct hg_imap_conn_conf to = {
		.host = conf->imap_host, .tls = tls_of(conf), .user = conf->user ? conf->user : conf->address,
		.password = bearer ? NULL : conf->password, .bearer = bearer,
		.mechanism = mechanism_of(conf, bearer != NULL), .ca_file = conf->ca_file, .connect_ms = 30000,
	};
	g_autoptr(GError) error = NULL;
	guint32 dice;

	to.port = (int)(conf->imap_port ? conf->imap_port : to.tls == HG_IMAP_TLS_IMPLICIT ? 993 : 143);
	hg_env_system()->random(hg_env_system(), &dice, sizeof(dice));
	g_snprintf(box->prefix, sizeof(box->prefix), "h%06xx", dice & 0xffffff);
	box->phase = BOX_CONNECTING;
	box->conn = hg_imap_conn_open(box->e->curl, box->e->base, &to, &ops, box, &error);
	if (!box->conn)
		lost(box, HG_IMAP_LOST, error->message, FALSE);
}

static void token_came(void *arg, const char *bearer)
{
	struct box *box = arg;

	if (box->phase != BOX_TOKEN)
		return;
	if (bearer)
		connect_with(box, bearer);
	else
		lost(box, HG_IMAP_LOST, "there is no access token", FALSE);
}

static void on_again(void *arg)
{
	box_connect(arg);
}

void box_connect(struct box *box)
{
	struct email *e = box->e;
	gint64 now = email_now();

	if (e->stopping || box->phase != BOX_OFF)
		return;
	/* A wrong password is tried by one of us alone, and seldom: providers lock accounts. */
	if (e->login != LOGIN_GOOD) {
		if (e->prober && e->prober != box)
			return;		/* it wakes the others */
		if (now < e->login_again_ms) {
			email_timer_set(e, &box->again, e->login_again_ms - now, on_again, box);
			return;
		}
		e->prober = box;
	}
	box->phase = BOX_TOKEN;
	if (email_oauth_used(e))
		email_oauth_token(e, token_came, box);
	else
		connect_with(box, NULL);
}

void box_start(struct box *box)
{
	box_connect(box);
}

/* ---- the end of a connection ---- */

static void close_all(struct box *box, gboolean nonsense)
{
	hg_imap_conn_close(g_steal_pointer(&box->conn));
	g_clear_pointer(&box->reader, hg_imap_reader_free);
	g_clear_pointer(&box->failed, g_free);
	email_timer_stop(&box->silence);
	if (box->batch)
		box_fetch_lost(box, nonsense);
	box_look_lost(box);
	box_idle_lost(box);
	box_settle_lost(box);
	box->tag[0] = '\0';
	box->done = NULL;
	box->mail = NULL;
	box->phase = BOX_OFF;
}

static void lost(struct box *box, int end, const char *why, gboolean nonsense)
{
	struct email *e = box->e;
	gboolean steady = box->phase == BOX_READY && email_now() - box->up_ms >= STEADY_MS;
	g_autofree char *said = g_strdup(why);
	gint64 wait;

	close_all(box, nonsense);
	if (e->prober == box)
		e->prober = NULL;
	if (e->stopping)
		return;
	if (steady)
		box->attempt = 0;
	g_free(box->why);
	box->why = g_strdup(said);
	if (end == HG_IMAP_REFUSED && box_login_failed(box, said)) {
		wait = MAX(e->login_again_ms - email_now(), 1);
	} else {
		wait = hg_backoff(hg_env_system(), box->attempt++, AGAIN_MAX);
		e->host->log(e->ch, box->attempt > 1 ? 2 : 1, "email.disconnected", "%s: %s; again in %lld ms", box->folder, said,
			     (long long)wait);
	}
	email_timer_set(e, &box->again, wait, on_again, box);
	email_report(e);
}

void box_stop(struct box *box)
{
	email_timer_stop(&box->again);
	email_timer_stop(&box->settle_timer);
	close_all(box, FALSE);
}
