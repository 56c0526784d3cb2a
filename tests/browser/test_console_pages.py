"""The web console as an operator lives with it: signing in, the pages by mouse and by keyboard, texts that attack, light, dark
and narrow."""
import itertools
import json

import pytest
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

import harness
from test_reach import violations
from test_strict import HOSTILE

RULES = """\
  - name: greetings <b>and</b> thanks
    when: { text: { matches: '^(hi|hello|thanks)' } }
    do: { ignore: noise }
  - name: held for people
    when: { text: { contains: hold me } }
    do: { hold: true }
  - name: asks for a person
    when: { text: { contains: human } }
    do: { convert: { priority: high, category: escalation } }"""
WHATSAPP = """\
wa:
  adapter: whatsapp
  phone_number_id: "109876543210"
  token: env:TEST_API_TOKEN
  app_secret: env:TEST_WEBHOOK_SECRET
  verify_token: env:TEST_API_TOKEN
  base_url: http://127.0.0.1:1
"""
SITE = dict(rules=RULES, top="default: hold\nsettle: 1h\nfirst_response: 7d", channels=WHATSAPP)
numbers = itertools.count(1)


class Console:
    def __init__(self, browser, site, role="admin"):
        self.browser, self.site, self.driver = browser, site, browser.driver
        self.port = site.gateway.status()["console_port"]
        self.url = f"http://127.0.0.1:{self.port}/"
        browser.origins.add(self.url.rstrip("/"))
        self.link = site.gateway.api("POST", "/v1/console/links", dict(name="ann", role=role)).json["url"]

    def sign_in(self):
        self.driver.get(self.link)
        self.click("button.main")
        self.find("nav a[aria-current]")
        return self

    def go(self, place):
        self.browser.run("location.hash = arguments[0]", "#/" + place)
        return self

    def all(self, css):
        return [e for e in self.driver.find_elements(By.CSS_SELECTOR, css) if e.is_displayed()]

    def find(self, css):
        return self.browser.wait(lambda: next(iter(self.all(css)), None), f"{css} on the page")

    def row(self, text):
        return self.browser.wait(lambda: next((e for e in self.all(".rows tbody tr:not(.detail)") if text in e.text), None), f"a row with {text!r}")

    def click(self, css):
        self.browser.wait(lambda: self.find(css).click() or True, f"{css} to click")

    def button(self, name, within="body"):
        def look():
            return next((e for e in self.all(f"{within} button, {within} a") if e.accessible_name == name), None)
        return self.browser.wait(look, f"a button called {name!r}")

    def press(self, name, within="body"):
        self.browser.wait(lambda: self.button(name, within).click() or True, f"{name!r} to press")

    def sees(self, text, css="main"):
        self.browser.wait(lambda: text in self.find(css).text, f"{text!r} in {css}")

    def told(self, text):
        self.browser.wait(lambda: any(text in e.text for e in self.all(".notice")), f"a notice with {text!r}")

    def title(self):
        return self.find("h1").text

    def texts_only(self):
        """No element but those the console makes, no attribute that runs, no link that leads elsewhere than links may."""
        strange = self.browser.run("""
            return [...document.querySelectorAll("body *")].filter(e =>
                /^(SCRIPT|IFRAME|IMG|OBJECT|EMBED|STYLE|BASE|META|LINK|MATH|TEMPLATE|ANIMATE)$/i.test(e.tagName) ||
                [...e.attributes].some(a => /^on|^style$|^srcdoc$/.test(a.name)) ||
                e.tagName === "A" && !/^(https?|mailto):/.test(e.href) ||
                e.tagName === "A" && new URL(e.href).origin !== location.origin && !e.relList.contains("noopener")).map(e => e.outerHTML)""")
        assert strange == []
        assert self.browser.run("return window.__pwned") == []


def say(site, browser, *texts):
    """A customer of his own writes, through the widget's API; his thread's id."""
    port, name = site.port, f"visitor{next(numbers)}"
    headers = {"Content-Type": "application/json", "Origin": site.shop.url}
    token = harness.request(port, "POST", "/client/v1/session", json.dumps(dict(channel="web")), headers).json["token"]
    headers["Authorization"] = f"Bearer {token}"
    thread = None
    for i, text in enumerate(texts):
        body = json.dumps(dict(id=f"{name}-{i}-0123456789abcdef", text=text, profile={}))
        path = f"/client/v1/threads/{thread}/messages" if thread else "/client/v1/threads"
        answer = harness.request(port, "POST", path, body, headers)
        assert answer.status in (200, 201, 202), answer
        thread = thread or answer.json["thread"]["id"]
    return site.thread_of(texts[0])


@pytest.fixture
def console(site, browser):
    return Console(browser, site)


# ---- signing in and out ----

def test_a_link_is_used_by_a_press_and_leaves_the_address_bar(console, browser):
    console.driver.get(console.link)
    console.find("button.main")
    assert "login" not in browser.run("return location.href")		# not in the history of a shared machine
    assert browser.run("return document.title") == "Sign in - headgate"
    console.click("button.main")
    console.find("nav a[aria-current]")
    assert console.title() == "Live" and browser.run("return document.title") == "Live - Acme"
    assert browser.run("return document.cookie") == ""		# no script reads it
    console.driver.get("about:blank")
    console.driver.get(console.link)
    console.click("button.main")
    console.sees("used already", ".gate")
    console.driver.get(console.url)		# the first session goes on
    console.find("nav a[aria-current]")
    browser.run("location.href = arguments[0]", console.link)		# the same tab: nothing but the fragment changes
    console.click("button.main")
    console.sees("used already", ".gate")
    browser.run("location.href = arguments[0]", Console(browser, console.site, "viewer").link)		# and where nothing but a gate is
    console.click("button.main")
    assert console.button("console:ann, viewer: sign out")


def test_signing_out(console):
    console.sign_in()
    console.press("console:ann, admin: sign out")
    console.press("Sign out", "dialog")
    console.sees("You are signed out.", ".gate")
    console.driver.get(console.url)
    console.sees("You are not signed in.", ".gate")


def test_a_session_that_ends_elsewhere_says_so(site, console):
    console.sign_in().go("threads")
    console.find(".threads .list")
    answer = harness.request(console.port, "DELETE", "/console/session?everywhere=true", headers={
        "X-Headgate-Console": "1", "Cookie": "hg_console=" + console.driver.get_cookie("hg_console")["value"]})
    assert answer.status == 204
    console.go("drops")
    console.sees("Your session is over.", ".gate")


# ---- the pages ----

def test_decisions_come_in_live_and_open_to_their_reason(site, console, browser):
    console.sign_in()
    console.find(".live .list")
    console.find("nav .mark.good")		# the stream is there
    thread = say(site, browser, "hello, is anybody there?")
    row = console.row("hello, is anybody there?")
    assert "noise" in row.text and "greetings <b>and</b> thanks" in row.text
    row.find_element(By.CSS_SELECTOR, ".go").send_keys(Keys.ENTER)
    console.sees("text.matches", ".detail")
    detail = console.find(".detail").text
    assert "noise by “greetings <b>and</b> thanks”" in detail and "headgate.yaml:" in detail and "new: first message" in detail
    browser.picture("console-live")
    console.find("input[type=search]").send_keys("no such words")
    console.browser.wait(lambda: not console.all(".rows tbody tr"), "the filter")
    console.find("input[type=search]").clear()
    console.find("input[type=search]").send_keys("anybody")
    console.row("anybody").find_element(By.CSS_SELECTOR, ".go")
    console.go("threads/" + thread)
    console.sees("hello, is anybody there?", ".log")


def test_a_conversation_is_answered_noted_and_made_a_ticket(site, console, browser):
    console.sign_in()
    thread = say(site, browser, "please hold me, my lamp is broken", "sorry, that was <b>not</b> for you")
    console.go("threads/" + thread)
    console.sees("my lamp is broken", ".log")
    console.press("Mark it as noise", ".log article:nth-of-type(2)")
    console.told("a ticket leaves it out")
    console.sees("One message is noise", ".panel")
    assert "noise" in console.find(".message.noise header").text and len(console.all(".message.noise")) == 1
    console.press("It is not noise", ".message.noise")
    browser.wait(lambda: not console.all(".message.noise"), "the mark to go")
    console.press("Mark it as noise", ".log article:nth-of-type(2)")
    console.find(".message.noise")
    browser.picture("console-noise")
    browser.media(dark=True)
    browser.picture("console-noise-dark")
    browser.media()
    text = console.find(".compose textarea")
    text.send_keys("Which lamp is it?")
    console.sees("1 message to", ".cost")
    text.send_keys(Keys.CONTROL, Keys.ENTER)
    console.sees("Which lamp is it?", ".log .message.out")
    assert text.get_attribute("value") == ""
    console.press("Note")
    text.send_keys("a regular customer")
    console.press("Save note")
    console.sees("a regular customer", ".log .message.note")
    notes = [m for m in site.gateway.messages(thread) if m["direction"] == "note"]
    assert [(n["text"], n["author_name"]) for n in notes] == [("a regular customer", "ann")]
    console.press("Why", ".message.in")
    console.sees("held for people", ".message.in .explain")
    console.find(".convert input").clear()
    console.find(".convert input").send_keys("Broken lamp")
    inputs = {e.accessible_name: e for e in console.all(".convert input, .convert select")}
    inputs["Category"].send_keys("warranty")
    inputs["Requester’s e-mail"].send_keys("lamp@example.org")
    browser.picture("console-thread")
    console.press("Make a ticket")
    console.sees("Ticket TK-", ".panel")
    ticket = site.gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]
    assert ticket["subject"] == "Broken lamp" and ticket["category"] == "warranty" and ticket["requester"] == "lamp@example.org"
    assert ticket["agent"] == "ann"
    requested = site.helpdesk.wait(lambda h: next((e for e in h.of("ticket.requested") if e.data["thread"]["id"] == thread), None), "the ticket")
    assert "for you" not in requested.data["transcript_text"] and "my lamp" in requested.data["transcript_text"]
    console.press("It is not noise", ".message.noise")
    console.told("It counts again, and the ticket has it.")
    console.press("Mark it as noise", ".log article:nth-of-type(2)")
    console.told("has it already, and keeps it")


def test_a_conversation_joins_the_ticket_of_the_same_person(site, console, browser):
    console.sign_in()
    ticket, thread = say(site, browser, "a human, about my parcel"), say(site, browser, "hold me, I am the one with the parcel")
    contacts = [site.gateway.get(f"/v1/threads/{t}")["thread"]["contact"]["id"] for t in (thread, ticket)]
    assert site.gateway.api("POST", f"/v1/contacts/{contacts[0]}/merge", dict(into=contacts[1])).status == 200
    number = site.gateway.get(f"/v1/threads/{ticket}")["thread"]["ticket"]["number"]
    console.go("threads/" + thread)
    console.sees("the one with the parcel", ".log")
    console.press(f"Join into {number}")
    console.sees("gets what was said here", "dialog")
    browser.picture("console-join")
    console.press("Join", "dialog")
    console.told(f"part of {number} now")
    browser.wait(lambda: browser.run("return location.hash") == "#/threads/" + ticket, "the ticket's conversation")
    console.go("threads/" + thread)
    console.sees("It is part of another conversation", ".panel")
    browser.picture("console-joined")
    assert site.gateway.get(f"/v1/threads/{thread}")["thread"]["key"] == "joined:" + ticket


def test_somebody_who_has_not_written_is_written_to(site, console, browser):
    console.sign_in()
    browser.press("g", "n")
    browser.wait(lambda: console.title() == "New thread", "the page")
    console.find(".start")
    fields = {e.accessible_name: e for e in console.all(".start input, .start textarea, .start select")}
    assert [o.text for o in fields["Channel"].find_elements(By.TAG_NAME, "option")] == ["wa (whatsapp)"] and "Subject" not in fields
    fields["To"].send_keys("+447700900777")
    fields["Text"].send_keys("Your parcel is here. <b>Really</b>")
    console.sees("template", ".cost.wrong")		# WhatsApp wants one, which is said before it is sent
    browser.picture("console-new-refused")
    fields["Template (JSON)"].send_keys("{")
    console.sees("no JSON object", ".cost.wrong")
    fields["Template (JSON)"].clear()
    fields["Template (JSON)"].send_keys('{"name": "parcel", "language": {"code": "en"}}')
    fields["Text"].clear()
    fields["Text"].send_keys("Your parcel is here. <b>Really</b>")
    fields["Tags"].send_keys("parcel, <i>x</i>")
    console.sees("1 message to +447700900777 by wa", ".cost")
    browser.picture("console-new")
    console.texts_only()
    fields["Text"].send_keys(Keys.CONTROL, Keys.ENTER)
    console.told("On its way.")
    console.sees("Your parcel is here. <b>Really</b>", ".log .message.out")
    thread = browser.run("return location.hash").rsplit("/", 1)[-1]
    found = site.gateway.get(f"/v1/threads/{thread}")["thread"]
    assert found["reply_to"] == "tel:+447700900777" and found["tags"] == ["parcel", "<i>x</i>"]
    assert site.gateway.messages(thread)[0]["author_name"] == "ann"
    console.texts_only()


def test_noise_is_closed_with_its_tag(site, console, browser):
    console.sign_in()
    thread = say(site, browser, "hold me, this is spam")
    console.go("threads/" + thread)
    console.sees("this is spam", ".log")
    console.press("Close as noise")
    console.told("Closed as noise")
    found = site.gateway.get(f"/v1/threads/{thread}")["thread"]
    assert found["state"] == "closed" and found["tags"] == ["noise"] and not found["ticket"]
    console.press("Reopen")
    browser.wait(lambda: site.gateway.get(f"/v1/threads/{thread}")["thread"]["state"] == "open", "the reopening")


def test_a_file_goes_out_and_one_comes_back(site, console, browser, tmp_path):
    console.sign_in()
    thread = say(site, browser, "hold me, send me the label")
    console.go("threads/" + thread)
    console.sees("send me the label", ".log")
    (tmp_path / "label <i>.txt").write_text("a label")
    browser.run("arguments[0].hidden = false", console.driver.find_element(By.CSS_SELECTOR, "input[type=file]"))
    console.find("input[type=file]").send_keys(str(tmp_path / "label <i>.txt"))
    console.sees("label <i>.txt", ".compose .chips")
    console.press("Send")
    console.sees("label <i>.txt", ".log .message.out")
    console.texts_only()


def test_the_keyboard_alone(site, console, browser):
    console.sign_in()
    thread = say(site, browser, "hold me, by keyboard")
    browser.press("g", "t")
    browser.wait(lambda: console.title() == "Threads", "the page of threads")
    console.find(".rows .go")
    browser.press("j")
    focused = "return document.activeElement.closest('tr')?.rowIndex ?? 0"
    assert browser.run(focused) == 1
    browser.press("j", "k")
    assert browser.run(focused) == 1
    console.go("threads/" + thread)
    console.sees("by keyboard", ".log")
    browser.run("document.activeElement.blur()")
    browser.press("r")
    browser.wait(lambda: browser.run("return document.activeElement.getAttribute('aria-label')") == "Reply", "the focus where one writes")
    browser.press("g d ? typed", Keys.ESCAPE)		# letters of a text are no shortcuts
    assert console.title() == "Threads" and console.find(".compose textarea").get_attribute("value") == "g d ? typed"
    browser.press("e")
    console.sees("held for people", ".talk > div > .explain")
    browser.press("u")
    browser.wait(lambda: not console.all(".thread"), "the way up")
    browser.press("?")
    console.sees("Switch shortcuts off", "dialog")
    browser.picture("console-keys")
    console.press("Switch shortcuts off", "dialog")
    browser.press(Keys.ESCAPE)
    browser.wait(lambda: not console.all("dialog"), "the sheet to go")
    browser.press("g", "d")
    assert console.title() == "Threads"
    console.press("Keys")
    console.press("Switch shortcuts on", "dialog")


def test_drops_are_mended(start_site, browser):
    site = start_site(rules=RULES, top="default: hold\nsettle: 1h\nfirst_response: 7d")
    console = Console(browser, site).sign_in()
    thread = say(site, browser, "hold me, and forget me")
    assert site.gateway.api("POST", f"/v1/threads/{thread}/close", dict(resolution="unresolved")).status == 200
    site.gateway.advance(minutes=6)
    browser.wait(lambda: site.gateway.get("/v1/drops")["open"], "the drop")
    console.go("drops")
    console.sees("no ticket")
    browser.picture("console-drops")
    browser.wait(lambda: next((b for b in console.all("td button") if b.text == "Mend"), None), "the button").click()
    browser.wait(lambda: not site.gateway.get("/v1/drops")["open"], "the repair")
    assert site.gateway.get(f"/v1/threads/{thread}")["thread"]["ticket"]
    console.go("reports")
    console.find(".plot")
    assert console.find(".rows tbody tr").text.startswith("web")
    browser.picture("console-reports")


def test_channels_are_paused_and_go_on(site, console, browser):
    console.sign_in().go("channels")
    console.sees("web widget")
    console.press("Pause web")
    console.find("dialog input").send_keys("for a <b>test</b>")
    console.press("Pause", "dialog")
    console.sees("by console:ann: for a <b>test</b>")
    assert site.gateway.get("/v1/channels/web")["channel"]["paused"]["reason"] == "for a <b>test</b>"
    browser.picture("console-channels")
    console.texts_only()
    console.press("Go on with web")
    console.button("Pause web")
    assert site.gateway.get("/v1/channels/web")["channel"]["paused"] is None
    console.press("QR code of web")
    console.sees(f"{site.url}/chat/web", "dialog")
    console.find("dialog svg path")
    browser.picture("console-qr")


def test_people_are_found_and_blocked(site, console, browser):
    console.sign_in()
    thread = say(site, browser, "hold me, I am a nuisance")
    contact = site.gateway.get(f"/v1/threads/{thread}")["thread"]["contact"]["id"]
    console.go("contacts")
    console.find(".rows .go")
    console.find("input[type=search]").send_keys(contact)
    console.go("contacts/" + contact)
    console.sees(contact, ".contact")
    console.press("Block …")
    console.find("dialog input").send_keys("<i>spam</i>")
    console.press("Block", "dialog")
    console.sees("<i>spam</i>", ".contact")
    browser.picture("console-contact")
    console.texts_only()
    assert site.gateway.get(f"/v1/contacts/{contact}")["contact"]["blocked"]
    console.press("Unblock")
    console.button("Block …")


def test_a_text_is_tried_and_what_was_decided_is_replayed_by_edited_rules(site, console, browser):
    console.sign_in()
    thread = say(site, browser, "hold me, I am judged again")
    console.go("rules")
    console.row("greetings <b>and</b> thanks")
    console.row("held for people").find_element(By.CSS_SELECTOR, ".go").click()
    console.sees("do: { hold: true }", ".detail")
    fields = {e.accessible_name: e for e in console.all(".bench textarea, .bench input, .bench select")}
    fields["What a customer writes"].send_keys("a human <i>please</i>", Keys.CONTROL, Keys.ENTER)
    console.sees("ticket by “asks for a person”", ".bench .outcome")
    console.sees("escalation", ".bench .outcome")
    assert "hold me, I am judged" not in console.find(".bench .outcome").text
    browser.picture("console-rules-try")
    console.texts_only()
    source = fields["Rules"]
    edited = source.get_attribute("value").replace("hold: true", "convert: { }")
    assert edited.count("- name: ") == 3
    source.clear()
    source.send_keys(edited)
    console.sees("Edited", ".bench")
    console.press("Replay")
    console.sees("decisions change", ".bench")
    console.sees("held for people", ".bench .rows")
    browser.run("document.querySelector('.bench .list').scrollIntoView({ block: 'end' })")
    assert console.all(f".bench .rows a[href='#/threads/{thread}']")
    browser.picture("console-rules-replay")
    console.texts_only()
    source.clear()
    source.send_keys("- name: <b>x</b>\n  wen: { }")
    console.press("Replay")
    console.sees("rules:2:3", ".bench")
    console.sees("did you mean 'when'?", ".bench")
    console.press("As in force")
    assert "hold: true" in source.get_attribute("value")
    console.texts_only()


def test_the_configuration_says_where_each_value_stands_and_no_secret(site, console, browser):
    console.sign_in().go("configuration")
    row = console.row("settle")
    assert "1h" in row.text and "headgate.yaml:" in row.text
    console.find("input[type=search]").send_keys("api tests")
    row = console.row("env:TEST_API_TOKEN")
    row.find_element(By.CSS_SELECTOR, ".go").click()
    console.sees(str(site.gateway.config_path), ".detail")
    assert harness.API_TOKEN not in browser.run("return document.documentElement.outerHTML")
    browser.picture("console-configuration-values")
    console.texts_only()
    console.press("Reload …")
    console.press("Reload", "dialog")
    console.told("Nothing had changed.")


def test_a_token_is_made_shown_once_and_revoked(site, console, browser):
    console.sign_in().go("tokens")
    console.sees("Of the configuration")
    console.press("Make a token …")
    named = {e.accessible_name: e for e in console.all("dialog input")}
    named["Name"].send_keys("Night Shift")
    console.press("Make it", "dialog")
    console.sees("small letters, digits", "dialog")
    named["Name"].clear()
    named["Name"].send_keys("night-shift")
    next(e for name, e in named.items() if name.startswith("reply")).click()
    browser.picture("console-token-make")
    console.press("Make it", "dialog")
    console.find("dialog .secret")
    browser.picture("console-token-secret")
    secret = console.find("dialog .secret").text
    assert secret.startswith("hgt_") and site.gateway.api("GET", "/v1/status", token=secret).status == 403
    console.press("Close", "dialog")
    row = console.row("night-shift")
    assert "reply" in row.text and "good" in row.text
    assert secret not in browser.run("return document.documentElement.outerHTML")
    console.texts_only()
    console.press("Revoke night-shift")
    console.press("Revoke", "dialog")
    console.told("night-shift is revoked")
    assert site.gateway.api("GET", "/v1/status", token=secret).status == 401
    console.find("#all-tokens").click()
    assert "revoked" in console.row("night-shift").text


def test_pages_for_operators_and_admins_say_so_to_others(site, browser):
    console = Console(browser, site, role="viewer").sign_in()
    for page, told in (("rules", "for operators"), ("configuration", "for operators"), ("tokens", "for admins"),
                       ("audit", "it takes the role operator or admin")):
        console.go(page)
        console.sees(told)


# ---- texts from outside ----

def test_what_comes_from_outside_is_text_everywhere(site, console, browser):
    """Customers' words, agents' names, notes, subjects, tags, fields and rules' names, on every page that shows them."""
    console.sign_in()
    threads = []
    for text in HOSTILE:
        thread = say(site, browser, "hold me " + text)
        threads.append(thread)
        api = site.gateway.api
        assert api("PATCH", f"/v1/threads/{thread}", dict(subject=text.strip()[:200], tags_add=[text.strip()[:40]], fields={"note": text})).status == 200
        assert api("POST", f"/v1/threads/{thread}/notes", dict(text=text, agent=text.strip()[:60])).status == 201
    for thread in threads[::4]:
        site.answer(thread, "<img src=x onerror=pwn(30)>", agent="<script>pwn(31)</script>")
    console.go("live")
    console.row("hold me " + HOSTILE[0]).find_element(By.CSS_SELECTOR, ".go").click()
    console.sees("All facts", ".detail")
    console.texts_only()
    console.go("threads")
    console.row(HOSTILE[0])
    console.texts_only()
    for thread in threads:
        console.go("threads/" + thread)
        console.browser.wait(lambda one=thread: console.all(".message.note") and f"/{one}" in browser.run("return location.hash"), "the thread")
        console.texts_only()
    console.press("Explain")
    console.sees("held for people", ".explain")
    console.texts_only()
    for page in ("drops", "reports", "rules", "configuration", "tokens", "new?to=%3Cscript%3Epwn(44)%3C/script%3E", "live?q=%3Cscript%3Epwn(40)%3C/script%3E", "threads?q=%22%3E%3Cimg%20src=x%20onerror=pwn(41)%3E",
                 "%3Cscript%3Epwn(42)%3C/script%3E", "threads/%3Cimg%20src=x%20onerror=pwn(43)%3E"):
        console.go(page)
        browser.wait(lambda: browser.run("return document.querySelector('main .page') !== null"), page)
        console.texts_only()


def test_the_policy_is_in_force(console, browser):
    console.sign_in()
    refused = browser.run("""
        const said = [];
        for (const work of [() => document.body.insertAdjacentHTML("beforeend", "<b>x</b>"), () => { document.body.innerHTML = "<b>x</b>"; },
                            () => trustedTypes.createPolicy("mine", {})])
            try { work(); said.push("ran"); } catch (error) { said.push(error.name); }
        return said""")
    assert refused == ["TypeError"] * 3, refused
    browser.run("document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red }' }))")
    browser.wait(lambda: any("style-src" in m for m in browser.mistakes()), "the policy to refuse a style element")
    browser.run("window.__mistakes.length = 0")


# ---- who did what ----

def test_the_audit_is_read_and_verified(site, console, browser):
    thread = say(site, browser, "hold me, please")
    assert site.gateway.api("POST", f"/v1/threads/{thread}/notes", {"text": "n"}).status == 201
    console.sign_in().go("audit?object=" + thread)
    assert "thread.note" in console.row(thread).text
    console.press("Verify")
    console.sees("as they were written", ".summary")


# ---- everybody can use it ----

PAGES = ["live", "threads", "drops", "dead", "channels", "contacts", "reports", "rules", "configuration", "tokens", "audit", "new"]


@pytest.mark.parametrize("how", ["light", "dark", "phone"])
def test_axe_finds_nothing_and_nothing_scrolls_sideways(site, console, browser, how):
    browser.media(dark=how == "dark")
    if how == "phone":
        browser.resize(360, 740, phone=True)
    thread = say(site, browser, f"hold me, I look at https://acme.example/{how} and a-very-long-word-" + "x" * 300)
    console.driver.get(console.link)
    console.find("button.main")
    assert violations(browser) == []
    console.click("button.main")
    for page in PAGES + ["threads/" + thread]:
        console.go(page)
        console.find(f".page.{page.split('/')[0]}")
        browser.wait(lambda: console.all(".rows tbody tr, .empty, .message, .card, form.start"), page)
        if page == "live":
            console.find(".rows .go").click()
            console.sees("All facts", ".detail")
        assert violations(browser) == [], page
        assert browser.run("return document.documentElement.scrollWidth") <= browser.run("return innerWidth"), page
        browser.picture(f"console-{page.split('/')[0]}{'-one' if '/' in page else ''}-{how}")


def test_it_is_fetched_once(console, browser):
    """One page, one script, one style sheet; nobody else's."""
    browser.traffic()
    console.sign_in()
    fetched = [one["url"] for one in browser.traffic() if not one["url"].startswith("data:")]
    assert all(url.startswith(console.url) for url in fetched), fetched
    assert len([url for url in fetched if "/assets/" in url]) == 2, fetched
