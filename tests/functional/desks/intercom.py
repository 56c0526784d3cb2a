"""Intercom, as its OpenAPI files and webhook reference say: contacts that are there already are 409 with their id in the words, a search that is
late, replies refused on back-office tickets, webhooks that come once more and then never."""
import hashlib
import hmac
import html
import json
import re
import time

from fake_desk import FakeDesk

TOKEN, SECRET, ADMIN = "intercom-token-0123456789abcdef", "intercom-client-secret-0123456789", "991267943"
LATE = 10		# seconds until the search knows
CATEGORIES = {"1": "submitted", "2": "in_progress", "3": "waiting_on_customer", "4": "resolved"}


def error(status, code, message):
    return status, {"type": "error.list", "request_id": "x", "errors": [{"code": code, "message": message}]}


class Intercom(FakeDesk):
    preset = "intercom"
    created = r"/tickets"
    appended = r"/tickets/\d+/reply"
    solved = "resolved"
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ admin: "{ADMIN}", ticket_type: "88", attribute_id: "196" }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next, self.contacts, self.files, self.category = time.time, 5000, {}, {}, "Customer"
        for method, path, function in (
                ("POST", r"/contacts", self.add_contact), ("POST", r"/tickets", self.add_ticket), ("GET", r"/tickets/(\d+)", self.show),
                ("PUT", r"/tickets/(\d+)", self.change), ("POST", r"/tickets/(\d+)/reply", self.reply), ("POST", r"/tickets/search", self.search),
                ("GET", r"/ticket_states", self.states)):
            self.route(method, path)(self.guarded(function))
        self.route("GET", r"/stored/(\d+)")(lambda call: (200, self.files[call.match.group(1)][1]))

    def guarded(self, function):
        def answer(call):
            if call.headers.get("authorization") != f"Bearer {TOKEN}":
                return error(401, "unauthorized", "Access Token Invalid")
            if call.headers.get("intercom-version") != "2.14":
                return error(400, "intercom_version_invalid", "The requested version could not be found")
            return function(call)
        return answer

    def number(self):
        self.next += 1
        return str(self.next)

    # ---- what it is asked ----
    def add_contact(self, call):
        asked = call.json
        known = next((c for c in self.contacts.values() if any(asked.get(k) and asked[k] == c.get(k) for k in ("external_id", "email"))), None)
        if known:
            return error(409, "conflict", f"A contact matching those details already exists with id={known['id']}")
        contact = dict(asked, type="contact", id=f"6762f0dd{self.number()}")
        self.contacts[contact["id"]] = contact
        return 200, contact

    def add_ticket(self, call):
        asked = call.json
        if asked["ticket_type_id"] != "88" or set(asked["ticket_attributes"]) != {"_default_title_", "_default_description_", "headgate_id"}:
            return error(400, "parameter_invalid", "Ticket attribute is not of this ticket type")
        if asked["contacts"][0]["id"] not in self.contacts:
            return error(404, "not_found", "User Not Found")
        ticket = self.create(ticket_id=self.number(), contact=asked["contacts"][0]["id"], attributes=asked["ticket_attributes"], state="submitted",
                             born=self.time(), updated=int(self.time()))
        return 200, self.shown(ticket)

    def shown(self, ticket):
        return {"type": "ticket", "id": str(ticket["id"]), "ticket_id": ticket["ticket_id"], "ticket_attributes": ticket["attributes"],
                "ticket_state": {"type": "ticket_state", "category": ticket["state"]}, "updated_at": ticket["updated"],
                "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": ticket["contact"]}]},
                "ticket_parts": {"type": "ticket_part.list", "ticket_parts": ticket["messages"], "total_count": len(ticket["messages"])}}

    def of(self, call):
        return self.tickets.get(int(call.match.group(1)))

    def show(self, call):
        return (200, self.shown(self.of(call))) if self.of(call) else error(404, "not_found", "Resource Not Found")

    def part(self, ticket, kind, author, **more):
        part = dict(more, type="ticket_part", id=self.number(), part_type=kind, author=author, created_at=int(self.time()), updated_at=int(self.time()))
        ticket["messages"].append(part)
        ticket["updated"] = int(self.time())
        return part

    def reply(self, call):
        ticket, asked = self.of(call), call.json
        if not ticket:
            return error(404, "not_found", "Resource Not Found")
        if asked["type"] == "user" and self.category != "Customer":
            return error(400, "parameter_mismatch", "User replies are not allowed on Backoffice tickets")
        if asked["type"] == "user" and asked["intercom_user_id"] != ticket["contact"]:
            return error(404, "not_found", "User Not Found")
        author = {"type": "user", "id": ticket["contact"]} if asked["type"] == "user" else {"type": "admin", "id": asked["admin_id"]}
        return 200, self.part(ticket, asked["message_type"], author, body=asked["body"], attachments=[])

    def states(self, call):
        types = {"type": "list", "data": [{"id": "55"}, {"id": "88"}]}
        old = {"id": "9", "category": "resolved", "archived": True, "ticket_types": types}
        return 200, {"type": "list", "data": [old] + [{"id": n, "category": c, "archived": False, "ticket_types": types} for n, c in CATEGORIES.items()]}

    def change(self, call):
        ticket = self.of(call)
        if isinstance(call.json["admin_id"], str):
            return error(400, "parameter_invalid", "admin_id is a number")
        ticket["state"] = CATEGORIES[call.json["ticket_state_id"]]
        self.part(ticket, "ticket_state_updated_by_admin", {"type": "admin", "id": ADMIN}, ticket_state=ticket["state"])
        return 200, self.shown(ticket)

    def search(self, call):
        query = call.json["query"]
        if query["operator"] == "AND":
            since = query["value"][0]["value"]
            found = [t for t in self.tickets.values() if t["updated"] > since]
        else:
            found = [t for t in self.tickets.values() if t["attributes"]["headgate_id"] == query["value"] and self.time() - t["born"] >= LATE]
        return 200, {"type": "ticket.list", "tickets": [self.shown(t) for t in found], "total_count": len(found), "pages": {"type": "pages", "page": 1}}

    # ---- what tests look at ----
    def plain(self, words):
        return html.unescape(re.sub(r"<br ?/?>", "\n", words))

    def words(self, ticket):
        return [ticket["attributes"]["_default_description_"]] + [p["body"] for p in ticket["messages"] if p["author"]["type"] == "user"]

    def notes(self, ticket):
        return [self.plain(p["body"]) for p in ticket["messages"] if p["part_type"] == "note" and p["author"]["id"] == ADMIN]

    # ---- what agents do ----
    def told(self, topic, item):
        body = json.dumps({"type": "notification_event", "app_id": "x", "id": f"notif_{self.number()}", "topic": topic, "delivery_attempts": 1,
                           "data": {"type": "notification_event_data", "item": item}}).encode()
        return body, {"Content-Type": "application/json", "X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}

    def answer(self, ticket, text, internal=False, file=None):
        files = []
        if file:
            number = self.number()
            self.files[number] = (file[0], file[1])
            files = [{"type": "upload", "name": file[0], "url": f"{self.url}/stored/{number}", "content_type": file[2], "filesize": len(file[1])}]
        part = self.part(ticket, "note" if internal else "comment", {"type": "admin", "id": "5", "name": "Emma"}, body=f"<p>{text}</p>", attachments=files)
        # Where the ticket stands differs between topics.
        if internal:
            return self.told("ticket.note.created", {"type": "ticket", "id": str(ticket["id"])})
        return self.told("ticket.admin.replied", {"type": "ticket", "ticket": {"id": str(ticket["id"])}, "ticket_part": part})

    def solve(self, ticket):
        ticket["state"] = "resolved"
        self.part(ticket, "ticket_state_updated_by_admin", {"type": "admin", "id": "5", "name": "Emma"}, ticket_state="resolved")
        return self.told("ticket.state.updated", {"type": "ticket", "id": str(ticket["id"])})

    def state(self, ticket):
        return ticket["state"]
