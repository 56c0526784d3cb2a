"""What the page can say to the widget (window.headgate, <headgate-chat>), and what it hears of it."""
import harness

NOTES = """
window.__heard = [];
window.headgate = window.headgate || [];
for (const name of ["ready", "open", "close", "message", "unread", "typing", "ticket", "csat", "error"])
	headgate.push(["on", name, data => __heard.push([name, data])]);
"""


def before(browser, script):
    browser.scripts.append(browser.cdp("Page.addScriptToEvaluateOnNewDocument", source=script)["identifier"])


def heard(browser, name):
    return [data for what, data in browser.run("return __heard") if what == name]


def test_what_the_page_says_before_the_widget_is_there_is_done(site, browser):
    before(browser, NOTES + """
        headgate.push(["prefill", "About order 7: "], ["setContext", { order: "7" }], ["open"]);
        headgate.push(it => it.ready.then(() => __heard.push(["promise", typeof it.open])));""")
    widget = browser.go(site)
    assert widget.find("textarea").get_attribute("value") == "About order 7: "
    browser.wait(lambda: heard(browser, "promise") == ["function"], "the promise")
    assert heard(browser, "ready")[0]["visitor"]["kind"] == "anonymous"
    widget.say("where is it?")
    widget.mark("About order 7: where is it?", "Sent")
    thread = site.thread_of("About order 7: where is it?")
    assert '"order": "7"' in str(site.gateway.messages(thread)).replace("'", '"')


def test_every_verb_does_what_it_says(site, browser):
    before(browser, NOTES)
    widget = browser.go(site)
    widget.launcher
    browser.run("headgate.open()")
    widget.find("textarea")
    browser.run("headgate.toggle()")
    widget.gone("dialog")
    browser.run("headgate.hide()")
    widget.gone(".launch")
    browser.run("headgate.show()")
    widget.find(".launch")
    browser.run("headgate.startConversation('by the page')")
    assert widget.find("textarea").get_attribute("value") == "by the page"
    browser.run("headgate.send('from the page itself')")
    widget.mark("from the page itself", "Sent")
    browser.run("headgate.setLocale('de')")
    browser.wait(lambda: browser.run("return arguments[0].parentElement.lang", widget.find("dialog")) == "de", "German")
    browser.run("headgate.setTheme({ mode: 'dark' }); headgate.close()")
    widget.gone("dialog")
    site.answer(site.thread_of("from the page itself"), "noted")
    browser.wait(lambda: browser.run("return headgate.unread()") == 1, "the count")
    browser.wait(lambda: heard(browser, "unread")[-1:] == [{"count": 1}], "the event")
    assert [(m["message"]["author"]["me"], m["message"]["text"]) for m in heard(browser, "message")] == \
        [(True, "from the page itself"), (False, "noted")]
    assert len(heard(browser, "open")) == 2 and len(heard(browser, "close")) == 2
    browser.wait(lambda: heard(browser, "ticket"), "the ticket")
    assert heard(browser, "ticket")[0]["number"]
    assert heard(browser, "error") == []
    browser.run("headgate.destroy()")
    assert browser.run("return document.querySelector('headgate-chat')") is None
    browser.run("headgate.boot()")
    widget.open().heard("noted")


def test_who_does_not_listen_any_more_hears_nothing(site, browser):
    widget = browser.go(site)
    widget.launcher
    browser.run("""
        window.__count = 0;
        const off = headgate.on("open", () => __count++);
        headgate.open(); headgate.close();
        headgate.ready.then(() => { off(); headgate.open().then(() => window.__done = true); });""")
    browser.wait(lambda: browser.run("return window.__done"), "the last verb")
    widget.find("textarea")
    assert browser.run("return __count") == 1


def test_an_element_does_as_well_as_a_script(site, browser):
    widget = browser.go(site, widget="no")
    browser.run("""
        const chat = document.createElement("headgate-chat");
        chat.setAttribute("channel", "web");
        document.body.append(chat);
        document.body.append(Object.assign(document.createElement("script"), { src: arguments[0], async: true }));""",
                site.url + "/widget/v1.js")
    browser.run("return customElements.whenDefined('headgate-chat')")
    widget.open()
    widget.say("by an element")
    widget.mark("by an element", "Sent")
    assert browser.run("return document.querySelector('headgate-chat').unread()") == 0
    browser.run("document.querySelector('headgate-chat').close()")
    widget.gone("dialog")
    # It may be moved in the page, and taken out.
    browser.run("document.querySelector('main').append(document.querySelector('headgate-chat'))")
    widget.launcher.click()
    widget.heard("by an element", "me")
    browser.run("document.querySelector('headgate-chat').remove()")
    harness.wait_until(lambda: "headgate_visitor_streams 0" in site.gateway.api("GET", "/metrics").body.decode(),
                       "the stream to end")
