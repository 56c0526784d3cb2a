"""Chatwoot 4.13, as its source says: an API inbox with contacts, conversations and messages, the account's API, signed webhooks."""
import hashlib
import hmac
import json
import time

from fake_desk import FakeDesk

INBOX, TOKEN, SECRET, USER, AGENT = "bVPELS5wxpG6QvR1F1camxJG", "chatwoot-token-0123456789", "chatwoot-hook-secret-0123456789", 5, 8
MISSING = 404, {"error": "Resource could not be found"}


class Chatwoot(FakeDesk):
    preset = "chatwoot"
    polled = "/api/v1/accounts/1/conversations"		# asked in each poll
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ account: "1", inbox: {INBOX}, inbox_number: "4", user: "{USER}" }}
"""

    def __init__(self):
        super().__init__()
        self.time = time.time		# whose clock it goes by
        self.contacts, self.next_message = {}, 300
        inbox, account = f"/public/api/v1/inboxes/{INBOX}", "/api/v1/accounts/1/conversations"
        for method, path, function in (
                ("POST", f"{inbox}/contacts", self.add_contact), ("GET", f"{inbox}/contacts/([^/]+)/conversations", self.of_contact),
                ("POST", f"{inbox}/contacts/([^/]+)/conversations", self.add_conversation),
                ("POST", f"{inbox}/contacts/([^/]+)/conversations/(\\d+)/messages", self.add_incoming),
                ("GET", inbox, lambda call: (200, {"identifier": INBOX, "name": "headgate"})),
                ("POST", f"{account}/(\\d+)/messages", self.add_outgoing), ("GET", f"{account}/(\\d+)/messages", self.messages),
                ("POST", f"{account}/(\\d+)/toggle_status", self.toggle), ("GET", account, self.newest),
                ("GET", "/api/v1/profile", lambda call: self.stranger(call) or (200, {"id": USER, "name": "headgate"}))):
            self.route(method, path)(function)

    def stranger(self, call):
        return None if call.headers.get("api_access_token") == TOKEN else (401, {"error": "Invalid Access Token"})

    # ---- the public API: who knows the inbox and the source_id ----
    def add_contact(self, call):
        fields = call.json
        known = next((c for c in self.contacts.values() if c["identifier"] == fields["identifier"]), None)
        contact = self.contacts.setdefault(fields["source_id"], known or dict(fields, id=len(self.contacts) + 9))
        return 200, {"source_id": fields["source_id"], "pubsub_token": "p", "id": contact["id"], "name": contact.get("name")}

    def add_conversation(self, call):
        if call.match[1] not in self.contacts:
            return MISSING
        ticket = self.create(source_id=call.match[1], status="open", active=self.time(), custom_attributes=call.json["custom_attributes"])
        return 200, self.public(ticket)

    def public(self, ticket):
        return {"id": ticket["id"], "uuid": f"uuid-{ticket['id']}", "inbox_id": 4, "status": ticket["status"], "messages": []}

    def of_contact(self, call):
        if call.match[1] not in self.contacts:
            return MISSING
        return 200, [self.public(t) for t in self.tickets.values() if t["source_id"] == call.match[1]]

    def add_incoming(self, call):
        ticket = self.tickets.get(int(call.match[2]))
        if not ticket or ticket["source_id"] != call.match[1]:
            return MISSING
        files = []
        if call.headers["content-type"].startswith("multipart/"):
            files = [(part.filename, part.body) for part in call.parts if part.name == "attachments[]"]
            content = None
        else:
            content = call.json["content"]
        if ticket["status"] == "resolved":
            ticket["status"] = "open"
        message = self.note_message(ticket, 0, content, files=files)
        return 200, {"id": message["id"], "content": content, "message_type": 0, "conversation_id": ticket["id"]}

    def note_message(self, ticket, kind, content, private=False, sender=None, files=()):
        self.next_message += 1
        message = dict(id=self.next_message, content=content, message_type=kind, private=private, files=list(files),
                       conversation_id=ticket["id"], content_type="text", created_at=int(self.time()),
                       sender={"id": sender, "name": "Beth", "type": "user"} if sender else None)
        ticket["messages"].append(message)
        ticket["active"] = self.time()
        return message

    # ---- the account's API ----
    def of_account(self, call):
        return self.tickets.get(int(call.match[1]))

    def shown(self, message):
        shown = {k: v for k, v in message.items() if k != "files"}
        files = [{"id": i, "file_type": "file", "data_url": f"{self.url}/rails/{name}", "file_size": len(data)}
                 for i, (name, data) in enumerate(message["files"])]
        return dict(shown, attachments=files) if files else shown

    def add_outgoing(self, call):
        ticket, fields = self.of_account(call), call.json if not self.stranger(call) else {}
        if self.stranger(call) or not ticket:
            return self.stranger(call) or MISSING
        assert fields["message_type"] == "outgoing"
        return 200, self.shown(self.note_message(ticket, 1, fields["content"], fields["private"], USER))

    def messages(self, call):
        refused, ticket = self.stranger(call), self.of_account(call)
        return refused or (200, {"meta": {}, "payload": [self.shown(m) for m in ticket["messages"][-20:]]})

    def toggle(self, call):
        refused, ticket = self.stranger(call), self.of_account(call)
        if refused or not ticket:
            return refused or MISSING
        ticket["status"] = call.json["status"]
        ticket["active"] = self.time()
        return 200, {"meta": {}, "payload": {"success": True, "current_status": ticket["status"], "conversation_id": ticket["id"]}}

    def newest(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        assert call.query == {"status": "all", "inbox_id": "4", "page": "1"}, call.query
        rows = sorted(self.tickets.values(), key=lambda t: t["active"], reverse=True)[:25]
        return 200, {"data": {"meta": {"all_count": len(self.tickets)}, "payload": [
            dict(self.public(t), last_activity_at=int(t["active"])) for t in rows]}}

    # ---- what tests see and do ----
    def words(self, ticket):
        return [m["content"] for m in ticket["messages"] if m["message_type"] == 0 and m["content"]]

    def notes(self, ticket):
        return [m["content"] for m in ticket["messages"] if m["private"]]

    def names(self, ticket):
        return [file for m in ticket["messages"] if m["message_type"] == 0 for file in m["files"]]

    def external(self, ticket):
        return ticket["source_id"]

    def conversation(self, ticket):
        return {"id": ticket["id"], "inbox_id": 4, "status": ticket["status"], "updated_at": self.time(), "timestamp": int(self.time()),
                "contact_inbox": {"id": 3, "source_id": ticket["source_id"]}, "meta": {"sender": {"id": 9, "type": "contact"}}}

    def answer(self, ticket, text, files=()):
        for name, data in files:
            self.route("GET", f"/rails/{name}")(lambda call, data=data: (200, data, {"Content-Type": "application/octet-stream"}))
        message = self.note_message(ticket, 1, text, sender=AGENT, files=files)
        payload = dict(self.shown(message), event="message_created", message_type="outgoing", conversation=self.conversation(ticket),
                       account={"id": 1, "name": "Acme"})
        return self.webhook(payload)

    def solve(self, ticket):
        ticket["status"] = "resolved"
        ticket["active"] = self.time()
        return self.webhook(dict(self.conversation(ticket), event="conversation_status_changed"))

    def webhook(self, payload):
        body, stamp = json.dumps(payload), str(int(self.time()))
        sign = hmac.new(SECRET.encode(), f"{stamp}.{body}".encode(), hashlib.sha256).hexdigest()
        return body.encode(), {"Content-Type": "application/json", "X-Chatwoot-Timestamp": stamp, "X-Chatwoot-Delivery": "d1",
                               "X-Chatwoot-Signature": f"sha256={sign}"}

    def plain(self, text):
        return text
