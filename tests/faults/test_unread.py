"""kill -9 at each step of what is read once it is on disk: no mail is lost, none is there twice, all are settled."""
import signal

import pytest

import fake_channel
import harness
import kills
import records
from functional_conftest import ENV, config_text, finish
from harness import wait_until

POINTS = [name for name, _, _ in kills.hooks.points() if name.startswith(("unpack.", "settle."))]
MAILS = 6


@pytest.fixture
def far():
    end = fake_channel.FarEnd()
    yield end
    end.close()


def texts(gateway):
    return sorted(m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["direction"] == "inbound")


def deliver(mail, n, deaths):
    """As a mailbox has it: until it was taken."""
    item = {"id": f"m{n}", "from": f"tel:+44770090{n:04d}", "text": f"mail {n}"}

    def taken():
        try:
            return mail.mail(item, key=f"INBOX/7/{n}") == 200
        except OSError:
            deaths.append(mail.gateway.wait_dead())
            mail.gateway.start()
            return False
    wait_until(taken, f"mail {n} to be taken")


@pytest.mark.parametrize("point", POINTS)
def test_killed_while_it_is_read_or_settled(point, ram, graph, helpdesk, far):
    gateway = harness.Gateway(ram, fake_channel.beside(config_text(graph.url, helpdesk.url), url=far.url),
                              dict(ENV, **fake_channel.ENV))
    gateway.start(f"{point}=crash@2")
    mail, deaths = fake_channel.Provider(gateway), []
    for n in range(1, MAILS + 1):
        deliver(mail, n, deaths)
    if not deaths:
        deaths.append(gateway.wait_dead())
        gateway.start()
    assert deaths == [-signal.SIGKILL]
    wait_until(lambda: texts(gateway) == [f"mail {n}" for n in range(1, MAILS + 1)], "all mails once")
    gateway.advance(ms=10000)
    wait_until(lambda: set(far.settled) == {f"INBOX/7/{n}" for n in range(1, MAILS + 1)} and
               not [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if j["target"] == "settle"], "all to be settled")
    assert not gateway.get("/v1/quarantine")["entries"]
    problems = finish(gateway)
    assert not problems, "\n".join(problems)
    records.record("kills.unread", 1, point=point)
