/* infobip_read.c - results[] of a webhook or of the inbox: messages and delivery reports
 *
 * Source: Infobip, "Receive inbound SMS messages" (MO_JSON_2), "Receive inbound MMS messages" (MO_MMS_2), "Receive
 * outbound SMS message reports". */
#include <string.h>

#include "infobip.h"
#include "infobip_codes.h"
#include "json.h"

/* ---- MMS ---- */

static int kind_of(const char *type)
{
	if (g_str_has_prefix(type, "image/"))
		return HG_IMAGE;
	if (g_str_has_prefix(type, "audio/"))
		return HG_AUDIO;
	return g_str_has_prefix(type, "video/") ? HG_VIDEO : HG_FILE;
}

/* How the parts of the message are to be shown: of no use to people. */
static gboolean is_layout(const char *type)
{
	return strcmp(type, "application/smil") == 0;
}

static void read_segments(struct hg_gather *gather, struct hg_in *in, struct json_object *segments)
{
	gsize n = json_object_array_length(segments);
	struct hg_file *files = hg_arena_alloc(gather->arena, (n + 1) * sizeof(*files));
	g_autoptr(GString) text = g_string_new(NULL);

	for (gsize i = 0; i < n; i++) {
		struct json_object *segment = json_object_array_get_idx(segments, i);
		const char *type = hg_json_word(segment, "contentType"), *url = hg_json_word(segment, "url");
		const char *value = hg_json_word(segment, "value");

		if (value && (!type || g_str_has_prefix(type, "text/")))
			g_string_append_printf(text, "%s%s", text->len ? "\n" : "", value);
		else if (url && type && !is_layout(type))
			files[in->n_files++] = (struct hg_file){
				.size = sizeof(*files), .kind = kind_of(type), .type = hg_gather_str(gather, type),
				.ref = hg_gather_str(gather, url), .bytes = -1,
			};
	}
	in->files = files;
	in->kind = in->n_files ? files[0].kind : HG_TEXT;
	in->text = hg_gather_str(gather, text->str);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Several people in one MMS: a thread of its own, by who they are. */
static void read_group(struct hg_gather *gather, struct hg_in *in, struct json_object *item)
{
	struct json_object *group = hg_json_arr(item, "group");
	g_autoptr(GPtrArray) members = g_ptr_array_new_with_free_func(g_free);
	g_autofree char *all = NULL;
	g_autoptr(json_object) payload = NULL;

	if (!group || json_object_array_length(group) < 2)
		return;
	g_ptr_array_add(members, g_strdup(hg_json_word(item, "from")));
	for (gsize i = 0; i < json_object_array_length(group); i++) {
		struct json_object *one = json_object_array_get_idx(group, i);
		const char *number = hg_json_word(one, "to") ? hg_json_word(one, "to") : hg_json_word(one, "cc");

		if (number)
			g_ptr_array_add(members, g_strdup(number));
	}
	g_ptr_array_sort(members, by_text);
	g_ptr_array_add(members, NULL);
	all = g_strjoinv(",", (char **)members->pdata);
	in->group = hg_gather_fmt(gather, "mms:%s", hg_gather_hash(gather, all, strlen(all)));
	payload = json_object_new_object();
	json_object_object_add(payload, "group", json_object_get(group));
	in->payload = hg_gather_json(gather, payload);
}

/* ---- messages ---- */

static void unread(struct hg_gather *gather, struct json_object *item, const char *note)
{
	const char *raw = item ? hg_gather_json(gather, item) : "null";

	hg_gather_unread(gather, raw, strlen(raw), note);
}

static void read_message(struct infobip *ib, struct hg_gather *gather, struct json_object *item)
{
	const char *id = hg_json_word(item, "messageId"), *from = hg_json_word(item, "from");
	const char *text = hg_json_word(item, "text");
	struct json_object *segments = hg_json_arr(item, "message");
	struct hg_in *in;

	if (!id || !hg_gather_number(gather, from, ib->conf->country)) {
		unread(gather, item, "a message without messageId or from");
		return;
	}
	in = hg_gather_in(gather, HG_TEXT);
	hg_gather_from(gather, in, from, "infobip", ib->conf->country);
	in->id = hg_gather_str(gather, id);
	in->to = hg_gather_number(gather, hg_json_word(item, "to"), ib->conf->country);
	in->sent_ms = hg_time_of(hg_json_word(item, "receivedAt"));
	if (segments)
		read_segments(gather, in, segments);
	else if (text)
		in->text = hg_gather_str(gather, text);
	else if (hg_json_word(item, "cleanText"))
		in->text = hg_gather_str(gather, hg_json_word(item, "cleanText"));
	if (segments)
		read_group(gather, in, item);
}

/* ---- delivery reports ---- */

#define TO_OPERATOR 2		/* status.id: delivered to the operator, which is not yet the customer */

/* 0: it says nothing of the message. */
static int state_of(struct json_object *status)
{
	const char *group = hg_json_word(status, "groupName");
	static const char *const groups[] = { "OK", "PENDING", "UNDELIVERABLE", "DELIVERED", "EXPIRED", "REJECTED" };
	gint64 number = hg_json_number(status, "groupId", -1);

	if (!group && number >= 0 && number < (gint64)G_N_ELEMENTS(groups))
		group = groups[number];
	if (!group)
		return 0;
	if (strcmp(group, "DELIVERED") == 0)
		return hg_json_number(status, "id", 0) == TO_OPERATOR ? HG_R_SENT : HG_R_DELIVERED;
	if (strcmp(group, "PENDING") == 0 || strcmp(group, "ACCEPTED") == 0)
		return HG_R_SENT;
	return strcmp(group, "UNDELIVERABLE") == 0 || strcmp(group, "EXPIRED") == 0 || strcmp(group, "REJECTED") == 0
		       ? HG_R_FAILED : 0;
}

static const char *detail_of(struct hg_gather *gather, struct json_object *item)
{
	static const char *const names[] = { "status", "error", "price", "mccMnc", "messageCount", "smsCount" };
	g_autoptr(json_object) detail = json_object_new_object();
	struct json_object *value = NULL;

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++)
		if (json_object_object_get_ex(item, names[i], &value))
			json_object_object_add(detail, names[i], json_object_get(value));
	return hg_gather_json(gather, detail);
}

/* The error says more than the status, where it is one that is known. */
static const struct hg_verdict *row_of(struct json_object *item, int *ret_code)
{
	int error = (int)CLAMP(hg_json_number(hg_json_obj(item, "error"), "id", 0), 0, 99999);
	int status = (int)CLAMP(hg_json_number(hg_json_obj(item, "status"), "id", 0), 0, 99999);
	const struct hg_verdict *row = error ? hg_verdict_find(infobip_errors, error) : NULL;

	*ret_code = error ? error : status;
	return row || !status ? row : hg_verdict_find(infobip_statuses, status);
}

static void say_why(struct infobip *ib, struct hg_gather *gather, struct hg_receipt *receipt, struct json_object *item)
{
	struct json_object *status = hg_json_obj(item, "status"), *error = hg_json_obj(item, "error");
	const char *name = hg_json_word(status, "name"), *words = hg_json_word(error, "description");
	gboolean permanent = hg_json_bool(error, "permanent", FALSE);
	const struct hg_verdict *row = row_of(item, &receipt->code);
	const char *from = hg_json_word(item, "sender");

	receipt->text = hg_gather_fmt(gather, "%.80s%s%.200s", name ? name : "not delivered", words ? ": " : "", words ? words : "");
	receipt->reach = row ? row->reach : HG_REACH_MESSAGE;
	receipt->advice = row ? row->advice
			: permanent ? "It will not arrive when it is sent again as it is: use another channel."
				    : "The message did not arrive: send it again later, or use another channel.";
	if (row && row->consent)
		hg_gather_stopped(gather, receipt->to,
				     hg_gather_number(gather, from ? from : hg_json_word(item, "from"), ib->conf->country),
				     receipt->id, receipt->code, receipt->text);
}

static void read_report(struct infobip *ib, struct hg_gather *gather, struct json_object *item)
{
	int state = state_of(hg_json_obj(item, "status"));
	struct hg_receipt *receipt;

	if (!state || (!hg_json_word(item, "messageId") && !hg_json_word(item, "callbackData"))) {
		const char *raw = hg_gather_json(gather, item);

		hg_gather_ignored(gather, raw, strlen(raw), "a delivery report that says nothing");
		return;
	}
	receipt = hg_gather_receipt(gather, state);
	receipt->id = hg_gather_str(gather, hg_json_word(item, "messageId"));
	receipt->key = hg_gather_str(gather, hg_json_word(item, "callbackData"));
	receipt->to = hg_gather_number(gather, hg_json_word(item, "to"), ib->conf->country);
	receipt->at_ms = hg_time_of(hg_json_word(item, "doneAt"));
	if (!receipt->at_ms)
		receipt->at_ms = hg_time_of(hg_json_word(item, "sentAt"));
	receipt->detail = detail_of(gather, item);
	if (state == HG_R_FAILED)
		say_why(ib, gather, receipt, item);
}

gboolean infobip_read(struct infobip *ib, struct hg_gather *gather, struct json_object *root)
{
	struct json_object *results = hg_json_arr(root, "results");
	gsize n = results ? json_object_array_length(results) : 0;

	for (gsize i = 0; i < MIN(n, INFOBIP_ITEMS_MAX); i++) {
		struct json_object *item = json_object_array_get_idx(results, i);

		if (!json_object_is_type(item, json_type_object))
			unread(gather, item, "an element that is no object");
		else if (hg_json_obj(item, "status"))
			read_report(ib, gather, item);
		else
			read_message(ib, gather, item);
	}
	if (n > INFOBIP_ITEMS_MAX)
		unread(gather, root, "a webhook with more items than are taken apart; they are in the raw delivery");
	return results != NULL;
}
