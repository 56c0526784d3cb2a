"""Telnyx's messaging API and its webhooks, byte by byte from Telnyx's documentation ("Send a message", "Group MMS",
"Receiving webhooks", "Detail records"), and nothing of headgate's.  What is signed is signed by Node's crypto."""
import atexit
import base64
import json
import re
import subprocess
import time
import urllib.parse
import uuid

from fake_provider import Provider, Reply, Sent

API_KEY = "KEY0123456789_functionaltests"
OURS = "+13125550100"
HOOK = "https://hooks.acme.example/channel/line/webhook"
PROFILE = "16fd2706-8baf-433b-82eb-8c7fada847da"

SIGNER = """
const { generateKeyPairSync, sign } = require("crypto");
const pairs = [0, 1].map(() => generateKeyPairSync("ed25519"));
const publics = pairs.map(p => p.publicKey.export({ format: "der", type: "spki" }).subarray(-32).toString("base64"));
console.log(JSON.stringify(publics));
require("readline").createInterface({ input: process.stdin }).on("line", line => {
    const { key, data } = JSON.parse(line);
    console.log(sign(null, Buffer.from(data, "base64"), pairs[key].privateKey).toString("base64"));
});
"""


class Signer:
    """Two key pairs of Node's, which keeps the private ones."""

    def __init__(self):
        self.node = subprocess.Popen(["node", "-e", SIGNER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.publics = json.loads(self.node.stdout.readline())
        atexit.register(self.close)

    def sign(self, data, key=0):
        self.node.stdin.write(json.dumps({"key": key, "data": base64.b64encode(data).decode()}) + "\n")
        self.node.stdin.flush()
        return self.node.stdout.readline().strip()

    def close(self):
        self.node.stdin.close()
        self.node.wait()


_signer = []


def signer():
    if not _signer:
        _signer.append(Signer())
    return _signer[0]


def rfc3339(at):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(at)) + f".{int(at * 1000) % 1000:03d}+00:00"


def message_id(word):
    return str(uuid.uuid5(uuid.NAMESPACE_URL, word))


class Telnyx(Provider):
    name = "telnyx"
    probed = True
    env = {"TEST_TELNYX_KEY": API_KEY}

    def __init__(self, extra=""):
        super().__init__()
        self.extra, self.files, self.listed, self.messages = extra, {}, [], {}
        self.page_size = 50

    # ---- what the suite asks ----
    def lines(self):
        sender = "" if "from:" in self.extra else f'from: ["{OURS}"]\n'
        return (f"api_key: env:TEST_TELNYX_KEY\npublic_key: {json.dumps(signer().publics[:1])}\n"
                f"webhook_url: {HOOK}\n{sender}base_url: {self.url}\n{self.extra}")

    def is_send(self, request):
        return request.method == "POST" and request.path in ("/v2/messages", "/v2/messages/group_mms")

    def authorized(self, request):
        return request.header("authorization") == f"Bearer {API_KEY}"

    def accept(self, request):
        assert self.authorized(request) and request.header("content-type") == "application/json"
        body = json.loads(request.body)
        group = request.path.endswith("group_mms")
        assert set(body) <= {"from", "to", "text", "media_urls", "webhook_url", "messaging_profile_id", "type"}, body
        assert "from" in body or "messaging_profile_id" in body
        assert isinstance(body["to"], list) == group
        assert all(re.fullmatch(r"\+\d{7,15}", to) for to in (body["to"] if group else [body["to"]])), body
        assert not group or len(body["to"]) <= 8 and "messaging_profile_id" not in body and "type" not in body
        assert body.get("text") or body.get("media_urls")
        key = urllib.parse.parse_qs(urllib.parse.urlsplit(body["webhook_url"]).query)["key"][0]
        assert body["webhook_url"].startswith(HOOK)
        sent = Sent(message_id(f"out{len(self.sent)}"), body["to"], body.get("text"), key, body=body)
        return sent, Reply(200, json.dumps({"data": self.payload(sent, "queued")}).encode())

    def payload(self, sent, status, errors=()):
        to = sent.to if isinstance(sent.to, list) else [sent.to]
        return {"record_type": "message", "direction": "outbound", "id": sent.id, "type": "SMS", "messaging_profile_id": PROFILE,
                "from": {"phone_number": sent.body.get("from"), "carrier": "TELNYX LLC", "line_type": "VoIP"},
                "to": [{"phone_number": one, "status": status, "carrier": "", "line_type": ""} for one in to],
                "text": sent.text, "media": [], "webhook_url": sent.body["webhook_url"], "webhook_failover_url": None,
                "encoding": "GSM-7", "parts": 1, "tags": [], "cost": None, "received_at": rfc3339(time.time()),
                "sent_at": None, "completed_at": None, "valid_until": None, "errors": list(errors)}

    def error(self, status, code, title, headers=()):
        return Reply(status, json.dumps({"errors": [{"code": str(code), "title": title, "detail": title,
                                                     "meta": {"url": f"https://developers.telnyx.com/docs/overview/errors/{code}"}}]})
                     .encode(), headers=headers)

    def refusal(self):
        return self.error(422, 40310, "Invalid 'to' address")

    def denial(self):
        return self.error(401, 10009, "Authentication failed")

    def limit(self, seconds):
        return self.error(429, 10011, "Too many requests", [("Retry-After", seconds)] if seconds is not None else [])

    # ---- events ----
    def inbound(self, sender, text, id=None, **more):
        return {"record_type": "message", "direction": "inbound", "id": message_id(id or self.next_id()), "type": "SMS",
                "messaging_profile_id": PROFILE, "organization_id": message_id("acme"),
                "from": {"phone_number": sender, "carrier": "T-Mobile USA", "line_type": "Wireless"},
                "to": [{"phone_number": OURS, "status": "webhook_delivered", "carrier": "TELNYX LLC", "line_type": "VoIP"}],
                "cc": [], "text": text, "media": [], "encoding": "GSM-7", "parts": 1, "tags": [], "cost": None, "errors": [],
                "received_at": rfc3339(self.gateway.now()), "sent_at": None, "completed_at": None, "subject": None,
                "webhook_url": HOOK, "webhook_failover_url": None, **more}

    def event(self, kind, payload):
        return {"data": {"record_type": "event", "event_type": kind, "id": message_id(self.next_id("event")),
                         "occurred_at": rfc3339(self.gateway.now()), "payload": payload},
                "meta": {"attempt": 1, "delivered_to": HOOK}}

    def deliver(self, document, key=0, stamp=None, signature=None, path_query="", raw=None):
        body = raw if raw is not None else json.dumps(document).encode()
        stamp = str(int(self.gateway.now())) if stamp is None else stamp
        if signature is None:
            signature = signer().sign(stamp.encode() + b"|" + body, key)
        return self.post(body, {"Content-Type": "application/json", "User-Agent": "telnyx-webhooks",
                                "Telnyx-Signature-Ed25519": signature, "Telnyx-Timestamp": stamp}, query=path_query)

    def say(self, sender, text, id=None, **more):
        return self.deliver(self.event("message.received", self.inbound(sender, text, id, **more)))

    def say_broken(self, good):
        return self.deliver({"data": {"event_type": "message.received", "payload": {"id": 17, "from": None}}})[0]

    def say_forged(self, sender, text):
        return self.deliver(self.event("message.received", self.inbound(sender, text)), key=1)

    def tell(self, sent, word, errors=()):
        if word == "failed":
            word, errors = "delivery_failed", errors or [{"code": "40008", "title": "Undeliverable", "detail": "Undeliverable"}]
        kind = "message.sent" if word == "sent" else "message.finalized"
        return self.deliver(self.event(kind, self.payload(sent, word, errors)))[0]

    # ---- the rest of the API ----
    def other(self, request):
        if request.path.startswith("/file/"):		# public
            return Reply(200, *self.files[request.path.rsplit("/", 1)[1]])
        if not self.authorized(request):
            return self.denial()
        if request.path == "/v2/balance":
            return Reply(200, b'{"data":{"record_type":"balance","balance":"300.00","currency":"USD"}}')
        if request.path == "/v2/detail_records":
            return self.records(urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query))
        found = re.fullmatch(r"/v2/messages/([0-9a-f-]+)", request.path)
        if found and found[1] in self.messages:
            return Reply(200, json.dumps({"data": self.messages[found[1]]}).encode())
        return self.error(404, 10005, "Resource not found")

    def add_file(self, data, type):
        name = f"file{len(self.files)}"
        self.files[name] = (data, type)
        return f"{self.url}/file/{name}"

    def list(self, sender, text, at, to=OURS, id=None, gone=False, **more):
        """A message that is in the account's records, whether or not we were told of it."""
        message = self.inbound(sender, text, id, **more)
        message["to"][0]["phone_number"] = to
        message["received_at"] = rfc3339(at)
        if not gone:
            self.messages[message["id"]] = message
        self.listed.append({"record_type": "message_detail_record", "uuid": message["id"], "cli": sender, "cld": to,
                            "direction": "inbound", "created_at": rfc3339(at), "profile_id": message_id("another profile"),
                            "status": "delivered", "message_type": "SMS", "at": at})

    def records(self, query):
        assert query["filter[record_type]"] == ["messaging"] and query["filter[direction]"] == ["inbound"], query
        assert query["sort"] == ["-created_at"]
        number, size = int(query["page[number]"][0]), int(query["page[size]"][0])
        rows = sorted(self.listed, key=lambda m: -m["at"])
        page = [{k: v for k, v in m.items() if k != "at"} for m in rows[(number - 1) * size:number * size]]
        return Reply(200, json.dumps({"data": page, "meta": {"page_number": number, "page_size": size, "total_results": len(rows),
                                                             "total_pages": -(-len(rows) // size)}}).encode())
