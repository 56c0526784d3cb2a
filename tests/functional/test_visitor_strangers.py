"""Nobody reads or steers a visitor's conversation but himself: each route of the client API, with the ids of a victim, by
strangers of every kind.  Routes are taken from doc/client-api.yaml, so a new one is attacked as soon as it is described."""
import itertools
import uuid

import pytest

import visitor_client
from conftest import World
from harness import wait_until
from records import record
from test_client_api import DOCUMENT, METHODS
from visitor_client import Visitor, hmac_of, jwt

CANARY = "canary-of-the-victim"
# Held: no ticket of a helpdesk's comes along while a victim is watched.
CONFIG = dict(rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d", env=visitor_client.ENV, change=visitor_client.change(
    "rate: { messages: 10000, address: 100000, requests: 100000, uploads: 10000 }\nsession: { life: 10m }", """\
  other:
    adapter: widget
    origins: [https://www.acme.example]
  apart:
    adapter: widget
    origins: [https://www.acme.example]
    identity: { secret: env:TEST_SITE_SECRET }
    scope: apart
"""))
# Without a session, for everybody: the session itself.
OPEN = {("POST", "/client/v1/session")}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"), **CONFIG)
    yield made
    made.close()


class Victim(Visitor):
    def __init__(self, gateway):
        super().__init__(gateway, identity=dict(jwt=jwt(dict(sub="victim-" + uuid.uuid4().hex, name=CANARY), now=gateway.now())))
        self.thread = self.said(f"{CANARY} asks")["thread"]["id"]
        assert gateway.reply(self.thread, f"{CANARY} is told", agent="Ana").status == 202
        gateway.wait_message(self.thread, lambda m: m["direction"] == "outbound" and m["delivery"] == "sent", "the answer")
        self.message = self.messages(self.thread)[-1]["id"]
        self.upload = self.call("POST", "/uploads", dict(name="a.txt", type="text/plain", bytes=5)).json["id"]

    def seen(self):
        """All of his that a stranger could have changed."""
        return (self.threads(), self.messages(self.thread), self.get(f"/uploads/{self.upload}"),
                [m["text"] for m in self.gateway.messages(self.thread)])


def strangers(gateway, victim):
    anonymous, ended, elsewhere = Visitor(gateway), Visitor(gateway), Visitor(gateway, channel="other")
    ended.call("DELETE", "/session")
    yield "nobody", ""
    yield "an anonymous visitor", anonymous.token
    yield "one who has written", (lambda v: (v.said("hello there, it is me"), v.token)[1])(Visitor(gateway))
    yield "another user", Visitor(gateway, identity=dict(jwt=jwt(dict(sub="mallory"), now=gateway.now()))).token
    yield "one with the same id in another scope", Visitor(gateway, channel="apart", identity=dict(
        jwt=jwt(dict(sub="victim"), now=gateway.now()))).token
    yield "one who claims his address", Visitor(gateway, identity=dict(
        user_id="mallory-2", hmac=hmac_of("mallory-2"), email="victim@acme.example")).token
    yield "one of another channel", elsewhere.token
    yield "one who has logged out", ended.token
    yield "a token cut short", victim.token[:-1]
    yield "a token with another end", victim.token[:-4] + ("AAAA" if not victim.token.endswith("AAAA") else "BBBB")
    yield "his id as a token", victim.id
    yield "an agent's token", "functional-tests-token-0123456789"


BODIES = {
    "message": lambda v: dict(message=v.message), "say": lambda v: dict(id=str(uuid.uuid4()), text="let me in"),
    "typing": lambda v: dict(on=True), "rating": lambda v: dict(score=1),
    "upload": lambda v: dict(name="x", type="text/plain", bytes=5),
    "profile": lambda v: dict(profile=dict(name="Mallory")),
}


def body_of(path, victim):
    for end, name in (("/messages", "say"), ("/read", "message"), ("/delivered", "message"), ("/typing", "typing"),
                      ("/rating", "rating")):
        if path.endswith(end):
            return BODIES[name](victim)
    return {}


def attempts(victim):
    """(method, path, body, headers): each route that names something, with what is the victim's."""
    for path, item in DOCUMENT["paths"].items():
        for method in METHODS & set(item):
            if "{" not in path:
                continue
            filled = path.replace("{thread}", victim.thread).replace("{upload}", victim.upload).replace(
                "{file}", "att_" + "0" * 26)
            yield method.upper(), filled, body_of(path, victim) if method in ("post", "put", "patch") else None


def test_no_stranger_gets_or_changes_anything(world):
    gateway = world.gateway
    victim = Victim(gateway)
    before = victim.seen()
    tried = broken = 0
    for (who, token), (method, path, body) in itertools.product(list(strangers(gateway, victim)), list(attempts(victim))):
        stranger = Visitor(gateway, begin=False)
        answer = stranger.call(method, path.removeprefix("/client/v1"), body, token=token or None,
                               Content_Range="bytes 0-4/5")
        tried += 1
        good = answer.status in (401, 403, 404, 409) and CANARY not in answer.body.decode(errors="replace")
        broken += not good
        assert good, (who, method, path, answer)
    # What names nothing shows nothing of him either.
    for who, token in strangers(gateway, victim):
        for path in ("/threads", "/events?wait=0&cursor=" + victim.hello["cursor"]):
            answer = Visitor(gateway, begin=False).call("GET", path, token=token or None)
            tried += 1
            assert answer.status in (200, 401, 403) and CANARY not in answer.body.decode(errors="replace"), (who, path, answer)
    assert victim.seen() == before
    record("visitor.strangers", tried, broken, routes=len(list(attempts(victim))))


def test_ids_that_were_bent_lead_nowhere(world):
    gateway = world.gateway
    victim = Victim(gateway)
    before = victim.seen()
    thread, tried = victim.thread, 0
    bent = [thread.upper(), thread + "%20", "%20" + thread, thread[:-1], thread + "0", thread.replace("thr_", ""), thread + "%00",
            thread + "/../" + thread, "..%2f" + thread, "%2e%2e/" + thread, thread.replace("thr_", "msg_"), "*", "%25", "'--",
            "1", "-1", "0", "thr_%F0%9F%91%8D", thread + ";" + thread, "thr_" + "~" * 26, "x" * 1500]
    for who in (victim, Visitor(gateway)):
        for id, end in itertools.product(bent, ("", "/messages", "/read")):
            answer = who.call("POST" if end == "/read" else "GET", f"/threads/{id}{end}",
                              dict(message=victim.message) if end == "/read" else None)
            tried += 1
            assert answer.status in (400, 404), (id, answer)
            assert CANARY not in answer.body.decode(errors="replace")
    assert victim.seen() == before
    record("visitor.strangers", tried, bent=len(bent))


def test_a_session_that_was_planted_shows_nothing_of_who_comes_later(world):
    """Session fixation: somebody puts his own anonymous token into the victim's browser, which then logs in."""
    gateway = world.gateway
    mallory = Visitor(gateway)
    mallory.said("hello")
    planted = mallory.token
    victim = Visitor(gateway, begin=False)
    assert victim.session(token=planted, identity=dict(jwt=jwt(dict(sub="fixed-1"), now=gateway.now()))).status == 200
    victim.said(CANARY)
    for answer in (mallory.call("GET", "/threads"), mallory.session(keep=False, token=planted),
                   mallory.call("GET", "/events?wait=0")):
        assert answer.status == 401 and CANARY not in answer.body.decode()
    # And a token that was seen on its way in the old session opens no new one.
    assert Visitor(gateway, begin=False).session(token=planted).status == 401
    record("visitor.strangers", 4, kind="fixation")


def test_a_replayed_identity_token_opens_no_second_browser(world):
    gateway = world.gateway
    once = jwt(dict(sub="replay-1", jti=uuid.uuid4().hex), now=gateway.now())
    owner = Visitor(gateway, identity=dict(jwt=once))
    owner.said(CANARY)
    anonymous = Visitor(gateway)
    for thief in (dict(), dict(browser="a-browser-of-the-thief"), dict(token=anonymous.token)):
        answer = Visitor(gateway, begin=False).session(identity=dict(jwt=once), **thief)
        assert answer.status == 401 and CANARY not in answer.body.decode()
    late = jwt(dict(sub="replay-2"), now=gateway.now(), exp=60)
    assert Visitor(gateway, begin=False).session(identity=dict(jwt=late)).status == 200
    gateway.advance(minutes=3)
    assert Visitor(gateway, begin=False).session(identity=dict(jwt=late)).status == 401
    record("visitor.strangers", 4, kind="replays")
