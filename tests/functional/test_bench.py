"""The programs that measure count right: with small counts, for here nobody can say how fast anything is."""
import json
import pathlib
import subprocess
import tempfile

from harness import BUILD, TOP


def run(*parts, results):
    done = subprocess.run([TOP / "tests/bench/run", "--small", "--build", BUILD, "--scratch", results.parent, "--results",
                           results, *parts], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return {line["part"]: line for line in map(json.loads, results.read_text().splitlines())}


def test_every_message_of_a_measurement_is_accounted_for():
    with tempfile.TemporaryDirectory(prefix="bench") as folder:		# its name is short enough for a socket in it
        parts = run("e2e", "drain", "desk", "growth", "spike", results=pathlib.Path(folder) / "results")
    assert parts["e2e"]["events"] == 1 and parts["e2e"]["rounds"][0]["repeated"] == 0
    assert (parts["drain"]["events"], parts["drain"]["threads"]) == (400, 80)
    assert (parts["desk"]["events"], parts["desk"]["threads"]) == (400, 80)
    assert [size["people"] for size in parts["growth"]["sizes"]] == [100, 1000]
    spike = parts["spike"]
    assert spike["acknowledged"] == spike["stored"] == spike["ids"] == spike["messages"] == 2940


def test_a_wrong_part_is_named():
    done = subprocess.run([TOP / "tests/bench/run", "speed"], capture_output=True, text=True)
    assert done.returncode == 2 and "there is no part speed" in done.stderr
