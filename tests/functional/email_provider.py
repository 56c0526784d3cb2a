"""A mailbox as a provider of the conformance suite: Dovecot takes what customers write, a server of moods what goes out.

Customers have an address for their number: +44... writes as 44...@example.com."""
import email
import email.policy
import itertools
import pathlib
import shutil
import tempfile
import threading

import dovecot
import fake_smtp
import harness
from fake_provider import Sent

WITNESS = "mx.example.org"	# whose word on senders counts


class Attempt:
    def __init__(self):
        self.body = object()	# until the mail itself has come: like no other


class Email:
    name, env = "email", dovecot.ENV
    settles, billed, asks, receipts, previews, forged = False, False, False, False, False, ()
    batches = ("+447700900123", "+447700900456")
    server, numbers = None, itertools.count(1)

    def __init__(self):
        if not Email.server:
            folder = pathlib.Path(tempfile.mkdtemp(prefix="hg-conformance-"))
            Email.server = dovecot.Dovecot(folder).start()
        self.me = f"line{next(self.numbers)}@example.org"
        self.sent, self.tried, self.moods = [], [], []
        self.changed = threading.Condition(threading.RLock())
        self.released = threading.Event()
        self.ids = itertools.count(1)
        self.smtp = fake_smtp.FakeSmtp(certificate=self.server.ca_file, key=self.server.folder / "key.pem", implicit=True,
                                       offers=[b"AUTH PLAIN", b"SIZE 10000000"],
                                       answers=dict(auth=self.on_auth, mail=self.on_mail, rcpt=self.on_rcpt, end=self.on_end))

    @classmethod
    def shut(cls):
        """When no more mailbox is wanted: Dovecot ends."""
        if cls.server:
            cls.server.close()
            shutil.rmtree(cls.server.folder, ignore_errors=True)
            cls.server = None

    def lines(self):
        lines = self.server.channel(self.me, f"    authserv_ids: {WITNESS}\n    smtp: {{ host: 127.0.0.1, port: {self.smtp.port}, "
                                    "tls: implicit }\n")
        return "\n".join(line.removeprefix("    ") for line in lines.splitlines() if "adapter:" not in line)

    def person(self, contact):
        return "+" + contact["email"].partition("@")[0] if contact["email"] else None

    def target(self, gateway, channel):
        self.gateway, self.channel = gateway, channel
        # What lies there at the first contact is not taken.
        harness.wait_until(lambda: "email.open" in gateway.log(), "the mailbox to be opened")

    def close(self):
        self.release()
        self.smtp.close()

    # ---- moods ----
    def mood(self, kind, times=1, **_):
        with self.changed:
            self.moods += [kind] * times

    def release(self):
        with self.changed:
            self.moods.clear()
        self.released.set()
        self.released = threading.Event()

    def take(self, *kinds):
        """Is the next mail's mood one of these?  Then it is used up."""
        with self.changed:
            return self.moods.pop(0) if self.moods and self.moods[0] in kinds else None

    def try_begins(self):
        with self.changed:
            self.tried.append(Attempt())
            self.changed.notify_all()

    def on_auth(self, _):
        if self.take("deny"):
            self.try_begins()
            return b"535 5.7.8 authentication failed\r\n"
        return b"235 2.7.0 welcome\r\n"

    def on_mail(self, _):
        self.try_begins()
        return b"451 4.7.1 too many, come again\r\n" if self.take("limit") else b"250 2.1.0 sender ok\r\n"

    def on_rcpt(self, _):
        return b"550 5.1.1 no such mailbox\r\n" if self.take("refuse") else b"250 2.1.5 receiver ok\r\n"

    def on_end(self, line):
        raw = self.smtp.arrived[-1].replace(b"\r\n..", b"\r\n.") + b"\r\n"
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        kind = self.take("silent", "vanish", "slow", "lost", "half", "nonsense")
        self.tried[-1].body = mail["Message-ID"]
        if kind == "silent":
            self.released.wait(60)
        if kind in ("silent", "vanish"):
            raise fake_smtp.Gone
        with self.changed:
            text = mail.get_body(("plain",)).get_content().replace("\r\n", "\n").strip()
            self.sent.append(Sent(mail["Message-ID"], mail["To"], text))
            self.changed.notify_all()
        if kind == "slow":
            self.released.wait(60)
        if kind == "half":
            line.send(b"25")
        if kind in ("lost", "half"):
            raise fake_smtp.Gone
        return b"299 \xff\xfe what mail?\r\n" if kind == "nonsense" else b"250 2.0.0 queued as 4711\r\n"

    # ---- what came ----
    def wait(self, check, what):
        with self.changed:
            assert self.changed.wait_for(check, 30), f"waited in vain for {what}; taken: {self.sent}"

    def wait_sent(self, text, count=1):
        def found():
            return [sent for sent in self.sent if sent.text == text]
        self.wait(lambda: len(found()) >= count, f"{count} of {text!r}")
        return found()

    def attempts(self):
        return list(self.tried)

    def wait_attempts(self, count):
        self.wait(lambda: len(self.tried) >= count, f"{count} attempts")
        return self.attempts()

    # ---- mails of customers ----
    def mail(self, sender, text, id=None):
        address = f"{sender.lstrip('+')}@example.com"
        # One date for all: the same mail is the same, byte for byte.
        return dovecot.mail("A question", text, sender=f"Ana <{address}>", number=id or f"in{next(self.ids)}",
                            Date="Sun, 22 Nov 2026 09:00:00 +0000",
                            Authentication_Results=f"{WITNESS}; dmarc=pass header.from=example.com")

    def say(self, sender, text, id=None):
        self.server.deliver(self.me, self.mail(sender, text, id))
        return 200, b""

    def say_broken(self, good):
        (one, first), (other, second) = good
        self.server.deliver(self.me, [self.mail(one, first), b"\x80\xffContent-Type multipart; boundary=\r\n--\x01\r\n",
                                      self.mail(other, second)])
        return 200

    def say_forged(self, sender, text):
        return NotImplemented
