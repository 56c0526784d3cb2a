"""A visitor's browser without a browser: the client API as the widget and apps use it (doc/client-api.md)."""
import http.client
import json
import secrets
import threading
import time
import urllib.parse

PATIENCE = 60


class Refused(Exception):
    def __init__(self, status, word):
        super().__init__(f"{status} {word}")
        self.status, self.word = status, word


def client_id():
    """A UUIDv7 (RFC 9562, 5.7), by which a message that is sent again is known."""
    bits = int(time.time() * 1000) << 80 | 7 << 76 | secrets.randbits(12) << 64 | 2 << 62 | secrets.randbits(62)
    text = f"{bits:032x}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


class Visitor:
    def __init__(self, gateway, channel, origin):
        self.host, self.channel, self.origin = urllib.parse.urlsplit(gateway).netloc, channel, origin
        self.token, self.session, self.heard = None, None, []
        self.changed = threading.Condition()

    def connect(self):
        return http.client.HTTPConnection(self.host, timeout=PATIENCE)

    def headers(self, **more):
        own = {"Origin": self.origin, "Content-Type": "application/json"}
        return dict(own, **({"Authorization": f"Bearer {self.token}"} if self.token else {}), **more)

    def call(self, method, path, body=None):
        """(status, JSON) of a 2xx; raises Refused."""
        connection = self.connect()
        try:
            connection.request(method, "/client/v1" + path, None if body is None else json.dumps(body), self.headers())
            reply = connection.getresponse()
            said = json.loads(reply.read() or b"{}")
        finally:
            connection.close()
        if reply.status // 100 != 2:
            raise Refused(reply.status, said.get("type", "").removeprefix("urn:headgate:problem:"))
        return reply.status, said

    def begin(self, identity=None):
        body = {"channel": self.channel, **({"token": self.token} if self.token else {}),
                **({"identity": identity} if identity else {})}
        self.session = self.call("POST", "/session", body)[1]
        self.token = self.session["token"]
        return self.session

    def say(self, text, thread=None, id=None):
        """(status, {thread, message}): 201 once it is on disk, 200 for the same id again."""
        path = f"/threads/{thread}/messages" if thread else "/threads"
        return self.call("POST", path, {"id": id or client_id(), "text": text})

    def history(self, thread):
        return self.call("GET", f"/threads/{thread}/messages?limit=100")[1]["messages"]

    def read(self, thread, message):
        self.call("POST", f"/threads/{thread}/read", {"message": message})

    # ---- live events ----
    def listen(self):
        """Gathers in heard what comes over a stream of its own, (type, data); returns once the stream is open."""
        connection = self.connect()
        connection.request("GET", f"/client/v1/events?cursor={urllib.parse.quote(self.session['cursor'])}", None,
                           self.headers(Accept="text/event-stream"))
        reply = connection.getresponse()
        if reply.status != 200:
            raise Refused(reply.status, "no stream")
        threading.Thread(target=self.follow, args=(reply,), daemon=True).start()

    def follow(self, reply):
        kind, data = "message", []
        try:
            for raw in reply:
                line = raw.decode().rstrip("\r\n")
                if not line and data:
                    with self.changed:
                        self.heard.append((kind, json.loads("\n".join(data))))
                        self.changed.notify_all()
                    kind, data = "message", []
                elif line.startswith("event:"):
                    kind = line[6:].strip()
                elif line.startswith("data:"):
                    data.append(line[5:].removeprefix(" "))
        except (OSError, http.client.HTTPException, ValueError, AttributeError):
            pass			# the daemon has gone, or the demo ends

    def wait_text(self, text):
        """The message with that text, once the stream has brought it; None when it did not come."""
        def found():
            return next((data["message"] for kind, data in self.heard if kind == "message" and data["message"]["text"] == text), None)
        with self.changed:
            self.changed.wait_for(found, PATIENCE)
            return found()
