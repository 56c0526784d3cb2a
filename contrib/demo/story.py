"""What headgate decided, and why: a card for each message, made of the live events and of what `explain` says.

Every card becomes a line on the terminal, too, once it is clear what came of it."""
import os
import pathlib

TOP = pathlib.Path(__file__).resolve().parents[2]
# What the rules' word means for people, and how it looks.
ACTIONS = {"ignore": ("held", "hold"), "hold": ("held", "hold"), "wait": ("waits", "hold"), "none": ("noted", "calm"),
           "convert": ("ticket", "good"), "join": ("joined", "good")}
RECEIPTS = {"queued": 0, "sending": 0, "sent": 1, "delivered": 2, "read": 3, "played": 3}
# What went before every decision.
TAKEN = [["genuine", "its origin was proven"], ["on disk", "before it was acknowledged"], ["new", "its id was not seen before"]]
WORDS = ["on its way", "sent", "delivered", "read"]
CHANNELS = {"web": "Web chat", "wa-main": "WhatsApp", "sms": "SMS", "support": "E-mail"}

SILENT = ("support",)		# channels on which nobody tells what became of an answer


def place(file, line):
    return f"{os.path.relpath(file, TOP) if file else '?'}:{line}"


def quoted(message):
    text = " ".join((message.get("text") or "").split())
    if not text:
        names = [a.get("name") or a.get("type") or "a file" for a in message.get("attachments") or []]
        return ", ".join(names) or message["kind"]
    return f"“{text if len(text) <= 160 else text[:159] + '…'}”"


class Story:
    """tell(channel, what, outcome, why, tone): called for each line."""

    def __init__(self, board, api, tell):
        self.board, self.api, self.tell = board, api, tell

    def hear(self, event):
        heard = getattr(self, "on_" + event["type"].replace(".", "_"), None)
        if heard:
            heard(event["data"], event["timestamp"])

    def card(self, key, at, channel, who, what, outcome, tone, why, **more):
        self.board.put("story", key, at=at, channel=CHANNELS.get(channel, channel), who=who, what=what, outcome=outcome,
                       tone=tone, why=why, **more)
        self.tell(CHANNELS.get(channel, channel) or "headgate", f"{who}: {what}" if who else what, outcome, why, tone)

    # ---- what customers say ----
    def on_message_received(self, data, at):
        message = data["message"]
        if self.board.get("story", message["id"]):	# of a ticket there are two events
            return
        explained = self.api.get(f"/v1/messages/{message['id']}/explain")
        decision = next(iter(explained["decisions"]), None)
        who = (data.get("contact") or {}).get("name") or message.get("author_name") or "Visitor"
        outcome, tone = ACTIONS.get(decision["action"], (decision["action"], "calm")) if decision else ("stored", "calm")
        number = (data.get("ticket") or {}).get("number")
        self.card(message["id"], at, message["channel"], who, quoted(message), outcome, tone, self.why(decision, number),
                  steps=TAKEN, explained=explained["text"], thread=data["thread"]["id"])

    on_ticket_message = on_message_received

    def why(self, decision, number):
        if not decision:
            return "stored"
        if decision["rule"]:
            by = f"rule “{decision['rule']}” ({place(decision['file'], decision['line'])})"
            return by + {"ignore": ": noise makes no ticket", "convert": " makes it a ticket"}.get(decision["action"], "")
        if decision["action"] == "join":
            return f"{number or 'the conversation'}, no second ticket: {decision['proposal_reason']}"
        if decision["action"] == "wait":
            return "no rule decided: it becomes a ticket if nothing else comes within 2 s"
        return decision["note"] or "no rule decided"

    def repeated(self, at, channel, what):
        """A delivery that changed nothing: there is no event of it, only the count."""
        self.card(f"again-{at}", at, channel, "", what, "dropped", "drop", "its id is known: answered as success, nothing made of it",
                  steps=TAKEN[:1] + [["known", "the same id was on disk already"]])

    # ---- what becomes of it ----
    def on_ticket_requested(self, data, at):
        number = data["ticket"]["number"]
        reason = (data.get("rule") or {}).get("reason") or "an agent"
        by = "no rule decided in time, so the default did" if reason == "default" else f"decided by {reason}"
        self.card("ticket-" + number, at, None, "", f"{number} for {(data.get('contact') or {}).get('name') or 'the visitor'}",
                  "ticket", "good", f"{by}; the helpdesk gets the whole conversation",
                  thread=data["thread"]["id"])

    def on_ticket_linked(self, data, at):
        link = next(iter(data["ticket"]["links"]), {})
        self.card("ticket-" + data["ticket"]["number"], at, None, "", f"{data['ticket']['number']} is {link.get('number')} at the helpdesk",
                  "linked", "good", "its webhook verified the signature and answered with its own number")

    def on_ticket_status(self, data, at):
        ticket = data["ticket"]
        self.card(f"status-{ticket['number']}", at, None, "", f"{ticket['number']} is {ticket['state']}", ticket["state"], "calm",
                  "said by the helpdesk")

    def on_ticket_reopened(self, data, at):
        self.card(f"reopened-{at}", at, None, "", f"{data['ticket']['number']} goes on", "reopened", "good",
                  data.get("reason") or "the customer wrote on a solved ticket")

    # ---- what is answered ----
    def on_message_sent(self, data, at):
        """Not every answer has this event, and a receipt may be quicker: whichever comes first makes the card."""
        message = data["message"]
        if self.board.get("story", message["id"]):
            return
        who = message.get("author_name") or {"rule": "Rule", "gateway": "headgate", "bot": "Bot"}.get(message["author"], "Agent")
        reached = 1 if message["channel"] in SILENT else 0
        self.card(message["id"], at, message["channel"], who, quoted(message), WORDS[reached], "sent", "on disk first, then sent once",
                  outward=True, reached=reached, receipts=message["channel"] not in SILENT, thread=data["thread"]["id"])

    def on_message_status(self, data, at):
        message, state = data["message"], data["state"]
        self.on_message_sent(data, at)
        old = self.board.get("story", message["id"])
        if state in RECEIPTS and RECEIPTS[state] > old["reached"]:
            self.board.put("story", message["id"], reached=RECEIPTS[state], outcome=WORDS[RECEIPTS[state]])
            if message["author"] == "agent" and RECEIPTS[state] > 1:
                self.tell(CHANNELS.get(message["channel"], message["channel"]), "a receipt for " + quoted(message), state,
                          "the agent sees it on the ticket", "sent")
        elif state in ("failed", "unknown"):
            why = (data.get("error") or {}).get("advice") or (data.get("error") or {}).get("text") or "not delivered"
            self.card(message["id"], at, message["channel"], old["who"], quoted(message), state, "drop", why)

    # ---- people ----
    def on_contact_merged(self, data, at):
        name = (data.get("contact") or {}).get("name") or "the visitor"
        self.card(f"merged-{at}", at, None, "", f"It is {name} who wrote here", "one person", "good",
                  data.get("reason") or "two contacts turned out to be one")

    def on_contact_consent(self, data, at):
        consent = data["consent"]
        self.card(f"consent-{at}", at, consent.get("channel"), (data.get("contact") or {}).get("name") or "", f"“{consent.get('words') or consent['state']}”",
                  "stopped" if consent["state"] == "stop" else "welcome again", "hold", "answers there are refused until it is taken back"
                  if consent["state"] == "stop" else "answers go out again")

    def on_contact_unreachable_reply(self, data, at):
        self.card(f"unreachable-{at}", at, data.get("channel"), "", "An answer nobody has seen yet", "told", "sent",
                  "a signed event for the company's own push service")

    def on_csat_received(self, data, at):
        csat = data["csat"]
        best = "5" if csat["scale"] == "5" else "1"
        self.card(f"csat-{at}", at, csat.get("channel"), (data.get("contact") or {}).get("name") or "Visitor",
                  f"{csat['score']} of {best}" + (f", “{csat['comment']}”" if csat.get("comment") else ""), "rated", "good",
                  "passed on to the helpdesk")
