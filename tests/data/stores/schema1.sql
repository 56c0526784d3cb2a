PRAGMA application_id = 1751605620;
PRAGMA user_version = 1;
BEGIN TRANSACTION;
CREATE TABLE address (
	uri TEXT NOT NULL,
	channel TEXT NOT NULL DEFAULT '',
	contact_n INTEGER REFERENCES contact (n),
	proof INTEGER,
	since_ms INTEGER,
	last_in_ms INTEGER NOT NULL DEFAULT 0,
	opted_out INTEGER NOT NULL DEFAULT 0,
	PRIMARY KEY (uri, channel),
	CHECK ((channel = '') = (contact_n IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO "address" VALUES('tel:+447700900123','',1,2,1795291911008,0,0);
INSERT INTO "address" VALUES('tel:+447700900123','wa-main',NULL,NULL,NULL,1795291911000,0);
INSERT INTO "address" VALUES('tel:+447700900456','',2,2,1795291911031,0,0);
INSERT INTO "address" VALUES('tel:+447700900456','wa-main',NULL,NULL,NULL,1795291911000,0);
CREATE TABLE attachment (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	message_n INTEGER NOT NULL REFERENCES message (n),
	kind INTEGER NOT NULL,
	state INTEGER NOT NULL,
	name TEXT,
	type TEXT,
	bytes INTEGER NOT NULL,
	sha256 TEXT,
	ref TEXT,
	expires_ms INTEGER NOT NULL,
	error TEXT
) STRICT;
INSERT INTO "attachment" VALUES(1,'att_01m7zvs4w4fxh9hyjhd5s7wwxf',6,2,2,NULL,'image/jpeg',11,'ed9ebc7d8eb16a20418846f86f5364851c2f985876d8748288a53416f116b5fb','109876543210/1013859600285000',1795896711000,NULL);
CREATE TABLE config (
	hash TEXT PRIMARY KEY,
	text TEXT NOT NULL,
	at_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "config" VALUES('c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','{"default":"convert","rules":[
{"file":"/tmp/kills-old/headgate.yaml","line":26,"name":"thanks and greetings","when":{"text":{"matches":"^\\W*(hi|hello|thanks|thank you|ok(ay)?)\\W*$"},"thread":{"has_ticket":false}},"do":{"ignore":"noise"}},
{"file":"/tmp/kills-old/headgate.yaml","line":29,"name":"everything at once","when":{"kind":["text","image","audio","video","file","sticker","location","contacts","button","unsupported"]},"do":{"convert":{}}}]}',1795291911001);
CREATE TABLE contact (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	name TEXT,
	username TEXT,
	tier TEXT,
	locale TEXT,
	fields TEXT,
	opted_out INTEGER NOT NULL,
	conflicted INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	merged_into INTEGER REFERENCES contact (n)
) STRICT;
INSERT INTO "contact" VALUES(1,'con_01m7zvs4v0f0qvdxeg12adqary','Ana Lima',NULL,NULL,NULL,NULL,0,0,1795291911008,NULL);
INSERT INTO "contact" VALUES(2,'con_01m7zvs4vqftqbekcwcnwte47g','Ana Lima',NULL,NULL,NULL,NULL,0,0,1795291911031,NULL);
CREATE TABLE counter (
	name TEXT PRIMARY KEY,
	next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "counter" VALUES('ticket',1002);
CREATE TABLE cursor (
	channel TEXT PRIMARY KEY,
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE decision (
	n INTEGER PRIMARY KEY,
	thread_n INTEGER REFERENCES thread (n),
	message_n INTEGER REFERENCES message (n),
	at_ms INTEGER NOT NULL,
	config_hash TEXT NOT NULL,
	on_event TEXT NOT NULL,
	action TEXT NOT NULL,
	rule TEXT,
	file TEXT,
	line INTEGER NOT NULL,
	facts TEXT
) STRICT;
INSERT INTO "decision" VALUES(1,1,1,1795291911008,'c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','message','ignore','thanks and greetings','/tmp/kills-old/headgate.yaml',26,'{"on":"message","now_ms":1795291911008,"channel":"wa-main","adapter":"whatsapp","scope":"default","kind":"text","address":"tel:+447700900123","proposal":"new","proposal_reason":"first message","messages":1,"inbound":1,"contact_new":true,"contact_name":"Ana Lima"}');
INSERT INTO "decision" VALUES(2,1,2,1795291911014,'c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','message','convert','everything at once','/tmp/kills-old/headgate.yaml',29,'{"on":"message","now_ms":1795291911014,"channel":"wa-main","adapter":"whatsapp","scope":"default","kind":"text","address":"tel:+447700900123","proposal":"join","proposal_reason":"open thread","thread_state":"open","thread_resolution":"unknown","messages":2,"inbound":2,"age_ms":6,"idle_ms":6,"last_speaker":"customer","contact_name":"Ana Lima"}');
INSERT INTO "decision" VALUES(3,2,4,1795291911031,'c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','message','convert','everything at once','/tmp/kills-old/headgate.yaml',29,'{"on":"message","now_ms":1795291911031,"channel":"wa-main","adapter":"whatsapp","scope":"default","kind":"text","address":"tel:+447700900456","proposal":"new","proposal_reason":"first message","messages":1,"inbound":1,"contact_new":true,"contact_name":"Ana Lima"}');
INSERT INTO "decision" VALUES(4,2,6,1795291911044,'c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','message','convert','everything at once','/tmp/kills-old/headgate.yaml',29,'{"on":"message","now_ms":1795291911044,"channel":"wa-main","adapter":"whatsapp","scope":"default","kind":"image","address":"tel:+447700900456","has_attachment":true,"files":1,"file_kinds":["image"],"proposal":"join","proposal_reason":"open ticket, last active 13ms ago","thread_state":"converted","thread_resolution":"unknown","has_ticket":true,"messages":3,"inbound":2,"age_ms":13,"idle_ms":13,"since_ticket_ms":13,"last_speaker":"gateway","contact_name":"Ana Lima"}');
INSERT INTO "decision" VALUES(5,1,9,1795291911129,'c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f','message','convert','everything at once','/tmp/kills-old/headgate.yaml',29,'{"on":"message","now_ms":1795291911129,"channel":"wa-main","adapter":"whatsapp","scope":"default","kind":"text","address":"tel:+447700900123","proposal":"join","proposal_reason":"open ticket, last active 76ms ago","thread_state":"converted","thread_resolution":"unknown","has_ticket":true,"messages":5,"inbound":3,"outbound":1,"age_ms":121,"idle_ms":76,"since_ticket_ms":115,"last_speaker":"agent","contact_name":"Ana Lima"}');
CREATE TABLE event (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER REFERENCES thread (n),
	seq INTEGER NOT NULL,
	prev_n INTEGER,
	type TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	message_n INTEGER REFERENCES message (n),
	decision_n INTEGER REFERENCES decision (n),
	data TEXT NOT NULL
) STRICT;
INSERT INTO "event" VALUES(1,'evt_01m7zvs4v0f0qvdxeg188rr0nv',1,1,NULL,'thread.opened',1795291911008,1,NULL,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"open"},"sequence":1,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","resolution":"unknown","opened_at":"2026-11-21T20:11:51.008Z","first_message_at":"2026-11-21T20:11:51.008Z","first_bot_response_at":null,"first_response_at":null,"last_customer_message_at":"2026-11-21T20:11:51.008Z","chat_closed_at":null,"converted_at":null,"tags":[],"custom":{},"profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"message":{"id":"msg_01m7zvs4v0f0qvdxeg183g31se","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000001","at":"2026-11-21T20:11:51.008Z","sent_at":"2026-11-21T20:11:51.000Z","text":"hello","attachments":[]}}');
INSERT INTO "event" VALUES(2,'evt_01m7zvs4v0f0qvdxeg1bdpkv36',1,2,1,'message.received',1795291911008,1,1,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"open"},"sequence":2,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":null,"message":{"id":"msg_01m7zvs4v0f0qvdxeg183g31se","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000001","at":"2026-11-21T20:11:51.008Z","sent_at":"2026-11-21T20:11:51.000Z","text":"hello","attachments":[]}}');
INSERT INTO "event" VALUES(3,'evt_01m7zvs4v6eyw8t0mc4bpk8d7k',1,3,2,'message.received',1795291911014,2,2,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"open"},"sequence":3,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":null,"message":{"id":"msg_01m7zvs4v6eyw8t0mc48rb1m2k","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000002","at":"2026-11-21T20:11:51.014Z","sent_at":"2026-11-21T20:11:51.000Z","text":"my invoice is wrong","attachments":[]}}');
INSERT INTO "event" VALUES(4,'evt_01m7zvs4v6eyw8t0mc4j9kdcc5',1,4,3,'ticket.requested',1795291911014,NULL,2,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":4,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","resolution":"unknown","opened_at":"2026-11-21T20:11:51.008Z","first_message_at":"2026-11-21T20:11:51.008Z","first_bot_response_at":null,"first_response_at":null,"last_customer_message_at":"2026-11-21T20:11:51.014Z","chat_closed_at":null,"converted_at":"2026-11-21T20:11:51.014Z","tags":[],"custom":{},"profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"requested","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.014Z","links":[]},"priority":null,"type":null,"category":null,"converting_agent":null,"idempotency_key":"Oht-XnJLr--CZ0BkP5Py0dGSqb9xf9H_WjIBKuOB7OQ","csat":null,"rule":{"id":"everything at once","file":"/tmp/kills-old/headgate.yaml","line":29,"reason":"rule everything at once","on":"message","config_hash":"c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f"},"previous_ticket":null,"previous_agent":null,"transcript_text":"[2026-11-21 20:11] Ana Lima: hello\n[2026-11-21 20:11] Ana Lima: my invoice is wrong\n","messages":[{"id":"msg_01m7zvs4v0f0qvdxeg183g31se","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000001","at":"2026-11-21T20:11:51.008Z","sent_at":"2026-11-21T20:11:51.000Z","text":"hello","attachments":[]},{"id":"msg_01m7zvs4v6eyw8t0mc48rb1m2k","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000002","at":"2026-11-21T20:11:51.014Z","sent_at":"2026-11-21T20:11:51.000Z","text":"my invoice is wrong","attachments":[]}],"messages_cut":false,"attachments":[]}');
INSERT INTO "event" VALUES(5,'evt_01m7zvs4vqftqbekcwcyr1n00c',2,1,NULL,'thread.opened',1795291911031,4,NULL,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"open"},"sequence":1,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","resolution":"unknown","opened_at":"2026-11-21T20:11:51.031Z","first_message_at":"2026-11-21T20:11:51.031Z","first_bot_response_at":null,"first_response_at":null,"last_customer_message_at":"2026-11-21T20:11:51.031Z","chat_closed_at":null,"converted_at":null,"tags":[],"custom":{},"profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"message":{"id":"msg_01m7zvs4vqftqbekcwcv874t2r","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000003","at":"2026-11-21T20:11:51.031Z","sent_at":"2026-11-21T20:11:51.000Z","text":"my lamp is cracked","attachments":[]}}');
INSERT INTO "event" VALUES(6,'evt_01m7zvs4vqftqbekcwd1fprw5p',2,2,5,'message.received',1795291911031,4,3,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"open"},"sequence":2,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":null,"message":{"id":"msg_01m7zvs4vqftqbekcwcv874t2r","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000003","at":"2026-11-21T20:11:51.031Z","sent_at":"2026-11-21T20:11:51.000Z","text":"my lamp is cracked","attachments":[]}}');
INSERT INTO "event" VALUES(7,'evt_01m7zvs4vqftqbekcwd46bcyeg',2,3,6,'ticket.requested',1795291911031,NULL,3,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"converted"},"sequence":3,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","resolution":"unknown","opened_at":"2026-11-21T20:11:51.031Z","first_message_at":"2026-11-21T20:11:51.031Z","first_bot_response_at":null,"first_response_at":null,"last_customer_message_at":"2026-11-21T20:11:51.031Z","chat_closed_at":null,"converted_at":"2026-11-21T20:11:51.031Z","tags":[],"custom":{},"profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4vqftqbekcwd1qd8h9e","number":"TK-1001","state":"requested","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.031Z","changed_at":"2026-11-21T20:11:51.031Z","links":[]},"priority":null,"type":null,"category":null,"converting_agent":null,"idempotency_key":"bJDI7HAeVbZq7Y1-zcjwx8YU-SYL2koJXpM1KJRILWk","csat":null,"rule":{"id":"everything at once","file":"/tmp/kills-old/headgate.yaml","line":29,"reason":"rule everything at once","on":"message","config_hash":"c5d8fb27cf999043bc249b05bbaa0835443579627973f3dbe60fb337c7129e6f"},"previous_ticket":null,"previous_agent":null,"transcript_text":"[2026-11-21 20:11] Ana Lima: my lamp is cracked\n","messages":[{"id":"msg_01m7zvs4vqftqbekcwcv874t2r","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000003","at":"2026-11-21T20:11:51.031Z","sent_at":"2026-11-21T20:11:51.000Z","text":"my lamp is cracked","attachments":[]}],"messages_cut":false,"attachments":[]}');
INSERT INTO "event" VALUES(8,'evt_01m7zvs4w0fe69tzf5c4wxg94b',1,5,4,'ticket.linked',1795291911040,NULL,NULL,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":5,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]}}');
INSERT INTO "event" VALUES(9,'evt_01m7zvs4w4fxh9hyjhd6d88r6t',2,4,7,'message.received',1795291911044,6,4,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"converted"},"sequence":4,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4vqftqbekcwd1qd8h9e","number":"TK-1001","state":"requested","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.031Z","changed_at":"2026-11-21T20:11:51.031Z","links":[]},"message":{"id":"msg_01m7zvs4w4fxh9hyjhd223sekg","direction":"inbound","author":"customer","author_name":null,"kind":"image","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000004","at":"2026-11-21T20:11:51.044Z","sent_at":"2026-11-21T20:11:51.000Z","text":"the crack","attachments":[{"id":"att_01m7zvs4w4fxh9hyjhd5s7wwxf","kind":"image","name":null,"type":"image/jpeg","size":null,"sha256":"ed9ebc7d8eb16a20418846f86f5364851c2f985876d8748288a53416f116b5fb","state":"pending","url":null}]}}');
INSERT INTO "event" VALUES(10,'evt_01m7zvs4w5f13sqt56kg8gak2x',2,5,9,'ticket.message',1795291911044,6,4,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"converted"},"sequence":5,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4vqftqbekcwd1qd8h9e","number":"TK-1001","state":"requested","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.031Z","changed_at":"2026-11-21T20:11:51.031Z","links":[]},"message":{"id":"msg_01m7zvs4w4fxh9hyjhd223sekg","direction":"inbound","author":"customer","author_name":null,"kind":"image","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000004","at":"2026-11-21T20:11:51.044Z","sent_at":"2026-11-21T20:11:51.000Z","text":"the crack","attachments":[{"id":"att_01m7zvs4w4fxh9hyjhd5s7wwxf","kind":"image","name":null,"type":"image/jpeg","size":null,"sha256":"ed9ebc7d8eb16a20418846f86f5364851c2f985876d8748288a53416f116b5fb","state":"pending","url":null}]}}');
INSERT INTO "event" VALUES(11,'evt_01m7zvs4wwf2kt9r8fbzs0jg5t',1,6,8,'message.status',1795291911067,7,NULL,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":6,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]},"message_id":"msg_01m7zvs4wdf689knn092fsn1py","external_id":null,"state":"sent","error":null,"agent_note":null,"receipt":{"state":"sent","at":"2026-11-21T20:11:51.000Z","external_id":"wamid.OUT00000001","detail":{"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"service"}}},"message":{"id":"msg_01m7zvs4wdf689knn092fsn1py","direction":"outbound","author":"agent","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","at":"2026-11-21T20:11:51.053Z","text":"we look into it","attachments":[],"delivery":"sent","parts":1,"parts_sent":0,"error":null}}');
INSERT INTO "event" VALUES(12,'evt_01m7zvs4x5exhbe9pw3c18df75',1,7,11,'message.sent',1795291911077,7,NULL,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":7,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]},"message":{"id":"msg_01m7zvs4wdf689knn092fsn1py","direction":"outbound","author":"agent","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.OUT00000001","at":"2026-11-21T20:11:51.053Z","text":"we look into it","attachments":[],"delivery":"sent","parts":1,"parts_sent":1,"error":null}}');
INSERT INTO "event" VALUES(13,'evt_01m7zvs4x7f69bat91vx6fdrc8',1,8,12,'message.status',1795291911079,7,NULL,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":8,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]},"message_id":"msg_01m7zvs4wdf689knn092fsn1py","external_id":"wamid.OUT00000001","state":"delivered","error":null,"agent_note":null,"receipt":{"state":"delivered","at":"2026-11-21T20:11:51.000Z","external_id":"wamid.OUT00000001","detail":{"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"service"}}},"message":{"id":"msg_01m7zvs4wdf689knn092fsn1py","direction":"outbound","author":"agent","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.OUT00000001","at":"2026-11-21T20:11:51.053Z","text":"we look into it","attachments":[],"delivery":"delivered","parts":1,"parts_sent":1,"error":null}}');
INSERT INTO "event" VALUES(14,'evt_01m7zvs4xte608xr9njj9wewqb',2,6,10,'ticket.linked',1795291911098,NULL,NULL,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"converted"},"sequence":6,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4vqftqbekcwd1qd8h9e","number":"TK-1001","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.031Z","changed_at":"2026-11-21T20:11:51.098Z","links":[{"backend":"desk","id":"9002","number":"HD-9002","url":"https://desk.example/t/9002","at":"2026-11-21T20:11:51.098Z"}]}}');
INSERT INTO "event" VALUES(15,'evt_01m7zvs4ysemgawnffckfvcwyy',1,9,13,'message.received',1795291911129,9,5,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":9,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]},"message":{"id":"msg_01m7zvs4ysemgawnffcgwfb2hc","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000005","at":"2026-11-21T20:11:51.129Z","sent_at":"2026-11-21T20:11:51.000Z","text":"number 4711","attachments":[]}}');
INSERT INTO "event" VALUES(16,'evt_01m7zvs4ysemgawnffcp0n7f54',1,10,15,'ticket.message',1795291911129,9,5,'{"thread":{"id":"thr_01m7zvs4v0f0qvdxeg15p8wkae","url":"https://chat.acme.example/threads/thr_01m7zvs4v0f0qvdxeg15p8wkae","state":"converted"},"sequence":10,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900123","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4v0f0qvdxeg12adqary"},"contact":{"id":"con_01m7zvs4v0f0qvdxeg12adqary","name":"Ana Lima","email":null,"phone":"+447700900123","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900123","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4v6eyw8t0mc4et55x92","number":"TK-1000","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.014Z","changed_at":"2026-11-21T20:11:51.040Z","links":[{"backend":"desk","id":"9001","number":"HD-9001","url":"https://desk.example/t/9001","at":"2026-11-21T20:11:51.040Z"}]},"message":{"id":"msg_01m7zvs4ysemgawnffcgwfb2hc","direction":"inbound","author":"customer","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000005","at":"2026-11-21T20:11:51.129Z","sent_at":"2026-11-21T20:11:51.000Z","text":"number 4711","attachments":[]}}');
INSERT INTO "event" VALUES(17,'evt_01m7zvs4z6e8v9dq52zcn1ap95',2,7,14,'message.edited',1795291911142,6,NULL,'{"thread":{"id":"thr_01m7zvs4vqftqbekcwcq958h2j","url":"https://chat.acme.example/threads/thr_01m7zvs4vqftqbekcwcq958h2j","state":"converted"},"sequence":7,"channel":"wa-main","channel_address":"whatsapp:109876543210","reply_to":"tel:+447700900456","scope":"default","subject":"Chat with Ana Lima","profile":{"url":"https://chat.acme.example/contacts/con_01m7zvs4vqftqbekcwcnwte47g"},"contact":{"id":"con_01m7zvs4vqftqbekcwcnwte47g","name":"Ana Lima","email":null,"phone":"+447700900456","external_id":null,"tier":null,"locale":null,"tz":null,"opted_out":false,"conflicted":false,"addresses":[{"uri":"tel:+447700900456","proof":"proven"}],"fields":{}},"ticket":{"id":"tkt_01m7zvs4vqftqbekcwd1qd8h9e","number":"TK-1001","state":"open","subject":"Chat with Ana Lima","priority":null,"category":null,"type":null,"reason":"rule everything at once","agent":null,"external_status":null,"created_at":"2026-11-21T20:11:51.031Z","changed_at":"2026-11-21T20:11:51.098Z","links":[{"backend":"desk","id":"9002","number":"HD-9002","url":"https://desk.example/t/9002","at":"2026-11-21T20:11:51.098Z"}]},"message":{"id":"msg_01m7zvs4w4fxh9hyjhd223sekg","direction":"inbound","author":"customer","author_name":null,"kind":"image","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","external_id":"wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000004","at":"2026-11-21T20:11:51.044Z","sent_at":"2026-11-21T20:11:51.000Z","text":"the crack","attachments":[{"id":"att_01m7zvs4w4fxh9hyjhd5s7wwxf","kind":"image","name":null,"type":"image/jpeg","size":11,"sha256":"ed9ebc7d8eb16a20418846f86f5364851c2f985876d8748288a53416f116b5fb","state":"stored","url":"https://chat.acme.example/v1/attachments/att_01m7zvs4w4fxh9hyjhd5s7wwxf"}]}}');
CREATE TABLE idempotency (
	principal TEXT NOT NULL,
	key TEXT NOT NULL,
	fingerprint BLOB NOT NULL,
	answer TEXT,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
INSERT INTO "idempotency" VALUES('token:tests','25c0dd04-9bf0-4ac6-84b2-e2831a624523',X'579A27C07F0F45F2D043F031FC9413C70A4A4B989BE98420B57BD803FE0B5F37','{"message":{"id":"msg_01m7zvs4xwezsryfdnwdvcarzr","direction":"outbound","author":"agent","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900456","our_address":"whatsapp:109876543210","at":"2026-11-21T20:11:51.100Z","text":"which lamp?","attachments":[],"delivery":"queued","parts":1,"parts_sent":0,"error":null}}',1795291911100);
INSERT INTO "idempotency" VALUES('token:tests','765489ed-41b8-4d48-98eb-61dfb45b3e15',X'90793A4398D4EE6E1BBA867C79A147A9FCAE3F54C78B57A2E36D8A952551D61F','{"message":{"id":"msg_01m7zvs4wdf689knn092fsn1py","direction":"outbound","author":"agent","author_name":null,"kind":"text","channel":"wa-main","address":"tel:+447700900123","our_address":"whatsapp:109876543210","at":"2026-11-21T20:11:51.053Z","text":"we look into it","attachments":[],"delivery":"queued","parts":1,"parts_sent":0,"error":null}}',1795291911053);
CREATE TABLE instance (
	one INTEGER PRIMARY KEY CHECK (one = 1),
	key BLOB NOT NULL
) STRICT;
INSERT INTO "instance" VALUES(1,X'FE0F3728F4330E2FA587BF5A63C074F27CDA125C0EADA67B5DE8CA5A1B494371');
CREATE TABLE link (
	ticket_n INTEGER NOT NULL REFERENCES ticket (n),
	backend TEXT NOT NULL,
	external_id TEXT NOT NULL,
	number TEXT,
	url TEXT,
	at_ms INTEGER NOT NULL,
	PRIMARY KEY (ticket_n, backend)
) STRICT, WITHOUT ROWID;
INSERT INTO "link" VALUES(1,'desk','9001','HD-9001','https://desk.example/t/9001',1795291911040);
INSERT INTO "link" VALUES(2,'desk','9002','HD-9002','https://desk.example/t/9002',1795291911098);
CREATE TABLE message (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	prev_n INTEGER,
	direction INTEGER NOT NULL,
	author INTEGER NOT NULL,
	kind INTEGER NOT NULL,
	author_name TEXT,
	channel TEXT,
	external_id TEXT,
	address TEXT,
	our_address TEXT,
	subject TEXT,
	text TEXT NOT NULL,
	html TEXT,
	payload TEXT,
	answers TEXT,
	at_ms INTEGER NOT NULL,
	sent_ms INTEGER NOT NULL,
	edited_ms INTEGER NOT NULL,
	revoked_ms INTEGER NOT NULL,
	raw_n INTEGER,
	delivery INTEGER NOT NULL,
	conflict INTEGER NOT NULL,
	parts INTEGER NOT NULL,
	parts_sent INTEGER NOT NULL,
	error TEXT,
	advice TEXT,
	error_code INTEGER NOT NULL,
	note TEXT,
	automatic INTEGER NOT NULL,
	forwarded INTEGER NOT NULL,
	echo INTEGER NOT NULL,
	reactions TEXT
) STRICT;
INSERT INTO "message" VALUES(1,'msg_01m7zvs4v0f0qvdxeg183g31se',1,NULL,1,1,1,NULL,'wa-main','wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000001','tel:+447700900123','whatsapp:109876543210',NULL,'hello',NULL,NULL,NULL,1795291911008,1795291911000,0,0,1,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(2,'msg_01m7zvs4v6eyw8t0mc48rb1m2k',1,1,1,1,1,NULL,'wa-main','wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000002','tel:+447700900123','whatsapp:109876543210',NULL,'my invoice is wrong',NULL,NULL,NULL,1795291911014,1795291911000,0,0,2,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(3,'msg_01m7zvs4v6eyw8t0mc4m1s1168',1,2,4,6,13,NULL,NULL,NULL,NULL,NULL,NULL,'Ticket TK-1000 was made of this conversation (rule everything at once).',NULL,NULL,NULL,1795291911014,0,0,0,NULL,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(4,'msg_01m7zvs4vqftqbekcwcv874t2r',2,NULL,1,1,1,NULL,'wa-main','wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000003','tel:+447700900456','whatsapp:109876543210',NULL,'my lamp is cracked',NULL,NULL,NULL,1795291911031,1795291911000,0,0,3,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(5,'msg_01m7zvs4vqftqbekcwd56d0wqd',2,4,4,6,13,NULL,NULL,NULL,NULL,NULL,NULL,'Ticket TK-1001 was made of this conversation (rule everything at once).',NULL,NULL,NULL,1795291911031,0,0,0,NULL,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(6,'msg_01m7zvs4w4fxh9hyjhd223sekg',2,5,1,1,2,NULL,'wa-main','wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000004','tel:+447700900456','whatsapp:109876543210',NULL,'the crack',NULL,NULL,NULL,1795291911044,1795291911000,0,0,4,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(7,'msg_01m7zvs4wdf689knn092fsn1py',1,3,2,2,1,NULL,'wa-main','wamid.OUT00000001','tel:+447700900123','whatsapp:109876543210',NULL,'we look into it',NULL,NULL,NULL,1795291911053,0,0,0,NULL,5,0,1,1,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(8,'msg_01m7zvs4xwezsryfdnwdvcarzr',2,6,2,2,1,NULL,'wa-main',NULL,'tel:+447700900456','whatsapp:109876543210',NULL,'which lamp?',NULL,NULL,NULL,1795291911100,0,0,0,NULL,1,0,1,0,NULL,NULL,0,NULL,0,0,0,NULL);
INSERT INTO "message" VALUES(9,'msg_01m7zvs4ysemgawnffcgwfb2hc',1,7,1,1,1,NULL,'wa-main','wamid.HBgMNDQ3NzAwOTAwMTIzFQIAEhgU00000005','tel:+447700900123','whatsapp:109876543210',NULL,'number 4711',NULL,NULL,NULL,1795291911129,1795291911000,0,0,5,0,0,0,0,NULL,NULL,0,NULL,0,0,0,NULL);
CREATE TABLE outbox (
	n INTEGER PRIMARY KEY AUTOINCREMENT,
	target INTEGER NOT NULL,
	name TEXT NOT NULL,
	lane TEXT NOT NULL,
	state INTEGER NOT NULL,
	due_ms INTEGER NOT NULL,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	attempts INTEGER NOT NULL,
	steps INTEGER NOT NULL,
	key TEXT,
	thread_n INTEGER REFERENCES thread (n),
	message_n INTEGER REFERENCES message (n),
	event_n INTEGER REFERENCES event (n),
	attachment_n INTEGER REFERENCES attachment (n),
	part INTEGER NOT NULL,
	file INTEGER NOT NULL,
	body BLOB,
	external_id TEXT,
	error TEXT,
	error_code INTEGER NOT NULL
) STRICT;
INSERT INTO "outbox" VALUES(8,2,'desk','thr_01m7zvs4v0f0qvdxeg15p8wkae',2,1795291916598,1795291911079,1795291911149,1,0,NULL,1,NULL,13,NULL,0,-1,NULL,NULL,'answered 503',503);
INSERT INTO "outbox" VALUES(9,1,'wa-main','thr_01m7zvs4vqftqbekcwcq958h2j',4,1795291911100,1795291911100,1795291911115,1,0,'onUR4OXfEuPCrN0kNqwssy0YMC_qTM76X1jf8mBob9M',2,8,NULL,NULL,0,-1,X'7B226D6573736167696E675F70726F64756374223A227768617473617070222C22726563697069656E745F74797065223A22696E646976696475616C222C22746F223A22343437373030393030343536222C2274797065223A2274657874222C2274657874223A7B22626F6479223A227768696368206C616D703F227D7D',NULL,'the connection ended before the answer',0);
INSERT INTO "outbox" VALUES(10,2,'desk','thr_01m7zvs4v0f0qvdxeg15p8wkae',1,1795291911129,1795291911129,1795291911129,0,0,NULL,1,NULL,16,NULL,0,-1,NULL,NULL,NULL,0);
INSERT INTO "outbox" VALUES(11,2,'desk','thr_01m7zvs4vqftqbekcwcq958h2j',2,1795291916977,1795291911142,1795291911164,1,0,NULL,2,NULL,17,NULL,0,-1,NULL,NULL,'answered 503',503);
CREATE TABLE raw (
	n INTEGER PRIMARY KEY,
	channel TEXT NOT NULL,
	kind TEXT NOT NULL,
	at_ms INTEGER NOT NULL,
	bytes BLOB NOT NULL
) STRICT;
INSERT INTO "raw" VALUES(1,'wa-main','delivery',1795291911008,X'7B226F626A656374223A2277686174736170705F627573696E6573735F6163636F756E74222C22656E747279223A5B7B226964223A22333330303131323233333434222C226368616E676573223A5B7B2276616C7565223A7B226D6573736167696E675F70726F64756374223A227768617473617070222C226D65746164617461223A7B22646973706C61795F70686F6E655F6E756D626572223A22343432303731383338373530222C2270686F6E655F6E756D6265725F6964223A22313039383736353433323130227D2C22636F6E7461637473223A5B7B2270726F66696C65223A7B226E616D65223A22416E61204C696D61227D2C2277615F6964223A22343437373030393030313233227D5D2C226D65737361676573223A5B7B2266726F6D223A22343437373030393030313233222C226964223A2277616D69642E4842674D4E4451334E7A41774F5441774D54497A46514941456867553030303030303031222C2274696D657374616D70223A2231373935323931393131222C2274797065223A2274657874222C2274657874223A7B22626F6479223A2268656C6C6F227D7D5D7D2C226669656C64223A226D65737361676573227D5D7D5D7D');
INSERT INTO "raw" VALUES(2,'wa-main','delivery',1795291911014,X'7B226F626A656374223A2277686174736170705F627573696E6573735F6163636F756E74222C22656E747279223A5B7B226964223A22333330303131323233333434222C226368616E676573223A5B7B2276616C7565223A7B226D6573736167696E675F70726F64756374223A227768617473617070222C226D65746164617461223A7B22646973706C61795F70686F6E655F6E756D626572223A22343432303731383338373530222C2270686F6E655F6E756D6265725F6964223A22313039383736353433323130227D2C22636F6E7461637473223A5B7B2270726F66696C65223A7B226E616D65223A22416E61204C696D61227D2C2277615F6964223A22343437373030393030313233227D5D2C226D65737361676573223A5B7B2266726F6D223A22343437373030393030313233222C226964223A2277616D69642E4842674D4E4451334E7A41774F5441774D54497A46514941456867553030303030303032222C2274696D657374616D70223A2231373935323931393131222C2274797065223A2274657874222C2274657874223A7B22626F6479223A226D7920696E766F6963652069732077726F6E67227D7D5D7D2C226669656C64223A226D65737361676573227D5D7D5D7D');
INSERT INTO "raw" VALUES(3,'wa-main','delivery',1795291911031,X'7B226F626A656374223A2277686174736170705F627573696E6573735F6163636F756E74222C22656E747279223A5B7B226964223A22333330303131323233333434222C226368616E676573223A5B7B2276616C7565223A7B226D6573736167696E675F70726F64756374223A227768617473617070222C226D65746164617461223A7B22646973706C61795F70686F6E655F6E756D626572223A22343432303731383338373530222C2270686F6E655F6E756D6265725F6964223A22313039383736353433323130227D2C22636F6E7461637473223A5B7B2270726F66696C65223A7B226E616D65223A22416E61204C696D61227D2C2277615F6964223A22343437373030393030343536227D5D2C226D65737361676573223A5B7B2266726F6D223A22343437373030393030343536222C226964223A2277616D69642E4842674D4E4451334E7A41774F5441774D54497A46514941456867553030303030303033222C2274696D657374616D70223A2231373935323931393131222C2274797065223A2274657874222C2274657874223A7B22626F6479223A226D79206C616D7020697320637261636B6564227D7D5D7D2C226669656C64223A226D65737361676573227D5D7D5D7D');
INSERT INTO "raw" VALUES(4,'wa-main','delivery',1795291911044,X'7B226F626A656374223A2277686174736170705F627573696E6573735F6163636F756E74222C22656E747279223A5B7B226964223A22333330303131323233333434222C226368616E676573223A5B7B2276616C7565223A7B226D6573736167696E675F70726F64756374223A227768617473617070222C226D65746164617461223A7B22646973706C61795F70686F6E655F6E756D626572223A22343432303731383338373530222C2270686F6E655F6E756D6265725F6964223A22313039383736353433323130227D2C22636F6E7461637473223A5B7B2270726F66696C65223A7B226E616D65223A22416E61204C696D61227D2C2277615F6964223A22343437373030393030343536227D5D2C226D65737361676573223A5B7B2266726F6D223A22343437373030393030343536222C226964223A2277616D69642E4842674D4E4451334E7A41774F5441774D54497A46514941456867553030303030303034222C2274696D657374616D70223A2231373935323931393131222C2274797065223A22696D616765222C22696D616765223A7B226964223A2231303133383539363030323835303030222C226D696D655F74797065223A22696D6167655C2F6A706567222C22736861323536223A22375A363866593678616942426945623462314E6B685277766D46683232485343694B5530467645577466733D222C2263617074696F6E223A2274686520637261636B227D7D5D7D2C226669656C64223A226D65737361676573227D5D7D5D7D');
INSERT INTO "raw" VALUES(5,'wa-main','delivery',1795291911129,X'7B226F626A656374223A2277686174736170705F627573696E6573735F6163636F756E74222C22656E747279223A5B7B226964223A22333330303131323233333434222C226368616E676573223A5B7B2276616C7565223A7B226D6573736167696E675F70726F64756374223A227768617473617070222C226D65746164617461223A7B22646973706C61795F70686F6E655F6E756D626572223A22343432303731383338373530222C2270686F6E655F6E756D6265725F6964223A22313039383736353433323130227D2C22636F6E7461637473223A5B7B2270726F66696C65223A7B226E616D65223A22416E61204C696D61227D2C2277615F6964223A22343437373030393030313233227D5D2C226D65737361676573223A5B7B2266726F6D223A22343437373030393030313233222C226964223A2277616D69642E4842674D4E4451334E7A41774F5441774D54497A46514941456867553030303030303035222C2274696D657374616D70223A2231373935323931393131222C2274797065223A2274657874222C2274657874223A7B22626F6479223A226E756D6265722034373131227D7D5D7D2C226669656C64223A226D65737361676573227D5D7D5D7D');
CREATE TABLE receipt (
	n INTEGER PRIMARY KEY,
	message_n INTEGER REFERENCES message (n),
	channel TEXT NOT NULL,
	external_id TEXT,
	key TEXT,
	state INTEGER NOT NULL,
	at_ms INTEGER NOT NULL,
	got_ms INTEGER NOT NULL,
	code INTEGER NOT NULL,
	reach INTEGER NOT NULL,
	text TEXT,
	advice TEXT,
	detail TEXT
) STRICT;
INSERT INTO "receipt" VALUES(1,7,'wa-main','wamid.OUT00000001','9ylmhJKvH9GtmWUYLGUhBpbQipNhrTkbSUA__m3VdAA',1,1795291911000,1795291911067,0,0,NULL,NULL,'{"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"service"}}');
INSERT INTO "receipt" VALUES(2,7,'wa-main','wamid.OUT00000001','9ylmhJKvH9GtmWUYLGUhBpbQipNhrTkbSUA__m3VdAA',2,1795291911000,1795291911079,0,0,NULL,NULL,'{"pricing":{"billable":true,"pricing_model":"PMP","type":"regular","category":"service"}}');
CREATE TABLE seen (
	bucket INTEGER NOT NULL,
	hash BLOB NOT NULL,
	message_n INTEGER NOT NULL,
	seen_ms INTEGER NOT NULL,
	PRIMARY KEY (bucket, hash)
) STRICT, WITHOUT ROWID;
INSERT INTO "seen" VALUES(20778,X'17AD3191B5B9B68689F10F2AC6B9190C',6,1795291911044);
INSERT INTO "seen" VALUES(20778,X'43A91D52100CCB85D2C4F11ACF5E2F10',9,1795291911129);
INSERT INTO "seen" VALUES(20778,X'92A2128D9CFCD5B47E31CCE8DF13BD19',1,1795291911008);
INSERT INTO "seen" VALUES(20778,X'95F60097B437A1D34E723EFC9F42E6D8',2,1795291911014);
INSERT INTO "seen" VALUES(20778,X'BBF516363A890D1B5CD46D21A39D222D',7,1795291911053);
INSERT INTO "seen" VALUES(20778,X'D51B120392BA47356E3A35C66DA97743',8,1795291911100);
INSERT INTO "seen" VALUES(20778,X'F458874F71145E3917E54B910460CA6E',4,1795291911031);
INSERT INTO "seen" VALUES(20778,X'FDE7296ABA9C2E45173A0C3C1E0E1CF8',7,1795291911077);
CREATE TABLE thread (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	contact_n INTEGER NOT NULL REFERENCES contact (n),
	scope TEXT NOT NULL,
	key TEXT NOT NULL,
	subject TEXT,
	state INTEGER NOT NULL,
	resolution INTEGER NOT NULL,
	version INTEGER NOT NULL,
	opened_ms INTEGER NOT NULL,
	last_ms INTEGER NOT NULL,
	first_message_ms INTEGER NOT NULL,
	last_customer_ms INTEGER NOT NULL,
	first_response_ms INTEGER NOT NULL,
	first_bot_ms INTEGER NOT NULL,
	closed_ms INTEGER NOT NULL,
	converted_ms INTEGER NOT NULL,
	messages INTEGER NOT NULL,
	inbound INTEGER NOT NULL,
	outbound INTEGER NOT NULL,
	last_seq INTEGER NOT NULL,
	last_event_n INTEGER,
	last_message_n INTEGER,
	channel TEXT,
	reply_to TEXT,
	reply_from TEXT,
	last_in_n INTEGER,
	tags TEXT,
	fields TEXT,
	ticket_n INTEGER,
	held INTEGER NOT NULL,
	reopened INTEGER NOT NULL
) STRICT;
INSERT INTO "thread" VALUES(1,'thr_01m7zvs4v0f0qvdxeg15p8wkae',1,'default','',NULL,3,0,8,1795291911008,1795291911129,1795291911008,1795291911129,1795291911053,0,0,1795291911014,5,3,1,10,16,9,'wa-main','tel:+447700900123','whatsapp:109876543210',9,NULL,NULL,1,0,0);
INSERT INTO "thread" VALUES(2,'thr_01m7zvs4vqftqbekcwcq958h2j',2,'default','',NULL,3,0,5,1795291911031,1795291911100,1795291911031,1795291911044,1795291911100,0,0,1795291911031,4,2,1,7,17,8,'wa-main','tel:+447700900456','whatsapp:109876543210',6,NULL,NULL,2,0,0);
CREATE TABLE ticket (
	n INTEGER PRIMARY KEY,
	id TEXT NOT NULL UNIQUE,
	thread_n INTEGER NOT NULL REFERENCES thread (n),
	number TEXT NOT NULL UNIQUE,
	state INTEGER NOT NULL,
	subject TEXT NOT NULL,
	priority TEXT,
	category TEXT,
	type TEXT,
	reason TEXT,
	agent TEXT,
	external_status TEXT,
	created_ms INTEGER NOT NULL,
	changed_ms INTEGER NOT NULL,
	confirmed INTEGER NOT NULL
) STRICT;
INSERT INTO "ticket" VALUES(1,'tkt_01m7zvs4v6eyw8t0mc4et55x92',1,'TK-1000',2,'Chat with Ana Lima',NULL,NULL,NULL,'rule everything at once',NULL,NULL,1795291911014,1795291911040,0);
INSERT INTO "ticket" VALUES(2,'tkt_01m7zvs4vqftqbekcwd1qd8h9e',2,'TK-1001',2,'Chat with Ana Lima',NULL,NULL,NULL,'rule everything at once',NULL,NULL,1795291911031,1795291911098,0);
CREATE TABLE timer (
	thread_n INTEGER NOT NULL,
	kind TEXT NOT NULL,
	due_ms INTEGER NOT NULL,
	data TEXT,
	PRIMARY KEY (thread_n, kind)
) STRICT, WITHOUT ROWID;
INSERT INTO "timer" VALUES(1,'idle',1795378311008,NULL);
INSERT INTO "timer" VALUES(2,'unknown:9',1795292511115,NULL);
CREATE INDEX address_contact ON address (contact_n) WHERE contact_n IS NOT NULL;
CREATE INDEX thread_contact ON thread (contact_n, scope);
CREATE UNIQUE INDEX thread_open ON thread (contact_n, scope, key) WHERE state = 1;
CREATE INDEX attachment_message ON attachment (message_n);
CREATE INDEX receipt_message ON receipt (message_n) WHERE message_n IS NOT NULL;
CREATE INDEX receipt_parked_id ON receipt (channel, external_id) WHERE message_n IS NULL;
CREATE INDEX receipt_parked_key ON receipt (channel, key) WHERE message_n IS NULL;
CREATE INDEX receipt_parked_age ON receipt (got_ms) WHERE message_n IS NULL;
CREATE UNIQUE INDEX ticket_open ON ticket (thread_n) WHERE state < 4;
CREATE INDEX link_external ON link (external_id, backend);
CREATE INDEX outbox_due ON outbox (target, name, state, due_ms);
CREATE INDEX outbox_lane ON outbox (target, name, lane, n);
CREATE INDEX outbox_message ON outbox (message_n) WHERE message_n IS NOT NULL;
CREATE INDEX timer_due ON timer (due_ms);
CREATE INDEX idempotency_age ON idempotency (at_ms);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('outbox',11);
COMMIT;
