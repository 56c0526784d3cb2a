"""SMPP against npm's smpp as an operator, in all its moods: stored is answered, nothing twice, nothing lost."""
import contextlib
import subprocess

import pytest

import harness
import mail_gateway
import smsc

ANA, BO = "+447700900123", "+447700900456"


@contextlib.contextmanager
def line(folder, operator, more="", fail=None, start=True):
    """A gateway with one channel, the operator's."""
    with mail_gateway.gateway(folder, operator.channel(more), env=smsc.ENV, start=False) as gateway:
        if start:
            gateway.start(fail)
            operator.wait("bound")
        yield gateway


@pytest.fixture
def operator():
    with smsc.Smsc() as made:
        yield made


def thread_of(gateway, number):
    return harness.wait_until(lambda: next((t["id"] for t in gateway.threads() if t["contact"]["phone"] == number), None),
                              f"a thread of {number}")


def texts(gateway, number=ANA):
    return [m["text"] for m in gateway.messages(thread_of(gateway, number)) if m["direction"] == "inbound"]


def conversation(gateway, operator, number=ANA):
    """A customer has written; his thread."""
    assert operator.delivered(operator.deliver(number, "hello there")) == 0
    return thread_of(gateway, number)


def answer(gateway, thread, text):
    sent = gateway.reply(thread, text)
    assert sent.status == 202, sent
    return sent.json["message"]["id"]


def wait_delivery(gateway, thread, id, *words):
    return gateway.wait_message(thread, lambda m: m["id"] == id and m["delivery"] in words, f"{id} to be one of {words}: "
                                f"{[m.get('delivery') for m in gateway.messages(thread)]}")


# ---- both ways ----

@pytest.mark.parametrize("bind", ["transceiver", "pair"])
def test_a_conversation_with_its_receipts(operator, tmp_path, bind):
    operator.mood(receipts="after")
    with line(tmp_path, operator, f"bind: {bind}\nsystem_type: VMS\nversion: \"5.0\"") as gateway:
        gateway.wait_condition("up")
        bound = operator.wait("bind")
        assert (bound["system_id"], bound["password"], bound["system_type"], bound["version"]) == ("acme", smsc.PASSWORD, "VMS", 0x50)
        assert sorted(b["kind"] for b in operator.all("bind")) == (["bind_transceiver"] if bind == "transceiver" else
                                                                  ["bind_receiver", "bind_transmitter"])
        thread = conversation(gateway, operator)
        assert texts(gateway) == ["hello there"]
        wait_delivery(gateway, thread, answer(gateway, thread, "How can I help? It costs 5 €, @ shipping {extra}."), "delivered")
        sent = operator.wait("submit")
        assert sent["text"] == "How can I help? It costs 5 €, @ shipping {extra}."
        assert (sent["to"], sent["to_ton"], sent["from"], sent["from_ton"]) == (ANA[1:], 1, smsc.NUMBER, 1)
        assert sent["registered"] == 1
        assert operator.wait("receipt_resp")["status"] == 0
    # The operator is told that we go, by every bind.
    assert len(operator.all("unbind")) == len(operator.all("bind"))


def test_three_binds_share_what_is_sent(operator, tmp_path):
    with line(tmp_path, operator, "binds: 3") as gateway:
        operator.wait("bound", 3)
        threads = [conversation(gateway, operator, f"+4477009001{n:02}") for n in range(12)]
        operator.mood(submit="silent")		# so that the first bind is not always the one with room
        ids = [answer(gateway, thread, f"to {n}") for n, thread in enumerate(threads)]
        operator.wait("submit", 12)
        assert {sent["session"] for sent in operator.submits()} == {1, 2, 3}
        operator.order("answer")
        for thread, id in zip(threads, ids):
            wait_delivery(gateway, thread, id, "sent")


@pytest.mark.parametrize("stat, delivery", [("UNDELIV", "failed"), ("EXPIRED", "failed"), ("REJECTD", "failed"), ("ACCEPTD", "sent")])
def test_a_receipt_says_what_became_of_it(operator, tmp_path, stat, delivery):
    operator.mood(receipts="after", stat=stat)
    with line(tmp_path, operator) as gateway:
        thread = conversation(gateway, operator)
        shown = wait_delivery(gateway, thread, answer(gateway, thread, "hello"), delivery)
        assert delivery == "sent" or shown["error"]["text"] and shown["error"]["advice"]


# The receipt's id is another spelling of the response's.
@pytest.mark.parametrize("response, receipt, more", [
    ("hex", "decimal", "response_id: hex\nreceipt_id: decimal"),
    ("decimal", "hex_padded", "response_id: decimal\nreceipt_id: hex"),
    ("decimal", "padded", "response_id: decimal\nreceipt_id: decimal"),
])
@pytest.mark.parametrize("tlv", [False, True])
def test_ids_are_compared_as_the_operator_writes_them(operator, tmp_path, response, receipt, more, tlv):
    operator.mood(receipts="after", ids=dict(response=response, receipt=receipt), tlv=tlv)
    with line(tmp_path, operator, more) as gateway:
        thread = conversation(gateway, operator)
        wait_delivery(gateway, thread, answer(gateway, thread, "hello"), "delivered")


@pytest.mark.parametrize("when", ["early", "other"])
def test_a_receipt_before_its_answer_or_on_another_bind_is_kept(operator, tmp_path, when):
    operator.mood(receipts=when)
    with line(tmp_path, operator, "binds: 2") as gateway:
        operator.wait("bound", 2)
        thread = conversation(gateway, operator)
        wait_delivery(gateway, thread, answer(gateway, thread, "hello"), "delivered")
        taken = operator.wait("taken")
        assert when == "early" or operator.wait("receipt_resp")["session"] != taken["session"]


# ---- text ----

EMOJI = "Grüße 😀 " * 20


@pytest.mark.parametrize("concat, pieces", [("udh8", 3), ("udh16", 3), ("sar", 3), ("payload", 1)])
def test_a_long_answer_arrives_as_one(operator, tmp_path, concat, pieces):
    with line(tmp_path, operator, f"concat: {concat}") as gateway:
        thread = conversation(gateway, operator)
        asked = gateway.api("POST", f"/v1/threads/{thread}/replies/preview", {"text": EMOJI.strip()}).json["preview"]
        wait_delivery(gateway, thread, answer(gateway, thread, EMOJI.strip()), "sent")
        harness.wait_until(lambda: len(operator.submits()) >= pieces, "what the operator tells of them")
        sent = operator.submits()
        # What it would cost was said before.
        assert asked["units"] == 3 and [part["text"] for part in asked["parts"]] == [s["text"] or s["payload"] for s in sent]
        if pieces == 3:
            last = len(asked["parts"][-1]["text"].encode("utf-16-be")) // 2
            assert [(part["units"], part["left"]) for part in asked["parts"]] == [
                (1, 0), (1, 0), (1, (67 if concat == "udh8" else 66) - last)]
        assert len(sent) == pieces and {s["coding"] for s in sent} == {8}
        assert "".join(s["text"] or s["payload"] for s in sent) == EMOJI.strip()
        if concat.startswith("udh"):
            heads = [bytes.fromhex(s["udh"][0]) for s in sent]
            assert [h[0] for h in heads] == [0 if concat == "udh8" else 8] * 3
            assert [tuple(h[-2:]) for h in heads] == [(3, 1), (3, 2), (3, 3)]
            assert len({h[2:-2] for h in heads}) == 1
        elif concat == "sar":
            assert [tuple(s["sar"][1:]) for s in sent] == [(3, 1), (3, 2), (3, 3)]


def test_what_the_oracle_codes_is_read(operator, tmp_path):
    """npm's smpp writes the octets, by tables of its own."""
    said = ["@£$¥èéùìòÇØøÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡", "ÄÖÑÜ§¿äöñüà^{}\\[~]|€", "Привет 😀 ok"]
    with line(tmp_path, operator) as gateway:
        for text in said[:2]:
            assert operator.delivered(operator.deliver(ANA, text, data_coding=0)) == 0
        assert operator.delivered(operator.deliver(ANA, said[2], data_coding=8)) == 0
        assert operator.delivered(operator.deliver(ANA, "", message_payload="in a payload " * 30)) == 0
        assert operator.delivered(operator.deliver(ANA, b"", command="data_sm", data_coding=0, message_payload="by data_sm")) == 0
        assert operator.delivered(operator.deliver(ANA, b"\xe4\x80", data_coding=3)) == 0
        assert operator.delivered(operator.deliver(ANA, b"\x01\x02\x03", data_coding=4)) == 0
        messages = gateway.messages(thread_of(gateway, ANA))
        assert [m["text"] for m in messages if m["kind"] == "text"] == [*said, "in a payload " * 30, "by data_sm", "ä\x80"]
        assert [m["kind"] for m in messages][-1] == "unsupported"


def test_a_long_message_is_joined(operator, tmp_path):
    units = EMOJI.encode("utf-16-be")
    cut = [units[:124], units[124:255 // 2 * 2], units[254:]]		# two of them within an emoji's pair, if it falls so
    with line(tmp_path, operator) as gateway:
        for part in (2, 3, 1):
            head = bytes([5, 0, 3, 0x2A, 3, part])
            assert operator.delivered(operator.deliver(ANA, head + cut[part - 1], esm_class=0x40, data_coding=8)) == 0
        for part in (2, 1):
            assert operator.delivered(operator.deliver(BO, f"part {part} ", sar_msg_ref_num=7, sar_total_segments=2,
                                                       sar_segment_seqnum=part)) == 0
        assert harness.wait_until(lambda: texts(gateway), "the message") == [EMOJI]
        assert harness.wait_until(lambda: texts(gateway, BO), "the message") == ["part 1 part 2 "]


# ---- when the operator is slow, full, gone ----

def test_a_storm_of_throttling_costs_time_and_nothing_else(operator, tmp_path):
    with line(tmp_path, operator) as gateway:
        threads = [conversation(gateway, operator, f"+4477009002{n:02}") for n in range(8)]
        operator.mood(submit=0x58, count=4)	# one after the other it waits 1, 2, 4 and 8 seconds at most
        ids = [answer(gateway, thread, f"to {n}") for n, thread in enumerate(threads)]
        for thread, id in zip(threads, ids):
            wait_delivery(gateway, thread, id, "sent")
        taken = [t["text"] for t in operator.all("taken")]
        refused = {r["text"] for r in operator.all("refused")}
        assert sorted(taken) == [f"to {n}" for n in range(8)] and [t for t in taken if t in refused] == sorted(refused)
        # As many as were on their way are refused with the first; then one message tries for all of them ...
        assert len(operator.submits()) == 8 + 4
        tries = [submit["at"] for submit in operator.submits() if submit["text"] == "to 0"]
        assert tries[1] - operator.all("refused")[0]["at"] > 900		# ... and not before a second has passed


def test_a_full_window_that_is_cut_is_in_doubt_and_not_sent_twice(operator, tmp_path):
    with line(tmp_path, operator, "submit_window: 6") as gateway:
        threads = [conversation(gateway, operator, f"+4477009003{n:02}") for n in range(8)]
        operator.mood(submit="cut", count=6)
        ids = [answer(gateway, thread, f"to {n}") for n, thread in enumerate(threads)]
        operator.wait("close")
        operator.mood(submit="ok")
        operator.wait("bound", 2)
        shown = [wait_delivery(gateway, thread, id, "unknown", "sent")["delivery"] for thread, id in zip(threads, ids)]
        assert sorted(shown) == ["sent"] * 2 + ["unknown"] * 6
        assert sorted(s["text"] for s in operator.submits()) == [f"to {n}" for n in range(8)]


def test_half_an_answer_is_none(operator, tmp_path):
    with line(tmp_path, operator) as gateway:
        thread = conversation(gateway, operator)
        operator.mood(submit="half")
        wait_delivery(gateway, thread, answer(gateway, thread, "hello"), "unknown")
        operator.mood(submit="ok")
        operator.wait("bound", 2)
        wait_delivery(gateway, thread, answer(gateway, thread, "and on"), "sent")


def test_a_late_answer_settles_what_was_in_doubt(operator, tmp_path):
    with line(tmp_path, operator, "response_timeout: 1s") as gateway:
        thread = conversation(gateway, operator)
        operator.mood(submit="silent", receipts="after")
        id = answer(gateway, thread, "hello")
        wait_delivery(gateway, thread, id, "unknown")
        operator.order("answer")
        wait_delivery(gateway, thread, id, "delivered")
        assert len(operator.submits()) == 1


@pytest.mark.parametrize("status, what", [(0x0B, "failed"), (0x45, "failed"), (0x66, "failed"), (0x64, "sent"), (0x08, "sent")])
def test_a_refusal_fails_or_comes_again(operator, tmp_path, status, what):
    with line(tmp_path, operator) as gateway:
        thread = conversation(gateway, operator)
        operator.mood(submit=status, count=1)
        id = answer(gateway, thread, "hello")
        operator.wait("refused")
        gateway.advance(seconds=10)		# an error that passes comes again after 5 s
        shown = wait_delivery(gateway, thread, id, what)
        if what == "failed":
            assert shown["error"]["code"] == status and shown["error"]["advice"]
        wait_delivery(gateway, thread, answer(gateway, thread, "the next"), "sent")


def test_a_refused_sender_waits_for_the_admin(operator, tmp_path):
    with line(tmp_path, operator) as gateway:
        thread = conversation(gateway, operator)
        operator.mood(submit=0x0A, count=1)
        id = answer(gateway, thread, "hello")
        operator.wait("refused")
        gateway.wait_log("ESME_RINVSRCADR")
        assert wait_delivery(gateway, thread, id, "queued")
        gateway.reload()
        wait_delivery(gateway, thread, id, "sent")


def test_the_table_of_errors_is_the_channels_own(operator, tmp_path):
    with line(tmp_path, operator, "errors: { 0x45: throttle }") as gateway:
        thread = conversation(gateway, operator)
        operator.mood(submit=0x45, count=1)
        wait_delivery(gateway, thread, answer(gateway, thread, "hello"), "sent")
        assert len(operator.submits()) == 2


def test_garbage_ends_the_connection_and_nothing_else(operator, tmp_path):
    with line(tmp_path, operator) as gateway:
        conversation(gateway, operator)
        operator.order("raw", hex="00000010 00000999 00000000 00000007".replace(" ", ""))
        assert operator.wait("generic_nack")["status"] == 3			# no such command, and that is all
        operator.order("raw", hex="00000010 80000999 00000000 00000007".replace(" ", ""))
        operator.order("raw", hex="00000014 00000005 00000000 00000008 41424344".replace(" ", ""))	# fields that do not end
        operator.order("raw", hex="FFFFFFFF DEADBEEF".replace(" ", ""))
        assert operator.wait("generic_nack", 2)["status"] == 2
        operator.wait("bound", 2)
        assert operator.delivered(operator.deliver(ANA, "after all that")) == 0
        assert texts(gateway) == ["hello there", "after all that"]


def test_a_wrong_password_is_not_tried_again_and_again(operator, tmp_path):
    operator.mood(bind=0x0E)
    with line(tmp_path, operator) as gateway:
        gateway.wait_condition("down")
        assert "password" in gateway.channel()["error"]
        gateway.wait_log("600000 ms")
        assert len(operator.all("bind")) == 1


def test_a_silent_operator_is_left(operator, tmp_path):
    operator.mood(bind="silent")
    with line(tmp_path, operator, "bind_timeout: 1s\nenquire_link: 1s\nresponse_timeout: 1s", start=False) as gateway:
        gateway.start()
        operator.wait("bind")
        operator.mood(bind=0, enquire="silent")
        operator.wait("bound")
        n = len(operator.all("session"))
        operator.wait("enquire")
        operator.wait("session", n + 1)		# no answer: made anew
        operator.mood(enquire="ok")
        operator.wait("enquire", 3)
        assert conversation(gateway, operator)


def test_the_operators_questions_are_answered_and_its_unbind_too(operator, tmp_path):
    with line(tmp_path, operator) as gateway:
        operator.order("request", command="enquire_link")
        assert operator.wait("enquire_link_resp")["status"] == 0
        operator.order("request", command="unbind")
        assert operator.wait("unbind_resp")["status"] == 0
        operator.wait("bound", 2)
        assert conversation(gateway, operator)


# ---- stored before answered, and once ----

def test_a_busy_store_puts_the_operator_off(operator, tmp_path):
    with line(tmp_path, operator, fail="inbound.parsed=error@2") as gateway:
        assert operator.delivered(operator.deliver(ANA, "first")) == 0
        assert operator.delivered(operator.deliver(ANA, "second")) == 0x64
        assert operator.delivered(operator.deliver(ANA, "second")) == 0
        assert texts(gateway) == ["first", "second"]


@pytest.mark.parametrize("point", ["inbound.before_commit", "inbound.after_commit", "inbound.stored"])
def test_killed_between_commit_and_answer_it_is_there_once(operator, tmp_path, point):
    with line(tmp_path, operator, fail=f"{point}=crash@2") as gateway:
        assert operator.delivered(operator.deliver(ANA, "first")) == 0
        operator.deliver(ANA, "second")
        gateway.wait_dead()
        operator.wait("close")
        gateway.start()
        operator.wait("bound", 2)
        assert operator.delivered(operator.deliver(ANA, "second")) == 0
        assert operator.delivered(operator.deliver(ANA, "third")) == 0
        assert texts(gateway) == ["first", "second", "third"]


def test_the_same_words_twice_are_two_messages_unless_the_answer_was_lost(operator, tmp_path):
    with line(tmp_path, operator, fail="inbound.stored=delay:300@5") as gateway:
        assert operator.delivered(operator.deliver(ANA, "yes")) == 0
        operator.wait("enquire")			# its answer is proven to have arrived
        assert operator.delivered(operator.deliver(ANA, "yes")) == 0
        both = [operator.deliver(BO, "twice"), operator.deliver(BO, "twice")]	# at once, on one connection
        assert [operator.delivered(tag) for tag in both] == [0, 0]
        assert texts(gateway) == ["yes", "yes"] and texts(gateway, BO) == ["twice", "twice"]
        operator.deliver(ANA, "no")
        operator.order("cut")				# before or after our answer was written: the operator has not read it
        operator.wait("bound", 2)
        assert operator.delivered(operator.deliver(ANA, "no")) == 0
        assert operator.delivered(operator.deliver(ANA, "never")) == 0
        assert texts(gateway) == ["yes", "yes", "no", "never"]


def test_a_flood_while_the_store_is_slow(operator, tmp_path):
    with line(tmp_path, operator, fail="engine.after_commit=delay:20") as gateway:
        tags = [operator.deliver(f"+44770090{n % 7:04}", f"number {n}") for n in range(200)]
        again = {n for n, tag in enumerate(tags) if operator.delivered(tag) != 0}
        said = sorted(text for n in range(7) for text in texts(gateway, f"+44770090{n:04}"))
        assert said == sorted(f"number {n}" for n in range(200) if n not in again)


# ---- TLS ----

@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    from test_tls_peers import Authority
    return Authority(tmp_path_factory.mktemp("tls"))


def test_tls_to_whom_we_trust(authority, tmp_path):
    certificate, key = authority.make("smsc", "ca", extensions="subjectAltName=IP:127.0.0.1")
    with smsc.Smsc(key, certificate) as operator:
        with line(tmp_path / "good", operator, f"tls: true\nca_file: {authority.folder / 'ca.crt'}") as gateway:
            assert conversation(gateway, operator)
        n = len(operator.all("bind"))
        with line(tmp_path / "bad", operator, f"tls: true\nca_file: {authority.folder / 'stranger.crt'}", start=False) as gateway:
            gateway.start()
            gateway.wait_log("certificate is refused")
        assert len(operator.all("bind")) == n		# no password for a stranger


# ---- options ----

@pytest.mark.parametrize("more, word", [("errors: { 0x45: explode }", "explode"), ("language: turkish\nalphabet: latin1", "language"),
                                        ("ca_file: /nowhere", "tls"), ("ton_npi: { phone: 1/1 }", "phone")])
def test_options_that_cannot_be_are_refused(operator, tmp_path, more, word):
    with line(tmp_path, operator, more, start=False) as gateway:
        done = subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(gateway.config_path)], capture_output=True, text=True,
                              env={**gateway.env, "PATH": "/usr/bin", "HEADGATE_ADAPTER_DIR": str(harness.BUILD / "adapters" / ".libs"),
                                   "TEST_API_TOKEN": "x" * 32})
        assert done.returncode and word in done.stderr + done.stdout, done


def test_the_example_can_be_used():
    done = subprocess.run([str(harness.BUILD / "headgatectl"), "check", str(harness.TOP / "etc" / "smpp.yaml")], capture_output=True, text=True,
                          env=dict(HEADGATE_ADAPTER_DIR=str(harness.BUILD / "adapters" / ".libs"), SMPP_PASSWORD="x", DESK_TOKEN="x" * 32))
    assert done.returncode == 0, done
