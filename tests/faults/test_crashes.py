"""kill -9 under load, at random and at every fail point; steps that fail or take long; reloads that are broken.

storm.py is who is at work meanwhile and what must hold in the end, kills.py kills.  Run by hand for more:
tests/faults/kills.py --kills 5000."""
import os
import random

import pytest

import fake_channel
import harness
import kills
import records
import storm as storms
from fake_hook import FakeHook
from functional_conftest import AT_ONCE, ENV, config_text, finish

FULL = bool(os.environ.get("HEADGATE_FULL"))
SEED = os.environ.get("HEADGATE_SEED", "4711")
KILLS = 5000 if FULL else 100


@pytest.fixture
def crm():
    fake = FakeHook([harness.WEBHOOK_SECRET], {"contact": {"tier": "gold"}})
    yield fake
    fake.close()


@pytest.fixture
def storm(ram, graph, helpdesk, crm):
    config = config_text(graph.url, helpdesk.url, rules=storms.DECIDED, top=storms.top(crm.url), channel=storms.CHANNEL)
    gateway = harness.Gateway(ram, config, ENV)
    gateway.start()
    graph.target(gateway.port, "wa-main")
    made = storms.Storm(gateway, graph, helpdesk, SEED, hurry=0.05)
    yield made
    made.stop()
    problems = finish(gateway)
    assert not problems, "\n".join(problems)


def test_killed_at_each_step_and_at_random_under_load_it_loses_and_doubles_nothing(storm):
    storm.begin(storms.customers(n=4))
    killer = kills.Killer(storm, SEED)
    killer.run(KILLS)
    kills.finish(storm)
    print(f"seed {SEED}\n{killer.table()}")
    assert not killer.missed(), f"no kill fell behind {killer.missed()}"
    assert storm.count() > 5 * KILLS
    records.record("kills.random", killer.kills, acknowledged=storm.count(), seed=SEED)
    records.record("kills.points", len(kills.steps()), led=sum(killer.led.values()))


ACK = ["inbound.after_commit", "engine.after_commit", "inbound.stored", "inbound.answered", "receipt.after_commit",
       "api.after_commit", "api.answer"]


def test_killed_between_the_commit_and_the_answer_it_knows_what_comes_again(storm):
    """T-kill-ack: what was stored and not acknowledged is sent again, recognised, and answered as the first time."""
    storm.begin(storms.customers(n=4))
    killer = kills.Killer(storm, SEED)
    killer.run(1000 if FULL else 21, only=ACK)
    kills.finish(storm)
    print(killer.table(ACK))
    assert not killer.missed(ACK)
    records.record("kills.ack", killer.kills, acknowledged=storm.count(), seed=SEED)


# Where a step can fail, and how often it does: of a group that fails the next is larger, and has more rows to fail.
FAILING = {"inbound.parsed": 0.03, "api.read": 0.03, "journal.row": 0.002, "engine.before_commit": 0.03,
           "store.before_commit": 0.03, "outbox.claimed": 0.003, "fetch.bytes": 0.1, "file.synced": 0.1}


def fails(log):
    return log.count("store.failed") + log.count("inbound.busy")


def test_steps_that_fail_by_chance_are_done_again_and_nothing_is_acknowledged_that_is_not_on_disk(storm):
    storm.begin(storms.customers(n=4))
    storm.gateway.kill()
    storm.gateway.start(",".join(f"{point}=error@p{chance}:{i}" for i, (point, chance) in enumerate(FAILING.items())))
    storm.graph.target(storm.gateway.port, "wa-main")
    storm.wait_progress(1500 if FULL else 150, harness.PATIENCE * (10 if FULL else 2))
    assert storm.gateway.process.poll() is None
    assert fails(storm.gateway.log()) > 5
    # What has failed comes again, and by and by without a failure.
    storm.gateway.kill()
    storm.gateway.start()
    storm.graph.target(storm.gateway.port, "wa-main")
    kills.finish(storm)
    records.record("failpoints.errors", fails(storm.gateway.log()), points=len(FAILING), seed="0-7")


def test_steps_that_take_long_reorder_and_double_nothing(storm):
    """Every step of them all, now and then, in whatever thread: what comes while it waits overtakes nothing."""
    slow = [name for name in kills.steps() if not name.startswith(("recover.", "stop."))]
    storm.begin(storms.customers(n=4))
    storm.gateway.kill()
    storm.gateway.start(",".join(f"{point}=delay:20@p0.02:{i}" for i, point in enumerate(slow)))
    storm.graph.target(storm.gateway.port, "wa-main")
    storm.wait_progress(1500 if FULL else 150, harness.PATIENCE * (10 if FULL else 2))
    kills.finish(storm)
    records.record("failpoints.delays", storm.count(), points=len(slow))


def test_reloads_under_load_are_taken_whole_or_not_at_all(storm):
    """T-reload: good ones, broken ones, half-written ones, one without the channel; a dead-letter of none of them."""
    dice, gateway = random.Random(SEED), storm.gateway
    good = gateway.config_path.read_text()
    quicker = good.replace("rate: 1000", "rate: 900")
    assert quicker != good
    rounds, refused = 500 if FULL else 30, 0
    storm.begin(storms.customers(n=4))
    for i in range(rounds):
        kind = dice.choice(("good", "good", "good", "good", "half", "nonsense", "unknown"))
        text = {"good": quicker if i % 2 else good, "half": good[:dice.randrange(20, len(good) - 200)] + "\n  {",
                "nonsense": good + "\nrules: {{{", "unknown": good + "\nno_such_section: 1\n"}[kind]
        gateway.config_path.write_text(text)
        before = gateway.log().count("reload.refused")
        gateway.reload()
        assert gateway.log().count("reload.refused") == before + (kind != "good"), kind
        refused += kind != "good"
        storm.wait_progress(dice.randint(0, 5))
    gateway.config_path.write_text(good)
    gateway.reload()
    kills.finish(storm)
    assert refused > rounds // 5
    records.record("kills.reloads", rounds, refused=refused, seed=SEED)


def test_a_channel_that_is_taken_out_keeps_its_work_until_it_is_back(storm):
    gateway = storm.gateway
    gateway.env.update(fake_channel.ENV)
    storm.passing.add(409)	# there is no such channel (now)
    whole = fake_channel.beside(gateway.config_path.read_text())
    start, end = whole.index("  wa-main:"), whole.index("  try:")
    gateway.stop()
    gateway.config_path.write_text(whole)
    gateway.start()
    storm.graph.target(gateway.port, "wa-main")
    storm.begin(storms.customers(n=3))
    for text in (whole[:start] + whole[end:], whole) * 3:
        gateway.config_path.write_text(text)
        gateway.reload()
        there = text == whole
        harness.wait_until(lambda: ("wa-main" in [c["name"] for c in gateway.status()["channels"]]) == there, "the reload")
        if there:
            storm.wait_progress(10)
    kills.finish(storm)


def test_a_store_that_fails_for_good_ends_the_daemon_and_leaves_nobody_waiting(storm):
    """Ten groups in a row: it stops by itself, and the next start takes up what was not acknowledged."""
    gateway = storm.gateway
    storm.begin(storms.customers(n=4))
    storm.wait_progress(20)
    gateway.kill()
    gateway.start("store.before_commit=error@30+")
    storm.graph.target(gateway.port, "wa-main")
    assert gateway.wait_dead() == 1
    assert "event=store.broken" in gateway.log()
    gateway.start()
    storm.graph.target(gateway.port, "wa-main")
    storm.wait_progress(10)
    kills.finish(storm)


def test_two_identical_webhooks_at_the_same_instant_are_one(start, graph, helpdesk):
    gateway = start(rules=AT_ONCE)
    rounds = 300 if FULL else 40
    for i in range(rounds):
        payload = graph.text("+447700900123", f"twice {i}")
        assert graph.deliver_at_once([payload, payload]) == [200, 200]
    thread = gateway.threads()[0]
    assert thread["inbound"] == rounds and len(gateway.threads()) == 1
    helpdesk.wait(lambda h: len(h.of("ticket.message")) == rounds - 1, "all messages")
    assert len(helpdesk.of("ticket.requested")) == 1


def test_a_stop_in_the_middle_of_it_all_ends_what_is_under_way(storm):
    storm.begin(storms.customers(n=3))
    for _ in range(3):
        storm.wait_progress(20)
        assert storm.gateway.stop() == 0
        storm.gateway.start()
        storm.graph.target(storm.gateway.port, "wa-main")
    storm.wait_progress(10)
    kills.finish(storm)
    # Nothing was in doubt: whoever stops in order knows what has left.
    assert not storm.gateway.get("/v1/outbox?state=unknown")["jobs"]
