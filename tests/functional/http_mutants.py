"""Requests that two readers might understand in two ways: cases of the corpus, changed by a grammar of tricks.

mutant(seed, n) is always the same bytes for the same numbers, so that one difference can be looked at again."""
import random
import re

import corpus

ODD = [b"\r", b"\n", b"\0", b" ", b"\t", b"\x0b", b"\x0c", b"\x1b", b"\x7f", b"\x80", b"\xa0", b"\xff", b":", b";", b",", b"\"",
       b"\\", b"+", b"-", b"0x", b"_", b"%", b"\r\n", b"\n\r", b"\r\n ", b"\r\n\t", b"\xc4\xb0", b"\xe2\x80\xa8"]
ENDS = [b"\n", b"\r", b"\r\r\n", b"\n\r", b"\r\n\r\n", b" \r\n", b"\0\r\n", b""]
LENGTHS = [b"0", b"5", b"05", b"+5", b"-5", b" 5", b"5 ", b"5,5", b"5, 6", b"0x5", b"5;", b"\t5", b"5\0", b"\x0b5", b"5.", b"", b"6", b"4",
           b"99", b"18446744073709551621", b"4294967301", b"5\r\n 6", b"\"5\"", b"5_", b"5\xa0", b"NaN", b"0\r\nContent-Length: 5"]
CODINGS = [b"chunked", b"Chunked", b"CHUNKED", b" chunked", b"chunked ", b"\tchunked", b"chunked\t", b"\x0bchunked", b"chunked\x0b", b"xchunked",
           b"chunkedx", b"chunked, chunked", b"chunked, identity", b"identity, chunked", b"identity", b"gzip, chunked", b"chunked, gzip",
           b"\"chunked\"", b"chunked;a=b", b",chunked", b"chunked,", b"chunk", b"", b"chunked\0", b"x\r\nTransfer-Encoding: chunked",
           b"chunked\r\n x", b"\r\n chunked", b"cow", b"chunked\r\nTransfer-Encoding: cow"]
CODING_NAMES = [b"Transfer-Encoding", b"transfer-encoding", b"TRANSFER-ENCODING", b"Transfer-Encoding ", b" Transfer-Encoding", b"Transfer_Encoding",
                b"Transfer-Encoding\t", b"Transfer-Encoding\0", b"\x0bTransfer-Encoding", b"X: y\nTransfer-Encoding", b"X: y\rTransfer-Encoding"]
LENGTH_NAMES = [b"Content-Length", b"content-length", b"CONTENT-LENGTH", b"Content-Length ", b" Content-Length", b"Content_Length",
                b"Content-Length\t", b"Content-Length\0", b"X: y\nContent-Length", b"X: y\rContent-Length", b"Content-\r\nLength"]
SIZES = [b"5", b"05", b"5 ", b" 5", b"+5", b"0x5", b"5;", b"5;a", b"5;a=\"\r\n", b"5;\n", b"5\t", b"5\0", b"-5", b"5h", b"4", b"6", b"00000005",
         b"000000000000000005", b"100000005", b"10000000000000005", b"fffffffffffffffb", b"g", b"", b"5\x0b", b"5,5", b"5\xa0"]
LAST = [b"0\r\n\r\n", b"0\r\n", b"0\n\n", b"0\r\n\n", b"0;a\r\n\r\n", b"00\r\n\r\n", b"0\r\nX: y\r\n\r\n", b"0\r\nContent-Length: 5\r\n\r\n", b"\r\n\r\n",
        b"0 \r\n\r\n", b"-0\r\n\r\n", b"0\r\n\r\r\n", b"0\r\nGET /inside HTTP/1.1\r\nX: y\r\n\r\n", b"0x0\r\n\r\n", b""]
METHODS = [b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"TRACE", b"CONNECT", b"PATCH", b"get", b"G", b"FOO", b"PRI", b"GET "]
TARGETS = [b"/seen", b"/deny", b"/empty", b"/stream", b"/last", b"/seen?a=b", b"//seen", b"/seen/../deny", b"/%73een", b"/seen%00", b"/seen%0d%0aX:%20y", b"/seen#x",
           b"http://gateway.example/seen", b"http://other.example/seen", b"*", b"/se\ten", b"/s\xc3\xa9en", b"/seen;a=b", b"/seen%2fx", b"seen",
           b"gateway.example:80", b"/seen HTTP/1.1\r\nHost: gateway.example\r\n\r\nGET /inside", b"/" + b"a" * 2100]
VERSIONS = [b"HTTP/1.1", b"HTTP/1.0", b"HTTP/1.2", b"HTTP/0.9", b"HTTP/2.0", b"http/1.1", b"HTTP/1.1 ", b" HTTP/1.1", b"HTTP/01.1", b"HTTP/1.10", b"", b"HTTP/1.1\0"]
OPTIONS = [b"close", b"keep-alive", b"keep-alive, close", b"Upgrade", b"Content-Length", b"Transfer-Encoding", b"Host", b"X-Forwarded-For", b"X-Proxy-Id", b"close\0", b"TE"]
OTHERS = [b"Expect: 100-continue", b"Expect: x", b"Upgrade: h2c", b"Upgrade: websocket\r\nConnection: Upgrade", b"TE: trailers", b"Trailer: X",
          b"X-Forwarded-For: 203.0.113.66", b"Forwarded: for=203.0.113.66", b"Max-Forwards: 0", b"Range: bytes=0-1", b"Keep-Alive: timeout=1", b"Proxy-Connection: close",
          b"Host: other.example", b"X-HTTP-Method-Override: PUT", b"Content-Encoding: chunked", b"Cookie: a=b", b"X-Original-URL: /inside", b"Accept-Encoding: gzip"]
INSIDE = [b"GET /inside HTTP/1.1\r\nHost: gateway.example\r\nX: ", b"GET /inside HTTP/1.1\r\nHost: gateway.example\r\n\r\n", b"hello", b"",
          b"POST /inside HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: 300\r\n\r\n", b"0\r\n\r\nGET /inside HTTP/1.1\r\nX: ", b"\r\n\r\n", b"G"]


def chunks(chance, body):
    pieces = [b"%s\r\n%s\r\n" % (chance.choice(SIZES) if chance.random() < 0.5 else b"5", b"hello") for _ in range(chance.randrange(3))]
    return b"".join(pieces) + chance.choice(LAST) + body


def framed(chance):
    """A request out of the grammar: one, two or three ways to say where it ends."""
    lines = [b"%s %s %s" % (chance.choice(METHODS) if chance.random() < 0.4 else b"POST",
                            chance.choice(TARGETS) if chance.random() < 0.4 else b"/seen",
                            chance.choice(VERSIONS) if chance.random() < 0.2 else b"HTTP/1.1"), b"Host: gateway.example"]
    body, count = chance.choice(INSIDE), chance.randrange(3)
    for _ in range(count):
        if chance.random() < 0.5:
            value = b"%d" % len(body) if chance.random() < 0.4 else chance.choice(LENGTHS)
            lines.append(b"%s: %s" % (chance.choice(LENGTH_NAMES) if chance.random() < 0.5 else b"Content-Length", value))
        else:
            value = chance.choice(CODINGS) if chance.random() < 0.6 else b"chunked"
            lines.append(b"%s: %s" % (chance.choice(CODING_NAMES) if chance.random() < 0.5 else b"Transfer-Encoding", value))
    if chance.random() < 0.3:
        lines.append(chance.choice(OTHERS))
    if chance.random() < 0.2:
        lines.append(b"Connection: " + chance.choice(OPTIONS))
    if chance.random() < 0.3:
        headers = lines[1:]
        chance.shuffle(headers)
        lines[1:] = headers
    end = chance.choice(ENDS) if chance.random() < 0.1 else b"\r\n"
    if chance.random() < 0.6 and any(b"hunked" in line for line in lines):
        body = chunks(chance, body)
    return end.join(lines) + end + b"\r\n" + body


def bent(chance, data):
    """One trick more."""
    at = chance.randrange(len(data) + 1)
    kind = chance.randrange(7)
    if kind == 0:
        return data[:at] + chance.choice(ODD) + data[at:]
    if kind == 1:
        return data[:at] + data[at + chance.randrange(1, 4):]
    if kind == 2:
        return data[:at] + chance.choice(ODD) + data[at + 1:]
    if kind == 3:		# another line end
        ends = [m.start() for m in re.finditer(rb"\r\n", data)]
        if ends:
            at = chance.choice(ends)
            return data[:at] + chance.choice(ENDS) + data[at + 2:]
    if kind == 4:		# a line twice, or elsewhere
        lines = data.split(b"\r\n")
        line = chance.choice(lines)
        lines.insert(chance.randrange(len(lines)), line)
        return b"\r\n".join(lines)
    if kind == 5:		# a header more
        head, _, rest = data.partition(b"\r\n")
        return head + b"\r\n" + chance.choice([*OTHERS, b"Connection: " + chance.choice(OPTIONS), b"%s: %s" % (chance.choice(CODING_NAMES), chance.choice(CODINGS)),
                                               b"%s: %s" % (chance.choice(LENGTH_NAMES), chance.choice(LENGTHS))]) + b"\r\n" + rest
    return data + chance.choice(INSIDE)


def seeds():
    """The corpus, asked of paths that tell what they were asked."""
    found = []
    for case in corpus.http():
        data = case.bytes.replace(b" /livez", b" /seen").replace(b" /channel/wa-main/webhook", b" /seen")
        if len(data) < 3000:
            found.append(data)
    return found


SEEDS = seeds()


def mutant(seed, n):
    chance = random.Random(f"{seed}/{n}")
    if n < len(SEEDS):
        return SEEDS[n]		# each as it is, first
    kind = chance.random()
    data = framed(chance) if kind < 0.6 else chance.choice(SEEDS)
    for _ in range(chance.choice([0, 1, 1, 2]) if kind < 0.6 else chance.choice([1, 1, 2, 3])):
        data = bent(chance, data)
    if chance.random() < 0.15:
        data += framed(chance)
    return data
