/* hostile_mail.c - mails that want to kill who reads them */
#include "hostile_mail.h"

#include <string.h>

#define HEAD "From: Ana <ana@example.com>\r\nSubject: still here\r\n"
#define MIXED HEAD "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
#define GOOD "--b\r\nContent-Type: text/plain\r\n\r\nreadable words\r\n"

/* piece again and again between first and last. */
static GString *again(const char *first, const char *piece, const char *last, gsize size)
{
	GString *out = g_string_new(first);

	while (out->len < size)
		g_string_append(out, piece);
	return g_string_append(out, last);
}

/* The same with a number of its own in each piece (%u). */
static GString *counted(const char *first, const char *before, const char *after, const char *last, gsize size)
{
	GString *out = g_string_new(first);

	for (guint i = 0; out->len < size; i++)
		g_string_append_printf(out, "%s%u%s", before, i, after);
	return g_string_append(out, last);
}

#define BODY "\r\n\r\nreadable words\r\n"
#define AGAIN(name, first, piece, last) \
	static GString *name(gsize size) { return again(first, piece, last, size); }
#define COUNTED(name, first, before, after, last) \
	static GString *name(gsize size) { return counted(first, before, after, last, size); }

/* ---- headers ---- */
AGAIN(groups, HEAD "To: ", "g:", ";" BODY)
AGAIN(colons, HEAD "To: ", ":", BODY)
AGAIN(comments, HEAD "To: ", "(", BODY)
AGAIN(comments_closed, HEAD "To: ", "()", " x@example.org" BODY)
AGAIN(quotes, HEAD "To: ", "\"", BODY)
AGAIN(escapes, HEAD "To: \"", "\\\"", BODY)
AGAIN(angles, HEAD "To: ", "<", BODY)
AGAIN(angle_pairs, HEAD "To: ", "x <a@b> ", BODY)
AGAIN(commas, HEAD "To: ", ",", BODY)
AGAIN(words_without_address, HEAD "To: ", "a ", BODY)
AGAIN(words_with_commas, HEAD "To: ", "a, ", BODY)
AGAIN(ats, HEAD "To: ", "@", BODY)
COUNTED(recipients, HEAD "To: ", "a", "@example.org, ", BODY)
COUNTED(references, HEAD "References: ", "<a", "@x> ", BODY)
COUNTED(headers, HEAD, "X-", ": y\r\n", BODY)
AGAIN(one_long_header, HEAD "X-Long: ", "a", BODY)
AGAIN(folds, HEAD "X-Folded: a", "\r\n a", BODY)
AGAIN(empty_folds, HEAD "X-Folded: a", "\r\n ", BODY)
AGAIN(encoded_words, HEAD "X-A: b\r\nComments: ", "=?utf-8?Q?a?= ", BODY)
AGAIN(words_never_ended, HEAD "To: ", "=?a?q?", BODY)
AGAIN(words_ended_far_away, HEAD "To: ", "=?a?q?", "?= <x@example.org>" BODY)
AGAIN(charset_names, HEAD "To: =?", "x", "?Q?a?=" BODY)
AGAIN(rubbish_lines, HEAD, "no header line\r\n", "Date: Mon, 16 Nov 2026 10:00:00 +0000" BODY)
AGAIN(many_froms, HEAD, "From: b@example.com\r\n", "X: y" BODY)
AGAIN(auth_results, HEAD "Authentication-Results: mx.example.org; ", "dkim=pass header.d=example.com; ", BODY)
AGAIN(date, HEAD "Date: ", "Mon, ", BODY)
AGAIN(parameters, HEAD "Content-Type: text/plain", "; a=b", BODY)
COUNTED(sections, HEAD "Content-Type: text/plain", "; name*", "=b", BODY)
AGAIN(quoted_parameters, HEAD "Content-Type: text/plain", "; a=\"b\"c", BODY)
AGAIN(zeros_in_header, HEAD "X-Zero: ", "a", BODY)

/* ---- bodies ---- */
AGAIN(parts, MIXED GOOD, "--b\r\n\r\nx\r\n", "--b--\r\n")
AGAIN(boundaries, MIXED GOOD, "--b\r\n", "--b--\r\n")
AGAIN(almost_boundaries, MIXED GOOD, "--bb\r\n", "--b--\r\n")
AGAIN(dashes, HEAD "\r\nreadable words\r\n", "--\r\n", "")
COUNTED(nested, HEAD "Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\nreadable words\r\n--x\r\n", "Content-Type: multipart/mixed; boundary=y",
	"\r\n\r\n--x\r\n", "--x--\r\n")
AGAIN(same_boundary, MIXED GOOD, "--b\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", "--b--\r\n")
AGAIN(mails_in_mails, HEAD, "Content-Type: message/rfc822\r\n\r\n", "From: x@example.org\r\n\r\nwords\r\n")
AGAIN(boxed_mails, MIXED, "--b\r\nContent-Type: message/rfc822\r\n\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n", "--b--\r\n")
AGAIN(part_headers, MIXED GOOD "--b\r\n", "X-A: b\r\n", "\r\n--b--\r\n")
AGAIN(part_rubbish, MIXED GOOD, "--b\r\nrubbish\r\n", "--b--\r\n")
AGAIN(long_charset_parameter, MIXED GOOD "--b\r\nContent-Type: application/pdf; name*=", "a", "''x\r\n\r\n--b--\r\n")
AGAIN(quoted_printable, HEAD "Content-Transfer-Encoding: quoted-printable\r\n\r\nreadable words\r\n", "=", "\r\n")
AGAIN(base64_rubbish, MIXED GOOD "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n", "=", "\r\n--b--\r\n")
AGAIN(uuencode, MIXED GOOD "--b\r\nContent-Type: application/pdf\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nbegin 644 a\r\n", "MMMMMM\r\n",
      "end\r\n--b--\r\n")
AGAIN(html_tags, HEAD "Content-Type: text/html\r\n\r\n<p>readable words</p>", "<div>", "")
AGAIN(html_less, HEAD "Content-Type: text/html\r\n\r\n<p>readable words</p>", "<", "")
AGAIN(html_attributes, HEAD "Content-Type: text/html\r\n\r\n<p>readable words</p><a ", "a=b ", ">")
AGAIN(html_cids, HEAD "Content-Type: text/html\r\n\r\n<p>readable words</p>", "cid:a ", "")
AGAIN(quote_levels, HEAD "\r\nreadable words\r\n", ">", "\r\n")
AGAIN(wrote, HEAD "\r\nreadable words\r\n\r\nOn ", "Mon, 16 Nov 2026 ", "wrote:\r\n")
AGAIN(blank_lines, HEAD "\r\nreadable words", "\r\n", "")
AGAIN(escape_sequences, HEAD "Content-Type: text/plain; charset=iso-2022-jp\r\n\r\nreadable words\r\n", "\x1b$B", "")
AGAIN(utf7, HEAD "Content-Type: text/plain; charset=utf-7\r\n\r\nreadable words\r\n", "+", "")
AGAIN(flowed, HEAD "Content-Type: text/plain; format=flowed\r\n\r\nreadable words\r\n\r\n", "a \r\n", "")
AGAIN(calendar, HEAD "Content-Type: text/calendar\r\n\r\nBEGIN:VEVENT\r\nSUMMARY:readable words\r\n", "DESCRIPTION", "\r\n")

static GString *zeros(gsize size)
{
	GString *out = g_string_new(HEAD "\r\nreadable words\r\n");
	gsize before = out->len;

	g_string_set_size(out, before + size);
	memset(out->str + before, 0, size);
	return out;
}

static GString *high_bytes(gsize size)
{
	GString *out = g_string_new(HEAD "Content-Type: text/plain; charset=utf-8\r\n\r\nreadable words\r\n");
	gsize before = out->len;

	g_string_set_size(out, before + size);
	memset(out->str + before, 0xff, size);
	return out;
}

static GString *status_groups(gsize size)
{
	return again(HEAD "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n" GOOD
		     "--b\r\nContent-Type: message/delivery-status\r\n\r\n", "Action: failed\r\nFinal-Recipient: rfc822;a@b\r\n\r\n", "--b--\r\n", size);
}

static GString *nothing_but_noise(gsize size)
{
	GString *out = g_string_sized_new(size);

	for (guint32 x = 1; out->len < size; x = x * 1664525 + 1013904223)
		g_string_append_c(out, (char)(x >> 24));
	return out;
}

#define WORDS "readable words"
#define KIND(make) { #make, make, WORDS, FALSE }
const struct hostile_mail hostile_mails[] = {
	KIND(groups), KIND(colons), KIND(comments), KIND(comments_closed), KIND(quotes), KIND(escapes), KIND(angles),
	KIND(angle_pairs), KIND(commas), KIND(words_without_address), KIND(words_with_commas), KIND(ats), KIND(recipients),
	KIND(references), KIND(headers), KIND(one_long_header), KIND(folds), KIND(empty_folds), KIND(encoded_words),
	KIND(words_never_ended), KIND(words_ended_far_away), KIND(charset_names), KIND(rubbish_lines), KIND(many_froms),
	KIND(auth_results), KIND(date), KIND(parameters), KIND(sections), KIND(quoted_parameters), KIND(zeros_in_header),
	KIND(parts), KIND(boundaries), KIND(almost_boundaries), KIND(dashes), KIND(nested), KIND(same_boundary),
	{ "mails_in_mails", mails_in_mails, NULL, FALSE }, { "boxed_mails", boxed_mails, NULL, FALSE },
	KIND(part_headers), KIND(part_rubbish), KIND(long_charset_parameter), KIND(quoted_printable), KIND(base64_rubbish),
	KIND(uuencode), KIND(html_tags), KIND(html_less), KIND(html_attributes), KIND(html_cids), KIND(quote_levels), KIND(wrote),
	KIND(blank_lines), KIND(escape_sequences), KIND(utf7), KIND(flowed), KIND(calendar), KIND(zeros), KIND(high_bytes),
	KIND(status_groups), { "nothing_but_noise", nothing_but_noise, NULL, TRUE },
};
const gsize hostile_mails_n = G_N_ELEMENTS(hostile_mails);
