/* gather.c - what a provider delivered, on its way to becoming a batch */
#include "gather.h"

#include <string.h>

#include "json.h"
#include "number.h"
#include "proof.h"
#include "text.h"

#define BATCH_MAX 500		/* items handed over at once; the host takes 1000 */

void hg_gather_init(struct hg_gather *gather, const struct hg_host *host, struct hg_channel *ch)
{
	*gather = (struct hg_gather){
		.host = host, .ch = ch, .arena = hg_arena_new(),
		.in = g_array_new(FALSE, TRUE, sizeof(struct hg_in)),
		.receipts = g_array_new(FALSE, TRUE, sizeof(struct hg_receipt)),
	};
}

void hg_gather_done(struct hg_gather *gather)
{
	g_array_unref(gather->in);
	g_array_unref(gather->receipts);
	hg_arena_free(gather->arena);
}

struct hg_in *hg_gather_in(struct hg_gather *gather, int kind)
{
	struct hg_in in = { .size = sizeof(in), .kind = kind, .text = "", .file_size = sizeof(struct hg_file) };

	g_array_append_val(gather->in, in);
	return &g_array_index(gather->in, struct hg_in, gather->in->len - 1);
}

struct hg_receipt *hg_gather_receipt(struct hg_gather *gather, int state)
{
	struct hg_receipt receipt = { .size = sizeof(receipt), .state = state };

	g_array_append_val(gather->receipts, receipt);
	return &g_array_index(gather->receipts, struct hg_receipt, gather->receipts->len - 1);
}

static void keep(struct hg_gather *gather, int kind, const void *bytes, gsize len, const char *note, const char *word)
{
	struct hg_in *in = hg_gather_in(gather, kind);

	in->raw = hg_arena_mem(gather->arena, bytes, len);
	in->raw_len = len;
	in->note = hg_gather_str(gather, note);
	in->dedupe = hg_gather_fmt(gather, "%s:%s", word, hg_gather_hash(gather, bytes, len));
	gather->host->count(gather->ch, word);
}

void hg_gather_unread(struct hg_gather *gather, const void *bytes, gsize len, const char *note)
{
	keep(gather, HG_UNSUPPORTED, bytes, len, note, "unsupported");
}

void hg_gather_ignored(struct hg_gather *gather, const void *bytes, gsize len, const char *note)
{
	keep(gather, HG_IGNORED, bytes, len, note, "ignored");
}

static gsize slice(const GArray *all, gsize from)
{
	return from >= all->len ? 0 : MIN(all->len - from, BATCH_MAX);
}

static void emit_from(struct hg_gather *gather, gsize from, const void *raw, gsize len, hg_ack_fn *ack)
{
	struct hg_batch batch = {
		.size = sizeof(batch), .in_size = sizeof(struct hg_in), .receipt_size = sizeof(struct hg_receipt),
		.n_in = slice(gather->in, from), .n_receipts = slice(gather->receipts, from),
	};

	if (batch.n_in)
		batch.in = &g_array_index(gather->in, struct hg_in, from);
	if (batch.n_receipts)
		batch.receipts = &g_array_index(gather->receipts, struct hg_receipt, from);
	if (!from) {		/* it is kept once */
		batch.raw = raw;
		batch.raw_len = len;
	}
	gather->host->emit(gather->ch, &batch, ack, NULL);
}

void hg_gather_emit(struct hg_gather *gather, const void *raw, gsize len, struct hg_http_rep *rep)
{
	gsize most = MAX(gather->in->len, gather->receipts->len);

	for (gsize from = 0; from < most; from += BATCH_MAX)
		emit_from(gather, from, raw, len, NULL);
	if (!most)
		rep->status = 200;
}

static void heard(void *arg, int stored)
{
	(void)arg;
	(void)stored;
}

void hg_gather_tell(struct hg_gather *gather)
{
	for (gsize from = 0; from < MAX(gather->in->len, gather->receipts->len); from += BATCH_MAX)
		emit_from(gather, from, NULL, 0, heard);
}

/* ---- texts ---- */

const char *hg_gather_str(struct hg_gather *gather, const char *text)
{
	return hg_arena_str(gather->arena, text);
}

const char *hg_gather_fmt(struct hg_gather *gather, const char *fmt, ...)
{
	g_autofree char *text = NULL;
	va_list args;

	va_start(args, fmt);
	text = g_strdup_vprintf(fmt, args);
	va_end(args);
	return hg_arena_str(gather->arena, text);
}

const char *hg_gather_json(struct hg_gather *gather, struct json_object *value)
{
	return hg_arena_str(gather->arena, json_object_to_json_string_ext(
		value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE));
}

const char *hg_gather_hash(struct hg_gather *gather, const void *bytes, gsize len)
{
	g_autoptr(GBytes) hash = hg_digest(HG_SHA256, bytes, len);
	g_autofree char *hex = hg_hex(g_bytes_get_data(hash, NULL), 16);

	return hg_arena_str(gather->arena, hex);
}

/* ---- addresses ---- */

const char *hg_gather_number(struct hg_gather *gather, const char *said, const char *country)
{
	struct hg_number number;

	if (!said || !hg_number_parse(said, country && *country ? country : NULL, TRUE, &number))
		return NULL;
	return hg_arena_str(gather->arena, number.uri);
}

void hg_gather_also_from(struct hg_gather *gather, struct hg_in *in, const char *uri, gboolean first)
{
	struct hg_address *from = hg_arena_alloc(gather->arena, (in->n_from + 1) * sizeof(*from));

	if (in->n_from)
		memcpy(from + first, in->from, in->n_from * sizeof(*from));
	from[first ? 0 : in->n_from] = (struct hg_address){ .uri = uri, .proof = HG_PROVEN };
	in->from = from;
	in->n_from++;
}

gboolean hg_gather_from(struct hg_gather *gather, struct hg_in *in, const char *said, const char *adapter,
			const char *country)
{
	const char *uri = hg_gather_number(gather, said, country), *colon = uri ? strchr(uri, ':') : NULL;

	if (!colon)
		return FALSE;
	hg_gather_also_from(gather, in, uri, FALSE);
	if (strcmp(said + (*said == '+'), colon + 1 + (colon[1] == '+')) != 0)
		hg_gather_also_from(gather, in, hg_gather_fmt(gather, "%s:%s", adapter, said), FALSE);
	return TRUE;
}

void hg_gather_stopped(struct hg_gather *gather, const char *customer, const char *ours, const char *id, int code,
		       const char *words)
{
	struct hg_in *in;

	if (!customer)
		return;
	in = hg_gather_in(gather, HG_CONSENT);
	in->text = "stop";
	in->to = ours;
	in->code = code;
	in->note = words;
	in->dedupe = hg_gather_fmt(gather, "stopped:%s:%s", id ? id : "", customer);
	in->answered = true;
	hg_gather_also_from(gather, in, customer, FALSE);
}

/* ---- what others wrote ---- */

const char *hg_json_word(struct json_object *obj, const char *key)
{
	struct json_object *value = NULL;
	const char *text;

	if (!json_object_is_type(obj, json_type_object) || !json_object_object_get_ex(obj, key, &value) ||
	    json_object_is_type(value, json_type_object) || json_object_is_type(value, json_type_array))
		return NULL;
	text = json_object_get_string(value);
	return text && *text ? text : NULL;
}

gint64 hg_number_of(const char *text, gint64 fallback)
{
	gsize digits = text ? strspn(text, "0123456789") : 0;

	return digits && !text[digits] && digits <= 18 ? g_ascii_strtoll(text, NULL, 10) : fallback;
}

gint64 hg_json_number(struct json_object *obj, const char *key, gint64 fallback)
{
	return hg_number_of(hg_json_word(obj, key), fallback);
}

gint64 hg_time_of(const char *text)
{
	g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
	g_autoptr(GDateTime) time = NULL;
	g_autofree char *iso = g_strdup(text);

	if (!iso || strlen(iso) < 19 || strlen(iso) > 40)
		return 0;
	if (iso[10] == ' ')
		iso[10] = 'T';
	time = g_date_time_new_from_iso8601(iso, utc);
	return time ? MAX(0, g_date_time_to_unix(time) * 1000 + g_date_time_get_microsecond(time) / 1000) : 0;
}
