"""One real conversation: webhook in, ticket out, answer back, receipts; each promise attacked once."""
import json
import os
import pathlib
import re
import subprocess

import pytest

import harness
from conftest import AT_ONCE, NOISE, OLD_APP_SECRET, PHONE_NUMBER_ID, VERIFY_TOKEN

ANA, BO = "+447700900123", "+447700900456"


def converted(gateway, graph, helpdesk, text="my invoice is wrong", sender=ANA):
    """A ticketed thread: its id and the ticket.requested event."""
    before = len(helpdesk.of("ticket.requested"))
    assert graph.say(sender, text) == 200
    event = helpdesk.wait_event("ticket.requested", before + 1)
    return event.data["thread"]["id"], event


# ---- the whole way ----

def test_a_message_becomes_a_ticket_and_the_answer_goes_back(gateway, graph, helpdesk):
    thread, event = converted(gateway, graph, helpdesk)
    assert event.data["messages"][0]["text"] == "my invoice is wrong"
    assert "my invoice is wrong" in event.data["transcript_text"]
    assert event.data["contact"]["phone"] == ANA
    assert event.data["rule"]["id"] == "everything at once"
    assert event.data["rule"]["file"].endswith("headgate.yaml") and event.data["rule"]["line"] > 0
    assert gateway.reply(thread, "It is corrected.", agent="Ben").status == 202
    sent = graph.wait_accepted(1)[0]
    assert (sent.to, sent.text) == (ANA[1:], "It is corrected.")
    assert graph.tell(sent, "sent", "delivered", "read") == [200, 200, 200]
    states = [helpdesk.wait(lambda h, s=state: next((d for d in h.of("message.status")
                            if d.data["message"]["delivery"] == s), None), state)
              for state in ("delivered", "read")]
    assert all(d.data["thread"]["id"] == thread for d in states)
    assert gateway.messages(thread)[-1]["delivery"] == "read"


def test_the_helpdesk_names_the_ticket_in_its_answer(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    found = harness.wait_until(lambda: gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["links"], "the link")
    assert found[0]["id"] == "9001"
    assert found[0]["number"] == "HD-9001" and found[0]["url"] == "https://desk.example/t/9001"


@pytest.mark.parametrize("first", ["helpdesk", "nobody"])
def test_the_customer_is_told_the_helpdesks_number_if_it_comes_within_a_minute(start, graph, helpdesk, first):
    if first == "nobody":
        helpdesk.tickets_in_answer = False
    gateway = start(rules=AT_ONCE, confirm="Your number is ${number}.")
    graph.say(ANA, "my invoice is wrong")
    event = helpdesk.wait_event("ticket.requested")
    if first == "nobody":
        assert not graph.accepted
        gateway.advance(seconds=61)
        expected = event.data["ticket"]["number"]
        assert expected.startswith("TK-")
    else:
        expected = "HD-9001"
    assert graph.wait_accepted(1)[0].text == f"Your number is {expected}."
    gateway.advance(minutes=10)
    graph.say(ANA, "thank you")
    helpdesk.wait_event("ticket.message")
    assert len(graph.accepted) == 1


def test_events_verify_with_the_standard_library_of_their_receivers(gateway, graph, helpdesk, tmp_path):
    converted(gateway, graph, helpdesk)
    delivery = helpdesk.accepted[0]
    script = tmp_path / "verify.js"
    script.write_text("""
const { Webhook } = require("standardwebhooks");
const { secret, headers, body } = JSON.parse(require("fs").readFileSync(0, "utf8"));
try { new Webhook(secret).verify(body, headers); console.log("genuine"); } catch (e) { console.log(e.message); }
""")

    def verdict(secret=harness.WEBHOOK_SECRET, body=delivery.raw.decode()):
        asked = json.dumps(dict(secret=secret, headers=delivery.headers, body=body))
        node = subprocess.run(["node", str(script)], input=asked, capture_output=True, text=True, timeout=60,
                              env=dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH") or
                                       str(harness.BUILD / "node" / "node_modules")))
        assert node.returncode == 0, node.stderr
        return node.stdout.strip()

    assert verdict() == "genuine"
    assert verdict(harness.SECOND_SECRET) == "genuine"	# both active secrets sign
    assert verdict("whsec_" + "QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=") != "genuine"
    assert verdict(body=delivery.raw.decode().replace("invoice", "payment")) != "genuine"


# ---- P1, P2: stored before acknowledged, one message once ----

def test_a_redelivered_webhook_creates_nothing_and_is_answered_as_success(gateway, graph, helpdesk):
    payload = graph.text(ANA, "my invoice is wrong")
    assert [graph.deliver(payload) for _ in range(5)] == [200] * 5
    helpdesk.wait_event("ticket.requested")
    assert graph.deliver_at_once([payload] * 10) == [200] * 10
    thread = gateway.threads()[0]
    assert thread["inbound"] == 1
    assert len(helpdesk.of("ticket.requested")) == 1 and not helpdesk.of("ticket.message")


def test_fifty_first_messages_at_the_same_moment_make_one_thread_and_one_ticket(gateway, graph, helpdesk):
    payloads = [graph.text(ANA, f"message {i}") for i in range(50)]
    assert graph.deliver_at_once(payloads) == [200] * 50
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == 49, "49 further messages")
    assert len(helpdesk.of("ticket.requested")) == 1
    assert len(gateway.threads()) == 1
    texts = [m["text"] for m in gateway.messages(gateway.threads()[0]["id"]) if m["direction"] == "inbound"]
    assert sorted(texts) == sorted(f"message {i}" for i in range(50))


def test_an_album_of_five_images_is_one_ticket_with_five_files(gateway, graph, helpdesk):
    files = [graph.add_media(b"\xff\xd8\xff" + bytes([i]) * 1000, "image/jpeg") for i in range(5)]
    assert graph.deliver_at_once(graph.album(ANA, files, "my broken lamp")) == [200] * 5
    helpdesk.wait_event("ticket.requested")
    thread = gateway.wait_thread(lambda t: t and t[0]["inbound"] == 5, "five images")[0]["id"]

    def stored():
        messages = gateway.messages(thread)
        return [a for m in messages for a in m["attachments"] if a["state"] == "stored"]

    found = harness.wait_until(lambda: stored() if len(stored()) == 5 else None, "five files")
    bodies = {gateway.api("GET", "/v1/attachments/" + a["id"]).body for a in found}
    assert bodies == {f.data for f in files}
    assert len(gateway.threads()) == 1 and len(helpdesk.of("ticket.requested")) == 1


@pytest.mark.parametrize("where", ["inbound.before_commit", "inbound.after_commit"])
def test_a_kill_around_the_commit_loses_nothing_and_doubles_nothing(start, graph, helpdesk, where):
    gateway = start(rules=AT_ONCE, fail=f"{where}=crash")
    payload = graph.text(ANA, "my invoice is wrong")
    with pytest.raises(OSError):
        graph.deliver(payload)		# no answer came: the provider keeps it
    assert gateway.wait_dead() == -9
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.deliver_until_taken(payload)
    event = helpdesk.wait_event("ticket.requested")
    assert [m["text"] for m in event.data["messages"] if m["direction"] == "inbound"] == ["my invoice is wrong"]
    assert len(gateway.threads()) == 1 and gateway.threads()[0]["inbound"] == 1


def test_a_replay_after_six_days_is_stored_with_its_own_time_and_reopens_nothing(start, graph, helpdesk):
    gateway = start(rules=NOISE + AT_ONCE)
    thread, event = converted(gateway, graph, helpdesk)
    sent_at = gateway.now()
    number = event.data["ticket"]["number"]
    gateway.advance(hours=1)
    assert gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": "closed"}).status == 200
    gateway.advance(days=6)
    late = graph.text(ANA, "and the second invoice too", at=sent_at + 60)
    assert graph.deliver(late) == 200
    message = gateway.wait_message(thread, lambda m: m["text"] == "and the second invoice too")
    assert harness.wait_until(lambda: gateway.threads(), "threads") and len(gateway.threads()) == 1
    assert gateway.threads()[0]["state"] == "closed"
    assert message["sent_at"][:16] < message["at"][:16]
    assert graph.deliver(late) == 200
    assert len(gateway.messages(thread)) == len({m["id"] for m in gateway.messages(thread)})


# ---- P3: one ticket per matter ----

def test_noise_makes_no_ticket_and_a_question_joins_its_thread(start, graph, helpdesk):
    gateway = start(rules=NOISE, top="settle: 20s")
    graph.say(ANA, "hello!")
    gateway.advance(minutes=2)
    graph.say(ANA, "where is my order?")
    thread = gateway.wait_thread(lambda t: t and t[0]["inbound"] == 2, "both messages")[0]
    assert thread["state"] == "open" and not helpdesk.attempts
    gateway.advance(seconds=21)
    event = helpdesk.wait_event("ticket.requested")
    assert [m["text"] for m in event.data["messages"] if m["direction"] == "inbound"] == ["hello!", "where is my order?"]
    assert event.data["rule"]["reason"] == "default"


@pytest.mark.parametrize("days, tickets", [(6.99, 1), (7.01, 2)])
def test_a_message_joins_the_open_ticket_within_seven_days_and_not_after(start, graph, helpdesk, days, tickets):
    gateway = start(rules=AT_ONCE)
    converted(gateway, graph, helpdesk)
    gateway.advance(days=days)
    assert graph.say(ANA, "any news?") == 200
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) + len(h.of("ticket.message")) == 2, "the second message")
    assert len(helpdesk.of("ticket.requested")) == tickets


def test_a_phone_then_a_user_id_beside_it_then_the_user_id_alone_are_one_person(gateway, graph, helpdesk):
    bsuid = "GB.1349876543210"
    graph.say(ANA, "my invoice is wrong")
    helpdesk.wait_event("ticket.requested")
    graph.say(ANA, "number 4711", user_id=bsuid)
    helpdesk.wait_event("ticket.message", 1)
    graph.deliver(graph.text(None, "hello?", user_id=bsuid))
    helpdesk.wait_event("ticket.message", 2)
    assert len(gateway.threads()) == 1 and len(helpdesk.of("ticket.requested")) == 1
    uris = {a["uri"] for a in gateway.threads()[0]["contact"]["addresses"]}
    assert {f"tel:{ANA}", f"whatsapp:{bsuid}"} <= uris


def test_a_phone_alone_and_a_user_id_alone_stay_two_people_when_both_come_together(gateway, graph, helpdesk):
    """Nobody is merged on the way; both are flagged, and the message goes to the one answers go to."""
    bsuid = "GB.1349876543210"
    graph.say(ANA, "my invoice is wrong")
    helpdesk.wait_event("ticket.requested", 1)
    graph.deliver(graph.text(None, "where is my parcel?", user_id=bsuid))
    helpdesk.wait_event("ticket.requested", 2)
    assert not any(t["contact"]["conflicted"] for t in gateway.threads())
    graph.say(ANA, "it was number 4711", user_id=bsuid)
    joined = helpdesk.wait_event("ticket.message")
    assert joined.data["contact"]["phone"] == ANA
    threads = gateway.threads()
    assert len(threads) == 2 and all(t["contact"]["conflicted"] for t in threads)
    assert [{a["uri"] for a in t["contact"]["addresses"]} for t in threads] == [{f"whatsapp:{bsuid}"}, {f"tel:{ANA}"}]


def test_a_changed_user_id_keeps_its_ticket(gateway, graph, helpdesk):
    old, new = "GB.1349876543210", "GB.9999999999999"
    graph.deliver(graph.text(None, "my invoice is wrong", user_id=old))
    helpdesk.wait_event("ticket.requested")
    assert graph.deliver(graph.changed_user_id(old, new)) == 200
    graph.deliver(graph.text(None, "any news?", user_id=new))
    helpdesk.wait_event("ticket.message")
    assert len(gateway.threads()) == 1


# ---- replies, receipts, windows ----

def test_a_reply_goes_to_the_address_of_the_last_customer_message(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    answer = gateway.reply(thread, "hello", channel="wa-main", to="tel:" + BO)
    assert answer.status in (400, 403, 404, 409), answer	# not this contact's
    assert gateway.reply(thread, "for Ana").status == 202
    assert [m.to for m in graph.wait_accepted(1)] == [ANA[1:]]


def test_receipts_in_any_order_show_the_highest_and_keep_all(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    gateway.reply(thread, "hello")
    sent = graph.wait_accepted(1)[0]
    assert graph.tell(sent, "read", "delivered", "sent", "delivered") == [200] * 4
    gateway.wait_message(thread, lambda m: m.get("delivery") == "read")
    assert gateway.messages(thread)[-1]["delivery"] == "read"


def test_a_failed_receipt_that_overtakes_the_answer_to_the_send_counts(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    graph.accept_then_hang(seconds=2)
    gateway.reply(thread, "hello")
    sent = graph.wait_accepted(1)[0]
    assert graph.tell(sent, "failed", code=131026, title="Message undeliverable") == [200]
    graph.release()
    message = gateway.wait_message(thread, lambda m: m.get("delivery") == "failed")
    assert message["error"]["code"] == 131026
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.status") if d.data["message"]["delivery"] == "failed"), None),
                          "the failure at the helpdesk")
    assert event.data["agent_note"]


def test_a_closed_window_is_refused_at_once_with_what_to_do(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    gateway.advance(hours=24, minutes=1)
    answer = gateway.reply(thread, "are you still there?")
    assert answer.status == 409 and answer.json["type"] == "urn:headgate:problem:window-closed"
    assert "24" in answer.json["detail"] or "template" in answer.json["detail"]
    assert not graph.accepted


def test_a_closed_window_falls_back_to_the_template_when_one_is_configured(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE, channel="template_fallback: { name: follow_up, language: en }")
    thread, _ = converted(gateway, graph, helpdesk)
    gateway.advance(hours=25)
    assert gateway.reply(thread, "are you still there?").status == 202
    sent = graph.wait_accepted(1)[0]
    assert sent.type == "template" and sent.body["template"]["name"] == "follow_up"


def test_an_answer_lost_after_the_provider_took_the_message_is_settled_by_its_receipt(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread, _ = converted(gateway, graph, helpdesk)
    graph.accept_then_drop()
    gateway.reply(thread, "sent once")
    sent = graph.wait_accepted(1)[0]
    assert sent.key
    graph.tell(sent, "delivered")
    gateway.wait_message(thread, lambda m: m.get("delivery") == "delivered")
    gateway.advance(minutes=30)
    gateway.reply(thread, "the next one")
    graph.wait_accepted(2)
    assert [m.text for m in graph.accepted] == ["sent once", "the next one"]


def test_without_a_receipt_it_stays_unknown_until_a_person_settles_it(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread, _ = converted(gateway, graph, helpdesk)
    graph.drop_before()
    gateway.reply(thread, "maybe")
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful send")
    gateway.advance(minutes=11)
    gateway.wait_message(thread, lambda m: m.get("delivery") == "unknown")
    event = helpdesk.wait(lambda h: next((d for d in h.of("message.status") if d.data["message"]["delivery"] == "unknown"), None),
                          "the doubt at the helpdesk")
    assert event.data["agent_note"]
    assert not graph.accepted
    job = gateway.get("/v1/outbox?state=unknown")["jobs"][0]["number"]
    assert gateway.api("POST", f"/v1/outbox/{job}/settle", {"how": "resend"}).status == 200
    assert graph.wait_accepted(1)[0].text == "maybe"


def test_a_crash_while_sending_sends_nothing_twice(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    thread, _ = converted(gateway, graph, helpdesk)
    graph.accept_then_hang(seconds=5)
    gateway.reply(thread, "sent once")
    sent = graph.wait_accepted(1)[0]
    gateway.kill()
    graph.release()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.tell(sent, "sent")
    gateway.wait_message(thread, lambda m: m.get("delivery") == "sent")
    gateway.advance(hours=2)
    gateway.reply(thread, "the next one")
    graph.wait_accepted(2)
    assert [m.text for m in graph.accepted] == ["sent once", "the next one"]


def test_media_replies_are_uploaded_and_never_linked(gateway, graph, helpdesk):
    thread, _ = converted(gateway, graph, helpdesk)
    up = gateway.http("POST", "/v1/attachments?name=label.pdf", b"%PDF-1.4 label",
                      {"Authorization": "Bearer " + harness.API_TOKEN, "Content-Type": "application/pdf"})
    assert up.status == 201
    answer = gateway.reply(thread, "your label", attachments=[up.json["attachment"]])
    assert answer.status == 202, answer
    sent = graph.wait_accepted(1)[0]
    assert sent.type == "document" and "link" not in sent.body["document"]
    assert sent.body["document"]["filename"] == "label.pdf" and sent.text == "your label"


def test_two_numbers_of_one_channel_answer_from_the_number_that_was_written_to(gateway, graph, helpdesk):
    graph.deliver(graph.text(ANA, "to the second number", number="209876543210"))
    event = helpdesk.wait_event("ticket.requested")
    gateway.reply(event.data["thread"]["id"], "from the second number")
    posts = graph.wait_posts(1)
    assert "/209876543210/" in posts[0].path
    assert PHONE_NUMBER_ID not in posts[0].path


# ---- reactions, edits, echoes ----

def test_reactions_edits_and_deletions_are_events_on_the_ticket_and_open_nothing(gateway, graph, helpdesk):
    payload = graph.text(ANA, "my invoice is wrong", id="wamid.first")
    graph.deliver(payload)
    helpdesk.wait_event("ticket.requested")
    graph.deliver(graph.edit(ANA, "wamid.first", "my invoice 12 is wrong"))
    assert helpdesk.wait_event("message.edited").data["message"]["text"] == "my invoice 12 is wrong"
    graph.deliver(graph.reaction(ANA, "wamid.first"))
    helpdesk.wait_event("message.reacted")
    graph.deliver(graph.revoke(ANA, "wamid.first"))
    deleted = helpdesk.wait_event("message.deleted")
    assert "invoice" not in json.dumps(deleted.data["message"])
    graph.deliver(graph.reaction(BO, "wamid.unknown"))
    graph.say(BO, "hello, I have a question")
    helpdesk.wait_event("ticket.requested", 2)
    assert len(gateway.threads()) == 2


def test_what_staff_typed_in_the_phone_app_shows_and_opens_nothing(gateway, graph, helpdesk):
    assert graph.deliver(graph.echo(BO, "we will call you")) == 200
    thread, _ = converted(gateway, graph, helpdesk)
    assert graph.deliver(graph.echo(ANA, "I looked into it")) == 200
    message = gateway.wait_message(thread, lambda m: m["text"] == "I looked into it")
    assert message["direction"] == "outbound" and message["author"] == "outside"
    assert len(gateway.threads()) == 1 and not graph.accepted


# ---- the helpdesk's side ----

def test_a_helpdesk_that_is_down_loses_nothing_and_gets_it_in_order(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda delivery: (503, {}, "")
    for i in range(4):
        graph.say(ANA, f"message {i}")
    helpdesk.wait(lambda h: len(h.attempts) >= 1, "an attempt")
    assert gateway.reply(gateway.threads()[0]["id"], "we are on it").status == 202
    graph.wait_accepted(1)
    helpdesk.answer = None
    for _ in range(8):
        gateway.advance(hours=1)
        if len(helpdesk.of("ticket.message")) == 3:
            break
        helpdesk.changed.acquire()
        helpdesk.changed.wait(0.5)
        helpdesk.changed.release()
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == 3, "all messages")
    mine = [d for d in helpdesk.accepted]
    sequence = [d.data["sequence"] for d in mine]
    assert sequence == sorted(sequence)
    ids = {}
    for attempt in helpdesk.attempts:
        ids.setdefault(attempt.id, set()).add(attempt.raw)
    assert all(len(bodies) == 1 for bodies in ids.values())	# byte-identical on every attempt


def test_an_outage_is_seen_told_to_customers_and_over_when_the_helpdesk_answers(start, graph, helpdesk):
    """Since when and how much waits, for the operator; an honest answer by rule, for the customer; a restart in the middle."""
    slow = """  - name: honest
    when: { helpdesk: { down: true, for: 5m }, not: { tag: told } }
    do: { tag: told, reply: "We are slow today." }
"""
    gateway = start(rules=slow + AT_ONCE)
    helpdesk.answer = lambda delivery: (503, {}, "")
    for i in range(6):
        graph.say(f"+4477009001{i}0", "my invoice is wrong")
    outage = harness.wait_until(lambda: gateway.status()["outages"], "the outage to be known")
    assert outage[0]["backend"] == "desk" and outage[0]["waiting"] >= 6
    gateway.stop()
    graph.target(gateway.start().port, "wa-main")
    gateway.advance(minutes=6)
    assert gateway.status()["outages"][0]["since"] == outage[0]["since"]
    assert re.search(r"helpdesk desk has not answered for .*: [0-9]+ events wait for it", gateway.ctl("status", check=None).stdout)
    graph.say(BO, "and mine")
    harness.wait_until(lambda: any(a.text == "We are slow today." for a in graph.accepted), "the honest answer")
    helpdesk.answer = None

    def over():
        gateway.advance(minutes=10)
        return not gateway.status()["outages"]

    harness.wait_until(over, "the end of the outage")
    helpdesk.wait(lambda h: len(h.of("ticket.requested")) == 7, "all tickets")


def test_an_event_the_helpdesk_refuses_for_good_is_kept_and_the_thread_goes_on(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    helpdesk.answer = lambda d: (422, {}, "no") if d.type == "ticket.message" and d.data["message"]["text"] == "poison" else None
    converted(gateway, graph, helpdesk)
    graph.say(ANA, "poison")
    graph.say(ANA, "after it")

    def pushed():
        gateway.advance(hours=3)
        return gateway.get("/v1/outbox")["jobs"]

    dead = harness.wait_until(pushed, "the dead letter")
    assert len(dead) == 1 and "422" in dead[0]["error"]
    assert helpdesk.wait_event("ticket.message").data["message"]["text"] == "after it"
    helpdesk.answer = None
    assert gateway.api("POST", f"/v1/outbox/{dead[0]['number']}/retry", {}).status == 200
    assert helpdesk.wait_event("ticket.message", 2).data["message"]["text"] == "poison"


def test_notes_never_reach_customer_or_helpdesk(gateway, graph, helpdesk):
    canary = "canary-7f3a"
    graph.say(ANA, "hello there, a question")
    event = helpdesk.wait_event("ticket.requested")
    thread = event.data["thread"]["id"]
    assert gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": canary, "agent": "Ben"}).status == 201
    gateway.reply(thread, "an answer")
    graph.wait_accepted(1)
    graph.say(ANA, "thank you very much for that")
    helpdesk.wait_event("ticket.message")
    assert all(canary not in m.raw.decode() for m in graph.accepted)
    assert all(canary not in d.raw.decode() for d in helpdesk.attempts)
    assert canary in json.dumps(gateway.messages(thread))	# agents see it


# ---- trust ----

def test_the_handshake_answers_the_challenge_to_the_right_token_only(gateway, graph):
    assert graph.handshake(VERIFY_TOKEN, "challenge-42") == (200, "challenge-42")
    assert graph.handshake("another token")[0] == 403


def test_both_app_secrets_verify_and_any_other_signature_is_refused_counted_and_not_stored(gateway, graph, helpdesk):
    assert graph.deliver(graph.text(ANA, "new secret")) == 200
    assert graph.deliver(graph.text(ANA, "old secret"), secret=OLD_APP_SECRET) == 200
    bad = graph.text(ANA, "forged canary 1c4f")
    assert graph.deliver(bad, secret="00" * 16) == 401
    assert graph.deliver(bad, signature="") == 401
    assert graph.deliver(bad, signature="sha256=" + "0" * 64) == 401
    assert graph.deliver(bad, signature=graph.sign(graph.encode(bad).encode() if isinstance(graph.encode(bad), str)
                                                   else graph.encode(bad) + b" ")) == 401
    helpdesk.wait_event("ticket.message")
    assert {m["text"] for m in gateway.messages(gateway.threads()[0]["id"]) if m["direction"] == "inbound"} == \
        {"new secret", "old secret"}
    channel = gateway.status()["channels"][0]
    assert channel["refused"] == 4
    assert any(v == 4 for v in channel["counted"].values())
    gateway.stop()
    for file in pathlib.Path(gateway.file()).parent.iterdir():
        if file.is_file():
            assert b"canary 1c4f" not in file.read_bytes()
