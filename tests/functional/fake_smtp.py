"""A mail server that does as it is told, byte by byte: leaves at a step, says what it is given, takes its time.

Steps: greeting, ehlo, starttls, tls, auth, mail, rcpt, data, body, end."""
import base64
import socket
import ssl
import struct
import threading

STEPS = ["greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "end"]


class Gone(Exception):
    pass


class Line:
    """One connection."""

    def __init__(self, server, sock):
        self.server, self.sock, self.tls, self.logged_in = server, sock, False, False
        self.buffer, self.commands = b"", []
        self.sender, self.receivers = None, []

    def send(self, data):
        step = self.server.drip or len(data)
        for at in range(0, len(data), step):
            self.sock.sendall(data[at:at + step])

    def recv(self):
        data = self.sock.recv(65536)
        if not data:
            raise Gone
        self.buffer += data

    def read_line(self):
        while b"\r\n" not in self.buffer:
            self.recv()
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def leave(self):
        if self.server.reset:
            self.raw().setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise Gone

    def raw(self):
        return self.sock

    def say(self, step, default):
        """What the script has for this step, or default.  None: leave."""
        if self.server.cut == step:
            self.leave()
        if self.server.silent == step:
            self.server.silence.wait(60)
            raise Gone
        answer = self.server.answers.get(step, default)
        if callable(answer):
            answer = answer(self)
        self.send(answer)
        return answer

    def start_tls(self):
        # What came with the command was no TLS.
        self.sock = self.server.context.wrap_socket(self.sock, server_side=True)
        self.tls, self.buffer = True, b""
        if self.server.cut == "tls":
            self.leave()

    # ---- commands ----
    def ehlo(self, _):
        offers = [b"test.example"] + [o for o in self.server.offers if o != b"STARTTLS" or not self.tls]
        self.say("ehlo", b"".join(b"250%c%s\r\n" % (b"-" if o is not offers[-1] else b" ", o) for o in offers))

    helo = ehlo

    def starttls(self, _):
        if self.say("starttls", b"220 go ahead\r\n").startswith(b"220"):
            self.start_tls()

    def auth(self, argument):
        words = argument.split()
        mechanism, said = words[0].upper(), [words[1]] if len(words) > 1 else []
        if mechanism == b"LOGIN":
            for prompt in (b"Username:", b"Password:")[len(said):]:
                self.send(b"334 " + base64.b64encode(prompt) + b"\r\n")
                said.append(self.read_line())
        elif not said:
            self.send(b"334 \r\n")
            said.append(self.read_line())
        self.server.logins.append((mechanism, [base64.b64decode(s) for s in said]))
        answer = self.say("auth", b"235 2.7.0 welcome\r\n")
        self.logged_in = answer.startswith(b"235")
        if answer.startswith(b"334"):	# XOAUTH2: why not, then the real answer
            self.read_line()
            self.send(b"535 5.7.8 token refused\r\n")

    def mail(self, argument):
        self.sender, self.receivers = argument, []
        self.server.count("mail", self)
        self.say("mail", b"250 2.1.0 sender ok\r\n")

    def rcpt(self, argument):
        self.receivers.append(argument)
        self.say("rcpt", b"250 2.1.5 receiver ok\r\n")

    def data(self, _):
        if not self.say("data", b"354 go on\r\n").startswith(b"354"):
            return
        if self.server.cut == "body":
            while len(self.buffer) < self.server.cut_after:
                self.recv()
            self.leave()
        if "body" in self.server.answers:
            self.send(self.server.answers["body"])
            self.leave()
        parts, end = [b"\r\n", self.buffer], b""
        while b"\r\n.\r\n" not in (end := (end + parts[-1])[-70000:]):
            self.buffer = b""
            self.recv()
            parts.append(self.buffer)
        body, _, self.buffer = b"".join(parts)[2:].partition(b"\r\n.\r\n")
        self.server.arrived.append(body)
        if self.say("end", b"250 2.0.0 queued as 4711\r\n").startswith(b"250"):
            self.server.mails.append((self.sender, self.receivers, body.replace(b"\r\n..", b"\r\n.") + b"\r\n"))

    def quit(self, _):
        self.send(b"221 bye\r\n")
        raise Gone

    def rset(self, _):
        self.send(b"250 ok\r\n")

    def serve(self):
        if self.server.implicit:
            self.start_tls()
        self.say("greeting", b"220 test.example ESMTP\r\n")
        while True:
            line = self.read_line()
            verb, _, argument = line.partition(b" ")
            self.commands.append(line)
            verb = verb.decode("ascii", "replace").lower()
            if verb in ("ehlo", "helo", "starttls", "auth", "mail", "rcpt", "data", "quit", "rset"):
                getattr(self, verb)(argument)
            else:
                self.send(b"500 5.5.1 what?\r\n")


class FakeSmtp:
    def __init__(self, certificate=None, key=None, cut=None, answers=None, offers=(b"AUTH PLAIN LOGIN", b"SIZE 1000000", b"DSN", b"STARTTLS"),
                 implicit=False, drip=0, reset=False, silent=None, cut_after=1, tls=None, port=0):
        self.cut, self.answers, self.offers = cut, answers or {}, list(offers)
        self.implicit, self.drip, self.reset, self.silent, self.cut_after = implicit, drip, reset, silent, cut_after
        self.silence = threading.Event()
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if certificate:
            self.context.load_cert_chain(certificate, key)
        if tls:
            self.context.minimum_version = self.context.maximum_version = tls
        self.lines, self.mails, self.arrived, self.logins, self.hooks = [], [], [], [], {}
        self.threads, self.lock = [], threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", port), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.acceptor = threading.Thread(target=self.accept, daemon=True)
        self.acceptor.start()

    def count(self, what, line):
        hook = self.hooks.get(what)
        if hook:
            hook(line)

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(60)
            line = Line(self, sock)
            self.lines.append(line)
            thread = threading.Thread(target=self.run, args=(line,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def run(self, line):
        try:
            line.serve()
        except (Gone, OSError):
            pass
        finally:
            line.sock.close()

    @property
    def commands(self):
        return [command for line in self.lines for command in line.commands]

    def close(self):
        self.silence.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.acceptor.join()
        for line in self.lines:
            try:
                line.sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        for thread in self.threads:
            thread.join()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
