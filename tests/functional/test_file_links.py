"""Links to attachments that need no token: who makes them, what they open, and when they end.  One daemon for all tests."""
import re

import pytest

import conftest
from harness import request, wait_until
from test_api import problem, reply_with_file

DESCRIBED = True
CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE, env=dict(TEST_OLD_LINKS="old-secret-0123456789-0123456789",
                                                                TEST_NEW_LINKS="new-secret-0123456789-0123456789"))
PNG = b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89"
PUBLIC = "https://chat.acme.example"


def attachment(world, data, name, type):
    thread = world.thread()
    return thread, reply_with_file(world, thread["id"], data, name, type)["attachments"][0]["id"]


def link_to(world, id, query="", **more):
    answer = world.gateway.api("GET", f"/v1/attachments/{id}/link{query}", **more)
    assert answer.status == 200, answer
    assert answer.json["url"].startswith(f"{PUBLIC}/files/{id}?e=")
    return answer.json["url"].removeprefix(PUBLIC)


def follow(world, path, method="GET"):
    return request(world.gateway.port, method, path)


def test_a_link_opens_its_file_and_nothing_of_it_runs(world):
    _, id = attachment(world, b"<html><script>alert(1)</script>", "page.html", "text/html")
    got = follow(world, link_to(world, id))
    assert (got.status, got.body) == (200, b"<html><script>alert(1)</script>")
    assert got.headers["Content-Type"] == "application/octet-stream" and got.headers["X-Content-Type-Options"] == "nosniff"
    assert re.match(r'attachment; filename="page.html"', got.headers["Content-Disposition"])
    assert got.headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert got.headers["Cache-Control"] == "no-store" and got.headers["Referrer-Policy"] == "no-referrer"
    assert "Access-Control-Allow-Origin" not in got.headers
    _, id = attachment(world, PNG, "red.png", "image/png")
    link = link_to(world, id)
    got = follow(world, link)
    assert got.headers["Content-Type"] == "image/png" and got.headers["Content-Disposition"].startswith("inline")
    assert follow(world, link + "&download").headers["Content-Disposition"].startswith("attachment")
    assert follow(world, link, "POST").status == 405


def test_what_is_not_a_link_is_no_file(world):
    _, id = attachment(world, b"one", "one.txt", "text/plain")
    _, other = attachment(world, b"two", "two.txt", "text/plain")
    link = link_to(world, id)
    wrong = [link[:-1] + ("A" if link[-1] != "A" else "B"), link.replace(id, other), re.sub(r"e=(\d+)", r"e=9\1", link),
             link.partition("?")[0], link.partition("&")[0], f"/files/?{link.partition('?')[2]}",
             link.replace("/files/", "/files/x/"), link.replace("/files/", "/client/v1/files/")]
    for path in wrong:
        answer = follow(world, path)
        assert answer.status in (400, 404) and b"one" not in answer.body.replace(b'"one', b""), path
    assert follow(world, link).status == 200


@pytest.mark.parametrize("ttl, said", [("0s", "1s to 7d"), ("8d", "1s to 7d"), ("soon", "1s to 7d")])
def test_a_link_lives_no_longer_than_a_week(world, ttl, said):
    _, id = attachment(world, b"one", "one.txt", "text/plain")
    assert said in problem(world.gateway.api("GET", f"/v1/attachments/{id}/link?ttl={ttl}"), 400, "invalid-request")
    assert world.gateway.api("GET", f"/v1/attachments/{id}/link?ttl=7d").status == 200


def test_what_is_erased_is_behind_no_link(world):
    thread, id = attachment(world, b"his", "his.txt", "text/plain")
    link, contact = link_to(world, id), thread["contact"]["id"]
    assert follow(world, link).status == 200
    assert world.gateway.api("POST", f"/v1/contacts/{contact}/erase", {"confirm": contact}).status == 202
    wait_until(lambda: follow(world, link).status == 404, "that the file is gone")
    assert world.gateway.api("GET", f"/v1/attachments/{id}/link").status in (404, 409)


def test_the_verb_prints_it(world):
    _, id = attachment(world, b"one", "one.txt", "text/plain")
    done = world.gateway.ctl("file", "link", id, "--ttl", "2d", check=0)
    assert follow(world, done.stdout.strip().removeprefix(PUBLIC)).body == b"one" and "whoever has it" in done.stderr
    assert "no attachment" in world.gateway.ctl("file", "link", "att_none", check=4).stderr


def with_secrets(world, secrets):
    text = re.sub(r"\nfiles: .*", "", world.gateway.config_path.read_text())
    world.gateway.config_path.write_text(text.replace("\ngateway:\n", f"\nfiles: {{ link_secrets: {secrets} }}\ngateway:\n", 1))
    assert world.gateway.api("POST", "/v1/reload", {}).status == 200


def test_keys_are_renewed_and_old_links_end_when_it_is_wanted(world):
    """The last test here: links before it are good no more."""
    _, id = attachment(world, b"one", "one.txt", "text/plain")
    by_store = link_to(world, id)
    with_secrets(world, "env:TEST_OLD_LINKS")
    assert follow(world, by_store).status == 404
    by_old = link_to(world, id)
    with_secrets(world, "[env:TEST_NEW_LINKS, env:TEST_OLD_LINKS]")
    assert follow(world, by_old).status == 200
    by_new = link_to(world, id)
    with_secrets(world, "env:TEST_NEW_LINKS")
    assert (follow(world, by_old).status, follow(world, by_new).status) == (404, 200)
    world.gateway.stop()
    world.gateway.start()
    assert follow(world, by_new).status == 200
    world.gateway.advance(hours=1, seconds=1)
    assert problem(follow(world, by_new), 410, "link-expired")
