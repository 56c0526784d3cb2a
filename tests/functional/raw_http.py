"""HTTP as strangers write it: bytes out, answers in, nothing put right on the way."""
import collections
import contextlib
import socket

import harness

Reply = collections.namedtuple("Reply", "status headers body")


class Raw:
    """One connection.  Answers are read one by one; None is the end of the connection."""

    def __init__(self, port, patience=harness.PATIENCE, address="127.0.0.1", source=None):
        self.socket = socket.create_connection((address, port), timeout=patience, source_address=source and (source, 0))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        """Sends what the peer takes: one that has refused us may hang up in the middle."""
        with contextlib.suppress(ConnectionError):
            self.socket.sendall(data)
        return self

    def end(self):
        """No more will come."""
        with contextlib.suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
        return self

    def more(self):
        try:
            got = self.socket.recv(65536)
        except ConnectionError:
            got = b""
        self.buffer += got
        return got

    def reply(self, method="GET"):
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                assert not self.buffer, f"half an answer: {self.buffer[:200]!r}"
                return None
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
        while len(self.buffer) < length:
            assert self.more(), "the body ended early"
        body, self.buffer = self.buffer[:length], self.buffer[length:]
        return Reply(int(first.split(" ")[1]), headers, body)

    def replies(self):
        """All that come until the end of the connection."""
        found = []
        while (reply := self.reply()) is not None:
            found.append(reply)
        return found


def exchange(port, data):
    """Everything that is answered to these bytes, after which nothing is sent and the connection is left open."""
    with Raw(port) as raw:
        return raw.send(data).replies()
