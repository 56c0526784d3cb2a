"""Sending a mail, by both transports: what is said to be sent was sent, what is said not to be sent was not, and what
nobody can know is said to be unknown.  The far end is a script (fake_smtp.py); test_exim.py has a real one."""
import json
import os
import ssl
import subprocess

import pytest

import harness
from fake_smtp import STEPS, FakeSmtp
from test_tls_peers import Authority

TOOL = harness.BUILD / "tests" / "tools" / "smtp_try"
PASSWORD = "correct-horse-battery"
MAIL = (b"From: support@acme.example\r\nTo: ana@example.com\r\nSubject: test\r\nDate: Sat, 21 Nov 2026 20:00:00 +0000\r\n"
        b"Message-ID: <hg.1@acme.example>\r\n\r\nHello\r\n.\r\n..two dots\r\nbye\r\n")
BOTH = pytest.mark.parametrize("transport", [[], ["--esmtp"]], ids=["curl", "esmtp"])
REPEAT = int(os.environ.get("HEADGATE_SMTP_SESSIONS") or 40)	# facts: 200 sessions without a hang


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    made = Authority(tmp_path_factory.mktemp("ca"))
    made.make("good", "ca", extensions="subjectAltName=DNS:localhost")
    made.make("other", "ca", extensions="subjectAltName=DNS:other.example", subject="/CN=other.example")
    made.make("unknown", "stranger", extensions="subjectAltName=DNS:localhost")
    return made


@pytest.fixture
def server(authority):
    made = []

    def run(certificate="good", **script):
        made.append(FakeSmtp(authority.folder / f"{certificate}.crt", authority.folder / f"{certificate}.key", **script))
        return made[-1]

    yield run
    for one in made:
        one.close()


@pytest.fixture
def send(authority):
    def run(server, *options, mail=MAIL, user="support", mails=1, host="localhost", tls="starttls", timeout=20000, code=0, password=PASSWORD):
        port = server if isinstance(server, int) else server.port
        login = ["--user", user] if user else []
        env = dict(os.environ, SMTP_TRY_PASSWORD=password) if password and user else dict(os.environ)
        done = subprocess.run([str(TOOL), host, str(port), "--tls", tls, "--ca", str(authority.folder / "ca.crt"), *login,
                               "--mails", str(mails), "--timeout", str(timeout), *options],
                              input=mail, capture_output=True, env=env, timeout=harness.PATIENCE * 4)
        assert not harness.sanitizer_report(done.stderr.decode()), done.stderr.decode()
        assert done.returncode == code, done.stderr.decode()
        # No secret in anything that is said about a mail, whatever the server says back.
        assert PASSWORD.encode() not in done.stdout + done.stderr
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return answers[0] if mails == 1 and not code else done.stderr.decode() if code else answers
    return run


# ---- it works ----

@BOTH
def test_a_mail_arrives_as_it_was_given(server, send, transport):
    s = server()
    answer = send(s, *transport, "--envid", "tok+1=x")
    assert answer["fate"] == "sent" and answer["code"] == 250 and answer["enhanced"] == "2.0.0" and answer["step"] == "end"
    assert answer["text"] == "queued as 4711" and answer["remote_id"] is None	# a queue's number names no mail
    (sender, receivers, mail), = s.mails
    assert mail == MAIL
    assert sender.startswith(b"FROM:<support@acme.example>") and b" SIZE=%d" % len(MAIL) in sender
    assert b" RET=HDRS" in sender and b" ENVID=tok+2B1+3Dx" in sender
    assert receivers == [b"TO:<ana@example.com> NOTIFY=FAILURE,DELAY"]
    assert s.lines[0].tls and s.lines[0].logged_in
    assert s.logins == [(b"PLAIN", [b"\0support\0" + PASSWORD.encode()])]


def test_tls_from_the_first_byte(server, send):
    s = server(implicit=True)
    assert send(s, tls="implicit")["fate"] == "sent"
    assert s.lines[0].tls


@BOTH
def test_replies_that_come_byte_by_byte(server, send, transport):
    s = server(drip=1)
    assert send(s, *transport)["fate"] == "sent"
    assert [m[2] for m in s.mails] == [MAIL]


@BOTH
def test_without_what_the_server_does_not_offer(server, send, transport):
    s = server(offers=[b"STARTTLS"])
    assert send(s, *transport, "--envid", "x", user=None)["fate"] == "sent"
    assert s.mails[0][:2] == (b"FROM:<support@acme.example>", [b"TO:<ana@example.com>"])


@BOTH
def test_a_big_mail_with_dots_everywhere(server, send, transport):
    body = b"".join(b"." * (i % 5) + b"line %d\r\n" % i for i in range(60000)) + b".\r\n"
    s = server()
    assert send(s, *transport, mail=MAIL + body)["fate"] == "sent"
    assert s.mails[0][2] == MAIL + body


def test_one_connection_carries_many_mails(server, send):
    s = server()
    answers = send(s, "--serial", mails=20)
    assert [a["fate"] for a in answers] == ["sent"] * 20
    assert len(s.mails) == 20 and len(s.lines) == 1 and len(s.logins) == 1


def test_no_more_connections_than_allowed(server, send):
    s = server()
    answers = send(s, "--connections", "3", mails=30)
    assert [a["fate"] for a in answers] == ["sent"] * 30
    assert len(s.mails) == 30 and len(s.lines) <= 3


def test_a_kept_connection_that_has_died_costs_nothing(server, send):
    """The server leaves when the second mail begins on a connection: no answer is lost by it, none sent twice."""
    s = server()
    seen = set()

    def leave_second(line):
        if id(line) in seen:
            line.leave()
        seen.add(id(line))
    s.hooks["mail"] = leave_second
    answers = send(s, "--serial", mails=6)
    assert [a["fate"] for a in answers] == ["sent"] * 6
    assert len(s.mails) == 6 and len(s.lines) == 6


def test_a_goodbye_on_a_kept_connection_costs_nothing(server, send):
    s = server()
    seen = set()

    def timed_out(line):
        first = id(line) not in seen
        seen.add(id(line))
        return b"250 ok\r\n" if first else b"421 4.4.2 idle too long\r\n"
    s.answers["mail"] = timed_out
    assert [a["fate"] for a in send(s, "--serial", mails=4)] == ["sent"] * 4
    assert len(s.mails) == 4


# ---- logins ----

@pytest.mark.parametrize("offer, mechanism", [(b"AUTH XOAUTH2", b"XOAUTH2"), (b"AUTH OAUTHBEARER", b"OAUTHBEARER")])
def test_oauth2(server, send, offer, mechanism):
    s = server(offers=[b"STARTTLS", offer])
    assert send(s, "--bearer", "ya29.access-token", password=None)["fate"] == "sent"
    (used, said), = s.logins
    assert used == mechanism and b"ya29.access-token" in said[0] and b"support" in said[0]


def test_oauth2_refused(server, send):
    """Google and Microsoft say why in a challenge first; libcurl does not wait for the 535 behind it."""
    s = server(offers=[b"STARTTLS", b"AUTH XOAUTH2"], answers={"auth": b"334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"})
    answer = send(s, "--bearer", "ya29.access-token", password=None)
    assert (answer["fate"], answer["reach"], answer["step"]) == ("failed", "channel", "auth")
    assert not s.mails and "ya29" not in json.dumps(answer)


@BOTH
def test_login_where_plain_is_not_offered(server, send, transport):
    s = server(offers=[b"STARTTLS", b"AUTH LOGIN"])
    assert send(s, *transport)["fate"] == "sent"
    assert s.logins == [(b"LOGIN", [b"support", PASSWORD.encode()])]


@BOTH
def test_a_refused_login_stops_the_channel_and_sends_nothing(server, send, transport):
    """facts: libesmtp goes on with MAIL FROM after a login that failed."""
    s = server(answers={"auth": b"535 5.7.8 bad credentials\r\n"})
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"], answer["step"], answer["code"], answer["enhanced"]) == ("failed", "channel", "auth", 535, "5.7.8")
    assert not s.mails and not s.arrived


@BOTH
def test_a_login_that_is_put_off_comes_again(server, send, transport):
    s = server(answers={"auth": b"454 4.7.0 later\r\n"})
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"], answer["step"], answer["code"]) == ("retry", "channel", "auth", 454)
    assert not s.arrived


@BOTH
def test_no_login_offered_is_not_gone_round(server, send, transport):
    s = server(offers=[b"STARTTLS"])
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"], answer["step"]) == ("failed", "channel", "auth")
    assert not s.mails and not s.arrived


def test_all_who_wait_hear_of_a_refused_login_and_do_not_try(server, send):
    s = server(answers={"auth": b"535 5.7.8 no\r\n"})
    answers = send(s, "--connections", "1", mails=10)
    assert {(a["fate"], a["reach"], a["step"]) for a in answers} == {("failed", "channel", "auth")}
    assert len(s.lines) == 1


# ---- trust ----

@BOTH
@pytest.mark.parametrize("certificate", ["other", "unknown"])
def test_a_certificate_not_to_be_trusted(server, send, transport, certificate):
    s = server(certificate)
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"], answer["step"]) == ("failed", "channel", "starttls"), answer
    assert "ertificate" in answer["text"]
    assert not s.logins and not s.arrived


def test_a_certificate_not_to_be_trusted_with_implicit_tls(server, send):
    s = server("unknown", implicit=True)
    answer = send(s, tls="implicit")
    assert (answer["fate"], answer["reach"], answer["step"]) == ("failed", "channel", "starttls"), answer
    assert not s.logins


@BOTH
def test_starttls_is_required(server, send, transport):
    s = server(offers=[b"AUTH PLAIN"])
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"]) == ("failed", "channel"), answer
    assert not s.logins and not s.arrived


@BOTH
def test_no_tls_only_where_it_was_asked_for(server, send, transport):
    s = server()
    assert send(s, *transport, user=None, tls="none")["fate"] == "sent"
    assert not s.lines[0].tls


@BOTH
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.MAXIMUM_SUPPORTED], ids=["1.2", "newest"])
def test_many_sessions_without_a_hang(server, send, transport, version):
    """facts: libesmtp deadlocks in one of five sessions with TLS 1.3."""
    s = server(tls=None if version == ssl.TLSVersion.MAXIMUM_SUPPORTED else version)
    seen = set()

    def leave_second(line):		# a session for each mail, with libcurl too
        if id(line) in seen:
            line.leave()
        seen.add(id(line))
    s.hooks["mail"] = leave_second
    rounds = max(REPEAT // 20, 1)
    for _ in range(rounds):
        answers = send(s, *transport, "--connections", "4", mails=20, timeout=60000)
        assert [a["fate"] for a in answers] == ["sent"] * 20
    assert len(s.mails) == rounds * 20 <= len(s.lines)


@pytest.mark.parametrize("arguments, word", [
    (dict(host="localhost", tls="none"), None), (dict(host="mx.example", tls="none"), "in the clear"),
    (dict(host="evil host"), "no name"), (dict(user="a\nb"), "control"),
])
def test_settings_that_make_no_sense(send, arguments, word):
    if word:
        assert word in send(harness.free_port(), **arguments, code=1)
    else:
        assert send(harness.free_port(), **arguments)["fate"] == "retry"


def test_libesmtp_and_what_it_cannot_do(send, server):
    assert "implicit" in send(harness.free_port(), "--esmtp", tls="implicit", code=1)
    answer = send(server(), "--esmtp", "--bearer", "x")
    assert answer["fate"] == "failed" and "OAuth2" in answer["text"]


# ---- the nine steps ----

@BOTH
@pytest.mark.parametrize("reset", [False, True], ids=["fin", "rst"])
@pytest.mark.parametrize("step", STEPS + ["tls"])
def test_a_connection_cut_at_each_step(server, send, transport, step, reset):
    """Before the final dot has left, nothing was sent; after it, nobody knows."""
    s = server(cut=step, reset=reset)
    answer = send(s, *transport)
    assert answer["step"] == {"tls": "ehlo"}.get(step, step) or (step, answer["step"]) in (
        ("tls", "starttls"), ("body", "end"), ("greeting", "connect")), answer
    if answer["step"] == "end":
        assert answer["fate"] == "ambiguous" and step in ("body", "end")
    else:
        assert answer["fate"] == "retry" and step != "end"
        assert answer["reach"] == ("message" if step in ("mail", "rcpt", "data", "body") else "channel")
    assert answer["code"] == 0 and not s.mails


def test_a_connection_that_nobody_takes(send):
    answer = send(harness.free_port())
    assert (answer["fate"], answer["reach"], answer["step"]) == ("retry", "channel", "connect")
    answer = send(harness.free_port(), "--esmtp")
    assert (answer["fate"], answer["reach"], answer["step"]) == ("retry", "channel", "connect")


@BOTH
def test_a_big_mail_cut_in_its_middle_was_not_sent(server, send, transport):
    """More than all buffers between us hold: the end cannot have left."""
    s = server(cut="body", cut_after=100000, reset=True)
    answer = send(s, *transport, mail=MAIL + (b"x" * 76 + b"\r\n") * 400000)
    assert (answer["fate"], answer["step"]) == ("retry", "body"), answer


@BOTH
@pytest.mark.parametrize("step", STEPS)
def test_a_silent_server(server, send, transport, step):
    if step == "body":
        return				# reading on without a word is how a server takes a mail
    s = server(silent=step)
    answer = send(s, *transport, timeout=700)
    assert answer["step"] == step and answer["fate"] == ("ambiguous" if step == "end" else "retry"), answer


# ---- what servers say ----

REFUSALS = [
    # step, answer, fate, reach
    ("greeting", b"554 5.7.1 you are on a list\r\n", "failed", "channel"),
    ("greeting", b"421 4.3.2 not now\r\n", "retry", "channel"),
    ("ehlo", b"421 4.3.2 not now\r\n", "retry", "channel"),
    ("starttls", b"454 4.7.0 no TLS now\r\n", "retry", "channel"),
    ("mail", b"550 5.7.60 you may not send as this\r\n", "failed", "channel"),
    ("mail", b"552 5.3.4 too big\r\n", "failed", "message"),
    ("mail", b"451 4.7.0 slow down\r\n", "retry", "channel"),
    ("rcpt", b"550 5.1.1 no such user\r\n", "failed", "contact"),
    ("rcpt", b"550 5.7.1 relaying denied\r\n", "failed", "message"),
    ("rcpt", b"530 5.7.0 log in first\r\n", "failed", "channel"),
    ("rcpt", b"552 5.2.2 mailbox full\r\n", "failed", "message"),
    ("rcpt", b"450 4.2.0 greylisted\r\n", "retry", "contact"),
    ("rcpt", b"452 4.3.1 no space\r\n", "retry", "channel"),
    ("data", b"554 5.5.1 no\r\n", "failed", "message"),
    ("data", b"421 4.3.0 going down\r\n", "retry", "channel"),
    ("end", b"554 5.6.0 spam\r\n", "failed", "message"),
    ("end", b"451 4.3.0 try later\r\n", "retry", "channel"),
    ("end", b"452 4.2.0 try later\r\n", "retry", "message"),
]


@BOTH
@pytest.mark.parametrize("step, words, fate, reach", REFUSALS, ids=[f"{r[0]}-{r[1][:9].decode().replace(' ', '-')}" for r in REFUSALS])
def test_a_refusal_is_stored_with_its_codes(server, send, transport, step, words, fate, reach):
    s = server(answers={step: words})
    answer = send(s, *transport)
    assert (answer["fate"], answer["reach"], answer["step"], answer["code"]) == (fate, reach, step, int(words[:3])), answer
    assert answer["enhanced"] == words[4:].split()[0].decode() and answer["text"] in words.decode()
    assert not s.mails


@BOTH
def test_a_refusal_of_several_lines(server, send, transport):
    s = server(answers={"rcpt": b"550-5.1.1 The account does not exist.\r\n550-5.1.1 Look again at\r\n550 5.1.1 https://example.com/help x1\r\n"})
    answer = send(s, *transport)
    assert (answer["code"], answer["enhanced"], answer["reach"]) == (550, "5.1.1", "contact")
    assert answer["text"] == "The account does not exist. Look again at https://example.com/help x1"


@BOTH
def test_one_of_two_receivers_refused_is_none_sent(server, send, transport):
    s = server(answers={"rcpt": lambda line: b"250 ok\r\n" if len(line.receivers) == 1 else b"550 5.1.1 who?\r\n"})
    answer = send(s, *transport, "--to", "ana@example.com", "--to", "bob@example.com")
    assert answer["fate"] == "failed" and not s.arrived


@pytest.mark.parametrize("step, words", [
    ("mail", b"250 ok\r\n250 ok\r\n"), ("rcpt", b"250 ok\r\n354 go\r\n250 queued\r\n"), ("data", b"354 go\r\n250 queued\r\n"),
    ("mail", b"354 go\r\n"), ("data", b"250 ok\r\n"), ("rcpt", b"220 hello\r\n"), ("greeting", b"HTTP/1.1 400 Bad Request\r\n\r\n"),
    ("mail", b"2500 ok\r\n"), pytest.param("data", b"x" * 100000 + b"\r\n", id="long"),
])
def test_replies_that_make_no_sense_send_nothing(server, send, step, words):
    s = server(answers={step: words})
    answer = send(s, timeout=1500)
    assert answer["fate"] == "retry" and not s.mails, answer


@pytest.mark.parametrize("words", [b"200 ok\r\n", b"354 more\r\n", b"what\r\n", b"250-never whole\r\n"])
@BOTH
def test_an_end_that_is_not_250_is_unknown(server, send, transport, words):
    s = server(answers={"end": words})
    answer = send(s, *transport, timeout=1500)
    assert answer["fate"] == "ambiguous" and answer["step"] == "end", answer


def test_an_answer_before_the_end_is_none(server, send):
    s = server(answers={"body": b"552 5.3.4 too much\r\n"})
    answer = send(s, mail=MAIL + (b"x" * 76 + b"\r\n") * 200000)
    assert answer["step"] == "body" and answer["fate"] in ("failed", "retry") and not s.mails


@BOTH
@pytest.mark.parametrize("words, remote", [
    (b"250 2.0.0 OK <AM0PR01@eurprd01.prod.outlook.com> [Hostname=AM0PR01]\r\n", "AM0PR01@eurprd01.prod.outlook.com"),
    (b"250 OK id=1r5abc-0001Xy-2f\r\n", None), (b"250 2.0.0 Ok: queued as 4BcD\r\n", None), (b"250 <no id>\r\n", None),
])
def test_the_id_a_relay_gives(server, send, transport, words, remote):
    s = server(answers={"end": words})
    answer = send(s, *transport)
    assert answer["fate"] == "sent" and answer["remote_id"] == remote


# ---- nothing breaks out ----

HOSTILE = ["ana@example.com>\r\nRCPT TO:<eve@evil.example", "ana@example.com\nDATA", "<ana@example.com>", "ana", "", "@example.com", "ana@",
           "ana@exa mple.com", "ana\x00@example.com", "a na@example.com", "ana@example.com,eve@evil.example", "ana@[127.0.0.1]", "än@example.com",
           "ana@exämple.com", "ana>@example.com", "ana@example.com> NOTIFY=SUCCESS", "a" * 65 + "@example.com", "ana@" + "a" * 256, "ana@-x", "a@b..c",
           "\"ana\"eve\"@example.com"]


@BOTH
def test_an_address_cannot_say_a_command(server, send, transport):
    s = server()
    for address in HOSTILE:
        if "\0" in address:
            continue			# no argument of a program
        for which in ("--to", "--from"):
            if which == "--from" and not address:
                continue		# <>, see below
            answer = send(s, *transport, which, address)
            assert answer["fate"] == "failed" and answer["reach"] == "message", (which, address, answer)
    assert not s.commands


@BOTH
def test_odd_addresses_that_are_some(server, send, transport):
    s = server()
    for address, wire in [("a..b@example.com", '"a..b"@example.com'), ("ab.@docomo.example", '"ab."@docomo.example'), ("o'neil+x=y@x.example", None),
                          ('"a.b"@x.example', "a.b@x.example")]:
        assert send(s, *transport, "--to", address)["fate"] == "sent", address
        assert s.mails[-1][1] == [f"TO:<{wire or address}>".encode()]
    assert send(s, *transport, "--from", "")["fate"] == "sent"
    assert s.mails[-1][0].startswith(b"FROM:<>")


@BOTH
@pytest.mark.parametrize("mail", [b"a\r\n.\r\nMAIL FROM:<x@y>\n.\r\n", b"a\n.\n", b"a\r\n\r.\r\n", b"a\r\nb\r", b"\nb\r\n", b"a\0b\r\n", b""])
def test_line_ends_that_servers_see_differently_are_refused(server, send, transport, mail):
    s = server()
    answer = send(s, *transport, mail=mail)
    assert answer["fate"] == "failed" and answer["reach"] == "message"
    assert not s.commands
