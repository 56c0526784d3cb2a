"""Every case of tests/data/hostile/json.txt, rightly signed to the intake and rightly authorized to the API."""
import json
import re

import pytest

import conftest
import corpus
import harness
from records import record

CASES = corpus.json()
ANA = "+447700900123"
API_MAX = 256 * 1024


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    made = conftest.Target(tmp_path_factory.mktemp("json"))
    made.graph.say(ANA, "hello")
    made.thread = made.gateway.wait_thread()[0]["id"]
    yield made
    made.close()


def is_safe(answer):
    """Valid, explained, and without a byte that a terminal or page would act on."""
    assert answer.headers["Content-Type"] == "application/problem+json" and answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.body) < 1000 and not re.search(rb"[\x00-\x1f\x7f]", answer.body), answer.body
    return answer.json


def test_the_corpus_agrees_with_another_reader():
    """Python's: what we take it takes; what we refuse and it takes is refused for a reason of ours, or for its known gaps."""
    ours = re.compile(r"own|4 |8\.2|^4$|NaN|Infinity")
    for case in CASES:
        if len(case.bytes) > 100000:
            continue
        try:
            json.loads(case.bytes.decode("utf-8"), parse_int=str)
            taken = True
        except (ValueError, RecursionError):
            taken = False
        if case.want == "take":
            assert taken, case.name
        elif taken:
            assert ours.search(case.rule) or re.search("NaN|Infinity|key .*twice|thousand times", case.name), f"{case.name} ({case.rule})"


def test_the_api_refuses_each_and_says_why(target):
    path = f"/v1/threads/{target.thread}/notes"
    headers = {"Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "application/json", "Idempotency-Key": '"k"'}
    tried = 0
    for case in CASES:
        if not case.bytes or len(case.bytes) > API_MAX:
            continue
        answer = target.gateway.http("POST", path, case.bytes, headers)
        assert 400 <= answer.status < 500, (case.name, answer)
        said = is_safe(answer)["detail"]
        assert ("JSON:" in said) == (case.want != "take"), f"{case.name} ({case.rule}), want {case.want}: {said}"
        tried += 1
    assert tried > 300
    assert [m for m in target.gateway.messages(target.thread) if m["kind"] == "note" or m["direction"] == "note"] == []
    record("json.corpus", tried, way="api")


def test_as_a_member_each_is_judged_as_it_is_alone(target):
    """Within a body that is otherwise a note: an unknown member is refused by its name, what is no JSON before that."""
    path = f"/v1/threads/{target.thread}/notes"
    headers = {"Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "application/json"}
    for case in CASES:
        # What closes or opens brackets may make sense of another kind there; one bracket is a level more.
        if len(case.bytes) > 2000 or case.want != "take" or "deep" in case.name or "32" in case.name:
            continue
        answer = target.gateway.http("POST", path, b'{"text":"a note","extra":' + case.bytes + b"}", headers)
        assert answer.status in (400, 422), (case.name, answer)
        assert "extra" in is_safe(answer)["detail"], (case.name, answer)


def test_the_intake_keeps_each_as_it_came(target):
    before = target.memory("VmHWM")
    for case in CASES:
        answer = target.gateway.http("POST", "/channel/wa-main/webhook", case.bytes,
                                     {"Content-Type": "application/json", "X-Hub-Signature-256": target.graph.sign(case.bytes)})
        assert answer.status == (413 if len(case.bytes) > 4 << 20 else 200), (case.name, answer)
    assert target.gateway.http("GET", "/readyz").status == 200
    grown = target.memory("VmHWM") - before
    # 4 MiB of "{}," would be 1.1 GB as a tree.
    assert grown < 400 << 20, f"{grown >> 20} MiB for the dearest of them"
    assert target.graph.say(ANA, "as good as ever") == 200
    assert "as good as ever" in [m["text"] for m in target.gateway.messages(target.thread)]
    record("json.corpus", len(CASES), way="intake", peak_MiB=grown >> 20)
