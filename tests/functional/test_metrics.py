"""/metrics: what Prometheus reads, and that the alarms ask for what is there."""
import json
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from harness import TOP, wait_until
from test_reports import ANA, HELD, TOP as SETTINGS, close, day_fixture, later, say	# noqa: F401 (a fixture)

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

RULES = TOP / "contrib" / "prometheus" / "headgate.rules.yaml"
RULE_TESTS = ["headgate.test.yaml", "headgate.days.test.yaml"]
LINE = re.compile(r'([a-z_]+)(?:{((?:[a-z]+="[^"]*",?)+)})? (-?[0-9.]+)')


def scrape(gateway):
    """(name, {label: value}) -> number; every line must be one."""
    reply = gateway.api("GET", "/metrics")
    assert reply.status == 200 and reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    found, told = {}, set()
    for line in reply.body.decode().splitlines():
        if line.startswith("# TYPE "):
            name = line.split()[2]
            assert name not in told, f"{name} is told of twice"
            told.add(name)
        if line.startswith("#"):
            continue
        match = LINE.fullmatch(line)
        assert match, line
        labels = dict(re.findall(r'([a-z]+)="([^"]*)"', match[2] or ""))
        key = (match[1], tuple(sorted(labels.items())))
        assert key not in found, f"{key} is there twice"
        found[key] = float(match[3])
    return found


def names_of(gateway):
    """Also of those that have nothing to say in this configuration."""
    told = re.findall(r"^# TYPE (\S+) (\S+)$", gateway.api("GET", "/metrics").body.decode(), re.M)
    ends = {"histogram": ("_bucket", "_sum", "_count"), "summary": ("_sum", "_count")}
    return {name + end for name, kind in told for end in ends.get(kind, ("",))}


def value(found, name, **labels):
    return found[name, tuple(sorted(labels.items()))]


def test_a_day_is_counted(day):
    """R4.7, R0.15, R0.17, R0.18: the same day as in the report, as counters and histograms."""
    def ended():
        found = scrape(day)
        return {how: value(found, "headgate_episodes_ended_total", channel="wa-main", how=how) for how in ("closed", "converted")}

    wait_until(lambda: ended() == {"closed": 3, "converted": 1}, "the end of the day's episodes")
    found = scrape(day)
    for name, want in (("tickets", 1), ("reopened", 1), ("drops", 0), ("drops_restored", 0)):
        assert value(found, f"headgate_{name}_total", channel="wa-main") == want, name
    first = "headgate_first_response_seconds"
    for le, want in (("15", 0), ("30", 1), ("120", 1), ("300", 2), ("+Inf", 2)):
        assert value(found, first + "_bucket", channel="wa-main", by="human", le=le) == want, le
    assert value(found, first + "_count", channel="wa-main", by="bot") == 1
    assert 170 <= value(found, first + "_sum", channel="wa-main", by="human") < 180
    assert value(found, "headgate_resolution_seconds_count", channel="wa-main") == 3
    assert value(found, "headgate_channel_up", channel="wa-main", adapter="whatsapp") == 1
    assert value(found, "headgate_backend_up", backend="desk") == 1
    assert value(found, "headgate_backend_down_seconds", backend="desk") == 0
    wait_until(lambda: value(scrape(day), "headgate_search_complete") == 1 and value(scrape(day), "headgate_search_behind") == 0, "the index")


def test_drops_are_counted_and_what_was_restored(start, graph, helpdesk):
    """R4.7: a rise from nothing shows, because the channel is there before anything has happened."""
    gateway = start(rules=HELD, top=SETTINGS + "\ndefault: hold\n")
    assert value(scrape(gateway), "headgate_drops_total", channel="wa-main") == 0
    thread = say(gateway, graph, ANA, "where is my order")
    close(gateway, thread, "unresolved")
    later(gateway, seconds=301)
    wait_until(lambda: value(scrape(gateway), "headgate_drops_total", channel="wa-main"), "the drop")
    found = scrape(gateway)
    assert value(found, "headgate_drops_total", channel="wa-main") == value(found, "headgate_drops_open") == 1
    gateway.ctl("drops", "restore", thread["id"], "--yes", check=0)
    wait_until(lambda: value(scrape(gateway), "headgate_drops_restored_total", channel="wa-main"), "the acknowledgement")
    found = scrape(gateway)
    assert value(found, "headgate_drops_restored_total", channel="wa-main") == 1
    assert value(found, "headgate_drops_open") == 0


def test_alarms_ask_for_what_is_there(day):
    names = names_of(day)
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    recorded = {rule["record"] for rule in rules if "record" in rule}
    asked = {name for rule in rules for name in re.findall(r"headgate[a-z0-9_:]+", rule["expr"])}
    assert asked - recorded - names == {"headgate"} & asked
    alarms = {rule["alert"]: rule for rule in rules if "alert" in rule}
    assert all(rule["annotations"]["summary"] and rule["labels"]["severity"] for rule in alarms.values())
    # R0.17, R0.18, R0.15: the thresholds are those of the definitions.
    assert "> 0.40" in alarms["HeadgateConversionHigh"]["expr"] and "> 0.15" in alarms["HeadgateReopenHigh"]["expr"]
    assert "> 120" in alarms["HeadgateFirstResponseSlow"]["expr"]


def test_every_metric_is_in_the_manual(day):
    page = pathlib.Path(TOP / "doc" / "operating.md").read_text()
    for name in {re.sub("_(bucket|sum|count)$", "", name) for name, _ in scrape(day)}:
        assert name in page or name.startswith("headgate_channel_"), name


def test_every_alarm_has_a_test_that_sees_it_fire():
    tested = {case["alertname"] for name in RULE_TESTS for part in yaml.safe_load((RULES.parent / name).read_text())["tests"]
              for case in part.get("alert_rule_test", []) if case.get("exp_alerts")}
    assert tested == {rule["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"] if "alert" in rule}


def dashboard_expressions():
    """Of every panel, with values for the dashboard's own variables."""
    board = json.loads((TOP / "contrib" / "grafana" / "headgate.json").read_text())
    words = {"$__rate_interval": "5m", "$job": "headgate", "$instance": ".*", "$channel": ".*"}
    for panel in board["panels"]:
        for target in panel.get("targets", []):
            expr = target["expr"]
            for word, value in words.items():
                expr = expr.replace(word, value)
            assert "$" not in expr, expr
            yield panel["title"], expr


def test_the_dashboard_asks_for_what_is_there(day):
    names = names_of(day)
    asked = {name for _, expr in dashboard_expressions() for name in re.findall(r"headgate_[a-z0-9_]+", expr)}
    assert asked and asked - names == set()
    board = json.loads((TOP / "contrib" / "grafana" / "headgate.json").read_text())
    places = [(p["gridPos"]["x"] + dx, p["gridPos"]["y"] + dy) for p in board["panels"] for dx in range(p["gridPos"]["w"])
              for dy in range(p["gridPos"]["h"])]
    assert len(places) == len(set(places)), "panels lie on each other"
    assert len({p["id"] for p in board["panels"]}) == len(board["panels"])


def test_labels_are_bounded(day, graph):
    """A customer makes no series: what is labelled are things of the configuration and words of ours."""
    before = {key for key in scrape(day)}
    for n in range(5):
        assert graph.say(f"+44770090080{n}", "hello there") == 200
    assert {key for key in scrape(day)} == before


needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")


def promtool(*args, **more):
    done = subprocess.run(["promtool", *args], capture_output=True, text=True, check=False, **more)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_prometheus_takes_the_rules_and_they_fire():
    promtool("check", "rules", RULES.name, cwd=RULES.parent)
    promtool("test", "rules", *RULE_TESTS, cwd=RULES.parent)


@needs_promtool
def test_prometheus_finds_nothing_to_say_of_the_metrics(day):
    promtool("check", "metrics", input=day.api("GET", "/metrics").body.decode())


@needs_promtool
def test_prometheus_reads_what_the_dashboard_asks(tmp_path):
    rules = [{"record": f"panel:{n}", "expr": expr} for n, (_, expr) in enumerate(dashboard_expressions())]
    (tmp_path / "board.yaml").write_text(yaml.safe_dump({"groups": [{"name": "board", "rules": rules}]}))
    promtool("check", "rules", "--lint=none", str(tmp_path / "board.yaml"))
