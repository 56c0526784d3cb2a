"""Presets of helpdesks from outside: the verb backend, and what check says of a configuration with one."""
import json
import os
import subprocess

import pytest

from harness import BUILD, TOP

SHIPPED = TOP / "etc" / "backends"
GOLDEN = TOP / "tests" / "data" / "golden" / "presets"
NAMES = sorted(p.stem for p in SHIPPED.glob("*.yaml"))

PRESET = """name: Example Desk
about: Tickets over its REST API
proof: { state: documented, version: "5", date: 2026-11-22, sources: [ "https://desk.example/docs" ] }
settings:
  url: Where agents log in
  credentials: { token: Key of an API user, webhook: { help: What it signs with, need: false } }
  values: { queue: { help: Where tickets go, default: General } }
once: { by: none }
operations:
  create:
    - url: ${url}/tickets
      bearer: "${secret:token}"
      json: { text: "${text}", queue: "${value:queue}" }
      outcomes: [ { status: 418, is: refused, text: error } ]
      take: { ticket.id: id }
back:
  hook: { auth: { token: { at: "$header:X-Token", secret: webhook } } }
  cases: [ { reply: { id: id, ticket: ticket, text: text } } ]
samples:
  given: { url: "https://desk.example", secrets: { token: made-up, webhook: w } }
  operations:
    - name: a ticket
      made_up: true
      op: create
      situation: { text: hello }
      calls:
        - request: { method: POST, url: "https://desk.example/tickets", headers: { Authorization: Bearer made-up },
                     json: { text: hello, queue: General } }
          answer: { status: 201, json: { id: 7 } }
      expect: { outcome: done, take: { ticket.id: "7" } }
  back:
    - name: an agent's answer
      made_up: true
      request: { headers: { X-Token: w }, json: { id: 1, ticket: 7, text: hi } }
      expect: { reply: 200, changes: [ { kind: reply, id: "1", ticket: "7", text: hi } ] }
    - name: somebody else
      made_up: true
      request: { headers: { X-Token: x }, json: { id: 1, ticket: 7, text: hi } }
      expect: { reply: 401 }
"""


def ctl(*args, presets=SHIPPED, **env):
    run = dict(os.environ, LC_ALL="C.UTF-8", HEADGATE_PRESET_DIR=str(presets), **env)
    return subprocess.run([BUILD / "headgatectl", *map(str, args)], capture_output=True, text=True, env=run, check=False)


@pytest.fixture(name="example")
def example_fixture(tmp_path):
    (tmp_path / "example.yaml").write_text(PRESET)
    return tmp_path


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_is_right_by_its_own_samples(name):
    done = ctl("backend", "test", name, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    samples = json.loads(done.stdout)
    assert samples["failed"] == 0 and samples["samples"] >= 3


@pytest.mark.parametrize("name", NAMES)
def test_what_is_shipped_says_where_it_is_from(name):
    shown = json.loads(ctl("backend", "show", name, "--json").stdout)
    assert shown["proof"]["state"] in ("proven", "documented")
    assert shown["proof"]["how"] if shown["proof"]["state"] == "proven" else shown["proof"]["sources"]
    assert (TOP / "doc" / "helpdesks" / f"{name}.md").exists()


def test_the_list_says_of_each_how_it_is_known(example):
    done = ctl("backend", "list", presets=example)
    assert done.returncode == 0 and done.stderr == ""
    row = next(line for line in done.stdout.splitlines() if line.startswith("example "))
    assert row.split()[1:4] == ["documented", "5", "2026-11-22"]
    listed = json.loads(ctl("backend", "list", "--json", presets=example).stdout)
    assert [one["preset"] for one in listed][0] == "example"
    assert listed[0]["proof"] == {"state": "documented", "version": "5", "date": "2026-11-22",
                                  "sources": ["https://desk.example/docs"]}
    assert ctl("backend", presets=example).stdout == done.stdout


def test_a_wrong_preset_does_not_hide_the_others(example):
    (example / "wrong.yaml").write_text("name: [")
    done = ctl("backend", "list", presets=example)
    assert done.returncode == 6 and "wrong.yaml:2:1: error" in done.stderr and "\nexample " in done.stdout


def test_show_says_what_to_write_in_the_configuration(example):
    shown = ctl("backend", "show", "example", presets=example)
    assert shown.returncode == 0
    for line in ("    preset: example", "    url: https://desk.example", "    token: credential:desk-token",
                 "    #webhook_secret: credential:desk-webhook", "      #queue: General"):
        assert line in shown.stdout, line
    # ... and that is a configuration, once its secrets are there.
    written = shown.stdout[shown.stdout.index("\nbackends:"):]
    secrets = example / "secrets"
    secrets.mkdir()
    (secrets / "desk-token").write_text("made-up")
    (example / "headgate.yaml").write_text("config_version: 1\ngateway: { listen: '127.0.0.1:0' }\n" + written)
    done = ctl("check", example / "headgate.yaml", presets=example, CREDENTIALS_DIRECTORY=str(secrets))
    assert done.returncode == 0, done.stderr


def test_samples_are_played_and_told(example):
    done = ctl("backend", "test", presets=example)
    assert done.returncode == 0
    assert done.stdout == ("example\nok    a ticket (made up)\nok    an agent's answer (made up)\nok    somebody else (made up)\n"
                           "3 samples, 0 failed, 3 made up\n")


@pytest.mark.parametrize("what, instead, said", [
    ("text: hello, queue: General }", "text: hullo, queue: General }", "call 1, body: expected"),
    ("url: \"https://desk.example/tickets\"", "url: \"https://desk.example/ticket\"", "call 1, url: expected"),
    ("Authorization: Bearer made-up", "Authorization: Bearer other", "call 1, Authorization: expected Bearer other, got Bearer made-up"),
    ("status: 201", "status: 418", "outcome: expected done, got refused"),
    ("answer: { status: 201, json: { id: 7 } }", "answer: { lost: true }", "outcome: expected done, got retry"),
    ("answer: { status: 201, json: { id: 7 } }", "answer: { status: 201, json: { nr: 7 } }", "named no ticket"),
    ("ticket.id: \"7\" }", "ticket.id: \"8\" }", "take.ticket.id: expected \"8\", got \"7\""),
    ("op: create", "op: destroy", "the preset has no operation destroy"),
    ("op: create", "op: append", "the preset has no operation append"),
    ("      calls:\n", "      calls:\n        - request: { method: GET, url: x }\n          answer: {}\n", "call 2 was not made"),
    ("expect: { outcome: done, take", "expect: { outcom: done, take", "outcom means nothing here"),
    ("text: hi } ] }", "text: ho } ] }", "changes[0].text: expected \"ho\", got \"hi\""),
    ("expect: { reply: 401 }", "expect: { reply: 200 }", "reply: expected 200, got 401"),
    ("      made_up: true\n      op", "      op", "say seen: where, or made_up: true"),
])
def test_a_sample_that_is_wrong_says_what_came_instead(example, what, instead, said):
    assert PRESET.count(what) >= 1
    (example / "example.yaml").write_text(PRESET.replace(what, instead, 1))
    done = ctl("backend", "test", "example", presets=example)
    assert done.returncode == 1, done.stdout + done.stderr
    assert said in done.stdout and "FAIL" in done.stdout


def test_no_such_preset_is_said_with_the_nearest(example):
    done = ctl("backend", "show", "exampel", presets=example)
    assert done.returncode == 4 and 'did you mean "example"?' in done.stderr
    assert ctl("backend", "shwo", "x").returncode == 2
    assert ctl("backend", "show").returncode == 2


def test_without_samples_nothing_is_proven(example):
    (example / "example.yaml").write_text(PRESET[:PRESET.index("samples:")])
    done = ctl("backend", "test", "example", presets=example)
    assert done.returncode == 1 and "there are no samples" in done.stderr


def test_check_tells_what_is_wrong_in_a_preset_with_its_place(tmp_path):
    (tmp_path / "headgate.yaml").write_text(f"""config_version: 1
backends:
  desk:
    preset: {GOLDEN / 'part-wrong.yaml'}
    url: https://desk.example
    token: env:DESK_TOKEN
    values: {{ queue: a }}
""")
    done = ctl("check", tmp_path / "headgate.yaml", DESK_TOKEN="x")
    assert done.returncode == 78
    assert "part-wrong.yaml:12:12: error: ${ticket.nr} means nothing here: did you mean ${ticket.id}?" in done.stderr
