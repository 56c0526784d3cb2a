"""What strangers can do to the listener: be slow, be many, be ambiguous, ask for what there is not.

One daemon for all of it, with short deadlines and a small share of connections for each address."""
import json
import os
import select
import socket
import stat
import time

import pytest

import fake_graph
import fake_helpdesk
import harness
import postgres
from conftest import APP_SECRET, AT_ONCE, ENV, GRAPH_TOKEN, PHONE_NUMBER_ID, config_text, finish
from raw_http import Raw, exchange

SHARE = 40			# connections of one address
HOOK = b"/channel/wa-main/webhook"
GET = b"GET /livez HTTP/1.1\r\nHost: gateway.example\r\n\r\n"


class Edge:
    def __init__(self, folder):
        self.helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
        self.graph = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)
        config = config_text(self.graph.url, self.helpdesk.url, rules=AT_ONCE).replace(
            "  max_per_address: 1000", f"  max_per_address: {SHARE}\n  head_timeout: 1s\n  body_timeout: 1s\n"
            "  idle_timeout: 1s")
        self.gateway = harness.Gateway(folder, config, ENV)
        before = os.umask(0)		# the worst an init script can hand on
        try:
            self.gateway.start()
        finally:
            os.umask(before)
        self.graph.target(self.gateway.port, "wa-main")

    @property
    def port(self):
        return self.gateway.port

    def refused(self, word):
        """How often that rule was broken; asked over the socket, which has no share to use up."""
        return json.loads(self.gateway.ctl("status", "--json").stdout)["http"]["refused"].get(word, 0)

    def hook(self, text, **headers):
        """A whole genuine webhook as bytes."""
        body = self.graph.encode(self.graph.text("+447700900123", text))
        lines = {"Host": "gateway.example", "Content-Type": "application/json",
                 "X-Hub-Signature-256": self.graph.sign(body), "Content-Length": str(len(body)), **headers}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return b"POST " + HOOK + b" HTTP/1.1\r\n" + head.encode() + b"\r\n" + body

    def stored(self, canary):
        """Is it in the database or its log?"""
        if self.gateway.database:
            return canary in postgres.received(self.gateway.database)
        files = [file for file in self.gateway.store.parent.iterdir() if file.is_file()]
        return any(canary.encode() in file.read_bytes() for file in files)


@pytest.fixture(scope="module")
def edge(tmp_path_factory):
    made = Edge(tmp_path_factory.mktemp("edge"))
    yield made
    problems = finish(made.gateway)
    made.graph.close()
    made.helpdesk.close()
    assert not problems, "\n".join(problems)


def problem(reply, status=None):
    """An answer to something broken: 4xx, explained, and the last on its connection."""
    assert reply is not None and 400 <= reply.status < 500 and status in (None, reply.status), reply
    assert reply.headers["connection"] == "close", reply
    assert reply.headers["content-type"] == "application/problem+json"
    assert json.loads(reply.body)["status"] == reply.status
    return reply


# ---- slow ones ----

def drip(raw, data):
    """A byte whenever the other side has been silent for a tenth of a second, until it hangs up."""
    raw.socket.settimeout(0.1)
    for byte in data:
        raw.send(bytes([byte]))
        try:
            if not raw.more():
                break
        except TimeoutError:
            continue
    raw.socket.settimeout(harness.PATIENCE)
    return raw.replies()


def test_slow_clients_are_ended_and_hold_up_nobody(edge):
    hook = edge.hook("never complete 4e1d")
    head = hook.index(b"\r\n\r\n") + 4

    def silent():
        with Raw(edge.port) as raw:
            return raw.replies()

    def slow_head():
        with Raw(edge.port) as raw:
            return drip(raw, b"GET /livez HTTP/1.1\r\nHost: gateway.example\r\nX-Slow: " + b"a" * 500)

    def slow_body():
        with Raw(edge.port) as raw:
            return drip(raw.send(hook[:head]), hook[head:])

    def idle():
        with Raw(edge.port) as raw:
            return raw.send(GET).replies()

    def quick():
        """Everybody else is served meanwhile."""
        return [harness.request(edge.port, "GET", "/livez").status for _ in range(50)]

    kinds = [silent, slow_head, slow_body, idle] * 8 + [quick]
    began = time.monotonic()
    *slow, quick_answers = harness.parallel(kinds)
    assert time.monotonic() - began < harness.PATIENCE
    assert quick_answers == [200] * 50
    for i in range(0, len(slow), 4):
        assert slow[i] == []
        problem(slow[i + 1][0], 408)
        problem(slow[i + 2][0], 408)
        assert [reply.status for reply in slow[i + 3]] == [200]
    assert edge.refused("deadline.head") == 8 and edge.refused("deadline.body") == 8
    assert not edge.stored("never complete 4e1d")


def test_half_a_request_and_the_end_is_nothing(edge):
    hook = edge.hook("cut off 77c0")
    before = edge.refused("cut")
    for cut in (1, 30, len(hook) // 2, len(hook) - 1):
        with Raw(edge.port) as raw:
            assert raw.send(hook[:cut]).end().replies() == []
    assert edge.refused("cut") == before + 4
    assert not edge.stored("cut off 77c0")


def rss(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_client_that_asks_and_never_reads_fills_no_memory(edge):
    before = rss(edge.gateway.process.pid)
    piece = (b"GET /v1/nothing HTTP/1.1\r\nHost: gateway.example\r\n\r\n" * 1000)
    with Raw(edge.port) as raw:
        raw.socket.setblocking(False)
        taken = 0
        while taken < 64 << 20 and select.select([], [raw.socket], [], 0.5)[1]:
            taken += raw.socket.send(piece)
        assert taken < 64 << 20, "it goes on reading though nothing it says is read"
        assert edge.gateway.http("GET", "/livez").status == 200
        assert rss(edge.gateway.process.pid) - before < 32 << 20


# ---- many ones ----

def test_an_address_has_its_share_of_connections_and_the_socket_stays_free(edge):
    # What earlier tests left is closed by the deadlines; only then is the whole share free.
    harness.wait_until(lambda: json.loads(edge.gateway.ctl("status", "--json").stdout)["http"]["connections"] <= 1,
                       "the end of earlier connections")
    before = edge.refused("cap.address")
    connections = [Raw(edge.port) for _ in range(SHARE)]
    try:
        for raw in connections:
            assert raw.send(GET).reply().status == 200
        for _ in range(100):
            with Raw(edge.port) as over:
                refusals = over.send(GET).replies()
                assert len(refusals) <= 1
                if refusals:		# a reset may overtake it when the request crosses it
                    assert refusals[0].status == 503 and refusals[0].headers["retry-after"]
                    assert refusals[0].headers["connection"] == "close"
        assert edge.refused("cap.address") == before + 100
        assert edge.gateway.ctl("status").returncode in (0, 1)
        # A share is the sum of all that are open: who leaves makes room.
        connections.pop().close()
        harness.wait_until(lambda: [r.status for r in exchange(edge.port, GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))] == [200],
                           "room for one")
    finally:
        for raw in connections:
            raw.close()
    harness.wait_until(lambda: edge.graph.say("+447700900123", "after the crowd") == 200, "a webhook after the crowd")


# ---- pipelines ----

def test_pipelined_requests_are_answered_each_and_in_order(edge):
    paths = [b"/livez", b"/nothing", b"/v1/status", b"/readyz"] * 10
    last = b"GET /livez HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
    data = b"".join(b"GET " + path + b" HTTP/1.1\r\nHost: gateway.example\r\n\r\n" for path in paths)
    replies = exchange(edge.port, data + last)
    assert [reply.status for reply in replies] == [200, 404, 401, 200] * 10 + [200]


def test_pipelined_webhooks_are_stored_each(edge):
    hooks = [edge.hook(f"pipelined {i}") for i in range(10)]
    with Raw(edge.port) as raw:
        raw.send(b"".join(hooks))
        assert [raw.reply().status for _ in hooks] == [200] * 10
    thread = edge.gateway.threads()[0]["id"]
    texts = [message["text"] for message in edge.gateway.messages(thread)]
    assert [text for text in texts if text.startswith("pipelined")] == [f"pipelined {i}" for i in range(10)]


# ---- what two readers could understand in two ways ----

HOST = b"Host: gateway.example\r\n"
POST = b"POST " + HOOK + b" HTTP/1.1\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"

AMBIGUOUS = {
    "length and coding": POST + HOST + b"Content-Length: 5\r\n" + CHUNKED + b"\r\n0\r\n\r\n",
    "coding and length": POST + HOST + CHUNKED + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    "two lengths": POST + HOST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
    "the same length twice": POST + HOST + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
    "a list of lengths": POST + HOST + b"Content-Length: 5, 5\r\n\r\nhello",
    "a length with a sign": POST + HOST + b"Content-Length: +5\r\n\r\nhello",
    "a negative length": POST + HOST + b"Content-Length: -5\r\n\r\nhello",
    "a hexadecimal length": POST + HOST + b"Content-Length: 0x5\r\n\r\nhello",
    "a length with a space in it": POST + HOST + b"Content-Length: 5 5\r\n\r\nhello",
    "an empty length": POST + HOST + b"Content-Length:\r\n\r\nhello",
    "a length beyond all numbers": POST + HOST + b"Content-Length: 18446744073709551621\r\n\r\nhello",
    "another coding": POST + HOST + b"Transfer-Encoding: gzip\r\n\r\n0\r\n\r\n",
    "a coding that only looks like it": POST + HOST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
    "a coding behind a tab": POST + HOST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "two codings": POST + HOST + CHUNKED + b"Transfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    "a list of codings": POST + HOST + b"Transfer-Encoding: identity, chunked\r\n\r\n0\r\n\r\n",
    "chunked is not the last": POST + HOST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "chunked in HTTP/1.0": POST.replace(b"1.1", b"1.0") + HOST + CHUNKED + b"\r\n0\r\n\r\n",
    "a space before the colon": POST + HOST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "a folded header": POST + HOST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "a header without a colon": POST + HOST + b"Content-Length 5\r\n\r\nhello",
    "a header without a name": POST + HOST + b": 5\r\n\r\n",
    "lines that end with LF": POST.replace(b"\r", b"") + HOST.replace(b"\r", b"") + b"\n",
    "one line that ends with LF": POST + b"X: y\n" + HOST + b"\r\n",
    "a CR alone in a value": POST + HOST + b"X: a\rContent-Length: 5\r\n\r\nhello",
    "a NUL in a value": POST + HOST + b"X: a\x00b\r\n\r\n",
    "an extension of a chunk": POST + HOST + CHUNKED + b"\r\n5;a=b\r\nhello\r\n0\r\n\r\n",
    "a chunk size with 0x": POST + HOST + CHUNKED + b"\r\n0x5\r\nhello\r\n0\r\n\r\n",
    "a chunk size with a space": POST + HOST + CHUNKED + b"\r\n5 \r\nhello\r\n0\r\n\r\n",
    "a negative chunk size": POST + HOST + CHUNKED + b"\r\n-5\r\nhello\r\n0\r\n\r\n",
    "a chunk size beyond all numbers": POST + HOST + CHUNKED + b"\r\nFFFFFFFFFFFFFFFF5\r\nhello\r\n0\r\n\r\n",
    "no chunk size": POST + HOST + CHUNKED + b"\r\n\r\nhello\r\n0\r\n\r\n",
    "a chunk longer than its size": POST + HOST + CHUNKED + b"\r\n4\r\nhello\r\n0\r\n\r\n",
    "a chunk that ends with LF": POST + HOST + CHUNKED + b"\r\n5\r\nhello\n0\r\n\r\n",
    "a trailer": POST + HOST + CHUNKED + b"\r\n5\r\nhello\r\n0\r\nX-Hub-Signature-256: sha256=00\r\n\r\n",
    "no Host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two Hosts": b"GET /livez HTTP/1.1\r\n" + HOST + b"Host: other.example\r\n\r\n",
    "a Host with a user": b"GET /livez HTTP/1.1\r\nHost: a@gateway.example\r\n\r\n",
    "another host in the target": b"GET http://other.example/livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "two spaces": b"GET  /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tab for a space": b"GET\t/livez\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "an empty line first": b"\r\n" + GET,
    "another version": b"GET /livez HTTP/1.2\r\n" + HOST + b"\r\n",
    "no version": b"GET /livez\r\n\r\n",
    "words behind the version": b"GET /livez HTTP/1.1 x\r\n" + HOST + b"\r\n",
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(256)),
    "a star": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
    "a tunnel": b"CONNECT other.example:443 HTTP/1.1\r\nHost: other.example:443\r\n\r\n",
    "a dot segment": b"GET /channel/../livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped dot segment": b"GET /channel/%2e%2e/livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped slash": b"GET /channel%2fwa-main HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped backslash": b"GET /channel%5cwa-main HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped NUL": b"GET /livez%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escaped line end": b"GET /livez%0d%0aX:y HTTP/1.1\r\n" + HOST + b"\r\n",
    "half an escape": b"GET /livez%4 HTTP/1.1\r\n" + HOST + b"\r\n",
    "an escape of no UTF-8": b"GET /livez%ff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a raw byte in the target": b"GET /live\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "a method of many letters": b"G" * 5000 + b" /livez HTTP/1.1\r\n" + HOST + b"\r\n",
    "an expectation of its own": POST + HOST + b"Expect: a-miracle\r\nContent-Length: 5\r\n\r\nhello",
    "a target of 3 KiB": b"GET /" + b"a" * 3072 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a head of 20 KiB": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 20480 + b"\r\n\r\n",
    "101 headers": b"GET /livez HTTP/1.1\r\n" + HOST + b"X: y\r\n" * 100 + b"\r\n",
}
OWN_STATUS = {"an expectation of its own": 417, "a target of 3 KiB": 414, "a head of 20 KiB": 431, "101 headers": 431}


def test_what_can_be_read_in_two_ways_ends_the_connection_and_hides_nothing(edge):
    smuggled = edge.hook("smuggled 9d02", Connection="close")
    for name, data in AMBIGUOUS.items():
        replies = exchange(edge.port, data + smuggled)
        assert len(replies) == 1, f"{name}: {replies}"
        try:
            problem(replies[0], OWN_STATUS.get(name, 400))
        except AssertionError as failure:
            raise AssertionError(f"{name}: {failure}") from None
    assert not edge.stored("smuggled 9d02")
    assert [reply.status for reply in exchange(edge.port, smuggled)] == [200] and edge.stored("smuggled 9d02")


def test_an_ambiguous_request_behind_a_good_one_ends_it_too(edge):
    with Raw(edge.port) as raw:
        raw.send(GET + AMBIGUOUS["length and coding"] + GET)
        replies = raw.replies()
    assert [reply.status for reply in replies] == [200, 400]


def test_the_cut_of_the_bytes_makes_no_difference(edge):
    """The same bytes in one piece, and one by one."""
    names = ["length and coding", "a folded header", "a trailer", "lines that end with LF", "a chunk longer than its size"]
    for name in names:
        whole = exchange(edge.port, AMBIGUOUS[name])
        with Raw(edge.port) as raw:
            raw.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in AMBIGUOUS[name]:
                raw.send(bytes([byte]))
            pieces = raw.replies()
        assert [json.loads(r.body)["rule"] for r in whole] == [json.loads(r.body)["rule"] for r in pieces], name


def test_a_chunked_webhook_in_any_pieces_is_a_webhook(edge):
    hook = edge.hook("in chunks")
    head, _, body = hook.partition(b"\r\n\r\n")
    head = b"\r\n".join(line for line in head.split(b"\r\n") if not line.startswith(b"Content-Length"))
    pieces = [body[:1], body[1:100], body[100:]]
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces)
    replies = exchange(edge.port, head + b"\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunks + b"0\r\n\r\n")
    assert [reply.status for reply in replies] == [200]
    assert any(m["text"] == "in chunks" for m in edge.gateway.messages(edge.gateway.threads()[0]["id"]))


# ---- what there is not ----

@pytest.mark.parametrize("path, status", [
    ("/", 404), ("/livez/", 404), ("/LIVEZ", 404), ("/favicon.ico", 404), ("/.env", 404), ("/v1", 404), ("/v1/", 404),
    ("/v1/nothing", 404), ("/v1/status/", 404), ("/channel/", 404), ("/channel/wa-main", 404), ("/channel/wa-main/", 404),
    ("/channel/wa-main/other", 404), ("/channel/nobody/webhook", 404), ("/channel/WA-MAIN/webhook", 404),
    ("/v1/status", 401), ("/v1/threads", 401), ("/v1/fsck", 401), ("/v1/events/stream", 401),
])
def test_a_stranger_finds_nothing(edge, path, status):
    answer = edge.gateway.http("GET", path)
    assert answer.status == status and answer.json["status"] == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


@pytest.mark.parametrize("method, path, allow", [
    ("PUT", "/channel/wa-main/webhook", {"GET", "POST"}), ("HEAD", "/channel/wa-main/webhook", {"GET", "POST"}),
    ("get", "/channel/wa-main/webhook", {"GET", "POST"}), ("TRACE", "/channel/wa-main/webhook", {"GET", "POST"}),
    ("DELETE", "/v1/status", {"GET"}), ("HEAD", "/v1/status", {"GET"}), ("OPTIONS", "/v1/status", {"GET"}),
    ("DELETE", "/livez", {"GET", "HEAD"}), ("POST", "/readyz", {"GET", "HEAD"}),
])
def test_another_method_is_told_which_there_are(edge, method, path, allow):
    with Raw(edge.port) as raw:
        raw.send(f"{method} {path} HTTP/1.1\r\n".encode() + HOST + b"\r\n" + GET)
        reply = raw.reply(method)
        assert reply.status == 405 and set(reply.headers["allow"].split(", ")) == allow
        assert raw.reply().status == 200, "the next request is read from where this one ended"


def test_head_is_get_without_its_body(edge):
    with Raw(edge.port) as raw:
        raw.send(GET.replace(b"GET", b"HEAD") + GET)
        head, get = raw.reply("HEAD"), raw.reply()
    assert head.status == get.status == 200 and get.body
    assert head.headers["content-length"] == get.headers["content-length"]


def test_a_stranger_cannot_make_it_hold_a_big_body(edge):
    """Refused by the head alone, though the body never comes."""
    for path, status in (("/livez", 405), ("/v1/attachments?name=x", 401), ("/nothing", 404), (HOOK.decode(), 413)):
        with Raw(edge.port) as raw:
            raw.send(f"POST {path} HTTP/1.1\r\n".encode() + HOST + b"Content-Length: 20000000\r\n\r\n")
            reply = raw.reply()
            assert reply.status == status, (path, reply)
            assert reply.headers["connection"] == "close" and raw.reply() is None


def test_it_says_continue_only_to_what_it_will_read(edge):
    hook = edge.hook("when asked to", Expect="100-continue", Connection="close")
    head = hook.index(b"\r\n\r\n") + 4
    with Raw(edge.port) as raw:
        raw.send(hook[:head])
        assert raw.reply().status == 100
        assert raw.send(hook[head:]).reply().status == 200
    with Raw(edge.port) as raw:
        raw.send(b"POST /nothing HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        assert raw.reply().status == 404


# ---- files ----

@postgres.only_on_sqlite
def test_what_lies_on_the_disk_is_for_its_owner_even_without_a_umask(edge):
    socket_mode = os.lstat(edge.gateway.socket).st_mode
    assert stat.S_ISSOCK(socket_mode) and stat.S_IMODE(socket_mode) == 0o660
    edge.graph.say("+447700900123", "something to store")
    names = sorted(file.name for file in edge.gateway.store.parent.iterdir())
    assert "headgate.db" in names and "headgate.db-wal" in names
    for file in edge.gateway.store.parent.rglob("*"):
        assert not stat.S_IMODE(file.lstat().st_mode) & 0o077, f"{file.name} is open to others"


def test_the_socket_needs_no_token_and_the_port_does(edge):
    with socket.socket(socket.AF_UNIX) as raw:
        raw.settimeout(harness.PATIENCE)
        raw.connect(str(edge.gateway.socket))
        raw.sendall(b"GET /v1/status HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert raw.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert edge.gateway.api("GET", "/v1/status", token=None).status == 401
    assert edge.gateway.api("GET", "/v1/status", token="functional-tests-token-012345678").status == 401
