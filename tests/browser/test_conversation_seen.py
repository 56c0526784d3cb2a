"""A customer writes in a shop, an agent answers from the helpdesk: what both see, in a real browser."""
import harness
from selenium.webdriver.common.keys import Keys

SITE = dict(channel="prechat: { ask: [name, email] }\ntheme: { accent: \"#0f6b5c\" }")


def test_the_first_message_becomes_a_ticket_and_the_answer_comes_back(site, browser):
    widget = browser.go(site).open()
    assert widget.text(".welcome") == "Hi there!\nHow can we help you today?"
    assert widget.text("h2") == "Acme support"
    widget.say("my lamp is dark")
    widget.heard("my lamp is dark", "me")
    asked = harness.wait_until(lambda: next((d for d in site.helpdesk.attempts if d.type == "ticket.requested"), None), "the ticket")
    thread = site.thread_of("my lamp is dark")
    assert asked.data["thread"]["id"] == thread
    site.answer(thread, "Have you tried another bulb?")
    widget.heard("Have you tried another bulb?")
    widget.mark("my lamp is dark", "Sent")
    # The customer has it before his eyes: the agent learns that.
    harness.wait_until(lambda: any(e["type"] == "message.status" and "'read'" in str(e) for e in site.gateway.events(thread)), "the read mark")
    widget.say("That helped, thank you")
    site.gateway.wait_message(thread, lambda m: m.get("text") == "That helped, thank you", "the second message")
    assert [line[1] for line in widget.lines()] == ["my lamp is dark", "Have you tried another bulb?", "That helped, thank you"]
    # The helpdesk's number stands at the top.
    browser.wait(lambda: "Ticket" in widget.text(".status"), "the ticket's number")


def test_the_form_before_the_first_message_can_be_filled_in_or_left(site, browser):
    widget = browser.go(site).open()
    widget.find("#ask-email").send_keys("not an address")
    widget.say("one with a wrong address")
    assert widget.text("#error-email") == "Please write it like ann@example.com."
    assert widget.focused() == widget.find("#ask-email")
    assert widget.find("#ask-email").get_attribute("aria-invalid") == "true"
    assert "ann@example.com" in widget.root.find_element("css selector", "[role=alert]").get_attribute("textContent")
    widget.find("#ask-email").send_keys(Keys.CONTROL, "a")
    widget.find("#ask-email").send_keys("sam@example.com")
    widget.gone("#error-email")
    widget.find("#ask-name").send_keys("Sam")
    widget.find("textarea").send_keys(Keys.ENTER)
    widget.heard("one with a wrong address", "me")
    widget.gone("#ask-email")
    contact = site.gateway.get(f"/v1/threads/{site.thread_of('one with a wrong address')}")["thread"]["contact"]
    assert "Sam" in str(contact), contact


def test_the_form_can_be_skipped(site, browser):
    widget = browser.go(site).open()
    widget.named("Skip").click()
    widget.gone("#ask-email")
    assert widget.focused() == widget.find("textarea")
    widget.say("without a name")
    widget.mark("without a name", "Sent")


def test_an_answer_while_the_panel_is_shut_is_counted_on_the_button(site, browser):
    widget = browser.go(site).open()
    widget.say("I shall be away")
    widget.mark("I shall be away", "Sent")
    widget.launcher.click()
    widget.gone("dialog")
    assert widget.launcher.accessible_name == "Open chat"
    site.answer(site.thread_of("I shall be away"), "Here is your answer")
    browser.wait(lambda: widget.launcher.accessible_name == "Open chat. Unread messages: 1", "the count")
    assert widget.text(".badge") == "1"
    widget.launcher.click()
    widget.heard("Here is your answer")
    widget.gone(".badge")


def test_a_conversation_is_there_again_after_a_reload_and_is_not_announced(site, browser):
    widget = browser.go(site).open()
    widget.say("before the reload")
    widget.mark("before the reload", "Sent")
    site.answer(site.thread_of("before the reload"), "still there")
    widget.heard("still there")
    # Notes what the log's live region was when lines came into it.
    browser.scripts.append(browser.cdp("Page.addScriptToEvaluateOnNewDocument", source="""
        window.__live = [];
        const append = Element.prototype.insertBefore;
        Element.prototype.insertBefore = function (child, at) {
            if (this.getAttribute?.("role") === "log")
                __live.push([child.className, this.getAttribute("aria-live")]);
            return append.call(this, child, at);
        };""")["identifier"])
    widget = browser.go(site)
    widget.heard("still there")
    assert {live for _, live in browser.run("return __live")} == {"off"}
    log = widget.root.find_element("css selector", "[role=log]")
    browser.wait(lambda: log.get_attribute("aria-live") == "polite", "news to be announced")
    site.answer(site.thread_of("before the reload"), "this is news")
    widget.heard("this is news")
    assert browser.run("return __live.at(-1)[1]") == "polite"


def test_who_reads_above_stays_there_and_is_told_of_news_below(site, browser):
    widget = browser.go(site).open()
    for i in range(12):
        widget.say(f"line {i} of a long story about a lamp that did not burn, told in many words")
    widget.mark("line 11 of a long story about a lamp that did not burn, told in many words", "Sent")
    box = widget.find(".log")
    browser.run("arguments[0].scrollTop = 0", box)
    site.answer(site.thread_of("line 0 of a long story about a lamp that did not burn, told in many words"), "What a story")
    widget.heard("What a story")
    assert browser.run("return arguments[0].scrollTop", box) == 0
    widget.named("New messages").click()
    widget.gone(".jump")
    assert browser.run("const b = arguments[0]; return b.scrollHeight - b.scrollTop - b.clientHeight", box) < 2


def test_somebody_writing_is_shown_and_said_once(site, browser):
    widget = browser.go(site).open()
    widget.say("is anybody there?")
    widget.mark("is anybody there?", "Sent")
    thread = site.thread_of("is anybody there?")
    browser.run("""
        window.__told = [];
        new MutationObserver(() => __told.push(arguments[0].textContent)).observe(arguments[0], { childList: true })""",
                widget.root.find_element("css selector", "dialog > [role=status].sr"))
    for _ in range(2):
        assert site.gateway.api("POST", f"/v1/threads/{thread}/typing").status < 300
    widget.find(".typing")
    assert [said for said in browser.run("return __told") if said] == ["Acme support is typing…"]


def test_conversations_are_listed_and_a_new_one_is_begun(site, browser):
    widget = browser.go(site).open()
    widget.say("the first matter")
    widget.mark("the first matter", "Sent")
    widget.named("More options").click()
    widget.named("Conversations").click()
    browser.wait(lambda: "the first matter" in widget.text(".list"), "the list")
    assert widget.focused() == widget.find("h2")
    widget.named("New conversation").click()
    widget.find(".welcome")
    assert not widget.lines()
    widget.find(".back").click()
    widget.click(".list button")
    widget.heard("the first matter", "me")
