"""A Kannel of our own, bearerbox and smsbox of Debian's package: config, store and logs in a temporary folder, loopback,
free ports.  Its operator is the connection Kannel calls "fake": a line a message, from, to, kind and text."""
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import urllib.parse
import urllib.request

import harness

USER, PASSWORD = "tester", "kannel-password-of-tests"

CONFIG = """\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = admin-of-tests
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
log-file = "{run}/bearerbox.log"
log-level = 0
box-deny-ip = "*.*.*.*"
box-allow-ip = "127.0.0.1"
dlr-storage = internal
store-type = file
store-location = "{run}/store"
sms-resend-freq = 1

group = smsc
smsc = fake
smsc-id = FAKE
host = 127.0.0.1
port = {operator}
connect-allow-ip = 127.0.0.1

group = smsbox
bearerbox-host = 127.0.0.1
bearerbox-port = {boxes}
sendsms-port = {sendsms}
sendsms-interface = 127.0.0.1
log-file = "{run}/smsbox.log"
log-level = 0
http-request-retry = 20
http-queue-delay = 1

group = sendsms-user
username = {user}
password = {password}
max-messages = 10
concatenation = true

group = sms-service
keyword = default
max-messages = 0
catch-all = true
accept-x-kannel-headers = false
get-url = "{hook}?id=%I&from=%p&to=%P&text=%b&coding=%c&charset=%C&udh=%u&time=%T"
"""


def unquote_ucs2(text):
    return urllib.parse.unquote_to_bytes(text.replace("+", " ")).decode("utf-16-be")


class Kannel:
    def __init__(self, hook, sendsms):
        """hook: address of the gateway that messages of people are given to; sendsms: port."""
        self.run, self.sendsms = pathlib.Path(tempfile.mkdtemp(prefix="kannel-")), sendsms
        self.admin, self.boxes, self.operator = (harness.quiet_port() for _ in range(3))
        self.url = f"http://127.0.0.1:{self.sendsms}"
        self.lines, self.changed = [], threading.Condition()
        config = self.run / "kannel.conf"
        config.write_text(CONFIG.format(run=self.run, admin=self.admin, boxes=self.boxes, operator=self.operator,
                                        sendsms=self.sendsms, hook=hook, user=USER, password=PASSWORD))
        self.processes = []
        self.launch(shutil.which("bearerbox") or "/usr/sbin/bearerbox", config)
        self.wait(lambda: "running" in self.status(), "bearerbox")
        self.launch(shutil.which("smsbox") or "/usr/sbin/smsbox", config)
        self.wait(lambda: "smsbox" in self.status(), "smsbox")
        self.socket = socket.create_connection(("127.0.0.1", self.operator), timeout=harness.PATIENCE)
        threading.Thread(target=self.listen, daemon=True).start()
        self.wait(lambda: "FAKE" in self.status() and "online" in self.status(), "the operator")

    def launch(self, program, config):
        self.processes.append(subprocess.Popen([program, "-v", "4", str(config)], cwd=self.run, start_new_session=True,
                                               stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                               stderr=subprocess.DEVNULL))

    def wait(self, check, what):
        def alive():
            assert all(process.poll() is None for process in self.processes), self.log()
            return check()
        harness.wait_until(alive, f"{what} of Kannel")

    def status(self):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.admin}/status.txt?password=admin-of-tests", timeout=5) as answer:
                return answer.read().decode()
        except OSError:
            return ""

    def log(self):
        return "\n".join(path.read_text(errors="replace")[-5000:] for path in sorted(self.run.glob("*.log")))

    # ---- the operator's side ----
    def listen(self):
        rest = b""
        while True:
            try:
                more = self.socket.recv(65536)
            except OSError:
                return
            if not more:
                return
            *whole, rest = (rest + more).split(b"\n")
            with self.changed:
                self.lines += [line.decode() for line in whole]
                self.changed.notify_all()

    def wait_line(self, check, what):
        """A message that Kannel gave the operator: (from, to, kind, text)."""
        def found():
            return next((line for line in self.lines if check(line)), None)
        with self.changed:
            assert self.changed.wait_for(found, harness.PATIENCE), f"waited in vain for {what}: {self.lines}\n{self.log()}"
            return tuple(found().split(" ", 3))

    def say(self, sender, to, text, coding="text"):
        """A person writes; text goes percent-encoded where coding is data."""
        line = f"{sender} {to} {coding} {urllib.parse.quote_from_bytes(text) if coding != 'text' else text}\n"
        self.socket.sendall(line.encode())

    def wait_refused(self):
        """Until smsbox could not reach the gateway once, and will try again."""
        log = self.run / "smsbox.log"
        self.wait(lambda: log.exists() and "Retrying request" in log.read_text(errors="replace"), "an attempt")

    def close(self):
        try:
            self.socket.close()
        except AttributeError:
            pass
        for process in reversed(self.processes):
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        shutil.rmtree(self.run, ignore_errors=True)
