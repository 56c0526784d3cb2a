"""Jira Service Management, as Atlassian's documentation says: customers that must be made first, temporary files, a search that is late, transitions
of a workflow of their own, and webhooks that take internal comments for public."""
import base64
import datetime
import hashlib
import hmac
import json
import re
import time

from fake_desk import FakeDesk

TOKEN, SECRET, USER, ACCOUNT = "jira-token-0123456789abcdef", "jira-hook-0123456789", "headgate@acme.example", "712020:headgate"
LOGIN = "Basic " + base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
LATE = 20		# seconds until the search knows
STATES = {"Waiting for support": "indeterminate", "Waiting for customer": "indeterminate", "Erledigt": "done"}


class Jira(FakeDesk):
    preset = "jira-service-management"
    created = r"/rest/servicedeskapi/request"
    appended = r"/rest/servicedeskapi/request/\d+/comment"
    solved = "Erledigt"
    secrets = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_HOOK=SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ user: {USER}, account: "{ACCOUNT}", desk: "1", request_type: "10", project: SUP, field: customfield_10050 }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next, self.zone, self.temporary, self.files, self.customers = time.time, 5000, "Etc/UTC", {}, {}, {}
        for method, path, function in (
                ("POST", r"/rest/servicedeskapi/customer", self.add_customer), ("GET", r"/rest/api/3/user/search", self.find_user),
                ("POST", r"/rest/servicedeskapi/servicedesk/1/attachTemporaryFile", self.upload),
                ("POST", r"/rest/servicedeskapi/request", self.add_request), ("GET", r"/rest/servicedeskapi/request/(\d+)", self.show),
                ("POST", r"/rest/servicedeskapi/request/(\d+)/attachment", self.attach),
                ("POST", r"/rest/servicedeskapi/request/(\d+)/comment", self.add_comment),
                ("GET", r"/rest/servicedeskapi/request/(\d+)/comment", self.comments),
                ("GET", r"/rest/servicedeskapi/request/(\d+)/comment/(\d+)", self.one_comment),
                ("GET", r"/rest/servicedeskapi/request/(\d+)/attachment/(\d+)", lambda call: (200, self.files[call.match.group(2)][2])),
                ("GET", r"/rest/api/3/issue/(\d+)/transitions", self.transitions), ("POST", r"/rest/api/3/issue/(\d+)/transitions", self.transition),
                ("GET", r"/rest/api/3/search/jql", self.search),
                ("GET", r"/rest/api/3/myself", lambda call: (200, {"accountId": ACCOUNT, "timeZone": self.zone}))):
            self.route(method, path)(self.guarded(function))

    def guarded(self, function):
        return lambda call: function(call) if call.headers.get("authorization") == LOGIN else (401, "Client must be authenticated to access this resource.")

    def number(self):
        self.next += 1
        return str(self.next)

    def iso(self):
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S+0000")

    # ---- people, files ----
    def add_customer(self, call):
        asked = call.json
        if asked["email"] in self.customers:
            return (409 if call.query.get("strictConflictStatusCode") == "true" else 400), {"errorMessage": "An account already exists for this email"}
        self.customers[asked["email"]] = f"qm:test:{self.number()}"
        return 201, {"accountId": self.customers[asked["email"]], "emailAddress": asked["email"]}

    def find_user(self, call):
        return 200, [{"accountId": a, "emailAddress": e} for e, a in self.customers.items() if call.query["query"] in e]

    def upload(self, call):
        if call.headers.get("x-atlassian-token") != "no-check":
            return 403, "XSRF check failed"
        part = next(p for p in call.parts if p.name == "file")
        number = f"temp{self.number()}"
        self.temporary[number] = (part.filename, part.type, part.body)
        return 201, {"temporaryAttachments": [{"temporaryAttachmentId": number, "fileName": part.filename}]}

    # ---- requests ----
    def add_request(self, call):
        asked = call.json
        fields = asked["requestFieldValues"]
        if (asked["serviceDeskId"], asked["requestTypeId"]) != ("1", "10") or set(fields) - {"summary", "description", "customfield_10050"}:
            return 400, {"errorMessage": "Your request could not be created. Please check the fields have been filled in correctly."}
        if "raiseOnBehalfOf" in asked and asked["raiseOnBehalfOf"] not in self.customers.values():
            return 400, {"errorMessage": "The user does not exist"}
        ticket = self.create(reporter=asked.get("raiseOnBehalfOf", ACCOUNT), fields=fields, state="Waiting for support", born=self.time(), updated=self.iso())
        return 201, {"issueId": str(ticket["id"]), "issueKey": f"SUP-{ticket['id']}",
                     "_links": {"web": f"{self.url}/servicedesk/customer/portal/1/SUP-{ticket['id']}"}}

    def of(self, call):
        return self.tickets.get(int(call.match.group(1)))

    def show(self, call):
        ticket = self.of(call)
        return 200, {"issueId": str(ticket["id"]), "issueKey": f"SUP-{ticket['id']}", "reporter": {"accountId": ticket["reporter"]}}

    def say(self, ticket, body, public, author=ACCOUNT, name="headgate", files=()):
        number, kept = self.number(), []
        for file in files:
            self.files[self.number()] = file
            kept.append({"filename": file[0], "mimeType": file[1], "size": len(file[2]), "_links": {
                "content": f"{self.url}/rest/servicedeskapi/request/{ticket['id']}/attachment/{self.next}"}})
        comment = {"id": number, "body": body, "public": public, "author": {"accountId": author, "displayName": name}, "created": {"iso8601": self.iso()},
                   "attachments": {"values": kept, "size": len(kept)},
                   "_links": {"self": f"{self.url}/rest/servicedeskapi/request/{ticket['id']}/comment/{number}"}}
        ticket["messages"].append(comment)
        ticket["updated"] = self.iso()
        return comment

    def add_comment(self, call):
        if not self.of(call):
            return 404, {"errorMessage": "Issue does not exist or you do not have permission to see it."}
        return 201, self.say(self.of(call), call.json["body"], call.json["public"])

    def attach(self, call):
        asked = call.json
        files = [self.temporary.pop(t) for t in asked["temporaryAttachmentIds"]]
        comment = self.say(self.of(call), asked.get("additionalComment", {}).get("body", ""), asked["public"], files=files)
        return 201, {"comment": comment, "attachments": comment["attachments"]}

    def comments(self, call):
        return 200, {"size": 1, "isLastPage": True, "values": self.of(call)["messages"]}

    def one_comment(self, call):
        found = next((c for c in self.of(call)["messages"] if c["id"] == call.match.group(2)), None)
        return (200, found) if found else (404, {"errorMessage": "Comment not found"})

    def transitions(self, call):
        return 200, {"transitions": [{"id": str(100 + i), "to": {"name": n, "statusCategory": {"key": k}}}
                                     for i, (n, k) in enumerate(STATES.items()) if n != self.of(call)["state"]]}

    def transition(self, call):
        self.of(call).update(state=list(STATES)[int(call.json["transition"]["id"]) - 100], updated=self.iso())
        return 204

    def search(self, call):
        jql = call.query["jql"]
        one = re.search(r'"customfield_10050" ~ "(tkt_\w+)"', jql)
        since = re.search(r'updated >= "([^"]+)"', jql)
        found = []
        for t in self.tickets.values():
            if one and (t["fields"]["customfield_10050"] != one.group(1) or self.time() - t["born"] < LATE):
                continue
            if since and t["updated"][:16] < since.group(1).replace(" ", "T"):
                continue
            found.append({"id": str(t["id"]), "key": f"SUP-{t['id']}", "fields": {
                "updated": t["updated"].replace("+", ".000+"), "reporter": {"accountId": t["reporter"]},
                "status": {"id": "1", "name": t["state"], "statusCategory": {"key": STATES[t["state"]]}}}})
        return 200, {"issues": found, "isLast": True}

    # ---- what tests look at ----
    def mine(self, ticket, public):
        return [c["body"] for c in ticket["messages"] if c["author"]["accountId"] == ACCOUNT and c["public"] == public and c["body"]]

    def words(self, ticket):
        return [ticket["fields"]["description"]] + self.mine(ticket, True)

    def notes(self, ticket):
        return self.mine(ticket, False)

    def names(self, ticket):
        return [(a["filename"], self.files[a["_links"]["content"].rsplit("/", 1)[1]][2]) for c in ticket["messages"]
                if c["author"]["accountId"] == ACCOUNT for a in c["attachments"]["values"]]

    # ---- what agents do ----
    def told(self, event):
        body = json.dumps(dict(event, timestamp=int(self.time() * 1000))).encode()
        return body, {"Content-Type": "application/json; charset=UTF-8", "X-Atlassian-Webhook-Identifier": self.number(),
                      "X-Hub-Signature": "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()}

    def issue(self, ticket):
        return {"id": str(ticket["id"]), "key": f"SUP-{ticket['id']}", "fields": {
            "status": {"name": ticket["state"], "statusCategory": {"key": STATES[ticket["state"]]}}}}

    def answer(self, ticket, text, internal=False, file=None, author="712020:emma"):
        comment = self.say(ticket, text, not internal, author, "Emma", [(file[0], file[2], file[1])] if file else [])
        # It says of all comments that they are public.
        return self.told({"webhookEvent": "comment_created", "issue": self.issue(ticket),
                          "comment": {"id": comment["id"], "author": comment["author"], "body": text, "jsdPublic": True}})

    def solve(self, ticket):
        before = ticket["state"]
        ticket.update(state="Erledigt", updated=self.iso())
        return self.told({"webhookEvent": "jira:issue_updated", "issue": self.issue(ticket), "changelog": {
            "id": self.number(), "items": [{"field": "resolution"}, {"field": "status", "fromString": before, "toString": "Erledigt"}]}})

    def state(self, ticket):
        return ticket["state"]
