"""How was it? Asked when a conversation is over, answered by faces or by thumbs."""
import harness
import pytest
from selenium.webdriver.common.keys import Keys

RATING = """\
rating: { ask: true, after: [closed], delay: 1m, scale: SCALE, text: { default: "How was it?" } }"""


@pytest.fixture
def asked(start_site, browser):
    """asked(scale) -> a site, its widget, and the thread that is over and about which is asked."""
    def run(scale):
        site = start_site(more=RATING.replace("SCALE", scale), rules="  []", top="default: hold\nsettle: 1h\nfirst_response: 7d")
        widget = browser.go(site).open()
        widget.say("one question")
        widget.mark("one question", "Sent")
        thread = site.thread_of("one question")
        site.answer(thread, "one answer", agent="Ann")
        widget.heard("one answer")
        assert site.gateway.api("POST", f"/v1/threads/{thread}/close", dict(resolution="resolved")).status < 300
        site.gateway.advance(minutes=2)
        widget.find(".scores")
        return site, widget, thread
    return run


def given(site, thread):
    return harness.wait_until(lambda: next((e for e in site.gateway.events(thread) if e["type"] == "csat.received"), None), "the opinion")


def test_five_faces_by_keyboard_and_a_word(asked, browser):
    site, widget, thread = asked("5")
    faces = widget.root.find_elements("css selector", ".scores input")
    assert [face.accessible_name for face in faces] == [f"{n} of 5" for n in (1, 2, 3, 4, 5)]
    browser.run("arguments[0].focus()", faces[0])
    browser.press(Keys.SPACE, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT, Keys.ARROW_RIGHT)
    assert widget.focused() == faces[3]
    widget.find("[name=comment]").send_keys("quick and kind")
    widget.click(".card [type=submit]")
    browser.wait(lambda: "Thank you!" in widget.text(".card"), "thanks")
    csat = given(site, thread)
    assert "quick and kind" in str(csat) and "4" in str(csat), csat
    browser.picture("rated")


def test_two_thumbs(asked, browser):
    site, widget, thread = asked("thumbs")
    assert [face.accessible_name for face in widget.root.find_elements("css selector", ".scores input")] == ["Good", "Not good"]
    widget.all(".scores label")[0].click()
    widget.click(".card [type=submit]")
    browser.wait(lambda: "Thank you!" in widget.text(".card"), "thanks")
    given(site, thread)
