"""What stands between headgate and PostgreSQL, by sockets in a folder: it carries what both say, and does to it what a test wants."""
import select
import socket
import struct
import threading

SOCKET = ".s.PGSQL.5432"


class Line:
    def __init__(self, folder, server):
        self.folder, self.target = folder, f"{server.folder}/{SOCKET}"
        self.url_part = (str(server.folder), str(folder))
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(f"{folder}/{SOCKET}")
        self.listener.listen(50)
        threading.Thread(target=self.accept, daemon=True).start()

    def url(self, url):
        """The same database, by this line."""
        return url.replace(*self.url_part)

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            server = socket.socket(socket.AF_UNIX)
            try:
                server.connect(self.target)
            except OSError:
                client.close()
                continue
            threading.Thread(target=self.begin, args=(client, server), daemon=True).start()

    def begin(self, client, server):
        try:
            self.carry(client, server)
        except OSError:
            pass
        finally:
            client.close()
            server.close()

    def carry(self, client, server):
        """One connection, until it ends."""
        raise NotImplementedError

    def close(self):
        self.listener.close()


class Bad(Line):
    """deaf: what the server notifies of never arrives, and nobody is told.  flows cleared: nothing arrives at all, and no
    connection ends."""

    def __init__(self, folder, server):
        self.deaf, self.swallowed = False, 0
        self.flows = threading.Event()
        self.flows.set()
        super().__init__(folder, server)

    def carry(self, client, server):
        said = b""
        while True:
            for ready in select.select([client, server], [], [])[0]:
                data = ready.recv(65536)
                if not data:
                    return
                self.flows.wait()
                if ready is client:
                    server.sendall(data)
                    continue
                whole, said = self.heard(said + data)
                client.sendall(whole)

    def heard(self, data):
        """(what goes on, the beginning of a message): by sockets a server says nothing but messages, type and length first."""
        whole, at = [], 0
        while len(data) - at >= 5:
            end = at + 1 + struct.unpack(">I", data[at + 1:at + 5])[0]
            if end > len(data):
                break
            if self.deaf and data[at:at + 1] == b"A":
                self.swallowed += 1
            else:
                whole.append(data[at:end])
            at = end
        return b"".join(whole), data[at:]
