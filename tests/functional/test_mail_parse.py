"""headgatectl mail-parse: a mail from raw bytes through the helper process to JSON, as the daemon reads it."""
import base64
import email.message
import hashlib
import json
import os
import subprocess

import pytest

from harness import BUILD, PATIENCE

KEYS = {"from", "to", "cc", "reply_to", "subject", "message_id", "in_reply_to", "references", "date", "text", "reply_text",
        "reply_confidence", "auto", "attachments", "warnings"}
REPLY = b"""From: =?utf-8?Q?J=C3=B6rg?= <joerg@example.com>
To: help@acme.example
Subject: =?iso-8859-1?Q?R=FCckfrage?=
Message-ID: <1@example.com>
In-Reply-To: <hg.1@acme.example>
Date: Tue, 3 Mar 2026 09:14:11 +0100
Authentication-Results: mx.acme.example; dmarc=pass header.from=example.com

Yes.

On 2 Mar 2026 at 8:00, Acme <help@acme.example> wrote:
> Shall we?
"""


def parse(raw, *args, helper=BUILD / "headgate-mail", **more):
    env = dict(os.environ, HEADGATE_MAIL_HELPER=str(helper), LC_ALL="C.UTF-8")
    return subprocess.run([BUILD / "headgatectl", "mail-parse", *map(str, args)], input=raw, capture_output=True, env=env,
                          timeout=PATIENCE * 2, **more)


def parsed(raw, *args):
    done = parse(raw, *args)
    assert done.returncode == 0 and not done.stderr, done
    return json.loads(done.stdout)


def test_a_reply_is_read():
    mail = parsed(REPLY)
    assert KEYS <= set(mail)
    assert mail["from"] == [{"name": "Jörg", "address": "joerg@example.com"}]
    assert (mail["subject"], mail["message_id"], mail["in_reply_to"]) == ("Rückfrage", "1@example.com", ["hg.1@acme.example"])
    assert mail["text"].startswith("Yes.\n\nOn 2 Mar") and mail["reply_text"] == "Yes." and mail["reply_confidence"] == "high"
    assert mail["auto"] is None and mail["attachments"] == [] and mail["sender_verified"] == "none"


def test_character_sets_are_read_where_no_file_can_be_opened():
    texts = {"koi8-r": "Где мой заказ?", "windows-1250": "Žluťoučký kůň", "iso-8859-15": "5 €", "windows-1255": "שלום", "gb18030": "你好",
             "big5": "訂單", "shift_jis": "注文", "euc-jp": "注文", "iso-2022-jp": "注文", "euc-kr": "주문", "tis-620": "สวัสดี",
             "utf-7": "Größe", "utf-16": "Größe", "cp850": "Größe"}
    head = "From: a@example.com\nContent-Type: multipart/mixed; boundary=b\n\n"
    raw = head.encode() + b"".join(
        f"--b\nContent-Type: text/plain; charset={name}\nContent-Transfer-Encoding: base64\n\n".encode() +
        base64.b64encode(text.encode(name)) + b"\n" for name, text in texts.items()) + b"--b--\n"
    mail = parsed(raw)
    assert mail["text"] == "\n".join(texts.values())
    assert not [w for w in mail["warnings"] if "charset" in w]


def test_whose_authentication_results_count_is_an_option():
    assert parsed(REPLY, "--authserv-id", "mx.acme.example")["sender_verified"] == "pass"
    assert parsed(REPLY, "--authserv-id", "mx.other.example")["sender_verified"] == "none"


def test_what_was_sent_before_is_told_from_the_reply(tmp_path):
    sent = "Hello, your order was handed to the carrier this morning."
    raw = f"From: a@example.com\n\nTulo na.\n\n{sent}\n".encode()
    assert parsed(raw)["reply_text"] == f"Tulo na.\n\n{sent}"
    (tmp_path / "sent").write_text(sent)
    assert parsed(raw, "--known", tmp_path / "sent")["reply_text"] == "Tulo na."


def test_files_are_told_by_size_and_hash():
    message, content = email.message.EmailMessage(), os.urandom(3 << 20)
    message["From"] = "a@example.com"
    message.set_content("see the file")
    message.add_attachment(content, maintype="application", subtype="pdf", filename="größe.pdf")
    mail = parsed(message.as_bytes())
    assert mail["text"] == "see the file"
    [attachment] = mail["attachments"]
    assert attachment["filename"] == "größe.pdf" and attachment["content_type"] == "application/pdf"
    assert attachment["size"] == len(content) and attachment["sha256"] == hashlib.sha256(content).hexdigest()
    assert attachment["inline"] is False and attachment["content_id"] is None


def test_json_stands_on_one_line_when_asked_to():
    done = parse(REPLY, "--json")
    assert done.returncode == 0 and done.stdout.count(b"\n") == 1
    assert json.loads(done.stdout) == parsed(REPLY)


@pytest.mark.parametrize("raw", [b"", b"\n", b"\0", b"\xff\xfe", b"no header at all", b"From: a@b" + b"\nx" * 5000, b"Content-Type: " * 3000],
                         ids=["nothing", "an end of line", "a NUL", "no UTF-8", "a sentence", "dirt", "a long line"])
def test_bytes_that_are_no_mail_make_a_mail_too(raw):
    assert KEYS <= set(parsed(raw))


def test_a_mail_that_overflows_gmime_is_read_all_the_same():
    mail = parsed(b"From: a@example.com\nTo: " + b"g:" * 50000 + b"\nSubject: x\n\nwords\n")
    assert mail["subject"] == "x" and mail["text"] == "words"


def test_a_mail_that_ends_its_reader_is_told_with_exit_code_1():
    done = parse(b"Overflow: g:\n\n", helper=BUILD / "tests" / "tools" / "mail_stand_in")
    assert done.returncode == 1 and not done.stdout and b"the mail ends who reads it" in done.stderr


def test_without_a_helper_the_exit_code_is_78(tmp_path):
    done = parse(REPLY, helper=tmp_path / "none")
    assert done.returncode == 78 and str(tmp_path).encode() in done.stderr
    done = parse(REPLY, helper="/bin/true")
    assert done.returncode == 78 and b"before it was ready" in done.stderr


def test_a_known_file_that_is_missing_is_told_with_exit_code_4(tmp_path):
    done = parse(REPLY, "--known", tmp_path / "none")
    assert done.returncode == 4 and b"No such file" in done.stderr
    (tmp_path / "bytes").write_bytes(b"\xff")
    assert parse(REPLY, "--known", tmp_path / "bytes").returncode == 4


def test_html_alone_is_made_text():
    html = "<p>Gr&uuml;&szlig;e</p><div id=x_divRplyFwdMsg>From: x</div>"
    raw = b"From: a@example.com\nContent-Type: text/html; charset=us-ascii\nContent-Transfer-Encoding: base64\n\n"
    mail = parsed(raw + base64.encodebytes(html.encode()))
    assert mail["text"].startswith("Grüße\n") and mail["reply_text"] == "Grüße" and mail["html"] == html


def test_flowed_lines_are_one():
    raw = b"From: a@example.com\nContent-Type: text/plain; format=flowed; delsp=yes\n\nOne lo \nng line.\n-- \nA\n"
    assert parsed(raw)["text"].startswith("One long line.\n")
