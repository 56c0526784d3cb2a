"""GLPI 11, as its apirest.md and the source of its API and webhooks say: sessions, 201 with Location, errors as lists of two,
lists cut off as 206, webhooks without an author."""
import hashlib
import hmac
import json
import re
import time

from fake_desk import FakeDesk

USER, AGENT = 7, 9
USER_TOKEN, APP_TOKEN, SECRET = "glpi-user-token-0123456789", "glpi-app-token-0123456789", "glpi-hook-secret-0123456789"
RIGHTS = "You don't have permission to perform this action."


def error(status, code, message):
    return status, [code, message]


class Glpi(FakeDesk):
    preset = "glpi"
    polled = r"/apirest\.php/Ticket"		# asked in each poll
    secrets = dict(TEST_DESK_TOKEN=USER_TOKEN, TEST_DESK_APP=APP_TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
credentials: {{ app: env:TEST_DESK_APP }}
values: {{ user: "{USER}" }}
"""

    def __init__(self):
        super().__init__()
        self.time = time.time		# whose clock it goes by
        self.sessions, self.logins, self.said, self.files, self.clock = set(), 0, [], [], 0
        for method, path, function in (
                ("GET", r"/apirest\.php/initSession", self.log_in), ("POST", r"/apirest\.php/Ticket", self.add_ticket),
                ("PUT", r"/apirest\.php/Ticket/(\d+)", self.set_status), ("GET", r"/apirest\.php/Ticket", self.list_tickets),
                ("GET", r"/apirest\.php/Ticket/(\d+)", self.one_ticket), ("POST", r"/apirest\.php/ITILFollowup", self.add_followup),
                ("GET", r"/apirest\.php/(?:Ticket/(\d+)/)?ITIL(Followup|Solution)", self.list_said),
                ("POST", r"/apirest\.php/Document", self.add_file), ("GET", r"/apirest\.php/getActiveProfile", self.profile)):
            self.route(method, path)(function)

    # ---- what it looks at first ----
    def log_in(self, call):
        if call.headers.get("app-token") != APP_TOKEN:
            return error(400, "ERROR_WRONG_APP_TOKEN_PARAMETER", "parameter app_token seems wrong")
        if call.headers.get("authorization") != f"user_token {USER_TOKEN}":
            return error(401, "ERROR_GLPI_LOGIN_USER_TOKEN", "parameter user_token seems invalid")
        self.logins += 1
        token = f"83af7e620c83a50a18d3eac2f6ed05a3ca0b{self.logins:04}"
        self.sessions.add(token)
        return 200, {"session_token": token}

    def stranger(self, call):
        if call.headers.get("app-token") != APP_TOKEN:
            return error(400, "ERROR_WRONG_APP_TOKEN_PARAMETER", "parameter app_token seems wrong")
        if call.headers.get("session-token") not in self.sessions:
            return error(401, "ERROR_SESSION_TOKEN_INVALID", "session_token seems invalid")
        if call.method == "GET" and call.body:
            return error(400, "ERROR_JSON_PAYLOAD_FORBIDDEN", "GET Request should not have json payload (http body)")
        return None

    def now(self):
        self.clock += 1
        return f"2026-11-22 10:{self.clock // 60:02}:{self.clock % 60:02}"

    # ---- tickets ----
    def add_ticket(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        fields = call.json["input"]
        if not fields.get("name") or len(fields["name"]) > 255:
            return error(400, "ERROR_GLPI_ADD", "Mandatory fields are not filled. Please correct: Title")
        ticket = self.create(status=1, users_id_recipient=USER, date_mod=self.now(), **fields)
        return 201, {"id": ticket["id"], "message": f"Item successfully added: {fields['name']}"}, {
            "Location": f"{self.url}/apirest.php/Ticket/{ticket['id']}"}

    def shown(self, ticket):
        return {k: v for k, v in ticket.items() if k != "messages" and not k.startswith("_")}

    def one_ticket(self, call):
        refused = self.stranger(call)
        ticket = self.tickets.get(int(call.match[1]))
        if refused or not ticket:
            return refused or error(404, "ERROR_ITEM_NOT_FOUND", "Item not found")
        return 200, self.shown(ticket)

    def list_tickets(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        wanted = call.query.get("searchText[externalid]", "")
        found = [self.shown(t) for t in self.tickets.values() if wanted in t["externalid"]]
        return self.page(call, found, call.query.get("sort", "id"))

    def page(self, call, rows, field):
        rows = sorted(rows, key=lambda row: row[field], reverse=call.query.get("order") == "DESC")
        low, high = map(int, call.query["range"].split("-"))
        part = rows[low:high + 1]
        return (200 if len(part) == len(rows) else 206), part, {"Content-Range": f"{low}-{high}/{len(rows)}"}

    def set_status(self, call):
        """One that is not there is no 404: API.php passes over it, and answers that nothing could be done."""
        refused = self.stranger(call)
        ticket = self.tickets.get(int(call.match[1]))
        if refused or not ticket:
            return refused or error(400, "ERROR_GLPI_UPDATE", None)
        ticket.update(call.json["input"], date_mod=self.now())
        return 200, [{str(ticket["id"]): True, "message": ""}]

    # ---- followups, solutions, files ----
    def note_said(self, kind, ticket, users_id, content, **more):
        row = dict(id=len(self.said) + 30, itemtype="Ticket", items_id=ticket, users_id=users_id, content=content, kind=kind,
                   date_creation=self.now(), **more)
        self.said.append(row)
        self.tickets[ticket]["messages"].append(row)
        return row

    def add_followup(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        fields = call.json["input"]
        if fields["itemtype"] != "Ticket" or fields["items_id"] not in self.tickets:
            return error(400, "ERROR_GLPI_ADD", RIGHTS)
        row = self.note_said("Followup", fields["items_id"], USER, fields["content"], is_private=fields["is_private"])
        return 201, {"id": row["id"], "message": ""}

    def list_said(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        rows = [{k: v for k, v in row.items() if k != "kind"} for row in self.said
                if row["kind"] == call.match[2] and call.match[1] in (None, str(row["items_id"]))]
        return self.page(call, rows, "id")

    def add_file(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        parts = {part.name: part for part in call.parts}
        fields = json.loads(parts["uploadManifest"].body)["input"]
        file = parts["filename[0]"]
        if file.filename.endswith(".exe"):
            return error(400, "ERROR_GLPI_ADD", "Filetype not allowed")
        self.files.append((fields["itemtype"], fields["items_id"], fields["name"], file.body))
        return 201, {"id": len(self.files), "message": "Document move succeeded.",
                     "upload_result": {"filename": [{"name": file.filename, "size": len(file.body), "type": file.type}]}}

    def profile(self, call):
        return self.stranger(call) or (200, {"active_profile": {"name": "Technician"}})

    # ---- what tests see and do ----
    def words(self, ticket):
        """What the customer said there, as HTML."""
        return [ticket["content"]] + [m["content"] for m in ticket["messages"] if m["users_id"] == USER and not m.get("is_private")]

    def notes(self, ticket):
        return [m["content"] for m in ticket["messages"] if m["users_id"] == USER and m.get("is_private")]

    def names(self, ticket):
        return [(name, data) for kind, id_, name, data in self.files if (kind, id_) == ("Ticket", ticket["id"])]

    def external(self, ticket):
        return ticket["externalid"]

    def answer(self, ticket, text):
        """An agent's followup; its webhook."""
        row = self.note_said("Followup", ticket["id"], AGENT, f"<p>{text}</p>", is_private=0)
        item = {k: row[k] for k in ("id", "itemtype", "items_id", "content")}
        return self.webhook({"item": dict(item, is_private=False, date_mod=row["date_creation"]), "event": "new"})

    def solve(self, ticket):
        ticket.update(status=5, date_mod=self.now())
        return self.webhook({"item": {"id": ticket["id"], "external_id": ticket["externalid"], "date_mod": ticket["date_mod"],
                                      "status": {"id": 5, "name": "Solved"}}, "event": "update"})

    def webhook(self, payload):
        body, stamp = json.dumps(payload, indent=4), str(int(self.time()))
        return body.encode(), {"X-GLPI-signature": hmac.new(SECRET.encode(), (body + stamp).encode(), hashlib.sha256).hexdigest(),
                               "X-GLPI-timestamp": stamp}

    def plain(self, html):
        return re.sub(r"<br\s*/?>", "\n", html)
