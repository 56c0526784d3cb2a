#!/usr/bin/python3
"""What can be found wrong in the product without running it: every finding is mended or explained.

    tests/static.py BUILD                 cppcheck, clang-tidy, and gcc with its analyser
    tests/static.py BUILD --full          also clang's analyser, which takes some minutes
    tests/static.py BUILD --tool gcc FILE ...

BUILD is any configured build: its config.h is used.  Prints the findings of each tool and exits 1 when there is
one.  What is wrongly found is let off where it stands, with the reason on the line:
"// cppcheck-suppress id ; reason" for cppcheck, "/* NOLINT(check): reason */" for clang-tidy, "/* analyser: reason */"
for both analysers.  What is off for the whole tree stands below and in .clang-tidy with its reason.
"""

import argparse
import concurrent.futures
import os
import pathlib
import re
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests" / "functional"))
from records import record  # noqa: E402

PACKAGES = "glib-2.0 gmime-3.0 json-c libevent libcurl libfyaml libpcre2-8 libpq sqlite3 openssl libsystemd libseccomp".split()
# gcc 12 takes what a callee fills in through a pointer, and what g_auto begins with, for uninitialised; the sanitized
# build by clang, which zeroes nothing, and -Wmaybe-uninitialized look for those.
GCC = ("-fanalyzer -Wno-analyzer-use-of-uninitialized-value -O1 -S -o /dev/null -Wall -Wextra -Wno-missing-field-initializers -Wformat=2 -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla "
       "-Wpointer-arith -Wwrite-strings").split()
# cppcheck reads macros of libraries from here, and none of their headers.
CPPCHECK = ["--quiet", "--enable=warning,performance,portability", "--inline-suppr", "--std=c11", "--language=c",
            f"--library={TOP}/tests/cppcheck.cfg", "--template={file}:{line}: {message} [{id}]",
            # Its checks of values do not know what g_auto, g_ptr_array_add and callbacks take over or free.
            "--suppress=memleak", "--suppress=autoVariables",
            # A part of a folder at a time cannot know the whole.
            "--suppress=unmatchedSuppression"]


# As gcc's: it takes what a callee fills in for uninitialised, and does not know that g_auto frees and va_copy begins.
ANALYSER = ("clang-analyzer-*,-clang-analyzer-core.uninitialized.*,-clang-analyzer-core.UndefinedBinaryOperatorResult,"
            "-clang-analyzer-core.CallAndMessage,-clang-analyzer-unix.Malloc,-clang-analyzer-deadcode.DeadStores,"
            "-clang-analyzer-valist.Uninitialized,"
            # Its answer to snprintf() and memcpy() is snprintf_s(), which glibc does not have.
            "-clang-analyzer-security.insecureAPI.DeprecatedOrUnsafeBufferHandling")


def flags(build):
    libraries = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True, check=True).stdout.split()
    folders = [f for top in ("src", "adapters") for f in sorted((TOP / top).iterdir()) if f.is_dir()]
    return ["-std=gnu17", "-DHAVE_CONFIG_H", f"-I{build}", "-include", f"{build}/config.h", f"-I{TOP}/include", *libraries,
            *(word for folder in folders for word in ("-iquote", str(folder), "-iquote", str(build / folder.relative_to(TOP)))), '-DHG_ADAPTER_DIR="x"', '-DHG_PRESET_DIR="x"', '-DHG_EXAMPLE_DIR="x"', '-DHG_MAIL_HELPER="x"']


def sources():
    return [str(p.relative_to(TOP)) for top in ("src", "adapters") for p in sorted((TOP / top).rglob("*.c"))]


def run(command):
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True, errors="replace")
    return done.stdout + done.stderr


def gcc(source, common):
    text = run(["gcc", *GCC, *common, source])
    return [line for line in text.splitlines() if re.search(r": (?:warning|error): ", line) and not explained(line)], text


def explained(finding):
    """By a comment on the line it is about."""
    match = re.match(r"([^:]+):(\d+):", finding)
    path = TOP / match.group(1)
    return ("[-Wanalyzer" in finding or "[clang-analyzer" in finding) and "/* analyser: " in path.read_text(errors="replace").splitlines()[int(match.group(2)) - 1]


def tidy(source, common, *more):
    text = run(["clang-tidy", "--quiet", *more, source, "--", *common, "-Wno-everything"])
    lines = [line.replace(f"{TOP}/", "", 1) for line in text.splitlines() if re.search(r": (?:warning|error): ", line)]
    return [line for line in lines if not explained(line)], text


def analyser(source, common):
    return tidy(source, common, f"--checks=-*,{ANALYSER}")


def cppcheck(source, common):
    del common
    folders = [f"-I{f}" for top in ("src", "adapters") for f in sorted((TOP / top).iterdir()) if f.is_dir()]
    text = run(["cppcheck", *CPPCHECK, f"-I{TOP}/include", *folders, source])
    return [line for line in text.splitlines() if re.search(r":\d+: .*\[\w+\]$", line)], text


TOOLS = {"cppcheck": cppcheck, "clang-tidy": tidy, "gcc": gcc, "clang": analyser}


# In so many days it has looked at every file; what clang-tidy leaves out today cppcheck reads.  gcc's warnings are heard of all
# files when the release is built.
DAYS = {"cppcheck": 3, "clang-tidy": 3, "gcc": 4}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("file", nargs="*")
    parser.add_argument("--tool", choices=TOOLS)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("-v", action="store_true", help="how the analyser got there")
    args = parser.parse_intermixed_args()
    common = flags(args.build.resolve())
    names = [args.tool] if args.tool else [tool for tool in TOOLS if args.full or tool != "clang"]
    files, total, count = args.file or sources(), 0, 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for name in names:
            began, found = time.monotonic(), {}
            # The slow ones take a share of the files each day.
            days = 1 if args.full or args.file else DAYS.get(name, 1)
            looked = files[(time.gmtime().tm_yday + (name == "cppcheck")) % days::days]
            for lines, text in pool.map(lambda source, tool=TOOLS[name]: tool(source, common), looked):
                found.update(dict.fromkeys(lines))
                if args.v and lines:
                    print(text)
            print(f"{name}: {len(looked)} files, {len(found)} findings, {time.monotonic() - began:.0f} s"
                  + (f" (NOT LOOKED AT TODAY: {len(files) - len(looked)} files; --full looks at all)" if days > 1 else ""), flush=True)
            count += len(looked)
            for line in sorted(found):
                print(f"  {line}")
            total += len(found)
    if not args.file:
        record("static.findings", count, total, tools=", ".join(names))
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
