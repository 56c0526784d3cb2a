"""What ./demo runs after the build: the script a newcomer sees first, and the page, which only its own page may use."""
import http.client
import json
import os
import pathlib
import signal
import subprocess
import sys

import pytest

import harness

FOLDER = harness.TOP / "contrib" / "demo"
sys.path.insert(0, str(FOLDER))
import board  # noqa: E402
import gateway  # noqa: E402
import page  # noqa: E402


def test_the_script_comes_out_as_it_should(tmp_path):
    """Phone and widget: one ticket, nothing twice, nothing left over; drive.py looks at that itself."""
    done = subprocess.run([sys.executable, str(FOLDER / "drive.py"), "--build", str(harness.BUILD), "--run", str(tmp_path / "run"),
                           "--once", "--headless"], capture_output=True, text=True, timeout=4 * harness.PATIENCE)
    log = (tmp_path / "run" / "headgated.log").read_text(errors="replace")
    assert done.returncode == 0, done.stdout + done.stderr + log[-4000:]
    assert "as it should be" in done.stdout
    assert not harness.sanitizer_report(log)


def verb(folder, *args, **env):
    return subprocess.Popen([harness.BUILD / "headgatectl", "--json", "demo", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                            env={**os.environ, "TMPDIR": str(folder), "HEADGATE_ADAPTER_DIR": str(harness.BUILD / "adapters" / ".libs"), **env})


def test_the_verb_tells_a_story_and_takes_everything_away(tmp_path_factory):
    """What an installed headgate can show by itself: headgatectl demo."""
    folder = tmp_path_factory.mktemp("d")
    with verb(folder) as demo:
        told = json.loads(demo.stdout.readline())
        assert told["ok"] and len(told["steps"]) == 4 and all(step["ok"] for step in told["steps"])
        assert [path.name for path in folder.iterdir()] == [pathlib.Path(told["config"]).parent.name]
        demo.send_signal(signal.SIGINT)
        assert demo.wait(harness.PATIENCE) == 0, demo.stderr.read()
    assert not list(folder.iterdir())


def test_the_verb_says_why_its_daemon_does_not_begin(tmp_path):
    with verb(tmp_path, "--once", "--dir", tmp_path / "d", HEADGATE_ADAPTER_DIR=str(tmp_path)) as demo:
        assert demo.wait(harness.PATIENCE) == 1 and not json.loads(demo.stdout.read())["ok"]
        assert "whatsapp" in demo.stderr.read() and (tmp_path / "d" / "headgated.log").exists()


class Api:
    """Stands for the gateway's: the page of these tests has none."""

    def call(self, method, path):
        raise gateway.Refused(404, "there is no such file")


@pytest.fixture
def shown():
    asked = []
    made = page.Page(board.Board(), Api(), 0, "http://127.0.0.1:1", {"note": asked.append, "lost": lambda body: body["thread"]},
                     {"session": lambda body: {"jwt": "a.b.c"}})
    made.asked = asked
    yield made
    made.close()


def ask(shown, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", shown.port, timeout=harness.PATIENCE)
    try:
        connection.request(method, path, None if body is None else json.dumps(body), {k.replace("_", "-"): v for k, v in headers.items()})
        reply = connection.getresponse()
        return reply.status, reply.read(), reply.headers
    finally:
        connection.close()


JSON = {"Content_Type": "application/json"}


def test_its_buttons_work_for_its_own_page_only(shown):
    own = f"http://127.0.0.1:{shown.port}"
    assert ask(shown, "POST", "/do/note", {"text": "a"}, Origin=own, **JSON)[0] == 200
    for wrong in ({"Origin": "https://evil.example", **JSON}, {"Origin": "null", **JSON}, {"Origin": own, "Content_Type": "text/plain"},
                  {"Origin": "http://rebound.example", "Host": "rebound.example", **JSON}):
        assert ask(shown, "POST", "/do/note", {"text": "b"}, **wrong)[0] == 403, wrong
    assert ask(shown, "GET", "/", Host="rebound.example")[0] == 403
    assert shown.asked == [{"text": "a"}]


def test_it_refuses_what_makes_no_sense(shown):
    assert ask(shown, "POST", "/do/nothing", {}, **JSON)[0] == 404
    assert ask(shown, "POST", "/do/lost", {}, **JSON)[0] == 400
    assert ask(shown, "POST", "/do/note", {"text": "x" * page.BODY_MAX}, **JSON)[0] == 403
    assert ask(shown, "GET", "/file/att_../../etc/passwd")[0] == 404


@pytest.mark.parametrize("path", ["/drive.py", "/../drive.py", "/%2e%2e/drive.py", "/page.py", "/.", "//etc/passwd", "/main.js/"])
def test_it_has_no_other_files(shown, path):
    assert ask(shown, "GET", path)[0] == 404


def test_nothing_runs_in_it_but_its_own_files(shown):
    for path in ("/", "/shop"):
        status, body, headers = ask(shown, "GET", path)
        assert status == 200 and "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"] and b"style=" not in body and b"<style" not in body
        assert b"onclick" not in body and b"javascript:" not in body


def test_a_page_that_comes_later_gets_all_of_it(shown):
    shown.board.put("story", "a", what="first")
    shown.board.put("story", "b", what="second")
    shown.board.put("story", "a", outcome="held")
    connection = http.client.HTTPConnection("127.0.0.1", shown.port, timeout=harness.PATIENCE)
    connection.request("GET", "/live")
    stream = connection.getresponse()
    cards, id = [], None
    while len(cards) < 2:
        line = stream.readline().decode()
        if line.startswith("data:") and line != "data: {}\n":
            cards.append(json.loads(line[5:]))
        elif line.startswith("id:"):
            id = line[3:].strip()
    assert [(card["key"], card["what"], card.get("outcome")) for card in cards] == [("a", "first", "held"), ("b", "second", None)]
    connection.close()
    shown.board.put("story", "c", what="third")
    connection = http.client.HTTPConnection("127.0.0.1", shown.port, timeout=harness.PATIENCE)
    connection.request("GET", "/live", headers={"Last-Event-ID": id})
    stream = connection.getresponse()
    line = stream.readline()
    while not line.startswith(b"data:"):
        line = stream.readline()
    assert json.loads(line[5:])["key"] == "c"
    connection.close()


def test_every_file_of_the_page_is_asked_for():
    """A script that no page names is dead; one that is named and missing breaks it."""
    folder = FOLDER / "page"
    text = "".join((folder / name).read_text() for name in ("index.html", "shop.html", "main.js", "phone.js", "story.js", "desk.js", "tries.js"))
    names = {path.name for path in folder.iterdir()} - {"index.html", "shop.html"}
    assert {name for name in names if f"/{name}" in text} == names

