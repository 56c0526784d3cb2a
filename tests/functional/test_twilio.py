"""Twilio's ways: what is signed, what each request becomes, files both ways, and what was missed and is asked back."""
import json
import os
import subprocess
import urllib.parse

import pytest

import harness
import twilio_provider
from test_conformance import answer, conversation, gateway, wait_shown, wait_with_clock	# noqa: F401 (fixtures)
from twilio_provider import HOOK, OURS, ROOT, SECOND, SID, TOKEN, Twilio, sid, sign

ANA, BO = "+447700900123", "+447700900456"
WHATSAPP = "whatsapp:+14155238886"

OFFICIAL = """
const t = require("twilio");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
console.log(JSON.stringify(asked.map(a => a.body === undefined
    ? { signature: t.getExpectedTwilioSignature(a.token, a.url, a.params),
        holds: t.validateRequest(a.token, t.getExpectedTwilioSignature(a.token, a.url, a.params), a.url, a.params) }
    : { hash: require("crypto").createHash("sha256").update(a.body).digest("hex") })));
"""


def official(asked):
    """What Twilio's own library for Node says."""
    done = subprocess.run(["node", "-e", OFFICIAL], input=json.dumps(asked), capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH") or
                                   str(harness.BUILD / "node" / "node_modules")))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def provider(request):
    fake = Twilio(getattr(request, "param", ""))
    yield fake
    fake.close()


def with_options(*lines):
    return pytest.mark.parametrize("provider", ["\n".join(lines) + "\n"], indirect=True)


def texts(gateway, sender):
    thread = next(t for t in gateway.threads() if t["contact"]["phone"] == sender)
    return [m["text"] for m in gateway.messages(thread["id"]) if m["direction"] == "inbound"]


# ---- the signature ----

def form_of(number, **more):
    return {"MessageSid": sid("SM", f"vector{number}"), "AccountSid": SID, "From": ANA, "To": OURS, "Body": f"vector {number}",
            **more}


VECTORS = {
    "plain": (HOOK, form_of(1)),
    "unicode and blanks": (HOOK, form_of(2, Body="Grüße an Zoë & Co. = 100 % \U0001f44d\n+ zwei", Empty="")),
    "new parameters": (HOOK, form_of(3, SomethingNewOf2027="x", lowercase="y", _under="z", A="1", Aa="2", aA="3")),
    "a query": (HOOK + "?site=1&name=a%20b", form_of(4)),
    "the port is shown": (HOOK.replace(".example/", ".example:443/"), form_of(5)),
    "twice": (HOOK, [*form_of(6).items(), ("Tag", "b"), ("Tag", "a"), ("Tag", "b")]),
}


def params_of(form):
    """As a web framework hands them to the library: a list where a name comes twice."""
    out = {}
    for name, value in (form.items() if isinstance(form, dict) else form):
        out[name] = value if name not in out else [*([out[name]] if isinstance(out[name], str) else out[name]), value]
    return out


def test_what_the_official_library_signs_is_taken_and_nothing_else(gateway, provider):
    signed = official([dict(token=TOKEN, url=url, params=params_of(form)) for url, form in VECTORS.values()])
    for (name, (url, form)), vector in zip(VECTORS.items(), signed):
        pairs = list(form.items()) if isinstance(form, dict) else form
        query = urllib.parse.urlsplit(url).query
        good = vector["signature"]
        assert vector["holds"], name
        assert provider.hook_form(pairs, query=query, signature=good)[0] == 200, name
        # Every part of what is signed, changed once.
        for i, (key, value) in enumerate(pairs):
            changed = [*pairs[:i], (key, value + "x"), *pairs[i + 1:]]
            renamed = [*pairs[:i], (key + "x", value), *pairs[i + 1:]]
            assert provider.hook_form(changed, query=query, signature=good)[0] == 403, (name, key)
            assert provider.hook_form(renamed, query=query, signature=good)[0] == 403, (name, key)
        assert provider.hook_form(pairs + [("More", "1")], query=query, signature=good)[0] == 403, name
        assert provider.hook_form(pairs[1:], query=query, signature=good)[0] == 403, name
        assert provider.hook_form(pairs, query=query + "&x=1", signature=good)[0] == 403, name
        for i in range(len(good)):
            forged = good[:i] + ("A" if good[i] != "A" else "B") + good[i + 1:]
            assert provider.hook_form(pairs, query=query, signature=forged)[0] == 403, (name, i)
    assert provider.hook_form(form_of(9), signature="")[0] == 403
    assert provider.hook_form(form_of(9), signed_url=HOOK.replace("https", "http"))[0] == 403
    assert provider.hook_form(form_of(9), signed_url=HOOK.replace("line", "lime"))[0] == 403
    assert sorted(texts(gateway, ANA)) == sorted(dict(form)["Body"] for _, form in VECTORS.values())


def test_a_refused_webhook_is_an_alarm_until_one_is_in_order(gateway, provider):
    def channel():
        return gateway.status()["channels"][0]
    assert provider.hook_form(form_of(1), token=TOKEN[::-1])[0] == 403
    assert channel()["condition"] == "degraded" and "webhook_url" in str(channel()), channel()
    assert provider.hook_form(form_of(1))[0] == 200
    assert channel()["condition"] == "up"


def test_both_auth_tokens_are_good_while_one_is_exchanged(gateway, provider):
    assert provider.hook_form(form_of(1), token=SECOND)[0] == 200
    assert provider.hook_form(form_of(2), token=TOKEN)[0] == 200
    assert provider.hook_form(form_of(3), token=TOKEN[::-1])[0] == 403


def test_a_get_is_signed_over_its_url(gateway, provider):
    query = urllib.parse.urlencode(form_of(1))
    good = sign(f"{HOOK}?{query}", [])
    assert provider.post(b"", {"X-Twilio-Signature": good}, "GET", query=f"?{query}")[0] == 200
    assert provider.post(b"", {"X-Twilio-Signature": good}, "GET", query=f"?{query}x")[0] == 403
    assert texts(gateway, ANA) == ["vector 1"]


def test_a_json_body_is_vouched_for_by_its_hash_in_the_url(gateway, provider):
    body = b'{"EventType":"com.twilio.something.new"}'
    digest = official([dict(body=body.decode())])[0]["hash"]
    query = f"bodySHA256={digest}"
    signature = official([dict(token=TOKEN, url=f"{HOOK}?{query}", params={})])[0]["signature"]
    headers = {"Content-Type": "application/json", "X-Twilio-Signature": signature}
    assert provider.post(body, headers, query=f"?{query}")[0] == 200
    assert provider.post(body + b" ", headers, query=f"?{query}")[0] == 403
    assert provider.post(body, headers)[0] == 403
    assert not gateway.threads()


def test_the_answer_is_twiml_that_says_nothing(gateway, provider):
    status, body, headers = provider.say(ANA, "hello")
    assert status == 200 and headers["Content-Type"].startswith("text/xml")
    assert body.endswith(b"<Response/>")


@with_options("signing_key: env:TEST_TWILIO_SECOND")
def test_signalwire_signs_with_a_key_of_its_own(gateway, provider):
    assert provider.hook_form(form_of(1), token=SECOND, header="X-SignalWire-Signature")[0] == 200
    assert provider.hook_form(form_of(2), token=TOKEN, header="X-SignalWire-Signature")[0] == 403


# ---- what comes ----

def test_pictures_are_fetched_with_credentials_that_go_to_the_provider_alone(gateway, provider):
    picture = b"\x89PNG" + bytes(range(256)) * 20
    url = provider.add_file(picture, "image/png")
    elsewhere = f"{provider.url}/file/" + "f" * 34
    assert provider.say(ANA, "the crack", NumMedia="2", MediaUrl0=url, MediaContentType0="image/png",
                        MediaUrl1="https://evil.example/x.png", MediaContentType1="image/png")[0] == 200
    thread = gateway.threads()[0]["id"]
    message = gateway.wait_message(thread, lambda m: [a["state"] for a in m["attachments"]] == ["stored", "failed"],
                                   "the picture")
    assert message["text"] == "the crack" and message["kind"] == "image"
    got = gateway.http("GET", f"/v1/attachments/{message['attachments'][0]['id']}",
                       headers={"Authorization": f"Bearer {harness.API_TOKEN}"})
    assert got.body == picture
    api = [r for r in provider.requests if "/Media/" in r.path]
    storage = [r for r in provider.requests if r.path.startswith("/file/")]
    assert api and provider.authorized(api[0])
    assert storage and all(r.path != elsewhere for r in storage)


def test_what_whatsapp_adds_is_kept(gateway, provider):
    assert provider.say("whatsapp:" + ANA, "", To=WHATSAPP, ProfileName="Ana", WaId=ANA[1:], ExternalUserId="GB.1349",
                        ButtonText="Yes, please", ButtonPayload="yes-1", MessageType="button",
                        OriginalRepliedMessageSid="SM" + "0" * 32, Forwarded="true",
                        ReferralSourceUrl="https://fb.me/1", ReferralHeadline="Our sale")[0] == 200
    assert provider.say("whatsapp:" + ANA, "", To=WHATSAPP, Latitude="51.5", Longitude="-0.12", Label="Office")[0] == 200
    thread = gateway.threads()[0]
    assert (thread["contact"]["name"], thread["contact"]["phone"]) == ("Ana", ANA)
    button, location = [m for m in gateway.messages(thread["id"]) if m["direction"] == "inbound"]
    assert (button["kind"], button["text"]) == ("button", "Yes, please")
    assert button["payload"]["button"] == {"text": "Yes, please", "payload": "yes-1"}
    assert button["payload"]["referral"]["headline"] == "Our sale"
    assert (location["kind"], location["text"]) == ("location", "Office (51.5, -0.12)")
    # The same person without a number, and by SMS, is no other.
    assert provider.say("whatsapp:GB.1349", "me again", To=WHATSAPP)[0] == 200
    assert provider.say(ANA, "and by SMS")[0] == 200
    assert len(gateway.threads()) == 1


def test_what_is_no_message_is_kept_and_bothers_nobody(gateway, provider):
    assert provider.hook_form({"AccountSid": SID, "CallSid": "CA1", "From": ANA})[0] == 200
    assert provider.hook_form({"MessageSid": sid("SM", 1), "SmsStatus": "something-new", "To": OURS, "From": ANA})[0] == 200
    assert provider.hook_form({"MessageSid": sid("SM", 2), "Body": "from nobody", "To": OURS})[0] == 200
    assert not gateway.threads()


# ---- what goes out ----

@with_options('from: ["+447700900900", "whatsapp:+14155238886"]')
def test_an_answer_takes_the_way_the_customer_came(gateway, provider):
    assert provider.say("whatsapp:" + ANA, "by WhatsApp", To=WHATSAPP)[0] == 200
    thread = gateway.threads()[0]["id"]
    answer(gateway, thread, "There it is.")
    sent = provider.wait_sent("There it is.")[0]
    assert (sent.form["To"], sent.form["From"]) == ("whatsapp:" + ANA, WHATSAPP)
    assert provider.say(BO, "by SMS")[0] == 200
    answer(gateway, next(t["id"] for t in gateway.threads() if t["contact"]["phone"] == BO), "By SMS.")
    sent = provider.wait_sent("By SMS.")[0]
    assert (sent.form["To"], sent.form["From"]) == (BO, OURS)


@with_options('from: ["whatsapp:+14155238886"]')
def test_outside_the_window_only_templates_pass(gateway, provider):
    assert provider.say("whatsapp:" + ANA, "hello", To=WHATSAPP)[0] == 200
    thread = gateway.threads()[0]["id"]
    gateway.advance(hours=25)
    refused = gateway.reply(thread, "Too late.")
    assert refused.status >= 400 and b"template" in refused.body, refused
    sent = gateway.reply(thread, "Your order is ready, Ana.", template={"content_sid": "HX" + "1" * 32,
                                                                        "variables": {"1": "Ana"}})
    assert sent.status == 202, sent
    provider.wait(lambda: provider.sent, "the template")
    form = provider.sent[0].form
    assert form["ContentSid"] == "HX" + "1" * 32 and json.loads(form["ContentVariables"]) == {"1": "Ana"}
    assert "Body" not in form and form["To"] == "whatsapp:" + ANA


def test_a_long_text_is_one_message_as_far_as_the_provider_takes_it(gateway, provider):
    thread = conversation(gateway, provider)
    text = "All work and no play. " * 100
    answer(gateway, thread, text)
    provider.wait(lambda: len(provider.sent) == 2, "two messages")
    assert [len(s.text) <= 1600 for s in provider.sent] == [True, True]
    assert " ".join(s.text.strip() for s in provider.sent).split() == text.split()


@with_options("long_text: refuse", "validity: 1h", f"messaging_service: MG{'0' * 32}")
def test_options_of_text_and_sender_are_heeded(gateway, provider):
    thread = conversation(gateway, provider)
    refused = gateway.reply(thread, "x" * 161)
    assert refused.status >= 400 and b"segments" in refused.body, refused
    answer(gateway, thread, "“Smart” quotes – and so on…")
    provider.wait(lambda: provider.sent, "the answer")
    form = provider.sent[0].form
    assert form["Body"] == '"Smart" quotes - and so on...'
    assert form["ValidityPeriod"] == "3600" and form["MessagingServiceSid"].startswith("MG") and form["From"] == OURS


def test_a_file_is_lent_to_the_provider_while_it_sends(gateway, provider):
    thread = conversation(gateway, provider)
    data = b"%PDF-1.4 " + bytes(5000)
    upload = gateway.http("POST", "/v1/attachments", data, {"Authorization": f"Bearer {harness.API_TOKEN}",
                                                            "Content-Type": "application/pdf"})
    assert upload.status == 201, upload
    sha256 = upload.json["attachment"]["sha256"]
    sent = gateway.reply(thread, "The label.", attachments=[{"sha256": sha256, "name": "label.pdf", "type": "application/pdf"}])
    assert sent.status == 202, sent
    form = provider.wait_sent("The label.")[0].form
    url = urllib.parse.urlsplit(form["MediaUrl"])
    assert form["MediaUrl"].startswith(HOOK + "?file=") and SID not in form["MediaUrl"]
    got = provider.post(b"", {}, "GET", query="?" + url.query)
    assert got[0] == 200 and got[1] == data and got[2]["Content-Type"] == "application/pdf"
    assert provider.post(b"", {}, "GET", query="?" + url.query[:-1] + "_")[0] == 404
    gateway.advance(hours=5)
    assert provider.post(b"", {}, "GET", query="?" + url.query)[0] == 404


@pytest.mark.parametrize("code, status, words", [(21610, 400, "START"), (21617, 400, "shorten"), (21612, 400, "another channel"),
                                                 (77777, 400, "refused")])
def test_the_agent_is_told_what_to_do(gateway, provider, code, status, words):
    thread = conversation(gateway, provider)
    provider.refusal = lambda: provider.error(status, code, "for a reason of its own")
    provider.mood("refuse")
    id = answer(gateway, thread, "Hello?")
    failed = wait_shown(gateway, thread, id, "failed")
    assert "for a reason of its own" in failed["error"]["text"] and words in failed["error"]["advice"], failed["error"]
    assert failed["error"]["code"] == code


@pytest.mark.parametrize("code", [21611, 63018, 20429])
def test_a_full_queue_is_waited_for(gateway, provider, code):
    thread = conversation(gateway, provider)
    provider.refusal = lambda: provider.error(429, code, "later")
    provider.mood("refuse")
    id = answer(gateway, thread, "In a while.")
    provider.wait_attempts(1)
    wait_with_clock(gateway, lambda: provider.sent, "the second attempt", 20)
    wait_shown(gateway, thread, id, "sent")


def test_a_failure_that_is_told_later_reaches_the_agent(gateway, provider):
    thread = conversation(gateway, provider)
    id = answer(gateway, thread, "Did it arrive?")
    sent = provider.wait_sent("Did it arrive?")[0]
    assert provider.tell(sent, "undelivered", ErrorCode="30006") == 200
    failed = wait_shown(gateway, thread, id, "failed")
    assert failed["error"]["code"] == 30006 and "land line" in failed["error"]["advice"]


# ---- asking back ----

def test_what_was_sent_while_we_were_away_is_asked_for(gateway, provider):
    assert provider.say(ANA, "before", id="one")[0] == 200
    harness.wait_until(lambda: any(r.path == f"{ROOT}/Messages.json" for r in provider.requests), "the first question")
    gateway.stop()
    now = gateway.now()
    provider.list(ANA, "before", now - 60, sid=sid("SM", "one"))
    for i in range(5):
        provider.list(ANA, f"away {i}", now + i)
    provider.list(BO, "to somebody else's number", now + 5, to="+447700900999")
    provider.list(OURS, "what we said", now + 6, to=ANA, direction="outbound-api")
    picture = provider.add_file(b"\x89PNG of a list", "image/png")
    provider.list(BO, "with a picture", now + 7, num_media="1")
    gateway.start()
    harness.wait_until(lambda: len(gateway.threads()) == 2 and len(texts(gateway, ANA)) == 6, "what was missed")
    assert sorted(texts(gateway, ANA)) == ["away 0", "away 1", "away 2", "away 3", "away 4", "before"]
    thread = next(t["id"] for t in gateway.threads() if t["contact"]["phone"] == BO)
    gateway.wait_message(thread, lambda m: m["attachments"] and m["attachments"][0]["state"] == "stored", "the picture")
    assert texts(gateway, BO) == ["with a picture"] and picture
    # An hour later the same list is read again, and nothing in it is new.
    asked = len(provider.requests)
    provider.list(ANA, "one more", gateway.now() + 1)
    wait_with_clock(gateway, lambda: "one more" in texts(gateway, ANA), "the hourly question", 3601)
    assert len(texts(gateway, ANA)) == 7 and len(provider.requests) > asked


def test_a_round_that_breaks_off_is_begun_anew(gateway, provider):
    harness.wait_until(lambda: any(r.path == f"{ROOT}/Messages.json" for r in provider.requests), "the first question")
    gateway.stop()
    now = gateway.now()
    for i in range(4):
        provider.list(ANA, f"away {i}", now + i)
    whole = provider.list_messages

    def half(query):
        return whole(query) if "Page" not in query else twilio_provider.Reply(503, b"")
    provider.list_messages = half
    gateway.start()
    harness.wait_until(lambda: gateway.threads() and len(texts(gateway, ANA)) == 2, "the first page")
    provider.list_messages = whole
    gateway.kill()
    gateway.start()
    harness.wait_until(lambda: len(texts(gateway, ANA)) == 4, "the rest")


def test_somebody_may_have_more_asked_for(gateway, provider):
    for i in range(5):
        provider.list(ANA, f"long ago {i}", gateway.now() - 7000 + i)
    provider.list(ANA, "too long ago", gateway.now() - 8000)
    harness.wait_until(lambda: any(r.path == f"{ROOT}/Messages.json" for r in provider.requests), "the first question")
    assert not gateway.threads()		# a new channel asks for nothing older than itself
    assert gateway.ctl("channel", "ask", "line", "--since", "2h").returncode == 0
    harness.wait_until(lambda: gateway.threads() and len(texts(gateway, ANA)) == 5, "what was asked for")
    assert sorted(texts(gateway, ANA)) == [f"long ago {i}" for i in range(5)]


# ---- STOP ----

def consents(gateway):
    return [(one["address"], one["our_address"], one["state"]) for one in gateway.get("/v1/consent")["consents"]]


def test_a_stop_that_the_provider_has_read_is_kept_and_not_answered_again(gateway, provider):
    thread = conversation(gateway, provider)
    assert provider.say(ANA, "basta ya", OptOutType="STOP")[0] == 200
    harness.wait_until(lambda: consents(gateway) == [(f"tel:{ANA}", f"tel:{OURS}", "stop")], "his state")
    refused = gateway.reply(thread, "But wait.")
    assert refused.status >= 400, refused
    assert provider.say(ANA, "ok again", OptOutType="START")[0] == 200
    harness.wait_until(lambda: consents(gateway)[0][2] == "start", "that he takes it back")
    answer(gateway, thread, "There you are.")
    provider.wait_sent("There you are.")
    assert [sent.text for sent in provider.sent] == ["There you are."]		# no confirmation of ours


def test_a_send_refused_because_he_stopped_makes_it_his_state_here(gateway, provider):
    thread = conversation(gateway, provider)
    provider.refusal = lambda: provider.error(400, 21610, "Attempt to send to unsubscribed recipient")
    provider.mood("refuse")
    id = answer(gateway, thread, "Hello?")
    wait_shown(gateway, thread, id, "failed")
    harness.wait_until(lambda: consents(gateway) == [(f"tel:{ANA}", f"tel:{OURS}", "stop")], "his state")
    assert gateway.reply(thread, "Hello again?").status >= 400
    assert len(provider.attempts()) == 1
