"""doc/adapters.md is right: its commands, run as they stand, build and run an adapter outside of the tree."""
import os
import pathlib
import re
import shutil
import signal
import subprocess

import pytest

import harness

GUIDE = harness.TOP / "doc" / "adapters.md"
NAMES = ["take", "build", "look", "check", "install"]


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """What make install puts down, in a folder instead of the root."""
    root = tmp_path_factory.mktemp("root")
    done = subprocess.run(["make", "-C", str(harness.BUILD), "install", f"DESTDIR={root}"], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-4000:]
    return root


def found(root, name):
    there = list(root.rglob(name))
    assert len(there) == 1, f"{name}: {there}"
    return there[0]


def guide_env(root, folder):
    env = {k: v for k, v in os.environ.items() if not k.startswith("HEADGATE_")}
    env["PATH"] = f"{found(root, 'headgatectl').parent}:{found(root, 'headgated').parent}:{env['PATH']}"
    env["PKG_CONFIG_PATH"] = str(found(root, "headgate.pc").parent)
    # The only difference from an installation in the root.
    env["PKG_CONFIG_SYSROOT_DIR"] = str(root)
    env["HEADGATE_EXAMPLE_DIR"] = str(found(root, "fake_wire.h").parent.parent)
    env["TMPDIR"] = str(folder)
    return env


def blocks():
    return re.findall(r"^```sh\n(.*?)^```", GUIDE.read_text(), re.M | re.S)


def run(script, env, folder):
    """One shell for all of it, as a reader has; what it leaves running is ended with it."""
    said = folder / "said"
    with open(said, "wb") as out:
        shell = subprocess.Popen(["sh", "-eu", "-c", script], cwd=folder, env=env, start_new_session=True,
                                 stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        code = shell.wait(harness.PATIENCE * 2)
    except subprocess.TimeoutExpired:
        pytest.fail("the guide's commands do not end:\n" + said.read_text()[-6000:])
    finally:
        try:
            os.killpg(shell.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return code, said.read_text()


def test_the_commands_of_the_guide_work(installed, tmp_path):
    parts = blocks()
    assert len(parts) == len(NAMES)
    script = "".join(f"echo '== {name}'\n{block}" for name, block in zip(NAMES, parts))
    code, out = run(script, guide_env(installed, tmp_path), tmp_path)
    assert code == 0, out
    said = dict(re.findall(r"^== (\w+)\n(.*?)(?=^== |\Z)", out, re.M | re.S))
    assert "make install" in said["take"]
    assert "warning" not in said["build"], said["build"]
    assert said["look"].startswith("hello 1: ") and "secret" in said["look"]
    assert "0 errors" in said["check"]
    # Posted twice, and there once.
    assert re.search(r"^thr_\w+ +open +try .*Ana", said["check"], re.M), out
    assert said["check"].count("posted: ") == 2 and said["check"].count("is anybody there?") == 1, out
    assert "AddressSanitizer" not in out and "runtime error" not in out
    assert (found(installed, "fake.so").parent / "hello.so").stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_begun_leaves_nothing(tmp_path):
    ctl = [str(harness.BUILD / "headgatectl"), "adapter", "new", "hello"]
    done = subprocess.run(ctl, cwd=tmp_path, env=dict(os.environ, HEADGATE_EXAMPLE_DIR=str(tmp_path)), text=True, capture_output=True)
    assert done.returncode == 4 and "headgate-dev" in done.stderr and not list(tmp_path.iterdir())
    (tmp_path / "hello").mkdir()
    done = subprocess.run(ctl, cwd=tmp_path, env=os.environ, text=True, capture_output=True)
    assert done.returncode == 5 and "choose another name" in done.stderr


def test_a_table_with_a_mistake_is_named_to_its_author(installed, tmp_path):
    parts = dict(zip(NAMES, blocks()))
    mistake = "sed -i 's/\"8..200\"/\"8..never\"/' hello.c\n"
    script = parts["take"] + mistake + parts["build"] + parts["look"]
    code, out = run(script, guide_env(installed, tmp_path), tmp_path)
    assert code == 5, out
    assert "option 2 (secret): its range cannot be read" in out


IN_CPLUSPLUS = """
struct conf { char *word; int64_t number; };
static const struct hg_option options[] = {
	HG_OPTION(struct conf, word, STRING, 0, nullptr, "1..20", "A word."),
	HG_OPTION_AT(struct conf, number, "deep.number", INT, 0, "7", nullptr, "A number."),
	HG_OPTION_END
};
const char *second(const struct hg_host *host, const struct hg_out *out)
{
	return HG_HAS(host, rest) && options[1].offset ? HG_AT(out->files, out->file_size, 1)->name : nullptr;
}
HG_EXPORT extern const struct hg_adapter hg_adapter_v1;
const struct hg_adapter hg_adapter_v1 = { .size = sizeof(struct hg_adapter), .name = "cplusplus", .options = options };
"""


@pytest.mark.skipif(shutil.which("c++") is None, reason="there is no compiler of C++ here")
def test_an_adapter_may_be_written_in_cplusplus(installed):
    done = subprocess.run(["c++", "-x", "c++", "-std=c++20", "-Wall", "-Wextra", "-Wno-missing-field-initializers", "-Werror", "-S", "-o", "-", "-"],
                          input=f'#include "{found(installed, "adapter.h")}"\n{IN_CPLUSPLUS}', text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    assert done.returncode == 0, done.stderr
    # The table keeps its name, by which it is found.
    assert re.search(r"^hg_adapter_v1:", done.stdout, re.M)


def test_the_header_compiles_alone_in_c_and_cplusplus(installed, tmp_path):
    header = found(installed, "adapter.h")
    for compiler, language, flags in (("cc", "c", ["-std=c11", "-Wpedantic"]), ("c++", "c++", ["-std=c++17"])):
        if subprocess.run(["sh", "-c", f"command -v {compiler}"], stdout=subprocess.DEVNULL).returncode:
            continue
        done = subprocess.run([compiler, "-x", language, *flags, "-Wall", "-Wextra", "-Werror", "-fsyntax-only", "-"],
                              input=f'#include "{header}"\n', text=True, stderr=subprocess.PIPE)
        assert done.returncode == 0, done.stderr
