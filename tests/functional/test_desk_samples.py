"""Presets: what their samples say is so, played without a network by the program people have."""
import subprocess

import pytest

import harness

PRESETS = sorted((harness.TOP / "etc" / "backends").glob("*.yaml"))


@pytest.mark.parametrize("preset", PRESETS, ids=lambda p: p.stem)
def test_what_a_preset_says_of_itself_is_so(preset):
    run = subprocess.run([harness.BUILD / "headgatectl", "backend", "test", preset], capture_output=True, text=True, check=False)
    assert run.returncode == 0 and ", 0 failed" in run.stdout, run.stdout + run.stderr
    assert "\nok" in run.stdout


def test_a_preset_that_says_something_else_than_its_samples_fails(tmp_path):
    text = (harness.TOP / "etc" / "backends" / "zammad.yaml").read_text()
    preset, samples = text.split("\nsamples:")
    broken = tmp_path / "zammad.yaml"
    broken.write_text(preset.replace("sender: Customer", "sender: Agent") + "\nsamples:" + samples)
    run = subprocess.run([harness.BUILD / "headgatectl", "backend", "test", broken], capture_output=True, text=True, check=False)
    assert run.returncode != 0 and "FAIL  a ticket of somebody without an address, with a file" in run.stdout, run.stdout + run.stderr
