#!/usr/bin/python3
"""Are the tests of the critical files worth something?  Changes each of these files in every small way, one at
a time, and runs its unit programs (tests/critical.txt): one of them has to fail.

    tests/mutate.py BUILD [FILE...]     all, or these files; goes on where it was stopped
    tests/mutate.py BUILD --again       forgets what was found before
    tests/mutate.py BUILD --list FILE   shows the mutants, builds nothing

BUILD is a build without sanitizers (./check --stage mutation makes one).  --asan DIR names one with them: what
survives is tried there again, for what only reads too far.  Results are kept in BUILD/mutants.jsonl by what the
mutant is made of, so that a stopped run goes on.  A mutant that no test can notice stands in
tests/mutants.txt with the reason.  Exit codes: 0, 1 (survivors), 2 (the tests fail without any change).
"""

import argparse
import concurrent.futures
import hashlib
import json
import os
import pathlib
import re
import resource
import shlex
import subprocess
import sys
import time

TOP = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TOP / "tests"))
sys.path.insert(0, str(TOP / "tests" / "functional"))
from coverage import Source  # noqa: E402
from lint import blank, TOKEN  # noqa: E402
from records import record  # noqa: E402

MEMORY = 2 << 30	# bytes a changed program may take
EQUIVALENT = TOP / "tests" / "mutants.txt"

# What stands between other things: what becomes of it.
OPERATORS = [
    (r"(?<![<>=!+\-*/%&|^])<(?![<=])", ["<=", ">="]), (r"<=(?!=)", ["<", ">"]),
    (r"(?<![\->])>(?![>=])", [">=", "<="]), (r"(?<!>)>=", [">", "<"]),
    (r"==", ["!="]), (r"!=", ["=="]), (r"&&", ["||"]), (r"\|\|", ["&&"]),
    (r"!(?!=)", [""]), (r"(?<= )\+(?= )", ["-"]), (r"(?<= )-(?= )", ["+"]), (r"\+=", ["-="]), (r"-=", ["+="]),
    (r"(?<=\w)\+\+|\+\+(?=[\w*(])", ["--"]), (r"(?<=\w)--|--(?=[\w*(])", ["++"]),
    (r"(?<= )/(?= )", ["*"]), (r"(?<= )%(?= )", ["/"]), (r"<<(?!=)", [">>"]), (r"(?<!-)>>(?!=)", ["<<"]),
    (r"(?<= )&(?= )", ["|"]), (r"(?<= )\|(?= )", ["&"]), (r"(?<= )\^(?= )", ["|"]), (r"\|=", ["&=", "="]), (r"&=", ["|=", "="]),
    (r"\^=", ["="]), (r"\bTRUE\b", ["FALSE"]), (r"\bFALSE\b", ["TRUE"]), (r"\btrue\b", ["false"]), (r"\bfalse\b", ["true"]),
    (r"\bMIN\b", ["MAX"]), (r"\bMAX\b", ["MIN"]), (r"\bbreak;", [";"]), (r"\bcontinue;", [";"]),
]
NUMBER = re.compile(r"(?<![\w.])(0x[0-9a-f]+|\d+)(?=[uUlL]*\b)(?!\.)")
CHARACTER = re.compile(r"'(\\?.|\\x[0-9a-f]+)'")


def masked(text):
    """Comments, strings and directives blanked; characters stay."""
    code = TOKEN.sub(lambda m: blank(m.group()) if m.lastgroup else m.group(), text)
    return re.sub(r"^#(?:[^\n]*\\\n)*[^\n]*", lambda m: blank(m.group()), code, flags=re.M)


def is_size(code, match):
    """Is this number the size of an array that is declared?"""
    line = code[code.rfind("\n", 0, match.start()) + 1:match.start()]
    return code[match.start() - 1] == "[" and re.match(r"\t+(?:static |const |unsigned |struct )*[a-z_0-9]+ \**[a-z_]", line)


def closing(code, at):
    depth = 0
    for place in range(at, len(code)):
        depth += {"(": 1, ")": -1}.get(code[place], 0)
        if not depth:
            return place
    return at


def edits(text):
    """(start, end, instead) of every mutant."""
    code = masked(text)
    bodies = [(m.start(), m.end()) for m in re.finditer(r"^\{\n.*?^\}|^(?:static |const )[^;{}()]*= \{\n.*?^\};", code, re.M | re.S)]
    found = []
    for begin, end in bodies:
        body = code[begin:end]
        no_characters = CHARACTER.sub(lambda m: blank(m.group()), body)
        for pattern, others in OPERATORS:
            for match in re.finditer(pattern, no_characters):
                found += [(begin + match.start(), begin + match.end(), other) for other in others]
        for match in NUMBER.finditer(no_characters):
            value = int(match.group(1), 0)
            if is_size(no_characters, match):	# less than is needed is the sanitizer's to find
                continue
            found.append((begin + match.start(1), begin + match.end(1), str(value + 1)))
            if value > 0:
                found.append((begin + match.start(1), begin + match.end(1), str(value - 1)))
        for match in CHARACTER.finditer(body):
            found.append((begin + match.start(), begin + match.end(), f"({match.group()} + 1)"))
        for match in re.finditer(r"\b(?:if|while) (\()", no_characters):
            start, stop = begin + match.start(1), begin + closing(body, match.start(1))
            inner = text[start:stop + 1]
            found += [(start, stop + 1, f"(0 && {inner})")]
            if not body[match.start():].startswith("while"):
                found += [(start, stop + 1, f"(1 || {inner})")]
        for match in re.finditer(r"\breturn ([^;{}]+);", body):
            if match.group(1) not in ("TRUE", "FALSE", "true", "false", "NULL", "HG_RULE_NONE"):
                found += [(begin + match.start(1), begin + match.end(1), other)
                          for other in ("0", "1") if match.group(1) != other]
        # Statements: assignments to what there is, and calls.  And rows of tables.
        for match in re.finditer(r"^\t+(?![a-z_0-9]+ [*a-z_]|return|if |for |while |case |\}|g_auto|static|const|\(void\))"
                                 r"[*\w(][^;{}]*?;$", body, re.M):
            found.append((begin + match.start(), begin + match.end(), "\t;"))
        for match in re.finditer(r"^\t+\{ [^;]*?\},$", body, re.M):
            found.append((begin + match.start(), begin + match.end(), ""))
    return sorted(set(found))


class Mutant:
    def __init__(self, name, text, edit):
        start, end, instead = edit
        self.file, self.text = name, text[:start] + instead + text[end:]
        self.line = text.count("\n", 0, start) + 1
        first, last = text.rfind("\n", 0, start) + 1, text.find("\n", end)
        self.was = " ".join(text[first:last].split())
        self.now = " ".join((text[first:start] + instead + text[end:last]).split())
        # Of what the line reads like twice, the number says which.
        self.nth = text.count(text[first:last] + "\n", 0, first)

    @property
    def key(self):
        return f"{self.file}: {self.was} => {self.now}" + (f" ({self.nth + 1})" if self.nth else "")


def mutants_of(name):
    text, source = (TOP / name).read_text(), Source(TOP / name)
    seen, found = set(), []
    for edit in edits(text):
        mutant = Mutant(name, text, edit)
        # What coverage does not count cannot be tested: asserts, and what ends the process.
        column = edit[0] - text.rfind("\n", 0, edit[0]) + 1	# inside, where it begins with a parenthesis
        if source.exempt(mutant.line, column) or re.match(r"g_(?:assert\w*|error) \(?|g_(?:assert\w*|error)\(", mutant.was):
            continue
        if mutant.was != mutant.now and mutant.text not in seen:
            seen.add(mutant.text)
            found.append(mutant)
    return found


# ---- building one ----

class Build:
    """How a build compiles a file and links a program, without asking make for each mutant."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder).resolve()
        self.links = {}
        self.sanitized = "-fsanitize=address" in (self.folder / "Makefile").read_text()

    def dry(self, target, *more):
        done = subprocess.run(["make", "-C", self.folder, "-n", "V=1", *more, target], capture_output=True, text=True, check=True)
        return done.stdout.replace("\\\n", " ").splitlines()

    def compiler(self, name):
        """The command for a source file, up to the file itself."""
        stem = name.removesuffix(".c").rsplit("/", 1)
        makefile = (self.folder / "Makefile").read_text()
        object_name = re.search(rf"{stem[0]}/\w*-{stem[1]}\.(?:o|lo)\b", makefile).group()
        for line in self.dry(object_name, "-W", str(self.source(name))):
            match = re.search(r"((?:ccache )?clang .*?) -MT .*? -c ", line) or re.search(r"--mode=compile ((?:ccache )?clang .*?) -MT ", line)
            if match:
                return shlex.split(match.group(1).replace("--mode=compile ", "").split("--mode=compile ")[-1])
        sys.exit(f"{name}: make does not say how it is compiled")

    def source(self, name):
        return os.path.relpath(TOP / name, self.folder)

    def linker(self, program):
        if program not in self.links:
            target = f"tests/unit/test_{program}"
            path = self.folder / target
            for line in self.dry(target, "-W", str(next(self.folder.glob(f"tests/unit/*test_{program}.o")).relative_to(self.folder))):
                if "--mode=link" in line and f"-o {target} " in line:
                    line = line.replace("--mode=link", "--dry-run --mode=link", 1)
                    done = subprocess.run(line.split(";")[-1].strip(), shell=True, cwd=self.folder, capture_output=True, text=True, check=True)
                    command = [l for l in done.stdout.splitlines() if "link: " in l and " -o " in l][-1].split("link: ", 1)[1]
                    self.links[program] = shlex.split(command)
                    break
            else:
                sys.exit(f"{path}: make does not say how it is linked")
        return list(self.links[program])

    def make(self, programs):
        subprocess.run(["make", "-C", self.folder, "-j", str(os.cpu_count()), *(f"tests/unit/test_{p}" for p in programs)],
                       check=True, stdout=subprocess.DEVNULL)

    def bound(self):
        """A changed limit must not take the machine's memory: sanitizers map more than they use."""
        if not self.sanitized:
            resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_FSIZE, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def run(self, program, path, limit):
        env = {**os.environ, "srcdir": str(TOP), "CMOCKA_MESSAGE_OUTPUT": "STDOUT", "LLVM_PROFILE_FILE": "/dev/null",
               "G_SLICE": "always-malloc"}
        env.pop("HEADGATE_RECORDS", None)
        env["ASAN_OPTIONS"] = f"hard_rss_limit_mb={MEMORY >> 20}:allocator_may_return_null=1:detect_stack_use_after_return=1"
        began = time.monotonic()
        try:
            done = subprocess.run([path], cwd=self.folder, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                  timeout=limit, start_new_session=True, preexec_fn=self.bound)
            return done.returncode == 0, time.monotonic() - began
        except subprocess.TimeoutExpired:
            return False, limit

    def try_mutant(self, mutant, compiler, programs, limits):
        """"dead", "alive", or "no" when it is no program."""
        work = self.folder / "mutants"
        work.mkdir(exist_ok=True)
        stem = work / hashlib.sha256(mutant.text.encode()).hexdigest()[:16]
        source, object_file, program_file = (f"{stem}{end}" for end in (".c", ".o", ""))
        folder = os.path.dirname(TOP / mutant.file)
        try:
            pathlib.Path(source).write_text(mutant.text)
            command = [w for w in compiler if w != "-Werror"] + ["-w", f"-iquote{folder}", "-c", source, "-o", object_file]
            if subprocess.run(command, cwd=self.folder, capture_output=True).returncode:
                return "no"
            for program in programs:
                link = self.linker(program)
                at = link.index("-o") + 1
                link[at:at + 1] = [program_file, object_file]
                subprocess.run(link, cwd=self.folder, check=True, capture_output=True)
                if not self.run(program, program_file, limits[program])[0]:
                    return "dead"
            return "alive"
        finally:
            for path in (source, object_file, program_file):
                if os.path.exists(path):
                    os.unlink(path)


# ---- all of them ----

def critical():
    lines = [line.split(None, 2) for line in (TOP / "tests" / "critical.txt").read_text().splitlines()
             if line.strip() and not line.startswith("#")]
    return {name: programs.split(",") for name, programs, _ in lines}


def equivalents():
    """key -> reason: lines that say what it is, and behind a tab the reason of those above it."""
    found, keys = {}, []
    for line in EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []:
        if line.startswith("\t"):
            found.update(dict.fromkeys(keys, line.strip()))
            keys = []
        elif line.strip() and not line.startswith("#"):
            keys.append(line.strip())
    if keys:
        sys.exit(f"{EQUIVALENT.name}: no reason stands below {keys[0]}")
    return found


class Run:
    def __init__(self, args):
        self.build = Build(args.build)
        self.asan = Build(args.asan) if args.asan else None
        self.kept_path = self.build.folder / "mutants.jsonl"
        if args.again and self.kept_path.exists():
            self.kept_path.unlink()
        self.reasons, self.survivors, self.counts = equivalents(), [], dict.fromkeys(("dead", "alive", "no", "equivalent"), 0)

    def kept(self):
        lines = self.kept_path.read_text().splitlines() if self.kept_path.exists() else []
        return {entry["mutant"]: entry["state"] for entry in map(json.loads, lines)}

    def prepare(self, build, programs):
        """Seconds each program may take; all have to pass as they are."""
        build.make(programs)
        limits = {}
        for program in programs:
            good, took = build.run(program, build.folder / "tests" / "unit" / f"test_{program}", 600)
            if not good:
                print(f"test_{program} fails without any change")
                sys.exit(2)
            limits[program] = 5 + 10 * took
        return limits

    def file(self, name, programs):
        compiler, limits, kept = self.build.compiler(name), self.prepare(self.build, programs), self.kept()
        asan_compiler = self.asan.compiler(name) if self.asan else None
        for program in programs:
            self.build.linker(program)
            if self.asan:
                self.asan.linker(program)
        mutants = mutants_of(name)
        print(f"{name}: {len(mutants)} mutants, {', '.join(programs)}", flush=True)

        def judge(mutant):
            name_of = hashlib.sha256(mutant.text.encode()).hexdigest()
            if kept.get(name_of) in ("dead", "no"):
                return kept[name_of]
            if mutant.key in self.reasons:
                return "equivalent"
            state = self.build.try_mutant(mutant, compiler, programs, limits)
            if state == "alive" and self.asan:
                state = self.asan.try_mutant(mutant, asan_compiler, programs, {p: 20 * limits[p] for p in programs})
            with open(self.kept_path, "a") as file:
                file.write(json.dumps({"mutant": name_of, "state": state}) + "\n")
            return state

        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            for mutant, state in zip(mutants, pool.map(judge, mutants)):
                self.counts[state] += 1
                if state == "alive":
                    self.survivors.append(mutant)
                    print(f"{name}:{mutant.line}: survives\n    {mutant.key}", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("file", nargs="*")
    parser.add_argument("--asan", type=pathlib.Path)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--list", action="store_true")
    args = parser.parse_intermixed_args()
    listed = critical()
    names = args.file or list(listed)
    if args.list:
        for name in names:
            for mutant in mutants_of(name):
                print(f"{mutant.line}: {mutant.key}")
        return 0
    run = Run(args)
    for name in names:
        run.file(name, listed[name])
    keys = {mutant.key for name in listed for mutant in mutants_of(name)}
    stale = [key for key in run.reasons if key not in keys]
    for key in stale:
        print(f"{EQUIVALENT.name}: there is no such mutant any more: {key}")
    done = run.counts
    print(f"{done['dead']} killed, {done['alive']} survived, {done['equivalent']} equivalent (tests/mutants.txt), "
          f"{done['no']} did not compile")
    if not args.file:
        record("mutation.killed", done["dead"], done["alive"], files=len(names), equivalent=done["equivalent"])
    return 1 if run.survivors or stale else 0


if __name__ == "__main__":
    sys.exit(main())
