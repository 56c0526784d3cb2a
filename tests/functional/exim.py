"""An Exim of our own: its config, spool and mail in a temporary folder, loopback, free ports, TLS, logins.  Never the
system's service."""
import grp
import os
import pathlib
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile

import harness

PROGRAM = shutil.which("exim4") or shutil.which("exim") or "/usr/sbin/exim4"
PASSWORD = "relay-password-of-tests"

CONFIG = """\
primary_hostname = mx.test.example
spool_directory = {run}/spool
log_file_path = {run}/log/%slog
pid_file_path = {run}/exim.pid
daemon_smtp_ports = {port} : {tls_port}
tls_on_connect_ports = {tls_port}
local_interfaces = 127.0.0.1
exim_user = {user}
exim_group = {group}
never_users =
deliver_drop_privilege = true
keep_environment =
tls_advertise_hosts = *
tls_certificate = {run}/cert.pem
tls_privatekey = {run}/key.pem
auth_advertise_hosts = ${{if eq{{$tls_in_cipher}}{{}}{{}}{{*}}}}
dsn_advertise_hosts = *
host_lookup =
rfc1413_query_timeout = 0s
smtp_enforce_sync = true
message_size_limit = 5M
acl_smtp_rcpt = rcpt
acl_smtp_data = accept
begin acl
rcpt:
  deny    local_parts = nobody
          message = 5.1.1 there is no such mailbox
  defer   local_parts = later
          message = 4.2.0 come again
  accept  authenticated = *
  deny    message = 5.7.1 relay not permitted
begin routers
refused_later:
  driver = redirect
  local_parts = bounced
  allow_fail
  data = :fail: this mailbox is no more
all:
  driver = accept
  transport = file
begin transports
file:
  driver = appendfile
  directory = {run}/mail
  create_directory = true
  return_path_add
  envelope_to_add
  user = {user}
  group = {group}
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and{{{{eq{{$auth2}}{{support}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${{if and{{{{eq{{$auth1}}{{support}}}}{{eq{{$auth2}}{{{password}}}}}}}}}
  server_set_id = $auth1
"""


class Exim:
    def __init__(self, certificate, key):
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="headgate-exim-"))
        root = os.geteuid() == 0
        user = pwd.getpwnam("Debian-exim") if root else pwd.getpwuid(os.geteuid())
        self.port, self.tls_port = harness.free_port(), harness.free_port()
        for name, source in (("cert.pem", certificate), ("key.pem", key)):
            (self.run / name).write_bytes(pathlib.Path(source).read_bytes())
        for name in ("spool", "log", "mail"):
            (self.run / name).mkdir()
        config = self.run / "exim.conf"
        config.write_text(CONFIG.format(run=self.run, port=self.port, tls_port=self.tls_port, user=user.pw_name,
                                        group=grp.getgrgid(user.pw_gid).gr_name, password=PASSWORD))
        config.chmod(0o644)
        if root:
            for path in [self.run, *self.run.iterdir()]:
                if path != config:
                    os.chown(path, user.pw_uid, user.pw_gid)
        self.process = subprocess.Popen([PROGRAM, "-bdf", "-C", str(config)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                        cwd=self.run, start_new_session=True)
        harness.wait_until(self.answers, "Exim")

    def answers(self):
        assert self.process.poll() is None, self.process.stdout.read().decode()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=5) as line:
                return line.recv(3) == b"220"
        except OSError:
            return False

    def names(self):
        """Of the mails that were delivered; a file that is being written begins with another letter."""
        return {path.name for path in (self.run / "mail").iterdir() if path.name.startswith("q")}

    def wait_new(self, known, n):
        """The mails, whole, that came after known (see names()): n of them."""
        new = harness.wait_until(lambda: (lambda names: names if len(names) >= n else None)(self.names() - known), f"{n} mails: {self.log()}")
        return [(self.run / "mail" / name).read_bytes() for name in sorted(new)]

    def log(self):
        return "".join(path.read_text(errors="replace") for path in sorted((self.run / "log").iterdir()))

    def close(self):
        os.killpg(self.process.pid, signal.SIGTERM)	# its own session: the daemon and what it started
        self.process.wait(harness.PATIENCE)
        self.process.stdout.close()
        shutil.rmtree(self.run, ignore_errors=True)
