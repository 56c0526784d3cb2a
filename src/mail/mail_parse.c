/* mail_parse.c - raw bytes to a mail: what the parts of this folder find out, put together */
#include "mail_parse.h"

#include <gmime/gmime.h>
#include <string.h>

#include "mail_address.h"
#include "mail_auth.h"
#include "mail_auto.h"
#include "mail_bounce.h"
#include "mail_charset.h"
#include "mail_files.h"
#include "mail_words.h"
#include "reply_text.h"
#include "text.h"

#define REFERENCES_MAX 200
#define WARNINGS_MAX 50
#define DATE_MAX 200				/* bytes of a date that are looked at */
#define FUTURE_MAX_MS (15 * 60 * G_GINT64_CONSTANT(1000))
#define PAST_MAX_MS (30 * 86400 * G_GINT64_CONSTANT(1000))

#define YEAR_1900 G_GINT64_CONSTANT(-2208988800)
#define YEAR_10000 G_GINT64_CONSTANT(253402300800)

struct parse {
	hg_mail *mail;
	hg_arena *arena;
	const struct hg_mail_ask *ask;
	struct hg_head head;
	const char *hint;		/* character set of the mail: raw bytes in headers are in it, if they are no UTF-8 */
	GPtrArray *warnings;
};

static void warn(void *arg, const char *sentence)
{
	struct parse *parse = arg;

	for (guint i = 0; i < parse->warnings->len; i++)
		if (!strcmp(parse->warnings->pdata[i], sentence))
			return;
	if (parse->warnings->len < WARNINGS_MAX)
		g_ptr_array_add(parse->warnings, hg_arena_str(parse->arena, sentence));
}

static void warn_if(struct parse *parse, gboolean so, const char *sentence)
{
	if (so)
		warn(parse, sentence);
}

void hg_mail_parse_prepare(void)
{
	g_mime_init();
	hg_charset_prepare();
}

/* ---- the header ---- */

static const struct hg_field *get(struct parse *parse, const char *name)
{
	return hg_head_get(&parse->head, name);
}

static void read_hint(struct parse *parse)
{
	struct hg_params type;
	const char *charset;

	hg_params_read(parse->arena, get(parse, "Content-Type"), NULL, &type);
	charset = hg_params_get(&type, "charset");
	/* Nobody writes a header in what has zeros for letters. */
	if (charset && hg_charset_known(charset) && g_ascii_strncasecmp(charset, "utf-", 4) != 0)
		parse->hint = charset;
}

static void people(struct parse *parse, const char *name, struct hg_mail_people *ret)
{
	hg_people_all(parse->arena, &parse->head, name, parse->hint, ret);
}

/* From is one field; the first one counts, and a second is a trick. */
static void read_from(struct parse *parse)
{
	hg_mail *mail = parse->mail;

	hg_people_read(parse->arena, get(parse, "From"), parse->hint, &mail->from);
	warn_if(parse, hg_head_count(&parse->head, "From") > 1, "several From headers: only the first counts");
	warn_if(parse, mail->from.n > 1, "several people in From");
	if (mail->from.n)
		return;
	people(parse, "Sender", &mail->from);
	warn(parse, mail->from.n ? "no From: Sender stands for it" : "no From");
}

static gboolean knows(const GArray *people, const char *address)
{
	for (guint i = 0; i < people->len; i++)
		if (!strcmp(g_array_index(people, struct hg_mail_person, i).address, address))
			return TRUE;
	return FALSE;
}

/* Whom it reached, as the servers on its way wrote down. */
static void read_delivered(struct parse *parse)
{
	static const char *const names[] = { "Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "X-Delivered-To" };
	g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(struct hg_mail_person));

	for (gsize i = 0; i < G_N_ELEMENTS(names); i++) {
		struct hg_mail_people some;

		people(parse, names[i], &some);
		for (gsize j = 0; j < some.n && all->len < 100; j++)
			if (*some.of[j].address && !knows(all, some.of[j].address))
				g_array_append_val(all, some.of[j]);
	}
	parse->mail->delivered.n = all->len;
	parse->mail->delivered.of = hg_arena_mem(parse->arena, all->data, all->len * sizeof(struct hg_mail_person));
}

static void read_people(struct parse *parse)
{
	hg_mail *mail = parse->mail;
	const struct hg_field *path = get(parse, "Return-Path");

	read_from(parse);
	people(parse, "To", &mail->to);
	people(parse, "Cc", &mail->cc);
	people(parse, "Reply-To", &mail->reply_to);
	read_delivered(parse);
	if (path)
		mail->sender = path->len == 2 && !memcmp(path->value, "<>", 2) ? "" : hg_address_clean(parse->arena, path->value, path->len);
	warn_if(parse, mail->to.n == HG_PEOPLE_MAX || mail->cc.n == HG_PEOPLE_MAX, "more recipients than are read");
}

static void read_ids(struct parse *parse)
{
	hg_mail *mail = parse->mail;
	struct hg_mail_ids ids;
	gboolean dropped;

	hg_field_ids(parse->arena, &parse->head, "Message-ID", 1, &ids, NULL);
	mail->message_id = ids.n ? ids.of[0] : NULL;
	hg_field_ids(parse->arena, &parse->head, "In-Reply-To", REFERENCES_MAX, &mail->in_reply_to, NULL);
	hg_field_ids(parse->arena, &parse->head, "References", REFERENCES_MAX, &mail->references, &dropped);
	warn_if(parse, dropped, "more references than are read: some in the middle were left out");
	warn_if(parse, !mail->message_id, "no Message-ID");
}

/* Without comments and without space around colons, where RFC 5322 section 4.3 allows both and GMime reads neither. */
static void plain_date(char *text)
{
	char *to = text;
	guint depth = 0;

	for (const char *p = text; *p; p++) {
		if (*p == '(' || (*p == ')' && depth))
			depth += *p == '(' ? 1 : -1U;
		else if (depth || (*p == ' ' && (to == text || to[-1] == ':' || to[-1] == ' ')))
			continue;
		else if (*p == ':' && to > text && to[-1] == ' ')
			to[-1] = ':';
		else
			*to++ = *p;
	}
	*to = '\0';
}

/* UTC milliseconds, or 0.  RFC 5322 section 3.3 and what else GMime can read. */
static gint64 header_date(struct parse *parse)
{
	const struct hg_field *field = get(parse, "Date");
	g_autofree char *text = field ? hg_words_text(field->value, MIN(field->len, DATE_MAX), NULL) : NULL;
	g_autoptr(GDateTime) date = NULL;
	gint64 seconds;

	if (!text)
		return 0;
	plain_date(text);
	date = *text ? g_mime_utils_header_decode_date(text) : NULL;
	seconds = date ? g_date_time_to_unix(date) : 0;
	return seconds > YEAR_1900 && seconds < YEAR_10000 ? seconds * 1000 : 0;
}

/* A Date that cannot be is the day it was received. */
static void read_date(struct parse *parse, gint64 header_ms)
{
	gint64 received = parse->ask->received_ms;

	parse->mail->date_ms = header_ms;
	warn_if(parse, !header_ms, get(parse, "Date") ? "Date cannot be read" : "no Date");
	if (!received)
		return;
	if (header_ms && header_ms <= received + FUTURE_MAX_MS && header_ms >= received - PAST_MAX_MS)
		return;
	warn_if(parse, header_ms != 0, "Date is far from when the mail was received");
	parse->mail->date_ms = received;
}

static void read_head(struct parse *parse)
{
	read_hint(parse);
	read_people(parse);
	read_ids(parse);
	parse->mail->subject = hg_field_text(parse->arena, get(parse, "Subject"), parse->hint) ?: "";
	warn_if(parse, parse->head.cut, "the header is longer than is read");
	warn_if(parse, parse->head.junk, "lines in the header that are none of one");
	warn_if(parse, hg_head_count(&parse->head, "Subject") > 1, "several Subject headers: only the first counts");
	warn_if(parse, hg_head_count(&parse->head, "Content-Type") > 1, "several Content-Type headers: only the first counts");
}

/* ---- who says so ---- */

static void read_verdict(struct parse *parse)
{
	struct hg_mail_people all;
	const char *at = parse->mail->from.n ? strrchr(parse->mail->from.of[0].address, '@') : NULL;

	people(parse, "From", &all);
	parse->mail->verdict = hg_auth_read(&parse->head, at ? at + 1 : "", all.n, parse->ask);
}

/* ---- the body ---- */

static void warn_parts(struct parse *parse, const struct hg_mail_parts *parts)
{
	warn_if(parse, parts->too_many, "more parts than are read");
	warn_if(parse, parts->too_deep, "parts lie deeper than is read");
	warn_if(parse, parts->unclosed, "a multipart has no end");
	warn_if(parse, parts->guessed, "the boundary is not the declared one");
}

static void give_reply(struct parse *parse, const struct hg_body *body)
{
	hg_mail *mail = parse->mail;
	g_autofree char *reply = NULL;

	mail->confidence = HG_MAIL_LOW;
	if (parse->ask->words && !body->enclosed)
		reply = hg_reply_text(parse->ask->words, mail->text, parse->ask->known, body->from_html ? &body->hints : NULL,
				      &mail->confidence);
	mail->reply_text = reply ? hg_arena_str(parse->arena, reply) : mail->text;
}

static void read_body(struct parse *parse, const struct hg_mail_parts *parts)
{
	hg_mail *mail = parse->mail;
	struct hg_body body;

	hg_body_read(parse->arena, parts, warn, parse, &body);
	mail->text = hg_arena_str(parse->arena, body.text);
	mail->html = hg_arena_str(parse->arena, body.html);
	hg_files_read(mail, parts, &body);
	hg_auto_read(mail, parts, parse->ask);
	mail->forwarded |= body.enclosed;
	if (mail->automatic == HG_AUTO_BOUNCE)
		mail->report = hg_bounce_read(mail, parts);
	give_reply(parse, &body);
	warn_if(parse, strstr(mail->text, "\nbegin 6") && strstr(mail->text, "\nend"), "a uuencoded file stands in the text");
	hg_body_done(&body);
}

/* ---- what makes a mail the same in two mailboxes ---- */

static void add_piece(GString *all, const char *piece)
{
	g_string_append(all, piece ?: "");
	g_string_append_c(all, '\0');
}

static void hash_content(hg_mail *mail, gint64 header_ms)
{
	g_autoptr(GString) all = g_string_new(NULL);
	g_autofree char *hex = NULL;
	guint8 hash[32];

	g_string_append_printf(all, "%" G_GINT64_FORMAT, header_ms);
	add_piece(all, "");
	add_piece(all, mail->from.n ? mail->from.of[0].address : "");
	add_piece(all, mail->subject);
	add_piece(all, mail->text);
	add_piece(all, mail->html);
	for (gsize i = 0; i < mail->n_files; i++)
		add_piece(all, mail->files[i].sha256);
	hg_sha256(all->str, all->len, hash);
	hex = hg_hex(hash, sizeof(hash));
	g_strlcpy(mail->content_hash, hex, sizeof(mail->content_hash));
}

/* Lines of an old Macintosh end with CR alone. */
static const char *with_lines(hg_arena *arena, const char *raw, gsize len)
{
	char *copy;

	if (memchr(raw, '\n', len) || !memchr(raw, '\r', len))
		return raw;
	copy = hg_arena_mem(arena, raw, len);
	for (gsize i = 0; i < len; i++)
		if (copy[i] == '\r')
			copy[i] = '\n';
	return copy;
}

hg_mail *hg_mail_parse(const void *raw, gsize len, const struct hg_mail_ask *ask)
{
	hg_arena *arena = hg_arena_new();
	hg_mail *mail = hg_arena_alloc(arena, sizeof(*mail));
	struct parse parse = { .mail = mail, .arena = arena, .ask = ask, .warnings = g_ptr_array_new() };
	struct hg_mail_parts parts;
	gint64 header_ms;

	mail->arena = arena;
	hg_head_scan(arena, with_lines(arena, len ? raw : "", len), len, HG_HEAD_MAX, TRUE, &parse.head);
	read_head(&parse);
	header_ms = header_date(&parse);
	read_date(&parse, header_ms);
	hg_split(arena, &parse.head, parse.hint, &parts);
	warn_parts(&parse, &parts);
	read_body(&parse, &parts);
	read_verdict(&parse);
	hash_content(mail, header_ms);
	mail->n_warnings = parse.warnings->len;
	mail->warnings = hg_arena_mem(arena, parse.warnings->pdata, parse.warnings->len * sizeof(char *));
	g_ptr_array_free(parse.warnings, TRUE);
	return mail;
}
