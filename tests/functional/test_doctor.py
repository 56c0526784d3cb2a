"""doctor: each thing that is wrong is found, with what to do; and what it writes for others has nothing private in it."""
import json
import shutil
import tarfile

import pytest

import conftest
import harness
from harness import wait_until

WHO = "+447700900123"


def doctor(gateway, *args):
    """Its findings and exit code."""
    done = gateway.ctl("--config", str(gateway.config_path), "doctor", "--json", *map(str, args))
    answer = json.loads(done.stdout)
    assert done.returncode == (1 if answer["problems"] else 0), done
    assert sum(f["level"] == "problem" for f in answer["findings"]) == answer["problems"]
    # What is wrong is never said without what to do.
    assert all("next" in f for f in answer["findings"] if f["level"] == "problem" and f["check"] != "store"), answer
    return answer["findings"]


def problems(gateway, *args):
    return {f["check"]: f["why"] for f in doctor(gateway, *args) if f["level"] == "problem"}


def edit(gateway, old, new):
    text = gateway.config_path.read_text()
    assert old in text
    gateway.config_path.write_text(text.replace(old, new))


@pytest.fixture
def healthy(start):
    """A gateway whose public address leads to it."""
    gateway = start(rules=conftest.NOISE + conftest.AT_ONCE)
    edit(gateway, "https://chat.acme.example", f"http://127.0.0.1:{gateway.port}")
    gateway.reload()
    wait_until(lambda: gateway.status()["channels"][0]["condition"] == "up", "the channel to be up")
    return gateway


def test_nothing_is_wrong_with_what_is_well(healthy):
    found = doctor(healthy)
    assert not [f for f in found if f["level"] == "problem"], found
    disk = "store" if healthy.database else "disk"
    assert {f["check"] for f in found} >= {"configuration", "secrets", "files", disk, "time source", "daemon", "clock", "outbox",
                                           "channel wa-main", "backend desk", "probe of wa-main", "public address"}
    text = healthy.ctl("--config", str(healthy.config_path), "doctor", check=0).stdout
    assert "0 problems" in text and f"http://127.0.0.1:{healthy.port}/livez leads here" in text
    assert healthy.http("GET", "/livez").headers["Headgate-Instance"] == healthy.status()["instance"]


def full_disk(gateway):
    if shutil.disk_usage(gateway.folder).free > 1000 << 30:
        pytest.skip("more is free here than min_free can ask for")
    edit(gateway, "min_free: 1MiB", "min_free: 1000GiB")


def secret_of_all(gateway):
    path = gateway.folder / "secret"
    path.write_text(conftest.GRAPH_TOKEN)
    path.chmod(0o644)
    edit(gateway, "token: env:TEST_GRAPH_TOKEN", f"token: file:{path}")
    gateway.reload()


def dead_letter(gateway, helpdesk):
    helpdesk.answer = lambda delivery: (422, {}, b"")
    gateway.ctl("--config", str(gateway.config_path), "simulate", "whatsapp", "--text", "my order is late", check=0)

    def given_up():
        gateway.advance(hours=5)
        return any(job["dead"] for job in gateway.status()["outbox"])
    wait_until(given_up, "a dead letter")


def test_what_was_given_up_is_found(healthy, helpdesk):
    dead_letter(healthy, helpdesk)
    assert "given up" in problems(healthy)["backend desk"]


@pytest.mark.parametrize("spoil, check, said", [
    (lambda g, graph: g.config_path.chmod(0o620), "configuration files", "change"),
    (lambda g, graph: g.file().chmod(0o644), "store", "read"),
    (lambda g, graph: secret_of_all(g), "secret", "others may read it"),
    (lambda g, graph: edit(g, "Acme support", "Acme care"), "configuration", "changed since"),
    (lambda g, graph: g.file() and full_disk(g), "disk", "are free"),
    (lambda g, graph: g.jump(hours=-3), "clock", " off"),
    (lambda g, graph: (edit(g, f"http://127.0.0.1:{g.port}", "http://127.0.0.1:9"), g.reload()), "public address", "cannot be reached"),
    (lambda g, graph: (edit(g, f"http://127.0.0.1:{g.port}", graph.url), g.reload()), "public address", "not by a headgate"),
], ids=lambda v: v if isinstance(v, str) else "")
def test_what_is_wrong_is_found(healthy, graph, spoil, check, said):
    spoil(healthy, graph)
    if check == "clock":
        wait_until(lambda: healthy.status()["clock"]["condition"] != "up", "the daemon to see the clock")
    found = problems(healthy)
    assert said in found.get(check, ""), found


def test_a_daemon_that_does_not_answer_is_found_and_the_rest_is_looked_at(healthy):
    healthy.stop()
    found = problems(healthy)
    assert set(found) == {"daemon"}, found


def test_a_configuration_with_errors_is_found_and_the_rest_is_looked_at(healthy):
    edit(healthy, "adapter: whatsapp", "adapter: whatsup")
    found = problems(healthy)
    assert "1 error" in found["configuration"], found
    assert "daemon" not in found


def test_another_headgate_behind_the_public_address_is_found(healthy, start):
    other = start()
    edit(healthy, f"http://127.0.0.1:{healthy.port}", f"http://127.0.0.1:{other.port}")
    healthy.reload()
    assert "another headgate" in problems(healthy)["public address"]


def test_a_credential_that_died_is_found_at_its_provider(healthy, graph):
    graph.token = "EAAG-another-one"
    graph.say(WHO, "my order is late")
    healthy.reply(healthy.threads()[0]["id"], "on its way")
    wait_until(lambda: healthy.status()["channels"][0]["condition"] == "down", "the channel to be down")
    found = problems(healthy)
    assert "channel wa-main" in found, found


# ---- the bundle ----

def files_in(path):
    with tarfile.open(path) as tar:
        assert all(member.mode == 0o600 and member.isfile() for member in tar)
        return {member.name.removeprefix("headgate-doctor/"): tar.extractfile(member).read().decode() for member in tar}


def test_a_bundle_helps_and_has_nothing_of_anybody_in_it(healthy, graph, helpdesk, tmp_path):
    name, text, mail = "Quintessa Zanzibar", "canary of what he said 91c2", "quintessa.z@example.org"
    graph.say(WHO, f"{text} {mail}", name=name)
    helpdesk.wait_event("ticket.requested")
    graph.token = "EAAG-canary-of-a-token"
    thread = healthy.threads()[0]["id"]
    healthy.reply(thread, text + " answered")
    wait_until(lambda: healthy.status()["channels"][0]["condition"] == "down", "the channel to be down")
    path = tmp_path / "bundle.tar"
    done = healthy.ctl("--config", str(healthy.config_path), "doctor", "--bundle", str(path), "--log", str(healthy.log_path), check=1)
    assert "may be shown" in done.stdout
    assert path.stat().st_mode & 0o777 == 0o600
    files = files_in(path)
    assert set(files) == {"findings.json", "config.json", "system.json", "status.json", "metrics.txt", "log.txt"}
    secrets = [*conftest.ENV.values(), harness.API_TOKEN, harness.WEBHOOK_SECRET, harness.SECOND_SECRET, "EAAG-canary"]
    private = [name, "Quintessa", text, "canary", mail, "example.org", WHO, WHO[1:], "7700900123", thread, conftest.PHONE_NUMBER_ID,
               "Acme", "acme", "127.0.0.1", str(healthy.folder), "TEST_GRAPH_TOKEN"]
    for word in secrets + private:
        assert word not in path.read_bytes().decode("latin-1"), word
    # And still says what an expert asks first.
    assert {"check": "channel wa-main", "level": "problem"} in json.loads(files["findings.json"])
    config = json.loads(files["config.json"])
    assert config["channels"]["wa-main"]["adapter"] == "whatsapp" and config["store"]["min_free"] == "1MiB"
    assert config["rules"] == "<2 of them>" and config["gateway"]["public_url"].endswith(" bytes>")
    status = json.loads(files["status.json"])
    assert status["channels"][0]["condition"] == "down" and status["channels"][0]["name"] == "wa-main"
    assert status["store"]["messages"] >= 2 and status["name"] == "<12 bytes>"
    assert "event=channel.down" in files["log.txt"] and "event=daemon.ready" in files["log.txt"]
    assert "headgate_channel_up" in files["metrics.txt"]
    again = healthy.ctl("--config", str(healthy.config_path), "doctor", "--no-probe", "--bundle", str(path), check=5)
    assert "exists" in again.stderr
