/* http_fetch.c - `fetch:` of a description: how the files of messages are got
 *
 * What a message names is a stranger's word: credentials go only where the description says, and nothing private is
 * reached but what the channel itself names as an address. */
#include "http_fetch.h"

#include <string.h>

#include "http_request.h"
#include "http_tree.h"
#include "json.h"

#define TIMEOUT_MS 120000
#define FILE_MAX   (100 << 20)

struct ht_fetch {
	ht_request *file;		/* credentials, perhaps an address */
	ht_request *ask;		/* or NULL, with pick */
	ht_pick *pick;
	char **hosts;			/* or NULL: any public one */
	gboolean has_url;
};

struct fetching {			/* a first question under way */
	ht_sender *sender;
	guint64 ticket;
	char *ref;
};

void ht_fetch_free(ht_fetch *fetch)
{
	if (!fetch)
		return;
	ht_request_free(fetch->file);
	ht_request_free(fetch->ask);
	ht_pick_free(fetch->pick);
	g_strfreev(fetch->hosts);
	g_free(fetch);
}

/* ---- reading ---- */

static void read_ask(struct ht_look *look, struct json_object *map, ht_fetch *fetch)
{
	static const char *const keys[] = { "method", "url", "query", "headers", "basic", "bearer", "json", "form", "pick", NULL };
	struct json_object *ask = ht_member(look, map, "ask", FALSE);
	gsize was;

	if (!ask)
		return;
	was = ht_enter(look, "ask");
	if (ht_keys(look, ask, keys)) {
		fetch->ask = ht_request_new(look, ask, TRUE);
		fetch->pick = ht_pick_new(look, ask, "pick", TRUE);
	}
	ht_leave(look, was);
}

ht_fetch *ht_fetch_new(struct ht_look *look, struct json_object *map)
{
	static const char *const keys[] = { "hosts", "basic", "bearer", "headers", "url", "ask", NULL };
	g_autoptr(ht_fetch) fetch = g_new0(ht_fetch, 1);
	guint errors = look->errors;

	if (!ht_keys(look, map, keys))
		return NULL;
	fetch->hosts = ht_texts(look, map, "hosts");
	fetch->has_url = json_object_object_get_ex(map, "url", NULL);
	fetch->file = ht_request_new(look, map, FALSE);
	read_ask(look, map, fetch);
	if (!fetch->hosts && !fetch->has_url &&
	    (json_object_object_get_ex(map, "basic", NULL) || json_object_object_get_ex(map, "bearer", NULL) ||
	     json_object_object_get_ex(map, "headers", NULL)))
		ht_wrong(look, "hosts", "is missing: who writes to you would say which host gets the credentials");
	return look->errors == errors ? g_steal_pointer(&fetch) : NULL;
}

/* ---- where to ---- */

/* "https://host:1" of an address, or NULL; yours. */
static char *origin_of(const char *url)
{
	const char *host = url && (g_str_has_prefix(url, "https://") || g_str_has_prefix(url, "http://")) ? strstr(url, "://") + 3
													  : NULL;
	gsize len = host ? strcspn(host, "/?#\\") : 0;

	return len && !memchr(host, '@', len) ? g_ascii_strdown(url, (gssize)((gsize)(host - url) + len)) : NULL;
}

/* The channel's own settings name it: an admin's word, which may be private. */
static gboolean is_ours(const struct ht_conf *conf, const char *origin)
{
	for (char **pair = conf->values; pair && pair[0] && pair[1]; pair += 2) {
		g_autofree char *own = origin_of(pair[1]);

		if (own && strcmp(own, origin) == 0)
			return TRUE;
	}
	return FALSE;
}

static void give_up(ht_sender *sender, guint64 ticket, int kind, const char *text)
{
	struct hg_err err = { .kind = kind };

	g_strlcpy(err.text, text, sizeof(err.text));
	sender->host->fetched(sender->ch, ticket, NULL, &err);
}

static void hand_over(const ht_fetch *fetch, ht_sender *sender, guint64 ticket, const struct ht_made *made, const char *url)
{
	static const char *const none[] = { NULL };
	g_autofree char *origin = origin_of(url);
	struct hg_http_call get = {
		.size = sizeof(get), .method = "GET", .url = url, .timeout_ms = TIMEOUT_MS, .max_reply = FILE_MAX,
		.headers = made ? (const char *const *)made->headers->pdata : none,
	};

	if (!origin) {
		give_up(sender, ticket, HG_ERR_GONE, "the address of the file is no plain address of the web");
		return;
	}
	/* One the description or the channel wrote down is not a stranger's. */
	get.stranger = !(fetch && fetch->has_url) && !is_ours(sender->conf, origin);
	get.hosts = get.stranger && fetch ? (const char *const *)fetch->hosts : NULL;
	if (get.stranger && get.hosts && !g_str_has_prefix(origin, "https:")) {
		give_up(sender, ticket, HG_ERR_GONE, "the address of the file is not https");
		return;
	}
	sender->host->fetched(sender->ch, ticket, &get, NULL);
}

/* ---- fetching ---- */

static struct ht_say say_file(const ht_sender *sender, struct json_object *part)
{
	return (struct ht_say){ .part = part, .conf = sender->conf, .token = sender->token.access,
				.now_ms = sender->host->now_ms(sender->ch) };
}

/* {"file":{"ref":...,"path":...}} for json_object_put(). */
static struct json_object *part_of(const char *ref, const char *path)
{
	struct json_object *part = json_object_new_object(), *file = json_object_new_object();

	json_object_object_add(file, "ref", json_object_new_string(ref));
	if (path)
		json_object_object_add(file, "path", json_object_new_string(path));
	json_object_object_add(part, "file", file);
	return part;
}

static void get_file(const ht_fetch *fetch, ht_sender *sender, guint64 ticket, const char *ref, const char *path)
{
	g_autoptr(json_object) part = part_of(ref, path);
	struct ht_say say = say_file(sender, part);
	g_auto(ht_made) made = { 0 };
	const char *why = ht_say_make(fetch->file, &say, &made);

	if (why)
		give_up(sender, ticket, HG_ERR_GONE, why);
	else
		hand_over(fetch, sender, ticket, &made, fetch->has_url ? made.url->str : path ? path : ref);
}

static const char *header_of(const void *from, const char *name)
{
	const struct hg_http_answer *answer = from;

	return answer->header ? answer->header(answer, name) : NULL;
}

static void asked(void *arg, const struct hg_http_answer *answer)
{
	struct fetching *f = arg;
	const ht_fetch *fetch = f->sender->desc->fetch;
	struct hg_err err = { 0 };
	g_autoptr(json_object) tree = answer->status / 100 == 2 ? ht_tree(HT_JSON, NULL, NULL, answer->body, answer->len, &err)
								: NULL;
	struct ht_scope scope = { .root = tree, .header = header_of, .from = answer, .status = answer->status };
	g_autofree char *path = tree ? ht_pick_text(fetch->pick, &scope) : NULL;

	if (path && *path)
		get_file(fetch, f->sender, f->ticket, f->ref, path);
	else if (answer->status == 400 || answer->status == 404 || answer->status == 410)
		give_up(f->sender, f->ticket, HG_ERR_GONE, "the provider does not have this file (any more)");
	else
		give_up(f->sender, f->ticket, HG_ERR_BUSY, "the provider did not say where the file is");
	g_free(f->ref);
	g_free(f);
}

static void ask(const ht_fetch *fetch, ht_sender *sender, guint64 ticket, const char *ref)
{
	g_autoptr(json_object) part = part_of(ref, NULL);
	struct ht_say say = say_file(sender, part);
	g_auto(ht_made) made = { 0 };
	const char *why = ht_say_make(fetch->ask, &say, &made);
	struct hg_http_call call = { .size = sizeof(call), .timeout_ms = sender->conf->timeout };
	struct fetching *f;

	if (why) {
		give_up(sender, ticket, HG_ERR_GONE, why);
		return;
	}
	f = g_new0(struct fetching, 1);
	f->sender = sender;
	f->ticket = ticket;
	f->ref = g_strdup(ref);
	call.method = made.method;
	call.url = made.url->str;
	call.headers = (const char *const *)made.headers->pdata;
	call.body = made.body->str;
	call.len = made.body->len;
	sender->host->http(sender->ch, &call, asked, f);
}

void ht_fetch_file(const ht_fetch *fetch, ht_sender *sender, uint64_t ticket, const char *ref)
{
	if (!fetch)
		hand_over(NULL, sender, ticket, NULL, ref);
	else if (fetch->ask)
		ask(fetch, sender, ticket, ref);
	else
		get_file(fetch, sender, ticket, ref, NULL);
}
