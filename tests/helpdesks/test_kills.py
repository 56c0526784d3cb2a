"""Real helpdesks and the daemon, killed by turns while many people talk: one ticket each, every answer once.

HEADGATE_CONVERSATIONS says how many talk, HEADGATE_KILLS how often either side is killed."""
import collections
import contextlib
import http.client
import os
import queue
import random
import threading
import time

import harness
import peers
import records
from test_both_ways import KINDS, in_desk

FULL = bool(os.environ.get("HEADGATE_FULL"))
CONVERSATIONS = int(os.environ.get("HEADGATE_CONVERSATIONS") or (1000 if FULL else 100))
KILLS = int(os.environ.get("HEADGATE_KILLS") or 10)
PATIENT = 40 * harness.PATIENCE	# seconds: a helpdesk that begins anew on a machine with other work takes minutes
AT_WORK = 12			# customers who write at the same time
IN_DOUBT = 5			# seconds until a person looks whether a message arrived that nobody knows of
AWAY = OSError, http.client.HTTPException, AssertionError, ValueError	# killed, or not up again yet


class Helper(threading.Thread):
    """Does its work again and again, as one does whom a program that is down keeps waiting, until it is told to end."""

    def __init__(self, work, every):
        super().__init__(daemon=True)
        self.work, self.every, self.over, self.trouble = work, every, threading.Event(), None

    def run(self):
        while not self.over.wait(self.every):
            try:
                self.work()
            except AWAY as trouble:
                self.trouble = trouble

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()


class Agent:
    """Goes through the helpdesk's new tickets and answers each once.  Who wrote stands in the subject."""

    def __init__(self, desk):
        self.desk, self.last, self.answered = desk, 0, collections.Counter()

    def look(self):
        for ticket, subject, _ in self.desk.newer(self.last):
            number = subject.split()[-1]
            text = f"{number} answer"
            # The line may have gone when it was said already.
            if not any(said == text for _, said, _ in in_desk(self.desk, ticket)):
                self.desk.say(ticket, text)
            self.last = ticket
            self.answered[number] += 1


class Operator:
    """Lets time go on where somebody waits for it and nothing is under way, and settles what nobody else can: whether a
    message that was under way when headgate died is on the customer's phone."""

    def __init__(self, at):
        self.at, self.doubts, self.settled = at, {}, 0
        self.there = True		# the helpdesk: while it begins time goes as it goes

    def jobs(self, state):
        return self.at.gateway.get(f"/v1/outbox?state={state}&limit=500")["jobs"]

    def look(self):
        unknown, now = self.jobs("unknown"), time.monotonic()
        for job in unknown:
            if now - self.doubts.setdefault(job["number"], now) > IN_DOUBT:
                self.settle(job)
        if self.there and not unknown and not self.jobs("sending") and self.jobs("due"):
            self.at.advance(seconds=10)

    def settle(self, job):
        gateway = self.at.gateway
        message = gateway.get(f"/v1/messages/{job['message_id']}")["message"]
        arrived = any(one.text == message["text"] for one in self.at.graph.accepted)
        how = dict(how="arrived" if arrived else "resend", agent="test")
        answer = gateway.api("POST", f"/v1/outbox/{job['number']}/settle", how, key=f"settle-{job['number']}-{self.settled}")
        assert answer.status < 300, answer
        self.settled += 1
        self.doubts.pop(job["number"])


class Town:
    """Many customers: each writes, waits for his answer, and writes again."""

    def __init__(self, at, numbers):
        self.at, self.todo, self.problems, self.done = at, queue.Queue(), [], 0
        self.went_on = threading.Condition()
        for number in numbers:
            self.todo.put(number)
        self.threads = [threading.Thread(target=self.live, daemon=True) for _ in range(AT_WORK)]
        for thread in self.threads:
            thread.start()

    def write(self, number, text):
        self.at.graph.deliver_until_taken(self.at.graph.text(number, text, name=number), PATIENT)

    def customer(self, number):
        self.write(number, f"{number} first")
        self.at.graph.wait_accepted(1, PATIENT, to=number[1:], text=f"{number} answer")
        self.write(number, f"{number} second")

    def live(self):
        with contextlib.suppress(queue.Empty):
            while not self.problems:
                number = self.todo.get_nowait()
                try:
                    self.customer(number)
                except Exception as problem:	# of a thread: the test has to hear of it
                    self.problems.append(problem)
                with self.went_on:
                    self.done += 1
                    self.went_on.notify_all()

    def wait_done(self, count):
        with self.went_on:
            assert self.went_on.wait_for(lambda: self.done >= count or self.problems, PATIENT) and not self.problems, \
                f"{self.done} of {count} are done; {self.problems}"


def kill(at, operator, desk, whole):
    if desk:
        operator.there = False
        if whole:
            at.desk.kill()
            at.desk.start()
        else:
            at.desk.kill_serving()
        operator.there = True
    else:
        at.gateway.kill()
        at.start_gateway()


# Each poll asks for every ticket of the last two minutes: Redmine has nothing else, RT has its hooks.
POLLS = {peers.RequestTracker: "poll: 30s", peers.Redmine: "poll: 3s"}


@KINDS
def test_kills_of_either_side_make_no_second_ticket_and_lose_no_answer(counter, kind):
    at = counter(kind, backend=POLLS[kind]).begin()
    at.graph.auto, at.graph.now = ("sent", "delivered"), at.gateway.now
    numbers, dice = [f"+44770{n:07}" for n in range(CONVERSATIONS)], random.Random(4711)
    agent, operator = Agent(at.desk), Operator(at)
    with Helper(operator.look, 0.2), Helper(agent.look, 1) as working:
        town = Town(at, numbers)
        try:
            for turn in range(2 * KILLS):
                town.wait_done((turn + 1) * CONVERSATIONS // (2 * KILLS + 2))
                time.sleep(dice.random())		# anywhere within a conversation
                kill(at, operator, desk=turn % 2, whole=turn % 6 == 1)
            town.wait_done(CONVERSATIONS)
        except AssertionError as problem:
            raise AssertionError(f"{problem}; the agent's last trouble: {working.trouble}; "
                                 f"waiting: {[operator.jobs(s) for s in ('due', 'sending', 'unknown', 'dead')]}") from problem
        found = check(at, numbers)
    records.record(f"helpdesks.{at.desk.preset}", CONVERSATIONS, kills=2 * KILLS, settled=operator.settled, **found)


def check(at, numbers):
    """One ticket each, what was said in it once and in order, and one answer each."""
    def said(ticket, last):
        """All of it, when that is there."""
        texts = [text for _, text, internal in in_desk(at.desk, ticket) if not internal]
        return texts if texts and last in texts[-1] else None
    tickets = at.desk.newer()
    externals = collections.Counter(external for _, _, external in tickets)
    assert len(tickets) == len(numbers) == len(externals) and None not in externals, externals.most_common(5)
    assert {subject.split()[-1] for _, subject, _ in tickets} == set(numbers)
    wrong = {}
    for ticket, subject, _ in tickets:
        number = subject.split()[-1]
        texts = harness.wait_until(lambda: said(ticket, f"{number} second"), f"the end of {ticket}", PATIENT)
        if len(texts) != 3 or not all(f"{number} {word}" in text for word, text in zip(("first", "answer", "second"), texts)):
            wrong[number] = texts
    assert not wrong, wrong
    read = {number: at.read(number) for number in numbers}
    wrong = {number: texts for number, texts in read.items() if texts != [f"{number} answer"]}
    assert not wrong, wrong
    assert not at.gateway.get("/v1/outbox?state=dead")["jobs"]
    return dict(tickets=len(tickets), answers=sum(len(texts) for texts in read.values()))
