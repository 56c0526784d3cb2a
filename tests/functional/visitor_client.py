"""A visitor's browser or app, written from doc/client-api.md: nothing here shares code with headgate or its widget."""
import base64
import hashlib
import hmac
import itertools
import json
import time
import uuid

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

SITE = "https://www.acme.example"
SECRET = "a secret of the site, long enough"
OLD_SECRET = "the secret of the year before this one"

# A chat channel beside the provider's of conftest.py; {more} are lines of it.
CHANNEL = """\
  web:
    adapter: widget
    origins: [https://www.acme.example, "https://*.shop.example"]
    title: Acme help
    greeting: {{ "": "Hello!", de: "Guten Tag!" }}
    identity: {{ secret: [env:TEST_SITE_SECRET, env:TEST_OLD_SITE_SECRET], hmac: true }}
{more}
"""
ENV = dict(TEST_SITE_SECRET=SECRET, TEST_OLD_SITE_SECRET=OLD_SECRET)

addresses = itertools.count(1)


def change(more="", others=""):
    """For conftest.World: adds the channel (and others), and lets the tests come from many addresses."""
    web = CHANNEL.format(more="\n".join("    " + line for line in more.splitlines()))
    return lambda text: text.replace("\nrules:\n", "\n" + web + others + "rules:\n", 1).replace(
        "  log_level: debug\n", '  log_level: debug\n  trusted_proxies: ["127.0.0.1"]\n')


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def compact(value):
    return base64url(json.dumps(value, separators=(",", ":")).encode())


def jwt(claims, key=SECRET, algorithm="HS256", header=None, exp=600, now=None):
    """As a site's server makes it.  exp: seconds from now, None: none."""
    claims = dict(claims)
    if exp is not None:
        claims.setdefault("exp", int(now or time.time()) + exp)
    text = compact(header or dict(typ="JWT", alg=algorithm)) + "." + compact(claims)
    if algorithm == "HS256":
        signature = hmac.new(key.encode(), text.encode(), hashlib.sha256).digest()
    elif algorithm == "RS256":
        signature = key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    else:
        r, s = decode_dss_signature(key.sign(text.encode(), ec.ECDSA(hashes.SHA256())))
        signature = r.to_bytes(32, "big") + s.to_bytes(32, "big")
    return text + "." + base64url(signature)


def rsa_key():
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def ec_key():
    return ec.generate_private_key(ec.SECP256R1())


def pem(key):
    return key.public_key().public_bytes(serialization.Encoding.PEM,
                                         serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def hmac_of(text, key=SECRET):
    return hmac.new(key.encode(), text.encode(), hashlib.sha256).hexdigest()


def solve(challenge, bits):
    for nonce in itertools.count():
        digest = hashlib.sha256(f"{challenge}.{nonce}".encode()).digest()
        if int.from_bytes(digest, "big") >> (256 - bits) == 0:
            return dict(challenge=challenge, nonce=str(nonce))


class Visitor:
    def __init__(self, gateway, channel="web", origin=SITE, address=None, begin=True, **session):
        self.gateway, self.channel, self.origin = gateway, channel, origin
        number = next(addresses)
        self.address = address or f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        self.token, self.hello = None, None
        if begin:
            answer = self.session(**session)
            assert answer.status == 200, answer

    def call(self, method, path, body=None, token=True, **headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        headers.setdefault("X-Forwarded-For", self.address)
        if self.origin:
            headers.setdefault("Origin", self.origin)
        if token:
            headers["Authorization"] = "Bearer " + (token if token is not True else self.token or "")
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self.gateway.http(method, "/client/v1" + path, body, headers)

    def session(self, keep=True, **body):
        """Begins one, or goes on when `token` is named."""
        answer = self.call("POST", "/session", dict({"channel": self.channel}, **body), token=None)
        if keep and answer.status == 200:
            self.hello = answer.json
            self.token = self.hello["token"]
        return answer

    @property
    def id(self):
        return self.hello["visitor"]["id"]

    @property
    def uri(self):
        return "widget:" + self.id

    def say(self, text, thread=None, id=None, **more):
        path = f"/threads/{thread}/messages" if thread else "/threads"
        return self.call("POST", path, dict(id=id or str(uuid.uuid4()), text=text, **more))

    def said(self, text, thread=None, **more):
        answer = self.say(text, thread, **more)
        assert answer.status == 201, answer
        return answer.json

    def get(self, path, **headers):
        answer = self.call("GET", path, **headers)
        assert answer.status == 200, answer
        return answer.json

    def threads(self):
        return self.get("/threads")["threads"]

    def messages(self, thread, query=""):
        return self.get(f"/threads/{thread}/messages{query}")["messages"]


def problem(answer):
    """The word of the problem that an answer is."""
    assert answer.headers["Content-Type"] == "application/problem+json", answer
    body = answer.json
    assert body["status"] == answer.status and body["detail"] and body["title"], body
    assert body["type"].startswith("urn:headgate:problem:"), body
    return body["type"].removeprefix("urn:headgate:problem:")
