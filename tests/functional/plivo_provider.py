"""Plivo's messaging API and its webhooks, byte by byte from Plivo's documentation ("Send a message", "Message status
callbacks", "Signature validation V3"): the provider by which the suite sees an adapter that is a description only."""
import base64
import hashlib
import hmac
import json
import pathlib
import re
import urllib.parse
import uuid

from fake_provider import Provider, Reply, Sent

AUTH_ID, TOKEN = "MAXXXXXXXXXXXXXXXXXX", "plivo-auth-token-of-tests"
OURS = "447700900900"
OUTSIDE = "https://hooks.acme.example"
DESCRIPTION = pathlib.Path(__file__).resolve().parents[2] / "etc/channels/plivo.yaml"


def sign(url, form, nonce, token=TOKEN):
    """X-Plivo-Signature-V3: the address with its sorted query, the sorted parameters and the nonce, by HMAC-SHA256."""
    base, _, query = url.partition("?")
    text = base + "?" + "&".join(sorted(query.split("&"))) + ("." if query else "")
    text += "".join(name + value for name, value in sorted(form.items())) + "." + nonce
    return base64.b64encode(hmac.new(token.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Plivo(Provider):
    name, env, hook, probed = "http", {"TEST_PLIVO_TOKEN": TOKEN}, "sms", True

    def lines(self):
        return (f"description: {DESCRIPTION}\nsecrets: {{ auth_token: env:TEST_PLIVO_TOKEN }}\n"
                f'values: {{ auth_id: {AUTH_ID}, from: "+{OURS}", api: "{self.url}" }}\n'
                f"public_url: {OUTSIDE}\nstatus_url: {OUTSIDE}/channel/line/status\n")

    def is_send(self, request):
        return request.method == "POST" and request.path == f"/v1/Account/{AUTH_ID}/Message/"

    def authorized(self, request):
        return request.header("authorization") == "Basic " + base64.b64encode(f"{AUTH_ID}:{TOKEN}".encode()).decode()

    def accept(self, request):
        assert self.authorized(request) and request.header("content-type") == "application/json"
        message = json.loads(request.body)
        assert set(message) == {"src", "dst", "text", "url", "method"} and message["method"] == "POST", message
        assert message["src"] == OURS and re.fullmatch(r"[1-9]\d{6,13}", message["dst"]), message
        assert message["url"].startswith(f"{OUTSIDE}/channel/line/status?key="), message
        sent = Sent(str(uuid.uuid4()), "+" + message["dst"], message["text"], url=message["url"])
        return sent, Reply(202, json.dumps({"message": "message(s) queued", "message_uuid": [sent.id],
                                            "api_id": str(uuid.uuid4())}).encode())

    def other(self, request):
        if request.method == "GET" and request.path == f"/v1/Account/{AUTH_ID}/":
            return Reply(200, json.dumps({"auth_id": AUTH_ID, "state": "active"}).encode()) if self.authorized(request) else self.denial()
        return Reply(404)

    def refusal(self):
        return Reply(400, json.dumps({"api_id": str(uuid.uuid4()), "error": "dst parameter is invalid"}).encode())

    def denial(self):
        return Reply(401, b"Could not verify your access level for that URL.", "text/plain")

    def send_form(self, form, token=TOKEN, path=None, query=""):
        nonce = uuid.uuid4().hex
        url = f"{OUTSIDE}/channel/{self.channel}/{path or self.hook}{query}"
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Plivo-Signature-V3-Nonce": nonce,
                   "X-Plivo-Signature-V3": sign(url, form, nonce, token)}
        return self.post(urllib.parse.urlencode(form), headers, path=path, query=query)

    def say(self, sender, text, id=None, token=TOKEN, **more):
        return self.send_form({"From": sender.lstrip("+"), "To": OURS, "Text": text, "Type": "sms", "Units": "1", "TotalRate": "0",
                               "TotalAmount": "0", "MessageUUID": id or self.next_id(), **more}, token)

    def say_broken(self, good):
        return self.send_form({"Something": "new", "Of": "Plivo's"})[0]

    def say_forged(self, sender, text):
        return self.say(sender, text, token="not-the-token-of-plivo")

    def tell(self, sent, word, code="000"):
        return self.send_form({"MessageUUID": sent.id, "Status": word, "To": sent.to, "From": OURS, "Units": "1", "ErrorCode": code},
                              path="status", query="?" + urllib.parse.urlsplit(sent.url).query)[0]
