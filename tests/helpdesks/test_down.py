"""A real helpdesk that goes away and comes back, and a daemon that does: nothing is lost, nothing is there twice."""
import threading

import harness
import peers
from test_both_ways import KINDS, in_desk, wait_in_desk

PATIENT = 10 * harness.PATIENCE


class Clock(threading.Thread):
    """Waits between attempts are the daemon's; so that nobody waits for them, all clocks go faster."""

    def __init__(self, at, seconds=20, every=0.5):
        super().__init__(daemon=True)
        self.at, self.seconds, self.every, self.over = at, seconds, every, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        while not self.over.wait(self.every):
            self.at.advance(seconds=self.seconds)


@KINDS
def test_a_helpdesk_that_was_away_gets_all_of_it_in_order(counter, kind):
    at, ana, bo = counter(kind).begin(), "+447700900301", "+447700900302"
    ticket = at.ticket(ana, "before")
    at.desk.kill()
    for n in range(5):
        assert at.graph.say(ana, f"message {n} while it is away") == 200
    assert at.graph.say(bo, "a new matter meanwhile") == 200
    at.desk.start()
    with Clock(at):
        other = at.linked(bo, PATIENT)
        wait_in_desk(at.desk, ticket, lambda who, text, internal: "message 4" in text, "the last message")
    said = [text for _, text, _ in in_desk(at.desk, ticket)]
    assert len(said) == 6 and all(f"message {n}" in said[n + 1] for n in range(5)), said
    assert len(in_desk(at.desk, other)) == 1
    assert not at.gateway.get("/v1/outbox")["jobs"]


def test_answers_that_no_webhook_told_are_found_by_the_poll_within_two(counter):
    """RT's scrip posts to nobody: the poll is all there is."""
    at, ana = counter(peers.RequestTracker).begin(hook=False), "+447700900301"
    ticket = at.ticket(ana, "hello")
    for n in range(3):
        at.desk.say(ticket, f"answer {n}", files=[(f"{n}.pdf", "application/pdf", b"%PDF-1.4 " + bytes([n]) * 999)] if n == 1 else ())
        at.wait_read(ana, f"answer {n}")
    at.desk.set_status(ticket, "resolved")
    harness.wait_until(lambda: at.ticket_state(ana) == "solved", "the status")
    harness.wait_until(lambda: any(one.data.startswith(b"%PDF-1.4 ") for one in at.graph.uploads), "the file")
    assert [text for text in at.read(ana) if text] == [f"answer {n}" for n in range(3)]
    assert "back.found_by_poll" in at.gateway.log()


def test_a_webhook_that_was_lost_is_found_by_the_poll_and_the_others_are_not_told_twice(counter):
    at, ana = counter(peers.RequestTracker).begin(), "+447700900301"
    ticket = at.ticket(ana, "hello")
    at.desk.say(ticket, "by the webhook")
    at.wait_read(ana, "by the webhook")
    at.gateway.kill()
    at.desk.say(ticket, "while nobody listened")
    at.start_gateway()
    at.wait_read(ana, "while nobody listened")
    at.desk.say(ticket, "by the webhook again")
    at.wait_read(ana, "by the webhook again")
    at.advance(minutes=2)		# some more polls find nothing new
    at.desk.say(ticket, "the last one")
    at.wait_read(ana, "the last one")
    assert at.read(ana) == ["by the webhook", "while nobody listened", "by the webhook again", "the last one"]
