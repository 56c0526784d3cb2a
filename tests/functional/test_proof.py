"""That doc/proof.md is made of what runs left behind, and that a run that tried too little is none."""
import json
import subprocess

import yaml

from harness import TOP

PAGE = TOP / "tests" / "proof" / "page"
CHECKED = [a for a in yaml.safe_load((TOP / "tests" / "proof" / "attacks.yaml").read_text())["attacks"]
           if a.get("in", "check") == "check"]


def page(*args):
    return subprocess.run([PAGE, *args], capture_output=True, text=True, timeout=60)


def verify(folder, records):
    file = folder / "records.jsonl"
    file.write_text("".join(json.dumps({"found": 0, "figures": {}, **record}) + "\n" for record in records))
    return page("--verify", file)


def enough():
    return [{"name": attack["record"], "count": attack["least"]} for attack in CHECKED]


def test_the_page_is_what_the_records_make():
    answer = page("--is-current")
    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_a_run_with_every_record_is_good(tmp_path):
    answer = verify(tmp_path, enough())
    assert answer.returncode == 0, answer.stdout


def test_lines_of_one_attack_are_added_up(tmp_path):
    first, *others = enough()
    halves = [{**first, "count": first["count"] - 1}, {**first, "count": 1}]
    assert verify(tmp_path, halves + others).returncode == 0
    assert verify(tmp_path, halves[:1] + others).returncode == 1


def test_an_attack_that_was_not_made_fails_the_run(tmp_path):
    answer = verify(tmp_path, enough()[1:])
    assert answer.returncode == 1 and f"{CHECKED[0]['record']}: no record" in answer.stdout


def test_an_attack_that_found_something_fails_the_run(tmp_path):
    first, *others = enough()
    answer = verify(tmp_path, [{**first, "found": 1}, *others])
    assert answer.returncode == 1 and "1 of" in answer.stdout


def test_a_record_nobody_knows_fails_the_run(tmp_path):
    answer = verify(tmp_path, enough() + [{"name": "made.up", "count": 1}])
    assert answer.returncode == 1 and "made.up" in answer.stdout
