"""History from elsewhere: it is there to be read, nothing happens because of it, and nothing of it is there twice."""
import contextlib
import json
import os
import signal
import socket
import sqlite3
import subprocess

import pytest

import dovecot
import harness
import mail_gateway

ME = "history@example.org"
ASKED, ANSWERED, THANKED, OTHER = range(4)


def letter(sender, to, id, date, text, refs=(), extra=""):
    head = f"From: {sender}\nTo: {to}\nMessage-ID: <{id}>\nDate: {date}\nSubject: The old lamp\nMIME-Version: 1.0\n"
    if refs:
        head += f"In-Reply-To: <{refs[-1]}>\nReferences: {' '.join(f'<{ref}>' for ref in refs)}\n"
    return head + (extra or "Content-Type: text/plain; charset=utf-8\n\n") + text + "\n"


MAILS = [
    letter("Ana Lima <ana@example.net>", ME, "a1@example.net", "Mon, 02 Mar 2026 10:00:00 +0000", "It flickers.\n\nFrom the first day."),
    letter(f"Cleo <{ME}>", "Ana Lima <ana@example.net>", "a2@example.org", "Mon, 02 Mar 2026 11:00:00 +0000", "Try another bulb.", ["a1@example.net"]),
    letter("Ana Lima <ana@example.net>", ME, "a3@example.net", "Tue, 03 Mar 2026 10:00:00 +0000", "That was it.", ["a1@example.net", "a2@example.org"]),
    letter("Ben <ben@example.net>", ME, "b1@example.net", "Wed, 04 Mar 2026 10:00:00 +0000",
           "--b\nContent-Type: text/plain\n\nSee the picture.\n--b\nContent-Type: image/png; name=a.png\nContent-Transfer-Encoding: base64\n\niVBORw0KGgo=\n--b--",
           extra='Content-Type: multipart/mixed; boundary="b"\n\n'),
]


def mbox(mails):
    return "".join("From someone@example.net Mon Mar  2 10:00:00 2026\n" + mail.replace("\nFrom the", "\n>From the") + "\n" for mail in mails)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    made = dovecot.Dovecot(tmp_path_factory.mktemp("dovecot")).start()
    yield made
    made.close()


@pytest.fixture(scope="module")
def gateway(server, tmp_path_factory):
    folder = tmp_path_factory.mktemp("import") / "gateway"
    helper = dict(HEADGATE_MAIL_HELPER=str(harness.BUILD / "headgate-mail"))
    with mail_gateway.gateway(folder, server.channel(ME), env=helper) as made:
        made.wait_log("email.open")
        yield made


def bring(gateway, form, path, *more, check=0):
    return gateway.ctl("-c", str(gateway.config_path), "import", form, "--channel", "support", str(path), *more, check=check)


def counts(gateway):
    with contextlib.closing(sqlite3.connect(f"file:{gateway.file()}?mode=ro", uri=True)) as db:
        return {table: db.execute(f"SELECT COUNT(*) FROM {table}").fetchone()[0]
                for table in ("thread", "message", "event", "outbox", "ticket", "timer", "decision", "episode")}


def thread_of(gateway, address):
    return next(t for t in gateway.threads(limit=100) if any(m["address"] == address for m in gateway.messages(t["id"])))


def test_an_archive_of_mail_is_history(gateway, tmp_path):
    archive = tmp_path / "archive.mbox"
    archive.write_text(mbox(MAILS))
    before = counts(gateway)
    assert bring(gateway, "mbox", archive, "--dry-run").stdout == "4 new, 0 known, 0 refused; nothing was written\n"
    assert counts(gateway) == before
    assert bring(gateway, "mbox", archive).stdout == "4 new, 0 known, 0 refused\n"
    after = counts(gateway)
    assert {name: after[name] - before[name] for name in after} == {**dict.fromkeys(after, 0), "thread": 2, "message": 4}
    ana = thread_of(gateway, "mailto:ana@example.net")
    assert (ana["state"], ana["subject"], ana["ticket"]) == ("closed", "The old lamp", None)
    said = sorted(gateway.messages(ana["id"]), key=lambda m: m["at"])
    assert [(m["direction"], m["at"][:16]) for m in said] == [("inbound", "2026-03-02T10:00"), ("outbound", "2026-03-02T11:00"), ("inbound", "2026-03-03T10:00")]
    assert "\nFrom the first day." in said[0]["text"] and said[1]["author_name"] == "Cleo"
    ben = thread_of(gateway, "mailto:ben@example.net")
    assert "1 file stayed behind" in gateway.messages(ben["id"])[0]["note"]
    # Again, and as a maildir with the line ends of the net: known.
    assert json.loads(bring(gateway, "mbox", archive, "--json").stdout) == dict(new=0, known=4, refused=0, dry_run=False)
    for name in ("cur", "new", "tmp"):
        (tmp_path / "mails" / name).mkdir(parents=True)
    for n, mail in enumerate(MAILS):
        (tmp_path / "mails" / ("new" if n else "cur") / f"177{n}.example").write_bytes(mail.replace("\n", "\r\n").encode())
    assert bring(gateway, "maildir", tmp_path / "mails").stdout == "0 new, 4 known, 0 refused\n"
    assert counts(gateway) == after


def test_a_mailbox_that_is_read_later_adds_nothing_and_who_goes_on_begins_anew(gateway, server, tmp_path):
    archive = tmp_path / "archive.mbox"
    archive.write_text(mbox(MAILS))
    bring(gateway, "mbox", archive)
    before = counts(gateway)
    news = letter("Ana Lima <ana@example.net>", ME, "a9@example.net", "Sun, 22 Nov 2026 10:00:00 +0000", "It flickers again.", ["a1@example.net", "a3@example.net"])
    server.deliver(ME, [mail.replace("\n", "\r\n").encode() for mail in (*MAILS, news)])
    harness.wait_until(lambda: counts(gateway)["message"] > before["message"], "the new mail")
    after = counts(gateway)
    assert after["message"] == before["message"] + 1 and after["thread"] == before["thread"] + 1
    threads = [t for t in gateway.threads(limit=100) if any("again" in m["text"] for m in gateway.messages(t["id"]))]
    assert [t["state"] for t in threads] == ["open"]
    # What was done is done again from the journal.
    done = gateway.ctl("rebuild", "--from", str(gateway.file()), "--to", str(tmp_path / "again.db"), "--config", str(gateway.config_path))
    assert "the two stores are the same, row by row" in done.stdout, done.stdout + done.stderr


def test_history_can_only_be_read(gateway, tmp_path):
    archive = tmp_path / "archive.mbox"
    archive.write_text(mbox(MAILS))
    bring(gateway, "mbox", archive)
    ben = thread_of(gateway, "mailto:ben@example.net")["id"]
    for answer in (gateway.reply(ben, "hello"), gateway.api("POST", f"/v1/threads/{ben}/reopen", {}), gateway.api("POST", f"/v1/threads/{ben}/convert", {}),
                   gateway.api("POST", f"/v1/threads/{ben}/notes", dict(text="x")), gateway.api("PATCH", f"/v1/threads/{ben}", dict(subject="x"))):
        assert answer.status == 409 and "history from elsewhere" in answer.json["detail"], answer


def test_what_is_stopped_says_where_it_goes_on(gateway, tmp_path):
    """Ctrl-C while the daemon answers for the first batch: that one counts, and the next begins behind it."""
    path, running = tmp_path / "old.jsonl", []
    path.write_text("".join(json.dumps(dict(id=f"s{n}", at="2026-01-02T03:04:05Z", address="mailto:eve@example.net", text="hello")) + "\n"
                            for n in range(250)))
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.settimeout(harness.PATIENCE)
    listener.listen()

    def serve():
        near = listener.accept()[0]
        asked = b""
        while not asked.endswith(b"]}"):
            asked += near.recv(65536)
        running[0].send_signal(signal.SIGINT)
        answer = b'{"new":100,"known":0}'
        near.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(answer), answer))
        near.close()

    with subprocess.Popen([harness.BUILD / "headgatectl", "-c", gateway.config_path, "-s", tmp_path / "s", "import", "jsonl", "--channel", "support", path],
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          env=dict(os.environ, HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), TEST_API_TOKEN=harness.API_TOKEN,
                                   TEST_WEBHOOK_SECRET=harness.WEBHOOK_SECRET, TEST_SECOND_SECRET=harness.SECOND_SECRET, **gateway.env)) as child:
        running.append(child)
        serve()
        out, err = child.communicate(timeout=harness.PATIENCE)
    listener.close()
    assert child.returncode == 6 and out == "100 new, 0 known, 0 refused\n", (out, err)
    assert "(import); go on with: the same with --skip 100\n" in err


def test_lines_that_make_no_sense_are_named(gateway, tmp_path):
    good = dict(id="j1", at="2026-01-02T03:04:05Z", address="mailto:eve@example.net", text="hello", name="Eve", thread="t1")
    lines = [json.dumps(good), "{broken", json.dumps(dict(good, id=None)), "", json.dumps(dict(good, id="j2", direction="out", agent="Cleo"))]
    path = tmp_path / "old.jsonl"
    path.write_text("\n".join(lines) + "\n")
    done = bring(gateway, "jsonl", path, check=6)
    assert done.stdout == "2 new, 0 known, 2 refused\n"
    assert f"old.jsonl:2 (byte {len(lines[0]) + 1}):" in done.stderr and "old.jsonl:3 " in done.stderr and '"id" is missing' in done.stderr
    assert bring(gateway, "jsonl", path, "--skip", "4", check=0).stdout == "0 new, 0 known, 0 refused\n"
    # What only the daemon can object to ends it: nothing of that batch is kept, and how to go on is said.
    path.write_text("\n".join([json.dumps(dict(good, id="j3")), json.dumps(dict(good, id="j4", address="nobody"))]))
    before = counts(gateway)
    done = bring(gateway, "jsonl", path, check=2)
    assert "old.jsonl:2 " in done.stderr and '"address" is a URI' in done.stderr and "--skip 0 goes on" in done.stderr
    assert counts(gateway) == before
    for change, word in ((dict(at="2999-01-01T00:00:00Z"), "past"), (dict(direction="up"), "direction"), (dict(sender="x"), "sender"), (dict(text=None), "text"),
                         (dict(id=None, key=None), "no id"), (dict(at="now"), "at")):
        answer = gateway.api("POST", "/v1/import", dict(channel="support", messages=[dict(good, id="j5", **change) if "id" not in change else dict(good, **change)]))
        assert answer.status == 400 and word in answer.json["detail"], answer
    assert bring(gateway, "mbox", path, check=6).stderr.count("this is no mbox") == 1
    assert "no maildir" in bring(gateway, "maildir", tmp_path, check=4).stderr
