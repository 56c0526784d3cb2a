"""A shop with the widget in it, a headgated behind that, and a Chromium to look at both.

Whoever drives Chromium here finds things as a person would (by what is on the screen, by the keyboard) and waits for
what shall be there; nothing sleeps."""
import contextlib
import importlib.util
import itertools
import json
import pathlib
import sys

import pytest

FUNCTIONAL = pathlib.Path(__file__).resolve().parents[1] / "functional"
sys.path.insert(0, str(FUNCTIONAL))
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


functional = load("functional_conftest", FUNCTIONAL / "conftest.py")

import chromium			# noqa: E402  pylint: disable=wrong-import-position
import fake_helpdesk		# noqa: E402  pylint: disable=wrong-import-position
import harness			# noqa: E402  pylint: disable=wrong-import-position
import shop			# noqa: E402  pylint: disable=wrong-import-position

CONFIG = """\
config_version: 1
console: {{ listen: 127.0.0.1:0 }}
gateway:
  name: Acme
  listen: 127.0.0.1:{port}
  public_url: http://127.0.0.1:{port}
  socket: @FOLDER@/ctl.sock
  log_level: debug
  max_per_address: 1000
store:
  driver: sqlite
  path: @FOLDER@/store/headgate.db
  min_free: 1MiB
  ballast: 1MiB
ticket:
  confirm: ""
{top}
channels:
  web:
    adapter: widget
    origins: ["{shop}"]
    title: Acme support
    greeting: {greeting}
    identity: {{ secret: env:TEST_IDENTITY_SECRET, hmac: true }}
    rate: {{ sessions: 100000, messages: 10000, address: 100000, uploads: 10000, requests: 100000 }}
    proof: {{ ask: never }}
{channel}
{channels}
rules:
{rules}
backends:
  desk:
    url: {helpdesk}
    secrets: [env:TEST_WEBHOOK_SECRET, env:TEST_SECOND_SECRET]
    allow_private: true
api:
  tokens:
    tests: {{ token: env:TEST_API_TOKEN, scopes: [read, reply, convert, link, admin] }}
{more}
"""
AT_ONCE = """\
  - name: everything at once
    when: { kind: [text, image, audio, video, file, unsupported] }
    do: { convert: { } }"""
IDENTITY_SECRET = "identity-secret-of-the-tests-0123456789"


class Site:
    """A shop, the gateway of its chat, and the helpdesk where its agents sit.  channel: more options of the channel
    `web`; channels: other channels beside it; rules, top, more: of the rest of the configuration."""

    def __init__(self, folder, greeting="Hi there!\nHow can we help you today?", channel="", channels="", rules=AT_ONCE, top="",
                 more=""):
        def indent(text, by):
            return "\n".join(" " * by + line for line in text.splitlines())
        self.helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
        self.shop = shop.Shop()
        self.port = harness.quiet_port()
        self.gateway = harness.Gateway(folder, CONFIG.format(
            greeting=json.dumps(greeting), port=self.port, shop=self.shop.url, helpdesk=self.helpdesk.url, channel=indent(channel, 4),
            channels=indent(channels, 2), rules=rules, top=top, more=more), dict(TEST_IDENTITY_SECRET=IDENTITY_SECRET))
        self.gateway.start()
        self.url = f"http://127.0.0.1:{self.port}"
        self.shop.gateway = self.url

    def thread_of(self, text):
        """The thread in which that was said, once it is there."""
        def look():
            for thread in self.gateway.threads(limit=100):
                if any(message.get("text") == text for message in self.gateway.messages(thread["id"])):
                    return thread["id"]
            return None
        return harness.wait_until(look, f"a thread with {text!r}")

    def answer(self, thread, text, **more):
        """As an agent at the helpdesk does."""
        reply = self.gateway.reply(thread, text, **more)
        assert reply.status == 202, reply
        return reply.json

    def close(self):
        problems = functional.finish(self.gateway)
        self.shop.close()
        self.helpdesk.close()
        assert not problems, "\n".join(problems)


@pytest.fixture(scope="module")
def site(request, tmp_path_factory):
    """The module may say with SITE what is special about its own."""
    made = Site(tmp_path_factory.mktemp("site"), **getattr(request.module, "SITE", {}))
    yield made
    made.close()


@pytest.fixture
def start_site(tmp_path):
    """start_site(...) -> a Site of the test's own, which it may kill."""
    with contextlib.ExitStack() as stack:
        numbers = itertools.count()

        def run(**how):
            folder = tmp_path / f"site{next(numbers)}"
            folder.mkdir()
            made = Site(folder, **how)
            stack.callback(made.close)
            return made
        yield run


@pytest.fixture(scope="session")
def chrome():
    """One process for all tests of a worker."""
    driver = chromium.start()
    yield driver
    driver.quit()


@pytest.fixture
def browser(chrome, request):
    """A Chromium that knows nobody: no storage, one tab, the usual window.  At the end nothing may have been thrown."""
    made = chromium.Browser(chrome)
    yield made
    failed = getattr(request.node, "failed", False)
    if failed:
        made.picture(request.node.name)
    mistakes = made.mistakes()
    made.close()
    assert failed or not mistakes, mistakes


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        item.failed = True
        for name, site_of in item.funcargs.items():
            if isinstance(site_of, Site):
                report.sections.append((f"headgated log of {name}", site_of.gateway.log()[-8000:]))
