"""Telnyx's ways: what is signed, groups, files both ways, STOP, and what was missed and is asked back."""
import json
import os
import subprocess
import urllib.parse

import pytest

import harness
from telnyx_provider import HOOK, OURS, PROFILE, Telnyx, message_id, signer
from test_conformance import answer, conversation, gateway, wait_shown, wait_with_clock	# noqa: F401 (fixtures)

ANA, BO, CY = "+14155550123", "+14155550145", "+14155550167"

OFFICIAL = """
const { TelnyxWebhook } = require("telnyx/lib/webhooks");
const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));
Promise.all(asked.map(a => new TelnyxWebhook(a.key).verify(a.body, { "telnyx-signature-ed25519": a.signature,
    "Telnyx-Timestamp": a.stamp }).then(() => true, () => false))).then(all => console.log(JSON.stringify(all)));
"""


def official(asked):
    """What Telnyx's own library for Node thinks of each."""
    done = subprocess.run(["node", "-e", OFFICIAL], input=json.dumps(asked), capture_output=True, text=True, timeout=60,
                          env=dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH") or
                                   str(harness.BUILD / "node" / "node_modules")))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture
def provider(request):
    fake = Telnyx(getattr(request, "param", ""))
    yield fake
    fake.close()


def with_options(*lines):
    return pytest.mark.parametrize("provider", ["\n".join(lines) + "\n"], indirect=True)


def texts(gateway, sender):
    thread = next(t for t in gateway.threads() if t["contact"]["phone"] == sender)
    return [m["text"] for m in gateway.messages(thread["id"]) if m["direction"] == "inbound"]


# ---- the signature ----

def test_the_official_library_and_we_believe_the_same(gateway, provider):
    body = json.dumps(provider.event("message.received", provider.inbound(ANA, "Grüße \U0001f44d"))).encode()
    now = int(gateway.now())
    stamp, key = str(now), signer().publics[0]
    good = signer().sign(stamp.encode() + b"|" + body)
    cases = [dict(body=body, stamp=stamp, signature=good)]
    # Every part of what is signed, changed once; times at both ends of five minutes.
    for i in range(0, len(body), 7):
        cases.append(dict(body=body[:i] + bytes([body[i] ^ 1]) + body[i + 1:], stamp=stamp, signature=good))
    for i in range(len(good) - 3):		# the last character has bits that stand for nothing
        cases.append(dict(body=body, stamp=stamp, signature=good[:i] + ("A" if good[i] != "A" else "B") + good[i + 1:]))
    cases += [dict(body=body, stamp=str(now + 1), signature=good), dict(body=body, stamp=stamp, signature=""),
              dict(body=body, stamp="", signature=good), dict(body=body + b" ", stamp=stamp, signature=good),
              dict(body=body, stamp=stamp, signature=signer().sign(stamp.encode() + b"|" + body, 1))]
    for offset in (-310, -290, 290, 310):
        at = str(now + offset)
        cases.append(dict(body=body, stamp=at, signature=signer().sign(at.encode() + b"|" + body)))
    verdicts = official([dict(case, body=case["body"].decode("latin-1") if i < 0 else case["body"].decode(errors="replace"),
                              key=key) for i, case in enumerate(cases)])
    ours = [provider.deliver(None, raw=case["body"], stamp=case["stamp"], signature=case["signature"])[0] == 200
            for case in cases]
    assert ours == verdicts
    assert sum(ours) == 3 and ours[0]
    assert texts(gateway, ANA) == ["Grüße \U0001f44d"]


def test_a_refused_webhook_is_an_alarm_until_one_is_in_order(gateway, provider):
    def channel():
        return gateway.status()["channels"][0]
    late = str(int(gateway.now()) - 400)
    assert provider.deliver(provider.event("message.received", provider.inbound(ANA, "late")), stamp=late)[0] == 403
    assert channel()["condition"] == "degraded" and "clock" in str(channel()), channel()
    assert provider.say(ANA, "in time")[0] == 200
    assert channel()["condition"] == "up"


# ---- what comes ----

def test_a_group_is_a_conversation_of_its_own_and_answers_go_to_all(gateway, provider):
    assert provider.say(ANA, "only you and me")[0] == 200
    others = [{"phone_number": number, "status": "webhook_delivered"} for number in (BO, CY)]
    assert provider.say(ANA, "all of us", type="MMS", cc=others)[0] == 200
    assert len(gateway.threads()) == 2
    thread = next(t["id"] for t in gateway.threads() if gateway.messages(t["id"])[0]["text"] == "all of us")
    id = answer(gateway, thread, "Hello, all of you.")
    sent = provider.wait_sent("Hello, all of you.")[0]
    assert sent.to == sorted([ANA, BO, CY]) and sent.body["from"] == OURS
    wait_shown(gateway, thread, id, "sent")
    assert provider.tell(sent, "delivered") == 200
    wait_shown(gateway, thread, id, "delivered")
    # Whoever of them writes, it is the same group.
    swapped = [{"phone_number": number} for number in (CY, ANA)]
    assert provider.say(BO, "me too", type="MMS", cc=swapped)[0] == 200
    bo = next(t["id"] for t in gateway.threads() if t["contact"]["phone"] == BO)
    answer(gateway, bo, "Of course.")
    assert provider.wait_sent("Of course.")[0].to == sorted([ANA, BO, CY])
    # The other conversation is answered as before.
    single = next(t["id"] for t in gateway.threads() if gateway.messages(t["id"])[0]["text"] == "only you and me")
    answer(gateway, single, "Just you.")
    assert provider.wait_sent("Just you.")[0].to == ANA


@with_options("group_replies: one")
def test_an_answer_may_go_to_the_one_who_wrote(gateway, provider):
    assert provider.say(ANA, "all of us", type="MMS", cc=[{"phone_number": BO}])[0] == 200
    answer(gateway, gateway.threads()[0]["id"], "Just you.")
    assert provider.wait_sent("Just you.")[0].to == ANA


def test_pictures_are_fetched_at_once_and_without_our_key(gateway, provider):
    picture = b"\x89PNG" + bytes(range(256)) * 20
    url = provider.add_file(picture, "image/png")
    media = [{"url": url, "content_type": "image/png", "size": len(picture), "hash_sha256": None},
             {"url": "http://169.254.169.254/latest", "content_type": "image/png"}]
    assert provider.say(ANA, "the crack", type="MMS", media=media)[0] == 200
    thread = gateway.threads()[0]["id"]
    message = gateway.wait_message(thread, lambda m: [a["state"] for a in m["attachments"]] == ["stored", "failed"],
                                   "the picture")
    assert (message["kind"], message["text"]) == ("image", "the crack")
    got = [r for r in provider.requests if r.path.startswith("/file/")]
    assert len(got) == 1 and got[0].header("authorization") is None


def test_what_is_no_message_is_kept_and_bothers_nobody(gateway, provider):
    for kind, payload in (("call.initiated", {"call_control_id": "x"}), ("message.received", {"direction": "inbound"}),
                          ("message.finalized", {"direction": "outbound", "id": "x", "to": [{"status": "new"}]}),
                          ("message.received", None)):
        assert provider.deliver(provider.event(kind, payload))[0] == 200
    assert provider.deliver(None, raw=b"no JSON")[0] == 200
    assert provider.deliver(None, raw=b"")[0] == 200
    assert not gateway.threads()
    # WhatsApp and RCS have content of their own: somebody has to see that something came.
    assert provider.say(ANA, None, type="RCS", body={"type": "suggestion"})[0] == 200
    assert gateway.messages(gateway.threads()[0]["id"])[0]["kind"] == "unsupported"


# ---- what goes out ----

def test_the_key_counts_only_where_it_is_signed(gateway, provider):
    thread = conversation(gateway, provider, ANA)
    provider.mood("lost")
    id = answer(gateway, thread, "Did it arrive?")
    sent = provider.wait_sent("Did it arrive?")[0]
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful send")
    # An event of another message, sent again by somebody who put our key behind the URL.
    other = provider.payload(sent, "delivered")
    other.update(id=message_id("another"), webhook_url=HOOK)
    assert provider.deliver(provider.event("message.finalized", other), path_query=f"?key={sent.key}")[0] == 200
    assert gateway.get("/v1/outbox?state=unknown")["jobs"]
    assert provider.tell(sent, "sent") == 200
    wait_shown(gateway, thread, id, "sent")


@pytest.mark.parametrize("state, shown_as, code, words", [
    ("delivery_failed", "failed", 40001, "land line"), ("sending_failed", "failed", 40015, "filtered"),
    ("expired", "failed", 40014, "send it again"), ("delivery_unconfirmed", "sent", None, None)])
def test_states_and_codes_reach_the_agent(gateway, provider, state, shown_as, code, words):
    thread = conversation(gateway, provider, ANA)
    id = answer(gateway, thread, "Hello?")
    sent = provider.wait_sent("Hello?")[0]
    wait_shown(gateway, thread, id, "sent")
    errors = [{"code": str(code), "title": "for a reason", "detail": "for a reason of its own"}] if code else []
    assert provider.tell(sent, state, errors) == 200
    message = wait_shown(gateway, thread, id, shown_as)
    if code:
        assert message["error"]["code"] == code and words in message["error"]["advice"]
        assert "for a reason of its own" in message["error"]["text"]


@pytest.mark.parametrize("code, words", [(40300, "START"), (40302, "shorten"), (77777, "refused")])
def test_the_agent_is_told_what_to_do(gateway, provider, code, words):
    thread = conversation(gateway, provider, ANA)
    provider.refusal = lambda: provider.error(400, code, "for a reason of its own")
    provider.mood("refuse")
    id = answer(gateway, thread, "Hello?")
    failed = wait_shown(gateway, thread, id, "failed")
    assert failed["error"]["code"] == code and words in failed["error"]["advice"], failed["error"]


@pytest.mark.parametrize("code", [40318, 10011])
def test_a_full_queue_is_waited_for(gateway, provider, code):
    thread = conversation(gateway, provider, ANA)
    provider.refusal = lambda: provider.error(429, code, "later")
    provider.mood("refuse")
    id = answer(gateway, thread, "In a while.")
    provider.wait_attempts(1)
    wait_with_clock(gateway, lambda: provider.sent, "the second attempt", 20)
    wait_shown(gateway, thread, id, "sent")


@with_options("long_text: split", f"messaging_profile_id: {PROFILE}", "from: [ACME]")
def test_options_of_text_and_sender_are_heeded(gateway, provider):
    thread = conversation(gateway, provider, ANA)
    answer(gateway, thread, "word " * 60)
    provider.wait(lambda: len(provider.sent) == 2, "two messages")
    assert all(len(s.text) <= 160 and s.body["from"] == "ACME" and s.body["messaging_profile_id"] == PROFILE
               for s in provider.sent)


def test_a_file_is_lent_to_the_provider_while_it_sends(gateway, provider):
    thread = conversation(gateway, provider, ANA)
    data = b"\x89PNG" + bytes(5000)
    upload = gateway.http("POST", "/v1/attachments", data, {"Authorization": f"Bearer {harness.API_TOKEN}",
                                                            "Content-Type": "image/png"})
    sha256 = upload.json["attachment"]["sha256"]
    sent = gateway.reply(thread, "The label.", attachments=[{"sha256": sha256, "name": "label.png", "type": "image/png"}])
    assert sent.status == 202, sent
    body = provider.wait_sent("The label.")[0].body
    assert body["type"] == "MMS" and len(body["media_urls"]) == 1
    query = urllib.parse.urlsplit(body["media_urls"][0]).query
    got = provider.post(b"", {}, "GET", query="?" + query)
    assert got[0] == 200 and got[1] == data and got[2]["Content-Type"] == "image/png"
    assert provider.post(b"", {}, "GET", query="?file=nonsense")[0] == 404
    assert provider.post(b"", {}, "GET")[0] == 404


# ---- asking back ----

def test_what_was_sent_while_we_were_away_is_asked_for(gateway, provider):
    def asked():
        return [r for r in provider.requests if r.path == "/v2/detail_records"]
    assert provider.say(ANA, "before", id="one")[0] == 200
    harness.wait_until(asked, "the first question")
    gateway.stop()
    now = gateway.now()
    provider.list(ANA, "before", now - 60, id="one")
    for i in range(60):				# more than a page
        provider.list(ANA, f"away {i}", now + i / 100)
    provider.list(BO, "to somebody else's number", now + 2, to="+13125550999")
    provider.list(BO, "forgotten over there", now + 3, gone=True)
    provider.list(CY, "for us", now + 4)
    gateway.start()
    harness.wait_until(lambda: len(gateway.threads()) == 2 and len(texts(gateway, ANA)) == 61, "what was missed")
    assert sorted(texts(gateway, ANA)) == sorted(["before"] + [f"away {i}" for i in range(60)])
    assert texts(gateway, CY) == ["for us"]
    before = len(asked())
    provider.list(ANA, "one more", gateway.now() + 1)
    wait_with_clock(gateway, lambda: "one more" in texts(gateway, ANA), "the hourly question", 3601)
    assert len(texts(gateway, ANA)) == 62 and len(asked()) > before


def test_a_message_that_cannot_be_read_keeps_no_other_back(gateway, provider):
    harness.wait_until(lambda: any(r.path == "/v2/detail_records" for r in provider.requests), "the first question")
    gateway.stop()
    now = gateway.now()
    for i in range(3):
        provider.list(ANA, f"away {i}", now + i / 100)
    missing = provider.messages.pop(message_id(provider.listed[2]["uuid"]), None) or provider.listed[2]["uuid"]
    kept = provider.messages[missing]
    provider.messages[missing] = None		# cannot be read: an answer that is none
    gateway.start()
    harness.wait_until(lambda: gateway.threads() and len(texts(gateway, ANA)) == 2, "the others")
    provider.messages[missing] = kept
    assert gateway.ctl("channel", "ask", "line", "--since", "1h").returncode == 0
    harness.wait_until(lambda: len(texts(gateway, ANA)) == 3, "the last one")


# ---- STOP ----

def consents(gateway):
    return [(one["address"], one["our_address"], one["state"]) for one in gateway.get("/v1/consent")["consents"]]


def test_a_stop_that_the_provider_has_answered_is_kept_and_not_answered_again(gateway, provider):
    thread = conversation(gateway, provider, ANA)
    assert provider.say(ANA, "basta ya", autoresponse_type="opt_out")[0] == 200
    harness.wait_until(lambda: consents(gateway) == [(f"tel:{ANA}", f"tel:{OURS}", "stop")], "his state")
    assert gateway.reply(thread, "But wait.").status >= 400
    assert not provider.attempts()		# nor a confirmation of ours


def test_a_send_refused_because_he_stopped_makes_it_his_state_here(gateway, provider):
    thread = conversation(gateway, provider, ANA)
    provider.refusal = lambda: provider.error(400, 40300, "Blocked due to STOP message")
    provider.mood("refuse")
    id = answer(gateway, thread, "Hello?")
    wait_shown(gateway, thread, id, "failed")
    harness.wait_until(lambda: consents(gateway) == [(f"tel:{ANA}", f"tel:{OURS}", "stop")], "his state")
    # The same told later, by an event.
    other = conversation(gateway, provider, BO)
    answer(gateway, other, "And you?")
    sent = provider.wait_sent("And you?")[0]
    assert provider.tell(sent, "delivery_failed", [{"code": "40300", "title": "Blocked", "detail": "Blocked"}]) == 200
    harness.wait_until(lambda: (f"tel:{BO}", f"tel:{OURS}", "stop") in consents(gateway), "his state")
