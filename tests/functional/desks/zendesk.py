"""Zendesk, as its reference says: idempotency keys, comments in the requester's name, closed tickets that take nothing, event webhooks without
files, and 200 as "Anonymous user" for a token nobody knows."""
import base64
import datetime
import hashlib
import hmac
import json
import time

from fake_desk import FakeDesk

TOKEN, SECRET, USER, ACCOUNT = "zendesk-token-0123456789abcdef", "c2lnbmluZy1zZWNyZXQtb2YtYS10ZXN0", "headgate@acme.example", 900
LOGIN = "Basic " + base64.b64encode(f"{USER}/token:{TOKEN}".encode()).decode()


class Zendesk(FakeDesk):
    preset = "zendesk"
    created = r"/api/v2/tickets"
    appended = r"/api/v2/tickets/\d+"
    solved = "solved"
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ user: {USER}, account: "{ACCOUNT}" }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next, self.keys, self.uploads, self.files = time.time, 5000, {}, {}, {}
        self.users = {ACCOUNT: {"id": ACCOUNT, "name": "headgate", "role": "admin"}, 5: {"id": 5, "name": "Emma", "role": "agent"}}
        for method, path, function in (
                ("GET", r"/api/v2/users/me", self.me), ("GET", r"/api/v2/users/search", self.find_user),
                ("POST", r"/api/v2/users/create_or_update", self.make_user), ("POST", r"/api/v2/uploads", self.upload),
                ("POST", r"/api/v2/tickets", self.add_ticket), ("GET", r"/api/v2/tickets", self.by_external),
                ("GET", r"/api/v2/tickets/(\d+)", self.show), ("PUT", r"/api/v2/tickets/(\d+)", self.update),
                ("GET", r"/api/v2/tickets/(\d+)/audits", self.audits), ("GET", r"/api/v2/incremental/tickets/cursor", self.export),
                ("GET", r"/attachments/token/(\d+)/", self.attachment)):
            self.route(method, path)(function if function == self.me else self.guarded(function))

    def guarded(self, function):
        return lambda call: function(call) if call.headers.get("authorization") == LOGIN else (401, {"error": "Couldn't authenticate you"})

    def number(self):
        self.next += 1
        return self.next

    def iso(self):
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    # ---- people ----
    def me(self, call):
        if call.headers.get("authorization") != LOGIN:
            return 200, {"user": {"id": None, "name": "Anonymous user", "role": "end-user"}}
        return 200, {"user": self.users[ACCOUNT]}

    def find_user(self, call):
        word = call.query["query"].removeprefix("email:")
        return 200, {"users": [u for u in self.users.values() if word in (u.get("email") or "")]}

    def make_user(self, call):
        asked = call.json["user"]
        key = "email" if "email" in asked else "external_id"
        known = next((u for u in self.users.values() if u.get(key) == asked[key]), None)
        if known:
            known.update(asked)
            return 200, {"user": known}
        user = dict(asked, id=self.number(), role="end-user")
        self.users[user["id"]] = user
        return 201, {"user": user}

    # ---- tickets ----
    def upload(self, call):
        token = f"up{self.number()}"
        self.uploads[token] = (call.query["filename"], call.headers["content-type"], call.body)
        return 201, {"upload": {"token": token}}

    def audit(self, ticket, author, changes, comment=None):
        events = [{"id": self.number(), "type": "Change", "field_name": k, "value": v} for k, v in changes.items()]
        if comment:
            files = []
            for token in comment.get("uploads") or []:
                name, kind, data = self.uploads.pop(token)
                number = self.number()
                self.files[number] = (name, kind, data)
                files.append({"id": number, "file_name": name, "content_type": kind, "size": len(data),
                              "content_url": f"{self.url}/attachments/token/{number}/?name={name}"})
            events.append({"id": self.number(), "type": "Comment", "public": comment.get("public", True), "body": comment["body"],
                           "plain_body": comment["body"], "author_id": comment.get("author_id", author), "attachments": files})
        audit = {"id": self.number(), "ticket_id": ticket["id"], "author_id": comment.get("author_id", author) if comment else author,
                 "created_at": self.iso(), "events": events}
        ticket["messages"].append(audit)
        ticket.update(changes, updated_at=self.iso(), updated_s=self.time())
        return audit

    def add_ticket(self, call):
        key = call.headers.get("idempotency-key")
        if key in self.keys:
            return 201, {"ticket": self.shown(self.keys[key])}, {"X-Idempotency-Lookup": "hit"}
        asked = call.json["ticket"]
        if asked["requester_id"] not in self.users:
            return 422, {"error": "RecordInvalid", "description": "Record validation errors"}
        ticket = self.create(external_id=asked.get("external_id"), requester_id=asked["requester_id"], status="new", subject=asked["subject"],
                             tags=asked.get("tags", []), priority=asked.get("priority"))
        self.audit(ticket, asked["submitter_id"], {}, asked["comment"])
        self.keys[key] = ticket
        return 201, {"ticket": self.shown(ticket)}, {"X-Idempotency-Lookup": "miss"}

    def shown(self, ticket):
        return {k: v for k, v in ticket.items() if k not in ("messages", "updated_s")}

    def by_external(self, call):
        return 200, {"tickets": [self.shown(t) for t in self.tickets.values() if t["external_id"] == call.query["external_id"]]}

    def of(self, call):
        return self.tickets.get(int(call.match.group(1)))

    def show(self, call):
        return (200, {"ticket": self.shown(self.of(call))}) if self.of(call) else (404, {"error": "RecordNotFound"})

    def update(self, call):
        ticket, asked = self.of(call), call.json["ticket"]
        if not ticket:
            return 404, {"error": "RecordNotFound", "description": "Not found"}
        if ticket["status"] == "closed":
            return 422, {"error": "RecordInvalid", "description": "Record validation errors",
                         "details": {"status": [{"description": "Status: closed prevents ticket update"}]}}
        changes = {"status": asked["status"]} if "status" in asked else {}
        audit = self.audit(ticket, ACCOUNT, changes, asked.get("comment"))
        return 200, {"ticket": self.shown(ticket), "audit": audit}

    def audits(self, call):
        if not self.of(call):
            return 404, {"error": "RecordNotFound"}
        return 200, {"audits": list(reversed(self.of(call)["messages"])), "users": list(self.users.values())}

    def export(self, call):
        since = int(call.query["start_time"])
        found = [self.shown(t) for t in self.tickets.values() if since <= t["updated_s"]]
        return 200, {"tickets": found, "after_cursor": "MTU3", "end_of_stream": True}

    def attachment(self, call):
        name, kind, data = self.files[int(call.match.group(1))]
        return 200, data, {"Content-Type": kind}

    # ---- what tests look at ----
    def comments(self, ticket):
        return [e for a in ticket["messages"] for e in a["events"] if e["type"] == "Comment"]

    def words(self, ticket):
        return [c["body"] for c in self.comments(ticket) if c["public"] and c["author_id"] == ticket["requester_id"]]

    def notes(self, ticket):
        return [c["body"] for c in self.comments(ticket) if not c["public"] and c["author_id"] == ACCOUNT]

    def names(self, ticket):
        return [(f["file_name"], self.files[f["id"]][2]) for c in self.comments(ticket) if c["author_id"] == ticket["requester_id"]
                for f in c["attachments"]]

    # ---- what agents do ----
    def told(self, ticket, kind, event):
        detail = {"id": str(ticket["id"]), "external_id": ticket["external_id"], "status": ticket["status"].upper()}
        body = json.dumps({"account_id": 1, "id": f"ev{self.number()}", "type": f"zen:event-type:ticket.{kind}", "time": self.iso(),
                           "subject": f"zen:ticket:{ticket['id']}", "detail": detail, "event": event}).encode()
        at = self.iso()
        return body, {"Content-Type": "application/json", "X-Zendesk-Webhook-Signature-Timestamp": at, "X-Zendesk-Webhook-Signature":
                      base64.b64encode(hmac.new(SECRET.encode(), at.encode() + body, hashlib.sha256).digest()).decode()}

    def answer(self, ticket, text, internal=False, file=None, by=5):
        tokens = []
        if file:
            tokens = [f"up{self.number()}"]
            self.uploads[tokens[0]] = (file[0], file[2], file[1])
        audit = self.audit(ticket, by, {}, {"body": text, "public": not internal, "author_id": by, "uploads": tokens})
        comment, author = audit["events"][-1], self.users[by]
        return self.told(ticket, "comment_added", {"comment": {
            "id": str(comment["id"]), "body": text, "is_public": not internal,
            "author": {"id": str(by), "name": author["name"], "is_staff": author["role"] != "end-user"}}})

    def solve(self, ticket):
        before = ticket["status"].upper()
        self.audit(ticket, 5, {"status": "solved"})
        return self.told(ticket, "status_changed", {"current": "SOLVED", "previous": before})

    def state(self, ticket):
        return ticket["status"]
