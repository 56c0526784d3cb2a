"""The page of ./demo, as the newcomer meets it for whom it was made: each thing to try, by its button, until all are ticked off."""
import re
import subprocess
import sys
import threading

import pytest
from selenium.webdriver.common.keys import Keys

import chromium
import harness

DRIVE = harness.TOP / "contrib" / "demo" / "drive.py"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """Its address, once the script has come out as it should."""
    folder = tmp_path_factory.mktemp("demo") / "run"
    process = subprocess.Popen([sys.executable, "-u", str(DRIVE), "--build", str(harness.BUILD), "--run", str(folder), "--headless"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    said, up = [], threading.Event()

    def read():
        for line in process.stdout:
            said.append(line)
            if "Ctrl-C ends it" in line:
                up.set()
        up.set()
    threading.Thread(target=read, daemon=True).start()
    assert up.wait(4 * harness.PATIENCE), "".join(said)
    text = "".join(said)
    assert "as it should be" in text, text
    yield re.search(r"Open  (http://\S+)", text)[1]
    process.terminate()
    process.wait(harness.PATIENCE)
    assert not harness.sanitizer_report((folder / "headgated.log").read_text(errors="replace"))


class Page:
    def __init__(self, browser, url):
        self.browser, self.driver = browser, browser.driver
        browser.origins.add(url)
        self.driver.get(url)
        browser.wait(lambda: "on" in self.one("#alive").get_attribute("class"), "the page to be live")

    def one(self, css):
        return self.driver.find_element("css selector", css)

    def texts(self, css):
        return self.browser.run("return [...document.querySelectorAll(arguments[0])].map(e => e.textContent)", css)

    def shop(self):
        """Into the shop's frame; the widget there."""
        self.driver.switch_to.frame(self.one("#shop"))
        return chromium.Widget(self.browser)

    def leave_shop(self):
        self.driver.switch_to.default_content()

    def button(self, word):
        return next(b for b in self.driver.find_elements("css selector", ".try") if b.text.endswith(word))

    def try_it(self, word):
        self.browser.run("arguments[0].scrollIntoView()", self.button(word))
        self.button(word).click()

    def done(self, word):
        self.browser.wait(lambda: "done" in self.button(word).get_attribute("class"), f"{word!r} to be ticked off, among {self.texts('.card')[:4]}")

    def send_in_shop(self, text):
        widget = self.shop()
        field = widget.find("textarea")
        self.browser.wait(lambda: field.get_property("value") == text, f"{text!r} in the composer")
        field.send_keys(Keys.ENTER)
        self.heard(widget, text)
        self.leave_shop()

    def heard(self, widget, text):
        self.browser.wait(lambda: any(e.text == text for e in widget.all(".bubble")), f"{text!r} in the widget")


def test_everything_there_is_to_try(demo, browser):
    page = Page(browser, demo)
    browser.wait(lambda: any("It leaves today." in text for text in page.texts(".bubble")), "what the script said, on the phone")
    assert any("It leaves today." in text for text in page.texts(".said"))

    page.try_it("Say hello in the shop")
    page.send_in_shop("hello!")
    page.done("Say hello in the shop")
    page.try_it("Ask for something")
    page.send_in_shop("Can the blue bowl go into the dishwasher?")
    page.done("Ask for something")
    browser.wait(lambda: len(page.texts(".ticket")) == 2, "a second ticket at the desk")

    page.try_it("Answer as agent")
    page.one(".answer .main").click()
    page.done("Answer as agent")
    page.heard(page.shop(), "The blue bowl goes into the dishwasher. The gold rim does not.")
    page.leave_shop()

    page.try_it("Sign in")
    page.done("Sign in")
    page.try_it("Go on by SMS")
    page.done("Go on by SMS")
    page.try_it("Deliver it twice")
    page.done("Deliver it twice")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width, height", [(360, 740), (1024, 768), (1280, 800)])
def test_it_fits(demo, browser, width, height, dark):
    browser.resize(width, height, phone=width < 600)
    browser.media(dark=dark)
    page = Page(browser, demo)
    page.try_it("Deliver it twice")		# the last one: what is ticked off has a word more
    page.done("Deliver it twice")
    panes = page.driver.find_elements("css selector", ".tab") if width < 900 else []
    for at in range(max(1, len(panes))):
        if panes:
            panes[at].click()
        browser.wait(lambda: browser.run("return Math.max(document.documentElement.scrollWidth, innerWidth)") == width,
                     "no need to scroll sideways, or a phone makes all of it smaller")
        wide = browser.run("""return [...document.querySelectorAll("button, input, textarea, h2, .what")].filter(e => e.checkVisibility() &&
            !e.closest(".tries, .chips") && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML)""")
        assert not wide, wide
    assert browser.run("return document.documentElement.dataset.theme") == ("dark" if dark else "light")
