"""The systemd unit: what the daemon could do if somebody took it over."""
import re
import shutil
import subprocess

import pytest

from harness import BUILD
from records import record

MOST = 1.5	# exposure, of 10: chrony of Debian 12 has 3.7, nginx and Postfix 9.6


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed")
def test_the_unit_exposes_little(tmp_path):
    unit = tmp_path / "headgate.service"
    shutil.copy(BUILD / "contrib" / "headgate.service", unit)
    done = subprocess.run(["systemd-analyze", "security", "--offline=true", "--no-pager", unit],
                          capture_output=True, text=True, timeout=60)
    level = re.search(r"Overall exposure level for \S+: ([0-9.]+)", done.stdout)
    assert level, done.stdout + done.stderr
    assert float(level.group(1)) <= MOST, done.stdout
    record("hardening.unit", 1, exposure=float(level.group(1)))
