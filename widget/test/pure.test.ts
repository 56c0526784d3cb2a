/* What needs neither server nor browser. */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { passing, Trouble } from "../src/api";
import { allowed, pieceSize } from "../src/carry";
import { uuid7 } from "../src/ids";
import { fitted } from "../src/image";
import { Keep } from "../src/keep";
import { further, Log, upsert } from "../src/log";
import { bodyOf, Item, nextOf } from "../src/outbox";
import { solve, zeroBits } from "../src/proof";
import { whoOf } from "../src/session";
import { sha256 } from "../src/sha256";
import { EventParser } from "../src/sse";
import type { Message, Thread } from "../src/types";
import { backoff } from "../src/wait";
import { FakeArea } from "./browser";

test("ids grow, within a millisecond, under a clock set back, and behind those of the page before", () => {
	const ids = Array.from({ length: 9000 }, (_, n) => uuid7(undefined, n < 5000 ? 1e12 : 1e12 - n));
	assert.deepEqual(ids, [...ids].sort());
	assert.equal(new Set(ids).size, ids.length);
	for (const id of ids)
		assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
	const ahead = "0fffffff-ffff-7000-8000-000000000000";
	assert.ok(uuid7(ahead) > ahead);
});

test("SHA-256 is what others make of every length around the blocks", () => {
	for (let length = 0; length < 200; length++) {
		const bytes = new Uint8Array(length).map((_, i) => i * 31 + length);
		const words = sha256(bytes);
		const own = [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
		assert.equal(own, createHash("sha256").update(bytes).digest("hex"), `${length} bytes`);
	}
});

test("the bits of a proof are counted over the words", () => {
	assert.equal(zeroBits(Int32Array.of(-1, 0)), 0);
	assert.equal(zeroBits(Int32Array.of(1, 0)), 31);
	assert.equal(zeroBits(Int32Array.of(0, 0x0fffffff)), 36);
});

test("a proof is found, and one out of measure is not begun", async () => {
	const nonce = await solve("abc", 12);
	const hash = createHash("sha256").update(`abc.${nonce}`).digest();
	assert.equal(hash.readUInt32BE() >>> 20, 0);
	assert.equal(await solve("abc", 60), null);
	assert.equal(await solve("abc", NaN), null);
});

const STREAM = "\uFEFF: hello\r\n\r\nid: c1\r\nevent: message\r\ndata: {\"a\":\r\ndata:1}\r\n\r\n" +
	"data\n\nid\ndata: x\r\r:\nevent: none\n\nid: a\0b\ndata: y\n\ndata: unfinished";

test("a stream says the same however it is cut", () => {
	const whole = new EventParser().push(STREAM);
	assert.deepEqual(whole, [
		{ type: "message", data: "{\"a\":\n1}", id: "c1" },
		{ type: "message", data: "", id: "c1" },
		{ type: "message", data: "x", id: "" },
		{ type: "message", data: "y", id: "" },
	]);
	for (let cut = 1; cut < STREAM.length; cut++) {
		const parser = new EventParser();
		const events = [...parser.push(STREAM.slice(0, cut)), ...parser.push(STREAM.slice(cut))];
		assert.deepEqual(events, whole, `cut at ${cut}`);
	}
});

test("a line or an event without end is refused", () => {
	const parser = new EventParser(), line = "data: " + "x".repeat(65536);
	assert.throws(() => { for (;;) parser.push(line + "\n"); }, RangeError);
	const other = new EventParser();
	assert.throws(() => { for (;;) other.push(line); }, RangeError);
});

test("the time before another try doubles to half a minute, and is drawn", () => {
	assert.equal(backoff(0, 0), 500);
	assert.equal(backoff(0, 1), 1000);
	assert.equal(backoff(3, 1), 8000);
	assert.equal(backoff(500, 1), 30_000);
	assert.equal(backoff(500, 0), 15_000);
});

test("what may pass by itself is tried again, and nothing else", () => {
	const of = (status: number, word = "x"): boolean => passing(new Trouble(word, "", "", status));
	for (const status of [408, 425, 429, 500, 502, 503, 504])
		assert.ok(of(status), `${status}`);
	for (const status of [400, 401, 403, 404, 409, 413, 422])
		assert.ok(!of(status), `${status}`);
	assert.ok(of(0, "offline") && !of(0, "file-type"));
});

/* ---- logs ---- */

export function message(n: number, more: Partial<Message> = {}): Message {
	return {
		id: `msg_${n}`, client_id: null, thread_id: "thr_1", author: { kind: "agent", name: "Kim", me: false },
		kind: "text", text: `${n}`, files: [], at: `2026-11-20T10:00:00.${String(n).padStart(3, "0")}Z`,
		edited_at: null, deleted: false, state: null, channel: "widget", reply_to: null, choices: [], reactions: {},
		...more,
	};
}

const mine = { author: { kind: "visitor" as const, name: null, me: true } };
const texts = (log: Log): string => log.messages.map(({ text }) => text).join(" ");

test("states of a message only move forward", () => {
	assert.equal(further("read", "delivered"), "read");
	assert.equal(further("sent", "delivered"), "delivered");
	assert.equal(further("sent", "failed"), "failed");
	assert.equal(further("delivered", "failed"), "delivered");
	assert.equal(further("failed", "read"), "read");
	assert.equal(further(null, "sent"), "sent");
	assert.equal(further("sent", null), "sent");
});

test("messages lie in the order of their times, each once, whatever brings them first", () => {
	const log = new Log();
	log.newest([message(3), message(5)], true);
	for (const n of [6, 4, 5, 7])
		log.put(message(n));
	assert.equal(texts(log), "3 4 5 6 7");
	log.before([message(1), message(2)], false);
	assert.equal(texts(log), "1 2 3 4 5 6 7");
	assert.equal(log.older, false);
	/* the same millisecond: as they came */
	log.put(message(8, { id: "msg_z" }));
	log.put(message(8, { id: "msg_a", text: "after" }));
	assert.equal(texts(log), "1 2 3 4 5 6 7 8 after");
});

test("a newest page that does not reach what is there leaves no hole", () => {
	const log = new Log();
	log.newest([message(1), message(2)], false);
	log.newest([message(8), message(9)], true);
	assert.equal(texts(log), "8 9");
	assert.equal(log.older, true);
	const near = new Log();
	near.newest([message(1), message(2)], false);
	near.newest([message(2), message(3)], true);
	assert.equal(texts(near), "1 2 3");
	assert.equal(near.older, false);
});

test("what came before the first page joins it", () => {
	const log = new Log();
	log.put(message(9));
	log.newest([message(7), message(8), message(9)], true);
	assert.equal(texts(log), "7 8 9");
	assert.equal(log.older, true);
});

test("an agent's reading marks the visitor's messages up to there", () => {
	const log = new Log();
	log.newest([message(1, { ...mine, state: "sent" }), message(2), message(3, { ...mine, state: "failed" }),
		message(4, { ...mine, state: "delivered" }), message(5, { ...mine, state: "sent" })], false);
	assert.ok(log.read("msg_4"));
	assert.deepEqual(log.messages.map(({ state }) => state), ["read", null, "failed", "read", "sent"]);
	assert.ok(!log.read("msg_4"));
	assert.ok(!log.read("msg_unknown"));
	assert.equal(log.lastOfOthers?.id, "msg_2");
});

test("threads lie by their last activity, fifty of them", () => {
	const thread = (n: number): Thread => ({
		id: `thr_${n}`, state: "open", opened_at: "", last_at: `2026-11-20T10:00:${String(n).padStart(2, "0")}.000Z`,
		unread: 0, read_up_to: null, ticket: null, last: null, rating: null,
	});
	let threads: Thread[] = [];
	for (let n = 0; n < 60; n++)
		threads = upsert(threads, thread((n * 7) % 60));
	assert.equal(threads.length, 50);
	assert.deepEqual(threads.map(({ id }) => id), Array.from({ length: 50 }, (_, n) => `thr_${59 - n}`));
	assert.equal(upsert(threads, { ...thread(20), last_at: "2026-11-20T11" })[0].id, "thr_20");
});

/* ---- what waits ---- */

const item = (id: string, more: Partial<Item> = {}): Item => ({
	id, conversation: id, thread: null, text: id, files: [], tab: "t1", at: "", problem: null, ...more,
});
const file = (id: string | null) => ({ key: "k", id, name: "a.png", type: "image/png", bytes: 3 });

test("a file on its way holds up its own tab, and no other", () => {
	const held = item("1", { files: [file(null)] });
	assert.equal(nextOf([held, item("2"), item("3", { tab: "t2" })])?.id, "3");
	assert.equal(nextOf([held, item("2")]), null);
	assert.equal(nextOf([item("1", { files: [file("up_1")] }), item("2")])?.id, "1");
	assert.equal(nextOf([item("1", { files: [file(null)], problem: new Trouble("upload-lost", "") }), item("2")])?.id, "2");
	assert.equal(nextOf([]), null);
});

test("a message says what it has", () => {
	const wire = (one: Item): unknown => JSON.parse(JSON.stringify(bodyOf(one)));
	assert.deepEqual(wire(item("1")), { id: "1", text: "1" });
	assert.deepEqual(wire(item("1", { text: "", files: [file("up_1")], website: "" })),
		{ id: "1", files: ["up_1"], website: "" });
});

test("types of files are matched whole, or by what comes before the slash", () => {
	assert.ok(allowed("image/png", ["application/pdf", "image/*"]));
	assert.ok(allowed("application/pdf", ["application/pdf"]));
	assert.ok(allowed("x/y", ["*/*"]));
	for (const type of ["imagex/png", "application/pdfx", "text/html", ""])
		assert.ok(!allowed(type, ["application/pdf", "image/*"]), type);
});

test("pieces follow the speed of the line, within bounds", () => {
	assert.equal(pieceSize(262144, 700), 262144);
	assert.equal(pieceSize(131072, 10), 524288);
	assert.equal(pieceSize(1 << 20, 1), 1 << 20);
	assert.equal(pieceSize(262144, 60_000), 65536);
});

test("pictures keep their shape", () => {
	assert.deepEqual(fitted(4000, 3000), { width: 2048, height: 1536 });
	assert.deepEqual(fitted(100, 50), { width: 100, height: 50 });
	assert.deepEqual(fitted(1, 100_000), { width: 1, height: 2048 });
});

test("who an identity is of is read, not believed", () => {
	const jwt = (claims: unknown): string => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.sig`;
	assert.equal(whoOf({ jwt: jwt({ sub: "ana-?>>" }) }), "ana-?>>");
	assert.equal(whoOf({ jwt: jwt({}) }), null);
	assert.equal(whoOf({ jwt: "nonsense" }), null);
	assert.equal(whoOf({ user_id: "7", hmac: "" }), "7");
});

test("what a browser refuses to keep is kept while the page lives", () => {
	const area = new FakeArea();
	const keep = new Keep("p:", area);
	area.full = true;
	keep.set("b", 1);
	area.full = false;
	keep.set("a", { x: 1 });
	area.setItem("other", "1");
	assert.deepEqual(keep.keys(), ["a", "b"]);
	assert.equal(keep.get("b"), 1);
	keep.clear();
	assert.deepEqual(keep.keys(), []);
	assert.equal(area.length, 1);
	area.setItem("p:broken", "{");
	assert.equal(keep.get("broken"), null);
	const none = new Keep("p:", null);
	none.set("a", [1]);
	assert.deepEqual(none.get("a"), [1]);
});
