"""A disk that is full, a store that others hold, may not be written or is broken: refused in order, nothing lost.

The full disk is a small tmpfs, which only root can mount: elsewhere these tests are skipped, and say so."""
import os
import pathlib
import sqlite3
import subprocess
import threading

import pytest

import harness
from functional_conftest import AT_ONCE, finish
from records import record

FULL = bool(os.environ.get("HEADGATE_FULL"))
ANA, BO = "+447700900123", "+447700900456"
MIB = 1 << 20
SIZE = 232 * MIB		# enough for the reserve file to be made
MIN_FREE = MIB			# store.min_free of the config
STAGES = 200 if FULL else 12
STAGE_BYTES = 4096		# a page: the next one fits, or does not


class Disk:
    """A gateway whose store lies on a disk of its own, which can be filled."""

    def __init__(self, gateway, graph):
        self.gateway, self.graph = gateway, graph
        self.path = gateway.store.parent
        self.filler = self.path / "filler"
        self.ballast = pathlib.Path(f"{gateway.store}-ballast")

    def free(self):
        fs = os.statvfs(self.path)
        return fs.f_bavail * fs.f_frsize

    def fill(self, leave=0):
        """Until no more than so many bytes are free, also after the reserve file has given way."""
        self.write_filler(leave)
        if self.gateway.process.poll() is not None or not self.ballast.exists():
            return
        while self.ballast.exists():
            self.gateway.advance(seconds=1)
            self.gateway.threads()
        harness.wait_until(lambda: self.free() > leave + 16 * MIB, "the room of the reserve file")
        self.write_filler(leave)

    def write_filler(self, leave):
        with open(self.filler, "ab", buffering=0) as filler:
            while self.free() > leave:
                try:
                    filler.write(b"x" * min(MIB, self.free() - leave))
                except OSError:
                    pass

    def empty(self):
        self.filler.unlink()

    def remount(self, *options):
        subprocess.run(["mount", "-o", ",".join(("remount", *options)), str(self.path)], check=True)


@pytest.fixture
def disk(start, graph):
    """Its gateway is not started yet."""
    gateway = start(begin=False, rules=AT_ONCE)
    gateway.config_path.write_text(gateway.config_path.read_text().replace("ballast: 1MiB", "ballast: 32MiB"))
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=0700", "tmpfs", str(gateway.store.parent)],
                          capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"A FULL DISK WAS NOT TRIED: mounting a tmpfs needs root ({done.stderr.strip()})")
    disk = Disk(gateway, graph)
    yield disk
    if disk.filler.exists():
        disk.empty()
    gateway.advance(minutes=5)		# the reserve file is made again when it is time for it
    problems = finish(gateway)
    subprocess.run(["umount", "-l", str(gateway.store.parent)], check=True)
    assert not problems, "\n".join(problems)


@pytest.fixture
def small(disk):
    disk.gateway.start()
    disk.graph.target(disk.gateway.port, "wa-main")
    return disk


def inbound(gateway, phone=ANA):
    """Texts of a customer in the order they are shown."""
    thread = next((t for t in gateway.threads(limit=100) if t["reply_to"] == "tel:" + phone), None)
    return [m["text"] for m in gateway.messages(thread["id"]) if m["direction"] == "inbound"] if thread else []


def ticket_of(graph, helpdesk, customer=ANA):
    assert graph.say(customer, "my invoice is wrong") == 200
    return helpdesk.wait_event("ticket.requested").data["thread"]["id"]


# ---- a full disk ----

def test_with_too_little_room_nothing_is_taken_and_with_room_again_it_goes_on(small, graph, helpdesk):
    gateway = small.gateway
    thread = ticket_of(graph, helpdesk)
    graph.say(BO, "forget me")
    forgotten = next(t for t in gateway.wait_thread(lambda all: len(all) == 2) if t["id"] != thread)
    small.fill(leave=MIN_FREE // 2)
    gateway.advance(seconds=5)		# it looks every few seconds
    late = graph.text(ANA, "while there was no room")
    harness.wait_until(lambda: graph.deliver(graph.text(BO, "anything")) == 503, "the refusal")
    assert graph.deliver(late) == 503
    reply = gateway.reply(thread, "no room for this either")
    assert reply.status == 503 and reply.headers["Retry-After"] and reply.json["retryable"] is True
    who = forgotten["contact"]["id"]		# to forget somebody makes room
    erasure = gateway.api("POST", f"/v1/contacts/{who}/erase", {"confirm": who})
    assert erasure.status == 202
    at = f"/v1/erasures/{erasure.json['erasure']['id']}"
    harness.wait_until(lambda: gateway.get(at)["erasure"]["state"] == "done", "the end of the erasure")
    assert [m["text"] for m in gateway.messages(forgotten["id"]) if m["text"]] == []
    assert "store.disk_low" in gateway.log()
    assert gateway.threads() and gateway.http("GET", "/livez").status == 200	# what is there can be read
    small.empty()
    gateway.advance(seconds=5)
    assert graph.deliver_until_taken(late) >= 1
    assert inbound(gateway) == ["my invoice is wrong", "while there was no room"]
    assert gateway.reply(thread, "room again").status == 202
    assert [m.text for m in graph.wait_accepted(1)] == ["room again"]
    assert gateway.process.poll() is None


def test_a_disk_that_fills_up_between_two_looks_loses_nothing_that_was_acknowledged(small, graph, helpdesk):
    gateway = small.gateway
    taken, refused = [], []
    for round in range(3):
        small.fill()
        for i in range(200):
            text = f"round {round}, message {i} " + "x" * 20000
            payload = graph.text(ANA, text)
            status = graph.deliver(payload)
            assert status in (200, 503), status
            if status == 503:
                refused.append((text, payload))
                break
            taken.append(text)
        assert len(refused) == round + 1, "it went on taking on a full disk"
        small.empty()
        gateway.advance(seconds=5)
        text, payload = refused[-1]
        graph.deliver_until_taken(payload)
        taken.append(text)
    assert inbound(gateway) == taken
    assert gateway.process.poll() is None
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == len(taken) - 1, "all at the helpdesk")


def test_what_the_provider_said_on_a_full_disk_is_written_down_when_there_is_room(small, graph, helpdesk):
    """The answer to a send cannot be refused: nobody would say it again."""
    gateway = small.gateway
    thread = ticket_of(graph, helpdesk)
    small.fill(leave=12 * MIB)		# without the reserve file, and not full yet
    graph.slow()
    reply = gateway.reply(thread, "sent on a full disk")
    assert reply.status == 202
    graph.wait_posts(1)
    small.write_filler(0)
    graph.release()
    graph.wait_accepted(1)
    harness.wait_until(lambda: graph.deliver(graph.text(BO, "x" * 20000)) == 503, "the full disk")
    small.empty()
    gateway.advance(seconds=5)
    gateway.wait_message(thread, lambda m: m["text"] == "sent on a full disk" and m["delivery"] == "sent")
    gateway.advance(hours=1)
    assert graph.deliver_until_taken(graph.text(ANA, "thank you"))
    assert len(graph.accepted) == 1


def test_full_at_every_stage_it_keeps_what_it_acknowledged_and_goes_on(disk, graph, helpdesk):
    """Each time a little more is free, and no reserve file helps: the disk is full at another write of what messages,
    answers, their outcomes and the helpdesk's answers bring about, before the daemon has looked how much is free."""
    gateway, config = disk.gateway, disk.gateway.config_path
    config.write_text(config.read_text().replace("ballast: 32MiB", "ballast: 0"))
    gateway.start()
    graph.target(gateway.port, "wa-main")
    thread = ticket_of(graph, helpdesk)
    said, answers, failed = ["my invoice is wrong"], [], 0

    def until_refused(stage):
        for i in range(400):
            text = f"{stage}.{i} " + "x" * 20000
            payload = graph.text(ANA, text)
            status = graph.deliver(payload)
            said.append(text)
            answers.append(f"answer {stage}.{i}")
            heard = status, gateway.reply(thread, answers[-1], key=answers[-1]).status
            assert heard[0] in (200, 503) and heard[1] in (202, 503), heard
            if heard != (200, 202):
                return payload
        raise AssertionError("it went on taking on a full disk")

    for stage in range(STAGES):
        disk.write_filler(leave=stage * STAGE_BYTES)
        payload = until_refused(stage)
        disk.empty()
        gateway.advance(seconds=5)
        graph.deliver_until_taken(payload)
        harness.wait_until(lambda: gateway.reply(thread, answers[-1], key=answers[-1]).status == 202, "the last answer")
        failed += gateway.log().count("nothing of this group was acknowledged") > failed
    for _ in range(len(answers)):		# a channel has a pace
        harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "an answer to each send")
        gateway.advance(seconds=30)
    harness.wait_until(lambda: len(graph.accepted) >= len(answers), "every answer at the provider")
    assert inbound(gateway) == said
    assert [m.text for m in graph.accepted] == answers		# each once, in order
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == len(said) - 1, "all at the helpdesk")
    assert failed > STAGES // 2, "the disk was hardly ever full in the middle of something"
    assert gateway.process.poll() is None
    record("power.full", STAGES, 0, messages=len(said), answers=len(answers))


def test_killed_on_a_full_disk_it_comes_up_again_with_all_it_had(small, graph, helpdesk):
    gateway = small.gateway
    taken = [f"message {i}" for i in range(5)]
    assert [graph.say(ANA, text) for text in taken] == [200] * 5
    small.fill()
    harness.wait_until(lambda: graph.deliver(graph.text(BO, "x" * 20000)) == 503, "the full disk")
    gateway.kill()
    try:			# without any room it may refuse to start, but not break anything
        gateway.start()
        gateway.kill()
    except AssertionError:
        assert gateway.process.returncode in (1, 78)
    small.empty()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert graph.deliver_until_taken(graph.text(ANA, "after it"))
    assert inbound(gateway) == [*taken, "after it"]


def test_a_file_that_finds_no_room_is_fetched_later(small, graph, helpdesk):
    gateway = small.gateway
    file = graph.add_media(os.urandom(8 * MIB), "image/jpeg")
    small.fill(leave=4 * MIB)
    assert graph.deliver(graph.media(ANA, "image", file, "big")) == 200
    thread = helpdesk.wait_event("ticket.requested").data["thread"]["id"]
    harness.wait_until(lambda: [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if "written" in (j.get("error") or "")],
                       "the failed download")
    assert small.free() > 3 * MIB, "half a file was left behind"
    small.empty()

    def attachment():
        gateway.advance(seconds=2)
        return next(a for m in gateway.messages(thread) for a in m["attachments"])

    stored = harness.wait_until(lambda: (lambda a: a if a["state"] == "stored" else None)(attachment()), "the file")
    assert gateway.api("GET", "/v1/attachments/" + stored["id"]).body == file.data


# ---- others at the store ----

def lock(gateway):
    store = sqlite3.connect(gateway.store, isolation_level=None, check_same_thread=False)
    store.execute("BEGIN IMMEDIATE")
    return store


def test_a_store_that_somebody_holds_is_waited_for_and_then_refused_in_order(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    assert graph.say(ANA, "before") == 200
    helpdesk.wait_event("ticket.requested")
    harness.wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"], "a quiet outbox")
    held = lock(gateway)
    during = graph.text(ANA, "during")
    assert graph.deliver(during) == 503
    harness.wait_until(lambda: "store.failed" in gateway.log(), "a line in the log")	# it follows the answer
    assert inbound(gateway) == ["before"]		# readers read on
    held.execute("ROLLBACK")
    held.close()
    graph.deliver_until_taken(during)
    assert inbound(gateway) == ["before", "during"] and gateway.process.poll() is None


def test_a_store_that_is_held_shortly_is_waited_for(start, graph):
    gateway = start(rules=AT_ONCE)
    held = lock(gateway)
    results = []
    sender = threading.Thread(target=lambda: results.append(graph.say(ANA, "patience")))
    sender.start()
    harness.wait_until(lambda: gateway.status()["http"]["requests"] >= 1, "the webhook")
    held.execute("ROLLBACK")
    held.close()
    sender.join()
    assert results == [200] and inbound(gateway) == ["patience"]


@pytest.mark.skipif(not FULL, reason="takes half a minute: --full")
def test_a_store_that_is_beyond_use_ends_the_daemon_so_that_it_is_started_again(start, graph):
    gateway = start(rules=AT_ONCE)
    held = lock(gateway)
    during = graph.text(ANA, "during")
    while gateway.process.poll() is None:
        try:
            assert graph.deliver(during) == 503
        except OSError:
            break
    assert gateway.wait_dead() == 1 and "store.broken" in gateway.log()
    held.execute("ROLLBACK")
    held.close()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.deliver_until_taken(during)
    assert inbound(gateway) == ["during"]


def test_a_second_daemon_on_the_same_store_is_turned_away(start, graph, helpdesk):
    first = start(rules=AT_ONCE)
    second = start(begin=False, rules=AT_ONCE)
    second.write_config(second.config_path.read_text().replace(str(second.store), str(first.store)))
    with pytest.raises(AssertionError, match="another headgated"):
        second.start()
    assert second.process.returncode == 78
    assert graph.say(ANA, "still here") == 200 and inbound(first) == ["still here"]


# ---- may not be written ----

def test_a_store_on_a_disk_that_is_read_only_is_not_started_with(disk, graph):
    gateway = disk.gateway
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert graph.say(ANA, "kept") == 200
    assert gateway.stop() == 0
    disk.remount("ro")
    try:
        with pytest.raises(AssertionError, match="[Rr]ead-only"):
            gateway.start()
        assert gateway.process.returncode in (1, 78) and str(gateway.store) in gateway.log()
    finally:
        disk.remount("rw")
    gateway.start()
    graph.target(gateway.port, "wa-main")
    assert inbound(gateway) == ["kept"]


# ---- broken ----

def cut(path, keep):
    with open(path, "r+b") as file:
        file.truncate(int(path.stat().st_size * keep))


def scribble(path, at, data):
    with open(path, "r+b") as file:
        file.seek(at if at >= 0 else path.stat().st_size + at)
        file.write(data)


def killed_with_a_log(start, graph):
    gateway = start(rules=AT_ONCE)
    texts = [f"message {i}" for i in range(20)]
    assert [graph.say(ANA, text) for text in texts] == [200] * 20
    gateway.kill()
    return gateway, texts, pathlib.Path(f"{gateway.store}-wal")


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.7, 0.99])
def test_a_log_that_was_cut_short_leaves_what_is_before_it(start, graph, keep):
    """As after a power cut on a disk that lied: what was lost is the end, and the rest is whole."""
    gateway, texts, wal = killed_with_a_log(start, graph)
    cut(wal, keep)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    found = inbound(gateway)
    assert found == texts[:len(found)]
    assert graph.say(ANA, "and on") == 200 and inbound(gateway) == [*found, "and on"]


def test_rubbish_behind_the_log_is_not_read(start, graph):
    gateway, texts, wal = killed_with_a_log(start, graph)
    with open(wal, "ab") as file:
        file.write(os.urandom(50000))
    gateway.start()
    assert inbound(gateway) == texts


@pytest.mark.parametrize("at, data", [(0, b"no database at all"), (100, b"\x5a" * 3000), (4096, bytes(8192))],
                         ids=["its head", "its first page", "its second page"])
def test_a_broken_database_is_not_started_with_and_not_made_worse(start, graph, at, data):
    gateway, _, _ = killed_with_a_log(start, graph)
    gateway.start()
    assert gateway.stop() == 0		# all of it is in the database now
    scribble(gateway.store, at, data)
    before = gateway.store.read_bytes()
    with pytest.raises(AssertionError):
        gateway.start()
    assert gateway.process.returncode in (1, 78), gateway.log()[-2000:]
    assert str(gateway.store) in gateway.log().splitlines()[-1] and gateway.store.read_bytes() == before
