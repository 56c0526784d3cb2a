"""Visitors who listen: what an idle one costs, and the time until 10,000 have one message each, beside Node's ws.

Each message is posted by itself: to us as an agent's answer, which is on disk before anybody hears of it, and to Node
as a body that it hands on and forgets.  --streams asks for more listeners than 10,000, and says why there are not."""

import contextlib
import json
import os
import pathlib
import subprocess
import time

import peer
from gear import Foreign, Served, TOKEN, median_of, spread, spread_text, table

HERE = pathlib.Path(__file__).resolve().parent / "wsnode"
LISTENERS, SMALL = 10000, 50
CHANNEL = """\
  web:
    adapter: widget
    proof: { ask: never }
    rate: { sessions: 100000, messages: 10000, address: 100000, requests: 100000 }
"""
BAR_MEMORY_B = 2900         # of an idle stream, resident; an evhttp one has 2,830, Node's ws 5,400 to 6,700
BAR_REACH = 6               # times what Node takes, which keeps nothing


# ---- memory ----

def resident_kib(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS"))


def kernel_kib():
    """What the kernel itself holds; both ends of a connection are on this machine."""
    lines = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    return sum(int(lines[name].split()[0]) for name in ("Slab", "PageTables"))


def per_stream(before, after, opened, ends=1):
    return (after - before) * 1024 / max(opened, 1) / ends


# ---- one measurement ----

class Listeners:
    """tests/bench/listeners, step by step."""

    def __init__(self, bench, port, count, *more):
        self.child = subprocess.Popen([str(bench.build / "tests/bench/listeners"), "--port", str(port), "--count", str(count),
                                       *more], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        return self

    def __exit__(self, *failed):
        with contextlib.suppress(OSError):
            self.child.stdin.close()
        self.child.wait(60)

    def step(self, name):
        line = self.child.stdout.readline()
        if not line:
            raise SystemExit("bench: the listeners gave up")
        found = json.loads(line)
        assert found["step"] == name, found
        return found

    def go_on(self):
        self.child.stdin.write("\n")
        self.child.stdin.flush()


def measure_one(bench, server, count, *more):
    with Listeners(bench, server.port, count, *more) as listeners, Foreign(server.pid, listeners.child.pid) as foreign:
        ready = listeners.step("ready")
        time.sleep(0 if bench.small else 1)     # what it freed is given back
        resident, kernel = resident_kib(server.pid), kernel_kib()
        listeners.go_on()
        opened = listeners.step("open")
        time.sleep(0 if bench.small else 1)
        result = {"opened": opened["opened"], "stopped": opened["stopped"], "open_s": opened["seconds"],
                  "ready_s": ready["seconds"], "resident_b": per_stream(resident, resident_kib(server.pid), opened["opened"]),
                  "kernel_b": per_stream(kernel, kernel_kib(), opened["opened"], ends=2)}
        listeners.go_on()
        heard = listeners.step("heard")
        result.update(heard=heard["heard"], last_s=heard["last_s"], median_s=heard["median_s"], posted_s=heard["posted_s"])
    return {**result, "foreign": foreign.share}


def measure_daemon(bench, count):
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(bench.sink())
        daemon = stack.enter_context(bench.daemon(sink.port, channels=CHANNEL, streams=count))
        return measure_one(bench, daemon, count, "--token", TOKEN)


def measure_node(bench, count):
    with Served(["node", peer.install(bench.build, HERE)], env=dict(os.environ)) as node:
        return measure_one(bench, node, count, "--ws")


# ---- the part ----

def measure(bench):
    count = SMALL if bench.small else bench.chosen.streams
    rounds = bench.each_round(lambda quiet, number: {"headgate": quiet.measure(measure_daemon, bench, count),
                                                     "node": quiet.measure(measure_node, bench, count)})
    keys = ("opened", "resident_b", "kernel_b", "open_s", "median_s", "last_s", "heard")
    result = {who: median_of([r[who] for r in rounds], *keys) for who in ("headgate", "node")}
    return {**result, "rounds": rounds, "stopped": [r[who]["stopped"] for r in rounds for who in ("headgate", "node")],
            "reach": spread(r["headgate"]["last_s"] / r["node"]["last_s"] for r in rounds),
            "foreign": spread(r[who]["foreign"] for r in rounds for who in ("headgate", "node"))}


def show(result, out):
    table(out, ["", "listeners", "resident B", "kernel B", "opened in s", "median heard after s", "last after s"],
          [[name, f"{row['opened']:.0f}", f"{row['resident_b']:.0f}", f"{row['kernel_b']:.0f}", f"{row['open_s']:.2f}",
            f"{row['median_s']:.2f}", f"{row['last_s']:.2f}"]
           for name, row in (("headgate, on disk", result["headgate"]), ("Node ws, kept nowhere", result["node"]))])
    print(f"the last one hears after {spread_text(result['reach'])} times what Node takes", file=out)
    for why in sorted(set(result["stopped"]) - {""}):
        print(f"no more listeners because: {why}", file=out)


def judge(result):
    ours = result["headgate"]
    return [(ours["heard"] == ours["opened"], f"{ours['heard']:.0f} of {ours['opened']:.0f} heard their message"),
            (ours["resident_b"] <= BAR_MEMORY_B,
             f"an idle stream takes {ours['resident_b']:.0f} bytes of memory, at most {BAR_MEMORY_B} are wanted"),
            (result["reach"]["median"] <= BAR_REACH, f"the last of them hears after {result['reach']['median']:.1f} times what Node "
                                                     f"takes, at most {BAR_REACH} are wanted")]


def record(result):
    ours = result["headgate"]
    return int(ours["opened"]), {"resident_b": round(ours["resident_b"]), "kernel_b": round(ours["kernel_b"]),
                                 "last_s": round(ours["last_s"], 2), "times_node": round(result["reach"]["median"], 2)}
