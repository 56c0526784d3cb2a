"""Who a visitor is: sessions that cost nothing, identities the site's server vouches for, origins, logout."""
import base64
import json

import pytest

import visitor_client
from conftest import AT_ONCE, NOISE, World
from harness import wait_until
from visitor_client import SITE, Visitor, ec_key, hmac_of, jwt, pem, problem, rsa_key, solve

RSA, EC, OTHER_EC = rsa_key(), ec_key(), ec_key()


def other_channels():
    keys = lambda key: "\n".join("        " + line for line in pem(key).splitlines())
    return f"""\
  rsa:
    adapter: widget
    identity:
      algorithm: RS256
      audience: acme-chat
      public_key: |
{keys(RSA)}
  ec:
    adapter: widget
    identity:
      algorithm: ES256
      required: true
      public_key: |
{keys(EC)}
  guarded:
    adapter: widget
    proof: {{ ask: always, bits: 8 }}
  asking:
    adapter: widget
    prechat: {{ ask: [name, email], require: true }}
    hours: office
    languages: [de, en]
    session: {{ life: 10m, remember: 1d }}
  strict:
    adapter: widget
    identity: {{ secret: env:TEST_SITE_SECRET }}
    scope: strict
"""


CONFIG = dict(rules=NOISE + AT_ONCE, env=visitor_client.ENV, change=visitor_client.change(others=other_channels()),
              more="hours:\n  office: { zone: Europe/Berlin, open: { mon-fri: 09:00-17:00, sat: 00:00-24:00, "
                   "sun: 00:00-24:00 } }")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"), **CONFIG)
    yield made
    made.close()


@pytest.fixture
def gateway(world):
    return world.gateway


def contact_of(gateway, thread):
    return gateway.get(f"/v1/threads/{thread}")["thread"]["contact"]


# ---- anonymous ----

def test_a_session_says_who_he_is_and_how_the_channel_looks(gateway):
    hello = Visitor(gateway, locale="de-AT").hello
    assert hello["visitor"]["kind"] == "anonymous" and len(hello["visitor"]["id"]) == 22
    assert hello["visitor"]["known"] == [] and hello["visitor"]["email"] is None
    channel = hello["channel"]
    assert (channel["name"], channel["title"], channel["greeting"], channel["locale"]) == (
        "web", "Acme help", "Guten Tag!", "de-AT")
    assert channel["theme"] == dict(accent="#1b5e9b", on_accent="#ffffff", mode="auto", position="end")
    assert channel["prechat"] is None and channel["hours"] is None and channel["reply_time"] is None
    assert channel["uploads"]["max_files"] == 5 and "image/png" in channel["uploads"]["types"]
    assert channel["transcript"] is False and channel["text_max"] == 10000
    assert hello["unread"] == 0 and hello["cursor"]


def test_a_session_leaves_nothing_behind(gateway):
    store = gateway.status()["store"]
    for _ in range(20):
        Visitor(gateway)
    after = gateway.status()["store"]
    assert {k: after[k] for k in ("contacts", "threads", "messages", "events")} == \
        {k: store[k] for k in ("contacts", "threads", "messages", "events")}


def test_every_visitor_is_another(gateway):
    assert len({Visitor(gateway).id for _ in range(20)}) == 20


def test_an_old_token_goes_on_with_the_same_visitor_and_another_token(gateway):
    visitor = Visitor(gateway)
    first, was = visitor.token, visitor.id
    gateway.advance(seconds=1)
    assert visitor.session(token=first).status == 200
    assert visitor.id == was and visitor.token != first
    assert visitor.call("GET", "/threads", token=first).status == 200	# until it expires


def test_a_token_expires_and_can_be_renewed_for_a_while(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        "session: { life: 10m, remember: 1d }"))
    visitor = Visitor(gateway)
    was = visitor.id
    gateway.advance(minutes=10)
    answer = visitor.call("GET", "/threads")
    assert (answer.status, problem(answer)) == (401, "session-ended")
    assert visitor.session(token=visitor.token).status == 200 and visitor.id == was
    assert visitor.threads() == []
    gateway.advance(days=1, minutes=11)
    answer = visitor.session(token=visitor.token)
    assert (answer.status, problem(answer)) == (401, "session-ended")


def test_one_the_site_vouched_for_is_remembered_only_since_it_did(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        "session: { life: 10m, remember: 1d }"))
    visitor = Visitor(gateway, identity=dict(jwt=jwt(dict(sub="u-1"))))
    for _ in range(3):
        gateway.advance(hours=6)
        assert visitor.session(token=visitor.token).status == 200
        assert visitor.hello["visitor"]["kind"] == "identified"
    gateway.advance(hours=6, minutes=1)
    assert problem(visitor.session(token=visitor.token)) == "session-ended"


@pytest.mark.parametrize("token", ["", "hv1", "hv1..", "hv1.e30." + "A" * 43, "Bearer x", "x" * 900])
def test_a_token_that_is_none_is_refused(gateway, token):
    visitor = Visitor(gateway)
    for answer in (visitor.call("GET", "/threads", token=token or "-"), visitor.session(keep=False, token=token)):
        assert (answer.status, problem(answer)) == (401, "session-ended")


def test_a_token_that_was_changed_is_nobodys(gateway):
    """The id of somebody else, another channel, an end far away: all that a token says is signed."""
    victim, thief = Visitor(gateway), Visitor(gateway)
    victim.said("mine")
    head, body, mac = thief.token.split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    assert claims["v"] == thief.id
    for name, value in (("v", victim.id), ("e", 2 ** 50), ("c", "strict"), ("k", True), ("i", 2 ** 50)):
        forged = ".".join((head, visitor_client.compact(dict(claims, **{name: value})), mac))
        for answer in (thief.call("GET", "/threads", token=forged), thief.session(keep=False, token=forged)):
            assert (answer.status, problem(answer)) == (401, "session-ended")
    assert thief.threads() == []


def test_a_request_without_a_token_is_refused(gateway):
    answer = Visitor(gateway, begin=False).call("POST", "/threads", dict(id="12345678", text="x"), token=None)
    assert (answer.status, problem(answer)) == (401, "session-ended")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_is_good_on_its_own_channel_only(gateway):
    visitor = Visitor(gateway, origin=None)
    answer = visitor.call("POST", "/session", dict(channel="strict", token=visitor.token), token=None)
    assert (answer.status, problem(answer)) == (401, "session-ended")


@pytest.mark.parametrize("name", ["wa-main", "nothing", "", "web/../web"])
def test_a_channel_that_is_no_chat_is_not_found(gateway, name):
    answer = Visitor(gateway, begin=False).session(channel=name)
    assert (answer.status, problem(answer)) == (404, "not-found")


def test_a_body_is_checked_before_anything(gateway):
    visitor = Visitor(gateway, begin=False)
    assert "did you mean \"channel\"" in visitor.session(chanel="web").json["detail"]
    assert problem(visitor.session(identity="x")) == "invalid-request"
    assert problem(visitor.session(browser="short")) == "invalid-request"
    assert visitor.call("POST", "/session", None, token=None).status == 404


def test_hours_and_the_form_before_the_first_message(gateway):
    hello = Visitor(gateway, channel="asking", origin=None, locale="fr").hello
    assert hello["channel"]["prechat"] == dict(ask=["name", "email"], require=True)
    assert hello["channel"]["locale"] == "de"
    hours = hello["channel"]["hours"]
    assert isinstance(hours["open"], bool) and hours["next_change"]


# ---- identities ----

def test_a_jwt_makes_him_the_same_on_every_device(gateway):
    claims = dict(sub="ana-1", email="ana1@acme.example", name="Ana")
    phone, laptop = (Visitor(gateway, identity=dict(jwt=jwt(claims))) for _ in range(2))
    assert phone.id == laptop.id and phone.id.startswith("u")
    assert phone.token != laptop.token
    visitor = phone.hello["visitor"]
    assert (visitor["kind"], visitor["name"], visitor["email"]) == ("identified", "Ana", "ana1@acme.example")
    assert set(visitor["known"]) == {"name", "email"}
    said = phone.said("my order is late")
    assert [t["id"] for t in laptop.threads()] == [said["thread"]["id"]]


def test_rs256_and_es256_hold_with_their_own_keys(gateway):
    assert Visitor(gateway, channel="rsa", origin=None, identity=dict(
        jwt=jwt(dict(sub="r-1", aud="acme-chat"), RSA, "RS256"))).hello["visitor"]["kind"] == "identified"
    assert Visitor(gateway, channel="ec", origin=None, identity=dict(
        jwt=jwt(dict(sub="e-1"), EC, "ES256"))).hello["visitor"]["kind"] == "identified"


def forgeries():
    now = dict(sub="victim", email="victim@acme.example")
    good = jwt(now)
    head, body, signature = good.split(".")
    yield "another secret", "web", dict(jwt=jwt(now, key="another secret"))
    yield "no algorithm", "web", dict(jwt=jwt(now, header=dict(alg="none")).rsplit(".", 1)[0] + ".")
    yield "no algorithm, signed", "web", dict(jwt=jwt(now, header=dict(alg="none")))
    yield "NoNe", "web", dict(jwt=f"{visitor_client.compact(dict(alg='NoNe'))}.{body}.")
    yield "the public key as a secret", "rsa", dict(jwt=jwt(dict(now, aud="acme-chat"), key=pem(RSA)))
    yield "the public key, said to be RS256", "rsa", dict(
        jwt=jwt(dict(now, aud="acme-chat"), key=pem(RSA), header=dict(alg="RS256")))
    yield "ES256 where RS256 is set", "rsa", dict(jwt=jwt(dict(now, aud="acme-chat"), EC, "ES256"))
    yield "another key of ES256", "ec", dict(jwt=jwt(now, OTHER_EC, "ES256"))
    yield "for somebody else", "rsa", dict(jwt=jwt(dict(now, aud="shop"), RSA, "RS256"))
    yield "expired", "web", dict(jwt=jwt(now, exp=-120))
    yield "without an end", "web", dict(jwt=jwt(now, exp=None))
    yield "for a year", "web", dict(jwt=jwt(now, exp=365 * 86400))
    yield "not yet", "web", dict(jwt=jwt(dict(now, nbf=4000000000)))
    yield "its claims changed", "web", dict(jwt=f"{head}.{visitor_client.compact(dict(sub='admin', exp=2 ** 33))}.{signature}")
    yield "cut", "web", dict(jwt=good[:-10])
    yield "nobody named", "web", dict(jwt=jwt(dict(email="victim@acme.example")))
    yield "critical headers", "web", dict(jwt=jwt(now, header=dict(alg="HS256", crit=["b64"], b64=False)))
    yield "no token", "web", dict(jwt="")
    yield "empty", "web", dict()
    yield "an hmac of another user", "web", dict(user_id="victim", hmac=hmac_of("me"))
    yield "an hmac by another secret", "web", dict(user_id="victim", hmac=hmac_of("victim", "guess"))
    yield "an hmac where none is taken", "strict", dict(user_id="victim", hmac=hmac_of("victim"))
    yield "a user id with a line break", "web", dict(user_id="7\nvictim@acme.example",
                                                     hmac=hmac_of("7\nvictim@acme.example"))


@pytest.mark.parametrize("what, channel, identity", forgeries(), ids=lambda v: v if isinstance(v, str) else "")
def test_a_forged_identity_is_nobody(gateway, what, channel, identity):
    before = gateway.status()["store"]["contacts"]
    answer = Visitor(gateway, channel=channel, origin=None, begin=False).session(identity=identity)
    assert (answer.status, problem(answer)) == (401, "identity-refused")
    assert "secret" not in answer.json["detail"] and "victim" not in answer.json["detail"]
    assert gateway.status()["store"]["contacts"] == before


def test_the_secret_of_the_year_before_still_counts(gateway):
    assert Visitor(gateway, identity=dict(jwt=jwt(dict(sub="old-1"), key=visitor_client.OLD_SECRET)))


def test_an_hmac_vouches_for_the_user_and_with_both_for_the_address(gateway):
    email = "hugo@acme.example"
    one = Visitor(gateway, identity=dict(user_id="h-1", hmac=hmac_of("h-1"), email="hugo-claimed@acme.example"))
    two = Visitor(gateway, identity=dict(user_id="h-2", hmac=hmac_of(f"h-2\n{email}"), email=email))
    proofs = lambda v: {a["uri"]: a["proof"] for a in contact_of(gateway, v.said("hi there, hugo")["thread"]["id"])
                        ["addresses"]}
    assert proofs(one).get("mailto:hugo-claimed@acme.example") != "proven"
    assert proofs(two)["mailto:" + email] == "proven"


def test_a_channel_for_known_ones_takes_no_others(gateway):
    visitor = Visitor(gateway, channel="ec", origin=None, begin=False)
    answer = visitor.session()
    assert (answer.status, problem(answer)) == (403, "identity-required")


def test_who_was_anonymous_becomes_who_he_is_once(gateway):
    visitor = Visitor(gateway)
    before = visitor.said("who am I?")["thread"]["id"]
    anonymous = visitor.token
    assert visitor.session(token=anonymous, identity=dict(jwt=jwt(dict(sub="late-1", email="late1@acme.example")))) \
        .status == 200
    assert visitor.hello["visitor"]["kind"] == "identified"
    assert [t["id"] for t in visitor.threads()] == [before]
    # What he was is over: whoever put that token into his browser sees nothing of him.
    answer = visitor.call("GET", "/threads", token=anonymous)
    assert (answer.status, problem(answer)) == (401, "session-ended")
    assert problem(visitor.session(keep=False, token=anonymous)) == "session-ended"
    addresses = {a["uri"] for a in contact_of(gateway, before)["addresses"]}
    assert {"mailto:late1@acme.example", "user:default:late-1", visitor.uri} <= addresses


def test_two_users_at_one_browser_stay_two(gateway):
    visitor = Visitor(gateway, identity=dict(jwt=jwt(dict(sub="first-1"))))
    mine = visitor.said("this is mine")["thread"]["id"]
    assert visitor.session(token=visitor.token, identity=dict(jwt=jwt(dict(sub="second-1")))).status == 200
    assert visitor.threads() == []
    assert visitor.call("GET", f"/threads/{mine}").status == 404


def test_a_token_of_the_site_counts_for_one_browser(gateway):
    stolen = jwt(dict(sub="jti-1", jti="once-1"))
    visitor = Visitor(gateway, identity=dict(jwt=stolen), browser="browser-number-one")
    # The same browser asks again: the answer got lost, or its page was loaded again.
    assert Visitor(gateway, identity=dict(jwt=stolen), browser="browser-number-one").id == visitor.id
    assert visitor.session(token=visitor.token, identity=dict(jwt=stolen)).status == 200
    answer = Visitor(gateway, begin=False).session(identity=dict(jwt=stolen))
    assert (answer.status, problem(answer)) == (401, "identity-refused")
    answer = Visitor(gateway, begin=False).session(identity=dict(jwt=stolen), browser="browser-number-two")
    assert problem(answer) == "identity-refused"


def test_scopes_keep_users_of_the_same_id_apart(gateway):
    claims = dict(sub="same-1")
    web = Visitor(gateway, identity=dict(jwt=jwt(claims)))
    strict = Visitor(gateway, channel="strict", origin=None, identity=dict(jwt=jwt(claims)))
    assert web.id != strict.id
    web.said("for the default scope")
    assert strict.threads() == []


# ---- logout ----

def test_logout_ends_this_browser_and_no_other(gateway):
    claims = dict(sub="out-1")
    here, there = (Visitor(gateway, identity=dict(jwt=jwt(claims))) for _ in range(2))
    assert here.call("DELETE", "/session").status == 204
    answer = here.call("GET", "/threads")
    assert (answer.status, problem(answer)) == (401, "session-ended")
    assert problem(here.session(keep=False, token=here.token)) == "session-ended"
    assert there.threads() == []
    # The site's word begins a new one, whatever old token comes with it.
    gateway.advance(seconds=1)
    assert here.session(token=here.token, identity=dict(jwt=jwt(claims))).status == 200
    assert here.threads() == []


def test_logout_of_an_anonymous_visitor_is_for_good(gateway):
    visitor = Visitor(gateway)
    visitor.said("do not let the next one read this")
    assert visitor.call("DELETE", "/session").status == 204
    assert problem(visitor.session(keep=False, token=visitor.token)) == "session-ended"
    was = visitor.id
    assert visitor.session().status == 200
    assert visitor.id != was and visitor.threads() == []


# ---- origins ----

@pytest.mark.parametrize("origin", [SITE, "https://eu.shop.example", "https://shop.example", "https://chat.acme.example"])
def test_pages_that_are_listed_and_our_own_may_use_the_channel(gateway, origin):
    visitor = Visitor(gateway, origin=origin, begin=False)
    answer = visitor.session()
    assert answer.status == 200 and answer.headers["Access-Control-Allow-Origin"] == origin
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize("origin", ["https://evil.example", "null", "http://www.acme.example", "https://www.acme.example:8443",
                                    "https://www.acme.example.evil.example", "https://evilshop.example"])
def test_pages_of_others_may_not(gateway, origin):
    answer = Visitor(gateway, origin=origin, begin=False).session()
    assert (answer.status, problem(answer)) == (403, "origin-refused")
    assert "Access-Control-Allow-Origin" not in answer.headers
    visitor = Visitor(gateway)
    answer = visitor.call("GET", "/threads", Origin=origin)	# with a token that leaked to it
    assert (answer.status, problem(answer)) == (403, "origin-refused")


def test_browsers_may_ask_first(gateway):
    preflight = lambda origin, path="/threads": Visitor(gateway, origin=origin, begin=False).call(
        "OPTIONS", path, token=None, Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,content-type")
    answer = preflight(SITE)
    assert answer.status == 204 and answer.headers["Access-Control-Allow-Origin"] == SITE
    assert {"GET", "POST", "PUT", "DELETE", "PATCH"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"authorization", "content-type", "content-range", "last-event-id"} <= \
        set(answer.headers["Access-Control-Allow-Headers"].lower().split(", "))
    assert "Access-Control-Allow-Origin" not in preflight("https://evil.example").headers
    assert preflight(SITE, "/nothing").status == 404


def test_a_page_can_read_why_it_was_refused(gateway):
    visitor = Visitor(gateway)
    for answer in (visitor.call("GET", "/threads", token="hv1.x.y"), visitor.call("GET", "/threads/thr_none"),
                   visitor.call("PUT", "/threads"), visitor.call("GET", "/nothing")):
        assert answer.status in (401, 404, 405) and answer.headers["Access-Control-Allow-Origin"] == SITE, answer


# ---- work ----

def test_work_that_is_asked_for_opens_the_door_once(gateway):
    visitor = Visitor(gateway, channel="guarded", origin=None, begin=False)
    answer = visitor.session()
    assert (answer.status, problem(answer), answer.json["bits"]) == (403, "proof-required", 8)
    proof = solve(answer.json["challenge"], answer.json["bits"])
    assert problem(visitor.session(proof=dict(proof, nonce=proof["nonce"] + "0"))) == "proof-required"
    assert visitor.session(proof=proof).status == 200
    again = Visitor(gateway, channel="guarded", origin=None, begin=False).session(proof=proof)
    assert (again.status, problem(again)) == (403, "proof-required")
    assert again.json["challenge"] != proof["challenge"]
    # Who has a token has done it.
    assert visitor.session(token=visitor.token).status == 200


def test_a_challenge_is_good_for_its_channel_and_a_while(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        "proof: { ask: always, bits: 8 }", "  other:\n    adapter: widget\n    proof: { ask: always, bits: 8 }\n"))
    visitor = Visitor(gateway, begin=False)
    proof = lambda: (lambda a: solve(a["challenge"], a["bits"]))(visitor.session().json)
    other = Visitor(gateway, channel="other", origin=None, begin=False)
    assert problem(other.session(proof=proof())) == "proof-required"
    late = proof()
    gateway.advance(minutes=6)
    assert problem(visitor.session(proof=late)) == "proof-required"
    assert visitor.session(proof=proof()).status == 200


def test_an_address_that_opens_many_has_to_work(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change("proof: { after: 5, bits: 8 }"))
    flood = [Visitor(gateway, address="203.0.113.9", begin=False).session() for _ in range(8)]
    assert [a.status for a in flood] == [200] * 5 + [403] * 3
    assert {problem(a) for a in flood[5:]} == {"proof-required"}
    assert Visitor(gateway, address="203.0.113.10")
    challenge = flood[-1].json
    assert Visitor(gateway, address="203.0.113.9", proof=solve(challenge["challenge"], challenge["bits"]))


def test_the_field_nobody_sees_is_left_empty_by_people(gateway):
    answer = Visitor(gateway, begin=False).session(website="https://buy.example")
    assert (answer.status, problem(answer)) == (403, "refused")
    visitor = Visitor(gateway, website="")
    answer = visitor.say("buy!", website="https://buy.example")
    assert (answer.status, problem(answer)) == (403, "refused")
    assert visitor.threads() == []


# ---- reloads ----

def test_a_reload_keeps_sessions_and_takes_new_origins(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change())
    visitor = Visitor(gateway)
    text = gateway.config_path.read_text()
    gateway.write_config(text.replace("https://www.acme.example,", "https://new.acme.example,"))
    gateway.reload()
    assert problem(visitor.call("GET", "/threads")) == "origin-refused"
    assert visitor.call("GET", "/threads", Origin="https://new.acme.example").status == 200


def test_a_channel_that_is_taken_away_serves_nobody(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change(
        others="  second:\n    adapter: widget\n"))
    visitor = Visitor(gateway, channel="second", origin=None)
    text = gateway.config_path.read_text()
    gateway.write_config(text.replace("  second:\n    adapter: widget\n", ""))
    gateway.reload()
    wait_until(lambda: visitor.call("GET", "/threads").status == 404, "the channel to be gone")
    assert visitor.call("POST", "/session", dict(channel="second"), token=None).status == 404


def test_tokens_hold_over_a_restart(start):
    gateway = start(rules=NOISE, env=visitor_client.ENV, change=visitor_client.change())
    visitor = Visitor(gateway)
    visitor.said("still there?")
    gateway.kill()
    gateway.start()
    assert len(visitor.threads()) == 1


def test_secrets_and_tokens_are_in_no_log(gateway):
    visitor = Visitor(gateway)
    identity = jwt(dict(sub="log-1"), key="another secret")
    visitor.session(keep=False, identity=dict(jwt=identity))
    visitor.call("GET", "/threads", token=visitor.token + "x")
    visitor.said("a message nobody is to find in a log")
    log = gateway.log()
    for secret in (visitor.token, identity, identity.split(".")[2], visitor_client.SECRET, "nobody is to find in a log"):
        assert secret not in log


def test_refusals_are_counted(gateway):
    Visitor(gateway, origin="https://evil.example", begin=False).session()
    metrics = gateway.api("GET", "/metrics").body.decode()
    assert 'headgate_visitor_refused_total{reason="origin-refused"}' in metrics
    assert "headgate_visitor_streams" in metrics
