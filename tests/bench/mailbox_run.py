"""A mailbox: how long after its delivery a mail is stored, and how many a second are, from Dovecot's bytes to the stored
message, beside npm's mailparser and Python's email, which only read the same bytes."""

import os
import sys
import threading
import time

import mail
from gear import TOP, Foreign, spread

BAR_MEDIAN_S = 0.6      # half a second of it is Dovecot's own (NOTIFY_DELAY_MSECS)
ONE_BY_ONE = 40
ME = "bench@example.org"


def numbered(number):
    """The small mail as another person's."""
    raw = mail.small().replace(b"<1@example.com>", b"<m%d@example.com>" % number)
    return raw.replace(b"ana@example.com", b"ana%d@example.com" % number).replace(b"\n", b"\r\n")


def stored(gateway):
    return len(gateway.subjects())


def wait_stored(gateway, want, pause):
    seen, moved = stored(gateway), time.monotonic()
    while seen < want:
        time.sleep(pause)
        now = stored(gateway)
        if now != seen:
            moved = time.monotonic()
        elif time.monotonic() - moved > 60:
            raise SystemExit(f"bench: {now} of {want} mails were stored, then none for a minute")
        seen = now


def latency(server, gateway):
    times = []
    for number in range(ONE_BY_ONE):
        server.deliver(ME, numbered(number))
        begun = time.monotonic()
        wait_stored(gateway, number + 1, 0.002)
        times.append(time.monotonic() - begun)
    return sorted(times)


def once(bench, count):
    os.environ["HEADGATE_BUILD"] = str(bench.build)
    sys.path.append(str(TOP / "tests" / "functional"))
    import dovecot
    import mail_gateway
    folder = bench.folder()
    folder.mkdir()
    (folder / "server").mkdir()
    server = dovecot.Dovecot(folder / "server").start()
    try:
        with mail_gateway.gateway(folder / "live", server.channel(ME)) as gateway:
            gateway.wait_log("email.open")
            times = latency(server, gateway)
        many = [numbered(number) for number in range(ONE_BY_ONE, ONE_BY_ONE + count)]
        halves = [threading.Thread(target=server.deliver, args=(ME, part)) for part in (many[::2], many[1::2])]
        for half in halves:
            half.start()
        for half in halves:
            half.join()
        with Foreign(server.process.pid) as foreign:
            begun = time.monotonic()
            # What lies there for a day is asked for: also the forty of before.
            with mail_gateway.gateway(folder / "backfill", server.channel(ME, imap="backfill: 1d")) as gateway:
                wait_stored(gateway, ONE_BY_ONE + count, 0.05)
                took = time.monotonic() - begun
    finally:
        server.close()
    return {"median_s": times[len(times) // 2], "max_s": times[-1], "stored_per_s": (ONE_BY_ONE + count) / took,
            "foreign": foreign.share}


def measure(bench):
    count = 100 if bench.small else 4000
    others = {name: (how, fewer) for name, how, fewer in mail.ways(bench) if name in ("mailparser", "python")}
    path = bench.folder()
    path.write_bytes(mail.small())

    def one_round(quiet, _):
        result = quiet.measure(once, bench, count)
        for name, (how, fewer) in others.items():
            result[name] = quiet.measure(mail.measured, how, path, max(20 if bench.small else 30_000 // fewer, 4))["per_s"]
        return result

    rounds = bench.each_round(one_round)
    return {"rounds": rounds, "messages": sum(count + 2 * ONE_BY_ONE for _ in rounds),
            "median_s": spread([each["median_s"] for each in rounds]),
            "stored_per_s": spread([each["stored_per_s"] for each in rounds]),
            **{name: spread([each[name] for each in rounds]) for name in others},
            "foreign": spread([each["foreign"] for each in rounds])}


def show(result, out):
    print(f"delivered to stored: {result['median_s']['median']:.3f} s (median), "
          f"{max(each['max_s'] for each in result['rounds']):.3f} s (max)", file=out)
    print(f"from the mailbox to stored messages: {result['stored_per_s']['median']:.0f} mails/s; reading alone: "
          f"mailparser {result['mailparser']['median']:.0f}/s, Python's email {result['python']['median']:.0f}/s", file=out)


def judge(result):
    median = result["median_s"]["max"]
    return [(median <= BAR_MEDIAN_S, f"{median:.3f} s from a mail's delivery to its storing, at most {BAR_MEDIAN_S} is wanted")]


def record(result):
    return result["messages"], {"median_s": round(result["median_s"]["max"], 3),
                                "stored_per_s": round(result["stored_per_s"]["median"])}
