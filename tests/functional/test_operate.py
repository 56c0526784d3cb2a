"""What operators do with channels and dead letters: paused, probed, tried again, changed, discarded."""
import json

import pytest

import conftest
from harness import wait_until

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE)


def channel(world):
    return world.gateway.get("/v1/channels/wa-main")["channel"]


def accepted(graph, text):
    return [m for m in graph.accepted if m.text == text]


def dead(world, **query):
    path = "/v1/dead-letters?limit=500&" + "&".join(f"{k}={v}" for k, v in query.items())
    return world.gateway.get(path)["dead_letters"]


@pytest.fixture
def paused(world):
    answer = world.gateway.api("POST", "/v1/channels/wa-main/pause", {"reason": "the number is being moved", "agent": "Ann"})
    assert answer.status == 200, answer
    yield answer.json
    assert world.gateway.api("POST", "/v1/channels/wa-main/resume", {}).status == 200


# ---- channels ----

def test_a_channel_says_how_it_is_and_where_its_provider_calls_but_no_secret(world):
    shown = channel(world)
    assert shown["condition"] == "up" and shown["state"] == "running" and shown["paused"] is None
    assert shown["webhooks"] == ["https://chat.acme.example/channel/wa-main/webhook"]
    assert {"media", "receipts", "templates"} <= set(shown["capabilities"])
    assert shown["queue"]["waiting"] == shown["dead_letters"] == 0
    everything = json.dumps(world.gateway.get("/v1/channels"))
    for secret in (conftest.APP_SECRET, conftest.GRAPH_TOKEN, conftest.VERIFY_TOKEN):
        assert secret not in everything
    assert world.gateway.api("GET", "/v1/channels/nobody").status == 404


def test_a_paused_channel_takes_in_and_sends_nothing_until_it_is_resumed(world):
    thread = world.thread("before the pause")
    answer = world.gateway.api("POST", "/v1/channels/wa-main/pause", {"reason": "moved", "agent": "Ann"})
    assert answer.json["paused"]["by"] == "Ann" and answer.json["paused"]["reason"] == "moved"
    assert world.gateway.reply(thread["id"], "while it was paused").status == 202
    # Its provider's deliveries are taken in, judged and told to the helpdesk meanwhile.
    late = world.thread("during the pause")
    assert world.gateway.messages(late["id"])[0]["text"] == "during the pause"
    assert channel(world)["queue"]["waiting"] >= 1 and channel(world)["state"] == "paused"
    assert not accepted(world.graph, "while it was paused")
    assert world.gateway.api("POST", f"/v1/threads/{thread['id']}/typing", {}).status == 409
    world.gateway.reload()
    world.gateway.stop()
    world.gateway.start()
    world.graph.target(world.gateway.port, "wa-main")
    assert channel(world)["paused"]["reason"] == "moved" and not accepted(world.graph, "while it was paused")
    assert [c["state"] for c in world.gateway.status()["channels"]] == ["paused"]
    assert world.gateway.api("POST", "/v1/channels/wa-main/resume", {}).json["paused"] is None
    wait_until(lambda: accepted(world.graph, "while it was paused"), "the answer that waited")
    types = [e["type"] for e in world.gateway.get("/v1/events?limit=500")["events"]]
    assert types.count("channel.paused") == types.count("channel.resumed") == 1


def test_a_probe_says_what_is_not_well(world):
    answer = world.gateway.api("POST", "/v1/channels/wa-main/probe", {}).json
    assert answer["ok"] is True and {c["check"] for c in answer["checks"]} >= {"running", "settings", "condition", "webhook"}
    assert world.gateway.ctl("channel", "probe", "wa-main").returncode == 0


def provider_said(world, ok):
    """What its provider says of each of its two numbers, by the API; and the verb's exit."""
    answer = world.gateway.api("POST", "/v1/channels/wa-main/probe", {}).json
    check, same = [c for c in answer["checks"] if c["check"] == "provider"]
    assert check["ok"] is ok and same == check
    done = world.gateway.ctl("channel", "probe", "wa-main")
    assert done.returncode == (0 if ok else 1) and check["said"] in done.stdout
    return check["said"]


def test_a_probe_asks_the_provider_with_the_channels_credentials(world):
    before = len(world.graph.requests)
    assert provider_said(world, True) == "127.0.0.1 takes the credentials"
    asked = {(r.method, r.path.split("?")[0].rsplit("/", 1)[1]) for r in world.graph.requests[before:]}
    assert {("GET", conftest.PHONE_NUMBER_ID), ("GET", "209876543210")} <= asked
    world.graph.token = "another token"
    try:
        said = provider_said(world, False)
        assert "127.0.0.1 refuses the credentials: put those that it shows into the configuration, then reload (it answers 401)" == said
        assert conftest.GRAPH_TOKEN not in said
        assert "127.0.0.1 refuses the credentials" in world.gateway.ctl("--config", str(world.gateway.config_path), "doctor", "--json").stdout
    finally:
        world.graph.token = conftest.GRAPH_TOKEN
    assert provider_said(world, True)
    wait_until(lambda: channel(world)["condition"] == "up", "the channel to be up again")


def test_a_probe_of_a_paused_channel_is_no(world, paused):
    answer = world.gateway.api("POST", "/v1/channels/wa-main/probe", {}).json
    assert answer["ok"] is False and any(c["check"] == "pause" and not c["ok"] for c in answer["checks"])
    assert world.gateway.ctl("channel", "probe", "wa-main").returncode == 1
    assert "paused" in world.gateway.ctl("channel", "list").stdout
    assert "the number is being moved" in world.gateway.ctl("channel", "show", "wa-main").stdout


# ---- dead letters ----

def refused(world, text):
    """An answer that the provider will not have; its letter."""
    thread = world.thread()
    world.graph.fail(131026, times=1)
    assert world.gateway.reply(thread["id"], text).status == 202
    return wait_until(lambda: next((d for d in dead(world, target="channel") if d["thread_id"] == thread["id"]), None), "a dead letter")


def test_an_answer_that_was_refused_is_shown_as_it_would_be_sent(world):
    letter = refused(world, "nobody may read this")
    shown = world.gateway.get(f"/v1/dead-letters/{letter['number']}")["dead_letter"]
    assert shown["payload"]["text"] == "nobody may read this" and shown["payload"]["to"].startswith("tel:+4477")
    assert shown["attempts"] == 1 and shown["error"] and shown["editable"] is True and shown["message_id"]
    assert world.gateway.api("POST", f"/v1/dead-letters/{letter['number']}/retry", {}).status == 200
    wait_until(lambda: accepted(world.graph, "nobody may read this"), "the second attempt")
    assert world.gateway.api("GET", f"/v1/dead-letters/{letter['number']}").status == 404


def test_an_answer_can_be_changed_before_it_is_tried_again(world):
    letter = refused(world, "call our premium number")
    path = f"/v1/dead-letters/{letter['number']}"
    assert world.gateway.api("PATCH", path, {"data": {"x": 1}}).status == 400
    answer = world.gateway.api("PATCH", path, {"text": "call our usual number"})
    assert answer.status == 200 and answer.json["sha256_before"] != answer.json["sha256_after"]
    assert world.gateway.api("POST", path + "/retry", {}).status == 200
    wait_until(lambda: accepted(world.graph, "call our usual number"), "what it was changed to")
    assert not accepted(world.graph, "call our premium number")
    assert "call our usual number" in [m["text"] for m in world.gateway.messages(letter["thread_id"])]


def test_an_event_can_be_changed_and_the_helpdesk_gets_it_signed(world):
    world.helpdesk.answer = lambda delivery: (422, {}, b"no such queue") if delivery.type == "ticket.requested" else None
    try:
        thread = world.thread("a matter the helpdesk refuses")
        for tried in range(1, 6):
            wait_until(lambda: any(j["attempts"] == tried and j.get("thread_id") == thread["id"]
                                   for j in world.gateway.get("/v1/outbox?state=due&limit=500")["jobs"]), f"attempt {tried}")
            world.gateway.advance(hours=2)
        letter = wait_until(lambda: next((d for d in dead(world, target="backend", name="desk") if d["thread_id"] == thread["id"]), None),
                            "the dead letter")
    finally:
        world.helpdesk.answer = None
    assert letter["event_type"] == "ticket.requested" and "422" in letter["error"]
    path = f"/v1/dead-letters/{letter['number']}"
    payload = world.gateway.get(path)["dead_letter"]["payload"]
    assert payload["type"] == "ticket.requested" and payload["data"]["thread"]["id"] == thread["id"]
    changed = dict(payload["data"], queue="support")
    assert world.gateway.api("PATCH", path, {"data": changed}).status == 200
    assert world.gateway.get(path)["dead_letter"]["edited"] is True
    assert world.gateway.api("POST", "/v1/dead-letters/retry", {"target": "backend", "name": "desk"}).json["retried"] == 1
    sent = wait_until(lambda: next((d for d in world.helpdesk.attempts if d.data == changed), None), "the changed event")
    assert sent.status in (200, 201) and not world.helpdesk.forged
    logged = world.gateway.events(thread["id"])
    assert next(e for e in logged if e["type"] == "ticket.requested")["data"] == payload["data"]


def test_a_discarded_letter_is_gone_for_a_reason(world):
    letter = refused(world, "never mind")
    path = f"/v1/dead-letters/{letter['number']}/discard"
    assert world.gateway.api("POST", path, {}).status == 400
    assert world.gateway.api("POST", path, {"reason": "said by telephone"}).json == {"state": "discarded"}
    assert world.gateway.api("POST", path, {"reason": "again"}).status == 404
    assert letter["number"] not in [d["number"] for d in dead(world)]


def test_letters_are_narrowed_and_paged(world):
    letters = [refused(world, f"letter {n}") for n in range(3)]
    assert not dead(world, target="channel", name="nobody") and not dead(world, target="fetch")
    first = world.gateway.get("/v1/dead-letters?limit=2")
    rest = world.gateway.get(f"/v1/dead-letters?after={first['next']}")
    numbers = [d["number"] for d in first["dead_letters"] + rest["dead_letters"]]
    assert {d["number"] for d in letters} <= set(numbers) and len(numbers) == len(set(numbers))
    assert world.gateway.api("GET", "/v1/dead-letters?target=letter").status == 400
    for letter in letters:
        world.gateway.ctl("dead", "discard", str(letter["number"]), "--reason", "a test", "--yes", check=0)
