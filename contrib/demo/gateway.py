"""The daemon's HTTP API, as a helpdesk calls it."""
import json
import secrets
import urllib.error
import urllib.request

PATIENCE = 60


class Refused(Exception):
    """An answer that is no 2xx: its status, and what it says for people."""

    def __init__(self, status, said):
        super().__init__(said)
        self.status = status


class Api:
    def __init__(self, url, token):
        self.url, self.token = url, token

    def call(self, method, path, body=None, key=None):
        """The bytes of the answer."""
        headers = {"Authorization": f"Bearer {self.token}"}
        if key:
            headers["Idempotency-Key"] = f'"{key}"'
        if body is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, method=method, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(error.code, problem(error.read())) from None

    def get(self, path):
        return json.loads(self.call("GET", path))

    def post(self, path, body, method="POST"):
        return json.loads(self.call(method, path, body) or b"{}")

    def reply(self, thread, text, agent):
        """Taken (202) once it is on disk; a repetition of the same call would send nothing twice."""
        return json.loads(self.call("POST", f"/v1/threads/{thread}/replies", {"text": text, "agent": agent},
                                    key=secrets.token_hex(8)))


def problem(body):
    """The sentence of an application/problem+json."""
    try:
        said = json.loads(body)
        return said.get("detail") or said.get("title") or "refused"
    except ValueError:
        return "refused"
