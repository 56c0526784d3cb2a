"""R3 (deterministic rules; DESIGN promise 8): a store made again from the journal by `headgatectl rebuild`."""
import json
import shutil
import sqlite3

import pytest

import harness
import postgres
from conftest import AT_ONCE, NOISE

pytestmark = postgres.only_on_sqlite

ANA, BO = "+447700900123", "+447700900456"
RULES = NOISE + """\
  - name: a human
    when: { text: { contains: human } }
    do: { convert: { priority: high }, tag: escalated }
"""


@pytest.fixture
def talked(start, graph, helpdesk):
    """A gateway on which people talked: rules, settle, an answer, receipts, a restart, a picture."""
    gateway = start(rules=RULES, confirm="Your number is ${number}.")
    graph.say(ANA, "hi")
    graph.say(BO, "give me a human")
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    gateway.reply(thread, "Ben here, what is it?", agent="Ben")
    sent = graph.wait_accepted(2)[-1]
    graph.tell(sent, "sent", "delivered", "read")
    graph.say(ANA, "my invoice is wrong", at=gateway.now())
    settle(gateway)
    gateway.advance(seconds=30)
    helpdesk.wait_event("ticket.requested", 2)
    settle(gateway)
    gateway.stop()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say(BO, "and another thing", at=gateway.now())
    helpdesk.wait_event("ticket.message", 1)
    settle(gateway)
    return gateway


def settle(gateway):
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"] and
                       not gateway.get("/v1/outbox?state=due")["jobs"], "everything has gone out")


def rebuild(gateway, to, *more, config=None, check=None):
    return gateway.ctl("rebuild", "--from", str(gateway.file()), "--to", str(to),
                       "--config", str(config or gateway.config_path), *more, check=check)


def rows(path, sql):
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as db:
        return db.execute(sql).fetchall()


def test_the_same_commands_give_the_same_store_while_the_daemon_runs(talked, tmp_path):
    done = rebuild(talked, tmp_path / "again.db")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "the two stores are the same, row by row" in done.stdout
    for table in ("decision", "event", "message", "thread", "ticket", "contact", "raw", "journal"):
        want = rows(talked.store, f"SELECT * FROM {table} ORDER BY 1, 2")
        assert want and rows(tmp_path / "again.db", f"SELECT * FROM {table} ORDER BY 1, 2") == want, table


def test_nothing_is_sent_to_anybody_again(talked, tmp_path, graph, helpdesk):
    before = (len(graph.accepted), len(helpdesk.attempts))
    rebuild(talked, tmp_path / "again.db", check=0)
    assert (len(graph.accepted), len(helpdesk.attempts)) == before


def test_other_rules_show_what_would_have_been(talked, tmp_path):
    config = tmp_path / "other.yaml"
    config.write_text(talked.config_path.read_text().replace("contains: human", "contains: robot"))
    done = rebuild(talked, tmp_path / "other.db", "--json", config=config)
    found = json.loads(done.stdout)
    assert done.returncode == 1
    assert found["other_configurations"] == 2	# both starts
    assert {each["table"] for each in found["differences"]} >= {"decision", "ticket"}
    assert "another configuration was in force" in done.stderr
    rules = rows(tmp_path / "other.db", "SELECT DISTINCT rule FROM decision WHERE rule IS NOT NULL")
    assert rules == [("thanks and greetings",)]


def test_each_configuration_there_was_can_be_named(talked, tmp_path, graph, helpdesk):
    first = tmp_path / "first.yaml"
    first.write_text(talked.config_path.read_text())
    talked.write_config(first.read_text().replace("contains: human", "contains: robot"))
    talked.reload()
    graph.say("+447700900789", "give me a robot", at=talked.now())
    helpdesk.wait_event("ticket.requested", 3)
    settle(talked)
    done = rebuild(talked, tmp_path / "again.db", "--config", str(first))
    assert done.returncode == 0, done.stdout + done.stderr
    assert rebuild(talked, tmp_path / "one.db").returncode == 1


def test_an_earlier_copy_is_brought_up_to_date(talked, tmp_path, graph, helpdesk):
    copy = tmp_path / "backup.db"
    with sqlite3.connect(talked.store) as source, sqlite3.connect(copy) as target:
        source.backup(target)
    copy.chmod(0o600)
    graph.say(ANA, "hello again, a human please", at=talked.now())
    helpdesk.wait_event("ticket.message", 2)
    settle(talked)
    done = rebuild(talked, copy)
    assert done.returncode == 0, done.stdout + done.stderr
    assert rows(copy, "SELECT max(n) FROM event") == rows(talked.store, "SELECT max(n) FROM event")


def test_a_journal_that_does_not_reach_back_is_refused_and_says_what_to_do(talked, tmp_path):
    talked.stop()
    with sqlite3.connect(talked.store) as db:
        db.execute("DELETE FROM journal WHERE n < 5")
    done = rebuild(talked, tmp_path / "again.db")
    assert done.returncode == 5
    assert "the journal has a gap" in done.stderr and "a backup" in done.stderr
    assert talked.ctl("rebuild", "--from", str(talked.store)).returncode == 2
    talked.start()


def test_another_decision_in_the_store_is_found(talked, tmp_path):
    talked.stop()
    with sqlite3.connect(talked.store) as db:
        db.execute("UPDATE decision SET action = 'ignore' WHERE n = 2")
    done = rebuild(talked, tmp_path / "again.db")
    assert done.returncode == 1
    assert "decision 2: action was ignore, is convert" in done.stdout
    talked.start()


def test_without_a_journal_nothing_is_kept_and_that_is_said(start, graph, helpdesk, tmp_path):
    gateway = start(rules=AT_ONCE, begin=False)
    gateway.write_config(gateway.config_path.read_text().replace("min_free: 1MiB", "min_free: 1MiB\n  journal: 0s"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say(ANA, "my invoice is wrong")
    helpdesk.wait_event("ticket.requested")
    assert rows(gateway.file(), "SELECT count(*) FROM journal") == [(0,)]
    done = rebuild(gateway, tmp_path / "again.db")
    assert done.returncode == 5 and "store.journal" in done.stderr
