"""backup and restore on the running thing: what was acknowledged is in it, what comes again afterwards is known."""
import contextlib
import json
import sqlite3
import subprocess
import threading

import pytest

import conftest
import graph_payloads
import harness
import postgres
from harness import wait_until

pytestmark = postgres.only_on_sqlite

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

WHO = "+447700900123"


def with_dir(text):
    return text.replace("gateway:\n", "gateway:\n  backup_dir: @FOLDER@/backups\n", 1)


class Load:
    """Customers who write as long as it goes on; what was acknowledged when."""

    def __init__(self, graph, writers=3):
        self.graph, self.stop, self.taken, self.lock = graph, threading.Event(), [], threading.Lock()
        self.threads = [threading.Thread(target=self.write, args=(n,)) for n in range(writers)]
        for thread in self.threads:
            thread.start()

    def write(self, n):
        i = 0
        while not self.stop.is_set():
            payload = graph_payloads.text(conftest.PHONE_NUMBER_ID, f"+4477009{n:02}{i % 20:03}", f"message {n}.{i}")
            if self.graph.deliver(payload) == 200:
                with self.lock:
                    self.taken.append((f"message {n}.{i}", payload))
            i += 1

    def so_far(self):
        with self.lock:
            return list(self.taken)

    def end(self):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        return self.taken


def texts_of(gateway):
    return sorted(m["text"] for t in gateway.threads(limit=500) for m in gateway.messages(t["id"])
                  if m["direction"] == "inbound")


def moved(gateway, folder):
    """The same configuration for a store elsewhere."""
    folder.mkdir()
    text = gateway.config_path.read_text().replace(str(gateway.folder), "@FOLDER@")
    return harness.Gateway(folder, text, gateway.env, fresh=True)


def ctl(gateway, *args, check=None):
    return gateway.ctl("--config", str(gateway.config_path), *map(str, args), check=check)


def test_a_backup_under_load_has_all_that_was_acknowledged_and_comes_back_sound(start, graph, helpdesk, tmp_path):
    gateway = start(rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d")
    backup = tmp_path / "backup"
    load = Load(graph)
    wait_until(lambda: len(load.so_far()) >= 40, "some load")
    before = [text for text, _ in load.so_far()]
    ctl(gateway, "backup", backup, check=0)
    after = [text for text, _ in load.so_far()]
    taken = load.end()
    assert len(after) > len(before), "nothing came while it was made"
    assert ctl(gateway, "backup", "--verify", backup, check=0).stdout.rstrip().endswith("whole")
    other = moved(gateway, tmp_path / "other")
    ctl(other, "restore", backup, check=0)
    assert not list(other.store.parent.glob("*restor*")), list(other.store.parent.iterdir())
    other.start()
    try:
        kept = texts_of(other)
        assert not set(before) - set(kept)
        assert other.fsck() == []
        # What comes again, all of it, makes the store whole and nothing twice.
        graph.target(other.port, "wa-main")
        for _, payload in taken:
            assert graph.deliver(payload) == 200
        assert texts_of(other) == sorted(text for text, _ in taken)
        assert other.fsck() == []
    finally:
        assert not conftest.finish(other)


def test_the_daemon_makes_one_where_it_was_told_that_it_may(start, graph, tmp_path):
    gateway = start(change=with_dir)
    graph.say(WHO, "my order is late")
    answer = gateway.api("POST", "/v1/backup", {"name": "nightly"})
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-ndjson"
    lines = [json.loads(line) for line in answer.body.splitlines() if line.strip()]
    assert {stage["progress"]["stage"] for stage in lines[:-1]} == {"database"}
    result = lines[-1]["result"]
    assert result["backup"] == str(gateway.folder / "backups" / "nightly")
    assert result["manifest"]["secrets"] == sorted(
        f"env:{name}" for name in (*conftest.ENV, "TEST_API_TOKEN", "TEST_WEBHOOK_SECRET", "TEST_SECOND_SECRET"))
    assert ctl(gateway, "backup", "--verify", result["backup"]).returncode == 0
    done = ctl(gateway, "backup", "--daemon", check=0)
    assert str(gateway.folder / "backups" / "headgate") in done.stdout
    for secret in (conftest.GRAPH_TOKEN, conftest.APP_SECRET, harness.API_TOKEN):
        grep = subprocess.run(["grep", "-rlF", secret, str(gateway.folder / "backups")], capture_output=True, text=True)
        assert grep.stdout == "", grep.stdout
    for name in ("../evil", "a/b", "", ".hidden", "x" * 65):
        answer = gateway.api("POST", "/v1/backup", {"name": name})
        assert answer.status == (422 if len(name) > 64 else 400), (name, answer)
    assert sorted(p.name for p in (gateway.folder / "backups").iterdir()) == ["headgate", "nightly"]


def test_a_backup_of_the_daemon_ends_when_nobody_listens_or_it_stops(start, graph):
    gateway = start(change=with_dir)
    graph.say(WHO, "my order is late")
    assert gateway.api("POST", "/v1/backup", {}).status == 200
    answers = harness.parallel([lambda: gateway.api("POST", "/v1/backup", {"name": "same"})] * 6)
    results = [json.loads(a.body.splitlines()[-1]) if a.status == 200 else {"error": a.json} for a in answers]
    assert sum("result" in r for r in results) >= 1
    assert all(r.get("error", {}).get("status", 503) == 503 for r in results), results


def test_without_a_place_for_them_the_daemon_makes_none(start):
    gateway = start()
    done = ctl(gateway, "backup", "--daemon", check=5)
    assert "gateway.backup_dir" in done.stderr


def test_a_restore_refuses_what_would_destroy_and_says_how_to_undo_it(start, graph, tmp_path):
    gateway = start()
    graph.say("447700900999", "bye")
    gone = gateway.wait_thread()[0]["contact"]["id"]
    graph.say(WHO, "one")
    assert gateway.api("POST", "/v1/console/links", {"name": "ann"}).status == 201
    backup = tmp_path / "backup"
    ctl(gateway, "backup", backup, check=0)
    graph.say(WHO, "two")
    assert gateway.api("POST", f"/v1/contacts/{gone}/erase", {"confirm": gone}).status == 202
    wait_until(lambda: "bye" not in texts_of(gateway), "the erasure")
    done = ctl(gateway, "restore", backup, "--yes", check=78)
    assert "another headgated" in done.stderr
    assert gateway.stop() == 0
    done = ctl(gateway, "restore", backup)
    assert done.returncode in (2, 5) and "--yes" in done.stderr, done
    done = ctl(gateway, "restore", backup, "--yes", check=0)
    assert f"  headgatectl contact erase {gone}\n" in done.stdout	# to be done again
    undo = next(line for line in done.stdout.splitlines() if "to undo" in line).split("and: ")[1]
    gateway.start()
    assert texts_of(gateway) == ["bye", "one"]
    with contextlib.closing(sqlite3.connect(gateway.file())) as db:	# who signed out since is not in again
        assert db.execute("SELECT COUNT(*) FROM token WHERE kind > 1 AND revoked_ms = 0").fetchone() == (0,)
    assert gateway.stop() == 0
    subprocess.run(undo, shell=True, check=True)
    gateway.start()
    assert [text for text in texts_of(gateway) if text] == ["one", "two"]
    assert "other things" in ctl(gateway, "backup", gateway.store.parent, check=78).stderr
    (tmp_path / "open").mkdir(mode=0o755)
    assert "chmod 0700" in ctl(gateway, "backup", tmp_path / "open", check=78).stderr
    assert "no backup" in ctl(gateway, "backup", "--verify", tmp_path, check=4).stderr


def test_what_waited_when_the_backup_was_made_is_not_sent_twice(start, graph, helpdesk, tmp_path):
    gateway = start(rules=conftest.AT_ONCE, channel="on_ambiguous: hold")
    graph.say(WHO, "my order is late")
    helpdesk.wait_event("ticket.requested")
    thread = gateway.threads()[0]["id"]
    graph.throttle(times=1, retry_after=3600)
    gateway.reply(thread, "it is on its way")
    graph.wait_posts(1)
    backup = tmp_path / "backup"
    ctl(gateway, "backup", backup, check=0)
    gateway.advance(hours=2)
    assert graph.wait_accepted(1)[0].text == "it is on its way"	# sent after the backup
    gateway.stop()
    ctl(gateway, "restore", backup, "--yes", check=0)
    gateway.start()
    gateway.advance(hours=1)
    wait_until(lambda: [m["delivery"] for m in gateway.messages(thread) if m["direction"] == "outbound"] == ["unknown"],
               "the answer to be in doubt")
    assert len(graph.wait_accepted(1)) == 1
    assert gateway.ctl("outbox", "--state", "unknown").stdout.count("unknown") >= 1


@pytest.mark.parametrize("json_too", [False, True])
def test_progress_and_results_are_lines_for_programs(start, graph, tmp_path, json_too):
    gateway = start()
    graph.say(WHO, "one")
    flags = ["--json"] if json_too else []
    made = ctl(gateway, "backup", *flags, tmp_path / "backup", check=0)
    seen = ctl(gateway, "backup", *flags, "--verify", tmp_path / "backup", check=0)
    if json_too:
        assert json.loads(made.stdout.splitlines()[-1])["result"]["manifest"]["attachments"]["files"] == 0
        assert json.loads(seen.stdout.splitlines()[-1])["count"] == 0
    else:
        assert "acknowledged before" in made.stdout and "whole" in seen.stdout
    database = next((tmp_path / "backup").glob("*.db"))
    with open(database, "r+b") as file:
        file.seek(4096)
        file.write(b"\xff")
    damaged = ctl(gateway, "backup", *flags, "--verify", tmp_path / "backup", check=1)
    assert "B1" in damaged.stdout


# ---- the database by hand ----

def test_the_database_is_looked_at_beside_the_daemon_and_compacted_without_it(start, graph):
    gateway = start()
    for n in range(30):
        graph.say(WHO, f"text {n} " + "x" * 3000)
    info = json.loads(ctl(gateway, "db", "info", "--json", check=0).stdout)
    tables = {table["table"]: table for table in info["tables"]}
    assert tables["message"]["rows"] >= 30 and tables["message"]["bytes"] > 90000
    assert info["pages"] * info["page_size"] >= info["bytes"] > 0 and info["newest"] and info["journal_since"]
    assert "message" in ctl(gateway, "db", "info", check=0).stdout
    assert ctl(gateway, "db", "check", check=0).stdout == "0 breaches\n"
    assert "another headgated" in ctl(gateway, "db", "compact", check=78).stderr
    assert "another headgated" in ctl(gateway, "db", "migrate", check=78).stderr
    gateway.stop()
    with contextlib.closing(sqlite3.connect(gateway.file())) as db:
        db.execute("DELETE FROM journal")
        db.commit()
    before = json.loads(ctl(gateway, "db", "info", "--json", check=0).stdout)
    assert before["free_pages"] > 10 and before["journal_since"] is None
    sizes = json.loads(ctl(gateway, "db", "compact", "--json", check=0).stdout)
    assert sizes["after"] < sizes["before"] == before["bytes"]
    assert json.loads(ctl(gateway, "db", "info", "--json", check=0).stdout)["free_pages"] == 0
    assert json.loads(ctl(gateway, "db", "migrate", "--json", check=0).stdout) == {"schema": info["schema"]}
    assert ctl(gateway, "db", "check", check=0).stdout == "0 breaches\n"
    with contextlib.closing(sqlite3.connect(gateway.file())) as db:
        db.execute("UPDATE thread SET last_seq = 99")
        db.commit()
    damaged = ctl(gateway, "db", "check", check=1)
    assert damaged.stdout.startswith("I3  thr_") and damaged.stdout.endswith("1 breach\n")
