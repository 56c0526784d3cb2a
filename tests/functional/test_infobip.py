"""Infobip: batches, what its hooks may show, its inbox and its log.  (What every provider must stand:
test_conformance.py.)"""
import base64
import hashlib
import hmac
import json
import time

import pytest

import harness
from infobip_provider import API_KEY, OURS, PASSWORD, Infobip
from provider_line import check_example, running, said, texts
from test_conformance import wait_with_clock
from vonage_provider import b64url, private_key, public_key

ANA, BO = "+447700900123", "+447700900456"
SECRET, SECOND = "hook-secret-for-tests-000000000001", "hook-secret-for-tests-000000000002"
FORMS = {"hex": lambda mac: mac.hex(), "upper": lambda mac: mac.hex().upper(), "base64": lambda mac: base64.b64encode(mac).decode(),
         "prefix": lambda mac: "sha256=" + mac.hex()}


def infobip(hook, extra="", **env):
    provider = Infobip(extra, hook)
    provider.env = {**Infobip.env, "TEST_SECRET": SECRET, "TEST_SECOND": SECOND, **env}
    return provider


# ---- batches ----

def test_a_batch_is_taken_apart_and_no_part_hurts_another(tmp_path, helpdesk):
    line = Infobip()
    with running(tmp_path, helpdesk, line) as gateway:
        items = [line.message(f"+44770090{i:04d}", f"text {i}") for i in range(300)]
        assert line.hook_results(items, pending=7)[0] == 200
        assert len(texts(gateway)) == 300
        # Repeated with something new in it: only that is new.
        assert line.hook_results(items + [line.message(ANA, "one more")])[0] == 200
        assert len(texts(gateway)) == 301
        broken = [17, None, [], {}, {"messageId": "x1", "from": ""}, {"messageId": "x2", "from": ANA, "text": 5}]
        assert line.hook_results(broken + [line.message(BO, "after all that")])[0] == 200
        assert {"after all that", "5"} <= set(texts(gateway))
        assert line.hook_bytes(b'{"results": {}}')[0] == 200 and line.hook_bytes(b"\xff{")[0] == 200 and line.hook_bytes(b"")[0] == 200
        assert {t["contact"]["phone"] for t in gateway.threads()} >= {BO}


def test_mms_brings_text_and_files_and_a_group_is_a_thread_of_its_own(tmp_path, helpdesk):
    line, stranger = Infobip(), Infobip()
    line.files["/mms/1/content/9"] = stranger.files["/x.jpg"] = b"\xff\xd8" + bytes(400)
    with running(tmp_path, helpdesk, line) as gateway:
        def mms(*segments, **more):
            item = line.message(ANA, "", message=list(segments), **more)
            return {k: v for k, v in item.items() if k not in ("text", "cleanText", "keyword", "smsCount")}
        assert line.hook_results([mms({"contentType": "application/smil", "url": f"{line.url}/smil"},
                                      {"contentType": "image/jpeg", "url": f"{line.url}/mms/1/content/9"},
                                      {"contentType": "text/plain", "value": "the crack"},
                                      {"contentType": "image/jpeg", "url": f"{stranger.url}/x.jpg"})])[0] == 200
        thread = gateway.wait_thread()[0]["id"]
        found = gateway.wait_message(thread, lambda m: [a["state"] for a in m["attachments"]] == ["stored", "failed"],
                                     "one file, and no other")
        assert found["text"] == "the crack" and found["kind"] == "image"
        assert line.fetched[0].header("authorization") == f"App {API_KEY}" and not stranger.requests
        assert line.hook_results([mms({"contentType": "text/plain", "value": "to all of you"},
                                      group=[{"to": OURS}, {"cc": "41793026888"}])])[0] == 200
        harness.wait_until(lambda: "to all of you" in texts(gateway), "the group's message")
        assert len(gateway.threads()) == 2
    stranger.close()


# ---- delivery reports ----

def test_reports_come_in_batches_and_say_what_happened(tmp_path, helpdesk):
    line = Infobip()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        thread = gateway.wait_thread()[0]["id"]
        for text in ("one", "two", "three"):
            assert gateway.reply(thread, text).status == 202
        one, two, three = (line.wait_sent(text)[0] for text in ("one", "two", "three"))
        absent = {"groupId": 1, "groupName": "HANDSET_ERRORS", "id": 27, "name": "EC_ABSENT_SUBSCRIBER", "description":
                  "Absent Subscriber", "permanent": False}
        assert line.hook_results([line.report(one, "operator"), {"status": {"groupName": "NEW"}}, line.report(two, "delivered"),
                                  line.report(three, "failed", error=absent)])[0] == 200

        def delivery(text):
            return next(m for m in gateway.messages(thread) if m["text"] == text)
        harness.wait_until(lambda: delivery("two")["delivery"] == "delivered", "the second")
        assert delivery("one")["delivery"] == "sent"	# the operator is not the customer
        failed = delivery("three")
        assert failed["delivery"] == "failed" and "off or out of reach" in json.dumps(failed["error"]), failed


# ---- sending ----

def test_a_second_message_with_the_same_id_is_refused_there_and_counts_as_sent(tmp_path, helpdesk):
    line = Infobip(extra="status_url: https://hooks.acme.example/i\n")
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        thread = gateway.wait_thread()[0]["id"]
        taken = line.accept
        line.accept = lambda request: (taken(request), taken(request))[1]	# it got the first one as well
        gateway.reply(thread, "“Once” only")
        gateway.wait_message(thread, lambda m: m.get("delivery") == "sent", "the message")
        message = line.wait_sent('"Once" only')[0].message
        assert message["webhooks"] == {"delivery": {"url": "https://hooks.acme.example/i", "intermediateReport": True},
                                       "contentType": "application/json", "callbackData": message["destinations"][0]["messageId"]}
        assert message["sender"] == OURS and len(line.attempts()) == 1


def test_no_credit_stops_the_channel_and_keeps_the_message(tmp_path, helpdesk):
    line = Infobip()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        line.refusal = lambda: line.reply("m", "447700900123", "credit")
        line.mood("refuse")
        gateway.reply(gateway.wait_thread()[0]["id"], "kept")
        harness.wait_until(lambda: gateway.get("/v1/outbox?state=parked")["jobs"], "the parked message")
        assert "top it up" in json.dumps(gateway.status())
        gateway.reload()
        line.wait_sent("kept")


def test_the_blocklist_becomes_the_state_of_the_address(tmp_path, helpdesk):
    line = Infobip()
    with running(tmp_path, helpdesk, line) as gateway:
        line.say(ANA, "hello?")
        line.say(BO, "hello?")
        threads = {t["contact"]["phone"]: t["id"] for t in harness.wait_until(
            lambda: (lambda t: t if len(t) == 2 else None)(gateway.threads()), "both")}
        gateway.reply(threads[ANA], "one")
        blocked = {"groupId": 1, "groupName": "HANDSET_ERRORS", "id": 573, "name": "EC_SC_BLOCKED_BY_END_USER", "permanent": True}
        assert line.tell(line.wait_sent("one")[0], "failed", error=blocked) == 200
        line.refusal = lambda: line.reply("m", "447700900456", "rejected")
        line.mood("refuse")
        gateway.reply(threads[BO], "two")

        def stopped():
            return {c["address"]: c["our_address"] for c in gateway.get("/v1/consent")["consents"] if c["state"] == "stop"}
        want = {f"tel:{ANA}": f"tel:+{OURS}", f"tel:{BO}": f"tel:+{OURS}"}
        harness.wait_until(lambda: stopped() == want, "both")


# ---- what hooks show ----

@pytest.mark.parametrize("form", FORMS)
def test_hmac(tmp_path, helpdesk, form):
    line = infobip("hook: { auth: hmac, secret: [env:TEST_SECRET, env:TEST_SECOND], header: X-Infobip-Signature }\n")

    def send(text, key=SECRET, digest="sha256", header="X-Infobip-Signature", change=b""):
        body = json.dumps({"results": [line.message(ANA, text)]}).encode()
        return line.hook_bytes(body + change, headers={header: FORMS[form](hmac.new(key.encode(), body, digest).digest())})[0]

    with running(tmp_path, helpdesk, line) as gateway:
        assert [send("no", key="x" * 34), send("no", digest="sha1"), send("no", header="X-Other"), send("no", change=b" "),
                line.say(ANA, "no")[0]] == [401] * 5
        assert [send("yes"), send("yes too", SECOND)] == [200, 200]
        harness.wait_until(lambda: texts(gateway) == ["yes", "yes too"], "both")


def jwt(claims, algorithm="HS256", key=SECRET):
    text = f'{b64url(json.dumps(dict(alg=algorithm, typ="JWT")).encode())}.{b64url(json.dumps(claims).encode())}'
    if algorithm == "RS256":
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding
        private = serialization.load_pem_private_key(key.encode(), None)
        return f"{text}.{b64url(private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"
    return f"{text}.{b64url(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest())}"


def test_oauth_takes_tokens_that_the_companys_server_signed(tmp_path, helpdesk):
    line = infobip("hook: { auth: oauth, token_key: env:TEST_PUBLIC, issuer: https://login.acme.example, audience: hooks, "
                   "secret: env:TEST_SECRET }\n", TEST_PUBLIC=public_key())
    now = int(time.time())
    claims = {"iss": "https://login.acme.example", "aud": ["other", "hooks"], "exp": now + 600}

    def send(text, token):
        return line.hook_results([line.message(ANA, text)], headers={"Authorization": f"Bearer {token}"})[0]

    with running(tmp_path, helpdesk, line) as gateway:
        good = jwt(claims, "RS256", private_key())
        bad = [jwt(claims, "HS256", public_key()), jwt(claims, "RS256", private_key())[:-4] + "AAAA", good + "x", "", "null",
               jwt({**claims, "exp": now - 600}, "RS256", private_key()), jwt({**claims, "iss": "https://evil"}, "RS256", private_key()),
               jwt({**claims, "aud": "other"}, "RS256", private_key()), jwt({k: claims[k] for k in ("iss", "aud")}, "RS256", private_key())]
        assert [send("no", token) for token in bad] == [401] * len(bad)
        assert [send("signed", good), send("listed", SECRET)] == [200, 200]
        harness.wait_until(lambda: texts(gateway) == ["listed", "signed"], "both")


@pytest.mark.parametrize("hook, right, wrong", [
    ("hook: { auth: header, header: X-From-Infobip, secret: env:TEST_SECRET }\n", {"X-From-Infobip": SECRET},
     [{}, {"X-From-Infobip": SECRET + "x"}, {"X-Other": SECRET}]),
    ("hook: { auth: url }\nurl_token: env:TEST_SECRET\n", "?token=" + SECRET, ["", "?token=", "?token=x" + SECRET]),
    ("hook: { auth: basic, user: infobip, password: env:TEST_INFOBIP_PASSWORD }\nurl_token: env:TEST_SECRET\n", None, [""])])
def test_headers_and_secrets_in_the_url(tmp_path, helpdesk, hook, right, wrong):
    line = infobip(hook)

    def send(shown):
        if shown is None or isinstance(shown, str):
            headers = {} if "url }" in hook else None
            return line.hook_results([line.message(ANA, "hello?")], headers=headers, query="?token=" + SECRET if shown is None else shown)[0]
        return line.hook_results([line.message(ANA, "hello?")], headers=shown)[0]

    with running(tmp_path, helpdesk, line) as gateway:
        assert [send(w) for w in wrong] == [401] * len(wrong) and gateway.threads() == []
        assert send(right) == 200
        assert len(said(gateway, 1)) == 1


# ---- the inbox ----

def test_what_did_not_arrive_is_pulled_at_the_start_page_by_page(tmp_path, helpdesk):
    line = Infobip(extra="pull: [sms, mms]\n")
    line.inbox["sms"] = [line.message(ANA, f"missed {i}") for i in range(7)]
    picture = line.message(ANA, "", message=[{"contentType": "text/plain", "value": "missed mms"}])
    line.inbox["mms"] = [{k: v for k, v in picture.items() if k != "text"}]
    with running(tmp_path, helpdesk, line, begin=False) as gateway:
        missed = line.inbox["sms"][3]
        gateway.start()
        harness.wait_until(lambda: len(texts(gateway)) == 8, "all of them")
        assert line.hook_results([missed])[0] == 200 and len(texts(gateway)) == 8
        line.inbox["sms"] = [line.message(ANA, "later")]
        wait_with_clock(gateway, lambda: "later" in texts(gateway), "the next look", 1800)
        assert PASSWORD not in gateway.log() and API_KEY not in gateway.log()


# ---- settings ----

@pytest.mark.parametrize("hook, words", [
    ("hook: { auth: basic }\n", "hook.user and hook.password"), ("hook: { auth: hmac, secret: env:TEST_SECRET }\n", "hook.header"),
    ("hook: { auth: oauth }\n", "hook.token_key"), ("hook: { auth: header, header: X }\n", "hook.secret"),
    ("hook: { auth: url }\n", "url_token"), ("hook: { auth: url }\nurl_token: env:SHORT\n", "at least 16"),
    ("hook: { auth: url }\nurl_token: env:TEST_SECRET\npull: [sms, fax]\n", "sms, mms, off")])
def test_settings_that_do_not_fit_are_named(tmp_path, helpdesk, hook, words):
    line = infobip(hook, SHORT="short")
    with running(tmp_path, helpdesk, line, begin=False) as gateway:
        checked = gateway.ctl("check", str(gateway.config_path))
        assert words in checked.stdout + checked.stderr, checked


def test_the_example_that_is_shipped_is_right():
    check_example("infobip.yaml", INFOBIP_KEY=API_KEY, INFOBIP_HOOK_PASSWORD=PASSWORD)
