"""Reading mail: our parser alone and the whole way through a helper process, beside npm's mailparser and Python's email on
the same bytes.  Each reads text, HTML and files; only ours finds what is new in a reply."""

import base64
import email
import email.policy
import json
import quopri
import subprocess
import time

import peer
from gear import TOP, Foreign, spread

MAILPARSER = TOP / "tests" / "bench" / "mailparser"
BAR_PARSER = 10_000     # mails of 5 kB a second and core, in the parser
BAR_LARGE = 3_000       # of 54 kB
BAR_TIMES = 5           # mailparser's, the whole way
WORDS = "The parcel came on Tuesday, but one of the cups is broken; could you send another one? Grüße aus Köln. "


def quoted(text):
    return quopri.encodestring(text.encode()).decode("ascii")


def head(kind):
    return (f"Return-Path: <ana@example.com>\nReceived: from mx.example.com by mx.acme.example; Tue, 3 Mar 2026 09:14:11 +0100\n"
            f"From: =?utf-8?Q?Ana_Mar=C3=ADa?= <ana@example.com>\nTo: Acme <help@acme.example>\nSubject: =?utf-8?Q?R=C3=BCckfrage?=\n"
            f"Date: Tue, 3 Mar 2026 09:14:10 +0100\nMessage-ID: <1@example.com>\nIn-Reply-To: <0@acme.example>\nMIME-Version: 1.0\n{kind}")


def small():
    """About 5 kB: an answer in quoted-printable above what it answers."""
    body = WORDS * 20 + "\n\nOn Mon, 2 Mar 2026 at 8:00, Acme <help@acme.example> wrote:\n\n" + ("> " + WORDS + "\n") * 20
    return (head("Content-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n") + quoted(body)).encode()


def large():
    """About 54 kB: text, HTML and a picture in it."""
    html = "<html><body>" + "".join(f"<p style='color:#333'>{WORDS}<a href='https://example.com/{n}'>more</a></p>" for n in range(60))
    picture = base64.encodebytes(bytes(n * 7 % 256 for n in range(25_000))).decode()
    return (head("Content-Type: multipart/related; boundary=r\n\n--r\nContent-Type: multipart/alternative; boundary=a\n\n") +
            "--a\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + quoted(WORDS * 40) +
            "\n--a\nContent-Type: text/html; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\n" + quoted(html) +
            "\n--a--\n--r\nContent-Type: image/png; name=cup.png\nContent-ID: <p1@example.com>\nContent-Disposition: inline\n"
            "Content-Transfer-Encoding: base64\n\n" + picture + "\n--r--\n").encode()


def run(*argv):
    done = subprocess.run([str(word) for word in argv], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"bench: {argv[0]} failed: {done.stderr[-1000:]}")
    return json.loads(done.stdout)


def python_once(raw):
    message = email.message_from_bytes(raw, policy=email.policy.default)
    read = [str(message[name]) for name in ("From", "To", "Subject", "Date", "Message-ID")]
    return read + [part.get_content() for part in message.walk() if not part.is_multipart()]


def python(path, count):
    raw, begin, cpu = path.read_bytes(), time.perf_counter(), time.process_time()
    for _ in range(count):
        python_once(raw)
    return {"per_s": count / (time.perf_counter() - begin), "own_us": (time.process_time() - cpu) * 1e6 / count}


def measured(how, path, count):
    """Mails a second and core: by CPU time, that of the helper too."""
    with Foreign() as foreign:
        result = how(path, count)
    return {**result, "per_core": 1e6 / (result["own_us"] + result.get("helper_us", 0)), "foreign": foreign.share}


def ways(bench):
    """Name, how it is run with a mail and a count, and how many times fewer mails make the same time."""
    ours, helper = bench.build / "tests/bench/bench_mail", bench.build / "headgate-mail"
    script = peer.install(bench.build, MAILPARSER)
    return [("parser", lambda path, count: run(ours, "parse", path, count), 1),
            ("helper", lambda path, count: run(ours, "helper", path, count, helper), 1),
            ("mailparser", lambda path, count: run("node", script, path, count), 15), ("python", python, 15)]


def measure(bench):
    mails = {"small": (small(), 200 if bench.small else 30_000), "large": (large(), 60 if bench.small else 6_000)}
    folder = bench.folder()
    folder.mkdir()
    for name, (raw, _) in mails.items():
        (folder / name).write_bytes(raw)

    def one_round(quiet, _):
        return {name: {way: quiet.measure(measured, how, folder / name, max(count // fewer, 4)) for way, how, fewer in ways(bench)}
                for name, (_, count) in mails.items()}

    rounds = bench.each_round(one_round)
    return {"bytes": {name: len(raw) for name, (raw, _) in mails.items()}, "rounds": rounds,
            "parser": {name: spread([each[name]["parser"]["per_core"] for each in rounds]) for name in mails},
            "times": {other: spread([each["small"]["helper"]["per_core"] / each["small"][other]["per_core"] for each in rounds])
                      for other in ("mailparser", "python")}}


def show(result, out):
    for name, size in result["bytes"].items():
        print(f"{size} bytes, a core: " + ", ".join(f"{way} {result['rounds'][-1][name][way]['per_core']:.0f}/s"
                                            for way in result["rounds"][-1][name]), file=out)
    print("the whole way, of the small one: " + ", ".join(f"{times['min']:.1f} to {times['max']:.1f} times {other}"
                                                         for other, times in result["times"].items()), file=out)


def judge(result):
    small_ones, large_ones, times = (result["parser"]["small"]["min"], result["parser"]["large"]["min"],
                                     result["times"]["mailparser"]["min"])
    return [(small_ones >= BAR_PARSER, f"{small_ones:.0f} mails of 5 kB a second in the parser, at least {BAR_PARSER} are wanted"),
            (large_ones >= BAR_LARGE, f"{large_ones:.0f} of 54 kB, at least {BAR_LARGE}"),
            (times >= BAR_TIMES, f"{times:.1f} times mailparser the whole way, at least {BAR_TIMES}")]


def record(result):
    return len(result["rounds"]), {"parser_per_s": round(result["parser"]["small"]["min"]),
                                   "times_mailparser": round(result["times"]["mailparser"]["min"], 1)}
