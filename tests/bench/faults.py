"""An open loop of 200 webhooks a second while one thing at a time is wrong.  What a provider sees of it, the time until
its webhook is answered, is measured from the moment the webhook was due."""

import contextlib
import json
import shutil
import socket
import sqlite3
import subprocess
import threading
import time

from gear import Foreign, free_port, load_argv, spread, table, wait_sunk

RATE = 200
SECONDS = 8
BAR_P99_MS = 250
SLOW_CLIENTS = 5000
DRIPS = 20              # shares of them, one after the other
OLD = 200_000           # remembered ids that have expired
OLD_DAYS = 40
SWEEP_AFTER_S = 57      # the daemon begins to sweep a minute after its start
READ = 100_000          # conversations in what is read
READS = ("/v1/threads?limit=200", "/v1/report?since=7d", "/v1/events?limit=200", "/v1/fsck")
HELD_MESSAGES = 4_000   # come while a reader holds the log back


class Helper:
    """Does something over and over beside the load, until the block ends."""

    def __init__(self, what, pause_s=0.0):
        self.what, self.pause, self.stop, self.times = what, pause_s, threading.Event(), 0
        self.thread = threading.Thread(target=self.run)

    def run(self):
        while not self.stop.is_set():
            self.what()
            self.times += 1
            self.stop.wait(self.pause)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *failed):
        self.stop.set()
        self.thread.join()


class Case:
    """The load of one fault, and what came of it."""

    def __init__(self, bench):
        self.bench, self.results = bench, {}
        self.seconds = 1 if bench.small else SECONDS

    def measure(self, name, daemon, during=contextlib.nullcontext(), more="", **named):
        self.bench.say(name)
        argv = load_argv(self.bench.build, daemon.port, RATE * self.seconds, rate=RATE, connections=64, **named)
        with Foreign(daemon.pid) as foreign, during:
            done = subprocess.run(argv, stdout=subprocess.PIPE, text=True)
        if done.returncode:
            raise SystemExit(f"bench: {name}: the load was not answered as it should")
        result = json.loads(done.stdout)
        self.results[name] = {key: result[key] for key in ("requests", "p50_ms", "p99_ms", "max_ms")}
        self.results[name].update(foreign=foreign.share, more=more() if callable(more) else more)


# ---- the faults ----

def helpdesk_down(bench, case):
    with bench.daemon(free_port(), at_once=True) as daemon:
        case.measure("helpdesk down", daemon)


def helpdesk_busy(bench, case):
    with bench.sink(free_port(), "busy") as sink, bench.daemon(sink.port, at_once=True) as daemon:
        case.measure("helpdesk says 429", daemon)


def helpdesk_silent(bench, case):
    """It takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent, \
            bench.daemon(silent.getsockname()[1], at_once=True) as daemon:
        case.measure("helpdesk silent", daemon)


def backlog(bench, case):
    """It leaves as fast as it can meanwhile: worse than lying still."""
    events, store = 2000 if bench.small else bench.chosen.backlog, bench.folder()
    bench.fill(store, 0, events, "-j")
    with bench.sink() as sink, bench.daemon(sink.port, at_once=True, made=store) as daemon:
        wait_sunk(sink, "distinct", 1)
        case.measure(f"backlog of {events} events, leaving", daemon, first=1 << 40)


def hook(bench, case, name, url):
    more = (f"hooks:\n  who: {{ url: {url}, secrets: env:BENCH_DESK_SECRET, allow_private: true, deadline: 2s }}\n")
    with bench.sink() as sink, bench.daemon(sink.port, at_once=True, more=more) as daemon:
        case.measure(name, daemon)


def hooks(bench, case):
    hook(bench, case, "hook down", f"http://127.0.0.1:{free_port()}/")
    with socket.create_server(("127.0.0.1", 0), backlog=512) as silent:
        hook(bench, case, "hook silent", f"http://127.0.0.1:{silent.getsockname()[1]}/")


class SlowClients:
    """Hold a connection each, and send a byte of a head once a second."""

    def __init__(self, daemon, number):
        self.daemon, self.number, self.open = daemon, number, []

    def __enter__(self):
        for i in range(self.number):
            client = socket.socket()
            client.bind((f"127.0.{1 + i // 200}.1", 0))
            client.connect(("127.0.0.1", self.daemon.port))
            client.setblocking(False)
            client.send(b"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: slow\r\nX-")
            self.open.append(client)
        self.helper = Helper(self.drip, 1 / DRIPS)
        self.helper.__enter__()
        return self

    def drip(self):
        for client in self.open[self.helper.times % DRIPS::DRIPS]:
            with contextlib.suppress(OSError):
                client.send(b"a")

    def __exit__(self, *failed):
        self.helper.__exit__()
        for client in self.open:
            client.close()


def slow_clients(bench, case):
    number = 200 if bench.small else SLOW_CLIENTS
    with bench.sink() as sink, bench.daemon(sink.port, connections=number + 200) as daemon:
        case.measure(f"{number} slow clients", daemon, SlowClients(daemon, number))


def reloads(bench, case):
    with bench.sink() as sink, bench.daemon(sink.port, at_once=True) as daemon:
        helper = Helper(daemon.reload, 0.1)
        case.measure("reload in a loop", daemon, helper, lambda: f"{helper.times} reloads")


def disk_low(bench, case):
    """Less is free than store.min_free wants: everything is refused, and soon."""
    free = shutil.disk_usage(bench.scratch).free
    with bench.sink() as sink, bench.daemon(sink.port, store=f", min_free: {2 * free // 2 ** 20}MiB") as daemon:
        # It looks at the disk before its first round.
        time.sleep(0.5)
        case.measure("disk nearly full: 503", daemon, status=503)


class HeldLog:
    """A reader that began before keeps the log from being copied back: it grows, and in the middle of the load it is
    copied in one piece."""

    def __init__(self, bench, case, daemon):
        self.reader = sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, isolation_level=None,
                                      check_same_thread=False)
        self.reader.execute("BEGIN")
        self.reader.execute("SELECT count(*) FROM thread").fetchone()
        bench.load(daemon, 200 if bench.small else HELD_MESSAGES, first=1 << 40)
        self.grown = daemon.database.with_name(daemon.database.name + "-wal").stat().st_size
        self.timer = threading.Timer(case.seconds / 2, self.reader.close)

    def __enter__(self):
        self.timer.start()

    def __exit__(self, *failed):
        self.timer.join()


def checkpoint(bench, case):
    with bench.sink() as sink, bench.daemon(sink.port) as daemon:
        held = HeldLog(bench, case, daemon)
        case.measure("long checkpoint", daemon, held, f"log of {held.grown / 2 ** 20:.0f} MiB")


def reads(bench, case):
    conversations, store = 1000 if bench.small else READ, bench.folder()
    bench.fill(store, 0, conversations, "-l")
    with bench.sink() as sink, bench.daemon(sink.port, at_once=True, made=store) as daemon:
        bench.load(daemon, 200 if bench.small else 20000, contacts=conversations, first=1 << 41)
        helper = Helper(lambda: [daemon.ask(path) for path in READS])
        case.measure("reports and lists in a loop", daemon, helper, lambda: f"{len(READS) * helper.times} answers",
                     first=1 << 40)


@contextlib.contextmanager
def old_store(bench):
    """A daemon with much to forget, which it begins with a minute after its start."""
    store = bench.folder()
    bench.fill(store, 0, 2000 if bench.small else OLD, "-l", "-a", OLD_DAYS)
    with bench.sink() as sink, bench.daemon(sink.port, made=store) as daemon:
        yield daemon, time.monotonic()


def count_seen(daemon):
    with contextlib.closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, timeout=60)) as database:
        return database.execute("SELECT count(*) FROM seen").fetchone()[0]


def sweep(bench, case, daemon, started):
    time.sleep(0 if bench.small else max(0, started + SWEEP_AFTER_S - time.monotonic()))
    had = count_seen(daemon)
    case.measure("sweep of what expired", daemon, first=1 << 40,
                 more=lambda: f"{had - count_seen(daemon) + RATE * case.seconds} rows gone")


FAULTS = (backlog, reads, checkpoint, slow_clients, reloads, disk_low)
MEANWHILE = (helpdesk_down, helpdesk_busy, helpdesk_silent, hooks)      # in the minute before the sweep


# ---- the part ----

def measure(bench):
    case = Case(bench)
    bench.quiet().wait()
    for fault in FAULTS:
        fault(bench, case)
    with old_store(bench) as (daemon, started):
        for fault in MEANWHILE:
            fault(bench, case)
        sweep(bench, case, daemon, started)
    results = case.results
    return {"faults": results, "rate": RATE, "messages": sum(result["requests"] for result in results.values()),
            "foreign": spread(result["foreign"] for result in results.values())}


def show(result, out):
    rows = [[name, f"{row['p50_ms']:.1f}", f"{row['p99_ms']:.1f}", f"{row['max_ms']:.1f}", row["more"]]
            for name, row in result["faults"].items()]
    table(out, ["", "p50 ms", "p99 ms", "max ms", ""], rows)


def judge(result):
    return [(row["p99_ms"] < BAR_P99_MS, f"{name}: p99 {row['p99_ms']:.0f} ms at {RATE} webhooks a second, less than "
                                         f"{BAR_P99_MS} is wanted") for name, row in result["faults"].items()]


def record(result):
    worst = max(result["faults"], key=lambda name: result["faults"][name]["p99_ms"])
    return result["messages"], {"faults": len(result["faults"]), "worst": worst,
                                "worst_p99_ms": round(result["faults"][worst]["p99_ms"], 1)}
