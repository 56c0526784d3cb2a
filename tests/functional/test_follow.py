"""A node of several, as far as one daemon can show it (HEADGATE_TEST_FOLLOW): live views are fed from the store, signs come as
hints, and what others write into the store counts here.  Another node is played by writing past the daemon."""
import contextlib
import hashlib
import sqlite3
import time
import uuid

import pytest

import harness
import postgres
import test_stream
import test_visitor_live
from harness import wait_until
from live_visitor import Ear, Visitor
# They run in this order: the first wants a daemon with nothing to do.
from test_stream import (test_events_come_with_their_id_and_as_the_log_has_them, test_filters_hold_live_and_for_what_was_missed,
                         test_a_reader_that_comes_back_misses_nothing_and_hears_nothing_twice_while_others_write, Events, note, second)
from test_visitor_live import (test_an_answer_is_there_at_once_with_its_conversation, test_logging_out_ends_the_streams_of_that_browser,
                               test_typing_of_an_agent_is_shown_and_not_kept, test_what_was_missed_comes_once_and_in_order)
from test_visitor_messages import live as agent_stream, next_typing

CONFIG = dict(test_stream.CONFIG, channels=test_stream.CONFIG["channels"] + test_visitor_live.WIDGET,
              env=dict(test_stream.CONFIG["env"], HEADGATE_TEST_FOLLOW="1"))
pytestmark = pytest.mark.skipif(bool(postgres.RUNNING), reason="writes into SQLite past the daemon; test_follow_nodes.py has two nodes")
SOON_S = 1.0			# until what another node did counts here


@pytest.fixture
def gateway(world):
    return world.gateway


@pytest.fixture
def visitor(gateway):
    return Visitor(lambda: gateway.port)


@pytest.fixture
def ear(visitor):
    made = Ear(visitor)
    yield made
    made.close()


@contextlib.contextmanager
def other_node(gateway):
    """Another writer, which our daemon's store would keep out if it asked."""
    with contextlib.closing(sqlite3.connect(gateway.file(), timeout=harness.PATIENCE, isolation_level=None)) as db:
        db.execute("BEGIN IMMEDIATE")
        yield db
        db.execute("COMMIT")


NEXT = "UPDATE token_change SET rev = rev + 1"	# as the store does with each change of a token


def plant_token(gateway, name, secret):
    with other_node(gateway) as db:
        db.execute(NEXT)
        db.execute("INSERT INTO token (id, name, kind, hash, scopes, made_by, made_ms, expires_ms, revoked_ms, used_ms, rev) "
                   "SELECT ?, ?, 1, ?, 'read', 'token:boss', 1, 0, 0, 0, rev FROM token_change",
                   (f"tok_{uuid.uuid4().hex[:26]}", name, hashlib.sha256(secret.encode()).digest()))


def status_of(gateway, secret):
    return gateway.api("GET", "/v1/events?limit=1", token=secret).status


def test_a_token_that_another_node_made_is_good_until_another_node_revokes_it(gateway):
    secret = "hgt_" + "o" * 43
    assert status_of(gateway, secret) == 401
    plant_token(gateway, "elsewhere", secret)
    wait_until(lambda: status_of(gateway, secret) == 200, "the token to be known")
    follower = Events(gateway, token=secret)
    follower.hello()
    began = time.monotonic()
    with other_node(gateway) as db:
        db.execute(NEXT)
        db.execute("UPDATE token SET revoked_ms = 2, rev = (SELECT rev FROM token_change) WHERE name = 'elsewhere'")
    wait_until(lambda: status_of(gateway, secret) == 401, "the token to be refused")
    assert time.monotonic() - began < SOON_S * harness.PATIENCE / 30
    assert follower.stream.reply.readline() == b"", "what is followed with it ends"
    follower.close()


def test_a_token_of_this_node_is_good_at_once_and_bad_at_once(gateway):
    for n in range(5):
        made = gateway.api("POST", "/v1/tokens", {"name": f"here-{n}", "scopes": ["read"]})
        assert made.status == 201, made
        secret = made.json["secret"]
        assert status_of(gateway, secret) == 200
        assert gateway.api("DELETE", f"/v1/tokens/{made.json['token']['id']}").status == 200
        assert status_of(gateway, secret) == 401


def test_agents_see_that_a_visitor_of_another_node_types(gateway, visitor, ear):
    thread = visitor.say("hello?")["thread"]["id"]
    ear.wait_text("hello?")
    connection, stream = agent_stream(gateway, thread)
    assert visitor.call("POST", f"/threads/{thread}/typing", dict(on=True)).status == 204
    assert next_typing(stream) == dict(thread_id=thread, on=True)
    connection.close()


PLANTED = "evt_01jd0000000000000000000000"


# Behind the others, when nothing more is to happen: the daemon would give that number to an event of its own.
def test_what_another_node_writes_is_told_here(world):
    thread = world.thread()["id"]
    wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread)), "the link")
    note(world.gateway, thread, "ours")
    ours = world.gateway.events(thread)[-1]
    reader = Events(world.gateway, f"?thread={thread}")
    with other_node(world.gateway) as db:
        db.execute("INSERT INTO event (id, thread_n, seq, prev_n, type, at_ms, message_n, decision_n, data) "
                   "SELECT ?, thread_n, seq + 1, n, 'message.noted', at_ms, message_n, decision_n, data FROM event WHERE id = ?",
                   (PLANTED, ours["id"]))
    try:
        assert reader.until(lambda e: e["id"] == PLANTED)[-1]["data"] == ours["data"]
    finally:
        with other_node(world.gateway) as db:
            db.execute("DELETE FROM event WHERE id = ?", (PLANTED,))
    reader.close()
