"""Everybody can use it: by keyboard alone, with a screen reader, in Arabic, in the dark, on a phone, at 400 %."""
import json
import os
import pathlib

import pytest
from selenium.webdriver.common.keys import Keys

SITE = dict(channel="prechat: { ask: [name, email] }")

NODE_MODULES = pathlib.Path(os.environ.get("NODE_PATH", "node_modules"))
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def violations(browser):
    """What axe-core has to say of the page and of what is in it."""
    browser.run((NODE_MODULES / "axe-core" / "axe.min.js").read_text())
    found = browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        axe.run(document, { runOnly: arguments[0], resultTypes: ["violations"] }).then(
            found => done({ violations: found.violations, passes: found.passes.length }), error => done({ error: String(error) }))""", TAGS)
    assert "error" not in found, found
    assert found["passes"] > 15, "axe looked at next to nothing"
    return [(v["id"], node["target"], node["failureSummary"]) for v in found["violations"] for node in v["nodes"]]


@pytest.mark.parametrize("how", ["light", "dark", "phone", "rtl"])
def test_axe_finds_nothing_in_any_state(site, browser, how):
    browser.media(dark=how == "dark")
    if how == "phone":
        browser.resize(360, 740, phone=True)
    widget = browser.go(site, **(dict(lang="ar", dir="rtl") if how == "rtl" else {}))
    widget.launcher		# shut
    assert violations(browser) == []
    widget.open()		# empty, with the form
    widget.find("#ask-email").send_keys("wrong")
    widget.say(f"hello https://acme.example/ {how}")
    widget.find("#error-email")
    assert violations(browser) == []
    widget.find("#ask-email").send_keys("@example.com")
    widget.find("textarea").send_keys(Keys.ENTER)
    widget.heard(f"hello https://acme.example/ {how}", "me")
    site.answer(site.thread_of(f"hello https://acme.example/ {how}"), "Look at www.example.com/lamps")
    widget.heard("Look at www.example.com/lamps")
    assert violations(browser) == []
    browser.picture(f"talk-{how}")
    widget.click(".more")
    assert violations(browser) == []
    widget.click(".menu button")	# the list
    widget.find(".list button")
    assert violations(browser) == []


def test_the_whole_way_by_keyboard(site, browser):
    widget = browser.go(site)
    launcher = widget.launcher
    assert launcher.tag_name == "button" and launcher.get_attribute("aria-expanded") == "false"
    browser.run("document.getElementById('last').focus()")
    browser.tab()
    assert widget.focused() == launcher
    browser.press(Keys.ENTER)
    text = widget.find("textarea")
    browser.wait(lambda: widget.focused() == text, "the focus where one writes")
    assert launcher.get_attribute("aria-expanded") == "true"
    dialog = widget.find("dialog")
    assert dialog.aria_role == "dialog" and dialog.accessible_name == "Acme support"
    browser.press("by keyboard alone", Keys.ENTER)
    widget.mark("by keyboard alone", "Sent")
    assert widget.focused() == text
    # Not modal: Tab leaves the panel at its end, and goes through every control on the way.
    seen = []
    browser.run("arguments[0].focus()", launcher)
    for _ in range(20):
        browser.tab()
        at = widget.focused()
        if at is None:
            break
        seen.append(at.accessible_name)
    assert widget.focused() is None, f"no way out of the panel: {seen}"
    assert [name for name in seen if name in ("More options", "Close chat", "Write a message…", "Attach files", "Send")] == \
        ["More options", "Close chat", "Attach files", "Write a message…", "Send"], seen
    # The menu opens, is walked and shut; Escape shuts it alone, then the panel, and the focus is where it was.
    widget.find(".more").send_keys(Keys.ENTER)
    widget.find(".menu")
    browser.press(Keys.ESCAPE)
    widget.gone(".menu")
    assert widget.find("dialog").is_displayed()
    widget.find("textarea").click()
    browser.press(Keys.ESCAPE)
    widget.gone("dialog")
    assert widget.focused() == launcher
    browser.press(Keys.ESCAPE)		# of the page: nothing of ours
    browser.press(Keys.SPACE)
    widget.heard("by keyboard alone", "me")


def test_a_line_break_and_a_letter_being_composed_send_nothing(site, browser):
    widget = browser.go(site).open()
    text = widget.find("textarea")
    text.send_keys("one", Keys.SHIFT + Keys.ENTER, Keys.NULL, "two")
    browser.run("""arguments[0].dispatchEvent(new KeyboardEvent("keydown",
        { key: "Enter", isComposing: true, bubbles: true, cancelable: true }))""", text)
    assert text.get_attribute("value") == "one\ntwo" and not widget.lines()
    text.send_keys(Keys.ENTER)
    widget.heard("one\ntwo", "me")


def test_every_target_is_big_enough(site, browser):
    """44 pixels, and 24 (WCAG 2.5.8) for what stands in a line of text."""
    widget = browser.go(site).open()
    widget.click(".more")
    small = browser.run("""
        return [...arguments[0].querySelectorAll("button, input, textarea, a")].filter(e => e.checkVisibility() && !e.closest(".trap"))
            .map(e => [e.className, e.getAttribute("aria-label") || e.textContent, e.getBoundingClientRect()])
            .filter(([kind, name, box]) => Math.min(box.width, box.height) < (/small|bare/.test(kind) ? 24 : 44) && box.width > 1)
            .map(([kind, name, box]) => `${kind} ${name} ${box.width} x ${box.height}`)""", widget.root)
    assert small == []


def test_right_to_left_is_turned_round_as_a_whole(site, browser):
    widget = browser.go(site, lang="ar", dir="rtl").open()
    assert widget.find(".hg:has(dialog)").get_attribute("dir") == "rtl"
    assert widget.find("textarea").get_attribute("placeholder") == "اكتب رسالة…"
    box = widget.launcher.rect
    assert box["x"] < 100, "the button stays in the corner of those who write to the right"
    widget.say("مرحبا, order 4711")
    widget.mark("مرحبا, order 4711", "أُرسلت")
    line = widget.find(".me .bubble").rect
    panel = widget.find("dialog").rect
    assert panel["x"] < 100, "the panel stands over its button"
    assert line["x"] - panel["x"] < 40, "the visitor's own lines stand at the end, which is left"
    send, text = widget.find(".go").rect, widget.find("textarea").rect
    assert send["x"] < text["x"]
    assert browser.run("const b = arguments[0]; return b.scrollWidth <= b.clientWidth", widget.find(".log"))
    browser.picture("rtl")


@pytest.mark.parametrize("locale,placeholder", [("de-AT", "Nachricht schreiben…"), ("pt-PT", "Escreva uma mensagem…"),
                                                ("xx", "Write a message…")])
def test_the_language_is_the_nearest_there_is(site, browser, locale, placeholder):
    widget = browser.go(site, locale=locale).open()
    assert widget.find("textarea").get_attribute("placeholder") == placeholder


def test_the_language_changes_while_one_writes_and_nothing_is_lost(site, browser):
    widget = browser.go(site).open()
    widget.find("textarea").send_keys("half a sent")
    browser.run("headgate.setLocale('fr')")
    browser.wait(lambda: widget.find("textarea").get_attribute("placeholder") == "Écrivez un message…", "French")
    assert widget.find("textarea").get_attribute("value") == "half a sent"
    assert len(widget.root.find_elements("css selector", "dialog")) == 1


def test_dark_follows_the_device_and_what_the_page_says(site, browser):
    def ground():
        return sum(int(n) for n in widget.style("dialog", "background-color").strip("rgb()").split(",")[:3])
    widget = browser.go(site).open()
    assert ground() > 700
    browser.media(dark=True)
    browser.wait(lambda: ground() < 150, "the dark")
    assert widget.style("dialog", "color-scheme") == "dark"
    browser.run("headgate.setTheme({ mode: 'light' })")
    browser.wait(lambda: ground() > 700, "the light, by word of the page")


def test_colours_of_the_device_are_honoured(site, browser):
    browser.media(forced=True)
    widget = browser.go(site).open()
    widget.say("in colours of my own")
    widget.mark("in colours of my own", "Sent")
    for css in (".me .bubble", "dialog", ".launch", ".writes"):
        assert widget.style(css, "border-top-style") == "solid" and widget.style(css, "border-top-width") != "0px", css
        assert widget.style(css, "border-top-color") not in ("rgba(0, 0, 0, 0)", "transparent"), css
    browser.picture("forced-colours")


def test_nothing_moves_where_less_motion_is_wanted(site, browser):
    widget = browser.go(site).open()
    widget.say("hold still")
    widget.mark("hold still", "Sent")
    # Without the wish it moves: else this would prove nothing.
    assert browser.run("return arguments[0].getAnimations().length", widget.root) == 0
    browser.cdp("Emulation.setEmulatedMedia", features=[dict(name="prefers-reduced-motion", value="no-preference")])
    widget.launcher.click()
    widget.gone("dialog")
    widget.launcher.click()
    assert browser.run("return getComputedStyle(arguments[0]).animationName", widget.find("dialog")) != "none"


# ---- phones, and windows as small as one ----

def test_on_a_phone_it_fills_the_screen_and_the_back_button_shuts_it(site, browser):
    browser.resize(360, 740, phone=True)
    widget = browser.go(site)
    before = browser.run("return [location.href, history.length]")
    widget.open()
    panel = browser.run("const b = arguments[0].getBoundingClientRect(); return [b.x, b.y, b.width, b.height]", widget.find("dialog"))
    assert panel == [0, 0, 360, 740]
    assert browser.run("return arguments[0].matches(':modal')", widget.find("dialog"))
    assert browser.run("return document.documentElement.scrollWidth") <= 360
    browser.picture("phone")
    # The focus stays in it, however often one goes on.
    for _ in range(15):
        browser.tab()
        at = browser.run("const a = document.activeElement; return [a.tagName, a.id]")
        assert at[0] in ("HEADGATE-CHAT", "BODY"), f"the focus went behind the panel: {at}"
    for css in ("textarea", "#ask-email"):
        assert float(widget.style(css, "font-size").removesuffix("px")) >= 16, "phones would zoom in"
    browser.driver.back()
    widget.gone("dialog")
    assert browser.run("return location.href") == before[0]
    assert browser.run("return document.querySelector('headgate-chat') !== null")
    # Shut by its own button, it leaves no step behind in the history either.
    widget.open()
    widget.named("Close chat").click()
    widget.gone("dialog")
    browser.wait(lambda: not browser.run("return history.state?.headgate"), "the step back")
    assert browser.run("return arguments[0].activeElement === arguments[1]", widget.root, widget.launcher)


def test_the_keyboard_of_a_phone_covers_nothing(site, browser):
    browser.resize(360, 740, phone=True)
    widget = browser.go(site).open()
    # What a keyboard does: the visual viewport becomes smaller.
    browser.run("""
        const seen = { height: 400, offsetTop: 30 };
        Object.defineProperty(visualViewport, "height", { get: () => seen.height });
        Object.defineProperty(visualViewport, "offsetTop", { get: () => seen.offsetTop });
        visualViewport.dispatchEvent(new Event("resize"))""")
    browser.wait(lambda: widget.find("dialog").rect["height"] == 400, "the panel to shrink")
    assert widget.find("dialog").rect["y"] == 30
    foot = widget.find(".foot").rect
    assert foot["y"] + foot["height"] <= 430


def test_the_window_becomes_a_phone_and_back(site, browser):
    widget = browser.go(site).open()
    assert not browser.run("return arguments[0].matches(':modal')", widget.find("dialog"))
    browser.resize(400, 740)
    browser.wait(lambda: browser.run("return arguments[0].matches(':modal')", widget.find("dialog")), "the whole window")
    browser.resize(1280, 800)
    browser.wait(lambda: not browser.run("return arguments[0].matches(':modal')", widget.find("dialog")), "the panel beside the page")
    assert widget.find("dialog").rect["width"] < 500


def test_at_400_percent_everything_is_there(site, browser):
    """A window of 1280 by 1024 at 400 % has 320 by 256 pixels."""
    browser.resize(320, 256)
    widget = browser.go(site).open()
    assert browser.run("return document.documentElement.scrollWidth") <= 320
    text = widget.find("textarea")
    text.send_keys("a long text that has to be read while it is written. " * 6)
    for css in ("textarea", ".go", ".head .icon:last-of-type"):
        box = browser.run("const b = arguments[0].getBoundingClientRect(); return [b.x, b.right, b.bottom]", widget.find(css))
        assert box[0] >= 0 and box[1] <= 320, (css, box)
    log = widget.find(".log").rect
    assert log["height"] >= 60, log
    field = widget.find("#ask-email")
    browser.run("arguments[0].focus()", field)
    browser.wait(lambda: browser.run("""
        const [field, log] = [arguments[0].getBoundingClientRect(), arguments[1].getBoundingClientRect()];
        return field.top >= log.top - 1 && field.bottom <= log.bottom + 1""", field, widget.find(".log")), "what has the focus to be seen")
    browser.picture("zoom-400")


def test_the_page_behind_keeps_its_focus_when_a_script_opens_the_panel(site, browser):
    widget = browser.go(site)
    widget.launcher
    # As long ago as it takes for a click not to count any more: there was none on this page.
    browser.run("document.getElementById('first').focus(); headgate.open()")
    widget.find("textarea")
    widget.find(".welcome")
    assert browser.run("return document.activeElement.id") == "first"


def test_names_of_states_are_texts(site, browser):
    """What a drawing says (two ticks) is said in words too; who wrote it, and when, in every entry."""
    widget = browser.go(site).open()
    widget.say("who am I?")
    widget.mark("who am I?", "Sent")
    said = browser.run("return arguments[0].textContent", widget.find(".line.me"))
    assert said.startswith("You, ") and "who am I?" in said and said.endswith("Sent")
    drawings = browser.run("return [...arguments[0].querySelectorAll('svg')].filter(s => s.getAttribute('aria-hidden') !== 'true').length",
                           widget.root)
    assert drawings == 0, json.dumps(drawings)
