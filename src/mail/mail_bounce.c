/* mail_bounce.c - delivery reports, and what older servers say in words of their own */
#include "mail_bounce.h"

#include <string.h>

#include "mail_address.h"
#include "mail_words.h"

#define GROUPS_MAX 100		/* recipients of one report that are looked at */

/* "rfc822; a@b", "x-local; user": behind the type (RFC 3464 section 2.1.2). */
static const char *typed_value(hg_arena *arena, const struct hg_field *field)
{
	const char *semicolon;
	struct hg_field rest;

	if (!field)
		return NULL;
	rest = *field;
	semicolon = memchr(field->value, ';', field->len);
	if (semicolon) {
		rest.value = semicolon + 1;
		rest.len = field->len - (gsize)(rest.value - field->value);
	}
	return hg_field_text(arena, &rest, NULL);
}

static const char *recipient_of(hg_arena *arena, const struct hg_head *group)
{
	const struct hg_field *field = hg_head_get(group, "Final-Recipient");
	const char *value = typed_value(arena, field ?: hg_head_get(group, "Original-Recipient"));
	const char *address = value ? hg_address_clean(arena, value, strlen(value)) : NULL;

	return address ?: value;
}

/* Does the status of one recipient say more than what is known?  A failure beats a delay, a delay a success. */
static int weight(const char *action)
{
	static const char *const order[] = { "expanded", "relayed", "delivered", "delayed", "failed" };

	for (int i = 0; i < (int)G_N_ELEMENTS(order); i++)
		if (action && !strcmp(action, order[i]))
			return i + 1;
	return 0;
}

static void read_group(hg_arena *arena, const struct hg_head *group, struct hg_mail_report *report)
{
	const char *action = hg_field_token(arena, hg_head_get(group, "Action"));
	const struct hg_field *status = hg_head_get(group, "Status");

	if (!weight(action) || weight(action) <= weight(report->action))
		return;
	report->action = action;
	report->recipient = recipient_of(arena, group);
	report->status = status ? hg_field_token(arena, status) : NULL;
	report->diagnostic = typed_value(arena, hg_head_get(group, "Diagnostic-Code"));
}

/* Groups of fields with an empty line between them: first the message's, then one for each recipient. */
static void read_status(hg_arena *arena, const char *bytes, gsize len, struct hg_mail_report *report)
{
	const char *p = bytes, *end = bytes + len;

	for (guint i = 0; p < end && i < GROUPS_MAX; i++) {
		struct hg_head group;
		const struct hg_field *envelope;

		while (p < end && (*p == '\r' || *p == '\n'))
			p++;
		hg_head_scan(arena, p, (gsize)(end - p), HG_PART_HEAD_MAX, FALSE, &group);
		envelope = hg_head_get(&group, "Original-Envelope-Id");
		if (envelope && !report->envelope_id)
			report->envelope_id = hg_field_text(arena, envelope, NULL);
		read_group(arena, &group, report);
		if (!group.n || group.body == p)
			break;
		p = group.body;
	}
}

/* The id of the mail that came back: of its header, enclosed whole or alone. */
static const char *enclosed_id(hg_arena *arena, const char *bytes, gsize len)
{
	struct hg_mail_ids ids;
	struct hg_head head;

	hg_head_scan(arena, bytes, len, HG_HEAD_MAX, TRUE, &head);
	hg_field_ids(arena, &head, "Message-ID", 1, &ids, NULL);
	return ids.n ? ids.of[0] : NULL;
}

/* ---- without RFC 3464 ---- */

/* Where a copy of the mail begins in the text: qmail and Exim put it below a line of their own. */
static const char *id_in_text(hg_arena *arena, const char *text)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *start = p + strspn(p, " \t>");

		if (!g_ascii_strncasecmp(start, "message-id:", 11))
			return enclosed_id(arena, start, strcspn(start, "\n") + 1);
	}
	return NULL;
}

/* How long the enhanced status code ("5.1.1", RFC 3463) at p is; 0: there is none. */
static gsize enhanced_len(const char *p)
{
	gsize len;

	if ((*p != '4' && *p != '5') || p[1] != '.' || !g_ascii_isdigit(p[2]) || p[3] != '.' || !g_ascii_isdigit(p[4]))
		return 0;
	len = 4 + strspn(p + 4, "0123456789");
	return len <= 7 && p[len] != '.' ? len : 0;
}

/* SMTP's own "550" with a space or a dash behind it. */
static gboolean is_reply_code(const char *p)
{
	return (*p == '4' || *p == '5') && p[1] >= '0' && p[1] <= '5' && g_ascii_isdigit(p[2]) && (p[3] == ' ' || p[3] == '-');
}

/* The first enhanced status in the text, or the class of the first reply code. */
static const char *status_in_text(hg_arena *arena, const char *text)
{
	char rough[] = "0.0.0";

	for (const char *p = text; *p && p - text < 20000; p++) {
		gsize len;

		if (p > text && (g_ascii_isalnum(p[-1]) || p[-1] == '.' || p[-1] == '-'))
			continue;
		len = enhanced_len(p);
		if (len)
			return hg_arena_mem(arena, p, len);
		if (*rough == '0' && is_reply_code(p))
			*rough = *p;
	}
	return *rough == '0' ? NULL : hg_arena_str(arena, rough);
}

/* "<ana@example.com>:" begins the line in which qmail says whom it could not reach; Exim's stands alone. */
static const char *recipient_in_text(hg_arena *arena, const char *text)
{
	for (const char *p = text; p && *p; p = strchr(p, '\n') ? strchr(p, '\n') + 1 : NULL) {
		const char *start = p + strspn(p, " \t");
		gsize len = strcspn(start, "\n"), angle = strcspn(start, ">");

		if (*start == '<' && angle < len && start[angle + 1] == ':')
			return hg_address_clean(arena, start, angle + 1);
		if (start > p && memchr(start, '@', len) && !memchr(start, ' ', len))
			return hg_address_clean(arena, start, len);
	}
	return NULL;
}

static struct hg_mail_report *read_words(const hg_mail *mail, const struct hg_mail_parts *parts, struct hg_mail_report *report)
{
	const struct hg_field *failed = hg_head_get(&parts->of[0].head, "X-Failed-Recipients");
	struct hg_mail_people people;

	hg_people_read(mail->arena, failed, NULL, &people);
	report->recipient = people.n ? people.of[0].address : recipient_in_text(mail->arena, mail->text);
	report->status = status_in_text(mail->arena, mail->text);
	report->action = report->status && *report->status == '4' ? "delayed" : "failed";
	if (!report->message_id)
		report->message_id = id_in_text(mail->arena, mail->text);
	return report->recipient || report->message_id ? report : NULL;
}

struct hg_mail_report *hg_bounce_read(const hg_mail *mail, const struct hg_mail_parts *parts)
{
	struct hg_mail_report *report = hg_arena_alloc(mail->arena, sizeof(*report));

	for (gsize i = 0; i < parts->n; i++) {
		const struct hg_mail_part *part = &parts->of[i];
		gboolean mail_part = !strcmp(part->type, "message/rfc822") || !strcmp(part->type, "text/rfc822-headers") ||
				     !strcmp(part->type, "message/global") || !strcmp(part->type, "message/global-headers");
		gsize len;
		const char *bytes;

		if (part->multipart)
			continue;
		bytes = hg_part_bytes(mail->arena, part, &len);
		if (!strcmp(part->type, "message/delivery-status") || !strcmp(part->type, "message/global-delivery-status"))
			read_status(mail->arena, bytes, len, report);
		else if (mail_part && !report->message_id)
			report->message_id = enclosed_id(mail->arena, bytes, len);
	}
	return report->action ? report : read_words(mail, parts, report);
}
