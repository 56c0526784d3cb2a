"""The mailbox reader against an IMAP server that does what none should: no mail lost, none twice, no endless work."""
import time

import pytest

import dovecot
import fake_imap
import harness
import mail_gateway
import records

mail = dovecot.mail


@pytest.fixture
def server():
    fake = fake_imap.Server()
    yield fake
    fake.close()


@pytest.fixture
def reader(tmp_path, server):
    """reader(**imap) -> a gateway that reads from the server, ready once it idles."""
    stack = []

    def run(imap="", more="", capability=None, wait="IDLE", beside=None, **options):
        server.capability = server.capability if capability is None else capability
        channels = {"support": server.channel(more, imap), **({"beat": beside.lines} if beside else {})}
        context = mail_gateway.gateway(tmp_path / f"gateway{len(stack)}", channels, **options)
        made = context.__enter__()
        stack.append(context)
        if wait:
            server.wait(wait)
        return made

    yield run
    for context in reversed(stack):
        context.__exit__(None, None, None)
    records.record("mailbox.hostile", 1)


class Beat:
    """A mailbox in order, on a channel beside: who sees it go idle again after the clock was set knows that timers ran."""

    def __init__(self):
        self.server = fake_imap.Server()
        self.lines = self.server.channel(imap="idle: 10s")

    def advance(self, gateway, **span):
        for step in (span, dict(seconds=10)):	# twice: every timer has looked at the clock in between
            idles = self.server.count("IDLE")
            gateway.advance(**step)
            self.server.wait("IDLE", idles + 1)


@pytest.fixture
def beat():
    made = Beat()
    yield made
    made.server.close()


def add_and_say(server, say):
    """An IDLE in which a mail comes and is told of once, as say(tag, how many there are) has it; then only DONE is heard."""
    def idle(connection, tag, _args):
        server.inbox.add(mail("late"))
        connection.send(say(len(server.inbox.mails)))
        while connection.line().upper() != "DONE":
            pass
        connection.send(f"{tag} OK done\r\n")
    return idle


def quiet_idle(connection, tag, _args):
    """Nothing is told of, whatever comes."""
    connection.send("+ idling\r\n")
    while connection.line().upper() != "DONE":
        pass
    connection.send(f"{tag} OK done\r\n")


@pytest.mark.parametrize("say", [
    lambda n: f"* {n} EXISTS\r\n+ idling\r\n",
    lambda n: f"+ idling\r\n* {n} EXISTS\r\n",
    lambda n: f"* {n} EXISTS\r\n* {n} RECENT\r\n+ idling\r\n* OK still here\r\n",
], ids=["before the plus", "in the same packet", "with others around it"])
def test_growth_is_noticed_wherever_idle_tells_of_it(server, reader, say):
    server.take("IDLE", add_and_say(server, say))
    server.take("IDLE", quiet_idle, times=1000)
    reader(wait=None).wait_subjects("late")


def test_growth_told_inside_the_answer_to_a_fetch_is_noticed(server, reader):
    """The second mail is told of once, between the first one's bytes and the end of the command."""
    def fetch(connection, tag, args):
        if "BODY.PEEK[]" not in args:
            return False
        server.inbox.add(mail("second"))
        connection.send(connection.one(1, server.inbox.mails[0], args) + b"* 2 EXISTS\r\n" + f"{tag} OK done\r\n".encode())
        return True
    gateway = reader()
    server.on["UID FETCH"] = [lambda c, t, a: server.inbox.mails and len(server.inbox.mails) == 1 and fetch(c, t, a)]
    server.take("IDLE", quiet_idle, times=1000)
    server.inbox.add(mail("first"))
    gateway.wait_subjects("first", "second")


def test_an_idle_that_ends_at_once_makes_no_busy_loop(server, reader):
    server.take("IDLE", lambda connection, tag, _: connection.send(f"{tag} OK done\r\n"), times=100000)
    gateway = reader(imap="poll: 1s")
    server.wait("NOOP", 2)
    assert server.count("IDLE") <= 4, server.said
    server.inbox.add(mail("polled"))
    gateway.wait_subjects("polled")
    assert "email.no_idle" in gateway.log()


@pytest.mark.parametrize("answer", ["NO not now", "BAD what"])
def test_an_idle_that_is_refused_is_not_asked_for_again(server, reader, answer):
    server.take("IDLE", lambda connection, tag, _: connection.send(f"{tag} {answer}\r\n"), times=100000)
    gateway = reader(imap="poll: 1s")
    server.wait("NOOP", 2)
    server.inbox.add(mail("polled"))
    gateway.wait_subjects("polled")
    assert server.count("IDLE") == 1


def test_a_server_without_idle_is_asked_by_noop(server, reader):
    gateway = reader(imap="poll: 1s", capability="UIDPLUS", wait="NOOP")
    server.inbox.add(mail("one"))
    gateway.wait_subjects("one")
    assert server.count("IDLE") == 0 and server.count("ID") == 0


def test_a_server_that_tells_of_growth_for_ever_is_asked_once_a_second(server, reader):
    grown = [10]

    def fetch(connection, tag, _args):
        grown[0] += 1
        connection.send(f"* {grown[0]} EXISTS\r\n{tag} OK done\r\n")
        return True
    server.on["UID FETCH"] = [fetch]
    reader(wait=None)
    server.wait("UID FETCH", 6)
    begun, first = time.monotonic(), server.count("UID FETCH")
    server.wait("UID FETCH", first + 2)
    assert time.monotonic() - begun > 0.9


def test_a_mail_that_holds_the_servers_own_words_is_only_a_mail(server, reader):
    """The body has the tag of the very command that fetches it: no tag has to be guessed."""
    def fetch(connection, tag, args):
        if "BODY.PEEK[]" not in args:
            return False
        text = (f"{tag} OK done\r\n{tag} BAD no\r\n* 999 FETCH (UID 4242 BODY[] {{3}}\r\n* SEARCH 666\r\n* 50 EXISTS\r\n"
                f"* BYE AccessTokenExpired\r\n+ idling\r\n)\r\n* OK [UIDVALIDITY 666] x")
        forged = fake_imap.Mail(1, mail("forged", text))
        connection.send(connection.one(1, forged, args) + f"{tag} OK done\r\n".encode())
        return True
    server.take("UID FETCH", fetch)
    gateway = reader()
    server.inbox.add(mail("forged", "x" * 300))
    gateway.wait_subjects("forged")
    server.inbox.add(mail("next"))
    gateway.wait_subjects("forged", "next")
    text = next(m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["subject"] == "forged")
    assert "BYE AccessTokenExpired" in text and "UIDVALIDITY 666" in text
    assert server.connections == 1


def endless(connection, args, announced):
    """A literal that never ends; what the client takes of it."""
    connection.send(f"* 1 FETCH (UID 1 BODY[] {{{announced}}}\r\n")
    taken = 0
    try:
        while taken < 1 << 31:
            connection.send(b"x" * 65536)
            taken += 65536
    except fake_imap.Gone:
        return taken
    return taken


@pytest.mark.parametrize("announced", [2 << 30, 10 ** 19])
def test_failure_1_a_literal_without_end_does_not_stop_the_mailbox(server, reader, announced):
    """Asked for alone, then in part, then passed over and told to the operator; the next mail comes."""
    taken = []

    def fetch(connection, tag, args):
        if not args.startswith("1 ") and not args.startswith("1,") and not args.startswith("1:") or "BODY" not in args:
            return False
        taken.append(endless(connection, args, announced))
        return True
    server.take("UID FETCH", fetch, times=100000)
    gateway = reader()
    server.inbox.add(mail("never"))
    server.inbox.add(mail("next"))

    def next_is_there():
        gateway.advance(seconds=20)
        return "next" in gateway.subjects()
    harness.wait_until(next_is_there, "the mail behind it")
    assert "never" not in gateway.subjects() and "email.unfetchable" in gateway.log()
    assert max(taken) < 8 << 20, taken
    assert gateway.channel()["counted"]["mail_unfetchable"] == 1


def test_half_a_line_and_then_silence_ends_the_connection(server, reader):
    def fetch(connection, _tag, args):
        if "BODY" not in args:
            return False
        connection.send("* 1 FETCH (UID 1 BODY[] {100}\r\nFrom: a")
        connection.silence()
    server.take("UID FETCH", fetch)
    gateway = reader()
    server.inbox.add(mail("whole"))
    harness.wait_until(lambda: any("BODY" in said[2] for said in server.said), "the fetch")

    def is_there():
        gateway.advance(seconds=15)
        return gateway.subjects() == ["whole"]
    harness.wait_until(is_there, "the mail by another connection")
    assert server.connections >= 2


def test_failure_9_a_dead_idle_is_noticed(server, reader):
    """A NAT has forgotten the connection: nothing comes, and nothing that is sent arrives."""
    def dead(connection, _tag, _args):
        connection.send("+ idling\r\n")
        connection.silence()
    server.take("IDLE", dead)
    gateway = reader()
    server.inbox.add(mail("unheard"))
    gateway.advance(minutes=9)

    def is_there():
        gateway.advance(seconds=10)
        return gateway.subjects() == ["unheard"]
    harness.wait_until(is_there, "the mail by another connection")
    assert "nothing for" in gateway.log()


def test_failure_9_growth_nobody_tells_of_is_found_at_the_next_idle(server, reader):
    server.take("IDLE", quiet_idle, times=1000)
    gateway = reader()
    server.inbox.add(mail("untold"))
    gateway.advance(minutes=9)
    gateway.wait_subjects("untold")
    assert server.connections == 1


def test_uids_nobody_asked_for_and_mails_that_are_gone(server, reader):
    """"n:*" is answered with an old mail; a FETCH with another's; one mail is there in the list and then no more."""
    gateway = reader()
    server.inbox.add(mail("one"))
    gateway.wait_subjects("one")

    def fetch(connection, tag, args):
        which, _, items = args.partition(" ")
        if "BODY" not in items:
            return False
        for number, found in connection.chosen(which):
            if found.uid != 3:
                connection.send(connection.one(number, found, items))
        stranger = fake_imap.Mail(4000, mail("stranger"))
        connection.send(connection.one(9, stranger, items) + connection.one(1, server.inbox.mails[0], items) +
                        f"{tag} OK done\r\n".encode())
        return True
    server.on["UID FETCH"] = [fetch]
    for subject in ("two", "gone", "three"):
        server.inbox.add(mail(subject))
    gateway.wait_subjects("one", "two", "three")
    assert gateway.channel()["counted"]["mail_gone"] == 1
    def asked():
        return [args.split(" ")[0] for _, verb, args in server.said if verb == "UID FETCH" and "BODY" in args]
    before, idles = asked(), server.count("IDLE")
    assert before.count("3") <= 2, before
    gateway.advance(minutes=9)
    server.wait("IDLE", idles + 1)
    assert asked() == before


def test_failure_5_new_uidvalidity_reads_lately_come_mail_again_and_makes_nothing_twice(server, reader):
    gateway = reader()
    now = time.time()
    mails = [mail("a"), mail("b")]
    for raw in mails:
        server.inbox.add(raw)
    gateway.wait_subjects("a", "b")
    fresh = fake_imap.Folder(validity=8)
    fresh.add(mail("of years ago"), received=now - 30 * fake_imap.DAY)
    for raw in (*mails, mail("c")):
        fresh.add(raw)
    fresh.add(mail("moved here, and old"), received=now - 8 * fake_imap.DAY)
    server.folders["INBOX"] = fresh
    server.drop()
    gateway.wait_subjects("a", "b", "c")
    server.inbox.add(mail("d"))
    gateway.wait_subjects("a", "b", "c", "d")
    assert gateway.channel()["counted"]["uidvalidity_changed"] == 1
    gateway.kill()
    gateway.start()
    server.inbox.add(mail("e"))
    gateway.wait_subjects("a", "b", "c", "d", "e")


def test_failure_19_a_huge_mail_comes_in_part(server, reader):
    gateway = reader(imap="max_size: 100KiB")
    server.inbox.add(mail("huge", "beginning " * 20000), size=40 << 20)
    server.inbox.add(mail("small"))
    gateway.wait_subjects("huge", "small")
    text = next(m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["subject"] == "huge")
    assert text.startswith("beginning beginning") and "too large to be taken whole" in text and len(text) < 70000
    assert not any("BODY.PEEK[]" in args and args.startswith("1 ") for _, verb, args in server.said if verb == "UID FETCH")


def test_a_refused_login_is_tried_every_ten_minutes_and_no_more(server, reader, beat):
    """Two folders, two connections: still one try."""
    server.folders["Other"] = fake_imap.Folder()
    server.accepts = lambda given: False
    gateway = reader(imap="folders: [INBOX, Other]", wait="AUTHENTICATE", beside=beat)
    gateway.wait_condition("down")
    beat.server.wait("IDLE")
    for _ in range(3):
        beat.advance(gateway, minutes=2, seconds=50)
    assert len(server.logins) == 1, server.logins
    gateway.advance(minutes=2)
    harness.wait_until(lambda: len(server.logins) == 2, "the second try")
    server.accepts = lambda given: True
    gateway.advance(minutes=11)
    gateway.wait_condition("up")
    server.inbox.add(mail("at last"))
    server.folders["Other"].add(mail("in both"))
    gateway.wait_subjects("at last", "in both")
    assert dovecot.PASSWORD not in gateway.log()


def test_a_login_refused_for_now_is_no_alarm(server, reader):
    answers = iter([False, True, True])
    server.refusal = "[UNAVAILABLE] try later"
    server.accepts = lambda given: next(answers)
    gateway = reader(wait="AUTHENTICATE")

    def idles():
        gateway.advance(seconds=1)
        return server.count("IDLE")
    harness.wait_until(idles, "the second login")
    assert "login_refused" not in gateway.log()


def test_failure_8_a_silent_mailbox_raises_an_alarm_within_a_quarter_of_an_hour(server, reader, beat):
    gateway = reader(beside=beat)
    beat.server.wait("IDLE")
    server.greeting = ""	# from now on nobody answers
    server.drop()
    passed = 0
    while gateway.channel()["condition"] != "down" and passed < 17:
        beat.advance(gateway, seconds=50)
        passed += 1
    assert 14 <= passed <= 16, passed
    assert gateway.channel()["counted"]["mailbox_silent"] == 1
    server.greeting = "* OK hello\r\n"
    server.drop()

    def is_up():
        gateway.advance(seconds=30)
        return gateway.channel()["condition"] == "up"
    harness.wait_until(is_up, "the channel up again")


def test_a_server_that_refuses_flags_for_a_while_gets_them_later(server, reader):
    server.take("UID STORE", lambda connection, tag, _: connection.send(f"{tag} NO [INUSE] locked\r\n"))
    gateway = reader()
    server.inbox.add(mail("one"))
    gateway.wait_subjects("one")

    def is_seen():
        gateway.advance(seconds=5)
        return "\\Seen" in server.inbox.mails[0].flags
    harness.wait_until(is_seen, "the flag")
    assert gateway.channel()["counted"]["settle_refused"] == 1


def test_many_mails_come_in_order_and_some_at_a_time(server, reader):
    gateway = reader(wait=None, imap="backfill: 1d", start=False)
    for n in range(1200):
        server.inbox.add(mail(f"{n:04}", number=n, sender=f"Ana <ana{n % 7}@example.com>"))
    gateway.start()
    harness.wait_until(lambda: len(gateway.subjects()) == 1200, "all of them")
    assert gateway.subjects() == [f"{n:04}" for n in range(1200)]
    bodies = [args for _, verb, args in server.said if verb == "UID FETCH" and "BODY" in args]
    assert 24 <= len(bodies) <= 40, len(bodies)


# ---- mails that nobody can read ----

STAND_IN = str(harness.BUILD / "tests" / "tools" / "mail_stand_in")


def test_failure_1_a_mail_that_ends_its_reader_is_kept_and_the_next_one_comes(server, reader):
    """Two attempts, then quarantine; both are flagged over there, for both are safe here."""
    gateway = reader(env=dict(HEADGATE_MAIL_HELPER=STAND_IN))
    server.inbox.add(mail("before"))
    server.inbox.add(b"Exit: at once\r\n" + mail("poison"))
    server.inbox.add(mail("behind"))

    def is_there():
        gateway.advance(seconds=5)
        return {"before", "behind"} <= set(gateway.subjects())
    harness.wait_until(is_there, "the mail behind it")
    kept = gateway.get("/v1/quarantine")["entries"]
    assert len(kept) == 1 and kept[0]["channel"] == "support", kept
    raw = gateway.get(f"/v1/quarantine/{kept[0]['number']}")["raw"]
    assert "Subject: poison" in raw and raw.startswith("X-Headgate-Received: ")
    assert gateway.subjects().count("behind") == 1

    def are_seen():
        gateway.advance(seconds=5)
        return all("\\Seen" in lying.flags for lying in server.inbox.mails)
    harness.wait_until(are_seen, "the flags")
    # With a reader that can, it is a message after all.
    gateway.stop()
    gateway.env["HEADGATE_MAIL_HELPER"] = str(harness.BUILD / "headgate-mail")
    gateway.start()
    assert gateway.api("POST", f"/v1/quarantine/{kept[0]['number']}/retry").status == 200
    harness.wait_until(lambda: gateway.subjects().count("poison") >= 1, "the mail")


def test_without_its_reader_mail_waits_and_the_alarm_says_so(server, reader):
    gateway = reader(env=dict(HEADGATE_MAIL_HELPER="/nowhere/headgate-mail"))
    server.inbox.add(mail("patient"))
    gateway.wait_condition("degraded")
    assert "waits to be read" in gateway.channel()["error"] and not gateway.get("/v1/quarantine")["entries"]
    gateway.stop()
    gateway.env["HEADGATE_MAIL_HELPER"] = str(harness.BUILD / "headgate-mail")
    gateway.start()

    def is_there():
        gateway.advance(seconds=10)
        return gateway.subjects() == ["patient"]
    harness.wait_until(is_there, "the mail")
