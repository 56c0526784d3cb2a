"""headgatectl backend probe: asks a helpdesk itself whether a backend of the configuration would work."""
import json
import os
import subprocess
import threading

import pytest

from conftest import ENV
from harness import API_TOKEN, BUILD, request
from scripted_desk import LOGIN, ScriptedDesk, preset, start_with

PROBE = """\
  probe:
    - method: GET
      url: ${url}/me
      headers: { X-Session: "${session.token}" }
      outcomes: [ { status: 200, when: { role: guest }, is: refused, text: { value: "this user is no agent" } } ]
      take: { account: login }
"""
ANYBODY = PROBE.replace('X-Session: "${session.token}"', "X-Session: none")
POLL = """\
  fetch_changes:
    - method: GET
      url: ${url}/changes
      query: { since: "${since.iso}" }
      take: { changes: items }
poll: { every: 1m, cases: [ { ignore: true } ] }
"""
HOOK = """\
back:
  hook: { auth: { token: { at: "$header:X-Token", secret: token } } }
  cases: [ { ignore: true } ]
"""


class Desk(ScriptedDesk):
    def __init__(self, **more):
        super().__init__(**more)
        self.role, self.forgets = "agent", False
        self.route("GET", "/me")(lambda call: (401, {"error": "session over"}) if self.refused(call)
                                 else (200, {"login": "headgate", "role": self.role}))
        self.route("GET", "/changes")(lambda call: (200, {"items": [{"id": 1}]}))

    def search(self, call):
        if self.forgets:
            return 200, {"items": []}
        return super().search(call)


@pytest.fixture(name="desk")
def desk_fixture():
    made = Desk()
    yield made
    made.close()


def write(folder, url, more="", gateway="", **how):
    (folder / "scripted.yaml").write_text(preset(more=(PROBE if how.get("login") else ANYBODY) + more, **how))
    (folder / "headgate.yaml").write_text(f"""config_version: 1
gateway: {{ listen: "127.0.0.1:0", {gateway} }}
store: {{ path: {folder}/headgate.db }}
backends:
  desk: {{ preset: ./scripted.yaml, url: "{url}", token: env:DESK_TOKEN, timeout: 5s }}
""")


def probe(folder, *args, **env):
    done = subprocess.run([BUILD / "headgatectl", "-c", folder / "headgate.yaml", "backend", "probe", "desk", *args],
                          capture_output=True, text=True, check=False,
                          env=dict(os.environ, LC_ALL="C.UTF-8", DESK_TOKEN="made-up", **env))
    assert "Sanitizer" not in done.stderr, done.stderr
    return done


def checks(folder, *args):
    done = probe(folder, "--json", *args)
    said = json.loads(done.stdout)
    assert said["works"] == (done.returncode == 0)
    return done.returncode, {one["check"]: (one["state"], one.get("text")) for one in said["checks"]}


def test_what_works_is_told_and_nothing_is_made(tmp_path, desk):
    write(tmp_path, desk.url, POLL)
    code, said = checks(tmp_path)
    assert code == 0
    assert said["account"] == ("ok", "account: headgate")
    assert said["find"][0] == said["poll"][0] == "ok" and said["poll"][1].endswith(": 1")
    assert not desk.tickets and all(call.method == "GET" for call in desk.calls)


def test_it_logs_in_where_there_are_sessions(tmp_path):
    desk = Desk(session=True)
    try:
        write(tmp_path, desk.url, login=LOGIN)
        code, said = checks(tmp_path)
        assert code == 0 and said["account"] == ("ok", "account: headgate")
        assert desk.sessions == 1
    finally:
        desk.close()


@pytest.mark.parametrize("answer, said", [
    (401, "answered 401 (account)"),
    ((403, {"message": "no right"}), "answered 403: no right (account)"),
    ((200, {"role": "guest"}), "this user is no agent (refused)"),
    (500, "answered 500 (retry)"),
])
def test_what_the_helpdesk_objects_to_is_told(tmp_path, desk, answer, said):
    desk.fault("GET", "/me", answer)
    write(tmp_path, desk.url)
    code, told = checks(tmp_path)
    assert code == 1 and told["account"][0] == "failed" and said in told["account"][1], told


def test_nobody_there_is_told(tmp_path, desk):
    write(tmp_path, desk.url)
    desk.close()
    done = probe(tmp_path)
    assert done.returncode == 1 and "FAIL  account" in done.stdout and "find" not in done.stdout


def test_a_search_that_finds_everything_is_told(tmp_path, desk):
    desk.fault("GET", "/tickets", (200, {"items": [{"id": 7}]}))
    write(tmp_path, desk.url)
    code, said = checks(tmp_path)
    assert code == 1 and said["find"][0] == "failed" and "no ticket has" in said["find"][1]


def test_with_ticket_all_of_it_is_done_there(tmp_path, desk):
    write(tmp_path, desk.url)
    code, said = checks(tmp_path, "--ticket")
    assert code == 0
    assert said["create"] == ("ok", "ticket.id: 1, ticket.number: D-1, ticket.url: " + desk.url + "/t/1")
    assert said["find"] == ("ok", "the ticket is found by our id")
    assert said["append"][0] == said["note"][0] == "ok" and said["set_status"] == ("ok", "done")
    ticket = desk.tickets[1]
    assert ticket["status"] == "done" and len(ticket["messages"]) == len(ticket["notes"]) == 1
    assert ticket["external"].startswith("probe_")


def test_a_search_that_does_not_find_the_ticket_is_told(tmp_path, desk):
    desk.forgets = True
    write(tmp_path, desk.url)
    code, said = checks(tmp_path, "--ticket")
    assert code == 1 and "ticket 1 is not found by our id, but none" in said["find"][1]


def test_a_ticket_that_is_refused_ends_it(tmp_path, desk):
    desk.fault("POST", "/tickets", (422, {"error": "no such queue"}))
    write(tmp_path, desk.url)
    code, said = checks(tmp_path, "--ticket")
    assert code == 1 and "no such queue (refused)" in said["create"][1] and "append" not in said


def test_without_an_address_for_webhooks_that_is_told(tmp_path, desk):
    write(tmp_path, desk.url, HOOK)
    code, said = checks(tmp_path)
    assert code == 1 and "gateway.public_url is not set" in said["webhook"][1]


def test_an_address_that_leads_elsewhere_is_told(tmp_path, desk):
    write(tmp_path, desk.url, HOOK, gateway=f'public_url: "{desk.url}"')
    code, said = checks(tmp_path)
    assert code == 1 and said["webhook"][0] == "failed" and "answers 404" in said["webhook"][1]


def test_what_cannot_be_probed_is_refused(tmp_path, desk):
    write(tmp_path, desk.url)
    for args, code in ((["probe", "other"], 4), (["probe"], 2), (["list", "--ticket"], 2), (["probe", "desk", "--wait", "soon"], 2)):
        done = subprocess.run([BUILD / "headgatectl", "-c", tmp_path / "headgate.yaml", "backend", *args], capture_output=True,
                              text=True, check=False, env=dict(os.environ, DESK_TOKEN="x"))
        assert done.returncode == code, (args, done.stderr)


# ---- the webhook, with a daemon ----

@pytest.fixture(name="round_trip")
def round_trip_fixture(start, tmp_path, desk):
    """A daemon with the desk, which can be reached where its configuration says; round_trip(token) -> what probe --wait says
    when a webhook with this token comes."""
    env = dict(ENV, TEST_API_TOKEN=API_TOKEN, DESK_TOKEN="made-up", HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"))
    gateway = start_with(start, tmp_path, desk, preset(more=ANYBODY + HOOK), "token: env:DESK_TOKEN", env=dict(DESK_TOKEN="made-up"))
    text = gateway.config_path.read_text()
    gateway.config_path.write_text(text.replace("https://chat.acme.example", f"http://127.0.0.1:{gateway.port}"))

    def run(token):
        with subprocess.Popen([BUILD / "headgatectl", "-c", gateway.config_path, "backend", "probe", "desk", "--wait", "30s"],
                              stdout=subprocess.PIPE, text=True, env=dict(os.environ, LC_ALL="C.UTF-8", **env)) as process:
            said = ""
            while "now do something" not in said:
                line = process.stdout.readline()
                assert line, said
                said += line
            answer = request(gateway.port, "POST", "/backend/desk/hook", b"{}", {"X-Token": token, "Content-Type": "application/json"})
            said, code = said + process.stdout.read(), process.wait()
        assert answer.status == (200 if token == "made-up" else 401)
        return said, code
    return run


def test_a_webhook_that_comes_and_holds_is_the_round_trip(round_trip):
    said, code = round_trip("made-up")
    assert code == 0, said
    assert "ok    webhook" in said and "a webhook came, and its signature holds" in said


def test_a_webhook_signed_with_another_secret_is_told(round_trip):
    said, code = round_trip("other")
    assert code == 1 and "its signature does not hold" in said


def test_no_webhook_is_told(start, tmp_path, desk):
    gateway = start_with(start, tmp_path, desk, preset(more=ANYBODY + HOOK), "token: env:DESK_TOKEN", env=dict(DESK_TOKEN="made-up"))
    done = subprocess.run([BUILD / "headgatectl", "-c", gateway.config_path, "backend", "probe", "desk", "--wait", "1s"],
                          capture_output=True, text=True, check=False, env=dict(os.environ, DESK_TOKEN="made-up", LC_ALL="C.UTF-8",
                          TEST_API_TOKEN=API_TOKEN, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"), **ENV))
    assert done.returncode == 1 and "no webhook came" in done.stdout
