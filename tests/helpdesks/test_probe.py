"""headgatectl backend probe, asking Request Tracker and Redmine themselves: yes where all is right, and else what is wrong."""
import contextlib
import json
import os
import sqlite3
import subprocess

import pytest

import peers
from harness import API_TOKEN, BUILD
from test_both_ways import KINDS, in_desk

RT, REDMINE = peers.RequestTracker, peers.Redmine
DATABASE = "var/lib/dbconfig-common/sqlite3/redmine/instances/default/redmine_default"


def probe(at, *args, token=None, **changed):
    """Of the counter's configuration with other values: does it work, and what of each check."""
    gateway = at.gateway
    text = gateway.config_path.read_text().replace("https://chat.acme.example", f"http://127.0.0.1:{gateway.port}")
    for name, value in changed.items():
        before, _, rest = text.partition("    values: { ")
        values = dict(one.split(": ") for one in rest[:rest.index(" }")].split(", "))
        values[name] = value
        text = f"{before}    values: {{ {', '.join(f'{k}: {v}' for k, v in values.items())}{rest[rest.index(' }'):]}"
    path = gateway.config_path.parent / "probe.yaml"
    path.write_text(text)
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"), TEST_API_TOKEN=API_TOKEN, **gateway.env)
    if token:
        env["TEST_DESK_TOKEN"] = token
    done = subprocess.run([BUILD / "headgatectl", "-c", path, "backend", "probe", "desk", "--json", *args],
                          capture_output=True, text=True, check=False, env=env)
    assert "Sanitizer" not in done.stderr and done.stdout, done.stderr
    said = json.loads(done.stdout)
    assert said["works"] == (done.returncode == 0), done
    return said["works"], {one["check"]: (one["state"], one.get("text", "")) for one in said["checks"]}


@pytest.mark.quick
@KINDS
def test_what_is_right_is_said_to_be_so_and_can_be_done(shared, kind):
    at = shared.of(kind)
    works, checks = probe(at, "--ticket")
    assert works and all(state == "ok" for state, _ in checks.values()), checks
    assert set(checks) >= {"account", "find", "poll", "create", "append", "note", "set_status"}, checks
    assert ("webhook" in checks) == (kind is RT)
    ticket = max(number for number, subject, _ in at.desk.newer() if "headgate probe" in subject)
    assert [internal for _, _, internal in in_desk(at.desk, ticket)] == [False, False, True]


WRONG = [
    (RT, dict(token="1-27-0123456789abcdef0123456789abcdef"), (), "account", "401"),
    (RT, dict(queue="Nowhere"), (), "account", "the queue of the value queue is not there"),
    (RT, dict(user="nobody-here"), (), "account", "no user of the name that the value user says"),
    (RT, dict(field="another"), (), "account", "contrib/request-tracker/headgate.pl makes it"),
    (REDMINE, dict(token="0123456789abcdef0123456789abcdef01234567"), (), "account", "401"),
    (REDMINE, dict(project="nowhere"), (), "account", "the project of the value project is not there"),
    (REDMINE, dict(user="6"), (), "account", "the key is of another user than the value user says"),
    # Redmine makes the issue and leaves out the field.
    (REDMINE, dict(field="99"), ["--ticket"], "find", "is not found by our id"),
]


@pytest.mark.parametrize("kind,changed,args,check,text", WRONG, ids=lambda v: getattr(v, "__name__", None) or
                         (next(iter(v)) if isinstance(v, dict) else ""))
def test_what_is_wrong_is_said(shared, kind, changed, args, check, text):
    works, checks = probe(shared.of(kind), *args, **changed)
    assert not works and checks[check][0] == "failed" and text in checks[check][1], checks


def user_of(at):
    """Whose key Redmine's preset has."""
    return at.desk.call("GET", "/users/current.json", headers=at.desk.ours).json["user"]["id"]


@contextlib.contextmanager
def without(desk, change, *values):
    """Redmine's database, changed for a while: what an admin forgot."""
    path = desk.folder / DATABASE
    with contextlib.closing(sqlite3.connect(path, timeout=60)) as database, database:
        tables = {table: database.execute(f"SELECT * FROM {table}").fetchall() for table in ("roles", "members", "member_roles")}
        assert database.execute(change, values).rowcount
    try:
        yield
    finally:
        with contextlib.closing(sqlite3.connect(path, timeout=60)) as database, database:
            for table, rows in tables.items():
                database.execute(f"DELETE FROM {table}")
                database.executemany(f"INSERT INTO {table} VALUES ({','.join('?' * len(rows[0]))})", rows)


@pytest.mark.parametrize("kind", [REDMINE])
def test_rights_that_are_missing_are_said(shared, kind):
    at = shared.of(kind)
    with without(at.desk, "UPDATE roles SET permissions = replace(permissions, '- :add_issues', '- :log_time') WHERE name = 'headgate'"):
        works, checks = probe(at, "--ticket")
        assert not works and checks["create"][0] == "failed" and "Project cannot be blank" in checks["create"][1], checks
    with without(at.desk, "DELETE FROM members WHERE user_id = ?", user_of(at)):
        works, checks = probe(at)
        assert not works and "is no member of the project" in checks["account"][1], checks
    assert probe(at)[0]


def test_rights_that_are_missing_in_request_tracker_are_said(counter):
    """RT keeps rights in memory: they are taken away before it begins."""
    at = counter(RT)
    path = at.desk.folder / "var/lib/dbconfig-common/sqlite3/request-tracker5/rtdb"
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        assert database.execute("DELETE FROM ACL WHERE RightName = 'CreateTicket'").rowcount
    at.begin()
    works, checks = probe(at, "--ticket")
    assert not works and checks["account"][0] == "ok" and checks["create"][0] == "failed", checks
    assert "No permission to create tickets in the queue 'Support'" in checks["create"][1], checks
