"""Who the visitor is: what the site's server vouches for counts, what the page claims does not, and who leaves leaves nothing."""
import base64
import hashlib
import hmac
import json

import pytest

import conftest
import harness


def part(data):
    return base64.urlsafe_b64encode(data if isinstance(data, bytes) else json.dumps(data).encode()).rstrip(b"=").decode()


def jwt(site, user, secret=conftest.IDENTITY_SECRET, lasts=600, **claims):
    """As the shop's server makes it for who has logged in."""
    now = int(site.gateway.now())
    head = part(dict(alg="HS256", typ="JWT")) + "." + part(dict(sub=user, exp=now + lasts, iat=now, **claims))
    return head + "." + part(hmac.new(secret.encode(), head.encode(), hashlib.sha256).digest())


def identify(browser, identity):
    """What headgate.identify() came to: "" or the word of its problem."""
    return browser.driver.execute_async_script("""
        const done = arguments[arguments.length - 1];
        headgate.identify(arguments[0]).then(() => done(""), error => done(error.word || String(error)))""", identity)


def contact(site, text):
    return site.gateway.get(f"/v1/threads/{site.thread_of(text)}")["thread"]["contact"]


def test_what_was_said_before_belongs_to_who_logs_in(site, browser):
    widget = browser.go(site).open()
    widget.say("said before the login")
    widget.mark("said before the login", "Sent")
    before = contact(site, "said before the login")["id"]
    assert identify(browser, dict(jwt=jwt(site, "ana-1", email="ana-1@example.com", name="Ana"))) == ""
    widget.heard("said before the login", "me")
    widget.say("said after it")
    widget.mark("said after it", "Sent")
    assert site.thread_of("said after it") == site.thread_of("said before the login")
    after = contact(site, "said after it")
    assert after["id"] != before or "ana-1@example.com" in str(after)
    assert "ana-1@example.com" in str(after), after
    # On another device (nothing stored here): the same conversation.
    browser.cdp("Storage.clearDataForOrigin", origin=site.shop.url, storageTypes="all")
    browser.driver.get("about:blank")
    widget = browser.go(site).open()
    assert identify(browser, dict(jwt=jwt(site, "ana-1"))) == ""
    widget.heard("said after it", "me")


@pytest.mark.parametrize("how", ["secret", "expired", "none", "hmac"])
def test_a_forged_identity_gets_nothing(site, browser, how):
    owner = browser.go(site).open()
    assert identify(browser, dict(jwt=jwt(site, f"eve-{how}"))) == ""
    owner.say(f"only eve knows {how}")
    owner.mark(f"only eve knows {how}", "Sent")
    browser.run("headgate.logout()")
    browser.wait(lambda: not browser.run("return Object.keys(localStorage).some(k => k.endsWith(':session'))"), "the logout")
    forged = {
        "secret": dict(jwt=jwt(site, f"eve-{how}", secret="guessed" * 6)),
        "expired": dict(jwt=jwt(site, f"eve-{how}", lasts=-600)),
        "none": dict(jwt=part(dict(alg="none")) + "." + part(dict(sub=f"eve-{how}", exp=9999999999)) + "."),
        "hmac": dict(user_id=f"eve-{how}", hmac="0" * 64),
    }[how]
    widget = browser.go(site).open()
    assert identify(browser, forged) == "identity-refused"
    assert widget.lines() == []
    widget.say(f"I am a stranger {how}")
    widget.mark(f"I am a stranger {how}", "Sent")
    assert contact(site, f"I am a stranger {how}")["id"] != contact(site, f"only eve knows {how}")["id"]


def test_an_hmac_of_the_user_id_is_enough_where_the_channel_takes_it(site, browser):
    widget = browser.go(site).open()
    good = hmac.new(conftest.IDENTITY_SECRET.encode(), b"bob-7", hashlib.sha256).hexdigest()
    assert identify(browser, dict(user_id="bob-7", hmac=good)) == ""
    widget.say("signed the old way")
    widget.mark("signed the old way", "Sent")
    assert "bob-7" in str(contact(site, "signed the old way"))


def test_logging_out_leaves_nothing_on_a_shared_computer(site, browser):
    widget = browser.go(site).open()
    assert identify(browser, dict(jwt=jwt(site, "sam-1"))) == ""
    widget.say("sam's secret")
    widget.mark("sam's secret", "Sent")
    widget.find("textarea").send_keys("half a secret")
    token = json.loads(browser.run("return localStorage[Object.keys(localStorage).find(k => k.endsWith(':session'))]"))["token"]
    browser.run("headgate.logout()")
    widget.gone("dialog")
    harness.wait_until(lambda: harness.request(site.port, "GET", "/client/v1/threads",
                                               headers={"Authorization": f"Bearer {token}"}).status == 401, "the token to end")
    kept = browser.run("return JSON.stringify([{...localStorage}, {...sessionStorage}])")
    assert "secret" not in kept and token not in kept and "sam" not in kept, kept
    widget = browser.go(site).open()
    assert widget.lines() == [] and widget.find("textarea").get_attribute("value") == ""
    # Who logs in next finds what is his, and nothing of who was there.
    assert identify(browser, dict(jwt=jwt(site, "tom-1"))) == ""
    widget.say("tom here")
    widget.mark("tom here", "Sent")
    assert [line[1] for line in widget.lines()] == ["tom here"]
    assert contact(site, "tom here")["id"] != contact(site, "sam's secret")["id"]


def test_the_next_user_of_the_site_gets_nothing_of_the_one_before(site, browser):
    """The site forgets to call logout()."""
    widget = browser.go(site).open()
    assert identify(browser, dict(jwt=jwt(site, "kim-1"))) == ""
    widget.say("kim's matter")
    widget.mark("kim's matter", "Sent")
    assert identify(browser, dict(jwt=jwt(site, "lee-1"))) == ""
    browser.wait(lambda: not widget.lines(), "an empty log")
    widget.say("lee's matter")
    widget.mark("lee's matter", "Sent")
    assert contact(site, "lee's matter")["id"] != contact(site, "kim's matter")["id"]
