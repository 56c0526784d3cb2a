"""Chromium as the tests drive it, and the widget in it as a person meets it."""
import json
import os
import pathlib
import shutil

from selenium import webdriver
from selenium.common.exceptions import (ElementClickInterceptedException, NoSuchElementException, StaleElementReferenceException,
                                        WebDriverException)
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.shadowroot import ShadowRoot

import harness

# Debian's selenium (4.8) gives shadow roots to scripts by a name that it does not have itself.
if not hasattr(ShadowRoot, "id"):
    ShadowRoot.id = property(lambda self: self._id)

PICTURES = pathlib.Path(os.environ.get("HEADGATE_PICTURES") or harness.BUILD / "pictures")

# Before any script of a page: notes what was thrown or refused, and what an attack would call.
WATCHER = """
window.__mistakes = [];
addEventListener("error", e => __mistakes.push("error: " + (e.message || e.target?.src)), true);
addEventListener("unhandledrejection", e => __mistakes.push("rejection: " + (e.reason?.stack || JSON.stringify(e.reason))));
document.addEventListener("securitypolicyviolation", e => __mistakes.push("policy: " + e.violatedDirective + " " + e.blockedURI));
window.__pwned = [];
window.pwn = what => __pwned.push(String(what));
for (const name of ["alert", "confirm", "prompt", "print"])
	window[name] = what => __pwned.push(name + " " + what);
"""


def start():
    options = webdriver.ChromeOptions()
    options.binary_location = shutil.which("chromium")
    # Without a sandbox, for tests run as root in containers; what they show it is their own.
    for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
                     "--disable-extensions", "--disable-background-networking", "--disable-component-update",
                     "--disable-sync", "--hide-scrollbars", "--lang=en-GB", "--window-size=1280,800"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    return webdriver.Chrome(service=Service(shutil.which("chromedriver"), log_path=os.devnull), options=options)


class Browser:
    def __init__(self, driver):
        self.driver = driver
        self.origins = set()
        self.scripts = [self.cdp("Page.addScriptToEvaluateOnNewDocument", source=WATCHER)["identifier"]]
        self.resize(1280, 800)
        self.media()
        driver.get_log("browser"), driver.get_log("performance")	# of those before

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def close(self):
        """As it was: one empty tab, nothing stored."""
        self.cdp("Network.enable")
        self.cdp("Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1)
        for script in self.scripts:
            self.cdp("Page.removeScriptToEvaluateOnNewDocument", identifier=script)
        for handle in self.driver.window_handles[1:]:
            self.driver.switch_to.window(handle)
            self.driver.close()
        self.driver.switch_to.window(self.driver.window_handles[0])
        self.driver.get("about:blank")
        for origin in self.origins:
            self.cdp("Storage.clearDataForOrigin", origin=origin, storageTypes="all")
        self.cdp("Emulation.clearDeviceMetricsOverride")
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=False)

    # ---- what kind of a browser it is ----
    def media(self, **features):
        """media(dark=True, forced=True): motion is always reduced, so that nothing has to be waited for."""
        self.cdp("Emulation.setEmulatedMedia", features=[
            dict(name="prefers-reduced-motion", value="reduce"),
            dict(name="prefers-color-scheme", value="dark" if features.get("dark") else "light"),
            dict(name="forced-colors", value="active" if features.get("forced") else "none")])

    def resize(self, width, height, phone=False, scale=1):
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone)
        self.cdp("Emulation.setTouchEmulationEnabled", enabled=phone)

    def offline(self, off=True):
        self.cdp("Network.enable")
        self.cdp("Network.emulateNetworkConditions", offline=off, latency=0, downloadThroughput=-1, uploadThroughput=-1)

    # ---- pages ----
    def go(self, site, **query):
        """A page of the site's shop; its widget."""
        self.origins.update((site.shop.url, site.url))
        self.driver.get(site.shop.url + "/" + ("?" + "&".join(f"{k}={v}" for k, v in query.items()) if query else ""))
        return Widget(self)

    def run(self, script, *arguments):
        return self.driver.execute_script(script, *arguments)

    def wait(self, check, what):
        """Until check() is true; what goes away under it while it looks is looked for again, what lies over it passes."""
        def look():
            try:
                return check()
            except (ElementClickInterceptedException, NoSuchElementException, StaleElementReferenceException):
                return None
            except WebDriverException as problem:		# the driver's other word for what is stale
                if "does not belong to the document" in str(problem):
                    return None
                raise
        try:
            return harness.wait_until(look, what)
        except AssertionError as late:
            raise AssertionError(f"{late}; on the page: {self.mistakes()} {self.log()}") from None

    def press(self, *keys):
        for key in keys:
            ActionChains(self.driver).send_keys(key).perform()

    def tab(self, back=False):
        actions = ActionChains(self.driver)
        if back:
            actions.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT)
        else:
            actions.send_keys(Keys.TAB)
        actions.perform()

    def log(self):
        return [line["message"] for line in self.driver.get_log("browser") if line["level"] != "DEBUG"]

    def mistakes(self):
        """What was thrown, refused by a policy, or run by an attack."""
        try:
            return self.run("return [...(window.__mistakes || []), ...(window.__pwned || [])]")
        except WebDriverException as problem:
            return [str(problem)]

    def traffic(self):
        """What was fetched since it was asked last: [{url, bytes (on the wire, with headers), body}]."""
        requests, sizes = {}, {}
        for line in self.driver.get_log("performance"):
            event = json.loads(line["message"])["message"]
            params = event["params"]
            if event["method"] == "Network.requestWillBeSent" and params["request"]["method"] != "OPTIONS":
                requests[params["requestId"]] = dict(url=params["request"]["url"], method=params["request"]["method"])
            elif event["method"] == "Network.loadingFinished":
                sizes[params["requestId"]] = params["encodedDataLength"]
        return [dict(one, bytes=sizes.get(key)) for key, one in requests.items()]

    def picture(self, name):
        """What is seen now, for people: in build/check/pictures, or where HEADGATE_PICTURES says."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.driver.save_screenshot(str(PICTURES / f"{name}.png"))


class Widget:
    """headgate-chat on the page that is open."""

    def __init__(self, browser):
        self.browser, self.driver = browser, browser.driver

    @property
    def root(self):
        return self.driver.find_element("css selector", "headgate-chat").shadow_root

    def find(self, css):
        """The first one that is seen, as soon as it is."""
        return self.browser.wait(lambda: next((e for e in self.root.find_elements("css selector", css) if e.is_displayed()), None),
                                 f"{css} in the widget")

    def all(self, css):
        return [e for e in self.root.find_elements("css selector", css) if e.is_displayed()]

    def gone(self, css):
        self.browser.wait(lambda: not self.all(css), f"{css} to go")

    def click(self, css):
        self.browser.wait(lambda: self.find(css).click() or True, f"{css} to click")

    def text(self, css):
        return self.find(css).text

    def named(self, name, css="button"):
        """The button of that name."""
        return self.browser.wait(lambda: next((e for e in self.root.find_elements("css selector", css)
                                               if e.is_displayed() and e.accessible_name == name), None), f"{css} called {name!r}")

    @property
    def launcher(self):
        return self.find(".launch")

    def open(self):
        """By its button; returns when one can write."""
        self.launcher.click()
        self.find("textarea")
        self.browser.wait(lambda: self.all(".welcome") or self.all(".line"), "the conversation")
        return self

    def say(self, text):
        """Writes and sends, by the keyboard."""
        self.find("textarea").send_keys(text, Keys.ENTER)

    def lines(self):
        """What the log shows: (who: me, them or system; text; the line of marks)."""
        return self.browser.run("""
            return [...arguments[0].querySelectorAll(".line")].map(line => [
                ["me", "them", "system"].find(who => line.classList.contains(who)),
                line.querySelector(".bubble")?.textContent ?? "", line.querySelector(".note")?.textContent ?? ""])""", self.root)

    def heard(self, text, who="them"):
        """Waits until that was said by who."""
        return self.browser.wait(lambda: next((line for line in self.lines() if line[0] == who and line[1] == text), None),
                                 f"{text!r} from {who}, among {self.lines()}")

    def mark(self, text, mark):
        """Waits until the line of that text ends with that mark: Sent, Delivered, Read."""
        self.browser.wait(lambda: any(line[1] == text and line[2].endswith(mark) for line in self.lines()),
                          f"{text!r} to be marked {mark}; {self.lines()}")

    def focused(self):
        """The element that has the focus, in the widget; None when it is elsewhere."""
        return self.browser.run("return arguments[0].activeElement", self.root)

    def style(self, css, name):
        return self.browser.run("return getComputedStyle(arguments[0]).getPropertyValue(arguments[1])", self.find(css), name)
