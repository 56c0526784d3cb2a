"""A daemon with one helpdesk spoken to by its preset, and a customer on WhatsApp: what tests of presets do, whichever it is."""
import contextlib
import time

import harness
from conftest import AT_ONCE, NOISE

ANA = "+447700900123"
ASKED = 'Where is <b>my</b> "order"?\n{{ .Contact.Email }} & ${text}'
SYNTHETIC = 'requester: synthetic\nrequester_address: "${contact.id}@chat.acme.example"'


class Setting:
    """desk: a stand-in (desks/) with preset, secrets, config, and words(), names(), notes(), answer()."""

    def __init__(self, start, graph, desk, beside="", **config):
        """beside: text of another backend."""
        self.graph, self.desk = graph, desk
        lines = desk.config + "allow_private: true\n"

        def put(text):
            before, _, after = text.partition("backends:\n")
            after = after[after.index("\napi:\n"):]
            block = "".join(f"    {line}\n" for line in lines.splitlines())
            return f"{before}backends:\n  desk:\n    preset: {desk.preset}\n    url: {desk.url}\n{block}{beside}{after}"

        presets = str(harness.TOP / "etc" / "backends")
        config = dict(dict(rules=NOISE + AT_ONCE, change=put), **config)
        self.gateway = start(env=dict(desk.secrets, HEADGATE_PRESET_DIR=presets), **config)
        desk.time = self.gateway.now

    def ticket(self, text=ASKED, customer=ANA):
        before = len(self.desk.tickets)
        assert self.graph.say(customer, text) == 200
        return self.desk.wait_tickets(before + 1)[before]

    def thread(self):
        return self.gateway.threads()[0]

    def links(self):
        ticket = self.gateway.get(f"/v1/threads/{self.thread()['id']}")["thread"]["ticket"]
        return ticket and ticket["links"]

    def poll(self):
        """A minute later (or two: the next is planned when the last has ended), what happened since was asked for."""
        before = len(self.desk.asked("GET", self.desk.polled))
        self.later(lambda: len(self.desk.asked("GET", self.desk.polled)) > before, "a poll", seconds=61)

    def later(self, check, what, seconds=10):
        """check() in time: so many seconds at once, and what is under way may end before the next."""
        for _ in range(20):
            self.gateway.advance(seconds=seconds)
            with contextlib.suppress(AssertionError):
                return harness.wait_until(check, what, 1.5)
        raise AssertionError(f"waited in vain for {what}")

    def sent(self, n):
        """The texts of the customer's first n answers, when they have left: the clock may go on."""
        thread = self.thread()["id"]
        harness.wait_until(lambda: len([m for m in self.gateway.messages(thread) if m.get("delivery") == "sent"]) >= n, f"{n} answers")
        return [a.text for a in self.graph.accepted]

    def dead(self):
        return self.gateway.get("/v1/outbox?state=dead")["jobs"]

    def linked(self):
        return harness.wait_until(self.links, "the link")

    def talk(self):
        """A ticket that is all there: linked, with the customer's words."""
        ticket = self.ticket()
        self.desk.wait(lambda: self.desk.words(ticket), "the customer's words")
        self.linked()
        return ticket

    def hook(self, told):
        body, headers = told
        return self.gateway.http("POST", "/backend/desk/hook", body, headers)

    def until(self, check, what, **span):
        """The clock goes on until it is true: what waits for an index, a poll, a retry comes. Not so fast that polls are left behind."""
        def step():
            calls, end = len(self.desk.calls), time.monotonic() + 0.5
            self.gateway.advance(**span)
            while time.monotonic() < end and len(self.desk.calls) == calls:
                time.sleep(0.02)
            return check()
        return check() or harness.wait_until(step, what)
