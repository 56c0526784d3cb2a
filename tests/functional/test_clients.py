"""What people copy: contrib/clients/curl.sh, and the code of doc/widget.md that signs who is logged in; as they are written there,
against the running daemon."""
import json
import os
import re
import subprocess
import threading

import pytest

import conftest
import harness

SECRET = "0123456789abcdef0123456789abcdef-of-the-shop"
WIDGET = """
  web:
    adapter: widget
    origins: ["https://www.acme.example"]
    identity: { secret: env:TEST_SHOP_SECRET }
    proof: { ask: never }
"""
CURL = harness.TOP / "contrib" / "clients" / "curl.sh"
GUIDE = (harness.TOP / "doc" / "widget.md").read_text()


@pytest.fixture
def gateway(start):
    made = start(rules=conftest.AT_ONCE, begin=False, env={"TEST_SHOP_SECRET": SECRET})
    made.write_config(made.config_path.read_text().replace("\nrules:\n", WIDGET + "rules:\n"))
    return made.start()


def curl(gateway, *words, **env):
    return subprocess.run([CURL, f"http://127.0.0.1:{gateway.port}", "web", *map(str, words)], env=dict(os.environ, **env),
                          capture_output=True, text=True, timeout=2 * harness.PATIENCE)


def answer_to(gateway, text, answer, **query):
    """Waits for a message and answers it, as an agent would; the conversation's id comes in the list that is returned."""
    found = []

    def look():
        for thread in gateway.threads(**query):
            if any(m["text"] == text for m in gateway.messages(thread["id"])):
                return thread["id"]
        return None

    def run():
        found.append(harness.wait_until(look, text))
        assert gateway.reply(found[0], answer, agent="Ben").status == 202
    agent = threading.Thread(target=run)
    agent.start()
    return agent, found


def test_a_conversation_by_curl(gateway, tmp_path):
    picture = tmp_path / "broken mug.png"
    picture.write_bytes(b"\x89PNG\r\n\x1a\n" + b"\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\6\0\0\0\x1f\x15\xc4\x89" + os.urandom(300000))
    state = str(tmp_path / "state")
    agent, found = answer_to(gateway, "Where is my order?", "It leaves today.")
    done = curl(gateway, "Where is my order?", picture, HEADGATE_STATE=state)
    agent.join()
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout == "you: Where is my order?\nBen: It leaves today.\n"
    said = next(m for m in gateway.messages(found[0]) if m["text"] == "Where is my order?")
    assert [(a["name"], a["size"]) for a in said["attachments"]] == [("broken mug.png", picture.stat().st_size)]
    assert gateway.api("GET", f"/v1/attachments/{said['attachments'][0]['id']}").body == picture.read_bytes()
    gateway.wait_message(found[0], lambda m: m["text"] == "It leaves today." and m["delivery"] == "read", "the read mark")

    agent, again = answer_to(gateway, "And when is it here?", "Tomorrow.")
    done = curl(gateway, "And when is it here?", HEADGATE_STATE=state)
    agent.join()
    assert done.returncode == 0 and "Ben: Tomorrow." in done.stdout, done.stdout + done.stderr
    assert again == found


def test_what_curl_does_when_nobody_answers_or_it_is_refused(gateway, tmp_path):
    done = curl(gateway, "anybody?", HEADGATE_WAIT="1")
    assert done.returncode == 1 and "no answer within 1 s" in done.stderr
    assert curl(gateway, "nobody waits", HEADGATE_WAIT="0").returncode == 0
    done = curl(gateway, "me", HEADGATE_JWT="e30.e30.e30")
    assert done.returncode == 2 and "curl.sh: " in done.stderr and not done.stdout, done
    assert subprocess.run([CURL], capture_output=True).returncode == 64


def code(language):
    return re.search(rf"^```{language}\n((?:(?!^```).)*chat_?[tT]oken(?:(?!^```).)*\n)```", GUIDE, re.M | re.S)[1]


def by_python():
    space = {}
    exec(compile(code("python"), "doc/widget.md", "exec"), space)  # pylint: disable=exec-used
    return space["chat_token"](SECRET, "ana-4711", "Ana Lima", "ana@acme.example")


def by_node():
    script = code(r"js(?=\nconst \{ createHmac)")
    script += f"console.log(chatToken({json.dumps(SECRET)}, 'ana-4711', 'Ana Lima', 'ana@acme.example'))"
    return subprocess.run(["node", "-e", script], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.parametrize("sign", [by_python, by_node])
def test_the_guides_signatures_are_believed(gateway, sign):
    token = sign()
    headers = {"Content-Type": "application/json", "Origin": "https://www.acme.example"}

    def begin(jwt):
        return gateway.http("POST", "/client/v1/session", json.dumps({"channel": "web", "identity": {"jwt": jwt}}), headers)
    answer = begin(token)
    assert answer.status == 200, answer
    visitor = answer.json["visitor"]
    assert (visitor["kind"], visitor["name"], visitor["email"]) == ("identified", "Ana Lima", "ana@acme.example")
    head, body, mac = token.split(".")
    forged = begin(".".join((head, body, mac[:-2] + ("AA" if mac[-2:] != "AA" else "BB"))))
    assert forged.status == 401 and forged.json["type"] == "urn:headgate:problem:identity-refused", forged
