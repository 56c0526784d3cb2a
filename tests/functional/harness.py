"""Drives the built daemon: starts it with a config of its own, sets its clock, talks to its API.

Nothing here shares code with headgate; what goes over the wire is written out by hand."""
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import threading
import time
import uuid

import pytest

import postgres

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEADGATE_BUILD", TOP / "build" / "check"))
PATIENCE = 30 * int(os.environ.get("HEADGATE_SLOW") or 1)	# seconds until a wait is a failure

API_TOKEN = "functional-tests-token-0123456789"
WEBHOOK_SECRET = "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SECOND_SECRET = "whsec_" + "c2Vjb25kLXNlY3JldC1vZi10aGUtdGVzdHM="


def wait_until(check, what, patience=PATIENCE):
    """Polls check() until it returns something true; that is returned.  The longer it lasts, the seldomer it looks: what waits
    takes nothing from what it waits for."""
    began = time.monotonic()
    while True:
        found = check()
        if found:
            return found
        waited = time.monotonic() - began
        if waited > patience:
            raise AssertionError(f"waited {patience} s in vain for {what}")
        time.sleep(min(max(0.01, waited / 16), 0.05))


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


def request(port, method, path, body=None, headers=None, timeout=PATIENCE):
    """One HTTP request on a connection of its own."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    try:
        connection.request(method, path, body=body, headers=headers or {})
        reply = connection.getresponse()
        return Answer(reply.status, dict(reply.getheaders()), reply.read())
    finally:
        connection.close()


class EmptyStore:
    """A store as a daemon's first start leaves it, migrations and all: most of what such a start costs, paid once by
    each process of the tests.  A copy has a key of its own, as a store that was made anew has."""
    content = None

    @classmethod
    def copy(cls, to):
        if not cls.content:
            with tempfile.TemporaryDirectory(prefix="headgate-empty-") as folder:
                cls.content = cls.make(folder)
        to.write_bytes(cls.content)
        to.chmod(0o600)
        with contextlib.closing(sqlite3.connect(to, isolation_level=None)) as db:
            db.execute("PRAGMA synchronous=OFF")
            db.execute("UPDATE instance SET key = randomblob(32)")

    @staticmethod
    def make(folder):
        made = Gateway(folder, EMPTY_CONFIG, fresh=True)
        made.start().stop()
        with contextlib.closing(sqlite3.connect(made.store, isolation_level=None)) as db:
            db.execute("DELETE FROM config")
            db.execute("DELETE FROM journal")
        return made.store.read_bytes()


EMPTY_CONFIG = """\
config_version: 1
gateway: { listen: "127.0.0.1:0", socket: "@FOLDER@/ctl.sock" }
store: { path: "@FOLDER@/store/headgate.db", min_free: 1MiB, ballast: 1MiB }
"""


def in_database(config, database, node):
    """The same configuration with its store in a PostgreSQL database, where it is not there already."""
    if f"url: \"{database}\"" in config:
        return config
    # As many lines as before: some of what is said names one.
    same = re.sub(r"store:\n  driver: sqlite\n(  path: .*\n)  min_free: 1MiB\n  ballast: 1MiB\n",
                  rf'store:\n  driver: postgresql\n\1  url: "{database}"\n  node: {node}\n', config, count=1)
    if same != config:
        return same
    flow = config.replace("store: {", f'store: {{ driver: postgresql, url: "{database}", node: {node},', 1)
    block = config.replace("store:\n  driver: sqlite\n", f'store:\n  driver: postgresql\n  url: "{database}"\n  node: {node}\n', 1)
    changed = [text for text in (flow, block) if text != config]
    assert len(changed) == 1, "no store that could be put into a database"
    return changed[0]


class Gateway:
    """One headgated with its folder: config, store, log, clock.  fresh: it makes its store itself."""

    def __init__(self, folder, config, env=None, fresh=False, database=None, node="one"):
        self.folder = pathlib.Path(folder)
        self.database, self.node = database, node
        self.alone = not database
        if postgres.RUNNING and not database:
            self.database = postgres.make_database(postgres.RUNNING)
        self.store = self.folder / "store" / "headgate.db"
        self.socket = self.folder / "ctl.sock"
        self.log_path = self.folder / "log"
        self.clock_path = self.folder / "clock"
        self.config_path = self.folder / "headgate.yaml"
        self.env = dict(env or {})
        self.process = None
        self.port = None
        self.offset_ms = 0
        self.store.parent.mkdir(mode=0o700, exist_ok=True)
        self.fresh = fresh
        self.clock_path.write_bytes(struct.pack("=qqq", 0, 0, 0))
        self.write_config(config)

    def write_config(self, config):
        text = config.replace("@FOLDER@", str(self.folder))
        if self.database:
            text = in_database(text, self.database, self.node)
        self.config_path.write_text(text)
        self.config_path.chmod(0o600)

    def file(self):
        """SQLite's, for tests that look into it past the daemon; where there is none they are skipped."""
        if self.database:
            pytest.skip("about SQLite's own file")
        return self.store

    # ---- life ----
    def launch(self, fail=None):
        """Starts it and does not wait; the pipe that its port will come through."""
        if not self.fresh and not self.database and not self.store.exists():
            EmptyStore.copy(self.store)
        self.fresh = True	# what a test takes away later it wants gone
        env = {k: v for k, v in os.environ.items() if not k.startswith("HEADGATE_")}
        env.update(HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"),
                   HEADGATE_TEST_CLOCK=str(self.clock_path), TEST_API_TOKEN=API_TOKEN,
                   TEST_WEBHOOK_SECRET=WEBHOOK_SECRET, TEST_SECOND_SECRET=SECOND_SECRET, **self.env)
        env.setdefault("HEADGATE_MAIL_HELPER", str(BUILD / "headgate-mail"))
        env.setdefault("ASAN_OPTIONS", "abort_on_error=0")
        for name in ("HEADGATE_FAIL_TRACE", "HEADGATE_TEST_FOLLOW"):
            if name in os.environ:
                env.setdefault(name, os.environ[name])
        if self.alone:
            env.setdefault("HEADGATE_TEST_LEASE_MS", str(100 * 365 * 86400000))
        if fail:
            env["HEADGATE_FAIL"] = fail
        ready, child = os.pipe()
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [str(BUILD / "headgated"), "-c", str(self.config_path), "--ready-fd", str(child)],
                stdout=log, stderr=log, env=env, pass_fds=[child], cwd=self.folder)
        os.close(child)
        return os.fdopen(ready)

    def start(self, fail=None):
        with self.launch(fail) as pipe:
            line = pipe.readline()
        if not line:
            self.process.wait(PATIENCE)
            raise AssertionError(f"headgated ended with {self.process.returncode}:\n{self.log()}")
        self.port = int(line)
        return self

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def wait_dead(self):
        return self.process.wait(PATIENCE)

    def stop(self):
        """Ends it as systemd would; the exit code."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.send_signal(signal.SIGABRT)
                self.process.wait()
                raise AssertionError("headgated did not stop:\n" + self.log()[-8000:])
        return self.process.returncode if self.process else 0

    def reload(self):
        before = self.log().count("reload.done") + self.log().count("reload.refused")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log().count("reload.done") + self.log().count("reload.refused") > before,
                   "the reload")

    def log(self):
        return self.log_path.read_text(errors="replace") if self.log_path.exists() else ""

    # ---- time ----
    UNITS = dict(days=86400000, hours=3600000, minutes=60000, seconds=1000, ms=1)

    def advance(self, **span):
        """Sets the daemon's clock forward: days=, hours=, minutes=, seconds=, ms=."""
        self.offset_ms += sum(self.UNITS[k] * v for k, v in span.items())
        with open(self.clock_path, "r+b") as clock:	# in place: the daemon has it mapped
            clock.write(struct.pack("=q", int(self.offset_ms)))

    def jump(self, vouched=False, **span):
        """Sets the machine's wall clock that far off, and nothing else; whether a time source says it is right."""
        ms = sum(self.UNITS[k] * v for k, v in span.items())
        with open(self.clock_path, "r+b") as clock:
            clock.seek(8)
            clock.write(struct.pack("=qq", int(ms), not vouched))

    def now(self):
        return time.time() + self.offset_ms / 1000

    # ---- HTTP ----
    def http(self, method, path, body=None, headers=None):
        return request(self.port, method, path, body, headers)

    def api(self, method, path, body=None, key=None, token=API_TOKEN):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        if key:
            headers["Idempotency-Key"] = f'"{key}"'
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        return self.http(method, path, body, headers)

    def get(self, path):
        answer = self.api("GET", path)
        assert answer.status == 200, answer
        return answer.json

    def reply(self, thread, text, key=None, **more):
        return self.api("POST", f"/v1/threads/{thread}/replies", dict(text=text, **more),
                        key=key or str(uuid.uuid4()))

    def threads(self, **query):
        return self.get("/v1/threads?" + "&".join(f"{k}={v}" for k, v in query.items()))["threads"]

    def messages(self, thread):
        return self.get(f"/v1/threads/{thread}/messages?limit=500")["messages"]

    def events(self, thread):
        return self.get(f"/v1/threads/{thread}/events?limit=500")["events"]

    def status(self):
        return self.get("/v1/status")

    def wait_thread(self, check=lambda threads: threads, what="a thread"):
        return wait_until(lambda: (lambda t: t if check(t) else None)(self.threads()), what)

    def wait_message(self, thread, check, what="a message"):
        return wait_until(lambda: next((m for m in self.messages(thread) if check(m)), None), what)

    def fsck(self, patience=5):
        """Breaches of invariants, once what is under way has had time to end."""
        end = time.monotonic() + patience
        while True:
            breaches = self.get("/v1/fsck")["breaches"]
            if not breaches or time.monotonic() > end:
                return breaches
            time.sleep(0.05)

    def ctl(self, *args, stdin=None, check=None):
        """headgatectl over the unix socket."""
        env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"),
                   TEST_API_TOKEN=API_TOKEN, TEST_WEBHOOK_SECRET=WEBHOOK_SECRET,
                   TEST_SECOND_SECRET=SECOND_SECRET, **self.env)
        done = subprocess.run([str(BUILD / "headgatectl"), "--socket", str(self.socket), *args],
                              input=stdin, capture_output=True, text=True, timeout=PATIENCE, env=env)
        if check is not None:
            assert done.returncode == check, (done.returncode, done.stdout, done.stderr)
        return done


def fails_to_start(gateway):
    """Its exit code and what it said."""
    seen = len(gateway.log())
    try:
        gateway.start()
    except AssertionError as error:
        assert "headgated ended" in str(error), error
        return gateway.process.returncode, gateway.log()[seen:]
    raise AssertionError("it started")


def quiet_port():
    """A free port that no connection of another test takes meanwhile: below those the kernel gives out (ip(7))."""
    while True:
        port = random.randrange(20000, 32000)
        with contextlib.suppress(OSError), socket.socket() as probe:
            probe.bind(("127.0.0.1", port))
            return port


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


SANITIZER_MARKS = ("ERROR: AddressSanitizer", "runtime error:", "ERROR: LeakSanitizer",
                   "WARNING: ThreadSanitizer", "g_assert", "GLib-CRITICAL", "GLib-GObject-CRITICAL")


def sanitizer_report(log):
    return [line for line in log.splitlines() if any(mark in line for mark in SANITIZER_MARKS)]


def parallel(calls):
    """Runs all calls at the same moment; their results in order."""
    results = [None] * len(calls)
    barrier = threading.Barrier(len(calls))

    def run(i):
        barrier.wait()
        results[i] = calls[i]()

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


def temporary_folder():
    return tempfile.TemporaryDirectory(prefix="headgate-test-")
