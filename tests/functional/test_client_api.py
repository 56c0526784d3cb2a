"""doc/client-api.yaml beside the program: the same routes in both directions, and answers of the shape it says."""
import os
import re
import subprocess

import jsonschema
import pytest
import yaml

import visitor_client
from conftest import AT_ONCE, NOISE, World
from harness import BUILD, TOP, wait_until
from visitor_client import Visitor, jwt

DOCUMENT = yaml.safe_load((TOP / "doc" / "client-api.yaml").read_text())
METHODS = {"get", "put", "post", "delete", "patch", "options", "head"}
PAGES = ("/widget", "/chat")	# for browsers, not for programs: doc/widget.md


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = World(tmp_path_factory.mktemp("world"), rules=NOISE + AT_ONCE, env=visitor_client.ENV,
                 change=visitor_client.change())
    yield made
    made.close()


def described():
    return {(method.upper(), re.sub(r"\{[^}]*\}", "{}", path)) for path, item in DOCUMENT["paths"].items()
            for method in item if method in METHODS}


def built():
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(BUILD / "adapters" / ".libs"))
    text = subprocess.run([BUILD / "headgatectl", "docs", "client-api"], capture_output=True, text=True, env=env,
                          check=True).stdout
    routes = {tuple(line.split()) for line in text.splitlines()}
    return {route for route in routes if not route[1].startswith(PAGES)}


def test_every_route_is_described_and_every_description_is_a_route():
    assert described() == built()


def test_the_description_is_openapi():
    assert DOCUMENT["openapi"].startswith("3.1.")
    for path, item in DOCUMENT["paths"].items():
        names = set(re.findall(r"\{([^}]*)\}", path))
        for method in METHODS & set(item):
            operation = item[method]
            assert operation["operationId"] and operation["summary"] and operation["responses"], (path, method)
            parameters = [resolve(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
            assert {p["name"] for p in parameters if p["in"] == "path"} == names, (path, method)
    ids = [item[m]["operationId"] for item in DOCUMENT["paths"].values() for m in METHODS & set(item)]
    assert len(ids) == len(set(ids))


def references(node):
    if isinstance(node, dict):
        yield from ([node["$ref"]] if "$ref" in node else [])
        for value in node.values():
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def resolve(node):
    if "$ref" in node:
        place = DOCUMENT
        for name in node["$ref"].removeprefix("#/").split("/"):
            place = place[name]
        return place
    return node


def test_all_that_is_referred_to_is_there():
    named = set(references(DOCUMENT))
    assert named and all(resolve({"$ref": name}) for name in named)


def schema(name):
    return {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}


def checked(body, name):
    jsonschema.Draft202012Validator(schema(name)).validate(body)
    # What is there and not described would be a member that clients come to rely on.
    known = DOCUMENT["components"]["schemas"][name]["properties"]
    assert set(body) <= set(known), set(body) - set(known)
    return body


def test_answers_have_the_shape_that_is_described(world):
    gateway = world.gateway
    visitor = Visitor(gateway, identity=dict(jwt=jwt(dict(sub="shape-1", email="shape@acme.example", name="Shape"))))
    checked(visitor.hello, "Session")
    checked(visitor.hello["channel"], "Channel")
    said = visitor.said("my order is late")
    checked(said, "Said")
    checked(said["message"], "Message")
    thread = said["thread"]["id"]
    assert gateway.reply(thread, "On its way!", agent="Ana").status == 202
    wait_until(lambda: len(visitor.messages(thread)) > 1, "the answer")
    for one in visitor.threads():
        checked(one, "Thread")
    for message in visitor.messages(thread):
        checked(message, "Message")
    for answer in (visitor.call("GET", "/threads/thr_none"), visitor.call("GET", "/threads", token="x"),
                   visitor.session(keep=False, channel="none"), visitor.say("", id="x")):
        checked(answer.json, "Problem")
    cursor = visitor.hello["cursor"]
    page = visitor.get(f"/events?cursor={cursor}&wait=1")
    assert page["events"] and page["cursor"]
    for event in page["events"]:
        checked(event, "Event")


def test_what_is_described_as_refused_is_refused(world):
    visitor = Visitor(world.gateway)
    request = DOCUMENT["components"]["schemas"]["SessionRequest"]["properties"]
    assert set(request) == {"channel", "token", "identity", "locale", "proof", "website", "browser"}
    said = DOCUMENT["components"]["requestBodies"]["Said"]["content"]["application/json"]["schema"]["properties"]
    for name, value in (("locale", "en"), ("choice", "c"), ("website", ""), ("page", {}), ("context", {}), ("files", [])):
        assert name in said and visitor.say("words", **{name: value}).status == 201
    assert visitor.call("POST", "/threads", dict(id="12345678", text="x", unknown=1)).status == 400
