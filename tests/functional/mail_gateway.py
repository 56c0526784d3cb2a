"""A gateway with nothing but a mailbox, and what a test wants to know of it."""
import contextlib
import sqlite3

import dovecot
import harness
import postgres
from conftest import finish

CONFIG = """\
config_version: 1
console: {{ enabled: false }}
gateway:
  name: Acme support
  listen: 127.0.0.1:0
  socket: @FOLDER@/ctl.sock
  log_level: debug
store:
  driver: sqlite
  path: @FOLDER@/store/headgate.db
  min_free: 1MiB
  ballast: 1MiB
settle: 20s
channels:
{channels}
api:
  tokens:
    tests: {{ token: env:TEST_API_TOKEN, scopes: [read, reply, convert, link, admin] }}
"""


class MailGateway(harness.Gateway):
    def subjects(self):
        """Of all messages that came in, as a sorted list: one that is there twice stands there twice.  Read from the
        store: ten thousand of them are many pages."""
        if self.database:
            said = postgres.ask(self.database, "SELECT COALESCE(subject, '') FROM message WHERE direction = 1")
            return sorted(said.split("\n")) if said else []
        with contextlib.closing(sqlite3.connect(f"file:{self.store}?mode=ro", uri=True)) as db:
            return sorted(subject or "" for subject, in db.execute("SELECT subject FROM message WHERE direction = 1"))

    def wait_subjects(self, *want):
        harness.wait_until(lambda: self.subjects() == sorted(want), f"{sorted(want)}, there is {self.subjects()}")

    def wait_log(self, words, n=1):
        harness.wait_until(lambda: self.log().count(words) >= n, f"{n} times {words} in the log")

    def channel(self, name="support"):
        return next(c for c in self.status()["channels"] if c["name"] == name)

    def wait_condition(self, condition):
        harness.wait_until(lambda: self.channel()["condition"] == condition, f"{condition}: {self.channel()}")


@contextlib.contextmanager
def gateway(folder, channels, env=None, start=True):
    """channels: name -> its lines, or the lines of one that is called support."""
    if isinstance(channels, str):
        channels = {"support": channels}
    text = "".join(f"  {name}:\n{lines}" + ("" if lines.endswith("\n") else "\n") for name, lines in channels.items())
    folder.mkdir(exist_ok=True)
    made = MailGateway(folder, CONFIG.format(channels=text), dict(dovecot.ENV, **(env or {})))
    if start:
        made.start()
    try:
        yield made
    except BaseException:
        print(made.log()[-12000:])
        made.stop()
        raise
    problems = finish(made)
    assert not problems, "\n".join(problems)
