/* steady.c - an adapter that was built long ago (or will be: -DGROWN), for tests only
 *
 * It is compiled with the frozen header of version 1.0, never with today's, uses all of it, and tells what it was handed
 * by what it emits: a message whose id says what about. */
#include <headgate/adapter.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef GROWN	/* tests/data/abi/grow: what a later header has more must not be taken for something we know */
#define NEW	 , .grown_ = { -1, -1, -1 }
#else
#define NEW
#endif
#define SIZED(type) .size = sizeof(struct type)NEW
#define N(array)    (sizeof(array) / sizeof((array)[0]))

struct conf {
	char *word, *secret, *url, *path, *choice, *tree;
	bool flag;
	int64_t number, span, bytes;
	char **list, **secrets, **map, **keys;
};

struct steady {
	const struct hg_host *host;
	struct hg_channel *ch;
	const struct conf *conf;
	struct hg_session *session;
	char worked[32];
};

/* ---- telling ---- */

static void stored(void *arg, int how)
{
	(void)arg;
	(void)how;
}

static void emit_text(struct steady *s, const char *what, const char *text, hg_ack_fn *ack)
{
	const struct hg_address from = { "tel:+447700900123", HG_PROVEN };
	const struct hg_in in = { SIZED(hg_in), .kind = HG_TEXT, .id = what, .from = &from, .n_from = 1, .text = text };
	const struct hg_batch batch = { SIZED(hg_batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	s->host->emit(s->ch, &batch, ack, s);
}

__attribute__((format(printf, 3, 4)))
static void tell(struct steady *s, const char *what, const char *fmt, ...)
{
	char text[2000];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	emit_text(s, what, text, stored);
}

static const char *first(char *const *list, int at)
{
	for (int i = 0; list && list[i]; i++)
		if (i == at)
			return list[i];
	return "(none)";
}

static void tell_conf(struct steady *s)
{
	const struct conf *c = s->conf;

	tell(s, "conf", "%s %s %s %s %s %d %lld %lld %lld %s %s %s %s=%s %s=%s %s", c->word, c->secret, c->url,
	     strrchr(c->path, '/'), c->choice, c->flag, (long long)c->number, (long long)c->span, (long long)c->bytes,
	     first(c->list, 0), first(c->list, 1), first(c->secrets, 0), first(c->map, 0), first(c->map, 1),
	     first(c->keys, 0), first(c->keys, 1), c->tree);
}

/* Two of everything, so that elements behind the first are found by their stride. */
static void tell_all(struct steady *s)
{
	static const char *const refs[] = { "ref-1", "ref-2", NULL }, *const also[] = { "also-1", NULL };
	static const struct hg_address from[] = {
		{ "tel:+447700900123", HG_PROVEN }, { "mailto:ana@example.com", HG_CLAIMED }, { "tel:+447700900456", HG_FORMER } };
	static const struct hg_file files[] = {
		{ SIZED(hg_file), .kind = HG_IMAGE, .name = "a.jpg", .type = "image/jpeg", .bytes = 3, .data = "abc" },
		{ SIZED(hg_file), .kind = HG_AUDIO, .name = "b.ogg", .sha256 = "00", .bytes = -1, .ref = "ref-b",
		  .expires_ms = 99, .voice = true, .content_id = "cid" } };
	static const struct hg_in in[] = {
		{ SIZED(hg_in), .kind = HG_IMAGE, .id = "all-1", .dedupe = "key-1", .wide = true, .echo = false, .automatic = true,
		  .forwarded = true, .to = "tel:+4420", .from = from, .n_from = N(from), .name = "Ana", .username = "ana",
		  .group = "g1", .subject = "Subject", .text = "Text", .payload = "{\"p\":1}", .files = files,
		  .n_files = N(files), .file_size = sizeof(files[0]), .refs = refs, .note = "note", .code = 7, .sent_ms = 1000,
		  .raw = "raw", .raw_len = 3, .reply_text = "New", .sender = HG_SENDER_PASS, .vouched = 1, .also = also,
		  .profile = "{\"name\":\"Ana\"}" },
		{ SIZED(hg_in), .kind = HG_TEXT, .id = "all-2", .from = from, .n_from = 1, .text = "+1", .target = "all-1",
		  .part_ref = "pr", .part = 1, .parts = 2, .part_wait_ms = 2000, .answered = true } };
	static const struct hg_receipt receipts[] = {
		{ SIZED(hg_receipt), .state = HG_R_READ, .id = "sent-1", .key = "key", .to = "tel:+1", .at_ms = 5 },
		{ SIZED(hg_receipt), .state = HG_R_FAILED, .id = "sent-2", .code = 9, .reach = HG_REACH_CONTACT, .text = "gone",
		  .advice = "call", .detail = "{}" } };
	static const struct hg_batch batch = { SIZED(hg_batch), .in = in, .n_in = N(in), .in_size = sizeof(in[0]),
		.receipts = receipts, .n_receipts = N(receipts), .receipt_size = sizeof(receipts[0]), .cursor = "c-2",
		.raw = "whole", .raw_len = 5 };

	s->host->emit(s->ch, &batch, stored, s);
}

/* ---- what runs by itself ---- */

static void on_time(void *state)
{
	tell(state, "timer", "cursor %s", ((struct steady *)state)->host->cursor(((struct steady *)state)->ch));
}

static void never(void *state)
{
	tell(state, "never", "a timer that was taken back");
}

static void work(void *arg, int stop_fd)
{
	snprintf(((struct steady *)arg)->worked, sizeof(((struct steady *)arg)->worked), "%s", stop_fd >= 0 ? "worked" : "no fd");
}

static void worked(void *arg)
{
	tell(arg, "job", "%s", ((struct steady *)arg)->worked);
}

static void called(void *arg, const struct hg_http_answer *a)
{
	tell(arg, "http", "%d %d %s %.*s%s", a->status, a->sent, a->status ? a->header(a, "Content-Type") : "-", (int)a->len,
	     a->body ? (const char *)a->body : "", a->error ? a->error : "");
}

static void on_up(void *state, struct hg_session *session)
{
	(void)session;
	tell(state, "up", "nobody is there");
}

static size_t on_data(void *state, struct hg_session *session, const void *bytes, size_t len)
{
	(void)state;
	(void)session;
	(void)bytes;
	return len;
}

static void on_idle(void *state, struct hg_session *session)
{
	((struct steady *)state)->host->drop(session, "idle");
}

static void on_down(void *state, struct hg_session *session, const struct hg_err *err)
{
	struct steady *s = state;

	tell(s, "down", "%s", err->kind && err->text[0] ? "why" : "no word");
	s->host->rest(session, 3600000, "nobody is there");
}

static void begin(struct steady *s)
{
	static const struct hg_session_ops ops = { SIZED(hg_session_ops), .up = on_up, .data = on_data, .idle = on_idle,
						   .down = on_down };
	static const struct hg_session_conf nobody = { SIZED(hg_session_conf), .host = "127.0.0.1", .port = 1, .idle_ms = 1000 };
	static const char *const headers[] = { "X-Steady: 1", NULL };
	const struct hg_http_call call = { SIZED(hg_http_call), .method = "GET", .url = s->conf->url, .headers = headers,
					   .timeout_ms = 5000, .max_reply = 1000 };
	struct hg_err err = { 0 };

	s->host->timer(s->ch, 1, on_time);
	s->host->untimer(s->ch, s->host->timer(s->ch, 1, never));
	s->host->job(s->ch, work, worked, s);
	s->host->http(s->ch, &call, called, s);
	s->session = s->host->session(s->ch, &nobody, &ops, &err);
	s->host->count(s->ch, "steady");
	s->host->log(s->ch, 0, "steady.begun", "at %lld", (long long)s->host->now_ms(s->ch));
}

/* ---- a channel's life ---- */

static int an_open(const struct hg_host *host, struct hg_channel *ch, const void *conf, void **state, struct hg_err *err)
{
	struct steady *s = calloc(1, sizeof(*s));

	if (!s || host->size < offsetof(struct hg_host, rest) + sizeof(host->rest) || !HG_HAS(host, settled)) {
		*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "this gateway has lost something" };
		free(s);
		return -1;
	}
	*s = (struct steady){ .host = host, .ch = ch, .conf = conf };
	*state = s;
	return 0;
}

static void a_start(void *state)
{
	struct steady *s = state;
	const struct hg_err err = { .kind = HG_ERR_BUSY, .code = 5, .text = "half well" };

	tell_conf(s);
	tell_all(s);
	begin(s);
	tell(s, "host", "minor %d json %d write %d", s->host->minor, s->host->json != NULL, s->host->write != NULL);
	s->host->condition(s->ch, HG_DEGRADED, &err);
}

static void a_stop(void *state)
{
	struct steady *s = state;

	s->host->drained(s->ch);
}

static int a_reconf(void *state, const void *conf, struct hg_err *err)
{
	(void)err;
	((struct steady *)state)->conf = conf;
	tell_conf(state);
	return 0;
}

/* ---- in ---- */

static void hook(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	static const struct hg_http_outcome was_stored = { SIZED(hg_http_outcome), .status = 202, .type = "text/plain", .body = "st", .len = 2 };
	static const struct hg_http_outcome again = { SIZED(hg_http_outcome), .status = 208, .type = "text/plain", .body = "ag", .len = 2 };
	static const struct hg_http_outcome busy = { SIZED(hg_http_outcome), .status = 429, .after_s = 17 };
	struct steady *s = state;
	char text[500];

	snprintf(text, sizeof(text), "%s %s %s %s %s %s %.*s", req->method, req->path, req->peer, req->target,
		 req->header(req, "X-Good"), req->query(req, "q"), (int)req->len, (const char *)req->body);
	rep->stored = &was_stored;
	rep->again = &again;
	rep->busy = &busy;
	emit_text(s, "hook", text, NULL);
}

static void now(void *state, const struct hg_http_req *req, struct hg_http_rep *rep)
{
	static const char *const headers[] = { "X-Good: 1", NULL };

	(void)state;
	(void)req;
	rep->status = 203;
	rep->type = "text/plain";
	rep->body = "now";
	rep->len = 3;
	rep->headers = headers;
}

static void a_poll(void *state, int64_t since_ms)
{
	struct steady *s = state;

	tell(s, "poll", "since %lld", (long long)since_ms);
	s->host->polled(s->ch, false);
}

static void an_unpack(void *state, const struct hg_raw *raw)
{
	static const char *const refs[] = { "r1", NULL };
	struct steady *s = state;
	const struct hg_in in = { SIZED(hg_in), .kind = HG_TEXT, .id = "unpacked", .text = "what it held" };
	const struct hg_batch batch = { SIZED(hg_batch), .in = &in, .n_in = 1, .in_size = sizeof(in) };

	tell(s, raw->recalled ? "raw-again" : "raw", "%s %.*s %d %s", raw->id ? raw->id : "-", (int)raw->len, (const char *)raw->bytes,
	     raw->attempts, raw->known ? raw->known[0] : "-");
	if (raw->len == 3)
		s->host->recall(s->ch, raw->ticket, refs);
	else
		s->host->unpacked(s->ch, raw->ticket, &batch, NULL);
}

static void a_settle(void *state, uint64_t ticket, const char *id)
{
	struct steady *s = state;
	const struct hg_err gone = { .kind = HG_ERR_GONE, .text = "is no more" };

	s->host->settled(s->ch, ticket, strcmp(id, "gone") ? NULL : &gone);
}

static void a_fetch(void *state, uint64_t ticket, const char *ref)
{
	struct steady *s = state;
	const struct hg_http_call get = { SIZED(hg_http_call), .method = "GET", .url = ref };

	s->host->fetched(s->ch, ticket, &get, NULL);
}

/* ---- out ---- */

static int a_check(const void *conf, struct hg_err *err)
{
	if (((const struct conf *)conf)->number != 13)
		return 0;
	*err = (struct hg_err){ .kind = HG_ERR_CONFIG, .text = "13 is never right", .at = "number" };
	return -1;
}

static void a_limits(const void *conf, struct hg_limits *limits)
{
	limits->max_text = ((const struct conf *)conf)->number;
	limits->window_ms = 2;
	limits->rate = 3;
	limits->contact_gap_ms = 4;
	limits->contact_burst = 5;
	limits->max_file = 6;
	limits->key_life_ms = 7;
	limits->lacks = HG_CAP_ECHO;
	limits->poll_ms = 3600000;
	limits->burst = 9;
}

static int a_plan(const void *conf, const struct hg_out *out, struct hg_plan *plan, struct hg_err *err)
{
	char body[500];
	struct hg_part part = { SIZED(hg_part), .body = body, .file = -1, .text = out->text, .units = 2, .coding = "gsm7", .left = 11 };
	const struct hg_part rest = { SIZED(hg_part), .file = 1, .body = "rest", .len = 4 };

	(void)conf;
	if (out->kind != HG_TEXT) {
		*err = (struct hg_err){ .kind = HG_ERR_UNSUPPORTED, .text = "text only" };
		return -1;
	}
	snprintf(body, sizeof(body), "%s|%s|%s|%s", out->to, out->text, out->n_files > 1 ? HG_AT(out->files, out->file_size, 1)->name : "-",
		 out->n_past > 1 ? HG_AT(out->past, out->past_size, 1)->text : "-");
	part.len = strlen(body);
	plan->add(plan, &part);
	if (out->n_files > 1)
		plan->add(plan, &rest);
	return 0;
}

static void a_send(void *state, const struct hg_out *out)
{
	static const char *const also[] = { "also-sent", NULL };
	struct steady *s = state;
	struct hg_result r = { SIZED(hg_result), .fate = HG_SENT, .id = "sent-id", .code = 3, .text = "taken", .also = also };

	if (strcmp(out->text, "refuse") == 0)
		r = (struct hg_result){ SIZED(hg_result), .fate = HG_FAILED, .reach = HG_REACH_CONTACT, .code = 4, .text = "no", .advice = "call" };
	else if (strcmp(out->text, "later") == 0)
		r = (struct hg_result){ SIZED(hg_result), .fate = HG_RETRY, .retry_ms = 7000 };
	else if (strcmp(out->text, "step") == 0)
		r = (struct hg_result){ SIZED(hg_result), .fate = HG_STEP, .body = "next", .len = 4 };
	else
		tell(s, "out", "%d %s %s %s %s %s %s %s %s %lld %lld %.*s %s %d %s", out->kind, out->key, out->to, out->from, out->subject,
		     out->text, out->html, out->refs[0], HG_AT(out->files, out->file_size, 1)->name, (long long)out->now_ms,
		     (long long)out->last_in_ms, (int)out->len, (const char *)out->body, out->name, out->automatic,
		     HG_AT(out->past, out->past_size, 1)->text);
	s->host->sent(s->ch, out->ticket, &r);
}

static void an_ask(void *state, const struct hg_out *out)
{
	struct steady *s = state;
	const struct hg_result r = { SIZED(hg_result), .fate = HG_AMBIGUOUS, .text = "who knows" };

	s->host->sent(s->ch, out->ticket, &r);
}

static void a_health(void *state, struct hg_err *err)
{
	(void)state;
	(void)err;
}

static int samples(const void *conf, void (*tell_one)(void *arg, const struct hg_sample *), void *arg, struct hg_err *err)
{
	(void)conf;
	(void)err;
	tell_one(arg, &(struct hg_sample){ SIZED(hg_sample), .name = "good", .passed = true });
	tell_one(arg, &(struct hg_sample){ SIZED(hg_sample), .name = "bad", .made_up = true, .text = "not so" });
	return 1;
}

/* ---- the table ---- */

static const struct hg_option options[] = {
	HG_OPTION(struct conf, word, STRING, HG_OPT_REQUIRED, NULL, "1..20", "A word."),
	HG_OPTION(struct conf, secret, SECRET, 0, NULL, NULL, "A secret."),
	HG_OPTION(struct conf, url, URL, HG_OPT_RELOAD, "http://host.example", NULL, "A URL."),
	HG_OPTION(struct conf, path, PATH, 0, "/some/path", NULL, "A path."),
	HG_OPTION(struct conf, choice, ENUM, 0, "this", "this|that", "One of two."),
	HG_OPTION(struct conf, tree, TREE, 0, NULL, NULL, "A tree."),
	HG_OPTION(struct conf, flag, BOOL, 0, "true", NULL, "A flag."),
	HG_OPTION(struct conf, number, INT, HG_OPT_RELOAD, "7", "1..100", "A number."),
	HG_OPTION(struct conf, span, MSECS, 0, "2s", "1s..1h", "A time."),
	HG_OPTION(struct conf, bytes, BYTES, HG_OPT_DEPRECATED, "3KiB", "1KiB..1MiB", "A size."),
	HG_OPTION_AT(struct conf, list, "deep.list", STRINGS, 0, "[a, b]", NULL, "A list."),
	HG_OPTION(struct conf, secrets, SECRETS, 0, NULL, NULL, "Secrets."),
	HG_OPTION(struct conf, map, MAP, 0, NULL, NULL, "A map."),
	HG_OPTION(struct conf, keys, SECRET_MAP, 0, NULL, NULL, "A map of secrets."),
	HG_OPTION_END
};

static const struct hg_route routes[] = {
	{ "POST", "hook", 1000, hook },
	{ "GET", "now/*", 0, now },
	{ .path = NULL }
};

HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = {
	SIZED(hg_adapter), .name = NAME, .version = "1", .summary = "Built with the header of 1.0",
	.caps = HG_CAP_MEDIA | HG_CAP_HTML | HG_CAP_RECEIPTS | HG_CAP_TYPING | HG_CAP_KEY | HG_CAP_ECHO | HG_CAP_FIRST | HG_CAP_PAST,
	.conf_size = sizeof(struct conf), .options = options, .routes = routes, .check = a_check, .limits = a_limits, .plan = a_plan,
	.open = an_open, .start = a_start, .stop = a_stop, .close = free, .reconf = a_reconf, .poll = a_poll, .send = a_send,
	.ask = an_ask, .fetch = a_fetch, .health = a_health, .unpack = an_unpack, .settle = a_settle, .samples = samples,
};
