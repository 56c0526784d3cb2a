"""What a message costs while the store grows: ten times the conversations, and ten times that again.

Each size has as many people, each with an open conversation and a message that is remembered; bench_store
makes them, lean: what is only added at an end does not get slower by itself.  --filled takes the largest from
a directory, where it stays for the next time, and leaves out the sizes between.  Then the daemon runs on that
store.  Known people are picked evenly over all of them, which is the worst case: real ones are mostly recent.
At last bench_engine takes in the same kinds and counts pages, which no other machine and no other load changes.
--postgresql: the same store in a server of the run's own, whose CPU is counted with the daemon's; there are no such counts."""

import contextlib
import math
import os
import subprocess
import time

from gear import table, tree_cpu_us
from peer import Postgres

SMALLEST = 10_000
NEW_FIRST = 1 << 31     # numbers of people that filling does not reach
MESSAGE_FIRST = 1 << 40     # numbers of messages that nobody has sent yet
LOOKS = 20_000
COUNTED = 10_000        # messages of each kind of which pages are counted
BAR_CPU = 2             # times that of the smallest, for any kind of message
BAR_LOOK = 1.5          # of the smallest's look-up, more for each time the store is ten times as large
BAR_PAGES = 0.2         # of the pages that a message asks for, likewise: trees grow deeper, no more
KINDS = (("new_us", "somebody new"), ("known_us", "somebody known"), ("again_us", "a redelivery"))
COUNTS = ("pages", "read", "logged", "copied")


def sizes(bench):
    """Ten thousand, and times ten up to what was asked for."""
    smallest = SMALLEST // 100 if bench.small else SMALLEST
    largest = smallest * 10 if bench.small else max(bench.chosen.growth, smallest)
    return [smallest * 10 ** i for i in range(int(math.log10(largest / smallest) + 0.01) + 1)]


def look_up(bench, store, people):
    done = subprocess.run([str(bench.build / "tests/bench/bench_look"), str(store / "bench.db"), str(people),
                           str(LOOKS // 20 if bench.small else LOOKS)], check=True, stdout=subprocess.PIPE, text=True)
    lines = [line.split() for line in done.stdout.splitlines()]
    return {name: {key: float(value) for key, value in (word.split("=") for word in words)} for name, *words in lines}


def counts(bench, store, people):
    """Of each kind of message what bench_engine prints, by the names of its columns."""
    done = subprocess.run([str(bench.build / "tests/bench/bench_engine"), "-d", str(store), "-p", str(people),
                           str(min(bench.count, COUNTED))], check=True, stdout=subprocess.PIPE, text=True)
    head, *lines = [line.split() for line in done.stdout.splitlines()]
    return {kind: dict(zip(head[1:], map(float, values))) for kind, *values in lines}


def cost(bench, daemon, pids, **named):
    begun = sum(map(tree_cpu_us, pids))
    bench.load(daemon, bench.count, **named)
    return (sum(map(tree_cpu_us, pids)) - begun) / bench.count


def costs(bench, daemon, people, *others):
    """Of each kind of message, in microseconds of CPU: the daemon's, and that of others who work for it."""
    # Each size has numbers of its own, and each run over a store that is kept: none is said twice.
    run = int(time.time() / 60) % 10_000 * bench.count if bench.chosen.filled else 0
    message, pids = MESSAGE_FIRST + people * 1000 + run, [daemon.pid, *others]
    return {"known_us": cost(bench, daemon, pids, contacts=people, first=message),
            "again_us": cost(bench, daemon, pids, contacts=people, first=message),
            "new_us": cost(bench, daemon, pids, first=NEW_FIRST + 10 * people + run)}


def measure_size(bench, store, people, filled):
    bench.say(f"{people} conversations")
    if people > filled:
        bench.fill(store, filled, people - filled, "-l")
        os.sync()		# what the fill left to the kernel is not the first load's to write
    result = {"people": people, "bytes": (store / "bench.db").stat().st_size, "look": look_up(bench, store, people)}
    # Nothing is decided by a timer: what one load left waiting would be counted as the next one's.
    with bench.sink() as sink, bench.daemon(sink.port, made=store, keep=True, more="default: hold\n") as daemon:
        result |= costs(bench, daemon, people)
    result["counts"] = counts(bench, store, people)
    return result


def measure_server_size(bench, postgres, files, people, filled):
    bench.say(f"{people} conversations on PostgreSQL")
    url = f"host={postgres.folder} user=bench dbname=gate"
    bench.fill(files, filled, people - filled, "-l", "-u", url)
    # As it does by itself after a while.
    postgres.run(*postgres.psql("gate"), "-c", "VACUUM ANALYZE", "-c", "CHECKPOINT")
    result = {"people": people, "bytes": int(postgres.ask("SELECT pg_database_size('gate')"))}
    with bench.sink() as sink, bench.daemon(sink.port, store=f', driver: postgresql, url: "{url}", attachments: {files}',
                                            more="default: hold\n") as daemon:
        return result | costs(bench, daemon, people, postgres.pid)


def measure_server(bench):
    filled, results = 0, []
    with contextlib.ExitStack() as stack:
        postgres = stack.enter_context(Postgres(bench.folder()))
        postgres.ask("CREATE DATABASE gate")
        files = bench.folder()
        for people in sizes(bench):
            results.append(measure_server_size(bench, postgres, files, people, filled))
            filled = people
    return {"sizes": results, "messages": bench.count * 3 * len(results)}


def measure(bench):
    if bench.chosen.postgresql:
        return measure_server(bench)
    store, filled, results = bench.folder(), 0, []
    kept = bench.chosen.filled
    for people in sizes(bench)[:1 if kept else None]:
        results.append(measure_size(bench, store, people, filled))
        filled = people
    if kept:
        largest = sizes(bench)[-1]
        results.append(measure_size(bench, kept, largest, largest if (kept / "bench.db").exists() else 0))
    return {"sizes": results, "messages": bench.count * 3 * len(results)}


def times(result, *keys):
    def of(size):
        for key in keys:
            size = size[key]
        return size
    return of(result["sizes"][-1]) / max(of(result["sizes"][0]), 1e-9)


def show(result, out):
    if "look" not in result["sizes"][0]:
        table(out, ["conversations", "MiB", "CPU us: new", "known", "redelivered"],
              [[f"{size['people']}", f"{size['bytes'] / 2 ** 20:.0f}", *(f"{size[key]:.0f}" for key, _ in KINDS)]
               for size in result["sizes"]])
        return
    rows = [[f"{size['people']}", f"{size['bytes'] / 2 ** 20:.0f}", f"{size['new_us']:.0f}", f"{size['known_us']:.0f}",
             f"{size['again_us']:.0f}", f"{size['look']['thread']['p50_us']:.1f}", f"{size['look']['thread']['p99_us']:.1f}",
             f"{size['look']['seen']['p50_us']:.1f}", f"{size['look']['seen']['p99_us']:.1f}"]
            for size in result["sizes"]]
    table(out, ["conversations", "MiB", "CPU us: new", "known", "redelivered", "look-up us: thread p50", "p99",
                "remembered id p50", "p99"], rows)
    rows = [[f"{size['people']}", *(f"{size['counts'][kind][count]:.1f}" for kind in ("new", "known", "again") for count in COUNTS)]
            for size in result["sizes"]]
    table(out, ["conversations", *(f"{kind} {count}" if count == COUNTS[0] else count
                                   for kind in ("pages: new", "known", "redelivered") for count in COUNTS)], rows)


def judge(result):
    last, verdicts = result["sizes"][-1]["people"], []
    tens = math.log10(last / result["sizes"][0]["people"])
    for key, words in KINDS:
        verdicts.append((times(result, key) <= BAR_CPU,
                         f"a message of {words} costs {times(result, key):.2f} times the CPU with {last} conversations, "
                         f"at most {BAR_CPU} is wanted"))
    if "look" not in result["sizes"][0]:
        return verdicts
    for kind in ("new", "known", "again"):
        bar, ratio = 1 + BAR_PAGES * tens, times(result, "counts", kind, "pages")
        verdicts.append((ratio <= bar, f"a message ({kind}) asks for {ratio:.2f} times the pages with {last}, at most {bar:.1f} is "
                                       "wanted: trees may grow deeper, no more"))
    for key, words in (("thread", "a conversation"), ("seen", "a remembered id")):
        bar, ratio = 1 + BAR_LOOK * tens, times(result, "look", key, "p50_us")
        verdicts.append((ratio <= bar, f"{words} is found in {ratio:.1f} times the time with {last}, at most {bar:.1f} is "
                                       "wanted: so much more for each time ten"))
    return verdicts


def record(result):
    figures = {"conversations": result["sizes"][-1]["people"], "times_the_cpu_new": round(times(result, "new_us"), 2),
               "times_the_cpu_known": round(times(result, "known_us"), 2)}
    if "look" in result["sizes"][0]:
        figures["times_the_look_up"] = round(times(result, "look", "thread", "p50_us"), 1)
    return result["messages"], figures
