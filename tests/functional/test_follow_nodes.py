"""Two nodes on one PostgreSQL, and who looks at the one while it happens at the other, also when the line to it is bad."""
import concurrent.futures
import contextlib
import tempfile
import threading

import pytest

import conftest
import fake_graph
import fake_helpdesk
import harness
import postgres
import postgres_line
from harness import wait_until
from live_visitor import Ear, Visitor
from test_console import OWN, cookie_of, enter, secret_of
from test_stream import Events, note
from test_visitor_live import WIDGET
from test_visitor_messages import live as agent_stream, next_typing

pytestmark = pytest.mark.skipif(not postgres.program("initdb"), reason="there is no PostgreSQL server here")
PNG = b"\x89PNG\r\n\x1a\n and the rest of a picture"


@pytest.fixture(scope="module")
def nodes(tmp_path_factory):
    """Two daemons with one database and one folder of attachments."""
    folder = tmp_path_factory.mktemp("nodes")
    shared = folder / "attachments"
    helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
    graph = fake_graph.FakeGraph(token=conftest.GRAPH_TOKEN, app_secret=conftest.APP_SECRET, phone_number_id=conftest.PHONE_NUMBER_ID)
    text = conftest.config_text(graph.url, helpdesk.url, channels=WIDGET).replace("  min_free: 1MiB\n", f"  min_free: 1MiB\n  attachments: {shared}\n", 1)
    server = postgres.Server().start()
    database = server.database()
    ours = tempfile.TemporaryDirectory(prefix="line")
    line = postgres_line.Bad(ours.name, server)
    made = []
    try:
        for name in ("one", "two"):
            (folder / name).mkdir()
            made.append(harness.Gateway(folder / name, text, dict(conftest.ENV), database=line.url(database), node=name))
            made[-1].start()
        made[0].server, made[0].line, made[0].ask = server, line, lambda sql: postgres.ask(database, sql)
        yield made
        problems = [problem for gateway in made for problem in conftest.finish(gateway)]
        assert not problems, "\n".join(problems)
    finally:
        for gateway in made:
            with contextlib.suppress(Exception):
                gateway.kill()
        line.close()
        server.stop()
        ours.cleanup()
        graph.close()
        helpdesk.close()


@pytest.fixture
def one(nodes):
    return nodes[0]


@pytest.fixture
def two(nodes):
    return nodes[1]


@pytest.fixture
def visitor(one):
    return Visitor(lambda: one.port)


def at(gateway, visitor):
    """The same visitor, at another node."""
    there = Visitor.__new__(Visitor)
    there.port, there.channel, there.token, there.cursor, there.id = lambda: gateway.port, visitor.channel, visitor.token, visitor.cursor, visitor.id
    return there


@pytest.fixture
def ear(two, visitor):
    """He speaks to the one and listens to the other."""
    made = Ear(at(two, visitor))
    wait_until(lambda: made.connects, "the stream")
    yield made
    made.close()


def test_what_is_said_at_one_node_is_heard_at_the_other(one, two, visitor, ear):
    said = visitor.say("my order is late")
    assert ear.wait_text("my order is late")["message"] == said["message"]
    assert two.reply(said["thread"]["id"], "On its way!").status == 202
    ear.wait_text("On its way!")
    assert one.reply(said["thread"]["id"], "It is there.").status == 202
    ear.wait_text("It is there.")
    assert ear.texts() == ["my order is late", "On its way!", "It is there."]


def test_events_of_both_come_to_both_in_one_order(one, two, visitor):
    thread = visitor.say("hello")["thread"]["id"]
    readers = [Events(gateway, f"?thread={thread}") for gateway in (one, two)]
    for n in range(10):
        note((one, two)[n % 2], thread, str(n))
    last = one.events(thread)[-1]["id"]
    got = [[e["sequence"] for e in reader.until(lambda e: e["id"] == last)][-10:] for reader in readers]
    assert got[0] == got[1] == list(range(got[0][0], got[0][0] + 10))
    for reader in readers:
        reader.close()


def test_he_goes_on_at_the_other_node_from_where_he_was(one, two, visitor):
    thread = visitor.say("one")["thread"]["id"]
    here = Ear(visitor)
    here.wait_text("one")
    assert one.reply(thread, "two").status == 202
    here.wait_text("two")
    here.close()
    there = Ear(at(two, visitor), here.cursor)
    assert two.reply(thread, "three").status == 202
    there.wait_text("three")
    assert there.texts() == ["three"] and not there.of("reset")
    there.close()


def test_signs_go_from_node_to_node(one, two, visitor, ear):
    thread = visitor.say("is somebody there?")["thread"]["id"]
    ear.wait_text("is somebody there?")
    assert one.api("POST", f"/v1/threads/{thread}/typing", {"agent": "Ana"}).status == 200
    ear.wait(lambda: ear.of("typing"), "typing")
    assert ear.of("typing")[0] == {"thread_id": thread, "name": None, "on": True}
    connection, stream = agent_stream(two, thread)
    assert visitor.call("POST", f"/threads/{thread}/typing", dict(on=True)).status == 204
    assert next_typing(stream) == dict(thread_id=thread, on=True)
    connection.close()


def test_a_session_that_ends_at_one_node_has_ended_at_the_other(visitor, ear):
    visitor.say("bye")
    ear.wait_text("bye")
    assert visitor.call("DELETE", "/session").status == 204
    ear.wait(lambda: ear.of("bye"), "bye")
    wait_until(lambda: ear.wrong, "to be sent away")
    assert ear.wrong.status == 401


def test_a_token_revoked_at_one_node_is_refused_at_the_other(one, two):
    made = one.api("POST", "/v1/tokens", {"name": "both", "scopes": ["read"]}).json
    secret = made["secret"]
    wait_until(lambda: two.api("GET", "/v1/events?limit=1", token=secret).status == 200, "the token to be known")
    assert one.api("DELETE", f"/v1/tokens/{made['token']['id']}").status == 200
    wait_until(lambda: two.api("GET", "/v1/events?limit=1", token=secret).status == 401, "the token to be refused")


def test_a_file_sent_up_to_one_node_is_of_a_message_to_the_other(one, two, visitor):
    upload = visitor.call("POST", "/uploads", dict(name="cat.png", type="image/png", bytes=len(PNG))).json["id"]
    put = one.http("PUT", f"/client/v1/uploads/{upload}", PNG, {"Authorization": f"Bearer {visitor.token}",
                   "Content-Range": f"bytes 0-{len(PNG) - 1}/{len(PNG)}"})
    assert put.status == 200, put
    there = at(two, visitor)
    assert there.get(f"/uploads/{upload}")["done"]
    said = there.say("look", files=[upload])
    assert [a["name"] for a in one.messages(said["thread"]["id"])[0]["attachments"]] == ["cat.png"]


def test_who_signs_in_at_one_node_is_in_at_the_other_and_out_at_both(one, two):
    ports = [gateway.status()["console_port"] for gateway in (one, two)]
    link = secret_of(one.api("POST", "/v1/console/links", {"name": "ann"}).json)
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda n: enter(ports[n % 2], link), range(8)))
    assert sorted(answer.status for answer in answers) == [201] + [403] * 7		# once, whoever asks which node
    session = {"Cookie": cookie_of(next(answer for answer in answers if answer.status == 201)), **OWN}
    asks = lambda: [harness.request(port, "GET", "/v1/threads", headers=session).status for port in ports]
    assert asks() == [200, 200]
    assert harness.request(ports[1], "DELETE", "/console/session", headers=session).status == 204
    wait_until(lambda: asks() == [401, 401], "the end of it at both")


def test_a_node_that_may_have_missed_the_end_of_a_session_looks_at_all_of_them(two, visitor, ear):
    visitor.say("one")
    ear.wait_text("one")
    connects = ear.connects
    ended = postgres.ask(two.database, "SELECT COUNT(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                       "WHERE datname = current_database() AND application_name = 'headgate watch'")
    assert ended == "2"
    wait_until(lambda: ear.connects > connects, "the stream to come again")
    visitor.say("two")
    ear.wait_text("two")
    assert ear.texts() == ["one", "two"]


def test_who_looks_goes_on_when_the_database_was_away(one, two, visitor, ear):
    thread = visitor.say("before")["thread"]["id"]
    ear.wait_text("before")
    one.server.kill()
    wait_until(lambda: "event=follow.away" in two.log(), "the other node to notice")
    one.server.start()
    wait_until(lambda: "event=follow.back" in two.log(), "the other node to come back")
    visitor.say("behind", thread=thread)
    ear.wait_text("behind")
    assert ear.texts() == ["before", "behind"]


def test_where_no_notification_arrives_everybody_looks_by_himself(one, two, visitor, ear):
    line = one.line
    line.deaf = True
    try:
        thread = visitor.say("is anybody there?")["thread"]["id"]
        ear.wait_text("is anybody there?")
        reader = Events(two, f"?thread={thread}")
        for gateway in (one, two):		# one of them does not hold the channel
            assert gateway.reply(thread, f"yes, {gateway.node}").status == 202
            ear.wait_text(f"yes, {gateway.node}")
        heard = []				# in time: what keeps a stream alive would let it be waited for without end
        threading.Thread(target=lambda: heard.extend(reader.until(lambda event: event["type"] == "message.noted")), daemon=True).start()
        note(one, thread, "heard")
        wait_until(lambda: heard, "the note at the other node")
        reader.close()
        wait_until(lambda: one.ask("SELECT COUNT(*) FROM outbox WHERE state IN (1, 2, 3)") == "0", "all that goes out")
        made = one.api("POST", "/v1/tokens", {"name": "deaf", "scopes": ["read"]}).json
        wait_until(lambda: two.api("GET", "/v1/events?limit=1", token=made["secret"]).status == 200, "the token to be known")
        assert one.api("DELETE", f"/v1/tokens/{made['token']['id']}").status == 200
        wait_until(lambda: two.api("GET", "/v1/events?limit=1", token=made["secret"]).status == 401, "the token to be refused")
        assert line.swallowed > 5
    finally:
        line.deaf = False


def test_a_node_that_waits_for_the_database_ends_what_only_one_may_do(one, two, visitor):
    def last_of(gateway):
        return next((line for line in reversed(gateway.log().splitlines()) if "event=node.post_" in line and "post=channel:web" in line), "")

    def holder():
        return next((gateway for gateway in (one, two) if "post_gained" in last_of(gateway)), None)

    held_by = wait_until(holder, "who holds the channel")
    one.line.flows.clear()
    try:
        for gateway in (one, two):
            gateway.advance(seconds=13)		# the engine's thread waits for an answer, and says nothing of it
        wait_until(lambda: "post_ended" in last_of(held_by), "the end of what it held")
        assert "the database was not reached in time" in last_of(held_by)
    finally:
        one.line.flows.set()
    wait_until(holder, "who holds the channel again")
    thread = visitor.say("are you back?")["thread"]["id"]
    assert two.reply(thread, "we are").status == 202
    wait_until(lambda: one.ask("SELECT COUNT(*) FROM outbox WHERE state IN (1, 2, 3)") == "0", "all that goes out")
