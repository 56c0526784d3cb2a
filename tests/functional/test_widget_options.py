"""headgatectl check on the options of a chat widget: what is wrong is told with its place, what will be regretted is a warning."""
import os
import re
import subprocess

import pytest

import harness

SECRETS = {"WIDGET_SECRET": "a-secret-of-the-tests-that-is-long-enough", "DESK_TOKEN": "a-token-of-the-tests-0001", "SHORT": "too short"}
HOURS = 'hours:\n  office: { zone: Europe/Berlin, open: { mon-fri: "09:00-17:00" } }\n'


def check(path):
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), **SECRETS)
    return subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(path)], capture_output=True, text=True, env=env,
                          timeout=harness.PATIENCE)


def checked(folder, options, more=""):
    path = folder / "headgate.yaml"
    path.write_text(f"config_version: 1\ngateway: {{ listen: 127.0.0.1:0, socket: {folder}/s }}\nstore: {{ path: {folder}/x.db }}\n"
                    f"channels:\n  web:\n    adapter: widget\n{options}{more}")
    path.chmod(0o600)
    done = check(path)
    return done.returncode, done.stdout + done.stderr


def test_the_example_is_good(tmp_path):
    path = tmp_path / "widget.yaml"
    path.write_text((harness.TOP / "etc" / "widget.yaml").read_text().replace("gateway:\n", f"gateway:\n  socket: {tmp_path}/s\n")
                    + f"store: {{ path: {tmp_path}/x.db }}\n")
    path.chmod(0o600)
    done = check(path)
    assert done.returncode == 0 and "0 errors" in done.stdout + done.stderr, done


def test_without_options_it_stands_on_our_own_page(tmp_path):
    assert checked(tmp_path, "")[0] == 0


# What is written in line 7 (and behind it), what is said, and where: line and column, of the value.
@pytest.mark.parametrize("options, words, place", [
    ("origins: [https://www.acme.example/]", "browsers write https://www.acme.example", "7:14"),
    ('theme: { accent: "#ffcc00", on_accent: "#ffffff" }', "its contrast is 1.5, and WCAG 2.2 asks for 4.5; #000000 has 13.", "7:44"),
    ("theme: { accent: blue }", "\"blue\" is no colour", "7:22"),
    ("identity: { secret: env:SHORT }", "identity.secret", "7:25"),
    ("identity: { required: true }", "nobody could be vouched for", "7:27"),
    ("identity: { algorithm: RS256 }", "needs identity.public_key", "7:28"),
    ("identity: { algorithm: none }", "identity.algorithm", "7:28"),
    ("prechat: { ask: [birthday] }", "birthday", "7:22"),
    ("hours: offise", "there are no business hours 'offise'", "7:12"),
    ("uploads: { types: [png] }", "\"png\" is none", "7:23"),
    ("originns: [https://www.acme.example]", "did you mean 'origins'", "7:5"),
])
def test_what_is_wrong_is_told_with_its_place(tmp_path, options, words, place):
    code, said = checked(tmp_path, f"    {options}\n", HOURS)
    assert code == 78 and words in said, said
    assert re.search(rf"\b{place}\b", said), said


def test_hours_that_are_nowhere_are_told(tmp_path):
    code, said = checked(tmp_path, "    hours: office\n")
    assert code == 78 and "'hours' names business hours, and there are none" in said, said
    assert checked(tmp_path, "    hours: office\n", HOURS)[0] == 0


@pytest.mark.parametrize("options, words", [
    ('theme: { accent: "#ffee00" }', "can hardly be told from a white page (contrast 1.2, 3 is what WCAG 2.2 asks of a control)"),
    ("origins: [http://intranet.acme.example]", "use https"),
])
def test_what_will_be_regretted_is_a_warning(tmp_path, options, words):
    code, said = checked(tmp_path, f"    {options}\n")
    assert code == 0 and words in said and "1 warning" in said and "0 errors" in said, said


def test_all_of_it_is_told_at_once(tmp_path):
    code, said = checked(tmp_path, '    origins: [acme, "*"]\n    theme: { accent: blue }\n    prechat: { require: true }\n')
    assert code == 78 and "4 errors" in said, said
