"""Mutants of hostile requests, HTTP/1.1 and HTTP/2, through HAProxy and nginx: headgate sees the requests that the proxy believes it forwarded.

The same ids, methods, targets and bodies, none twice, none more; answers reach who asked; and a victim, whose requests
go over the same upstream connections in between, gets none of it.  A mutant is named by its seed and number: to look at one
again, HEADGATE_SEED=S HEADGATE_MUTANT=N."""
import concurrent.futures
import contextlib
import os
import re
import socket

import pytest

import h2_mutants
import harness
import http_mutants
import proxies
from raw_http import Raw
from records import record

FULL = bool(os.environ.get("HEADGATE_FULL"))
SEED = os.environ.get("HEADGATE_SEED", "4711")
ONLY = os.environ.get("HEADGATE_MUTANT")
H2_COUNT = 100000 if FULL else 3000
COUNTS = {"strict": 200000 if FULL else 8000, "lax": 100000 if FULL else 3000}
CLIENTS = 8
ATTACKER, VICTIM = "127.0.0.2", "127.0.0.3"	# neither is a proxy that headgate trusts
LAST = b"GET /seen?last HTTP/1.1\r\nHost: gateway.example\r\nConnection: close\r\n\r\n"
PATIENCE = 0.1			# a mutant that is no whole request is given up after it; nothing is judged by it


def attack(port, data):
    """All that a mutant is answered.  Behind it comes a good request, the last, which the mutant may swallow."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), source_address=(ATTACKER, 0)) as client:
        client.settimeout(PATIENCE)
        ended = False
        try:
            client.sendall(data + LAST)
            while True:
                try:
                    piece = client.recv(65536)
                except TimeoutError:
                    if ended:
                        break
                    ended = True
                    client.settimeout(1)
                    client.shutdown(socket.SHUT_WR)
                    continue
                if not piece:
                    break
                received += piece
        except OSError:
            pass
    return received


class Victim:
    """Somebody whose requests are in order, on a connection of his own to the proxy."""

    def __init__(self, port, name):
        self.port, self.name, self.count, self.raw = port, name, 0, None

    def ask(self):
        """One request; what is wrong with its answer, or None."""
        self.count += 1
        body = f"{self.name}-{self.count}".encode()
        if not self.raw:
            self.raw = Raw(self.port, source=VICTIM)
        self.raw.send(b"POST /victim/%s HTTP/1.1\r\nHost: gateway.example\r\nContent-Length: %d\r\n\r\n%s" % (body, len(body), body))
        reply = self.raw.reply()
        if reply is None or reply.status != 200 or reply.headers.get("x-seen") != reply.headers.get("x-proxy-answer"):
            return f"the victim's {body.decode()}: {reply}"
        if reply.headers.get("connection") == "close":
            self.close()
        return None

    def close(self):
        if self.raw:
            self.raw.close()
        self.raw = None


HEAD = re.compile(rb"HTTP/1\.[01] (\d{3})[^\r\n]*\r\n(.*?)\r\n\r\n", re.S)


def crossed(received):
    """Answers that a request other than the one answered was seen for."""
    found = []
    for status, headers in HEAD.findall(received):
        ids = {name.lower(): value for name, value in re.findall(rb"(?i)^(x-seen|x-proxy-answer): (.*?)\r?$", headers + b"\r\n", re.M)}
        if b"x-seen" in ids and ids[b"x-seen"] != ids.get(b"x-proxy-answer"):
            found.append((status, headers))
    return found


def campaign(proxy, numbers):
    """One client: mutants of those numbers, with a victim behind each.  What was wrong, and what the victim sent."""
    wrong, victim = [], Victim(proxy.port, f"v{numbers[0]}")
    for n in numbers:
        received = attack(proxy.port, http_mutants.mutant(SEED, n))
        wrong += [f"mutant {n}: an answer to another request: {answer}" for answer in crossed(received)]
        complaint = victim.ask()
        if complaint:
            wrong.append(f"mutant {n}: {complaint}")
            victim.close()
    victim.close()
    return wrong, {f"{victim.name}-{i}" for i in range(1, victim.count + 1)}


def path_of(target):
    """As headgate has it: without scheme, host and the mark of an empty query, and never without a slash."""
    path = re.sub(r"^https?://[^/?]*", "", target, flags=re.I)
    return ("/" + path if path[:1] in ("", "?") else path).removesuffix("?")


def differences(belief, seen, strict):
    """Between what the proxy believes it forwarded and what headgate saw."""
    forwarded = {entry["id"]: entry for entry in belief if entry["forwarded"]}
    found, once = [], set()
    for request in seen:
        told = forwarded.get(request["id"])
        if not told:
            found.append(f"seen, and never forwarded: {request}")
        elif request["id"] in once:
            found.append(f"forwarded once, seen twice: {request}")
        elif (request["method"], request["target"]) != (told["method"], path_of(told["target"])):
            found.append(f"forwarded {told}, seen {request}")
        elif strict and int(request["length"] or 0) != len(request["body"]) // 2:
            found.append(f"{request['length']} bytes forwarded, seen {request}")
        elif request["peer"] != (VICTIM if "victim" in request["target"] else ATTACKER):
            found.append(f"a client's word for its address was believed: {request}")
        once.add(request["id"])
    return found


def attacked(proxy, witness, run, numbers, kind):
    """Sends these mutants through the proxy, several clients at once, and looks at what came out: what the proxy believes,
    what headgate saw, and who the victims were."""
    clients = min(CLIENTS, len(numbers))
    try:
        with concurrent.futures.ThreadPoolExecutor(CLIENTS) as pool:
            results = list(pool.map(lambda first: run(proxy, numbers[first::CLIENTS]), range(clients)))
    finally:
        proxy.stop()
        witness.stop()
    belief, seen = proxy.belief(), witness.seen()
    wrong = [complaint for complaints, _ in results for complaint in complaints] + differences(belief, seen, kind == "strict")
    assert not wrong, f"{len(wrong)} differences, seed {SEED}:\n" + "\n".join(wrong[:20])
    victims = set().union(*(sent for _, sent in results))
    heard = [(bytes.fromhex(r["body"]).decode(), r["target"]) for r in seen if r["target"].startswith("/victim/")]
    assert sorted(heard) == sorted((name, f"/victim/{name}") for name in victims), "a victim's request was changed"
    return belief, seen, victims


@pytest.mark.parametrize("kind", ["strict", "lax"])
@pytest.mark.parametrize("make", [proxies.Haproxy, proxies.Nginx], ids=lambda make: make.name)
def test_headgate_sees_what_the_proxy_believes_it_forwarded(tmp_path, make, kind):
    witness = proxies.Witness(tmp_path)
    proxy = make(tmp_path, witness.port, strict=kind == "strict")
    numbers = [int(ONLY)] if ONLY else range(COUNTS[kind])
    belief, seen, victims = attacked(proxy, witness, campaign, numbers, kind)
    if ONLY:
        return
    forwarded = sum(entry["forwarded"] for entry in belief)
    mutants = len(numbers)
    # It would be no test if the proxy let nothing through, or nothing that headgate then refuses.
    assert len(seen) - len(victims) > mutants // 4 and forwarded > len(seen)
    record(f"http.{make.name}", mutants, 0, kind=kind, seed=SEED, forwarded=forwarded, seen=len(seen), refused=forwarded - len(seen))


# ---- HTTP/2 in front, HTTP/1.1 behind ----

class Multiplexed:
    """An HTTP/2 connection; as much of it as asking one request needs."""

    def __init__(self, port, source):
        self.socket = socket.create_connection(("127.0.0.1", port), source_address=(source, 0), timeout=PATIENCE)
        self.buffer = b""
        self.say(h2_mutants.PREFACE + h2_mutants.frame(h2_mutants.SETTINGS, 0, 0))

    def say(self, data):
        with contextlib.suppress(OSError):
            self.socket.sendall(data)

    def more(self):
        try:
            piece = self.socket.recv(65536)
        except OSError:
            piece = b""
        self.buffer += piece
        return piece

    def frames(self):
        """One by one: kind, flags, stream, payload; until nothing more comes."""
        while True:
            while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
                if not self.more():
                    return
            size = int.from_bytes(self.buffer[:3], "big")
            kind, flags, stream = self.buffer[3], self.buffer[4], int.from_bytes(self.buffer[5:9], "big")
            payload, self.buffer = self.buffer[9:9 + size], self.buffer[9 + size:]
            if kind == h2_mutants.SETTINGS and not flags & 1:
                self.say(h2_mutants.frame(h2_mutants.SETTINGS, 1, 0))
            yield kind, flags, stream, payload

    def answer(self, stream):
        """The first bytes of the answer's header block; None when the stream or the connection was given up."""
        head = None
        for kind, flags, of, payload in self.frames():
            if kind == h2_mutants.GOAWAY or (kind == h2_mutants.RST_STREAM and of == stream):
                return None
            if kind == h2_mutants.HEADERS and of == stream:
                head = payload[:20]
            if of == stream and flags & h2_mutants.END_STREAM and kind in (h2_mutants.DATA, h2_mutants.HEADERS):
                return head
        return head

    def close(self):
        self.socket.close()


def h2_campaign(proxy, numbers):
    wrong, sent = [], set()
    for n in numbers:
        attacker = Multiplexed(proxy.port, ATTACKER)
        attacker.say(h2_mutants.mutant(SEED, n))
        attacker.answer(1)
        attacker.close()
        victim, name = Multiplexed(proxy.port, VICTIM), f"h{n}"
        victim.socket.settimeout(harness.PATIENCE)
        sent.add(name)
        victim.say(h2_mutants.request([(b":method", b"POST"), (b":scheme", b"http"), (b":path", b"/victim/" + name.encode()),
                                       (b":authority", b"gateway.example"), (b"content-length", b"%d" % len(name))], name.encode()))
        head = victim.answer(1)
        # 200 is one byte, the eighth of the static table; a change of the table's size may stand before it.
        if not head or 0x88 not in head[:4]:
            wrong.append(f"mutant {n}: the victim's answer is {head}")
        victim.close()
    return wrong, sent


@pytest.mark.parametrize("kind", ["strict", "lax"])
@pytest.mark.parametrize("make", [proxies.Haproxy, proxies.Nginx], ids=lambda make: make.name)
def test_nothing_hides_in_http_2(tmp_path, make, kind):
    """What has no bytes to break out of in HTTP/2 has them in the HTTP/1.1 that a proxy makes of it."""
    witness = proxies.Witness(tmp_path)
    proxy = make(tmp_path, witness.port, strict=kind == "strict", h2=True)
    numbers = range(H2_COUNT)
    _, seen, victims = attacked(proxy, witness, h2_campaign, numbers, kind)
    assert len(seen) - len(victims) > len(numbers) // 10
    record("http.h2", len(numbers), 0, proxy=make.name, kind=kind, seed=SEED, seen=len(seen))
