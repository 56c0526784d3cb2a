"""Options of the SMS adapters that do not go together, or are not what they should be: each is refused before anything runs, with
its name and what to write instead."""
import os
import subprocess

import pytest

import harness

SECRETS = {"TEST_ONE": "a-secret-of-the-tests-0001", "TEST_LINE": "two\nlines", "TEST_KEY": "no key at all"}
TWILIO = dict(account_sid="AC0123456789abcdef0123456789abcdef", auth_token="env:TEST_ONE", **{"from": '["+447700900900"]'},
              webhook_url="https://hooks.acme.example/channel/sms/webhook")
TELNYX = dict(api_key="env:TEST_ONE", public_key="ZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXphYmNkZWZnaGk=", **{"from": '["+447700900900"]'},
              webhook_url="https://hooks.acme.example/channel/sms/webhook")
VONAGE = dict(api_key="abcd1234", api_secret="env:TEST_ONE", signature_secret="env:TEST_ONE", **{"from": '["447700900900"]'})
MESSAGES = dict(api="messages", api_key="abcd1234", signature_secret="env:TEST_ONE", api_secret="env:TEST_ONE", **{"from": '["447700900900"]'})
INFOBIP = dict(base_url="https://x1y2z3.api.infobip.example", api_key="env:TEST_ONE", **{"from": '["447700900900"]'}, hook="{ auth: url }", url_token="env:TEST_ONE")
SMPP = dict(host="smpp.operator.example", system_id="acme", password="env:TEST_ONE", **{"from": '"447700900001"'})

# Adapter, its good options, what is changed (None: left out), and words of the answer.
WRONG = [
    ("twilio", TWILIO, dict(account_sid="XX12"), "account_sid"),
    ("twilio", TWILIO, dict(auth_token=None), "'auth_token'"),
    ("twilio", TWILIO, dict(auth_token="env:TEST_LINE"), "line break"),
    ("twilio", TWILIO, dict(api_key="SK0123456789abcdef0123456789abcdef"), "api_key and api_secret go together"),
    ("twilio", TWILIO, dict(api_secret="env:TEST_ONE"), "api_key and api_secret go together"),
    ("twilio", TWILIO, dict(api_key='"a b"', api_secret="env:TEST_ONE"), "SK and 32 digits"),
    ("twilio", TWILIO, {"from": '["what is this number?"]'}, "is no sender"),
    ("twilio", TWILIO, {"from": '["whatsapp:ACME"]'}, "is no sender"),
    ("twilio", TWILIO, {"from": None}, "there is no sender"),
    ("twilio", TWILIO, dict(messaging_service="ME01"), "MG and 32 digits"),
    ("twilio", TWILIO, dict(template_fallback="XX01"), "HX and 32 digits"),
    ("twilio", TWILIO, dict(webhook_url="ftp://hooks.acme.example/"), "webhook_url"),
    ("twilio", TWILIO, dict(webhook_url="https://ho_oks.acme.example/channel/sms/webhook"), "underscore"),
    ("twilio", TWILIO, dict(base_url="http://api.twilio.example"), "in the clear"),
    ("telnyx", TELNYX, dict(api_key="env:TEST_LINE"), "line break"),
    ("telnyx", TELNYX, dict(public_key=None), "'public_key'"),
    ("telnyx", TELNYX, dict(public_key="c2hvcnQ="), "44 characters"),
    ("telnyx", TELNYX, {"from": '["not a number!"]'}, "is no sender"),
    ("telnyx", TELNYX, {"from": '["ACME"]'}, "needs a messaging_profile_id"),
    ("telnyx", TELNYX, {"from": None}, "there is no sender"),
    ("telnyx", TELNYX, dict(webhook_url="hooks.acme.example"), "webhook_url"),
    ("telnyx", TELNYX, dict(base_url="http://api.telnyx.example"), "in the clear"),
    ("vonage", VONAGE, {"from": '["what is this number?"]'}, "neither a number nor a name"),
    ("vonage", VONAGE, dict(signature_secret=None), "signature_secret is missing"),
    ("vonage", VONAGE, dict(signature="off", signature_secret=None), "needs a url_token"),
    ("vonage", VONAGE, dict(signature="off", signature_secret=None, sign_requests="true"), "url_token"),
    ("vonage", VONAGE, dict(api_secret=None), "api_secret is missing"),
    ("vonage", VONAGE, dict(api_key=None), "api_key"),
    ("vonage", VONAGE, dict(sms_url="http://rest.nexmo.example"), "sms_url"),
    ("vonage", VONAGE, dict(country="Britain"), "two capital letters"),
    ("vonage", MESSAGES, dict(application_id="78d335fa323d01149c3dd6f0d48968cf"), "belong together"),
    ("vonage", MESSAGES, dict(api_secret=None), "nothing can be sent"),
    ("vonage", MESSAGES, dict(application_id="78d335fa323d01149c3dd6f0d48968cf", private_key="env:TEST_KEY"), "no RSA key in PEM"),
    ("vonage", MESSAGES, dict(api_url="http://api.nexmo.example"), "api_url"),
    ("infobip", INFOBIP, {"from": '["what is this number?"]'}, "from"),
    ("infobip", INFOBIP, dict(base_url="http://x1y2z3.api.infobip.example"), "base_url"),
    ("infobip", INFOBIP, dict(url_token=None), "needs url_token"),
    ("infobip", INFOBIP, dict(hook="{ auth: basic }"), "needs hook.user"),
    ("infobip", INFOBIP, dict(hook="{ auth: oauth }"), "needs hook.token_key"),
    ("infobip", INFOBIP, dict(hook="{ auth: hmac, secret: env:TEST_ONE }"), "hook.header"),
    ("infobip", INFOBIP, dict(hook="{ auth: header, header: X-Ours }"), "hook.secret"),
    ("infobip", INFOBIP, dict(pull="[letters]"), "pull"),
    ("infobip", INFOBIP, dict(api_key="env:TEST_LINE"), "line break"),
    ("infobip", INFOBIP, dict(country="Britain"), "two capital letters"),
    ("smpp", SMPP, dict(errors="{ what: contact }"), "no command_status"),
    ("smpp", SMPP, dict(errors="{ 0x45: perhaps }"), "none of message, contact"),
    ("smpp", SMPP, dict(ton_npi="{ lunar: 1/1 }"), "none of international"),
    ("smpp", SMPP, dict(ton_npi="{ short: 9/9 }"), "numbering plan"),
    ("smpp", SMPP, dict(country="Britain"), "ISO 3166"),
    ("smpp", SMPP, {"from": '"a name that is far too long"'}, "is no number"),
    ("smpp", SMPP, dict(system_id="a-system-id-that-is-too-long"), "SMPP has room for"),
    ("smpp", SMPP, dict(ca_file="/etc/ssl/certs/ca-certificates.crt"), "need tls: true"),
    ("smpp", SMPP, dict(tls="true", cert_file="/etc/ssl/certs/ca-certificates.crt"), "need each other"),
    ("smpp", SMPP, dict(utc_offset="noon"), "utc_offset"),
    ("smpp", SMPP, dict(language="turkish", alphabet="latin1"), "language needs"),
]


def check(folder, adapter, options):
    lines = "".join(f"    {name}: {value}\n" for name, value in options.items() if value is not None)
    path = folder / "headgate.yaml"
    path.write_text(f"config_version: 1\ngateway: {{ listen: 127.0.0.1:0, socket: {folder}/s }}\nstore: {{ path: {folder}/x.db }}\n"
                    f"channels:\n  sms:\n    adapter: {adapter}\n{lines}")
    path.chmod(0o600)
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), **SECRETS)
    return subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(path)], capture_output=True, text=True, env=env,
                          timeout=harness.PATIENCE)


@pytest.mark.parametrize("adapter, good", [("twilio", TWILIO), ("telnyx", TELNYX), ("vonage", VONAGE), ("vonage", MESSAGES),
                                           ("infobip", INFOBIP), ("smpp", SMPP)])
def test_what_the_others_change_is_good(tmp_path, adapter, good):
    done = check(tmp_path, adapter, good)
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("adapter, good, change, words", WRONG, ids=[f"{a}-{n}" for n, (a, *_) in enumerate(WRONG)])
def test_a_wrong_option_is_refused_with_its_name(tmp_path, adapter, good, change, words):
    done = check(tmp_path, adapter, {**good, **change})
    assert done.returncode == 78 and words in done.stdout + done.stderr, (done.returncode, done.stdout, done.stderr)
