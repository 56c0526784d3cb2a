"""Several tabs, a line that breaks, a daemon that is killed, a page that is loaded again: nothing is lost, nothing comes
twice, and the order stays."""
import itertools

import harness


def another_tab(browser, site, **query):
    """The page once more, in a tab of its own; its widget."""
    browser.driver.switch_to.new_window("tab")
    return browser.go(site, **query)


class Tabs:
    def __init__(self, browser):
        self.browser, self.handles = browser, [browser.driver.current_window_handle]

    def add(self, site, **query):
        widget = another_tab(self.browser, site, **query)
        self.handles.append(self.browser.driver.current_window_handle)
        return widget

    def to(self, n):
        self.browser.driver.switch_to.window(self.handles[n])


def streams(site):
    metrics = site.gateway.api("GET", "/metrics").body.decode()
    return next(int(line.split()[-1]) for line in metrics.splitlines() if line.startswith("headgate_visitor_streams "))


def said(site, thread):
    """What is stored of a conversation, from both sides, in its order."""
    return [m["text"] for m in site.gateway.messages(thread) if m["direction"] in ("inbound", "outbound")]


def texts(widget):
    return [line[1] for line in widget.lines()]


def test_two_tabs_are_one_visitor_with_one_connection(site, browser):
    tabs = Tabs(browser)
    one = browser.go(site).open()
    one.say("said in the first tab")
    one.mark("said in the first tab", "Sent")
    thread = site.thread_of("said in the first tab")
    two = tabs.add(site).open()
    two.heard("said in the first tab", "me")
    site.answer(thread, "heard in both")
    two.heard("heard in both")
    assert streams(site) == 1
    two.say("said in the second tab")
    two.mark("said in the second tab", "Sent")
    tabs.to(0)
    one.heard("heard in both")
    one.heard("said in the second tab", "me")
    assert texts(one) == ["said in the first tab", "heard in both", "said in the second tab"] == said(site, thread)
    assert len(site.gateway.threads(limit=100)) == 1
    # The page that had the connection is left: the other takes it over.
    browser.driver.get("about:blank")
    tabs.to(1)
    site.answer(thread, "only one is left")
    two.heard("only one is left")
    assert texts(two) == said(site, thread)
    tabs.to(0)


def test_what_is_said_without_a_line_is_sent_in_order_when_it_is_back(site, browser):
    widget = browser.go(site).open()
    widget.say("before the tunnel")
    widget.mark("before the tunnel", "Sent")
    thread = site.thread_of("before the tunnel")
    browser.offline()
    for n in range(4):
        widget.say(f"in the tunnel {n}")
    site.answer(thread, "are you still there?")
    assert texts(widget) == ["before the tunnel"] + [f"in the tunnel {n}" for n in range(4)]
    browser.offline(False)
    widget.mark("in the tunnel 3", "Sent")
    widget.heard("are you still there?")
    assert said(site, thread) == ["before the tunnel", "are you still there?"] + [f"in the tunnel {n}" for n in range(4)]
    browser.wait(lambda: texts(widget) == said(site, thread), f"one order: {texts(widget)}")


def test_what_waits_outlives_the_page(start_site, browser):
    """The daemon is gone while the customer writes, and loads the page anew: the files of the widget come from the cache."""
    site = start_site()
    widget = browser.go(site).open()
    widget.say("first")
    widget.mark("first", "Sent")
    thread = site.thread_of("first")
    site.gateway.kill()
    site.gateway.wait_dead()
    widget.say("second")
    widget.say("third")
    widget = browser.go(site)
    # The panel is open, as it was in this tab.
    widget.find("textarea")
    site.gateway.start()
    browser.wait(lambda: said(site, thread) == ["first", "second", "third"], "what waited")
    browser.wait(lambda: texts(widget) == ["first", "second", "third"], "the conversation")
    widget.mark("third", "Sent")


def test_killing_the_daemon_in_the_middle_loses_nothing_and_doubles_nothing(start_site, browser):
    site = start_site()
    widget = browser.go(site).open()
    widget.say("begin")
    widget.mark("begin", "Sent")
    thread = site.thread_of("begin")
    numbers = itertools.count()
    for _ in range(3):
        for _ in range(3):
            widget.say(f"mine {next(numbers)}")
        site.answer(thread, f"theirs {next(numbers)}")
        site.gateway.kill()			# whatever is under way: a post, its answer, an event
        site.gateway.wait_dead()
        widget.say(f"mine {next(numbers)}")
        site.gateway.start()
    widget.say("end")
    widget.mark("end", "Sent")
    browser.wait(lambda: sorted(texts(widget)) == sorted(said(site, thread)), "all of it on both sides")
    both, seen = said(site, thread), texts(widget)
    assert len(both) == len(set(both)) == next(numbers) + 2
    for who in ("mine", "theirs"):
        of = [text for text in both if text.startswith(who)]
        assert of == sorted(of, key=lambda text: int(text.split()[1])) == [text for text in seen if text.startswith(who)]
    widget = browser.go(site)			# what the server says to a new page
    browser.wait(lambda: texts(widget) == both, "the same after a reload")


def test_a_conversation_goes_on_over_pages_of_the_shop(site, browser):
    widget = browser.go(site).open()
    widget.say("I shall look around")
    widget.mark("I shall look around", "Sent")
    widget.find("textarea").send_keys("half a thought")
    widget = browser.go(site, lang="de")
    assert widget.find("textarea").get_attribute("value") == "half a thought"
    widget.heard("I shall look around", "me")
    site.answer(site.thread_of("I shall look around"), "do")
    widget.heard("do")
