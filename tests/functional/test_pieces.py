"""Messages that a network cut into pieces, and messages that did not come by themselves: a channel of the example adapter."""
import pytest

import fake_channel
from conftest import AT_ONCE
from harness import wait_until

ANA, BO = "+447700900123", "+447700900456"


@pytest.fixture
def far():
    end = fake_channel.FarEnd()
    yield end
    end.close()


@pytest.fixture
def sms(start, far):
    """A provider whose messages become tickets at once."""
    gateway = start(rules=AT_ONCE, env=fake_channel.ENV, backend='events: ["*"]', begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text(), url=far.url, more="inbox: true\npoll: 1h\n"))
    gateway.start()
    return fake_channel.Provider(gateway)


def piece(sms, ref, part, parts, text, sender=ANA, id=None):
    item = {"id": id or f"{sender}-{ref}-{part}", "from": f"tel:{sender}", "to": "tel:+4930000", "text": text,
            "part_ref": ref, "part": part, "parts": parts}
    answer = sms.deliver(item)
    assert answer.status == 200, answer
    return answer.json


def texts(gateway):
    return sorted(m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["direction"] == "inbound")


def test_pieces_of_two_senders_become_a_message_of_each_over_a_kill(sms, helpdesk):
    """Out of order, one twice, with the same reference, the process killed in between: each piece was on disk before its 200."""
    gateway = sms.gateway
    assert piece(sms, "7", 2, 3, "is wrong, ") == {"stored": True}
    assert piece(sms, "7", 2, 2, "arrived", sender=BO) == {"stored": True}
    assert piece(sms, "7", 2, 3, "is wrong, ") == {"known": True}
    gateway.kill()
    gateway.start()
    assert gateway.threads() == []
    piece(sms, "7", 3, 3, "please help")
    piece(sms, "7", 1, 2, "nothing ", sender=BO)
    piece(sms, "7", 1, 3, "my invoice ")
    assert texts(gateway) == ["my invoice is wrong, please help", "nothing arrived"]
    helpdesk.wait_event("ticket.requested", 2)
    requested = [e.data["messages"][0]["text"] for e in helpdesk.of("ticket.requested")]
    assert sorted(requested) == ["my invoice is wrong, please help", "nothing arrived"]
    assert piece(sms, "7", 1, 3, "my invoice ") == {"known": True}
    assert not gateway.fsck()


def test_what_is_missing_shows_and_what_comes_late_completes_it(sms, helpdesk):
    """The agent reads what there is after 5 minutes, and sees the same message become whole."""
    gateway = sms.gateway
    piece(sms, "9", 1, 2, "I have moved to ")
    gateway.advance(minutes=4)
    assert gateway.threads() == []
    gateway.advance(minutes=1)
    thread = gateway.wait_thread()[0]["id"]
    said = gateway.messages(thread)[0]
    assert said["text"] == "I have moved to [...]" and said["note"] == "piece 2 of 2 of this message did not come"
    piece(sms, "9", 2, 2, "12 High Street")
    edited = helpdesk.wait_event("message.edited").data["message"]
    assert edited["id"] == said["id"] and edited["text"] == "I have moved to 12 High Street"
    assert texts(gateway) == ["I have moved to 12 High Street"]
    assert not gateway.fsck()


def test_a_channel_that_is_asked_looks_for_what_did_not_come(sms, far):
    """At the start from where it got to, and when somebody asks, since then; what is known is not taken twice."""
    gateway = sms.gateway
    wait_until(lambda: far.asked, "the look at the start")
    assert far.asked == [{"after": "", "since": "0"}]
    sms.post({"id": "m1", "from": f"tel:{ANA}", "text": "this one came"})
    far.inbox = [{"id": "m1", "from": f"tel:{ANA}", "text": "this one came"},
                 {"id": "m2", "from": f"tel:{BO}", "text": "this one did not"}]
    said = gateway.ctl("channel", "ask", "try", "--since", "2h", check=0).stdout
    assert "try is asking" in said
    wait_until(lambda: len(gateway.threads()) == 2, "the message that did not come")
    assert texts(gateway) == ["this one came", "this one did not"]
    assert abs(int(far.asked[1]["since"]) - (gateway.now() - 2 * 3600) * 1000) < 120_000, (far.asked, gateway.now())
    assert gateway.api("POST", "/v1/channels/try/ask", {}).json == {"channel": "try", "since": None}
    wait_until(lambda: len(far.asked) == 3, "the next look")
    assert far.asked[2]["since"] == "0"
    refused = gateway.api("POST", "/v1/channels/wa-main/ask", {"since": "2026-01-01"})
    assert refused.status == 409 and "cannot ask" in refused.json["detail"]
    assert gateway.api("POST", "/v1/channels/try/ask", {"since": "yesterday"}).status == 400
    assert gateway.ctl("channel", "ask", "nowhere", check=4).stderr
