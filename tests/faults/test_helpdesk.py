"""A helpdesk that is down, gone, slow, forgetful or busy: nothing is lost, nothing is told twice as two things."""
import calendar
import email.utils
import http.server
import json
import threading
import time

import pytest

import fake_helpdesk
import harness
from functional_conftest import AT_ONCE

ANA, BO, CY = "+447700900123", "+447700900456", "+447700900789"


def condition(gateway):
    return gateway.status()["backends"][0]["condition"]


def due_in(gateway, job):
    """Seconds until a job is due, by the daemon's clock."""
    return calendar.timegm(time.strptime(job["due"][:19], "%Y-%m-%dT%H:%M:%S")) - gateway.now()


def waiting(gateway, error, n=1):
    """The jobs of the helpdesk that wait for another attempt after that error."""
    def found():
        jobs = [job for job in gateway.get("/v1/outbox?state=due")["jobs"]
                if job["target"] == "backend" and error in (job.get("error") or "")]
        return jobs if len(jobs) == n else None
    return harness.wait_until(found, f"{n} refused with {error}")


def close_port(helpdesk):
    """Connections are refused from now on, and those that are open end."""
    def drop(delivery):
        raise fake_helpdesk.FakeHelpdesk.Drop

    helpdesk.answer = drop
    helpdesk.server.shutdown()
    helpdesk.server.server_close()


def open_port(helpdesk):
    """The same one, on the same port."""
    handler = helpdesk.server.RequestHandlerClass
    helpdesk.server = http.server.ThreadingHTTPServer(("127.0.0.1", helpdesk.port), handler)
    helpdesk.server.daemon_threads = True
    helpdesk.answer = None
    threading.Thread(target=helpdesk.server.serve_forever, daemon=True).start()


def clock_until(gateway, check, what, **step):
    """Moves the clock on by a step whenever nothing happens for a while."""
    for _ in range(60):
        try:
            return harness.wait_until(check, what, 0.3)
        except AssertionError:
            gateway.advance(**step)
    raise AssertionError(f"waited in vain for {what}")


def same_bytes_each_time(helpdesk):
    bodies = {}
    for attempt in helpdesk.attempts:
        bodies.setdefault(attempt.id, set()).add(attempt.raw)
    return all(len(found) == 1 for found in bodies.values())


def in_order(helpdesk):
    last = {}
    for event in helpdesk.accepted:
        thread, number = event.data["thread"]["id"], event.data["sequence"]
        if number <= last.get(thread, 0):
            return False
        last[thread] = number
    return True


def settled(gateway):
    """All rounds that were due have been made, and what they sent out has left."""
    for _ in range(3):
        assert gateway.http("GET", "/readyz").status == 200
        gateway.threads()


# ---- how many at once ----

@pytest.mark.parametrize("concurrency", [3, 40])
def test_as_many_attempts_are_under_way_as_are_configured(start, graph, helpdesk, concurrency):
    gateway = start(rules=AT_ONCE, backend=f"concurrency: {concurrency}")
    answers, asked = threading.Event(), []

    def wait(delivery):
        asked.append(delivery.id)
        answers.wait(60)

    helpdesk.answer = wait
    customers = [f"+4477009{10000 + n}" for n in range(concurrency + 5)]
    for customer in customers:
        assert graph.say(customer, "hello?") == 200
    harness.wait_until(lambda: len(asked) >= concurrency, f"{concurrency} attempts")
    settled(gateway)
    assert len(asked) == concurrency
    answers.set()
    harness.wait_until(lambda: len(helpdesk.of("ticket.requested")) == len(customers), "all of them")


# ---- down ----

@pytest.mark.parametrize("how", ["refuses", "answers 503"])
def test_days_without_a_helpdesk_lose_nothing_and_a_minute_with_it_brings_all(start, graph, helpdesk, how):
    gateway = start(rules=AT_ONCE)
    graph.say(ANA, "before it went down")
    helpdesk.wait_event("ticket.requested")
    if how == "refuses":
        close_port(helpdesk)
    else:
        helpdesk.answer = lambda delivery: (503, {}, "")
    for day in range(5):
        for customer in (ANA, BO, CY):
            assert graph.say(customer, f"day {day}") == 200
        for _ in range(2):
            gateway.advance(hours=12)
            settled(gateway)
    clock_until(gateway, lambda: condition(gateway) == "down", "the alarm", minutes=1)
    assert gateway.ctl("status").returncode == 1
    if how == "refuses":
        open_port(helpdesk)
    helpdesk.answer = None
    back = gateway.now()

    def all_there():
        return len(helpdesk.of("ticket.requested")) == 3 and len(helpdesk.of("ticket.message")) == 5 + 4 + 4

    clock_until(gateway, all_there, "all that had waited", seconds=15)
    assert gateway.now() - back < 300, "it waited for its next turn, hours away"
    assert in_order(helpdesk) and same_bytes_each_time(helpdesk)
    clock_until(gateway, lambda: condition(gateway) == "up", "the end of the alarm", seconds=15)
    kinds = [e["type"] for e in gateway.get("/v1/events?limit=500")["events"] if e["type"].startswith("channel.")]
    assert kinds == ["channel.down", "channel.up"]
    assert not gateway.get("/v1/outbox")["jobs"]


def test_when_it_is_back_nobody_waits_for_an_hour_to_pass(start, graph, helpdesk):
    """What was tried often is due in hours; but whether it is back is looked at once a minute."""
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (503, {}, "")
    graph.say(ANA, "hello?")

    def often():
        jobs = gateway.get("/v1/outbox?state=due")["jobs"]
        return jobs and jobs[0]["attempts"] >= 8 and due_in(gateway, jobs[0]) > 1800

    clock_until(gateway, often, "eight attempts", minutes=59)
    helpdesk.answer = None
    back = gateway.now()
    clock_until(gateway, lambda: helpdesk.of("ticket.requested"), "the attempt of the minute", seconds=20)
    assert gateway.now() - back < 300


def test_a_week_without_a_helpdesk_ends_in_dead_letters_that_can_be_sent_again(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (500, {}, "")
    graph.say(ANA, "nobody hears me")
    clock_until(gateway, lambda: gateway.get("/v1/outbox")["jobs"], "the dead letter", hours=12)
    dead, = gateway.get("/v1/outbox")["jobs"]
    assert gateway.now() - time.time() > 6.9 * 86400 and "500" in dead["error"]
    assert "backend.dead_letter" in gateway.log()
    helpdesk.answer = None
    assert gateway.api("POST", f"/v1/outbox/{dead['number']}/retry", {}).status == 200
    clock_until(gateway, lambda: helpdesk.of("ticket.requested"), "the dead letter's revival", minutes=1)
    assert same_bytes_each_time(helpdesk)


def test_an_outage_does_not_count_as_objections_to_the_event(start, graph, helpdesk):
    """It answers 503 for hours, 400 a few times while it comes up, and is well again: nothing is given up."""
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (503, {}, "")
    graph.say(ANA, "hello?")
    clock_until(gateway, lambda: any(j["attempts"] >= 8 for j in gateway.get("/v1/outbox?state=due")["jobs"]), "eight attempts", minutes=59)
    helpdesk.answer = lambda delivery: (400, {}, "starting")
    clock_until(gateway, lambda: sum(a.status == 400 for a in helpdesk.attempts) == 3, "three objections", minutes=59)
    helpdesk.answer = None
    clock_until(gateway, lambda: helpdesk.of("ticket.requested"), "the event", minutes=59)
    assert not gateway.get("/v1/outbox")["jobs"]
    # But what is objected to again and again is given up.
    helpdesk.answer = lambda delivery: (422, {}, "no")
    graph.say(ANA, "poison")
    clock_until(gateway, lambda: gateway.get("/v1/outbox")["jobs"], "the dead letter", minutes=59)
    assert sum(a.status == 422 for a in helpdesk.attempts) == 6


# ---- gone ----

def test_gone_is_gone_until_somebody_has_acted(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (410, {}, "")
    graph.say(ANA, "is there anybody?")
    harness.wait_until(lambda: condition(gateway) == "down", "the alarm")
    harness.wait_until(lambda: "backend.down" in gateway.log(), "the line of it")
    assert gateway.ctl("status").returncode == 1
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=parked")["jobs"] if j["error"]], "the parked job")
    attempts = len(helpdesk.attempts)
    for _ in range(3):
        gateway.advance(days=1)
        assert graph.say(BO, "and I?") == 200
        settled(gateway)
    assert len(helpdesk.attempts) == attempts, "it was tried though it is gone"
    gateway.reload()
    harness.wait_until(lambda: len(helpdesk.attempts) > attempts, "the attempt after the reload")
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=parked")["jobs"], "it parks again")
    helpdesk.answer = None
    gateway.reload()
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 2 and len(h.of("ticket.message")) == 2, "all of it")
    harness.wait_until(lambda: condition(gateway) == "up", "the end of the alarm")
    assert in_order(helpdesk) and same_bytes_each_time(helpdesk)
    kinds = [e["type"] for e in gateway.get("/v1/events?limit=500")["events"] if e["type"].startswith("channel.")]
    assert kinds == ["channel.down", "channel.up"]


def test_a_410_to_what_left_before_the_reload_is_no_news(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    go_on = threading.Event()

    def late(delivery):
        if sum(a.id == delivery.id for a in helpdesk.attempts):
            return None
        helpdesk.note(delivery)
        go_on.wait(harness.PATIENCE)
        return (410, {}, "")

    helpdesk.answer = late
    graph.say(ANA, "is there anybody?")
    helpdesk.wait(lambda h: h.attempts, "the attempt")
    gateway.reload()
    go_on.set()
    clock_until(gateway, lambda: helpdesk.of("ticket.requested"), "the next attempt", seconds=5)
    harness.wait_until(lambda: condition(gateway) == "up", "no alarm")
    assert not gateway.get("/v1/outbox?state=parked")["jobs"]


# ---- slow, forgetful ----

def test_a_helpdesk_that_hangs_holds_up_no_other_thread_and_gets_it_again(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE, backend="timeout: 1s")

    def answer(delivery):
        first = sum(a.id == delivery.id for a in helpdesk.attempts) == 0
        if first and delivery.data["contact"]["phone"] == ANA:
            raise fake_helpdesk.FakeHelpdesk.Hang
        return None

    helpdesk.answer = answer
    graph.say(ANA, "hanging")
    helpdesk.wait(lambda h: h.attempts, "the attempt that hangs")
    graph.say(BO, "not hanging")
    assert helpdesk.wait_event("ticket.requested").data["contact"]["phone"] == BO
    waiting(gateway, "")
    clock_until(gateway, lambda: len(helpdesk.of("ticket.requested")) == 2, "the second attempt", seconds=5)
    mine = [a for a in helpdesk.attempts if a.data["contact"]["phone"] == ANA]
    assert len({a.id for a in mine}) == 1 and len(mine) == 2 and same_bytes_each_time(helpdesk)


def test_what_was_accepted_and_not_answered_comes_again_as_the_same_event(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    forgetful = set()

    def answer(delivery):
        if delivery.id not in forgetful:
            forgetful.add(delivery.id)
            raise fake_helpdesk.FakeHelpdesk.Drop
        return None

    helpdesk.answer = answer
    for text in ("one", "two", "three"):
        graph.say(ANA, text)
    clock_until(gateway, lambda: len(helpdesk.accepted) == 3, "all three", seconds=5)
    ids = [a.id for a in helpdesk.attempts]
    assert ids == [id for pair in zip(ids[::2], ids[::2]) for id in pair]	# each twice, one after the other
    assert in_order(helpdesk) and same_bytes_each_time(helpdesk)
    assert all(a.headers["idempotency-key"] == f'"{a.id}"' for a in helpdesk.attempts)


# ---- busy, elsewhere ----

@pytest.mark.parametrize("form", ["seconds", "date"])
def test_retry_after_is_obeyed(start, graph, helpdesk, form):
    gateway = start(rules=AT_ONCE)

    def busy(delivery):
        until = "3600" if form == "seconds" else email.utils.formatdate(gateway.now() + 3600, usegmt=True)
        return (429, {"Retry-After": until}, "")

    helpdesk.answer = busy
    graph.say(ANA, "when you have time")
    job, = waiting(gateway, "429")
    assert 3590 <= due_in(gateway, job) <= 3601
    helpdesk.answer = None
    gateway.advance(minutes=55)
    assert graph.say(BO, "an hour has not passed") == 200
    helpdesk.wait(lambda h: any(d.data["contact"]["phone"] == BO for d in h.accepted), "somebody else's matter")
    assert len([a for a in helpdesk.attempts if a.data["contact"]["phone"] == ANA]) == 1
    gateway.advance(minutes=6)
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 2, "it in its time")


def test_a_redirect_is_not_followed(start, graph, helpdesk):
    elsewhere = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
    try:
        statuses = iter([301, 302, 303, 307, 308])
        helpdesk.answer = lambda delivery: (next(statuses, 503), {"Location": elsewhere.url}, "")
        gateway = start(rules=AT_ONCE)
        for customer in (ANA, BO, CY, "+447700900001", "+447700900002"):
            graph.say(customer, "follow me")
        jobs = waiting(gateway, "redirects are not followed", 5)
        assert {job["error"][:12] for job in jobs} == {f"answered {s}" for s in (301, 302, 303, 307, 308)}
        assert not elsewhere.attempts and not elsewhere.forged
    finally:
        elsewhere.close()


@pytest.mark.parametrize("body", [b"", b"thanks", b'{"ticket":', b'{"ticket":{"id":{},"number":[],"url":7}}', b"\xff\xfe", b"[" * 60000,
                                  b"x" * (1 << 20), b'{"ticket":{"id":"' + b"9" * 60000 + b'"}}'],
                         ids=["nothing", "text", "half", "types", "bytes", "deep", "long", "long id"])
def test_whatever_a_2xx_says_the_event_has_been_taken(start, graph, helpdesk, body):
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (200, {}, body)
    graph.say(ANA, "one")
    graph.say(ANA, "two")
    helpdesk.wait(lambda h: len(h.attempts) == 2, "both events")
    harness.wait_until(lambda: not [j for state in ("due", "sending", "queued")
                                    for j in gateway.get(f"/v1/outbox?state={state}")["jobs"]], "an empty outbox")
    assert len(helpdesk.attempts) == 2
    assert gateway.threads()[0]["state"] == "converted"


def test_an_answer_that_names_another_ticket_holds_up_nothing(start, graph, helpdesk):
    """The result was refused as a whole, and its job stood in `sending` for ever with all that came behind it."""
    gateway = start(rules=AT_ONCE)
    ids = iter(range(1, 100))
    helpdesk.answer = lambda delivery: (200, {}, json.dumps({"ticket": {"id": next(ids), "number": f"N{len(helpdesk.attempts)}"}}))
    for text in ("one", "two", "three"):
        graph.say(ANA, text)
        helpdesk.wait(lambda h: [d for d in h.accepted if json.dumps(text) in d.raw.decode()], text)
    harness.wait_until(lambda: not [j for state in ("due", "sending", "queued")
                                    for j in gateway.get(f"/v1/outbox?state={state}")["jobs"]], "an empty outbox")
    thread = gateway.threads()[0]
    assert [(link["backend"], link["id"]) for link in thread["ticket"]["links"]] == [("desk", "1")]
    assert len(helpdesk.attempts) == len(helpdesk.accepted) >= 3
    assert gateway.log().count("backend.other_ticket") >= 2 and "command_failed" not in gateway.log()


# ---- what became of a job cannot be written down ----

def test_an_outcome_that_cannot_be_written_down_holds_up_nothing(start, graph, helpdesk):
    """The helpdesk's first answer is lost in the engine: the event goes again a minute later, with its id, and what came
    behind it follows."""
    gateway = start(rules=AT_ONCE, fail="result.act=error@1,result.act=error@1")
    assert graph.say(ANA, "my invoice is wrong") == 200
    first = helpdesk.wait(lambda h: h.accepted[0] if h.accepted else None, "the first event")
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=due")["jobs"]
                                if "written down" in (j.get("error") or "")], "the job to wait again")
    assert graph.say(ANA, "it still is") == 200
    gateway.advance(minutes=2)
    helpdesk.wait(lambda h: h.of("ticket.message"), "what came behind it")
    assert [d.id for d in helpdesk.attempts].count(first.id) == 2
    assert "engine.result_failed" in gateway.log()


def test_an_answer_whose_outcome_cannot_be_written_down_is_in_doubt(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE, fail="result.act=error@2,result.act=error@2", backend="events: [\"ticket.requested\"]")
    assert graph.say(ANA, "my invoice is wrong") == 200
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the helpdesk's answer to be stored")
    assert gateway.reply(thread, "here is why").status == 202
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=unknown")["jobs"]
                                if "written down" in (j.get("error") or "")], "the doubt")
    message, = graph.accepted
    graph.deliver_until_taken(graph.status(message.id, "delivered", to=message.to, key=message.key))
    gateway.wait_message(thread, lambda m: m["text"] == "here is why" and m["delivery"] == "delivered")
    assert len(graph.accepted) == 1
