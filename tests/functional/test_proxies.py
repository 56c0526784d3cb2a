"""headgate behind the samples of contrib/haproxy, contrib/nginx and contrib/caddy, with their TLS: what customers and providers need gets
through, over HTTP/2 and HTTP/1.1, and nobody is taken for somebody else."""
import json
import subprocess

import pytest

import harness
import proxies
from conftest import AT_ONCE, NOISE

MAKERS = [proxies.Haproxy, proxies.Nginx, proxies.Caddy]
CONFIG = dict(rules=NOISE + AT_ONCE, change=("  max_per_address", "  trusted_proxies: [127.0.0.1]\n  max_per_address"))


@pytest.fixture(params=MAKERS, ids=lambda make: make.name, scope="module")
def front(request, tmp_path_factory, world):
    """One gateway, which trusts the proxy in front of it, for all of them."""
    proxy = request.param(tmp_path_factory.mktemp("front"), world.gateway.port, tls=True)
    proxy.gateway = world.gateway
    yield proxy
    proxy.stop()


def curl(front, path, *options, data=None, version="--http2"):
    """Status, protocol version, headers and body as curl sees them."""
    done = subprocess.run(
        ["curl", "-sS", "-k", "-i", version, "--max-time", str(harness.PATIENCE), "-w", "\n%{http_code} %{http_version}",
         *options, *(["--data-binary", "@-"] if data is not None else []),
         "--resolve", f"chat.acme.example:{front.port}:127.0.0.1", f"https://chat.acme.example:{front.port}{path}"],
        input=data, capture_output=True, timeout=harness.PATIENCE)
    assert done.returncode == 0, done.stderr
    head, _, rest = done.stdout.rpartition(b"\r\n\r\n")
    body, _, last = rest.rpartition(b"\n")
    status, protocol = last.decode().split()
    return int(status), protocol, head.decode("latin-1").lower(), body


@pytest.mark.parametrize("version, spoken", [("--http2", "2"), ("--http1.1", "1.1")])
def test_a_webhook_becomes_a_ticket(front, world, version, spoken):
    graph, customer = world.graph, world.customer()
    body = graph.encode(graph.text(customer, "my order is late"))
    answer = curl(front, "/channel/wa-main/webhook", "-H", f"X-Hub-Signature-256: {graph.sign(body)}", "-H", "Content-Type: application/json",
                  data=body, version=version)
    assert answer[:2] == (200, spoken)
    forged = curl(front, "/channel/wa-main/webhook", "-H", "X-Hub-Signature-256: sha256=" + "0" * 64, data=body, version=version)
    assert forged[0] == 401
    harness.wait_until(lambda: world.thread_of(customer)["ticket"], "the ticket")


def test_a_webhook_of_3_MB_gets_through_and_one_of_5_is_told_why_not(front, world):
    graph = world.graph
    payload = graph.text(world.customer(), "a lot")
    payload["padding"] = "x" * 3000000
    body = graph.encode(payload)
    sign = ["-H", f"X-Hub-Signature-256: {graph.sign(body)}"]
    assert curl(front, "/channel/wa-main/webhook", *sign, "-H", "Expect:", data=body)[0] == 200
    assert curl(front, "/channel/wa-main/webhook", *sign, data=body, version="--http1.1")[0] == 200	# curl expects 100 here
    # Over HTTP/2 Caddy ends a stream that was answered too early with RST_STREAM(NO_ERROR), behind which curl 7.88 may forget the answer.
    version = "--http1.1" if front.name == "caddy" else "--http2"
    status, _, head, said = curl(front, "/channel/wa-main/webhook", "-H", "Expect:", data=b"x" * 5000000, version=version)
    assert status == 413 and "application/problem+json" in head and json.loads(said)["rule"] == "body.big"


def test_the_answers_of_headgate_stay_as_they_are(front):
    status, _, head, body = curl(front, "/v1/status")
    assert status == 401 and json.loads(body)["status"] == 401
    for line in ("www-authenticate: bearer", "x-content-type-options: nosniff", "cache-control: no-store"):
        assert line in head, head
    assert curl(front, "/livez", "--head")[0] == 200
    assert curl(front, "/livez", "-X", "DELETE")[0] == 405


def test_a_stream_begins_at_once_and_goes_on(front, world):
    """Nothing in between waits until there is more."""
    reader = subprocess.Popen(
        ["curl", "-sSkN", "--http2", "-H", f"Authorization: Bearer {harness.API_TOKEN}", "--resolve", f"chat.acme.example:{front.port}:127.0.0.1",
         f"https://chat.acme.example:{front.port}/v1/events/stream"], stdout=subprocess.PIPE)
    try:
        assert reader.stdout.readline() == b"\n"
        world.graph.say(world.customer(), "is anybody there")
        while True:
            line = reader.stdout.readline()
            assert line, "the stream ended"
            if line.strip() and json.loads(line).get("type") == "message.received":
                break
    finally:
        reader.kill()
        reader.wait()
        reader.stdout.close()


CLAIMS = ["203.0.113.66", "127.0.0.1", "203.0.113.66, 127.0.0.1", "unknown", "", "203.0.113.66\tx", "::1", "10.0.0.1,", "127.0.0.1:80", "[::1]",
          "127.0.0.1,127.0.0.1,127.0.0.1", "0x7f.1", "2130706433"]


def test_nobody_is_believed_about_his_address(front):
    """Asked from another address than the proxy's; the log has what headgate takes the client for."""
    before = len(front.gateway.log())
    for claim in CLAIMS:
        front.gateway.advance(minutes=5)	# so that each refusal has its own line
        curl(front, "/v1/threads", "--interface", "127.0.0.2", "-H", f"X-Forwarded-For: {claim}", "-H", "Forwarded: for=203.0.113.66",
             "-H", "X-Real-IP: 203.0.113.66", "-H", "Authorization: Bearer hgk_wrong")
    lines = harness.wait_until(lambda: (lambda found: found if len(found) >= len(CLAIMS) else None)(
        [line for line in front.gateway.log()[before:].splitlines() if "peer=" in line]), "the refusals in the log")
    assert all("peer=127.0.0.2 " in line for line in lines), lines


@pytest.mark.parametrize("make", MAKERS, ids=lambda make: make.name)
def test_the_sample_is_right_by_its_own_program(tmp_path, make):
    """As it is delivered, but for the certificate, and for the ports that only root may bind, which nginx does here too."""
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", "/CN=a",
                    "-keyout", tmp_path / "key", "-out", tmp_path / "cert"], check=True, capture_output=True)
    (tmp_path / "both").write_text((tmp_path / "cert").read_text() + (tmp_path / "key").read_text())
    if make is proxies.Nginx:
        sample = (proxies.CONTRIB / "nginx" / "headgate.conf").read_text()
        sample = sample.replace("/etc/ssl/chat.acme.example.pem", str(tmp_path / "cert")).replace("/etc/ssl/private/chat.acme.example.key", str(tmp_path / "key"))
        sample = sample.replace("listen 443", f"listen 127.0.0.1:{harness.free_port()}").replace("\tlisten [::]:443 ssl http2;\n", "")
        (tmp_path / "config").write_text(f"pid {tmp_path}/pid; error_log {tmp_path}/errors;\nevents {{ }}\nhttp {{\naccess_log off;\n{sample}\n}}\n")
        command = ["nginx", "-t", "-p", str(tmp_path), "-e", str(tmp_path / "errors"), "-c", str(tmp_path / "config")]
    elif make is proxies.Caddy:
        command = ["env", f"HOME={tmp_path}", "caddy", "validate", "--adapter", "caddyfile", "--config", str(proxies.CONTRIB / "caddy" / "Caddyfile")]
    else:
        sample = (proxies.CONTRIB / "haproxy" / "headgate.cfg").read_text()
        (tmp_path / "config").write_text(sample.replace("/etc/ssl/private/chat.acme.example.pem", str(tmp_path / "both")))
        command = ["haproxy", "-c", "-f", str(tmp_path / "config")]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0 and "[WARNING]" not in done.stderr and "[warn]" not in done.stderr and '"level":"warn"' not in done.stderr, done.stdout + done.stderr
