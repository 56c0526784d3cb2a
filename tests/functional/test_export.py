"""All conversations into a file: whole, and byte for byte the same when it was interrupted and gone on with."""
import hashlib
import json
import os
import select
import signal
import socket
import subprocess
import threading

import pytest

import conftest
from harness import BUILD, PATIENCE, wait_until
from test_api import reply_with_file

CONFIG = dict(rules=conftest.NOISE, top="default: hold\nsettle: 1h\nfirst_response: 7d")


@pytest.fixture(scope="module")
def talk(world):
    """Four conversations, the last with a file and more messages than one line."""
    threads = [world.thread(f"matter {n}") for n in range(4)]
    reply_with_file(world, threads[3]["id"], b"a label")
    world.gateway.ctl("thread", "note", threads[0]["id"], "a note", check=0)
    wait_until(lambda: world.gateway.messages(threads[3]["id"])[-1]["delivery"] not in ("queued", "sending"), "the label on its way")
    return threads


def export(world, path, *args, code=0, socket_path=None):
    done = subprocess.run([BUILD / "headgatectl", "-s", str(socket_path or world.gateway.socket), "export", str(path), *map(str, args)],
                          capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == code, done
    return done


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


class Between:
    """A socket before the daemon's: asks what is to be done before the so many-th conversation's messages are fetched."""

    def __init__(self, world, path, at, then):
        self.target, self.at, self.then, self.seen = world.gateway.socket, at, then, 0
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(path))
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                near = self.listener.accept()[0]
            except OSError:
                return
            with near, socket.socket(socket.AF_UNIX) as far:
                self.carry(near, far)

    def carry(self, near, far):
        asked = near.recv(65536)
        if b"/messages" in asked.split(b"\r\n")[0]:
            self.seen += 1
            if self.seen == self.at and not self.then():
                return
        far.connect(str(self.target))
        far.sendall(asked)
        other = {near: far, far: near}
        while True:
            for end in select.select([near, far], [], [])[0]:
                if not (some := end.recv(65536)):
                    return
                other[end].sendall(some)

    def close(self):
        self.listener.close()


def test_all_is_written_with_notes_and_files(world, talk, tmp_path):
    done = export(world, tmp_path / "all.ndjson", "--files", tmp_path / "files")
    assert done.stdout == f"{tmp_path}/all.ndjson: 4 conversations, 6 messages, 1 files\n"
    written = lines(tmp_path / "all.ndjson")
    assert [line["thread"] for line in written if line["type"] == "thread"] == world.gateway.threads()
    for thread in talk:
        said = [line["message"] for line in written if line.get("thread_id") == thread["id"]]
        assert said == world.gateway.messages(thread["id"])
    name = hashlib.sha256(b"a label").hexdigest()
    assert os.listdir(tmp_path / "files") == [name] and (tmp_path / "files" / name).read_bytes() == b"a label"
    assert not (tmp_path / "all.ndjson.resume").exists() and (tmp_path / "all.ndjson").stat().st_mode & 0o77 == 0


def test_an_export_narrows_and_tells_as_json(world, talk, tmp_path):
    done = export(world, tmp_path / "none.ndjson", "--channel", "wa-other", "--since", "1h", "--json")
    assert json.loads(done.stdout) == dict(file=str(tmp_path / "none.ndjson"), threads=0, messages=0, files=0, missing=0)
    assert lines(tmp_path / "none.ndjson") == []


@pytest.mark.parametrize("how", ["interrupted", "lost"])
def test_what_was_interrupted_goes_on_and_is_the_same(world, talk, tmp_path, how):
    export(world, tmp_path / "whole.ndjson", "--files", tmp_path / "files")
    path, running = tmp_path / "parts.ndjson", []

    def then():
        if how == "interrupted":
            running[0].send_signal(signal.SIGINT)
        return how == "interrupted"

    between = Between(world, tmp_path / "between.sock", 3, then)
    running.append(subprocess.Popen([BUILD / "headgatectl", "-s", tmp_path / "between.sock", "export", path, "--files", tmp_path / "other"],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
    stderr = running[0].communicate(timeout=PATIENCE)[1]
    between.close()
    assert running[0].returncode == 6 and f"go on with: headgatectl export {path} --resume" in stderr, stderr
    assert (tmp_path / "whole.ndjson").read_bytes().startswith(path.read_bytes()) and 0 < len(lines(path)) < 10
    with open(path, "a") as file:
        file.write('{"type":"thread","thr')		# what a kill would have left
    export(world, path, code=5)
    export(world, path, "--resume")
    assert path.read_bytes() == (tmp_path / "whole.ndjson").read_bytes()
    assert os.listdir(tmp_path / "other") == os.listdir(tmp_path / "files")
    assert not path.with_name("parts.ndjson.resume").exists()


def test_what_cannot_be_gone_on_with_or_had_is_said(world, talk, tmp_path):
    assert "nothing of an export" in export(world, tmp_path / "x", "--resume", code=4).stderr
    assert "--resume goes on as it was begun" in export(world, tmp_path / "x", "--resume", "--since", "1h", code=2).stderr
    assert export(world, tmp_path / "x", code=3, socket_path=tmp_path / "nobody.sock") and not (tmp_path / "x").exists()
    assert "since=soon" in export(world, tmp_path / "x", "--since", "soon", code=2).stderr
    stored = next(path for path in world.gateway.store.parent.rglob(hashlib.sha256(b"a label").hexdigest()))
    stored.rename(stored.with_name("away"))
    try:
        done = export(world, tmp_path / "y", "--files", tmp_path / "files", code=6)
        assert "1 files could not be had" in done.stderr and lines(tmp_path / "y") and not os.listdir(tmp_path / "files")
    finally:
        stored.with_name("away").rename(stored)
