"""A helpdesk that does what a script says: routes of its API, its lies, dropped lines, slow answers; it records all it is asked.

    desk = FakeDesk()
    @desk.route("POST", "/api/tickets")
    def create(call):                       # call.json, call.form, call.parts, call.body, call.query, call.headers, call.match
        ticket = desk.create(title=call.json["title"])          # {"id": 1, ...}: kept in desk.tickets
        return 201, {"id": ticket["id"]}    # or a status, or (status, body), or (status, body, headers); bytes, text, or JSON

Faults are set by the test, for calls that fit, and are used up: desk.fault("POST", "/api/tickets", "drop_after") does what
is asked and then drops the line ("drop_before": does not), ("hang": does not answer until desk.release()), a number or an answer
is given instead; times=3 of them, every=2 each second one.  Nothing here is headgate's: it is written from what helpdesks'
manuals say."""
import contextlib
import http.server
import json
import re
import socket
import struct
import sys
import threading
import time
import urllib.parse

PATIENCE = 30


class Drop(Exception):
    """Raised by a route: what it did is done, and nobody is told."""


class Part:
    def __init__(self, name, filename, type_, body):
        self.name, self.filename, self.type, self.body = name, filename, type_, body

    def __repr__(self):
        return f"<part {self.name} {self.filename} {self.type} {len(self.body)} bytes>"


class Call:
    """One request as it came."""

    def __init__(self, method, target, headers, body):
        self.method, self.target, self.body = method, target, body
        self.path, _, query = target.partition("?")
        self.query = dict(urllib.parse.parse_qsl(query, keep_blank_values=True))
        self.headers = {k.lower(): v for k, v in headers}
        self.at = time.monotonic()
        self.match = None		# of the route's pattern
        self.status = None		# what it was answered; 0: dropped
        self.done = False		# the route was run: what was asked is done

    @property
    def text(self):
        return self.body.decode()

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def form(self):
        return dict(urllib.parse.parse_qsl(self.text, keep_blank_values=True))

    @property
    def parts(self):
        """Of multipart/form-data, RFC 7578, taken apart by hand."""
        boundary = re.search(r'boundary="?([^";]+)', self.headers["content-type"]).group(1).encode()
        found = []
        for piece in (b"\r\n" + self.body).split(b"\r\n--" + boundary)[1:-1]:
            head, _, body = piece.removeprefix(b"\r\n").partition(b"\r\n\r\n")
            names = dict(re.findall(r'[;\s](name|filename)="([^"]*)"', head.decode()))
            kind = re.search(r"(?im)^content-type:\s*(\S.*?)\s*$", head.decode())
            found.append(Part(names.get("name"), names.get("filename"), kind.group(1) if kind else None, body))
        return found

    def __repr__(self):
        return f"<{self.method} {self.target} -> {self.status}{' done' if self.done else ''}>"


class Fault:
    def __init__(self, method, pattern, what, times, every, when):
        self.method, self.pattern, self.what, self.when = method, re.compile(pattern), what, when
        self.left, self.every, self.seen = times, every, 0

    def strikes(self, call):
        if self.left <= 0 or self.method not in (None, call.method) or not self.pattern.fullmatch(call.path):
            return False
        if self.when and not self.when(call):
            return False
        self.seen += 1
        if self.seen % self.every:
            return False
        self.left -= 1
        return True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def __init__(self, *args):
        self.connections = set()
        super().__init__(*args)

    def process_request(self, request, client_address):
        self.connections.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        self.connections.discard(request)
        super().shutdown_request(request)

    def cut(self):
        """As the kernel does when a process is killed."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request, client_address):
        """A gateway that was killed is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class FakeDesk:
    def __init__(self, port=0):
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self.released = threading.Event()
        self.routes = []		# (method, pattern, function); a later one goes before an earlier
        self.faults = []
        self.calls = []			# Call, in the order they were answered
        self.open = 0			# calls being answered ...
        self.most_open = 0		# ... and how many were at once
        self.tickets = {}		# id -> dict, with "messages": []
        self.next_id = 1
        self.port = port
        self.server = None
        self.start()

    def time(self):
        """The clock it goes by: the Date of its answers."""
        return time.time()

    # ---- life: a helpdesk may be killed and come back on its port ----
    def start(self):
        desk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def answer(self):
                desk.handle(self)

            def date_time_string(self, timestamp=None):
                return super().date_time_string(desk.time() if timestamp is None else timestamp)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = answer

            def log_message(self, *args):
                pass

        self.released.clear()
        self.server = Server(("127.0.0.1", self.port), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def close(self):
        if not self.server:
            return
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.server.cut()
        self.server = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def release(self):
        """Those that hang may end (their line is dropped)."""
        self.released.set()

    # ---- the script ----
    def route(self, method, pattern):
        """pattern: a regular expression that the whole path must be."""
        def take(function):
            self.routes.insert(0, (method, re.compile(pattern), function))
            return function
        return take

    def fault(self, method, pattern, what, times=1, every=1, when=None):
        with self.lock:
            self.faults.append(Fault(method, pattern, what, times, every, when))

    def create(self, **fields):
        """A ticket, kept in `tickets`."""
        with self.lock:
            ticket = dict(fields, id=self.next_id, messages=fields.get("messages", []))
            self.tickets[self.next_id] = ticket
            self.next_id += 1
            return ticket

    # ---- what it does with a request ----
    def find(self, call):
        for method, pattern, function in self.routes:
            call.match = pattern.fullmatch(call.path)
            if call.match and method in (None, call.method):
                return function
        return None

    def struck(self, call):
        with self.lock:
            return next((f.what for f in self.faults if f.strikes(call)), None)

    def run(self, call):
        function = self.find(call)
        if not function:
            return 404, {"error": f"there is no {call.method} {call.path}"}
        with self.lock:			# one at a time, as a database would have it
            answer = function(call)
            call.done = True
            return answer

    def judge(self, call):
        """An answer, or "drop"."""
        what = self.struck(call)
        try:
            if what is None:
                return self.run(call)
            if what == "drop_after":
                self.run(call)
                return "drop"
            if what == "drop_before":
                return "drop"
            if what in ("hang", "hang_after"):
                if what == "hang_after":
                    self.run(call)
                self.note(call)
                self.released.wait()
                return "drop"
            if callable(what):
                return what(call)
            return what
        except Drop:
            call.done = True
            return "drop"

    def handle(self, request):
        body = request.rfile.read(int(request.headers.get("content-length") or 0))
        call = Call(request.command, request.path, request.headers.items(), body)
        with self.lock:
            self.open += 1
            self.most_open = max(self.most_open, self.open)
        try:
            answer = self.judge(call)
        finally:
            with self.lock:
                self.open -= 1
        if answer == "drop":
            call.status = 0
            self.note(call)
            request.close_connection = True
            # RST: what was dropped is gone at once, and not at the leisure of either side's kernel.
            request.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            return
        self.write(request, call, answer)

    def write(self, request, call, answer):
        status, content, headers = (tuple(answer) if isinstance(answer, tuple) else (answer,)) + (None, None)[
            :3 - (len(answer) if isinstance(answer, tuple) else 1)]
        headers = dict(headers or {})
        if isinstance(content, str):
            content = content.encode()
        elif content is None:
            content = b""
        elif not isinstance(content, bytes):
            content = json.dumps(content).encode()
            headers.setdefault("Content-Type", "application/json")
        call.status = status
        self.note(call)
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        if status != 204:
            request.send_header("Content-Length", str(len(content)))
        request.end_headers()
        request.wfile.write(content)

    def note(self, call):
        with self.changed:
            if call not in self.calls:
                self.calls.append(call)
            self.changed.notify_all()

    # ---- what tests ask ----
    def asked(self, method=None, pattern=".*"):
        """Calls of this kind so far."""
        with self.lock:
            return [c for c in self.calls if method in (None, c.method) and re.fullmatch(pattern, c.path)]

    def wait(self, check, what, patience=PATIENCE):
        """Until check() is true; its value."""
        end = time.monotonic() + patience
        with self.changed:
            while True:
                found = check()
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"the helpdesk waited in vain for {what}; it was asked {self.calls[-30:]}")
                self.changed.wait(min(left, 0.5))

    def wait_asked(self, method, pattern, n=1):
        """The nth call of this kind."""
        return self.wait(lambda: (self.asked(method, pattern) + [None] * n)[n - 1], f"{method} {pattern} number {n}")

    def wait_tickets(self, n=1):
        return self.wait(lambda: list(self.tickets.values()) if len(self.tickets) >= n else None, f"{n} tickets")


def configured(preset, url, more="", name="desk"):
    """change= of conftest's start(): the backend is a helpdesk with this preset (name, or path), and not a webhook."""
    def change(text):
        lines = [f"  {name}:", f"    preset: {preset}", f"    url: {url}", "    allow_private: true"]
        lines += ["    " + line for line in more.splitlines()]
        return re.sub(r"(?s)  desk:\n    url: .*?\n(?=api:)", "\n".join(lines) + "\n", text)
    return change
