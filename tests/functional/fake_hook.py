"""A company's own program that headgate asks who a customer is and what he wants; it records what it was asked."""
import json
import threading

import fake_helpdesk


class FakeHook(fake_helpdesk.FakeHelpdesk):
    """says: what it answers, a dict, or a function of the question that returns one; a function may also raise Hang
    or Drop, or return (status, headers, body).  Signatures are verified as a helpdesk would."""

    def __init__(self, secrets, says=None):
        super().__init__(secrets)
        self.says = says or {}
        self.answer = self.speak
        self.gates = {}			# text of a message -> Event: no answer about it before
        self.held = []			# texts of which questions have come that wait for such an Event

    def speak(self, question):
        gate = self.gates.get(question.data["message"]["text"])
        if gate:
            self.held.append(question.data["message"]["text"])
            gate.wait()
        said = self.says(question) if callable(self.says) else self.says
        return said if isinstance(said, tuple) else (200, {"Content-Type": "application/json"}, json.dumps(said))

    def hold(self, text):
        """Answers about this text wait until the Event returned is set."""
        return self.gates.setdefault(text, threading.Event())

    def close(self):
        for gate in self.gates.values():
            gate.set()
        super().close()

    # ---- what tests ask ----
    @property
    def texts(self):
        """Of the messages it was asked about, in the order of its answers."""
        with self.changed:
            return [d.data["message"]["text"] for d in self.attempts]

    def wait_asked(self, n=1):
        return self.wait(lambda h: h.attempts[n - 1] if len(h.attempts) >= n else None, f"question {n}")
