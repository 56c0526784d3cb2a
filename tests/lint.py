#!/usr/bin/python3
"""What the compiler does not check: ./check runs it, or run it from the top of the tree.

Prints file:line for each finding and exits 1 when there is one.
"""

import pathlib
import re
import sys

# What must not be called, why, and where it may be all the same.
BANNED = [
    (r"\b(?:strcpy|strcat|stpcpy|strncpy|strncat)\s*\(", "copies without a look at the size: g_strlcpy, GString", ()),
    (r"\b(?:sprintf|vsprintf)\s*\(", "writes without a look at the size: g_snprintf, GString", ()),
    (r"\b(?:strtok|strtok_r)\s*\(", "writes into what it reads: g_strsplit, strcspn", ()),
    (r"\b(?:atoi|atol|atoll|atof)\s*\(", "takes anything for a number: g_ascii_string_to_signed", ()),
    (r"\b(?:gets|alloca|g_alloca|g_newa|strdupa|strndupa)\s*\(", "takes stack as big as a stranger wants", ()),
    (r"\b(?:system|popen|mktemp|tmpnam)\s*\(", "runs a shell or races for a name", ()),
    (r"(?<![_.>\w])(?:time|gettimeofday|clock_gettime|g_get_real_time)\s*\(",
     "the clock is asked through hg_env", ("src/base/env.c",)),
    (r"\b(?:rand|random_r|srand|rand_r|drand48|lrand48|getrandom|getentropy|arc4random\w*|g_random_\w+|RAND_bytes)\s*\(",
     "random numbers come from hg_env", ("src/base/env.c",)),
    (r"\b(?:localtime|gmtime|ctime|asctime|strerror|strsignal)\s*\(", "shares one buffer among threads", ()),
    (r'\bsetlocale\s*\(\s*LC_(?:ALL|NUMERIC)\s*,\s*""', "numbers would be read and written as the user's language does", ()),
]

SQL = re.compile(r"\b(?:SELECT\s+\S+.*\bFROM|INSERT\s+(?:OR\s+\w+\s+)?INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|"
                 r"CREATE\s+(?:UNIQUE\s+)?(?:TABLE|INDEX)|PRAGMA\s+\w+|BEGIN\s+IMMEDIATE)\b")
SQL_CALLS = re.compile(r"\b(?:sqlite3_\w+|PQ[a-z]\w+)\s*\(|<(?:sqlite3|libpq-fe)\.h>")

# What stops at the first difference tells, by its time, how much of a guess was right.
COMPARES = re.compile(r"\b(?:memcmp|bcmp|str(?:n|case|ncase)?cmp|strstr|g_strcmp0|g_str_equal|g_ascii_strn?casecmp|"
                      r"g_str_has_prefix|g_str_has_suffix|g_strv_contains|g_hash_table_(?:lookup|contains))\s*"
                      r"\(((?:[^();]|\((?:[^();]|\([^();]*\))*\))*)\)")
SECRET_NAME = re.compile(r"(?:^|_|\b)(?:secrets?|token|password|mac|hmac|digest|signature|given_hash|api_key)\b")

TOKEN = re.compile(r"""(?P<comment>/\*.*?\*/|//[^\n]*)|(?P<string>"(?:\\.|[^"\\\n])*")|'(?:\\.|[^'\\\n])+'""", re.S)


def blank(text):
    """Spaces for everything but the ends of lines, so that places stay what they were."""
    return re.sub(r"[^\n]", " ", text)


def without(text, *kinds):
    def replace(match):
        return blank(match.group()) if match.lastgroup in kinds else match.group()
    return TOKEN.sub(replace, text)


def literals(text):
    """Place and content of each string, neighbours joined as the compiler joins them."""
    end = content = start = None
    code = without(text, "comment")
    for match in TOKEN.finditer(code):
        if match.lastgroup != "string":
            continue
        if content is not None and not code[end:match.start()].strip():
            content += match.group()[1:-1]
        else:
            if content is not None:
                yield start, content
            start, content = match.start(), match.group()[1:-1]
        end = match.end()
    if content is not None:
        yield start, content


class Findings:
    def __init__(self, root):
        self.root, self.count = root, 0

    def add(self, path, text, position, message):
        line = text.count("\n", 0, position) + 1
        print(f"{path.relative_to(self.root)}:{line}: {message}")
        self.count += 1


def lint_calls(found, path, text, where):
    code, with_strings = without(text, "comment", "string"), without(text, "comment")
    for pattern, why, allowed in BANNED:
        if where in allowed:
            continue
        for match in re.finditer(pattern, with_strings if '"' in pattern else code):
            found.add(path, text, match.start(), f"{re.match('[a-z_A-Z0-9]+', match.group()).group()}(): {why}")
    # GLib's condition variables wait by the kernel's clock and no other.
    if "g_cond_wait_until" not in code:
        for match in re.finditer(r"\bg_get_monotonic_time\s*\(", code):
            found.add(path, text, match.start(), "g_get_monotonic_time(): the clock is asked through hg_env")
    # A goto or two may be the clearest way; a ladder of labels wants to be two functions.
    for body in re.finditer(r"^\{\n.*?^\}", code, re.M | re.S):
        if len(re.findall(r"^\w+:\s*$", body.group(), re.M)) > 2:
            found.add(path, text, body.start(), "a ladder of goto labels: make it two functions")


def lint_sql(found, path, text, where):
    if where.startswith("src/store/"):
        return
    for start, content in literals(text):
        if SQL.search(content):
            found.add(path, text, start, "SQL outside src/store")
    for match in SQL_CALLS.finditer(without(text, "comment", "string")):
        found.add(path, text, match.start(), "a database's own calls outside src/store")


def lint_secrets(found, path, text, where):
    """Secrets and signatures are compared by CRYPTO_memcmp() alone; a constant beside them makes it no secret."""
    if where == "src/base/hide.c":		# looks for what is known, and nobody waits for it
        return
    code = without(text, "comment", "string")
    for match in COMPARES.finditer(code):
        arguments = match.group(1).split(",")
        if not any(re.fullmatch(r"\s*[A-Z_]*\s*", a) for a in arguments) and any(SECRET_NAME.search(a) for a in arguments):
            found.add(path, text, match.start(), "a secret is compared by what stops at the first difference: "
                                                 "hg_equal_secret(), CRYPTO_memcmp()")


# Built and released with the daemon: what they may see is the makefile's to say.
LOOKS = ("adapters/whatsapp/condition.c", "inside.h")	# the one thing it has beyond the border: to be probed
INSIDE = tuple(f"adapters/{name}/" for name in ("email", "http", "infobip", "smpp", "telnyx", "twilio", "vonage", "widget"))


def lint_includes(found, path, text, where):
    """Adapters see the public border and their own folder; headers are guarded."""
    if where.endswith(".h") and not re.search(r"^#(?:pragma once|ifndef \w+_H)", text, re.M):
        found.add(path, text, 0, "no #pragma once")
    if not where.startswith("adapters/") or where.startswith(INSIDE):
        return
    for match in re.finditer(r'^#include\s+([<"])([^>"]+)[>"]', text, re.M):
        name = match.group(2)
        ours = match.group(1) == '"' and (path.parent / name).exists()
        if match.group(1) == '"' and not ours and name != "headgate/adapter.h" and (where, name) != LOOKS:
            found.add(path, text, match.start(), f"{name}: adapters include headgate/adapter.h only")


def lint_names(found, root, sources):
    """Header names are unique: folders see one another by -iquote lists."""
    seen = {}
    for path in sources:
        if path.suffix == ".h" and path.is_relative_to(root / "src"):
            other = seen.setdefault(path.name, path)
            if other is not path:
                found.add(path, "", 0, f"the name is taken by {other.relative_to(root)}")


def lint_declared(found, root):
    """A test that no makefile names is never run."""
    makefiles = "".join(p.read_text() for p in [root / "Makefile.am", *root.glob("*/**/Makefile*.inc")]
                        if "build" not in p.relative_to(root).parts[0])
    for folder in ("unit", "fuzz"):
        for path in sorted((root / "tests" / folder).glob("*_*.c")):
            name = f"tests/{folder}/{path.stem}"
            if path.name.startswith(("test_", "fuzz_")) and not re.search(rf"{name}\b", makefiles):
                found.add(path, "", 0, "no Makefile.inc builds it")


def main():
    root = pathlib.Path(__file__).resolve().parent.parent
    found = Findings(root)
    product = [p for top in ("src", "adapters", "include") for p in sorted((root / top).rglob("*.[ch]"))]
    for path in product:
        text, where = path.read_text(), path.relative_to(root).as_posix()
        lint_calls(found, path, text, where)
        lint_sql(found, path, text, where)
        lint_secrets(found, path, text, where)
        lint_includes(found, path, text, where)
    lint_names(found, root, product)
    lint_declared(found, root)
    print(f"{len(product)} files, {found.count} findings")
    return 1 if found.count else 0


if __name__ == "__main__":
    sys.exit(main())
