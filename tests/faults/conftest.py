"""The fixtures of the functional tests; what is under test here is what they take for granted."""
import importlib.util
import pathlib
import sys

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
