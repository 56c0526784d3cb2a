#!/usr/bin/python3
"""Makes what runs in browsers: widget/src -> widget/dist, by Debian's esbuild.

    make web                      build widget/dist anew, and say what it weighs
    make web-check                types hold, and widget/dist is what the sources build
    widget/build.py --out DIR     build elsewhere
    widget/build.py --tests DIR   bundle widget/test/*.test.ts there, for node --test

What is built has stable names, so that git shows what changed.  The daemon serves everything but v1.js
under a name with the hash of its content in it (app-0a1b2c3d4e.js), for ever; the constants below tell the
sources these names (see widget/src/globals.d.ts):

    __APP__        the file of app.ts, __MORE__ that of more.ts
    __LANGUAGES__  code -> the file of src/lang/CODE.json, but for en.json, which is part of the app (and is built
                   for the daemon's own pages)
    __STYLES__     name -> the file of src/NAME.css, for a <link> where a browser has no other way

Style sheets are imported as text, minified; languages are JSON objects of texts, all with en's keys.
"""

import argparse
import gzip
import hashlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
# In this order: who is built later may name those before.
ENTRIES = {"more.ts": "esm", "app.ts": "esm", "page.ts": "iife", "v1.ts": "iife"}
# What these cannot do yet (constructable style sheets: Firefox 101, Safari 16.4) the sources look for themselves.
TARGET = "chrome91,firefox90,safari15"
HASH_LETTERS = 10
LIST = "files.inc"		# for the makefile, which names every file it ships


def served(name, content):
    """The name under which the daemon serves it, as src/net/static_files.c makes it."""
    stem, _, suffix = name.rpartition(".")
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:HASH_LETTERS]}.{suffix}"


def esbuild(*arguments, cwd=HERE):
    tool = shutil.which("esbuild")
    if not tool:
        sys.exit("widget/build.py: esbuild is missing: apt-get install esbuild")
    subprocess.run([tool, "--log-level=warning", "--log-limit=0", *map(str, arguments)], cwd=cwd, check=True)


def minified_css(path):
    with tempfile.TemporaryDirectory() as where:
        out = pathlib.Path(where) / "out.css"
        esbuild(path, "--minify", "--charset=utf8", f"--target={TARGET}", f"--outfile={out}")
        return out.read_text().strip()


def copy_sources(where):
    """A copy of the sources with style sheets minified: text is bundled as it stands."""
    shutil.copytree(HERE / "src", where / "src")
    shutil.copy(HERE / "tsconfig.json", where)
    for path in (where / "src").rglob("*.css"):
        path.write_text(minified_css(path))


def languages():
    """code -> the minified JSON.  A text too few or too many is an error here already."""
    texts = {p.stem: json.loads(p.read_text()) for p in sorted((HERE / "src" / "lang").glob("*.json"))}
    for code, own in texts.items():
        if own.keys() != texts["en"].keys():
            sys.exit(f"widget/src/lang/{code}.json: other texts than en.json: "
                     f"{', '.join(sorted(own.keys() ^ texts['en'].keys()))}")
    return {code: json.dumps(own, ensure_ascii=False, separators=(",", ":")).encode()
            for code, own in texts.items()}


def bundle(tree, entry, form, constants, out):
    esbuild(f"src/{entry}", "--bundle", "--minify", f"--format={form}", f"--target={TARGET}", "--charset=utf8",
            "--legal-comments=none", "--loader:.css=text", f"--outfile={out}",
            *(f"--define:{name}={json.dumps(value)}" for name, value in constants.items()), cwd=tree)


def build(out):
    with tempfile.TemporaryDirectory() as where:
        tree, made = pathlib.Path(where), {}
        copy_sources(tree)
        constants = {"__APP__": "", "__MORE__": "", "__LANGUAGES__": {}}
        for code, content in languages().items():
            made[f"lang-{code}.json"] = content
            if code != "en":
                constants["__LANGUAGES__"][code] = served(f"lang-{code}.json", content)
        for path in sorted((tree / "src").glob("*.css")):
            made[path.name] = path.read_bytes()
            constants[f"__STYLES__.{path.stem}"] = served(path.name, made[path.name])
        for entry, form in ENTRIES.items():
            if not (tree / "src" / entry).exists():
                continue
            name = entry.replace(".ts", ".js")
            bundle(tree, entry, form, constants, tree / name)
            made[name] = (tree / name).read_bytes()
            constants[f"__{name[:-3].upper()}__"] = served(name, made[name])
    write(out, made)
    return made


def write(out, made, product="widget"):
    """What has not changed is not touched: the daemon is linked again when something has."""
    out.mkdir(parents=True, exist_ok=True)
    for old in out.iterdir():
        if old.name not in made and old.name != LIST:
            old.unlink()
    lines = "".join(f" \\\n\t{product}/dist/{name}" for name in sorted(made))
    listed = f"# made by {product}/build.py\n{product}_dist ={lines}\n".encode()
    for name, content in [*made.items(), (LIST, listed)]:
        if not (out / name).exists() or (out / name).read_bytes() != content:
            (out / name).write_bytes(content)


def build_tests(out):
    with tempfile.TemporaryDirectory() as where:
        tree = pathlib.Path(where)
        copy_sources(tree)
        shutil.copytree(HERE / "test", tree / "test")
        tests = sorted(str(p.relative_to(tree)) for p in (tree / "test").glob("*.test.ts"))
        esbuild(*tests, "--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", "--loader:.css=text",
                f"--outdir={out}", '--define:__APP__="app.js"', '--define:__MORE__="more.js"',
                "--define:__LANGUAGES__={}", "--define:__STYLES__={}",
                "--sourcemap=inline", cwd=tree)


def weigh(made):
    for name, content in sorted(made.items()):
        print(f"{name:16} {len(content):7,} bytes {len(gzip.compress(content, 9)):7,} gzip")


def contents(folder):
    return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.is_dir() else {}


def check(dist, here, make):
    """Every difference is said, then exit 1: CI."""
    tool = shutil.which("tsc")
    if not tool:
        sys.exit("widget/build.py: tsc is missing: apt-get install node-typescript")
    wrong = subprocess.run([tool, "--noEmit", "-p", str(here)]).returncode != 0
    with tempfile.TemporaryDirectory() as where:
        make(pathlib.Path(where) / "dist")
        made, there = contents(pathlib.Path(where) / "dist"), contents(dist)
    for name in sorted(n for n in made.keys() | there.keys() if made.get(n) != there.get(n)):
        print(f"{here.name}/dist/{name} is not what {here.name}/src builds: make web, and commit it", file=sys.stderr)
        wrong = True
    return 1 if wrong else 0


def main(here=HERE, make=build, make_tests=build_tests):
    """Of a product that lies in `here`: the console has its own build() and build_tests()."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=pathlib.Path, default=here / "dist", metavar="DIR")
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tests", type=pathlib.Path, metavar="DIR")
    arguments = parser.parse_args()
    if arguments.tests:
        make_tests(arguments.tests.resolve())
        return 0
    if arguments.check:
        return check(arguments.out.resolve(), here, make)
    weigh(make(arguments.out.resolve()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
