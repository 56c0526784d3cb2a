"""The fixtures of the functional tests; what is under test here is what they take for granted."""
import importlib.util
import os
import pathlib
import sys
import tempfile

import pytest

FUNCTIONAL = pathlib.Path(__file__).resolve().parents[1] / "functional"
sys.path.insert(0, str(FUNCTIONAL))


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


functional = load("functional_conftest", FUNCTIONAL / "conftest.py")
# All of it: whichever of the two a test of either folder means by "conftest", it finds what it wants.
globals().update({name: value for name, value in vars(functional).items() if not name.startswith("_")})


@pytest.fixture
def ram():
    """A folder in memory where there is one.  SIGKILL takes nothing from the kernel's cache, so a disk would only make
    it slower; what a disk does to us is test_store.py's and the power cuts' matter."""
    with tempfile.TemporaryDirectory(prefix="kills-", dir="/dev/shm" if os.access("/dev/shm", os.W_OK) else None) as folder:
        yield pathlib.Path(folder)
