"""The manual pages say what the programs do."""
import json
import re
import subprocess

import pytest

from harness import BUILD, TOP


def plain(page):
    """As a reader sees it, without the overstriking."""
    shown = subprocess.run(["mandoc", "-Tutf8", "-Owidth=400", TOP / "doc" / page], capture_output=True, text=True, check=True)
    return re.sub(".\b", "", shown.stdout)


def help_of(program, *args):
    return subprocess.run([BUILD / program, *args], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("page", ["headgated.8", "headgatectl.1", "headgate.yaml.5"])
def test_a_page_has_no_mistakes(page):
    done = subprocess.run(["mandoc", "-Tlint", "-Wwarning", TOP / "doc" / page], capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "", done.stdout


@pytest.mark.parametrize("program, page", [("headgated", "headgated.8"), ("headgatectl", "headgatectl.1")])
def test_every_option_and_exit_code_of_the_help_is_in_the_page(program, page):
    text, help = plain(page), help_of(program, "--help")
    options = set(re.findall(r"(?<![\w-])--?[a-zA-Z][\w-]*", help))
    assert len(options) > 5
    assert not {o for o in options if not re.search(rf"(?<![\w-]){o}(?![\w-])", text)}
    codes = set(re.findall(r"\b\d+\b", help.split("exit codes:")[1]))
    status = text[text.index("EXIT STATUS"):text.index("SEE ALSO")]
    assert codes == set(re.findall(r"^ +(\d+) ", status, re.M))


def test_the_page_of_headgatectl_is_what_its_table_says():
    """`make golden-ctl` writes it."""
    assert (TOP / "doc" / "headgatectl.1").read_text() == help_of("headgatectl", "docs", "ctl-man")


def test_every_verb_of_headgatectl_is_in_its_page_with_its_options():
    text = plain("headgatectl.1")
    verbs = json.loads(help_of("headgatectl", "docs", "verbs"))["verbs"]
    assert len(verbs) > 30
    for verb in verbs:
        described = re.findall(rf"^     ({verb['verb']}(?: .*)?(?:\n {{5}}(?: *[\[-].*))*)$", text, re.M)
        assert described, verb["verb"]
        synopsis = " ".join(described)
        for option in verb["options"]:
            assert f"--{option['name']}" in synopsis, (verb["verb"], option)


def test_the_page_of_headgatectl_has_not_even_an_unusual_style():
    done = subprocess.run(["mandoc", "-Tlint", TOP / "doc" / "headgatectl.1"], capture_output=True, text=True)
    assert not [line for line in done.stdout.splitlines() if "referenced manual not found" not in line]	# ours need not be installed
