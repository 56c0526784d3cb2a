"""Freshdesk, as its API reference says: multipart for files, a search that is minutes late, a rule's webhook without id and signature, files
at addresses of somebody else."""
import base64
import datetime
import html
import json
import re
import time

from fake_desk import FakeDesk

KEY, SECRET, ACCOUNT = "freshdesk-key-0123456789", "freshdesk-hook-0123456789", 43000000001
LOGIN = "Basic " + base64.b64encode(f"{KEY}:X".encode()).decode()
LATE = 120		# seconds until the search knows


class Freshdesk(FakeDesk):
    preset = "freshdesk"
    created = r"/api/v2/tickets"
    appended = r"/api/v2/tickets/\d+/notes"
    solved = 4
    secrets = dict(TEST_DESK_TOKEN=KEY, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ account: "{ACCOUNT}" }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next, self.files = time.time, 5000, {}
        for method, path, function in (
                ("POST", r"/api/v2/tickets", self.add_ticket), ("GET", r"/api/v2/tickets", self.list_tickets),
                ("GET", r"/api/v2/tickets/(\d+)", self.show), ("PUT", r"/api/v2/tickets/(\d+)", self.update),
                ("POST", r"/api/v2/tickets/(\d+)/notes", self.add_note), ("GET", r"/api/v2/tickets/(\d+)/conversations", self.conversations),
                ("GET", r"/api/v2/search/tickets", self.search), ("GET", r"/api/v2/agents/me", lambda call: (200, {"id": ACCOUNT}))):
            self.route(method, path)(self.guarded(function))
        self.route("GET", r"/stored/(\d+)")(lambda call: (200, self.files[int(call.match.group(1))][1]))

    def guarded(self, function):
        return lambda call: function(call) if call.headers.get("authorization") == LOGIN else (
            401, {"code": "invalid_credentials", "message": "You have to be logged in to perform this action."})

    def number(self):
        self.next += 1
        return self.next

    def iso(self):
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")

    def keep(self, name, kind, data):
        number = self.number()
        self.files[number] = (name, data)
        return {"id": number, "name": name, "content_type": kind, "size": len(data), "attachment_url": f"{self.url}/stored/{number}"}

    def refused(self, field, message):
        return 400, {"description": "Validation failed", "errors": [{"field": field, "message": message, "code": "invalid_value"}]}

    # ---- what it is asked ----
    def add_ticket(self, call):
        parts = {p.name: p.body.decode() for p in call.parts if p.filename is None}
        if not any(parts.get(k) for k in ("email", "phone", "unique_external_id")):
            return self.refused("email", "One of requester_id, phone, email, twitter_id, unique_external_id is mandatory")
        if parts.get("phone") and not parts.get("name"):
            return self.refused("name", "It should be a valid name")
        ticket = self.create(subject=parts["subject"], description=parts["description"], status=int(parts["status"]), requester_id=103,
                             requester={k: parts.get(k) for k in ("email", "phone", "unique_external_id", "name")}, priority=int(parts["priority"]),
                             tags=[parts["tags[]"]], custom_fields={"cf_headgate_id": parts["custom_fields[cf_headgate_id]"]},
                             updated_at=self.iso(), born=self.time(),
                             attachments=[self.keep(p.filename, p.type, p.body) for p in call.parts if p.filename is not None])
        return 201, self.shown(ticket)

    def shown(self, ticket):
        return {k: v for k, v in ticket.items() if k not in ("messages", "born", "requester")}

    def of(self, call):
        return self.tickets[int(call.match.group(1))]

    def show(self, call):
        return 200, self.shown(self.of(call))

    def list_tickets(self, call):
        since = call.query["updated_since"][:19] + "Z"
        found = sorted((t for t in self.tickets.values() if t["updated_at"] >= since), key=lambda t: t["updated_at"])
        return 200, [{"id": 999, "tags": ["vip"], "status": 2, "requester_id": 1}] + [self.shown(t) for t in found]

    def update(self, call):
        self.of(call).update(status=call.json["status"], updated_at=self.iso())
        return 200, self.shown(self.of(call))

    def say(self, ticket, body, private, incoming, user, files=()):
        note = {"id": self.number(), "ticket_id": ticket["id"], "body": body, "private": private, "incoming": incoming, "user_id": user,
                "created_at": self.iso(), "attachments": [self.keep(*f) for f in files]}
        ticket["messages"].append(note)
        ticket["updated_at"] = self.iso()
        return note

    def add_note(self, call):
        if call.headers["content-type"].startswith("application/json"):
            asked, files = call.json, []
        else:
            parts = call.parts
            asked = {p.name: {"true": True, "false": False}.get(p.body.decode(), p.body.decode()) for p in parts if p.filename is None}
            files = [(p.filename, p.type, p.body) for p in parts if p.filename is not None]
        if not asked.get("body"):
            return self.refused("body", "It should not be blank as this is a mandatory field")
        return 201, self.say(self.of(call), asked["body"], asked.get("private", True), asked.get("incoming", False), ACCOUNT, files)

    def conversations(self, call):
        if call.match.group(1) == "999":
            return 200, [{"id": 1, "ticket_id": 999, "incoming": False, "private": False, "body": "of another ticket"}]
        return 200, self.of(call)["messages"][:100]

    def search(self, call):
        field, value = re.fullmatch(r"\"(\w+):'([^']*)'\"", call.query["query"]).groups()
        found = [self.shown(t) for t in self.tickets.values() if t["custom_fields"].get(field) == value and self.time() - t["born"] >= LATE]
        return 200, {"total": len(found), "results": found}

    # ---- what tests look at ----
    def plain(self, words):
        return html.unescape(re.sub(r"<br ?/?>", "\n", words))

    def words(self, ticket):
        return [self.plain(ticket["description"])] + [self.plain(m["body"]) for m in ticket["messages"] if m["incoming"]]

    def notes(self, ticket):
        return [self.plain(m["body"]) for m in ticket["messages"] if m["private"] and m["user_id"] == ACCOUNT]

    def names(self, ticket):
        return [self.files[f["id"]] for m in [ticket] + ticket["messages"] for f in m["attachments"] if m is ticket or m["incoming"]]

    # ---- what agents do ----
    def told(self, ticket):
        return json.dumps({"ticket": str(ticket["id"])}).encode(), {"Content-Type": "application/json", "X-Headgate-Key": SECRET}

    def answer(self, ticket, text, internal=False, file=None):
        self.say(ticket, f"<div>{text}</div>", internal, False, 43000000002, [(file[0], file[2], file[1])] if file else [])
        return self.told(ticket)

    def solve(self, ticket):
        ticket.update(status=4, updated_at=self.iso())
        return self.told(ticket)

    def state(self, ticket):
        return ticket["status"]
