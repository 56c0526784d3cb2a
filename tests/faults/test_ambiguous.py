"""T-amb: a send whose answer is lost is settled by what its provider can, and by nothing it cannot.

amb.py is the provider and the attack; run it by hand for 1,000 sends in each of the 25 cells."""
import itertools
import json
import os
import random
import socket
import threading

import pytest

import amb
import harness
import records
from functional_conftest import AT_ONCE

FULL = bool(os.environ.get("HEADGATE_FULL"))
SEED = os.environ.get("HEADGATE_SEED", "4711")


@pytest.fixture
def attack(ram):
    made = []

    def run(**how):
        made.append(amb.Attack(ram, **how))
        return made[0]

    yield run
    assert made[0].close() == 0
    assert not harness.sanitizer_report(made[0].gateway.log())


def test_five_ways_of_losing_the_answer_at_providers_of_every_mood(attack):
    """None is lost, none comes twice where key, echo or question can tell; held ones are all listed; what is sent again
    by policy is there exactly as often as it was in doubt, and says so."""
    amb_attack = attack(lanes=4)
    for way in amb.WAYS:
        amb_attack.lose(way, 1000 if FULL else 100)
    found = amb_attack.record()
    assert all(figures["doubt"] > 0.6 * figures["sends"] for figures in found.values()), found
    print(json.dumps(found, indent=1))


# ---- when is an attempt in doubt at all? ----

class Peer:
    """Takes connections and treats each as `treat` says."""

    def __init__(self, treat):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, args=(treat,), daemon=True).start()

    def serve(self, treat):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            with connection:
                treat(connection)

    def close(self):
        self.listener.close()


def read_all(connection):
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(4096)
    head, _, body = got.partition(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(4096)


def say(text):
    def treat(connection):
        read_all(connection)
        connection.sendall(text)
    return treat


SURE, DOUBT, NEVER, SENT = "due", "unknown", "dead", "sent"
KINDS = {
    "nobody listens": (None, SURE),
    "no such name": ("http://nothing.invalid", SURE),
    "TLS to somebody who speaks none": (("https", say(b"")), SURE),
    "accepted, read and closed": (say(b""), DOUBT),
    "half of a status line": (say(b"HTTP/1.1 2"), DOUBT),
    "half of an answer": (say(b'HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"id'), DOUBT),
    "a 200 that says nothing": (say(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"), DOUBT),
    "500": (say(b"HTTP/1.1 500 Broken\r\nContent-Length: 0\r\n\r\n"), DOUBT),
    "502 of a proxy": (say(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"), DOUBT),
    "504 of a proxy": (say(b"HTTP/1.1 504 Gateway Timeout\r\nContent-Length: 0\r\n\r\n"), DOUBT),
    "silence": (lambda connection: (read_all(connection), connection.recv(1)), DOUBT),
    "429": (say(b"HTTP/1.1 429 Slow\r\nRetry-After: 60\r\nContent-Length: 0\r\n\r\n"), SURE),
    "400": (say(b"HTTP/1.1 400 No\r\nContent-Length: 0\r\n\r\n"), NEVER),
    "404": (say(b"HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n"), NEVER),
    "200": (say(b'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{"id":"7"}'), SENT),
}


def test_an_attempt_is_in_doubt_only_when_bytes_of_it_may_have_left_and_no_whole_answer_came(ram):
    """At a provider that can nothing: doubt is held, certainty is tried again."""
    peers, urls = [], {}
    for i, (kind, (how, _)) in enumerate(KINDS.items()):
        scheme, treat = how if isinstance(how, tuple) else ("http", how)
        if isinstance(how, str) or how is None:
            urls[kind] = how or f"http://127.0.0.1:{harness.free_port()}"
        else:
            peers.append(Peer(treat))
            urls[kind] = f"{scheme}://127.0.0.1:{peers[-1].port}"
    channels = "\n".join(f'  k{i}: {{ adapter: fake, url: "{url}", secret: env:TEST_FAKE_SECRET, timeout: 500ms, '
                         f'{amb.MOODS["hold"]} }}' for i, url in enumerate(urls.values()))
    gateway = harness.Gateway(ram, amb.CONFIG.format(channels=channels), dict(TEST_FAKE_SECRET=amb.SECRET)).start()
    attack = amb.Attack.__new__(amb.Attack)	# only for its way of talking to the daemon
    attack.gateway, attack.numbers, attack.ids = gateway, itertools.count(447700000000), itertools.count(1)
    try:
        for i in range(len(KINDS)):
            attack.say(f"k{i}", 1)
        for i, (kind, (_, want)) in enumerate(KINDS.items()):
            def state():
                rows = attack.rows(f"SELECT state, attempts FROM outbox WHERE target = 1 AND name = 'k{i}'")
                return "sent" if not rows else {2: SURE, 4: DOUBT, 6: NEVER}.get(rows[0][0]) if rows[0][1] else None
            assert harness.wait_until(state, f"an end of {kind}") == want, kind
        records.record("amb.kinds", len(KINDS))
    finally:
        assert gateway.stop() == 0
        for peer in peers:
            peer.close()


# ---- receipts, in whatever order ----

def messages_of(attack):
    return {message.to: message for message in attack.provider.messages.values()}


def receipt(message, word, at):
    said = {"receipt": word, "id": message.id, "at": at}
    return dict(said, code=131026, text="it could not be delivered") if word == "failed" else said


def deliver(attack, receipts):
    by_channel = {}
    for message, item in receipts:
        by_channel.setdefault(message.channel, []).append(item)
    for channel, items in by_channel.items():
        for first in range(0, len(items), amb.BATCH):
            attack.post(channel, items[first:first + amb.BATCH])


def hold_answers(attack, n):
    """n messages that were accepted, and the answers to which are held."""
    before = set(attack.provider.messages)
    attack.provider.way = "kill"
    for i, channel in enumerate(attack.channels):
        attack.say(channel, n // len(attack.channels))
    attack.provider.wait(lambda: attack.provider.held >= n // len(attack.channels) * len(attack.channels), "their acceptance")
    return [message for key, message in attack.provider.messages.items() if key not in before]


def let_go(attack):
    attack.provider.way = None
    attack.provider.let_go()
    attack.provider.wait(lambda: attack.provider.held == 0, "the answers")
    harness.wait_until(lambda: attack.under_way() == 0, "an answer to each send")


def test_receipts_that_come_before_the_answer_are_kept_and_count(attack):
    """T-receipt-early: thousands, shuffled, each before its message's own id is known here."""
    made, dice = attack(lanes=2, timeout="30s"), random.Random(SEED)
    wanted, told = 10000 if FULL else 900, 0
    while told < wanted:
        mine = hold_answers(made, 16 * len(made.channels))
        receipts = [(m, receipt(m, word, at)) for m in mine for at, word in enumerate(("sent", "delivered", "read"), 1)]
        dice.shuffle(receipts)
        deliver(made, receipts)
        told += len(receipts)
        let_go(made)
    rows = made.rows("SELECT delivery, conflict, COUNT(*) FROM message WHERE direction = 2 GROUP BY 1, 2")
    assert rows == [(6, 0, told // 3)], rows		# all of them read
    assert made.rows("SELECT COUNT(*) FROM receipt WHERE message_n IS NULL") == [(0,)]
    records.record("receipts.early", told, seed=SEED)


def test_six_receipts_in_every_order_show_one_state_and_contradictions_are_told(attack):
    """T-receipt-perm: all 720 orders, before and after the answer to the send."""
    words = ["sent", "delivered", "read", "played", "failed", "delivered"]
    orders, made = list(itertools.permutations(range(6))), attack(lanes=2, timeout="30s")
    for first in range(0, len(orders), 160):
        some = orders[first:first + 160]
        mine = hold_answers(made, 160)[:len(some)]
        pairs = list(zip(mine, some))
        for early in (True, False):
            receipts = [(m, receipt(m, words[i], i + 1)) for n, (m, order) in enumerate(pairs) for i in order
                        if (n % 2 == 0) == early]
            deliver(made, receipts)
            if early:
                let_go(made)
    told = {m.to for m in messages_of(made).values()}
    rows = made.rows("SELECT delivery, conflict, COUNT(*) FROM message WHERE direction = 2 AND conflict GROUP BY 1, 2")
    assert rows == [(7, 1, len(orders))], rows	# played, and somebody said it had failed
    assert made.rows("SELECT COUNT(*) FROM receipt") == [(6 * len(orders),)]
    assert len(told) >= len(orders)
    records.record("receipts.orders", len(orders), receipts=6 * len(orders))


# ---- the helpdesk does it, then drops the line ----

def test_a_helpdesk_that_makes_the_ticket_and_drops_the_line_is_asked_again_by_the_same_id(start, graph, helpdesk):
    """T-create-amb: the id of an event is the key; who keeps to it makes no second ticket."""
    n, seen, made = 2000 if FULL else 120, {}, set()

    def answer(delivery):
        seen[delivery.id] = seen.get(delivery.id, 0) + 1
        if delivery.type == "ticket.requested" and seen[delivery.id] == 1:
            helpdesk.ticket_body(delivery)
            if len(helpdesk.numbers) % 2:	# not all, or it would be taken for down
                made.add(delivery.id)	# done, and nobody hears of it
                raise helpdesk.Drop
        return None

    helpdesk.answer = answer
    gateway = start(rules=AT_ONCE)
    for i in range(n):
        assert graph.say(f"+4477009{i:05}", "my invoice is wrong") == 200
    for _ in range(100):
        try:
            harness.wait_until(lambda: len(helpdesk.of("ticket.requested")) == n, "the tickets", 0.3)
            break
        except AssertionError:
            gateway.advance(seconds=31)
    assert len(helpdesk.numbers) == n and len(helpdesk.of("ticket.requested")) == n
    assert len(made) > n // 3 and all(seen[id] == 2 for id in made)
    harness.wait_until(lambda: sum(t["ticket"]["links"] != [] for t in gateway.threads(limit=500)) == min(n, 500), "the links")
    ids = [link["id"] for t in gateway.threads(limit=500) for link in t["ticket"]["links"]]
    assert len(ids) == len(set(ids)) == min(n, 500)
    records.record("amb.create", len(made))
