"""kill -9 under load, at random and at every fail point.

A provider that redelivers until it gets 200, agents who repeat their calls until they get 202, a helpdesk that
writes down what it accepts.  Whatever is killed when: in the end each message is there once, each contact has
one ticket, the helpdesk has heard everything in order, and no customer got an answer twice."""
import collections
import http.client
import os
import random
import threading
import time
import uuid

import pytest

import harness
from functional_conftest import AT_ONCE

FULL = bool(os.environ.get("HEADGATE_FULL"))
KILLS = 120 if FULL else 20
CUSTOMERS = 6
POINTS = ["inbound.before_commit", "inbound.after_commit", "engine.before_commit", "engine.after_commit",
          "outbox.sending", "store.before_commit", "store.after_commit"]


class Storm:
    """Customers, agents and the provider's receipts, all at work at once, each in a thread of its own."""

    def __init__(self, gateway, graph, helpdesk):
        self.gateway, self.graph, self.helpdesk = gateway, graph, helpdesk
        self.over = threading.Event()		# for customers and agents
        self.silent = threading.Event()		# for the provider, which still tells what it has taken
        self.problems = []
        self.progress = threading.Condition()
        self.acknowledged = collections.defaultdict(list)	# customer -> texts, in the order of their 200
        self.replied = {}					# text of an answer -> thread
        self.threads = []
        self.told = 0

    # ---- who is at work ----
    def work(self, run, *args):
        def guarded():
            try:
                run(*args)
            except Exception as problem:	# of a thread: the test has to hear of it
                self.problems.append(problem)

        self.threads.append(threading.Thread(target=guarded))
        self.threads[-1].start()

    def begin(self, customers):
        for customer in customers:
            self.work(self.customer, customer)
            self.work(self.agent, customer)
        self.work(self.receipts)

    def end(self):
        self.over.set()
        for thread in self.threads[:-1]:
            thread.join()
        self.settle()
        self.silent.set()
        self.threads[-1].join()
        assert not self.problems, self.problems

    def done_one(self):
        with self.progress:
            self.progress.notify_all()

    def count(self):
        return sum(len(texts) for texts in self.acknowledged.values()) + len(self.replied)

    def wait_progress(self, more):
        """Until so many more things have been acknowledged, or the daemon is dead."""
        before, process = self.count(), self.gateway.process
        with self.progress:
            while self.count() < before + more and process.poll() is None:
                assert self.progress.wait(harness.PATIENCE) or process.poll() is not None, "nothing goes on"

    def again(self, call, good):
        """A call that is repeated until it is answered, as its maker would: also when it is all over, for what was
        not acknowledged may have been stored."""
        end = time.monotonic() + harness.PATIENCE
        while time.monotonic() < end:
            try:
                answer = call()
                if answer.status == good:
                    return answer
                assert answer.status == 503, answer
            except (OSError, http.client.HTTPException):
                pass			# killed, or not up again yet
            self.silent.wait(0.01)
        raise AssertionError("an agent's call was never answered")

    def customer(self, customer):
        while not self.over.is_set():
            text = f"{customer} says {len(self.acknowledged[customer])} {uuid.uuid4()}"
            self.graph.deliver_until_taken(self.graph.text(customer, text))
            self.acknowledged[customer].append(text)
            self.done_one()

    def thread_of(self, customer):
        with self.helpdesk.changed:
            for delivery in self.helpdesk.attempts:
                if delivery.type == "ticket.requested" and delivery.data["contact"]["phone"] == customer:
                    return delivery.data["thread"]["id"]
        return None

    def agent(self, customer):
        thread = None
        while not thread:
            thread = self.thread_of(customer)
            if self.over.wait(0.01):
                return
        while not self.over.is_set():
            text, key = f"answer {uuid.uuid4()}", str(uuid.uuid4())
            answer = self.again(lambda: self.gateway.reply(thread, text, key=key), 202)
            self.replied[text] = (thread, answer.json["message"]["id"])
            self.done_one()

    def receipts(self):
        """The provider says of each message it took that it was sent, once and in order."""
        while True:
            with self.graph.changed:
                self.graph.changed.wait_for(lambda: len(self.graph.accepted) > self.told, 0.1)
                if len(self.graph.accepted) == self.told:
                    if self.silent.is_set():
                        return
                    continue
                message = self.graph.accepted[self.told]
            self.graph.deliver_until_taken(self.graph.status(message.id, "sent", to=message.to, key=message.key))
            self.told += 1

    # ---- the end of it ----
    def settle(self):
        """Until nothing is under way any more; what is in doubt waits for its time, so the clock is moved."""
        def jobs(*states):
            return [job for state in states for job in self.gateway.get(f"/v1/outbox?state={state}&limit=500")["jobs"]
                    if state != "unknown" or self.delivery(job) != "unknown"]

        for _ in range(3 * KILLS + 20):
            try:
                harness.wait_until(lambda: not jobs("due", "queued", "sending", "unknown"), "an empty outbox", 0.5)
                return
            except AssertionError:
                # Not while an answer is under way: by the clock it would be minutes late.
                harness.wait_until(lambda: not jobs("sending"), "an answer to each send")
                self.gateway.advance(minutes=4)
        raise AssertionError(f"not settled: {jobs('due', 'queued', 'sending', 'unknown')}")

    def delivery(self, job):
        return self.gateway.get(f"/v1/messages/{job['message_id']}")["message"]["delivery"]

    def all_messages(self, thread):
        found, before = [], ""
        while True:
            page = self.gateway.get(f"/v1/threads/{thread}/messages?limit=200{before}")["messages"]
            found = page + found
            if len(page) < 200:
                return found
            before = "&before=" + page[0]["id"]

    def check(self):
        threads = {t["reply_to"].removeprefix("tel:"): t["id"] for t in self.gateway.threads(limit=100)}
        assert set(threads) == set(self.acknowledged) and len(self.gateway.threads(limit=100)) == len(threads)
        for customer, texts in self.acknowledged.items():
            messages = self.all_messages(threads[customer])
            assert [m["text"] for m in messages if m["direction"] == "inbound"] == texts
            self.check_answers([m for m in messages if m["direction"] == "outbound"], threads[customer])
        self.check_helpdesk(threads)
        assert not [headers for headers, body in self.helpdesk.forged if len(body) == int(headers["content-length"])]

    def check_answers(self, messages, thread):
        """Each is there once, and left once; or may have left, and then the agent sees that."""
        sent = collections.Counter(m.text for m in self.graph.accepted)
        mine = [text for text, (where, _) in self.replied.items() if where == thread]
        assert sorted(m["text"] for m in messages) == sorted(mine)
        for message in messages:
            assert sent[message["text"]] <= 1, f"{message['text']} was sent {sent[message['text']]} times"
            if sent[message["text"]] == 0:
                assert message["delivery"] == "unknown", message
            else:
                assert message["delivery"] == "sent", message

    def check_helpdesk(self, threads):
        texts, bodies, numbers, tickets = set(), {}, {}, collections.defaultdict(set)
        last = collections.defaultdict(int)
        for attempt in self.helpdesk.attempts:
            bodies.setdefault(attempt.id, set()).add(attempt.raw)
            thread, number = attempt.data["thread"]["id"], attempt.data["sequence"]
            numbers.setdefault((thread, number), set()).add(attempt.id)
        assert all(len(found) == 1 for found in bodies.values()), "an event changed between two attempts"
        assert all(len(found) == 1 for found in numbers.values()), "a number was given to two events"
        for event in self.helpdesk.accepted:
            thread, number = event.data["thread"]["id"], event.data["sequence"]
            assert number > last[thread], f"{event} came behind number {last[thread]}"
            last[thread] = number
            if event.type == "ticket.requested":
                tickets[event.data["contact"]["phone"]].add(event.data["ticket"]["id"])
                texts |= {m["text"] for m in event.data["messages"]}
            elif event.type == "ticket.message":
                texts.add(event.data["message"]["text"])
        assert {customer: len(found) for customer, found in tickets.items()} == {customer: 1 for customer in threads}
        missing = {text for said in self.acknowledged.values() for text in said} - texts
        assert not missing, f"the helpdesk never heard: {missing}"


@pytest.fixture
def storm(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE, channel="rate: 1000")
    made = Storm(gateway, graph, helpdesk)
    yield made
    made.over.set()
    made.silent.set()


def customers(first=0, n=CUSTOMERS):
    return [f"+4477009001{first + i:02}" for i in range(n)]


def restart(storm, fail=None):
    storm.gateway.start(fail)
    storm.graph.target(storm.gateway.port, "wa-main")


def restart_to_die(storm, fail):
    """It may be so early a commit that it never comes up."""
    try:
        restart(storm, fail)
    except AssertionError:
        assert storm.gateway.process.returncode == -9
    assert storm.gateway.wait_dead() == -9, fail


def finish_storm(storm):
    storm.end()
    storm.check()
    assert "ERROR: AddressSanitizer" not in storm.gateway.log()


def test_killed_at_random_under_load_it_loses_and_doubles_nothing(storm):
    dice = random.Random(os.environ.get("HEADGATE_SEED", "4711"))
    storm.begin(customers())
    for _ in range(KILLS):
        storm.wait_progress(dice.randint(1, 40))
        storm.over.wait(dice.random() / 50)	# anywhere between two commits, not always behind one
        storm.gateway.kill()
        restart(storm)
    storm.wait_progress(20)
    finish_storm(storm)
    assert storm.count() > 10 * KILLS


def test_killed_at_each_fail_point_it_loses_and_doubles_nothing(storm):
    """Each at the first and at a later passing."""
    storm.begin(customers(n=4))
    for point in POINTS:
        for passing in (1, 7) if not FULL else (1, 2, 3, 5, 8, 13, 21, 34, 55):
            storm.gateway.kill()
            restart_to_die(storm, f"{point}=crash@{passing}")
            restart(storm)
            storm.wait_progress(5)
    finish_storm(storm)


def test_a_commit_that_fails_is_not_acknowledged_and_comes_again(storm):
    storm.begin(customers(n=3))
    for point in ("engine.before_commit", "store.before_commit"):
        for passing in (5, 20):
            storm.gateway.kill()
            restart(storm, f"{point}=error@{passing}")
            before = storm.gateway.log().count("store.failed")
            harness.wait_until(lambda: storm.gateway.log().count("store.failed") > before, "the failed commit")
            storm.wait_progress(10)
            assert storm.gateway.process.poll() is None
    finish_storm(storm)


def test_two_identical_webhooks_at_the_same_instant_are_one(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    rounds = 300 if FULL else 40
    for i in range(rounds):
        payload = graph.text("+447700900123", f"twice {i}")
        assert graph.deliver_at_once([payload, payload]) == [200, 200]
    thread = gateway.threads()[0]
    assert thread["inbound"] == rounds and len(gateway.threads()) == 1
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == rounds - 1, "all messages")
    assert len(helpdesk.of("ticket.requested")) == 1


def test_a_stop_in_the_middle_of_it_all_ends_what_is_under_way(storm):
    storm.begin(customers(n=3))
    for _ in range(3):
        storm.wait_progress(20)
        assert storm.gateway.stop() == 0
        restart(storm)
    storm.wait_progress(10)
    finish_storm(storm)
    # Nothing was in doubt: whoever stops in order knows what has left.
    assert not storm.gateway.get("/v1/outbox?state=unknown")["jobs"]
