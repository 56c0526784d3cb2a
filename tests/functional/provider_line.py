"""A gateway in front of one fake provider, or of several channels of it."""
import contextlib
import json
import os
import subprocess

import harness
from conftest import AT_ONCE, config_text, finish


def config_of(channels, helpdesk_url):
    """The whole configuration; channels: (name, provider)."""
    text = config_text("http://127.0.0.1:9", helpdesk_url, rules=AT_ONCE)
    head, rest = text.split("  wa-main:\n", 1)
    for name, provider in channels:
        lines = "".join(f"    {line}\n" for line in provider.lines().splitlines())
        head += f"  {name}:\n    adapter: {provider.name}\n{lines}"
    return f"{head}rules:\n{rest.split('rules:', 1)[1]}"


@contextlib.contextmanager
def running(folder, helpdesk, *providers, begin=True, **named):
    """The gateway, with the providers as channels "line" (one), or by their names here; ended and looked over."""
    channels = [("line", provider) for provider in providers] + list(named.items())
    env = {name: value for _, provider in channels for name, value in provider.env.items()}
    gateway = harness.Gateway(folder, config_of(channels, helpdesk.url), env)
    for name, provider in channels:
        provider.target(gateway, name)
    if begin:
        gateway.start()
    try:
        yield gateway
        problems = finish(gateway)
        assert not problems, "\n".join(problems)
    finally:
        gateway.stop()
        for _, provider in channels:
            provider.close()


def node(folder, script, asked):
    """What a script makes of `asked`, with the libraries of package.json: it reads JSON and writes JSON."""
    path = folder / "asked.js"
    path.write_text('const asked = JSON.parse(require("fs").readFileSync(0, "utf8"));\n' + script)
    modules = os.environ.get("NODE_PATH") or str(harness.BUILD / "node" / "node_modules")
    run = subprocess.run(["node", str(path)], input=json.dumps(asked), capture_output=True, text=True, timeout=60,
                         env=dict(os.environ, NODE_PATH=modules))
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def said(gateway, count):
    """The messages of the only customer, once there are so many."""
    def found():
        messages = [m for t in gateway.threads(limit=500) for m in gateway.messages(t["id"]) if m["direction"] == "inbound"]
        return messages if len(messages) >= count else None
    return harness.wait_until(found, f"{count} messages")


def texts(gateway):
    """What customers said, by thread."""
    return sorted(m["text"] for thread in gateway.threads(limit=500) for m in gateway.messages(thread["id"])
                  if m["direction"] == "inbound")


def check_example(name, **env):
    """etc/NAME as it is shipped must be right."""
    env = dict(os.environ, HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), DESK_TOKEN="d" * 40, **env)
    done = subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(harness.TOP / "etc" / name)], capture_output=True,
                          text=True, timeout=60, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
