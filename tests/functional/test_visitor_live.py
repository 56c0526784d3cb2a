"""Live events of visitors, on the running daemon: streams, long polls, beats, what was missed, who is cut."""
import json
import os
import re
import socket

import pytest

from harness import API_TOKEN, wait_until
from live_visitor import Ear, Visitor, events

FULL = bool(os.environ.get("HEADGATE_FULL"))
WIDGET = """\
web:
  adapter: widget
  origins: ["https://www.acme.example"]
  proof: { ask: never }
  rate: { sessions: 100000, messages: 10000, address: 100000, requests: 100000 }
"""


@pytest.fixture
def gateway(start):
    return start(channels=WIDGET)


@pytest.fixture
def visitor(gateway):
    return Visitor(lambda: gateway.port)


@pytest.fixture
def ear(visitor):
    made = Ear(visitor)
    yield made
    made.close()


def test_an_answer_is_there_at_once_with_its_conversation(gateway, visitor, ear):
    said = visitor.say("my order is late", id="0192f0c1-0001-7000-8000-000000000001")
    heard = ear.wait_text("my order is late")
    assert heard["message"] == said["message"]
    assert heard["message"]["client_id"] == "0192f0c1-0001-7000-8000-000000000001"
    thread = said["thread"]["id"]
    assert gateway.reply(thread, "On its way!").status == 202
    answer = ear.wait_text("On its way!")
    assert answer["thread"]["id"] == thread and answer["thread"]["unread"] == 1
    assert answer["message"]["author"]["kind"] == "agent" and not answer["message"]["author"]["me"]
    assert visitor.call("POST", f"/threads/{thread}/read", {"message": answer["message"]["id"]}).status == 204
    ear.wait(lambda: {"thread_id": thread, "message_id": answer["message"]["id"], "state": "read"} in ear.of("message.state"),
             "its state, for his other devices")
    assert visitor.get(f"/threads/{thread}")["thread"]["unread"] == 0


def test_what_was_missed_comes_once_and_in_order(gateway, visitor, ear):
    thread = visitor.say("one")["thread"]["id"]
    ear.wait_text("one")
    cursor = ear.cursor
    ear.close()
    for i in range(30):
        gateway.reply(thread, f"answer {i}")
    late = Ear(visitor, cursor)
    late.wait_text("answer 29")
    assert late.texts() == [f"answer {i}" for i in range(30)]
    late.close()
    polled = []
    while True:
        page = visitor.poll(cursor)
        if not page["events"]:
            break
        polled += [e["data"]["message"]["text"] for e in page["events"] if e["type"] == "message"]
        cursor = page["cursor"]
    assert polled == [f"answer {i}" for i in range(30)]


def test_streams_outlive_a_restart_and_miss_nothing(gateway, visitor, ear):
    thread = visitor.say("one")["thread"]["id"]
    ear.wait_text("one")
    gateway.stop()
    gateway.start()
    gateway.reply(thread, "while you were gone")
    ear.wait_text("while you were gone")
    assert ear.texts() == ["one", "while you were gone"]
    assert ear.connects >= 2


def test_a_stream_is_no_response_that_a_proxy_may_keep_or_hold_back(visitor):
    connection, reply = visitor.stream()
    assert reply.status == 200
    assert reply.getheader("Content-Type") == "text/event-stream"
    assert reply.getheader("X-Accel-Buffering") == "no"
    assert reply.getheader("Cache-Control") == "no-store"
    first = next(events(reply))
    assert first[0].startswith("c1.") and first[1] is None
    connection.close()


def test_places_show_nobody_how_much_there_is(gateway, visitor, ear):
    """Numbers that rise by one would tell how many messages others wrote between two of his."""
    cursors = []
    for i in range(3):
        visitor.say(f"number {i}")
        ear.wait_text(f"number {i}")
        cursors.append(ear.cursor)
    assert len(set(cursors)) == 3
    assert all(re.fullmatch(r"c1\.[A-Za-z0-9_-]{22}", c) for c in cursors)
    ours = [sum(a == b for a, b in zip(one, two)) for one, two in zip(cursors, cursors[1:])]
    assert all(same < 12 for same in ours), "places of neighbours look alike"


@pytest.mark.skipif(not FULL, reason="takes 15 seconds: HEADGATE_FULL; test_visitor_live.c has a quick one")
def test_beats_come_every_15_seconds(visitor, ear):
    wait_until(lambda: ear.beats, "a beat", patience=20)


def test_typing_of_an_agent_is_shown_and_not_kept(gateway, visitor, ear):
    thread = visitor.say("hello?")["thread"]["id"]
    ear.wait_text("hello?")
    assert gateway.api("POST", f"/v1/threads/{thread}/typing", {}).status == 200
    ear.wait(lambda: ear.of("typing"), "typing")
    assert ear.of("typing")[0]["thread_id"] == thread and ear.of("typing")[0]["on"]
    assert gateway.api("POST", f"/v1/threads/{thread}/read", {}).status == 200
    ear.wait(lambda: ear.of("read"), "the read mark")
    late = Ear(visitor, visitor.cursor)
    late.wait_text("hello?")
    gateway.reply(thread, "here")
    late.wait_text("here")
    assert not late.of("typing") and not late.of("read")
    late.close()


def test_one_of_a_thousand_is_told_and_no_other(gateway, visitor, ear):
    other = Visitor(lambda: gateway.port)
    listening = Ear(other)
    mine = visitor.say("mine")["thread"]["id"]
    theirs = other.say("theirs")["thread"]["id"]
    gateway.reply(mine, "for you")
    gateway.reply(theirs, "for them")
    ear.wait_text("for you")
    listening.wait_text("for them")
    assert ear.texts() == ["mine", "for you"] and listening.texts() == ["theirs", "for them"]
    stolen = Ear(other, ear.cursor)		# his place, her token
    gateway.reply(theirs, "still for them")
    stolen.wait_text("still for them")
    assert "for you" not in stolen.texts()
    stolen.close()
    listening.close()


def test_a_visitor_has_so_many_streams(gateway, visitor):
    opened = [visitor.stream() for _ in range(8)]
    assert [reply.status for _, reply in opened] == [200] * 8
    connection, reply = visitor.stream()
    problem = json.loads(reply.read())
    assert reply.status == 429 and problem["type"] == "urn:headgate:problem:too-many"
    for held, _ in opened + [(connection, None)]:
        held.close()
    wait_until(lambda: visitor.try_call("GET", "/events", wait="0").status == 200, "room again")


def raw_stream(gateway, visitor, buffer):
    peer = socket.socket()
    peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    peer.connect(("127.0.0.1", gateway.port))
    peer.sendall(f"GET /client/v1/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n"
                 f"Authorization: Bearer {visitor.token}\r\n\r\n".encode())
    assert peer.recv(12) == b"HTTP/1.1 200"
    return peer


@pytest.mark.skipif(not FULL, reason="takes 30 seconds: HEADGATE_FULL; test_visitor_live.c holds what he costs until then")
def test_who_does_not_read_is_cut_and_the_others_hear_all(gateway, visitor):
    thread = visitor.say("begin")["thread"]["id"]
    peer = raw_stream(gateway, visitor, 4096)
    text = "x" * 9000
    for i in range(600):		# 5 MB, more than what kernel buffers hold
        gateway.reply(thread, f"{i} {text}")
    late = Ear(visitor)
    late.wait(lambda: len(late.texts()) == 601, "all of it, for one who reads")
    late.close()
    wait_until(lambda: metric(gateway, "headgate_visitor_slow_total") == 1, "the slow one to be cut", patience=60)
    peer.close()


def metric(gateway, name):
    text = gateway.api("GET", "/metrics").body.decode()
    return next((float(line.split()[1]) for line in text.splitlines() if line.startswith(name + " ")), None)


def test_streams_are_beside_the_cap_of_connections(start):
    gateway = start(channels=WIDGET, top="settle: 20s")
    gateway.write_config(gateway.config_path.read_text().replace("  max_per_address: 1000", "  max_per_address: 1000\n"
                         "  max_connections: 8\n  max_streams: 20"))
    gateway.reload()
    visitors = [Visitor(lambda: gateway.port) for _ in range(5)]
    opened = [visitor.stream() for visitor in visitors for _ in range(4)]
    assert [reply.status for _, reply in opened] == [200] * 20
    connection, reply = Visitor(lambda: gateway.port).stream()
    assert reply.status == 503 and reply.getheader("Retry-After")
    assert gateway.api("GET", "/v1/status").status == 200
    assert metric(gateway, "headgate_visitor_streams") == 20
    for held, _ in opened + [(connection, None)]:
        held.close()


def test_a_token_that_is_none_hears_nothing(gateway, visitor):
    visitor.token = "hv1.AAAA.BBBB"
    assert visitor.try_call("GET", "/events").status == 401
    assert gateway.http("GET", "/client/v1/events").status == 401
    assert gateway.http("GET", "/client/v1/events", headers={"Authorization": f"Bearer {API_TOKEN}"}).status == 401


def test_logging_out_ends_the_streams_of_that_browser(gateway, visitor, ear):
    visitor.say("one")
    ear.wait_text("one")
    assert visitor.call("DELETE", "/session").status == 204
    ear.wait(lambda: ear.of("bye"), "bye")
    assert ear.of("bye")[0]["reason"] == "logout"
    wait_until(lambda: ear.wrong, "to be sent away")
    assert ear.wrong.status == 401


def test_a_token_that_ends_ends_its_stream_and_the_next_one_goes_on(gateway, visitor, ear):
    thread = visitor.say("one")["thread"]["id"]
    ear.wait_text("one")
    gateway.advance(minutes=61)
    ear.wait(lambda: ear.of("bye"), "bye")
    assert ear.of("bye")[0]["reason"] == "expired"
    gateway.reply(thread, "meanwhile")
    visitor.begin()
    late = Ear(visitor, ear.cursor)
    late.wait_text("meanwhile")
    late.close()


def test_a_week_later_he_fetches_anew(gateway, visitor, ear):
    thread = visitor.say("one")["thread"]["id"]
    ear.wait_text("one")
    cursor = ear.cursor
    ear.close()
    gateway.reply(thread, "two")
    gateway.wait_message(thread, lambda m: m["text"] == "two" and m["delivery"] == "sent")
    gateway.advance(days=7, minutes=5)
    visitor.begin()
    late = Ear(visitor, cursor)
    late.wait(lambda: late.of("reset"), "reset")
    gateway.reply(thread, "three")
    late.wait_text("three")
    assert late.texts() == ["three"]
    late.close()
