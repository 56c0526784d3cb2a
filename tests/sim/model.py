"""What should come of a plain history: a second opinion on dedupe, join, rules, deadlines and conversion.

Written from doc/ (operating.md: windows; rules.md; conversion.md; architecture.md), not from the engine.  Reads the
JSON lines that test_simulation writes: what happened, then the store's own account of what came of it.  Says nothing
when both agree; else the first difference, with the seed of its history, and leaves with 1.

    model.py TRACE        judge one
    model.py --tell TRACE the same, and print what the model thinks happened
"""
import json
import re
import sys

SECOND, MINUTE, HOUR, DAY = 1000, 60_000, 3_600_000, 86_400_000
OPEN, CLOSED, CONVERTED = 1, 2, 3
UNKNOWN, RESOLVED, UNRESOLVED = 0, 1, 2
LATE = 15 * MINUTE		# a message longer on its way did not cross the closing
KEPT = 31 * DAY			# ids: 30 days, and one more

# The two configurations of test_simulation.c (BRIEF, PATIENT).
SETTINGS = {
    "brief": dict(default="convert", settle=20 * SECOND, first_response=5 * MINUTE, idle_close=DAY, dedupe=7 * DAY,
                  join=7 * DAY, reopen=[(3 * DAY, "reopen")], unanswered=2 * HOUR, converts_unresolved=True),
    "patient": dict(default="hold", settle=2 * MINUTE, first_response=HOUR, idle_close=6 * HOUR, dedupe=DAY, join=2 * DAY,
                    reopen=[(HOUR, "reopen"), (3 * DAY, "join")], unanswered=None, converts_unresolved=False),
}
QUIET_CLOSE = 10 * MINUTE

# Of each rule on messages: its name, when it matches (text, message, proposal, has a ticket), what it does.
RULES = [
    ("machines", lambda text, m, proposal, ticket: m["automatic"], ("ignore", "automatic")),
    ("small talk", lambda text, m, proposal, ticket: re.match("(?i)(hi|ok|hola)", text) and not ticket, ("ignore", "noise")),
    ("it is solved", lambda text, m, proposal, ticket: "worked" in text, ("ignore", "solved")),
    ("danke", lambda text, m, proposal, ticket: proposal == "reopen" and "merci" in text, ("ignore", "thanks")),
    ("help", lambda text, m, proposal, ticket: "help" in text, ("convert",)),
    ("holds", lambda text, m, proposal, ticket: "hold" in text, ("hold", None, "convert")),
    ("later", lambda text, m, proposal, ticket: "later" in text, ("hold", 30 * MINUTE, "ignore")),
    ("more", lambda text, m, proposal, ticket: "another" in text, ("join",)),
]


class Thread:
    def __init__(self, number, name, contact, scope, now):
        self.number, self.name, self.contact, self.scope = number, name, contact, scope
        self.state, self.resolution = OPEN, UNKNOWN
        self.opened = self.last = now
        self.closed = self.converted = 0
        self.ticket = None		# True while it is open, False after
        self.status = None
        self.held = self.reopened = False
        self.waits = 0			# since when the customer waits for a person
        self.episode, self.inbound = 0, 0
        self.said = []			# (who, when, machine): customer, agent, bot, else
        self.real = False		# anything but noise, ever
        self.begin(now)

    def begin(self, now):
        self.episode += 1
        self.episode_from, self.confirmed, self.person = now, False, False

    def waiting(self, *speakers):
        """Since when what the customer said has no answer by one of these."""
        since = 0
        for who, when, machine in reversed(self.said):
            if who in speakers:
                break
            if who == "customer" and not machine:
                since = when
        return since


class Model:
    def __init__(self, settings):
        self.set = settings
        self.seen, self.where = {}, {}	# (space, id): when it came first; which thread it went to
        self.contacts, self.threads, self.timers = {}, [], {}
        self.merged = {}		# contact: (into whom, what went along)
        self.said, self.tickets, self.decisions = [], [], []
        self.names, self.ticket_of, self.keys = [], {}, set()

    # ---- records ----

    def decide(self, thread, on, action, rule, now, proposal=None):
        self.decisions.append(dict(thread=thread.number, on=on, action=action, rule=rule, at=now, proposal=proposal))

    def say(self, thread, who, now, machine=False):
        thread.said.append((who, now, machine))
        thread.last = now

    def timer(self, thread, kind, due, data=None):
        self.timers[thread.number, kind] = (due, data)

    def stop(self, thread, kind):
        self.timers.pop((thread.number, kind), None)

    # ---- which conversation ----

    def is_duplicate(self, m, now):
        key = ("adapter" if m["wide"] else m["channel"], m["id"])
        if key in self.seen and now - self.seen[key] < self.set["dedupe"]:
            return True
        self.seen[key] = now
        return False

    def named(self, m, contact, scope, now):
        """The thread of the message that this one answers, when it is the same person's."""
        for space in (m["channel"], "adapter"):
            found = self.where.get((space, m["ref"]))
            if found:
                break
        if not m["ref"] or not found or now - found[1] > KEPT:
            return None
        thread = found[0]
        return thread if thread.contact == contact and thread.scope == scope else None

    def fits(self, thread, m, now, named):
        """(proposal, late, stays) or None."""
        if thread.state == OPEN:
            return "join", False, False
        if thread.state == CLOSED and m["sent"] and m["sent"] < thread.closed and now - m["sent"] > LATE:
            return "join", True, False
        if thread.ticket and (named or now - thread.last <= self.set["join"]):
            return "join", False, False
        if thread.state != CLOSED:
            return None
        if named:
            return "reopen", False, False
        for within, what in self.set["reopen"]:
            if now - thread.closed <= within:
                stays = what == "join" and thread.ticket is not None
                return ("join" if stays else "reopen"), False, stays
        return None

    def propose(self, m, contact, scope, now):
        thread = self.named(m, contact, scope, now)
        found = thread and self.fits(thread, m, now, True)
        if found:
            return (thread,) + found
        mine = [t for t in self.threads if t.contact == contact and t.scope == scope]
        mine.sort(key=lambda t: ({OPEN: 0, CONVERTED: 1, CLOSED: 2}[t.state],
                                 -(t.closed if t.state == CLOSED else t.last), -t.number))
        for thread in mine:
            found = self.fits(thread, m, now, False)
            if found:
                return (thread,) + found
        return None, "new", False, False

    # ---- a message ----

    def on_message(self, m, now):
        if self.is_duplicate(m, now):
            return
        contact = self.contacts.setdefault(m["from"], len(self.contacts) + 1)
        scope = "brand" if m["channel"] == "other" else "default"
        thread, proposal, late, stays = self.propose(m, contact, scope, now)
        had_ticket = thread is not None and thread.ticket is not None
        rule, does = next(((name, does) for name, when, does in RULES if when(m["text"], m, proposal, had_ticket)),
                          (None, (None,)))
        quiet = late or m["automatic"] or does[0] == "ignore"
        new = thread is None
        if new:
            thread = Thread(len(self.threads) + 1, None, contact, scope, now)
            self.threads.append(thread)
        elif thread.state == CLOSED and not quiet and not stays:
            self.reopen(thread, now)
        thread.inbound += 1
        thread.real |= does[0] != "ignore"
        self.say(thread, "customer", now, m["automatic"])
        self.said.append((thread.number, m["channel"], m["id"], now))
        for space in ("adapter" if m["wide"] else m["channel"],):
            self.where[space, m["id"]] = (thread, now)
        self.mood(thread, does, quiet, late or m["automatic"], now)
        action = "join" if late else does[0] or ("join" if had_ticket else "wait")
        self.decide(thread, "message", action, rule, now, proposal)
        if thread.ticket is None and thread.state != CLOSED:
            self.act(thread, rule, does, quiet, new, now)

    def mood(self, thread, does, quiet, says_nothing, now):
        if not quiet:
            if thread.confirmed:
                thread.confirmed = False
                self.stop(thread, "quiet")
            self.waits(thread, now)
        elif not says_nothing and does == ("ignore", "solved"):
            thread.confirmed = True
            self.content(thread)
            if thread.state == OPEN and thread.ticket is None:
                self.timer(thread, "quiet", now + QUIET_CLOSE)

    def waits(self, thread, now):
        if not thread.waits:
            thread.waits = now
            if self.set["unanswered"]:
                self.timer(thread, "unanswered", now + self.set["unanswered"])

    def content(self, thread):
        thread.waits = 0
        self.stop(thread, "unanswered")

    def act(self, thread, rule, does, quiet, new, now):
        if does[0] == "convert":
            self.convert(thread, "rule " + rule, now)
        elif does[0] == "hold":
            self.stop(thread, "settle")
            self.hold(thread, does, now)
            self.watch(thread, now)
        elif does[0] is None and not quiet:
            if thread.held:
                self.hold(thread, None, now)
            elif (thread.number, "settle") not in self.timers:
                self.timer(thread, "settle", now + self.set["settle"])
        elif new:
            self.watch(thread, now)

    def hold(self, thread, by, now):
        thread.held = True
        kept = by[1:] if by and by[1] else None
        running = self.timers.get((thread.number, "first_response"))
        if running and (not kept or running[1] == kept):
            return
        self.timer(thread, "first_response", now + (kept[0] if kept else self.set["first_response"]), kept)

    def watch(self, thread, now):
        if thread.state == OPEN:
            self.timer(thread, "idle", now + self.set["idle_close"])

    # ---- beginnings and ends ----

    def reopen(self, thread, now):
        thread.resolution, thread.reopened = UNKNOWN, True
        if thread.ticket is None:
            thread.state, thread.closed = OPEN, 0
            thread.begin(now)
            self.watch(thread, now)
        else:
            thread.state, thread.closed, thread.ticket = CONVERTED, thread.converted, True

    def close(self, thread, resolution, now):
        thread.state, thread.resolution, thread.closed, thread.held = CLOSED, resolution, now, False
        if thread.ticket is None:
            unresolved = resolution == UNRESOLVED
            rule = "unresolved" if unresolved and self.set["converts_unresolved"] else None
            converts = rule or (unresolved and self.set["default"] == "convert")
            self.decide(thread, "thread.closed", "convert" if converts else "none", rule, now)
            if converts:
                self.convert(thread, "rule " + rule if rule else "default", now)
        if thread.state == CLOSED:
            self.content(thread)

    def convert(self, thread, reason, now):
        if thread.ticket is not None:
            return
        thread.ticket, thread.state, thread.held, thread.converted = True, CONVERTED, False, now
        thread.closed = thread.closed or now
        self.tickets.append((thread, reason, now))
        self.say(thread, "system", now)

    # ---- time ----

    def on_round(self, now):
        due = sorted((at, number, kind) for (number, kind), (at, _) in self.timers.items() if at <= now)
        for _, number, kind in due:
            at, data = self.timers.get((number, kind), (now + 1, None))
            if at > now:
                continue
            del self.timers[number, kind]
            getattr(self, "due_" + kind)(self.threads[number - 1], data, now)

    def due_settle(self, thread, data, now):
        if thread.state == OPEN and thread.ticket is None and not thread.confirmed and thread.waiting("agent"):
            self.decide(thread, "settle", self.set["default"], None, now)
            if self.set["default"] == "convert":
                self.convert(thread, "default", now)
            else:
                self.hold(thread, None, now)
        self.watch(thread, now)

    def due_first_response(self, thread, data, now):
        span, then = data or (self.set["first_response"], "convert")
        since = thread.waiting("agent", "bot")
        if thread.state != OPEN or thread.ticket is not None or not thread.held or thread.confirmed or not since:
            return
        if since + span > now:
            self.timer(thread, "first_response", since + span, data)
            return
        self.decide(thread, "first_response", then, None, now)
        if then == "convert":
            self.convert(thread, "first_response", now)
        else:
            thread.held = False

    def due_idle(self, thread, data, now):
        if thread.state != OPEN:
            return
        if thread.last + self.set["idle_close"] > now:
            self.timer(thread, "idle", thread.last + self.set["idle_close"])
        elif thread.confirmed or not thread.real or (thread.person and not thread.waiting("agent")):
            self.close(thread, RESOLVED, now)
        else:
            self.close(thread, UNRESOLVED, now)

    def due_quiet(self, thread, data, now):
        if thread.state == OPEN and thread.ticket is None and thread.confirmed:
            self.close(thread, RESOLVED, now)

    def due_unanswered(self, thread, data, now):
        if not thread.waits or thread.state == CLOSED:
            return
        if thread.waits + self.set["unanswered"] > now:
            self.timer(thread, "unanswered", thread.waits + self.set["unanswered"])
            return
        matches = thread.inbound >= 2
        converts = matches and thread.ticket is None
        self.decide(thread, "unanswered", "convert" if converts else "none", "slow" if matches else None, now)
        if converts:
            self.convert(thread, "rule slow", now)

    # ---- agents and helpdesks ----

    def is_repeated(self, m):
        """The same call again, by its Idempotency-Key, does nothing."""
        key = m.get("key")
        again = key in self.keys
        if key:
            self.keys.add(key)
        return again

    def thread_named(self, name):
        return self.threads[self.names.index(name)]

    def on_reply(self, m, now):
        thread = self.thread_named(m["thread"])
        self.say(thread, "bot" if m["bot"] else "agent", now)
        if not m["bot"]:
            self.content(thread)

    def on_note(self, m, now):
        self.say(self.thread_named(m["thread"]), "note", now)

    def on_convert(self, m, now):
        self.convert(self.thread_named(m["thread"]), m["word"], now)

    def on_close(self, m, now):
        self.close(self.thread_named(m["thread"]), m["resolution"], now)

    def on_reopen(self, m, now):
        self.reopen(self.thread_named(m["thread"]), now)

    def on_merge(self, m, now):
        was, into = m["contact"], m["into"]
        moved = [u for u, n in self.contacts.items() if n == was], [t for t in self.threads if t.contact == was]
        self.merged[was] = into, moved
        self.belong(into, *moved)

    def on_unmerge(self, m, now):
        """What was its own is so again, unless it went elsewhere meanwhile."""
        into, (uris, threads) = self.merged.pop(m["contact"])
        while into in self.merged:
            into = self.merged[into][0]
        self.belong(m["contact"], [u for u in uris if self.contacts[u] == into], [t for t in threads if t.contact == into])

    def belong(self, contact, uris, threads):
        self.contacts.update(dict.fromkeys(uris, contact))
        for thread in threads:
            thread.contact = contact

    def on_status(self, m, now):
        thread = self.threads[self.ticket_of[m["ticket"]] - 1]
        was, thread.ticket = thread.ticket, m["word"] in ("open", "pending")
        if was and not thread.ticket and thread.state != CLOSED:
            self.close(thread, RESOLVED, now)
        if not was and thread.ticket and thread.state == CLOSED:
            self.reopen(thread, now)

    def on_arrived(self, m, now):
        """An answer reached the customer; what was said in an episode before belongs to that."""
        thread = self.thread_named(m["thread"])
        if m["author"] in (2, 5) and m["said"] >= thread.episode_from:
            thread.person = True


def thread_row(t):
    return dict(n=t.number, scope=t.scope, contact=t.contact, state=t.state, resolution=t.resolution, opened=t.opened,
                closed=t.closed, converted=t.converted, inbound=t.inbound, episode=t.episode, reopened=int(t.reopened))


def compare(what, mine, theirs, seed_at):
    """The first row that differs, by the time at which it happened."""
    for i in range(max(len(mine), len(theirs))):
        a, b = (mine[i] if i < len(mine) else None), (theirs[i] if i < len(theirs) else None)
        if a != b:
            at = min(row.get("at", row.get("opened")) for row in (a, b) if row)
            sys.exit(print(f"seed {seed_at(at)}: the model and the engine differ in {what} {i + 1}: "
                           f"model {a}, engine {b}") or 1)


def main(path, tell):
    lines = [json.loads(line) for line in open(path, encoding="utf-8")]
    end = next(i for i, line in enumerate(lines) if line["what"] == "outcome")
    history, outcome = lines[:end], lines[end + 1:]
    of = {kind: [line for line in outcome if line["what"] == kind] for kind in ("thread", "said", "ticket", "decision")}
    model = Model(SETTINGS[lines[0]["settings"]])
    model.names = [row["id"] for row in of["thread"]]
    model.ticket_of = {row["id"]: row["thread"] for row in of["ticket"]}
    seeds = [(line["at"], line["seed"]) for line in history if line["what"] == "history"]
    for line in history:
        if line["what"] == "round":
            model.on_round(line["at"])
        elif line["what"] not in ("history", "world") and not model.is_repeated(line):
            getattr(model, "on_" + line["what"])(line, line["at"])
    if tell:
        for row in model.decisions:
            print(row)

    def seed_at(at):
        return max((s for s in seeds if s[0] <= at), default=seeds[0])[1]

    def bare(rows, *drop):
        return [{k: v for k, v in row.items() if k not in ("what", "id") + drop} for row in rows]

    compare("message", [dict(thread=t, channel=c, id=i, at=at) for t, c, i, at in model.said],
            [{k: row[k] for k in ("thread", "channel", "id", "at")} for row in of["said"]], seed_at)
    compare("decision", model.decisions, bare(of["decision"]), seed_at)
    compare("ticket", [dict(thread=t.number, reason=r, at=at, open=int(t.ticket)) for t, r, at in model.tickets],
            bare(of["ticket"]), seed_at)
    compare("thread", [thread_row(t) for t in model.threads], bare(of["thread"]), seed_at)


if __name__ == "__main__":
    main(sys.argv[-1], "--tell" in sys.argv)
