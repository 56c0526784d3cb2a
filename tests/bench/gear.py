"""What the parts of tests/bench/run share: processes, the daemon and its load, a quiet machine, the numbers."""

import json
import os
import pathlib
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
SECRET = "bench-app-secret-0123456789"
TICK_US = 1e6 / os.sysconf("SC_CLK_TCK")
CONNECTIONS = 64        # where nothing else is said
FILL_GROUP = 1000       # rows of one commit while a store is filled
TOKEN = "bench-api-token-0123456789"

CONFIG = """\
config_version: 1
console: {{ enabled: false }}
gateway:
  listen: 127.0.0.1:0
  socket: {dir}/headgate.sock
  log_level: {log_level}
  adapter_dir: {adapters}
  max_connections: {connections}
  max_per_address: {connections}
  max_streams: {streams}
  max_streams_per_address: {streams}
store: {{ path: {dir}/store/bench.db{store} }}
ticket: {{ confirm: "" }}
channels:
  wa-main:
    adapter: whatsapp
    phone_number_id: "109876543210"
    token: env:BENCH_TOKEN
    app_secret: env:BENCH_APP_SECRET
    base_url: http://127.0.0.1:{sink}
{channels}rules:
  - name: thanks and greetings
    when: {{ text: {{ matches: '^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$' }}, thread: {{ has_ticket: false }} }}
    do: {{ ignore: noise }}
  - name: asks for a human or a ticket
    when: {{ any: [ {{ text: {{ matches: '\\b(human|agent|ticket number)\\b' }} }}, {{ tag: escalate }} ] }}
    do: {{ convert: {{ priority: high, category: escalation }} }}
{at_once}  - name: closed without an answer
    on: thread.closed
    when: {{ thread: {{ resolution: unresolved }} }}
    do: {{ convert: {{ }} }}
backends:
  desk: {{ url: "http://127.0.0.1:{sink}/headgate", allow_private: true, {desk} }}
api: {{ tokens: {{ bench: {{ token: env:BENCH_API_TOKEN, scopes: [ read, reply, admin ] }} }} }}
{more}"""
AT_ONCE = """\
  - name: about an invoice
    when: { text: { matches: '\\binvoice\\b' } }
    do: { convert: { category: billing } }
"""
ENVIRONMENT = {
    "BENCH_TOKEN": "bench-token-0123456789",
    "BENCH_APP_SECRET": SECRET,
    "BENCH_DESK_SECRET": "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=",
    "BENCH_API_TOKEN": TOKEN,
}


# ---- processes ----

def stat_of(pid):
    return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def cpu_us(pid):
    fields = stat_of(pid)
    return (int(fields[11]) + int(fields[12])) * TICK_US


def tree_cpu_us(pid):
    """Of a process and all that it started, those that have ended too."""
    try:
        fields = stat_of(pid)
        children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return sum(int(fields[i]) for i in range(11, 15)) * TICK_US + sum(tree_cpu_us(child) for child in children)


def anonymous_kib(pid):
    """Of smaps_rollup; a daemon that hides its memory shows that to root only, but a sum to all."""
    try:
        text, word = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), "Anonymous:"
    except PermissionError:
        text, word = pathlib.Path(f"/proc/{pid}/status").read_text(), "RssAnon:"
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith(word))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Served:
    """A program that prints its port and serves until the block ends."""

    def __init__(self, argv, **more):
        self.argv, self.more = [str(word) for word in argv], more

    def __enter__(self):
        self.child = subprocess.Popen(self.argv, stdout=subprocess.PIPE, text=True, **self.more)
        return self.ready(self.child.stdout.readline())

    def ready(self, line):
        if not line.strip():
            self.child.wait()
            raise SystemExit(f"bench: {self.argv[0]} did not start")
        self.port, self.pid = int(line), self.child.pid
        return self

    def __exit__(self, *failed):
        self.child.send_signal(signal.SIGTERM)
        if self.child.wait(60) not in (0, -signal.SIGTERM) and not failed[0]:
            raise SystemExit(f"bench: {self.argv[0]} ended with {self.child.returncode}")


class Daemon(Served):
    """headgated in a folder that goes away with it.  sink: the helpdesk's port; store: its options, as YAML
    behind a comma; channels: more of them; more: further sections; desk: how its backend is spoken to; made: a folder with a store from bench_store, moved in, and back at the
    end when it is to be kept."""

    def __init__(self, build, folder, sink, at_once=False, store="", more="", connections=1024, made=None, keep=False,
                 log_level="warn", channels="", streams=1000, desk="secrets: env:BENCH_DESK_SECRET"):
        folder.mkdir(mode=0o700)
        self.back = made if keep else None
        if made:
            made.rename(folder / "store")
        else:
            (folder / "store").mkdir(mode=0o700)
        config = folder / "headgate.yaml"
        config.write_text(CONFIG.format(dir=folder, adapters=build / "adapters/.libs", sink=sink, store=store, more=more,
                                        connections=connections, streams=streams, channels=channels, desk=desk,
                                        log_level=log_level, at_once=AT_ONCE if at_once else ""))
        super().__init__([build / "headgated", "-c", config], env={**os.environ, **ENVIRONMENT})
        self.folder, self.log = folder, folder / "log"

    def __enter__(self):
        read, write = os.pipe()
        self.argv += ["--ready-fd", str(write)]
        with self.log.open("w") as log:
            self.child = subprocess.Popen(self.argv, pass_fds=[write], stderr=log, **self.more)
        os.close(write)
        with os.fdopen(read) as pipe:
            line = pipe.readline()
        if not line:
            sys.stderr.write(self.log.read_text())
        return self.ready(line)

    def __exit__(self, *failed):
        if failed[0]:
            sys.stderr.write(self.log.read_text()[-4000:])
        super().__exit__(*failed)
        if self.back:
            (self.folder / "store").rename(self.back)
        shutil.rmtree(self.folder)

    def reload(self):
        self.child.send_signal(signal.SIGHUP)

    def ask(self, path):
        call = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.urlopen(call, timeout=60) as answer:
            return json.load(answer)

    @property
    def database(self):
        return self.folder / "store" / "bench.db"


def sunk(sink):
    with urllib.request.urlopen(f"http://127.0.0.1:{sink.port}/") as answer:
        return json.load(answer)


def wait_sunk(sink, what, want, watch=lambda: None, silence_s=60):
    """Until the sink has counted so many; what: of its counts.  watch: called now and then."""
    seen, moved = sunk(sink), time.monotonic()
    while seen[what] < want:
        watch()
        time.sleep(0.2)
        last, seen = seen, sunk(sink)
        if seen[what] != last[what]:
            moved = time.monotonic()
        elif time.monotonic() - moved > silence_s:
            raise SystemExit(f"bench: {seen[what]} of {want} {what} reached the sink, then nothing for {silence_s} s")
    return seen


def check_sunk(seen, what, want):
    if seen[what] != want or seen["out_of_order"]:
        raise SystemExit(f"bench: {seen[what]} {what} at the sink instead of {want}, "
                         f"{seen['out_of_order']} events out of order")


# ---- others on the machine ----

def busy_ticks():
    """Of all cores: everything but idle and waiting for the disk."""
    fields = [int(word) for word in pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return sum(fields) - fields[3] - fields[4]


class Foreign:
    """Share of the machine that others took during the block."""

    def __init__(self, *pids):
        self.pids = pids

    def ours(self):
        children = os.times()
        return (sum(children[:4]) * 1e6 + sum(tree_cpu_us(pid) for pid in self.pids)) / TICK_US

    def __enter__(self):
        self.begun, self.busy, self.own = time.monotonic(), busy_ticks(), self.ours()
        return self

    def __exit__(self, *failed):
        spent = (time.monotonic() - self.begun) * 1e6 / TICK_US * os.cpu_count()
        self.share = max(0, busy_ticks() - self.busy - (self.ours() - self.own)) / max(spent, 1)


class Quiet:
    """Measures while others leave the machine alone: waits for that, and measures again what they
    disturbed, altogether no longer than the patience lasts."""

    def __init__(self, patience):
        self.left = patience

    def wait(self):
        while self.left > 0:
            with Foreign() as foreign:
                time.sleep(0.5)
            if foreign.share < 0.05:
                return
            self.left -= 0.5

    def measure(self, what, *args, **named):
        best = None
        while True:
            self.wait()
            begun = time.monotonic()
            result = what(*args, **named)
            if best is None or result["foreign"] < best["foreign"]:
                best = result
            if best["foreign"] < 0.1 or self.left <= 0:
                return best
            self.left -= time.monotonic() - begun


# ---- the load ----

def load_argv(build, port, count, **named):
    """Options of tests/bench/load by name; True for one that takes no value."""
    argv = [build / "tests/bench/load", "--port", port, "--secret", SECRET, "--count", count]
    for name, value in named.items():
        argv += ["--" + name.replace("_", "-")] + ([] if value is True else [value])
    return [str(word) for word in argv]


def load(build, port, count, **named):
    done = subprocess.run(load_argv(build, port, count, **named), stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit("bench: the load was not answered as it should")
    return json.loads(done.stdout)


# ---- numbers ----

def spread(values):
    values = sorted(values)
    return {"min": values[0], "median": statistics.median(values), "max": values[-1]}


def spread_text(ratio):
    return f"{ratio['min']:.2f}..{ratio['median']:.2f}..{ratio['max']:.2f}"


def median_of(cells, *keys):
    return {key: statistics.median(cell[key] for cell in cells) for key in keys if key in cells[0]}


def table(out, head, rows):
    """Columns as wide as what is in them, numbers to the right."""
    rows = [head, *rows]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths)), file=out)


# ---- what a part is given ----

class Bench:
    """small: counts that show that everything works, and say nothing about speed."""

    def __init__(self, chosen, build, scratch):
        self.build, self.scratch, self.small = build, pathlib.Path(scratch), chosen.small
        self.rounds = 1 if chosen.small else chosen.rounds
        self.count = min(chosen.count, 400) if chosen.small else chosen.count
        self.patience, self.chosen, self.part = chosen.patience, chosen, ""
        self.made = 0

    def quiet(self):
        return Quiet(0 if self.small else self.patience)

    def say(self, text):
        print(f"{self.part}: {text}", file=sys.stderr, flush=True)

    def each_round(self, measure):
        """measure(quiet, number) for each round; what they return."""
        results = []
        for number in range(self.rounds):
            self.say(f"round {number + 1} of {self.rounds}")
            results.append(measure(self.quiet(), number))
        return results

    def folder(self):
        """A name in the scratch directory that is not there yet."""
        self.made += 1
        return self.scratch / f"{self.part}-{self.made}"

    def sink(self, *argv):
        return Served([self.build / "tests/bench/sink", *argv])

    def daemon(self, sink, **named):
        return Daemon(self.build, self.folder(), sink, **named)

    def fill(self, store, first, people, *options):
        """So many people more in a folder that a daemon can take over as its store."""
        store.mkdir(mode=0o700, exist_ok=True)
        subprocess.run([str(word) for word in (self.build / "tests/bench/bench_store", "-d", store, "-f", first, "-n", people,
                                               *options, min(FILL_GROUP, people))], check=True, stdout=subprocess.DEVNULL)

    def load(self, daemon, count, **named):
        named.setdefault("connections", CONNECTIONS)
        return load(self.build, daemon.port, count, **named)
