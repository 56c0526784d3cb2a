"""headgatectl check: what it warns of only when adapters, rules and texts are looked at together."""
import os
import subprocess

import pytest

import fake_channel
from conftest import ENV, config_text
from harness import BUILD, WEBHOOK_SECRET, SECOND_SECRET, API_TOKEN

QUIET = """\
  - name: quiet
    when: { text: { contains: hello } }
    do: { reply: "Hello!" }
"""


@pytest.fixture
def check(tmp_path):
    """check(*options, **config) -> exit code, what was said."""
    def run(*options, more="", **config):
        path = tmp_path / "headgate.yaml"
        text = fake_channel.beside(config_text("http://127.0.0.1:9", "http://127.0.0.1:9", **config), more=more)
        path.write_text(text.replace("@FOLDER@", str(tmp_path)))
        env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"), TEST_API_TOKEN=API_TOKEN,
                   TEST_WEBHOOK_SECRET=WEBHOOK_SECRET, TEST_SECOND_SECRET=SECOND_SECRET, **ENV, **fake_channel.ENV)
        done = subprocess.run([str(BUILD / "headgatectl"), "check", *options, str(path)], capture_output=True, text=True,
                              timeout=60, env=env)
        return done.returncode, done.stderr
    return run


def test_a_configuration_without_doubts_is_strict_too(check):
    assert check("--strict", rules=QUIET) == (0, "")


@pytest.mark.parametrize("rules, config, said", [
    # WhatsApp takes 4096 characters in one message, the example adapter 1000.
    (QUIET.replace("Hello!", "é" * 1001), {},
     "rule 'quiet': this has 1001 characters, and channel try takes 1000 in one message: it goes out in 2"),
    (QUIET, dict(top="rating: { ask: true, delay: 2d }"), "rating: 'delay': delay (2d) is not before the end of the time"),
    ("  - { name: idle, on: thread.idle, do: { reply: \"Still there?\" } }\n", {},
     "rule 'idle': idle_close (1d) is not before the end of the time in which channel wa-main may answer (1d)"),
    ("  - { name: slow, on: { unanswered: 2d }, do: { reply: \"Sorry.\" } }\n", {},
     "rule 'slow': unanswered (2d) is not before the end of the time in which channel wa-main may answer (1d)"),
    ("  - { name: nested, when: { text: { matches: '^(\\w+\\s?)+$' } }, do: { tag: x } }\n", {},
     "this pattern gives up (100,000 steps, then it does not match) on 'a' again and again, 64 bytes of it"),
    ("  - { name: wide, when: { kind: [text, image] }, do: { hold: true } }\n"
     "  - { name: narrow, when: { kind: image, channel: try }, do: { convert: } }\n", {},
     "this rule is never reached: 'wide' ("),
])
def test_a_doubt_is_a_warning_and_with_strict_a_no(check, rules, config, said):
    code, told = check(rules=rules, **config)
    assert code == 0
    assert said in told and "warning: " in told
    assert check("--strict", rules=rules, **config)[0] == 1


def test_a_reply_is_looked_at_on_the_channels_it_may_be_said_on(check):
    only = QUIET.replace("{ text:", "{ channel: wa-main, text:").replace("Hello!", "x" * 1001)
    assert check("--strict", rules=only) == (0, "")
    assert "channel try" in check(rules=only.replace("wa-main", "try"))[1]
    # Idle on the channel that may always answer.
    idle = "  - { name: idle, on: thread.idle, when: { adapter: fake }, do: { reply: \"Still there?\" } }\n"
    assert check("--strict", rules=idle) == (0, "")
