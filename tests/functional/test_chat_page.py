"""The page at /chat/NAME: what browsers are told of it, and the form for who has no script."""
import html
import html.parser
import re
import urllib.parse

import pytest

import conftest
from harness import wait_until
from visitor_client import ENV, change

PUBLIC = "https://chat.acme.example"
MORE = """\
prechat: { ask: [name, email] }
rate: { messages: 1000, address: 1000, requests: 10000, sessions: 1000 }
"""
OTHERS = """\
  closed:
    adapter: widget
    page: false
  script-only:
    adapter: widget
    form: false
  few:
    adapter: widget
    rate: { sessions: 2 }
    title: '"><script>alert(1)</script>'
"""
CONFIG = dict(rules=conftest.AT_ONCE, env=ENV, change=change(MORE, OTHERS))


class Page(html.parser.HTMLParser):
    """What a browser without scripts sees of it."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.form, self.said, self.wrong, self.inside, self.item = [], {}, [], None, [], None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        attributes = dict(attributes)
        self.tags.append((tag, attributes))
        if tag in ("input", "textarea") and attributes.get("name"):
            self.form[attributes["name"]] = attributes.get("value", "")
        if tag == "li":
            self.item = dict(me=attributes["class"] == "me", text="", links=[])
            self.said.append(self.item)
        if tag == "a" and self.item:
            self.item["links"].append(attributes["href"])
        if tag not in ("meta", "link", "img", "input"):
            self.inside.append((tag, attributes))

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop()[0] != tag:
            pass
        if tag == "li":
            self.item = None

    def handle_data(self, data):
        tag, attributes = self.inside[-1] if self.inside else ("", {})
        if attributes.get("class") == "text":
            self.item["text"] += data
        if attributes.get("class") == "wrong":
            self.wrong = data
        if tag == "textarea":
            self.form["text"] = data.removeprefix("\n")

    def has(self, tag, **attributes):
        return any(t == tag and all(a.get(k) == v for k, v in attributes.items()) for t, a in self.tags)


class Browser:
    """One without scripts: it keeps cookies, and says where a form comes from."""

    count = 0

    def __init__(self, gateway, channel="web"):
        Browser.count += 1
        self.gateway, self.path, self.cookie = gateway, f"/chat/{channel}?plain=1", None
        self.address = f"10.99.{Browser.count >> 8}.{Browser.count & 255}"
        self.language = "en"

    def go(self, method="GET", path=None, body=None, **headers):
        headers = {k.replace("_", "-"): v for k, v in headers.items() if v}
        headers.setdefault("X-Forwarded-For", self.address)
        headers.setdefault("Accept-Language", self.language)
        if self.cookie:
            headers["Cookie"] = "theme=dark; hg_chat=" + self.cookie
        answer = self.gateway.http(method, path or self.path, body, headers)
        if set_cookie := answer.headers.get("Set-Cookie"):
            self.cookie = re.match(r"hg_chat=([^;]*)", set_cookie)[1] or None
        return answer

    def open(self):
        answer = self.go()
        assert answer.status == 200, answer
        return Page(answer.body.decode())

    def send(self, page=None, origin=PUBLIC, site="same-origin", **filled):
        fields = dict((page or self.open()).form, **filled)
        return self.go("POST", None, urllib.parse.urlencode(fields).encode(), Origin=origin, Sec_Fetch_Site=site,
                       Content_Type="application/x-www-form-urlencoded")


def policy(answer):
    """The directives of the page's Content-Security-Policy."""
    return {name: values for name, *values in (d.split() for d in answer.headers["Content-Security-Policy"].split(";"))}


# ---- the page ----

def test_the_page_is_the_widget_under_a_strict_policy(world):
    answer = world.gateway.http("GET", "/chat/web")
    assert answer.status == 200 and answer.headers["Content-Type"] == "text/html; charset=utf-8"
    page, rules = Page(answer.body.decode()), policy(answer)
    assert page.has("headgate-chat", channel="web") and page.has("script", src="/widget/v1.js")
    assert rules["default-src"] == ["'none'"] and rules["script-src"] == ["'self'"]
    assert rules["frame-ancestors"] == ["'none'"] and rules["base-uri"] == ["'none'"]
    assert rules["trusted-types"] == ["'none'"] and rules["require-trusted-types-for"] == ["'script'"]
    assert answer.headers["Cache-Control"] == "no-store" and answer.headers["Referrer-Policy"] == "same-origin"
    assert "Set-Cookie" not in answer.headers		# nobody is known before he says something
    # Every script and style is a file of ours; the one style element has this answer's nonce.
    [(_, style)] = [t for t in page.tags if t[0] == "style"]
    assert f"'nonce-{style['nonce']}'" in rules["style-src"]
    assert world.gateway.http("GET", "/chat/web").body != answer.body
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
        if tag == "script":
            assert world.gateway.http("GET", attributes["src"]).status == 200
        if tag == "link":
            assert world.gateway.http("GET", attributes["href"]).status == 200


def test_only_listed_pages_may_frame_it(world):
    framed = world.gateway.http("GET", "/chat/web?embed=1")
    assert policy(framed)["frame-ancestors"] == ["'self'", "https://www.acme.example", "https://*.shop.example"]
    [bridge] = [a["src"] for t, a in Page(framed.body.decode()).tags if t == "script" and "page-" in a["src"]]
    assert world.gateway.http("GET", bridge).status == 200


@pytest.mark.parametrize("path, status", [
    ("/chat/nothing", 404), ("/chat/closed", 404), ("/chat/wa-main", 404), ("/chat/", 404), ("/chat/web/", 404), ("/chat/WEB", 404),
    ("/chat/%2e%2e/widget", 400), ("/chat/../livez", 400), ("/chat/web?x=1", 400), ("/chat/<script>alert(1)</script>", 404),
])
def test_what_is_no_page_is_none(world, path, status):
    answer = world.gateway.http("GET", urllib.parse.quote(path, safe="/%?=."))
    assert answer.status in (status, 404), answer
    assert b"<script>" not in answer.body


def test_a_title_is_text(world):
    answer = world.gateway.http("GET", "/chat/few?plain=1")
    assert b"<script" not in answer.body and b"&lt;script&gt;alert(1)" in answer.body


def test_a_look_at_the_head_costs_no_body(world):
    answer = world.gateway.http("HEAD", "/chat/web")
    assert answer.status == 200 and answer.body == b"" and int(answer.headers["Content-Length"]) > 500


# ---- the form ----

def test_who_has_no_script_writes_and_reads_the_answer(world):
    browser = Browser(world.gateway)
    page = browser.open()
    assert page.has("form", method="post", action="/chat/web?plain=1") and not page.said
    assert page.has("label", **{"for": "text"}) and page.has("label", **{"for": "email"})
    sent = browser.send(page, text="Is my order late?\nIt is <b>4711</b>.", name="Ann & Bob", email="ann@example.org")
    assert (sent.status, sent.headers["Location"]) == (303, "/chat/web?plain=1"), sent
    attributes = sent.headers["Set-Cookie"].split("; ")[1:]
    assert set(attributes) >= {"Path=/chat/web", "HttpOnly", "SameSite=Strict", "Secure"}

    thread = next(t for t in world.gateway.threads(limit=500) if t["reply_to"].startswith("widget:") and
                  any("4711" in m["text"] for m in world.gateway.messages(t["id"])))
    [message] = [m for m in world.gateway.messages(thread["id"]) if m["direction"] == "inbound"]
    assert message["text"] == "Is my order late?\nIt is <b>4711</b>."
    assert world.gateway.reply(thread["id"], "No: <i>tomorrow</i>", agent="Cleo").status == 202
    page = wait_until(lambda: (lambda p: p if len(p.said) == 2 else None)(browser.open()), "the answer on the page")
    assert [(s["me"], s["text"]) for s in page.said] == [(True, "Is my order late?\nIt is <b>4711</b>."),
                                                        (False, "No: <i>tomorrow</i>")]
    # And goes on with the same conversation.
    assert browser.send(page, text="Thank you, that is fine with me").status == 303
    assert len(browser.open().said) == 3
    assert [m["direction"] for m in world.gateway.messages(thread["id"])].count("inbound") == 2


def test_sent_twice_is_said_once(world):
    browser = Browser(world.gateway)
    page = browser.open()
    assert browser.send(page, text="I press twice, as one does").status == 303
    assert browser.send(page, text="I press twice, as one does").status == 303
    assert [s["text"] for s in browser.open().said] == ["I press twice, as one does"]


def test_nobody_sees_what_another_browser_said(world):
    browser, other = Browser(world.gateway), Browser(world.gateway)
    browser.send(text="a secret between us")
    assert not other.open().said
    other.cookie = browser.cookie[:-2] + "xx"
    assert not other.open().said
    assert other.cookie is None		# and a cookie that is none is forgotten
    other.cookie = browser.cookie
    other.path = "/chat/few?plain=1"		# nor is it good on another channel
    assert not other.open().said


@pytest.mark.parametrize("origin, site", [("https://evil.example", "cross-site"), ("https://evil.example", None),
                                          (None, "cross-site"), ("null", None), (PUBLIC, "same-site"),
                                          (PUBLIC + ".evil.example", None), ("https://www.acme.example", None)])
def test_a_form_of_another_page_is_refused(world, origin, site):
    browser = Browser(world.gateway)
    before = len(world.gateway.threads(limit=500))
    answer = browser.send(text="not from here", origin=origin, site=site)
    assert answer.status == 403
    assert len(world.gateway.threads(limit=500)) == before


def test_a_machine_that_fills_in_everything_is_refused(world):
    answer = Browser(world.gateway).send(text="buy now", website="https://spam.example")
    assert answer.status == 403 and b"buy now" in answer.body


def test_what_was_not_taken_is_there_again(world):
    browser = Browser(world.gateway)
    answer = browser.send(text='   ', name='"><script>alert(1)</script>', email="ann")
    page = Page(answer.body.decode())
    assert answer.status == 400 and page.wrong
    assert page.form["name"] == '"><script>alert(1)</script>' and page.form["email"] == "ann"
    assert b"<script" not in answer.body


def test_a_flood_of_forms_is_told_to_wait(world):
    browsers = [Browser(world.gateway, "few") for _ in range(3)]
    for browser in browsers:
        browser.address = "10.98.0.1"
    answers = [browser.send(text="one more of many") for browser in browsers]
    assert [a.status for a in answers[:2]] == [303, 303]
    assert answers[2].status in (403, 429)
    page = Page(answers[2].body.decode())
    assert page.wrong and page.form["text"] == "one more of many"


def test_where_there_is_no_form_none_is_taken(world):
    browser = Browser(world.gateway, "script-only")
    assert not browser.open().has("form")
    assert browser.go("POST", None, b"text=hello", Origin=PUBLIC).status == 403


def test_the_form_speaks_the_browsers_language(world):
    browser = Browser(world.gateway)
    browser.language = "ar, en;q=0.5"
    page = browser.open()
    assert page.has("html", lang="ar", dir="rtl")


def test_an_old_session_goes_on_and_a_dead_one_begins_anew(world):
    browser = Browser(world.gateway)
    browser.send(text="before the break")
    old = browser.cookie
    assert [s["text"] for s in browser.open().said] == ["before the break"]
    browser.cookie = "hv1.e30.AAAA"
    assert browser.send(text="with a cookie of nobody's").status == 303
    assert [s["text"] for s in browser.open().said] == ["with a cookie of nobody's"]
    browser.cookie = old
    assert [s["text"] for s in browser.open().said] == ["before the break"]
