"""doc/openapi.yaml: well formed, the same routes as the program has in both directions, and served by it."""
import http.client
import json
import re
import subprocess

import jsonschema
import pytest

import described
from conftest import AT_ONCE
from described import METHODS, document, errors, operations, part, resolve
from harness import API_TOKEN, BUILD, PATIENCE, TOP, request

DESCRIBED = True
CONFIG = dict(rules=AT_ONCE, top="settle: 20s\nretention: { messages: 365d }")
OPEN = {("GET", path) for path in ("/v1/openapi.yaml", "/v1/openapi.json", "/v1/events/{}", "/livez", "/readyz", "/files/{}")}
TEXT = (TOP / "doc" / "openapi.yaml").read_text()


def nodes(node, path=""):
    yield path, node
    for key, value in node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ():
        yield from nodes(value, f"{path}/{key}")


# ---- the document itself ----

def test_every_name_is_text():
    """An unquoted on, 200 or 2026-11-20 would be something else."""
    odd = [(path, key) for path, node in nodes(document()) if isinstance(node, dict) for key in node if not isinstance(key, str)]
    assert not odd
    json.dumps(document())


def test_all_that_is_referred_to_is_there_and_nothing_else_is():
    named = {node["$ref"] for _, node in nodes(document()) if isinstance(node, dict) and isinstance(node.get("$ref"), str)}
    for reference in named:
        assert resolve(reference, document())[0] is not None, reference
    # scheme names stand in security:, not behind a $ref
    there = {f"#/components/{kind}/{name}" for kind, all_ in document()["components"].items() for name in all_
             if kind != "securitySchemes"}
    assert there - named == set()


def test_operations_are_whole():
    assert document()["openapi"].startswith("3.1.")
    ids, tags = [], {tag["name"] for tag in document()["tags"]}
    for path, item in document()["paths"].items():
        for method in [m for m in METHODS if m in item]:
            operation, where = item[method], f"{method} {path}"
            ids.append(operation["operationId"])
            assert operation["summary"] and set(operation["tags"]) <= tags and "security" in operation, where
            parameters = [part(p) for p in item.get("parameters", []) + operation.get("parameters", [])]
            assert {p["name"] for p in parameters if p["in"] == "path"} == set(re.findall(r"\{([^}]*)\}", path)), where
            assert all(p["required"] for p in parameters if p["in"] == "path"), where
            assert len({(p["in"], p["name"]) for p in parameters}) == len(parameters), where
            assert any(status < "300" for status in operation["responses"]), where
            assert set(operation.get("x-problems", [])) <= set(document()["x-problem-statuses"]), where
    assert len(ids) == len(set(ids))


SCHEMA = ("$ref type description properties required additionalProperties unevaluatedProperties patternProperties propertyNames "
          "minProperties maxProperties dependentRequired items minItems maxItems enum const pattern format minLength maxLength "
          "minimum maximum default example examples anyOf oneOf allOf not").split()
WORDS = {"operation": "tags operationId summary description security parameters requestBody responses x-problems".split(),
         "parameter": "name in required schema description example".split(),
         "requestBody": "required content description".split(), "response": "description headers content".split(),
         "content": "schema example x-lines-schema x-events-schema".split(), "header": "description required schema".split()}


def parts_of(operation):
    """(kind, node) of the parts of an operation that are no schemas."""
    yield "operation", operation
    yield from (("parameter", parameter) for parameter in operation["parameters"])
    bodies = [("requestBody", part(operation["requestBody"]))] if "requestBody" in operation else []
    bodies += [("response", part(answer)) for answer in operation["responses"].values()]
    for kind, body in bodies:
        yield kind, body
        yield from (("content", content) for content in body.get("content", {}).values())
        yield from (("header", part(header)) for header in body.get("headers", {}).values())


def subschemas(schema):
    yield schema
    if schema is True:
        return
    for key in ("properties", "patternProperties"):
        for below in schema.get(key, {}).values():
            yield from subschemas(below)
    for key in ("items", "additionalProperties", "unevaluatedProperties", "propertyNames", "not"):
        yield from subschemas(schema[key]) if isinstance(schema.get(key), dict) else ()
    for key in ("anyOf", "oneOf", "allOf"):
        for below in schema.get(key, []):
            yield from subschemas(below)


def test_no_word_of_openapi_or_json_schema_is_misspelt():
    """What a validator does not know it passes over."""
    for key, operation in operations().items():
        for kind, node in parts_of(operation):
            assert set(node) <= set(WORDS[kind]), (key, kind, set(node) - set(WORDS[kind]))
    for path, schema in schemas():
        for below in subschemas(schema):
            assert below is True or set(below) <= set(SCHEMA), (path, set(below) - set(SCHEMA))


def schemas():
    for path, node in nodes(document()):
        if re.search(r"/schema$|/x-(lines|events)-schema$|^/components/schemas/[^/]+$", path) and "/properties/" not in path:
            yield path, node


def test_schemas_are_schemas():
    for path, schema in schemas():
        try:
            jsonschema.Draft202012Validator.check_schema(schema)
        except jsonschema.SchemaError as error:
            raise AssertionError(f"{path}: {error.message}") from None


def test_examples_fit_their_schemas():
    examples = 0
    for path, node in nodes(document()):
        if not isinstance(node, dict) or "/examples" in path:
            continue
        if "example" in node and "schema" in node:
            assert not errors(node["schema"], node["example"]), path
            examples += 1
        for example in node.get("examples", []) if isinstance(node.get("examples"), list) else []:
            schema = {key: value for key, value in node.items() if key != "examples"}
            assert not errors(schema, example), path
            examples += 1
    assert examples > 20


def test_answers_are_closed_or_free_on_purpose():
    """An object whose members are listed lets no other in: what is not described is noticed.  Those below are composed."""
    composed = {"ContactMembers", "ContactListedMembers", "ChannelMembers", "ReportTimes", "TicketMade", "Csat"}
    for path, node in nodes(document()["components"]["schemas"]):
        if isinstance(node, dict) and isinstance(node.get("properties"), dict) and path.split("/")[1] not in composed:
            assert node.get("additionalProperties") is not None or node.get("unevaluatedProperties") is False, path


def test_what_events_and_answers_share_is_called_the_same():
    ours, theirs = document()["components"]["schemas"], described.event_document("common.json")["$defs"]
    for name, event_name in (("Message", "message"), ("Attachment", "attachment"), ("Ticket", "ticket"), ("Link", "link"),
                             ("ContactMembers", "contact")):
        assert set(ours[name]["properties"]) - {"shadow"} == set(theirs[event_name]["properties"]), name
        assert set(ours[name]["required"]) == set(theirs[event_name]["required"]), name


def test_webhooks_are_the_events():
    types = {path.stem for path in (TOP / "doc" / "events").glob("*.json")} - {"common"}
    assert set(document()["webhooks"]) == types
    for name, item in document()["webhooks"].items():
        body = item["post"]["requestBody"]["content"]["application/json"]["schema"]
        assert body == {"$ref": f"events/{name}.json"}


# ---- the program's routes ----

def routes_of_the_build():
    printed = subprocess.run([BUILD / "headgatectl", "docs", "api"], capture_output=True, text=True, check=True).stdout
    lines = [line.split() for line in printed.splitlines()]
    return {(line[0], line[1]): (line[2], set(line[3].split(",")) if len(line) > 3 else set()) for line in lines}


ROUTES = routes_of_the_build()


def test_every_route_is_described_and_every_description_is_a_route():
    for method, pattern in set(ROUTES) - set(operations()):
        raise AssertionError(f"route {method} {pattern} has no operation in doc/openapi.yaml: add it")
    for method, pattern in set(operations()) - set(ROUTES) - OPEN:
        raise AssertionError(f"doc/openapi.yaml has {method} {pattern}, and src/api/route.c has no such route: remove it")


@pytest.mark.parametrize("method, pattern", sorted(set(ROUTES) & set(operations())), ids=lambda v: v.replace("/", "."))
def test_scope_and_query_are_the_routes_own(method, pattern):
    scope, query = ROUTES[method, pattern]
    operation = operations()[method, pattern]
    assert operation["security"] == [{"token": [scope]}]
    assert {p["name"] for p in operation["parameters"] if p["in"] == "query"} == query


def test_who_may_look_without_a_token_is_said():
    assert {key for key, operation in operations().items() if not operation["security"]} == OPEN


def test_the_page_on_the_api_has_the_same_words_of_problems_and_scopes():
    page = (TOP / "doc" / "api.md").read_text()
    rows = re.findall(r"(?m)^\| ((?:`[a-z-]+`(?:, )?)+) \| (\d{3}(?:, \d{3})*) \|", page)
    words = {word: [int(s) for s in statuses.split(", ")] for names, statuses in rows for word in re.findall(r"`([a-z-]+)`", names)}
    assert words == {word: described.statuses_of(word) for word in document()["x-problem-statuses"]}
    scopes = re.findall(r"(?m)^\| `([a-z]+)` \| [^`|]", page.partition("## Who may do what")[2].partition("\n## ")[0])
    assert scopes == document()["components"]["schemas"]["Scope"]["enum"]


# ---- the program serves it ----

def fetch(world, path, method="GET", **headers):
    return request(world.gateway.port, method, path, headers=headers)


def test_the_document_is_served_to_everybody_as_yaml_and_as_json(world):
    as_yaml, as_json = fetch(world, "/v1/openapi.yaml"), fetch(world, "/v1/openapi.json")
    assert (as_yaml.headers["Content-Type"], as_json.headers["Content-Type"]) == ("application/yaml", "application/json")
    same = as_yaml.body.decode() == TEXT
    assert same, "the program was built before doc/openapi.yaml was changed"
    same = as_json.json == document()
    assert same, "the document as JSON is another one"


def test_schemas_of_events_are_served_where_the_document_refers_to_them(world):
    for path in sorted((TOP / "doc" / "events").glob("*.json")):
        assert fetch(world, f"/v1/events/{path.name}").body == path.read_bytes()
    assert fetch(world, "/v1/events/openapi.yaml").status == 404
    assert fetch(world, "/v1/events/none.json").status == 404


@pytest.mark.parametrize("path", ["/v1/openapi.yaml", "/v1/openapi.json", "/v1/events/common.json"])
def test_who_has_it_is_not_sent_it_again(world, path):
    tag = fetch(world, path).headers["ETag"]
    again = fetch(world, path, **{"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert fetch(world, path, **{"If-None-Match": '"other"'}).status == 200
    assert fetch(world, path, "HEAD").body == b""
    refused = fetch(world, path, "POST")
    assert (refused.status, refused.headers["Allow"]) == (405, "GET, HEAD")


# ---- what it says of requests is what the program takes ----

LIMITS = [(pattern, part_["schema"]) for (method, pattern), operation in sorted(operations().items())
          for part_ in operation["parameters"] if part_["name"] == "limit" and method == "GET"]


@pytest.fixture(scope="module")
def thread(world):
    return world.thread()["id"]


@pytest.mark.parametrize("pattern, schema", LIMITS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_limit_is_the_one_that_is_described(world, thread, pattern, schema):
    schema = described.FLAT.of(schema, document())
    path = pattern.replace("{}", thread) + ("?q=x&limit=" if pattern == "/v1/search" else "?limit=")
    for limit, fine in ((schema["maximum"], True), (schema["maximum"] + 1, False), (schema["minimum"] - 1, False)):
        answer = world.gateway.api("GET", f"{path}{limit}")
        assert answer.status == (200 if fine else 400), answer
        assert fine or f"a number from {schema['minimum']} to {schema['maximum']} is wanted" in answer.json["detail"]


BODIES = [key for key, operation in sorted(operations().items())
          if "application/json" in part(operation.get("requestBody", {})).get("content", {})]


@pytest.mark.parametrize("method, pattern", BODIES, ids=lambda v: v.replace("/", "."))
def test_a_body_may_have_the_members_that_are_described_and_no_other(world, method, pattern):
    path = pattern.replace("/v1/contacts/{}", "/v1/contacts/con_none").replace("{}", "1")
    described_ = part(operations()[method, pattern]["requestBody"])["content"]["application/json"]["schema"]
    names = set(described.members(described_))
    answer = world.gateway.api(method, path, {**dict.fromkeys(names), "bogus": None}, key="k")
    assert answer.status == 400 and 'there is no member "bogus"' in answer.json["detail"], answer


def test_what_is_left_of_the_calls_is_answered_as_described(world):
    for path in ("/livez", "/readyz"):
        assert fetch(world, path).status == 200
    assert world.gateway.api("POST", "/v1/retention/run", {"agent": "Mia"}).status == 202


# ---- streams, which the harness does not see ----

def lines_of(gateway, count, **headers):
    """The first so many lines of a stream that are not empty."""
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
    connection.request("GET", "/v1/events/stream?since=1h", headers={"Authorization": f"Bearer {API_TOKEN}", **headers})
    answer, lines = connection.getresponse(), []
    assert answer.status == 200
    while len(lines) < count:
        lines += [line for line in [answer.readline().decode().strip()] if line]
    connection.close()
    return answer.headers["Content-Type"].partition(";")[0], lines


def test_streams_are_as_described(world, thread):
    assert world.gateway.get(f"/v1/threads/{thread}")
    content = operations()["GET", "/v1/events/stream"]["responses"]["200"]["content"]
    kind, lines = lines_of(world.gateway, 2)
    for line in lines:
        assert not errors(content[kind]["x-lines-schema"], json.loads(line))
    kind, lines = lines_of(world.gateway, 8, Accept="text/event-stream")
    events = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert events and {event["type"] for event in events} <= set(document()["webhooks"])
    for event in events:
        assert not errors(content[kind]["x-events-schema"], event)


# ---- the judge ----

@pytest.mark.parametrize("status, body, said", [
    (200, {}, "required property"), (200, {"alarms": [], "more": 1}, "Additional properties"), (201, {}, "201 is not described"),
    (503, {"type": "urn:headgate:problem:busy", "title": "x", "status": 503}, None),
    (409, {"type": "urn:headgate:problem:wrong-state", "title": "x", "status": 409}, "not in its x-problems"),
    (400, {"type": "urn:headgate:problem:busy", "title": "x", "status": 400}, "x-problem-statuses"),
    (404, {"type": "about:blank", "title": "x", "status": 404, "more": 1}, "Additional properties")])
def test_the_judge_tells_what_is_not_described(status, body, said):
    kind = "application/problem+json" if status >= 400 else "application/json"
    call = ("GET", "/v1/alarms", {}, None, status, {"Content-Type": kind}, json.dumps(body).encode())
    if not said:
        described.judge(*call)
        return
    with pytest.raises(AssertionError, match=said):
        described.judge(*call)


def test_a_member_may_be_called_as_a_word_of_json_schema():
    schema = {"properties": {"default": {"const": "description"}}, "additionalProperties": False, "description": "not looked at"}
    assert not errors(schema, {"default": "description"})
    assert "'description' was expected" in errors(schema, {"default": 1})


def test_the_judge_reads_requests_that_were_served():
    answer = (200, {"Content-Type": "application/json"}, b"{}")
    with pytest.raises(AssertionError, match="query parameter bogus"):
        described.judge("POST", "/v1/threads/thr_1/read?bogus=1", {}, b"{}", *answer)
    with pytest.raises(AssertionError, match="the body.*unexpected"):
        described.judge("POST", "/v1/threads/thr_1/read", {}, b'{"agnt": "Ben"}', *answer)
    with pytest.raises(AssertionError, match="add it"):
        described.judge("GET", "/v1/nowhere", {}, None, *answer)
    described.judge("POST", "/v1/threads/thr_1/read", {}, b'{"agent": null}', *answer)
