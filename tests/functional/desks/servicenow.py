"""ServiceNow, as the pages of its Table API and Attachment API say: Location, journals, encoded queries, and lists that are empty
where rows may not be read."""
import base64
import json
import re
import time

from fake_desk import FakeDesk

USER, PASSWORD, SECRET = "headgate", "servicenow-password-0123456789", "servicenow-hook-secret-0123456789"
NOT_FOUND = {"error": {"message": "No Record found", "detail": "Record doesn't exist or ACL restricts the record retrieval"},
             "status": "failure"}
STRANGER = {"error": {"message": "User Not Authenticated", "detail": "Required to provide Auth information"}, "status": "failure"}


class ServiceNow(FakeDesk):
    preset = "servicenow"
    polled = r"/api/now/table/incident"		# asked in each poll
    secrets = dict(TEST_DESK_TOKEN=PASSWORD, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ user: {USER} }}
"""

    def __init__(self):
        super().__init__()
        self.time = time.time		# whose clock it goes by
        self.journal, self.files, self.clock, self.readable, self.silent = [], [], 0, True, False
        for method, path, function in (
                ("GET", r"/api/now/table/sys_user", self.users), ("POST", r"/api/now/table/incident", self.insert),
                ("GET", r"/api/now/table/incident", self.select), ("PATCH", r"/api/now/table/incident/(\w+)", self.update),
                ("GET", r"/api/now/table/sys_journal_field", self.read_journal), ("POST", r"/api/now/attachment/file", self.attach)):
            self.route(method, path)(function)

    def stranger(self, call):
        given = call.headers.get("authorization", "").removeprefix("Basic ")
        return None if base64.b64decode(given).decode() == f"{USER}:{PASSWORD}" else (401, STRANGER)

    def now(self):
        self.clock += 1
        return f"{self.today()} 10:{self.clock // 60:02}:{self.clock % 60:02}"

    def today(self):
        return time.strftime("%Y-%m-%d", time.gmtime(self.time() + 86400))	# later than any poll asks from

    def rows(self, found, call):
        fields = call.query.get("sysparm_fields")
        shown = [{k: str(v) for k, v in row.items() if not fields or k in fields.split(",")} for row in found]
        return 200, {"result": shown[:int(call.query.get("sysparm_limit", 10000))]}

    def users(self, call):
        return self.stranger(call) or self.rows(
            [{"sys_id": "u1"}] if call.query["sysparm_query"] == f"user_name={USER}" else [], call)

    # ---- incidents ----
    def record(self, ticket):
        return {k: v for k, v in ticket.items() if k not in ("id", "messages")}

    def say(self, ticket, element, value, who):
        row = dict(sys_id=f"journal{len(self.journal)}", name="incident", element=element, element_id=ticket["sys_id"], value=value,
                   sys_created_on=self.now(), sys_created_by=who)
        self.journal.append(row)
        ticket["messages"].append(row)
        return row

    def change(self, ticket, fields, who):
        for element in ("comments", "work_notes"):
            if fields.get(element):
                self.say(ticket, element, fields[element], who)
        ticket.update({k: v for k, v in fields.items() if k not in ("comments", "work_notes")}, sys_updated_on=self.now(),
                      sys_mod_count=ticket["sys_mod_count"] + 1)

    def insert(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        fields = call.json
        assert len(fields["short_description"]) <= 160
        ticket = self.create(state="1", sys_mod_count=0)
        ticket.update(sys_id=f"c537bae64f411200adf9f8e1{ticket['id']:08}", number=f"INC{ticket['id']:07}")
        self.change(ticket, dict(fields, description=fields["description"][:4000]), USER)
        body = b"" if self.silent else {"result": self.record(ticket)}
        return 201, body, {"Location": f"{self.url}/api/now/table/incident/{ticket['sys_id']}"}

    def select(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        query = call.query.get("sysparm_query", "")
        wanted = re.fullmatch(r"correlation_id=([\w.]+)", query)
        found = [self.record(t) for t in self.tickets.values()]
        if wanted:
            return self.rows([t for t in found if t["correlation_id"] == wanted[1]], call)
        since = re.fullmatch(r"correlation_idSTARTSWITHtkt_\^sys_updated_on>=([\d: -]+)\^ORDERBYsys_updated_on", query)
        if since:
            found = sorted((t for t in found if t["sys_updated_on"] >= since[1]), key=lambda t: t["sys_updated_on"])
        else:
            assert not query, query
        return self.rows(found, call)

    def update(self, call):
        refused = self.stranger(call)
        ticket = next((t for t in self.tickets.values() if t["sys_id"] == call.match[1]), None)
        if refused or not ticket:
            return refused or (404, NOT_FOUND)
        fields = call.json
        if fields.get("state") == "6" and not (fields.get("close_code") and fields.get("close_notes")):
            return 403, {"error": {"message": "Operation Failed", "detail": "Data Policy Exception: mandatory close_code"}, "status": "failure"}
        self.change(ticket, fields, USER)
        return self.rows([self.record(ticket)], call)[0], {"result": {"sys_id": ticket["sys_id"]}}

    def read_journal(self, call):
        refused = self.stranger(call)
        if refused or not self.readable:
            return refused or (200, {"result": []})
        query = call.query["sysparm_query"]
        since = re.fullmatch(r"name=incident\^elementINcomments,work_notes\^sys_created_on>=([\d: -]+)\^ORDERBYsys_created_on", query)
        assert since or query == "name=incident", query
        return self.rows([row for row in self.journal if not since or row["sys_created_on"] >= since[1]], call)

    def attach(self, call):
        refused = self.stranger(call)
        if refused:
            return refused
        assert call.query["table_name"] == "incident"
        self.files.append((call.query["table_sys_id"], call.query["file_name"], call.headers["content-type"], call.body))
        return 201, {"result": {"sys_id": f"att{len(self.files)}", "file_name": call.query["file_name"]}}

    # ---- what tests see and do ----
    def words(self, ticket):
        return [ticket["description"]] + [m["value"] for m in ticket["messages"] if (m["element"], m["sys_created_by"]) == ("comments", USER)]

    def notes(self, ticket):
        return [m["value"] for m in ticket["messages"] if (m["element"], m["sys_created_by"]) == ("work_notes", USER)][1:]

    def names(self, ticket):
        return [(name, data) for id_, name, _, data in self.files if id_ == ticket["sys_id"]]

    def external(self, ticket):
        return ticket["correlation_id"]

    def answer(self, ticket, text):
        self.change(ticket, {"comments": text, "state": "2"}, "beth")
        return self.webhook(ticket)

    def solve(self, ticket):
        self.change(ticket, {"state": "6"}, "beth")
        return self.webhook(ticket)

    def webhook(self, ticket):
        """What the business rule of doc/helpdesks/servicenow.md sends: the newest of the journal, and the state."""
        base = dict(ticket=ticket["sys_id"], number=ticket["number"], correlation_id=ticket["correlation_id"], order=str(ticket["sys_mod_count"]))
        items = [dict(base, kind=m["element"], id=m["sys_id"], text=m["value"], by=m["sys_created_by"], name=m["sys_created_by"],
                      at=m["sys_created_on"]) for m in ticket["messages"][-10:]]
        items.append(dict(base, kind="state", state=ticket["state"], by="beth"))
        return json.dumps({"items": items}).encode(), {"Content-Type": "application/json", "X-Headgate-Secret": SECRET}

    def plain(self, text):
        return text
