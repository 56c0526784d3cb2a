#!/usr/bin/python3
"""Kills the daemon under load, again and again, and says between which steps each kill fell.

    tests/faults/kills.py --kills 5000 --seed 7      # with HEADGATE_BUILD naming a build with test hooks
    tests/faults/kills.py --kills 1000 --only inbound.after_commit,inbound.stored,engine.after_commit

Where a kill fell is read from what the daemon left in memory it shares with us (HEADGATE_FAIL_TRACE): the last
fail point of its engine's thread and of its loop's.  Half of the kills are at random, and so fall where the daemon
spends its time; the others are led to the steps with the fewest kills so far.  A step without any fails."""
import argparse
import collections
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "functional")]

import harness		# noqa: E402
import hooks		# noqa: E402
import storm as storms	# noqa: E402

LANES_AT, LANE = 8 + 128 * 8, 32	# struct hg_failpoint_trace
# Passed by a start from an older schema only, and by what is read later: test_upgrade.py and test_unread.py kill there.
ELSEWHERE = ("migration.", "unpack.", "settle.", "file.piece")
SWEEP_MS = 61000


def steps():
    """The steps a storm passes: name -> what lies before it."""
    return {name: before for name, _, before in hooks.points() if not name.startswith(ELSEWHERE)}


class Trace:
    """What a daemon leaves behind of the points it passed."""

    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.names = [name for name, _, _ in hooks.points()]

    def clear(self):
        self.path.write_bytes(b"\0" * (LANES_AT + LANE * 32))

    def lanes(self):
        """Thread's name -> the last point it passed."""
        raw, found = self.path.read_bytes(), {}
        for i in range(32):
            thread, last, _ = struct.unpack_from("=16sqq", raw, LANES_AT + LANE * i)
            if last:
                found[thread.split(b"\0")[0].decode()] = self.names[last - 1]
        return found

    def add_to(self, path):
        """Into what counts the passings of the whole run."""
        ours = struct.unpack_from("=128q", self.path.read_bytes(), 8)
        size = LANES_AT + LANE * 32
        file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            # In place: other daemons have it mapped, and die of a file that is too short.
            os.ftruncate(file, max(size, os.fstat(file).st_size))
            sums = [a + b for a, b in zip(struct.unpack("=128q", os.pread(file, 128 * 8, 8)), ours)]
            os.pwrite(file, struct.pack("=q128q", len(self.names), *sums), 0)
        finally:
            os.close(file)


class Killer:
    """Kills storm's daemon and starts it again."""

    def __init__(self, storm, seed):
        self.storm, self.gateway = storm, storm.gateway
        self.dice = random.Random(seed)
        self.trace = Trace(self.gateway.folder / "trace")
        self.gateway.env["HEADGATE_FAIL_TRACE"] = str(self.trace.path)
        self.led, self.fell = collections.Counter(), collections.Counter()
        self.kills = self.pauses = 0
        self.trace.clear()

    def count_passings(self):
        if "HEADGATE_FAIL_TRACE" in os.environ:
            self.trace.add_to(os.environ["HEADGATE_FAIL_TRACE"])

    def died(self, led=None):
        """Its last kill: where its threads were."""
        found = self.trace.lanes()
        if led:
            assert led in found.values(), f"it was to die at {led}, and its threads were at {found}"
            self.led[led] += 1
        else:		# of threads that wait for work most of the time the last point says nothing
            self.fell.update(point for thread, point in found.items() if thread in ("engine", "headgated"))
        assert not self.storm.problems, self.storm.problems
        self.kills += 1
        self.count_passings()
        self.trace.clear()

    def total(self, name):
        return self.led[name] + self.fell[name]

    # ---- dying ----
    def begin(self, fail=None):
        """FALSE: it died before it was ready."""
        try:
            self.gateway.start(fail)
        except AssertionError:
            if self.gateway.process.returncode != -signal.SIGKILL:
                raise
            return False
        self.storm.graph.target(self.gateway.port, "wa-main")
        return True

    def provoke(self, point):
        """What is no part of the usual traffic."""
        if point.startswith(("reload.", "adopt.")):
            self.gateway.process.send_signal(signal.SIGHUP)
        elif point.startswith("stop."):
            self.gateway.process.send_signal(signal.SIGTERM)
        elif point.startswith("sweep."):
            self.gateway.advance(ms=SWEEP_MS)

    def lead(self, point, passing=None):
        """A kill at this step."""
        rare = point.startswith(("reload.", "adopt.", "stop.", "sweep.", "recover."))
        passing = passing or (1 if rare else self.dice.choice((1, 1, 2, 3, 5)))
        if point == "recover.job":
            self.lead("client.body_written")	# leaves a job in SENDING
        if self.begin(f"{point}=crash@{passing}"):
            if rare:
                self.storm.wait_progress(self.dice.randint(1, 5))
            self.provoke(point)
        try:
            code = self.gateway.wait_dead()
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{point} was not passed {passing} times; threads were at {self.trace.lanes()}; "
                                 f"{self.storm.problems}; {self.gateway.get('/v1/outbox')}") from None
        assert code == -signal.SIGKILL, f"at {point} it ended with {code}"
        self.died(point)

    def strike(self):
        """A kill at any time, also while it starts."""
        if self.dice.random() < 0.15:
            self.gateway.launch().close()
            time.sleep(self.dice.random() * 0.3)
            self.gateway.process.kill()
            self.gateway.wait_dead()
        else:
            self.begin()
            self.storm.wait_progress(self.dice.randint(0, 25))
            time.sleep(self.dice.random() / 30)	# anywhere between two commits, not always behind one
            self.gateway.kill()
        self.died()

    def pause(self):
        """Stopped and let go, as a machine that is moved: longer by the clock than anybody waits."""
        self.gateway.process.send_signal(signal.SIGSTOP)
        self.gateway.advance(ms=self.dice.choice((100, 20000, 90000)))
        time.sleep(self.dice.random() / 10)
        self.gateway.process.send_signal(signal.SIGCONT)
        self.pauses += 1

    # ---- the whole of it ----
    def run(self, kills, only=None, progress=None):
        self.gateway.kill()
        self.count_passings()
        self.trace.clear()
        names = only or list(steps())
        while self.kills < kills:
            missing = [name for name in names if not self.total(name)]
            left = kills - self.kills
            if only or missing and (len(missing) >= left - 2 or self.dice.random() < 0.5):
                self.lead(min(names, key=lambda name: (self.total(name), self.dice.random())))
            else:
                self.strike()
            # What a kill has left in doubt holds up its thread until its time is over.
            self.gateway.advance(ms=storms.DOUBT_MS + 1000)
            if progress:
                progress(self)
        assert self.begin()
        self.pause()
        self.storm.wait_progress(10)

    def table(self, names=None):
        rows = [f"{'fell behind':24} {'led':>5} {'random':>7}   what was true then"]
        rows += [f"{name:24} {self.led[name]:5} {self.fell[name]:7}   {before}" for name, before in steps().items()
                 if not names or name in names]
        return "\n".join(rows + [f"{self.kills} kills, {sum(self.led.values())} of them led to their step"])

    def missed(self, names=None):
        return [name for name in names or steps() if not self.total(name)]


def finish(storm):
    """The end of a storm: everything settled, and everything checked."""
    storm.end()
    storm.check()
    done = storm.gateway.ctl("fsck")
    assert done.returncode == 0, done.stdout + done.stderr
    assert not harness.sanitizer_report(storm.gateway.log())


# ---- by hand, and for the large run ----

def main():
    import fake_hook
    import records
    from conftest import World

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=5000)
    parser.add_argument("--seed", default=str(int(time.time())))
    parser.add_argument("--only", help="steps, with commas between: every kill is led to one of them")
    asked = parser.parse_args()
    only = asked.only.split(",") if asked.only else None
    crm = fake_hook.FakeHook([harness.WEBHOOK_SECRET], {"contact": {"tier": "gold"}})
    print(f"seed {asked.seed}", flush=True)
    began = time.monotonic()

    def progress(killer):
        if killer.kills % 50 == 0:
            print(f"{killer.kills} kills, {killer.storm.count()} things acknowledged, "
                  f"{len(killer.missed(only))} steps without a kill, {time.monotonic() - began:.0f} s", flush=True)

    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        world = World(pathlib.Path(folder), rules=storms.DECIDED, top=storms.top(crm.url), channel=storms.CHANNEL)
        storm = storms.Storm(world.gateway, world.graph, world.helpdesk, asked.seed, hurry=0.05)
        killer = Killer(storm, asked.seed)
        try:
            storm.begin(storms.customers(n=4))
            killer.run(asked.kills, only, progress)
            finish(storm)
        finally:
            storm.stop()
            print(killer.table(only))
            problems = world.close()
            crm.close()
    missed = killer.missed(only)
    print(f"{storm.count()} things acknowledged, none lost, none doubled, in {time.monotonic() - began:.0f} s")
    if problems or missed:
        sys.exit(f"steps without a kill: {missed}; {problems}")
    records.record("kills.only" if only else "kills.large", killer.kills, acknowledged=storm.count(), seed=asked.seed)


if __name__ == "__main__":
    main()
