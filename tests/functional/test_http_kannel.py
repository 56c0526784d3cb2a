"""A real Kannel on the other side of an HTTP channel: messages of people in, answers out, reports of both kinds."""
import kannel
import pathlib

import pytest

import harness
from conftest import AT_ONCE, config_text, finish

ANA, CODE = "+447700900123", "12345"
HOOK = "0123456789abcdef-hook-of-kannel"
DESCRIPTION = pathlib.Path(__file__).resolve().parents[2] / "etc/channels/kannel.yaml"


@pytest.fixture
def talk(helpdesk, tmp_path):
    """A gateway and a Kannel that know each other; the gateway's port is there before Kannel is."""
    port, sendsms = harness.quiet_port(), harness.quiet_port()
    made = {}

    def start():
        text = config_text("http://127.0.0.1:9", helpdesk.url, rules=AT_ONCE)
        head, rest = text.split("  wa-main:\n", 1)
        channel = (f"  line:\n    adapter: http\n    description: {DESCRIPTION}\n"
                   f"    secrets: {{ password: env:TEST_KANNEL_PASSWORD, hook: env:TEST_KANNEL_HOOK }}\n"
                   f'    values: {{ url: "http://127.0.0.1:{sendsms}", user: {kannel.USER}, from: "{CODE}" }}\n'
                   f"    status_url: http://127.0.0.1:{port}/channel/line/status/{HOOK}\n")
        text = f"{head}{channel}rules:\n{rest.split('rules:', 1)[1]}".replace("127.0.0.1:0", f"127.0.0.1:{port}")
        made["gateway"] = harness.Gateway(tmp_path, text, {"TEST_KANNEL_PASSWORD": kannel.PASSWORD, "TEST_KANNEL_HOOK": HOOK}).start()
        made["kannel"] = kannel.Kannel(f"http://127.0.0.1:{port}/channel/line/sms/{HOOK}", sendsms)
        return made["gateway"], made["kannel"]

    yield start
    if "kannel" in made:
        made["kannel"].close()
    problems = finish(made["gateway"]) if "gateway" in made else []
    assert not problems, "\n".join(problems)


def inbound(gateway, thread):
    return [m["text"] for m in gateway.messages(thread) if m["direction"] == "inbound"]


def test_a_conversation_through_kannel(talk):
    gateway, smsc = talk()
    smsc.say(ANA, CODE, "is café & bar open? 100%")
    thread = harness.wait_until(lambda: next((t["id"] for t in gateway.threads() if t["contact"]["phone"] == ANA), None),
                                "a thread of Ana's")
    assert inbound(gateway, thread) == ["is café & bar open? 100%"]
    # In the alphabet of short messages, and beyond it; what looks like Kannel's own escapes stays what it is.
    sent = gateway.reply(thread, "Yes: till 10 & %d on £5 + \"more\"")
    assert sent.status == 202, sent
    line = smsc.wait_line(lambda line: "till 10" in line, "the answer")
    assert line == (CODE, ANA, "text", "Yes: till 10 & %d on £5 + \"more\"")
    gateway.wait_message(thread, lambda m: m["id"] == sent.json["message"]["id"] and m["delivery"] == "delivered",
                         "the report of the phone")
    gateway.reply(thread, "Привет & до")
    line = smsc.wait_line(lambda line: " ucs-2 " in line, "the answer in another alphabet")
    assert kannel.unquote_ucs2(line[3]) == "Привет & до"


def test_kannel_keeps_what_headgate_cannot_take(talk):
    """While the gateway is away Kannel's smsbox asks again, and nothing is lost or doubled."""
    gateway, smsc = talk()
    gateway.stop()
    smsc.say(ANA, CODE, "is anybody there?")
    smsc.wait_refused()
    gateway.start()
    thread = harness.wait_until(lambda: next((t["id"] for t in gateway.threads() if t["contact"]["phone"] == ANA), None),
                                "what Kannel kept")
    assert inbound(gateway, thread) == ["is anybody there?"]
