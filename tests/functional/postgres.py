"""A PostgreSQL server of the tests' own, and databases in it.

Its files lie in memory where there is some: nobody cuts the power of a test, and the disk is the slowest part of it.
HEADGATE_TEST_POSTGRESQL names one that runs already (a connection string with a role that may make databases); then
every daemon of the functional tests keeps its store there."""
import contextlib
import itertools
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time

import pytest

RUNNING = os.environ.get("HEADGATE_TEST_POSTGRESQL")
numbers = itertools.count(1)
# Databases come and go in it all the time: no checkpoint but those they ask for, and nobody sweeps behind them.
FAST = ["-c", "max_wal_size=4GB", "-c", "checkpoint_timeout=1h", "-c", "autovacuum=off", "-c", "wal_level=minimal", "-c", "max_wal_senders=0"]


# For tests of what is SQLite's alone: its file, looked into or changed past the daemon; backups, which are copies of it.
only_on_sqlite = pytest.mark.skipif(bool(RUNNING), reason="about SQLite's own file")


def program(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
    return str(found[-1]) if found else shutil.which(name)


def account():
    """It does not run as root: then somebody else's rights are taken."""
    if os.geteuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def ask(url, sql):
    """What psql says: one line for a row, columns parted by |."""
    done = subprocess.run([program("psql") or "psql", "-d", url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", sql],
                          capture_output=True, text=True)
    assert done.returncode == 0, (sql, done.stderr)
    return done.stdout.strip()


class Server:
    """A cluster in a folder of its own, reached by a socket in it."""

    def __init__(self, options=()):
        base = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-postgres-", dir=base))
        self.options, self.child = list(options), None
        if account():
            os.chown(self.folder, account()["user"], account()["group"])
        self.run("initdb", "-D", self.folder / "data", "-U", "headgate", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")

    def run(self, name, *words):
        done = subprocess.run([program(name), *map(str, words)], cwd=self.folder, capture_output=True, text=True,
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)}, **account())
        assert done.returncode == 0, (name, done.stderr)

    def start(self):
        words = [program("postgres"), "-D", self.folder / "data", "-k", self.folder, "-h", "", "-c", "max_connections=200"]
        with (self.folder / "log").open("a") as log:
            self.child = subprocess.Popen([*map(str, words), *self.options], cwd=self.folder, stdout=log, stderr=log,
                                          env={"PATH": os.environ["PATH"], "LC_ALL": "C"}, **account())
        until = time.monotonic() + 60
        while subprocess.run([program("pg_isready"), "-q", "-h", self.folder], check=False).returncode:
            assert self.child.poll() is None and time.monotonic() < until, (self.folder / "log").read_text()
            time.sleep(0.05)
        return self

    def kill(self):
        """All of it at once, as when its machine stops."""
        self.child.send_signal(signal.SIGSTOP)	# no more of them come
        children = [int(pid) for pid in subprocess.run(["pgrep", "-P", str(self.child.pid)], capture_output=True, text=True).stdout.split()]
        for pid in children + [self.child.pid]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait()
        until = time.monotonic() + 30
        while any(pathlib.Path(f"/proc/{pid}").exists() for pid in children):	# else their memory is still in use
            assert time.monotonic() < until, children
            time.sleep(0.01)

    def halt(self):
        if self.child and self.child.poll() is None:
            self.child.send_signal(signal.SIGINT)	# fast: connections are ended
            self.child.wait(60)

    def stop(self):
        self.halt()
        shutil.rmtree(self.folder, ignore_errors=True)

    def url(self, database="postgres"):
        return f"host={self.folder} user=headgate dbname={database}"

    def database(self, template=None):
        """A new one; its connection string."""
        return make_database(self.url(), template)


def make_database(server, template=None):
    name = f"hg_{os.getpid()}_{next(numbers)}"
    ask(server, f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    return f"{server} dbname={name}"


def received(database):
    """All that providers delivered, as it came."""
    return ask(database, "SELECT string_agg(encode(bytes, 'escape'), '') FROM raw")


def main():
    """python3 postgres.py PROGRAM [ARGUMENT...]: runs it with a server that is its own."""
    server = Server(FAST).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))	# who ran out of time still tidies up
    try:
        sys.exit(subprocess.call(sys.argv[1:], env=dict(os.environ, HEADGATE_TEST_POSTGRESQL=server.url())))
    finally:
        server.stop()


if __name__ == "__main__":
    main()
