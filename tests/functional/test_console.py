"""The web console's server: who gets in, by what, and what other sites' pages get; its files, as they are built and served."""
import concurrent.futures
import contextlib
import gzip
import hashlib
import http.client
import json
import re
import shutil
import sqlite3
import subprocess
import urllib.parse

import pytest

import conftest
import harness
import postgres
from harness import PATIENCE, TOP, request, wait_until

DIST = TOP / "console" / "dist"
BUILD = TOP / "console" / "build.py"
OPS_TOKEN = "ops-token-0123456789"
OPS = "    ops: { token: env:TEST_OPS_TOKEN, scopes: admin }"
CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE, more=OPS, env=dict(TEST_OPS_TOKEN=OPS_TOKEN))
OWN = {"X-Headgate-Console": "1"}


@pytest.fixture(scope="module")
def port(world):
    return world.gateway.status()["console_port"]


def invite(world, **what):
    answer = world.gateway.api("POST", "/v1/console/links", dict(dict(name="ann"), **what))
    assert answer.status == 201, answer
    return answer.json


def secret_of(link):
    return urllib.parse.urlsplit(link["url"]).fragment.removeprefix("login=")


def enter(port, secret, **headers):
    return request(port, "POST", "/console/session", json.dumps({"secret": secret}),
                   {"Content-Type": "application/json", **OWN, **headers})


def cookie_of(answer):
    return answer.headers["Set-Cookie"].split(";")[0]


def sign_in(world, port, **what):
    answer = enter(port, secret_of(invite(world, **what)))
    assert answer.status == 201, answer
    return {"Cookie": cookie_of(answer), **OWN}


# ---- getting in ----

def test_a_link_signs_in_once(world, port):
    link = invite(world, role="operator")
    assert link["principal"] == "console:ann" and link["role"] == "operator"
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/#login=[\w-]{{43}}", link["url"])
    answer = enter(port, secret_of(link))
    assert answer.status == 201 and answer.json["principal"] == "console:ann" and answer.json["role"] == "operator"
    assert "convert" in answer.json["scopes"] and "erase" not in answer.json["scopes"]
    flags = [flag.strip() for flag in answer.headers["Set-Cookie"].split(";")[1:]]
    assert flags == ["Path=/", "Max-Age=604800", "HttpOnly", "SameSite=Strict"]	# over http: no Secure, or it were never sent
    assert secret_of(link) not in answer.headers["Set-Cookie"]
    again = enter(port, secret_of(link))
    assert again.status == 403 and "headgatectl console makes another" in again.json["detail"]
    who = request(port, "GET", "/console/session", headers={"Cookie": cookie_of(answer)})
    assert who.status == 200 and who.json["gateway"] == "Acme support"
    log = world.gateway.log()
    assert "console.signed_in" in log and secret_of(link) not in log and cookie_of(answer).split("=")[1] not in log


def test_a_link_opens_one_session_however_many_use_it_at_once(world, port):
    secret = secret_of(invite(world))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        found = sorted(pool.map(lambda _: enter(port, secret).status, range(8)))
    assert found == [201] + [403] * 7


def elsewhere(gateway, sql):
    """As another process that writes to this store."""
    if gateway.database:
        postgres.ask(gateway.database, sql)
        return
    with contextlib.closing(sqlite3.connect(gateway.store, isolation_level=None, timeout=PATIENCE)) as db:
        db.executescript("PRAGMA wal_autocheckpoint = 0; " + sql.replace("BEGIN", "BEGIN IMMEDIATE", 1))


def test_sessions_and_links_outlive_a_restart_and_end_in_whatever_process(start):
    gateway = start()
    port = gateway.status()["console_port"]
    secrets = [secret_of(gateway.api("POST", "/v1/console/links", {"name": name}).json) for name in ("ann", "ben", "eve")]
    ann, ben = ({"Cookie": cookie_of(enter(port, secret)), **OWN} for secret in secrets[:2])
    out = {"Cookie": cookie_of(enter(port, secret_of(gateway.api("POST", "/v1/console/links", {"name": "joe"}).json))), **OWN}
    assert request(port, "DELETE", "/console/session", headers=out).status == 204
    tool = gateway.api("POST", "/v1/tokens", dict(name="tool", scopes=["read"])).json["secret"]
    for value in secrets + [tool, ann["Cookie"].split("=")[1]]:	# hashes alone
        assert not any(value.encode() in path.read_bytes() for path in gateway.store.parent.glob(gateway.store.name + "*"))
    gateway.stop()
    gateway.start()
    port = gateway.status()["console_port"]
    asks = lambda who: request(port, "GET", "/v1/threads", headers=who).status
    bearer = lambda: gateway.api("GET", "/v1/threads", token=tool).status
    assert [asks(ann), asks(ben), asks(out), bearer()] == [200, 200, 401, 200]
    assert enter(port, secrets[0]).status == 403 and enter(port, secrets[2]).status == 201
    elsewhere(gateway, "BEGIN; UPDATE token_change SET rev = rev + 1; UPDATE token SET revoked_ms = 1, rev = (SELECT rev FROM token_change) "
                       "WHERE name IN ('ann', 'tool') AND revoked_ms = 0; COMMIT")
    wait_until(lambda: [asks(ann), bearer()] == [401, 401], "nobody is let in any more")
    assert asks(ben) == 200


@pytest.mark.parametrize("instead", ["", OPS.replace("admin", "[read, reply]"), OPS.replace("admin", "admin, channels: [wa-main]")],
                         ids=["gone", "narrowed", "of one channel"])
def test_who_came_in_by_a_token_of_the_configuration_goes_with_it(world, port, instead):
    gateway = world.gateway
    links = [secret_of(gateway.api("POST", "/v1/console/links", {"name": name}, token=OPS_TOKEN).json) for name in ("ann", "ben")]
    ann, other = {"Cookie": cookie_of(enter(port, links[0])), **OWN}, sign_in(world, port)
    asks = lambda who: request(port, "GET", "/v1/threads", headers=who).status
    text = gateway.config_path.read_text()
    assert asks(ann) == asks(other) == 200
    try:
        gateway.config_path.write_text(text.replace(OPS, instead))
        gateway.reload()
        wait_until(lambda: asks(ann) == 401, "the session to end")
        assert enter(port, links[1]).status == 403 and asks(other) == 200
    finally:
        gateway.config_path.write_text(text)
        gateway.reload()
    assert asks(ann) == 401			# that it is back brings nobody back


@pytest.mark.parametrize("secret", ["", "x", "A" * 43, "A" * 60])
def test_what_is_no_secret_opens_nothing(port, secret):
    assert enter(port, secret).status == 403


def test_bodies_that_are_none(port):
    for body in (b"", b"{}", b"[]", b"{\"secret\": 1}", b"{\"secret\": \"x\", \"more\": 1}", b"{\"secret\": \"" + b"x" * 100 + b"\"}", b"x" * 5000):
        answer = request(port, "POST", "/console/session", body, {"Content-Type": "application/json", **OWN})
        assert answer.status in (400, 403, 413, 422) and "Set-Cookie" not in answer.headers, body[:40]


def test_links_and_sessions_end_in_time(start):
    gateway = start()
    port = gateway.status()["console_port"]
    late, kept = (secret_of(gateway.api("POST", "/v1/console/links", {"name": "ann"}).json) for _ in range(2))
    session = {"Cookie": cookie_of(enter(port, kept)), **OWN}
    gateway.advance(minutes=10)
    assert enter(port, late).status == 403
    gateway.advance(hours=11, minutes=49)
    ends = lambda: request(port, "GET", "/console/session", headers=session).json["expires_at"]
    first = ends()
    assert request(port, "GET", "/v1/threads", headers=session).status == 200	# used: twelve hours from now on,
    wait_until(lambda: ends() > first, "the store hears of it")
    gateway.advance(hours=11, minutes=59)
    assert request(port, "GET", "/console/session", headers=session).status == 200
    gateway.advance(hours=12)
    assert request(port, "GET", "/console/session", headers=session).status == 401
    assert request(port, "GET", "/v1/threads", headers=session).status == 401


@pytest.mark.parametrize("body, detail", [
    ({"name": "ann", "role": "owner"}, "viewer, operator or admin"), ({}, "who it is for"), ({"name": "a b"}, "who it is for"),
    ({"name": "x" * 65}, "who it is for"), ({"name": ""}, "who it is for")])
def test_an_invitation_says_what_is_wrong_with_it(world, body, detail):
    answer = world.gateway.api("POST", "/v1/console/links", body)
    assert answer.status == 400 and detail in answer.json["detail"]


def test_who_signs_in_writes_and_signs_out_is_told_of_by_name_and_role(world, port):
    session = sign_in(world, port, name="olga", role="operator")
    thread = world.thread()["id"]
    assert request(port, "POST", f"/v1/threads/{thread}/notes", b'{"text": "n"}', session).status == 201
    assert request(port, "POST", "/v1/tokens", b'{}', session).status == 403
    assert request(port, "DELETE", "/console/session", headers=session).status == 204
    rows = wait_until(lambda: (all := world.gateway.get("/v1/audit?principal=console:olga")["audits"]) and len(all) == 4 and all, "four rows")
    assert [(row["action"], row["outcome"], row["capacity"]) for row in rows] == [
        (action, outcome, "operator") for action, outcome in (("console.sign_out", "ok"), ("token.create", "forbidden"), ("thread.note", "ok"),
                                                              ("console.sign_in", "ok"))]


def test_headgatectl_prints_the_link_alone(world, port):
    done = world.gateway.ctl("console", "--role", "viewer", "--name", "vic", check=0)
    assert re.fullmatch(rf"http://127\.0\.0\.1:{port}/#login=[\w-]{{43}}\n", done.stdout)
    assert "console:vic" in done.stderr and "viewer" in done.stderr
    assert enter(port, done.stdout.strip().split("#login=")[1]).json["role"] == "viewer"
    assert json.loads(world.gateway.ctl("--json", "console", check=0).stdout)["role"] == "admin"
    assert "did you mean" in world.gateway.ctl("console", "--role", "viewr", check=2).stderr


# ---- what a session may ----

def test_a_session_calls_the_api_with_its_roles_scopes(world, port):
    thread = world.thread()["id"]
    for role, read, note, token in (("viewer", 200, 403, 403), ("operator", 200, 201, 403), ("admin", 200, 201, 201)):
        session = sign_in(world, port, role=role)
        assert request(port, "GET", f"/v1/threads/{thread}", headers=session).status == read
        assert request(port, "POST", f"/v1/threads/{thread}/notes", b'{"text": "n"}', session).status == note
        assert request(port, "POST", "/v1/console/links", b'{"name": "bo"}', session).status == token


def test_without_a_session_there_is_nothing(world, port):
    for headers in ({}, {"Cookie": "hg_console=" + "A" * 43}, {"Authorization": f"Bearer {harness.API_TOKEN}"}):
        for path in ("/v1/threads", "/v1/status", "/console/session"):
            assert request(port, "GET", path, headers={**OWN, **headers}).status == 401, (path, headers)
    for path in ("/metrics", "/livez", "/channel/wa-main/webhook", "/widget/v1.js", "/v1", "/console", "/console/other"):
        assert request(port, "GET", path, headers=OWN).status == 404, path


def test_signing_out_ends_what_goes_on(world, port):
    session, other = sign_in(world, port), sign_in(world, port, name="ben")
    again = sign_in(world, port)
    stream = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    stream.request("GET", "/v1/events/stream", headers=session)
    reply = stream.getresponse()
    assert reply.status == 200 and reply.readline() == b"\n"
    out = request(port, "DELETE", "/console/session", headers=session)
    assert out.status == 204 and "Max-Age=0" in out.headers["Set-Cookie"]
    while reply.readline():		# its end, and not the patience of this connection
        pass
    stream.close()
    assert request(port, "GET", "/v1/threads", headers=session).status == 401
    assert request(port, "GET", "/v1/threads", headers=again).status == 200
    assert request(port, "DELETE", "/console/session?everywhere=true", headers=again).status == 204
    assert request(port, "GET", "/v1/threads", headers=again).status == 401
    assert request(port, "GET", "/v1/threads", headers=other).status == 200


def test_who_converts_says_by_which_address_the_helpdesk_knows_the_customer(start, graph, helpdesk):
    gateway = start(rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d")
    graph.say("447700900123", "my lamp is broken")
    thread = gateway.wait_thread()[0]["id"]
    for wrong in ("ann", "ann@", "write to ann@example.org", "a@b.example, c@d.example", "<ann@example.org>\r\nX: y", "x" * 250 + "@example.org"):
        assert gateway.api("POST", f"/v1/threads/{thread}/convert", dict(requester=wrong)).status in (400, 422), wrong
    made = gateway.api("POST", f"/v1/threads/{thread}/convert", dict(requester="ann@example.org", agent="ben"))
    assert made.status == 200 and gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["requester"] == "ann@example.org"
    requester = helpdesk.wait_event("ticket.requested").data["requester"]
    assert (requester["email"], requester["proven"]) == ("ann@example.org", False)	# said, and proven by nothing
    contact = gateway.get(f"/v1/threads/{thread}")["thread"]["contact"]
    assert contact["email"] is None and contact["fields"]["claimed_email"] == "ann@example.org"


# ---- other sites' pages ----

def test_what_other_pages_begin_is_refused(world, port):
    session = sign_in(world, port)
    here = f"http://127.0.0.1:{port}"
    path = f"/v1/threads/{world.thread()['id']}/notes"
    write = ("POST", path, b'{"text": "n"}')
    plain = {"Cookie": session["Cookie"]}
    for what, headers, status in [
            (write, {**session}, 201),			# no browser
            (write, {**session, "Origin": here, "Sec-Fetch-Site": "same-origin"}, 201),
            (write, plain, 403),			# a form of another site cannot say who it is
            (write, {**plain, "Origin": here, "Sec-Fetch-Site": "same-origin"}, 403),
            (write, {**session, "Origin": "https://evil.example"}, 403),
            (write, {**session, "Origin": "null"}, 403),
            (write, {**session, "Origin": f"http://127.0.0.1:{world.gateway.port}"}, 403),	# another port is another site's
            (write, {**session, "Sec-Fetch-Site": "cross-site"}, 403),
            (write, {**session, "Sec-Fetch-Site": "same-site"}, 403),
            (write, {**session, "Sec-Fetch-Site": "none"}, 403),
            (("GET", "/v1/threads", None), plain, 200),
            (("GET", "/v1/threads", None), {**plain, "Sec-Fetch-Site": "none"}, 200),		# a download
            (("GET", "/v1/threads", None), {**plain, "Sec-Fetch-Site": "cross-site"}, 403),
            (("GET", "/v1/threads", None), {**plain, "Origin": "https://evil.example"}, 403),
            (("DELETE", "/console/session", None), plain, 403)]:
        answer = request(port, *what, headers)
        assert answer.status == status, (what[0], headers, answer)
    secret = secret_of(invite(world))
    assert request(port, "POST", "/console/session", json.dumps({"secret": secret}), {"Origin": "https://evil.example"}).status == 403
    assert request(port, "POST", "/console/session", json.dumps({"secret": secret}), {}).status == 403
    assert enter(port, secret).status == 201	# it was not used up


# ---- files ----

def served(name):
    path = DIST / name
    return f"/assets/{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:10]}{path.suffix}"


def test_the_page_is_served_with_a_policy_that_lets_nothing_else_in(port):
    page = request(port, "GET", "/")
    assert page.status == 200 and page.body == (DIST / "index.html").read_bytes()
    policy = {rule.split()[0]: rule.split()[1:] for rule in page.headers["Content-Security-Policy"].split("; ")}
    assert policy["default-src"] == ["'none'"] and policy["frame-ancestors"] == ["'none'"] and policy["base-uri"] == ["'none'"]
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == ["'self'"]
    assert policy["require-trusted-types-for"] == ["'script'"] and policy["trusted-types"] == ["'none'"]
    assert page.headers["Referrer-Policy"] == "no-referrer" and page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Cache-Control"] == "no-cache" and page.headers["X-Content-Type-Options"] == "nosniff"
    assert b"<script>" not in page.body and b"style=" not in page.body and b" on" not in page.body.replace(b" once", b"")
    assert request(port, "GET", "/", headers={"If-None-Match": page.headers["ETag"]}).status == 304


def test_files_are_served_under_their_hash_for_ever(port):
    page = request(port, "GET", "/").body.decode()
    for name in ("main.js", "console.css"):
        assert served(name) in page
        answer = request(port, "GET", served(name), headers={"Accept-Encoding": "gzip"})
        assert answer.status == 200 and gzip.decompress(answer.body) == (DIST / name).read_bytes()
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin" and "Access-Control-Allow-Origin" not in answer.headers
    for path in ("/assets/", "/assets/main.js", "/assets/index.html", "/assets/nothing.js", "/assets/../x", "/index.html"):
        assert request(port, "GET", path).status in (400, 404), path
    assert request(port, "POST", "/").status == 405
    assert request(port, "PUT", "/console/session", headers=OWN).status == 405
    assert request(port, "HEAD", "/").body == b""


def test_all_of_it_weighs_less_than_60_kb():
    assert sum(len(gzip.compress(p.read_bytes(), 9)) for p in DIST.iterdir() if p.name != "files.inc") <= 60 * 1024


def test_what_is_committed_is_what_the_sources_build():
    for tool, package in (("esbuild", "esbuild"), ("tsc", "node-typescript")):
        assert shutil.which(tool), f"{tool} is missing: apt-get install {package}"
    done = subprocess.run(["/usr/bin/python3", "-B", BUILD, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_markup_is_never_made_of_text():
    """What trusted types refuse at run time is not even written: elements are made one by one."""
    for path in (TOP / "console" / "src").rglob("*.ts"):
        found = re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|\beval\b|new Function", path.read_text())
        assert not found, (path, found)


def test_pure_functions(tmp_path):
    """node --test of console/test."""
    subprocess.run(["/usr/bin/python3", "-B", BUILD, "--tests", tmp_path], check=True)
    tests = sorted(str(p) for p in tmp_path.glob("*.test.mjs"))
    assert tests
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


# ---- when it is not served ----

def test_a_port_that_is_taken_stops_nothing_else(start, world, port):
    gateway = start(change=lambda text: text.replace("console: { listen: \"127.0.0.1:0\" }", f"console: {{ listen: 127.0.0.1:{port} }}"))
    assert gateway.status()["console_port"] == 0 and "console.not_served" in gateway.log()
    done = gateway.ctl("console", check=5)
    assert "the console is not served" in done.stderr
    off = start(change=lambda text: text.replace("console: { listen: \"127.0.0.1:0\" }", "console: { enabled: false }"))
    assert off.status()["console_port"] == 0 and "console.enabled is false" in off.ctl("console", check=5).stderr


def test_links_and_cookies_behind_a_proxy_with_tls(start):
    gateway = start(change=lambda text: text.replace("console: { listen: \"127.0.0.1:0\" }",
                                                     "console: { listen: '127.0.0.1:0', public_url: 'https://console.acme.example' }"))
    link = gateway.api("POST", "/v1/console/links", {"name": "ann"}).json
    assert link["url"].startswith("https://console.acme.example/#login=")
    port = gateway.status()["console_port"]
    answer = enter(port, secret_of(link), Host="console.acme.example", Origin="https://console.acme.example")
    assert answer.status == 201 and answer.headers["Set-Cookie"].endswith("; Secure")
    gateway.write_config(gateway.config_path.read_text().replace("https://console.acme.example", "https://desk.acme.example"))
    gateway.reload()
    assert gateway.api("POST", "/v1/console/links", {"name": "ann"}).json["url"].startswith("https://desk.acme.example/")
    assert request(port, "GET", "/console/session", headers={"Cookie": cookie_of(answer)}).status == 200
