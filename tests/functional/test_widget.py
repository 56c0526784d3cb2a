"""The core of the chat widget, without a browser: node runs widget/test against a gateway of its own that is as bad as a
network lets it be.  Browsers have their turn in tests/browser."""
import pathlib
import shutil
import subprocess

import pytest

import harness

WIDGET = pathlib.Path(__file__).resolve().parents[2] / "widget"


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    assert shutil.which("esbuild"), "esbuild is missing: contrib/packages.sh names it"
    out = tmp_path_factory.mktemp("bundles")
    subprocess.run([WIDGET / "build.py", "--tests", out], check=True)
    return out


@pytest.mark.parametrize("name", sorted(path.name.partition(".")[0] for path in (WIDGET / "test").glob("*.test.ts")))
def test_the_core_of_the_widget(bundles, name):
    ran = subprocess.run(["node", "--test", "--test-reporter=tap", bundles / f"{name}.test.mjs"], capture_output=True,
                         text=True, timeout=10 * harness.PATIENCE, check=False)
    assert ran.returncode == 0, "\n".join(line for line in (ran.stdout + ran.stderr).splitlines() if "duration_ms" not in line)
    assert "# fail 0" in ran.stdout and "# pass 0" not in ran.stdout, ran.stdout
