"""A season's peak: 71 times the usual for a minute.  What the daemon cannot take in time it refuses with 503, and that
comes again a second later, as providers do; what it said 200 to must be there."""

import contextlib
import sqlite3

from gear import Foreign, spread

USUAL = 100             # webhooks a second: more than eight million a day
TIMES = 71
SECONDS = 60
USUAL_SECONDS = 5


def stored(daemon):
    with contextlib.closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, timeout=60)) as database:
        # Lines about tickets, which conversations become after a while, have no id of the provider's.
        return database.execute("SELECT count(external_id), count(DISTINCT external_id) FROM message").fetchone()


def once(bench):
    usual, seconds = (20, 2) if bench.small else (USUAL, SECONDS)
    before, many = usual * USUAL_SECONDS, usual * TIMES * seconds
    with bench.sink() as sink, bench.daemon(sink.port) as daemon, Foreign(daemon.pid) as foreign:
        calm = bench.load(daemon, before, rate=usual)
        peak = bench.load(daemon, many, rate=usual * TIMES, first=before, connections=256, redeliver=True)
        rows, ids = stored(daemon)
    return {"usual": usual, "offered": usual * TIMES, "seconds": seconds, "calm_p99_ms": calm["p99_ms"], "messages": before + many,
            "acknowledged": calm["ok"] + peak["ok"], "stored": rows, "ids": ids, "refused": peak["redelivered"],
            "peak_s": peak["seconds"], "p50_ms": peak["p50_ms"], "p99_ms": peak["p99_ms"], "max_ms": peak["max_ms"],
            "foreign": foreign.share}


def measure(bench):
    quiet = bench.quiet()
    quiet.wait()
    result = once(bench)
    lost = result["acknowledged"] - result["ids"]
    if lost or result["stored"] != result["ids"] or result["acknowledged"] != result["messages"]:
        raise SystemExit(f"bench: {result['acknowledged']} of {result['messages']} were acknowledged, {result['ids']} of them "
                         f"are stored, in {result['stored']} rows")
    return {**result, "foreign": spread([result["foreign"]])}


def show(result, out):
    print(f"{result['usual']} webhooks/s, then {result['offered']}/s for {result['seconds']} s: {result['acknowledged']} acknowledged "
          f"and all of them stored once; {result['refused']} refused with 503 and taken later; p50 {result['p50_ms']:.1f} ms, "
          f"p99 {result['p99_ms']:.1f}, max {result['max_ms']:.1f} (p99 before: {result['calm_p99_ms']:.1f})", file=out)


def judge(result):
    # measure() ends the run when one is missing.  How long it took is told: it says how large the usual may be.
    return [(True, f"{result['acknowledged']} acknowledged, {result['stored']} stored")]


def record(result):
    return result["acknowledged"], {"offered_per_s": result["offered"], "refused_and_taken_later": result["refused"],
                                    "p99_ms": round(result["p99_ms"], 1)}
