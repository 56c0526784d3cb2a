#!/usr/bin/python3
"""Has the adapter border kept its shape?  Compares include/headgate/adapter.h with tests/data/abi/*.abi.

  tests/abi.py           fails when something differs from the newest, or is gone or moved since an older one
  tests/abi.py --dump    writes the file of this HG_ADAPTER_MINOR, which must not be there yet

abidw and abidiff (Debian: abigail-tools) read the debugging information of tests/tools/abi_probe.c, built by gcc."""
import pathlib
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

TOP = pathlib.Path(__file__).resolve().parent.parent
HEADER = TOP / "include" / "headgate" / "adapter.h"
ABI = TOP / "tests" / "data" / "abi"
PLAIN = ["--no-corpus-path", "--no-comp-dir-path", "--no-show-locs"]


def version():
    """"1.0", by the header."""
    text = HEADER.read_text()
    return ".".join(re.search(rf"^#define HG_ADAPTER_{part}\s+(\d+)", text, re.M).group(1) for part in ("MAJOR", "MINOR"))


def probe(folder):
    library = pathlib.Path(folder) / "abi_probe.so"
    subprocess.run(["gcc", "-std=gnu17", "-g", "-O0", "-fPIC", "-shared", "-fvisibility=hidden", "-Iinclude",
                    "-o", library, "tests/tools/abi_probe.c"], check=True, cwd=TOP)
    return library


def dump(library, path):
    if path.exists():
        sys.exit(f"abi: {path.name} is there, and stays as it is; raise HG_ADAPTER_MINOR when the header has grown")
    subprocess.run(["abidw", *PLAIN, "--out-file", path, library], check=True)
    print(f"abi: wrote {path.relative_to(TOP)}")


def differs(path, library):
    """What abidiff says, or ""."""
    done = subprocess.run(["abidiff", "--no-show-locs", path, library], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout or f"abidiff ended with {done.returncode}" if done.returncode else ""


def places(path):
    """Where each field lies (in bits), and what each enumerator is worth."""
    found = {}
    for node in xml.etree.ElementTree.parse(path).iter("class-decl"):
        for member in node.iter("data-member"):
            field = next(member.iter("var-decl")).get("name")
            found[f"struct {node.get('name')}.{field}"] = member.get("layout-offset-in-bits")
    for node in xml.etree.ElementTree.parse(path).iter("enumerator"):
        found[node.get("name")] = node.get("value")
    return found


def gone(path, now):
    """What an older version has and this one has not, or has elsewhere."""
    new = places(now)
    return "".join(f"  {name} was {value}, is {new.get(name, 'gone')}\n" for name, value in places(path).items() if new.get(name) != value)


def main():
    now = ABI / f"{version()}.abi"
    with tempfile.TemporaryDirectory() as folder:
        library = probe(folder)
        if sys.argv[1:] == ["--dump"]:
            return dump(library, now)
        if not now.exists():
            sys.exit(f"abi: there is no {now.name}: a version of the border begins with tests/abi.py --dump")
        wrong = {path.name: gone(path, now) if path != now else differs(path, library) for path in sorted(ABI.glob("*.abi"))}
    for name, words in wrong.items():
        if words:
            print(f"abi: the border is no more that of {name}:\n{words}")
    if any(wrong.values()):
        print("abi: what is frozen stays; what is new goes to the end of a struct or an enum, with a new HG_ADAPTER_MINOR "
              "(tests/data/abi/README.md)")
        return 1
    print(f"abi: {len(wrong)} version(s) of the border hold: {', '.join(wrong)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
