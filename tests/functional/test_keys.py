"""Tokens of the store: made once, used, limited, revoked and expired; and that no secret of one stays anywhere."""
import json
import re
import time

import pytest

import conftest
import harness
import test_api
from harness import wait_until
from test_api import open_stream, problem

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE)


def make(gateway, name, scopes=("read",), **more):
    answer = gateway.api("POST", "/v1/tokens", dict(name=name, scopes=list(scopes), **more))
    assert answer.status == 201, answer
    return answer.json


def status_with(gateway, token, path="/v1/threads"):
    return gateway.api("GET", path, token=token).status


def test_a_secret_is_told_once_and_opens_what_its_scopes_say(world):
    made = make(world.gateway, "crm", ["read", "reply"])
    assert re.fullmatch(r"hgt_[A-Za-z0-9_-]{43}", made["secret"])
    token = made["token"]
    assert re.fullmatch(r"tok_[0-9a-z]{26}", token["id"]) and token["made_by"] == "token:tests"
    assert (token["scopes"], token["channels"], token["expires_at"]) == (["read", "reply"], None, None)
    assert status_with(world.gateway, made["secret"]) == 200
    detail = problem(world.gateway.api("GET", "/v1/decisions", token=made["secret"]), 403, "forbidden")
    assert '"operate"' in detail and "headgatectl token create" in detail
    listed = world.gateway.get("/v1/tokens")
    assert [t["name"] for t in listed["tokens"] if t["id"] == token["id"]] == ["crm"]
    assert [t["name"] for t in listed["configured"]] == ["tests"]
    assert made["secret"] not in json.dumps(listed) and harness.API_TOKEN not in json.dumps(listed)


def test_no_file_and_no_log_has_the_secret(world):
    secret = make(world.gateway, "nowhere")["secret"]
    assert status_with(world.gateway, secret) == 200
    for path in world.gateway.config_path.parent.rglob("*"):
        if path.is_file():
            assert secret.encode() not in path.read_bytes(), path
    assert secret not in world.gateway.log()


def test_who_uses_a_token_is_its_name_and_the_hour_is_kept(world):
    thread = world.thread()["id"]
    made = make(world.gateway, "writer", ["read", "reply", "convert"])
    answer = world.gateway.api("PATCH", f"/v1/threads/{thread}", {"tags_add": ["seen"]}, token=made["secret"])
    assert answer.status == 200, answer
    changed = [e for e in world.gateway.events(thread) if e["type"] == "thread.changed"][-1]
    assert changed["data"]["reason"] == "changed by token:writer"

    def used():
        return next(t for t in world.gateway.get("/v1/tokens")["tokens"] if t["name"] == "writer")["used_at"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:00:00\.000Z", wait_until(used, "the hour of its use"))


def test_what_is_revoked_is_refused_at_once_and_its_stream_ends_within_a_second(world):
    made = make(world.gateway, "brief")
    stream = open_stream(world.gateway, headers={"Authorization": f"Bearer {made['secret']}"})
    other = open_stream(world.gateway)
    assert stream.head.status == 200
    begun = time.monotonic()
    answer = world.gateway.api("DELETE", f"/v1/tokens/{made['token']['id']}")
    assert answer.status == 200 and answer.json["token"]["revoked_at"]
    assert "not known" in problem(world.gateway.api("GET", "/v1/threads", token=made["secret"]), 401, "unauthorized")
    while stream.reply.readline():
        pass
    assert time.monotonic() - begun < harness.PATIENCE / 30	# a second, where the machine is not said to be slow
    stream.close()
    world.thread()
    assert other.event()["type"]		# who has another token goes on
    other.close()
    assert "already" in problem(world.gateway.api("DELETE", f"/v1/tokens/{made['token']['id']}"), 409, "wrong-state")
    assert made["token"]["id"] not in json.dumps(world.gateway.get("/v1/tokens"))
    assert made["token"]["id"] in json.dumps(world.gateway.get("/v1/tokens?all=true"))


def test_what_has_expired_is_refused_and_its_stream_ends(start):
    gateway = start()
    made = make(gateway, "guest", expires="1h")
    stream = open_stream(gateway, headers={"Authorization": f"Bearer {made['secret']}"})
    gateway.advance(minutes=59)
    assert status_with(gateway, made["secret"]) == 200
    gateway.advance(minutes=2)
    assert "has expired" in problem(gateway.api("GET", "/v1/threads", token=made["secret"]), 401, "unauthorized")
    while stream.reply.readline():		# a patient socket: it fails when nobody ends it
        pass
    stream.close()
    make(gateway, "guest")			# its name is free again
    assert [t["name"] for t in gateway.get("/v1/tokens")["tokens"]] == ["guest"]


def test_tokens_are_good_after_a_restart_and_revoked_ones_are_not(start):
    gateway = start()
    kept, gone = make(gateway, "kept", ["report"]), make(gateway, "gone")
    assert gateway.api("DELETE", f"/v1/tokens/{gone['token']['id']}").status == 200
    gateway.stop()
    gateway.start()
    assert status_with(gateway, kept["secret"], "/v1/report") == 200
    assert status_with(gateway, kept["secret"]) == 403 and status_with(gateway, gone["secret"]) == 401


def test_a_token_of_the_configuration_that_goes_ends_its_stream(start):
    gateway = start(more="    brief: { token: env:TEST_BRIEF, scopes: read }", env=dict(TEST_BRIEF="brief-token-0123456789"))
    token = {"Authorization": "Bearer brief-token-0123456789"}
    stream, other = open_stream(gateway, headers=token), open_stream(gateway)
    text = gateway.config_path.read_text()
    gateway.config_path.write_text(re.sub(r"    brief: .*\n", "", text))
    gateway.process.send_signal(1)
    while stream.reply.readline():
        pass
    stream.close()
    wait_until(lambda: status_with(gateway, "brief-token-0123456789") == 401, "the reload")
    assert gateway.api("POST", "/v1/consent", {"address": "tel:+1", "channel": "wa-main", "state": "stop"}).status == 200
    assert other.event()["type"] == "contact.consent"		# who has another goes on
    other.close()


def test_a_token_limited_to_a_channel_may_do_nothing_about_the_whole(world):
    thread = world.thread()["id"]
    made = make(world.gateway, "one-channel", ["read", "admin"], channels=["wa-main"])
    assert made["token"]["channels"] == ["wa-main"]
    assert status_with(world.gateway, made["secret"], f"/v1/threads/{thread}") == 200
    for path in ("/v1/tokens", "/v1/status", "/metrics"):
        assert status_with(world.gateway, made["secret"], path) == 403
    answer = world.gateway.api("POST", "/v1/tokens", {"name": "more", "scopes": ["admin"]}, token=made["secret"])
    problem(answer, 403, "forbidden")


def test_a_name_is_one_programs(world):
    made = make(world.gateway, "twin")
    again = world.gateway.api("POST", "/v1/tokens", {"name": "twin", "scopes": ["read"]})
    assert made["token"]["id"] in problem(again, 409, "conflict")
    assert "api.tokens" in problem(world.gateway.api("POST", "/v1/tokens", {"name": "tests", "scopes": ["read"]}), 409, "conflict")


@pytest.mark.parametrize("body, said", [
    ({}, '"name"'), ({"name": "x"}, '"scopes" is missing'), ({"name": "X", "scopes": ["read"]}, "letters a-z"),
    ({"name": "x" * 65, "scopes": ["read"]}, '"name" has'), ({"name": "x", "scopes": []}, '"scopes" names 1'),
    ({"name": "x", "scopes": ["write"]}, 'there is no scope "write"'), ({"name": "x", "scopes": [7]}, "there is no scope"),
    ({"name": "x", "scopes": ["read"], "channels": ["nowhere"]}, 'there is no channel "nowhere"'),
    ({"name": "x", "scopes": ["read"], "channels": []}, '"channels" names 1'),
    ({"name": "x", "scopes": ["read"], "expires": "soon"}, "a span such as 30d"),
    ({"name": "x", "scopes": ["read"], "expires": "2001-01-01T00:00:00Z"}, "a time to come"),
    ({"name": "x", "scopes": ["read"], "expires": "9999d"}, "within ten years"),
    ({"name": "x", "scopes": ["read"], "kind": "login"}, 'no member "kind"')])
def test_a_wish_that_makes_no_sense_is_refused(world, body, said):
    answer = world.gateway.api("POST", "/v1/tokens", body)
    assert answer.status in (400, 422) and said in answer.json["detail"], answer


@pytest.mark.parametrize("query, said", [("all=maybe", "true or false"), ("before=tok_none", "no such token"), ("limit=0", "from 1")])
def test_a_wrong_question_for_tokens_is_refused(world, query, said):
    assert said in world.gateway.api("GET", f"/v1/tokens?{query}").json["detail"]


def test_pages_of_tokens_give_each_once(world):
    names = [f"page-{i}" for i in range(4)]
    for name in names:
        make(world.gateway, name)
    found = test_api.flat(test_api.pages(world.gateway, "/v1/tokens", "tokens", "before", 2))
    assert [t["name"] for t in found if t["name"] in names] == names[::-1]


# ---- headgatectl token ----

def test_the_verb_makes_lists_and_revokes(world):
    ctl = world.gateway.ctl
    done = ctl("token", "create", "by-hand", "--scope", "read", "--scope", "report", "--channel", "wa-main", "--expires", "30d",
               check=0)
    secret = done.stdout.strip()
    assert re.fullmatch(r"hgt_[A-Za-z0-9_-]{43}", secret) and "only time" in done.stderr and "wa-main" in done.stderr
    assert status_with(world.gateway, secret) == 200
    line = next(line for line in ctl("token", "list", check=0).stdout.splitlines() if line.startswith("by-hand "))
    assert "read,report; channels: wa-main" in line and secret not in line
    id = re.search(r"tok_\w+", line)[0]
    assert "tests" in ctl("token", check=0).stdout		# list is what is meant without a command
    assert "--yes" in ctl("token", "revoke", id, check=2).stderr
    done = ctl("token", "revoke", id, "--yes", check=0)
    assert id in done.stdout and "token create by-hand" in done.stdout
    assert status_with(world.gateway, secret) == 401
    assert id not in ctl("token", "list", check=0).stdout and id in ctl("token", "list", "--all", check=0).stdout
    assert "already" in ctl("token", "revoke", id, "--yes", check=5).stderr
    assert "api.tokens" in ctl("token", "revoke", "tok_none", "--yes", check=4).stderr


def test_the_verb_speaks_json(world):
    made = json.loads(world.gateway.ctl("token", "create", "as-json", "--scope", "read", "--json", check=0).stdout)
    assert made["token"]["name"] == "as-json" and made["secret"].startswith("hgt_")
    listed = json.loads(world.gateway.ctl("token", "list", "--json", check=0).stdout)
    assert "as-json" in [t["name"] for t in listed["tokens"]]
    gone = json.loads(world.gateway.ctl("token", "revoke", made["token"]["id"], "--yes", "--json", check=0).stdout)
    assert gone["token"]["revoked_at"]
    assert world.gateway.ctl("token", "create", "x", "--scope", "write", check=2).returncode == 2
