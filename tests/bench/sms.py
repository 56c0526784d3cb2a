"""Short messages over SMPP, in and out, each on disk before it is answered, beside Kannel 1.4.5 with its store of files: the same
operator, machine and run.  Kannel writes its store without a flush, and keeps no conversations."""

import http.client
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
import urllib.parse

from gear import TOP, Foreign, free_port, spread, tree_cpu_us

WINDOW = 200            # deliver_sm that are not answered
PEOPLE = 400
CALLERS = 8             # who send answers, each on a connection of his own
OURS = "447700900001"

CONFIG = """\
config_version: 1
console: { enabled: false }
gateway: { name: Acme, listen: 127.0.0.1:0, socket: @FOLDER@/ctl.sock, log_level: warn, max_per_address: 1000 }
store: { path: @FOLDER@/store/headgate.db, min_free: 1MiB, ballast: 1MiB }
default: hold
settle: 1h
first_response: 7d
channels:
  sms: { adapter: smpp, host: 127.0.0.1, port: %d, system_id: acme, password: env:BENCH_PASSWORD, from: "%s", rate: 1000, submit_window: 100 }
api:
  tokens:
    bench: { token: env:TEST_API_TOKEN, scopes: [read, reply, convert, link, admin] }
"""

KANNEL = """\
group = core
admin-port = {admin}
admin-password = bench
smsbox-port = {box}
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
log-file = "{folder}/bearerbox.log"
log-level = 2
store-type = file
store-location = "{folder}/kannel.store"

group = smsc
smsc = smpp
smsc-id = operator
host = 127.0.0.1
port = {port}
transceiver-mode = true
smsc-username = acme
smsc-password = secret08
system-type = ""
max-pending-submits = 100

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {send}
global-sender = {ours}
log-file = "{folder}/smsbox.log"
log-level = 2

group = sms-service
keyword = default
catch-all = true
max-messages = 0
text = "none"

group = sendsms-user
username = bench
password = bench
"""


def pdu(command, sequence, body=b"", status=0):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


class Operator:
    """A transceiver's other end; the fewest steps that a socket of Python's needs."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.line, self.bound = None, threading.Event()
        self.room, self.good, self.bad, self.taken = threading.Semaphore(WINDOW), 0, 0, 0
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                self.line, _ = self.listener.accept()
            except OSError:
                return
            self.line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.read, args=(self.line,), daemon=True).start()

    def read(self, line):
        data = b""
        try:
            while more := line.recv(1 << 18):
                data, out, at = data + more, [], 0
                while len(data) - at >= 16 and len(data) - at >= (n := int.from_bytes(data[at:at + 4], "big")):
                    _, command, status, sequence = struct.unpack_from(">IIII", data, at)
                    self.take(command, status, sequence, out)
                    at += n
                data = data[at:]
                if out:
                    line.sendall(b"".join(out))
        except OSError:
            pass

    def take(self, command, status, sequence, out):
        if command == 0x80000005:
            self.good, self.bad = self.good + (not status), self.bad + bool(status)
            self.room.release()
        elif command == 4:
            self.taken += 1
            out.append(pdu(0x80000004, sequence, b"%08d\0" % self.taken))
        elif command == 9:
            out.append(pdu(0x80000009, sequence, b"SMSC\0"))
            self.bound.set()
        elif not command & 0x80000000:
            out.append(pdu(command | 0x80000000, sequence))

    def pump(self, count):
        """So many messages in; seconds until the last was answered."""
        wrong, want, begun = self.bad, self.good + count, time.monotonic()
        for n in range(count):
            body = (b"\0\1\1%d\0\1\1%s\0\0\0\0\0\0\0\0\0\0" % (447700100000 + n % PEOPLE, OURS.encode()))
            text = b"My order number %d has not arrived yet" % n
            self.room.acquire()
            self.line.sendall(pdu(5, n % 0x7FFFFFFE + 1, body + bytes([len(text)]) + text))
        wait(lambda: self.good + self.bad - wrong >= want, "answers to what came in")
        if self.bad != wrong:
            raise SystemExit(f"bench: {self.bad - wrong} of {count} messages were put off")
        return time.monotonic() - begun

    def close(self):
        self.listener.close()
        if self.line:
            self.line.close()


def wait(check, what, patience=120):
    end = time.monotonic() + patience
    while not check():
        if time.monotonic() > end:
            raise SystemExit(f"bench: waited {patience} s for {what}")
        time.sleep(0.002)


def calls(port, count, make):
    """Count requests on CALLERS connections; make(n): method, path, body, headers."""
    failed = []

    def caller(first):
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        for n in range(first, count, CALLERS):
            line.request(*make(n))
            reply = line.getresponse()
            said = reply.read()
            if reply.status != 202:
                failed.append((reply.status, said[:200]))
                return

    threads = [threading.Thread(target=caller, args=(first,)) for first in range(CALLERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise SystemExit(f"bench: an answer was refused: {failed[0]}")


def both_ways(operator, pids, count_in, count_out, send):
    """What it costs: send(count) sends so many answers."""
    def cpu():
        return sum(tree_cpu_us(pid) for pid in pids)

    with Foreign(*pids) as foreign:
        before = cpu()
        seconds = operator.pump(count_in)
        time.sleep(0.2)		# what it does behind its answer counts too
        middle, begun, want = cpu(), time.monotonic(), operator.taken + count_out
        send(count_out)
        wait(lambda: operator.taken >= want, "what was sent")
        took = time.monotonic() - begun
        time.sleep(0.2)
        after = cpu()
    return {"in_per_s": count_in / seconds, "in_us": (middle - before) / count_in, "out_per_s": count_out / took,
            "out_us": (after - middle) / count_out, "foreign": foreign.share}


def headgate(bench, counts):
    os.environ["HEADGATE_BUILD"] = str(bench.build)
    sys.path.append(str(TOP / "tests" / "functional"))
    import harness
    operator, folder = Operator(), bench.folder()
    folder.mkdir()
    gateway = harness.Gateway(folder, CONFIG % (operator.port, OURS), dict(BENCH_PASSWORD="secret08")).start()
    try:
        wait(operator.bound.is_set, "headgate's bind")
        operator.pump(PEOPLE)
        threads = [t["id"] for t in gateway.threads(limit=500)]
        token = {"Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "application/json"}

        def send(count):
            calls(gateway.port, count, lambda n: ("POST", f"/v1/threads/{threads[n % len(threads)]}/replies", b'{"text":"It leaves today, sorry."}',
                                                  dict(token, **{"Idempotency-Key": f'"bench-{n}"'})))
        return both_ways(operator, [gateway.process.pid], *counts, send)
    finally:
        gateway.stop()
        operator.close()


def kannel(bench, counts):
    operator, folder, boxes = Operator(), pathlib.Path(bench.folder()), []
    folder.mkdir()
    ports = dict(admin=free_port(), box=free_port(), send=free_port())
    (folder / "kannel.conf").write_text(KANNEL.format(folder=folder, port=operator.port, ours=OURS, **ports))
    try:
        for name in ("bearerbox", "smsbox"):
            boxes.append(subprocess.Popen([shutil.which(name, path="/usr/sbin:/usr/bin"), str(folder / "kannel.conf")],
                                          stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            wait(lambda: listens(ports["box" if name == "bearerbox" else "send"]), name)
        wait(operator.bound.is_set, "Kannel's bind")
        operator.pump(PEOPLE)

        def send(count):
            calls(ports["send"], count, lambda n: ("GET", "/cgi-bin/sendsms?" + urllib.parse.urlencode(dict(
                username="bench", password="bench", to=str(447700100000 + n % PEOPLE), text="It leaves today, sorry."))))
        return both_ways(operator, [box.pid for box in boxes], *counts, send)
    finally:
        for box in reversed(boxes):
            box.terminate()
            box.wait(30)
        operator.close()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def measure(bench):
    counts = (500, 200) if bench.small else (bench.chosen.count, bench.chosen.count // 8)
    ways = {"headgate": headgate, **({"kannel": kannel} if shutil.which("bearerbox", path="/usr/sbin:/usr/bin") else {})}
    rounds = bench.each_round(lambda quiet, _: {name: quiet.measure(way, bench, counts) for name, way in ways.items()})
    ratios = {} if "kannel" not in ways else {
        figure: spread([each["headgate"][figure] / each["kannel"][figure] for each in rounds])
        for figure in ("in_per_s", "in_us", "out_per_s", "out_us")}
    return {"messages": sum(counts) * len(rounds), "rounds": rounds, "ratios": ratios}


def show(result, out):
    for name, got in result["rounds"][-1].items():
        print(f"{name}: {got['in_per_s']:.0f}/s in, {got['in_us']:.0f} us of CPU each; {got['out_per_s']:.0f}/s out, {got['out_us']:.0f} us",
              file=out)
    for figure, ratio in result["ratios"].items():
        print(f"{figure}: {ratio['min']:.2f} to {ratio['max']:.2f} times Kannel's", file=out)
    if not result["ratios"]:
        print("Kannel is not installed: apt-get install --no-install-recommends kannel", file=out)


BAR_IN = 2000           # a second, each on disk before its deliver_sm_resp


def judge(result):
    slowest = min(each["headgate"]["in_per_s"] for each in result["rounds"])
    return [(slowest >= BAR_IN, f"{slowest:.0f} short messages a second stored and answered, at least {BAR_IN} are wanted")]


def record(result):
    return result["messages"], {"in_per_s": round(min(each["headgate"]["in_per_s"] for each in result["rounds"]))}
