"""A visitor's app, by the documentation of the client API and nothing else: what he says waits until it is taken, live
events are followed over every broken line, and what comes twice is seen once."""
import contextlib
import http.client
import json
import threading
import time
import uuid

from harness import PATIENCE, Answer, wait_until

AGAIN_S = 0.05			# between attempts
BREAKS = (OSError, http.client.HTTPException)


class Visitor:
    """port: a function, for a daemon that was started anew has another."""

    def __init__(self, port, channel="web", **session):
        self.port, self.channel = port, channel
        self.token = self.cursor = None
        self.begin(**session)

    # ---- calls ----
    def try_call(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=PATIENCE)
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        try:
            connection.request(method, "/client/v1" + path, body=body, headers=headers)
            reply = connection.getresponse()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def call(self, method, path, body=None, **headers):
        """Again until there is an answer that says something of the call."""
        end = time.monotonic() + PATIENCE
        while True:
            with contextlib.suppress(*BREAKS):
                answer = self.try_call(method, path, body, **headers)
                if answer.status not in (429, 502, 503):
                    return answer
            assert time.monotonic() < end, f"{method} {path} was not answered for {PATIENCE} s"
            time.sleep(AGAIN_S)

    def begin(self, **more):
        answer = self.call("POST", "/session", {"channel": self.channel, **({"token": self.token} if self.token else {}), **more})
        assert answer.status == 200, answer
        self.session = answer.json
        self.token, self.cursor = self.session["token"], self.session["cursor"]
        self.id = self.session["visitor"]["id"]
        return self

    def say(self, text, thread=None, id=None, **more):
        path = f"/threads/{thread}/messages" if thread else "/threads"
        answer = self.call("POST", path, {"id": id or str(uuid.uuid4()), "text": text, **more})
        assert answer.status in (200, 201), answer
        return answer.json

    def get(self, path):
        answer = self.call("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def messages(self, thread):
        page, all = self.get(f"/threads/{thread}/messages?limit=100"), []
        while True:
            all = page["messages"] + all
            if not page["more"]:
                return all
            page = self.get(f"/threads/{thread}/messages?limit=100&before={all[0]['id']}")

    # ---- live ----
    def stream(self, cursor=None, timeout=PATIENCE, **headers):
        """An open stream; Ear reads it."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port(), timeout=timeout)
        headers.update({"Authorization": f"Bearer {self.token}", "Accept": "text/event-stream"})
        if cursor:
            headers["Last-Event-ID"] = cursor
        connection.request("GET", "/client/v1/events", headers=headers)
        return connection, connection.getresponse()

    def poll(self, cursor, wait=0):
        return self.get(f"/events?cursor={cursor}&wait={wait}")


def events(reply):
    """(id, type, data) of each event of a stream, until it ends; type None: only an id, or a comment."""
    id = type = None
    data = []
    comment = False
    for line in iter(reply.readline, b""):
        line = line.decode().rstrip("\n")
        if not line:
            if type or id or comment:
                yield id, type, json.loads("\n".join(data)) if data else None
            id, type, data, comment = None, None, [], False
        elif line.startswith(":"):
            comment = True
        else:
            name, _, value = line.partition(": ")
            if name == "id":
                id = value
            elif name == "event":
                type = value
            elif name == "data":
                data.append(value)


class Ear(threading.Thread):
    """Listens until it is closed, and comes back with the last id whenever the line breaks."""

    def __init__(self, visitor, cursor=None, **headers):
        super().__init__(daemon=True)
        self.visitor, self.headers = visitor, headers
        self.cursor = cursor or visitor.cursor
        self.heard = []			# (type, data), in order
        self.connects = self.beats = 0
        self.wrong = None
        self.closed = False
        self.connection = None
        self.start()

    def run(self):
        while not self.closed:
            try:
                self.connection, reply = self.visitor.stream(self.cursor, **self.headers)
                if reply.status == 200:
                    self.connects += 1
                    self.listen(reply)
                elif reply.status not in (429, 502, 503):
                    self.wrong = Answer(reply.status, {}, reply.read())
                    return
            except (*BREAKS, ValueError, AttributeError):	# the last two: closed under our hands
                pass
            finally:
                if self.connection:
                    self.connection.close()
            time.sleep(AGAIN_S)

    def listen(self, reply):
        for id, type, data in events(reply):
            # What is half there when the line breaks has no end, and is not told.
            if type:
                self.heard.append((type, data))
            self.beats += not type and not id
            self.cursor = id or self.cursor

    def close(self):
        self.closed = True
        if self.connection and self.connection.sock:
            with contextlib.suppress(OSError):
                self.connection.sock.shutdown(2)
        self.join(PATIENCE)

    # ---- looking ----
    def of(self, *types):
        return [data for type, data in list(self.heard) if type in types]

    def texts(self):
        return [data["message"]["text"] for data in self.of("message")]

    def wait(self, check, what):
        found = wait_until(lambda: check() or self.wrong, what)
        assert not self.wrong or found is not self.wrong, self.wrong
        return found

    def wait_text(self, text):
        return self.wait(lambda: next((data for data in self.of("message") if data["message"]["text"] == text), None),
                         f"the message {text!r}")
