"""headgatectl simulate: what customers say on every kind of channel, as their providers would deliver it; the adapters' own
verification decides whether it is taken."""
import base64
import json
import subprocess

import pytest

import conftest
import harness
from infobip_provider import Infobip
from test_capture import Sentinel
from twilio_provider import Twilio
from vonage_provider import VonageMessages, VonageSms

TELNYX = """\
api_key: env:TEST_TELNYX_KEY
public_key: ["{public}"]
webhook_url: https://hooks.acme.example/channel/telnyx/webhook
from: ["+13125550100"]
"""


HUMAN = """\
  - name: a human is wanted
    when: { text: { matches: human } }
    do: { convert: { } }
"""

# Those who fetch, or are spoken to by their customers: nobody listens at these ports, and nobody is to try.
OTHERS = {
    "mail": """\
    adapter: email
    address: support@example.org
    password: env:TEST_OTHER
    token_secret: env:TEST_TOKENS
    imap: {{ host: 127.0.0.1, port: {port}, tls: none }}
    smtp: {{ host: 127.0.0.1, port: {port}, tls: none }}
""",
    "bind": """\
    adapter: smpp
    host: 127.0.0.1
    port: {port}
    system_id: headgate
    password: env:TEST_SMPP
    from: "+447700900900"
""",
    "web": """\
    adapter: widget
    origins: [https://www.acme.example]
    identity: {{ secret: env:TEST_TOKENS }}
"""}

# Descriptions: what they want to be given, by name.
DESCRIBED = {
    "plivo": "secrets: { auth_token: env:TEST_HOOK }\nvalues: { auth_id: MA1 }\npublic_url: https://chat.acme.example\n",
    "kannel": "secrets: { password: env:TEST_OTHER, hook: env:TEST_HOOK }\n"
              "values: { url: 'http://127.0.0.1:9', user: headgate, from: '12345' }\n",
    "bird": "secrets: { signing_key: env:TEST_HOOK, access_key: env:TEST_OTHER }\n"
            "values: { workspace: w, channel: c }\npublic_url: https://chat.acme.example\n",
    "messagebird": "secrets: { signing_key: env:TEST_HOOK, access_key: env:TEST_OTHER }\nvalues: { from: '+3197010' }\n"
                   "public_url: https://chat.acme.example\n",
    "bandwidth": "secrets: { hook_password: env:TEST_HOOK, password: env:TEST_OTHER }\n"
                 "values: { account: '1', application: a, user: u, from: '+12345678902' }\n",
    "telegram": "secrets: { hook: env:TEST_HOOK, token: env:TEST_OTHER }\n",
}


def indented(text, by="    "):
    return "".join(by + line + "\n" for line in text.splitlines())


def private_key(folder):
    """Of Ed25519, made by OpenSSL: the file, and the public half as Telnyx's portal shows it."""
    path = folder / "telnyx.pem"
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True, capture_output=True).stdout
    return path, base64.b64encode(der[-32:]).decode()


def channels(folder, env, port):
    """One of every kind that is called by its provider; their names."""
    made = {}
    for name, cls in dict(twilio=Twilio, vonage=VonageSms, messages=VonageMessages, infobip=Infobip).items():
        provider = cls()
        made[name] = f"    adapter: {provider.name}\n" + indented(provider.lines())
        env.update(provider.env)
        provider.close()
    for name, lines in DESCRIBED.items():
        made[name] = f"    adapter: http\n    description: {harness.TOP}/etc/channels/{name}.yaml\n" + indented(lines)
    for name, lines in OTHERS.items():
        made[name] = lines.format(port=port)
    env.update(TEST_TOKENS="a secret of thirty-two characters", TEST_SMPP="secret08")
    env.update(TEST_HOOK="0123456789abcdef-hook", TEST_OTHER="another-secret-of-theirs")
    env["TEST_TELNYX_KEY"] = "KEY0123456789"
    made["telnyx"] = "    adapter: telnyx\n" + indented(TELNYX.format(public=private_key(folder)[1]))
    return made


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A gateway in capture mode with a channel of every kind: nothing of it needs a provider."""
    folder = tmp_path_factory.mktemp("stage")
    env = dict(conftest.ENV)
    nobody = Sentinel()
    made = channels(folder, env, nobody.port)
    text = conftest.config_text("http://127.0.0.1:9", "http://127.0.0.1:9", rules=conftest.NOISE + HUMAN)
    text = text.replace("gateway:\n", "gateway:\n  capture: true\n", 1)
    text = text.replace("rules:\n", "".join(f"  {name}:\n{lines}" for name, lines in made.items()) + "rules:\n", 1)
    gateway = harness.Gateway(folder, text, env).start()
    gateway.key, gateway.nobody = str(folder / "telnyx.pem"), nobody
    yield gateway
    problems = conftest.finish(gateway)
    assert not problems, "\n".join(problems)


def simulate(gateway, *args, check=0, config=None, **env):
    """Its results, or what was said on stderr where it is to fail."""
    before, gateway.env = gateway.env, dict(gateway.env, **env)
    try:
        done = gateway.ctl("-c", str(config or gateway.config_path), "--json", "simulate", *args)
    finally:
        gateway.env = before
    assert done.returncode in (check if check and isinstance(check, tuple) else (check,)), (done.returncode, done.stdout, done.stderr)
    return json.loads(done.stdout)["results"] if not check else done.stderr


# name of the channel -> what is given besides, and which secret of the configuration signs
KINDS = {"wa-main": ([], "TEST_APP_SECRET"), "twilio": ([], "TEST_TWILIO_TOKEN"), "vonage": ([], "TEST_VONAGE_SIGN"),
         "messages": ([], "TEST_VONAGE_SIGN"), "telnyx": (["--key"], None), "infobip": ([], "TEST_INFOBIP_PASSWORD"), **{name: ([], "TEST_HOOK") for name in DESCRIBED}}
NUMBERS = {name: f"+4477009003{i:02d}" for i, name in enumerate(KINDS)}


def extras(gateway, name):
    return [*KINDS[name][0], gateway.key] if KINDS[name][0] else []


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_is_taken_and_what_came_of_it_is_told(stage, name):
    text = f'is "{name}" there? 100% & ü'
    one, again = simulate(stage, name, "--text", text, "--from", NUMBERS[name], "--duplicate", *extras(stage, name))
    assert one["status"] == 200 and one["action"] == "wait" and one["proposal"] == "new" and one["ticket"] is None
    message = stage.get(f"/v1/messages/{one['message_id']}")["message"]
    assert (message["text"], message["channel"], message["external_id"]) == (text, name, one["id"])
    assert stage.get(f"/v1/threads/{one['thread_id']}")["thread"]["reply_to"].endswith(NUMBERS[name][1:])
    assert again["id"] == one["id"] and again["message_id"] is None	# known: nothing new came of it
    assert len([m for m in stage.messages(one["thread_id"]) if m["text"] == text]) == 1


@pytest.mark.parametrize("name", KINDS)
def test_who_has_another_secret_is_refused(stage, name, tmp_path):
    secret, more = KINDS[name][1], extras(stage, name)
    if not secret:
        more = ["--key", str(private_key(tmp_path)[0])]
    said = simulate(stage, name, "--text", "forged", *more, check=(4, 5), **({secret: "0123456789abcdef-other"} if secret else {}))
    assert f"to /channel/{name}/" in said
    assert not stage.get("/v1/search?q=forged")["results"]


def test_many_messages_join_one_conversation(stage):
    results = simulate(stage, "twilio", "--text", "one of many", "--from", "+447700900399", "--times", "3")
    assert len({r["message_id"] for r in results}) == 3 and len({r["thread_id"] for r in results}) == 1
    assert [r["proposal"] for r in results] == ["new", "join", "join"]


def test_an_adapter_stands_for_its_first_channel_and_people_read_what_came_of_it(stage):
    done = stage.ctl("-c", str(stage.config_path), "simulate", "whatsapp", "--text", "for people", "--id", "wamid.PEOPLE", check=0)
    lines = done.stdout.splitlines()
    assert lines[0] == "wamid.PEOPLE stored" and lines[1].startswith("  message   msg_") and lines[4] == "  ticket    none"
    assert "a new one" in lines[2] and lines[3] == "  decision  wait"
    assert stage.ctl("-q", "-c", str(stage.config_path), "simulate", "whatsapp", "--text", "quiet", check=0).stdout == ""


def test_wrong_use_is_told(stage):
    def wrong(*args, check):
        return stage.ctl("-c", str(stage.config_path), "simulate", *args, check=check).stderr
    assert 'did you mean "twilio"' in wrong("twillio", "--text", "x", check=4)
    assert "--text TEXT is wanted" in wrong("twilio", check=2)
    assert "would fetch it from the provider" in wrong("twilio", "--text", "x", "--file", "/etc/passwd", check=2)
    assert "one id is one message" in wrong("twilio", "--text", "x", "--times", "2", "--id", "A", check=2)
    assert "a file stands behind script" in wrong("twilio", "faults.yaml", "--text", "x", check=2)
    assert "a mail address is wanted" in wrong("mail", "--text", "x", "--from", "ana", check=2)
    assert "no such file" in wrong("mail", "--text", "x", "--file", "/nowhere", check=4).lower()
    assert "--times: from 1" in wrong("twilio", "--text", "x", "--times", "0", check=2)
    assert "openssl genpkey -algorithm ed25519" in wrong("telnyx", "--text", "x", check=78)
    assert "of Ed25519" in wrong("telnyx", "--text", "x", "--key", str(stage.config_path), check=78)


# ---- mailboxes, binds, visitors ----

def test_a_mail_is_read_like_any_other_with_its_file(stage, tmp_path):
    label = tmp_path / "label.txt"
    label.write_text("a label")
    text = "my order\nis late: ü"
    one, again = simulate(stage, "mail", "--text", text, "--from", "ana@example.com", "--name", "Ana", "--subject", "Grüße",
                          "--file", str(label), "--duplicate")
    message = stage.get(f"/v1/messages/{one['message_id']}")["message"]
    assert (message["text"], message["subject"], message["channel"]) == (text, "Grüße", "mail")
    assert [a["name"] for a in message["attachments"]] == ["label.txt"]
    thread = stage.get(f"/v1/threads/{one['thread_id']}")["thread"]
    assert (thread["reply_to"], thread["contact"]["name"]) == ("mailto:ana@example.com", "Ana")
    assert again["status"] == 200 and again["message_id"] is None


@pytest.mark.parametrize("text", ["short: ü €", "long" + " 😀" * 120], ids=["short", "payload"])
def test_a_short_message_is_read_like_an_operators(stage, text):
    one, again = simulate(stage, "bind", "--text", text, "--from", "+447700900401", "--duplicate")
    message = stage.get(f"/v1/messages/{one['message_id']}")["message"]
    assert (message["text"], message["address"]) == (text, "tel:+447700900401")
    assert message["our_address"] == "tel:+447700900900" and again["message_id"] is None


def test_a_visitor_writes_and_sends_a_file(stage, tmp_path):
    label = tmp_path / "label.txt"
    label.write_text("a label")
    one, again = simulate(stage, "web", "--text", "hello?", "--file", str(label), "--duplicate")
    message = stage.get(f"/v1/messages/{one['message_id']}")["message"]
    assert (message["text"], message["channel"], one["status"], again["status"]) == ("hello?", "web", 201, 200)
    assert [a["name"] for a in message["attachments"]] == ["label.txt"]
    first, second = simulate(stage, "web", "--text", "it is me", "--from", "user-7", "--name", "Bo", "--times", "2")
    assert stage.get(f"/v1/threads/{first['thread_id']}")["thread"]["contact"]["name"] == "Bo"
    assert second["thread_id"] == first["thread_id"]
    later, = simulate(stage, "web", "--text", "it is me again", "--from", "user-7")
    assert later["thread_id"] == first["thread_id"]


def test_an_identity_signed_with_another_key_is_refused(stage):
    assert "channel web" in simulate(stage, "web", "--text", "x", "--from", "user-8", check=5, TEST_TOKENS="another secret, as long as it has to be")


def test_what_is_handed_in_has_to_be_what_the_channel_reads(stage):
    def take(channel, body):
        return stage.http("POST", f"/v1/channels/{channel}/take", body, {"Authorization": f"Bearer {harness.API_TOKEN}"})
    assert take("bind", b"no PDU").status == 400 and "deliver_sm" in take("bind", b"no PDU").json["detail"]
    assert take("bind", b"").status == 400
    assert take("twilio", b"x").status == 409 and "its provider calls it" in take("twilio", b"x").json["detail"]
    assert take("nobody", b"x").status == 404
    assert "nothing of it is signed" not in stage.log()
    assert "event=channel.taken" in stage.log()


def test_nobody_was_connected_to_for_any_of_it(stage):
    """Capture mode: mailboxes and binds are open to what is handed in, answered, and connect to nobody for half a day."""
    one, = simulate(stage, "mail", "--text", "an answer, please", "--from", "bo@example.com")
    assert stage.reply(one["thread_id"], "it leaves today").status == 202
    stage.wait_message(one["thread_id"], lambda m: m["text"] == "it leaves today" and m["delivery"] == "sent", "the answer to count as sent")
    two, = simulate(stage, "bind", "--text", "an answer, please", "--from", "+447700900402")
    assert stage.reply(two["thread_id"], "it leaves today").status == 202
    stage.wait_message(two["thread_id"], lambda m: m["text"] == "it leaves today" and m["delivery"] == "sent", "the answer to count as sent")
    for _ in range(12):
        stage.advance(hours=1)
    kept = [c for c in stage.get("/v1/captured?limit=1000")["captured"] if c.get("to") == "mailto:bo@example.com"]
    assert kept and stage.nobody.came == []
    assert {c["state"] for c in stage.status()["channels"]} == {"capture"}


# ---- scripts ----

SAMPLE = harness.TOP / "contrib" / "simulate" / "faults.yaml"


def script(gateway, path, check, *more):
    return gateway.ctl("-c", str(gateway.config_path), *more, "simulate", "script", str(path), check=check)


def written(folder, text):
    path = folder / "script.yaml"
    path.write_text(text)
    return path


def test_the_sample_script_holds(stage):
    done = script(stage, SAMPLE, 0)
    assert done.stdout.endswith(" steps, 0 failed\n") and "FAIL" not in done.stdout
    threads = {t["reply_to"]: t["id"] for t in stage.threads(limit=200)}
    said = [m["text"] for m in stage.messages(threads["tel:+447700900501"]) if m["direction"] == "inbound"]
    assert sorted(said) == ["Good morning, I ordered a kettle", "Is anybody there?", "My order is late", "Number 1042"]
    assert "tel:+447700900666" not in threads


def test_a_script_whose_expectation_is_not_met_says_where(stage, tmp_path):
    path = written(tmp_path, """\
steps:
  - say: { channel: twilio, from: "+447700900601", text: "one" }
    name: one
  - say: { channel: vonage, from: "+447700900602", text: "two" }
    expect: { ticket: joined, within: 50ms }
  - again: one
    expect: { new: true, within: 50ms }
""")
    done = script(stage, path, 1)
    assert f"{path}:4:5: ticket: expected joined, it is none" in done.stdout and f"{path}:6:5: new: expected true, it is false" in done.stdout
    assert done.stdout.endswith("3 steps, 2 failed\n")
    told = json.loads(script(stage, path, 1, "--json").stdout)
    assert [s["passed"] for s in told["steps"]] == [True, False, False] and told["failed"] == 2


def test_a_ticket_is_new_and_then_joined(stage, tmp_path):
    path = written(tmp_path, """\
steps:
  - say: { channel: infobip, from: "+447700900603", text: "I want a human" }
    name: first
    expect: { action: convert, ticket: new, state: converted }
  - say: { channel: infobip, from: "+447700900603", text: "It is urgent" }
    expect: { ticket: joined, thread: first }
  - wait: 1ms
  - look: first
    expect: { ticket: new }
""")
    assert "4 steps, 0 failed" in script(stage, path, 0).stdout


@pytest.mark.parametrize("text, place, words", [
    ("steps:\n  - say: { channel: twillio, text: x }\n", "2:21", "the configuration has no channel 'twillio'"),
    ("steps:\n  - say: { channel: twilio }\n", "2:10", "'text' is missing"),
    ("steps:\n  - sing: { channel: twilio }\n", "2:5", "a step has no 'sing'"),
    ("steps:\n  - wait: long\n", "2:11", "long"),
    ("steps:\n  - again: first\n", "2:12", "no step before this one is called 'first'"),
    ("steps:\n  - say: { channel: twilio, text: x, fault: odd }\n", "2:45", "there is no fault 'odd'"),
    ("steps:\n  - say: { channel: twilio, text: x }\n    name: a\n  - receipt: { of: a, state: read }\n", "4:20", "name a reply"),
    ("steps:\n  - say: { channel: twilio, text: x }\n    expect: { ticket: closed }\n", "3:23", "there is no ticket 'closed'"),
    ("steps: []\n", "1:8", "1 to 1000 steps"), ("steps:\n  - wait: 1s\n    look: x\n", "3:11", "no step before"), ("steps: [", "", "error"),
])
def test_mistakes_in_a_script_are_told_before_anything_is_sent(stage, tmp_path, text, place, words):
    path = written(tmp_path, text)
    said = script(stage, path, 78).stderr
    assert f"{path}:{place}" in said and words in said, said


def test_every_kind_of_signature_can_be_forged_and_none_is_taken(stage, tmp_path):
    path = written(tmp_path, "steps:\n" + "".join(
        f'  - say: {{ channel: {name}, from: "+447700900700", text: "I am somebody else", fault: forged }}\n    expect: {{ taken: false, new: false }}\n'
        f'  - say: {{ channel: {name}, from: "+447700900701", text: "half of it", fault: broken }}\n'
        for name in KINDS if name != "telnyx"))
    assert "0 failed" in script(stage, path, 0).stdout
    assert not {"tel:+447700900700", "telegram:447700900700"} & {t["reply_to"] for t in stage.threads(limit=200)}
