"""The page with the customer's devices, the gateway's decisions and the helpdesk: files, a live stream, and what its buttons do.

It listens on loopback only, and does nothing for a request that another page sent: Host and Origin must be its own."""
import http.server
import json
import pathlib
import re
import secrets
import sys
import threading
import urllib.parse

import gateway
import picture

FOLDER = pathlib.Path(__file__).resolve().parent / "page"
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
         ".svg": "image/svg+xml"}
BODY_MAX = 64 * 1024
BEAT = 15			# seconds between signs of life of a stream
# Pictures that a browser shows without running anything in them; every other file is only saved.
PICTURES = {"image/png", "image/jpeg", "image/gif", "image/webp"}


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        if not isinstance(sys.exc_info()[1], OSError):		# a page that went away is no news
            super().handle_error(request, client_address)


class Page:
    """verbs: name -> function of the body (a dict) that returns a dict; shop: what the shop's server does, likewise."""

    def __init__(self, board, api, port, gateway_url, verbs, shop):
        self.board, self.api, self.gateway_url, self.verbs, self.shop = board, api, gateway_url, verbs, shop
        self.run = secrets.token_hex(4)		# a page that was open before this run begins anew
        self.server = Server(("127.0.0.1", port), type("PageHandler", (Handler,), {"page": self}))
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()

    def policy(self, path):
        """The page and the shop run nothing but their own files; the shop takes the widget from the gateway besides."""
        rules = ["default-src 'none'", "base-uri 'none'", "form-action 'none'", "frame-ancestors 'self'", "style-src 'self'",
                 "require-trusted-types-for 'script'"]
        if path == "/shop":
            rules += [f"script-src 'self' {self.gateway_url}", f"connect-src 'self' {self.gateway_url}",
                      f"img-src 'self' {self.gateway_url} data: blob:", f"media-src {self.gateway_url}"]
        else:
            rules += ["script-src 'self'", "connect-src 'self'", "img-src 'self' data:", "frame-src 'self'"]
        return "; ".join(rules)

    def file(self, path):
        """(type, bytes) of a file of the page, or None."""
        name = {"/": "index.html", "/shop": "shop.html"}.get(path, path[1:])
        found = FOLDER / name
        if not re.fullmatch(r"[a-z]+\.[a-z]+", name) or found.suffix not in TYPES or not found.is_file():
            return None
        body = found.read_bytes()
        if found.suffix == ".html":
            body = body.replace(b"@GATEWAY@", self.gateway_url.encode())
        return TYPES[found.suffix], body


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    page = None			# set by Page

    def log_message(self, *args):
        pass

    def ours(self):
        """Whether this page asks, and not another one that the browser has open, under whatever name it reached us."""
        names = {f"127.0.0.1:{self.page.port}", f"localhost:{self.page.port}"}
        host, origin = self.headers.get("Host", ""), self.headers.get("Origin")
        return host in names and (origin is None or origin == f"http://{host}")

    def reply(self, status, body, type="application/json", **more):
        self.send_response(status)
        headers = {"Content-Type": type, "Content-Length": len(body), "Cache-Control": "no-store",
                   "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", **more}
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, parts):
        self.reply(status, json.dumps(parts).encode())

    def refuse(self, status, why):
        self.say(status, {"error": why})

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if not self.ours():
            self.refuse(403, "this page is asked under another name")
        elif path == "/live":
            self.stream()
        elif path == "/photo.png":
            self.reply(200, picture.png(), "image/png")
        elif path.startswith("/file/"):
            self.attachment(path.removeprefix("/file/"))
        else:
            found = self.page.file(path)
            if found:
                self.reply(200, found[1], found[0], Content_Security_Policy=self.page.policy(path))
            else:
                self.refuse(404, "there is no such page")

    def do_POST(self):
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = BODY_MAX + 1
        if length > BODY_MAX or not self.ours() or self.headers.get("Content-Type") != "application/json":
            self.close_connection = True
            self.refuse(403, "only this page may ask that")
            return
        body = self.rfile.read(length)
        kind, _, verb = urllib.parse.urlsplit(self.path).path[1:].partition("/")
        verbs = {"do": self.page.verbs, "shop": self.page.shop}.get(kind, {})
        if verb not in verbs:
            self.refuse(404, "there is no such button")
            return
        try:
            said = json.loads(body or b"{}")
            self.say(200, verbs[verb](said if isinstance(said, dict) else {}) or {})
        except gateway.Refused as refused:
            self.refuse(409, str(refused))
        except (KeyError, TypeError, ValueError):
            self.refuse(400, "something is missing")
        except OSError:
            self.refuse(502, "headgate does not answer")

    def stream(self):
        """Every card, then every change of one; a page that lost the connection goes on where it was."""
        run, _, turn = (self.headers.get("Last-Event-ID") or "").partition(".")
        turn = int(turn) if run == self.page.run and turn.isdigit() else 0
        self.send_response(200)
        for name, value in (("Content-Type", "text/event-stream"), ("Cache-Control", "no-store"), ("Connection", "close")):
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        if not turn:			# what there is, and a word where news begin
            cards, turn = self.page.board.since(0, 0)
            self.tell("event: anew\ndata: {}\n\n" + self.lines(cards, turn) + "event: now\ndata: {}\n\n")
        while True:
            cards, turn = self.page.board.since(turn, BEAT)
            self.tell(self.lines(cards, turn) or ": still here\n\n")

    def lines(self, cards, turn):
        """Each card as an event; the last one has the id to go on from."""
        lines = [f"data: {json.dumps(card)}\n\n" for card in cards]
        return "".join(lines[:-1]) + (f"id: {self.page.run}.{turn}\n" + lines[-1] if lines else "")

    def tell(self, text):
        self.wfile.write(text.encode())
        self.wfile.flush()

    def attachment(self, id):
        """A file of a ticket, as the helpdesk fetches it: with its token, which no browser has."""
        if not re.fullmatch(r"att_[0-9a-z]{26}", id):
            self.refuse(404, "there is no such file")
            return
        try:
            body = self.page.api.call("GET", f"/v1/attachments/{id}")
        except gateway.Refused as refused:
            self.refuse(404, str(refused))
            return
        type = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query).get("type", [""])[0]
        shown = type in PICTURES
        self.reply(200, body, type if shown else "application/octet-stream", Content_Security_Policy="sandbox; default-src 'none'",
                   Content_Disposition="inline" if shown else "attachment")
