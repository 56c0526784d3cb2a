"""HubSpot, as its published OpenAPI files and guides say: access tokens that run out, a custom channel whose messages have idempotency ids, threads,
webhooks signed over method, address, body and time."""
import base64
import datetime
import hashlib
import hmac
import json
import time

from fake_desk import FakeDesk

REFRESH, CLIENT_SECRET, APP = "hubspot-refresh-0123456789", "hubspot-client-secret-0123456789", 1160452
PUBLIC = "https://chat.acme.example/backend/desk/hook"


class HubSpot(FakeDesk):
    preset = "hubspot"
    created = appended = r"/conversations/v3/custom-channels/890/messages"
    solved = "CLOSED"
    secrets = dict(TEST_DESK_TOKEN=REFRESH, TEST_DESK_HOOK=CLIENT_SECRET)
    config = f"""\
token: env:TEST_DESK_TOKEN
webhook_secret: env:TEST_DESK_HOOK
values: {{ client: c-1, app: "{APP}", channel: "890", channel_account: "12345", inbox: "678" }}
"""

    def __init__(self):
        super().__init__()
        self.time, self.next, self.tokens, self.seen, self.files, self.logins = time.time, 5000, set(), {}, {}, 0
        self.route("POST", r"/oauth/v1/token")(self.log_in)
        self.route("GET", r"/stored/(\w+)")(lambda call: (200, self.files[call.match.group(1)][1]))
        for method, path, function in (
                ("POST", r"/files/v3/files", self.upload), ("POST", self.created, self.message),
                ("GET", r"/conversations/v3/conversations/threads", self.threads),
                ("GET", r"/conversations/v3/conversations/threads/(\d+)/messages", self.messages),
                ("POST", r"/conversations/v3/conversations/threads/(\d+)/messages", self.comment),
                ("PATCH", r"/conversations/v3/conversations/threads/(\d+)", self.change)):
            self.route(method, path)(self.guarded(function))

    def guarded(self, function):
        def answer(call):
            if call.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
                return 401, {"status": "error", "category": "EXPIRED_AUTHENTICATION", "message": "The OAuth token used to make this call expired"}
            return function(call)
        return answer

    def log_in(self, call):
        asked = call.form
        if (asked["grant_type"], asked["client_secret"], asked["refresh_token"]) != ("refresh_token", CLIENT_SECRET, REFRESH):
            return 400, {"status": "BAD_REFRESH_TOKEN", "message": "missing or invalid refresh token"}
        self.logins += 1
        token = f"access-{self.logins}-0123456789"
        self.tokens.add(token)
        return 200, {"access_token": token, "refresh_token": REFRESH, "expires_in": 1800, "token_type": "bearer"}

    def number(self):
        self.next += 1
        return str(self.next)

    def iso(self):
        at = datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc)
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"

    # ---- what it is asked ----
    def upload(self, call):
        parts = {p.name: p for p in call.parts}
        if "file" not in parts or "folderPath" not in parts or json.loads(parts["options"].body)["access"] != "PRIVATE":
            return 400, {"status": "error", "message": "file, folderPath and options are needed"}
        number = self.number()
        self.files[number] = (parts["fileName"].body.decode(), parts["file"].body)
        return 201, {"id": number, "access": "PRIVATE"}

    def add(self, thread, **fields):
        at = self.iso()
        said = dict(fields, id=f"m{self.number()}", conversationsThreadId=str(thread["id"]), createdAt=at)
        thread["messages"].append(said)
        thread["latest"] = at
        return said

    def attached(self, numbers):
        return [{"type": "FILE", "fileId": n, "name": self.files[n][0], "url": f"{self.url}/stored/{n}"} for n in numbers]

    def message(self, call):
        asked = call.json
        missing = {"attachments", "channelAccountId", "messageDirection", "recipients", "senders", "text", "timestamp"} - set(asked)
        if missing or asked["channelAccountId"] != "12345":
            return 400, {"status": "error", "message": f"Some required fields were not set: {sorted(missing)}"}
        if asked["integrationIdempotencyId"] in self.seen:
            return 201, self.seen[asked["integrationIdempotencyId"]]
        thread = next((t for t in self.tickets.values() if t["key"] == asked["integrationThreadId"]), None)
        thread = thread or self.create(key=asked["integrationThreadId"], status="OPEN", sender=asked["senders"][0])
        said = self.add(thread, type="MESSAGE", direction="INCOMING", text=asked["text"], senders=asked["senders"],
                        attachments=self.attached([a["fileId"] for a in asked["attachments"]]),
                        client={"clientType": "INTEGRATION", "integrationAppId": APP})
        self.seen[asked["integrationIdempotencyId"]] = said
        return 201, said

    def of(self, call):
        return self.tickets[int(call.match.group(1))]

    def comment(self, call):
        asked = call.json
        if asked["type"] != "COMMENT" or asked["attachments"] != []:
            return 400, {"status": "error", "message": "a comment has type, text and attachments"}
        return 201, self.add(self.of(call), type="COMMENT", text=asked["text"], senders=[], attachments=[],
                             client={"clientType": "INTEGRATION", "integrationAppId": APP})

    def change(self, call):
        thread = self.of(call)
        thread["status"] = call.json["status"]
        self.add(thread, type="THREAD_STATUS_CHANGE", newStatus=thread["status"], client={"clientType": "INTEGRATION", "integrationAppId": APP})
        return 200, {"id": str(thread["id"]), "status": thread["status"]}

    def threads(self, call):
        after = call.query["latestMessageTimestampAfter"]
        found = [{"id": str(t["id"]), "originalChannelId": "890", "inboxId": "678"} for t in self.tickets.values() if t["latest"] > after]
        return 200, {"results": [{"id": "9999", "originalChannelId": "1002", "inboxId": "678"}] + found}

    def messages(self, call):
        if call.match.group(1) == "9999":
            return 200, {"results": [{"id": "x", "type": "MESSAGE", "direction": "OUTGOING", "text": "of another channel", "conversationsThreadId": "9999"}]}
        return 200, {"results": list(reversed(self.of(call)["messages"]))}

    # ---- what tests look at ----
    def words(self, ticket):
        return [m["text"] for m in ticket["messages"] if m["type"] == "MESSAGE" and m["direction"] == "INCOMING"]

    def notes(self, ticket):
        return [m["text"] for m in ticket["messages"] if m["type"] == "COMMENT" and m["client"]["clientType"] == "INTEGRATION"]

    def names(self, ticket):
        return [self.files[a["fileId"]] for m in ticket["messages"] if m.get("direction") == "INCOMING" for a in m["attachments"]]

    # ---- what agents do ----
    def told(self, ticket, said):
        body = json.dumps({"type": "OUTGOING_CHANNEL_MESSAGE_CREATED", "portalId": 1, "channelId": "890", "eventTimestamp": self.iso(),
                           "channelIntegrationThreadIds": [ticket["key"]], "message": said}).encode()
        at = str(int(self.time() * 1000))
        signed = b"POST" + PUBLIC.encode() + body + at.encode()
        return body, {"Content-Type": "application/json", "X-HubSpot-Request-Timestamp": at, "X-HubSpot-Signature-v3":
                      base64.b64encode(hmac.new(CLIENT_SECRET.encode(), signed, hashlib.sha256).digest()).decode()}

    def answer(self, ticket, text, internal=False, file=None):
        numbers = []
        if file:
            numbers = [self.number()]
            self.files[numbers[0]] = (file[0], file[1])
        said = self.add(ticket, type="COMMENT" if internal else "MESSAGE", direction="OUTGOING", text=text, attachments=self.attached(numbers),
                        senders=[{"actorId": "A-9", "name": "Emma"}], client={"clientType": "HUBSPOT"})
        return None if internal else self.told(ticket, said)

    def solve(self, ticket):
        ticket["status"] = "CLOSED"
        self.add(ticket, type="THREAD_STATUS_CHANGE", newStatus="CLOSED", client={"clientType": "HUBSPOT"})

    def state(self, ticket):
        return ticket["status"]
