"""Reports, drops and their repair, through the daemon: a day on the tests' clock, told as JSON, CSV and tables."""
import csv
import io
import json
import re
import sqlite3
import time

import pytest

import harness
from harness import wait_until

DESCRIBED = True	# conftest.py: by doc/openapi.yaml

ANA, BEN, EVA = "+447700900401", "+447700900402", "+447700900403"
HELD = """\
  - name: small talk
    when: { text: { matches: '^(hello|thanks)$' } }
    do: { ignore: noise }
  - name: asked for it
    when: { text: { matches: 'ticket' } }
    do: { convert: { } }
  - name: others
    when: { kind: text }
    do: { hold: true }
"""
CLOSED = """\
  - name: closed without an answer
    on: thread.closed
    when: { thread: { resolution: unresolved } }
    do: { convert: { } }
"""
TOP = "first_response: 7d\nidle_close: 90d"


def settled(gateway):
    """Nothing is on its way out, so the clock may go on."""
    wait_until(lambda: not gateway.get("/v1/outbox?state=sending")["jobs"] and
               not [j for j in gateway.get("/v1/outbox?state=due")["jobs"] if not j["attempts"]], "an idle outbox")


def later(gateway, **span):
    settled(gateway)
    gateway.advance(**span)


def say(gateway, graph, who, text):
    before = gateway.get("/v1/status")["engine"]["messages"]
    assert graph.say(who, text, at=gateway.now()) == 200
    wait_until(lambda: gateway.get("/v1/status")["engine"]["messages"] > before, "the message")
    return next(t for t in gateway.threads() if t["reply_to"] == f"tel:{who}")


def close(gateway, thread, resolution):
    done = gateway.api("POST", f"/v1/threads/{thread['id']}/close", {"resolution": resolution})
    assert done.status == 200, done
    return done.json["thread"]


def answer(gateway, thread, text, **more):
    gateway.reply(thread["id"], text, **more)
    wait_until(lambda: all(m["delivery"] != "queued" and m["delivery"] != "sending"
                           for m in gateway.messages(thread["id"]) if m["direction"] == "outbound"), "the answer")


def drops(gateway, state="open"):
    return gateway.get(f"/v1/drops?state={state}")["drops"]


# ---- drops ----

def test_a_dead_helpdesk_makes_drops_that_can_be_restored(start, graph, helpdesk):
    """R4.7: closed unresolved, the ticket asked for and not acknowledged within 300 s; repaired by asking again."""
    gateway = start(rules=HELD + CLOSED, top=TOP)
    helpdesk.answer = lambda delivery: (503, {}, b"")
    thread = say(gateway, graph, ANA, "where is my order")
    converted = close(gateway, thread, "unresolved")
    assert converted["state"] == "converted" and converted["episode"]["layer"] == "ticket"
    later(gateway, seconds=299)
    assert drops(gateway) == []
    later(gateway, seconds=1)
    found = wait_until(lambda: drops(gateway), "the drop")
    assert "conversation 1, closed; answered by a bot 0 times, by people 0; DROPPED" in \
        gateway.ctl("thread", "show", thread["id"], check=0).stdout
    assert [(d["thread_id"], d["why"], d["ticket"], d["restored_at"]) for d in found] == \
        [(thread["id"], "ticket not acknowledged", converted["ticket"]["number"], None)]
    assert [e["type"] for e in gateway.events(thread["id"])].count("drop.detected") == 1
    one = gateway.get(f"/v1/drops?thread={thread['id']}&limit=1")["drops"]
    assert one == found and not gateway.get("/v1/drops?thread=thr_none&state=all")["drops"]
    shown = gateway.ctl("drops", "show", thread["id"], check=0).stdout
    assert re.search(r"^why +ticket not acknowledged\n", shown, re.M) and re.search(r"^restored +no\n", shown, re.M)
    assert "where is my order" in shown and shown.endswith(f"headgatectl drops restore {thread['id']}\n")

    helpdesk.answer = None
    done = gateway.ctl("drops", "restore", thread["id"], "--yes")
    assert done.returncode == 0 and "sent again" in done.stdout, done
    wait_until(lambda: not drops(gateway), "the helpdesk's acknowledgement")
    assert [d["thread_id"] for d in drops(gateway, "all")] == [thread["id"]]
    mended = json.loads(gateway.ctl("--json", "drops", "show", thread["id"], check=0).stdout)
    assert mended["drops"][0]["restored_at"] and [m["text"] for m in mended["messages"]][:1] == ["where is my order"]
    assert "headgatectl drops restore" not in gateway.ctl("drops", "show", thread["id"], check=0).stdout
    asked = [d for d in helpdesk.accepted if d.type == "ticket.requested"]
    assert len(asked) == 1
    # Asked for again, nothing happens again.
    assert gateway.api("POST", f"/v1/drops/{thread['id']}/restore").json["did"] == "nothing"
    settled(gateway)
    assert len([d for d in helpdesk.accepted if d.type == "ticket.requested"]) == 1


def test_a_drop_without_a_ticket_gets_one(start, graph, helpdesk):
    """R4.7: no rule made a ticket of it; restoring does, once, and a restart loses nothing of the timer."""
    gateway = start(rules=HELD, top=TOP + "\ndefault: hold\n")
    threads = [say(gateway, graph, who, "where is my order") for who in (ANA, BEN)]
    for thread in threads:
        close(gateway, thread, "unresolved")
    later(gateway, seconds=100)
    gateway.stop()
    gateway.start()
    gateway.advance(seconds=250)
    wait_until(lambda: len(drops(gateway)) == 2, "both drops")
    refused = gateway.ctl("drops", "restore", "--all")
    assert refused.returncode == 2 and "--yes" in refused.stderr
    done = gateway.ctl("drops", "restore", "--all", "--yes", "--agent", "Mia")
    assert done.returncode == 0 and done.stdout.count("made a ticket") == 2, done
    wait_until(lambda: not drops(gateway), "the acknowledgements")
    assert {t["ticket"]["reason"] for t in gateway.threads()} == {"drop restored by Mia"}
    assert gateway.ctl("drops", "restore", "--all", "--yes").stdout == "no drop is open\n"
    assert gateway.ctl("drops").stdout == "no drop is open\n"
    assert len(gateway.ctl("drops", "list", "--all", "--json").stdout.splitlines()) == 2
    assert len([d for d in helpdesk.accepted if d.type == "ticket.requested"]) == 2


def test_what_was_not_dropped_cannot_be_restored(gateway, graph):
    thread = say(gateway, graph, ANA, "my order is late")
    assert gateway.api("POST", f"/v1/drops/{thread['id']}/restore").status == 409
    assert gateway.ctl("drops", "restore", thread["id"], "--yes").returncode == 5
    assert gateway.ctl("drops", "restore", "thr_" + "0" * 26, "--yes").returncode == 4


# ---- opinions, trials ----

def test_opinions_are_told_by_channel_and_resolver(start, graph, helpdesk):
    """R0.19, R2.11: what a bot's customer and a person's think, in the report, its CSV and the metrics."""
    gateway = start(rules=HELD, top=TOP + "\nrating: { ask: true, delay: 0s }")
    for who, bot, score in ((ANA, True, "2"), (BEN, False, "5")):
        thread = say(gateway, graph, who, "where is my order")
        answer(gateway, thread, "on its way", bot=bot)
        close(gateway, thread, "resolved")
        wait_until(lambda: [m for m in graph.accepted if m.to == who[1:] and "How did we do" in m.text], "the question")
        settled(gateway)
        say(gateway, graph, who, score)
    report = gateway.get("/v1/report?since=1d&by=channel,resolver")
    opinions = {(row["channel"], row["resolver"]): row["csat"] for row in report["rows"]}
    assert opinions == {("wa-main", "bot"): {"n": 1, "mean": 2.0, "satisfied": 0.0},
                        ("wa-main", "human"): {"n": 1, "mean": 5.0, "satisfied": 1.0}}
    assert report["total"]["csat"] == {"n": 2, "mean": 3.5, "satisfied": 0.5}
    # A rating is no message of the conversation, and brings nobody back.
    assert report["total"]["reopened"] == 0 and report["total"]["conversations"] == 2
    assert "3.5 (2)" in gateway.ctl("report", "--since", "1d").stdout
    metrics = gateway.api("GET", "/metrics").body.decode()
    assert 'headgate_csat_score_sum{channel="wa-main",resolver="human"} 5' in metrics
    assert 'headgate_csat_satisfied_total{channel="wa-main",resolver="bot"} 0' in metrics


def test_a_channel_on_trial_stands_apart_with_its_would_be_rate(start, graph, helpdesk):
    """R0.21: compared, not mixed: what it would have come to is beside the totals, and in no metric."""
    gateway = start(rules=HELD, top=TOP, channel="shadow: true")
    assert graph.say(ANA, "I want a ticket") == 200
    assert graph.say(BEN, "where is my order") == 200
    thread = wait_until(lambda: next((t for t in gateway.threads(shadow="true") if t["reply_to"] == f"tel:{BEN}"), None),
                        "the thread")
    close(gateway, thread, "unresolved")
    later(gateway, minutes=6)
    report = gateway.get("/v1/report?since=1d")
    assert report["total"]["conversations"] == 0 and report["rows"] == []
    trial = report["shadow"]["total"]
    assert trial["conversations"] == 2 and trial["tickets"] >= 1 and trial["drops"] == 0
    assert [row["channel"] for row in report["shadow"]["rows"]] == ["wa-main"]
    assert "On trial" in gateway.ctl("report", "--since", "1d").stdout
    assert 'headgate_episodes_ended_total{channel="wa-main",how="converted"} 0' in gateway.api("GET", "/metrics").body.decode()


# ---- a store from before episodes were counted ----

def test_an_older_store_is_brought_up_and_counts_from_then_on(start, graph, helpdesk):
    """R0.1: what was open then is an episode under way, what was closed has none; what follows is counted."""
    gateway = start(rules=HELD, top=TOP, begin=False)
    database = sqlite3.connect(gateway.file())
    database.executescript((harness.TOP / "src" / "store" / "migrations" / "0001_spine.sql").read_text())
    columns = ("n, id, contact_n, scope, key, state, resolution, version, opened_ms, last_ms, first_message_ms, last_customer_ms, "
               "first_response_ms, first_bot_ms, closed_ms, converted_ms, messages, inbound, outbound, last_seq, held, reopened, "
               "channel, reply_to")
    then = int(time.time() * 1000) - 3600000
    database.execute(f"INSERT INTO contact VALUES (1, 'con_{'0' * 25}1', 'Ana', NULL, NULL, NULL, NULL, 0, 0, {then}, NULL)")
    database.execute(f"INSERT INTO address VALUES ('tel:{ANA}', '', 1, 2, {then}, 0, 0)")
    for n, state, key, closed in ((1, 1, "", 0), (2, 2, "old", then)):
        database.execute(f"INSERT INTO thread ({columns}) VALUES ({n}, 'thr_{'0' * 25}{n}', 1, 'default', '{key}', {state}, "
                         f"{state - 1}, 1, {then}, {then}, {then}, {then}, 0, 0, {closed}, 0, 0, 0, 0, 0, 0, 0, 'wa-main', 'tel:{ANA}')")
    database.execute("INSERT INTO instance VALUES (1, randomblob(32))")
    database.execute(f"PRAGMA application_id = {0x68676174}")
    database.execute("PRAGMA user_version = 1")
    database.commit()
    database.close()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    shown = {t["state"]: t for t in gateway.threads()}
    assert shown["closed"]["episode"] is None and shown["open"]["episode"]["number"] == 1
    close(gateway, shown["open"], "resolved")
    assert gateway.api("POST", f"/v1/threads/{shown['closed']['id']}/reopen").json["thread"]["episode"]["number"] == 1
    assert gateway.get("/v1/report?since=1d")["total"]["conversations"] == 1
    assert gateway.fsck() == []


# ---- a day ----

@pytest.fixture(name="day")
def day_fixture(start, graph, helpdesk):
    """Ana is helped by a bot and comes back, Ben becomes a ticket, Eva says hello."""
    gateway = start(rules=HELD, top=TOP + "\nreport: { resolved_after: 1h, reopened_within: 2d }")
    ana = say(gateway, graph, ANA, "where is my order")
    later(gateway, seconds=5)
    answer(gateway, ana, "it is on its way", bot=True)
    close(gateway, ana, "resolved")
    ben = say(gateway, graph, BEN, "I want a ticket")
    wait_until(lambda: gateway.get(f"/v1/threads/{ben['id']}")["thread"]["episode"]["acknowledged_at"], "the desk")
    later(gateway, seconds=150)
    answer(gateway, ben, "we look at it", agent="Mia")
    eva = say(gateway, graph, EVA, "hello")
    close(gateway, eva, "resolved")
    later(gateway, minutes=70)
    ana = say(gateway, graph, ANA, "and now?")
    later(gateway, seconds=20)
    answer(gateway, ana, "tomorrow", agent="Mia")
    close(gateway, ana, "unknown")
    later(gateway, minutes=61)
    return gateway


def test_a_day_adds_up(day):
    """R0.2, R0.15-R0.18, R0.20: conversations, layers, rates, times."""
    report = day.get("/v1/report?since=1d")
    total = report["total"]
    assert (total["conversations"], total["noise"], total["tickets"], total["tickets_waiting"]) == (4, 1, 1, 0)
    assert total["layers"] == {"none": 1, "bot": 1, "conversation": 1, "ticket": 1}
    assert (total["conversion_rate"], total["conversion_band"]) == (0.25, "healthy")
    assert (total["reopened"], total["reopen_rate"], total["reopen_band"]) == (1, 0.25, "audit")
    first = total["first_response"]
    assert (first["n"], first["within_60s"], first["over_120s"]) == (2, 1, 1)
    assert 20000 <= first["p50_ms"] < 30000 and 150000 <= first["p90_ms"] < 160000
    assert total["first_bot_response"]["n"] == 1
    # Ana came back after more than the hour that confirms it; Ben's ticket is open.
    assert (total["resolved"], total["resolution_time"]["n"]) == (3, 3)
    assert (total["answered"], total["one_reply"], total["mean_replies"]) == (3, 3, 1.0)
    assert (total["drops"], report["shadow"]["total"]["conversations"]) == (0, 0)
    assert [row["channel"] for row in report["rows"]] == ["wa-main"]


def test_a_report_by_resolver_and_by_day(day):
    rows = day.get("/v1/report?since=1d&by=resolver")["rows"]
    assert [(r["resolver"], r["conversations"]) for r in rows] == [("bot", 1), ("human", 2), ("none", 1)]
    rows = day.get("/v1/report?since=1d&by=day,channel&zone=Pacific/Kiritimati")["rows"]
    assert sum(r["conversations"] for r in rows) == 4 and {r["channel"] for r in rows} == {"wa-main"}


def test_csv_holds_what_json_holds(day):
    plain = day.get("/v1/report?since=1d")["rows"][0]
    reply = day.api("GET", "/v1/report?since=1d&format=csv")
    assert reply.headers["Content-Type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(reply.body.decode())))
    assert len(rows) == 1
    for column, value in (("channel", "wa-main"), ("shadow", "false"), ("conversations", "4"), ("layer_bot", "1"),
                          ("conversion_rate", "0.2500"), ("conversion_band", "healthy"), ("csat_mean", ""),
                          ("first_response_p90_ms", str(plain["first_response"]["p90_ms"]))):
        assert rows[0][column] == value, column
    assert None not in rows[0] and None not in rows[0].values()
    assert day.ctl("report", "--since", "1d", "--csv").stdout.encode() == reply.body


def test_every_conversation_is_a_line_of_csv(day):
    """R1.19: flat rows that analysts join with their own data."""
    rows = list(csv.DictReader(io.StringIO(day.ctl("report", "--episodes", "--csv", "--since", "1d").stdout)))
    assert [(r["layer"], r["resolver"], r["ended"], r["noise"], r["reopened"]) for r in rows] == [
        ("bot", "bot", "closed", "false", "true"), ("ticket", "human", "converted", "false", "false"),
        ("none", "none", "closed", "true", "false"), ("conversation", "human", "closed", "false", "false")]
    assert rows[1]["ticket"].startswith("TK-") and rows[0]["thread_id"] == rows[3]["thread_id"]
    lines = day.ctl("report", "--episodes", "--json", "--since", "1d").stdout.splitlines()
    assert [json.loads(line)["number"] for line in lines] == [1, 1, 1, 2]
    assert set(json.loads(lines[0])) == set(rows[0])
    first = day.get("/v1/episodes?since=1d&limit=3")
    second = day.get(f"/v1/episodes?since=1d&limit=3&after={first['next']}")
    assert len(first["episodes"]) == 3 and len(second["episodes"]) == 1 and "next" not in second


def test_people_read_a_table(day, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    text = day.ctl("report", "--since", "1d").stdout
    assert "25.0 % healthy" in text and "audit" in text and "wa-main" in text and "total" in text
    assert "Answered by a bot alone 25.0 %" in text
    assert "\033" not in text
    assert max(len(line) for line in text.splitlines()) <= 120
    monkeypatch.setenv("LC_ALL", "C")
    plain = day.ctl("report", "--since", "1d")
    assert plain.stdout.isascii() and "####" in plain.stdout


@pytest.mark.parametrize("query, word", [
    ("since=soon", "30d"), ("since=2026-13-01", "2026-11-20"), ("by=colour", "resolver"), ("zone=Mars/Base", "time zone"),
    ("format=xml", "csv"), ("since=1d&until=2d", "before"), ("bye=channel", "did you mean"),
])
def test_a_wrong_question_is_told_so(gateway, query, word):
    reply = gateway.api("GET", f"/v1/report?{query}")
    assert reply.status == 400 and word in reply.json["detail"]


def test_a_report_of_nothing_is_one(gateway):
    report = gateway.get("/v1/report")
    assert report["rows"] == [] and report["total"]["conversion_rate"] is None
    done = gateway.ctl("report", "--by", "day")
    assert done.returncode == 0 and "total" in done.stdout
