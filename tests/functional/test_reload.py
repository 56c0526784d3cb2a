"""Reloads under load: all or nothing, unchanged channels go on as if nothing were, and nothing is dropped.

HEADGATE_RELOADS says how many; 500 for a long run."""
import contextlib
import http.client
import itertools
import json
import os
import socket
import sqlite3
import ssl
import subprocess
import threading

import conftest
import fake_imap
import graph_payloads
import harness
import live_visitor
import records
import smpp_provider
import twilio_provider
import visitor_client
from harness import PATIENCE, wait_until

RELOADS = int(os.environ.get("HEADGATE_RELOADS") or 40)
MAIL_ENV = dict(TEST_MAIL_PASSWORD="mail-password-0123", TEST_MAIL_TOKENS="a secret of sixteen bytes and more")

TWO = """\
  wa-two:
    adapter: whatsapp
    phone_number_id: "309876543210"
    token: env:TEST_GRAPH_TOKEN
    app_secret: env:TEST_APP_SECRET
    verify_token: env:TEST_VERIFY_TOKEN
    base_url: {url}
    scope: two{n}
"""


class Customers:
    """Who write on a channel until they are told to stop; each line is said once, and what it was answered with."""

    def __init__(self, say, names):
        self.stop, self.lock, self.statuses, self.texts = threading.Event(), threading.Lock(), [], []
        self.threads = [threading.Thread(target=self.write, args=(say, name)) for name in names]
        for thread in self.threads:
            thread.start()

    def write(self, say, name):
        for i in itertools.count():
            if self.stop.is_set():
                return
            text = f"{name} {i}"
            status = say(name, text)
            with self.lock:
                self.statuses.append(status)
                self.texts.append(text)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()


class Followed(threading.Thread):
    """An operator's live stream: ids of the events, until it ends."""

    def __init__(self, gateway):
        super().__init__(daemon=True)
        self.connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        self.connection.request("GET", "/v1/events/stream", headers={"Authorization": f"Bearer {harness.API_TOKEN}"})
        self.reply = self.connection.getresponse()
        assert self.reply.status == 200
        self.ids, self.ended = [], False
        self.start()

    def run(self):
        with contextlib.suppress(OSError, ValueError, http.client.HTTPException, AttributeError):
            while line := self.reply.readline():
                if line.strip():
                    self.ids.append(json.loads(line)["id"])
        self.ended = True

    def close(self):
        self.connection.sock.shutdown(socket.SHUT_RDWR)
        self.join(PATIENCE)
        self.connection.close()


def ids_of(gateway):
    """Of all events there are, in order."""
    ids = []
    while True:
        page = gateway.get("/v1/events?limit=500" + (f"&after={ids[-1]}" if ids else ""))["events"]
        ids += [event["id"] for event in page]
        if not page:
            return ids


class Half:
    """A provider in the middle of a delivery: its head and half of its body are sent, the rest when it is told."""

    def __init__(self, graph, port, payload):
        body = graph.encode(payload)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.rest = body[len(body) // 2:]
        self.socket.sendall((f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                             f"X-Hub-Signature-256: {graph.sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n").encode()
                            + body[:len(body) // 2])

    def finish(self):
        with self.socket:
            self.socket.sendall(self.rest)
            return int(self.socket.recv(4096).split()[1])


def test_reloads_under_load_drop_nothing_and_touch_no_channel_that_stays(start, graph, helpdesk):
    imap, smsc = fake_imap.Server(), smpp_provider.Smpp()
    mail = "  support:\n" + imap.channel()
    line = "  line:\n    adapter: smpp\n" + "".join(f"    {each}\n" for each in smsc.lines().splitlines())
    gateway = start(rules=conftest.NOISE, top="default: hold\nsettle: 1h\nfirst_response: 7d\nidle_close: 90d",
                    env={**MAIL_ENV, **smsc.env, **visitor_client.ENV},
                    change=visitor_client.change(others=mail + line + TWO.format(url=graph.url, n=0)))
    smsc.target(gateway, "line")
    imap.wait("IDLE")
    visitor = live_visitor.Visitor(lambda: gateway.port)
    visitor.say("hello from the browser")
    ear, followed = live_visitor.Ear(visitor), Followed(gateway)
    wait_until(lambda: ear.connects == 1, "the visitor's stream")
    before = ids_of(gateway)

    def write_whatsapp(name, text):
        return graph.deliver(graph_payloads.text(conftest.PHONE_NUMBER_ID, name, text))
    writers = Customers(write_whatsapp, [f"+44770090{n:04}" for n in range(3)])
    talkers = Customers(lambda name, text: smsc.say(name, text)[0], ["+447700900777"])
    mails, good, bad = 0, 0, 0
    base = gateway.config_path.read_text()
    for n in range(RELOADS):
        half = Half(graph, gateway.port, graph_payloads.text(conftest.PHONE_NUMBER_ID, "+447700908888", f"half {n}"))
        text = base.replace("name: Acme support", f"name: Acme support {n}").replace("scope: two0", f"scope: two{n}")
        wrong = n % 4 == 3
        gateway.config_path.write_text(text.replace("adapter: smpp", "adapter: smmp") if wrong else text)
        gateway.reload()
        good, bad = good + (not wrong), bad + wrong
        # All of it or nothing of it.
        assert gateway.status()["name"] == f"Acme support {n - 1 if wrong else n}"
        assert half.finish() == 200
        if n % 8 == 0:
            mails += 1
            imap.inbox.add(f"From: Ana <ana{n}@example.org>\r\nTo: support@example.org\r\nSubject: mail {n}\r\n"
                           f"Message-ID: <{n}@example.org>\r\n\r\nhello\r\n".encode())
    writers.end()
    talkers.end()
    assert gateway.log().count("event=reload.done") == good and gateway.log().count("event=reload.refused") == bad
    # Nothing was refused, and everything is there once.
    assert set(writers.statuses) == set(talkers.statuses) == {200}
    said = writers.texts + talkers.texts + [f"half {n}" for n in range(RELOADS)] + ["hello from the browser"]
    said += ["hello"] * mails
    wait_until(lambda: gateway.status()["store"]["messages"] >= len(said), "all messages")
    with contextlib.closing(sqlite3.connect(f"file:{gateway.file()}?mode=ro", uri=True)) as db:	# they are many pages
        kept = [text for text, in db.execute("SELECT text FROM message WHERE direction = 1")]
    assert sorted(kept) == sorted(said)
    # Sessions, connections and streams of what did not change are those of before.
    assert imap.connections == 1 and len(imap.logins) == 1
    assert smsc.line and gateway.log().count("smpp.bound") <= 1, "a second bind"
    thread = next(t["id"] for t in gateway.threads(limit=500) if t["channel"] == "web")
    gateway.reply(thread, "hello browser")
    ear.wait_text("hello browser")
    assert ear.connects == 1
    after = ids_of(gateway)
    wait_until(lambda: followed.ids == after[len(before):], "the operator's stream to have it all, in order")
    assert not followed.ended
    ear.close()
    followed.close()
    imap.close()
    smsc.close()
    records.record("reload", good + bad, refused=bad, messages=len(said))


def test_a_channel_goes_on_polling_at_its_own_pace_however_often_is_reloaded(start, tmp_path):
    """A reload every four minutes must not put off for ever what is done every ten."""
    provider = twilio_provider.Twilio(extra="poll: 10m\n")
    lines = "  line:\n    adapter: twilio\n" + "".join(f"    {each}\n" for each in provider.lines().splitlines())
    gateway = start(env=provider.env, change=lambda text: text.replace("\nrules:\n", "\n" + lines + "rules:\n", 1))
    def looks():
        return sum(r.path == f"{twilio_provider.ROOT}/Messages.json" for r in provider.requests)
    try:
        wait_until(looks, "the look at the start")
        first = looks()
        for n in range(1, 4):
            for _ in range(10):		# more than the two or three it takes: answers are on their way meanwhile
                gateway.advance(minutes=4)
                gateway.reload()
            wait_until(lambda want=first + n: looks() >= want, f"look {n} of three")
    finally:
        gateway.stop()
        provider.close()


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", folder / f"{name}.key", "-out", folder / f"{name}.pem"], check=True, capture_output=True)
    (folder / f"{name}.key").chmod(0o600)


def test_certificates_change_under_connections_that_go_on(start):
    gateway = start(begin=False)
    for name in ("first", "second"):
        make_certificate(gateway.folder, name)
    base = gateway.config_path.read_text().replace("log_level: debug", f"log_level: debug\n  tls_cert: {gateway.folder}/first.pem\n"
                                                                       f"  tls_key: {gateway.folder}/first.key")
    gateway.config_path.write_text(base)
    gateway.start()
    context = ssl.create_default_context(cafile=gateway.folder / "first.pem")
    held = http.client.HTTPSConnection("localhost", gateway.port, timeout=PATIENCE, context=context)

    def still_there():
        held.request("GET", "/readyz")
        reply = held.getresponse()
        return reply.status == 200 and reply.read() == b"ready\n"
    assert still_there()
    line, pems = held.sock, {name: (gateway.folder / f"{name}.pem").read_text() for name in ("first", "second")}
    shown = "first"
    for n in range(9):
        name = ("second", "first", "broken")[n % 3]
        # The key of another certificate, and with it a new name: all of that is refused.
        text = base.replace("first.pem", f"{name}.pem").replace("first.key", f"{name}.key") if name != "broken" else \
            base.replace("first.key", "second.key").replace("Acme support", "Acme broken")
        gateway.config_path.write_text(text)
        gateway.reload()
        shown = shown if name == "broken" else name
        assert ssl.get_server_certificate(("127.0.0.1", gateway.port)).strip() == pems[shown].strip()
        assert still_there() and held.sock is line
    assert gateway.log().count("event=reload.refused") == 3
    assert json.loads(gateway.ctl("status", "--json").stdout)["name"] == "Acme support"
    held.close()
    assert gateway.stop() == 0
