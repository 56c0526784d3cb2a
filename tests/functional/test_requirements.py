"""That what doc/requirements.md promises has a test that names it, and that no test names a number nobody knows."""
import re

from harness import TOP

NUMBER = re.compile(r"\bR[0-4]\.\d+\b")


def promised():
    """Numbers of the tables, and all that the page mentions."""
    text = (TOP / "doc" / "requirements.md").read_text()
    rows = set(re.findall(r"^\| (R[0-4]\.\d+) \|", text, re.M))
    assert len(rows) > 40
    return rows, set(NUMBER.findall(text))


def named():
    """number -> the files of tests that name it."""
    found = {}
    for path in sorted((TOP / "tests").glob("*/test_*.*")):
        if path.suffix in (".py", ".c") and path.name != "test_requirements.py":
            for number in NUMBER.findall(path.read_text()):
                found.setdefault(number, set()).add(path.name)
    return found


def test_each_promise_has_a_test_that_names_it():
    rows, _ = promised()
    assert sorted(rows - set(named())) == []


def test_no_test_names_a_promise_that_is_not_written_down():
    _, known = promised()
    assert {number: sorted(files) for number, files in named().items() if number not in known} == {}
