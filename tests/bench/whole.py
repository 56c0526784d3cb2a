"""The whole way: webhook in, event at the helpdesk.  What a message costs, how long it takes at a steady
rate, and how fast a backlog leaves."""

import os
import pathlib
import time

from gear import CONNECTIONS, Foreign, anonymous_kib, check_sunk, cpu_us, free_port, median_of, spread, wait_sunk

MEMORY_MESSAGES = 100_000
BAR_MEMORY_KIB = 64 * 1024
BAR_CPU_US = 100        # of the daemon, for a message that becomes a ticket
STEADY_RATE = 1000      # a second, open loop
STEADY_SECONDS = 10
BAR_P99_MS = 10
BACKLOG = 100_000       # events
BACKLOG_EACH = 5        # of one thread, in order
BAR_DRAIN = 15_000      # a second
BAR_DESK_CPU_US = 400   # of the daemon, for a message that becomes a ticket by a preset


class EndToEnd:
    """A rule converts at once, ticket.requested goes to the sink, signed, one a POST."""

    @staticmethod
    def once(bench, count, **how):
        with bench.sink() as sink, bench.daemon(sink.port, at_once=True, **how) as daemon:
            result = {"start_kib": anonymous_kib(daemon.pid), "messages": count, "peak_kib": 0}

            def watch():
                result["peak_kib"] = max(result["peak_kib"], anonymous_kib(daemon.pid))

            with Foreign(daemon.pid, sink.pid) as foreign:
                begun, used = time.monotonic_ns() / 1000, cpu_us(daemon.pid)
                result["in"] = bench.load(daemon, count)
                watch()
                seen = wait_sunk(sink, "tickets", count, watch)
                watch()
                result["cpu_us"] = (cpu_us(daemon.pid) - used) / count
            check_sunk(seen, "tickets", count)
            result.update(rate=count / (seen["last_us"] - begun) * 1e6, events=seen["distinct"] / count,
                          repeated=seen["posts"] - seen["distinct"], after_kib=anonymous_kib(daemon.pid),
                          foreign=foreign.share)
        return result

    @staticmethod
    def measure(bench):
        # The long one once: its memory is what is looked at.
        first = bench.count if bench.small else MEMORY_MESSAGES
        rounds = bench.each_round(lambda quiet, number:
                                  quiet.measure(EndToEnd.once, bench, bench.count if number else first))
        long = max(rounds, key=lambda r: r["messages"])
        return {**median_of(rounds, "rate", "events"), "cpu_us": spread(r["cpu_us"] for r in rounds),
                "memory": {key: long[key] for key in ("messages", "start_kib", "after_kib", "peak_kib")},
                "messages": sum(r["messages"] for r in rounds),
                "foreign": spread(r["foreign"] for r in rounds), "rounds": rounds}

    @staticmethod
    def show(result, out):
        memory = result["memory"]
        print(f"{CONNECTIONS} connections: {result['rate']:.0f} tickets/s at the sink, "
              f"{result['cpu_us']['median']:.0f} us of CPU each", file=out)
        print(f"anonymous memory: {memory['start_kib'] / 1024:.1f} MiB at start, {memory['after_kib'] / 1024:.1f} after "
              f"{memory['messages']} messages, {memory['peak_kib'] / 1024:.1f} at most", file=out)

    @staticmethod
    def judge(result):
        cpu, memory = result["cpu_us"]["median"], max(result["memory"]["after_kib"], result["memory"]["peak_kib"])
        return [(cpu <= BAR_CPU_US, f"{cpu:.0f} us of the daemon's CPU for a message that becomes a ticket at the helpdesk, "
                                    f"at most {BAR_CPU_US} is wanted"),
                (memory < BAR_MEMORY_KIB, f"at most {memory / 1024:.1f} MiB anonymous memory in "
                                          f"{result['memory']['messages']} messages, less than {BAR_MEMORY_KIB // 1024} is wanted")]

    @staticmethod
    def record(result):
        return result["messages"], {"cpu_us_per_message": round(result["cpu_us"]["median"]),
                                    "tickets_per_s": round(result["rate"])}


class Steady:
    """An open loop: webhooks fall due evenly, and each is timed from the moment it was due."""

    @staticmethod
    def once(bench, count):
        with bench.sink() as sink, bench.daemon(sink.port, at_once=True) as daemon, \
                Foreign(daemon.pid, sink.pid) as foreign:
            taken = bench.load(daemon, count, rate=STEADY_RATE)
            seen = wait_sunk(sink, "tickets", count)
            check_sunk(seen, "tickets", count)
        return {"p50_ms": taken["p50_ms"], "p99_ms": taken["p99_ms"], "max_ms": taken["max_ms"],
                "sink_p50_ms": seen["p50_ms"], "sink_p99_ms": seen["p99_ms"], "foreign": foreign.share}

    @staticmethod
    def measure(bench):
        count = bench.count if bench.small else STEADY_RATE * STEADY_SECONDS
        rounds = bench.each_round(lambda quiet, number: quiet.measure(Steady.once, bench, count))
        return {**median_of(rounds, "p50_ms", "p99_ms", "max_ms", "sink_p50_ms", "sink_p99_ms"),
                "messages": count * len(rounds), "foreign": spread(r["foreign"] for r in rounds), "rounds": rounds}

    @staticmethod
    def show(result, out):
        print(f"{STEADY_RATE} webhooks/s: answered after {result['p50_ms']:.1f} ms (p50), {result['p99_ms']:.1f} (p99), "
              f"{result['max_ms']:.1f} (max); the ticket at the sink after {result['sink_p50_ms']:.1f} and "
              f"{result['sink_p99_ms']:.1f} ms", file=out)

    @staticmethod
    def judge(result):
        return [(result["p99_ms"] <= BAR_P99_MS, f"p99 {result['p99_ms']:.1f} ms at {STEADY_RATE} webhooks a second, "
                                                 f"at most {BAR_P99_MS} is wanted")]

    @staticmethod
    def record(result):
        return result["messages"], {"offered_per_s": STEADY_RATE, "p50_ms": round(result["p50_ms"], 2),
                                    "p99_ms": round(result["p99_ms"], 2)}


class Drain:
    """A helpdesk that was down comes back: events of many threads, several of each, in order."""

    @staticmethod
    def once(bench, events, **how):
        port, peak = free_port(), 0
        with bench.daemon(port, at_once=True, **how) as daemon:
            bench.load(daemon, events, contacts=max(1, events // BACKLOG_EACH))
            with bench.sink(port) as sink, Foreign(daemon.pid, sink.pid) as foreign:
                used = cpu_us(daemon.pid)
                # Somebody has acted: all that waits may be tried.
                daemon.reload()
                def watch():
                    nonlocal peak
                    peak = max(peak, anonymous_kib(daemon.pid))

                seen = wait_sunk(sink, "distinct", events, watch)
                used = cpu_us(daemon.pid) - used
            check_sunk(seen, "distinct", events)
        return {"rate": events / (seen["last_us"] - seen["first_us"]) * 1e6, "threads": seen["threads"],
                "repeated": seen["posts"] - events, "cpu_us": used / events, "peak_kib": peak,
                "foreign": foreign.share}

    @staticmethod
    def measure(bench):
        events = bench.count if bench.small else BACKLOG
        rounds = bench.each_round(lambda quiet, number: quiet.measure(Drain.once, bench, events))
        return {"rate": spread(r["rate"] for r in rounds), **median_of(rounds, "threads", "cpu_us"), "events": events,
                "messages": events * len(rounds), "foreign": spread(r["foreign"] for r in rounds), "rounds": rounds}

    @staticmethod
    def show(result, out):
        print(f"{result['events']} events of {result['threads']:.0f} threads left at {result['rate']['median']:.0f}/s, each "
              f"thread's in order, {result['cpu_us']:.0f} us of the daemon's CPU each", file=out)

    @staticmethod
    def judge(result):
        rate, cores = result["rate"]["median"], os.cpu_count()
        return [(rate >= BAR_DRAIN, f"a backlog of {result['events']} events left at {rate:.0f}/s on {cores} cores, "
                                    f"at least {BAR_DRAIN} is wanted")]

    @staticmethod
    def record(result):
        return result["messages"], {"events_per_s": round(result["rate"]["median"]),
                                    "cpu_us_per_event": round(result["cpu_us"])}


class Desk:
    """A helpdesk that is spoken to by a preset: one call for a ticket, made of its templates and judged by its outcomes; then a
    backlog."""

    HOW = {"desk": f"preset: {pathlib.Path(__file__).resolve().parent / 'desk.yaml'}, on_ambiguous: hold"}

    @staticmethod
    def once(bench, count, events):
        tickets = EndToEnd.once(bench, count, **Desk.HOW)
        backlog = Drain.once(bench, events, **Desk.HOW)
        return {"rate": tickets["rate"], "cpu_us": tickets["cpu_us"], "drain": backlog["rate"], "drain_cpu_us": backlog["cpu_us"],
                "threads": backlog["threads"], "peak_kib": max(tickets["peak_kib"], backlog["peak_kib"]),
                "foreign": max(tickets["foreign"], backlog["foreign"])}

    @staticmethod
    def measure(bench):
        events = bench.count if bench.small else BACKLOG
        rounds = bench.each_round(lambda quiet, number: quiet.measure(Desk.once, bench, bench.count, events))
        return {**median_of(rounds, "rate", "cpu_us", "drain", "drain_cpu_us", "threads"), "events": events,
                "peak_kib": max(r["peak_kib"] for r in rounds), "messages": (bench.count + events) * len(rounds),
                "foreign": spread(r["foreign"] for r in rounds), "rounds": rounds}

    @staticmethod
    def show(result, out):
        print(f"by a preset: {result['rate']:.0f} tickets/s at the sink, {result['cpu_us']:.0f} us of CPU each; a backlog of "
              f"{result['events']} events of {result['threads']:.0f} threads left at {result['drain']:.0f}/s in order, "
              f"{result['drain_cpu_us']:.0f} us each, {result['peak_kib'] / 1024:.1f} MiB at most", file=out)

    @staticmethod
    def judge(result):
        return [(result["cpu_us"] <= BAR_DESK_CPU_US, f"{result['cpu_us']:.0f} us of CPU for a ticket by a preset, at most "
                                                      f"{BAR_DESK_CPU_US} is wanted"),
                (result["peak_kib"] < BAR_MEMORY_KIB, f"at most {result['peak_kib'] / 1024:.1f} MiB anonymous memory with a backlog "
                                                      f"of {result['events']} events, less than {BAR_MEMORY_KIB // 1024} is wanted")]

    @staticmethod
    def record(result):
        return result["messages"], {"tickets_per_s": round(result["rate"]), "cpu_us_per_ticket": round(result["cpu_us"]),
                                    "backlog_events_per_s": round(result["drain"])}
