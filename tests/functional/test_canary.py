"""Fifty secrets that each look like themselves, in a run in which everything fails that can: none of them is found in
any log, file, answer, event, metric or core, neither as it is nor in base64, hex or percent signs."""
import base64
import json
import os
import re
import resource
import signal
import subprocess
import urllib.parse
import uuid

import pytest

import conftest
import fake_channel
import fake_helpdesk
import fake_hook
import harness
from conftest import AT_ONCE, NOISE, config_text
from hostile import TEXTS
from records import record
from test_daemon import edit, make_certificate

WHO = "+447700900123"


def canary(name):
    return f"CANARY-{name}-{uuid.uuid5(uuid.NAMESPACE_DNS, name).hex[:20]}"


def whsec(name):
    return "whsec_" + base64.b64encode(canary(name).encode()[:48].ljust(48, b"!")).decode()


def forms(secret):
    """How a text can stand somewhere."""
    raw = secret.encode()
    found = {raw, raw.hex().encode(), raw.hex().upper().encode(), b"".join(b"%%%02X" % c for c in raw),
             b"".join(b"%%%02x" % c for c in raw), urllib.parse.quote(secret, safe="").encode(), raw[::-1]}
    for shift in range(3):		# base64 of a text that it is in the middle of
        middle = base64.b64encode(b"\0" * shift + raw)[4 if shift else 0:]
        middle = middle[:len(middle) // 4 * 4 - 4]
        found |= {middle, middle.replace(b"+", b"-").replace(b"/", b"_")}
    if secret.startswith("whsec_"):
        found |= {raw[6:], base64.b64decode(raw[6:]).rstrip(b"!")}
    return found


def test_the_forms_are_found_where_they_are():
    secret = canary("x")
    for text in (f"a{secret}b", base64.b64encode(f"ab{secret}c".encode()).decode(), base64.b64encode(f"a{secret}".encode()).decode(),
                 base64.urlsafe_b64encode(f"xyz{secret}".encode()).decode(), secret.encode().hex(), f"..{secret.encode().hex().upper()}"):
        assert [f for f in forms(secret) if f in text.encode()], text
    assert [f for f in forms(whsec("y")) if f in whsec("y").encode()]


class Secrets:
    """All that is secret in one run, by where it comes from."""

    def __init__(self, folder):
        self.env, self.all, self.folder = {}, [], folder
        (folder / "credentials").mkdir()

    def note(self, secret):
        self.all.append(secret)
        return secret

    def of_env(self, name, secret=None):
        variable = "CANARY_" + name.upper().replace("-", "_")
        self.env[variable] = self.note(secret or canary(name))
        return f"env:{variable}"

    def of_file(self, name, secret=None):
        path = self.folder / f"{name}.secret"
        path.write_text(self.note(secret or canary(name)) + "\n")
        path.chmod(0o600)
        return f"file:{path}"

    def of_credential(self, name, secret=None):
        path = self.folder / "credentials" / name
        path.write_text(self.note(secret or canary(name)))
        path.chmod(0o600)
        return f"credential:{name}"


def make_config(s, graph, helpdesk, hook, dead):
    """A configuration with a secret in every place that can have one, from every source."""
    text = config_text(graph.url, helpdesk.url, rules=NOISE + AT_ONCE, top=(
        f"settle: 20s\nhooks:\n  crm:\n    url: {hook.url}\n    secrets: [{s.of_env('hook-1', whsec('hook-1'))}, "
        f"{s.of_file('hook-2', whsec('hook-2'))}]\n  sick:\n    url: {dead}\n    secrets: {s.of_credential('hook-3', whsec('hook-3'))}\n"
        "    deadline: 1s\n"))
    for old, new in (("token: env:TEST_GRAPH_TOKEN", f"token: {s.of_file('graph-token')}"),
                     ("[env:TEST_APP_SECRET, env:TEST_OLD_APP_SECRET]", f"[{s.of_credential('app-1')}, {s.of_env('app-2')}]"),
                     ("env:TEST_VERIFY_TOKEN", s.of_env("verify")),
                     ("[env:TEST_WEBHOOK_SECRET, env:TEST_SECOND_SECRET]",
                      f"[{s.of_file('desk-1', whsec('desk-1'))}, {s.of_env('desk-2', whsec('desk-2'))}]"),
                     ("env:TEST_API_TOKEN", "env:TEST_API_TOKEN")):
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    carriers = "".join(
        f"  carrier{i}:\n    adapter: whatsapp\n    phone_number_id: \"30987654321{i}\"\n    token: {s.of_env(f'carrier-token-{i}')}\n"
        f"    signature: 'off'\n    url_token: {s.of_file(f'carrier-url-{i}')}\n    verify_token: {s.of_credential(f'carrier-verify-{i}')}\n"
        f"    base_url: {dead}\n" for i in range(3))
    carriers += "".join(f"  fake{i}:\n    adapter: fake\n    url: {dead}\n    secret: {s.of_env(f'fake-{i}')}\n" for i in range(3))
    backends = "".join(f"  away{i}:\n    url: {url}\n    secrets: [{s.of_env(f'away-{i}', whsec(f'away-{i}'))}]\n"
                       for i, url in enumerate([dead, dead.replace("http:", "https:"), "http://nowhere.invalid/x",
                                                "http://127.0.0.1:1/x", "https://127.0.0.1:1/"]))
    tokens = "".join(f"    t{i}: {{ token: {how(f'api-{i}')}, scopes: [{scope}] }}\n" for i, (how, scope) in enumerate(
        [(s.of_env, "read"), (s.of_file, "reply"), (s.of_credential, "convert"), (s.of_env, "link"), (s.of_file, "admin")] * 3))
    for name, more in (("rules", carriers), ("api", backends), ("console", tokens)):	# each belongs to the section before
        assert f"\n{name}:" in text, name
        text = text.replace(f"\n{name}:", f"\n{more}{name}:", 1)
    return text


def every_answer(gateway, thread, message):
    """What the API and headgatectl say, whatever it is about."""
    found = []
    for pattern in [line.split(" ")[1] for line in gateway.ctl("docs", "api", check=0).stdout.splitlines() if line.startswith("GET")]:
        if "stream" in pattern:
            continue
        for id in ([thread, message] if "{}" in pattern else [""]):
            found.append(gateway.api("GET", pattern.replace("{}", id)))
    for state in ("queued", "due", "sending", "unknown", "parked", "dead"):
        found.append(gateway.api("GET", f"/v1/outbox?state={state}&limit=500"))
    text = [f"{a.headers} ".encode() + a.body for a in found]
    config = str(gateway.config_path)
    for args in (["status"], ["--json", "status"], ["thread", "show", thread], ["--json", "thread", "show", thread], ["outbox"],
                 ["explain", thread], ["--json", "explain", thread], ["explain", message], ["fsck"], ["report"], ["--json", "report"],
                 ["check", config], ["--json", "check", config], ["drops"], ["queue"], ["adapters", "whatsapp"],
                 ["-c", config, "docs", "schema"], ["-c", config, "rules", "test", "hello"], ["thread", "show", "thr_x"]):
        done = gateway.ctl(*args)
        text.append((done.stdout + done.stderr).encode())
    return text


@pytest.fixture
def play(tmp_path, graph):
    """A gateway with all the secrets, after everything has failed with each of them."""
    s = Secrets(tmp_path)
    helpdesk = fake_helpdesk.FakeHelpdesk([whsec("desk-1")])
    hook = fake_hook.FakeHook([whsec("hook-1")])
    dead = f"http://127.0.0.1:{harness.free_port()}/x"
    folder = tmp_path / "gateway"
    folder.mkdir()
    config = make_config(s, graph, helpdesk, hook, dead)
    gateway = harness.Gateway(folder, config, dict(fake_channel.ENV, **s.env, CREDENTIALS_DIRECTORY=str(tmp_path / "credentials")))
    graph.token, graph.app_secret = canary("graph-token"), canary("app-1")
    yield gateway, s, helpdesk, hook
    gateway.stop()
    helpdesk.close()
    hook.close()


def fail_everything(gateway, s, graph, helpdesk, hook):
    """Each secret is said back to us by who knows it, sent to us where it does not belong, and put into what is refused."""
    # Wherever a stranger can write: paths, queries, headers, bodies, signatures.
    for secret in s.all:
        quoted = urllib.parse.quote(secret, safe="")
        gateway.http("GET", f"/v1/threads/{quoted}?token={quoted}")
        gateway.http("GET", f"/{quoted}")
        gateway.http("POST", f"/channel/{quoted}/webhook", secret.encode(), {"X-Hub-Signature-256": secret, "Authorization": secret})
        gateway.http("GET", f"/channel/wa-main/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token={quoted}")
        gateway.http("POST", f"/channel/carrier0/webhook?token={quoted}x", b"{}")
        gateway.api("GET", "/v1/threads", token=secret + "x")
        gateway.api("POST", "/v1/outbox/1/retry", {}, token=secret, key=None)
        gateway.http("GET", "/v1/status", None, {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"})
    # Who knows our secrets says them back: provider, helpdesk, hook.
    said = iter(s.all)

    def echo(delivery):
        headers = {k: v for k, v in delivery.headers.items() if k.startswith(("webhook", "idem"))}
        secret = next(said, "over")
        return 500, {"X-Echo": secret, "Set-Cookie": f"a={secret}", "Location": f"http://x/{secret}"}, json.dumps(
            {"error": secret, "ticket": {"id": "1"}, "headers": headers})

    helpdesk.answer = echo
    hook.says = lambda question: (500, {"X-Echo": canary("hook-1")}, canary("hook-1") + whsec("hook-2"))
    codes = [131000, 131026, 131047, 131051, 131053, 100, 131009, 132000, 131056, 190]
    for i, code in enumerate(codes):
        graph.fail(code, http=401 if code == 190 else 400, to=f"4477009{i:05}",
                   details=f"the token {graph.token} is no good ({s.all[i * 3]})")
        assert graph.say(f"+4477009{i:05}", f"question number {i} about my order", name="Ana") == 200
        asked = harness.wait_until(lambda: next((t for t in gateway.threads(limit=100)
                                                 if t["reply_to"] == f"tel:+4477009{i:05}"), None), "his thread")
        gateway.reply(asked["id"], "we are at it")
        harness.wait_until(lambda: [r for r in graph.requests if f'"4477009{i:05}"'.encode() in r.body], "the call")
    file = graph.add_media(b"x", "image/jpeg")
    usual = graph.locate_file
    graph.locate_file = lambda handler, id: handler.answer(
        {"url": f"https://127.0.0.1:1/signed?sig={canary('signed-url')}", "mime_type": "image/jpeg", "id": id})
    assert graph.deliver(graph.media(WHO, "image", file, "look at this order")) == 200
    thread = gateway.threads(limit=100)[0]["id"]
    for key in ("idempotency-1", "idempotency-2"):		# no secret: who knows it can do nothing with it
        gateway.reply(thread, "we are at it", key=key)
        gateway.reply(thread, "and something else", key=key)	# 422
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the calls")
    for _ in range(3):
        gateway.advance(minutes=30)
        harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the calls again")
    graph.locate_file = usual
    # A secret written where its reference should be, and where nothing should be.
    for place, secret in (("token: env:CANARY_API_0", f"token: {canary('api-0')}"), ("log_level: debug", f"log_level: {canary('app-1')}"),
                          ("verify_token: env:CANARY_VERIFY", f"verify_token: {canary('verify')}\n    verify_tokn: {canary('verify')}"),
                          ("settle: 20s", f"settle: {canary('verify')}")):
        before = gateway.config_path.read_text()
        if before.count(place) == 1:
            edit(gateway, (place, secret))
            gateway.reload()
            gateway.ctl("check", str(gateway.config_path))
        gateway.config_path.write_text(before)
    gateway.reload()
    return thread, gateway.messages(thread)[0]["id"]


def search(places, secrets):
    """(where, secret) of all that is found."""
    wanted = [(secret, form) for secret in secrets for form in forms(secret)]
    return [(where, secret) for where, data in places for secret, form in wanted if form in data]


def test_no_secret_is_found_anywhere(play, graph):
    gateway, s, helpdesk, hook = play
    gateway.start()
    graph.target(gateway.port, "wa-main")
    thread, message = fail_everything(gateway, s, graph, helpdesk, hook)
    secrets = [*s.all, harness.API_TOKEN]
    assert len(set(secrets)) >= 40
    answers = every_answer(gateway, thread, message)
    # Where paths of requests are told, secrets of strangers' requests could stand: those are searched too.
    assert gateway.log().count("level=warn") > 5
    with open(f"/proc/{gateway.process.pid}/cmdline", "rb") as file:
        places = [("cmdline", file.read())]
    files = [p for p in gateway.folder.rglob("*") if p.is_file() and p != gateway.config_path]
    assert any(p.name.endswith("-wal") for p in files)
    places += [(p.name, p.read_bytes()) for p in files]
    gateway.stop()
    places += [(p.name + " after the stop", p.read_bytes()) for p in gateway.folder.rglob("*") if p.is_file() and p != gateway.config_path]
    places += [(f"answer {i}", a) for i, a in enumerate(answers)]
    # The token goes to its provider and nowhere else; signatures have no secret in them.
    places += [("event", d.raw + repr({k: v for k, v in d.headers.items()}).encode()) for d in [*helpdesk.attempts, *hook.attempts]]
    places += [("forged event", b + repr(h).encode()) for h, b in [*helpdesk.forged, *hook.forged]]
    places += [("call", r.body + r.path.encode() + repr({k: v for k, v in r.headers.items() if k != "Authorization"}).encode())
               for r in graph.requests]
    assert len(places) > 80 and len(helpdesk.attempts) > 5 and len(graph.requests) > 10
    found = {f for f in search(places, secrets)}
    # Whoever keeps the address of a file keeps what signs it, for as long as it is to be fetched: never beyond the store.
    leaks = search([p for p in places if "headgate.db" not in p[0]], [canary("signed-url")])
    assert found == set() and leaks == []
    record("canary.secrets", len(set(secrets)) + 1, forms=sum(len(forms(x)) for x in secrets), places=len(places))


@pytest.mark.parametrize("level, told", [("info", False), ("debug", False)])
def test_what_people_say_is_not_in_the_log(start, graph, helpdesk, level, told):
    gateway = start(rules=NOISE + AT_ONCE, begin=False)
    gateway.write_config(gateway.config_path.read_text().replace("log_level: debug", f"log_level: {level}"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    words = [f"CANARY-said-{i:04}" for i in range(40)]
    helpdesk.answer = lambda d: (422 if len(helpdesk.attempts) % 3 else 500, {}, d.raw)	# says it all back
    for i, word in enumerate(words):
        sender, text = f"+4477009{i:05}", f"{word} {TEXTS[i * 3][:200]}"
        if i % 4 == 0:
            graph.fail(131000 + i, details=f"refused: {word}")
        assert graph.say(sender, text, name=f"{word} Lima") == 200
        thread = next(t for t in gateway.threads(limit=100) if t["reply_to"] == f"tel:{sender}")["id"]
        gateway.reply(thread, f"{word} answered")
        gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": f"{word} noted"})
        graph.deliver(graph.text(sender, {"body": word}))
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the calls")
    assert gateway.stop() == 0
    said = [line for line in gateway.log().splitlines() if "CANARY-said" in line and "refused: CANARY" not in line]
    assert bool(said) == told, said[:3]


# ---- core files ----

def abort(gateway, **env):
    """The daemon is killed by SIGABRT; whether the kernel wrote a core."""
    gateway.env.update(ASAN_OPTIONS="disable_coredump=0:detect_leaks=0:abort_on_error=1", **env)
    soft, hard = resource.getrlimit(resource.RLIMIT_CORE)
    if hard == 0:
        pytest.skip("cores are switched off here for good")
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    try:
        gateway.start()
    finally:
        resource.setrlimit(resource.RLIMIT_CORE, (soft, hard))
    gateway.process.send_signal(signal.SIGABRT)
    _, status = os.waitpid(gateway.process.pid, 0)
    gateway.process.returncode = -signal.SIGABRT
    dumped = os.WIFSIGNALED(status) and os.WCOREDUMP(status)
    for core in gateway.folder.glob("core*"):
        core.unlink()
    return dumped


def test_a_daemon_that_dies_leaves_no_core(play):
    """What a release does always is done here when asked for, since leak checkers need the opposite."""
    gateway = play[0]
    if not abort(gateway):
        pytest.skip("this kernel writes no core at all")
    assert not abort(gateway, HEADGATE_TEST_HIDE="1")


def test_others_may_not_look_into_the_daemon(play):
    gateway = play[0]
    gateway.env.update(HEADGATE_TEST_HIDE="1", ASAN_OPTIONS="detect_leaks=0")
    gateway.start()
    assert os.stat(f"/proc/{gateway.process.pid}/environ").st_uid == 0
    if os.geteuid() == 0:
        done = subprocess.run(["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "cat",
                               f"/proc/{gateway.process.pid}/environ"], capture_output=True)
        assert done.returncode and not re.search(rb"CANARY", done.stdout)
