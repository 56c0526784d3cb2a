"""The http adapter's inbound side: descriptions of made-up providers, with requests made here byte by byte from what the
README of the adapter says, and signed here by Python's own libraries."""
import base64
import hashlib
import hmac
import json
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, padding, rsa
from cryptography.x509.oid import NameOID
import datetime

import harness
from harness import BUILD, PATIENCE, TOP
from test_ctl import environment

NOW = "2026-11-20T10:00:00.000Z"
NOW_S = 1795168800
ANA, SHOP = "447700900123", "447700900999"
SECRETS = {"token": "s3cret-token", "old": "older-token", "hexkey": "00ff10", "b64key": base64.b64encode(b"\x00key\xff").decode()}
GIVEN = {"secrets": SECRETS, "values": {"topic": "arn:aws:sns:eu-west-1:123:sms"}, "public_url": "https://chat.example.com/in", "now": NOW}
URL = "https://chat.example.com/in/channel/sample/"
PLAIN = {"id": "id", "from": "from", "to": "to", "text": "text"}
SMS = {"id": "a1", "from": ANA, "to": SHOP, "text": "héllo & <b>"}
TAKEN = {"id": "a1", "from": "tel:+" + ANA, "to": "tel:+" + SHOP, "text": "héllo & <b>", "kind": "text", "proven": True}


def way(**more):
    return dict({"path": "sms", "type": "json", "auth": "none", "message": PLAIN}, **more)


def sample(request, expect, name="sample"):
    return {"name": name, "made_up": True, "request": dict({"path": "sms"}, **request), "expect": expect}


def describe(ways, samples, given=None, **more):
    return dict({"name": "Made up", "in": ways, "samples": {"given": dict(GIVEN, **(given or {})), "in": samples}}, **more)


@pytest.fixture
def play(tmp_path):
    """play(description) -> what `headgatectl adapter test` says of it: (exit code, {sample: text or None}, stderr)."""
    def run(description):
        path = tmp_path / "description.yaml"
        path.write_text(description if isinstance(description, str) else json.dumps(description, ensure_ascii=False))
        done = subprocess.run([BUILD / "headgatectl", "--json", "adapter", "test", path], capture_output=True, text=True,
                              timeout=PATIENCE, env=environment())
        told = json.loads(done.stdout)
        results = {s["name"]: s["text"] for r in told["results"] for s in r["samples"]}
        return done.returncode, results, done.stderr.replace(str(tmp_path) + "/", "")
    return run


def passes(play, description):
    code, results, errors = play(description)
    assert not errors, errors
    assert results and not any(results.values()), "\n".join(f"{name}: {text}" for name, text in results.items() if text)
    assert code == 0


# ---- forms, JSON, XML, queries; charsets ----

MULTIPART = ('--b\r\nContent-Disposition: form-data; name="id"\r\n\r\na1\r\n'
             '--b\r\nContent-Disposition: form-data; name="from"\r\n\r\n447700900123\r\n'
             '--b\r\nContent-Disposition: form-data; name="pic"; filename="a.jpg"\r\nContent-Type: image/jpeg\r\n\r\nJPEG\r\n'
             '--b\r\nContent-Disposition: form-data; name="to"\r\n\r\n447700900999\r\n'
             '--b\r\nContent-Disposition: form-data; name="text"\r\n\r\nhéllo & <b>\r\n--b--\r\n')
XML = ('<?xml version="1.0" encoding="{0}"?><!-- hi --><x:sms xmlns:x="urn:x" id="a1"><from>447700900123</from>'
       '<to> 447700900999 </to><text>h\u00e9llo &amp; <![CDATA[<b>]]></text></x:sms>')
XML_PICKS = {"id": "sms.@id", "from": "sms.from", "to": "sms.to", "text": "sms.text"}
FORM = "id=a1&from=447700900123&to=%2B447700900999&text=h{}llo+%26+%3Cb%3E"


@pytest.mark.parametrize("made, request_", [
    (way(), {"json": SMS}),
    (way(type="form"), {"form": SMS}),
    (way(type="form"), {"body": FORM.format("%C3%A9")}),
    (way(type="form", charset="iso-8859-1"), {"body": FORM.format("%E9")}),
    (way(type="form", charset="$query:charset"), {"path": "sms?charset=ISO-8859-1", "body": FORM.format("%E9")}),
    (way(type="query", method="GET"), {"method": "GET", "path": "sms?" + FORM.format("%C3%A9")}),
    (way(method=["GET", "POST"]), {"json": SMS}),
    (way(type="xml", message=XML_PICKS), {"body": XML.format("utf-8")}),
    (way(type="xml", message=XML_PICKS), {"base64": base64.b64encode(XML.format("ISO-8859-1").encode("latin-1")).decode()}),
    (way(type="xml", message=XML_PICKS, charset="utf-16le"),
     {"base64": base64.b64encode(XML.format("utf-16").encode("utf-16-le")).decode()}),
    (way(type="multipart"), {"headers": {"Content-Type": "multipart/form-data; boundary=b"}, "body": MULTIPART}),
], ids=lambda v: None)
def test_one_message_is_read_out_of_whatever_it_is_written_in(play, made, request_):
    expect = {"reply": 200, "messages": [dict(TAKEN, proven=False)]}
    passes(play, describe(made, [sample(request_, expect)]))


@pytest.mark.parametrize("content_type, body", [
    ("application/json; charset=utf-8", json.dumps(SMS)),
    ("application/vnd.sms+json", json.dumps(SMS)),
    ("application/x-www-form-urlencoded", FORM.format("%C3%A9")),
    ("application/x-www-form-urlencoded; charset=\"ISO-8859-1\"", FORM.format("%E9")),
    ("text/xml", "<r><id>a1</id><from>447700900123</from><to>447700900999</to><text>héllo &#38; &lt;b&gt;</text></r>"),
])
def test_the_content_type_says_what_a_body_is_when_the_description_does_not(play, content_type, body):
    made = {"path": "sms", "auth": "none", "message": {k: [k, f"r.{k}"] for k in PLAIN}}
    passes(play, describe(made, [sample({"headers": {"content-type": content_type}, "body": body},
                                        {"reply": 200, "messages": [dict(TAKEN, proven=False)]})]))


def test_what_cannot_be_read_is_refused_and_kept_only_when_it_is_proven(play):
    bad = ["{", "[1,]", '{"a":"\\ud800"}', '"' + "x" * 100, "", '{"a":' * 40 + "1" + "}" * 40]
    samples = [sample({"body": b}, {"reply": 400}, f"nobody {i}") for i, b in enumerate(bad)]
    passes(play, describe(way(), samples))
    proven = way(auth={"token": {"at": "$query:t", "secret": "token"}}, reply={"bad_payload": {"status": 422, "body": "no"}})
    samples = [sample({"path": "sms?t=s3cret-token", "body": b},
                      {"reply": {"status": 422, "body": "no"}, "kept": [{"kind": "unsupported"}] if b else []}, f"proven {i}")
               for i, b in enumerate(bad)]
    passes(play, describe(proven, samples))
    xml = ['<a>', '<a>&nbsp;</a>', '<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "<a/><b", "<" + "a><" * 40]
    passes(play, describe(way(type="xml"), [sample({"body": b}, {"reply": 400}, b) for b in xml]))


# ---- batches, cases ----

def test_a_batch_is_taken_apart_and_no_item_hurts_its_neighbours(play):
    body = {"to": SHOP, "results": [dict(SMS, id="1"), {"id": "2", "text": "from nobody"}, dict(SMS, id="3", text=""),
                                    {"kind": "else"}, dict(SMS, id="5")]}
    made = way(each="results[]", cases=[{"when": {"kind": {"exists": False}}, "message": dict(PLAIN, to="$root.to")}])
    messages = [dict(TAKEN, id=i, proven=False) for i in ("1", "5")]
    kept = [{"kind": "unsupported", "id": "2", "note": "it does not say who wrote it"},
            {"kind": "unsupported", "id": "3", "note": "there is neither text nor a file in it", "from": "tel:+" + ANA},
            {"kind": "ignored", "note": "no case of the description fits"}]
    passes(play, describe(made, [sample({"json": body}, {"reply": 200, "messages": messages, "kept": kept})]))


def test_lists_within_lists_know_what_is_around_them(play):
    body = {"entry": [{"line": SHOP, "m": [{"id": 1, "f": ANA, "t": "a"}, {"id": 2, "f": ANA, "t": "b"}]},
                      {"line": "447700900888", "m": {"id": 3, "f": ANA, "t": "c"}}]}
    made = way(each="entry[].m[]", message={"id": "id", "from": "f", "text": "t", "to": "$up.line"})
    messages = [{"id": str(i), "to": "tel:+" + to, "text": t} for i, to, t in ((1, SHOP, "a"), (2, SHOP, "b"), (3, "447700900888", "c"))]
    passes(play, describe(made, [sample({"json": body}, {"reply": 200, "messages": messages})]))


CASES = [
    {"when": {"type": ["mo_text", "mo_binary"], "from": {"exists": True}}, "message": PLAIN},
    {"when": {"type": {"begins": "dlr"}, "test": {"not": "yes"}}, "each": "reports[]",
     "status": {"id": "id", "state": {"path": "status", "map": {"D": "delivered", "*": "ignore"}}}},
    {"when": {"type": "optout"}, "consent": {"from": "from", "to": "to", "word": {"value": "stop"}}},
    {"when": {"type": {"is": "hello"}}, "verify": {"echo": "challenge"}},
    {"when": {"type": "noise"}, "ignore": True},
]


def test_the_first_case_that_fits_says_what_an_item_is(play):
    made = way(cases=CASES, reply={"ignored": 204, "accepted": 202})
    passes(play, describe(made, [
        sample({"json": dict(SMS, type="mo_text")}, {"reply": 202, "messages": [{"text": SMS["text"]}]}, "message"),
        sample({"json": {"type": "dlr_2", "reports": [{"id": 1, "status": "D"}, {"id": 2, "status": "Q"}]}},
               {"reply": 202, "receipts": [{"state": "delivered", "id": "1"}]}, "status"),
        sample({"json": {"type": "optout", "from": ANA, "to": SHOP}},
               {"reply": 202, "consent": [{"word": "stop", "from": "tel:+" + ANA, "to": "tel:+" + SHOP}]}, "consent"),
        sample({"json": {"type": "hello", "challenge": "c-1"}}, {"reply": {"status": 200, "type": "text/plain; charset=utf-8", "body": "c-1"}}, "verify"),
        sample({"json": {"type": "noise"}}, {"reply": 204}, "ignore"),
        sample({"json": {"type": "dlr", "reports": []}}, {"reply": 204}, "an empty batch"),
        sample({"json": {"type": "dlr", "test": "yes"}}, {"reply": 202, "kept": [{"kind": "ignored"}]}, "no case"),
    ]))


def test_more_items_than_are_taken_apart_are_kept_whole(play):
    body = [dict(SMS, id=str(i)) for i in range(1000)]
    code, results, _ = play(describe(way(each="[]"), [sample({"json": body}, {"reply": 200})]))
    assert code == 1 and "messages: expected 0, got 900: " in results["sample"]
    assert "it holds more items than are taken apart" in results["sample"]


# ---- picks and transforms ----

@pytest.mark.parametrize("pick, value, got", [
    (["gone", "v"], "x", "x"),
    ({"path": ["gone"], "default": "d"}, "x", "d"),
    ({"path": "v", "do": [{"strip": ["tel:", "whatsapp:"]}]}, "whatsapp:+44", "+44"),
    ({"path": "v", "do": {"strip_end": "@c.us"}}, "44@c.us", "44"),
    ({"path": "v", "do": "digits"}, "+44 (0) 7", "4407"),
    ({"path": "v", "do": ["digits", "plus"]}, "44-7", "+447"),
    ({"path": "v", "do": ["trim", "upper"]}, "  ä\u00a0", "Ä"),
    ({"path": "v", "do": ["lower"]}, "ÄB", "äb"),
    ({"path": "v", "do": [{"after": "stat:"}, {"before": " "}]}, "id:1 stat:DELIVRD err:000", "DELIVRD"),
    ({"path": ["v", "w"], "do": [{"after": "zzz:"}]}, "no such", "second"),
    ({"path": "v", "do": [{"split": {"on": ",", "at": 1}}]}, "a,b,c", "b"),
    ({"path": "v", "do": [{"split": {"on": ", ", "at": -1}}]}, "a, b, c", "c"),
    ({"path": "v", "do": "url"}, "a%20b+c%C3%A9", "a b cé"),
    ({"path": "v", "do": "base64"}, base64.b64encode("hé".encode()).decode(), "hé"),
    ({"path": ["v", "w"], "do": [{"strip": "zzz:"}, "base64"]}, "no base64!", None),
    ({"path": "v", "do": "hex"}, "68c3a9", "hé"),
    ({"path": "v", "do": ["hex", "ucs2"]}, "006800E9D83DDE00", "hé😀"),
    ({"path": "v", "do": ["hex", "no_udh", "ucs2"]}, "0500030302010068", "h"),
    ({"path": "v", "do": ["hex", {"charset": "iso-8859-15"}]}, "a4", "€"),
    ({"path": "v", "do": ["hex", "gsm7"]}, "001b6548", "@€H"),
    ({"path": "v", "do": [{"e164": "GB"}]}, "07700 900123", "+447700900123"),
    ({"path": "v", "map": {"A": "one", "*": "other"}}, "a", "one"),
    ({"path": "v", "map": {"A": "one", "*": "other"}}, "b", "other"),
    ({"value": "always"}, "x", "always"),
    ("n", "x", "12345678901"), ("f", "x", "1.50"), ("b", "x", "true"),
    ("l[0]", "x", "first"), ("l[-1]", "x", "last"), ("l[7]", "x", None), ("v[0]", "x", "x"), ('["a.b"].c', "x", "dotted"),
    ("j.$json.x[1]", "x", "in json"), ("q.$form.y", "x", "in form"), ("m.$xml.z", "x", "in xml"),
    ("$header:X-Thing", "x", "of head"), ("$query:thing", "x", "of query"), ("$value:topic", "x", GIVEN["values"]["topic"]),
    ("$method", "x", "POST"), ("$peer", "x", "192.0.2.1"), ("$path", "x", "sms"), ("$url", "x", URL + "sms?thing=of+query"),
    ("$root.v", "x", "x"), ("$body.$json.v", "x", "x"),
], ids=lambda v: None)
def test_a_pick(play, pick, value, got):
    body = {"id": 1, "from": ANA, "v": value, "w": "zzz:second", "n": 12345678901, "f": 0, "b": True, "l": ["first", "last"],
            "a.b": {"c": "dotted"}, "j": '{"x":["","in json"]}', "q": "y=in+form", "m": "<z>in xml</z>"}
    raw = json.dumps(body).replace('"f": 0', '"f": 1.50')
    request_ = {"path": "sms?thing=of+query", "headers": {"x-thing": "of head"}, "body": raw}
    made = way(message={"id": "id", "from": "from", "text": {"value": "."}, "subject": pick})
    passes(play, describe(made, [sample(request_, {"reply": 200, "messages": [{"subject": got}]})]))


@pytest.mark.parametrize("text, pick, at", [
    ("1795168800", {}, NOW), ("1795168800123", {}, "2026-11-20T10:00:00.123Z"), ("2026-11-20T10:00:00Z", {}, NOW),
    ("2026-11-20T11:00:00.000+0100", {}, NOW), ("2026-11-20 10:00:00", {}, NOW), ("2026-11-20T10:00", {}, NOW),
    ("2026-11-20 11:00:00", {"zone": "Europe/Berlin"}, NOW), ("2026-07-20 12:00:00", {"zone": "Europe/Berlin"}, "2026-07-20T10:00:00.000Z"),
    ("20261120100000", {"time": "%Y%m%d%H%M%S"}, NOW), ("2611201000", {"time": ["%d/%m/%Y", "%y%m%d%H%M"]}, NOW),
    ("Nov 20 2026 10:00:00 AM", {"time": "%b %d %Y %I:%M:%S %p"}, NOW), ("12:30 am 1/2/2026", {"time": "%I:%M %p %d/%m/%Y"}, "2026-02-01T00:30:00.000Z"),
    ("1795168800", {"time": "epoch"}, NOW), ("1795168800000", {"time": "epoch_ms"}, NOW), ("20 Nov", {"time": "iso"}, None),
    ("2026-13-20 10:00:00", {}, None), ("", {}, None), ("yesterday", {}, None),
])
def test_times_as_providers_write_them(play, text, pick, at):
    made = way(message=dict(PLAIN, sent=dict({"path": "date"}, **pick)))
    passes(play, describe(made, [sample({"json": dict(SMS, date=text)}, {"reply": 200, "messages": [{"sent": at}]})]))


@pytest.mark.parametrize("pick, value, got, also", [
    ("from", "+44 7700 900123", "tel:+447700900123", ["http:+44 7700 900123"]),
    ("from", "447700900123", "tel:+447700900123", []),
    ("from", "07700900123", "tel:+447700900123", ["http:07700900123"]),
    ("from", "12345", "short:12345", []),
    ("from", "INFO", "name:INFO", []),
    ({"path": "from", "as": "telegram"}, 12345, "telegram:12345", []),
])
def test_senders_are_addresses(play, pick, value, got, also):
    made = way(message=dict(PLAIN, **{"from": pick}))
    passes(play, describe(made, [sample({"json": dict(SMS, **{"from": value})},
                                        {"reply": 200, "messages": [{"from": got, "also": also}]})], country="GB"))


# ---- files, pieces, identity ----

def test_files_are_lists_or_numbered_fields(play):
    listed = way(message={"id": "id", "from": "from", "text": "text", "files": [
        {"each": "media[]", "url": "url", "type": "mime", "name": "name", "size": "size"},
        {"when": {"voice": {"exists": True}}, "url": "voice.id", "type": {"value": "audio/ogg"}, "voice": True},
        {"url": "sticker", "kind": "sticker"}]})
    body = {"id": 1, "from": ANA, "media": [{"url": "https://m/1", "mime": "image/png", "name": "a.png", "size": 12}, {"nothing": 1},
                                            {"url": "https://m/2"}], "voice": {"id": "v1"}, "sticker": "s1"}
    files = [{"url": "https://m/1", "type": "image/png", "name": "a.png", "size": 12, "kind": "image"}, {"url": "https://m/2", "kind": "file"},
             {"url": "v1", "kind": "audio", "voice": True}, {"url": "s1", "kind": "sticker"}]
    passes(play, describe(listed, [sample({"json": body}, {"reply": 200, "messages": [{"kind": "image", "files": files}]})]))

    numbered = way(type="form", message={"id": "id", "from": "from", "text": "text",
                                         "files": {"count": "NumMedia", "url": "Url{n}", "type": "Type{n}"}})
    uncounted = way(path="other", type="form", message={"id": "id", "from": "from", "text": "text", "files": {"first": 1, "url": ["Url{n}"]}})
    form = {"id": 1, "from": ANA, "NumMedia": 2, "Url0": "https://m/0", "Type0": "video/mp4", "Url1": "https://m/1", "Url2": "https://m/2"}
    passes(play, describe([numbered, uncounted], [
        sample({"form": form}, {"reply": 200, "messages": [{"kind": "video", "files": [{"url": "https://m/0"}, {"url": "https://m/1"}]}]}, "counted"),
        sample({"path": "other", "form": form}, {"reply": 200, "messages": [{"files": [{"url": "https://m/1"}, {"url": "https://m/2"}]}]}, "uncounted")]))


def test_pieces_of_a_message_are_said_to_be_pieces(play):
    made = way(message=dict(PLAIN, parts={"ref": "ref", "part": "part", "total": "total", "udh": "udh", "wait": "1m"}))
    passes(play, describe(made, [
        sample({"json": dict(SMS, ref="77", part=2, total=3)}, {"reply": 200, "messages": [{"parts": {"ref": "77", "part": 2, "total": 3}}]}, "fields"),
        sample({"json": dict(SMS, udh="0500034D0301")}, {"reply": 200, "messages": [{"parts": {"ref": "77", "part": 1, "total": 3}}]}, "header"),
        sample({"json": dict(SMS, udh="060804012C0202")}, {"reply": 200, "messages": [{"parts": {"ref": "300", "part": 2, "total": 2}}]}, "wide header"),
        sample({"json": dict(SMS, ref="77", part=4, total=3)}, {"reply": 200, "messages": [{"parts": None}]}, "no such part"),
        sample({"json": dict(SMS, ref="77", part=1, total=1)}, {"reply": 200, "messages": [{"parts": None}]}, "whole"),
        sample({"json": dict(SMS, udh="zz")}, {"reply": 200, "messages": [{"parts": None}]}, "no header"),
    ]))


def keys_of(play, made, bodies):
    """The dedupe key of each of bodies."""
    code, results, errors = play(describe(made, [sample({"json": b}, {"reply": 200}, str(i)) for i, b in enumerate(bodies)]))
    assert code == 1 and not errors, errors
    shown = [json.loads(text.split(": expected 0, got 1: ", 1)[1].split("\n")[0])[0] for text in results.values()]
    assert all(m["id"] is None for m in shown)
    return [m["dedupe"] for m in shown]


def test_a_hash_of_fields_is_the_identity_where_a_provider_has_none(play):
    made = way(message=dict(PLAIN, id={"hash": ["from", "text", "date"], "within": "1h"}, sent="date",
                            parts={"ref": "ref", "part": "part", "total": "total"}))
    one = dict(SMS, date=str(NOW_S))
    same, other, later, within, piece, piece2, piece3, moved = keys_of(play, made, [
        one, dict(one, text="else"), dict(one, date=str(NOW_S + 3600)), dict(one, id="zz"), dict(one, ref=1, part=1, total=2),
        dict(one, ref=1, part=2, total=2), dict(one, ref=2, part=1, total=2), {**one, "from": ANA + "7", "text": "700900123" + one["text"]}])
    assert same == within and len({same, other, later, piece, piece2, piece3, moved}) == 7
    gone, again, changed = keys_of(play, way(message=dict(PLAIN, id="nowhere")), [SMS, SMS, dict(SMS, text="x")])
    assert gone == again != changed and gone.startswith("item:")


# ---- receipts, words of consent ----

STATUS = {"id": "id", "key": "$query:key", "to": "to", "from": "from", "at": "at", "text": "why",
          "state": {"path": "status", "map": {"SENT": "sent", "DELIVRD": "delivered", "SEEN": "read", "REJECTD": "failed", "STOP": "opted_out", "QUEUED": "ignore"}},
          "code": "err"}
CODES = {"103": {"class": "opted_out", "advice": "he has said STOP"}, "007": {"class": "contact"}, "E9": "account"}


def receipt(play, body, expect, path="sms"):
    passes(play, describe(way(status=STATUS, cases=None) if False else {k: v for k, v in way(status=STATUS).items() if k != "message"},
                          [sample({"path": path, "json": body}, dict({"reply": 200}, **expect))], codes=CODES))


def test_receipts_move_what_we_sent(play):
    at = {"at": NOW, "to": "tel:+" + ANA, "id": "m1"}
    body = {"id": "m1", "to": ANA, "from": SHOP, "at": NOW_S}
    receipt(play, dict(body, status="DELIVRD"), {"receipts": [dict(at, state="delivered", code=0, key=None)]})
    receipt(play, dict(body, status="delivrd"), {"receipts": [dict(at, state="delivered", key="k-1")]}, "sms?key=k-1")
    receipt(play, {"status": "SEEN"}, {"receipts": [{"state": "read", "id": None, "key": "k-1"}]}, "sms?key=k-1")
    receipt(play, dict(body, status="QUEUED"), {})
    receipt(play, dict(body, status="REJECTD", err=5, why="no route"),
            {"receipts": [dict(at, state="failed", code=5, text="no route", reach="message", advice=None)]})
    receipt(play, dict(body, status="REJECTD", err="007"), {"receipts": [dict(at, state="failed", code=7, reach="contact")]})
    receipt(play, dict(body, status="REJECTD", err="E9", why="no credit"),
            {"receipts": [dict(at, state="failed", code=0, reach="account", text="E9: no credit")]})
    stop = {"word": "stop", "from": "tel:+" + ANA, "to": "tel:+" + SHOP}
    receipt(play, dict(body, status="REJECTD", err=103),
            {"receipts": [dict(at, state="failed", reach="contact", advice="he has said STOP")], "consent": [dict(stop, code=103)]})
    receipt(play, dict(body, status="STOP"), {"receipts": [dict(at, state="failed", reach="contact")], "consent": [stop]})


def test_a_status_nobody_mapped_is_kept(play):
    receipt(play, {"id": "m1", "status": "WEIRD"}, {"kept": [{"kind": "ignored", "note": "the status 'WEIRD' is not in the description's map"}]})
    receipt(play, {"status": "DELIVRD"}, {"kept": [{"kind": "ignored"}]})


def test_words_of_consent_that_the_provider_has_answered(play):
    made = way(message=dict(PLAIN, consent="opt"))
    passes(play, describe(made, [
        sample({"json": dict(SMS, opt="STOP", text="Stop please")}, {"reply": 200, "consent": [{"word": "stop", "text": "Stop please", "id": "a1"}]}, "stop"),
        sample({"json": dict(SMS, opt="other")}, {"reply": 200, "messages": [{"text": SMS["text"]}]}, "no word")]))
    made = {k: v for k, v in way(consent={"from": "from", "word": "w"}).items() if k != "message"}
    passes(play, describe(made, [
        sample({"json": {"from": ANA, "w": "START"}}, {"reply": 200, "consent": [{"word": "start"}]}, "start"),
        sample({"json": {"from": ANA, "w": "maybe"}}, {"reply": 200, "kept": [{"kind": "unsupported"}]}, "no word"),
        sample({"json": {"w": "stop"}}, {"reply": 200, "kept": [{"kind": "unsupported"}]}, "nobody")]))


def test_edits_revocations_and_reactions_name_their_message(play):
    ways = [way(path=kind, message=dict(PLAIN, kind=kind, target="about")) for kind in ("edit", "revoke", "reaction")]
    samples = [sample({"path": w["path"], "json": dict(SMS, about="m0")}, {"reply": 200, "messages": [{"kind": w["path"], "target": "m0"}]}, w["path"]) for w in ways]
    samples.append(sample({"path": "edit", "json": SMS}, {"reply": 200, "kept": [{"note": "it does not say which message it is about"}]}, "no target"))
    passes(play, describe(ways, samples))


def test_all_else_a_message_can_say(play):
    made = way(message=dict(PLAIN, name="n", username="u", group="g", subject="s", answers="a", payload="p"))
    extra = dict(n="Ana", u="ana", g="g1", s="Hi", a="m0", p={"lat": 1})
    passes(play, describe(made, [sample({"json": dict(SMS, **extra)}, {"reply": 200, "messages": [{
        "name": "Ana", "username": "ana", "group": "g1", "subject": "Hi", "answers": "m0", "payload": '{"lat":1}'}]})]))


# ---- which way, and what is answered ----

def test_the_first_way_that_takes_a_request_has_it(play):
    ways = [way(path="a/b", method="PUT"), way(path="a/*", message=dict(PLAIN, subject={"value": "star"})),
            way(path="json", content_type="application/json"), way(path="json", content_type="text/json", type="json", message=dict(PLAIN, subject={"value": "text"})),
            dict(way(path="hook/$secret:token"), auth="none")]
    got = lambda **more: {"reply": 200, "messages": [more]}
    passes(play, describe(ways, [
        sample({"path": "a/b", "json": SMS}, got(subject="star"), "star"),
        sample({"path": "a/b", "method": "PUT", "json": SMS}, got(subject=None), "put"),
        sample({"path": "a/b", "method": "GET"}, {"reply": 405}, "get"),
        sample({"path": "a", "json": SMS}, {"reply": 404}, "too short"),
        sample({"path": "json", "headers": {"Content-Type": "Text/JSON; charset=utf-8"}, "json": SMS}, got(subject="text"), "by type"),
        sample({"path": "json", "headers": {"Content-Type": "text/jsonp"}, "json": SMS}, {"reply": 415}, "other type"),
        sample({"path": "hook/s3cret-token", "json": SMS}, got(proven=True), "secret in the path"),
        sample({"path": "hook/s3cret-tokeN", "json": SMS}, {"reply": 404}, "not the secret"),
        sample({"path": "hook/s3cret-token/x", "json": SMS}, {"reply": 404}, "too long"),
        sample({"path": "nowhere", "json": SMS}, {"reply": 404}, "nowhere"),
    ]))


def test_replies_keep_values_in_their_place(play):
    body = dict(SMS, id='"><x/>\\"')
    replies = [
        ({"status": 201, "type": "application/xml", "body": '<r id="${item:id}">${item:text}</r>'},
         {"status": 201, "type": "application/xml", "body": '<r id="&quot;&gt;&lt;x/&gt;\\&quot;">héllo &amp; &lt;b&gt;</r>'}),
        ({"body": {"ok": True, "ids": ["${item:id}", 1], "t": "${query:q}"}},
         {"status": 200, "type": "application/json", "body": '{"ok":true,"ids":["\\"><x/>\\\\\\"",1],"t":"v"}'}),
        ({"type": "text/plain", "body": "ok ${header:X-Id|nobody}"}, {"status": 200, "type": "text/plain", "body": "ok nobody"}),
        (204, {"status": 204, "type": None, "body": ""}),
    ]
    for said, got in replies:
        passes(play, describe(way(reply={"accepted": said}), [sample({"path": "sms?q=v", "json": body}, {"reply": got, "messages": [{}]})]))


# ---- who may call ----

def digest(name, key, data):
    return hmac.new(key, data if isinstance(data, bytes) else data.encode(), name)


def b64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def jwt(claims, key=b"s3cret-token", alg="HS256", name="sha256"):
    head = b64url(json.dumps({"alg": alg, "typ": "JWT"}).encode()) + "." + b64url(json.dumps(claims).encode())
    return head + "." + b64url(hmac.new(key, head.encode(), name).digest())


RAW = json.dumps(SMS, ensure_ascii=False)
TOKEN = b"s3cret-token"
FORM_RAW = "b=2&a=1&a=0&text=h%C3%A9+llo"
PRIVATE = ed25519.Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)).decode()
GOOD_CLAIMS = {"iss": "Provider", "exp": NOW_S + 60, "nbf": NOW_S, "url_hash": hashlib.sha256((URL + "sms?x=1").encode()).hexdigest(),
               "payload_hash": hashlib.sha256(RAW.encode()).hexdigest()}
JWT = {"jwt": {"at": "$header:X-Jwt", "algorithm": "HS256", "secret": "token", "leeway": "5s",
               "claims": {"iss": "Provider", "url_hash": "${sha256(url)}", "payload_hash": "${sha256(body)}"}}}


def hmac_at(over, **more):
    return {"hmac": dict({"digest": "sha256", "secret": "token", "over": over, "at": "$header:X-Sig"}, **more)}


def sig(value):
    return {"headers": {"X-Sig": value}}


PROOFS = {
    "token in a header": ({"token": {"at": "$header:X-Sig", "secret": ["token", "old"]}}, sig("older-token"), sig("older-tokem")),
    "token in the query": ({"token": {"at": "$query:t", "secret": "token"}}, {"path": "sms?t=s3cret-token"}, {"path": "sms?t=s3cret-toke"}),
    "bearer token": ({"token": {"at": {"path": "$header:Authorization", "do": [{"after": "Bearer "}]}, "secret": "token"}},
                     {"headers": {"Authorization": "Bearer s3cret-token"}}, {"headers": {"Authorization": "Basic s3cret-token"}}),
    "basic": ({"basic": {"user": "prov", "secret": "token"}}, {"headers": {"Authorization": "Basic " + base64.b64encode(b"prov:s3cret-token").decode()}},
              {"headers": {"Authorization": "Basic " + base64.b64encode(b"prow:s3cret-token").decode()}}),
    "addresses": ({"addresses": ["198.51.100.0/25", "2001:db8::/33"]}, {"peer": "198.51.100.127"}, {"peer": "198.51.100.128"}),
    "addresses, version 6": ({"addresses": ["198.51.100.0/25", "2001:db8::/33"]}, {"peer": "2001:db8:7fff::1"}, {"peer": "2001:db8:8000::1"}),
    "addresses, mapped": ({"addresses": "198.51.100.7"}, {"peer": "::ffff:198.51.100.7"}, {"peer": "::ffff:198.51.100.8"}),
    "hmac, hex": (hmac_at("${body}"), sig(digest("sha256", TOKEN, RAW).hexdigest().upper()), sig(digest("sha256", b"other", RAW).hexdigest())),
    "hmac, base64": (hmac_at("${body}", digest="sha1"), sig(base64.b64encode(digest("sha1", TOKEN, RAW).digest()).decode()),
                     sig(base64.b64encode(digest("sha256", TOKEN, RAW).digest()).decode())),
    "hmac, prefix, rotation": (hmac_at("${body}", secret=["token", "old"], at={"path": "$header:X-Sig", "do": [{"after": "sha256="}]}),
                               sig("sha256=" + digest("sha256", b"older-token", RAW).hexdigest()), sig(digest("sha256", b"older-token", RAW).hexdigest())),
    "hmac, md5": (hmac_at("${body}", digest="md5"), sig(digest("md5", TOKEN, RAW).hexdigest()), sig("")),
    "hmac, sha512, key in hex": (hmac_at("${body}", digest="sha512", secret="hexkey", key="hex"), sig(digest("sha512", b"\x00\xff\x10", RAW).hexdigest()),
                                 sig(digest("sha512", b"00ff10", RAW).hexdigest())),
    "hmac, key in base64": (hmac_at("${body}", secret="b64key", key="base64"), sig(digest("sha256", b"\x00key\xff", RAW).hexdigest()), sig("x")),
    "hmac over many things": (hmac_at("${method}|${url}|${url_base}|${query}|${header:X-Ts}|${query:x}|${md5(body)}|${sha1(body)}|${sha512(body)}|${base64(body)}|${value:topic}"),
                              {"path": "sms?x=1&y=2", "headers": {"X-Ts": "77", "X-Sig": digest("sha256", TOKEN, "|".join([
                                  "POST", URL + "sms?x=1&y=2", URL + "sms", "x=1&y=2", "77", "1", hashlib.md5(RAW.encode()).hexdigest(),
                                  hashlib.sha1(RAW.encode()).hexdigest(), hashlib.sha512(RAW.encode()).hexdigest(), base64.b64encode(RAW.encode()).decode(),
                                  GIVEN["values"]["topic"]])).hexdigest()}}, sig("00")),
    "hmac over raw bytes of a hash": (hmac_at("${header:X-Ts}\n${url}\n${sha256raw(body)}"),
                                      {"headers": {"X-Ts": "77", "X-Sig": digest("sha256", TOKEN, b"77\n" + (URL + "sms").encode() + b"\n" + hashlib.sha256(RAW.encode()).digest()).hexdigest()}},
                                      {"headers": {"X-Ts": "78", "X-Sig": digest("sha256", TOKEN, b"77\n" + (URL + "sms").encode() + b"\n" + hashlib.sha256(RAW.encode()).digest()).hexdigest()}}),
    "hmac over sorted parameters": (hmac_at("${url}${sorted_params}", digest="sha1"),
                                    {"body": FORM_RAW, "headers": {"X-Sig": digest("sha1", TOKEN, URL + "smsa0a1b2texthé llo").hexdigest()}},
                                    {"body": FORM_RAW + "&z=1", "headers": {"X-Sig": digest("sha1", TOKEN, URL + "smsa0a1b2texthé llo").hexdigest()}}),
    "hash with the secret in it": ({"digest": {"digest": "md5", "over": "${sorted_pairs}${secret:token}", "at": "$header:X-Sig"}},
                                   {"body": FORM_RAW, "headers": {"X-Sig": hashlib.md5("a=0&a=1&b=2&text=hé llos3cret-token".encode()).hexdigest()}},
                                   {"body": FORM_RAW, "headers": {"X-Sig": hashlib.md5("a=0&a=1&b=2&text=hé llo".encode()).hexdigest()}}),
    "ed25519": ({"ed25519": {"key": PUBLIC, "over": "${header:X-Ts}|${body}", "at": "$header:X-Sig"}},
                {"headers": {"X-Ts": "77", "X-Sig": base64.b64encode(PRIVATE.sign(b"77|" + RAW.encode())).decode()}},
                {"headers": {"X-Ts": "78", "X-Sig": base64.b64encode(PRIVATE.sign(b"77|" + RAW.encode())).decode()}}),
    "jwt": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}, {"path": "sms?x=2", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}),
    "jwt, bearer": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": "Bearer " + jwt(GOOD_CLAIMS)}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS, b"other")}}),
    "jwt of another issuer": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(dict(GOOD_CLAIMS, iss="Other"))}}),
    "jwt of another body": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(dict(GOOD_CLAIMS, payload_hash="00"))}}),
    "jwt without a hash of the body": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}},
                                       {"path": "sms?x=1", "headers": {"X-Jwt": jwt({k: v for k, v in GOOD_CLAIMS.items() if k != "payload_hash"})}}),
    "jwt, expired": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(dict(GOOD_CLAIMS, exp=NOW_S - 4))}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(dict(GOOD_CLAIMS, exp=NOW_S - 6))}}),
    "jwt without an end": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt({k: v for k, v in GOOD_CLAIMS.items() if k != "exp"})}}),
    "jwt that says none": (JWT, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS)}}, {"path": "sms?x=1", "headers": {"X-Jwt": jwt(GOOD_CLAIMS, alg="none")}}),
    "within": ([hmac_at("${header:X-Ts}"), {"within": {"at": "$header:X-Ts", "window": "5m"}}],
               {"headers": {"X-Ts": str(NOW_S - 300), "X-Sig": digest("sha256", TOKEN, str(NOW_S - 300)).hexdigest()}},
               {"headers": {"X-Ts": str(NOW_S - 301), "X-Sig": digest("sha256", TOKEN, str(NOW_S - 301)).hexdigest()}}),
    "within, the future": ([hmac_at("${header:X-Ts}"), {"within": {"at": "$header:X-Ts", "window": "5m"}}],
                           {"headers": {"X-Ts": str(NOW_S + 300), "X-Sig": digest("sha256", TOKEN, str(NOW_S + 300)).hexdigest()}},
                           {"headers": {"X-Ts": str(NOW_S + 301), "X-Sig": digest("sha256", TOKEN, str(NOW_S + 301)).hexdigest()}}),
}


@pytest.mark.parametrize("name", PROOFS)
def test_what_proves_a_request_and_what_does_not(play, name):
    auth, good, forged = PROOFS[name]
    made = {k: v for k, v in way(auth=auth, type="text", ignore=True, reply={"ignored": 204, "bad_signature": {"status": 403, "body": "who are you?"}}).items() if k != "message"}
    refused = {"reply": {"status": 403, "body": "who are you?"}}
    passes(play, describe(made, [
        sample(dict({"body": RAW}, **good), {"reply": 204}, "genuine"),
        sample(dict({"body": RAW}, **forged), refused, "forged"),
        sample({"body": RAW, "peer": "203.0.113.1"}, refused, "nothing at all"),
    ]))


def test_a_claim_over_the_body_is_not_wanted_where_there_is_none(play):
    claims = {k: v for k, v in GOOD_CLAIMS.items() if k != "payload_hash"}
    made = {"path": "sms", "method": "GET", "auth": JWT, "ignore": True}
    passes(play, describe(made, [sample({"method": "GET", "path": "sms?x=1", "headers": {"X-Jwt": jwt(claims)}}, {"reply": 200})]))


# ---- handshakes ----

def test_challenges_are_echoed_to_who_knows_the_token(play):
    ways = [{"path": "hook", "method": "GET", "cases": [{"when": {'["hub.mode"]': "subscribe"}, "verify": {
                "token": "$query:hub.verify_token", "secret": ["token", "old"], "echo": "$query:hub.challenge"}}]},
            {"path": "slack", "type": "json", "verify": {"token": "token", "secret": "token",
                                                         "reply": {"body": {"challenge": "${item:challenge}"}}}}]
    get = "hook?hub.mode=subscribe&hub.challenge=12%3Cb%3E&hub.verify_token="
    passes(play, describe(ways, [
        sample({"method": "GET", "path": get + "older-token"}, {"reply": {"status": 200, "type": "text/plain; charset=utf-8", "body": "12<b>"}}, "echo"),
        sample({"method": "GET", "path": get + "other"}, {"reply": {"status": 403, "body": ""}}, "wrong token"),
        sample({"method": "GET", "path": "hook?hub.mode=else"}, {"reply": 200, "kept": [{"kind": "ignored"}]}, "no handshake"),
        sample({"path": "slack", "json": {"token": "s3cret-token", "challenge": 'a"b'}}, {"reply": {"status": 200, "type": "application/json", "body": '{"challenge":"a\\"b"}'}}, "json"),
        sample({"path": "slack", "json": {"token": "no", "challenge": "a"}}, {"reply": 403}, "json, wrong token"),
    ]))


# ---- SNS ----

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CERT_URL = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123456789abcdef.pem"


def certificate(key=KEY):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sns.amazonaws.com")])
    day = datetime.datetime(2026, 1, 1)
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
            .not_valid_before(day).not_valid_after(day + datetime.timedelta(days=3650)).sign(key, hashes.SHA256()))
    return made.public_bytes(serialization.Encoding.PEM).decode()


def sns(type_="Notification", version="2", key=KEY, **more):
    """A message of SNS, signed as its guide says: "Verifying the signatures of Amazon SNS messages"."""
    inner = {"originationNumber": "+" + ANA, "destinationNumber": "+" + SHOP, "messageBody": "hi", "inboundMessageId": "i1"}
    message = {"Type": type_, "MessageId": "m1", "TopicArn": GIVEN["values"]["topic"], "Message": json.dumps(inner), "Timestamp": NOW,
               "SignatureVersion": version, "SigningCertURL": CERT_URL}
    if type_ != "Notification":
        message.update(Token="t1", SubscribeURL="https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription")
    message.update(more)
    names = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"] if type_ == "Notification" else \
            ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"]
    signed = "".join(f"{n}\n{message[n]}\n" for n in names if n in message)
    hash_ = hashes.SHA1() if version == "1" else hashes.SHA256()
    message["Signature"] = base64.b64encode(key.sign(signed.encode(), padding.PKCS1v15(), hash_)).decode()
    return message


SNS_WAY = {"path": "sms", "type": "json", "auth": {"sns": {"topics": ["$value:topic"]}}, "cases": [
    {"when": {"Type": "SubscriptionConfirmation"}, "verify": {"confirm": "SubscribeURL", "hosts": [".amazonaws.com"]}},
    {"when": {"Type": "Notification"}, "message": {"id": "Message.$json.inboundMessageId", "from": "Message.$json.originationNumber",
                                                   "to": "Message.$json.destinationNumber", "text": "Message.$json.messageBody"}}]}


def test_sns_is_believed_by_its_certificate_alone(play):
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    taken = {"reply": 200, "messages": [{"id": "i1", "from": "tel:+" + ANA, "text": "hi", "proven": True}]}
    samples = [
        sample({"json": sns()}, taken, "version 2"), sample({"json": sns(version="1")}, taken, "version 1"),
        sample({"json": sns(Subject="about")}, taken, "with a subject"),
        sample({"json": sns("SubscriptionConfirmation")}, {"reply": 200, "calls": ["https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription"]}, "handshake"),
    ]
    forged = {
        "another key": sns(key=other), "another topic": sns(TopicArn="arn:aws:sns:eu-west-1:666:sms"), "version 3": dict(sns(), SignatureVersion="3"),
        "other text": dict(sns(), Message='{"messageBody":"send money"}'), "no signature": {k: v for k, v in sns().items() if k != "Signature"},
        "another host": sns(SigningCertURL="https://sns.eu-west-1.amazonaws.com.evil.example/SimpleNotificationService-01.pem"),
        "a host in the user": sns(SigningCertURL="https://sns.eu-west-1.amazonaws.com@evil.example/SimpleNotificationService-01.pem"),
        "no https": sns(SigningCertURL=CERT_URL.replace("https", "http")), "another file": sns(SigningCertURL="https://sns.eu-west-1.amazonaws.com/bucket/x.pem"),
        "no region": sns(SigningCertURL=CERT_URL.replace("sns.eu-west-1", "sns.")), "handshake with another key": sns("SubscriptionConfirmation", key=other),
        "no JSON": "x", "another type": sns(Type="Else"),
    }
    samples += [sample({"json": m}, {"reply": 401}, name) for name, m in forged.items()]
    passes(play, describe(SNS_WAY, samples, {"certificates": {CERT_URL: certificate()}}))


def test_an_unknown_certificate_is_fetched_and_the_message_is_to_come_again(play):
    url = CERT_URL.replace("0123", "4567")
    passes(play, describe(SNS_WAY, [sample({"json": sns(SigningCertURL=url)}, {"reply": 503, "calls": [url]}, "unknown")]))
    passes(play, describe(SNS_WAY, [sample({"json": sns()}, {"reply": 503}, "could not be had")], {"certificates": {CERT_URL: "nonsense"}}))
