"""headgatectl simulate: what customers say on every kind of channel, as their providers would deliver it; the adapters' own
verification decides whether it is taken."""
import base64
import json
import subprocess

import pytest

import conftest
import harness
from infobip_provider import Infobip
from twilio_provider import Twilio
from vonage_provider import VonageMessages, VonageSms

TELNYX = """\
api_key: env:TEST_TELNYX_KEY
public_key: ["{public}"]
webhook_url: https://hooks.acme.example/channel/telnyx/webhook
from: ["+13125550100"]
"""


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


def channels(folder, env):
    """One of every kind that is called by its provider; their names."""
    made = {}
    for name, cls in dict(twilio=Twilio, vonage=VonageSms, messages=VonageMessages, infobip=Infobip).items():
        provider = cls()
        made[name] = f"    adapter: {provider.name}\n" + indented(provider.lines())
        env.update(provider.env)
        provider.close()
    for name, lines in DESCRIBED.items():
        made[name] = f"    adapter: http\n    description: {harness.TOP}/etc/channels/{name}.yaml\n" + indented(lines)
    env.update(TEST_HOOK="0123456789abcdef-hook", TEST_OTHER="another-secret-of-theirs")
    env["TEST_TELNYX_KEY"] = "KEY0123456789"
    made["telnyx"] = "    adapter: telnyx\n" + indented(TELNYX.format(public=private_key(folder)[1]))
    return made


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """A gateway in capture mode with a channel of every kind: nothing of it needs a provider."""
    folder = tmp_path_factory.mktemp("stage")
    env = dict(conftest.ENV)
    made = channels(folder, env)
    text = conftest.config_text("http://127.0.0.1:9", "http://127.0.0.1:9", rules=conftest.NOISE)
    text = text.replace("gateway:\n", "gateway:\n  capture: true\n", 1)
    text = text.replace("rules:\n", "".join(f"  {name}:\n{lines}" for name, lines in made.items()) + "rules:\n", 1)
    gateway = harness.Gateway(folder, text, env).start()
    gateway.key = str(folder / "telnyx.pem")
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
    assert "--times: from 1" in wrong("twilio", "--text", "x", "--times", "0", check=2)
    assert "openssl genpkey -algorithm ed25519" in wrong("telnyx", "--text", "x", check=78)
    assert "of Ed25519" in wrong("telnyx", "--text", "x", "--key", str(stage.config_path), check=78)
