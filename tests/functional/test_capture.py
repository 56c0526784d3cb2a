"""Capture mode: a configuration with every adapter and every preset, real messages in, and nothing that leaves."""
import base64
import importlib
import inspect
import pathlib
import re
import socket
import threading

import pytest

import conftest
import fake_graph
import harness
from harness import wait_until
from infobip_provider import Infobip
from smpp_provider import Smpp
from telnyx_provider import Telnyx
from twilio_provider import Twilio
from vonage_provider import VonageMessages, VonageSms

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

DESKS = pathlib.Path(__file__).parent / "desks"
CUSTOMER = "+447700900123"


class Sentinel:
    """Listens, and remembers who came."""

    def __init__(self):
        self.came = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self.accept_all, daemon=True).start()

    def accept_all(self):
        while True:
            try:
                connection, peer = self.listener.accept()
            except OSError:
                return
            self.came.append(peer)
            connection.close()


def indented(text, by="    "):
    return "".join(by + line + "\n" for line in text.splitlines())


def channels(sentinel, env):
    """Every adapter that speaks to a provider, each told to do so at the sentinel."""
    made = ""
    for number, cls in enumerate((Twilio, Telnyx, VonageSms, VonageMessages, Infobip, Smpp)):
        provider = cls()
        port = provider.listener.getsockname()[1]
        made += f"  line{number}:\n    adapter: {provider.name}\n" + indented(provider.lines().replace(str(port), str(sentinel.port)))
        env.update(provider.env)
        provider.close()
    made += ("  support:\n    adapter: email\n    address: support@example.org\n    password: env:TEST_MAIL_PASSWORD\n"
             "    token_secret: env:TEST_MAIL_TOKENS\n"
             f"    imap: {{ host: 127.0.0.1, port: {sentinel.port}, tls: none }}\n"
             f"    smtp: {{ host: 127.0.0.1, port: {sentinel.port}, tls: none }}\n")
    env.update(TEST_MAIL_PASSWORD="a password", TEST_MAIL_TOKENS=base64.b64encode(b"tokens of the functional tests!!").decode())
    return made


def backends(sentinel, env):
    """Every preset there is a stand-in for."""
    made = ""
    for path in sorted(DESKS.glob("*.py")):
        module = importlib.import_module(f"desks.{path.stem}")
        desk = next(c for _, c in inspect.getmembers(module, inspect.isclass) if c.__module__ == module.__name__ and hasattr(c, "preset"))
        prefix = f"TEST_{path.stem.upper()}_"
        env.update({name.replace("TEST_DESK_", prefix): value for name, value in desk.secrets.items()})
        made += (f"  {path.stem}:\n    preset: {desk.preset}\n    url: {sentinel.url}\n    allow_private: true\n" +
                 indented(desk.config.replace("TEST_DESK_", prefix)))
    return made


@pytest.fixture(scope="module")
def captive(tmp_path_factory):
    sentinel, env = Sentinel(), dict(conftest.ENV, TEST_PAGER="whsec_" + base64.b64encode(b"k" * 32).decode(),
                                     HEADGATE_PRESET_DIR=str(harness.TOP / "etc" / "backends"))
    text = conftest.config_text(sentinel.url, sentinel.url, rules=conftest.NOISE + conftest.AT_ONCE)
    text = text.replace("gateway:\n", "gateway:\n  capture: true\n", 1)
    text = text.replace("rules:\n", channels(sentinel, env) + "rules:\n", 1).replace("backends:\n", "backends:\n" + backends(sentinel, env), 1)
    text += (f"hooks:\n  crm: {{ url: {sentinel.url}, secrets: [env:TEST_PAGER], allow_private: true }}\n"
             f"alarms: {{ url: {sentinel.url}, secrets: [env:TEST_PAGER], allow_private: true }}\n")
    gateway = harness.Gateway(tmp_path_factory.mktemp("captive"), text, env).start()
    graph = fake_graph.FakeGraph(token=conftest.GRAPH_TOKEN, app_secret=conftest.APP_SECRET, phone_number_id=conftest.PHONE_NUMBER_ID)
    graph.target(gateway.port, "wa-main")
    gateway.graph, gateway.sentinel = graph, sentinel
    yield gateway
    problems = conftest.finish(gateway)
    graph.close()
    assert not problems, "\n".join(problems)


def captured(gateway, **want):
    return [c for c in gateway.get("/v1/captured?limit=1000")["captured"] if all(c.get(k) == v for k, v in want.items())]


def test_nothing_leaves_whatever_is_configured(captive):
    """A message comes in, is judged, becomes a ticket everywhere, is answered and has a file; half a day goes by."""
    assert captive.graph.say(CUSTOMER, "my order is late") == 200
    thread = captive.wait_thread(lambda t: t and t[0]["ticket"])[0]
    wait_until(lambda: len(captured(captive, event_type="ticket.requested")) == len(list(DESKS.glob("*.py"))) + 1, "all helpdesks")
    assert captive.reply(thread["id"], "it leaves today").status == 202
    wait_until(lambda: captured(captive, target="channel", to=f"tel:{CUSTOMER}"), "the answer")
    wait_until(lambda: captured(captive, target="hook"), "the question")
    assert captive.api("POST", "/v1/alarms/test", {}).status == 200
    for _ in range(12):
        captive.advance(hours=1)
    wait_until(lambda: "event=alarm.raised" in captive.log(), "the alarm in the log")
    for name in ("wa-main", "line0", "support"):
        assert captive.api("POST", f"/v1/channels/{name}/probe", {}).status == 200
        assert captive.api("POST", f"/v1/channels/{name}/ask", {}).status in (409, 202)
    assert captive.api("POST", f"/v1/threads/{thread['id']}/typing", {}).status in (200, 409)
    assert captive.sentinel.came == []
    assert {c["state"] for c in captive.status()["channels"]} == {"capture"} and captive.status()["capture"] is True


def test_tickets_and_answers_say_that_they_were_captured(captive):
    assert captive.graph.say("+447700900124", "where is it?") == 200
    thread = captive.wait_thread(lambda all: any(t["reply_to"] == "tel:+447700900124" and t["ticket"] for t in all))
    thread = next(t for t in thread if t["reply_to"] == "tel:+447700900124")

    def links():
        return captive.get(f"/v1/threads/{thread['id']}")["thread"]["ticket"]["links"]
    wait_until(lambda: len(links()) == len(list(DESKS.glob("*.py"))) + 1, "a ticket in each helpdesk")
    for link in links():
        assert re.fullmatch(r"CAP-\d+", link["number"]) and link["url"] == f"https://captured.invalid/{link['number']}"
    assert captive.reply(thread["id"], "soon").status == 202
    captive.wait_message(thread["id"], lambda m: m["text"] == "soon" and m["delivery"] == "sent", "the answer to count as sent")


def test_what_would_have_left_is_shown_as_it_would_have(captive):
    assert captive.graph.say("+447700900125", "a third matter") == 200
    thread = next(t for t in captive.wait_thread(lambda all: any(t["reply_to"] == "tel:+447700900125" for t in all))
                  if t["reply_to"] == "tel:+447700900125")
    assert captive.reply(thread["id"], "a third answer").status == 202
    one = wait_until(lambda: captured(captive, to="tel:+447700900125"), "the answer")[0]
    payload = captive.get(f"/v1/captured/{one['number']}")["captured"]["payload"]
    assert payload["text"] == "a third answer" and payload["body"]["text"]["body"] == "a third answer"
    event = captured(captive, target="backend", event_type="ticket.requested", name="desk")[0]
    sent = captive.get(f"/v1/captured/{event['number']}")["captured"]["payload"]
    assert sent["type"] == "ticket.requested" and sent["data"]["thread"]["id"]
    done = captive.ctl("capture")
    assert done.returncode == 0 and "ticket.requested" in done.stdout and "tel:+447700900125" in done.stdout
    assert "a third answer" in captive.ctl("capture", "show", str(one["number"])).stdout
    assert captive.api("GET", "/v1/captured/999999").status == 404
    listed = captive.get("/v1/captured?limit=1")
    assert len(listed["captured"]) == 1 and listed["on"] is True and listed["total"] > 3


def test_without_it_nothing_is_kept(start):
    gateway = start()
    assert gateway.get("/v1/captured") == {"captured": [], "on": False, "total": 0}
    assert gateway.ctl("capture").returncode == 1
