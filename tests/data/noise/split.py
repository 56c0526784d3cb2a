#!/usr/bin/python3
"""Split labelled messages into a half to write rules by and a half to measure them on.

    tests/data/noise/split.py FILE.tsv ...

Each FILE.tsv, named after its language, has one message per line: label, tab, text. Half of each
label goes to LANG.dev.tsv, half to LANG.held.tsv, both beside this script. Which half is decided by
a hash of the text, so the order of the input and the version of Python do not matter.

Messages that are already in one of the halves stay where they are: what somebody may have seen can
never become held, and what is held never becomes known because something was added.
"""

import hashlib
import pathlib
import sys
import unicodedata

HERE = pathlib.Path(__file__).resolve().parent
SEED = "headgate noise 1"
LABELS = ("greeting", "thanks", "confirmation", "goodbye", "filler", "request", "escalation")
HALVES = ("dev", "held")


def key(text):
    """What makes two messages the same one: case and white space do not count."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def rank(text):
    return hashlib.sha256(f"{SEED}\n{key(text)}".encode()).hexdigest()


def read(path):
    """The (label, text) pairs of a file; none when there is no such file."""
    if not path.exists():
        return []
    pairs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if not line:
            continue
        label, tab, text = line.partition("\t")
        if label not in LABELS or not tab or not text.strip() or "\t" in text:
            sys.exit(f"{path}:{number}: not a known label, a tab and a text")
        pairs.append((label, unicodedata.normalize("NFC", text.strip())))
    return pairs


def split(source):
    paths = {half: HERE / f"{source.stem}.{half}.tsv" for half in HALVES}
    halves = {half: read(path) for half, path in paths.items()}
    known = {key(text) for pairs in halves.values() for _, text in pairs}
    fresh = {}
    for label, text in read(source):
        if key(text) not in known:
            known.add(key(text))
            fresh.setdefault(label, []).append(text)
    for label, texts in fresh.items():
        texts.sort(key=rank)
        # The smaller half is served first, so that an odd count evens out the next time.
        counts = {half: sum(own == label for own, _ in halves[half]) for half in HALVES}
        order = sorted(HALVES, key=counts.get)
        for place, text in enumerate(texts):
            halves[order[place % 2]].append((label, text))
    for half, pairs in halves.items():
        pairs.sort(key=lambda pair: (LABELS.index(pair[0]), rank(pair[1])))
        lines = "".join(f"{label}\t{text}\n" for label, text in pairs)
        paths[half].write_text(lines, encoding="utf-8")


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    for name in sys.argv[1:]:
        split(pathlib.Path(name))
