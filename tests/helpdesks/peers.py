"""Real helpdesks: Request Tracker 5 and Redmine 5 as Debian has them, run in the root that `root` made.

Each runs in processes, mounts and names of its own, on loopback, with a copy of the data as the seed left it; a kill of
it is a kill of all its processes.  What an agent does there is done through the helpdesk's own interface, as himself."""
import base64
import contextlib
import http.client
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.parse

import harness

HERE = pathlib.Path(__file__).resolve().parent
STATE = ("var/lib/dbconfig-common/sqlite3", "var/lib/redmine", "var/cache/redmine", "var/cache/request-tracker5",
         "var/log/redmine", "var/log/request-tracker5")
# Within the root: as whom it runs, and with a clock that a file sets (Redmine: redmine-clock.rb).
WORKER = ["setpriv", "--pdeathsig", "KILL", "--reuid=www-data", "--regid=www-data", "--clear-groups", "env"]
FAKETIME = ["FAKETIME_CACHE_DURATION=1", "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_TIMESTAMP_FILE=/tmp/clock",
            "LD_PRELOAD=/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"]
SLOW = 20 * harness.PATIENCE	# seconds until one of them has begun: they are large, and may share two cores with many others; one
				# that ended is told at once

# Mounts are private to it; "$0" is the root, "$1" the folder of this run, the rest what to run in it.
INSIDE = r"""
set -e
root=$0 run=$1
shift
mount --make-rprivate /
mount -t proc proc "$root/proc"
mount --bind /dev "$root/dev"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
for dir in """ + " ".join(STATE) + r"""; do mount --bind "$run/$dir" "$root/$dir"; done
mount --bind "$run/tmp" "$root/tmp"
exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/tmp LC_ALL=C.UTF-8 "$@"
"""


def root():
    """Where they are installed; None: they are not."""
    done = subprocess.run([HERE / "root"], capture_output=True, text=True)
    return pathlib.Path(done.stdout.strip()) if done.returncode == 0 else None


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


class Answer:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.body[:500]!r}>"


class Desk:
    """One of them, with data of its own.  Begins with start()."""
    asks = "/"			# what is answered when it is ready

    def __init__(self):
        self.root = root()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="headgate-desk-"))
        self.folder.chmod(0o755)
        for name in STATE:
            (self.folder / name).parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-a", self.root / name, self.folder / name], check=True)
        (self.folder / "tmp").mkdir()
        (self.folder / "tmp").chmod(0o1777)
        self.set_clock(0)
        self.port = harness.quiet_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None

    def set_clock(self, ms):
        """So far off is its clock, from now on: it has to go with headgate's."""
        path = self.folder / "tmp" / "clock"
        (path.parent / "clock.new").write_text(f"{ms / 1000:+.3f}\n")
        (path.parent / "clock.new").rename(path)

    # ---- life ----
    def launch(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(
                ["unshare", "--mount", "--pid", "--ipc", "--uts", "--fork", "--kill-child=KILL",
                 "sh", "-c", INSIDE, self.root, self.folder, *self.command()],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def start(self):
        self.launch()
        self.wait_ready()
        return self

    def wait_ready(self):
        def answers():
            assert self.process.poll() is None, f"it ended with {self.process.returncode}:\n{self.log()[-4000:]}"
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.call("GET", self.asks).status < 500
            return False
        harness.wait_until(answers, f"{type(self).__name__} to begin", SLOW)

    def kill_serving(self):
        """What is at work, killed and there again: all of it, where that begins fast."""
        self.kill()
        self.start()

    def kill(self):
        """All its processes at once, wherever they are: the first one of its own world takes the others with it."""
        for child in children(self.process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        harness.wait_until(self.is_closed, "its port to be free")

    def is_closed(self):
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) != 0

    def close(self):
        if self.process and self.process.poll() is None:
            self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log(self):
        path = self.folder / "log"
        return path.read_text(errors="replace") if path.exists() else ""

    # ---- its HTTP ----
    def call(self, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=harness.PATIENCE)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            reply = connection.getresponse()
            return Answer(reply.status, dict(reply.getheaders()), reply.read())
        finally:
            connection.close()

    def as_json(self, method, path, body=None, **headers):
        text = json.dumps(body) if body is not None else None
        kind = {"Content-Type": "application/json"} if body is not None else {}
        answer = self.call(method, path, text, {**kind, **self.credentials, **headers})
        assert answer.status < 300, (method, path, answer)
        return answer


class RequestTracker(Desk):
    """hook: where the scrip posts to, None: nowhere."""
    asks = "/REST/2.0/rt"
    preset = "request-tracker"

    def __init__(self, hook=None, secret=harness.WEBHOOK_SECRET):
        super().__init__()
        self.hook, self.secret = hook, secret
        self.token = (self.root / "srv/rt-token").read_text().strip()
        basic = base64.b64encode(b"ben:agent-of-tests").decode()
        self.credentials = {"Authorization": f"Basic {basic}"}

    def command(self):
        given = [f"RT_PORT={self.port}", f"RT_SECRET={self.secret}"] + ([f"RT_HOOK={self.hook}"] if self.hook else [])
        return ["env", *given, *WORKER, *FAKETIME, "/usr/share/request-tracker5/libexec/rt-server", "--server", "Starlet", "--host", "127.0.0.1",
                "--port", str(self.port), "--max-workers", "3"]

    # ---- what an agent does ----
    def ticket(self, number):
        return self.as_json("GET", f"/REST/2.0/ticket/{number}").json

    def tickets(self, query="id > 0"):
        """All that a search finds, with their custom fields."""
        found, page = [], 1
        while True:
            some = self.as_json("GET", "/REST/2.0/tickets?" + urllib.parse.urlencode(
                {"query": query, "fields": "Status,Subject,CustomFields,Requestor", "orderby": "id", "per_page": 100,
                 "page": page})).json
            found += some["items"]
            if not some["items"] or len(found) >= some["total"]:
                return found
            page += 1

    def newer(self, last=0):
        """Of tickets that came after that number, oldest first: number, subject, our id."""
        return [(int(one["id"]), one["Subject"], self.external(one)) for one in self.tickets(f"id > {last}")]

    def external(self, ticket):
        return next((field["values"][0] for field in ticket["CustomFields"] if field["name"] == "headgate" and field["values"]), None)

    def say(self, number, text, files=(), internal=False):
        """files: (name, type, bytes)."""
        sent = {"Content": text, "ContentType": "text/plain", "Attachments": [
            {"FileName": name, "FileType": kind, "FileContent": base64.b64encode(data).decode()} for name, kind, data in files]}
        way = "comment" if internal else "correspond"
        return self.as_json("POST", f"/REST/2.0/ticket/{number}/{way}", sent).headers["Location"].rsplit("/", 1)[1]

    def set_status(self, number, status):
        self.as_json("PUT", f"/REST/2.0/ticket/{number}", {"Status": status})

    def history(self, number, *kinds):
        """What was said in a ticket, oldest first: (type, creator, text, [(file name, bytes)])."""
        return [self.said(one) for one in self.transactions(number) if one["Type"] in (kinds or ("Create", "Correspond", "Comment"))]

    def transactions(self, number):
        found, page = [], 1
        while True:
            some = self.as_json("GET", f"/REST/2.0/ticket/{number}/history?" + urllib.parse.urlencode(
                {"fields": "Type,Creator,Created,NewValue,OldValue,Field", "per_page": 100, "page": page})).json
            found += some["items"]
            if len(some["items"]) < 100:		# there is no total
                return sorted(found, key=lambda one: int(one["id"]))
            page += 1

    def said(self, transaction):
        parts = self.as_json("GET", f"/REST/2.0/transaction/{transaction['id']}/attachments?" + urllib.parse.urlencode(
            {"fields": "ContentType,Filename,Content", "per_page": 100})).json["items"]
        text, files = "", []
        for part in parts:
            if part.get("Filename"):
                files.append((part["Filename"], self.file(transaction["id"], part["id"])))
            elif part["ContentType"].startswith("text/"):
                text = text or part["Content"]
        return transaction["Type"], transaction["Creator"]["id"], text, files

    def file(self, transaction, attachment):
        headers = {"Authorization": f"token {self.token}"}
        return self.call("GET", f"/Ticket/Attachment/{transaction}/{attachment}", headers=headers).body

    def mailed(self):
        """What it would have mailed."""
        return [path.read_text(errors="replace") for path in sorted((self.folder / "tmp").iterdir())
                if path.is_file()]


class Redmine(Desk):
    asks = "/projects/support.json"
    preset = "redmine"
    statuses = {"new": 1, "in progress": 2, "resolved": 3, "feedback": 4, "closed": 5, "rejected": 6}

    def __init__(self):
        super().__init__()
        self.token, agent = (self.root / "srv/redmine-keys").read_text().split()
        self.credentials = {"X-Redmine-API-Key": agent}
        self.ours = {"X-Redmine-API-Key": self.token}

    # What serves is a child of a process that has read Rails and does nothing else: killed, it is there again in a second,
    # where a whole beginning costs a quarter of a minute of a core.
    PUMA = """\
workers 1
threads 1, 4
preload_app!
silence_single_worker_warning
worker_timeout 86400
bind "tcp://127.0.0.1:{port}"
environment "production"
"""

    def command(self):
        (self.folder / "tmp" / "puma.rb").write_text(self.PUMA.format(port=self.port))
        shutil.copy(HERE / "redmine-clock.rb", self.folder / "tmp" / "clock.rb")
        return ["env", "RAILS_ENV=production", "X_DEBIAN_SITEID=default", *WORKER, "RUBYOPT=-r/tmp/clock.rb", "sh", "-c",
                "cd /usr/share/redmine && exec puma -C /tmp/puma.rb config.ru"]

    def kill_serving(self):
        """All that is at work for anybody, with SIGKILL, as at a power cut; another takes its place."""
        serving = [pid for first in children(self.process.pid) for pid in children(first)]
        assert serving, "nobody serves"
        for pid in serving:
            os.kill(pid, signal.SIGKILL)
        harness.wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in serving), "the end of what served")
        self.wait_ready()

    # ---- what an agent does ----
    def issue(self, number):
        answer = self.call("GET", f"/issues/{number}.json?include=journals,attachments", headers=self.ours)
        assert answer.status == 200, answer
        return answer.json["issue"]

    def issues(self, **query):
        """All of them, as headgate's user sees them."""
        found = []
        while True:
            answer = self.call("GET", "/issues.json?" + urllib.parse.urlencode(
                {"status_id": "*", "limit": 100, "offset": len(found), "sort": "id", **query}), headers=self.ours)
            assert answer.status == 200, answer
            found += answer.json["issues"]
            if not answer.json["issues"] or len(found) >= answer.json["total_count"]:
                return found

    def newer(self, last=0):
        """Of issues that came after that number, oldest first: number, subject, our id."""
        found, most = [], 10 if last else 100		# few are new, and each costs Redmine milliseconds
        while True:
            answer = self.call("GET", f"/issues.json?status_id=*&limit={most}&sort=id:desc&offset={len(found)}", headers=self.ours)
            assert answer.status == 200, answer
            page = answer.json["issues"]
            found += [(one["id"], one["subject"], self.external(one)) for one in page]
            if len(page) < most or page[-1]["id"] <= last:
                return sorted({one for one in found if one[0] > last})		# what came meanwhile moves the pages

    def external(self, issue):
        return next((field["value"] for field in issue["custom_fields"] if field["name"] == "headgate"), None) or None

    def say(self, number, text, files=(), internal=False):
        uploads = []
        for name, kind, data in files:
            answer = self.call("POST", "/uploads.json?" + urllib.parse.urlencode({"filename": name}), data,
                               {"Content-Type": "application/octet-stream", **self.credentials})
            assert answer.status == 201, answer
            uploads.append({"token": answer.json["upload"]["token"], "filename": name, "content_type": kind})
        self.as_json("PUT", f"/issues/{number}.json",
                     {"issue": {"notes": text, "private_notes": internal, **({"uploads": uploads} if uploads else {})}})

    def set_status(self, number, status):
        self.as_json("PUT", f"/issues/{number}.json", {"issue": {"status_id": self.statuses[status]}})

    def notes(self, number):
        """What was said in an issue, oldest first: (who, text, internal)."""
        return [(one["user"]["name"], one["notes"], one["private_notes"]) for one in self.issue(number)["journals"] if one["notes"]]

    def file(self, attachment):
        return self.call("GET", urllib.parse.urlsplit(attachment["content_url"]).path, headers=self.ours).body
