"""What a ticket says of its conversation, and how it is found again."""
import re

import pytest

from test_conversation import ANA

HOLD = "settle: 1h\ndefault: hold\nfirst_response: 7d"


def talk(start, graph):
    """Ana asks, Mia notes and answers, Ana thanks: the gateway and the thread's id."""
    gateway = start(rules="  []", top=HOLD)
    graph.say(ANA, "my invoice is wrong", name="Ana Lima")
    thread = gateway.wait_thread()[0]["id"]
    gateway.advance(minutes=1)
    assert gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "owes us money", "agent": "Mia"}).status < 300
    assert gateway.reply(thread, "Which one?", agent="Mia").status == 202
    graph.wait_accepted(1)
    gateway.advance(minutes=1)
    graph.say(ANA, "number 4711", at=gateway.now(), name="Ana Lima")
    return gateway, thread


def test_the_conversation_is_a_transcript_and_structured_messages(start, graph, helpdesk):
    """R3.4 and R3.5: plain text with time and speaker a line, the same as messages; no note in either."""
    gateway, thread = talk(start, graph)
    gateway.wait_thread(lambda t: t[0]["inbound"] == 2, "the second message")
    assert gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Mia"}).status == 200
    data = helpdesk.wait_event("ticket.requested").data
    said = [("Ana Lima", "my invoice is wrong"), ("Mia", "Which one?"), ("Ana Lima", "number 4711")]
    lines = [re.fullmatch(r"\[(\d{4}-\d\d-\d\d \d\d:\d\d)\] ([^:]+): (.*)", line)
             for line in data["transcript_text"].splitlines()]
    assert [line.groups()[1:] for line in lines] == said
    times = [line[1] for line in lines]
    assert times == sorted(set(times)), "a minute lies between them"
    assert [m["text"] for m in data["messages"]] == [text for _, text in said]
    assert [m["author"]["kind"] if isinstance(m["author"], dict) else m["author"] for m in data["messages"]] == \
        ["customer", "agent", "customer"]
    assert [m["at"][:16].replace("T", " ") for m in data["messages"]] == times
    assert "owes us money" not in str(data)


@pytest.mark.parametrize("given, want", [(None, "Chat with Ana Lima"), ("Invoice 4711", "Invoice 4711")])
def test_the_subject_names_the_visitor_unless_somebody_says_better(start, graph, helpdesk, given, want):
    """R3.2: "Chat with NAME", and what the agent wrote instead."""
    gateway, thread = talk(start, graph)
    body = {"agent": "Mia"} if given is None else {"agent": "Mia", "subject": given}
    assert gateway.api("POST", f"/v1/threads/{thread}/convert", body).status == 200
    assert helpdesk.wait_event("ticket.requested").data["subject"] == want


def test_an_outcome_is_found_by_its_number(start, graph, helpdesk):
    """R3.12: by our number and by the helpdesk's, long after it was closed, with all that was said."""
    gateway, thread = talk(start, graph)
    assert gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Mia"}).status == 200
    ours = gateway.wait_thread(lambda t: t[0]["ticket"]["links"], "the link")[0]["ticket"]
    assert gateway.api("PUT", f"/v1/tickets/{ours['number']}/status", {"status": "closed"}).status == 200
    gateway.advance(days=200)
    for ref in (ours["number"], ours["links"][0]["id"]):
        found = gateway.get(f"/v1/tickets/{ref}")["thread"]
        assert (found["id"], found["state"], found["ticket"]["state"]) == (thread, "closed", "closed")
    assert "number 4711" in [m["text"] for m in gateway.messages(thread)]
