"""doc/start.md as a newcomer follows it: every command in its order, in one shell, and what it says beside what the page promises.

A block ```sh is what he types, the block ```text behind it all that he then reads; ```sh build is what ./check has done before."""
import os
import re
import subprocess

import harness

PAGE = harness.TOP / "doc" / "start.md"
BLOCK = re.compile(r"^```(sh|text)\n(.*?)^```$", re.M | re.S)
LOOKS = re.compile(r"(cat|headgatectl \S+ \S+ (thread list|explain))\b")	# what a person repeats until there is something to see
VARIES = [(re.compile(pattern), word) for pattern, word in (
    (r"\b([a-z]+)_[0-9a-hjkmnp-tv-z]{26}\b", r"\1_ID"), (r"\b\d{4}-\d\d-\d\d[T ]", "DAY "), (r"\b\d\d:\d\d(:\d\d)?(\.\d+)?Z?", "TIME"),
    (r"\b\d+ ?(ms|s|m|seconds?)\b", "SPAN"), (r"#login=\S+", "#login=SECRET"),
    (r"\b[0-9a-f]{12}\b", "HASH"), (r" +", " "), (r" $", ""))]


def plain(text):
    """Without what differs from run to run."""
    for pattern, word in VARIES:
        text = pattern.sub(word, text)
    return "\n".join(line.strip() for line in text.splitlines())


def steps():
    """[what is typed, what is read or None]; ports are such as nobody else has."""
    text = PAGE.read_text()
    for port in sorted(set(re.findall(r"\b842\d\b", text))):
        text = text.replace(port, str(harness.quiet_port()))
    found = []
    for kind, body in BLOCK.findall(text):
        if kind == "sh":
            found.append([body, None])
        else:
            assert found and found[-1][1] is None, f"nothing was typed before: {body}"
            found[-1][1] = body
    return found


class Shell:
    """One, for the whole page."""

    def __init__(self, home):
        env = {name: value for name, value in os.environ.items() if not name.startswith("HEADGATE_")}
        self.process = subprocess.Popen(["bash", "--norc", "--noprofile"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        text=True, cwd=harness.BUILD, env=dict(env, HOME=str(home), LC_ALL="C.UTF-8"))

    def type(self, command):
        self.process.stdin.write(command + "\necho\necho THE-END\n")
        self.process.stdin.flush()
        said = ""
        for line in self.process.stdout:
            if line == "THE-END\n":
                return said.removesuffix("\n")
            said += line
        raise AssertionError(f"the shell ended at {command}:\n{said}")


def follow(shell, command, promised):
    said = shell.type(command)
    if promised is None:
        assert said == "", f"{command}says\n{said}"
    elif LOOKS.match(command):
        def look():
            nonlocal said
            said = shell.type(command)
            return plain(said) == plain(promised)
        try:
            harness.wait_until(look, "what the page promises")
        except AssertionError:
            pass
    assert plain(said) == plain(promised or ""), f"{command}says\n{said}"


def test_the_page_can_be_followed(tmp_path):
    shell = Shell(tmp_path)
    try:
        for command, promised in steps():
            follow(shell, command, promised)
    finally:
        shell.process.stdin.write("kill $gateway $desk $phone; wait\n")
        shell.process.stdin.close()
        shell.process.wait(harness.PATIENCE)
        shell.process.stdout.close()
    folder = tmp_path / "headgate-start"
    for name in ("headgated.log", "desk.log"):
        assert not harness.sanitizer_report((folder / name).read_text())
    assert "daemon.stopped" in (folder / "headgated.log").read_text()
