"""Files of visitors: sent up in pieces, resumed, weighed by their bytes, handed out again by links that end."""
import hashlib
import os
import re
import struct
import uuid
import zlib

import pytest

import conftest
from harness import wait_until
from records import record
from visitor_client import ENV, Visitor, change, problem

MORE = """\
uploads: { types: ["image/*", "application/pdf", "text/plain"], max: 3MiB, count: 3 }
rate: { uploads: 1000, messages: 1000, requests: 10000, sessions: 1000 }
"""
CONFIG = dict(rules=conftest.AT_ONCE, env=ENV, change=change(MORE))


def png(size=100):
    """A picture of noise, of about that many bytes: a PNG as its specification has it."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    side = max(1, int((size / 3) ** 0.5))
    rows = b"".join(b"\0" + os.urandom(side * 3) for _ in range(side))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)) +
            chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b""))


def announce(visitor, data, name="cat.png", type="image/png", **more):
    return visitor.call("POST", "/uploads", dict(dict(name=name, type=type, bytes=len(data)), **more))


def put(visitor, upload, data, first, last, total=None):
    """Bytes first to last of it."""
    return visitor_put(visitor, upload, data[first:last + 1], f"bytes {first}-{last}/{total or len(data)}")


def visitor_put(visitor, upload, piece, content_range):
    headers = {"Authorization": "Bearer " + visitor.token, "Content-Type": "application/octet-stream",
               "X-Forwarded-For": visitor.address, "Origin": visitor.origin}
    if content_range is not None:
        headers["Content-Range"] = content_range
    return visitor.gateway.http("PUT", f"/client/v1/uploads/{upload}", piece, headers)


def send_up(visitor, data, piece=64 * 1024, **more):
    """All of it; its id."""
    answer = announce(visitor, data, **more)
    assert answer.status == 201, answer
    upload = answer.json["id"]
    for first in range(0, len(data), piece):
        answer = put(visitor, upload, data, first, min(first + piece, len(data)) - 1)
        assert answer.status == 200, answer
    assert answer.json == dict(id=upload, offset=len(data), bytes=len(data), done=True)
    return upload


def left(gateway):
    """What lies there for nobody."""
    folder = gateway.store.parent / "attachments" / "uploads"
    return sorted(p.name for p in folder.iterdir())


def follow(gateway, url, **headers):
    """A link as a browser follows it: without a token."""
    assert url.startswith("https://chat.acme.example/client/v1/files/att_")
    return follow_any(gateway, url, **headers)


def follow_any(gateway, url, **headers):
    return gateway.http("GET", url.removeprefix("https://chat.acme.example"), headers=headers)


# ---- the way up, and down again ----

def test_a_picture_goes_up_in_pieces_and_the_agent_has_it(world):
    visitor, data = Visitor(world.gateway), png(200 * 1024)
    upload = send_up(visitor, data)
    said = visitor.said("look at this", files=[upload])
    [file] = said["message"]["files"]
    assert (file["name"], file["type"], file["bytes"], file["state"], file["kind"], file["inline"]) == (
        "cat.png", "image/png", len(data), "stored", "image", True)
    [message] = [m for m in world.gateway.messages(said["thread"]["id"]) if m["direction"] == "inbound"]
    [attachment] = message["attachments"]
    assert attachment["sha256"] == hashlib.sha256(data).hexdigest()
    stored = world.gateway.api("GET", f"/v1/attachments/{attachment['id']}")
    assert stored.body == data

    shown = follow(world.gateway, file["url"])
    assert shown.status == 200 and shown.body == data
    assert shown.headers["Content-Type"] == "image/png"
    assert shown.headers["Content-Disposition"] == "inline; filename=\"cat.png\"; filename*=UTF-8''cat.png"
    assert shown.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert shown.headers["X-Content-Type-Options"] == "nosniff"
    assert shown.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    age = int(re.fullmatch(r"private, immutable, max-age=(\d+)", shown.headers["Cache-Control"])[1])
    assert 3600 <= age <= 5400
    saved = follow(world.gateway, file["url"] + "&download=1")
    assert saved.headers["Content-Disposition"].startswith("attachment;")
    assert saved.headers["Content-Type"] == "application/octet-stream"


def test_a_message_may_be_nothing_but_files(world):
    visitor = Visitor(world.gateway)
    uploads = [send_up(visitor, png(), name=f"{n}.png") for n in range(3)]
    said = visitor.said("", files=uploads)
    assert [f["name"] for f in said["message"]["files"]] == ["0.png", "1.png", "2.png"]


def test_the_retry_of_a_message_names_its_files_again(world):
    visitor = Visitor(world.gateway)
    upload, id = send_up(visitor, png()), str(uuid.uuid4())
    first = visitor.say("once", id=id, files=[upload])
    again = visitor.say("once", id=id, files=[upload])
    assert (first.status, again.status) == (201, 200)
    assert again.json["message"]["id"] == first.json["message"]["id"]
    assert len(again.json["message"]["files"]) == 1


def test_an_upload_goes_on_where_it_was(world):
    visitor, data = Visitor(world.gateway), png(90 * 1024)
    upload = announce(visitor, data).json["id"]
    assert put(visitor, upload, data, 0, 9999).json["offset"] == 10000
    # The answer got lost: the client asks, or sends the piece again and is told.
    assert visitor.call("GET", f"/uploads/{upload}").json == dict(id=upload, offset=10000, bytes=len(data), done=False)
    for first, last in ((0, 9999), (5000, 19999), (20000, 29999)):
        answer = put(visitor, upload, data, first, last)
        assert (answer.status, problem(answer), answer.json["offset"]) == (409, "upload-offset", 10000)
    assert put(visitor, upload, data, 10000, len(data) - 1).json["done"]
    assert follow(world.gateway, visitor.said("", files=[upload])["message"]["files"][0]["url"]).body == data


@pytest.fixture
def own(tmp_path):
    """A daemon of the test's own, to be killed or to have its clock moved."""
    made = conftest.World(tmp_path, **CONFIG)
    yield made
    made.close()


def test_an_upload_goes_on_over_a_kill(own):
    visitor, data = Visitor(own.gateway), png(2600 * 1024)
    upload = announce(visitor, data).json["id"]
    for first in (0, 1000 * 1000):
        assert put(visitor, upload, data, first, first + 999 * 1000 + 999).status == 200
    whole = send_up(visitor, png(), name="whole.png")
    own.gateway.kill()
    own.gateway.start()
    offset = visitor.call("GET", f"/uploads/{upload}").json["offset"]
    assert 0 < offset <= 2000 * 1000
    while offset < len(data):
        answer = put(visitor, upload, data, offset, min(offset + 999 * 1000, len(data) - 1))
        assert answer.status == 200, answer
        offset = answer.json["offset"]
    files = visitor.said("both", files=[upload, whole])["message"]["files"]
    assert follow(own.gateway, files[0]["url"]).body == data
    # And the message is sent again over another kill, for its answer got lost.
    id = str(uuid.uuid4())
    last = send_up(visitor, png())
    assert visitor.say("last", id=id, files=[last]).status == 201
    own.gateway.kill()
    own.gateway.start()
    assert visitor.say("last", id=id, files=[last]).status == 200


def test_links_and_uploads_end(own):
    visitor = Visitor(own.gateway)
    file = visitor.said("here", files=[send_up(visitor, png())])["message"]["files"][0]
    own.gateway.advance(minutes=50)
    assert follow(own.gateway, file["url"]).status == 200
    own.gateway.advance(minutes=45)
    answer = follow(own.gateway, file["url"])
    assert (answer.status, problem(answer)) == (410, "link-expired")
    visitor.session(token=visitor.token)
    [thread] = visitor.threads()
    assert follow(own.gateway, visitor.messages(thread["id"])[0]["files"][0]["url"]).status == 200


def test_a_file_that_is_not_wanted_any_more_is_gone(world):
    visitor, data = Visitor(world.gateway), png()
    upload = send_up(visitor, data)
    assert visitor.call("DELETE", f"/uploads/{upload}").status == 204
    assert visitor.call("GET", f"/uploads/{upload}").status == 404
    assert not [name for name in left(world.gateway) if name.startswith(upload)]
    assert visitor.say("", files=[upload]).status == 404


# ---- who lies ----

LIES = {
    "markup as a picture": ("image/png", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>"),
    "a page as a picture": ("image/jpeg", b"<!doctype html><script>alert(document.cookie)</script>"),
    "a program as a picture": ("image/png", b"MZ\x90\0\3\0\0\0\4\0\0\0\xff\xff" + bytes(100)),
    "a program as a text": ("text/plain", b"\x7fELF\2\1\1" + bytes(60)),
    "an archive as a document": ("application/pdf", b"PK\3\4\x14\0\0\0" + bytes(60)),
    "nothing as a picture": ("image/png", b"not a picture at all"),
    "a page that is not announced": ("", b"<html><body>hello"),
    "a picture of another kind, with a script": ("image/gif", b"GIF88a=1;alert(1)"),
}


@pytest.mark.parametrize("lie", LIES)
def test_who_lies_about_a_file_is_refused_and_nothing_is_kept(world, lie):
    type, data = LIES[lie]
    visitor = Visitor(world.gateway)
    upload = announce(visitor, data, type=type).json["id"]
    answer = put(visitor, upload, data, 0, len(data) - 1)
    assert (answer.status, problem(answer)) == (415, "file-type")
    assert visitor.call("GET", f"/uploads/{upload}").status == 404
    assert not [name for name in left(world.gateway) if name.startswith(upload)]
    record("visitor.lies", 1)
    assert 'reason="file-type"' in world.gateway.api("GET", "/metrics").body.decode()


def test_a_long_lie_is_told_with_its_first_piece(world):
    visitor, data = Visitor(world.gateway), b"no picture" * 100000
    upload = announce(visitor, data).json["id"]
    answer = put(visitor, upload, data, 0, 9999)
    assert (answer.status, problem(answer)) == (415, "file-type")


@pytest.mark.parametrize("change, status, word", [
    (dict(type="image/svg+xml"), 201, None),	# all pictures are taken; what becomes of it is told below
    (dict(type="video/mp4"), 415, "file-type"),
    (dict(type="application/x-msdownload"), 415, "file-type"),
    (dict(bytes=3 * 1024 * 1024), 201, None),
    (dict(bytes=3 * 1024 * 1024 + 1), 413, "file-too-large"),
    (dict(bytes=2 ** 62), 413, "file-too-large"),
    (dict(bytes=0), 400, "invalid-request"),
    (dict(bytes=-1), 400, "invalid-request"),
    (dict(bytes="100"), 400, "invalid-request"),
    (dict(bytes=None), 400, "invalid-request"),
    (dict(name="x" * 1025), 422, "too-large"),
    (dict(extra=1), 400, "invalid-request"),
])
def test_what_is_not_taken_is_refused_before_it_comes(world, change, status, word):
    answer = announce(Visitor(world.gateway), b"x" * 100, **change)
    assert answer.status == status, answer
    assert word is None or problem(answer) == word


@pytest.mark.parametrize("content_range", [
    None, "", "bytes", "bytes 0-9", "bytes 0-9/*", "bytes */100", "bytes 0-10/100", "bytes 1-9/100", "bytes 9-0/100",
    "bytes 0-9/9", "bytes -1-8/100", "bytes 0-9/100, 10-19/100", "items 0-9/100", "bytes 0x0-9/100",
    "bytes 00000000000000000000-9/100", "bytes 18446744073709551606-18446744073709551615/18446744073709551616"])
def test_a_range_that_does_not_fit_is_refused(world, content_range):
    visitor, data = Visitor(world.gateway), png()
    upload = announce(visitor, data, bytes=100).json["id"]
    answer = visitor_put(visitor, upload, data[:10], content_range)
    assert answer.status == 400 and problem(answer) == "invalid-request", answer
    assert visitor.call("GET", f"/uploads/{upload}").json["offset"] == 0


def test_more_than_was_announced_does_not_come(world):
    visitor, data = Visitor(world.gateway), png(4000)
    upload = announce(visitor, data, bytes=100).json["id"]
    answer = visitor_put(visitor, upload, data[:200], "bytes 0-199/4000")
    assert (answer.status, problem(answer)) == (409, "wrong-state")
    assert visitor_put(visitor, upload, bytes((1 << 20) + 1), f"bytes 0-{1 << 20}/{2 << 20}").status == 413


# ---- who else ----

def test_nobody_gets_hold_of_what_another_sends_up(world):
    visitor, other, data = Visitor(world.gateway), Visitor(world.gateway), png()
    upload = announce(visitor, data).json["id"]
    assert put(other, upload, data, 0, len(data) - 1).status == 404
    assert other.call("GET", f"/uploads/{upload}").status == 404
    assert other.call("DELETE", f"/uploads/{upload}").status == 404
    put(visitor, upload, data, 0, len(data) - 1)
    answer = other.say("mine now", files=[upload])
    assert (answer.status, problem(answer)) == (404, "not-found")
    assert not other.threads()
    for odd in ("../" + upload, upload + ".json", "%2e%2e", "x" * 22, upload[:-1]):
        assert other.call("GET", f"/uploads/{odd}").status in (400, 404)
    assert visitor.call("GET", f"/uploads/{upload}", token=None).status == 401


def test_files_that_wait_to_be_sent_are_few(world):
    visitor = Visitor(world.gateway)
    for _ in range(6):		# of two messages
        assert announce(visitor, png()).status == 201
    answer = announce(visitor, png())
    assert (answer.status, problem(answer)) == (429, "too-many-files")


# ---- links ----

def some_file(world):
    visitor = Visitor(world.gateway)
    said = visitor.said("here", files=[send_up(visitor, png())])
    return said["message"]["files"][0]


def test_a_link_is_good_for_its_file_and_its_time_only(world):
    file, other = some_file(world), some_file(world)
    url = file["url"]
    ends, mark = re.search(r"\?e=(\d+)&s=([\w-]{22})$", url).groups()
    for wrong in (url.replace(file["id"], other["id"]), url.replace(f"e={ends}", f"e={int(ends) + 3600}"), url[:-1],
                  url[:-1] + ("A" if url[-1] != "A" else "B"), url.split("?")[0], url.split("&")[0],
                  url.replace(mark, ""), url.replace(f"e={ends}", "e="), url.replace(f"e={ends}", "e=-1"),
                  url.replace(f"e={ends}", f"e=0{ends}0000000")):
        answer = follow(world.gateway, wrong)
        assert answer.status == 404 and problem(answer) == "not-found", wrong
    assert follow(world.gateway, url + "&x=1").status == 400
    assert follow(world.gateway, url).status == 200


def test_each_letter_of_a_link_counts(world):
    url = some_file(world)["url"]
    start, tries = url.index("att_"), 0
    for i in range(start, len(url)):
        for letter in "A0_":
            if url[i] == letter:
                continue
            answer = follow_any(world.gateway, url[:i] + letter + url[i + 1:])
            tries += 1
            assert answer.status in (400, 404), (answer, url[:i] + letter + url[i + 1:])
    record("visitor.links", tries)


HOSTILE_NAMES = ["../../etc/passwd", "..\\..\\boot.ini", "/etc/shadow", "a\r\nSet-Cookie: x=1", "con.png", "gpj.\u202eexe",
                 "\"; filename=\"evil.exe", "<img src=x onerror=alert(1)>.png", ".htaccess", "x" * 500 + ".png", "\u0000.png"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_name_is_a_name_and_nothing_else(world, name):
    visitor = Visitor(world.gateway)
    record("visitor.lies", 1)
    answer = announce(visitor, png(), name=name)
    if "\u0000" in name:
        assert answer.status == 400
        return
    upload, data = send_up(visitor, png(), name=name), None
    file = visitor.said("", files=[upload])["message"]["files"][0]
    assert not re.search(r"[/\\\r\n\x00-\x1f\u202e]", file["name"]) and not file["name"].startswith("."), file
    assert len(file["name"].encode()) <= 255
    answer = follow(world.gateway, file["url"])
    assert answer.status == 200 and "Set-Cookie" not in answer.headers
    assert re.fullmatch(r"inline; filename=\"[\w.\- ]*\"; filename\*=UTF-8''[\w.~%!$&+^`|\-]*",
                        answer.headers["Content-Disposition"]), answer.headers


def test_a_drawing_is_never_shown_in_a_page(world):
    data = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"
    visitor = Visitor(world.gateway)
    file = visitor.said("", files=[send_up(visitor, data, name="x.svg", type="image/svg+xml")])["message"]["files"][0]
    assert file["inline"] is False
    answer = follow(world.gateway, file["url"])
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")


def test_what_an_agent_sends_is_judged_by_its_bytes_too(world):
    """A helpdesk says that a page is a picture: no browser shows it."""
    visitor = Visitor(world.gateway)
    thread = visitor.said("help")["thread"]["id"]
    data = b"<html><script>alert(1)</script>"
    up = world.gateway.http("POST", "/v1/attachments?name=cat.png", data,
                            {"Authorization": "Bearer functional-tests-token-0123456789", "Content-Type": "image/png"})
    assert world.gateway.reply(thread, "here", attachments=[dict(up.json["attachment"], type="image/png")]).status == 202
    message = wait_until(lambda: next((m for m in visitor.messages(thread) if m["files"]), None), "the agent's file")
    answer = follow(world.gateway, message["files"][0]["url"])
    assert answer.status == 200 and answer.body == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
