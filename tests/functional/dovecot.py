"""A Dovecot of our own: its config, mail and certificates in a temporary folder, loopback, free ports, TLS, delivery
by LMTP.  Never the system's service."""
import base64
import contextlib
import grp
import imaplib
import os
import pathlib
import pwd
import shutil
import signal
import smtplib
import socket
import subprocess
import time

import harness

PASSWORD = "mailbox-password-of-tests"
PROGRAM = shutil.which("dovecot") or "/usr/sbin/dovecot"

CONFIG = """\
base_dir = {run}/run
instance_name = test-{port}
log_path = {folder}/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{folder}/cert.pem
ssl_key = <{folder}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login {mechanisms}
default_internal_user = {internal}
default_login_user = {login}
default_internal_group = {internal_group}
first_valid_uid = 0
namespace inbox {{
  inbox = yes
  separator = /
}}
mail_location = maildir:{run}/mail/%u
mail_uid = {uid}
mail_gid = {gid}
imap_capability = {capability}
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={run}/home/%u allow_all_users=yes
}}
service imap-login {{
  chroot =
  process_min_avail = 1
  service_count = 0
  client_limit = 1000
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
service anvil {{
  chroot =
}}
service imap {{
  process_limit = 400
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
mail_max_userip_connections = 1000
"""


class Dovecot:
    def __init__(self, folder, capability="", mechanisms=""):
        self.folder = pathlib.Path(folder)
        self.run = pathlib.Path(f"/tmp/hg-dovecot-{os.getpid()}-{harness.free_port()}")	# sockets need a short name
        # Root may own no mail there, and its folders are closed to others: then nobody keeps it.
        self.user = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        for part in (self.run, self.run / "mail", self.run / "home"):
            part.mkdir(mode=0o755)
            os.chown(part, self.user.pw_uid, self.user.pw_gid)
        self.port, self.tls_port, self.lmtp_port = (harness.free_port() for _ in range(3))
        self.ca_file = self.folder / "cert.pem"
        self.capability, self.mechanisms = capability, mechanisms
        self.process = None
        self.certify()

    def certify(self):
        if not self.ca_file.exists():
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                            "-keyout", str(self.folder / "key.pem"), "-out", str(self.ca_file), "-days", "2", "-subj",
                            "/CN=mail.example", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"],
                           check=True, capture_output=True)

    def start(self):
        root = os.getuid() == 0
        names = dict(internal="dovecot" if root else self.user.pw_name, login="dovenull" if root else self.user.pw_name,
                     internal_group="dovecot" if root else grp.getgrgid(self.user.pw_gid).gr_name)
        (self.folder / "dovecot.conf").write_text(CONFIG.format(
            folder=self.folder, run=self.run, port=self.port, tls_port=self.tls_port, lmtp_port=self.lmtp_port,
            uid=self.user.pw_uid, gid=self.user.pw_gid, password=PASSWORD, capability=self.capability,
            mechanisms=self.mechanisms, **names))
        self.process = subprocess.Popen([PROGRAM, "-F", "-c", str(self.folder / "dovecot.conf")],
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        for port in (self.port, self.lmtp_port):
            harness.wait_until(lambda: self.answers(port), "Dovecot: " + self.log()[-2000:])
        return self

    @staticmethod
    def answers(port):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as probe:
            return probe.recv(1)
        return None

    def log(self):
        path = self.folder / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def stop(self):
        """Ends it and everything it started: its session holds nobody else."""
        if self.process:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGTERM)
            try:
                self.process.wait(harness.PATIENCE)
            except subprocess.TimeoutExpired:
                os.killpg(self.process.pid, signal.SIGKILL)
                self.process.wait()
            self.process = None

    def restart(self):
        self.stop()
        self.start()

    def close(self):
        self.stop()
        shutil.rmtree(self.run, ignore_errors=True)

    # ---- what others do with the mailbox ----
    def deliver(self, user, mails, sender="ana@example.com"):
        """mails: bytes of each; all have arrived when this returns."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port, timeout=harness.PATIENCE) as lmtp:
            for mail in mails if isinstance(mails, list) else [mails]:
                refused = lmtp.sendmail(sender, [user], mail)
                assert not refused, refused

    @contextlib.contextmanager
    def mailbox(self, user, folder="INBOX"):
        with imaplib.IMAP4("127.0.0.1", self.port, timeout=harness.PATIENCE) as imap:
            imap.login(user, PASSWORD)
            if folder:
                imap.select(folder)
            yield imap

    def flags(self, user, folder="INBOX"):
        """UID -> flags, of all that lies there."""
        with self.mailbox(user, folder) as imap:
            found = {}
            for line in imap.uid("FETCH", "1:*", "(FLAGS)")[1]:
                if line and b"UID " in line:	# others come unasked, when another session changes something
                    text = line.decode()
                    uid = int(text.split("UID ")[1].split(" ")[0].rstrip(")"))
                    found[uid] = set(text.split("FLAGS (")[1].split(")")[0].split())
            return found

    def channel(self, address, more="", imap="", tls="implicit"):
        """The lines of a channel that reads this mailbox; its user is the address."""
        port = self.tls_port if tls == "implicit" else self.port
        return (f"    adapter: email\n    address: {address}\n    password: env:TEST_MAIL_PASSWORD\n"
                f"    token_secret: env:TEST_MAIL_TOKENS\n    ca_file: {self.ca_file}\n"
                f"    imap: {{ host: 127.0.0.1, port: {port}, tls: {tls}{', ' + imap if imap else ''} }}\n{more}")


ENV = dict(TEST_MAIL_PASSWORD=PASSWORD, TEST_MAIL_TOKENS=base64.b64encode(b"tokens of the functional tests!!").decode())


def mail(subject, text="hello", sender="Ana <ana@example.com>", number=None, **headers):
    number = number if number is not None else subject
    lines = {"From": sender, "To": "support@example.org", "Subject": subject, "Message-ID": f"<{number}@example.com>",
             "Date": time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime()), **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in lines.items() if value is not None)
    return (head + "\r\n" + text + "\r\n").encode()
