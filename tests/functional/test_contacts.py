"""People in the API: found, joined and taken apart, kept out, exported, forgotten."""
import base64
import hashlib
import json
import os
from urllib.parse import quote

import conftest
import harness
from conftest import AT_ONCE, NOISE
from harness import wait_until

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

# Two who see one channel only: the one the customers write on, and another.
CONFIG = dict(rules=NOISE + AT_ONCE,
              channels="other: { adapter: whatsapp, phone_number_id: ['309876543210'], token: env:TEST_GRAPH_TOKEN, "
                       "app_secret: env:TEST_APP_SECRET, verify_token: env:TEST_VERIFY_TOKEN }",
              more="    here: { token: env:TEST_TOKEN_HERE, scopes: [read, contacts, erase], channels: [wa-main] }\n"
                   "    there: { token: env:TEST_TOKEN_THERE, scopes: [read, contacts, erase], channels: [other] }",
              env=dict(TEST_TOKEN_HERE="token-that-sees-here-0123456789", TEST_TOKEN_THERE="token-that-sees-there-0123456789"))
HERE, THERE = CONFIG["env"]["TEST_TOKEN_HERE"], CONFIG["env"]["TEST_TOKEN_THERE"]
CANARY = "Xyzzy-Canary"


def contact(world, text="where is my parcel?", name=None):
    """Somebody new has written: his number, and himself as the API shows him."""
    customer = world.customer()
    assert world.graph.say(customer, text, **({"name": name} if name else {})) == 200
    return customer, world.thread_of(customer)["contact"]


def search(world, q, token=harness.API_TOKEN):
    answer = world.gateway.api("GET", f"/v1/contacts?q={quote(q)}", token=token)
    assert answer.status == 200, answer
    return [c["id"] for c in answer.json["contacts"]]


def post(world, id, what, body=None, token=harness.API_TOKEN):
    return world.gateway.api("POST", f"/v1/contacts/{id}/{what}", body or {}, token=token)


def test_people_are_found_by_name_number_and_id(world):
    number, ann = contact(world, name="Ánn O'Neíl")
    assert search(world, "ann o'neil") == [ann["id"]]
    assert search(world, "nobody of that name") == []
    for q in (number, number[1:], f"{number[:3]} {number[3:7]} {number[7:]}", f"tel:{number}", ann["id"]):
        assert search(world, q) == [ann["id"]], q
    assert ann["id"] in search(world, number[:8])
    one = world.gateway.get(f"/v1/contacts/{ann['id']}")["contact"]
    assert one["addresses"] and one["merges"] == [] and one["blocked"] is None and one["erased_at"] is None
    assert [t["id"] for t in one["threads"]] == [world.thread_of(number)["id"]]
    assert world.gateway.api("GET", "/v1/contacts/con_1").status == 404
    assert world.gateway.api("GET", "/v1/contacts?conflicted=maybe").status == 400


def test_pages_show_everybody_once(world):
    made = {contact(world, name=f"Page Turner {n}")[1]["id"] for n in range(5)}
    for q in ("turner", "+4477009001"):
        seen, path = [], f"/v1/contacts?limit=2&q={quote(q)}"
        after = ""
        while True:
            page = world.gateway.get(path + after)
            seen += [c["id"] for c in page["contacts"]]
            if not page.get("next"):
                break
            after = "&after=" + quote(page["next"])
        assert len(seen) == len(set(seen)) and made <= set(seen), q


def test_who_sees_another_channel_does_not_see_him(world):
    number, ann = contact(world, name="Sees Here")
    for q in ("sees here", number, ann["id"]):
        assert search(world, q, HERE) == [ann["id"]]
        assert search(world, q, THERE) == [], q
    assert world.gateway.api("GET", f"/v1/contacts/{ann['id']}", token=HERE).status == 200
    assert world.gateway.api("GET", f"/v1/contacts/{ann['id']}", token=THERE).status == 404
    assert post(world, ann["id"], "block", token=THERE).status == 404
    # What reaches over all channels is for those who see all of them.
    for what, body in (("merge", {"into": ann["id"]}), ("erase", {"confirm": ann["id"]})):
        assert post(world, ann["id"], what, body, HERE).status == 403
    assert world.gateway.api("GET", f"/v1/contacts/{ann['id']}/export", token=HERE).status == 403


def test_two_are_merged_and_taken_apart(world):
    one, ann = contact(world)
    two, ben = contact(world)
    answer = post(world, ben["id"], "merge", {"into": ann["id"], "agent": "Mia"})
    assert answer.status == 200 and answer.json == {"contact": ann["id"], "merged": ben["id"], "threads": 1}
    assert search(world, two) == search(world, one) == [ann["id"]]
    shown = world.gateway.get(f"/v1/contacts/{ann['id']}")["contact"]
    assert len(shown["threads"]) == 2 and [m["why"] for m in shown["merges"]] == ["merged by Mia"]
    assert world.gateway.get(f"/v1/contacts/{ben['id']}")["contact"]["merged_into"] == ann["id"]
    told = wait_until(lambda: [d for d in world.helpdesk.attempts if d.type == "contact.merged"], "the helpdesk hears")[-1]
    assert told.data["other"]["id"] == ben["id"]
    assert post(world, ben["id"], "merge", {"into": ann["id"]}).status == 409
    assert post(world, ben["id"], "unmerge").status == 200
    assert search(world, two) == [ben["id"]]


def test_who_is_blocked_makes_no_ticket_and_gets_no_answer(world):
    number, ann = contact(world)
    thread = world.thread_of(number)["id"]
    answer = post(world, ann["id"], "block", {"reason": "spam", "for": "30d", "agent": "Mia"})
    assert answer.status == 200 and answer.json["blocked"]["reason"] == "spam" and answer.json["blocked"]["until"]
    tickets = [d.data["ticket"]["number"] for d in world.helpdesk.attempts if d.type == "ticket.message"]
    assert world.graph.say(number, "buy my pills") == 200
    heard = world.gateway.wait_message(thread, lambda m: m["text"] == "buy my pills")
    shown = world.gateway.get(f"/v1/messages/{heard['id']}/explain")["decisions"][0]
    assert shown["on"] == "blocked" and shown["action"] == "ignore" and shown["rule"] is None
    assert [d.data["ticket"]["number"] for d in world.helpdesk.attempts if d.type == "ticket.message"] == tickets
    refused = world.gateway.reply(thread, "who are you?")
    assert refused.status == 409 and "blocked: spam" in refused.json["detail"]
    for body in ({"for": "soon"}, {"until": "tomorrow"}, {"for": "1h", "until": "2030-01-01T00:00:00Z"}):
        assert post(world, ann["id"], "block", body).status == 400
    assert post(world, ann["id"], "unblock").status == 200
    assert world.gateway.reply(thread, "welcome back").status == 202


def export(world, id, files=False):
    answer = world.gateway.api("GET", f"/v1/contacts/{id}/export" + ("?files=true" if files else ""))
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/x-ndjson"
    return [json.loads(line) for line in answer.body.decode().splitlines()]


def test_everything_about_somebody_is_exported(world):
    number, ann = contact(world, text="my parcel", name="Export Me")
    thread = world.thread_of(number)["id"]
    data = os.urandom(150_000)
    sha256 = world.gateway.http("POST", "/v1/attachments", data, {"Authorization": f"Bearer {harness.API_TOKEN}",
                                "Content-Type": "application/pdf"}).json["attachment"]["sha256"]
    assert world.gateway.reply(thread, "see the label", attachments=[{"sha256": sha256, "name": "label.pdf"}]).status == 202
    assert world.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "a note about him"}).status == 201
    lines = export(world, ann["id"], files=True)
    kinds = [line.get("type") for line in lines]
    assert kinds[:2] == ["contact", "thread"] and lines[0]["contact"]["name"] == "Export Me"
    texts = [line["message"]["text"] for line in lines if line.get("type") == "message"]
    assert {"my parcel", "see the label", "a note about him"} <= set(texts)
    assert [line for line in lines if line.get("type") == "decision"][0]["decision"]["facts"]
    assert "message.received" in [line["event"]["type"] for line in lines if line.get("type") == "event"]
    pieces = [line for line in lines if line.get("type") == "file"]
    assert len(pieces) > 2 and b"".join(base64.b64decode(p["base64"]) for p in pieces) == data
    result = lines[-1]["result"]
    assert result["messages"] == len(texts) and result["files"] == 1 and "error" not in result
    assert "file" not in {line.get("type") for line in export(world, ann["id"])}
    assert world.gateway.api("GET", "/v1/contacts/con_1/export").status == 404


def erased(world, id):
    """Asked for, and over: the proof."""
    answer = post(world, id, "erase", {"confirm": id, "agent": "Mia"})
    assert answer.status == 202, answer
    era = answer.json["erasure"]["id"]

    def over():
        shown = world.gateway.get(f"/v1/erasures/{era}")
        return shown if shown["erasure"]["state"] == "done" and not shown["left"] else None
    return wait_until(over, "it is over")["erasure"]


def files_with(folder, *words):
    """Names of all files below that have one of the words in them."""
    found = []
    for path in folder.rglob("*"):
        if path.is_file() and path.name != "log":
            data = path.read_bytes().lower()
            found += [f"{path.name}: {word}" for word in words if word.lower().encode() in data]
    return found


def test_who_is_forgotten_is_in_no_file_any_more(world):
    number, ann = contact(world, text=f"my parcel, {CANARY}", name=f"Ann {CANARY}")
    other, ben = contact(world, text="somebody else", name="Ben Stays")
    thread = world.thread_of(number)["id"]
    assert world.gateway.reply(thread, f"dear {CANARY}", agent="Mia").status == 202
    store = world.gateway.folder / "store"
    wait_until(lambda: len(files_with(store, CANARY)) > 0, "traces")
    assert post(world, ann["id"], "erase").status == 400
    proof = erased(world, ann["id"])
    assert files_with(store, CANARY, number[1:]) == []
    claim = json.dumps(proof["claim"], separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(claim.encode()).hexdigest() == proof["sha256"]
    assert proof["claim"]["requested_by"] == "Mia" and proof["claim"]["removed"]["messages"] >= 2
    shown = world.gateway.get(f"/v1/contacts/{ann['id']}")["contact"]
    assert shown["name"] is None and shown["addresses"] == [] and shown["erasure"] == proof["id"]
    assert search(world, number) == [] and search(world, other) == [ben["id"]]
    assert {m["text"] for m in world.gateway.messages(thread)} == {""}
    assert world.gateway.reply(thread, "hello?").status == 409
    told = wait_until(lambda: [d for d in world.helpdesk.attempts if d.type == "contact.erased"], "the helpdesk hears")[-1]
    assert told.data["contact"]["id"] == ann["id"] and told.data["tickets"][0]["thread_id"] == thread
    assert world.gateway.get(f"/v1/threads/{thread}/explain")["decisions"][0]["facts"] is None
    assert world.gateway.fsck() == []


def test_what_the_provider_delivers_again_does_not_bring_him_back(world):
    number = world.customer()
    delivery = world.graph.text(number, "where is my parcel?")
    assert world.graph.deliver(delivery) == 200
    ann = world.thread_of(number)["contact"]
    proof = erased(world, ann["id"])
    assert world.graph.deliver(delivery) == 200
    assert search(world, number) == []
    assert post(world, ann["id"], "erase").json["erasure"]["id"] == proof["id"]
    assert world.graph.say(number, "I am back") == 200
    assert search(world, number) not in ([], [ann["id"]])


# ---- headgatectl contact ----

def test_people_on_the_command_line(world, tmp_path):
    ctl = world.gateway.ctl
    one, ann = contact(world, name="Command Line")
    two, ben = contact(world, name="Second Line")
    listed = ctl("contact", check=0).stdout
    assert "Command Line" in listed and ann["id"] in listed and "Second Line" in listed
    assert ctl("contact", "search", "second", "LINE", check=0).stdout.splitlines()[1].startswith(ben["id"])
    assert ann["id"] in ctl("contact", "search", one, check=0).stdout
    assert json.loads(ctl("--json", "contact", "search", ann["id"], check=0).stdout)["id"] == ann["id"]
    shown = ctl("contact", "show", ann["id"], check=0).stdout
    assert f"tel:{one} (proven)" in shown and world.thread_of(one)["id"] in shown
    # Without a terminal nothing is asked: --yes says it.
    assert "--yes" in ctl("contact", "merge", ben["id"], ann["id"], check=2).stderr
    merged = ctl("contact", "merge", ben["id"], ann["id"], "--agent", "Mia", "--yes", check=0).stdout
    assert merged.splitlines()[-1] == f"undo: headgatectl contact unmerge {ben['id']}"
    assert f"{ben['id']} into {ann['id']}: merged by Mia" in ctl("contact", "show", ann["id"], check=0).stdout
    ctl("contact", "merge", ben["id"], ann["id"], "--yes", check=5)
    assert "1 conversations back" in ctl("contact", "unmerge", ben["id"], check=0).stdout
    blocked = ctl("contact", "block", ben["id"], "--reason", "spam", "--for", "1h", "--yes", check=0).stdout
    assert "is blocked until 20" in blocked and f"contact unblock {ben['id']}" in blocked
    assert "blocked" in ctl("contact", "search", ben["id"], check=0).stdout
    ctl("contact", "unblock", ben["id"], check=0)
    ctl("contact", "unblock", ben["id"], check=5)
    ctl("contact", "show", "con_none", check=4)


def test_export_and_erase_on_the_command_line(world, tmp_path):
    ctl = world.gateway.ctl
    number, ann = contact(world, name="Goes Away")
    to = tmp_path / "ann.jsonl"
    assert "1 conversations, " in ctl("contact", "export", ann["id"], "--files", "--to", to, check=0).stdout
    assert (to.stat().st_mode & 0o777) == 0o600
    assert json.loads(to.read_text().splitlines()[0])["contact"]["name"] == "Goes Away"
    assert "choose another name" in ctl("contact", "export", ann["id"], "--to", to, check=1).stderr
    assert ctl("contact", "export", ann["id"], check=0).stdout.splitlines()[0] == to.read_text().splitlines()[0]
    ctl("contact", "export", "con_none", check=4)
    ctl("contact", "erase", ann["id"], check=2)
    done = ctl("contact", "erase", ann["id"], "--agent", "Mia", "--yes", check=0).stdout
    assert f"{ann['id']} is forgotten" in done and "messages" in done and "not reached: backups" in done
    again = json.loads(ctl("--json", "contact", "erase", ann["id"], "--yes", check=0).stdout)
    assert again["erasure"]["sha256"] in done and again["left"] == 0
    ctl("contact", "erase", "con_none", "--yes", check=4)


# ---- how long what is kept ----

def test_what_was_kept_for_long_enough_goes(start, graph):
    gateway = start(rules=NOISE, top="default: hold\nsettle: 1h\nidle_close: 1h\nfirst_response: 7d\n"
                                     "retention: { messages: 2d, raw: 1d }")
    assert graph.say("+447700900777", CANARY) == 200
    thread = gateway.wait_thread()[0]
    assert gateway.api("POST", f"/v1/threads/{thread['id']}/close", {"resolution": "resolved"}).status == 200
    shown = gateway.ctl("retention", check=0).stdout
    assert "wa-main" in shown and "2d" in shown and "for ever" in shown and "next pass" in shown
    assert "messages of 0 conversations" in gateway.ctl("retention", "run", "--dry-run", check=0).stdout
    assert "--yes" in gateway.ctl("retention", "run", check=2).stderr
    gateway.ctl("retention", "run", "--yes", check=0)
    assert gateway.messages(thread["id"])[0]["text"] == CANARY
    gateway.advance(hours=49)
    gateway.ctl("retention", "run", "--yes", check=0)
    wait_until(lambda: gateway.messages(thread["id"])[0]["text"] == "", "it is gone")
    wait_until(lambda: 'headgate_retention_removed_total{kind="messages"} 1'
               in gateway.http("GET", "/metrics", headers={"Authorization": f"Bearer {harness.API_TOKEN}"}).body.decode(), "counted")
    assert json.loads(gateway.ctl("--json", "retention", check=0).stdout)["keep"]["messages"] == "2d"
