"""The contract of a conversion: what a helpdesk is handed, and what the customer hears of it."""
import concurrent.futures
import json

import pytest

from conftest import AT_ONCE
from harness import wait_until
from test_conversation import ANA, converted

DEFAULTS = """\
ticket:
  priority: normal
  category: whatsapp
  type: question
  queue: first-line
  custom: { inbox: wa, brand: acme }
"""


def clock(data, name):
    assert data[name], name
    return data[name]


# ---- clocks and links ----

def test_every_clock_of_the_chat_travels_with_the_ticket(start, graph, helpdesk):
    """R3.7, R3.9, R4.6, R4.8: first_response_at carries over, conversion closes the chat, chat_closed_at is set."""
    gateway = start(rules="", top="settle: 1h")
    graph.say(ANA, "my invoice is wrong")
    thread = gateway.wait_thread()[0]["id"]
    gateway.advance(minutes=1)
    assert gateway.reply(thread, "let me look").status == 202
    graph.wait_accepted(1)
    gateway.advance(minutes=1)
    graph.say(ANA, "it is number 4711", at=gateway.now())
    gateway.advance(minutes=1)
    assert gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"}).status == 200
    data = helpdesk.wait_event("ticket.requested").data
    order = [clock(data, name) for name in ("first_message_at", "first_response_at", "last_customer_message_at",
                                            "chat_closed_at", "converted_at")]
    assert order == sorted(order) and len(set(order)) == 4
    assert data["chat_closed_at"] == data["converted_at"]
    shown = gateway.get(f"/v1/threads/{thread}")["thread"]
    assert shown["state"] == "converted" and shown["chat_closed_at"] == data["converted_at"]


def test_a_chat_that_was_closed_before_keeps_the_time_of_its_closing(start, graph, helpdesk):
    """R4.3, R4.6: closed unresolved and converted later, the clock runs from the closing."""
    gateway = start(rules="", top="settle: 1h\ndefault: hold")
    graph.say(ANA, "my invoice is wrong")
    thread = gateway.wait_thread()[0]["id"]
    gateway.api("POST", f"/v1/threads/{thread}/close", {"resolution": "unresolved"})
    gateway.advance(minutes=3)
    gateway.api("POST", f"/v1/threads/{thread}/convert", {})
    data = helpdesk.wait_event("ticket.requested").data
    assert data["chat_closed_at"] < data["converted_at"] and data["resolution"] == "unresolved"


def test_chat_and_ticket_lead_to_each_other_and_the_link_outlives_reopening(start, graph, helpdesk):
    """R0.6, R3.8, R3.9, R3.10, R4.4: URLs both ways, a line in the thread, reopening keeps the ticket."""
    gateway = start(rules=AT_ONCE)
    thread, event = converted(gateway, graph, helpdesk)
    url = f"https://chat.acme.example/threads/{thread}"
    assert event.data["thread"]["url"] == url
    assert event.data["profile"]["url"].startswith("https://chat.acme.example/contacts/con_")
    assert event.data["origin"] == f"Originated from chat on wa-main: {url}"
    number = event.data["ticket"]["number"]
    gateway.wait_thread(lambda t: t[0]["ticket"]["links"], "the link")
    for word in ("solved", "open"):
        assert gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": word}).status == 200
    shown = gateway.get(f"/v1/threads/{thread}")["thread"]
    assert shown["ticket"]["number"] == number and shown["state"] == "converted"
    assert shown["ticket"]["links"][0]["url"] == "https://desk.example/t/9001"
    assert "ticket HD-9001 in desk: https://desk.example/t/9001" in gateway.ctl("thread", "show", thread, check=0).stdout
    messages = gateway.messages(thread)
    assert messages[0]["text"] == "my invoice is wrong"		# readable afterwards
    assert any(m["direction"] == "system" and number in m["text"] for m in messages)
    assert shown["chat_closed_at"] == event.data["chat_closed_at"]


# ---- who has it, and as what ----

def test_an_agents_ticket_is_his_and_in_progress_and_a_rules_is_nobodys(start, graph, helpdesk):
    """R3.6: status and assignee when an agent converted, empty when a rule did."""
    gateway = start(rules="  - name: bills\n    when: { text: { matches: invoice } }\n    do: { convert: { } }\n",
                    top="settle: 1h")
    _, by_rule = converted(gateway, graph, helpdesk)
    assert [by_rule.data[k] for k in ("status", "assignee", "converting_agent")] == [None, None, None]
    graph.say("+447700900456", "something else")
    thread = next(t["id"] for t in gateway.wait_thread(lambda t: len(t) == 2) if not t["ticket"])
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    data = helpdesk.wait_event("ticket.requested", 2).data
    assert [data[k] for k in ("status", "assignee", "converting_agent")] == ["in_progress", "Ben", "Ben"]
    assert data["ticket"]["assignee"] == "Ben" and data["ticket"]["status"] == "in_progress"


def test_a_channel_says_what_its_tickets_are_unless_somebody_says_otherwise(start, graph, helpdesk):
    """R4.2: priority, category, type, queue and fields by default per channel; rule and agent go before it."""
    rules = ("  - name: bills\n    when: { text: { matches: invoice } }\n"
             "    do: { set: { brand: other }, convert: { priority: high } }\n")
    gateway = start(rules=rules, top="settle: 1h", channel=DEFAULTS)
    _, event = converted(gateway, graph, helpdesk)
    data = event.data
    assert (data["priority"], data["category"], data["type"], data["queue"]) == \
        ("high", "whatsapp", "question", "first-line")
    assert data["custom"] == {"inbox": "wa", "brand": "other"}
    assert data["ticket"]["category"] == "whatsapp" and data["channel"] == "wa-main"


# ---- once ----

def test_rule_api_and_cli_at_the_same_moment_make_one_ticket(start, graph, helpdesk):
    """R3.8: converting twice is the same ticket, whoever asks: one number, one request, one line in the thread."""
    gateway = start(rules="", top="settle: 20s")
    graph.say(ANA, "my invoice is wrong")
    thread = gateway.wait_thread()[0]["id"]

    def by_api(i):
        answer = gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": f"agent {i}"})
        assert answer.status == 200, answer
        return answer.json["thread"]["ticket"]["number"]

    def by_cli():
        gateway.ctl("thread", "convert", thread, "--agent", "cli", check=0)

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        cli = [pool.submit(by_cli) for _ in range(2)]
        api = [pool.submit(by_api, i) for i in range(8)]
        gateway.advance(seconds=21)
        numbers = {one.result() for one in api}
        for one in cli:
            one.result()
    assert len(numbers) == 1
    helpdesk.wait_event("ticket.requested")
    assert [e["type"] for e in gateway.events(thread)].count("ticket.requested") == 1
    assert sum(m["direction"] == "system" for m in gateway.messages(thread)) == 1
    assert len({d.data["ticket"]["number"] for d in helpdesk.of("ticket.requested")}) == 1


# ---- notes ----

def test_no_event_of_any_kind_carries_a_note(start, graph, helpdesk):
    """R1.5, R3.5: a note is written before, between and after everything that makes events."""
    gateway = start(rules="", top="settle: 1h", backend='events: ["*"]')
    canary = "canary-5e1f"
    graph.deliver(graph.text(ANA, "my invoice is wrong", id="wamid.one"))
    thread = gateway.wait_thread()[0]["id"]

    def note():
        assert gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": canary, "agent": "Ben"}).status == 201

    note()
    gateway.reply(thread, "let me look")
    sent = graph.wait_accepted(1)[0]
    graph.tell(sent, "delivered")
    graph.deliver(graph.reaction(ANA, "wamid.one"))
    graph.deliver(graph.edit(ANA, "wamid.one", "my invoice 12 is wrong"))
    note()
    gateway.api("POST", f"/v1/threads/{thread}/close", {"resolution": "unresolved"})
    note()
    gateway.api("POST", f"/v1/threads/{thread}/reopen", {})
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    number = helpdesk.wait_event("ticket.requested").data["ticket"]["number"]
    note()
    for word in ("solved", "open", "solved"):
        gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": word})
    note()
    graph.say(ANA, "it is wrong again")
    helpdesk.wait_event("message.received", 2)
    types = {e["type"] for e in gateway.events(thread)}
    assert {"thread.opened", "thread.closed", "thread.reopened", "message.received", "message.sent", "message.status",
            "message.reacted", "message.edited", "ticket.requested", "ticket.linked", "ticket.status",
            "ticket.reopened", "ticket.message"} <= types
    for event in gateway.events(thread):
        assert canary not in json.dumps(event), event["type"]
    assert all(canary not in d.raw.decode() for d in helpdesk.attempts)
    assert all(canary not in m.raw.decode() for m in graph.accepted)
    assert canary not in json.dumps(gateway.get(f"/v1/threads/{thread}"))
    assert canary not in gateway.ctl("explain", thread).stdout
    assert canary not in gateway.log()


# ---- numbers ----

def test_ticket_numbers_follow_the_pattern(start, graph, helpdesk):
    """R0.7: date parts and width in the number; two tickets have two numbers."""
    gateway = start(rules=AT_ONCE, begin=False)
    config = gateway.config_path.read_text().replace("ticket:\n", 'ticket:\n  number: "AC-%Y%m-%06d"\n  first_number: 42\n')
    gateway.write_config(config)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    _, one = converted(gateway, graph, helpdesk)
    _, two = converted(gateway, graph, helpdesk, sender="+447700900456")
    day = one.data["converted_at"].replace("-", "")[:6]
    assert [e.data["ticket"]["number"] for e in (one, two)] == [f"AC-{day}-000042", f"AC-{day}-000043"]
    assert gateway.api("PUT", f"/v1/tickets/AC-{day}-000043/status", {"status": "pending"}).status == 200


# ---- the confirmation ----

def with_ticket(gateway, lines, hours=""):
    text = gateway.config_path.read_text()
    gateway.write_config(text.replace('ticket:\n  confirm: ""\n', "ticket:\n" + lines + hours))


EXPECTED = """\
  confirm: { en: "${name|Hello}: ${number}, within ${expected}", de: "${number}, in ${expected}" }
  expected: { high: 1h, default: 2d }
"""


def test_the_confirmation_is_in_the_customers_language_with_the_time_an_answer_takes(start, graph, helpdesk):
    """R0.7, R4.8: texts by language, the expected response time by priority."""
    rules = ("  - name: urgent\n    when: { text: { matches: urgent } }\n    do: { convert: { priority: high } }\n" + AT_ONCE)
    gateway = start(rules=rules, begin=False,
                    more="word_lists:\n  de: { greeting: [guten tag], billing: [rechnung, falsch] }\n  en: { greeting: [hello] }\n")
    with_ticket(gateway, EXPECTED)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say(ANA, "Guten Tag, Rechnung falsch")
    assert graph.wait_accepted(1)[0].text == "HD-9001, in 2 Tagen"
    graph.say("+447700900456", "hello, urgent", name="Bo")
    assert graph.wait_accepted(2)[1].text == "Bo: HD-9002, within 1 hour"


def test_without_texts_of_its_own_it_speaks_seven_languages_and_names_the_time(start, graph, helpdesk):
    """R4.8: built-in confirmation; gateway.language where nobody knows the customer's."""
    gateway = start(rules=AT_ONCE, begin=False)
    with_ticket(gateway, "  expected: 90m\n")
    gateway.write_config(gateway.config_path.read_text().replace("  name: Acme support\n", "  name: Acme\n  language: es\n"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say(ANA, "x")
    assert graph.wait_accepted(1)[0].text == ("Gracias. Su solicitud tiene el número HD-9001. "
                                              "Recibirá una respuesta en un plazo de 2 horas.")


def test_a_channel_that_costs_money_says_nothing(start, graph, helpdesk):
    """R4.8: the channel's own text goes before the ticket's; "" switches it off."""
    gateway = start(rules=AT_ONCE, confirm="Number ${number}.", channel='confirm: ""')
    _, event = converted(gateway, graph, helpdesk)
    gateway.advance(minutes=5)
    graph.say(ANA, "any news?", at=gateway.now())
    helpdesk.wait_event("ticket.message")
    assert not graph.accepted and not [m for m in gateway.messages(event.data["thread"]["id"]) if m["author"] == "gateway"
                                       and m["direction"] == "outbound"]


TEMPLATE = 'confirm_template: { name: ticket_made, language: en, values: ["${number}", "${name|you}", "${expected}"] }'


def test_outside_the_window_an_approved_template_confirms(start, graph, helpdesk):
    """R0.7: a chat converted a day later is confirmed by the template of the channel."""
    gateway = start(rules="", top="default: ignore", confirm="Number ${number}.", channel=TEMPLATE)
    graph.say(ANA, "my invoice is wrong", name="Ana\n\t     Lima")
    thread = gateway.wait_thread()[0]["id"]
    gateway.advance(hours=25)
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    sent = graph.wait_accepted(1)[0]
    assert sent.type == "template" and sent.body["template"]["name"] == "ticket_made"
    values = [p["text"] for p in sent.body["template"]["components"][0]["parameters"]]
    assert values == ["HD-9001", "Ana Lima", "-"]	# one line each, and none empty: WhatsApp refuses others
    assert gateway.messages(thread)[-1]["text"] == "Number HD-9001."


def test_outside_the_window_without_one_the_agent_learns_of_it(start, graph, helpdesk):
    """R0.7: not sent, and told to the helpdesk as a failed message with what to do."""
    gateway = start(rules="", top="default: ignore", confirm="Number ${number}.")
    graph.say(ANA, "my invoice is wrong")
    thread = gateway.wait_thread()[0]["id"]
    gateway.advance(hours=25)
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    assert helpdesk.wait_event("message.status").data["agent_note"]
    assert not graph.accepted


# ---- the requester ----

def mails(start, graph, helpdesk, policy, more=""):
    gateway = start(rules=AT_ONCE, channel=f"requester: {policy}\n{more}")
    return gateway, lambda: helpdesk.wait_event("ticket.requested").data


@pytest.mark.parametrize("policy, email, tags", [
    ("none", None, []), ("real", None, ["requester_missing"]), ("synthetic", "{id}@headgate.invalid", [])])
def test_who_has_no_address_is_requester_by_the_channels_policy(start, graph, helpdesk, policy, email, tags):
    """R3.1, R3.3: phone-only contacts; what a look-up needs is there, and nothing that is not proven says it is."""
    gateway, requested = mails(start, graph, helpdesk, policy)
    graph.say(ANA, "my invoice is wrong", name="Ana")
    data = requested()
    want = email and email.format(id=data["contact"]["id"])
    assert data["requester"] == {"email": want, "proven": False, "name": "Ana", "phone": ANA, "policy": policy}
    assert data["tags"] == tags


def test_a_made_up_address_is_of_ones_own_domain(start, graph, helpdesk):
    """R3.1: the pattern of the channel."""
    _, requested = mails(start, graph, helpdesk, "synthetic", 'requester_address: "wa-${phone}@chat.acme.example"')
    graph.say(ANA, "my invoice is wrong")
    assert requested()["requester"]["email"] == f"wa-{ANA[1:]}@chat.acme.example"
    assert graph.say(ANA, "and today?") == 200
    later = helpdesk.wait_event("ticket.message").data
    assert later["ticket"]["requester"] == f"wa-{ANA[1:]}@chat.acme.example" and later["contact"]["email"] is None


def test_whoever_is_asked_and_answers_is_requester_by_what_he_says(start, graph, helpdesk):
    """R3.1: the ticket waits for his answer, which is his word only; nothing said meanwhile is lost."""
    gateway, requested = mails(start, graph, helpdesk, "ask")
    graph.say(ANA, "my invoice is wrong")
    assert "e-mail" in graph.wait_accepted(1)[0].text
    shown = gateway.threads()[0]
    assert shown["state"] == "converted" and shown["asked"] == "email" and shown["ticket"]["state"] == "requested"
    graph.say(ANA, "it is number 4711")
    assert not helpdesk.attempts
    graph.say(ANA, "Ana.Lima@Example.com, thanks")
    data = requested()
    assert data["requester"]["email"] == "Ana.Lima@example.com" and data["requester"]["proven"] is False
    assert data["contact"]["email"] is None and data["rule"]["id"] == "everything at once"
    assert [m["text"] for m in data["messages"] if m["direction"] == "inbound"] == [
        "my invoice is wrong", "it is number 4711", "Ana.Lima@Example.com, thanks"]
    graph.say(ANA, "any news?")
    assert helpdesk.wait_event("ticket.message").data["message"]["text"] == "any news?"
    assert len(helpdesk.of("ticket.requested")) == len(helpdesk.of("ticket.message")) == 1
    assert [d.data["sequence"] for d in helpdesk.accepted] == sorted(d.data["sequence"] for d in helpdesk.accepted)


def test_an_address_somebody_claims_lets_him_into_nothing(start, graph, helpdesk):
    """R3.1, promise 10: two people who say the same address stay two, with a ticket each."""
    gateway, _ = mails(start, graph, helpdesk, "ask")
    for n, sender in enumerate((ANA, "+447700900456"), 1):
        graph.say(sender, "my invoice is wrong")
        graph.wait_accepted(n)
        graph.say(sender, "ana@example.com")
        helpdesk.wait_event("ticket.requested", n)
    one, two = (d.data for d in helpdesk.of("ticket.requested"))
    assert one["requester"]["email"] == two["requester"]["email"] == "ana@example.com"
    assert one["contact"]["id"] != two["contact"]["id"] and two["previous_ticket"] is None
    assert not any("mailto" in a["uri"] for d in (one, two) for a in d["contact"]["addresses"])


@pytest.mark.parametrize("crash", [False, True])
def test_without_an_answer_the_request_goes_out_all_the_same(start, graph, helpdesk, crash):
    """R3.1: after ask_wait, also when the daemon died meanwhile; the ticket says that the address is missing."""
    gateway, requested = mails(start, graph, helpdesk, "ask", "ask_wait: 3m")
    graph.say(ANA, "my invoice is wrong")
    graph.wait_accepted(1)
    wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the question to be on its way")
    if crash:
        gateway.kill()
        gateway.start()
        graph.target(gateway.port, "wa-main")
    gateway.advance(minutes=2, seconds=50)
    assert not helpdesk.attempts
    gateway.advance(seconds=11)
    data = requested()
    assert data["requester"]["email"] is None and data["tags"] == ["requester_missing"]
    assert data["rule"]["id"] == "everything at once"
    graph.say(ANA, "ana@example.com", at=gateway.now())
    assert helpdesk.wait_event("ticket.message").data["message"]["text"] == "ana@example.com"


def test_who_cannot_be_asked_is_not_waited_for(start, graph, helpdesk):
    """R3.1: outside of the window the request goes out at once."""
    gateway = start(rules="", top="default: ignore", channel="requester: ask")
    graph.say(ANA, "my invoice is wrong")
    thread = gateway.wait_thread()[0]["id"]
    gateway.advance(hours=25)
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    assert helpdesk.wait_event("ticket.requested").data["tags"] == ["requester_missing"]
    assert not graph.accepted
