"""A second channel beside WhatsApp: the example adapter, and a provider that signs what it posts to it."""
import hashlib
import hmac
import http.server
import itertools
import json
import threading
import urllib.parse

SECRET = "fake-channel-secret-0123456789"
ENV = dict(TEST_FAKE_SECRET=SECRET)


def beside(config, name="try", more="", url="http://127.0.0.1:9"):
    """The configuration with a channel more."""
    lines = f"  {name}:\n    adapter: fake\n    url: {url}\n    secret: env:TEST_FAKE_SECRET\n"
    lines += "".join(f"    {line}\n" for line in more.splitlines())
    assert "\nrules:\n" in config
    return config.replace("\nrules:\n", f"\n{lines}rules:\n", 1)


class FarEnd:
    """The provider's own side: what it was told to settle and what it says to that; what it took, or refuses."""

    def __init__(self):
        far = self
        self.settled, self.status = [], 200
        self.messages, self.refusal = [], None
        self.inbox, self.asked = [], []	# what GET /inbox lists, and with which query it was asked

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                said = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, body = far.status, {}
                if self.path.startswith("/messages?"):
                    far.messages.append(said)
                    status, body = (422, far.refusal) if far.refusal else (200, {"id": f"far-{len(far.messages)}"})
                else:
                    far.settled.append(said.get("key"))
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def do_GET(self):
                url = urllib.parse.urlsplit(self.path)
                far.asked.append(dict(urllib.parse.parse_qsl(url.query, keep_blank_values=True)))
                body = json.dumps({"items": far.inbox, "cursor": "", "more": False}).encode()
                self.send_response(200 if url.path == "/inbox" else 404)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()


class Provider:
    def __init__(self, gateway, channel="try"):
        self.gateway, self.channel, self.ids = gateway, channel, itertools.count(1)

    def say(self, sender, text, **more):
        """A customer writes; the HTTP status of the webhook."""
        return self.post({"id": f"{self.channel}-{next(self.ids)}", "from": f"tel:{sender}", "text": text, **more})

    def mail(self, item, key=None, mailbox="INBOX"):
        """Raw bytes to be read once they are safe, in which there is item (or these bytes)."""
        raw = item if isinstance(item, str) else json.dumps(item)
        return self.post({"raw": raw, "key": key or f"{mailbox}/1/{next(self.ids)}", "mailbox": mailbox})

    def post(self, item):
        return self.deliver(item).status

    def deliver(self, item):
        """The whole answer."""
        body = json.dumps(item).encode()
        sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        return self.gateway.http("POST", f"/channel/{self.channel}/webhook", body, {"X-Fake-Signature": sign})
