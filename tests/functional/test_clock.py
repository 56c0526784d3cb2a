"""The machine's clock jumps: hours, years, to 1970 and back.  Nothing that was decided by time is decided again."""
import time

import pytest

from conftest import NOISE
from harness import wait_until
from records import record

RULES = NOISE + """\
  - name: about invoices
    when: { text: { contains: invoice } }
    do: { convert: { } }
  - name: about parcels
    when: { text: { contains: parcel } }
    do: { hold: { for: 30m } }
"""
WHO = {name: f"+44770090010{i}" for i, name in enumerate(
    ("undecided", "held", "ticket", "closed", "retried", "in doubt", "waiting", "noise"))}
TEXT = {"undecided": "good day, a question", "held": "where is my parcel", "noise": "thanks"}

TO_1970 = dict(ms=-int(time.time() * 1000) + 20000)
TO_2107 = dict(days=82 * 365)
JUMPS = [dict(hours=1), dict(hours=-1), dict(days=1), dict(days=-1), dict(days=8), dict(days=-8), dict(days=31),
         dict(days=-31), dict(days=3650), dict(days=-3650), TO_1970, TO_2107]


def reply(gateway, who, text):
    return gateway.reply(who["thread"], text, key=f"{text}-key")


def all_matters(gateway, graph, helpdesk):
    """A conversation in each state that time would change; the payloads that made them."""
    payloads, threads = {}, {}
    helpdesk.answer = lambda d: (503, {"Retry-After": "1800"}, "") if d.data["contact"]["name"] == "waiting" else None
    for name, phone in WHO.items():
        payloads[name] = graph.text(phone, TEXT.get(name, "my invoice is wrong"), name=name)
        assert graph.deliver(payloads[name]) == 200
        threads[name] = {"thread": wait_until(lambda: [t for t in gateway.threads() if t["contact"]["name"] == name], name)[0]["id"]}
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 4, "four tickets")
    gateway.api("POST", f"/v1/threads/{threads['closed']['thread']}/close", {"resolution": "resolved"})
    graph.drop_before()
    assert reply(gateway, threads["in doubt"], "maybe").status == 202
    wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful reply")
    graph.throttle(times=1, retry_after=1800)
    assert reply(gateway, threads["retried"], "later").status == 202
    wait_until(lambda: len(gateway.get("/v1/outbox?state=due")["jobs"]) == 2, "reply and event that are refused")
    wait_until(lambda: len(helpdesk.accepted) == 5 and not gateway.get("/v1/outbox?state=sending")["jobs"], "the news of the closing")
    wait_until(lambda: len(gateway.events(threads["closed"]["thread"])) == 5, "its acknowledgement")
    return payloads, threads


def picture(gateway, graph, helpdesk):
    """What must be the same after a jump."""
    jobs = [(j["number"], j["state"], j["attempts"]) for state in ("due", "unknown", "dead", "sending")
            for j in gateway.get(f"/v1/outbox?state={state}")["jobs"]]
    threads = [(t["contact"]["name"], t["state"], t["inbound"], t["ticket"] and t["ticket"]["number"], len(gateway.events(t["id"])))
               for t in gateway.threads()]
    return sorted(threads), sorted(jobs), len(graph.accepted), len(helpdesk.accepted)


def off(gateway):
    return round(gateway.status()["clock"]["off_ms"] / 1000)


def test_no_jump_of_the_clock_is_acted_on(start, graph, helpdesk):
    """T1: twelve jumps in eight states.  Afterwards time that really passes does what it should, once."""
    gateway = start(rules=RULES, top="settle: 1h")
    payloads, threads = all_matters(gateway, graph, helpdesk)
    was, wrong = None, 0
    for jump in [{}, *JUMPS]:
        gateway.jump(**jump)
        assert gateway.status()["clock"]["condition"] == ("down" if jump else "up")
        for payload in payloads.values():		# each in a round of the engine of its own
            assert graph.deliver(payload) == 200
        assert reply(gateway, threads["retried"], "later").status == 202	# the same key: the same reply
        now = picture(gateway, graph, helpdesk)
        was = was or now
        wrong += now != was
        assert now == was, jump
        gateway.jump()
        assert gateway.status()["clock"]["condition"] == "up" and off(gateway) == 0
    record("clock.jumps", len(JUMPS) * len(WHO), wrong)

    before = {t["contact"]["name"]: t for t in gateway.threads()}
    assert before["undecided"]["state"] == before["held"]["state"] == "open" and not before["noise"]["ticket"]
    helpdesk.answer = None
    gateway.advance(hours=2)
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 7, "the tickets of those who waited")
    assert graph.wait_accepted(1)[0].text == "later"
    assert [m.text for m in graph.accepted].count("later") == 1
    assert not [d for d in helpdesk.of("ticket.requested") if d.data["contact"]["name"] == "noise"]


@pytest.mark.parametrize("jump", [dict(days=40), TO_1970])
def test_a_restart_does_not_believe_it_either(start, graph, helpdesk, jump):
    """From the newest thing that was done time goes on, and everybody is told: log, status, metric."""
    gateway = start(rules=RULES, top="settle: 1h")
    payload = graph.text(WHO["undecided"], "good day, a question")
    assert graph.deliver(payload) == 200
    gateway.jump(**jump)
    gateway.stop()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert graph.deliver(payload) == 200
    assert [(t["state"], t["inbound"]) for t in gateway.threads()] == [("open", 1)]
    wait_until(lambda: "clock.jumped" in gateway.log(), "a word in the log")
    told = gateway.ctl("status", check=1).stdout
    assert "clock: 20" in told and ("behind" if jump == TO_1970 else "ahead") in told
    metric = next(line for line in gateway.api("GET", "/metrics").body.decode().splitlines()
                  if line.startswith("headgate_clock_off_seconds "))
    assert (float(metric.split()[1]) < -300) if jump == TO_1970 else (float(metric.split()[1]) > 39 * 86400)
    gateway.jump()
    wait_until(lambda: "clock.right" in gateway.log(), "the end of it")
    gateway.ctl("status", check=0)
    gateway.advance(hours=2)
    assert helpdesk.wait_event("ticket.requested").data["contact"]


def test_a_clock_somebody_vouches_for_is_gone_by(start, graph, helpdesk):
    """A machine that was stood still for a day: NTP says so, or a person by a reload; then what waited is due, once."""
    gateway = start(rules=RULES, top="settle: 1h")
    for n, phone in enumerate((WHO["undecided"], WHO["held"]), 1):
        assert graph.say(phone, "good day, a question") == 200
        gateway.wait_thread(lambda threads: len(threads) == n)
        gateway.jump(days=n)
        assert gateway.status()["clock"]["condition"] == "down"
        assert len(helpdesk.accepted) < n
        if n == 1:
            gateway.jump(vouched=True, days=1)
        else:
            gateway.reload()
        assert helpdesk.wait_event("ticket.requested", n)
        assert gateway.status()["clock"]["condition"] == "up"
    assert [d.type for d in helpdesk.accepted].count("ticket.requested") == 2
    gateway.jump(vouched=True, hours=47)	# a little too much: slowly back
    clock = gateway.status()["clock"]
    assert clock["condition"] == "degraded" and -3601 < off(gateway) < -3500
    assert gateway.status()["clock"]["now"] >= clock["now"]
    wait_until(lambda: "clock.behind" in gateway.log(), "a word in the log")
    gateway.jump(days=2)
