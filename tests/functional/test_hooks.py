"""Facts from outside: a hook is asked before the rules judge; whatever it does, no message is lost, doubled or
overtaken, and none waits longer than the deadline.

R0.13 (customer identified, account data and tier fetched before rules run), R1.12 (order data pulled into fields),
R2.3 (external classifier with time limit and default)."""
import json
import re
import socket
import subprocess
import sys

import jsonschema
import pytest

import harness
from conftest import NOISE
from fake_hook import FakeHook

ANA, BO = "+447700900123", "+447700900456"

RULES = """\
  - name: angry gold
    when: { fact: { sentiment: angry }, contact: { tier: gold } }
    do: { convert: { priority: urgent } }
  - name: late order
    when: { fact: { days_late: { at_least: 3 } } }
    do: { convert: { category: delivery } }
  - name: nobody knows him
    when: { contact: { tier: standard } }
    do: { convert: { priority: low } }
"""
KNOWN = {"contact": {"tier": "gold", "locale": "de-AT", "external_id": "C-42", "tags": ["b2b"],
                     "fields": {"manager": "Eva"}},
         "message": {"sentiment": "angry", "intent": "refund"},
         "thread": {"fields": {"order": "A-1001"}, "tags": ["refund"]}}


def hooks(url, **more):
    options = dict(deadline="2s", default="{ contact: { tier: standard } }", **more)
    lines = "".join(f"    {name}: {value}\n" for name, value in options.items())
    return f"settle: 20s\nhooks:\n  crm:\n    url: {url}\n    secrets: env:TEST_WEBHOOK_SECRET\n{lines}"


@pytest.fixture
def crm():
    fake = FakeHook([harness.WEBHOOK_SECRET], KNOWN)
    yield fake
    fake.close()


@pytest.fixture
def asking(start, crm):
    """asking(**hook options) -> a running gateway that asks crm."""
    def run(rules=RULES, fail=None, begin=True, **more):
        return start(rules=rules, top=hooks(crm.url, **more), fail=fail, begin=begin)
    return run


def hook_stats(gateway, name="crm"):
    return next(h for h in gateway.status()["hooks"] if h["name"] == name)


def under_way(gateway):
    return [job for job in gateway.get("/v1/outbox?state=sending")["jobs"] if job["target"] == "hook"]


def texts(gateway, thread):
    return [m["text"] for m in gateway.messages(thread) if m["direction"] == "inbound"]


def explained(gateway, event):
    return gateway.get(f"/v1/threads/{event.data['thread']['id']}/explain")


def only_thread(gateway):
    found = gateway.wait_thread(what="a thread")
    assert len(found) == 1
    return found[0]


# ---- an answer in time ----

def test_what_a_hook_says_is_known_when_the_rules_judge(asking, graph, helpdesk, crm):
    """R0.13, R1.12, R2.3: tier, order and sentiment are facts of the first message's decision, and of the ticket."""
    gateway = asking()
    assert graph.say(ANA, "where is it?!") == 200
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["rule"]["id"] == "angry gold" and event.data["ticket"]["priority"] == "urgent"
    contact = event.data["contact"]
    assert (contact["tier"], contact["locale"], contact["external_id"]) == ("gold", "de-AT", "C-42")
    assert contact["fields"]["manager"] == "Eva"
    assert event.data["custom"]["order"] == "A-1001" and event.data["tags"] == ["refund"]
    thread = event.data["thread"]["id"]
    told = gateway.get(f"/v1/threads/{thread}/explain")
    facts = told["decisions"][0]["facts"]
    assert facts["outside"] == {"manager": "Eva", "order": "A-1001", "intent": "refund", "sentiment": "angry"}
    assert facts["contact_new"] is True and facts["contact_tags"] == ["b2b"] == contact["tags"]
    assert facts["hooks"]["crm"]["outcome"] == "answered" and facts["hooks"]["crm"]["ms"] >= 0
    assert "hook crm" in told["text"] and "answered after" in told["text"]
    stats = hook_stats(gateway)
    assert (stats["answered"], stats["late"], stats["condition"]) == (1, 0, "up")
    metrics = gateway.api("GET", "/metrics").body.decode()
    assert 'headgate_hook_questions_total{hook="crm",outcome="answered"} 1' in metrics
    took = re.search(r'headgate_hook_answer_seconds_total\{hook="crm"\} ([0-9.e-]+)\n', metrics)
    assert float(took[1]) * 1000 == pytest.approx(stats["answered_ms"])


def test_a_question_says_who_asks_and_what_was_said_and_is_signed(asking, graph, crm):
    """R0.13: enough to find the customer by, under an id of its own."""
    gateway = asking()
    graph.say(ANA, "where is it?!", name="Ana")
    asked = crm.wait_asked()
    assert not crm.forged and asked.type == "facts.wanted" and asked.id.startswith("ask_")
    assert asked.data["channel"] == {"name": "wa-main", "adapter": "whatsapp", "scope": "default"}
    assert asked.data["contact"]["phone"] == ANA and asked.data["contact"]["name"] == "Ana"
    assert asked.data["known"] is False and asked.data["thread"] is None
    assert asked.data["message"]["text"] == "where is it?!" and asked.data["message"]["kind"] == "text"
    thread = only_thread(gateway)["id"]
    graph.say(ANA, "hello?")
    again = crm.wait_asked(2)
    assert again.data["known"] is True and again.data["thread"]["id"] == thread and again.id != asked.id


def test_messages_behind_one_answer_keep_their_order_and_times(asking, graph, crm):
    """Three quick messages, the first one's answer slow: judged in the order they were said."""
    gateway = asking(rules="  []")
    gate = crm.hold("one")
    for text in ("one", "two", "three"):
        assert graph.say(ANA, text) == 200
    crm.wait(lambda h: {"two", "three"} <= set(h.texts), "the answers about two and three")
    assert not gateway.threads()
    gate.set()
    thread = only_thread(gateway)["id"]
    gateway.wait_message(thread, lambda m: m["text"] == "three")
    assert texts(gateway, thread) == ["one", "two", "three"]
    times = [m["at"] for m in gateway.messages(thread) if m["direction"] == "inbound"]
    assert times == sorted(times)


def test_what_is_about_a_waiting_message_waits_behind_it(asking, graph, crm):
    gateway = asking(rules="  []")
    gate = crm.hold("one")
    graph.say(ANA, "one", id="wamid.one")
    assert graph.deliver(graph.edit(ANA, "wamid.one", "uno")) == 200
    assert graph.deliver(graph.reaction(ANA, "wamid.one")) == 200
    assert not gateway.threads()
    gate.set()
    thread = only_thread(gateway)["id"]
    message = gateway.wait_message(thread, lambda m: m.get("reactions"))
    assert message["text"] == "uno" and [e["type"] for e in gateway.events(thread)][:4] == [
        "thread.opened", "message.received", "message.edited", "message.reacted"]


def test_fifty_first_messages_at_once_make_one_thread(asking, graph, crm):
    """Fifty parallel first messages, each asked about: one contact, one thread, nothing lost."""
    gateway = asking(rules="  []")
    said = [f"message {i}" for i in range(50)]
    assert harness.parallel([lambda t=t: graph.say(ANA, t) for t in said]) == [200] * 50
    thread = only_thread(gateway)["id"]
    harness.wait_until(lambda: len(texts(gateway, thread)) == 50, "all of them")
    assert sorted(texts(gateway, thread)) == sorted(said)
    assert len(gateway.threads()) == 1


def test_the_same_delivery_again_while_it_waits_is_a_duplicate(asking, graph, crm):
    gateway = asking(rules="  []")
    gate = crm.hold("once")
    for _ in range(3):
        assert graph.say(ANA, "once", id="wamid.once") == 200
    gate.set()
    thread = only_thread(gateway)["id"]
    assert graph.say(ANA, "once", id="wamid.once") == 200
    graph.say(ANA, "end")
    gateway.wait_message(thread, lambda m: m["text"] == "end")
    assert texts(gateway, thread) == ["once", "end"]
    assert gateway.status()["engine"]["duplicates"] == 3 and len(crm.attempts) == 2


# ---- none ----

def test_after_the_deadline_the_default_counts(asking, graph, helpdesk, crm):
    """R2.3: time limit and default.  The late answer decides nothing, and is known the next time."""
    gateway = asking()
    gate = crm.hold("where is it?!")
    graph.say(ANA, "where is it?!")
    crm_asked = harness.wait_until(lambda: under_way(gateway), "the question")
    assert crm_asked[0]["target"] == "hook"
    gateway.advance(ms=1900)
    assert not gateway.threads()
    gateway.advance(ms=200)
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["rule"]["id"] == "nobody knows him"
    assert event.data["contact"]["tier"] is None	# a default is no knowledge
    told = explained(gateway, event)
    assert "no answer within 2s" in told["text"]
    assert told["decisions"][0]["facts"]["hooks"]["crm"]["outcome"] == "late"
    gate.set()
    harness.wait_until(lambda: not under_way(gateway), "the late answer")
    assert gateway.get(f"/v1/threads/{event.data['thread']['id']}")["thread"]["contact"]["tier"] == "gold"
    assert hook_stats(gateway)["late"] == 1


@pytest.mark.parametrize("said, why", [
    ((500, {}, "sorry"), "it answered 500"),
    ((302, {"Location": "http://127.0.0.1:1/"}, ""), "it answered 302 (redirects are not followed)"),
    ((200, {}, "<html>hello</html>"), "byte 0"),
    ((200, {}, '{"contact": {"tier": 7}}'), "contact.tier: a text is wanted"),
    ((200, {}, '{"message": {"fields": {"a": {"b": 1}}}}'), "message.fields.a: a text, a number"),
    ((200, {}, '{"thread": {"fields": {"%s": 1}}}' % ("x" * 65)), "names have 1 to 64"),
    ((200, {}, '{"x": "' + "y" * 70000 + '"}'), "its answer has more than 65536 bytes"),
], ids=["500", "redirect", "html", "type", "nested", "name", "huge"])
def test_an_answer_that_is_none_makes_nobody_wait(asking, graph, helpdesk, crm, said, why):
    """R2.3: garbage, errors and too much of it: the default counts at once, and the log says why."""
    crm.says = lambda question: said
    gateway = asking()
    graph.say(ANA, "where is it?!")
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["rule"]["id"] == "nobody knows him"
    facts = explained(gateway, event)["decisions"][0]["facts"]
    assert facts["hooks"]["crm"]["outcome"] == "failed" and why in facts["hooks"]["crm"]["note"]
    assert why in hook_stats(gateway)["error"]
    assert "sorry" not in gateway.log() and "hello</" not in gateway.log()


def test_what_an_answer_has_more_than_we_know_is_passed_over(asking, graph, helpdesk, crm):
    crm.says = dict(KNOWN, version=3, contact=dict(KNOWN["contact"], shoe_size=44, name=None))
    asking()
    graph.say(ANA, "where is it?!")
    assert helpdesk.wait_event("ticket.requested").data["rule"]["id"] == "angry gold"


def test_a_dead_hook_is_left_alone_for_a_while(asking, graph, helpdesk, crm):
    """R2.3: five questions in a row without an answer: nobody waits for it for half a minute."""
    crm.says = lambda question: (503, {}, "")
    gateway = asking()
    for i in range(7):
        graph.say(f"+4477009002{i:02}", "hello there")
        helpdesk.wait_event("ticket.requested", i + 1)
    assert len(crm.attempts) == 5
    stats = hook_stats(gateway)
    assert (stats["failed"], stats["skipped"], stats["condition"]) == (5, 2, "down") and stats["down_until"]
    shown = gateway.ctl("status", check=1).stdout
    assert re.search(r"crm +hook +down +answered 0  cached 0  late 0  failed 5  skipped 2  it answered 503", shown)
    assert "hook.down" in gateway.log()
    crm.says = KNOWN
    gateway.advance(seconds=31)
    graph.say(BO, "where is it?!", at=gateway.now())
    assert helpdesk.wait_event("ticket.requested", 8).data["rule"]["id"] == "angry gold"
    assert hook_stats(gateway)["condition"] == "up" and "hook.up" in gateway.log()


def test_no_slot_is_no_excuse(asking, graph, helpdesk, crm):
    """The deadline runs also while the hook's only slot is taken by somebody else's question."""
    gateway = asking(concurrency=1)
    gate = crm.hold("first")
    graph.say(ANA, "first")
    harness.wait_until(lambda: crm.held, "the question")
    graph.say(BO, "second")
    gateway.advance(ms=2100)
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 2, "both tickets")
    gate.set()
    harness.wait_until(lambda: not [j for j in gateway.get("/v1/outbox")["jobs"] if j["target"] == "hook"],
                       "no question that nobody waits for")
    harness.wait_until(lambda: crm.texts == ["first"], "the one question, and no other")


# ---- kept ----

def test_kept_answers_are_used_again_for_contact_and_thread_but_not_for_messages(asking, graph, crm):
    """R0.13: cache: what was said of the contact counts without asking; the mood of one message is not another's."""
    gateway = asking(rules="  []", cache="10m")
    graph.say(ANA, "where is it?!")
    thread = only_thread(gateway)["id"]
    graph.say(ANA, "and now?")
    second = gateway.wait_message(thread, lambda m: m["text"] == "and now?")
    facts = gateway.get(f"/v1/messages/{second['id']}/explain")["decisions"][0]["facts"]
    assert facts["hooks"]["crm"]["outcome"] == "cached" and facts["contact_tier"] == "gold"
    assert facts["outside"] == {"manager": "Eva", "order": "A-1001"}
    gateway.advance(minutes=11)
    graph.say(ANA, "still nothing", at=gateway.now())
    crm.wait(lambda h: "still nothing" in h.texts, "the next question")
    assert crm.texts == ["where is it?!", "still nothing"]


def test_one_question_serves_all_messages_that_wait_for_it(asking, graph, crm):
    gateway = asking(rules="  []", cache="10m")
    gate = crm.hold("one")
    for text in ("one", "two", "three"):
        graph.say(ANA, text)
    gate.set()
    thread = only_thread(gateway)["id"]
    gateway.wait_message(thread, lambda m: m["text"] == "three")
    assert crm.texts == ["one"] and texts(gateway, thread) == ["one", "two", "three"]


def test_a_hook_is_asked_about_its_channels_and_newcomers_only(asking, graph, crm):
    gateway = asking(rules="  []", ask="new", channels="[wa-main]")
    graph.say(ANA, "one")
    thread = only_thread(gateway)["id"]
    graph.say(ANA, "two")
    gateway.wait_message(thread, lambda m: m["text"] == "two")
    assert crm.texts == ["one"]


def test_hooks_are_asked_side_by_side_and_the_later_ones_word_goes_first(start, graph, helpdesk, crm):
    mood = FakeHook([harness.WEBHOOK_SECRET], {"message": {"sentiment": "calm"}, "contact": {"tier": "silver"}})
    try:
        top = hooks(crm.url) + f"  mood:\n    url: {mood.url}\n    secrets: env:TEST_WEBHOOK_SECRET\n"
        gateway = start(rules="  []", top=top)
        gate = mood.hold("where is it?!")
        graph.say(ANA, "where is it?!")
        crm.wait_asked()
        assert not gateway.threads()
        gate.set()
        thread = only_thread(gateway)["id"]
        facts = gateway.get(f"/v1/threads/{thread}/explain")["decisions"][0]["facts"]
        assert facts["outside"]["sentiment"] == "calm" and facts["outside"]["intent"] == "refund"
        assert facts["contact_tier"] == "silver" and set(facts["hooks"]) == {"crm", "mood"}
    finally:
        mood.close()


# ---- restarts and reloads ----

@pytest.mark.parametrize("answered", [False, True])
def test_kill_9_while_a_message_waits_loses_and_doubles_nothing(asking, graph, helpdesk, crm, answered):
    """What waits survives: after the restart it is asked again, under the same id, or its deadline counts."""
    gateway = asking()
    gate = crm.hold("first")
    graph.say(ANA, "first")
    graph.say(ANA, "second")
    harness.wait_until(lambda: under_way(gateway), "the question")
    gateway.kill()
    if answered:
        gate.set()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    if not answered:
        gateway.advance(seconds=3)
    event = helpdesk.wait_event("ticket.requested")
    assert event.data["rule"]["id"] == ("angry gold" if answered else "nobody knows him")
    thread = event.data["thread"]["id"]
    gateway.wait_message(thread, lambda m: m["text"] == "second")
    assert texts(gateway, thread) == ["first", "second"]
    if answered:
        ids = [d.id for d in crm.attempts if d.data["message"]["text"] == "first"]
        assert len(set(ids)) == 1


@pytest.mark.parametrize("point", ["engine.before_commit", "engine.after_commit", "outbox.sending"])
def test_dying_at_any_point_of_asking_loses_nothing(asking, graph, helpdesk, crm, point):
    gateway = asking(fail=f"{point}=crash@3")
    said = []
    for i in range(3):
        try:
            said.append(graph.say(ANA, f"text {i}", id=f"wamid.{i}"))
        except OSError:
            said.append(None)
    if gateway.process.poll() is None and None in said:
        gateway.wait_dead()
    if gateway.process.poll() is not None:
        gateway.start()
        graph.target(gateway.port, "wa-main")
    for i in range(3):
        assert graph.say(ANA, f"text {i}", id=f"wamid.{i}") == 200
    thread = only_thread(gateway)["id"]
    harness.wait_until(lambda: len(texts(gateway, thread)) == 3, "all three")
    assert sorted(texts(gateway, thread)) == ["text 0", "text 1", "text 2"]


def test_a_reload_without_the_hook_lets_go_of_what_waits(asking, graph, crm):
    gateway = asking(rules="  []")
    crm.hold("first")
    graph.say(ANA, "first")
    harness.wait_until(lambda: under_way(gateway), "the question")
    text = gateway.config_path.read_text()
    begin, end = text.index("hooks:\n"), text.index("ticket:\n")
    gateway.config_path.write_text(text[:begin] + text[end:])
    gateway.reload()
    thread = only_thread(gateway)["id"]
    graph.say(ANA, "second")
    gateway.wait_message(thread, lambda m: m["text"] == "second")
    assert texts(gateway, thread) == ["first", "second"]


def test_settle_does_not_decide_before_what_was_said_in_time(asking, graph, helpdesk, crm):
    """The second half of a thought, said before settle was over, is judged first, even when its answer is slow."""
    crm.says = lambda q: KNOWN if q.data["message"]["text"] == "is broken" else {"contact": {"tier": "iron"}}
    gateway = asking()
    graph.say(ANA, "my printer")
    only_thread(gateway)
    gateway.advance(ms=19500)
    gate = crm.hold("is broken")
    graph.say(ANA, "is broken", at=gateway.now())
    harness.wait_until(lambda: under_way(gateway), "the question")
    gateway.advance(ms=1000)
    assert not helpdesk.of("ticket.requested")
    gate.set()
    assert helpdesk.wait_event("ticket.requested").data["rule"]["id"] == "angry gold"


# ---- as it is written down ----

DOC = harness.TOP / "doc"


def validator(name):
    schema = json.loads((DOC / "hooks" / name).read_text())
    common = json.loads((DOC / "events" / "common.json").read_text())
    resolver = jsonschema.RefResolver(name, schema, store={name: schema, "common.json": common})
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def examples(language):
    return re.findall(rf"```{language}\n(.*?)```", (DOC / "hooks.md").read_text(), re.S)


def test_a_question_fits_its_schema(asking, graph, crm):
    asking(rules="  []")
    graph.say(ANA, "one")
    graph.say(ANA, "two")
    crm.wait_asked(2)
    for question in crm.attempts:
        errors = [f"{list(e.absolute_path)}: {e.message}" for e in validator("question.json").iter_errors(question.event)]
        assert not errors
        documented = json.loads(examples("json")[0])["data"]
        assert set(question.data) == set(documented) and set(question.data["message"]) == set(documented["message"])


@pytest.mark.parametrize("answer, fits", [
    (KNOWN, True), ({}, True), ({"x": 1, "contact": None}, True), ({"contact": {"tier": 7}}, False),
    ({"contact": {"tags": "a"}}, False), ({"message": {"fields": {"a": {}}}}, False),
    ({"thread": {"fields": {"a b": 1}}}, False), ({"thread": []}, False)])
def test_schema_and_gateway_agree_on_answers(answer, fits):
    assert validator("answer.json").is_valid(answer) == fits
    assert validator("answer.json").is_valid(json.loads(examples("json")[1]))


def test_the_example_works_as_it_stands(start, graph, helpdesk, tmp_path):
    """R0.13: the program of doc/hooks.md, run as it is written there."""
    port = harness.free_port()
    program = tmp_path / "hook.py"
    program.write_text(examples("python")[0].replace("8500", str(port)))
    with subprocess.Popen([sys.executable, str(program)], stderr=subprocess.DEVNULL) as running:
        try:
            harness.wait_until(lambda: socket.socket().connect_ex(("127.0.0.1", port)) == 0, "the example")
            gateway = start(rules=RULES, top=hooks(f"http://127.0.0.1:{port}/"))
            graph.say(BO, "hello there")
            assert helpdesk.wait_event("ticket.requested").data["rule"]["id"] == "nobody knows him"
            graph.say(ANA, "hello there")
            thread = gateway.wait_thread(lambda t: len(t) == 2)
            tiers = {t["reply_to"]: gateway.get(f"/v1/threads/{t['id']}")["thread"]["contact"]["tier"] for t in thread}
            assert tiers == {f"tel:{ANA}": "gold", f"tel:{BO}": "standard"}
        finally:
            running.kill()


# ---- before it is live ----

TESTS = """\
tests:
  - name: the hook knows him
    given:
      - { channel: wa-main, from: "+447700900123", text: where is it, facts: { crm: { contact: { tier: gold },
          message: { sentiment: angry, fields: { days_late: 5 } } } } }
    expect: { rule: angry gold, ticket: { priority: urgent } }
  - name: the hook says how late it is
    given:
      - { channel: wa-main, from: "+447700900123", text: where is it, facts: { crm: { message: { fields: { days_late: 5 } } } } }
    expect: { rule: late order }
  - name: nobody answers
    given: [ { channel: wa-main, from: "+447700900123", text: where is it } ]
    expect: { rule: nobody knows him }
"""


def test_tests_say_what_hooks_answer(start, crm):
    """R2.3: a configuration's tests need no hook: they say what it answers, or its default counts."""
    gateway = start(rules=RULES, top=hooks(crm.url), more=TESTS, begin=False)
    assert "3 tests, 0 failed" in gateway.ctl("test", str(gateway.config_path), check=0).stdout
    assert not crm.attempts
    text = gateway.config_path.read_text().replace("{ crm: { message: { fields:", "{ crn: { message: { feilds:")
    gateway.config_path.write_text(text)
    said = gateway.ctl("check", str(gateway.config_path), check=78)
    assert "did you mean 'crm'?" in said.stdout + said.stderr


def test_rules_on_facts_without_hooks_are_doubted(start):
    gateway = start(rules=RULES, begin=False)
    said = gateway.ctl("check", str(gateway.config_path), check=0)
    assert "nothing is ever known of 'days_late': there are no hooks" in said.stdout + said.stderr


def test_replay_needs_no_hook(asking, graph, helpdesk, crm, tmp_path):
    """R2.3: what hooks said is kept with the decision, so other rules are tried on it later."""
    gateway = asking()
    graph.say(ANA, "where is it?!")
    helpdesk.wait_event("ticket.requested")
    asked = len(crm.attempts)
    other = tmp_path / "other.yaml"
    other.write_text(gateway.config_path.read_text().replace("sentiment: angry", "sentiment: calm"))
    other.chmod(0o600)
    told = json.loads(gateway.ctl("rules", "replay", "--config", str(other), "--json", check=0).stdout)
    assert told["changed"] == 1 and len(crm.attempts) == asked
    same = json.loads(gateway.ctl("rules", "replay", "--config", str(gateway.config_path), "--json", check=0).stdout)
    assert same["changed"] == 0


def test_without_hooks_nobody_waits(start, graph, helpdesk):
    gateway = start(rules=NOISE + RULES)
    graph.say(ANA, "where is it?!")
    thread = only_thread(gateway)["id"]
    assert "hooks" not in gateway.get(f"/v1/threads/{thread}/explain")["decisions"][0]["facts"]
    assert gateway.status()["hooks"] == []
