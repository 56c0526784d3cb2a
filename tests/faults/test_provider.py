"""A provider that throttles, locks out, breaks and cannot be reached; and files that are not what they should be.

What test_whatsapp.py says of one message is not said again here: this is about whom else it concerns."""
import base64
import calendar
import hashlib
import threading
import time

import pytest

import fake_graph
import harness
from functional_conftest import APP_SECRET, AT_ONCE, GRAPH_TOKEN, PHONE_NUMBER_ID

ANA, BO = "+447700900123", "+447700900456"
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 40


def thread_of(graph, helpdesk, customer, text="my invoice is wrong"):
    assert graph.say(customer, text) == 200
    event = helpdesk.wait(lambda h: next((d for d in h.of("ticket.requested") if d.data["contact"]["phone"] == customer), None),
                          f"the ticket of {customer}")
    return event.data["thread"]["id"]


def answer(gateway, thread, text):
    reply = gateway.reply(thread, text)
    assert reply.status == 202, reply
    return reply.json["message"]["id"]


def delivery(gateway, id):
    return gateway.get(f"/v1/messages/{id}")["message"]["delivery"]


def jobs(gateway, *states):
    return [job for state in states for job in gateway.get(f"/v1/outbox?state={state}")["jobs"] if job["target"] == "channel"]


def due_in(gateway, job):
    return calendar.timegm(time.strptime(job["due"][:19], "%Y-%m-%dT%H:%M:%S")) - gateway.now()


def channel(gateway):
    return next(c for c in gateway.status()["channels"] if c["name"] == "wa-main")


def clock_until(gateway, check, what, **step):
    """Moves the clock on by a step whenever nothing happens for a while."""
    for _ in range(120):
        try:
            return harness.wait_until(check, what, 0.15)
        except AssertionError:
            gateway.advance(**step)
    raise AssertionError(f"waited in vain for {what}")


def channel_events(gateway):
    return [e["type"] for e in gateway.get("/v1/events?limit=500")["events"] if e["type"].startswith("channel.")]


# ---- whom it concerns ----

def test_131056_delays_that_contact_and_no_other(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    ana, bo = thread_of(graph, helpdesk, ANA), thread_of(graph, helpdesk, BO)
    graph.fail(131056, times=1, to=ANA[1:])
    answer(gateway, ana, "for Ana")
    job, = harness.wait_until(lambda: [j for j in jobs(gateway, "due") if j.get("error")], "the refusal")
    assert 0 < due_in(gateway, job) <= 60
    answer(gateway, ana, "for Ana, too")		# waits behind it
    answer(gateway, bo, "for Bo")
    assert [m.text for m in graph.wait_accepted(1)] == ["for Bo"]
    assert channel(gateway)["condition"] == "up"
    clock_until(gateway, lambda: len(graph.accepted) == 3, "what had waited", seconds=5)
    assert [m.text for m in graph.accepted] == ["for Bo", "for Ana", "for Ana, too"]


def test_130429_slows_the_whole_channel_by_what_the_provider_asks(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    ana, bo = thread_of(graph, helpdesk, ANA), thread_of(graph, helpdesk, BO)
    graph.throttle(times=1, retry_after=120)
    answer(gateway, ana, "for Ana")
    job, = harness.wait_until(lambda: [j for j in jobs(gateway, "due") if j.get("error")], "the refusal")
    assert 110 <= due_in(gateway, job) <= 121
    answer(gateway, bo, "for Bo")
    gateway.advance(seconds=100)
    assert graph.say(BO, "still nothing?") == 200	# a round of the engine: what may go has gone
    gateway.threads()
    assert len(graph.wait_posts(1)) == 1 and not graph.accepted
    gateway.advance(seconds=25)
    assert sorted(m.text for m in graph.wait_accepted(2)) == ["for Ana", "for Bo"]


@pytest.mark.parametrize("mend", ["the provider", "a reload"])
def test_190_parks_the_channel_until_the_token_works_again(start, graph, helpdesk, mend):
    gateway = start(rules=AT_ONCE)
    ana, bo = thread_of(graph, helpdesk, ANA), thread_of(graph, helpdesk, BO)
    graph.token = "another-token"
    first = answer(gateway, ana, "for Ana")
    harness.wait_until(lambda: jobs(gateway, "parked") and channel(gateway)["condition"] == "down", "the alarm")
    assert "190" in channel(gateway)["error"]
    assert gateway.ctl("status").returncode == 1
    assert channel_events(gateway) == ["channel.down"]
    attempts = len(graph.wait_posts(1))
    second = answer(gateway, bo, "for Bo")		# taken, and kept
    for _ in range(5):
        gateway.advance(minutes=30)
        assert graph.say(BO, "hello?") == 200		# comes in as ever
        gateway.threads()
    assert len(graph.wait_posts(1)) == attempts, "it went on sending with a dead token"
    assert delivery(gateway, first) == delivery(gateway, second) == "queued"
    if mend == "a reload":
        gateway.env["TEST_GRAPH_TOKEN"] = "unused: the environment of a running process stays"
        gateway.config_path.write_text(gateway.config_path.read_text().replace("env:TEST_GRAPH_TOKEN", f"file:{gateway.folder}/token"))
        (gateway.folder / "token").write_text("another-token\n")
        (gateway.folder / "token").chmod(0o600)
        gateway.reload()
    else:
        graph.token = GRAPH_TOKEN
    clock_until(gateway, lambda: len(graph.accepted) == 2, "what was kept", minutes=10)
    harness.wait_until(lambda: delivery(gateway, first) == delivery(gateway, second) == "sent", "both sent")
    harness.wait_until(lambda: channel(gateway)["condition"] == "up", "the end of the alarm")
    assert channel_events(gateway) == ["channel.down", "channel.up"]
    assert gateway.ctl("status").returncode == 0


def test_a_throttled_answer_that_comes_late_does_not_open_a_parked_channel(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    ana, bo = thread_of(graph, helpdesk, ANA), thread_of(graph, helpdesk, BO)
    usual, go_on = graph.before, threading.Event()

    def before(handler, mood):
        if mood.kind != "late":
            return usual(handler, mood)
        go_on.wait(harness.PATIENCE)
        raise fake_graph.Refusal(130429, "Rate limit hit", 429)

    graph.before = before
    graph.mood("late", match={"to": BO[1:]})
    answer(gateway, bo, "for Bo")
    graph.wait_posts(1)
    graph.token = "another-token"
    answer(gateway, ana, "for Ana")
    harness.wait_until(lambda: jobs(gateway, "parked") and channel(gateway)["condition"] == "down", "the alarm")
    go_on.set()
    harness.wait_until(lambda: [j for j in jobs(gateway, "due") if "130429" in (j.get("error") or "")], "the late answer")
    attempts = len(graph.wait_posts(2))
    for _ in range(3):
        gateway.advance(minutes=10)
        assert graph.say(BO, "hello?") == 200
        gateway.threads()
    assert len(graph.wait_posts(1)) == attempts, "it sends with a dead token"


# ---- not there ----

def test_a_refused_connection_is_tried_again_and_never_in_doubt(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread = thread_of(graph, helpdesk, ANA)
    gateway.stop()
    graph.close()			# nobody listens any more, and no connection is open
    gateway.start()
    id = answer(gateway, thread, "later")
    job, = harness.wait_until(lambda: [j for j in jobs(gateway, "due", "unknown") if j.get("error")], "the failed attempt")
    assert job["state"] == "due", job
    back = fake_graph.FakeGraph(GRAPH_TOKEN, APP_SECRET, PHONE_NUMBER_ID, port=graph.port)
    try:
        clock_until(gateway, lambda: back.accepted, "the message", minutes=1)
        harness.wait_until(lambda: delivery(gateway, id) == "sent", "sent")
        assert [m.text for m in back.accepted] == ["later"]
    finally:
        back.close()


@pytest.mark.parametrize("code, advice", [(131047, "approved template"), (131026, "another channel"), (131050, "opted out")])
def test_a_final_refusal_concerns_its_message_and_is_told_where_the_agent_works(start, graph, helpdesk, code, advice):
    gateway = start(rules=AT_ONCE)
    ana, bo = thread_of(graph, helpdesk, ANA), thread_of(graph, helpdesk, BO)
    graph.fail(code, times=1, to=ANA[1:])
    answer(gateway, ana, "refused")
    answer(gateway, ana, "not refused")
    answer(gateway, bo, "for Bo")
    assert sorted(m.text for m in graph.wait_accepted(2)) == ["for Bo", "not refused"]
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.status") if d.data["message"]["delivery"] == "failed"), None),
                          "the failure at the helpdesk")
    assert event.data["thread"]["id"] == ana and advice in event.data["agent_note"]
    assert event.data["message"]["error"]["code"] == code
    assert channel(gateway)["condition"] == "up"


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_5xx_leaves_a_doubt_that_a_receipt_can_end(start, graph, helpdesk, status):
    gateway = start(rules=AT_ONCE)
    thread = thread_of(graph, helpdesk, ANA)
    graph.accept_then_500(status=status)
    id = answer(gateway, thread, "sent, and not said so")
    harness.wait_until(lambda: jobs(gateway, "unknown"), "the doubt")
    message = graph.wait_accepted(1)[0]
    assert graph.tell(message, "delivered") == [200]
    harness.wait_until(lambda: delivery(gateway, id) == "delivered", "its end")
    gateway.advance(hours=1)
    assert graph.say(ANA, "thank you") == 200
    assert len(graph.accepted) == 1


# ---- files ----

class Files:
    """The provider's files, each with a behaviour of its own in the place of the usual download."""

    def __init__(self, graph):
        self.graph, self.ways, self.asked = graph, {}, []
        self.usual_locate, self.usual_serve = graph.locate_file, graph.serve_file
        graph.locate_file, graph.serve_file = self.locate, self.serve

    def add(self, data=JPEG, type="image/jpeg", **ways):
        """ways: url=..., sha256=..., serve=function(handler)."""
        media = self.graph.add_media(data, type)
        self.ways[media.id] = ways
        return media

    def locate(self, handler, id):
        self.asked.append(id)
        ways = self.ways.get(id, {})
        if "url" in ways:
            handler.answer({"messaging_product": "whatsapp", "url": ways["url"], "mime_type": "image/jpeg", "id": id})
        else:
            self.usual_locate(handler, id)

    def serve(self, handler, parts):
        file = self.graph.tokens.get(parts[1], (None, 0))[0]
        serve = self.ways.get(file.id, {}).get("serve") if file else None
        if serve:
            serve(handler)
        else:
            self.usual_serve(handler, parts)


@pytest.fixture
def files(graph):
    return Files(graph)


def show(gateway, graph, helpdesk, media, customer=ANA):
    """A customer sends a picture: the ticket is there at once, whatever becomes of the file.  Its thread."""
    assert graph.deliver(graph.media(customer, "image", media, "the crack in my lamp")) == 200
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["messages"][0]["text"] == "the crack in my lamp"
    assert event.data["messages"][0]["attachments"][0]["state"] in ("pending", "stored", "failed")
    return event.data["thread"]["id"]


def attachment(gateway, thread):
    return next(m for m in gateway.messages(thread) if m["attachments"])["attachments"][0]


def expect_failure(gateway, helpdesk, thread, words, **step):
    """The agent sees at the ticket that the file could not be had, and why."""
    clock_until(gateway, lambda: attachment(gateway, thread)["state"] == "failed", "the failure", **(step or dict(minutes=5)))
    assert words in attachment(gateway, thread)["error"], attachment(gateway, thread)
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.edited") if d.data["message"]["attachments"]
                                          and d.data["message"]["attachments"][0]["state"] == "failed"), None),
                          "the failure at the helpdesk")
    assert words in event.data["message"]["attachments"][0]["error"]
    assert event.data["message"]["text"] == "the crack in my lamp"
    assert list((gateway.store.parent / "attachments").rglob("*.part")) == []


def test_a_file_that_the_provider_does_not_know_any_more(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    media = files.add()
    del graph.files[media.id]
    thread = show(gateway, graph, helpdesk, media)
    expect_failure(gateway, helpdesk, thread, "no longer has this file")
    assert len(files.asked) == 1


def test_a_file_whose_time_runs_out_while_it_cannot_be_had(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    media = files.add(serve=lambda handler: handler.reply(503, b""))
    thread = show(gateway, graph, helpdesk, media)
    expect_failure(gateway, helpdesk, thread, "answered 503", hours=8)
    assert 5 < len(files.asked) < 60


@pytest.mark.parametrize("how", ["announced", "not announced", "chunked"])
def test_a_file_that_is_larger_than_the_channel_takes(start, graph, helpdesk, files, how):
    gateway = start(rules=AT_ONCE, channel="media_max: 64KiB")
    sent = []

    def endless(handler):
        """As much as is taken; nothing says how much there is."""
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header(*(("Transfer-Encoding", "chunked") if how == "chunked" else ("Connection", "close")))
        handler.end_headers()
        try:
            for _ in range(4096):
                sent.append(handler.wfile.write(b"10000\r\n" * (how == "chunked") + JPEG[:16] * 4096 + b"\r\n" * (how == "chunked")))
        except OSError:
            pass
        handler.close_connection = True

    media = files.add(b"x" * 200000) if how == "announced" else files.add(serve=endless)
    thread = show(gateway, graph, helpdesk, media)
    expect_failure(gateway, helpdesk, thread, "media_max")
    assert sum(sent) < 64 << 20, "it took all of it"
    stored = [f for f in (gateway.store.parent / "attachments").rglob("*") if f.is_file()]
    assert sum(f.stat().st_size for f in stored) == 0


def test_a_web_page_in_the_place_of_a_picture_is_not_kept_and_the_picture_comes_later(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    times = []

    def page_first(handler):
        times.append(1)
        if len(times) == 1:
            handler.reply(200, b"<html>Please log in</html>", type="text/html")
        else:
            handler.reply(200, JPEG, type="image/jpeg")

    thread = show(gateway, graph, helpdesk, files.add(serve=page_first))
    clock_until(gateway, lambda: attachment(gateway, thread)["state"] == "stored", "the picture", seconds=10)
    got = gateway.api("GET", "/v1/attachments/" + attachment(gateway, thread)["id"])
    assert got.body == JPEG and got.headers["Content-Disposition"].startswith("attachment")
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.edited") if d.data["message"]["attachments"][0]["state"] == "stored"), None),
                          "the news at the helpdesk")
    assert event.data["message"]["attachments"][0]["sha256"] == hashlib.sha256(JPEG).hexdigest()


def test_bytes_that_are_not_those_that_were_promised_are_given_up_in_the_end(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    thread = show(gateway, graph, helpdesk, files.add(serve=lambda handler: handler.reply(200, JPEG[:-1] + b"!", type="image/jpeg")))
    expect_failure(gateway, helpdesk, thread, "SHA-256", hours=8)


ELSEWHERE = ["https://files.attacker.example/x.jpg", "https://lookaside.fbsbx.com.attacker.example/x",
             "https://lookaside.fbsbx.com@127.0.0.1/x", "https://127.0.0.1/x", "https://[::1]/x", "file:///etc/passwd", "x", "",
             "http://169.254.169.254/latest", "http://lookaside.fbsbx.com/x", "https:lookaside.fbsbx.com", "\n"]


def test_a_file_at_a_host_that_is_not_the_providers_is_not_fetched(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    customers = [f"+4477009002{i:02}" for i in range(len(ELSEWHERE))]
    for customer, url in zip(customers, ELSEWHERE):
        assert graph.deliver(graph.media(customer, "image", files.add(url=url), url)) == 200
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == len(customers), "all the tickets at once")

    def states():
        return {attachment(gateway, thread["id"])["state"] for thread in gateway.threads(limit=100)}

    clock_until(gateway, lambda: states() == {"failed"}, "the end of all of them", hours=8)
    told = helpdesk.wait(lambda h: len(h.of("message.edited")) == len(customers) and h.of("message.edited"), "the news of each")
    assert {d.data["contact"]["phone"] for d in told} == set(customers)
    assert all(d.data["message"]["attachments"][0]["error"] for d in told)
    assert not graph.downloads


def test_a_token_is_not_shown_to_another_server_on_the_same_machine(start, graph, helpdesk, files):
    """Another port is another server, though the host has the same name."""
    other = fake_graph.FakeGraph("x", "y", PHONE_NUMBER_ID)
    try:
        gateway = start(rules=AT_ONCE)
        thread = show(gateway, graph, helpdesk, files.add(url=f"{other.url}/file/x"))
        expect_failure(gateway, helpdesk, thread, "", hours=8)
        assert not other.requests
    finally:
        other.close()


def test_a_redirect_to_another_host_does_not_take_the_token_along(start, graph, helpdesk, files):
    other = fake_graph.FakeGraph("x", "y", PHONE_NUMBER_ID)
    try:
        gateway = start(rules=AT_ONCE)
        away = files.add(serve=lambda handler: handler.reply(302, b"", {"Location": f"{other.url}/file/x"}))
        thread = show(gateway, graph, helpdesk, away)
        expect_failure(gateway, helpdesk, thread, "", hours=8)
        assert not [r for r in other.requests if "Authorization" in r.headers]
    finally:
        other.close()


def test_a_slow_file_holds_up_neither_its_message_nor_other_files(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    go_on = threading.Event()

    def slow(handler):
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.send_header("Content-Length", str(len(JPEG)))
        handler.end_headers()
        handler.wfile.write(JPEG[:100])
        handler.wfile.flush()
        go_on.wait(harness.PATIENCE)
        handler.wfile.write(JPEG[100:])

    try:
        thread = show(gateway, graph, helpdesk, files.add(serve=slow))
        quick = graph.media(BO, "image", files.add(), "mine is quick")
        assert graph.deliver(quick) == 200
        other = helpdesk.wait(lambda h: next((d for d in h.of("ticket.requested") if d.data["contact"]["phone"] == BO), None), "Bo's ticket")
        harness.wait_until(lambda: attachment(gateway, other.data["thread"]["id"])["state"] == "stored", "Bo's picture")
        assert attachment(gateway, thread)["state"] == "pending"
        answer(gateway, thread, "I see nothing yet")
        assert graph.wait_accepted(1)[0].text == "I see nothing yet"
    finally:
        go_on.set()
    harness.wait_until(lambda: attachment(gateway, thread)["state"] == "stored", "the slow picture")


def test_a_download_is_found_again_after_a_crash(start, graph, helpdesk, files):
    gateway = start(rules=AT_ONCE)
    there, times = threading.Event(), []

    def hangs_once(handler):
        times.append(1)
        if len(times) == 1:
            there.set()
            threading.Event().wait(2)		# longer than the daemon lives
            handler.cut()
        else:
            handler.reply(200, JPEG, type="image/jpeg")

    thread = show(gateway, graph, helpdesk, files.add(serve=hangs_once))
    assert there.wait(harness.PATIENCE)
    gateway.kill()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    clock_until(gateway, lambda: attachment(gateway, thread)["state"] == "stored", "the picture", seconds=10)
    assert base64.b64encode(hashlib.sha256(JPEG).digest()).decode() == next(iter(graph.files.values())).sha256_base64
