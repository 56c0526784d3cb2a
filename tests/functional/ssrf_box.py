#!/usr/bin/python3
"""A host of its own, in a network namespace: every address a stranger's URL must not reach answers here.

    unshare --net --mount ssrf_box.py COMMAND      (or with --map-root-user, by who is not root)

inside() is what COMMAND's tests call after the namespace is made.  One server listens on the ports 80, 443, 8080 and
3128 of every address; whatever connects to an address that is not public is a breach.  A name server of the box's own
answers for all names, some of them with another address each time.

    a-127-0-0-1.test, x-fe800000...01.test   that address
    N.rebind-A-B.test                        address A and address B in turns (A, B: as above, or public)
    both-A-B.test                            A and B in one answer; swap-..: the other way round
    public.test                              the public one
"""
import collections
import ipaddress
import json
import os
import re
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import urllib.parse

PUBLIC, PUBLIC6, DEAD = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946", "93.184.216.99"
PORTS = (80, 443, 8080, 3128)
# One of each range nobody may reach, beside those of lo.
PRIVATE = ["0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254", "172.16.0.1",
           "172.31.255.254", "192.0.0.1", "192.168.1.1", "198.18.0.1", "198.19.255.254", "224.0.0.1", "240.0.0.1",
           "255.255.255.255"]
PRIVATE6 = ["::", "::1", "::7f00:1", "::a01:203", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::1", "fc00::1",
            "fd12:3456::1", "fec0::1", "fe80::1", "ff02::1", "2001:0:7f00:1::1", "::ffff:0:7f00:1"]


def run(*words):
    subprocess.run(words, check=True, capture_output=True)


def set_up():
    """lo, with one address of each range that a host can have."""
    run("ip", "link", "set", "lo", "up")
    for address in [PUBLIC, PUBLIC6, *PRIVATE, *PRIVATE6]:
        subprocess.run(["ip", "address", "add", address + ("/32" if "." in address else "/128"), "dev", "lo",
                        *([] if "." in address else ["nodad"])], capture_output=True)
    conf = tempfile.NamedTemporaryFile("w", delete=False)
    conf.write("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    conf.close()
    run("mount", "--bind", conf.name, "/etc/resolv.conf")


class Names:
    """DNS over UDP on 127.0.0.1:53."""

    def __init__(self):
        self.asked = collections.Counter()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(4096)
            self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1:at + 1 + query[at]].decode("latin-1").lower())
            at += 1 + query[at]
        kind = struct.unpack(">H", query[at + 1:at + 3])[0]
        found = [a for a in self.addresses(".".join(labels), kind) if (a.version == 4) == (kind == 1)]
        records = b"".join(b"\xc0\x0c" + struct.pack(">HHIH", kind, 1, 0, len(a.packed)) + a.packed for a in found)
        return query[:2] + b"\x81\x80" + struct.pack(">HHHH", 1, len(found), 0, 0) + query[12:at + 5] + records

    def addresses(self, name, kind):
        words = {"public": PUBLIC, "public6": PUBLIC6, "dead": DEAD}

        def read(word):
            if word in words:
                return ipaddress.ip_address(words[word])
            if word.startswith("x"):
                return ipaddress.IPv6Address(bytes.fromhex(word[1:]))
            return ipaddress.ip_address(word.removeprefix("a").replace("_", "."))

        name = name.rstrip(".")
        if name == "public.test":
            return [read("public")]
        name = "rebind-a127_0_0_1-public.test" if name == "lookaside.fbsbx.com" else name
        if match := re.fullmatch(r"(?:.*\.)?(host|rebind|both|swap)-([0-9a-z_]+)(?:-([0-9a-z_]+))?\.test", name):
            how, first, second = match[1], read(match[2]), read(match[3] or match[2])
            if how == "rebind":
                self.asked[name, kind] += 1
                return [first, second][(self.asked[name, kind] - 1) % 2:][:1]
            return [first, second] if how == "both" else [second, first] if how == "swap" else [first]
        return []


class Sentinels:
    """Takes every connection to PORTS and notes which address it was made to."""

    def __init__(self):
        self.connects = collections.Counter()		# (address, port)
        self.requests = []				# (address, head)
        self.lock = threading.Lock()
        for port in PORTS:
            listener = socket.create_server(("::", port), family=socket.AF_INET6, backlog=1024, dualstack_ipv6=True)
            threading.Thread(target=self.accept, args=(listener, port), daemon=True).start()

    def accept(self, listener, port):
        while True:
            connection, _ = listener.accept()
            address = ipaddress.ip_address(connection.getsockname()[0].split("%")[0])
            address = str(getattr(address, "ipv4_mapped", None) or address)
            with self.lock:
                self.connects[address, port] += 1
            threading.Thread(target=self.serve, args=(connection, address, port), daemon=True).start()

    def serve(self, connection, address, port):
        """HTTP/1.1, kept alive: 302 to what ?to= says, else 200."""
        buffer = b""
        with connection:
            while port != 443:
                while b"\r\n\r\n" not in buffer:
                    try:
                        got = connection.recv(65536)
                    except OSError:
                        return
                    if not got:
                        return
                    buffer += got
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                length = int((re.search(rb"(?i)^content-length: (\d+)", head, re.M) or [0, 0])[1])
                while len(buffer) < length:
                    buffer += connection.recv(65536)
                buffer = buffer[length:]
                with self.lock:
                    self.requests.append((address, head.decode("latin-1")))
                target = head.split(b" ")[1].decode("latin-1")
                to = urllib.parse.unquote(target.partition("?to=")[2], encoding="latin-1")
                reply = f"HTTP/1.1 302 Found\r\nLocation: {to}\r\n" if to else "HTTP/1.1 200 OK\r\n"
                connection.sendall((reply + "Content-Length: 2\r\n\r\nok").encode("latin-1"))

    def breaches(self):
        with self.lock:
            return {f"{a} port {p}": n for (a, p), n in self.connects.items() if a not in (PUBLIC, PUBLIC6)}

    def reached(self, *addresses):
        with self.lock:
            return sum(n for (a, _), n in self.connects.items() if a in (addresses or (PUBLIC, PUBLIC6)))

    def forget(self):
        with self.lock:
            self.connects.clear()
            self.requests.clear()


def enter(script, *arguments, env=None, timeout=300):
    """Runs script in a box of its own and returns what it printed as JSON; None where no box can be made."""
    box = ["unshare", *([] if os.geteuid() == 0 else ["--map-root-user"]), "--net", "--mount"]
    if subprocess.run([*box, "ip", "link", "set", "lo", "up"], capture_output=True).returncode:
        return None
    done = subprocess.run([*box, sys.executable, "-B", str(script), *arguments], capture_output=True, text=True,
                          timeout=timeout, env=env)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-8000:]
    return json.loads(done.stdout)
