"""Vonage: what only its two APIs have.  (What every provider must stand: test_conformance.py.)"""
import base64
import hashlib
import json
import select
import socket
import time
import urllib.parse
import uuid

import pytest

import harness
from fake_provider import Reply
from provider_line import check_example, node, running, said, texts
from test_conformance import wait_with_clock
from vonage_provider import (APPLICATION, KEY, OURS, SECOND_SIGN, SECRET, SIGN, URL_TOKEN, VonageMessages, VonageSms,
                             private_key, public_key, sign, signed, token)

ANA, BO = "+447700900123", "+447700900456"
METHODS = ["md5hash", "md5", "sha1", "sha256", "sha512"]
# Of Vonage's own library, which signs as its page "Signing messages" says.
SIGN_JS = """
const Nexmo = require("nexmo");
console.log(JSON.stringify(asked.map(a => Nexmo.generateSignature(a.method, a.secret, a.params))));
"""
TOKEN_JS = """
const { verifySignature, tokenGenerate } = require("@vonage/jwt");
const jwt = require("jsonwebtoken");
const out = { made: [], ours: [] };
for (const a of asked.make)
  out.made.push(a.private ? tokenGenerate(a.claims.application_id, a.private, a.claims)
                          : jwt.sign(a.claims, a.secret, { algorithm: a.algorithm || "HS256" }));
for (const t of asked.tokens) out.ours.push(verifySignature(t, asked.public));
console.log(JSON.stringify(out));
"""


def sms(method="sha256", extra=""):
    provider = VonageSms(extra)
    provider.method = method
    return provider


# ---- signatures of the SMS API ----

def vectors(tmp_path):
    """Parameters of every kind, signed by Vonage's library: (method, params with sig)."""
    provider = VonageSms()
    provider.close()
    sets = [provider.message(ANA, text, **more) for text, more in [
        ("Plain words", {}), ("a & b = c, 100% + \"more\"", {}), ("Größe € 😀 مرحبا", {"type": "unicode"}),
        ("part", {"concat": "true", "concat-ref": "5", "concat-total": "2", "concat-part": "1"}), ("", {})]]
    asked = []
    for method in METHODS:
        for params in sets:
            params = {**params, "messageId": uuid.uuid4().hex[:16], "api-key": KEY, "timestamp": str(int(time.time())),
                      "nonce": str(uuid.uuid4())}
            asked.append({"method": method, "secret": SIGN, "params": params})
    made = node(tmp_path, SIGN_JS, asked)
    return [(a["method"], {**a["params"], "sig": sig}) for a, sig in zip(asked, made)]


def forgeries(method, params):
    """Each as (what, params): none of them is what was signed."""
    sig = params["sig"]
    other = next(m for m in METHODS if m != method)
    yield "no sig", {k: v for k, v in params.items() if k != "sig"}
    yield "empty sig", {**params, "sig": ""}
    yield "another text", {**params, "text": params["text"] + "!"}
    yield "another sender", {**params, "msisdn": "447700900999"}
    yield "one more", {**params, "zzz": "1"}
    yield "one less", {k: v for k, v in params.items() if k != "nonce"}
    yield "another secret", {**params, "sig": sign(params, method, "another secret")}
    yield "no secret", {**params, "sig": sign(params, method, "")}
    yield "another method", {**params, "sig": sign(params, other)}
    yield "cut", {**params, "sig": sig[:-1]}
    yield "a bit", {**params, "sig": ("0" if sig[0] != "0" else "1") + sig[1:]}
    yield "base64", {**params, "sig": base64.b64encode(bytes.fromhex(sig)).decode()}
    yield "last week's", signed({k: v for k, v in params.items() if k not in ("sig", "timestamp")}, method,
                                now=time.time() - 7 * 86400)


def test_signatures_of_vonages_library_are_good_and_no_others(tmp_path, helpdesk):
    lines = {method: sms(method) for method in METHODS}
    with running(tmp_path, helpdesk, **lines) as gateway:
        good = vectors(tmp_path)
        for i, (method, params) in enumerate(good):
            line, form = lines[method], ("get", "form", "json")[i % 3]
            for what, forged in forgeries(method, params):
                status = line.hook_params({"sig": None, **forged} if "sig" not in forged else forged, form=form)[0] \
                    if "sig" in forged else line.post(json.dumps(forged).encode(), {"Content-Type": "application/json"})[0]
                assert status == 503, (method, form, what)
            assert gateway.status()["channels"] and line.hook_params(params, form=form)[0] == 200, (method, form, params)
            assert line.hook_params({**params, "sig": params["sig"].upper()}, form=form)[0] == 200	# the same, seen before
        whole = [params for _, params in good if "concat" not in params]	# the others wait for their second part
        assert sum(t["inbound"] for t in gateway.threads()) == len(whole)


def test_a_request_with_two_readings_is_none(tmp_path, helpdesk):
    line = sms()
    with running(tmp_path, helpdesk, line) as gateway:
        params = signed(line.message(ANA, "the first"))
        text = urllib.parse.urlencode(params)
        for query in (text + "&text=another", "text=another&" + text, text + "&%00=1", text.replace("text=the+first", "text=the+first%00x"),
                      text.replace("&to=", "%26to=")):
            assert line.post(None, {}, "GET", query="?" + query)[0] in (400, 503), query
        # The very text that was signed, with two parameters behind the name of one.
        hidden = {k: v for k, v in params.items() if k not in ("to", "type")}
        assert line.hook_params({**hidden, f"to={OURS}&type": "text"}, form="get")[0] == 503
        assert gateway.threads() == []
        assert line.post(None, {}, "GET", query="?" + text)[0] == 200
        assert line.hook_params(line.message(ANA, "the second"), secret=SECOND_SIGN)[0] == 200
        harness.wait_until(lambda: texts(gateway) == ["the first", "the second"], "both")


def test_the_dashboards_look_at_the_url_is_answered(tmp_path, helpdesk):
    line = sms()
    with running(tmp_path, helpdesk, line) as gateway:
        assert line.post(None, {}, "GET")[0] == 200 and line.post(b"", {})[0] == 200
        assert gateway.threads() == []


@pytest.mark.parametrize("form", ["get", "form", "json"])
def test_without_signatures_the_url_is_the_secret(tmp_path, helpdesk, form):
    line = sms(extra="url_token: env:TEST_VONAGE_URL\n")
    line.lines = lambda lines=line.lines: lines().replace("signature: sha256", "signature: off")
    with running(tmp_path, helpdesk, line) as gateway:
        params = {**line.message(ANA, "hello?"), "sig": "none"}
        assert [line.hook_params(params, form=form, query=q)[0] for q in ("", "token=wrong", f"token={URL_TOKEN}x")] == [503] * 3
        assert line.hook_params(params, form=form, query=f"token={URL_TOKEN}")[0] == 200
        harness.wait_until(lambda: texts(gateway) == ["hello?"], "the message")
        assert URL_TOKEN.encode() not in b"".join(p.read_bytes() for p in gateway.store.parent.rglob("*") if p.is_file())


# ---- what the SMS API brings ----

def test_what_comes_by_the_sms_api(tmp_path, helpdesk):
    line = sms()
    with running(tmp_path, helpdesk, line) as gateway:
        assert line.say(ANA, "Grüße 😀", type="unicode")[0] == 200
        binary = {k: v for k, v in line.message(ANA, "x", type="binary", data="00ff10", udh="06050415811581").items()
                  if k not in ("text", "keyword")}
        assert line.hook_params(binary)[0] == 200
        shown = said(gateway, 2)
        assert [m["kind"] for m in shown] == ["text", "unsupported"] and shown[0]["text"] == "Grüße 😀"
        assert shown[1]["payload"] == {"data": "00ff10", "udh": "06050415811581"}, shown[1]
        assert gateway.threads()[0]["contact"]["phone"] == ANA


def test_parts_are_put_together_in_any_order_and_what_is_missing_is_not_waited_for_for_ever(tmp_path, helpdesk):
    line = sms()

    def part(ref, number, of, text, sender=ANA, **more):
        return line.say(sender, text, **{"concat": "true", "concat-ref": str(ref), "concat-total": str(of),
                                         "concat-part": str(number), **more})[0]

    with running(tmp_path, helpdesk, line) as gateway:
        assert [part(7, 2, 3, "two "), part(7, 3, 3, "three"), part(7, 1, 3, "one "), part(7, 1, 3, "one ")] == [200] * 4
        harness.wait_until(lambda: texts(gateway) == ["one two three"], "the whole")
        # The same reference again, at the same time from another; by the header where Vonage did not read it.
        assert [part(7, 1, 2, "again "), part(7, 1, 2, "from bo ", BO), part(7, 2, 2, "from bo", BO), part(7, 2, 2, "again")] == [200] * 4
        for number, text in ((2, "header"), (1, "by the ")):
            assert line.say(ANA, text, udh=f"0500032a02{number:02x}")[0] == 200
        harness.wait_until(lambda: texts(gateway) == ["again again", "by the header", "from bo from bo", "one two three"], "all")
        assert [part(8, 1, 3, "begin "), part(8, 3, 3, " end")] == [200] * 2
        wait_with_clock(gateway, lambda: "begin [...] end" in texts(gateway), "what there is", 60)
        # Numbers that cannot be: each is a message.
        assert [part(9, 3, 2, "third of two"), part(9, 0, 2, "none"), part(9, 1, 1, "alone"), part(9, 1, 999, "of many")] == [200] * 4
        harness.wait_until(lambda: {"third of two", "none", "alone", "of many"} <= set(texts(gateway)), "the odd ones")


def test_an_answer_leaves_by_the_number_that_was_written_to_and_says_what_it_costs(tmp_path, helpdesk):
    line = sms(extra="ttl: 2h\nstatus_url: https://hooks.acme.example/v\n")
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "to the other number", to="447700900901")
        thread = gateway.wait_thread()[0]["id"]
        gateway.reply(thread, "“Quoted” — as typed…")
        gateway.reply(thread, "Ж " + "x" * 100)
        plain, greek = line.wait_sent('"Quoted" - as typed...')[0], line.wait_sent("Ж " + "x" * 100)[0]
        assert plain.form["from"] == "447700900901" and plain.form["type"] == "text" and greek.form["type"] == "unicode"
        assert plain.form["ttl"] == "7200000" and plain.form["callback"] == "https://hooks.acme.example/v"
        # Each segment has an id, and a receipt for any of them is about the message.
        assert len(greek.ids) == 2
        sent = next(m for m in gateway.messages(thread) if (m["text"] or "").startswith("Ж"))
        assert line.hook_params({"msisdn": "447700900123", "to": OURS, "messageId": greek.ids[1], "status": "failed", "err-code":
                                 "3", "scts": "2611201002", "message-timestamp": "2026-11-20 10:02:11"})[0] == 200
        failed = gateway.wait_message(thread, lambda m: m["id"] == sent["id"] and m.get("delivery") == "failed", "the failure")
        assert "not in use" in json.dumps(failed["error"]), failed


def test_requests_are_signed_when_the_account_wants_it(tmp_path, helpdesk):
    line = sms("md5hash", "sign_requests: true\n")
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        gateway.reply(gateway.wait_thread()[0]["id"], "a & b = c, €, 😀")
        form = line.wait_sent("a & b = c, €, 😀")[0].form
        assert "api_secret" not in form
        asked = [{"method": "md5hash", "secret": SIGN, "params": {k: v for k, v in form.items() if k != "sig"}}]
        assert node(tmp_path, SIGN_JS, asked) == [form["sig"]]


def test_a_message_that_was_taken_in_part_is_not_sent_again(tmp_path, helpdesk):
    line = sms()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        thread = gateway.wait_thread()[0]["id"]
        line.refusal = lambda: Reply(200, json.dumps({"message-count": "2", "messages": [
            {"to": "447700900123", "message-id": "0C00000000000001", "status": "0"},
            {"status": "1", "error-text": "Throughput Rate Exceeded - please wait [ 250 ] and retry"}]}).encode())
        line.mood("refuse")
        gateway.reply(thread, "y" * 200)
        failed = gateway.wait_message(thread, lambda m: m.get("delivery") == "failed", "the failure")
        assert "segments" in json.dumps(failed["error"]) and len(line.attempts()) == 1


# ---- tokens of the Messages API ----

def test_tokens_of_vonages_library_are_good_and_no_others(tmp_path, helpdesk):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        gateway.reply(gateway.wait_thread()[0]["id"], "Hello.")
        line.wait_sent("Hello.")
        body = json.dumps(line.message(ANA, "by their library")).encode()
        now = int(time.time())
        claims = {"iat": now, "jti": "j1", "iss": "Vonage", "payload_hash": hashlib.sha256(body).hexdigest(), "api_key": KEY,
                  "application_id": APPLICATION}
        make = [{"secret": SIGN, "claims": claims}, {"secret": SECOND_SIGN, "claims": claims},
                {"secret": SIGN, "claims": claims, "algorithm": "HS512"},
                {"private": private_key(), "claims": {"application_id": APPLICATION, "payload_hash": claims["payload_hash"]}}]
        answer = node(tmp_path, TOKEN_JS, {"make": make, "tokens": line.tokens + [line.tokens[0][:-3] + "AAA"],
                                           "public": public_key()})
        # What we show the API is what their library calls genuine.
        assert answer["ours"] == [True] * len(line.tokens) + [False]
        good, second, strong, ours = (f"Bearer {t}" for t in answer["made"])
        forged = {
            "another algorithm": strong, "a key of an application": ours, "no token": "", "another scheme": "Basic " + good[7:],
            "another secret": token(body, "another secret"), "no secret": token(body, ""), "cut": good[:-1],
            "none": token(body, algorithm="none").rsplit(".", 1)[0] + ".", "another algorithm's name": token(body, algorithm="RS256"),
            "public key as secret": token(body, public_key()), "another body": token(body + b" "), "no hash": token(body, payload_hash=None),
            "another account": token(body, api_key="zzzz9999"), "another application": token(body, application_id=str(uuid.uuid4())),
            "another issuer": token(body, iss="Nexmo"), "last week's": token(body, iat=now - 7 * 86400),
            "next week's": token(body, iat=now + 7 * 86400), "expired": token(body, exp=now - 3600), "twice": good + ", " + good,
        }
        for what, authorization in forged.items():
            assert line.hook_json(body, authorization=authorization)[0] == 503, what
        assert texts(gateway) == ["hello?"]
        assert line.hook_json(body, authorization=good)[0] == 200 and line.hook_json(body, authorization=second)[0] == 200
        harness.wait_until(lambda: texts(gateway) == ["by their library", "hello?"], "the message")


def test_after_an_unsigned_webhook_the_signed_one_is_taken_once(tmp_path, helpdesk):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        body = line.message(ANA, "unsigned at first")
        assert line.hook_json(body, authorization="")[0] >= 500 and gateway.threads() == []
        assert [line.hook_json(body)[0] for _ in range(2)] == [200, 200]
        harness.wait_until(lambda: texts(gateway) == ["unsigned at first"], "the message")


# ---- what the Messages API brings ----

@pytest.mark.parametrize("channel, to, goes", [
    ("sms", OURS, ("sms", OURS)), ("mms", OURS, ("sms", OURS)), ("whatsapp", "447700900901", ("whatsapp", "447700900901")),
    ("viber_service", "12345", ("viber_service", "12345")), ("rcs", "AcmeAgent", ("rcs", "AcmeAgent"))])
def test_an_answer_leaves_on_the_channel_it_came_by(tmp_path, helpdesk, channel, to, goes):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        assert line.say(ANA, "by this way", channel=channel, to=to, profile={"name": "Ana"})[0] == 200
        thread = gateway.wait_thread()[0]
        assert thread["contact"]["phone"] == ANA
        gateway.reply(thread["id"], "And back.")
        body = line.wait_sent("And back.")[0].body
        assert (body["channel"], body["from"], body["to"]) == (*goes, "447700900123")
        assert ("encoding_type" in body.get("sms", {})) == (goes[0] == "sms")


def test_what_comes_by_whatsapp(tmp_path, helpdesk):
    line = VonageMessages()
    sender = {"user_id": "GB.13491208655302741918", "wa_id": ANA[1:]}

    def say(type, value, **more):
        item = {**line.message(ANA, None, channel="whatsapp", message_type=type, whatsapp={"sender": sender},
                               profile={"name": "Ana", "username": "ana.b"}, **more), type: value}
        assert line.hook_json(item)[0] == 200
        return item["message_uuid"]

    with running(tmp_path, helpdesk, line) as gateway:
        first = say("text", "an answer", context={"message_uuid": str(uuid.uuid4()), "message_from": OURS})
        say("location", {"lat": 40.34772, "long": -74.18847, "name": "Vonage", "address": "23 Main St"})
        say("reply", {"id": "row1", "title": "9am", "description": "Select 9am"})
        say("button", {"payload": "yes", "text": "Yes, please"})
        say("order", {"catalog_id": "2806150799683508", "text": "two of them", "product_items": []})
        say("reaction", {"action": "react", "emoji": "👍"}, context={"message_uuid": first})
        say("hologram", {"x": 1})
        found = said(gateway, 6)
        assert [m["kind"] for m in found] == ["text", "location", "button", "button", "order", "unsupported"]
        assert found[1]["text"] == "Vonage, 23 Main St\n40.34772, -74.18847" and found[2]["text"] == "9am"
        assert found[3]["payload"] == {"button": {"payload": "yes", "text": "Yes, please"}}
        # The same person when the number is withheld.
        item = line.message("GB.13491208655302741918", "without number", channel="whatsapp", whatsapp={"sender":
                            {"user_id": sender["user_id"]}})
        assert line.hook_json(item)[0] == 200
        harness.wait_until(lambda: "without number" in texts(gateway), "the last one")
        assert len(gateway.threads()) == 1


def test_after_a_day_whatsapp_takes_no_free_answer(tmp_path, helpdesk):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?", channel="whatsapp")
        line.say(BO, "hello?")
        threads = {t["contact"]["phone"]: t["id"] for t in harness.wait_until(
            lambda: (lambda t: t if len(t) == 2 else None)(gateway.threads()), "both")}
        gateway.advance(hours=25)
        refused = gateway.reply(threads[ANA], "too late")
        assert refused.status == 202 or refused.status == 409, refused
        gateway.reply(threads[BO], "a text goes at any time")
        line.wait_sent("a text goes at any time")
        assert not [s for s in line.sent if s.text == "too late"]


def test_who_never_wrote_by_whatsapp_is_begun_with_by_a_template(tmp_path, helpdesk):
    with running(tmp_path, helpdesk, VonageMessages("send_as: whatsapp")) as gateway:
        body = {"channel": "line", "to": ANA}
        refused = gateway.api("POST", "/v1/threads/preview", {**body, "text": "hello"})
        assert refused.status == 409 and refused.json["type"].endswith("window-closed"), refused
        template = {"name": "hello", "language": "en"}
        assert gateway.api("POST", "/v1/threads/preview", {**body, "template": template}).status == 200


def test_files_are_fetched_with_credentials_from_vonage_and_from_nowhere_private(tmp_path, helpdesk):
    line, stranger = VonageMessages(), VonageMessages()
    private = socket.create_server(("127.0.0.1", 0))
    line.files["/v3/media/1"] = stranger.files["/secret.png"] = b"\x89PNG" + bytes(500)
    with running(tmp_path, helpdesk, line) as gateway:
        picture = line.message(ANA, None, channel="mms", message_type="content", content=[
            {"type": "image", "url": f"{line.url}/v3/media/1", "caption": "the crack"}, {"type": "text", "text": "see above"},
            {"type": "file", "url": f"{stranger.url}/secret.png", "name": "s.png"},
            {"type": "file", "url": f"https://127.0.0.1:{private.getsockname()[1]}/secret.png"}])
        assert line.hook_json(picture)[0] == 200
        thread = gateway.wait_thread()[0]["id"]
        found = gateway.wait_message(thread, lambda m: [a["state"] for a in m["attachments"]] == ["stored", "failed", "failed"],
                                     "one file, and no other")
        assert not select.select([private], [], [], 0)[0]
        private.close()
        assert found["text"] == "the crack\nsee above" and len(line.fetched) == 1
        assert line.fetched[0].header("authorization").startswith("Bearer ") and not stranger.requests
    stranger.close()


def test_a_status_says_why_in_words_for_the_agent(tmp_path, helpdesk):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        thread = gateway.wait_thread()[0]["id"]
        gateway.reply(thread, "Hello.")
        sent = line.wait_sent("Hello.")[0]
        assert line.tell(sent, "failed", error={"type": "https://developer.vonage.com/api-errors/messages#1240", "title": 1240,
                                                "detail": "Illegal Number"}) == 200
        failed = gateway.wait_message(thread, lambda m: m.get("delivery") == "failed", "the failure")
        assert "no more messages" in json.dumps(failed["error"]), failed



# ---- consent ----

def consent_of(gateway, address):
    return next((c for c in gateway.get("/v1/consent")["consents"] if c["address"] == f"tel:{address}"), None)


@pytest.mark.parametrize("make", [VonageSms, VonageMessages])
def test_what_the_provider_knows_of_a_stop_becomes_the_state_of_the_address(tmp_path, helpdesk, make):
    line = make()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        thread = gateway.wait_thread()[0]["id"]
        gateway.reply(thread, "Hello.")
        sent = line.wait_sent("Hello.")[0]
        if make is VonageSms:
            assert line.tell(sent, "rejected", **{"err-code": "9"}) == 200
        else:
            assert line.tell(sent, "failed", error={"title": "1240", "detail": "Illegal Number"}) == 200
        found = harness.wait_until(lambda: consent_of(gateway, ANA), "the state")
        assert found["state"] == "stop" and found["our_address"] == f"tel:+{OURS}", found
        refused = gateway.reply(thread, "and again")
        assert refused.status >= 400 and len(line.attempts()) == 1, refused
        later = time.gmtime(time.time() + 60)		# their clock has whole seconds
        line.say(ANA, "START", **({"message-timestamp": time.strftime("%Y-%m-%d %H:%M:%S", later)} if make is VonageSms
                                  else {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", later)}))
        harness.wait_until(lambda: consent_of(gateway, ANA)["state"] == "start", "the way back")
        assert gateway.reply(thread, "welcome back").status == 202
        line.wait_sent("welcome back")


def test_a_send_that_is_refused_for_a_stop_becomes_the_state_too(tmp_path, helpdesk):
    line = VonageMessages()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        line.refusal = lambda: line.problem(403, 1240, "1240", "Illegal Number - the user has sent STOP")
        line.mood("refuse")
        gateway.reply(gateway.wait_thread()[0]["id"], "Hello.")
        assert harness.wait_until(lambda: consent_of(gateway, ANA), "the state")["state"] == "stop"


# ---- asking back ----

@pytest.mark.parametrize("make", [VonageSms, VonageMessages])
def test_what_did_not_arrive_is_asked_for_and_taken_once(tmp_path, helpdesk, make):
    line = make()
    line.page_size = 2
    with running(tmp_path, helpdesk, line) as gateway:
        harness.wait_until(lambda: line.asked, "the look at the start")
        line.say(ANA, "arrived", id="arrived")
        harness.wait_until(lambda: texts(gateway) == ["arrived"], "the one that came")
        gateway.stop()
        gateway.advance(hours=3)
        now = gateway.now()
        same = line.message(ANA, "arrived", "arrived")
        line.record(ANA, "arrived", same.get("messageId") or same["message_uuid"], now - 60)
        for i in range(4):
            line.record(ANA, f"missed {i}", str(uuid.uuid4()), now - 50 + i)
        line.record(ANA, "missed two hours ago", str(uuid.uuid4()), now - 7200)
        line.record(BO, "long ago", str(uuid.uuid4()), now - 86400)
        gateway.start()
        want = ["arrived"] + [f"missed {i}" for i in range(4)] + ["missed two hours ago"]
        harness.wait_until(lambda: texts(gateway) == want, "the missed ones")
        asked = len(line.asked)
        wait_with_clock(gateway, lambda: len(line.asked) > asked, "the next look", 1800)
        assert line.asked[-1]["date_start"] > line.asked[0]["date_start"]
        assert texts(gateway) == want


def test_the_account_may_not_be_asked_and_all_else_works(tmp_path, helpdesk):
    line = sms()
    line.report = lambda request: line.asked.append(1) or Reply(403, b'{"title": "Unauthorised"}')
    with running(tmp_path, helpdesk, line) as gateway:
        harness.wait_until(lambda: line.asked, "the look")
        harness.wait_until(lambda: "poll.failed" in gateway.log(), "the warning")
        line.say(ANA, "hello?")
        gateway.reply(gateway.wait_thread()[0]["id"], "Hello.")
        line.wait_sent("Hello.")


# ---- settings ----

@pytest.mark.parametrize("change, words", [
    ({"signature_secret": None}, "signature_secret is missing"), ({"signature": "off"}, "needs a url_token"),
    ({"api_secret": None}, "api_secret is missing"), ({"url_token": "env:SHORT"}, "at least 16"),
    ({"sms_url": "http://sms.example"}, "in the clear"), ({"country": "uk"}, "two capital letters"),
    ({"api": "messages", "application_id": "x"}, "belong together"),
    ({"api": "messages", "application_id": "x", "private_key": "env:SHORT"}, "no RSA key")])
def test_settings_that_do_not_fit_are_named(tmp_path, helpdesk, change, words):
    line = VonageSms()
    settings = dict(row.split(": ", 1) for row in line.lines().splitlines())
    settings.update(change)
    line.lines = lambda: "".join(f"{k}: {v}\n" for k, v in settings.items() if v is not None)
    line.env = {**line.env, "SHORT": "short"}
    with running(tmp_path, helpdesk, line, begin=False) as gateway:
        checked = gateway.ctl("check", str(gateway.config_path))
        assert words in checked.stdout + checked.stderr, checked
    assert SECRET not in checked.stdout + checked.stderr


def test_the_example_that_is_shipped_is_right():
    check_example("vonage.yaml", VONAGE_SECRET=SECRET, VONAGE_SIGNATURE=SIGN)
