"""headgated's life: start, readiness, reload, stop; and that its secrets stay its own."""
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import threading
import time
import uuid

import pytest

import conftest
import fake_helpdesk
import harness
from harness import BUILD, PATIENCE, fails_to_start, parallel, wait_until

WHO = "+447700900123"


def edit(gateway, *changes):
    """Replaces text of the config file; each must be there once."""
    text = gateway.config_path.read_text()
    for old, new in changes:
        assert text.count(old) == 1, (old, text)
        text = text.replace(old, new)
    gateway.config_path.write_text(text)


def run_headgated(*args, env=None, **more):
    """To its end; for those that do not get far."""
    return subprocess.run([BUILD / "headgated", *map(str, args)], capture_output=True, text=True, timeout=PATIENCE,
                          env=dict(os.environ, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"), **(env or {})), **more)


# ---- start ----

def test_when_readiness_is_told_requests_are_answered(start):
    gateway = start()
    assert gateway.port > 0
    assert gateway.http("GET", "/livez").body == b"ok\n"
    assert gateway.http("GET", "/readyz").body == b"ready\n"
    assert gateway.http("GET", "/").status == 404
    assert gateway.http("POST", "/readyz", b"x").status == 405


class Notify:
    """systemd's side of sd_notify."""

    def __init__(self, folder):
        self.path = str(folder / "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path)
        self.socket.settimeout(PATIENCE)

    def until(self, word):
        """All that is told up to word."""
        told = []
        while word not in told:
            told += self.socket.recv(4096).decode().split("\n")
        return told


def test_systemd_is_told_of_readiness_life_reload_and_stop(start, tmp_path):
    notify = Notify(tmp_path)
    gateway = start(env={"NOTIFY_SOCKET": notify.path})
    assert "RELOADING=1" not in notify.until("READY=1")
    notify.until("WATCHDOG=1")
    notify.until("WATCHDOG=1")
    gateway.process.send_signal(signal.SIGHUP)
    notify.until("RELOADING=1")
    notify.until("READY=1")
    edit(gateway, ("adapter: whatsapp", "adapter: whatsup"))
    gateway.process.send_signal(signal.SIGHUP)
    notify.until("RELOADING=1")
    assert "STATUS=reload refused, see the log" in notify.until("READY=1") + notify.until("WATCHDOG=1")
    gateway.process.send_signal(signal.SIGTERM)
    assert "READY=1" not in notify.until("STOPPING=1")
    assert gateway.wait_dead() == 0


def test_wrong_usage_is_told_with_exit_code_2():
    for args in (["--nonsense"], ["stray"], ["--ready-fd", "x"], ["--config"]):
        done = run_headgated(*args)
        assert done.returncode == 2 and "--help" in done.stderr, args
    assert run_headgated("--version").stdout.startswith("headgated ")
    assert "usage: headgated" in run_headgated("--help").stdout


def test_a_wrong_configuration_is_told_with_all_its_errors_and_exit_code_78(start):
    gateway = start(begin=False)
    gateway.fresh = True	# it must not even make its store
    edit(gateway, ("adapter: whatsapp", "adapter: whatsap"), ("min_free: 1MiB", "min_fre: 1MiB"),
         ("allow_private: true", "allow_private: perhaps"))
    code, said = fails_to_start(gateway)
    assert code == 78
    for word in ("no adapter whatsap ", "did you mean whatsapp", "'min_fre'", "did you mean 'min_free'", "'perhaps'"):
        assert word in said, word
    assert len(re.findall(r"headgate\.yaml:\d+:\d+: error", said)) == 3, said
    assert not gateway.file().exists()


@pytest.mark.parametrize("spoil", [
    lambda g: g.config_path.unlink(), lambda g: g.config_path.write_text("channels: ["), lambda g: g.env.clear(),
    lambda g: edit(g, ("config_version: 1", "config_version: 2"))], ids=["missing", "no YAML", "secrets unset", "version"])
def test_a_configuration_that_cannot_be_used_ends_with_exit_code_78(start, spoil):
    gateway = start(begin=False)
    spoil(gateway)
    assert fails_to_start(gateway)[0] == 78


def test_a_taken_port_is_named(start):
    gateway = start(begin=False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        where = f"127.0.0.1:{other.getsockname()[1]}"
        edit(gateway, ("listen: 127.0.0.1:0", f"listen: {where}"))
        code, said = fails_to_start(gateway)
    assert code == 1 and where in said and "in use" in said, said


def test_a_living_daemons_socket_is_not_taken_and_a_dead_ones_is(start):
    first = start()
    second = start(begin=False)
    edit(second, (f"socket: {second.socket}", f"socket: {first.socket}"))
    code, said = fails_to_start(second)
    assert code == 1 and str(first.socket) in said, said
    assert first.ctl("status").returncode == 0
    first.kill()
    assert first.socket.exists()
    second.start()
    assert first.ctl("status").returncode == 0


def test_a_database_in_use_is_not_opened_twice(start):
    first = start()
    second = start(begin=False)
    edit(second, (f"path: {second.file()}", f"path: {first.file()}"))
    code, said = fails_to_start(second)
    assert code == 78 and str(first.file()) in said and f"another headgated (pid {first.process.pid})" in said, said
    assert first.http("GET", "/readyz").status == 200


@pytest.mark.parametrize("bytes", [b"this is no database at all, but text\n" * 200, b"\x00" * 8192])
def test_a_database_that_is_none_is_refused_and_left_alone(start, bytes):
    gateway = start(begin=False)
    gateway.file().write_bytes(bytes)
    code, said = fails_to_start(gateway)
    assert code in (1, 78) and str(gateway.file()) in said, said
    assert gateway.file().read_bytes() == bytes


def test_a_failed_start_leaves_nothing_behind_and_the_next_one_works(start):
    gateway = start(begin=False)
    with socket.create_server(("127.0.0.1", 0)) as other:
        edit(gateway, ("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{other.getsockname()[1]}"))
        fails_to_start(gateway)
    assert not harness.sanitizer_report(gateway.log())
    gateway.start()
    assert gateway.http("GET", "/readyz").status == 200


def test_the_log_can_be_json_lines(start, graph):
    gateway = start(begin=False)
    edit(gateway, ("log_level: debug", "log_level: debug\n  log_format: json"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say(WHO, "hello\nthere")
    gateway.stop()
    lines = [json.loads(line) for line in gateway.log().splitlines()]
    assert {"daemon.ready", "daemon.stopping", "daemon.stopped"} <= {line["event"] for line in lines}
    assert all({"ts", "level", "event", "text"} <= set(line) for line in lines)


# ---- stop ----

def test_what_was_acknowledged_before_the_stop_is_there_after_it(start, graph):
    """Customers write while the daemon stops: whoever got a 200 is in the store, nobody else is."""
    gateway = start(rules=conftest.AT_ONCE)
    answered, lock, begun = {}, threading.Lock(), threading.Event()

    def write(n):
        status = 200
        while status == 200:		# until it is gone
            text = f"customer {n} message {uuid.uuid4()}"
            try:
                status = graph.say(f"+44770090{n:04}", text)
            except (OSError, http.client.HTTPException, AssertionError):
                status = None
            with lock:
                answered[text] = status
                if len(answered) > 60:
                    begun.set()

    writers = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for writer in writers:
        writer.start()
    assert begun.wait(PATIENCE)
    assert gateway.stop() == 0
    for writer in writers:
        writer.join()
    taken = {text for text, status in answered.items() if status == 200}
    assert taken and len(taken) < len(answered)
    gateway.start()
    stored = [m["text"] for t in gateway.threads(limit=500) for m in gateway.messages(t["id"]) if m["direction"] == "inbound"]
    assert len(stored) == len(set(stored))
    assert taken <= set(stored)


def test_a_send_under_way_ends_before_the_daemon_does(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    graph.say(WHO, "my order is late")
    thread = gateway.threads()[0]["id"]
    graph.slow(1)
    message = gateway.reply(thread, "on its way").json["message"]["id"]
    graph.wait_posts(1)
    assert gateway.stop() == 0
    assert len(graph.accepted) == 1
    gateway.start()
    assert [m["delivery"] for m in gateway.messages(thread) if m["id"] == message] == ["sent"]
    assert len(graph.accepted) == 1


def test_what_waits_in_the_outbox_leaves_after_the_next_start(start, graph, helpdesk):
    helpdesk.answer = lambda delivery: (503, {}, b"")
    gateway = start(rules=conftest.AT_ONCE)
    graph.say(WHO, "my order is late")
    helpdesk.wait(lambda h: h.attempts, "the first attempt")
    assert gateway.stop() == 0
    helpdesk.answer = None
    gateway.advance(hours=1)
    gateway.start()
    assert helpdesk.wait_event("ticket.requested").data["messages"][0]["text"] == "my order is late"
    assert helpdesk.attempts[0].id == helpdesk.of("ticket.requested")[0].id


def test_half_requests_and_followers_do_not_hold_up_a_stop(start):
    gateway = start()
    held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(3)]
    held[0].sendall(b"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nhalf")
    held[1].sendall(b"GET /live")
    held[2].sendall(b"GET /v1/events/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n\r\n" % harness.API_TOKEN.encode())
    assert held[2].recv(100).startswith(b"HTTP/1.1 200")
    began = time.monotonic()
    assert gateway.stop() == 0
    assert time.monotonic() - began < 10
    assert "daemon.stop_forced" not in gateway.log()
    for connection in held:
        connection.close()


def test_a_second_term_signal_changes_nothing(start):
    gateway = start()
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.send_signal(signal.SIGTERM)
    gateway.process.send_signal(signal.SIGHUP)
    assert gateway.wait_dead() == 0
    assert gateway.log().count("event=daemon.stopping") == 1


def test_interrupt_stops_like_term(start):
    gateway = start()
    gateway.process.send_signal(signal.SIGINT)
    assert gateway.wait_dead() == 0


def test_after_a_kill_the_next_start_answers_as_before(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    assert graph.say(WHO, "my order is late") == 200
    gateway.kill()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert [t["reply_to"] for t in gateway.threads()] == [f"tel:{WHO}"]
    assert graph.say(WHO, "number 4711") == 200
    assert len(gateway.threads()) == 1


# ---- reload ----

def test_a_good_reload_takes_effect_and_drops_no_connection(start, graph):
    gateway = start(rules=conftest.NOISE, top="default: hold")
    kept = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    kept.request("GET", "/livez")
    assert kept.getresponse().read() == b"ok\n"
    live = kept.sock
    graph.say(WHO, "hello, is anybody there")
    assert gateway.threads()[0]["state"] == "open"
    before = gateway.status()
    edit(gateway, ("rules:\n", "rules:\n" + conftest.AT_ONCE))
    gateway.reload()
    after = gateway.status()
    assert after["config_hash"] != before["config_hash"] and after["reloaded"] > before["reloaded"]
    assert after["started"] == before["started"]
    graph.say(WHO, "and now?")
    assert gateway.threads()[0]["state"] == "converted"
    kept.request("GET", "/livez")
    assert kept.getresponse().read() == b"ok\n" and kept.sock is live
    kept.close()


@pytest.mark.parametrize("change, said", [
    (("adapter: whatsapp", "adapter: whatsup"), "whatsup"), (("rules:\n", "rules:\n  - nonsense: 1\n"), "nonsense"),
    (("config_version: 1", "config_version: [1"), "headgate.yaml"),
    (("log_level: debug", "log_level: debug\n  trusted_proxies: [not-a-network]"), "not-a-network")])
def test_a_bad_reload_changes_nothing_and_says_why(start, graph, change, said):
    gateway = start(rules=conftest.AT_ONCE)
    before = gateway.status()
    edit(gateway, change)
    gateway.reload()
    assert "event=reload.refused" in gateway.log()
    assert [line for line in gateway.log().splitlines() if "reload.error" in line and said in line]
    after = gateway.status()
    assert (after["config_hash"], after["reloaded"]) == (before["config_hash"], before["reloaded"])
    assert graph.say(WHO, "my order is late") == 200
    assert gateway.threads()[0]["state"] == "converted"


def test_what_only_a_restart_changes_is_said(start):
    gateway = start()
    edit(gateway, ("listen: 127.0.0.1:0", "listen: 127.0.0.1:1"), (f"path: {gateway.file()}", f"path: {gateway.file()}.new"),
         ("name: Acme support", "name: Acme care"))
    port = gateway.port
    gateway.reload()
    told = [line for line in gateway.log().splitlines() if "reload.restart_needed" in line]
    assert len(told) == 2 and "gateway.listen" in told[0] and "store.path" in told[1], told
    status = gateway.status()
    assert status["name"] == "Acme care" and status["port"] == port
    assert not pathlib.Path(f"{gateway.file()}.new").exists()


def test_a_changed_log_level_and_caps_apply_at_once(start):
    gateway = start()
    edit(gateway, ("log_level: debug", "log_level: error"), ("max_per_address: 1000", "max_per_address: 2"))
    before = gateway.status()["reloaded"]
    gateway.process.send_signal(signal.SIGHUP)		# its own line is left out already
    wait_until(lambda: gateway.status()["reloaded"] > before, "the reload")
    seen = len(gateway.log())
    held = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(2)]
    wait_until(lambda: gateway.http("GET", "/livez").status == 503, "the new cap")
    for connection in held:
        connection.close()
    wait_until(lambda: gateway.http("GET", "/livez").status == 200, "a free place")
    gateway.process.send_signal(signal.SIGHUP)
    wait_until(lambda: gateway.ctl("status").returncode == 0, "the daemon to be there")
    assert gateway.stop() == 0
    assert gateway.log()[seen:] == ""


def test_a_changed_channel_goes_on_with_its_new_options(start, graph):
    gateway = start(rules=conftest.AT_ONCE, env={"TEST_NEW_TOKEN": "EAAG-the-new-token"})
    graph.say(WHO, "my order is late")
    thread = gateway.threads()[0]["id"]
    edit(gateway, ("token: env:TEST_GRAPH_TOKEN", "token: env:TEST_NEW_TOKEN"))
    graph.token = "EAAG-the-new-token"
    gateway.reload()
    gateway.reply(thread, "with the new token")
    assert graph.wait_accepted(1)[0].text == "with the new token"


def test_a_removed_channel_keeps_its_sends_until_it_is_back(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    graph.say(WHO, "my order is late")
    thread = gateway.threads()[0]["id"]
    graph.throttle(times=100, retry_after=3600)
    gateway.reply(thread, "first")
    graph.wait_posts(1)
    gateway.reply(thread, "second")
    text = gateway.config_path.read_text()
    without = re.sub(r"  wa-main:\n(    .*\n)*", "  other:\n    adapter: fake\n    url: http://127.0.0.1:9\n"
                     "    secret: env:TEST_APP_SECRET\n", text)
    assert without != text
    gateway.config_path.write_text(without)
    gateway.reload()
    assert "event=reload.done" in gateway.log()
    wait_until(lambda: [c["name"] for c in gateway.status()["channels"]] == ["other"], "the channel to be gone")
    assert graph.say(WHO, "anybody?") == 404
    gateway.advance(hours=3)
    graph.calm()
    answer = gateway.reply(thread, "third")
    assert answer.status == 409 and "wa-main" in answer.json["detail"], answer
    gateway.config_path.write_text(text)
    gateway.reload()
    gateway.advance(hours=3)
    assert [m.text for m in graph.wait_accepted(2)] == ["first", "second"]
    wait_until(lambda: [m["delivery"] for m in gateway.messages(thread) if m["direction"] == "outbound"] == ["sent"] * 2,
               "both to be sent")


def test_a_removed_backend_keeps_its_events_until_it_is_back(start, graph, helpdesk):
    helpdesk.answer = lambda delivery: (503, {}, b"")
    gateway = start(rules=conftest.AT_ONCE)
    graph.say(WHO, "my order is late")
    helpdesk.wait(lambda h: h.attempts, "the first attempt")
    text = gateway.config_path.read_text()
    gateway.config_path.write_text(text.replace("  desk:\n", "  bench:\n"))
    gateway.reload()
    helpdesk.answer = None
    assert [b["name"] for b in gateway.status()["backends"]] == ["bench"]
    gateway.advance(hours=3)
    graph.say("+447700900124", "another customer")
    assert helpdesk.wait_event("ticket.requested").data["contact"]["phone"] == "+447700900124"
    gateway.config_path.write_text(text)
    gateway.reload()
    gateway.advance(hours=3)
    event = helpdesk.wait_event("ticket.requested", 2)
    assert event.data["contact"]["phone"] == WHO


def test_rotated_api_tokens_are_taken_over_by_a_reload(start):
    gateway = start(begin=False)
    secret = gateway.folder / "token"
    secret.write_text("the-first-token-0123456789\n")
    secret.chmod(0o600)
    edit(gateway, ("token: env:TEST_API_TOKEN", f"token: file:{secret}"))
    gateway.start()
    path = "/v1/status"
    assert gateway.api("GET", path, token="the-first-token-0123456789").status == 200
    secret.write_text("the-second-token-0123456789\n")
    assert gateway.api("GET", path, token="the-second-token-0123456789").status == 401
    gateway.process.send_signal(signal.SIGHUP)
    wait_until(lambda: gateway.api("GET", path, token="the-second-token-0123456789").status == 200, "the new token")
    assert gateway.api("GET", path, token="the-first-token-0123456789").status == 401
    assert gateway.stop() == 0


def test_a_rotated_app_secret_is_taken_over_by_a_reload_and_the_old_one_refused(start, graph):
    gateway = start(rules=conftest.AT_ONCE, env={"TEST_NEXT_SECRET": "00112233445566778899aabbccddeeff"})
    edit(gateway, ("app_secret: [env:TEST_APP_SECRET, env:TEST_OLD_APP_SECRET]",
                   "app_secret: [env:TEST_NEXT_SECRET, env:TEST_APP_SECRET]"))
    assert graph.say(WHO, "one") == 200
    gateway.reload()
    assert graph.say(WHO, "two") == 200
    graph.app_secret = "00112233445566778899aabbccddeeff"
    assert graph.say(WHO, "three") == 200
    graph.app_secret = conftest.OLD_APP_SECRET
    assert graph.say(WHO, "forged") in (401, 403)
    texts = [m["text"] for m in gateway.messages(gateway.threads()[0]["id"]) if m["direction"] == "inbound"]
    assert texts == ["one", "two", "three"]


def test_a_rotated_backend_secret_signs_the_next_event(start, graph, helpdesk):
    gateway = start(rules=conftest.AT_ONCE, env={"TEST_NEW_HOOK": "whsec_" + "bmV3LXNlY3JldC1vZi10aGUtaGVscGRlc2s="})
    graph.say(WHO, "one")
    helpdesk.wait_event("ticket.requested")
    edit(gateway, ("secrets: [env:TEST_WEBHOOK_SECRET, env:TEST_SECOND_SECRET]", "secrets: [env:TEST_NEW_HOOK]"))
    gateway.reload()
    new = fake_helpdesk.FakeHelpdesk(["whsec_bmV3LXNlY3JldC1vZi10aGUtaGVscGRlc2s="])
    helpdesk.secrets = new.secrets
    new.close()
    graph.say("+447700900124", "two")
    helpdesk.wait_event("ticket.requested", 2)
    assert not helpdesk.forged


def test_ten_reloads_in_a_row_under_load_lose_nothing(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    stop, statuses = threading.Event(), []

    def write(n):
        while not stop.is_set():
            statuses.append(graph.say(f"+44770090{n:04}", "under load"))

    writers = [threading.Thread(target=write, args=(n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for n in range(10):
        text = gateway.config_path.read_text()
        gateway.config_path.write_text(re.sub(r"name: Acme support.*", f"name: Acme support {n}", text))
        gateway.reload()
    stop.set()
    for writer in writers:
        writer.join()
    assert set(statuses) == {200}
    assert gateway.status()["store"]["messages"] >= len(statuses)


# ---- secrets ----

CANARIES = {"TEST_GRAPH_TOKEN": "EAAG-canary-graph-token-5b1f", "TEST_APP_SECRET": "canary0app0secret0c3d4e5f60718293",
            "TEST_OLD_APP_SECRET": "canary0old0secret0a1b2c3d4e5f6071", "TEST_VERIFY_TOKEN": "canary-verify-token-77aa"}


def files_below(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_secrets_and_texts_are_in_no_log_and_secrets_in_no_file_or_answer(start, graph, helpdesk):
    gateway = start(rules=conftest.AT_ONCE, env=CANARIES)
    graph.app_secret, text = CANARIES["TEST_APP_SECRET"], "canary of a message text 91c2"
    secrets = [*CANARIES.values(), harness.API_TOKEN, harness.WEBHOOK_SECRET, harness.WEBHOOK_SECRET[6:],
               harness.SECOND_SECRET]
    graph.token = "another one"			# the first send is refused: codes and errors are logged
    assert graph.say(WHO, text) == 200
    graph.deliver({"object": "x"}, secret="wrong")
    gateway.http("GET", f"/channel/wa-main/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token="
                        f"{CANARIES['TEST_VERIFY_TOKEN']}")
    gateway.http("GET", "/channel/wa-main/webhook?hub.mode=subscribe&hub.challenge=1&hub.verify_token=wrong")
    thread = gateway.threads()[0]["id"]
    gateway.reply(thread, text + " answered")
    gateway.api("GET", "/v1/threads", token="not-" + harness.API_TOKEN)
    wait_until(lambda: gateway.status()["channels"][0]["condition"] == "down", "the channel to be down")
    helpdesk.wait_event("ticket.requested")
    edit(gateway, ("token: env:TEST_GRAPH_TOKEN", f"token: {CANARIES['TEST_GRAPH_TOKEN']}\n    tokn: 1"))
    gateway.reload()		# refused, and the secret stands in the line that is shown
    assert "reload.refused" in gateway.log()
    answers = [gateway.api("GET", path).body.decode() for path in (
        "/v1/status", "/v1/threads", f"/v1/threads/{thread}", f"/v1/threads/{thread}/messages",
        f"/v1/threads/{thread}/events", f"/v1/threads/{thread}/explain", "/v1/events", "/v1/outbox?state=parked")]
    answers += [str(gateway.ctl(*args)) for args in (["status"], ["status", "--json"], ["thread", "show", thread])]
    answers.append(str(gateway.ctl("check", str(gateway.config_path)).stderr))
    assert gateway.stop() == 0
    for secret in secrets:
        assert secret not in gateway.log(), secret
        assert not [a for a in answers if secret in a], secret
        found = [p for p in files_below(gateway.store.parent) if secret.encode() in p.read_bytes()]
        assert not found, (secret, found)
    assert text not in gateway.log()
    assert text in "".join(answers)


def test_files_of_the_daemon_are_its_owners_only(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    graph.say(WHO, "my order is late")
    for path in files_below(gateway.store.parent):
        assert path.stat().st_mode & 0o077 == 0, path
    assert gateway.socket.stat().st_mode & 0o777 == 0o660


# ---- TLS ----

def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                    "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    (folder / "key.pem").chmod(0o600)


def shown_certificate(port):
    return ssl.get_server_certificate(("127.0.0.1", port))


@pytest.fixture
def tls_gateway(start):
    gateway = start(begin=False)
    make_certificate(gateway.folder, "first")
    edit(gateway, ("log_level: debug", f"log_level: debug\n  tls_cert: {gateway.folder}/cert.pem\n"
                                       f"  tls_key: {gateway.folder}/key.pem"))
    yield gateway
    assert gateway.stop() == 0


def test_with_a_certificate_the_listener_speaks_tls_only(tls_gateway):
    tls_gateway.start()
    trust = ssl.create_default_context(cafile=tls_gateway.folder / "cert.pem")
    with socket.create_connection(("127.0.0.1", tls_gateway.port)) as plain, \
            trust.wrap_socket(plain, server_hostname="localhost") as secured:
        assert secured.version() in ("TLSv1.2", "TLSv1.3")
        secured.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        assert b"HTTP/1.1 200 OK" in secured.recv(4096)
    with pytest.raises((OSError, http.client.HTTPException)):
        tls_gateway.http("GET", "/readyz")
    assert tls_gateway.ctl("status").returncode == 0
    assert tls_gateway.ctl("-c", str(tls_gateway.config_path), "simulate", "whatsapp", "--text", "over the socket").returncode == 0


def test_a_renewed_certificate_is_taken_over_by_a_reload_and_a_bad_one_is_not(tls_gateway):
    tls_gateway.start()
    first = shown_certificate(tls_gateway.port)
    make_certificate(tls_gateway.folder, "second")
    assert shown_certificate(tls_gateway.port) == first
    tls_gateway.reload()
    second = shown_certificate(tls_gateway.port)
    assert second != first
    (tls_gateway.folder / "cert.pem").write_text("no certificate")
    tls_gateway.reload()
    assert tls_gateway.log().count("event=reload.refused") == 1
    assert shown_certificate(tls_gateway.port) == second


def test_a_key_that_does_not_fit_its_certificate_is_an_error_of_the_configuration(tls_gateway):
    kept = (tls_gateway.folder / "cert.pem").read_bytes()
    make_certificate(tls_gateway.folder, "another")
    (tls_gateway.folder / "cert.pem").write_bytes(kept)
    code, said = fails_to_start(tls_gateway)
    assert code == 78 and "key" in said
    make_certificate(tls_gateway.folder, "good again")
    tls_gateway.start()


# ---- audits and backups ----

def test_an_audit_under_way_does_not_hold_up_a_stop(start):
    """A file of a tebibyte, all of it a hole, takes many minutes to hash; the stop does not wait for that."""
    gateway = start(rules=conftest.AT_ONCE)
    gateway.ctl("-c", str(gateway.config_path), "simulate", "whatsapp", "--text", "x", check=0)
    thread = gateway.threads()[0]["id"]
    sha256 = gateway.http("POST", "/v1/attachments", b"file", {"Authorization": f"Bearer {harness.API_TOKEN}"}
                          ).json["attachment"]["sha256"]
    gateway.reply(thread, "see", attachments=[{"sha256": sha256, "name": "a.pdf", "type": "application/pdf"}])
    file = next((gateway.store.parent / "attachments").rglob(sha256))
    wait_until(lambda: not gateway.status()["outbox"], "the file to be sent")
    os.truncate(file, 1 << 40)
    ended = []
    audit = threading.Thread(target=lambda: ended.append(gateway.ctl("fsck").returncode))
    audit.start()
    wait_until(lambda: gateway.status()["api"]["auditing"], "the audit")
    assert gateway.api("GET", "/v1/fsck").status == 503
    assert gateway.stop() == 0
    audit.join()
    assert ended == [75]
    assert "daemon.stop_forced" not in gateway.log()
    os.truncate(file, len(b"file"))


def test_a_copy_made_while_the_daemon_runs_is_a_sound_store(start, graph):
    gateway, other = start(rules=conftest.AT_ONCE), start(rules=conftest.AT_ONCE, begin=False)
    for n in range(20):
        graph.target(gateway.port, "wa-main")
        assert graph.say(f"+44770090{n:04}", "my order is late") == 200
    with sqlite3.connect(f"file:{gateway.file()}?mode=ro", uri=True) as reader:
        reader.execute(f"VACUUM INTO '{other.file()}'")
    reader.close()
    shutil.copytree(gateway.store.parent / "attachments", other.store.parent / "attachments", dirs_exist_ok=True)
    assert graph.say("+447700909999", "after the copy") == 200
    other.start()
    assert {t["id"] for t in other.threads(limit=500)} == {t["id"] for t in gateway.threads(limit=500)
                                                           if t["reply_to"] != "tel:+447700909999"}
    assert other.fsck() == []
