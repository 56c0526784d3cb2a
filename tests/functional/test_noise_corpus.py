"""The labelled messages that noise rules are written by and measured on: see tests/data/noise/README.md.

A failure names file and line, never a held message.
"""
import collections
import importlib.util
import pathlib
import shutil
import unicodedata

import pytest

NOISE = pathlib.Path(__file__).resolve().parents[1] / "data" / "noise"
LANGUAGES = ("en", "de", "es", "fr", "pt", "it", "nl")
QUIET = ("greeting", "thanks", "confirmation", "goodbye", "filler")
LABELS = QUIET + ("request", "escalation")
HALVES = ("dev", "held")


def rows(language, half):
    """(where, label, text) of each line."""
    path = NOISE / f"{language}.{half}.tsv"
    lines = path.read_bytes().decode("utf-8").split("\n")
    assert lines.pop() == "", f"{path.name} ends without a newline"
    return [(f"{path.name}:{number}", *line.split("\t")) for number, line in enumerate(lines, 1)]


def key(text):
    return " ".join(text.casefold().split())


def test_no_other_language_and_no_unsplit_file_lies_there():
    expected = {f"{language}.{half}.tsv" for language in LANGUAGES for half in HALVES}
    assert {path.name for path in NOISE.glob("*.tsv")} == expected


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_each_line_is_a_known_label_and_one_clean_text(language, half):
    wrong = []
    for row in rows(language, half):
        where, text = row[0], row[-1]
        clean = text == text.strip() != "" and unicodedata.is_normalized("NFC", text)
        printable = not any(unicodedata.category(char) == "Cc" or char == "\ufffd" for char in text)
        escaped = "\\" not in text.replace("\\n", "")
        if len(row) != 3 or row[1] not in LABELS or not (clean and printable and escaped):
            wrong.append(where)
    assert wrong == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_message_is_there_twice_in_or_across_the_halves(language):
    places = collections.defaultdict(list)
    for half in HALVES:
        for where, _, text in rows(language, half):
            places[key(text)].append(where)
    assert [twice for twice in places.values() if len(twice) > 1] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_has_enough_of_every_label(language):
    halves = {half: collections.Counter(label for _, label, _ in rows(language, half)) for half in HALVES}
    both = sum(halves.values(), collections.Counter())
    total = both.total()
    assert total >= 400
    assert 0.40 <= sum(both[label] for label in QUIET) / total <= 0.50
    assert 0.40 <= both["request"] / total <= 0.50
    assert 0.07 <= both["escalation"] / total <= 0.13
    for label in LABELS:
        assert both[label] >= 15, label
        assert abs(halves["dev"][label] - halves["held"][label]) <= 1, label


@pytest.fixture
def splitter(tmp_path):
    """split.py and its halves, in a folder of their own."""
    for path in NOISE.iterdir():
        if path.suffix in (".tsv", ".py"):
            shutil.copy(path, tmp_path)
    spec = importlib.util.spec_from_file_location("noise_split", tmp_path / "split.py")
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    return tool


@pytest.mark.parametrize("language", LANGUAGES)
def test_messages_added_later_move_none_that_is_there(language, splitter, tmp_path):
    source = tmp_path / "more" / f"{language}.tsv"
    source.parent.mkdir()
    old = [f"{label}\t{text}\n" for half in HALVES for _, label, text in rows(language, half)]
    new = [f"request\tzz {number}\n" for number in range(5)] + ["thanks\tzz 1\n", "thanks\tzz thanks\n"]
    source.write_text("".join(old + new), encoding="utf-8")
    splitter.split(source)
    added = collections.Counter()
    for half in HALVES:
        name = f"{language}.{half}.tsv"
        before = set((NOISE / name).read_text(encoding="utf-8").splitlines())
        after = set((tmp_path / name).read_text(encoding="utf-8").splitlines())
        assert before <= after, name
        added.update(line.partition("\t")[0] for line in after - before)
        assert 2 <= sum(line.startswith("request") for line in after - before) <= 3, name
    assert added == {"request": 5, "thanks": 1}


@pytest.mark.parametrize("half", HALVES)
def test_halves_are_as_the_script_writes_them(half, splitter, tmp_path):
    for language in LANGUAGES:
        empty = tmp_path / "more" / f"{language}.tsv"
        empty.parent.mkdir(exist_ok=True)
        empty.touch()
        splitter.split(empty)
        name = f"{language}.{half}.tsv"
        assert (tmp_path / name).read_bytes() == (NOISE / name).read_bytes(), name
