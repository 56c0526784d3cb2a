"""Conversations that we begin: by WhatsApp with a template, by a short message, by mail; what the customer answers, what takes
the message when something goes on already, and who may not be written to.  One daemon, each test with people of its own."""
import json
import uuid

import pytest

import conftest
import dovecot
import fake_channel
import harness
from harness import wait_until
from test_api import problem
from test_email_send import World as Post, answer_to

ME = "first@example.org"
DESCRIBED = True
TEMPLATE = {"name": "parcel_here", "language": "en_GB", "components": [
    {"type": "body", "parameters": [{"type": "text", "text": "Ann"}]}]}


class World(conftest.World):
    def __init__(self, folder, server):
        self.far, self.post = fake_channel.FarEnd(), Post(server)
        mailbox = "  mail:\n" + server.channel(ME, self.post.options())

        def change(text):
            text = fake_channel.beside(text, name="sms", more="words: true", url=self.far.url)
            return text.replace("\nrules:\n", f"\n{mailbox}rules:\n", 1)
        super().__init__(folder, rules=conftest.NOISE + conftest.AT_ONCE, change=change, env={**fake_channel.ENV, **dovecot.ENV})
        self.sms = fake_channel.Provider(self.gateway, "sms")
        wait_until(lambda: "email.open" in self.gateway.log(), "the mailbox")

    def start(self, channel, to, key=None, **more):
        return self.gateway.api("POST", "/v1/threads", {"channel": channel, "to": to, **more}, key=key or str(uuid.uuid4()))

    def close(self):
        super().close()
        self.far.close()
        self.post.smtp.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    server = dovecot.Dovecot(tmp_path_factory.mktemp("dovecot")).start()
    made = World(tmp_path_factory.mktemp("world"), server)
    yield made
    try:
        made.close()
    finally:
        server.close()


def begun(answer, status=201):
    assert answer.status == status, answer
    thread = answer.json["thread_id"]
    assert answer.headers["Location"] == f"/v1/threads/{thread}" and answer.json["thread"]["id"] == thread
    assert answer.json["joined"] is (status == 200)
    return thread


def test_a_template_begins_on_whatsapp_and_free_text_does_not(world):
    customer = world.customer()
    assert "template" in problem(world.start("wa-main", customer, text="Your parcel is here."), 409, "window-closed")
    assert world.gateway.get(f"/v1/contacts?q={customer[1:]}")["contacts"] == []
    thread = begun(world.start("wa-main", customer, template=TEMPLATE, agent="Mia", tags=["parcel"]))
    sent = wait_until(lambda: [m for m in world.graph.accepted if m.to == customer[1:]], "the template")
    assert [m.type for m in sent] == ["template"] and sent[0].body["template"]["name"] == "parcel_here"
    assert world.graph.say(customer, "thank you, when do you open?") == 200
    shown = world.gateway.wait_thread(lambda all: [t for t in all if t["id"] == thread and t["ticket"]])
    assert len([t for t in shown if t["reply_to"] == f"tel:{customer}"]) == 1
    assert [m["direction"] for m in world.gateway.messages(thread) if m["direction"] in ("inbound", "outbound")][:2] == ["outbound", "inbound"]
    assert "parcel" in world.gateway.get(f"/v1/threads/{thread}")["thread"]["tags"]
    opened = world.gateway.events(thread)[0]
    assert opened["type"] == "thread.opened" and opened["data"]["message"]["direction"] == "outbound"
    told = world.gateway.get(f"/v1/threads/{thread}/explain")
    assert told["decisions"][0]["on"] == "start" and "started by Mia (token:tests)" in told["text"]
    assert world.gateway.fsck() == []


def test_a_short_message_begins_once_for_a_key(world):
    customer, key = world.customer(), str(uuid.uuid4())
    first = world.start("sms", customer, key=key, text="Your parcel is here.")
    thread = begun(first)
    again = world.start("sms", customer, key=key, text="Your parcel is here.")
    assert (again.status, again.body) == (201, first.body)
    wait_until(lambda: [m for m in world.far.messages if m["to"] == f"tel:{customer}"], "the message")
    problem(world.start("sms", customer, key=key, text="Another."), 422, "idempotency-key-reused")
    answer = world.gateway.api("POST", "/v1/threads", {"channel": "sms", "to": customer, "text": "x"})
    assert "Idempotency-Key" in problem(answer, 400, "invalid-request")
    assert begun(world.start("sms", f"tel:{customer}", text="It closes at six."), status=200) == thread
    wait_until(lambda: len([m for m in world.far.messages if m["to"] == f"tel:{customer}"]) == 2, "both")


def test_a_mail_begins_and_the_answer_to_it_joins(world):
    sha256 = world.gateway.http("POST", "/v1/attachments?name=label.txt", b"a label", {
        "Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "text/plain"}).json["attachment"]["sha256"]
    thread = begun(world.start("mail", "Ana@Example.com", subject="Your order 77", text="It has left.", agent="Mia", ticket=True,
                               files=[{"sha256": sha256, "name": "label.txt", "type": "text/plain"}]))
    number = world.gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["number"]
    world.helpdesk.wait_event("ticket.requested")
    _, to, sent = world.post.wait(1)
    assert to == "ana@example.com" and "Your order 77" in sent["Subject"] and not sent["In-Reply-To"]
    assert [part.get_filename() for part in sent.iter_attachments()] == ["label.txt"]
    world.post.server.deliver(ME, answer_to(sent, "Where is it now?", References=sent["Message-ID"]))
    world.gateway.wait_message(thread, lambda m: m["direction"] == "inbound" and m["text"].startswith("Where is it now?"))
    assert world.gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]["number"] == number
    assert len(world.post.sent) == 1		# no confirmation: he asked for nothing


def test_who_wants_nothing_or_is_blocked_or_sees_nothing_is_not_written_to(world):
    customer, other = world.customer(), world.customer()
    assert world.sms.say(customer, "STOP") == 200
    wait_until(lambda: world.gateway.get(f"/v1/consent?address=tel:%2B{customer[1:]}")["consents"], "the word")
    problem(world.start("sms", customer, text="Hello again."), 409, "opted-out")
    assert world.sms.say(other, "hello") == 200
    contact = wait_until(lambda: world.gateway.get(f"/v1/contacts?q=%2B{other[1:]}")["contacts"], "the contact")[0]["id"]
    assert world.gateway.api("POST", f"/v1/contacts/{contact}/block", {"reason": "spam"}).status == 200
    assert "spam" in problem(world.start("sms", other, text="Hello."), 409, "wrong-state")
    assert "not known to be" in problem(world.start("sms", world.customer(), text="x", contact=contact), 403, "forbidden")


def test_a_channel_on_hold_begins_nothing(world):
    assert world.gateway.api("POST", "/v1/channels/sms/pause", {"reason": "moving"}).status == 200
    try:
        assert "paused: moving" in problem(world.start("sms", world.customer(), text="x"), 409, "wrong-state")
    finally:
        assert world.gateway.api("POST", "/v1/channels/sms/resume", {}).status == 200


def test_a_token_that_may_not_start_or_sees_another_channel_begins_nothing(world):
    def token(name, scopes, **more):
        return world.gateway.api("POST", "/v1/tokens", dict(name=name, scopes=scopes, **more)).json["secret"]

    def begin(secret):
        return world.gateway.api("POST", "/v1/threads", {"channel": "sms", "to": world.customer(), "text": "x"}, key=str(uuid.uuid4()),
                                 token=secret)
    assert '"start"' in problem(begin(token("answers", ["read", "reply"])), 403, "forbidden")
    assert 'no channel "sms"' in problem(begin(token("elsewhere", ["start"], channels=["wa-main"])), 400, "invalid-request")
    assert begin(token("begins", ["start"], channels=["sms"])).status == 201


@pytest.mark.parametrize("body, said", [
    ({}, '"channel" and "to"'), ({"channel": "sms"}, '"channel" and "to"'), ({"channel": "sms", "to": "+447700900001"}, "is empty"),
    ({"channel": "gone", "to": "+447700900001", "text": "x"}, 'no channel "gone"'),
    ({"channel": "sms", "to": "07700 900001", "text": "x"}, "number with its country"),
    ({"channel": "sms", "to": "+447700900001", "text": "x", "files": [{}]}, 'files[0]: "sha256" is missing'),
    ({"channel": "sms", "to": "+447700900001", "text": "x", "tags": [7]}, '"tags"'),
    ({"channel": "sms", "to": "+447700900001", "text": "x", "ticket": "yes"}, '"ticket"'),
    ({"channel": "sms", "to": "+447700900001", "text": "x", "attachments": []}, 'no member "attachments"')])
def test_a_body_that_makes_no_sense_is_refused(world, body, said):
    answer = world.gateway.api("POST", "/v1/threads", body, key=str(uuid.uuid4()))
    assert answer.status == 400 and said in answer.json["detail"], answer


def test_what_would_be_sent_is_shown_and_not_sent(world):
    customer, before = world.customer(), len(world.far.messages)
    body = {"channel": "sms", "to": customer, "text": "Your parcel is here."}
    shown = world.gateway.api("POST", "/v1/threads/preview", body)
    assert shown.status == 200 and shown.json["preview"]["to"] == f"tel:{customer}", shown
    assert len(world.far.messages) == before and world.thread_of(customer) is None


def test_the_verb_uploads_asks_and_says_what_took_it(world, tmp_path):
    customer, file = world.customer(), tmp_path / "plan.pdf"
    file.write_bytes(b"%PDF-1.4 a plan")
    ctl = world.gateway.ctl
    assert "--yes" in ctl("thread", "start", "sms", customer, "--text", "hello", check=2).stderr
    assert "--template" in ctl("thread", "start", "sms", customer, "--yes", check=2).stderr
    done = ctl("thread", "start", "sms", customer, "--text", "See the plan.", "--file", str(file), "--tag", "plan", "--yes", check=0)
    thread = done.stdout.split()[0]
    assert done.stdout.strip() == f"{thread} started"
    (message,) = [m for m in world.gateway.messages(thread) if m["direction"] == "outbound"]
    assert [(a["name"], a["type"]) for a in message["attachments"]] == [("plan.pdf", "application/pdf")]
    wait_until(lambda: [m for m in world.far.messages if m["to"] == f"tel:{customer}" and m.get("file") == "plan.pdf"], "the file")
    done = ctl("thread", "start", "sms", customer, "--text", "And again.", "--yes", "--json", check=0)
    assert json.loads(done.stdout)["joined"] is True
    customer = world.customer()
    done = ctl("thread", "start", "wa-main", customer, "--template", "parcel_here", "--language", "en_GB", "--value", "Ann", "--ticket",
               "--yes", check=0)
    assert done.stdout.split()[1] == "started" and done.stdout.split()[2].startswith("TK-")
    (sent,) = wait_until(lambda: [m for m in world.graph.accepted if m.to == customer[1:]], "the template")
    assert sent.body["template"] == TEMPLATE | {"language": sent.body["template"]["language"]}
