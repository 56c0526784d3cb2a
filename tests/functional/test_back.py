"""What agents say in a helpdesk reaches customers: by its hook, by the poll that finds what hooks lost, each answer once."""
import concurrent.futures
import itertools
import json
import os
import random
import threading

import pytest

import answer_desk
import fake_desk
import harness
from conftest import AT_ONCE, NOISE
from records import record

FULL = bool(os.environ.get("HEADGATE_FULL"))
ANSWERS = 5000 if FULL else 200


@pytest.fixture
def desk():
    fake = answer_desk.AnswerDesk()
    yield fake
    fake.close()


@pytest.fixture
def begin(start, desk, tmp_path):
    """begin(**config) -> a Gateway whose only backend is the desk."""
    def run(more="", fail=None, auth=answer_desk.AUTH, env=None, **config):
        backends = answer_desk.BACKEND.format(url=desk.url) + "".join(f"    {line}\n" for line in more.splitlines())
        gateway = start(rules=NOISE + AT_ONCE, env=dict(answer_desk.ENV, **(env or {})), begin=False,
                        change=lambda text: answer_desk.with_backends(text, backends), **config)
        (gateway.folder / "answers.yaml").write_text(answer_desk.preset(auth))
        desk.gateway = gateway
        gateway.start(fail)
        return gateway
    return run


@pytest.fixture
def room(begin, desk, graph):
    """A daemon, and customers who have a ticket each: room.ticket("+44...")."""
    return Room(begin(), desk, graph)


class Room:
    numbers = itertools.count(447700910100)

    def __init__(self, gateway, desk, graph):
        self.gateway, self.desk, self.graph, self.patience = gateway, desk, graph, harness.PATIENCE
        graph.target(gateway.port, "wa-main")

    def ticket(self):
        """A new customer's ticket over there, and his number."""
        before, customer = set(self.desk.tickets), f"+{next(self.numbers)}"
        assert self.graph.say(customer, f"help me, {customer}") == 200
        found = self.desk.wait(lambda: [t for n, t in self.desk.tickets.items() if n not in before], "a ticket")[0]
        harness.wait_until(lambda: self.thread(customer)["ticket"]["links"], "the link")
        return found, customer

    def thread(self, customer):
        found = next(t for t in self.gateway.threads(limit=500) if t["reply_to"] == f"tel:{customer}")
        return self.gateway.get(f"/v1/threads/{found['id']}")["thread"]

    def sent(self, customer):
        """What the customer was sent."""
        return [m.text for m in self.graph.accepted if m.to == customer.lstrip("+")]

    def wait_sent(self, customer, *texts):
        harness.wait_until(lambda: self.sent(customer) == list(texts), f"{customer} to have got {texts}")

    def counted(self):
        return next(b for b in self.gateway.status()["backends"] if b["name"] == "desk")["back"]["counted"]

    def wait_counted(self, **counts):
        harness.wait_until(lambda: all(self.counted().get(k, 0) == v for k, v in counts.items()), f"{counts}, not {self.counted()}")

    def under_way(self, *targets):
        """Jobs of these targets that are not done, nor given up."""
        return [j for state in ("queued", "due", "sending", "unknown", "parked")
                for j in self.gateway.get(f"/v1/outbox?limit=500&state={state}")["jobs"] if not targets or j["target"] in targets]

    def settled(self):
        harness.wait_until(lambda: not self.under_way("change"), "all changes to be applied")

    def quiet(self):
        """Nothing is under way any more: a clock that jumps would have it late."""
        harness.wait_until(lambda: not self.under_way(), "everything to be done", self.patience)

    def poll(self):
        """One whole poll begins after now, and ends."""
        self.quiet()
        before = self.counted().get("polls", 0)
        self.gateway.advance(minutes=1)
        harness.wait_until(lambda: self.counted().get("polls", 0) > before, "a poll")


# ---- what agents do ----

def test_an_agents_answer_reaches_the_customer_and_nobody_else_is_told(room):
    ticket, customer = room.ticket()
    other, stranger = room.ticket()
    assert room.desk.answer(ticket, "It is corrected.").status == 200
    room.wait_sent(customer, "It is corrected.")
    said = room.gateway.messages(room.thread(customer)["id"])[-1]
    assert (said["direction"], said["author"], said["origin"]) == ("outbound", {"kind": "agent", "name": "Ben"}, "desk") or said
    room.settled()
    assert room.sent(stranger) == []
    # What it said itself it is not told again.
    assert [m["body"] for m in room.desk.tickets[ticket["id"]]["messages"] if "corrected" in m["body"]] == []


def test_html_becomes_text_and_quoted_history_stays_behind(room):
    ticket, customer = room.ticket()
    html = "<p>Good <b>morning</b></p><div class='gmail_quote'>On Monday Ana wrote:<blockquote>help me</blockquote></div>"
    room.desk.answer(ticket, None, html=html)
    room.wait_sent(customer, "Good morning")


def test_a_note_over_there_is_a_note_here_and_never_reaches_the_customer(room):
    ticket, customer = room.ticket()
    room.desk.answer(ticket, "He is angry.", internal=True)
    thread = room.thread(customer)["id"]
    note = room.gateway.wait_message(thread, lambda m: m["text"] == "He is angry.")
    assert note["direction"] == "note"
    room.settled()
    assert room.sent(customer) == []


def test_a_status_changes_the_ticket_and_an_older_one_does_not_change_it_back(room):
    ticket, customer = room.ticket()
    waiting = room.desk.happen(ticket, kind="status", status="waiting")
    done = room.desk.happen(ticket, kind="status", status="done")
    assert room.desk.push(done).status == 200
    harness.wait_until(lambda: room.thread(customer)["ticket"]["state"] == "solved", "the ticket to be solved")
    assert room.desk.push(waiting).status == 200
    room.settled()
    assert room.thread(customer)["ticket"]["state"] == "solved"
    # And we do not tell it what it has told us.
    assert room.desk.asked("PUT") == []


def test_who_has_it_what_it_became_and_that_it_is_gone_are_known(room):
    ticket, customer = room.ticket()
    into = room.desk.create(title="other", external="x", status="open")
    room.desk.push(room.desk.happen(ticket, kind="assigned", to="Ben"))
    harness.wait_until(lambda: room.thread(customer)["assignee"] == "Ben", "the assignee")
    room.desk.push(room.desk.happen(ticket, kind="merged", into=into["id"]))
    harness.wait_until(lambda: room.thread(customer)["ticket"]["links"][0]["id"] == str(into["id"]), "the other ticket")
    room.desk.push(room.desk.happen(into, kind="removed", external=None))
    harness.wait_until(lambda: room.thread(customer)["ticket"]["state"] == "closed", "the ticket to be closed")


def test_a_hook_that_only_says_look_there_is_looked_at(room):
    ticket, customer = room.ticket()
    event = room.desk.happen(ticket, kind="look")
    event["there"] = dict(id=7001, ticket=ticket["id"], kind="message", internal=False, text="Found there.", by="Ben", at=event["at"])
    assert room.desk.push(event).status == 200
    room.wait_sent(customer, "Found there.")
    gone = room.desk.happen(ticket, kind="look")
    assert room.desk.push(gone).status == 200
    room.settled()
    assert room.sent(customer) == ["Found there."]


# ---- each once ----

def test_the_same_again_by_hook_and_by_poll_is_sent_once(room):
    ticket, customer = room.ticket()
    event = room.desk.happen(ticket, kind="message", internal=False, text="Once.")
    for _ in range(3):
        assert room.desk.push(event).status == 200
    assert room.desk.push(event, event).status == 200
    room.poll()
    room.settled()
    room.wait_sent(customer, "Once.")
    assert room.counted()["known"] >= 4


def test_a_replayed_call_is_answered_as_success_and_does_nothing(room):
    ticket, customer = room.ticket()
    body = json.dumps({"events": [room.desk.happen(ticket, kind="message", internal=False, text="Once.")]}).encode()
    headers = room.desk.sign(body)
    for _ in range(2):
        assert room.gateway.http("POST", "/backend/desk/hook", body, headers).status == 200
    room.settled()
    room.wait_sent(customer, "Once.")


def test_fifty_at_a_time_arrive_once_each_and_in_order(room):
    ticket, customer = room.ticket()
    texts = [f"answer {i}" for i in range(10)]
    events = [room.desk.happen(ticket, kind="message", internal=False, text=t) for t in texts]
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert {a.status for a in pool.map(lambda i: room.desk.push(*events), range(50))} == {200}
    room.settled()
    room.wait_sent(customer, *texts)


@pytest.mark.parametrize("own", [True, False])
def test_what_we_post_comes_back_and_ends_there(begin, desk, graph, own):
    """A helpdesk that tells of everything, what we said too: a chain of echoes has one link.  Where the preset cannot tell our
    own account, the ids of what we made can."""
    room = Room(begin(more="" if own else "values: { account: somebody else }"), desk, graph)
    ticket, customer = room.ticket()
    desk.echoes = True
    for i in range(5):
        assert graph.say(customer, f"question {i}") == 200
    desk.wait(lambda: len(ticket["messages"]) == 6, "all questions over there")
    for i in range(5):
        assert desk.answer(ticket, f"answer {i}").status == 200
    room.wait_sent(customer, *[f"answer {i}" for i in range(5)])
    desk.wait(lambda: len(desk.pushed) >= 10, "its hooks")
    room.settled()
    room.poll()
    room.settled()
    assert len(ticket["messages"]) == 6, ticket["messages"]
    assert len(room.sent(customer)) == 5
    record("back.echoes", 10)


def lose(room, count, share):
    """Of so many answers the hook of a share is lost; all arrive, at most two polls later, none twice."""
    draw, room.patience = random.Random(20261122), harness.PATIENCE + count // 10
    people = [room.ticket() for _ in range(max(10, count // 25))]	# WhatsApp slows down who says much to one
    want = {customer: [] for _, customer in people}
    lost = 0
    for i in range(count):
        ticket, customer = draw.choice(people)
        event = room.desk.happen(ticket, kind="message", internal=False, text=f"answer {i}")
        want[customer].append(f"answer {i}")
        if draw.random() < share:
            lost += 1
        else:
            assert room.desk.push(event).status == 200
    assert lost > count * share / 2
    room.poll()
    room.poll()
    room.settled()
    for customer, texts in want.items():
        harness.wait_until(lambda: len(room.sent(customer)) >= len(texts), f"all answers for {customer}", room.patience)
        assert sorted(room.sent(customer)) == sorted(texts)
    # A poll of the gateway's own may find one before its hook comes.
    assert lost <= room.counted()["found_by_poll"] <= lost + count // 20
    record("back.lost", lost, answers=count)


def test_answers_whose_hook_was_lost_are_found_by_the_poll(room):
    lose(room, ANSWERS, 0.2)


def test_a_robot_over_there_that_answers_whatever_we_say_has_the_first_word_and_the_last(begin, desk, graph):
    """It answers up to a hundred times all that we post; each of its answers goes to the customer, and we post nothing of that."""
    room = Room(begin(), desk, graph)
    ticket, customer = room.ticket()
    answered = []

    @desk.route("POST", r"/api/tickets/(\d+)/messages")
    def say(call):
        event = desk.happen(ticket, kind="message", internal=call.json["internal"], text=call.json["body"], by="headgate")
        ticket["messages"].append(call.json)
        if len(answered) < 100:
            answered.append(desk.happen(ticket, kind="message", internal=False, text=f"thank you, {len(answered) + 1}", by="Robot"))
            threading.Thread(target=desk.push, args=[event, answered[-1]], daemon=True).start()
        return 201, {"id": event["id"]}

    assert graph.say(customer, "my invoice") == 200
    room.wait_sent(customer, "thank you, 1")
    assert graph.tell(graph.accepted[-1], "sent", "delivered", "read") == [200, 200, 200]
    room.quiet()
    room.poll()
    room.quiet()
    assert (len(answered), room.sent(customer)) == (1, ["thank you, 1"])
    record("back.echoes", 1)


def test_what_happened_while_we_were_down_is_found(room):
    ticket, customer = room.ticket()
    room.poll()
    assert room.gateway.stop() == 0
    room.desk.happen(ticket, kind="message", internal=False, text="while you were away")
    room.gateway.advance(hours=9)
    room.gateway.start()
    room.graph.target(room.gateway.port, "wa-main")
    room.wait_sent(customer, "while you were away")


def test_what_happened_by_a_clock_that_is_behind_is_found(room):
    """Further than the polls overlap."""
    ticket, customer = room.ticket()
    room.desk.offset = -3600
    room.poll()
    room.desk.happen(ticket, kind="message", internal=False, text="An hour ago, by my clock.")
    room.poll()
    room.wait_sent(customer, "An hour ago, by my clock.")
    assert "the helpdesk's clock is 36" in room.gateway.log()


def test_a_poll_that_fails_is_told_and_goes_on_where_it_was(room):
    ticket, customer = room.ticket()
    room.poll()
    room.desk.fault("GET", "/api/changes", 500, times=2)
    room.desk.happen(ticket, kind="message", internal=False, text="in between")
    for n in (1, 2):
        room.gateway.advance(minutes=1)
        room.wait_counted(polls_failed=n)
    assert "500" in next(b for b in room.gateway.status()["backends"])["back"]["poll_error"]
    room.poll()
    room.wait_sent(customer, "in between")
    assert "poll_error" not in next(b for b in room.gateway.status()["backends"])["back"]


def test_a_reload_takes_a_helpdesk_away_and_gives_it_back(room):
    ticket, customer = room.ticket()
    room.poll()
    text = room.gateway.config_path.read_text()
    room.gateway.write_config(answer_desk.with_backends(text, "  other: { url: http://127.0.0.1:9, secrets: [env:TEST_WEBHOOK_SECRET] }\n"))
    room.gateway.reload()
    event = room.desk.happen(ticket, kind="message", internal=False, text="told to nobody")
    assert room.desk.push(event).status == 404
    polls = len(room.desk.asked("GET", "/api/changes"))
    room.gateway.advance(minutes=5)
    room.gateway.write_config(text)
    room.gateway.reload()
    room.wait_sent(customer, "told to nobody")
    assert len(room.desk.asked("GET", "/api/changes")) > polls


def test_a_stop_in_the_middle_of_poll_and_file_waits_for_neither_and_loses_nothing(room):
    ticket, customer = room.ticket()

    @room.desk.route("GET", r"/files/one")
    def give(call):
        return 200, b"plain words", {"Content-Type": "text/plain"}

    room.poll()
    room.desk.fault("GET", "/files/one", "hang")
    room.desk.fault("GET", "/api/changes", "hang")
    assert room.desk.answer(ticket, "see this", files=[dict(url=f"{room.desk.url}/files/one", name="one.txt", type="text/plain")]).status == 200
    room.desk.wait_asked("GET", "/files/one")
    lost = room.desk.happen(ticket, kind="message", internal=False, text="and this")
    room.gateway.advance(minutes=1)
    asked = len(room.desk.asked("GET", "/api/changes"))
    room.desk.wait(lambda: len(room.desk.asked("GET", "/api/changes")) > asked or room.desk.open > 1, "a poll")
    assert room.gateway.stop() == 0
    room.desk.release()
    room.gateway.advance(seconds=7)	# the file's next attempt is due
    room.gateway.start()
    room.graph.target(room.gateway.port, "wa-main")
    harness.wait_until(lambda: len(room.graph.accepted) >= 2, "file and answer")
    room.quiet()
    assert {m.type for m in room.graph.accepted} == {"document", "text"} and lost["text"] in room.sent(customer)


# ---- who may call ----

def test_a_call_that_is_not_proven_gets_nothing_and_changes_nothing(room):
    ticket, customer = room.ticket()
    event = room.desk.happen(ticket, kind="message", internal=False, text="pay here")
    assert room.desk.push(event, secret="guess").status == 401
    assert room.desk.push(event, secret="").status == 401
    assert room.desk.push(event, at=int(room.gateway.now()) - 3600).status == 401
    assert room.desk.push(event, at=int(room.gateway.now()) + 3600).status == 401
    body = json.dumps({"events": [event]}).encode()
    changed = body.replace(b"pay here", b"pay HERE")
    assert room.gateway.http("POST", "/backend/desk/hook", changed, room.desk.sign(body)).status == 401
    assert room.gateway.http("POST", "/backend/desk/hook", body, {"Content-Type": "application/json"}).status == 401
    room.wait_counted(forged=6)
    assert room.sent(customer) == []
    assert room.gateway.log().count("back.forged") == 1	# once a minute


def test_there_is_no_other_hook_and_none_without_its_secret(begin, desk, graph):
    gateway = begin(more="", env={})
    assert gateway.http("POST", "/backend/other/hook", b"{}").status == 404
    assert gateway.http("POST", "/backend/desk", b"{}").status == 404
    assert gateway.http("POST", "/backend/desk/hook/x", b"{}").status == 404
    assert gateway.http("GET", "/backend/desk/hook").status == 405
    assert gateway.http("HEAD", "/backend/desk/hook").status == 200
    assert gateway.http("DELETE", "/backend/desk/hook").status == 405


def test_a_hook_whose_secret_is_not_set_is_closed(start, desk):
    backends = answer_desk.BACKEND.format(url=desk.url).replace("    webhook_secret: env:TEST_DESK_WEBHOOK\n", "")
    gateway = start(env=answer_desk.ENV, begin=False, change=lambda text: answer_desk.with_backends(text, backends))
    (gateway.folder / "answers.yaml").write_text(answer_desk.preset())
    desk.gateway = gateway
    gateway.start()
    assert desk.push(body=b'{"events":[]}').status == 404
    assert desk.push(body=b'{"events":[]}', secret="").status == 404
    assert "webhook_secret" in gateway.log()


# ---- what is odd ----

def test_what_cannot_be_read_hurts_nobody_else_and_its_bytes_are_kept(room):
    ticket, customer = room.ticket()
    good = room.desk.happen(ticket, kind="message", internal=False, text="good")
    odd = [dict(good, id=None), dict(good, id=9001, ticket=None, external=None), dict(good, id=9002, text=" "),
           dict(good, id=9003, kind="status", status="parked"), {"kind": "of another world"}, {"kind": "typing"}]
    assert room.desk.push(*odd, good).status == 200
    room.wait_sent(customer, "good")
    room.wait_counted(odd=4, unmatched=1, ignored=1)
    assert room.desk.push(body=b'{"events":').status == 400
    assert room.desk.push(body=b'{"events":[{"kind":"of another world","x":1}]}').status == 200
    room.wait_counted(unreadable=1, unmatched=2)
    room.settled()
    assert room.sent(customer) == ["good"]


def test_a_ticket_that_is_none_of_ours_is_none_of_our_business(room):
    room.ticket()
    foreign = room.desk.create(title="of somebody else", external="none", status="open")
    assert room.desk.answer(foreign, "for somebody else", external=None).status == 200
    room.settled()
    assert room.graph.accepted == []


HOSTILE = [b"", b"[]", b"null", b'{"events":null}', b'{"events":[[[[]]]]}', b'{"events":' + b"[" * 5000,
           b'{"events":[' + b'{"kind":"typing"},' * 30000 + b"{}]}", b"\xff\xfe" * 100, b'{"events":{"a":{"kind":"message"}}}']


@pytest.mark.parametrize("n", range(len(HOSTILE)))
def test_hostile_bodies_are_answered(world_of_one, n):
    assert world_of_one.desk.push(body=HOSTILE[n]).status in (200, 400)
    assert world_of_one.gateway.http("GET", "/livez").status == 200


def test_more_than_a_megabyte_is_not_read(world_of_one):
    assert world_of_one.desk.push(body=b"x" * ((1 << 20) + 1)).status == 413


@pytest.fixture
def world_of_one(room):
    return room


# ---- stored before it is answered ----

def test_a_gateway_that_is_killed_again_and_again_keeps_what_it_has_acknowledged(room):
    """Agents answer in four places at a time; in the middle of it the gateway dies.  What was answered 200 is there, what was not is
    told again, and each answer is in the conversation once."""
    draw, kills = random.Random(20261122), 20 if FULL else 4
    ticket, customer = room.ticket()
    room.quiet()
    thread, want = room.thread(customer)["id"], []
    for kill in range(kills):
        events = [room.desk.happen(ticket, kind="message", internal=False, text=f"answer {kill}.{i}") for i in range(24)]
        want += [e["text"] for e in events]
        waiting, told, deadly = list(events), 0, draw.randrange(1, 20)

        def tell(event):
            try:
                return room.desk.push(event).status == 200
            except OSError:
                return False

        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for event, good in zip(events, pool.map(tell, events)):
                if good:
                    waiting.remove(event)
                    told += 1
                if told == deadly:
                    room.gateway.kill()
        room.gateway.start()
        room.graph.target(room.gateway.port, "wa-main")
        for event in waiting:
            assert tell(event)
    room.settled()
    said = [m["text"] for m in room.gateway.messages(thread) if m["direction"] == "outbound"]
    assert sorted(said) == sorted(want)
    record("back.kills", len(want), kills=kills)
    # What left in the moment of death is in doubt, and that is told: nothing else is under way.
    assert room.gateway.fsck() == []


# ---- files ----

def test_the_files_of_an_answer_are_fetched_with_credentials_and_sent(room):
    ticket, customer = room.ticket()

    @room.desk.route("GET", r"/files/(\w+)")
    def give(call):
        if not room.desk.authorised(call):
            return 401, {}
        return 200, b"\x89PNG\r\n\x1a\n" + call.match[1].encode(), {"Content-Type": "image/png"}

    files = [dict(url=f"{room.desk.url}/files/{n}", name=f"{n}.png", type="image/png") for n in ("one", "two")]
    assert room.desk.answer(ticket, "see these", files=files).status == 200
    harness.wait_until(lambda: len([m for m in room.graph.accepted if m.type == "image"]) == 2, "two pictures")
    stored = room.gateway.messages(room.thread(customer)["id"])[-1]["attachments"]
    assert [f["name"] for f in stored] == ["one.png", "two.png"] and all(f["state"] == "stored" for f in stored)
    assert room.counted()["files"] == 2


def test_what_lies_elsewhere_gets_no_credentials(room):
    """A file on another host, and a redirect to one: neither hears the token; private addresses are not even reached."""
    ticket, customer = room.ticket()
    elsewhere = fake_desk.FakeDesk()
    try:
        @elsewhere.route("GET", r"/.*")
        def anything(call):
            return 200, b"secret plans", {"Content-Type": "text/plain"}

        @room.desk.route("GET", r"/files/moved")
        def moved(call):
            return 302, None, {"Location": f"http://localhost:{elsewhere.port}/moved"}

        files = [dict(url=f"http://localhost:{elsewhere.port}/direct", name="direct.txt", type="text/plain"),
                 dict(url=f"{room.desk.url}/files/moved", name="moved.txt", type="text/plain")]
        assert room.desk.answer(ticket, "two files", files=files).status == 200
        harness.wait_until(lambda: "two files" in " ".join(room.sent(customer)), "the answer without its files")
        room.settled()
        assert all("authorization" not in c.headers for c in elsewhere.calls)
        assert room.counted()["files_missing"] == 2
        # The agent learns of it where he works.
        room.desk.wait(lambda: [m for m in ticket["messages"] if "direct.txt" in m["body"] and m["internal"]], "the note")
    finally:
        elsewhere.close()


def test_a_file_that_is_too_big_is_left_out_and_told(room):
    ticket, customer = room.ticket()

    @room.desk.route("GET", r"/files/big")
    def give(call):
        return 200, b"x" * (2 << 20), {"Content-Type": "text/plain"}

    files = [dict(url=f"{room.desk.url}/files/big", name="said.txt", type="text/plain", size=2 << 20),
             dict(url=f"{room.desk.url}/files/big", name="unsaid.txt", type="text/plain")]
    assert room.desk.answer(ticket, "too big", files=files).status == 200
    harness.wait_until(lambda: "too big" in " ".join(room.sent(customer)), "the answer")
    room.settled()
    assert room.counted()["files_missing"] == 2
    assert len(room.desk.asked("GET", "/files/big")) == 1	# what says that it is too big is not asked for


# ---- secrets ----

def test_no_secret_is_in_log_or_status(room):
    ticket, customer = room.ticket()
    room.desk.answer(ticket, "hello")
    room.wait_sent(customer, "hello")
    room.desk.push(room.desk.happen(ticket, kind="message", internal=False, text="x"), secret="wrong")
    room.desk.fault("GET", "/api/changes", 403)
    room.gateway.advance(minutes=1)
    room.wait_counted(polls_failed=1)
    for text in (room.gateway.log(), json.dumps(room.gateway.status()), room.gateway.http("GET", "/metrics").body.decode(),
                 room.gateway.ctl("status").stdout):
        assert answer_desk.TOKEN not in text and answer_desk.WEBHOOK not in text
