"""Infobip's SMS and MMS APIs and their webhooks, byte by byte from Infobip's API reference ("Send SMS messages",
"Receive inbound SMS messages", "Receive inbound MMS messages", "Receive outbound SMS message reports", "Get inbound SMS
messages", "Get SMS message logs"), and nothing of headgate's."""
import base64
import json
import time
import urllib.parse
import uuid

from fake_provider import Provider, Reply, Sent

API_KEY = "0123456789abcdef-api-key-of-the-account"
USER, PASSWORD = "infobip", "a-password-for-hooks"
OURS = "447860099299"
NO_ERROR = {"groupId": 0, "groupName": "OK", "id": 0, "name": "NO_ERROR", "description": "No Error", "permanent": False}
STATUSES = {
    "accepted": (1, "PENDING", 26, "PENDING_ACCEPTED"), "sent": (1, "PENDING", 7, "PENDING_ENROUTE"),
    "operator": (3, "DELIVERED", 2, "DELIVERED_TO_OPERATOR"), "delivered": (3, "DELIVERED", 5, "DELIVERED_TO_HANDSET"),
    "failed": (2, "UNDELIVERABLE", 9, "UNDELIVERABLE_NOT_DELIVERED"), "expired": (4, "EXPIRED", 15, "EXPIRED_EXPIRED"),
    "rejected": (5, "REJECTED", 14, "REJECTED_DESTINATION_BLOCKLISTED"), "duplicate": (5, "REJECTED", 23,
                                                                                        "REJECTED_DUPLICATE_MESSAGE_ID"),
    "number": (5, "REJECTED", 52, "REJECTED_DESTINATION"), "credit": (5, "REJECTED", 12, "REJECTED_NOT_ENOUGH_CREDITS"),
}


def status(word):
    group, name, id, text = STATUSES[word]
    return {"groupId": group, "groupName": name, "id": id, "name": text, "description": text.replace("_", " ").lower()}


def stamp(at=None):
    return time.strftime("%Y-%m-%dT%H:%M:%S.220+0000", time.gmtime(at))


class Infobip(Provider):
    name = "infobip"
    probed = True
    env = {"TEST_INFOBIP_KEY": API_KEY, "TEST_INFOBIP_PASSWORD": PASSWORD}
    asks = True
    batches = ("+447700900123", "+447700900456")

    def __init__(self, extra="", hook=f"hook: {{ auth: basic, user: {USER}, password: env:TEST_INFOBIP_PASSWORD }}\n"):
        super().__init__()
        self.extra, self.hook_lines, self.taken, self.files, self.fetched = extra, hook, {}, {}, []
        self.inbox = {"sms": [], "mms": []}
        self.pulls, self.asked = [], []

    # ---- what the suite asks ----
    def lines(self):
        return (f'base_url: {self.url}\napi_key: env:TEST_INFOBIP_KEY\nfrom: ["{OURS}", AcmeInc]\n'
                f"{self.hook_lines}{self.extra}")

    def is_send(self, request):
        return request.method == "POST" and request.path == "/sms/3/messages"

    def authorized(self, request):
        return request.header("authorization") == f"App {API_KEY}"

    def accept(self, request):
        assert self.authorized(request) and request.header("content-type") == "application/json"
        body = json.loads(request.body)
        assert set(body) == {"messages"} and len(body["messages"]) == 1, body
        message, = body["messages"]
        assert set(message) == {"sender", "destinations", "content", "webhooks"} and len(message["destinations"]) == 1
        where, hooks = message["destinations"][0], message["webhooks"]
        assert set(where) == {"to", "messageId"} and where["to"].isdigit() and len(where["messageId"]) <= 200
        assert set(message["content"]) == {"text"} and set(hooks) <= {"delivery", "contentType", "callbackData"}
        assert len(hooks["callbackData"]) <= 4000
        id, text = where["messageId"], message["content"]["text"]
        sent = Sent(id, where["to"], text, hooks["callbackData"], message=message)
        word = "duplicate" if id in self.taken else "accepted"
        self.taken.setdefault(id, sent)
        return sent, self.reply(id, where["to"], word)

    def reply(self, id, to, word):
        return Reply(200, json.dumps({"bulkId": "1478260834465349756", "messages": [
            {"messageId": id, "status": status(word), "destination": to, "details": {"messageCount": 1}}]}).encode())

    def other(self, request):
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.target).query))
        if not self.authorized(request):
            return Reply(401, json.dumps({"requestError": {"serviceException": {"messageId": "UNAUTHORIZED", "text":
                                                                                "Invalid login details"}}}).encode())
        if request.path == "/sms/3/logs":
            self.asked.append(query["messageId"])
            found = self.taken.get(query["messageId"])
            logs = [{"sender": OURS, "destination": found.to, "messageId": found.id, "sentAt": stamp(), "doneAt": stamp(),
                     "messageCount": 1, "status": status("delivered"), "error": NO_ERROR, "content": {"text": found.text}}] if found else []
            return Reply(200, json.dumps({"results": logs}).encode())
        for what, waiting in self.inbox.items():
            if request.path == f"/{what}/1/inbox/reports":
                return self.hand_out(waiting, int(query["limit"]))
        if request.path in self.files:
            self.fetched.append(request)
            return Reply(200, self.files[request.path], "image/jpeg")
        return Reply(200, b'{"balance": 47.79, "currency": "EUR"}') if request.path == "/account/1/balance" else Reply(404)

    def hand_out(self, waiting, limit):
        """Once: what was handed out is never there again."""
        batch = [waiting.pop(0) for _ in range(min(limit, len(waiting), 3))]
        self.pulls.append(len(batch))
        return Reply(200, json.dumps({"results": batch, "messageCount": len(batch), "pendingMessageCount": len(waiting)}).encode())

    def refusal(self):
        return self.reply("refused", "41793026727", "number")

    def denial(self):
        return Reply(401, json.dumps({"errorCode": "E401", "description": "Invalid credentials.", "action":
                                      "Check the request details.", "violations": [], "resources": []}).encode())

    # ---- webhooks ----
    def message(self, sender, text, id=None, **more):
        return {"messageId": id or self.next_id("81779031323506"), "from": sender.lstrip("+"), "to": OURS, "text": text, "cleanText":
                text, "keyword": text.split(" ")[0].upper(), "receivedAt": stamp(), "smsCount": 1, "price":
                {"pricePerMessage": 0, "currency": "EUR"}, "callbackData": "callbackData", **more}

    def say(self, sender, text, id=None, **more):
        return self.hook_results([self.message(sender, text, id, **more)])

    def say_broken(self, good):
        items = [self.message(*one) for one in good]
        broken = [{"messageId": ["?"], "from": None}, None, "text", {"status": {}, "messageId": 5}]
        return self.hook_results(items[:1] + broken + items[1:])[0]

    def say_forged(self, sender, text):
        return self.hook_results([self.message(sender, text)], password="not the password")

    def report(self, sent, word, error=NO_ERROR, **more):
        return {"bulkId": "1478260834465349756", "price": {"pricePerMessage": 0, "currency": "EUR"}, "status": status(word), "error":
                error, "messageId": sent.id, "doneAt": stamp(), "sentAt": stamp(), "smsCount": 1, "sender": OURS, "to": sent.to,
                "callbackData": sent.key, "mccMnc": "23410", **more}

    def tell(self, sent, word, **more):
        return self.hook_results([self.report(sent, word, **more)])[0]

    def hook_results(self, results, password=PASSWORD, headers=None, pending=0, query=""):
        body = json.dumps({"results": results, "messageCount": len(results), "pendingMessageCount": pending}).encode()
        return self.hook_bytes(body, password, headers, query)

    def hook_bytes(self, body, password=PASSWORD, headers=None, query=""):
        if headers is None:
            headers = {"Authorization": "Basic " + base64.b64encode(f"{USER}:{password}".encode()).decode()}
        return self.post(body, {"Content-Type": "application/json", **headers}, query=query)
