/* test_html_text.c - HTML to text, where a client's quote begins in it, and format=flowed */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "flowed.h"
#include "html_text.h"
#include "reply_text.h"

static void elements_become_lines(void **state)
{
	static const struct { const char *html, *want; } cases[] = {
		{ "", "" }, { "plain", "plain" }, { "  a \n b\t c  ", "a b c" },
		{ "a<br>b<br/>c<BR >d", "a\nb\nc\nd" }, { "a<br><br>b", "a\n\nb" },
		{ "<div>a</div><div>b</div>", "a\nb" }, { "<div>a<br></div><div>b</div>", "a\nb" },
		{ "<div>a</div><div><br></div><div>b</div>", "a\n\nb" }, { "<p>a</p><p>b</p>", "a\n\nb" },
		{ "<p>a</p>b", "a\n\nb" }, { "<p class=MsoNormal>a<o:p></o:p></p><p class=MsoNormal>b</p>", "a\nb" },
		{ "<p class=\"MsoNormal\">a</p><p class=\"MsoNormal\"><o:p>&nbsp;</o:p></p><p class=\"MsoNormal\">b</p>", "a\nb" },
		{ "<h1>a</h1>b", "a\n\nb" }, { "<ul><li>a<li>b</ul>c", "- a\n- b\nc" },
		{ "<ol><li>a</li><li>b<ul><li>c</li></ul></li><li>d</li></ol>", "1. a\n2. b\n- c\n3. d" },
		{ "<table><tr><td>a<td>b</tr><tr><td>c</td><td>d</td></tr></table>e", "a\tb\nc\td\ne" },
		{ "<pre>a  b\n  c\n\nd</pre>e", "a  b\n  c\n\nd\ne" }, { "a<hr>b", "a\n________________________________\nb" },
		{ "a<span> b</span><b>c</b> d", "a bc d" }, { "&nbsp;&nbsp;a&nbsp;b", "a b" },
		{ "<br><br><br>a<br><br><br><br><br><br>b<br><br>", "a\n\n\nb" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_html_text(cases[i].html, strlen(cases[i].html), NULL);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].html, got, cases[i].want);
	}
}

static void what_nobody_sees_is_left_out(void **state)
{
	static const struct { const char *html, *want; } cases[] = {
		{ "a<!-- b > c -->d", "ad" }, { "a<!-->b", "ab" }, { "a<!-- b", "a" }, { "a<!doctype html>b", "ab" }, { "<?xml x?>a", "a" },
		{ "a<!--[if mso]><p>b</p><![endif]-->c", "ac" }, { "a<![if !mso]>b<![endif]>c", "abc" },
		{ "<style>p { a: \"</b>\" }</style>a", "a" }, { "<script>if (a<b) '</p>'</SCRIPT >a", "a" },
		{ "<html><head><title>t</title><style>x</style></head><body>a", "a" }, { "<head><meta x><p>a", "a" },
		{ "<head>x</head>a", "a" }, { "a<style>b", "a" }, { "<title>a", "a" },
		{ "<div style=\"DISPLAY:x;display: none\">b<div>c</div></div>a", "a" },
		{ "<span style='display:none !important'>b</span>a", "a" }, { "<div style='display:none'>a", "a" },
		{ "a\xe2\x80\x8b\xc2\xad" "b\xef\xbb\xbf", "ab" }, { "a&zwnj;b", "a\xe2\x80\x8c" "b" },
		{ "<img src='http://t.example/x.gif' alt='x'>a", "a" }, { "<img src='cid:p1@x'>a", "[image: p1]a" },
		{ "<img alt='plan &amp; b' src=cid:p1@x> a", "[image: plan & b] a" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_html_text(cases[i].html, strlen(cases[i].html), NULL);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].html, got, cases[i].want);
	}
}

static void entities_and_dirt_are_read_as_browsers_do(void **state)
{
	static const struct { const char *html, *want; } cases[] = {
		{ "&lt;a&gt; &amp; &quot;b&quot; &apos;", "<a> & \"b\" '" }, { "&eacute;&Eacute;&szlig;&euro;&hellip;&mdash;", "éÉß€…—" },
		{ "&#8217;&#x2019;&#X2019", "’’’" }, { "&#146;&#128;", "’€" }, { "&#0;&#xd800;&#1114112;&#99999999999999999999;", "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd" },
		{ "&copy 2026 &eacuteb", "© 2026 &eacuteb" }, { "&nosuch; &; &", "&nosuch; &; &" }, { "AT&T a&b=c", "AT&T a&b=c" },
		{ "&alpha;&Omega;&rarr;&ccaron;", "αΩ→č" }, { "1 < 2 > 0", "1 < 2 > 0" }, { "a<b", "a<b" }, { "a<", "a<" }, { "<", "<" },
		{ "</>a<3", "</>a<3" }, { "a<b c='>'>d", "ad" }, { "a<b c=\">d", "ad" }, { "a<b\nc=d\n>e", "ae" },
		{ "<a href=x<b>c", "c" }, { "a</p >b", "a\n\nb" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_html_text(cases[i].html, strlen(cases[i].html), NULL);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].html, got, cases[i].want);
	}
}

static void links_say_where_they_lead_when_their_text_does_not(void **state)
{
	static const struct { const char *html, *want; } cases[] = {
		{ "<a href='https://a.example/x?b=1&amp;c=2'>here</a>", "here (https://a.example/x?b=1&c=2)" },
		{ "<a href=\"https://www.a.example/\">a.example</a>", "a.example" }, { "<a href=https://a.example>https://a.example/</a>", "https://a.example/" },
		{ "<a href='mailto:ana@a.example'>ana@a.example</a>", "ana@a.example" },
		{ "<a href='mailto:ana@a.example'>Ana</a>", "Ana (ana@a.example)" },
		{ "<a href='https://evil.example'>https://bank.example</a>", "https://bank.example (https://evil.example)" },
		{ "<a href='javascript:alert(1)'>a</a><a href='#x'>b</a><a>c</a>", "abc" }, { "<a href='https://a.example'></a>b", "b" },
		{ "<a href='https://a.example'>b", "b (https://a.example)" },
		{ "<a href='https://a.example'>b<a href='https://c.example'>d</a>", "b (https://a.example)d (https://c.example)" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_html_text(cases[i].html, strlen(cases[i].html), NULL);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"", cases[i].html, got, cases[i].want);
	}
}

/* The whole way of a mail that has HTML only. */
static void clients_mark_their_quotes(void **state)
{
	static const struct { const char *client, *html, *want; } cases[] = {
		{ "gmail", "<div dir=ltr>Yes.</div><br><div class=\"gmail_quote gmail_quote_container\"><div dir=ltr class=gmail_attr>Noong Martes "
			   "si Acme:<br></div><blockquote class=gmail_quote style='margin:0'>Shall we?<br>A.</blockquote></div>", "Yes." },
		{ "gmail between", "<div class=gmail_quote><div class=gmail_attr>On Tue, Mar 3, 2026 at 9:14 AM A &lt;<a href='mailto:a@b.example'>"
				   "a@b.example</a>&gt; wrote:<br></div><blockquote class=gmail_quote>Which?</blockquote><div>Blue.</div>"
				   "<blockquote class=gmail_quote>When?</blockquote><div>Now.</div></div>", "> Which?\n\nBlue.\n\n> When?\n\nNow." },
		{ "gmail forward", "<div>See.</div><div class=gmail_quote><div class=gmail_attr>---------- Forwarded message ---------<br>From: "
				   "A &lt;a@b.example&gt;<br>Date: Tue, Mar 3, 2026<br>Subject: P<br></div>Held.</div>",
		  "See.\n---------- Forwarded message ---------\nFrom: A <a@b.example>\nDate: Tue, Mar 3, 2026\nSubject: P\nHeld." },
		{ "outlook web", "<div>Yes.</div><div id=appendonsend></div><hr><div id=divRplyFwdMsg dir=ltr><b>Xx:</b> A<br><b>Yy:</b> B</div><div>"
				 "Shall we?</div>", "Yes." },
		{ "outlook quoted again", "<div>Yes.</div><div id=x_x_divRplyFwdMsg><b>Xx:</b> A<br></div><div>Shall we?</div>", "Yes." },
		{ "outlook desktop", "<p class=MsoNormal>Yes.</p><div><div style='border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm'>"
				     "<p class=MsoNormal><b>Xx:</b> A</p></div></div><p class=MsoNormal>Shall we?</p>", "Yes." },
		{ "outlook 2010", "<p class=MsoNormal>Yes.</p><div style=\"border-top: solid #B5C4DF 1.0pt\">Xx: A</div>Shall we?", "Yes." },
		{ "apple", "Yes.<br><div><br><blockquote type=\"cite\"><div>Noong 3 Mar 2026, A &lt;a@b.example&gt;:</div><br><div>Shall we?</div>"
			   "</blockquote></div>", "Yes." },
		{ "thunderbird below", "<div class=\"moz-cite-prefix\">Noong Martes si A:<br></div><blockquote type=cite cite='mid:x'>Shall we?"
				       "</blockquote><br>Yes.", "Yes." },
		{ "thunderbird between", "<div class=\"moz-cite-prefix\">Noong Martes si A:<br></div><blockquote type=cite>Which?</blockquote>Blue."
					 "<blockquote type=cite>When?</blockquote>Now.", "> Which?\n\nBlue.\n\n> When?\n\nNow." },
		{ "yahoo", "<div>Yes.</div><div id=\"ydp1_yahoo_quoted_9\" class=\"yahoo_quoted\"><div>Noong Martes si A</div><div>Shall we?</div></div>", "Yes." },
		{ "zimbra", "Yes.<hr data-marker=\"__DIVIDER__\"><div>Xx: A</div>Shall we?", "Yes." },
		{ "outlook of old for mac", "Yes.<span id=OLK_SRC_BODY_SECTION><div>Xx: A</div>Shall we?</span>", "Yes." },
		{ "proton", "Yes.<div class=\"protonmail_quote\">Noong Martes<blockquote class=protonmail_quote type=cite>Shall we?</blockquote></div>", "Yes." },
		{ "ours, class renamed", "Yes.<div>Noong</div><div class='m_-12headgate-message'>Shall we?</div>", "Yes.\nNoong" },
		{ "somebody's indent", "Look:<blockquote>my own words</blockquote>Fine.", "Look:\n\nmy own words\n\nFine." },
		{ "new mail", "<div>Yes.</div><div id=appendonsend></div>", "Yes." },
	};
	g_autoptr(hg_reply_words) words = hg_reply_words_new(NULL);
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		struct hg_html_hints hints;
		g_autofree char *text = hg_html_text(cases[i].html, strlen(cases[i].html), &hints);
		g_autofree char *got = hg_reply_text(words, text, NULL, &hints, NULL);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("%s: \"%s\", not \"%s\"; of \"%s\", line %zd, %zu", cases[i].client, got, cases[i].want, text,
				 hints.quote_line, hints.quote_lines);
		assert_int_equal(hints.ours, strncmp(cases[i].client, "ours", 4) == 0);
	}
}

/* ---- size ---- */

static char *repeat(const char *piece, guint n)
{
	GString *text = g_string_sized_new(strlen(piece) * n + 1);

	for (guint i = 0; i < n; i++)
		g_string_append(text, piece);
	return g_string_free(text, FALSE);
}

static void what_is_too_long_is_cut(void **state)
{
	g_autofree char *a = repeat("\xc3\xa4", HG_HTML_MAX / 2 + 100), *x = repeat("x=y ", 10000);
	g_autofree char *tag = g_strconcat("a<b ", x, "display='>'>c", NULL), *got = NULL, *other = NULL;
	struct hg_html_hints hints;
	(void)state;

	got = hg_html_text(a, strlen(a), &hints);
	assert_true(hints.cut);
	assert_int_equal(strlen(got), HG_HTML_MAX);
	assert_true(g_utf8_validate(got, -1, NULL));
	other = hg_html_text(tag, strlen(tag), &hints);
	assert_false(hints.cut);
	/* Of a tag that long quotes are not looked at: its first '>' ends it. */
	assert_string_equal(other, "a'>c");
}

/* Nesting of 100,000 and more, things that never end: each takes hours where it is not linear. */
static void hostile_html_takes_linear_time(void **state)
{
	static const char *const pieces[] = {
		"<div>", "<b>", "<table><tr><td>", "<", "<a ", "<a \"", "<a '>\"", "<a b='", "<a b=\"x' ", "<!--", "<!-- a -", "<![if", "<?",
		"<title>", "<style ", "</style", "<script></scrip", "<blockquote type=cite>a", "<blockquote type=cite>", "<ul><li>", "<ol><li>a",
		"&", "&#", "&amp", "&#99999999;", "<a href=http://x>", "<a href=\"http://x.example/?y\">a</a>", "<pre> ", "<br>", "<p>",
		"<div style='display:none'>", "<div class='gmail_quote'>", "<td>", "<hr>", "<img src=cid:x>", "> <", "</div>", "</blockquote>",
		"<a\t", "<a b=c ", "<head>", "<textarea></textarea", "<a/",
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(pieces); i++) {
		g_autofree char *html = repeat(pieces[i], (guint)(HG_HTML_MAX / strlen(pieces[i])));
		g_autofree char *text = hg_html_text(html, strlen(html), NULL);

		assert_true(g_utf8_validate(text, -1, NULL));
		assert_true(strlen(text) < 30 * (gsize)HG_HTML_MAX);
	}
}

/* ---- format=flowed ---- */

static void flowed_lines_are_put_together(void **state)
{
	static const struct { const char *text; gboolean delsp; const char *want; } cases[] = {
		{ "", FALSE, "" }, { "a\nb\n", FALSE, "a\nb\n" }, { "a \nb\nc\n", FALSE, "a b\nc\n" }, { "a \nb", TRUE, "ab" },
		{ "a \nb \nc", FALSE, "a b c" }, { "a\n\nb\n", FALSE, "a\n\nb\n" }, { "a \n\nb\n", FALSE, "a \nb\n" },
		/* a signature's line is no flowed one */
		{ "a \n-- \nb\n", FALSE, "a \n-- \nb\n" }, { "-- \nb\n", TRUE, "-- \nb\n" },
		/* stuffed: "From", spaces, ">" */
		{ " From x\n  y\n >z\n", FALSE, "From x\n y\n>z\n" },
		{ "> a \n> b\n>c\n", FALSE, "> a b\n> c\n" }, { "> a \n>> b \nc\n", FALSE, "> a \n>> b \nc\n" },
		{ ">> a \n>>b\n>\n", FALSE, ">> a b\n>\n" },
	};
	(void)state;

	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autofree char *got = hg_flowed_text(cases[i].text, strlen(cases[i].text), cases[i].delsp);

		if (strcmp(got, cases[i].want) != 0)
			fail_msg("\"%s\": \"%s\", not \"%s\"", cases[i].text, got, cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(elements_become_lines),
		cmocka_unit_test(what_nobody_sees_is_left_out),
		cmocka_unit_test(entities_and_dirt_are_read_as_browsers_do),
		cmocka_unit_test(links_say_where_they_lead_when_their_text_does_not),
		cmocka_unit_test(clients_mark_their_quotes),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(hostile_html_takes_linear_time),
		cmocka_unit_test(flowed_lines_are_put_together),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
