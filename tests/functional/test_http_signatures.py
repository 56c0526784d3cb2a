"""Descriptions that prove who calls, beside the providers' own libraries: what MessageBird's and Plivo's libraries of npm
take is taken, and what they refuse is refused."""
import base64
import hashlib
import hmac
import json
import pathlib
import subprocess
import time
import urllib.parse

import pytest

import harness
from conftest import AT_ONCE, config_text, finish

CHANNELS = pathlib.Path(__file__).resolve().parents[2] / "etc/channels"
OUTSIDE = "https://hooks.acme.example"
KEY, OTHER = "signing-key-of-tests", "signing-key-of-others"

# Reads cases, one a line, as JSON; says of each what the library says.
PLIVO = r"""
const { validateV3Signature } = require("plivo");
require("readline").createInterface({ input: process.stdin }).on("line", line => {
    const c = JSON.parse(line);
    console.log(validateV3Signature(c.method, c.url, c.nonce, c.key, c.signature, c.form));
});
"""
MESSAGEBIRD = r"""
const { verify } = require("messagebird/lib/webhook-signature-jwt");
const { createSecretKey } = require("crypto");
const lines = require("fs").readFileSync(0, "utf8").trim().split("\n").map(line => JSON.parse(line));
(async () => {
    for (const c of lines)
        console.log(await verify(c.url, Buffer.from(c.body), c.token, createSecretKey(Buffer.from(c.key)))
            .then(() => true, () => false));
})();
"""


def ask(script, cases):
    """What the library says of each: its valid one must be among them, or it would have said no to all."""
    lines = "".join(json.dumps(case) + "\n" for case in cases)
    run = subprocess.run(["node", "-e", script], input=lines, capture_output=True, text=True, timeout=harness.PATIENCE)
    assert run.returncode == 0, run.stderr
    said = [line == "true" for line in run.stdout.split()]
    assert len(said) == len(cases) and True in said and False in said, (said, run.stderr)
    return said


@pytest.fixture
def start(helpdesk, tmp_path):
    made = []

    def run(description, secrets, values):
        text = config_text("http://127.0.0.1:9", helpdesk.url, rules=AT_ONCE)
        head, rest = text.split("  wa-main:\n", 1)
        lines = (f"  line:\n    adapter: http\n    description: {CHANNELS / description}\n    public_url: {OUTSIDE}\n"
                 f"    secrets: {{ {', '.join(f'{name}: env:TEST_HTTP_SECRET' for name in secrets)} }}\n    values: {values}\n")
        text = f"{head}{lines}rules:\n{rest.split('rules:', 1)[1]}"
        made.append(harness.Gateway(tmp_path, text, {"TEST_HTTP_SECRET": KEY}).start())
        return made[0]

    yield run
    problems = finish(made[0]) if made else []
    assert not problems, "\n".join(problems)


def post(gateway, path, body, headers):
    return gateway.http("POST", f"/channel/line/{path}", body.encode(), headers).status


def sign_plivo(url, form, nonce, key=KEY):
    base, _, query = url.partition("?")
    text = base + "?" + query + ("." if query else "") + "".join(k + v for k, v in sorted(form.items())) + "." + nonce
    return base64.b64encode(hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()).decode()


def test_plivo_requests_are_taken_as_plivos_library_takes_them(start):
    gateway = start("plivo.yaml", ["auth_token"], "{ auth_id: MA1, from: \"+447700900900\" }")
    url, nonce = f"{OUTSIDE}/channel/line/sms", "05429567804466091622"
    form = {"From": "447700900123", "To": "447700900900", "Text": "déjà & vu = 100% +1", "MessageUUID": "m1", "Type": "sms", "Units": ""}
    good = sign_plivo(url, form, nonce)
    cases = [dict(method="POST", url=url, nonce=nonce, key=KEY, signature=signature, form=sent, asked=asked) for signature, sent, asked in [
        (good, form, nonce),
        (good, {**form, "Text": "another text"}, nonce),			# changed on its way
        (good, {**form, "Extra": "1"}, nonce),
        (good, {k: v for k, v in form.items() if k != "Units"}, nonce),
        (sign_plivo(url, form, nonce, OTHER), form, nonce),			# of another account
        (sign_plivo(url + "x", form, nonce), form, nonce),			# for another address
        (good, form, "1"),							# with another nonce
        (sign_plivo(url, form, "1"), form, "1"),
        ("", form, nonce), ("AAAA", form, nonce), (good[:-4], form, nonce),
    ]]
    said = ask(PLIVO, [{**case, "nonce": case["asked"]} for case in cases])
    for case, taken in zip(cases, said):
        status = post(gateway, "sms", urllib.parse.urlencode(case["form"]), {
            "Content-Type": "application/x-www-form-urlencoded", "X-Plivo-Signature-V3": case["signature"],
            "X-Plivo-Signature-V3-Nonce": case["asked"]})
        assert status == (200 if taken else 401), (case, taken, status)


def test_plivo_receipts_with_a_query_are_taken_as_plivos_library_takes_them(start):
    gateway = start("plivo.yaml", ["auth_token"], "{ auth_id: MA1, from: \"+447700900900\" }")
    url, form = f"{OUTSIDE}/channel/line/status?key=KEY-1_2", {"MessageUUID": "m1", "Status": "delivered", "To": "+447700900123", "From": "1"}
    cases = [dict(method="POST", url=url, nonce="n", key=KEY, signature=signature, form=form) for signature in
             (sign_plivo(url, form, "n"), sign_plivo(url.replace("KEY", "YEK"), form, "n"), sign_plivo(url.split("?")[0], form, "n"))]
    for case, taken in zip(cases, ask(PLIVO, cases)):
        status = post(gateway, "status?key=KEY-1_2", urllib.parse.urlencode(form), {
            "Content-Type": "application/x-www-form-urlencoded", "X-Plivo-Signature-V3": case["signature"],
            "X-Plivo-Signature-V3-Nonce": "n"})
        assert status == (200 if taken else 401), (case, taken, status)


def token(url, body, key=KEY, algorithm="HS256", drop=(), **more):
    def part(raw):
        return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    now = int(time.time())
    claims = {"iss": "MessageBird", "nbf": now - 1, "exp": now + 60, "jti": "e92cf079-362d-4813-ab40-bbdd938bdc6d",
              "url_hash": hashlib.sha256(url.encode()).hexdigest(), "payload_hash": hashlib.sha256(body.encode()).hexdigest(), **more}
    text = ".".join(part(json.dumps(p, separators=(",", ":")).encode()) for p in (
        {"alg": algorithm, "typ": "JWT"}, {k: v for k, v in claims.items() if k not in drop}))
    mac = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest() if algorithm == "HS256" else b""
    return f"{text}.{part(mac)}"


def test_messagebird_requests_are_taken_as_messagebirds_library_takes_them(start):
    gateway = start("messagebird.yaml", ["signing_key", "access_key"], "{ from: \"+447700900900\" }")
    url, now = f"{OUTSIDE}/channel/line/sms", int(time.time())
    body = urllib.parse.urlencode({"id": "m1", "originator": "447700900123", "recipient": "447700900900", "body": "déjà & vu"})
    cases = [dict(url=url, body=body, key=KEY, token=made) for made in (
        token(url, body),
        token(url, body + "x"),					# changed on its way
        token(url + "?a=1", body),				# for another address
        token(url, body, OTHER),
        token(url, body, algorithm="none"),
        token(url, body, iss="Somebody"),
        token(url, body, exp=now - 3600),			# out of date
        token(url, body, nbf=now + 3600),			# not yet
        token(url, body, drop=["payload_hash"]),
        token(url, body, drop=["url_hash"]),
        token(url, body)[:-3], "a.b.c", "",
    )]
    for case, taken in zip(cases, ask(MESSAGEBIRD, cases)):
        status = post(gateway, "sms", body, {"Content-Type": "application/x-www-form-urlencoded",
                                             "MessageBird-Signature-JWT": case["token"]})
        assert status == (200 if taken else 401), (case, taken, status)
