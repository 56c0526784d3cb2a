"""T-migrate: a store of the first schema, as a headgated of that time left it, is brought up, killed at every statement.

tests/data/stores/schema1.sql is such a store, dumped: two customers with a ticket each, a picture, an answer that
arrived, one in doubt, and events the helpdesk had answered 503."""
import collections
import os
import pathlib
import re
import shutil
import sqlite3

import pytest

import harness
import kills
import records
from functional_conftest import AT_ONCE, ENV, NOISE, config_text, finish

FULL = bool(os.environ.get("HEADGATE_FULL"))
DUMP = harness.TOP / "tests" / "data" / "stores" / "schema1.sql"
MIGRATIONS = sorted((harness.TOP / "src" / "store" / "migrations").glob("*.sql"))
THEN_MS = 1795291911164		# the newest time in the dump
ANA, BO = "+447700900123", "+447700900456"
PICTURE = b"\xff\xd8\xff\xe0 a lamp"
PICTURE_SHA = "ed9ebc7d8eb16a20418846f86f5364851c2f985876d8748288a53416f116b5fb"
POINTS = [name for name, _, _ in kills.hooks.points() if name.startswith("migration.")]


def number(path):
    return int(path.name.split("_")[0])


def schema_of(db):
    return sorted(row for row in db.execute("SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"))


@pytest.fixture(scope="module")
def schemas():
    """What a store has after each migration: number -> rows of sqlite_schema."""
    db, found = sqlite3.connect(":memory:"), {}
    for path in MIGRATIONS:
        db.executescript(path.read_text())
        found[number(path)] = schema_of(db)
    return found


@pytest.fixture(scope="module")
def old(tmp_path_factory):
    """The file, as it lay on disk."""
    path = tmp_path_factory.mktemp("old") / "headgate.db"
    db = sqlite3.connect(path)
    db.executescript(DUMP.read_text())
    db.close()
    return path


@pytest.fixture
def begin(ram, old, graph, helpdesk):
    """begin(folder name, fail) -> a gateway on a copy of the old store; its clock is that of the dump."""
    made = []

    def run(name, fail=None):
        folder = ram / name
        folder.mkdir()
        gateway = harness.Gateway(folder, config_text(graph.url, helpdesk.url, rules=NOISE + AT_ONCE), ENV)
        shutil.copy(old, gateway.store)
        gateway.store.chmod(0o600)
        picture = gateway.store.parent / "attachments" / PICTURE_SHA[:2] / PICTURE_SHA
        picture.parent.mkdir(parents=True, mode=0o700)
        picture.write_bytes(PICTURE)
        gateway.advance(ms=THEN_MS + 60000 - int(gateway.now() * 1000))
        made.append(gateway)
        return go_on(gateway, graph, fail)

    yield run
    problems = [line for gateway in made for line in finish(gateway)]
    assert not problems, "\n".join(problems)


def go_on(gateway, graph, fail=None):
    """Starts it; with fail it dies."""
    if not fail:
        gateway.start()
        graph.target(gateway.port, "wa-main")
        return gateway
    with pytest.raises(AssertionError):
        gateway.start(fail)
    assert gateway.process.returncode == -9 if "crash" in fail else gateway.process.returncode > 0
    return gateway


def look(gateway, old, schemas):
    """A store between two starts is of one schema, whole, and has lost nothing; the copy is the old one.  Its number."""
    db, was = sqlite3.connect(gateway.store), sqlite3.connect(old)
    version = db.execute("PRAGMA user_version").fetchone()[0]
    assert schema_of(db) == schemas[version], f"schema {version} is not what its migrations make"
    assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not db.execute("PRAGMA foreign_key_check").fetchall()
    for table, in was.execute("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"):
        rows = [d.execute(f"SELECT COUNT(*) FROM {table}").fetchone() for d in (db, was)]
        assert rows[0] == rows[1], table
    copy = pathlib.Path(f"{gateway.store}-schema1")
    if version > 1:
        kept = sqlite3.connect(copy)
        assert list(kept.iterdump()) == list(was.iterdump())
        kept.close()
    db.close()
    was.close()
    return version


def check_use(gateway, graph, helpdesk):
    """It goes on where the old one stopped."""
    threads = {t["reply_to"].removeprefix("tel:"): t["id"] for t in gateway.threads()}
    assert set(threads) == {ANA, BO}
    unknown, = gateway.get("/v1/outbox?state=unknown")["jobs"]
    assert gateway.get(f"/v1/messages/{unknown['message_id']}")["message"]["text"] == "which lamp?"
    # Redelivered by the provider, who never got the old one's 200.
    seen = graph.text(ANA, "number 4711", id="wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000005")
    assert graph.deliver(seen) == 200
    assert graph.say(ANA, "is anybody there?", id="wamid.NEW", at=gateway.now()) == 200
    texts = [m["text"] for m in gateway.messages(threads[ANA]) if m["direction"] == "inbound"]
    assert texts == ["hello", "my invoice is wrong", "number 4711", "is anybody there?"]
    gateway.advance(minutes=11)
    events = helpdesk.wait(lambda h: (lambda found: found if len(found) >= 2 else None)(
        [d for d in h.of("ticket.message") if d.data["message"]["text"] in ("number 4711", "is anybody there?")]), "what waited")
    assert [d.data["message"]["text"] for d in events][:2] == ["number 4711", "is anybody there?"]
    file = gateway.messages(threads[BO])[2]["attachments"][0]
    assert gateway.api("GET", f"/v1/attachments/{file['id']}").body == PICTURE
    with helpdesk.changed:
        helpdesk.attempts.clear()


def statements():
    """Of all migrations behind the first: as SQLite would count them."""
    total = 0
    for path in MIGRATIONS[1:]:
        sql = re.sub(r"--[^\n]*", "", path.read_text())
        part = ""
        for piece in sql.split(";")[:-1]:
            part += piece + ";"
            if sqlite3.complete_statement(part):
                total, part = total + 1, ""
    return total


def test_killed_at_each_statement_it_is_brought_up_by_the_next_start(begin, old, schemas, graph, helpdesk):
    n, met = statements(), collections.Counter()
    assert n > 60
    plan = [("migration.statement", i) for i in range(1, n + 1)] + [("migration.copied", 1)]
    plan += [(point, i) for point in ("migration.before_commit", "migration.after_commit") for i in range(1, len(MIGRATIONS))]
    for i, (point, passing) in enumerate(plan):
        gateway = begin(f"{point}-{passing}", f"{point}=crash@{passing}")
        met[point] += 1
        version = look(gateway, old, schemas)
        assert version >= 1
        if FULL or i % 9 == 0 or point != "migration.statement" and passing == 1:
            go_on(gateway, graph)
            assert gateway.get("/v1/fsck")["breaches"] == []
            check_use(gateway, graph, helpdesk)
            gateway.stop()
        else:
            shutil.rmtree(gateway.folder)
    assert set(met) == set(POINTS)
    records.record("upgrade.kills", len(plan), statements=n, migrations=len(MIGRATIONS) - 1)


def test_killed_again_and_again_while_it_is_brought_up(begin, old, schemas, graph, helpdesk):
    gateway, version = begin("again", "migration.copied=crash"), 1
    assert look(gateway, old, schemas) == 1 and not pathlib.Path(f"{gateway.store}-schema1").exists()
    for _ in MIGRATIONS[1:]:
        for point in ("statement", "before_commit", "after_commit"):
            go_on(gateway, graph, f"migration.{point}=crash@1")
            now = look(gateway, old, schemas)
            assert (now > version) == (point == "after_commit")
            version = now
    assert version == number(MIGRATIONS[-1])
    go_on(gateway, graph)
    check_use(gateway, graph, helpdesk)


def test_a_statement_that_fails_leaves_the_old_schema_and_says_which(begin, old, schemas, graph, helpdesk):
    gateway, before = begin("fails", "migration.copied=error"), 1
    assert "backup before the upgrade" in gateway.log()
    for passing in range(1, statements() + 1, 1 if FULL else 9):
        go_on(gateway, graph, f"migration.statement=error@{min(passing, 3)}")
        version = look(gateway, old, schemas)
        assert version >= before and f"to schema {MIGRATIONS[[number(m) for m in MIGRATIONS].index(version) + 1].name[3]}" in gateway.log()
        before = version
    go_on(gateway, graph)
    check_use(gateway, graph, helpdesk)
