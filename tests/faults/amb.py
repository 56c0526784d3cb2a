#!/usr/bin/python3
"""Sends whose answers are lost, in every way, at providers of every mood; what the customer got is counted.

    tests/faults/amb.py --sends 1000        # with HEADGATE_BUILD naming a build with test hooks

A provider speaks HTTP, written here byte by byte.  By its path it is one of four: it drops what comes with a key it
knows, it names our key in its receipts, it can be asked, or it can do nothing of this.  The answer to the first
attempt at each message is lost in one of five ways; all others are answered well."""
import argparse
import asyncio
import collections
import hashlib
import hmac
import itertools
import json
import pathlib
import socket
import sqlite3
import struct
import sys
import tempfile
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(TOP / "tests"), str(TOP / "tests" / "functional")]

import harness		# noqa: E402
import records		# noqa: E402

SECRET = "amb-channel-secret-0123456789"
MOODS = {"key": "echoes: false, tells: false", "echo": "dedupes: false, tells: false", "ask": "dedupes: false, echoes: false",
         "hold": "dedupes: false, echoes: false, tells: false", "resend": "dedupes: false, echoes: false, tells: false, on_ambiguous: resend"}
WAYS = ["lost", "late", "500", "reset", "kill"]
LATE_MS = 60000
SLOTS = 16			# sends of one channel that are under way at a time
BATCH = 50

CONFIG = """\
config_version: 1
console: {{ enabled: false }}
gateway: {{ listen: 127.0.0.1:0, socket: @FOLDER@/ctl.sock, max_per_address: 1000 }}
store: {{ path: @FOLDER@/store/headgate.db, min_free: 1MiB, ballast: 1MiB }}
default: hold
channels:
{channels}
rules:
  - name: an answer to everything
    do: {{ reply: "an answer", ignore: noise }}
api:
  tokens:
    tests: {{ token: env:TEST_API_TOKEN, scopes: [read, reply, convert, link, admin] }}
"""
CHANNEL = '  {name}: {{ adapter: fake, url: "http://127.0.0.1:{port}/{name}", secret: env:TEST_FAKE_SECRET, timeout: {timeout}, {mood} }}'


def config(ports, timeout):
    return CONFIG.format(channels="\n".join(
        CHANNEL.format(name=name, port=port, mood=MOODS[name.split("-")[0]], timeout=timeout)
        for name, port in ports.items()))


class Message:
    """One that the provider was given: to whom, by which key, and what became of it."""

    def __init__(self, channel, key, body):
        self.channel, self.key, self.body = channel, key, body
        self.to = json.loads(body)["to"]
        self.attempts, self.accepted, self.doubt = 0, 0, False
        self.id = f"{channel}-{key}"


class Provider:
    """way: how the answer to a first attempt is lost; None: it is not.  Each channel has a port of its own, for no more
    than 16 connections are made to one."""

    def __init__(self, channels):
        self.channels, self.ports = channels, {}
        self.way, self.messages, self.wrong = None, {}, []
        self.new_receipts = collections.defaultdict(list)	# channel -> what it has to say
        self.held = 0
        self.changed = threading.Condition()
        self.loop = asyncio.new_event_loop()
        self.release = None
        self.ready = threading.Event()
        threading.Thread(target=self.main, daemon=True).start()
        self.ready.wait()

    def main(self):
        asyncio.set_event_loop(self.loop)
        self.release = asyncio.Event()
        for channel in self.channels:
            server = self.loop.run_until_complete(asyncio.start_server(self.connection, "127.0.0.1", 0))
            self.ports[channel] = server.sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.run_forever()

    def close(self):
        self.loop.call_soon_threadsafe(self.loop.stop)

    def let_go(self):
        def now():
            self.release.set()
            self.release = asyncio.Event()
        self.loop.call_soon_threadsafe(now)

    # ---- HTTP/1.1, as much of it as a provider needs ----
    async def connection(self, reader, writer):
        served = 0
        try:
            while await self.request(reader, writer, served):
                served += 1
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def request(self, reader, writer, served):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        method, target, _ = head[0].split(" ")
        headers = {line.split(":", 1)[0].lower(): line.split(":", 1)[1].strip() for line in head[1:] if line}
        body = await reader.readexactly(int(headers.get("content-length", 0)))
        _, channel, rest = target.split("/", 2)
        key = rest.partition("key=")[2]
        if method == "GET":
            message = self.messages.get((channel, key))
            found = message and message.accepted and channel.startswith("ask")
            return self.answer(writer, 200 if found else 404, {"id": message.id} if found else {"error": "no such message"})
        return await self.take(writer, channel, key, body, served)

    def answer(self, writer, status, document):
        text = json.dumps(document).encode()
        writer.write(b"HTTP/1.1 %d Whatever\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text)) + text)
        return True

    # ---- messages ----
    def note(self, channel, key, body):
        with self.changed:
            message = self.messages.setdefault((channel, key), Message(channel, key, body))
            if message.body != body:
                self.wrong.append(f"{channel}: other bytes at attempt {message.attempts + 1}")
            message.attempts += 1
            self.changed.notify_all()
        return message

    def accept(self, message):
        with self.changed:
            message.accepted += 1
            said = {"receipt": "sent", "id": message.id}
            self.new_receipts[message.channel].append(dict(said, key=message.key) if message.channel.startswith("echo") else said)
            self.changed.notify_all()

    async def take(self, writer, channel, key, body, served):
        message = self.note(channel, key, body)
        knows = channel.startswith("key") and message.attempts > 1
        if knows and not message.accepted:
            return self.answer(writer, 409, {"error": "this key is being worked on"})
        if knows:
            return self.answer(writer, 200, {"id": message.id})
        way = self.way if message.attempts == 1 else None
        if way == "reset" and not served:
            way = None		# only where a reused connection dies would curl repeat the request by itself
        if way:
            with self.changed:
                message.doubt = True
        if way == "late":
            await self.hold()
        self.accept(message)
        if way == "kill":
            await self.hold()
        if way == "lost":
            return False
        if way == "reset":
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()
            return False
        return self.answer(writer, 500 if way == "500" else 200, {"error": "it broke"} if way == "500" else {"id": message.id})

    async def hold(self):
        with self.changed:
            self.held += 1
            self.changed.notify_all()
        await self.release.wait()
        with self.changed:
            self.held -= 1
            self.changed.notify_all()

    def of(self, channels):
        with self.changed:
            return [m for m in self.messages.values() if m.channel in channels]

    def wait(self, check, what):
        with self.changed:
            assert self.changed.wait_for(check, harness.PATIENCE * 4), f"waited in vain for {what}"


class Attack:
    """One daemon, one provider, every mood at once; way after way."""

    def __init__(self, folder, lanes=2, timeout="1s"):
        self.channels = [f"{mood}-{i}" for mood in MOODS for i in range(lanes)]
        self.provider = Provider(self.channels)
        self.gateway = harness.Gateway(folder, config(self.provider.ports, timeout),
                                       dict(TEST_FAKE_SECRET=SECRET))
        self.gateway.start()
        self.numbers = itertools.count(447700000000)
        self.ids = itertools.count(1)

    def close(self):
        self.provider.let_go()
        code = self.gateway.stop()
        self.provider.close()
        return code

    # ---- what comes in ----
    def post(self, channel, items):
        body = json.dumps(items).encode()
        sign = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        answer = self.gateway.http("POST", f"/channel/{channel}/webhook", body, {"X-Fake-Signature": sign})
        assert answer.status == 200, answer

    def say(self, channel, n):
        """n customers write, each once; each gets an answer."""
        for first in range(0, n, BATCH):
            self.post(channel, [{"id": f"in-{next(self.ids)}", "from": f"tel:+{next(self.numbers)}", "text": "hello",
                                 "at": int(self.gateway.now() * 1000)} for _ in range(first, min(n, first + BATCH))])

    def tell(self):
        """The provider's receipts."""
        with self.provider.changed:
            new, self.provider.new_receipts = self.provider.new_receipts, collections.defaultdict(list)
        for channel, receipts in new.items():
            for first in range(0, len(receipts), BATCH):
                self.post(channel, receipts[first:first + BATCH])

    # ---- to the end of it ----
    def rows(self, sql):
        db = sqlite3.connect(f"file:{self.gateway.store}?mode=ro", uri=True)
        try:
            return db.execute(sql).fetchall()
        finally:
            db.close()

    def under_way(self):
        return self.rows("SELECT COUNT(*) FROM outbox WHERE state = 3")[0][0]

    def open_jobs(self):
        """Those that something will still happen to: all but the ones a person has to settle."""
        return self.rows("SELECT COUNT(*) FROM outbox JOIN message ON message.n = outbox.message_n "
                         "WHERE outbox.target = 1 AND NOT (outbox.state = 4 AND message.delivery = 3)")[0][0]

    def settle(self):
        for _ in range(60):
            harness.wait_until(lambda: self.under_way() == 0, "an answer to each send", harness.PATIENCE * 4)
            self.tell()
            if not self.open_jobs():
                return
            self.gateway.advance(seconds=31)
            time.sleep(0.1)		# a round of the engine; when it was not enough the next turn waits for it
        raise AssertionError(f"{self.open_jobs()} jobs do not end")

    def first_attempts(self, before, n):
        self.provider.wait(lambda: len(self.provider.messages) >= before + n, f"{n} first attempts")

    def restart(self):
        self.gateway.kill()
        self.provider.way = None
        self.provider.let_go()
        self.gateway.start()

    def lose(self, way, n):
        """n messages in each mood, the answers to which are lost in this way."""
        share = [(channel, n // (len(self.channels) // len(MOODS))) for channel in self.channels]
        total = sum(count for _, count in share)
        before = len(self.provider.messages)
        if way == "kill":
            self.lose_by_kills(share)
        else:
            self.provider.way = way
            for channel, count in share:
                self.say(channel, count)
            if way == "late":
                self.lose_late(total)
            self.first_attempts(before, total)
        self.settle()
        self.provider.way = None
        self.check()

    def lose_late(self, total):
        """The client's patience ends first; then a minute passes, by the daemon's clock; then it is accepted."""
        self.provider.wait(lambda: self.provider.held >= total, f"{total} requests that are held")
        harness.wait_until(lambda: self.under_way() == 0, "the end of its patience", harness.PATIENCE * 4)
        self.gateway.advance(ms=LATE_MS)
        self.tell()
        self.provider.way = None
        self.provider.let_go()
        self.provider.wait(lambda: self.provider.held == 0, "those that were late")

    def lose_by_kills(self, share):
        left = dict(share)
        while any(left.values()):
            self.provider.way = "kill"
            now = {channel: min(SLOTS, count) for channel, count in left.items() if count}
            for channel, count in now.items():
                self.say(channel, count)
                left[channel] -= count
            self.provider.wait(lambda: self.provider.held >= sum(now.values()), "all of them in SENDING")
            self.restart()
            self.provider.wait(lambda: self.provider.held == 0, "the provider's end of it")
            self.gateway.advance(seconds=7)

    # ---- what must hold ----
    def figures(self, mood):
        """Of all its messages: how many, in doubt, lost, twice, marked as unknown, marked as sent again."""
        channels = [c for c in self.channels if c.startswith(mood)]
        mine = self.provider.of(channels)
        rows = self.rows("SELECT address, delivery, resent FROM message WHERE direction = 2 AND channel IN (%s)"
                         % ",".join(f"'{c}'" for c in channels))
        got = collections.Counter()
        for message in mine:
            got[message.to] += message.accepted
        unknown = {address for address, delivery, _ in rows if delivery == 3}
        return dict(sends=len(rows), doubt=sum(m.doubt for m in mine), twice=sum(n - 1 for n in got.values() if n > 1),
                    lost=sum(1 for address, delivery, _ in rows if not got[address] and delivery != 3),
                    unknown=len(unknown), resent=sum(resent for _, _, resent in rows),
                    open=sum(1 for _, delivery, _ in rows if delivery not in (3, 4)))

    def listed(self, mood):
        jobs, after = [], ""
        while True:
            page = self.gateway.get(f"/v1/outbox?state=unknown&limit=500{after}")
            jobs += [job for job in page["jobs"] if job["name"].startswith(mood)]
            if not page.get("next"):
                return jobs
            after = f"&after={page['next']}"

    def check(self):
        assert not self.provider.wrong, self.provider.wrong[:5]
        for mood in MOODS:
            found = self.figures(mood)
            want = dict(lost=0, open=0, twice=0, unknown=0, resent=0)
            if mood == "hold":
                want["unknown"] = found["doubt"]
                assert len(self.listed(mood)) == found["doubt"], mood
            elif mood == "resend":
                want["twice"] = want["resent"] = found["doubt"]
            assert {k: found[k] for k in want} == want, (mood, found)
        assert self.gateway.get("/v1/fsck")["breaches"] == []

    def record(self):
        for mood in MOODS:
            found = self.figures(mood)
            broken = found["lost"] + (found["twice"] if mood != "resend" else abs(found["twice"] - found["resent"]))
            records.record(f"amb.{mood}", found["doubt"], broken, **found)
        return {mood: self.figures(mood) for mood in MOODS}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sends", type=int, default=1000, help="in each mood and way of losing the answer")
    parser.add_argument("--lanes", type=int, default=4, help="channels of each mood")
    parser.add_argument("--ways", default=",".join(WAYS))
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="kills-") as folder:
        attack = Attack(pathlib.Path(folder), asked.lanes)
        try:
            for way in asked.ways.split(","):
                began = time.monotonic()
                attack.lose(way, asked.sends)
                print(f"{way}: {time.monotonic() - began:.1f} s", flush=True)
            for mood, found in attack.record().items():
                print(f"{mood:7} {found}")
        finally:
            print(f"headgated ended with {attack.close()}")


if __name__ == "__main__":
    main()
