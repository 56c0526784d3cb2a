"""What messages are about: models made of examples, asked from the command line."""
import json
import re
import subprocess

import pytest

from harness import BUILD, PATIENCE, TOP

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
