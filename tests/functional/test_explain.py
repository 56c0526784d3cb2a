"""Why headgate decided what it did, asked of the running daemon; and the bodies a helpdesk really gets."""
import conftest
import test_event_schemas

ANA = "447700900123"

RULES = """\
  - name: thanks and greetings
    when: { text: { matches: '^\\W*(hi|hello|thanks)\\W*$' }, thread: { has_ticket: false } }
    do: { ignore: noise }
  - name: wants a person
    when: { any: [ { text: { contains: human } }, { tag: escalate } ] }
    do: { convert: { priority: high, category: escalation }, tag: person, set: { queue: first } }
"""
OTHER_RULES = """\
  - name: all of it
    do: { hold: true }
"""


def thread_of(gateway):
    return gateway.wait_thread()[0]["id"]


def test_a_decision_is_explained_by_the_rules_of_its_time(start, graph, helpdesk):
    gateway = start(rules=RULES)
    graph.say(ANA, "hello!")
    graph.say(ANA, "a human please")
    helpdesk.wait_event("ticket.requested")
    thread = thread_of(gateway)
    hello, human = [m for m in gateway.messages(thread) if m["direction"] == "inbound"]

    gateway.write_config(conftest.config_text(graph.url, helpdesk.url, rules=OTHER_RULES))
    gateway.reload()

    first = gateway.get(f"/v1/messages/{hello['id']}/explain")
    decision = first["decisions"][0]
    assert (decision["action"], decision["rule"]) == ("ignore", "thanks and greetings")
    assert decision["proposal"] == "new"
    assert decision["note"] is None
    assert [rule["matched"] for rule in decision["trace"]] == [True, False]
    assert decision["facts"]["channel"] == "wa-main"

    second = gateway.get(f"/v1/messages/{human['id']}/explain")["decisions"][0]
    assert (second["action"], second["rule"]) == ("convert", "wants a person")
    assert second["trace"][0]["why"][0] == {
        "cond": "text.matches", "want": "^\\W*(hi|hello|thanks)\\W*$", "got": "a human please", "ok": False}
    assert len(gateway.get(f"/v1/threads/{thread}/explain")["decisions"]) == 2

    told = gateway.ctl("explain", human["id"], check=0).stdout
    assert "MATCH  wants a person  headgate.yaml:" in told
    assert "text.matches: wants ^\\W*(hi|hello|thanks)\\W*$, has \"a human please\"" in told
    assert "decision        convert, by rule 'wants a person'" in told


def test_what_a_helpdesk_gets_fits_the_schemas(start, graph, helpdesk):
    gateway = start(rules=RULES, backend="events: ['*']")
    graph.say(ANA, "hello!")
    graph.say(ANA, "a human please")
    helpdesk.wait_event("ticket.requested")
    thread = thread_of(gateway)
    gateway.reply(thread, "Here I am.")
    graph.tell(graph.wait_accepted()[0], "sent", "delivered")
    graph.say(ANA, "my invoice is wrong")
    helpdesk.wait_event("ticket.message")
    helpdesk.wait_event("message.status")

    requested = helpdesk.of("ticket.requested")[0].data
    assert requested["rule"]["id"] == "wants a person"
    assert requested["tags"] == ["person"] and requested["custom"] == {"queue": "first"}
    assert requested["transcript_text"].splitlines()[0].endswith(": hello!")
    assert requested["contact"]["phone"] == "+" + ANA
    assert not helpdesk.forged
    for delivery in helpdesk.accepted:
        name = delivery.type + ".json"
        schema = test_event_schemas.SCHEMAS[name]
        errors = [f"{list(e.absolute_path)}: {e.message}"
                  for e in test_event_schemas.validator(name).iter_errors(delivery.event)]
        assert not errors, (delivery, errors)
        assert not list(test_event_schemas.unknown(delivery.data, schema["properties"]["data"], schema)), delivery
    numbers = [d.data["sequence"] for d in helpdesk.accepted if d.data.get("thread", {}).get("id") == thread]
    assert numbers == sorted(set(numbers))
