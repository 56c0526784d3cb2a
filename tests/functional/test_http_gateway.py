"""The http adapter in the daemon: what a described provider posts, as far as the store and back, and what
`headgatectl check` says of descriptions."""
import hashlib
import hmac
import json

import pytest

import harness
import postgres
from conftest import AT_ONCE, config_text, finish
from harness import wait_until
from test_ctl import ctl

TOKEN = "http-adapter-token-of-tests"
ANA, SHOP = "447700900123", "447700900999"
DESCRIPTION = {
    "name": "Made up", "country": "GB", "codes": {"9": {"class": "contact", "advice": "This number is gone."}},
    "in": [
        {"path": "in", "type": "json", "auth": {"hmac": {"secret": "token", "over": "${url}|${body}", "at": "$header:X-Sig"}}, "each": "items[]",
         "cases": [
             {"when": {"kind": "sms"}, "message": {"id": "id", "from": "from", "to": "to", "text": "text",
                                                   "parts": {"ref": "ref", "part": "part", "total": "total", "wait": "1m"}}},
             {"when": {"kind": "dlr"}, "status": {"id": "id", "state": {"path": "s", "map": {"D": "delivered", "F": "failed"}}, "code": "code"}}],
         "reply": {"accepted": {"status": 201, "type": "text/xml", "body": "<taken/>"}, "duplicate": {"status": 208, "body": "again"},
                   "ignored": 204, "busy": {"status": 502, "body": "later", "retry_after": "9s"},
                   "bad_signature": {"status": 403, "body": "no"}, "bad_payload": {"status": 422, "body": "what?"}}},
        {"path": "in", "method": "GET", "verify": {"token": "$query:t", "secret": "token", "echo": "$query:c"}},
        {"path": "plain/$secret:token", "type": "query", "method": "GET", "message": {"id": "id", "from": "from", "text": "text"}},
    ],
}


def lines(description, **more):
    said = dict({"description": description, "secrets": {"token": "env:TEST_HTTP_TOKEN"}, "public_url": "https://chat.acme.example"}, **more)
    return "".join(f"    {key}: {json.dumps(value)}\n" for key, value in said.items())


def config(text, url="http://127.0.0.1:9"):
    whole = config_text("http://127.0.0.1:9", url, rules=AT_ONCE)
    head, rest = whole.split("  wa-main:\n", 1)
    return f"{head}  line:\n    adapter: http\n{text}rules:\n{rest.split('rules:', 1)[1]}"


@pytest.fixture
def gateway(helpdesk, tmp_path):
    gateway = harness.Gateway(tmp_path, config(lines(DESCRIPTION), helpdesk.url), {"TEST_HTTP_TOKEN": TOKEN}).start()
    yield gateway
    problems = finish(gateway)
    assert not problems, "\n".join(problems)


def post(gateway, *items, path="in", body=None, secret=TOKEN):
    body = json.dumps({"items": list(items)}).encode() if body is None else body
    url = f"https://chat.acme.example/channel/line/{path}".encode()
    mac = hmac.new(secret.encode(), url + b"|" + body, hashlib.sha256).hexdigest()
    return gateway.http("POST", f"/channel/line/{path}", body, {"X-Sig": mac, "Content-Type": "application/json"})


def sms(id, text="hello", **more):
    return dict({"kind": "sms", "id": id, "from": ANA, "to": SHOP, "text": text}, **more)


def said(gateway):
    return [m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["direction"] == "inbound"]


def test_each_outcome_is_answered_as_the_description_says(gateway):
    taken = post(gateway, sms("1"))
    assert (taken.status, taken.body, taken.headers["Content-Type"]) == (201, b"<taken/>", "text/xml")
    assert said(gateway) == ["hello"]		# before the answer
    again = post(gateway, sms("1"))
    assert (again.status, again.body) == (208, b"again")
    assert (post(gateway).status, post(gateway, sms("2"), secret="other").status) == (204, 403)
    assert post(gateway, body=b"{").status == 422
    assert said(gateway) == ["hello"]
    mixed = post(gateway, sms("1"), sms("3", "and more"), {"kind": "odd"})
    assert mixed.status == 201 and sorted(said(gateway)) == ["and more", "hello"]
    assert gateway.http("GET", "/channel/line/nowhere").status == 404
    assert gateway.http("PUT", "/channel/line/in", b"{}").status == 405


def test_a_handshake_and_a_secret_in_the_path(gateway):
    echo = gateway.http("GET", f"/channel/line/in?t={TOKEN}&c=4711")
    assert (echo.status, echo.body) == (200, b"4711")
    assert gateway.http("GET", "/channel/line/in?t=wrong&c=4711").status == 403
    assert gateway.http("GET", f"/channel/line/plain/{TOKEN}?id=7&from=%2B{ANA}&text=by+GET").status == 200
    assert gateway.http("GET", f"/channel/line/plain/{TOKEN[:-1]}?id=8&from=%2B{ANA}&text=forged").status == 404
    assert said(gateway) == ["by GET"]
    assert TOKEN not in gateway.log()


def test_pieces_become_one_message(gateway):
    assert post(gateway, sms("p2", "world", ref=5, part=2, total=2)).status == 201
    assert post(gateway, sms("p1", "hello ", ref=5, part=1, total=2)).status == 201
    wait_until(lambda: said(gateway) == ["hello world"], "the whole message")


@postgres.only_on_sqlite	# the disk of a server is not ours to see
def test_a_full_disk_is_answered_so_that_the_provider_comes_again(helpdesk, tmp_path):
    text = config(lines(DESCRIPTION), helpdesk.url).replace("min_free: 1MiB", "min_free: 1000GiB")
    gateway = harness.Gateway(tmp_path, text, {"TEST_HTTP_TOKEN": TOKEN}).start()
    try:
        busy = post(gateway, sms("1"))
        assert (busy.status, busy.body, busy.headers.get("Retry-After")) == (502, b"later", "9")
    finally:
        finish(gateway)


def test_a_changed_description_is_taken_over_by_a_reload(helpdesk, tmp_path):
    (tmp_path / "sms.yaml").write_text(json.dumps(DESCRIPTION))
    gateway = harness.Gateway(tmp_path, config(lines("sms.yaml"), helpdesk.url), {"TEST_HTTP_TOKEN": TOKEN}).start()
    try:
        assert post(gateway, sms("1")).status == 201
        changed = json.loads(json.dumps(DESCRIPTION))
        changed["in"][0]["reply"]["accepted"] = 202
        (tmp_path / "sms.yaml").write_text(json.dumps(changed))
        gateway.reload()
        wait_until(lambda: post(gateway, sms("2")).status in (202, 208), "the new description")
        assert post(gateway, sms("3")).status == 202
    finally:
        problems = finish(gateway)
    assert not problems, problems


# ---- what is wrong with a description is said where it is ----

def check(folder, description, env=TOKEN, **more):
    """The findings of `headgatectl check`: [(file, line, text)]."""
    (folder / "store").mkdir(exist_ok=True)
    (folder / "sms.yaml").write_text(description)
    text = config(lines("sms.yaml", **more)).replace("@FOLDER@", str(folder))
    (folder / "headgate.yaml").write_text(text)
    done = ctl("--json", "check", folder / "headgate.yaml", env={
        "TEST_HTTP_TOKEN": env, "TEST_API_TOKEN": harness.API_TOKEN, "TEST_WEBHOOK_SECRET": harness.WEBHOOK_SECRET,
        "TEST_SECOND_SECRET": harness.SECOND_SECRET})
    found = json.loads(done.stdout)
    return [(f["file"].rsplit("/", 1)[-1], f["line"], f["text"].removeprefix("channel line: ")) for f in found["findings"]]


WRONG = """\
name: A provider
contry: GB
in:
  - path: sms
    method: PATCH
    type: jsn
    auth:
      - hmca: { secret: token }
    message:
      id: results[].id
      from: { path: form..x, do: [trim, strp, { strip: 1, digits: 2 }, { plus: 3 }, strip] }
      text: $heder:X
      sent: { path: date, time: "%Q" }
      files: { each: "media[]", url: "a[b]", count: n }
  - path: "a b"
    auth: { hmac: { secret: gone, over: "${boddy}${sha256(bodi)}", at: $header:X, digest: sha257 } }
    cases:
      - when: { type: }
        message: { from: a }
        status: { id: b }
      - status: { state: { path: s, map: { A: deliverd } } }
      - verify: { confirm: url }
      - {}
  - path: c
    message: { id: { hash: [from, text] }, from: from, text: text }
codes: { "1": opted_uot, "2": { class: permanent, retry: 5s } }
"""


def test_every_mistake_of_a_description_is_told_with_its_line(tmp_path):
    found = check(tmp_path, WRONG)
    # The file, the line, and words of what is said there.
    want = [
        (2, "there is no 'contry' here: did you mean 'country'?"), (5, "'PATCH' is none of GET, POST, PUT"),
        (6, "'jsn' is none of json, form, xml, query, multipart, text: did you mean 'json'?"), (8, "there is no 'hmca' here: did you mean 'hmac'?"),
        (10, "the path 'results[].id' [] is for all of a list, and one value is wanted here: [0] is the first, [-1] the last at character 8"),
        (11, "the path 'form..x' wants a key behind the dot at character 6"), (11, "there is no 'strp' to do: did you mean 'strip'?"),
        (11, "each step is a word (trim) or a map of one"), (11, "'plus' is written alone, without a value"), (11, "'strip' wants a value: { strip: ... }"),
        (12, "the path '$heder:X' there is no $heder (did you mean $header?) at character 1"), (13, "'%Q' has %Q, which means nothing here"),
        (14, "the path 'a[b]' wants a number from -1000 to 1000, or a key in quotes, between [ and ]"), (14, "is for numbered fields"),
        (15, "'a b' is no path below the channel's"), (16, "${sha256(bodi)} means nothing here"), (16, "'sha257' is none of md5, sha1, sha256"),
        (18, "what must stand there is missing"), (20, "an item is one thing: 'message' or 'status', not both"), (21, "'deliverd' is none of ignore, sent, delivered"),
        (21, "needs 'id' (the provider's"), (22, "'hosts' is missing"), (23, "what is it? message, status, consent, verify or ignore is missing"),
        (24, "'auth' is missing: how do we know that it is the provider who calls?"), (25, "'within' is missing"),
        (26, "'opted_uot' is none of retry, throttle, permanent"), (26, "is for the classes retry and throttle"),
    ]
    told = [f for f in found if f[0] == "sms.yaml"]
    for line, words in want:
        assert any(f[1] == line and words in f[2] for f in told), (line, words, told)
    # What the channel lacks is said of the channel.
    assert [f[2] for f in found if f[0] == "headgate.yaml"] == ["the description wants 'gone': write it under secrets: (gone: env:NAME, file:PATH or credential:NAME)"]
    assert len(found) <= len(want) + 6, found


def test_one_mistake_is_one_finding_where_it_stands(tmp_path):
    good = json.dumps(DESCRIPTION, indent=1)
    assert check(tmp_path, good) == []
    lines_ = good.splitlines()
    at = next(i for i, line in enumerate(lines_) if '"over"' in line)
    lines_[at] = lines_[at].replace("${body}", "${bdy}")
    assert check(tmp_path, "\n".join(lines_)) == [("sms.yaml", at + 1, "${bdy} means nothing here: did you mean ${body}?")]


def test_what_the_channel_must_give_is_said_of_the_channel(tmp_path):
    good = json.dumps(DESCRIPTION)
    assert [f[2] for f in check(tmp_path, good, secrets={"other": "env:TEST_HTTP_TOKEN"})] == [
        "the description wants 'token': write it under secrets: (token: env:NAME, file:PATH or credential:NAME)"]
    found = check(tmp_path, good, public_url="https://x.example", country="XX")
    assert [f[2] for f in found] == ["country is two letters such as GB (ISO 3166-1)"]


def test_the_source_line_of_a_description_is_shown(tmp_path):
    check(tmp_path, "name: x\nin:\n  auth: { token: { at: $header:X, secert: token } }\n  ignore: true\n")
    done = ctl("check", tmp_path / "headgate.yaml", env={"TEST_HTTP_TOKEN": TOKEN, "TEST_API_TOKEN": harness.API_TOKEN,
                                                       "TEST_WEBHOOK_SECRET": harness.WEBHOOK_SECRET, "TEST_SECOND_SECRET": harness.SECOND_SECRET})
    assert "     3 |   auth: { token: { at: $header:X, secert: token } }\n" in done.stderr, done.stderr
    assert "there is no 'secert' here: did you mean 'secret'?" in done.stderr and done.returncode == 78


# ---- headgatectl adapter test ----

def test_samples_are_played_and_what_differs_is_shown(tmp_path):
    sample = {"name": "a message", "made_up": True, "request": {"path": "in", "json": {"items": []}}, "expect": {"reply": 200}}
    path = tmp_path / "d.yaml"
    path.write_text(json.dumps(dict(DESCRIPTION, samples={"given": {"secrets": {"token": "x"}, "public_url": "https://x.example"}, "in": [sample]})))
    done = ctl("adapter", "test", path)
    assert done.returncode == 1 and "FAIL  a message (made up)\n  reply.status: expected 200, got 403\n1 sample, 1 failed, 1 made up\n" in done.stdout
    sample["expect"]["reply"] = 403
    path.write_text(json.dumps(dict(DESCRIPTION, samples={"given": {"secrets": {"token": "x"}, "public_url": "https://x.example"}, "in": [sample]})))
    done = ctl("adapter", "test", path)
    assert (done.returncode, done.stdout.splitlines()[1:]) == (0, ["ok    a message (made up)", "1 sample, 0 failed, 1 made up"])
    path.write_text(json.dumps(DESCRIPTION))
    assert ctl("adapter", "test", path).returncode == 78		# needs a secret that no sample gives
    path.write_text('{"name": "x", "in": {"auth": "none", "ignore": true}}')
    done = ctl("adapter", "test", path)
    assert (done.returncode, done.stderr) == (1, "headgatectl: there are no samples\n")
    assert ctl("adapter", "test", tmp_path / "gone.yaml").returncode == 78
    assert ctl("adapter", "test").returncode == ctl("adapter", "tset", path).returncode == 2


@pytest.mark.parametrize("wrong, said_", [
    ({"requst": {}}, "requst means nothing here"), ({"made_up": False}, "it says neither where it was seen nor made_up: true"),
    ({"expect": {"reply": 200, "mesages": []}}, "mesages means nothing here"), ({"request": None}, "it needs a request and what to expect of it"),
    ({"request": {"bdy": ""}}, "request.bdy means nothing here"), ({"expect": {"messages": [{"txt": "a"}]}}, "messages[0].txt means nothing here"),
])
def test_a_sample_that_expects_nothing_that_could_come_has_failed(tmp_path, wrong, said_):
    sample = dict({"name": "s", "made_up": True, "request": {"path": "s", "json": {"id": 1, "from": ANA, "text": "a"}}, "expect": {"reply": 200, "messages": [{}]}}, **wrong)
    path = tmp_path / "d.yaml"
    path.write_text(json.dumps({"name": "x", "in": {"path": "s", "type": "json", "auth": "none", "message": {"id": "id", "from": "from", "text": "text"}},
                                "samples": {"in": [sample]}}))
    done = ctl("adapter", "test", path)
    assert done.returncode == 1 and said_ in done.stdout, done.stdout


def test_a_channel_of_the_configuration_is_tested_with_what_the_samples_give(tmp_path):
    sample = {"name": "s", "made_up": True, "request": {"path": "in", "method": "GET"}, "expect": {"reply": 403}}
    check(tmp_path, json.dumps(dict(DESCRIPTION, samples={"given": {"secrets": {"token": "x"}, "public_url": "https://x.example"}, "in": [sample]})))
    env = {"TEST_HTTP_TOKEN": TOKEN, "TEST_API_TOKEN": harness.API_TOKEN, "TEST_WEBHOOK_SECRET": harness.WEBHOOK_SECRET, "TEST_SECOND_SECRET": harness.SECOND_SECRET}
    done = ctl("-c", tmp_path / "headgate.yaml", "--json", "adapter", "test", "line", env=env)
    assert done.returncode == 0 and json.loads(done.stdout)["results"] == [
        {"description": "line", "samples": [{"name": "s", "passed": True, "made_up": True, "text": None}]}]
    assert ctl("-c", tmp_path / "headgate.yaml", "adapter", "test", "other", env=env).returncode == 4
