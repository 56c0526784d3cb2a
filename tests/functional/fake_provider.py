"""What the fake providers of HTTP channels have in common: a server that writes its answers byte by byte, has moods
about the messages it is sent, and posts what customers write to the gateway.

A provider is a subclass: see `Provider` for what it has to say.  test_conformance.py puts all of them through the
same misfortunes."""
import http.client
import itertools
import select
import socket
import threading

PATIENCE = 30
MOODS = ("refuse", "deny", "limit", "silent", "vanish", "slow", "lost", "half", "nonsense")


class Request:
    def __init__(self, method, target, headers, body):
        self.method, self.target, self.headers, self.body = method, target, headers, body

    @property
    def path(self):
        return self.target.split("?")[0]

    def header(self, name):
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def __repr__(self):
        return f"<{self.method} {self.target} {self.body[:200]!r}>"


class Reply:
    """status, headers and body, or bytes to be written as they are."""

    def __init__(self, status=200, body=b"", type="application/json", headers=()):
        self.status, self.body, self.type, self.headers = status, body, type, tuple(headers)

    def bytes(self):
        lines = [f"HTTP/1.1 {self.status} Whatever", f"Content-Length: {len(self.body)}"]
        lines += [f"Content-Type: {self.type}"] if self.body else []
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Sent:
    """A message the provider took from us."""

    def __init__(self, id, to, text, key=None, **more):
        self.id, self.to, self.text, self.key = id, to, text, key
        self.__dict__.update(more)

    def __repr__(self):
        return f"<{self.id} to {self.to}: {self.text!r}>"


class Provider:
    """Of a subclass: name, lines(), the verbs below that raise NotImplementedError, and what else its own tests need."""

    name = None			# of the adapter
    env = {}			# secrets, by the variables that lines() names
    hook = "webhook"		# path of its webhook below the channel
    settles = True		# its receipts tell our key, and settle what was in doubt
    billed = True		# by segments: what is sent costs what src/sms says
    asks = False		# it can be asked whether it has a message of ours
    probed = False		# ... and something harmless that shows whether the credentials are good
    forged = (401, 403)		# what a forged webhook is answered with
    batches = ()		# senders whose messages say_broken() delivers beside the broken one

    def __init__(self, port=0):
        self.requests, self.sent, self.moods = [], [], []
        self.changed = threading.Condition(threading.RLock())
        self.released = threading.Event()
        self.closed = False
        self.ids = itertools.count(1)
        self.gateway, self.channel = None, None
        self.listener = socket.create_server(("127.0.0.1", port), backlog=256)
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept_all, daemon=True).start()

    # ---- what a provider has to say ----
    def lines(self):
        """Its channel in the configuration, without name and `adapter:`; lines of YAML."""
        raise NotImplementedError

    def is_send(self, request):
        """Is it a message to a customer?"""
        raise NotImplementedError

    def accept(self, request):
        """Takes a message: returns (Sent, Reply); raises AssertionError when no such provider would take it."""
        raise NotImplementedError

    def other(self, request):
        """The Reply to anything else: files, tokens, lists of messages."""
        return Reply(404)

    def refusal(self):
        """The Reply that says of one message that it will never be sent."""
        raise NotImplementedError

    def denial(self):
        """The Reply to wrong credentials."""
        raise NotImplementedError

    def limit(self, seconds):
        """The Reply to too many messages; seconds: after which time to come again, or None where it does not say."""
        return Reply(429, headers=[("Retry-After", seconds)] if seconds is not None else [])

    def say(self, sender, text, id=None, **more):
        """A customer (E.164 with plus) writes; (status, body) of the webhook's answer.  The same id: the same message."""
        raise NotImplementedError

    def say_broken(self, good):
        """Something signed that nobody can read, together with the good ones [(sender, text)] where the provider
        delivers several at once; the status of the webhook's answer."""
        raise NotImplementedError

    def say_forged(self, sender, text):
        """As say(), with a signature that is not the provider's; or NotImplemented when there is none."""
        raise NotImplementedError

    def tell(self, sent, word):
        """A receipt: "delivered" or "failed"; the status of the webhook's answer."""
        raise NotImplementedError

    # ---- moods ----
    def mood(self, kind, times=1, **how):
        """How the next messages fare.  Not taken: refuse, deny, limit (after=seconds), silent (no answer until released),
        vanish (the connection ends).  Taken: slow (answered when released), lost (the connection ends), half (of
        an answer), nonsense (an answer that is none)."""
        assert kind in MOODS
        with self.changed:
            self.moods += [(kind, how)] * times

    def release(self):
        with self.changed:
            self.moods.clear()
        self.released.set()
        self.released = threading.Event()

    def take_mood(self):
        with self.changed:
            return self.moods.pop(0) if self.moods else (None, {})

    # ---- the server ----
    def accept_all(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        with connection:
            try:
                while not self.closed:
                    request = self.read(connection)
                    if request is None:
                        return
                    answer = self.answer(request, connection)
                    if answer is None:
                        return
                    connection.sendall(answer)
            except OSError:
                pass

    def read(self, connection):
        data = b""
        while b"\r\n\r\n" not in data:
            more = connection.recv(65536)
            if not more:
                return None
            data += more
        head, body = data.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
        want = int(dict((name.lower(), value) for name, value in headers).get("content-length", 0))
        if any(name.lower() == "expect" for name, _ in headers):
            connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        while len(body) < want:
            more = connection.recv(65536)
            if not more:
                return None
            body += more
        request = Request(method, target, headers, body)
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()
        return request

    def answer(self, request, connection):
        """The bytes to write, or None: the connection ends."""
        if not self.is_send(request):
            return self.other(request).bytes()
        kind, how = self.take_mood()
        if kind in ("refuse", "deny", "limit"):
            reply = {"refuse": self.refusal, "deny": self.denial}.get(kind)
            return (reply() if reply else self.limit(how.get("after"))).bytes()
        if kind == "vanish":
            return None
        if kind == "silent":
            self.wait_released(connection)
            return None
        sent, reply = self.accept(request)
        with self.changed:
            self.sent.append(sent)
            self.changed.notify_all()
        if kind == "slow":
            self.wait_released(connection)
        elif kind == "lost":
            return None
        elif kind == "half":
            connection.sendall(reply.bytes()[:-max(2, len(reply.body) // 2)])
            return None
        elif kind == "nonsense":
            return Reply(200, b"\xff\xfe{]<half a page", "text/html").bytes()
        return reply.bytes()

    def wait_released(self, connection):
        """Until release(), or until the gateway has hung up."""
        event = self.released
        while not event.wait(0.02):
            if select.select([connection], [], [], 0)[0] and not connection.recv(1, socket.MSG_PEEK):
                return

    def close(self):
        self.closed = True
        self.released.set()
        self.listener.close()

    # ---- webhooks ----
    def target(self, gateway, channel):
        """Where its webhooks go."""
        self.gateway, self.channel = gateway, channel

    def post(self, body, headers, method="POST", path=None, query=""):
        """One webhook: (status, body, headers) of the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway.port, timeout=PATIENCE)
        try:
            connection.request(method, f"/channel/{self.channel}/{path or self.hook}{query}", body, dict(headers))
            reply = connection.getresponse()
            return reply.status, reply.read(), dict(reply.getheaders())
        finally:
            connection.close()

    def next_id(self, prefix="in"):
        return f"{prefix}{next(self.ids):08d}"

    # ---- waiting ----
    def wait(self, check, what):
        with self.changed:
            if not self.changed.wait_for(check, PATIENCE):
                raise AssertionError(f"waited {PATIENCE} s in vain for {what}; taken: {self.sent}, last requests: "
                                     f"{self.requests[-5:]}")

    def wait_sent(self, text, count=1):
        def found():
            return [sent for sent in self.sent if sent.text == text]
        self.wait(lambda: len(found()) >= count, f"{count} of {text!r}")
        return found()

    def attempts(self):
        return [request for request in self.requests if self.is_send(request)]

    def wait_attempts(self, count):
        self.wait(lambda: len(self.attempts()) >= count, f"{count} attempts")
        return self.attempts()
