"""A made-up helpdesk whose agents answer: its API, its signed hooks that can get lost, its list of changes; and the preset that
speaks to it.  Written against the preset below, which no real helpdesk has, so that every word of a way back is in it."""
import datetime
import hashlib
import hmac
import json
import re
import threading
import time

import fake_desk
import harness

TOKEN, WEBHOOK = "desk-token-canary-5d1f", "desk-webhook-canary-77ab"

PRESET = """\
name: Answers
about: A helpdesk made up for tests
proof: { state: documented, version: "1", date: 2026-11-22, how: made up, sources: [ https://desk.example/docs ] }
settings:
  url: Where it is
  credentials: { token: Its token, webhook: { help: What its hooks are signed with, need: false } }
  values: { account: { help: Our own account there, default: headgate } }
limits: { at_once: 8, max_file: 1MB }
once: { by: find }
statuses:
  to: { open: open, pending: waiting, solved: done, closed: done }
  from: { open: open, waiting: pending, done: solved, removed: closed }
operations:
  create:
    - method: POST
      url: "${url}/api/tickets"
      bearer: "${secret:token}"
      json: { title: "${subject|none}", body: "${text}", external: "${external_id}" }
      take: { ticket.id: id }
  append:
    - method: POST
      url: "${url}/api/tickets/${ticket.id}/messages"
      bearer: "${secret:token}"
      json: { body: "${text}", external: "${external_id}", internal: false }
      take: { message.id: id }
  note:
    - method: POST
      url: "${url}/api/tickets/${ticket.id}/messages"
      bearer: "${secret:token}"
      json: { body: "${text}", external: "${external_id}", internal: true }
      take: { message.id: id }
  set_status:
    - method: PUT
      url: "${url}/api/tickets/${ticket.id}"
      bearer: "${secret:token}"
      json: { status: "${status}" }
  find:
    - method: GET
      url: "${url}/api/tickets"
      bearer: "${secret:token}"
      query: { external: "${external_id}" }
      outcomes: [ { when: { "items[0].id": { exists: false } }, is: none } ]
      take: { ticket.id: "items[0].id" }
  fetch_changes:
    - method: GET
      url: "${url}/api/changes"
      bearer: "${secret:token}"
      query: { since: "${since.iso}", after: "${more|0}" }
      take: { changes: changes, more: next }
  fetch_change:
    - method: GET
      url: "${url}/api/changes/${change.id}"
      bearer: "${secret:token}"
      take: { changes: $root }
  fetch_attachment:
    - method: GET
      headers: { Authorization: "Bearer ${secret:token}" }
  probe:
    - method: GET
      url: "${url}/api/me"
      bearer: "${secret:token}"
back:
  hook:
@AUTH@
    type: json
    each: "events[]"
  own: { by: { same: "$value:account" } }
  cases: &cases
    - when: { kind: message, internal: "false" }
      reply: { id: id, ticket: ticket, external: external, text: text, html: html, agent: by, at: at,
               files: { each: "files[]", url: url, name: name, type: type, size: size } }
    - when: { kind: message }
      note: { id: id, ticket: ticket, external: external, text: text, agent: by, at: at }
    - when: { kind: status }
      status: { id: id, ticket: ticket, external: external, status: status, order: order, at: at }
    - when: { kind: assigned }
      assign: { id: id, ticket: ticket, external: external, assignee: to, at: at }
    - when: { kind: merged }
      merge: { id: id, ticket: ticket, external: external, into: into, at: at }
    - when: { kind: removed }
      delete: { id: id, ticket: ticket, external: external, at: at }
    - when: { kind: look }
      look: { id: id, ticket: ticket, external: external, at: at }
    - when: { kind: typing }
      ignore: true
poll:
  every: 1m
  overlap: 5m
  own: { by: { same: "$value:account" } }
  cases: *cases
"""
AUTH = """\
    auth:
      - hmac: { digest: sha256, secret: webhook, over: "${header:X-Desk-At}.${body}", at: "$header:X-Desk-Sign" }
      - within: { at: "$header:X-Desk-At", window: 5m }"""

BACKEND = """\
  desk:
    preset: "@FOLDER@/answers.yaml"
    url: {url}
    token: env:TEST_DESK_TOKEN
    webhook_secret: env:TEST_DESK_WEBHOOK
    allow_private: true
"""
ENV = dict(TEST_DESK_TOKEN=TOKEN, TEST_DESK_WEBHOOK=WEBHOOK)
PAGE = 20


def preset(auth=AUTH):
    return PRESET.replace("@AUTH@", auth)


def with_backends(text, backends):
    """The configuration with these backends instead of its own."""
    return re.sub(r"(?ms)^backends:\n.*?^api:\n", lambda m: f"backends:\n{backends}api:\n", text)


class AnswerDesk(fake_desk.FakeDesk):
    """What happens there is an event of `log`, which the poll reads; push() tells the hook."""

    def __init__(self):
        super().__init__()
        self.log, self.gateway, self.name = [], None, "desk"
        self.offset = 0			# seconds that its clock is ahead of the gateway's
        self.echoes = False		# does it tell the hook of what we post, too?
        self.pushed = []		# status of each hook
        self.last = 0
        self.routes_of_api()

    def time(self):
        return (self.gateway.now() if self.gateway else time.time()) + self.offset

    # ---- its API ----
    def routes_of_api(self):
        def member(call):
            return self.tickets.get(int(call.match[1]))

        @self.route("POST", "/api/tickets")
        def create(call):
            ticket = self.create(title=call.json["title"], external=call.json["external"], status="open")
            ticket["messages"].append(dict(body=call.json["body"], internal=False, external=call.json["external"]))
            return 201, {"id": ticket["id"]}

        @self.route("GET", "/api/tickets")
        def find(call):
            return 200, {"items": [{"id": t["id"]} for t in self.tickets.values() if t["external"] == call.query["external"]]}

        @self.route("POST", r"/api/tickets/(\d+)/messages")
        def say(call):
            ticket = member(call)
            if not ticket:
                return 404, {}
            ticket["messages"].append(call.json)
            event = self.happen(ticket, kind="message", internal=call.json["internal"], text=call.json["body"], by="headgate")
            if self.echoes:
                threading.Thread(target=self.push, args=[event], daemon=True).start()
            return 201, {"id": event["id"]}

        @self.route("PUT", r"/api/tickets/(\d+)")
        def change(call):
            ticket = member(call)
            ticket.update(status=call.json["status"])
            self.happen(ticket, kind="status", status=call.json["status"], by="headgate")
            return 200, {}

        @self.route("GET", "/api/changes")
        def changes(call):
            """Oldest first, PAGE of them from a number on; `next`: there are more."""
            since, after = call.query["since"], int(call.query["after"])
            news = [e for e in self.log if e["at"] >= since and e["id"] > after]
            return 200, {"changes": news[:PAGE], "next": news[PAGE - 1]["id"] if len(news) > PAGE else None}

        @self.route("GET", r"/api/changes/(\d+)")
        def one(call):
            found = [e["there"] for e in self.log if e["id"] == int(call.match[1]) and "there" in e]
            return (200, found[0]) if found else (404, {})

    def authorised(self, call):
        return call.headers.get("authorization") == f"Bearer {TOKEN}"

    # ---- what agents do ----
    def now(self):
        return datetime.datetime.fromtimestamp(self.time(), datetime.timezone.utc).isoformat(timespec="milliseconds")

    def happen(self, ticket, **fields):
        """Something happened: told to nobody yet."""
        with self.lock:
            self.last += 1
            event = dict(dict(id=self.last, ticket=ticket["id"], external=ticket["external"], by="Ben", at=self.now(),
                              order=self.last), **fields)
            self.log.append(event)
            return event

    def answer(self, ticket, text, **more):
        """An agent answers, and the hook is told; what it was answered."""
        return self.push(self.happen(ticket, **dict(dict(kind="message", internal=False, text=text), **more)))

    # ---- its hooks ----
    def sign(self, body, at=None, secret=WEBHOOK):
        at = str(int(self.time()) if at is None else at)
        return {"X-Desk-At": at, "Content-Type": "application/json",
                "X-Desk-Sign": hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()}

    def push(self, *events, body=None, **sign):
        body = json.dumps({"events": events}).encode() if body is None else body
        answer = harness.request(self.gateway.port, "POST", f"/backend/{self.name}/hook", body, self.sign(body, **sign))
        with self.changed:
            self.pushed.append(answer.status)
            self.changed.notify_all()
        return answer
