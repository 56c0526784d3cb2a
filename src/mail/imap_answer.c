/* imap_answer.c - what one response of an IMAP server means (RFC 3501 sections 7 and 9) */
#include "imap_answer.h"

#include <string.h>

#include "fail.h"

static const struct { const char *word; int status; } statuses[] = {
	{ "OK", HG_IMAP_OK }, { "NO", HG_IMAP_NO }, { "BAD", HG_IMAP_BAD }, { "BYE", HG_IMAP_BYE },
	{ "PREAUTH", HG_IMAP_PREAUTH },
};

/* Is this the word at p?  Then the place behind it and one space. */
static const char *behind(const char *p, const char *word)
{
	gsize len = strlen(word);

	if (g_ascii_strncasecmp(p, word, len) != 0 || (p[len] && p[len] != ' '))
		return NULL;
	return p[len] ? p + len + 1 : p + len;
}

static gboolean number(const char *p, guint32 *ret, const char **end)
{
	char *stop;
	guint64 n;

	if (!g_ascii_isdigit(*p))
		return FALSE;
	n = g_ascii_strtoull(p, &stop, 10);
	if (n > G_MAXUINT32 || (*stop && !strchr(" ])", *stop)))
		return FALSE;
	*ret = (guint32)n;
	*end = stop;
	return TRUE;
}

/* "[UIDVALIDITY 7] words" */
static void read_code(const char *p, struct hg_imap_answer *ret)
{
	const char *end;
	gsize len;

	ret->words = p;
	if (*p != '[')
		return;
	end = strchr(p, ']');
	len = strcspn(p + 1, " ]");
	if (!end || len >= sizeof(ret->code))
		return;
	for (gsize i = 0; i < len; i++)
		ret->code[i] = g_ascii_toupper(p[1 + i]);
	if (p[1 + len] == ' ' && !number(p + 2 + len, &ret->number, &p))
		ret->number = 0;
	ret->words = end[1] == ' ' ? end + 2 : end + 1;
}

static gboolean read_status(const char *p, struct hg_imap_answer *ret)
{
	for (guint i = 0; i < G_N_ELEMENTS(statuses); i++) {
		const char *rest = behind(p, statuses[i].word);

		if (!rest)
			continue;
		ret->status = statuses[i].status;
		read_code(rest, ret);
		return TRUE;
	}
	return FALSE;
}

/* ---- FETCH ---- */

struct scan {
	const struct hg_imap_response *response;
	gsize at;
	guint literal;			/* the next one */
};

/* A value may be an atom, a quoted string, a literal or a list of values. */
struct value {
	gsize from, len;		/* of an atom, or a string without its quotes */
	GBytes *literal;		/* or NULL */
};

static char peek(const struct scan *scan)
{
	return scan->at < scan->response->len ? scan->response->text[scan->at] : '\0';
}

static gboolean at_literal(const struct scan *scan, gsize end)
{
	return scan->literal < scan->response->n_literals && scan->response->literals[scan->literal].at == end;
}

static void skip_quoted(struct scan *scan)
{
	for (scan->at++; peek(scan) && peek(scan) != '"'; scan->at++)
		if (peek(scan) == '\\' && scan->at + 1 < scan->response->len)
			scan->at++;
	if (peek(scan))
		scan->at++;
}

/* "{123}": with the literal that stands behind it, if it is one. */
static GBytes *take_literal(struct scan *scan)
{
	while (peek(scan) && peek(scan) != '}')
		scan->at++;
	if (peek(scan))
		scan->at++;
	return at_literal(scan, scan->at) ? scan->response->literals[scan->literal++].bytes : NULL;
}

static void skip_atom(struct scan *scan)
{
	while (peek(scan) && !strchr(" ()", peek(scan)))
		scan->at++;
}

static void skip_list(struct scan *scan)
{
	guint depth = 0;

	do {
		char c = peek(scan);

		if (c == '"') {
			skip_quoted(scan);
			continue;
		}
		if (c == '{') {
			take_literal(scan);
			continue;
		}
		if (c == '(')
			depth++;
		else if (c == ')')
			depth--;
		scan->at++;
	} while (depth && peek(scan));
}

static void take_value(struct scan *scan, struct value *ret)
{
	*ret = (struct value){ .from = scan->at };
	if (peek(scan) == '(')
		skip_list(scan);
	else if (peek(scan) == '{')
		ret->literal = take_literal(scan);
	else if (peek(scan) == '"') {
		skip_quoted(scan);
		ret->from++;
		ret->len = scan->at - ret->from - (scan->at > ret->from);
		return;
	} else
		skip_atom(scan);
	ret->len = scan->at - ret->from;
}

/* "BODY[HEADER.FIELDS (A B)]<0>" has spaces in it. */
static void take_name(struct scan *scan, struct value *ret)
{
	*ret = (struct value){ .from = scan->at };
	while (peek(scan) && !strchr(" ()[", peek(scan)))
		scan->at++;
	if (peek(scan) == '[') {
		while (peek(scan) && peek(scan) != ']')
			scan->at++;
		while (peek(scan) && peek(scan) != ' ')
			scan->at++;
	}
	ret->len = scan->at - ret->from;
}

static gboolean is_name(const struct scan *scan, const struct value *name, const char *word)
{
	const char *text = scan->response->text + name->from;
	gsize len = strlen(word);

	/* BODY[TEXT]<0> is what BODY.PEEK[TEXT]<0.65536> is answered with. */
	return name->len >= len && g_ascii_strncasecmp(text, word, len) == 0 &&
	       (name->len == len || text[len] == '<');
}

/* A server may send a short text quoted. */
static GBytes *bytes_of(const struct scan *scan, const struct value *value)
{
	const char *text = scan->response->text + value->from;
	GByteArray *out;

	if (value->literal)
		return g_bytes_ref(value->literal);
	if (!value->from || text[-1] != '"')
		return NULL;	/* NIL */
	out = g_byte_array_new();
	for (gsize i = 0; i < value->len; i++) {
		i += text[i] == '\\' && i + 1 < value->len;
		g_byte_array_append(out, (const guint8 *)text + i, 1);
	}
	return g_byte_array_free_to_bytes(out);
}

static void set_bytes(GBytes **field, GBytes *bytes)
{
	if (*field)
		g_bytes_unref(*field);
	*field = bytes;
}

static gint64 date_of(const struct scan *scan, const struct value *value)
{
	g_autofree char *text = g_strndup(scan->response->text + value->from, value->len);

	return hg_imap_date(text);
}

static gint64 size_of(const struct scan *scan, const struct value *value)
{
	const char *text = scan->response->text + value->from;

	return g_ascii_isdigit(*text) && value->len < 19 ? (gint64)g_ascii_strtoull(text, NULL, 10) : -1;
}

static void take_item(struct scan *scan, struct hg_imap_mail *mail)
{
	struct value name, value;
	const char *end;

	take_name(scan, &name);
	if (peek(scan) == ' ')
		scan->at++;
	take_value(scan, &value);
	if (is_name(scan, &name, "UID")) {
		if (!number(scan->response->text + value.from, &mail->uid, &end))
			mail->uid = 0;
	} else if (is_name(scan, &name, "RFC822.SIZE"))
		mail->size = size_of(scan, &value);
	else if (is_name(scan, &name, "INTERNALDATE"))
		mail->received_ms = date_of(scan, &value);
	else if (is_name(scan, &name, "BODY[]"))
		set_bytes(&mail->body, bytes_of(scan, &value));
	else if (is_name(scan, &name, "BODY[HEADER]"))
		set_bytes(&mail->header, bytes_of(scan, &value));
	else if (is_name(scan, &name, "BODY[TEXT]"))
		set_bytes(&mail->text, bytes_of(scan, &value));
}

static gboolean read_fetch(const struct hg_imap_response *response, const char *list, struct hg_imap_mail *mail)
{
	struct scan scan = { .response = response, .at = (gsize)(list - response->text) };

	if (peek(&scan) != '(')
		return FALSE;
	scan.at++;
	while (peek(&scan) && peek(&scan) != ')') {
		gsize before = scan.at;

		while (peek(&scan) == ' ')
			scan.at++;
		if (peek(&scan) != ')')
			take_item(&scan, mail);
		if (scan.at == before)
			break;
	}
	return TRUE;
}

/* ---- all of them ---- */

static void read_untagged(const struct hg_imap_response *response, struct hg_imap_answer *ret)
{
	const char *p = response->text + 2, *rest;

	if (read_status(p, ret)) {
		ret->kind = HG_IMAP_STATUS;
	} else if ((rest = behind(p, "CAPABILITY"))) {
		ret->kind = HG_IMAP_CAPABILITY;
		ret->words = rest;
	} else if (number(p, &ret->number, &rest) && *rest == ' ') {
		if (behind(rest + 1, "EXISTS"))
			ret->kind = HG_IMAP_EXISTS;
		else if (behind(rest + 1, "EXPUNGE"))
			ret->kind = HG_IMAP_EXPUNGE;
		else if ((rest = behind(rest + 1, "FETCH")) && read_fetch(response, rest, &ret->mail))
			ret->kind = HG_IMAP_FETCH;
	}
}

void hg_imap_answer(const struct hg_imap_response *response, struct hg_imap_answer *ret)
{
	const char *text = response->text;
	gsize tag = strcspn(text, " ");

	*ret = (struct hg_imap_answer){ .words = "", .mail = { .size = -1 } };
	if (text[0] == '+')
		ret->kind = HG_IMAP_GO_ON;
	else if (text[0] == '*' && text[1] == ' ')
		read_untagged(response, ret);
	else if (tag && text[tag] && tag < sizeof(ret->tag) && read_status(text + tag + 1, ret)) {
		ret->kind = HG_IMAP_DONE;
		memcpy(ret->tag, text, tag);
	}
}

void hg_imap_answer_clear(struct hg_imap_answer *answer)
{
	set_bytes(&answer->mail.body, NULL);
	set_bytes(&answer->mail.header, NULL);
	set_bytes(&answer->mail.text, NULL);
}

gboolean hg_imap_can(const char *capabilities, const char *word)
{
	for (const char *p = capabilities; p && *p;) {
		gsize len = strcspn(p, " ");

		if (len == strlen(word) && g_ascii_strncasecmp(p, word, len) == 0)
			return TRUE;
		p += len + strspn(p + len, " ");
	}
	return FALSE;
}
