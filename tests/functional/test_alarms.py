"""Alarms: raised once, told by mail and webhook, told again after a day, and when all is well."""
import base64
import hashlib
import hmac
import http.server
import json
import threading

import pytest

import conftest
import harness
from harness import wait_until

SECRET = "whsec_" + base64.b64encode(b"the key of whoever is called out").decode()


class Pager:
    """Takes what alarms: posts, and checks the signature by itself."""

    def __init__(self):
        self.posts, self.forged, self.answer = [], 0, 200
        pager = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                signed = f"{self.headers['webhook-id']}.{self.headers['webhook-timestamp']}.".encode() + body
                key = base64.b64decode(SECRET.removeprefix("whsec_"))
                want = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
                pager.forged += want not in self.headers["webhook-signature"].split()
                if pager.answer == 200:
                    pager.posts.append(json.loads(body))
                self.send_response(pager.answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def told(self, name):
        return [a["state"] for post in self.posts for a in post["data"]["alarms"] if a["name"] == name]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def pager():
    made = Pager()
    yield made
    made.close()


def settings(pager, more=""):
    return f"alarms:\n  url: {pager.url}\n  secrets: [env:TEST_PAGER]\n  allow_private: true\n  free: 0\n{more}"


def running(start, pager, more="", **config):
    return start(env={"TEST_PAGER": SECRET}, top="settle: 20s\n" + settings(pager, more), **config)


def until_told(gateway, pager, name, states, step=30):
    """The clock goes on, in steps, until that is what was told."""
    def look():
        if pager.told(name) == states:
            return True
        gateway.advance(seconds=step)
        return False
    wait_until(look, f"{name}: {states}, told is {pager.told(name)}")


def until(gateway, check, what):
    """The same, of anything."""
    wait_until(lambda: check() or gateway.advance(seconds=6), what)


def refused(gateway, graph):
    """A dead letter of the channel."""
    assert graph.say("+447700900555", "help") == 200
    graph.fail(131026, times=1)
    assert gateway.reply(gateway.threads()[0]["id"], "x").status == 202
    return wait_until(lambda: gateway.get("/v1/dead-letters")["dead_letters"], "the dead letter")[0]["number"]


def test_an_alarm_is_told_once_again_after_a_day_and_when_it_is_over(start, graph, pager):
    gateway = running(start, pager)
    number = refused(gateway, graph)
    name = "dead_letters:channel:wa-main"
    until_told(gateway, pager, name, ["raised"])
    gateway.advance(hours=20)
    wait_until(lambda: name in [a["name"] for a in gateway.get("/v1/alarms")["alarms"]], "the alarm, which stands")
    assert pager.told(name) == ["raised"]
    until_told(gateway, pager, name, ["raised", "still"], step=3600)
    # Over a restart it is the same alarm, and nobody is told anew.
    gateway.stop()
    gateway.start()
    gateway.advance(hours=2)
    assert gateway.api("POST", f"/v1/dead-letters/{number}/discard", {"reason": "a test"}).status == 200
    until_told(gateway, pager, name, ["raised", "still", "over"])
    until(gateway, lambda: not gateway.get("/v1/alarms")["alarms"], "its end")
    # Where the helpdesk was slow to take its events, twenty hours at once make a backlog: another alarm.
    types = [e["type"] for e in gateway.get("/v1/events?limit=500")["events"] if e["data"].get("alarm") == name]
    assert types == ["alarm.raised", "alarm.cleared"]
    raised = [line for line in gateway.log().splitlines() if "event=alarm.raised" in line and name in line]
    assert not pager.forged and len(raised) == 1


def test_what_flaps_is_one_alarm(start, graph, pager):
    gateway = running(start, pager)
    name = "dead_letters:channel:wa-main"
    for n in range(3):
        number = refused(gateway, graph)
        until(gateway, lambda: gateway.get("/v1/alarms")["alarms"], "the alarm")
        assert gateway.api("POST", f"/v1/dead-letters/{number}/discard", {"reason": "a test"}).status == 200
        gateway.advance(minutes=3)		# less than quiet
    until_told(gateway, pager, name, ["raised", "over"])


def test_who_cannot_be_told_is_told_later_and_all_at_once(start, graph, pager):
    gateway = running(start, pager)
    pager.answer = 500
    refused(gateway, graph)
    until(gateway, lambda: "event=alarm.untold" in gateway.log(), "a post in vain")
    pager.answer = 200
    until_told(gateway, pager, "dead_letters:channel:wa-main", ["raised"])
    assert len(pager.posts) == 1


def test_a_channel_that_is_down_is_an_alarm_after_its_time_unless_it_was_paused(start, graph, pager):
    gateway = running(start, pager, "  channel_down: 10m\n")
    assert graph.say("+447700900555", "help") == 200
    graph.fail(190, times=100)
    assert gateway.reply(gateway.threads()[0]["id"], "x").status == 202
    wait_until(lambda: gateway.status()["channels"][0]["condition"] == "down", "the channel to go down")
    gateway.advance(minutes=5)
    gateway.advance(seconds=10)
    assert not pager.told("channel_down:wa-main")
    until_told(gateway, pager, "channel_down:wa-main", ["raised"])
    assert gateway.api("POST", "/v1/channels/wa-main/pause", {}).status == 200
    until_told(gateway, pager, "channel_down:wa-main", ["raised", "over"])


def test_a_helpdesk_that_does_not_answer_is_an_alarm(start, graph, helpdesk, pager):
    gateway = running(start, pager, rules=conftest.NOISE + conftest.AT_ONCE)
    helpdesk.answer = lambda delivery: (503, {}, b"")
    assert graph.say("+447700900555", "help") == 200
    until_told(gateway, pager, "backend_down:desk", ["raised"])
    helpdesk.answer = None
    until_told(gateway, pager, "backend_down:desk", ["raised", "over"], step=60)


def test_silence_is_an_alarm_where_somebody_asked_for_it(start, graph, pager):
    gateway = running(start, pager, "  channel_silent: 2h\n")
    gateway.advance(hours=3)
    until_told(gateway, pager, "channel_silent:wa-main", ["raised"])
    assert graph.say("+447700900555", "help") == 200
    until_told(gateway, pager, "channel_silent:wa-main", ["raised", "over"])


def test_alarms_are_shown_by_status_metrics_and_a_test_reaches_the_pager(start, graph, pager):
    gateway = running(start, pager)
    gateway.ctl("alarm", "test", check=0)
    until_told(gateway, pager, "test", ["raised"])
    assert [a["name"] for a in gateway.status()["alarms"]] == ["test"]
    assert "this is a test" in gateway.ctl("alarm", check=1).stdout
    metrics = gateway.api("GET", "/metrics").body.decode()
    assert 'headgate_alarms{alarm="dead_letters"} 0' in metrics
    until_told(gateway, pager, "test", ["raised", "over"])


@pytest.mark.parametrize("more, said", [
    ("  to: [ops@acme.example]\n", "'mail' is missing"), ("  mail: wa-main\n  to: [x@y.example]\n", "e-mail"),
    ("  mail: nobody\n  to: [x@y.example]\n", "no channel"), ("  to: [nobody]\n  mail: wa-main\n", "no mail address")],
    ids=["no channel", "no e-mail channel", "unknown channel", "no address"])
def test_alarms_that_could_reach_nobody_are_a_mistake(start, pager, more, said):
    gateway = running(start, pager, more, begin=False)
    done = gateway.ctl("check", str(gateway.config_path))
    assert done.returncode == 78 and said in done.stdout + done.stderr, done
