"""A toy helpdesk: its tickets are made of the webhooks it gets, and its agent answers through the API.

The webhooks are verified and numbered by `headgatectl listen`, which writes each event as a line of JSON."""
import contextlib

import gateway

AGENT = "Ben"
MESSAGES_MAX = 200
STATES = {"new": "open", "open": "open", "pending": "open", "solved": "solved", "closed": "solved"}


def name_of(contact, reply_to):
    """Who it is, as far as that is known."""
    known = contact.get("name") or contact.get("email") or contact.get("phone")
    return known or ("Visitor" if (reply_to or "").startswith("widget:") else (reply_to or "").partition(":")[2] or "Visitor")


def said(message, ticket_link=None):
    """A line of a conversation, from a message of an event."""
    return {"id": message["id"], "from": "customer" if message["direction"] == "inbound" else message["author"],
            "name": message.get("author_name"), "text": message.get("text") or "", "kind": message["kind"],
            "channel": message.get("channel"), "at": message["at"], "state": message.get("delivery"),
            "deleted": bool(message.get("deleted_at")), "error": (message.get("error") or {}).get("advice"),
            "files": [{"id": a["id"], "name": a.get("name"), "type": a.get("type"), "state": a.get("state")}
                      for a in message.get("attachments") or []]}


class Desk:
    def __init__(self, board, api):
        self.board, self.api = board, api

    # ---- webhooks ----
    def hear(self, event):
        """One event, as the webhook brought it."""
        data, kind = event["data"], event["type"]
        thread = (data.get("thread") or {}).get("id")
        if kind == "contact.merged":
            self.merged(data, event["timestamp"])
        if not thread or not data.get("ticket"):
            return
        self.know(thread, data)
        for message in data.get("messages") or []:
            self.line(thread, said(message))
        if data.get("message"):
            self.line(thread, said(data["message"]))
        told = getattr(self, "hear_" + kind.replace(".", "_"), None)
        if told:
            told(thread, data, event["timestamp"])

    def know(self, thread, data):
        """Makes the ticket, or brings what is known of it up to date."""
        ticket, contact = data["ticket"], data.get("contact") or {}
        old = self.board.get("desk", thread)
        link = next(iter(ticket.get("links") or []), {})
        parts = {"thread": thread, "number": ticket["number"], "subject": data.get("subject") or ticket.get("subject"),
                 "state": STATES.get(ticket["state"], ticket["state"]), "priority": ticket.get("priority"),
                 "contact": name_of(contact, data.get("reply_to")), "contact_id": contact.get("id"), "addresses": contact.get("addresses") or [],
                 "channel": data.get("channel")}
        if link:
            parts["link"] = link.get("number")
        if not old:
            parts.update(lines=[], unread=0)
            if not data.get("messages"):	# of an earlier run: ask for what was said
                lines = self.api.get(f"/v1/threads/{thread}/messages?limit=100")["messages"]
                parts["lines"] = [said(m) for m in lines if m["author"] != "system"]
        self.board.put("desk", thread, **parts)

    def line(self, thread, line):
        """Adds it to the conversation, or says what has become of it."""
        with self.board.changed:
            ticket = self.board.get("desk", thread)
            lines = list(ticket["lines"])
            place = next((i for i, known in enumerate(lines) if known["id"] == line["id"]), None)
            unread = ticket["unread"]
            if place is None:
                lines.append(line)
                unread += line["from"] == "customer"
            else:
                lines[place] = line
            lines.sort(key=lambda one: one["at"])
            self.board.put("desk", thread, lines=lines[-MESSAGES_MAX:], unread=unread)

    def remark(self, thread, id, text, at, kind="system"):
        self.line(thread, {"id": id, "from": kind, "name": None, "text": text, "kind": "text", "channel": None, "at": at,
                           "state": None, "deleted": False, "error": None, "files": []})

    def hear_ticket_requested(self, thread, data, at):
        reason = (data.get("rule") or {}).get("reason") or "an agent"
        self.remark(thread, "why", f"{data['ticket']['number']}: " + ("no rule decided in time" if reason == "default" else reason), at)
        self.board.put("desk", thread, unread=max(1, self.board.get("desk", thread)["unread"]))

    def hear_message_status(self, thread, data, at):
        if data.get("agent_note"):
            self.remark(thread, "note-" + data["message_id"], data["agent_note"], at, "note")

    def hear_csat_received(self, thread, data, at):
        self.board.put("desk", thread, csat=data["csat"])

    def merged(self, data, at):
        """Tickets of both are one person's from now on."""
        contact, other = data.get("contact") or {}, data.get("other") or {}
        for ticket in self.board.cards("desk"):
            if ticket["contact_id"] == other.get("id"):
                self.remark(ticket["thread"], "merged-" + at, f"It is {name_of(contact, None)} who writes here: {data.get('reason')}", at)
            if ticket["contact_id"] in (contact.get("id"), other.get("id")):
                self.board.put("desk", ticket["thread"], contact=name_of(contact, None), contact_id=contact["id"],
                               addresses=contact.get("addresses") or [])

    # ---- the agent ----
    def reply(self, thread, text):
        return self.api.reply(thread, text, AGENT)

    def note(self, thread, text):
        """An internal note: it goes to headgate too, and from there to nobody."""
        made = self.api.post(f"/v1/threads/{thread}/notes", {"text": text, "agent": AGENT})
        message = made["message"]
        self.remark(thread, message["id"], text, message["at"], "note")

    def solve(self, thread, state="solved"):
        number = self.board.get("desk", thread)["number"]
        self.api.post(f"/v1/tickets/{number}/status", {"backend": "desk", "status": state, "agent": AGENT}, "PUT")
        self.board.put("desk", thread, state=STATES[state])

    def sign(self, thread, word):
        """Passed on at once; not every channel has such signs."""
        with contextlib.suppress(gateway.Refused):
            self.api.post(f"/v1/threads/{thread}/{word}", {})

    def typing(self, thread):
        self.sign(thread, "typing")

    def read(self, thread):
        """The agent has it before him: the customer's newest message gets its read mark."""
        if self.board.get("desk", thread).get("unread"):
            self.board.put("desk", thread, unread=0)
            self.sign(thread, "read")
