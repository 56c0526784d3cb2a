"""Lists of conversations by what they are: every filter of the API against what the threads themselves say."""
import pytest

import conftest
from test_api import problem

CONFIG = dict(rules=conftest.NOISE + """\
  - name: refunds
    when: { text: { matches: 'refund' } }
    do: { convert: { category: refund, priority: high, queue: billing } }
""", top="default: hold\nsettle: 1h\nfirst_response: 7d")


def ids(threads):
    return [t["id"] for t in threads]


@pytest.fixture(scope="module")
def mix(world):
    """Six conversations, and what of them was changed by hand."""
    held = [world.thread(f"where is order {n}") for n in range(3)]
    tickets = [world.thread(f"a refund of order {n}") for n in range(3)]
    api = world.gateway.api
    assert api("PATCH", f"/v1/threads/{held[0]['id']}", {"tags_add": ["vip", "b2b"], "assignee": "ann", "queue": "sales"}).status == 200
    assert api("PATCH", f"/v1/threads/{tickets[0]['id']}", {"tags_add": ["vip"]}).status == 200
    assert api("PATCH", f"/v1/threads/{held[0]['id']}", {"tags_remove": ["b2b"]}).status == 200
    assert world.gateway.reply(held[1]["id"], "it left today").status == 202
    assert api("POST", f"/v1/threads/{held[2]['id']}/close", {"resolution": "resolved"}).status == 200
    return dict(held=ids(held), tickets=ids(tickets))


QUERIES = {
    "tag=vip": ["held0", "tickets0"], "tag=b2b": [], "queue=sales": ["held0"], "queue=billing": ["tickets0", "tickets1", "tickets2"],
    "queue=": ["held1", "held2"], "assignee=ann": ["held0"], "category=refund": ["tickets0", "tickets1", "tickets2"],
    "priority=high&tag=vip": ["tickets0"], "priority=low": [], "has_ticket=true": ["tickets0", "tickets1", "tickets2"],
    "has_ticket=false&state=open": ["held0", "held1"], "state=closed": ["held2"], "state=converted&queue=billing&tag=vip": ["tickets0"],
    "since=1h": ["held0", "held1", "held2", "tickets0", "tickets1", "tickets2"], "until=2001-01-01": [],
    "waiting=true&state=open": ["held0"],
}


@pytest.mark.parametrize("query", QUERIES)
def test_a_filter_lets_through_what_it_says(world, mix, query):
    wanted = {mix[name[:-1]][int(name[-1])] for name in QUERIES[query]}
    assert set(ids(world.gateway.get(f"/v1/threads?{query}")["threads"])) == wanted


def test_a_page_goes_on_where_the_last_one_ended(world, mix):
    got, before = [], ""
    for _ in range(10):
        page = world.gateway.get(f"/v1/threads?queue=billing&limit=1{before}")
        got += ids(page["threads"])
        if "next" not in page:
            break
        before = f"&before={page['next']}"
    assert got == mix["tickets"][::-1]


@pytest.mark.parametrize("query", ["has_ticket=perhaps", "waiting=1", "since=whenever", "state=gone", "limit=0", "tagg=vip"])
def test_what_a_filter_cannot_be_is_refused(world, query):
    assert query.partition("=")[0] in problem(world.gateway.api("GET", f"/v1/threads?{query}"), 400, "invalid-request")
