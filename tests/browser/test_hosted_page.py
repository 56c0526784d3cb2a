"""The page at /chat/NAME in a browser: the widget under the page's own policy, in a frame, and without any script."""
import harness
import shop
from chromium import Widget


def open_page(site, browser, path="/chat/web"):
    browser.origins.add(site.url)
    browser.driver.get(site.url + path)
    return Widget(browser)


def test_the_page_is_a_chat_that_fills_the_window(site, browser):
    browser.resize(390, 844, phone=True)
    widget = open_page(site, browser)
    widget.say("from the page of its own")
    site.answer(site.thread_of("from the page of its own"), "welcome to it")
    widget.heard("welcome to it")
    assert not widget.all(".launch")
    box = widget.find("dialog, [role=dialog]").rect
    assert box["width"] >= 389 and box["height"] >= 843
    browser.picture("hosted-page-phone")


# ---- in a frame ----

def frame(browser, url):
    """A frame of the chat in the page that is open, and an ear for what it tells."""
    browser.run("""
        window.told = [];
        addEventListener("message", event => told.push({ origin: event.origin, ...event.data }));
        const frame = document.createElement("iframe");
        frame.id = "chat";
        frame.src = arguments[0];
        document.body.append(frame)""", url)


def told(browser, **like):
    return browser.wait(lambda: next((m for m in browser.run("return window.told")
                                      if all(m.get(k) == v for k, v in like.items())), None), f"the frame to tell {like}")


def call(browser, verb, *arguments, id):
    browser.run("""document.getElementById("chat").contentWindow.postMessage(
        { headgate: "call", id: arguments[0], verb: arguments[1], args: arguments[2] }, "*")""", id, verb, list(arguments))
    return told(browser, headgate="answer", id=id)


def test_a_page_with_the_chat_in_a_frame_calls_verbs_and_hears_events(site, browser):
    browser.go(site, widget="no")
    frame(browser, site.url + "/chat/web?embed=1")
    assert told(browser, headgate="event", name="ready")["origin"] == site.url
    assert "error" not in call(browser, "startConversation", id=1)
    assert "error" not in call(browser, "send", "from a frame", id=2)
    site.answer(site.thread_of("from a frame"), "to the frame")
    heard = browser.wait(lambda: next((m for m in browser.run("return window.told") if m.get("name") == "message" and
                                       m["data"]["message"]["text"] == "to the frame"), None), "the answer in the frame")
    assert heard["data"]["message"]["author"]["me"] is False
    assert isinstance(call(browser, "unread", id=3)["value"], int)
    assert "there is no verb" in call(browser, "constructor", id=4)["error"]
    assert "there is no verb" in call(browser, "destroy", id=5)["error"]


def test_a_page_that_is_not_listed_cannot_frame_it(site, browser):
    other = shop.Shop()
    try:
        other.gateway = site.url
        browser.origins.add(other.url)
        browser.driver.get(other.url + "/?widget=no")
        frame(browser, site.url + "/chat/web?embed=1")
        browser.wait(lambda: any("frame-ancestors" in line for line in browser.log()), "the browser to refuse the frame")
        assert browser.run("return window.told") == []
        browser.run("document.getElementById('chat').remove()")
        frame(browser, site.url + "/chat/web")		# nor the page that is for nobody's frame
        browser.wait(lambda: any("frame-ancestors" in line for line in browser.log()), "the browser to refuse this one too")
    finally:
        other.close()


# ---- without scripts ----

def test_who_has_no_script_writes_by_a_form(site, browser):
    browser.cdp("Emulation.setScriptExecutionDisabled", value=True)
    try:
        driver = open_page(site, browser).driver
        driver.find_element("name", "text").send_keys("without any <script>")
        browser.picture("plain-form")
        driver.find_element("css selector", "form button").click()
        browser.wait(lambda: driver.find_element("css selector", ".log .me .text").text == "without any <script>", "what was said")
        site.answer(site.thread_of("without any <script>"), "it works <b>so</b> too", agent="Cleo")
        harness.wait_until(lambda: driver.find_element("link text", "New messages").click() or
                           [e.text for e in driver.find_elements("css selector", ".log .them .text")] ==
                           ["it works <b>so</b> too"], "the answer on the page")
        browser.picture("plain-history")
        assert driver.get_cookie("hg_chat") is None or driver.get_cookie("hg_chat")["httpOnly"]
    finally:
        browser.cdp("Emulation.setScriptExecutionDisabled", value=False)
        browser.driver.get("about:blank")
