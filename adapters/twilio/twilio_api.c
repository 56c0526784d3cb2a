/* twilio_api.c - URLs and credentials of the messaging API, and what its refusals mean */
#include "twilio_api.h"

#include <json-c/json.h>
#include <string.h>

#include "json.h"
#include "text.h"
#include "twilio_errors.h"

#define API_ROOT "/2010-04-01/Accounts/"

static char *root_of(const struct twilio_conf *conf)
{
	gsize len = strlen(conf->base_url);

	while (len && conf->base_url[len - 1] == '/')
		len--;
	return g_strndup(conf->base_url, len);
}

char *twilio_api_url(const struct twilio_conf *conf, const char *path)
{
	g_autofree char *root = root_of(conf);

	return g_strconcat(root, API_ROOT, conf->account_sid, path, NULL);
}

char *twilio_api_named(const struct twilio_conf *conf, const char *path)
{
	g_autofree char *root = root_of(conf);
	/* SignalWire's base has a path of its own, which its answers repeat. */
	const char *slashes = strstr(root, "://"), *own = slashes ? strchr(slashes + 3, '/') : NULL;
	g_autofree char *mine = g_strconcat(API_ROOT, conf->account_sid, "/", NULL);

	if (own && g_str_has_prefix(path, own))
		path += strlen(own);
	return g_str_has_prefix(path, mine) && !strpbrk(path, "\r\n\t #") ? g_strconcat(root, path, NULL) : NULL;
}

char *twilio_api_auth(const struct twilio_conf *conf)
{
	gboolean key = conf->api_key && *conf->api_key;
	g_autofree char *pair = g_strdup_printf("%s:%s", key ? conf->api_key : conf->account_sid,
						key ? conf->api_secret : conf->auth_token[0]);
	g_autofree char *base64 = hg_base64(pair, strlen(pair), FALSE);

	return g_strconcat("Authorization: Basic ", base64, NULL);
}

/* {"code":21610,"message":"...","more_info":"https://...","status":400}; SignalWire has the code as text now and then. */
static int code_of(struct json_object *root)
{
	const char *text = hg_json_str(root, "code");
	guint64 code = 0;

	if (text && g_ascii_string_to_unsigned(text, 10, 1, G_MAXINT32, &code, NULL))
		return (int)code;
	return (int)CLAMP(hg_json_int(root, "code", 0), 0, G_MAXINT32);
}

void twilio_api_verdict(const struct hg_http_answer *answer, struct json_object *root, struct hg_result *ret)
{
	const struct hg_verdict *row;
	gint64 wait = hg_verdict_after(answer);

	hg_verdict_http(answer, ret);
	ret->code = code_of(root);
	if (!ret->text)
		ret->text = hg_json_str(root, "message");
	row = hg_verdict_find(twilio_errors, ret->code);
	if (row && answer->status)
		hg_verdict_put(row, ret);
	/* It says how long; a row's time is a guess. */
	if (ret->fate == HG_RETRY && wait)
		ret->retry_ms = wait;
}
