"""Twilio's messaging API and its webhooks, byte by byte from Twilio's documentation ("Message resource", "Media
subresource", "Twilio's request to your incoming message Webhook URL", "Webhooks security"), and nothing of headgate's."""
import base64
import hashlib
import hmac
import json
import re
import time
import urllib.parse

from fake_provider import Provider, Reply, Sent

SID = "AC0123456789abcdef0123456789abcdef"
TOKEN, SECOND = "twilio-auth-token-for-tests-0001", "twilio-auth-token-for-tests-0002"
OURS = "+447700900900"
HOOK = "https://hooks.acme.example/channel/line/webhook"
ROOT = f"/2010-04-01/Accounts/{SID}"
STATES = {"queued", "sending", "sent", "delivered", "undelivered", "failed", "read", "canceled"}


def sign(url, pairs, token=TOKEN):
    """X-Twilio-Signature: the URL, then each name with its value, sorted; base64 of HMAC-SHA1."""
    data = url + "".join(name + value for name, value in sorted(set(pairs)))
    return base64.b64encode(hmac.new(token.encode(), data.encode(), hashlib.sha1).digest()).decode()


def sid(prefix, number):
    return prefix + hashlib.md5(str(number).encode()).hexdigest()


class Twilio(Provider):
    name = "twilio"
    probed = True
    env = {"TEST_TWILIO_TOKEN": TOKEN, "TEST_TWILIO_SECOND": SECOND}
    ours = OURS

    def __init__(self, extra="", port=0, hook=HOOK):
        super().__init__(port)
        self.hooks, self.extra, self.files, self.listed, self.opted_out = hook, extra, {}, [], set()
        self.page_size = 2
        self.fetched = []

    # ---- what the suite asks ----
    def lines(self):
        sender = "" if "from:" in self.extra else f'from: ["{OURS}"]\n'
        return (f"account_sid: {SID}\nauth_token: [env:TEST_TWILIO_TOKEN, env:TEST_TWILIO_SECOND]\n"
                f"webhook_url: {self.hooks}\n{sender}base_url: {self.url}\n{self.extra}")

    def is_send(self, request):
        return request.method == "POST" and request.path == f"{ROOT}/Messages.json"

    def authorized(self, request):
        return request.header("authorization") == "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()

    def accept(self, request):
        assert self.authorized(request)
        assert request.header("content-type") == "application/x-www-form-urlencoded"
        pairs = urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        known = {"To", "From", "MessagingServiceSid", "Body", "MediaUrl", "StatusCallback", "ValidityPeriod", "ContentSid",
                 "ContentVariables"}
        assert set(form) <= known and len(pairs) == len(form), form
        assert "From" in form or "MessagingServiceSid" in form
        assert re.fullmatch(r"(whatsapp:)?\+\d{7,15}|whatsapp:[A-Z]{2}\.\w+", form["To"]), form["To"]
        assert len(form.get("Body", "").encode("utf-16-le")) // 2 <= 1600
        assert form.get("Body") or form.get("MediaUrl") or form.get("ContentSid")
        callback = form["StatusCallback"]
        assert callback.startswith(self.hooks), callback
        key = urllib.parse.parse_qs(urllib.parse.urlsplit(callback).query)["key"][0]
        sent = Sent(sid("SM", f"out{len(self.sent)}"), form["To"], form.get("Body"), key, form=form)
        return sent, Reply(201, self.resource(sent, form))

    def resource(self, sent, form):
        return json.dumps({
            "account_sid": SID, "api_version": "2010-04-01", "body": form.get("Body", ""), "date_created":
            "Thu, 24 Aug 2023 05:01:45 +0000", "date_sent": None, "date_updated": "Thu, 24 Aug 2023 05:01:45 +0000",
            "direction": "outbound-api", "error_code": None, "error_message": None, "from": form.get("From"),
            "num_media": "0", "num_segments": "1", "price": None, "price_unit": None, "messaging_service_sid":
            form.get("MessagingServiceSid"), "sid": sent.id, "status": "queued", "subresource_uris":
            {"media": f"{ROOT}/Messages/{sent.id}/Media.json"}, "to": form["To"],
            "uri": f"{ROOT}/Messages/{sent.id}.json"}).encode()

    def error(self, status, code, message, headers=()):
        return Reply(status, json.dumps({"code": code, "message": message, "status": status,
                                         "more_info": f"https://www.twilio.com/docs/errors/{code}"}).encode(), headers=headers)

    def refusal(self):
        return self.error(400, 21211, "Invalid 'To' Phone Number: +447700900XXX")

    def denial(self):
        return self.error(401, 20003, "Authenticate")

    def limit(self, seconds):
        return self.error(429, 20429, "Too Many Requests", [("Retry-After", seconds)] if seconds is not None else [])

    def say(self, sender, text, id=None, **more):
        form = {"ToCountry": "GB", "MessageSid": sid("SM", id or self.next_id()), "NumMedia": "0", "ToCity": "", "SmsStatus":
                "received", "FromCountry": "GB", "NumSegments": "1", "AccountSid": SID, "ApiVersion": "2010-04-01",
                "From": sender, "To": self.ours, "Body": text, **more}
        form["SmsMessageSid"] = form["SmsSid"] = form["MessageSid"]
        return self.hook_form({k: v for k, v in form.items() if v is not None})

    def say_broken(self, good):
        return self.hook_form({"AccountSid": SID, "From": "+447700900123", "EventType": "SOMETHING_NEW"})[0]

    def say_forged(self, sender, text):
        return self.hook_form({"MessageSid": sid("SM", self.next_id()), "From": sender, "To": OURS, "Body": text,
                               "AccountSid": SID}, token="not the token of this account")

    def tell(self, sent, word, **more):
        assert word in STATES
        form = {"SmsSid": sent.id, "SmsStatus": word, "MessageStatus": word, "To": sent.to, "MessageSid": sent.id,
                "AccountSid": SID, "From": sent.form.get("From") or OURS, "ApiVersion": "2010-04-01",
                **({"ErrorCode": "30003"} if word in ("failed", "undelivered") else {}), **more}
        return self.hook_form(form, query=urllib.parse.urlsplit(sent.form["StatusCallback"]).query)[0]

    # ---- webhooks ----
    def hook_form(self, form, token=TOKEN, query="", signed_url=None, signature=None, header="X-Twilio-Signature"):
        pairs = list(form.items()) if isinstance(form, dict) else form
        target = f"?{query}" if query else ""
        if signature is None:
            signature = sign((signed_url or self.hooks) + target, pairs, token)
        body = urllib.parse.urlencode(pairs, quote_via=urllib.parse.quote_plus).encode()
        return self.post(body, {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8", header: signature,
                                "I-Twilio-Idempotency-Token": "b3f0", "User-Agent": "TwilioProxy/1.1"}, query=target)

    # ---- the rest of the API ----
    def other(self, request):
        if request.path.startswith("/file/"):		# the storage: needs no credentials
            return Reply(200, *self.files[request.path.rsplit("/", 1)[1]])
        if not self.authorized(request):
            return self.denial()
        if request.path == f"{ROOT}.json":
            return Reply(200, json.dumps({"sid": SID, "status": "active"}).encode())
        if request.path == f"{ROOT}/Messages.json":
            return self.list_messages(urllib.parse.parse_qs(urllib.parse.urlsplit(request.target).query))
        found = re.fullmatch(rf"{ROOT}/Messages/(\w+)/Media\.json", request.path)
        if found:
            items = [{"sid": me, "content_type": self.files[me][1], "parent_sid": found[1],
                      "uri": f"{ROOT}/Messages/{found[1]}/Media/{me}.json"} for me in self.files]
            return Reply(200, json.dumps({"media_list": items, "page": 0, "next_page_uri": None}).encode())
        found = re.fullmatch(rf"{ROOT}/Messages/\w+/Media/(\w+)", request.path)
        if found and found[1] in self.files:
            self.fetched.append(request)
            return Reply(307, headers=[("Location", f"{self.url}/file/{found[1]}")])
        return self.error(404, 20404, "The requested resource was not found")

    def add_file(self, data, type):
        """The URL of a file as a webhook names it."""
        me = sid("ME", len(self.files))
        self.files[me] = (data, type)
        return f"{self.url}{ROOT}/Messages/{sid('MM', 0)}/Media/{me}"

    def list(self, sender, text, at, to=None, **more):
        """A message that is in the account's list, whether or not we were told of it."""
        date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime(at))
        self.listed.append({"sid": more.pop("sid", None) or sid("SM", f"listed{len(self.listed)}"), "from": sender,
                            "to": to or OURS, "body": text, "direction": "inbound", "status": "received", "num_media": "0",
                            "num_segments": "1", "date_created": date, "date_sent": date, "date_updated": date,
                            "account_sid": SID, "messaging_service_sid": None, "at": at, **more})

    def list_messages(self, query):
        assert set(query) <= {"DateSent>", "PageSize", "Page", "PageToken"}, query
        day = query["DateSent>"][0]
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", day)
        first = int(query.get("Page", ["0"])[0]) * self.page_size
        rows = sorted((m for m in self.listed if time.strftime("%Y-%m-%d", time.gmtime(m["at"])) >= day),
                      key=lambda m: -m["at"])
        page = [{k: v for k, v in m.items() if k != "at"} for m in rows[first:first + self.page_size]]
        more = first + self.page_size < len(rows)
        number = first // self.page_size + 1
        following = f"{ROOT}/Messages.json?DateSent%3E={day}&PageSize={self.page_size}&Page={number}&PageToken=PASM"
        return Reply(200, json.dumps({"messages": page, "page": number - 1, "page_size": self.page_size,
                                      "next_page_uri": following if more else None, "uri": request_uri(day),
                                      "first_page_uri": request_uri(day), "previous_page_uri": None, "start": first,
                                      "end": first + len(page)}).encode())


def request_uri(day):
    return f"{ROOT}/Messages.json?DateSent%3E={day}&PageSize=2&Page=0"
