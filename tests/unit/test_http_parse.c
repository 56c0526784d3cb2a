/* test_http_parse.c - the HTTP/1.1 parser: every rule, every shape, every cut */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "../support/http_outcome.h"

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H
#define CHUNKED POST "Transfer-Encoding: chunked\r\n\r\n"
#define X10 "xxxxxxxxxx"
#define X50 X10 X10 X10 X10 X10
#define X100 X50 X50

struct parse_case {
	const char *name, *bytes;
	gsize len;
	const char *want;		/* outcome; NULL: "BAD " and the name up to its first space */
};
#define CASE(name, bytes, want) { (name), (bytes), sizeof(bytes) - 1, (want) }
#define BAD(name, bytes) CASE(name, bytes, NULL)
#define PLAIN "1.1 length=0 keep=1 expect=0 {Host: a} []\n"

static const struct parse_case refused[] = {
	/* request line */
	BAD("method empty", " / HTTP/1.1\r\n" H "\r\n"),
	BAD("method first line empty", "\r\n" GET H "\r\n"),
	BAD("method first line only LF", "\n" GET H "\r\n"),
	BAD("method with a slash", "GE/T / HTTP/1.1\r\n" H "\r\n"),
	BAD("method with NUL", "GE\0T / HTTP/1.1\r\n" H "\r\n"),
	BAD("method with a tab behind", "GET\t/ HTTP/1.1\r\n" H "\r\n"),
	BAD("method with a byte above 127", "G\xc3\x84T / HTTP/1.1\r\n" H "\r\n"),
	BAD("method of 21 letters", "ABCDEFGHIJKLMNOPQRSTU / HTTP/1.1\r\n" H "\r\n"),
	BAD("method only, HTTP/0.9 without target", "GET\r\n"),
	BAD("method is a TLS hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
	BAD("target.form two spaces", "GET  / HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form asterisk", "OPTIONS * HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form HTTP/2 preface", "PRI * HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form authority", "CONNECT a:80 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form relative", "GET x HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form https with one slash", "GET https:/xa/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form other scheme", "GET ftp://a/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form absolute without host", "GET http:///x HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form absolute without path", "GET http://a HTTP/1.1\r\n" H "\r\n"),
	BAD("target.form absolute with a user", "GET http://u@a/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.host another host", "GET http://b/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.host another port", "GET http://a:1/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.host host is a prefix", "GET http://aa/ HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte missing version", "GET /\r\n" H "\r\n"),
	BAD("target.byte NUL", "GET /\0 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte tab", "GET /\tHTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte above 127", "GET /\xc3\xa4 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte DEL", "GET /\x7f HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte fragment", "GET /#x HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte quote in query", "GET /?a=\" HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte angle bracket", "GET /?a=<x> HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte backslash in path", "GET /a\\b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte brace in path", "GET /{a} HTTP/1.1\r\n" H "\r\n"),
	BAD("target.byte bare CR", "GET /\rx HTTP/1.1\r\n" H "\r\n"),
	BAD("target.long path", "GET /" X100 X10 X10 X10 " HTTP/1.1\r\n" H "\r\n"),
	BAD("target.long query", "GET /?" X100 X10 X10 X10 " HTTP/1.1\r\n" H "\r\n"),
	BAD("target.long without end", "GET /" X100 X100),
	BAD("target.escape half", "GET /% HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape one digit", "GET /%4 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape no hex", "GET /%4g HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape at the end of the path", "GET /a%4?1 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape NUL", "GET /a%00b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape NUL in query", "GET /?a=%00 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape line break", "GET /a%0d%0aX HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape line break in query", "GET /?a=%0A HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape DEL", "GET /a%7fb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape idle letter", "GET /a%7Ab HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape idle digit", "GET /a%30b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape idle minus", "GET /a%2db HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape idle dot", "GET /a%2Eb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape idle underscore", "GET /%20%5fb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape slash", "GET /a%2fb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape capital slash", "GET /a%2Fb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape backslash", "GET /a%5cb HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape broken UTF-8", "GET /%c3 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape overlong UTF-8", "GET /%c0%af HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape surrogate", "GET /%ed%a0%80 HTTP/1.1\r\n" H "\r\n"),
	BAD("target.escape broken UTF-8 in query", "GET /?a=%ff HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots one", "GET /a/./b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots two", "GET /a/../b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots at the end", "GET /a/.. HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots at the start", "GET /../etc/passwd HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots escaped", "GET /a/%2e%2E/b HTTP/1.1\r\n" H "\r\n"),
	BAD("target.dots in an absolute target", "GET http://a/../b HTTP/1.1\r\n" H "\r\n"),
	BAD("version 0.9", "GET / HTTP/0.9\r\n" H "\r\n"),
	BAD("version 1.2", "GET / HTTP/1.2\r\n" H "\r\n"),
	BAD("version 2.0", "GET / HTTP/2.0\r\n" H "\r\n"),
	BAD("version with many digits", "GET / HTTP/1.99999999999\r\n" H "\r\n"),
	BAD("version with one digit too many", "GET / HTTP/1.10\r\n" H "\r\n"),
	BAD("version in small letters", "GET / http/1.1\r\n" H "\r\n"),
	BAD("version cut", "GET / HTTP/1.\r\n" H "\r\n"),
	BAD("version empty", "GET / \r\n" H "\r\n"),
	BAD("version with a space behind", "GET / HTTP/1.1 \r\n" H "\r\n"),
	BAD("version with a space before", "GET /  HTTP/1.1\r\n" H "\r\n"),
	BAD("version with a comma", "GET / HTTP/1,1\r\n" H "\r\n"),
	BAD("version with words behind", "GET / HTTP/1.1 X: y\r\n" H "\r\n"),
	/* line ends */
	BAD("line.lf after the request line", "GET / HTTP/1.1\n" H "\r\n"),
	BAD("line.lf within the version", "GET / HTTP/\n" H "\r\n"),
	BAD("line.lf after a header", GET "Host: a\n\r\n"),
	BAD("line.lf as the empty line", GET H "\n"),
	BAD("line.lf everywhere", "GET / HTTP/1.1\nHost: a\n\n"),
	BAD("line.cr after the request line", "GET / HTTP/1.1\rHost: a\r\n\r\n"),
	BAD("line.cr twice", "GET / HTTP/1.1\r\r\n" H "\r\n"),
	BAD("line.cr in a value", GET H "A: b\rc\r\n\r\n"),
	BAD("line.cr twice after a header", GET "Host: a\r\r\n\r\n"),
	BAD("line.cr as the empty line", GET H "\rx"),
	/* headers */
	BAD("head.big one value", GET H "A: " X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 "\r\n\r\n"),
	BAD("head.big many values", GET H "A: " X100 X100 X100 "\r\nB: " X100 X100 X100 "\r\nC: " X100 X100 X100
	    "\r\nD: " X100 X100 X100 "\r\n\r\n"),
	BAD("head.big one name", GET H X100 X100 X100 X100 X100 X100 X100 X100 X100 X100 ": b\r\n\r\n"),
	BAD("head.big only spaces", GET H "A:                                                                    "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "
	    "                                                                                               "),
	BAD("header.many", GET H "A:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\nA:6\r\nA:7\r\nA:8\r\nA:9\r\nA:10\r\n\r\n"),
	BAD("header.name empty", GET H ": x\r\n\r\n"),
	BAD("header.name NUL first", GET H "\0A: x\r\n\r\n"),
	BAD("header.name NUL within", GET H "A\0B: x\r\n\r\n"),
	BAD("header.name with a slash", GET H "A/B: x\r\n\r\n"),
	BAD("header.name with a quote", GET H "\"A\": x\r\n\r\n"),
	BAD("header.name with a parenthesis", GET H "A(b): x\r\n\r\n"),
	BAD("header.name above 127", GET H "\xc3\xa4: x\r\n\r\n"),
	BAD("header.name with a control", GET H "A\x0b: x\r\n\r\n"),
	BAD("header.colon missing", GET H "NoColon\r\n\r\n"),
	BAD("header.colon missing before LF", GET H "NoColon\n\r\n"),
	BAD("header.space before the colon", GET "Host : a\r\n\r\n"),
	BAD("header.space tab before the colon", GET H "A\t: b\r\n\r\n"),
	BAD("header.space before the colon of Transfer-Encoding", POST "Transfer-Encoding : chunked\r\n\r\n"),
	BAD("header.space before the colon of Content-Length", POST "Content-Length : 3\r\n\r\nabc"),
	BAD("header.space within a name", GET H "A B: c\r\n\r\n"),
	BAD("header.fold with a space", GET H "A: b\r\n c\r\n\r\n"),
	BAD("header.fold with a tab", GET H "A: b\r\n\tc\r\n\r\n"),
	BAD("header.fold before the first header", GET " " H "\r\n"),
	BAD("header.fold before the empty line", GET H " \r\n\r\n"),
	BAD("header.byte NUL", GET H "A: b\0c\r\n\r\n"),
	BAD("header.byte escape", GET H "A: \x1b[0m\r\n\r\n"),
	BAD("header.byte vertical tab", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n"),
	BAD("header.byte DEL", GET H "A: \x7f\r\n\r\n"),
	BAD("header.byte form feed", GET H "A: \x0c\r\n\r\n"),
	/* Host */
	BAD("host.missing", GET "\r\n"),
	BAD("host.missing with others", GET "Hosts: a\r\n\r\n"),
	BAD("host.missing though the target names it", "GET http://a/ HTTP/1.1\r\n\r\n"),
	BAD("host.twice equal", GET H H "\r\n"),
	BAD("host.twice different", GET H "Host: b\r\n\r\n"),
	BAD("host.twice in other case", GET H "hOST: b\r\n\r\n"),
	BAD("host.twice in HTTP/1.0", "GET / HTTP/1.0\r\n" H H "\r\n"),
	BAD("host.form empty", GET "Host:\r\n\r\n"),
	BAD("host.form with a space", GET "Host: a b\r\n\r\n"),
	BAD("host.form with a comma", GET "Host: a, b\r\n\r\n"),
	BAD("host.form with a slash", GET "Host: a/b\r\n\r\n"),
	BAD("host.form with a user", GET "Host: u@a\r\n\r\n"),
	BAD("host.form with letters as port", GET "Host: a:http\r\n\r\n"),
	BAD("host.form with two ports", GET "Host: a:1:2\r\n\r\n"),
	BAD("host.form only a port", GET "Host: :80\r\n\r\n"),
	BAD("host.form open bracket", GET "Host: [::1\r\n\r\n"),
	BAD("host.form a name of 256 bytes", GET "Host: " X100 X100 X50 "xxxxxx\r\n\r\n"),
	BAD("host.form a port of six digits", GET "Host: a:000080\r\n\r\n"),
	BAD("host.form a port above 65535", GET "Host: a:65536\r\n\r\n"),
	BAD("host.form a bracket as a name", GET "Host: [:80\r\n\r\n"),
	BAD("host.form one byte too much in the bracket", GET "Host: [ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.2550]\r\n\r\n"),
	BAD("host.form too much in the bracket", GET "Host: [" X50 X50 "::1]\r\n\r\n"),
	BAD("host.form letters in the bracket", GET "Host: [::g]\r\n\r\n"),
	BAD("host.form text behind the bracket", GET "Host: [::1]x\r\n\r\n"),
	BAD("host.form above 127", GET "Host: \xc3\xa4\r\n\r\n"),
	/* framing */
	BAD("length.twice equal", POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
	BAD("length.twice different", POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"),
	BAD("length.form list", POST "Content-Length: 3, 3\r\n\r\nabc"),
	BAD("length.form plus", POST "Content-Length: +3\r\n\r\nabc"),
	BAD("length.form minus", POST "Content-Length: -3\r\n\r\nabc"),
	BAD("length.form hex", POST "Content-Length: 0x3\r\n\r\nabc"),
	BAD("length.form fraction", POST "Content-Length: 3.0\r\n\r\nabc"),
	BAD("length.form exponent", POST "Content-Length: 3e0\r\n\r\nabc"),
	BAD("length.form empty", POST "Content-Length:\r\n\r\n"),
	BAD("length.form word", POST "Content-Length: three\r\n\r\nabc"),
	BAD("length.form quoted", POST "Content-Length: \"3\"\r\n\r\nabc"),
	BAD("length.form with a space within", POST "Content-Length: 3 3\r\n\r\nabc"),
	BAD("length.form beyond 64 bits", POST "Content-Length: 18446744073709551619\r\n\r\nabc"),
	BAD("length.form above 127 digits", POST "Content-Length: \xd9\xa3\r\n\r\nabc"),
	BAD("length.coding", POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	BAD("length.coding the other way", POST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"),
	BAD("length.coding with identity", POST "Transfer-Encoding: identity\r\nContent-Length: 3\r\n\r\nabc"),
	BAD("coding.twice equal", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	BAD("coding.twice different", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n"),
	BAD("coding.other identity", POST "Transfer-Encoding: identity\r\n\r\n"),
	BAD("coding.other gzip before", POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"),
	BAD("coding.other identity behind", POST "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n"),
	BAD("coding.other chunked twice", POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n"),
	BAD("coding.other letter before", POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n"),
	BAD("coding.other parameter", POST "Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n"),
	BAD("coding.other comma behind", POST "Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n"),
	BAD("coding.other quoted", POST "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n"),
	BAD("coding.other empty", POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n"),
	BAD("coding.old", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
	BAD("expect something else", POST "Expect: 200-ok\r\n\r\n"),
	BAD("expect a list", POST "Expect: 100-continue, x\r\n\r\n"),
};

/* The head is fine; what is refused comes after it. */
static const struct parse_case refused_body[] = {
	BAD("body.big announced", POST "Content-Length: 65\r\n\r\n"),
	BAD("body.big announced beyond 32 bits", POST "Content-Length: 4294967297\r\n\r\n"),
	BAD("body.big announced with 18 digits", POST "Content-Length: 999999999999999999\r\n\r\n"),
	BAD("body.big one chunk", CHUNKED "41\r\n"),
	BAD("body.big a huge chunk", CHUNKED "ffffffff\r\n"),
	BAD("body.big many chunks", CHUNKED "20\r\n" X10 X10 X10 "xx\r\n20\r\n" X10 X10 X10 "xx\r\n1\r\n"),
	BAD("chunk.size empty", CHUNKED "\r\n"),
	BAD("chunk.size plus", CHUNKED "+3\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size minus", CHUNKED "-1\r\n"),
	BAD("chunk.size 0x", CHUNKED "0x3\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size space before", CHUNKED " 3\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size space behind", CHUNKED "3 \r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size tab behind", CHUNKED "3\t\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size no hex", CHUNKED "g\r\n"),
	BAD("chunk.size NUL", CHUNKED "3\0\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size nine digits", CHUNKED "000000003\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size beyond 64 bits", CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.size underscore", CHUNKED "1_0\r\n"),
	BAD("chunk.size only LF", CHUNKED "3\nabc\r\n0\r\n\r\n"),
	BAD("chunk.extension", CHUNKED "3;a=b\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.extension empty", CHUNKED "3;\r\nabc\r\n0\r\n\r\n"),
	BAD("chunk.extension with LF", CHUNKED "3;a\nabc\r\n0\r\n\r\n"),
	BAD("chunk.extension at the last chunk", CHUNKED "0;a=b\r\n\r\n"),
	BAD("line.cr in a size", CHUNKED "3\rabc\r\n0\r\n\r\n"),
	BAD("line.cr after the last chunk", CHUNKED "0\r\n\rx"),
	BAD("chunk.end longer than its size", CHUNKED "3\r\nabcd\r\n0\r\n\r\n"),
	BAD("chunk.end without CRLF", CHUNKED "3\r\nabc0\r\n\r\n"),
	BAD("chunk.end only LF", CHUNKED "3\r\nabc\n0\r\n\r\n"),
	BAD("chunk.end only CR", CHUNKED "3\r\nabc\r0\r\n\r\n"),
	BAD("chunk.trailer", CHUNKED "3\r\nabc\r\n0\r\nA: b\r\n\r\n"),
	BAD("chunk.trailer smuggling Content-Length", CHUNKED "0\r\nContent-Length: 5\r\n\r\n"),
	BAD("chunk.trailer only LF", CHUNKED "0\r\n\n"),
};

static const struct parse_case taken[] = {
	CASE("the smallest", GET H "\r\n", "GET / " PLAIN),
	CASE("no space after the colon", GET "Host:a\r\n\r\n", "GET / " PLAIN),
	CASE("spaces and tabs around a value", GET "Host: \t a \t \r\n\r\n", "GET / " PLAIN),
	CASE("an empty value", GET H "A:\r\nB: \r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {A: } {B: } []\n"),
	CASE("spaces within a value", GET H "A: b \t c\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {A: b \t c} []\n"),
	CASE("a value above 127", GET H "A: \xc3\xa4\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {A: \xc3\xa4} []\n"),
	CASE("a path and a query", "GET /a/b?c=d&e HTTP/1.1\r\n" H "\r\n", "GET /a/b?c=d&e " PLAIN),
	CASE("an escaped path", "GET /%C3%A4%20b HTTP/1.1\r\n" H "\r\n", "GET /\xc3\xa4 b " PLAIN),
	CASE("a plus in a path stays", "GET /a+b HTTP/1.1\r\n" H "\r\n", "GET /a+b " PLAIN),
	CASE("an escaped percent is decoded once", "GET /%252e%252e/ HTTP/1.1\r\n" H "\r\n", "GET /%2e%2e/ " PLAIN),
	CASE("dots that are names", "GET /.../a..b/.c/d. HTTP/1.1\r\n" H "\r\n", "GET /.../a..b/.c/d. " PLAIN),
	CASE("dots and slashes in a query", "GET /?a=../%2f HTTP/1.1\r\n" H "\r\n", "GET /?a=../%2f " PLAIN),
	CASE("two question marks", "GET /?a?b HTTP/1.1\r\n" H "\r\n", "GET /?a?b " PLAIN),
	CASE("a query as browsers send it", "GET /?a={b}|[c]^`\\ HTTP/1.1\r\n" H "\r\n", "GET /?a={b}|[c]^`\\ " PLAIN),
	CASE("escaped brackets", "GET /a%5Bb%5d HTTP/1.1\r\n" H "\r\n", "GET /a[b] " PLAIN),
	CASE("the longest name", GET "Host: " X100 X100 X50 "xxxxx\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: " X100 X100 X50 "xxxxx} []\n"),
	CASE("the biggest port", GET "Host: a:65535\r\n\r\n", "GET / 1.1 length=0 keep=1 expect=0 {Host: a:65535} []\n"),
	CASE("the longest address", GET "Host: [ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: [ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]} []\n"),
	CASE("the first and the last byte that can be seen", "GET /!~ HTTP/1.1\r\n" H "A: !~\r\n\r\n",
	     "GET /!~ 1.1 length=0 keep=1 expect=0 {Host: a} {A: !~} []\n"),
	CASE("a plus beside an escape stays", "GET /a+b%20c HTTP/1.1\r\n" H "\r\n", "GET /a+b c " PLAIN),
	CASE("an absolute target and no host in HTTP/1.0", "GET http://b/c HTTP/1.0\r\n\r\n",
	     "GET /c 1.0 length=0 keep=0 expect=0 []\n"),
	CASE("a header as long as Host", GET H "Date: b\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {Date: b} []\n"),
	CASE("double slashes", "GET //a//b HTTP/1.1\r\n" H "\r\n", "GET //a//b " PLAIN),
	CASE("an absolute target", "GET http://a/b?c HTTP/1.1\r\n" H "\r\n", "GET /b?c " PLAIN),
	CASE("an absolute https target in capitals", "GET HTTPS://A/b HTTP/1.1\r\n" H "\r\n", "GET /b " PLAIN),
	CASE("the longest target", "GET /" X100 X10 X10 "xxxxxxx HTTP/1.1\r\n" H "\r\n",
	     "GET /" X100 X10 X10 "xxxxxxx " PLAIN),
	CASE("the most headers", GET H "A:1\r\nA:2\r\nA:3\r\nA:4\r\nA:5\r\nA:6\r\nA:7\r\nA:8\r\nA:9\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {A: 1} {A: 2} {A: 3} {A: 4} {A: 5} {A: 6} {A: 7} "
	     "{A: 8} {A: 9} []\n"),
	CASE("a method of our own", "M-SEARCH / HTTP/1.1\r\n" H "\r\n", "M-SEARCH / " PLAIN),
	CASE("a host with a port", GET "Host: a.example:8420\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a.example:8420} []\n"),
	CASE("a host in brackets", GET "Host: [2001:db8::1]:80\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: [2001:db8::1]:80} []\n"),
	CASE("HTTP/1.0 without host closes", "GET / HTTP/1.0\r\n\r\n", "GET / 1.0 length=0 keep=0 expect=0 []\n"),
	CASE("HTTP/1.0 kept alive", "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n",
	     "GET / 1.0 length=0 keep=1 expect=0 {Connection: Keep-Alive} []\n"),
	CASE("HTTP/1.1 closed", GET H "Connection: x, Close ,y\r\n\r\n",
	     "GET / 1.1 length=0 keep=0 expect=0 {Host: a} {Connection: x, Close ,y} []\n"),
	CASE("close wins over keep-alive", GET H "Connection: keep-alive\r\nConnection: close\r\n\r\n",
	     "GET / 1.1 length=0 keep=0 expect=0 {Host: a} {Connection: keep-alive} {Connection: close} []\n"),
	CASE("a word with close in it", GET H "Connection: closed\r\n\r\n",
	     "GET / 1.1 length=0 keep=1 expect=0 {Host: a} {Connection: closed} []\n"),
	CASE("a body", POST "Content-Length: 3\r\n\r\nabc",
	     "POST / 1.1 length=3 keep=1 expect=0 {Host: a} {Content-Length: 3} [abc]\n"),
	CASE("a body of no bytes", POST "Content-Length: 0\r\n\r\n",
	     "POST / 1.1 length=0 keep=1 expect=0 {Host: a} {Content-Length: 0} []\n"),
	CASE("zeros before a length", POST "Content-Length: 0003\r\n\r\nabc",
	     "POST / 1.1 length=3 keep=1 expect=0 {Host: a} {Content-Length: 0003} [abc]\n"),
	CASE("a body that looks like a request", POST "Content-Length: 18\r\n\r\nGET / HTTP/1.1\r\n\r\n",
	     "POST / 1.1 length=18 keep=1 expect=0 {Host: a} {Content-Length: 18} [GET / HTTP/1.1\r\n\r\n]\n"),
	CASE("an expectation", POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx",
	     "POST / 1.1 length=1 keep=1 expect=1 {Host: a} {Expect: 100-Continue} {Content-Length: 1} [x]\n"),
	CASE("HTTP/1.0 expects nothing", "GET / HTTP/1.0\r\nExpect: x\r\n\r\n",
	     "GET / 1.0 length=0 keep=0 expect=0 {Expect: x} []\n"),
	CASE("chunks", CHUNKED "3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
	     "POST / 1.1 length=-1 keep=1 expect=0 {Host: a} {Transfer-Encoding: chunked} [abc0123456789]\n"),
	CASE("no chunks", CHUNKED "0\r\n\r\n",
	     "POST / 1.1 length=-1 keep=1 expect=0 {Host: a} {Transfer-Encoding: chunked} []\n"),
	CASE("chunk sizes with zeros", CHUNKED "00000003\r\nabc\r\n00\r\n\r\n",
	     "POST / 1.1 length=-1 keep=1 expect=0 {Host: a} {Transfer-Encoding: chunked} [abc]\n"),
	CASE("CHUNKED in capitals", POST "Transfer-Encoding: CHUNKED\r\n\r\n1\r\nx\r\n0\r\n\r\n",
	     "POST / 1.1 length=-1 keep=1 expect=0 {Host: a} {Transfer-Encoding: CHUNKED} [x]\n"),
	CASE("the biggest body", POST "Content-Length: 64\r\n\r\n" X50 X10 "abcd",
	     "POST / 1.1 length=64 keep=1 expect=0 {Host: a} {Content-Length: 64} [" X50 X10 "abcd]\n"),
	CASE("three in a row", GET H "\r\n" POST "Content-Length: 2\r\n\r\nxy" GET H "\r\n",
	     "GET / " PLAIN "POST / 1.1 length=2 keep=1 expect=0 {Host: a} {Content-Length: 2} [xy]\n" "GET / " PLAIN),
	CASE("names that only look like framing", POST "Content_Length: 3\r\nX-Transfer-Encoding: chunked\r\n\r\n",
	     "POST / 1.1 length=0 keep=1 expect=0 {Host: a} {Content_Length: 3} {X-Transfer-Encoding: chunked} []\n"),
	CASE("half a head is awaited", GET "Ho", ""),
	CASE("half a body is awaited", POST "Content-Length: 3\r\n\r\nab",
	     "POST / 1.1 length=3 keep=1 expect=0 {Host: a} {Content-Length: 3} [ab"),
};

static void check_case(const struct parse_case *c, gboolean whole_outcome)
{
	g_autofree char *got = outcome_of(c->bytes, c->len, NULL);
	g_autofree char *word = g_strndup(c->name, strcspn(c->name, " "));
	g_autofree char *bad = g_strconcat("BAD ", word, NULL);

	if (c->want ? strcmp(got, c->want) : whole_outcome ? strcmp(got, bad) : !g_str_has_suffix(got, bad))
		fail_msg("%s: got \"%s\", want \"%s\"", c->name, got, c->want ? c->want : bad);
}

static void parser_names_the_rule_a_head_breaks(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
		check_case(&refused[i], TRUE);
}

static void parser_names_the_rule_a_body_breaks(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(refused_body); i++)
		check_case(&refused_body[i], FALSE);
}

static void parser_takes_what_is_allowed(void **state)
{
	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(taken); i++)
		check_case(&taken[i], TRUE);
}

static void check_cut(const struct parse_case *c, const char *whole, const guint8 *cuts)
{
	g_autofree char *got = outcome_of(c->bytes, c->len, cuts);

	if (strcmp(got, whole))
		fail_msg("%s, cut at %u: got \"%s\", whole \"%s\"", c->name, cuts[0], got, whole);
}

static void check_cuts(const struct parse_case *cases, gsize n)
{
	for (gsize i = 0; i < n; i++) {
		g_autofree char *whole = outcome_of(cases[i].bytes, cases[i].len, NULL);

		check_cut(&cases[i], whole, (const guint8[]){ 1, 0 });
		for (gsize at = 1; at < MIN(cases[i].len, 255); at++)
			check_cut(&cases[i], whole, (const guint8[]){ at, 255, 0 });
	}
}

static void outcome_does_not_depend_on_how_bytes_are_cut(void **state)
{
	(void)state;
	check_cuts(refused, G_N_ELEMENTS(refused));
	check_cuts(refused_body, G_N_ELEMENTS(refused_body));
	check_cuts(taken, G_N_ELEMENTS(taken));
}

/* Every rule of the parser's is broken by a case above, and answered with a 4xx. */
static void every_rule_has_a_case(void **state)
{
	(void)state;
	for (int rule = 1; rule < HG_RULE_ROUTE; rule++) {
		const struct hg_http_rule_text *text = hg_http_rule_text(rule);
		gboolean found = FALSE;

		assert_in_range(text->status, 400, 499);
		for (gsize i = 0; i < G_N_ELEMENTS(refused); i++)
			found |= g_str_has_prefix(refused[i].name, text->word);
		for (gsize i = 0; i < G_N_ELEMENTS(refused_body); i++)
			found |= g_str_has_prefix(refused_body[i].name, text->word);
		if (!found)
			fail_msg("no case breaks %s", text->word);
	}
}

static void nothing_is_read_after_a_broken_rule(void **state)
{
	static const char bytes[] = "GET / HTTP/1.1\r\n\r\n" GET H "\r\n";
	g_autofree char *got = outcome_of(bytes, sizeof(bytes) - 1, NULL);

	(void)state;
	assert_string_equal(got, "BAD host.missing");
}

static void escapes_are_decoded_or_refused(void **state)
{
	static const struct { const char *in; gsize len; gboolean plus; const char *out; } cases[] = {
		{ "", 0, FALSE, "" }, { "abc", 3, FALSE, "abc" }, { "abc", 2, FALSE, "ab" }, { "%41%5a%7e", 9, FALSE, "AZ~" },
		{ "%c3%A9", 6, FALSE, "\xc3\xa9" }, { "a+b", 3, FALSE, "a+b" }, { "a+b", 3, TRUE, "a b" }, { "%2B", 3, TRUE, "+" },
		{ "%20", 3, FALSE, " " }, { "%7F", 3, FALSE, NULL }, { "%1f", 3, FALSE, NULL }, { "%00", 3, FALSE, NULL },
		{ "\x1f", 1, FALSE, NULL }, { "\x7f", 1, FALSE, NULL }, { "%", 1, FALSE, NULL }, { "%4", 2, FALSE, NULL },
		{ "%41", 2, FALSE, NULL }, { "%4g", 3, FALSE, NULL }, { "%g4", 3, FALSE, NULL }, { "%%41", 4, FALSE, NULL },
		{ "%c3", 3, FALSE, NULL }, { "\xff", 1, FALSE, NULL }, { "%c3%A9x", 4, FALSE, NULL },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		char out[16];

		memset(out, 'x', sizeof(out));
		if (hg_http_unescape(cases[i].in, cases[i].len, cases[i].plus, out) != !!cases[i].out ||
		    (cases[i].out && strcmp(out, cases[i].out)))
			fail_msg("case %zu \"%s\": \"%s\"", i, cases[i].in, out);
	}
}

static void lists_are_read_by_element(void **state)
{
	static const struct { const char *list, *word; gboolean want; } cases[] = {
		{ "close", "close", TRUE }, { "a, close", "close", TRUE }, { " close ,b", "close", TRUE },
		{ "CLOSE", "close", TRUE }, { "closed", "close", FALSE }, { "", "close", FALSE },
		{ ",,close,,", "close", TRUE }, { ", \t,close", "close", TRUE }, { " ", "close", FALSE },
		{ "clone", "close", FALSE }, { "clone,close", "close", TRUE }, { "clo,se", "close", FALSE }, { "\tclose\t", "close", TRUE },
	};

	(void)state;
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++)
		if (hg_http_list_has(cases[i].list, cases[i].word) != cases[i].want)
			fail_msg("\"%s\": want %d", cases[i].list, cases[i].want);
}

/* Offsets have 16 bits: a limit that is set higher is none. */
static void a_head_is_never_longer_than_its_offsets_reach(void **state)
{
	static const struct hg_http_limits wide = { .head = 1 << 20, .target = 1 << 20, .headers = 1000 };
	struct hg_http_parser parser;
	g_autoptr(GString) head = g_string_new(GET H "A: ");
	gsize used;

	(void)state;
	while (head->len < HG_HTTP_HEAD_MAX - 4)
		g_string_append_c(head, 'x');
	g_string_append(head, "\r\n\r\n");
	hg_http_parser_init(&parser, &wide);
	assert_int_equal(hg_http_parse(&parser, head->str, head->len, &used, NULL), HG_HTTP_HEAD);
	assert_int_equal(used, HG_HTTP_HEAD_MAX);
	hg_http_parser_reset(&parser);
	g_string_insert_c(head, 30, 'x');
	assert_int_equal(hg_http_parse(&parser, head->str, head->len, &used, NULL), HG_HTTP_BAD);
	assert_int_equal(parser.rule, HG_RULE_HEAD_BIG);
	hg_http_parser_reset(&parser);
	g_string_assign(head, GET H);
	for (int i = 0; i < 1000; i++)
		g_string_append(head, "A:\r\n");
	assert_int_equal(hg_http_parse(&parser, head->str, head->len, &used, NULL), HG_HTTP_BAD);
	assert_int_equal(parser.rule, HG_RULE_HEADER_MANY);
	assert_int_equal(parser.n_headers, HG_HTTP_HEADERS_MAX);
	hg_http_parser_done(&parser);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(parser_names_the_rule_a_head_breaks),
		cmocka_unit_test(parser_names_the_rule_a_body_breaks),
		cmocka_unit_test(parser_takes_what_is_allowed),
		cmocka_unit_test(outcome_does_not_depend_on_how_bytes_are_cut),
		cmocka_unit_test(every_rule_has_a_case),
		cmocka_unit_test(nothing_is_read_after_a_broken_rule),
		cmocka_unit_test(escapes_are_decoded_or_refused),
		cmocka_unit_test(lists_are_read_by_element),
		cmocka_unit_test(a_head_is_never_longer_than_its_offsets_reach),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
