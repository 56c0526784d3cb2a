"""Rules tried before they are live: tests in the configuration, one text, and all that was decided judged again."""
import http.server
import json
import os
import re
import socketserver
import subprocess
import threading

import jsonschema
import pytest
import yaml

import conftest
from harness import BUILD, TOP, wait_until
from test_config_schema import Loader

ANA = "447700900123"
BEN = "447700900124"

RULES = conftest.NOISE + """\
  - name: asks for a human
    when: { text: { matches: '\\bhuman\\b' } }
    do: { convert: { priority: high }, tag: escalated, set: { queue: first }, reply: One moment please. }
"""

GOOD = """\
tests:
  - name: a bare hello makes no ticket
    given: [ { channel: wa-main, from: "+447700900123", text: hello! } ]
    expect: { tickets: 0, rule: thanks and greetings, action: ignore, thread: { state: open } }
  - name: whoever asks for a human gets a ticket
    given: [ { channel: wa-main, from: "+447700900123", text: a human please } ]
    expect:
      tickets: 1
      replies: [One moment, TK-1]
      ticket: { priority: high, status: open }
      thread: { tags: escalated, fields: { queue: first } }
      events: [thread.opened, message.received, ticket.requested, message.sent]
  - name: what nobody decides is a ticket when it has settled
    given:
      - { channel: wa-main, from: "+447700900123", text: my invoice is wrong, expect: { tickets: 0 } }
      - { after: 19s, expect: { tickets: 0 } }
      - { at: +21s, expect: { tickets: 1, rule: null, action: convert } }
  - name: within seven days a message joins the ticket, on another channel too
    given:
      - { channel: wa-main, from: "+447700900123", text: my invoice is wrong }
      - { after: 2h, reply: "Which one?", agent: Mia }
      - { after: 6d, channel: second, from: "+447700900123", text: number 4711, id: n1 }
      - { channel: second, from: "+447700900123", text: number 4711, id: n1 }
      - { after: 1h, channel: wa-main, from: "+447700900999", text: another matter }
    expect: { tickets: 2, threads: 2, joins: 1, duplicates: 1, events: { ticket.message: 1, ticket.requested: 2 } }
  - name: thanks do not reopen what is solved, a question does
    given:
      - { channel: wa-main, from: "+447700900123", text: a human please }
      - { after: 1h, status: solved, expect: { thread: { state: closed } } }
      - { after: 1m, channel: wa-main, from: "+447700900123", text: my invoice again }
    expect: { tickets: 1, thread: { reopened: true, state: converted }, events: [ticket.status, ticket.reopened] }
"""

BAD = """\
tests:
  - name: expects too much
    given: [ { channel: wa-main, from: "+447700900123", text: hello! } ]
    expect: { tickets: 1, rule: asks for a human }
  - name: is refused
    given:
      - { channel: wa-main, from: "+447700900123", text: hello! }
      - { status: solved }
    expect: { tickets: 0 }
"""


@pytest.fixture
def config(start, graph):
    """config(tests, **more) -> a gateway with such a configuration, that does not run."""
    def write(tests="", rules=RULES, **more):
        gateway = start(begin=False, rules=rules, more=tests, confirm="Your number is ${number}.", **more)
        text = gateway.config_path.read_text().replace(
            "rules:\n", "  second:\n    adapter: whatsapp\n    phone_number_id: \"309876543210\"\n"
            "    token: env:TEST_GRAPH_TOKEN\n    app_secret: env:TEST_APP_SECRET\n"
            "    verify_token: env:TEST_VERIFY_TOKEN\nrules:\n", 1)
        gateway.write_config(text)
        return gateway
    return write


def place(gateway, needle):
    """FILE:LINE of the line of the configuration that has needle in it."""
    lines = gateway.config_path.read_text().splitlines()
    return f"{gateway.config_path}:{next(i for i, line in enumerate(lines, 1) if needle in line)}:"


# ---- tests in the configuration ----


def test_the_tests_of_a_configuration_are_played_by_the_real_engine(config):
    """R0.9, R0.10, R4.5: said in the configuration, and shown there."""
    gateway = config(GOOD)
    told = gateway.ctl("test", str(gateway.config_path), check=0).stdout
    assert told.splitlines()[-1] == "5 tests, 0 failed"
    assert told.count("ok    ") == 5
    assert not gateway.file().exists()	# they have a store of their own


def test_other_rules_make_the_same_tests_fail(config):
    gateway = config(GOOD.replace("rule: thanks and greetings, ", ""), rules=conftest.AT_ONCE + RULES)
    answer = json.loads(gateway.ctl("test", str(gateway.config_path), "--json", check=1).stdout)
    assert (answer["tests"], answer["failed"]) == (5, 3)
    first = answer["results"][0]
    assert not first["passed"]
    assert [(m["what"], m["want"], m["got"]) for m in first["misses"]] == [
        ("tickets", "0", "1"), ("action", "ignore", "convert"), ("thread.state", "open", "converted")]
    assert first["decisions"][0]["rule"] == "everything at once"


def test_a_failing_test_says_what_came_and_which_decisions_led_there(config):
    """R2.7: deterministic and explainable, to the line of the rule."""
    gateway = config(BAD)
    told = gateway.ctl("test", str(gateway.config_path), check=1).stdout
    assert place(gateway, "expect: { tickets: 1, rule") + "24: tickets: expected 1, got 0" in told
    assert "rule: expected asks for a human, got thanks and greetings" in told
    assert "on message        ignore   by rule 'thanks and greetings' (headgate.yaml:" in told
    assert '"hello!"' in told
    assert place(gateway, "{ status: solved }") in told and "this step was refused" in told
    assert told.splitlines()[-1] == "2 tests, 2 failed"


def test_only_the_named_tests_are_played(config):
    gateway = config(GOOD)
    assert gateway.ctl("test", "-k", "hello", str(gateway.config_path), check=0).stdout.splitlines() == [
        "ok    a bare hello makes no ticket", "1 test, 0 failed"]
    assert "no test has" in gateway.ctl("test", "--name", "nothing", str(gateway.config_path), check=4).stderr


def test_check_plays_them_when_it_is_strict(config):
    good, bad = config(GOOD), config(BAD)
    good.ctl("check", str(good.config_path), "--strict", check=0)
    bad.ctl("check", str(bad.config_path), check=0)
    bad.ctl("check", str(bad.config_path), "--strict", check=1)
    answer = json.loads(bad.ctl("check", str(bad.config_path), "--strict", "--json", check=1).stdout)
    assert [r["passed"] for r in answer["results"]] == [False, False] and answer["errors"] == 0
    odd = config(rules=RULES.replace("priority: high", "priority: odd"))
    assert "warning:" in odd.ctl("check", str(odd.config_path), check=0).stderr
    odd.ctl("check", str(odd.config_path), "--strict", check=1)


STEPS = """\
tests:
  - name: every kind of step
    clock: "2026-03-06T17:30:00Z"
    given:
      - { channel: wa-main, from: ["+447700900123", ana@example.com], name: Ana, text: see the file, files: [a.pdf], id: m1 }
      - { after: 1s, channel: second, from: ana@example.com, text: hello, answers: m1, expect: { threads: 1, joins: 1 } }
      - { after: 1s, channel: wa-main, from: "+447700900123", kind: reaction, text: "!", answers: m1 }
      - { after: 1s, reply: A bot says, bot: true }
      - { after: 1s, note: for us only, agent: Mia }
      - { after: 1s, close: resolved, agent: Mia, expect: { thread: { state: closed, resolution: resolved } } }
      - { after: 1s, reopen: true, expect: { thread: { state: open, reopened: true } } }
      - { after: 1s, convert: true, agent: Mia, priority: urgent, category: x, expect: { ticket: { priority: urgent, category: x } } }
      - { after: 1m, channel: wa-main, from: "+447700900123", text: I am away, automatic: true }
      - { after: 1m, channel: wa-main, from: "+447700900123", text: said on the phone, echo: true }
      - { after: 1m, status: pending, expect: { ticket: { status: pending } } }
      - { after: 1m, channel: wa-main, from: "+447700900999", text: human! }
      - { from: "+447700900123", expect: { ticket: { priority: urgent } } }
      - { from: "+447700900999", expect: { ticket: { priority: high } } }
    wait: 30d
    expect:
      tickets: { at_least: 2, at_most: 2 }
      threads: 2
      replies: { at_least: 2 }
      events: { thread.opened: 2, message.reacted: 1, thread.closed: { at_least: 1 }, thread.reopened: 1, channel.down: 0 }
"""


def test_customers_agents_bots_machines_and_helpdesks_can_act(config):
    gateway = config(STEPS)
    gateway.ctl("test", str(gateway.config_path), check=0)


LISTENING = """\
tests:
  - name: a record for the regulator
    given:
      - { channel: wa-main, from: "+447700900123", text: hello! }
      - { after: 1h, tag: [regulatory, x], set: { plan: pro }, agent: Mia, expect: { tickets: 1 } }
      - { after: 1h, untag: x }
    expect:
      rules: [thanks and greetings, record, record]
      thread: { tags: [regulatory, untagged], fields: { plan: pro } }
      ticket: { category: regulatory, reason: rule record }
      events: { thread.changed: 2 }
  - name: what we said got lost
    given:
      - { channel: wa-main, from: "+447700900124", text: hello! }
      - { after: 1m, reply: Hi! }
      - { after: 1s, undelivered: 131026 }
    expect: { rule: lost, tickets: 1 }
  - name: news of the week
    given: [ { channel: wa-main, from: ana@example.com, text: "news of the week", headers: { List-Id: <news.example> } } ]
    expect: { tickets: 0, rule: mailing list }
  - name: times that go by
    given:
      - { channel: wa-main, from: "+447700900125", text: "wait, how?" }
      - { after: 1s, reply: A moment., bot: true }
      - { after: 3m, expect: { replies: [Shall I get you a colleague?] } }
      - { after: 7m, expect: { replies: 2, thread: { tags: [opened] } } }
      - { after: 1d, reply: Here I am., agent: Mia }
    wait: 30d
    expect: { replies: 2 }
"""
HEARING = """\
  - { name: mailing list, when: { header: { list-id: { contains: news } } }, do: { ignore: list } }
  - { name: untagged, on: thread.changed, when: { not: { tag: x } }, do: { tag: untagged } }
  - { name: record, on: thread.changed, when: { tag: regulatory }, do: { convert: { category: regulatory } } }
  - { name: lost, on: receipt.failed, when: { failure: { code: 131026, author: agent } }, do: { convert: } }
  - { name: opened, on: thread.opened, when: { text: { contains: how } }, do: { tag: opened } }
  - { name: bot, on: { bot: 3m }, do: { reply: "Shall I get you a colleague?" } }
  - { name: sorry, on: { unanswered: 10m }, do: { reply: "Sorry." } }
  - { name: held, when: { text: { contains: wait } }, do: { hold: true } }
"""


def test_what_happens_beside_messages_can_be_played(config):
    """R0.8, R0.10: tags, lost messages and time gone by in tests of a configuration."""
    gateway = config(LISTENING, rules=RULES + HEARING, top="settle: 20s\nfirst_response: 7d\nidle_close: 30d")
    done = gateway.ctl("test", str(gateway.config_path))
    assert done.returncode == 0, done.stdout


OUTAGE = """\
tests:
  - name: told once, and only when it lasts
    given:
      - { channel: wa-main, from: "+447700900123", text: my invoice is wrong, expect: { replies: 0 } }
      - { helpdesk: down }
      - { after: 4m, channel: wa-main, from: "+447700900124", text: "where is my parcel?", expect: { replies: 1 } }
      - { after: 2m, channel: wa-main, from: "+447700900124", text: "hello?", expect: { replies: [TK-1, TK-1, You do not need to send it again] } }
      - { after: 1m, channel: wa-main, from: "+447700900124", text: "hello??", expect: { replies: 3, thread: { tags: told-of-outage } } }
      - { after: 1m, channel: wa-main, from: "+447700900125", text: "Guten Tag, ich habe eine Frage zu meiner Rechnung" }
      - { after: 2m, helpdesk: up, expect: { replies: [TK-1, TK-1, You do not need, Sie müssen nichts noch einmal schicken, TK-1] } }
      - { after: 9m, channel: wa-main, from: "+447700900126", text: "is it broken?" }
    expect: { tickets: 4, replies: 6 }
"""


def test_an_outage_of_the_helpdesk_is_told_by_rule(config):
    """What is shipped says so, once in a conversation, in the customer's language, and only when it lasts."""
    gateway = config(OUTAGE, top=f"include: [{TOP}/etc/rules/outage.yaml, {TOP}/etc/rules/all.yaml]")
    done = gateway.ctl("test", str(gateway.config_path), check=None)
    assert done.returncode == 0, done.stdout
    assert "0 errors, 0 warnings" in gateway.ctl("check", str(gateway.config_path)).stdout
    gateway.write_config(gateway.config_path.read_text().replace("helpdesk: down", "helpdesk: sleepy"))
    assert 'there is no condition of the helpdesk "sleepy"' in gateway.ctl("test", str(gateway.config_path), check=78).stderr


def test_what_is_due_happens_at_its_own_time(config):
    """Between two steps the clock stops wherever a timer is due."""
    gateway = config(GOOD)
    told = json.loads(gateway.ctl("test", "-k", "settled", str(gateway.config_path), "--json", check=0).stdout)
    assert [d["at"] for d in told["results"][0]["decisions"]] == ["2026-01-05T09:00:00.000Z", "2026-01-05T09:00:20.000Z"]


def test_tests_come_out_the_same_each_time(config):
    gateway = config(GOOD)
    runs = {gateway.ctl("test", str(gateway.config_path), "--json", check=0).stdout for _ in range(3)}
    assert len(runs) == 1


STEP = 'channel: wa-main, from: "+447700900123", text: hello'
WRONG = [
    ("given: [ { chanel: wa-main, text: a } ]", "chanel", "did you mean 'channel'?"),
    (f"given: [ {{ {STEP.replace('wa-main', 'wa-mian')} }} ]", "wa-mian", "did you mean 'wa-main'?"),
    (f"given: [ {{ {STEP} }} ]\n    expect: {{ tickts: 1 }}", "tickts", "did you mean 'tickets'?"),
    (f"given: [ {{ {STEP} }} ]\n    expect: {{ rule: thanks and greeting }}", "thanks and greeting }",
     "did you mean 'thanks and greetings'?"),
    (f"given: [ {{ {STEP} }} ]\n    expect: {{ events: [ticket.request] }}", "ticket.request]",
     "did you mean 'ticket.requested'?"),
    (f"given: [ {{ {STEP} }} ]\n    expect: {{ thread: {{ state: opne }} }}", "opne", "did you mean 'open'?"),
    (f"given: [ {{ {STEP}, after: soon }} ]\n    expect: {{ tickets: 1 }}", "soon", "a time such as +2h"),
    (f"given: [ {{ at: 2h, {STEP} }}, {{ at: 1h }} ]\n    expect: {{ tickets: 1 }}", "1h", "before the step above it"),
    (f"given: [ {{ {STEP}, reply: x }} ]\n    expect: {{ tickets: 1 }}", "reply", "make two steps of it"),
    (f"given: [ {{ {STEP}, agent: x }} ]\n    expect: {{ tickets: 1 }}", "agent", "does not go with this kind of step"),
    ("given: [ { channel: wa-main, from: Ana, text: hi } ]\n    expect: { tickets: 1 }", "Ana", "an address is wanted"),
    (f"given: [ {{ {STEP} }} ]", "name: wrong", "this test expects nothing"),
    ("given: []\n    expect: { tickets: 1 }", "[]", "is a list of what happens"),
    (f"clock: noon\n    given: [ {{ {STEP} }} ]\n    expect: {{ tickets: 1 }}", "noon", "a time such as"),
]


@pytest.mark.parametrize("text, at, told", WRONG, ids=[w[2] for w in WRONG])
def test_what_is_wrong_with_a_test_is_said_with_its_place(config, text, at, told):
    gateway = config(f"tests:\n  - name: wrong\n    {text}\n")
    for verb in ("check", "test"):
        stderr = gateway.ctl(verb, str(gateway.config_path), check=78).stderr
        assert told in stderr
        lines = gateway.config_path.read_text().splitlines()
        tests = lines.index("tests:")
        line, column = next((i, l.index(at)) for i, l in enumerate(lines) if i > tests and at in l)
        assert f"{gateway.config_path}:{line + 1}:{column + 1}: error:" in stderr.replace("'", "")


# What only headgatectl knows: the configuration's names, times that go back, which keys go together.
SEEN_BY_HEADGATE = {"wa-mian", "thanks and greeting }", "ticket.request]", "1h", "reply", "agent", "Ana", "name: wrong", "noon"}


def test_an_editor_with_the_schema_sees_the_same_mistakes():
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    whole = json.loads(subprocess.run([BUILD / "headgatectl", "docs", "schema"], capture_output=True, text=True, env=env,
                                      check=True).stdout)
    schema = jsonschema.Draft202012Validator(dict(whole["$defs"]["tests"], **{"$defs": whole["$defs"]}))
    schema.check_schema(schema.schema)
    assert list(schema.iter_errors(yaml.load(GOOD, Loader)["tests"])) == []
    for text, at, _ in WRONG:
        tests = yaml.load(f"- name: wrong\n    {text}\n".replace("\n    ", "\n  "), Loader)
        assert bool(list(schema.iter_errors(tests))) == (at not in SEEN_BY_HEADGATE), text


def test_the_examples_of_the_documentation_can_be_read(config):
    blocks = re.findall(r"```yaml\n(tests:.*?)```", (TOP / "doc" / "rules.md").read_text(), re.S)
    assert len(blocks) == 1
    gateway = config(blocks[0])
    gateway.ctl("test", str(gateway.config_path), check=0)


# ---- one text ----


def test_one_text_is_judged_by_the_rules(config):
    gateway = config()
    ctl = ["--config", str(gateway.config_path), "rules", "try"]
    told = gateway.ctl(*ctl, "a human please", check=0).stdout
    assert "MATCH  asks for a human  headgate.yaml:" in told
    assert "decision        convert, by rule 'asks for a human'" in told
    assert "text.matches: wants ^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$, has \"a human please\"" in told
    assert "One moment please." in told

    answer = json.loads(gateway.ctl(*ctl, "my invoice", "--channel", "second", "--from", "ana@example.com", "--json",
                                    check=0).stdout)
    assert (answer["action"], answer["rule"]) == ("wait", None)
    assert answer["facts"]["channel"] == "second" and answer["facts"]["address"] == "mailto:ana@example.com"
    assert [rule["matched"] for rule in answer["trace"]] == [False, False]
    facts = json.loads(gateway.ctl(*ctl, "x", "--fact", "mood=very bad", "--fact", "orders=3", "--fact", "ok=true",
                                   "--fact", "url=a=b", "--json", check=0).stdout)["facts"]
    assert facts["outside"] == {"mood": "very bad", "orders": 3, "ok": True, "url": "a=b"}
    assert "sentiment=angry" in gateway.ctl(*ctl, "x", "--fact", "mood", check=2).stderr
    assert "did you mean \"second\"?" in gateway.ctl(*ctl, "x", "--channel", "secnd", check=2).stderr


# ---- all that was decided ----


def decided(gateway, n):
    return wait_until(lambda: (lambda d: d if len(d) >= n else None)(gateway.get("/v1/decisions?limit=500")["decisions"]),
                      f"{n} decisions")


def other_config(gateway, rules, name="new.yaml"):
    text = gateway.config_path.read_text()
    begin, end = text.index("rules:\n"), text.index("backends:\n")
    path = gateway.folder / name
    path.write_text(text[:begin] + "rules:\n" + rules + text[end:])
    path.chmod(0o600)
    return str(path)


def test_decisions_are_read_in_order_with_what_they_were_made_on(start, graph):
    gateway = start(rules=RULES)
    for i in range(5):
        graph.say(f"44770090013{i}", "hello")
    graph.say(ANA, "a human please")
    all_of_them = decided(gateway, 6)
    last = all_of_them[-1]
    assert (last["on"], last["action"], last["rule"], last["text"]) == (
        "message", "convert", "asks for a human", "a human please")
    assert last["facts"]["channel"] == "wa-main" and last["facts"]["contact_new"] is True
    assert last["message_id"].startswith("msg_") and last["thread_id"].startswith("thr_")

    pages, after = [], ""
    while True:
        page = gateway.get(f"/v1/decisions?limit=2{after}")
        pages += page["decisions"]
        if "next" not in page:
            break
        after = f"&after={page['next']}"
    assert pages == all_of_them
    since = gateway.get(f"/v1/decisions?since={all_of_them[3]['at']}")["decisions"]
    assert since == [d for d in all_of_them if d["at"] >= all_of_them[3]["at"]]
    assert gateway.get("/v1/decisions?since=2099-01-01T00:00:00Z")["decisions"] == []
    assert gateway.api("GET", "/v1/decisions?since=yesterday").status == 400


def test_history_is_judged_again_by_other_rules_without_effect(start, graph, helpdesk):
    """R0.17, R0.20: what other rules would have made of what was said, against the band of healthy rates."""
    gateway = start(rules=RULES)
    gateway.env["HEADGATE_TEST_CLOCK"] = str(gateway.clock_path)
    graph.say(ANA, "hello")
    graph.say(BEN, "my invoice is wrong")
    gateway.advance(seconds=30)
    helpdesk.wait_event("ticket.requested")
    decided(gateway, 3)	# ignore; wait, then the default converts
    before = gateway.get("/v1/decisions?limit=500")
    threads = {t["reply_to"]: t["id"] for t in gateway.threads()}

    same = json.loads(gateway.ctl("rules", "replay", "--config", str(gateway.config_path), "--json", check=0).stdout)
    assert (same["decisions"], same["changed"], same["other_rule"]) == (3, 0, 0)
    assert same["channels"] == [dict(channel="wa-main", conversations=2, tickets_before=1, tickets_after=1,
                                     band_before="bad", band_after="bad")]

    # Greetings are decided by nobody now, so the default makes tickets of them; invoices are no matter.
    new = other_config(gateway, "  - name: no invoices\n    when: { text: { contains: invoice } }\n"
                                "    do: { ignore: noise }\n")
    told = json.loads(gateway.ctl("rules", "replay", "--since", "2d", "--config", new, "--json", "--show", "changed",
                                  check=0).stdout)
    changes = {(c["thread_id"], c["on"], c["from"], c["to"], c["rule"]) for c in told["changes"]}
    ana, ben = threads[f"tel:+{ANA}"], threads[f"tel:+{BEN}"]
    assert changes == {
        (ana, "message", "ignore", "wait", None), (ana, "settle", "not asked", "convert", None),
        (ben, "message", "wait", "ignore", "no invoices"), (ben, "settle", "convert", "not asked", None)}
    assert (told["changed"], told["changed_conversations"]) == (4, 2)
    assert (told["channels"][0]["tickets_before"], told["channels"][0]["tickets_after"]) == (1, 1)

    done = gateway.ctl("rules", "replay", "--config", new, "--show", "changed", check=0)
    assert f"{ben}  " in done.stdout and "wait -> ignore  by rule 'no invoices'" in done.stdout
    assert "4 decisions change (100.0 %), in 2 conversations" in done.stdout
    assert "BAND (healthy: 20 to 35 %)" in done.stdout and "bad -> bad" in done.stdout
    assert done.stderr == ""	# no terminal, and it took no ten seconds
    assert gateway.get("/v1/decisions?limit=500") == before


def test_a_replay_needs_a_daemon_and_good_rules(config):
    gateway = config()
    gateway.ctl("rules", "replay", "--config", str(gateway.config_path), check=3)
    bad = other_config(gateway, "  - name: x\n    wen: {}\n    do: { ignore: noise }\n")
    assert "did you mean 'when'?" in gateway.ctl("rules", "replay", "--config", bad, check=78).stderr
    gateway.ctl("rules", "replay", "--config", str(gateway.config_path), "--since", "ever", check=2)
    assert "did you mean \"replay\"?" in gateway.ctl("rules", "repaly", check=2).stderr


class Pages(http.server.BaseHTTPRequestHandler):
    """A daemon that is busy every other time."""
    protocol_version = "HTTP/1.1"

    def address_string(self):
        return "unix"

    def log_message(self, *_):
        pass

    def do_GET(self):
        self.server.asked.append(self.path)
        busy = len(self.server.asked) % 2
        body = {"detail": "too much to do"} if busy else self.server.pages.pop(0)
        body = json.dumps(body).encode()
        self.send_response(503 if busy else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def test_a_replay_goes_on_where_it_was_when_the_daemon_is_busy(config):
    gateway = config()
    decision = dict(at="2026-01-05T09:00:00.000Z", on="message", action="ignore", rule="thanks and greetings",
                    thread_id="thr_1", message_id="msg_1", text="hello", facts=dict(on="message", channel="wa-main"))
    with socketserver.UnixStreamServer(str(gateway.socket), Pages) as server:
        server.asked = []
        server.pages = [{"decisions": [decision], "next": "17"},
                        {"decisions": [dict(decision, text="my invoice", thread_id="thr_2"), dict(decision, facts=None)]}]
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        told = json.loads(gateway.ctl("rules", "replay", "--config", str(gateway.config_path), "--json", check=0).stdout)
        server.shutdown()
    assert [re.sub(r"since=.*", "since", path) for path in server.asked] == (
        ["/v1/decisions?limit=500&since"] * 2 + ["/v1/decisions?limit=500&after=17"] * 2)
    assert (told["decisions"], told["not_judged"], told["steps"][0]) == (
        2, 1, {"from": "ignore", "to": "wait", "decisions": 1})
