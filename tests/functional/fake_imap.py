"""An IMAP server written byte by byte, on loopback without TLS: well behaved, until a test takes one of its answers into
its own hands (Server.on)."""
import base64
import contextlib
import re
import socket
import threading
import time

import harness

DAY = 86400


class Mail:
    def __init__(self, uid, raw, received=None, size=None):
        self.uid, self.raw, self.received = uid, raw, received or time.time()
        self.size = size if size is not None else len(raw)
        self.flags = set()

    @property
    def date(self):
        return time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(self.received))


class Folder:
    def __init__(self, validity=7):
        self.validity, self.mails, self.next = validity, [], 1

    def add(self, raw, **more):
        self.mails.append(Mail(self.next, raw, **more))
        self.next += 1
        return self.mails[-1]


class Gone(Exception):
    """The connection is over."""


class Connection:
    """One of them: reads commands, answers, keeps what was said."""

    def __init__(self, server, sock, number):
        self.server, self.socket, self.number = server, sock, number
        self.buffer, self.folder, self.known = b"", None, 0

    def send(self, data):
        try:
            self.socket.sendall(data if isinstance(data, bytes) else data.encode())
        except OSError as error:
            raise Gone from error

    def line(self):
        while b"\r\n" not in self.buffer:
            try:
                got = self.socket.recv(65536)
            except OSError as error:
                raise Gone from error
            if not got:
                raise Gone
            self.buffer += got
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line.decode("latin-1")

    def silence(self):
        """Says nothing more until the client leaves."""
        with contextlib.suppress(OSError):
            while self.socket.recv(65536):
                pass
        raise Gone

    def run(self):
        self.send(self.server.greeting)
        while True:
            tag, _, rest = self.line().partition(" ")
            verb, _, args = rest.partition(" ")
            if verb.upper() == "UID":
                verb, _, args = ("UID " + args).partition(" ")[2].partition(" ")
                verb = "UID " + verb
            verb = verb.upper()
            with self.server.lock:
                self.server.said.append((self.number, verb, args))
            for taken in self.server.on.get(verb, []):
                if taken(self, tag, args):
                    break
            else:
                getattr(self, "do_" + verb.lower().replace(" ", "_"))(tag, args)

    # ---- as it should be ----
    def do_capability(self, tag, _args):
        self.send(f"* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 {self.server.capability}\r\n{tag} OK done\r\n")

    def do_authenticate(self, tag, args):
        mechanism, _, first = args.partition(" ")
        if not first:
            self.send("+ \r\n")
            first = self.line()
        given = base64.b64decode(first).decode()
        with self.server.lock:
            self.server.logins.append(given)
        if self.server.accepts(given):
            self.send(f"{tag} OK in\r\n")
            return
        if mechanism.upper() == "XOAUTH2":
            self.send("+ eyJzdGF0dXMiOiI0MDAifQ==\r\n")
            self.line()
        self.send(f"{tag} NO {self.server.refusal}\r\n")

    def do_id(self, tag, _args):
        self.send(f"* ID NIL\r\n{tag} OK done\r\n")

    def do_select(self, tag, args):
        self.folder = self.server.folders.get(args.strip('"'))
        if self.folder is None:
            self.send(f"{tag} NO there is none\r\n")
            return
        self.known = len(self.folder.mails)
        self.send(f"* {self.known} EXISTS\r\n* 0 RECENT\r\n* OK [UIDVALIDITY {self.folder.validity}] x\r\n"
                  f"* OK [UIDNEXT {self.folder.next}] x\r\n{tag} OK [READ-WRITE] done\r\n")

    do_examine = do_select

    def chosen(self, text):
        """(sequence number, mail) of a UID set; "n:*" has the last one always."""
        mails, found = self.folder.mails, []
        for part in text.split(","):
            low, _, high = part.partition(":")
            last = mails[-1].uid if mails else 0
            low = last if low == "*" else int(low)
            high = last if high == "*" else int(high or low)
            low, high = min(low, high), max(low, high)
            found += [(i + 1, mail) for i, mail in enumerate(mails) if low <= mail.uid <= high]
        return found

    def one(self, number, mail, items):
        out = f"* {number} FETCH (UID {mail.uid}".encode()
        head, _, text = mail.raw.partition(b"\r\n\r\n")
        if "RFC822.SIZE" in items:
            out += f" RFC822.SIZE {mail.size}".encode()
        if "INTERNALDATE" in items:
            out += f' INTERNALDATE "{mail.date}"'.encode()
        if "BODY.PEEK[]" in items:
            out += f" BODY[] {{{len(mail.raw)}}}\r\n".encode() + mail.raw
        if "BODY.PEEK[HEADER]" in items:
            out += f" BODY[HEADER] {{{len(head) + 4}}}\r\n".encode() + head + b"\r\n\r\n"
        if "BODY.PEEK[TEXT]" in items:
            out += f" BODY[TEXT]<0> {{{len(text[:65536])}}}\r\n".encode() + text[:65536]
        return out + b")\r\n"

    def do_uid_fetch(self, tag, args):
        which, _, items = args.partition(" ")
        for number, mail in self.chosen(which):
            self.send(self.one(number, mail, items))
        self.send(f"{tag} OK done\r\n")

    def do_uid_store(self, tag, args):
        which, _, rest = args.partition(" ")
        for _, mail in self.chosen(which):
            mail.flags |= set(re.findall(r"\\\w+", rest))
        self.send(f"{tag} OK done\r\n")

    def tell_growth(self):
        """Once, whenever it came: also what came between two commands."""
        if len(self.folder.mails) > self.known:
            self.known = len(self.folder.mails)
            self.send(f"* {self.known} EXISTS\r\n")

    def do_noop(self, tag, _args):
        self.tell_growth()
        self.send(f"{tag} OK done\r\n")

    def do_idle(self, tag, _args):
        self.send("+ idling\r\n")
        while True:
            self.socket.settimeout(0.02)
            try:
                line = self.line() if b"\r\n" in self.buffer else None
                if line is None:
                    got = self.socket.recv(65536)
                    if not got:
                        raise Gone
                    self.buffer += got
                    continue
            except TimeoutError:
                self.tell_growth()
                continue
            except OSError as error:
                raise Gone from error
            finally:
                self.socket.settimeout(None)
            assert line.upper() == "DONE", line
            self.send(f"{tag} OK done\r\n")
            return


class Server:
    def __init__(self, capability="IDLE UIDPLUS MOVE ID", greeting="* OK hello\r\n", port=0):
        self.capability, self.greeting = capability, greeting
        self.refusal = "[AUTHENTICATIONFAILED] no"
        self.accepts = lambda given: True
        self.folders = {"INBOX": Folder()}
        self.on = {}		# verb -> functions (connection, tag, args) that return True when they have answered
        self.said, self.logins, self.connections = [], [], 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.sockets, self.errors = [], []
        threading.Thread(target=self.accept, daemon=True).start()

    @property
    def inbox(self):
        return self.folders["INBOX"]

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                sock, _ = self.listener.accept()
                self.connections += 1
                self.sockets.append(sock)
                threading.Thread(target=self.serve, args=(sock, self.connections), daemon=True).start()

    def serve(self, sock, number):
        try:
            with sock, contextlib.suppress(Gone):
                Connection(self, sock, number).run()
        except Exception as error:	# told to the test, which looks at it when it ends
            self.errors.append(error)

    def take(self, verb, answer, times=1):
        """The next so many of these commands are answered by answer(connection, tag, args), unless it returns False."""
        left = [times]

        def taken(connection, tag, args):
            with self.lock:
                if not left[0]:
                    return False
                left[0] -= 1
            if answer(connection, tag, args) is not False:
                return True
            left[0] += 1
            return False
        self.on.setdefault(verb, []).append(taken)

    def count(self, verb):
        with self.lock:
            return sum(said[1] == verb for said in self.said)

    def wait(self, verb, n=1):
        harness.wait_until(lambda: self.count(verb) >= n, f"{n} times {verb}")

    def drop(self):
        for sock in self.sockets:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def close(self):
        self.listener.close()
        self.drop()
        assert not self.errors, self.errors

    def channel(self, more="", imap=""):
        return ("    adapter: email\n    address: support@example.org\n    password: env:TEST_MAIL_PASSWORD\n"
                "    token_secret: env:TEST_MAIL_TOKENS\n"
                f"    imap: {{ host: 127.0.0.1, port: {self.port}, tls: none{', ' + imap if imap else ''} }}\n{more}")
