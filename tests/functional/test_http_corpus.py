"""Every case of tests/data/hostile/http.txt against the daemon: over TCP, TLS and the unix socket.

Behind each case comes a genuine webhook.  It must be the next request of a connection that goes on, and nothing at all
behind what was refused: not in the store, and not in the count of requests that reached a handler."""
import contextlib
import json
import re
import socket
import ssl
import subprocess

import pytest

import corpus
import fake_graph
import fake_helpdesk
import harness
import postgres
from conftest import APP_SECRET, ENV, GRAPH_TOKEN, PHONE_NUMBER_ID, config_text, finish
from raw_http import Raw
from records import record

HOLD = "default: hold\nsettle: 1h\nfirst_response: 7d"
CASES = corpus.http()
ANA = "+447700900123"


class Local(Raw):
    """The same over another socket."""

    def __init__(self, connected):
        self.socket, self.buffer = connected, b""
        self.socket.settimeout(harness.PATIENCE)

    def end(self):
        """No more will come; in TLS that is said by TLS, and to both sides."""
        if not isinstance(self.socket, ssl.SSLSocket):
            return super().end()
        with contextlib.suppress(OSError):
            self.socket.unwrap()
        return self


class Wall:
    def __init__(self, folder, tls=False):
        self.helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
        self.graph = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)
        config = config_text(self.graph.url, self.helpdesk.url, rules="", top=HOLD)
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                            "-subj", "/CN=gateway.example", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                           check=True, capture_output=True)
            config = config.replace("  max_per_address", "  tls_cert: @FOLDER@/cert.pem\n  tls_key: @FOLDER@/key.pem\n  max_per_address")
        self.tls = tls
        self.gateway = harness.Gateway(folder, config, ENV)
        self.gateway.start()
        self.graph.target(self.gateway.port, "wa-main")
        self.hooks = 0
        self.expected = set()	# canaries that have to be stored

    def close(self):
        problems = finish_over_socket(self) if self.tls else finish(self.gateway)
        self.graph.close()
        self.helpdesk.close()
        assert not problems, "\n".join(problems)

    # ---- ways in ----
    def tcp(self):
        return Raw(self.gateway.port)

    def unix(self):
        made = socket.socket(socket.AF_UNIX)
        made.connect(str(self.gateway.socket))
        return Local(made)

    def over_tls(self, protocols=()):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        if protocols:
            context.set_alpn_protocols(list(protocols))
        return Local(context.wrap_socket(socket.create_connection(("127.0.0.1", self.gateway.port)), server_hostname="gateway.example"))

    # ---- what the daemon knows ----
    def http(self):
        return json.loads(self.gateway.ctl("status", "--json").stdout)["http"]

    def stored(self):
        """Canaries of webhooks that were taken."""
        if self.gateway.database:
            return set(re.findall(rb"smuggled-\d+-", postgres.received(self.gateway.database).encode()))
        files = [file for file in self.gateway.store.parent.iterdir() if file.is_file()]
        return set(re.findall(rb"smuggled-\d+-", b"".join(file.read_bytes() for file in files)))

    def hook(self):
        """A genuine webhook, the last on its connection, and the canary in it."""
        self.hooks += 1
        canary = f"smuggled-{self.hooks}-"
        body = self.graph.encode(self.graph.text(ANA, canary))
        return canary.encode(), (
            f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\nX-Hub-Signature-256: "
            f"{self.graph.sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


def finish_over_socket(wall):
    """Without the API of the port, which speaks TLS."""
    code = wall.gateway.stop()
    return ([f"headgated ended with {code}"] if code else []) + harness.sanitizer_report(wall.gateway.log())


@pytest.fixture(scope="module")
def wall(tmp_path_factory):
    made = Wall(tmp_path_factory.mktemp("wall"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def tls_wall(tmp_path_factory):
    made = Wall(tmp_path_factory.mktemp("tls"), tls=True)
    yield made
    made.close()


def replies_of(raw, count, method):
    """That many answers, not counting 100 Continue; fewer when the connection ends."""
    found = []
    while len(found) < count:
        reply = raw.reply(method)
        if reply is None:
            break
        if reply.status != 100:
            found.append(reply)
    return found


def method_of(data):
    return re.match(rb"[A-Z]*", data)[0].decode()


def is_safe(reply):
    """Says what it is, where it ends, and is kept by nobody."""
    headers = reply.headers
    return (headers.get("x-content-type-options") == "nosniff" and headers.get("cache-control") == "no-store"
            and "content-length" in headers and "transfer-encoding" not in headers)


def expect_refusal(case, raw):
    status, word, *before = case.want.split(" ")
    good = int(before[0]) if before else 0
    replies = replies_of(raw, good + 2, method_of(case.bytes))
    assert len(replies) == good + 1, replies
    assert raw.reply() is None
    last = replies[-1]
    assert last.status == int(status) and last.headers["connection"] == "close"
    assert last.headers["content-type"] == "application/problem+json"
    body = json.loads(last.body)
    assert body["status"] == int(status) and body["rule"] == word and body["type"] == "about:blank"
    assert all(is_safe(reply) for reply in replies), replies
    return good


def expect_taken(case, raw):
    _, count, then = case.want.split(" ")
    count = int(count)
    replies = replies_of(raw, count + (then == "open"), method_of(case.bytes))
    assert all(reply.status in (200, 401, 404, 405) and b'"rule"' not in reply.body for reply in replies), replies
    assert all(is_safe(reply) for reply in replies), replies
    assert len(replies) == count + (then == "open")
    assert raw.reply() is None	# the webhook says close
    if then == "open":
        assert replies[-1].status == 200, replies[-1]


def run_case(wall, way, case):
    canary, hook = wall.hook()
    with way() as raw:
        if case.want == "wait":
            raw.send(case.bytes).end()
            replies = [reply for reply in raw.replies() if reply.status != 100]
            assert replies == []
            return None
        raw.send(case.bytes + hook)
        if case.want.startswith("take"):
            expect_taken(case, raw)
            return canary if case.want.endswith("open") else None
        expect_refusal(case, raw)
        return None


def run_all(wall, way):
    before = wall.http()
    expected, failures = set(), []
    for case in CASES:
        try:
            canary = run_case(wall, way, case)
            if canary:
                expected.add(canary)
        except (AssertionError, OSError, ValueError, KeyError) as failure:
            failures.append(f"{case.name} ({case.rule}), want {case.want}: {str(failure)[:400]}")
    assert not failures, "\n".join(failures)
    after = wall.http()
    count_refusals(before, after)
    wall.expected |= expected
    assert wall.stored() == wall.expected, "stored is what came behind good requests, and nothing else"
    return len(CASES)


def count_refusals(before, after):
    """Each rule was counted as often as cases broke it, so each was refused once and by that rule."""
    want = {}
    for case in CASES:
        if case.want[0] == "4":
            word = case.want.split(" ")[1]
            want[word] = want.get(word, 0) + 1
    got = {word: after["refused"].get(word, 0) - before["refused"].get(word, 0) for word in want}
    assert got == want


@pytest.mark.parametrize("way", ["tcp", "unix"])
def test_each_case_is_judged_by_its_rule(wall, way):
    record("http.corpus", run_all(wall, getattr(wall, way)), way=way)


def test_each_case_is_judged_by_its_rule_within_tls(tls_wall):
    record("http.corpus", run_all(tls_wall, tls_wall.over_tls), way="tls")


def test_nothing_of_a_refused_request_reaches_a_handler(wall):
    """Without the webhook behind it: the count of requests that were handed over does not move."""
    refused = [case for case in CASES if re.fullmatch(r"4\d\d \S+", case.want)]
    before = wall.http()["requests"]
    for case in refused:
        with wall.tcp() as raw:
            assert len(raw.send(case.bytes).replies()) == 1, case.name
    after = wall.http()["requests"]
    assert after - before == 1, "one of them was handed over"	# the question itself
    assert len(refused) > 250


def test_an_end_behind_any_byte_makes_no_request(wall):
    """Good requests, cut at each byte: what is not whole is nothing."""
    good = [case for case in CASES if case.want == "take 1 open" and 60 < len(case.bytes) < 130 and case.name in (
        "a length", "chunks", "three in a row", "close", "a query as browsers send it")]
    canary, hook = wall.hook()
    tries = 0
    for data in [case.bytes for case in good] + [hook]:
        before = wall.http()["requests"]
        for cut in range(len(data)):
            with wall.tcp() as raw:
                raw.send(data[:cut]).end()
                assert raw.replies() == [], data[:cut]
            tries += 1
        assert wall.http()["requests"] == before + 1
    assert tries > 400 and canary not in wall.stored()
    record("http.early_ends", tries)


def test_what_it_answers_never_has_what_was_sent(wall):
    """No byte of a hostile request stands in its answer, whatever place it had."""
    mark = b"\x1b[31mEcho<script>"
    plain = b"Echo-5c1d"
    for data in (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % plain, b"GET /livez?%s HTTP/1.1\r\nHost: a\r\n\r\n" % plain,
                 b"%s /livez HTTP/1.1\r\nHost: a\r\n\r\n" % plain, b"GET /livez HTTP/1.1\r\nHost: %s\r\n\r\n" % plain,
                 b"GET /channel/%s/webhook HTTP/1.1\r\nHost: a\r\n\r\n" % plain, b"TRACE /livez HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % plain,
                 b"GET /v1/%s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer %s\r\n\r\n" % (plain, plain),
                 b"GET /livez %s\r\nHost: a\r\n\r\n" % mark, b"GET /livez HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % mark,
                 b"GET /livez HTTP/1.1\r\nHost: a\r\n%s: y\r\n\r\n" % mark, b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % mark,
                 b"POST /livez HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: %s\r\n\r\n" % plain,
                 b"POST /livez HTTP/1.1\r\nHost: a\r\nContent-Length: %s\r\n\r\n" % plain):
        with wall.tcp() as raw:
            answer = raw.send(data).end().socket
            received = b"".join(iter(lambda: answer.recv(65536), b""))
        assert received.startswith(b"HTTP/1.1 ") and b"Echo" not in received and b"\x1b" not in received, (data, received)


def test_tls_offers_http_1_only(tls_wall):
    with tls_wall.over_tls(["h2", "http/1.1"]) as raw:
        assert raw.socket.selected_alpn_protocol() is None
        raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
        assert raw.reply().status == 400 and raw.reply() is None
