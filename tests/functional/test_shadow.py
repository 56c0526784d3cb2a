"""R0.21: a pilot. One channel is on trial beside a real one: everything is decided, and nothing leaves headgate."""
import json

import pytest

import fake_channel
from conftest import NOISE, config_text
from harness import wait_until

ANA, BO = "+447700900123", "+447700900456"
RULES = NOISE + """\
  - name: opening hours
    when: { text: { contains: open } }
    do: { ignore: hours, reply: "From 9 to 6." }
  - name: help
    when: { text: { contains: help } }
    do: { convert: { priority: high } }
"""
SAID = ["hello", "when are you open?", "please help me", "thanks", "and it is broken"]


@pytest.fixture
def pilot(start, graph, helpdesk):
    """WhatsApp in earnest, the other channel on trial; a helpdesk that wants to hear everything."""
    gateway = start(begin=False, env=fake_channel.ENV)
    config = config_text(graph.url, helpdesk.url, rules=RULES, confirm="Your number is ${number}.", backend="events: ['*']")
    gateway.write_config(fake_channel.beside(config, more="shadow: true"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    return gateway, fake_channel.Provider(gateway)


def story(gateway, thread):
    """What was decided about a conversation, without what differs by channel."""
    asked = gateway.get(f"/v1/threads/{thread}/explain")["decisions"]
    return [(d["on"], d["action"], d["rule"], d["proposal"]) for d in asked]


def test_a_channel_on_trial_decides_like_a_real_one_and_the_helpdesk_sees_nothing_of_it(pilot, graph, helpdesk):
    """R0.21: the same messages on both channels, from two people; the same decisions, one ticket, no answer on trial."""
    gateway, other = pilot
    for text in SAID:
        assert other.say(BO, text) == 200
        graph.say(ANA, text)
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == 2, "the messages after the ticket")
    wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"] and
               not gateway.get("/v1/outbox?state=due")["jobs"], "an empty outbox")
    gateway.advance(minutes=2)
    assert [m.text for m in graph.wait_accepted(2)] == ["From 9 to 6.", "Your number is HD-9001."]
    real, = gateway.threads()
    trial, = wait_until(lambda: (lambda t: t if t[0]["outbound"] == 2 else None)(gateway.threads(shadow="true")),
                        "the confirmation that is not sent")
    assert story(gateway, real["id"]) == story(gateway, trial["id"])
    assert real["ticket"]["number"] == "TK-1000" and trial["ticket"]["number"] == "SHADOW-1"
    assert trial["shadow"] is True and "shadow" not in real
    unsent = [m for m in gateway.messages(trial["id"]) if m["direction"] == "outbound"]
    assert [(m["text"], m["delivery"], m["note"]) for m in unsent] == \
        [("From 9 to 6.", "none", "on trial: not sent"), ("Your number is SHADOW-1.", "none", "on trial: not sent")]
    assert trial["id"] not in json.dumps([d.data for d in helpdesk.accepted]) and \
        BO not in json.dumps([d.data for d in helpdesk.accepted])
    # Lists and logs leave them out unless they are asked for.
    assert trial["id"] not in json.dumps(gateway.get("/v1/events?limit=500"))
    assert {e["data"]["thread"]["id"] for e in gateway.get("/v1/events?limit=500&shadow=true")["events"]} == {trial["id"]}
    assert trial["id"] not in gateway.ctl("thread", "list", check=0).stdout
    assert "(on trial)" in gateway.ctl("thread", "list", "--shadow", check=0).stdout
    assert "on trial" in gateway.ctl("explain", trial["id"], check=0).stdout
    assert "on trial" in gateway.ctl("status", check=0).stdout
    assert gateway.api("GET", "/v1/threads?shadow=perhaps").status == 400
    # The comparison at the end of a pilot: each by itself, rates and all.
    report = json.loads(gateway.ctl("report", "--since", "1d", "--json", check=0).stdout)
    for half in report, report["shadow"]:
        assert (half["total"]["conversations"], half["total"]["tickets"]) == (1, 1), half["total"]
    assert [row["channel"] for row in report["rows"]] == ["wa-main"]
    assert [row["channel"] for row in report["shadow"]["rows"]] == ["try"]
    assert "On trial" in gateway.ctl("report", "--since", "1d", check=0).stdout


def test_an_end_without_an_answer_raises_no_alarm_on_trial(pilot, helpdesk):
    """R0.21: closed unresolved without a ticket; on a real channel that is a drop."""
    gateway, other = pilot
    other.say(BO, "when are you open?")
    trial = wait_until(lambda: gateway.threads(shadow="true"), "the thread")[0]["id"]
    assert gateway.api("POST", f"/v1/threads/{trial}/close", dict(resolution="unresolved")).status == 200
    gateway.advance(minutes=6)
    other.say(ANA, "hello")		# whatever the clock let happen has happened when this is stored
    wait_until(lambda: len(gateway.threads(shadow="true")) == 2, "the second thread")
    assert "drop.detected" not in gateway.log() and not helpdesk.accepted


def test_the_trial_ends_with_a_reload(pilot, graph, helpdesk):
    """R0.21: from then on conversations are real; what was on trial stays so."""
    gateway, other = pilot
    other.say(BO, "please help me")
    trial = wait_until(lambda: gateway.threads(shadow="true"), "the thread")[0]["id"]
    gateway.write_config(gateway.config_path.read_text().replace("shadow: true", "shadow: false"))
    gateway.reload()
    other.say(BO, "please help me at last")
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["thread"]["id"] != trial and event.data["ticket"]["number"] == "TK-1000"
    assert event.data["previous_ticket"] is None
    assert gateway.get(f"/v1/threads/{trial}")["thread"]["shadow"] is True
