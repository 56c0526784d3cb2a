"""Real helpdesks behind a daemon with its preset, and the fake WhatsApp of the functional tests in front of it."""
import importlib.util
import os
import pathlib
import sys

import pytest

HERE = pathlib.Path(__file__).resolve().parent
FUNCTIONAL = HERE.parent / "functional"
sys.path[:0] = [str(HERE), str(FUNCTIONAL)]


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


functional = load("functional_conftest", FUNCTIONAL / "conftest.py")
# All of it: whichever of the two a test of either folder means by "conftest", it finds what it wants.
globals().update({name: value for name, value in vars(functional).items() if not name.startswith("_")})

import fake_graph		# noqa: E402
import harness			# noqa: E402
import peers			# noqa: E402

NUMBERS = {peers.RequestTracker: "", peers.Redmine: "{ project: support, user: 5, field: 1, message_field: 2 }"}


QUICK = bool(os.environ.get("HEADGATE_QUICK"))


def pytest_configure(config):
    config.addinivalue_line("markers", "quick: of those that are run in a minute (HEADGATE_QUICK)")


def pytest_collection_modifyitems(config, items):
    if QUICK:
        others = [item for item in items if not item.get_closest_marker("quick")]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item not in others]
    for item in items:
        # Those that share a helpdesk are one worker's; of the others a helpdesk of a file.
        kind = getattr(item, "callspec", None) and item.callspec.params.get("kind")
        file = "shared" if "shared" in item.fixturenames else item.path.stem
        item.add_marker(pytest.mark.xdist_group(f"{file}-{(kind or peers.RequestTracker).__name__}"))
    if os.geteuid() or not peers.root():
        for item in items:
            item.add_marker(pytest.mark.skip(reason="no helpdesk is installed for tests: tests/helpdesks/root --make, as root"))


class Counter:
    """A company: customers on WhatsApp, headgate, and a real helpdesk with an agent in it."""
    poll = "1s"
    begun = False

    def __init__(self, folder, kind, backend="", **config):
        self.graph = fake_graph.FakeGraph(token=functional.GRAPH_TOKEN, app_secret=functional.APP_SECRET,
                                          phone_number_id=functional.PHONE_NUMBER_ID)
        self.desk = kind()
        self.folder, self.backend = folder, backend
        self.config = dict(rules=functional.AT_ONCE, channel="rate: 1000", **config)
        self.env = dict(functional.ENV, TEST_DESK_TOKEN=self.desk.token, TEST_DESK_WEBHOOK=harness.WEBHOOK_SECRET)
        self.gateway = harness.Gateway(folder, self.text(), self.env)

    def text(self):
        text = functional.config_text(self.graph.url, "@BACKEND@", **self.config)
        before, _, rest = text.partition("backends:\n")
        after = rest[rest.index("api:\n"):]
        lines = [f"preset: {HERE.parents[1]}/etc/backends/{self.desk.preset}.yaml", f"url: {self.desk.url}",
                 "token: env:TEST_DESK_TOKEN", "allow_private: true", *self.backend.splitlines()]
        if isinstance(self.desk, peers.RequestTracker):
            lines += ["webhook_secret: env:TEST_DESK_WEBHOOK", "values: { queue: Support }"]
        else:
            lines += [f"values: {NUMBERS[peers.Redmine]}"]
        if "poll:" not in self.backend:
            lines += [f"poll: {self.poll}"]
        # The same port after a crash: RT has been told where the hook is.
        before = before.replace("listen: 127.0.0.1:0", f"listen: 127.0.0.1:{self.listen}")
        return before + "backends:\n  desk:\n" + "".join(f"    {line}\n" for line in lines) + after

    @property
    def listen(self):
        if not hasattr(self, "port"):
            self.port = harness.quiet_port()
        return self.port

    def begin(self, hook=True):
        """hook: RT is told where to post to."""
        if hook and isinstance(self.desk, peers.RequestTracker):
            self.desk.hook, self.desk.secret = f"http://127.0.0.1:{self.listen}/backend/desk/hook", harness.WEBHOOK_SECRET
        self.desk.start()
        self.start_gateway()
        self.begun = True
        return self

    def start_gateway(self, fail=None):
        self.gateway.start(fail)
        self.graph.target(self.gateway.port, "wa-main")

    def advance(self, **span):
        """Sets the clocks of both sides forward."""
        self.gateway.advance(**span)
        self.desk.set_clock(self.gateway.offset_ms)

    # ---- what everybody does ----
    def ticket(self, customer, text, **more):
        """A customer writes for the first time; the helpdesk's number of what came of it."""
        assert self.graph.say(customer, text, **more) == 200
        return self.linked(customer)

    def linked(self, customer, patience=harness.PATIENCE):
        def found():
            answer = self.gateway.api("GET", "/v1/threads?limit=500")
            # A read that the clock jumps over has taken too long.
            for thread in answer.json.get("threads", ()):
                if thread["contact"]["phone"] == customer and thread["ticket"] and thread["ticket"]["links"]:
                    return thread["ticket"]["links"][0]["id"]
            return None
        return harness.wait_until(found, f"the ticket of {customer}", patience)

    def thread(self, customer):
        return next(t["id"] for t in self.gateway.threads(limit=500) if t["contact"]["phone"] == customer)

    def ticket_state(self, customer):
        return next(t["ticket"]["state"] for t in self.gateway.threads(limit=500) if t["contact"]["phone"] == customer)

    def read(self, customer):
        """What the customer has got, in order."""
        return [m.text for m in self.graph.accepted if m.to == customer[1:]]

    def wait_read(self, customer, text, patience=harness.PATIENCE):
        return self.graph.wait_accepted(1, patience, to=customer[1:], text=text)[0]

    def close(self):
        problems = []
        try:
            problems = functional.finish(self.gateway)
        finally:
            self.desk.close()
            self.graph.close()
        return problems


@pytest.fixture
def counter(tmp_path, request):
    """counter(kind, **config) -> a Counter, not begun."""
    made = []

    def run(kind, **config):
        folder = tmp_path / f"counter{len(made)}"
        folder.mkdir()
        made.append(Counter(folder, kind, **config))
        return made[-1]

    yield run
    problems = [problem for one in made for problem in one.close()]
    assert not problems, "\n".join(problems)


class Shared:
    """One of each helpdesk for all tests that leave it running: they have customers of their own."""

    def __init__(self, factory):
        self.factory, self.made = factory, {}

    def of(self, kind):
        if kind not in self.made:
            # What does not begin is not begun again for each test, and is closed at the end as well.
            self.made[kind] = Counter(self.factory.mktemp(kind.__name__), kind)
            self.made[kind].begin()
        assert self.made[kind].begun, f"{kind.__name__} did not begin"
        return self.made[kind]


@pytest.fixture(scope="session")
def shared(tmp_path_factory):
    all_ = Shared(tmp_path_factory)
    yield all_
    problems = [problem for one in all_.made.values() for problem in one.close()]
    assert not problems, "\n".join(problems)
