"""Zammad 6, as its API documentation and source say: articles, `condition` searches out of the database, 403 for a maintenance window and for a
ticket that was moved out of sight, a trigger's webhook signed with SHA-1."""
import base64
import datetime
import hashlib
import hmac
import json
import time

from fake_desk import FakeDesk

TOKEN, SECRET = "zammad-token-0123456789abcdef", "zammad-hook-0123456789"
ACCOUNT = "headgate@desk.example"


class Zammad(FakeDesk):
    preset = "zammad"
    created = r"/api/v1/tickets"
    appended = r"/api/v1/ticket_articles"
    solved = "closed"
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ group: Chat, account: {ACCOUNT} }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next_article, self.files = time.time, 100, {}
        for method, path, function in (
                ("POST", r"/api/v1/tickets", self.add_ticket), ("PUT", r"/api/v1/tickets/(\d+)", self.change_ticket),
                ("GET", r"/api/v1/tickets/search", self.search), ("POST", r"/api/v1/ticket_articles", self.add_article),
                ("GET", r"/api/v1/ticket_articles/by_ticket/(\d+)", self.articles), ("GET", r"/api/v1/users/me", self.me),
                ("GET", r"/api/v1/ticket_attachment/(\d+)/(\d+)/(\d+)", self.attachment)):
            self.route(method, path)(self.guarded(function))

    def guarded(self, function):
        def answer(call):
            if call.headers.get("authorization") != f"Token token={TOKEN}":
                return 401, {"error": "Can't find User for Token", "error_human": "Can't find User for Token"}
            return function(call)
        return answer

    def iso(self):
        at = datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"

    # ---- what it is asked ----
    def add_words(self, ticket, fields, by):
        article = {"id": self.next_article, "ticket_id": ticket["id"], "type": fields.get("type", "note"), "body": fields["body"],
                   "sender": fields.get("sender", "Agent"), "internal": fields.get("internal", False), "created_at": self.iso(),
                   "content_type": fields.get("content_type", "text/plain"), "message_id": fields.get("message_id"), "created_by": by,
                   "from": fields.get("from", "headgate"), "attachments": []}
        for file in fields.get("attachments", []):
            number = 1000 + len(self.files)
            self.files[number] = base64.b64decode(file["data"], validate=True)
            article["attachments"].append({"id": number, "filename": file["filename"], "size": str(len(self.files[number])),
                                           "preferences": {"Content-Type": file["mime-type"]}})
        self.next_article += 1
        ticket["messages"].append(article)
        ticket["updated_at"] = self.iso()
        return article

    def add_ticket(self, call):
        asked = call.json
        if asked.get("group") != "Chat":
            return 422, {"error": f"No value found for 'group' with id \"{asked.get('group')}\""}
        if not asked.get("customer") or "body" not in asked.get("article", {}):
            return 422, {"error": 'Need at least article: { body: "some text" }'}
        ticket = self.create(title=asked["title"], customer=asked["customer"], tags=asked.get("tags"), state="new", owner_id=1, owner={"email": None},
                             headgate_id=asked.get("headgate_id"), priority=asked.get("priority", "2 normal"))
        ticket["number"] = f"220{ticket['id']:02}"
        self.add_words(ticket, asked["article"], ACCOUNT)
        return 201, self.shown(ticket)

    def shown(self, ticket):
        return {k: v for k, v in ticket.items() if k not in ("messages", "hidden")}

    def add_article(self, call):
        ticket = self.tickets.get(call.json["ticket_id"])
        if not ticket:
            return 404, {"error": f"Couldn't find Ticket with 'id'={call.json['ticket_id']}"}
        if ticket.get("hidden"):
            return 403, {"error": "Not authorized", "error_human": "Not authorized"}
        return 201, self.add_words(ticket, call.json, ACCOUNT)

    def change_ticket(self, call):
        ticket = self.tickets[int(call.match.group(1))]
        ticket.update(state=call.json["state"], updated_at=self.iso())
        return 200, self.shown(ticket)

    def search(self, call):
        def fits(ticket):
            for name, value in call.query.items():
                if not name.endswith("][value]"):
                    continue
                field = name.removeprefix("condition[ticket.").removesuffix("][value]")
                how, has = call.query[f"condition[ticket.{field}][operator]"], ticket.get(field) or ""
                if not {"is": has == value, "contains": value in has, "after (absolute)": has > value}[how]:
                    return False
            return True
        found = sorted((t for t in self.tickets.values() if fits(t)), key=lambda t: t["updated_at"])
        return 200, [self.shown(t) for t in found[:int(call.query.get("limit", 50))]]

    def articles(self, call):
        return 200, self.tickets[int(call.match.group(1))]["messages"]

    def me(self, call):
        return 200, {"id": 3, "login": ACCOUNT, "email": ACCOUNT}

    def attachment(self, call):
        return 200, self.files[int(call.match.group(3))], {"Content-Type": "application/octet-stream"}

    # ---- what tests look at ----
    def words(self, ticket):
        return [a["body"] for a in ticket["messages"] if a["sender"] == "Customer" and not a["internal"]]

    def notes(self, ticket):
        return [a["body"] for a in ticket["messages"] if a["internal"] and a["created_by"] == ACCOUNT]

    def names(self, ticket):
        return [(f["filename"], self.files[f["id"]]) for a in ticket["messages"] if a["sender"] == "Customer" for f in a["attachments"]]

    # ---- what agents do ----
    def told(self, ticket, article=None):
        """What the trigger's webhook sends."""
        user = {"id": 5, "login": "emma@desk.example", "email": "emma@desk.example"}
        shown = dict(self.shown(ticket), updated_by=user, owner_id=ticket["owner_id"])
        article = article and dict(article, created_by=user, attachments=[
            dict(f, url=f"https://zammad.example.com/api/v1/ticket_attachment/{ticket['id']}/{article['id']}/{f['id']}")
            for f in article["attachments"]])
        body = json.dumps({"ticket": shown, "article": article or {}}).encode()
        return body, {"Content-Type": "application/json; charset=utf-8", "X-Zammad-Trigger": "headgate", "X-Zammad-Delivery": f"{self.next_article}",
                      "X-Hub-Signature": "sha1=" + hmac.new(SECRET.encode(), body, hashlib.sha1).hexdigest()}

    def answer(self, ticket, text, internal=False, file=None):
        ticket["state"] = "open"
        files = [{"filename": file[0], "data": base64.b64encode(file[1]).decode(), "mime-type": file[2]}] if file else []
        article = self.add_words(ticket, {"body": f"<div>{text}</div>", "content_type": "text/html", "internal": internal, "from": "Emma Taylor",
                                      "attachments": files}, "emma@desk.example")
        return self.told(ticket, article)

    def solve(self, ticket):
        ticket.update(state="closed", updated_at=self.iso())
        return self.told(ticket)

    def state(self, ticket):
        return ticket["state"]
