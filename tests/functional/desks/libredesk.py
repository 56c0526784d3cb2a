"""LibreDesk 2.7.0, as its source says: files first, HTML in conversations, notes that are templates, a webhook signed over its body
alone."""
import base64
import datetime
import hashlib
import hmac
import json
import re
import time
import uuid

from fake_desk import FakeDesk

KEY, TOKEN, SECRET, USER, AGENT, INBOX = "ldkey0123456789", "ldsecret0123456789", "libredesk-hook-secret-0123456789", 12, 14, 3


def error(status, message, kind="InputException"):
    return status, {"status": "error", "message": message, "data": None, "error_type": kind}


def done(data):
    return 200, {"status": "success", "data": data}


class LibreDesk(FakeDesk):
    preset = "libredesk"
    polled = "/api/v1/conversations/all"		# asked in each poll
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_KEY=KEY, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
credentials: {{ key: env:TEST_DESK_KEY }}
values: {{ inbox: "{INBOX}", agent: "{USER}" }}
"""

    def __init__(self):
        super().__init__()
        self.time = time.time		# whose clock it goes by
        self.media, self.ticks = {}, 0
        for method, path, function in (
                ("POST", "/api/v1/media", self.upload), ("POST", "/api/v1/conversations", self.add_conversation),
                ("GET", "/api/v1/conversations/all", self.list_all), ("POST", r"/api/v1/conversations/([\w-]+)/messages", self.add_message),
                ("GET", r"/api/v1/conversations/([\w-]+)/messages", self.messages), ("PUT", r"/api/v1/conversations/([\w-]+)/status", self.set_status),
                ("GET", "/api/v1/messages/search", self.search), ("GET", "/api/v1/agents/me", lambda call: done({"id": USER})),
                ("GET", r"/uploads/([\w-]+)", self.serve)):
            self.route(method, path)(lambda call, function=function: self.stranger(call) or function(call))

    def stranger(self, call):
        given = base64.b64decode(call.headers.get("authorization", "").removeprefix("Basic ")).decode()
        signed = call.path.startswith("/uploads/") and call.query.get("sig") == "abc"
        return None if given == f"{KEY}:{TOKEN}" or signed else error(401, "Invalid or expired session", "GeneralException")

    def now(self):
        """No two things at the same moment."""
        self.ticks += 0.001
        return datetime.datetime.fromtimestamp(self.time() + self.ticks, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def of(self, call):
        return next((t for t in self.tickets.values() if t["uuid"] == call.match[1]), None)

    def upload(self, call):
        file = next(part for part in call.parts if part.name == "files")
        if not file.body:
            return error(400, "File is empty")
        if file.filename.endswith(".exe"):
            return error(400, "File type not allowed")
        number = len(self.media) + 50
        self.media[number] = (file.filename, file.body)
        return done({"id": number, "uuid": str(uuid.uuid4()), "filename": file.filename, "content_type": file.type, "size": len(file.body)})

    def add_conversation(self, call):
        fields = call.json
        if fields["inbox_id"] != INBOX or not fields["content"] or not fields["first_name"] or fields["initiator"] != "contact":
            return error(400, "Something went wrong")
        if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", fields["contact_email"]):
            return error(400, "Invalid email")
        ticket = self.create(uuid=str(uuid.uuid4()), status="Open", subject=fields["subject"], contact=fields["contact_email"])
        ticket["number"] = str(100 + ticket["id"])
        self.note_message(ticket, fields["content"], "incoming", files=[self.media[i] for i in fields["attachments"]])
        return done({"id": ticket["id"], "uuid": ticket["uuid"], "reference_number": ticket["number"], "status": "Open", "inbox_id": INBOX})

    def note_message(self, ticket, content, kind, private=False, who=70, files=()):
        message = dict(uuid=str(uuid.uuid4()), created_at=self.now(), type=kind, content=content, private=private, files=list(files), who=who)
        ticket["messages"].append(message)
        ticket["last_message_at"] = self.now()
        return message

    def shown(self, ticket, message):
        files = []
        for name, data in message["files"]:
            key = str(uuid.uuid5(uuid.NAMESPACE_URL, name))
            self.media[key] = (name, data)
            files.append({"name": name, "size": len(data), "content": None, "content_type": "application/octet-stream", "uuid": key,
                          "url": f"{self.url}/uploads/{key}?sig=abc&exp=9", "disposition": "attachment"})
        return {"uuid": message["uuid"], "created_at": message["created_at"], "type": message["type"], "status": "pending",
                "conversation_uuid": ticket["uuid"], "content": message["content"], "content_type": "html", "private": message["private"],
                "sender_id": message["who"], "sender_type": "contact" if message["type"] == "incoming" else "agent", "meta": {},
                "attachments": files, "author": {"id": message["who"], "first_name": "Beth", "last_name": "B"}}

    def serve(self, call):
        return 200, self.media[call.match[1]][1], {"Content-Type": "application/octet-stream"}

    def add_message(self, call):
        ticket, fields = self.of(call), call.json
        if not ticket:
            return error(404, "Conversation not found", "NotFoundException")
        if fields["sender_type"] == "contact" and fields["private"]:
            return error(400, "Bad request")
        content, files = fields["message"], [self.media[i] for i in fields["attachments"]]
        if fields["private"]:
            content = self.render(content)
        message = self.note_message(ticket, content, "outgoing" if fields["sender_type"] == "agent" else "incoming", fields["private"],
                                    USER if fields["sender_type"] == "agent" else 70, files)
        return done(self.shown(ticket, message))

    def render(self, content):
        """As text/template does, as far as it matters: what cannot be parsed is left as it is."""
        actions = re.findall(r"\{\{(.*?)(?:\}\}|$)", content, re.S)
        if content.count("{{") != content.count("}}") or any(not re.fullmatch(r"\s*[.\w]+\s*", a) for a in actions):
            return content
        return re.sub(r"\{\{.*?\}\}", "RENDERED", content)

    def messages(self, call):
        ticket = self.of(call)
        assert call.query["type"] == "outgoing"
        rows = [self.shown(ticket, m) for m in reversed(ticket["messages"]) if m["type"] == "outgoing"]
        return done({"results": rows[:30], "total": len(rows), "per_page": 30, "total_pages": 1, "page": 1})

    def list_all(self, call):
        filters = {f["field"]: f["value"] for f in json.loads(call.query.get("filters", "[]"))}
        rows = sorted((t for t in self.tickets.values() if t["last_message_at"] > filters.get("last_message_at", "")), key=lambda t: t["last_message_at"])
        return done({"results": [{"uuid": t["uuid"], "reference_number": t["number"], "status": t["status"], "last_message_at": t["last_message_at"]}
                                 for t in rows], "total": len(rows), "per_page": 100, "total_pages": 1, "page": 1})

    def set_status(self, call):
        ticket = self.of(call)
        assert call.json["status"] in ("Open", "Resolved", "Closed")
        ticket.update(status=call.json["status"], last_message_at=self.now())
        return done(True)

    def search(self, call):
        wanted = call.query["query"]
        found = [t for t in self.tickets.values() if any(wanted in m["content"] for m in t["messages"])]
        return done([{"conversation_reference_number": t["number"], "conversation_uuid": t["uuid"], "conversation_status": t["status"]} for t in found])

    # ---- what tests see and do ----
    def words(self, ticket):
        return [re.sub(r"<br><br><small>.*", "", m["content"]) for m in ticket["messages"] if m["type"] == "incoming"]

    def notes(self, ticket):
        return [m["content"] for m in ticket["messages"] if m["private"]]

    def names(self, ticket):
        return [file for m in ticket["messages"] if m["type"] == "incoming" for file in m["files"]]

    def external(self, ticket):
        return re.search(r"tkt_\w+", ticket["messages"][0]["content"])[0]

    def answer(self, ticket, text, files=()):
        message = self.note_message(ticket, f"<p>{text}</p>", "outgoing", who=AGENT, files=files)
        return self.webhook("message.created", self.shown(ticket, message))

    def solve(self, ticket):
        before, ticket["status"], ticket["last_message_at"] = ticket["status"], "Resolved", self.now()
        return self.webhook("conversation.status_changed", {"conversation_uuid": ticket["uuid"], "previous_status": before, "new_status": "Resolved",
                                                            "snooze_until": "", "actor_id": AGENT, "conversation": {"reference_number": ticket["number"]}})

    def webhook(self, event, payload):
        body = json.dumps({"event": event, "payload": payload, "timestamp": self.now()}).encode()
        return body, {"Content-Type": "application/json", "X-Libredesk-Signature": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def plain(self, html):
        return re.sub(r"<br\s*/?>", "\n", html)
