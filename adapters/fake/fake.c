/* fake.c - the example adapter: every call of headgate/adapter.h, each as short as it can be
 *
 * Read it from the end: the table there names everything above it.  What the made-up provider's
 * JSON means is in fake_wire.c; README.md describes it. */
#include <headgate/adapter.h>

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_wire.h"

struct fake_conf {		/* filled by headgate from the option table below */
	char *url, *secret, *line_host, *pipe;
	bool inbox, dedupes, echoes, tells, words;
	int64_t timeout, line_port, dedupes_for;
};

struct fake {			/* one channel; there are no variables outside of it */
	const struct hg_host *host;
	struct hg_channel *ch;
	const struct fake_conf *conf;
	struct pipe *pipe;
	uint64_t timer;
	unsigned calls;		/* sends under way */
	bool stopping;
};

/* What is small and asked for rarely is there, or nothing goes on. */
static void *must(void *memory)
{
	if (!memory)
		abort();
	return memory;
}

/* ---- in: the provider posts, we verify, read and hand over ---- */

static void webhook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	static const struct hg_http_outcome stored = { sizeof(stored), 200, "application/json", "{\"stored\":true}", 15, 0 };
	static const struct hg_http_outcome again = { sizeof(again), 200, "application/json", "{\"known\":true}", 14, 0 };
	struct fake *f = state;
	struct hg_err err;
	struct json_object *json;
	struct delivery *d;

	if (!signature_ok(f->conf->secret, req->body, req->len, req->header(req, "X-Fake-Signature"))) {
		f->host->count(f->ch, "signature_refused");
		rep->status = 401;
		return;
	}
	json = f->host->json(req->body, req->len, &err);
	d = json ? read_delivery(json) : NULL;
	if (d) {
		d->batch.raw = req->body;
		d->batch.raw_len = req->len;
		/* status stays 0: by what becomes of the batch.  Nothing is said of busy: 503. */
		rep->stored = &stored;
		rep->again = &again;
		f->host->emit(f->ch, &d->batch, NULL, NULL);
	} else {
		f->host->log(f->ch, 2, "webhook.refused", "%s", json ? "more than 50 items" : err.text);
		rep->status = json ? 413 : 400;
	}
	free(d);
	json_object_put(json);
}

/* ---- out: planned, committed by headgate, sent; once for each part ---- */

static int fake_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	struct json_object *body;
	struct hg_part part = { .size = sizeof(part), .file = out->n_files ? 0 : -1, .text = out->text };

	(void)conf;
	if (out->kind != HG_TEXT || out->n_files > 1) {
		*err = (struct hg_err){ .kind = HG_ERR_UNSUPPORTED, .text = "this channel carries text, with one file at most" };
		return -1;
	}
	body = json_object_new_object();
	json_object_object_add(body, "to", json_object_new_string(out->to));
	json_object_object_add(body, "text", json_object_new_string(out->text ? out->text : ""));
	if (out->refs && out->refs[0])
		json_object_object_add(body, "answers", json_object_new_string(out->refs[0]));
	if (out->n_files && out->files[0].name)
		json_object_object_add(body, "file", json_object_new_string(out->files[0].name));
	part.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	part.len = strlen(part.body);
	plan->add(plan, &part);
	json_object_put(body);
	return 0;
}

/* What the table below says the adapter can is narrowed to what this channel's provider can. */
static void fake_limits(const void *options, struct hg_limits *limits)
{
	const struct fake_conf *conf = options;

	limits->max_text = 1000;
	limits->key_life_ms = conf->dedupes_for;
	limits->lacks = (conf->dedupes ? 0 : HG_CAP_KEY) | (conf->echoes ? 0 : HG_CAP_ECHO) | (conf->tells ? 0 : HG_CAP_ASK) |
			(conf->words ? 0 : HG_CAP_WORDS);
}

struct call { struct fake *fake; uint64_t ticket; bool ask; char to[256], from[256]; };

/* Who is refused because he opted out gets nothing more: the host has to know, whoever told the provider. */
static void opted_out(const struct call *c, const struct hg_result *r)
{
	const struct hg_address to = { c->to, HG_PROVEN };
	const struct hg_in in = { .size = sizeof(in), .kind = HG_CONSENT, .text = "stop", .code = r->code, .note = r->text,
				  .from = &to, .n_from = 1, .to = *c->from ? c->from : NULL };
	const struct hg_batch batch = { .size = sizeof(batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	c->fake->host->emit(c->fake->ch, &batch, NULL, NULL);
}

static void answered(void *arg, const struct hg_http_answer *a)
{
	static const struct hg_err refused = { .kind = HG_ERR_DENIED, .text = "the provider refuses our secret" };
	struct call *c = arg;
	struct fake *f = c->fake;
	struct json_object *body = f->host->json(a->body ? a->body : "", a->len, NULL);
	struct hg_result r = judge(a, body, c->ask);

	if (a->status)
		f->host->condition(f->ch, r.reach ? HG_DOWN : HG_UP, r.reach ? &refused : NULL);
	f->host->sent(f->ch, c->ticket, &r);
	if (r.fate == HG_FAILED && json_object_get_boolean(json_object_object_get(body, "opted_out")))
		opted_out(c, &r);
	if (--f->calls == 0 && f->stopping)
		f->host->drained(f->ch);
	json_object_put(body);
	free(c);
}

static void http(struct fake *f, struct hg_http_call *call, hg_http_done_fn *done, void *arg)
{
	char auth[300], url[2048];
	const char *headers[] = { auth, "Content-Type: application/json", NULL };

	snprintf(auth, sizeof(auth), "Authorization: Bearer %s", f->conf->secret);
	snprintf(url, sizeof(url), "%s%s", f->conf->url, call->url);
	call->url = url;
	call->headers = headers;
	call->timeout_ms = f->conf->timeout;
	f->host->http(f->ch, call, done, arg);
}

/* The key is the same on every attempt: this provider drops what it has seen, and can be asked. */
static void send_or_ask(struct fake *f, const struct hg_out *out, bool ask)
{
	char url[128];
	struct hg_http_call call = { .size = sizeof(call), .method = ask ? "GET" : "POST", .url = url,
				     .body = ask ? NULL : out->body, .len = ask ? 0 : out->len };
	struct call *c = must(malloc(sizeof(*c)));

	*c = (struct call){ f, out->ticket, ask, "", "" };
	snprintf(c->to, sizeof(c->to), "%s", out->to);
	snprintf(c->from, sizeof(c->from), "%s", out->from ? out->from : "");
	f->calls++;
	snprintf(url, sizeof(url), "/messages?key=%s", out->key);
	http(f, &call, answered, c);
}

static void fake_send(void *state, const struct hg_out *out)
{
	if (out->ticket)	/* 0: a read mark or typing sign, which this provider does not have */
		send_or_ask(state, out, false);
}

static void fake_ask(void *state, const struct hg_out *out)
{
	send_or_ask(state, out, true);
}

/* The bytes never pass here: we say what to call; headgate calls, counts, hashes and keeps. */
static void fake_fetch(void *state, uint64_t ticket, const char *ref)
{
	struct fake *f = state;
	char url[2048];
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = url };
	struct hg_err gone = { .kind = HG_ERR_GONE, .text = "the reference of the file cannot be one" };
	size_t len = strspn(ref, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-");
	bool good = len && len <= 64 && !ref[len];	/* it becomes a part of a URL */

	snprintf(url, sizeof(url), "%s/media/%.64s", f->conf->url, ref);
	f->host->fetched(f->ch, ticket, good ? &get : NULL, good ? NULL : &gone);
}

/* ---- in: a provider that has to be asked ---- */

struct page { struct fake *fake; bool more; };

static void page_stored(void *arg, int stored)
{
	struct page *p = arg;

	/* Not stored: the cursor stays where it was, and the next poll gets the same again. */
	p->fake->host->polled(p->fake->ch, p->more && stored == HG_STORED);
	free(p);
}

static void page_came(void *arg, const struct hg_http_answer *a)
{
	struct page *p = arg;
	struct fake *f = p->fake;
	struct json_object *json = a->status == 200 ? f->host->json(a->body, a->len, NULL) : NULL, *items;
	struct delivery *d = json_object_object_get_ex(json, "items", &items) ? read_delivery(items) : NULL;

	if (d) {
		d->batch.cursor = str(json, "cursor");
		p->more = json_object_get_boolean(json_object_object_get(json, "more"));
		f->host->emit(f->ch, &d->batch, page_stored, p);
	} else {
		f->host->log(f->ch, 2, "poll.failed", "%s", a->error ? a->error : "there is no list of items");
		f->host->polled(f->ch, false);
		free(p);
	}
	free(d);
	json_object_put(json);
}

static void fake_poll(void *state, int64_t since_ms)
{
	struct fake *f = state;
	char url[1024];
	struct hg_http_call call = { .size = sizeof(call), .method = "GET", .url = url };
	struct page *p;

	if (!f->conf->inbox) {
		f->host->polled(f->ch, false);
		return;
	}
	p = must(malloc(sizeof(*p)));
	*p = (struct page){ f, false };
	snprintf(url, sizeof(url), "/inbox?after=%.500s&since=%lld", f->host->cursor(f->ch), (long long)since_ms);
	http(f, &call, page_came, p);
}

/* ---- in and out: a connection kept up; one JSON object per line in, "ok ID" out ---- */

struct line { struct fake *fake; struct hg_session *session; char reply[128]; };

static void line_stored(void *arg, int stored)
{
	struct line *l = arg;

	if (stored == HG_STORED)
		l->fake->host->write(l->session, l->reply, strlen(l->reply));
	free(l);
}

static size_t line_data(void *state, struct hg_session *session, const void *bytes, size_t len)
{
	struct fake *f = state;
	const char *end = memchr(bytes, '\n', len);
	size_t used = end ? (size_t)(end - (const char *)bytes) : 0;
	struct json_object *json = end ? f->host->json(bytes, used, NULL) : NULL;
	struct delivery *d = json ? read_delivery(json) : NULL;
	struct line *l = d ? must(malloc(sizeof(*l))) : NULL;

	if (d) {
		*l = (struct line){ .fake = f, .session = session };
		snprintf(l->reply, sizeof(l->reply), "ok %.100s\n", d->in[0].id ? d->in[0].id : "");
		f->host->emit(f->ch, &d->batch, line_stored, l);
	} else if (end) {
		f->host->drop(session, "a line that is no JSON");
	}
	free(d);
	json_object_put(json);
	return end ? used + 1 : 0;	/* 0: half a line; it comes again, longer */
}

static void line_up(void *state, struct hg_session *session)
{
	struct fake *f = state;

	f->host->write(session, "hello\n", 6);
	f->host->condition(f->ch, HG_UP, NULL);
}

static void line_idle(void *state, struct hg_session *session)
{
	((struct fake *)state)->host->write(session, "ping\n", 5);
}

static void line_down(void *state, struct hg_session *session, const struct hg_err *err)
{
	struct fake *f = state;

	(void)session;
	f->host->condition(f->ch, HG_DEGRADED, err);
}

static void line_open(struct fake *f)
{
	static const struct hg_session_ops ops = { sizeof(ops), line_up, line_data, line_idle, line_down };
	struct hg_session_conf conf = { .size = sizeof(conf), .host = f->conf->line_host,
					.port = (int)f->conf->line_port, .idle_ms = 30000 };
	struct hg_err err = { 0 };

	if (!f->host->session(f->ch, &conf, &ops, &err))
		f->host->condition(f->ch, HG_DEGRADED, &err);
}

/* ---- in: what came raw is read once it is on disk, and then settled where it came from ---- */

/* What of the text we said before, and all behind it, is no part of the answer. */
static char *without_quote(const char *text, const char *const *known)
{
	char *answer = must(strdup(text));

	for (; known && *known; known++) {
		char *quote = strstr(answer, *known);

		if (quote)
			*quote = '\0';
	}
	return answer;
}

static void fake_unpack(void *state, const struct hg_raw *raw)
{
	struct fake *f = state;
	struct hg_err err = { 0 };
	struct json_object *json = f->host->json(raw->bytes, raw->len, &err);
	const char *words[WORDS_MAX + 1], *broken = str(json, "broken");
	const char *const *ask = list(json, "recall", words);
	struct delivery *d = json ? read_delivery(json) : NULL;
	char *answer = d && raw->recalled ? without_quote(d->in[0].text, raw->known) : NULL;

	if (broken)
		err = (struct hg_err){ .kind = HG_ERR_INPUT, .text = "it says that it is broken" };
	if (answer)
		d->in[0].reply_text = answer;
	if (ask && !raw->recalled)
		f->host->recall(f->ch, raw->ticket, ask);
	else
		f->host->unpacked(f->ch, raw->ticket, d ? &d->batch : NULL, err.kind ? &err : NULL);
	free(answer);
	free(d);
	json_object_put(json);
}

static void settle_answered(void *arg, const struct hg_http_answer *a)
{
	struct call *c = arg;
	struct fake *f = c->fake;
	struct hg_err err = { .kind = a->status == 404 ? HG_ERR_GONE : HG_ERR_BUSY, .code = a->status, .text = "it is not settled over there" };

	f->host->settled(f->ch, c->ticket, a->status == 200 ? NULL : &err);
	free(c);
}

static void fake_settle(void *state, uint64_t ticket, const char *id)
{
	struct fake *f = state;
	struct json_object *body = json_object_new_object();
	struct hg_http_call call = { .size = sizeof(call), .method = "POST", .url = "/settle" };
	struct call *c = must(malloc(sizeof(*c)));

	*c = (struct call){ .fake = f, .ticket = ticket };
	json_object_object_add(body, "key", json_object_new_string(id));
	call.body = json_object_to_json_string_ext(body, JSON_C_TO_STRING_PLAIN);
	call.len = strlen(call.body);
	http(f, &call, settle_answered, c);
	json_object_put(body);
}

/* ---- what blocks runs in a job: here, reading a line of a named pipe ---- */

struct pipe { char *path, line[4096]; struct fake *fake; };

/* On a thread of its own: sees the pipe and nothing else. */
static void pipe_work(void *arg, int stop_fd)
{
	struct pipe *p = arg;
	FILE *stream = fopen(p->path, "r+");	/* r+: neither waits for a writer nor ends with it */
	struct pollfd fds[] = { { stream ? fileno(stream) : -1, POLLIN, 0 }, { stop_fd, POLLIN, 0 } };

	p->line[0] = '\0';
	if (poll(fds, 2, -1) > 0 && stream && !fds[1].revents && !fgets(p->line, sizeof(p->line), stream))
		p->line[0] = '\0';
	if (stream)
		fclose(stream);
}

static void pipe_read(void *state);

static void pipe_stored(void *arg, int stored)
{
	struct fake *f = arg;

	f->host->log(f->ch, 0, "pipe.stored", "%s", stored == HG_STORED ? "yes" : "no: a pipe forgets");
}

static void pipe_done(void *arg)
{
	struct pipe *p = arg;
	struct fake *f = p->fake;
	struct json_object *json = f->host->json(p->line, strcspn(p->line, "\n"), NULL);
	struct delivery *d = json ? read_delivery(json) : NULL;

	if (d)
		f->host->emit(f->ch, &d->batch, pipe_stored, f);
	free(d);
	json_object_put(json);
	if (!f->stopping)
		f->timer = f->host->timer(f->ch, 10, pipe_read);
}

static void pipe_read(void *state)
{
	struct fake *f = state;

	f->host->job(f->ch, pipe_work, pipe_done, f->pipe);
}

/* ---- the channel's life ---- */

static int fake_check(const void *options, struct hg_err *err)
{
	const struct fake_conf *conf = options;

	if (!conf->line_host == !conf->line_port)
		return 0;
	*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "line.host and line.port are given together or not at all" };
	return -1;
}

static int fake_open(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state,
		     struct hg_err *err)
{
	struct fake *f = must(malloc(sizeof(*f)));

	(void)err;
	*f = (struct fake){ .host = host, .ch = ch, .conf = conf, .pipe = must(calloc(1, sizeof(struct pipe))) };
	f->pipe->path = f->conf->pipe ? must(strdup(f->conf->pipe)) : NULL;	/* conf may change under a job */
	f->pipe->fake = f;
	*state = f;
	return 0;
}

static void fake_start(void *state)
{
	struct fake *f = state;

	if (f->conf->line_host)
		line_open(f);
	if (f->conf->pipe)
		pipe_read(f);
	f->host->log(f->ch, 0, "fake.started", "at %lld", (long long)f->host->now_ms(f->ch));
}

static void fake_stop(void *state)
{
	struct fake *f = state;

	f->stopping = true;
	f->host->untimer(f->ch, f->timer);
	if (!f->calls)
		f->host->drained(f->ch);
}

static void fake_close(void *state)
{
	struct fake *f = state;

	free(f->pipe->path);
	free(f->pipe);
	free(f);
}

static int fake_reconf(void *state, const void *conf, struct hg_err *err)
{
	(void)err;
	((struct fake *)state)->conf = conf;
	return 0;
}

static void fake_health(void *state, struct hg_err *err)
{
	if (((struct fake *)state)->calls > 100)
		*err = (struct hg_err){ .kind = HG_ERR_BUSY, .text = "more than 100 calls wait for the provider" };
}

/* ---- what headgate sees ---- */

static const struct hg_option options[] = {
	HG_OPTION(struct fake_conf, url, URL, HG_OPT_REQUIRED | HG_OPT_RELOAD, NULL, NULL,
		  "Where the provider is; messages go to URL/messages."),
	HG_OPTION(struct fake_conf, secret, SECRET, HG_OPT_REQUIRED, NULL, "8..200",
		  "Key that signs webhooks, and our bearer token at the provider."),
	HG_OPTION(struct fake_conf, timeout, MSECS, HG_OPT_RELOAD, "10s", "100ms..50s",
		  "How long a call may take."),
	HG_OPTION(struct fake_conf, inbox, BOOL, HG_OPT_RELOAD, "false", NULL,
		  "Ask URL/inbox for messages too."),
	HG_OPTION(struct fake_conf, dedupes, BOOL, HG_OPT_RELOAD, "true", NULL,
		  "The provider drops a second message with the same key ..."),
	HG_OPTION(struct fake_conf, dedupes_for, MSECS, HG_OPT_RELOAD, "1d", "2m..30d",
		  "... for so long."),
	HG_OPTION(struct fake_conf, echoes, BOOL, HG_OPT_RELOAD, "true", NULL,
		  "Its receipts name our key."),
	HG_OPTION(struct fake_conf, tells, BOOL, HG_OPT_RELOAD, "true", NULL,
		  "It can be asked whether it has a message."),
	HG_OPTION(struct fake_conf, words, BOOL, HG_OPT_RELOAD, "false", NULL,
		  "STOP, START and HELP are about consent, as they are in short messages."),
	HG_OPTION_AT(struct fake_conf, line_host, "line.host", STRING, 0, NULL, "1..255",
		     "Host of a line kept open, one JSON object per line."),
	HG_OPTION_AT(struct fake_conf, line_port, "line.port", INT, 0, NULL, "1..65535", "Its port."),
	HG_OPTION(struct fake_conf, pipe, PATH, 0, NULL, NULL,
		  "Named pipe to read from, one JSON object per line."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "webhook", 4 * 1024 * 1024, webhook },
	{ .path = NULL }
};

HG_EXPORT const struct hg_adapter hg_adapter_v1 = {
	.size = sizeof(struct hg_adapter), .name = "fake", .version = "1",
	.summary = "Example and test peer: a provider made up of signed JSON",
	.caps = HG_CAP_MEDIA | HG_CAP_RECEIPTS | HG_CAP_KEY | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_WORDS,
	.conf_size = sizeof(struct fake_conf), .options = options, .routes = routes,
	.check = fake_check, .limits = fake_limits, .plan = fake_plan,
	.open = fake_open, .start = fake_start, .stop = fake_stop, .close = fake_close,
	.reconf = fake_reconf, .poll = fake_poll, .send = fake_send, .ask = fake_ask,
	.fetch = fake_fetch, .health = fake_health, .unpack = fake_unpack, .settle = fake_settle,
};
