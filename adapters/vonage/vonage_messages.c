/* vonage_messages.c - webhooks of the Messages API: messages and statuses of all its channels
 *
 * Source: Vonage, Messages API v1, webhooks "Inbound Message" and "Message Status" of each channel. */
#include <string.h>

#include "json.h"
#include "vonage_codes.h"
#include "vonage_read.h"

struct item {			/* one message on its way */
	struct vonage *v;
	struct hg_gather *gather;
	struct json_object *root;
	const char *channel;
	struct hg_in in;
};

static gboolean is_numbers(const char *channel)
{
	return !channel || strcmp(channel, "sms") == 0 || strcmp(channel, "mms") == 0;
}

/* "viber" where the API says "viber_service": what the address is in, not how it is billed. */
static const char *scheme_of(const char *channel)
{
	return strcmp(channel, "viber_service") == 0 ? "viber" : channel;
}

const char *vonage_our_address(struct hg_gather *gather, const char *channel, const char *said, const char *country)
{
	const char *uri;

	if (is_numbers(channel) || !said)
		return hg_gather_number(gather, said, country);
	uri = hg_gather_number(gather, said, NULL);
	return uri && g_str_has_prefix(uri, "tel:") ? hg_gather_fmt(gather, "%s:%s", scheme_of(channel), uri + 4)
						    : hg_gather_fmt(gather, "%s:%s", scheme_of(channel), said);
}

/* ---- who ---- */

static gboolean read_sender(struct item *it)
{
	const char *from = hg_json_word(it->root, "from");
	const char *user = hg_json_word(hg_json_obj(hg_json_obj(it->root, "whatsapp"), "sender"), "user_id");
	const char *uri = hg_gather_number(it->gather, from, is_numbers(it->channel) ? it->v->conf->country : NULL);
	gboolean number = uri && !g_str_has_prefix(uri, "raw:") && !g_str_has_prefix(uri, "name:");

	if (number || is_numbers(it->channel))
		hg_gather_from(it->gather, &it->in, from, "vonage", it->v->conf->country);
	else if (from && (!user || strcmp(user, from) != 0))
		hg_gather_also_from(it->gather, &it->in, hg_gather_fmt(it->gather, "%s:%s", scheme_of(it->channel), from), FALSE);
	if (user)	/* the person's id within the business: stays when the number is withheld */
		hg_gather_also_from(it->gather, &it->in, hg_gather_fmt(it->gather, "whatsapp:%s", user), FALSE);
	return it->in.n_from > 0;
}

static void read_profile(struct item *it)
{
	struct json_object *profile = hg_json_obj(it->root, "profile");

	it->in.name = hg_gather_str(it->gather, hg_json_word(profile, "name"));
	it->in.username = hg_gather_str(it->gather, hg_json_word(profile, "username"));
}

static const char *context_of(struct item *it)
{
	return hg_gather_str(it->gather, hg_json_word(hg_json_obj(it->root, "context"), "message_uuid"));
}

static void read_context(struct item *it)
{
	const char *id = context_of(it);
	const char **refs;

	if (!id)
		return;
	refs = hg_arena_alloc(it->gather->arena, 2 * sizeof(*refs));
	refs[0] = id;
	it->in.refs = refs;
}

/* ---- what ---- */

static void put_payload(struct item *it, const char *name, struct json_object *value)
{
	g_autoptr(json_object) payload = json_object_new_object();

	json_object_object_add(payload, name, json_object_get(value));
	it->in.payload = hg_gather_json(it->gather, payload);
}

static const char *say(struct item *it, const char *text)
{
	it->in.text = text ? hg_gather_str(it->gather, text) : "";
	return NULL;
}

static const char *read_text(struct item *it, struct json_object *value)
{
	return json_object_is_type(value, json_type_string) ? say(it, json_object_get_string(value)) : "text is no string";
}

static const struct { const char *type; int kind; const char *media; } file_types[] = {
	{ "image", HG_IMAGE, NULL }, { "audio", HG_AUDIO, NULL }, { "video", HG_VIDEO, NULL }, { "file", HG_FILE, NULL },
	{ "vcard", HG_FILE, "text/vcard" }, { "sticker", HG_STICKER, NULL },
};

static gboolean fill_file(struct item *it, const char *type, struct json_object *value, struct hg_file *ret)
{
	const char *url = hg_json_word(value, "url");

	for (gsize i = 0; i < G_N_ELEMENTS(file_types); i++)
		if (url && strcmp(type, file_types[i].type) == 0) {
			*ret = (struct hg_file){
				.size = sizeof(*ret), .kind = file_types[i].kind, .type = file_types[i].media, .bytes = -1,
				.ref = hg_gather_str(it->gather, url),
				.name = hg_gather_str(it->gather, hg_json_word(value, "name")),
			};
			return TRUE;
		}
	return FALSE;
}

static const char *read_file(struct item *it, const char *type, struct json_object *value)
{
	struct hg_file *file = hg_arena_alloc(it->gather->arena, sizeof(*file));

	if (!fill_file(it, type, value, file))
		return "a file without a URL";
	it->in.kind = file->kind;
	it->in.files = file;
	it->in.n_files = 1;
	return say(it, hg_json_word(value, "caption"));
}

/* MMS with several parts: files, and texts which are put below each other. */
static const char *read_content(struct item *it, struct json_object *list)
{
	gsize n = json_object_is_type(list, json_type_array) ? json_object_array_length(list) : 0;
	struct hg_file *files = hg_arena_alloc(it->gather->arena, (n + 1) * sizeof(*files));
	g_autoptr(GString) text = g_string_new(hg_json_word(it->root, "text"));

	for (gsize i = 0; i < n; i++) {
		struct json_object *part = json_object_array_get_idx(list, i);
		const char *type = hg_json_word(part, "type"), *words = hg_json_word(part, "text");

		if (!words)
			words = hg_json_word(part, "caption");
		if (words)
			g_string_append_printf(text, "%s%s", text->len ? "\n" : "", words);
		if (type && fill_file(it, type, part, &files[it->in.n_files]))
			it->in.n_files++;
	}
	if (!it->in.n_files && !text->len)
		return "content with nothing in it";
	it->in.kind = it->in.n_files ? files[0].kind : HG_TEXT;
	it->in.files = files;
	return say(it, text->str);
}

static const char *read_location(struct item *it, struct json_object *value)
{
	const char *lat = hg_json_word(value, "lat"), *lon = hg_json_word(value, "long");
	const char *name = hg_json_word(value, "name"), *address = hg_json_word(value, "address");

	if (!lat || !lon)
		return "a location without lat or long";
	it->in.kind = HG_LOCATION;
	put_payload(it, "location", value);
	return say(it, hg_gather_fmt(it->gather, "%s%s%s%s%s, %s", name ? name : "", name && address ? ", " : "",
				     address ? address : "", name || address ? "\n" : "", lat, lon));
}

static const char *read_choice(struct item *it, const char *type, struct json_object *value)
{
	const char *text = hg_json_word(value, "title");

	if (!json_object_is_type(value, json_type_object))
		return "an answer that is no object";
	it->in.kind = HG_BUTTON;
	put_payload(it, type, value);
	return say(it, text ? text : hg_json_word(value, "text"));
}

static const char *read_reaction(struct item *it, struct json_object *value)
{
	const char *action = hg_json_word(value, "action"), *emoji = hg_json_word(value, "emoji");

	it->in.target = context_of(it);
	it->in.refs = NULL;
	if (!action || !it->in.target)
		return "a reaction to nothing";
	it->in.kind = HG_REACTION;
	return say(it, strcmp(action, "react") == 0 ? emoji : "");
}

static const char *read_object(struct item *it, int kind, const char *type, struct json_object *value, const char *words)
{
	if (!json_object_is_type(value, json_type_object) && !json_object_is_type(value, json_type_array))
		return "not what its type says";
	it->in.kind = kind;
	put_payload(it, type, value);
	return say(it, words);
}

/* NULL, or why it cannot be read. */
static const char *read_what(struct item *it, const char *type)
{
	struct json_object *value = NULL;

	if (!type || !json_object_object_get_ex(it->root, type, &value) || !value)
		return type ? hg_gather_fmt(it->gather, "message_type %.40s", type) : "a message without message_type";
	if (strcmp(type, "text") == 0)
		return read_text(it, value);
	if (strcmp(type, "content") == 0)
		return read_content(it, value);
	if (strcmp(type, "location") == 0)
		return read_location(it, value);
	if (strcmp(type, "reply") == 0 || strcmp(type, "button") == 0)
		return read_choice(it, type, value);
	if (strcmp(type, "reaction") == 0)
		return read_reaction(it, value);
	if (strcmp(type, "order") == 0)
		return read_object(it, HG_ORDER, type, value, hg_json_word(value, "text"));
	if (strcmp(type, "contact") == 0)
		return read_object(it, HG_CONTACTS, type, value, "Contact");
	return hg_json_word(value, "url") ? read_file(it, type, value)
					  : hg_gather_fmt(it->gather, "message_type %.40s", type);
}

static void be_unsupported(struct item *it, const char *why)
{
	it->in.kind = HG_UNSUPPORTED;
	it->in.text = "";
	it->in.n_files = 0;
	it->in.target = NULL;
	it->in.note = why;
	it->in.raw = hg_gather_json(it->gather, it->root);
	it->in.raw_len = strlen(it->in.raw);
	it->v->host->count(it->v->ch, "unsupported");
}

static void read_message(struct vonage *v, struct hg_gather *gather, struct json_object *root, const void *raw, gsize len)
{
	const char *channel = hg_json_word(root, "channel"), *why;
	struct item it = { .v = v, .gather = gather, .root = root, .channel = channel ? channel : "sms" };

	it.in = (struct hg_in){ .size = sizeof(it.in), .kind = HG_TEXT, .text = "", .file_size = sizeof(struct hg_file) };
	it.in.id = hg_gather_str(gather, hg_json_word(root, "message_uuid"));
	if (!it.in.id || !read_sender(&it)) {
		hg_gather_unread(gather, raw, len, "a message without message_uuid or from");
		return;
	}
	it.in.to = vonage_our_address(gather, it.channel, hg_json_word(root, "to"), v->conf->country);
	it.in.sent_ms = hg_time_of(hg_json_word(root, "timestamp"));
	read_profile(&it);
	read_context(&it);
	why = read_what(&it, hg_json_word(root, "message_type"));
	if (why)
		be_unsupported(&it, why);
	g_array_append_val(gather->in, it.in);
}

/* ---- statuses ---- */

static int state_of(const char *status)
{
	static const struct { const char *word; int state; } states[] = {
		{ "submitted", HG_R_SENT }, { "delivered", HG_R_DELIVERED }, { "read", HG_R_READ },
		{ "rejected", HG_R_FAILED }, { "undeliverable", HG_R_FAILED },
	};

	for (gsize i = 0; i < G_N_ELEMENTS(states); i++)
		if (strcmp(states[i].word, status) == 0)
			return states[i].state;
	return 0;
}

static const char *detail_of(struct hg_gather *gather, struct json_object *root)
{
	static const char *const names[] = { "channel", "error", "usage", "destination", "sms", "whatsapp" };
	g_autoptr(json_object) detail = json_object_new_object();
	struct json_object *value = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (json_object_object_get_ex(root, names[i], &value))
			json_object_object_add(detail, names[i], json_object_get(value));
	return hg_gather_json(gather, detail);
}

static void say_why(struct vonage *v, struct hg_gather *gather, struct hg_receipt *receipt, struct json_object *root)
{
	struct json_object *error = hg_json_obj(root, "error");
	int code = vonage_error_code(error);
	const struct hg_verdict *row = hg_verdict_find(vonage_messages_errors, code);
	const char *words = hg_json_word(error, "detail");

	receipt->code = code;
	receipt->text = words ? hg_gather_fmt(gather, "%.300s", words) : hg_gather_str(gather, hg_json_word(root, "status"));
	receipt->advice = row ? row->advice : "The message did not arrive: send it again later, or use another channel.";
	receipt->reach = row ? row->reach : HG_REACH_MESSAGE;
	if (row && row->consent)
		hg_gather_stopped(gather, receipt->to,
				    vonage_our_address(gather, hg_json_word(root, "channel"), hg_json_word(root, "from"),
						       v->conf->country),
				    receipt->id, code, receipt->text);
}

static void read_status(struct vonage *v, struct hg_gather *gather, struct json_object *root, const void *raw, gsize len)
{
	int state = state_of(hg_json_word(root, "status"));
	struct hg_receipt *receipt;

	if (!state) {
		hg_gather_ignored(gather, raw, len, "a status that says nothing");
		return;
	}
	receipt = hg_gather_receipt(gather, state);
	receipt->id = hg_gather_str(gather, hg_json_word(root, "message_uuid"));
	receipt->key = hg_gather_str(gather, hg_json_word(root, "client_ref"));
	receipt->to = hg_gather_number(gather, hg_json_word(root, "to"), v->conf->country);
	receipt->at_ms = hg_time_of(hg_json_word(root, "timestamp"));
	receipt->detail = detail_of(gather, root);
	if (state == HG_R_FAILED)
		say_why(v, gather, receipt, root);
}

void vonage_read_messages(struct vonage *v, struct hg_gather *gather, struct json_object *root, const void *raw, gsize len)
{
	if (!json_object_is_type(root, json_type_object))
		hg_gather_unread(gather, raw, len, "a webhook that is no JSON object");
	else if (hg_json_word(root, "status") && hg_json_word(root, "message_uuid"))
		read_status(v, gather, root, raw, len);
	else
		read_message(v, gather, root, raw, len);
}
