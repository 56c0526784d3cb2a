"""kill -9 of the daemon in the middle of conversations in the chat widget: nothing is lost on either side, nothing is
there twice, and the order is kept.

Visitors say their lines in order, each until it is answered with 201 or 200; an agent answers each through the API under
a key of his own, until that is answered; both sides listen over every break.  HEADGATE_FULL kills more often."""
import contextlib
import http.client
import os
import random
import threading
import time
import uuid

import pytest

import harness
import records
from functional_conftest import ENV, config_text, finish
from live_visitor import BREAKS, Ear, Visitor

FULL = bool(os.environ.get("HEADGATE_FULL"))
KILLS = 300 if FULL else 12
VISITORS = 4
SEED = os.environ.get("HEADGATE_SEED", "4711")
CHANNEL = """\
web:
  adapter: widget
  proof: { ask: never }
  rate: { sessions: 100000, messages: 10000, address: 100000, requests: 100000 }
"""


@pytest.fixture
def gateway(ram, graph, helpdesk):
    made = harness.Gateway(ram, config_text(graph.url, helpdesk.url, channels=CHANNEL), ENV)
    made.start()
    yield made
    problems = finish(made)
    assert not problems, "\n".join(problems)


class Talk(threading.Thread):
    """One visitor, who says a line and waits for its answer, and says the next one before it is there now and then."""

    def __init__(self, gateway, name, stop):
        super().__init__(daemon=True)
        self.gateway, self.name_, self.stop = gateway, name, stop
        self.port = lambda: gateway.port
        self.visitor = Visitor(self.port)
        self.ear = Ear(self.visitor)
        self.dice = random.Random(f"{SEED}{name}")
        self.thread = self.error = None
        self.said, self.answered = [], []

    def run(self):
        try:
            while not self.stop.is_set():
                self.turn()
        except BaseException as error:	# told by the test, not lost with the thread
            self.error = error

    def turn(self):
        text = f"{self.name_} says {len(self.said)}"
        said = self.visitor.say(text, self.thread, id=str(uuid.uuid4()))
        self.said.append(text)
        assert self.thread in (None, said["thread"]["id"]), "the conversation broke in two"
        self.thread = said["thread"]["id"]
        if self.dice.random() < 0.7:
            self.answer(f"answer {len(self.answered)} to {self.name_}")

    def answer(self, text):
        key, end = str(uuid.uuid4()), time.monotonic() + harness.PATIENCE
        while True:
            with contextlib.suppress(*BREAKS):
                status = self.gateway.reply(self.thread, text, key=key).status
                if status == 202:
                    self.answered.append(text)
                    return
                # 409: the first attempt with this key is still under way.
                assert status in (409, 503), status
            assert time.monotonic() < end, "the agent's answer was not taken"
            time.sleep(0.02)


def kill_sometimes(gateway, talks):
    dice = random.Random(SEED)
    for _ in range(KILLS):
        time.sleep(dice.uniform(0.05, 0.6))
        gateway.kill()
        gateway.start()
        assert not [talk.error for talk in talks if talk.error], [talk.error for talk in talks]


def sequence(messages, me):
    return [m["text"] for m in messages if m["author"]["me"] == me]


def test_killed_in_the_middle_of_conversations_nothing_is_lost_or_twice_and_the_order_is_kept(gateway, helpdesk):
    stop = threading.Event()
    talks = [Talk(gateway, f"visitor {i}", stop) for i in range(VISITORS)]
    for talk in talks:
        talk.start()
    kill_sometimes(gateway, talks)
    stop.set()
    for talk in talks:
        talk.join(harness.PATIENCE)
        assert not talk.error, talk.error
    for talk in talks:
        everything = len(talk.said) + len(talk.answered)
        talk.ear.wait(lambda: len(talk.ear.of("message")) >= everything, f"all {everything} messages of {talk.name_}")
        history = talk.visitor.messages(talk.thread)
        heard = [data["message"] for data in talk.ear.of("message")]
        assert sequence(history, True) == talk.said and sequence(history, False) == talk.answered
        # Of two who speak at once each is heard in his own order.
        assert sequence(heard, True) == talk.said and sequence(heard, False) == talk.answered
        assert sorted(m["id"] for m in heard) == sorted(m["id"] for m in history), "what was heard is not what is there"
        agents = [m for m in gateway.messages(talk.thread) if m["direction"] in ("inbound", "outbound")]
        assert [m["id"] for m in agents] in ([m["id"] for m in history], [m["id"] for m in reversed(history)])
        assert not talk.ear.of("reset")
        talk.ear.close()
    killed = sum(talk.ear.connects for talk in talks) - VISITORS
    said = sum(len(talk.said) + len(talk.answered) for talk in talks)
    print(f"seed {SEED}: {KILLS} kills, {said} messages, streams came back {killed} times")
    assert killed >= KILLS and said > 4 * KILLS
    records.record("live.kills", KILLS, messages=said, back=killed, seed=SEED)
