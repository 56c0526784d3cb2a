"""Request Tracker and Redmine as they are: a conversation goes in, an answer comes out, with all there is to it."""
import itertools
import time

import pytest

import harness
import peers

KINDS = pytest.mark.parametrize("kind", [peers.RequestTracker, peers.Redmine], ids=["request-tracker", "redmine"])
numbers = itertools.count(447700900200)


def customer():
    return f"+{next(numbers)}"


def in_desk(desk, ticket):
    """What was said in a ticket, oldest first: (by whom, text, is it internal)."""
    if isinstance(desk, peers.RequestTracker):
        return [(who, text, kind == "Comment") for kind, who, text, _ in desk.history(ticket)]
    issue = desk.issue(ticket)
    return [("headgate", issue["description"], False)] + [
        ("headgate" if who == "Head Gate" else who, text, internal) for who, text, internal in desk.notes(ticket)]


def wait_in_desk(desk, ticket, check, what):
    return harness.wait_until(lambda: next((one for one in in_desk(desk, ticket) if check(*one)), None), what)


def files_in_desk(desk, ticket):
    if isinstance(desk, peers.RequestTracker):
        return [file for _, _, _, files in desk.history(ticket) for file in files]
    return [(one["filename"], desk.file(one)) for one in desk.issue(ticket)["attachments"]]


# ---- in ----

@pytest.mark.quick
@KINDS
def test_a_conversation_becomes_a_ticket_and_goes_on_in_it(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "my invoice is wrong: 10 € too much")
    said = in_desk(at.desk, ticket)
    assert len(said) == 1 and "my invoice is wrong: 10 € too much" in said[0][1] and not said[0][2]
    at.graph.say(ana, "and it is\nthe second time ☹")
    wait_in_desk(at.desk, ticket, lambda who, text, internal: "and it is\nthe second time ☹" in text and not internal, "the second message")
    assert len(in_desk(at.desk, ticket)) == 2


@KINDS
@pytest.mark.parametrize("text", ["0", "\"quoted\", {\"json\": [1]}", "${secret:token} $1 %s \\n", "<b>tags</b> & entities",
                                  "'; DROP TABLE tickets; --", "--headgate\r\nContent-Disposition: form-data; name=\"JSON\"\r\n\r\n{}"])
def test_whatever_a_customer_writes_stays_what_he_wrote(shared, kind, text):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "first")
    at.graph.say(ana, text)
    want = " ".join(text.split())
    wait_in_desk(at.desk, ticket, lambda who, said, internal: not internal and " ".join(said.split()).endswith(want), text)
    assert len(in_desk(at.desk, ticket)) == 2


@pytest.mark.quick
@KINDS
def test_files_of_a_customer_are_in_the_ticket_byte_by_byte(shared, kind):
    at, ana = shared.of(kind), customer()
    data = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 200
    at.graph.deliver(at.graph.media(ana, "image", at.graph.add_media(data, "image/png"), "see this"))
    ticket = at.linked(ana)
    harness.wait_until(lambda: data in [bytes_ for _, bytes_ in files_in_desk(at.desk, ticket)], "the picture")
    pdf = b"%PDF-1.4\n" + bytes(range(256)) * 50
    at.graph.deliver(at.graph.media(ana, "document", at.graph.add_media(pdf, "application/pdf"), "Gebühr ñ.pdf"))
    harness.wait_until(lambda: pdf in [bytes_ for _, bytes_ in files_in_desk(at.desk, ticket)], "the document")
    assert len(files_in_desk(at.desk, ticket)) == 2


@KINDS
def test_what_an_agent_answers_elsewhere_is_a_note(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "hello?")
    assert at.gateway.reply(at.thread(ana), "Answered in another window.", agent="Eve").status == 202
    wait_in_desk(at.desk, ticket, lambda who, text, internal: "Answered in another window." in text and internal, "the note")
    assert at.read(ana) == ["Answered in another window."]


# ---- out ----

@pytest.mark.quick
@KINDS
def test_an_agents_answer_reaches_the_customer_once_and_his_notes_never(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "where is my order?")
    at.desk.say(ticket, "He is a good customer.", internal=True)
    at.desk.say(ticket, "It leaves today.\nBest wishes, Ben 👋")
    sent = at.wait_read(ana, "It leaves today.\nBest wishes, Ben 👋")
    at.graph.tell(sent, "sent", "delivered", "read")
    thread = at.thread(ana)
    said = at.gateway.wait_message(thread, lambda m: m["text"] and m["text"].startswith("It leaves today."), "the answer")
    assert "Ben" in said["author_name"]
    at.gateway.wait_message(thread, lambda m: m["text"] == "He is a good customer." and m["direction"] == "note", "the note")
    at.desk.say(ticket, "second answer")
    at.wait_read(ana, "second answer")
    assert at.read(ana) == ["It leaves today.\nBest wishes, Ben 👋", "second answer"]
    # Nothing of it went back as an echo.
    at.graph.say(ana, "thanks, bye")
    wait_in_desk(at.desk, ticket, lambda who, text, internal: "thanks, bye" in text, "the last message")
    assert [who == "headgate" for who, _, _ in in_desk(at.desk, ticket)] == [True, False, False, False, True]


@pytest.mark.quick
@KINDS
def test_files_of_an_agent_reach_the_customer_byte_by_byte(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "send me the contract")
    pdf = b"%PDF-1.4\n" + bytes(range(256)) * 300
    at.desk.say(ticket, "Here it is.", files=[("contract.pdf", "application/pdf", pdf)])
    harness.wait_until(lambda: pdf in [one.data for one in at.graph.uploads], "the file")
    at.graph.wait(lambda: any(m.to == ana[1:] and m.type == "document" for m in at.graph.accepted), "the document")


@pytest.mark.quick
@KINDS
def test_a_status_goes_both_ways_and_a_customer_who_returns_opens_his_ticket_again(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "please help")
    at.desk.set_status(ticket, "resolved")
    harness.wait_until(lambda: at.ticket_state(ana) == "solved", "solved, as it is there")
    at.graph.say(ana, "it is still broken")

    def is_open():
        if kind is peers.RequestTracker:
            return at.desk.ticket(ticket)["Status"] == "open"
        return at.desk.issue(ticket)["status"]["name"] == "In Progress"
    harness.wait_until(is_open, "the ticket to be open there")
    harness.wait_until(lambda: at.ticket_state(ana) == "open", "open, as it is there")
    wait_in_desk(at.desk, ticket, lambda who, text, internal: "it is still broken" in text and not internal, "the message")


@KINDS
def test_what_could_not_be_sent_is_a_note_in_the_ticket(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "hello")
    at.graph.fail(131026, details="Message undeliverable", to=ana[1:])
    at.desk.say(ticket, "nobody will read this")
    who, text, internal = wait_in_desk(at.desk, ticket, lambda who, text, internal: who == "headgate" and internal, "the note")
    assert "nobody will read this" in text or "not" in text


def test_the_helpdesk_mails_the_customer_nothing(shared):
    """He is answered where he wrote: RT's autoreply and its copy of the answer would be a second one."""
    at, ana = shared.of(peers.RequestTracker), customer()
    ticket = at.ticket(ana, "hello")
    requestors = [one["id"] for one in at.desk.ticket(ticket)["Requestor"]]
    at.desk.say(ticket, "hello to you")
    at.wait_read(ana, "hello to you")
    at.desk.set_status(ticket, "resolved")
    harness.wait_until(lambda: at.ticket_state(ana) == "solved", "the status")
    for mail in at.desk.mailed():
        assert not any(address in mail for address in requestors), mail


@KINDS
def test_a_window_that_is_closed_is_told_where_the_agent_works(shared, kind):
    at, ana = shared.of(kind), customer()
    ticket = at.ticket(ana, "hello, a day ago", at=time.time() - 25 * 3600)
    at.desk.say(ticket, "a late answer")
    _, text, _ = wait_in_desk(at.desk, ticket, lambda who, text, internal: who == "headgate" and internal, "the note")
    assert "a late answer" in text and "send an approved template" in text
    assert at.read(ana) == []
