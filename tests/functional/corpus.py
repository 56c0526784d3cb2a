"""Cases of hostile bytes: "name | rule | want | bytes" lines of tests/data/hostile, as their first lines describe."""
import collections
import re

import harness

Case = collections.namedtuple("Case", "name rule want bytes")

HTTP_MACROS = {
    "get": r"GET /livez HTTP/1.1\r\nHost: gateway.example\r\n",
    "post": r"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\n",
    "chunked": r"{post}Transfer-Encoding: chunked\r\n\r\n",
    "end": r"0\r\n\r\n",
}
ESCAPES = {"r": b"\r", "n": b"\n", "t": b"\t", "0": b"\0", "\\": b"\\"}


def brace_end(text, start, brackets):
    depth = 0
    for i in range(start, len(text)):
        depth += (text[i] == brackets[0]) - (text[i] == brackets[1])
        if not depth:
            return i
    raise ValueError(f"a brace is open: {text}")


def expand(text, macros):
    """Without macros braces mean themselves, and repeats stand in <3*text>."""
    brackets = "<>" if macros is None else "{}"
    out, i = [], 0
    while i < len(text):
        if text[i] == "\\" and text[i + 1] == "x":
            out.append(bytes([int(text[i + 2:i + 4], 16)]))
            i += 4
        elif text[i] == "\\":
            out.append(ESCAPES[text[i + 1]])
            i += 2
        elif text[i] == brackets[0]:
            end = brace_end(text, i, brackets)
            repeat = re.match(r"([1-9]\d*)\*", text[i + 1:end])
            if repeat:
                out.append(int(repeat[1]) * expand(text[i + 1 + repeat.end():end], macros))
            else:
                out.append(expand(macros[text[i + 1:end]], macros))
            i = end + 1
        else:
            out.append(text[i].encode())
            i += 1
    return b"".join(out)


def read(name, macros=None):
    """All cases of a file."""
    lines = (harness.TOP / "tests" / "data" / "hostile" / name).read_text().split("\n")
    return [Case(*fields[:3], expand(fields[3], macros))
            for fields in (line.split(" | ", 3) for line in lines if line and not line.startswith("#"))]


def http():
    return read("http.txt", HTTP_MACROS)


def json():
    return read("json.txt")
