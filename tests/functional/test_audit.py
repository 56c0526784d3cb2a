"""Who did what: one row for every write of the API with its principal, none that anybody could change unseen, and nothing
in it of what customers said or of secrets."""
import contextlib
import json
import re
import sqlite3
import uuid

import pytest

import conftest
import harness
import test_api
from harness import wait_until
from test_api import ROUTES, TOKENS, problem, things  # noqa: F401 (a fixture)

DESCRIBED = True	# conftest.py: by doc/openapi.yaml
CONFIG = test_api.CONFIG
AUDITOR = TOKENS["audit"]

# What changes nothing that is kept, so that there is nothing to tell of: looks, and signs that are passed on at once.
LOOKS = {("POST", "/v1/threads/preview"), ("POST", "/v1/threads/{}/replies/preview"), ("POST", "/v1/threads/{}/read"), ("POST", "/v1/threads/{}/typing"),
         ("POST", "/v1/channels/{}/probe"), ("POST", "/v1/rules/try"), ("POST", "/v1/rules/replay")}
WRITES = [key for key in ROUTES if key[0] != "GET" and key not in LOOKS] + [("GET", "/v1/contacts/{}/export")]


def audits(gateway, **query):
    path = "/v1/audit?" + "&".join(f"{key}={value}" for key, value in query.items())
    answer = gateway.api("GET", path, token=AUDITOR)
    assert answer.status == 200, answer
    return answer.json["audits"]


def last(gateway):
    rows = audits(gateway, limit=1)
    return rows[0]["number"] if rows else 0


def since(gateway, number):
    return [row for row in audits(gateway, limit=500) if row["number"] > number]


def arrive(gateway, before, n):
    """Rows of refusals are written behind the answer."""
    return wait_until(lambda: (rows := since(gateway, before)) and len(rows) >= n and rows, f"{n} rows")


# ---- every write ----

@pytest.mark.parametrize("method, pattern", WRITES, ids=lambda v: v.replace("/v1/", "").replace("/", "."))
def test_every_write_leaves_one_row_with_who_it_was(world, things, method, pattern):
    route = ROUTES[method, pattern]
    before = last(world.gateway)
    answer = test_api.call(world, things, method, pattern, TOKENS[route["scope"]])
    assert answer.status in (route.get("status", 200), 409), answer
    rows = [row for row in since(world.gateway, before) if row["principal"] == f"token:{route['scope']}"]
    assert len(rows) == 1, rows
    row = rows[0]
    assert re.fullmatch(r"aud_[0-9a-z]{26}", row["id"]) and row["source"].startswith("127.0.0.1")
    assert row["capacity"] is None			# tokens of the configuration have no id
    kind, verb = row["action"].split(".")
    assert row["object"]["kind"] == kind and verb
    if answer.status < 300:
        assert row["outcome"] in ("ok", "begun")
        if route.get("fill") in ("thread", "open", "closed", "contact", "channel"):
            assert row["object"]["id"] == things[route["fill"]]
        if route.get("fill") in ("ticket", "unlinked"):	# by number or id: told of by its id
            assert row["object"]["id"].startswith("tkt_")
        if pattern == "/v1/attachments":
            sha256 = answer.json["attachment"]["sha256"]
            assert row["object"]["id"] == sha256
            world.gateway.reply(things["thread"], "as sent", attachments=[{"sha256": sha256}])	# or nothing would need the file
    else:
        assert row["outcome"] == answer.json["type"].rpartition(":")[2]


def test_each_write_has_a_word_of_its_own_and_who_may_not_is_told_of_by_it(world, things):
    for method, pattern in WRITES:
        problem(test_api.call(world, things, method, pattern, TOKENS[f"no-{ROUTES[method, pattern]['scope']}"]), 403, "forbidden")

    def words():
        rows = audits(world.gateway, limit=500)
        return {row["action"] for row in rows if row["outcome"] == "forbidden" and row["principal"].startswith("token:no-")} - {"api.call"}
    wait_until(lambda: len(words()) >= len(WRITES), "a row for each")
    assert len(words()) == len(WRITES)


def test_a_look_leaves_no_row(world, things):
    before = last(world.gateway)
    for method, pattern in [key for key in ROUTES if key[0] == "GET" and key not in WRITES] + sorted(LOOKS):
        if not ROUTES[method, pattern].get("stream"):
            answer = test_api.call(world, things, method, pattern, TOKENS[ROUTES[method, pattern]["scope"]])
            assert answer.status in (200, 404, 409), answer
    assert since(world.gateway, before) == []


# ---- who is refused ----

def test_who_lacks_the_scope_is_told_of_once_with_a_count_in_an_hour(world):
    before = last(world.gateway)
    for _ in range(5):
        problem(world.gateway.api("POST", "/v1/backup", {}, token=TOKENS["link"]), 403, "forbidden")
        problem(world.gateway.api("GET", "/v1/contacts", token=TOKENS["erase"]), 403, "forbidden")
    rows = {row["action"]: row for row in arrive(world.gateway, before, 2)}
    assert sorted(rows) == ["api.call", "backup.create"]
    assert [rows[a]["outcome"] for a in rows] == ["forbidden", "forbidden"]
    assert rows["backup.create"]["facts"] == {"scope": "backup"} and rows["backup.create"]["principal"] == "token:link"
    assert rows["api.call"]["facts"] == {"method": "GET", "route": "/v1/contacts", "scope": "read"}
    world.gateway.advance(minutes=61)
    problem(world.gateway.api("POST", "/v1/backup", {}, token=TOKENS["link"]), 403, "forbidden")
    assert arrive(world.gateway, before, 3)[0]["facts"] == {"scope": "backup", "times": 5}


def test_who_asks_for_another_channels_is_told_of(world, things):
    before = last(world.gateway)
    problem(world.gateway.api("GET", f"/v1/threads/{things['thread']}", token=TOKENS["there"]), 404, "not-found")
    problem(world.gateway.api("POST", f"/v1/threads/{things['thread']}/notes", {"text": "x"}, token=TOKENS["there"]), 404, "not-found")
    problem(world.gateway.api("GET", "/v1/tokens", token=TOKENS["there"]), 403, "forbidden")
    assert {(row["action"], row["outcome"], row["object"]["id"]) for row in arrive(world.gateway, before, 3)} == {
        ("api.call", "not-found", things["thread"]), ("thread.note", "not-found", things["thread"]), ("api.call", "forbidden", None)}


def test_a_stranger_leaves_nothing(world):
    before = last(world.gateway)
    for token in (None, "token-nobody-has-0123456789"):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        assert world.gateway.http("POST", "/v1/tokens", b"{}", headers).status == 401
    assert since(world.gateway, before) == []


def test_what_is_no_id_of_ours_is_not_told(world):
    before = last(world.gateway)
    address = "ana.canary@example.com"
    assert world.gateway.api("POST", f"/v1/contacts/{address}/block", {"reason": address}).status == 404
    assert world.gateway.api("PUT", f"/v1/tickets/{address}/status", {"status": "open"}).status == 404
    rows = since(world.gateway, before)
    assert [row["object"]["id"] for row in rows] == [None, None] and address not in json.dumps(rows)


# ---- what is not over the network, and no command ----

def test_a_token_of_the_store_is_told_of_by_its_id_and_the_request_by_its_own(world):
    made = world.gateway.api("POST", "/v1/tokens", {"name": "crm", "scopes": ["operate", "audit"]})
    assert made.status == 201, made
    answer = world.gateway.http("POST", "/v1/alarms/test", b"{}", {"Authorization": f"Bearer {made.json['secret']}", "X-Request-Id": "abc-1"})
    assert answer.status == 200, answer
    row = audits(world.gateway, principal="token:crm")[0]
    assert (row["capacity"], row["request"], row["action"]) == (made.json["token"]["id"], "abc-1", "alarm.test")
    row = audits(world.gateway, action="token.create", limit=1)[0]
    assert row["object"] == {"kind": "token", "id": made.json["token"]["id"]}
    assert row["facts"] == {"name": "crm", "scopes": "operate audit"} and made.json["secret"] not in json.dumps(audits(world.gateway, limit=500))


def test_the_socket_and_a_signal_are_told_of(world):
    world.gateway.ctl("alarm", "test", check=0)
    row = audits(world.gateway, limit=1)[0]
    assert re.fullmatch(r"local:\d+", row["principal"]) and row["source"] is None
    before = last(world.gateway)
    world.gateway.process.send_signal(1)
    row = wait_until(lambda: since(world.gateway, before), "the row of the reload")[0]
    assert (row["principal"], row["action"], row["outcome"]) == ("signal:SIGHUP", "config.reload", "ok")
    assert re.fullmatch("[0-9a-f]+", row["facts"]["config"])
    world.gateway.api("POST", "/v1/reload", {})
    assert audits(world.gateway, limit=1)[0]["facts"] == row["facts"]


def test_the_same_call_again_is_one_row(world, things):
    before, key = last(world.gateway), {"Authorization": f"Bearer {TOKENS['reply']}", "Idempotency-Key": f'"{uuid.uuid4()}"'}
    body = json.dumps({"text": "hello twice", "agent": "Mia"}).encode()
    answers = [world.gateway.http("POST", f"/v1/threads/{things['thread']}/replies", body, key) for _ in range(2)]
    assert answers[0].status == answers[1].status == 202 and answers[0].json == answers[1].json
    rows = since(world.gateway, before)
    assert [row["facts"] for row in rows] == [{"agent": "Mia", "message": answers[0].json["message"]["id"]}]


# ---- looking ----

def test_filters_and_pages_give_each_row_once(world):
    everything = audits(world.gateway, limit=500)
    found = test_api.flat(test_api.pages(world.gateway, "/v1/audit", "audits", "before", 7))
    assert [row["id"] for row in found][:len(everything)] == [row["id"] for row in everything]
    assert [row["number"] for row in everything] == list(range(everything[0]["number"], everything[-1]["number"] - 1, -1))
    one = next(row for row in everything if row["object"]["id"])
    for query in ({"principal": one["principal"]}, {"action": one["action"]}, {"object": one["object"]["id"]},
                  {"since": one["at"], "until": "2100-01-01T00:00:00Z"}):
        rows = audits(world.gateway, limit=500, **query)
        assert one["id"] in [row["id"] for row in rows] and len(rows) <= len(everything)
    assert audits(world.gateway, principal="token:nobody") == [] and audits(world.gateway, until="2001-01-01T00:00:00Z") == []


@pytest.mark.parametrize("query, said", [("since=soon", "a span such as"), ("before=aud_none", "no such row"), ("limit=0", "from 1"),
                                         ("who=me", "who")])
def test_a_wrong_question_is_refused(world, query, said):
    answer = world.gateway.api("GET", f"/v1/audit?{query}", token=AUDITOR)
    assert answer.status in (400, 404) and said in answer.json["detail"]


def test_the_verb_lists_and_verifies(world):
    ctl = world.gateway.ctl
    line = next(line for line in ctl("audit", "list", "--action", "token.create", check=0).stdout.splitlines() if " token.create " in line)
    assert "token:" in line and "name=" in line
    rows = [json.loads(line) for line in ctl("audit", "--principal", "token:audit", "--limit", "2", "--json", check=0).stdout.splitlines()]
    assert len(rows) <= 2
    assert "whole" in ctl("audit", "verify", check=0).stdout
    assert json.loads(ctl("audit", "verify", "--json", check=0).stdout)["whole"] is True


def test_nothing_said_and_no_secret_is_in_any_row(world):
    """After all of the tests before it: texts and addresses of their bodies, all tokens."""
    rows = json.dumps(audits(world.gateway, limit=500))
    for text in [*TOKENS.values(), harness.API_TOKEN, "a note", "hello", "bo@example.com", "+447700900999", "a file"]:
        assert text not in rows.replace("hello twice", ""), text


@contextlib.contextmanager
def edited(gateway, sql):
    """Behind the daemon's back, and put right again; the id of row 2."""
    path = gateway.file()
    gateway.stop()
    with contextlib.closing(sqlite3.connect(path)) as db:
        (who, principal) = db.execute("SELECT id, principal FROM audit WHERE n = 2").fetchone()
        db.execute(sql)
        db.commit()
    gateway.start()
    yield who
    gateway.stop()
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("UPDATE audit SET principal = ? WHERE n = 2", [principal])
        db.commit()
    gateway.start()


def test_a_changed_row_is_found_by_all_who_look(start):
    gateway = start()
    for _ in range(3):
        assert gateway.api("POST", "/v1/dead-letters/retry", {}).status == 200
    with edited(gateway, "UPDATE audit SET principal = 'console:bob' WHERE n = 2") as who:
        answer = gateway.get("/v1/audit/verify")
        assert answer["whole"] is False and answer["break"] == {"number": 2, "id": who, "what": "row 2 is not as it was written"}
        done = gateway.ctl("audit", "verify", check=1)
        assert "broken" in done.stdout and who in done.stdout
        assert json.loads(gateway.ctl("audit", "verify", "--json", check=1).stdout)["break"]["id"] == who
        assert [b["invariant"] for b in gateway.get("/v1/fsck")["breaches"]] == ["I28"]
    assert gateway.get("/v1/audit/verify")["whole"] is True
