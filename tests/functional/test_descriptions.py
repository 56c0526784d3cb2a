"""The descriptions that are shipped: each says where it was written from, each sample says where it was seen, and all of
them hold."""
import os
import pathlib
import re
import subprocess

import pytest
import yaml

import harness

CHANNELS = sorted((pathlib.Path(__file__).resolve().parents[2] / "etc/channels").glob("*.yaml"))


def play(path):
    return subprocess.run([harness.BUILD / "headgatectl", "adapter", "test", path], capture_output=True, text=True,
                          env={**os.environ, "HEADGATE_ADAPTER_DIR": str(harness.BUILD / "adapters/.libs")},
                          timeout=harness.PATIENCE)


def test_there_is_one_for_each_provider_the_readme_names():
    assert {path.stem for path in CHANNELS} == {"africastalking", "aws-sns", "bandwidth", "bird", "clickatell", "kannel",
                                                "messagebird", "plivo", "sinch", "telegram"}


@pytest.mark.parametrize("path", CHANNELS, ids=lambda path: path.stem)
def test_samples_hold(path):
    done = play(path)
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.strip().splitlines()[-1]
    assert re.fullmatch(r"\d+ samples, 0 failed, \d+ made up", last), last


@pytest.mark.parametrize("path", CHANNELS, ids=lambda path: path.stem)
def test_each_says_where_it_is_from_and_when_that_was(path):
    text = path.read_text()
    head = text[:text.index("#\n")]
    assert re.search(r"\b20\d\d-\d\d-\d\d\b", head), head
    described = yaml.safe_load(text)
    samples = described["samples"]
    directions = [way for way in ("in", "send") if way in described]
    assert all(samples["out" if way == "send" else way] for way in directions)
    for sample in samples.get("in", []) + samples.get("out", []):
        assert sample.get("seen") or sample.get("made_up") is True, sample["name"]


def test_a_sample_that_does_not_hold_is_told(tmp_path):
    """The same file, with another word expected: what was expected and what came."""
    wrong = tmp_path / "plivo.yaml"
    text = (CHANNELS[0].parent / "plivo.yaml").read_text()
    wrong.write_text(text.replace("Your order is on its way & fine\" }\n          units", "Somebody else's words\" }\n          units"))
    assert wrong.read_text() != text
    done = play(wrong)
    assert done.returncode == 1, done.stdout
    assert "Somebody else's words" in done.stdout and "Your order is on its way & fine" in done.stdout
