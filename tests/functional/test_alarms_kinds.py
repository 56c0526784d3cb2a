"""What alarms are about, one by one: each is raised with its words and told once, by log, mail and webhook, and so is its end.

One daemon has them all.  Its mails go to a mail server of the test; nobody answers where its mailbox would be."""
import email
import email.policy
import itertools
import re

import pytest

import conftest
import dovecot
import fake_smtp
import graph_payloads
import postgres
from harness import wait_until
from test_alarms import SECRET, Pager
from test_reports import HELD, close, say, settled

OPS = ["ops@acme.example", "night@acme.example"]
MAILBOX = """
address: support@example.org
adapter: email
password: env:TEST_MAIL_PASSWORD
token_secret: env:TEST_MAIL_TOKENS
imap: {{ host: 127.0.0.1, port: 9, tls: none }}
smtp: {{ host: 127.0.0.1, port: {port}, tls: none, login: false }}
"""
# That nobody is at the mailbox's place, and that the helpdesk is away, are other tests' alarms.
TOP = """\
first_response: 7d
idle_close: 90d
default: hold
alarms:
  to: [{to}]
  mail: support
  url: {url}
  secrets: [env:TEST_PAGER]
  allow_private: true
  repeat: 30d
  quiet: 2m
  channel_down: 0s
  channel_degraded: 0s
  backend_down: 0s
  search: 10m
  free: 1MiB
"""


class Watch(conftest.World):
    def __init__(self, folder):
        self.pager = Pager()
        self.smtp = fake_smtp.FakeSmtp(offers=[b"SIZE 1000000"])
        mailbox = "support:" + MAILBOX.format(port=self.smtp.port).replace("\n", "\n  ")
        super().__init__(folder, rules=HELD, channels=mailbox, top=TOP.format(to=", ".join(OPS), url=self.pager.url),
                         env=dict(dovecot.ENV, TEST_PAGER=SECRET, HEADGATE_FAIL="search.step=hold:behind@1+"))

    def close(self):
        super().close()
        self.pager.close()
        self.smtp.close()

    def mails(self, to):
        return [email.message_from_bytes(raw, policy=email.policy.default) for _, receivers, raw in self.smtp.mails
                if any(f"<{to}>".encode() in receiver for receiver in receivers)]

    def mailed(self, to, name):
        """What was said of it in mails to one of the people: (state, words)."""
        text = "\n".join(mail.get_content().replace("\r\n", "\n") for mail in self.mails(to))
        return re.findall(rf"^(\w+) +(.*)\n +{re.escape(name)}, since 2\d\d\d-", text, re.M)

    def logged(self, name):
        events = {"alarm.raised": "raised", "alarm.stands": "still", "alarm.cleared": "over"}
        lines = [line for line in self.gateway.log().splitlines() if f"alarm={name} " in line + " "]
        return [events[event] for line in lines for event in re.findall(r"event=(alarm\.\w+)", line) if event in events]

    def heard(self, name):
        return [self.logged(name), self.pager.told(name)] + [[state for state, _ in self.mailed(to, name)] for to in OPS]

    def until(self, name, *states):
        """The clock goes on until all who are told have been told that, and nothing else.  The log comes first; then it goes on so slowly
        that no post or mail is given up, though the machine may be busy."""
        looks = itertools.count(1)

        def look():
            if self.heard(name) == [list(states)] * 4:
                return True
            if self.logged(name) != list(states) or next(looks) % 25 == 0:
                self.gateway.advance(seconds=20)
            return False
        try:
            wait_until(look, f"{name} {states}")
        except AssertionError as vain:
            raise AssertionError(f"{vain}; heard is {self.heard(name)}") from vain

    def words(self, name, pattern):
        """All that was said of it, to whom ever, is that."""
        said = {a["text"] for post in self.pager.posts for a in post["data"]["alarms"] if a["name"] == name}
        for words in said | {words for to in OPS for _, words in self.mailed(to, name)}:
            assert re.fullmatch(pattern, words), words

    def restart(self):
        self.gateway.start()
        self.graph.target(self.gateway.port, "wa-main")

    def reload(self, old, new):
        text = self.gateway.config_path.read_text()
        assert old in text
        self.gateway.config_path.write_text(text.replace(old, new))
        self.gateway.reload()


@pytest.fixture(scope="module")
def watch(tmp_path_factory):
    made = Watch(tmp_path_factory.mktemp("watch"))
    yield made
    made.close()


def test_the_mail_leaves_to_all_who_are_named_and_is_tried_again(watch):
    watch.smtp.answers["mail"] = b"451 4.3.0 not now\r\n"
    watch.gateway.ctl("alarm", "test", check=0)
    wait_until(lambda: "event=alarm.untold" in watch.gateway.log() or watch.gateway.advance(seconds=6), "a mail in vain")
    assert not watch.smtp.mails
    del watch.smtp.answers["mail"]
    watch.gateway.advance(minutes=2)
    watch.until("test", "raised", "over")
    raised, over = watch.mails(OPS[0])
    assert raised["From"].addresses[0].addr_spec == "support@example.org" and raised["Message-ID"] != over["Message-ID"]
    assert raised["Subject"].startswith("[Acme support] this is a test")
    assert over["Subject"].startswith("[Acme support] over: this is a test")
    assert "From the gateway Acme support:" in raised.get_content() and "headgatectl status" in raised.get_content()


def test_what_waits_too_long_is_an_alarm_unless_a_person_paused_it(watch):
    thread = watch.thread("hello, where is my order")["id"]
    assert watch.gateway.api("POST", "/v1/channels/wa-main/pause", {}).status == 200
    assert watch.gateway.reply(thread, "It is on its way.").status == 202
    watch.helpdesk.answer = lambda delivery: (503, {}, b"")
    before = len(watch.helpdesk.attempts)
    watch.thread("a ticket, please")
    wait_until(lambda: len(watch.helpdesk.attempts) > before, "an attempt")
    watch.gateway.advance(minutes=20)
    name = "backlog:backend:desk"
    assert not watch.pager.told(name)
    watch.until(name, "raised")
    watch.words(name, r"what waits for backend desk has waited too long: \d+ of them, headgatectl status")
    assert watch.heard("backlog:channel:wa-main") == [[]] * 4
    watch.helpdesk.answer = None
    assert watch.gateway.api("POST", "/v1/channels/wa-main/resume", {}).status == 200
    watch.gateway.advance(hours=1)		# beyond the next attempt
    watch.helpdesk.wait_event("ticket.requested")
    settled(watch.gateway)
    watch.until(name, "raised", "over")


def test_a_drop_is_an_alarm(watch):
    thread = say(watch.gateway, watch.graph, watch.customer(), "where is my order")
    close(watch.gateway, thread, "unresolved")
    settled(watch.gateway)
    watch.until("drops", "raised")
    watch.words("drops", "1 conversation ended without an answer and without a ticket: headgatectl drops")
    watch.gateway.ctl("drops", "restore", thread["id"], "--yes", check=0)
    settled(watch.gateway)
    watch.until("drops", "raised", "over")


@postgres.only_on_sqlite	# the disk of a server is not ours to see
def test_a_disk_that_fills_is_an_alarm(watch):
    watch.reload("\n  free: 1MiB", "\n  free: 1000GiB")
    watch.until("disk", "raised")
    watch.words("disk", r"only \d+ MiB of disk are left; below store\.min_free nothing is taken in")
    watch.reload("\n  free: 1000GiB", "\n  free: 1MiB")
    watch.until("disk", "raised", "over")


def test_a_clock_that_is_wrong_is_an_alarm(watch):
    watch.gateway.jump(hours=3)
    watch.until("clock", "raised")
    watch.words("clock", "the system's clock is (3h|2h59m) off the time that is gone by; set it right, then reload")
    watch.gateway.jump()
    watch.until("clock", "raised", "over")


def test_a_channel_that_does_not_work_as_it_should_is_an_alarm(watch):
    """Whose webhooks are refused, as after a secret was changed over there."""
    watch.reload("channel_degraded: 0s", "channel_degraded: 10m")
    payload = watch.graph.text(watch.customer(), "hello")
    assert watch.graph.deliver(payload, "another secret") == 401
    watch.until("channel_degraded:wa-main", "raised")
    watch.words("channel_degraded:wa-main", "channel wa-main does not work as it should: .*signature.*")
    assert watch.graph.deliver(payload) == 200
    watch.until("channel_degraded:wa-main", "raised", "over")
    watch.reload("channel_degraded: 10m", "channel_degraded: 0s")


def test_an_index_that_cannot_be_made_is_an_alarm(watch):
    index = watch.gateway.store.with_name("headgate-search.db")
    assert watch.gateway.stop() == 0
    for file in index.parent.glob(index.name + "*"):
        file.unlink()
    index.mkdir()
    watch.restart()
    wait_until(lambda: watch.gateway.status()["search"]["state"] == "failed", "the failure")
    watch.gateway.advance(minutes=9)
    assert not watch.pager.told("search")
    watch.until("search", "raised")
    watch.words("search", "search does not find all that was said: the index cannot be written; the log says why")
    assert 'headgate_alarms{alarm="search"} 1' in watch.gateway.api("GET", "/metrics").body.decode()
    assert watch.gateway.stop() == 0
    index.rmdir()
    watch.restart()
    watch.until("search", "raised", "over")


def test_an_index_that_falls_behind_is_an_alarm(watch):
    """By so much that a search does not look through the rest itself.  The alarm is the one of the test before: told again."""
    wait_until(lambda: watch.gateway.status()["search"] == {"state": "ready", "behind": 0}, "the index")
    held = watch.gateway.folder / "behind"
    held.touch()
    try:
        sender = watch.customer()
        while watch.gateway.status()["search"]["behind"] < 500:
            said = [graph_payloads.element("text", sender, at=watch.graph.now(), text={"body": f"hello {i}"}) for i in range(100)]
            assert watch.graph.deliver(graph_payloads.webhook(conftest.PHONE_NUMBER_ID, said)) == 200
        watch.gateway.advance(minutes=9)
        watch.until("search", "raised", "over", "raised")
        watch.words("search", r"search does not find (all that was said: .*|what was said lately: its index is \d+ events behind, headgatectl status)")
    finally:
        held.unlink()
    watch.until("search", "raised", "over", "raised", "over")


def test_no_post_was_forged(watch):
    """Last: of all that the others made."""
    assert watch.pager.posts and not watch.pager.forged
