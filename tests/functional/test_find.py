"""Conversations found from the shell: lists by every filter, search, and a tail that goes on where it broke."""
import json

import pytest

import conftest
from harness import wait_until
from test_ctl import Running

CONFIG = dict(rules=conftest.NOISE + """\
  - name: refunds
    when: { text: { matches: 'refund' } }
    do: { convert: { category: refund, priority: high, queue: billing } }
""", top="default: hold\nsettle: 1h\nfirst_response: 7d")


def lines(world, *args, code=0):
    return [json.loads(line) for line in world.gateway.ctl("--json", *args, check=code).stdout.splitlines()]


def listed(world, *args):
    return [thread["id"] for thread in lines(world, "thread", "list", *args)]


@pytest.fixture(scope="module")
def mix(world):
    held = [world.thread(f"where is the \U0001f998 quokka {n}") for n in range(3)]
    tickets = [world.thread(f"a refund of order {n}") for n in range(3)]
    assert world.gateway.api("PATCH", f"/v1/threads/{held[0]['id']}", {"tags_add": ["vip"], "assignee": "ann", "queue": "sales"}).status == 200
    assert world.gateway.reply(held[1]["id"], "it left today").status == 202
    assert world.gateway.api("POST", f"/v1/threads/{held[2]['id']}/close", {"resolution": "resolved"}).status == 200
    wait_until(lambda: world.gateway.status()["search"] == {"state": "ready", "behind": 0}, "the index")
    return dict(held=held, tickets=tickets)


# ---- list ----

FILTERS = {
    "--tag vip": ["held0"], "--queue sales": ["held0"], "--assignee ann": ["held0"], "--category refund --limit 1": ["tickets2"],
    "--priority high": ["tickets2", "tickets1", "tickets0"], "--ticket yes": ["tickets2", "tickets1", "tickets0"],
    "--ticket no --state open": ["held1", "held0"], "--state closed": ["held2"], "--waiting --ticket no": ["held0"],
    "--channel wa-main --state closed": ["held2"], "--until 2001-01-01": [], "--since 1h --queue sales": ["held0"], "--shadow": [],
}


@pytest.mark.parametrize("args", FILTERS)
def test_a_filter_of_the_list_is_that_of_the_api(world, mix, args):
    assert listed(world, *args.split()) == [mix[name[:-1]][int(name[-1])]["id"] for name in FILTERS[args]]


def test_a_line_of_the_list_is_the_thread_of_the_api(world, mix):
    one, = lines(world, "thread", "list", "--contact", mix["held"][0]["contact"]["id"])
    assert one == world.gateway.get(f"/v1/threads/{mix['held'][0]['id']}")["thread"]


def test_a_list_goes_on_where_it_ended_and_all_has_all(world, mix):
    tickets = [thread["id"] for thread in reversed(mix["tickets"])]
    done = world.gateway.ctl("thread", "list", "--queue", "billing", "--limit", "1", check=0)
    assert done.stderr == f"headgatectl: there are more: --before {tickets[0]} goes on, --all shows all\n"
    assert listed(world, "--queue", "billing", "--limit", "2", "--before", tickets[0]) == tickets[1:]
    assert listed(world, "--queue", "billing", "--all") == tickets
    assert len(listed(world, "--limit", "501")) == len(listed(world, "--all")) >= 6
    assert "one of them" in world.gateway.ctl("thread", "list", "--all", "--limit", "3", check=2).stderr
    assert "gone" in world.gateway.ctl("thread", "list", "--before", "thr_gone", check=4).stderr


# ---- search ----

def test_search_shows_what_was_said_and_where(world, mix):
    plain = world.gateway.ctl("thread", "search", "--", "QUOKKA", "-1", check=0).stdout.splitlines()
    assert plain[0].split() == ["THREAD", "STATE", "CHANNEL", "IN", "SAID", "CONTACT", "WHERE"]
    assert [line.split()[0] for line in plain[1:]] == [mix["held"][2]["id"], mix["held"][0]["id"]]
    assert plain[1].split()[1:4] == ["closed", "wa-main", "inbound"] and plain[1].endswith("where is the \U0001f998 quokka 2")
    shown = world.gateway.ctl("--color", "always", "thread", "search", "QUOKKA", check=0).stdout
    assert "where is the \U0001f998 \033[33mquokka\033[0m 2\n" in shown


def test_search_as_json_is_that_of_the_api_with_filters_and_pages(world, mix):
    assert lines(world, "thread", "search", "quokka", "--all") == world.gateway.get("/v1/search?q=quokka&limit=500")["results"]
    assert [hit["thread_id"] for hit in lines(world, "thread", "search", "quokka", "--state", "closed")] == [mix["held"][2]["id"]]
    assert [hit["thread_id"] for hit in lines(world, "thread", "search", "where", "quokka", "--tag", "vip")] == [mix["held"][0]["id"]]
    done = world.gateway.ctl("--json", "thread", "search", "quokka", "--limit", "1", check=0)
    place = done.stderr.split("--before ")[1].split()[0]
    rest = lines(world, "thread", "search", "quokka", "--before", place)
    assert [json.loads(done.stdout), *rest] == lines(world, "thread", "search", "quokka")


def test_nothing_found_and_what_cannot_be_looked_for(world, mix):
    assert world.gateway.ctl("thread", "search", "wombat", check=1).stdout == "nothing was found\n"
    assert lines(world, "thread", "search", "wombat", code=1) == []
    assert world.gateway.ctl("thread", "search", "x " * 17, check=2).stderr.startswith("headgatectl: ")


# ---- tail ----

def following(world, *args):
    before = world.gateway.status()["http"]["streams"]
    running = Running("-s", world.gateway.socket, "--json", "tail", *args)
    wait_until(lambda: world.gateway.status()["http"]["streams"] > before, "the stream")
    return running


def test_tail_tells_what_the_filters_let_through(world, mix):
    his = following(world, "--contact", mix["held"][0]["contact"]["id"], "--channel", "wa-main")
    decided, none = following(world, "--rule", "refunds"), following(world, "--channel", "wa-other")
    refund = world.thread("one more refund")
    world.gateway.ctl("thread", "note", mix["held"][0]["id"], "look", check=0)
    assert json.loads(his.line())["data"]["thread"]["id"] == mix["held"][0]["id"]
    told = json.loads(decided.line())
    assert told["data"]["thread"]["id"] == refund["id"]
    for tail in (his, decided, none):
        tail.stop()
    assert none.line() == ""


def test_tail_begins_in_the_past_and_behind_an_event(world, mix):
    log = world.gateway.events(mix["held"][1]["id"])
    for begin, wanted in ((["--since", "1h"], log), (["--after", log[0]["id"]], log[1:])):
        tail = following(world, "--thread", mix["held"][1]["id"], *begin)
        assert [json.loads(tail.line()) for _ in wanted] == wanted
        tail.stop()
    assert "one of them" in world.gateway.ctl("tail", "--since", "1h", "--after", "evt_1", check=2).stderr


def test_tail_says_reset_where_it_cannot_go_on(world):
    tail = following(world, "--after", "evt_01m7z855jne6m880d45tb8szs0")
    told = json.loads(tail.line())
    assert (told["type"], told["data"]) == ("reset", {"reason": "unknown"}) and told["id"].startswith("evt_")
    assert "reset: the daemon does not know the event" in tail.complaint()
    thread = world.thread("and it goes on")
    assert json.loads(tail.line())["data"]["thread"]["id"] == thread["id"]
    tail.stop()


def test_tail_goes_on_behind_what_it_showed_when_the_daemon_is_back(start, graph):
    """What happened before anybody followed again is told, once."""
    gateway = start(rules="", top="default: hold\nsettle: 1h\nfirst_response: 7d")
    tail = Running("-s", gateway.socket, "--json", "tail")
    wait_until(lambda: gateway.status()["http"]["streams"] == 1, "the stream")
    graph.say("+447700900100", "one")
    told = [json.loads(tail.line())]
    gateway.kill()
    assert "the stream broke" in tail.complaint()
    gateway.start()
    graph.target(gateway.port, "wa-main")
    graph.say("+447700900101", "two")
    log = gateway.get("/v1/events")["events"]
    told += [json.loads(tail.line()) for _ in log[1:]]
    assert [event["id"] for event in told] == [event["id"] for event in log]
    tail.stop()
