"""Rules on what happens beside messages, through the running daemon and over its death."""
import pytest

import harness

ANA = "+447700900123"
HOLD = "settle: 1s\ndefault: hold\nfirst_response: 7d"
WAIT = """\
  - name: sorry
    on: { unanswered: 10m }
    do: { reply: "Sorry for the wait.", tag: slow }
  - name: really nobody
    on: { unanswered: 30m }
    do: { convert: { priority: high } }
  - name: offer a human
    on: { bot: 3m }
    do: { reply: "Shall I get you a colleague?" }
"""


def quiet(gateway):
    """Nothing is on its way: the clock may go on."""
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the outbox")


def decided(gateway, on):
    return [d for d in gateway.get("/v1/decisions?limit=500")["decisions"] if d["on"] == on]


def said(gateway, thread, text):
    return [m for m in gateway.messages(thread) if m["text"] == text]


@pytest.mark.parametrize("death", ["kill", "reload", "none"])
def test_each_time_that_a_customer_waits_acts_once(start, graph, helpdesk, death):
    """R0.10 time, and timers act once whatever dies: killed around and slept through a time, it is asked about once."""
    gateway = start(rules=WAIT, top=HOLD)
    assert graph.say(ANA, "my invoice is wrong") == 200
    thread = gateway.wait_thread()[0]["id"]

    def disturb(**span):
        quiet(gateway)
        if death == "kill":
            gateway.kill()
        gateway.advance(**span)
        if death == "kill":
            gateway.start()
            graph.target(gateway.port, "wa-main")
        elif death == "reload":
            gateway.reload()

    disturb(minutes=9)
    assert not decided(gateway, "unanswered")
    disturb(minutes=2)
    harness.wait_until(lambda: said(gateway, thread, "Sorry for the wait."), "the apology")
    disturb(minutes=1)
    disturb(minutes=20)
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["rule"]["id"] == "really nobody" and event.data["rule"]["on"] == "unanswered"
    assert event.data["tags"] == ["slow"]
    disturb(hours=5)
    quiet(gateway)
    assert [d["facts"]["after_ms"] for d in decided(gateway, "unanswered")] == [600000, 1800000]
    assert len(said(gateway, thread, "Sorry for the wait.")) == 1
    shown = gateway.ctl("explain", thread, check=0).stdout
    assert "on unanswered 10m" in shown and "on unanswered 30m" in shown
    assert "on: wants unanswered 30m, has \"unanswered 10m\"" in shown


def test_a_bot_that_is_not_done_in_three_minutes_offers_a_human(start, graph):
    """R0.10: bot unresolved for 3 minutes; a person's answer in time keeps it silent."""
    gateway = start(rules=WAIT, top=HOLD)
    threads = []
    for sender in (ANA, "+447700900456"):
        graph.say(sender, "it does not work")
        threads.append(gateway.wait_thread(lambda t, n=len(threads) + 1: len(t) == n)[0]["id"])
        assert gateway.reply(threads[-1], "Have you tried it again?", bot=True).status == 202
    assert gateway.reply(threads[1], "I look at it.", agent="Mia").status == 202
    graph.wait_accepted(3)
    quiet(gateway)
    gateway.advance(minutes=3)
    harness.wait_until(lambda: said(gateway, threads[0], "Shall I get you a colleague?"), "the offer")
    quiet(gateway)
    gateway.advance(hours=1)
    harness.wait_until(lambda: decided(gateway, "unanswered"), "another timer")
    assert [d["thread_id"] for d in decided(gateway, "bot")] == [threads[0]]


SHIPPED = f"include: [{harness.TOP}/etc/rules/noise.yaml]\n" + HOLD


@pytest.mark.parametrize("words", ["Thanks, that worked!", "Vielen Dank, es hat geklappt!"])
def test_thanks_that_worked_ends_as_resolved_without_a_ticket(start, graph, helpdesk, words):
    """R0.9, R0.14: it makes no ticket, counts as confirmed, closes after a quiet time (over a kill), reopens nothing."""
    gateway = start(rules="  []", top=SHIPPED)
    graph.say(ANA, "my lamp is broken")
    thread = gateway.wait_thread()[0]["id"]
    assert gateway.reply(thread, "Try another bulb.", agent="Mia").status == 202
    graph.wait_accepted(1)
    assert graph.say(ANA, words) == 200
    quiet(gateway)
    gateway.kill()
    gateway.advance(minutes=11)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    closed = gateway.wait_thread(lambda t: t and t[0]["state"] == "closed", "the end")[0]
    assert closed["resolution"] == "resolved" and closed["ticket"] is None
    end = next(e for e in gateway.events(thread) if e["type"] == "thread.closed")
    assert end["data"]["reason"] == "the customer said that it is solved"
    graph.say(ANA, words, at=gateway.now())
    heard = [e for e in gateway.events(thread) if e["type"] == "message.received"]
    assert [e["data"]["ignored"] for e in heard] == [None, "solved", "solved"]
    assert [t["state"] for t in gateway.threads()] == ["closed"] and not helpdesk.attempts


def test_solved_on_a_ticket_is_the_helpdesks_matter(start, graph, helpdesk):
    """R0.9: noise on a closed ticket reopens nothing; on an open one the helpdesk hears what was meant."""
    gateway = start(rules="  - { name: ticket, do: { convert: } }\n", top=SHIPPED)
    graph.say(ANA, "my lamp is broken")
    number = helpdesk.wait_event("ticket.requested").data["ticket"]["number"]
    graph.say(ANA, "Thanks, that worked!")
    assert helpdesk.wait_event("ticket.message").data["ignored"] == "solved"
    quiet(gateway)
    gateway.advance(hours=1)
    assert gateway.threads()[0]["state"] == "converted"
    assert gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": "closed"}).status == 200
    graph.say(ANA, "thank you!", at=gateway.now())
    helpdesk.wait_event("ticket.message", 2)
    assert gateway.threads()[0]["state"] == "closed" and not helpdesk.of("ticket.reopened")


def test_a_tag_by_hand_makes_a_ticket_by_the_criteria(start, graph, helpdesk):
    """R0.8: several teams, a bug to track, a regulatory record, long work: met by a tag of an agent or the API."""
    gateway = start(rules="  []", top=f"include: [{harness.TOP}/etc/rules/criteria.yaml]\n" + HOLD)
    wanted = {"needs-tracking": "bug", "regulatory": "regulatory", "several-teams": "several_teams",
              "long-work": "long_work"}
    for n, (tag, category) in enumerate(wanted.items()):
        graph.say(f"+44770090020{n}", "it is complicated")
        thread = gateway.wait_thread(lambda t, n=n: len(t) == n + 1)[0]["id"]
        gateway.ctl("thread", "set", thread, "--tag", "other", "--field", "plan=pro", "--agent", "Mia", check=0)
        assert gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"] is None
        out = gateway.ctl("thread", "set", thread, "--tag", tag, "--untag", "other", "--unset", "plan", check=0).stdout
        assert out.startswith(f"{thread} converted TK-")
        event = helpdesk.wait_event("ticket.requested", n + 1)
        assert (event.data["category"], event.data["tags"], event.data["custom"]) == (category, [tag], {})
        assert event.data["rule"]["on"] == "thread.changed"


@pytest.mark.parametrize("bot", [True, False])
def test_what_a_bot_does_not_know_is_tagged_and_a_human_offered(start, graph, bot):
    """R0.23 and R0.10 time: by the rules that are shipped; the same words of an agent are his own business."""
    files = ", ".join(f"{harness.TOP}/etc/rules/{name}.yaml" for name in ("bots", "all"))
    gateway = start(rules="  []", top=f"include: [{files}]\n" + HOLD)
    graph.say(ANA, "Was kostet der grüne Kessel")
    thread = gateway.wait_thread()[0]["id"]
    gateway.reply(thread, "Das habe ich nicht verstanden.", bot=bot)
    quiet(gateway)
    gateway.advance(minutes=4)
    if not bot:
        # Timers that are due act before this is answered.
        assert gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "he knows"}).status in (200, 201, 202)
        assert not decided(gateway, "bot") and gateway.threads()[0]["tags"] == []
        return
    harness.wait_until(lambda: gateway.threads()[0]["tags"] == ["bot-unsure", "offered-human"], "both tags")
    assert len(decided(gateway, "message.sent")) == 1
    graph.say(ANA, "Mensch bitte", at=gateway.now())
    gateway.wait_thread(lambda t: t[0]["ticket"], "the ticket")
    assert gateway.threads()[0]["ticket"]["category"] == "human"
