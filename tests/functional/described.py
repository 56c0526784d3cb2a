"""doc/openapi.yaml as a judge: whether a request that was served, and any answer, is as the document describes it."""
import contextlib
import functools
import json
import re
import urllib.parse

import jsonschema
import yaml

import harness
from harness import TOP

DOC = TOP / "doc"
METHODS = ("get", "put", "post", "patch", "delete")
PROBLEM = "urn:headgate:problem:"
ANNOTATIONS = {"description", "summary", "example", "examples", "default"}


@functools.cache
def document():
    return yaml.load((DOC / "openapi.yaml").read_text(), Loader=yaml.CSafeLoader)


@functools.cache
def event_document(name):
    return json.loads((DOC / "events" / name).read_text())


def resolve(reference, inside):
    """What a $ref of that document means, and the document it stands in."""
    name, _, pointer = reference.partition("#")
    found = inside = event_document(name.removeprefix("events/")) if name else inside
    for step in pointer.split("/")[1:]:
        found = found[step]
    return found, inside


class Flat:
    """Schemas with each $ref replaced by what it means: the validator is fast with these, and slow with references."""

    def __init__(self):
        self.known, self.kept = {}, []

    def named(self, key, value, inside):
        """Members may be called default or description, and values are what they are."""
        if key == "properties":
            return {name: self.of(member, inside) for name, member in value.items()}
        return value if key in ("enum", "const") else self.of(value, inside)

    def of(self, node, inside):
        if isinstance(node, list):
            return [self.of(item, inside) for item in node]
        if not isinstance(node, dict):
            return node
        if id(node) in self.known:
            return self.known[id(node)]
        self.kept.append(node)		# its id is its name here
        made = self.known[id(node)] = {}
        more = {key: self.named(key, value, inside) for key, value in node.items() if key not in ANNOTATIONS and key != "$ref"}
        if "$ref" not in node:
            made.update(more)
            return made
        meant = self.of(*resolve(node["$ref"], inside))
        if not more:
            self.known[id(node)] = meant
            return meant
        made.update(more, allOf=[meant] + more.get("allOf", []))
        return made


FLAT = Flat()


def errors(schema, value, inside=None):
    """Why the value does not fit, or None."""
    validator = jsonschema.Draft202012Validator(FLAT.of(schema, inside or document()))
    error = jsonschema.exceptions.best_match(validator.iter_errors(value))
    return f"{list(error.absolute_path)}: {error.message[:400]}" if error else None


def members(schema):
    """The names that an object may have, references followed."""
    meant = resolve(schema["$ref"], document())[0] if "$ref" in schema else {}
    return list(schema.get("properties", {})) + (members(meant) if meant else [])


def part(node):
    """A parameter, body, header or answer of the document, wherever it stands."""
    return resolve(node["$ref"], document())[0] if "$ref" in node else node


@functools.cache
def operations():
    """(method, pattern with {}): the operation, with the parameters of its path among its own."""
    made = {}
    for path, item in document()["paths"].items():
        for method in METHODS:
            if method in item:
                parameters = [part(p) for p in item.get("parameters", []) + item[method].get("parameters", [])]
                made[method.upper(), re.sub(r"\{[^}]*\}", "{}", path)] = dict(item[method], parameters=parameters)
    return made


@functools.cache
def patterns():
    """Those without {} first: /v1/dead-letters/retry is no number."""
    found = sorted(operations(), key=lambda key: key[1].count("{}"))
    return [(method, re.compile(re.escape(pattern).replace(r"\{\}", "[^/]+")), (method, pattern)) for method, pattern in found]


def operation_of(method, path):
    return next((key for wanted, pattern, key in patterns() if wanted == method and pattern.fullmatch(path)), None)


# ---- an answer ----

def media(headers):
    return headers.get("Content-Type", "").partition(";")[0]


def statuses_of(word):
    found = document()["x-problem-statuses"].get(word, [])
    return found if isinstance(found, list) else [found]


def judge_problem(key, status, headers, body):
    assert media(headers) == "application/problem+json", f"{status} {headers}"
    problem = json.loads(body)
    wrong = errors(document()["components"]["schemas"]["Problem"], problem)
    assert not wrong, f"Problem: {wrong}"
    if problem["type"] == "about:blank":
        return
    word = problem["type"].removeprefix(PROBLEM)
    assert status in statuses_of(word), f"{word} with {status} is not in x-problem-statuses"
    common = document()["x-problems"] + ["not-found", "method-not-allowed"] * (not key)
    assert word in common + (operations()[key].get("x-problems", []) if key else []), f"{word} is not in its x-problems"


def events_in(value):
    if isinstance(value, dict):
        return [value] if "sequence" in value else value.get("events", []) + events_in(value.get("event"))
    return []


def judge_events(value):
    for event in events_in(value):
        name = f"{event['type']}.json"
        if event["data"] is not None and (DOC / "events" / name).exists():
            wrong = errors(event_document(name)["properties"]["data"], event["data"], event_document(name))
            assert not wrong, f"{event['type']}: {wrong}"


JUDGED = set()


def is_new(key, value):
    """Each is judged once: lists that are asked for again and again have the same entries."""
    mark = (key, hash(json.dumps(value)))
    known = mark in JUDGED
    JUDGED.add(mark)
    return not known


def only_new(key, value):
    if not isinstance(value, dict):
        return value
    return {name: [item for item in member if is_new((key, name), item)] if isinstance(member, list) else member
            for name, member in value.items()}


def judge_content(key, content, kind, body):
    described = content.get(kind, content.get("*/*"))
    assert described is not None, f"the media type {kind} is not described"
    if kind == "application/json" and "*/*" not in content:
        value = only_new(key, json.loads(body))
        wrong = errors(described["schema"], value)
        assert not wrong, wrong
        judge_events(value)
    elif "x-lines-schema" in described:
        for line in filter(None, body.split(b"\n")):
            wrong = errors(described["x-lines-schema"], json.loads(line))
            assert not wrong, f"line {line[:200]}: {wrong}"
            judge_events(json.loads(line))


def judge_answer(key, status, headers, body):
    if status >= 400 and str(status) not in operations().get(key, {}).get("responses", {}):
        judge_problem(key, status, headers, body)
        return
    answer = operations()[key]["responses"].get(str(status))
    assert answer, f"{status} is not described"
    answer = part(answer)
    for name, header in answer.get("headers", {}).items():
        header = part(header)
        assert name in headers or not header.get("required"), f"the header {name} is missing"
        assert name not in headers or not errors(header["schema"], headers[name]), f"{name}: {headers[name]}"
    if "content" in answer:
        judge_content(key, answer["content"], media(headers), body)


# ---- a request that was served ----

def judge_query(operation, query):
    known = {p["name"]: p for p in operation["parameters"] if p["in"] == "query"}
    for name, text in urllib.parse.parse_qsl(query, keep_blank_values=True):
        assert name in known, f"the query parameter {name} is not described"
        number = FLAT.of(known[name]["schema"], document()).get("type") == "integer"
        wrong = errors(known[name]["schema"], int(text) if number else text)
        assert not wrong, f"{name}={text}: {wrong}"


def without_null(value):
    """null is as good as leaving a member out; of fields it takes one away."""
    if isinstance(value, list):
        return [without_null(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {key: item if key == "fields" else without_null(item) for key, item in value.items() if item is not None}


def judge_body(operation, body):
    described = part(operation.get("requestBody", {}))
    assert body or not described.get("required"), "a body is said to be required"
    if not body or "application/json" not in described.get("content", {}):
        assert not body or described, "it has a body, and none is described"
        return
    wrong = errors(described["content"]["application/json"]["schema"], without_null(json.loads(body)))
    assert not wrong, f"the body: {wrong}"


def judge(method, target, headers, body, status, answer_headers, answer):
    """One call; /v1 and what belongs to it, nothing else."""
    path, _, query = target.partition("?")
    key = operation_of(method, path)
    if not key and not path.startswith("/v1/"):
        return
    try:
        assert key or status >= 400, "it has no operation in doc/openapi.yaml: add it"
        judge_answer(key, status, answer_headers, answer)
        if status < 300:
            judge_query(operations()[key], query)
            judge_body(operations()[key], body)
            for needed in [p["name"] for p in operations()[key]["parameters"] if p["in"] == "header" and p.get("required")]:
                assert needed in headers, f"the header {needed} is said to be required"
    except AssertionError as wrong:
        raise AssertionError(f"{method} {target} is not as doc/openapi.yaml describes it: {wrong}") from None


@contextlib.contextmanager
def watching():
    """All that the harness asks meanwhile is judged."""
    real = harness.request

    def request(port, method, path, body=None, headers=None, **more):
        answer = real(port, method, path, body, headers, **more)
        judge(method, path, headers or {}, body, answer.status, answer.headers, answer.body)
        return answer
    harness.request = request
    try:
        yield
    finally:
        harness.request = real
