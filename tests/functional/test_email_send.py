"""The way out of a mailbox, in the whole gateway: a customer's mail, the agent's answer, the customer's answer to that, and
two gateways that write to each other."""
import contextlib
import email
import email.policy
import re

import pytest

import dovecot
import fake_smtp
import harness
import mail_gateway
from visitor_client import Visitor

mail = dovecot.mail
CONFIRMED = mail_gateway.CONFIG.replace("settle: 20s", 'settle: 1s\nticket:\n  confirm: "We have your request."')


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = dovecot.Dovecot(tmp_path_factory.mktemp("dovecot")).start()
    yield made
    made.close()


class World:
    """Takes the gateways' mail and delivers what is for a mailbox of Dovecot's."""

    def __init__(self, server, answers=None):
        self.server, self.sent = server, []
        self.smtp = fake_smtp.FakeSmtp(offers=[b"SIZE 10000000", b"DSN"], answers={"end": self.deliver, **(answers or {})})

    def deliver(self, line):
        raw = self.smtp.arrived[-1].replace(b"\r\n..", b"\r\n.") + b"\r\n"
        to = re.match(rb"TO:<([^>]*)>", line.receivers[0]).group(1).decode()
        self.sent.append((line.sender, to, email.message_from_bytes(raw, policy=email.policy.default)))
        if to.endswith("@example.org"):
            self.server.deliver(re.sub(r"\+[^@]*", "", to), raw.replace(b"\r\n", b"\n"))
        return b"250 2.0.0 ok\r\n"

    def wait(self, n):
        harness.wait_until(lambda: len(self.sent) >= n, f"{n} mails, there are {len(self.sent)}")
        return self.sent[n - 1]

    def options(self, more=""):
        return f"    smtp: {{ host: 127.0.0.1, port: {self.smtp.port}, tls: none, login: false }}\n{more}"


@pytest.fixture
def world(server):
    made = World(server)
    yield made
    made.smtp.close()


@contextlib.contextmanager
def gateway(server, me, folder, world, secret=dovecot.ENV["TEST_MAIL_TOKENS"]):
    with mail_gateway.gateway(folder, server.channel(me, world.options()), env=dict(TEST_MAIL_TOKENS=secret)) as made:
        made.wait_log("email.open")
        yield made


def answer_to(sent, text, sender="Ana <ana@example.com>", **change):
    """As a mailer answers: Message-ID, References, subject and reply address of what it got, but for what is changed."""
    headers = {"In-Reply-To": sent["Message-ID"], "References": f"{sent['References']} {sent['Message-ID']}", "To": sent["Reply-To"], **change}
    return mail(sent["Subject"], text, sender=sender, **{k: v for k, v in headers.items() if v})


def test_an_answer_and_the_answer_to_it(server, tmp_path, world):
    me = "way-out@example.org"
    with gateway(server, me, tmp_path / "gateway", world) as g:
        server.deliver(me, mail("My order", number=77))
        thread = g.wait_thread()[0]["id"]
        assert g.reply(thread, "It is on its way.").status == 202
        sender, to, sent = world.wait(1)
        assert to == "ana@example.com" and sender.startswith(f"FROM:<{me}>".encode())
        assert sent["Subject"] == "Re: My order" and sent.get_content().strip() == "It is on its way."
        assert sent["In-Reply-To"] == "<77@example.com>" and sent["References"].split()[0] == "<77@example.com>"
        g.wait_message(thread, lambda m: m["direction"] == "outbound" and m["delivery"] == "sent")
        for i, change in enumerate([{}, {"In-Reply-To": None, "References": None}, {"To": me}], 1):
            server.deliver(me, answer_to(sent, f"thanks {i}", **change))
            g.wait_message(thread, lambda m: (m.get("text") or "").startswith(f"thanks {i}"))
        assert len(g.threads()) == 1
        assert not [value for value in dovecot.ENV.values() if value in g.log()]


REPORT = """\
From: Mail Delivery System <Mailer-Daemon@mx.example>
To: {me}
Subject: Mail delivery failed: returning message to sender
Message-ID: <report{number}@mx.example>
Date: Sun, 01 Nov 2026 10:00:00 +0000
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b

A message that you sent could not be delivered.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example
{envelope}
Action: failed
Final-Recipient: rfc822;ana@example.com
Status: 5.1.1
Diagnostic-Code: smtp; 550 no such mailbox any more

--b
Content-Type: text/rfc822-headers

From: {me}
Message-ID: {id}

--b--
"""


@pytest.mark.parametrize("by", ["envelope id", "Message-ID"])
def test_a_report_of_failure_is_matched_with_what_was_sent(server, tmp_path, world, by):
    """RFC 3464; and a forged one, without a token of ours, changes nothing."""
    me = f"reports{len(by)}@example.org"
    with gateway(server, me, tmp_path / "gateway", world) as g:
        server.deliver(me, mail("My order", number=80))
        thread = g.wait_thread()[0]["id"]
        g.reply(thread, "It is on its way.")
        sender, _, sent = world.wait(1)
        envelope = re.search(rb"ENVID=(\S+)", sender).group(1).decode()
        assert f"<{envelope}>" == sent["Message-ID"]
        g.wait_message(thread, lambda m: m["direction"] == "outbound" and m["delivery"] == "sent")
        forged = envelope[:10] + ("a" if envelope[10] != "a" else "b") + envelope[11:]
        for number, ident in enumerate([forged, envelope]):
            ids = dict(envelope=f"Original-Envelope-Id: {ident}\n", id="<x@y>") if by == "envelope id" else dict(envelope="", id=f"<{ident}>")
            server.deliver(me, REPORT.format(me=me, number=number, **ids).replace("\n", "\r\n").encode())
            harness.wait_until(lambda: len(server.flags(me)) == number + 2 and all("\\Seen" in f for f in server.flags(me).values()), "the report")
            out = next(m for m in g.messages(thread) if m["direction"] == "outbound")
            assert out["delivery"] == ("failed" if number else "sent"), out
        assert "5.1.1" in str(out)


def test_a_refused_address_is_told_where_the_agent_works(server, tmp_path, world):
    me = "refused@example.org"
    world.smtp.answers["rcpt"] = b"550 5.1.1 no such user here\r\n"
    with gateway(server, me, tmp_path / "gateway", world) as g:
        server.deliver(me, mail("My order", number=78))
        thread = g.wait_thread()[0]["id"]
        g.reply(thread, "It is on its way.")
        failed = g.wait_message(thread, lambda m: m["direction"] == "outbound" and m["delivery"] == "failed")
        assert "5.1.1" in str(failed) and "no such user here" in str(failed)


def test_two_gateways_that_write_to_each_other(server, tmp_path, world, monkeypatch):
    """failure 10: each confirms what it gets by itself; two mails at most go between them, and no third comes of it."""
    monkeypatch.setattr(mail_gateway, "CONFIG", CONFIRMED)
    a, b = "desk-a@example.org", "desk-b@example.org"
    with gateway(server, a, tmp_path / "a", world) as one, gateway(server, b, tmp_path / "b", world, "quite another secret, of desk B's") as two:
        server.deliver(a, mail("Hello from the other desk", sender=f"Desk B <{b}>", number=79))
        one.wait_thread()
        world.wait(1)
        # Read over there, marked as read, and then a day goes by in which somebody could have answered.
        harness.wait_until(lambda: server.flags(b) and all("\\Seen" in flags for flags in server.flags(b).values()), "desk B")
        for _ in range(4):
            for g in (one, two):
                g.advance(hours=6)
                assert g.fsck() == []
                g.status()
        assert 1 <= len(world.sent) <= 2
        sender, to, sent = world.sent[0]
        assert to == b and sender.startswith(b"FROM:<>") and sent["Auto-Submitted"] == "auto-replied"
        assert "Hello from" not in sent["Subject"] + sent.get_content()


CHAT = """\
    adapter: widget
    origins: [https://www.acme.example]
    unseen: { mail: support, after: 2m, gap: 10m }
"""


def test_what_nobody_saw_in_the_chat_goes_by_mail_and_the_answer_comes_back(server, tmp_path, world):
    me = "chat@example.org"
    with mail_gateway.gateway(tmp_path / "gateway", {"support": server.channel(me, world.options()), "web": CHAT}) as g:
        g.wait_log("email.open")
        ana = Visitor(g)
        thread = ana.said("where is order 4711?", profile=dict(name="Ana", email="ana@example.com"))["thread"]["id"]
        assert g.reply(thread, "It left today.").status == 202
        assert g.reply(thread, "It comes tomorrow.").status == 202
        harness.wait_until(lambda: [m["delivery"] for m in g.messages(thread) if m["direction"] == "outbound"] == ["sent"] * 2,
                           "both are with her browser, or would be")
        g.advance(minutes=3)
        _, to, sent = world.wait(1)
        said = sent.get_content()
        assert to == "ana@example.com" and 0 < said.index("It left today.") < said.index("It comes tomorrow.")
        server.deliver(me, answer_to(sent, "thank you!"))
        g.wait_message(thread, lambda m: (m.get("text") or "").startswith("thank you!"))
        # She sees what was said, wherever, and not the mail that said it once more; nor is she told twice.
        assert [m["text"].strip() for m in ana.messages(thread)] == ["where is order 4711?", "It left today.", "It comes tomorrow.",
                                                                     "thank you!"]
        assert ana.messages(thread)[-1]["channel"] == "email" and len(g.threads()) == 1
        g.advance(minutes=30)
        assert g.reply(thread, "You are welcome.").status == 202
        _, to, sent = world.wait(2)
        assert to == "ana@example.com" and sent.get_content().strip().startswith("You are welcome.")
