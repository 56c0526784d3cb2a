"""Who may speak where anybody can say that he is anybody: a channel whose senders are only claimed, as a mail's are."""
import pytest

import fake_channel
from conftest import AT_ONCE
from harness import wait_until

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

ANA, BO = "mailto:ana@example.com", "mailto:bo@example.com"


@pytest.fixture
def mail(start):
    gateway = start(rules=AT_ONCE, env=fake_channel.ENV, begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text()))
    gateway.start()
    return fake_channel.Provider(gateway)


def say(mail, who, text, **more):
    item = {"id": f"m{next(mail.ids)}", "from": who, "text": text, "claimed": True, "subject": "My order", **more}
    assert mail.post(item) == 200
    return item["id"]


def test_a_mail_is_what_its_sender_and_its_token_make_it(mail):
    gateway = mail.gateway
    first = say(mail, ANA, "where is it?\n> quoted", reply_text="where is it?", sender="pass", also=["token-of-ours"])
    thread = gateway.wait_thread()[0]["id"]
    said = gateway.messages(thread)[0]
    assert said["reply_text"] == "where is it?" and said["sender_verified"] == "pass" and "unproven" not in said
    # A reference alone is nobody's right, and the conversation it names is told.
    say(mail, BO, "I want to know too", refs=[first], sender="pass")
    other = wait_until(lambda: [t for t in gateway.threads() if t["id"] != thread], "a thread of his own")[0]["id"]
    assert gateway.get(f"/v1/threads/{other}")["thread"]["related"] == thread
    # An agent names him: now it is a note.
    shown = gateway.api("POST", f"/v1/threads/{thread}/participants", {"address": "bo@example.com", "agent": "Mia"})
    assert shown.status == 200 and shown.json["thread"]["participants"] == [BO]
    say(mail, BO, "I am his brother", refs=[first], sender="pass")
    note = gateway.wait_message(thread, lambda m: m["direction"] == "note")
    assert note["text"] == "I am his brother" and note["address"] == BO
    assert gateway.api("DELETE", f"/v1/threads/{thread}/participants/{BO}").status == 200
    assert "participants" not in gateway.get(f"/v1/threads/{thread}")["thread"]
    # With the token and his own address it is Ana's, though nobody vouches for her.
    say(mail, ANA, "thanks", refs=["token-of-ours"], vouched=1)
    unproven = gateway.wait_message(thread, lambda m: m["text"] == "thanks")
    assert unproven["unproven"] is True and unproven["sender_verified"] == "none"
    # Without it, it may be anybody.
    say(mail, ANA, "send it to another address", refs=[first])
    wait_until(lambda: len(gateway.threads()) == 3, "a third thread")
    assert not [m for m in gateway.messages(thread) if "another address" in m["text"]]


def test_forged_mails_are_nobodys(mail):
    gateway = mail.gateway
    say(mail, ANA, "hello", sender="pass", also=["token-of-ours"])
    for _ in range(2):
        say(mail, ANA, "it is me", refs=["token-of-ours"], vouched=1, sender="fail")
    threads = wait_until(lambda: [t for t in [gateway.threads()] if len(t) == 3], "two threads more")[0]
    assert all("related" not in gateway.get(f"/v1/threads/{t['id']}")["thread"] for t in threads)


def test_a_loop_without_any_header_ends(mail):
    gateway = mail.gateway
    for n in range(9):
        say(mail, BO, "Your request was received", subject=f"Ticket {n}")
    wait_until(lambda: len(gateway.threads()) == 9, "all mails")
    events = gateway.get("/v1/events?limit=500")["events"]
    assert sum(e["type"] == "loop.suspected" for e in events) == 1
    assert sum(e["type"] == "ticket.requested" for e in events) == 5
