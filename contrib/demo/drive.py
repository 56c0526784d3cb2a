#!/usr/bin/python3
"""Shows a conversation on its way through headgate, line by line; ./demo calls it after the build.

The provider is the fake Graph API of the tests, the helpdesk is `headgatectl listen`: everything
between them is the real daemon with etc/demo.yaml."""
import argparse
import base64
import json
import os
import pathlib
import secrets
import shutil
import signal
import subprocess
import sys
import threading
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(TOP / "tests" / "functional"))
import fake_graph  # noqa: E402

PORT, DESK_PORT, GRAPH_PORT = 8420, 8421, 8422
ANA = "+447700900123"
PATIENCE = 60
LOOKS = dict(dim="2", bold="1", green="32", yellow="33", red="31", cyan="36")


class Failed(Exception):
    pass


class Demo:
    def __init__(self, build, colour):
        self.build, self.colour = build, colour
        self.run = build / "run"
        self.children = []
        self.events, self.desk_lines = [], []
        self.changed = threading.Condition()
        self.env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(build / "adapters" / ".libs"),
                        DEMO_WA_TOKEN="EAAG-" + secrets.token_hex(8), DEMO_WA_APP_SECRET=secrets.token_hex(16),
                        DEMO_WA_VERIFY_TOKEN=secrets.token_hex(8), DEMO_API_TOKEN=secrets.token_hex(16),
                        DEMO_DESK_SECRET="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())

    # ---- saying ----
    def look(self, look, text):
        return f"\033[{LOOKS[look]}m{text}\033[0m" if self.colour else text

    def line(self, who, what, outcome, why="", look="green"):
        clock = time.strftime("%H:%M:%S")
        print(f"  {self.look('dim', clock)}  {who:<9} {what:<37} {self.look(look, f'{outcome:<10}')} {why}", flush=True)

    # ---- processes ----
    def spawn(self, *command, **more):
        child = subprocess.Popen([str(c) for c in command], env=self.env, cwd=TOP, **more)
        self.children.append(child)
        return child

    def ctl(self, *words):
        return [self.build / "headgatectl", "-c", TOP / "etc" / "demo.yaml", *words]

    def ask(self, *words):
        done = subprocess.run([str(c) for c in self.ctl("--json", *words)], env=self.env, cwd=TOP,
                              capture_output=True, text=True, timeout=PATIENCE)
        if done.returncode not in (0, 1):
            raise Failed(f"headgatectl {' '.join(words)}: {done.stderr.strip()}")
        return json.loads(done.stdout or "{}")

    def start(self, keep):
        if not keep:
            shutil.rmtree(self.run, ignore_errors=True)
        (self.run / "store").mkdir(parents=True, exist_ok=True, mode=0o700)
        (self.run / "store").chmod(0o700)
        self.graph = fake_graph.FakeGraph(self.env["DEMO_WA_TOKEN"], self.env["DEMO_WA_APP_SECRET"], "109876543210",
                                          port=GRAPH_PORT)
        self.graph.target(PORT, "wa-main")
        desk = self.spawn(*self.ctl("--json", "listen", "--port", str(DESK_PORT)), stdout=subprocess.PIPE,
                          stderr=open(self.run / "helpdesk.log", "w"), text=True)
        self.follow(desk, self.desk_lines)
        ready, child = os.pipe()
        self.daemon = self.spawn(self.build / "headgated", "-c", TOP / "etc" / "demo.yaml", "--ready-fd", child,
                                 stdout=subprocess.DEVNULL, stderr=open(self.run / "headgated.log", "w"), pass_fds=[child])
        os.close(child)
        with os.fdopen(ready) as pipe:
            if not pipe.readline():
                raise Failed("headgated did not start:\n" + (self.run / "headgated.log").read_text())
        tail = self.spawn(*self.ctl("--json", "tail"), stdout=subprocess.PIPE, text=True)
        self.follow(tail, self.events)
        # Two connections: the stream's, and that of the question itself.
        self.wait(lambda: self.ask("status")["http"]["connections"] >= 2, "the live view")

    def follow(self, child, lines):
        def read():
            for line in child.stdout:
                with self.changed:
                    lines.append(json.loads(line))
                    self.changed.notify_all()
        threading.Thread(target=read, daemon=True).start()

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
        if hasattr(self, "graph"):
            self.graph.close()

    # ---- waiting ----
    def wait(self, check, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.changed:
                found = check()
                if found:
                    return found
                self.changed.wait(0.2)
        raise Failed(f"waited {PATIENCE} s in vain for {what}; the logs are in build/demo/run")

    def event(self, kind, check=lambda data: True):
        def find():
            return next((e for e in self.events if e["type"] == kind and check(e["data"])), None)
        return self.wait(find, f"the event {kind}")["data"]

    def desk(self, kind):
        return self.wait(lambda: next((e for e in self.desk_lines if e["type"] == kind), None), f"{kind} at the helpdesk")

    def why(self, message):
        """The newest decision on a message: rule, file and line."""
        decision = self.ask("explain", message)["decisions"][-1]
        if decision.get("rule"):
            return decision, f"rule \"{decision['rule']}\" ({os.path.relpath(decision['file'], TOP)}:{decision['line']})"
        return decision, "no rule decided"

    # ---- the script ----
    def says(self, text, id=None):
        payload = self.graph.text(ANA, text, name="Ana Lima", id=id)
        self.taken = self.graph.deliver(payload)
        if self.taken != 200:
            raise Failed(f"the webhook was answered {self.taken}")
        return payload

    def received(self, text):
        return self.event("message.received", lambda d: d["message"]["text"] == text)

    def greeting(self):
        self.says("hello!")
        message = self.received("hello!")["message"]
        decision, why = self.why(message["id"])
        self.line("WhatsApp", 'Ana: "hello!"', decision["action"], why + ": noise makes no ticket", "yellow")

    def question(self):
        payload = self.says("my order 4711 is late")
        message = self.received("my order 4711 is late")["message"]
        decision, why = self.why(message["id"])
        self.line("WhatsApp", 'Ana: "my order 4711 is late"', decision["action"], why + ": settles for 2 s", "yellow")
        return payload

    def twice(self, payload):
        before = self.ask("status")["engine"]["duplicates"]
        if self.graph.deliver(payload) != 200:
            raise Failed("the second delivery was not answered as success")
        self.wait(lambda: self.ask("status")["engine"]["duplicates"] == before + 1, "the duplicate")
        self.line("WhatsApp", "the same webhook again", "dropped", "this message id is known; answered 200", "yellow")

    def ticket(self):
        data = self.event("ticket.requested")
        self.line("headgate", "", data["ticket"]["number"], f"decided by {data['rule']['reason']}; the whole conversation "
                  "goes along", "green")
        self.desk("ticket.requested")
        link = self.event("ticket.linked")["ticket"]["links"][0]
        self.line("helpdesk", "verified the signature", "linked", f"its own number is {link['number']}", "cyan")
        confirmed = self.graph.wait_accepted(1)[0]
        self.line("WhatsApp", f'to Ana: "{confirmed.text[:22]}..."', "sent", f"tells her {link['number']}", "green")
        self.graph.tell(confirmed, "sent", "delivered")
        return data

    def second(self, number):
        self.says("any news?")
        data = self.event("ticket.message", lambda d: d["message"]["text"] == "any news?")
        decision, why = self.why(data["message"]["id"])
        self.line("WhatsApp", 'Ana: "any news?"', decision["action"], f"{decision['proposal_reason']}: {number}, no "
                  "second ticket", "green")

    def answer(self, thread):
        request = urllib.request.Request(
            f"http://127.0.0.1:{PORT}/v1/threads/{thread}/replies", method="POST",
            data=json.dumps({"text": "It leaves today.", "agent": "Ben"}).encode(),
            headers={"Authorization": f"Bearer {self.env['DEMO_API_TOKEN']}", "Content-Type": "application/json",
                     "Idempotency-Key": f'"{secrets.token_hex(8)}"'})
        with urllib.request.urlopen(request, timeout=PATIENCE) as reply:
            status = reply.status
        self.line("helpdesk", 'Ben: "It leaves today."', str(status), "stored; then on its way to Ana", "green")
        sent = next(m for m in self.graph.wait_accepted(2) if m.text == "It leaves today.")
        self.line("WhatsApp", 'to Ana: "It leaves today."', "sent", f"the provider calls it {sent.id[:24]}...", "green")
        for word in ("sent", "delivered", "read"):
            self.graph.tell(sent, word)
            if word == "sent":
                continue
            self.event("message.status", lambda d: d["message"]["text"] == "It leaves today." and
                       d["message"]["delivery"] == word)
            self.line("WhatsApp", "a receipt", word, "the agent sees it on the ticket", "green")

    def check(self, thread):
        """What must have come of it; a list of what is wrong."""
        status = self.ask("status")
        told = [m.text for m in self.graph.accepted]
        wrong = []
        for what, is_so in (
                ("one ticket", status["store"]["tickets"] == 1),
                ("one thread", status["store"]["threads"] == 1),
                ("one duplicate dropped", status["engine"]["duplicates"] == 1),
                ("the reply sent once", told.count("It leaves today.") == 1),
                ("the number confirmed once", len(told) == 2),
                ("one ticket at the helpdesk", sum(e["type"] == "ticket.requested" for e in self.desk_lines) == 1),
                ("nothing left in the outbox", not any(c["waiting"] or c["dead"] or c["unknown"] for c in status["outbox"])),
                ("a sound store", not self.ask("fsck")["breaches"])):
            if not is_so:
                wrong.append(what)
        return wrong

    def play(self):
        self.greeting()
        payload = self.question()
        self.twice(payload)
        data = self.ticket()
        self.second(data["ticket"]["number"])
        self.answer(data["thread"]["id"])
        self.wait(lambda: not any(c["waiting"] for c in self.ask("status")["outbox"]), "an empty outbox")
        return data["thread"]["id"]

    def stay(self, thread):
        name = os.path.relpath(self.build / "headgatectl", TOP)
        print(f"""
  Now you, from another terminal in this folder:
    . build/demo/run/env
    {name} -c etc/demo.yaml simulate whatsapp --from {ANA} --text "thanks!"
    {name} -c etc/demo.yaml simulate whatsapp --from +15550100 --name Bo --text "I want a human"
    {name} -c etc/demo.yaml tail
    {name} -c etc/demo.yaml explain {thread}
    {name} -c etc/demo.yaml status
  Ctrl-C ends it.""", flush=True)
        shown = len(self.desk_lines)
        while self.daemon.poll() is None:
            with self.changed:
                self.changed.wait(0.5)
                lines, shown = self.desk_lines[shown:], len(self.desk_lines)
            for event in lines:
                said = event["data"].get("message", {}).get("text", "")
                self.line("helpdesk", said[:34], event["type"].split(".")[-1], event["data"].get("ticket", {}).get("number", ""))

    def write_env(self):
        """For the commands a person tries: the demo's secrets, readable by its owner only."""
        path = self.run / "env"
        path.touch(mode=0o600)
        names = [name for name in self.env if name.startswith("DEMO_")] + ["HEADGATE_ADAPTER_DIR"]
        path.write_text("".join(f"export {name}='{self.env[name]}'\n" for name in names))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    for word in ("once", "headless", "keep"):
        parser.add_argument(f"--{word}", action="store_true")
    asked = parser.parse_args()
    colour = not asked.headless and sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    demo = Demo(asked.build, colour)
    code = 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        demo.start(asked.keep)
        demo.write_env()
        print(f"\n  headgate on http://127.0.0.1:{PORT}, the helpdesk on {DESK_PORT}, WhatsApp on {GRAPH_PORT}\n")
        thread = demo.play()
        wrong = demo.check(thread)
        for what in wrong:
            print(f"  not so: {what}")
        code = 1 if wrong else 0
        if not wrong:
            print("\n  as it should be: one thread, one ticket, one duplicate dropped, one reply, nothing left over")
        if not asked.once:
            demo.stay(thread)
    except KeyboardInterrupt:
        code = 0
        print("\n  stopped; the store is in build/demo/run (./demo --keep goes on with it)")
    except (Failed, OSError) as error:
        print(f"demo: {error}", file=sys.stderr)
    finally:
        demo.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
