"""Every command of headgatectl, and how it is tried: a command without a row here fails.

A row is what is typed behind "headgatectl", with {names} of what the test has made (see PLACES in test_ctl_rows.py), and
what is wanted: `exit`, the exit code; `golden`, whether the text is compared with tests/data/golden/ctl/COMMAND.txt (what
differs from run to run is replaced, see LOOK there; HEADGATE_GOLDEN=write writes them); `json`, whether --json gives
JSON.  `elsewhere` names the file whose tests run the command on something real, for what needs more than a daemon that
has been talked to."""
import dataclasses


@dataclasses.dataclass
class Row:
    args: str = ""
    exit: int = 0
    golden: bool = True
    json: bool = True
    stdin: str = None
    elsewhere: str = None


def elsewhere(name):
    return Row(elsewhere=name)


ROWS = {
    "check": Row("check {config}"),
    "config show": Row("config show channels --origin"),
    "config explain": Row("config explain channels.wa-main.phone_number_id"),
    "config search": Row("config search trusted_proxies"),
    "config diff": Row("config diff"),
    "config fmt": Row("config fmt --diff {untidy}", exit=1),
    "config upgrade": Row("config upgrade {good}"),
    "config schema": Row("config schema", golden=False),
    "reload": Row("reload"),
    "test": Row("test {config}"),
    "rules try": Row("rules try thanks!"),
    "rules replay": Row("rules replay --config {config}", golden=False),
    "intent train": elsewhere("test_intent.py"),
    "intent eval": elsewhere("test_intent.py"),
    "intent try": elsewhere("test_intent.py"),
    "mail-parse": elsewhere("test_mail_parse.py"),
    "status": Row("status"),
    "top": Row("top --count 2 --every 10ms"),
    "tail": elsewhere("test_ctl.py"),
    "explain": Row("explain {message}"),
    "report conversations": Row("report --since 1d"),
    "report drops": Row("report drops"),
    "metrics": Row("metrics channel_up"),
    "fsck": Row("fsck"),
    "alarm list": Row("alarm", golden=False),
    "alarm test": elsewhere("test_alarms.py"),
    "channel list": Row("channel list", golden=False),
    "channel show": Row("channel show wa-main", golden=False),
    "channel probe": Row("channel probe wa-main", golden=False),
    "channel pause": Row("channel pause wa-main --reason moved", golden=False),
    "channel resume": Row("channel resume wa-main", golden=False),
    "channel ask": Row("channel ask wa-main", exit=5),
    "adapters": Row("adapters fake"),
    "adapter test": elsewhere("test_descriptions.py"),
    "backend list": Row("backend list", golden=False),
    "backend show": Row("backend show zammad", golden=False),
    "backend test": elsewhere("test_desk_samples.py"),
    "backend probe": elsewhere("test_probe.py"),
    "webhook list": Row("webhook list"),
    "webhook send-test": Row("webhook send-test desk"),
    "webhook verify": Row("webhook verify desk --id msg_1 --timestamp 1 --signature v1,AAAA", exit=1, stdin="{}"),
    "qr": Row("qr wa-main --number +447700900100"),
    "thread list": Row("thread list --limit 1"),
    "thread search": elsewhere("test_find.py"),
    "thread show": Row("thread show {thread}"),
    "thread reply": Row("thread reply {thread} hello"),
    "thread preview": Row("thread preview {thread} hello"),
    "thread note": Row("thread note {thread} quiet"),
    "thread convert": Row("thread convert {thread} --agent Ben"),
    "thread set": Row("thread set {thread} --tag vip --field plan=pro"),
    "thread start": elsewhere("test_start.py"),
    "thread close": Row("thread close {fresh} --resolved"),
    "thread reopen": Row("thread reopen {fresh}"),
    "ticket list": elsewhere("test_tickets.py"),
    "ticket show": elsewhere("test_tickets.py"),
    "ticket retry": elsewhere("test_tickets.py"),
    "ticket relink": elsewhere("test_tickets.py"),
    "queue list": Row("queue"),
    "drops list": Row("drops"),
    "drops restore": Row("drops restore --all --yes"),
    "dead list": Row("dead", golden=False),
    "dead show": Row("dead show 99999", golden=False, exit=4),
    "dead retry": Row("dead retry 99999", golden=False, exit=4),
    "dead edit": Row("dead edit 99999 --text x", golden=False, exit=4),
    "dead discard": Row("dead discard 99999 --reason x --yes", golden=False, exit=4),
    "outbox list": Row("outbox"),
    "outbox retry": Row("outbox retry 99999", exit=4),
    "outbox settle": Row("outbox settle 99999 arrived", exit=4),
    "quarantine list": Row("quarantine"),
    "quarantine show": Row("quarantine show 99999", exit=4),
    "quarantine retry": Row("quarantine retry 99999", exit=4),
    "quarantine drop": Row("quarantine drop 99999", exit=4),
    "consent list": Row("consent"),
    "consent stop": Row("consent stop tel:+447700900999 --channel wa-main --reason letter"),
    "consent start": Row("consent start tel:+447700900999 --channel wa-main"),
    "contact search": Row("contact search Ana", golden=False),
    "contact list": Row("contact list", golden=False),
    "contact show": elsewhere("test_contacts.py"),
    "contact merge": elsewhere("test_contacts.py"),
    "contact unmerge": elsewhere("test_contacts.py"),
    "contact block": elsewhere("test_contacts.py"),
    "contact unblock": elsewhere("test_contacts.py"),
    "contact export": elsewhere("test_contacts.py"),
    "contact erase": elsewhere("test_contacts.py"),
    "console": elsewhere("test_console.py"),
    "doctor": elsewhere("test_doctor.py"),
    "backup": elsewhere("test_backup.py"),
    "restore": elsewhere("test_backup.py"),
    "db info": elsewhere("test_backup.py"),
    "db check": elsewhere("test_backup.py"),
    "db compact": elsewhere("test_backup.py"),
    "db migrate": elsewhere("test_backup.py"),
    "retention show": elsewhere("test_contacts.py"),
    "retention run": elsewhere("test_contacts.py"),
    "rebuild": elsewhere("test_rebuild.py"),
    "token create": elsewhere("test_keys.py"),
    "token list": elsewhere("test_keys.py"),
    "token revoke": elsewhere("test_keys.py"),
    "simulate": Row("simulate whatsapp --text hi --id wamid.ROW1", golden=False),
    "capture list": Row("capture", golden=False, exit=1),
    "capture show": Row("capture show 99999", golden=False, exit=4),
    "listen": elsewhere("test_ctl.py"),
    "completion bash": Row("completion bash", golden=False, json=False),
    "completion zsh": Row("completion zsh", golden=False, json=False),
    "completion fish": Row("completion fish", golden=False, json=False),
    "completion names": Row("completion names channel", json=False),
    "docs": Row("docs verbs", golden=False, json=True),
    "version": Row("version"),
}
