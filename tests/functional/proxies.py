"""HAProxy, nginx and Caddy as contrib/ configures them, on loopback, and what they believe they have forwarded.

A test's own lines are put into the sample: an id for each request that goes on, which headgate (or http_witness) sees in
X-Proxy-Id and the proxy's log names, and which comes back as X-Proxy-Answer beside the X-Seen of the answer."""
import json
import re
import socket
import subprocess

import harness

CONTRIB = harness.TOP / "contrib"


def replaced(text, *pairs):
    for old, new in pairs:
        assert old in text, f"the sample has no line {old!r} any more"
        text = text.replace(old, new)
    return text


class Proxy:
    """Runs until stop(); then belief() has a dict for each request that it says it handled."""

    """tls: as the sample has it, with a certificate of its own; otherwise the same without TLS, and h2: HTTP/2 alone."""

    def __init__(self, folder, upstream, strict=True, tls=False, h2=False):
        self.folder = folder / f"{self.name}-{'strict' if strict else 'lax'}"
        self.folder.mkdir()
        self.port, self.strict, self.tls, self.h2 = harness.free_port(), strict, tls, h2
        if tls:
            subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj",
                            "/CN=chat.acme.example", "-keyout", self.folder / "key", "-out", self.folder / "cert"], check=True, capture_output=True)
            (self.folder / "both").write_text((self.folder / "cert").read_text() + (self.folder / "key").read_text())
        self.config = self.folder / "config"
        self.config.write_text(self.configured(upstream))
        self.log = open(self.folder / "log", "wb")
        self.process = subprocess.Popen(self.command(), stdout=self.log, stderr=self.log, cwd=self.folder)
        harness.wait_until(self.answers, f"{self.name}: {self.said()}")

    def answers(self):
        assert self.process.poll() is None, self.said()
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return None

    def said(self):
        return (self.folder / "log").read_text(errors="replace")[-3000:]

    def stop(self):
        if self.process.poll() is None:
            self.process.terminate()
            self.process.wait(harness.PATIENCE)
        self.log.close()


class Nginx(Proxy):
    name = "nginx"
    LAX = [("proxy_request_buffering on;", "proxy_request_buffering off;"), ("proxy_set_header Host $host;", "proxy_set_header Host $http_host;"),
           ("X-Forwarded-For $remote_addr;", "X-Forwarded-For $proxy_add_x_forwarded_for;"),
           ("client_header_timeout 10s;", "client_header_timeout 10s; ignore_invalid_headers off; underscores_in_headers on; merge_slashes off;")]

    def configured(self, upstream):
        sample = (CONTRIB / "nginx" / "headgate.conf").read_text()
        if self.tls:
            sample = replaced(sample, ("/etc/ssl/chat.acme.example.pem", str(self.folder / "cert")),
                              ("/etc/ssl/private/chat.acme.example.key", str(self.folder / "key")))
        else:
            sample = re.sub(r"(?m)^\tssl_.*\n", "", sample)
        sample = replaced(
            sample, ("listen 443 ssl http2;", f"listen 127.0.0.1:{self.port}{' ssl http2' if self.tls else ' http2' if self.h2 else ''};"), ("\tlisten [::]:443 ssl http2;\n", ""),
            ("server 127.0.0.1:8420;", f"server 127.0.0.1:{upstream};"),
            ("proxy_http_version 1.1;", "proxy_http_version 1.1;\n\t\tproxy_set_header X-Proxy-Id $request_id;"
             "\n\t\tproxy_set_header X-Proxy-Length $content_length;\n\t\tadd_header X-Proxy-Answer $request_id always;"))
        if not self.strict:
            sample = replaced(sample, *self.LAX)
        temporary = "".join(f"{kind}_temp_path {self.folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
        return (f"daemon off; master_process off; worker_processes 1; pid {self.folder}/pid; error_log {self.folder}/errors warn;\n"
                f"events {{ worker_connections 1024; }}\nhttp {{\n{temporary}\n"
                """log_format belief escape=json '{"id":"$request_id","method":"$request_method","target":"$request_uri",'\n"""
                """'"upstream":"$upstream_addr","status":"$upstream_status"}';\n"""
                f"access_log {self.folder}/belief belief;\n{sample}\n}}\n")

    def command(self):
        return ["nginx", "-p", str(self.folder), "-e", str(self.folder / "errors"), "-c", str(self.config)]

    def belief(self):
        lines = (self.folder / "belief").read_text(errors="replace").split("\n")
        return [dict(entry, forwarded=entry["upstream"] not in ("", "-")) for entry in map(json.loads, filter(None, lines))]


class Haproxy(Proxy):
    name = "haproxy"
    LENGTH = "\thttp-request set-header X-Proxy-Length %[req.body_len]\n"
    LAX = [("\toption http-buffer-request", "\toption accept-invalid-http-request #"), ("http-reuse safe", "http-reuse always"), (LENGTH, ""),
           ("\thttp-request del-header X-Forwarded-For", "\t#")]

    def configured(self, upstream):
        sample = (CONTRIB / "haproxy" / "headgate.cfg").read_text()
        sample = replaced(
            sample, ("log /dev/log local0", "log stdout len 8192 format raw local0\n\tnbthread 1\n\ttune.http.logurilen 4096"), ("\tuser haproxy\n\tgroup haproxy\n", ""),
            ("bind :::443 v4v6 ssl crt /etc/ssl/private/chat.acme.example.pem alpn h2,http/1.1",
             f"bind 127.0.0.1:{self.port}" + (f" ssl crt {self.folder}/both alpn h2,http/1.1" if self.tls else " proto h2" if self.h2 else "")),
            ("server headgate 127.0.0.1:8420", f"server headgate 127.0.0.1:{upstream}"), ("\toption httplog\n", ""),
            ("\tdefault_backend headgate\n", "\tdefault_backend headgate\n\tunique-id-format %ci:%cp:%Ts.%ms:%rt\n"
             "\thttp-request set-header X-Proxy-Id %[unique-id]\n" + self.LENGTH +
             "\thttp-response set-header X-Proxy-Answer %[unique-id]\n"
             '\tlog-format "belief %ID %s %ST %ts %HM %HU"\n'))
        if not self.strict:
            sample = replaced(sample, *self.LAX)
        return sample

    def command(self):
        return ["haproxy", "-db", "-f", str(self.config)]

    def belief(self):
        found = []
        for line in (self.folder / "log").read_text(errors="replace").split("\n"):
            if line.startswith("belief "):
                _, id, server, status, end, method, target = line.split(" ", 6)
                method, target = (re.sub("#([0-9A-F]{2})", lambda m: chr(int(m[1], 16)), text) for text in (method, target))
                found.append(dict(id=id, method=method, target=target, status=status, end=end, forwarded=server != "<NOSRV>"))
        return found


class Caddy(Proxy):
    """Of it nobody asks what it believes."""
    name = "caddy"

    def configured(self, upstream):
        assert self.strict and self.tls, "the sample is the only way it runs"
        sample = (CONTRIB / "caddy" / "Caddyfile").read_text()
        return replaced(
            sample, ("\n{\n\tservers {", "\n{\n\tadmin off\n\tauto_https disable_redirects\n\tservers {"),
            ("\nchat.acme.example {\n", f"\nhttps://chat.acme.example:{self.port} {{\n\tbind 127.0.0.1\n\ttls {self.folder}/cert {self.folder}/key\n"),
            ("reverse_proxy 127.0.0.1:8420 {", f"reverse_proxy 127.0.0.1:{upstream} {{"))

    def command(self):
        return ["env", f"HOME={self.folder}", "GOMAXPROCS=2", "caddy", "run", "--adapter", "caddyfile", "--config", str(self.config)]


class Witness:
    """http_witness: our server, which tells what it was asked."""

    def __init__(self, folder):
        self.seen_path = folder / "witness"
        with open(folder / "witness.log", "wb") as log:
            self.process = subprocess.Popen([str(harness.BUILD / "tests" / "tools" / "http_witness"), "127.0.0.1"],
                                            stdin=subprocess.PIPE, stdout=open(self.seen_path, "wb"), stderr=log)
        self.log_path = folder / "witness.log"
        harness.wait_until(lambda: self.seen_path.read_bytes().endswith(b"\n"), "the witness")
        self.port = int(self.seen_path.read_text())

    def stop(self):
        """Its end; a sanitizer's report is a failure."""
        self.process.stdin.close()
        assert self.process.wait(harness.PATIENCE) == 0, self.log_path.read_text()[-4000:]

    def seen(self):
        return [json.loads(line) for line in self.seen_path.read_text().split("\n")[1:] if line]
