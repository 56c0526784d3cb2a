"""The customer's phone: WhatsApp, SMS and mail, between the gateway and fakes of the providers.

Nothing in here is headgate's: the fakes speak as Meta's and Twilio's documents and the standards of mail say, and sign what
they post."""
import email
import email.message
import email.policy
import email.utils
import pathlib
import secrets
import sys
import threading
import time

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "functional"))
import fake_graph  # noqa: E402
import fake_imap  # noqa: E402
import fake_smtp  # noqa: E402
import picture  # noqa: E402
import twilio_provider  # noqa: E402

ANA, NAME, MAIL = "+447700900123", "Ana Lima", "ana@tidemark.example"
SHOP_MAIL, WITNESS = "hello@tidemark.example", "mx.tidemark.example"
ON_THE_AIR = 0.3		# seconds from the provider to the phone
PHONE_NUMBER_ID = "109876543210"


def clock():
    now = time.time()
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now * 1000) % 1000:03d}Z"


class App:
    """One app of the phone.  Of a subclass: deliver(text) -> (status, again), where again() posts the same once more;
    taken(): what the provider took from us so far; tell(sent, word): a receipt."""
    name = None

    def __init__(self, board):
        self.board, self.again, self.shown = board, None, []

    def show(self, key, mine, text, ticks=0, **more):
        self.board.put("phone", f"{self.name}-{key}", app=self.name, mine=mine, text=text, at=clock(), ticks=ticks, **more)

    def write(self, text):
        """The customer writes; the status of the webhook's answer."""
        key = secrets.token_hex(8)
        status, self.again = self.deliver(text, key)
        self.show(key, True, text, 2 if status == 200 else -1)
        return status

    def follow(self):
        """Shows what comes, and says that it was delivered; for as long as the program runs."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: len(self.taken()) > len(self.shown))
                new = self.taken()[len(self.shown):]
                self.shown += new
            for sent in new:
                self.tell(sent, "sent")
                time.sleep(ON_THE_AIR)
                self.show(sent.id, False, sent.text or "a file", subject=getattr(sent, "subject", None))
                self.tell(sent, "delivered")

    def start(self):
        threading.Thread(target=self.follow, daemon=True).start()


class WhatsApp(App):
    name = "whatsapp"

    def __init__(self, board, token, app_secret, port, gateway):
        super().__init__(board)
        self.graph = fake_graph.FakeGraph(token, app_secret, PHONE_NUMBER_ID, port=port)
        self.graph.target(gateway, "wa-main")
        self.changed, self.signs, self.read = self.graph.changed, 0, set()

    def taken(self):
        return self.graph.accepted

    def deliver(self, text, key):
        payload = self.graph.text(ANA, text, name=NAME, id=f"wamid.demo{key}")
        return self.graph.deliver(payload), lambda: self.graph.deliver(payload)

    def photo(self):
        """The customer sends one, with a line below it."""
        key, text = secrets.token_hex(8), "it arrived like this :("
        media = self.graph.add_media(picture.png(), "image/png")
        payload = self.graph.media(ANA, "image", media, caption=text, name=NAME, id=f"wamid.demo{key}")
        self.again = lambda: self.graph.deliver(payload)
        self.show(key, True, text, 2 if self.again() == 200 else -1, picture="/photo.png")

    def tell(self, sent, word):
        self.graph.tell(sent, word)

    def seen(self):
        """The customer looks at it: read receipts for what is new."""
        with self.changed:
            new = [sent for sent in self.shown if sent.id not in self.read]
            self.read.update(sent.id for sent in new)
        for sent in new:
            self.tell(sent, "read")

    def follow_signs(self):
        """Read marks and typing signs of the agent."""
        while True:
            with self.changed:
                self.changed.wait_for(lambda: len(self.graph.signs) > self.signs)
                new, self.signs = self.graph.signs[self.signs:], len(self.graph.signs)
            for sign in new:
                key = "whatsapp-" + sign["message_id"].removeprefix("wamid.demo")
                mine = [card for card in self.board.cards("phone") if card["app"] == self.name and card["mine"]]
                known = next((card for card in mine if card["key"] == key), None)
                for card in mine if known else ():
                    if card["born"] <= known["born"] and card["ticks"] == 2:
                        self.board.put("phone", card["key"], ticks=3)
                if "typing_indicator" in sign:
                    self.board.put("sign", "typing", app=self.name, at=clock())

    def start(self):
        super().start()
        threading.Thread(target=self.follow_signs, daemon=True).start()

    def close(self):
        self.graph.close()


class Sms(App):
    name = "sms"

    def __init__(self, board, port, gateway, hook):
        super().__init__(board)
        self.twilio = twilio_provider.Twilio(port=port, hook=hook)
        self.twilio.target(Target(gateway), "sms")
        self.changed = self.twilio.changed

    def taken(self):
        return self.twilio.sent

    def deliver(self, text, key):
        """Twilio knows the words of consent itself, and says so (OptOutType)."""
        word = text.strip().upper()
        consent = {"OptOutType": word} if word in ("STOP", "START", "HELP") else {}

        def post():
            return self.twilio.say(ANA, text, id=key, **consent)[0]
        return post(), post

    def tell(self, sent, word):
        self.twilio.tell(sent, word)

    def seen(self):
        """Nobody hears of that: SMS has no read receipts."""

    def close(self):
        self.twilio.close()


class Mail(App):
    """A mailbox of the shop's and the relay it sends by.  Ana answers the newest mail she got."""
    name = "mail"

    def __init__(self, board, imap_port, smtp_port):
        super().__init__(board)
        self.changed, self.sent = threading.Condition(threading.RLock()), []
        self.imap = fake_imap.Server(port=imap_port)
        self.smtp = fake_smtp.FakeSmtp(offers=[b"SIZE 10000000"], answers={"end": self.arrive}, port=smtp_port)

    def arrive(self, line):
        raw = self.smtp.arrived[-1].replace(b"\r\n..", b"\r\n.") + b"\r\n"
        with self.changed:
            self.sent.append(Letter(email.message_from_bytes(raw, policy=email.policy.default)))
            self.changed.notify_all()
        return b"250 2.0.0 queued\r\n"

    def taken(self):
        return self.sent

    def deliver(self, text, key):
        mail = email.message.EmailMessage(policy=email.policy.SMTP)
        last = self.sent[-1].mail if self.sent else None
        # Written by the shop's own mail server, whose word on senders the channel takes.
        mail["Authentication-Results"] = f"{WITNESS}; dmarc=pass header.from={MAIL.partition('@')[2]}"
        mail["From"] = email.utils.formataddr((NAME, MAIL))
        mail["To"] = (last["Reply-To"] or last["From"]) if last else SHOP_MAIL
        mail["Subject"] = "Re: " + last["Subject"].removeprefix("Re: ") if last else "A question"
        mail["Date"] = email.utils.formatdate()
        mail["Message-ID"] = f"<{key}@tidemark.example>"
        if last:
            mail["In-Reply-To"] = mail["References"] = last["Message-ID"]
        mail.set_content(text)
        raw = mail.as_bytes()

        def post():
            self.imap.inbox.add(raw)
            return 200
        return post(), post

    def tell(self, sent, word):
        """Mail has no receipts here."""

    def seen(self):
        """Nor does anybody hear that it was read."""

    def close(self):
        self.imap.close()
        self.smtp.close()


class Letter:
    """A mail that was sent to Ana, as the app shows it."""

    def __init__(self, mail):
        self.mail, self.id, self.subject = mail, mail["Message-ID"], mail["Subject"]
        self.text = mail.get_body(("plain",)).get_content().strip()


class Target:
    """The gateway as the fake providers know it."""

    def __init__(self, port):
        self.port = port
