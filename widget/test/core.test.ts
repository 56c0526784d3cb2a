/* The core against a server that is as bad as the network lets it be. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Chat } from "../src/core";
import type { EventName, Settings } from "../src/types";
import { FakeArea, FakeBrowser, FakePage } from "./browser";
import { FakeServer } from "./server";

let server: FakeServer;
let chats: Chat[];

beforeEach(async () => {
	server = await new FakeServer().start();
	chats = [];
});

afterEach(async () => {
	chats.forEach((chat) => chat.destroy());
	await server.stop();
});

interface Tab {
	chat: Chat;
	page: FakePage;
	heard: { name: EventName; data: any }[];
}

const NAMES: EventName[] = ["ready", "open", "close", "message", "unread", "typing", "ticket", "csat", "error"];

function tab(browser = new FakeBrowser(), more: Partial<Settings> = {}, session?: FakeArea): Tab {
	const page = new FakePage(browser, session);
	const chat = new Chat({ channel: "web", base: server.base, ...more }, page);
	const heard: Tab["heard"] = [];
	NAMES.forEach((name) => chat.on(name, (data) => heard.push({ name, data })));
	chats.push(chat);
	chat.start();
	return { chat, page, heard };
}

/* When it is so: looked at after every change, and whenever something else had its turn. */
async function until(what: () => unknown, why: string): Promise<void> {
	const end = Date.now() + 20_000;
	while (!what()) {
		assert.ok(Date.now() < end, `it never came: ${why}`);
		await new Promise((done) => setTimeout(done, 5));
	}
}

const shown = ({ chat }: Tab): string[] => chat.state.entries.map(({ message }) => message.text);
const settled = ({ chat }: Tab): boolean => chat.state.entries.every(({ outgoing }) => !outgoing);
const stored = (): string[] => server.said.map(({ message }) => message.text);
const heardTexts = ({ heard }: Tab): string[] =>
	heard.filter(({ name }) => name === "message").map(({ data }) => data.message.text);

async function talking(it: Tab, text = "first"): Promise<string> {
	it.chat.open();
	it.chat.send(text);
	await until(() => it.chat.state.current && settled(it) && server.streams.length, "the first message");
	return it.chat.state.current!;
}

test("a first message makes a thread, and its entry keeps its key", async () => {
	const it = tab();
	it.chat.open();
	assert.ok(it.chat.send("  my order is late "));
	const { key, outgoing } = it.chat.state.entries[0];
	assert.equal(outgoing, "waiting");
	await until(() => it.chat.state.current && settled(it), "the answer");
	assert.deepEqual(shown(it), ["my order is late"]);
	assert.equal(it.chat.state.entries[0].key, key);
	assert.equal(it.chat.state.entries[0].message.state, "sent");
	assert.deepEqual(heardTexts(it), ["my order is late"]);
	const { body } = server.calls("POST", /^\/threads$/)[0];
	assert.deepEqual(body.page, { url: "https://shop.example/basket", title: "Basket" });
	assert.equal(body.id, key);
	assert.equal(body.website, "");
});

test("nothing is sent of nothing, and nothing too long", async () => {
	const it = tab();
	await until(() => it.chat.state.phase === "ready", "the session");
	assert.equal(it.chat.send(" \n"), false);
	assert.equal(it.chat.send("😀".repeat(2001)), false);
	assert.equal(it.heard.at(-1)?.data.word, "text-too-long");
	assert.ok(it.chat.send("😀".repeat(2000)));
});

test("a page that was never talked to asks once, and later ones not at all until they are opened", async () => {
	const browser = new FakeBrowser();
	const it = tab(browser);
	await until(() => it.chat.state.phase === "ready", "the session");
	assert.equal(it.chat.state.theme.accent, "#123456");
	it.chat.destroy();
	const next = tab(browser);
	assert.equal(next.chat.state.theme.accent, "#123456");
	assert.deepEqual(next.heard.map(({ name }) => name), ["ready"]);
	assert.equal(next.chat.state.phase, "asleep");
	next.chat.open();
	await until(() => server.streams.length, "the stream of an open panel");
	assert.equal(server.calls("POST", /session/).length, 1);
});

test("answers come live, and are read when they are seen", async () => {
	const it = tab();
	const thread = await talking(it);
	it.page.seenNow = false;
	server.answer(thread, "on its way");
	await until(() => it.chat.state.unread === 1, "the answer");
	assert.deepEqual(shown(it), ["first", "on its way"]);
	it.chat.seen();
	it.page.seenNow = true;
	it.chat.seen();
	it.chat.seen();
	await until(() => it.chat.state.unread === 0, "the read mark");
	assert.equal(server.calls("POST", /read$/).length, 1);
	assert.deepEqual(it.heard.filter(({ name }) => name === "unread").map(({ data }) => data.count), [1, 0]);
});

test("an answer nobody reads is told to be delivered", async () => {
	const it = tab();
	const thread = await talking(it);
	const { id } = server.answer(thread, "hello?");
	await until(() => server.calls("POST", /delivered$/).length, "the delivery");
	assert.deepEqual(server.calls("POST", /delivered$/)[0].body, { message: id });
});

test("while the server is away messages wait, and arrive in order, each once", async () => {
	const it = tab();
	await talking(it);
	await server.stop();
	await until(() => it.chat.state.connection === "offline", "the loss");
	for (const text of ["second", "third", "fourth"])
		it.chat.send(text);
	assert.deepEqual(shown(it), ["first", "second", "third", "fourth"]);
	server.instead.push({ match: /POST \/threads\/.*messages/, answer: "lose" });
	await server.start();
	await until(() => settled(it) && it.chat.state.connection === "online", "the way back");
	assert.deepEqual(stored(), ["first", "second", "third", "fourth"]);
	assert.deepEqual(shown(it), stored());
	assert.deepEqual(heardTexts(it), stored());
});

test("what an agent said while the line was down is there after it, in its place", async () => {
	const it = tab();
	const thread = await talking(it);
	await server.stop();
	server.answer(thread, "while you were away");
	it.chat.send("are you there?");
	await server.start();
	await until(() => settled(it) && shown(it).length === 3, "both");
	assert.deepEqual(shown(it), ["first", "while you were away", "are you there?"]);
});

test("messages of a conversation that has no thread yet share the one the first of them makes", async () => {
	const it = tab();
	await until(() => it.chat.state.phase === "ready", "the session");
	await server.stop();
	for (const text of ["one", "two", "three"])
		it.chat.send(text);
	assert.deepEqual(shown(it), ["one", "two", "three"]);
	await server.start();
	await until(() => it.chat.state.current && settled(it), "all of them");
	assert.deepEqual(stored(), ["one", "two", "three"]);
	assert.equal(new Set(server.said.map(({ thread }) => thread)).size, 1);
});

test("what waited when the page was closed is sent by the next one", async () => {
	const browser = new FakeBrowser();
	const it = tab(browser);
	await talking(it);
	await server.stop();
	it.chat.send("second");
	it.chat.send("third");
	it.chat.destroy();
	await server.start();
	const next = tab(browser, {}, it.page.session);
	await until(() => stored().length === 3 && settled(next) && shown(next).length === 3, "the old messages");
	assert.deepEqual(stored(), ["first", "second", "third"]);
	assert.deepEqual(shown(next), stored());
	assert.ok(next.chat.state.open, "the panel is open as it was");
});

test("what the server will never take is shown as failed, and holds nobody up", async () => {
	const it = tab();
	await talking(it);
	server.instead.push({ match: /messages$/, answer: { status: 422, body: { type: "urn:headgate:problem:invalid", title: "No" } } });
	it.chat.send("bad");
	it.chat.send("good");
	await until(() => stored().includes("good"), "the one behind it");
	const failed = it.chat.state.entries.find(({ outgoing }) => outgoing === "failed")!;
	assert.equal(failed.problem?.word, "invalid");
	assert.equal(it.heard.filter(({ name }) => name === "error").length, 1);
	it.chat.retry(failed.key);
	await until(() => settled(it), "another try");
	assert.deepEqual(stored(), ["first", "good", "bad"]);
	server.instead.push({ match: /messages$/, answer: { status: 422 } });
	it.chat.send("worse");
	await until(() => it.chat.state.entries.at(-1)?.outgoing === "failed", "the refusal");
	it.chat.discard(it.chat.state.entries.at(-1)!.key);
	assert.ok(!shown(it).includes("worse"));
});

test("too many at once wait as long as the server says", async () => {
	const it = tab();
	await talking(it);
	server.instead.push({ match: /messages$/, answer: { status: 429, headers: { "Retry-After": "1" } } });
	const began = Date.now();
	it.chat.send("again");
	await until(() => stored().includes("again") && settled(it), "the second try");
	assert.ok(Date.now() - began >= 990);
});

/* ---- tabs ---- */

test("two tabs have one connection, and hear the same", async () => {
	const browser = new FakeBrowser();
	const one = tab(browser);
	const thread = await talking(one);
	const two = tab(browser);
	two.chat.open();
	await until(() => two.chat.state.current === thread && shown(two).length === 1, "the thread in the second tab");
	await until(() => two.chat.state.connection === "online", "the first tab's word");
	server.answer(thread, "hello both");
	await until(() => shown(one).length === 2 && shown(two).length === 2, "the answer in both");
	two.chat.send("from two");
	await until(() => shown(one).length === 3 && settled(two), "what the other tab said");
	one.chat.send("from one");
	await until(() => shown(two).length === 4 && settled(one), "and the other way");
	assert.deepEqual(shown(one), ["first", "hello both", "from two", "from one"]);
	assert.deepEqual(shown(two), shown(one));
	await until(() => settled(two), "the word of the first tab");
	assert.deepEqual(heardTexts(two).slice(-3), ["hello both", "from two", "from one"]);
	assert.equal(server.streamsEver, 1);
	one.chat.seen();
	await until(() => two.chat.state.unread === 0, "read in both");
});

test("when the tab that is connected goes, another goes on where it was", async () => {
	const browser = new FakeBrowser();
	const one = tab(browser);
	const thread = await talking(one);
	const two = tab(browser);
	two.chat.open();
	await until(() => shown(two).length === 1, "the thread in the second tab");
	one.chat.destroy();
	server.answer(thread, "in between");
	await until(() => shown(two).length === 2 && server.streams.length === 1, "what came in between");
	assert.equal(heardTexts(two).filter((text) => text === "in between").length, 1);
	assert.equal(server.streamsEver, 2);
	assert.ok(server.calls("GET", /events/).at(-1)?.headers["last-event-id"]);
});

test("two tabs that begin at once are one visitor", async () => {
	const browser = new FakeBrowser();
	const both = [tab(browser), tab(browser)];
	await until(() => both.every(({ chat }) => chat.state.phase === "ready"), "both sessions");
	assert.equal(both[0].chat.state.visitor?.id, both[1].chat.state.visitor?.id);
	assert.equal(server.calls("POST", /session/).length, 1);
});

test("a page that is left lets go of the connection, and takes it again on the way back", async () => {
	const browser = new FakeBrowser();
	const it = tab(browser);
	const thread = await talking(it);
	it.page.ears!.left();
	await until(() => !server.streams.length && !browser.locks.held.size, "nothing held");
	server.answer(thread, "meanwhile");
	it.page.ears!.back();
	await until(() => shown(it).length === 2, "what was said meanwhile");
});

/* ---- who the visitor is ---- */

test("a token that has run out is exchanged, by one tab, and what was asked is asked again", async () => {
	const browser = new FakeBrowser();
	const one = tab(browser);
	const thread = await talking(one);
	const two = tab(browser);
	two.chat.open();
	await until(() => shown(two).length === 1, "the second tab");
	server.expire();
	two.chat.send("still me");
	await until(() => stored().includes("still me") && settled(two), "the message");
	assert.equal(server.said.at(-1)!.thread, thread);
	one.chat.send("me too");
	await until(() => settled(one) && stored().includes("me too"), "the other tab");
	assert.equal(server.calls("POST", /session/).length, 2);
});

test("an identity joins what was said before, once", async () => {
	const it = tab();
	await talking(it);
	await it.chat.identify({ user_id: "ana", hmac: "good" });
	assert.equal(it.chat.state.visitor?.kind, "identified");
	await until(() => it.chat.state.threads.length === 1 && it.chat.state.threads[0].id.includes("uana"), "the thread of ana");
	await it.chat.identify({ user_id: "ana", hmac: "good" });
	assert.equal(server.calls("POST", /session/).length, 2);
	await until(() => it.chat.state.current === it.chat.state.threads[0].id && shown(it).length === 1, "what was said before");
	it.chat.send("as ana");
	await until(() => stored().includes("as ana"), "the message");
	assert.equal(server.said.at(-1)!.thread, it.chat.state.threads[0].id);
});

test("a forged identity is refused, and the visitor stays who he was", async () => {
	const it = tab();
	await talking(it);
	const before = it.chat.state.visitor?.id;
	await assert.rejects(it.chat.identify({ user_id: "ana", hmac: "forged" }), { word: "identity-refused" });
	assert.equal(it.chat.state.visitor?.id, before);
	assert.equal(it.heard.at(-1)?.name, "error");
	it.chat.send("still here");
	await until(() => stored().includes("still here"), "the message");
});

test("a forged identity in the page leaves an anonymous visitor", async () => {
	const it = tab(undefined, { identity: { user_id: "ana", hmac: "forged" } });
	await until(() => it.chat.state.phase === "ready", "a session");
	assert.equal(it.chat.state.visitor?.kind, "anonymous");
	assert.deepEqual(it.heard.filter(({ name }) => name === "error").map(({ data }) => data.word), ["identity-refused"]);
});

test("another person's identity takes nothing of the one before along", async () => {
	const it = tab(undefined, { identity: { user_id: "ana", hmac: "good" } });
	await talking(it, "ana's secret");
	await it.chat.identify({ user_id: "bob", hmac: "good" });
	await until(() => it.chat.state.phase === "ready" && it.chat.state.visitor?.id === "ubob", "bob");
	assert.equal(server.calls("POST", /session/).at(-1)?.body.token, undefined);
	assert.deepEqual(shown(it), []);
	assert.deepEqual(it.chat.state.threads, []);
});

test("a channel that wants identities says so, and takes one", async () => {
	server.required = true;
	const it = tab();
	await until(() => it.chat.state.phase === "refused", "the refusal");
	assert.equal(it.chat.state.problem?.word, "identity-required");
	await it.chat.identify({ user_id: "ana", hmac: "good" });
	assert.equal(it.chat.state.phase, "ready");
	assert.equal(it.chat.state.problem, null);
});

test("logging out leaves nothing, in no tab", async () => {
	const browser = new FakeBrowser();
	const one = tab(browser, { identity: { user_id: "ana", hmac: "good" } });
	await talking(one, "secret");
	const two = tab(browser);
	two.chat.open();
	two.chat.compose("half a sentence");
	await until(() => shown(two).length === 1, "the second tab");
	await one.chat.logout();
	await until(() => two.chat.state.phase === "ended", "the other tab");
	assert.equal(server.calls("DELETE", /session/).length, 1);
	for (const { chat, page } of [one, two]) {
		assert.deepEqual([chat.state.entries, chat.state.threads, chat.state.visitor, chat.state.draft], [[], [], null, ""]);
		const left = [page.local, page.session].flatMap((area) =>
			Array.from({ length: area.length }, (_, n) => area.getItem(area.key(n)!)));
		assert.ok(!/secret|tok_|uana|half/.test(left.join()), left.join());
		const keys = Array.from({ length: page.local.length }, (_, n) => page.local.key(n));
		assert.deepEqual(keys, ["headgate:look:web"], "how the button looks is the channel's, and stays");
	}
	two.chat.open();
	await until(() => two.chat.state.phase === "ready", "a new visitor");
	assert.equal(two.chat.state.visitor?.kind, "anonymous");
	assert.deepEqual(shown(two), []);
});

test("remember: session keeps nothing for other tabs or the next day", async () => {
	const browser = new FakeBrowser();
	const it = tab(browser, { remember: "session" });
	await talking(it);
	assert.ok(![...Array(browser.local.length).keys()].some((n) => /tok_|first/.test(browser.local.getItem(browser.local.key(n)!)!)));
	const other = tab(browser, { remember: "session" });
	await until(() => other.chat.state.phase === "ready", "a session of its own");
	assert.notEqual(other.chat.state.visitor?.id, it.chat.state.visitor?.id);
});

test("proof of work is done when it is asked for", async () => {
	server.proof = { challenge: "c-1", bits: 8 };
	const it = tab();
	await until(() => it.chat.state.phase === "ready", "the session");
	assert.equal(server.calls("POST", /session/).length, 2);
	server.proof = { challenge: "c-2", bits: 8 };
	server.instead.push({ match: /POST \/threads$/, answer: { status: 403,
		body: { type: "urn:headgate:problem:proof-required", title: "", challenge: "c-2", bits: 8 } } });
	it.chat.open();
	it.chat.send("hello");
	await until(() => stored().length === 1 && settled(it), "the message");
});

test("a session the server has ended is begun anew, without what was there", async () => {
	const browser = new FakeBrowser();
	const it = tab(browser);
	await talking(it);
	const { kept } = it.chat["session"];
	server.ended.add(kept!.token);
	it.chat.send("too late");
	await until(() => it.chat.state.phase === "ready" && it.chat.state.visitor?.id !== kept!.visitor.id, "another visitor");
	assert.deepEqual(shown(it), []);
	assert.deepEqual(stored(), ["first"]);
});

/* ---- the rest of the verbs ---- */

test("typing is told at most every three seconds, and shown until a message or six seconds after", async () => {
	const it = tab();
	const thread = await talking(it);
	for (const text of ["h", "he", "hel", ""])
		it.chat.compose(text);
	await until(() => server.calls("POST", /typing$/).length === 2, "on and off");
	assert.deepEqual(server.calls("POST", /typing$/).map(({ body }) => body.on).sort(), [false, true]);
	server.tell(server.visitorOf(thread), "typing", { thread_id: thread, name: "Kim", on: true });
	await until(() => it.chat.state.typing, "Kim types");
	assert.equal(it.chat.state.typing?.name, "Kim");
	server.answer(thread, "there");
	await until(() => shown(it).length === 2, "the message");
	assert.equal(it.chat.state.typing, null);
	assert.deepEqual(it.heard.filter(({ name }) => name === "typing").map(({ data }) => data.on), [true, false]);
});

test("marks, tickets, ratings, edits and deletions come live", async () => {
	const it = tab();
	const thread = await talking(it);
	const visitor = server.visitorOf(thread), mine = server.said[0].message;
	const answer = server.answer(thread, "wrogn");
	server.tell(visitor, "message.state", { thread_id: thread, message_id: mine.id, state: "delivered" });
	server.tell(visitor, "read", { thread_id: thread, message_id: mine.id });
	server.tell(visitor, "message.changed", { thread_id: thread, message: { ...answer, text: "wrong", edited_at: answer.at } });
	server.tell(visitor, "thread", { thread: { ...server.thread(thread), ticket: { number: "TK-7", state: "open" } } });
	server.tell(visitor, "rating", { thread_id: thread, scale: "thumbs" });
	await until(() => it.chat.state.threads[0].rating, "all of them");
	assert.equal(it.chat.state.entries[0].message.state, "read");
	assert.deepEqual(shown(it), ["first", "wrong"]);
	await it.chat.rate(thread, 1, "fine");
	assert.deepEqual(server.calls("POST", /rating$/)[0].body, { score: 1, comment: "fine" });
	assert.equal(it.chat.state.threads[0].rating, null);
	assert.deepEqual(it.heard.filter(({ name }) => name === "ticket" || name === "csat").map(({ data }) => data), [
		{ thread_id: thread, number: "TK-7", state: "open" },
		{ thread_id: thread, asked: true, scale: "thumbs" },
		{ thread_id: thread, asked: false, scale: "thumbs", score: 1, comment: "fine" },
	]);
});

test("older messages come page by page", async () => {
	const it = tab();
	const thread = await talking(it);
	for (let n = 0; n < 70; n++)
		server.answer(thread, `${n}`);
	await until(() => shown(it).length === 71, "all of them live");
	const next = tab(new FakeBrowser(), {});
	next.chat.destroy();
	const again = tab({ local: it.page.local, locks: it.page.locks } as FakeBrowser);
	again.chat.open();
	await until(() => shown(again).length === 30 && !again.chat.state.loading, "the newest page");
	assert.equal(shown(again).at(-1), "69");
	assert.ok(again.chat.state.older);
	await Promise.all([again.chat.loadOlder(), again.chat.loadOlder()]);
	assert.equal(shown(again).length, 60);
	await again.chat.loadOlder();
	assert.deepEqual(shown(again), shown(it));
	assert.ok(!again.chat.state.older);
});

test("a new conversation is begun by the page, with words in the composer", async () => {
	const it = tab();
	const thread = await talking(it);
	it.chat.close();
	it.chat.startConversation("About my invoice: ");
	assert.deepEqual([it.chat.state.open, it.chat.state.current, it.chat.state.draft, shown(it)],
		[true, null, "About my invoice: ", []]);
	it.chat.setContext({ cart: "3 items" });
	it.chat.send("another matter");
	await until(() => it.chat.state.current && settled(it), "the second thread");
	assert.notEqual(it.chat.state.current, thread);
	assert.equal(it.chat.state.threads.length, 2);
	assert.deepEqual(server.calls("POST", /^\/threads$/)[1].body.context, { cart: "3 items" });
	await it.chat.openThread(thread);
	assert.deepEqual(shown(it), ["first"]);
});

test("what the visitor says of himself goes with his message, and is not asked again", async () => {
	const it = tab();
	await until(() => it.chat.state.channel?.prechat, "the form");
	it.chat.setProfile({ email: "ana@example.com" });
	assert.deepEqual(it.chat.state.channel?.prechat?.ask, ["name"]);
	it.chat.setProfile({ name: "Ana" });
	assert.equal(it.chat.state.channel?.prechat, null);
	await talking(it);
	it.chat.send("second");
	await until(() => stored().length === 2, "two messages");
	const [first] = server.calls("POST", /^\/threads$/), [second] = server.calls("POST", /messages$/);
	assert.deepEqual(first.body.profile, { name: "Ana", email: "ana@example.com" });
	assert.equal(second.body.profile, undefined);
});

test("a cursor that is too old has everything fetched anew", async () => {
	const it = tab();
	const thread = await talking(it);
	server.said.push({ at: 0, thread, message: { ...server.said[0].message, id: "msg_x", client_id: null, text: "missed", at: "2026-11-21T00:00:00.000Z" } });
	server.tell(server.visitorOf(thread), "reset", {});
	await until(() => shown(it).includes("missed"), "what was missed");
});

test("the end of a session on the stream is the beginning of another", async () => {
	const it = tab();
	const thread = await talking(it);
	server.expire();
	server.tell(server.visitorOf(thread), "bye", { reason: "expired" });
	await until(() => server.calls("POST", /session/).length === 2 && server.streamsEver === 2, "another stream");
	server.answer(thread, "hello again");
	await until(() => shown(it).length === 2, "the answer");
});

test("a handler of the page's that throws stops nobody", async () => {
	const it = tab();
	const quiet = console.error;
	console.error = () => undefined;
	let calls = 0;
	const off = it.chat.on("message", () => { calls++; throw new Error("the page's own"); });
	const thread = await talking(it);
	off();
	server.answer(thread, "go on");
	await until(() => shown(it).length === 2, "the answer");
	console.error = quiet;
	assert.equal(calls, 1);
});
