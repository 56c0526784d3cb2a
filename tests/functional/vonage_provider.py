"""Vonage's SMS API, Messages API and Reports API with their webhooks, byte by byte from Vonage's documentation ("SMS
API", "Delivery receipts", "Signing messages", "Messages API", "Signed webhooks", "Reports API"), and nothing of
headgate's."""
import base64
import functools
import hashlib
import hmac
import json
import re
import subprocess
import time
import urllib.parse
import uuid

from fake_provider import Provider, Reply, Sent

KEY, SECRET = "abcd1234", "api-secret-of-the-account"
SIGN, SECOND_SIGN = "signature-secret-for-tests-0000001", "signature-secret-for-tests-0000002"
URL_TOKEN = "a-token-in-the-url-0123456789"
APPLICATION = "aaaaaaaa-bbbb-cccc-dddd-0123456789ab"
OURS, BRAND = "447700900900", "AcmeInc"
STATUSES = {"delivered", "accepted", "buffered", "expired", "failed", "rejected", "unknown"}


@functools.cache
def private_key():
    return subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, check=True, text=True).stdout


@functools.cache
def public_key():
    return subprocess.run(["openssl", "pkey", "-pubout"], input=private_key(), capture_output=True, check=True,
                          text=True).stdout


def unbase64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def sign(params, method="sha256", secret=SIGN):
    """sig of a set of parameters: "&name=value" by name, with "&" and "=" in values as "_"."""
    text = "".join(f"&{name}={str(value).replace('&', '_').replace('=', '_')}"
                   for name, value in sorted(params.items()) if name != "sig")
    if method == "md5hash":
        return hashlib.md5((text + secret).encode()).hexdigest()
    return hmac.new(secret.encode(), text.encode(), method).hexdigest()


def signed(params, method="sha256", secret=SIGN, now=None):
    params = {"api-key": KEY, "timestamp": str(int(now or time.time())), "nonce": str(uuid.uuid4()), **params}
    return {**params, "sig": sign(params, method, secret)}


def token(body, secret=SIGN, algorithm="HS256", **claims):
    """The Authorization of a webhook of the Messages API."""
    claims = {"iat": int(time.time()), "jti": str(uuid.uuid4()), "iss": "Vonage", "payload_hash":
              hashlib.sha256(body).hexdigest(), "api_key": KEY, "application_id": APPLICATION, **claims}
    claims = {name: value for name, value in claims.items() if value is not None}
    text = f'{b64url(json.dumps(dict(alg=algorithm, typ="JWT")).encode())}.{b64url(json.dumps(claims).encode())}'
    return f"Bearer {text}.{b64url(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest())}"


class Vonage(Provider):
    """What both APIs share."""

    name = "vonage"
    probed = True
    env = {"TEST_VONAGE_SECRET": SECRET, "TEST_VONAGE_SIGN": SIGN, "TEST_VONAGE_SECOND": SECOND_SIGN,
           "TEST_VONAGE_URL": URL_TOKEN}
    forged = (503,)		# what is answered 4xx never comes again
    product = None

    def __init__(self, extra=""):
        super().__init__()
        self.extra, self.records, self.page_size, self.asked, self.files, self.fetched = extra, [], 1000, [], {}, []

    def basic(self, request):
        return request.header("authorization") == "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()

    def other(self, request):
        if request.path == "/v2/reports/records":
            return self.report(request)
        if request.path == "/account/get-balance":
            return Reply(200, b'{"value": 10.28, "autoReload": false}') if self.basic(request) else Reply(401)
        if request.path in self.files:
            self.fetched.append(request)
            return Reply(200, self.files[request.path], "image/png") if self.may_fetch(request) else Reply(401)
        return Reply(404)

    def may_fetch(self, request):
        return self.basic(request)

    def report(self, request):
        """Load records synchronously: a window of at most a day, pages by cursor and iv."""
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(request.target).query, strict_parsing=True))
        if not self.basic(request):
            return Reply(401, b'{"type": "UNAUTHORIZED", "title": "Unauthorized"}')
        self.asked.append(query)
        start, end = (parse_time(query[name]) for name in ("date_start", "date_end"))
        assert 0 <= end - start <= 86400 and query["account_id"] == KEY and query["direction"] == "inbound"
        assert query["product"] == self.product
        found = [r for r in self.records if start <= parse_time(r["date_received"]) < end]
        if query.get("include_message") != "true":
            found = [{k: v for k, v in r.items() if k != "message_body"} for r in found]
        first = int(query.get("cursor", "p0")[1:])
        page, rest = found[first:first + self.page_size], found[first + self.page_size:]
        answer = {"request_id": str(uuid.uuid4()), "request_status": "TRUNCATED" if rest else "SUCCESS",
                  "received_at": "2026-11-20T10:02:11+0000", "items_count": len(page), "product": self.product, "records": page}
        if rest:
            answer.update(cursor=f"p{first + self.page_size}", iv="QnJtvajk5bH0wMX-8JHLRQ")
            assert "cursor" not in query or query["iv"] == answer["iv"]
        return Reply(200, json.dumps(answer).encode())

    def record(self, sender, text, id, at):
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(at))
        self.records.append({"account_id": KEY, "message_id": id, "direction": "inbound", "from": sender.lstrip("+"),
                             "to": OURS, "network": "23410", "country": "GB", "date_received": stamp, "currency": "EUR",
                             "total_price": "0", "message_body": text})


def parse_time(text):
    import datetime
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00").replace("+0000", "+00:00")).timestamp()


class VonageSms(Vonage):
    """api: sms"""

    product = "SMS"
    method = "sha256"

    def lines(self):
        return (f"api_key: {KEY}\napi_secret: env:TEST_VONAGE_SECRET\nsignature: {self.method}\n"
                f'signature_secret: [env:TEST_VONAGE_SIGN, env:TEST_VONAGE_SECOND]\nfrom: ["{OURS}", {BRAND}]\n'
                f"sms_url: {self.url}\napi_url: {self.url}\n{self.extra}")

    def is_send(self, request):
        return request.method == "POST" and request.path == "/sms/json"

    def accept(self, request):
        assert request.header("content-type") == "application/x-www-form-urlencoded"
        pairs = urllib.parse.parse_qsl(request.body.decode(), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        known = {"api_key", "api_secret", "sig", "timestamp", "from", "to", "text", "type", "ttl", "callback", "client-ref"}
        assert set(form) <= known and len(pairs) == len(form), form
        assert form["api_key"] == KEY and ("api_secret" in form) != ("sig" in form)
        assert form.get("api_secret", SECRET) == SECRET
        if "sig" in form:
            assert form["sig"] == sign(form, self.method) and abs(int(form["timestamp"]) - time.time()) < 7200
        assert re.fullmatch(r"\d{7,15}", form["to"]) and re.fullmatch(r"\d{3,15}|[A-Za-z0-9 ]{1,11}", form["from"])
        assert form["type"] in ("text", "unicode") and len(form["client-ref"]) <= 100
        units = len(form["text"].encode("utf-16-le")) // 2
        parts = 1 if units <= (160 if form["type"] == "text" else 70) else -(-units // (153 if form["type"] == "text" else 67))
        ids = [f"0C0000{len(self.sent):04X}{part:06X}" for part in range(parts)]
        entries = [{"to": form["to"], "message-id": id, "status": "0", "remaining-balance": "15.53590000", "message-price":
                    "0.03330000", "network": "23410", "client-ref": form["client-ref"]} for id in ids]
        sent = Sent(ids[0], form["to"], form["text"], form["client-ref"], form=form, ids=ids)
        return sent, Reply(200, json.dumps({"message-count": str(parts), "messages": entries}).encode())

    def no(self, status, text):
        body = {"message-count": "1", "messages": [{"status": str(status), "error-text": text}]}
        return Reply(200, json.dumps(body).encode())

    def refusal(self):
        return self.no(6, "The Nexmo platform was unable to process this message for the following reason: unroutable")

    def denial(self):
        return self.no(4, "Bad Credentials")

    def limit(self, seconds):
        return self.no(1, f"Throughput Rate Exceeded - please wait [ {seconds * 1000} ] and retry" if seconds
                       else "Throughput Rate Exceeded")

    def message(self, sender, text, id=None, **more):
        return {"msisdn": sender.lstrip("+"), "to": OURS, "messageId": id or self.next_id("0A00000012"), "text": text, "type":
                "text", "keyword": text.split(" ")[0].upper(), "message-timestamp":
                time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), **more}

    def say(self, sender, text, id=None, **more):
        return self.hook_params(self.message(sender, text, id, **more))

    def say_broken(self, good):
        return self.hook_params({"text": "from nobody", "type": "text", "surprise": "yes"})[0]

    def say_forged(self, sender, text):
        return self.hook_params(self.message(sender, text), secret="not the secret of this account")

    def tell(self, sent, word, **more):
        assert word in STATUSES
        params = {"msisdn": sent.to, "to": sent.form["from"], "network-code": "23410", "messageId": sent.id, "price":
                  "0.03330000", "status": word, "scts": "2611201002", "err-code": "0" if word == "delivered" else "1",
                  "client-ref": sent.key, "message-timestamp": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime()), **more}
        return self.hook_params({k: v for k, v in params.items() if v is not None})[0]

    def hook_params(self, params, secret=SIGN, form="json", query="", **how):
        """form: "get", "form" or "json", the three ways an account can be set to."""
        params = params if "sig" in params else signed(params, self.method, secret, **how)
        text = urllib.parse.urlencode(params)
        if form == "get":
            return self.post(None, {}, "GET", query=f"?{text}{'&' if query else ''}{query}")
        if form == "form":
            return self.post(text.encode(), {"Content-Type": "application/x-www-form-urlencoded"}, query=query and "?" + query)
        return self.post(json.dumps(params).encode(), {"Content-Type": "application/json"}, query=query and "?" + query)


class VonageMessages(Vonage):
    """api: messages"""

    product = "MESSAGES"

    def __init__(self, extra=""):
        super().__init__(extra)
        self.env = {**self.env, "TEST_VONAGE_KEY": private_key()}
        self.tokens = []

    def lines(self):
        return (f"api: messages\napi_key: {KEY}\napi_secret: env:TEST_VONAGE_SECRET\napplication_id: {APPLICATION}\n"
                "private_key: env:TEST_VONAGE_KEY\nsignature_secret: [env:TEST_VONAGE_SIGN, env:TEST_VONAGE_SECOND]\n"
                f'from: ["{OURS}"]\nsms_url: {self.url}\napi_url: {self.url}\n{self.extra}')

    def is_send(self, request):
        return request.method == "POST" and request.path == "/v1/messages"

    def bearer(self, request):
        """The application's token: RS256, checked with openssl's arithmetic alone."""
        scheme, text = request.header("authorization").split(" ")
        head, claims, _ = text.split(".")
        self.tokens.append(text)
        claims = json.loads(unbase64(claims))
        assert scheme == "Bearer" and json.loads(unbase64(head))["alg"] == "RS256"
        assert claims["application_id"] == APPLICATION and claims["jti"] and 0 < claims["exp"] - claims["iat"] <= 86400
        return True

    def may_fetch(self, request):
        return self.bearer(request)

    def accept(self, request):
        assert self.bearer(request) and request.header("content-type") == "application/json"
        body = json.loads(request.body)
        known = {"channel", "from", "to", "message_type", "text", "client_ref", "webhook_url", "sms", "ttl", "context", "reaction",
                 "template", "whatsapp"}
        assert set(body) <= known and body["channel"] in ("sms", "mms", "rcs", "whatsapp", "viber_service", "messenger"), body
        assert len(body["client_ref"]) <= 100 and not body["to"].startswith("+") and not body["from"].startswith("+")
        id = str(uuid.uuid4())
        sent = Sent(id, body["to"], body.get("text"), body["client_ref"], body=body)
        return sent, Reply(202, json.dumps({"message_uuid": id}).encode())

    def problem(self, status, code, title, detail, headers=()):
        body = {"type": f"https://developer.vonage.com/api-errors/messages#{code}", "title": title, "detail": detail,
                "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"}
        return Reply(status, json.dumps(body).encode(), "application/problem+json", headers)

    def refusal(self):
        return self.problem(422, 1170, "Invalid or Missing Msisdn Param", "The phone number you supplied in the to parameter "
                            "of your request was either missing or invalid.")

    def denial(self):
        return self.problem(401, "unauthorized", "Unauthorized", "You did not provide correct credentials.")

    def limit(self, seconds):
        return self.problem(429, 1000, "Throttled", "You have exceeded the submission capacity allowed on this account.",
                            [("Retry-After", seconds)] if seconds is not None else [])

    def message(self, sender, text=None, id=None, channel="sms", to=OURS, **more):
        item = {"message_uuid": id and str(uuid.uuid5(uuid.NAMESPACE_DNS, id)) or str(uuid.uuid4()), "to": to, "from":
                sender.lstrip("+"), "timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "channel": channel,
                "message_type": "text"}
        if text is not None:
            item["text"] = text
        if channel == "sms":
            item.update(sms={"num_messages": "1", "keyword": (text or "").split(" ")[0].upper()},
                        usage={"currency": "EUR", "price": "0.0333"})
        return {**item, **more}

    def say(self, sender, text, id=None, **more):
        return self.hook_json(self.message(sender, text, id, **more))

    def say_broken(self, good):
        return self.hook_json({"message_uuid": 17, "from": None, "message_type": ["text"]})[0]

    def say_forged(self, sender, text):
        return self.hook_json(self.message(sender, text), secret="not the secret of this account")

    def tell(self, sent, word, **more):
        status = {"message_uuid": sent.id, "to": sent.to, "from": OURS, "timestamp":
                  time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()), "status": "rejected" if word == "failed" else word,
                  "client_ref": sent.key, "channel": sent.body["channel"], **more}
        if word == "failed":
            status.setdefault("error", {"type": "https://developer.nexmo.com/api-errors/messages-olympus#1330", "title": 1330,
                                        "detail": "Unknown", "instance": "bf0ca0bf927b3b52e3cb03217e1a1ddf"})
        return self.hook_json({k: v for k, v in status.items() if v is not None})[0]

    def hook_json(self, body, secret=SIGN, authorization=None, query="", **claims):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"}
        if authorization != "":
            headers["Authorization"] = authorization or token(data, secret, **claims)
        return self.post(data, headers, query=query and "?" + query)
