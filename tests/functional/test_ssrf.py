"""URLs that strangers choose reach nothing of ours: spelled in any way, by a redirect, by a name that resolves to
another address each time, with proxies in the environment.

Each test makes a network namespace of its own (ssrf_box.py) in which all the forbidden addresses exist and answer, so
that what gets through is seen as a connection, and runs the second half of this file in there."""
import datetime
import ipaddress
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.parse

import pytest

import fake_graph
import fake_helpdesk
import fake_hook
import harness
import ssrf_box
from conftest import APP_SECRET, AT_ONCE, ENV, GRAPH_TOKEN, NOISE, PHONE_NUMBER_ID, config_text
from records import record

FULL = bool(os.environ.get("HEADGATE_FULL"))
PROXIES = {name: "http://127.0.0.1:3128" for low in ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
           for name in (low, low.upper())}

# ---- how one address can be written ----

LOOPBACK = [
    "127.0.0.1", "127.1", "127.0.1", "0177.0.0.1", "0x7f.1", "0x7f000001", "0x7F.0x0.0x0.0x1", "2130706433",
    "017700000001", "127.0.0.1.", "0000177.0.0.1", "127.255.255.254", "127.0.0.1%2e", "%31%32%37.0.0.1", "127%2e0%2e0%2e1",
    "①②⑦.⓪.⓪.①", "127。0。0。1", "１２７.0.0.1", "0x7f.0.0.01", "localhost", "localhost.", "LOCALHOST", "lOcAlHoSt",
    "%6c%6f%63%61%6c%68%6f%73%74", "ip6-localhost", "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ", "host-a127_0_0_1.test", "4294967297",
    "[::1]", "[0:0:0:0:0:0:0:1]", "[0000:0000:0000:0000:0000:0000:0000:0001]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
    "[::FFFF:127.0.0.1]", "[0:0:0:0:0:ffff:127.0.0.1]", "[::127.0.0.1]", "[::7f00:1]", "[64:ff9b::127.0.0.1]", "[::1%25lo]",
    "[64:ff9b:1::127.0.0.1]", "[2002:7f00:1::]", "[2002:7f00:1::1]", "[::ffff:0:127.0.0.1]", "[fe80::1%25lo]", "[fe80::1]",
]
ANY = ["0", "0.0.0.0", "0x0", "00", "0.0", "000.000.000.000", "0x00000000", "4294967296", "[::]", "[::0]", "[::ffff:0.0.0.0]",
       "[0:0:0:0:0:0:0:0]", "%30", "⓪", "0.0.0.0."]
METADATA = ["169.254.169.254", "2852039166", "0xA9FEA9FE", "0xa9.0xfe.0xa9.0xfe", "0251.0376.0251.0376", "025177524776",
            "169.254.43518", "169.16689662", "[::ffff:169.254.169.254]", "[::ffff:a9fe:a9fe]", "[::169.254.169.254]",
            "①⑥⑨.②⑤④.①⑥⑨.②⑤④", "169.254.169.254.", "%31%36%39.254.169.254", "[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::]",
            "host-a169_254_169_254.test", "0251.254.169.254"]
RANGES = [a if "." in a else f"[{a}]" for a in [*ssrf_box.PRIVATE, *ssrf_box.PRIVATE6]]
WHOLE = [	# where the trick is in the rest of the URL
    "http://public.test@127.0.0.1/", "http://127.0.0.1\\@public.test/", "http://public.test\\@127.0.0.1/", "http:127.0.0.1/",
    "http:///127.0.0.1/", "http:\\\\127.0.0.1\\", "//127.0.0.1/", "127.0.0.1/", "127.0.0.1:80", "HTTP://127.0.0.1/",
    "http://127.0.0.1:080/", "http://127.0.0.1:8080/", "http://127.0.0.1:65616/", "http://127.0.0.1#@public.test/",
    "http://127.0.0.1?@public.test/", "http://public.test#@127.0.0.1/", "http://127.0.0.1;public.test/", "http://127.0.0.1,public.test/",
    "http://a:b@127.0.0.1/", "http://public.test:80@127.0.0.1:80/", "http://[::1]:80:80/", "http://[127.0.0.1]/", "http://[::1/",
    "http://127.0.0.1\\t/", "http://127.0.\\r\\n0.1/", "http://127.0.0.1\\r\\nHost: public.test\\r\\n/", " http://127.0.0.1/",
    "http://127.0.0.1%00.public.test/", "http://127.0.0.1%0d%0a/", "http://public.test%2f@127.0.0.1/", "https://127.0.0.1/",
    "https://[::1]/", "https://localhost/", "https://169.254.169.254/latest/meta-data/", "file:///etc/passwd", "FILE:/etc/passwd",
    "gopher://127.0.0.1:80/_GET%20/", "dict://127.0.0.1:80/x", "ftp://127.0.0.1:80/", "ldap://127.0.0.1:80/", "telnet://127.0.0.1:80",
    "tftp://127.0.0.1:80/x", "smb://127.0.0.1/x", "imap://127.0.0.1:80/", "smtp://127.0.0.1:80/", "ws://127.0.0.1/", "jar:http://127.0.0.1!/",
    "unix:///run/headgate.sock", "http+unix://127.0.0.1/", "data:text/plain,x", "javascript:x", "http://0x7f.1:80/", "http://①②⑦.1/",
    "http://user@localhost@public.test/", "http://localhost\\\\.public.test/", "http://xn--127-0-0-1/", "http://127.0.0.1\\v/",
    "http://loc\\300\\255alhost/", "http://127.0.0.1\\040.public.test/", "http://0/", "http://[::]:80/", "http://[::ffff:0:0]/"]


def spellings():
    return [f"http://{host}/" for host in LOOPBACK + ANY + METADATA + RANGES] + WHOLE


def word(address):
    return "a" + address.replace(".", "_") if "." in address else "x" + ipaddress.IPv6Address(address).packed.hex()


def named():
    """Names of each forbidden address: alone, and beside a good one in either order."""
    return [f"http://{how}{word(a)}{behind}.test/" for a in ssrf_box.PRIVATE + ssrf_box.PRIVATE6
            for how, behind in (("host-", ""), ("both-", "-dead"), ("swap-", "-dead"))]


def rebinding():
    """Names that are good at first, and those that are not, for each forbidden address."""
    return [f"http://n{i}.rebind-{pair}.test/" for i, a in enumerate(ssrf_box.PRIVATE + ssrf_box.PRIVATE6)
            for pair in (f"public-{word(a)}", f"{word(a)}-public")]


# ---- the tests ----

def boxed(part, **env):
    if "HEADGATE_BUILD" not in os.environ:
        env["HEADGATE_BUILD"] = str(harness.BUILD)
    found = ssrf_box.enter(pathlib.Path(__file__), part, env=dict(os.environ, **env))
    if found is None:
        pytest.skip("no network namespace can be made here")
    return found


def test_no_spelling_redirect_name_or_proxy_leads_to_a_private_address():
    """10,000 and more calls of the client: not one connection."""
    found = boxed("bulk")
    assert found["live"] >= 60, "the sentinels must be reachable for who may reach them"
    assert found["breaches"] == {}
    assert found["public"] >= 500		# what is not forbidden was reached
    assert found["tries"] >= (100000 if FULL else 10000)
    assert found["leaks"] == [] and found["kept"] > 0
    assert found["mixed"] == [["0", "200"]] * 8
    record("ssrf.tries", found["tries"], spellings=len(spellings()) + len(named()) + len(rebinding()))


def test_the_daemons_calls_lead_to_no_private_address():
    """Media, events and questions to hooks: their hosts resolve to what is forbidden, or do so every other time."""
    found = boxed("daemon")
    assert found["breaches"] == {}
    assert found["tries"] >= 150 and found["public"] > 0 and found["refused"] > 0
    record("ssrf.tries", found["tries"])


# ---- what runs in the box ----

def call_all(urls, *options, env=None):
    done = subprocess.run([str(harness.BUILD / "tests/tools/http_try"), *options], input="\n".join(urls) + "\n", text=True,
                          capture_output=True, timeout=280, env=dict(os.environ, **(env or {})))
    assert done.returncode == 0, done.stderr[-4000:]
    return [line.split(" ") for line in done.stdout.splitlines()]


def redirected(urls):
    return [f"http://public.test/{i}?to=" + urllib.parse.quote(url, safe="") for i, url in enumerate(urls)]


def bulk():
    """Everything through the client; what it may not reach counts as a breach."""
    sentinels, _ = ssrf_box.Sentinels(), ssrf_box.Names()
    plain, names = spellings(), named()
    live = [line for line in call_all(plain + names, "--private") if line[0] == "0"]
    sentinels.forget()
    rounds, tries = (100 if FULL else 10), 0
    for urls, options, env in (
            (plain + names, ["--again", str(rounds)], {}),
            (plain + names, ["--again", str(rounds)], PROXIES),
            (plain + names, ["--again", "3", "--redirects"], PROXIES),
            (redirected(plain + names), ["--again", str(rounds), "--redirects"], {}),
            (redirected(plain + names), ["--again", "2", "--redirects"], PROXIES),
            (rebinding(), ["--again", str(4 * rounds)], {}),
            (redirected(rebinding()), ["--again", str(rounds), "--redirects"], {})):
        tries += len(call_all(urls, *options, env=env))
    public, breaches = sentinels.reached(), sentinels.breaches()
    sentinels.forget()
    # Headers of a call belong to the host it began at, whatever that redirects to.
    away = ["http://host-public6.test/away", "http://public.test:8080/away", "http://host-public.test/away",
            "http://PUBLIC.test./away", f"http://{ssrf_box.PUBLIC}/away", f"http://[{ssrf_box.PUBLIC6}]/away"]
    call_all(redirected([*away, "http://public.test/kept"]), "--redirects")
    heads = [head for _, head in sentinels.requests]
    leaks = [h for h in heads if " /away" in h and "canary-of-the-first-host" in h]
    kept = len([h for h in heads if " /kept" in h and "canary-of-the-first-host" in h])
    assert len([h for h in heads if " /away" in h]) >= 4
    # A name with a good and a forbidden address leads to the good one, whichever comes first.
    mixed = [f"http://{how}.test/" for p in ("a127_0_0_1", "a10_1_2_3", word("fd12:3456::1"), word("::1"))
             for how in (f"both-{p}-public", f"swap-{p}-public")]
    mixed = [line[:2] for line in call_all(mixed)]
    return dict(mixed=mixed, live=len(live), tries=tries, public=public, breaches=breaches, leaks=leaks, kept=kept)


HOOKED = "settle: 20s\nhooks:\n  crm:\n    url: {url}\n    secrets: env:TEST_WEBHOOK_SECRET\n    allow_private: false\n    deadline: 2s"


def daemon():
    """One gateway whose media, backends and hook stand at forbidden places."""
    sentinels, _ = ssrf_box.Sentinels(), ssrf_box.Names()
    helpdesk = fake_helpdesk.FakeHelpdesk([harness.WEBHOOK_SECRET])
    graph = fake_graph.FakeGraph(token=GRAPH_TOKEN, app_secret=APP_SECRET, phone_number_id=PHONE_NUMBER_ID)
    # Backends and hooks that must stay outside: names for which every second answer is one of ours.
    pairs = [f"http://b{i}.{how}.test/" for i, how in enumerate(
        ["rebind-public-a127_0_0_1", "rebind-a169_254_169_254-public", "host-a10_1_2_3", "host-" + word("::1"),
         "rebind-public-" + word("fd12:3456::1"), "swap-a127_0_0_1-dead"])]
    more = "".join(f"  out{i}:\n    url: {url}\n    secrets: env:TEST_WEBHOOK_SECRET\n    allow_private: false\n"
                   for i, url in enumerate([*pairs, "http://0x7f.1/", "http://[::ffff:127.0.0.1]/"]))
    with tempfile.TemporaryDirectory() as folder:
        text = config_text(graph.url, helpdesk.url, rules=NOISE + AT_ONCE,
                           top=HOOKED.format(url="http://h.rebind-public-a127_0_0_1.test/"))
        gateway = harness.Gateway(folder, text.replace("\napi:", f"\n{more}api:", 1), dict(ENV, **PROXIES))
        gateway.start()
        graph.target(gateway.port, "wa-main")
        media = ["https://lookaside.fbsbx.com.host-a127_0_0_1.test/x", "https://lookaside.fbsbx.com/x"]
        media += [u.replace("http://", "https://", 1) for u in spellings()] + spellings()
        urls = {}

        def locate(handler, id):
            handler.answer({"messaging_product": "whatsapp", "url": urls[id], "mime_type": "image/jpeg", "id": id})

        graph.locate_file = locate
        for i, url in enumerate(media[:: 1 if FULL else 3]):
            file = graph.add_media(b"x", "image/jpeg")
            urls[file.id] = url.replace("\\r", "\r").replace("\\n", "\n").replace("\\t", "\t")
            assert graph.deliver(graph.media(f"+44795000{i:04}", "image", file, "look")) == 200
        def jobs(state):
            return gateway.get(f"/v1/outbox?state={state}&limit=500")["jobs"]

        def settled():
            now = datetime.datetime.fromtimestamp(gateway.now(), datetime.timezone.utc).isoformat()
            return not jobs("sending") and not [j for j in jobs("due") if j["target"] == "fetch" and j["due"] <= now]

        for _ in range(12):		# and again, when the names have changed
            harness.wait_until(settled, "these tries")
            gateway.advance(minutes=20)
        left = jobs("due") + jobs("queued") + jobs("sending") + jobs("dead")
        refused = gateway.log().count("the host has a private address")
        tries = sum(j["attempts"] for j in left) + sum(a["state"] == "failed" for t in gateway.threads(limit=500)
                                                       for m in gateway.messages(t["id"]) for a in m["attachments"])
        code = gateway.stop()
        assert code == 0 and not harness.sanitizer_report(gateway.log()), gateway.log()[-4000:]
    return dict(breaches=sentinels.breaches(), public=sentinels.reached(), tries=tries, refused=refused)


if __name__ == "__main__":
    ssrf_box.set_up()
    print(json.dumps({"bulk": bulk, "daemon": daemon}[sys.argv[1]]()))
