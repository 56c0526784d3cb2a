#!/usr/bin/python3
"""A provider that speaks the WhatsApp Cloud API: takes messages and files, delivers webhooks.

Written from Meta's documentation and nothing of headgate's code; standard library only.  As a module:

    graph = FakeGraph(token="EAAG...", app_secret="...", phone_number_id="109876543210")
    graph.target(port, "wa-main")             # where its webhooks go
    graph.say("+447700900123", "hello")       # a customer writes; the HTTP status of the webhook
    graph.wait_accepted(1)[0].text            # what the gateway sent
    graph.fail(131056, times=2)               # the next two messages are refused with that code

and as a program, for a try-out by hand: fake_graph.py --help."""
import argparse
import base64
import collections
import email.parser
import email.policy
import hashlib
import hmac
import http.client
import http.server
import json
import re
import secrets
import socket
import sys
import threading
import time
import urllib.parse

import graph_payloads as payloads

URL_LIFE = 300			# seconds a media URL is good for
MEDIA_LIFE = 7 * 86400		# seconds a media id of a webhook is good for
PATIENCE = 30
ID = re.compile(r"[A-Za-z0-9_.=+/-]{1,300}")


class Refusal(Exception):
    """An error object of the API."""

    def __init__(self, code, details="", http=400, subcode=None, headers=None):
        super().__init__(code, details)
        self.code, self.details, self.http, self.subcode, self.headers = code, details, http, subcode, headers or {}

    def body(self):
        error = {"message": f"(#{self.code}) {self.details or 'refused'}", "type": "OAuthException", "code": self.code,
                 "fbtrace_id": "Az8or2yhqkZfEZ-_4Qn_Bam"}
        if self.subcode is not None:
            error["error_subcode"] = self.subcode
        if self.details:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        return json.dumps({"error": error}).encode()


class Mood:
    """What happens to a message that comes.  before/after: what is done instead of an answer, before or
    after the message was accepted."""

    def __init__(self, kind, times=1, match=None, **how):
        self.kind, self.times, self.match, self.how = kind, times, match, how

    def fits(self, body):
        return not self.match or all(body.get(key) == value for key, value in self.match.items())


class Accepted:
    """A message the API took."""

    def __init__(self, number, body, raw, wamid, at):
        self.number, self.body, self.raw, self.id, self.at = number, body, raw, wamid, at
        self.type = body["type"]
        self.to = body.get("to")
        self.user_id = body.get("recipient")
        self.key = body.get("biz_opaque_callback_data")
        self.answers = body.get("context", {}).get("message_id")
        content = body[self.type]
        self.text = content.get("body") if self.type == "text" else content.get("caption")

    def __repr__(self):
        return f"<{self.id} {self.type} to {self.to or self.user_id}: {self.text!r}>"


class Media:
    def __init__(self, id, type, data, name=None, at=0.0):
        self.id, self.type, self.data, self.name, self.at = id, type, data, name, at
        self.hash = hashlib.sha256(data)

    @property
    def sha256_base64(self):
        return base64.b64encode(self.hash.digest()).decode()


Request = collections.namedtuple("Request", "method path headers body")


# ---- what a message must look like ----

def expect(condition, details, code=100):
    if not condition:
        raise Refusal(code, details)


def check_text(content):
    expect(set(content) <= {"body", "preview_url"}, "Unexpected key in text")
    expect(isinstance(content.get("body"), str) and content["body"], "The parameter text['body'] is required.", 131008)
    expect(len(content["body"]) <= 4096, "Param text['body'] must be at most 4096 characters long.")
    expect(isinstance(content.get("preview_url", False), bool), "Param preview_url must be a boolean")


def check_file(graph, kind, content):
    allowed = {"id", "link"} | {"image": {"caption"}, "video": {"caption"}, "document": {"caption", "filename"},
                                "audio": {"voice"}, "sticker": set()}[kind]
    expect(set(content) <= allowed, f"Unexpected key in {kind}")
    expect("link" not in content, "headgate uploads; a link is not expected")
    expect(content.get("id") in graph.files, "Media ID not found", 131009)
    expect(len(content.get("caption", "x")) in range(1, 1025), "Param caption must be 1 to 1024 characters long.")


def check_template(content):
    expect(set(content) <= {"name", "language", "components"}, "Unexpected key in template")
    expect(isinstance(content.get("name"), str), "Param template['name'] is required", 131008)
    expect(isinstance(content.get("language", {}).get("code"), str), "Param language['code'] is required", 131008)
    for component in content.get("components", []):
        for parameter in component.get("parameters", []):
            words = parameter.get("text", "")
            expect(not re.search(r"[\n\t]| {5}", words), "Param text cannot have new-line/tab characters or more "
                   "than 4 consecutive spaces", 132018)


def check_reaction(content):
    expect(set(content) == {"message_id", "emoji"}, "A reaction has message_id and emoji")
    expect(ID.fullmatch(content["message_id"]), "message_id", 131009)


def check_interactive(content):
    expect(isinstance(content.get("type"), str), "Param interactive['type'] is required", 131008)
    expect(content.get("body", {}).get("text") or content["type"] == "product",
           "Param interactive['body'] is required", 131008)


def check_message(graph, body):
    """The whole body of POST /messages; raises what the API would answer."""
    allowed = {"messaging_product", "recipient_type", "to", "recipient", "type", "context",
               "biz_opaque_callback_data", "recipient_identity_key_hash"}
    kind = body.get("type", "text")
    expect(isinstance(kind, str) and set(body) <= allowed | {kind}, f"Unexpected key in {sorted(body)}")
    expect(body.get("messaging_product") == "whatsapp", "messaging_product must be whatsapp")
    expect(body.get("recipient_type", "individual") in ("individual", "group"), "recipient_type")
    to, user = body.get("to"), body.get("recipient")
    expect(to or user, "The parameter to is required.", 131008)
    expect(to is None or re.fullmatch(r"\+?\d{7,15}", to), "Param to is not a phone number", 131009)
    expect(user is None or re.fullmatch(r"[A-Z]{2}\.[A-Za-z0-9]{1,128}", user), "Param recipient", 131009)
    context = body.get("context", {"message_id": "x"})
    expect(isinstance(context, dict) and ID.fullmatch(context.get("message_id", "")), "Param context")
    key = body.get("biz_opaque_callback_data", "")
    expect(isinstance(key, str) and len(key) <= 512, "Param biz_opaque_callback_data")
    content = body.get(kind)
    expect(isinstance(content, list if kind == "contacts" else dict), f"Param {kind} is required", 131008)
    checks = {"text": check_text, "template": check_template, "reaction": check_reaction,
              "interactive": check_interactive, "location": lambda c: None, "contacts": lambda c: None}
    if kind in ("image", "video", "audio", "document", "sticker"):
        check_file(graph, kind, content)
    else:
        expect(kind in checks, f"Param type must be one of: {sorted(checks)}")
        checks[kind](content)


def read_form(content_type, body):
    """multipart/form-data -> {name: (headers, bytes)}."""
    head = b"Content-Type: " + content_type.encode() + b"\r\nMIME-Version: 1.0\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    expect(message.is_multipart(), "The body is no multipart/form-data")
    return {part.get_param("name", header="content-disposition"): (part, part.get_payload(decode=True))
            for part in message.iter_parts()}


# ---- the server's side ----

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    graph = None			# set by FakeGraph

    def log_message(self, *args):
        pass

    def cut(self):
        """The connection ends without another byte."""
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    def reply(self, status, body, headers=None, type="application/json"):
        self.send_response(status)
        for name, value in dict({"Content-Type": type, "Content-Length": str(len(body))}, **(headers or {})).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def answer(self, document, status=200):
        self.reply(status, json.dumps(document).encode())

    def check_token(self):
        name, before = self.graph.auth
        if self.headers.get(name) != before + self.graph.token:
            raise Refusal(190, "Error validating access token: the session has been invalidated", 401, 460)

    def handle_one(self, method):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.graph.note(Request(method, self.path, dict(self.headers), body))
        path = urllib.parse.urlsplit(self.path)
        parts = [part for part in path.path.split("/") if part]
        try:
            if parts[:1] == ["_fake"] and self.graph.steerable:
                self.graph.steer(self, method, parts[1:], body)
                return
            self.check_token()
            if parts[:1] == ["file"]:
                self.graph.serve_file(self, parts)
                return
            if parts and re.fullmatch(r"v\d+\.\d+", parts[0]):
                parts = parts[1:]
            elif not self.graph.flat:
                raise Refusal(2500, "Unknown path components", 400)
            self.graph.route(self, method, parts, body)
        except Refusal as refusal:
            self.reply(refusal.http, refusal.body(), refusal.headers)

    def do_GET(self):
        self.handle_one("GET")

    def do_POST(self):
        self.handle_one("POST")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], (ConnectionError, BrokenPipeError, OSError)):
            super().handle_error(request, client_address)


class FakeGraph:
    """numbers: all phone_number_ids it knows.  flat, auth: how a carrier does it who leaves version and
    number out of the path, and has a header of its own.  now: called for the time, so that tests can set it.
    auto: the words of the statuses that follow each accepted message by themselves."""

    def __init__(self, token, app_secret, phone_number_id, port=0, numbers=(), flat=False,
                 auth=("Authorization", "Bearer "), steerable=False):
        self.token, self.app_secret, self.number = token, app_secret, phone_number_id
        self.numbers = {phone_number_id, "209876543210", *numbers}
        self.flat, self.auth, self.steerable = flat, auth, steerable
        self.now = time.time
        self.auto = ()
        self.user_ids = {}		# phone (digits) -> user id that answers to messages name
        self.accepted, self.signs, self.requests, self.uploads, self.downloads = [], [], [], [], []
        self.files, self.moods = {}, []
        self.media_moods = []		# Refusal or "drop": each is used once, for GET of an id or a file
        self.tokens = {}		# file token -> (media, until)
        self.hook = None
        self.query = ""			# behind the callback URL: "?token=..."
        self.changed = threading.Condition(threading.RLock())
        self.released = threading.Event()
        self.wamids = iter(range(1, 1 << 62))
        self.server = Server(("127.0.0.1", port), type("GraphHandler", (Handler,), {"graph": self}))
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()

    def note(self, request):
        with self.changed:
            self.requests.append(request)
            self.changed.notify_all()

    # ---- messages ----
    def route(self, handler, method, parts, body):
        number = None if self.flat else parts[0] if parts else ""
        rest = parts if self.flat else parts[1:]
        if method == "POST" and rest == ["messages"]:
            self.check_number(number)
            self.take_message(handler, number or self.number, body)
        elif method == "POST" and rest == ["media"]:
            self.check_number(number)
            self.take_upload(handler, body)
        elif method == "GET" and len(parts) == 1 and parts[0] in self.numbers:
            handler.answer({"id": parts[0]})
        elif method == "GET" and len(parts) == 1:
            self.locate_file(handler, parts[0])
        else:
            raise Refusal(2500, "Unknown path components")

    def check_number(self, number):
        if number is not None and number not in self.numbers:
            raise Refusal(100, f"Unsupported post request. Object with ID '{number}' does not exist", 400, 33)

    def take_mood(self, body):
        with self.changed:
            for mood in self.moods:
                if mood.fits(body):
                    mood.times -= 1
                    if not mood.times:
                        self.moods.remove(mood)
                    return mood
        return None

    def take_message(self, handler, number, raw):
        if handler.headers.get("Content-Type", "").split(";")[0] != "application/json":
            raise Refusal(100, "The body must be application/json")
        try:
            body = json.loads(raw)
        except ValueError:
            raise Refusal(100, "The body is no JSON") from None
        expect(isinstance(body, dict), "The body is no object")
        mood = self.take_mood(body)
        if mood and self.before(handler, mood):
            return
        if body.get("status") == "read":
            self.take_sign(handler, body)
            return
        check_message(self, body)
        message = self.accept(number, body, raw)
        if not mood or not self.after(handler, mood):
            self.answer_accepted(handler, message)
        if self.auto:
            threading.Thread(target=self.follow, args=(message,), daemon=True).start()

    def accept(self, number, body, raw):
        with self.changed:
            message = Accepted(number, body, raw, f"wamid.OUT{next(self.wamids):08d}", self.now())
            self.accepted.append(message)
            self.changed.notify_all()
        return message

    def answer_accepted(self, handler, message):
        who = {"input": message.to or message.user_id}
        who["wa_id" if message.to else "user_id"] = message.to or message.user_id
        if message.to in self.user_ids:
            who["user_id"] = self.user_ids[message.to]
        handler.answer({"messaging_product": "whatsapp", "contacts": [who], "messages": [{"id": message.id}]})

    def take_sign(self, handler, body):
        """Read marks and typing."""
        expect(set(body) <= {"messaging_product", "status", "message_id", "typing_indicator"}, "Unexpected key")
        expect(body.get("messaging_product") == "whatsapp" and ID.fullmatch(body.get("message_id", "")), "message_id")
        expect(body.get("typing_indicator", {"type": "text"}) == {"type": "text"}, "typing_indicator")
        with self.changed:
            self.signs.append(body)
            self.changed.notify_all()
        handler.answer({"success": True})

    def before(self, handler, mood):
        """TRUE when that was all, and the message was not accepted."""
        if mood.kind == "slow":
            self.released.wait(mood.how["seconds"])
        elif mood.kind == "error":
            raise Refusal(mood.how["code"], mood.how["details"], mood.how["http"], mood.how.get("subcode"),
                          mood.how["headers"])
        elif mood.kind == "status":
            handler.reply(mood.how["status"], mood.how["body"], mood.how["headers"])
            return True
        elif mood.kind in ("drop_before", "silent"):
            if mood.kind == "silent":
                self.released.wait(PATIENCE)
            handler.cut()
            return True
        return False

    def after(self, handler, mood):
        """TRUE when the answer was another than the usual; the message was accepted."""
        if mood.kind == "accept_then_drop":
            handler.cut()
        elif mood.kind == "accept_then_hang":
            self.released.wait(mood.how["seconds"])
            handler.cut()
        elif mood.kind == "accept_then_slow":
            self.released.wait(PATIENCE)
            return False
        elif mood.kind == "accept_then_status":
            handler.reply(mood.how["status"], mood.how["body"])
        elif mood.kind == "accept_then_half":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 200\r\n\r\n{\"mess")
            handler.wfile.flush()
            handler.cut()
        else:
            return False
        return True

    # ---- how the next messages fare; match: members of the body, such as to="447700900123" ----
    def mood(self, kind, times=1, match=None, **how):
        with self.changed:
            self.moods.append(Mood(kind, times, match, **how))

    def fail(self, code, times=1, http=400, details="refused on purpose", subcode=None, retry_after=None, **match):
        headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
        self.mood("error", times, match, code=code, http=http, details=details, subcode=subcode, headers=headers)

    def throttle(self, times=1, retry_after=None, **match):
        self.fail(130429, times, 429, "Rate limit hit", retry_after=retry_after, **match)

    def status_only(self, status, times=1, body=b"", headers=None, **match):
        """An answer that is not the API's, such as a proxy's 502."""
        self.mood("status", times, match, status=status, body=body, headers=headers or {})

    def slow(self, seconds=PATIENCE, times=1, **match):
        """Answers in the end, or when release() is called."""
        self.mood("slow", times, match, seconds=seconds)

    def drop_before(self, times=1, **match):
        self.mood("drop_before", times, match)

    def accept_then_drop(self, times=1, **match):
        self.mood("accept_then_drop", times, match)

    def accept_then_hang(self, seconds=PATIENCE, times=1, **match):
        self.mood("accept_then_hang", times, match, seconds=seconds)

    def accept_then_500(self, times=1, status=500, body=b"", **match):
        self.mood("accept_then_status", times, match, status=status, body=body)

    def accept_then_half(self, times=1, **match):
        self.mood("accept_then_half", times, match)

    def calm(self):
        """Forgets all moods and lets go what waits."""
        with self.changed:
            self.moods.clear()
            self.media_moods.clear()
        self.release()

    def release(self):
        self.released.set()
        self.released = threading.Event()

    # ---- files ----
    def add_media(self, data, type="image/jpeg", name=None):
        """A file a customer sent; its id goes into a webhook."""
        with self.changed:
            file = Media(str(1013859600285000 + len(self.files)), type, data, name, self.now())
            self.files[file.id] = file
            return file

    def take_upload(self, handler, body):
        form = read_form(handler.headers.get("Content-Type", ""), body)
        expect(set(form) == {"messaging_product", "type", "file"}, f"Unexpected parts {sorted(map(str, form))}")
        expect(form["messaging_product"][1].strip() == b"whatsapp", "messaging_product must be whatsapp")
        part, data = form["file"]
        expect(part.get_content_type() == form["type"][1].decode().strip().split(";")[0], "Param file has another type")
        expect(data, "Param file is empty")
        file = self.add_media(data, form["type"][1].decode().strip(), part.get_filename())
        with self.changed:
            self.uploads.append(file)
            self.changed.notify_all()
        handler.answer({"id": file.id})

    def take_media_mood(self, handler):
        with self.changed:
            mood = self.media_moods.pop(0) if self.media_moods else None
        if isinstance(mood, Refusal):
            raise mood
        if mood == "drop":
            handler.cut()
        return mood is not None

    def locate_file(self, handler, id):
        if self.take_media_mood(handler):
            return
        file = self.files.get(id)
        if not file or self.now() - file.at > MEDIA_LIFE:
            raise Refusal(100, f"Unsupported get request. Object with ID '{id}' does not exist", 400, 33)
        token = secrets.token_urlsafe(16)
        self.tokens[token] = (file, self.now() + URL_LIFE)
        handler.answer({"messaging_product": "whatsapp", "url": f"{self.url}/file/{token}", "mime_type": file.type,
                        "sha256": file.hash.hexdigest(), "file_size": len(file.data), "id": file.id})

    def serve_file(self, handler, parts):
        file, until = self.tokens.get(parts[1] if len(parts) == 2 else "", (None, 0))
        if self.take_media_mood(handler):
            return
        if not file or self.now() > until:
            handler.reply(404, b"URL signature expired", type="text/plain")
            return
        with self.changed:
            self.downloads.append(file)
            self.changed.notify_all()
        handler.reply(200, file.data, type=file.type)

    # ---- webhooks ----
    def target(self, port, channel):
        self.hook = (port, f"/channel/{channel}/webhook")

    def encode(self, payload):
        """As Meta writes it: compact, with \\/ and \\uXXXX."""
        if isinstance(payload, bytes):
            return payload
        return json.dumps(payload, separators=(",", ":")).replace("/", "\\/").encode()

    def sign(self, body, secret=None):
        return "sha256=" + hmac.new((secret or self.app_secret).encode(), body, hashlib.sha256).hexdigest()

    def post(self, body, headers):
        port, path = self.hook
        path += self.query
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("POST", path, body, headers)
            reply = connection.getresponse()
            reply.read()
            return reply.status
        finally:
            connection.close()

    def deliver(self, payload, secret=None, signature=None):
        """One POST; its HTTP status.  signature: another than the right one; "" for none."""
        body = self.encode(payload)
        headers = {"Content-Type": "application/json", "User-Agent": "facebookexternalua"}
        signature = self.sign(body, secret) if signature is None else signature
        if signature:
            headers["X-Hub-Signature-256"] = signature
        return self.post(body, headers)

    def deliver_at_once(self, deliveries):
        """All at the same instant on connections of their own; their statuses, in order."""
        barrier, statuses = threading.Barrier(len(deliveries)), [None] * len(deliveries)

        def run(i):
            barrier.wait()
            statuses[i] = self.deliver(deliveries[i])

        threads = [threading.Thread(target=run, args=(i,)) for i in range(len(deliveries))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return statuses

    def deliver_until_taken(self, payload, patience=PATIENCE):
        """As Meta does: again, with growing gaps, until it gets 200; how many POSTs it took."""
        end, gap, posts = time.monotonic() + patience, 0.02, 0
        while True:
            posts += 1
            try:
                if self.deliver(payload) == 200:
                    return posts
            except (OSError, http.client.HTTPException):
                pass		# the gateway is down
            if time.monotonic() > end:
                raise AssertionError(f"the webhook was not taken within {patience} s")
            time.sleep(gap)
            gap = min(gap * 2, 1)

    def handshake(self, token, challenge="1158201444", mode="subscribe"):
        """What Meta does when the callback URL is registered: (status, body)."""
        port, path = self.hook
        query = urllib.parse.urlencode({"hub.mode": mode, "hub.verify_token": token, "hub.challenge": challenge})
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            connection.request("GET", f"{path}?{query}")
            reply = connection.getresponse()
            return reply.status, reply.read().decode(errors="replace")
        finally:
            connection.close()

    # ---- customers: payloads of this number; each may be given to deliver() ----
    def __getattr__(self, name):
        """graph.text(...) is graph_payloads.text(number, ...), at graph.now() when no time is given."""
        make = getattr(payloads, name, None) if not name.startswith("_") else None
        if not callable(make):
            raise AttributeError(name)

        def made(*args, number=None, **more):
            if name not in ("album", "location"):
                more.setdefault("at", self.now())
            return make(number or self.number, *args, **more)
        return made

    def say(self, sender, body, **more):
        return self.deliver(self.text(sender, body, **more))

    def tell(self, message, *words, **more):
        """Statuses of an accepted message; the HTTP statuses they got."""
        return [self.deliver(self.status(message.id, word, to=message.to, user_id=message.user_id, key=message.key,
                                         number=message.number, **more)) for word in words]

    def follow(self, message):
        """The statuses that come by themselves; nobody minds when the gateway is gone for good."""
        for word in self.auto:
            try:
                self.deliver_until_taken(self.status(message.id, word, to=message.to, user_id=message.user_id,
                                                     key=message.key, number=message.number))
            except AssertionError:
                return

    # ---- waiting ----
    def wait(self, check, what, patience=PATIENCE):
        with self.changed:
            if not self.changed.wait_for(check, patience):
                raise AssertionError(f"waited {patience} s in vain for {what}; accepted: {self.accepted}, "
                                     f"last requests: {[(r.method, r.path) for r in self.requests[-5:]]}")

    def wait_accepted(self, count=1, patience=PATIENCE, **match):
        """At least count accepted messages (with these attributes, such as to=, text=)."""
        def found():
            return [m for m in self.accepted if all(getattr(m, k) == v for k, v in match.items())]
        self.wait(lambda: len(found()) >= count, f"{count} messages {match or ''}", patience)
        return found()

    def wait_signs(self, count=1, patience=PATIENCE):
        self.wait(lambda: len(self.signs) >= count, f"{count} read marks", patience)
        return list(self.signs)

    def wait_posts(self, count=1, patience=PATIENCE):
        """Attempts at /messages, whatever became of them."""
        def found():
            return [r for r in self.requests if r.method == "POST" and r.path.endswith("/messages")]
        self.wait(lambda: len(found()) >= count, f"{count} attempts", patience)
        return found()

    # ---- by hand: POST /_fake/... ----
    def steer(self, handler, method, parts, body):
        asked = json.loads(body or b"{}")
        if parts == ["say"]:
            handler.answer({"status": self.say(asked["from"], asked["text"], **asked.get("more", {}))})
        elif parts == ["status"]:
            message = self.accepted[asked.get("index", -1)]
            handler.answer({"statuses": self.tell(message, *asked["words"])})
        elif parts == ["deliver"]:
            handler.answer({"status": self.deliver(asked)})
        elif parts == ["fail"]:
            self.fail(asked["code"], asked.get("times", 1))
            handler.answer({})
        elif parts == ["accepted"] and method == "GET":
            handler.answer([dict(message.body, id=message.id) for message in self.accepted])
        else:
            handler.answer({"verbs": ["say", "status", "deliver", "fail", "accepted"]}, 404)


def main():
    parser = argparse.ArgumentParser(description="A WhatsApp Cloud API to play with.  Customers are led by "
                                     "POST /_fake/say {\"from\":\"+44...\",\"text\":\"hello\"}; GET /_fake/accepted "
                                     "shows what was sent to them.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--token", default="EAAG-token")
    parser.add_argument("--app-secret", default="0123456789abcdef0123456789abcdef")
    parser.add_argument("--number", default="109876543210", help="phone_number_id")
    parser.add_argument("--gateway", default="8420", help="port of headgated")
    parser.add_argument("--channel", default="wa-main", help="name of its channel")
    parser.add_argument("--auto", default="sent,delivered", help="statuses that follow each message by themselves")
    asked = parser.parse_args()
    graph = FakeGraph(asked.token, asked.app_secret, asked.number, asked.port, steerable=True)
    graph.target(int(asked.gateway), asked.channel)
    graph.auto = tuple(word for word in asked.auto.split(",") if word)
    print(f"base_url: {graph.url}", flush=True)
    try:
        shown = 0
        while True:
            graph.wait(lambda: len(graph.accepted) > shown, "a message", 1 << 20)
            for message in graph.accepted[shown:]:
                print(f"to {message.to or message.user_id}: {message.text if message.text else message.type}", flush=True)
            shown = len(graph.accepted)
    except KeyboardInterrupt:
        graph.close()


if __name__ == "__main__":
    main()
