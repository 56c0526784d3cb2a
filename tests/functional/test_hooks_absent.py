"""What users are given has no fail points: make installcheck looks for them; here is that it would find them."""
import subprocess
import sys

import harness

sys.path.insert(0, str(harness.TOP / "tests"))
import hooks		# noqa: E402


def test_the_search_finds_every_hook_in_a_build_that_has_them():
    done = subprocess.run([sys.executable, harness.TOP / "tests" / "hooks.py", "present", harness.BUILD / "headgated"],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert len(hooks.points()) > 50


def test_no_point_is_in_the_table_twice_or_nowhere_in_the_code():
    names = [name for name, _, _ in hooks.points()]
    assert len(names) == len(set(names))
    table = hooks.TABLE.read_text()
    rows = {line.split("(")[1].split(",")[0] for line in table.splitlines() if line.startswith("\tX(")}
    code = "".join(path.read_text() for path in (harness.TOP / "src").rglob("*.c"))
    unused = {row for row in rows if f"HG_FAILPOINT({row})" not in code and f"HG_FP_{row}" not in code}
    assert not unused
