"""Slow clients and floods: thousands of connections beside good requests, which are all answered.

Nothing here depends on how fast the machine is: what is counted are answers, refusals by rule, descriptors and memory.  All
connections of an attack are driven by one thread."""
import concurrent.futures
import contextlib
import json
import os
import resource
import select
import shutil
import socket
import struct
import subprocess
import time

import pytest

import conftest
import harness
from raw_http import Raw
from records import record

FULL = bool(os.environ.get("HEADGATE_FULL"))
SLOW = 1000
SEQUENCE = 1000000 if FULL else 100000
HOST = b"Host: gateway.example\r\n"
GET = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
GOOD, ATTACKER = "127.0.0.9", "127.0.0.2"
MEMORY = 64 << 20		# bytes that an attack may cost


class Target(conftest.Target):
    def __init__(self, folder, **limits):
        lines = "".join(f"  {name}: {value}\n" for name, value in limits.items())
        super().__init__(folder, change=("  max_per_address: 1000\n", lines))

    def http(self):
        """Asked over the socket, which no flood can fill."""
        done = self.gateway.ctl("status", "--json")
        return json.loads(done.stdout)["http"]

    def refused(self, word):
        return self.http()["refused"].get(word, 0)

    def wait_alone(self):
        harness.wait_until(lambda: self.http()["connections"] <= 1, "the end of all connections")

    def descriptors(self):
        return len(os.listdir(f"/proc/{self.gateway.process.pid}/fd"))

    def connect(self, source=ATTACKER, buffer=None):
        client = socket.socket()
        client.settimeout(harness.PATIENCE)
        if buffer:
            client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        client.bind((source, 0))
        client.connect(("127.0.0.1", self.gateway.port))
        return client

    def hook(self, text):
        body = self.graph.encode(self.graph.text("+447700900123", text))
        return (f"POST /channel/wa-main/webhook HTTP/1.1\r\nHost: gateway.example\r\nX-Hub-Signature-256: {self.graph.sign(body)}\r\n"
                f"Content-Length: {len(body)}\r\n\r\n").encode() + body


class Good:
    """Requests that are in order, one after the other, until told to stop; each has to be answered 200."""

    def __init__(self, target):
        self.target, self.going, self.answers = target, True, 0
        self.pool = concurrent.futures.ThreadPoolExecutor(1)
        self.task = self.pool.submit(self.run)

    def run(self):
        while self.going:
            with Raw(self.target.gateway.port, source=GOOD) as raw:
                for i in range(20):
                    text = f"good {self.answers}"
                    reply = raw.send(self.target.hook(text) if i % 4 == 0 else GET).reply()
                    assert reply is not None and reply.status == 200, reply
                    self.answers += 1
        return self.answers

    def stop(self):
        self.going = False
        answers = self.task.result(harness.PATIENCE)
        self.pool.shutdown()
        assert answers >= 20
        return answers


@contextlib.contextmanager
def good_requests(target):
    good = Good(target)
    try:
        yield good
    finally:
        good.stop()


@pytest.fixture(scope="module", autouse=True)
def enough_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = SLOW * 3
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(wanted, hard), hard))


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    made = Target(tmp_path_factory.mktemp("floods"), max_connections=5000, max_per_address=4000, head_timeout="3s", body_timeout="3s",
                  idle_timeout="2s")
    yield made
    made.close()


def reset(client):
    """Ends a connection by RST, and leaves no port waiting behind."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


# ---- slow ones ----

def drip(clients, stop):
    """clients: socket -> bytes still to say.  A byte each in every second, until the other side has ended all; their last words."""
    poll, by_fd, heard = select.poll(), {}, {}
    for client in clients:
        client.setblocking(False)
        poll.register(client, select.POLLIN)
        by_fd[client.fileno()] = client
        heard[client] = b""
    beat = time.monotonic()
    while by_fd:
        assert time.monotonic() < stop, f"{len(by_fd)} slow clients are still there"
        for fd, _ in poll.poll(100):
            client = by_fd[fd]
            try:
                piece = client.recv(65536)
            except ConnectionError:
                piece = b""
            heard[client] += piece
            if not piece:
                poll.unregister(fd)
                del by_fd[fd]
        if time.monotonic() >= beat:
            beat += 1
            for client in by_fd.values():
                with contextlib.suppress(ConnectionError, BlockingIOError):
                    client.send(clients[client][:1])
                clients[client] = clients[client][1:]
    return heard


def test_a_thousand_slow_clients_are_ended_and_hold_up_nobody(target):
    hook = target.hook("never complete 7be1")
    head = hook.index(b"\r\n\r\n") + 4
    before, memory, descriptors = target.http()["refused"], target.memory("VmRSS"), target.descriptors()
    clients, kinds = {}, {}
    with good_requests(target):
        for i in range(SLOW):
            client = target.connect()
            kinds[client] = ("head", "body", "chunk", "silent")[i % 4]
            if kinds[client] == "body":
                client.sendall(hook[:head])
            elif kinds[client] == "chunk":
                client.sendall(b"POST /channel/wa-main/webhook HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n")
            clients[client] = {"head": b"GET /livez HTTP/1.1\r\nX: " + b"a" * 100, "body": hook[head:], "chunk": b"1\r\nx\r\n" * 100,
                               "silent": b""}[kinds[client]]
        assert target.memory("VmRSS") - memory < MEMORY
        heard = drip(clients, time.monotonic() + harness.PATIENCE)
    for client in clients:
        client.close()
    after = target.http()["refused"]
    grown = {word: after.get(word, 0) - before.get(word, 0) for word in ("deadline.head", "deadline.body")}
    assert grown == {"deadline.head": SLOW // 4, "deadline.body": SLOW // 2}
    for client, said in heard.items():
        assert (said == b"") if kinds[client] == "silent" else said.startswith(b"HTTP/1.1 408 "), (kinds[client], said)
    target.wait_alone()
    assert target.descriptors() <= descriptors + 5 and target.memory("VmRSS") - memory < MEMORY
    texts = [m["text"] for t in target.gateway.threads() for m in target.gateway.messages(t["id"])]
    assert "never complete 7be1" not in texts
    record("http.slow", SLOW, kind="a byte a second")


def test_readers_that_never_read_fill_no_memory(target):
    memory, pushed = target.memory("VmRSS"), 0
    clients = []
    ask = b"GET /v1/nothing HTTP/1.1\r\n" + HOST + b"\r\n"
    with good_requests(target):
        for _ in range(10):
            client = target.connect(buffer=65536)
            client.setblocking(False)
            clients.append(client)
        answered, quiet = 0, 0
        while quiet < 5 and pushed < 512 << 20:		# until it answers no more, and takes no more
            for client in clients:
                with contextlib.suppress(BlockingIOError, ConnectionError):
                    pushed += client.send(ask * 10000)
            now = target.refused("route")
            quiet = 0 if now > answered else quiet + 1
            answered = now
        assert pushed < 512 << 20, "it goes on reading though nothing it says is read"
        assert target.memory("VmRSS") - memory < MEMORY, f"{target.memory('VmRSS') - memory >> 20} MiB"
    for client in clients:
        reset(client)
    target.wait_alone()
    assert pushed > 1 << 20
    record("http.slow", len(clients), kind="never reads")


def test_the_tools_of_attackers_find_it_available(target):
    """slowhttptest in its four modes, all at once: slow heads, slow bodies, overlapping ranges, slow reading."""
    assert shutil.which("slowhttptest"), "contrib/packages.sh names it"
    url = f"http://127.0.0.1:{target.gateway.port}"
    common = ["-c", "100", "-r", "100", "-i", "1", "-l", "4", "-p", "3"]
    modes = {"-H": ["-u", url + "/livez", "-t", "GET", "-x", "24"], "-B": ["-u", url + "/channel/wa-main/webhook", "-t", "POST", "-s", "8192", "-x", "10"],
             "-R": ["-u", url + "/livez", "-t", "HEAD", "-a", "1", "-b", "3000"], "-X": ["-u", url + "/v1/status", "-w", "1", "-y", "10", "-n", "1", "-z", "1", "-k", "3"]}
    memory = target.memory("VmRSS")
    with good_requests(target):
        tools = {mode: subprocess.Popen(["slowhttptest", mode, *options, *common], stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
                 for mode, options in modes.items()}
        said = {mode: tool.communicate(timeout=harness.PATIENCE * 2)[0].decode(errors="replace") for mode, tool in tools.items()}
    for mode, text in said.items():
        last = [line for line in text.splitlines() if "service available" in line]
        assert last and "YES" in last[-1], f"{mode}: {text[-1500:]}"
    assert target.memory("VmRSS") - memory < MEMORY
    target.wait_alone()
    record("http.slow", 100 * len(modes), kind="slowhttptest")


# ---- many ones ----

def test_a_flood_of_connections_that_say_nothing_ends(target):
    """Each is closed by its deadline, without a word; good ones get through meanwhile."""
    memory, accepted = target.memory("VmRSS"), target.http()["accepted"]
    with good_requests(target):
        clients = [target.connect() for _ in range(2000)]
        for client in clients:
            assert client.recv(100) == b""
    for client in clients:
        client.close()
    assert target.http()["accepted"] - accepted >= 2000 and target.memory("VmRSS") - memory < MEMORY
    target.wait_alone()
    record("http.floods", 2000, kind="silent")


def test_connections_that_are_reset_leave_nothing(target):
    hook = target.hook("reset 51c2")
    descriptors, memory, tries = target.descriptors(), target.memory("VmRSS"), 0
    with good_requests(target):
        for i in range(2000):
            client = target.connect()
            client.sendall((hook[:i % len(hook)], GET * 50, GET, b"\x16\x03\x01", hook[:-1])[i % 5])
            reset(client)
            tries += 1
    target.wait_alone()
    assert target.descriptors() <= descriptors + 5 and target.memory("VmRSS") - memory < MEMORY
    assert "reset 51c2" not in json.dumps([target.gateway.messages(t["id"]) for t in target.gateway.threads()])
    record("http.floods", tries, kind="reset")


def test_a_flood_of_pipelined_requests_is_answered_each(target):
    """From many at once; each answer in its place, told by its length."""
    memory = target.memory("VmRSS")

    def pipeline(_):
        with Raw(target.gateway.port, source=ATTACKER) as raw:
            raw.send((GET + GET.replace(b"livez", b"nothing")) * 500 + GET.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
            statuses = [reply.status for reply in raw.replies()]
        assert statuses == [200, 404] * 500 + [200]
        return len(statuses)

    with good_requests(target), concurrent.futures.ThreadPoolExecutor(8) as pool:
        answered = sum(pool.map(pipeline, range(8)))
    assert target.memory("VmRSS") - memory < MEMORY
    record("http.floods", answered, kind="pipelined")


def test_connections_in_sequence_leave_nothing(target):
    """A million by option.  What is measured begins after the first tenth, when all pools have their size."""
    def some(count):
        for _ in range(count):
            client = target.connect()
            client.sendall(GET)
            assert client.recv(4096).startswith(b"HTTP/1.1 200 ")
            reset(client)

    some(SEQUENCE // 10)
    target.wait_alone()
    memory, descriptors = target.memory("VmRSS"), target.descriptors()
    some(SEQUENCE - SEQUENCE // 10)
    target.wait_alone()
    grown = target.memory("VmRSS") - memory
    assert target.descriptors() <= descriptors + 5
    assert grown < 8 << 20, f"{grown >> 10} KiB for {SEQUENCE} connections"
    record("http.floods", SEQUENCE, kind="in sequence", grown_KiB=grown >> 10)


# ---- caps ----

@pytest.fixture
def small(tmp_path):
    made = Target(tmp_path, max_connections=120, max_per_address=50)
    yield made
    made.close()


def first_words(client):
    """What a connection gets that asks; b"" when it was reset, which may overtake the refusal."""
    with contextlib.suppress(ConnectionError):
        client.sendall(GET)
        return client.recv(4096)
    return b""


def test_strangers_fill_the_house_and_never_the_back_door(small):
    """Addresses share all connections that there are; the unix socket is for who has to end it."""
    taken = []
    for last in range(20, 24):
        source = f"127.0.0.{last}"
        for _ in range(60):
            client = small.connect(source)
            said = first_words(client)
            if said.startswith(b"HTTP/1.1 200 "):
                taken.append((source, client))
            else:
                assert said == b"" or said.startswith(b"HTTP/1.1 503 "), said
                client.close()
    shares = {source: sum(1 for s, _ in taken if s == source) for source, _ in taken}
    assert max(shares.values()) == 50 and len(taken) == 120, shares
    # More are told no, or nothing, as long as it lasts; the socket answers all the while.
    crowd = [small.connect("127.0.0.30") for _ in range(300)]
    http = small.http()
    assert http["refused"]["cap.connections"] >= 300 and http["refused"]["cap.address"] >= 10
    assert http["connections"] <= 122
    for client in [client for _, client in taken] + crowd:
        client.close()
    harness.wait_until(lambda: first_words(small.connect()).startswith(b"HTTP/1.1 200 "), "room again")
    record("http.floods", 240 + len(crowd), kind="caps")
