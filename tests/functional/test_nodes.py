"""Several nodes on one PostgreSQL behind a load balancer: whatever lands where, it is one gateway.

There are two of them; two, and then four, with HEADGATE_FULL=1; or as many as HEADGATE_NODES says (2,4,8)."""
import concurrent.futures
import http.client
import os
import subprocess
import threading
import time
import uuid

import pytest

import harness
import postgres
from conftest import AT_ONCE, ENV, config_text

pytestmark = pytest.mark.skipif(not postgres.program("postgres"), reason="PostgreSQL's server is not here")

LEASE_S = 15
NODES = [int(n) for n in (os.environ.get("HEADGATE_NODES") or ("2,4" if os.environ.get("HEADGATE_FULL") else "2")).split(",")]
ERASER = "token-that-erases-0123456789"


@pytest.fixture(scope="module")
def server():
    if postgres.RUNNING:
        yield None
        return
    made = postgres.Server().start()
    yield made
    made.stop()


class Balancer:
    """HAProxy as a company has it: each request to the next node that answers, and to another one where none was made.  One that is
    at a node which does not answer any more is ended, and whoever made it repeats it."""

    def __init__(self, folder, ports):
        self.port = harness.quiet_port()
        servers = "\n".join(f"    server n{i} 127.0.0.1:{port} check inter 200ms fall 1 rise 1 on-marked-down shutdown-sessions" for i, port in enumerate(ports))
        config = folder / "haproxy.cfg"
        config.write_text(f"""\
defaults
    mode http
    timeout connect 2s
    timeout check 1s
    timeout client 60s
    timeout server 60s
    retries 2
    option redispatch 1
frontend in
    bind 127.0.0.1:{self.port}
    default_backend nodes
backend nodes
    balance roundrobin
    option httpchk GET /livez
{servers}
""")
        self.process = subprocess.Popen(["haproxy", "-f", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        harness.wait_until(self.answers, "HAProxy")

    def answers(self):
        try:
            return harness.request(self.port, "GET", "/livez").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def close(self):
        self.process.terminate()
        self.process.wait()


class Front(harness.Gateway):
    """What of all nodes is seen through the balancer."""

    def __init__(self, nodes, balancer):
        self.nodes, self.port = nodes, balancer.port

    @property
    def process(self):
        return self.nodes[0].process

    def advance(self, **span):
        for node in self.nodes:
            node.advance(**span)


class Cluster:
    def __init__(self, folder, server, graph, helpdesk, n, files="directory", **config):
        self.url = postgres.make_database(server.url() if server else postgres.RUNNING)
        (folder / "files").mkdir()
        self.nodes = []
        for i in range(n):
            name = f"node-{i + 1}"
            (folder / name).mkdir()
            port = harness.quiet_port()
            text = config_text(graph.url, helpdesk.url, **config).replace("listen: 127.0.0.1:0\n", f"listen: 127.0.0.1:{port}\n", 1)
            where = f"attachments: {folder}/files" if files == "directory" else "attachments_in: database"
            text = text.replace("  ballast: 1MiB\n", f"  ballast: 1MiB\n  {where}\n", 1)
            self.nodes.append(harness.Gateway(folder / name, text, dict(ENV, TEST_TOKEN_ERASE=ERASER), database=self.url, node=name))
        for node in self.nodes:
            node.start()
        self.balancer = Balancer(folder, [node.port for node in self.nodes])
        self.front = Front(self.nodes, self.balancer)
        graph.target(self.balancer.port, "wa-main")

    def ask(self, sql):
        return postgres.ask(self.url, sql)

    def holder(self, post):
        name = self.ask(f"SELECT n.name FROM lease AS l JOIN node AS n ON n.n = l.node_n WHERE l.name = '{post}'")
        return next(node for node in self.nodes if node.node == name)

    def finish(self):
        problems = []
        for node in self.nodes:
            if node.process.poll() is None:
                problems += [f"{node.node}: fsck: {breach}" for breach in node.fsck()]
                code = node.stop()
                problems += [f"{node.node} ended with {code}"] if code else []
            problems += harness.sanitizer_report(node.log())
        self.balancer.close()
        return problems


@pytest.fixture(params=NODES, ids="{}-nodes".format)
def cluster(tmp_path, server, graph, helpdesk, request):
    made = Cluster(tmp_path, server, graph, helpdesk, request.param, rules=AT_ONCE)
    yield made
    problems = made.finish()
    assert not problems, "\n".join(problems)


def inbound(gateway, thread):
    found, before = [], ""
    while True:
        page = gateway.get(f"/v1/threads/{thread}/messages?limit=200{before}")["messages"]
        found = [m["text"] for m in page if m["direction"] == "inbound"] + found
        if len(page) < 200:
            return found
        before = "&before=" + page[0]["id"]


def test_fifty_first_messages_at_all_nodes_make_one_conversation_and_one_ticket(cluster, graph, helpdesk):
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        assert set(pool.map(lambda i: graph.say("+447700900123", f"it is broken {i}"), range(50))) == {200}
    threads = cluster.front.wait_thread()
    assert len(threads) == 1
    assert sorted(inbound(cluster.nodes[-1], threads[0]["id"])) == sorted(f"it is broken {i}" for i in range(50))
    helpdesk.wait(lambda h: len({m["text"] for d in h.accepted for m in d.data.get("messages", []) + [d.data.get("message", {})]
                                 if m.get("text")}) == 50, "all of it at the helpdesk")
    assert len(helpdesk.of("ticket.requested")) == 1
    sequence = [d.data["sequence"] for d in helpdesk.accepted]
    assert sequence == sorted(sequence)


def test_what_is_delivered_to_all_nodes_at_once_is_one_message(cluster, graph):
    bodies = [graph.text("+447700900123", f"copy {i} {uuid.uuid4()}") for i in range(20)]
    with concurrent.futures.ThreadPoolExecutor(20) as pool:
        done = list(pool.map(graph.deliver, bodies * 5))
    assert set(done) == {200}
    thread = cluster.front.wait_thread()[0]["id"]
    assert len(inbound(cluster.front, thread)) == 20


def test_an_answer_given_at_any_node_goes_out_once_and_in_order(cluster, graph, helpdesk):
    graph.say("+447700900123", "where is it?")
    thread = helpdesk.wait(lambda h: h.of("ticket.requested"), "a ticket")[0].data["thread"]["id"]
    for i in range(10):
        assert cluster.nodes[i % len(cluster.nodes)].reply(thread, f"answer {i}").status == 202
    sent = graph.wait_accepted(10)
    assert [m.text for m in sent] == [f"answer {i}" for i in range(10)]
    # One that dies and is there again has what it held at once: nobody waits for its lease.
    harness.wait_until(lambda: cluster.ask("SELECT COUNT(*) FROM outbox WHERE state IN (1, 2, 3)") == "0", "that all is done")
    again = cluster.holder("channel:wa-main")
    takeovers = cluster.ask("SELECT MAX(fence) FROM lease")
    again.kill()
    again.start()
    harness.wait_until(lambda: "event=node.again" in again.log(), "the word of the one before")
    assert cluster.nodes[0].reply(thread, "after that").status == 202
    graph.wait_accepted(11)
    assert "event=node.takeover" not in "".join(node.log() for node in cluster.nodes)
    assert int(cluster.ask("SELECT MAX(fence) FROM lease")) > int(takeovers)


def test_what_a_dead_node_held_another_one_takes_over(cluster, graph, helpdesk):
    graph.say("+447700900123", "first")
    thread = helpdesk.wait(lambda h: h.of("ticket.requested"), "a ticket")[0].data["thread"]["id"]
    dead = cluster.holder("channel:wa-main")
    other = next(node for node in cluster.nodes if node is not dead)
    dead.kill()
    assert other.reply(thread, "from the other one").status == 202
    began = time.monotonic()
    assert graph.wait_accepted(1, patience=4 * LEASE_S)[0].text == "from the other one"
    assert time.monotonic() - began < 3 * LEASE_S
    assert graph.say("+447700900123", "second") == 200
    harness.wait_until(lambda: helpdesk.of("ticket.message"), "the second message at the helpdesk", 4 * LEASE_S)
    dead.start()


def test_a_server_that_is_killed_loses_nothing_and_the_nodes_live_on(cluster, server, graph, helpdesk):
    if not server:
        pytest.skip("the server is not the test's own")
    told, stop = [], threading.Event()

    def customer(number):
        while not stop.is_set():
            text = f"{number} {uuid.uuid4()}"
            graph.deliver_until_taken(graph.text(f"+44770090{number}", text))
            told.append(text)

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        for number in range(1000, 1004):
            pool.submit(customer, number)
        for _ in range(3):
            time.sleep(1)
            server.kill()
            server.start()
        time.sleep(1)
        stop.set()
    found = [text for thread in cluster.front.threads() for text in inbound(cluster.front, thread["id"])]
    assert sorted(found) == sorted(told) and len(told) > 20
    assert all(node.process.poll() is None for node in cluster.nodes)


# ---- attachments in the database ----

@pytest.fixture
def apart(tmp_path, server, graph, helpdesk):
    """Two nodes that share no directory."""
    made = Cluster(tmp_path, server, graph, helpdesk, 2, files="database", rules=AT_ONCE,
                   more="    eraser: { token: env:TEST_TOKEN_ERASE, scopes: [read, contacts, erase] }\n")
    yield made
    problems = made.finish()
    assert not problems, "\n".join(problems)


def upload(node, data):
    return node.http("POST", "/v1/attachments?name=a.pdf", data, {"Authorization": "Bearer " + harness.API_TOKEN, "Content-Type": "application/pdf"})


def copies(node, sha256):
    return list((node.folder / "store" / "attachments").rglob(sha256))


def test_a_file_is_had_at_every_node_sent_by_every_node_and_erased_everywhere(apart, graph, helpdesk):
    first, second = apart.nodes
    photo = b"\xff\xd8\xff" + bytes(range(256)) * 3000		# three pieces
    assert graph.deliver(graph.album("+447700900123", [graph.add_media(photo, "image/jpeg")], "my lamp")[0]) == 200
    thread = helpdesk.wait(lambda h: h.of("ticket.requested"), "a ticket")[0].data["thread"]["id"]
    stored = harness.wait_until(lambda: [a for m in first.messages(thread) for a in m["attachments"] if a["state"] == "stored"], "the photo")[0]
    assert apart.ask("SELECT COUNT(*), SUM(length(bytes)) FROM file_piece") == f"3|{len(photo)}"
    for node in apart.nodes:		# one of them has not seen it before
        assert node.api("GET", "/v1/attachments/" + stored["id"]).body == photo and copies(node, stored["sha256"])
    # What is uploaded at one is answered with at the other, and goes out from whichever holds the channel.
    for i, (taker, other) in enumerate(((first, second), (second, first))):
        data = b"%PDF-1.4 " + bytes([65 + i]) * 300000
        up = upload(taker, data)
        assert up.status == 201
        assert other.reply(thread, f"answer {i}", attachments=[up.json["attachment"]]).status == 202
        graph.wait_accepted(i + 1)
        assert graph.uploads[-1].data == data
    assert second.reply(thread, "what?", attachments=[{"sha256": "0" * 64}]).status == 400
    assert [node.fsck() for node in apart.nodes] == [[], []]
    # A copy that is damaged harms nobody else, and a file that is damaged in the database is told of.
    apart.ask(f"UPDATE file_piece SET bytes = substr(bytes, 2) WHERE sha256 = '{stored['sha256']}' AND part = 2")
    assert "its file was changed" in str(first.fsck())
    apart.ask("UPDATE file SET at_ms = 0")		# else the files are too young to be deleted
    contact = first.get(f"/v1/threads/{thread}")["thread"]["contact"]["id"]
    assert first.api("POST", f"/v1/contacts/{contact}/erase", {"confirm": contact}, token=ERASER).status == 202
    harness.wait_until(lambda: apart.ask("SELECT (SELECT COUNT(*) FROM file) + (SELECT COUNT(*) FROM file_piece)") == "0", "no file is left")
    for node in apart.nodes:		# at the latest with the next start, else within a minute
        node.stop()
        node.start()
        harness.wait_until(lambda node=node: not copies(node, stored["sha256"]), "no copy is left")


def test_a_kill_in_the_middle_of_a_file_leaves_nothing_of_it(apart):
    node = apart.nodes[0]
    node.stop()
    node.start(fail="file.piece=crash@2")
    with pytest.raises(OSError):
        upload(node, b"%PDF-1.4 " + bytes(700000))
    assert node.wait_dead() == -9
    assert apart.ask("SELECT (SELECT COUNT(*) FROM file) + (SELECT COUNT(*) FROM file_piece)") == "0"
    node.start()
    assert list((node.folder / "store" / "attachments" / "tmp").iterdir()) == []
    kept = upload(node, b"%PDF-1.4 once more").json["attachment"]["sha256"]
    assert apart.ask("SELECT sha256 FROM file") == kept
    apart.ask("UPDATE file SET at_ms = 0")		# nobody has named it for more than a day
    node.stop()
    node.start()
    harness.wait_until(lambda: apart.ask("SELECT COUNT(*) FROM file") == "0", "what nobody names is gone")
