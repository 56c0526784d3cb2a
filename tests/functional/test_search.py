"""Full-text search by the API: hits with snippets, narrowed, page by page, and gone when the message is."""
import pytest

import conftest
from harness import wait_until
from test_api import problem

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

CONFIG = dict(rules=conftest.NOISE, top="default: hold\nsettle: 1h\nfirst_response: 7d",
              more="    elsewhere: { token: env:TEST_OTHER_TOKEN, scopes: [read], channels: [wa-second] }",
              env=dict(TEST_OTHER_TOKEN="other-token-0123456789", HEADGATE_FAIL="engine.told=hold:held@1+"), channels="""\
wa-second:
  adapter: whatsapp
  phone_number_id: "309876543210"
  token: env:TEST_GRAPH_TOKEN
  app_secret: env:TEST_APP_SECRET
  verify_token: env:TEST_VERIFY_TOKEN
""")


def search(gateway, query):
    return gateway.get(f"/v1/search?{query}")


def ready(gateway):
    """All that was acknowledged is in the index: the status must not say so before."""
    wait_until(lambda: gateway.status()["search"] == {"state": "ready", "behind": 0}, "the index")


def marked(result):
    text = result["snippet"]["text"]
    return [text[begin:begin + length] for begin, length in result["snippet"]["marks"]]


@pytest.mark.parametrize("indexed", [False, True], ids=["at once", "from the index"])
def test_what_was_said_is_found_with_where_it_stands(world, indexed):
    word = "quokka" if indexed else "wombat"
    thread = world.thread(f"where is my \U0001f998 {word.upper()}?")
    assert world.gateway.api("POST", f"/v1/threads/{thread['id']}/notes", {"text": f"a note about the {word}"}).status == 201
    if indexed:
        ready(world.gateway)
    found = search(world.gateway, f"q={word}")
    assert found["complete"] is True and "next" not in found
    note, question = found["results"]
    assert (note["in"], note["direction"], question["direction"]) == ("message", "note", "inbound")
    assert question["thread_id"] == thread["id"] and question["channel"] == "wa-main"
    assert question["message_id"] == world.gateway.messages(thread["id"])[0]["id"]
    assert marked(question) == [word.upper()] and marked(note) == [word]
    assert [t["id"] for t in world.gateway.get(f"/v1/threads?q={word}")["threads"]] == [thread["id"]]


def test_filters_and_pages_hold_for_searches(world):
    open_one, closed = world.thread("the axolotl is one"), world.thread("the axolotl is two")
    assert world.gateway.api("POST", f"/v1/threads/{closed['id']}/close", {"resolution": "resolved"}).status == 200
    assert [r["thread_id"] for r in search(world.gateway, "q=axolotl&state=closed")["results"]] == [closed["id"]]
    assert [r["thread_id"] for r in search(world.gateway, "q=axolotl%20-two")["results"]] == [open_one["id"]]
    page = search(world.gateway, "q=axolotl&limit=1")
    assert [r["thread_id"] for r in page["results"]] == [closed["id"]]
    page = search(world.gateway, f"q=axolotl&limit=1&before={page['next']}")
    assert [r["thread_id"] for r in page["results"]] == [open_one["id"]]


def test_who_sees_another_channel_only_finds_nothing(world):
    world.thread("the narwhal")
    assert len(search(world.gateway, "q=narwhal")["results"]) == 1
    for path in ("/v1/search?q=narwhal", "/v1/threads?q=narwhal"):
        answer = world.gateway.api("GET", path, token="other-token-0123456789").json
        assert answer.get("results", answer.get("threads")) == []


def test_the_name_finds_the_conversation(world):
    thread = world.thread("hello there")
    ready(world.gateway)
    number = thread["reply_to"].removeprefix("tel:+")
    result, = search(world.gateway, f"q={number}")["results"]
    assert (result["in"], result["thread_id"]) == ("thread", thread["id"]) and marked(result) == [number]


def test_what_was_acknowledged_is_behind_though_nobody_was_told_of_it_yet(world):
    """Else whoever waits for "0 behind" and looks for his conversation may find nothing."""
    ready(world.gateway)
    held = world.gateway.folder / "held"
    held.touch()
    try:
        thread = world.thread("an okapi")	# the engine has answered, and stands still
        assert world.gateway.status()["search"]["behind"] > 0
        result, = search(world.gateway, "q=okapi")["results"]
        assert result["thread_id"] == thread["id"]
    finally:
        held.unlink()
    ready(world.gateway)
    number = thread["reply_to"].removeprefix("tel:+")
    assert {(r["in"], r["thread_id"]) for r in search(world.gateway, f"q={number}")["results"]} == {("thread", thread["id"])}


def test_the_index_is_made_again_at_a_start_without_it(start):
    gateway = start(rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d")
    path = gateway.store.with_name("headgate-search.db")
    wait_until(path.exists, "the index")
    gateway.stop()
    path.write_bytes(b"rubbish" * 1000)
    gateway.start()
    ready(gateway)
    assert "search.made_again" in gateway.log()


@pytest.mark.parametrize("query", ["", "q=", "q=%21%21", "q=-only", "q=" + "a" * 501, "q=x&before=0", "q=x&words=1"])
def test_what_cannot_be_looked_for_is_refused(world, query):
    problem(world.gateway.api("GET", f"/v1/search?{query}"), 400, "invalid-request")
