"""A helpdesk that has a mailbox and nothing else: tickets go there as mail, agents' answers come back as mail.

Dovecot has the mailboxes: one that customers write to, one for the helpdesk's answers, and the helpdesk's own."""
import contextlib
import email
import email.policy
import email.utils
import pathlib
import re

import pytest

import dovecot
import harness
import mail_gateway
from desks.osticket import OsTicket
from dovecot import mail
from test_email_send import World, answer_to, server, world	# noqa: F401 (fixtures)

TOP = pathlib.Path(__file__).resolve().parents[2]
CONFIG = mail_gateway.CONFIG.replace("settle: 20s", "settle: 1s\ndefault: convert\nticket: {{ confirm: \"\" }}") + """\
backends:
  desk:
    preset: email
    values: {{ channel: desk, mailbox: help@example.org }}
"""
HELP = "Mia of the helpdesk <help@example.org>"


class Desk:
    def __init__(self, gateway, server, world, name):
        self.gateway, self.server, self.world = gateway, server, world
        self.box, self.bridge = f"{name}@example.org", f"{name}-desk@example.org"

    def write(self, subject, text, **more):
        self.server.deliver(self.box, mail(subject, text, To=self.box, **more))

    def answer(self, sent, text, sender=HELP, **change):
        self.server.deliver(self.bridge, answer_to(sent, text, sender=sender, **change))

    def to(self, receiver):
        return [sent for _, to, sent in self.world.sent if to == receiver]

    def wait_to(self, receiver, n):
        harness.wait_until(lambda: len(self.to(receiver)) >= n, f"{n} mails to {receiver}: {[to for _, to, _ in self.world.sent]}")
        return self.to(receiver)[n - 1]

    def links(self):
        return [ticket.get("links") for ticket in self.gateway.get("/v1/tickets")["items"]]


@contextlib.contextmanager
def desk(server, folder, world, name, monkeypatch, config=CONFIG, env=None):
    monkeypatch.setattr(mail_gateway, "CONFIG", config)
    channels = {"support": server.channel(f"{name}@example.org", world.options()),
                "desk": server.channel(f"{name}-desk@example.org", world.options())}
    with mail_gateway.gateway(folder, channels, env={"HEADGATE_PRESET_DIR": str(TOP / "etc" / "backends"), **(env or {})}) as g:
        g.wait_log("email.open", 2)
        yield Desk(g, server, world, name)


def text_of(sent):
    return sent.get_body(preferencelist=("plain",)).get_content()


def test_a_ticket_goes_by_mail_and_the_agents_answer_reaches_the_customer(server, tmp_path, world, monkeypatch):
    with desk(server, tmp_path / "gateway", world, "plain", monkeypatch) as d:
        d.write("My printer", "It burns.", number=1)
        d.gateway.wait_thread()
        d.gateway.advance(seconds=30)
        ticket = d.wait_to("help@example.org", 1)
        number = re.search(r"\[(TK-\d+)\]$", ticket["Subject"]).group(1)
        assert ticket["Subject"] == f"My printer [{number}]" and "It burns." in text_of(ticket)
        assert "Ana" in ticket["From"] and f"<{d.bridge}>" in ticket["From"] and "Ana on support" in text_of(ticket)
        reply_to = email.utils.parseaddr(ticket["Reply-To"])[1]
        assert re.fullmatch(r"plain-desk\+t\.[a-z2-7]{34}@example\.org", reply_to)

        # The agent's answer, with what a mail program quotes, is what the customer gets, where he wrote.
        d.answer(ticket, "Water!\n\nOn Monday, Ana wrote:\n> It burns.")
        answer = d.wait_to("ana@example.com", 1)
        assert text_of(answer).strip() == "Water!" and f"<{d.box}>" in answer["From"]
        thread = d.gateway.threads()[0]["id"]
        said = d.gateway.wait_message(thread, lambda m: m["direction"] == "outbound" and m["delivery"] == "sent")
        assert said["author_name"] == "Mia of the helpdesk" and said["origin"] == "desk"

        # What she writes then goes there as another mail of the same conversation, and the same address takes answers.
        d.server.deliver(d.box, answer_to(answer, "Thank you, it does not burn any more.", number=2))
        more = d.wait_to("help@example.org", 2)
        assert email.utils.parseaddr(more["Reply-To"])[1] == reply_to and more["Message-ID"] != ticket["Message-ID"]
        assert ticket["Message-ID"] in more["References"] and more["In-Reply-To"] == ticket["Message-ID"]
        assert more["Subject"].startswith("Re: ") and number in more["Subject"] and "does not burn" in text_of(more)
        d.answer(more, "You are welcome.", To=reply_to, **{"In-Reply-To": None, "References": None})
        assert text_of(d.wait_to("ana@example.com", 2)).strip() == "You are welcome."

        # Its own answers do not come back to it, nor did anything become a conversation that is none.
        d.gateway.advance(minutes=30)
        assert len(d.to("help@example.org")) == 2 and len(d.gateway.threads()) == 1
        assert reply_to.split("+t.")[1].split("@")[0] not in d.gateway.log()


def test_files_go_both_ways(server, tmp_path, world, monkeypatch):
    def with_file(head, name, data):
        message = email.message_from_bytes(head, policy=email.policy.default)
        text = message.get_content()
        message.clear_content()
        message.set_content(text)
        message.add_attachment(data, maintype="application", subtype="octet-stream", filename=name)
        return message.as_bytes()

    with desk(server, tmp_path / "gateway", world, "files", monkeypatch) as d:
        d.server.deliver(d.box, with_file(mail("Broken", "See the log.", To=d.box, number=3), "log.bin", b"\x00\x01log\xff" * 100))
        d.gateway.wait_thread()
        d.gateway.advance(seconds=30)
        ticket = d.wait_to("help@example.org", 1)
        sent = {part.get_filename(): part.get_content() for part in ticket.iter_attachments()}
        assert sent == {"log.bin": b"\x00\x01log\xff" * 100}
        d.server.deliver(d.bridge, with_file(answer_to(ticket, "Run this.", sender=HELP), "fix.bin", b"\x7fELF" + b"\x00" * 50))
        answer = d.wait_to("ana@example.com", 1)
        assert {part.get_filename(): part.get_content() for part in answer.iter_attachments()} == {"fix.bin": b"\x7fELF" + b"\x00" * 50}


OSTICKET = CONFIG[:CONFIG.index("backends:")] + """\
backends:
  desk:
    preset: osticket
    url: {{url}}
    allow_private: true
    token: env:TEST_DESK_TOKEN
    values: {{{{ domain: chat.acme.example, channel: desk, mailbox: help@example.org }}}}
"""


def test_osticket_mails_its_answers_to_us_and_the_customer_has_them_where_he_wrote(server, tmp_path, world, monkeypatch):
    """The requester's address is the ticket's own at our channel: what osTicket mails him comes to us."""
    with contextlib.closing(OsTicket()) as osticket:
        env = dict(OsTicket.secrets)
        text = OSTICKET.replace("{{url}}", osticket.url).replace("{{{{", "{{").replace("}}}}", "}}")
        with desk(server, tmp_path / "gateway", world, "ost", monkeypatch, text, env) as d:
            d.write("My printer", "It burns.", number=6)
            d.gateway.wait_thread()
            d.gateway.advance(seconds=30)
            ticket = osticket.wait_tickets(1)[0]
            assert re.fullmatch(r"ost-desk\+t\.[a-z2-7]{34}@example\.org", ticket["email"])
            harness.wait_until(lambda: d.gateway.threads()[0]["ticket"] and d.gateway.threads()[0]["ticket"]["links"], "the link")
            # The mail that osTicket sends to who asked.
            server.deliver(d.bridge, mail(f"Re: My printer [#{ticket['number']}]", "Water!", sender=HELP, To=ticket["email"]))
            answer = d.wait_to("ana@example.com", 1)
            assert text_of(answer).strip() == "Water!"
            # What the customer writes then is put to the ticket, by number and the same sender.
            server.deliver(d.box, answer_to(answer, "Thank you.", number=7))
            harness.wait_until(lambda: len(ticket["messages"]) == 2, "the customer's second message")
            assert "Thank you." in ticket["messages"][1] and len(osticket.tickets) == 1
            assert [to for _, to, _ in world.sent] == ["ana@example.com"]


def test_nobody_else_answers_and_no_loop_comes_of_the_helpdesks_machines(server, tmp_path, world, monkeypatch):
    with desk(server, tmp_path / "gateway", world, "loop", monkeypatch) as d:
        d.write("My printer", "It burns.", number=4)
        d.gateway.wait_thread()
        d.gateway.advance(seconds=30)
        ticket = d.wait_to("help@example.org", 1)
        thread = d.gateway.threads()[0]["id"]

        # The helpdesk took the mail, and says so; it has news; it says so without an address of ours.
        d.answer(ticket, "We have received your request 4711.", **{"Auto-Submitted": "auto-replied"})
        d.gateway.wait_message(thread, lambda m: m["direction"] == "note" and "4711" in m["text"])
        for n in range(5):
            d.server.deliver(d.bridge, mail(f"News {n}", "Your helpdesk has news.", sender=HELP, number=f"news{n}"))
        d.gateway.wait_log("mail_answer.of_none", 5)

        # Who has the token, and is not the helpdesk: no answer of an agent's.
        d.answer(ticket, "Send me your password", sender="Eve <eve@example.net>")
        harness.wait_until(lambda: any("password" in (m.get("text") or "") for t in d.gateway.threads() for m in d.gateway.messages(t["id"])
                                       if m["direction"] == "inbound"), "Eve's mail")
        d.gateway.advance(minutes=10)
        assert d.to("ana@example.com") == []
        # A guessed token from the helpdesk's address is none.
        d.answer(ticket, "Guessed", To="loop-desk+t." + "a" * 34 + "@example.org", **{"In-Reply-To": None, "References": None})
        d.gateway.wait_log("mail_answer.of_none", 6)
        assert d.to("ana@example.com") == []
        # Of all that only Eve's is a conversation of its own, as anybody's mail would be.
        assert len(d.gateway.threads()) == 2 and len(d.to("help@example.org")) <= 2


def test_a_mail_whose_fate_is_unknown_goes_again_as_the_same_mail(server, tmp_path, world, monkeypatch):
    with desk(server, tmp_path / "gateway", world, "again", monkeypatch) as d:
        world.smtp.cut = "end"			# taken, and the line is gone before it is said
        d.write("My printer", "It burns.", number=5)
        d.gateway.wait_thread()
        d.gateway.advance(seconds=30)
        harness.wait_until(lambda: len(world.smtp.arrived) >= 1, "a mail that nobody knows of")
        d.gateway.process.kill()
        d.gateway.process.wait()
        world.smtp.cut = None
        d.gateway.start()
        d.gateway.wait_log("email.open", 4)
        harness.wait_until(lambda: d.gateway.advance(minutes=1) or d.to("help@example.org"), "it again")
        first = email.message_from_bytes(world.smtp.arrived[0], policy=email.policy.default)
        again = d.wait_to("help@example.org", 1)
        assert first["Message-ID"] == again["Message-ID"] and first["Reply-To"] == again["Reply-To"]
        d.answer(again, "Water!")
        assert text_of(d.wait_to("ana@example.com", 1)).strip() == "Water!"
        d.gateway.advance(minutes=30)
        assert len(d.gateway.threads()) == 1 and len(d.to("help@example.org")) == 1
