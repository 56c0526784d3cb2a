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
graph, helpdesk, start, gateway = (getattr(functional, name) for name in ("graph", "helpdesk", "start", "gateway"))
pytest_runtest_makereport = functional.pytest_runtest_makereport
