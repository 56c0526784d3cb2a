"""What a visitor says and is told: stored before it is acknowledged, once, in his own conversations and nobody else's."""
import json
import re
import uuid

import pytest

import fake_smtp
import visitor_client
from conftest import AT_ONCE, NOISE, World
from harness import parallel, wait_until
from visitor_client import Visitor, hmac_of, jwt, problem

CONFIG = dict(rules=NOISE + AT_ONCE, env=visitor_client.ENV, change=visitor_client.change(
    "rate: { messages: 1000, address: 10000, requests: 10000 }", """\
  asking:
    adapter: widget
    prechat: { ask: [name, email], require: true }
  trial:
    adapter: widget
    shadow: true
"""))


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"), **CONFIG)
    yield made
    made.close()


@pytest.fixture
def gateway(world):
    return world.gateway


def agents_message(gateway, thread, direction="inbound"):
    """The newest of that direction as agents see it."""
    return [m for m in gateway.messages(thread) if m["direction"] == direction][-1]


# ---- saying ----

def test_what_he_says_is_on_disk_when_he_hears_of_it(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change())
    visitor = Visitor(gateway)
    said = visitor.said("my order is late")
    gateway.kill()
    gateway.start()
    messages = visitor.messages(said["thread"]["id"])
    assert [(m["id"], m["text"], m["author"]["me"]) for m in messages] == [
        (said["message"]["id"], "my order is late", True)]
    kept = agents_message(gateway, said["thread"]["id"])
    assert (kept["text"], kept["channel"], kept["direction"]) == ("my order is late", "web", "inbound")


def test_nothing_is_acknowledged_when_it_cannot_be_stored(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(), fail="inbound.parsed=error@1")
    visitor = Visitor(gateway)
    answer = visitor.say("is there anybody?", id="the-first-one")
    assert (answer.status, problem(answer)) == (503, "busy") and answer.headers["Retry-After"]
    assert visitor.threads() == []
    assert visitor.say("is there anybody?", id="the-first-one").status == 201


def test_the_same_id_again_is_the_same_message(gateway):
    visitor = Visitor(gateway)
    first = visitor.say("only once", id="client-id-1")
    again = visitor.say("only once", id="client-id-1")
    assert (first.status, again.status) == (201, 200)
    assert again.json["message"]["id"] == first.json["message"]["id"]
    assert again.json["message"]["client_id"] == "client-id-1"
    thread = first.json["thread"]["id"]
    assert len(visitor.messages(thread)) == 1
    # Another one of his is another message, and so is another visitor's of that id.
    assert visitor.say("only once", id="client-id-2").status == 201
    assert Visitor(gateway).say("only once", id="client-id-1").status == 201


def test_fifty_at_once_of_one_id_are_one_and_of_fifty_are_fifty(gateway):
    visitor = Visitor(gateway)
    answers = parallel([lambda: visitor.say("at once", id="all-the-same")] * 20)
    assert {a.status for a in answers} <= {200, 201}
    assert len({a.json["message"]["id"] for a in answers}) == 1
    answers = parallel([lambda i=i: visitor.say(f"number {i}", id=f"message-{i:03}") for i in range(20)])
    assert {a.status for a in answers} == {201}
    assert len({a.json["thread"]["id"] for a in answers}) == 1
    assert len(visitor.messages(answers[0].json["thread"]["id"])) == 21


def test_they_keep_the_order_they_were_answered_in(gateway):
    visitor = Visitor(gateway)
    thread = visitor.said("0")["thread"]["id"]
    for i in range(1, 10):
        visitor.said(str(i), thread)
    assert [m["text"] for m in visitor.messages(thread)] == [str(i) for i in range(10)]


@pytest.mark.parametrize("body, word", [
    (dict(text="no id"), "invalid-request"),
    (dict(id="short", text="x"), "invalid-request"),
    (dict(id="x" * 65, text="x"), "too-large"),
    (dict(id="has a blank", text="x"), "invalid-request"),
    (dict(id="../../etc", text="x"), "invalid-request"),
    (dict(id="long-enough"), "invalid-request"),
    (dict(id="long-enough", text="  \n\t\u00a0\u3000 "), "invalid-request"),
    (dict(id="long-enough", text="x" * 10001), "too-large"),
    (dict(id="long-enough", text=7), "invalid-request"),
    (dict(id="long-enough", text="x", files="x"), "invalid-request"),
    (dict(id="long-enough", text="x", files=[7]), "invalid-request"),
    (dict(id="long-enough", text="x", files=["AAAAAAAAAAAAAAAAAAAAAA"]), "not-found"),
    (dict(id="long-enough", text="x", profile=dict(email="no address")), "invalid-request"),
    (dict(id="long-enough", text="x", profile=dict(phone="0800 CALL")), "invalid-request"),
    (dict(id="long-enough", text="x", profile=dict(name="a\nb")), "invalid-request"),
    (dict(id="long-enough", text="x", profile=dict(admin="yes")), "invalid-request"),
    (dict(id="long-enough", text="x", context={str(i): "x" for i in range(21)}), "too-large"),
    (dict(id="long-enough", text="x", context=dict(a="x" * 1025)), "invalid-request"),
    (dict(id="long-enough", text="x", context=dict(a=7)), "invalid-request"),
    (dict(id="long-enough", text="x", from_="widget:somebody"), "invalid-request"),
])
def test_what_is_no_message_is_refused_with_its_reason(gateway, body, word):
    visitor = Visitor(gateway)
    answer = visitor.call("POST", "/threads", body)
    assert problem(answer) == word, answer
    assert visitor.threads() == []


def test_ten_thousand_characters_fit_whatever_they_are(gateway):
    visitor = Visitor(gateway)
    text = "\U0001f44d" * 10000
    assert visitor.said(text)["message"]["text"] == text


def test_a_body_that_is_too_long_is_not_read(gateway):
    visitor = Visitor(gateway)
    answer = visitor.say("x" * 300000)
    assert answer.status == 413


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"id":"12345678","text":"a","text":"b"}', b"\xff\xfe",
                                  b'{"id":"12345678","text":"\\ud800"}', b'{"id":"12345678","text":"\\u0000"}'])
def test_what_is_no_json_is_refused(gateway, body):
    visitor = Visitor(gateway)
    answer = gateway.http("POST", "/client/v1/threads", body, {"Authorization": "Bearer " + visitor.token})
    assert answer.status == 400 and problem(answer) == "invalid-request"


def test_the_agent_sees_where_he_is_and_what_he_says_of_himself(gateway):
    visitor = Visitor(gateway)
    said = visitor.said("where is my parcel?", profile=dict(name="Ben Ode", email="ben@home.example"),
                        page=dict(url="https://www.acme.example/cart", title="Cart"), context=dict(plan="gold"))
    thread = said["thread"]["id"]
    kept = agents_message(gateway, thread)
    assert kept["payload"]["page"] == dict(url="https://www.acme.example/cart", title="Cart")
    assert kept["payload"]["context"] == dict(plan="gold")
    contact = gateway.get(f"/v1/threads/{thread}")["thread"]["contact"]
    assert contact["name"] == "Ben Ode"
    # Nobody vouches for the address: it is none of his by which he would be found.
    assert "proven" not in {a["proof"] for a in contact["addresses"] if a["uri"].startswith("mailto:")}
    assert visitor.session(token=visitor.token).json["visitor"]["known"] == ["name", "email"]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "data:text/html,x", "https://a b", "//evil.example", "vbscript:x"])
def test_a_page_that_is_none_is_left_out(gateway, url):
    said = Visitor(gateway).said("click me", page=dict(url=url, title="x"))
    assert "url" not in agents_message(gateway, said["thread"]["id"])["payload"]["page"]


def test_the_form_has_to_be_filled_in_where_it_is_required(gateway):
    visitor = Visitor(gateway, channel="asking", origin=None)
    answer = visitor.say("hello there")
    assert (answer.status, problem(answer)) == (400, "profile-required")
    assert "name, email" in answer.json["detail"]
    assert visitor.say("hello there", profile=dict(name="Cy")).json["detail"].count("email")
    said = visitor.said("hello there", profile=dict(name="Cy", email="cy@home.example"))
    assert visitor.session(token=visitor.token).json["channel"]["prechat"] is None
    assert visitor.say("and again").status == 201 and said


def test_what_he_said_of_himself_can_be_said_later(gateway):
    visitor = Visitor(gateway)
    assert visitor.call("PATCH", "/profile", dict(profile=dict(name="Early"))).status == 404
    visitor.said("I forgot to say who I am")
    assert visitor.call("PATCH", "/profile", dict(profile=dict(name="Dora", email="dora@home.example"))).status == 204
    assert visitor.session(token=visitor.token).json["visitor"]["name"] == "Dora"
    assert problem(visitor.call("PATCH", "/profile", dict(profile=dict(email="@")))) == "invalid-request"
    assert problem(visitor.call("PATCH", "/profile", {})) == "invalid-request"


def test_a_click_is_said_with_the_buttons_id(gateway):
    said = Visitor(gateway).said("Yes, please", choice="yes-1")
    kept = agents_message(gateway, said["thread"]["id"])
    assert kept["kind"] == "button" and kept["payload"]["button"] == dict(id="yes-1", text="Yes, please")


def test_on_trial_he_sees_what_he_says_himself(gateway):
    visitor = Visitor(gateway, channel="trial", origin=None)
    said = visitor.said("is this thing on?")
    assert [t["id"] for t in visitor.threads()] == [said["thread"]["id"]]
    assert gateway.get(f"/v1/threads/{said['thread']['id']}")["thread"]["shadow"] is True


# ---- conversations ----

def answered(gateway, visitor, text="my order is late", reply="On its way!"):
    thread = visitor.said(text)["thread"]["id"]
    assert gateway.reply(thread, reply, agent="Ana").status == 202
    return thread, wait_until(lambda: [m for m in visitor.messages(thread) if m["author"]["kind"] == "agent"],
                              "the answer")[0]


def test_the_answer_comes_back_into_his_conversation(gateway):
    visitor = Visitor(gateway)
    thread, answer = answered(gateway, visitor)
    assert (answer["text"], answer["author"]) == ("On its way!", dict(kind="agent", name="Ana", me=False))
    assert answer["channel"] == "widget"
    (mine,) = visitor.threads()
    assert mine["id"] == thread and mine["unread"] == 1 and mine["last"]["id"] == answer["id"]
    assert visitor.session(token=visitor.token).json["unread"] == 1


def test_notes_and_lines_for_agents_are_not_his(gateway):
    visitor = Visitor(gateway)
    thread, _ = answered(gateway, visitor)
    assert gateway.api("POST", f"/v1/threads/{thread}/notes", dict(text="he is difficult", agent="Ana")).status == 201
    assert gateway.api("POST", f"/v1/threads/{thread}/convert", dict(agent="Ana", reason="a secret reason")).status == 200
    everything = repr([visitor.messages(thread), visitor.threads(), visitor.get(f"/threads/{thread}")])
    assert "difficult" not in everything and "secret reason" not in everything
    assert {m["author"]["kind"] for m in visitor.messages(thread)} <= {"visitor", "agent"}


def test_history_comes_in_pages(gateway):
    visitor = Visitor(gateway)
    thread = visitor.said("0")["thread"]["id"]
    for i in range(1, 7):
        visitor.said(str(i), thread)
        gateway.api("POST", f"/v1/threads/{thread}/notes", dict(text="note", agent="Ana"))
    page = visitor.get(f"/threads/{thread}/messages?limit=3")
    assert [m["text"] for m in page["messages"]] == ["4", "5", "6"] and page["more"] is True
    page = visitor.get(f"/threads/{thread}/messages?limit=3&before={page['messages'][0]['id']}")
    assert [m["text"] for m in page["messages"]] == ["1", "2", "3"] and page["more"] is True
    page = visitor.get(f"/threads/{thread}/messages?limit=3&before={page['messages'][0]['id']}")
    assert [m["text"] for m in page["messages"]] == ["0"] and page["more"] is False
    for query in ("limit=0", "limit=101", "limit=x", "nonsense=1"):
        assert visitor.call("GET", f"/threads/{thread}/messages?{query}").status == 400
    assert visitor.call("GET", f"/threads/{thread}/messages?before=msg_none").status == 404


def test_a_message_goes_into_the_conversation_it_names(gateway):
    visitor = Visitor(gateway)
    first = visitor.said("the first matter")["thread"]["id"]
    assert gateway.api("POST", f"/v1/threads/{first}/close", dict(resolution="resolved", agent="Ana")).status == 200
    gateway.advance(days=20)	# beyond the windows of joining and reopening
    assert visitor.session(token=visitor.token).status == 200
    second = visitor.said("another matter")["thread"]["id"]
    assert second != first
    assert visitor.said("about the first one again", first)["thread"]["id"] == first
    assert {t["id"] for t in visitor.threads()} == {first, second}


# ---- nobody else's ----

def test_another_visitors_conversation_is_not_there(gateway):
    visitor, stranger = Visitor(gateway), Visitor(gateway)
    thread, answer = answered(gateway, visitor)
    nothing = "thr_" + "0" * 26
    for id in (thread, nothing, "x", thread.upper()):
        for method, path, body in (("GET", "", None), ("GET", "/messages", None),
                                   ("POST", "/messages", dict(id="12345678", text="let me in")),
                                   ("POST", "/read", dict(message=answer["id"])),
                                   ("POST", "/delivered", dict(message=answer["id"])),
                                   ("POST", "/typing", dict(on=True)), ("POST", "/rating", dict(score=1)),
                                   ("POST", "/transcript", None)):
            got = stranger.call(method, f"/threads/{id}{path}", body)
            if path == "/transcript":
                assert got.status in (403, 404), got
                continue
            assert (got.status, problem(got)) == (404, "not-found"), (method, path, got)
            assert answer["text"] not in got.body.decode()
    assert len(visitor.messages(thread)) == 2
    assert visitor.threads()[0]["unread"] == 1


def test_a_message_of_another_conversation_is_no_place_in_ones_own(gateway):
    visitor, other = Visitor(gateway), Visitor(gateway)
    thread, _ = answered(gateway, visitor)
    theirs = other.said("theirs")["message"]["id"]
    assert visitor.call("GET", f"/threads/{thread}/messages?before={theirs}").status == 404
    assert visitor.call("POST", f"/threads/{thread}/read", dict(message=theirs)).status == 404


def test_a_claimed_address_opens_no_conversation(start):
    """Who says that he is the victim sees and reaches nothing of the victim's."""
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change())
    email = "victim-1@acme.example"
    victim = Visitor(gateway, identity=dict(jwt=jwt(dict(sub="victim-1", email=email))))
    thread = victim.said("my secret matter")["thread"]["id"]
    for liar in (Visitor(gateway), Visitor(gateway, identity=dict(user_id="liar-1", email=email, hmac=hmac_of("liar-1")))):
        said = liar.said("hello, it is me", profile=dict(name="Victim", email=email))
        assert said["thread"]["id"] != thread
        assert [t["id"] for t in liar.threads()] == [said["thread"]["id"]]
        assert liar.call("GET", f"/threads/{thread}").status == 404
    assert [t["id"] for t in victim.threads()] == [thread]


# ---- marks ----

def test_he_has_it_and_has_read_it(gateway):
    visitor = Visitor(gateway)
    thread, answer = answered(gateway, visitor)
    state = lambda: agents_message(gateway, thread, "outbound")["delivery"]
    assert visitor.call("POST", f"/threads/{thread}/delivered", dict(message=answer["id"])).status == 204
    wait_until(lambda: state() == "delivered", "the receipt")
    assert visitor.threads()[0]["unread"] == 1
    assert visitor.call("POST", f"/threads/{thread}/read", dict(message=answer["id"])).status == 204
    wait_until(lambda: state() == "read", "the receipt")
    (mine,) = visitor.threads()
    assert mine["unread"] == 0 and mine["read_up_to"] == answer["id"]
    assert visitor.call("POST", f"/threads/{thread}/delivered", dict(message=answer["id"])).status == 204
    assert state() == "read"
    for body in ({}, dict(message="x"), dict(message=7)):
        assert problem(visitor.call("POST", f"/threads/{thread}/read", body)) == "invalid-request"


def test_read_goes_for_all_before_it(gateway):
    visitor = Visitor(gateway)
    thread, _ = answered(gateway, visitor, reply="one")
    gateway.reply(thread, "two", agent="Ana")
    gateway.reply(thread, "three", agent="Ana")
    messages = wait_until(lambda: (lambda m: m if len(m) == 4 else None)(visitor.messages(thread)), "three answers")
    assert visitor.threads()[0]["unread"] == 3
    assert visitor.call("POST", f"/threads/{thread}/read", dict(message=messages[2]["id"])).status == 204
    assert visitor.threads()[0]["unread"] == 1


def live(gateway, thread):
    """Lines of an agent's live stream, as they come."""
    import http.client
    from harness import API_TOKEN, PATIENCE
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request("GET", f"/v1/events/stream?thread={thread}", headers={"Authorization": f"Bearer {API_TOKEN}"})
    reply = connection.getresponse()
    assert reply.readline() == b"\n"
    return connection, reply


def next_typing(stream):
    """What became of the answer may be told in between."""
    while (line := json.loads(stream.readline()))["type"] != "visitor.typing":
        pass
    return line["data"]


def test_agents_who_look_see_that_he_types_and_nobody_keeps_it(gateway):
    visitor = Visitor(gateway)
    thread, _ = answered(gateway, visitor)
    connection, stream = live(gateway, thread)
    try:
        assert visitor.call("POST", f"/threads/{thread}/typing", dict(on=True)).status == 204
        assert next_typing(stream) == dict(thread_id=thread, on=True)
        assert visitor.call("POST", f"/threads/{thread}/typing", dict(on=False)).status == 204
        assert next_typing(stream)["on"] is False
    finally:
        connection.close()
    assert not [e for e in gateway.events(thread) if "typing" in e["type"]]
    assert problem(visitor.call("POST", f"/threads/{thread}/typing", dict(on="yes"))) == "invalid-request"


def test_nobody_rates_what_he_was_not_asked_about(gateway):
    visitor = Visitor(gateway)
    thread, _ = answered(gateway, visitor)
    answer = visitor.call("POST", f"/threads/{thread}/rating", dict(score=5))
    assert (answer.status, problem(answer)) == (409, "wrong-state")
    assert problem(visitor.call("POST", f"/threads/{thread}/rating", dict(comment="x"))) == "invalid-request"


def test_there_is_no_transcript_where_there_is_no_mail(gateway):
    visitor = Visitor(gateway)
    thread = visitor.said("send me this", profile=dict(email="mine@home.example"))["thread"]["id"]
    answer = visitor.call("POST", f"/threads/{thread}/transcript")
    assert (answer.status, problem(answer)) == (409, "not-configured")


# ---- rates ----

def test_a_visitor_who_says_too_much_has_to_wait(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change("rate: { messages: 3 }"))
    visitor, other = Visitor(gateway), Visitor(gateway)
    answers = [visitor.say(f"message {i}") for i in range(5)]
    assert [a.status for a in answers] == [201, 201, 201, 429, 429]
    assert problem(answers[-1]) == "too-many" and int(answers[-1].headers["Retry-After"]) == 20
    assert other.say("me first").status == 201
    gateway.advance(seconds=20)
    assert visitor.say("now?").status == 201


def test_an_address_that_says_too_much_has_to_wait(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change("rate: { address: 4 }"))
    office = [Visitor(gateway, address="203.0.113.9") for _ in range(6)]
    assert [v.say("all at once").status for v in office] == [201] * 4 + [429] * 2
    assert Visitor(gateway, address="203.0.113.10").say("not me").status == 201


def test_a_visitor_who_asks_too_much_has_to_wait(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change("rate: { requests: 10 }"))
    visitor = Visitor(gateway)
    statuses = [visitor.call("GET", "/threads").status for _ in range(12)]
    assert statuses == [200] * 10 + [429] * 2


def test_an_address_that_opens_too_many_sessions_has_to_wait(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        "rate: { sessions: 5 }\nproof: { ask: never }"))
    statuses = [Visitor(gateway, address="203.0.113.9", begin=False).session().status for _ in range(7)]
    assert statuses == [200] * 5 + [429] * 2
    # With identities that do not hold it is the same: they are guesses.
    forged = [Visitor(gateway, address="203.0.113.20", begin=False).session(identity=dict(jwt="a.b.c")).status
              for _ in range(7)]
    assert forged == [401] * 5 + [429] * 2
    # Who was here before goes on.
    old = Visitor(gateway, address="203.0.113.30")
    for _ in range(7):
        assert old.session(token=old.token).status == 200


def test_a_flood_of_messages_leaves_nothing_but_what_was_acknowledged(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change("rate: { messages: 5, address: 20 }"))
    crowd = [Visitor(gateway, address="203.0.113.9") for _ in range(8)]
    answers = parallel([lambda v=v: [v.say(f"flood {uuid.uuid4()}") for _ in range(10)] for v in crowd])
    stored = sum(a.status == 201 for many in answers for a in many)
    assert {a.status for many in answers for a in many} == {201, 429} and stored <= 21
    assert sum(len(v.messages(t["id"])) for v in crowd for t in v.threads()) == stored
    assert re.search(r'headgate_visitor_refused_total\{reason="too-many"\} \d+',
                     gateway.api("GET", "/metrics").body.decode())


# ---- what he is asked, what he asks for ----

def test_a_rating_that_was_asked_for_counts_once(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(),
                    top="settle: 1h\nrating:\n  ask: true\n  delay: 0s\n")
    visitor = Visitor(gateway)
    assert visitor.hello["channel"]["rating"] == dict(scale="5")
    thread, _ = answered(gateway, visitor)
    assert visitor.threads()[0]["rating"] is None
    assert gateway.api("POST", f"/v1/threads/{thread}/close", dict(resolution="resolved", agent="Ana")).status == 200
    wait_until(lambda: visitor.threads()[0]["rating"], "the question")
    rate = lambda **body: visitor.call("POST", f"/threads/{thread}/rating", body)
    assert [problem(rate(score=score)) for score in (0, 6, -1)] == ["invalid-request"] * 3
    assert rate(score=4, comment="quick").status == 204
    assert visitor.threads()[0]["rating"] is None
    assert problem(rate(score=1)) == "wrong-state"
    (event,) = [e for e in gateway.events(thread) if e["type"] == "csat.received"]
    assert (event["data"]["csat"]["score"], event["data"]["csat"]["comment"]) == (4, "quick")


@pytest.fixture
def post():
    made = fake_smtp.FakeSmtp(offers=[b"SIZE 10000000"])
    yield made
    made.close()


def test_a_transcript_goes_to_an_address_the_site_vouched_for_only(start, post):
    mail = f"""\
  support:
    adapter: email
    address: support@acme.example
    imap: {{ host: 127.0.0.1, port: 9, tls: none }}
    smtp: {{ host: 127.0.0.1, port: {post.port}, tls: none, login: false }}
    user: support
    password: env:TEST_SITE_SECRET
    token_secret: env:TEST_SITE_SECRET
"""
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        "unseen: { mail: support }", mail))
    claims = dict(sub="paper-1", email="paper@home.example", name="Paper")
    known = Visitor(gateway, identity=dict(jwt=jwt(claims)))
    assert known.hello["channel"]["transcript"] is True
    thread, _ = answered(gateway, known, text="please write this down", reply="Written.")
    assert known.call("POST", f"/threads/{thread}/transcript").status == 202
    wait_until(lambda: post.arrived, "the mail")
    assert b"please write this down" in post.arrived[0] and b"Written." in post.arrived[0]
    again = known.call("POST", f"/threads/{thread}/transcript")
    assert (again.status, problem(again)) == (422, "too-large") or again.status == 429
    # Who only says that it is his address gets nothing.
    for liar in (Visitor(gateway), Visitor(gateway, identity=dict(user_id="l", hmac=hmac_of("l"), email="paper@home.example"))):
        assert liar.hello["channel"]["transcript"] is False
        his = liar.said("send me this", profile=dict(email="paper@home.example"))["thread"]["id"]
        answer = liar.call("POST", f"/threads/{his}/transcript", {})
        assert (answer.status, problem(answer)) == (403, "unconfirmed")
    assert len(post.arrived) == 1
