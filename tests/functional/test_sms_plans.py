"""What each provider of SMS over HTTP can send, in how many parts, and what an agent is told of the rest: asked by previews,
which send nothing."""
import pytest

import harness
from infobip_provider import Infobip
from provider_line import running
from telnyx_provider import Telnyx
from twilio_provider import Twilio
from vonage_provider import VonageMessages, VonageSms

ANA = "+447700900123"
LONG = "word " * 500 + "end"			# 17 segments of GSM-7
POLISH = "Za\u017c\u00f3\u0142\u0107 \u2013 \u201cju\u017c\u201d " * 8		# two segments of UCS-2, one without its accents
SPLIT, REFUSE = "long_text: split\n", "long_text: refuse\n"
CONTENT = {"content_sid": "HX0123456789abcdef0123456789abcdef", "variables": {"1": "Ana"}}
TOO_LONG = {"long": (422, "17 segments (gsm7)"), "polish": (422, "2 segments (ucs2)")}

# Whoever it is: (status, what the agent is told) or (how many parts, segments; None: not billed by segments).
ALL = {"blank": (400, "nothing to send"), "plain": (1, 1), "long": (1, 17), "polish": (1, 2)}
NO_FILES = dict.fromkeys(("file", "file alone", "two files", "big file"), (400, "link"))
TWILIO = {**ALL, "long": (2, 17), "react": (400, "cannot react"), "edit": (400, "cannot change"), "revoke": (400, "cannot take back"),
          "payload": (400, "Content Template Builder"), "bad template": (400, "ContentSid"), "template": (1, None),
          "file": (1, None), "file alone": (1, None), "two files": (4, None), "big file": (422, "up to 5 MB")}
TELNYX = {**ALL, "long": (2, 17), "react": (400, "reacted to"), "edit": (400, "changed"), "revoke": (400, "taken back"),
          **dict.fromkeys(("payload", "bad template", "template"), (400, "no templates or buttons")),
          "file": (1, None), "file alone": (1, None), "two files": (2, None), "big file": (422, "up to 1 MB")}
VONAGE = {**ALL, **NO_FILES, "react": (400, "only WhatsApp"), "edit": (400, "changed or taken back"), "revoke": (400, "taken back"),
          "payload": (400, "no buttons"), "bad template": (400, "only WhatsApp"), "template": (400, "only WhatsApp")}
INFOBIP = {**ALL, **NO_FILES, **dict.fromkeys(("react", "edit", "revoke", "payload", "bad template", "template"), (400, "cannot do that"))}

LINES = [
    (Twilio, "", TWILIO),
    (Twilio, SPLIT + "text: transliterate\n", {**TWILIO, "long": (16, 16), "polish": (1, 1), "two files": (18, None)}),
    (Twilio, REFUSE, {**TWILIO, **TOO_LONG, "two files": (422, "17 segments")}),
    (Telnyx, "", TELNYX),
    (Telnyx, SPLIT + "text: transliterate\n", {**TELNYX, "long": (16, 16), "polish": (1, 1)}),
    (Telnyx, REFUSE, {**TELNYX, **TOO_LONG}),
    (VonageSms, "", VONAGE),
    (VonageSms, SPLIT + "text: smart\n", {**VONAGE, "long": (16, 16), "polish": (2, 2)}),
    (VonageSms, REFUSE, {**VONAGE, **TOO_LONG}),
    (VonageMessages, "", {**VONAGE, "long": (3, 18)}),
    (VonageMessages, REFUSE, {**VONAGE, **TOO_LONG}),
    (Infobip, "", INFOBIP),
    (Infobip, SPLIT, {**INFOBIP, "long": (16, 16), "polish": (2, 2)}),
    (Infobip, REFUSE, {**INFOBIP, **TOO_LONG}),
]


def replies(gateway, message):
    def upload(size, name):
        stored = gateway.http("POST", f"/v1/attachments?name={name}", b"\x89PNG\r\n\x1a\n" + b"0" * size,
                              {"Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "image/png"})
        return {"sha256": stored.json["attachment"]["sha256"], "name": name, "type": "image/png"}

    small, big = upload(100, "a.png"), upload(6 << 20, "big.png")
    return {"blank": {"text": " \n "}, "plain": {"text": "It leaves today.", "html": "<p>It leaves today.</p>"}, "long": {"text": LONG},
            "polish": {"text": POLISH}, "react": {"text": "\U0001f44d", "kind": "reaction", "answers": message},
            "edit": {"text": "x", "kind": "edit", "answers": message}, "revoke": {"text": "", "kind": "revoke", "answers": message},
            "payload": {"text": "x", "payload": {"buttons": ["yes"]}}, "bad template": {"text": "", "template": {"name": "x"}},
            "template": {"text": "", "template": CONTENT}, "file": {"text": "see", "attachments": [small]},
            "file alone": {"text": "", "attachments": [small]}, "two files": {"text": LONG, "attachments": [small, small]},
            "big file": {"text": "x", "attachments": [big]}}


@pytest.mark.parametrize("maker, extra, wanted", LINES, ids=[f"{maker.__name__}-{number}" for number, (maker, _, _) in enumerate(LINES)])
def test_what_can_be_sent_and_what_the_agent_is_told_of_the_rest(tmp_path, helpdesk, maker, extra, wanted):
    provider = maker(extra) if extra else maker()
    with running(tmp_path, helpdesk, provider) as gateway:
        assert provider.say(ANA, "my invoice is wrong")[0] in (200, 202, 204)
        thread = harness.wait_until(gateway.threads, "the thread")[0]["id"]
        bodies = replies(gateway, gateway.messages(thread)[0]["id"])
        for what, want in wanted.items():
            asked = gateway.api("POST", f"/v1/threads/{thread}/replies/preview", bodies[what])
            if want[0] >= 400:
                assert asked.status == want[0] and want[1] in asked.json["detail"], (what, asked)
            else:
                assert asked.status == 200, (what, asked)
                preview = asked.json["preview"]
                assert (len(preview["parts"]), preview.get("units")) == want, (what, preview)
        assert not provider.attempts()


# ---- WhatsApp by Twilio: the day after which only templates are taken ----

def whatsapp(extra=""):
    provider = Twilio('from: ["whatsapp:+447700900900", "+447700900900"]\n' + extra)
    provider.ours = "whatsapp:+447700900900"
    return provider


@pytest.mark.parametrize("extra, late", [("", (409, "template")), ("template_fallback: HX0123456789abcdef0123456789abcdef\n", (1, None))],
                         ids=["no template", "with one"])
def test_whatsapp_by_twilio_takes_a_free_answer_for_a_day(tmp_path, helpdesk, extra, late):
    provider = whatsapp(extra)
    with running(tmp_path, helpdesk, provider) as gateway:
        assert provider.say(f"whatsapp:{ANA}", "my invoice is wrong", WaId=ANA[1:], ProfileName="Ana")[0] == 200
        thread = harness.wait_until(gateway.threads, "the thread")[0]["id"]
        bodies = {"plain": {"text": "It leaves today."}, "long": {"text": LONG}, "template": {"text": "", "template": CONTENT}}

        def ask(what):
            return gateway.api("POST", f"/v1/threads/{thread}/replies/preview", bodies[what])

        assert ask("plain").json["preview"]["from"].startswith("whatsapp:")
        assert len(ask("long").json["preview"]["parts"]) == 2 and ask("template").status == 200
        gateway.advance(hours=25)
        asked = ask("plain")
        if late[0] >= 400:
            assert asked.status == late[0] and late[1] in asked.json["detail"], asked
        else:
            assert asked.status == 200 and len(asked.json["preview"]["parts"]) == 1, asked
        assert ask("template").status == 200
        assert not provider.attempts()


# ---- whatever Twilio sends becomes something ----

FORMS = [
    (dict(Latitude="51.5", Longitude="-0.12", Address="1 High Street", Label="The shop", Body=""), "location"),
    (dict(Latitude="north", Longitude="", Body="where I am"), "text"),
    (dict(ButtonText="Yes", ButtonPayload="yes-1", Body="Yes"), "button"),
    (dict(ListTitle="Small", ListId="s", Body="Small"), "button"),
    (dict(ReferralBody="An ad", ReferralHeadline="New", ReferralSourceId="77", ReferralSourceUrl="https://ad.example", Body="I saw it"), "text"),
    (dict(FromCity="LEEDS", FromState="", FromZip="LS1", FromCountry="GB", Forwarded="true", FrequentlyForwarded="true", Body="fwd"), "text"),
    (dict(OriginalRepliedMessageSid="SM00000000000000000000000000000000", OriginalRepliedMessageSender="whatsapp:+44", Body="about that"), "text"),
    (dict(NumMedia="many", Body="a number that is none"), "text"),
    (dict(From="12345", Body="from a short code"), "text"),
    (dict(From="ACME", Body="from a name"), "text"),
    (dict(From="whatsapp:GB.13491208655302741918", Body="who has no number", ProfileName="Ana", ProfileUsername="ana"), "text"),
    (dict(ExternalUserId="GB.13491208655302741918", WaId=ANA[1:], From=f"whatsapp:{ANA}", Body="who has both"), "text"),
    (dict(To="", Body="to nobody"), "text"),
]


def test_every_form_of_twilios_becomes_a_message_of_its_kind(tmp_path, helpdesk):
    provider = Twilio()
    with running(tmp_path, helpdesk, provider) as gateway:
        for number, (form, _) in enumerate(FORMS):
            assert provider.say(ANA, f"form {number}", **form)[0] == 200, form

        def kinds():
            said = [m for t in gateway.threads(limit=500) for m in gateway.messages(t["id"]) if m["direction"] == "inbound"]
            return sorted(m["kind"] for m in said)

        harness.wait_until(lambda: kinds() == sorted(kind for _, kind in FORMS), f"{sorted(k for _, k in FORMS)}, there are {kinds()}")
