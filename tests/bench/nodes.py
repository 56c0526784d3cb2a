"""The same messages kept in a file, and in one PostgreSQL by one, two and four nodes: what a message costs them and the
server, how many a second, and how often a node waits for its turn."""

import concurrent.futures
import contextlib
import threading

from gear import Foreign, median_of, spread, table, tree_cpu_us
from peer import MODES, Postgres, measure_node

NODES = (1, 2, 4)
CONNECTIONS = 64
COUNT = 8000			# a round has a measurement for each number of nodes
WAIT_EVERY_S = 0.02


class Waits(threading.Thread):
    """How much of the time so many nodes stand before the turn, as the server says it, looked at now and then."""

    def __init__(self, postgres, database):
        super().__init__(daemon=True)
        self.postgres, self.database = postgres, database
        self.over, self.looks, self.waiting = threading.Event(), 0, 0

    def run(self):
        sql = ("SELECT COUNT(*) FROM pg_stat_activity WHERE datname = '%s' AND wait_event_type = 'Lock' AND "
               "wait_event = 'advisory'" % self.database)
        while not self.over.wait(WAIT_EVERY_S):
            self.waiting += int(self.postgres.ask(sql))
            self.looks += 1

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *failed):
        self.over.set()
        self.join()

    @property
    def share(self):
        return self.waiting / self.looks if self.looks else 0


def load_all(bench, daemons, count, first):
    """Each node gets its part, from connections of its own, at the same time."""
    part = count // len(daemons)
    with concurrent.futures.ThreadPoolExecutor(len(daemons)) as pool:
        def one(i):
            return bench.load(daemons[i], part, connections=CONNECTIONS // len(daemons), first=first + i * part)
        return list(pool.map(one, range(len(daemons))))


def measure_nodes(bench, n, count):
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres(bench.folder()))
        postgres.ask("CREATE DATABASE gate")
        sink = stack.enter_context(bench.sink())
        files = bench.folder()
        files.mkdir()
        daemons = [stack.enter_context(bench.daemon(sink.port, store=(
            f', driver: postgresql, url: "host={postgres.folder} user=bench dbname=gate", node: n{i}, attachments: {files}')))
            for i in range(n)]
        load_all(bench, daemons, count // 4, 0)
        pids = [postgres.pid] + [daemon.pid for daemon in daemons]
        foreign = stack.enter_context(Foreign(*pids))
        begun = [tree_cpu_us(pid) for pid in pids]
        with Waits(postgres, "gate") as waits:
            taken = load_all(bench, daemons, count, count)
        used = [tree_cpu_us(pid) - before for pid, before in zip(pids, begun)]
        seconds = max(part["count"] / part["rate"] for part in ({**t, "count": count // n} for t in taken))
    return {"rate": count // n * n / seconds, "p99_ms": max(t["p99_ms"] for t in taken), "cpu_us": sum(used) / count,
            "server_cpu_us": used[0] / count, "waiting": waits.share, "foreign": foreign.share}


def measure_file(bench, count):
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(bench.sink())
        daemon = stack.enter_context(bench.daemon(sink.port))
        bench.load(daemon, count // 4, connections=CONNECTIONS)
        foreign = stack.enter_context(Foreign(daemon.pid))
        begun = tree_cpu_us(daemon.pid)
        taken = bench.load(daemon, count, connections=CONNECTIONS, first=count)
        used = tree_cpu_us(daemon.pid) - begun
    return {"rate": taken["rate"], "p99_ms": taken["p99_ms"], "cpu_us": used / count, "server_cpu_us": 0, "waiting": 0,
            "foreign": foreign.share}


def measure_round(bench, quiet):
    count = min(bench.count, COUNT)
    cells = {"file": quiet.measure(measure_file, bench, count)}
    for n in NODES:
        bench.say(f"{n} nodes")
        cells[f"{n}"] = quiet.measure(measure_nodes, bench, n, count)
    mode = MODES[-1]
    cells["node"] = {"server_cpu_us": 0, "waiting": 0, **quiet.measure(measure_node, bench, mode, CONNECTIONS, count)}
    return cells


def measure(bench):
    rounds = bench.each_round(lambda quiet, number: measure_round(bench, quiet))
    return {"cells": {who: median_of([r[who] for r in rounds], "rate", "p99_ms", "cpu_us", "server_cpu_us", "waiting") for who in rounds[0]},
            "foreign": spread(cell["foreign"] for r in rounds for cell in r.values()),
            "messages": len(rounds) * (1 + len(NODES)) * min(bench.count, COUNT), "rounds": rounds}


def show(result, out):
    names = {"file": "SQLite", "node": f"Node and pg, {MODES[-1]}"}
    rows = [[names.get(who, f"PostgreSQL, {who} node{'' if who == '1' else 's'}"), f"{cell['rate']:.0f}", f"{cell['p99_ms']:.1f}",
             f"{cell['cpu_us']:.0f}", f"{cell['server_cpu_us']:.0f}", f"{cell['waiting']:.2f}"] for who, cell in result["cells"].items()]
    table(out, ["", "durable/s", "p99 ms", "CPU us", "of it PostgreSQL", "nodes waiting"], rows)


def judge(result):
    return []


def record(result):
    cells = result["cells"].items()
    return result["messages"], {**{f"per_s_{who}": round(cell["rate"]) for who, cell in cells},
                                **{f"cpu_us_{who}": round(cell["cpu_us"]) for who, cell in cells},
                                **{f"wait_{who}": round(cell["waiting"], 2) for who, cell in cells if cell["waiting"]}}
