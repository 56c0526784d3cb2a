"""contrib/container/Containerfile, read as a builder would read it, and beside what this tree and this build are.

No image is pulled and none is made: the stages' packages, the paths and the commands are compared with what configure, the linker,
Debian's own package and headgatectl say."""
import json
import pathlib
import re
import shlex
import subprocess

import pytest

import harness

FILE = harness.TOP / "contrib" / "container" / "Containerfile"
BASE = {"libc6", "libgcc-s1"}	# of which every Debian consists
DPKG = pathlib.Path("/var/lib/dpkg/info")
PROGRAMS = ["headgated", "headgatectl", "headgate-mail"]


def stages():
    """[[(instruction, rest of the line)]]: each begins with its FROM."""
    found = []
    for line in re.sub(r"\\\n", " ", re.sub(r"(?m)^#.*\n", "", FILE.read_text())).splitlines():
        if line.strip():
            word, rest = line.split(None, 1)
            if word == "FROM":
                found.append([])
            found[-1].append((word, " ".join(rest.split())))
    return found


def of(stage, instruction):
    return [rest for word, rest in stages()[stage] if word == instruction]


def installed(stage):
    return {package for command in of(stage, "RUN") for words in re.findall(r"apt-get install ([^&]*)", command)
            for package in words.split() if not package.startswith("-")}


@pytest.fixture(scope="module", name="needed")
def needed_fixture():
    """Packages with the libraries that programs and adapters of this build name."""
    files = [harness.BUILD / name for name in PROGRAMS] + sorted((harness.BUILD / "adapters" / ".libs").glob("*.so"))
    said = subprocess.run(["readelf", "-dW", *files], capture_output=True, text=True, check=True).stdout
    names = set(re.findall(r"\(NEEDED\)\s+Shared library: \[([^\]]+)\]", said)) - {"ld-linux-x86-64.so.2"}
    assert len(names) > 10
    found = {}
    for path in DPKG.glob("*.shlibs"):	# "libcurl 4 libcurl4 (>= 7.88)": what dpkg-shlibdeps reads
        for library, version, package in re.findall(r"^(?:deb: )?(\S+) (\S+) (\S+)", path.read_text(), re.M):
            for name in (f"{library}.so.{version}", f"{library}-{version}.so"):
                found.setdefault(name, set()).add(package)
    return {package for name in names for package in found.get(name, {name}) if not found.get(name, set()) & BASE}


def test_the_last_stage_has_the_libraries_that_are_linked_and_what_the_package_names(needed):
    control = (harness.TOP / "contrib" / "debian" / "control").read_text()
    depends = re.search(r"^Package: headgate\n(?:.*\n)*?Depends: (.*)$", control, re.M)[1]
    named = {word for word in re.split(r",\s*", depends) if not word.startswith("$")}
    assert named == {"ca-certificates", "tzdata"}
    assert installed(1) == needed | named


def test_the_first_stage_installs_what_the_build_needs_by_the_list_that_check_uses():
    build = shlex.split(of(0, "RUN")[0])
    assert build == [".", "contrib/packages.sh", "&&", "hg_packages", "$hg_packages_build"]
    assert of(0, "COPY")[0] == "contrib/packages.sh contrib/"
    listed = subprocess.run(["sh", "-c", '. "$0"; for one in $hg_packages_build; do echo "${one#*:}"; done',
                             harness.TOP / "contrib" / "packages.sh"], capture_output=True, text=True, check=True).stdout.split()
    # Each library that configure will not go without has its -dev package there, by the .pc file of its name.
    modules = re.findall(r"^PKG_CHECK_MODULES\(\[\w+\], \[([^\]]+)\]\)$", (harness.TOP / "configure.ac").read_text(), re.M)
    names = {word for text in modules for word in re.sub(r"[<>=]+ *\S+", "", text).split()}
    assert len(names) > 10
    dev = {path.name.removesuffix(".list").split(":")[0] for path in DPKG.glob("*-dev*.list") for name in names if f"/pkgconfig/{name}.pc\n" in path.read_text()}
    assert len(dev) > 8 and not dev - set(listed), dev - set(listed)


def test_everything_that_is_copied_is_there_and_everything_that_the_build_reads_is_copied():
    copied = set()
    for line in of(0, "COPY"):
        *sources, target = line.split()
        for source in sources:
            assert (harness.TOP / source).exists(), source
            assert target in ("./", source + "/", "contrib/"), line
            copied.add(source)
    makefiles = [harness.TOP / "Makefile.am", *harness.TOP.glob("*/Makefile*.inc"), *harness.TOP.glob("*/*/Makefile*.inc")]
    text = "".join(path.read_text() for path in makefiles if "build" not in path.parts)
    read = set(re.findall(r"include \$\(top_srcdir\)/([\w-]+)/", text)) | set(re.findall(r"\$\((?:top_)?srcdir\)/([a-z]+)/", text))
    text = re.sub(r"EXTRA_DIST \+?=(?:.*\\\n)*.*\n", "", text)
    read |= {word.split("/")[0] for word in re.findall(r"^[\t ]+([a-z]+/[\w./-]+\.(?:c|h|md|ya?ml|json|in))\b", text, re.M)}
    read |= {"configure.ac", "Makefile.am", "autogen.sh", "README.md"}
    assert {"src", "doc", "adapters"} < read
    assert not read - copied, read - copied
    assert [line for line in of(1, "COPY")] == ["--from=build /out/ /"]


def test_it_runs_as_nobody_in_particular_and_writes_to_its_store_alone():
    assert of(1, "USER") == ["10001:10001"]
    setup = of(1, "RUN")[0]
    for part in ("--gid 10001 headgate", "--uid 10001", "-o 10001 -g 10001 -m 0700 /var/lib/headgate", "-o 10001 -g 10001 -m 0750 /run/headgate"):
        assert part in setup
    assert of(1, "VOLUME") == ['["/var/lib/headgate"]']
    after = [word for word, _ in stages()[1]]
    assert after.index("USER") > after.index("COPY") and "RUN" not in after[after.index("USER"):]
    sample = (harness.TOP / "etc" / "headgate.yaml").read_text()
    assert re.search(r"^ *#?listen: 127\.0\.0\.1:(\d+)", sample, re.M)[1] == of(1, "EXPOSE")[0]
    assert "/var/lib/headgate/headgate.db" in sample and "/run/headgate/headgate.sock" in sample


def test_its_commands_are_such_as_the_programs_have():
    asks = json.loads(re.search(r"CMD (\[.*\])", of(1, "HEALTHCHECK")[0])[1])
    assert asks == ["headgatectl", "--quiet", "status", "--ready"]
    verbs = json.loads(subprocess.run([harness.BUILD / "headgatectl", "docs", "verbs"], capture_output=True, text=True, check=True).stdout)["verbs"]
    status = next(verb for verb in verbs if verb["verb"] == "status")
    assert "ready" in [option["name"] for option in status["options"]]
    assert json.loads(of(1, "ENTRYPOINT")[0]) == ["headgated"]
    option, config = json.loads(of(1, "CMD")[0])
    assert option == "--config" and config == "/etc/headgate/headgate.yaml"
    configured = of(0, "RUN")[1]
    assert "--prefix=/usr --sysconfdir=/etc --localstatedir=/var" in configured and "install-strip DESTDIR=/out" in configured
    assert all(line == "docker.io/library/debian:12-slim" for line in (of(0, "FROM")[0].split()[0], of(1, "FROM")[0]))
