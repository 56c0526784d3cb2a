"""What a team would write instead, in the same run: Node with fastify, a signature check and pg on PostgreSQL
as it is set up by default (fsync and synchronous_commit on).  Once with three statements in a transaction,
once with one statement for all.  Both keep far less than headgate does (node/server.js says what)."""

import contextlib
import filecmp
import os
import pathlib
import pwd
import shutil
import signal
import subprocess
import time

from gear import Foreign, SECRET, Served, load, median_of, spread, spread_text, table, tree_cpu_us

HERE = pathlib.Path(__file__).resolve().parent / "node"
CONNECTIONS = (64, 256)
MODES = ("transaction", "cte")
BAR_BETTER, BAR_OTHER = 2, 4
PEER_COUNT = 20000      # of one measurement at most: it is slower


# ---- PostgreSQL ----

def postgres_bin(name):
    found = sorted(pathlib.Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: float(path.parts[4]))
    if found:
        return str(found[-1])
    if on_path := shutil.which(name):
        return on_path
    raise SystemExit(f"bench: {name} is not here: install Debian's postgresql (its service need not run)")


def account():
    """PostgreSQL does not run as root: then somebody else's rights are taken."""
    if os.geteuid():
        return {}
    names = {entry.pw_name for entry in pwd.getpwall()}
    user = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


class Postgres:
    """A cluster of our own in a folder, reached by a socket in it; nothing of the system's is touched."""

    def __init__(self, folder):
        self.folder, self.more = folder, account()

    def __enter__(self):
        data = self.folder / "data"
        self.folder.mkdir(mode=0o700)
        if self.more:
            os.chown(self.folder, self.more["user"], self.more["group"])
            self.folder.parent.chmod(0o711)
        self.run(postgres_bin("initdb"), "-D", data, "-U", "bench", "-A", "trust", "-E", "UTF8", "--locale=C")
        with (self.folder / "log").open("w") as log:
            self.child = subprocess.Popen([postgres_bin("postgres"), "-D", data, "-k", self.folder, "-h", ""],
                                          cwd=self.folder, stdout=log, stderr=log, env=self.environment(), **self.more)
        try:
            self.wait_ready()
            self.run(*self.psql("postgres"), "-f", "-", input=(HERE / "schema.sql").read_text())
            for name in ("fsync", "synchronous_commit", "full_page_writes"):
                if self.ask(f"SHOW {name}") != "on":
                    raise SystemExit(f"bench: PostgreSQL runs with {name} {self.ask(f'SHOW {name}')}: no fair comparison")
        except BaseException:
            self.stop()
            raise
        self.pid = self.child.pid
        return self

    def __exit__(self, *failed):
        self.stop()
        shutil.rmtree(self.folder)

    def stop(self):
        self.child.send_signal(signal.SIGINT)   # fast: connections are ended
        self.child.wait(60)

    def environment(self):
        return {"PATH": os.environ["PATH"], "LC_ALL": "C", "HOME": str(self.folder)}

    def run(self, *argv, **more):
        done = subprocess.run([str(word) for word in argv], cwd=self.folder, env=self.environment(), text=True,
                              capture_output=True, **more, **self.more)
        if done.returncode:
            raise SystemExit(f"bench: {argv[0]}: {done.stderr.strip()}\nEach folder above {self.folder} has to let "
                             "other users through; --scratch names another one.")
        return done.stdout.strip()

    def reach(self, database="postgres"):
        return ["-h", self.folder, "-U", "bench", "-d", database, "-X"]

    def psql(self, database):
        return [postgres_bin("psql"), *self.reach(database), "-q", "-v", "ON_ERROR_STOP=1"]

    def wait_ready(self):
        until = time.monotonic() + 60
        while subprocess.run([postgres_bin("pg_isready"), "-q", "-h", str(self.folder)]).returncode:
            if self.child.poll() is not None or time.monotonic() > until:
                raise SystemExit("bench: PostgreSQL did not start:\n" + (self.folder / "log").read_text())
            time.sleep(0.1)

    def ask(self, sql):
        return self.run(postgres_bin("psql"), *self.reach(), "-A", "-t", "-c", sql)


# ---- Node ----

def install(build, source=HERE):
    """What source needs, as its lock file says, in the build; again only when that changed.  Its script."""
    folder = build / "tests" / "bench" / source.name
    folder.mkdir(parents=True, exist_ok=True)
    installed, [script] = folder / "installed", source.glob("*.js")
    for path in (source / "package.json", source / "package-lock.json", script):
        shutil.copy(path, folder / path.name)
    if not installed.exists() or not filecmp.cmp(source / "package-lock.json", installed, shallow=False):
        done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=folder, text=True,
                              capture_output=True)
        if done.returncode:
            raise SystemExit(f"bench: npm ci failed: {done.stderr.strip()}")
        shutil.copy(source / "package-lock.json", installed)
    return folder / script.name


def measure_node(bench, mode, connections, count):
    server = install(bench.build)
    with Postgres(bench.folder()) as postgres, \
            Served(["node", server, mode, postgres.folder], env={**os.environ, "BENCH_APP_SECRET": SECRET}) as node:
        # JIT and prepared statements are warm when it counts, as a service's are.
        load(bench.build, node.port, count // 5, connections=connections)
        with Foreign(node.pid, postgres.pid) as foreign:
            begun = tree_cpu_us(node.pid) + tree_cpu_us(postgres.pid)
            result = load(bench.build, node.port, count, connections=connections, first=count)
            result["cpu_us"] = (tree_cpu_us(node.pid) + tree_cpu_us(postgres.pid) - begun) / count
        kept = int(postgres.ask("SELECT count(*) FROM message JOIN outbox ON message_id = message.id"))
        if kept != count + count // 5:
            raise SystemExit(f"bench: Node kept {kept} messages of {count + count // 5}")
    return {**result, "foreign": foreign.share}


def measure_daemon(bench, connections, count):
    with contextlib.ExitStack() as stack:
        sink = stack.enter_context(bench.sink())
        daemon = stack.enter_context(bench.daemon(sink.port))
        bench.load(daemon, count // 5, connections=connections)
        foreign = stack.enter_context(Foreign(daemon.pid))
        begun = tree_cpu_us(daemon.pid)
        result = bench.load(daemon, count, connections=connections, first=count)
        result["cpu_us"] = (tree_cpu_us(daemon.pid) - begun) / count
    return {**result, "foreign": foreign.share}


# ---- the comparison ----

def measure_round(bench, quiet):
    result, few = {}, min(bench.count, PEER_COUNT)
    for connections in CONNECTIONS:
        bench.say(f"{connections} connections")
        result[connections] = {"headgate": quiet.measure(measure_daemon, bench, connections, bench.count)}
        for mode in MODES:
            result[connections][mode] = quiet.measure(measure_node, bench, mode, connections, few)
    return result


def measure(bench):
    rounds = bench.each_round(lambda quiet, number: measure_round(bench, quiet))
    out = {"connections": {}, "rounds": rounds, "messages": len(rounds) * len(CONNECTIONS) * bench.count}
    for connections in CONNECTIONS:
        cells = {who: [r[connections][who] for r in rounds] for who in ("headgate", *MODES)}
        row = {who: median_of(cells[who], "rate", "p50_ms", "p99_ms", "cpu_us") for who in cells}
        better = max(MODES, key=lambda mode: row[mode]["rate"])
        other = next(mode for mode in MODES if mode != better)
        for name, mode in (("of_better", better), ("of_other", other)):
            row[name] = spread(ours["rate"] / theirs["rate"] for ours, theirs in zip(cells["headgate"], cells[mode]))
        out["connections"][connections] = {**row, "better": better}
    out["foreign"] = spread(cell["foreign"] for r in rounds for row in r.values() for cell in row.values())
    return out


def show(result, out):
    rows = []
    for connections, row in result["connections"].items():
        for who in ("headgate", *MODES):
            ratio = row["of_better" if who == row["better"] else "of_other"] if who in MODES else None
            rows.append([str(connections), who if who == "headgate" else f"Node, {who}", f"{row[who]['rate']:.0f}",
                         f"{row[who]['p50_ms']:.2f}", f"{row[who]['p99_ms']:.2f}", f"{row[who]['cpu_us']:.0f}",
                         spread_text(ratio) if ratio else ""])
    table(out, ["connections", "", "durable/s", "p50 ms", "p99 ms", "CPU us", "headgate is times as fast"], rows)


def judge(result):
    verdicts = []
    for connections, row in result["connections"].items():
        for name, bar, words in (("of_better", BAR_BETTER, "the better"), ("of_other", BAR_OTHER, "the other")):
            ratio = row[name]["median"]
            verdicts.append((ratio >= bar, f"at {connections} connections {ratio:.1f} times {words} way of Node and "
                                           f"PostgreSQL, at least {bar} is wanted"))
    return verdicts


def record(result):
    return result["messages"], {f"times_{words}_at_{connections}": round(row[name]["median"], 1)
                                for connections, row in result["connections"].items()
                                for name, words in (("of_better", "the_better"), ("of_other", "the_other"))}
