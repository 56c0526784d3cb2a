"""A helpdesk spoken to by a preset: conversation in, ticket there, whatever becomes of calls on their way."""
import base64

import pytest

import harness
from conftest import AT_ONCE, ENV
from scripted_desk import (CREATE, FIND, FIND_MESSAGE, LOGIN, REST, THREE_STEPS, ScriptedDesk, preset, start_with)

ANA, BO = "+447700900123", "+447700900456"


@pytest.fixture
def desk():
    made = ScriptedDesk()
    yield made
    made.close()


@pytest.fixture
def begin(start, tmp_path, desk):
    """begin(**of the preset) -> a daemon that speaks to the scripted desk; greetings and all else are tickets at once."""
    def run(fail=None, more="", env=None, **how):
        return start_with(start, tmp_path, desk, preset(**how), more, rules=AT_ONCE, fail=fail, env=env)
    return run


def link_of(gateway, thread):
    links = gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["links"]
    return links[0] if links else None


def dead(gateway):
    return gateway.get("/v1/outbox?state=dead")["jobs"]


# ---- the whole way ----

def test_a_conversation_becomes_a_ticket_and_goes_on_there(begin, desk, graph):
    gateway = begin()
    assert graph.say(ANA, "my invoice is wrong") == 200
    ticket = desk.wait_tickets()[0]
    assert "my invoice is wrong" in ticket["text"] and ticket["requester"]["phone"] == ANA
    thread = gateway.threads()[0]["id"]
    link = harness.wait_until(lambda: link_of(gateway, thread), "the link")
    assert (link["id"], link["number"], link["url"]) == ("1", "D-1", f"{desk.url}/t/1")
    graph.say(ANA, "by 5 pounds")
    graph.say(ANA, "are you there?")
    desk.wait_said("by 5 pounds", "are you there?")
    assert gateway.reply(thread, "It is corrected.", agent="Ben").status == 202
    assert desk.wait_notes(1)[0] == "Ben answered on wa-main:\n\nIt is corrected."
    assert len(desk.tickets) == 1
