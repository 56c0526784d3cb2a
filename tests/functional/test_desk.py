"""A helpdesk spoken to by a preset: conversation in, ticket there, whatever becomes of calls on their way."""
import base64
import contextlib
import os
import threading

import pytest

import harness
from conftest import AT_ONCE
from records import record
from scripted_desk import FIND_MESSAGE, LOGIN, REST, THREE_STEPS, ScriptedDesk, preset, start_with

ANA, BO = "+447700900123", "+447700900456"


@pytest.fixture
def desk():
    made = ScriptedDesk()
    yield made
    made.close()


@pytest.fixture
def begin(start, tmp_path, desk):
    """begin(**of the preset) -> a daemon that speaks to the scripted desk; greetings and all else are tickets at once."""
    def run(fail=None, more="", env=None, more_ops="", **how):
        return start_with(start, tmp_path, desk, preset(more=more_ops, **how), more, rules=AT_ONCE, fail=fail, env=env)
    return run


def link_of(gateway, thread):
    links = gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["links"]
    return links[0] if links else None


def dead(gateway):
    """Dead letters to the helpdesk."""
    return [job for job in gateway.get("/v1/outbox?state=dead")["jobs"] if job["target"] == "backend"]


def waiting(gateway):
    # Twice: what is moved from one state to another between two looks is seen by the third.
    return [job for state in ("queued", "due", "sending") * 2 for job in gateway.get(f"/v1/outbox?state={state}")["jobs"]
            if job["target"] == "backend"]


def settle(gateway, patience=harness.PATIENCE, **step):
    """Time goes on until nothing waits for the helpdesk any more."""
    def quiet():
        # In one look: what goes from state to state is in one of them.
        if not any(c["waiting"] or c["sending"] for c in gateway.status()["outbox"] if c["target"] == "backend"):
            return True
        gateway.advance(**(step or dict(seconds=61)))
        return False
    harness.wait_until(quiet, "an empty outbox", patience)


def numbers(n):
    return [f"+4477009{i:05}" for i in range(n)]


COUNT = int(os.environ.get("HEADGATE_DESK_COUNT") or 40)	# conversations; 1,000 for a long run


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


def test_a_ticket_that_goes_on_is_opened_there_in_the_helpdesks_word(begin, desk, graph):
    gateway = begin()
    graph.say(ANA, "my invoice is wrong")
    desk.wait_tickets()
    harness.wait_until(lambda: link_of(gateway, gateway.threads()[0]["id"]), "the link")
    desk.tickets[1]["status"] = "done"
    assert gateway.api("PUT", "/v1/tickets/TK-1000/status", dict(backend="desk", status="solved"), key="s").status == 200
    graph.say(ANA, "it is still wrong")
    desk.wait_said("it is still wrong")
    desk.wait(lambda: desk.tickets[1]["status"] == "open", "the status")


# ---- the ladder: what is asked for twice is there once ----

RUNGS = dict(key=dict(once="{ by: key, life: 1h }"), find=dict(once="{ by: find }"),
             late=dict(once="{ by: find, lag: 5s }"), steps=dict(once="{ by: find }", create=THREE_STEPS))


@pytest.mark.parametrize("rung", RUNGS)
def test_what_the_helpdesk_did_before_the_line_went_is_not_done_again(begin, desk, graph, rung):
    """Each second ticket is made, and the answer lost."""
    desk.by_key = rung == "key"
    gateway = begin(find_message=FIND_MESSAGE, **RUNGS[rung])
    desk.fault("POST", "/tickets", "drop_after", times=COUNT, every=2)
    desk.fault("POST", r"/tickets/\d+/messages", "drop_after", times=COUNT, every=3)
    for number in numbers(COUNT):
        assert graph.say(number, f"{number} writes") == 200
        assert graph.say(number, f"{number} goes on") == 200
    settle(gateway)
    lines = [[m["text"] for m in t["messages"]] for t in desk.tickets.values()]
    twice = sum(len(said) - len(set(said)) for said in lines)
    record("desk.rungs", COUNT, found=abs(len(desk.tickets) - COUNT) + twice, rung=rung)
    assert not dead(gateway)
    assert len(desk.tickets) == COUNT and len({t["external"] for t in desk.tickets.values()}) == COUNT
    lost = [c for c in desk.asked("POST", "/tickets") if c.status == 0]
    assert len(lost) >= COUNT // 3
    for ticket in desk.tickets.values():
        said = [m["text"] for m in ticket["messages"]]
        assert len(said) == len(set(said)), "something was said twice"
        assert any("goes on" in text for text in said + [ticket["text"]])


def test_without_a_rung_the_same_faults_make_tickets_twice(begin, desk, graph):
    """What the test above sees when nobody looks: so much for its teeth."""
    gateway = begin(once="{ by: none }", find="", more="on_ambiguous: resend")
    desk.fault("POST", "/tickets", "drop_after", times=3)
    graph.say(ANA, "my invoice is wrong")
    settle(gateway)
    assert len(desk.tickets) == 4


def test_where_nobody_can_be_asked_a_person_is(begin, desk, graph):
    gateway = begin(once="{ by: none }", find="")
    desk.fault("POST", "/tickets", "drop_after")
    graph.say(ANA, "my invoice is wrong")
    letter = harness.wait_until(lambda: (gateway.advance(seconds=10), dead(gateway))[1], "a dead letter")[0]
    assert "nobody knows whether TK-1000 was created" in letter["error"] and "outbox retry" in letter["error"]
    assert len(desk.tickets) == 1
    # What is said meanwhile waits for whoever looks.
    graph.say(ANA, "hello?")
    thread = gateway.threads()[0]["id"]
    assert gateway.api("PUT", "/v1/tickets/TK-1000/link", dict(backend="desk", id="1", number="D-1"), key="l").status == 200
    desk.wait_said("hello?")
    assert link_of(gateway, thread)["id"] == "1" and len(desk.tickets) == 1


def test_a_dead_letter_that_is_tried_again_goes_before_what_waits_for_it(begin, desk, graph):
    gateway = begin(once="{ by: none }", find="")
    desk.fault("POST", "/tickets", (422, {"error": "no such queue"}), times=6)
    graph.say(ANA, "my invoice is wrong")
    letter = harness.wait_until(lambda: (gateway.advance(hours=1), dead(gateway))[1], "a dead letter")[0]
    assert "create: answered 422: no such queue" in letter["error"]
    graph.say(ANA, "hello?")
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if j["error"]], "that it waits")
    gateway.ctl("outbox", "retry", str(letter["number"]), check=0)
    desk.wait_said("hello?")


def test_a_connection_that_was_refused_leaves_no_doubt(begin, desk, graph):
    gateway = begin(once="{ by: none }", find="")
    desk.close()
    graph.say(ANA, "my invoice is wrong")
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if j["error"]], "the first failure")
    desk.start()
    settle(gateway)
    assert len(desk.tickets) == 1 and not dead(gateway)


def test_a_search_that_is_late_is_asked_once_more(begin, desk, graph):
    gateway = begin(once="{ by: find, lag: 30s }")
    desk.hidden.add(1)
    desk.fault("POST", "/tickets", "drop_after")
    graph.say(ANA, "my invoice is wrong")
    harness.wait_until(lambda: (gateway.advance(seconds=6), len(desk.asked("GET", "/tickets")) >= 2)[1], "the first look")
    desk.hidden.clear()
    settle(gateway, seconds=31)
    assert len(desk.tickets) == 1 and link_of(gateway, gateway.threads()[0]["id"])["id"] == "1"


@pytest.mark.parametrize("killed", [False, True], ids=["line lost", "killed"])
@pytest.mark.parametrize("what", ["ticket", "message"])
def test_what_was_given_up_and_is_still_at_work_there_is_not_done_again(begin, desk, graph, what, killed):
    """It is looked for before it is there; a moment later it is."""
    gateway = begin(find_message=FIND_MESSAGE)
    path, search = ("/tickets", "/tickets") if what == "ticket" else (r"/tickets/\d+/messages",) * 2
    looks = 1		# before it is made for the first time a ticket is looked for as well
    if what == "message":
        graph.say(ANA, "my invoice is wrong")
        desk.wait_tickets()
        settle(gateway)
        looks = 0
    begun, end = threading.Event(), threading.Event()

    def at_work(call):
        begun.set()
        if killed:
            end.wait()
        else:
            threading.Thread(target=lambda: end.wait() and desk.run(call)).start()
            return "drop"
        return desk.run(call)

    desk.fault("POST", path, at_work)
    graph.say(ANA, "hello?")
    assert begun.wait(harness.PATIENCE)
    if killed:
        gateway.kill()
        gateway.start()
        graph.target(gateway.port, "wa-main")
    harness.wait_until(lambda: len(desk.asked("GET", search)) > looks or gateway.advance(seconds=6), "that it is looked for")
    end.set()
    desk.wait(lambda: len(desk.tickets) == 1 and (what == "ticket" or desk.said()), "that it is done")
    settle(gateway, seconds=31)
    assert len(desk.tickets) == 1 and desk.said() == (["hello?"] if what == "message" else []) and not dead(gateway)


@pytest.mark.parametrize("looks", [True, False])
def test_a_message_is_looked_for_where_that_can_be_done(begin, desk, graph, looks):
    gateway = begin(find_message=FIND_MESSAGE if looks else "")
    graph.say(ANA, "my invoice is wrong")
    desk.wait_tickets()
    desk.fault("POST", r"/tickets/\d+/messages", "drop_after")
    graph.say(ANA, "hello?")
    settle(gateway)
    assert desk.said() == ["hello?"] * (1 if looks else 2)


KILLED = ["outbox.sending", "forward.begin", "client.body_written", "client.answered", "forward.answered",
          "forward.before_commit", "forward.after_commit"]


@pytest.mark.parametrize("where", KILLED)
@pytest.mark.parametrize("nth", [1, 2, 3] if COUNT > 40 else [2])
def test_killed_between_steps_it_goes_on(begin, desk, graph, where, nth):
    """kill -9 around each of the three calls that make a ticket: one ticket, one first message."""
    gateway = begin(create=THREE_STEPS, find_message=FIND_MESSAGE, fail=f"{where}=crash@{nth}")
    with contextlib.suppress(OSError):		# it may die before the provider has its 200
        graph.say(ANA, "my invoice is wrong")
    gateway.wait_dead()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    settle(gateway, seconds=6)
    record("desk.kills", 1, found=len(desk.tickets) - 1)
    assert len(desk.tickets) == 1 and not dead(gateway)
    assert set(desk.said()) == {desk.tickets[1]["text"]}
    assert link_of(gateway, gateway.threads()[0]["id"])["id"] == "1"


# ---- words of outcomes ----

def test_credentials_that_are_refused_stop_the_backend_at_once(begin, desk, graph):
    gateway = begin()
    desk.fault("GET", "/tickets", (401, {"message": "bad token"}))
    graph.say(ANA, "my invoice is wrong")
    harness.wait_until(lambda: gateway.status()["backends"][0]["condition"] == "down", "that it is down")
    assert "bad token" in gateway.log() and "backend.refused" in gateway.log()
    gateway.advance(seconds=61)
    desk.wait_tickets()
    harness.wait_until(lambda: gateway.status()["backends"][0]["condition"] == "up", "that it is up")


def test_what_is_refused_is_believed_after_six_tries_and_the_next_goes_on(begin, desk, graph):
    gateway = begin()
    graph.say(ANA, "my invoice is wrong")
    desk.wait_tickets()
    desk.fault("POST", r"/tickets/\d+/messages", (422, {"errors": ["text is bad"]}), times=6)
    graph.say(ANA, "one")
    graph.say(ANA, "two")
    settle(gateway, hours=1)
    assert [j["error"] for j in dead(gateway)] == ["append: answered 422: text is bad"]
    assert desk.said() == ["two"]


def talk(gateway, desk, graph):
    """A ticket that is linked; its thread."""
    graph.say(ANA, "my invoice is wrong")
    desk.wait_tickets()
    thread = gateway.threads()[0]["id"]
    harness.wait_until(lambda: link_of(gateway, thread), "the link")
    return thread


def lines(gateway, thread):
    return [m["text"] for m in gateway.messages(thread) if m["direction"] == "system"]


def test_a_ticket_that_was_deleted_there_is_made_anew_with_what_is_said_then(begin, desk, graph):
    gateway = begin(find_message=FIND_MESSAGE)
    thread = talk(gateway, desk, graph)
    desk.tickets.clear()
    desk.fault("POST", "/tickets", "drop_after")		# no shorter way than the first time
    graph.say(ANA, "one")
    graph.say(ANA, "two")
    settle(gateway)
    assert list(desk.tickets) == [2] and desk.said() == ["two"] and not dead(gateway)
    assert desk.tickets[2]["text"] == "Ticket 1 is not there any more: its conversation goes on here.\n\none"
    assert desk.tickets[2]["title"] and link_of(gateway, thread)["id"] == "2"
    assert "desk: the conversation goes on in ticket 2, which took the place of 1." in lines(gateway, thread)


def test_a_ticket_that_became_another_and_nobody_said_so_goes_on_there(begin, desk, graph):
    gateway = begin()
    thread = talk(gateway, desk, graph)
    desk.create(notes=[], status="open", **{k: v for k, v in desk.tickets.pop(1).items() if k in ("external", "title", "text")})
    graph.say(ANA, "one")
    settle(gateway)
    assert desk.said(2) == ["one"] and link_of(gateway, thread)["id"] == "2" and not dead(gateway)


def test_where_all_is_said_to_be_gone_no_ticket_is_made_anew(begin, desk, graph):
    """A helpdesk that is broken."""
    gateway = begin()
    talk(gateway, desk, graph)
    desk.fault("POST", r"/tickets/\d+/messages", (404, {"error": "no such page"}))
    graph.say(ANA, "one")
    settle(gateway)
    assert "finds it when it is looked for" in dead(gateway)[0]["error"] and len(desk.tickets) == 1


def test_where_nothing_can_be_looked_for_what_is_said_to_a_deleted_ticket_is_a_dead_letter_that_can_be_sent_elsewhere(begin, desk, graph):
    gateway = begin(once="{ by: none }", find="")
    thread = talk(gateway, desk, graph)
    desk.tickets.clear()
    graph.say(ANA, "one")
    settle(gateway)
    letter, = dead(gateway)
    assert letter["error"] == "append: answered 404: no such ticket"
    assert "desk has no ticket 1 any more" in lines(gateway, thread)[-1]
    desk.create(notes=[], status="open", external="by hand")
    other = dict(backend="desk", id="2")
    assert gateway.api("PUT", "/v1/tickets/TK-1000/link", other, key="a").status == 422		# not by mistake
    gateway.ctl("ticket", "relink", "TK-1000", "2", "--reason", "deleted over there", "--yes", check=0)
    gateway.ctl("ticket", "retry", "TK-1000", check=0)
    desk.wait_said("one", number=2)


def test_an_answer_that_names_no_ticket_is_no_ticket(begin, desk, graph):
    gateway = begin()
    desk.fault("POST", "/tickets", (200, {"ok": True}))
    graph.say(ANA, "my invoice is wrong")
    settle(gateway)
    assert [j["error"] for j in dead(gateway)] == ["create: answered 200 and named no ticket"]


def test_a_session_that_is_over_is_made_anew_once_for_all(begin, desk, graph):
    desk.session = True
    gateway = begin(login=LOGIN)
    for number in numbers(8):
        graph.say(number, "my invoice is wrong")
    desk.wait_tickets(8)
    assert len(desk.asked("POST", "/session")) == 1
    desk.sessions += 1			# over there nobody is logged in any more
    for number in numbers(8):
        graph.say(number, "hello?")
    settle(gateway)
    assert all([m["text"] for m in t["messages"]] == ["hello?"] for t in desk.tickets.values())
    assert len(desk.asked("POST", "/session")) == 2


def test_a_session_that_is_refused_again_is_no_reason_to_go_on_for_ever(begin, desk, graph):
    gateway = begin(login=LOGIN)
    desk.fault("POST", "/tickets", (401, {"error": "locked"}), times=2)
    graph.say(ANA, "my invoice is wrong")
    harness.wait_until(lambda: "logged in, and refused all the same" in gateway.log(), "the alarm")
    assert len(desk.asked("POST", "/session")) == 2


# ---- files ----

PICTURE = b"\xff\xd8\xff" + bytes(range(256)) * 40
ATTACH = """\
  attach:
    - foreach: files
      url: ${url}/tickets/${ticket.id}/files
      method: POST
      headers: { X-Name: "${file.name}", Content-Type: "${file.type}" }
      raw: { $file: true }
"""


def send_picture(graph, data, sender=ANA):
    assert graph.deliver_at_once(graph.album(sender, [graph.add_media(data, "image/jpeg")], "look")) == [200]


def test_a_file_that_comes_later_is_attached_once_as_it_is(begin, desk, graph):
    """It is downloaded after the message was told of."""
    files = []
    desk.route("POST", r"/tickets/(\d+)/files")(lambda call: files.append(call) or 201)
    gateway = begin(more_ops=ATTACH)
    graph.say(ANA, "my lamp is broken")
    desk.wait_tickets()
    send_picture(graph, PICTURE)
    settle(gateway)
    desk.wait(lambda: files, "the file")
    sent = [f["data"] for m in desk.tickets[1]["messages"] for f in m["files"]]
    assert [c.body for c in files] + [base64.b64decode(data) for data in sent] == [PICTURE]
    assert files[0].headers["content-type"] == "image/jpeg"


def test_what_is_too_big_for_the_helpdesk_is_named_with_its_address(begin, desk, graph):
    gateway = begin(limits="{ at_once: 4, per_minute: 60000, max_file: 1KB, max_text: 60000 }", more_ops=ATTACH)
    graph.say(ANA, "my lamp is broken")
    desk.wait_tickets()
    send_picture(graph, PICTURE)
    settle(gateway)
    note = desk.wait_notes(1)[0]
    assert "too big for the helpdesk" in note and "https://chat.acme.example/v1/attachments/att_" in note
    assert not [f for m in desk.tickets[1]["messages"] for f in m["files"]]


ALONE = REST.replace(""",
              files: { $each: files, $as: { name: "${file.name}", data: "${file.base64}" } } }""", " }")
NAMED = """\
  attach:
    - url: ${url}/tickets/${ticket.id}/messages
      method: POST
      json: { text: "(files)", external: "${external_id}", files: { $each: files, $as: { name: "${file.name}", data: "${file.base64}" } } }
"""


def test_a_file_whose_answer_was_lost_is_looked_for_by_our_id(begin, desk, graph):
    gateway = begin(rest=ALONE, more_ops=NAMED, find_message=FIND_MESSAGE)
    graph.say(ANA, "my lamp is broken")
    desk.wait_tickets()
    desk.fault("POST", r"/tickets/\d+/messages", "drop_after", when=lambda call: "files" in call.json)
    send_picture(graph, PICTURE)
    desk.wait(lambda: "(files)" in desk.said(), "the file")
    settle(gateway)
    # Not the message it came with, which has an id of its own.
    assert [text for text in desk.said() if text == "(files)"] == ["(files)"] and not dead(gateway)


def test_a_file_of_which_nobody_knows_whether_it_is_there_is_a_persons(begin, desk, graph):
    files = []
    desk.route("POST", r"/tickets/(\d+)/files")(lambda call: files.append(call) or 201)
    gateway = begin(rest=ALONE, more_ops=ATTACH, find_message=FIND_MESSAGE)
    graph.say(ANA, "my lamp is broken")
    desk.wait_tickets()
    desk.fault("POST", r"/tickets/\d+/files", "drop_after")
    send_picture(graph, PICTURE)
    letter = harness.wait_until(lambda: (gateway.advance(seconds=10), dead(gateway))[1], "a dead letter")[0]
    assert "nobody knows whether a file was attached to TK-1000" in letter["error"]
    assert f"headgatectl dead retry {letter['number']}" in letter["error"] and len(files) == 1
    graph.say(ANA, "hello?")
    desk.wait(lambda: "hello?" in desk.said(), "what came behind it")
    gateway.ctl("dead", "retry", str(letter["number"]), check=0)
    desk.wait(lambda: len(files) == 2, "the file once more")
    settle(gateway)
    assert len(files) == 2 and not dead(gateway)


def test_a_file_that_the_helpdesk_goes_on_without_is_told_in_a_note(begin, desk, graph):
    desk.route("POST", r"/tickets/(\d+)/files")(lambda call: (400, {"error": "no pictures"}))
    gateway = begin(rest=ALONE, more_ops=ATTACH + "      outcomes: [ { status: 400, is: none } ]\n", find_message=FIND_MESSAGE)
    graph.say(ANA, "my lamp is broken")
    desk.wait_tickets()
    send_picture(graph, PICTURE)
    settle(gateway)
    note = desk.wait_notes(1)[0].split("\n")
    assert note[0] == "The helpdesk did not take:" and len(note) == 2
    assert "10.2\xa0kB, answered 400: no pictures: https://chat.acme.example/v1/attachments/att_" in note[1]
    assert not dead(gateway) and len(desk.wait_notes(1)) == 1


# ---- limits ----

def test_a_long_text_is_split_and_none_of_it_lost(begin, desk, graph):
    gateway = begin(limits="{ at_once: 4, per_minute: 60000, max_file: 5MB, max_text: 200 }", find_message=FIND_MESSAGE)
    graph.say(ANA, "my invoice is wrong")
    desk.wait_tickets()
    settle(gateway)
    desk.fault("POST", r"/tickets/\d+/messages", "drop_after", times=20, every=2)
    before, text = len(desk.said()), " ".join(f"word{i}" for i in range(400))
    graph.say(ANA, text)
    settle(gateway)
    pieces = desk.said()[before:]
    assert "".join(pieces) == text and all(len(piece) <= 200 for piece in pieces) and len(pieces) > 10
    assert [m.get("first") for m in desk.tickets[1]["messages"][before:]] == [True] + [False] * (len(pieces) - 1)
    assert all(m["external"].endswith(f".{i + 1}") == (i > 0) for i, m in enumerate(desk.tickets[1]["messages"][before:]))


def test_all_wait_as_long_as_the_helpdesk_asks_for(begin, desk, graph):
    gateway = begin()
    desk.fault(None, "/tickets", (429, {"error": "slow down"}, {"Retry-After": "120"}))
    graph.say(ANA, "my invoice is wrong")
    desk.wait_asked("GET", "/tickets")
    harness.wait_until(lambda: any(j.get("error") for j in waiting(gateway)), "what it said")
    graph.say(BO, "mine too")
    gateway.advance(seconds=100)
    harness.wait_until(lambda: len({j["number"] for j in waiting(gateway)}) == 2, "both")
    assert len(desk.calls) == 1
    settle(gateway, seconds=30)
    assert len(desk.tickets) == 2 and gateway.status()["backends"][0]["condition"] == "up"


def test_no_more_calls_are_made_than_the_rate_allows(begin, desk, graph):
    begin(limits="{ at_once: 4, per_minute: 300, max_file: 5MB, max_text: 60000 }")
    for number in numbers(20):
        graph.say(number, "my invoice is wrong")
    desk.wait_tickets(20)
    times = [c.at for c in desk.calls]
    # 30 at once, 270 in the rest of the minute.
    for i, begun in enumerate(times):
        for j in range(i, len(times)):
            assert j - i + 1 <= 31 + (times[j] - begun) * 4.5
    assert desk.most_open <= 4


def test_what_waited_arrives_in_order(begin, desk, graph):
    gateway = begin()
    for number in numbers(3):
        graph.say(number, "my invoice is wrong")
    desk.wait_tickets(3)
    desk.close()
    for i in range(10):
        for number in numbers(3):
            graph.say(number, f"line {i}")
    harness.wait_until(lambda: gateway.status()["backends"][0]["condition"] == "down" or gateway.advance(minutes=3), "an outage")
    desk.start()
    settle(gateway)
    assert all([m["text"] for m in t["messages"]] == [f"line {i}" for i in range(10)] for t in desk.tickets.values())
