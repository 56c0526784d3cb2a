"""Every event that the payload writer makes fits its schema in doc/events, and the schema knows all of it."""
import json
import os
import pathlib
import re
import subprocess

import jsonschema
import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("HEADGATE_BUILD", TOP))
SCHEMAS = {path.name: json.loads(path.read_text()) for path in sorted((TOP / "doc" / "events").glob("*.json"))}
TYPES = sorted(name.removesuffix(".json") for name in SCHEMAS if name != "common.json")


@pytest.fixture(scope="module", name="samples")
def samples_fixture(tmp_path_factory):
    """The bodies that tests/unit/test_payload writes: TYPE.json and TYPE+VARIANT.json."""
    folder = tmp_path_factory.mktemp("payloads")
    env = dict(os.environ, PAYLOAD_SAMPLES=str(folder))
    run = subprocess.run([BUILD / "tests" / "unit" / "test_payload"], env=env, capture_output=True, text=True,
                         check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def validator(name):
    schema = SCHEMAS[name]
    resolver = jsonschema.RefResolver(name, schema, store=dict(SCHEMAS))
    return jsonschema.Draft202012Validator(schema, resolver=resolver)


def resolve(schema, document):
    """Follows $ref: to the schema meant and the document it stands in."""
    while "$ref" in schema:
        name, _, pointer = schema["$ref"].partition("#/$defs/")
        document = SCHEMAS[name] if name else document
        schema = document["$defs"][pointer]
    return schema, document


def unknown(value, schema, document, path="data"):
    """Members of value that the schema says nothing about; objects without properties are free."""
    schema, document = resolve(schema, document)
    for branch in schema.get("anyOf", []):
        if value is not None and branch != {"type": "null"}:
            yield from unknown(value, branch, document, path)
            return
    if isinstance(value, list) and "items" in schema:
        for number, item in enumerate(value):
            yield from unknown(item, schema["items"], document, f"{path}[{number}]")
    if not isinstance(value, dict) or "properties" not in schema:
        return
    for key, member in value.items():
        if key in schema["properties"]:
            yield from unknown(member, schema["properties"][key], document, f"{path}.{key}")
        else:
            yield f"{path}.{key}"


@pytest.mark.parametrize("name", sorted(SCHEMAS))
def test_a_schema_is_a_schema(name):
    jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"] == name


@pytest.mark.parametrize("kind", TYPES)
def test_samples_fit_their_schema_and_have_nothing_it_does_not_know(kind, samples):
    mine = {name: body for name, body in samples.items() if name.split("+")[0] == kind}
    assert len(mine) >= 2
    for name, body in mine.items():
        errors = [f"{list(error.absolute_path)}: {error.message}"
                  for error in validator(kind + ".json").iter_errors(body)]
        assert not errors, (name, errors)
        schema = SCHEMAS[kind + ".json"]
        assert not list(unknown(body["data"], schema["properties"]["data"], schema)), name


def test_every_event_has_a_schema_and_every_schema_an_event(samples):
    assert {name.split("+")[0] for name in samples} == set(TYPES)


@pytest.mark.parametrize("kind", TYPES)
def test_a_schema_refuses_an_event_with_a_member_missing(kind, samples):
    for member in samples[kind]["data"]:
        body = dict(samples[kind], data={k: v for k, v in samples[kind]["data"].items() if k != member})
        if kind.startswith("contact.") and member in ("thread", "sequence"):
            continue    # of a contact's event only there when a thread was the reason
        assert not validator(kind + ".json").is_valid(body), member


def test_the_page_on_events_names_them_all():
    page = (TOP / "doc" / "events.md").read_text()
    assert sorted(re.findall(r"(?m)^\| `([a-z]+\.[a-z_]+)` \|", page)) == TYPES
    linked = set(re.findall(r"\(events/([a-z._]+\.json)\)", page))
    assert linked == set(SCHEMAS)


def test_the_page_on_events_explains_every_field_of_a_ticket_request():
    page = (TOP / "doc" / "events.md").read_text()
    fields = SCHEMAS["ticket.requested.json"]["properties"]["data"]["properties"]
    assert not [name for name in fields if f"`{name}`" not in page and f"`{name}." not in page]
