"""Webhooks of the WhatsApp Cloud API, as its documentation shows them; plain dictionaries.

Every function takes the number's id first: what Meta calls phone_number_id."""
import itertools
import time

DISPLAY = "442071838750"
WABA = "330011223344"
_ids = itertools.count(1)


def wamid(tag=None):
    return f"wamid.HBgM{tag}" if tag else f"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU{next(_ids):08d}"


def digits(address):
    """Meta writes numbers without their plus."""
    return address.removeprefix("tel:").removeprefix("+")


def envelope(*changes):
    return {"object": "whatsapp_business_account", "entry": [{"id": WABA, "changes": list(changes)}]}


def change(number, field="messages", **parts):
    value = {"messaging_product": "whatsapp",
             "metadata": {"display_phone_number": DISPLAY, "phone_number_id": number}}
    value.update({key: part for key, part in parts.items() if part is not None})
    return {"value": value, "field": field}


def contact(phone=None, user_id=None, name="Ana Lima", username=None):
    profile = {"name": name}
    if username:
        profile["username"] = username
    made = {"profile": profile, "wa_id": phone and digits(phone), "user_id": user_id}
    return {key: part for key, part in made.items() if part}


def element(kind, sender=None, user_id=None, id=None, at=None, answers=None, group=None, **content):
    """One element of messages[]: {"from", "id", "timestamp", "type", kind: {...}}."""
    made = {"from": sender and digits(sender), "from_user_id": user_id, "id": id or wamid(),
            "timestamp": str(int(at if at is not None else time.time())), "type": kind, "group_id": group}
    if answers:
        made["context"] = {"from": DISPLAY, "id": answers}
    made.update(content)
    return {key: part for key, part in made.items() if part is not None}


def webhook(number, elements, name="Ana Lima", username=None, field="messages", contacts=None):
    """All elements in one POST; who they are from is named in contacts[] unless given."""
    if contacts is None:
        people = {(e.get("from"), e.get("from_user_id")) for e in elements}
        contacts = [contact(phone, user, name, username) for phone, user in sorted(people, key=str) if phone or user]
    return envelope(change(number, field, contacts=contacts or None, messages=elements))


def text(number, sender, body, name="Ana Lima", username=None, **more):
    return webhook(number, [element("text", sender, text={"body": body}, **more)], name, username)


def media(number, sender, kind, media, caption=None, name="Ana Lima", filename=None, voice=None, **more):
    """media: what FakeGraph.add_media() returned."""
    content = {"id": media.id, "mime_type": media.type, "sha256": media.sha256_base64, "caption": caption,
               "filename": filename, "voice": voice}
    content = {key: part for key, part in content.items() if part is not None}
    return webhook(number, [element(kind, sender, **{kind: content}, **more)], name)


def album(number, sender, files, caption=None, name="Ana Lima"):
    """One webhook for each image, as Meta sends an album: to be delivered at the same instant."""
    return [media(number, sender, "image", file, caption if i == 0 else None, name) for i, file in enumerate(files)]


def location(number, sender, latitude=51.5007, longitude=-0.1246, **more):
    place = {"latitude": latitude, "longitude": longitude, "name": "Big Ben", "address": "London SW1A 0AA"}
    return webhook(number, [element("location", sender, location=place, **more)])


def button(number, sender, title, payload, answers=None, **more):
    return webhook(number, [element("button", sender, answers=answers, button={"text": title, "payload": payload}, **more)])


def button_reply(number, sender, title, id_, answers=None, **more):
    content = {"type": "button_reply", "button_reply": {"id": id_, "title": title}}
    return webhook(number, [element("interactive", sender, answers=answers, interactive=content, **more)])


def reaction(number, sender, target, emoji="\U0001f44d", **more):
    """emoji None: taken back."""
    content = {"message_id": target}
    if emoji is not None:
        content["emoji"] = emoji
    return webhook(number, [element("reaction", sender, reaction=content, **more)])


def edit(number, sender, target, body, **more):
    content = {"original_message_id": target, "message": {"type": "text", "text": {"body": body}}}
    return webhook(number, [element("edit", sender, edit=content, **more)])


def revoke(number, sender, target, **more):
    return webhook(number, [element("revoke", sender, revoke={"original_message_id": target}, **more)])


def unsupported(number, sender, kind="poll_creation", **more):
    error = {"code": 131051, "title": "Message type unknown", "message": "Message type unknown",
             "error_data": {"details": "Message type is currently not supported."}}
    return webhook(number, [element("unsupported", sender, unsupported={"type": kind}, errors=[error], **more)])


def changed_number(number, old, new, user_id=None, **more):
    content = {"body": f"User A changed from {digits(old)} to {digits(new)}", "wa_id": digits(new),
               "type": "user_changed_number"}
    if user_id:
        content["user_id"] = user_id
    return webhook(number, [element("system", old, system=content, **more)], contacts=[])


def changed_user_id(number, old, new, **more):
    content = {"body": f"User changed from {old} to {new}", "user_id": new, "previous_user_id": old,
               "type": "user_changed_user_id"}
    return webhook(number, [element("system", system=content, **more)], contacts=[])


def echo(number, receiver, body, id=None, at=None):
    """What a member of staff typed in the phone app."""
    made = {"from": DISPLAY, "to": digits(receiver), "id": id or wamid(),
            "timestamp": str(int(at if at is not None else time.time())), "type": "text", "text": {"body": body}}
    return envelope(change(number, "smb_message_echoes", contacts=[contact(receiver)], message_echoes=[made]))


def standby(number, sender, body, **more):
    made = webhook(number, [element("text", sender, text={"body": body}, **more)], field="standby")
    return made


def preference(number, sender, value="stop", at=None):
    made = {"wa_id": digits(sender), "detail": f"User requested to {value} marketing messages",
            "category": "marketing_messages", "value": value, "timestamp": int(at if at is not None else time.time())}
    return envelope(change(number, "user_preferences", contacts=[{"wa_id": digits(sender)}], user_preferences=[made]))


def missed_call(number, sender, id=None, at=None):
    made = {"id": id or f"wacid.HBgL{next(_ids):08d}", "from": digits(sender), "to": DISPLAY, "event": "terminate",
            "direction": "USER_INITIATED", "status": "FAILED",
            "timestamp": str(int(at if at is not None else time.time()))}
    return envelope(change(number, "calls", contacts=[contact(sender)], calls=[made]))


def status(number, id, word, to=None, user_id=None, key=None, at=None, code=None, title="Failed", details=None):
    """One element of statuses[]; with code: why it failed."""
    made = {"id": id, "status": word, "timestamp": str(int(at if at is not None else time.time())),
            "recipient_id": to and digits(to), "recipient_user_id": user_id, "biz_opaque_callback_data": key}
    if word in ("sent", "delivered"):
        made["pricing"] = {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "service"}
    if code is not None:
        made["errors"] = [{"code": code, "title": title, "message": title,
                           "error_data": {"details": details or title}}]
    return envelope(change(number, statuses=[{k: v for k, v in made.items() if v is not None}]))
