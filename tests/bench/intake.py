"""Durable webhooks beside two yardsticks: our HTTP reader answering 200 without work (bench_http), and a
bare loop committing the rows of such a message in groups as large as there are connections (bench_store)."""

import shutil
import subprocess

from gear import Foreign, Served, cpu_us, load, median_of, spread, spread_text, table

CONNECTIONS = (1, 16, 64, 256)
BAR_CONNECTIONS = 64
BAR_RATIO = 0.5         # of the slower yardstick


def count_for(bench, connections):
    """One connection is bound by the flush: fewer messages say as much."""
    return bench.count // 4 if connections == 1 else bench.count


def measure_http(bench, connections, count):
    with Served([bench.build / "tests/bench/bench_http"]) as server, Foreign(server.pid) as foreign:
        begun = cpu_us(server.pid)
        result = load(bench.build, server.port, 3 * count, connections=connections)
        result["cpu_us"] = (cpu_us(server.pid) - begun) / (3 * count)
    return {**result, "foreign": foreign.share}


def measure_store(bench, connections, count):
    folder = bench.folder()
    folder.mkdir()
    with Foreign() as foreign:
        done = subprocess.run([str(bench.build / "tests/bench/bench_store"), "-d", str(folder), "-n", str(count),
                               str(connections)], stdout=subprocess.PIPE, text=True, check=True)
    shutil.rmtree(folder)
    words = dict(word.split("=") for word in done.stdout.splitlines()[0].split()[1:])
    return {"rate": float(words["sets_per_s"]), "cpu_us": float(words["cpu_us"]), "foreign": foreign.share}


def measure_daemon(bench, connections, count):
    with bench.sink() as sink, bench.daemon(sink.port) as daemon, Foreign(daemon.pid) as foreign:
        begun = cpu_us(daemon.pid)
        result = bench.load(daemon, count, connections=connections)
        result["cpu_us"] = (cpu_us(daemon.pid) - begun) / count
    return {**result, "foreign": foreign.share}


def measure_round(bench, quiet):
    result = {"http": {}, "store": {}, "intake": {}}
    for connections in CONNECTIONS:
        n = count_for(bench, connections)
        bench.say(f"{connections} connections")
        result["http"][connections] = quiet.measure(measure_http, bench, connections, n)
        result["store"][connections] = quiet.measure(measure_store, bench, connections, n)
        result["intake"][connections] = quiet.measure(measure_daemon, bench, connections, n)
    return result


def slower(result, connections):
    return min(result["http"][connections]["rate"], result["store"][connections]["rate"])


def measure(bench):
    rounds = bench.each_round(lambda quiet, number: measure_round(bench, quiet))
    out = {"connections": {}, "messages": bench.count, "rounds": rounds}
    for connections in CONNECTIONS:
        row = {part: median_of([r[part][connections] for r in rounds], "rate", "cpu_us", "p50_ms", "p99_ms")
               for part in ("http", "store", "intake")}
        for part in ("http", "store"):
            row["of_" + part] = spread(r["intake"][connections]["rate"] / r[part][connections]["rate"] for r in rounds)
        row["of_slower"] = spread(r["intake"][connections]["rate"] / slower(r, connections) for r in rounds)
        out["connections"][connections] = row
    out["foreign"] = spread(cell["foreign"] for r in rounds for part in r.values() for cell in part.values())
    return out


def show(result, out):
    rows = [[str(connections), f"{row['http']['rate']:.0f}", f"{row['store']['rate']:.0f}", f"{row['intake']['rate']:.0f}",
             f"{row['intake']['p50_ms']:.2f}", f"{row['intake']['p99_ms']:.2f}", f"{row['intake']['cpu_us']:.0f}",
             spread_text(row["of_slower"])] for connections, row in result["connections"].items()]
    table(out, ["connections", "HTTP only/s", "bare rows/s", "durable/s", "p50 ms", "p99 ms", "CPU us",
                "of the slower yardstick"], rows)


def judge(result):
    ratio = result["connections"][BAR_CONNECTIONS]["of_slower"]["median"]
    return [(ratio >= BAR_RATIO, f"at {BAR_CONNECTIONS} connections {ratio:.2f} of the slower yardstick, "
                                 f"at least {BAR_RATIO} is wanted")]


def record(result):
    row = result["connections"][BAR_CONNECTIONS]
    return result["messages"], {"durable_per_s": round(row["intake"]["rate"]),
                                "of_the_slower_yardstick": round(row["of_slower"]["median"], 2)}
