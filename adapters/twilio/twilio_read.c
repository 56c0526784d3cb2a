/* twilio_read.c - what Twilio sends, as messages and receipts
 *
 * Sources: Twilio, "Twilio's request to your incoming message Webhook URL", "Outbound message status callbacks". */
#include "twilio_read.h"

#include <string.h>
#include <time.h>

#include "json.h"
#include "number.h"
#include "proof.h"
#include "text.h"
#include "twilio_errors.h"

#define BSUID_MAX 140			/* characters of a business-scoped user id */

static char *fmt(hg_arena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3);

static char *fmt(hg_arena *arena, const char *format, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, format);
	text = g_strdup_vprintf(format, args);
	va_end(args);
	return hg_arena_str(arena, text);
}

static gboolean is_set(const char *text)
{
	return text && *text;
}

/* ---- addresses ---- */

/* "GB.1349..." (also "US.ENT.1349..."): two letters, a dot, and no blank in what follows. */
static gboolean is_bsuid(const char *text)
{
	return g_ascii_isupper(text[0]) && g_ascii_isupper(text[1]) && text[2] == '.' && text[3] &&
	       strlen(text) <= BSUID_MAX &&
	       !text[strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")];
}

const char *twilio_address(const struct twilio_conf *conf, const char *text, gboolean ours, hg_arena *arena)
{
	gboolean whatsapp;
	struct hg_number number;

	if (!is_set(text))
		return NULL;
	whatsapp = twilio_is_whatsapp(text);
	if (whatsapp && is_bsuid(text + strlen(TWILIO_WHATSAPP)))
		return fmt(arena, TWILIO_WHATSAPP "%s", text + strlen(TWILIO_WHATSAPP));
	if (!hg_number_parse(text + (whatsapp ? strlen(TWILIO_WHATSAPP) : 0), conf->country, FALSE, &number))
		return NULL;
	/* A number of ours is two: what came by WhatsApp is answered there. */
	if (ours && whatsapp && number.kind == HG_NUMBER_E164)
		return fmt(arena, TWILIO_WHATSAPP "%s", number.uri + strlen("tel:"));
	return hg_arena_str(arena, number.uri);
}

static void add_address(struct hg_address *list, gsize *n, const char *uri)
{
	for (gsize i = 0; uri && i < *n; i++)
		if (!strcmp(list[i].uri, uri))
			return;
	if (uri)
		list[(*n)++] = (struct hg_address){ uri, HG_PROVEN };
}

/* From, and what else is known of the same WhatsApp account: WaId, ExternalUserId. */
static void set_people(const struct twilio_conf *conf, const hg_params *params, hg_arena *arena, struct hg_in *in)
{
	struct hg_address *list = hg_arena_alloc(arena, 4 * sizeof(*list));
	const char *user = hg_params_get(params, "ExternalUserId"), *digits = hg_params_get(params, "WaId");
	const char *from = twilio_address(conf, hg_params_get(params, "From"), FALSE, arena);
	g_autofree char *twin = from ? hg_number_twin(from) : NULL;
	gsize n = 0;

	add_address(list, &n, from);
	add_address(list, &n, hg_arena_str(arena, twin));
	if (is_set(digits) && strspn(digits, "0123456789") == strlen(digits))
		add_address(list, &n, twilio_address(conf, fmt(arena, "whatsapp:+%.20s", digits), FALSE, arena));
	if (is_set(user) && is_bsuid(user))
		add_address(list, &n, fmt(arena, TWILIO_WHATSAPP "%s", user));
	in->from = list;
	in->n_from = n;
}

/* ---- files ---- */

static int kind_of(const char *type)
{
	if (!type)
		return HG_FILE;
	if (g_str_has_prefix(type, "image/"))
		return HG_IMAGE;
	if (g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}

static gsize count_of(const char *text)
{
	guint64 n = 0;

	if (!text || !g_ascii_string_to_unsigned(text, 10, 0, TWILIO_MEDIA_COUNT, &n, NULL))
		return 0;
	return (gsize)n;
}

static void set_files(const hg_params *params, hg_arena *arena, struct hg_in *in)
{
	gsize n = count_of(hg_params_get(params, "NumMedia"));
	struct hg_file *files = n ? hg_arena_alloc(arena, n * sizeof(*files)) : NULL;

	for (gsize i = 0; i < n; i++) {
		const char *url = hg_params_get(params, fmt(arena, "MediaUrl%zu", i));
		const char *type = hg_params_get(params, fmt(arena, "MediaContentType%zu", i));

		if (is_set(url))
			files[in->n_files++] = (struct hg_file){
				.size = sizeof(*files), .kind = kind_of(type), .type = hg_arena_str(arena, type),
				.bytes = -1, .ref = hg_arena_str(arena, url),
			};
	}
	in->files = files;
	in->file_size = sizeof(*files);
	if (in->n_files)
		in->kind = files[0].kind;
}

/* ---- what text cannot hold ---- */

static void put_param(GString *out, const hg_params *params, const char *name, const char *key)
{
	hg_json_opt_str(out, key, hg_params_get(params, name));
}

struct named { const char *name, *key; };

/* The parameters of a table as one object under key, when any of them is there. */
static void put_group(GString *out, const hg_params *params, const char *key, const struct named *table)
{
	gboolean any = FALSE;

	for (const struct named *t = table; t->name; t++)
		any |= is_set(hg_params_get(params, t->name));
	if (!any)
		return;
	hg_json_key(out, key);
	hg_json_open(out, '{');
	for (const struct named *t = table; t->name; t++)
		put_param(out, params, t->name, t->key);
	hg_json_close(out, '}');
}

static const char *payload_of(const hg_params *params, hg_arena *arena)
{
	static const struct named button[] = { { "ButtonText", "text" }, { "ButtonPayload", "payload" }, { 0 } };
	static const struct named list[] = { { "ListTitle", "title" }, { "ListId", "id" }, { 0 } };
	static const struct named location[] = { { "Latitude", "latitude" }, { "Longitude", "longitude" },
						 { "Label", "name" }, { "Address", "address" }, { 0 } };
	static const struct named referral[] = { { "ReferralSourceType", "source_type" }, { "ReferralSourceId", "source_id" },
						 { "ReferralSourceUrl", "source_url" }, { "ReferralHeadline", "headline" },
						 { "ReferralBody", "body" }, { "ReferralMediaUrl", "media_url" },
						 { "ReferralMediaContentType", "media_type" },
						 { "ReferralCtwaClid", "ctwa_clid" }, { 0 } };
	static const struct named place[] = { { "FromCity", "city" }, { "FromState", "state" }, { "FromZip", "zip" },
					      { "FromCountry", "country" }, { 0 } };
	g_autoptr(GString) out = g_string_new(NULL);

	hg_json_open(out, '{');
	put_group(out, params, "button", button);
	put_group(out, params, "list", list);
	put_group(out, params, "location", location);
	put_group(out, params, "referral", referral);
	put_group(out, params, "place", place);
	hg_json_close(out, '}');
	return strcmp(out->str, "{}") ? hg_arena_str(arena, out->str) : NULL;
}

/* ---- messages ---- */

static const char *or_else(const char *text, const char *other)
{
	return is_set(text) ? text : other;
}

static void set_location(const hg_params *params, hg_arena *arena, struct hg_in *in)
{
	const char *x = hg_params_get(params, "Latitude"), *y = hg_params_get(params, "Longitude");
	const char *name = or_else(hg_params_get(params, "Label"), hg_params_get(params, "Address"));

	if (!is_set(x) || !is_set(y) || in->n_files)
		return;
	in->kind = HG_LOCATION;
	if (!is_set(in->text))
		in->text = is_set(name) ? fmt(arena, "%s (%s, %s)", name, x, y) : fmt(arena, "%s, %s", x, y);
}

static void set_content(const hg_params *params, hg_arena *arena, struct hg_in *in)
{
	const char *title = or_else(hg_params_get(params, "ButtonText"), hg_params_get(params, "ListTitle"));
	const char *type = hg_params_get(params, "MessageType");

	in->kind = HG_TEXT;
	in->text = hg_arena_str(arena, or_else(hg_params_get(params, "Body"), ""));
	set_files(params, arena, in);
	set_location(params, arena, in);
	if (is_set(title)) {
		in->kind = HG_BUTTON;
		in->text = is_set(in->text) ? in->text : hg_arena_str(arena, title);
	} else if (in->n_files && type && !strcmp(type, "sticker"))
		in->kind = HG_STICKER;
	in->payload = payload_of(params, arena);
}

static gboolean says_true(const hg_params *params, const char *name)
{
	return !g_strcmp0(hg_params_get(params, name), "true");
}

/* STOP, START or HELP that the provider has read and answered: in words of its customer's choice. */
static void set_consent(const hg_params *params, struct hg_in *in)
{
	static const char *const words[] = { "stop", "start", "help" };
	const char *type = hg_params_get(params, "OptOutType");

	for (gsize i = 0; type && i < G_N_ELEMENTS(words); i++)
		if (!g_ascii_strcasecmp(type, words[i])) {
			in->kind = HG_CONSENT;
			in->reply_text = in->text;
			in->text = words[i];
			in->answered = true;
			in->n_files = 0;
			in->payload = NULL;
		}
}

static void read_message(const struct twilio_conf *conf, const hg_params *params, const char *id, hg_arena *arena,
			 struct hg_in *in)
{
	const char *ref = hg_params_get(params, "OriginalRepliedMessageSid"), **refs;
	const char *to = hg_params_get(params, "To");

	in->id = hg_arena_str(arena, id);
	in->to = twilio_address(conf, to, TRUE, arena);
	in->name = hg_arena_str(arena, hg_params_get(params, "ProfileName"));
	in->forwarded = says_true(params, "Forwarded") || says_true(params, "FrequentlyForwarded");
	if (is_set(ref)) {
		refs = hg_arena_alloc(arena, 2 * sizeof(*refs));
		refs[0] = hg_arena_str(arena, ref);
		in->refs = refs;
	}
	set_people(conf, params, arena, in);
	set_content(params, arena, in);
	/* Twilio answers the carriers' words itself on its numbers, and does not on WhatsApp. */
	in->answered = !strcmp(conf->opt_out, "provider") && in->to && !twilio_is_whatsapp(in->to);
	set_consent(params, in);
}

/* ---- receipts ---- */

static const struct { const char *word; int state; } states[] = {
	/* With our key in it, the first word already tells that the message was taken. */
	{ "accepted", HG_R_SENT },	{ "scheduled", HG_R_SENT },    { "queued", HG_R_SENT },
	{ "sending", HG_R_SENT },	{ "sent", HG_R_SENT },	       { "delivered", HG_R_DELIVERED },
	{ "partially_delivered", HG_R_DELIVERED },		       { "read", HG_R_READ },
	{ "undelivered", HG_R_FAILED }, { "failed", HG_R_FAILED },     { "canceled", HG_R_FAILED },
	{ NULL, 0 },
};

static int state_of(const char *word)
{
	for (gsize i = 0; word && states[i].word; i++)
		if (!strcmp(states[i].word, word))
			return states[i].state;
	return 0;
}

/* RawDlrDoneDate: YYMMDDhhmm, UTC. */
static gint64 done_ms(const char *text, gint64 now_ms)
{
	struct tm tm = { 0 };
	const char *end = text && strlen(text) == 10 ? strptime(text, "%y%m%d%H%M", &tm) : NULL;
	gint64 ms = end && !*end ? (gint64)timegm(&tm) * 1000 : 0;

	return ms > 0 && ms <= now_ms ? ms : now_ms;
}

void twilio_consent(const char *customer, const char *ours, int code, const char *note, hg_arena *arena, struct hg_in *ret)
{
	struct hg_address *from = hg_arena_alloc(arena, sizeof(*from));

	*from = (struct hg_address){ customer, HG_PROVEN };
	*ret = (struct hg_in){ .size = sizeof(*ret), .kind = HG_CONSENT, .text = "stop", .from = from, .n_from = 1,
			       .to = ours, .code = code, .note = note, .file_size = sizeof(struct hg_file) };
	ret->dedupe = fmt(arena, "consent:%s:%s:%d", customer, ours ? ours : "", code);
}

static void set_failure(const struct twilio_conf *conf, const hg_params *params, hg_arena *arena, struct twilio_found *ret)
{
	const char *code = hg_params_get(params, "ErrorCode"), *words = hg_params_get(params, "ErrorMessage");
	struct hg_receipt *receipt = &ret->receipt;
	const struct hg_verdict *row;
	const char *channel = hg_params_get(params, "ChannelStatusMessage");
	guint64 number = 0;

	if (code && g_ascii_string_to_unsigned(code, 10, 0, G_MAXINT32, &number, NULL))
		receipt->code = (int)number;
	receipt->text = hg_arena_str(arena, or_else(words, or_else(channel, hg_params_get(params, "MessageStatus"))));
	row = hg_verdict_find(twilio_errors, receipt->code);
	if (!row)
		return;
	receipt->reach = row->reach;
	receipt->advice = row->advice;
	if (row->consent && receipt->to) {
		twilio_consent(receipt->to, twilio_address(conf, hg_params_get(params, "From"), TRUE, arena), row->code,
			       receipt->text, arena, &ret->in[0]);
		ret->in[0].dedupe = fmt(arena, "consent:%s", receipt->id);
		ret->n_in = 1;
	}
}

static void read_status(const struct twilio_conf *conf, const hg_params *params, const hg_params *query, const char *id,
			int state, gint64 now_ms, hg_arena *arena, struct twilio_found *ret)
{
	struct hg_receipt *receipt = &ret->receipt;

	*receipt = (struct hg_receipt){ .size = sizeof(*receipt), .state = state };
	receipt->id = hg_arena_str(arena, id);
	receipt->key = hg_arena_str(arena, hg_params_get(query, "key"));
	receipt->to = twilio_address(conf, hg_params_get(params, "To"), FALSE, arena);
	receipt->at_ms = done_ms(hg_params_get(params, "RawDlrDoneDate"), now_ms);
	ret->n_receipts = 1;
	if (state == HG_R_FAILED)
		set_failure(conf, params, arena, ret);
}

/* ---- which of the two ---- */

static void set_unsupported(const void *body, gsize len, const char *note, hg_arena *arena, struct hg_in *in)
{
	g_autoptr(GBytes) hash = hg_digest(HG_SHA256, body, len);
	g_autofree char *hex = hg_hex(g_bytes_get_data(hash, NULL), g_bytes_get_size(hash));

	in->kind = in->n_from ? HG_UNSUPPORTED : HG_IGNORED;
	in->note = note;
	in->dedupe = in->id ? NULL : hg_arena_str(arena, hex);
	in->raw = hg_arena_mem(arena, body, len);
	in->raw_len = len;
	in->text = "";
}

void twilio_read_hook(const struct twilio_conf *conf, const hg_params *params, const hg_params *query, const void *body,
		      gsize len, gint64 now_ms, hg_arena *arena, struct twilio_found *ret)
{
	const char *id = or_else(hg_params_get(params, "MessageSid"), hg_params_get(params, "SmsSid"));
	const char *status = or_else(hg_params_get(params, "MessageStatus"), hg_params_get(params, "SmsStatus"));
	int state = state_of(status);
	struct hg_in *in = &ret->in[0];

	*ret = (struct twilio_found){ .n_in = 0 };
	if (is_set(id) && state) {
		read_status(conf, params, query, id, state, now_ms, arena, ret);
		return;
	}
	*in = (struct hg_in){ .size = sizeof(*in), .file_size = sizeof(struct hg_file), .text = "" };
	ret->n_in = 1;
	ret->message = TRUE;
	if (is_set(id) && (!is_set(status) || !strcmp(status, "received") || !strcmp(status, "receiving")))
		read_message(conf, params, id, arena, in);
	if (!in->id)
		set_unsupported(body, len, "no message and no status that is known", arena, in);
	else if (!in->n_from)
		set_unsupported(body, len, "a message without a sender that is known", arena, in);
}

/* ---- listed messages ---- */

gint64 twilio_time(const char *text)
{
	struct tm tm = { 0 };
	const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S", &tm) : NULL;

	return end && !strcmp(end, " +0000") ? (gint64)timegm(&tm) * 1000 : 0;
}

static gboolean is_ours(const struct twilio_conf *conf, struct json_object *message, const char *to)
{
	const char *service = hg_json_str(message, "messaging_service_sid");

	if (is_set(conf->messaging_service) && service && !strcmp(service, conf->messaging_service))
		return TRUE;
	for (char **from = conf->from; to && from && *from; from++) {
		g_autoptr(hg_arena) arena = hg_arena_new();

		if (!g_strcmp0(twilio_address(conf, *from, TRUE, arena), to))
			return TRUE;
	}
	return FALSE;
}

/* num_media is a string there; some clones say it as a number. */
static gsize listed_files(struct json_object *message)
{
	const char *text = hg_json_str(message, "num_media");

	return text ? count_of(text) : (gsize)CLAMP(hg_json_int(message, "num_media", 0), 0, TWILIO_MEDIA_COUNT);
}

static void set_listed_files(struct json_object *message, hg_arena *arena, struct hg_in *in)
{
	gsize n = listed_files(message);
	struct hg_file *files = n ? hg_arena_alloc(arena, n * sizeof(*files)) : NULL;

	/* Their types are told by another call: fetch() makes it. */
	for (gsize i = 0; i < n; i++)
		files[i] = (struct hg_file){ .size = sizeof(*files), .kind = HG_FILE, .bytes = -1,
					     .ref = fmt(arena, "list:%s/%zu", in->id, i) };
	in->files = files;
	in->n_files = n;
	in->file_size = sizeof(*files);
	in->kind = n ? HG_FILE : HG_TEXT;
}

gboolean twilio_read_listed(const struct twilio_conf *conf, struct json_object *message, gint64 since_ms, hg_arena *arena,
			    struct hg_in *ret, gint64 *ret_ms)
{
	const char *direction = hg_json_str(message, "direction"), *id = hg_json_str(message, "sid");
	const char *from = twilio_address(conf, hg_json_str(message, "from"), FALSE, arena);
	const char *to = twilio_address(conf, hg_json_str(message, "to"), TRUE, arena);
	struct hg_address *people;

	*ret_ms = twilio_time(or_else(hg_json_str(message, "date_sent"), hg_json_str(message, "date_created")));
	if (!is_set(id) || !direction || strcmp(direction, "inbound") || !from || *ret_ms < since_ms ||
	    !is_ours(conf, message, to))
		return FALSE;
	people = hg_arena_alloc(arena, sizeof(*people));
	*people = (struct hg_address){ from, HG_PROVEN };
	*ret = (struct hg_in){ .size = sizeof(*ret), .id = hg_arena_str(arena, id), .from = people, .n_from = 1, .to = to,
			       .sent_ms = *ret_ms };
	ret->text = hg_arena_str(arena, or_else(hg_json_str(message, "body"), ""));
	ret->answered = !strcmp(conf->opt_out, "provider") && !twilio_is_whatsapp(to ? to : "");
	set_listed_files(message, arena, ret);
	return TRUE;
}
