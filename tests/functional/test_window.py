"""R4.5: a new message joins what is open, on whatever channel; what is over is reopened, joined or left by its age."""
import pytest

import fake_channel
from conftest import AT_ONCE, config_text
from harness import wait_until

ANA = "+447700900123"
AGES = "window: { reopen: [ { within: 1d, do: reopen }, { within: 7d, do: join } ] }"


@pytest.fixture
def two(start, graph, helpdesk):
    """two(more, **config) -> the daemon with WhatsApp and a second channel, and that one's provider."""
    def run(more="", **config):
        gateway = start(begin=False, env=fake_channel.ENV)
        gateway.write_config(fake_channel.beside(config_text(graph.url, helpdesk.url, rules=AT_ONCE, **config), more=more))
        gateway.start()
        graph.target(gateway.port, "wa-main")
        return gateway, fake_channel.Provider(gateway)
    return run


def solved(gateway, helpdesk, n=1):
    """The helpdesk solves its nth ticket; the thread's id."""
    event = helpdesk.wait_event("ticket.requested", n)
    assert gateway.api("PUT", f"/v1/tickets/{event.data['ticket']['number']}/status", dict(status="solved")).status == 200
    return event.data["thread"]["id"]


def quiet(gateway):
    wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"] and
               not gateway.get("/v1/outbox?state=due")["jobs"], "an empty outbox")


def test_the_same_person_on_another_channel_joins_the_open_ticket(two, graph, helpdesk):
    """R4.5, promise 3: the address is proven on both, so it is one matter, and an answer goes where he wrote last."""
    gateway, other = two()
    graph.say(ANA, "my order is late")
    helpdesk.wait_event("ticket.requested")
    assert other.say(ANA, "it is number 4711") == 200
    told = helpdesk.wait_event("ticket.message")
    assert (told.data["message"]["text"], told.data["channel"]) == ("it is number 4711", "try")
    assert len(gateway.threads()) == 1
    explained = gateway.ctl("explain", told.data["message"]["id"], check=0).stdout
    assert "open ticket, last active " in explained and " ago; window.join: 7d" in explained


def test_age_and_channel_decide_what_becomes_of_a_message_to_what_is_closed(two, graph, helpdesk):
    """R4.5: joined without being reopened by the gateway's ages, reopened by those of the other channel."""
    gateway, other = two(top=AGES, more="window: { reopen: 30d }")
    graph.say(ANA, "my order is late")
    thread = solved(gateway, helpdesk)
    quiet(gateway)
    gateway.advance(days=2)
    graph.say(ANA, "and it is broken", at=gateway.now())
    assert helpdesk.wait_event("ticket.message").data["thread"]["state"] == "closed"
    explained = gateway.get(f"/v1/threads/{thread}/explain")["decisions"][-1]
    assert explained["proposal"] == "join"
    assert explained["proposal_reason"] == "closed 2d ago; window.reopen: join within 7d"
    quiet(gateway)
    gateway.advance(days=20)
    assert other.say(ANA, "hello? nobody there?") == 200
    assert helpdesk.wait_event("ticket.reopened").data["thread"]["id"] == thread
    assert "closed 22d ago; channel try: window.reopen: reopen within 30d" in \
        gateway.ctl("explain", thread, check=0).stdout
    assert len(gateway.threads()) == 1


def test_a_reply_to_a_message_of_long_ago_leads_to_its_conversation(two, graph, helpdesk):
    """R4.5: WhatsApp's reply context beats the windows; without it the matter is a new one."""
    gateway, _ = two(top="window: { reopen: 1h }")
    graph.say(ANA, "my order is late")
    first = solved(gateway, helpdesk)
    assert gateway.reply(first, "It is on its way.").status == 202
    sent = graph.wait_accepted(1)[0]
    graph.tell(sent, "sent")
    quiet(gateway)
    gateway.advance(days=20)
    graph.say(ANA, "something else", at=gateway.now())
    second = helpdesk.wait_event("ticket.requested", 2).data["thread"]["id"]
    assert second != first
    graph.say(ANA, "it never came", answers=sent.id, at=gateway.now())
    assert helpdesk.wait_event("ticket.reopened").data["thread"]["id"] == first
    assert [m["text"] for m in gateway.messages(first) if m["direction"] == "inbound"] == \
        ["my order is late", "it never came"]
    # Guessed by somebody else it leads nowhere.
    graph.say("+447700900456", "let me see", answers=sent.id, at=gateway.now())
    assert helpdesk.wait_event("ticket.requested", 3).data["thread"]["id"] not in (first, second)
