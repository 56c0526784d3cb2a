"""Rules over the API: what is in force and how often each rule decided, a text tried, and what was decided judged again."""
import json
import re

import pytest

import harness

OTHER_NUMBER = "309876543210"
RULES = """\
  # Nobody's matter.
  - name: thanks
    # Short ones only.
    when: { text: { matches: '^(thanks|hello)$' } }
    do: { ignore: noise }

  - { name: invoices, when: { text: { contains: invoice } }, do: { convert: { priority: high }, tag: billing } }
  - name: never asked
    when:
      text:
        contains: [unicorn]
    do: { convert: { } }
"""
OTHER = f"""\
wa-other:
  adapter: whatsapp
  phone_number_id: "{OTHER_NUMBER}"
  token: env:TEST_GRAPH_TOKEN
  app_secret: env:TEST_APP_SECRET
  verify_token: env:TEST_VERIFY_TOKEN
  base_url: the first one's
"""
TOKEN = "token-for-the-other-channel-0123456789"
CONFIG = dict(rules=RULES, top="default: hold\nsettle: 1h\nfirst_response: 7d", channels=OTHER,
              more="    there: { token: env:TEST_TOKEN_THERE, scopes: [operate, read], channels: [wa-other] }",
              change=lambda text: text.replace("the first one's", re.search(r"base_url: (\S+)", text)[1]),
              env=dict(TEST_TOKEN_THERE=TOKEN))


@pytest.fixture(scope="module")
def said(world):
    """Three conversations of the first channel, one of the other."""
    world.graph.numbers.add(OTHER_NUMBER)
    threads = {text: world.thread(text)["id"] for text in ("thanks", "hello", "my invoice is wrong")}
    world.graph.target(world.gateway.port, "wa-other")
    customer = world.customer()
    assert world.graph.say(customer, "hello", number=OTHER_NUMBER) == 200
    world.graph.target(world.gateway.port, "wa-main")
    return dict(threads, other=world.thread_of(customer)["id"])


def try_it(world, token=harness.API_TOKEN, **body):
    return world.gateway.api("POST", "/v1/rules/try", body, token=token)


def replay(world, token=harness.API_TOKEN, **body):
    answer = world.gateway.api("POST", "/v1/rules/replay", body, token=token)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-ndjson", answer
    lines = [json.loads(line) for line in answer.body.decode().splitlines() if line]
    assert all("progress" in line for line in lines[:-1])
    return lines[-1]["result"]


# ---- in force ----

def test_rules_are_told_in_order_with_their_place_and_how_often_they_decided(world, said):
    told = world.gateway.get("/v1/rules?since=1d")
    lines = world.gateway.config_path.read_text().splitlines()
    assert told["file"] == str(world.gateway.config_path) and told["default"] == "hold"
    assert [r["name"] for r in told["rules"]] == ["thanks", "invoices", "never asked"]
    assert [r["decided"] for r in told["rules"]] == [3, 1, 0]
    assert [bool(r["last"]) for r in told["rules"]] == [True, True, False]
    assert told["counted"]["decisions"] == 4 and told["counted"]["complete"] is True
    for rule in told["rules"]:
        assert rule["file"] == str(world.gateway.config_path) and rule["name"] in lines[rule["line"] - 1]
    assert told["hash"] == world.gateway.get("/v1/config")["hash"]
    assert world.gateway.get("/v1/rules?since=2099-01-01")["counted"]["decisions"] == 0
    assert world.gateway.api("GET", "/v1/rules?since=soon").status == 400


def test_the_text_of_a_rule_is_as_it_is_written_and_is_the_same_rule_again(world, said):
    texts = [r["text"] for r in world.gateway.get("/v1/rules")["rules"]]
    assert texts == ["- name: thanks\n  # Short ones only.\n  when: { text: { matches: '^(thanks|hello)$' } }\n  do: { ignore: noise }\n",
                     "- { name: invoices, when: { text: { contains: invoice } }, do: { convert: { priority: high }, tag: billing } }\n",
                     "- name: never asked\n  when:\n    text:\n      contains: [unicorn]\n  do: { convert: { } }\n"]
    same = replay(world, rules="".join(texts), since="1d")
    assert (same["decisions"], same["changed"], same["other_rule"]) == (4, 0, 0)


# ---- one text ----

def test_a_text_is_tried_without_effect(world, said):
    before = world.gateway.get("/v1/events?limit=500"), world.gateway.get("/v1/decisions?limit=500")
    answer = try_it(world, text="my invoice").json
    assert (answer["action"], answer["rule"], answer["priority"], answer["tags"]) == ("convert", "invoices", "high", ["billing"])
    assert [(t["rule"], t["matched"]) for t in answer["trace"]] == [("thanks", False), ("invoices", True), ("never asked", False)]
    assert answer["facts"]["channel"] == "wa-main" and answer["facts"]["address"] == "tel:+15550100"
    answer = try_it(world, text="a mood", channel="wa-other", **{"from": "ana@example.com"}, facts={"mood": "bad"}).json
    assert (answer["action"], answer["rule"]) == ("wait", None)
    assert answer["facts"]["channel"] == "wa-other" and answer["facts"]["address"] == "mailto:ana@example.com"
    assert answer["facts"]["outside"] == {"mood": "bad"}
    assert (world.gateway.get("/v1/events?limit=500"), world.gateway.get("/v1/decisions?limit=500")) == before


def test_a_text_is_tried_by_other_rules(world):
    rules = "rules:\n  - name: moods\n    when: { text: { contains: mood } }\n    do: { convert: { } }\n"
    assert try_it(world, text="a mood", rules=rules).json["rule"] == "moods"
    assert try_it(world, text="thanks", rules=rules).json["rule"] is None
    assert try_it(world, text="thanks", rules="[]").json["trace"] == []


@pytest.mark.parametrize("body, told", [
    ({}, '"text" is missing'), ({"text": "x", "channel": "nowhere"}, 'no channel "nowhere"'),
    ({"text": "x", "from": "somebody"}, '"from" is an address'), ({"text": "x" * 70000}, "text")])
def test_what_cannot_be_tried_is_said(world, body, told):
    answer = try_it(world, **body)
    assert answer.status in (400, 422) and told in answer.json["detail"], answer


# ---- all that was decided ----

def test_what_was_decided_is_judged_again_without_effect(world, said):
    before = world.gateway.get("/v1/decisions?limit=500")
    same = replay(world, since="1d")
    assert (same["decisions"], same["changed"], same["conversations"], same["complete"]) == (4, 0, 4, True)
    told = replay(world, since="1d", rules="- name: no invoices\n  when: { text: { contains: invoice } }\n  do: { ignore: noise }\n")
    changes = {(c["thread_id"], c["on"], c["from"], c["to"], c["rule"]) for c in told["changes"]}
    assert changes == {(said["my invoice is wrong"], "message", "convert", "ignore", "no invoices")} | {
        (said[who], "message", "ignore", "wait", None) for who in ("thanks", "hello", "other")}
    assert {(s["from"], s["to"]): s["decisions"] for s in told["steps"]} == {("ignore", "wait"): 3, ("convert", "ignore"): 1}
    assert [(c["channel"], c["tickets_before"], c["tickets_after"]) for c in told["channels"]] == [("wa-main", 1, 0), ("wa-other", 0, 0)]
    fewer = replay(world, since="1d", rules="[]", limit=1)
    assert len(fewer["changes"]) == 1 and fewer["changed"] == 4
    assert replay(world, since="2099-01-01")["decisions"] == 0
    assert world.gateway.get("/v1/decisions?limit=500") == before


@pytest.mark.parametrize("path, more", [("try", {"text": "x"}), ("replay", {})])
def test_rules_with_errors_are_refused_with_line_and_column(world, path, more):
    rules = "- name: x\n  wen: { }\n  do: { ignore: noise }\n- name: y\n  when: { text: { matches: '(' } }\n  do: { ignore: noise }\n"
    answer = world.gateway.api("POST", f"/v1/rules/{path}", dict(more, rules=rules))
    assert answer.status == 422 and answer.json["type"] == "urn:headgate:problem:configuration", answer
    assert [(f["severity"], f["line"], f["column"]) for f in answer.json["findings"]] == [("error", 2, 3), ("error", 5, 28)]
    assert "did you mean 'when'?" in answer.json["findings"][0]["hint"]
    for wrong in ("a: [", "word_lists: { x: [y] }", "text", "rules: { }", "- name: &a [ *a ]"):
        assert world.gateway.api("POST", f"/v1/rules/{path}", dict(more, rules=wrong)).json.get("findings"), wrong


@pytest.mark.parametrize("body", [{"since": "soon"}, {"limit": 0}, {"limit": 5000}, {"days": 7}])
def test_what_cannot_be_replayed_is_said(world, body):
    assert world.gateway.api("POST", "/v1/rules/replay", body).status == 400


# ---- whose ----

def test_who_sees_one_channel_tries_and_replays_it_alone(world, said):
    assert world.gateway.api("GET", "/v1/rules", token=TOKEN).status == 403
    assert try_it(world, TOKEN, text="x").json["facts"]["channel"] == "wa-other"
    assert 'no channel "wa-main"' in try_it(world, TOKEN, text="x", channel="wa-main").json["detail"]
    told = replay(world, TOKEN, since="1d", rules="[]")
    assert {c["thread_id"] for c in told["changes"]} == {said["other"]} and told["decisions"] == 1
    assert [c["channel"] for c in told["channels"]] == ["wa-other"]
