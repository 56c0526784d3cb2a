"""Debian packages of this checkout, built, and installed in a Debian that has nothing else."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import time
import urllib.request

import pytest

TOP = pathlib.Path(__file__).resolve().parents[2]
PATIENCE = 1200	# it runs beside other stages, at idle priority
SUITE = "bookworm"
CONFIG = """\
config_version: 1
gateway:
  name: Packaged
  listen: 127.0.0.1:{port}
  socket: /run/headgate/headgate.sock
store:
  path: /var/lib/headgate/headgate.db
channels:
  wa-main:
    adapter: whatsapp
    phone_number_id: "109876543210"
    token: credential:token
    app_secret: credential:secret
    verify_token: credential:verify
backends:
  desk:
    url: https://desk.example.com/hook
    secrets: [ credential:webhook ]
"""


def run(*args, check=True, **more):
    done = subprocess.run([str(arg) for arg in args], capture_output=True, text=True, timeout=PATIENCE, **more)
    assert not check or done.returncode == 0, f"{args}: {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done


@pytest.fixture(scope="module")
def packages(tmp_path_factory):
    """HEADGATE_DEBS: a folder with those that were built before."""
    built = os.environ.get("HEADGATE_DEBS")
    out = pathlib.Path(built or tmp_path_factory.mktemp("debs"))
    if not built:
        run(TOP / "contrib" / "debian" / "build", out)
    yield {file.name.split("_")[0]: file for file in out.glob("*.deb")}
    if not built:
        shutil.rmtree(out)


@pytest.fixture(scope="module")
def root(tmp_path_factory, packages):
    """A Debian with apt and nothing more, and our packages in it as an admin installs them."""
    place = tmp_path_factory.mktemp("clean") / "root"
    made = run("mmdebstrap", "--variant=apt", "--format=directory", "--dpkgopt=force-unsafe-io", SUITE, place, check=bool(os.environ.get("HEADGATE_FULL")))
    if made.returncode:
        pytest.skip(f"NOT INSTALLED ANYWHERE: no clean Debian could be made (is its mirror out of reach?): {made.stderr[-300:]}")
    (place / "usr" / "sbin" / "policy-rc.d").write_text("#!/bin/sh\nexit 101\n")
    (place / "usr" / "sbin" / "policy-rc.d").chmod(0o755)
    for file in ("resolv.conf", "hosts"):
        shutil.copy(f"/etc/{file}", place / "etc" / file)
    (place / "debs").mkdir()
    for name in ("headgate", "headgate-dev", "headgate-doc"):
        shutil.copy(packages[name], place / "debs")
    inside(place, "apt-get", "-q", "update")
    inside(place, "apt-get", "-q", "-y", "--no-install-recommends", "install",
           *(f"/debs/{packages[name].name}" for name in ("headgate", "headgate-dev", "headgate-doc")))
    yield place
    shutil.rmtree(place)


def shell(root):
    """Mounts of its own, that end with it; the machine's network, for apt and for us."""
    return ("unshare", "--mount", "--pid", "--fork", "--kill-child=TERM", "sh", "-c",
            'root=$1; shift; mount --make-rprivate / && mount -t proc proc "$root/proc" && mount --bind /dev "$root/dev" && '
            'exec chroot "$root" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 '
            'DEBIAN_FRONTEND=noninteractive "$@"', "sh", str(root))


def inside(root, *args, check=True):
    return run(*shell(root), *args, check=check)


AS_UNIT = ("setpriv", "--reuid=headgate", "--regid=headgate", "--init-groups", "env", "CREDENTIALS_DIRECTORY=/run/credentials/headgate")


def owner(root, path):
    return inside(root, "stat", "-c", "%U:%G %a", path).stdout.strip()


def free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


@contextlib.contextmanager
def daemon(root, port):
    """As the unit starts it: by its user, with the directories and credentials that systemd hands over."""
    inside(root, "install", "-d", "-o", "headgate", "-g", "headgate", "-m", "700", "/var/lib/headgate")
    inside(root, "install", "-d", "-o", "headgate", "-g", "headgate", "-m", "750", "/run/headgate")
    with open(root.parent / "log", "w", encoding="utf-8") as log:
        process = subprocess.Popen([*shell(root), *AS_UNIT, "headgated", "--config", "/etc/headgate/headgate.yaml"], stdout=log, stderr=log)
    try:
        end = time.monotonic() + PATIENCE
        while True:
            assert process.poll() is None and time.monotonic() < end, (root.parent / "log").read_text()
            with contextlib.suppress(OSError):
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                    assert answer.status == 200
                    break
            time.sleep(0.05)
        yield
    finally:
        # unshare itself heeds no SIGTERM while it waits for its child, which became the daemon.
        for child in pathlib.Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGTERM)
        assert process.wait(PATIENCE) == 0, (root.parent / "log").read_text()


def test_each_package_has_what_it_is_named_for(packages):
    names = {name: run("dpkg", "-c", packages[name]).stdout for name in ("headgate", "headgate-dev", "headgate-doc")}
    for name, wanted in (("headgate", ("/usr/sbin/headgated", "/usr/bin/headgatectl", "/headgate/adapters/whatsapp.so", "/usr/libexec/headgate/headgate-mail",
                                       "/usr/share/man/man8/headgated.8.gz", "/sysusers.d/headgate.conf", "/headgate.service")),
                         ("headgate-dev", ("/usr/include/headgate/adapter.h", "/headgate.pc", "/examples/fake/fake.c")),
                         ("headgate-doc", ("/operating.md", "/events/message.received.json", "/helpdesks/"))):
        for path in wanted:
            assert path in names[name], (name, path)
    assert "/usr/include" not in names["headgate"] and "fake.c" not in names["headgate-doc"]


def test_the_configuration_is_for_its_group_and_credentials_are_roots(root):
    assert owner(root, "/etc/headgate") == "root:headgate 750"
    assert owner(root, "/etc/headgate/credentials") == "root:root 700"
    assert inside(root, "getent", "passwd", "headgate").stdout.strip().endswith(":/var/lib/headgate:/usr/sbin/nologin")


def test_it_runs_as_installed_and_its_tool_finds_it(root):
    port = free_port()
    secrets = root / "run" / "credentials" / "headgate"		# where systemd puts what LoadCredential= names
    secrets.mkdir(parents=True, mode=0o700)
    for name, text in (("token", "EAAtoken"), ("secret", "0123456789abcdef0123456789abcdef"), ("verify", "verify-me-please"),
                       ("webhook", "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")):
        (secrets / name).write_text(text)
    (root / "etc" / "headgate" / "headgate.yaml").write_text(CONFIG.format(port=port))
    inside(root, "chown", "-R", "headgate", "/run/credentials/headgate")
    done = inside(root, *AS_UNIT, "headgatectl", "check")
    assert "1 channel" in done.stdout and "0 errors" in done.stdout, done.stdout
    with daemon(root, port):
        status = json.loads(inside(root, "headgatectl", "status", "--json", check=False).stdout)
        assert status["channels"][0]["name"] == "wa-main" and status["channels"][0]["adapter"] == "whatsapp"
        assert owner(root, "/var/lib/headgate/headgate.db") == "headgate:headgate 600"


def test_an_adapter_is_built_with_headgate_dev_alone(root, tmp_path):
    example = root / "usr" / "share" / "doc" / "headgate" / "examples" / "fake"
    flags = run("pkg-config", "--cflags", "headgate", env=dict(
        os.environ, PKG_CONFIG_LIBDIR=str(next(root.glob("usr/lib/*/pkgconfig"))), PKG_CONFIG_SYSROOT_DIR=str(root))).stdout.split()
    assert any(flag.startswith(f"-I{root}") for flag in flags) or (root / "usr/include/headgate/adapter.h").exists()
    json_c = run("pkg-config", "--cflags", "--libs", "json-c", "libcrypto").stdout.split()
    run("gcc", "-std=gnu17", "-fPIC", "-shared", f"-I{root}/usr/include", *flags, example / "fake.c", example / "fake_wire.c", *json_c,
        "-o", tmp_path / "fake.so")
    adapters = next(root.glob("usr/lib/*/headgate/adapters"))
    shutil.copy(tmp_path / "fake.so", adapters / "fake.so")
    (adapters / "fake.so").chmod(0o644)
    assert "fake" in inside(root, "headgatectl", "adapters", "fake").stdout
    (adapters / "fake.so").unlink()


def test_removed_it_leaves_what_is_the_admins_and_purged_no_program(root):
    inside(root, "apt-get", "-q", "-y", "remove", "headgate", "headgate-dev", "headgate-doc")
    assert not (root / "usr/sbin/headgated").exists() and not (root / "usr/include/headgate").exists()
    assert (root / "etc/headgate/headgate.yaml").exists() and (root / "etc/headgate/rules/noise.yaml").exists()
    inside(root, "apt-get", "-q", "-y", "purge", "headgate")
    assert not (root / "etc/headgate/rules/noise.yaml").exists()
    assert (root / "etc/headgate/headgate.yaml").exists() and (root / "var/lib/headgate").exists()
