"""The connection to PostgreSQL is cut at a byte of COMMIT, or of what the server says to it: whoever asked does not know
whether it happened.  headgate asks the server itself, and nothing is lost or there twice."""
import os
import pathlib
import select
import struct
import tempfile
import uuid

import pytest

import harness
import postgres
import postgres_line
from conftest import AT_ONCE, ENV, config_text, finish

pytestmark = pytest.mark.skipif(not postgres.program("postgres") or bool(postgres.RUNNING), reason="it needs a server of its own")
FULL = bool(os.environ.get("HEADGATE_FULL"))


class Cutter(postgres_line.Line):
    """armed: (side, n): the next COMMIT is cut when n bytes of it
    ("asked") or of the answer to it ("said") went through."""

    def __init__(self, folder, server):
        self.armed, self.cuts, self.lengths = None, 0, {"asked": 0, "said": 0}
        super().__init__(folder, server)

    def carry(self, client, server):
        said_left = None			# bytes of an answer that may still go through
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                if ready is client and self.is_commit(data):
                    self.lengths["asked"] = len(data)
                    cut, self.armed = self.armed, None
                    if cut and cut[0] == "asked":
                        self.cuts += 1
                        server.sendall(data[:cut[1]])
                        return
                    if cut:
                        said_left = cut[1]
                elif ready is server and said_left is not None:
                    self.lengths["said"] = len(data)
                    client.sendall(data[:said_left])
                    if said_left < len(data):
                        self.cuts += 1
                        return
                    said_left = None
                    continue
                (server if ready is client else client).sendall(data)

    @staticmethod
    def is_commit(data):
        """A simple query (type Q, length, text) that ends in COMMIT and has written something."""
        return data[:1] == b"Q" and len(data) > 5 and struct.unpack(">I", data[1:5])[0] == len(data) - 1 and \
            data.startswith(b"UPDATE turn", 5) and data.endswith(b"COMMIT\0")


def test_a_commit_cut_at_any_byte_is_one_or_none(graph, helpdesk, tmp_path):
    server = postgres.Server().start()
    with tempfile.TemporaryDirectory(prefix="cut") as folder:
        cutter = Cutter(pathlib.Path(folder), server)
        url = server.database()
        gateway = harness.Gateway(tmp_path, config_text(graph.url, helpdesk.url, rules=AT_ONCE), ENV,
                                  database=cutter.url(url), node="cut")
        gateway.start()
        graph.target(gateway.port, "wa-main")
        told = []

        def say(cut):
            text = f"{cut} {uuid.uuid4()}"
            cutter.armed = cut
            graph.deliver_until_taken(graph.text("+447700900123", text))
            told.append(text)

        say(("said", 10_000))			# never reached: what an answer is long
        say(None)
        asked, answer = cutter.lengths["asked"], cutter.lengths["said"]
        assert asked > 100 and answer > 20
        step = 1 if FULL else 61
        for n in [*range(0, asked, step), asked - 1, asked]:
            say(("asked", n))
        for n in range(0, answer, 1 if FULL else 19):
            say(("said", n))
        assert cutter.cuts > 8
        thread = gateway.wait_thread()[0]["id"]
        found, before = [], ""
        while True:
            page = gateway.get(f"/v1/threads/{thread}/messages?limit=200{before}")["messages"]
            found = [m["text"] for m in page if m["direction"] == "inbound"] + found
            if len(page) < 200:
                break
            before = "&before=" + page[0]["id"]
        assert found == told
        assert len({d.data["ticket"]["id"] for d in helpdesk.of("ticket.requested")}) == 1
        problems = finish(gateway)
        cutter.close()
        server.stop()
    assert not problems, problems
