"""The WhatsApp Cloud API as a provider of the conformance suite."""
import fake_graph
from conftest import APP_SECRET, ENV, GRAPH_TOKEN, PHONE_NUMBER_ID

MOODS = {"vanish": "drop_before", "lost": "accept_then_drop", "half": "accept_then_half"}


class WhatsApp:
    name, env, settles, billed, forged = "whatsapp", ENV, True, False, (401, 403)
    batches = ("+447700900123", "+447700900456")

    def __init__(self):
        self.graph = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)

    def lines(self):
        return (f'phone_number_id: "{PHONE_NUMBER_ID}"\ntoken: env:TEST_GRAPH_TOKEN\napp_secret: env:TEST_APP_SECRET\n'
                f"verify_token: env:TEST_VERIFY_TOKEN\nbase_url: {self.graph.url}\n")

    def close(self):
        self.graph.close()

    def target(self, gateway, channel):
        self.graph.target(gateway.port, channel)

    # ---- moods ----
    def mood(self, kind, **how):
        if kind == "refuse":
            self.graph.fail(131026, details="Message undeliverable")
        elif kind == "deny":
            self.graph.fail(190, http=401, details="Error validating access token")
        elif kind == "limit":
            self.graph.throttle(retry_after=how.get("after"))
        elif kind == "slow":
            self.graph.mood("accept_then_slow")
        elif kind == "silent":
            self.graph.mood("silent")
        elif kind == "nonsense":
            self.graph.accept_then_500(status=200, body=b"\xff\xfe{]<half a page")
        else:
            getattr(self.graph, MOODS[kind])()

    def release(self):
        self.graph.calm()

    # ---- what came ----
    @property
    def sent(self):
        return self.graph.accepted

    def wait_sent(self, text, count=1):
        return self.graph.wait_accepted(count, text=text)

    def attempts(self):
        return [r for r in self.graph.requests if r.method == "POST" and r.path.endswith("/messages")]

    def wait_attempts(self, count):
        return self.graph.wait_posts(count)

    # ---- webhooks ----
    def say(self, sender, text, id=None):
        return (self.graph.say(sender, text, **({"id": f"wamid.{id}"} if id else {})), b"")

    def say_broken(self, good):
        items = [self.graph.text(*one) for one in good]
        value = items[0]["entry"][0]["changes"][0]["value"]
        broken = {"id": 17, "type": ["text"], "from": None}
        value["messages"] += [broken] + [m for item in items[1:] for m in item["entry"][0]["changes"][0]["value"]["messages"]]
        return self.graph.deliver(items[0])

    def say_forged(self, sender, text):
        return (self.graph.deliver(self.graph.text(sender, text), secret="f" * 32), b"")

    def tell(self, sent, word):
        return self.graph.tell(sent, word)[0]
