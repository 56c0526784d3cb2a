"""Several nodes on one PostgreSQL behind a balancer, killed and paused under load, and the server with them.

storm.py is who is at work meanwhile and what must hold in the end.  A pause is longer than the server waits for whoever
has the turn, and some are longer than a lease.  By option (HEADGATE_FULL=1, or HEADGATE_STRIKES) there are many more."""
import os
import random
import signal
import time

import harness
import postgres
import pytest
import records
import storm as storms
import test_nodes

FULL = bool(os.environ.get("HEADGATE_FULL"))
SEED = os.environ.get("HEADGATE_SEED", "4711")
STRIKES = os.environ.get("HEADGATE_STRIKES") or ("200,200,20" if FULL else "6,2,1")	# kills, pauses, kills of the server
KILLS, PAUSES, SERVER_KILLS = map(int, STRIKES.split(","))
TURN_S, LEASE_S = 5, 15		# src/store/postgres.c, nodes.h

pytestmark = pytest.mark.skipif(not postgres.program("postgres"), reason="PostgreSQL's server is not here")


@pytest.fixture(params=test_nodes.NODES, ids="{}-nodes".format)
def cluster(ram, graph, helpdesk, request):
    server = postgres.Server().start()
    made = test_nodes.Cluster(ram, server, graph, helpdesk, request.param, rules=storms.DECIDED, top=storms.top(), channel=storms.CHANNEL)
    made.server = server
    yield made
    problems = made.finish()
    server.stop()
    assert not problems, "\n".join(problems)


def kill_node(cluster, dice):
    node = dice.choice(cluster.nodes)
    node.kill()
    time.sleep(dice.random() / 2)
    node.start()


def pause_node(cluster, dice):
    node = dice.choice(cluster.nodes)
    node.process.send_signal(signal.SIGSTOP)
    time.sleep(dice.choice([TURN_S + 1, LEASE_S + 2]))
    node.process.send_signal(signal.SIGCONT)


def kill_server(cluster, dice):
    cluster.server.kill()
    time.sleep(dice.random())
    cluster.server.start()


def test_nodes_and_server_that_die_and_stop_under_load_lose_and_double_nothing(cluster, graph, helpdesk):
    dice = random.Random(SEED)
    storm = storms.Storm(cluster.front, graph, helpdesk, SEED, hurry=0.1)
    storm.passing = {502, 503, 504}
    strikes = [kill_node] * KILLS + [pause_node] * PAUSES + [kill_server] * SERVER_KILLS
    dice.shuffle(strikes)
    storm.begin(storms.customers(n=3))
    try:
        for strike in strikes:
            storm.wait_progress(5, 3 * LEASE_S)
            strike(cluster, dice)
        storm.wait_progress(10, 3 * LEASE_S)
        storm.end()
    finally:
        storm.stop()
    storm.check()
    records.record("nodes.kills", KILLS, acknowledged=storm.count(), pauses=PAUSES, server=SERVER_KILLS, seed=SEED,
                   nodes=len(cluster.nodes))
    assert storm.count() > 5 * len(strikes)


