/* say.c - what a message that goes out is made of, by name: the values of templates and conditions */
#include "description.h"
#include "say.h"

#include <string.h>

#include "json.h"
#include "text.h"

const char *const ht_say_names[] = {
	"kind", "to", "to.digits", "from", "from.digits", "text", "text.hex", "text.base64", "subject", "agent", "ref",
	"target", "coding", "units", "file.name", "file.type", "file.kind", "file.ref",
	"file.path",
	"key", "receipt_url", "token", "now", "now.ms", "now.iso", "value:", "secret:", NULL
};
const char *const ht_say_people[] = { "text", "subject", "agent", "file.name", "file.type", NULL };

/* "+447700900123" of "tel:+447700900123", "12345" of "short:12345", "991" of "telegram:991". */
static void put_address(GString *out, const char *uri, gboolean plus)
{
	const char *colon = uri ? strchr(uri, ':') : NULL;
	const char *text = colon ? colon + 1 : uri;

	if (text)
		g_string_append(out, !plus && *text == '+' ? text + 1 : text);
}

/* UTF-16BE as hexadecimal digits: what many take for text that is not in the GSM alphabet. */
static void put_hex(GString *out, const char *text)
{
	gsize n = 0;
	g_autofree char *utf16 = text ? g_convert(text, -1, "UTF-16BE", "UTF-8", NULL, &n, NULL) : NULL;

	for (gsize i = 0; utf16 && i < n; i++)
		g_string_append_printf(out, "%02X", (guint)(guchar)utf16[i]);
}

static const char *given(char *const *pairs, const char *name)
{
	for (; pairs && pairs[0] && pairs[1]; pairs += 2)
		if (strcmp(pairs[0], name) == 0)
			return pairs[1];
	return NULL;
}

/* FALSE: it is none of these. */
static gboolean put_made(const struct ht_say *say, const char *name, GString *out)
{
	const char *text = hg_json_str(say->part, "text");
	char now[HG_TIME_SIZE];

	if (strcmp(name, "to") == 0 || strcmp(name, "to.digits") == 0)
		put_address(out, hg_json_str(say->part, "to"), !name[2]);
	else if (strcmp(name, "from") == 0 || strcmp(name, "from.digits") == 0)
		put_address(out, hg_json_str(say->part, "from"), !name[4]);
	else if (strcmp(name, "text.hex") == 0)
		put_hex(out, text);
	else if (strcmp(name, "now") == 0)
		g_string_append_printf(out, "%" G_GINT64_FORMAT, say->now_ms / 1000);
	else if (strcmp(name, "now.ms") == 0)
		g_string_append_printf(out, "%" G_GINT64_FORMAT, say->now_ms);
	else if (strcmp(name, "now.iso") == 0)
		g_string_append(out, hg_time(say->now_ms, now));
	else if (strcmp(name, "text.base64") == 0) {
		g_autofree char *coded = hg_base64(text ? text : "", text ? strlen(text) : 0, FALSE);

		g_string_append(out, coded);
	} else
		return FALSE;
	return TRUE;
}

static const char *of_channel(const struct ht_say *say, const char *name)
{
	if (g_str_has_prefix(name, "secret:"))
		return given(say->conf->secrets, name + strlen("secret:"));
	if (g_str_has_prefix(name, "value:"))
		return given(say->conf->values, name + strlen("value:"));
	return strcmp(name, "token") == 0 ? say->token : NULL;
}

gboolean ht_say_value(void *ctx, const char *name, GString *out)
{
	const struct ht_say *say = ctx;
	const char *found = of_channel(say, name);
	struct json_object *member = NULL;

	if (!found && put_made(say, name, out))
		return TRUE;
	if (!found && g_str_has_prefix(name, "file."))
		found = hg_json_str(hg_json_obj(say->part, "file"), name + strlen("file."));
	else if (!found && json_object_object_get_ex(say->part, name, &member) && member)
		found = json_object_get_string(member);
	if (found)
		g_string_append(out, found);
	return found != NULL;
}

struct ht_voice ht_say_voice(struct ht_say *say)
{
	return (struct ht_voice){ .value = ht_say_value, .ctx = say, .scope = {
		.root = say->part, .now_ms = say->now_ms, .secrets = say->conf->secrets, .values = say->conf->values } };
}

gboolean ht_request_fits(const ht_request *request, struct ht_say *say)
{
	struct ht_voice voice = ht_say_voice(say);
	struct json_object *kind = NULL;
	gboolean said = !json_object_object_get_ex(say->part, "kind", &kind) ||
			strcmp(json_object_get_string(kind), "text") == 0;

	if (json_object_object_get_ex(say->part, "file", NULL) && !ht_request_takes_files(request))
		return FALSE;
	return (said || ht_request_takes_kinds(request)) && ht_when_fits(ht_request_when(request), &voice.scope);
}

const char *ht_say_make(const ht_request *request, struct ht_say *say, struct ht_made *ret)
{
	struct ht_voice voice = ht_say_voice(say);

	return ht_request_make(request, &voice, ret);
}
