#!/usr/bin/python3
"""Runs headgate between simulated providers and a toy helpdesk, and shows what it does; ./demo calls it after the build.

The providers are the fakes of the tests, the helpdesk is `headgatectl listen` with a face: everything between them is the
real daemon with etc/demo.yaml.  A page shows all of it at once; the terminal tells the same line by line."""
import argparse
import base64
import json
import os
import pathlib
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request

TOP = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import board  # noqa: E402
import desk  # noqa: E402
import devices  # noqa: E402
import gateway  # noqa: E402
import page  # noqa: E402
import shop  # noqa: E402
import story  # noqa: E402
import visitor  # noqa: E402

# Where they listen, counted from the first: the gateway, the helpdesk, WhatsApp, the page, Twilio, mailbox and relay,
# the console.
FIRST_PORT, PORTS = 8420, ("gateway", "desk", "graph", "page", "twilio", "imap", "smtp", "console")
PATIENCE = 60
LOOKS = dict(dim="2", bold="1", good="32", hold="33", drop="31", sent="36", calm="2")
QUESTION, NEWS, ANSWER = "my order 4711 is late", "any news?", "It leaves today."
ON_SITE, SHOWN = "I am on your site now: which address do you have?", "Harbour Road 4. Is that right?"


class Failed(Exception):
    pass


def free_ports():
    """The first ones in a row that nobody listens on."""
    for first in range(FIRST_PORT, FIRST_PORT + 1000, 10):
        probes = []
        try:
            for at in range(len(PORTS)):
                probes.append(socket.create_server(("127.0.0.1", first + at), reuse_port=False))
            return {name: first + at for at, name in enumerate(PORTS)}
        except OSError:
            continue
        finally:
            for probe in probes:
                probe.close()
    raise Failed(f"no free ports from {FIRST_PORT} on")


class Demo:
    def __init__(self, build, run, colour):
        self.build, self.run, self.colour = build, run, colour
        self.children, self.faults = [], []
        self.events, self.desk_lines = [], []
        self.changed = threading.Condition()
        self.says = threading.Lock()
        self.ports = free_ports()
        self.url = f"http://127.0.0.1:{self.ports['gateway']}"
        self.board = board.Board()
        self.env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(build / "adapters" / ".libs"),
                        HEADGATE_MAIL_HELPER=str(build / "headgate-mail"), DEMO_MAIL_PASSWORD=secrets.token_hex(8),
                        DEMO_MAIL_TOKENS=secrets.token_hex(32),
                        DEMO_WA_TOKEN="EAAG-" + secrets.token_hex(8), DEMO_WA_APP_SECRET=secrets.token_hex(16),
                        DEMO_WA_VERIFY_TOKEN=secrets.token_hex(8), DEMO_API_TOKEN=secrets.token_hex(16),
                        DEMO_SMS_TOKEN=devices.twilio_provider.TOKEN, DEMO_SHOP_SECRET=secrets.token_hex(32),
                        DEMO_DESK_SECRET="whsec_" + base64.b64encode(secrets.token_bytes(24)).decode())
        self.api = gateway.Api(self.url, self.env["DEMO_API_TOKEN"])
        self.desk = desk.Desk(self.board, self.api)
        self.story = story.Story(self.board, self.api, self.tell)
        self.shop = shop.Shop(self.env["DEMO_SHOP_SECRET"])

    # ---- saying ----
    def look(self, look, text):
        return f"\033[{LOOKS[look]}m{text}\033[0m" if self.colour else text

    def tell(self, who, what, outcome, why="", tone="good"):
        clock = time.strftime("%H:%M:%S")
        what = what if len(what) <= 44 else what[:43] + "…"
        with self.says:
            print(f"  {self.look('dim', clock)}  {who:<9} {what:<44} {self.look(tone, f'{outcome:<10}')} {why}", flush=True)

    # ---- processes ----
    def spawn(self, *command, **more):
        child = subprocess.Popen([str(c) for c in command], env=self.env, cwd=TOP, **more)
        self.children.append(child)
        return child

    def configuration(self):
        """etc/demo.yaml itself; a copy of it where its ports are taken, or what is stored lies elsewhere."""
        sample = TOP / "etc" / "demo.yaml"
        usual = {name: FIRST_PORT + at for at, name in enumerate(PORTS)}
        if self.ports == usual and self.run == TOP / "build" / "demo" / "run":
            return sample
        text = sample.read_text().replace("../build/demo/run", str(self.run))
        for name, port in usual.items():
            for form in ("127.0.0.1:%d", "localhost:%d", "port: %d"):
                text = text.replace(form % port, form % self.ports[name])
        copy = self.run / "demo.yaml"
        copy.write_text(text)
        return copy

    def ctl(self, *words):
        return [self.build / "headgatectl", "-c", self.config, *words]

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
        self.config = self.configuration()
        self.start_phone()
        listener = self.spawn(*self.ctl("--json", "listen", "--port", str(self.ports["desk"])), stdout=subprocess.PIPE,
                              stderr=open(self.run / "helpdesk.log", "w"), text=True)
        self.follow(listener, self.desk_lines, self.desk.hear)
        self.start_daemon()
        tail = self.spawn(*self.ctl("--json", "tail"), stdout=subprocess.PIPE, text=True)
        self.follow(tail, self.events, self.story.hear)
        # Two connections: the stream's, and that of the question itself.
        self.wait(lambda: self.ask("status")["http"]["connections"] >= 2, "the live view")
        threading.Thread(target=self.count, daemon=True).start()
        self.page = page.Page(self.board, self.api, self.ports["page"], self.url, self.verbs(), {"session": self.shop.sign_in})

    def start_phone(self):
        self.apps = {app.name: app for app in (
            devices.WhatsApp(self.board, self.env["DEMO_WA_TOKEN"], self.env["DEMO_WA_APP_SECRET"], self.ports["graph"],
                             self.ports["gateway"]),
            devices.Sms(self.board, self.ports["twilio"], self.ports["gateway"], f"{self.url}/channel/sms/webhook"),
            devices.Mail(self.board, self.ports["imap"], self.ports["smtp"]))}
        for app in self.apps.values():
            app.start()

    def start_daemon(self):
        ready, child = os.pipe()
        self.daemon = self.spawn(self.build / "headgated", "-c", self.config, "--ready-fd", child,
                                 stdout=subprocess.DEVNULL, stderr=open(self.run / "headgated.log", "w"), pass_fds=[child])
        os.close(child)
        with os.fdopen(ready) as pipe:
            if not pipe.readline():
                raise Failed("headgated did not start:\n" + (self.run / "headgated.log").read_text())

    def follow(self, child, lines, hear):
        def read():
            for line in child.stdout:
                event = json.loads(line)
                try:
                    hear(event)
                except Exception as fault:	# one event must not end the view of all others
                    self.faults.append(f"{event.get('type')}: {fault!r}")
                with self.changed:
                    lines.append(event)
                    self.changed.notify_all()
        threading.Thread(target=read, daemon=True).start()

    def count(self):
        """The daemon's own sums, again whenever something happened."""
        seen = -1
        while True:
            with self.changed:
                self.changed.wait_for(lambda: len(self.events) != seen, 1)
                seen = len(self.events)
            try:
                engine = self.api.get("/v1/status")["engine"]
            except OSError:
                continue
            now = {"messages": engine["inbound"], "held": engine["ignored"], "tickets": engine["tickets"],
                   "duplicates": engine["duplicates"]}
            old = self.board.get("sums", "all")
            if any(old.get(key) != value for key, value in now.items()):
                self.board.put("sums", "all", **now)

    def stop(self):
        for child in reversed(self.children):
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        for child in self.children:
            try:
                child.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                child.kill()
        for app in getattr(self, "apps", {}).values():
            app.close()
        if hasattr(self, "page"):
            self.page.close()

    # ---- what the buttons of the page do ----
    def verbs(self):
        return {"phone": lambda body: {"status": self.apps[body["app"]].write(str(body["text"])[:1000])},
                "photo": lambda body: self.apps["whatsapp"].photo(),
                "again": lambda body: self.again(body["app"]),
                "seen": lambda body: self.apps[body["app"]].seen(),
                "reply": lambda body: self.desk.reply(body["thread"], str(body["text"])),
                "note": lambda body: self.desk.note(body["thread"], str(body["text"])),
                "solve": lambda body: self.desk.solve(body["thread"], body["state"]),
                "typing": lambda body: self.desk.typing(body["thread"]),
                "read": lambda body: self.desk.read(body["thread"])}

    def again(self, name):
        """The provider delivers its last message once more, as providers do."""
        app = self.apps[name]
        if not app.again:
            raise gateway.Refused(409, "Nothing was written with it yet.")
        before = self.duplicates()
        if app.again() != 200:
            raise gateway.Refused(409, "the second delivery was not answered as success")
        self.wait(lambda: self.duplicates() > before, "the duplicate")
        self.story.repeated(devices.clock(), {"whatsapp": "wa-main", "mail": "support"}.get(name, name),
                            "the same mail again" if name == "mail" else "the same webhook again")

    def duplicates(self):
        return self.api.get("/v1/status")["engine"]["duplicates"]

    # ---- waiting ----
    def wait(self, check, what):
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            with self.changed:
                found = check()
                if found:
                    return found
                self.changed.wait(0.2)
        raise Failed(f"waited {PATIENCE} s in vain for {what}; the logs are in {os.path.relpath(self.run, TOP)}")

    def event(self, kind, check=lambda data: True):
        def find():
            return next((e for e in self.events if e["type"] == kind and check(e["data"])), None)
        return self.wait(find, f"the event {kind}")["data"]

    def at_desk(self, kind):
        return self.wait(lambda: next((e for e in self.desk_lines if e["type"] == kind), None), f"{kind} at the helpdesk")

    def decided(self, text, *outcomes):
        """Until the story has what was decided of that text."""
        def find():
            return next((c for c in self.board.cards("story") if text in c["what"] and c["outcome"] in outcomes), None)
        return self.wait(find, f"{' or '.join(outcomes)} for {text!r}")

    def empty_outbox(self):
        self.wait(lambda: not any(c["waiting"] for c in self.ask("status")["outbox"]), "an empty outbox")

    # ---- the script ----
    def write(self, text):
        taken = self.apps["whatsapp"].write(text)
        if taken != 200:
            raise Failed(f"the webhook was answered {taken}")

    def by_phone(self):
        """A greeting, a question that comes twice, and one more that joins its ticket; the thread's id."""
        self.write("hello!")
        self.decided("hello!", "held")
        self.write(QUESTION)
        self.decided(QUESTION, "waits")
        self.again("whatsapp")
        data = self.event("ticket.requested")
        self.at_desk("ticket.requested")
        self.event("ticket.linked")
        self.on_phone("Thank you.")		# the confirmation with the ticket's number
        self.write(NEWS)
        self.decided(NEWS, "joined")
        self.desk.reply(data["thread"]["id"], ANSWER)
        self.on_phone(ANSWER)
        self.received(ANSWER, "delivered")
        self.apps["whatsapp"].seen()
        self.received(ANSWER, "read")
        return data["thread"]["id"]

    def on_phone(self, text):
        self.wait(lambda: any(c["text"].startswith(text) and not c["mine"] for c in self.board.cards("phone")), f"{text!r} on the phone")

    def received(self, text, state):
        self.event("message.status", lambda d: d["message"]["text"] == text and d["message"]["delivery"] == state)

    def by_widget(self, thread):
        """The same customer goes on in the shop: signed in there, so it is the same ticket."""
        self.visitor = visitor.Visitor(self.url, "web", self.page.url)
        self.visitor.begin({"jwt": self.shop.sign_in()["jwt"]})
        self.visitor.listen()
        id = visitor.client_id()
        status, said = self.visitor.say(ON_SITE, id=id)
        again, _ = self.visitor.say(ON_SITE, said["thread"]["id"], id)
        self.posts = (status, again)
        self.decided(ON_SITE, "joined")
        self.desk.reply(thread, SHOWN)
        self.shown = self.visitor.wait_text(SHOWN)
        if not self.shown:
            raise Failed("the visitor's stream did not bring the answer")
        self.visitor.read(said["thread"]["id"], self.shown["id"])
        self.received(SHOWN, "read")

    def play(self):
        thread = self.by_phone()
        self.by_widget(thread)
        self.empty_outbox()
        return thread

    def page_is_up(self):
        """The page, its stream and the widget's loader are there, as a browser asks for them."""
        with urllib.request.urlopen(self.page.url, timeout=PATIENCE) as answer:
            strict = "default-src 'none'" in answer.headers["Content-Security-Policy"]
        with urllib.request.urlopen(self.page.url + "/live", timeout=PATIENCE) as live:
            told = any(ANSWER in line.decode() for line in iter(live.readline, b"event: now\n"))
        with urllib.request.urlopen(self.url + "/widget/v1.js", timeout=PATIENCE) as loader:
            return strict and told and loader.status == 200

    def check(self, thread):
        """What must have come of it; a list of what is wrong."""
        status = self.ask("status")
        told = [m.text for m in self.apps["whatsapp"].graph.accepted]
        history = [m["text"] for m in self.visitor.history(thread)]
        wrong = list(self.faults)
        for what, is_so in (
                ("one ticket", status["store"]["tickets"] == 1),
                ("one thread", status["store"]["threads"] == 1),
                ("the repeated webhook dropped", status["engine"]["duplicates"] >= 1),
                ("the reply sent once", told.count(ANSWER) == 1),
                ("the number confirmed once", len(told) == 2),
                ("the widget's message taken once: 201, then 200", self.posts == (201, 200)),
                ("the whole conversation in the widget", [history.count(text) for text in (QUESTION, ANSWER, ON_SITE, SHOWN)] == [1] * 4),
                ("one ticket at the helpdesk", sum(e["type"] == "ticket.requested" for e in self.desk_lines) == 1),
                ("nothing left in the outbox", not any(c["waiting"] or c["dead"] or c["unknown"] for c in status["outbox"])),
                ("a page with its stream, and the widget's loader", self.page_is_up()),
                ("a sound store", not self.ask("fsck")["breaches"])):
            if not is_so:
                wrong.append(what)
        return wrong

    def welcome(self):
        print(f"""
  Open  {self.look('bold', self.page.url)}        a shop with the chat widget, a phone, the decisions, a small helpdesk
  Chat  {self.url}/chat/web   the widget alone, for a link or a QR code
""", flush=True)

    def stay(self, thread):
        name = os.path.relpath(self.build / "headgatectl", TOP)
        config = os.path.relpath(self.config, TOP)
        print(f"""
  Try   open {self.page.url} and say hello in the shop: it is held as a greeting.
        Then ask for something there: a ticket opens at the helpdesk, where you can answer it.
  Or    from another terminal in this folder:
        . {os.path.relpath(self.run, TOP)}/env
        {name} -c {config} simulate whatsapp --from +15550100 --name Bo --text "I want a human"
        {name} -c {config} tail
        {name} -c {config} explain {thread}
        {name} -c {config} status
  Ctrl-C ends it.
""", flush=True)
        while self.daemon.poll() is None:
            with self.changed:
                self.changed.wait(0.5)

    def write_env(self):
        """For the commands a person tries: the demo's secrets, readable by its owner only."""
        path = self.run / "env"
        path.touch(mode=0o600)
        names = [name for name in self.env if name.startswith("DEMO_")] + ["HEADGATE_ADAPTER_DIR"]
        path.write_text("".join(f"export {name}='{self.env[name]}'\n" for name in names))


def run(demo, asked):
    """The exit code."""
    demo.start(asked.keep)
    demo.write_env()
    demo.welcome()
    wrong, thread = [], "THREAD"
    if not asked.quiet:
        thread = demo.play()
        # With the store of an earlier run there is more than this script made.
        wrong = [] if asked.keep else demo.check(thread)
        for what in wrong:
            print(f"  not so: {what}")
        if not wrong:
            print("\n  as it should be: one thread and one ticket over phone and web, nothing twice, nothing left over")
    if not asked.once:
        demo.stay(thread)
    return 1 if wrong else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, required=True)
    parser.add_argument("--run", type=pathlib.Path, help="where store and logs lie; build/run without")
    for word in ("once", "headless", "keep", "quiet"):
        parser.add_argument(f"--{word}", action="store_true")
    asked = parser.parse_args()
    asked.build = asked.build.resolve()
    folder = (asked.run or asked.build / "run").resolve()
    demo, code = None, 1
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        demo = Demo(asked.build, folder, not asked.headless and sys.stdout.isatty() and not os.environ.get("NO_COLOR"))
        code = run(demo, asked)
    except KeyboardInterrupt:
        code = 0
        print(f"\n  stopped; the store is in {os.path.relpath(demo.run, TOP)} (./demo --keep goes on with it)" if demo else "")
    except (Failed, OSError, gateway.Refused, visitor.Refused) as error:
        print(f"demo: {error}", file=sys.stderr)
        for fault in demo.faults if demo else ():
            print(f"demo: {fault}", file=sys.stderr)
    finally:
        if demo:
            demo.stop()
    return code


if __name__ == "__main__":
    sys.exit(main())
