"""A chat widget's visitors, by the client API, in the place of a provider: there is nobody between them and headgate who could
lose, refuse or delay anything, and so they have no moods."""
import time
import uuid

from fake_provider import PATIENCE, Provider, Sent
from visitor_client import SITE, Visitor


class Widget(Provider):
    name = "widget"
    can_be_moody = False	# see above
    billed = False
    broken = (400,)		# what nobody vouches for is not kept

    def __init__(self):
        self.visitors, self.seen, self.arrived = {}, set(), []
        self.gateway = self.channel = None

    def close(self):
        pass

    def lines(self):
        return f"origins: [{SITE}]\nrate: {{ messages: 1000, address: 10000, requests: 10000 }}\n"

    def visitor(self, sender):
        if sender not in self.visitors:
            self.visitors[sender] = Visitor(self.gateway, self.channel)
        return self.visitors[sender]

    def person(self, contact):
        known = {visitor.uri: sender for sender, visitor in self.visitors.items()}
        return next((known[address["uri"]] for address in contact["addresses"] if address["uri"] in known), None)

    # ---- in ----
    def say(self, sender, text, id=None, **more):
        """As the others: 200 for what is there, whether it came now (201) or before."""
        answer = self.visitor(sender).say(text, id=id and str(uuid.uuid5(uuid.NAMESPACE_URL, id)), **more)
        return 200 if answer.status == 201 else answer.status, answer.json

    def say_broken(self, good):
        visitor = self.visitor("+447700900999")
        return self.gateway.http("POST", "/client/v1/threads", b'{"id": "x", "text": ',
                                 {"Authorization": f"Bearer {visitor.token}", "Content-Type": "application/json", "Origin": SITE}).status

    def say_forged(self, sender, text):
        visitor = self.visitor(sender)
        head, sign = visitor.token.rsplit(".", 1)
        answer = visitor.call("POST", "/threads", dict(id=str(uuid.uuid4()), text=text),
                              token=f"{head}.{'A' if sign[0] != 'A' else 'B'}{sign[1:]}")
        return answer.status, answer.json

    def tell(self, sent, word):
        assert word == "delivered"
        return sent.visitor.call("POST", f"/threads/{sent.thread}/delivered", dict(message=sent.id)).status

    # ---- what arrived: nobody brings it, so it is looked for ----
    def look(self):
        for sender, visitor in list(self.visitors.items()):
            for message in (m for thread in visitor.threads() for m in visitor.messages(thread["id"])):
                if not message["author"]["me"] and message["id"] not in self.seen:
                    self.seen.add(message["id"])
                    self.arrived.append(Sent(message["id"], sender, message["text"], visitor=visitor, thread=message["thread_id"]))

    def wait(self, check, what):
        end = time.monotonic() + PATIENCE
        while not check():
            time.sleep(0.02)
            assert time.monotonic() < end, f"waited {PATIENCE} s in vain for {what}; arrived: {self.sent}"

    @property
    def sent(self):
        self.look()
        return self.arrived

    def attempts(self):
        return self.sent
