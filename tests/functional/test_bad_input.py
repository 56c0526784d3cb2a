"""Webhooks as they must not be: forged, broken, wrong in every field, too big, in bad company.

One daemon takes all of it.  It must go on, store nothing that is not signed, keep whatever is, and answer what
the provider needs to hear: 200 to what is signed, 401 to what is not, 413 to what is too big."""
import concurrent.futures
import copy
import gzip
import json
import os
import pathlib
import random
import re
import sqlite3

import pytest

import conftest
import fake_graph
import graph_payloads
import harness
from conftest import OLD_APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN
from raw_http import Raw, exchange

FULL = bool(os.environ.get("HEADGATE_FULL"))
PAYLOADS = pathlib.Path(harness.TOP) / "adapters" / "whatsapp" / "payloads"
BODY_MAX = 4 << 20		# bytes of a webhook that are taken; the provider sends up to 3 MB
ANA, BO = "+447700900123", "+447700900456"


class Target(conftest.Target):
    """Every shot carries a canary of its own; they look like canary-000017-."""

    def __init__(self, folder):
        super().__init__(folder)
        self.last = 0
        self.phones = iter(range(447950000000, 447951000000))

    def canary(self):
        self.last += 1
        return f"canary-{self.last:06}-"

    def phone(self):
        return f"+{next(self.phones)}"

    # ---- what is sent ----
    def post(self, body, signature=None, type="application/json", headers=()):
        """One POST; the answer.  signature None: the right one; "": none."""
        body = self.graph.encode(body)
        lines = [("Content-Type", type)] if type else []
        signature = self.graph.sign(body) if signature is None else signature
        if signature:
            lines.append(("X-Hub-Signature-256", signature))
        return self.gateway.http("POST", "/channel/wa-main/webhook", body, dict([*lines, *headers]))

    def request(self, body, signature=None):
        body = self.graph.encode(body)
        return (f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nX-Hub-Signature-256: "
                f"{signature or self.graph.sign(body)}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body

    def fire(self, bodies, signatures=None, connections=16):
        """Many at a time; their statuses in order."""
        signatures = signatures or [None] * len(bodies)

        def run(first):
            statuses = []
            with Raw(self.gateway.port) as raw:
                for i in range(first, len(bodies), connections):
                    statuses.append(raw.send(self.request(bodies[i], signatures[i])).reply().status)
            return statuses

        with concurrent.futures.ThreadPoolExecutor(connections) as pool:
            parts = list(pool.map(run, range(connections)))
        return [parts[i % connections][i // connections] for i in range(len(bodies))]

    # ---- what became of it ----
    def thread(self, phone):
        uri = "tel:" + phone
        found = [t for t in self.gateway.threads(limit=500) if uri in [a["uri"] for a in t["contact"]["addresses"]]]
        return found[0] if found else None

    def said(self, phone):
        """All messages of that customer, oldest first."""
        thread = self.thread(phone)
        return [m for m in self.gateway.messages(thread["id"]) if m["direction"] == "inbound"] if thread else []

    def raw(self):
        """Every delivery and item that was kept as it came."""
        store = sqlite3.connect(f"file:{self.gateway.file()}?mode=ro", uri=True)
        try:
            folder = self.gateway.store.parent / "attachments"
            return [(folder / file[:2] / file).read_bytes() if file else bytes(kept)
                    for kept, file in store.execute("SELECT bytes, file FROM raw")]
        finally:
            store.close()

    def kept(self):
        return set(re.findall(rb"canary-\d{6}-", b"\n".join(self.raw())))

    def on_disk(self):
        """Canaries in any file that the daemon has written."""
        found = set()
        for file in self.gateway.folder.rglob("*"):
            if file.is_file():
                found |= set(re.findall(rb"canary-\d{6}-", file.read_bytes()))
        return found

    def problems(self):
        log = self.gateway.log()
        return super().problems() + [f"a control byte in the log: {line!r}" for line in log.split("\n")
                                     if re.search(r"[\x00-\x08\x0b-\x1f\x7f]", line)]

    def counted(self, word):
        return self.gateway.status()["channels"][0]["counted"].get(word, 0)

    def text(self, phone, body, **more):
        return self.graph.text(phone, body, **more)


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    made = Target(tmp_path_factory.mktemp("target"))
    yield made
    made.close()


# ---- not signed, or not rightly ----

def forged(target):
    """A body whose canary would be found in any file, however a database cuts it."""
    canary = target.canary()
    return canary, target.graph.encode(target.text(ANA, canary * 40, name=canary))


def test_no_bit_of_the_signature_may_be_wrong(target):
    canary, body = forged(target)
    good = bytes.fromhex(target.graph.sign(body).removeprefix("sha256="))
    bad = []
    for bit in range(len(good) * 8):
        flipped = bytearray(good)
        flipped[bit // 8] ^= 1 << bit % 8
        bad.append("sha256=" + flipped.hex())
    assert target.fire([body] * len(bad), bad) == [401] * len(bad)
    assert canary.encode() not in target.on_disk()


def test_no_bit_of_the_body_may_be_wrong(target):
    canary, body = forged(target)
    signature = target.graph.sign(body)
    bits = range(len(body) * 8) if FULL else random.Random(4711).sample(range(len(body) * 8), 400)
    bodies = []
    for bit in bits:
        flipped = bytearray(body)
        flipped[bit // 8] ^= 1 << bit % 8
        bodies.append(bytes(flipped))
    assert target.fire(bodies, [signature] * len(bodies)) == [401] * len(bodies)
    assert canary.encode() not in target.on_disk()


def test_a_signature_is_there_whole_and_of_this_body(target):
    canary, body = forged(target)
    good = target.graph.sign(body)
    mac = good.removeprefix("sha256=")
    other = target.graph.sign(target.graph.encode(target.text(ANA, "another text")))
    sha1 = "sha1=" + mac[:40]
    for signature in ("", "sha256=", mac, good[:-1], good + "0", good[:-1] + "g", "sha256=" + "0" * 64, other, sha1,
                      good.replace("sha256", "SHA256"), good.replace("=", ":"), "sha256= " + mac, f"{other}, {good}",
                      target.graph.sign(body, "another secret"), target.graph.sign(b""), target.graph.sign(body + b"\n"),
                      "sha256=" + "é" * 32):
        answer = target.post(body, signature.encode("utf-8").decode("latin-1"))
        assert answer.status == 401, signature
    before = target.gateway.status()["channels"][0]["refused"]
    assert target.post(body, "sha256=" + "f" * 64).status == 401
    channel = target.gateway.status()["channels"][0]
    assert channel["refused"] == before + 1 and channel["condition"] == "degraded"	# somebody has to look
    assert canary.encode() not in target.on_disk()
    # The same bytes are taken as soon as they are genuine, by either secret; and all is well again.
    assert target.post(body, target.graph.sign(body, OLD_APP_SECRET)).status == 200
    assert canary.encode() in target.kept()
    assert target.gateway.status()["channels"][0]["condition"] == "up"


def test_two_signatures_do_not_make_one(target):
    canary, body = forged(target)
    wrong = "sha256=" + "0" * 64
    lines = (f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: {len(body)}\r\n"
             f"Connection: close\r\nX-Hub-Signature-256: {wrong}\r\nX-Hub-Signature-256: {target.graph.sign(body)}\r\n\r\n")
    assert [reply.status for reply in exchange(target.gateway.port, lines.encode() + body)] == [401]
    assert canary.encode() not in target.on_disk()


def test_a_lie_about_the_length_stores_nothing(target):
    canary, body = forged(target)
    head = f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nX-Hub-Signature-256: {target.graph.sign(body)}\r\n"
    for length in (0, 1, len(body) - 1):		# the rest is no request
        replies = exchange(target.gateway.port, f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
        assert [reply.status for reply in replies] == [401, 400], length
    for length in (len(body) + 1, len(body) + 1000):		# and here some is missing
        with Raw(target.gateway.port) as raw:
            raw.send(f"{head}Content-Length: {length}\r\n\r\n".encode() + body)
            assert raw.end().replies() == [], length
    assert canary.encode() not in target.on_disk()


def test_a_body_is_taken_up_to_its_limit_and_not_read_beyond(target):
    canary, _ = forged(target)
    big = target.text(ANA, canary, name="Ana Lima")
    big["padding"] = "x" * (BODY_MAX - len(target.graph.encode(dict(big, padding=""))))
    body = target.graph.encode(big)
    assert len(body) == BODY_MAX and target.post(body).status == 200
    assert canary in [m["text"] for m in target.said(ANA)]
    canary, _ = forged(target)
    over = target.graph.encode(target.text(ANA, canary * 40))
    over += b" " * (BODY_MAX + 1 - len(over))
    for framing in (f"Content-Length: {len(over)}\r\n\r\n".encode(), b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(over)):
        with Raw(target.gateway.port) as raw:	# its head alone is enough: the body never leaves
            raw.send(f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nX-Hub-Signature-256: "
                     f"{target.graph.sign(over)}\r\n".encode() + framing)
            reply = raw.reply()
            assert reply.status == 413 and raw.reply() is None
    chunks = [over[i:i + 65536] for i in range(0, len(over), 65536)]
    with Raw(target.gateway.port) as raw:		# in pieces that are small enough each
        raw.send(f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nX-Hub-Signature-256: "
                 f"{target.graph.sign(over)}\r\nTransfer-Encoding: chunked\r\n\r\n".encode())
        for chunk in chunks:
            raw.send(b"%x\r\n%s\r\n" % (len(chunk), chunk))
        assert raw.reply().status == 413
    assert canary.encode() not in target.on_disk()


def test_the_handshake_tells_nothing_to_who_does_not_know_the_token(target):
    ask = "/channel/wa-main/webhook?hub.mode=subscribe&hub.challenge=4711&hub.verify_token="
    get = target.gateway.http
    assert get("GET", ask + VERIFY_TOKEN).body == b"4711"
    for token in ("", "x", VERIFY_TOKEN[:-1], VERIFY_TOKEN + "x", VERIFY_TOKEN.upper(), "x" * 1500,
                  "x&hub.verify_token=" + VERIFY_TOKEN):
        answer = get("GET", ask + token)
        assert answer.status == 403 and b"4711" not in answer.body and VERIFY_TOKEN.encode() not in answer.body
    for query in ("", "?hub.verify_token=" + VERIFY_TOKEN, "?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=" + VERIFY_TOKEN):
        assert get("GET", "/channel/wa-main/webhook" + query).status == 403
    page = get("GET", ask.replace("4711", "%3Cscript%3Ealert(1)%3C/script%3E") + VERIFY_TOKEN)
    assert page.status == 200 and page.headers["Content-Type"].startswith("text/plain")


# ---- signed, and no JSON; or JSON that no parser should choke on ----

def deep(n, opening, closing):
    return opening * n + closing * n


def not_json(canary):
    """Name -> bytes that are no webhook at all."""
    text = graph_payloads.text(PHONE_NUMBER_ID, ANA, canary)
    whole = json.dumps(text).encode()
    cases = {f"cut off at {n}": whole[:n] for n in (1, 2, len(whole) // 3, len(whole) // 2, len(whole) - 2, len(whole) - 1)}
    cases.update({
        "nothing": b"", "a space": b" ", "null": b"null", "true": b"true", "a number": b"4711", "a string": b'"hello"',
        "an empty array": b"[]", "an array": b"[" + whole + b"]", "an empty object": b"{}", "NUL": b"\0", "text": b"hello",
        "XML": b"<?xml version='1.0'?><a>hello</a>", "a form": b"a=1&b=2", "two": whole + whole, "a tail": whole + b"x",
        "a NUL behind": whole + b"\0", "a mark before": b"\xef\xbb\xbf" + whole, "UTF-16": whole.decode().encode("utf-16"),
        "gzip": gzip.compress(whole), "single quotes": whole.replace(b'"', b"'"), "a comment": b"/* */" + whole,
        "a comma too many": whole.replace(b"}]", b"},]"), "NaN": b'{"object":NaN}', "a number like 1e9999": b'{"entry":1e9999}',
        "a huge integer": b'{"entry":' + b"9" * 5000 + b"}", "a minus": b'{"entry":-}', "leading zeros": b'{"entry":007}',
        "a key of 64 KiB": b'{"' + b"k" * 65536 + b'":1}', "100,000 keys": json.dumps({f"k{i}": i for i in range(100000)}).encode(),
        "100,000 entries": json.dumps({"object": "whatsapp_business_account", "entry": [{"n": i} for i in range(100000)]}).encode(),
        "100,000 times the same": json.dumps({"object": "whatsapp_business_account", "entry": [{}] * 100000}).encode(),
    })
    for n in (31, 32, 33, 1000, 200000):
        cases[f"{n} arrays"] = deep(n, b"[", b"]")
        cases[f"{n} objects"] = b'{"a":' * n + b"1" + b"}" * n
        cases[f"{n} arrays in an entry"] = b'{"object":"whatsapp_business_account","entry":[' + deep(n, b"[", b"]") + b"]}"
        cases[f"{n} arrays without an end"] = b"[" * n
    return cases


def test_what_is_signed_and_not_understood_is_kept_as_it_came(target):
    cases = not_json(target.canary())
    for name, body in cases.items():
        assert target.post(body).status == 200, name
    kept = set(target.raw())
    for name, body in cases.items():
        assert body in kept or body == b"", name
    before = len(target.raw())
    assert target.fire(list(cases.values())) == [200] * len(cases)	# once is enough
    assert len(target.raw()) == before


# ---- one bad item in a batch of three ----

BAD_ITEMS = {
    "null": lambda m: None, "a number": lambda m: 7, "a string": lambda m: "hello", "an array": lambda m: [m],
    "a text that is a string": lambda m: dict(m, text="hello"), "a text that is a number": lambda m: dict(m, text=5),
    "a body that is an array": lambda m: dict(m, text={"body": ["hello"]}), "no text": lambda m: without(m, "text"),
    "no type": lambda m: without(m, "type"), "a type that is a number": lambda m: dict(m, type=3),
    "a type of the future": lambda m: dict(m, type="hologram", hologram={"x": 1}),
    "no id": lambda m: without(m, "id"), "an id that is an object": lambda m: dict(m, id={}),
    "nobody": lambda m: without(m, "from"), "a sender that is no number": lambda m: {**m, "from": "not a number"},
    "a time that is none": lambda m: dict(m, timestamp="yesterday"), "an image without an id": lambda m: dict(
        without(m, "text"), type="image", image={"mime_type": "image/png"}),
    "a bad byte": lambda m: dict(m, text={"body": "\udcff"}), "half a character": lambda m: dict(m, text={"body": "\ud83d"}),
    "a NUL": lambda m: dict(m, text={"body": "a\0b"}), "an id of 64 KiB": lambda m: dict(m, id=m["id"] + "A" * 65536),
    "a sender of 64 KiB": lambda m: {**m, "from": "4" * 65536},
}
# What can be shown all the same, though a member of it is wrong.
HARMLESS = {"a time that is none", "a bad byte", "half a character", "a NUL", "an id of 64 KiB"}


def without(obj, *keys):
    return {key: value for key, value in obj.items() if key not in keys}


def encode_with_bad_bytes(payload):
    """json.dumps() with lone surrogates escaped, but U+DCxx as the byte xx that UTF-8 does not allow."""
    text = json.dumps(payload, ensure_ascii=False)
    return b"".join(c.encode("utf-8", "surrogateescape") if not 0xD800 <= ord(c) < 0xDC00 else b"\\u%04x" % ord(c) for c in text)


@pytest.mark.parametrize("name", BAD_ITEMS)
def test_one_bad_item_hurts_no_other_wherever_it_stands(target, name):
    for place in range(3):
        good, bad = target.phone(), target.phone()
        elements = [graph_payloads.element("text", good, text={"body": f"{target.canary()} é {i}"}) for i in range(3)]
        texts = [e["text"]["body"] for i, e in enumerate(elements) if i != place]
        victim = graph_payloads.element("text", bad, text={"body": "the bad one"})
        elements[place] = BAD_ITEMS[name](victim)
        payload = graph_payloads.envelope(graph_payloads.change(PHONE_NUMBER_ID, messages=elements))
        mark = payload["mark"] = target.canary()
        body = encode_with_bad_bytes(payload)
        assert target.fire([body, body], connections=1) == [200, 200]	# and a second time it is nothing new
        assert [m["text"] for m in target.said(good)] == texts, place
        assert all(m["kind"] == "text" for m in target.said(good))
        assert mark.encode() in target.kept()
        shown = target.said(bad)
        if name in HARMLESS:
            assert len(shown) == 1, place
        elif shown:
            assert [m["kind"] for m in shown] == ["unsupported"], place
            assert shown[0]["raw"] == elements[place]		# itself, and nobody else's words


def test_an_unsupported_message_shows_itself_and_nobody_elses_words(target):
    """Several customers are in one delivery; what is kept raw of one of them is shown in his thread only."""
    phones = [target.phone() for _ in range(2)]
    elements = [graph_payloads.element("hologram", phones[0], hologram={"note": "mine"}),
                graph_payloads.element("text", phones[1], text={"body": "private words"})]
    assert target.post(graph_payloads.webhook(PHONE_NUMBER_ID, elements)).status == 200
    shown = target.said(phones[0])[0]
    assert shown["kind"] == "unsupported" and shown["raw"]["hologram"] == {"note": "mine"}
    assert "private words" not in json.dumps(shown)


# ---- every field, every wrong type ----

WRONG = {"null": None, "number": 4711, "string": "a string", "array": ["x"], "object": {"x": "y"}}
GONE = object()


def walk(value, path=()):
    yield path
    for key, child in value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ():
        yield from walk(child, path + (key,))


def replaced(value, path, new):
    if not path:
        return new
    made = copy.copy(value)
    if new is GONE and len(path) == 1:
        del made[path[0]]
    else:
        made[path[0]] = replaced(value[path[0]], path[1:], new)
    return made


def shapes():
    """Name -> payload: all that the fake provider writes, and all that was recorded."""
    number, file = PHONE_NUMBER_ID, fake_graph.Media("1013859600285000", "image/jpeg", b"x")
    made = graph_payloads
    found = {
        "text": made.text(number, ANA, "hello", answers="wamid.before", username="ana"),
        "image": made.media(number, ANA, "image", file, "caption"), "voice": made.media(number, ANA, "audio", file, voice=True),
        "document": made.media(number, ANA, "document", file, filename="a.pdf"), "location": made.location(number, ANA),
        "button": made.button(number, ANA, "Yes", "YES"), "button_reply": made.button_reply(number, ANA, "Yes", "1"),
        "reaction": made.reaction(number, ANA, "wamid.before"), "edit": made.edit(number, ANA, "wamid.before", "new"),
        "revoke": made.revoke(number, ANA, "wamid.before"), "unsupported": made.unsupported(number, ANA),
        "changed_number": made.changed_number(number, ANA, BO), "changed_user_id": made.changed_user_id(number, "GB.1", "GB.2"),
        "echo": made.echo(number, ANA, "we call you"), "standby": made.standby(number, ANA, "hello"),
        "preference": made.preference(number, ANA), "missed_call": made.missed_call(number, ANA),
        "status": made.status(number, "wamid.ours", "failed", to=ANA, user_id="GB.1", key="k", code=131026, details="why"),
    }
    for file in sorted(PAYLOADS.glob("*.json")):
        with_odd_bytes = file.read_bytes().decode(errors="replace")
        try:
            found[file.stem] = json.loads(with_odd_bytes)
        except ValueError:
            pass			# one is no JSON on purpose
    return {name: payload for name, payload in found.items() if isinstance(payload, dict)}


def signature_of(payload, path, name):
    """What tells one place from another: the same place of another recording is not tried again."""
    keys = tuple("#" if isinstance(key, int) else key for key in path)
    kind = []
    value = payload
    for key in path:
        if isinstance(value, dict):
            kind.append((value.get("field") if isinstance(value.get("field"), str) else None,
                         value.get("type") if isinstance(value.get("type"), str) and "timestamp" in value else None))
        value = value[key]
    return keys, tuple(k for k in kind if any(k)), type(value).__name__


def mutants():
    """(name, path, what, payload), each place of each shape once."""
    seen, count = set(), 0
    for name, payload in shapes().items():
        for path in walk(payload):
            mark = signature_of(payload, path, name)
            if not path or (mark in seen and not FULL):
                continue
            seen.add(mark)
            for what, new in (*WRONG.items(), ("gone", GONE)):
                count += 1
                yield name, path, what, replaced(payload, path, count if what == "number" else
                                                 f"string {count}" if what == "string" else new)


def disguise(body, n):
    """The same with ids and people of its own, so that nothing in it counts as a duplicate."""
    body = re.sub(rb"(wa[mc]id\.[A-Za-z0-9]+)", rb"\g<1>M%06d" % n, body)
    return re.sub(rb"4477009", rb"4479%03d" % (n % 50 + 100), body)


def marked(value, canary):
    if isinstance(value, dict):
        return dict({key: marked(child, canary) for key, child in value.items()}, mark=canary)
    return [marked(child, canary) for child in value] if isinstance(value, list) else value


def needs_no_raw(name, path, what):
    """A receipt that was understood is kept as such; null in a list of things is always the same."""
    return "statuses" in path or (what == "null" and isinstance(path[-1], int)) or "status" in name


def has_entry_list(payload):
    return isinstance(payload.get("entry"), list)


def test_every_field_of_every_shape_may_be_of_any_type(target):
    """Every other one is alone and must leave a trace; the rest have a good sibling, which must be unharmed.

    (What has no id of its own is known again by its content: so each has a canary in each of its objects.)"""
    alone, company, bodies, siblings = [], [], [], {}
    phones = [target.phone() for _ in range(60 if FULL else 20)]
    for n, (name, path, what, payload) in enumerate(mutants()):
        canary = target.canary()
        if n % 2 and has_entry_list(payload):
            sibling = target.text(phones[len(company) % len(phones)], f"{canary} good")
            payload = dict(payload, entry=payload["entry"] + sibling["entry"] if n % 4 == 1 else
                           sibling["entry"] + payload["entry"])
            siblings[f"{canary} good"] = (name, path, what)
            company.append(n)
        else:
            payload = marked(payload, canary)
            alone.append((canary, name, path, what))
        bodies.append(disguise(json.dumps(payload).encode(), n))
    assert len(bodies) > 3000 and len(company) > 1000 and len(alone) > 1000
    half = len(bodies) // 2
    statuses = target.fire(bodies[:half])
    grown = target.memory("VmRSS")
    statuses += target.fire(bodies[half:])
    grown = target.memory("VmRSS") - grown
    assert set(statuses) == {200}
    found = [m["text"] for phone in phones for m in target.said(phone)]
    assert sorted(found) == sorted(siblings), [siblings[t] for t in set(siblings) - set(found)][:10]
    kept = target.kept()
    assert not [(name, path, what) for canary, name, path, what in alone
                if canary.encode() not in kept and not needs_no_raw(name, path, what)]
    assert grown < 48 << 20, f"{grown >> 20} MiB more for {len(bodies) - half} webhooks"


# ---- members that should be something else ----

def test_numbers_where_strings_were_are_read_all_the_same(target):
    phone = target.phone()
    element = graph_payloads.element("text", phone, text={"body": "as numbers"})
    element["from"], element["timestamp"] = int(element["from"]), int(element["timestamp"])
    payload = graph_payloads.webhook(PHONE_NUMBER_ID, [element], contacts=[])
    payload["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = int(PHONE_NUMBER_ID)
    assert target.post(payload).status == 200
    assert [(m["kind"], m["text"]) for m in target.said(phone)] == [("text", "as numbers")]


@pytest.mark.parametrize("time", [0, -1, 1, 10 ** 11, 10 ** 14, 2 ** 63 - 1, 2 ** 63, -2 ** 63, 2 ** 64, 10 ** 30, "1e400", "-1",
                                  "9" * 400, "0x10", "1.5", " 5", "", "2026-11-20T10:00:00Z", 1.5, 1e300, True])
def test_a_time_that_cannot_be_leaves_the_message_as_it_is(target, time):
    phone = target.phone()
    element = dict(graph_payloads.element("text", phone, text={"body": "at some time"}), timestamp=time)
    assert target.post(graph_payloads.webhook(PHONE_NUMBER_ID, [element])).status == 200
    message, = target.said(phone)
    assert message["text"] == "at some time" and re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", message["at"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]{12}Z", message.get("sent_at") or message["at"])


SAID = {
    "bidi": "abc \u202egnp.exe\u202c \u2066x\u2069", "control characters": "a\x01b\x07c\x1b[31md\x7f\x85e", "line ends": "a\r\nb\rc\nd\u2028e",
    "joined": "\U0001f469\u200d\U0001f467 é e\u0301", "the end of Unicode": "\U0010ffff\ufffe\uffff", "quotes": "\"\\/\u2028</script><!--'%s${number}",
    "nothing": "", "spaces": "   ", "64 KiB": "ä" * 32768, "1 MiB": "x" * (1 << 20), "a template": "{{1}} ${contact.name} %n %s",
    "SQL": "'); DROP TABLE message; --", "a mark": "\ufeffhello",
}


@pytest.mark.parametrize("name", SAID)
def test_what_was_said_is_shown_as_it_was_said(target, name):
    phone = target.phone()
    assert target.post(target.text(phone, SAID[name])).status == 200
    message, = target.said(phone)
    if name == "1 MiB":
        assert message["text"] and SAID[name].startswith(message["text"][:60000])	# cut, and kept whole raw
    else:
        assert message["text"] == SAID[name]


@pytest.mark.parametrize("where", ["text", "name", "id"])
@pytest.mark.parametrize("what", ["lone high", "lone low", "NUL", "bad byte", "overlong", "surrogate in UTF-8"])
def test_what_is_no_character_costs_nothing_but_itself(target, what, where):
    odd = {"lone high": b"\\ud83d", "lone low": b"\\ude00", "NUL": b"\\u0000", "bad byte": b"\xff", "overlong": b"\xc0\xaf",
           "surrogate in UTF-8": b"\xed\xa0\xbd"}[what]
    phone, canary = target.phone(), target.canary()
    payload = target.text(phone, f"before ODD {canary}" if where == "text" else canary, name="Ana ODD Lima" if where == "name" else "Ana",
                          id=f"wamid.ODD{canary}" if where == "id" else None)
    body = json.dumps(payload).encode().replace(b"ODD", odd)
    assert target.post(body).status == 200
    assert body in target.raw()
    assert canary in json.dumps(target.said(phone))	# what stood behind it is not lost


def test_a_name_of_64_KiB_is_a_name_all_the_same(target):
    phone = target.phone()
    assert target.post(target.text(phone, "who am I", name="N" * 65536, username="u" * 65536)).status == 200
    thread = target.thread(phone)
    assert [m["text"] for m in target.said(phone)] == ["who am I"]
    assert thread["contact"]["name"].startswith("NNN")
    assert len(thread["contact"]["name"]) <= 4096, len(thread["contact"]["name"])


@pytest.mark.parametrize("first", ["good", "bad"])
def test_a_key_that_comes_twice_is_kept_and_read_once(target, first):
    phone = target.phone()
    body = json.dumps(target.text(phone, "the one")).encode()
    pair = [b'"body": "the one"', b'"body": "the other"']
    body = body.replace(pair[0], b", ".join(pair if first == "good" else pair[::-1]))
    assert target.post(body).status == 200
    assert body in target.raw()
    assert [m["text"] for m in target.said(phone)] in (["the one"], ["the other"], [])


def test_unknown_members_change_nothing(target):
    phone = target.phone()

    def decorate(value, depth=0):
        if isinstance(value, dict):
            made = {key: decorate(child, depth + 1) for key, child in value.items()}
            return dict(made, x_new={"deep": [1, None, True, 1.5]}, **{"": "empty", "__proto__": {}, "é": "é"})
        return [decorate(child, depth + 1) for child in value] if isinstance(value, list) else value

    assert target.post(decorate(target.text(phone, "decorated"))).status == 200
    assert [(m["kind"], m["text"]) for m in target.said(phone)] == [("text", "decorated")]


@pytest.mark.parametrize("object", ["page", "instagram", "user", "", None, 5])
def test_an_envelope_of_another_object_is_answered_and_kept(target, object):
    phone, canary = target.phone(), target.canary()
    assert target.post(dict(target.text(phone, canary), object=object)).status == 200
    assert canary.encode() in target.kept()


def test_another_number_of_the_app_is_said_once_and_kept(target):
    before = target.counted("unknown_number")
    canaries = [target.canary() for _ in range(3)]
    for canary in canaries:
        assert target.post(graph_payloads.text("999999999999", target.phone(), canary)).status == 200
    assert target.counted("unknown_number") == before + 3
    assert {canary.encode() for canary in canaries} <= target.kept()


@pytest.mark.parametrize("type", ["", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x",
                                  "application/json; charset=utf-16", "x" * 1000, "application/octet-stream"])
def test_the_type_of_the_body_does_not_matter_when_it_is_signed(target, type):
    phone = target.phone()
    assert target.post(target.text(phone, "typed"), type=type).status == 200
    assert [m["text"] for m in target.said(phone)] == ["typed"]


@pytest.mark.parametrize("known", [True, False])
def test_what_comes_late_from_a_number_that_was_given_up_draws_no_answer_there(target, known):
    """It may be a stranger's by now, and here it is in the end."""
    old, new = target.phone(), target.phone()
    if known:
        assert target.post(target.text(old, "hello")).status == 200
    else:
        assert target.post(target.graph.missed_call(old)).status == 200
    change = target.graph.changed_number(old, new)
    assert target.post(change).status == 200
    assert target.post(target.text(old, "said before the change", at=target.gateway.now() - 3600)).status == 200
    assert target.post(target.text(old, "I am somebody else", at=target.gateway.now() + 2)).status == 200
    stranger = next(t for t in target.gateway.threads(limit=500) if t["reply_to"] == "tel:" + old)
    assert "I am somebody else" in [m["text"] for m in target.gateway.messages(stranger["id"])]
    mine = next(t for t in target.gateway.threads(limit=500) if t["reply_to"] == "tel:" + new)
    assert [m["text"] for m in target.gateway.messages(mine["id"]) if m["kind"] == "text"][-1] == "said before the change"
    assert target.gateway.reply(mine["id"], f"for {new} only").status == 202
    sent = next(iter(target.graph.wait_accepted(1, text=f"for {new} only")))
    assert "+" + sent.to == new
    assert not target.gateway.get("/v1/fsck")["breaches"]


def test_a_thousand_messages_in_one_delivery_are_a_thousand(target):
    phone = target.phone()
    elements = [graph_payloads.element("text", phone, text={"body": str(i)}) for i in range(1000)]
    payload = graph_payloads.webhook(PHONE_NUMBER_ID, elements)
    assert [target.post(payload).status for _ in range(2)] == [200, 200]
    assert target.thread(phone)["inbound"] == 1000


def test_the_next_good_message_is_as_good_as_ever(target):
    phone = target.phone()
    assert target.post(target.text(phone, "after all that")).status == 200
    assert [m["text"] for m in target.said(phone)] == ["after all that"]
    assert target.gateway.http("GET", "/readyz").status == 200
