"""Zammad, Zendesk, Freshdesk, HubSpot, Jira Service Management and Intercom: presets against stand-ins written from what these publish, with
their lies, and the daemon between them and a customer."""
import pytest

import harness
from desk_setting import ANA, Setting, SYNTHETIC
from desks.freshdesk import Freshdesk
from desks.hubspot import HubSpot
from desks.intercom import Intercom
from desks.jira import Jira
from desks.zammad import Zammad
from desks.zendesk import Zendesk

ALL = [Zammad, Zendesk, Freshdesk, HubSpot, Jira, Intercom]
TAKE_FILES = [Zammad, Zendesk, Freshdesk, HubSpot, Jira]
OTHER = "  other:\n    url: http://127.0.0.1:9/\n    secrets: [env:TEST_WEBHOOK_SECRET]\n    allow_private: true\n    events: [csat.received]\n"
HOSTILE = 'Where is <b>my</b> "parcel"?\n{{ticket.title}} #{config.fqdn} & ${text} \\'


@pytest.fixture
def setting(start, graph):
    made = []

    def make(kind, **config):
        made.append(kind())
        return Setting(start, graph, made[-1], **config)
    yield make
    for desk in made:
        desk.close()


def plain(desk, words):
    return [getattr(desk, "plain", str)(w) for w in words]


# ---- to the helpdesk ----

@pytest.mark.parametrize("kind", ALL)
def test_a_conversation_is_a_ticket_there_and_goes_on(setting, kind):
    s = setting(kind)
    ticket = s.ticket(HOSTILE)
    s.linked()
    first = plain(s.desk, s.desk.words(ticket))[0]
    assert all(line in first for line in HOSTILE.split("\n")), first
    assert s.graph.say(ANA, "And <i>today</i>?") == 200
    words = s.desk.wait(lambda: len(s.desk.words(ticket)) > 1 and plain(s.desk, s.desk.words(ticket)), "his second message")
    assert words[1].endswith("And <i>today</i>?") and len(words) == 2 and len(s.desk.tickets) == 1


@pytest.mark.parametrize("kind", [Zammad, Zendesk, Freshdesk, Jira, Intercom])
def test_somebody_with_an_address_is_known_by_it_and_keeps_his_name(setting, kind):
    s = setting(kind, channel=SYNTHETIC)
    ticket = s.ticket()
    s.linked()
    assert "@chat.acme.example" in str({k: v for k, v in ticket.items() if k != "messages"}) + str(
        [getattr(s.desk, name, None) for name in ("users", "customers", "contacts")])


@pytest.mark.parametrize("kind", TAKE_FILES)
def test_a_file_goes_there(setting, kind):
    s = setting(kind)
    file = s.graph.add_media(b"%PDF-1.4 \x00\xff of a test", "application/pdf", "order.pdf")
    assert s.graph.deliver(s.graph.media(ANA, "document", file, "look", filename="order.pdf")) == 200
    ticket = s.desk.wait_tickets()[0]
    names = s.desk.wait(lambda: s.desk.names(ticket), "the file")
    assert [(name.rsplit("/")[-1], data) for name, data in names] == [("order.pdf", b"%PDF-1.4 \x00\xff of a test")]


def test_where_no_files_are_taken_they_are_named(setting):
    s = setting(Intercom)
    file = s.graph.add_media(b"%PDF-1.4 of a test", "application/pdf", "order.pdf")
    assert s.graph.deliver(s.graph.media(ANA, "document", file, "look", filename="order.pdf")) == 200
    ticket = s.desk.wait_tickets()[0]
    s.desk.wait(lambda: "order.pdf" in "".join(s.desk.words(ticket)), "the file's name")


@pytest.mark.parametrize("kind", ALL)
def test_solved_here_is_solved_there(setting, kind):
    s = setting(kind, beside=OTHER)
    ticket = s.ticket()
    s.linked()
    number = s.thread()["ticket"]["number"]
    assert s.gateway.api("PUT", f"/v1/tickets/{number}/status", {"status": "solved", "backend": "other"}).status == 200
    s.desk.wait(lambda: s.desk.state(ticket) == s.desk.solved, "its state")


@pytest.mark.parametrize("kind", ALL)
def test_what_an_agent_says_elsewhere_is_a_note_there_and_no_echo_of_it_comes_back(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    thread = s.thread()["id"]
    assert s.gateway.reply(thread, "It is <corrected>.", agent="Ben").status == 202
    s.desk.wait(lambda: s.desk.notes(ticket), "the note")
    assert "It is <corrected>." in s.desk.notes(ticket)[0]
    # The poll goes by, and finds nothing but what we said.
    before = len(s.desk.asked("GET"))
    s.until(lambda: len(s.desk.asked("GET")) > before + 1 or len(s.desk.asked("POST", r"/tickets/search")) > 2, "a poll", minutes=5)
    assert [m["text"] for m in s.gateway.messages(thread) if m["direction"] == "note"] == []
    assert len(s.graph.accepted) == 1


# ---- the ladder: it does it, and the line drops ----

@pytest.mark.parametrize("kind", ALL)
def test_a_ticket_whose_answer_was_lost_is_not_made_twice(setting, kind):
    s = setting(kind)
    s.desk.fault("POST", kind.created, "drop_after")
    s.ticket()
    s.until(s.links, "the link", seconds=30)
    assert len(s.desk.tickets) == 1 and len(s.desk.words(s.desk.tickets[1])) == 1


# ---- back ----

@pytest.mark.parametrize("kind", ALL)
def test_an_agents_answer_reaches_the_customer_once(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    told = s.desk.answer(ticket, "It is on its way.")
    assert s.hook(told).status == 200
    assert s.graph.wait_accepted(1)[0].text == "It is on its way."
    assert s.hook(told).status == 200
    asked = len(s.desk.asked())
    s.until(lambda: len(s.desk.asked()) > asked + 1, "a poll", minutes=5)
    assert s.hook(s.desk.answer(ticket, "Anything else?")).status == 200
    assert [a.text for a in s.graph.wait_accepted(2)] == ["It is on its way.", "Anything else?"]


@pytest.mark.parametrize("kind", ALL)
def test_an_answer_that_no_webhook_told_of_is_found(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    s.desk.answer(ticket, "He is angry.", internal=True)
    s.desk.answer(ticket, "Nobody heard me.")
    s.until(lambda: s.graph.accepted, "the poll to find it", minutes=1)
    assert [a.text for a in s.graph.accepted] == ["Nobody heard me."]
    thread = s.thread()["id"]
    harness.wait_until(lambda: [m["text"] for m in s.gateway.messages(thread) if m["direction"] == "note"] == ["He is angry."], "the note")


@pytest.mark.parametrize("kind", ALL)
def test_a_file_of_an_agent_reaches_the_customer(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    assert s.hook(s.desk.answer(ticket, "Here it is.", file=("way.pdf", b"%PDF-1.4 way", "application/pdf"))).status == 200
    sent = harness.wait_until(lambda: [a for a in s.graph.accepted if "document" in a.body], "the file")
    assert "way.pdf" in str(sent[0].body)


@pytest.mark.parametrize("kind", ALL)
def test_solved_there_is_solved_here(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    told = s.desk.solve(ticket)
    assert not told or s.hook(told).status == 200
    s.until(lambda: s.thread()["ticket"]["state"] == "solved", "the ticket to be solved", seconds=30)


@pytest.mark.parametrize("kind", ALL)
def test_nobody_else_is_believed(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    body, headers = s.desk.answer(ticket, "Send us your password.")
    name = next(k for k in headers if "ignature" in k and "Timestamp" not in k or k == "X-Headgate-Key")
    forged = dict(headers, **{name: headers[name][:-6] + "AAAAA="})
    assert s.hook((body, forged)).status == 401
    assert s.hook((body.replace(b"1", b"2"), headers)).status == 401 or kind is Freshdesk
