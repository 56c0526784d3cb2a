/* naughty.c - an adapter that breaks the rules of adapter.h in named ways, for tests only
 *
 * The text of a message sent through it is what it does: a verb and an argument ("job 3").  Unlike
 * any honest adapter it has variables of its own: what it saw. */
#include <headgate/adapter.h>

#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "naughty.h"

struct conf { char *mode, *note; int64_t number; };

struct naughty {
	const struct hg_host *host;
	struct hg_channel *ch;
	const struct conf *conf;
	struct hg_session *session;
	uint64_t held;			/* ticket that is never answered, but in close() */
};

HG_EXPORT struct naughty_seen naughty_seen;
static unsigned living;		/* channels that are open */

static void seen(unsigned *what)
{
	++*what;
	if (!living)
		naughty_seen.after_close++;
}

static bool mode_is(const struct naughty *n, const char *mode)
{
	return strcmp(n->conf->mode, mode) == 0;
}

/* ---- batches ---- */

static void acked(void *arg, int stored)
{
	(void)arg;
	seen(&naughty_seen.acks);
	naughty_seen.ack_of[stored]++;
}

/* An hg_in as the header of a year ago had it: it ends before text. */
struct old_in { char bytes[offsetof(struct hg_in, text)]; };

static void emit_old(struct naughty *n)
{
	static const struct hg_address from = { "tel:+1", HG_PROVEN };
	struct hg_in in = { .size = sizeof(struct old_in), .kind = HG_TEXT, .id = "old", .from = &from, .n_from = 1 };
	struct old_in items[2];
	struct hg_batch batch = { .size = sizeof(batch), .in = (void *)items, .n_in = 2, .in_size = sizeof(items[0]) };

	memcpy(&items[0], &in, sizeof(items[0]));
	in.id = "older";
	memcpy(&items[1], &in, sizeof(items[1]));
	n->host->emit(n->ch, &batch, acked, n);
}

static void emit(struct naughty *n, const char *how)
{
	struct hg_address from[] = { { "tel:+1", HG_PROVEN }, { NULL, HG_CLAIMED } };
	struct hg_file file = { .size = sizeof(file), .kind = HG_IMAGE, .bytes = -1 };
	struct hg_in one = { .size = sizeof(one), .kind = HG_TEXT, .id = "a", .from = from, .n_from = 1, .text = "t" };
	struct hg_in *in = calloc(2000, sizeof(*in));
	struct hg_batch batch = { .size = sizeof(batch), .in = in, .n_in = 1, .in_size = sizeof(*in),
				  .raw = "raw", .raw_len = 3, .cursor = "c1" };
	bool no_ack = strcmp(how, "unheard") == 0;

	for (int i = 0; i < 2000; i++)
		in[i] = one;
	if (strcmp(how, "size") == 0)
		batch.size = 3;
	else if (strcmp(how, "stride") == 0)
		batch.in_size = 12;
	else if (strcmp(how, "crooked") == 0)
		batch.in_size += 4;
	else if (strcmp(how, "missing") == 0)
		batch.in = NULL;
	else if (strcmp(how, "item") == 0)
		in[0].size = sizeof(one) + 64;
	else if (strcmp(how, "overflow") == 0)
		batch.n_in = SIZE_MAX / 8;
	else if (strcmp(how, "files") == 0)
		in[0].files = &file, in[0].n_files = 5;		/* and no file_size */
	else if (strcmp(how, "huge") == 0)
		batch.n_in = 2000;
	else if (strcmp(how, "nulls") == 0)
		in[0] = (struct hg_in){ .size = sizeof(one), .kind = HG_TEXT, .from = from + 1, .n_from = 1 };
	n->host->emit(n->ch, &batch, no_ack ? NULL : acked, n);
	/* Copied, or read too late. */
	memset(in, 0x5a, 2000 * sizeof(*in));
	free(in);
}

/* ---- calls, timers, jobs, threads ---- */

static void called(void *arg, const struct hg_http_answer *a)
{
	struct naughty *n = arg;

	seen(&naughty_seen.dones);
	naughty_seen.status = a->status;
	naughty_seen.sent = a->sent;
	snprintf(naughty_seen.error, sizeof(naughty_seen.error), "%s", a->error ? a->error : "");
	if (a->status && !a->header(a, "Content-Type"))
		snprintf(naughty_seen.error, sizeof(naughty_seen.error), "no type");
	if (mode_is(n, "hungry"))
		n->host->http(n->ch, &(struct hg_http_call){ .size = sizeof(struct hg_http_call), .method = "GET",
							      .url = "http://127.0.0.1:1/" }, called, n);
}

static void call(struct naughty *n, const char *url, bool stranger, const char *host)
{
	const char *hosts[] = { host, NULL };
	struct hg_http_call c = { .size = sizeof(c), .method = "GET", .url = url, .stranger = stranger,
				  .hosts = host ? hosts : NULL };

	n->host->http(n->ch, &c, called, n);
}

static void ticked(void *state)
{
	(void)state;
	seen(&naughty_seen.timers);
}

static void work(void *arg, int stop_fd)
{
	struct pollfd fd = { stop_fd, POLLIN, 0 };

	(void)arg;
	__atomic_add_fetch(&naughty_seen.works, 1, __ATOMIC_SEQ_CST);
	poll(&fd, 1, -1);
}

static void quick(void *arg, int stop_fd)
{
	(void)arg;
	(void)stop_fd;
	__atomic_add_fetch(&naughty_seen.works, 1, __ATOMIC_SEQ_CST);
}

static void worked(void *arg)
{
	(void)arg;
	seen(&naughty_seen.job_dones);
}

static void *elsewhere(void *arg)
{
	struct naughty *n = arg;
	struct hg_batch batch = { .size = sizeof(batch) };

	n->host->count(n->ch, "elsewhere");
	n->host->emit(n->ch, &batch, acked, n);
	n->host->timer(n->ch, 0, ticked);
	n->host->job(n->ch, quick, worked, n);
	n->host->condition(n->ch, HG_DOWN, NULL);
	return NULL;
}

/* ---- sessions ---- */

static void up(void *state, struct hg_session *s)
{
	struct naughty *n = state;

	seen(&naughty_seen.ups);
	naughty_seen.up_ms = n->host->now_ms(n->ch);
	n->host->write(s, "hello\n", 6);
}

/* Takes whole lines; "more!" is more than there is, "drop" drops from within. */
static size_t data(void *state, struct hg_session *s, const void *bytes, size_t len)
{
	struct naughty *n = state;
	const char *end = memchr(bytes, '\n', len);
	size_t used = end ? (size_t)(end - (const char *)bytes) + 1 : 0;

	naughty_seen.fed = len > naughty_seen.fed ? len : naughty_seen.fed;
	if (!used)
		return 0;
	strncat(naughty_seen.data, bytes, used < 100 ? used : 100);
	if (strncmp(bytes, "more!", 5) == 0)
		return len + 1;
	if (strncmp(bytes, "drop", 4) == 0)
		n->host->drop(s, "told to");
	if (strncmp(bytes, "rest", 4) == 0)
		n->host->rest(s, 1200, "told to rest");
	if (strncmp(bytes, "flood", 5) == 0) {
		char *block = calloc(1, 400000);

		for (int i = 0; i < 20 && n->host->write(s, block, 400000) == 0; i++)
			;
		free(block);
	}
	return used;
}

static void idle(void *state, struct hg_session *s)
{
	seen(&naughty_seen.idles);
	((struct naughty *)state)->host->write(s, "ping\n", 5);
}

static void down(void *state, struct hg_session *s, const struct hg_err *err)
{
	struct naughty *n = state;

	seen(&naughty_seen.downs);
	naughty_seen.down_ms = n->host->now_ms(n->ch);
	snprintf(naughty_seen.error, sizeof(naughty_seen.error), "%s", err->text);
	if (mode_is(n, "rests"))
		n->host->rest(s, 1200, "it hung up");
	if (n->host->write(s, "late", 4) == 0)
		snprintf(naughty_seen.error, sizeof(naughty_seen.error), "wrote to a session that is down");
}

/* where: host and port, and with TLS perhaps "CA CERTIFICATE KEY", "-" for none. */
static void session(struct naughty *n, const char *where, bool tls)
{
	static const struct hg_session_ops ops = { sizeof(ops), up, data, idle, down };
	char host[64], ca[100] = "-", cert[100] = "-", key[100] = "-";
	struct hg_session_conf conf = { .size = sizeof(conf), .host = host, .tls = tls, .idle_ms = 50 };
	struct hg_err err = { 0 };

	sscanf(where, "%63[^ ] %d %99s %99s %99s", host, &conf.port, ca, cert, key);
	conf.ca_file = strcmp(ca, "-") ? ca : NULL;
	conf.cert_file = strcmp(cert, "-") ? cert : NULL;
	conf.key_file = strcmp(key, "-") ? key : NULL;
	n->session = n->host->session(n->ch, &conf, &ops, &err);
	if (!n->session)
		snprintf(naughty_seen.error, sizeof(naughty_seen.error), "%s", err.text);
}

/* ---- what a message tells it to do ---- */

static void answer(struct naughty *n, uint64_t ticket, int fate)
{
	struct hg_result r = { .size = sizeof(r), .fate = fate, .id = "p1", .text = "words", .code = 7 };

	n->host->sent(n->ch, ticket, &r);
}

/* Ways to answer; FALSE: the verb is none of them. */
static bool answers(struct naughty *n, const struct hg_out *out)
{
	struct hg_result r = { .size = sizeof(r), .fate = HG_STEP, .body = "next", .len = 4 };

	if (strcmp(out->text, "never") == 0)
		n->held = out->ticket;
	else if (strcmp(out->text, "twice") == 0)
		answer(n, out->ticket, HG_SENT), answer(n, out->ticket, HG_FAILED);
	else if (strcmp(out->text, "unknown") == 0)
		answer(n, out->ticket + 1000, HG_SENT), answer(n, out->ticket, HG_RETRY);
	else if (strcmp(out->text, "fate") == 0)
		answer(n, out->ticket, 99);
	else if (strcmp(out->text, "step") == 0)
		n->host->sent(n->ch, out->ticket, &r);
	else if (strcmp(out->text, "empty step") == 0)
		answer(n, out->ticket, HG_STEP);
	else if (strcmp(out->text, "null") == 0)
		n->host->sent(n->ch, out->ticket, NULL);
	else
		return false;
	return true;
}

static void many(struct naughty *n, const char *verb, int count)
{
	char word[32];

	for (int i = 0; i < count; i++) {
		snprintf(word, sizeof(word), "w%d", i);
		if (strcmp(verb, "timers") == 0)
			n->host->timer(n->ch, 3600000, ticked);
		else if (strcmp(verb, "jobs") == 0)
			n->host->job(n->ch, work, worked, n);
		else if (strcmp(verb, "counts") == 0)
			n->host->count(n->ch, word);
	}
}

static void obey(struct naughty *n, const char *verb, const char *arg)
{
	pthread_t thread;

	if (strcmp(verb, "emit") == 0)
		strcmp(arg, "old") == 0 ? emit_old(n) : emit(n, arg);
	else if (strcmp(verb, "http") == 0)
		call(n, arg, false, NULL);
	else if (strcmp(verb, "stranger") == 0)
		call(n, arg, true, NULL);
	else if (strcmp(verb, "listed") == 0)
		call(n, arg, true, ".good.example");
	else if (strcmp(verb, "session") == 0 || strcmp(verb, "tls") == 0)
		session(n, arg, *verb == 't');
	else if (strcmp(verb, "timer") == 0)
		n->host->timer(n->ch, atoi(arg), ticked);
	else if (strcmp(verb, "quick") == 0)
		n->host->job(n->ch, quick, worked, n);
	else if (strcmp(verb, "condition") == 0)
		n->host->condition(n->ch, atoi(arg), &(struct hg_err){ .kind = HG_ERR_DENIED, .text = "no token" });
	else if (strcmp(verb, "count") == 0)
		n->host->count(n->ch, arg);
	else if (strcmp(verb, "drained") == 0)
		n->host->drained(n->ch);
	else if (strcmp(verb, "polled") == 0)
		for (int i = 0; i < (strcmp(arg, "twice") ? 1 : 2); i++)
			n->host->polled(n->ch, strcmp(arg, "last") != 0);
	else if (strcmp(verb, "thread") == 0 && pthread_create(&thread, NULL, elsewhere, n) == 0)
		pthread_join(thread, NULL);
	else
		many(n, verb, atoi(arg));
}

static void n_send(void *state, const struct hg_out *out)
{
	struct naughty *n = state;
	char verb[32] = "", arg[256] = "";

	seen(&naughty_seen.sends);
	if (!out->ticket || answers(n, out))
		return;
	sscanf(out->text, "%31s %255[^\n]", verb, arg);
	obey(n, verb, arg);
	answer(n, out->ticket, HG_SENT);
}

static void n_ask(void *state, const struct hg_out *out)
{
	seen(&naughty_seen.asks);
	answer(state, out->ticket, HG_RETRY);
}

/* ref: what to say: a URL, "never", "gone", "busy", "twice URL", "listed URL". */
static void n_fetch(void *state, uint64_t ticket, const char *ref)
{
	static const char *const hosts[] = { ".good.example", "files.example", NULL };
	struct naughty *n = state;
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = ref };
	struct hg_err err = { .kind = strcmp(ref, "gone") == 0 ? HG_ERR_GONE : HG_ERR_BUSY, .text = "asked, and no" };

	seen(&naughty_seen.fetches);
	if (strncmp(ref, "listed ", 7) == 0)
		get.url = ref + 7, get.stranger = true, get.hosts = hosts;
	if (strncmp(ref, "stranger ", 9) == 0)
		get.url = ref + 9, get.stranger = true;
	if (strcmp(ref, "never") == 0)
		return;
	n->host->fetched(n->ch, ticket, strncmp(ref, "h", 1) && !get.stranger ? NULL : &get, &err);
	/* ref is lent for the whole of this call, also after the answer. */
	if (strlen(ref) == 0)
		abort();
}

/* ---- raw bytes: they say what to do with them ---- */

static void unpacked(struct naughty *n, uint64_t ticket, const char *how)
{
	struct hg_address from = { "mailto:a@b.example", HG_CLAIMED };
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = "u", .from = &from, .n_from = 1, .text = "read" };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };
	struct hg_err err = { .kind = strcmp(how, "busy") == 0 ? HG_ERR_BUSY : HG_ERR_INPUT, .text = "no mail" };

	if (strcmp(how, "crooked") == 0)
		batch.in_size = 3;
	if (strcmp(how, "nothing") == 0)
		n->host->unpacked(n->ch, ticket, NULL, NULL);
	else if (strcmp(how, "fails") == 0 || strcmp(how, "busy") == 0)
		n->host->unpacked(n->ch, ticket, NULL, &err);
	else
		n->host->unpacked(n->ch, ticket, &batch, strcmp(how, "half") == 0 ? &err : NULL);
}

static void n_unpack(void *state, const struct hg_raw *raw)
{
	static const char *const refs[] = { "one", "two", NULL };
	struct naughty *n = state;
	char how[32];

	seen(&naughty_seen.unpacks);
	snprintf(how, sizeof(how), "%.*s", (int)raw->len, (const char *)raw->bytes);
	snprintf(naughty_seen.note, sizeof(naughty_seen.note), "%d %d %s", raw->attempts, raw->recalled,
		 raw->known ? raw->known[0] : "-");
	if (strcmp(how, "never") == 0)
		return;
	if (strcmp(how, "held") == 0)
		n->held = raw->ticket;
	else if (strcmp(how, "recall") == 0)
		n->host->recall(n->ch, raw->ticket, refs);
	else if (strcmp(how, "settled") == 0)
		n->host->settled(n->ch, raw->ticket, NULL);
	else
		unpacked(n, raw->ticket, how);
	if (strcmp(how, "twice") == 0)
		unpacked(n, raw->ticket, how);
}

static void n_settle(void *state, uint64_t ticket, const char *id)
{
	struct naughty *n = state;
	struct hg_err err = { .kind = strcmp(id, "gone") == 0 ? HG_ERR_GONE : HG_ERR_BUSY, .text = "no such mail" };

	seen(&naughty_seen.settles);
	if (strcmp(id, "never") == 0)
		return;
	n->host->settled(n->ch, ticket, strcmp(id, "fine") == 0 ? NULL : &err);
	if (strcmp(id, "fine") == 0)
		n->host->settled(n->ch, ticket, &err);
}

/* ---- polls and routes ---- */

static void n_poll(void *state, int64_t since_ms)
{
	struct naughty *n = state;

	seen(&naughty_seen.polls);
	naughty_seen.since_ms = since_ms;
	snprintf(naughty_seen.cursor, sizeof(naughty_seen.cursor), "%s", n->host->cursor(n->ch));
	if (mode_is(n, "polls"))
		n->host->polled(n->ch, naughty_seen.polls < 3);
	if (mode_is(n, "polls_once"))
		n->host->polled(n->ch, false);
}

/* which: "" or "_two": all three; "_stored": only that; "_wrong": one that is none. */
static void outcomes(struct hg_http_rep *rep, const char *which)
{
	static const struct hg_http_outcome stored = { sizeof(struct hg_http_outcome), 202, "text/xml", "<stored/>", 9, 0 };
	static const struct hg_http_outcome again = { sizeof(struct hg_http_outcome), 208, "text/plain", "again", 5, 0 };
	static const struct hg_http_outcome busy = { sizeof(struct hg_http_outcome), 429, NULL, NULL, 0, 17 };
	static const struct hg_http_outcome wrong = { sizeof(struct hg_http_outcome), 99, NULL, NULL, 0, 0 };
	static const char *const headers[] = { "X-Good: 1", NULL };

	rep->headers = headers;
	rep->stored = &stored;
	if (strcmp(which, "_stored") == 0)
		return;
	rep->again = &again;
	rep->busy = strcmp(which, "_wrong") == 0 ? &wrong : &busy;
}

static void post(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	static const char *const bad[] = { "X-Good: 1", "X-Bad: 1\r\nSet-Cookie: x", "none", NULL };
	struct naughty *n = state;
	struct hg_in in = { .size = sizeof(in), .kind = HG_TEXT, .id = "r", .text = "t" };
	struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };
	const char *how = req->query(req, "how");

	if (!how || strcmp(how, "emit") == 0 || strcmp(how, "two") == 0)
		n->host->emit(n->ch, &batch, NULL, NULL);
	if (how && strcmp(how, "two") == 0)
		n->host->emit(n->ch, &batch, NULL, NULL);
	if (how && strcmp(how, "acked") == 0)
		n->host->emit(n->ch, &batch, acked, n);
	if (how && strcmp(how, "status") == 0)
		rep->status = 77;
	if (how && strcmp(how, "headers") == 0)
		rep->status = 202, rep->headers = bad, rep->type = "text/plain\r\nX-Evil: 1";
	if (how && strcmp(how, "both") == 0)
		n->host->emit(n->ch, &batch, NULL, NULL), rep->status = 202;
	if (how && strncmp(how, "said", 4) == 0)
		n->host->emit(n->ch, &batch, NULL, NULL), outcomes(rep, how + 4);
	if (how && strcmp(how, "said_two") == 0)
		n->host->emit(n->ch, &batch, NULL, NULL);
	rep->body = "yes";
	rep->len = 3;
}

static void get(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	const char *name = req->query(req, "name");

	(void)state;
	rep->status = 200;
	rep->type = "text/plain";
	rep->body = name ? name : req->query(req, "target") ? req->target : "";
	rep->len = strlen(rep->body);
}

/* ---- its life ---- */

static int n_open(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state,
		  struct hg_err *err)
{
	struct naughty *n = calloc(1, sizeof(*n));

	*n = (struct naughty){ .host = host, .ch = ch, .conf = conf };
	naughty_seen.opens++;
	living++;
	if (mode_is(n, "open_begins")) {
		host->timer(ch, 0, ticked);
		host->job(ch, quick, worked, n);
		emit(n, "fine");
	}
	if (mode_is(n, "open_fails")) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "it does not want to" };
		living--;
		free(n);
		return -1;
	}
	snprintf(naughty_seen.note, sizeof(naughty_seen.note), "%s", n->conf->note);
	*state = n;
	return 0;
}

static void n_start(void *state)
{
	struct naughty *n = state;

	naughty_seen.starts++;
	if (mode_is(n, "starts_down"))
		n->host->condition(n->ch, HG_DOWN, &(struct hg_err){ .kind = HG_ERR_BUSY, .text = "not bound yet" });
}

static void n_stop(void *state)
{
	struct naughty *n = state;

	naughty_seen.stops++;
	if (!mode_is(n, "stop_never"))
		n->host->drained(n->ch);
}

static void n_close(void *state)
{
	struct naughty *n = state;

	naughty_seen.closes++;
	if (mode_is(n, "close_reads") && n->held)
		unpacked(n, n->held, "fine");
	if (mode_is(n, "close_sends")) {
		if (n->held)
			answer(n, n->held, HG_RETRY);
		emit(n, "fine");
		n->host->timer(n->ch, 0, ticked);
		n->host->job(n->ch, quick, worked, n);
		call(n, "http://127.0.0.1:1/", false, NULL);
		if (n->session)
			n->host->write(n->session, "bye", 3), n->host->drop(n->session, "bye");
	}
	living--;
	free(n);
}

static int n_reconf(void *state, const void *conf, struct hg_err *err)
{
	struct naughty *n = state;
	const struct conf *c = conf;

	if (strcmp(c->note, "refuse") == 0) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "not while it runs" };
		return -1;
	}
	naughty_seen.reconfs++;
	n->conf = conf;
	snprintf(naughty_seen.note, sizeof(naughty_seen.note), "%s", c->note);
	return 0;
}

static void n_limits(const void *conf, struct hg_limits *limits)
{
	const struct conf *c = conf;

	limits->rate = c->number;
	limits->poll_ms = strcmp(c->mode, "polls_once") == 0 ? c->number : 0;
}

/* The text says how: "3" parts, "file", "size", "none", "refuse", "refuse quietly". */
static int n_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	const struct conf *c = conf;
	char body[64], text[32];
	struct hg_part part = { .size = sizeof(part), .file = -1, .body = body, .text = text };

	if (strcmp(out->text, "file") == 0)
		part.file = 7;
	if (strcmp(out->text, "size") == 0)
		part.size = 2;
	if (strncmp(out->text, "refuse", 6) == 0) {
		if (strcmp(out->text, "refuse") == 0)
			*err = (struct hg_err){ .kind = HG_ERR_WINDOW, .text = "the window is closed" };
		return -1;
	}
	for (int i = 0; strcmp(out->text, "none") && i < (atoi(out->text) ? atoi(out->text) : 1); i++) {
		/* The same buffer each time: what is not copied is overwritten. */
		part.len = (size_t)snprintf(body, sizeof(body), "%s %d", c->note, i);
		snprintf(text, sizeof(text), "part %d", i);
		plan->add(plan, &part);
	}
	return 0;
}

static const struct hg_option options[] = {
	HG_OPTION(struct conf, mode, STRING, 0, "good", NULL, "How it misbehaves."),
	HG_OPTION(struct conf, note, STRING, HG_OPT_RELOAD, "first", NULL, "Something to change."),
	HG_OPTION(struct conf, number, INT, HG_OPT_RELOAD, "1", "1..1000000", "A number to change."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "webhook", 1000, post },
	{ "GET", "webhook", 0, get },
	{ .path = NULL }
};

HG_EXPORT const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter), .name = "naughty", .version = "1", .summary = "Breaks the rules in tests",
	.caps = HG_CAP_MEDIA, .conf_size = sizeof(struct conf), .options = options, .routes = routes,
	.limits = n_limits, .plan = n_plan, .open = n_open, .start = n_start, .stop = n_stop, .close = n_close,
	.reconf = n_reconf, .poll = n_poll, .send = n_send, .ask = n_ask, .fetch = n_fetch, .unpack = n_unpack,
	.settle = n_settle,
};
