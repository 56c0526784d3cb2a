"""Everybody at work at once, each as its like would be: customers through a provider that redelivers until it gets
200, passers-by whom no rule decides about, agents who repeat their calls until they are answered, a provider that
tells what became of what it took, a helpdesk and a hook that write down what they were told.

Whatever happens to the daemon meanwhile, check() says what must hold in the end."""
import collections
import hashlib
import http.client
import itertools
import random
import threading
import time
import uuid

import harness

DECIDED = """\
  - name: everything at once, but for passers-by
    when: { text: { matches: '^(?!later )' } }
    do: { convert: { } }
"""

DOUBT_MS = 10000		# a message in doubt holds up its thread for so long, by the daemon's clock
CHANNEL = f"rate: 1000\nambiguous_wait: {DOUBT_MS // 1000}s"


def top(hook_url=None, settle="1s"):
    """settle: what passers-by say is undecided for so long, and then a timer makes it a ticket."""
    text = f"settle: {settle}"
    if hook_url:
        text += f"\nhooks:\n  crm:\n    url: {hook_url}\n    secrets: env:TEST_WEBHOOK_SECRET\n    deadline: 30s"
    return text


def customers(first=0, n=6):
    return [f"+4477009001{first + i:02}" for i in range(n)]


class Storm:
    """hurry: seconds that customers and agents wait between two things they do."""

    def __init__(self, gateway, graph, helpdesk, seed="4711", hurry=0.0, patience=harness.PATIENCE):
        self.patience = patience		# of provider and agents with one call, however often they repeat it
        self.gateway, self.graph, self.helpdesk, self.hurry = gateway, graph, helpdesk, hurry
        self.seed = seed
        self.passing = {503}			# refusals that an agent's program takes for "not now"
        self.over = threading.Event()		# for customers and agents
        self.silent = threading.Event()		# for the provider, which still tells what it has taken
        self.problems = []
        self.progress = threading.Condition()
        self.acknowledged = collections.defaultdict(list)	# customer -> texts, in the order of their 200
        self.pictures = {}					# caption -> the bytes that were sent with it
        self.passed_by = {}					# customer -> what he said, once
        self.replied = {}					# text of an answer -> (thread, id of the message)
        self.attached = {}					# text of an answer -> bytes that went with it
        self.threads = []
        self.told = 0

    # ---- who is at work ----
    def work(self, run, *args):
        def guarded():
            try:
                run(*args)
            except Exception as problem:	# of a thread: the test has to hear of it
                self.problems.append(problem)

        self.threads.append(threading.Thread(target=guarded))
        self.threads[-1].start()

    def begin(self, names):
        for name in names:
            self.work(self.customer, name)
            self.work(self.agent, name)
        self.work(self.passer_by)
        self.work(self.receipts)

    def end(self):
        self.over.set()
        for thread in self.threads[:-1]:
            thread.join()
        self.settle()
        self.silent.set()
        self.threads[-1].join()
        assert not self.problems, self.problems

    def stop(self):
        self.over.set()
        self.silent.set()

    def done_one(self):
        with self.progress:
            self.progress.notify_all()
        self.over.wait(self.hurry)

    def count(self):
        return sum(len(texts) for texts in self.acknowledged.values()) + len(self.replied) + len(self.passed_by)

    def wait_progress(self, more, patience=harness.PATIENCE):
        """Until so many more things have been acknowledged, or the daemon is dead."""
        before, process = self.count(), self.gateway.process
        end = time.monotonic() + patience
        with self.progress:
            while self.count() < before + more and process.poll() is None:
                self.progress.wait(0.02)
                assert time.monotonic() < end, f"nothing goes on; {self.problems}"

    def again(self, call, good):
        """A call that is repeated until it is answered, as its maker would: also when it is all over, for what was
        not acknowledged may have been stored."""
        end = time.monotonic() + self.patience
        while time.monotonic() < end:
            try:
                answer = call()
                if answer.status == good:
                    return answer
                assert answer.status in self.passing, answer
            except (OSError, http.client.HTTPException):
                pass			# killed, or not up again yet
            self.silent.wait(0.01)
        raise AssertionError("an agent's call was never answered")

    def customer(self, customer):
        dice = random.Random(f"{self.seed} {customer}")
        while not self.over.is_set():
            text = f"{customer} says {len(self.acknowledged[customer])} {uuid.uuid4()}"
            payload = self.graph.text(customer, text)
            if dice.random() < 0.15:
                data = b"\xff\xd8\xff\xe0" + text.encode() * dice.randint(1, 200)
                self.pictures[text] = data
                payload = self.graph.media(customer, "image", self.graph.add_media(data), text)
            self.graph.deliver_until_taken(payload, self.patience)
            self.acknowledged[customer].append(text)
            self.done_one()

    def passer_by(self):
        for number in itertools.count(447700800000):
            if self.over.wait(0.1 + self.hurry):
                return
            text = f"later {uuid.uuid4()}"
            self.graph.deliver_until_taken(self.graph.text(f"+{number}", text), self.patience)
            self.passed_by[f"+{number}"] = text
            self.done_one()

    def thread_of(self, customer):
        with self.helpdesk.changed:
            for delivery in self.helpdesk.attempts:
                if delivery.type == "ticket.requested" and delivery.data["contact"]["phone"] == customer:
                    return delivery.data["thread"]["id"]
        return None

    def upload(self, data):
        return self.again(lambda: self.gateway.http(
            "POST", "/v1/attachments?name=a.pdf", data,
            {"Authorization": f"Bearer {harness.API_TOKEN}", "Content-Type": "application/pdf"}), 201).json["attachment"]["sha256"]

    def agent(self, customer):
        dice, thread = random.Random(f"{self.seed} agent of {customer}"), None
        while not thread:
            thread = self.thread_of(customer)
            if self.over.wait(0.01):
                return
        while not self.over.is_set():
            text, key, more = f"answer {uuid.uuid4()}", str(uuid.uuid4()), {}
            if dice.random() < 0.15:
                self.attached[text] = b"%PDF-" + text.encode() * dice.randint(1, 200)
                more["attachments"] = [{"sha256": self.upload(self.attached[text]), "name": "a.pdf", "type": "application/pdf"}]
            answer = self.again(lambda: self.gateway.reply(thread, text, key=key, **more), 202)
            self.replied[text] = (thread, answer.json["message"]["id"])
            if dice.random() < 0.1:	# his program had not seen the answer, and says it again
                twice = self.again(lambda: self.gateway.reply(thread, text, key=key, **more), 202)
                assert twice.json["message"]["id"] == answer.json["message"]["id"], "one key, two messages"
            self.done_one()

    def receipts(self):
        """The provider says of each message it took that it was sent, once and in order."""
        while True:
            with self.graph.changed:
                self.graph.changed.wait_for(lambda: len(self.graph.accepted) > self.told, 0.1)
                if len(self.graph.accepted) == self.told:
                    if self.silent.is_set():
                        return
                    continue
                message = self.graph.accepted[self.told]
            self.graph.deliver_until_taken(self.graph.status(message.id, "sent", to=message.to, key=message.key), self.patience)
            self.told += 1

    # ---- the end of it ----
    def jobs(self, *states):
        return [job for state in states for job in self.gateway.get(f"/v1/outbox?state={state}&limit=500")["jobs"]
                if state != "unknown" or self.delivery(job) != "unknown"]

    def settle(self, patience=200):
        """Until nothing is under way any more; what is in doubt waits for its time, so the clock is moved."""
        for _ in range(patience):
            try:
                harness.wait_until(lambda: not self.jobs("due", "queued", "sending", "unknown"), "an empty outbox", 0.5)
                if self.waiting_tickets() == 0:
                    return
            except AssertionError:
                # Not while an answer is under way: by the clock it would be minutes late.
                harness.wait_until(lambda: not self.jobs("sending"), "an answer to each send")
            self.gateway.advance(minutes=4)
        raise AssertionError(f"not settled: {self.jobs('due', 'queued', 'sending', 'unknown')}")

    def waiting_tickets(self):
        with self.helpdesk.changed:
            heard = {d.data["contact"]["phone"] for d in self.helpdesk.attempts if d.type == "ticket.requested" and d.status}
        return len(set(self.passed_by) - heard)

    def delivery(self, job):
        return self.gateway.get(f"/v1/messages/{job['message_id']}")["message"]["delivery"]

    def all_messages(self, thread):
        found, before = [], ""
        while True:
            page = self.gateway.get(f"/v1/threads/{thread}/messages?limit=200{before}")["messages"]
            found = page + found
            if len(page) < 200:
                return found
            before = "&before=" + page[0]["id"]

    def all_threads(self):
        found, before = [], ""
        while True:
            page = self.gateway.get(f"/v1/threads?limit=100{before}")["threads"]
            found += page
            if len(page) < 100:
                return found
            before = "&before=" + page[-1]["id"]

    def check(self):
        """Every promise that a restart could have broken."""
        listed = self.all_threads()
        threads = {t["reply_to"].removeprefix("tel:"): t["id"] for t in listed}
        said = {**self.acknowledged, **{who: [text] for who, text in self.passed_by.items()}}
        assert set(threads) == set(said) and len(listed) == len(threads)
        for customer, texts in said.items():
            messages = self.all_messages(threads[customer])
            inbound = [m for m in messages if m["direction"] == "inbound"]
            assert [m["text"] for m in inbound] == texts
            self.check_pictures(inbound)
            self.check_answers([m for m in messages if m["direction"] == "outbound"], threads[customer])
        self.check_helpdesk(threads)
        assert not [headers for headers, body in self.helpdesk.forged if len(body) == int(headers["content-length"])]

    def check_pictures(self, messages):
        for message in messages:
            data = self.pictures.get(message["text"])
            if data:
                file, = message["attachments"]
                assert (file["state"], file["sha256"]) == ("stored", hashlib.sha256(data).hexdigest()), file

    def check_answers(self, messages, thread):
        """Each is there once, and left once; or may have left, and then the agent sees that."""
        sent = collections.Counter(m.text for m in self.graph.accepted)
        mine = {text: id for text, (where, id) in self.replied.items() if where == thread}
        assert {m["text"]: m["id"] for m in messages} == mine and len(messages) == len(mine)
        for message in messages:
            assert sent[message["text"]] <= 1, f"{message['text']} was sent {sent[message['text']]} times"
            if sent[message["text"]] == 0:
                assert message["delivery"] == "unknown", message
            else:
                assert message["delivery"] == "sent", message
        for message in self.graph.accepted:
            if message.type == "document":
                assert self.graph.files[message.body["document"]["id"]].data == self.attached[message.text]

    def check_helpdesk(self, threads):
        texts, bodies, numbers, tickets = set(), {}, {}, collections.defaultdict(set)
        last = collections.defaultdict(int)
        for attempt in self.helpdesk.attempts:
            bodies.setdefault(attempt.id, set()).add(attempt.raw)
            thread, number = attempt.data["thread"]["id"], attempt.data["sequence"]
            numbers.setdefault((thread, number), set()).add(attempt.id)
        assert all(len(found) == 1 for found in bodies.values()), "an event changed between two attempts"
        assert all(len(found) == 1 for found in numbers.values()), "a number was given to two events"
        for event in self.helpdesk.accepted:
            thread, number = event.data["thread"]["id"], event.data["sequence"]
            assert number > last[thread], f"{event} came behind number {last[thread]}"
            last[thread] = number
            if event.type == "ticket.requested":
                tickets[event.data["contact"]["phone"]].add(event.data["ticket"]["id"])
                texts |= {m["text"] for m in event.data["messages"]}
            elif event.type == "ticket.message":
                texts.add(event.data["message"]["text"])
        assert {customer: len(found) for customer, found in tickets.items()} == {customer: 1 for customer in threads}
        missing = {text for said in self.acknowledged.values() for text in said} | set(self.passed_by.values())
        assert not missing - texts, f"the helpdesk never heard: {missing - texts}"
