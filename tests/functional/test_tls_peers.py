"""Whom we believe: certificates that must not be believed, each with a server that would say yes to anything; and
files that others could have written."""
import os
import shutil
import socket
import ssl
import subprocess
import threading

import pytest

import harness
from records import record
from test_daemon import fails_to_start


class Authority:
    """openssl, in a folder; makes keys and certificates."""

    def __init__(self, folder):
        self.folder, self.serial = folder, 1
        self.make("ca", "ca", extensions="basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign", subject="/CN=Test CA")
        self.make("stranger", "stranger", extensions="basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign", subject="/CN=Test CA")

    def run(self, *args):
        subprocess.run(["openssl", *args], check=True, capture_output=True, cwd=self.folder)

    def make(self, name, signer, subject="/CN=localhost", extensions="subjectAltName=DNS:localhost", key=("ec", "ec_paramgen_curve:P-256"),
             days=("-days", "2"), digest="-sha256"):
        kind, option = key
        self.run("genpkey", "-algorithm", kind, "-pkeyopt", option, "-out", f"{name}.key")
        self.run("req", "-new", "-key", f"{name}.key", "-subj", subject, "-out", f"{name}.csr")
        (self.folder / f"{name}.ext").write_text(extensions + "\n")
        self.serial += 1
        by = ["-signkey", f"{name}.key"] if name == signer else ["-CA", f"{signer}.crt", "-CAkey", f"{signer}.key"]
        self.run("x509", "-req", "-in", f"{name}.csr", *by, "-set_serial", str(self.serial), digest, *days, "-extfile", f"{name}.ext",
                 "-out", f"{name}.crt")
        return self.folder / f"{name}.crt", self.folder / f"{name}.key"


    def dated(self, name, since, until):
        """As make(), valid at another time than now."""
        pair = self.make(name, "ca")
        (self.folder / "ca.cnf").write_text(
            "[ca]\ndefault_ca=d\n[d]\ndatabase=index.txt\nnew_certs_dir=.\ncertificate=ca.crt\nprivate_key=ca.key\n"
            "default_md=sha256\npolicy=p\nrand_serial=yes\nunique_subject=no\n[p]\ncommonName=supplied\n")
        (self.folder / "index.txt").write_text("")
        self.run("ca", "-batch", "-config", "ca.cnf", "-startdate", since, "-enddate", until, "-extfile", f"{name}.ext",
                 "-in", f"{name}.csr", "-out", f"{name}.crt", "-notext")
        return pair


class Server:
    """TLS with one certificate; counts requests that were read."""

    def __init__(self, certificate, key, chain=(), most=None):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        whole = certificate.with_suffix(".chain")
        whole.write_bytes(certificate.read_bytes() + b"".join(c.read_bytes() for c in chain))
        self.context.set_ciphers("ALL:@SECLEVEL=0")
        if most:
            self.context.minimum_version, self.context.maximum_version = most, most
        self.context.load_cert_chain(whole, key)
        self.requests, self.listener = 0, socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            try:
                with self.context.wrap_socket(connection, server_side=True) as tls:
                    if tls.recv(4096):
                        self.requests += 1
                        tls.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok")
            except OSError:
                connection.close()

    def close(self):
        self.listener.close()


def call(url, ca):
    done = subprocess.run([str(harness.BUILD / "tests/tools/http_try"), "--private", "--ca", str(ca)], input=url + "\n",
                          capture_output=True, text=True, timeout=harness.PATIENCE)
    return done.stdout.split(" ")[:2]


def test_a_certificate_that_must_not_be_believed_gets_no_request(tmp_path):
    a = Authority(tmp_path)
    leaf = a.make("leaf", "ca", extensions="subjectAltName=DNS:localhost\nbasicConstraints=CA:FALSE")
    bad = {
        "expired": (a.dated("expired", "20200101000000Z", "20200201000000Z"), {}),
        "not yet valid": (a.dated("early", "20400101000000Z", "20400201000000Z"), {}),
        "another name": (a.make("other", "ca", extensions="subjectAltName=DNS:other.example"), {}),
        "a name of more": (a.make("longer", "ca", extensions="subjectAltName=DNS:localhost.example"), {}),
        "the name elsewhere": (a.make("cn", "ca", extensions="subjectAltName=DNS:other.example", subject="/CN=localhost"), {}),
        "an address instead": (a.make("ip", "ca", extensions="subjectAltName=IP:127.0.0.2"), {}),
        "a wildcard too wide": (a.make("wild", "ca", extensions="subjectAltName=DNS:*"), {}),
        "a mail address": (a.make("mail", "ca", subject="/CN=other.example", extensions="subjectAltName=email:root@localhost"), {}),
        "signed by itself": (a.make("self", "self"), {}),
        "an authority of the same name": (a.make("strange", "stranger"), {}),
        "signed by who may not sign": (a.make("below", "leaf"), {"chain": [leaf[0]]}),
        "for clients only": (a.make("client", "ca", extensions="subjectAltName=DNS:localhost\nextendedKeyUsage=clientAuth"), {}),
        "a short key": (a.make("short", "ca", key=("rsa", "rsa_keygen_bits:1024")), {}),
        "SHA-1": (a.make("sha1", "ca", digest="-sha1"), {}),
        "TLS 1.1": (leaf, {"most": ssl.TLSVersion.TLSv1_1}),
        "TLS 1.0": (leaf, {"most": ssl.TLSVersion.TLSv1}),
    }
    good = Server(*leaf)
    try:
        assert call(f"https://localhost:{good.port}/", tmp_path / "ca.crt") == ["0", "200"]
        assert good.requests == 1
        assert call(f"https://127.0.0.1:{good.port}/", tmp_path / "ca.crt")[0] == "5"	# a name is no address
    finally:
        good.close()
    assert len(bad) >= 12
    for what, (pair, how) in bad.items():
        server = Server(*pair, **how)
        try:
            assert call(f"https://localhost:{server.port}/", tmp_path / "ca.crt") == ["5", "0"], what
            assert server.requests == 0, what
        finally:
            server.close()
    record("tls.peers", len(bad))


# ---- files ----

OWNERS = {"ours": None, "writable by the group": 0o620, "writable by all": 0o602, "of somebody else": "owner"}


def spoil(path, how):
    if how == "owner":
        os.chown(path, 65534, 65534)
    elif how:
        path.chmod(how)


# The file that is named on the command line, and those beside it, are whose they are; only not everybody's.
@pytest.mark.parametrize("what, how", [(what, how) for what in ("include", "secret", "adapter") for how in OWNERS] +
                         [("config", "ours"), ("config", "writable by all")])
def test_a_file_that_others_could_have_written_is_not_believed(start, tmp_path, monkeypatch, what, how):
    if OWNERS[how] == "owner" and os.geteuid() != 0:
        pytest.skip("only root can give a file away")
    secret, part = tmp_path / "token", tmp_path / "rules.yaml"
    secret.write_text(harness.API_TOKEN + "\n")
    part.write_text("rules:\n- name: all\n  when: { kind: [text] }\n  do: { convert: { } }\n")
    adapters = tmp_path / "build/adapters/.libs"	# a build whose adapters may be spoilt
    adapters.mkdir(parents=True)
    (tmp_path / "build/headgated").symlink_to(harness.BUILD / "headgated")
    for path in (harness.BUILD / "adapters/.libs").glob("*.so"):
        shutil.copy(path, adapters / path.name)
    for path in (secret, part):
        path.chmod(0o600)
    gateway = start(begin=False)
    text = gateway.config_path.read_text().replace("token: env:TEST_API_TOKEN", f"token: file:{secret}")
    gateway.write_config(text.replace("config_version: 1\n", f"config_version: 1\ninclude: {part}\n", 1))
    monkeypatch.setattr(harness, "BUILD", tmp_path / "build")
    spoil({"config": gateway.config_path, "include": part, "secret": secret, "adapter": adapters / "whatsapp.so"}[what], OWNERS[how])
    if OWNERS[how] is None:
        gateway.start()
        return
    code, said = fails_to_start(gateway)
    assert code == 78 and any(w in said for w in ("chmod go-w", "chmod o-w", "written by others", "its owner is", "belongs to")), said
    record("perm.files", 1)
