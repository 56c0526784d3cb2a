"""What the customer said is marked as noise, and the mark taken back: over the API and by headgatectl, and what the helpdesk gets."""
import pytest

RULES = """\
  - name: tickets
    when: { text: { contains: ticket please } }
    do: { convert: { } }
"""
CONFIG = dict(rules=RULES, top="default: hold\nsettle: 1h\nfirst_response: 7d")


def noise(world, message, method="POST", **body):
    return world.gateway.api(method, f"/v1/messages/{message}/noise", body)


def said(world, *texts):
    """A conversation of a new customer, and the ids of what he said in it."""
    customer = world.customer()
    for text in texts:
        assert world.graph.say(customer, text) == 200
    thread = world.thread_of(customer)["id"]
    return thread, [m["id"] for m in world.gateway.messages(thread) if m["direction"] == "inbound"]


def marks(world, thread):
    return [e["data"] for e in world.gateway.events(thread) if e["type"] == "message.marked"]


def requested(world, thread):
    return next(e["data"] for e in reversed(world.gateway.events(thread)) if e["type"] == "ticket.requested")


def told(world, thread, kind):
    """The helpdesk was."""
    return world.helpdesk.wait(lambda h: next((e for e in h.of(kind) if e.data["thread"]["id"] == thread), None), kind)


def test_the_ticket_leaves_it_out_and_the_log_says_who(world):
    thread, (first, second) = said(world, "my lamp is broken", "sorry, that was for my wife")
    answer = noise(world, second, agent="Mia")
    assert answer.status == 200, answer
    assert (answer.json["thread_id"], answer.json["already_forwarded"]) == (thread, False)
    assert answer.json["message"]["id"] == second and answer.json["message"]["noise"] is True
    assert noise(world, second, agent="Mia").status == 200
    assert [(m["message"], m["by"]) for m in marks(world, thread)] == [(dict(id=second, noise=True), "Mia")]
    row = world.gateway.get("/v1/audit?action=thread.mark_noise&limit=1")["audits"][0]
    assert row["object"] == dict(kind="thread", id=thread) and row["facts"] == dict(agent="Mia", message=second)
    assert world.gateway.api("POST", f"/v1/threads/{thread}/convert", {}).status == 200
    data = requested(world, thread)
    assert [m["id"] for m in data["messages"]] == [first] and "my wife" not in data["transcript_text"]
    heard = told(world, thread, "ticket.requested")
    assert "my wife" not in str(heard.data)
    back = noise(world, second, "DELETE", agent="Ben").json
    assert back["already_forwarded"] is True and "noise" not in back["message"]
    late = told(world, thread, "ticket.message")
    assert late.data["message"]["text"] == "sorry, that was for my wife"
    assert [(m["message"]["noise"], m["already_forwarded"], m["by"]) for m in marks(world, thread)] == [(True, False, "Mia"), (False, True, "Ben")]


def test_what_the_helpdesk_has_it_keeps_and_that_is_said(world):
    thread, (first,) = said(world, "a ticket please")
    assert noise(world, first).json["already_forwarded"] is True
    shown = world.gateway.ctl("message", "noise", first, check=0).stdout
    assert shown == f"{first} noise, but the helpdesk of its ticket has it and keeps it\n"
    assert "[noise]" in world.gateway.ctl("thread", "show", thread, check=0).stdout
    assert world.gateway.ctl("message", "noise", first, "--undo", check=0).stdout == f"{first} no noise, and the helpdesk of its ticket has it\n"
    assert [e["type"] for e in world.gateway.events(thread)].count("ticket.message") == 0


def test_nothing_but_noise_closes_without_a_ticket_and_counts_as_noise(world):
    thread, (one, two) = said(world, "qwertz", "asdf")
    for message in (one, two):
        world.gateway.ctl("message", "noise", message, "--agent", "Mia", "--json", check=0)
    assert world.gateway.api("POST", f"/v1/threads/{thread}/close", dict(resolution="unresolved")).status == 200
    found = world.gateway.get(f"/v1/threads/{thread}")["thread"]
    assert (found["state"], found["resolution"], found["ticket"]) == ("closed", "resolved", None)
    episode = next(e for e in world.gateway.get("/v1/episodes?since=1d")["episodes"] if e["thread_id"] == thread)
    assert episode["noise"] is True and episode["inbound"] == 2


def test_it_is_there_after_the_process_was_killed(world):
    thread, (first, _) = said(world, "hello", "my lamp is broken")
    assert noise(world, first).status == 200
    world.gateway.kill()
    world.gateway.start()
    world.graph.target(world.gateway.port, "wa-main")
    assert [m.get("noise", False) for m in world.gateway.messages(thread)] == [True, False]


@pytest.mark.parametrize("what, status, words", [("note", 400, "is a note"), ("reply", 400, "is of ours"), ("msg_none", 404, "no message")])
def test_only_what_the_customer_said(world, what, status, words):
    thread, _ = said(world, "hello")
    message = what
    if what == "note":
        message = world.gateway.api("POST", f"/v1/threads/{thread}/notes", dict(text="a regular")).json["message"]["id"]
    elif what == "reply":
        message = world.gateway.reply(thread, "Which one?").json["message"]["id"]
    for method in ("POST", "DELETE"):
        answer = noise(world, message, method)
        assert answer.status == status and words in answer.json["detail"], answer
    assert world.gateway.ctl("message", "noise", message).returncode != 0 and not marks(world, thread)
