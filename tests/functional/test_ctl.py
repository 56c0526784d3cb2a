"""headgatectl: every verb, its exit codes, its JSON, and that nothing from outside reaches the terminal."""
import base64
import hashlib
import hmac
import json
import os
import pty
import queue
import re
import signal
import subprocess
import threading
import time
import uuid

import pytest

import conftest
import ctl_rows
import harness
from harness import BUILD, PATIENCE, TOP, wait_until

VERBS = sorted({row.split()[0] for row in ctl_rows.ROWS})
ENV = dict(LC_ALL="C.UTF-8", TZ="UTC", HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"))
NOBODY = "/nonexistent/headgate.sock"


def environment(*more):
    """The tests' own, each dictionary going before the ones in front of it."""
    made = {key: value for key, value in os.environ.items() if key != "NO_COLOR"}
    for each in (ENV, *more):
        made.update(each or {})
    return made


def ctl(*args, env=None, **more):
    """Without a daemon."""
    return subprocess.run([BUILD / "headgatectl", *map(str, args)], capture_output=True, text=True, timeout=PATIENCE,
                          env=environment(env), **more)


def secret_env(gateway):
    return dict(ENV, **gateway.env, TEST_API_TOKEN=harness.API_TOKEN, TEST_WEBHOOK_SECRET=harness.WEBHOOK_SECRET,
                TEST_SECOND_SECRET=harness.SECOND_SECRET)


def config_of(world):
    return str(world.gateway.config_path)


def shape(value):
    """What stays the same when the values differ: names and types."""
    if isinstance(value, dict):
        return {key: shape(part) for key, part in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


# ---- help, usage, exit codes ----

def test_help_names_every_verb_and_exit_code():
    done = ctl("--help")
    assert done.returncode == 0 and done.stderr == ""
    assert sorted(re.findall(r"^  (\w[\w-]*) +\S", done.stdout, re.M)) == VERBS
    for code in (0, 1, 2, 3, 4, 5, 6, 75, 78):
        assert re.search(rf"\b{code} ", done.stdout.split("exit codes:")[1]), code
    assert ctl("help").stdout == ctl("-h").stdout == done.stdout


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_of_its_own_in_three_ways(verb):
    done = ctl("help", verb)
    assert done.returncode == 0 and done.stdout.startswith(f"usage: headgatectl {verb}")
    assert ctl(verb, "--help").stdout == ctl(verb, "-h").stdout == done.stdout


def test_the_version_is_printed():
    assert re.fullmatch(r"headgatectl \d+\.\d+\.\d+\n", ctl("--version").stdout)
    assert ctl("-V").stdout == ctl("status", "--version").stdout == ctl("--version").stdout


@pytest.mark.parametrize("args, said", [
    ([], "a verb is wanted"), (["statu"], 'no verb "statu"; did you mean "status"?'), (["help", "chek"], 'did you mean "check"?'),
    (["help", "thread", "shwo"], 'did you mean "show"?'), (["help", "status", "x"], "status has no commands"),
    (["xyzzy"], 'no verb "xyzzy"; see'), (["--jsn", "status"], 'no option "--jsn"; did you mean "--json"?'),
    (["status", "--quite"], 'no option "--quite"; did you mean "--quiet"?'), (["status", "-x"], 'no option "-x"'),
    (["status", "extra"], 'unexpected "extra"'), (["status", "--socket"], "--socket wants a value"),
    (["--color", "gren", "status"], "(auto, always, never)"), (["thread"], "a command is wanted: thread list|search"),
    (["thread", "--json"], "a command is wanted"), (["thread", "shwo"], 'no command of thread "shwo"; did you mean "show"?'),
    (["thread", "show"], "ID is wanted: thread show ID; see headgatectl help thread show"),
    (["thread", "reply", "thr_1"], "TEXT is wanted: thread reply ID TEXT"), (["thread", "reply", "thr_1", "two", "words"], "in quotes"),
    (["thread", "note", "thr_1"], "TEXT is wanted"), (["thread", "close", "thr_1", "text"], 'unexpected "text"'),
    (["thread", "close", "thr_1", "--ask", "--resolved"], "one of them"),
    (["thread", "list", "thr_1"], 'unexpected "thr_1"'), (["thread", "show", "thr_1", "--agent", "x"], 'no option "--agent"'),
    (["thread", "list", "--state", "opne"], '--state: there is no "opne"; did you mean "open"? (open, closed, converted)'),
    (["thread", "list", "--limit", "ten"], '--limit: a whole number is wanted, not "ten"'),
    (["thread", "set", "thr_1"], "say what to change"), (["thread", "set", "--tag", "x"], "ID is wanted"),
    (["thread", "set", "thr_1", "--field", "plan"], "write NAME=VALUE"),
    (["thread", "reopen", "thr_1", "--resolved"], 'no option "--resolved"'), (["explain"], "ID is wanted"),
    (["outbox", "retri", "1"], 'did you mean "retry"?'), (["outbox", "--state", "dead", "retry", "1"], "options of outbox retry stand behind it"),
    (["outbox", "--state", "lost"], "queued, due"), (["outbox", "retry", "one"], "a whole number"),
    (["quarantine", "drop"], "N is wanted: quarantine drop N"),
    (["channel"], "a command is wanted: channel"), (["channel", "aks", "x"], 'did you mean "ask"?'), (["channel", "ask"], "NAME is wanted"),
    (["quarantine", "shew", "1"], 'did you mean "show"?'), (["outbox", "retry"], "N is wanted"),
    (["outbox", "settle", "1", "arived"], 'did you mean "arrived"?'), (["simulate"], "NAME is wanted"),
    (["simulate", "telex", "--txt", "x"], 'did you mean "--text"?'), (["simulate", "whatsapp"], "--text TEXT is wanted"),
    (["simulate", "whatsapp", "--txt", "x"], 'did you mean "--text"?'), (["listen", "--port", "x"], "--port: a whole number"),
    (["listen", "--port", "70000"], "--port 70000"),
    (["listen", "--secret", "env:NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE"), (["listen", "extra"], 'unexpected "extra"'),
    (["intent"], "train|eval|try|label"), (["intent", "trian"], 'did you mean "train"?'), (["intent", "train", "x"], "--out MODEL is wanted"),
    (["intent", "train", "--out", "x"], "FILE is wanted"),
    (["intent", "eval", "--model", "x"], "FILE is wanted"), (["intent", "try", "--model", "x"], "TEXT is wanted"),
    (["intent", "eval", "--model", "x", "--min-known", "70", "f"], "a share is wanted"),
    (["mail-parse", "mail.eml"], 'unexpected "mail.eml"'), (["consent", "stop", "tel:+1"], "--channel NAME is wanted"),
    (["mail-parse", "--knwon", "x"], 'did you mean "--known"?'), (["backend", "probe", "x", "--wait", "soon"], "30s, 12h or 30d"),
    (["rules", "replay", "--since", "soon"], "30s, 12h or 30d"), (["rules", "replay", "--show", "all"], "(changed)"),
    (["drops", "restore", "--yes"], "name threads, or say --all"), (["drops", "restore", "thr_1"], "say --yes where nobody can be asked"),
    (["docs"], "WHAT is wanted: docs schema|sample|man|api|client-api|ctl-man|verbs"), (["docs", "shema"], 'did you mean "schema"?'),
    (["check", "a", "b"], 'unexpected "b"'), (["rebuild", "--from", "a"], "--to NEW.db is wanted"),
    (["adapters", "a", "b"], 'unexpected "b"'), (["adapter", "new", "Acme"], "no name for an adapter"), (["adapter", "nwe"], 'did you mean "new"?'),
    (["intent", "label", "--out", "x", "--below", "0.7"], "wants a --model"), (["fsck", "now"], 'unexpected "now"'), (["tail", "--thread"], "wants a value")],
    ids=lambda v: " ".join(v) if isinstance(v, list) else "")
def test_wrong_usage_is_told_with_exit_code_2(args, said):
    done = ctl(*args)
    assert done.returncode == 2 and done.stdout == "", done
    assert said in done.stderr and "see headgatectl help" in done.stderr or "NOT_SET" in said, done.stderr
    assert done.stderr.startswith("headgatectl: ")


@pytest.mark.parametrize("args", [["status"], ["tail"], ["thread", "list"], ["thread", "show", "thr_1"], ["fsck"], ["outbox"],
                                  ["thread", "reply", "thr_1", "x"], ["explain", "thr_1"], ["outbox", "retry", "1"]],
                         ids=" ".join)
def test_without_a_daemon_the_exit_code_is_3_and_the_socket_is_named(args):
    done = ctl("--socket", NOBODY, *args)
    assert done.returncode == 3 and done.stdout == "" and NOBODY in done.stderr, done


def test_the_socket_is_found_in_the_configuration_even_when_that_has_errors(world, tmp_path):
    config = tmp_path / "broken.yaml"
    config.write_text(f"nonsense: 1\ngateway:\n  socket: {world.gateway.socket}\n")
    assert ctl("-c", config, "status").returncode == 0
    config.write_text("gateway: [")
    assert ctl("-c", config, "--socket", world.gateway.socket, "status").returncode == 0


@pytest.mark.parametrize("args", [["thread", "show", "thr_none"], ["explain", "msg_none"], ["explain", "nonsense"],
                                  ["tail", "--thread", "thr_none"], ["outbox", "retry", "99999"], ["thread", "close", "thr_none"],
                                  ["thread", "set", "--tag", "x", "thr_none"],
                                  ["adapters", "telegraph"], ["intent", "try", "hi", "--model", "/none.intent"]], ids=" ".join)
def test_what_is_not_there_has_exit_code_4(world, args):
    done = world.gateway.ctl(*args, check=4)
    assert done.stderr.startswith("headgatectl: ") and args[-1] in done.stderr and done.stdout == ""


def test_what_the_state_forbids_has_exit_code_5(world):
    thread = world.thread()["id"]
    world.gateway.ctl("thread", "close", thread, check=0)
    assert "closed already" in world.gateway.ctl("thread", "close", thread, check=5).stderr
    assert "closed" in world.gateway.ctl("thread", "reopen", world.thread()["id"], check=5).stderr


def test_a_value_the_daemon_does_not_take_has_exit_code_2(world):
    assert "since=soon" in world.gateway.ctl("drops", "--since", "soon", check=2).stderr
    assert "limit=0" in world.gateway.ctl("thread", "list", "--limit", "0", check=2).stderr


# ---- check, adapters, docs: without a daemon ----

def test_a_good_configuration_is_counted(world):
    done = ctl("check", config_of(world), env=secret_env(world.gateway))
    assert done.returncode == 0 and done.stderr == "", done
    assert done.stdout == f"{config_of(world)}: 1 channel, 2 rules, 1 backend\n0 errors, 0 warnings\n"
    assert ctl("-c", config_of(world), "-q", "check", env=secret_env(world.gateway)).stdout == ""
    same = ctl("check", config_of(world), "--json", env=secret_env(world.gateway))
    assert json.loads(same.stdout) == {"file": config_of(world), "errors": 0, "warnings": 0, "findings": []}


@pytest.fixture
def broken(world, tmp_path):
    config = tmp_path / 'odd "name".yaml'
    text = world.gateway.config_path.read_text()
    for old, new in (("adapter: whatsapp", "adapter: whatsup"), ("matches: '^", "matches: '(^"), ("allow_private", "alow_private")):
        assert old in text
        text = text.replace(old, new, 1)
    config.write_text(text)
    return config


def test_all_errors_of_a_configuration_are_shown_with_place_and_hint(world, broken):
    done = ctl("check", broken, env=secret_env(world.gateway))
    assert done.returncode == 78
    assert done.stdout.splitlines()[-1] == "3 errors, 0 warnings"
    assert len(re.findall(rf"^{re.escape(str(broken))}:\d+:\d+: error: ", done.stderr, re.M)) == 3, done.stderr
    assert "whatsapp" in done.stderr and "did you mean 'allow_private'" in done.stderr and "^" in done.stderr
    assert "\033" not in done.stderr


def test_findings_come_as_json_too(world, broken):
    done = ctl("check", broken, "--json", env=secret_env(world.gateway))
    assert done.returncode == 78 and done.stderr == ""
    found = json.loads(done.stdout)
    assert found["file"] == str(broken) and found["errors"] == 3
    assert shape(found["findings"][0]) == {"severity": "str", "file": "str", "line": "int", "column": "int", "text": "str",
                                           "hint": "str"} or found["findings"][0]["hint"] is None
    assert ctl("check", "/nonexistent.yaml", "--json").returncode == 78


def test_adapters_are_listed_with_their_options():
    done = ctl("adapters")
    built = sorted(path.stem for path in (BUILD / "adapters" / ".libs").glob("*.so"))
    assert done.returncode == 0 and [line.split()[0] for line in done.stdout.splitlines()] == built
    assert {"email", "fake", "http", "whatsapp"} <= set(built)
    one = ctl("adapters", "whatsapp").stdout
    assert one.startswith("whatsapp ") and "app_secret" in one and "(required)" in one
    listed = json.loads(ctl("adapters", "--json").stdout)
    assert shape(listed)[0] == {"name": "str", "version": "str", "summary": "str", "options": [
        {"name": "str", "required": "bool", "help": "str"}]}
    assert json.loads(ctl("adapters", "--json", "fake").stdout) == listed[built.index("fake")]


def test_an_adapter_that_cannot_be_loaded_leaves_the_others_listed(tmp_path):
    (tmp_path / "bent.so").write_text("no library")
    (tmp_path / "fake.so").write_bytes((BUILD / "adapters" / ".libs" / "fake.so").read_bytes())
    done = ctl("adapters", env={"HEADGATE_ADAPTER_DIR": str(tmp_path)})
    assert done.returncode == 6 and "bent.so" in done.stderr and done.stdout.startswith("fake "), done


def test_documents_are_made_of_the_tables():
    assert json.loads(ctl("docs", "schema").stdout)["$schema"].startswith("https://json-schema.org/")
    assert "config_version: 1" in ctl("docs", "sample").stdout
    assert ctl("docs", "man").stdout.startswith((".", "'"))
    assert "GET /v1/status read\n" in ctl("docs", "api").stdout


# ---- status ----

def test_status_shows_channels_and_backends_and_ends_with_0(world):
    done = world.gateway.ctl("status", check=0)
    lines = [line for line in done.stdout.splitlines() if not line.startswith("node ")]
    assert re.match(r"headgated \d+\.\d+\.\d+  up \S+  config read \S+ ago  store (sqlite|postgresql) \d+ KiB$", lines[0])
    assert re.match(r"threads \d+ \(\d+ open\)  messages \d+  tickets \d+  duplicates dropped \d+ since the start$", lines[1])
    assert lines[2].split() == "NAME KIND STATE IN OUT QUEUE DOUBT DEAD OLDEST LAST ERROR".split()
    assert lines[3].split()[:3] == ["wa-main", "whatsapp", "up"] and lines[4].split()[:3] == ["desk", "backend", "up"]
    assert world.gateway.ctl("-q", "status", check=0).stdout == ""


def test_status_is_what_the_api_says_as_json(world):
    found = json.loads(world.gateway.ctl("status", "--json", check=0).stdout)
    assert shape(found).keys() == shape(world.gateway.status()).keys()
    assert json.loads(world.gateway.ctl("--json", "status", check=0).stdout).keys() == found.keys()


def test_status_ends_with_1_when_something_is_not_up(start, graph):
    graph.token = "another"
    gateway = start(begin=False)
    waiting = subprocess.Popen([BUILD / "headgatectl", "--socket", gateway.socket, "status", "--ready", "--wait", "30s"],
                               stdout=subprocess.PIPE, text=True)
    gateway.start()
    assert waiting.communicate(timeout=PATIENCE)[0] == "ready\n" and waiting.returncode == 0
    wait_until(lambda: gateway.ctl("status").returncode == 1, "the channel to be down")
    line = next(line for line in gateway.ctl("status", check=1).stdout.splitlines() if line.startswith("wa-main"))
    assert line.split()[2] == "down" and len(line.split()) > 8, line
    assert json.loads(gateway.ctl("status", "--json", check=1).stdout)["channels"][0]["condition"] == "down"
    # What comes in is stored all the same; who wants more has to ask for it.
    assert gateway.http("GET", "/readyz").status == 200
    answer = gateway.http("GET", "/readyz?channels=1")
    assert (answer.status, answer.body) == (503, b"a channel is down\n")
    gateway.ctl("status", "--ready", check=0)
    done = gateway.ctl("status", "--ready", "--channels", check=1)
    assert done.stdout == "" and "not ready: a channel is down" in done.stderr
    assert json.loads(gateway.ctl("--json", "status", "--ready", "--channels", "--wait", "200ms", check=75).stdout) == {"ready": False}
    probed = gateway.ctl("-c", str(gateway.config_path), "check", "--probe", check=1)
    assert "0 errors" in probed.stdout and re.search(r"problem +probe of wa-main", probed.stdout)
    # Who paused it by hand knows.
    gateway.ctl("channel", "pause", "wa-main", check=0)
    wait_until(lambda: gateway.ctl("status", "--ready", "--channels").returncode == 0, "the pause")


def test_ready_is_said_to_scripts(world, tmp_path):
    config = str(world.gateway.config_path)
    assert world.gateway.ctl("status", "--ready", "--channels", check=0).stdout == "ready\n"
    assert world.gateway.http("GET", "/readyz?channels=1").body == b"ready\n"
    for args in (["--wait", "1s"], ["--channels"]):
        assert "belong to --ready" in world.gateway.ctl("status", *args, check=2).stderr
    for args, code in ((["--ready"], 1), (["--ready", "--wait", "150ms"], 75)):
        done = subprocess.run([BUILD / "headgatectl", "--socket", tmp_path / "nobody.sock", "status", *args], capture_output=True, text=True)
        assert done.returncode == code and "no headgated answers there" in done.stderr
    probes = json.loads(world.gateway.ctl("-c", config, "check", "--probe", "--json", check=0).stdout)["probes"]
    assert {"daemon", "probe of wa-main"} <= {probe["check"] for probe in probes}
    silent = world.gateway.ctl("--socket", str(tmp_path / "nobody.sock"), "-c", config, "check", "--probe", check=1)
    assert re.search(r"problem +daemon", silent.stdout), silent


# ---- colour, terminals ----

def on_a_terminal(gateway, *args, env=None):
    """What it writes to a terminal."""
    master, slave = pty.openpty()
    process = subprocess.Popen([BUILD / "headgatectl", "--socket", gateway.socket, *args], stdout=slave, stderr=slave,
                               env=environment({"TERM": "xterm"}, env))
    os.close(slave)
    written = b""
    while True:
        try:
            some = os.read(master, 65536)
        except OSError:		# EIO: the last writer has gone
            break
        if not some:
            break
        written += some
    os.close(master)
    process.wait(PATIENCE)
    return written


def test_colour_is_for_terminals_that_want_it(world):
    assert b"\033[" in on_a_terminal(world.gateway, "status")
    assert b"\033[" not in on_a_terminal(world.gateway, "status", env={"NO_COLOR": "1"})
    assert b"\033[" in on_a_terminal(world.gateway, "status", env={"NO_COLOR": ""})
    assert b"\033[" not in on_a_terminal(world.gateway, "status", env={"TERM": "dumb"})
    assert b"\033[" not in on_a_terminal(world.gateway, "status", "--color", "never")
    assert b"\033[" in on_a_terminal(world.gateway, "status", "--color=always", env={"NO_COLOR": "1"})
    assert "\033[" not in world.gateway.ctl("status").stdout
    assert "\033[" in world.gateway.ctl("--color", "always", "status").stdout
    assert "\033[" not in world.gateway.ctl("--color", "always", "--json", "status").stdout
    assert b"\033[31m" in on_a_terminal(world.gateway, "thread", "show", "thr_none")


EVIL = "\033]0;owned\007\033[2J\u009b31m \u202egnp.exe \u2066x \x7f \ufeff end"
SHOWN = "\\u001b]0;owned\\u0007\\u001b[2J\\u009b31m \\u202egnp.exe \\u2066x \\u007f \\ufeff end"


def test_what_strangers_wrote_is_shown_and_not_executed(world):
    customer = world.customer()
    assert world.graph.say(customer, EVIL, name="Ana " + EVIL) == 200
    thread = world.thread_of(customer)["id"]
    world.gateway.api("PUT", f"/v1/tickets/{world.thread_of(customer)['ticket']['id']}/status", {"status": "pending"})
    world.gateway.ctl("thread", "reply", thread, EVIL, "--agent", EVIL, check=0)
    for args in (["thread", "show", thread], ["thread", "list", "--limit", "5"], ["explain", thread]):
        out = world.gateway.ctl(*args, check=0).stdout
        assert SHOWN in out, (args, out)
        assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\u2066\ufeff]", out), args
    assert SHOWN[:20] in world.gateway.ctl("thread", EVIL, check=2).stderr
    shown = json.loads(world.gateway.ctl("thread", "show", thread, "--json", check=0).stdout)
    assert any(EVIL in m["text"] for m in shown["messages"])


def test_emoji_and_wide_text_stay_and_columns_with_them(world):
    customer = world.customer()
    world.graph.say(customer, "👩‍👩‍👧 ありがとう", name="山田 太郎")
    thread = world.thread_of(customer)["id"]
    out = world.gateway.ctl("thread", "show", thread, check=0).stdout
    assert "👩‍👩‍👧 ありがとう" in out and "山田 太郎" in out


def test_in_a_locale_that_is_not_utf_8_all_is_ascii(world):
    customer = world.customer()
    world.graph.say(customer, "für später", name="Jürgen")
    thread = world.thread_of(customer)["id"]
    done = subprocess.run([BUILD / "headgatectl", "--socket", world.gateway.socket, "thread", "show", thread],
                          capture_output=True, env=environment({"LC_ALL": "C"}), timeout=PATIENCE)
    assert done.returncode == 0 and b"f\\u00fcr sp\\u00e4ter" in done.stdout and done.stdout.isascii()


# ---- threads ----

MESSAGE = {"id": "str", "direction": "str", "author": "str", "author_name": "NoneType", "kind": "str", "channel": "str",
           "address": "str", "our_address": "str", "external_id": "str", "at": "str", "sent_at": "str", "text": "str",
           "attachments": []}


def test_threads_are_listed_newest_first(world):
    first, second = world.thread(), world.thread()
    lines = world.gateway.ctl("thread", "list", "--limit", "2", check=0).stdout.splitlines()
    assert lines[0].split() == ["THREAD", "STATE", "CHANNEL", "TICKET", "LAST", "CONTACT"]
    assert [line.split()[0] for line in lines[1:]] == [second["id"], first["id"]]
    assert lines[1].split()[1:4] == ["converted", "wa-main", second["ticket"]["number"]]
    assert lines[1].endswith("Ana Lima")
    assert json.loads(world.gateway.ctl("thread", "list", "--json", "--limit", "1", check=0).stdout)["id"] == second["id"]
    none = world.gateway.ctl("thread", "list", "--state", "open", "--channel", "nowhere", check=0).stdout
    assert len(none.splitlines()) == 1


def test_a_thread_is_shown_with_its_messages(world):
    thread = world.thread("my order is late")["id"]
    lines = world.gateway.ctl("thread", "show", thread, check=0).stdout.splitlines()
    assert lines[0].split()[0] == thread
    assert any(re.match(r"  \d\d:\d\d:\d\d  inbound  customer   my order is late$", line) for line in lines), lines
    assert lines[-1] == "  conversation 1, converted; answered by a bot 0 times, by people 0"
    found = json.loads(world.gateway.ctl("thread", "show", thread, "--json", check=0).stdout)
    assert shape(found["messages"][0]) == MESSAGE
    assert found["thread"]["id"] == thread


def test_a_reply_is_sent_once_for_a_key_and_named_by_its_message(world):
    customer = world.customer()
    thread = world.thread(customer=customer)["id"]
    done = world.gateway.ctl("thread", "reply", thread, "leaves today", "--agent", "Ben", "--key", "k1", check=0)
    again = world.gateway.ctl("thread", "reply", thread, "leaves today", "--agent", "Ben", "--key", "k1", check=0)
    assert re.fullmatch(r"msg_\w+ queued\n", done.stdout) and again.stdout == done.stdout
    assert world.graph.wait_accepted(1, to=customer[1:])[0].text == "leaves today"
    id = done.stdout.split()[0]
    world.gateway.wait_message(thread, lambda m: m["id"] == id and m["delivery"] == "sent" and m["author_name"] == "Ben")
    assert "Idempotency-Key" in world.gateway.ctl("thread", "reply", thread, "other", "--key", "k1", check=5).stderr
    world.gateway.ctl("thread", "reply", thread, "leaves today", check=0)		# without a key it is another one
    assert len([m for m in world.gateway.messages(thread) if m["text"] == "leaves today"]) == 2


def test_a_preview_is_shown_and_nothing_is_sent(world):
    customer = world.customer()
    thread = world.thread(customer=customer)["id"]
    before = world.gateway.messages(thread)
    done = world.gateway.ctl("thread", "preview", thread, "leaves today", check=0)
    assert done.stdout == f"tel:{customer} on wa-main: 1 message\n  1  leaves today\n"
    asked = json.loads(world.gateway.ctl("thread", "preview", thread, "leaves today", "--json", check=0).stdout)
    assert asked["preview"]["parts"] == [{"text": "leaves today"}]
    assert "not known to be this contact's" in world.gateway.ctl("thread", "preview", thread, "x", "--to", "tel:+449",
                                                                 "--channel", asked["preview"]["channel"], check=5).stderr
    assert world.gateway.messages(thread) == before and customer[1:] not in [sent.to for sent in world.graph.accepted]


def test_a_text_that_begins_with_a_dash_goes_behind_two(world):
    thread = world.thread()["id"]
    world.gateway.ctl("thread", "reply", thread, "--", "--json is nice", check=0)
    assert world.gateway.messages(thread)[-1]["text"] == "--json is nice"


def test_a_note_is_written(world):
    thread = world.thread()["id"]
    done = world.gateway.ctl("thread", "note", thread, "be kind", "--agent", "Ben", "--json", check=0)
    message = json.loads(done.stdout)["message"]
    assert (message["direction"], message["text"], message["author_name"]) == ("note", "be kind", "Ben")
    assert "Ben        be kind" in world.gateway.ctl("thread", "show", thread, check=0).stdout


def test_a_thread_is_converted_closed_and_reopened(start):
    gateway = start(top="settle: 1h")
    gateway.ctl("-c", str(gateway.config_path), "simulate", "whatsapp", "--text", "hello there", check=0)
    thread = gateway.threads()[0]["id"]
    done = gateway.ctl("thread", "convert", thread, "--agent", "Ben", "--priority", "high", "--subject", "Parcel", check=0)
    assert done.stdout == f"{thread} converted TK-1000\n"
    ticket = gateway.threads()[0]["ticket"]
    assert (ticket["priority"], ticket["subject"], ticket["agent"]) == ("high", "Parcel", "Ben")
    assert gateway.ctl("thread", "close", thread, "--resolved", check=0).stdout == f"{thread} closed TK-1000\n"
    assert gateway.threads()[0]["resolution"] == "resolved"
    assert gateway.ctl("-q", "thread", "reopen", thread, check=0).stdout == ""
    assert gateway.threads()[0]["state"] != "closed"


# ---- explain, fsck, outbox ----

def test_explain_says_for_a_thread_and_a_message_which_rule_decided_and_why_not_the_others(world):
    thread = world.thread("my order is late")["id"]
    message = world.gateway.messages(thread)[0]["id"]
    for id in (thread, message):
        out = world.gateway.ctl("explain", id, check=0).stdout
        assert id in out and "MATCH  everything at once" in out and "thanks and greetings" in out and "headgate.yaml:" in out
        found = json.loads(world.gateway.ctl("explain", id, "--json", check=0).stdout)
        assert set(found) == {"subject", "decisions", "text"} and found["text"] == out
        assert found["decisions"][0]["action"] == "convert"


def test_fsck_finds_nothing_in_a_sound_store_and_names_what_is_wrong(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    assert gateway.ctl("fsck", check=0).stdout == "0 breaches\n"
    assert json.loads(gateway.ctl("fsck", "--json", check=0).stdout) == {"breaches": [], "count": 0}
    graph.say("+447700900123", "x")
    thread = gateway.threads()[0]["id"]
    upload = gateway.http("POST", "/v1/attachments", b"file", {"Authorization": f"Bearer {harness.API_TOKEN}"}).json
    sha256 = upload["attachment"]["sha256"]
    gateway.reply(thread, "x", attachments=[{"sha256": sha256, "name": "a.pdf", "type": "application/pdf"}])
    file = next(p for p in (gateway.store.parent / "attachments").rglob(sha256))
    file.write_bytes(b"tampered")
    done = gateway.ctl("fsck", check=1)
    assert done.stdout.startswith("I13  att_") and done.stdout.endswith("1 breach\n")
    assert shape(json.loads(gateway.ctl("fsck", "--json", check=1).stdout)) == {
        "breaches": [{"invariant": "str", "id": "str", "remedy": "str"}], "count": "int"}
    file.write_bytes(b"file")


def test_the_outbox_shows_waits_and_steers(start, graph):
    gateway = start(rules=conftest.AT_ONCE, channel="ambiguous_wait: 10s")
    assert gateway.ctl("outbox", check=0).stdout.split() == "NUMBER TARGET NAME STATE TRIES AGE ABOUT ERROR".split()
    graph.say("+447700900123", "my order is late")
    thread = gateway.threads()[0]["id"]
    graph.accept_then_drop()
    message = gateway.ctl("thread", "reply", thread, "it left", check=0).stdout.split()[0]
    rows = wait_until(lambda: gateway.ctl("outbox", "--state", "unknown", check=0).stdout.splitlines()[1:], "the doubt")
    number, target, name, state, tries, age, about = rows[0].split()[:7]
    assert (target, name, state, about) == ("channel", "wa-main", "unknown", message)
    assert shape(json.loads(gateway.ctl("outbox", "--state", "unknown", "--json", check=0).stdout)) == {
        "number": "int", "target": "str", "name": "str", "state": "str", "attempts": "int", "created": "str", "due": "str",
        "error": "str", "thread_id": "str", "message_id": "str"}
    assert "dead letters" in gateway.ctl("outbox", "retry", number, check=5).stderr
    gateway.ctl("outbox", "settle", number, "arrived", check=0)
    gateway.wait_message(thread, lambda m: m["id"] == message and m["delivery"] == "sent")
    assert len(gateway.ctl("outbox", "--state", "unknown", check=0).stdout.splitlines()) == 1


# ---- simulate ----

def test_simulate_posts_a_signed_message_that_becomes_a_thread(world):
    customer = world.customer()
    done = world.gateway.ctl("-c", config_of(world), "simulate", "whatsapp", "--text", 'any "news"?\\', "--from", customer,
                             "--name", "Bo", "--id", "wamid.SIM1", check=0)
    assert done.stdout.splitlines()[0] == "wamid.SIM1 stored"
    thread = world.thread_of(customer)
    assert thread["contact"]["name"] == "Bo"
    assert world.gateway.messages(thread["id"])[0]["text"] == 'any "news"?\\'
    again = world.gateway.ctl("-c", config_of(world), "simulate", "whatsapp", "--text", 'any "news"?\\', "--from", customer,
                              "--id", "wamid.SIM1", "--json", check=0)
    assert json.loads(again.stdout)["results"] == [{"id": "wamid.SIM1", "status": 200, "joined": False, **dict.fromkeys(
        ("message_id", "thread_id", "state", "proposal", "action", "rule", "ticket"))}]
    assert len([m for m in world.gateway.messages(thread["id"]) if m["direction"] == "inbound"]) == 1


def test_simulate_posts_to_a_listener_when_one_is_named(world):
    customer = world.customer()
    url = f"http://127.0.0.1:{world.gateway.port}"
    world.gateway.ctl("-c", config_of(world), "simulate", "whatsapp", "--text", "x", "--from", customer, "--url", url, check=0)
    assert world.thread_of(customer)
    done = world.gateway.ctl("-c", config_of(world), "simulate", "whatsapp", "--text", "x", "--url", "http://127.0.0.1:9")
    assert done.returncode == 3 and "does not answer" in done.stderr


def test_simulate_says_what_hinders_it(world, broken, tmp_path):
    assert world.gateway.ctl("-c", str(broken), "simulate", "whatsapp", "--text", "x", check=78).stderr
    done = world.gateway.ctl("-c", config_of(world), "simulate", "whatsapp", "--text", "x", "--channel", "wa-min", check=4)
    assert "wa-min" in done.stderr
    done = ctl("-c", config_of(world), "-s", NOBODY, "simulate", "whatsapp", "--text", "x", env=secret_env(world.gateway))
    assert done.returncode == 3 and NOBODY in done.stderr


# ---- tail ----

class Running:
    """A verb that goes on, line by line."""

    def __init__(self, *args, env=None):
        self.process = subprocess.Popen([BUILD / "headgatectl", *map(str, args)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=environment(env))
        self.out, self.err = queue.Queue(), queue.Queue()
        self.readers = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def read(stream, lines):
        for line in stream:
            lines.put(line)
        lines.put("")		# the end

    def line(self):
        return self.out.get(timeout=PATIENCE)

    def complaint(self):
        return self.err.get(timeout=PATIENCE)

    def until(self, word):
        """The first line with word in it."""
        while True:
            line = self.line()
            assert line, "it ended"
            if word in line:
                return line

    def wait(self):
        code = self.process.wait(PATIENCE)
        for reader in self.readers:
            reader.join()
        self.process.stdout.close()
        self.process.stderr.close()
        return code

    def stop(self, number=signal.SIGTERM):
        self.process.send_signal(number)
        return self.wait()


def follow(world, *args):
    """tail, once the daemon has it."""
    before = world.gateway.status()["http"]["streams"]
    running = Running("-s", world.gateway.socket, "tail", *args)
    wait_until(lambda: world.gateway.status()["http"]["streams"] > before, "the stream")
    return running


def test_tail_shows_events_as_they_happen(world):
    tail = follow(world)
    thread = world.thread("my order is late")
    assert re.fullmatch(r'\d\d:\d\d:\d\d  wa-main      thread\.opened     "my order is late"\n', tail.line())
    assert thread["ticket"]["number"] in tail.until("ticket.requested")
    tail.stop()


def test_tail_of_one_thread_as_json_is_the_events_of_the_api(world):
    thread = world.thread()["id"]
    wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread)), "the link")
    tail = follow(world, "--thread", thread, "--json")
    world.thread()
    world.gateway.ctl("thread", "note", thread, "look", check=0)
    assert json.loads(tail.line()) == world.gateway.events(thread)[-1]
    tail.stop()


def test_tail_ends_when_its_reader_has_gone(world):
    before = world.gateway.status()["http"]["streams"]
    reading, writing = os.pipe()
    tail = subprocess.Popen([BUILD / "headgatectl", "-s", world.gateway.socket, "tail"], stdout=writing, env=environment())
    os.close(writing)
    wait_until(lambda: world.gateway.status()["http"]["streams"] > before, "the stream")
    os.close(reading)
    world.thread()
    assert tail.wait(PATIENCE) in (0, -signal.SIGPIPE)


def test_tail_says_when_the_daemon_has_ended_it(start):
    gateway = start()
    tail = Running("-s", gateway.socket, "tail", "--once")
    wait_until(lambda: gateway.status()["http"]["streams"] == 1, "the stream")
    assert gateway.stop() == 0
    assert tail.wait() == 3 and "ended the stream" in tail.complaint()


# ---- listen: the toy helpdesk ----

SECRET = "whsec_" + base64.b64encode(b"a secret of thirty-two bytes....").decode()


def post_event(port, event, secret=SECRET, id=None, at=None, signature=None):
    body = json.dumps(event).encode()
    id, at = id or f"evt_{uuid.uuid4().hex}", str(int(at if at is not None else time.time()))
    mac = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), f"{id}.{at}.".encode() + body, hashlib.sha256).digest()
    headers = {"webhook-id": id, "webhook-timestamp": at, "Content-Type": "application/json",
               "webhook-signature": "v1," + base64.b64encode(mac).decode() if signature is None else signature}
    return harness.request(port, "POST", "/headgate", body, headers)


@pytest.fixture
def desk():
    started = []

    def run(*args):
        running = Running("listen", "--port", "0", "--secret", "env:TEST_SECRET", *args, env={"TEST_SECRET": SECRET})
        started.append(running)
        line = running.complaint()
        running.port = int(re.search(r"http://127\.0\.0\.1:(\d+)/", line)[1])
        return running

    yield run
    for running in started:
        assert running.stop() == 0


REQUESTED = {"type": "ticket.requested", "timestamp": "2026-11-20T10:02:11.004Z", "data": {
    "subject": "Chat with Ana", "ticket": {"number": "TK-1042"}, "contact": {"name": "Ana"}, "message": None}}


def test_the_toy_helpdesk_numbers_each_ticket_once_and_prints_it(desk):
    running = desk()
    first = post_event(running.port, REQUESTED, id="evt_1")
    again = post_event(running.port, REQUESTED, id="evt_1")
    second = post_event(running.port, REQUESTED, id="evt_2")
    assert first.json == again.json == {"ticket": {"id": "501", "number": "HD-501",
                                                   "url": f"http://127.0.0.1:{running.port}/tickets/501"}}
    assert second.json["ticket"]["number"] == "HD-502"
    assert running.line() == "10:02:11  ticket.requested TK-1042  Ana: Chat with Ana\n"
    assert running.line().endswith("Ana: Chat with Ana  (again, not new)\n")
    assert post_event(running.port, dict(REQUESTED, type="message.received")).json == {}


@pytest.mark.parametrize("wrong, why", [
    (dict(secret="whsec_" + base64.b64encode(b"another secret of some length...").decode()), "signature is wrong"),
    (dict(at=time.time() - 301), "within five minutes"), (dict(at=time.time() + 900), "within five minutes"),
    (dict(signature=""), "wrong"), (dict(signature="v1,AAAA"), "signature is wrong"), (dict(signature="v2,x"), "signature is wrong")])
def test_the_toy_helpdesk_refuses_what_is_not_signed_right(desk, wrong, why):
    running = desk()
    answer = post_event(running.port, REQUESTED, **wrong)
    assert answer.status == 401 and why in answer.json["detail"]
    assert "refused a request from 127.0.0.1" in running.complaint()
    unsigned = harness.request(running.port, "POST", "/", b"{}")
    assert unsigned.status == 401 and "missing" in unsigned.json["detail"]
    assert harness.request(running.port, "GET", "/").status == 405


def test_the_toy_helpdesk_prints_json_and_can_do_without_tickets(desk):
    running = desk("--json", "--no-tickets")
    assert post_event(running.port, REQUESTED).json == {}
    assert json.loads(running.line()) == REQUESTED


def test_the_toy_helpdesk_executes_nothing_a_customer_wrote(desk):
    running = desk()
    event = json.loads(json.dumps(REQUESTED))
    event["data"]["contact"]["name"] = event["data"]["subject"] = event["data"]["ticket"]["number"] = EVIL
    post_event(running.port, event)
    line = running.line()
    assert line.count(SHOWN) == 3 and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", line)


def test_the_toy_helpdesk_takes_the_configured_secrets_of_a_real_daemon(start, graph, tmp_path):
    port = harness.free_port()
    gateway = start(rules=conftest.AT_ONCE, begin=False)
    text = gateway.config_path.read_text()
    gateway.config_path.write_text(re.sub(r"(  desk:\n    url: ).*", rf"\1http://127.0.0.1:{port}/headgate", text))
    desk = Running("-c", gateway.config_path, "listen", "--port", port, env=secret_env(gateway))
    assert f":{port}/" in desk.complaint()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say("+447700900123", "my order is late")
    assert "TK-1000" in desk.until("ticket.requested")
    linked = wait_until(lambda: gateway.threads()[0]["ticket"]["links"], "the link")
    assert linked[0]["number"] == "HD-501"
    assert desk.stop(signal.SIGINT) == 0


def test_a_port_in_use_is_said_with_exit_code_75(desk):
    running = desk()
    done = ctl("listen", "--port", running.port, "--secret", "env:TEST_SECRET", env={"TEST_SECRET": SECRET})
    assert done.returncode == 75 and str(running.port) in done.stderr
