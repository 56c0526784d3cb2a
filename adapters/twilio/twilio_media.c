/* twilio_media.c - files that come: which call downloads them
 *
 * Source: Twilio, "Media subresource".  A webhook names the URL; of a listed message the files are asked for first.  The
 * URL leads on to a storage without our credentials, which go to the API's own host and nowhere else. */
#include "twilio_media.h"

#include <string.h>

#include "json.h"
#include "outside_url.h"
#include "twilio.h"
#include "twilio_api.h"

#define FETCH_MS 300000
#define LISTED	 "list:"

/* Where Twilio's and SignalWire's redirects lead. */
#define STORAGE "media.twiliocdn.com", "mms.twiliocdn.com", "s3-external-1.amazonaws.com", "s3.amazonaws.com", \
	"files.signalwire.com"

struct fetching {
	struct twilio *t;
	guint64 ticket;
	guint index;			/* of the file in the list */
};

G_GNUC_PRINTF(4, 5)
static void give_up(struct twilio *t, guint64 ticket, int kind, const char *fmt, ...)
{
	struct hg_err err = { .kind = kind };
	va_list args;

	va_start(args, fmt);
	g_vsnprintf(err.text, sizeof(err.text), fmt, args);
	va_end(args);
	t->host->fetched(t->ch, ticket, NULL, &err);
}

static gboolean is_storage(const char *url)
{
	static const char *const hosts[] = { STORAGE };
	g_autoptr(GUri) uri = g_uri_parse(url, G_URI_FLAGS_NONE, NULL);

	for (gsize i = 0; uri && g_uri_get_host(uri) && i < G_N_ELEMENTS(hosts); i++)
		if (!g_ascii_strcasecmp(g_uri_get_host(uri), hosts[i]))
			return !g_strcmp0(g_uri_get_scheme(uri), "https");
	return FALSE;
}

/* The admin named base_url, so that may be private; any other place is a stranger's word. */
static void hand_over(struct twilio *t, guint64 ticket, const char *url)
{
	gboolean own = hg_same_origin(url, t->conf->base_url);
	g_autoptr(GUri) base = g_uri_parse(t->conf->base_url, G_URI_FLAGS_NONE, NULL);
	const char *hosts[] = { STORAGE, base ? g_uri_get_host(base) : NULL, NULL };
	g_autofree char *auth = own ? twilio_api_auth(t->conf) : NULL;
	const char *headers[] = { auth, NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .url = url, .headers = headers,
				    .timeout_ms = FETCH_MS, .max_reply = 64 << 20, .hosts = hosts };

	if (!own && !is_storage(url)) {
		give_up(t, ticket, HG_ERR_GONE, "the file lies at a place that is not the provider's");
		return;
	}
	get.stranger = !own;
	if (own)
		get.hosts = NULL;
	t->host->fetched(t->ch, ticket, &get, NULL);
}

static void hand_over_listed(struct fetching *f, struct json_object *root)
{
	struct json_object *list = hg_json_arr(root, "media_list");
	const char *uri = list ? hg_json_str(json_object_array_get_idx(list, f->index), "uri") : NULL;
	g_autofree char *path = g_strdup(uri ? uri : ""), *url = NULL;

	if (g_str_has_suffix(path, ".json"))
		path[strlen(path) - strlen(".json")] = '\0';
	url = twilio_api_named(f->t->conf, path);
	if (url)
		hand_over(f->t, f->ticket, url);
	else
		give_up(f->t, f->ticket, HG_ERR_GONE, "the provider no longer has this file");
}

static void listed(void *arg, const struct hg_http_answer *answer)
{
	struct fetching *f = arg;
	g_autoptr(json_object) root = answer->len ? hg_json_parse(answer->body, answer->len, NULL, NULL) : NULL;

	if (answer->status == 200 && root)
		hand_over_listed(f, root);
	else if (answer->status == 404)
		give_up(f->t, f->ticket, HG_ERR_GONE, "the provider no longer has this message");
	else
		give_up(f->t, f->ticket, HG_ERR_BUSY, "the provider did not say where the file is (HTTP %d)", answer->status);
	g_free(f);
}

static gboolean read_listed(const char *ref, char **ret_sid, guint *ret_index)
{
	const char *slash = strchr(ref, '/');
	gsize len = slash ? (gsize)(slash - ref) : 0;
	guint64 index;

	if (!len || strspn(ref, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-") != len ||
	    !g_ascii_string_to_unsigned(slash + 1, 10, 0, TWILIO_MEDIA_COUNT, &index, NULL))
		return FALSE;
	*ret_sid = g_strndup(ref, len);
	*ret_index = (guint)index;
	return TRUE;
}

static void ask_list(struct twilio *t, guint64 ticket, const char *ref)
{
	g_autofree char *sid = NULL, *path = NULL, *url = NULL, *auth = twilio_api_auth(t->conf);
	const char *headers[] = { auth, "Accept: application/json", NULL };
	struct hg_http_call get = { .size = sizeof(get), .method = "GET", .headers = headers, .timeout_ms = t->conf->timeout };
	struct fetching *f;
	guint index = 0;

	if (!read_listed(ref, &sid, &index)) {
		give_up(t, ticket, HG_ERR_GONE, "this is no reference to a file of the provider");
		return;
	}
	f = g_new0(struct fetching, 1);
	*f = (struct fetching){ .t = t, .ticket = ticket, .index = index };
	path = g_strdup_printf("/Messages/%s/Media.json", sid);
	url = twilio_api_url(t->conf, path);
	get.url = url;
	t->host->http(t->ch, &get, listed, f);
}

void twilio_fetch(void *state, uint64_t ticket, const char *ref)
{
	if (g_str_has_prefix(ref, LISTED))
		ask_list(state, ticket, ref + strlen(LISTED));
	else
		hand_over(state, ticket, ref);
}
