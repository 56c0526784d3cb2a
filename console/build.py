#!/usr/bin/python3
"""Makes the console: console/src -> console/dist, with the tools and parts of widget/build.py.

    make web                       both, and what they weigh
    make web-check                 types hold, and what is committed is what the sources build
    console/build.py --out DIR     build elsewhere
    console/build.py --tests DIR   bundle console/test/*.test.ts there, for node --test

One script, one style sheet, one page that names them by their hashes.  The daemon serves the first two under these
names for ever, the page always anew.
"""

import importlib.util
import pathlib
import re
import shutil
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
spec = importlib.util.spec_from_file_location("widget_build", HERE.parent / "widget" / "build.py")
widget = importlib.util.module_from_spec(spec)
spec.loader.exec_module(widget)
TARGET = "es2021"		# people at work have a browser of the last years


def copy_sources(tree):
    """Side by side, as they lie here: the console uses parts of the widget's."""
    for name in ("console", "widget"):
        shutil.copytree(HERE.parent / name / "src", tree / name / "src")
    (tree / "widget" / "src" / "launcher.css").write_text("")
    shutil.copy(HERE.parent / "widget" / "tsconfig.json", tree / "widget")
    shutil.copy(HERE / "tsconfig.json", tree / "console")


def build(out):
    with tempfile.TemporaryDirectory() as where:
        tree, made = pathlib.Path(where), {}
        copy_sources(tree)
        widget.esbuild("console/src/main.ts", "--bundle", "--minify", "--format=esm", f"--target={TARGET}", "--charset=utf8",
                       "--legal-comments=none", "--loader:.css=text", f"--outfile={tree / 'main.js'}",
                       "--define:__STYLES__={}", cwd=tree)
        made["main.js"] = (tree / "main.js").read_bytes()
        made["console.css"] = (widget.minified_css(HERE / "src" / "console.css") + "\n").encode()
        page = (HERE / "src" / "index.html").read_text()
        made["index.html"] = re.sub(r"@([\w.]+)@", lambda name: widget.served(name[1], made[name[1]]), page).encode()
    widget.write(out, made, "console")
    return made


def build_tests(out):
    with tempfile.TemporaryDirectory() as where:
        tree = pathlib.Path(where)
        copy_sources(tree)
        shutil.copytree(HERE / "test", tree / "console" / "test")
        tests = sorted(str(p.relative_to(tree)) for p in (tree / "console" / "test").glob("*.test.ts"))
        widget.esbuild(*tests, "--bundle", "--platform=node", "--format=esm", "--out-extension:.js=.mjs", "--loader:.css=text",
                       f"--outdir={out}", "--define:__STYLES__={}", "--sourcemap=inline", cwd=tree)


if __name__ == "__main__":
    sys.exit(widget.main(HERE, build, build_tests))
