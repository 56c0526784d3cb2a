/* parse_content.c - what was said, by the message's type */
#include <ctype.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "identity.h"
#include "media.h"
#include "read.h"

#define SUMMARY_MAX 20		/* things of an order, cards of a contacts message, named in the text */

static const char *read_text(struct wa_item *it, struct json_object *m)
{
	const char *body = wa_str(wa_obj(m, "text"), "body");

	it->in.kind = HG_TEXT;
	if (!body)
		return "a text message without text";
	it->in.text = body;
	return NULL;
}

/* Everything with a media id. */
static const char *read_file(struct wa_item *it, struct json_object *media, int kind)
{
	struct wa_pool *pool = it->c->r->pool;
	struct hg_file *file = wa_new(pool, sizeof(*file));
	const char *id = wa_id(media, "id");
	int64_t from_ms = it->in.sent_ms ? it->in.sent_ms : it->c->r->now_ms;

	if (!id || !wa_media_id_ok(id))
		return "a file without a usable media id";
	if (!it->c->number)
		return "a file of a number that is not named";
	*file = (struct hg_file){
		.size = sizeof(*file), .kind = kind, .bytes = -1,
		.name = wa_text(media, "filename"), .type = wa_text(media, "mime_type"),
		.sha256 = wa_media_sha256(pool, wa_text(media, "sha256")),
		.ref = wa_media_ref(pool, it->c->number, id),
		.expires_ms = from_ms + WA_MEDIA_MS,
		.voice = wa_flag(media, "voice"),
	};
	it->in.kind = kind;
	it->in.files = file;
	it->in.n_files = 1;
	it->in.file_size = sizeof(*file);
	if (wa_text(media, "caption"))
		it->in.text = wa_text(media, "caption");
	it->odd |= wa_odd(media, "caption", json_type_string) || wa_odd(media, "filename", json_type_string);
	return NULL;
}

static const char *read_image(struct wa_item *it, struct json_object *m)
{
	return read_file(it, wa_obj(m, "image"), HG_IMAGE);
}

static const char *read_video(struct wa_item *it, struct json_object *m)
{
	return read_file(it, wa_obj(m, "video"), HG_VIDEO);
}

static const char *read_audio(struct wa_item *it, struct json_object *m)
{
	return read_file(it, wa_obj(m, "audio"), HG_AUDIO);
}

/* Older name of a voice note, still sent by some carriers. */
static const char *read_voice(struct wa_item *it, struct json_object *m)
{
	struct json_object *media = wa_obj(m, "voice");
	const char *why = read_file(it, media ? media : wa_obj(m, "audio"), HG_AUDIO);

	if (!why)
		((struct hg_file *)it->in.files)->voice = true;
	return why;
}

static const char *read_document(struct wa_item *it, struct json_object *m)
{
	return read_file(it, wa_obj(m, "document"), HG_FILE);
}

static const char *read_sticker(struct wa_item *it, struct json_object *m)
{
	struct json_object *sticker = wa_obj(m, "sticker");

	if (wa_flag(sticker, "animated"))
		wa_put(it, "animated", wa_get(sticker, "animated"));
	return read_file(it, sticker, HG_STICKER);
}

static bool is_number(struct json_object *value)
{
	return value && (json_object_is_type(value, json_type_double) ||
			 json_object_is_type(value, json_type_int));
}

static const char *read_location(struct wa_item *it, struct json_object *m)
{
	struct json_object *place = wa_obj(m, "location");
	struct json_object *lat = wa_get(place, "latitude"), *lon = wa_get(place, "longitude");
	const char *name = wa_text(place, "name"), *address = wa_text(place, "address");
	struct wa_pool *pool = it->c->r->pool;

	it->in.kind = HG_LOCATION;
	if (!is_number(lat) || !is_number(lon))
		return "a location without coordinates";
	it->in.text = wa_fmt(pool, "%s%s%s%s%s, %s", name ? name : "", name ? "\n" : "",
			     address ? address : "", address ? "\n" : "",
			     wa_json(pool, lat), wa_json(pool, lon));
	wa_put(it, "location", place);
	return NULL;
}

/* The customer shared his own number because he was asked to: an address of his, by Meta's word. */
static void read_own_card(struct wa_item *it, struct json_object *card)
{
	struct wa_people people = { .pool = it->c->r->pool };
	struct json_object *phones = wa_arr(card, "phones");

	for (size_t i = 0; i < it->in.n_from && i < WA_ADDRESSES_MAX; i++)
		people.list[people.n++] = it->in.from[i];
	for (size_t i = 0; i < wa_len(phones); i++) {
		struct json_object *phone = wa_at(phones, i);
		const char *id = wa_id(phone, "wa_id");

		wa_people_add(&people, id ? id : wa_id(phone, "phone"), HG_PROVEN);
	}
	wa_people_give(&people, &it->in);
}

static const char *card_line(struct wa_pool *pool, const char *before, struct json_object *card)
{
	const char *name = wa_text(wa_obj(card, "name"), "formatted_name");
	const char *phone = wa_id(wa_first(card, "phones"), "phone");
	const char *mail = wa_text(wa_first(card, "emails"), "email");

	return wa_fmt(pool, "%s%s%s%s%s%s%s", before, *before ? "\n" : "", name ? name : "(no name)",
		      phone ? ", " : "", phone ? phone : "", mail ? ", " : "", mail ? mail : "");
}

static const char *read_contacts(struct wa_item *it, struct json_object *m)
{
	struct json_object *cards = wa_arr(m, "contacts"), *first = wa_first(m, "contacts");
	const char *origin = wa_text(first, "origin"), *text = "";

	it->in.kind = HG_CONTACTS;
	if (!first)
		return "a contact card with nothing on it";
	for (size_t i = 0; i < wa_len(cards) && i < SUMMARY_MAX; i++)
		text = card_line(it->c->r->pool, text, wa_at(cards, i));
	it->in.text = text;
	if (origin && !strcmp(origin, "contact_request") && wa_len(cards) == 1)
		read_own_card(it, first);
	wa_put(it, "contacts", cards);
	return NULL;
}

/* Quick reply to a template. */
static const char *read_button(struct wa_item *it, struct json_object *m)
{
	struct json_object *button = wa_obj(m, "button");
	const char *text = wa_text(button, "text"), *payload = wa_text(button, "payload");

	it->in.kind = HG_BUTTON;
	if (!text && !payload)
		return "a button without text";
	it->in.text = text ? text : payload;
	wa_put(it, "button", button);
	return NULL;
}

static const char *read_reaction(struct wa_item *it, struct json_object *m)
{
	struct json_object *reaction = wa_obj(m, "reaction");

	it->in.kind = HG_REACTION;
	it->in.target = wa_id(reaction, "message_id");
	if (!it->in.target)
		return "a reaction to nothing";
	if (wa_odd(reaction, "emoji", json_type_string))
		return "a reaction that is no emoji";
	it->in.text = wa_str(reaction, "emoji") ? wa_str(reaction, "emoji") : "";	/* taken back */
	return NULL;
}

static const char *order_line(struct wa_pool *pool, const char *before, struct json_object *item)
{
	const char *id = wa_id(item, "product_retailer_id"), *currency = wa_text(item, "currency");
	struct json_object *price = wa_get(item, "item_price");

	before = wa_fmt(pool, "%s%s%lld x %s", before, *before ? "\n" : "",
			(long long)wa_int(item, "quantity", 1), id ? id : "(no id)");
	if (!is_number(price))
		return before;
	return wa_fmt(pool, "%s at %s%s%s", before, wa_json(pool, price), currency ? " " : "",
		      currency ? currency : "");
}

static const char *read_order(struct wa_item *it, struct json_object *m)
{
	struct json_object *order = wa_obj(m, "order"), *items = wa_arr(order, "product_items");
	const char *text = wa_text(order, "text");

	it->in.kind = HG_ORDER;
	if (!wa_len(items))
		return "an order of nothing";
	it->in.text = text ? text : "";
	for (size_t i = 0; i < wa_len(items) && i < SUMMARY_MAX; i++)
		it->in.text = order_line(it->c->r->pool, it->in.text, wa_at(items, i));
	wa_put(it, "order", order);
	return NULL;
}

static const char *read_edit(struct wa_item *it, struct json_object *m)
{
	struct json_object *edit = wa_obj(m, "edit"), *inner = wa_obj(edit, "message");
	const char *type = wa_text(inner, "type"), *target = wa_id(edit, "original_message_id"), *why;

	if (!target || !type)
		return "an edit that does not say of what";
	if (!strcmp(type, "edit") || !strcmp(type, "revoke") || !strcmp(type, "reaction"))
		return "an edit of something that is no message";
	why = wa_read_content(it, type, inner);
	it->in.kind = HG_EDIT;
	it->in.target = target;
	return why;
}

static const char *read_revoke(struct wa_item *it, struct json_object *m)
{
	it->in.kind = HG_REVOKE;
	it->in.target = wa_id(wa_obj(m, "revoke"), "original_message_id");
	return it->in.target ? NULL : "a message taken back, without saying which";
}

static const char *read_unsupported(struct wa_item *it, struct json_object *m)
{
	const char *type = wa_text(wa_obj(m, "unsupported"), "type");

	wa_put(it, "unsupported", wa_obj(m, "unsupported"));
	return wa_fmt(it->c->r->pool, "a WhatsApp message that its API does not show%s%s",
		      type ? ", of type " : "", type ? type : "");
}

const char *wa_read_content(struct wa_item *it, const char *type, struct json_object *m)
{
	static const struct {
		const char *type;
		const char *(*read)(struct wa_item *it, struct json_object *m);
	} types[] = {
		{ "text", read_text }, { "image", read_image }, { "video", read_video },
		{ "audio", read_audio }, { "voice", read_voice }, { "document", read_document },
		{ "sticker", read_sticker }, { "location", read_location },
		{ "contacts", read_contacts }, { "interactive", wa_read_interactive },
		{ "button", read_button }, { "reaction", read_reaction }, { "order", read_order },
		{ "system", wa_read_system }, { "edit", read_edit }, { "revoke", read_revoke },
		{ "unsupported", read_unsupported },
	};

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(type, types[i].type))
			return types[i].read(it, m);
	wa_count(it->c->r, "unknown_type");
	return wa_fmt(it->c->r->pool, "a WhatsApp message of type %.40s, which headgate does not know", type);
}
