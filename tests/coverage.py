#!/usr/bin/python3
"""Were the lines and branches of the product run by its tests?

    tests/coverage.py [BUILD]           looks at what the tests of a build with --enable-coverage left behind
    tests/coverage.py --file FILE ...   lists what no test ran in these files
    tests/coverage.py --html DIR        also writes pages to look through

A branch is one outcome of one condition of the source: `a && b` has four.  The bars: LINES and BRANCHES of
src/ and of adapters/, and every branch of the files in tests/critical.txt.

Not counted, since no test can take them:
 1. What a macro of a library does within (asserts, g_clear_pointer, g_once_init_enter), but for MIN, MAX, CLAMP
    and ABS, whose sides are decisions of ours.  Conditions inside g_assert() are asserts.
 2. The condition of an `if` that leads straight to g_error(): the process ends there.
 3. Sides on a line with a comment that begins with "never:" and says why not.
The critical files have nothing else that is let off; a bar is never lowered for a file.
Exit codes: 0, 1 (below a bar), 2 (nothing to look at).
"""

import argparse
import json
import os
import pathlib
import re
import subprocess
import sys

TOP = pathlib.Path(__file__).resolve().parent.parent
CRITICAL = TOP / "tests" / "critical.txt"
LINES, BRANCHES = 90, 80	# percent
# Of adapters: much of what is untaken there is a member that providers always send, or a failure of theirs after another.
ADAPTER_BRANCHES = 78
DECISIONS = {"MIN", "MAX", "CLAMP", "ABS"}
WORST = 8			# files shown

sys.path.insert(0, str(TOP / "tests" / "functional"))
from records import record  # noqa: E402


# ---- what the tests left behind ----

def tool(name):
    """LLVM's tools stand beside clang, with or without its version in the name."""
    for folder in [*os.environ["PATH"].split(":"), "/usr/lib/llvm-14/bin"]:
        if os.access(os.path.join(folder, name), os.X_OK):
            return os.path.join(folder, name)
    sys.exit(f"{name} is missing: apt-get install llvm")


def binaries(build):
    """Everything that has counters: a file of the product may be in one program only."""
    found = []
    for folder in ("", ".libs", "adapters/.libs", "tests/unit", "tests/unit/.libs", "tests/tools"):
        for path in sorted((build / folder).glob("*")):
            if path.is_file() and not path.is_symlink() and os.access(path, os.X_OK):
                with open(path, "rb") as file:
                    if file.read(4) == b"\x7fELF":
                        found.append(path)
    return found


def exported(build):
    profiles = sorted((build / "coverage").glob("*.profraw"))
    if not profiles:
        print(f"{build}/coverage holds no profile: no test was run on a build with --enable-coverage")
        sys.exit(2)
    merged = build / "coverage" / "all.profdata"
    subprocess.run([tool("llvm-profdata"), "merge", "-sparse", "-o", merged, *profiles], check=True)
    first, *others = binaries(build)
    command = [tool("llvm-cov"), "export", f"-instr-profile={merged}", first]
    for path in others:
        command += ["-object", path]
    done = subprocess.run(command, check=True, capture_output=True)
    return json.loads(done.stdout)["data"][0]


# ---- branches ----

class Source:
    """One file of the product: its text, and what of it is not counted."""

    def __init__(self, path):
        self.path, self.text = path, path.read_text()
        self.lines = self.text.splitlines()
        self.starts = [0]
        for line in self.text.split("\n"):
            self.starts.append(self.starts[-1] + len(line.encode()) + 1)
        self.bytes = self.text.encode()
        self.spans = [span for match in re.finditer(rb"\bg_assert\w*\s*(\()", self.bytes)
                      for span in [(match.start(1), self.closing(match.start(1)))]]
        for match in re.finditer(rb"\bif\s*(\()", self.bytes):
            end = self.closing(match.start(1))
            if re.match(rb"\)\s*(\{\s*)?g_error\b", self.bytes[end:end + 200]):
                self.spans.append((match.start(1), end))

    def closing(self, at):
        """Of the parenthesis at a place; parentheses in strings are left out."""
        depth = 0
        for match in re.finditer(rb'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])+\'|[()]', self.bytes[at:]):
            depth += {b"(": 1, b")": -1}.get(match.group(), 0)
            if not depth:
                return at + match.start()
        return len(self.bytes)

    def exempt(self, line, column):
        if line > len(self.lines):
            sys.exit(f"{self.path} was changed since it was built: build and run the tests again")
        at = self.starts[line - 1] + column - 1
        return "/* never: " in self.lines[line - 1] or any(a < at < b for a, b in self.spans)


def site(function, branch):
    """The file of a branch and its place there: where the outermost macro stands, when it is in one.
    None: within a macro of a library."""
    names, regions = function["filenames"], {r[6]: r for r in function["regions"] if r[7] == 1}
    file, line, column = branch[6], branch[0], branch[1]
    while file in regions:
        inner = regions[file]
        if not names[file].startswith(str(TOP)) and not decision(names[file], line):
            return None
        line, column, file = inner[0], inner[1], inner[5]
    return names[file], line, column


_decision_lines = {}


def decision(path, line):
    """Is this line of a library's header the body of MIN, MAX, CLAMP or ABS?"""
    if path not in _decision_lines:
        found, name = set(), None
        for number, text in enumerate(pathlib.Path(path).read_text(errors="replace").splitlines(), 1):
            match = re.match(r"\s*#\s*define\s+(\w+)", text)
            name = match.group(1) if match else name
            if name in DECISIONS:
                found.add(number)
            if not text.endswith("\\"):
                name = None
        _decision_lines[path] = found
    return line in _decision_lines[path]


def branches(data):
    """path -> {(line, column, inner place): [times true, times false]}"""
    found, sources = {}, {}
    for function in data["functions"]:
        function["filenames"] = [os.path.normpath(name) for name in function["filenames"]]
        if not function["filenames"][0].startswith((f"{TOP}/src/", f"{TOP}/adapters/")):
            continue
        for branch in function["branches"]:
            place = site(function, branch)
            if not place or not place[0].startswith(f"{TOP}/"):
                continue
            path, line, column = place
            source = sources.setdefault(path, Source(pathlib.Path(path)))
            if source.exempt(line, column):
                continue
            key = (line, column, branch[0], branch[1])
            sides = found.setdefault(path, {}).setdefault(key, [0, 0])
            for side in (0, 1):
                sides[side] = max(sides[side], branch[4 + side])
    return found


# ---- what is said of it ----

class File:
    def __init__(self, name, summary, sides):
        self.name = name
        self.lines, self.lines_run = summary["lines"]["count"], summary["lines"]["covered"]
        self.sides = sides
        self.branches = 2 * len(sides)
        self.missing = sorted((key[0], key[1], word) for key, counts in sides.items()
                              for word, count in zip(("true", "false"), counts) if not count)

    @property
    def taken(self):
        return self.branches - len(self.missing)


def percent(part, whole):
    return 100 * part / whole if whole else 100.0


def critical():
    """name -> reason"""
    found = {}
    for line in CRITICAL.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            name, _, reason = line.split(None, 2)
            if not (TOP / name).exists():
                sys.exit(f"{CRITICAL.name}: there is no {name}")
            found[name] = reason
    return found


def show_missing(file):
    text = (TOP / file.name).read_text().splitlines()
    for line, column, side in file.missing:
        print(f"{file.name}:{line}:{column}: never {side}: {text[line - 1].strip()[:90]}")


def gate(files):
    listed, bad = critical(), 0
    for folder in ("src/", "adapters/"):
        part = [f for f in files if f.name.startswith(folder)]
        lines = percent(sum(f.lines_run for f in part), sum(f.lines for f in part))
        sides = percent(sum(f.taken for f in part), sum(f.branches for f in part))
        least = BRANCHES if folder == "src/" else ADAPTER_BRANCHES
        below = lines < LINES or sides < least
        bad += below
        print(f"{folder:<10} {lines:.2f} % of {sum(f.lines for f in part)} lines, {sides:.2f} % of "
              f"{sum(f.branches for f in part)} branches{': BELOW ' + f'{LINES} and {least} %' if below else ''}")
        record_part(folder, part, below)
    watched = [f for f in files if f.name in listed]
    missing = sum(len(f.missing) for f in watched)
    print(f"critical   {len(watched)} files, {sum(f.branches for f in watched)} branches, {missing} never taken")
    for file in watched:
        show_missing(file)
    unseen = set(listed) - {f.name for f in watched}
    for name in sorted(unseen):
        print(f"{name}: no test's program has it")
    record("coverage.critical", sum(f.branches for f in watched), missing + len(unseen), files=len(watched))
    print("the worst: branches never taken of how many, lines never run of how many")
    for file in sorted(files, key=lambda f: -len(f.missing))[:WORST]:
        print(f"  {len(file.missing):4} of {file.branches:<5} {file.lines - file.lines_run:4} of {file.lines:<5} {file.name}")
    return 1 if bad or missing or unseen else 0


def record_part(folder, part, below):
    if folder != "src/":
        return
    for word, bar, run, whole in (("lines", LINES, sum(f.lines_run for f in part), sum(f.lines for f in part)),
                                  ("branches", BRANCHES, sum(f.taken for f in part), sum(f.branches for f in part))):
        share = percent(run, whole)
        record(f"coverage.{word}", whole, int(share < bar), run=run, percent=round(share, 2))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", nargs="?", type=pathlib.Path,
                        default=os.environ.get("HEADGATE_BUILD") or TOP / "build" / "check")
    parser.add_argument("--file", nargs="+", default=[])
    parser.add_argument("--critical", action="store_true", help="lists what is missing in the critical files, no more")
    args = parser.parse_args()
    data = exported(pathlib.Path(args.build).resolve())
    sides = branches(data)
    files = []
    for file in data["files"]:
        path = os.path.normpath(file["filename"])
        if path.startswith((f"{TOP}/src/", f"{TOP}/adapters/")) and not path.endswith(".h"):
            files.append(File(path[len(str(TOP)) + 1:], file["summary"], sides.get(path, {})))
    if args.file or args.critical:
        for file in files:
            if file.name in args.file or (args.critical and file.name in critical()):
                show_missing(file)
        return 0
    return gate(files)


if __name__ == "__main__":
    sys.exit(main())
