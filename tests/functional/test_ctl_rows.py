"""Every command of headgatectl on a real daemon: exit code, text as it was last looked at, JSON; and the completions."""
import difflib
import json
import os
import re
import shlex
import shutil
import subprocess

import pytest
import yaml

import ctl_rows
import postgres
from harness import BUILD, PATIENCE, TOP, API_TOKEN, SECOND_SECRET, WEBHOOK_SECRET, wait_until

GOLDEN = TOP / "tests" / "data" / "golden" / "ctl"
ADAPTERS = str(BUILD / "adapters" / ".libs")
PRESETS = str(TOP / "etc" / "backends")

# What differs from run to run, and what stands there instead, as wide as it was.
LOOK = [
    (r"\b(thr|msg|evt|att|con|tkt|job)_[0-9a-z]{26}", lambda m: m[1] + "_" + "x" * 26),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z?)?", lambda m: re.sub(r"\d", "0", m[0])),
    (r"\b\d\d:\d\d:\d\d\b", "00:00:00"),
    (r"127\.0\.0\.1:\d+", "127.0.0.1:PORT"),
    (r"\b\d+\.\d+\.\d+\b(?! *\.)", "VERSION"),
    (r" +\d+(ms|s|m|h)(\d+(ms|s|m))?\b", " SPAN"),
    (r"\bin \d+ ms\b", "in N ms"),
    (r"\b\d+ KiB\b", "N KiB"),
    (r"config  +[0-9a-f]{12}\b", "config          HASH"),
    (r"\b[0-9a-f]{64}\b", "HASH"),
]


def command(*args, stdin=None, env=None, config=None):
    variables = dict(os.environ, LC_ALL="C.UTF-8", TZ="UTC", HEADGATE_ADAPTER_DIR=ADAPTERS, HEADGATE_PRESET_DIR=PRESETS,
                     HEADGATE_EXAMPLE_DIR=str(TOP / "adapters"), TEST_API_TOKEN=API_TOKEN, TEST_WEBHOOK_SECRET=WEBHOOK_SECRET, TEST_SECOND_SECRET=SECOND_SECRET, **(env or {}))
    return subprocess.run([BUILD / "headgatectl", *(["-c", config] if config else []), *map(str, args)], input=stdin or "",
                          capture_output=True, text=True, timeout=PATIENCE, env=variables)


def verbs():
    return {verb["verb"]: verb for verb in json.loads(command("docs", "verbs").stdout)["verbs"]}


@pytest.fixture(scope="module")
def places(world, tmp_path_factory):
    """What rows name in braces."""
    folder = tmp_path_factory.mktemp("rows")
    untidy = folder / "untidy.yaml"
    untidy.write_text("config_version:   1   # the only one\n\n\ngateway:\n      # where people come in\n      listen: 127.0.0.1:0\n"
                      "rules:\n- name: a\n  do:   { ignore: noise }   \n- name: b\n  when:\n     text:\n        any:\n        - x\n")
    good = folder / "good.yaml"
    good.write_text("config_version: 1\n")
    thread, fresh = world.thread("my order is late"), world.thread("where is it?")
    wait_until(lambda: all(t["ticket"]["links"] for t in world.gateway.threads()), "the helpdesk's numbers")
    wait_until(lambda: not any(count["waiting"] for count in world.gateway.status()["outbox"]), "an empty outbox")
    return {"config": str(world.gateway.config_path), "untidy": str(untidy), "good": str(good), "folder": str(folder), "thread": thread["id"],
            "fresh": fresh["id"], "message": world.gateway.messages(thread["id"])[0]["id"]}


def test_every_command_has_a_row_and_every_row_a_command():
    assert set(ctl_rows.ROWS) == set(verbs())


@pytest.mark.parametrize("verb", [verb for verb, row in ctl_rows.ROWS.items() if row.elsewhere])
def test_what_is_tried_elsewhere_is_tried_there(verb):
    text = (TOP / "tests" / "functional" / ctl_rows.ROWS[verb].elsewhere).read_text()
    assert all(f'"{word}"' in text or word in text for word in verb.split()), verb


def looks(text, world, places):
    for name, path in sorted(places.items(), key=lambda pair: -len(pair[1])):
        if path.startswith("/"):
            text = text.replace(path, f"<{name}>")
    text = text.replace(str(world.gateway.store.parent), "<folder>")
    for pattern, instead in LOOK:
        text = re.sub(pattern, instead, text)
    return text


# These say where the store is, or how many share it: what they look like is written down of SQLite.
OF_THE_STORE = ("status", "node list", "node drain", "node resume")


def compare(verb, text):
    path = GOLDEN / (verb.replace(" ", "-") + ".txt")
    if os.environ.get("HEADGATE_GOLDEN") == "write":
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    wanted = path.read_text()
    assert text == wanted, "\n".join(difflib.unified_diff(wanted.splitlines(), text.splitlines(), str(path), "now", lineterm=""))


@pytest.mark.parametrize("verb", [verb for verb, row in ctl_rows.ROWS.items() if not row.elsewhere])
def test_a_command_does_what_its_row_says(world, places, verb):
    if postgres.RUNNING and verb in OF_THE_STORE:
        pytest.skip("about SQLite's own file")
    row = ctl_rows.ROWS[verb]
    args = [word.format(**places) for word in shlex.split(row.args)]
    done = command("--socket", world.gateway.socket, *args, stdin=row.stdin, env=world.gateway.env, config=places["config"])
    assert done.returncode == row.exit, (done.returncode, done.stdout, done.stderr)
    assert done.stdout or done.stderr or row.exit == 0
    if row.golden:
        compare(verb, looks(f"$ headgatectl {row.args}\n{done.stdout}{done.stderr}", world, places))


READS = [verb for verb, row in ctl_rows.ROWS.items() if row.json and not row.elsewhere and row.exit in (0, 1)]


@pytest.mark.parametrize("verb", READS)
def test_a_command_has_json(world, places, verb):
    """The second time some are refused, by the state of things: that is said on stderr, and stdout stays empty."""
    row = ctl_rows.ROWS[verb]
    args = [word.format(**places) for word in shlex.split(row.args)]
    done = command("--json", "--socket", world.gateway.socket, *args, stdin=row.stdin, env=world.gateway.env, config=places["config"])
    if done.returncode != row.exit:
        assert done.returncode == 5 and done.stderr and not done.stdout, (done.returncode, done.stdout, done.stderr)
        return
    for line in [done.stdout] if done.stdout.count("\n") > 1 and done.stdout.startswith("{\n") else done.stdout.splitlines():
        assert isinstance(json.loads(line), (dict, list))


def test_every_command_says_how_it_is_used():
    for verb, about in verbs().items():
        done = command(*verb.split(), "--help")
        assert done.returncode == 0 and done.stdout.startswith(f"usage: headgatectl {verb}") and about["help"] in done.stdout
        assert not re.search(r".{101}", done.stdout), verb
        for option in about["options"]:
            assert f"--{option['name']}" in done.stdout


# ---- completion ----

def complete(words, script, env=None):
    """What bash would offer at the end of words."""
    code = f"""
        source {script}
        COMP_WORDS=(headgatectl {" ".join(shlex.quote(word) for word in words)})
        COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        PATH={BUILD}:$PATH
        _headgatectl
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    done = subprocess.run(["bash", "--norc", "-c", code], capture_output=True, text=True, timeout=PATIENCE,
                          env=dict(os.environ, HEADGATE_ADAPTER_DIR=ADAPTERS, HEADGATE_PRESET_DIR=PRESETS, **(env or {})))
    assert done.returncode == 0 and not done.stderr, done.stderr
    return [line for line in done.stdout.splitlines() if line]


@pytest.fixture(scope="module")
def bash_script(tmp_path_factory):
    path = tmp_path_factory.mktemp("completion") / "headgatectl"
    path.write_text(command("completion", "bash").stdout)
    return path


def test_bash_completes_verbs_commands_options_and_words(bash_script, world):
    config = str(world.gateway.config_path)
    first = {verb.split()[0] for verb in ctl_rows.ROWS}
    assert set(complete([""], bash_script)) == first
    assert complete(["thread", "re"], bash_script) == ["reply", "reopen"]
    assert complete(["--json", "-s", "thread", "outb"], bash_script) == ["outbox"]	# "thread" is the socket's name here
    assert complete(["thread", "list", "--sta"], bash_script) == ["--state"]
    assert complete(["thread", "list", "--state", "c"], bash_script) == ["closed", "converted"]
    assert complete(["outbox", "settle", "7", "a"], bash_script) == ["arrived"]
    assert "--yes" in complete(["drops", "restore", "--"], bash_script)
    assert complete(["help", "quar"], bash_script) == ["quarantine"]
    assert complete(["-c", config, "channel", "ask", ""], bash_script) == ["wa-main"]
    assert complete(["-c", config, "backend", "probe", ""], bash_script) == ["desk"]
    assert complete(["backend", "test", "redmine", "zam"], bash_script) == ["zammad"]	# an argument that may be repeated
    assert complete(["-c", "/nonexistent", "channel", "ask", ""], bash_script) == []


def test_bash_knows_every_option_of_every_command(bash_script):
    """The script's own table against the one of the program."""
    table = dict(re.findall(r"^\t'([\w -]+)'\).*? options='([^']*)'", bash_script.read_text(), re.M))
    for verb, about in verbs().items():
        known = {word.split("=")[0] for word in table[verb].split() if word.startswith("--")}
        assert known == {f"--{option['name']}" for option in about["options"]}, verb


@pytest.mark.parametrize("shell, check", [("bash", ["bash", "-n"]), ("zsh", ["zsh", "-n"]), ("fish", ["fish", "--no-execute"])])
def test_a_script_is_one_that_its_shell_can_read(tmp_path, shell, check):
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(command("completion", shell).stdout)
    done = subprocess.run([*check, path], capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0 and not done.stderr, done.stderr


# ---- config: what the rows do not show ----

def test_what_config_show_prints_is_a_configuration_that_means_the_same(world, places, tmp_path):
    shown = command("config", "show", config=places["config"])
    assert shown.returncode == 0 and "env:TEST_API_TOKEN" in shown.stdout and API_TOKEN not in shown.stdout
    (tmp_path / "again.yaml").write_text(shown.stdout)
    again = command("config", "show", config=tmp_path / "again.yaml")
    assert again.stdout == shown.stdout
    checked = command("check", tmp_path / "again.yaml", env=world.gateway.env)
    assert checked.returncode == 0, checked.stderr


def test_config_show_effective_says_defaults_and_where_the_rest_is_from(places):
    done = command("config", "show", "gateway", "--effective", "--origin", config=places["config"])
    assert re.search(r"^  log_format: \"?logfmt\"? +# default$", done.stdout, re.M), done.stdout
    assert re.search(rf"^  socket: \S+ +# {re.escape(places['config'])}:\d+$", done.stdout, re.M), done.stdout
    rows = json.loads(command("--json", "config", "show", "--effective", config=places["config"]).stdout)["values"]
    assert {"key", "value", "reloads"} <= set(rows[0]) and any(row.get("default") for row in rows)


def test_a_literal_secret_is_not_shown(tmp_path):
    bad = tmp_path / "bad.yaml"
    bad.write_text("config_version: 1\napi: { tokens: { desk: { token: hunter2hunter2, scopes: [read] } } }\n"
                   "channels: { a: { adapter: whatsapp, app_secret: hunter2, nobody_knows_password: hunter2 } }\n")
    for args in (["config", "show"], ["--json", "config", "show"], ["config", "explain", "token"]):
        done = command(*args, config=bad)
        assert done.returncode == 0 and "hunter2" not in done.stdout + done.stderr, args
    assert "***" in command("config", "show", config=bad).stdout


@pytest.mark.parametrize("key, near", [("gateway.lisen", "gateway.listen"), ("setle", "settle"), ("channels.x.adaptr", "channels.NAME.adapter")])
def test_a_key_that_is_none_is_told_with_a_near_one(key, near):
    done = command("config", "explain", key)
    assert done.returncode == 4 and near in done.stderr and done.stdout == ""


FORMS = [
    ("key:  a\n", "key: a\n"),
    ("a:\n    b: 1\n    c:\n        - x\n        - y: 2\n          z: 3\n", "a:\n  b: 1\n  c:\n    - x\n    - y: 2\n      z: 3\n"),
    ("a:\n- b\n-   c: 1\n    d: 2\n", "a:\n  - b\n  - c: 1\n    d: 2\n"),
    ("\n\n# top\n\n\na: 1   \n\n\n\nb: 2\n\n", "# top\n\na: 1\n\nb: 2\n"),
    ("a:\n    b: 1\n    # last of a\nc: 1\n", "a:\n  b: 1\n  # last of a\nc: 1\n"),
    ("a: |\n    text  \n\n      deeper\n    # no comment\nb: 1\n", "a: |\n    text  \n\n      deeper\n    # no comment\nb: 1\n"),
    ("x:\n      a: >-\n          one\n          two\n      b: 'it''s: # here'   # there\n",
     "x:\n  a: >-\n      one\n      two\n  b: 'it''s: # here'   # there\n"),
    ("a: {b: 1,\n         c: [1, 2,\n  3]}\nd: \"x\n   y\"\n", None),
    ("a:\r\n    b: 1\r\n", "a:\n  b: 1\n"),
]


@pytest.mark.parametrize("text, wanted", FORMS)
def test_config_fmt_lays_out_and_changes_no_meaning(tmp_path, text, wanted):
    path = tmp_path / "a.yaml"
    path.write_bytes(text.encode())
    path.chmod(0o640)
    done = command("config", "fmt", path)
    assert done.returncode == 0, done.stderr
    made = path.read_text()
    assert made == wanted or wanted is None
    assert path.stat().st_mode & 0o777 == 0o640
    assert "nothing to change" in command("config", "fmt", path).stdout and path.read_text() == made


@pytest.mark.parametrize("path", sorted((TOP / "etc").glob("*.yaml")) + sorted((TOP / "etc").glob("*/*.yaml")), ids=lambda path: path.name)
def test_config_fmt_can_lay_out_what_is_shipped(tmp_path, path):
    copy = tmp_path / path.name
    copy.write_text(path.read_text())
    assert command("config", "fmt", copy).returncode == 0
    if re.search(r"^include:", path.read_text(), re.M):		# what it includes is not beside the copy
        before, after = [yaml.safe_load(each.read_text()) for each in (path, copy)]
    else:
        before, after = [json.loads(command("--json", "config", "show", config=each).stdout)["values"] for each in (path, copy)]
        before, after = [[(row["key"], row["value"]) for row in rows] for rows in (before, after)]
    assert before and before == after
    text = copy.read_text()
    assert sorted(re.findall(r"#.*\S", path.read_text())) == sorted(re.findall(r"#.*\S", text))


def test_config_fmt_says_what_is_no_yaml_and_leaves_it(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("a: [1\n")
    done = command("config", "fmt", path)
    assert done.returncode == 78 and str(path) in done.stderr and path.read_text() == "a: [1\n"
    assert command("config", "fmt", tmp_path / "none.yaml").returncode == 4


def test_config_upgrade_writes_the_version(tmp_path):
    path = tmp_path / "a.yaml"
    path.write_text("# ours\ngateway: { name: x }\n")
    assert command("config", "upgrade", "--diff", path).returncode == 1 and "config_version" not in path.read_text()
    assert command("config", "upgrade", path).returncode == 0
    assert path.read_text() == "# ours\nconfig_version: 1\ngateway: { name: x }\n"
    assert "nothing to change" in command("config", "upgrade", path).stdout


# ---- reload and diff, on a daemon of their own ----

def test_a_reload_says_what_changed_what_wants_a_restart_and_what_is_wrong(start):
    gateway = start()
    good = gateway.config_path.read_text()
    same = gateway.ctl("reload", check=0)
    assert same.stdout == f"{gateway.config_path}: taken over, 0 keys changed\n" and same.stderr == ""
    assert gateway.ctl("config", "diff", check=0).stdout == f"{gateway.config_path} is what runs\n"
    changed = good.replace("gateway:\n", "gateway:\n  language: de\n  max_streams: 7\n", 1)
    gateway.config_path.write_text(changed)
    differs = gateway.ctl("config", "diff", check=1).stdout
    assert '+ gateway.language: "de"' in differs and "- gateway." not in differs
    done = json.loads(gateway.ctl("reload", "--json", check=0).stdout)
    assert done["changed"] == ["gateway.language", "gateway.max_streams"] and done["findings"] == []
    assert json.loads(gateway.ctl("config", "diff", "--json", check=0).stdout)["differences"] == []
    gateway.config_path.write_text(changed.replace("gateway:\n", f"gateway:\n  log_format: xml\n  listen_on: here\n", 1))
    bad = gateway.ctl("reload", check=78)
    places = re.findall(rf"^{re.escape(str(gateway.config_path))}:\d+:\d+: error: ", bad.stderr, re.M)
    assert len(places) == 2 and "the old one stays in force" in bad.stderr and bad.stdout == "", bad.stderr
    refused = json.loads(gateway.ctl("--json", "reload", check=78).stdout)
    assert refused["status"] == 409 and len(refused["findings"]) == 2
    listen = re.sub(r"listen: \S+", "listen: 127.0.0.1:1", changed)
    gateway.config_path.write_text(listen)
    assert "changes with a restart only: gateway.listen" in gateway.ctl("reload", check=0).stdout
    assert "is what runs" in gateway.ctl("config", "diff", check=0).stdout
    gateway.config_path.write_text(good)
    gateway.ctl("reload", check=0)


def test_what_is_in_force_never_holds_a_secret(world):
    text = world.gateway.ctl("--json", "config", "diff").stdout + json.dumps(world.gateway.http(
        "GET", "/v1/config?defaults=true", headers={"Authorization": f"Bearer {API_TOKEN}"}).json)
    for secret in (API_TOKEN, WEBHOOK_SECRET, SECOND_SECRET):
        assert secret not in text
    assert "env:TEST_API_TOKEN" in text


# ---- qr ----

def picture(rows, path):
    """A portable greymap, eight dots a module, with the quiet zone."""
    size, scale = len(rows) + 8, 8
    lines = []
    for row in range(size):
        cells = [row - 4 in range(len(rows)) and column - 4 in range(len(rows)) and rows[row - 4][column - 4] == "1" for column in range(size)]
        lines += [" ".join("0" if cell else "255" for cell in cells for _ in range(scale))] * scale
    path.write_text(f"P2\n{size * scale} {size * scale}\n255\n" + "\n".join(lines) + "\n")


@pytest.mark.skipif(not shutil.which("zbarimg"), reason="zbarimg (Debian: zbar-tools) is not installed: no other program reads the code")
@pytest.mark.parametrize("text", ["", "hi", "Wo ist mein Paket? Größe 38", "x" * 60, "y" * 100, "z" * 150, "w" * 170], ids=len)
def test_a_code_is_read_by_another_program(world, places, tmp_path, text):
    args = ["--text", text] if text else []
    done = command("--json", "qr", "wa-main", "--number", "+44 7700 900100", *args, env=world.gateway.env, config=places["config"])
    assert done.returncode == 0, done.stderr
    code = json.loads(done.stdout)
    picture(code["rows"], tmp_path / "code.pgm")
    read = subprocess.run(["zbarimg", "--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", tmp_path / "code.pgm"], capture_output=True, text=True)
    assert read.stdout == code["link"] + "\n", (read, code["link"])
    assert code["link"].startswith("https://wa.me/447700900100")


def test_what_a_code_cannot_hold_or_lead_to_is_said(world, places):
    env = dict(env=world.gateway.env, config=places["config"])
    assert "longer than" in command("qr", "wa-main", "--number", "1", "--text", "x" * 300, **env).stderr
    assert command("qr", "wa-main", **env).returncode == 5 and "--number" in command("qr", "wa-main", **env).stderr
    assert command("qr", "wa-mian", **env).returncode == 4
    assert command("qr", "wa-main", "--number", "1", "--svg", **env).stdout.startswith("<svg ")
    assert command("--ascii", "qr", "wa-main", "--number", "1", **env).stdout.isascii()
