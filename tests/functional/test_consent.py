"""STOP, START and HELP from a provider's webhook to the helpdesk and back: by words, by refusals, by hand."""
import json
from urllib.parse import quote

import pytest

import fake_channel
from conftest import AT_ONCE
from harness import API_TOKEN, wait_until

ANA, OURS = "+447700900123", "tel:+4930000"


@pytest.fixture
def far():
    far = fake_channel.FarEnd()
    yield far
    far.close()


@pytest.fixture
def sms(start, far):
    gateway = start(rules=AT_ONCE, env=fake_channel.ENV, begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text(), more="words: true", url=far.url))
    gateway.start()
    return fake_channel.Provider(gateway)


def say(sms, text, **more):
    assert sms.say(ANA, text, to=OURS, **more) == 200


def consents(gateway):
    return gateway.get("/v1/consent")["consents"]


def told(helpdesk, kind):
    return [d for d in helpdesk.attempts if d.type == kind]


def test_from_a_word_to_a_reply_that_is_refused_and_back(sms, far, helpdesk):
    gateway = sms.gateway
    say(sms, "where is my parcel?")
    thread = gateway.wait_thread(lambda all: all and all[0]["ticket"])[0]["id"]
    say(sms, "STOP")
    event = wait_until(lambda: told(helpdesk, "contact.consent"), "an event of its own")[0].data
    assert event["consent"]["state"] == "stop" and event["message"]["text"] == "STOP"
    assert event["ticket"]["number"] and event["contact"]["opted_out"] is True
    assert not told(helpdesk, "ticket.message")
    one = consents(gateway)
    assert [(c["address"], c["channel"], c["our_address"], c["state"], c["source"], c["words"]) for c in one] == [
        (f"tel:{ANA}", "try", OURS, "stop", "word", "STOP")]
    assert wait_until(lambda: far.messages, "a confirmation")[0]["text"].startswith("You will get no more messages")
    # A look at what would be sent is refused as well, and that is all.
    look = gateway.api("POST", f"/v1/threads/{thread}/replies/preview", {"text": "It was delivered."})
    assert look.status == 409 and look.json["type"] == "urn:headgate:problem:opted-out"
    assert not [m for m in gateway.messages(thread) if m["direction"] == "note"]
    # The agent hears at once, and why; so do those who look at the ticket.
    answer = gateway.reply(thread, "It was delivered.", agent="Mia")
    assert answer.status == 409 and answer.json["type"] == "urn:headgate:problem:opted-out"
    assert "the customer opted out on 20" in answer.json["detail"] and "(STOP)" in answer.json["detail"]
    assert "START" in answer.json["detail"]
    notice = wait_until(lambda: told(helpdesk, "thread.notice"), "a note on the ticket")[0]
    assert notice.data["notice"]["text"].startswith("An answer by Mia was not sent: the customer opted out")
    note = gateway.wait_message(thread, lambda m: m["direction"] == "note")
    assert note["text"] == notice.data["notice"]["text"]
    say(sms, "Unstop")
    wait_until(lambda: len(told(helpdesk, "contact.consent")) == 2, "that he takes it back")
    assert gateway.reply(thread, "It was delivered.", agent="Mia").status == 202
    wait_until(lambda: far.messages[-1]["text"] == "It was delivered.", "the answer")
    text = gateway.http("GET", "/metrics", headers={"Authorization": f"Bearer {API_TOKEN}"}).body.decode()
    for line in ('headgate_consent_total{channel="try",said="stop"} 1', 'headgate_consent_total{channel="try",said="start"} 1',
                 'headgate_replies_barred_total{channel="try"} 1'):
        assert line in text
    assert gateway.fsck() == []


def test_a_refusal_of_the_provider_is_the_same_state(sms, far, helpdesk):
    gateway = sms.gateway
    say(sms, "where is my parcel?")
    thread = gateway.wait_thread()[0]["id"]
    far.refusal = {"error": "Attempt to send to unsubscribed recipient", "opted_out": True}
    assert gateway.reply(thread, "At the depot.").status == 202
    wait_until(lambda: told(helpdesk, "contact.consent"), "what the provider said")
    one = consents(gateway)[0]
    assert (one["source"], one["code"], one["our_address"], one["provider_blocks"]) == ("send", 422, OURS, True)
    failed = wait_until(lambda: [d for d in told(helpdesk, "message.status") if d.data["state"] == "failed"], "the failure")
    assert failed[0].data["error"]["text"] == "Attempt to send to unsubscribed recipient"
    answer = gateway.reply(thread, "Again: at the depot.")
    assert answer.status == 409 and "(422: Attempt to send to unsubscribed recipient)" in answer.json["detail"]
    assert len(far.messages) == 1
    # Feedback without a message of ours: taken back.
    assert sms.post({"id": "c1", "from": f"tel:{ANA}", "to": OURS, "consent": "start"}) == 200
    wait_until(lambda: consents(gateway)[0]["state"] == "start", "the provider's word")
    far.refusal = None
    assert gateway.reply(thread, "At the depot.").status == 202


def test_what_the_provider_has_answered_is_not_answered_twice(sms, far):
    gateway = sms.gateway
    for text in ("HELP", "STOP", "START"):
        say(sms, text, answered=True)
    say(sms, "help")
    wait_until(lambda: far.messages, "the answer to the last one")
    assert [m["text"] for m in far.messages] == [
        "This is Acme support. Write to us here and we will answer. Reply STOP to get no more messages."]
    assert not [t for t in gateway.threads() if t["ticket"]]


def test_people_look_at_it_and_set_it_by_hand(sms, helpdesk):
    gateway = sms.gateway
    for n in range(3):
        assert gateway.api("POST", "/v1/consent", {"address": f"tel:+44770090010{n}", "channel": "try", "state": "stop",
                                                   "our_address": OURS if n else None, "agent": "Mia",
                                                   "reason": "by phone"}).status == 200
    page = gateway.get("/v1/consent?limit=2")
    assert len(page["consents"]) == 2 and page["consents"][0]["our_address"] is None
    rest = gateway.ctl("--json", "consent", "--state", "stop", check=0).stdout
    assert [json.loads(line)["address"] for line in rest.splitlines()] == [f"tel:+44770090010{n}" for n in range(3)]
    assert len(gateway.get(f"/v1/consent?limit=2&after={quote(page['next'], safe='')}")["consents"]) == 1
    event = wait_until(lambda: told(helpdesk, "contact.consent"), "what was noted")[0].data
    assert event["contact"] is None and event["message"] is None and event["consent"]["by"] == "Mia"
    shown = gateway.ctl("consent", "start", "tel:+447700900101", "--channel", "try", "--reason", "wrote a letter", check=0)
    assert "start" in shown.stdout and "wrote a letter" in shown.stdout
    one = gateway.get("/v1/consent?address=tel:%2B447700900101&state=start")["consents"]
    assert [c["words"] for c in one] == ["wrote a letter"] and one[0]["by"].startswith("local:")
    listing = gateway.ctl("consent", check=0).stdout
    assert "tel:+447700900102" in listing and OURS in listing and "by phone" in listing
    for body in ({"address": "x", "channel": "try", "state": "stop"}, {"address": "tel:+1", "channel": "no", "state": "stop"},
                 {"address": "tel:+1", "channel": "try", "state": "perhaps"}, {"channel": "try", "state": "stop"}):
        assert gateway.api("POST", "/v1/consent", body).status == 400
    assert gateway.api("GET", "/v1/consent?after=x").status == 400
    assert gateway.api("GET", "/v1/consent?state=x").status == 400
    assert gateway.ctl("consent", "stop", "tel:+1").returncode == 2
    assert gateway.ctl("consent", "forget").returncode == 2
