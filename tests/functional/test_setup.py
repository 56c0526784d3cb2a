"""headgatectl channel setup: the section of a new channel by options and by questions on a terminal, that check takes it, that no
secret is in it, what is written and what is not, and the wait for the provider's call."""
import json
import os
import pty
import re
import stat
import subprocess

import pytest

import conftest
import harness

CTL = str(harness.BUILD / "headgatectl")
GIVEN = ["--set", "phone_number_id=109876543210", "--set", "token=env:TEST_GRAPH_TOKEN", "--set", "app_secret=env:TEST_APP_SECRET"]
URL = "https://chat.acme.example/channel/wa-new/webhook"


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    one = conftest.World(tmp_path_factory.mktemp("world"))
    yield one
    one.close()


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "headgate.yaml"
    path.write_text("config_version: 1\ngateway: { public_url: https://chat.acme.example }\n")
    return path


def environment(**more):
    return dict(os.environ, LC_ALL="C.UTF-8", HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), **conftest.ENV, **more)


def made(config, *args, name="wa-new", code=0, adapter="whatsapp"):
    done = subprocess.run([CTL, "-c", str(config), "channel", "setup", adapter, name, *args], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=harness.PATIENCE, env=environment())
    assert done.returncode == code, done
    return done


def check(config, include, **env):
    """What is included is taken by the daemon's own start-up code."""
    config.write_text(config.read_text() + f"include: {include}\n")
    done = subprocess.run([CTL, "check", str(config)], capture_output=True, text=True, timeout=harness.PATIENCE, env=environment(**env))
    assert done.returncode == 0 and "1 channel" in done.stdout, done


def test_the_section_that_is_printed_is_one_that_check_takes(config, tmp_path):
    done = made(config, *GIVEN, "--set", "template_fallback.name=gone", "--set", "template_fallback.language=en_US", "--set", "rate=20",
                 "--set", "phone_number_id=109876543210, 209876543210")
    token = re.search(r"verify token +([0-9a-f]{48})\n", done.stderr).group(1)
    assert URL in done.stderr and "env:WA_NEW_VERIFY_TOKEN" in done.stderr and token not in done.stdout
    (tmp_path / "new.yaml").write_text(done.stdout)
    assert 'phone_number_id: ["109876543210", "209876543210"]' in done.stdout and "    rate: 20\n" in done.stdout
    check(config, "new.yaml", WA_NEW_VERIFY_TOKEN=token)


def test_what_is_written_is_for_its_owner_and_is_not_replaced_by_itself(config, tmp_path):
    new, args = tmp_path / "new.yaml", [*GIVEN, "--set", "verify_token=file:token"]
    said = json.loads(made(config, *args, "--write", str(new), "--json").stdout)
    assert said["yaml"] == new.read_text() and said["webhook"] == URL and said["made"] is False
    assert (tmp_path / "token").read_text() == said["verify_token"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in (new, tmp_path / "token")} == {0o600}
    assert "--yes" in made(config, *args, "--set", "rate=5", "--write", str(new), code=2).stderr
    assert new.read_text() == said["yaml"]
    assert said["verify_token"] in made(config, *args, "--set", "rate=5", "--write", str(new), "--yes").stderr	# it stays
    assert "rate: 5" in new.read_text()
    check(config, "new.yaml")
    made(config, *args, "--write", str(new), "--yes")		# the channel that is there already is this one
    assert "another NAME" in made(config, *args, code=5).stderr
    before = config.read_text()
    assert "itself" in made(config, *args, "--write", str(config), "--yes", name="wa-other", code=2).stderr
    assert config.read_text() == before


@pytest.mark.parametrize("args, code, said", [
    ([], 2, "whatsapp needs more: phone_number_id, token "),
    (["--set", "phone_number_id"], 2, "OPTION=VALUE"),
    (["--set", "tokn=env:A"], 2, 'did you mean "token"'),
    ([*GIVEN, "--set", "token=EAAGliteral"], 2, "where it is kept"),
    ([*GIVEN, "--set", "phone_number_id=abc"], 78, '"abc" is no id'),
    ([*GIVEN, "--set", "app_secret="], 78, "app_secret is missing"),
    ([*GIVEN, "--set", "verify_token=", "--wait", "1s"], 2, "verify token"),
])
def test_what_is_not_right_is_said_and_nothing_written(config, tmp_path, args, code, said):
    done = made(config, *args, "--write", str(tmp_path / "new.yaml"), code=code)
    assert said in done.stderr and "EAAG" not in done.stderr
    assert os.listdir(tmp_path) == [config.name]


def test_an_adapter_that_is_not_there_and_a_name_that_is_none(config):
    made(config, adapter="nobody", code=4)
    assert "is no name" in made(config, *GIVEN, name="a: b", code=2).stderr


def test_a_terminal_is_asked_for_what_is_not_said(config):
    mine, theirs = pty.openpty()
    with subprocess.Popen([CTL, "-c", str(config), "channel", "setup", "whatsapp", "wa-new", "--set", "token=env:TEST_GRAPH_TOKEN"],
                          stdin=theirs, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment()) as process:
        os.close(theirs)
        # An empty answer where one is needed, the number; a secret itself, where it is; Enter: the default.
        os.write(mine, b"\n109876543210\nliteral-secret\ncredential:app\n\n")
        out, err = process.communicate(timeout=harness.PATIENCE)
    os.close(mine)
    assert process.returncode == 0, err
    assert "phone_number_id is needed" in err and "app_secret is a secret" in err and "literal" not in out + err
    assert "\nverify_token: What you type into Meta's form" in err and "verify_token [env:WA_NEW_VERIFY_TOKEN]: " in err
    assert "\ntoken: " not in err and "base_url" not in err
    assert 'app_secret: "credential:app"' in out and 'verify_token: "env:WA_NEW_VERIFY_TOKEN"' in out


def until(stream, word):
    """What is said, up to the line with the word."""
    said = ""
    for line in iter(stream.readline, ""):
        said += line
        if word in line:
            return said
    raise AssertionError(f"{word!r} is not said:\n{said}")


def test_it_waits_for_the_call_of_the_provider(world, tmp_path):
    args = [CTL, "-c", str(tmp_path / "none.yaml"), "--socket", str(world.gateway.socket), "channel", "setup", "whatsapp", "wa-main",
            *GIVEN, "--set", "verify_token=env:TEST_VERIFY_TOKEN", "--wait"]
    with subprocess.Popen([*args, "60s"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          env=environment()) as process:
        before = until(process.stderr, "Waiting")
        assert conftest.VERIFY_TOKEN in before and "https://YOUR-HOST/channel/wa-main/webhook" in before
        assert world.graph.handshake("wrong-token")[0] == 403
        until(process.stderr, "another verify token")
        assert world.graph.handshake(conftest.VERIFY_TOKEN)[0] == 200
        assert "has called wa-main" in process.communicate(timeout=harness.PATIENCE)[1]
    assert process.returncode == 0
    done = subprocess.run([*args, "1ms"], stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment())
    assert done.returncode == 1 and "has not called wa-main" in done.stderr	# that of before does not count
