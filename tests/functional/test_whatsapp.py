"""WhatsApp's misfortunes, each once: what the provider does, what the agent sees, what goes out again."""
import pathlib
import time

import pytest

import fake_graph
import harness
from conftest import AT_ONCE, GRAPH_TOKEN

ANA, BO = "+447700900123", "+447700900456"
PAYLOADS = pathlib.Path(harness.TOP) / "adapters" / "whatsapp" / "payloads"


def conversation(gateway, graph, helpdesk, sender=ANA, text="my invoice is wrong"):
    """The id of a thread with a ticket."""
    assert graph.say(sender, text) == 200
    events = helpdesk.wait(lambda h: [d for d in h.of("ticket.requested")
                                      if d.data["contact"]["phone"] == sender], f"a ticket of {sender}")
    return events[0].data["thread"]["id"]


def answer(gateway, thread, text="It is corrected.", **more):
    """The id of the agent's answer."""
    sent = gateway.reply(thread, text, **more)
    assert sent.status == 202, sent
    return sent.json["message"]["id"]


def delivery(gateway, thread, id):
    return next(m["delivery"] for m in gateway.messages(thread) if m["id"] == id)


def wait_delivery(gateway, thread, id, *words):
    harness.wait_until(lambda: delivery(gateway, thread, id) in words, f"delivery {words}")


def wait_with_clock(gateway, check, what, step):
    """Until check() is true, moving the daemon's clock on by step seconds whenever nothing happens."""
    for _ in range(40):
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            if check():
                return
            time.sleep(0.02)
        gateway.advance(seconds=step)
    raise AssertionError(f"waited in vain for {what}")


# ---- a send that ends in doubt ----

@pytest.mark.parametrize("mood", ["drop_before", "accept_then_drop", "accept_then_half", "accept_then_500", "proxy_502"])
def test_a_send_in_doubt_is_shown_as_unknown_and_not_repeated(start, graph, helpdesk, mood):
    gateway = start(rules=AT_ONCE)
    thread = conversation(gateway, graph, helpdesk)
    graph.status_only(502, body=b"<html>Bad gateway</html>") if mood == "proxy_502" else getattr(graph, mood)()
    id = answer(gateway, thread)
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful send")
    gateway.advance(minutes=11)		# so long a status may take that settles it
    wait_delivery(gateway, thread, id, "unknown")
    gateway.advance(minutes=30)
    # Something else on the channel still goes out: the doubt is this message's alone.
    other = conversation(gateway, graph, helpdesk, BO)
    answer(gateway, other, "Another matter.")
    graph.wait_accepted(1, text="Another matter.")
    assert len(graph.wait_posts(2)) == 2
    if mood.startswith("accept"):
        taken = graph.wait_accepted(1, text="It is corrected.")[0]
        assert graph.tell(taken, "delivered") == [200]
        wait_delivery(gateway, thread, id, "delivered")


# ---- a send that was certainly not taken ----

@pytest.mark.parametrize("mood", ["busy", "rate", "proxy_429", "pair"])
def test_a_refused_send_is_repeated_with_the_same_key_until_it_is_taken(start, graph, helpdesk, mood):
    gateway = start(rules=AT_ONCE)
    thread = conversation(gateway, graph, helpdesk)
    if mood == "proxy_429":
        graph.status_only(429, times=2, headers={"Retry-After": "2"})
    else:
        graph.fail({"busy": 131016, "rate": 130429, "pair": 131056}[mood], times=2, http=429)
    id = answer(gateway, thread)
    wait_with_clock(gateway, lambda: graph.accepted, "the third attempt", 30)
    assert len(graph.wait_posts(3)) == 3
    assert len({post.body for post in graph.wait_posts(3)}) == 1
    wait_delivery(gateway, thread, id, "sent")


def test_a_throttled_contact_does_not_delay_another(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    slow, quick = conversation(gateway, graph, helpdesk, ANA), conversation(gateway, graph, helpdesk, BO)
    graph.fail(131056, times=1000, to=ANA[1:])
    answer(gateway, slow, "for Ana")
    graph.wait_posts(1)
    answer(gateway, quick, "for Bo")
    assert graph.wait_accepted(1)[0].text == "for Bo"


# ---- a send that never will be ----

@pytest.mark.parametrize("code, words", [(131026, "another channel"), (131047, "approved template"),
                                         (132001, "template"), (777777, "refused")])
def test_the_agent_is_told_what_to_do(start, graph, helpdesk, code, words):
    gateway = start(rules=AT_ONCE)
    thread = conversation(gateway, graph, helpdesk)
    graph.fail(code, details="for a reason of its own")
    id = answer(gateway, thread)
    wait_delivery(gateway, thread, id, "failed")
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.status")
                                          if d.data["message"]["delivery"] == "failed"), None), "the failure")
    assert "for a reason of its own" in event.data["message"]["error"]["text"]
    assert words in event.data["message"]["error"]["advice"]
    assert len(graph.wait_posts(1)) == 1


def test_a_revoked_token_keeps_the_messages_until_it_is_good_again(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread = conversation(gateway, graph, helpdesk)
    graph.token = "another"
    id = answer(gateway, thread)

    def channel():
        return next(c for c in gateway.status()["channels"] if c["name"] == "wa-main")
    harness.wait_until(lambda: channel()["state"] == "down" or channel().get("condition") == "down", "the alarm")
    assert delivery(gateway, thread, id) in ("queued", "sending")
    posts = len(graph.wait_posts(1))
    gateway.advance(minutes=5)
    assert graph.say(ANA, "are you there?") == 200
    assert len(graph.wait_posts(posts)) == posts
    graph.token = GRAPH_TOKEN
    wait_with_clock(gateway, lambda: graph.accepted, "the kept message", 600)
    wait_delivery(gateway, thread, id, "sent")


# ---- files ----

def test_a_file_that_cannot_be_had_at_first_comes_later(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    file = graph.add_media(b"\x89PNG" + bytes(2000), "image/png")
    graph.media_moods += [fake_graph.Refusal(131000, "not now", 500), "drop"]
    assert graph.deliver(graph.media(ANA, "image", file, "the crack")) == 200
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["messages"][0]["text"] == "the crack"
    wait_with_clock(gateway, lambda: graph.downloads, "the third attempt", 60)


def test_a_file_that_is_gone_is_given_up_and_the_message_stays(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    file = graph.add_media(b"gone", "image/png")
    del graph.files[file.id]
    assert graph.deliver(graph.media(ANA, "image", file, "the crack")) == 200
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    found = gateway.wait_message(thread, lambda m: m["attachments"] and m["attachments"][0]["state"] == "failed",
                                 "the failed download")
    assert found["text"] == "the crack"


# ---- what comes in bent out of shape ----

def test_every_recorded_webhook_is_taken_once(gateway, graph):
    bodies = [path.read_bytes() for path in sorted(PAYLOADS.glob("*.json"))]
    assert len(bodies) > 60
    for body in bodies:
        assert graph.deliver_at_once([body, body]) == [200, 200]

    def count():
        return sum(thread["messages"] for thread in gateway.threads())
    before = count()
    assert before > 40
    assert [graph.deliver(body) for body in bodies] == [200] * len(bodies)
    assert count() == before


def test_one_broken_image_of_three_hurts_no_other(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    assert graph.deliver((PAYLOADS / "everything_at_once.json").read_bytes()) == 200
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    kinds = harness.wait_until(lambda: (lambda m: m if len(m) >= 5 else None)(gateway.messages(thread)), "all of it")
    assert sorted(m["kind"] for m in kinds if m["direction"] == "inbound") == \
        ["image", "image", "text", "text", "unsupported"]


def test_a_webhook_that_is_too_big_is_refused_before_it_is_read(gateway, graph):
    try:
        assert graph.deliver(b" " * (4 * 1024 * 1024 + 1)) == 413
    except OSError:
        pass			# the daemon hung up on the rest, which is as good
    assert graph.say(ANA, "still there?") == 200


# ---- a carrier with the same API ----

def test_a_carrier_that_signs_nothing_is_served_by_config_alone(start, graph, helpdesk):
    graph.flat, graph.auth = True, ("D360-API-KEY", "")
    gateway = start(begin=False, rules=AT_ONCE, env={"TEST_URL_TOKEN": "a-token-nobody-guesses"},
                    channel="urls: flat\nauth_header: D360-API-KEY\nsignature: off\nurl_token: env:TEST_URL_TOKEN")
    gateway.write_config(gateway.config_path.read_text().replace(', "209876543210"', ""))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert graph.deliver(graph.text(ANA, "without the token"), signature="") == 401
    graph.query = "?token=a-token-nobody-guesseS"
    assert graph.deliver(graph.text(ANA, "with a wrong token"), signature="") == 401
    graph.query = "?token=a-token-nobody-guesses"
    file = graph.add_media(b"\x89PNG" + bytes(100), "image/png")
    assert graph.deliver(graph.media(ANA, "image", file, "my invoice is wrong"), signature="") == 200
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    graph.wait(lambda: graph.downloads, "the file")
    answer(gateway, thread)
    assert graph.wait_accepted(1)[0].text == "It is corrected."
    said = [m["text"] for m in gateway.messages(thread) if m["direction"] != "system"]
    assert said == ["my invoice is wrong", "It is corrected."]


# ---- who it is ----

def test_an_id_named_in_the_answer_to_a_send_is_the_same_person(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread = conversation(gateway, graph, helpdesk)
    graph.user_ids[ANA[1:]] = "GB.73501284466"
    answer(gateway, thread)
    graph.wait_accepted(1)
    harness.wait_until(lambda: "whatsapp:GB.73501284466" in
                       str(gateway.get(f"/v1/threads/{thread}")["thread"]["contact"]["addresses"]), "the new address")
    assert graph.deliver(graph.text(None, "and now without my number", user_id="GB.73501284466")) == 200
    gateway.wait_message(thread, lambda m: m["text"] == "and now without my number")
    assert len(gateway.threads()) == 1
