#!/usr/bin/python3
"""Switches off one rule of the HTTP reader after another: the corpus has to notice each.

usage: HEADGATE_BUILD=DIR tests/tools/http_rules_off.py [WORD]

Each change below is made in a copy of http_parse.c or http_head.c, and test_http_corpus is linked with it.  A change
that no case notices is a rule without a test.  With WORD only the changes that have it in their name."""
import os
import pathlib
import subprocess
import sys
import tempfile

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEADGATE_BUILD", TOP / "build" / "check"))
sys.path.insert(0, str(TOP / "tests" / "functional"))
PARSE, HEAD = "http_parse.c", "http_head.c"

# name of what is no longer refused, file, text there, what stands there instead
OFF = [
    ("method: other bytes than a token's", PARSE, "METHOD_MAX - p->run), TOKEN)", "METHOD_MAX - p->run), TARGET | TOKEN)"),
    ("method: none", PARSE, "if (bytes[n] != ' ' || !p->run)", "if (bytes[n] != ' ')"),
    ("method: longer than 20", PARSE, "#define METHOD_MAX 20", "#define METHOD_MAX 21"),
    ("method: another mark than a space behind it", PARSE, "if (bytes[n] != ' ' || !p->run)", "if ((bytes[n] != ' ' && bytes[n] != '\\t') || !p->run)"),
    ("target: none", PARSE, "if (bytes[n] == ' ' && p->run)", "if (bytes[n] == ' ')"),
    ("target: quotes and the like", PARSE, 'if (visible && !strchr("\\"<>#", c))', "if (visible)"),
    ("target: bytes above 127", PARSE, 'if (visible && !strchr("\\"<>#", c))', 'if ((visible && !strchr("\\"<>#", c)) || c >= 0x80)'),
    ("target: control bytes", PARSE, 'if (visible && !strchr("\\"<>#", c))', 'if ((visible && !strchr("\\"<>#", c)) || c == 0 || c == 0x1b || c == 0x7f)'),
    ("target: too long by one", PARSE, "MIN(len, p->limits.target - p->run), TARGET)", "MIN(len, p->limits.target + 1 - p->run), TARGET)"),
    ("version: other protocols", PARSE, 'memcmp(p->seen, "HTTP/1.", 7)', 'memcmp(p->seen + 4, "/1.", 3)'),
    ("version: small letters", PARSE, 'memcmp(p->seen, "HTTP/1.", 7)', 'g_ascii_strncasecmp(p->seen, "HTTP/1.", 7)'),
    ("version: other numbers", PARSE, "(p->seen[7] != '0' && p->seen[7] != '1'))", "FALSE)"),
    ("version: shorter", PARSE, "p->run != sizeof(p->seen) || memcmp(p->seen, \"HTTP/1.\", 7)", "memcmp(p->seen, \"HTTP/1.\", p->run < 6 ? p->run : 6)"),
    ("version: longer", PARSE, "if (p->run < sizeof(p->seen) && bytes[0] != '\\r' && bytes[0] != '\\n') {", "if (p->run == sizeof(p->seen) && bytes[0] != '\\r' && bytes[0] != '\\n')\n\t\treturn 1;\n\tif (p->run < sizeof(p->seen) && bytes[0] != '\\r' && bytes[0] != '\\n') {"),
    ("line: LF ends the request line", PARSE, "if (bytes[0] == '\\n')\n\t\treturn bad(p, HG_RULE_LINE_LF);\n\tif (bytes[0] != '\\r' ||", "if (bytes[0] == '\\n')\n\t\treturn p->minor = 1, move(p, HG_HTTP_IN_LINE, 1);\n\tif (bytes[0] != '\\r' ||"),
    ("line: LF ends a header", PARSE, "if (bytes[n] != '\\r')\n\t\treturn bad(p, bytes[n] == '\\n' ? HG_RULE_LINE_LF : HG_RULE_HEADER_BYTE);", "if (bytes[n] == '\\n')\n\t\treturn end_string(p), p->n_headers++, move(p, HG_HTTP_IN_LINE, n + 1);\n\tif (bytes[n] != '\\r')\n\t\treturn bad(p, HG_RULE_HEADER_BYTE);"),
    ("line: LF ends the head", PARSE, "case '\\n':\n\t\treturn bad(p, HG_RULE_LINE_LF);\n\tcase ' ':", "case '\\n':\n\t\treturn move(p, HG_HTTP_IN_HEAD_LF, 0);\n\tcase ' ':"),
    ("line: any byte behind CR", PARSE, "return bytes[0] == '\\n' ? move(p, HG_HTTP_IN_LINE, 1) : bad(p, HG_RULE_LINE_CR);", "return move(p, HG_HTTP_IN_LINE, bytes[0] == '\\n');"),
    ("line: any byte behind the CR of the head", PARSE, "if (bytes[0] != '\\n')\n\t\treturn bad(p, HG_RULE_LINE_CR);\n\trule", "rule"),
    ("line: any byte behind the CR of a chunk size", PARSE, "if (bytes[0] != '\\n')\n\t\treturn bad(p, HG_RULE_LINE_CR);\n\tif (p->left", "if (p->left"),
    ("line: any byte behind the CR of the last chunk", PARSE, "return expect(p, bytes[0], '\\n', HG_HTTP_AT_END, HG_RULE_LINE_CR);", "return move(p, HG_HTTP_AT_END, 1);"),
    ("header: a fold", PARSE, "return bad(p, HG_RULE_HEADER_FOLD);", "return 1;"),
    ("header: other bytes first in a name", PARSE, "if (!(p->classes[(guint8)bytes[0]] & TOKEN))", "if (bytes[0] == ':')"),
    ("header: other bytes in a name", PARSE, "gsize n = keep_class(p, bytes, len, TOKEN);\n\n\tif (n == len)\n\t\treturn n;\n\tswitch", "gsize n = keep_class(p, bytes, len, TOKEN);\n\n\tif (n < len && !strchr(\": \\t\\r\\n\", bytes[n] ? bytes[n] : 'x'))\n\t\treturn n + 1;\n\tif (n == len)\n\t\treturn n;\n\tswitch"),
    ("header: no name", PARSE, "if (!(p->classes[(guint8)bytes[0]] & TOKEN))", "if (bytes[0] != ':' && !(p->classes[(guint8)bytes[0]] & TOKEN))"),
    ("header: a space before the colon", PARSE, "return bad(p, HG_RULE_HEADER_SPACE);", "return n + 1;"),
    ("header: no colon", PARSE, "return bad(p, HG_RULE_HEADER_COLON);", "return end_string(p), p->headers[p->n_headers++].value = p->text_len, end_string(p), move(p, HG_HTTP_IN_LINE_LF, n + 1);"),
    ("header: too many", PARSE, "if (p->n_headers == p->limits.headers)\n\t\treturn bad(p, HG_RULE_HEADER_MANY);", "if (p->n_headers == p->limits.headers)\n\t\tp->n_headers--;"),
    ("header: control bytes in a value", PARSE, "if (visible || c == ' ' || c == '\\t' || c >= 0x80)", "if (c != '\\r' && c != '\\n')"),
    ("header: DEL in a value", PARSE, "if (visible || c == ' ' || c == '\\t' || c >= 0x80)", "if (visible || c == ' ' || c == '\\t' || c >= 0x7f)"),
    ("head: too big", PARSE, "gsize room = MIN(len, p->limits.head - p->wire), n = 0;", "gsize room = MIN(len, 2 * p->limits.head - p->wire), n = 0;"),
    ("host: none", HEAD, "return p->minor ? HG_RULE_HOST_MISSING : HG_RULE_NONE;", "return HG_RULE_NONE;"),
    ("host: two", HEAD, "slot = &f->host, twice = HG_RULE_HOST_TWICE;", "slot = &f->host, f->host = NULL;"),
    ("host: any form", HEAD, "return is_authority(host, strlen(host)) ? HG_RULE_NONE : HG_RULE_HOST_FORM;", "return HG_RULE_NONE;"),
    ("host: nothing in it", HEAD, "return n > 0;\n\treturn text[n]", "return TRUE;\n\treturn text[n]"),
    ("host: anything in brackets", HEAD, "inet_pton(AF_INET6, copy, &address) == 1 ?", "inet_pton(AF_INET6, copy, &address) >= 0 ?"),
    ("host: a long name", HEAD, "return n <= HOST_MAX ? n : 0;", "return n;"),
    ("host: a port of other bytes", HEAD, "if (!g_ascii_isdigit(text[i]) || i == 5)", "if (i == 5)"),
    ("host: a long port", HEAD, "|| i == 5)", ")"),
    ("host: a big port", HEAD, "return port <= G_MAXUINT16;", "return TRUE;"),
    ("host: anything behind it", HEAD, "return text[n] == ':' && is_port(text + n + 1, len - n - 1);", "return TRUE;"),
    ("length: two", HEAD, "slot = &f->length, twice = HG_RULE_LENGTH_TWICE;", "slot = &f->length, f->length = NULL;"),
    ("length: what is behind the digits", HEAD, "return n && !text[n] ?", "return n ?"),
    ("length: none in it", HEAD, "return n && !text[n] ?", "return !text[n] ?"),
    ("length: more digits", HEAD, "#define LENGTH_DIGITS 18", "#define LENGTH_DIGITS 20"),
    ("length: a sign", HEAD, "for (p->length = 0; g_ascii", "for (text += *text == '+', p->length = 0; g_ascii"),
    ("length: with a coding", HEAD, "if (f->coding && f->length)", "if (FALSE)"),
    ("coding: two", HEAD, "slot = &f->coding, twice = HG_RULE_CODING_TWICE;", "slot = &f->coding, f->coding = NULL;"),
    ("coding: another", HEAD, 'if (g_ascii_strcasecmp(f->coding, "chunked"))\n\t\treturn HG_RULE_CODING_OTHER;', ""),
    ("coding: one that begins with chunked", HEAD, 'g_ascii_strcasecmp(f->coding, "chunked")', 'g_ascii_strncasecmp(f->coding, "chunked", 7)'),
    ("coding: one that has chunked in it", HEAD, 'g_ascii_strcasecmp(f->coding, "chunked")', 'hg_http_list_has(f->coding, "chunked") == FALSE'),
    ("coding: in HTTP/1.0", HEAD, "if (!p->minor)\n\t\treturn HG_RULE_CODING_OLD;", ""),
    ("coding: in capitals is another", HEAD, 'g_ascii_strcasecmp(f->coding, "chunked")', 'strcmp(f->coding, "chunked")'),
    ("expect: anything", HEAD, "return HG_RULE_EXPECT;", "return HG_RULE_NONE;"),
    ("expect: anything in HTTP/1.0 is refused", HEAD, '"Expect") && p->minor)', '"Expect"))'),
    ("body: announced too big", PARSE, "(guint64)p->length <= max_body)", "TRUE)"),
    ("body: chunks too big", PARSE, "if (p->left > p->max_body - p->body)", "if (FALSE)"),
    ("body: chunks too big together", PARSE, "if (p->left > p->max_body - p->body)", "if (p->left > p->max_body)"),
    ("chunk: no size", PARSE, "if (!p->run || digit >= 0)", "if (digit >= 0)"),
    ("chunk: nine digits", PARSE, "#define SIZE_DIGITS 8", "#define SIZE_DIGITS 9"),
    ("chunk: a space behind the size", PARSE, "if (!p->run || digit >= 0)", "if (p->run && bytes[0] == ' ')\n\t\treturn 1;\n\tif (!p->run || digit >= 0)"),
    ("chunk: a sign before the size", PARSE, "if (!p->run || digit >= 0)", "if (!p->run && bytes[0] == '+')\n\t\treturn 1;\n\tif (!p->run || digit >= 0)"),
    ("chunk: LF behind the size", PARSE, "return bytes[0] == '\\r' ? move(p, HG_HTTP_IN_SIZE_LF, 1) :", "if (bytes[0] == '\\n')\n\t\treturn move(p, HG_HTTP_IN_SIZE_LF, 0);\n\treturn bytes[0] == '\\r' ? move(p, HG_HTTP_IN_SIZE_LF, 1) :"),
    ("chunk: an extension", PARSE, "return bad(p, HG_RULE_CHUNK_EXTENSION);", "{\n\t\tp->seen[0] = 0;\n\t\treturn 1;\n\t}"),
    ("chunk: anything behind it for CR", PARSE, "return expect(p, bytes[0], '\\r', HG_HTTP_IN_CHUNK_LF, HG_RULE_CHUNK_END);", "return move(p, HG_HTTP_IN_CHUNK_LF, bytes[0] == '\\r');"),
    ("chunk: anything behind it for LF", PARSE, "return expect(p, bytes[0], '\\n', HG_HTTP_IN_SIZE, HG_RULE_CHUNK_END);", "return move(p, HG_HTTP_IN_SIZE, bytes[0] == '\\n');"),
    ("chunk: a trailer", PARSE, "return expect(p, bytes[0], '\\r', HG_HTTP_IN_LAST_LF, HG_RULE_CHUNK_TRAILER);", "return bytes[0] == '\\r' ? move(p, HG_HTTP_IN_LAST_LF, 1) : 1;"),
    ("target: another host than Host", HEAD, "return HG_RULE_TARGET_HOST;", "return HG_RULE_NONE;"),
    ("target: a host that begins as Host", HEAD, "strlen(host) != len || g_ascii_strncasecmp", "g_ascii_strncasecmp"),
    ("target: a tunnel to a path", HEAD, 'if (!strcmp(p->text, "CONNECT"))', "if (FALSE)"),
    ("target: any scheme", HEAD, 'return g_ascii_strncasecmp(target, "https://", 8) ? 0 : 8;', 'return strstr(target, "://") ? (gsize)(strstr(target, "://") - target) + 3 : 0;'),
    ("target: an URL without a path", HEAD, "if ((*target)[scheme + len] != '/' ||", "if ((*target)[scheme + len] == '?' ||"),
    ("target: any host in an URL", HEAD, "|| !is_authority(*target + scheme, len))", ")"),
    ("target: any byte in a path", HEAD, "if (!is_path_byte(raw[i]))", "if (FALSE)"),
    ("escape: a slash", HEAD, "if (has_escaped_slash(raw) || ", "if ("),
    ("escape: a backslash", HEAD, '|| !g_ascii_strncasecmp(raw, "%5c", 3)', ""),
    ("escape: half of one", HEAD, "if (low < 0)\n\t\t\t\treturn FALSE;\n\t\t\tc = (char)(high << 4 | low);\n\t\t\ti += 2;", "if (low >= 0) {\n\t\t\t\tc = (char)(high << 4 | low);\n\t\t\t\ti += 2;\n\t\t\t}"),
    ("escape: a control byte", HEAD, "if (is_control(c))\n\t\t\treturn FALSE;", ""),
    ("escape: DEL", HEAD, "return c < 0x20 || c == 0x7f;", "return c < 0x20;"),
    ("escape: no UTF-8", HEAD, "return g_utf8_validate(out, at - out, NULL);", "return TRUE;"),
    ("escape: anything in the query", HEAD, "if (!is_query(p, query))", "if (FALSE)"),
    ("escape: what needs none", HEAD, "return has_idle_escape(raw) ? HG_RULE_TARGET_ESCAPE : HG_RULE_NONE;", "return HG_RULE_NONE;"),
    ("dots: any", HEAD, "if (has_dot_segment(p->text + p->path))", "if (FALSE)"),
    ("dots: escaped ones", HEAD, "if (has_dot_segment(p->text + p->path))", "if (has_dot_segment(raw))"),
    ("dots: a single one", HEAD, "(n == 1 && at[1] == '.') || ", ""),
    ("dots: two", HEAD, "|| (n == 2 && at[1] == '.' && at[2] == '.')", ""),
    ("connection: close is not heard", HEAD, 'f->close |= hg_http_list_has(value, "close");', ""),
    ("connection: only the last one counts", HEAD, 'f->close |= hg_http_list_has(value, "close");', 'f->close = hg_http_list_has(value, "close");'),
    ("connection: HTTP/1.0 stays open", HEAD, "p->keep_alive = !f.close && (p->minor || f.keep);", "p->keep_alive = !f.close;"),
    ("connection: keep-alive is not heard", HEAD, "(p->minor || f.keep)", "(p->minor)"),
    ("connection: words that begin with close", HEAD, "if (n == want && !g_ascii_strncasecmp(list - n, word, n))", "if (n >= want && !g_ascii_strncasecmp(list - n, word, want))"),
]


def flags(*names):
    return subprocess.run(["pkg-config", "--cflags", "--libs", *names], capture_output=True, text=True, check=True).stdout.split()


def build(folder, sources):
    """The corpus test, linked with these sources; without sanitizers, which would only be slower."""
    program = folder / "corpus"
    done = subprocess.run(
        ["cc", "-std=gnu17", "-O0", "-w", "-iquote", str(TOP / "src/net"), "-iquote", str(TOP / "src/base"),
         "-iquote", str(TOP / "tests/unit"), "-o", str(program), str(TOP / "tests/unit/test_http_corpus.c"),
         str(TOP / "tests/support/corpus_file.c"), str(TOP / "tests/support/record.c"), *map(str, sources), *flags("glib-2.0", "cmocka")], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return program


def passes(program):
    try:
        return subprocess.run([str(program)], env=dict(os.environ, srcdir=str(TOP)), capture_output=True,
                              timeout=60).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def main():
    word = sys.argv[1] if len(sys.argv) > 1 else ""
    texts = {name: (TOP / "src/net" / name).read_text() for name in (PARSE, HEAD)}
    chosen = [change for change in OFF if word in change[0]]
    survived = []
    with tempfile.TemporaryDirectory(prefix="headgate-rules-") as folder:
        folder = pathlib.Path(folder)
        assert passes(build(folder, [TOP / "src/net" / name for name in texts])), "the corpus fails with all rules in force"
        for name, file, old, new in chosen:
            assert texts[file].count(old) == 1, f"{name}: stands {texts[file].count(old)} times in {file}: {old}"
            (folder / file).write_text(texts[file].replace(old, new))
            other = HEAD if file == PARSE else PARSE
            if passes(build(folder, [folder / file, TOP / "src/net" / other])):
                survived.append(name)
                print(f"not noticed: {name}", flush=True)
    print(f"{len(chosen)} rules switched off, {len(chosen) - len(survived)} noticed")
    if not word and not survived:
        from records import record
        record("http.rules", len(chosen), 0)
    return bool(survived)


if __name__ == "__main__":
    sys.exit(main())
