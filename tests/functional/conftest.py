"""Fixtures: a daemon between a fake provider and a fake helpdesk, one for each test (`gateway`, `start`) or one
for all tests of a file (`world`) where they do not get in each other's way."""
import itertools
import os
import re

import pytest

import fake_graph
import fake_helpdesk
import harness

PHONE_NUMBER_ID = "109876543210"
APP_SECRET = "0123456789abcdef0123456789abcdef"
OLD_APP_SECRET = "fedcba9876543210fedcba9876543210"
VERIFY_TOKEN = "verify-me-0123456789"
GRAPH_TOKEN = "EAAG-functional-test-token"

CONFIG = """\
config_version: 1
gateway:
  name: Acme support
  listen: 127.0.0.1:0
  public_url: https://chat.acme.example
  socket: @FOLDER@/ctl.sock
  log_level: debug
  max_per_address: 1000
store:
  driver: sqlite
  path: @FOLDER@/store/headgate.db
  min_free: 1MiB
  ballast: 1MiB
{top}
ticket:
  confirm: "{confirm}"
channels:
  wa-main:
    adapter: whatsapp
    phone_number_id: ["{number}", "209876543210"]
    token: env:TEST_GRAPH_TOKEN
    app_secret: [env:TEST_APP_SECRET, env:TEST_OLD_APP_SECRET]
    verify_token: env:TEST_VERIFY_TOKEN
    base_url: {graph}
{channel}
{channels}
rules:
{rules}
backends:
  desk:
    url: {helpdesk}
    secrets: [env:TEST_WEBHOOK_SECRET, env:TEST_SECOND_SECRET]
    allow_private: true
{backend}
api:
  tokens:
    tests: {{ token: env:TEST_API_TOKEN, scopes: [read, reply, convert, link, admin] }}
{more}
console: {{ listen: "127.0.0.1:0" }}
"""

NOISE = """\
  - name: thanks and greetings
    when: { text: { matches: '^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$' }, thread: { has_ticket: false } }
    do: { ignore: noise }
"""
AT_ONCE = """\
  - name: everything at once
    when: { kind: [text, image, audio, video, file, sticker, location, contacts, button, unsupported] }
    do: { convert: { } }
"""

ENV = dict(TEST_GRAPH_TOKEN=GRAPH_TOKEN, TEST_APP_SECRET=APP_SECRET, TEST_OLD_APP_SECRET=OLD_APP_SECRET,
           TEST_VERIFY_TOKEN=VERIFY_TOKEN)


def config_text(graph_url, helpdesk_url, rules=NOISE, top="settle: 20s", confirm="", channel="", channels="", backend="",
                more="", number=PHONE_NUMBER_ID):
    def indent(text, by="    "):
        return "\n".join(by + line for line in text.splitlines())
    return CONFIG.format(graph=graph_url, helpdesk=helpdesk_url, rules=rules or "  []", top=top, confirm=confirm,
                         channel=indent(channel), channels=indent(channels, "  "), backend=indent(backend), more=more, number=number)


@pytest.fixture(scope="module", autouse=True)
def as_described(request):
    """Files with DESCRIBED = True, and all with HEADGATE_DESCRIBED=1: what they ask of /v1, and what they are answered, is as
    doc/openapi.yaml describes it."""
    if os.environ.get("HEADGATE_DESCRIBED") or getattr(request.module, "DESCRIBED", False):
        import described		# reads the document
        with described.watching():
            yield
    else:
        yield


@pytest.fixture
def helpdesk():
    fake = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
    yield fake
    fake.close()


@pytest.fixture
def graph():
    fake = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)
    yield fake
    fake.close()


@pytest.fixture
def start(tmp_path, graph, helpdesk, request):
    """start(**config) -> a running Gateway whose webhooks the fake provider knows."""
    started = []

    def run(env=None, fail=None, begin=True, change=str, **config):
        folder = tmp_path / f"gateway{len(started)}"
        folder.mkdir()
        text = change(config_text(graph.url, helpdesk.url, **config))
        gateway = harness.Gateway(folder, text, dict(ENV, **(env or {})))
        started.append(gateway)
        if begin:
            gateway.start(fail)
            graph.target(gateway.port, "wa-main")
        return gateway

    yield run
    problems = []
    for gateway in started:
        problems += finish(gateway)
    assert not problems, "\n".join(problems)


def finish(gateway):
    """What is wrong with a daemon at its end: breaches of invariants, a bad exit, a sanitizer report."""
    problems = []
    running = gateway.process and gateway.process.poll() is None
    if running:
        problems += [f"fsck: {breach}" for breach in gateway.fsck()]
    code = gateway.stop()
    if running and code != 0:
        problems.append(f"headgated ended with {code}")
    problems += harness.sanitizer_report(gateway.log())
    return problems


@pytest.fixture
def gateway(start):
    """The usual one: greetings are noise, everything else is a ticket at once."""
    return start(rules=NOISE + AT_ONCE)


class World:
    """A daemon that many tests share; each talks to customers of its own.  change: text of the configuration, and
    what stands there instead; or what makes another text of it."""

    def __init__(self, folder, **config):
        self.helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
        self.graph = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)
        self.numbers = itertools.count(447700900100)
        env, change = config.pop("env", {}), config.pop("change", ("", ""))
        text = config_text(self.graph.url, self.helpdesk.url, **config)
        text = change(text) if callable(change) else text.replace(*change)
        self.gateway = harness.Gateway(folder, text, dict(ENV, **env))
        self.gateway.start()
        self.graph.target(self.gateway.port, "wa-main")

    def customer(self):
        return f"+{next(self.numbers)}"

    def thread_of(self, customer):
        return next((t for t in self.gateway.threads(limit=500) if t["reply_to"] == f"tel:{customer}"), None)

    def thread(self, text="my order is late", customer=None):
        """A new customer has written; his thread."""
        customer = customer or self.customer()
        assert self.graph.say(customer, text) == 200
        return self.thread_of(customer)

    def problems(self):
        """At its end."""
        return finish(self.gateway)

    def close(self):
        problems = self.problems()
        self.graph.close()
        self.helpdesk.close()
        assert not problems, "\n".join(problems)


class Target(World):
    """One under fire, of which is measured what attacks cost it.  What is said to it is held."""

    def __init__(self, folder, **more):
        # The sanitizer holds freed memory back; with less of it the growth that is measured is the daemon's.
        asan = os.environ.get("ASAN_OPTIONS", "") + ":abort_on_error=0:quarantine_size_mb=4"
        super().__init__(folder, rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d",
                         env=dict(ASAN_OPTIONS=asan.lstrip(":")), **more)

    def memory(self, what):
        """Bytes: VmRSS, what it has; VmHWM, the most it ever had."""
        with open(f"/proc/{self.gateway.process.pid}/status") as file:
            return int(re.search(rf"{what}:\s+(\d+)", file.read())[1]) * 1024


@pytest.fixture(scope="module")
def world(request, tmp_path_factory):
    """The module may say with CONFIG how it is configured."""
    config = getattr(request.module, "CONFIG", dict(rules=NOISE + AT_ONCE))
    made = World(tmp_path_factory.mktemp("world"), **config)
    yield made
    made.close()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    outcome = yield
    report = outcome.get_result()
    if report.failed:
        for log in sorted(item.funcargs["tmp_path"].glob("gateway*/log")) if "tmp_path" in item.funcargs else []:
            report.sections.append((f"headgated log {log.parent.name}", log.read_text(errors="replace")[-12000:]))
        if isinstance(item.funcargs.get("world"), World):
            report.sections.append(("headgated log", item.funcargs["world"].gateway.log()[-12000:]))


def pytest_configure(config):
    config.addinivalue_line("markers", "alone: not beside other tests")
