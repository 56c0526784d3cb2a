"""The JSON Schema of rules, held against the files of tests/data/golden/rules and the examples of doc/rules.md."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest
import yaml

from test_config_schema import Loader

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEADGATE_BUILD", TOP))
CASES = sorted((TOP / "tests" / "data" / "golden" / "rules").glob("*.yaml"))

# What only the compiler of rules knows: names, patterns, depth, one decision a rule.
SEEN_BY_COMPILER = """channel-unknown do-two-decisions name-twice nested-too-deep regex-half-character regex-quantifier
regex-too-long regex-unclosed hours-unknown words-unknown-lang words-unknown-list
backend-unknown queue-twice queue-unknown queues-hours template-unknown intent-model-missing intent-model-other
intent-no-model intent-no-model-text intent-unknown""".split()


@pytest.fixture(scope="module", name="schema")
def schema_fixture():
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    run = subprocess.run([BUILD / "headgatectl", "docs", "schema"], capture_output=True, text=True, env=env,
                         check=False)
    assert run.returncode == 0, run.stderr
    whole = json.loads(run.stdout)
    jsonschema.Draft202012Validator.check_schema(whole)
    return jsonschema.Draft202012Validator(whole)


def configuration(text):
    """A list of rules, or rules with what they lean on, as a whole file."""
    part = yaml.load(text, Loader)
    part = part if isinstance(part, dict) and "rules" in part else {"rules": part}
    return {"config_version": 1, **part}


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.stem)
def test_an_editor_with_the_schema_sees_what_the_compiler_refuses(case, schema):
    refused = case.with_suffix(".out").read_text().endswith("no rules\n")
    errors = [f"{list(error.absolute_path)}: {error.message}"
              for error in schema.iter_errors(configuration(case.read_text()))]
    assert bool(errors) == (refused and case.stem not in SEEN_BY_COMPILER), errors


def test_the_examples_of_the_manual_fit_the_schema(schema):
    page = (TOP / "doc" / "rules.md").read_text()
    blocks = re.findall(r"(?ms)^```yaml\n(.*?)^```", page)
    assert len(blocks) >= 5
    for block in blocks:
        if block.startswith("tests:"):	# test_trial.py plays these
            continue
        assert not list(schema.iter_errors(configuration(block))), block
