"""osTicket 1.18.1, as its source says: a key for one address, numbers as plain text, data URLs read its own way, mails by Message-ID,
403 and 500 for what is neither."""
import base64
import email.parser
import email.policy
import json
import re

from fake_desk import FakeDesk

KEY = "0123456789ABCDEF0123456789ABCDEF"


class OsTicket(FakeDesk):
    preset = "osticket"
    secrets = dict(TEST_DESK_TOKEN=KEY)
    config = """\
token: env:TEST_DESK_TOKEN
values: { domain: chat.acme.example }
"""

    def __init__(self):
        super().__init__()
        self.banned, self.most_tickets, self.mails = set(), 0, {}
        self.route("POST", r"/api/tickets\.json")(self.by_json)
        self.route("POST", r"/api/tickets\.email")(self.by_mail)

    def stranger(self, call):
        return None if call.headers.get("x-api-key") == KEY else (401, "API key not found/active or source IP not authorized")

    def data_url(self, text, charset="iso-8859-1"):
        """Format::parseRfc2397(), with its faults: of several parameters each is read as the first."""
        if not text.startswith("data:"):
            return text.encode()
        meta, _, contents = text[5:].partition(",")
        extra = meta.partition(";")[2]
        raw = contents.encode()
        for _ in extra.split(";"):
            name, _, value = extra.partition("=")
            if name == "charset":
                charset = value
            elif name == "base64":
                raw = base64.b64decode(raw)
        return raw.decode(charset).encode() if charset else raw

    def refuse(self, address):
        if address in self.banned:
            return 403, f"Unable to create new ticket :Ticket denied: {address}\n\nThis help desk is for use by authorized users only"
        if self.most_tickets and sum(t["email"] == address for t in self.tickets.values()) >= self.most_tickets:
            return 500, "Unable to create new ticket :You've reached the maximum open tickets allowed."
        return None

    def by_json(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        fields = json.loads(call.body)
        if not all(fields.get(name) for name in ("email", "name", "subject", "message")):
            return 500, "Unable to create new ticket :Incomplete client information"
        refused = self.refuse(fields["email"])
        if refused:
            return refused
        files = [(name, self.data_url(url, None)) for one in fields["attachments"] for name, url in one.items()]
        ticket = self.create(email=fields["email"], subject=fields["subject"], autorespond=fields["autorespond"], files=files)
        ticket["number"] = str(100000 + ticket["id"])
        ticket["messages"].append(self.data_url(fields["message"], "utf-8").decode())
        return 201, ticket["number"], {"Content-Type": "text/html; charset=UTF-8"}

    def by_mail(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        mail = email.parser.BytesParser(policy=email.policy.default).parsebytes(call.body)
        known = self.mails.get(mail["Message-ID"])
        if known:
            return 201, known["number"]
        sender = mail["From"].addresses[0].addr_spec
        number = re.search(r"#(\w+)", mail["Subject"])
        ticket = next((t for t in self.tickets.values() if number and t["number"] == number[1] and t["email"] == sender), None)
        if not ticket:
            ticket = self.create(email=sender, subject=mail["Subject"], files=[])
            ticket["number"] = str(100000 + ticket["id"])
        ticket["messages"].append(mail.get_payload(decode=True).decode())
        self.mails[mail["Message-ID"]] = ticket
        return 201, ticket["number"]

    # ---- what tests see ----
    def words(self, ticket):
        return ticket["messages"]

    def names(self, ticket):
        return ticket["files"]

    def plain(self, text):
        return text
