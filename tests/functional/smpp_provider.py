"""An SMPP operator as a provider of the conformance suite, octet by octet from the specification (3.4, issue 1.2)."""
import contextlib
import itertools
import socket
import struct
import threading

from fake_provider import PATIENCE, Sent

NUMBER = "447700900001"
ID_TAG = 0x1401
GSM = ("@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà")
MORE = {0x0A: "\f", 0x14: "^", 0x28: "{", 0x29: "}", 0x2F: "\\", 0x3C: "[", 0x3D: "~", 0x3E: "]", 0x40: "|", 0x65: "€"}
REFUSED, DENIED, THROTTLED = 0x66, 0x101, 0x58


def pdu(command, sequence, body=b"", status=0):
    return struct.pack(">IIII", 16 + len(body), command, status, sequence) + body


def tlv(tag, value):
    return struct.pack(">HH", tag, len(value)) + value


def gsm(octets):
    text, escape = "", False
    for octet in octets:
        if escape:
            text, escape = text + MORE.get(octet, GSM[octet]), False
        elif octet == 0x1B:
            escape = True
        else:
            text += GSM[octet]
    return text


class Submit:
    """A submit_sm as it came."""

    def __init__(self, sequence, body):
        self.sequence, self.body, at = sequence, body, 0
        fields = []
        for kind in "s11s11s111ss1111":
            if kind == "s":
                end = body.index(0, at)
                fields.append(body[at:end].decode())
                at = end + 1
            else:
                fields.append(body[at])
                at += 1
        self.sender, self.to, self.esm_class, self.coding = fields[3], fields[6], fields[7], fields[14]
        content = body[at + 1:at + 1 + body[at]]
        head = content[0] + 1 if self.esm_class & 0x40 else 0
        self.text = content[head:].decode("utf-16-be") if self.coding == 8 else gsm(content[head:])


class Smpp:
    name, settles, billed, forged = "smpp", False, True, ()
    env = dict(TEST_SMPP_PASSWORD="secret08")
    pieces = True		# it cuts long texts itself
    batches = ("+447700900123", "+447700900456")

    def __init__(self):
        self.sent, self.submits, self.moods, self.answers = [], [], [], {}
        self.changed = threading.Condition(threading.RLock())
        self.released = threading.Event()
        self.line, self.closed = None, False
        self.ids, self.sequences = itertools.count(1), itertools.count(1)
        self.listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self.accept_all, daemon=True).start()

    def lines(self):
        return (f"host: 127.0.0.1\nport: {self.listener.getsockname()[1]}\nsystem_id: acme\npassword: env:TEST_SMPP_PASSWORD\n"
                f"from: \"{NUMBER}\"\nid_tag: {ID_TAG}\nresponse_timeout: 2s\nrate: 1000\nmax_parts: 50\n")

    def target(self, gateway, channel):
        self.wait(lambda: self.line, "a bind")

    def close(self):
        self.closed = True
        self.released.set()
        self.listener.close()

    # ---- moods ----
    def mood(self, kind, **how):
        with self.changed:
            self.moods.append(kind)

    def release(self):
        self.moods.clear()
        self.released.set()
        self.released = threading.Event()

    # ---- the operator ----
    def accept_all(self):
        while True:
            try:
                line, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(line,), daemon=True).start()

    def serve(self, line):
        data = b""
        with line:
            try:
                while not self.closed and (more := line.recv(65536)):
                    data += more
                    while len(data) >= 16 and len(data) >= (n := int.from_bytes(data[:4], "big")):
                        self.take(line, data[:n])
                        data = data[n:]
            except OSError:
                pass
        with self.changed:
            self.line = None if self.line is line else self.line

    def take(self, line, data):
        _, command, status, sequence = struct.unpack(">IIII", data[:16])
        with self.changed:
            if command == 9:
                line.sendall(pdu(0x80000009, sequence, b"SMSC\0"))
                self.line = line
            elif command in (0x15, 6):
                line.sendall(pdu(0x80000000 | command, sequence))
            elif command == 0x80000005:
                self.answers[sequence] = status
            elif command == 4:
                threading.Thread(target=self.submit, args=(line, Submit(sequence, data[16:])), daemon=True).start()
            self.changed.notify_all()

    def submit(self, line, submit):
        with self.changed:
            self.submits.append(submit)
            mood = self.moods.pop(0) if self.moods else None
            self.changed.notify_all()
        if mood in ("refuse", "deny", "limit"):
            line.sendall(pdu(0x80000004, submit.sequence, status=dict(refuse=REFUSED, deny=DENIED, limit=THROTTLED)[mood]))
        elif mood == "vanish":
            line.shutdown(socket.SHUT_RDWR)
        elif mood == "silent":
            self.released.wait(PATIENCE)
        else:
            self.accept(line, submit, mood)

    def accept(self, line, submit, mood):
        sent = Sent(f"{next(self.ids):08d}", "+" + submit.to, submit.text)
        reply = pdu(0x80000004, submit.sequence, sent.id.encode() + b"\0")
        with self.changed:
            self.sent.append(sent)
            self.changed.notify_all()
        if mood == "slow":
            self.released.wait(PATIENCE)
        answer = dict(half=reply[:20], nonsense=b"\xff\xfe{]<half a page", lost=b"").get(mood, reply)
        with contextlib.suppress(OSError):		# who waited so long may have gone
            line.sendall(answer)
            if mood in ("half", "lost"):
                line.shutdown(socket.SHUT_RDWR)

    # ---- what came ----
    def wait(self, check, what):
        with self.changed:
            if not self.changed.wait_for(check, PATIENCE):
                raise AssertionError(f"waited {PATIENCE} s in vain for {what}; taken: {self.sent}")
        return check()

    def wait_sent(self, text, count=1):
        return self.wait(lambda: (lambda found: found if len(found) >= count else None)([s for s in self.sent if s.text == text]),
                         f"{count} of {text!r}")

    def attempts(self):
        return list(self.submits)

    def wait_attempts(self, count):
        return self.wait(lambda: self.attempts() if len(self.submits) >= count else None, f"{count} attempts")

    # ---- customers ----
    def message(self, sender, text, id=None, esm_class=0):
        sequence = next(self.sequences)
        body = b"\0\1\1" + sender.lstrip("+").encode() + b"\0\1\1" + NUMBER.encode() + b"\0" + bytes([esm_class]) + b"\0\0\0\0\0\0\3\0"
        body += bytes([len(text)]) + text.encode("latin-1") + (tlv(ID_TAG, id.encode()) if id else b"")
        return sequence, pdu(5, sequence, body)

    def write(self, *messages):
        """All at once; the worst that they were answered with, as a status of HTTP."""
        line = self.wait(lambda: self.line, "a bind")
        line.sendall(b"".join(data for _, data in messages))
        self.wait(lambda: all(sequence in self.answers for sequence, _ in messages), "deliver_sm_resp")
        return 503 if any(self.answers[sequence] for sequence, _ in messages) else 200

    def say(self, sender, text, id=None):
        return self.write(self.message(sender, text, id)), b""

    def say_broken(self, good):
        sequence = next(self.sequences)
        broken = (sequence, pdu(5, sequence, b"\0\1\1447700900123"))
        return self.write(self.message(*good[0]), broken, *(self.message(*one) for one in good[1:]))

    def say_forged(self, sender, text):
        return NotImplemented

    def tell(self, sent, word):
        stat = dict(delivered="DELIVRD", failed="UNDELIV")[word]
        return self.write(self.message(sent.to, f"id:{sent.id} sub:001 dlvrd:001 stat:{stat} err:000 text:", esm_class=4))
