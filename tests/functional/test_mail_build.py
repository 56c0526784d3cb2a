"""A mail as it leaves us, read again by Python's strict parser: what was put in comes out, and nothing else does."""
import email
import email.policy
import json
import subprocess

import pytest

import harness

TOOL = harness.BUILD / "tests" / "tools" / "mail_try"
TOKEN = "aewhbyjlpiden6jcph2courqa6crsphw7i"
BASE = {"from": "support@acme.example", "from_name": "Bea Baker", "to": "ana@example.com", "reply_to": f"support+t.{TOKEN}@acme.example",
        "message_id": f"hg.{TOKEN}@acme.example", "token": TOKEN, "date_ms": 1793527200000, "instance": "gw-1", "text": "Hello",
        "subject": "My order", "number": "HG-1042", "answers": True}
STRICT = email.policy.SMTP.clone(raise_on_defect=True)
# What could end a header, a line or a part, turn the direction of what is read, or be no text at all.
HOSTILE = ["a\r\nBcc: eve@evil.example\r\nX: y", "a\nBcc: eve@evil.example", "a\rBcc: eve@evil.example", "a\r\n\r\n<script>", "a\x00b", "a\x1b[2J\x07\x7f",
           "a\u2028b\u2029c\x85d", "\u202eevil\u202c", "a\u0085Bcc: x", "=?utf-8?q?=0D=0ABcc:_eve?=", "\"quoted\" <eve@evil.example>", "a,b;c:d", "(comment",
           "x" * 5000, "ä" * 3000, "日本語" * 500, "\U0001f469\u200d\U0001f4bb", "", "   ", "\\", "\"", "a <b@c> d", "--=_m_" + TOKEN, "Re: Re: AW: x"]


def build(code=0, **fields):
    given = {k: v for k, v in {**BASE, **fields}.items() if v is not None}
    done = subprocess.run([str(TOOL)], input=json.dumps(given).encode(), capture_output=True, timeout=harness.PATIENCE)
    assert not harness.sanitizer_report(done.stderr.decode()), done.stderr.decode()
    assert done.returncode == code, done.stderr.decode()
    return done.stderr.decode() if code else done.stdout


def parse(raw):
    """By the strict parser, and on the wire's own terms."""
    assert all(byte < 128 and (byte >= 32 or byte in b"\r\n\t") for byte in raw), "not 7-bit text"
    assert raw.replace(b"\r\n", b"").count(b"\n") == raw.replace(b"\r\n", b"").count(b"\r") == 0, "a bare line end"
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    return email.message_from_bytes(raw, policy=STRICT)


def made(**fields):
    message = parse(build(**fields))
    for name, value in message.items():		# each is parsed, and raises when it is no header of its kind
        assert "\n" not in value and "\r" not in value, name
        assert not getattr(value, "defects", ()), (name, value.defects)
    return message


NAMES = ["From", "To", "Reply-To", "Subject", "Date", "Message-Id", "In-Reply-To", "References", "X-Headgate-Loop", "X-Auto-Response-Suppress", "MIME-Version",
         "Content-Type", "Content-Transfer-Encoding"]


def content(part):
    """As it is read: lines end with LF."""
    got = part.get_content()
    return got.replace("\r\n", "\n") if isinstance(got, str) else got


def names(message):
    return sorted(name.lower() for name in message.keys())


def test_the_headers_of_an_answer():
    m = made(refs=["c2@mail.example", "c1@mail.example"])
    assert names(m) == sorted(n.lower() for n in NAMES)
    assert m["From"] == "Bea Baker <support@acme.example>" and m["To"] == "ana@example.com"
    assert m["Reply-To"].addresses[0].addr_spec == f"support+t.{TOKEN}@acme.example"
    assert m["Subject"] == "Re: My order [HG-1042]"
    assert m["Date"].datetime.isoformat() == "2026-11-01T10:00:00+00:00"
    assert m["Message-ID"] == f"<hg.{TOKEN}@acme.example>"
    assert m["In-Reply-To"] == "<c2@mail.example>"
    assert m["References"].split() == ["<c1@mail.example>", "<c2@mail.example>", f"<hg.{TOKEN}@ref.acme.example>"]
    assert m["X-Headgate-Loop"] == "gw-1" and m["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert m.get_content_type() == "text/plain" and content(m) == "Hello\n"
    assert m.get_content_charset() == "utf-8"


def test_a_person_is_no_machine_and_a_machine_says_so():
    assert "Auto-Submitted" not in made() and "Precedence" not in made()
    m = made(automatic=True)
    assert m["Auto-Submitted"] == "auto-replied" and m["X-Auto-Response-Suppress"] == "All" and "Precedence" not in m


def test_references_keep_the_oldest_and_the_last_20():
    refs = [f"id{i}@mail.example" for i in range(50, 0, -1)]
    got = made(refs=refs)["References"].split()
    assert got == ["<id1@mail.example>"] + [f"<id{i}@mail.example>" for i in range(31, 51)] + [f"<hg.{TOKEN}@ref.acme.example>"]
    assert made(refs=[])["In-Reply-To"] is None
    # ids that a stranger made to be no ids
    m = made(refs=["a b@x", "a>\r\nBcc: eve@evil.example\r\n<b@x", "x" * 2000 + "@y", "ü@x", "noat", "ok@x", "ok@x"])
    assert m["In-Reply-To"] == "<ok@x>" and m["References"].split() == ["<ok@x>", f"<hg.{TOKEN}@ref.acme.example>"]
    # the longest that fit keep every line below RFC 5322's 998 characters
    made(refs=["x" * 890 + f"{i}@y" for i in range(30)])


@pytest.mark.parametrize("given, answers, number, want", [
    ("My order", True, "HG-1042", "Re: My order [HG-1042]"), ("Re: My order [HG-1042]", True, "HG-1042", "Re: My order [HG-1042]"),
    ("AW: Re: SV: RE[2]: Antw: My order", True, None, "Re: My order"), ("回复：My order", True, None, "Re: My order"),
    ("Re: [HG-1042] My order", True, "HG-1042", "Re: My order [HG-1042]"), ("", True, "HG-1", "Re: Your message [HG-1]"),
    (None, True, None, "Re: Your message"), ("Re:Re: Re : ", True, None, "Re: Your message"), ("Reorder: more", True, None, "Re: Reorder: more"),
    ("News", False, None, "News"), ("Fwd: My order", True, None, "Re: Fwd: My order"), ("RÉP: My order", True, None, "Re: My order"),
    ("Resolved: no", True, None, "Re: Resolved: no"),
])
def test_subjects(given, answers, number, want):
    assert made(subject=given, answers=answers, number=number)["Subject"] == want


@pytest.mark.parametrize("field", ["from_name", "subject", "number", "instance", "text", "html", "fallback"])
def test_hostile_text_stays_where_it_was_put(field):
    for text in HOSTILE:
        if "\x00" in text:
            continue			# JSON of ours has none; test_parts_of_hostile_bytes has files
        m = made(**{field: text}, **({"subject": None} if field == "fallback" else {}))
        got = names(m)
        allowed = [n.lower() for n in NAMES if n not in ("In-Reply-To",)]
        assert got == sorted(allowed) or (field == "html" and got == sorted(set(allowed) - {"content-transfer-encoding"})), (text, got)
        assert [a.addr_spec for a in m["From"].addresses] == ["support@acme.example"]
        assert [a.addr_spec for a in m["To"].addresses] == ["ana@example.com"]
        assert "\u202e" not in m["Subject"] + str(m["From"]) and "\x1b" not in m["Subject"] + str(m["From"])
        if field == "text":
            assert content(m).rstrip("\n") == text.replace("\r\n", "\n").replace("\r", "\n").translate({0x1b: None, 7: None, 0x7f: None}).rstrip("\n")
        if field == "html":
            assert [p.get_content_type() for p in m.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("field", ["from", "to", "reply_to", "message_id", "token"])
def test_what_must_be_an_address_or_id_is_refused_when_it_is_not(field):
    for text in HOSTILE + ["a@b\r\nBcc: eve@evil.example", "a@b>, <eve@evil.example", "eve@evil.example, a@b", "a b@c"]:
        if "\x00" in text or (field in ("message_id", "token") and text and all(33 <= ord(c) < 127 and c not in "<>" for c in text) and len(text) <= 900):
            continue
        assert build(code=1, **{field: text}), (field, text)


def test_a_name_of_emoji_and_one_of_all_alphabets():
    m = made(from_name="Jörg “JJ” Ħ\U0001f469\u200d\U0001f4bb 日本", subject="Grüße \U0001f469\u200d\U0001f4bb")
    assert m["From"].addresses[0].display_name == "Jörg “JJ” Ħ\U0001f469\u200d\U0001f4bb 日本"
    assert m["Subject"] == "Re: Grüße \U0001f469\u200d\U0001f4bb [HG-1042]"


@pytest.mark.parametrize("text", ["grüße", "a" * 3000 + "ä", "日本語のメール\n" * 200, "line  \n trailing \n\tt\n\n\n", ".\n..\n.a\nFrom me\n>From\n", "=3D=\n=",
                                  "\n".join("x" * n for n in range(70, 85)), "é" * 997], ids=range(8))
def test_texts_come_out_as_they_went_in(text):
    m = made(text=text)
    assert content(m).rstrip("\n") == text.rstrip("\n") and m.get_content_charset() == "utf-8"
    assert m["Content-Transfer-Encoding"] in ("quoted-printable", "base64")
    m = made(text=text, html=f"<p>{text}</p>")
    assert m.get_content_type() == "multipart/alternative"
    plain, html = m.iter_parts()
    assert content(plain).rstrip("\n") == text.rstrip("\n") and text.rstrip("\n") in content(html)


def test_our_mark_is_around_what_we_wrote_and_not_around_what_we_quote():
    m = made(html="<p>Hi</p>", said=[{"name": "Ana", "text": "where is it?", "at_ms": 1793523600000}])
    html = content(list(m.iter_parts())[1])
    assert html.index('<div class="headgate-message">') < html.index("<p>Hi</p>") < html.index("</div>") < html.index("<blockquote")


# ---- files ----

def files(tmp_path, *given):
    out = []
    for i, (name, kind, data, *cid) in enumerate(given):
        path = tmp_path / f"f{i}"
        path.write_bytes(data)
        out.append({k: v for k, v in dict(name=name, type=kind, path=str(path), content_id=cid[0] if cid else None).items() if v is not None})
    return out


def test_files_with_names_of_all_kinds(tmp_path):
    given = ["invoice.pdf", "größe.pdf", "日本語.txt", "a \"b\" c;.txt", "x" * 250 + ".pdf", "sp ace.pdf"]
    m = made(files=files(tmp_path, *[(name, "application/pdf", bytes(range(256)) * 4) for name in given]))
    assert m.get_content_type() == "multipart/mixed"
    body, *rest = m.iter_parts()
    assert content(body) == "Hello\n" and len(rest) == len(given)
    for name, part in zip(given, rest):
        assert part.get_content_disposition() == "attachment" and content(part) == bytes(range(256)) * 4
        got = part.get_filename()
        assert got == name or (len(name) > 200 and got.endswith(".pdf")) or set(name) & set('";'), (name, got)


def test_names_and_types_that_are_none(tmp_path):
    names = ["../../etc/passwd", "a\r\nX: y.txt", "\u202efdp.exe", "con", "", ".", None, "a/b\\c.txt"]
    kinds = ["text/html; x=\"\r\nY: z\"", "nonsense", "a/b/c", "message/rfc822", "multipart/mixed", "text/plain\r\nX: y", None, "image/png"]
    m = made(files=files(tmp_path, *[(n, k, b"data\r\n.\r\n--=_m_" + TOKEN.encode()) for n, k in zip(names, kinds)]))
    parts = list(m.iter_parts())[1:]
    assert len(parts) == len(names)
    for part in parts:
        got = part.get_filename()
        assert got and "/" not in got and "\\" not in got and "\n" not in got and "\u202e" not in got and got not in (".", "..")
        data = content(part)
        assert (data.encode() if isinstance(data, str) else data).replace(b"\r\n", b"\n") == b"data\n.\n--=_m_" + TOKEN.encode()
        assert sorted(k.lower() for k in part.keys()) == ["content-disposition", "content-transfer-encoding", "content-type"]
    assert [p.get_content_type() for p in parts][3:5] == ["application/octet-stream"] * 2


def test_pictures_that_the_html_shows(tmp_path):
    m = made(html='<img src="cid:pic1@x">', files=files(tmp_path, ("p.png", "image/png", b"\x89PNG", "pic1@x"), ("a.pdf", "application/pdf", b"%PDF")))
    assert m.get_content_type() == "multipart/mixed"
    related, pdf = m.iter_parts()
    assert related.get_content_type() == "multipart/related" and pdf.get_filename() == "a.pdf"
    words, picture = related.iter_parts()
    assert words.get_content_type() == "multipart/alternative"
    assert picture["Content-ID"] == "<pic1@x>" and picture.get_content_disposition() == "inline"


def test_files_that_are_gone_or_too_big(tmp_path):
    assert "opened" in build(code=1, files=[{"name": "a", "path": str(tmp_path / "none")}])
    assert "most" in build(code=1, files=files(tmp_path, ("a", "a/b", b"x" * 100000)), max=100000)
    assert "more than" in build(code=1, files=files(tmp_path, ("a", "a/b", b"x" * 5000000)), max=100000)
    assert "more than 100" in build(code=1, files=files(tmp_path, *[("a", "a/b", b"x")] * 101))


# ---- templates and quotes ----

def test_templates_around_the_answer():
    m = made(text="See https://x.example/a?b=${name}", number="HG-7", text_template="Hello,\n\n${text}\n\n${name|Your team}, about ${number} (${subject})\n",
             html_template="<h1>Acme</h1>${text}<p>${name}</p>", from_name="Bea <b>", subject="a & b")
    plain, html = (content(p) for p in m.iter_parts())
    assert plain == "Hello,\n\nSee https://x.example/a?b=${name}\n\nBea <b>, about HG-7 (a & b)\n"
    assert "<h1>Acme</h1>See https://x.example/a?b=${name}<p>Bea &lt;b&gt;</p>" in html
    m = made(text="a < b\nc", html_template="<main>${text}</main>")
    assert "<main>a &lt; b<br>\nc</main>" in content(list(m.iter_parts())[1])
    assert "once" in build(code=1, text_template="no place") and "once" in build(code=1, text_template="${text}${text}")
    assert build(code=1, text_template="${text} ${nmae}")


def test_quotes_of_what_was_said():
    said = [{"name": "Ana", "text": "where is it?\n\n> before\n", "at_ms": 1793523600000}, {"text": "x" * 40000, "at_ms": 1793520000000}]
    assert content(made(said=said)) == "Hello\n\nOn 2026-11-01 09:00 UTC, Ana wrote:\n> where is it?\n>\n>> before\n"
    hostile = made(html="<p>x</p>", said=[{"name": "<script>", "text": "</blockquote><script>alert(1)</script>", "at_ms": 0}])
    html = content(list(hostile.iter_parts())[1])
    assert "<script" not in html and html.count("</blockquote>") == 1


def test_the_same_mail_is_the_same_bytes(tmp_path):
    fields = dict(html="<p>x</p>", files=files(tmp_path, ("a.pdf", "application/pdf", b"x" * 100)), refs=["a@b"])
    assert build(**fields) == build(**fields)
