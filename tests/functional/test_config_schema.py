"""The JSON Schema, the sample and the man page that the option tables give, seen from outside."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest
import yaml

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEADGATE_BUILD", TOP))
CASES = TOP / "tests" / "data" / "golden" / "config"
WHATSAPP = sorted(BUILD.glob("adapters/.libs/whatsapp.so"))

# Mistakes that an editor with the schema shows while one types.
SEEN_BY_SCHEMA = """adapter-missing adapter-option-missing adapter-option-misspelt backend-incomplete bool bytes
enum imap-is-text include-shape int int-range key-dotted key-misspelt key-nested-misspelt key-unknown list-item
name-bad not-a-map rules-are-map secret-is-map secret-literal secret-misspelt section-is-list section-is-text span
text-length token-scope url value-is-list value-is-map value-missing version-missing version-unknown""".split()


class Loader(yaml.SafeLoader):
    """YAML 1.2: yes and off are words, dates are texts."""


Loader.yaml_implicit_resolvers = {}
for tag, pattern, first in (
    ("null", r"^(?:~|null|)$", ["~", "n", ""]),
    ("bool", r"^(?:true|false)$", ["t", "f"]),
    ("int", r"^[-+]?[0-9]+$", list("-+0123456789")),
    ("float", r"^[-+]?[0-9]+\.[0-9]+$", list("-+0123456789")),
):
    Loader.add_implicit_resolver("tag:yaml.org,2002:" + tag, re.compile(pattern), first)


def docs(kind, *adapters):
    program = BUILD / "tests" / "tools" / "config_docs"
    # LeakSanitizer and a dlopened adapter do not concern this test.
    env = dict(os.environ, ASAN_OPTIONS="detect_leaks=0")
    run = subprocess.run([program, kind, *map(str, adapters)], capture_output=True, text=True, env=env, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.fixture(scope="module", name="schema")
def schema_fixture():
    schema = json.loads(docs("schema", "probe"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def load(text):
    return yaml.load(text, Loader)


def uncommented(sample):
    """Every option set: '#name: value' without its '#'."""
    return re.sub(r"(?m)^( *)#(?=[a-z_-]+:|- name|  \w)", r"\1", sample)


@pytest.mark.parametrize("case", sorted(p.stem for p in CASES.glob("good-*.yaml")))
def test_what_the_daemon_reads_the_schema_accepts(schema, case):
    schema.validate(load((CASES / f"{case}.yaml").read_text()))


@pytest.mark.parametrize("case", SEEN_BY_SCHEMA)
def test_the_schema_sees_the_mistake(schema, case):
    assert not schema.is_valid(load((CASES / f"{case}.yaml").read_text()))


@pytest.mark.parametrize("adapters", [[], ["probe"]], ids=["none", "probe"])
def test_the_sample_is_right_as_it_is_and_with_every_option_set(schema, adapters):
    sample = docs("sample", *adapters)
    assert load(sample)["config_version"] == 1
    schema.validate(load(sample))
    every = load(uncommented(sample))
    assert every["backends"]["main"]["concurrency"] == 16
    assert every["rules"] and every["tests"] and every["api"]["tokens"]["main"]
    if adapters:
        assert every["channels"]["probe"]["imap"]["port"] == 993
        schema.validate(every)


def test_whatsapp_options_are_in_its_schema():
    if not WHATSAPP:
        pytest.fail("the whatsapp adapter is not built: make, and set HEADGATE_BUILD")
    schema = json.loads(docs("schema", WHATSAPP[0]))
    jsonschema.Draft202012Validator.check_schema(schema)
    every = load(uncommented(docs("sample", WHATSAPP[0])))
    jsonschema.Draft202012Validator(schema).validate(every)
    assert set(every["channels"]["whatsapp"]) == set(schema["$defs"]["adapter-whatsapp"]["properties"])


def test_headgatectl_adds_the_rule_language_and_installed_adapters():
    program = BUILD / "headgatectl"
    if not program.exists():
        pytest.fail("headgatectl is not built: make, and set HEADGATE_BUILD")
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(WHATSAPP[0].parent) if WHATSAPP else "")
    run = subprocess.run([program, "docs", "schema"], capture_output=True, text=True, env=env, check=False)
    assert run.returncode == 0, run.stderr
    schema = json.loads(run.stdout)
    assert not WHATSAPP or "adapter-whatsapp" in schema["$defs"]
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    rule = {"name": "noise", "when": {"text": {"matches": "^hi$"}}, "do": {"ignore": "noise"}}
    validator.validate({"config_version": 1, "rules": [rule]})
    validator.validate({"config_version": 1, "rules": None})
    for wrong in ({"do": {"ignroe": "noise"}}, {"when": {"txt": "hi"}}, {"name": 7}):
        assert not validator.is_valid({"config_version": 1, "rules": [dict(rule, **wrong)]})


@pytest.mark.parametrize("kind, path", [("sample", "etc/headgate.yaml"), ("man", "doc/headgate.yaml.5")])
def test_the_files_in_the_tree_are_what_the_tables_give(kind, path):
    if not WHATSAPP:
        pytest.fail("the whatsapp adapter is not built: make, and set HEADGATE_BUILD")
    assert (TOP / path).read_text() == docs(kind, WHATSAPP[0]), "make golden writes it again"


@pytest.mark.parametrize("adapters", [[], ["probe"], WHATSAPP[:1]], ids=["none", "probe", "whatsapp"])
def test_the_man_page_has_no_warnings(adapters, tmp_path):
    page = tmp_path / "headgate.yaml.5"
    page.write_text(docs("man", *adapters))
    lint = subprocess.run(["mandoc", "-Tlint", "-Wwarning", page], capture_output=True, text=True, check=False)
    assert lint.returncode == 0, lint.stdout
