"""headgatectl db copy: a store goes from a file to a server and back, whole, and the daemon goes on from there."""
import hashlib
import shutil
import sqlite3

import pytest

import harness
import postgres
from conftest import AT_ONCE

pytestmark = pytest.mark.skipif(not postgres.program("postgres") or bool(postgres.RUNNING), reason="it needs a server of its own")
PHOTO = b"\xff\xd8\xff" + bytes(300000)
TABLES = {"contact", "thread", "message", "event", "ticket", "outbox", "address", "seen", "journal", "decision"}


@pytest.fixture(scope="module")
def server():
    made = postgres.Server().start()
    yield made
    made.stop()


@pytest.fixture
def lived(start, graph, helpdesk):
    """A gateway that has seen something, and is stopped."""
    gateway = start(rules=AT_ONCE)
    for i in range(5):
        assert graph.say(f"+44770090010{i}", f"Ä question ☃ {i}") == 200
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 5, "five tickets")
    thread = gateway.threads()[0]["id"]
    assert gateway.reply(thread, "an answer").status == 202
    graph.wait_accepted(1)
    assert graph.deliver(graph.album("+447700900101", [graph.add_media(PHOTO, "image/jpeg")], "look")[0]) == 200
    harness.wait_until(lambda: any(a["state"] == "stored" for t in gateway.threads() for m in gateway.messages(t["id"]) for a in m["attachments"]), "a photo")
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "nothing under way")
    assert gateway.stop() == 0
    return gateway


def rows(path):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        names = [name for name, in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")]
        return {name: sorted(map(repr, db.execute(f"SELECT * FROM {name}"))) for name in names
                if name not in ("node", "lease", "file", "file_piece")}


def copy(gateway, source, target, *more, check=0):
    return gateway.ctl("db", "copy", "--from", source, "--to", target, *more, check=check)


def test_there_and_back_nothing_is_another_and_the_daemon_goes_on(lived, server, graph, tmp_path):
    url = "postgresql:///" + server.database().rsplit("dbname=", 1)[1] + f"?host={server.folder}&user=headgate"
    done = copy(lived, f"sqlite:{lived.store}", url)
    before = rows(lived.store)
    assert TABLES <= set(before) and all(before[name] for name in TABLES - {"outbox"})
    assert f"{sum(map(len, before.values())) - 1} rows of {len(before) - 1} tables are the same in both" in done.stdout
    assert "0 of them came now" in copy(lived, f"sqlite:{lived.store}", url).stdout		# again: nothing is there twice
    back = tmp_path / "back" / "headgate.db"
    back.parent.mkdir(mode=0o700)
    files = lived.store.parent / "attachments"
    assert "1 files, 1 of them came now" in copy(lived, f"sqlite:{lived.store}", url, "--attachments", str(files)).stdout
    assert postgres.ask(url, "SELECT SUM(length(bytes)), COUNT(*) FROM file_piece") == f"{len(PHOTO)}|2"
    assert "1 files, 1 of them came now" in copy(lived, url, f"sqlite:{back}", "--attachments", str(back.parent / "attachments")).stdout
    assert rows(back) == before
    name = hashlib.sha256(PHOTO).hexdigest()
    assert (back.parent / "attachments" / name[:2] / name).read_bytes() == PHOTO
    postgres.ask(url, "DELETE FROM file")
    (files / name[:2] / name).write_bytes(b"another")
    done = copy(lived, f"sqlite:{lived.store}", url, "--attachments", str(files), check=6)
    assert "1 files are missing or damaged" in done.stderr
    (files / name[:2] / name).write_bytes(PHOTO)
    lived.write_config(lived.config_path.read_text().replace("  driver: sqlite\n", f"  driver: postgresql\n  url: \"{url}\"\n"))
    lived.start()
    graph.target(lived.port, "wa-main")
    assert graph.say("+447700900100", "one more") == 200
    thread = next(t for t in lived.threads() if t["reply_to"] == "tel:+447700900100")
    assert [m["text"] for m in lived.messages(thread["id"]) if m["direction"] == "inbound"] == ["Ä question ☃ 0", "one more"]


def test_a_run_that_was_stopped_is_gone_on_with_and_what_differs_is_told(lived, server, tmp_path):
    url = "postgresql:///" + server.database().rsplit("dbname=", 1)[1] + f"?host={server.folder}&user=headgate"
    less = tmp_path / "less" / "headgate.db"
    less.parent.mkdir(mode=0o700)
    shutil.copy(lived.store, less)
    with sqlite3.connect(less) as db:		# what a run had copied that was stopped
        db.execute("DELETE FROM event")
        db.execute("DELETE FROM decision")
    copy(lived, f"sqlite:{less}", url)
    done = copy(lived, f"sqlite:{lived.store}", url)
    assert "are the same in both" in done.stdout and "; 0 of them" not in done.stdout
    postgres.ask(url, "UPDATE message SET text = 'another' WHERE n = 1")
    assert "1 of them came now" in copy(lived, f"sqlite:{lived.store}", url).stdout
    postgres.ask(url, "INSERT INTO cursor VALUES ('of-another', 'x')")
    done = copy(lived, f"sqlite:{lived.store}", url, check=5)
    assert "table cursor: 0 rows in" in done.stderr and "empty the second one" in done.stderr


@pytest.mark.parametrize("words, code, text", [
    (["--from", "mysql:x", "--to", "sqlite:/x"], 2, '--from "mysql:x": it begins with sqlite:'),
    (["--from", "sqlite:/nowhere/x.db", "--to", "postgresql:///x?host=/nowhere"], 4, "there is no store at /nowhere/x.db"),
])
def test_what_cannot_be_copied_is_told(lived, words, code, text):
    done = lived.ctl("db", "copy", *words)
    assert done.returncode == code and text in done.stderr, (done.returncode, done.stderr)
