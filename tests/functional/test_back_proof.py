"""Who may say that an agent has answered: every way in which helpdesks prove themselves, right, wrong, replayed and stale.

Each is signed here as its vendor's manual says, never by our own code:
  standard   standardwebhooks.com, spec of 2023-12, "Signature scheme"
  hub        W3C WebSub, section 7, as GitHub, Zammad, Jira and Intercom use it
  zendesk    developer.zendesk.com, "Verifying webhooks"
  hubspot    developers.hubspot.com, "Validating requests", version 3
  glpi       glpi-project/glpi, src/Webhook.php and src/QueuedWebhook.php"""
import base64
import datetime
import hashlib
import hmac
import json
import re

import pytest

import answer_desk
import harness
from conftest import World
from records import record

SECRET = "verify-canary-3f61b2"
STANDARD = "whsec_" + base64.b64encode(b"thirty-two bytes of a secret key").decode()
PUBLIC = "https://chat.acme.example"


def mac(digest, secret, text):
    return hmac.new(secret if isinstance(secret, bytes) else secret.encode(), text, digest)


def iso(at):
    return datetime.datetime.fromtimestamp(at, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def standard(secret, at, body, path):
    key = base64.b64decode(secret.removeprefix("whsec_"))
    sign = base64.b64encode(mac("sha256", key, f"msg_1.{int(at)}.".encode() + body).digest()).decode()
    return {"webhook-id": "msg_1", "webhook-timestamp": str(int(at)), "webhook-signature": f"v1,{sign}"}


def hub1(secret, at, body, path):
    return {"X-Hub-Signature": "sha1=" + mac("sha1", secret, body).hexdigest()}


def hub256(secret, at, body, path):
    return {"X-Hub-Signature-256": "sha256=" + mac("sha256", secret, body).hexdigest()}


def zendesk(secret, at, body, path):
    sign = base64.b64encode(mac("sha256", secret, iso(at).encode() + body).digest()).decode()
    return {"X-Zendesk-Webhook-Signature": sign, "X-Zendesk-Webhook-Signature-Timestamp": iso(at)}


def hubspot(secret, at, body, path):
    """The address with these characters decoded, and no others."""
    uri = PUBLIC + path
    for code, char in (("%3A", ":"), ("%2F", "/"), ("%3F", "?"), ("%40", "@"), ("%21", "!"), ("%24", "$"), ("%27", "'"),
                       ("%28", "("), ("%29", ")"), ("%2A", "*"), ("%2C", ","), ("%3B", ";")):
        uri = uri.replace(code, char)
    stamp = str(int(at * 1000))
    sign = base64.b64encode(mac("sha256", secret, b"POST" + uri.encode() + body + stamp.encode()).digest()).decode()
    return {"X-HubSpot-Signature-v3": sign, "X-HubSpot-Request-Timestamp": stamp}


def glpi(secret, at, body, path):
    stamp = str(int(at))
    return {"X-GLPI-signature": mac("sha256", secret, body + stamp.encode()).hexdigest(), "X-GLPI-timestamp": stamp}


def basic(secret, at, body, path):
    return {"Authorization": "Basic " + base64.b64encode(f"desk:{secret}".encode()).decode()}


def header(secret, at, body, path):
    return {"X-Desk-Secret": secret}


def address(secret, at, body, path):
    return {}


# name: how the preset says it, who signs, does it cover the body, does it cover a time
WAYS = {
    "standard": ("standard_webhooks: { secret: webhook, window: 5m }", standard, True, True),
    "hub1": ('hmac: { digest: sha1, secret: webhook, over: "${body}", at: { path: "$header:X-Hub-Signature", do: [ { after: "sha1=" } ] } }',
             hub1, True, False),
    "hub256": ('hmac: { digest: sha256, secret: webhook, over: "${body}", at: { path: "$header:X-Hub-Signature-256", '
               'do: [ { after: "sha256=" } ] } }', hub256, True, False),
    "zendesk": ('hmac: { digest: sha256, secret: webhook, over: "${header:X-Zendesk-Webhook-Signature-Timestamp}${body}", '
                'at: "$header:X-Zendesk-Webhook-Signature" }\n      - within: { at: "$header:X-Zendesk-Webhook-Signature-Timestamp", '
                'window: 5m }', zendesk, True, True),
    "hubspot": ('hmac: { digest: sha256, secret: webhook, over: "${method}${url_decoded}${body}${header:X-HubSpot-Request-Timestamp}", '
                'at: "$header:X-HubSpot-Signature-v3" }\n      - within: { at: "$header:X-HubSpot-Request-Timestamp", window: 5m }',
                hubspot, True, True),
    "glpi": ('hmac: { digest: sha256, secret: webhook, over: "${body}${header:X-GLPI-timestamp}", at: "$header:X-GLPI-signature" }\n'
             '      - within: { at: "$header:X-GLPI-timestamp", window: 5m }', glpi, True, True),
    "basic": ("basic: { user: desk, secret: webhook }", basic, False, False),
    "header": ('token: { at: "$header:X-Desk-Secret", secret: webhook }', header, False, False),
    "near": ("addresses: [ 127.0.0.0/8 ]", address, False, False),
    "far": ("addresses: [ 198.51.100.0/24, 2001:db8::/32 ]", address, False, False),
}


def preset(auth):
    """Nothing is told to these helpdesks: they only tell."""
    text = answer_desk.preset(f"    auth:\n      - {auth}")
    return re.sub(r"(?ms)^  create:\n.*?(?=^  fetch_changes:)", "", text).replace("once: { by: find }\n", "")


def backends(folder):
    for name, (auth, *_) in WAYS.items():
        (folder / f"{name}.yaml").write_text(preset(auth))
    return "".join(f"  {name}:\n    preset: {folder}/{name}.yaml\n    url: http://127.0.0.1:9\n    token: env:TEST_DESK_TOKEN\n"
                   f"    webhook_secret: env:TEST_{'STANDARD' if name == 'standard' else 'VERIFY'}\n    poll: 0s\n    allow_private: true\n"
                   for name in WAYS)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("proof")
    env = dict(answer_desk.ENV, TEST_VERIFY=SECRET, TEST_STANDARD=STANDARD)
    made = World(folder, env=env, rules="  - name: all\n    when: { kind: [text] }\n    do: { convert: { } }\n",
                 change=lambda text: answer_desk.with_backends(text, backends(folder)))
    yield made
    assert SECRET not in made.gateway.log() and STANDARD not in made.gateway.log()
    made.close()


class Caller:
    numbers = iter(range(1, 10000))

    def __init__(self, world, way):
        self.world, self.way, (_, self.sign, self.covers_body, self.covers_time) = world, way, WAYS[way]
        self.secret = STANDARD if way == "standard" else SECRET
        thread = world.thread()
        self.customer = thread["reply_to"].removeprefix("tel:")
        self.number = world.gateway.get(f"/v1/threads/{thread['id']}")["thread"]["ticket"]["number"]

    def body(self, text):
        return json.dumps({"events": [dict(id=f"{self.way}-{next(self.numbers)}", external=self.number, kind="message",
                                           internal=False, text=text, by="Ben")]}).encode()

    def call(self, body, sent=None, secret=None, ago=0):
        path = f"/backend/{self.way}/hook?from=https%3A%2F%2Fdesk.example%2F%28a%29&b=c%20d"
        headers = self.sign(self.secret if secret is None else secret, self.world.gateway.now() - ago, body, path)
        return self.world.gateway.http("POST", path, sent or body, dict(headers, **{"Content-Type": "application/json"})).status

    def heard(self):
        return [m.text for m in self.world.graph.accepted if m.to == self.customer.lstrip("+")]


@pytest.mark.parametrize("way", [w for w in WAYS if w != "far"])
def test_who_proves_himself_is_heard_once(world, way):
    caller = Caller(world, way)
    body = caller.body("It is corrected.")
    assert [caller.call(body), caller.call(body)] == [200, 200]
    assert caller.call(caller.body("And paid.")) == 200
    harness.wait_until(lambda: caller.heard() == ["It is corrected.", "And paid."], "both answers, once")


@pytest.mark.parametrize("way", WAYS)
def test_who_does_not_is_refused_and_nobody_hears_it(world, way):
    caller = Caller(world, way)
    body = caller.body("Pay here.")
    record("back.forged", (way == "far") or 2 * (way != "near") + caller.covers_body + 2 * caller.covers_time)
    if way == "far":
        assert caller.call(body) == 401
    elif way != "near":
        other = "whsec_" + base64.b64encode(b"another thirty-two bytes of a key").decode() if way == "standard" else "guess"
        assert caller.call(body, secret=other) == 401
        assert world.gateway.http("POST", f"/backend/{way}/hook", body, {"Content-Type": "application/json"}).status == 401
    if caller.covers_body:
        assert caller.call(body, sent=body.replace(b"here", b"HERE")) == 401
    if caller.covers_time:
        assert [caller.call(body, ago=3600), caller.call(body, ago=-3600)] == [401, 401]
    back = next(b for b in world.gateway.status()["backends"] if b["name"] == way)["back"]["counted"]
    assert way == "near" or back["forged"] >= 1
    assert caller.heard() == []


def test_a_call_to_another_address_is_not_what_hubspot_signed(world):
    caller = Caller(world, "hubspot")
    body = caller.body("Pay here.")
    headers = hubspot(SECRET, world.gateway.now(), body, "/backend/hubspot/hook")
    assert world.gateway.http("POST", "/backend/hubspot/hook?x=1", body, dict(headers, **{"Content-Type": "application/json"})).status == 401
    assert world.gateway.http("POST", "/backend/hubspot/hook", body, dict(headers, **{"Content-Type": "application/json"})).status == 200
