/* Files on their way up, and the live connection where proxies are in the way. */
import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Api } from "../src/api";
import { Chat } from "../src/core";
import { Live, LiveEvent } from "../src/live";
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

async function ready(browser = new FakeBrowser(), session?: FakeArea): Promise<Chat> {
	const chat = new Chat({ channel: "web", base: server.base }, new FakePage(browser, session));
	chats.push(chat);
	chat.start();
	chat.open();
	await until(() => chat.state.phase === "ready", "the session");
	return chat;
}

async function until(what: () => unknown, why: string): Promise<void> {
	const end = Date.now() + 20_000;
	while (!what()) {
		assert.ok(Date.now() < end, `it never came: ${why}`);
		await new Promise((done) => setTimeout(done, 5));
	}
}

function pdf(name: string, bytes: number): File {
	return new File([new Uint8Array(bytes).map((_, i) => i * 7)], name, { type: "application/pdf" });
}

const uploaded = (): { name: string; got: Buffer; done: boolean }[] => [...server.uploads.values()];

/* Each try is refused, not only the first: a stream that connects wakes a file that rests, whatever Retry-After said. */
function neverTakeFiles(): void {
	for (let n = 0; n < 99; n++)
		server.instead.push({ match: /POST \/uploads/, answer: { status: 503, headers: { "Retry-After": "60" } } });
}

test("a file goes up in pieces, and with the message", async () => {
	const chat = await ready();
	const file = pdf("invoice.pdf", 700_000);
	chat.attach([file]);
	assert.equal(chat.state.attachments[0].name, "invoice.pdf");
	await until(() => chat.state.attachments[0].state === "done", "the file");
	assert.ok(server.calls("PUT", /uploads/).length > 1);
	chat.send("");
	assert.deepEqual(chat.state.attachments, []);
	await until(() => chat.state.current && !chat.state.entries[0].outgoing, "the message");
	assert.deepEqual(uploaded()[0].got, Buffer.from(await file.arrayBuffer()));
	const [{ message }] = chat.state.entries;
	assert.equal(message.files[0].url, `${server.base}/client/v1/files/${message.files[0].id}?e=1&s=x`);
	assert.equal(await chat.fileUrl(message, message.files[0], true), `${message.files[0].url}&download=1`);
});

test("a message waits for its file, and what was said after it waits too", async () => {
	const chat = await ready();
	server.instead.push({ match: /POST \/uploads/, answer: { status: 503, headers: { "Retry-After": "1" } } });
	chat.attach([pdf("a.pdf", 1000)]);
	chat.send("with a file");
	chat.send("after it");
	assert.equal(chat.state.entries[0].uploads[0].name, "a.pdf");
	await until(() => server.said.length === 2, "both");
	assert.deepEqual(server.said.map(({ message }) => message.text), ["with a file", "after it"]);
});

test("a line that breaks in the middle costs a piece, not the file", async () => {
	const chat = await ready();
	server.instead.push({ match: /PUT \/uploads/, answer: "lose" }, { match: /PUT \/uploads/, answer: "cut" });
	const file = pdf("a.pdf", 900_000);
	chat.attach([file]);
	await until(() => chat.state.attachments[0].state === "done", "the file");
	assert.deepEqual(uploaded()[0].got, Buffer.from(await file.arrayBuffer()));
	assert.ok(server.calls("GET", /uploads/).length >= 1);
	assert.equal(server.calls("POST", /uploads/).length, 1);
});

test("an upload the server has forgotten begins anew", async () => {
	const chat = await ready();
	server.instead.push({ match: /PUT \/uploads/, answer: { status: 404 } });
	chat.attach([pdf("a.pdf", 1000)]);
	await until(() => chat.state.attachments[0].state === "done", "the file");
	assert.equal(server.calls("POST", /uploads/).length, 2);
});

test("a server that never agrees is not asked for ever", async () => {
	const chat = await ready();
	for (let n = 0; n < 9; n++)
		server.instead.push({ match: /PUT \/uploads/, answer: { status: 409 } });
	chat.attach([pdf("a.pdf", 1000)]);
	await until(() => chat.state.attachments[0].state === "failed", "the end of it");
	assert.ok(server.calls("PUT", /uploads/).length < 9);
});

test("what cannot be sent is refused before it travels", async () => {
	const chat = await ready();
	chat.attach([pdf("big.pdf", (1 << 20) + 1), pdf("empty.pdf", 0), new File(["x"], "page.html", { type: "text/html" })]);
	await until(() => chat.state.attachments.every(({ state }) => state === "failed"), "the refusals");
	assert.deepEqual(chat.state.attachments.map(({ problem }) => problem?.word), ["file-too-large", "file-empty", "file-type"]);
	chat.attach([1, 2, 3, 4].map((n) => pdf(`${n}.pdf`, 100)));
	await until(() => chat.state.attachments.filter(({ state }) => state === "done").length === 3, "three of them");
	assert.equal(chat.state.attachments.at(-1)?.problem?.word, "too-many-files");
	assert.equal(server.calls("POST", /uploads/).length, 3);
	assert.ok(chat.send("with three"));
	await until(() => server.said.length === 1, "the message");
	assert.equal(server.said[0].message.files.length, 3);
});

test("a file that is taken away is taken away on the server, too", async () => {
	const chat = await ready();
	chat.attach([pdf("a.pdf", 1000)]);
	await until(() => chat.state.attachments[0].state === "done", "the file");
	chat.detach(chat.state.attachments[0].key);
	await until(() => !server.uploads.size, "its end");
	assert.deepEqual(chat.state.attachments, []);
});

test("a refused file fails its message, which can be sent again", async () => {
	const chat = await ready();
	server.instead.push({ match: /PUT \/uploads/, answer: { status: 422, body: { type: "urn:headgate:problem:refused", title: "It lies" } } });
	chat.attach([pdf("a.pdf", 1000)]);
	chat.send("look");
	await until(() => chat.state.entries[0]?.outgoing === "failed", "the refusal");
	assert.equal(chat.state.entries[0].problem?.word, "refused");
	assert.equal(chat.state.entries[0].uploads[0].state, "failed");
	chat.retry(chat.state.entries[0].key);
	await until(() => server.said.length === 1, "the message");
	assert.equal(server.said[0].message.files.length, 1);
});

test("a file that was on its way when the page was closed is lost, and the words are not", async () => {
	const browser = new FakeBrowser();
	const chat = await ready(browser);
	neverTakeFiles();
	chat.attach([pdf("a.pdf", 1000)]);
	chat.send("look at this");
	await until(() => server.calls("POST", /uploads/).length, "the first try");
	chat.destroy();
	const next = new Chat({ channel: "web", base: server.base }, new FakePage(browser));
	chats.push(next);
	const problems: string[] = [];
	next.on("error", ({ word }) => problems.push(word));
	next.start();
	await until(() => problems.length, "the loss");
	assert.deepEqual(problems, ["upload-lost"]);
	const [item] = next["outbox"].items;
	next.retry(item.id);
	await until(() => server.said.length === 1, "the words");
	assert.equal(server.said[0].message.text, "look at this");
});

test("a file that was on its way in a tab that is closed later is lost too", async () => {
	const browser = new FakeBrowser();
	const chat = await ready(browser);
	neverTakeFiles();
	chat.attach([pdf("a.pdf", 1000)]);
	chat.send("look at this");
	const next = await ready(browser);
	const problems: string[] = [];
	next.on("error", ({ word }) => problems.push(word));
	await until(() => server.calls("POST", /uploads/).length, "the first try");
	chat.destroy();
	await until(() => problems.length, "the loss");
	assert.deepEqual(problems, ["upload-lost"]);
});

/* ---- the live connection by itself ---- */

interface Line {
	live: Live;
	events: LiveEvent[];
	states: string[];
}

function line(times = { silence: 60, wait: 0, again: 60_000 }): Line {
	const events: LiveEvent[] = [], states: string[] = [];
	let cursor: string | null = "c0";
	const api = new Api(server.base);
	const live = new Live({
		api, cursor: () => cursor,
		token: async () => token ??= (await api.call<{ token: string }>("POST", "/session", { body: { channel: "web" } })).token,
		renew: async () => { token = null; },
		events: (list, now) => {
			events.push(...list);
			cursor = now ?? cursor;
		},
		state: (state) => states.push(state),
	}, times);
	return { live, events, states };
}

let token: string | null = null;
beforeEach(() => { token = null; });

test("where no byte of a stream arrives, questions do", async () => {
	server.mute = true;
	const { live, events } = line();
	await until(() => server.calls("GET", /events\?/).length, "a question");
	server.tell("v1", "thread", { n: 1 });
	server.tell("v1", "thread", { n: 2 });
	await until(() => events.length === 2, "both events");
	assert.deepEqual(events.map(({ data }) => data.n), [1, 2]);
	assert.equal(server.streamsEver, 1);
	live.stop();
});

test("a stream gets another chance later", async () => {
	server.mute = true;
	const { live, events } = line({ silence: 60, wait: 0, again: 300 });
	await until(() => server.calls("GET", /events\?/).length, "a question");
	server.mute = false;
	await until(() => server.streams.length && server.streamsEver > 1, "the second stream");
	server.tell("v1", "thread", { n: 1 });
	await until(() => events.length === 1, "the event");
	live.stop();
});

test("a line that falls silent is begun anew, behind what was heard", async () => {
	const { live, events } = line();
	await until(() => server.streams.length, "the stream");
	server.tell("v1", "thread", { n: 1 });
	await until(() => events.length === 1, "the first event");
	await until(() => server.streamsEver > 1, "another stream");
	server.tell("v1", "thread", { n: 2 });
	await until(() => events.length === 2, "the second event");
	assert.deepEqual(events.map(({ data }) => data.n), [1, 2]);
	assert.equal(server.calls("GET", /events\?/).length, 0);
	live.stop();
});

test("a token the stream does not take is exchanged at once", async () => {
	const { live, states } = line({ silence: 5000, wait: 0, again: 1000 });
	await until(() => server.streams.length, "the stream");
	server.expire();
	live.kick();
	await until(() => server.streamsEver === 2, "the next stream");
	assert.ok(!states.includes("offline"));
	live.stop();
});

test("an event that cannot be read does not stop those behind it", async () => {
	const { live, events } = line({ silence: 5000, wait: 0, again: 1000 });
	await until(() => server.streams.length, "the stream");
	server.streams[0].res.write("id: c1\nevent: thread\ndata: {broken\n\nid: c2\nevent: thread\ndata: {\"n\":2}\n\n");
	await until(() => events.length === 2, "both");
	assert.deepEqual(events.map(({ data }) => data), [null, { n: 2 }]);
	live.stop();
});
