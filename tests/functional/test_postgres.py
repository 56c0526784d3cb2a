"""The store on PostgreSQL, as far as it is another one than SQLite: which servers are refused, what happens while one is away,
and what headgatectl says where there is no file.  The server is these tests' own; some of them kill it."""
import concurrent.futures
import itertools
import json
import re
import threading

import pytest

import conftest
import fake_graph
import fake_helpdesk
import harness
import postgres
from harness import fails_to_start, wait_until

pytestmark = pytest.mark.skipif(not postgres.program("postgres"), reason="there is no PostgreSQL server here")
EMPTY = harness.EMPTY_CONFIG + """\
api: { tokens: { tests: { token: env:TEST_API_TOKEN, scopes: [read, admin] } } }
console: { listen: "127.0.0.1:0" }
"""


@pytest.fixture(scope="module")
def server():
    made = postgres.Server().start()
    yield made
    made.stop()


@pytest.fixture
def made(server, tmp_path):
    """made(config, **more) -> a Gateway that has not begun, on a database of its own."""
    gateways = []

    def make(config=EMPTY, **more):
        folder = tmp_path / f"gateway{len(gateways)}"
        folder.mkdir()
        gateways.append(harness.Gateway(folder, config, **{"database": more.pop("database", None) or server.database(), **more}))
        return gateways[-1]

    yield make
    problems = [problem for gateway in gateways if gateway.process for problem in conftest.finish(gateway)]
    assert not problems, problems


@pytest.fixture(scope="module")
def world(server, tmp_path_factory):
    """One daemon for all that leave it and its server alone."""
    class OnServer(conftest.World):
        def __init__(self, folder):
            gateway = harness.Gateway
            harness.Gateway = lambda *args: gateway(*args, database=server.database())
            try:
                super().__init__(folder, rules=conftest.NOISE + conftest.AT_ONCE)
            finally:
                harness.Gateway = gateway

    made = OnServer(tmp_path_factory.mktemp("world"))
    made.thread("my parcel is late")
    yield made
    made.close()


# ---- what is refused ----

@pytest.mark.parametrize("setting, why", [
    ("fsync", "what was committed would be lost with the power: set fsync = on"),
    ("full_page_writes", "a cut of the power could tear pages: set full_page_writes = on"),
])
def test_a_server_that_may_lose_what_it_keeps_is_refused(server, made, setting, why):
    gateway = made()
    postgres.ask(server.url(), f"ALTER SYSTEM SET {setting} = off")
    postgres.ask(server.url(), "SELECT pg_reload_conf()")
    try:
        wait_until(lambda: postgres.ask(server.url(), f"SHOW {setting}") == "off", "the setting")
        code, said = fails_to_start(gateway)
    finally:
        postgres.ask(server.url(), f"ALTER SYSTEM RESET {setting}")
        postgres.ask(server.url(), "SELECT pg_reload_conf()")
        wait_until(lambda: postgres.ask(server.url(), f"SHOW {setting}") == "on", "the setting")
    assert code == 78 and f"runs with {setting} = off: {why}" in said, said
    gateway.start()


def test_commits_that_are_answered_too_early_are_refused(server, made):
    gateway = made()
    name = gateway.database.rpartition("=")[2]
    postgres.ask(server.url(), f"ALTER DATABASE {name} SET synchronous_commit = off")
    code, said = fails_to_start(gateway)
    assert code == 78, said
    assert (f"{name} runs with synchronous_commit = off: a commit would be answered before it is on disk: "
            "set synchronous_commit = on") in said, said


def test_a_database_that_cannot_keep_every_letter_is_refused(server, made):
    postgres.ask(server.url(), "CREATE DATABASE latin ENCODING 'LATIN1' TEMPLATE template0")
    code, said = fails_to_start(made(database=server.url("latin")))
    assert code == 78 and "/latin keeps text as LATIN1: make it with CREATE DATABASE ... ENCODING 'UTF8'" in said, said


def test_another_programs_database_is_left_alone(server, made):
    gateway = made()
    postgres.ask(gateway.database, "CREATE TABLE thread (theirs integer)")
    code, said = fails_to_start(gateway)
    assert code == 78 and ("is a database of another program: choose another one in store.url (CREATE DATABASE headgate)") in said, said
    assert postgres.ask(gateway.database, "SELECT count(*) FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace") == "1"


def test_a_newer_headgates_database_is_left_alone(made):
    gateway = made()
    gateway.start().stop()
    newest = int(postgres.ask(gateway.database, "SELECT version FROM headgate_schema"))
    postgres.ask(gateway.database, "UPDATE headgate_schema SET version = 999, least = 999")
    code, said = fails_to_start(gateway)
    assert code == 78 and f"has schema 999, this headgate knows up to {newest}: start the newer headgate that wrote it" in said, said
    # What a newer one only added is nobody's trouble.
    postgres.ask(gateway.database, f"UPDATE headgate_schema SET least = {newest}")
    gateway.start()
    assert gateway.fsck() == []
    gateway.stop()


def test_what_older_nodes_cannot_work_with_waits_until_they_are_stopped(made, tmp_path):
    old = made()
    old.start()
    new = made(database=old.database, node="new")
    new.env["HEADGATE_TEST_MIGRATION"] = str(tmp_path / "next.sql")
    (tmp_path / "next.sql").write_text("-- Alone: the test says so.\nCREATE TABLE later (n BIGINT PRIMARY KEY)")
    code, said = fails_to_start(new)
    assert code == 78 and "(next) that older nodes cannot work with: stop one first, then start this one" in said, said
    old.stop()
    new.start().stop()
    code, said = fails_to_start(old)
    assert code == 78 and "start the newer headgate that wrote it" in said, said


MIGRATIONS = sorted((harness.TOP / "src" / "store" / "migrations").glob("*.sql"))
PLAIN = {name for path in MIGRATIONS for name in re.findall(r"CREATE INDEX (\w+)", path.read_text())}
ADDS = re.compile(r"CREATE TABLE (?P<new>\w+)|CREATE (?P<one>UNIQUE )?INDEX \w+ ON (?P<on>\w+)|ALTER TABLE \w+ ADD COLUMN (?P<column>.*)|"
                  r"INSERT INTO (?P<into>\w+)|DROP INDEX (?P<gone>\w+)", re.S)


def only_adds(sql):
    """Nodes that do not know it may go on: they write rows without its columns, and read none of its tables."""
    made = set()
    for statement in filter(None, (part.strip() for part in re.sub(r"--.*", "", sql).split(";"))):
        found = ADDS.match(statement)
        if not found or found["one"] and found["on"] not in made or found["into"] and found["into"] not in made or \
           found["gone"] and found["gone"] not in PLAIN or found["column"] and "NOT NULL" in found["column"] and "DEFAULT" not in found["column"]:
            return False
        made |= {found["new"]} - {None}
    return True


def test_migrations_only_add_or_say_that_they_do_not():
    schema = (harness.TOP / "src" / "store" / "postgres_schema.c").read_text()
    since = int(re.search(r"#define ADDING_SINCE (\d+)", schema)[1])
    for path in MIGRATIONS:
        sql = path.read_text()
        assert int(path.name[:4]) <= since or sql.startswith("-- Alone:") or only_adds(sql), \
            f"{path.name} changes what older nodes rely on: let it only add, or begin with -- Alone: and why"
    assert only_adds("CREATE TABLE a (n INTEGER); CREATE UNIQUE INDEX b ON a (n); -- why\nALTER TABLE c ADD COLUMN d TEXT;"
                     "ALTER TABLE c ADD COLUMN e INTEGER NOT NULL DEFAULT 0; INSERT INTO a VALUES (1); CREATE INDEX f ON c (d);")
    for sql in ("ALTER TABLE c ADD COLUMN d TEXT NOT NULL", "DROP TABLE c", "CREATE UNIQUE INDEX f ON c (d)", "UPDATE c SET d = 1",
                "INSERT INTO c VALUES (1)", "ALTER TABLE c RENAME TO d", "DROP INDEX that_is_unique"):
        assert not only_adds(sql)


def test_two_processes_are_not_one_node(made):
    first = made()
    first.start()
    second = made(database=first.database)
    code, said = fails_to_start(second)
    assert code == 78 and 'another process is node \\"one\\" already: give each its own name by store.node' in said, said
    third = made(database=first.database, node="two")
    third.start()
    assert first.http("GET", "/readyz").status == third.http("GET", "/readyz").status == 200
    first.kill()
    second.start()		# as soon as the server knows that it is gone
    assert second.http("GET", "/readyz").status == 200


def test_a_replica_is_refused(server, made):
    gateway = made()
    mark = server.folder / "data" / "standby.signal"
    server.halt()
    mark.touch()
    try:
        server.start()
        code, said = fails_to_start(gateway)
        server.halt()
    finally:
        mark.unlink()
        server.start()
    assert code == 78 and "is a replica: store.url has to name the primary" in said, said


@pytest.mark.parametrize("line, column, says", [
    ("driver: postgresql", "driver", "store: 'url' is missing"),
    ("url: 'postgresql://headgate@db/headgate'", "url", "store: 'url' is for another driver"),
    ("attachments_in: database", "attachments_in", "store: SQLite keeps attachments in a directory"),
    ("driver: postgresql, url: 'postgresql://headgate:sesame@db/headgate'", "url", "store: the url has a password in it"),
    ("driver: postgresql, url: 'host=db dbname=headgate password=sesame'", "url", "store: the url has a password in it"),
])
def test_what_is_wrong_with_a_store_is_said_with_its_place(made, line, column, says):
    gateway = made()
    gateway.database = None
    gateway.write_config(EMPTY.replace("store: {", f"store: {{ {line},"))
    done = gateway.ctl("check", str(gateway.config_path), check=78)
    assert says in done.stderr + done.stdout, done


# ---- a server that is away ----

def test_a_start_waits_for_no_server_and_says_where_it_looked(server, made):
    gateway = made(database=f"host={server.folder}/nowhere user=headgate dbname=headgate")
    code, said = fails_to_start(gateway)
    assert code in (1, 75) and "postgresql:///headgate: " in said and "No such file or directory" in said, said


class Providers:
    """Customers who write all the time, each through a provider that sends again until it is told 200."""

    def __init__(self, graph):
        self.graph, self.over, self.taken, self.statuses, self.runs = graph, threading.Event(), [], set(), []

    def more(self, pool):
        """One customer more, as far as the pool goes."""
        if len(self.runs) < 60:
            self.runs.append(pool.submit(self.run, f"+4477009002{len(self.runs):02}"))
            self.over.wait(0.1)

    def run(self, sender):
        for n in itertools.count():
            if self.over.is_set():
                return
            text = f"{sender} says {n}"
            payload = self.graph.text(sender, text)
            while True:
                status = self.graph.deliver(payload)
                self.statuses.add(status)
                if status == 200:
                    break
                self.over.wait(0.02)
            self.taken.append(text)


def test_a_server_that_dies_under_load_loses_nothing_that_was_acknowledged(server, made):
    graph = fake_graph.FakeGraph(token=conftest.GRAPH_TOKEN, app_secret=conftest.APP_SECRET, phone_number_id=conftest.PHONE_NUMBER_ID)
    desk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
    gateway = made(conftest.config_text(graph.url, desk.url, rules=conftest.AT_ONCE), env=conftest.ENV)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    load = Providers(graph)
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        for _ in range(4):
            load.more(pool)
        try:
            for _ in range(2):
                before = len(load.taken)
                wait_until(lambda: len(load.taken) > before + 8, "messages")
                server.kill()
                load.statuses.clear()
                # Whose message was being committed waits to hear what became of it; others are refused at once.
                wait_until(lambda: 503 in load.statuses or load.more(pool), "a refusal")
                assert gateway.process.poll() is None and gateway.http("GET", "/livez").status == 200
                server.start()
            before = len(load.taken)
            wait_until(lambda: len(load.taken) > before + 8, "messages")
        finally:
            load.over.set()
    for run in load.runs:
        run.result()
    assert load.statuses <= {200, 503}
    kept = [m["text"] for t in gateway.threads(limit=500) for m in gateway.messages(t["id"]) if m["direction"] == "inbound"]
    assert sorted(kept) == sorted(load.taken)
    assert len(gateway.threads(limit=500)) == len(load.runs)
    assert gateway.fsck() == []
    desk.close()
    graph.close()


def test_a_daemon_whose_server_is_away_can_be_stopped(server, made):
    gateway = made()
    gateway.start()
    server.kill()
    try:
        for path in ("fsck", "audit/verify", "threads"):
            assert gateway.api("GET", f"/v1/{path}").status == 503, path
        assert gateway.stop() in (0, 1)
    finally:
        server.start()


# ---- headgatectl, where there is no file ----

def test_its_database_is_told_of_by_its_tables(world):
    config = ("--config", str(world.gateway.config_path))
    info = json.loads(world.gateway.ctl(*config, "db", "info", "--json", check=0).stdout)
    name = "postgresql:///" + world.gateway.database.rpartition("=")[2]
    assert info["path"] == name and info["bytes"] > 1000000 and "pages" not in info
    tables = {table["table"]: table for table in info["tables"]}
    assert tables["message"]["rows"] >= 1 and tables["message"]["bytes"] > 0 and {"turn", "outbox", "event"} <= tables.keys()
    said = world.gateway.ctl(*config, "db", "info", check=0).stdout
    assert f"{name}  schema {info['schema']}, " in said and "log of" not in said
    assert world.gateway.ctl(*config, "db", "check", check=0).stdout == "0 breaches\n"
    assert world.gateway.ctl("fsck", check=0)
    assert world.gateway.ctl("status", check=0)


def test_doctor_says_that_its_server_answers(world):
    done = world.gateway.ctl("--config", str(world.gateway.config_path), "doctor", "--json")
    found = {(f["check"], f["level"]): f["why"] for f in json.loads(done.stdout)["findings"]}
    assert found["store", "ok"].startswith("postgresql:///") and " answers, schema " in found["store", "ok"], found
    assert ("disk", "ok") not in found


NO_FILE = "the store is a database of a PostgreSQL server, not a file (store.driver): "


def test_what_copies_a_file_says_what_to_use_instead(world, tmp_path):
    config = ("--config", str(world.gateway.config_path))
    for words, instead in (
            (("backup", str(tmp_path / "backup")), "pg_dump keeps it, and its attachments are copied after that"),
            (("restore", str(tmp_path / "backup"), "--yes"), "pg_restore brings back what pg_dump kept; a backup of headgate's becomes a "
             "store of SQLite"),
            (("db", "compact"), "it makes room by itself (autovacuum), and VACUUM FULL writes it anew")):
        done = world.gateway.ctl(*config, *words, check=5)
        assert NO_FILE + instead in done.stderr, done
        assert done.stdout == ""
    assert not (tmp_path / "backup").exists()
    done = world.gateway.ctl(*config, "db", "migrate", check=78)
    assert "another process is node" in done.stderr
