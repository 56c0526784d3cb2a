"""A second channel beside WhatsApp: the example adapter, and a provider that signs what it posts to it."""
import hashlib
import hmac
import itertools
import json

SECRET = "fake-channel-secret-0123456789"
ENV = dict(TEST_FAKE_SECRET=SECRET)


def beside(config, name="try", more=""):
    """The configuration with a channel more."""
    lines = f"  {name}:\n    adapter: fake\n    url: http://127.0.0.1:9\n    secret: env:TEST_FAKE_SECRET\n"
    lines += "".join(f"    {line}\n" for line in more.splitlines())
    assert "\nrules:\n" in config
    return config.replace("\nrules:\n", f"\n{lines}rules:\n", 1)


class Provider:
    def __init__(self, gateway, channel="try"):
        self.gateway, self.channel, self.ids = gateway, channel, itertools.count(1)

    def say(self, sender, text, **more):
        """A customer writes; the HTTP status of the webhook."""
        item = {"id": f"{self.channel}-{next(self.ids)}", "from": f"tel:{sender}", "text": text, **more}
        body = json.dumps(item).encode()
        sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return self.gateway.http("POST", f"/channel/{self.channel}/webhook", body, {"X-Fake-Signature": sign}).status
