"""Tickets from the shell and the API: listed, shown, tried again, pointed at another ticket of the helpdesk."""
import json

import pytest

import conftest
from harness import wait_until
from test_api import problem

CONFIG = dict(rules=conftest.NOISE + conftest.AT_ONCE)


def lines(world, *args):
    return [json.loads(line) for line in world.gateway.ctl("--json", "ticket", *args, check=0).stdout.splitlines()]


def numbers(world, *args):
    return [entry["ticket"]["number"] for entry in lines(world, "list", *args)]


@pytest.fixture(scope="module")
def mix(world):
    """One that the helpdesk has, one that it refused six times, one that waits for a later try."""
    taken = world.thread("the first matter")
    wait_until(lambda: world.thread_of(taken["reply_to"][4:])["ticket"]["links"], "the link")
    world.helpdesk.answer = lambda delivery: (422, {}, b"no such queue") if delivery.type == "ticket.requested" else None
    refused = world.thread("a matter the helpdesk refuses")
    for tried in range(1, 6):
        wait_until(lambda: any(job["attempts"] == tried for job in world.gateway.get("/v1/outbox?state=due")["jobs"]), f"attempt {tried}")
        world.gateway.advance(hours=2)
    wait_until(lambda: world.gateway.get("/v1/outbox?state=dead")["jobs"], "the dead letter")
    waits = world.thread("a matter that waits")
    wait_until(lambda: world.gateway.get("/v1/outbox?state=due")["jobs"], "the first attempt")
    return {name: thread["ticket"]["number"] for name, thread in dict(taken=taken, refused=refused, waits=waits).items()}


def test_tickets_are_listed_by_how_they_stand(world, mix):
    assert numbers(world) == [mix["waits"], mix["refused"], mix["taken"]]
    assert numbers(world, "--failed") == [mix["refused"]] and numbers(world, "--waiting") == [mix["waits"]]
    assert numbers(world, "--state", "open") == [mix["taken"]] == numbers(world, "--state", "open", "--backend", "desk", "--channel", "wa-main")
    assert numbers(world, "--backend", "desk", "--all") == numbers(world, "--limit", "3")
    assert numbers(world, "--until", "2001-01-01") == numbers(world, "--shadow") == []
    assert numbers(world, "--since", "1m", "--before", lines(world, "list", "--limit", "1")[0]["ticket"]["id"]) == []
    failed, = lines(world, "list", "--failed")
    assert (failed["failed"], failed["waiting"]) == (1, 0) and "422" in failed["error"] and failed["contact_name"] == "Ana Lima"
    shown = world.gateway.ctl("ticket", "--limit", "2", check=0)
    assert shown.stdout.splitlines()[0].split()[:2] == ["TICKET", "STATE"] and "1 failed, 0 wait" in shown.stdout
    assert "there are more: --before tkt_" in shown.stderr


@pytest.mark.parametrize("query", ["state=gone", "work=lost", "since=soon", "limit=0", "shadow=1", "states=open"])
def test_what_a_list_cannot_be_asked_is_refused(world, query):
    problem(world.gateway.api("GET", f"/v1/tickets?{query}"), 400, "invalid-request")


def test_a_ticket_is_shown_with_the_helpdesks_place_and_what_is_on_its_way(world, mix):
    shown = world.gateway.ctl("ticket", "show", mix["refused"], check=0).stdout
    assert "ticket.requested, desk: dead" in shown and "tried 6 times" in shown and "422" in shown
    one = json.loads(world.gateway.ctl("--json", "ticket", "show", mix["taken"], check=0).stdout)
    link, = one["ticket"]["links"]
    assert one["ticket"] == one["thread"]["ticket"] and not one["jobs"]
    assert f"desk: id {link['id']}" in world.gateway.ctl("ticket", "show", link["id"], check=0).stdout
    assert "TK-77" in world.gateway.ctl("ticket", "show", "TK-77", check=4).stderr


def test_a_relink_asks_says_why_and_prints_the_way_back(world, mix):
    was = world.gateway.get(f"/v1/tickets/{mix['taken']}")["ticket"]["links"][0]
    relink = ["ticket", "relink", mix["taken"], "7788", "--reason", "merged over there", "--agent", "Ann"]
    assert "--yes" in world.gateway.ctl(*relink, check=2).stderr
    assert "--reason" in world.gateway.ctl("ticket", "relink", mix["taken"], "7788", "--yes", check=2).stderr
    said, back = world.gateway.ctl(*relink, "--yes", check=0).stdout.splitlines()
    assert said == f"{mix['taken']} is 7788 in desk now, not {was['id']}"
    link, = world.gateway.get("/v1/tickets/7788")["ticket"]["links"]
    assert link["id"] == "7788" and link["url"] is None
    thread = world.gateway.get(f"/v1/tickets/{mix['taken']}")["thread"]["id"]
    assert f"in ticket 7788, which took the place of {was['id']} (Ann: merged over there)." in world.gateway.messages(thread)[-1]["text"]
    assert "already" in world.gateway.ctl(*relink, "--yes", check=5).stderr
    command = back.removeprefix("back: headgatectl ").replace("'", "").split()
    world.gateway.ctl(*command, "--yes", check=0)
    again, = world.gateway.get(f"/v1/tickets/{mix['taken']}")["ticket"]["links"]
    assert {key: again[key] for key in ("id", "number", "url")} == {key: was[key] for key in ("id", "number", "url")}
    for new, old, status in (("9", "8", 409), ("9", was["id"], 200), (was["id"], "9", 200)):		# what a helpdesk itself says
        answer = world.gateway.api("PUT", f"/v1/tickets/{mix['taken']}/link", {"id": new, "instead_of": old})
        assert answer.status == status, answer


@pytest.mark.parametrize("body, word", [({}, "id"), ({"id": "1"}, "reason"), ({"id": "1", "reason": ""}, "reason"),
                                        ({"id": "1", "reason": "x", "backend": "nobody"}, "no backend"),
                                        ({"id": "1", "reason": "x", "url": "javascript:1"}, "https://")])
def test_a_relink_that_is_not_clear_is_refused(world, mix, body, word):
    assert word in problem(world.gateway.api("POST", f"/v1/tickets/{mix['taken']}/relink", body), 400, "invalid-request")


def test_what_is_not_there_yet_cannot_be_relinked(world, mix):
    answer = world.gateway.api("POST", f"/v1/tickets/{mix['refused']}/relink", {"id": "1", "reason": "x"})
    assert "is none in desk yet" in problem(answer, 409, "wrong-state")


def test_what_was_given_up_or_waits_is_tried_again(world, mix):
    world.helpdesk.answer = None
    assert "no backend" in world.gateway.ctl("ticket", "retry", mix["refused"], "--backend", "nobody", check=2).stderr
    done = world.gateway.ctl("ticket", "retry", mix["refused"], mix["taken"], mix["waits"], check=6)
    assert done.stdout == f"{mix['refused']}: 1 tried again\n{mix['waits']}: 1 tried again\n"
    assert f"nothing of ticket {mix['taken']} was given up" in done.stderr
    wait_until(lambda: all(entry["ticket"]["links"] for entry in lines(world, "list")), "the helpdesk's numbers")
    assert numbers(world, "--failed") == numbers(world, "--waiting") == []
    requests = [delivery for delivery in world.helpdesk.attempts if delivery.type == "ticket.requested"]
    assert len({delivery.id for delivery in requests}) == 3
    world.gateway.ctl("ticket", "retry", mix["taken"], check=5)
