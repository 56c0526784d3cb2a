#!/usr/bin/python3
"""What only tests may have: fail points, their environment variables, the settable clock.

    tests/hooks.py absent FILE...    none of it is in these files: what users are given
    tests/hooks.py present FILE...   all of it is in each: what tests run, and proof that this search finds it
    tests/hooks.py passed TRACE      every fail point was passed, by what HEADGATE_FAIL_TRACE kept of a whole run

make installcheck (and so make distcheck) runs the first, tests/functional/test_hooks_absent.py the second, ./check
the third."""
import pathlib
import re
import struct
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parents[1]
TABLE = TOP / "src" / "base" / "failpoints.h"
VARIABLES = ["HEADGATE_FAIL", "HEADGATE_FAIL_TRACE", "HEADGATE_TEST_CLOCK"]
SYMBOLS = ["hg_failpoint", "moved_map"]


def points():
    """(name, may fail, what lies before it) of each, in order."""
    found = re.findall(r'^\tX\([A-Z_]+, "([a-z_.]+)", ([CE]), "([^"]*)"\)', TABLE.read_text(), re.M)
    assert found, f"{TABLE}: no row can be read"
    return [(name, kind == "E", before) for name, kind, before in found]


def passed(path):
    """How often each point was passed: name -> times."""
    raw = pathlib.Path(path).read_bytes()
    counts = struct.unpack_from("=128q", raw, 8)
    n, = struct.unpack_from("=q", raw, 0)
    names = [name for name, _, _ in points()]
    if n != len(names):
        sys.exit(f"{path}: written by a build with {n} fail points, {TABLE} has {len(names)}")
    return dict(zip(names, counts))


def found_in(path):
    """What of it is in the file: strings (ended by a NUL, as C keeps them) and symbols."""
    raw = pathlib.Path(path).read_bytes()
    words = VARIABLES + [name for name, _, _ in points()]
    strings = {word for word in words if b"\0" + word.encode() + b"\0" in raw}
    said = subprocess.run(["nm", "-a", path], capture_output=True, text=True).stdout
    said += subprocess.run(["nm", "-aD", path], capture_output=True, text=True).stdout
    symbols = {line.split()[-1].split("@")[0].split(".")[0] for line in said.splitlines() if line.split()}
    return strings | (symbols & set(SYMBOLS))


def look(mode, files):
    bad = 0
    for path in files:
        there, wanted = found_in(path), set(VARIABLES + SYMBOLS) | {name for name, _, _ in points()}
        wrong = there if mode == "absent" else wanted - there
        bad += bool(wrong)
        for word in sorted(wrong):
            print(f"{path}: {word} is {'there' if mode == 'absent' else 'missing'}")
    return bad


def look_passed(path):
    never = [name for name, times in passed(path).items() if not times]
    for name in never:
        print(f"fail point {name} was passed by no test: make one pass it, or take it out of {TABLE.name}")
    return len(never)


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("absent", "present", "passed"):
        sys.exit(__doc__)
    sys.exit(1 if (look_passed(sys.argv[2]) if sys.argv[1] == "passed" else look(sys.argv[1], sys.argv[2:])) else 0)
