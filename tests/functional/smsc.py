"""An operator for the SMPP adapter: npm's smpp as SMSC in a process of its own (smsc.js), driven from tests."""
import itertools
import json
import os
import pathlib
import subprocess
import threading

import harness

SCRIPT = pathlib.Path(__file__).with_name("smsc.js")
NUMBER = "447700900001"		# ours
PASSWORD = "secret08"
ENV = dict(TEST_SMPP_PASSWORD=PASSWORD)


class Smsc:
    def __init__(self, key=None, certificate=None):
        self.events, self.tags, self.orders = [], itertools.count(1), itertools.count(1)
        tls = [str(key), str(certificate)] if key else []
        self.process = subprocess.Popen(
            ["node", str(SCRIPT), *tls], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env=dict(os.environ, NODE_PATH=os.environ.get("NODE_PATH") or str(harness.BUILD / "node" / "node_modules")))
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()
        self.port = self.wait("listening")["port"]

    def read(self):
        for line in self.process.stdout:
            self.events.append(json.loads(line))

    def close(self):
        self.process.stdin.close()
        self.process.wait(harness.PATIENCE)
        self.reader.join(harness.PATIENCE)
        self.process.stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if error[0]:
            print("\n".join(json.dumps(event) for event in self.events[-200:]))
        self.close()

    # ---- what happened ----
    def all(self, event, **like):
        return [e for e in list(self.events) if e["event"] == event and all(e.get(k) == v for k, v in like.items())]

    def wait(self, event, n=1, **like):
        """The nth of them."""
        return harness.wait_until(lambda: self.all(event, **like)[n - 1:n], f"{n} {event} {like}")[0]

    # ---- orders ----
    def order(self, verb, **more):
        n = next(self.orders)
        self.process.stdin.write(json.dumps({"do": verb, "n": n, **more}) + "\n")
        self.process.stdin.flush()
        self.wait("done", order=n)

    def mood(self, **mood):
        self.order("mood", set=mood)

    def deliver(self, sender, text="", command="deliver_sm", session=None, **pdu):
        """A customer's message; its tag.  text: as npm smpp codes it; bytes: as they are."""
        tag = next(self.tags)
        content = {"hex": text.hex()} if isinstance(text, bytes) else text
        fields = dict(source_addr=sender.lstrip("+"), source_addr_ton=1, source_addr_npi=1, destination_addr=NUMBER,
                      dest_addr_ton=1, dest_addr_npi=1, short_message=content)
        self.order("deliver", pdu={**fields, **pdu}, tag=tag, command=command, session=session)
        return tag

    def delivered(self, tag):
        """The command_status it was answered with."""
        return self.wait("delivered", tag=tag)["status"]

    def submits(self):
        return self.all("submit")

    def channel(self, more=""):
        """Lines of a channel of its."""
        return (f"    adapter: smpp\n    host: 127.0.0.1\n    port: {self.port}\n    system_id: acme\n"
                f"    password: env:TEST_SMPP_PASSWORD\n    from: \"{NUMBER}\"\n    rate: 1000\n"
                + "".join(f"    {line}\n" for line in more.splitlines()))
