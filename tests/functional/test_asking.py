"""What customers are asked by the gateway itself: how it was, and whether it is solved."""
import pytest

from conftest import AT_ONCE, NOISE
from harness import wait_until
from test_conversation import ANA, converted

RATING = "settle: 1h\nrating:\n  ask: true\n  delay: 0s\n"
QUESTION = "How did we do? Please answer with a number from 1 (poor) to 5 (very good)."


OTHER = """\
channels:
  other:
    adapter: whatsapp
    phone_number_id: "309876543210"
    token: env:TEST_GRAPH_TOKEN
    app_secret: env:TEST_APP_SECRET
    verify_token: env:TEST_VERIFY_TOKEN
"""


def quiet(gateway):
    """Nothing is under way: the clock may go on."""
    wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "sends under way")


def talked(gateway, graph, text="my invoice is wrong", bot=False):
    """A customer has written, and somebody answered him."""
    graph.say(ANA, text, at=gateway.now())
    thread = gateway.wait_thread()[0]["id"]
    before = len(graph.accepted)
    assert gateway.reply(thread, "it is corrected", bot=bot).status == 202
    graph.wait_accepted(before + 1)
    quiet(gateway)
    return thread


def close(gateway, thread, **body):
    answer = gateway.api("POST", f"/v1/threads/{thread}/close", dict(resolution="resolved", **body))
    assert answer.status == 200, answer


def said(gateway, graph, text):
    """The customer says it; the thread as it is then."""
    assert graph.say(ANA, text, at=gateway.now()) == 200
    return gateway.threads()[0]


def types(gateway, thread):
    return [e["type"] for e in gateway.events(thread)]


# ---- how was it? ----

@pytest.mark.parametrize("bot, resolver", [(False, "human"), (True, "bot")])
def test_after_the_end_the_customer_is_asked_and_his_number_is_kept(start, graph, helpdesk, bot, resolver):
    """R3.11, R0.19, R1.14: asked on his channel; score, channel and resolver in csat.received; nothing reopens."""
    gateway = start(rules="", top=RATING, backend='events: ["*"]')
    thread = talked(gateway, graph, bot=bot)
    close(gateway, thread)
    question = graph.wait_accepted(2)[1]
    assert (question.to, question.text) == (ANA[1:], QUESTION)
    shown = said(gateway, graph, "4")
    assert shown["state"] == "closed" and shown["id"] == thread and len(gateway.threads()) == 1
    event = helpdesk.wait_event("csat.received")
    csat = event.data["csat"]
    assert (csat["score"], csat["scale"], csat["channel"], csat["resolver"]) == (4, "5", "wa-main", resolver)
    assert shown["csat"]["score"] == 4 and "thread.reopened" not in types(gateway, thread)
    assert "answers a question of the gateway's" in gateway.ctl("explain", thread, check=0).stdout
    gateway.advance(days=4)	# whoever writes later has something else to say
    said(gateway, graph, "2")
    assert len(helpdesk.of("csat.received")) == 1 and len(gateway.threads()) == 2


def test_after_a_solved_ticket_he_is_asked_and_the_ticket_stays_solved(start, graph, helpdesk):
    """R3.11: the prompt comes for converted conversations too; the ticket hears csat.received and no message."""
    gateway = start(rules=AT_ONCE, top=RATING)
    thread, event = converted(gateway, graph, helpdesk)
    number = event.data["ticket"]["number"]
    assert gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": "solved"}).status == 200
    assert graph.wait_accepted(1)[0].text == QUESTION
    shown = said(gateway, graph, "5, thank you!")
    received = helpdesk.wait_event("csat.received").data
    assert received["ticket"]["number"] == number and received["csat"]["score"] == 5
    assert shown["state"] == "closed" and shown["ticket"]["state"] == "solved"
    assert not {"ticket.message", "ticket.reopened"} & set(types(gateway, thread))


def test_more_than_a_rating_is_an_ordinary_message_too(start, graph, helpdesk):
    """R0.19: a comment is kept with the score, and what it says goes the usual way."""
    gateway = start(rules="", top=RATING, backend='events: ["*"]')
    thread = talked(gateway, graph)
    close(gateway, thread)
    graph.wait_accepted(2)
    shown = said(gateway, graph, "2, the invoice is still wrong")
    csat = helpdesk.wait_event("csat.received").data["csat"]
    assert (csat["score"], csat["comment"], csat["resolver"]) == (2, "the invoice is still wrong", "human")
    assert shown["state"] == "open" and shown["reopened"]


def test_another_matter_ends_the_question(start, graph, helpdesk):
    """R0.19: after it a number is no rating any more."""
    gateway = start(rules="", top=RATING, backend='events: ["*"]')
    thread = talked(gateway, graph)
    close(gateway, thread)
    graph.wait_accepted(2)
    assert said(gateway, graph, "2 parcels are missing")["state"] == "open"
    said(gateway, graph, "2")
    assert "csat.received" not in types(gateway, thread)


def test_in_his_language_once_for_an_episode_and_again_after_the_next(start, graph, helpdesk):
    """R0.19: texts per language; one question for an episode; thanks when configured."""
    gateway = start(rules="", more="word_lists:\n  de: { greeting: [guten tag], billing: [rechnung, falsch] }\n",
                    top=RATING + "  text: { en: How was it?, de: Wie war es?, default: '?' }\n  thanks: Danke.\n")
    thread = talked(gateway, graph, "Guten Tag, Rechnung falsch")
    close(gateway, thread)
    assert graph.wait_accepted(2)[1].text == "Wie war es?"
    said(gateway, graph, "sehr gut")
    assert graph.wait_accepted(3)[2].text == "Danke."
    assert gateway.threads()[0]["csat"]["score"] == 5
    said(gateway, graph, "Die Rechnung ist wieder falsch")
    close(gateway, thread)
    assert graph.wait_accepted(4)[3].text == "Wie war es?"
    said(gateway, graph, "1")
    wait_until(lambda: gateway.threads()[0]["csat"]["score"] == 1, "the second opinion")


@pytest.mark.parametrize("why", ["off", "window", "noise", "opted out", "goes on", "another channel"])
def test_who_is_not_to_be_asked_is_not(start, graph, helpdesk, why):
    """R3.11: not by default, not outside the window (where nothing fails either), not for noise, not who opted out, not
    when it goes on meanwhile, not on channels that are not named."""
    top = {"off": "settle: 1h", "window": RATING.replace("0s", "25h"),
           "another channel": RATING + "  channels: [other]\n"}.get(why, RATING.replace("0s", "5m"))
    gateway = start(rules=NOISE, top=top, begin=False)
    gateway.write_config(gateway.config_path.read_text().replace("channels:\n  wa-main:", OTHER + "  wa-main:"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    if why == "noise":
        graph.say(ANA, "hello!")
        thread = gateway.wait_thread()[0]["id"]
    else:
        thread = talked(gateway, graph)
    if why == "opted out":
        graph.deliver(graph.preference(ANA, "stop"))
    close(gateway, thread)
    if why == "goes on":
        said(gateway, graph, "one more thing")
    count = len(graph.accepted)
    gateway.advance(hours=26)
    quiet(gateway)
    wait_until(lambda: gateway.get("/v1/status"), "a daemon that goes on")
    assert len(graph.accepted) == count
    assert not [m for m in gateway.messages(thread) if m["author"] == "gateway" and m["direction"] == "outbound"]


def test_thumbs(start, graph, helpdesk):
    """R0.19: the other scale."""
    gateway = start(rules="", top=RATING + "  scale: thumbs\n")
    thread = talked(gateway, graph)
    close(gateway, thread)
    assert "👍" in graph.wait_accepted(2)[1].text
    assert said(gateway, graph, "👎")["csat"] | {"at": 0} == {
        "score": 0, "scale": "thumbs", "comment": None, "resolver": "human", "channel": "wa-main", "at": 0}


# ---- does that solve it? ----

SOLVED = "Does that solve it? Please answer yes or no."


def test_yes_closes_as_resolved_and_confirmed(start, graph, helpdesk):
    """R0.14, R0.16: the agent asks before he closes; the customer's yes is a confirmed resolution."""
    gateway = start(rules="", top="settle: 1h")
    thread = talked(gateway, graph)
    close(gateway, thread, ask=True, agent="Ben")
    assert graph.wait_accepted(2)[1].text == SOLVED
    shown = gateway.threads()[0]
    assert shown["state"] == "open" and shown["asked"] == "solved"
    shown = said(gateway, graph, "Yes, thank you!")
    assert (shown["state"], shown["resolution"]) == ("closed", "resolved") and "asked" not in shown
    assert shown["episode"]["confirmed_at"]
    reason = [e for e in gateway.events(thread) if e["type"] == "thread.closed"][0]["data"]["reason"]
    assert reason == "the customer says that it is solved"


def test_no_keeps_it_open_and_tells_the_agent(start, graph, helpdesk):
    """R0.14: no."""
    gateway = start(rules="", top="settle: 1h")
    thread = talked(gateway, graph)
    close(gateway, thread, ask=True)
    graph.wait_accepted(2)
    shown = said(gateway, graph, "No, not yet")
    assert shown["state"] == "open" and "asked" not in shown
    assert [m["text"] for m in gateway.messages(thread)][-1] == "The customer says that it is not solved."
    quiet(gateway)
    gateway.advance(hours=25)
    quiet(gateway)
    assert gateway.threads()[0]["resolution"] != "resolved"


def test_no_answer_closes_as_resolved_but_not_as_confirmed(start, graph, helpdesk):
    """R0.14: silence is no objection and no confirmation; the agent's name stays with the closing."""
    gateway = start(rules="", top="settle: 1h\nidle_close: 7d\nclose_prompt: { wait: 2h, text: 'Solved, ${name|dear customer}?' }")
    thread = talked(gateway, graph)
    close(gateway, thread, ask=True, agent="Ben")
    assert graph.wait_accepted(2)[1].text.startswith("Solved, ")
    quiet(gateway)
    gateway.advance(hours=1, minutes=59)
    assert gateway.threads()[0]["state"] == "open"
    gateway.advance(minutes=2)
    shown = gateway.wait_thread(lambda t: t[0]["state"] == "closed")[0]
    assert shown["resolution"] == "resolved" and not shown["episode"]["confirmed_at"]


def test_another_message_ends_the_question_whether_it_is_solved(start, graph, helpdesk):
    """R0.14: yes with a request in it is a request."""
    gateway = start(rules="", top="default: ignore\nidle_close: 90d")
    thread = talked(gateway, graph)
    close(gateway, thread, ask=True)
    graph.wait_accepted(2)
    assert "asked" not in said(gateway, graph, "yes, but where is the refund?")
    gateway.reply(thread, "it is on its way")
    graph.wait_accepted(3)
    quiet(gateway)
    gateway.advance(days=2)
    quiet(gateway)
    assert gateway.threads()[0]["state"] != "closed"


def test_who_cannot_be_asked_is_not_closed_and_the_agent_hears_why(start, graph, helpdesk):
    """R0.14: outside of the 24 hours the call is refused with its reason."""
    gateway = start(rules="", top="default: ignore")
    thread = talked(gateway, graph)
    gateway.advance(hours=25)
    answer = gateway.api("POST", f"/v1/threads/{thread}/close", {"ask": True})
    assert answer.status == 409 and "cannot be asked: the customer last wrote" in answer.json["detail"], answer
    assert gateway.api("POST", f"/v1/threads/{thread}/close", {"ask": True, "resolution": "unresolved"}).status == 400


def test_the_command_line_asks_too(start, graph, helpdesk):
    """R0.14: headgatectl thread close --ask."""
    gateway = start(rules="", top="settle: 1h")
    thread = talked(gateway, graph)
    gateway.ctl("thread", "close", thread, "--ask", check=0)
    assert graph.wait_accepted(2)[1].text == SOLVED


# ---- tests: blocks ----

BLOCKS = """\
tests:
  - name: whoever is content says so and nothing reopens
    given:
      - { channel: wa-main, from: "+447700900123", text: my invoice is wrong }
      - { after: 1m, reply: it is corrected, agent: Mia }
      - { after: 1m, close: resolved, ask: true, expect: { thread: { asked: solved, state: open } } }
      - { after: 1m, channel: wa-main, from: "+447700900123", text: "ja, danke" }
      - { after: 1s, expect: { thread: { state: closed, confirmed: true, asked: rating } } }
      - { after: 1m, channel: wa-main, from: "+447700900123", text: "4" }
    expect: { thread: { state: closed, csat: 4 }, events: [thread.closed, csat.received], replies: [solve it, How did we do] }
  - name: this one is wrong
    given: [ { channel: wa-main, from: "+447700900123", text: my invoice is wrong } ]
    expect: { thread: { csat: 5, confirmed: true } }
"""


def test_tests_in_the_configuration_play_questions_and_answers(start, graph, helpdesk):
    """R0.14, R0.19: steps and expectations for ratings and prompts."""
    gateway = start(rules="", top=RATING, more=BLOCKS, begin=False)
    done = gateway.ctl("test", str(gateway.config_path))
    assert done.returncode == 1, done
    assert "1 failed" in done.stdout and "csat" in done.stdout and "confirmed" in done.stdout, done.stdout
