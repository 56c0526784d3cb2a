"""What comes in raw is read once it is on disk: by an adapter that asks what we said, fails, or is not heard of again."""
import json

import pytest

import fake_channel
from harness import wait_until


@pytest.fixture
def far():
    end = fake_channel.FarEnd()
    yield end
    end.close()


@pytest.fixture
def mail(start, far):
    gateway = start(env=fake_channel.ENV, begin=False)
    gateway.write_config(fake_channel.beside(gateway.config_path.read_text(), url=far.url))
    gateway.start()
    return fake_channel.Provider(gateway)


def item(n, text, **more):
    return {"id": f"m{n}", "from": f"tel:+44770090{n:04d}", "text": text, **more}


def texts(gateway):
    return sorted(m["text"] for t in gateway.threads() for m in gateway.messages(t["id"]) if m["direction"] == "inbound")


def test_it_is_on_disk_before_it_is_read_and_settled_after(mail, far):
    assert mail.mail(item(1, "hello"), key="INBOX/7/1") == 200
    assert mail.mail(item(1, "hello"), key="INBOX/7/1") == 200
    wait_until(lambda: far.settled, "the mail to be settled")
    assert far.settled == ["INBOX/7/1"]
    assert texts(mail.gateway) == ["hello"]


def test_poison_is_in_quarantine_and_the_next_has_its_turn(mail, far):
    gateway = mail.gateway
    mail.mail("no JSON at all", key="INBOX/7/1")
    mail.mail(item(1, "who am I?", broken="yes"), key="INBOX/7/2", mailbox="Second")
    mail.mail(item(2, "after the poison"), key="INBOX/7/3")
    wait_until(lambda: sum(j["target"] == "unpack" and j["attempts"] == 1
                           for j in gateway.get("/v1/outbox?state=due")["jobs"]) == 2, "the first attempts to end")
    assert texts(gateway) == []
    gateway.advance(ms=10000)
    wait_until(lambda: "after the poison" in texts(gateway), "the next")
    entries = wait_until(lambda: [e for e in [gateway.get("/v1/quarantine")["entries"]] if len(e) == 2], "both")[0]
    assert [e["key"] for e in entries] == ["INBOX/7/1", "INBOX/7/2"]
    assert "message_id" not in entries[0] and entries[1]["message_id"]
    wait_until(lambda: sorted(set(far.settled)) == ["INBOX/7/1", "INBOX/7/2", "INBOX/7/3"], "all to be settled")
    placeholder = gateway.get(f"/v1/messages/{entries[1]['message_id']}")["message"]
    assert placeholder["kind"] == "unsupported" and placeholder["text"] == "who am I?"
    assert f"in quarantine (job {entries[1]['number']})" in placeholder["note"]
    number = str(entries[0]["number"])
    assert gateway.get(f"/v1/quarantine/{number}")["raw"] == "no JSON at all"
    assert number in gateway.ctl("quarantine", check=0).stdout
    assert "no JSON at all" in gateway.ctl("quarantine", "show", number, check=0).stdout
    assert "bytes" in json.loads(gateway.ctl("--json", "quarantine", "show", number, check=0).stdout)
    gateway.ctl("quarantine", "drop", number, check=0)
    gateway.ctl("quarantine", "drop", number, check=4)
    gateway.ctl("quarantine", "show", number, check=4)
    number = str(entries[1]["number"])
    gateway.ctl("quarantine", "retry", number, check=0)
    wait_until(lambda: not gateway.get("/v1/quarantine")["entries"], "it to be read again")
    events = gateway.get("/v1/events?limit=200")["events"]
    assert sum(e["type"] == "message.quarantined" for e in events) == 2
    assert 'headgate_channel_unread_total{channel="try"}' in gateway.api("GET", "/metrics").body.decode()


def test_done_again_from_the_journal_it_is_the_same(mail, far, tmp_path):
    gateway = mail.gateway
    mail.mail(item(1, "hello"), key="INBOX/7/1")
    assert mail.mail(item(2, "x" * 1200000), key="INBOX/7/2") == 200	# lies in a file
    mail.mail("no JSON", key="INBOX/7/3")
    wait_until(lambda: len(set(far.settled)) == 2, "two to be settled")
    gateway.advance(ms=10000)
    wait_until(lambda: gateway.get("/v1/quarantine")["entries"], "the third")
    wait_until(lambda: not [j for s in ("due", "sending") for j in gateway.get(f"/v1/outbox?state={s}")["jobs"]],
               "everything to be done")
    done = gateway.ctl("rebuild", "--from", str(gateway.file()), "--to", str(tmp_path / "again.db"), "--config",
                       str(gateway.config_path))
    assert done.returncode == 0, done.stdout + done.stderr


def test_settling_is_tried_again(mail, far):
    far.status = 503
    mail.mail(item(1, "hello"), key="INBOX/7/1")
    wait_until(lambda: [j for j in mail.gateway.get("/v1/outbox?state=due")["jobs"] if j["target"] == "settle"], "an attempt")
    far.status = 200
    mail.gateway.advance(ms=10000)
    wait_until(lambda: len(far.settled) >= 2 and not mail.gateway.status()["outbox"], "another")
