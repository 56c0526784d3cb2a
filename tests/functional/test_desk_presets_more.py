"""GLPI, ServiceNow, Chatwoot, LibreDesk and osTicket: presets against stand-ins written from what these publish, with their lies, and
the daemon between them and a customer."""
import pytest

import harness
from desk_setting import ANA, ASKED, Setting, SYNTHETIC
from desks.chatwoot import Chatwoot
from desks.glpi import Glpi
from desks.libredesk import LibreDesk
from desks.osticket import OsTicket
from desks.servicenow import ServiceNow

BOTH_WAYS = [Glpi, ServiceNow, Chatwoot, LibreDesk]
ALL = BOTH_WAYS + [OsTicket]
FINDS = BOTH_WAYS


def escaped(desk, text):
    if desk.preset in ("glpi", "libredesk"):
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace('"', "&quot;")
    return text


@pytest.fixture
def desks():
    made = []

    def make(kind):
        made.append(kind())
        return made[-1]
    yield make
    for desk in made:
        desk.close()


@pytest.fixture
def setting(start, graph, desks):
    return lambda kind, **more: Setting(start, graph, desks(kind), **dict(dict(channel=SYNTHETIC), **more))


# ---- to the helpdesk ----

@pytest.mark.parametrize("kind", ALL)
def test_a_conversation_is_a_ticket_there_and_goes_on(setting, kind):
    s = setting(kind)
    ticket = s.ticket()
    s.linked()
    s.desk.wait(lambda: s.desk.words(ticket), "the customer's words")
    assert escaped(s.desk, ASKED.split("\n")[0]) in s.desk.plain(s.desk.words(ticket)[0])
    assert s.graph.say(ANA, "And <i>today</i>?") == 200
    words = s.desk.wait(lambda: len(s.desk.words(ticket)) > 1 and s.desk.words(ticket), "his second message")
    assert escaped(s.desk, "And <i>today</i>?") in words[-1] and len(words) == 2
    assert len(s.desk.tickets) == 1


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_a_file_goes_there(setting, kind):
    s = setting(kind)
    file = s.graph.add_media(b"%PDF-1.4 of a test", "application/pdf", "order.pdf")
    assert s.graph.deliver(s.graph.media(ANA, "document", file, "look", filename="order.pdf")) == 200
    ticket = s.desk.wait_tickets()[0]
    names = s.desk.wait(lambda: s.desk.names(ticket), "the file")
    assert [(name.endswith("order.pdf"), data) for name, data in names] == [(True, b"%PDF-1.4 of a test")]


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_solved_elsewhere_is_solved_there(setting, helpdesk, kind):
    """What another helpdesk said of the ticket."""
    other = f"  other:\n    url: {helpdesk.url}\n    secrets: [env:TEST_WEBHOOK_SECRET]\n    allow_private: true\n"
    s = setting(kind, beside=other)
    ticket = s.ticket()
    harness.wait_until(lambda: "desk" in [link["backend"] for link in s.linked()], "the link to this one")
    number = s.thread()["ticket"]["number"]
    said = {"status": "solved", "backend": "other"}
    assert s.gateway.api("PUT", f"/v1/tickets/{number}/status", said).status == 200
    s.desk.wait(lambda: str(ticket.get("status", ticket.get("state"))) in ("5", "6", "resolved", "Resolved"), "its state")


# ---- the ladder: it does it, and the line drops ----

CREATED = {Glpi: r"/apirest\.php/Ticket", ServiceNow: r"/api/now/table/incident", Chatwoot: r".*/conversations",
           LibreDesk: r"/api/v1/conversations"}


@pytest.mark.parametrize("kind", FINDS)
def test_a_ticket_whose_answer_was_lost_is_found_again(setting, kind):
    s = setting(kind)
    s.desk.fault("POST", CREATED[kind], "drop_after")
    ticket = s.ticket()
    s.later(lambda: (s.thread()["ticket"] or {}).get("links"), "the link")
    s.desk.wait(lambda: s.desk.words(ticket), "the customer's words")
    assert len(s.desk.tickets) == 1 and len(s.desk.words(ticket)) == 1


def test_where_nothing_can_be_found_again_it_is_held(setting):
    s = setting(OsTicket)
    s.desk.fault("POST", r"/api/tickets\.json", "drop_after")
    s.ticket()
    dead = s.later(s.dead, "a dead letter")
    assert "nobody knows whether" in dead[0]["error"] and len(s.desk.tickets) == 1


# ---- back ----

@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_an_agents_answer_reaches_the_customer_and_comes_once(setting, kind):
    s = setting(kind)
    ticket = s.talk()
    told = s.desk.answer(ticket, "It is on its way.")
    assert s.hook(told).status == 200
    assert s.sent(1) == ["It is on its way."]
    assert s.hook(told).status == 200
    s.poll()
    assert s.hook(s.desk.answer(ticket, "Anything else?")).status == 200
    assert s.sent(2) == ["It is on its way.", "Anything else?"]


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_what_the_webhook_lost_the_poll_finds(setting, kind):
    s = setting(kind)
    ticket = s.talk()
    for words in ("One.", "Two."):
        s.desk.answer(ticket, words)
    s.desk.solve(ticket)
    s.poll()
    assert s.sent(2) == ["One.", "Two."]
    harness.wait_until(lambda: s.thread()["ticket"]["state"] == "solved", "the state")


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_solved_there_is_solved_here(setting, kind):
    s = setting(kind)
    ticket = s.talk()
    assert s.hook(s.desk.solve(ticket)).status == 200
    harness.wait_until(lambda: s.thread()["ticket"]["state"] == "solved", "the state")


@pytest.mark.parametrize("kind", BOTH_WAYS)
def test_strangers_are_not_heard(setting, kind):
    s = setting(kind)
    ticket = s.talk()
    body, headers = s.desk.answer(ticket, "Send your password to me.")
    assert s.hook((body, {})).status == 401
    wrong = {k: v if k.lower() == "content-type" or v.isdigit() else v[:-1] + ("0" if v[-1] != "0" else "1") for k, v in headers.items()}
    assert s.hook((body, wrong)).status == 401


@pytest.mark.parametrize("kind", [Chatwoot, LibreDesk])
def test_a_file_comes_back(setting, kind):
    s = setting(kind)
    ticket = s.talk()
    assert s.hook(s.desk.answer(ticket, "Your label.", files=[("label.pdf", b"%PDF-1.4 label")])).status == 200
    sent = s.graph.wait_accepted(1, type="document")[0]
    assert s.graph.files[sent.body["document"]["id"]].data == b"%PDF-1.4 label"


# ---- their lies ----

def test_glpi_ends_its_sessions(setting):
    s = setting(Glpi)
    ticket = s.talk()
    s.desk.sessions.clear()
    logins = s.desk.logins
    assert s.graph.say(ANA, "hello there") == 200
    s.desk.wait(lambda: len(s.desk.words(ticket)) == 2, "his message, in a new session")
    assert s.desk.logins == logins + 1


def test_glpi_says_207_and_it_is_no_success(setting):
    s = setting(Glpi)
    ticket = s.talk()
    s.desk.fault("POST", r"/apirest\.php/ITILFollowup", (207, ["ERROR_GLPI_PARTIAL_ADD", [{"id": False, "message": "no"}]]))
    assert s.graph.say(ANA, "hello there") == 200
    dead = harness.wait_until(s.dead, "a dead letter")
    assert dead[0]["name"] == "desk" and len(s.desk.words(ticket)) == 1


@pytest.mark.parametrize("kind", [Glpi, LibreDesk])
def test_a_file_that_is_not_taken_is_left_out_and_a_note_says_so(setting, kind):
    s = setting(kind)
    file = s.graph.add_media(b"MZ", "application/octet-stream", "virus.exe")
    assert s.graph.deliver(s.graph.media(ANA, "document", file, "look", filename="virus.exe")) == 200
    ticket = s.desk.wait_tickets()[0]
    s.linked()
    note = s.later(lambda: s.desk.notes(ticket), "the note that says so")[0]
    assert "did not take:" in note and "[virus.exe, 2 bytes, answered 400: File" in note and "https:" in note
    assert s.graph.say(ANA, "and this") == 200
    s.desk.wait(lambda: len(s.desk.words(ticket)) == 2, "what came behind the file")
    assert not s.desk.names(ticket)


def test_servicenow_names_the_incident_in_location_alone(setting):
    s = setting(ServiceNow)
    s.desk.silent = True
    ticket = s.ticket()
    assert s.linked()[0]["id"] == ticket["sys_id"]


def test_libredesk_notes_are_no_templates(setting):
    s = setting(LibreDesk)
    ticket = s.talk()
    s.graph.fail(131026)
    assert s.hook(s.desk.answer(ticket, "{{ .Contact.Email }}")).status == 200
    note = s.desk.wait(lambda: s.desk.notes(ticket), "the note of a failure")[0]
    assert "RENDERED" not in note


def test_osticket_bans_one_customer_and_goes_on_for_others(setting):
    s = setting(OsTicket, channel='requester: synthetic\nrequester_address: "${phone}@chat.acme.example"')
    s.desk.banned.add(f"{ANA[1:]}@chat.acme.example")
    assert s.graph.say(ANA, "my order") == 200
    s.desk.wait_asked("POST", r"/api/tickets\.json")
    s.ticket("my order too", "+447700900456")
    assert len(s.desk.tickets) == 1


def test_osticket_knows_a_mail_again(setting):
    s = setting(OsTicket)
    ticket = s.talk()
    s.desk.fault("POST", r"/api/tickets\.email", "drop_after")
    assert s.graph.say(ANA, "and today?") == 200
    s.desk.wait_asked("POST", r"/api/tickets\.email")
    s.later(lambda: len(s.desk.asked("POST", r"/api/tickets\.email")) == 2, "a second attempt")
    assert len(s.desk.words(ticket)) == 2 and len(s.desk.tickets) == 1


# ---- what people read ----

def test_the_overview_says_of_each_preset_what_it_says_of_itself():
    folder = harness.TOP / "doc" / "helpdesks"
    rows = {row.split("|")[1].strip().partition("]")[0].strip("["): row for row in (folder / "README.md").read_text().splitlines()
            if row.startswith("| [") or row.startswith("| webhook")}
    shipped = {path.stem: path.read_text() for path in (harness.TOP / "etc" / "backends").glob("*.yaml")}
    assert set(shipped) | {"email", "webhook"} == set(rows)
    for name, text in shipped.items():
        assert (folder / f"{name}.md").exists(), name
        assert ("**proven**" in rows[name]) == ("state: proven" in text), name
        assert ("poll" in rows[name]) == ("fetch_changes:" in text), name
