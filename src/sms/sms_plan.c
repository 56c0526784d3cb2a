/* sms_plan.c - the messages a text goes out as, by what the channel's options say */
#include "sms_text.h"

#include "sms_inside.h"

#include <string.h>

#define SEGMENTS_MAX 255	/* 3GPP TS 23.040 section 9.2.3.24.1: their number is one octet */

static void clear_message(gpointer data)
{
	g_free(((struct hg_sms_message *)data)->text);
}

static guint utf16_units(const char *text)
{
	guint n = 0;

	for (const char *p = text; *p; p = g_utf8_next_char(p))
		n += g_utf8_get_char(p) > 0xffff ? 2 : 1;
	return n;
}

/* So many segments are the most for one message. */
static guint segments_max(const struct hg_sms_policy *policy)
{
	if (strcmp(policy->long_text, "concat") != 0)
		return 1;
	return policy->max_units ? MIN(policy->max_units, SEGMENTS_MAX) : SEGMENTS_MAX;
}

static gboolean fits(const char *text, int coding, const struct hg_sms_policy *policy)
{
	return hg_sms_count(text, coding, policy->wide_ref) <= segments_max(policy) &&
	       (!policy->max_chars || utf16_units(text) <= policy->max_chars);
}

/* Where a message has to end at the latest. */
static const char *hard_end(const char *text, int coding, const struct hg_sms_policy *policy)
{
	struct hg_sms_room room = hg_sms_room(coding, policy->wide_ref);
	guint max = segments_max(policy), used;
	const char *end = text, *other;

	if (max == 1)
		end = hg_sms_fill(text, coding, room.alone, &used);
	for (guint i = 0; max > 1 && i < max && *end; i++)
		end = hg_sms_fill(end, coding, room.part, &used);
	if (!policy->max_chars)
		return end;
	other = hg_sms_fill(text, HG_SMS_UCS2, policy->max_chars, &used);
	return MIN(end, other);
}

/* Between words, when there is such a place in the second half. */
static const char *soft_end(const char *text, const char *hard)
{
	const char *least = text + (hard - text) / 2;

	for (const char *p = hard; p > least; p--)
		if (g_ascii_isspace(*p))
			return p;
	return hard;
}

static void add(GArray *messages, const char *text, gsize len, const struct hg_sms_policy *policy)
{
	struct hg_sms_message message = { .text = g_strndup(text, len) };
	struct hg_sms_cost cost;

	message.coding = policy->coding ?: hg_sms_coding_of(message.text);
	cost = hg_sms_cost(message.text, message.coding, policy->wide_ref);
	message.units = cost.segments;
	message.left = cost.left;
	g_array_append_val(messages, message);
}

static gboolean cut(GArray *messages, const char *text, int coding, const struct hg_sms_policy *policy, GError **error)
{
	while (!fits(text, coding, policy)) {
		const char *end = soft_end(text, hard_end(text, coding, policy));

		if (messages->len + 1 == HG_SMS_MESSAGES_MAX)
			return hg_fail(error, HG_ERROR_LIMIT, "the text is too long: it would go out as more than %d messages",
				       HG_SMS_MESSAGES_MAX);
		add(messages, text, (gsize)(end - text), policy);
		while (g_ascii_isspace(*end))
			end++;
		text = end;
	}
	if (*text || !messages->len)
		add(messages, text, strlen(text), policy);
	return TRUE;
}

GArray *hg_sms_plan(const char *text, const struct hg_sms_policy *policy, GError **error)
{
	g_autoptr(GArray) messages = g_array_new(FALSE, TRUE, sizeof(struct hg_sms_message));
	g_autofree char *plain = strcmp(policy->text, "exact") == 0 ? g_strdup(text) :
		hg_sms_plain(text, strcmp(policy->text, "transliterate") == 0);
	int coding = policy->coding ?: hg_sms_coding_of(plain);
	guint segments = hg_sms_count(plain, coding, policy->wide_ref);

	g_array_set_clear_func(messages, clear_message);
	if (!segments) {
		hg_fail(error, HG_ERROR_INPUT, "the text has characters that %s does not have", hg_sms_coding_word(coding));
		return NULL;
	}
	if (segments > 1 && strcmp(policy->long_text, "refuse") == 0) {
		hg_fail(error, HG_ERROR_LIMIT, "the text takes %u segments (%s), and long_text: refuse lets one through", segments,
			hg_sms_coding_word(coding));
		return NULL;
	}
	if (!cut(messages, plain, coding, policy, error))
		return NULL;
	return g_steal_pointer(&messages);
}
