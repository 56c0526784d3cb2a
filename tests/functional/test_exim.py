"""Both transports against a real mail server: Exim as Debian has it, with TLS, logins and DSN."""
import email
import email.policy

import pytest

import exim
import test_smtp
from test_smtp import BOTH, authority, send  # noqa: F401 (fixtures)

MAIL = (b"From: support@acme.example\r\nTo: ana@example.com\r\nSubject: =?utf-8?q?gr=C3=BC=C3=9Fe?=\r\nDate: Sun, 01 Nov 2026 10:00:00 +0000\r\n"
        b"Message-ID: <hg.aewhbyjlpiden6jcph2courqa6crsphw7i@acme.example>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        b"\r\nHello\r\n.\r\n..two\r\nFrom me\r\n" + b"x" * 900 + b"\r\n")


@pytest.fixture(scope="module")
def server(authority):  # noqa: F811
    made = exim.Exim(authority.folder / "good.crt", authority.folder / "good.key")
    yield made
    log = made.log()
    made.close()
    assert exim.PASSWORD not in log


@pytest.fixture
def post(server, send):  # noqa: F811
    def run(*options, **more):
        return send(more.pop("server", server), *options, **{**dict(mail=MAIL, password=exim.PASSWORD), **more})
    return run


def body(raw):
    return raw.split(b"\n\n", 1)[1]


@BOTH
def test_mails_arrive_whole(server, post, transport):
    before = server.names()
    answers = post(*transport, mails=8, timeout=60000)
    assert {(a["fate"], a["code"]) for a in answers} == {("sent", 250)}
    for raw in server.wait_new(before, 8):
        message = email.message_from_bytes(raw, policy=email.policy.default)
        assert message["Return-path"] == "<support@acme.example>" and message["Envelope-to"] == "ana@example.com"
        assert message["Subject"] == "grüße" and message["Message-ID"].startswith("<hg.aewhbyjl")
        assert "esmtpsa" in message["Received"]		# with TLS and a login
        assert body(raw).rstrip(b"\n") == body(MAIL.replace(b"\r\n", b"\n")).rstrip(b"\n")


@BOTH
def test_a_big_mail_arrives_whole(server, post, transport):
    """Exim offers CHUNKING, by which libesmtp sends in parts that are answered one by one."""
    before = server.names()
    lines = b"".join(b"." * (i % 4) + b"line %d\r\n" % i for i in range(100000))
    assert post(*transport, mail=MAIL + lines)["fate"] == "sent"
    raw, = server.wait_new(before, 1)
    assert body(raw).rstrip(b"\n") == body((MAIL + lines).replace(b"\r\n", b"\n")).rstrip(b"\n")


def test_tls_from_the_first_byte(server, post):
    before = server.names()
    assert post(server=server.tls_port, tls="implicit")["fate"] == "sent"
    server.wait_new(before, 1)


@BOTH
def test_refusals(server, post, transport):
    cases = [(("--to", "nobody@example.com"), {}, ("failed", "contact", "rcpt", 550, "5.1.1")),
             (("--to", "later@example.com"), {}, ("retry", "contact", "rcpt", 451, "4.2.0")),
             ((), dict(password="wrong-password-of-tests"), ("failed", "channel", "auth", 535, None)),
             ((), dict(user=None), ("failed", "message", "rcpt", 550, "5.7.1"))]
    for options, more, want in cases:
        answer = post(*transport, *options, **more)
        assert (answer["fate"], answer["reach"], answer["step"], answer["code"]) == want[:4], (options, answer)
        assert answer["enhanced"] == want[4] or (want[4] or "") in answer["text"], answer
    answer = post(*transport, mail=MAIL + b"y" * 70 + (b"z" * 76 + b"\r\n") * 80000)
    assert (answer["fate"], answer["code"]) == ("failed", 552), answer


@BOTH
def test_a_report_of_failure_names_the_mail(server, post, transport):
    """failure 11 and section 5.3: what comes back carries our id, in the envelope's and in the mail's."""
    before = server.names()
    ident = "hg.aewhbyjlpiden6jcph2courqa6crsphw7i@acme.example"
    assert post(*transport, "--to", "bounced@example.com", "--envid", ident)["fate"] == "sent"
    raw, = server.wait_new(before, 1)
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert message.get_content_type() == "multipart/report" and message["Return-path"] == "<>"
    text, status, returned = message.iter_parts()
    assert status.get_content_type() == "message/delivery-status"
    assert ident.encode() in bytes(status) + bytes(returned)
    assert b"Action: failed" in bytes(status)


@BOTH
def test_a_null_return_path_gets_no_report(server, post, transport):
    before = server.names()
    assert post(*transport, "--from", "", "--to", "ana@example.com")["fate"] == "sent"
    raw, = server.wait_new(before, 1)
    assert email.message_from_bytes(raw, policy=email.policy.default)["Return-path"] == "<>"


@BOTH
def test_many_sessions(server, post, transport):
    """Each mail on a session of its own with libesmtp, four connections with libcurl: none hangs."""
    before = server.names()
    n = test_smtp.REPEAT // 2
    answers = post(*transport, "--connections", "4", mails=n, timeout=120000)
    assert [a["fate"] for a in answers] == ["sent"] * n
    assert len(server.wait_new(before, n)) == n
