"""What runs in browsers: built from its sources, of the size that was promised, and served so that it is fetched once."""
import gzip
import hashlib
import os
import pathlib
import re
import shutil
import subprocess

import pytest

import conftest
from visitor_client import ENV, change

TOP = pathlib.Path(__file__).resolve().parents[2]
DIST = TOP / "widget" / "dist"
BUILD = TOP / "widget" / "build.py"
CONFIG = dict(rules="", env=ENV, change=change())


def tool(name, package):
    if not shutil.which(name):
        pytest.fail(f"{name} is missing: apt-get install {package}")


def test_types_hold_and_what_is_committed_is_what_the_sources_build():
    tool("esbuild", "esbuild")
    tool("tsc", "node-typescript")
    done = subprocess.run(["/usr/bin/python3", "-B", BUILD, "--check"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_change_that_was_not_built_is_noticed(tmp_path):
    copy = tmp_path / "widget"
    shutil.copytree(TOP / "widget", copy)
    with open(copy / "src" / "v1.ts", "a") as source:
        source.write("\nconsole.log(\"one more\");\n")
    done = subprocess.run(["/usr/bin/python3", "-B", copy / "build.py", "--check"], capture_output=True, text=True)
    assert done.returncode == 1 and "widget/dist/v1.js is not what widget/src builds" in done.stderr, done


@pytest.mark.alone
def test_pure_functions(tmp_path):
    """node --test of widget/test."""
    tool("node", "nodejs")
    subprocess.run(["/usr/bin/python3", "-B", BUILD, "--tests", tmp_path], check=True)
    tests = sorted(str(p) for p in tmp_path.glob("*.test.mjs"))
    assert tests
    done = subprocess.run(["node", "--test", *tests], capture_output=True, text=True)
    wrong = re.findall(r"^ *not ok.*(?:\n(?! *(?:ok|not ok|# Subtest)\b).*)*", done.stdout, re.M)
    assert done.returncode == 0, "\n".join(wrong)[-6000:] + done.stderr[-2000:]


def weight(*names):
    return sum(len(gzip.compress((DIST / name).read_bytes(), 9)) for name in names)


def test_sizes_are_as_promised():
    assert weight("v1.js") <= 2 * 1024
    languages = [p.name for p in DIST.glob("lang-*.json")]
    heaviest = max(languages, key=weight)
    assert weight("v1.js", "app.js", heaviest) <= 30 * 1024
    for name in languages:
        assert len((DIST / name).read_bytes()) <= 3 * 1024, name
    assert len(languages) >= 8


# ---- served ----

def get(world, name, method="GET", **headers):
    return world.gateway.http(method, f"/widget/{name}", headers={k.replace("_", "-"): v for k, v in headers.items()})


def served(name):
    path = DIST / name
    return f"{path.stem}-{hashlib.sha256(path.read_bytes()).hexdigest()[:10]}{path.suffix}"


def test_each_file_is_served_under_its_hash_for_ever(world):
    for path in DIST.iterdir():
        if path.name in ("v1.js", "files.inc"):
            continue
        answer = get(world, served(path.name))
        assert answer.status == 200 and answer.body == path.read_bytes(), path.name
        assert answer.headers["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"	# a module of another origin asks for it
        assert answer.headers["Content-Type"] == {
            ".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".json": "application/json"}[path.suffix]
        small = get(world, served(path.name), Accept_Encoding="br, gzip")
        assert small.headers["Content-Encoding"] == "gzip" and gzip.decompress(small.body) == path.read_bytes()
        assert small.headers["Vary"] == answer.headers["Vary"] == "Accept-Encoding"
        assert small.headers["ETag"] != answer.headers["ETag"]


def test_the_loader_names_the_files_of_this_build(world):
    loader = get(world, "v1.js")
    assert loader.headers["Cache-Control"] == "public, max-age=300"
    [app] = re.findall(rb"app-[0-9a-f]{10}\.js", loader.body)
    assert app.decode() == served("app.js")
    inside = get(world, app.decode()).body.decode()
    for path in DIST.glob("lang-*.json"):
        if path.name != "lang-en.json":
            assert served(path.name) in inside


def test_what_a_browser_has_is_not_sent_again(world):
    for headers in (dict(), dict(Accept_Encoding="gzip")):
        answer = get(world, "v1.js", **headers)
        again = get(world, "v1.js", If_None_Match=answer.headers["ETag"], **headers)
        assert (again.status, again.body, again.headers["ETag"]) == (304, b"", answer.headers["ETag"])
        assert get(world, "v1.js", If_None_Match='"other"', **headers).status == 200


def test_a_page_with_the_loader_of_another_version_gets_todays_files(world):
    answer = get(world, "app-0123456789.js")
    assert answer.status == 200 and answer.body == (DIST / "app.js").read_bytes()
    assert answer.headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["", "app.js", "nothing.js", "files.inc", "../v1.js", "%2e%2e/v1.js", "v1.js/", "v1.js%00",
                                  "..%2fv1.js", "src/v1.ts", "V1.JS", "x" * 1000])
def test_nothing_else_is_there(world, name):
    assert get(world, name).status in (400, 404)


def test_heads_and_other_methods(world):
    head = get(world, "v1.js", "HEAD")
    assert head.status == 200 and head.body == b""
    assert get(world, "v1.js", "POST").status == 405
