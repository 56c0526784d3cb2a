"""Where conversations go: queues, agents, fields, and what people and customers are told of it."""
import json

import harness
from fake_hook import FakeHook
from test_conversation import ANA, BO

CEM = "+447700900789"
RULES = """\
  - name: who is angry
    when: { text: { contains: awful } }
    do: { set: { priority: high }, notify: { text: "${contact.name} is angry: ${text}", to: desk } }
  - name: german
    when: { text: { contains: rechnung } }
    do: { skill: de, set: { via: "${channel} (${adapter})" } }
  - name: bills
    when: { text: { matches: 'bill|rechnung' } }
    do: { convert: { queue: billing, subject: "${contact.name|Somebody}: ${text}", custom: { by: "${rule}" } } }
"""
TOP = """\
settle: 1h
queues:
  billing:
    assign: least_busy
    prefer_previous: true
    agents:
      mia: { capacity: 2, name: Mia M., email: mia@acme.example }
      tom: { capacity: 1, skills: de }
    overflow: { text: "All are busy, ${contact.name}. It may take ${wait}.", per_conversation: 20m }
"""


def request(helpdesk, graph, sender, text, n):
    """What the helpdesk is asked for when sender says text: the n-th ticket."""
    assert graph.say(sender, text) == 200
    return helpdesk.wait_event("ticket.requested", n).data


def test_a_ticket_comes_with_queue_skill_assignee_and_filled_fields(start, graph, helpdesk):
    """R0.11, R0.12, R1.2, R1.9, R1.10, R1.11, R2.4: what a helpdesk routes by is in ticket.requested, with the thread."""
    gateway = start(rules=RULES, top=TOP)
    graph.say(ANA, "this is awful ${number}")
    thread = gateway.wait_thread()[0]["id"]
    data = request(helpdesk, graph, ANA, "rechnung 4711", 1)
    assert (data["queue"], data["skill"], data["assignee"]) == ("billing", "de", "tom")
    assert data["priority"] == "high" and data["subject"] == "Ana Lima: rechnung 4711"
    assert data["custom"] == {"priority": "high", "via": "wa-main (whatsapp)", "by": "bills"}
    assert data["ticket"]["routed"] == "tom, least busy: mia not de, tom 0/1"
    assert "this is awful" in data["transcript_text"] and len(data["messages"]) == 2
    mia = request(helpdesk, graph, BO, "my bill", 2)
    assert (mia["assignee"], mia["assignee_name"], mia["assignee_email"]) == ("mia", "Mia M.", "mia@acme.example")
    assert data["assignee_name"] is None and mia["skill"] is None
    shown = gateway.get(f"/v1/threads/{thread}")["thread"]
    assert shown["assignee"] == shown["ticket"]["assignee"] == "tom" and shown["queue"] == "billing"
    lines = [m["text"] for m in gateway.messages(thread) if m["direction"] == "system"]
    assert "Queue billing: tom, least busy: mia not de, tom 0/1." in lines
    assert "tom, least busy: mia not de, tom 0/1" in gateway.ctl("explain", thread, check=0).stdout


def test_priority_and_fields_come_from_tier_sentiment_and_order(start, graph, helpdesk):
    """R1.9, R1.11, R1.12: what a hook knows decides the priority by rules, and fills custom fields."""
    crm = FakeHook([harness.WEBHOOK_SECRET], {"contact": {"tier": "gold"}, "message": {"sentiment": "angry"},
                                              "thread": {"fields": {"order": "A-1001"}}})
    rules = """\
  - name: angry gold
    when: { fact: { sentiment: angry }, contact: { tier: gold } }
    do: { set: { priority: urgent } }
  - name: all
    do: { convert: { custom: { tier: "${contact.tier}", about: "order ${fact.order|none}", mood: "${fact.sentiment|calm}" } } }
"""
    top = f"settle: 1h\nhooks: {{ crm: {{ url: '{crm.url}', secrets: env:TEST_WEBHOOK_SECRET, deadline: 5s }} }}"
    try:
        start(rules=rules, top=top)
        data = request(helpdesk, graph, ANA, "where is it?!", 1)
    finally:
        crm.close()
    assert data["priority"] == data["ticket"]["priority"] == "urgent"
    assert data["custom"] == {"priority": "urgent", "tier": "gold", "order": "A-1001", "about": "order A-1001", "mood": "angry"}


def test_a_follow_up_goes_to_the_agent_who_answered(start, graph, helpdesk):
    """R1.3: previous_agent is fed to the helpdesk, and where headgate assigns it is he who gets it."""
    gateway = start(rules=RULES, top=TOP.replace("mia: { capacity: 2,", "mia: { capacity: 9,") + "window: { join: 1h, reopen: 1h }")
    first = request(helpdesk, graph, ANA, "my bill", 1)
    gateway.reply(first["thread"]["id"], "let me look", agent="tom")
    graph.wait_accepted(1)
    gateway.api("PUT", f"/v1/tickets/{first['ticket']['number']}/status", {"status": "solved"})
    gateway.advance(days=2)
    graph.say(ANA, "again my bill", at=gateway.now())
    data = helpdesk.wait_event("ticket.requested", 2).data
    assert first["assignee"] == "mia" and data["assignee"] == "tom" and data["previous_agent"] == "tom"
    assert data["ticket"]["routed"].startswith("tom, who answered last time")


def test_when_all_are_busy_the_customer_hears_once_how_long_it_may_take(start, graph, helpdesk):
    """R0.12: overflow answer with the expected wait, on his channel, once."""
    gateway = start(rules=RULES, top=TOP.replace("capacity: 2", "capacity: 1"))
    assert request(helpdesk, graph, ANA, "my bill", 1)["assignee"] == "mia"
    assert request(helpdesk, graph, BO, "my bill", 2)["assignee"] == "tom"
    data = request(helpdesk, graph, CEM, "my bill", 3)
    assert data["assignee"] is None and data["queue"] == "billing"
    told = graph.wait_accepted(1)[0]
    assert (told.to, told.text) == (CEM[1:], "All are busy, Ana Lima. It may take 10 min.")
    graph.say(CEM, "hello?")
    helpdesk.wait_event("ticket.message")
    assert len(graph.accepted) == 1
    # Who has how many, for people and programs.
    queues = gateway.get("/v1/queues")["queues"]
    assert [(q["name"], q["waiting"], q["in_hours"], q["wait_ms"]) for q in queues] == [("billing", 1, True, 1200000)]
    assert [(a["id"], a["open"], a["capacity"]) for a in queues[0]["agents"]] == [("mia", 1, 1), ("tom", 1, 1)]
    assert json.loads(gateway.ctl("--json", "queue", "list", check=0).stdout)["queues"] == queues
    table = gateway.ctl("queue", "list", check=0).stdout.splitlines()
    assert table[1].split()[:3] == ["billing", "1", "open"] and table[3].split()[:4] == ["tom", "1/1", "full", "de"]


def test_a_notice_reaches_the_backend_before_there_is_a_ticket_and_never_the_customer(start, graph, helpdesk):
    """R0.10, R1.5: notify tells people; what it says is a note and goes to no customer."""
    gateway = start(rules=RULES, top=TOP)
    graph.say(ANA, "awful")
    notice = helpdesk.wait_event("thread.notice").data
    assert notice["notice"] == {"text": "Ana Lima is angry: awful", "rule": "who is angry"}
    assert notice["ticket"] is None and notice["contact"]["phone"] == ANA
    thread = notice["thread"]["id"]
    note = gateway.wait_message(thread, lambda m: m["direction"] == "note")
    assert (note["text"], note["author"]) == ("Ana Lima is angry: awful", "rule")
    data = request(helpdesk, graph, ANA, "my bill", 1)
    assert "is angry" not in json.dumps(data["messages"]) + data["transcript_text"]
    assert not graph.accepted


def test_check_and_try_know_queues(start):
    """A channel's default queue is one there is; a text tried shows where it would go."""
    gateway = start(rules=RULES, top=TOP, channel="ticket: { queue: biling }", begin=False)
    done = gateway.ctl("check", str(gateway.config_path))
    assert done.returncode == 78 and "there is no queue 'biling'" in done.stderr and "'billing'?" in done.stderr
    gateway.write_config(gateway.config_path.read_text().replace("biling", "billing"))
    gateway.ctl("check", str(gateway.config_path), check=0)
    shown = gateway.ctl("-c", str(gateway.config_path), "rules", "try", "awful rechnung", check=0).stdout.splitlines()
    assert [line.split(None, 1) for line in shown if line.split()[0] in ("queue", "skill", "notify")] == \
        [["queue", "billing"], ["skill", "de"], ["notify", "${contact.name} is angry: ${text}"]]


def test_a_configuration_says_in_its_tests_who_gets_what(start):
    """R0.12: expectations on queue, skill and assignee, played through the same engine."""
    more = """\
tests:
  - name: one each, then nobody
    given:
      - { channel: wa-main, from: "+447700900001", text: my bill, expect: { ticket: { queue: billing, assignee: mia } } }
      - { channel: wa-main, from: "+447700900002", text: rechnung, expect: { ticket: { assignee: tom, skill: de } } }
      - { channel: wa-main, from: "+447700900003", text: rechnung, expect: { ticket: { assignee: null } } }
    expect: { tickets: 3, replies: [It may take 20 min] }
  - name: wrong on purpose
    given: [ { channel: wa-main, from: "+447700900001", text: my awful bill } ]
    expect: { ticket: { assignee: tom, priority: high }, events: [thread.notice, ticket.requested] }
"""
    gateway = start(rules=RULES, top=TOP, more=more, begin=False)
    done = gateway.ctl("test", str(gateway.config_path))
    assert done.returncode == 1 and "ok    one each, then nobody\n" in done.stdout
    assert [line.split(": ", 1)[1] for line in done.stdout.splitlines() if ": expected" in line] == \
        ["ticket.assignee: expected tom, got mia"]
