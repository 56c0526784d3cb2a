"""What is signed, through the daemon: no bit may change, nothing opens without a secret, and a captured request
that is played again does nothing.  (Every bit of every scheme we verify: tests/unit/test_signatures.c.)"""
import hashlib
import hmac
import itertools
import json
import os

import pytest

import fake_channel
import fake_helpdesk
import harness
from conftest import AT_ONCE, ENV, NOISE, config_text
from fake_channel import SECRET
from raw_http import exchange
from records import record
from test_daemon import fails_to_start

ANA = "+447700900123"
FULL = bool(os.environ.get("HEADGATE_FULL"))
NEVER = "canary-of-a-forged-webhook"


def flips(data):
    """The bytes with each of their bits changed, one at a time."""
    for bit in range(len(data) * 8):
        flipped = bytearray(data)
        flipped[bit // 8] ^= 1 << bit % 8
        yield bytes(flipped)


def on_disk(gateway):
    return b"".join(p.read_bytes() for p in gateway.store.parent.rglob("*") if p.is_file())


# ---- the example adapter's webhook ----

def test_no_bit_of_a_signed_webhook_of_the_example_adapter(start):
    gateway = start(env=fake_channel.ENV, begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text()))
    gateway.start()
    body = json.dumps({"id": "f1", "from": f"tel:{ANA}", "text": NEVER * 3}).encode()
    good = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest().encode()

    def send(body, signature):
        head = (b"POST /channel/try/webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Fake-Signature: " + signature
                + b"\r\nContent-Length: %d\r\n\r\n" % len(body))
        return [reply.status for reply in exchange(gateway.port, head + body)]

    tries = [(body, s) for s in flips(good)] + [(b, good) for b in flips(body)]
    tries = tries if FULL else tries[:512:2] + tries[512::5]
    bad = [t for t in tries if send(*t) not in ([401], [400])]	# 400: no header may have that byte
    assert not bad
    for signature in (b"", b" ", good.upper(), good + b", " + good, b'"' + good + b'"', good[:-1], b"sha256=" + good):
        assert send(body, signature) == [401], signature
    # Which of two counts is nothing an attacker may choose: the first one.
    twice = b"X-Fake-Signature: %s\r\nX-Fake-Signature: %s\r\n"
    for lines in (twice % (b"0" * 64, good),):
        head = b"POST /channel/try/webhook HTTP/1.1\r\nHost: a\r\nConnection: close\r\n" + lines
        assert [r.status for r in exchange(gateway.port, head + b"Content-Length: %d\r\n\r\n" % len(body) + body)] == [401]
    assert NEVER.encode() not in on_disk(gateway) and gateway.threads() == []
    assert send(body, good) == [200] and send(body, b"  " + good + b" ") == [200]	# space around a value is no part of it
    record("sig.flips", len(tries))


# ---- the API's tokens ----

def test_no_bit_of_an_api_token(gateway):
    good = f"Bearer {harness.API_TOKEN}".encode()

    def status(value):
        head = b"GET /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: " + value + b"\r\n\r\n"
        return [reply.status for reply in exchange(gateway.port, head)]

    assert status(good) == [200]
    # The name of the scheme has no case (RFC 9110 section 11.1); all else has.
    tries = [t for t in flips(good) if not t.lower().startswith(b"bearer ") or t[7:] != good[7:]]
    assert len(tries) == len(good) * 8 - 6
    token = good[7:]
    tries += [good[:n] for n in range(len(good))] + [good + bytes([c]) for c in range(33, 127)]
    tries += [b"", b"Bearer", b"Bearer ", b"Basic " + token, b"Bearer\t" + token, token, b"Bearer " + token.upper(),
              b'Bearer "' + token + b'"', b"Bearer " + token + b", Bearer " + token, b"Bearer null", b"Bearer  " + token]
    bad = [t for t in tries if status(t) not in ([401], [400])]
    assert not bad
    for one, other in ((b"Bearer x", good), (b"", good)):
        head = (b"GET /v1/status HTTP/1.1\r\nHost: a\r\nConnection: close\r\nAuthorization: " + one +
                b"\r\nAuthorization: " + other + b"\r\n\r\n")
        assert exchange(gateway.port, head)[0].status in (400, 401)
    record("sig.flips", len(tries))


# ---- what we sign ----

def test_no_bit_of_what_we_send_can_be_changed_unseen(start, graph, helpdesk):
    gateway = start(rules=NOISE + AT_ONCE)
    for text in ("my order is late", "and the next one too", "so what now?", "hello?", "anybody there?"):
        assert graph.say(ANA, text) == 200
    helpdesk.wait(lambda h: len(h.accepted) >= 5, "five events")
    tried = 0
    for secret in (harness.WEBHOOK_SECRET, harness.SECOND_SECRET):
        reader = fake_helpdesk.FakeHelpdesk([secret])		# who knows one of the two
        try:
            for delivery in helpdesk.accepted[:5]:
                names = ("webhook-id", "webhook-timestamp", "webhook-signature")
                headers = {name: delivery.headers[name] for name in names}
                assert reader.verify(headers, delivery.raw)
                mine = next(s for s in headers["webhook-signature"].split(" ")
                            if reader.verify(dict(headers, **{"webhook-signature": s}), delivery.raw))
                for name, value in dict(headers, **{"webhook-signature": mine}).items():
                    for flipped in flips(value.encode()):
                        changed = dict(headers, **{"webhook-signature": mine, name: flipped.decode("latin-1")})
                        assert not reader.verify(changed, delivery.raw), (name, flipped)
                        tried += 1
                for body in itertools.islice(flips(delivery.raw), 0, None, 1 if FULL else 3):
                    assert not reader.verify(headers, body)
                    tried += 1
        finally:
            reader.close()
    record("sig.flips", tried)


def test_the_time_in_what_we_sign_is_the_time_of_the_attempt(start, graph, helpdesk):
    """A receiver refuses what is older than five minutes: an event that waited for hours must not look old."""
    gateway = start(rules=NOISE + AT_ONCE)
    helpdesk.answer = lambda d: (500, {}, "")
    assert graph.say(ANA, "my order is late") == 200
    first = helpdesk.wait(lambda h: h.attempts[:1], "an attempt")[0]
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the end of it")
    gateway.advance(hours=2)
    again = helpdesk.wait(lambda h: [d for d in h.attempts[1:] if d.id == first.id and
                                     int(d.headers["webhook-timestamp"]) > int(first.headers["webhook-timestamp"]) + 7000],
                          "the next attempt")[0]
    assert abs(int(again.headers["webhook-timestamp"]) - gateway.now()) < 300
    assert again.headers["webhook-signature"] != first.headers["webhook-signature"] and again.raw == first.raw


# ---- nothing opens without a secret ----

@pytest.mark.parametrize("lines, said", [
    ("app_secret: [env:TEST_APP_SECRET, env:TEST_OLD_APP_SECRET]\n", "app_secret"),
    ("token: env:TEST_GRAPH_TOKEN\n", "token"),
    ("secrets: [env:TEST_WEBHOOK_SECRET, env:TEST_SECOND_SECRET]\n", "secrets"),
    ("token: env:TEST_API_TOKEN, ", "token"),
], ids=["whatsapp", "graph token", "backend", "api"])
def test_without_its_secret_nothing_starts(start, lines, said):
    gateway = start(begin=False)
    text = gateway.config_path.read_text()
    assert text.count(lines) == 1
    gateway.write_config(text.replace(lines, "" if lines.endswith(", ") else "\n"))
    assert said in fails_to_start(gateway)[1]


@pytest.mark.parametrize("name", ["TEST_APP_SECRET", "TEST_GRAPH_TOKEN", "TEST_VERIFY_TOKEN", "TEST_FAKE_SECRET"])
@pytest.mark.parametrize("value", ["", "\n"], ids=["empty", "a line break"])
def test_an_empty_secret_is_no_secret(start, name, value):
    gateway = start(env=dict(fake_channel.ENV, **{name: value}), begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text()))
    said = fails_to_start(gateway)[1]
    assert f"env:{name}" in said and "empty" in said


def test_no_route_is_open_to_who_has_no_secret(start):
    gateway = start(env=fake_channel.ENV, begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text()))
    gateway.start()
    routes = gateway.ctl("docs", "api", check=0).stdout.split("\n")
    paths = [line.split(" ")[:2] for line in routes if line]
    assert len(paths) > 25
    paths += [(method, f"/channel/{name}/webhook") for method in ("GET", "POST") for name in ("wa-main", "try")]
    for method, pattern in paths:
        status = gateway.http(method, pattern.replace("{}", "thr_01h455vb4pex5vsknk084sn02q"),
                              None if method == "GET" else b"{}").status
        assert status in (401, 403, 405), (method, pattern, status)


# ---- captured, and played again ----

def test_a_captured_request_played_again_does_nothing(start, graph, helpdesk):
    """WhatsApp signs no time, so what stops a replay is that a message is known: for the whole dedupe window."""
    gateway = start(rules=NOISE + AT_ONCE)
    n = 1000 if FULL else 200
    bodies = [graph.encode(graph.text(f"+4479500{i % 50:05}", f"message {i}")) for i in range(n)]
    signed = [(b, {"X-Hub-Signature-256": graph.sign(b), "Content-Type": "application/json"}) for b in bodies]

    def play():
        answers = {gateway.http("POST", "/channel/wa-main/webhook", b, h).status for b, h in signed}
        assert answers == {200}			# else the provider would come again and again

    def seen():
        return sum(len(gateway.messages(t["id"])) for t in gateway.threads(limit=500)), len(gateway.threads(limit=500))

    play()
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 50, "the tickets")
    before = seen()
    for step in (dict(seconds=1), dict(minutes=4), dict(minutes=6)):
        harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "a quiet outbox")
        gateway.advance(**step)
        play()
        assert seen() == before
    gateway.stop()
    gateway.start()
    play()
    assert seen() == before and len(helpdesk.of("ticket.requested")) == 50
    record("sig.replays", 4 * n)
