"""What messages are about: models made of examples, asked from the command line and by rules."""
import json
import re
import shutil
import subprocess

import pytest

import conftest
from harness import BUILD, PATIENCE, TOP

SMALL = TOP / "tests" / "data" / "intent" / "small.intent"
EXAMPLES = TOP / "etc" / "intent" / "examples.tsv"
HELD = TOP / "tests" / "data" / "intent" / "held.tsv"


def intent(*args, check=0, env=None):
    done = subprocess.run([BUILD / "headgatectl", "intent", *map(str, args)], capture_output=True, text=True, timeout=PATIENCE,
                          env=dict({"LC_ALL": "C.UTF-8", "PATH": "/usr/bin:/bin"}, **(env or {})))
    assert done.returncode == check, done
    return done


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    path = tmp_path_factory.mktemp("intent") / "shipped.intent"
    intent("train", "--out", path, EXAMPLES)
    return path


# ---- train ----

def test_the_same_examples_make_the_same_file(model, tmp_path):
    """R2.7: deterministic, whatever the files are called, how they are ordered, and in which locale."""
    lines = [line for line in EXAMPLES.read_text().splitlines() if line and line[0] != "#"]
    (tmp_path / "b.tsv").write_text("\n".join(lines[1::2]))
    (tmp_path / "a.jsonl").write_text("".join(
        json.dumps(dict(zip(("label", "text"), line.split("\t")))) + "\n" for line in reversed(lines[::2])))
    intent("train", "--out", tmp_path / "again.intent", tmp_path / "b.tsv", tmp_path / "a.jsonl", env={"LC_ALL": "de_DE.UTF-8"})
    assert (tmp_path / "again.intent").read_bytes() == model.read_bytes()


def test_training_says_how_good_it_will_be(tmp_path):
    done = intent("train", "--out", tmp_path / "m", EXAMPLES)
    assert re.search(r"^refund +60 +\d+ % +\d+ %$", done.stdout, re.M) and done.stderr == ""
    assert re.search(r"^cross-validated: \d\d\.\d % right; \d\d % have a confidence of 0.70 or more, of those", done.stdout, re.M)
    told = json.loads(intent("train", "--json", "--out", tmp_path / "m", EXAMPLES).stdout)
    assert told["examples"] == 540 and len(told["intents"]) == 9 and 0.6 < told["accuracy"] < 1
    assert intent("train", "-q", "--out", tmp_path / "m", EXAMPLES).stdout == ""


def test_wrong_examples_are_told_all_at_once_and_no_model_is_written(tmp_path):
    (tmp_path / "bad.tsv").write_text("refund I want it back\nRefund\tx\nhours\twhen do you open\n")
    done = intent("train", "--out", tmp_path / "m", tmp_path / "bad.tsv", tmp_path / "none.tsv", check=1)
    assert "bad.tsv:1: error: there is no tab" in done.stderr and "bad.tsv:2:1: error: an intent's name" in done.stderr
    assert "none.tsv: error: cannot read it: No such file" in done.stderr and not (tmp_path / "m").exists()
    (tmp_path / "few.tsv").write_text("hours\twhen do you open\nhours\tare you open\n")
    assert "examples of 2 to 200 intents are wanted" in intent("train", "--out", tmp_path / "m", tmp_path / "few.tsv",
                                                              check=1).stderr
    intent("train", "--out", tmp_path / "no" / "m", EXAMPLES, check=5)


# ---- eval ----

def test_eval_prints_who_is_taken_for_whom(model):
    """R2.2: the same categories on every channel, and it is known how reliable they are."""
    text = intent("eval", "--model", model, HELD).stdout
    assert re.search(r"^ {2}1 account( +[\d.]+){10}$", text, re.M) and re.search(r"^ {2}- none ", text, re.M)
    assert re.search(r"^INTENT +MESSAGES +PRECISION +RECALL +F1$", text, re.M)
    assert re.search(r"^\d\d\.\d % reach the bar \(confidence 0.70, known 0.50\), \d\d\.\d % are refused$", text, re.M)
    told = json.loads(intent("eval", "--json", "--model", model, HELD).stdout)
    rows = {row["intent"]: row for row in told["intents"]}
    assert told["messages"] == 144 and told["accuracy"] > 0.8 and told["taken"] + told["refused"] == 144
    assert rows["none"]["in_model"] is False and rows["none"]["messages"] == 30
    assert sum(row["taken_for"].get(name, 0) for name, row in rows.items()) == told["taken_right"]


def test_eval_ends_with_1_below_the_accuracy_that_is_wanted(model):
    intent("eval", "--model", model, "--min-accuracy", "0.5", HELD)
    intent("eval", "--model", model, "--min-accuracy", "0.99", HELD, check=1)
    assert json.loads(intent("eval", "--json", "--model", model, "--min-accuracy", "0.99", HELD, check=1).stdout)["enough"] is False


def test_a_higher_bar_lets_fewer_through(model):
    taken = [json.loads(intent("eval", "--json", "--model", model, "--min-confidence", bar, "--min-known", known, HELD).stdout)
             for bar, known in (("0", "0"), ("0.5", "0.5"), ("0.9", "0.5"), ("0.9", "0.9"))]
    assert taken[0]["taken"] == 144 > taken[1]["taken"] > taken[2]["taken"] > taken[3]["taken"] > 0
    assert taken[0]["strange_let_in"] == 30 and taken[2]["strange_let_in"] <= 2


# ---- try ----

def test_try_says_what_and_why(model):
    """R2.7: which words, which weights."""
    done = intent("try", "--model", model, "Can I have my MONEY back??")
    assert re.match(r"refund  confidence 0\.\d\d  known (0\.\d\d|1\.00)\n  \+\d\.\d  ", done.stdout)
    assert re.search(r"^  \+\d\.\d  money$", done.stdout, re.M)
    told = json.loads(intent("try", "--json", "--model", model, "Can I have my MONEY back??").stdout)
    assert told["intent"] == "refund" and any(word["words"] == "money" and word["weight"] > 0 for word in told["words"])
    strange = json.loads(intent("try", "--json", "--model", model, "\u043a\u0440\u043e\u043a\u043e\u0434\u0438\u043b").stdout)
    assert strange["known"] == 0
    assert "no word" in intent("try", "--model", model, "?!").stdout


def test_what_is_no_model_is_refused(model, tmp_path):
    (tmp_path / "damaged").write_bytes(model.read_bytes().replace(b"\t16", b"\t17", 1)[:-5])
    assert "damaged" in intent("try", "--model", tmp_path / "damaged", "hi", check=1).stderr
    assert "it is no model" in intent("eval", "--model", EXAMPLES, HELD, check=1).stderr


# ---- rules that ask ----

ANA, BEN, CYN = "447700900123", "447700900124", "447700900125"

RULES = conftest.NOISE + """\
  - name: money back
    when: { intent: refund }
    do: { convert: { category: refund }, tag: money }
  - name: about something else
    when: { intent: { unknown: true } }
    do: { hold: true }
"""
INTENT = "intent: {{ model: {} }}"

TESTS = """\
tests:
  - name: a refund is found by its words
    given: [ { channel: wa-main, from: "+447700900123", text: I want my MONEY back } ]
    expect: { tickets: 1, rule: money back, intent: refund, ticket: { category: refund } }
  - name: strange words are no refund
    given: [ { channel: wa-main, from: "+447700900123", text: the zorgblat money xyzzy } ]
    expect: { tickets: 0, rule: about something else, intent: null, thread: { held: true } }
"""


@pytest.fixture
def shop(start):
    """A gateway whose rules ask the small model, beside its configuration."""
    def run(rules=RULES, more="", **config):
        gateway = start(begin=False, rules=rules, top="settle: 20s\n" + INTENT.format("shop.intent"), more=more, **config)
        shutil.copy(SMALL, gateway.config_path.parent / "shop.intent")
        return gateway
    return run


def begin(gateway, graph):
    gateway.start()
    graph.target(gateway.port, "wa-main")
    return gateway


def inbound(gateway, customer):
    thread = next(t for t in gateway.threads(limit=100) if t["reply_to"] == f"tel:+{customer}")
    return next(m for m in gateway.messages(thread["id"]) if m["direction"] == "inbound")


def labelled(gateway):
    """intent label: what was said becomes examples, by a person's word; what has a label is not asked for again."""
    out = gateway.config_path.parent / "more.jsonl"

    def label(typed, code):
        done = subprocess.run([BUILD / "headgatectl", "--socket", gateway.socket, "--json", "intent", "label", "--model", SMALL, "--out", out],
                              input=typed, capture_output=True, text=True, timeout=PATIENCE, env={"LC_ALL": "C.UTF-8"})
        assert done.returncode == code, done
        return [json.loads(line) for line in done.stdout.splitlines()], done.stderr

    made, said = label("/\n?\nrefnd\nrefund\n", 0)		# Ben's, the newest, is passed over
    assert made == [{"label": "refund", "text": "Hi, can I get my money back?"}] and "taken for refund" in said
    assert 'no intent "refnd" yet, but "refund"' in said and "1 labelled, 1 passed over" in said
    made, said = label("gibberish\ngibberish\n", 0)		# a name that is meant is typed twice
    assert made == [{"label": "gibberish", "text": "the zorgblat money xyzzy"}] and "1 of 1" in said
    assert "has no label yet" in label("", 1)[1]
    assert [json.loads(line)["label"] for line in out.read_text().splitlines()] == ["refund", "gibberish"]
    assert out.stat().st_mode & 0o777 == 0o600
    assert intent("eval", "--json", "--model", SMALL, out).stdout


def test_a_rule_finds_what_a_message_is_about_and_explains_it_later(shop, graph, helpdesk):
    """R2.2, R2.7, R0.10 (topic): label, confidence, known and words stand with the decision, when the model is long gone."""
    gateway = begin(shop(), graph)
    assert "event=daemon.intent" in gateway.log()
    graph.say(ANA, "Hi, can I get my money back?")
    graph.say(BEN, "the zorgblat money xyzzy")
    assert helpdesk.wait_event("ticket.requested").data["category"] == "refund"
    message = inbound(gateway, ANA)
    before = gateway.get(f"/v1/messages/{message['id']}/explain")["decisions"][0]
    assert before["rule"] == "money back" and before["facts"]["intent"]["label"] == "refund"
    got = before["trace"][1]["why"][0]
    assert got["cond"] == "intent" and got["ok"] and got["want"] == "refund, from 0.70 known 0.50 on"
    assert re.match(r'refund 0\.\d\d known \d\.\d\d: "money" \+\d\.\d, ', got["got"])
    told = gateway.ctl("explain", message["id"], check=0).stdout
    assert re.search(r'^    intent +refund 0\.\d\d known \d\.\d\d: "money" \+', told, re.M)
    labelled(gateway)

    (gateway.config_path.parent / "shop.intent").unlink()
    gateway.write_config(conftest.config_text(graph.url, helpdesk.url, rules="  []"))
    gateway.reload()
    assert gateway.get(f"/v1/messages/{message['id']}/explain")["decisions"][0] == before
    assert gateway.ctl("explain", message["id"], check=0).stdout == told
    other = gateway.get(f"/v1/messages/{inbound(gateway, BEN)['id']}/explain")["decisions"][0]
    assert other["rule"] == "about something else" and other["facts"]["intent"]["known"] < "0.50"


def test_what_a_message_is_about_fills_the_fields_of_the_ticket(shop, graph, helpdesk):
    """R1.9, R2.1: fields filled from the conversation, in a rule that has no condition on it."""
    gateway = begin(shop(rules="""\
  - name: hand it on
    do: { set: { topic: "${intent|unclear}" }, convert: { } }
"""), graph)
    graph.say(ANA, "I want my money back")
    assert helpdesk.wait_event("ticket.requested").data["custom"] == {"topic": "refund"}
    graph.say(BEN, "the zorgblat money xyzzy")
    assert helpdesk.wait_event("ticket.requested", n=2).data["custom"] == {"topic": "unclear"}


def test_a_reload_takes_a_new_model_or_stays_with_the_old_one(shop, graph, helpdesk, tmp_path):
    gateway = begin(shop(), graph)
    model, before = gateway.config_path.parent / "shop.intent", gateway.status()["config_hash"]
    model.write_text("headgate-intent 1\nrubbish")
    gateway.reload()
    assert "reload.refused" in gateway.log() and "shop.intent cannot be read: it ends too early" in gateway.log()
    graph.say(ANA, "I want my money back")
    helpdesk.wait_event("ticket.requested")
    assert gateway.status()["config_hash"] == before

    lines = SMALL.with_suffix(".tsv").read_text().replace("refund\t", "hours\t").replace("delivery\t", "refund\t")
    (tmp_path / "turned.tsv").write_text(lines)
    intent("train", "-q", "--out", model, tmp_path / "turned.tsv")
    gateway.reload()
    assert gateway.status()["config_hash"] not in (before, "")	# the same text with another model decides otherwise
    graph.say(BEN, "I want my money back")
    graph.say(CYN, "where is my parcel")
    helpdesk.wait_event("ticket.requested", n=2)
    assert gateway.get(f"/v1/messages/{inbound(gateway, BEN)['id']}/explain")["decisions"][0]["rule"] is None
    assert gateway.get(f"/v1/messages/{inbound(gateway, CYN)['id']}/explain")["decisions"][0]["rule"] == "money back"


def test_history_is_judged_again_by_another_model(shop, graph, helpdesk, tmp_path):
    """R2.7: the stored text is asked about anew, and what was heard then does not count."""
    gateway = begin(shop(), graph)
    graph.say(ANA, "I want my money back")
    helpdesk.wait_event("ticket.requested")
    same = json.loads(gateway.ctl("rules", "replay", "--config", gateway.config_path, "--json", check=0).stdout)
    assert same["changed"] == 0 and same["decisions"] >= 1
    lines = SMALL.with_suffix(".tsv").read_text().replace("refund\t", "hours\t").replace("delivery\t", "refund\t")
    (tmp_path / "turned.tsv").write_text(lines)
    intent("train", "-q", "--out", tmp_path / "turned.intent", tmp_path / "turned.tsv")
    (tmp_path / "new.yaml").write_text(gateway.config_path.read_text().replace("shop.intent", str(tmp_path / "turned.intent")))
    told = json.loads(gateway.ctl("rules", "replay", "--config", tmp_path / "new.yaml", "--json", check=0).stdout)
    assert [(step["from"], step["to"]) for step in told["steps"]] == [("convert", "wait")]


def test_texts_are_tried_and_tests_played_with_the_model(shop):
    gateway = shop(more=TESTS)
    path = gateway.config_path
    told = gateway.ctl("test", path, check=0).stdout
    assert told.splitlines()[-1] == "2 tests, 0 failed"
    gateway.ctl("check", "--strict", path, check=0)
    tried = json.loads(gateway.ctl("-c", path, "rules", "try", "--json", "I want my money back", check=0).stdout)
    assert tried["rule"] == "money back" and tried["facts"]["intent"]["label"] == "refund"
    shown = gateway.ctl("-c", path, "rules", "try", "I want my money back", check=0).stdout
    assert re.search(r'^    intent +refund 0\.\d\d known ', shown, re.M)
    asked = gateway.ctl("-c", path, "intent", "try", "I want my money back", check=0).stdout	# the configuration's model
    assert asked.startswith("refund  confidence 0.")
    path.write_text(path.read_text().replace("intent: refund, ", "intent: delivery, "))
    assert "intent: expected delivery, got refund" in gateway.ctl("test", path, check=1).stdout


def test_check_says_what_is_wrong_with_model_and_names(shop):
    gateway = shop(rules=RULES.replace("intent: refund", "intent: refnud"))
    path = gateway.config_path
    assert "did you mean 'refund'?" in gateway.ctl("check", path, check=78).stderr
    (path.parent / "shop.intent").unlink()
    said = gateway.ctl("check", path, check=78).stderr
    assert "model shop.intent cannot be read: No such file" in said and "headgatectl intent train --out shop.intent" in said
    path.write_text(path.read_text().replace("model:", "modell:"))
    assert "did you mean 'model'?" in gateway.ctl("check", path, check=78).stderr


def test_the_example_of_the_manual_is_a_configuration(shop, model):
    block = re.search(r"(?ms)^```yaml\n(.*?)^```", (TOP / "doc" / "intent.md").read_text())[1]
    gateway = shop()
    path = gateway.config_path
    path.write_text(path.read_text().replace(INTENT.format("shop.intent"), "").replace(RULES, "").replace("rules:\n", "", 1)
                    + block)
    shutil.copy(model, path.parent / "shop.intent")
    assert gateway.ctl("check", path, check=0).stderr == ""
