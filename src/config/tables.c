/* tables.c - the option tables of the gateway's own sections: defaults, ranges, help */
#include "tables.h"
#include "options.h"

/* Where adapters were installed; configure and make know it. */
#ifndef HG_ADAPTER_DIR
#error "HG_ADAPTER_DIR is to be set by the makefile"
#endif

#define REQUIRED HG_OPT_REQUIRED
#define RELOAD	 HG_OPT_RELOAD
#define NONE	 0

#define TOP(field, name, ...) HG_OPTION_AT(hg_conf, field, name, __VA_ARGS__)
const struct hg_option hg_top_options[] = {
	TOP(config_version, "config_version", INT, REQUIRED, NULL, "1..1",
	    "Version of the meaning of this file and of its defaults; 1 is the only one."),
	TOP(engine.fallback, "default", ENUM, RELOAD, "convert", "convert|hold|ignore",
	    "What becomes of a conversation that no rule has decided."),
	TOP(engine.settle_ms, "settle", MSECS, RELOAD, "20s", "0s..1h",
	    "How long a conversation may stay undecided, so that a second message can join the "
	    "first, before default: is applied."),
	TOP(engine.first_response_ms, "first_response", MSECS, RELOAD, "5m", "10s..7d",
	    "A held conversation that nobody has answered after this time becomes a ticket all the same."),
	TOP(engine.idle_close_ms, "idle_close", MSECS, RELOAD, "1d", "1m..90d",
	    "Conversations without traffic for so long are closed: as resolved when a person had the last word, "
	    "else as unresolved."),
	TOP(engine.quiet_close_ms, "quiet_close", MSECS, RELOAD, "10m", "0s..7d",
	    "A conversation whose customer said that it is solved is closed as resolved after this time, unless "
	    "he goes on."),
	HG_OPTION_END
};

#define GATEWAY(field, name, ...) HG_OPTION_AT(struct hg_gateway_conf, field, name, __VA_ARGS__)
const struct hg_option hg_gateway_options[] = {
	GATEWAY(name, "name", STRING, RELOAD, "headgate", "1..100",
		"Name of this gateway, as people see it."),
	GATEWAY(language, "language", STRING, RELOAD, "en", "2..8",
		"Language of what customers are told where theirs is not known: en, de, es, fr, pt, it, nl, or one "
		"that the texts are written in."),
	GATEWAY(listen, "listen", STRING, NONE, "127.0.0.1:8420", NULL,
		"Address and port of the HTTP server; an IPv6 address stands in brackets, port 0 takes a "
		"free one."),
	GATEWAY(public_url, "public_url", URL, RELOAD, NULL, NULL,
		"URL under which the outside reaches this server; webhooks and links are built from it."),
	GATEWAY(tls_cert, "tls_cert", PATH, RELOAD, NULL, NULL,
		"Certificate chain (PEM) when headgate itself speaks TLS; tls_key belongs to it."),
	GATEWAY(tls_key, "tls_key", PATH, RELOAD, NULL, NULL, "Private key (PEM) of tls_cert."),
	GATEWAY(trusted_proxies, "trusted_proxies", STRINGS, RELOAD, NULL, NULL,
		"Addresses or networks (10.0.0.0/8) of reverse proxies whose X-Forwarded-For is believed."),
	GATEWAY(socket, "socket", PATH, NONE, "/run/headgate/headgate.sock", NULL,
		"Unix socket of headgatectl."),
	GATEWAY(adapter_dir, "adapter_dir", PATH, NONE, HG_ADAPTER_DIR, NULL,
		"Directory adapters are loaded from; HEADGATE_ADAPTER_DIR in the environment goes before it."),
	GATEWAY(backup_dir, "backup_dir", PATH, RELOAD, NULL, NULL,
		"Directory below which the daemon makes backups of itself when the API asks for one (POST /v1/backup); without "
		"it, only headgatectl makes them, on this machine."),
	GATEWAY(log_format, "log_format", ENUM, RELOAD, "logfmt", "logfmt|json", "How log lines are written."),
	GATEWAY(log_level, "log_level", ENUM, RELOAD, "info", "debug|info|warn|error",
		"Log lines below this level are left out."),
	GATEWAY(capture, "capture", BOOL, NONE, "false", NULL,
		"Nothing leaves this gateway: no message, no event, no question, no poll. What would have left is kept to be "
		"looked at (headgatectl capture), and tickets get numbers CAP-N. For trying a configuration."),
	GATEWAY(max_connections, "max_connections", INT, RELOAD, "1024", "8..100000",
		"HTTP connections at the same time."),
	GATEWAY(max_per_address, "max_per_address", INT, RELOAD, "64", "1..100000",
		"HTTP connections of one client address at the same time."),
	GATEWAY(max_streams, "max_streams", INT, RELOAD, "10000", "1..1000000",
		"Visitors of the chat widget that are followed live at the same time, beside max_connections. Each takes "
		"a file descriptor: see LimitNOFILE."),
	GATEWAY(max_streams_per_address, "max_streams_per_address", INT, RELOAD, "256", "1..1000000",
		"How many of them one client address may have: an office or a mobile network has many behind one."),
	GATEWAY(head_timeout_ms, "head_timeout", MSECS, RELOAD, "10s", "1s..10m",
		"A request's head has to be complete after this time."),
	GATEWAY(body_timeout_ms, "body_timeout", MSECS, RELOAD, "30s", "1s..1h",
		"A request's body has to be complete after this time."),
	GATEWAY(idle_timeout_ms, "idle_timeout", MSECS, RELOAD, "60s", "1s..1h",
		"A connection without a request is closed after this time."),
	HG_OPTION_END
};

#define STORE(field, name, ...) HG_OPTION_AT(struct hg_store_conf, field, name, __VA_ARGS__)
const struct hg_option hg_store_options[] = {
	STORE(driver, "driver", ENUM, NONE, "sqlite", "sqlite|postgresql",
	      "Kind of database: a file of its own, or a PostgreSQL server that several nodes share."),
	STORE(path, "path", PATH, NONE, "/var/lib/headgate/headgate.db", NULL,
	      "Database file; it is made when it is missing."),
	STORE(url, "url", STRING, NONE, NULL, "1..2048",
	      "PostgreSQL: where the database is, as its own programs take it (postgresql://headgate@db.example/headgate?sslmode=verify-full). "
	      "The file named by path is not made then; what each node keeps for itself lies beside it."),
	STORE(password, "password", SECRET, NONE, NULL, "1..1024", "PostgreSQL: the password, where one is asked for."),
	STORE(node, "node", STRING, NONE, NULL, "1..63",
	      "PostgreSQL: this node's name among those that share the database; without it the host's name."),
	STORE(attachments, "attachments", PATH, NONE, NULL, NULL,
	      "Directory for attachments; without it they lie beside the database. Several nodes share it, unless attachments_in says database."),
	STORE(attachments_in, "attachments_in", ENUM, NONE, "directory", "directory|database",
	      "What keeps attachments: that directory, or (PostgreSQL) the database, in pieces; each node has a directory of its own then, with copies."),
	STORE(journal_ms, "journal", MSECS, RELOAD, "30d", "0s..3650d",
	      "How long each command is kept, so that \"headgatectl rebuild\" can do all of it again; 0s: not at all."),
	STORE(audit_ms, "audit", MSECS, RELOAD, "400d", "0s..36500d",
	      "How long it is kept who did what over the API (\"headgatectl audit\"); 0s: for ever."),
	STORE(min_free, "min_free", BYTES, RELOAD, "128MiB", "1MiB..1000GiB",
	      "With less disk space than this, nothing new is taken in: providers get 503 and come again."),
	STORE(ballast, "ballast", BYTES, NONE, "32MiB", "0..1GiB",
	      "Size of a file kept in reserve. On a full disk it is deleted, so that what is under way, deleting and the "
	      "shutdown still get through; with room again it is made again. 0: none."),
	STORE(search, "search", BOOL, NONE, "true", NULL,
	      "Keep an index of what was said, in a file of its own beside the database (headgate-search.db, about as big as the texts), so "
	      "that all of it can be searched? Without it a search looks through the newest 1,000 messages."),
	HG_OPTION_END
};

#define WINDOW(field, name, ...) HG_OPTION_AT(struct hg_window_conf, field, name, __VA_ARGS__)
const struct hg_option hg_window_options[] = {
	WINDOW(dedupe_ms, "dedupe", MSECS, RELOAD, "7d", "1h..90d",
	       "A provider's message that comes again within this time is a duplicate."),
	WINDOW(join_ms, "join", MSECS, RELOAD, "7d", "0s..365d",
	       "A message joins the contact's open ticket when that was active within this time."),
	WINDOW(reopen_ms, "reopen", MSECS, RELOAD | HG_OPT_AGES, "3d", "0s..365d",
	       "A message reopens a closed conversation within this time after its closing. Or a list by age, "
	       "[{ within: 1d, do: reopen }, { within: 7d, do: join }]: join adds it to the closed ticket and "
	       "reopens nothing; what is older than the last age begins a new conversation."),
	HG_OPTION_END
};

#define RETENTION(field, name, ...) HG_OPTION_AT(struct hg_retention_conf, field, name, __VA_ARGS__)
const struct hg_option hg_retention_options[] = {
	RETENTION(messages_ms, "messages", MSECS, RELOAD, "0s", "0s..36500d",
		  "Texts, subjects and addresses of messages; 0s: for ever. Rows stay with numbers and times, so that reports add up."),
	RETENTION(notes_ms, "notes", MSECS, RELOAD, "0s", "0s..36500d", "Texts of notes; 0s: for ever."),
	RETENTION(attachments_ms, "attachments", MSECS, RELOAD, "0s", "0s..36500d", "Files; 0s: for ever."),
	RETENTION(raw_ms, "raw", MSECS, RELOAD, "0s", "0s..36500d",
		  "Deliveries as they came, from when they came; 0s: for ever. What could not be read yet is kept."),
	RETENTION(decisions_ms, "decisions", MSECS, RELOAD, "0s", "0s..36500d",
		  "What decisions were made of; 0s: for ever. \"explain\" shows what came of them, but not why, after that."),
	RETENTION(events_ms, "events", MSECS, RELOAD, "0s", "0s..36500d", "What events told; 0s: for ever."),
	HG_OPTION_END
};

#define TICKET(field, name, ...) HG_OPTION_AT(struct hg_ticket_conf, field, name, __VA_ARGS__)
const struct hg_option hg_ticket_options[] = {
	TICKET(number, "number", STRING, RELOAD, "TK-%d", "2..40",
	       "Pattern of our own ticket numbers: %d is the counter, %06d the counter with at least six "
	       "digits, %Y, %y and %m the year and month (UTC), %% a percent sign."),
	TICKET(first_number, "first_number", INT, RELOAD, "1000", "1..1000000000",
	       "Where the counter of a new database begins."),
	TICKET(confirm, "confirm", MAP, RELOAD, NULL, "0..1000",
	       "Text the customer gets when a ticket is made, or { en: ..., de: ... } by language; ${number}, "
	       "${expected}, ${name} and ${url} are known, \"\" sends nothing.  Without it a built-in one in seven "
	       "languages."),
	TICKET(confirm_wait_ms, "confirm_wait", MSECS, RELOAD, "1m", "0s..1h",
	       "How long the confirmation waits for the helpdesk's number before it names ours."),
	TICKET(expected, "expected", MAP, RELOAD, NULL, NULL,
	       "When an answer may be expected, for the confirmation: 4h, or by priority or queue: "
	       "{ urgent: 1h, default: 8h }."),
	TICKET(expected_hours, "expected_hours", STRING, RELOAD, NULL, "1..64",
	       "Business hours (of hours:) that these times count in; without it they count day and night."),
	TICKET(status_by_agent, "status_by_agent", STRING, RELOAD, "in_progress", "0..64",
	       "Status the helpdesk is to give a ticket that an agent made; he is its assignee.  \"\" leaves it to "
	       "the helpdesk."),
	HG_OPTION_END
};

#define RATING(field, name, ...) HG_OPTION_AT(struct hg_rating_conf, field, name, __VA_ARGS__)
const struct hg_option hg_rating_options[] = {
	RATING(ask, "ask", BOOL, RELOAD, "false", NULL, "Ask customers how content they are?"),
	RATING(channels, "channels", STRINGS, RELOAD, NULL, NULL,
	       "Ask on these channels only, the one he wrote on last; without it on all."),
	RATING(after, "after", STRINGS, RELOAD, "[closed, solved]", "closed|solved|converted",
	       "When: a conversation without a ticket was closed, one with a ticket was, one became a ticket.  He is "
	       "asked once for each of them that goes on from its opening to its end."),
	RATING(delay_ms, "delay", MSECS, RELOAD, "1m", "0s..7d",
	       "How long after that; not when the conversation goes on meanwhile."),
	RATING(scale, "scale", ENUM, RELOAD, "5", "5|thumbs", "A number from 1 to 5, 5 being best, or thumbs up and down."),
	RATING(text, "text", MAP, RELOAD, NULL, "1..1000",
	       "The question, or { en: ..., de: ... } by language; ${name} and ${number} are known.  Without it a "
	       "built-in one in seven languages."),
	RATING(thanks, "thanks", MAP, RELOAD, NULL, "0..1000", "What is said to his answer; without it nothing."),
	RATING(wait_ms, "wait", MSECS, RELOAD, "1d", "1m..30d", "An answer after this time is an ordinary message."),
	HG_OPTION_END
};

#define PROMPT(field, name, ...) HG_OPTION_AT(struct hg_prompt_conf, field, name, __VA_ARGS__)
const struct hg_option hg_prompt_options[] = {
	PROMPT(text, "text", MAP, RELOAD, NULL, "1..1000",
	       "What the customer is asked before an agent closes a conversation with ask, or { en: ..., de: ... } by "
	       "language; ${name} and ${number} are known.  Without it a built-in one in seven languages."),
	PROMPT(wait_ms, "wait", MSECS, RELOAD, "1d", "1m..30d",
	       "Without an answer after this time the conversation is closed as resolved, but not as confirmed."),
	HG_OPTION_END
};

#define REPORT(field, name, ...) HG_OPTION_AT(struct hg_report_conf, field, name, __VA_ARGS__)
const struct hg_option hg_report_options[] = {
	REPORT(resolved_after_ms, "resolved_after", MSECS, RELOAD, "24h", "0s..30d",
	       "A closed conversation counts as resolved when the customer has not come back for so long."),
	REPORT(reopened_within_ms, "reopened_within", MSECS, RELOAD, "7d", "1h..90d",
	       "A customer who comes back within this time after a closing has had it reopened."),
	HG_OPTION_END
};

#define CHANNEL(field, name, ...) HG_OPTION_AT(struct hg_channel_conf, field, name, __VA_ARGS__)
const struct hg_option hg_channel_options[] = {
	CHANNEL(adapter, "adapter", STRING, REQUIRED, NULL, "1..64",
		"Adapter that speaks the provider's protocol: see headgatectl adapters."),
	CHANNEL(scope, "scope", STRING, NONE, "default", "1..64",
		"Brand or department: a contact's matters are joined within one scope only."),
	CHANNEL(shadow, "shadow", BOOL, RELOAD, "false", NULL,
		"On trial: what comes in is kept and judged, conversations and tickets are made inside headgate, but no "
		"helpdesk hears of them, and customers get no automatic answer."),
	CHANNEL(window.join_ms, "window.join", MSECS, RELOAD, NULL, "0s..365d",
		"As join of the gateway's window, for messages that come on this channel."),
	CHANNEL(window.reopen_ms, "window.reopen", MSECS, RELOAD | HG_OPT_AGES, NULL, "0s..365d",
		"As reopen of the gateway's window, a time or a list by age, for messages that come on this channel."),
	CHANNEL(retention.messages_ms, "retention.messages", MSECS, RELOAD, NULL, "0s..36500d",
		"As messages of the gateway's retention, for conversations of this channel; 0s: for ever."),
	CHANNEL(retention.notes_ms, "retention.notes", MSECS, RELOAD, NULL, "0s..36500d", "The same of notes."),
	CHANNEL(retention.attachments_ms, "retention.attachments", MSECS, RELOAD, NULL, "0s..36500d", "The same of files."),
	CHANNEL(retention.raw_ms, "retention.raw", MSECS, RELOAD, NULL, "0s..36500d",
		"The same of deliveries as they came, from when they came."),
	CHANNEL(retention.decisions_ms, "retention.decisions", MSECS, RELOAD, NULL, "0s..36500d",
		"The same of what decisions were made of."),
	CHANNEL(retention.events_ms, "retention.events", MSECS, RELOAD, NULL, "0s..36500d", "The same of what events told."),
	CHANNEL(window.any_subject, "window.any_subject", BOOL, RELOAD, "false", NULL,
		"Of mail: a message joins the sender's open ticket whatever its subject is; without, only with the same one."),
	CHANNEL(window.join_unproven, "window.join_unproven", BOOL, RELOAD, "false", NULL,
		"Of mail: so does one whose sender nobody vouches for and that has no token of ours. Anybody can then write "
		"into a ticket whose customer he knows."),
	CHANNEL(automatic_tickets, "automatic_tickets", BOOL, RELOAD, "false", NULL,
		"Of mail: rules may make tickets of what machines send: out-of-office answers, lists, notifications."),
	CHANNEL(on_ambiguous, "on_ambiguous", ENUM, RELOAD, "hold", "hold|resend",
		"What to do with a message that may or may not have been sent."),
	CHANNEL(ambiguous_wait_ms, "ambiguous_wait", MSECS, RELOAD, "10m", "10s..7d",
		"How long a receipt may settle such a message before on_ambiguous decides."),
	CHANNEL(media_max, "media_max", BYTES, RELOAD, "100MiB", "1KiB..2GiB",
		"Largest file taken from or sent to this channel."),
	CHANNEL(media_types, "media_types", STRINGS, RELOAD, NULL, NULL,
		"Media types taken in, such as image/*; without it all are."),
	CHANNEL(poll_ms, "poll", MSECS, RELOAD, NULL, "1s..1d",
		"How often a provider that has to be asked for messages is asked; without it as often as the adapter "
		"thinks right: every 30s where messages come no other way, hourly where they are only looked for in case "
		"one did not come."),
	CHANNEL(confirm, "confirm", MAP, RELOAD, NULL, "0..1000",
		"What the customer is told here instead of ticket.confirm; \"\" sends nothing."),
	CHANNEL(confirm_template.name, "confirm_template.name", STRING, RELOAD, NULL, "1..512",
		"Approved template that confirms where the reply window is closed; without it nothing is sent then, and "
		"the agent is told so."),
	CHANNEL(confirm_template.language, "confirm_template.language", STRING, RELOAD, NULL, "2..16",
		"Language code of that template, such as en_US."),
	CHANNEL(confirm_template.values, "confirm_template.values", STRINGS, RELOAD, NULL, "1..200",
		"What its variables get, in order, with the values that ticket.confirm knows; without it the number."),
	CHANNEL(closed_template.name, "closed_template.name", STRING, RELOAD, NULL, "1..512",
		"Approved template that asks the customer to write again. An agent whose answer came too late for the reply "
		"window is told that this one would reach him."),
	CHANNEL(closed_template.language, "closed_template.language", STRING, RELOAD, NULL, "2..16",
		"Language code of that template."),
	CHANNEL(consent.words, "consent.words", ENUM, RELOAD, "auto", "auto|yes|no",
		"A message that is only STOP, START, HELP or another of the carriers' words says whether the customer wants "
		"messages, and makes no ticket; auto: where the adapter carries short messages."),
	CHANNEL(consent.stops, "consent.stops", ENUM, RELOAD, "auto", "auto|all|automatic",
		"What a customer who opted out gets no more: all messages, or only what headgate says by itself; auto: all "
		"where words count, else automatic, for there providers speak of advertising."),
	CHANNEL(consent.written_again, "consent.written_again", ENUM, RELOAD, "refuse", "refuse|answer",
		"When he writes something else after his STOP: refuse answers all the same and tell the agent so, or let "
		"agents answer, as long as the provider does not block them itself."),
	CHANNEL(consent.stop_text, "consent.stop_text", MAP, RELOAD, NULL, "0..1000",
		"What STOP is answered with, or { en: ..., de: ... } by language; ${company} and ${name} are known, \"\" sends "
		"nothing.  Without it a built-in one in seven languages.  Never sent where the provider has answered itself."),
	CHANNEL(consent.start_text, "consent.start_text", MAP, RELOAD, NULL, "0..1000", "The same for START."),
	CHANNEL(consent.help_text, "consent.help_text", MAP, RELOAD, NULL, "0..1000", "The same for HELP."),
	CHANNEL(unseen.mail, "unseen.mail", STRING, RELOAD, NULL, "1..64",
		"Of a chat widget: mail channel on which answers go that the visitor did not read, when an address of his is "
		"known; his answer comes to the same conversation.  Without it none do."),
	CHANNEL(unseen.after_ms, "unseen.after", MSECS, RELOAD, "2m", "10s..7d",
		"How long after the first answer he did not read; all of them go in one mail."),
	CHANNEL(unseen.gap_ms, "unseen.gap", MSECS, RELOAD, "10m", "0s..7d", "And at the earliest so long after the last mail."),
	CHANNEL(unseen.push_ms, "unseen.push", MSECS, RELOAD, "15s", "0s..1h",
		"How long an answer may not have reached a browser or an app before backends hear contact.unreachable_reply, for a "
		"push message of your own; 0s: never."),
	CHANNEL(unseen.preview, "unseen.preview", BOOL, RELOAD, "false", NULL,
		"contact.unreachable_reply has the beginning of the answer in it."),
	CHANNEL(requester, "requester", ENUM, RELOAD, "none", "real|ask|synthetic|none",
		"Who is the ticket's requester when no e-mail address of the customer is proven: real marks the "
		"ticket requester_missing, ask asks him first, synthetic makes an address, none leaves it at his name "
		"and phone."),
	CHANNEL(requester_address, "requester_address", STRING, RELOAD, "${contact.id}@headgate.invalid", "3..200",
		"Address that requester: synthetic makes; ${contact.id} and ${phone} are known.  The default can never "
		"be delivered to; a domain has to be your own."),
	CHANNEL(ask_text, "ask_text", MAP, RELOAD, NULL, "1..1000",
		"Question of requester: ask, or { en: ..., de: ... } by language; without it a built-in one."),
	CHANNEL(ask_wait_ms, "ask_wait", MSECS, RELOAD, "4m", "10s..1d",
		"How long the helpdesk's request waits for the answer of requester: ask; after 5m a conversation that "
		"was closed unresolved counts as dropped."),
	CHANNEL(ticket.priority, "ticket.priority", STRING, RELOAD, NULL, "1..64",
		"Priority of this channel's tickets when neither rule nor agent gives one."),
	CHANNEL(ticket.category, "ticket.category", STRING, RELOAD, NULL, "1..64", "The same for the category."),
	CHANNEL(ticket.type, "ticket.type", STRING, RELOAD, NULL, "1..64", "The same for the type."),
	CHANNEL(ticket.queue, "ticket.queue", STRING, RELOAD, NULL, "1..64", "The same for the queue or pipeline."),
	CHANNEL(ticket.status, "ticket.status", STRING, RELOAD, NULL, "1..64",
		"Status the helpdesk is to give such tickets."),
	CHANNEL(ticket.assignee, "ticket.assignee", STRING, RELOAD, NULL, "1..100",
		"Who owns them when neither an agent made them nor anything else assigns them."),
	CHANNEL(ticket.custom, "ticket.custom", MAP, RELOAD, NULL, "0..1000",
		"Fields they have besides those that rules set: { inbox: whatsapp }."),
	HG_OPTION_END
};

#define BACKEND(field, name, ...) HG_OPTION_AT(struct hg_backend_conf, field, name, __VA_ARGS__)
const struct hg_option hg_backend_options[] = {
	BACKEND(preset, "preset", STRING, RELOAD, "webhook", "1..4096",
		"Which helpdesk: a name that headgatectl backend list prints, or the path of a preset of your own, ending in "
		".yaml; webhook is any program that takes signed JSON (Standard Webhooks)."),
	BACKEND(url, "url", URL, RELOAD, NULL, NULL,
		"Where the helpdesk is, without the path of its API; of webhook, where events are sent."),
	BACKEND(secrets, "secrets", SECRETS, RELOAD, NULL, NULL,
		"Of webhook: key that signs events, whsec_ and base64; two while one replaces the other, the new one first."),
	BACKEND(token, "token", SECRET, RELOAD, NULL, "1..8192",
		"Token or key of the account that headgate has in the helpdesk; headgatectl backend show says what a preset "
		"wants."),
	BACKEND(webhook_secret, "webhook_secret", SECRET, RELOAD, NULL, "1..8192",
		"What the helpdesk signs its webhooks with."),
	BACKEND(credentials, "credentials", SECRET_MAP, RELOAD, NULL, "1..8192",
		"Further secrets that the preset asks for, by name: { password: env:DESK_PASSWORD }."),
	BACKEND(values, "values", MAP, RELOAD, NULL, "0..1000",
		"What else the preset asks for, by name: { queue: Support }."),
	BACKEND(rate, "rate", INT, RELOAD, NULL, "1..100000",
		"Calls a minute at most, all together; without it as many as the preset says."),
	BACKEND(poll_ms, "poll", MSECS, RELOAD, NULL, "0s..1d",
		"How often the helpdesk is asked for what it has not told us; 0s never, without it as often as the preset "
		"says."),
	BACKEND(max_file, "max_file", BYTES, RELOAD, NULL, "0..2GiB",
		"Larger files are not sent there but named, with a link; without it the preset's."),
	BACKEND(on_ambiguous, "on_ambiguous", ENUM, RELOAD, "hold", "hold|resend",
		"A ticket that may have been made, where nothing can tell: hold it for somebody to look, or make it, perhaps "
		"again."),
	BACKEND(events, "events", STRINGS, RELOAD, NULL, NULL,
		"Patterns of the events to send, such as ticket.*; without it all that concern tickets."),
	BACKEND(timeout_ms, "timeout", MSECS, RELOAD, "20s", "1s..5m", "How long one attempt may take."),
	BACKEND(give_up_ms, "give_up", MSECS, RELOAD, "7d", "1m..30d",
		"How long an event is tried before it goes to the dead letters."),
	BACKEND(concurrency, "concurrency", INT, RELOAD, "16", "1..1000", "Attempts at the same time."),
	BACKEND(allow_private, "allow_private", BOOL, RELOAD, "true", NULL,
		"May the URL lead to an address of a private network?"),
	HG_OPTION_END
};

#define HOOK(field, name, ...) HG_OPTION_AT(struct hg_hook_conf, field, name, __VA_ARGS__)
const struct hg_option hg_hook_options[] = {
	HOOK(url, "url", URL, REQUIRED | RELOAD, NULL, NULL, "Where the questions are sent."),
	HOOK(secrets, "secrets", SECRETS, REQUIRED | RELOAD, NULL, NULL,
	     "Key that signs questions, whsec_ and base64; two while one replaces the other, the new one first."),
	HOOK(deadline_ms, "deadline", MSECS, RELOAD, "2s", "100ms..30s",
	     "How long a message waits for the answer; then what default: says counts."),
	HOOK(channels, "channels", STRINGS, RELOAD, NULL, NULL,
	     "Channels whose messages it is asked about; without it all of them."),
	HOOK(ask, "ask", ENUM, RELOAD, "always", "always|new",
	     "always: about each message; new: about the first of somebody who has never written before."),
	HOOK(cache_ms, "cache", MSECS, RELOAD, "0s", "0s..30d",
	     "For so long what it said of a contact and a conversation counts without asking again; 0s asks "
	     "about each message."),
	HOOK(concurrency, "concurrency", INT, RELOAD, "16", "1..1000", "Questions at the same time."),
	HOOK(allow_private, "allow_private", BOOL, RELOAD, "true", NULL,
	     "May the URL lead to an address of a private network?"),
	HG_OPTION_END
};

#define WORDS "{\"type\":\"array\",\"maxItems\":50,\"items\":{\"type\":\"string\",\"minLength\":1}}"
#define WORD_OR_NULL "{\"type\":[\"string\",\"null\"]}"
#define FIELDS "{\"type\":\"object\",\"maxProperties\":100,\"propertyNames\":{\"pattern\":\"^[A-Za-z0-9_.-]{1,64}$\"}," \
	"\"additionalProperties\":{\"type\":[\"string\",\"number\",\"boolean\",\"null\"]}}"
#define PART "{\"type\":\"object\",\"additionalProperties\":false,\"properties\":"
static const struct hg_section_map hook_default = {
	"default", "What counts when there is no answer in time; it has the shape of an answer.",
	"{\"type\":\"object\",\"additionalProperties\":false,\"properties\":{"
	"\"contact\":" PART "{\"tier\":" WORD_OR_NULL ",\"locale\":" WORD_OR_NULL ",\"name\":" WORD_OR_NULL ",\"external_id\":" WORD_OR_NULL ","
	"\"tags\":" WORDS ",\"fields\":" FIELDS "}},"
	"\"message\":" PART "{\"intent\":" WORD_OR_NULL ",\"sentiment\":" WORD_OR_NULL ",\"language\":" WORD_OR_NULL ",\"fields\":" FIELDS "}},"
	"\"thread\":" PART "{\"tags\":" WORDS ",\"fields\":" FIELDS "}}}}",
	"{ contact: { tier: standard } }",
};

#define TOKEN(field, name, ...) HG_OPTION_AT(struct hg_token_conf, field, name, __VA_ARGS__)
const struct hg_option hg_token_options[] = {
	TOKEN(token, "token", SECRET, REQUIRED | RELOAD, NULL, "16..512",
	      "Bearer token of a user of the HTTP API."),
	TOKEN(scopes, "scopes", STRINGS, REQUIRED | RELOAD, NULL,
	      "read|report|reply|start|convert|link|contacts|erase|operate|audit|backup|admin",
	      "What it may do; admin may do everything, read may see reports too."),
	TOKEN(channels, "channels", STRINGS, RELOAD, NULL, "1..64",
	      "The only channels whose conversations it sees and steers; what is about the gateway as a whole it may not "
	      "do. Without it there is no such limit."),
	HG_OPTION_END
};

#define CONSOLE(field, name, ...) HG_OPTION_AT(struct hg_console_conf, field, name, __VA_ARGS__)
const struct hg_option hg_console_options[] = {
	CONSOLE(enabled, "enabled", BOOL, NONE, "true", NULL,
		"Serve the web console; \"headgatectl console\" prints a link that signs in."),
	CONSOLE(listen, "listen", STRING, NONE, "127.0.0.1:8422", NULL,
		"Address and port of the console, which speaks no TLS: others than loopback stand behind a proxy that does, or "
		"are reached by \"ssh -L\"."),
	CONSOLE(public_url, "public_url", URL, RELOAD, NULL, NULL,
		"URL under which people reach the console; links that sign in are built from it."),
	HG_OPTION_END
};

#define ALARMS(field, name, ...) HG_OPTION_AT(struct hg_alarms_conf, field, name, __VA_ARGS__)
const struct hg_option hg_alarms_options[] = {
	ALARMS(to, "to", STRINGS, RELOAD, NULL, NULL,
	       "Mail addresses of the people who operate this gateway; needs mail."),
	ALARMS(mail, "mail", STRING, RELOAD, NULL, "1..32", "E-mail channel their mails go out on."),
	ALARMS(url, "url", URL, RELOAD, NULL, NULL,
	       "URL that alarms are POSTed to as well, signed by Standard Webhooks; needs secrets."),
	ALARMS(secrets, "secrets", SECRETS, RELOAD, NULL, NULL,
	       "One or two secrets (whsec_ and base64) that sign what is posted."),
	ALARMS(allow_private, "allow_private", BOOL, RELOAD, "false", NULL, "The url may be on a private network."),
	ALARMS(repeat_ms, "repeat", MSECS, RELOAD, "1d", "10m..30d", "What still stands is told again after this time."),
	ALARMS(quiet_ms, "quiet", MSECS, RELOAD, "10m", "0s..1d",
	       "An alarm is over when all has been well for this time; what comes back sooner is the same alarm."),
	ALARMS(channel_down_ms, "channel_down", MSECS, RELOAD, "5m", "0s..7d",
	       "A channel is down for this time; 0s: no alarm, as of all that follow."),
	ALARMS(channel_degraded_ms, "channel_degraded", MSECS, RELOAD, "1h", "0s..7d",
	       "A channel works, but not as it should: webhooks that are refused, a credential that will end."),
	ALARMS(channel_silent_ms, "channel_silent", MSECS, RELOAD, "0s", "0s..30d",
	       "Nothing has come in on a channel for this time. How long is odd differs, so it is off until you say."),
	ALARMS(backend_down_ms, "backend_down", MSECS, RELOAD, "5m", "0s..7d", "A helpdesk does not answer."),
	ALARMS(backlog_ms, "backlog", MSECS, RELOAD, "30m", "0s..7d",
	       "The oldest answer or event that waits for a channel or a helpdesk has waited for this time."),
	ALARMS(clock_ms, "clock", MSECS, RELOAD, "1m", "0s..7d", "The system's clock is not one to go by."),
	ALARMS(search_ms, "search", MSECS, RELOAD, "1h", "0s..7d",
	       "The search index cannot be written, does not hold the older messages yet, or is far behind."),
	ALARMS(drops, "drops", INT, RELOAD, "1", "0..1000000", "So many drops are open; 0: no alarm, as of the next two."),
	ALARMS(dead_letters, "dead_letters", INT, RELOAD, "1", "0..1000000", "So many dead letters of a channel or helpdesk."),
	ALARMS(free, "free", BYTES, RELOAD, "512MiB", "0..1000GiB", "Less disk space than this is left."),
	HG_OPTION_END
};

const struct hg_option hg_files_options[] = {
	HG_OPTION_AT(struct hg_files_conf, link_secrets, "link_secrets", SECRETS, RELOAD, NULL, NULL,
		     "Keys that links to files are signed with, of 32 characters or more: the first signs, all are good; another "
		     "one alone ends every link there is. Without: a key of the store."),
	HG_OPTION_END
};

const char *const hg_top_keys[] = {
	"include", "gateway", "hooks", "hours", "store", "window", "ticket", "rating", "close_prompt", "channels", "rules",
	"backends", "api", "tests", "word_lists", "queues", "report", "intent", "retention", "console", "alarms", "files", NULL
};

const struct hg_section hg_conf_sections[] = {
	{ "", "The top level of the file.", hg_top_options, FALSE, NULL },
	{ "gateway", "The daemon itself: where it listens, what it is called.", hg_gateway_options, FALSE, NULL },
	{ "store", "Where messages and tickets are kept.", hg_store_options, FALSE, NULL },
	{ "window", "How long things belong together.", hg_window_options, FALSE, NULL },
	{ "retention", "How long what customers said is kept, from the last activity of a conversation that is closed.",
	  hg_retention_options, FALSE, NULL },
	{ "ticket", "Numbers, and what the customer is told.", hg_ticket_options, FALSE, NULL },
	{ "rating", "How customers are asked what they think of it.", hg_rating_options, FALSE, NULL },
	{ "close_prompt", "How customers are asked whether it is solved.", hg_prompt_options, FALSE, NULL },
	{ "report", "What reports count as resolved and as reopened.", hg_report_options, FALSE, NULL },
	{ "console", "The web console: conversations, decisions and repairs in a browser.", hg_console_options, FALSE, NULL },
	{ "alarms", "What the people who operate this gateway are told of, and how.", hg_alarms_options, FALSE, NULL },
	{ "files", "Files of messages.", hg_files_options, FALSE, NULL },
	{ "channels", "Where customers write; each name has an adapter with options of its own.",
	  hg_channel_options, TRUE, NULL },
	{ "backends", "Helpdesks that tickets are forwarded to.", hg_backend_options, TRUE, NULL },
	{ "hooks", "Programs of yours that are asked about a message before the rules judge it: who is it, what does "
	  "he want?", hg_hook_options, TRUE, &hook_default },
	{ "api.tokens", "Who may use the HTTP API.", hg_token_options, TRUE, NULL },
	{ NULL, NULL, NULL, FALSE, NULL }
};
