"""/metrics: what Prometheus reads, and that the alarms ask for what is there."""
import pathlib
import re
import shutil
import subprocess

import pytest
import yaml

from harness import TOP, wait_until
from test_reports import ANA, HELD, TOP as SETTINGS, close, day_fixture, drops, later, say	# noqa: F401 (a fixture)

RULES = TOP / "contrib" / "prometheus" / "headgate.rules.yaml"
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


def test_drops_are_counted_and_what_was_restored(start, graph, helpdesk):
    """R4.7: a rise from nothing shows, because the channel is there before anything has happened."""
    gateway = start(rules=HELD, top=SETTINGS + "\ndefault: hold\n")
    assert value(scrape(gateway), "headgate_drops_total", channel="wa-main") == 0
    thread = say(gateway, graph, ANA, "where is my order")
    close(gateway, thread, "unresolved")
    later(gateway, seconds=301)
    wait_until(lambda: drops(gateway), "the drop")
    found = scrape(gateway)
    assert value(found, "headgate_drops_total", channel="wa-main") == value(found, "headgate_drops_open") == 1
    gateway.ctl("drops", "restore", thread["id"], "--yes", check=0)
    wait_until(lambda: not drops(gateway), "the acknowledgement")
    found = scrape(gateway)
    assert value(found, "headgate_drops_restored_total", channel="wa-main") == 1
    assert value(found, "headgate_drops_open") == 0


def test_alarms_ask_for_what_is_there(day):
    names = {name for name, _ in scrape(day)}
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


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool (Debian: prometheus) is not installed")
def test_prometheus_takes_the_rules_and_they_fire():
    for verb, name in (("check", RULES.name), ("test", "headgate.test.yaml")):
        done = subprocess.run(["promtool", verb, "rules", name], cwd=RULES.parent, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
