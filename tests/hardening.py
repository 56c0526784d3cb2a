#!/usr/bin/python3
"""Is what we ship built so that a mistake in it is hard to use?  Looks at programs and modules with readelf.

    tests/hardening.py FILE...

Each must be position independent, with relocations read-only and bound at start, a stack that is no code, canaries
on it, checked string functions (FORTIFY), marks where jumps may land, no path of its own to libraries; a program exports
nothing that others need not have, an adapter only its description.  `make installcheck` runs this on what was
installed.  Exit codes: 0, 1 (something is missing).
"""

import pathlib
import re
import subprocess
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "functional"))
from records import record  # noqa: E402

ADAPTER_EXPORT = re.compile(r"hg_adapter_v\d+$")
# What the start files and libraries of the system put there, not we.
OTHERS = re.compile(r"_(?:init|fini|edata|end|start)$|__(?:bss_start|data_start|gmon_start__)$|data_start$|main$|_IO_stdin_used$")


def readelf(path, *options):
    return subprocess.run(["readelf", "-W", *options, path], capture_output=True, text=True, check=True).stdout


def faults(path):
    head, segments, dynamic = readelf(path, "-h"), readelf(path, "-l"), readelf(path, "-d")
    symbols = [line.split() for line in readelf(path, "--dyn-syms").splitlines() if re.match(r"\s*\d+:", line)]
    imported = {words[7].split("@")[0] for words in symbols if len(words) > 7 and words[6] == "UND"}
    exported = {words[7].split("@")[0] for words in symbols
                if len(words) > 7 and words[6] not in ("UND", "ABS") and words[4] in ("GLOBAL", "WEAK")}
    program = "INTERP" in segments
    stack = re.search(r"GNU_STACK\s.*?\s([RWE ]+)\s+0x", segments)
    if not re.search(r"Type:\s+DYN", head):
        yield "is not position independent"
    if "GNU_RELRO" not in segments:
        yield "has no read-only relocations (-z relro)"
    if not re.search(r"BIND_NOW|FLAGS_1.*\bNOW\b", dynamic):
        yield "binds lazily (-z now)"
    if not stack or "E" in stack.group(1):
        yield "has a stack that is code"
    if re.search(r"LOAD\s.*\bRWE\b", segments):
        yield "has memory that can be written and run"
    if re.search(r"\((?:RPATH|RUNPATH)\)", dynamic):
        yield "looks for libraries in a path of its own"
    if "(TEXTREL)" in dynamic:
        yield "writes into its code when it is loaded"
    if "__stack_chk_fail" not in imported:
        yield "has no stack canaries"
    if not any(name.startswith("__") and name.endswith("_chk") for name in imported):
        yield "has no checked functions (FORTIFY)"
    # Not by the note: Debian's own start files have none, and the linker then writes none.
    if "X86-64" in head and pathlib.Path(path).read_bytes().count(b"\xf3\x0f\x1e\xfa") < 10:
        yield "has no marks where jumps may land (-fcf-protection)"
    if any(name.startswith(("__asan", "__ubsan", "__llvm_prof")) for name in imported | exported):
        yield "has sanitizers or counters in it"
    copied = set(re.findall(r"_COPY\s+\w+\s+(\w+)", readelf(path, "-r")))	# variables of libraries
    ours = {name for name in exported - copied if not OTHERS.match(name)}
    if program and ours:
        yield f"exports {', '.join(sorted(ours)[:5])}"
    if not program and (len(ours) != 1 or not ADAPTER_EXPORT.match(next(iter(ours)))):
        yield f"exports {', '.join(sorted(ours)[:5]) or 'nothing'} instead of one hg_adapter_vN"


def main(paths):
    if not paths:
        sys.exit(__doc__)
    found = [f"{path}: {fault}" for path in paths for fault in faults(path)]
    for line in found:
        print(line)
    print(f"{len(paths)} binaries, {len(found)} faults")
    record("hardening.binaries", len(paths), len(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
