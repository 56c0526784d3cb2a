"""A conversation that is no ticket joined into another one's ticket: over the API, by headgatectl, and what the helpdesk hears."""
import pytest

RULES = """\
  - name: lamps
    when: { text: { contains: lamp } }
    do: { convert: { } }
"""
CONFIG = dict(rules=RULES, top="default: hold\nsettle: 1h\nfirst_response: 7d")


@pytest.fixture
def pair(world):
    """A ticket of one number and an open conversation of another, both of one person by now."""
    ticket, other = world.thread("my lamp is broken"), world.thread("it is me, from another phone")
    assert world.gateway.api("POST", f"/v1/contacts/{other['contact']['id']}/merge", {"into": ticket["contact"]["id"]}).status == 200
    return ticket["id"], other["id"]


def join(world, thread, **body):
    return world.gateway.api("POST", f"/v1/threads/{thread}/join", body)


def told(world, thread, type):
    return [e for e in world.gateway.events(thread) if e["type"] == type]


def test_the_helpdesk_hears_what_was_said_once(world, pair):
    ticket, other = pair
    answer = join(world, other, into=ticket, agent="Mia")
    assert answer.status == 200 and answer.json["thread"]["id"] == ticket, answer
    said = told(world, ticket, "ticket.message")
    assert [e["data"]["message"]["text"] for e in said] == ["it is me, from another phone"]
    heard = world.helpdesk.wait_event("ticket.message")
    assert heard.data["ticket"]["number"] == answer.json["thread"]["ticket"]["number"]
    found = world.gateway.get(f"/v1/threads/{other}")["thread"]
    assert (found["state"], found["resolution"], found["ticket"]) == ("closed", "resolved", None)
    assert found["key"] == f"joined:{ticket}" and found["related"] == ticket
    again = join(world, other, into=ticket)
    assert again.status == 409 and "joined into" in again.json["detail"]
    assert len(told(world, ticket, "ticket.message")) == 1
    assert world.graph.say(found["reply_to"].removeprefix("tel:"), "and one more thing") == 200
    assert [e["data"]["message"]["text"] for e in told(world, ticket, "ticket.message")][1:] == ["and one more thing"]


def test_headgatectl_joins(world, pair):
    ticket, other = pair
    world.gateway.ctl("thread", "join", other, ticket, "--agent", "Mia", check=0)
    assert world.gateway.get(f"/v1/threads/{other}")["thread"]["state"] == "closed"
    assert "joined into" in world.gateway.ctl("thread", "join", other, ticket, check=5).stderr


def test_what_cannot_be_joined_is_said(world, pair):
    ticket, other = pair
    stranger = world.thread("hello")["id"]
    for body, status, words in (({}, 400, '"into" is missing'), ({"into": "thr_none"}, 404, "no thread"), ({"into": other}, 400, "into itself"),
                                ({"into": stranger}, 409, "of two contacts")):
        answer = join(world, other, **body)
        assert answer.status == status and words in answer.json["detail"], answer
    assert "a ticket of its own" in join(world, ticket, into=other).json["detail"]
