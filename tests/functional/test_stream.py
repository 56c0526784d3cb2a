"""The live stream of the API as server-sent events: what comes, what is made up for, and when it has to begin anew."""
import json
import sqlite3
import threading

import pytest

import conftest
import fake_graph
import harness
from harness import wait_until
from test_api import open_stream, problem

CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE, channels="""\
wa-second:
  adapter: whatsapp
  phone_number_id: "309876543210"
  token: env:TEST_GRAPH_TOKEN
  app_secret: env:TEST_APP_SECRET
  verify_token: env:TEST_VERIFY_TOKEN
""", more="    other: { token: env:TEST_OTHER_TOKEN, scopes: [read] }", env=dict(TEST_OTHER_TOKEN="other-token-0123456789"))


class Events:
    """A reader of an event stream, by WHATWG HTML, section 9.2.6; written out by hand."""

    def __init__(self, gateway, query="", last=None, token=harness.API_TOKEN):
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        if last is not None:
            headers["Last-Event-ID"] = last
        self.stream = open_stream(gateway, "/v1/events/stream" + query, headers)
        self.head = self.stream.head
        self.last = last

    def next(self):
        """(type, data) of the next one that has data."""
        type, data = "message", []
        while True:
            line = self.stream.reply.readline()
            assert line, "the stream ended"
            line = line.decode().rstrip("\n")
            if not line and data:
                return type, json.loads("\n".join(data))
            field, _, value = line.partition(":")
            value = value.removeprefix(" ")
            if field == "id":
                self.last = value
            elif field == "event":
                type = value
            elif field == "data":
                data.append(value)

    def hello(self):
        """What it begins with: how soon to come back, and the place of now."""
        lines = [self.stream.reply.readline() for _ in range(4)]
        assert lines[0] == b"retry: 2000\n" and lines[2:] == [b":\n", b"\n"], lines
        self.last = lines[1].decode().removeprefix("id: ").rstrip("\n")

    def until(self, check):
        got = []
        while not got or not check(got[-1]):
            type, event = self.next()
            assert type == "message", event
            got.append(event)
        return got

    def close(self):
        self.stream.close()


def log_of(gateway, after):
    """What the log has behind that event, all of it."""
    got = []
    while True:
        page = gateway.get(f"/v1/events?limit=500&after={after}")
        got += page["events"]
        if "next" not in page:
            return got
        after = page["next"]


def note(gateway, thread, text):
    assert gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": text}).status == 201


def ends(thread, events):
    """A note is the last thing that happens: its event, by which a reader knows that he has got all."""
    def check(event):
        return event["type"] == "message.noted" and event["id"] == events[-1]["id"]
    return check


def test_events_come_with_their_id_and_as_the_log_has_them(world):
    thread = world.thread()["id"]
    wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread)), "the link")
    reader = Events(world.gateway)
    assert reader.head.headers["Content-Type"] == "text/event-stream"
    for n in range(3):
        note(world.gateway, thread, str(n))
    wanted = world.gateway.events(thread)[-3:]
    got = reader.until(lambda e: e["id"] == wanted[-1]["id"])
    assert got[-3:] == wanted
    assert reader.last == wanted[-1]["id"]
    reader.close()


def test_who_connects_knows_his_place_before_anything_happens(world):
    thread = world.thread()["id"]
    reader = Events(world.gateway)
    reader.hello()
    reader.close()
    note(world.gateway, thread, "while nobody listened")
    back = Events(world.gateway, last=reader.last)
    last = world.gateway.events(thread)[-1]
    assert back.until(lambda e: e["id"] == last["id"])
    back.close()


def test_a_reader_that_comes_back_misses_nothing_and_hears_nothing_twice_while_others_write(world):
    """He breaks off after every few events; what he got, all connections together, is the log."""
    thread = world.thread()["id"]
    first = world.gateway.events(thread)[-1]["id"]

    def write():
        for n in range(60):
            note(world.gateway, thread, f"note {n}")
            if n % 6 == 0:
                world.thread()

    writer = threading.Thread(target=write)
    writer.start()
    got, last = [], first
    while len([e for e in got if e["type"] == "message.noted"]) < 60:
        reader = Events(world.gateway, last=last)
        for _ in range(7):
            type, event = reader.next()
            assert type == "message"
            got.append(event)
            if len([e for e in got if e["type"] == "message.noted"]) == 60:
                break
        last = reader.last
        reader.close()
    writer.join()
    wanted = log_of(world.gateway, first)
    assert [e["id"] for e in got] == [e["id"] for e in wanted][:len(got)]
    assert got == wanted[:len(got)]


def test_an_id_nobody_knows_is_answered_by_a_reset_and_then_it_goes_on(world):
    thread = world.thread()["id"]
    reader = Events(world.gateway, last="evt_00000000000000000000000000")
    assert reader.next() == ("reset", {"reason": "unknown"})
    assert reader.last.startswith("evt_")
    note(world.gateway, thread, "after it")
    last = world.gateway.events(thread)[-1]
    reader.until(lambda e: e["id"] == last["id"])
    reader.close()


def test_an_empty_id_is_none(world):
    thread = world.thread()["id"]
    reader = Events(world.gateway, last="")
    note(world.gateway, thread, "now")
    last = world.gateway.events(thread)[-1]
    assert reader.until(lambda e: e["id"] == last["id"])
    reader.close()


def test_who_has_missed_too_much_is_told_so(start):
    """10,000 events of the log; the rows are written by hand, for so many messages take their time."""
    gateway = start()
    gateway.stop()
    with sqlite3.connect(gateway.file()) as db:
        for n in range(1, 10003):
            db.execute("INSERT INTO event (n, id, seq, type, at_ms, data) VALUES (?, ?, 0, 'channel.up', 0, ?)",
                       (n, f"evt_{n:026d}", '{"channel":"wa-main"}'))
    db.close()
    gateway.start()
    reader = Events(gateway, last=f"evt_{1:026d}")
    assert reader.next() == ("reset", {"reason": "too-old"})
    reader.close()
    reader = Events(gateway, last=f"evt_{2:026d}")
    assert [reader.next()[1]["id"] for _ in range(3)] == [f"evt_{n:026d}" for n in (3, 4, 5)]
    reader.until(lambda e: e["id"] == f"evt_{10002:026d}")
    reader.close()
    detail = problem(gateway.api("GET", "/v1/events/stream?since=1970-01-01"), 422, "too-large")
    assert "10000 events" in detail


def test_lines_can_be_resumed_too_and_reset_is_a_line_there(world):
    thread = world.thread()["id"]
    before = world.gateway.events(thread)[-1]["id"]
    note(world.gateway, thread, "missed")
    stream = open_stream(world.gateway, f"/v1/events/stream?thread={thread}&after={before}")
    assert "message.noted" in (stream.event()["type"] for _ in range(5))	# the ticket's link may be told before it
    stream.close()
    stream = open_stream(world.gateway, "/v1/events/stream?after=evt_nobody")
    line = stream.event()
    assert (line["type"], line["data"]) == ("reset", {"reason": "unknown"}) and line["id"].startswith("evt_")
    stream.close()


# ---- what of it ----

@pytest.fixture
def second(world):
    """The provider of the second channel."""
    fake = fake_graph.FakeGraph(token=conftest.GRAPH_TOKEN, app_secret=conftest.APP_SECRET, phone_number_id="309876543210")
    fake.target(world.gateway.port, "wa-second")
    yield fake
    fake.close()


@pytest.mark.parametrize("live", [False, True], ids=["from the log", "live"])
def test_filters_hold_live_and_for_what_was_missed(world, second, live):
    one, other = world.thread(), world.thread()
    for thread in (one, other):
        wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread["id"])), "the link")
    start = world.gateway.events(one["id"])[-1]["id"]
    queries = {"thread": f"thread={one['id']}", "contact": f"contact={one['contact']['id']}", "channel": "channel=wa-main",
               "nothing": "channel=wa-second", "rule": "rule=everything%20at%20once", "both": f"contact={one['contact']['id']}&channel=wa-second"}
    readers = {}
    if live:
        readers = {name: Events(world.gateway, "?" + query) for name, query in queries.items()}
    note(world.gateway, one["id"], "of one")
    note(world.gateway, other["id"], "of the other")
    asked = world.thread()
    wait_until(lambda: any(e["type"] == "ticket.requested" for e in world.gateway.events(asked["id"])), "the ticket")
    if not live:
        readers = {name: Events(world.gateway, "?" + query, last=start) for name, query in queries.items()}
    ids = {t["id"]: [e["id"] for e in world.gateway.events(t["id"])] for t in (one, other, asked)}
    assert [readers["thread"].next()[1]["id"]] == ids[one["id"]][-1:]
    assert [readers["contact"].next()[1]["id"]] == ids[one["id"]][-1:]
    got = readers["channel"].until(lambda e: e["type"] == "ticket.requested" and e["id"] in ids[asked["id"]])
    assert {one["id"], other["id"], asked["id"]} <= {e["data"]["thread"]["id"] for e in got}
    got = readers["rule"].until(lambda e: e["type"] == "ticket.requested" and e["id"] in ids[asked["id"]])
    assert not {e["type"] for e in got} & {"message.noted", "thread.opened"}
    # Nothing came to the others: what happens on the other channel is the first they hear of.
    customer = one["reply_to"].removeprefix("tel:")
    assert second.say(customer, "from the other number") == 200
    for name in ("nothing", "both"):
        # Channels tell of themselves too.
        got = readers[name].until(lambda e: not e["type"].startswith("channel."))
        assert got[-1]["data"]["thread"]["id"] == one["id"]
    assert world.gateway.get(f"/v1/threads/{one['id']}")["thread"]["channel"] == "wa-second"
    for reader in readers.values():
        reader.close()


def test_since_begins_in_the_past(world):
    thread = world.thread()["id"]
    wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread)), "the link")
    world.gateway.advance(minutes=10)
    note(world.gateway, thread, "recently")
    stream = open_stream(world.gateway, f"/v1/events/stream?thread={thread}&since=5m")
    assert stream.event()["type"] == "message.noted"
    stream.close()
    stream = open_stream(world.gateway, f"/v1/events/stream?thread={thread}&since=1h")
    assert stream.event()["type"] == "thread.opened"
    stream.close()
    problem(world.gateway.api("GET", "/v1/events/stream?since=whenever"), 400, "invalid-request")
    for query in ("thread=thr_none", "contact=con_none"):
        problem(world.gateway.api("GET", f"/v1/events/stream?{query}"), 404, "not-found")


# ---- how many ----

def test_one_principal_has_16_streams_and_leaves_room_for_others(world):
    before = world.gateway.status()["http"]["streams"]
    readers = [Events(world.gateway) for _ in range(16)]
    try:
        answer = world.gateway.api("GET", "/v1/events/stream")
        assert "token:tests" in problem(answer, 429, "too-many")
        other = Events(world.gateway, token="other-token-0123456789")
        assert other.head.status == 200
        other.close()
    finally:
        for reader in readers:
            reader.close()
    wait_until(lambda: world.gateway.status()["http"]["streams"] <= before, "the streams to be given up")


def test_an_idle_stream_shows_that_it_lives(world):
    reader = Events(world.gateway, "?channel=nobody")
    reader.hello()
    world.gateway.advance(seconds=16)
    assert [reader.stream.reply.readline() for _ in range(2)] == [b":\n", b"\n"]
    reader.close()
