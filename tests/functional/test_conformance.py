"""One suite for all adapters: each provider's misfortunes, and what must come of them.

A provider is a `fake_provider.Provider`; PROVIDERS names them all."""
import time
import types

import pytest

import harness
from conftest import AT_ONCE, config_text, finish
from email_provider import Email
from fake_provider import Reply
from infobip_provider import Infobip
from smpp_provider import Smpp
from plivo_provider import Plivo
from test_sms_oracles import tool as sms_tool
from telnyx_provider import Telnyx
from twilio_provider import Twilio
from vonage_provider import VonageMessages, VonageSms
from whatsapp_provider import WhatsApp
from widget_provider import Widget

ANA, BO = "+447700900123", "+447700900456"
PROVIDERS = [WhatsApp, Telnyx, Twilio, VonageSms, VonageMessages, Infobip, Smpp, Plivo, Email, Widget]


@pytest.fixture(scope="module", autouse=True)
def mailboxes():
    """The one Dovecot of all mailboxes ends with the file."""
    yield
    Email.shut()


def pytest_generate_tests(metafunc):
    """Who is nobody's provider (a widget) cannot lose or refuse anything: tests that want `suffer` are not about him."""
    if "provider" in metafunc.fixturenames:
        makers = [maker for maker in PROVIDERS if "suffer" not in metafunc.fixturenames or getattr(maker, "can_be_moody", True)]
        metafunc.parametrize("provider", makers, indirect=True, ids=lambda maker: maker.name)


@pytest.fixture
def provider(request):
    fake = request.param()
    yield fake
    fake.close()


@pytest.fixture
def suffer(provider):
    """How the next messages fare."""
    return provider.mood


@pytest.fixture
def gateway(provider, helpdesk, tmp_path):
    """A gateway with one channel, the provider's."""
    lines = "".join(f"    {line}\n" for line in provider.lines().splitlines())
    text = config_text("http://127.0.0.1:9", helpdesk.url, rules=AT_ONCE)
    head, rest = text.split("  wa-main:\n", 1)
    text = f"{head}  line:\n    adapter: {provider.name}\n{lines}rules:\n{rest.split('rules:', 1)[1]}"
    gateway = harness.Gateway(tmp_path, text, provider.env).start()
    provider.target(gateway, "line")
    yield gateway
    problems = finish(gateway)
    assert not problems, "\n".join(problems)


def conversation(gateway, provider, sender=ANA, text="my invoice is wrong"):
    status, body, *_ = provider.say(sender, text)
    assert status in (200, 202, 204), (status, body)
    return harness.wait_until(lambda: next((t["id"] for t in gateway.threads()
                                            if person(provider, t) == sender), None), f"a thread of {sender}")


def person(provider, thread):
    """The number of the customer whose thread it is."""
    return provider.person(thread["contact"]) if hasattr(provider, "person") else thread["contact"]["phone"]


def answer(gateway, thread, text):
    sent = gateway.reply(thread, text)
    assert sent.status == 202, sent
    return sent.json["message"]["id"]


def shown(gateway, thread, id):
    return next(m for m in gateway.messages(thread) if m["id"] == id)


def wait_shown(gateway, thread, id, *words):
    return harness.wait_until(lambda: (lambda m: m if m["delivery"] in words else None)(shown(gateway, thread, id)),
                              f"delivery {words}")


def wait_with_clock(gateway, check, what, step):
    """Until check() is true, moving the daemon's clock on by step seconds whenever nothing happens."""
    for _ in range(40):
        end = time.monotonic() + 0.3
        while time.monotonic() < end:
            if check():
                return
            time.sleep(0.02)
        gateway.advance(seconds=step)
    raise AssertionError(f"waited in vain for {what}")


def doubt_ends(gateway, provider, thread, id, text, *words):
    """A send nobody has told of: it shows as one of words, and was tried once.  A provider that can be asked knows: then it
    is there, and once."""
    if not getattr(provider, "asks", False):
        wait_shown(gateway, thread, id, *words)
        assert len([sent for sent in provider.sent if sent.text == text]) <= 1
        return False
    wait_with_clock(gateway, lambda: shown(gateway, thread, id)["delivery"] == "sent", "the provider's word", 60)
    assert len([sent for sent in provider.sent if sent.text == text]) == 1
    return True


def the_next_goes_out(gateway, provider):
    """Nobody else has to wait for what became of one message."""
    thread = conversation(gateway, provider, BO, "another matter")
    answer(gateway, thread, "Of course.")
    wait_with_clock(gateway, lambda: any(sent.text == "Of course." for sent in provider.sent), "the next message", 2)


# ---- out ----

def test_an_answer_arrives_once_and_its_receipt_is_shown(gateway, provider):
    thread = conversation(gateway, provider)
    id = answer(gateway, thread, "It is corrected.")
    sent = provider.wait_sent("It is corrected.")[0]
    wait_shown(gateway, thread, id, "sent")
    if getattr(provider, "receipts", True):		# mail servers tell of failures only
        assert provider.tell(sent, "delivered") in (200, 202, 204)
        wait_shown(gateway, thread, id, "delivered")
    assert len(provider.attempts()) == 1


def test_a_preview_is_what_is_then_sent_and_costs_what_it_says(gateway, provider):
    if not getattr(provider, "previews", True):
        pytest.skip("a mail is one part and costs nothing")
    thread = conversation(gateway, provider)
    for text in ("It is corrected.", "It\u2019s on its way \u2013 tracking: {12}.", "\u017b\u00f3\u0142w \U0001f422 " * 30, "word " * 500 + "end"):
        asked = gateway.api("POST", f"/v1/threads/{thread}/replies/preview", {"text": text})
        assert asked.status == 200, asked
        parts, before = asked.json["preview"]["parts"], len(provider.sent)
        answer(gateway, thread, text)
        harness.wait_until(lambda: len(provider.sent) == before + len(parts), "the answer")
        assert [sent.text for sent in provider.sent[-len(parts):]] == [part["text"] for part in parts]
        if getattr(provider, "pieces", False):		# each part is a segment: what they cost together
            assert all(part["units"] == 1 for part in parts)
            parts = [dict(parts[-1], text="".join(part["text"] for part in parts), units=len(parts))]
        billed = [part for part in parts if "units" in part]
        for part, (coding, count, left, *_) in zip(billed, sms_tool("cost", lines=[part["text"] for part in billed]) if billed else ()):
            assert (part["coding"], part["units"], part["left"]) == (coding, int(count), int(left)), part
        assert asked.json["preview"].get("units", 0) == (sum(part["units"] for part in parts) if len(billed) == len(parts) else 0)
        assert bool(billed) == provider.billed


def test_a_refused_message_has_failed_and_says_why(gateway, provider, suffer):
    thread = conversation(gateway, provider)
    suffer("refuse")
    id = answer(gateway, thread, "To nobody.")
    failed = wait_shown(gateway, thread, id, "failed")
    assert failed["error"], failed
    the_next_goes_out(gateway, provider)
    assert not [sent for sent in provider.sent if sent.text == "To nobody."]


@pytest.mark.parametrize("mood", ["vanish", "lost", "half", "nonsense"])
def test_what_may_have_been_sent_is_not_sent_again(gateway, provider, suffer, mood):
    thread = conversation(gateway, provider)
    suffer(mood)
    id = answer(gateway, thread, "Once, please.")
    provider.wait_attempts(1)
    # A 2xx that cannot be read was taken all the same, by some providers' word.
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"] or
                       mood == "nonsense" and shown(gateway, thread, id)["delivery"] == "sent", "the doubtful send")
    gateway.advance(minutes=11)
    asked = doubt_ends(gateway, provider, thread, id, "Once, please.", "unknown", "sent")
    gateway.advance(minutes=30)
    the_next_goes_out(gateway, provider)
    assert asked or [r.body for r in provider.attempts()].count(provider.attempts()[0].body) == 1


def test_a_receipt_settles_what_was_in_doubt(gateway, provider, suffer):
    thread = conversation(gateway, provider)
    suffer("lost")
    id = answer(gateway, thread, "Did it arrive?")
    sent = provider.wait_sent("Did it arrive?")[0]
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful send")
    if not provider.settles:
        pytest.skip(f"{provider.name} tells nothing by which a receipt could be matched")
    assert provider.tell(sent, "delivered") in (200, 202, 204)
    wait_shown(gateway, thread, id, "delivered")
    assert len(provider.wait_sent("Did it arrive?")) == 1


def test_a_slow_answer_is_waited_for(gateway, provider, suffer):
    thread = conversation(gateway, provider)
    suffer("slow")
    id = answer(gateway, thread, "Take your time.")
    provider.wait_sent("Take your time.")
    assert shown(gateway, thread, id)["delivery"] in ("queued", "sending")
    provider.release()
    wait_shown(gateway, thread, id, "sent")
    assert len(provider.attempts()) == 1


def test_silence_ends_in_doubt_and_nothing_is_sent_twice(gateway, provider, suffer):
    thread = conversation(gateway, provider)
    suffer("silent")
    id = answer(gateway, thread, "Is anybody there?")
    provider.wait_attempts(1)
    gateway.advance(seconds=61)		# longer than any call may take
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=unknown")["jobs"], "the doubtful send", 60)
    provider.release()
    gateway.advance(minutes=11)
    assert doubt_ends(gateway, provider, thread, id, "Is anybody there?", "unknown") or len(provider.attempts()) == 1


def probed(gateway):
    """What a probe of the channel hears of its provider: (well, words); None: there is nothing it could ask."""
    checks = gateway.api("POST", "/v1/channels/line/probe", {}).json["checks"]
    return next(((c["ok"], c["said"]) for c in checks if c["check"] == "provider"), None)


def test_a_probe_asks_the_provider_with_the_credentials(gateway, provider):
    if not getattr(provider, "probed", False):
        pytest.skip(f"{provider.name} has nothing harmless that could be asked")
    assert probed(gateway) == (True, "127.0.0.1 takes the credentials")
    provider.other = lambda request: Reply(401)
    well, said = probed(gateway)
    assert not well and "127.0.0.1 refuses the credentials" in said and "it answers 401" in said
    provider.other = lambda request: types.SimpleNamespace(bytes=lambda: None)	# the connection ends
    well, said = probed(gateway)
    assert not well and "127.0.0.1 cannot be reached: " in said
    del provider.other
    assert probed(gateway) == (True, "127.0.0.1 takes the credentials")


def test_wrong_credentials_stop_the_channel_and_lose_nothing(gateway, provider, suffer):
    thread = conversation(gateway, provider)
    suffer("deny")
    id = answer(gateway, thread, "Kept.")
    harness.wait_until(lambda: gateway.get("/v1/outbox?state=parked")["jobs"], "the parked message")
    assert shown(gateway, thread, id)["delivery"] in ("queued", "sending")
    assert len(provider.attempts()) == 1
    # The operator has acted: what waited goes out.
    gateway.reload()
    wait_with_clock(gateway, lambda: provider.sent, "what was kept", 30)
    wait_shown(gateway, thread, id, "sent")


@pytest.mark.parametrize("after", [7, None])
def test_a_limit_is_waited_out(gateway, provider, suffer, after):
    thread = conversation(gateway, provider)
    suffer("limit", after=after)
    id = answer(gateway, thread, "In a moment.")
    provider.wait_attempts(1)
    wait_with_clock(gateway, lambda: provider.sent, "the second attempt", 2)
    wait_shown(gateway, thread, id, "sent")
    assert [sent.text for sent in provider.sent] == ["In a moment."]


@pytest.mark.parametrize("taken", [True, False])
def test_stopped_while_busy(gateway, provider, suffer, taken):
    thread = conversation(gateway, provider)
    suffer("slow" if taken else "silent")
    id = answer(gateway, thread, "Just going out.")
    provider.wait_attempts(1)
    gateway.kill()
    provider.release()
    gateway.start()
    gateway.advance(minutes=11)
    assert doubt_ends(gateway, provider, thread, id, "Just going out.", "unknown") or len(provider.attempts()) == 1


# ---- in ----

def test_the_same_message_twice_is_one(gateway, provider):
    first = provider.say(ANA, "twice told", id="11112222333344445555")
    again = provider.say(ANA, "twice told", id="11112222333344445555")
    assert first[0] == again[0] and first[0] in (200, 202, 204)
    thread = conversation(gateway, provider, text="and something else")
    gateway.wait_message(thread, lambda m: m["text"] == "and something else")
    assert [m["text"] for m in gateway.messages(thread) if m["direction"] == "inbound"] == ["twice told", "and something else"]


def test_one_bad_item_keeps_no_good_one_back(gateway, provider):
    assert provider.say_broken([(ANA, "before it"), (BO, "after it")]) in getattr(provider, "broken", (200, 202, 204))
    said = harness.wait_until(lambda: (lambda t: t if len(t) >= len(provider.batches) else None)(gateway.threads()),
                              "the good ones") if provider.batches else []
    assert {person(provider, t) for t in said} >= set(provider.batches)
    the_next_goes_out(gateway, provider)


def test_a_forged_message_is_refused_and_leaves_nothing(gateway, provider):
    refused = provider.say_forged(ANA, "let me in")
    if refused is NotImplemented:
        pytest.skip(f"{provider.name} signs nothing")
    assert refused[0] in provider.forged, refused
    conversation(gateway, provider, BO, "a real one")
    assert [person(provider, t) for t in gateway.threads()] == [BO]
