"""A helpdesk that takes signed events, as a customer's own bridge would; it records what came.

Verifies signatures by itself (HMAC over id.timestamp.body, Standard Webhooks 1.0.0)."""
import base64
import hashlib
import hmac
import http.server
import json
import sys
import threading
import time


class Delivery:
    def __init__(self, headers, body, status):
        self.id = headers["webhook-id"]
        self.headers, self.raw, self.status = headers, body, status
        self.event = json.loads(body)
        self.type = self.event["type"]
        self.data = self.event["data"]

    def __repr__(self):
        return f"<{self.id} {self.type} -> {self.status}>"


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        """A gateway that was killed is no news."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class FakeHelpdesk:
    """answer: called with each Delivery, returns (status, headers, body) or None for its own answer;
    raise Hang to say nothing until release(), Drop to close the connection without an answer."""

    class Hang(Exception):
        pass

    class Drop(Exception):
        pass

    def __init__(self, secrets, tickets=True):
        self.secrets = [base64.b64decode(s.removeprefix("whsec_")) for s in secrets]
        self.tickets_in_answer = tickets
        self.answer = None
        self.attempts = []		# every Delivery, whatever was answered
        self.forged = []		# (headers, body) whose signature is wrong
        self.changed = threading.Condition(threading.RLock())
        self.released = threading.Event()
        self.next_number = 9001
        self.numbers = {}
        helpdesk = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                helpdesk.handle(self)

            def log_message(self, *args):
                pass

        self.server = Server(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/headgate"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    # ---- what it does with a request ----
    def verify(self, headers, body):
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        want = {base64.b64encode(hmac.new(s, signed, hashlib.sha256).digest()).decode() for s in self.secrets}
        given = {part[3:] for part in headers["webhook-signature"].split(" ") if part.startswith("v1,")}
        return bool(want & given)

    def ticket_body(self, delivery):
        if delivery.type != "ticket.requested" or not self.tickets_in_answer:
            return {}
        number = self.numbers.setdefault(delivery.id, self.next_number)
        self.next_number = max(self.next_number, number + 1)
        return {"ticket": {"id": number, "number": f"HD-{number}", "url": f"https://desk.example/t/{number}"}}

    def handle(self, http_request):
        headers = {k.lower(): v for k, v in http_request.headers.items()}
        body = http_request.rfile.read(int(headers["content-length"]))
        if not self.verify(headers, body):
            with self.changed:
                self.forged.append((headers, body))
                self.changed.notify_all()
            http_request.send_error(401)
            return
        delivery = Delivery(headers, body, None)
        try:
            planned = self.answer(delivery) if self.answer else None
        except FakeHelpdesk.Drop:
            planned = "drop"
        except FakeHelpdesk.Hang:
            self.note(delivery)
            self.released.wait()
            planned = "drop"
        if planned == "drop":
            if delivery not in self.attempts:
                self.note(delivery)
            http_request.close_connection = True
            return
        status, more, text = planned or (200, {}, json.dumps(self.ticket_body(delivery)))
        delivery.status = status
        self.note(delivery)
        reply = text.encode() if isinstance(text, str) else text
        http_request.send_response(status)
        for name, value in more.items():
            http_request.send_header(name, value)
        http_request.send_header("Content-Length", str(len(reply)))
        http_request.end_headers()
        http_request.wfile.write(reply)

    def note(self, delivery):
        with self.changed:
            self.attempts.append(delivery)
            self.changed.notify_all()

    # ---- what tests ask ----
    @property
    def accepted(self):
        """First acceptance of each event, in the order they were accepted."""
        seen, kept = set(), []
        with self.changed:
            for delivery in self.attempts:
                if delivery.status and 200 <= delivery.status < 300 and delivery.id not in seen:
                    seen.add(delivery.id)
                    kept.append(delivery)
        return kept

    def of(self, kind):
        return [d for d in self.accepted if d.type == kind]

    def wait(self, check, what, patience=30):
        """Until check(self) is true; its value."""
        end = time.monotonic() + patience
        with self.changed:
            while True:
                found = check(self)
                if found:
                    return found
                left = end - time.monotonic()
                if left <= 0:
                    raise AssertionError(f"the helpdesk waited in vain for {what}; it has {self.attempts}")
                self.changed.wait(min(left, 0.5))

    def wait_event(self, kind, n=1):
        return self.wait(lambda h: h.of(kind)[n - 1] if len(h.of(kind)) >= n else None, f"{kind} number {n}")
