"""The HTTP API /v1: who may call what, what is refused and how, and what the answers are."""
import http.client
import itertools
import json
import re
import socket
import subprocess
import uuid

import pytest

import conftest
import harness
import postgres
from harness import BUILD, PATIENCE, TOP, parallel, wait_until

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

SCOPES = ["read", "report", "reply", "start", "convert", "link", "contacts", "erase", "operate", "audit", "backup", "admin"]
IMPLIED = {"report": ["read"]}		# who may that may this too
LIMITED = {"here": "wa-main", "there": "wa-other"}	# tokens that may all, of one channel
TOKENS = {scope: f"token-with-{scope}-only-0123456789" for scope in SCOPES}
TOKENS.update({f"no-{scope}": f"token-without-{scope}-0123456789" for scope in SCOPES})
TOKENS.update({name: f"token-for-{channel}-0123456789" for name, channel in LIMITED.items()})
OTHER_NUMBER = "309876543210"
OTHER = f"""\
wa-other:
  adapter: whatsapp
  phone_number_id: "{OTHER_NUMBER}"
  token: env:TEST_GRAPH_TOKEN
  app_secret: env:TEST_APP_SECRET
  verify_token: env:TEST_VERIFY_TOKEN
  base_url: the first one's
"""


def scopes_of(name):
    if name.startswith("no-"):
        return [s for s in SCOPES if s not in (name[3:], "admin", *IMPLIED.get(name[3:], []))]
    return SCOPES if name in LIMITED else [name]


def token_lines():
    lines = []
    for name in TOKENS:
        channels = f", channels: [{LIMITED[name]}]" if name in LIMITED else ""
        lines.append(f"    {name}: {{ token: env:TEST_TOKEN_{name.replace('-', '_').upper()}, "
                     f"scopes: [{', '.join(scopes_of(name))}]{channels} }}")
    return "\n".join(lines)


def same_provider(text):
    return text.replace("the first one's", re.search(r"base_url: (\S+)", text)[1])


CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE, more=token_lines(), channels=OTHER, change=same_provider,
              env={f"TEST_TOKEN_{name.replace('-', '_').upper()}": token for name, token in TOKENS.items()})

# ---- what a call may get ----


def problem(answer, status, word):
    """The answer is a problem of RFC 9457 with that status and word; its detail."""
    assert answer.status == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    body = answer.json
    assert body["type"] == f"urn:headgate:problem:{word}", body
    assert body["status"] == status
    assert body["title"] and body["detail"]
    return body["detail"]


NO_NODE = 404 if postgres.RUNNING else 409	# it is not one of several; there are none
# Every route: what is put in its path and body so that a caller with the right scope succeeds.  {thread}, {closed},
# {message}, {attachment}, {ticket} are made anew for the module; a job number nobody has is 404 for those who may ask.
# Who sees the other channel only gets 404 there; where a path names nothing, `lists` says what of his own he is shown
# and nobody else ("": nothing of it is there), and `whole` that it is refused to him.  foreign: another refusal.
ROUTES = {
    ("GET", "/v1/status"): dict(scope="read", whole=True),
    ("GET", "/metrics"): dict(scope="read", whole=True),
    ("GET", "/v1/threads"): dict(scope="read", lists="thread"),
    # To somebody who never wrote WhatsApp takes no free text: test_start.py has those that go out.
    ("POST", "/v1/threads"): dict(scope="start", body={"channel": "wa-main", "to": "+447700900777", "text": "hello"}, status=409,
                                  key=True, foreign=400),
    ("POST", "/v1/threads/preview"): dict(scope="start", body={"channel": "wa-main", "to": "+447700900777", "text": "hello"},
                                          status=409, foreign=400),
    ("GET", "/v1/search"): dict(scope="read", query="?q=order", lists=""),
    ("GET", "/v1/threads/{}"): dict(scope="read", fill="thread"),
    ("PATCH", "/v1/threads/{}"): dict(scope="convert", fill="thread", body={"tags_add": ["vip"]}),
    ("GET", "/v1/threads/{}/messages"): dict(scope="read", fill="thread"),
    ("GET", "/v1/threads/{}/events"): dict(scope="read", fill="thread"),
    ("GET", "/v1/threads/{}/explain"): dict(scope="read", fill="thread"),
    ("POST", "/v1/threads/{}/replies"): dict(scope="reply", fill="thread", body={"text": "hello"}, status=202, key=True),
    ("POST", "/v1/threads/{}/replies/preview"): dict(scope="reply", fill="thread", body={"text": "hello"}),
    ("POST", "/v1/threads/{}/notes"): dict(scope="reply", fill="thread", body={"text": "a note"}, status=201),
    ("POST", "/v1/threads/{}/convert"): dict(scope="convert", fill="thread", body={}),
    ("POST", "/v1/threads/{}/close"): dict(scope="convert", fill="open", body={"resolution": "resolved"}),
    ("POST", "/v1/threads/{}/reopen"): dict(scope="convert", fill="closed", body={}),
    ("POST", "/v1/threads/{}/read"): dict(scope="reply", fill="thread", body={}),
    ("POST", "/v1/threads/{}/typing"): dict(scope="reply", fill="thread", body={}),
    ("GET", "/v1/messages/{}"): dict(scope="read", fill="message"),
    ("GET", "/v1/messages/{}/explain"): dict(scope="read", fill="message"),
    ("POST", "/v1/messages/{}/noise"): dict(scope="convert", fill="message", body={}),
    ("DELETE", "/v1/messages/{}/noise"): dict(scope="convert", fill="message"),
    ("POST", "/v1/attachments"): dict(scope="reply", raw=b"a file", status=201, lists=""),
    ("GET", "/v1/attachments/{}"): dict(scope="read", fill="attachment"),
    ("GET", "/v1/attachments/{}/link"): dict(scope="read", fill="attachment"),
    ("GET", "/v1/tickets"): dict(scope="read", lists="ticket"),
    ("POST", "/v1/tickets/{}/retry"): dict(scope="operate", fill="ticket", body={}, status=409),
    ("POST", "/v1/tickets/{}/relink"): dict(scope="link", fill="ticket", body={"id": "8811", "reason": "merged"}),
    ("GET", "/v1/tickets/{}"): dict(scope="read", fill="ticket"),
    ("PUT", "/v1/tickets/{}/link"): dict(scope="link", fill="unlinked", body={"id": "4711"}),
    ("PUT", "/v1/tickets/{}/status"): dict(scope="link", fill="ticket", body={"status": "pending"}),
    ("GET", "/v1/consent"): dict(scope="read", lists="address"),
    ("POST", "/v1/consent"): dict(scope="contacts", body={"address": "tel:+447700900999", "channel": "wa-main", "state": "stop"}, foreign=400),
    ("GET", "/v1/contacts"): dict(scope="read", lists="contact"),
    ("GET", "/v1/contacts/{}"): dict(scope="read", fill="contact"),
    ("POST", "/v1/contacts/{}/merge"): dict(scope="contacts", fill="no_job", body={"into": "con_1"}, status=404, whole=True),
    ("POST", "/v1/contacts/{}/block"): dict(scope="contacts", fill="no_job", body={"reason": "spam"}, status=404),
    ("POST", "/v1/contacts/{}/unblock"): dict(scope="contacts", fill="no_job", body={}, status=404),
    ("GET", "/v1/contacts/{}/export"): dict(scope="contacts", fill="contact", whole=True),
    ("POST", "/v1/contacts/{}/erase"): dict(scope="erase", fill="no_job", body={}, status=404, whole=True),
    ("GET", "/v1/erasures/{}"): dict(scope="erase", fill="no_job", status=404, whole=True),
    ("POST", "/v1/contacts/{}/unmerge"): dict(scope="contacts", fill="no_job", body={}, status=404),
    ("GET", "/v1/retention"): dict(scope="operate", whole=True),
    ("POST", "/v1/retention/run"): dict(scope="operate", body={}, status=409, whole=True),
    ("POST", "/v1/import"): dict(scope="admin", body={}, status=400, whole=True),
    ("GET", "/v1/queues"): dict(scope="read", whole=True),
    ("GET", "/v1/events"): dict(scope="read", lists="thread"),
    ("POST", "/v1/console/links"): dict(scope="admin", body={"name": "ann"}, status=201, whole=True),
    ("GET", "/v1/events/stream"): dict(scope="read", stream=True, lists=""),
    ("GET", "/v1/report"): dict(scope="report", lists=""),
    ("GET", "/v1/episodes"): dict(scope="report", lists="thread"),
    ("GET", "/v1/drops"): dict(scope="read", lists=""),
    ("POST", "/v1/drops/{}/restore"): dict(scope="convert", fill="thread", body={}, status=409),
    ("GET", "/v1/outbox"): dict(scope="operate", lists=""),
    ("POST", "/v1/outbox/{}/retry"): dict(scope="operate", fill="no_job", body={}, status=404),
    ("POST", "/v1/threads/{}/join"): dict(scope="convert", fill="no_job", body={"into": "thr_none"}, status=404, whole=True),
    ("POST", "/v1/threads/{}/participants"): dict(scope="reply", fill="thread", body={"address": "bo@example.com"}),
    ("DELETE", "/v1/threads/{}/participants/{}"): dict(scope="reply", fill="thread", status=400, foreign=400),
    ("GET", "/v1/quarantine"): dict(scope="operate", lists=""),
    ("GET", "/v1/quarantine/{}"): dict(scope="operate", fill="no_job", status=404),
    ("POST", "/v1/quarantine/{}/retry"): dict(scope="operate", fill="no_job", body={}, status=404),
    ("POST", "/v1/quarantine/{}/drop"): dict(scope="operate", fill="no_job", body={}, status=404),
    ("POST", "/v1/outbox/{}/settle"): dict(scope="reply", fill="no_job", body={"how": "arrived"}, status=404),
    ("GET", "/v1/decisions"): dict(scope="operate", lists="thread"),
    ("GET", "/v1/rules"): dict(scope="operate", whole=True),
    ("POST", "/v1/rules/try"): dict(scope="operate", body={"text": "hello"}, lists="channel"),
    ("POST", "/v1/rules/replay"): dict(scope="operate", body={"since": "1d"}, lists="channel"),
    ("GET", "/v1/dead-letters"): dict(scope="operate", lists=""),
    ("POST", "/v1/dead-letters/retry"): dict(scope="operate", body={"name": "nobody"}, whole=True),
    ("GET", "/v1/dead-letters/{}"): dict(scope="operate", fill="no_job", status=404),
    ("PATCH", "/v1/dead-letters/{}"): dict(scope="operate", fill="no_job", body={"text": "x"}, status=404),
    ("POST", "/v1/dead-letters/{}/retry"): dict(scope="operate", fill="no_job", body={}, status=404),
    ("POST", "/v1/dead-letters/{}/discard"): dict(scope="operate", fill="no_job", body={"reason": "x"}, status=404),
    ("GET", "/v1/captured"): dict(scope="operate", whole=True),
    ("GET", "/v1/captured/{}"): dict(scope="operate", fill="no_job", status=404, whole=True),
    ("GET", "/v1/alarms"): dict(scope="read", whole=True),
    ("POST", "/v1/alarms/test"): dict(scope="operate", body={}, whole=True),
    ("GET", "/v1/nodes"): dict(scope="operate", whole=True),
    ("POST", "/v1/nodes/{}/drain"): dict(scope="operate", fill="no_job", body={}, status=NO_NODE, whole=True),
    ("POST", "/v1/nodes/{}/resume"): dict(scope="operate", fill="no_job", body={}, status=NO_NODE, whole=True),
    ("GET", "/v1/channels"): dict(scope="read", lists="channel"),
    ("GET", "/v1/channels/{}"): dict(scope="read", fill="channel"),
    ("POST", "/v1/channels/{}/pause"): dict(scope="operate", fill="no_job", body={}, status=404),
    ("POST", "/v1/channels/{}/resume"): dict(scope="operate", fill="channel", body={}),
    ("POST", "/v1/channels/{}/probe"): dict(scope="operate", fill="channel", body={}),
    ("POST", "/v1/channels/{}/ask"): dict(scope="operate", fill="no_job", body={"since": "2h"}, status=404),
    ("POST", "/v1/channels/{}/take"): dict(scope="admin", fill="channel", raw=b"a mail", status=409),
    ("GET", "/v1/config"): dict(scope="operate", whole=True),
    ("POST", "/v1/reload"): dict(scope="operate", body={}, whole=True),
    ("GET", "/v1/tokens"): dict(scope="admin", whole=True),
    ("POST", "/v1/tokens"): dict(scope="admin", body={"name": "x", "scopes": ["all"]}, status=400, whole=True),
    ("DELETE", "/v1/tokens/{}"): dict(scope="admin", fill="no_job", status=404, whole=True),
    ("GET", "/v1/audit"): dict(scope="audit", whole=True),
    ("GET", "/v1/audit/verify"): dict(scope="audit", whole=True),
    ("GET", "/v1/fsck"): dict(scope="operate", whole=True),
    ("POST", "/v1/backup"): dict(scope="backup", body={}, status=409, whole=True),	# test_backup.py has one that may
}


def upload(gateway, data=b"file", name=None, type="text/plain", token=harness.API_TOKEN):
    query = "?" + "name=" + "".join(f"%{b:02X}" for b in name.encode()) if name else ""
    return gateway.http("POST", "/v1/attachments" + query, data,
                        {"Authorization": f"Bearer {token}", "Content-Type": type})


def reply_with_file(world, thread, data=b"file", name="label.pdf", type="application/pdf"):
    sha256 = upload(world.gateway, data).json["attachment"]["sha256"]
    answer = world.gateway.reply(thread, "see the label", attachments=[{"sha256": sha256, "name": name, "type": type}])
    assert answer.status == 202, answer
    return answer.json["message"]


@pytest.fixture(scope="module")
def foreign(world):
    """A conversation on the other channel, converted as those of the first are."""
    world.graph.numbers.add(OTHER_NUMBER)
    world.graph.target(world.gateway.port, "wa-other")
    customer = world.customer()
    assert world.graph.say(customer, "on another channel", number=OTHER_NUMBER) == 200
    world.graph.target(world.gateway.port, "wa-main")
    thread = world.thread_of(customer)
    assert world.gateway.api("POST", "/v1/consent", {"address": f"tel:{customer}", "channel": "wa-other", "state": "start"},
                             ).status == 200
    return {"channel": "wa-other", "thread": thread["id"], "message": world.gateway.messages(thread["id"])[0]["id"],
            "address": f"tel:{customer}",
            "ticket": thread["ticket"]["number"], "contact": thread["contact"]["id"]}


@pytest.fixture(scope="module")
def things(world):
    """Ids for the paths, by what is to be had there."""
    thread = world.thread()
    address = "tel:+447700900999"
    assert world.gateway.api("POST", "/v1/consent", {"address": address, "channel": "wa-main", "state": "start"}).status == 200
    made = {"address": address, "thread": thread["id"], "contact": thread["contact"]["id"], "message": world.gateway.messages(thread["id"])[0]["id"],
            "ticket": thread["ticket"]["number"], "no_job": "999999999", "channel": "wa-main",
            "attachment": reply_with_file(world, thread["id"])["attachments"][0]["id"]}
    world.helpdesk.tickets_in_answer = False
    made["unlinked"] = world.thread()["ticket"]["id"]
    world.helpdesk.wait_event("ticket.requested", 2)
    world.helpdesk.tickets_in_answer = True
    made["open"], made["closed"] = world.thread()["id"], world.thread()["id"]
    assert world.gateway.api("POST", f"/v1/threads/{made['closed']}/close", {}).status == 200
    return made


def call(world, things, method, pattern, token):
    route = ROUTES[method, pattern]
    path = pattern.replace("{}", things.get(route.get("fill"), "")) + route.get("query", "")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    body = route.get("raw", json.dumps(route["body"]).encode() if "body" in route else None)
    if route.get("key"):
        headers["Idempotency-Key"] = f'"{uuid.uuid4()}"'
    if route.get("stream"):
        return open_stream(world.gateway, path, headers).head
    return world.gateway.http(method, path, body, headers)


class Stream:
    """A live stream: its head (an Answer; the body too when it is a refusal), and its lines."""

    def __init__(self, connection, reply):
        self.connection, self.reply = connection, reply
        body = b"" if reply.status == 200 else reply.read()
        self.head = harness.Answer(reply.status, dict(reply.getheaders()), body)

    def event(self):
        """The next one; empty lines are heartbeats."""
        while True:
            line = self.reply.readline()
            assert line, "the stream ended"
            if line.strip():
                return json.loads(line)

    def close(self):
        self.reply.close()
        self.connection.close()


def open_stream(gateway, path="/v1/events/stream", headers=None):
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request("GET", path, headers={"Authorization": f"Bearer {harness.API_TOKEN}"} if headers is None else headers)
    return Stream(connection, connection.getresponse())


# ---- every route, and who may call it ----

def routes_of_the_build():
    printed = subprocess.run([BUILD / "headgatectl", "docs", "api"], capture_output=True, text=True, check=True).stdout
    return {(m, p): scope for m, p, scope, *_ in (line.split() for line in printed.splitlines())}


def test_every_route_is_tested_here_with_its_scope():
    assert routes_of_the_build() == {key: route["scope"] for key, route in ROUTES.items()}


def test_every_route_has_its_row_in_the_documentation_and_no_row_is_left_over():
    text = (TOP / "doc" / "api.md").read_text()
    rows = re.findall(r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S+)` \| (\w+) \|", text, re.M)
    documented = {(method, re.sub(r"/(ID|REF|NAME|N)(?=/|$)", "/{}", path)): scope for method, path, scope in rows}
    assert documented == routes_of_the_build()


every_route = pytest.mark.parametrize("method, pattern", ROUTES, ids=lambda v: v.replace("/v1/", "").replace("/", "."))


@every_route
def test_without_a_token_a_call_is_unauthorized(world, things, method, pattern):
    answer = call(world, things, method, pattern, None)
    assert "token" in problem(answer, 401, "unauthorized")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@every_route
def test_with_an_unknown_token_a_call_is_unauthorized(world, things, method, pattern):
    answer = call(world, things, method, pattern, "token-nobody-has-0123456789")
    assert "not known" in problem(answer, 401, "unauthorized")


@every_route
def test_a_token_without_the_scope_is_forbidden_and_told_which_is_missing(world, things, method, pattern):
    scope = ROUTES[method, pattern]["scope"]
    detail = problem(call(world, things, method, pattern, TOKENS[f"no-{scope}"]), 403, "forbidden")
    assert f'"{scope}"' in detail and f"no-{scope}" in detail


@every_route
def test_a_token_with_just_the_scope_is_served(world, things, method, pattern):
    route = ROUTES[method, pattern]
    answer = call(world, things, method, pattern, TOKENS[route["scope"]])
    assert answer.status == route.get("status", 200), answer


# ---- channels: whose conversations a token sees ----

def named(things, body):
    """Which of the things the answer names."""
    return {what for what, id in things.items() if what != "no_job" and id.encode() in body}


@every_route
def test_who_sees_the_channel_of_a_thing_is_served_as_if_he_saw_all(world, things, foreign, method, pattern):
    route = ROUTES[method, pattern]
    answer = call(world, things, method, pattern, TOKENS["here"])
    if route.get("whole"):
        assert "sees the channels wa-main only" in problem(answer, 403, "forbidden")
        return
    assert answer.status in (route.get("status", 200), 409), answer	# 409: it is closed, or open, since the last test
    assert not named(foreign, answer.body)
    if route.get("lists") in things:
        assert things[route["lists"]].encode() in answer.body


@every_route
def test_who_sees_another_channel_finds_nothing_of_it(world, things, foreign, method, pattern):
    route = ROUTES[method, pattern]
    answer = call(world, things, method, pattern, TOKENS["there"])
    if route.get("whole"):
        problem(answer, 403, "forbidden")
    elif "lists" in route:
        assert answer.status == route.get("status", 200), answer
        assert not named(things, answer.body)
        if route["lists"] in foreign:
            assert foreign[route["lists"]].encode() in answer.body
    elif route.get("foreign"):
        assert answer.status == route["foreign"], answer
    else:
        detail = problem(answer, 404, "not-found")
        nobody = dict(things, **{route["fill"]: "88888"})
        same = problem(call(world, nobody, method, pattern, TOKENS["there"]), 404, "not-found")
        assert detail.replace(things[route["fill"]], "88888") == same	# nothing tells it from what is not there


def test_every_route_says_what_who_sees_one_channel_gets():
    assert [key for key, route in ROUTES.items() if not ({"whole", "lists", "foreign", "fill"} & set(route))] == []


def test_who_sees_another_channel_cannot_steer_what_he_names(world, things, foreign):
    """Nothing was done by the calls above that were refused, and a body cannot name another's channel."""
    token = TOKENS["there"]
    notes = [m for m in world.gateway.messages(things["thread"]) if m["direction"] == "note"]
    call(world, things, "POST", "/v1/threads/{}/notes", token)
    assert [m for m in world.gateway.messages(things["thread"]) if m["direction"] == "note"] == notes
    answer = world.gateway.api("POST", f"/v1/threads/{foreign['thread']}/replies", {"text": "x", "channel": "wa-main"},
                               key=str(uuid.uuid4()), token=token)
    assert 'no channel "wa-main"' in problem(answer, 400, "invalid-request")


def test_a_helpdesks_id_of_anothers_ticket_is_not_there(world, things, foreign):
    """One id in two helpdesks' hands is one ticket to the check and to the engine."""
    assert world.gateway.api("PUT", f"/v1/tickets/{things['unlinked']}/link", {"id": "4711"}).status == 200
    for ref in (things["ticket"], things["unlinked"], "4711"):
        problem(world.gateway.api("PUT", f"/v1/tickets/{ref}/status", {"status": "open"}, token=TOKENS["there"]), 404, "not-found")
    assert world.gateway.api("PUT", "/v1/tickets/4711/status", {"status": "open"}, token=TOKENS["here"]).status == 200


def note_of(stream):
    """The conversation of the next note; what goes on beside it, of other tests, is not asked for."""
    return next(event["data"]["thread"]["id"] for event in iter(stream.event, None) if event["type"] == "message.noted")


def test_the_live_stream_shows_each_his_own_channel(world, things, foreign):
    streams = {name: open_stream(world.gateway, headers={"Authorization": f"Bearer {TOKENS[name]}"}) for name in LIMITED}
    try:
        for thread in (things["thread"], foreign["thread"], things["thread"]):
            assert world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "who sees this?"}).status == 201
        assert note_of(streams["there"]) == foreign["thread"]
        assert [note_of(streams["here"]) for _ in range(2)] == [things["thread"]] * 2
    finally:
        for stream in streams.values():
            stream.close()
    headers = {"Authorization": f"Bearer {TOKENS['there']}"}
    stream = open_stream(world.gateway, f"/v1/events/stream?thread={things['thread']}", headers)
    problem(stream.head, 404, "not-found")
    stream.close()


def test_pages_of_a_list_leave_out_what_is_anothers_and_lose_nothing(world, things, foreign):
    for name, token in (("here", TOKENS["here"]), ("there", TOKENS["there"])):
        found, after = [], ""
        while True:
            page = world.gateway.api("GET", f"/v1/events?limit=1{after}", token=token).json
            found += [event["id"] for event in page["events"]]
            if "next" not in page:
                break
            after = f"&after={page['next']}"
        channel = LIMITED[name]
        mine = {t["id"] for t in world.gateway.threads(limit=500) if t["channel"] == channel}
        every = [e for e in flat(pages(world.gateway, "/v1/events", "events", "after", 500))
                 if e["data"].get("thread", {}).get("id") in mine]
        assert found == ids(every) and found, name


def test_a_report_counts_the_conversations_of_ones_own_channels(world, things, foreign):
    def channels(token):
        rows = world.gateway.api("GET", "/v1/report?by=channel&format=csv", token=token).body.decode().splitlines()
        column = rows[0].split(",").index("channel")
        return {row.split(",")[column] for row in rows[1:]}

    assert channels(TOKENS["there"]) == {"wa-other"} and channels(TOKENS["here"]) == {"wa-main"}
    assert channels(TOKENS["report"]) == {"wa-main", "wa-other"}


def test_a_token_with_the_scope_admin_may_do_everything(world, things):
    for method, pattern in ROUTES:
        assert call(world, things, method, pattern, TOKENS["admin"]).status not in (401, 403), (method, pattern)


def test_a_stranger_is_refused_before_his_upload_is_read(world):
    with socket.create_connection(("127.0.0.1", world.gateway.port), timeout=PATIENCE) as stranger:
        stranger.sendall(b"POST /v1/attachments HTTP/1.1\r\nHost: headgate\r\nContent-Length: 20000000\r\n\r\n")
        assert stranger.recv(100).startswith(b"HTTP/1.1 401 ")


def test_a_secret_in_another_case_or_with_more_behind_it_is_unknown(world):
    for token in (harness.API_TOKEN.upper(), harness.API_TOKEN + "x", harness.API_TOKEN[:-1], "", " "):
        assert world.gateway.api("GET", "/v1/status", token=token or " ").status == 401, token


def test_a_path_that_is_none_is_not_found_and_a_wrong_method_is_told_the_right_ones(world):
    problem(world.gateway.api("GET", "/v1/nothing"), 404, "not-found")
    answer = world.gateway.api("DELETE", "/v1/threads")
    problem(answer, 405, "method-not-allowed")
    assert answer.headers["Allow"] == "GET, POST"
    answer = world.gateway.api("GET", "/v1/tickets/TK-1/link")
    assert answer.headers["Allow"] == "PUT"


@pytest.mark.parametrize("method, path", [
    ("GET", "/v1/threads/{}"), ("GET", "/v1/threads/{}/messages"), ("GET", "/v1/threads/{}/events"),
    ("GET", "/v1/threads/{}/explain"), ("GET", "/v1/messages/{}"), ("GET", "/v1/messages/{}/explain"),
    ("GET", "/v1/attachments/{}"), ("GET", "/v1/tickets/{}"), ("POST", "/v1/threads/{}/convert"),
    ("POST", "/v1/threads/{}/close"), ("POST", "/v1/threads/{}/reopen"), ("POST", "/v1/threads/{}/read"),
    ("POST", "/v1/outbox/{}/retry")])
@pytest.mark.parametrize("id", ["thr_01m7z855jmfp5t3ftfvmx0kbse", "nonsense", "%27%20OR%201=1", "9" * 40, "%F0%9F%A6%86"])
def test_what_is_not_there_is_not_found(world, method, path, id):
    problem(world.gateway.api(method, path.replace("{}", id)), 404, "not-found")


# ---- bodies and parameters ----

# Members of each writing call, and the type each must have.
MEMBERS = {
    "threads/{thread}/replies": dict(text=str, html=str, channel=str, to=str, agent=str, answers=str, kind=str,
                                     bot=bool, template=dict, payload=dict, attachments=list),
    "threads/{thread}/notes": dict(text=str, agent=str),
    "threads/{thread}/convert": dict(agent=str, priority=str, category=str, subject=str, reason=str),
    "threads/{thread}/close": dict(resolution=str, agent=str, reason=str),
    "threads/{thread}/reopen": dict(agent=str, reason=str),
    "threads/{thread}": dict(tags_add=list, tags_remove=list, fields=dict, subject=str, queue=str, skill=str, assignee=str,
                             agent=str),
    "tickets/{ticket}/link": dict(backend=str, id=str, number=str, url=str),
    "tickets/{ticket}/status": dict(backend=str, status=str, agent=str),
    "outbox/1/settle": dict(how=str, agent=str),
    "threads/{thread}/participants": dict(address=str, agent=str),
    "contacts/con_1/unmerge": dict(agent=str),
    "contacts/con_1/merge": dict(into=str, agent=str),
    "contacts/con_1/block": {"reason": str, "for": str, "until": str, "agent": str},
    "contacts/con_1/unblock": dict(agent=str),
    "retention/run": dict(agent=str),
    "import": dict(channel=str, dry_run=bool, messages=list, agent=str),
    "contacts/con_1/erase": dict(confirm=str, agent=str),
}
WRONG = {str: "text", bool: True, dict: {"a": 1}, list: [1], int: 7, float: 1.5}


def write(world, things, path, body, key=None):
    method = "PUT" if path.startswith("tickets") else "PATCH" if path == "threads/{thread}" else "POST"
    return world.gateway.api(method, "/v1/" + path.format(**things), body, key=key or str(uuid.uuid4()))


@pytest.mark.parametrize("path, member, right", [(p, m, t) for p, ms in MEMBERS.items() for m, t in ms.items()])
def test_a_member_of_the_wrong_type_is_refused_by_name(world, things, path, member, right):
    for type, value in WRONG.items():
        if type is right:
            continue
        detail = problem(write(world, things, path, {member: value}), 400, "invalid-request")
        assert f'"{member}" must be ' in detail, (value, detail)


@pytest.mark.parametrize("path, member", [(p, next(iter(ms))) for p, ms in MEMBERS.items()])
def test_a_misspelt_member_is_told_what_was_probably_meant(world, things, path, member):
    typo = member[:-1] + "q"
    detail = problem(write(world, things, path, {typo: "x"}), 400, "invalid-request")
    assert f'no member "{typo}"' in detail and f'did you mean "{member}"?' in detail


@pytest.mark.parametrize("entry, said", [
    ({"sha25": "0" * 64}, 'attachments[1]: there is no member "sha25" here; did you mean "sha256"?'),
    ({"sha256": 7}, 'attachments[1]: "sha256" must be text'), ("file.pdf", "attachments[1] must be a JSON object"),
    ({}, 'attachments[1]: "sha256" is missing'), ({"sha256": "../../etc/passwd"}, "no hash"),
    ({"sha256": "0" * 64}, "was uploaded"), ({"sha256": "0" * 64, "bytes": "7"}, '"bytes" must be a number')])
def test_an_attachment_of_a_reply_is_checked_like_a_body(world, things, entry, said):
    good = {"sha256": upload(world.gateway).json["attachment"]["sha256"]}
    answer = world.gateway.reply(things["thread"], "see", attachments=[good, entry])
    assert said in problem(answer, 400, "invalid-request")


@pytest.mark.parametrize("raw, said", [
    (b"[]", "must be a JSON object"), (b"null", "JSON"), (b'"text"', "must be a JSON object"),
    (b'{"text":"a"', "JSON"), (b'{"text":"a","text":"b"}', "JSON"), (b"{'text':'a'}", "JSON"),
    (b'{"text":"\xff"}', "JSON"), (b'{"text":"\\u0000"}', "JSON"), (b'{"text":"a"} x', "JSON"),
    (b'{"payload":' + b'{"a":' * 40 + b"1" + b"}" * 41, "JSON"), (b'{"text":NaN}', "JSON")])
def test_a_body_that_is_no_good_json_object_is_refused(world, things, raw, said):
    answer = world.gateway.http("POST", f"/v1/threads/{things['thread']}/notes", raw,
                                {"Authorization": f"Bearer {harness.API_TOKEN}"})
    assert answer.status in (400, 422), answer
    assert said in answer.json["detail"]


@pytest.mark.parametrize("path, body, member", [
    ("threads/{thread}/replies", {"text": "x" * 65537}, "text"), ("threads/{thread}/notes", {"text": "x" * 65537}, "text"),
    ("threads/{thread}/notes", {"text": "x", "agent": "a" * 201}, "agent"),
    ("tickets/{ticket}/link", {"id": "7", "url": "https://x/" + "u" * 2048}, "url")])
def test_what_is_too_long_is_refused_with_the_limit(world, things, path, body, member):
    assert f'"{member}" has ' in problem(write(world, things, path, body), 422, "too-large")


def test_a_body_beyond_the_limit_of_its_route_is_not_read(world, things):
    answer = world.gateway.api("POST", f"/v1/threads/{things['thread']}/notes", {"text": "x" * 300000})
    assert answer.status == 413 and answer.json["type"] == "about:blank" and answer.json["rule"]


@pytest.mark.parametrize("path, said", [
    ("threads?limt=5", 'no query parameter "limt" here; did you mean "limit"?'), ("threads?limit=0", "from 1 to 500"),
    ("threads?limit=501", "from 1 to 500"), ("threads?limit=many", "from 1 to 500"), ("threads?state=opne", "state=opne"),
    ("status?verbose=1", 'no query parameter "verbose"'), ("outbox?state=lost", "state=lost"),
    ("outbox?after=-1", "from 0"), ("events?before=x", 'no query parameter "before"')])
def test_a_wrong_query_parameter_is_refused(world, path, said):
    assert said in problem(world.gateway.api("GET", f"/v1/{path}"), 400, "invalid-request")


@pytest.mark.parametrize("path", ["threads?before=thr_01m7z855jmfp5t3ftfvmx0kbse", "events?after=evt_none",
                                  "events/stream?thread=thr_none"])
def test_a_page_behind_what_is_not_there_is_not_found(world, path):
    problem(world.gateway.api("GET", f"/v1/{path}"), 404, "not-found")


def test_null_is_as_good_as_leaving_a_member_out(world, things):
    answer = write(world, things, "threads/{thread}/notes", {"text": "x", "agent": None})
    assert answer.status == 201 and answer.json["message"]["author_name"] is None


@pytest.mark.parametrize("body", [{}, {"text": ""}, {"text": None, "attachments": []}])
def test_a_reply_with_nothing_in_it_is_refused(world, things, body):
    assert "empty" in problem(write(world, things, "threads/{thread}/replies", body), 400, "invalid-request")


# ---- pages ----

def pages(gateway, path, member, by, limit):
    """All that is there, page by page; no page may be larger than asked, or empty but for the first."""
    found, before = [], ""
    while True:
        page = gateway.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{before}")
        assert len(page[member]) <= limit
        found.append(page[member])
        if "next" not in page:
            return found
        assert len(page[member]) == limit
        before = f"&{by}={page['next']}"


def ids(things):
    return [thing["id"] for thing in things]


def flat(list_of_lists):
    return list(itertools.chain.from_iterable(list_of_lists))


def test_pages_of_threads_give_each_once_newest_first(start, graph):
    """One contact comes back again and again, each time long after his ticket was closed."""
    gateway = start(rules=conftest.AT_ONCE)
    newest = []
    for _ in range(6):
        assert graph.say("+447700900123", "me again", at=gateway.now()) == 200
        thread = gateway.threads(limit=1)[0]
        newest.insert(0, thread["id"])
        assert gateway.api("PUT", f"/v1/tickets/{thread['ticket']['id']}/status", {"status": "closed"}).status == 200
        gateway.advance(days=8)
    assert len(set(newest)) == 6
    for limit in (1, 2, 3, 5, 6, 7):
        for query in ("", f"contact={thread['contact']['id']}", "state=closed&channel=wa-main"):
            found = pages(gateway, f"/v1/threads?{query}", "threads", "before", limit)
            assert ids(flat(found)) == newest
            assert len(found) == -(-6 // limit)


@pytest.fixture(scope="module")
def long_thread(world):
    """Seven notes and what the conversation began with."""
    thread = world.thread()["id"]
    for n in range(7):
        assert world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": f"note {n}"}).status == 201
    return thread


@pytest.mark.parametrize("what, limit", [(w, n) for w in ("messages", "events") for n in (1, 3, 4, 100)])
def test_pages_of_a_thread_give_each_entry_once(world, long_thread, what, limit):
    path = f"/v1/threads/{long_thread}/{what}"
    everything = ids(world.gateway.get(path + "?limit=500")[what])
    assert len(everything) >= 9
    found = pages(world.gateway, path, what, "before", limit)
    assert ids(flat(reversed(found))) == everything


def test_pages_of_all_events_follow_their_order_and_end(world, long_thread):
    everything = ids(flat(pages(world.gateway, "/v1/events", "events", "after", 500)))
    assert len(set(everything)) == len(everything)
    assert ids(flat(pages(world.gateway, "/v1/events", "events", "after", 7))) == everything
    of_thread = world.gateway.events(long_thread)
    assert [e["sequence"] for e in of_thread] == sorted(e["sequence"] for e in of_thread)
    assert [i for i in everything if i in set(ids(of_thread))] == ids(of_thread)


def test_a_list_of_threads_is_narrowed_by_state_channel_and_contact(world):
    thread = world.thread()
    of_contact = world.gateway.threads(contact=thread["contact"]["id"])
    assert ids(of_contact) == [thread["id"]]
    assert {t["state"] for t in world.gateway.threads(state="converted", limit=500)} == {"converted"}
    assert world.gateway.threads(channel="nowhere") == []
    assert thread["id"] in ids(world.gateway.threads(channel="wa-main", limit=1))


# ---- once ----

def test_a_reply_without_an_idempotency_key_is_refused_and_sends_nothing(world):
    thread = world.thread()["id"]
    answer = world.gateway.api("POST", f"/v1/threads/{thread}/replies", {"text": "keyless"})
    assert "Idempotency-Key" in problem(answer, 400, "invalid-request")
    assert [m for m in world.gateway.messages(thread) if m["direction"] == "outbound"] == []


def test_a_preview_is_refused_as_its_reply_would_be_and_uses_up_no_key(world):
    thread = world.thread()["id"]
    before = world.gateway.messages(thread)
    headers = {"Authorization": f"Bearer {harness.API_TOKEN}", "Idempotency-Key": '"the key of the reply to come"'}

    def ask(path, **body):
        return world.gateway.http("POST", f"/v1/threads/{thread}/replies{path}", json.dumps(body).encode(), headers)

    for text in ("leaves", "leaves today"):
        asked = ask("/preview", text=text)
        assert asked.status == 200 and asked.json["preview"]["parts"] == [{"text": text}]
    file = dict(sha256=upload(world.gateway, b"%PDF-1.4").json["attachment"]["sha256"], name="label.pdf", type="application/pdf")
    parts = ask("/preview", text="the label", attachments=[file]).json["preview"]["parts"]
    assert [part["attachment"] for part in parts if "attachment" in part] == [0] and "the label" in [p.get("text") for p in parts]
    assert "empty" in problem(ask("/preview"), 400, "invalid-request")
    for body in (dict(text="x", kind="shout"), dict(text="x", answers="msg_none"), dict(text="x", channel="nowhere")):
        refused, reply = ask("/preview", **body), ask("", **body)
        assert (refused.status, refused.json) == (reply.status, reply.json) and refused.status >= 400
    assert world.gateway.messages(thread) == before
    assert ask("", text="leaves today").status == 202


@pytest.mark.parametrize("key", ['""', "x" * 256, "caf\xe9"])
def test_a_key_that_is_empty_long_or_no_ascii_is_refused(world, things, key):
    answer = world.gateway.http("POST", f"/v1/threads/{things['thread']}/replies", b'{"text":"x"}',
                                {"Authorization": f"Bearer {harness.API_TOKEN}", "Idempotency-Key": key.encode("latin-1")})
    assert "Idempotency-Key" in problem(answer, 400, "invalid-request")


def outbound(world, thread):
    return [m for m in world.gateway.messages(thread) if m["direction"] == "outbound"]


def test_the_same_key_and_body_give_the_same_answer_and_one_message(world):
    thread = world.thread()["id"]
    answers = [world.gateway.reply(thread, "once", key="the-same") for _ in range(3)]
    assert [a.status for a in answers] == [202] * 3
    assert len({a.body for a in answers}) == 1
    assert ids(outbound(world, thread)) == [answers[0].json["message"]["id"]]


def test_a_key_in_quotes_and_without_is_the_same_key(world):
    thread = world.thread()["id"]
    bodies = {world.gateway.http("POST", f"/v1/threads/{thread}/replies", b'{"text":"once"}',
                                 {"Authorization": f"Bearer {harness.API_TOKEN}", "Idempotency-Key": key}).body
              for key in ("bare-1", '"bare-1"')}
    assert len(bodies) == 1 and len(outbound(world, thread)) == 1


def test_the_same_key_with_another_body_is_refused(world):
    thread, other = world.thread()["id"], world.thread()["id"]
    assert world.gateway.reply(thread, "once", key="key-1").status == 202
    problem(world.gateway.reply(thread, "twice", key="key-1"), 422, "idempotency-key-reused")
    problem(world.gateway.reply(other, "once", key="key-1"), 422, "idempotency-key-reused")
    assert len(outbound(world, thread)) == 1 and len(outbound(world, other)) == 0


def test_the_same_key_of_another_token_is_another_key(world):
    thread = world.thread()["id"]
    path, body = f"/v1/threads/{thread}/replies", {"text": "mine"}
    assert world.gateway.api("POST", path, body, key="shared").status == 202
    assert world.gateway.api("POST", path, {"text": "mine too"}, key="shared", token=TOKENS["reply"]).status == 202
    assert len(outbound(world, thread)) == 2


def test_ten_calls_with_one_key_at_the_same_moment_make_one_message(world):
    thread = world.thread()["id"]
    answers = parallel([lambda: world.gateway.reply(thread, "ten at once", key="ten")] * 10)
    assert [a.status for a in answers] == [202] * 10
    assert len({a.body for a in answers}) == 1
    assert len(outbound(world, thread)) == 1
    world.graph.wait_accepted(1, text="ten at once")
    world.gateway.wait_message(thread, lambda m: m["text"] == "ten at once" and m["delivery"] == "sent")
    assert len([m for m in world.graph.accepted if m.text == "ten at once"]) == 1


def test_a_refused_reply_does_not_use_up_its_key(world):
    thread = world.thread()["id"]
    problem(world.gateway.reply(thread, "x", key="later", answers="msg_none"), 404, "not-found")
    assert world.gateway.reply(thread, "now", key="later").status == 202


def test_a_note_with_a_key_is_written_once(world):
    thread = world.thread()["id"]
    answers = [world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "once"}, key="note") for _ in range(2)]
    assert answers[0].status == answers[1].status == 201 and answers[0].body == answers[1].body
    assert len([m for m in world.gateway.messages(thread) if m["direction"] == "note"]) == 1


# ---- notes ----

def test_notes_are_read_here_and_never_reach_customer_or_helpdesk(world):
    thread = world.thread()["id"]
    secret = f"between us {uuid.uuid4()}"
    assert world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": secret, "agent": "Ben"}).status == 201
    world.gateway.api("POST", f"/v1/threads/{thread}/convert", {})
    world.gateway.reply(thread, "the marker behind the note")
    world.helpdesk.wait(lambda h: [d for d in h.of("message.sent") if b"the marker" in d.raw], "the reply behind the note")
    world.graph.wait_accepted(1, text="the marker behind the note")
    assert [(m["text"], m["author_name"]) for m in world.gateway.messages(thread) if m["direction"] == "note"] == \
        [(secret, "Ben")]
    assert not [d for d in world.helpdesk.attempts if secret.encode() in d.raw]
    assert not [r for r in world.graph.requests if secret.encode() in r.body]


def test_a_note_before_the_ticket_is_not_in_the_transcript_the_helpdesk_gets(start, helpdesk):
    gateway = start(top="settle: 1h")
    gateway.http("GET", "/livez")
    done = gateway.ctl("-c", str(gateway.config_path), "simulate", "whatsapp", "--text", "anybody there?", check=0)
    assert done.stdout
    thread = gateway.threads()[0]["id"]
    gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "he sounds angry"})
    gateway.api("POST", f"/v1/threads/{thread}/convert", {"agent": "Ben"})
    event = helpdesk.wait_event("ticket.requested")
    assert b"anybody there?" in event.raw and b"he sounds angry" not in event.raw


# ---- attachments ----

# Each, and as what it is offered for saving; None: without a name.  (More of them: test_injection.py.)
ODD_NAMES = {"label.pdf": "label.pdf", 'quo"te.pdf': "quo_te.pdf", "new\nline.pdf": "newline.pdf",
             "Rechnung Müller.pdf": "Rechnung Müller.pdf", "请求.pdf": "请求.pdf", "../../etc/passwd": "_.._etc_passwd",
             "a;b=c.pdf": "a;b=c.pdf", "back\\slash.pdf": "back_slash.pdf", "\u202egpj.exe": "gpj.exe", " ": None,
             "x" * 255: "x" * 255}


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_file_comes_back_byte_by_byte_as_an_attachment_whatever_its_name(world, things, name):
    data = bytes(range(256)) * 40 + name.encode()
    file = reply_with_file(world, things["thread"], data, name)["attachments"][0]
    answer = world.gateway.api("GET", f"/v1/attachments/{file['id']}")
    assert answer.status == 200 and answer.body == data
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Type"] == "application/pdf"
    disposition = answer.headers["Content-Disposition"]
    if ODD_NAMES[name] is None:
        assert disposition == "attachment"
        return
    fits = re.fullmatch(r'attachment; filename="([A-Za-z0-9._ -]*)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*)', disposition)
    assert fits, disposition
    assert re.sub(rb"%([0-9A-F]{2})", lambda m: bytes([int(m[1], 16)]), fits[2].encode()).decode() == ODD_NAMES[name]


@pytest.mark.parametrize("type, served", [
    ("text/html", "text/html"), ("text/plain; charset=utf-8", "text/plain; charset=utf-8"),
    ("a/b\r\nX-Evil: 1", "application/octet-stream"), ('x"y', "application/octet-stream"),
    (None, "application/octet-stream")])
def test_a_media_type_cannot_smuggle_a_header_and_html_is_never_shown(world, things, type, served):
    sha256 = upload(world.gateway, b"<script>alert(1)</script>").json["attachment"]["sha256"]
    answer = world.gateway.reply(things["thread"], "see", attachments=[{"sha256": sha256, "type": type, "name": "x"}])
    if answer.status == 202:
        file = world.gateway.api("GET", f"/v1/attachments/{answer.json['message']['attachments'][0]['id']}")
        assert file.headers["Content-Type"] == served
        assert "X-Evil" not in file.headers
        assert file.headers["Content-Disposition"].startswith("attachment")
        assert "sandbox" in file.headers["Content-Security-Policy"]
    else:		# what a channel does not carry it refuses
        assert answer.status in (400, 422), answer


def test_an_uploaded_file_is_sent_to_the_customer(world):
    customer = world.customer()
    data = b"%PDF-1.4 " + uuid.uuid4().bytes
    reply_with_file(world, world.thread(customer=customer)["id"], data)
    sent = world.graph.wait_accepted(1, type="document", to=customer[1:])[0]
    assert sent.body["document"]["filename"] == "label.pdf"
    assert world.graph.files[sent.body["document"]["id"]].data == data


def test_the_size_of_an_attachment_is_the_files_not_what_is_claimed(world, things):
    sha256 = upload(world.gateway, b"seven b").json["attachment"]["sha256"]
    answer = world.gateway.reply(things["thread"], "x", attachments=[
        {"sha256": sha256, "name": "f.pdf", "type": "application/pdf", "bytes": 1}])
    assert answer.json["message"]["attachments"][0]["size"] == 7


def test_the_same_bytes_uploaded_twice_have_one_hash(world):
    assert upload(world.gateway, b"same").json == upload(world.gateway, b"same").json


def test_an_empty_upload_and_a_long_name_are_refused(world):
    problem(upload(world.gateway, b""), 400, "invalid-request")
    problem(upload(world.gateway, b"x", "n" * 256), 422, "too-large")


def test_an_upload_beyond_25_mib_is_refused(world):
    most = 25 * 1024 * 1024
    with socket.create_connection(("127.0.0.1", world.gateway.port), timeout=PATIENCE) as client:
        client.sendall(b"POST /v1/attachments HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\nContent-Length: %d\r\n\r\n"
                       % (harness.API_TOKEN.encode(), most + 1))
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    assert upload(world.gateway, b"x" * most).status == 201


def test_more_than_ten_attachments_are_too_many(world, things):
    sha256 = upload(world.gateway).json["attachment"]["sha256"]
    answer = world.gateway.reply(things["thread"], "x", attachments=[{"sha256": sha256}] * 11)
    assert "at most 10" in problem(answer, 422, "too-large")


# ---- steering ----

def test_tags_and_fields_are_changed_and_told_once(start, graph, helpdesk):
    """R0.8: what only a person knows is said by tag and field; rules on thread.changed hear of it."""
    gateway = start(rules=conftest.NOISE, top="settle: 1h", backend='events: ["thread.changed"]')
    graph.say("+447700900123", "hi")
    thread = gateway.wait_thread()[0]["id"]
    body = {"tags_add": ["vip", "a b"], "fields": {"plan": "pro", "seats": 7}, "queue": "sales", "agent": "Mia"}
    first = gateway.api("PATCH", f"/v1/threads/{thread}", body, key="k1")
    assert first.status == 200, first
    shown = first.json["thread"]
    assert (shown["tags"], shown["custom"]) == (["vip", "a b"], {"plan": "pro", "seats": "7"})
    assert gateway.api("PATCH", f"/v1/threads/{thread}", body, key="k1").body == first.body
    assert gateway.api("PATCH", f"/v1/threads/{thread}", body).json["thread"]["sequence"] == shown["sequence"]
    told = helpdesk.wait_event("thread.changed").data
    assert told["changes"] == {"tags_added": ["vip", "a b"], "tags_removed": [], "fields": ["plan", "seats", "queue"]}
    assert told["reason"] == "changed by Mia"
    body = {"tags_remove": ["vip", "nobody"], "fields": {"plan": None}, "queue": ""}
    gone = gateway.api("PATCH", f"/v1/threads/{thread}", body).json["thread"]
    assert (gone["tags"], gone["custom"]) == (["a b"], {"seats": "7"})
    assert helpdesk.wait_event("thread.changed", 2).data["changes"] == {
        "tags_added": [], "tags_removed": ["vip"], "fields": ["plan", "queue"]}


@pytest.mark.parametrize("body, status, said", [
    ({}, 400, "nothing is to be changed"), ({"agent": "Mia"}, 400, "nothing is to be changed"),
    ({"tags_add": [""]}, 400, '"tags_add": a tag is text'), ({"tags_add": ["x" * 65]}, 400, "1 to 64 bytes"),
    ({"tags_remove": ["a\x01b"]}, 400, "control characters"), ({"tags_add": ["t"] * 101}, 422, "at most 100"),
    ({"fields": {"Plan": "x"}}, 400, '"Plan" is no name'), ({"fields": {"plan": []}}, 400, '"plan" must be text'),
    ({"fields": {"plan": "x" * 1025}}, 422, "more than 1024 bytes"),
    ({"fields": {f"f{i}": 1 for i in range(101)}}, 422, "at most 100")])
def test_a_change_that_is_none_or_no_good_is_refused(world, things, body, status, said):
    answer = world.gateway.api("PATCH", f"/v1/threads/{things['open']}", body)
    assert said in problem(answer, status, "invalid-request" if status == 400 else "too-large")


def test_a_conversation_has_no_more_than_a_hundred_tags(world):
    thread = world.thread()["id"]
    for tags in ([f"a{i}" for i in range(60)], [f"b{i}" for i in range(41)]):
        answer = world.gateway.api("PATCH", f"/v1/threads/{thread}", {"tags_add": tags})
    assert "at most 100 tags" in problem(answer, 422, "too-large")
    assert len(world.gateway.get(f"/v1/threads/{thread}")["thread"]["tags"]) == 60


def test_converting_again_gives_the_same_ticket(start, helpdesk):
    gateway = start(top="settle: 1h")
    gateway.ctl("-c", str(gateway.config_path), "simulate", "whatsapp", "--text", "my parcel", check=0)
    thread = gateway.threads()[0]
    assert thread["state"] == "open" and thread["ticket"] is None
    body = {"agent": "Ben", "priority": "high", "category": "billing", "subject": "Lost parcel", "reason": "he asked"}
    first = gateway.api("POST", f"/v1/threads/{thread['id']}/convert", body)
    again = gateway.api("POST", f"/v1/threads/{thread['id']}/convert", {})
    assert first.status == again.status == 200
    ticket = first.json["thread"]["ticket"]
    assert (ticket["priority"], ticket["category"], ticket["subject"], ticket["agent"]) == \
        ("high", "billing", "Lost parcel", "Ben")
    assert again.json["thread"]["ticket"]["id"] == ticket["id"]
    assert helpdesk.wait_event("ticket.requested").data["converting_agent"] == "Ben"
    assert len(helpdesk.of("ticket.requested")) == 1


def test_a_closed_thread_cannot_be_closed_nor_an_open_one_reopened(world):
    thread = world.thread()["id"]
    path = f"/v1/threads/{thread}"
    problem(world.gateway.api("POST", path + "/reopen", {}), 409, "wrong-state")
    closed = world.gateway.api("POST", path + "/close", {"resolution": "resolved", "reason": "done"})
    assert closed.json["thread"]["state"] == "closed" and closed.json["thread"]["resolution"] == "resolved"
    problem(world.gateway.api("POST", path + "/close", {}), 409, "wrong-state")
    assert world.gateway.api("POST", path + "/reopen", {}).json["thread"]["state"] in ("open", "converted")


def test_a_resolution_or_kind_that_is_none_is_refused(world, things):
    for path, body in (("close", {"resolution": "solved"}), ("replies", {"kind": "dance", "text": "x"})):
        problem(write(world, things, "threads/{thread}/" + path, body), 400, "invalid-request")


def test_a_ticket_is_found_by_our_id_our_number_and_the_helpdesks_id(world):
    thread = world.thread()
    ticket = thread["ticket"]
    linked = wait_until(lambda: world.gateway.get(f"/v1/tickets/{ticket['id']}")["thread"]["ticket"]["links"], "the link")
    for ref in (ticket["id"], ticket["number"], linked[0]["id"]):
        assert world.gateway.get(f"/v1/tickets/{ref}")["thread"]["id"] == thread["id"]
        answer = world.gateway.api("PUT", f"/v1/tickets/{ref}/status", {"status": "pending"})
        assert answer.status == 200 and answer.json["thread"]["id"] == thread["id"]


def test_a_link_is_kept_repeated_and_not_replaced(world):
    thread = world.thread()
    ref = thread["ticket"]["id"]
    linked = wait_until(lambda: world.gateway.get(f"/v1/tickets/{ref}")["thread"]["ticket"]["links"], "the link")[0]
    path = f"/v1/tickets/{ref}/link"
    same = {"backend": "desk", "id": linked["id"], "number": linked["number"], "url": linked["url"]}
    assert world.gateway.api("PUT", path, same).status == 200
    assert world.gateway.api("PUT", path, {"id": linked["id"]}).status == 200
    problem(world.gateway.api("PUT", path, {"id": "another"}), 409, "conflict")
    problem(world.gateway.api("PUT", path, {"id": linked["id"], "url": "javascript:alert(1)"}), 400, "invalid-request")
    assert "no backend" in problem(world.gateway.api("PUT", path, {"id": "1", "backend": "dsk"}), 400, "invalid-request")
    after = world.gateway.get(f"/v1/tickets/{ref}")["thread"]["ticket"]["links"]
    assert [(l["id"], l["number"], l["url"]) for l in after] == [(linked["id"], linked["number"], linked["url"])]


def test_a_status_that_is_none_is_refused(world, things):
    problem(write(world, things, "tickets/{ticket}/status", {"status": "sleeping"}), 400, "invalid-request")
    problem(write(world, things, "tickets/{ticket}/status", {}), 400, "invalid-request")


def test_a_reply_to_an_address_that_is_not_the_contacts_is_forbidden(world, things):
    answer = write(world, things, "threads/{thread}/replies", {"text": "x", "channel": "wa-main", "to": "tel:+447700900999"})
    problem(answer, 403, "forbidden")


def test_a_closed_reply_window_is_said_at_once(start, graph):
    gateway = start(rules=conftest.AT_ONCE)
    assert graph.say("+447700900123", "hello there") == 200
    thread = gateway.threads()[0]["id"]
    gateway.advance(hours=25)
    problem(gateway.reply(thread, "too late"), 409, "window-closed")


def test_read_marks_and_typing_signs_go_to_the_provider_and_are_not_stored(world):
    thread = world.thread()["id"]
    before = len(world.gateway.messages(thread))
    signs = len(world.graph.signs)
    for sign in ("read", "typing"):
        assert world.gateway.api("POST", f"/v1/threads/{thread}/{sign}").status == 200
    sent = world.graph.wait_signs(signs + 2)[signs:]
    theirs = world.gateway.messages(thread)[0]["external_id"]
    assert {s["message_id"] for s in sent} == {theirs}
    assert [("typing_indicator" in s) for s in sorted(sent, key=len)] == [False, True]
    assert len(world.gateway.messages(thread)) == before


# ---- the outbox ----

def test_a_dead_letter_is_listed_with_what_it_is_about_and_can_be_tried_again(start, graph, helpdesk):
    helpdesk.answer = lambda delivery: (422, {}, b"no") if delivery.type == "ticket.requested" else None
    gateway = start(rules=conftest.AT_ONCE)
    graph.say("+447700900123", "my order is late")
    for attempt in range(1, 6):		# the sixth refusal is believed
        wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if j["attempts"] == attempt],
                   f"attempt {attempt} to be noted")
        gateway.advance(hours=5)
    job = wait_until(lambda: gateway.get("/v1/outbox")["jobs"], "a dead letter")[0]
    assert (job["target"], job["name"], job["state"], job["event_type"]) == \
        ("backend", "desk", "dead", "ticket.requested")
    assert job["error"] and job["thread_id"] == gateway.threads()[0]["id"]
    assert {d.id for d in helpdesk.attempts if d.type == "ticket.requested"} == {job["event_id"]}
    helpdesk.answer = None
    assert gateway.api("POST", f"/v1/outbox/{job['number']}/retry").status == 200
    assert helpdesk.wait_event("ticket.requested").id == job["event_id"]
    wait_until(lambda: not gateway.status()["outbox"], "the dead letter to be gone")
    problem(gateway.api("POST", f"/v1/outbox/{job['number']}/retry"), 404, "not-found")


@pytest.mark.parametrize("how", ["arrived", "resend"])
def test_a_send_in_doubt_is_settled_by_a_person(start, graph, how):
    gateway = start(rules=conftest.AT_ONCE, channel="ambiguous_wait: 10s")
    graph.say("+447700900123", "my order is late")
    thread = gateway.threads()[0]["id"]
    graph.accept_then_drop()
    message = gateway.reply(thread, "it left").json["message"]["id"]
    job = wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubt")[0]
    assert job["message_id"] == message
    problem(gateway.api("POST", f"/v1/outbox/{job['number']}/settle", {"how": "maybe"}), 400, "invalid-request")
    assert gateway.api("POST", f"/v1/outbox/{job['number']}/settle", {"how": how, "agent": "Ben"}).status == 200
    gateway.wait_message(thread, lambda m: m["id"] == message and m["delivery"] == "sent", "the message to be sent")
    assert len(graph.accepted) == (1 if how == "arrived" else 2)
    problem(gateway.api("POST", f"/v1/outbox/{job['number']}/settle", {"how": how}), 404, "not-found")


# ---- the live stream ----

def test_the_stream_has_every_event_in_order_as_it_is_committed(world):
    stream = open_stream(world.gateway)
    thread = world.thread()["id"]
    for n in range(5):
        world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": f"note {n}"})
    wait_until(lambda: any(e["type"] == "ticket.linked" for e in world.gateway.events(thread)), "the link")
    wanted = world.gateway.events(thread)
    got = []
    while len(got) < len(wanted):
        event = stream.event()
        if event["data"].get("thread", {}).get("id") == thread:
            got.append(event)
    assert got == wanted
    assert stream.head.headers["Content-Type"] == "application/x-ndjson"
    stream.close()


def test_a_filtered_stream_has_the_events_of_its_thread_only(world):
    mine, other = world.thread()["id"], world.thread()["id"]
    stream = open_stream(world.gateway, f"/v1/events/stream?thread={mine}")
    # What somebody else writes may look like it: it is not.
    bait = '"thread":{"id":"%s"' % mine
    for n in range(3):
        world.gateway.reply(other, bait)
        world.gateway.api("POST", f"/v1/threads/{mine}/notes", {"text": str(n)})
    got = [stream.event() for _ in range(3)]
    assert {e["data"]["thread"]["id"] for e in got} == {mine}
    stream.close()


def test_a_stream_that_nobody_follows_any_more_is_given_up(world):
    def followed():
        return world.gateway.status()["http"]["streams"]
    before = followed()
    streams = [open_stream(world.gateway) for _ in range(3)]
    assert followed() == before + 3
    for stream in streams:
        stream.close()
    wait_until(lambda: followed() <= before, "the streams to be given up")


def test_more_than_64_streams_are_refused_politely(world):
    # One principal has 16 of them at most (test_stream.py).
    tokens = [TOKENS[name] for name in ("read", "admin", "no-reply", "no-link")]
    streams = [open_stream(world.gateway, headers={"Authorization": f"Bearer {token}"}) for token in tokens * 16]
    try:
        answer = world.gateway.api("GET", "/v1/events/stream")
        problem(answer, 503, "busy")
        assert answer.headers["Retry-After"] and answer.json["retryable"] is True
    finally:
        for stream in streams:
            stream.close()
    wait_until(lambda: open_stream(world.gateway).head.status == 200, "a free place")


def test_a_follower_that_does_not_read_is_cut_and_delays_nobody(world):
    with socket.socket() as lazy:
        lazy.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        lazy.connect(("127.0.0.1", world.gateway.port))
        lazy.sendall(b"GET /v1/events/stream HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer %s\r\n\r\n"
                     % harness.API_TOKEN.encode())
        wait_until(lambda: world.gateway.status()["http"]["streams"] > 0, "the stream")
        slow = world.gateway.status()["http"]["slow_streams"]
        customer = world.customer()
        for n in range(200):		# each message is in several events of 50 KB: a MiB is soon behind
            assert world.graph.say(customer, f"{n} " + "y" * 50000) == 200
            if world.gateway.status()["http"]["slow_streams"] > slow:
                break
        assert world.gateway.status()["http"]["slow_streams"] == slow + 1


# ---- reads ----

def test_readers_at_work_do_not_delay_a_webhook(world):
    """Many slow reads wait for the two reader threads; what comes in is stored all the same."""
    held = []
    try:
        for _ in range(40):
            connection = http.client.HTTPConnection("127.0.0.1", world.gateway.port, timeout=PATIENCE)
            connection.request("GET", "/v1/threads?limit=500", headers={"Authorization": f"Bearer {harness.API_TOKEN}"})
            held.append(connection)
        customer = world.customer()
        assert world.graph.say(customer, "while they read") == 200
        # The answers to the reads were not awaited: the webhook was, and none of the reads kept it.
        assert all(c.getresponse().status == 200 for c in held)
        assert world.thread_of(customer)
    finally:
        for connection in held:
            connection.close()


def test_an_audit_under_way_does_not_stop_reads_and_a_second_one_is_asked_to_wait(world):
    answers = parallel([lambda: world.gateway.api("GET", "/v1/fsck")] * 6 + [lambda: world.gateway.api("GET", "/v1/status")] * 6)
    audits = [a.status for a in answers[:6]]
    assert 200 in audits and set(audits) <= {200, 503}
    assert [a.status for a in answers[6:]] == [200] * 6


def test_status_says_what_runs(world):
    status = world.gateway.status()
    assert set(status) == {"version", "name", "instance", "started", "reloaded", "uptime_ms", "config", "config_hash", "store_driver",
                           "port", "console_port", "clock", "stopping", "capture", "channels", "backends", "hooks", "search", "engine", "http", "api",
                           "store", "outages", "alarms", "outbox"} | ({"node"} if postgres.RUNNING else set())
    assert status["channels"][0]["name"] == "wa-main" and status["channels"][0]["state"] == "running"
    assert status["backends"][0]["name"] == "desk"
    refused = status["api"]["refused"]
    world.gateway.api("GET", "/v1/status", token="nobody-knows-this")
    assert world.gateway.status()["api"]["refused"] == refused + 1
