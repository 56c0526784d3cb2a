"""What the widget asks of a page (a strict policy, few and small requests), and what it does to one: nothing."""
import gzip
import json
import re

from selenium.webdriver.common.keys import Keys

import harness

# Each is said by a customer and by an agent, is the name of an agent and the name of a file.
HOSTILE = [
    "<script>pwn(1)</script>",
    "<img src=x onerror=pwn(2)>",
    "<svg onload=pwn(3)><animate onbegin=pwn(3) attributeName=x></svg>",
    "\"'><iframe srcdoc='<script>parent.pwn(4)</script>'>",
    "</textarea></div></dialog><script>pwn(5)</script>",
    "javascript:pwn(6)",
    "JaVaScRiPt:pwn(7) https://javascript:pwn(7)@evil.example/",
    "data:text/html,<script>pwn(8)</script>",
    "[click](javascript:pwn(9)) <a href=javascript:pwn(9)>me</a>",
    "https://x.example/\"onmouseover=\"pwn(10)",
    "https://x.example/<img/src=x/onerror=pwn(11)>",
    "www.x.example/'style='background:url(javascript:pwn(12))",
    "{{constructor.constructor('pwn(13)')()}} ${pwn(13)} #{pwn(13)}",
    "<math><mtext><table><mglyph><style><!--</style><img title='--><img src onerror=pwn(14)>'>",
    "<style>@import 'javascript:pwn(15)'; *{background:red !important}</style>",
    "<template shadowrootmode=open><script>pwn(16)</script></template>",
    "&lt;script&gt;pwn(17)&lt;/script&gt; &#60;img src=x onerror=pwn(17)&#62;",
    "\u2028<script>pwn(18)</script>\u2029",
    "mailto:x@y.example?body=<script>pwn(19)</script> a@b.example\"onclick=\"pwn(19)",
    "photo\u202egpj.exe",
    "__proto__ constructor toString",
]

SITE = dict(channel="theme: { accent: \"#7b2d8e\" }")


def texts_only(browser, widget):
    """No element in any line but those the widget itself makes there, and every link goes where links may."""
    strange = browser.run("""
        const own = new Set(["DIV", "SPAN", "BDI", "A", "svg", "path", "SMALL", "UL", "LI", "PROGRESS", "BUTTON", "IMG"]);
        return [...arguments[0].querySelectorAll(".line *")].filter(e => !own.has(e.tagName) ||
            [...e.attributes].some(a => /^on|^style$|^srcdoc$/.test(a.name)) ||
            e.tagName === "A" && !/^(https?|mailto):/.test(e.href) ||
            e.tagName === "A" && (e.target !== "_blank" || !e.relList.contains("noopener")) ||
            e.closest(".bubble") && e.tagName !== "A" && !e.classList.contains("bubble")).map(e => e.outerHTML)""", widget.root)
    assert strange == []
    assert browser.run("return window.__pwned") == []


def test_what_customers_write_is_text(site, browser):
    widget = browser.go(site, csp="strict").open()
    for text in HOSTILE:
        # As if pasted: typing leaves out what no key writes.
        browser.run("""arguments[0].value = arguments[1]; arguments[0].dispatchEvent(new Event("input", { bubbles: true }))""",
                    widget.find("textarea"), text)
        widget.find("textarea").send_keys(Keys.ENTER)
        widget.heard(text.strip(), "me")
    widget.mark(HOSTILE[-1], "Sent")
    texts_only(browser, widget)
    widget = browser.go(site)		# and from the server, on a page without a policy
    widget.heard(HOSTILE[-1], "me")
    texts_only(browser, widget)


def test_what_agents_write_and_are_called_is_text(site, browser):
    widget = browser.go(site).open()
    widget.say("attack me")
    thread = site.thread_of("attack me")
    for text in HOSTILE:
        site.answer(thread, text, agent=text[:60])
        widget.heard(text)
    texts_only(browser, widget)
    widget.named("More options").click()
    widget.named("Conversations").click()
    widget.find(".list button")
    assert browser.run("return arguments[0].querySelectorAll('.list script, .list img, .list iframe').length", widget.root) == 0
    assert browser.run("return window.__pwned") == []


def test_names_of_files_and_pictures_that_are_none_do_nothing(site, browser):
    """Chosen in the page and sent by it, then read back from the server."""
    widget = browser.go(site).open()
    files = [(name.replace("/", "_"), "image/png", "<svg xmlns='http://www.w3.org/2000/svg' onload='pwn(22)'/>") for name in HOSTILE[:5]] + \
        [("a.svg", "image/svg+xml", "<svg xmlns='http://www.w3.org/2000/svg'><script>top.pwn(23)</script></svg>"),
         ("a.html", "text/html", "<script>top.pwn(24)</script>"), ("<b>note.txt", "text/plain", "harmless")]
    for name, kind, content in files:
        browser.run("""
            const pasted = new DataTransfer();
            pasted.items.add(new File([arguments[2]], arguments[1], { type: arguments[3] }));
            arguments[0].dispatchEvent(new ClipboardEvent("paste", { clipboardData: pasted, bubbles: true, cancelable: true }))""",
                    widget.find("textarea"), name, content, kind)
        browser.wait(lambda shown=name: any(shown in chip.text for chip in widget.all(".chip")), f"a chip for {name!r}")
    assert browser.run("return arguments[0].querySelectorAll('.chip bdi *').length", widget.root) == 0
    # What the channel does not take says so and stays behind; what it takes is sent.
    browser.wait(lambda: not widget.all("progress"), "the uploads to end")
    for chip in widget.all(".chip.bad"):
        assert chip.text.splitlines()[-1] not in ("", None)
    while widget.all(".chip.bad"):
        left = len(widget.all(".chip"))
        widget.all(".chip.bad .icon:last-child")[0].click()
        browser.wait(lambda n=left: len(widget.all(".chip")) < n, "the chip to go")
    widget.say("the files")
    widget.mark("the files", "Sent")
    browser.wait(lambda: any("note.txt" in file.text for file in widget.all(".file")), "the file of the message")
    texts_only(browser, widget)


def test_a_channel_with_a_hostile_name_does_nothing(start_site, browser):
    site = start_site(greeting="<script>pwn(21)</script>")
    widget = browser.go(site)
    widget.open()
    assert widget.text(".welcome") == "<script>pwn(21)</script>"
    assert browser.run("return window.__pwned") == []


def test_a_colour_of_the_pages_cannot_bring_a_rule(site, browser):
    widget = browser.go(site).open()
    before = widget.style(".launch", "background-color")
    browser.run("""headgate.setTheme({ accent: "red} .panel{display:none} :host{", on_accent: "url(https://evil.example/x)" })""")
    widget.find("textarea")
    assert widget.find("dialog").is_displayed()
    assert widget.style(".launch", "background-color") in (before, "rgba(0, 0, 0, 0)")


def test_it_works_under_the_strictest_policy(site, browser):
    """style-src 'none', trusted types, nothing but scripts, connections and images of headgate's origin.  `browser` fails
    when the policy refused anything."""
    widget = browser.go(site, csp="strict").open()
    widget.say("under a strict policy")
    widget.mark("under a strict policy", "Sent")
    site.answer(site.thread_of("under a strict policy"), "and back")
    widget.heard("and back")
    assert widget.find("dialog").rect["width"] == 392, "the style sheet is there"
    assert browser.run("return [...arguments[0].querySelectorAll('style, [style]')].length + document.querySelectorAll('style, [style]').length",
                       widget.root) == 0
    # The policy is in force: else this would prove nothing.
    browser.run("document.head.append(Object.assign(document.createElement('style'), { textContent: 'body { color: red }' }))")
    assert browser.wait(lambda: [m for m in browser.mistakes() if "style-src" in m], "the policy to refuse a style element")
    browser.run("window.__mistakes.length = 0")


def test_it_is_small_and_asks_for_little(site, browser):
    """Loader at most 2 kB gzip and nothing more before it is wanted; first open at most 30 kB gzip in at most 3 requests of
    files; no third party's."""
    browser.traffic()
    widget = browser.go(site, lang="de")
    widget.launcher
    loaded = browser.wait(lambda: [one for one in browser.traffic() if "/widget/" in one["url"]], "the loader's request")
    assert loaded[0]["url"] == site.url + "/widget/v1.js"
    answer = harness.request(site.port, "GET", "/widget/v1.js", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Encoding"] == "gzip" and len(answer.body) <= 2048, len(answer.body)
    assert len(gzip.decompress(answer.body)) > len(answer.body)
    widget.open()
    widget.say("klein")
    widget.mark("klein", "Gesendet")
    later = browser.traffic()
    files = [one for one in loaded + later if "/widget/" in one["url"]]
    total = 0
    for one in files:
        path = one["url"].removeprefix(site.url)
        got = harness.request(site.port, "GET", path, headers={"Accept-Encoding": "gzip"})
        assert got.headers.get("Content-Encoding") == "gzip", path
        assert path == "/widget/v1.js" or re.search(r"-[0-9a-f]{10}\.(js|json)$", path), path
        total += len(got.body)
    assert len(files) <= 3 and len({one["url"] for one in files}) == len(files), files
    assert total <= 30 * 1024, f"{total} bytes"
    strangers = [one["url"] for one in loaded + later if not one["url"].startswith((site.url, site.shop.url, "data:", "blob:"))]
    assert strangers == []
    print(json.dumps(dict(loader=len(answer.body), first_open=total, requests=len(files))))


def test_the_page_is_what_it_was(site, browser):
    """No names but its own in the page's window, nothing in its document but one element, no style of the page's changed."""
    probe = """
        return [Object.keys(window).filter(k => !k.startsWith("__") && !k.startsWith("cdc_")).sort(), document.head.innerHTML,
            [...document.body.children].map(e => e.tagName).filter(t => t !== "SCRIPT"),
            getComputedStyle(document.querySelector("h1")).font, document.adoptedStyleSheets.length]"""
    browser.go(site, widget="no")
    browser.driver.find_element("css selector", "h1").is_displayed()	# what asks that leaves names behind itself
    before = browser.run(probe)
    widget = browser.go(site).open()
    widget.say("quietly")
    widget.mark("quietly", "Sent")
    after = browser.run(probe)
    assert sorted(set(after[0]) - set(before[0])) == ["headgate"]
    assert after[1] == before[1] and after[3:] == before[3:]
    assert [tag for tag in after[2] if tag not in before[2]] == ["HEADGATE-CHAT"]
