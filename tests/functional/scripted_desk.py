"""A made-up helpdesk with a preset of its own, for what is true of all: the ladder, limits, sessions, splits."""

import fake_desk

HEAD = """\
name: Scripted desk
about: made up, for tests
proof: {{ state: documented, date: 2026-11-22, sources: [ "https://example.com/" ] }}
settings:
  url: where it is
  credentials: {{ token: {{ help: of its API, need: false }} }}
limits: {limits}
once: {once}
statuses: {{ to: {{ open: open, pending: waiting, solved: done, closed: done }}, from: {{ "*": open }} }}
operations:
"""

LOGIN = """\
  login:
    - url: ${url}/session
      method: POST
      json: { user: headgate }
      take: { token: token }
"""

CREATE = """\
  create:
    - url: ${url}/tickets
      method: POST
      headers: { Idempotency-Key: "${key}", X-Session: "${session.token}" }
      json:
        title: ${subject}
        text: ${text}
        external: ${external_id}
        requester: { name: "${requester.name}", phone: "${requester.phone}" }
        files: { $each: files, $as: { name: "${file.name}", data: "${file.base64}" } }
      take: { ticket.id: id, ticket.number: number, ticket.url: url }
"""

THREE_STEPS = """\
  create:
    - name: find_person
      url: ${url}/people
      method: POST
      json: { name: "${requester.name}" }
      take: { person: id }
    - url: ${url}/tickets
      method: POST
      json: { title: "${subject}", text: "${text}", external: "${external_id}", person: "${person}" }
      take: { ticket.id: id }
    - url: ${url}/tickets/${ticket.id}/messages
      method: POST
      json: { text: "${text}", external: "${external_id}" }
"""

REST = """\
  append:
    - url: ${url}/tickets/${ticket.id}/messages
      method: POST
      headers: { X-Session: "${session.token}" }
      json: { text: "${text}", external: "${external_id}", first: { $true: { first: "true" } }, author: "${contact.name}",
              files: { $each: files, $as: { name: "${file.name}", data: "${file.base64}" } } }
      take: { message.id: id }
  note:
    - url: ${url}/tickets/${ticket.id}/notes
      method: POST
      json: { text: "${text}", external: "${external_id}" }
  set_status:
    - url: ${url}/tickets/${ticket.id}
      method: PUT
      json: { status: "${status}" }
"""

FIND = """\
  find:
    - method: GET
      url: ${url}/tickets
      query: { external: "${external_id}" }
      outcomes: [ { status: 200, when: { "items[0]": { exists: false } }, is: none } ]
      take: { ticket.id: "items[0].id", ticket.number: "items[0].number" }
"""

FIND_MESSAGE = """\
  find_message:
    - method: GET
      url: ${url}/tickets/${ticket.id}/messages
      query: { external: "${external_id}" }
      outcomes: [ { status: 200, when: { "items[0]": { exists: false } }, is: none } ]
      take: { message.id: "items[0].id" }
"""


def preset(once="{ by: find }", limits="{ at_once: 4, per_minute: 60000, max_file: 5MB, max_text: 100000 }",
           create=CREATE, rest=REST, find=FIND, find_message="", login="", more=""):
    if not login:
        create, rest = (text.replace('X-Session: "${session.token}"', "X-Session: none") for text in (create, rest))
    return HEAD.format(once=once, limits=limits) + login + create + rest + find + find_message + more


class ScriptedDesk(fake_desk.FakeDesk):
    """Keeps tickets with messages and notes.  by_key: it knows Idempotency-Key; index_lag: a ticket is found only after so many
    other calls; session: only who has logged in may speak."""

    def __init__(self, by_key=False, session=False):
        super().__init__()
        self.by_key, self.keys = by_key, {}
        self.sessions, self.session = 0, session
        self.hidden = set()		# tickets that a search does not find yet
        self.people = 0
        self.route("POST", "/tickets")(self.take_ticket)
        self.route("GET", "/tickets")(self.search)
        self.route("PUT", r"/tickets/(\d+)")(self.change)
        self.route("POST", r"/tickets/(\d+)/(messages|notes)")(self.add)
        self.route("GET", r"/tickets/(\d+)/messages")(self.search_messages)
        self.route("POST", "/session")(self.log_in)
        self.route("POST", "/people")(self.add_person)

    def refused(self, call):
        return self.session and call.headers.get("x-session") != f"s{self.sessions}"

    def log_in(self, call):
        self.sessions += 1
        return 200, {"token": f"s{self.sessions}"}

    def add_person(self, call):
        self.people += 1
        return 201, {"id": self.people}

    def take_ticket(self, call):
        if self.refused(call):
            return 401, {"error": "session over"}
        key = call.headers.get("idempotency-key")
        if self.by_key and key in self.keys:
            return 201, self.shown(self.keys[key])
        ticket = self.create(notes=[], status="open", **call.json)
        self.keys[key] = ticket
        return 201, self.shown(ticket)

    def shown(self, ticket):
        return {"id": ticket["id"], "number": f"D-{ticket['id']}", "url": f"{self.url}/t/{ticket['id']}"}

    def search(self, call):
        return 200, {"items": [self.shown(t) for t in self.tickets.values()
                               if t["external"] == call.query["external"] and t["id"] not in self.hidden]}

    def ticket_of(self, call):
        return self.tickets.get(int(call.match.group(1)))

    def change(self, call):
        ticket = self.ticket_of(call)
        if not ticket:
            return 404, {"error": "no such ticket"}
        ticket.update(call.json)
        return 204

    def add(self, call):
        if self.refused(call):
            return 401, {"error": "session over"}
        ticket = self.ticket_of(call)
        if not ticket:
            return 404, {"error": "no such ticket"}
        said = dict(call.json, id=len(ticket["messages"]) + len(ticket["notes"]) + 1)
        ticket[call.match.group(2)].append(said)
        return 201, {"id": said["id"]}

    def search_messages(self, call):
        return 200, {"items": [m for m in self.ticket_of(call)["messages"] if m["external"] == call.query["external"]]}

    # ---- what tests ask ----
    def said(self, number=None):
        """Texts of all messages on a ticket (the only one), in order."""
        with self.lock:
            ticket = self.tickets[number or next(iter(self.tickets))]
            return [m["text"] for m in ticket["messages"]]

    def wait_said(self, *texts, number=None):
        self.wait(lambda: self.tickets and self.said(number) == list(texts), f"the messages {texts}")

    def wait_notes(self, n=1):
        return self.wait(lambda: (lambda notes: notes if len(notes) >= n else None)(
            [m["text"] for t in self.tickets.values() for m in t["notes"]]), f"{n} notes")


def start_with(start, folder, desk, text, more="", **config):
    """conftest's start() with this preset's text and this helpdesk."""
    path = folder / "scripted.yaml"
    path.write_text(text)
    return start(change=fake_desk.configured(path, desk.url, more), **config)


__all__ = ["ScriptedDesk", "preset", "start_with"]
