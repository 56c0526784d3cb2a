/* sim_confs.c - configurations under which random histories are played */
#include "sim_confs.h"

#define AROUND										\
	"config_version: 1\n"								\
	"store: { min_free: 1MiB, journal: 3650d }\n"					\
	"backends:\n"									\
	"  desk: { url: \"https://desk.example/hook\", secrets: \"env:LAB_SECRET\" }\n"	\
	"  law: { url: \"https://law.example/hook\", secrets: \"env:LAB_SECRET\", events: [\"ticket.*\"] }\n"
#define CHANNELS									\
	"channels:\n"									\
	"  wa: { adapter: fake }\n  sms: { adapter: fake }\n  other: { adapter: fake, scope: brand }\n"	\
	"  asks: { adapter: asking }\n  again: { adapter: fake, on_ambiguous: resend }\n"

/* What is shipped. */
const char sim_shipped[] = AROUND CHANNELS
	"include: [rules/all.yaml]\n"
	"rules:\n"
	"  - { name: closed without an answer, on: thread.closed, when: { thread: { resolution: unresolved } }, do: { convert: {} } }\n";

/* Much that asks, answers and waits. */
#define CHATTY AROUND \
	"ticket: { confirm: \"Your number is ${number}.\", confirm_wait: 5m }\n" \
	"rating: { ask: true, after: [closed, solved], scale: thumbs }\n" \
	"channels:\n" \
	"  wa: { adapter: fake, consent: { words: yes, stop_text: Bye. }, unseen: { mail: asks, gap: 5m } }\n" \
	"  sms: { adapter: fake, shadow: true, consent: { words: yes } }\n  other: { adapter: fake, scope: brand }\n" \
	"  asks: { adapter: asking, consent: { words: yes } }\n" \
	"  again: { adapter: fake, on_ambiguous: resend, consent: { words: yes, written_again: answer },\n" \
	"           unseen: { mail: asks, after: 10s, gap: 0s } }\n" \
	"hooks:\n" \
	"  crm: { url: \"https://crm.example/\", secrets: \"env:LAB_SECRET\", deadline: 2s, cache: 1h }\n" \
	"  mood: { url: \"https://mood.example/\", secrets: \"env:LAB_SECRET\", channels: [wa, other],\n" \
	"          default: { message: { mood: calm } } }\n" \
	"queues:\n" \
	"  bills: { assign: least_busy, agents: { mia: { capacity: 2 }, tom: { capacity: 3, skills: [de] } },\n" \
	"           overflow: { text: \"We expect to answer in ${wait}.\" } }\n" \
	"  turns: { assign: round_robin, agents: { ann: { capacity: 1 }, bob: { capacity: 9 } } }\n" \
	"rules:\n" \
	"  - { name: bills, when: { text: { contains: invoice } }, do: { queue: bills, tag: money } }\n" \
	"  - { name: turns, when: { text: { contains: pedido } }, do: { queue: turns, skill: es } }\n" \
	"  - { name: law, when: { text: { contains: sue } }, do: { backend: law, convert: { priority: urgent } } }\n" \
	"  - { name: it is solved, when: { text: { contains: worked } }, do: { ignore: solved } }\n" \
	"  - { name: small talk, when: { text: { matches: '(?i)^(hi|ok|hola)' } }, do: { ignore: noise } }\n" \
	"  - { name: help, when: { text: { matches: '\\bhelp\\b' } }, do: { convert: { priority: high } } }\n" \
	"  - { name: angry, when: { fact: { mood: angry } }, do: { convert: { priority: high }, tag: angry } }\n" \
	"  - { name: slow, on: { unanswered: 10m }, do: { reply: Sorry for the wait., tag: slow } }\n" \
	"  - { name: too slow, on: { unanswered: 2h }, do: { convert: { priority: high } } }\n" \
	"  - { name: not there, on: receipt.failed, do: { tag: lost, convert: { category: undelivered } } }\n" \
	"  - { name: changed, on: thread.changed, when: { tag: vip }, do: { convert: { priority: high } } }\n"

const char sim_chatty[] = CHATTY;

/* The same, and what was said is forgotten after a while: longer than a history takes.  Raw deliveries are kept: events that show
 * one would not be made again as they were. */
const char sim_forgetful[] = CHATTY
	"retention: { messages: 30d, notes: 20d, attachments: 15d, events: 40d, decisions: 25d }\n";

/* One that holds, and is short of patience. */
const char sim_strict[] = AROUND CHANNELS
	"default: hold\n"
	"settle: 2m\n"
	"window: { dedupe: 1d, join: 2d, reopen: 1h }\n"
	"rules:\n"
	"  - { name: small talk, when: { text: { matches: '(?i)^(hi|thanks|hola)' } }, do: { ignore: noise } }\n"
	"  - { name: holds, when: { text: { contains: hold } }, do: { hold: true, reply: one moment, tag: held } }\n"
	"  - { name: help, when: { text: { matches: '\\bhelp\\b' } }, do: { convert: { priority: high }, set: { topic: help } } }\n"
	"  - { name: bots, on: { bot: 3m }, do: { convert: {} } }\n"
	"  - { name: idle, on: thread.idle, when: { thread: { messages: { at_least: 2 } } }, do: { convert: {} } }\n";

/* What the reference model knows; its rules are written down there once more (model.py, RULES). */
#define PLAIN										\
	AROUND CHANNELS									\
	"ticket: { confirm: \"\" }\n"							\
	"rules:\n"									\
	"  - { name: machines, when: { automatic: true }, do: { ignore: automatic } }\n"	\
	"  - { name: small talk, when: { text: { matches: '(?i)^(hi|ok|hola)' }, thread: { has_ticket: false } }, do: { ignore: noise } }\n" \
	"  - { name: it is solved, when: { text: { contains: worked } }, do: { ignore: solved } }\n" \
	"  - { name: danke, when: { proposal: reopen, text: { contains: merci } }, do: { ignore: thanks } }\n" \
	"  - { name: help, when: { text: { contains: help } }, do: { convert: { priority: high } } }\n" \
	"  - { name: holds, when: { text: { contains: hold } }, do: { hold: true } }\n"	\
	"  - { name: later, when: { text: { contains: later } }, do: { hold: { for: 30m, then: ignore } } }\n" \
	"  - { name: more, when: { text: { contains: another } }, do: { join: true } }\n"

const char sim_brief[] = PLAIN
	"  - { name: slow, on: { unanswered: 2h }, when: { thread: { inbound: { at_least: 2 } } }, do: { convert: {} } }\n"
	"  - { name: unresolved, on: thread.closed, when: { thread: { resolution: unresolved } }, do: { convert: {} } }\n";

const char sim_patient[] = PLAIN
	"default: hold\nsettle: 2m\nfirst_response: 1h\nidle_close: 6h\n"
	"window: { dedupe: 1d, join: 2d, reopen: [ { within: 1h, do: reopen }, { within: 3d, do: join } ] }\n";
