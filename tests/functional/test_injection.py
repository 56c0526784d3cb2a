"""Texts of strangers that try to be more than text: in logs, terminals, spreadsheets, SQL, templates, headers, files
and metrics (hostile.py has the texts).  What was said is kept as it was said, and steers nothing."""
import csv
import io
import json
import os
import pty
import re
import select
import sqlite3
import subprocess
import unicodedata
import urllib.parse
import uuid

import pytest

import conftest
import fake_channel
import harness
from hostile import HEADER, LOG, MARKUP, NAMES, SHEET, SQL, TEMPLATE, TERMINAL, TEXTS
from records import record

SUBJECT = "for ${contact.name|nobody}: ${contact.locale|no language} in ${thread.id}"
RULES = conftest.NOISE + f"""\
  - name: everything at once
    when: {{ kind: [text, image, file, unsupported] }}
    do: {{ convert: {{ subject: "{SUBJECT}", custom: {{ who: "${{contact.name}}" }} }} }}
"""
CONFIG = dict(rules=RULES, confirm="Hello ${name|you}, this is ${number}.", env=fake_channel.ENV, top="settle: 20s")


def is_unseen(c):
    return unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")


def kept(text):
    """As it is kept: NUL cannot be, and what is no character neither."""
    return text.replace("\0", "\ufffd").encode("utf-16", "surrogatepass").decode("utf-16", "replace")


@pytest.fixture(scope="module")
def told(world):
    """Every hostile text has been said by a customer of that name, with a file of that name; the threads by number."""
    found = []
    for i, text in enumerate(TEXTS):
        customer, file = world.customer(), world.graph.add_media(b"%PDF-1.4", "application/pdf")
        payload = world.graph.media(customer, "document", file, text[:1024], name=text[:500] or "x", filename=text)
        payload["entry"][0]["changes"][0]["value"]["messages"][0]["id"] = "wamid." + text
        assert world.graph.deliver(payload) == 200, text
        assert world.graph.say(customer, text or "x", name=text[:500] or "x") == 200
        found.append((customer, text))
    world.helpdesk.wait(lambda h: len(h.of("ticket.requested")) >= len(TEXTS), "the tickets")
    threads = {}
    path = "/v1/threads?limit=500"
    while path:
        page = world.gateway.get(path)
        for thread in page["threads"]:
            threads[thread["reply_to"]] = thread
        path = f"/v1/threads?limit=500&before={page['next']}" if page.get("next") else None
    return [(threads[f"tel:{customer}"], text) for customer, text in found]


# ---- what it is ----

def test_what_was_said_is_what_the_api_and_the_helpdesk_get(world, told):
    events = {d.data["thread"]["id"]: d for d in world.helpdesk.of("ticket.requested")}
    for thread, text in told:
        said = [m for m in world.gateway.messages(thread["id"]) if m["direction"] == "inbound"]
        assert kept(text) in [m["text"] for m in said], text
        event = events[thread["id"]]
        assert json.loads(event.raw)["data"]["thread"]["id"] == thread["id"]
    record("inject.cases", 2 * len(told))


# ---- logs ----

LOGFMT = re.compile(r'ts=\S+ level=(debug|info|warn|error) event=[a-z_.]+( [a-z_]+=([^\s"=\\]*|"([^"\\\x00-\x1f]|\\.)*"))*')


def check_log(log, json_lines):
    for line in log.splitlines():
        assert not [c for c in line if is_unseen(c)], repr(line)
        if json_lines:
            read = json.loads(line)
            assert set(read) >= {"ts", "level", "event"} and read["event"] != "forged", line
        else:
            assert LOGFMT.fullmatch(line), line


def attack_log(gateway, graph):
    """All that is logged of what strangers send: paths, headers, tokens, ids, reasons."""
    for text in TEXTS:
        quoted = urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")
        gateway.http("GET", f"/v1/threads/{quoted}"[:1900])
        gateway.http("POST", f"/channel/{quoted}/webhook"[:1900], b"x")
        gateway.http("POST", "/channel/wa-main/webhook", b"x", {"X-Hub-Signature-256": quoted[:2000]})
        gateway.api("GET", f"/v1/threads?contact={quoted}"[:1900])
        body = graph.text("+447700900123", text)
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = text	# a number that is none of ours
        graph.deliver(body)
        graph.deliver({"object": text, "entry": [{"changes": [{"field": text, "value": {text: text}}]}]})
        graph.deliver({"object": "whatsapp_business_account", "entry": [{"changes": [{"field": "messages", "value": {
            "metadata": {"phone_number_id": conftest.PHONE_NUMBER_ID}, "statuses": [{"id": text, "status": "failed",
             "recipient_id": text, "errors": [{"code": 131026, "title": text, "message": text}]}]}}]}]})


@pytest.mark.parametrize("form", ["logfmt", "json"])
def test_a_line_of_the_log_is_one_line_and_nothing_in_it_is_unseen(start, graph, helpdesk, form):
    gateway = start(rules=conftest.NOISE + conftest.AT_ONCE, begin=False)
    text = gateway.config_path.read_text()
    gateway.write_config(text.replace("  log_level: debug\n", f"  log_level: debug\n  log_format: {form}\n"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    answers = iter(TEXTS)
    helpdesk.answer = lambda d: (500, {}, "") if (text := next(answers, None)) is None else \
        (200, {}, json.dumps({"ticket": {"id": text, "number": text, "url": "https://x/" + text}}))
    attack_log(gateway, graph)
    for i, text in enumerate(TEXTS[::8]):
        graph.fail(131026, details=text, to=f"4479501{i:05}")
        assert graph.say(f"+4479501{i:05}", text or "x", name=text[:500] or "x") == 200
        thread = next(t for t in gateway.threads(limit=500) if t["reply_to"] == f"tel:+4479501{i:05}")
        gateway.reply(thread["id"], text or "x", agent=text[:100] or "x")
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "the calls")
    log = gateway.log()
    assert len(log.splitlines()) > 20
    check_log(log, form == "json")
    record("inject.cases", len(TEXTS))


# ---- terminals ----

def on_terminal(gateway, *args):
    """What a terminal gets of headgatectl."""
    master, slave = pty.openpty()
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters/.libs"), TERM="xterm-256color", **gateway.env)
    env.update(TEST_API_TOKEN=harness.API_TOKEN, TEST_WEBHOOK_SECRET=harness.WEBHOOK_SECRET, TEST_SECOND_SECRET=harness.SECOND_SECRET)
    env.pop("NO_COLOR", None)
    process = subprocess.Popen([str(harness.BUILD / "headgatectl"), "--socket", str(gateway.socket), *args], stdin=slave,
                               stdout=slave, stderr=slave, env=env)
    os.close(slave)
    got = b""
    while select.select([master], [], [], harness.PATIENCE)[0]:
        try:
            more = os.read(master, 65536)
        except OSError:		# the other end is closed
            break
        if not more:
            break
        got += more
    os.close(master)
    assert process.wait(harness.PATIENCE) in (0, 1), got
    return got.decode()


def check_terminal(shown, what):
    """Colours, line ends, tabs, and joiners of emoji and scripts are all that may be there."""
    left = re.sub(r"\x1b\[[0-9;]*m|\r\n|\r?\n|\t", "", shown)
    bad = sorted({c for c in left if is_unseen(c) and c not in "\u200c\u200d"})
    assert not bad, (what, [hex(ord(c)) for c in bad])


def test_nothing_steers_the_terminal_of_who_looks(world, told):
    gateway, shown = world.gateway, 0
    calls = [("thread", "list", "--limit", "500"), ("--json", "thread", "list", "--limit", "500"), ("outbox",), ("--json", "outbox"),
             ("status",), ("--json", "status"), ("fsck",), ("drops",), ("--json", "drops"), ("report",), ("--json", "report"),
             ("report", "--csv"), ("report", "--csv", "--episodes"), ("--json", "report", "--episodes"), ("queue",),
             ("contact",), ("--json", "contact"), ("audit",), ("--json", "audit"), ("consent",)]
    for thread, text in told:
        calls += [("thread", "show", thread["id"]), ("--json", "thread", "show", thread["id"])]
        if text in TERMINAL:
            calls += [("explain", thread["id"]), ("--json", "explain", thread["id"])]
    picked = calls if os.environ.get("HEADGATE_FULL") else calls[:20] + calls[20::5]
    for call in picked:
        got = on_terminal(gateway, *call)
        check_terminal(got, call)
        shown += 1
        if "--json" in call and "show" in call:		# the same JSON as to a file
            piped = gateway.ctl(*call, check=0).stdout
            assert [json.loads(line) for line in got.split("\r\n") if line] == [json.loads(line) for line in piped.split("\n") if line]
    record("inject.cases", shown)


def test_what_is_wrong_with_a_configuration_is_shown_and_does_not_steer(tmp_path):
    for i, text in enumerate(TERMINAL + LOG):
        path = tmp_path / f"{i}.yaml"
        path.write_text(f"config_version: 1\ngateway:\n  name: \"{text}\"\n  lissten: '{text}'\nchannels: {{ \"{text}\": 1 }}\n",
                        encoding="utf-8")
        path.chmod(0o600)
        master, slave = pty.openpty()
        process = subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(path)], stdin=slave, stdout=slave, stderr=slave,
                                 env=dict(os.environ, TERM="xterm"), timeout=harness.PATIENCE)
        os.close(slave)
        got = b""
        while select.select([master], [], [], 0)[0]:
            try:
                got += os.read(master, 65536)
            except OSError:
                break
        os.close(master)
        assert process.returncode in (1, 78) and got
        check_terminal(got.decode(), text)
    record("inject.cases", len(TERMINAL + LOG))


# ---- spreadsheets ----

def test_no_cell_of_a_report_is_a_formula(world, told):
    texts = [t for t in SHEET + HEADER + LOG if not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", t)]
    for text in texts:
        thread = world.thread()["id"]
        answer = world.gateway.api("POST", f"/v1/threads/{thread}/convert", {"category": text[:60], "priority": "high"})
        assert answer.status in (200, 400, 409, 422), answer
        world.gateway.api("PATCH", f"/v1/threads/{thread}", {"tags_add": [text[:60]], "fields": {"plan": text}})
        world.gateway.api("POST", f"/v1/threads/{thread}/close", {"resolution": "resolved", "reason": text[:100], "agent": text[:60]})
    for args in (("report", "--csv", "--episodes"), ("report", "--csv"), ("report", "--csv", "--by", "channel")):
        rows = list(csv.reader(io.StringIO(world.gateway.ctl(*args, check=0).stdout, newline="")))
        assert len({len(row) for row in rows}) == 1 and len(rows) > 1
        for row in rows:
            assert not [cell for cell in row if cell and cell[0] in "=+-@\t\r\n"], row
    rows = list(csv.reader(io.StringIO(world.gateway.api("GET", "/v1/report?format=csv&since=1d").body.decode(), newline="")))
    assert rows and not [cell for row in rows for cell in row if cell and cell[0] in "=+-@\t\r\n"]
    record("inject.cases", len(texts))


# ---- SQL ----

FILTERS = ["threads?contact={}", "threads?channel={}", "threads?state={}", "threads?before={}", "threads?limit={}", "events?after={}",
           "outbox?state={}", "outbox?after={}", "decisions?after={}", "decisions?since={}", "episodes?since={}", "episodes?zone={}",
           "episodes?after={}", "report?by={}", "report?zone={}", "report?since={}", "drops?state={}", "drops?before={}", "threads/{}",
           "threads/{}/messages", "threads/{}/events", "threads/{}/explain", "messages/{}", "messages/{}/explain", "attachments/{}",
           "tickets/{}", "events/stream?thread={}"]


def rows_of(gateway):
    """Each table with its rows: what SQL of a stranger could change."""
    store = sqlite3.connect(f"file:{gateway.file()}?mode=ro", uri=True)
    try:
        names = [row[0] for row in store.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")]
        return {name: store.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0] for name in names}
    finally:
        store.close()


def rows_at_rest(gateway):
    """The same, once nothing is under way that would change them of itself."""
    def rest():
        rows = rows_of(gateway)
        return None if any(rows[table] for table in ("outbox", "timer", "waiting")) else rows
    return harness.wait_until(rest, "an idle gateway", 60)


def test_no_text_is_sql(world, told):
    gateway, tried, before = world.gateway, 0, rows_at_rest(world.gateway)
    everything = len(gateway.threads(limit=500))
    for text in SQL + MARKUP + TEMPLATE[:4]:
        quoted = urllib.parse.quote(text.encode("utf-8", "surrogatepass"), safe="")
        if len(quoted) > 1800:
            continue
        for path in FILTERS:
            answer = gateway.api("GET", "/v1/" + path.format(quoted))
            tried += 1
            assert answer.status in (200, 400, 404), (path, text, answer)
            if answer.status == 200 and path in ("threads?contact={}", "threads?channel={}"):
                assert len(answer.json["threads"]) < min(everything, 5), (path, text)	# nothing, or who has that name
    assert rows_of(gateway) == before
    # In what is written: as ids, keys, texts, tags, names of agents.
    thread = world.thread()["id"]
    for text in SQL:
        for method, path, body in (
                ("POST", f"threads/{thread}/notes", {"text": text, "agent": text}),
                ("PATCH", f"threads/{thread}", {"fields": {"plan": text}, "subject": text, "queue": text, "assignee": text}),
                ("POST", f"threads/{thread}/replies", {"text": text, "answers": text}),
                ("PUT", f"tickets/{urllib.parse.quote(text, safe='')}/link", {"id": text, "number": text, "url": "https://x/" + text}),
                ("PUT", f"tickets/{urllib.parse.quote(text, safe='')}/status", {"status": text, "backend": text})):
            answer = gateway.api(method, "/v1/" + path, body, key=re.sub(r'[^ -~]|["\\]', "", text) + str(uuid.uuid4()))
            assert answer.status in (200, 201, 202, 400, 403, 404, 409, 422), (path, text, answer)
            tried += 1
    notes = [m["text"] for m in gateway.messages(thread) if m["direction"] == "note"]
    assert set(SQL) <= set(notes)
    assert gateway.fsck() == [] and rows_of(gateway).keys() == before.keys()
    record("inject.cases", tried)


# ---- templates ----

def test_what_a_customer_wrote_is_put_into_texts_once(world, told):
    """Subject, custom field and confirmation have his name in them, and nothing he named."""
    confirmed = {m.to: m.text for m in world.graph.accepted if m.text and m.text.startswith("Hello ")}
    n = 0
    for thread, text in told:
        if text not in TEMPLATE:
            continue
        now = world.gateway.get(f"/v1/threads/{thread['id']}")["thread"]
        name = now["contact"]["name"]
        assert now["ticket"]["subject"].startswith(f"for {name}: no language in {thread['id']}"), (text, now["ticket"]["subject"])
        assert now["ticket"]["subject"].count(thread["id"]) == 1
        assert world.gateway.get(f"/v1/threads/{thread['id']}")["thread"]["id"] == thread["id"]
        phone = thread["reply_to"].removeprefix("tel:+")
        if phone in confirmed:
            assert confirmed[phone].startswith(f"Hello {name}, this is HD-"), confirmed[phone]
            n += 1
    assert n >= 10
    record("inject.cases", n)


# ---- headers and names of files ----

def offered(name):
    """What it may come to: nothing that steers, no path, no device."""
    assert not [c for c in name if is_unseen(c)], name
    assert not re.search(r'[/\\:*?"<>|]', name), name
    assert len(name.encode()) <= 255 and name.strip(". ") == name, name
    assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name), name


def test_a_name_of_a_file_is_no_path_no_header_and_no_disguise(world):
    thread = world.thread()["id"]
    folder = world.gateway.store.parent / "attachments"
    sha256 = None
    for name in NAMES:
        coded = urllib.parse.quote(name.encode("utf-8", "surrogatepass"), safe="")
        if len(coded) <= 1800 and "\0" not in name:
            up = world.gateway.http("POST", f"/v1/attachments?name={coded}", b"a file", {
                "Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "text/plain"})
            assert up.status in (201, 400, 422), (name, up)
            sha256 = up.json["attachment"]["sha256"] if up.status == 201 else sha256
        answer = world.gateway.reply(thread, "look", attachments=[{"sha256": sha256, "name": name, "type": "text/plain"}])
        if answer.status != 202:
            assert answer.status in (400, 422), (name, answer)
            continue
        file = answer.json["message"]["attachments"][0]
        got = world.gateway.api("GET", f"/v1/attachments/{file['id']}")
        assert got.status == 200 and got.body == b"a file" and not [h for h in got.headers if "evil" in h.lower()]
        disposition = got.headers["Content-Disposition"]
        if disposition == "attachment":
            continue
        fits = re.fullmatch(r'attachment; filename="([A-Za-z0-9._ -]*)"; filename\*=UTF-8\'\'([A-Za-z0-9._~%-]*)', disposition)
        assert fits, disposition
        offered(urllib.parse.unquote(fits[2], errors="strict"))
        assert len(fits[1]) <= 255 and not fits[1].startswith(".")
    # Names of customers' files too, and nothing on the disk is named after anything.
    strange = [p.name for p in folder.rglob("*") if not re.fullmatch(r"[0-9a-f]{2}|[0-9a-f]{64}|tmp|uploads", p.name)]
    assert strange == []
    record("inject.cases", len(NAMES))


def test_a_name_of_a_file_that_leaves_is_one_line_of_one_part(world):
    sha256 = world.gateway.http("POST", "/v1/attachments", b"%PDF-1.4", {
        "Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "application/pdf"}).json["attachment"]["sha256"]
    sent = 0
    seen = len(world.graph.requests)
    for name in [n for n in HEADER + NAMES[::6] if n and "\0" not in n]:
        answer = world.gateway.reply(world.thread()["id"], "look",
                                     attachments=[{"sha256": sha256, "name": name, "type": "application/pdf"}])
        sent += answer.status == 202

    def found():
        return [r for r in world.graph.requests[seen:] if r.path.endswith("/media") and b"application/pdf" in r.body]

    uploads = harness.wait_until(lambda: len(found()) >= sent and found(), "the uploads")
    for request in uploads:
        boundary = re.search("boundary=([0-9a-f]{32})", request.headers["Content-Type"])[1]
        parts = request.body.split(b"--" + boundary.encode())
        assert len(parts) == 5 and parts[0] == b"" and parts[-1] == b"--\r\n"
        for part in parts[1:-1]:
            head = part.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
            assert {line.split(b":")[0] for line in head} <= {b"Content-Disposition", b"Content-Type"} and len(head) <= 2, head
            assert not re.search(rb"[\x00-\x1f\x7f]", b"".join(head))
    assert len(uploads) > 15
    record("inject.cases", len(uploads))


def test_each_call_of_ours_has_the_headers_it_should_and_no_other(world, told):
    ours = {"host", "user-agent", "accept", "content-type", "content-length", "webhook-id", "webhook-timestamp", "webhook-signature",
            "idempotency-key"}
    for delivery in world.helpdesk.attempts:
        assert set(delivery.headers) <= ours, set(delivery.headers) - ours
    for request in world.graph.requests:
        assert {h.lower() for h in request.headers} <= ours | {"authorization"}


# ---- metrics ----

def test_metrics_stay_lines_of_metrics(world, told):
    value = r'"(?:[^"\\\n]|\\["\\n])*"'
    line = re.compile(rf'# (HELP|TYPE) .*|[a-z_]+(\{{[a-z]+={value}(,[a-z]+={value})*\}})? -?[0-9.e+-]+')
    lines = world.gateway.api("GET", "/metrics").body.decode().splitlines()
    assert len(lines) > 50
    for text in lines:
        assert line.fullmatch(text) and not [c for c in text if is_unseen(c)], text
