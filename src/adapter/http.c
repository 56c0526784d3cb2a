/* http.c - HTTP calls of an adapter, and what a stranger's URL may reach */
#include "services.h"

#include <string.h>

struct call {
	GList link;			/* in ch->calls */
	hg_channel *ch;
	guint64 id;			/* the client's; 0: refused, the answer is a timer away */
	guint64 timer;			/* with id 0 */
	char *refused;			/* with id 0: why */
	gboolean closing;
	hg_http_done_fn *done;
	void *arg;
	struct hg_probe *probe;		/* whose answer this is; or NULL */
	char *host;			/* with probe: that is asked; or NULL */
};

struct answer {
	struct hg_http_answer pub;	/* first: what the adapter sees */
	const struct hg_client_answer *from;
};

/* ---- which hosts ---- */

/* "graph.example" is that host, ".example" any below it. */
static gboolean host_matches(const char *pattern, const char *host)
{
	gsize p = strlen(pattern), h = strlen(host);

	if (*pattern != '.')
		return g_ascii_strcasecmp(pattern, host) == 0;
	return p > 1 && h > p && g_ascii_strcasecmp(pattern, host + h - p) == 0;
}

static gboolean allow_host(const struct hg_http_call *call, const char *host, GPtrArray *hosts)
{
	gboolean found = FALSE;

	for (const char *const *p = call->hosts; *p; p++) {
		found |= host_matches(*p, host);
		if (**p != '.')
			g_ptr_array_add(hosts, g_strdup(*p));
	}
	/* The client compares exactly: what a pattern let through is named to it. */
	if (found)
		g_ptr_array_add(hosts, g_strdup(host));
	g_ptr_array_add(hosts, NULL);
	return found;
}

/* Yours; NULL: it has none. */
static char *host_of(const char *url)
{
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);

	return uri ? g_strdup(g_uri_get_host(uri)) : NULL;
}

static gboolean check_stranger(const struct hg_http_call *call, GPtrArray *hosts, GError **error)
{
	g_autoptr(GUri) uri = g_uri_parse(call->url, G_URI_FLAGS_NONE, NULL);
	const char *host = uri ? g_uri_get_host(uri) : NULL;

	if (!host || !*host)
		return hg_fail(error, HG_ERROR_INPUT, "the address to call is no URL");
	if (call->hosts && !allow_host(call, host, hosts))
		return hg_fail(error, HG_ERROR_DENIED, "host %s is not one of those this channel may "
			       "call", host);
	return TRUE;
}

static struct hg_client_part *convert_parts(const struct hg_http_call *call)
{
	struct hg_client_part *parts = g_new0(struct hg_client_part, call->n_parts);

	for (gsize i = 0; i < call->n_parts; i++) {
		const struct hg_http_part *from = &call->parts[i];

		parts[i].name = from->name;
		parts[i].filename = from->file_name;
		parts[i].type = from->type;
		parts[i].path = from->path;
		parts[i].data = from->path ? NULL : from->value;
		parts[i].len = from->path || !from->value ? 0 : strlen(from->value);
	}
	return parts;
}

gboolean hg_http_convert(const struct hg_http_call *call, struct hg_client_call *ret, GPtrArray *hosts,
			 GError **error)
{
	*ret = (struct hg_client_call){
		.method = call->method, .url = call->url, .headers = call->headers,
		.body = call->body, .len = call->body ? call->len : 0,
		.timeout_ms = MAX(call->timeout_ms, 0), .max_reply = (gsize)MAX(call->max_reply, 0),
		.private_ok = !call->stranger,
	};
	if (!call->url)
		return hg_fail(error, HG_ERROR_INPUT, "there is no URL to call");
	if (call->len && !call->body)
		return hg_fail(error, HG_ERROR_INPUT, "a call has a length and no body");
	if (!call->stranger)
		return TRUE;
	if (!check_stranger(call, hosts, error))
		return FALSE;
	ret->hosts = call->hosts ? (const char *const *)hosts->pdata : NULL;
	return TRUE;
}

/* ---- the answer ---- */

static const char *get_header(const struct hg_http_answer *pub, const char *name)
{
	const struct answer *a = (const struct answer *)pub;

	return a->from ? hg_client_header(a->from, name) : NULL;
}

static void call_end(struct call *c, const struct answer *a)
{
	hg_channel *ch = c->ch;
	hg_http_done_fn *done = c->done;
	struct hg_probe *probe = c->probe;
	g_autofree char *host = g_steal_pointer(&c->host);
	void *arg = c->arg;

	g_queue_unlink(&ch->calls, &c->link);
	g_free(c->refused);
	g_free(c);
	ch->probing = probe;		/* what it asks next is of the same look */
	if (done)
		done(arg, &a->pub);
	ch->probing = NULL;
	if (probe)
		hg_probe_answered(probe, host, &a->pub);
	hg_ch_progress(ch);
}

static void on_done(void *arg, const struct hg_client_answer *from)
{
	struct call *c = arg;
	struct answer a = { .pub = { .size = sizeof(a.pub), .sent = from->sent, .header = get_header },
			    .from = from };

	/* Half an answer is none: a status whose body broke off must not look like a success. */
	if (from->code == HG_CLIENT_OK || from->code == HG_CLIENT_REDIRECT) {
		a.pub.status = from->status;
		a.pub.body = from->body;
		a.pub.len = from->len;
	}
	if (!a.pub.status)
		a.pub.error = c->closing ? "the channel closes" : from->error && *from->error
				? from->error : "no answer";
	call_end(c, &a);
}

static void on_refused(void *arg)
{
	struct call *c = arg;
	g_autofree char *why = g_steal_pointer(&c->refused);
	struct answer a = { .pub = { .size = sizeof(a.pub), .header = get_header, .error = why } };

	call_end(c, &a);
}

/* Not sent; the adapter hears of it from the loop like of any other answer. */
static void refuse(struct call *c, const char *why)
{
	c->refused = g_strdup(why);
	c->timer = hg_loop_timer(c->ch->loop, 0, on_refused, c);
}

/* ---- the call ---- */

static void begin(struct call *c, const struct hg_http_call *theirs)
{
	hg_channel *ch = c->ch;
	g_autoptr(GPtrArray) hosts = g_ptr_array_new_with_free_func(g_free);
	g_autofree struct hg_client_part *parts = NULL;
	g_autoptr(GError) error = NULL;
	struct hg_client_call call;
	struct hg_http_call ours;

	if (ch->phase == HG_PH_ENDING) {
		refuse(c, "the channel closes");
	} else if (!hg_take_struct(&ours, sizeof(ours), theirs) || (ours.n_parts && !ours.parts) ||
		   ours.n_parts > 64 || !c->done) {
		hg_ch_fault(ch, "http(): size, parts or done are wrong");
		refuse(c, "the call is malformed");
	} else if (ch->calls.length > HG_CH_CALLS_MAX) {
		refuse(c, "too many calls of this channel are under way");
	} else if (!hg_http_convert(&ours, &call, hosts, &error)) {
		refuse(c, error->message);
	} else {
		c->host = c->probe ? host_of(ours.url) : NULL;
		parts = convert_parts(&ours);
		call.parts = ours.n_parts ? parts : NULL;
		call.n_parts = ours.n_parts;
		c->id = hg_client_call(ch->env->client, &call, on_done, c);
	}
}

void hg_http_begin(hg_channel *ch, const struct hg_http_call *call, hg_http_done_fn *done, void *arg)
{
	struct call *c;

	if (!hg_ch_may_begin(ch, "http") || hg_ch_too_late(ch, "http"))
		return;
	c = g_new0(struct call, 1);
	c->ch = ch;
	c->done = done;
	c->arg = arg;
	c->probe = hg_probe_take(ch);
	c->link.data = c;
	g_queue_push_tail_link(&ch->calls, &c->link);
	ch->counts.calls++;
	begin(c, call);
}

void hg_http_end(hg_channel *ch)
{
	GList *next;

	/* What the callbacks of these begin is refused by a timer, and waited for. */
	for (GList *link = ch->calls.head; link; link = next) {
		struct call *c = link->data;

		next = link->next;
		c->closing = TRUE;
		if (c->id)
			hg_client_cancel(ch->env->client, c->id);
	}
}
