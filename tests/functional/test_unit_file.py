"""The systemd unit: what the daemon could do if somebody took it over."""
import os
import re
import shutil
import stat
import subprocess

import pytest

from harness import BUILD, TOP
from records import record

MOST = 1.5	# exposure, of 10: chrony of Debian 12 has 3.7, nginx and Postfix 9.6


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_exposes_little(tmp_path):
    unit = tmp_path / "headgate.service"
    shutil.copy(BUILD / "contrib" / "systemd" / "headgate.service", unit)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                          capture_output=True, text=True, timeout=60)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level.group(1)) <= MOST, done.stdout
    record("hardening.unit", 1, exposure=float(level.group(1)))


systemd = pytest.mark.skipif(not shutil.which("systemd-sysusers"), reason="systemd is not installed")


@systemd
def test_its_user_is_made_once_and_owns_the_state_it_is_told_of(tmp_path):
    (tmp_path / "etc").mkdir()
    for _ in range(2):		# an upgrade does it again
        subprocess.run(["systemd-sysusers", f"--root={tmp_path}", "-"], check=True, capture_output=True, timeout=60,
                       input=(BUILD / "contrib" / "systemd" / "sysusers" / "headgate.conf").read_bytes())
    users = [line.split(":") for line in (tmp_path / "etc" / "passwd").read_text().splitlines()]
    found = [user for user in users if user[0] == "headgate"]
    assert len(found) == 1 and found[0][5].endswith("/lib/headgate") and found[0][6].endswith("/nologin"), users
    assert [line for line in (tmp_path / "etc" / "group").read_text().splitlines() if line.startswith("headgate:")]
    unit = (BUILD / "contrib" / "systemd" / "headgate.service").read_text()
    assert "\nUser=headgate\n" in unit and "\nGroup=headgate\n" in unit


@systemd
def test_nobody_but_its_group_can_read_the_configuration_and_only_root_the_credentials(tmp_path):
    shutil.copytree(BUILD / "contrib" / "systemd" / "tmpfiles", tmp_path / "in")
    conf = tmp_path / "in" / "headgate.conf"
    conf.write_text(conf.read_text().replace(" root headgate ", f" {os.getuid()} {os.getgid()} ").replace(" root root ", f" {os.getuid()} {os.getgid()} "))
    root = tmp_path / "root"
    root.mkdir()
    subprocess.run(["systemd-tmpfiles", f"--root={root}", "--create", conf], check=True, capture_output=True, timeout=60)
    etc = next(root.rglob("headgate"))
    assert (stat.S_IMODE(etc.stat().st_mode), stat.S_IMODE((etc / "credentials").stat().st_mode)) == (0o750, 0o700)


@pytest.mark.skipif(not shutil.which("reuse"), reason="reuse is not installed")
def test_every_file_says_who_may_use_it():
    done = subprocess.run(["reuse", "--root", TOP, "lint"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout[-2000:]
